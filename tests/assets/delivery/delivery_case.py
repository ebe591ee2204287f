"""A small published database with every kind of row the page and the exports must show, hostile words included."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMA = Path(__file__).resolve().parents[3] / "assets" / "warehouse" / "sql"
HOSTILE = '<script>alert("x")</script><img src=http://evil.example/a.png onerror=alert(1)>'
QUARTERS = [f"{year}-{end}" for year in (2023, 2024, 2025) for end in ("03-31", "06-30", "09-30", "12-31")]
AHEAD = [f"{year}-{end}" for year in (2026, 2027) for end in ("03-31", "06-30", "09-30", "12-31")]
ALPHA, BETA = "Alpha Data (fictitious)", "Beta REIT (fictitious)"
ALPHA_SERIES = "alpha-data-fictitious/group/mw"


@dataclass(frozen=True)
class Published:
    """The database, the archive folder beside it and where its page goes."""

    database: Path
    archive: Path
    page: Path


def empty(folder: Path) -> Published:
    """The schema and no rows."""
    at = Published(folder / "published" / "occupancy.duckdb", folder / "archive", folder / "reports" / "index.html")
    at.database.parent.mkdir(parents=True)
    with duckdb.connect(str(at.database)) as connection:
        for name in ("schema", "comments", "views"):
            connection.execute((SCHEMA / f"{name}.sql").read_text(encoding="utf-8"))
    return at


def full(folder: Path) -> Published:
    """Two operators, sums, a forecast with an earlier vintage, a bad document, claims, disagreements, a track record,
    a bridge between vintages, others' forecasts, alerts and a restated figure.
    """
    at = empty(folder)
    with duckdb.connect(str(at.database)) as connection:
        good = _document(connection, at.archive, f"alpha & sons {HOSTILE}.html", "accepted", ALPHA, None)
        _document(connection, at.archive, "=cmd|calc.html", "quarantined", HOSTILE, f"=1+1 rate contradicts {HOSTILE}")
        _alpha(connection, good)
        _beta(connection, good)
        _forecasts(connection)
        _stacks(connection)
        _disagreement(connection, good)
        _ledger(connection)
        _track_record(connection, good)
        _bridge(connection, good)
        _alerts(connection, good)
        _insert(
            connection,
            "quarantine",
            quarantine_id="q1",
            document_id=good,
            rule="rate_matches_areas",
            severity="quarantine_document",
            reason=f"printed 82.4 % but 72.4 % {HOSTILE}",
            row_json=f'{{"quote": "{HOSTILE}"}}',
            locator="row 3",
            first_seen_at="2025-11-21 08:00:00",
        )
        _insert(
            connection,
            "runs",
            run_id="run-1",
            started_at="2025-11-21 07:59:00",
            finished_at="2025-11-21 08:01:00",
            outcome="published",
            code_version="abc",
            documents=2,
            observations=30,
            vintage="2025-12-31",
            seed=0,
        )
    return at


def _insert(connection: duckdb.DuckDBPyConnection, table: str, **row: object) -> None:
    """One row by column names, so that a new column of the schema does not break the case."""
    names = ", ".join(row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def _document(
    connection: duckdb.DuckDBPyConnection, archive: Path, name: str, status: str, operator: str, reason: str | None
) -> str:
    data = name.encode()
    digest = hashlib.sha256(data).hexdigest()
    stored = archive / digest[:2] / f"{digest}.bin"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(data)
    _insert(
        connection,
        "documents",
        document_id=digest[:16],
        file_name=name,
        media_type="text/html",
        sha256=digest,
        bytes=len(data),
        operator=operator,
        published_on="2025-11-20",
        received_at="2025-11-21 08:00:00",
        status=status,
        reason=reason,
        layout="general",
        rows_accepted=2,
        rows_quarantined=0,
    )
    return digest[:16]


def _figure(connection: duckdb.DuckDBPyConnection, number: str, document_id: str, **given: object) -> None:
    row: dict[str, object] = {
        "operator": ALPHA,
        "scope": "group",
        "scope_level": "portfolio",
        "period_end": "2025-12-31",
        "cadence": "quarterly",
        "metric": "capacity_in_service",
        "value": 100.0,
        "unit": "mw",
        "basis": "as_reported",
        "perimeter": "",
        "trust": 0.9,
        "known_at": "2026-02-10",
        "locator": "table 1, row 2",
        "quote": "Capacity in service 100.0 MW",
        "tier": "company",
        "rounding": 0.05,
        "known_at_estimated": False,
    }
    _insert(connection, "observations", observation_id=number, document_id=document_id, **(row | given))


def _history(
    connection: duckdb.DuckDBPyConnection, level: str, series: str, quarter: str, occupancy: float, **given: object
) -> None:
    row: dict[str, object] = {
        "series_name": series,
        "unit": "mw",
        "in_service": 100.0,
        "leased": 100.0 * occupancy,
        "utilised": 100.0 * occupancy,
        "occupancy": occupancy,
        "utilisation_rate": occupancy,
        "observed_share": 1.0,
        "estimated_share": 0.0,
        "assumed_share": 0.0,
        "known_at": "2026-02-10",
        "members": 1,
    }
    _insert(connection, "occupancy_history", level=level, series_id=series, quarter_end=quarter, **(row | given))


def _alpha(connection: duckdb.DuckDBPyConnection, document_id: str) -> None:
    for index, quarter in enumerate(QUARTERS):
        occupancy = round(0.70 + 0.01 * index, 4)
        quote = f"In service {HOSTILE} \u202e100 MW"
        _figure(connection, f"a{index}", document_id, period_end=quarter, quote=quote)
        _figure(
            connection, f"b{index}", document_id, period_end=quarter, metric="capacity_utilised", value=100 * occupancy
        )
        _history(
            connection,
            "operator",
            ALPHA_SERIES,
            quarter,
            occupancy,
            series_name=f"Alpha Data {HOSTILE}",
            operator=ALPHA,
            stack="mainland",
            observation_ids=f"a{index} b{index}",
        )
        _history(
            connection, "stack", "stack/mainland/mw", quarter, occupancy, series_name="Mainland stack", stack="mainland"
        )
        _history(connection, "total", "total/mw", quarter, occupancy, series_name="All reporting operators")
    carried = {"observed_share": 0.0, "assumed_share": 1.0, "series_name": "All reporting operators"}
    _history(connection, "total", "total/mw", "2026-03-31", 0.81, **carried)


def _beta(connection: duckdb.DuckDBPyConnection, document_id: str) -> None:
    given = {"operator": BETA, "scope": "portfolio", "metric": "occupancy_rate", "unit": "pct"}
    _figure(connection, "c1", document_id, value=95.8, **given)
    _history(
        connection,
        "operator",
        "beta-reit-fictitious/portfolio/pct",
        "2025-12-31",
        0.958,
        series_name="Beta REIT, portfolio",
        operator=BETA,
        stack="unknown",
        unit="pct",
        in_service=None,
        leased=None,
        utilised=None,
        utilisation_rate=None,
        observation_ids="c1",
    )
    _history(
        connection,
        "facility",
        "beta-reit-fictitious/site-1/mw",
        "2025-12-31",
        0.5,
        series_name="Beta Site 1",
        operator=BETA,
        observed_share=0.0,
        assumed_share=1.0,
    )
    _figure(connection, "e1", document_id, period_end="2012-12-31", value=77.0, **given)
    _history(
        connection,
        "operator",
        "beta-reit-fictitious/old/pct",
        "2012-12-31",
        0.77,
        series_name="Beta REIT, old",
        operator=BETA,
        unit="pct",
        in_service=None,
        leased=None,
        observation_ids="e1",
    )


def _forecasts(connection: duckdb.DuckDBPyConnection) -> None:
    for level, series in (("operator", ALPHA_SERIES), ("stack", "stack/mainland/mw"), ("total", "total/mw")):
        for vintage, middle in (("2025-12-31", 0.82), ("2025-09-30", 0.80)):
            for horizon, quarter in enumerate(AHEAD, 1):
                steps = dict(zip(("p05", "p10", "p25", "p50", "p75", "p90", "p95"), range(-3, 4), strict=True))
                rates = {name: middle + 0.01 * horizon * step / 2 for name, step in steps.items()}
                _insert(
                    connection,
                    "occupancy_forecast",
                    vintage=vintage,
                    scenario="base",
                    level=level,
                    series_id=series,
                    stack="mainland",
                    quarter_end=quarter,
                    horizon=horizon,
                    unit="mw",
                    in_service_p50=100.0,
                    occupancy_mean=middle,
                    model="combination",
                    occupancy_p025=rates["p05"] - 0.01,
                    occupancy_p975=rates["p95"] + 0.01,
                    **{f"occupancy_{name}": rate for name, rate in rates.items()},
                    **{f"leased_{name}": 100 * rate for name, rate in rates.items()},
                )
        _insert(
            connection,
            "breach_probability",
            vintage="2025-12-31",
            scenario="base",
            level=level,
            series_id=series,
            quarter_end="2026-12-31",
            horizon=4,
            threshold=0.7,
            probability=0.12,
        )
    _insert(
        connection,
        "forecast_accuracy",
        model="chosen",
        level="operator",
        horizon=4,
        origins=8,
        n=40,
        mae_pp=2.1,
        bias_pp=-0.3,
        mase=0.9,
        swis=0.4,
        coverage_80=0.79,
        coverage_95=0.94,
        skill_vs_naive=0.05,
    )


def _stacks(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        "stack_shares",
        level="operator",
        series_id=ALPHA_SERIES,
        as_of="2025-12-31",
        mainland_share=0.8,
        us_share=0.0,
        dual_share=0.0,
        unknown_share=0.2,
        grade="estimated",
        evidence_count=1,
    )
    _insert(
        connection,
        "stack_evidence",
        evidence_id="s1",
        jurisdiction="mainland China",
        evidence_date="2022-10-07",
        points_to="mainland",
        strength="moderate",
        statement="Chip export control",
        source="ledger",
        claim_id="C09",
        provenance="estimated",
    )


def _disagreement(connection: duckdb.DuckDBPyConnection, document_id: str) -> None:
    given = {"scope": "Hong Kong", "scope_level": "market", "market": "Hong Kong", "unit": "pct"}
    _figure(
        connection, "d1", document_id, operator="Broker A (market)", metric="vacancy_rate", value=21.0, value_low=20.0,
        value_high=22.0, **given,
    )  # fmt: skip
    _insert(
        connection,
        "source_disagreements",
        market="Hong Kong",
        metric="vacancy_rate",
        period_end="2025-12-31",
        source_a="Broker A",
        value_a=0.21,
        definition_a="colocation",
        source_b="Broker B",
        value_b=0.30,
        definition_b="with self-built",
        observation_id_a="d1",
        claim_id_b="C09",
        remark="undated",
    )


def _ledger(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        "claims",
        claim_id="C09",
        topic="export control",
        statement=f"=HYPERLINK(1) {HOSTILE}",
        value="22",
        unit="pct",
        period="2022",
        source="BIS",
        grade="A",
        default_use="base",
    )
    _insert(
        connection,
        "assumptions",
        parameter="weight",
        value=0.5,
        low=0.3,
        high=0.7,
        unit="fraction",
        basis="C09",
        used_in="stack_shares",
        note="-2+3",
    )


def _track_record(connection: duckdb.DuckDBPyConnection, document_id: str) -> None:
    """Six vintages of Alpha scored one and four quarters ahead: every third outcome lies outside; others' forecasts."""
    for at, vintage in enumerate(QUARTERS[:6]):
        for horizon in (1, 4):
            outcome = round(0.70 + 0.01 * (at + horizon), 4)
            error = 0.04 if at % 3 == 2 else 0.005
            last = round(0.70 + 0.01 * at, 4)
            _insert(
                connection,
                "forecast_scores",
                vintage=vintage,
                level="operator",
                series_id=ALPHA_SERIES,
                stack="mainland",
                unit="mw",
                quarter_end=QUARTERS[at + horizon],
                horizon=horizon,
                occupancy=outcome,
                known_at="2026-02-10" if at == 5 else "2025-05-10",
                occupancy_p10=outcome + error - 0.02,
                occupancy_p50=outcome + error,
                occupancy_p90=outcome + error + 0.02,
                last_value=last,
                error_pp=100 * error,
                last_value_error_pp=100 * (last - outcome),
                inside_80=error < 0.02,
                model="combination",
            )
    for model, error in (("combination", 2.0), ("theta", 2.6), ("naive", 2.4), ("chosen", 2.0)):
        for horizon in (1, 4):
            _insert(
                connection, "backtest_accuracy", model=model, level="operator", horizon=horizon, origins=8, n=40,
                mae_pp=error + horizon / 10, bias_pp=-0.1, mase=0.9, swis=0.5, coverage_80=0.8, coverage_95=0.95,
                skill_vs_naive=0.1,
            )  # fmt: skip
    _insert(
        connection, "forecast_choice", vintage="2025-12-31", level="operator", series_id=ALPHA_SERIES,
        quantity="capacity", member="theta", weight=0.5, fallback="", reason="gain of the combination over it",
    )  # fmt: skip
    _figure(
        connection, "f1", document_id, operator="Broker A (market)", scope="Hong Kong", scope_level="market",
        market="Hong Kong", metric="vacancy_rate", unit="pct", basis="forecast", value=18.0, period_end="2026-12-31",
    )  # fmt: skip
    for number, actual in (("f1", 20.0), ("f2", None)):
        _insert(
            connection, "outside_forecasts", observation_id=number, source="Broker A (market)", market="Hong Kong",
            metric="vacancy_rate", period_end="2026-12-31", unit="pct", made_on="2025-11-20", value=18.0,
            actual=actual, last_value=21.0, error=None if actual is None else -2.0,
            last_value_error=None if actual is None else 1.0,
        )  # fmt: skip


def _bridge(connection: duckdb.DuckDBPyConnection, document_id: str) -> None:
    """Alpha's forecast rose by 2 points: 3 by a new report, -1 by weights; the total did not move."""
    for series, level, parts in (
        (ALPHA_SERIES, "operator", (("new report", 3.0), ("model or weights", -1.0))),
        ("total/mw", "total", (("new report", 0.001),)),
    ):
        for quarter, factor in ((AHEAD[0], 0.5), (AHEAD[3], 1.0)):
            for position, (cause, points) in enumerate(parts, start=1):
                _insert(
                    connection, "forecast_bridge", vintage_from="2025-09-30", vintage_to="2025-12-31", scenario="base",
                    level=level, series_id=series, quarter_end=quarter, unit="mw", position=position, cause=cause,
                    delta_leased=points * factor, delta_occupancy_pp=points * factor,
                    because=f"report.html ({document_id}) {HOSTILE}",
                )  # fmt: skip


def _alerts(connection: duckdb.DuckDBPyConnection, document_id: str) -> None:
    """An open alert about a series, one about a document with hostile words, and one that is resolved."""
    for number, kind, severity, series, document, resolved in (
        ("x1", "threshold_breach", "critical", ALPHA_SERIES, None, None),
        ("x2", "document_quarantined", "info", None, document_id, None),
        ("x3", "coverage", "warning", None, None, "2026-02-01 08:00:00"),
    ):
        _insert(
            connection, "alerts", alert_id=number, raised_at="2026-02-11 08:00:00", vintage="2025-12-31", kind=kind,
            severity=severity, level="operator" if series else None, series_id=series,
            message=f"Alert {number} {HOSTILE}", rule=kind, subject=ALPHA, fact=number, since="2025-12-31",
            document_id=document, runbook=f"docs/runbook.md#alert-{kind.replace('_', '-')}", resolved_at=resolved,
        )  # fmt: skip
    _figure(
        connection, "r0", document_id, period_end="2023-03-31", metric="capacity_committed", value=60.0,
        known_at="2023-05-10", superseded_by="r1", perimeter="A",
    )  # fmt: skip
    _figure(
        connection, "r1", document_id, period_end="2023-03-31", metric="capacity_committed", value=90.0,
        basis="restated_comparative", perimeter="B",
    )  # fmt: skip
