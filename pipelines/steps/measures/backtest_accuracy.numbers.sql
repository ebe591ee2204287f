-- What would have been published at past quarters, operators' own series, each horizon weighted by its outcomes.
SELECT 'replayed coverage_80' AS name, sum(coverage_80 * n) / sum(n) AS value
FROM backtest_accuracy WHERE model = 'chosen' AND level = 'operator'
UNION ALL
SELECT 'replayed MAE of the combination, points', sum(mae_pp * n) / sum(n)
FROM backtest_accuracy WHERE model = 'combination' AND level = 'operator'
UNION ALL
SELECT 'replayed MAE of the last value, points', sum(mae_pp * n) / sum(n)
FROM backtest_accuracy WHERE model = 'naive' AND level = 'operator';
