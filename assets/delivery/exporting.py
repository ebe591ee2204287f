"""Every published table as files: Parquet for programs, CSV for programs and spreadsheets, one workbook for people.

Belongs here: writing files. What a column means is read from the database's own comments; how a cell of the workbook
looks stands in workbook.py. Parquet carries the exact words. In a CSV a text that a spreadsheet would run as a formula
begins with an apostrophe; in the workbook it is marked as text. Rows stream from the database to the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assets.delivery.workbook import TOO_MANY_ROWS, write_workbook
from assets.warehouse.database import connect, published_tables

FORMATS = ("csv", "parquet", "xlsx")
WORKBOOK = "colocast.xlsx"
DICTIONARY = "dictionary"
# What makes a spreadsheet read a cell as a formula or command: these first, white space before them or not, in their
# full-width forms too, and control characters that some programs drop on import.
RUNS_AS_FORMULA = r"^[\s\p{Z}]*[=+\-@＝＋－＠]|^[\t\r\n]"

Progress = Callable[[str, int, int], None]


class ExportError(ValueError):
    """The export cannot be made as asked; the message says what was found and what to do."""


def export(database: Path, format: str, out_dir: Path, progress: Progress | None = None) -> list[Path]:
    """Write every published table of `database` into `out_dir` and return the files, in order of name.

    format: csv or parquet (a file a table, and dictionary.csv with the meaning of every table and column) or xlsx (one
    workbook, its first sheet that dictionary). Rows keep the order of the publication. Files are replaced one by one,
    each whole. `progress` gets a table's name and how many of all rows are done, as they are done. Raises ExportError
    for another format or a table too long for a workbook, FileNotFoundError where there is no database.
    """
    if format not in FORMATS:
        raise ExportError(f"format {format!r} is unknown, expected one of {', '.join(FORMATS)}")
    out_dir.mkdir(parents=True, exist_ok=True)
    with connect(database, read_only=True) as connection:
        tables = published_tables(connection)
        if not tables:
            raise ExportError(f"{database}: no published table found; run `colocast run` first")
        rows = {
            name: int(connection.execute(f'SELECT count(*) FROM main."{name}"').fetchall()[0][0]) for name in tables
        }
        meanings = connection.execute(dictionary_query(tables)).fetchall()
        if format == "xlsx":
            return [_workbook(connection, rows, meanings, out_dir / WORKBOOK, progress)]
        options = "FORMAT parquet, COMPRESSION zstd" if format == "parquet" else "FORMAT csv, HEADER true"
        files, done = [], 0
        for name in tables:
            shown = _harmless(meanings, name) if format == "csv" else "*"
            query = f'SELECT {shown} FROM main."{name}"'
            if progress:
                progress(name, done, sum(rows.values()))
            files.append(_replacing(out_dir / f"{name}.{format}", _copier(connection, query, options)))
            done += rows[name]
        meaning_of_all = _copier(connection, dictionary_query(tables), "FORMAT csv, HEADER true")
        files.append(_replacing(out_dir / f"{DICTIONARY}.csv", meaning_of_all))
    return sorted(files)


def dictionary_query(tables: list[str]) -> str:
    """SQL that gives the meaning of `tables` and every column of them: table, column (null for the table itself), type
    and the database's comment.
    """
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in tables)
    found = f"schema_name = 'main' AND table_name IN ({names}) AND database_name = current_database()"
    return (
        'SELECT "table", "column", type, meaning FROM ('
        'SELECT table_name AS "table", NULL AS "column", NULL AS type, comment AS meaning, 0 AS position'
        f" FROM duckdb_tables() WHERE {found} UNION ALL"
        " SELECT table_name, column_name, data_type, comment, column_index"
        f' FROM duckdb_columns() WHERE {found}) ORDER BY "table", position'
    )


def _workbook(
    connection: Any, rows: dict[str, int], meanings: list[tuple[Any, ...]], path: Path, progress: Progress | None
) -> Path:
    for name, count in rows.items():
        if count > TOO_MANY_ROWS:
            raise ExportError(
                f"table {name} has {count:,} rows, a workbook takes at most {TOO_MANY_ROWS:,} of a table; export"
                " --format parquet or csv, or take the part you need:"
                f" colocast sql 'SELECT ... FROM {name} WHERE ...' --format csv"
            )
    return _replacing(path, lambda unfinished: write_workbook(connection, rows, meanings, unfinished, progress))


def _harmless(meanings: list[tuple[Any, ...]], table: str) -> str:
    """The columns of a table, texts that a spreadsheet would run with an apostrophe before them."""
    names = [(column, kind) for of_table, column, kind, _ in meanings if of_table == table and column]
    return ", ".join(
        f"""if(regexp_matches("{name}", '{RUNS_AS_FORMULA}'), '''' || "{name}", "{name}") AS "{name}\""""
        if kind == "VARCHAR"
        else f'"{name}"'
        for name, kind in names
    )


def _copier(connection: Any, query: str, options: str) -> Callable[[Path], None]:
    def copy(path: Path) -> None:
        target = str(path).replace("'", "''")
        connection.execute(f"COPY ({query}) TO '{target}' ({options})")

    return copy


def _replacing(path: Path, write: Callable[[Path], None]) -> Path:
    """Write beside `path`, then rename, so that nobody reads half a file."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
