-- Messages that have not been taken yet, oldest first.
SELECT message_id, address, kind, attempts, next_try_at, last_problem,
       (SELECT count(*) FROM parts WHERE parts.message_id = messages.message_id AND parts.address = messages.address)
FROM messages
JOIN addresses USING (address)
WHERE state <> 'delivered'
ORDER BY composed_at, messages.rowid;
