"""Write schema.txt: the version, tables, views and columns that the code makes now. See README.md."""

from __future__ import annotations

import sys
from pathlib import Path

TARGET = Path(__file__).with_name("schema.txt")


def schema_lines() -> list[str]:
    """The version first, then a line a column of schema main, in order of name and place."""
    from assets.warehouse.database import connect_nowhere, create_schema, schema_version

    with connect_nowhere() as connection:
        create_schema(connection)
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index"
        ).fetchall()
        return [f"version {schema_version(connection)}", *(" ".join(column) for column in columns)]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    TARGET.write_text("\n".join(schema_lines()) + "\n", encoding="utf-8")
