-- Accepted figures, and how many of them a later figure has replaced.
SELECT 'figures' AS name, count(*) AS value FROM observations
UNION ALL
SELECT 'figures replaced later', count(superseded_by) FROM observations
UNION ALL
SELECT 'operators and sources', count(DISTINCT operator) FROM observations;
