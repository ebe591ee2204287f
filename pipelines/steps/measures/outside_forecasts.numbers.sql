-- Rates alone: points of other units would be no mean.
SELECT 'outside forecasts' AS name, count(*) AS value FROM outside_forecasts
UNION ALL
SELECT 'of these with an outcome', count(actual) FROM outside_forecasts
UNION ALL
SELECT 'MAE of rates, points', avg(abs(error)) FROM outside_forecasts WHERE unit = 'pct'
UNION ALL
SELECT 'MAE of the last value there, points', avg(abs(last_value_error)) FROM outside_forecasts WHERE unit = 'pct';
