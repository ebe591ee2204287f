"""HTML-like rows of spanning cells into the cells of a table: spans clamped, symbol and spacer columns folded away.

Statements laid out for print put '$', '%' and ')' into columns of their own and leave empty columns between; a
reader sees one column there, and so does the table that leaves here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assets.reports.document import Cell
from assets.reports.formats.limits import Limits
from assets.reports.formats.parts import check_table_size

# Wider spans than any printed table has columns say "all columns" or are hostile: they do not set the width.
_CREDIBLE_SPAN = 100
_SYMBOL_AFTER = re.compile(r"[%％)）]{1,2}|pp|pts?")
_SYMBOL_BEFORE = re.compile(r"(?:[A-Z]{0,3}[$€£¥]|RMB|EUR|USD|GBP|SGD|AUD)?\s*\(?")
_FIGURE = re.compile(r"[(~≈<>≥≤+-]?\s*[\d.,]+\d?|[–—-]|\d")


@dataclass(frozen=True)
class Source:
    """One cell as written: spans as declared (any size), text settled."""

    text: str
    notes: tuple[str, ...] = ()
    row_span: int = 1
    column_span: int = 1
    header: bool = False


def build(rows: Sequence[Sequence[Source]], limits: Limits) -> tuple[list[Cell], int, int]:
    """(cells, rows, columns) with every span clamped to the table's real size, so that no span can claim memory."""
    row_count = len(rows)
    check_table_size(row_count, 1, limits)
    declared = max((_width(row) for row in rows), default=0)
    cells: list[Cell] = []
    open_until: dict[int, int] = {}
    columns = 0
    for row_number, row in enumerate(rows, start=1):
        column = 1
        for source in row:
            while open_until.get(column, 0) >= row_number:
                column += 1
            span = max(1, min(source.column_span, max(1, declared - column + 1)))
            row_span = max(1, min(source.row_span, row_count - row_number + 1))
            if row_span > 1:
                for covered in range(column, column + span):
                    open_until[covered] = row_number + row_span - 1
            cells.append(Cell(source.text, row_number, column, row_span, span, source.header, source.notes))
            column += span
            columns = max(columns, column - 1)
        if columns > limits.table_columns:
            check_table_size(row_count, columns, limits)
    check_table_size(row_count, columns, limits)
    cells = [cell for cell in _fold_symbols(cells, columns) if cell.text or cell.notes]
    return _drop_spacers(cells, columns)


def _width(row: Sequence[Source]) -> int:
    """A row's width by its own declaration; a span beyond belief counts as one column."""
    return sum(source.column_span if source.column_span <= _CREDIBLE_SPAN else 1 for source in row)


def _fold_symbols(cells: list[Cell], columns: int) -> list[Cell]:
    """Joins '%' and ')' to the figure before, '$' and '(' to the figure after, where a column holds nothing else."""
    by_column: dict[int, list[Cell]] = {}
    for cell in cells:
        if cell.text and cell.column_span == 1:
            by_column.setdefault(cell.column, []).append(cell)
    places = {(cell.row, cell.column): index for index, cell in enumerate(cells) if cell.column_span == 1}
    folded = list(cells)
    for column, members in by_column.items():
        texts = [cell.text for cell in members if not cell.header]
        if not texts:
            continue
        if all(_SYMBOL_AFTER.fullmatch(text) for text in texts):
            step = -1
        elif all(_SYMBOL_BEFORE.fullmatch(text) for text in texts):
            step = 1
        else:
            continue
        targets = {cell.row: _neighbour(folded, places, cell, step, columns) for cell in members if not cell.header}
        if any(target is None for target in targets.values()):
            continue
        for cell in members:
            target = targets.get(cell.row)
            if cell.header or target is None:
                continue
            figure = folded[target]
            text = figure.text + cell.text if step < 0 else cell.text + figure.text
            folded[target] = replace(figure, text=text, notes=(*figure.notes, *cell.notes))
            index = places[(cell.row, column)]
            folded[index] = replace(folded[index], text="", notes=())
    return folded


def _neighbour(
    cells: Sequence[Cell], places: dict[tuple[int, int], int], cell: Cell, step: int, columns: int
) -> int | None:
    """Index of the figure beside a symbol, over at most one empty column."""
    for distance in (1, 2):
        column = cell.column + step * distance
        if not 1 <= column <= columns:
            return None
        index = places.get((cell.row, column))
        if index is None:
            return None
        if cells[index].text:
            return index if _FIGURE.match(cells[index].text) else None
    return None


def _drop_spacers(cells: list[Cell], columns: int) -> tuple[list[Cell], int, int]:
    """Takes out empty rows and the columns that only spanning cells cross, shrinking those spans."""
    own = [False] * (columns + 2)
    for cell in cells:
        if cell.column_span == 1:
            own[cell.column] = True
    keep = own[:]
    for cell in sorted(cells, key=lambda cell: cell.column_span):
        span = range(cell.column, cell.column + cell.column_span)
        if not any(keep[column] for column in span):
            keep[cell.column] = True
    filled = sorted({cell.row for cell in cells})
    crossed: set[int] = set()
    new_row = {row: number for number, row in enumerate(filled, start=1)}
    new_column: dict[int, int] = {}
    count = 0
    for column in range(1, columns + 1):
        if keep[column]:
            count += 1
            new_column[column] = count
        else:
            crossed.add(column)
    dropped: list[Cell] = []
    for cell in cells:
        kept = [new_column[column] for column in range(cell.column, cell.column + cell.column_span) if keep[column]]
        covered_rows = [row for row in range(cell.row, cell.row + cell.row_span) if row in new_row]
        dropped.append(
            replace(
                cell,
                row=new_row[cell.row],
                column=kept[0],
                row_span=len(covered_rows),
                column_span=len(kept),
            )
        )
    return dropped, len(filled), count
