-- Reported series more likely than not to be below a threshold four quarters ahead of the newest vintage.
SELECT printf('series below %d %% more likely than not, 4 quarters ahead', (100 * threshold)::INTEGER) AS name,
       count(*) FILTER (WHERE probability > 0.5) AS value
FROM breach_probability
WHERE scenario = 'base' AND horizon = 4 AND portfolio IS NULL
  AND vintage = (SELECT max(vintage) FROM breach_probability)
GROUP BY threshold;
