-- Documents that are held back until somebody looks.
SELECT document_id, file_name, operator, reason, received_at::DATE AS received_on
FROM documents
WHERE status = 'quarantined'
ORDER BY document_id;
