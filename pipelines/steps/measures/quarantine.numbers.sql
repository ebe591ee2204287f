-- What is held back, and what was only flagged (rule of severity warn: the figure itself was taken, or is a copy).
SELECT 'rows held back' AS name, count(*) FILTER (WHERE severity <> 'warn') AS value FROM quarantine
UNION ALL
SELECT 'rows flagged', count(*) FILTER (WHERE severity = 'warn') FROM quarantine;
