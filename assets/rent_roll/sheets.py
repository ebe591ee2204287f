"""Sheets of raw cells with their true places: from delimited text, and from documents that the report readers read.

Belongs here: bytes or a Document to rows of cells. Not here: which row is a header (schedule.py). A workbook comes by
way of assets/reports/formats, so that zip bombs, hidden rows and number formats are dealt with once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from assets.rent_roll.kinds import recognise
from assets.rent_roll.problems import RentRollError
from assets.reports.document import Cell, Document, Table
from assets.reports.formats.encodings import decode

SEPARATORS = (",", ";", "\t", "|")
_HEAD_LINES = 60
_MOST_COLUMNS = 1_000


@dataclass(frozen=True)
class Sheet:
    """Raw cells: `cells` has a column a position (0-based), values text, numbers, dates or None.

    `numbers`: the row or line number of each row, counted as the file does; `word` says which of the two. `name` is
    empty for delimited text. `merges`: (row number, position) -> last position, of merged cells. `widths`: fields a
    line, where the format has lines.
    """

    file: str
    name: str
    cells: pd.DataFrame
    numbers: np.ndarray
    word: str = "row"
    merges: dict[tuple[int, int], int] = field(default_factory=dict)
    widths: np.ndarray | None = None

    def place(self, row: int) -> str:
        """Where a row (0-based position in `cells`) stands."""
        return f"{self._prefix}{self.numbers[row]}"

    def places(self, rows: np.ndarray) -> list[str]:
        """The places of several rows."""
        prefix = self._prefix
        return [f"{prefix}{number}" for number in self.numbers[rows]]

    @property
    def title(self) -> str:
        """The sheet as a person calls it: its name, or the file's."""
        return f"sheet {self.name}" if self.name else self.file

    @property
    def _prefix(self) -> str:
        return f"sheet {self.name}, {self.word} " if self.name else f"{self.word} "


def sheet_of_csv(data: bytes, file: str) -> tuple[Sheet, tuple[str, ...]]:
    """The lines of a delimited text as a sheet, and what was noteworthy about its encoding.

    Raises RentRollError for text that cannot be parted into fields, Unreadable where the encoding is unclear.
    """
    remarks: tuple[str, ...] = ()
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    encoding = "utf-8"
    if b"\x00" in data[:4_000] or not _is_utf8(data):
        decoded = decode(data)
        data, remarks = decoded.text.lstrip("\ufeff").encode("utf-8"), decoded.remarks
    separator = _separator(data[: 1 << 18].decode("utf-8", "ignore"))
    numbers, widths = _scan(data, separator, file)
    columns = int(widths.max(initial=0))
    if not columns:
        raise RentRollError(file, "", "an empty file", "a table with a header", "Hand in the file with its rows.")
    if columns > _MOST_COLUMNS:
        raise RentRollError(file, "", f"{columns:,} columns", f"at most {_MOST_COLUMNS:,}", "Check the separator.")
    cells = pd.read_csv(
        io.BytesIO(data),
        sep=separator,
        header=None,
        names=list(range(columns)),
        index_col=False,
        dtype="category",
        keep_default_na=False,
        skip_blank_lines=False,
        encoding=encoding,
    )
    if len(cells) != len(numbers):
        cells = pd.DataFrame(_padded(data, separator, columns), columns=list(range(columns)), dtype=object)
    # A comment is no record; its line still counts.
    comment = cells[0].astype(str).str.lstrip().str.startswith("#").to_numpy() if len(cells) <= _HEAD_LINES else None
    if comment is None:
        comment = np.zeros(len(cells), dtype=bool)
        comment[:_HEAD_LINES] = cells[0].iloc[:_HEAD_LINES].astype(str).str.lstrip().str.startswith("#").to_numpy()
    if comment.any():
        cells, numbers, widths = cells[~comment].reset_index(drop=True), numbers[~comment], widths[~comment]
        remarks = (*remarks, f"{int(comment.sum())} comment line(s) were left out")
    return Sheet(file, "", cells, numbers, "line", widths=widths), remarks


def sheets_of_document(document: Document) -> list[Sheet]:
    """The sheets of a workbook or delimited text that the report readers have read, each put together again."""
    cells: dict[str, dict[tuple[int, int], object]] = {}
    merges: dict[str, dict[tuple[int, int], int]] = {}
    for part in document.parts:
        name = part.place.sheet or ""
        sheet = cells.setdefault(name, {})
        if isinstance(part, Table):
            for cell in part.cells:
                sheet[cell.row, cell.column - 1] = _value(cell)
                if cell.column_span > 1:
                    merges.setdefault(name, {})[cell.row, cell.column - 1] = cell.column + cell.column_span - 2
        elif name and part.place.row is not None:
            sheet[part.place.row, (part.place.column or 1) - 1] = part.text
    return [
        _from_cells(document.file_name, name, found, merges.get(name, {})) for name, found in cells.items() if found
    ]


def _from_cells(
    file: str, name: str, cells: dict[tuple[int, int], object], merges: dict[tuple[int, int], int]
) -> Sheet:
    numbers = sorted({row for row, _column in cells})
    at = {row: position for position, row in enumerate(numbers)}
    width = max(column for _row, column in cells) + 1
    grid = np.full((len(numbers), width), None, dtype=object)
    for (row, column), value in cells.items():
        grid[at[row], column] = value
    return Sheet(file, name, pd.DataFrame(grid, columns=list(range(width))), np.array(numbers), merges=merges)


def _value(cell: Cell) -> object:
    return cell.number if cell.number is not None else cell.text


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _separator(head: str) -> str:
    """The separator under which the first lines hold a header of a rent roll; else the one that parts them most."""
    lines = head.splitlines()[:_HEAD_LINES]
    most = (",", 0)
    for separator in SEPARATORS:
        try:
            rows = list(csv.reader(lines, delimiter=separator))
        except csv.Error:
            continue
        if any(len(row) > 2 and recognise([row]) for row in rows):
            return separator
        fields = sum(map(len, rows))
        if fields > most[1]:
            most = (separator, fields)
    return most[0]


def _reader(data: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line a record begins on, fields)."""
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), delimiter=separator)
    before = 0
    for row in rows:
        yield before + 1, row
        before = rows.line_num


def _scan(data: bytes, separator: str, file: str) -> tuple[np.ndarray, np.ndarray]:
    """Line number and number of fields of each record; a quoted text may run over several lines."""
    numbers: list[int] = []
    widths: list[int] = []
    try:
        for number, row in _reader(data, separator):
            numbers.append(number)
            widths.append(len(row))
    except csv.Error as error:
        place = f"line {numbers[-1] + 1 if numbers else 1}"
        raise RentRollError(file, place, str(error), "fields in quotes that are closed", "Close the quote.") from error
    return np.array(numbers, dtype=np.int64), np.array(widths, dtype=np.int32)


def _padded(data: bytes, separator: str, columns: int) -> list[list[str]]:
    return [row + [""] * (columns - len(row)) for _number, row in _reader(data, separator)]
