-- Series of sites, operators and market sources, one row a quarter, before stack and names. Temporary tables only; needs
-- points.sql and the variable `rate_series_quarters`.

-- A series of rates alone stands beside a series of capacities only where it reaches well beyond it.
CREATE OR REPLACE TEMP TABLE rate_points AS
WITH fullness AS (
    SELECT
        *, coalesce(occupancy_rate, not_vacant_rate, utilisation_rate) AS occupancy
    FROM rates
),
reach AS (
    SELECT level, entity_id, count(occupancy) AS quarters, count(*) AS rows FROM fullness GROUP BY ALL
),
capacity_reach AS (
    SELECT level, entity_id, max(quarters) AS quarters
    FROM (
        SELECT level, entity_id, unit, count(leased / in_service) AS quarters FROM points GROUP BY ALL
    )
    GROUP BY ALL
)
SELECT fullness.*
FROM fullness
JOIN reach USING (level, entity_id)
LEFT JOIN capacity_reach USING (level, entity_id)
WHERE coalesce(capacity_reach.quarters, 0) = 0
    OR reach.quarters >= capacity_reach.quarters + getvariable('rate_series_quarters');

CREATE OR REPLACE TEMP TABLE series_rows AS
SELECT
    level, entity_id, unit, quarter_end, in_service, leased, committed, utilised,
    no_more_than_one(leased / in_service) AS occupancy,
    coalesce(commitment_rate, committed / in_service) AS commitment_rate,
    no_more_than_one(utilised / in_service) AS utilisation_rate,
    known_at,
    observation_ids
FROM points
UNION ALL
SELECT
    level, entity_id, 'pct', period_end, NULL, NULL, NULL, NULL,
    occupancy, commitment_rate, utilisation_rate, known_at, observation_ids
FROM rate_points
UNION ALL
-- Quarters of which a series of capacities knows the rate alone: no capacity is made up, and no rate is lost.
SELECT
    rates.level, rates.entity_id, longest.unit, rates.period_end, NULL, NULL, NULL, NULL,
    coalesce(occupancy_rate, not_vacant_rate, utilisation_rate), commitment_rate, utilisation_rate, rates.known_at,
    rates.observation_ids
FROM rates
JOIN (
    SELECT level, entity_id, arg_min(unit, row(-quarters, unit)) AS unit
    FROM (SELECT level, entity_id, unit, count(*) AS quarters FROM points GROUP BY level, entity_id, unit)
    GROUP BY level, entity_id
) AS longest USING (level, entity_id)
WHERE (rates.level, rates.entity_id) NOT IN (SELECT (level, entity_id) FROM rate_points)
    AND (rates.level, rates.entity_id, longest.unit, rates.period_end) NOT IN (
        SELECT (level, entity_id, unit, quarter_end) FROM points
    );
