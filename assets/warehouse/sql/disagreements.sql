-- Where two sources state another value for one market and metric. Needs the variables `as_of` and
-- `disagreement_quarters`. Vacancy, utilisation and occupancy are one subject: all are put as vacancy_rate; capacity in
-- service is compared in MW. An operator enters with all its sites in the market together (weighed by capacity where it has
-- several), or with its portfolio where it has one market; a single site of several is no figure to set beside a market's.
DELETE FROM source_disagreements;

INSERT INTO source_disagreements BY NAME
WITH observed AS (
    SELECT
        observation.observation_id,
        NULL AS claim_id,
        observation.operator AS source,
        coalesce(operator.kind, CASE WHEN contains(observation.operator, '(market') THEN 'market_source' END, 'operator')
            AS kind,
        coalesce(
            observation.market,
            CASE WHEN scope_level = 'market' THEN scope END,
            facility.market,
            CASE WHEN scope_level = 'portfolio' THEN NULLIF(operator.market, '') END
        ) AS market,
        scope_level,
        observation.metric AS printed_metric,
        CASE WHEN observation.metric = 'capacity_in_service' THEN 'capacity_in_service' ELSE 'vacancy_rate' END AS metric,
        CASE
            WHEN observation.metric = 'vacancy_rate' THEN value / 100
            WHEN observation.metric IN ('utilisation_rate', 'occupancy_rate') THEN 1 - value / 100
            WHEN observation.unit = 'kw' THEN value / 1000
            ELSE value
        END AS value,
        CASE WHEN observation.unit = 'pct' THEN rounding / 100 WHEN observation.unit = 'kw' THEN rounding / 1000 ELSE rounding END AS rounding,
        period_end,
        value_low IS NOT NULL OR value_high IS NOT NULL AS is_approximate,
        basis,
        observation.facility_id,
        facility.name AS facility_name,
        site.in_service AS capacity,
        site.unit AS capacity_unit,
        observation.known_at,
        coalesce(tiers.position, 99) AS tier_position
    FROM observations AS observation
    LEFT JOIN internal.operators AS operator USING (operator)
    LEFT JOIN internal.tiers AS tiers USING (tier)
    LEFT JOIN facilities AS facility ON facility.facility_id = observation.facility_id
    LEFT JOIN points AS site
        ON site.level = 'facility'
        AND site.entity_id = observation.facility_id
        AND site.quarter_end = observation.period_end
    WHERE observation.known_at <= getvariable('as_of')
        AND basis NOT IN ('forecast', 'pro_forma')
        AND (
            (observation.metric IN ('vacancy_rate', 'utilisation_rate', 'occupancy_rate') AND observation.unit = 'pct')
            OR (observation.metric = 'capacity_in_service' AND observation.unit IN ('mw', 'kw'))
        )
),
-- What a claim of the ledger states counts where no accepted document states the same figure's source, place and date.
stated AS (
    SELECT * FROM observed
    UNION ALL BY NAME
    SELECT
        claim_id, source, 'market_source' AS kind, market, 'market' AS scope_level, metric AS printed_metric,
        CASE WHEN metric = 'capacity_in_service' THEN metric ELSE 'vacancy_rate' END AS metric,
        CASE
            WHEN metric = 'vacancy_rate' THEN value / 100
            WHEN metric IN ('utilisation_rate', 'occupancy_rate') THEN 1 - value / 100
            ELSE value
        END AS value,
        CASE WHEN unit = 'pct' THEN rounding / 100 ELSE rounding END AS rounding,
        period_end, is_approximate, 'as_reported' AS basis, known_at, 99 AS tier_position
    FROM internal.stated_figures AS claimed
    WHERE known_at <= getvariable('as_of')
        AND NOT EXISTS (
            SELECT 1 FROM observed
            WHERE observed.source = claimed.source
                AND observed.market = claimed.market
                AND observed.printed_metric = claimed.metric
                AND observed.period_end IS NOT DISTINCT FROM claimed.period_end
        )
),
-- The figure that stands for a source, a place and a date; in-service capacity of an operator is no size of a market.
chosen_figures AS (
    SELECT *
    FROM stated
    WHERE market IS NOT NULL
        AND (kind = 'market_source' AND scope_level = 'market' OR kind = 'operator' AND metric = 'vacancy_rate')
    QUALIFY row_number() OVER (
        PARTITION BY source, market, metric, facility_id, period_end
        ORDER BY tier_position, known_at DESC, printed_metric = 'vacancy_rate' DESC, observation_id, claim_id
    ) = 1
),
figures AS (
    SELECT
        source, kind, market, metric, period_end, printed_metric,
        -- The largest site stands for the link to document and place.
        max_by(observation_id, (coalesce(capacity, 0), observation_id)) AS observation_id,
        max(claim_id) AS claim_id,
        CASE WHEN count(*) = 1 THEN any_value(value) ELSE sum(value * capacity ORDER BY observation_id) / sum(capacity ORDER BY observation_id) END AS value,
        max(rounding) AS rounding,
        bool_or(is_approximate) AS is_approximate,
        bool_or(basis = 'estimate') AS is_estimate,
        CASE
            WHEN count(facility_id) = 1 THEN any_value(facility_name)
            WHEN count(facility_id) > 1 THEN count(facility_id) || ' sites, weighed by capacity'
        END AS sites
    FROM chosen_figures
    GROUP BY source, kind, market, metric, period_end, printed_metric
    HAVING count(*) = 1 OR (count(capacity) = count(*) AND count(DISTINCT capacity_unit) = 1)
),
pairs AS (
    SELECT a.*, b AS other
    FROM figures AS a
    JOIN figures AS b
        ON b.market = a.market
        AND b.metric = a.metric
        AND b.source <> a.source
        -- Each pair once: a market source first, of two market sources in order of name.
        AND a.kind = 'market_source'
        AND (b.kind = 'operator' OR a.source < b.source)
        AND (
            a.period_end IS NULL OR b.period_end IS NULL
            OR abs(date_diff('month', a.period_end, b.period_end)) <= 3 * getvariable('disagreement_quarters')
        )
        AND abs(a.value - b.value) > a.rounding + b.rounding + 1e-9
),
-- Of two dated series the figures nearest to each other are compared; against an undated figure every date is.
nearest AS (
    SELECT *
    FROM pairs
    QUALIFY period_end IS NULL OR other.period_end IS NULL OR (
        row_number() OVER (
            PARTITION BY source, other.source, market, metric, period_end, other.period_end IS NULL
            ORDER BY abs(date_diff('day', period_end, other.period_end)), other.period_end DESC
        ) = 1
        AND row_number() OVER (
            PARTITION BY source, other.source, market, metric, other.period_end, period_end IS NULL
            ORDER BY abs(date_diff('day', period_end, other.period_end)), period_end DESC
        ) = 1
    )
),
defined AS (
    SELECT
        nearest.*,
        (SELECT max_by(definition, (source <> '', market <> '')) FROM internal.source_definitions AS d
            WHERE d.source IN ('', nearest.source) AND d.market IN ('', nearest.market) AND d.metric = printed_metric)
            AS definition_a,
        (SELECT max_by(definition, (source <> '', market <> '')) FROM internal.source_definitions AS d
            WHERE d.source IN ('', nearest.other.source) AND d.market IN ('', nearest.market)
                AND d.metric = nearest.other.printed_metric) AS definition_b
    FROM nearest
)
SELECT
    market,
    metric,
    period_end,
    source AS source_a,
    round(value, 6) AS value_a,
    coalesce(definition_a, 'Definition not stated by the source.') AS definition_a,
    other.source || coalesce(': ' || other.sites, '') AS source_b,
    round(other.value, 6) AS value_b,
    coalesce(definition_b, 'Definition not stated by the source.') AS definition_b,
    other.period_end AS period_end_b,
    observation_id AS observation_id_a,
    other.observation_id AS observation_id_b,
    claim_id AS claim_id_a,
    other.claim_id AS claim_id_b,
    NULLIF(concat_ws(
        '; ',
        CASE WHEN period_end IS NULL THEN source || ' gives no date' END,
        CASE WHEN other.period_end IS NULL THEN other.source || ' gives no date' END,
        CASE WHEN period_end <> other.period_end THEN
            'dates ' || abs(date_diff('month', period_end, other.period_end)) || ' months apart' END,
        CASE WHEN is_approximate THEN source || ' approximates' END,
        CASE WHEN other.is_approximate THEN other.source || ' approximates' END,
        CASE WHEN is_estimate THEN source || ' estimates' END,
        CASE WHEN other.is_estimate THEN other.source || ' estimates' END,
        CASE WHEN other.kind = 'operator' THEN 'an operator''s own sites beside the whole market' END
    ), '') AS remark
FROM defined
ORDER BY ALL;
