-- Rows that a service of the asked size would publish, drawn by hashes: same size, same rows. Each statement adds to one
-- table, or prepares one. Nothing here is real; it only has to cost what real rows cost. `size` has one row.

-- Number from 0 to 1 that belongs to its arguments.
CREATE OR REPLACE TEMP MACRO luck(a, b, c) AS (hash(a, b, c) % 1000003) / 1000003.0;

-- Whole number from 0 to n - 1 that belongs to its arguments.
CREATE OR REPLACE TEMP MACRO pick(a, b, c, n) AS (hash(a, b, c) % n)::INTEGER;

CREATE OR REPLACE TEMP MACRO quarters_after(day, number) AS last_day(day + to_months(3 * number::INTEGER));

CREATE OR REPLACE TEMP TABLE grown_vintages AS
SELECT quarters_after(newest, 1 - number) AS vintage, number = 1 AS is_newest
FROM size, range(1, vintages + 1) AS numbers(number);

CREATE OR REPLACE TEMP TABLE grown_scenarios AS
SELECT scenario, row_number() OVER (ORDER BY scenario <> 'base', scenario) AS number
FROM scenarios
QUALIFY number <= (SELECT scenarios FROM size);

CREATE OR REPLACE TEMP TABLE grown_buildings AS
SELECT
    number,
    format('grown-{:03d}', number // 250) AS portfolio,
    format('grown-{:03d}/B{:03d}', number // 250, number % 250) AS facility_id,
    format('Grown Operator {:03d}-{}', number // 250, number % 4) AS operator,
    format('grown-operator-{:03d}-{}', number // 250, number % 4) AS operator_slug,
    ['Hong Kong', 'Singapore', 'Tokyo', 'Sydney'][1 + number // 250 % 4] AS market,
    ['mainland', 'us', 'dual', 'unknown'][1 + pick(number, 'stack', 0, 4)] AS stack,
    2 + 18 * luck(number, 'size', 0) AS in_service,
    0.6 + 0.38 * luck(number, 'full', 0) AS occupancy
FROM size, range(facilities) AS numbers(number);

INSERT INTO portfolios
SELECT portfolio, newest, true, count(*), count(*) * 10, 'grown'
FROM grown_buildings, size GROUP BY portfolio, newest;

INSERT INTO facilities BY NAME
SELECT facility_id, operator, 'Building ' || facility_id AS name, market, 'Hong Kong' AS jurisdiction, in_service AS capacity_mw,
       DATE '2015-06-30' AS ready_for_service, 'assumed' AS provenance
FROM grown_buildings;

INSERT INTO stack_shares
SELECT 'facility', facility_id, newest, share_mainland, share_us, share_dual, 1 - share_mainland - share_us - share_dual, 'observed', 2
FROM (
    SELECT *, 0.3 * luck(number, 'm', 0) + 0.4 * (stack = 'mainland')::INTEGER AS share_mainland,
           0.2 * luck(number, 'u', 0) AS share_us, 0.1 * luck(number, 'd', 0) AS share_dual
    FROM grown_buildings
), size;

INSERT INTO stack_evidence BY NAME
SELECT 'grown-' || number || '-' || piece AS evidence_id, facility_id, operator, newest - (90 * piece)::INTEGER AS evidence_date,
       CASE stack WHEN 'unknown' THEN 'dual' ELSE stack END AS points_to, 'moderate' AS strength,
       'Statement about ' || facility_id AS statement, 'grown' AS source, 'assumed' AS provenance
FROM grown_buildings, size, range(2) AS pieces(piece);

INSERT INTO portfolio_history
SELECT portfolio, facility_id, quarters_after(newest, -back), in_service,
       in_service * least(1, occupancy + 0.1 * (luck(number, 'history', back) - 0.5)), in_service * occupancy * 0.9,
       'grown', 'row ' || number
FROM grown_buildings, size, range(24) AS quarters(back);

INSERT INTO deliveries
SELECT portfolio, facility_id, quarters_after(newest, 1 + number % 8), 2 + 6 * luck(number, 'phase', 0), 'grown', 'row ' || number
FROM grown_buildings, size WHERE number % 7 = 0;

INSERT INTO leases BY NAME
SELECT portfolio, format('G{:06d}', number * 10 + piece) AS lease_id, facility_id, format('T{:05d}', pick(number, piece, 't', 5000)) AS tenant_id,
       'Tenant ' || pick(number, piece, 't', 5000) AS tenant_name,
       ['government', 'banking', 'cloud_provider', 'sme', 'telecom'][1 + pick(number, piece, 's', 5)] AS sector,
       ['restricted', 'confidential', 'internal', 'public'][1 + pick(number, piece, 'c', 4)] AS sensitivity_tier,
       in_service * occupancy / 6 AS mw, starts AS start_date, quarters_after(starts, 12 + pick(number, piece, 'e', 24)) AS end_date,
       starts AS commencement_date, true AS commenced, 900 + 600 * luck(number, 'rent', piece) AS monthly_rent_hkd_per_kw, stack,
       CASE stack WHEN 'mainland' THEN 1 WHEN 'us' THEN 0 ELSE 0.5 END AS stack_weight_mainland, 'none' AS renewal_options,
       'grown' AS document_id, 'row ' || number AS locator, 'assumed' AS provenance
FROM (
    SELECT *, quarters_after(newest, -pick(number, piece, 'b', 30)) AS starts
    FROM grown_buildings, size, range(10) AS pieces(piece)
);

-- Every series of the portfolios: buildings, and what they sum to.
CREATE OR REPLACE TEMP TABLE grown_series AS
SELECT 'facility' AS level, facility_id AS series_id, portfolio, stack, in_service, occupancy FROM grown_buildings
UNION ALL
SELECT 'operator', portfolio || '/' || operator_slug, portfolio, 'unknown', sum(in_service), avg(occupancy)
FROM grown_buildings GROUP BY portfolio, operator_slug
UNION ALL
SELECT 'stack', portfolio || '/' || stack, portfolio, stack, sum(in_service), avg(occupancy)
FROM grown_buildings GROUP BY portfolio, stack
UNION ALL
SELECT 'market', portfolio || '/market', portfolio, 'unknown', sum(in_service), avg(occupancy)
FROM grown_buildings GROUP BY portfolio
UNION ALL
SELECT 'total', portfolio || '/total', portfolio, 'unknown', sum(in_service), avg(occupancy)
FROM grown_buildings GROUP BY portfolio;

INSERT INTO lease_expiries
WITH ending AS (
    SELECT leases.*, operator_slug, newest
    FROM leases JOIN grown_buildings USING (facility_id), size
    WHERE commencement_date <= newest AND end_date >= newest
), of_series AS (
    SELECT 'facility' AS level, facility_id AS series_id, * FROM ending
    UNION ALL SELECT 'operator', portfolio || '/' || operator_slug, * FROM ending
    UNION ALL SELECT 'stack', portfolio || '/' || stack, * FROM ending
    UNION ALL SELECT 'total', portfolio || '/total', * FROM ending
)
SELECT newest, level, series_id, stack, sector, sensitivity_tier, last_day(date_trunc('quarter', end_date) + INTERVAL 2 MONTH),
       count(*), sum(mw), 0.01
FROM of_series GROUP BY ALL;

INSERT INTO wale
SELECT quarters_after(newest, -back), level, series_id, 2 + 4 * luck(series_id, 'mw', back), 2 + 4 * luck(series_id, 'rent', back)
FROM grown_series, size, range(5) AS quarters(back);

INSERT INTO lease_estimates BY NAME
SELECT vintage, portfolio, 'estimate ' || number AS estimate, 'all' AS applies_to, 0.6 AS value, 0.5 AS low, 0.7 AS high, 0.6 AS prior,
       10 AS events, 20 AS trials, 10 AS effective_events, 0.5 AS from_data
FROM grown_vintages, (SELECT DISTINCT portfolio FROM grown_buildings), range(30) AS numbers(number);

INSERT INTO join_weights BY NAME
SELECT vintage, portfolio, horizon, 40 AS pairs, 10 AS origins, 0.02 AS lease_error, 0.03 AS panel_error, 0.7 AS shrunk, 1 AS weight
FROM grown_vintages, (SELECT DISTINCT portfolio FROM grown_buildings), range(1, 9) AS numbers(horizon);

INSERT INTO occupancy_forecast BY NAME
WITH course AS (
    SELECT vintage, scenario, level, series_id, portfolio, stack, quarters_after(vintage, horizon) AS quarter_end, horizon, in_service,
           0.01 * sqrt(horizon) * (1 + luck(series_id, vintage, 'spread')) AS spread,
           occupancy + 0.05 * (luck(series_id, vintage, horizon) - 0.5) - 0.01 * number * luck(series_id, scenario, 0) AS middle
    FROM grown_series, grown_vintages, grown_scenarios, size, range(1, quarters + 1) AS numbers(horizon)
)
SELECT vintage, scenario, level, series_id, portfolio, stack, quarter_end, horizon, 'mw' AS unit, in_service AS in_service_p50,
       greatest(0, middle - 1.96 * spread) AS occupancy_p025, greatest(0, middle - 1.64 * spread) AS occupancy_p05,
       greatest(0, middle - 1.28 * spread) AS occupancy_p10, greatest(0, middle - 0.67 * spread) AS occupancy_p25,
       least(1, middle) AS occupancy_p50, least(1, middle + 0.67 * spread) AS occupancy_p75,
       least(1, middle + 1.28 * spread) AS occupancy_p90, least(1, middle + 1.64 * spread) AS occupancy_p95,
       least(1, middle + 1.96 * spread) AS occupancy_p975,
       in_service * occupancy_p05 AS leased_p05, in_service * occupancy_p10 AS leased_p10, in_service * occupancy_p25 AS leased_p25,
       in_service * occupancy_p50 AS leased_p50, in_service * occupancy_p75 AS leased_p75, in_service * occupancy_p90 AS leased_p90,
       in_service * occupancy_p95 AS leased_p95,
       least(1, middle) AS occupancy_mean, 'leases' AS model
FROM course;

INSERT INTO breach_probability BY NAME
SELECT vintage, scenario, level, series_id, portfolio, quarter_end, horizon, threshold,
       round(1 / (1 + exp((occupancy_p50 - threshold) / (0.2 * (occupancy_p90 - occupancy_p10) + 0.001))), 4) AS probability
FROM occupancy_forecast, unnest([0.9, 0.8, 0.7]::DOUBLE[]) AS thresholds(threshold)
WHERE starts_with(portfolio, 'grown-');

INSERT INTO backlog_runoff
SELECT vintage, scenario, level, series_id, quarters_after(vintage, horizon), horizon, in_service * 0.01, in_service * 0.02
FROM grown_series, grown_vintages, grown_scenarios, size, range(1, quarters + 1) AS numbers(horizon)
WHERE level IN ('operator', 'total');

INSERT INTO contiguous_space
SELECT vintage, 'base', series_id, quarters_after(vintage, horizon), horizon, 0.5 * block, block, 1.5 * block, 5,
       round(luck(series_id, horizon, vintage), 3)
FROM (SELECT *, in_service * (1 - occupancy) AS block FROM grown_series WHERE level = 'facility'),
     grown_vintages, size, range(1, quarters + 1) AS numbers(horizon);

-- A hundred joint paths at four quarters, of the newest vintage.
INSERT INTO path_samples
SELECT vintage, scenario, level, series_id, quarters_after(vintage, horizon), path,
       in_service * least(1, occupancy + 0.1 * (luck(series_id, path, horizon) - 0.5)), in_service
FROM grown_series, grown_vintages, grown_scenarios, unnest([1, 2, 4, 8]) AS numbers(horizon), range(100) AS paths(path)
WHERE is_newest AND level IN ('facility', 'operator', 'stack', 'total');

INSERT INTO scenario_effects BY NAME
SELECT vintage, scenario, level, series_id, quarters_after(vintage, 8) AS quarter_end, position,
       CASE position WHEN 0 THEN 'start' WHEN 5 THEN 'end' ELSE if(position < 5, 'step', 'flow') END AS kind,
       ['base', 'a', 'b', 'c', 'd', 'scenario', 'expiry', 'early_end', 'moved', 'new', 'delivered', 'other'][position + 1] AS cause,
       in_service * (luck(series_id, scenario, position) - 0.5) / 10 AS delta_mw
FROM grown_series, grown_vintages, grown_scenarios, range(12) AS bars(position)
WHERE level IN ('operator', 'stack', 'total') AND scenario <> 'base';

INSERT INTO scenario_sensitivity
SELECT vintage, scenario, level, series_id, quarters_after(vintage, 8), 'parameter ' || number, 'analyst_prior', 0, 1,
       in_service * 0.8, in_service * (0.8 + 0.1 * luck(series_id, scenario, number)), in_service * 0.1 * luck(series_id, scenario, number),
       luck(series_id, scenario, number)
FROM grown_series, grown_vintages, (SELECT scenario FROM grown_scenarios), range(12) AS numbers(number)
WHERE level IN ('stack', 'total');

INSERT INTO scenario_carriers
SELECT vintage, scenario, leases.portfolio, lease_id, facility_id, tenant_id, quarters_after(vintage, 8), mw, mw * 0.9, -0.1 * mw
FROM leases JOIN grown_buildings USING (facility_id), grown_vintages, grown_scenarios
WHERE scenario <> 'base' AND pick(lease_id, scenario, 0, 5) = 0;

INSERT INTO forecast_bridge BY NAME
SELECT quarters_after(vintage, -1) AS vintage_from, vintage AS vintage_to, 'base' AS scenario, level, series_id,
       quarters_after(vintage, horizon) AS quarter_end, 'mw' AS unit, position, portfolio,
       ['restatement', 'new report', 'lease event', 'assumption or scenario', 'model or weights'][position] AS cause,
       in_service * (luck(series_id, horizon, position) - 0.5) / 50 AS delta_leased,
       (luck(series_id, horizon, position) - 0.5) / 2 AS delta_occupancy_pp, 'lease G' || position AS because
FROM grown_series, grown_vintages, size, range(1, quarters + 1) AS numbers(horizon), range(1, 6) AS causes(position);

-- Reported operators beside the portfolios: two hundred with five sites each at the full size.
CREATE OR REPLACE TEMP TABLE grown_reported AS
SELECT number, site, format('Grown Reporter {:03d}', number) AS operator,
       if(site = 0, 'operator', 'facility') AS level,
       format('grown-reporter-{:03d}/', number) || if(site = 0, 'group/mw', 'site-' || site || '/mw') AS series_id,
       100 + 300 * luck(number, site, 'size') AS in_service, 0.6 + 0.35 * luck(number, site, 'full') AS occupancy
FROM size, range(facilities // 50) AS operators(number), range(6) AS sites(site);

INSERT INTO documents
SELECT format('grown{:04d}{:02d}', number, back), format('grown_reporter_{:03d}_{:02d}.html', number, back), 'text/html',
       md5(number || '/' || back), 20000, operator, quarters_after(newest, -back) + 45, quarters_after(newest, -back) + 46, 'accepted', NULL,
       'general', 12, 0
FROM grown_reported, size, range(40) AS quarters(back) WHERE site = 0;

INSERT INTO observations BY NAME
SELECT format('grown-{}-{}-{}-{}', number, site, back, metric) AS observation_id, format('grown{:04d}{:02d}', number, back) AS document_id,
       operator, if(site = 0, 'group', 'site ' || site) AS scope, if(site = 0, 'portfolio', 'facility') AS scope_level,
       quarters_after(newest, -back) AS period_end, 'quarterly' AS cadence, metric,
       in_service * if(metric = 'capacity_in_service', 1, occupancy) AS value, 'mw' AS unit, 'as_reported' AS basis, '' AS perimeter,
       0.9 AS trust, quarters_after(newest, -back) + 45 AS known_at, 'table 1, row 2' AS locator, 'Capacity of the quarter' AS quote,
       'company' AS tier, 0.5 AS rounding, false AS known_at_estimated
FROM grown_reported, size, range(40) AS quarters(back),
     unnest(['capacity_in_service', 'capacity_utilised', 'capacity_committed']) AS metrics(metric);

INSERT INTO occupancy_history BY NAME
SELECT level, series_id, operator || ', ' || level AS series_name, 'unknown' AS stack, quarters_after(newest, -back) AS quarter_end,
       'mw' AS unit, in_service, in_service * full_now AS leased, in_service * full_now AS utilised, full_now AS occupancy,
       full_now AS utilisation_rate, 1 AS observed_share, 0 AS estimated_share, 0 AS assumed_share,
       quarters_after(newest, -back) + 45 AS known_at, operator, 1 AS members,
       format('grown-{}-{}-{}-capacity_in_service grown-{}-{}-{}-capacity_utilised', number, site, back, number, site, back) AS observation_ids
FROM (
    SELECT *, occupancy + 0.05 * (luck(series_id, back, 0) - 0.5) AS full_now
    FROM grown_reported, size, range(40) AS quarters(back)
);

INSERT INTO occupancy_forecast BY NAME
WITH course AS (
    SELECT vintage, level, series_id, quarters_after(vintage, horizon) AS quarter_end, horizon, in_service,
           0.01 * sqrt(horizon) AS spread, occupancy + 0.05 * (luck(series_id, vintage, horizon) - 0.5) AS middle
    FROM grown_reported, grown_vintages, size, range(1, quarters + 1) AS numbers(horizon)
)
SELECT vintage, 'base' AS scenario, level, series_id, 'unknown' AS stack, quarter_end, horizon, 'mw' AS unit, in_service AS in_service_p50,
       in_service * (middle - 1.28 * spread) AS leased_p10, in_service * middle AS leased_p50,
       in_service * (middle + 1.28 * spread) AS leased_p90, middle - 1.28 * spread AS occupancy_p10, middle AS occupancy_p50,
       middle + 1.28 * spread AS occupancy_p90, middle AS occupancy_mean, 'combination' AS model
FROM course;

INSERT INTO forecast_scores BY NAME
SELECT vintage, level, series_id, 'unknown' AS stack, 'mw' AS unit, quarters_after(vintage, horizon) AS quarter_end, horizon, occupancy,
       quarters_after(vintage, horizon) + 45 AS known_at, occupancy - 0.02 AS occupancy_p10,
       occupancy + 0.02 * (luck(series_id, vintage, horizon) - 0.5) AS occupancy_p50, occupancy + 0.02 AS occupancy_p90,
       occupancy + 0.01 AS last_value, 2 * (luck(series_id, vintage, horizon) - 0.5) AS error_pp, 1 AS last_value_error_pp,
       true AS inside_80, true AS inside_95, 'combination' AS model
FROM grown_reported, grown_vintages, size, range(1, 9) AS numbers(horizon);
