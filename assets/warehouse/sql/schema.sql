-- The warehouse's tables: those that are published stand in `main`, the pipeline's own in `internal`.
-- Every statement is repeatable. Comments stand in comments.sql, views in views.sql.

CREATE SCHEMA IF NOT EXISTS internal;

CREATE TABLE IF NOT EXISTS documents (
    document_id      VARCHAR PRIMARY KEY,
    file_name        VARCHAR NOT NULL,
    media_type       VARCHAR,
    sha256           VARCHAR NOT NULL,
    bytes            BIGINT NOT NULL,
    operator         VARCHAR,
    published_on     DATE,
    received_at      TIMESTAMP NOT NULL,
    status           VARCHAR NOT NULL CHECK (status IN ('accepted', 'quarantined', 'rejected')),
    reason           VARCHAR,
    layout           VARCHAR,
    rows_accepted    INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS observations (
    observation_id     VARCHAR PRIMARY KEY,
    document_id        VARCHAR NOT NULL,
    operator           VARCHAR NOT NULL,
    scope              VARCHAR NOT NULL,
    scope_level        VARCHAR NOT NULL,
    facility_id        VARCHAR,
    market             VARCHAR,
    period_end         DATE,
    cadence            VARCHAR,
    metric             VARCHAR NOT NULL,
    value              DOUBLE NOT NULL,
    value_low          DOUBLE,
    value_high         DOUBLE,
    unit               VARCHAR NOT NULL,
    basis              VARCHAR NOT NULL,
    perimeter          VARCHAR NOT NULL,
    trust              DOUBLE NOT NULL,
    known_at           DATE,
    superseded_by      VARCHAR,
    locator            VARCHAR NOT NULL,
    quote              VARCHAR NOT NULL,
    tier               VARCHAR NOT NULL,
    source             VARCHAR,
    rounding           DOUBLE NOT NULL,
    known_at_estimated BOOLEAN NOT NULL
);

CREATE TABLE IF NOT EXISTS quarantine (
    quarantine_id VARCHAR PRIMARY KEY,
    document_id   VARCHAR NOT NULL,
    rule          VARCHAR NOT NULL,
    severity      VARCHAR NOT NULL,
    reason        VARCHAR NOT NULL,
    row_json      VARCHAR,
    locator       VARCHAR,
    first_seen_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS facilities (
    facility_id       VARCHAR PRIMARY KEY,
    operator          VARCHAR NOT NULL,
    name              VARCHAR NOT NULL,
    district          VARCHAR,
    market            VARCHAR,
    jurisdiction      VARCHAR,
    ready_for_service DATE,
    capacity_mw       DOUBLE,
    latitude          DOUBLE,
    longitude         DOUBLE,
    document_id       VARCHAR,
    provenance        VARCHAR NOT NULL CHECK (provenance IN ('observed', 'estimated', 'assumed'))
);

CREATE TABLE IF NOT EXISTS stack_evidence (
    evidence_id   VARCHAR PRIMARY KEY,
    facility_id   VARCHAR,
    operator      VARCHAR,
    scope         VARCHAR,
    jurisdiction  VARCHAR,
    evidence_date DATE NOT NULL,
    points_to     VARCHAR NOT NULL CHECK (points_to IN ('mainland', 'us', 'dual')),
    strength      VARCHAR NOT NULL CHECK (strength IN ('weak', 'moderate', 'strong')),
    statement     VARCHAR NOT NULL,
    source        VARCHAR NOT NULL,
    claim_id      VARCHAR,
    document_id   VARCHAR,
    provenance    VARCHAR NOT NULL CHECK (provenance IN ('observed', 'estimated', 'assumed'))
);

CREATE TABLE IF NOT EXISTS stack_shares (
    level          VARCHAR NOT NULL,
    series_id      VARCHAR NOT NULL,
    as_of          DATE NOT NULL,
    mainland_share DOUBLE NOT NULL,
    us_share       DOUBLE NOT NULL,
    dual_share     DOUBLE NOT NULL,
    unknown_share  DOUBLE NOT NULL,
    grade          VARCHAR NOT NULL,
    evidence_count INTEGER NOT NULL,
    PRIMARY KEY (level, series_id, as_of)
);

CREATE TABLE IF NOT EXISTS occupancy_history (
    level            VARCHAR NOT NULL,
    series_id        VARCHAR NOT NULL,
    series_name      VARCHAR NOT NULL,
    stack            VARCHAR,
    market           VARCHAR,
    quarter_end      DATE NOT NULL,
    unit             VARCHAR NOT NULL,
    in_service       DOUBLE,
    leased           DOUBLE,
    committed        DOUBLE,
    utilised         DOUBLE,
    occupancy        DOUBLE,
    commitment_rate  DOUBLE,
    utilisation_rate DOUBLE,
    observed_share   DOUBLE NOT NULL,
    estimated_share  DOUBLE NOT NULL,
    assumed_share    DOUBLE NOT NULL,
    known_at         DATE NOT NULL,
    operator         VARCHAR,
    perimeter        VARCHAR,
    members          INTEGER NOT NULL,
    observation_ids  VARCHAR,
    PRIMARY KEY (level, series_id, quarter_end)
);

CREATE TABLE IF NOT EXISTS occupancy_forecast (
    vintage        DATE NOT NULL,
    scenario       VARCHAR NOT NULL,
    level          VARCHAR NOT NULL,
    series_id      VARCHAR NOT NULL,
    stack          VARCHAR,
    quarter_end    DATE NOT NULL,
    horizon        INTEGER NOT NULL,
    unit           VARCHAR NOT NULL,
    in_service_p50 DOUBLE,
    leased_p05     DOUBLE,
    leased_p10     DOUBLE,
    leased_p25     DOUBLE,
    leased_p50     DOUBLE,
    leased_p75     DOUBLE,
    leased_p90     DOUBLE,
    leased_p95     DOUBLE,
    occupancy_p05  DOUBLE,
    occupancy_p10  DOUBLE,
    occupancy_p25  DOUBLE,
    occupancy_p50  DOUBLE,
    occupancy_p75  DOUBLE,
    occupancy_p90  DOUBLE,
    occupancy_p95  DOUBLE,
    occupancy_mean DOUBLE,
    model          VARCHAR NOT NULL,
    occupancy_p025 DOUBLE,
    occupancy_p975 DOUBLE,
    last_occupancy DOUBLE,
    portfolio      VARCHAR,
    PRIMARY KEY (vintage, scenario, level, series_id, quarter_end)
);

CREATE TABLE IF NOT EXISTS breach_probability (
    vintage     DATE NOT NULL,
    scenario    VARCHAR NOT NULL,
    level       VARCHAR NOT NULL,
    series_id   VARCHAR NOT NULL,
    quarter_end DATE NOT NULL,
    horizon     INTEGER NOT NULL,
    threshold   DOUBLE NOT NULL,
    probability DOUBLE NOT NULL,
    portfolio   VARCHAR,
    PRIMARY KEY (vintage, scenario, level, series_id, quarter_end, threshold)
);

CREATE TABLE IF NOT EXISTS forecast_accuracy (
    model          VARCHAR NOT NULL,
    level          VARCHAR NOT NULL,
    horizon        INTEGER NOT NULL,
    origins        INTEGER NOT NULL,
    n              INTEGER NOT NULL,
    mae_pp         DOUBLE,
    bias_pp        DOUBLE,
    mase           DOUBLE,
    swis           DOUBLE,
    coverage_80    DOUBLE,
    coverage_95    DOUBLE,
    skill_vs_naive DOUBLE,
    PRIMARY KEY (model, level, horizon)
);

CREATE TABLE IF NOT EXISTS forecast_choice (
    vintage        DATE NOT NULL,
    level          VARCHAR NOT NULL,
    series_id      VARCHAR NOT NULL,
    quantity       VARCHAR NOT NULL,
    member         VARCHAR NOT NULL,
    weight         DOUBLE NOT NULL,
    backtest_error DOUBLE,
    fallback       VARCHAR NOT NULL,
    reason         VARCHAR NOT NULL,
    PRIMARY KEY (vintage, level, series_id, quantity, member)
);

-- Every member of the combination replayed over past quarters: how the model for today was chosen, not a track record.
CREATE TABLE IF NOT EXISTS backtest_accuracy (
    model          VARCHAR NOT NULL,
    level          VARCHAR NOT NULL,
    horizon        INTEGER NOT NULL,
    origins        INTEGER NOT NULL,
    n              INTEGER NOT NULL,
    mae_pp         DOUBLE,
    bias_pp        DOUBLE,
    mase           DOUBLE,
    swis           DOUBLE,
    coverage_80    DOUBLE,
    coverage_95    DOUBLE,
    skill_vs_naive DOUBLE,
    PRIMARY KEY (model, level, horizon)
);

-- What each frozen forecast was made from.
CREATE TABLE IF NOT EXISTS vintages (
    vintage          DATE PRIMARY KEY,
    as_of            DATE NOT NULL,
    known_by         DATE NOT NULL,
    data_fingerprint VARCHAR NOT NULL,
    code_version     VARCHAR NOT NULL,
    seed             BIGINT NOT NULL,
    settings         VARCHAR NOT NULL,
    documents        INTEGER NOT NULL,
    observations     INTEGER NOT NULL,
    series           INTEGER NOT NULL,
    origin           VARCHAR NOT NULL CHECK (origin IN ('run', 'backfill'))
);

-- Each forecast of a vintage beside the outcome, once that has come.
CREATE TABLE IF NOT EXISTS forecast_scores (
    vintage         DATE NOT NULL,
    level           VARCHAR NOT NULL,
    series_id       VARCHAR NOT NULL,
    stack           VARCHAR,
    unit            VARCHAR NOT NULL,
    quarter_end     DATE NOT NULL,
    horizon         INTEGER NOT NULL,
    occupancy       DOUBLE NOT NULL,
    known_at        DATE,
    occupancy_p025  DOUBLE,
    occupancy_p10   DOUBLE NOT NULL,
    occupancy_p50   DOUBLE NOT NULL,
    occupancy_p90   DOUBLE NOT NULL,
    occupancy_p975  DOUBLE,
    last_value      DOUBLE,
    error_pp        DOUBLE NOT NULL,
    last_value_error_pp DOUBLE,
    inside_80       BOOLEAN NOT NULL,
    inside_95       BOOLEAN,
    model           VARCHAR NOT NULL,
    PRIMARY KEY (vintage, level, series_id, quarter_end)
);

-- Forecasts that others published, beside the outcome and what the last value and our own vintage said.
CREATE TABLE IF NOT EXISTS outside_forecasts (
    observation_id    VARCHAR PRIMARY KEY,
    source            VARCHAR NOT NULL,
    market            VARCHAR,
    metric            VARCHAR NOT NULL,
    period_end        DATE NOT NULL,
    unit              VARCHAR NOT NULL,
    made_on           DATE NOT NULL,
    value             DOUBLE NOT NULL,
    actual            DOUBLE,
    actual_known_at   DATE,
    last_value        DOUBLE,
    last_value_period DATE,
    series_id         VARCHAR,
    vintage           DATE,
    own_value         DOUBLE,
    error             DOUBLE,
    last_value_error  DOUBLE,
    own_error         DOUBLE
);

-- What moved a forecast between two states of knowledge, by cause; the parts of a series and quarter add up to its change.
CREATE TABLE IF NOT EXISTS forecast_bridge (
    vintage_from       DATE NOT NULL,
    vintage_to         DATE NOT NULL,
    scenario           VARCHAR NOT NULL,
    level              VARCHAR NOT NULL,
    series_id          VARCHAR NOT NULL,
    quarter_end        DATE NOT NULL,
    unit               VARCHAR NOT NULL,
    position           INTEGER NOT NULL,
    cause              VARCHAR NOT NULL,
    delta_leased       DOUBLE,
    delta_occupancy_pp DOUBLE NOT NULL,
    because            VARCHAR NOT NULL,
    portfolio          VARCHAR,
    PRIMARY KEY (vintage_from, vintage_to, scenario, level, series_id, quarter_end, cause)
);

CREATE TABLE IF NOT EXISTS source_disagreements (
    market           VARCHAR NOT NULL,
    metric           VARCHAR NOT NULL,
    period_end       DATE,
    source_a         VARCHAR NOT NULL,
    value_a          DOUBLE NOT NULL,
    definition_a     VARCHAR NOT NULL,
    source_b         VARCHAR NOT NULL,
    value_b          DOUBLE NOT NULL,
    definition_b     VARCHAR NOT NULL,
    period_end_b     DATE,
    observation_id_a VARCHAR,
    observation_id_b VARCHAR,
    claim_id_a       VARCHAR,
    claim_id_b       VARCHAR,
    remark           VARCHAR
);

-- What people are told without looking. A fact has one row, ever; who was told by which address is no part of it.
CREATE TABLE IF NOT EXISTS alerts (
    alert_id     VARCHAR PRIMARY KEY,
    raised_at    TIMESTAMP NOT NULL,
    vintage      DATE NOT NULL,
    kind         VARCHAR NOT NULL,
    severity     VARCHAR NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    level        VARCHAR,
    series_id    VARCHAR,
    message      VARCHAR NOT NULL,
    delivered_at TIMESTAMP,
    rule         VARCHAR NOT NULL,
    subject      VARCHAR NOT NULL,
    fact         VARCHAR NOT NULL,
    since        DATE NOT NULL,
    value        DOUBLE,
    limit_value  DOUBLE,
    unit         VARCHAR,
    document_id  VARCHAR,
    runbook      VARCHAR NOT NULL,
    resolved_at  TIMESTAMP
);

CREATE TABLE IF NOT EXISTS claims (
    claim_id    VARCHAR PRIMARY KEY,
    topic       VARCHAR NOT NULL,
    statement   VARCHAR NOT NULL,
    value       VARCHAR,
    unit        VARCHAR,
    period      VARCHAR,
    source      VARCHAR NOT NULL,
    grade       VARCHAR NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    default_use VARCHAR,
    note        VARCHAR
);

CREATE TABLE IF NOT EXISTS assumptions (
    parameter VARCHAR PRIMARY KEY,
    value     DOUBLE NOT NULL,
    low       DOUBLE,
    high      DOUBLE,
    unit      VARCHAR NOT NULL,
    basis     VARCHAR NOT NULL,
    used_in   VARCHAR NOT NULL,
    note      VARCHAR
);

CREATE TABLE IF NOT EXISTS runs (
    run_id       VARCHAR PRIMARY KEY,
    started_at   TIMESTAMP NOT NULL,
    finished_at  TIMESTAMP,
    outcome      VARCHAR NOT NULL,
    code_version VARCHAR,
    documents    INTEGER,
    observations INTEGER,
    vintage      DATE,
    seed         BIGINT
);

-- What the operators' data files say, as far as SQL needs it. Replaced as a whole by loading.load_operators.
CREATE TABLE IF NOT EXISTS internal.operators (
    operator           VARCHAR PRIMARY KEY,
    slug               VARCHAR NOT NULL,
    kind               VARCHAR NOT NULL CHECK (kind IN ('operator', 'market_source')),
    group_scope        VARCHAR NOT NULL,
    market             VARCHAR,
    reporting_lag_days INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS internal.operator_jurisdictions (
    operator     VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    share        DOUBLE NOT NULL CHECK (share > 0 AND share <= 1),
    PRIMARY KEY (operator, jurisdiction)
);

CREATE TABLE IF NOT EXISTS internal.operator_perimeters (
    operator  VARCHAR NOT NULL,
    perimeter VARCHAR NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (operator, perimeter)
);

CREATE TABLE IF NOT EXISTS internal.scope_parts (
    operator VARCHAR NOT NULL,
    scope    VARCHAR NOT NULL,
    part_of  VARCHAR NOT NULL,
    PRIMARY KEY (operator, scope)
);

-- Sites as each document names them; `facilities` is made of these (sql/facilities.sql).
CREATE TABLE IF NOT EXISTS internal.facility_mentions (
    facility_id  VARCHAR NOT NULL,
    operator     VARCHAR NOT NULL,
    name         VARCHAR NOT NULL,
    market       VARCHAR,
    jurisdiction VARCHAR,
    document_id  VARCHAR NOT NULL,
    PRIMARY KEY (document_id, facility_id)
);

-- Order of trust among kinds of source: 1 before 2, and within one position the later figure.
CREATE TABLE IF NOT EXISTS internal.tiers (
    tier     VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL
);

INSERT OR REPLACE INTO internal.tiers VALUES
    ('company', 1),
    ('filing', 1),
    ('newswire', 1),
    ('annual_report', 1),
    ('annual_report_extracted', 2),
    ('broker', 2),
    ('transcript', 2),
    ('press', 3),
    ('summary', 4);

-- What each source counts (data/ledger/source_definitions.csv).
CREATE TABLE IF NOT EXISTS internal.source_definitions (
    source     VARCHAR NOT NULL,
    market     VARCHAR NOT NULL,
    metric     VARCHAR NOT NULL,
    definition VARCHAR NOT NULL,
    claim_id   VARCHAR,
    PRIMARY KEY (source, market, metric)
);

-- Figures that claims state, put as data so that sources can be compared (data/ledger/stated_figures.csv).
CREATE TABLE IF NOT EXISTS internal.stated_figures (
    claim_id       VARCHAR NOT NULL,
    source         VARCHAR NOT NULL,
    market         VARCHAR NOT NULL,
    metric         VARCHAR NOT NULL,
    period_end     DATE,
    value          DOUBLE NOT NULL,
    unit           VARCHAR NOT NULL,
    rounding       DOUBLE NOT NULL,
    is_approximate BOOLEAN NOT NULL,
    known_at       DATE NOT NULL
);

-- Where an operator's capacity stands, beyond what its data file says (data/stack/operator_jurisdictions.csv).
CREATE TABLE IF NOT EXISTS internal.jurisdiction_estimates (
    operator     VARCHAR NOT NULL,
    scope        VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    share        DOUBLE NOT NULL CHECK (share > 0 AND share <= 1),
    provenance   VARCHAR NOT NULL CHECK (provenance IN ('observed', 'estimated', 'assumed')),
    basis        VARCHAR NOT NULL,
    PRIMARY KEY (operator, scope, jurisdiction)
);

-- Stack shares of operators and sites, before they are written out for every series (sql/history.sql).
CREATE TABLE IF NOT EXISTS internal.entity_stack_shares (
    level          VARCHAR NOT NULL,
    entity_id      VARCHAR NOT NULL,
    mainland_share DOUBLE NOT NULL,
    us_share       DOUBLE NOT NULL,
    dual_share     DOUBLE NOT NULL,
    unknown_share  DOUBLE NOT NULL,
    grade          VARCHAR NOT NULL,
    evidence_count INTEGER NOT NULL,
    PRIMARY KEY (level, entity_id)
);

-- Rent rolls: facilities and stack evidence go into their own tables above; what else a rent roll says stands here.
CREATE TABLE IF NOT EXISTS portfolios (
    portfolio    VARCHAR PRIMARY KEY,
    as_of        DATE NOT NULL,
    illustrative BOOLEAN NOT NULL,
    facilities   INTEGER NOT NULL,
    leases       INTEGER NOT NULL,
    documents    VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS leases (
    portfolio               VARCHAR NOT NULL,
    lease_id                VARCHAR NOT NULL,
    facility_id             VARCHAR NOT NULL,
    tenant_id               VARCHAR NOT NULL,
    tenant_name             VARCHAR,
    sector                  VARCHAR NOT NULL,
    sensitivity_tier        VARCHAR NOT NULL,
    mw                      DOUBLE NOT NULL,
    start_date              DATE,
    end_date                DATE NOT NULL,
    commencement_date       DATE NOT NULL,
    commenced               BOOLEAN,
    monthly_rent_hkd_per_kw DOUBLE,
    stack                   VARCHAR NOT NULL,
    stack_weight_mainland   DOUBLE,
    renewal_options         VARCHAR,
    renewal_of              VARCHAR,
    document_id             VARCHAR NOT NULL,
    locator                 VARCHAR NOT NULL,
    provenance              VARCHAR NOT NULL CHECK (provenance IN ('observed', 'estimated', 'assumed')),
    PRIMARY KEY (portfolio, lease_id)
);

CREATE TABLE IF NOT EXISTS portfolio_history (
    portfolio     VARCHAR NOT NULL,
    facility_id   VARCHAR NOT NULL,
    quarter_end   DATE NOT NULL,
    in_service_mw DOUBLE NOT NULL,
    leased_mw     DOUBLE NOT NULL,
    utilised_mw   DOUBLE,
    document_id   VARCHAR NOT NULL,
    locator       VARCHAR NOT NULL,
    PRIMARY KEY (facility_id, quarter_end)
);

CREATE TABLE IF NOT EXISTS deliveries (
    portfolio    VARCHAR NOT NULL,
    facility_id  VARCHAR NOT NULL,
    planned_date DATE NOT NULL,
    mw           DOUBLE NOT NULL,
    document_id  VARCHAR NOT NULL,
    locator      VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS lease_expiries (
    as_of            DATE NOT NULL,
    level            VARCHAR NOT NULL,
    series_id        VARCHAR NOT NULL,
    stack            VARCHAR NOT NULL,
    sector           VARCHAR NOT NULL,
    sensitivity_tier VARCHAR NOT NULL,
    expiry_quarter   DATE NOT NULL,
    leases           INTEGER NOT NULL,
    mw               DOUBLE NOT NULL,
    share_of_leased  DOUBLE NOT NULL,
    PRIMARY KEY (as_of, level, series_id, stack, sector, sensitivity_tier, expiry_quarter)
);

CREATE TABLE IF NOT EXISTS wale (
    as_of           DATE NOT NULL,
    level           VARCHAR NOT NULL,
    series_id       VARCHAR NOT NULL,
    wale_mw_years   DOUBLE,
    wale_rent_years DOUBLE,
    PRIMARY KEY (as_of, level, series_id)
);

CREATE TABLE IF NOT EXISTS backlog_runoff (
    vintage       DATE NOT NULL,
    scenario      VARCHAR NOT NULL,
    level         VARCHAR NOT NULL,
    series_id     VARCHAR NOT NULL,
    quarter_end   DATE NOT NULL,
    horizon       INTEGER NOT NULL,
    commencing_mw DOUBLE NOT NULL,
    backlog_mw    DOUBLE NOT NULL,
    PRIMARY KEY (vintage, scenario, level, series_id, quarter_end)
);

CREATE TABLE IF NOT EXISTS contiguous_space (
    vintage      DATE NOT NULL,
    scenario     VARCHAR NOT NULL,
    series_id    VARCHAR NOT NULL,
    quarter_end  DATE NOT NULL,
    horizon      INTEGER NOT NULL,
    block_mw_p10 DOUBLE NOT NULL,
    block_mw_p50 DOUBLE NOT NULL,
    block_mw_p90 DOUBLE NOT NULL,
    at_least_mw  DOUBLE NOT NULL,
    probability  DOUBLE NOT NULL,
    PRIMARY KEY (vintage, scenario, series_id, quarter_end)
);

-- Without a key: an index over so many rows would be larger than the rows.
CREATE TABLE IF NOT EXISTS path_samples (
    vintage       DATE NOT NULL,
    scenario      VARCHAR NOT NULL,
    level         VARCHAR NOT NULL,
    series_id     VARCHAR NOT NULL,
    quarter_end   DATE NOT NULL,
    path          INTEGER NOT NULL,
    leased_mw     DOUBLE NOT NULL,
    in_service_mw DOUBLE NOT NULL
);

CREATE TABLE IF NOT EXISTS lease_estimates (
    vintage          DATE NOT NULL,
    portfolio        VARCHAR NOT NULL,
    estimate         VARCHAR NOT NULL,
    applies_to       VARCHAR NOT NULL,
    value            DOUBLE NOT NULL,
    low              DOUBLE,
    high             DOUBLE,
    prior            DOUBLE,
    events           DOUBLE,
    trials           DOUBLE,
    effective_events DOUBLE,
    from_data        DOUBLE,
    note             VARCHAR,
    PRIMARY KEY (vintage, portfolio, estimate, applies_to)
);

-- How the simulation of leases and the panel forecaster did at past quarter ends, and what each is worth in the join.
CREATE TABLE IF NOT EXISTS join_weights (
    vintage        DATE NOT NULL,
    portfolio      VARCHAR NOT NULL,
    horizon        INTEGER NOT NULL,
    pairs          INTEGER NOT NULL,
    origins        INTEGER NOT NULL,
    lease_error    DOUBLE,
    panel_error    DOUBLE,
    shrunk         DOUBLE NOT NULL,
    gain           DOUBLE,
    standard_error DOUBLE,
    weight         DOUBLE NOT NULL,
    PRIMARY KEY (vintage, portfolio, horizon)
);

-- What the contracts alone imply where an operator publishes only totals, WALE and an expiry profile.
CREATE TABLE IF NOT EXISTS ladder_forecast (
    vintage        DATE NOT NULL,
    level          VARCHAR NOT NULL,
    series_id      VARCHAR NOT NULL,
    operator       VARCHAR NOT NULL,
    quarter_end    DATE NOT NULL,
    horizon        INTEGER NOT NULL,
    unit           VARCHAR NOT NULL,
    in_service_p50 DOUBLE,
    leased_p05     DOUBLE,
    leased_p10     DOUBLE,
    leased_p25     DOUBLE,
    leased_p50     DOUBLE,
    leased_p75     DOUBLE,
    leased_p90     DOUBLE,
    leased_p95     DOUBLE,
    occupancy_p05  DOUBLE,
    occupancy_p10  DOUBLE,
    occupancy_p25  DOUBLE,
    occupancy_p50  DOUBLE,
    occupancy_p75  DOUBLE,
    occupancy_p90  DOUBLE,
    occupancy_p95  DOUBLE,
    occupancy_mean DOUBLE,
    between_share  DOUBLE,
    model          VARCHAR NOT NULL,
    provenance     VARCHAR NOT NULL CHECK (provenance IN ('observed', 'estimated', 'assumed')),
    as_of          DATE NOT NULL,
    weighted       VARCHAR NOT NULL,
    rests_on       VARCHAR NOT NULL,
    known_at       DATE,
    PRIMARY KEY (vintage, series_id, quarter_end)
);

CREATE TABLE IF NOT EXISTS scenarios (
    scenario    VARCHAR PRIMARY KEY,
    title       VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    includes    VARCHAR,
    lock_in     DOUBLE NOT NULL,
    dual_stack  DOUBLE NOT NULL,
    shocks      INTEGER NOT NULL,
    file        VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS shocks (
    scenario     VARCHAR NOT NULL,
    shock_id     VARCHAR NOT NULL,
    acts_on      VARCHAR NOT NULL,
    value        DOUBLE NOT NULL,
    low          DOUBLE NOT NULL,
    high         DOUBLE NOT NULL,
    basis        VARCHAR NOT NULL,
    where_json   VARCHAR NOT NULL,
    from_quarter INTEGER NOT NULL,
    full_quarter INTEGER NOT NULL,
    to_quarter   INTEGER,
    to_stack     VARCHAR,
    eased_by     VARCHAR,
    note         VARCHAR,
    PRIMARY KEY (scenario, shock_id)
);

CREATE TABLE IF NOT EXISTS scenario_effects (
    vintage     DATE NOT NULL,
    scenario    VARCHAR NOT NULL,
    level       VARCHAR NOT NULL,
    series_id   VARCHAR NOT NULL,
    quarter_end DATE NOT NULL,
    position    INTEGER NOT NULL,
    kind        VARCHAR NOT NULL,
    cause       VARCHAR NOT NULL,
    delta_mw    DOUBLE NOT NULL,
    se_mw       DOUBLE,
    PRIMARY KEY (vintage, scenario, level, series_id, quarter_end, position)
);

CREATE TABLE IF NOT EXISTS scenario_sensitivity (
    vintage     DATE NOT NULL,
    scenario    VARCHAR NOT NULL,
    level       VARCHAR NOT NULL,
    series_id   VARCHAR NOT NULL,
    quarter_end DATE NOT NULL,
    parameter   VARCHAR NOT NULL,
    basis       VARCHAR NOT NULL,
    low         DOUBLE NOT NULL,
    high        DOUBLE NOT NULL,
    low_mw      DOUBLE NOT NULL,
    high_mw     DOUBLE NOT NULL,
    swing_mw    DOUBLE NOT NULL,
    swing_pp    DOUBLE NOT NULL,
    PRIMARY KEY (vintage, scenario, level, series_id, quarter_end, parameter)
);

CREATE TABLE IF NOT EXISTS scenario_carriers (
    vintage         DATE NOT NULL,
    scenario        VARCHAR NOT NULL,
    portfolio       VARCHAR NOT NULL,
    lease_id        VARCHAR NOT NULL,
    facility_id     VARCHAR NOT NULL,
    tenant_id       VARCHAR NOT NULL,
    quarter_end     DATE NOT NULL,
    base_mw         DOUBLE NOT NULL,
    scenario_mw     DOUBLE NOT NULL,
    delta_mw        DOUBLE NOT NULL,
    PRIMARY KEY (vintage, scenario, portfolio, lease_id)
);
