-- Alerts that still hold, in the order in which they are told: the gravest first.
SELECT alert_id, kind, severity, message, runbook, delivered_at, raised_at, rule
FROM alerts
WHERE resolved_at IS NULL
ORDER BY list_position(['critical', 'warning', 'info'], severity), raised_at, kind, subject, alert_id;
