"""What is shown of a warehouse table: rows, columns, a preview, its numbers and its lists, as plain JSON.

Numbers and lists are SQL in measures/: `<table>.numbers.sql` gives rows of name and value, which Dagster plots from run
to run; `<table>.<title>.sql` gives a list for a person, shown under its title. A table without a file has none.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.findings import plain, shorten

if TYPE_CHECKING:
    import duckdb

PREVIEW_ROWS = 5
MEASURES = Path(__file__).with_name("measures")
NUMBERS = "numbers"


def describe_tables(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Per table: rows, columns (name, type, comment, nullable) from the schema, a preview of the first rows, and what
    measures/ has for it: `numbers` (name -> int or float) and `lists` (title -> rows of text).
    """
    described: dict[str, dict[str, Any]] = {}
    for name in names:
        count = connection.execute(f'SELECT count(*) FROM main."{name}"').fetchone()
        columns = connection.execute(
            "SELECT column_name, data_type, comment, is_nullable FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND table_name = ? AND database_name = current_database()"
            " ORDER BY column_index",
            [name],
        ).fetchall()
        head = connection.execute(f'SELECT * FROM main."{name}" LIMIT {PREVIEW_ROWS}').fetchall()
        labels = [column[0] for column in columns]
        described[name] = {
            "rows": int(count[0]) if count else 0,
            "columns": [
                {"name": label, "type": kind, "comment": comment or "", "nullable": bool(nullable)}
                for label, kind, comment, nullable in columns
            ],
            "preview": [
                {label: shorten(plain(value), 120) for label, value in zip(labels, row, strict=True)} for row in head
            ],
            "numbers": _numbers(connection, name),
            "lists": _lists(connection, name),
        }
    return described


def _numbers(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int | float]:
    """A table's numbers; one that cannot be told yet (no outcome so far) is left out rather than shown as 0."""
    path = MEASURES / f"{table}.{NUMBERS}.sql"
    if not path.is_file():
        return {}
    rows = connection.execute(path.read_text(encoding="utf-8")).fetchall()
    return {str(name): number for name, value in rows if (number := _number(value)) is not None}


def _number(value: Any) -> int | float | None:
    """A number as Dagster plots it, four decimals where it is not whole; None for null, NaN and infinity."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else round(float(value), 4)


def _lists(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, list[dict[str, str]]]:
    """A table's lists by title, in order of title; empty ones are left out."""
    lists = {}
    for path in sorted(MEASURES.glob(f"{table}.*.sql")):
        title = path.name.split(".")[1]
        if title == NUMBERS:
            continue
        found = connection.execute(path.read_text(encoding="utf-8"))
        labels = [column[0] for column in found.description or ()]
        rows = [dict(zip(labels, map(shorten, row), strict=True)) for row in found.fetchall()]
        if rows:
            lists[title.replace("-", " ")] = rows
    return lists
