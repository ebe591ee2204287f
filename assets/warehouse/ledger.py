"""The ledger: claims with their grades, assumptions with what stands behind them, stack evidence, definitions.

Belongs here: loading data/ledger and data/stack. Not here: what the assumptions do (history.py, stack.py).
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from assets.reports.operators import Layouts
from assets.warehouse.database import transaction
from assets.warehouse.names import operator_slug

DATA_FOLDER = Path(__file__).parents[2] / "data"


class LedgerError(ValueError):
    """A ledger file that cannot be used; the message names file, line, what is expected and the remedy."""


def load_ledger(connection: duckdb.DuckDBPyConnection, layouts: Layouts, data: Path = DATA_FOLDER) -> None:
    """Replace claims, assumptions, stack evidence of the bundled file, jurisdictions and definitions by the files'.

    Reporting lags come from the operators' data files, one assumption each. Raises LedgerError.
    """
    claims = _read(data / "ledger" / "claims.csv")
    known_claims = {row["claim_id"] for row in claims}
    assumptions = _read(data / "ledger" / "assumptions.csv")
    for row in assumptions:
        if row["basis"] not in known_claims | {"analyst_prior", "design"}:
            raise LedgerError(
                f"{data / 'ledger' / 'assumptions.csv'}: {row['parameter']} rests on {row['basis']!r}; expected the id"
                " of a claim in claims.csv, design or analyst_prior. Name what stands behind it."
            )
    assumptions += [_lag_row(layout.operator, layout.reporting_lag_days) for layout in layouts]
    evidence = _read(data / "stack" / "stack_evidence.csv")
    for row in evidence:
        if row["claim_id"] and row["claim_id"] not in known_claims:
            raise LedgerError(
                f"{data / 'stack' / 'stack_evidence.csv'}: claim {row['claim_id']!r} is not in claims.csv; correct it"
            )
        row["evidence_id"] = _evidence_id(row)
    with transaction(connection):
        _replace(connection, "claims", claims)
        _replace(connection, "assumptions", assumptions)
        _replace(connection, "stack_evidence", evidence)
        # An empty field means: for all of them. Part of a key cannot be null.
        places = _read(data / "stack" / "operator_jurisdictions.csv")
        places = [{**row, "scope": row["scope"] or ""} for row in places]
        _replace(connection, "internal.jurisdiction_estimates", places)
        _replace(connection, "internal.stated_figures", _read(data / "ledger" / "stated_figures.csv"))
        definitions = _read(data / "ledger" / "source_definitions.csv")
        definitions = [{**row, "source": row["source"] or "", "market": row["market"] or ""} for row in definitions]
        _replace(connection, "internal.source_definitions", definitions)


def bundled_assumptions(data: Path = DATA_FOLDER) -> dict[str, float]:
    """Parameter -> value of the bundled file, for work without a warehouse. Raises LedgerError."""
    return {row["parameter"]: float(row["value"]) for row in _read(data / "ledger" / "assumptions.csv")}


def bundled_claims(data: Path = DATA_FOLDER) -> pd.DataFrame:
    """The bundled claims, one row each, columns as in the table claims. Raises LedgerError."""
    return pd.DataFrame(_read(data / "ledger" / "claims.csv"))


def assumed(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Parameter -> value in force."""
    return dict(connection.execute("SELECT parameter, value FROM assumptions").fetchall())


def _lag_row(operator: str, days: int) -> dict[str, Any]:
    return {
        "parameter": f"reporting_lag_days.{operator_slug(operator)}",
        "value": days,
        "low": None,
        "high": None,
        "unit": "days",
        "basis": "analyst_prior",
        "used_in": "observations.known_at",
        "note": f"Usual days from period end to publication by {operator} (its data file); where no date is printed.",
    }


def _evidence_id(row: dict[str, Any]) -> str:
    names = ("facility_id", "operator", "scope", "jurisdiction", "evidence_date", "points_to", "strength", "statement")
    return hashlib.sha256("\x1f".join(row[name] or "" for name in names).encode()).hexdigest()[:20]


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LedgerError(f"{path}: cannot be read ({error}). Restore it from the repository.") from error
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise LedgerError(f"{path}, line {number}: another number of fields than the header has. Quote the commas.")
    return [{name: value.strip() or None for name, value in row.items()} for row in rows]


def _replace(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    connection.execute(f"DELETE FROM {table}")
    if rows:
        names = list(rows[0])
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [[row[name] for name in names] for row in rows],
        )
