-- Probabilities of one vintage for quarters after it, with the level of each series today. Needs the variable `vintage`
-- and the macros of the warehouse.
WITH portfolio_today AS (
    SELECT
        portfolio, facility_id, facilities.name, facilities.operator, facilities.market, quarter_end, leased_mw,
        in_service_mw
    FROM portfolio_history
    JOIN facilities USING (facility_id)
    QUALIFY quarter_end = max(quarter_end) OVER (PARTITION BY portfolio)
),
today AS (
    SELECT
        NULL AS portfolio, level, series_id, series_name AS name, unit, quarter_end AS last_quarter,
        occupancy AS last_value
    FROM occupancy_history
    WHERE occupancy IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY level, series_id ORDER BY quarter_end DESC) = 1
    UNION ALL BY NAME
    SELECT
        portfolio,
        CASE
            WHEN facility_id IS NOT NULL THEN 'facility'
            WHEN operator IS NOT NULL THEN 'operator'
            WHEN market IS NOT NULL THEN 'market'
            ELSE 'total'
        END AS level,
        coalesce(
            facility_id,
            portfolio || '/' || slug(operator),
            portfolio || '/' || slug(market),
            portfolio || '/total'
        ) AS series_id,
        coalesce(CASE WHEN facility_id IS NOT NULL THEN any_value(name) END, operator, market, portfolio) AS name,
        'mw' AS unit,
        max(quarter_end) AS last_quarter,
        sum(leased_mw) / nullif(sum(in_service_mw), 0) AS last_value
    FROM portfolio_today
    GROUP BY GROUPING SETS ((portfolio, facility_id), (portfolio, operator), (portfolio, market), (portfolio))
    UNION ALL BY NAME
    SELECT
        evidence.portfolio, 'stack' AS level, series_id, evidence.portfolio || ', ' || stack || ' stack' AS name,
        'mw' AS unit, portfolios.as_of AS last_quarter, leased_mw / nullif(in_service_mw, 0) AS last_value
    FROM portfolio_stack_evidence AS evidence
    JOIN portfolios USING (portfolio)
)
SELECT
    breach.vintage,
    breach.scenario,
    breach.level,
    breach.series_id,
    coalesce(today.name, breach.series_id) AS name,
    today.unit,
    breach.quarter_end,
    date_diff('quarter', breach.vintage, breach.quarter_end) AS quarters_ahead,
    breach.threshold,
    breach.probability,
    breach.portfolio,
    coalesce(portfolios.illustrative, false) AS illustrative,
    coalesce(today.last_quarter, portfolios.as_of) AS last_quarter,
    today.last_value
FROM breach_probability AS breach
LEFT JOIN portfolios ON portfolios.portfolio = breach.portfolio
LEFT JOIN today
    ON today.level = breach.level
    AND today.series_id = breach.series_id
    AND today.portfolio IS NOT DISTINCT FROM breach.portfolio
WHERE breach.vintage = getvariable('vintage') AND breach.quarter_end > breach.vintage
ORDER BY ALL;
