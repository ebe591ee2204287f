"""Judged rent rolls into the warehouse, and a portfolio out of it again.

Belongs here: the tables portfolios, leases, portfolio_history, deliveries, and a rent roll's rows of facilities and
stack_evidence. Not here: which rows are accepted (assets/rent_roll/judging.py), what is simulated (assets/outlook).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd

from assets.rent_roll.judging import JudgedPortfolio
from assets.warehouse.database import transaction
from forecasts.leases.portfolio import (
    DELIVERY_COLUMNS,
    EVIDENCE_COLUMNS,
    FACILITY_COLUMNS,
    HISTORY_COLUMNS,
    LEASE_COLUMNS,
    Portfolio,
)

_TABLES = ("portfolios", "leases", "portfolio_history", "deliveries")


def load_rent_rolls(connection: duckdb.DuckDBPyConnection, judged: Mapping[str, JudgedPortfolio]) -> int:
    """Replace every rent roll of the warehouse by the judged ones; returns the leases loaded. Ids of facilities begin
    with their portfolio, so that two rent rolls may both have an HK01.
    """
    with transaction(connection):
        connection.execute(
            "DELETE FROM facilities WHERE split_part(facility_id, '/', 1) IN (SELECT portfolio FROM portfolios)"
        )
        connection.execute(
            "DELETE FROM stack_evidence WHERE split_part(facility_id, '/', 1) IN (SELECT portfolio FROM portfolios)"
        )
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
        for name, portfolio in sorted(judged.items()):
            _load(connection, name, portfolio)
    return sum(len(portfolio.frames["leases"]) for portfolio in judged.values())


def _load(connection: duckdb.DuckDBPyConnection, name: str, judged: JudgedPortfolio) -> None:
    provenance = "assumed" if judged.illustrative else "observed"
    frames = {kind: _keyed(frame, name) for kind, frame in judged.frames.items()}
    documents = sorted({str(key) for frame in frames.values() for key in frame["document_id"]})
    row = {
        "portfolio": name, "as_of": judged.as_of.date(), "illustrative": judged.illustrative,
        "facilities": len(frames["facilities"]), "leases": len(frames["leases"]), "documents": ", ".join(documents),
    }  # fmt: skip
    _insert(connection, "portfolios", pd.DataFrame([row]))
    _insert(connection, "facilities", frames["facilities"].assign(provenance=provenance))
    _insert(connection, "leases", frames["leases"].assign(provenance=provenance))
    _insert(connection, "portfolio_history", frames["history"])
    _insert(connection, "deliveries", frames["deliveries"])
    evidence = frames["evidence"].assign(provenance=provenance)
    evidence["evidence_id"] = [_evidence_id(entry) for entry in evidence.to_dict("records")]
    _insert(connection, "stack_evidence", evidence.drop_duplicates("evidence_id"))


def read_portfolio(connection: duckdb.DuckDBPyConnection, name: str) -> Portfolio:
    """A loaded portfolio, its facilities under the warehouse's ids. Raises KeyError for one that is not there."""
    found = connection.execute("SELECT as_of FROM portfolios WHERE portfolio = ?", [name]).fetchone()
    if found is None:
        raise KeyError(f"portfolio {name!r} is not in the warehouse; load its rent roll first")
    leases = _read(connection, "leases", LEASE_COLUMNS, name, "portfolio = ?", "lease_id")
    leases["renewal_of"] = leases["renewal_of"].fillna("")
    history = _read(connection, "portfolio_history", HISTORY_COLUMNS, name, "portfolio = ?", "facility_id, quarter_end")
    deliveries = _read(
        connection, "deliveries", DELIVERY_COLUMNS, name, "portfolio = ?", "facility_id, planned_date, mw"
    )
    own = "split_part(facility_id, '/', 1) = ?"
    facilities = _read(connection, "facilities", FACILITY_COLUMNS, name, own, "facility_id")
    evidence = _read(
        connection, "stack_evidence", EVIDENCE_COLUMNS, name, own, "facility_id, evidence_date, evidence_id"
    )
    return Portfolio(facilities, leases, evidence, history, deliveries, pd.Timestamp(found[0]))


def _read(
    connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], name: str, where: str, order: str
) -> pd.DataFrame:
    frame = connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY {order}", [name]).df()
    for column in frame.columns:
        if str(column).endswith("_date") or column in ("quarter_end", "ready_for_service"):
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[ns]")
    return frame


def _keyed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.assign(portfolio=name, facility_id=[f"{name}/{key}" for key in frame["facility_id"]])


def _evidence_id(row: Mapping[Any, Any]) -> str:
    parts = [str(row[key]) for key in ("facility_id", "evidence_date", "points_to", "strength", "statement", "source")]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    if not len(frame):
        return
    names = {
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND schema_name = 'main'"
            " AND database_name = current_database()",
            [table],
        ).fetchall()
    }
    roll_rows = frame[[column for column in frame.columns if column in names]].astype(object)
    for column in roll_rows.columns:
        roll_rows[column] = [None if pd.isna(value) else value for value in roll_rows[column]]
    connection.register("roll_rows", roll_rows)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM roll_rows")
    connection.unregister("roll_rows")
