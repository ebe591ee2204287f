-- Documents that told a vintage something its predecessor did not know, by operator: known after $before and by $now, or
-- received after $received_after although published earlier (null where receipt tells nothing).
SELECT observation.operator, document.file_name, observation.document_id, min(observation.known_at) AS known_at
FROM observations AS observation
JOIN documents AS document USING (document_id)
WHERE observation.known_at <= $now
    AND (
        observation.known_at > $before
        OR ($received_after IS NOT NULL AND CAST(document.received_at AS DATE) > $received_after)
    )
GROUP BY observation.operator, document.file_name, observation.document_id
ORDER BY known_at, file_name, observation.document_id;
