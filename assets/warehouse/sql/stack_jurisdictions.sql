-- Where capacity stands. A scope with jurisdictions of its own is named 'operator / scope'; what the operator's data file
-- says of the whole stands before what data/stack adds.
SELECT operator, jurisdiction, share, 'observed' AS provenance FROM internal.operator_jurisdictions
UNION ALL
SELECT operator || CASE WHEN scope <> '' THEN ' / ' || scope ELSE '' END, jurisdiction, share, provenance
FROM internal.jurisdiction_estimates
WHERE scope <> '' OR operator NOT IN (SELECT operator FROM internal.operator_jurisdictions)
ORDER BY ALL;
