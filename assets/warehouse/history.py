"""From observations to occupancy_history and stack_shares, as known at a date.

Belongs here: the order of the steps. The rules themselves stand in sql/figures.sql (what may enter a series),
sql/points.sql (which figure does), sql/series.sql (its rows), sql/sums.sql (what may be summed), stack.py (which stack)
and sql/history.sql (what readers get).
"""

from __future__ import annotations

from datetime import date

import duckdb

from assets.warehouse.database import sql_text, transaction
from assets.warehouse.ledger import assumed
from assets.warehouse.stack import build_entity_shares

_LIMITS = ("active_quarters", "carried_quarters", "minimum_quarters", "rate_series_quarters")


def prepare(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make the temporary tables of sql/figures.sql, points.sql, series.sql and sums.sql as known on `as_of`,
    and the variables they need.

    For whoever needs the rules for another date than the published history: nothing published is touched.
    """
    values = assumed(connection)
    for name in _LIMITS:
        connection.execute(f"SET VARIABLE {name} = ?::INTEGER", [int(values[f"history.{name}"])])
    connection.execute("SET VARIABLE lowest_divisor = ?::DOUBLE", [values["history.lowest_divisor"]])
    connection.execute(sql_text("macros"))
    connection.execute(sql_text("figures"))
    know(connection, as_of)
    connection.execute(sql_text("sums"))


def know(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make the temporary tables of sql/points.sql and sql/series.sql as known on another date. Needs prepare before,
    and observations as they were then.

    What a backtest asks once an origin; sums and everything published are left as they are.
    """
    connection.execute("SET VARIABLE as_of = ?::DATE", [as_of])
    for name in ("points", "series"):
        connection.execute(sql_text(name))


def build_history(connection: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """Make occupancy_history, stack_shares and source_disagreements anew from what was known on `as_of`.

    Needs load_ledger and load_operators before. Returns the rows of occupancy_history; equal inputs, equal tables.
    """
    values = assumed(connection)
    with transaction(connection):
        prepare(connection, as_of)
        stack_as_of = build_entity_shares(connection, as_of, values)
        connection.execute("SET VARIABLE stack_as_of = ?::DATE", [stack_as_of])
        connection.execute("SET VARIABLE disagreement_quarters = ?::INTEGER", [int(values["disagreements.quarters"])])
        connection.execute(sql_text("history"))
        connection.execute(sql_text("disagreements"))
    count = connection.execute("SELECT count(*) FROM occupancy_history").fetchone()
    assert count is not None
    return int(count[0])
