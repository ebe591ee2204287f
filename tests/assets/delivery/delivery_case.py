# ruff: noqa: E501
"""A small published database with every kind of row the page and the exports must show, hostile words included."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMA = Path(__file__).resolve().parents[3] / "assets" / "warehouse" / "sql"
HOSTILE = '<script>alert("x")</script><img src=http://evil.example/a.png onerror=alert(1)>'
QUARTERS = [f"{year}-{end}" for year in (2023, 2024, 2025) for end in ("03-31", "06-30", "09-30", "12-31")]


@dataclass(frozen=True)
class Published:
    """The database, the archive folder beside it and where a page goes."""

    database: Path
    archive: Path
    page: Path


def document(
    connection: duckdb.DuckDBPyConnection,
    archive: Path,
    name: str,
    status: str,
    operator: str | None,
    reason: str | None,
) -> str:
    data = name.encode()
    digest = hashlib.sha256(data).hexdigest()
    archive.mkdir(parents=True, exist_ok=True)
    (archive / digest[:2]).mkdir(exist_ok=True)
    (archive / digest[:2] / f"{digest}.bin").write_bytes(data)
    connection.execute(
        "INSERT INTO documents VALUES (?, ?, 'text/html', ?, ?, ?, '2025-11-20', '2025-11-21 08:00:00', ?, ?, 'general', 2, 0)",
        [digest[:16], name, digest, len(data), operator, status, reason],
    )
    return digest[:16]


def figure(connection: duckdb.DuckDBPyConnection, number: str, document_id: str, **given: object) -> None:
    row = {
        "observation_id": number, "document_id": document_id, "operator": "Alpha Data (fictitious)", "scope": "group",
        "scope_level": "portfolio", "facility_id": None, "market": None, "period_end": "2025-12-31", "cadence": "quarterly",
        "metric": "capacity_in_service", "value": 100.0, "value_low": None, "value_high": None, "unit": "mw",
        "basis": "as_reported", "perimeter": "", "trust": 0.9, "known_at": "2026-02-10", "superseded_by": None,
        "locator": "table 1, row 2", "quote": "Capacity in service 100.0 MW", "tier": "company", "source": None,
        "rounding": 0.05, "known_at_estimated": False,
    } | given  # fmt: skip
    columns = ", ".join(row)
    connection.execute(f"INSERT INTO observations ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def history(
    connection: duckdb.DuckDBPyConnection, level: str, series: str, quarter: str, occupancy: float, **given: object
) -> None:
    row = {
        "level": level, "series_id": series, "series_name": series, "stack": "mainland", "market": None,
        "quarter_end": quarter, "unit": "mw", "in_service": 100.0, "leased": 100.0 * occupancy, "committed": None,
        "utilised": 100.0 * occupancy, "occupancy": occupancy, "commitment_rate": None, "utilisation_rate": occupancy,
        "observed_share": 1.0, "estimated_share": 0.0, "assumed_share": 0.0, "known_at": "2026-02-10",
        "operator": "Alpha Data (fictitious)", "perimeter": None, "members": 1,
    } | given  # fmt: skip
    columns = ", ".join(row)
    connection.execute(
        f"INSERT INTO occupancy_history ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )


def forecast(connection: duckdb.DuckDBPyConnection, level: str, series: str, vintage: str, middle: float) -> None:
    ends = [
        "2026-03-31",
        "2026-06-30",
        "2026-09-30",
        "2026-12-31",
        "2027-03-31",
        "2027-06-30",
        "2027-09-30",
        "2027-12-31",
    ]
    for horizon, end in enumerate(ends, 1):
        spread = 0.01 * horizon
        rates = [
            middle - 2 * spread,
            middle - spread,
            middle - spread / 2,
            middle,
            middle + spread / 2,
            middle + spread,
            middle + 2 * spread,
        ]
        connection.execute(
            f"INSERT INTO occupancy_forecast VALUES ({', '.join('?' * 25)})",
            [
                vintage,
                "base",
                level,
                series,
                "mainland",
                end,
                horizon,
                "mw",
                100.0,
                *[100 * r for r in rates],
                *rates,
                middle,
                "combined",
            ],
        )


def empty_database(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        for name in ("schema", "comments", "views"):
            connection.execute((SCHEMA / f"{name}.sql").read_text(encoding="utf-8"))
    return path


def empty(tmp_path: Path) -> Published:
    """A database with the schema and no rows: the state before the first document."""
    return Published(
        empty_database(tmp_path / "published" / "occupancy.duckdb"),
        tmp_path / "archive",
        tmp_path / "reports" / "index.html",
    )


def full(tmp_path: Path) -> Published:
    """Two operators, sums, a forecast with an earlier vintage, a bad document, claims, disagreements and accuracy."""
    at = Published(
        empty_database(tmp_path / "published" / "occupancy.duckdb"),
        tmp_path / "archive",
        tmp_path / "reports" / "index.html",
    )
    with duckdb.connect(str(at.database)) as connection:
        good = document(
            connection, at.archive, f"alpha & sons {HOSTILE}.html", "accepted", "Alpha Data (fictitious)", None
        )
        document(
            connection, at.archive, "=cmd|calc.html", "quarantined", HOSTILE, "=1+1 rate contradicts areas " + HOSTILE
        )
        for index, quarter in enumerate(QUARTERS):
            occupancy = round(0.70 + 0.01 * index, 4)
            figure(connection, f"a{index}", good, period_end=quarter, quote=f"In service {HOSTILE} \u202e100 MW")
            figure(connection, f"b{index}", good, period_end=quarter, metric="capacity_utilised", value=100 * occupancy)
            history(
                connection,
                "operator",
                "alpha-data-fictitious/group/mw",
                quarter,
                occupancy,
                series_name=f"Alpha Data {HOSTILE}",
            )
            history(
                connection,
                "stack",
                "stack/mainland/mw",
                quarter,
                occupancy,
                series_name="Mainland stack",
                operator=None,
            )
            history(
                connection,
                "total",
                "total/mw",
                quarter,
                occupancy,
                series_name="All reporting operators",
                operator=None,
                stack=None,
            )
        figure(
            connection,
            "c1",
            good,
            operator="Beta REIT (fictitious)",
            scope="portfolio",
            metric="occupancy_rate",
            unit="pct",
            value=95.8,
        )
        history(
            connection, "operator", "beta-reit-fictitious/portfolio/pct", "2025-12-31", 0.958, unit="pct", in_service=None,
            leased=None, utilised=None, utilisation_rate=None, operator="Beta REIT (fictitious)", stack="unknown",
            series_name="Beta REIT, portfolio",
        )  # fmt: skip
        history(
            connection, "facility", "beta-reit-fictitious/site-1/mw", "2025-12-31", 0.5, operator="Beta REIT (fictitious)",
            observed_share=0.0, assumed_share=1.0, series_name="Beta Site 1",
        )  # fmt: skip
        for level, series in (
            ("operator", "alpha-data-fictitious/group/mw"),
            ("stack", "stack/mainland/mw"),
            ("total", "total/mw"),
        ):
            forecast(connection, level, series, "2025-12-31", 0.82)
            forecast(connection, level, series, "2025-09-30", 0.80)
            connection.execute(
                "INSERT INTO breach_probability VALUES ('2025-12-31', 'base', ?, ?, '2026-12-31', 4, 0.7, 0.12)",
                [level, series],
            )
        connection.execute(
            "INSERT INTO quarantine VALUES ('q1', ?, 'rate_matches_areas', 'quarantine_document', ?, ?, 'row 3', '2025-11-21')",
            [good, "printed 82.4 % but 72.4 % " + HOSTILE, '{"quote": "' + HOSTILE.replace('"', "'") + '"}'],
        )
        connection.execute(
            "INSERT INTO stack_shares VALUES ('operator', 'alpha-data-fictitious/group/mw', '2025-12-31', 0.8, 0, 0, 0.2, 'estimated', 1)"
        )
        connection.execute(
            "INSERT INTO stack_evidence VALUES ('s1', NULL, NULL, NULL, 'mainland China', '2022-10-07', 'mainland', 'moderate',"
            " 'Chip export control', 'ledger', 'C09', NULL, 'estimated')"
        )
        figure(
            connection,
            "d1",
            good,
            operator="Broker A (market)",
            scope="Hong Kong",
            scope_level="market",
            market="Hong Kong",
            metric="vacancy_rate",
            unit="pct",
            value=21.0,
        )
        figure(
            connection,
            "d2",
            good,
            operator="Broker B (market)",
            scope="Hong Kong",
            scope_level="market",
            market="Hong Kong",
            metric="vacancy_rate",
            unit="pct",
            value=30.0,
            value_low=29.0,
            value_high=31.0,
        )
        connection.execute(
            "INSERT INTO source_disagreements VALUES ('Hong Kong', 'vacancy_rate', '2025-12-31', 'Broker A', 0.21, 'colocation',"
            " 'Broker B', 0.30, 'with self-built', NULL, 'd1', 'd2', 'undated')"
        )
        connection.execute(
            "INSERT INTO claims VALUES ('C09', 'export control', ?, '22', 'pct', '2022', 'BIS', 'A', 'base', NULL)",
            ["=HYPERLINK(1) " + HOSTILE],
        )
        connection.execute(
            "INSERT INTO assumptions VALUES ('weight', 0.5, 0.3, 0.7, 'fraction', 'C09', 'stack_shares', '-2+3')"
        )
        connection.execute(
            "INSERT INTO forecast_accuracy VALUES ('combined', 'operator', 4, 8, 40, 2.1, -0.3, 0.9, 0.4, 0.79, 0.94, 0.05)"
        )
        connection.execute(
            "INSERT INTO runs VALUES ('run-1', '2026-02-11', '2026-02-11', 'published', 'abc', 2, 30, '2025-12-31', 0)"
        )
    return at
