-- Every observation that may enter a series, whenever it became known, with its series. One temporary table:
--   figures   one row an observation, with everything that does not depend on a date
-- Needs macros.sql.

CREATE OR REPLACE TEMP TABLE figures AS
WITH named AS (
    SELECT
        observation.observation_id, observation.operator, observation.scope, observation.scope_level,
        observation.facility_id, observation.market, observation.period_end, observation.metric, observation.value,
        observation.unit, observation.basis, observation.perimeter, observation.trust, observation.known_at,
        coalesce(operator.kind, CASE WHEN contains(observation.operator, '(market') THEN 'market_source' END, 'operator')
            AS kind,
        operator.group_scope,
        coalesce(tiers.position, 99) AS tier_position,
        coalesce(perimeter.position, 0) AS perimeter_position
    FROM observations AS observation
    LEFT JOIN internal.operators AS operator USING (operator)
    LEFT JOIN internal.tiers AS tiers USING (tier)
    LEFT JOIN internal.operator_perimeters AS perimeter
        ON perimeter.operator = observation.operator AND perimeter.perimeter = observation.perimeter
    WHERE observation.period_end = last_day(observation.period_end)
        AND month(observation.period_end) % 3 = 0
        AND observation.value_low IS NULL
        AND observation.value_high IS NULL
        AND observation.basis NOT IN ('estimate', 'forecast', 'pro_forma')
        AND observation.metric IN (
            'capacity_in_service', 'capacity_utilised', 'capacity_committed_in_service',
            'occupancy_rate', 'utilisation_rate', 'commitment_rate', 'vacancy_rate'
        )
),
placed AS (
    SELECT
        named.* EXCLUDE (scope),
        CASE
            WHEN kind = 'market_source' AND scope_level <> 'facility' THEN 'market'
            WHEN scope_level = 'facility' THEN 'facility'
            ELSE 'operator'
        END AS level,
        kind = 'operator' AND scope_level = 'portfolio' AND is_whole_scope(named.scope) AS is_whole,
        scope_name(named.scope, CASE WHEN kind = 'operator' THEN scope_level END, group_scope) AS printed_scope
    FROM named
),
told AS (
    SELECT
        placed.* EXCLUDE (printed_scope, group_scope, market),
        CASE WHEN level = 'facility' THEN facility.name ELSE printed_scope END AS scope_name,
        CASE WHEN level = 'market' AND scope_level = 'market' THEN coalesce(placed.market, printed_scope)
            WHEN level = 'facility' THEN coalesce(placed.market, facility.market)
            ELSE placed.market END AS place
    FROM placed
    LEFT JOIN facilities AS facility ON facility.facility_id = placed.facility_id
)
-- One key a series before its unit: readable, and the same in every run.
SELECT
    *,
    CASE level
        WHEN 'market' THEN 'market/' || slug(coalesce(place, scope_name)) || '/' || operator_slug(operator)
        WHEN 'facility' THEN facility_id
        ELSE operator_slug(operator) || '/' || slug(scope_name)
    END AS entity_id
FROM told;
