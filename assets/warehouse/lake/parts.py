"""What of a publication has changed since the writer's last one, part by part.

A part is a table, or one vintage of a table that grows with every vintage. A changed part is replaced whole: its files
leave the newest snapshot and new ones come, so that no row is ever marked as deleted inside a file and every snapshot
is a plain list of Parquet files. Which parts stand in the lake is written there itself (colocast.parts), in the same
transaction as the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from assets.warehouse.database import MEMORY_LIMIT, connect, published_tables
from assets.warehouse.publishing import LEFT_OUT_OF_COMPARISON, ROW_ORDER

WHOLE = ""
# Of all tables at once: each look into duckdb_columns binds every view of the file.
_COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()"
    " WHERE database_name = current_database() AND schema_name = 'main' ORDER BY table_name, column_index"
)
_VIEWS = (
    "SELECT view_name, sql, comment FROM duckdb_views()"
    " WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal ORDER BY view_name"
)


@dataclass(frozen=True)
class Column:
    """A column as published."""

    name: str
    kind: str
    nullable: bool
    comment: str | None


@dataclass(frozen=True)
class Table:
    """A published table: `parts` maps a part's value ('' for the whole table) to its fingerprint and rows."""

    name: str
    comment: str | None
    columns: tuple[Column, ...]
    parts: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def part_column(self) -> str | None:
        """The column whose values are the parts; None where the table is one part."""
        return part_column(self.name)

    @property
    def definition(self) -> str:
        """What makes it another table: columns, types, comments and how it is divided."""
        return repr((self.comment, self.columns, self.part_column))


def part_column(table: str) -> str | None:
    """The vintage's column of a table that grows without end, None of any other."""
    return ROW_ORDER[table].split(",")[0] if table in ROW_ORDER else None


@dataclass(frozen=True)
class Publication:
    """A published file: its tables, its views (name -> SELECT and comment), and the meaning of every name in it.

    `comments`: (table or view, column or None for itself, comment).
    """

    tables: list[Table]
    views: dict[str, tuple[str, str]]
    comments: list[tuple[str, str | None, str]]


def read_publication(path: Path, memory_limit: str = MEMORY_LIMIT, threads: int | None = None) -> Publication:
    """What stands in a published file, with the fingerprint of every part."""
    with connect(path, read_only=True, memory_limit=memory_limit, threads=threads) as connection:
        views = {
            name: (
                re.sub(r"^CREATE VIEW .*? AS ", "", text.strip().rstrip(";"), count=1, flags=re.S | re.I),
                comment or "",
            )
            for name, text, comment in connection.execute(_VIEWS).fetchall()
        }
        columns: dict[str, list[Column]] = {}
        for name, *column in connection.execute(_COLUMNS).fetchall():
            columns.setdefault(name, []).append(Column(*column))
        tables = _tables(connection, columns)
    comments: list[tuple[str, str | None, str]] = []
    for table in tables:
        comments += [(table.name, None, table.comment)] if table.comment else []
    comments += [(name, None, comment) for name, (_, comment) in views.items() if comment]
    for name, of_table in columns.items():
        comments += [(name, column.name, column.comment) for column in of_table if column.comment]
    return Publication(tables, views, sorted(comments, key=lambda one: (one[0], one[1] or "")))


def _tables(connection: duckdb.DuckDBPyConnection, columns: dict[str, list[Column]]) -> list[Table]:
    comments = dict(
        connection.execute(
            "SELECT table_name, comment FROM duckdb_tables()"
            " WHERE database_name = current_database() AND schema_name = 'main'"
        ).fetchall()
    )
    found = []
    for name in published_tables(connection):
        names = [column.name for column in columns[name]]
        parts = fingerprints(connection, f'main."{name}"', names, part_column(name))
        found.append(Table(name, comments.get(name), tuple(columns[name]), parts))
    return found


def fingerprints(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[str], divided_by: str | None, only: str = "true"
) -> dict[str, tuple[str, int]]:
    """Fingerprint and rows of each part of a table (a name that stands in SQL as it is), the order of rows apart.

    Equal rows cancel in the xor and not in the sum. Comparable within one version of DuckDB.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    part = f"coalesce({divided_by}::VARCHAR, '')" if divided_by else f"'{WHOLE}'"
    rows = connection.execute(
        f"SELECT part, count(*), sum(hash), bit_xor(hash) FROM (SELECT {part} AS part, hash({names}) AS hash"
        f" FROM {table} WHERE {only}) GROUP BY part ORDER BY part"
    ).fetchall()
    found = {str(part): (f"{count}/{total}/{xor}", int(count)) for part, count, total, xor in rows}
    # An empty table is a part as well: what stood in it before has to go.
    return found or ({} if divided_by else {WHOLE: ("0//", 0)})


def changed(wanted: list[Table], standing: dict[tuple[str, str], str]) -> dict[str, list[str]]:
    """Table -> the parts whose rows differ from those that stand, or that stand and are not wanted any more."""
    found: dict[str, list[str]] = {}
    for table in wanted:
        here = {part: mark for (name, part), mark in standing.items() if name == table.name}
        parts = [part for part in {**here, **table.parts} if here.get(part) != table.parts.get(part, ("", 0))[0]]
        if parts:
            found[table.name] = sorted(parts)
    return found


def counts_as_news(table: str) -> bool:
    """False for what changes with every run, whether or not a figure did."""
    return table not in LEFT_OUT_OF_COMPARISON
