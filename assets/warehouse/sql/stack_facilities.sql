-- Sites of an operator are weighed in the unit in which most of them print a capacity.
WITH latest AS (
    SELECT entity_id, unit, max_by(in_service, quarter_end) AS capacity
    FROM points WHERE level = 'facility' AND in_service IS NOT NULL GROUP BY ALL
), common AS (
    SELECT operator, mode(unit ORDER BY unit) AS unit
    FROM latest JOIN facilities ON facility_id = entity_id GROUP BY operator
)
SELECT facility_id, operator, jurisdiction, coalesce(latest.capacity, capacity_mw) AS capacity
FROM facilities
LEFT JOIN common USING (operator)
LEFT JOIN latest ON latest.entity_id = facility_id AND latest.unit = common.unit
ORDER BY facility_id;
