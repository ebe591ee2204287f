-- Accepted figures known by a day (?), in a fixed order: what the fingerprint of a vintage is made of.
SELECT
    document_id, observation_id, operator, scope, scope_level, facility_id, market, period_end, metric, value, unit, basis,
    perimeter, tier, known_at
FROM observations
WHERE known_at <= ?
ORDER BY ALL;
