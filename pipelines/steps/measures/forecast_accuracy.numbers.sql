-- What was published, operators' own series, over all horizons (each weighted by its outcomes) and a year ahead.
WITH published AS (SELECT * FROM forecast_accuracy WHERE model = 'chosen' AND level = 'operator')
SELECT 'outcomes scored' AS name, coalesce(sum(n), 0) AS value FROM published
UNION ALL
SELECT 'coverage_80', sum(coverage_80 * n) / sum(n) FROM published
UNION ALL
SELECT 'coverage_95', sum(coverage_95 * n) / sum(n) FILTER (WHERE coverage_95 IS NOT NULL) FROM published
UNION ALL
SELECT 'MAE, points', sum(mae_pp * n) / sum(n) FROM published
UNION ALL
SELECT 'MAE of the last value, points', sum(mae_pp * n) / sum(n)
FROM forecast_accuracy WHERE model = 'naive' AND level = 'operator'
UNION ALL
SELECT 'bias, points', sum(bias_pp * n) / sum(n) FROM published
UNION ALL
SELECT 'skill against the last value', 1 - sum(mae_pp * n) / nullif(sum(last.mae * n), 0)
FROM published JOIN (
    SELECT horizon, mae_pp AS mae FROM forecast_accuracy WHERE model = 'naive' AND level = 'operator'
) AS last USING (horizon)
UNION ALL
SELECT 'MAE 4 quarters ahead, points', mae_pp FROM published WHERE horizon = 4
UNION ALL
SELECT 'coverage_80 4 quarters ahead', coverage_80 FROM published WHERE horizon = 4;
