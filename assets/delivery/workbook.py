"""The workbook of an export: a sheet a table, the dictionary first, every cell typed and harmless.

Belongs here: sheets, formats and what a cell may hold. Not here: which tables there are (exporting.py). Rows are
written as they come, so that memory does not grow with a table.

A sheet ends at its 1,048,576th row; a longer table goes on in a second sheet, `name 2`, up to MOST_SHEETS.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

DICTIONARY = "dictionary"
ROWS_A_SHEET = 1_048_575
MOST_SHEETS = 5
TOO_MANY_ROWS = MOST_SHEETS * ROWS_A_SHEET
LONGEST_TEXT = 32_767
LONGEST_TITLE = 31
WIDEST_COLUMN = 60
BATCH = 5_000
# A spreadsheet counts days from here and keeps 15 digits of a number.
FIRST_DAY = datetime.date(1900, 3, 1)
LARGEST_WHOLE = 10**15
_RUNS_AS_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")

Progress = Callable[[str, int, int], None]


def write_workbook(
    connection: Any, rows: dict[str, int], meanings: list[tuple[Any, ...]], path: Path, progress: Progress | None = None
) -> None:
    """Write the tables named in `rows` (name to number of rows) to `path`, in that order, after their dictionary.

    meanings: table, column (None for the table itself), type, meaning. Each sheet has a frozen bold header, filters and
    number formats: per cent for fractions, thousands, ISO dates. `progress` gets table, rows done, all rows.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    titles = sheet_titles({DICTIONARY: len(meanings), **rows})
    header = ["table", "column", "type", "meaning"]
    _write_sheets(book, titles[DICTIONARY], header, len(meanings), iter([meanings]), {})
    percent = {
        (table, column) for table, column, kind, meaning in meanings if kind == "DOUBLE" and _is_fraction(meaning or "")
    }
    done = 0
    for table, count in rows.items():
        cursor = connection.execute(f'SELECT * FROM main."{table}"')
        columns = [item[0] for item in cursor.description]
        formats = {index: "0.0%" for index, column in enumerate(columns) if (table, column) in percent}
        before = done

        def batches(cursor: Any = cursor, table: str = table, before: int = before) -> Iterator[list[tuple[Any, ...]]]:
            written = before
            while batch := cursor.fetchmany(BATCH):
                yield batch
                written += len(batch)
                if progress:
                    progress(table, written, sum(rows.values()))

        _write_sheets(book, titles[table], columns, count, batches(), formats)
        done += count
    book.save(path)


def sheet_titles(rows: dict[str, int]) -> dict[str, list[str]]:
    """Titles of each table's sheets: at most 31 characters, none of them forbidden, no two alike in any case.

    A table of more rows than a sheet holds gets `name`, `name 2` and so on.
    """
    taken: set[str] = set()
    titles: dict[str, list[str]] = {}
    for table, count in rows.items():
        sheets = max(1, math.ceil(count / ROWS_A_SHEET))
        titles[table] = []
        number = 1
        while len(titles[table]) < sheets:
            ending = f" {number}" if number > 1 else ""
            title = _NOT_IN_TITLES.sub("_", table)[: LONGEST_TITLE - len(ending)] + ending
            number += 1
            if title.lower() not in taken:
                taken.add(title.lower())
                titles[table].append(title)
    return titles


def plain_value(value: Any) -> Any:
    """What a cell can hold in place of `value`: None, a text, a boolean, a finite number, a date, a time without zone.

    Numbers that are none become the spreadsheet's own error value, so that a sum over them shows it. Dates before
    March 1900, which spreadsheets count wrongly or not at all, and whole numbers beyond 15 digits become texts. Times
    with a zone are given in UTC. Longer texts than a cell holds end with an ellipsis.
    """
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # type: ignore[import-untyped]

    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return value if value.date() >= FIRST_DAY else value.isoformat(" ")
    if isinstance(value, datetime.date):
        return value if value >= FIRST_DAY else value.isoformat()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else "#NUM!"
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < LARGEST_WHOLE else str(value)
    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value if isinstance(value, str) else str(value))
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _is_fraction(meaning: str) -> bool:
    """Columns whose comment says fraction, or 0 to 1, are shown as per cent."""
    return bool(re.search(r"\bfractions? 0 to 1\b|\b0 to 1\b|, fraction\b", meaning)) and "trust" not in meaning.lower()


def _write_sheets(
    book: Any,
    titles: list[str],
    columns: list[str],
    count: int,
    batches: Iterator[list[tuple[Any, ...]]],
    formats: dict[int, str],
) -> None:
    """Fill one sheet after the other with the rows of `batches`; an empty table has its header alone."""
    waiting = next(batches, [])
    for number, title in enumerate(titles):
        here = min(ROWS_A_SHEET, count - number * ROWS_A_SHEET)
        sheet = _new_sheet(book, title, columns, waiting, here)
        cells = _Cells(sheet, formats)
        while waiting and here:
            taken, waiting = waiting[:here], waiting[here:]
            for row in taken:
                sheet.append(cells.of(row))
            here -= len(taken)
            waiting = waiting or next(batches, [])


def _new_sheet(book: Any, title: str, columns: list[str], first: list[tuple[Any, ...]], count: int) -> Any:
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
    from openpyxl.styles import Font  # type: ignore[import-untyped]
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
    header = []
    for index, column in enumerate(columns):
        lengths = [len(str(row[index])) for row in first[:200] if row[index] is not None]
        width = min(WIDEST_COLUMN, max([len(column), *lengths]) + 2)
        sheet.column_dimensions[get_column_letter(index + 1)].width = width
        cell = WriteOnlyCell(sheet, value=column)
        cell.font = Font(bold=True)
        header.append(cell)
    sheet.append(header)
    return sheet


class _Cells:
    """The cells of a sheet's rows. A row is written as soon as it is appended, so one cell a column and style serves
    all rows: styling a cell takes longer than anything else.
    """

    def __init__(self, sheet: Any, formats: dict[int, str]) -> None:
        self.sheet = sheet
        self.formats = formats
        self.styled: dict[tuple[int, str], Any] = {}

    def of(self, row: tuple[Any, ...]) -> list[Any]:
        """The row as openpyxl takes it."""
        return [self._cell(index, plain_value(value)) for index, value in enumerate(row)]

    def _cell(self, index: int, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value == "#NUM!":
                return self._filled(index, "error", value, "e")
            # The quote prefix keeps such a text a text when the cell is edited or saved as CSV.
            return self._filled(index, "quoted" if _RUNS_AS_FORMULA.match(value) else "text", value, "s")
        if isinstance(value, datetime.datetime):
            return self._filled(index, "yyyy-mm-dd hh:mm", value, "d")
        if isinstance(value, datetime.date):
            return self._filled(index, "yyyy-mm-dd", value, "d")
        return self._filled(index, self._number_format(index, value), value, "n")

    def _number_format(self, index: int, value: float) -> str:
        return self.formats.get(index, "#,##0.0###") if isinstance(value, float) else "#,##0"

    def _filled(self, index: int, style: str, value: Any, kind: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        cell = self.styled.get((index, style))
        if cell is None:
            cell = self.styled[index, style] = WriteOnlyCell(self.sheet)
            if kind in "nd":
                cell.number_format = style
            elif style == "quoted":
                cell.quotePrefix = True
        # Past the setter, which would take a text that begins with = for a formula.
        cell._value, cell.data_type = value, kind
        return cell
