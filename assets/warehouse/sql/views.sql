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

-- Newest vintage of the reported series (portfolio null) and of each portfolio. Reported series are forecast at every
-- vintage, and the newest of all is known without reading a row; every portfolio has a total.
CREATE OR REPLACE VIEW newest_vintages AS
SELECT NULL AS portfolio, max(vintage) AS vintage FROM occupancy_forecast
UNION ALL
SELECT portfolio, max(vintage) FROM occupancy_forecast WHERE level = 'total' AND portfolio IS NOT NULL GROUP BY portfolio;

-- The newest vintage of reported series. Portfolios of leases stand in lease_forecast.
CREATE OR REPLACE VIEW latest_forecast AS
SELECT * FROM occupancy_forecast
WHERE portfolio IS NULL AND vintage = (SELECT vintage FROM newest_vintages WHERE portfolio IS NULL);

-- The newest simulation of each portfolio of leases, every scenario.
CREATE OR REPLACE VIEW lease_forecast AS
SELECT portfolio, illustrative, forecast.* EXCLUDE (portfolio)
FROM occupancy_forecast AS forecast
JOIN newest_vintages USING (portfolio, vintage)
JOIN portfolios USING (portfolio);

-- Breach probabilities of the newest vintage, reported series and portfolios.
CREATE OR REPLACE VIEW latest_breach AS
SELECT breach.*
FROM breach_probability AS breach
JOIN newest_vintages AS newest
    ON newest.vintage = breach.vintage AND newest.portfolio IS NOT DISTINCT FROM breach.portfolio;

-- The printed figures behind each quarter of a series, down to document, place and words.
CREATE OR REPLACE VIEW series_sources AS
SELECT
    of_quarter.level, of_quarter.series_id, of_quarter.quarter_end, observations.observation_id, observations.metric,
    observations.value, observations.unit, observations.basis, observations.known_at, documents.document_id, documents.file_name,
    observations.locator, observations.quote, observations.trust
FROM (
    SELECT level, series_id, quarter_end, unnest(string_split(observation_ids, ' ')) AS observation_id FROM occupancy_history
) AS of_quarter
JOIN observations USING (observation_id)
JOIN documents USING (document_id);

-- What was let and what was delivered in each quarter, of reported series and of rent rolls.
CREATE OR REPLACE VIEW net_absorption AS
WITH keys AS MATERIALIZED (
    -- As macro slug makes them; a published view cannot call it.
    SELECT operator, trim(regexp_replace(strip_accents(lower(operator)), '[^\p{L}\p{N}]+', '-', 'g'), '-') AS key
    FROM (SELECT DISTINCT operator FROM facilities WHERE facility_id IN (SELECT facility_id FROM portfolio_history))
), levels AS (
    SELECT NULL AS portfolio, level, series_id, quarter_end, unit, in_service, leased
    FROM occupancy_history WHERE in_service IS NOT NULL AND leased IS NOT NULL
    UNION ALL
    SELECT portfolio, 'facility', facility_id, quarter_end, 'mw', in_service_mw, leased_mw FROM portfolio_history
    UNION ALL
    SELECT portfolio, 'operator', portfolio || '/' || key, quarter_end, 'mw', in_service_mw, leased_mw
    FROM (
        SELECT history.portfolio, operator, quarter_end, sum(in_service_mw) AS in_service_mw, sum(leased_mw) AS leased_mw
        FROM portfolio_history AS history JOIN facilities USING (facility_id)
        GROUP BY history.portfolio, operator, quarter_end
    ) JOIN keys USING (operator)
    UNION ALL
    SELECT portfolio, 'total', portfolio || '/total', quarter_end, 'mw', sum(in_service_mw), sum(leased_mw)
    FROM portfolio_history GROUP BY portfolio, quarter_end
), with_before AS (
    SELECT *, lag(quarter_end) OVER own = last_day(quarter_end - INTERVAL 3 MONTH) AS has_quarter_before,
           lag(quarter_end, 4) OVER own = last_day(quarter_end - INTERVAL 12 MONTH) AS has_year_before,
           lag(in_service) OVER own AS in_service_before, lag(leased) OVER own AS leased_before, lag(leased, 4) OVER own AS leased_year_ago
    FROM levels
    WINDOW own AS (PARTITION BY portfolio, level, series_id, unit ORDER BY quarter_end)
), changes AS (
    SELECT *, in_service - leased AS vacant, CASE WHEN has_quarter_before THEN leased - leased_before END AS absorbed,
           CASE WHEN has_quarter_before THEN in_service - in_service_before END AS delivered,
           CASE WHEN has_year_before THEN leased - leased_year_ago END AS absorbed_in_year
    FROM with_before
)
SELECT portfolio, level, series_id, quarter_end, unit, in_service, leased, vacant, absorbed, delivered, absorbed_in_year,
       CASE WHEN absorbed_in_year > 0 THEN vacant / (absorbed_in_year / 4) END AS quarters_of_supply
FROM changes;

-- Leases in place at the date of their rent roll.
CREATE OR REPLACE VIEW leases_in_place AS
SELECT leases.*, portfolios.as_of, portfolios.illustrative, facilities.operator, facilities.market
FROM leases
JOIN portfolios USING (portfolio)
JOIN facilities USING (facility_id)
WHERE commencement_date <= as_of AND end_date >= as_of;

-- The ten largest tenants of each operator and portfolio by MW in place. The two levels stand apart so that a question about
-- one does not pay for both; what the tenth largest holds is found first, so that only few rows are put in order.
-- Tenants come in any order here, and a sum of doubles depends on it in the last bit; one of decimals does not.
CREATE OR REPLACE VIEW tenant_concentration AS
WITH large AS (
    (
        WITH held AS (
            SELECT portfolio, operator AS name, tenant_id, any_value(tenant_name) AS tenant_name, any_value(sector) AS sector, sum(mw) AS mw
            FROM leases_in_place GROUP BY portfolio, operator, tenant_id
        ), sums AS (
            SELECT portfolio, name, sum(mw::DECIMAL(38, 9))::DOUBLE AS all_mw, list_min(max(mw, 10)) AS tenth_mw FROM held GROUP BY portfolio, name
        )
        SELECT portfolio, 'operator' AS level, name, tenant_id, tenant_name, sector, mw, mw / all_mw AS share_of_leased
        FROM held JOIN sums USING (portfolio, name) WHERE mw >= tenth_mw
    )
    UNION ALL
    (
        WITH held AS (
            SELECT portfolio, portfolio AS name, tenant_id, any_value(tenant_name) AS tenant_name, any_value(sector) AS sector, sum(mw) AS mw
            FROM leases_in_place GROUP BY portfolio, tenant_id
        ), sums AS (
            SELECT portfolio, name, sum(mw::DECIMAL(38, 9))::DOUBLE AS all_mw, list_min(max(mw, 10)) AS tenth_mw FROM held GROUP BY portfolio, name
        )
        SELECT portfolio, 'total' AS level, name, tenant_id, tenant_name, sector, mw, mw / all_mw AS share_of_leased
        FROM held JOIN sums USING (portfolio, name) WHERE mw >= tenth_mw
    )
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY portfolio, level, name ORDER BY mw DESC, tenant_id) AS rank FROM large
    QUALIFY rank <= 10
)
SELECT portfolio, level, name, rank, tenant_id, tenant_name, sector, mw, share_of_leased,
       sum(share_of_leased) OVER (PARTITION BY portfolio, level, name ORDER BY rank) AS cumulative_share
FROM ranked;

-- Leases in place whose stack the hall hardly hosts, by what is known of the hall: evidence and its other leases apart.
CREATE OR REPLACE VIEW stack_mismatches AS
WITH hall AS (
    SELECT series_id AS facility_id, mainland_share, us_share, dual_share, 1 - unknown_share AS known_share, grade
    FROM stack_shares WHERE level = 'facility'
    QUALIFY as_of = max(as_of) OVER (PARTITION BY series_id)
)
SELECT portfolio, lease_id, facility_id, operator, tenant_name, sector, stack, mw, end_date,
       date_diff('quarter', as_of, end_date) AS quarters_to_expiry,
       (CASE stack WHEN 'mainland' THEN mainland_share ELSE us_share END + dual_share) / known_share AS fit, known_share
FROM leases_in_place
JOIN hall USING (facility_id)
WHERE stack IN ('mainland', 'us') AND known_share >= 0.3
    AND (CASE stack WHEN 'mainland' THEN mainland_share ELSE us_share END + dual_share) / known_share < 0.5;

-- How much of each stack's MW is known: recorded leases are observed, vacant space that evidence places is estimated, what is
-- unknown is assumed.
CREATE OR REPLACE VIEW portfolio_stack_evidence AS
WITH place AS (
    SELECT facility_id, portfolio, in_service_mw, leased_mw FROM portfolio_history
    QUALIFY quarter_end = max(quarter_end) OVER (PARTITION BY portfolio)
), vacant AS (
    SELECT portfolio, unnest(['mainland', 'us', 'dual', 'unknown']) AS stack,
           unnest([coalesce(mainland_share, 0), coalesce(us_share, 0), coalesce(dual_share, 0), coalesce(unknown_share, 1)])
               * (in_service_mw - leased_mw) AS mw
    FROM place LEFT JOIN (
        SELECT series_id, mainland_share, us_share, dual_share, unknown_share FROM stack_shares WHERE level = 'facility'
        QUALIFY as_of = max(as_of) OVER (PARTITION BY series_id)
    ) ON series_id = facility_id
), parts AS (
    SELECT portfolio, stack, mw, 'leased' AS part FROM leases_in_place
    UNION ALL
    SELECT portfolio, stack, mw, 'vacant' FROM vacant
)
SELECT
    portfolio,
    portfolio || '/' || stack AS series_id,
    stack,
    sum(mw) AS in_service_mw,
    sum(mw) FILTER (part = 'leased') AS leased_mw,
    coalesce(sum(mw) FILTER (part = 'leased' AND stack <> 'unknown'), 0) / sum(mw) AS observed_share,
    coalesce(sum(mw) FILTER (part = 'vacant' AND stack <> 'unknown'), 0) / sum(mw) AS estimated_share,
    coalesce(sum(mw) FILTER (stack = 'unknown'), 0) / sum(mw) AS assumed_share
FROM parts GROUP BY portfolio, stack HAVING sum(mw) > 0;

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
COMMENT ON VIEW newest_vintages IS 'Newest vintage of the reported series and of each portfolio; join it to see one state of knowledge of a table of all vintages.';
COMMENT ON COLUMN newest_vintages.portfolio IS 'Rent roll (portfolios.portfolio); null for the reported series.';
COMMENT ON COLUMN newest_vintages.vintage IS 'Newest quarter end a forecast was made from.';
COMMENT ON VIEW latest_forecast IS 'occupancy_forecast of reported series, newest vintage.';
COMMENT ON VIEW latest_breach IS 'breach_probability of the newest vintage of reported series and of each portfolio.';
COMMENT ON VIEW series_sources IS 'The printed figures behind each quarter of a series (levels facility, operator and single markets), with document, place and words.';
COMMENT ON COLUMN series_sources.level IS 'Level of the series.';
COMMENT ON COLUMN series_sources.unit IS 'Unit of the printed figure.';
COMMENT ON COLUMN series_sources.known_at IS 'Date from which the figure was public.';
COMMENT ON COLUMN series_sources.file_name IS 'Name under which the document first arrived.';
COMMENT ON VIEW net_absorption IS 'Space let and space delivered by quarter: reported series in their unit, rent rolls in MW by facility, operator and total.';
COMMENT ON COLUMN net_absorption.portfolio IS 'Rent roll; null for reported series.';
COMMENT ON COLUMN net_absorption.level IS 'Level of the series.';
COMMENT ON COLUMN net_absorption.series_id IS 'Reported: occupancy_history.series_id; rent rolls: the building, portfolio / operator or portfolio / total.';
COMMENT ON COLUMN net_absorption.quarter_end IS 'Quarter end.';
COMMENT ON COLUMN net_absorption.unit IS 'Unit of the capacities; mw for rent rolls.';
COMMENT ON COLUMN net_absorption.in_service IS 'Capacity ready for customers, in unit.';
COMMENT ON COLUMN net_absorption.leased IS 'Contracted and commenced, in unit.';
COMMENT ON COLUMN net_absorption.vacant IS 'in_service - leased, in unit.';
COMMENT ON COLUMN net_absorption.absorbed IS 'Net absorption: leased less that of the quarter before, in unit; null where that is not known.';
COMMENT ON COLUMN net_absorption.delivered IS 'In service less that of the quarter before, in unit; null where that is not known.';
COMMENT ON COLUMN net_absorption.absorbed_in_year IS 'Leased less that of four quarters before, in unit; null where that is not known.';
COMMENT ON COLUMN net_absorption.quarters_of_supply IS 'Vacant space over the mean quarterly net absorption of the last year, quarters; null where nothing net was let.';
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

COMMENT ON VIEW lease_forecast IS 'occupancy_forecast of simulated rent rolls, newest vintage, every scenario; illustrative marks invented portfolios.';
COMMENT ON VIEW leases_in_place IS 'Leases in place at the date of their rent roll, with operator and market.';
COMMENT ON COLUMN leases_in_place.as_of IS 'Quarter end the rent roll is of.';
COMMENT ON VIEW tenant_concentration IS 'The ten largest tenants of each operator and portfolio by MW in place.';
COMMENT ON COLUMN tenant_concentration.level IS 'operator or total.';
COMMENT ON COLUMN tenant_concentration.name IS 'Operator, or the portfolio for total.';
COMMENT ON COLUMN tenant_concentration.rank IS '1 for the largest.';
COMMENT ON COLUMN tenant_concentration.share_of_leased IS 'Part of the MW in place, fraction.';
COMMENT ON COLUMN tenant_concentration.cumulative_share IS 'Part of the tenants up to this rank, fraction.';
COMMENT ON VIEW stack_mismatches IS 'Leases in place whose stack the hall hardly hosts by the evidence on it (fit below 0.5 of what is known, at least 0.3 known).';
COMMENT ON COLUMN stack_mismatches.operator IS 'Operator of the building.';
COMMENT ON COLUMN stack_mismatches.quarters_to_expiry IS 'Quarters from the rent roll''s date to the contract''s end.';
COMMENT ON COLUMN stack_mismatches.fit IS 'Part of what is known of the hall that hosts the lease''s stack, dual space included, fraction.';
COMMENT ON COLUMN stack_mismatches.known_share IS 'Part of the hall''s stack that evidence tells, fraction.';
COMMENT ON VIEW portfolio_stack_evidence IS 'MW by stack of a rent roll today, and how much of it is observed (recorded leases), estimated (vacant space placed by evidence) or assumed (unknown).';
COMMENT ON COLUMN portfolio_stack_evidence.series_id IS 'portfolio / stack, as in occupancy_forecast.';
COMMENT ON COLUMN portfolio_stack_evidence.stack IS 'mainland, us, dual or unknown.';
COMMENT ON COLUMN portfolio_stack_evidence.in_service_mw IS 'Leased MW of the stack and the vacant MW that evidence gives to it.';
COMMENT ON COLUMN portfolio_stack_evidence.leased_mw IS 'Leased MW recorded on the stack.';
COMMENT ON COLUMN portfolio_stack_evidence.observed_share IS 'Part that is recorded in leases, fraction.';
COMMENT ON COLUMN portfolio_stack_evidence.estimated_share IS 'Part that evidence places, fraction.';
COMMENT ON COLUMN portfolio_stack_evidence.assumed_share IS 'Part of unknown stack, fraction.';
