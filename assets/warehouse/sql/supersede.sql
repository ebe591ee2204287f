-- Which later figure replaces which earlier one. Both stay; the earlier links to the next that differs.
-- Two figures are the same fact where operator, scope, facility, market, date, metric and unit agree; they differ by
-- perimeter, or by more than the rounding of both. A comparative equal to the earlier figure confirms it.
-- In one perimeter a less trusted source never replaces a more trusted one (a summary may mislabel), and arithmetic on
-- a printed change never replaces a printed level.
UPDATE observations AS target
SET superseded_by = found.superseded_by
FROM (
    WITH levels AS (
        SELECT
            observation.*,
            scope_name(scope, scope_level, operators.group_scope) AS scope_name,
            coalesce(tiers.position, 99) AS tier_position
        FROM observations AS observation
        LEFT JOIN internal.tiers AS tiers USING (tier)
        LEFT JOIN internal.operators AS operators USING (operator)
        WHERE period_end IS NOT NULL
            AND basis NOT IN ('estimate', 'forecast', 'pro_forma')
    )
    SELECT
        earlier.observation_id,
        min_by(later.observation_id, (later.known_at, later.observation_id)) AS superseded_by
    FROM levels AS earlier
    LEFT JOIN levels AS later
        ON later.operator = earlier.operator
        AND later.scope_name = earlier.scope_name
        AND later.scope_level = earlier.scope_level
        AND later.facility_id IS NOT DISTINCT FROM earlier.facility_id
        AND later.market IS NOT DISTINCT FROM earlier.market
        AND later.period_end = earlier.period_end
        AND later.metric = earlier.metric
        AND later.unit = earlier.unit
        AND later.known_at > earlier.known_at
        AND (
            later.perimeter <> earlier.perimeter
            OR (
                abs(later.value - earlier.value) > later.rounding + earlier.rounding + 1e-9 * abs(earlier.value)
                AND later.tier_position <= earlier.tier_position
                AND (later.basis <> 'derived' OR earlier.basis = 'derived')
                AND later.value_low IS NULL
                AND later.value_high IS NULL
            )
        )
    GROUP BY earlier.observation_id
) AS found
WHERE target.observation_id = found.observation_id
    AND target.superseded_by IS DISTINCT FROM found.superseded_by;
