-- Each rule with what it holds back, and an example to start from.
SELECT rule, severity, count(*) AS rows, count(DISTINCT document_id) AS documents,
       arg_min(file_name, (first_seen_at, quarantine_id)) AS file, arg_min(locator, (first_seen_at, quarantine_id)) AS place,
       arg_min(q.reason, (first_seen_at, quarantine_id)) AS example
FROM quarantine AS q
LEFT JOIN documents USING (document_id)
GROUP BY rule, severity
ORDER BY severity = 'warn', rows DESC, rule;
