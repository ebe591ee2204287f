"""A small warehouse of operators with a past, for tests of vintages. No test of its own."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd

from assets.reports.operators import load_layouts
from assets.warehouse.database import create_schema
from assets.warehouse.history import build_history
from assets.warehouse.ledger import load_ledger
from assets.warehouse.loading import load_operators

VINTAGE, AS_OF = date(2025, 12, 31), date(2026, 3, 20)


def observe(
    connection: duckdb.DuckDBPyConnection, operator: str, unit: str, values: dict[str, list[tuple[str, float]]],
    perimeter: str = "",
) -> None:  # fmt: skip
    for metric, figures in values.items():
        for end, value in figures:
            known = (pd.Timestamp(end) + pd.Timedelta(days=60)).date()
            key = f"{operator}|{metric}|{unit}|{end}|{perimeter}"
            connection.execute(
                "INSERT INTO observations (observation_id, document_id, operator, scope, scope_level, period_end,"
                " cadence, metric, value, unit, basis, perimeter, trust, known_at, locator, quote, tier, rounding,"
                " known_at_estimated) VALUES (?, 'd', ?, 'group', 'portfolio', ?, 'quarterly', ?, ?, ?, 'as_reported',"
                " ?, 0.9, ?, 'p1', 'q', 'company', 0, false)",
                [key, operator, end, metric, value, unit, perimeter, known],
            )


def ends(count: int, last: str = "2025-12-31") -> list[str]:
    return [str(day.date()) for day in pd.date_range(end=last, periods=count, freq="QE")]


def capacities(count: int, start: float, rate: float, last: str = "2025-12-31") -> dict[str, list[tuple[str, float]]]:
    built = [(end, start * 1.03**at) for at, end in enumerate(ends(count, last))]
    wobble = [0.0, 0.01, -0.01, 0.02, 0.0]
    used = [(end, value * (rate + wobble[at % 5])) for at, (end, value) in enumerate(built)]
    return {"capacity_in_service": built, "capacity_utilised": used}


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    create_schema(connection)
    layouts = load_layouts()
    load_operators(connection, layouts)
    load_ledger(connection, layouts)
    observe(connection, "Alpha", "mw", capacities(12, 100, 0.8))
    observe(connection, "Beta", "mw", capacities(10, 300, 0.6, "2025-06-30"))
    observe(connection, "Gamma", "sqm", capacities(9, 5000, 0.9))
    observe(connection, "Ended", "mw", capacities(9, 50, 0.7, "2021-12-31"))
    observe(connection, "Short", "mw", capacities(4, 10, 0.5))
    observe(connection, "Rates", "pct", {"occupancy_rate": [(end, 96.0) for end in ends(8)]})
    build_history(connection, AS_OF)
