-- Outcomes so far, and how the last eight vintages with outcomes did.
WITH recent AS (
    SELECT * FROM forecast_scores
    WHERE level = 'operator'
      AND vintage IN (SELECT DISTINCT vintage FROM forecast_scores ORDER BY vintage DESC LIMIT 8)
)
SELECT 'forecasts with an outcome' AS name, count(*) AS value FROM forecast_scores
UNION ALL
SELECT 'coverage_80 of the last 8 vintages', avg(inside_80::INTEGER) FROM recent
UNION ALL
SELECT 'MAE of the last 8 vintages, points', avg(abs(error_pp)) FROM recent
UNION ALL
SELECT 'MAE of the last value there, points', avg(abs(last_value_error_pp)) FROM recent;
