"""Every published table as files: CSV and Parquet for programs, one workbook for people.

Belongs here: writing files. What a column means is read from the database's own comments. Text that a spreadsheet
would run as a formula is stored as text in the workbook; CSV and Parquet carry the exact words.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assets.warehouse.database import connect, published_tables

FORMATS = ("csv", "parquet", "xlsx")
WORKBOOK = "colocast.xlsx"
DICTIONARY = "dictionary"
MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
# Characters that make a spreadsheet read a cell as a formula or command.
RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDEST_COLUMN = 60


class ExportError(ValueError):
    """The export cannot be made as asked; the message says what was found and what to do."""


def export(database: Path, format: str, out_dir: Path) -> list[Path]:
    """Write every published table of `database` into `out_dir` and return the files, in order of name.

    format: csv or parquet (a file a table, and dictionary.csv with the meaning of every column) or xlsx (one workbook,
    its first sheet that dictionary). Files are replaced one by one, each whole. Raises ExportError for another format
    or a table too long for a sheet, FileNotFoundError where there is no database.
    """
    if format not in FORMATS:
        raise ExportError(f"format {format!r} is unknown, expected one of {', '.join(FORMATS)}")
    out_dir.mkdir(parents=True, exist_ok=True)
    with connect(database, read_only=True) as connection:
        tables = published_tables(connection)
        if not tables:
            raise ExportError(f"{database}: no published table found; run `colocast run` first")
        if format == "xlsx":
            return [_replacing(out_dir / WORKBOOK, lambda path: _write_workbook(connection, tables, path))]
        options = "FORMAT parquet, COMPRESSION zstd" if format == "parquet" else "FORMAT csv, HEADER true"
        queries = {name: f'SELECT * FROM main."{name}" ORDER BY ALL' for name in tables}
        files = [
            _replacing(out_dir / f"{name}.{format}", _copier(connection, query, options))
            for name, query in queries.items()
        ]
        files.append(
            _replacing(
                out_dir / f"{DICTIONARY}.csv", _copier(connection, dictionary_query(tables), "FORMAT csv, HEADER true")
            )
        )
    return sorted(files)


def dictionary_query(tables: list[str]) -> str:
    """SQL that gives the meaning of every column of `tables`: table, column, type and the database's comment."""
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in tables)
    return (
        'SELECT c.table_name AS "table", c.column_name AS "column", c.data_type AS type, c.comment AS meaning'
        f" FROM duckdb_columns() AS c WHERE c.schema_name = 'main' AND c.table_name IN ({names})"
        " AND c.database_name = current_database()"
        " ORDER BY c.table_name, c.column_index"
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


def _write_workbook(connection: Any, tables: list[str], path: Path) -> None:
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    meanings = connection.execute(dictionary_query(tables)).fetchall()
    _write_sheet(book, DICTIONARY, ["table", "column", "type", "meaning"], meanings, {})
    percent = {
        (table, column) for table, column, kind, meaning in meanings if kind == "DOUBLE" and _is_fraction(meaning or "")
    }
    for table in tables:
        count = connection.execute(f'SELECT count(*) FROM main."{table}"').fetchone()[0]
        if count > MOST_ROWS:
            raise ExportError(
                f"table {table} has {count:,} rows, a sheet holds {MOST_ROWS:,}; export --format parquet or csv instead"
            )
        cursor = connection.execute(f'SELECT * FROM main."{table}" ORDER BY ALL')
        columns = [item[0] for item in cursor.description]
        formats = {index: "0.0%" for index, column in enumerate(columns) if (table, column) in percent}
        _write_sheet(book, table[:31], columns, cursor.fetchall(), formats)
    book.save(path)


def _is_fraction(meaning: str) -> bool:
    """Columns whose comment says fraction, or 0 to 1, are shown as per cent."""
    return bool(re.search(r"\bfractions? 0 to 1\b|\b0 to 1\b|, fraction\b", meaning)) and "trust" not in meaning.lower()


def _write_sheet(
    book: Any, title: str, columns: list[str], rows: list[tuple[Any, ...]], formats: dict[int, str]
) -> None:
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
    from openpyxl.styles import Font  # type: ignore[import-untyped]
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    for index, column in enumerate(columns):
        lengths = [len(str(row[index])) for row in rows[:200] if row[index] is not None]
        width = min(WIDEST_COLUMN, max([len(column), *lengths]) + 2)
        sheet.column_dimensions[get_column_letter(index + 1)].width = width
    header = []
    for column in columns:
        cell = WriteOnlyCell(sheet, value=column)
        cell.font = Font(bold=True)
        header.append(cell)
    sheet.append(header)
    for row in rows:
        sheet.append([_cell(sheet, value, formats.get(index, "")) for index, value in enumerate(row)])


def _cell(sheet: Any, value: Any, number_format: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # type: ignore[import-untyped]

    if isinstance(value, str):
        text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        if len(text) > LONGEST_TEXT:
            text = text[: LONGEST_TEXT - 1] + "…"
        cell = WriteOnlyCell(sheet, value=text)
        # A string that starts with = would become a formula; the quote prefix keeps it text when the cell is edited
        # or saved as CSV.
        cell.data_type = "s"
        if text.startswith(RUNS_AS_FORMULA):
            cell.quotePrefix = True
        return cell
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, datetime.datetime):
        cell.number_format = "yyyy-mm-dd hh:mm"
    elif isinstance(value, datetime.date):
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, float):
        cell.number_format = number_format or "#,##0.0###"
    elif isinstance(value, int) and not isinstance(value, bool):
        cell.number_format = "#,##0"
    return cell
