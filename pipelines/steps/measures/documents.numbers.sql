-- Documents by status, and what became of their rows.
SELECT 'documents ' || status AS name, count(document_id) AS value
FROM (VALUES ('accepted'), ('quarantined'), ('rejected')) AS statuses (status)
LEFT JOIN documents USING (status)
GROUP BY status
UNION ALL
SELECT 'figures and leases accepted', coalesce(sum(rows_accepted), 0) FROM documents;
