-- The largest move of the newest step, and what moved by cause, reported series under base.
WITH newest AS (
    SELECT * FROM forecast_bridge
    WHERE scenario = 'base' AND portfolio IS NULL
      AND (vintage_to, vintage_from) = (SELECT (vintage_to, vintage_from) FROM forecast_bridge ORDER BY 1 DESC LIMIT 1)
)
SELECT 'largest move, points' AS name, max(abs(moved)) AS value
FROM (SELECT sum(delta_occupancy_pp) AS moved FROM newest GROUP BY level, series_id, quarter_end)
UNION ALL
SELECT 'moved by ' || cause || ', mean points', avg(abs(delta_occupancy_pp)) FROM newest GROUP BY cause;
