-- Error, bias, coverage and skill of what was published, by level and horizon.
SELECT level, horizon, origins AS vintages, n AS outcomes, round(mae_pp, 2) AS mae_points, round(bias_pp, 2) AS bias_points,
       round(coverage_80, 3) AS coverage_80, round(coverage_95, 3) AS coverage_95, round(skill_vs_naive, 3) AS skill_vs_last_value
FROM forecast_accuracy
WHERE model = 'chosen'
ORDER BY level, horizon;
