"""What a reader hands on: a document as blocks of text and tables, each with its place.

Readers (formats/) build these; extraction/ reads them. Nothing here knows a file format or a metric.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Where something stands in a document. Counts start at 1; character offsets at 0, end exclusive.

    `sheet` is an XLSX sheet name. `block` counts blocks and tables alike, in reading order.
    """

    page: int | None = None
    sheet: str | None = None
    block: int | None = None
    table: int | None = None
    row: int | None = None
    column: int | None = None
    start: int | None = None
    end: int | None = None

    def __str__(self) -> str:
        parts = []
        if self.page is not None:
            parts.append(f"page {self.page}")
        if self.sheet is not None:
            parts.append(f"sheet {self.sheet}")
        if self.table is not None:
            parts.append(f"table {self.table}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        if self.table is None and self.block is not None:
            parts.append(f"block {self.block}")
        if self.start is not None:
            parts.append(f"characters {self.start}-{self.end}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Block:
    """A run of text: `kind` is title, heading, paragraph, bullet or note (a footnote).

    `text` has white space folded, entities decoded and footnote marks taken out; the marks stand in `notes`.
    `level` is the heading level (1 to 6) or the nesting depth of a bullet (0 = outermost).
    """

    kind: str
    text: str
    place: Place
    level: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One cell of a table's grid. A spanning cell stands once in `Table.cells`, with its spans.

    `number` is the native value where the format has one (XLSX); `number_format` its display format.
    """

    text: str
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    notes: tuple[str, ...] = ()
    number: float | None = None
    number_format: str = ""


@dataclass(frozen=True)
class Table:
    """A table as printed. Rows and columns count from 1; hidden rows and columns of a sheet are left out.

    `caption` is the table's own caption where the format has one. Headings before it are earlier parts.
    """

    cells: tuple[Cell, ...]
    place: Place
    rows: int = 0
    columns: int = 0
    caption: str = ""

    def grid(self) -> list[list[Cell | None]]:
        """Rows x columns, 0-based; a spanning cell stands in every place it covers, None where nothing does."""
        grid: list[list[Cell | None]] = [[None] * self.columns for _ in range(self.rows)]
        for cell in self.cells:
            for row in range(cell.row - 1, min(self.rows, cell.row - 1 + cell.row_span)):
                for column in range(cell.column - 1, min(self.columns, cell.column - 1 + cell.column_span)):
                    if grid[row][column] is None:
                        grid[row][column] = cell
        return grid


Part = Block | Table


@dataclass(frozen=True)
class Document:
    """A document in reading order. `language` is en, zh-hans or zh-hant; `remarks` are a reader's own notes."""

    file_name: str
    media_type: str
    sha256: str
    size: int
    parts: tuple[Part, ...]
    title: str = ""
    language: str = "en"
    encoding: str = ""
    remarks: tuple[str, ...] = ()


@dataclass
class Unreadable(Exception):  # noqa: N818 - an outcome of reading, as often expected as not
    """A document that cannot be read: `status` is rejected or quarantined, `reason` a sentence for a person."""

    status: str
    reason: str
    place: str = ""
    details: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.reason
