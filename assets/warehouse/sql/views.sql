-- Views that readers of the published file use. Each stands on published tables alone.

-- Figures that still stand: nothing later has replaced them.
CREATE OR REPLACE VIEW current_observations AS
SELECT * FROM observations WHERE superseded_by IS NULL;

-- Restated figures beside what replaced them.
CREATE OR REPLACE VIEW restatements AS
SELECT
    earlier.operator,
    earlier.scope,
    earlier.period_end,
    earlier.metric,
    earlier.unit,
    earlier.value AS value_before,
    later.value AS value_after,
    later.value - earlier.value AS change,
    earlier.perimeter AS perimeter_before,
    later.perimeter AS perimeter_after,
    CASE
        WHEN earlier.perimeter <> later.perimeter THEN 'another perimeter'
        ELSE 'another value in the same perimeter'
    END AS reason,
    earlier.known_at AS known_at_before,
    later.known_at AS known_at_after,
    earlier.observation_id AS observation_id_before,
    later.observation_id AS observation_id_after
FROM observations AS earlier
JOIN observations AS later ON later.observation_id = earlier.superseded_by;

-- One row a series: its latest quarter and the change on the quarter and the year before.
CREATE OR REPLACE VIEW latest_occupancy AS
SELECT
    history.*,
    history.occupancy - quarter_before.occupancy AS change_on_quarter,
    history.occupancy - year_before.occupancy AS change_on_year
FROM occupancy_history AS history
LEFT JOIN occupancy_history AS quarter_before
    ON quarter_before.level = history.level
    AND quarter_before.series_id = history.series_id
    AND quarter_before.quarter_end = last_day(history.quarter_end - INTERVAL 3 MONTH)
LEFT JOIN occupancy_history AS year_before
    ON year_before.level = history.level
    AND year_before.series_id = history.series_id
    AND year_before.quarter_end = last_day(history.quarter_end - INTERVAL 12 MONTH)
WHERE history.occupancy IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY history.level, history.series_id ORDER BY history.quarter_end DESC) = 1;

-- The newest frozen vintage of each scenario.
CREATE OR REPLACE VIEW latest_forecast AS
SELECT * FROM occupancy_forecast
QUALIFY vintage = max(vintage) OVER (PARTITION BY scenario);

-- Signed and not yet billed, in capacity (annual rent backlog is another figure and stays apart).
CREATE OR REPLACE VIEW backlog AS
WITH figures AS (
    SELECT operator, scope, period_end, unit, perimeter, metric, value, known_at
    FROM observations
    WHERE metric IN ('capacity_committed', 'capacity_utilised', 'capacity_committed_not_utilised')
        AND scope_level = 'portfolio'
        AND value_low IS NULL
        AND value_high IS NULL
        AND basis NOT IN ('estimate', 'forecast', 'pro_forma')
    QUALIFY row_number() OVER (
        PARTITION BY operator, scope, period_end, unit, perimeter, metric ORDER BY known_at DESC, observation_id
    ) = 1
)
SELECT
    operator,
    scope,
    period_end,
    unit,
    perimeter,
    max(value) FILTER (WHERE metric = 'capacity_committed') AS committed_total,
    max(value) FILTER (WHERE metric = 'capacity_utilised') AS utilised,
    coalesce(
        max(value) FILTER (WHERE metric = 'capacity_committed_not_utilised'),
        max(value) FILTER (WHERE metric = 'capacity_committed')
            - max(value) FILTER (WHERE metric = 'capacity_utilised')
    ) AS backlog,
    max(known_at) AS known_at
FROM figures
GROUP BY operator, scope, period_end, unit, perimeter
HAVING backlog IS NOT NULL;

COMMENT ON VIEW current_observations IS 'Observations that nothing later has replaced.';
COMMENT ON VIEW restatements IS 'Each restated figure beside what replaced it, with the reason.';
COMMENT ON VIEW latest_occupancy IS 'Latest quarter of every series of occupancy_history, with changes on the quarter and the year (fractions).';
COMMENT ON VIEW latest_forecast IS 'occupancy_forecast of the newest vintage of each scenario.';
COMMENT ON VIEW backlog IS 'Capacity signed and not yet billed or used: committed - utilised, in unit; committed here may include space under construction.';

COMMENT ON COLUMN restatements.value_before IS 'The figure as first printed, in unit.';
COMMENT ON COLUMN restatements.value_after IS 'The figure that replaced it, in unit.';
COMMENT ON COLUMN restatements.change IS 'value_after - value_before, in unit.';
COMMENT ON COLUMN restatements.perimeter_before IS 'Set of sites counted in the earlier figure.';
COMMENT ON COLUMN restatements.perimeter_after IS 'Set of sites counted in the later figure.';
COMMENT ON COLUMN restatements.reason IS 'What differs: the perimeter, or the value in the same perimeter.';
COMMENT ON COLUMN restatements.known_at_before IS 'Date from which the earlier figure was public.';
COMMENT ON COLUMN restatements.known_at_after IS 'Date from which the later figure was public.';
COMMENT ON COLUMN restatements.observation_id_before IS 'The earlier figure (observations.observation_id).';
COMMENT ON COLUMN restatements.observation_id_after IS 'The later figure (observations.observation_id).';
COMMENT ON COLUMN latest_occupancy.change_on_quarter IS 'Occupancy less that of the quarter before, fraction (0.01 = 1 point); null where that is not known.';
COMMENT ON COLUMN latest_occupancy.change_on_year IS 'Occupancy less that of the year before, fraction (0.01 = 1 point); null where that is not known.';
COMMENT ON COLUMN backlog.committed_total IS 'Capacity under contract, in unit; may include space under construction.';
COMMENT ON COLUMN backlog.utilised IS 'Capacity billed or used, in unit.';
COMMENT ON COLUMN backlog.backlog IS 'Signed and not yet billed or used, in unit; as printed, else committed_total - utilised.';
