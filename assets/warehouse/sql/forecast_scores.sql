-- Forecasts of vintages beside the outcomes that have come since, scenario base, reported series.
-- An outcome is a quarter of occupancy_history that is mostly observed. Of a stack class the figures count, not the
-- class: its quarter is observed where that of the unit's total is.
DELETE FROM forecast_scores;

INSERT INTO forecast_scores BY NAME
WITH observed AS (
    SELECT
        history.level,
        history.series_id,
        history.quarter_end,
        history.occupancy,
        history.known_at,
        CASE WHEN history.level = 'stack' THEN total.observed_share ELSE history.observed_share END AS observed_share
    FROM occupancy_history AS history
    LEFT JOIN occupancy_history AS total
        ON total.level = 'total' AND total.unit = history.unit AND total.quarter_end = history.quarter_end
    WHERE history.occupancy IS NOT NULL
)
SELECT
    forecast.vintage,
    forecast.level,
    forecast.series_id,
    forecast.stack,
    forecast.unit,
    forecast.quarter_end,
    forecast.horizon,
    observed.occupancy,
    observed.known_at,
    forecast.occupancy_p025,
    forecast.occupancy_p10,
    forecast.occupancy_p50,
    forecast.occupancy_p90,
    forecast.occupancy_p975,
    forecast.last_occupancy AS last_value,
    100 * (forecast.occupancy_p50 - observed.occupancy) AS error_pp,
    100 * (forecast.last_occupancy - observed.occupancy) AS last_value_error_pp,
    observed.occupancy BETWEEN forecast.occupancy_p10 AND forecast.occupancy_p90 AS inside_80,
    observed.occupancy BETWEEN forecast.occupancy_p025 AND forecast.occupancy_p975 AS inside_95,
    forecast.model
FROM occupancy_forecast AS forecast
JOIN observed USING (level, series_id, quarter_end)
WHERE forecast.scenario = 'base' AND forecast.portfolio IS NULL AND observed.observed_share >= 0.5
ORDER BY ALL;
