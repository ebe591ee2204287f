"""Collects what a reader finds, in reading order, and numbers it at the end.

Drafts are mutable so that later passes (footnotes.py) may split or relabel them before places are fixed.
Nothing here knows a file format.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from assets.reports.document import Block, Cell, Part, Place, Table, Unreadable
from assets.reports.formats.limits import Limits
from assets.reports.formats.wording import TURNED


@dataclass
class DraftBlock:
    """A block before numbering. `lead_mark` is a footnote mark that stood at its very start."""

    kind: str
    text: str
    level: int = 0
    notes: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    lead_mark: str = ""


@dataclass
class DraftTable:
    """A table before numbering; `cells` count from 1 within it."""

    cells: list[Cell]
    rows: int
    columns: int
    caption: str = ""
    place: Place = field(default_factory=Place)


Draft = DraftBlock | DraftTable


class Parts:
    """The parts of one document as they are found; raises Unreadable('quarantined') past the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.drafts: list[Draft] = []
        self.remarks: list[str] = []
        self._cells = 0
        self._characters = 0

    def block(
        self,
        kind: str,
        text: str,
        level: int = 0,
        notes: tuple[str, ...] = (),
        place: Place | None = None,
        lead_mark: str = "",
    ) -> None:
        """Adds a block unless its text is empty."""
        if not text:
            return
        _refuse_turned(text)
        self._characters += len(text)
        if self._characters > self.limits.text_characters:
            raise Unreadable("quarantined", f"more than {self.limits.text_characters:,} characters of text")
        self._add(DraftBlock(kind, text, level, notes, place or Place(), lead_mark))

    def table(self, cells: list[Cell], rows: int, columns: int, caption: str = "", place: Place | None = None) -> None:
        """Adds a table unless no cell holds anything."""
        if not any(cell.text for cell in cells):
            return
        for cell in cells:
            _refuse_turned(cell.text)
        check_table_size(rows, columns, self.limits)
        self._cells += len(cells)
        if self._cells > self.limits.cells:
            raise Unreadable("quarantined", f"the tables hold more than {self.limits.cells:,} cells together")
        self._add(DraftTable(cells, rows, columns, caption, place or Place()))

    def remark(self, text: str) -> None:
        """Adds a reader's own note once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def finish(self) -> tuple[Part, ...]:
        """The parts with their places: `block` counts blocks and tables alike, `table` tables alone."""
        parts: list[Part] = []
        tables = 0
        for number, draft in enumerate(self.drafts, start=1):
            if isinstance(draft, DraftTable):
                tables += 1
                place = replace(draft.place, block=number, table=tables)
                parts.append(Table(tuple(draft.cells), place, draft.rows, draft.columns, draft.caption))
            else:
                place = replace(draft.place, block=number)
                parts.append(Block(draft.kind, draft.text, place, draft.level, draft.notes))
        return tuple(parts)

    def _add(self, draft: Draft) -> None:
        if len(self.drafts) >= self.limits.parts:
            raise Unreadable("quarantined", f"more than {self.limits.parts:,} paragraphs and tables")
        self.drafts.append(draft)


def _refuse_turned(text: str) -> None:
    if TURNED in text:
        said = text.replace(TURNED, "")[:60]
        raise Unreadable(
            "quarantined",
            f"the direction of text is overridden near '{said}': what is seen there is not what is stored; enter the "
            "figures by hand from what is seen",
        )


def check_table_size(rows: int, columns: int, limits: Limits) -> None:
    """Raises Unreadable('quarantined') for a table no report prints (hostile or a raw data dump)."""
    if rows > limits.table_rows:
        raise Unreadable(
            "quarantined", f"a table of {rows:,} rows; at most {limits.table_rows:,} are read, none were taken"
        )
    if columns > limits.table_columns:
        raise Unreadable(
            "quarantined", f"a table of {columns:,} columns; at most {limits.table_columns:,} are read, none were taken"
        )
    if rows * columns > limits.table_places:
        raise Unreadable(
            "quarantined",
            f"a table of {rows:,} rows by {columns:,} columns; at most {limits.table_places:,} places are read",
        )
