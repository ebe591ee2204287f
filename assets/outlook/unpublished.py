"""What a run that never reached its publication has written of the newest vintage, and taking that back.

The bridge tells how a forecast moved since readers last saw it. A run that was killed, or whose audit failed, leaves a
forecast that nobody saw; told from there, the next run would say that nothing moved. So the newest vintage starts from
the publication again. Rows of rent rolls do so by themselves (lease_bridge.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from assets.warehouse.database import is_damage, transaction
from assets.warehouse.mending import copies

# Which rows of which tables are the newest vintage's.
_ROWS = {
    "occupancy_forecast": "vintage = $vintage AND portfolio IS NULL",
    "breach_probability": "vintage = $vintage AND portfolio IS NULL",
    "forecast_choice": "vintage = $vintage",
    "forecast_bridge": "vintage_to = $vintage AND portfolio IS NULL",
    "vintages": "vintage = $vintage",
}
_COLUMNS = (
    "SELECT list((column_name, data_type) ORDER BY column_index) FROM duckdb_columns()"
    " WHERE schema_name = 'main' AND table_name = ? AND database_name = ?"
)


def take_back(connection: duckdb.DuckDBPyConnection, published: Path, vintage: date) -> list[str]:
    """Put the rows of a vintage back as they were last published; without any publication so far, remove them.

    Returns the tables that were changed. A publication that is missing, damaged or of another version changes nothing,
    since nobody can tell what it said.
    """
    if not published.is_file():
        return [] if copies(published) else _remove(connection, vintage)
    try:
        connection.execute(f"ATTACH '{str(published).replace(chr(39), chr(39) * 2)}' AS published (READ_ONLY)")
    except duckdb.Error:
        return []
    try:
        return _put_back(connection, vintage)
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        return []
    finally:
        connection.execute("DETACH published")


def _remove(connection: duckdb.DuckDBPyConnection, vintage: date) -> list[str]:
    changed = []
    with transaction(connection):
        for table, rows in _ROWS.items():
            gone = connection.execute(f"DELETE FROM main.{table} WHERE {rows} RETURNING 1", {"vintage": vintage})
            if gone.fetchall():
                changed.append(table)
    return changed


def _put_back(connection: duckdb.DuckDBPyConnection, vintage: date) -> list[str]:
    here = connection.execute("SELECT current_database()").fetchall()[0][0]
    changed = []
    for table in _ROWS:
        columns = [connection.execute(_COLUMNS, [table, name]).fetchall() for name in (here, "published")]
        if columns[0] != columns[1]:
            return []
    for table, rows in _ROWS.items():
        ours, theirs = (f"SELECT * FROM {place}.{table} WHERE {rows}" for place in ("main", "published.main"))
        differ = connection.execute(
            f"(({ours}) EXCEPT ({theirs})) UNION ALL (({theirs}) EXCEPT ({ours})) LIMIT 1", {"vintage": vintage}
        ).fetchall()
        if differ:
            changed.append(table)
    with transaction(connection):
        for table in changed:
            connection.execute(f"DELETE FROM main.{table} WHERE {_ROWS[table]}", {"vintage": vintage})
    with transaction(connection):
        for table in changed:
            connection.execute(
                f"INSERT INTO main.{table} SELECT * FROM published.main.{table} WHERE {_ROWS[table]}",
                {"vintage": vintage},
            )
    return changed
