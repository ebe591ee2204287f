-- Alerts whose fact still holds, by severity.
SELECT 'open alerts, ' || severity AS name, count(alert_id) AS value
FROM (VALUES ('critical'), ('warning'), ('info')) AS severities (severity)
LEFT JOIN (SELECT * FROM alerts WHERE resolved_at IS NULL) AS open USING (severity)
GROUP BY severity;
