-- From figures known at a date to one row a site or operator scope, quarter and unit. Temporary tables only:
--   keyed     figures known by then, in the unit of their series
--   chosen    one figure a metric, from one perimeter a quarter
--   points    operands and rates side by side, missing operands filled by printed rates
-- Needs figures.sql and the variables `as_of` (DATE) and `lowest_divisor`.

CREATE OR REPLACE TEMP TABLE keyed AS
WITH known AS (
    SELECT * FROM figures WHERE known_at <= getvariable('as_of') AND period_end <= getvariable('as_of')
),
placed AS (
    SELECT
        *,
        -- kW and MW of one operator are one series; of different operators they stay apart, like all units.
        unit = 'kw' AND operator IN (SELECT operator FROM known WHERE unit = 'mw') AS is_kw_beside_mw
    FROM known
)
SELECT
    * EXCLUDE (value, unit, is_kw_beside_mw),
    CASE WHEN is_kw_beside_mw THEN value / 1000 ELSE value END AS value,
    CASE WHEN is_kw_beside_mw THEN 'mw' ELSE unit END AS unit
FROM placed;

-- One perimeter a series and quarter: the latest that tells how full it was, else the latest that tells the size. A later
-- perimeter begins where it is told without a gap: one restated comparative amid quarters of the earlier perimeter would
-- put a step up and a step down into the series that never happened.
CREATE OR REPLACE TEMP TABLE chosen_perimeter AS
WITH told AS (
    SELECT
        level, entity_id, period_end, perimeter,
        row(max(perimeter_position), perimeter) AS position,
        bool_or(metric = 'capacity_in_service') AS tells_size,
        bool_or(metric IN ('occupancy_rate', 'utilisation_rate', 'vacancy_rate'))
            OR (bool_or(metric = 'capacity_utilised') AND bool_or(metric = 'capacity_in_service')) AS tells_occupancy
    FROM keyed
    GROUP BY level, entity_id, period_end, perimeter
),
latest AS (
    SELECT level, entity_id, period_end, max(position) AS position
    FROM told
    WHERE tells_occupancy AND (level, entity_id) IN (
        SELECT (level, entity_id) FROM told GROUP BY level, entity_id HAVING count(DISTINCT perimeter) > 1
    )
    GROUP BY level, entity_id, period_end
),
ahead AS (
    SELECT latest.level, latest.entity_id, latest.period_end, min(later.position) AS earliest_still_told
    FROM latest
    JOIN latest AS later
        ON later.level = latest.level AND later.entity_id = latest.entity_id AND later.period_end > latest.period_end
    GROUP BY latest.level, latest.entity_id, latest.period_end
)
SELECT
    level, entity_id, period_end,
    arg_max(
        perimeter,
        row(tells_occupancy, tells_size, position <= coalesce(earliest_still_told, position), position)
    ) AS perimeter
FROM told
LEFT JOIN ahead USING (level, entity_id, period_end)
GROUP BY level, entity_id, period_end;

-- One figure a metric: the most trusted kind of source, within it the latest known, a printed level before arithmetic.
-- It was known from the day on which this value was first printed: later comparatives that repeat it confirm it.
-- Aggregates and no windows: this runs for every date that a backtest asks for, over few rows.
CREATE OR REPLACE TEMP TABLE chosen AS
WITH printed AS (
    SELECT
        level, entity_id, period_end, metric, unit, value,
        min(known_at) AS known_at,
        min({
            'tier': tier_position, 'derived': basis = 'derived', 'age': DATE '9999-12-31' - known_at, 'doubt': -trust,
            'id': observation_id
        }) AS trusted
    FROM keyed
    JOIN chosen_perimeter USING (level, entity_id, period_end, perimeter)
    GROUP BY level, entity_id, period_end, metric, unit, value
)
SELECT
    level, entity_id, period_end, metric, unit,
    arg_min(value, trusted) AS value,
    arg_min(known_at, trusted) AS known_at,
    min(trusted).id AS observation_id
FROM printed
GROUP BY level, entity_id, period_end, metric, unit;

CREATE OR REPLACE TEMP TABLE rates AS
SELECT
    level, entity_id, period_end,
    max(value / 100) FILTER (WHERE metric = 'occupancy_rate') AS occupancy_rate,
    max(value / 100) FILTER (WHERE metric = 'utilisation_rate') AS utilisation_rate,
    max(value / 100) FILTER (WHERE metric = 'commitment_rate') AS commitment_rate,
    max(1 - value / 100) FILTER (WHERE metric = 'vacancy_rate') AS not_vacant_rate,
    max(known_at) AS known_at,
    string_agg(observation_id, ' ' ORDER BY observation_id) AS observation_ids
FROM chosen
WHERE unit = 'pct' AND value BETWEEN 0 AND 100
GROUP BY level, entity_id, period_end;

-- Facts about a series that do not change by quarter.
CREATE OR REPLACE TEMP TABLE entities AS
SELECT
    level,
    entity_id,
    min(operator) AS operator,
    min(kind) AS kind,
    min_by(scope_name, (period_end, observation_id)) AS scope_name,
    bool_or(is_whole) AS is_whole,
    bool_or(scope_level = 'portfolio') AS is_portfolio,
    min(facility_id) AS facility_id,
    CASE WHEN count(DISTINCT place) = 1 THEN min(place) END AS place
FROM keyed
GROUP BY level, entity_id;

CREATE OR REPLACE TEMP TABLE points AS
WITH capacities AS (
    SELECT
        level, entity_id, period_end, unit,
        max(value) FILTER (WHERE metric = 'capacity_in_service') AS in_service,
        max(value) FILTER (WHERE metric = 'capacity_utilised') AS utilised,
        max(value) FILTER (WHERE metric = 'capacity_committed_in_service') AS committed,
        max(known_at) AS known_at,
        string_agg(observation_id, ' ' ORDER BY observation_id) AS observation_ids
    FROM chosen
    WHERE unit <> 'pct'
    GROUP BY level, entity_id, period_end, unit
),
filled AS (
    SELECT
        capacity.level, capacity.entity_id, capacity.period_end, capacity.unit,
        -- A small printed rate is too coarse to divide by.
        coalesce(capacity.in_service, CASE WHEN utilisation_rate >= getvariable('lowest_divisor') THEN utilised / utilisation_rate END)
            AS in_service,
        capacity.utilised,
        capacity.committed,
        rate.occupancy_rate, rate.utilisation_rate, rate.commitment_rate, rate.not_vacant_rate,
        greatest(capacity.known_at, coalesce(rate.known_at, capacity.known_at)) AS known_at,
        concat_ws(' ', capacity.observation_ids, rate.observation_ids) AS observation_ids
    FROM capacities AS capacity
    LEFT JOIN rates AS rate USING (level, entity_id, period_end)
    WHERE capacity.in_service > 0 OR capacity.utilised IS NOT NULL
),
-- Two sources may contradict each other by more than rounding; then the levels do not go together.
consistent AS (
    SELECT
        * EXCLUDE (utilised),
        CASE
            WHEN in_service IS NULL OR utilised <= in_service THEN utilised
            WHEN utilised <= in_service * 1.005 THEN in_service
        END AS utilised
    FROM filled
)
SELECT
    level, entity_id, period_end AS quarter_end, unit, in_service,
    coalesce(occupancy_rate * in_service, not_vacant_rate * in_service, utilised, utilisation_rate * in_service)
        AS leased,
    -- least() passes over nulls, so it needs both.
    CASE
        WHEN committed IS NOT NULL AND in_service IS NOT NULL THEN least(committed, in_service)
        ELSE coalesce(committed, commitment_rate * in_service)
    END AS committed,
    coalesce(utilised, utilisation_rate * in_service) AS utilised,
    commitment_rate,
    known_at,
    observation_ids
FROM consistent;
