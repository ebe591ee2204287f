-- Figures that the vintage before knew and that were replaced by another value since: known after $before and by $now.
SELECT
    earlier.operator, earlier.metric, earlier.period_end, earlier.value AS value_before, later.value AS value_after,
    earlier.unit, document.file_name, later.document_id
FROM observations AS earlier
JOIN observations AS later ON later.observation_id = earlier.superseded_by
JOIN documents AS document ON document.document_id = later.document_id
WHERE earlier.known_at <= $before AND later.known_at > $before AND later.known_at <= $now
    AND earlier.value IS NOT NULL AND later.value IS NOT NULL AND earlier.value <> later.value
ORDER BY earlier.operator, earlier.period_end DESC, earlier.metric, later.document_id;
