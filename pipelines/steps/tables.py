"""What is shown of a warehouse table: rows, columns and a preview, as plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.findings import plain, shorten

if TYPE_CHECKING:
    import duckdb

PREVIEW_ROWS = 5


def describe_tables(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Per table: rows, columns (name, type, comment, nullable) from the schema, and a preview of the first rows."""
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
        }
    return described
