-- What the operator's data file says stands before what data/stack adds.
SELECT operator, jurisdiction, share, 'observed' FROM internal.operator_jurisdictions
UNION ALL
SELECT operator, jurisdiction, share, provenance FROM internal.jurisdiction_estimates
WHERE operator NOT IN (SELECT operator FROM internal.operator_jurisdictions)
ORDER BY ALL;
