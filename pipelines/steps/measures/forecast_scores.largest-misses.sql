-- The forecasts of the last eight vintages that were furthest out.
SELECT round(error_pp, 1) AS error_points, series_id, strftime(quarter_end, '%Y-%m-%d') AS quarter_end,
       round(100 * occupancy, 1) AS outcome_pct, round(100 * occupancy_p10, 1) AS low_pct,
       round(100 * occupancy_p50, 1) AS median_pct, round(100 * occupancy_p90, 1) AS high_pct,
       round(last_value_error_pp, 1) AS last_value_error_points, strftime(vintage, '%Y-%m-%d') AS vintage, horizon
FROM forecast_scores
WHERE level = 'operator' AND vintage IN (SELECT DISTINCT vintage FROM forecast_scores ORDER BY vintage DESC LIMIT 8)
ORDER BY abs(error_pp) DESC, series_id, vintage, quarter_end
LIMIT 20;
