-- Forecasts that others published beside what came. The outcome is the first figure that the same source later prints
-- for the same place, metric and period as no estimate; the last value is what it had printed last when it forecast.
DELETE FROM outside_forecasts;

INSERT INTO outside_forecasts BY NAME
WITH said AS (
    SELECT operator AS source, coalesce(market, scope) AS market, metric, period_end, unit, value, known_at AS made_on,
           observation_id, scope
    FROM observations
    WHERE basis = 'forecast' AND value IS NOT NULL AND known_at < period_end AND known_at <= getvariable('as_of')
    QUALIFY row_number() OVER (
        PARTITION BY operator, scope, market, metric, period_end, unit, value ORDER BY known_at, observation_id
    ) = 1
),
printed AS (
    SELECT operator AS source, scope, metric, period_end, unit, value, known_at, basis, observation_id
    FROM observations
    WHERE basis NOT IN ('forecast', 'pro_forma') AND value_low IS NULL AND value_high IS NULL
        AND known_at <= getvariable('as_of')
),
came AS (
    SELECT source, scope, metric, period_end, unit, arg_min(value, (known_at, observation_id)) AS actual,
           min(known_at) AS actual_known_at
    FROM printed WHERE basis <> 'estimate' GROUP BY ALL
),
before AS (
    SELECT said.observation_id, arg_max(printed.value, (printed.period_end, printed.known_at, printed.observation_id))
               AS last_value,
           max(printed.period_end) AS last_value_period
    FROM said JOIN printed USING (source, scope, metric, unit)
    WHERE printed.known_at <= said.made_on AND printed.period_end < said.period_end
    GROUP BY said.observation_id
),
own AS (
    SELECT said.observation_id, forecast.series_id, forecast.vintage,
           CASE said.metric
               WHEN 'capacity_in_service' THEN forecast.in_service_p50
               WHEN 'capacity_utilised' THEN forecast.leased_p50
               WHEN 'vacancy_rate' THEN 100 * (1 - forecast.occupancy_p50)
               ELSE 100 * forecast.occupancy_p50
           END AS own_value
    FROM said
    JOIN occupancy_forecast AS forecast
        ON forecast.level = 'market' AND forecast.scenario = 'base' AND forecast.portfolio IS NULL
        AND forecast.quarter_end = said.period_end AND forecast.vintage <= said.made_on
        AND (forecast.unit = said.unit OR said.unit = 'pct')
        AND starts_with(forecast.series_id, 'market/' || slug(said.market) || '/' || operator_slug(said.source) || '/')
    WHERE said.metric IN (
        'capacity_in_service', 'capacity_utilised', 'occupancy_rate', 'utilisation_rate', 'vacancy_rate'
    )
    QUALIFY row_number() OVER (PARTITION BY said.observation_id ORDER BY forecast.vintage DESC, forecast.series_id) = 1
)
SELECT
    said.observation_id, said.source, said.market, said.metric, said.period_end, said.unit, said.made_on, said.value,
    came.actual, came.actual_known_at, before.last_value, before.last_value_period,
    own.series_id, own.vintage, own.own_value,
    said.value - came.actual AS error,
    before.last_value - came.actual AS last_value_error,
    own.own_value - came.actual AS own_error
FROM said
LEFT JOIN came USING (source, scope, metric, period_end, unit)
LEFT JOIN before USING (observation_id)
LEFT JOIN own USING (observation_id)
ORDER BY ALL;
