-- occupancy_history and stack_shares, made anew. Needs points.sql, series.sql, sums.sql, internal.entity_stack_shares and
-- the variable `stack_as_of`.

-- Shares of every site and operator scope: the scope's own where its jurisdictions are known apart, else the operator's.
CREATE OR REPLACE TEMP TABLE series_shares AS
SELECT
    entity.level,
    entity.entity_id,
    coalesce(own.mainland_share, whole.mainland_share, 0) AS mainland,
    coalesce(own.us_share, whole.us_share, 0) AS us,
    coalesce(own.dual_share, whole.dual_share, 0) AS dual,
    coalesce(own.unknown_share, whole.unknown_share, 1) AS unknown,
    coalesce(own.grade, whole.grade, 'none') AS grade,
    coalesce(own.evidence_count, whole.evidence_count, 0) AS evidence_count
FROM entities AS entity
LEFT JOIN internal.entity_stack_shares AS own
    ON own.level = entity.level
    AND own.entity_id = CASE
        WHEN entity.level = 'facility' THEN entity.entity_id
        ELSE operator_slug(entity.operator || ' / ' || entity.scope_name)
    END
LEFT JOIN internal.entity_stack_shares AS whole
    ON whole.level = entity.level
    AND entity.level = 'operator'
    AND whole.entity_id = operator_slug(entity.operator)
WHERE entity.level IN ('facility', 'operator');

-- A total spread over the classes by the shares of its members; the grade of the evidence joins that of the capacity.
CREATE OR REPLACE TEMP TABLE stack_rows AS
WITH shares AS (
    UNPIVOT (SELECT level, entity_id, grade, mainland, us, dual, unknown FROM series_shares)
    ON mainland, us, dual, unknown
    INTO NAME stack VALUE share
)
SELECT
    shares.stack,
    member.* EXCLUDE (in_service, leased, committed, utilised, provenance),
    member.in_service * share AS in_service,
    member.leased * share AS leased,
    member.committed * share AS committed,
    member.utilised * share AS utilised,
    CASE
        WHEN provenance = 'assumed' OR (grade = 'assumed' AND shares.stack <> 'unknown') THEN 'assumed'
        WHEN provenance = 'estimated' OR (grade = 'estimated' AND shares.stack <> 'unknown') THEN 'estimated'
        ELSE 'observed'
    END AS provenance
FROM summed_members AS member
JOIN shares ON shares.level = member.member_level AND shares.entity_id = member.entity_id
WHERE member.sum_level = 'total' AND share > 0;

CREATE OR REPLACE TEMP TABLE sum_rows AS
WITH parts AS (
    SELECT sum_level AS level, place, NULL AS stack, * EXCLUDE (sum_level, place, level, member_level)
    FROM summed_members
    UNION ALL BY NAME
    SELECT 'stack' AS level, '' AS place, stack, * EXCLUDE (sum_level, place, level, member_level, stack)
    FROM stack_rows
),
-- In a fixed order: floating sums depend on it, and equal inputs must give equal tables.
sums AS (
    SELECT
        level,
        place,
        stack,
        unit,
        number,
        sum(in_service ORDER BY operator, entity_id) AS in_service,
        sum(leased ORDER BY operator, entity_id) AS leased,
        CASE WHEN count(committed) = count(*) THEN sum(committed ORDER BY operator, entity_id) END AS committed,
        CASE WHEN count(utilised) = count(*) THEN sum(utilised ORDER BY operator, entity_id) END AS utilised,
        coalesce(sum(in_service ORDER BY operator, entity_id) FILTER (WHERE provenance = 'observed'), 0) AS observed,
        coalesce(sum(in_service ORDER BY operator, entity_id) FILTER (WHERE provenance = 'estimated'), 0) AS estimated,
        max(known_at) AS known_at,
        count(DISTINCT operator) AS members
    FROM parts
    GROUP BY level, place, stack, unit, number
)
SELECT
    * EXCLUDE (number, observed, estimated),
    quarter_date(number) AS quarter_end,
    observed / in_service AS observed_share,
    estimated / in_service AS estimated_share
FROM sums
WHERE in_service > 0;

DELETE FROM occupancy_history;

INSERT INTO occupancy_history BY NAME
SELECT
    series.level,
    series.entity_id || '/' || series.unit AS series_id,
    CASE series.level
        WHEN 'market' THEN coalesce(entity.place, entity.scope_name) || ', '
            || regexp_replace(entity.operator, '\s*\(market[^)]*\)', '')
        ELSE entity.operator || ', ' || entity.scope_name
    END AS series_name,
    CASE
        WHEN series.level = 'market' THEN NULL
        WHEN share.mainland >= 0.5 THEN 'mainland'
        WHEN share.us >= 0.5 THEN 'us'
        WHEN share.dual >= 0.5 THEN 'dual'
        ELSE 'unknown'
    END AS stack,
    coalesce(entity.place, CASE WHEN series.level = 'operator' THEN NULLIF(operators.market, '') END) AS market,
    series.quarter_end,
    series.unit,
    series.in_service, series.leased, series.committed, series.utilised,
    series.occupancy, series.commitment_rate, series.utilisation_rate,
    1.0 AS observed_share, 0.0 AS estimated_share, 0.0 AS assumed_share,
    series.known_at,
    entity.operator,
    NULLIF(chosen_perimeter.perimeter, '') AS perimeter,
    1 AS members,
    series.observation_ids
FROM series_rows AS series
JOIN entities AS entity USING (level, entity_id)
LEFT JOIN internal.operators AS operators USING (operator)
LEFT JOIN series_shares AS share ON share.level = series.level AND share.entity_id = series.entity_id
LEFT JOIN chosen_perimeter
    ON chosen_perimeter.level = series.level
    AND chosen_perimeter.entity_id = series.entity_id
    AND chosen_perimeter.period_end = series.quarter_end
ORDER BY ALL;

INSERT INTO occupancy_history BY NAME
SELECT
    level,
    CASE level
        WHEN 'market' THEN 'market/' || slug(place)
        WHEN 'stack' THEN 'stack/' || stack
        ELSE 'total'
    END || '/' || unit AS series_id,
    CASE level
        WHEN 'market' THEN place || ', reporting operators'
        WHEN 'stack' THEN CASE stack
            WHEN 'mainland' THEN 'Mainland stack' WHEN 'us' THEN 'US stack' WHEN 'dual' THEN 'Dual stack'
            ELSE 'Stack unknown'
        END
        ELSE 'All reporting operators'
    END AS series_name,
    stack,
    NULLIF(place, '') AS market,
    quarter_end,
    unit,
    in_service, leased, committed, utilised,
    no_more_than_one(leased / in_service) AS occupancy,
    committed / in_service AS commitment_rate,
    no_more_than_one(utilised / in_service) AS utilisation_rate,
    observed_share,
    estimated_share,
    greatest(0, 1 - observed_share - estimated_share) AS assumed_share,
    known_at,
    members
FROM sum_rows
ORDER BY ALL;

DELETE FROM stack_shares;

INSERT INTO stack_shares BY NAME
SELECT DISTINCT
    history.level, history.series_id, getvariable('stack_as_of') AS as_of,
    share.mainland AS mainland_share,
    share.us AS us_share,
    share.dual AS dual_share,
    share.unknown AS unknown_share,
    share.grade,
    share.evidence_count
FROM occupancy_history AS history
JOIN series_shares AS share
    ON share.level = history.level
    AND share.entity_id = regexp_replace(history.series_id, '/[^/]*$', '')
WHERE history.level IN ('facility', 'operator')
ORDER BY ALL;

-- Buildings of rent rolls have no series in occupancy_history; the evidence on them is shown all the same.
INSERT INTO stack_shares BY NAME
SELECT level, entity_id AS series_id, getvariable('stack_as_of') AS as_of, mainland_share, us_share, dual_share,
       unknown_share, grade, evidence_count
FROM internal.entity_stack_shares
WHERE level = 'facility' AND split_part(entity_id, '/', 1) IN (SELECT portfolio FROM portfolios)
ORDER BY ALL;
