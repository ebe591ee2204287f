"""Reading what the kinds look at: one query a kind, as known on a day. Judging stands in kinds.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from assets.delivery.alerts.kinds import KINDS, Judged
from assets.delivery.alerts.rules import Rule
from assets.warehouse.database import sql_text

SQL_FOLDER = Path(__file__).parent / "sql"
DUE_COLUMNS = ("operator", "label", "last_period", "next_period", "due_on", "days_late", "periods_missing", "state")


def alert_sql(name: str) -> str:
    """The text of sql/NAME.sql."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def judge_rules(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    due: Sequence[Mapping[str, Any]],
    vintage: date,
    as_of: date,
) -> dict[str, Judged]:
    """Rule id -> what it finds in the warehouse. `due`: every operator's next report (DUE_COLUMNS), which no table
    holds. Nothing is written.
    """
    connection.execute("SET VARIABLE vintage = ?::DATE", [vintage])
    connection.execute("SET VARIABLE as_of = ?::DATE", [as_of])
    connection.execute(sql_text("macros"))
    rows: dict[str, pd.DataFrame] = {}
    for kind in {rule.kind for rule in rules}:
        if kind == "report_late":
            rows[kind] = pd.DataFrame([dict(row) for row in due], columns=list(DUE_COLUMNS))
        else:
            rows[kind] = connection.execute(alert_sql(kind)).df()
    return {rule.id: KINDS[rule.kind](rule, rows[rule.kind], as_of) for rule in rules}
