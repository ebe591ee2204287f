"""The assets in words: what each is to a person of the business, who answers for it, what it is made of.

Data about assets alone, one entry each, in the order of the way of a figure. What makes them is in shells.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

REPORTS, WAREHOUSE, OUTLOOK, DELIVERY = "reports", "warehouse", "outlook", "delivery"
READERS_TEAM, MODELS_TEAM, SERVICE_TEAM = "team:report-readers", "team:forecasting", "team:service"


@dataclass(frozen=True)
class Entry:
    """One asset. `table` says that a warehouse table of the same name stands behind it.

    `lineage` maps a column to the (asset, column) pairs it is made from; columns taken over unchanged are not listed.
    """

    name: str
    group: str
    description: str
    deps: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("duckdb",)
    owner: str = SERVICE_TEAM
    table: bool = True
    lineage: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


def _same(source: str, *columns: str) -> dict[str, tuple[tuple[str, str], ...]]:
    return {column: ((source, column),) for column in columns}


_LEVELS = ("in_service", "leased")
_FIGURE = (("observations", "value"), ("observations", "metric"), ("observations", "perimeter"))
_HISTORY_FROM_FIGURES = dict.fromkeys(
    (*_LEVELS, "committed", "utilised", "occupancy", "commitment_rate", "utilisation_rate"), _FIGURE
)
_STACK_INPUTS = (("stack_evidence", "points_to"), ("stack_evidence", "strength"), ("stack_evidence", "evidence_date"))
_CLASSES = ("mainland_share", "us_share", "dual_share", "unknown_share")
_LEASE_INPUTS = ("leases", "facilities", "portfolio_history", "deliveries", "stack_evidence", "assumptions")
_QUANTILES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "archived_documents",
        REPORTS,
        "Every report ever received, byte for byte, named by its content hash with a receipt beside it. The archive "
        "and the published history are the truth: everything else can be made again from them. The same content "
        "under two names is one document; a file that disappears from the inbox stays here. **Look here when** "
        "somebody says that a report was sent: it is in the list of files received, or passed over with the reason.",
        kinds=("file",),
        owner=READERS_TEAM,
        table=False,
    ),
    Entry(
        "document_readings",
        REPORTS,
        "What the readers take from each document: candidate figures with value, unit, period, scope, basis, place "
        "and the exact quote, and figures they recognised and did not take. Each document is read once for each "
        "version of layouts, vocabulary and readers, in a child process with bounded memory and time. **Look here "
        "when** a document gave nothing: it is listed with what kept it from being read.",
        deps=("archived_documents",),
        kinds=("python", "html", "pdf", "csv", "excel"),
        owner=READERS_TEAM,
        table=False,
    ),
    Entry(
        "documents",
        WAREHOUSE,
        "One row per document with its status and the reason in a sentence: accepted, quarantined (held back until "
        "somebody looks) or rejected (not a report). **Look here first** every morning: what is held back, which "
        "operators are late, and over time how much arrives and how much of it is taken.",
        deps=("document_readings",),
        owner=READERS_TEAM,
    ),
    Entry(
        "observations",
        WAREHOUSE,
        "Every accepted figure as printed, in its native unit, with document, place, quote and the day it was "
        "known: what an analyst reconciles to the company's own report. A restated figure is a new row linked to "
        "the one it supersedes; both stay. Its checks are the rules on figures: each failing row is listed with "
        "what was found, what was expected and what to do.",
        deps=("document_readings",),
        owner=READERS_TEAM,
    ),
    Entry(
        "quarantine",
        WAREHOUSE,
        "Every figure that was read and not accepted, with the rule that held it back. Nothing is dropped silently: "
        "mend the cause (report, layout file, rule) and the next run lets it through. The list by rule has an "
        "example to start from; the runbook has a section for each rule.",
        deps=("document_readings",),
        owner=READERS_TEAM,
    ),
    Entry(
        "portfolios",
        WAREHOUSE,
        "Rent rolls that were delivered, one row a portfolio (a folder of files). One that calls itself fictitious is "
        "marked illustrative, and none of its figures is real.",
        deps=("document_readings",),
        kinds=("duckdb", "csv", "excel"),
        owner=READERS_TEAM,
    ),
    Entry(
        "leases",
        WAREHOUSE,
        "Leases of rent rolls with file and place: tenant, sector, sensitivity, stack, MW, dates, rent. Rows that "
        "break a rule are in quarantine and not here; its checks are the rules on rent rolls. What is missing here "
        "is missing in every simulated building.",
        deps=("document_readings",),
        kinds=("duckdb", "csv", "excel"),
        owner=READERS_TEAM,
    ),
    Entry(
        "portfolio_history",
        WAREHOUSE,
        "MW in service, leased and used by building and quarter, as a rent roll states them: what renewal, early "
        "ends and absorption are learnt from, and what the leases have to add up to.",
        deps=("document_readings",),
        kinds=("duckdb", "csv", "excel"),
        owner=READERS_TEAM,
    ),
    Entry(
        "deliveries",
        WAREHOUSE,
        "Phases under construction, with MW and the date last announced. A phase slips in the simulation with the "
        "stated prior; one whose date has passed is flagged.",
        deps=("document_readings",),
        kinds=("duckdb", "csv", "excel"),
        owner=READERS_TEAM,
    ),
    Entry(
        "facilities",
        WAREHOUSE,
        "Sites named in the reports and in the operators' data files, with market and jurisdiction. Jurisdiction is "
        "the first evidence for a site's technology stack.",
        deps=("observations",),
        owner=READERS_TEAM,
    ),
    Entry(
        "stack_evidence",
        WAREHOUSE,
        "Dated evidence for the technology stack of a site or operator, each with a strength and its source. "
        "Jurisdiction is moderate evidence; the nationality of an owner is a hint and never decides; Hong Kong is "
        "contested and needs evidence of the site itself.",
        deps=("observations", "facilities", "claims"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "stack_shares",
        WAREHOUSE,
        "Share of capacity on the mainland, US or dual stack, and the share nobody can tell (unknown is a class), "
        "per facility and operator, with a grade. What a tenant asks: who can host my stack, and how is that known?",
        deps=("stack_evidence",),
        owner=MODELS_TEAM,
        lineage=dict.fromkeys(_CLASSES, _STACK_INPUTS),
    ),
    Entry(
        "occupancy_history",
        WAREHOUSE,
        "How full it was: in-service, leased, committed and utilised capacity per quarter, by operator, market, "
        "stack and in total, each in its native unit (units are never summed across). Occupancy is leased divided "
        "by in service: physical, not economic. Each row says how much of it is observed, estimated or assumed; the "
        "numbers over time show whether that share erodes because reports are late.",
        deps=("observations", "stack_shares"),
        owner=MODELS_TEAM,
        lineage={
            **_HISTORY_FROM_FIGURES,
            **_same("observations", "unit", "known_at"),
            "quarter_end": (("observations", "period_end"),),
            "stack": tuple(("stack_shares", name) for name in _CLASSES),
        },
    ),
    Entry(
        "source_disagreements",
        WAREHOUSE,
        "Two sources, one market, one metric, one date, two values: with the definition each of them uses. Four "
        "printed vacancies for Hong Kong lie between 19 and 35 %, and most of the gap is what is counted.",
        deps=("observations",),
        owner=MODELS_TEAM,
        lineage={
            "value_a": (("observations", "value"),),
            "value_b": (("observations", "value"),),
            "source_a": (("observations", "operator"),),
            "source_b": (("observations", "operator"),),
        },
    ),
    Entry(
        "claims",
        WAREHOUSE,
        "The claims ledger: what is said about policy and market, with source and grade A to D. A claim of grade D "
        "(one article, nobody confirms) acts only in a scenario that names it.",
        kinds=("duckdb", "csv"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "assumptions",
        WAREHOUSE,
        "Every parameter of the models with the claim or the analyst's prior behind it, its range and what uses it.",
        deps=("claims",),
        owner=MODELS_TEAM,
    ),
    Entry(
        "occupancy_forecast",
        OUTLOOK,
        "How full it will be: eight quarters ahead for every series with at least six points. Capacity in service "
        "and leased are forecast, occupancy is divided, as quantiles between 0 and 1 (p10 to p90 is the 80 % band, "
        "p50 the number to quote). One vintage per quarter, made with what was known then and frozen afterwards. "
        "**Look here when** bands or medians have moved: why_occupancy and why_capacity say whether the last value "
        "or the combination is published.",
        deps=("occupancy_history", "stack_shares", "assumptions"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
        lineage={
            **{f"leased_{q}": (("occupancy_history", "leased"),) for q in _QUANTILES},
            **{f"occupancy_{q}": tuple(("occupancy_history", name) for name in _LEVELS) for q in _QUANTILES},
            "in_service_p50": (("occupancy_history", "in_service"),),
            "occupancy_mean": tuple(("occupancy_history", name) for name in _LEVELS),
        },
    ),
    Entry(
        "breach_probability",
        OUTLOOK,
        "Probability that occupancy falls below a threshold, by series and quarter: the covenant question. Over "
        "time: how many reported series are more likely than not to be below each threshold in a year.",
        deps=("occupancy_history", "stack_shares", "assumptions"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
        lineage={"probability": tuple(("occupancy_history", name) for name in _LEVELS)},
    ),
    Entry(
        "backtest_accuracy",
        OUTLOOK,
        "How each model and the combination would have done at past quarters, each replayed with what was known "
        "then. It tells why today's forecast is made as it is; how good published forecasts were stands in "
        "forecast_accuracy.",
        deps=("occupancy_history", "stack_shares", "assumptions"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "vintages",
        OUTLOOK,
        "Every frozen forecast with what it was made from: as-of day, fingerprint of the figures, code version, "
        "seed and settings. A vintage is never changed after its quarter; past ones are made later with what was "
        "known then, and say so.",
        deps=("occupancy_forecast",),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "forecast_scores",
        OUTLOOK,
        "Each forecast of a frozen vintage beside the outcome, as soon as a report tells it: error, whether the "
        "band held it, and the last value as the bar. The list has the largest misses of the last eight vintages: a "
        "shock that all series share, or one series misread?",
        deps=("vintages", "occupancy_history"),
        kinds=("duckdb",),
        owner=MODELS_TEAM,
    ),
    Entry(
        "forecast_accuracy",
        OUTLOOK,
        "How good were we? Frozen vintages against the outcomes that came, by level and horizon: error, bias, "
        "coverage of the bands, skill against the last value. Nothing in it is made with hindsight. **Look at the "
        "plots:** coverage_80 well away from 0.8 on many outcomes means bands that are too narrow or too wide; "
        "skill below 0 means that readers were better off with the last value.",
        deps=("forecast_scores",),
        kinds=("duckdb",),
        owner=MODELS_TEAM,
    ),
    Entry(
        "outside_forecasts",
        OUTLOOK,
        "What others forecast (market tables with forecast columns) beside what came, the last value known then, "
        "and our own vintage of that day.",
        deps=("observations", "vintages"),
        kinds=("duckdb",),
        owner=MODELS_TEAM,
    ),
    Entry(
        "forecast_bridge",
        OUTLOOK,
        "What moved the forecast? The change from one vintage to the next by cause - restatement, new report, lease "
        "event, assumption or scenario, model or weights - with the documents, leases or parameters behind each. "
        "The parts of a series and quarter add up to its change. The list has the largest parts of the newest step; "
        "a large part of *model or weights* on unchanged reports is a question to the forecasting team.",
        deps=("vintages", *_LEASE_INPUTS, "scenarios", "shocks", "scenario_effects"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "forecast_choice",
        OUTLOOK,
        "Why this model for this series: the members of the combination, their weights and errors at earlier origins, "
        "why a member fell back, and at which horizons the last value stands because nothing beat it.",
        deps=("occupancy_history", "stack_shares", "assumptions"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "lease_expiries",
        OUTLOOK,
        "Expiring MW by quarter, stack, sector and tier, of leases in place; options not counted. What a planner "
        "has to sell again, and when.",
        deps=("leases", "facilities"),
        owner=MODELS_TEAM,
        lineage={"mw": (("leases", "mw"),), "expiry_quarter": (("leases", "end_date"),)},
    ),
    Entry(
        "wale",
        OUTLOOK,
        "Weighted average lease expiry, in years, by MW and by rent, now and at the last four quarter ends. The two "
        "weights can differ by years; quote which one.",
        deps=("leases", "facilities"),
        owner=MODELS_TEAM,
        lineage={
            "wale_mw_years": (("leases", "end_date"), ("leases", "mw")),
            "wale_rent_years": (("leases", "end_date"), ("leases", "mw"), ("leases", "monthly_rent_hkd_per_kw")),
        },
    ),
    Entry(
        "backlog_runoff",
        OUTLOOK,
        "MW signed and not commenced: what begins in each quarter and what is left, from the dates of the leases "
        "themselves and the delays that the portfolio has had.",
        deps=_LEASE_INPUTS,
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "contiguous_space",
        OUTLOOK,
        "Largest contiguous free block of each building by quarter, and the probability that it holds 5 MW: what a "
        "large tenant asks, which a vacancy rate does not answer.",
        deps=_LEASE_INPUTS,
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "path_samples",
        OUTLOOK,
        "Joint sample paths of every scenario, for questions about several buildings at once. Bands of buildings "
        "must not be added: their tenants leave together.",
        deps=_LEASE_INPUTS,
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "lease_estimates",
        OUTLOOK,
        "Renewal, early ends, absorption, delays: what the portfolio's own events say, shrunk to stated priors, with "
        "the events behind each estimate.",
        deps=_LEASE_INPUTS,
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "join_weights",
        OUTLOOK,
        "How the simulated leases and the panel forecaster did at past quarter ends, and the weight of the leases "
        "in what is published. Weight 1: the simulation alone, since joining has not been shown to help.",
        deps=_LEASE_INPUTS,
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "ladder_forecast",
        OUTLOOK,
        "What contracts alone imply for operators that publish only totals, WALE and an expiry profile: estimated "
        "lease ladders, simulated with the stated priors.",
        deps=("observations", "occupancy_history", "assumptions"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "scenarios",
        OUTLOOK,
        "Scenarios in force: the bundled files and those of COLOCAST_HOME/scenarios. A wrong file stops the step "
        "with file, line and key.",
        deps=("claims",),
        kinds=("duckdb", "yaml"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "shocks",
        OUTLOOK,
        "Every parameter of every scenario with its range and the claim or analyst prior behind it.",
        deps=("claims",),
        kinds=("duckdb", "yaml"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "scenario_effects",
        OUTLOOK,
        "What does a policy cost, and where? Waterfall from base to each scenario in MW, by shock and by what "
        "physically happens to leases; the charts of the leases hang here.",
        deps=(*_LEASE_INPUTS, "scenarios", "shocks"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "scenario_sensitivity",
        OUTLOOK,
        "Which assumptions swing the result most? Tornado: what each one moves between its low and its high, in MW "
        "and points.",
        deps=(*_LEASE_INPUTS, "scenarios", "shocks"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "scenario_carriers",
        OUTLOOK,
        "Which leases carry a scenario: expected MW of each under base and under it, the largest difference first.",
        deps=(*_LEASE_INPUTS, "scenarios", "shocks"),
        kinds=("duckdb", "python"),
        owner=MODELS_TEAM,
    ),
    Entry(
        "alerts",
        DELIVERY,
        "What people should be told without having to look, one row a fact, ever: a forecast that crosses a "
        "threshold, a late report, a document held back, a restatement, coverage outside its band, sources that "
        "disagree. The sensor alert_messenger tells each address once.",
        deps=(
            "documents",
            "observations",
            "occupancy_history",
            "breach_probability",
            "forecast_scores",
            "source_disagreements",
            "portfolios",
            "portfolio_history",
        ),
        kinds=("duckdb", "yaml"),
        lineage={
            "value": (
                ("breach_probability", "probability"),
                ("observations", "value"),
                ("forecast_scores", "inside_80"),
                ("source_disagreements", "value_a"),
                ("source_disagreements", "value_b"),
            ),
            "document_id": (("documents", "document_id"), ("observations", "document_id")),
            "series_id": (("breach_probability", "series_id"), ("occupancy_history", "series_id")),
        },
    ),
    Entry(
        "publication",
        DELIVERY,
        "The file for readers, published/occupancy.duckdb: written beside, checked, then renamed into place, so "
        "that no reader ever waits or meets half of it. Where a blocking rule fails there is no materialisation, "
        "and the last publication stands. Its checks are the rules on the tables as a whole.",
        deps=(
            "documents",
            "observations",
            "quarantine",
            "facilities",
            "stack_evidence",
            "stack_shares",
            "occupancy_history",
            "source_disagreements",
            "claims",
            "assumptions",
            "occupancy_forecast",
            "breach_probability",
            "backtest_accuracy",
            "vintages",
            "forecast_scores",
            "forecast_accuracy",
            "outside_forecasts",
            "forecast_bridge",
            "forecast_choice",
            "portfolios",
            "leases",
            "portfolio_history",
            "deliveries",
            "lease_expiries",
            "wale",
            "backlog_runoff",
            "contiguous_space",
            "path_samples",
            "lease_estimates",
            "join_weights",
            "ladder_forecast",
            "scenarios",
            "shocks",
            "scenario_effects",
            "scenario_sensitivity",
            "scenario_carriers",
            "alerts",
        ),
        table=False,
    ),
    Entry(
        "report_page",
        DELIVERY,
        "reports/index.html: one page that works offline; every number on it links to document, place and quote. "
        "Made from the published file alone, so that page and file never differ.",
        deps=("publication",),
        kinds=("html",),
        table=False,
    ),
    Entry(
        "housekeeping",
        DELIVERY,
        "What the service keeps of itself, and how much room that takes: once a day old runs, leftovers of killed "
        "runs, old copies and free space inside files go, by the bounds in docs/operations.md (What is kept, and how "
        "long). "
        "**Look here when** the disk gets full: bytes by part of COLOCAST_HOME over time, what was removed, what is "
        "free and what a run needs.",
        kinds=("file",),
        table=False,
    ),
)

BY_NAME = {entry.name: entry for entry in ENTRIES}
