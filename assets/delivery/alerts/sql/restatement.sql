-- Restated figures with the document that restates, as known on the variable `as_of`. Needs the macros of the warehouse.
SELECT
    restated.operator, restated.scope, restated.metric, restated.unit, restated.period_end, restated.value_before,
    restated.value_after, restated.perimeter_before, restated.perimeter_after, restated.known_at_after,
    restated.observation_id_before, restated.observation_id_after, later.document_id, documents.file_name,
    later.locator, series.level, series.series_id
FROM restatements AS restated
JOIN observations AS later ON later.observation_id = restated.observation_id_after
LEFT JOIN documents ON documents.document_id = later.document_id
LEFT JOIN internal.operators AS known ON known.operator = restated.operator
LEFT JOIN (SELECT DISTINCT level, series_id FROM occupancy_history) AS series
    ON series.series_id = operator_slug(restated.operator) || '/'
        || slug(scope_name(restated.scope, later.scope_level, known.group_scope)) || '/' || restated.unit
WHERE restated.known_at_after IS NULL OR restated.known_at_after <= getvariable('as_of')
ORDER BY ALL;
