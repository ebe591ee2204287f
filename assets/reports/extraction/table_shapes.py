"""Finds the shape of a printed table: which rows are headers, which columns are labels, what stands over a value.

Belongs here: header rows (marked, leading or repeated), year headings over quarters, section rows, label columns,
carry-forward of merged cells. Not here: what a label or a number means; that knowledge comes in as `Oracle`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from assets.reports.document import Cell, Table
from assets.reports.extraction.table_values import (
    CellValue,
    fold,
    is_nil,
    read_text_value,
    read_value,
    uses_decimal_comma,
)

EMPTY, NIL, PERIOD, NUMBER, TEXT = "empty", "nil", "period", "number", "text"


@dataclass(frozen=True)
class Oracle:
    """What the shape needs to know of meaning, as questions about a folded text.

    `is_period`: the text is nothing but a date, a year, a quarter or an expiry bucket. `is_bare_year`: a year alone.
    `is_metric`: it names a measure or a unit. `section_kind`: entity, period or measure, for a section row.
    """

    is_period: Callable[[str], bool]
    is_bare_year: Callable[[str], bool]
    is_metric: Callable[[str], bool]
    section_kind: Callable[[str], str]


@dataclass(frozen=True)
class Label:
    """A text over or beside a value. `stub` is the label of the row or the header of the column it stands in."""

    text: str
    notes: tuple[str, ...] = ()
    stub: str = ""


@dataclass(frozen=True)
class Slot:
    """One printed number with all that stands over and beside it, outermost first. Row and column count from 1."""

    cell: Cell
    value: CellValue
    row: int
    column: int
    headers: tuple[Label, ...]
    labels: tuple[Label, ...]
    sections: tuple[Label, ...]
    attributes: tuple[Label, ...] = ()


@dataclass
class _Band:
    """A header block with the body rows under it."""

    header_rows: list[int] = field(default_factory=list)
    body_rows: list[int] = field(default_factory=list)
    sections: dict[int, tuple[Label, ...]] = field(default_factory=dict)


def read_slots(table: Table, oracle: Oracle) -> list[Slot]:
    """Every printed number of the body with its labels, in reading order. Blank and nil cells give none."""
    grid = table.grid()
    if not grid or not grid[0]:
        return []
    decimal_comma = uses_decimal_comma(cell.text for cell in table.cells)
    kinds = [[_kind(cell, oracle, decimal_comma) for cell in row] for row in grid]
    slots: list[Slot] = []
    for band in _bands(grid, kinds, oracle):
        slots.extend(_read_band(grid, kinds, band, oracle, decimal_comma))
    return slots


def _kind(cell: Cell | None, oracle: Oracle, decimal_comma: bool) -> str:
    if cell is None or not fold(cell.text):
        return EMPTY
    text = fold(cell.text)
    if is_nil(text):
        return NIL
    pair = _PAIR.fullmatch(text)
    if oracle.is_period(text) or (pair and oracle.is_period(pair["first"]) and oracle.is_period(pair["second"])):
        return PERIOD
    if read_value(cell, decimal_comma) is not None or _pair(cell, decimal_comma) is not None:
        return NUMBER
    return TEXT


def _printed(cell: Cell | None) -> bool:
    return cell is not None and bool(fold(cell.text))


def _distinct(row: list[Cell | None]) -> list[Cell]:
    """The printed cells of a row of a grid, each once: a spanning cell is one object in several places."""
    seen = {id(cell): cell for cell in row if cell is not None}
    return [cell for cell in seen.values() if fold(cell.text)]


def _bands(grid: list[list[Cell | None]], kinds: list[list[str]], oracle: Oracle) -> list[_Band]:
    inverted = _inverted_bands(grid, kinds)
    if inverted:
        return inverted
    bands = [_Band()]
    section_stack: list[tuple[str, Label]] = []
    for index, row in enumerate(grid):
        content = _distinct(row)
        if not content:
            continue
        role = _row_role(index, row, kinds, bands[-1], grid, oracle)
        if role == "section":
            cell = content[0]
            text = fold(cell.text)
            kind = oracle.section_kind(text)
            known = [position for position, (other, _) in enumerate(section_stack) if other == kind]
            if known:
                del section_stack[known[0] :]
            section_stack.append((kind, Label(text, cell.notes)))
        elif role == "header":
            if bands[-1].body_rows:
                bands.append(_Band())
                section_stack = [item for item in section_stack if item[0] != "entity"]
            bands[-1].header_rows.append(index)
        else:
            bands[-1].body_rows.append(index)
            bands[-1].sections[index] = tuple(label for _, label in section_stack)
    return [band for band in bands if band.body_rows]


def _inverted_bands(grid: list[list[Cell | None]], kinds: list[list[str]]) -> list[_Band]:
    """Bands of a box typeset as a table: a row of numbers over the row of its labels, again and again; else none."""
    rows = [index for index, row in enumerate(grid) if _distinct(row)]
    pairs = list(zip(rows[::2], rows[1::2], strict=False))
    for upper, lower in pairs:
        filled_above = {column for column, kind in enumerate(kinds[upper]) if kind != EMPTY}
        filled_below = {column for column, kind in enumerate(kinds[lower]) if kind != EMPTY}
        if filled_above != filled_below or {kinds[upper][column] for column in filled_above} != {NUMBER}:
            return []
        if {kinds[lower][column] for column in filled_below} != {TEXT}:
            return []
    if len(rows) % 2 or not pairs:
        return []
    return [_Band([lower], [upper], {upper: ()}) for upper, lower in pairs]


def _row_role(
    index: int,
    row: list[Cell | None],
    kinds: list[list[str]],
    band: _Band,
    grid: list[list[Cell | None]],
    oracle: Oracle,
) -> str:
    """section, header or body for a row with content."""
    content = _distinct(row)
    row_kinds = kinds[index]
    first = next(position for position, kind in enumerate(row_kinds) if kind != EMPTY)
    if len(content) == 1:
        if row_kinds[first] == NUMBER:
            return "body"
        if len(row) > 1 and first > 0 and content[0].column_span < len(row) and row_kinds[first] == PERIOD:
            return "header"
        return "section"
    # Anything but the stub decides: a number there makes a body row, whatever the markup says.
    rest = [kind for position, kind in enumerate(row_kinds) if position > first or row_kinds[0] == EMPTY]
    if row_kinds[0] not in (EMPTY, TEXT, PERIOD, NIL):
        rest = row_kinds
    if NUMBER in rest:
        return "body"
    flagged = all(cell.header for cell in content)
    texts = [fold(cell.text) for cell in content]
    periods = rest.count(PERIOD)
    if PERIOD in rest and periods >= rest.count(TEXT) and not _years_as_values(row, row_kinds, first, band, oracle):
        return "header"
    if any(set(texts) == {fold(cell.text) for cell in _distinct(grid[other])} for other in band.header_rows):
        return "header"
    if NIL in rest and TEXT not in rest and PERIOD not in rest:
        return "body"
    if flagged:
        return "header"
    measures = sum(oracle.is_metric(text) for text in texts)
    if band.body_rows:
        new_names = row_kinds[0] == EMPTY and rest.count(TEXT) >= 2
        return "header" if new_names or measures >= 2 else "body"
    if len(row) == 2 and len(content) == 2:
        named = _HEAD_OF_LABELS.search(texts[0]) is not None
        return "header" if named or (measures and not oracle.is_metric(texts[0])) else "body"
    return "header"


def _years_as_values(row: list[Cell | None], row_kinds: list[str], first: int, band: _Band, oracle: Oracle) -> bool:
    """True for a body row whose printed numbers happen to look like years (2,025 MW without its separator)."""
    if not band.header_rows or row_kinds[first] != TEXT:
        return False
    rest = [
        fold(cell.text)
        for cell, kind in zip(row[first + 1 :], row_kinds[first + 1 :], strict=True)
        if cell and kind == PERIOD
    ]
    label = row[first]
    years = bool(rest) and all(oracle.is_bare_year(text) for text in rest)
    return years and label is not None and oracle.is_metric(fold(label.text)) and len(set(rest)) == len(rest)


def _read_band(
    grid: list[list[Cell | None]], kinds: list[list[str]], band: _Band, oracle: Oracle, decimal_comma: bool
) -> list[Slot]:
    width = len(grid[0])
    label_columns = _label_columns(kinds, band, width, grid, oracle)
    headers = _headers(grid, kinds, band, label_columns)
    attributes = _attributes(grid, kinds, band, label_columns)
    slots = []
    carried: dict[int, Label] = {}
    for index in band.body_rows:
        labels = _row_labels(grid, index, label_columns, headers, carried)
        seen: list[Cell] = []
        for column in range(width):
            cell = grid[index][column]
            if cell is None or column in label_columns or cell in seen or cell.row - 1 != index:
                continue
            seen.append(cell)
            if kinds[index][column] not in (NUMBER, PERIOD):
                continue
            value = read_value(cell, decimal_comma)
            if value is None:
                slots.extend(_paired_slots(cell, index, column, headers[column], labels, band, decimal_comma, oracle))
                continue
            slots.append(
                Slot(
                    cell,
                    value,
                    index + 1,
                    column + 1,
                    headers[column],
                    labels,
                    band.sections[index],
                    attributes.get(column, ()),
                )
            )
    return slots


_PAIR = re.compile(r"(?P<first>[^()]+?)\s*[(（](?P<second>[^()]+)[)）]")


def _pair(cell: Cell, decimal_comma: bool) -> tuple[CellValue, CellValue] | None:
    """Two numbers of a cell that prints its comparative in parentheses: '610,000 (630,963)'."""
    match = _PAIR.fullmatch(fold(cell.text))
    if match is None:
        return None
    first = read_text_value(match["first"], decimal_comma)
    second = read_text_value(match["second"], decimal_comma)
    return (first, second) if first is not None and second is not None else None


def _paired_slots(
    cell: Cell,
    index: int,
    column: int,
    headers: tuple[Label, ...],
    labels: tuple[Label, ...],
    band: _Band,
    decimal_comma: bool,
    oracle: Oracle,
) -> list[Slot]:
    """Both numbers of a cell with its comparative, where the header prints both periods the same way: '2Q25 (2Q24)'."""
    values = _pair(cell, decimal_comma)
    for position, label in enumerate(headers):
        match = _PAIR.fullmatch(label.text)
        if (
            values is None
            or match is None
            or not (oracle.is_period(match["first"]) and oracle.is_period(match["second"]))
        ):
            continue
        return [
            Slot(
                cell,
                value,
                index + 1,
                column + 1,
                (*headers[:position], Label(period, label.notes, label.stub), *headers[position + 1 :]),
                labels,
                band.sections[index],
            )
            for value, period in zip(values, (match["first"], match["second"]), strict=True)
        ]
    return []


def _label_columns(
    kinds: list[list[str]], band: _Band, width: int, grid: list[list[Cell | None]], oracle: Oracle
) -> set[int]:
    """Columns whose body cells are words (or periods, for the first), never values."""
    columns = set()
    for column in range(width):
        counts = dict.fromkeys((EMPTY, NIL, PERIOD, NUMBER, TEXT), 0)
        for index in band.body_rows:
            counts[kinds[index][column]] += 1
        words, values = counts[TEXT], counts[NUMBER]
        heads = [fold(cell.text) for i in band.header_rows if (cell := grid[i][column]) is not None]
        measured = values > 0 and column > 0 and any(oracle.is_metric(head) for head in heads)
        wordy = words > values and not measured
        indexed = " ".join(heads).casefold() in _INDEX_HEADERS
        if (
            (column == 0 and words + counts[PERIOD] > values)
            or wordy
            or indexed
            or (counts[PERIOD] > values and all(other in columns for other in range(column)))
        ):
            columns.add(column)
    if len(columns) == width:
        # A table of words with a stray number: what is right of the first column may still hold values.
        return {0}
    return columns


# Over the labels of a table of two columns; over a card's first value it would be a label of its own.
_HEAD_OF_LABELS = re.compile(
    r"^(?:lease |financial |fiscal )?(?:year|quarter|period|half)\b"
    r"|^(?:property|facility|site|market|region|segment|name|measure|metric|indicator|item|expir(?:y|ing)|ending"
    r"|指[标標]|[项項]目|市[场場]|年份|季度)\b",
    re.IGNORECASE,
)
_INDEX_HEADERS = {
    "no",
    "no.",
    "#",
    "note",
    "notes",
    "ref",
    "ref.",
    "s/n",
    "rank",
    "序号",
    "序號",
    "编号",
    "附注",
    "附註",
}


def _headers(
    grid: list[list[Cell | None]], kinds: list[list[str]], band: _Band, label_columns: set[int]
) -> list[tuple[Label, ...]]:
    """Header texts over each column, top to bottom, repeated ones once; a year carries on over its quarters."""
    width = len(grid[0])
    result: list[list[Label]] = [[] for _ in range(width)]
    last = band.header_rows[-1] if band.header_rows else -1
    for index in band.header_rows:
        stub = next(
            (fold(c.text) for p, c in enumerate(grid[index]) if p in label_columns and c and c.text.strip()), ""
        )
        carried: Label | None = None
        for column in range(width):
            cell = grid[index][column]
            text = fold(cell.text) if cell is not None else ""
            label = Label(text, cell.notes if cell is not None else (), stub) if text and not is_nil(text) else None
            if label is not None:
                carried = label if kinds[index][column] == PERIOD or index != last else None
            elif carried is not None and index != last and column not in label_columns:
                label = carried
            if label is not None and label.text not in [known.text for known in result[column]]:
                result[column].append(label)
    return [tuple(labels) for labels in result]


def _attributes(
    grid: list[list[Cell | None]], kinds: list[list[str]], band: _Band, label_columns: set[int]
) -> dict[int, tuple[Label, ...]]:
    """Words in body rows of a column (Location | Almere | Amsterdam), with the label of their row as stub."""
    found: dict[int, list[Label]] = {}
    for index in band.body_rows:
        stub = next(
            (fold(c.text) for p, c in enumerate(grid[index]) if p in label_columns and c and c.text.strip()), ""
        )
        for column, cell in enumerate(grid[index]):
            if cell is not None and column not in label_columns and kinds[index][column] in (TEXT, PERIOD):
                found.setdefault(column, []).append(Label(fold(cell.text), cell.notes, stub))
    return {column: tuple(labels) for column, labels in found.items()}


def _row_labels(
    grid: list[list[Cell | None]],
    index: int,
    label_columns: set[int],
    headers: list[tuple[Label, ...]],
    carried: dict[int, Label],
) -> tuple[Label, ...]:
    """Words of a row, left to right; an outer label left blank carries on from the row above."""
    columns = sorted(label_columns)
    labels: dict[int, Label] = {}
    for column in columns:
        cell = grid[index][column]
        text = fold(cell.text) if cell is not None else ""
        if cell is not None and text and not is_nil(text):
            stub = " ".join(label.text for label in headers[column])
            labels[column] = Label(text, cell.notes, stub)
    for column in columns:
        if column in labels:
            carried[column] = labels[column]
            for inner in [other for other in carried if other > column and other not in labels]:
                del carried[inner]
        elif column in carried and any(other > column for other in labels) and not _printed(grid[index][column]):
            labels[column] = carried[column]
    seen: list[Label] = []
    for column in columns:
        if column in labels and labels[column].text not in [label.text for label in seen]:
            seen.append(labels[column])
    return tuple(seen)
