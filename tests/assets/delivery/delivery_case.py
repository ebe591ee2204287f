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
    """Two operators, sums, a forecast with an earlier vintage, a bad document, claims, disagreements and accuracy."""
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
            started_at="2026-02-11 08:00:00",
            finished_at="2026-02-11 08:01:00",
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
                    model="combined",
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
        model="combined",
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
