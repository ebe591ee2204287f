-- What the ledger says that forecasts of reported series rest on, as name and value: parameters, where capacity stands,
-- and dated statements on stacks (1 where one is in force).
SELECT parameter AS name, value FROM assumptions
WHERE NOT starts_with(parameter, 'leases.') AND NOT starts_with(parameter, 'reporting_lag_days.')
UNION ALL
SELECT concat_ws(' ', 'jurisdiction of', operator, nullif(scope, ''), jurisdiction), sum(share)
FROM internal.jurisdiction_estimates GROUP BY ALL
UNION ALL
SELECT concat_ws(' ', 'jurisdiction of', operator, jurisdiction, '(layout)'), sum(share)
FROM internal.operator_jurisdictions GROUP BY ALL
UNION ALL
SELECT concat_ws(' ', 'evidence', evidence_id, 'on', coalesce(operator, facility_id), '(' || strength, points_to || ')'), 1
FROM stack_evidence
WHERE evidence_date <= $known_by
    AND (facility_id IS NULL OR split_part(facility_id, '/', 1) NOT IN (SELECT portfolio FROM portfolios))
ORDER BY name;
