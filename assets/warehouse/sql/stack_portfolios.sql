-- The operator's whole in the unit of its sites.
SELECT operator, max_by(points.in_service, points.quarter_end)
FROM points
JOIN entities USING (level, entity_id)
WHERE level = 'operator' AND is_whole AND points.in_service IS NOT NULL
    AND (operator, points.unit) IN (
        SELECT (entities.operator, mode(points.unit ORDER BY points.unit))
        FROM points JOIN entities USING (level, entity_id)
        WHERE level = 'facility' AND points.in_service IS NOT NULL GROUP BY entities.operator
    )
GROUP BY operator;
