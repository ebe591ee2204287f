-- Series of the newest vintage, how wide its bands are, and how often its forecast is not the last value.
SELECT 'series forecast' AS name, count(DISTINCT (level, series_id)) AS value
FROM occupancy_forecast WHERE vintage = (SELECT max(vintage) FROM occupancy_forecast)
UNION ALL
SELECT 'median width of the 80 % band, 4 quarters ahead, points', 100 * median(occupancy_p90 - occupancy_p10)
FROM occupancy_forecast
WHERE scenario = 'base' AND level = 'operator' AND horizon = 4 AND portfolio IS NULL
  AND vintage = (SELECT max(vintage) FROM occupancy_forecast);
