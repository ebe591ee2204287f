-- Sums over operators by market and in total, per unit. Temporary tables only; needs points.sql and the variables
-- `as_of`, `active_quarters`, `carried_quarters`, `minimum_quarters`.

-- The last completed quarter, and how many quarters a date lies after the year 0.
CREATE OR REPLACE TEMP MACRO quarter_number(day) AS year(day) * 4 + quarter(day);
CREATE OR REPLACE TEMP MACRO quarter_date(number) AS
    last_day(make_date(CAST((number - 1) // 4 AS BIGINT), CAST(((number - 1) % 4) * 3 + 3 AS BIGINT), 1));
CREATE OR REPLACE TEMP MACRO latest_quarter() AS
    quarter_number(getvariable('as_of') + INTERVAL 1 DAY) - 1;

-- What may be summed: both operands known in enough quarters, the last of them recent, an operator's own figure.
CREATE OR REPLACE TEMP TABLE active AS
SELECT
    level, entity_id, unit,
    min(quarter_number(quarter_end)) AS first_quarter,
    max(quarter_number(quarter_end)) AS last_quarter
FROM points
WHERE level IN ('operator', 'facility') AND in_service IS NOT NULL AND leased IS NOT NULL
GROUP BY level, entity_id, unit
HAVING last_quarter >= latest_quarter() - getvariable('active_quarters')
    AND count(*) >= getvariable('minimum_quarters');

-- Wholes of each scope: its chain of part_of, and every scope that means the whole operator.
CREATE OR REPLACE TEMP TABLE wholes AS
WITH RECURSIVE chain AS (
    SELECT operator, scope, part_of FROM internal.scope_parts
    UNION
    SELECT chain.operator, chain.scope, above.part_of
    FROM chain
    JOIN internal.scope_parts AS above ON above.operator = chain.operator AND above.scope = chain.part_of
)
SELECT part.entity_id, whole.entity_id AS whole_id
FROM entities AS part
JOIN entities AS whole
    ON whole.operator = part.operator
    AND whole.level = 'operator' AND part.level = 'operator'
    AND whole.entity_id <> part.entity_id
WHERE (whole.is_whole AND NOT part.is_whole)
    OR (part.operator, part.scope_name, whole.scope_name) IN (SELECT (operator, scope, part_of) FROM chain)
    -- Two names for the whole of one operator: the first in order of name stands for it.
    OR (whole.is_whole AND part.is_whole AND whole.entity_id < part.entity_id);

CREATE OR REPLACE TEMP TABLE portfolio_members AS
SELECT active.*, entities.operator, operators.market AS home_market
FROM active
JOIN entities USING (level, entity_id)
LEFT JOIN internal.operators AS operators USING (operator)
WHERE active.level = 'operator' AND entities.is_portfolio
    AND NOT EXISTS (
        SELECT 1 FROM wholes
        JOIN active AS above ON above.level = 'operator' AND above.entity_id = wholes.whole_id
        WHERE wholes.entity_id = active.entity_id AND above.unit = active.unit
    );

CREATE OR REPLACE TEMP TABLE facility_members AS
SELECT active.*, entities.operator, entities.place
FROM active
JOIN entities USING (level, entity_id)
WHERE active.level = 'facility';

-- In total an operator counts by its portfolio where it prints one, else by its sites; in a market the other way round.
CREATE OR REPLACE TEMP TABLE members AS
SELECT 'total' AS sum_level, '' AS place, level, entity_id, operator, unit, first_quarter, last_quarter
FROM portfolio_members
UNION ALL
SELECT 'total', '', level, entity_id, operator, unit, first_quarter, last_quarter
FROM facility_members
WHERE (operator, unit) NOT IN (SELECT (operator, unit) FROM portfolio_members)
UNION ALL
SELECT 'market', place, level, entity_id, operator, unit, first_quarter, last_quarter
FROM facility_members
WHERE place IS NOT NULL
UNION ALL
SELECT 'market', home_market, level, entity_id, operator, unit, first_quarter, last_quarter
FROM portfolio_members
WHERE NULLIF(home_market, '') IS NOT NULL
    AND (operator, unit) NOT IN (SELECT (operator, unit) FROM facility_members WHERE place IS NOT NULL);

-- Every quarter of a member: printed, filled in a straight line between two printed ones, or carried on unchanged for a
-- few quarters after the last.
CREATE OR REPLACE TEMP TABLE member_quarters AS
WITH printed AS (
    SELECT
        level, entity_id, unit, quarter_number(quarter_end) AS number, in_service, leased, committed, utilised, known_at
    FROM points
    WHERE in_service IS NOT NULL AND leased IS NOT NULL
),
spans AS (
    SELECT
        *,
        lead(number) OVER ahead AS next_number,
        lead(in_service) OVER ahead AS next_in_service,
        lead(leased) OVER ahead AS next_leased,
        lead(committed) OVER ahead AS next_committed,
        lead(utilised) OVER ahead AS next_utilised,
        lead(known_at) OVER ahead AS next_known_at
    FROM printed
    WINDOW ahead AS (PARTITION BY level, entity_id, unit ORDER BY number)
),
steps AS (
    SELECT
        spans.*,
        unnest(generate_series(
            number,
            coalesce(next_number - 1, least(number + getvariable('carried_quarters'), latest_quarter()))
        )) AS step
    FROM spans
),
weighed AS (
    SELECT *, CASE WHEN next_number IS NULL THEN 0 ELSE (step - number) / (next_number - number) END AS weight
    FROM steps
)
SELECT
    level, entity_id, unit,
    step AS number,
    in_service + weight * coalesce(next_in_service - in_service, 0) AS in_service,
    leased + weight * coalesce(next_leased - leased, 0) AS leased,
    CASE WHEN weight = 0 THEN committed ELSE committed + weight * (next_committed - committed) END AS committed,
    CASE WHEN weight = 0 THEN utilised ELSE utilised + weight * (next_utilised - utilised) END AS utilised,
    CASE WHEN step = number THEN 'observed' WHEN next_number IS NULL THEN 'assumed' ELSE 'estimated' END AS provenance,
    CASE WHEN step > number AND next_number IS NOT NULL THEN greatest(known_at, next_known_at) ELSE known_at END
        AS known_at
FROM weighed;

-- Quarters in which every member that has begun is still covered: a sum never falls because a report is missing. Nor does
-- it reach beyond the last quarter that any member printed: a figure that is carried on by all is no news.
CREATE OR REPLACE TEMP TABLE summed_members AS
SELECT
    member.sum_level, member.place, member.operator, member.level AS member_level, member_quarters.*
FROM members AS member
JOIN member_quarters USING (level, entity_id, unit)
WINDOW a_sum AS (PARTITION BY member.sum_level, member.place, unit)
QUALIFY number <= least(
    min(member.last_quarter + getvariable('carried_quarters')) OVER a_sum,
    max(member.last_quarter) OVER a_sum
);
