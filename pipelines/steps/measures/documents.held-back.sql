-- Documents that wait for a person, the newest first.
SELECT file_name AS file, reason, status, strftime(received_at, '%Y-%m-%d %H:%M') AS received, operator
FROM documents
WHERE status <> 'accepted'
ORDER BY received_at DESC, file_name
LIMIT 50;
