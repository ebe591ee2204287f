-- Series by kind, and how much of the capacity in the newest quarter of each stack series is known rather than assumed.
SELECT 'series' AS name, count(DISTINCT (level, series_id)) AS value FROM occupancy_history
UNION ALL
SELECT 'observed share of ' || unit, sum(observed_share * in_service) / nullif(sum(in_service), 0)
FROM (
    SELECT unit, observed_share, in_service
    FROM occupancy_history
    WHERE level = 'stack' AND in_service > 0
    QUALIFY quarter_end = max(quarter_end) OVER (PARTITION BY unit)
)
GROUP BY unit;
