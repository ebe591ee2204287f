-- Disagreeing sources with the day on which both figures were known and the document of the later one.
SELECT
    pair.market, pair.metric, pair.period_end, pair.source_a, pair.value_a, pair.source_b, pair.value_b,
    pair.period_end_b, pair.remark,
    greatest(coalesce(a.known_at, claim_a.known_at), coalesce(b.known_at, claim_b.known_at)) AS known_on,
    coalesce(CASE WHEN b.known_at >= a.known_at OR a.document_id IS NULL THEN b.document_id END, a.document_id)
        AS document_id
FROM source_disagreements AS pair
LEFT JOIN observations AS a ON a.observation_id = pair.observation_id_a
LEFT JOIN observations AS b ON b.observation_id = pair.observation_id_b
LEFT JOIN (SELECT claim_id, max(known_at) AS known_at FROM internal.stated_figures GROUP BY claim_id) AS claim_a
    ON claim_a.claim_id = pair.claim_id_a
LEFT JOIN (SELECT claim_id, max(known_at) AS known_at FROM internal.stated_figures GROUP BY claim_id) AS claim_b
    ON claim_b.claim_id = pair.claim_id_b
ORDER BY ALL;
