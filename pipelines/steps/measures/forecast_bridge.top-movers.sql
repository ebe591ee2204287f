-- The newest step: the largest parts of it by cause, one row a series and cause (its quarter with the largest part).
SELECT round(delta_occupancy_pp, 2) AS points, cause, series_id, because, strftime(quarter_end, '%Y-%m-%d') AS quarter_end,
       round(delta_leased, 1) AS leased, unit, strftime(vintage_from, '%Y-%m-%d') AS vintage_from,
       strftime(vintage_to, '%Y-%m-%d') AS vintage_to
FROM forecast_bridge
WHERE scenario = 'base'
  AND (vintage_to, vintage_from) = (SELECT (vintage_to, vintage_from) FROM forecast_bridge ORDER BY 1 DESC LIMIT 1)
QUALIFY row_number() OVER (PARTITION BY level, series_id, cause ORDER BY abs(delta_occupancy_pp) DESC, quarter_end) = 1
ORDER BY abs(delta_occupancy_pp) DESC, level, series_id, cause
LIMIT 25;
