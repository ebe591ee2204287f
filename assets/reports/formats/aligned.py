"""Tables without rules: runs of text at horizontal positions, one list a line, into cells.

Positions are in any one unit: points on a PDF page, or character columns in fixed-width text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from assets.reports.document import Cell
from assets.reports.formats.wording import settle_marks

_VALUE = re.compile(
    r"[(\[~≈<>≥≤+-]?\s*(?:[A-Z]{0,3}[$€£¥]|RMB|EUR|USD)?\s*[\d,.]*\d[\d,.]*\s*"
    r"(?:%|％|x|pp|pts|MW|GW|kW|sqm|sq ft|m²|years?|yrs?)?\s*[)\]]?"
    r"|[–—-]+|n\.?/?[am]\.?|nil|N/?A|nm|TBC|\*+",
    re.I,
)
_YEAR_OR_PERIOD = re.compile(
    r"(?:FY|CY|1H|2H|H[12]|[1-4]Q|Q[1-4])\s*['’]?(?:(?:19|20)\d{2}|\d{2})?\s*[AEFP]?"
    r"|(?:19|20)\d{2}\s*[AEFP]?(?:\s*[1-4]Q|\s*Q[1-4]|\s*H[12])?|\d{1,2} \w+ (?:19|20)\d{2}"
)


# More columns than this under spanning heads are not shared out in every way.
_MOST_SHARED = 16
# How far, in column widths, a spanning head may stand from where its columns would put it.
_FIT = 0.25


@dataclass(frozen=True)
class Run:
    """A stretch of text on one line, from `start` to `end`; `text` may still carry superscript marks."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Line:
    """The runs of one printed line, left to right; `top` grows downwards; `ruled_above` where a rule parts it."""

    top: float
    runs: tuple[Run, ...]
    ruled_above: bool = False


def is_value(text: str) -> bool:
    """Whether a cell's text is a figure, a dash or 'n/a' (not a label, not a year or quarter heading)."""
    text = text.strip()
    return bool(text and _VALUE.fullmatch(text)) and not _YEAR_OR_PERIOD.fullmatch(text)


def column_bounds(lines: Sequence[Line], smallest_gap: float) -> list[tuple[float, float]]:
    """The columns as (start, end), from the lines with most runs: positions no run of theirs covers part columns."""
    most = max((len(line.runs) for line in lines), default=0)
    full = [line for line in lines if len(line.runs) >= max(2, most - 1)] or list(lines)
    spans = sorted((run.start, run.end) for line in full for run in line.runs)
    bounds: list[tuple[float, float]] = []
    for start, end in spans:
        if bounds and start <= bounds[-1][1] + smallest_gap:
            bounds[-1] = (bounds[-1][0], max(end, bounds[-1][1]))
        else:
            bounds.append((start, end))
    return bounds


def covered(run: Run, bounds: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """First and last column (0-based) a run stands in: those it overlaps, else the nearest one."""
    hit = [index for index, (start, end) in enumerate(bounds) if run.start < end and run.end > start]
    if hit:
        return hit[0], hit[-1]
    centre = (run.start + run.end) / 2
    nearest = min(range(len(bounds)), key=lambda index: abs((bounds[index][0] + bounds[index][1]) / 2 - centre))
    return nearest, nearest


@dataclass
class _Row:
    top: float
    bottom: float
    texts: dict[int, str]
    spans: dict[int, int]
    ruled_above: bool
    extents: dict[int, tuple[float, float]] = field(default_factory=dict)

    def has_values(self) -> bool:
        return any(is_value(text) for column, text in self.texts.items() if column > 0)

    def label_only(self) -> bool:
        return set(self.texts) == {0} and self.spans[0] == 1


def to_cells(lines: Sequence[Line], smallest_gap: float) -> tuple[list[Cell], int, int]:
    """Cells, rows and columns of an unruled table: heads over two lines and labels over two lines become one cell."""
    bounds = column_bounds(lines, smallest_gap)
    rows = [_row(line, bounds) for line in lines]
    for upper, lower in itertools.pairwise(rows):
        if not upper.has_values() and not lower.has_values():
            _spread_heads(upper, lower, bounds)
    rows = _merge_labels(_merge_heads(rows))
    cells: list[Cell] = []
    first_data = next((number for number, row in enumerate(rows) if row.has_values()), 0)
    for number, row in enumerate(rows, start=1):
        for column in sorted(row.texts):
            text, notes, _lead = settle_marks(row.texts[column])
            header = number <= first_data
            cells.append(Cell(text, number, column + 1, 1, row.spans[column], header, notes))
    return cells, len(rows), len(bounds)


def _row(line: Line, bounds: Sequence[tuple[float, float]]) -> _Row:
    texts: dict[int, str] = {}
    spans: dict[int, int] = {}
    extents: dict[int, tuple[float, float]] = {}
    for run in line.runs:
        first, last = covered(run, bounds)
        while first in texts and first < last:
            first += 1
        if first in texts:
            texts[first] += " " + run.text
        else:
            texts[first] = run.text
            spans[first] = last - first + 1
            extents[first] = (run.start, run.end)
    return _Row(line.top, line.top, texts, spans, line.ruled_above, extents)


def _spread_heads(upper: _Row, lower: _Row, bounds: Sequence[tuple[float, float]]) -> None:
    """Gives heads that stand over several columns ('2024' over '1Q' to '3Q') their spans.

    Heads are centred over their columns or start with the first of them: of all ways to share the columns out, in
    order and without gaps, the one that fits the printed places best is taken.
    """
    heads = sorted(upper.texts)
    columns = [column for column in sorted(lower.texts) if column > 0]
    if 0 in upper.texts or not 0 < len(heads) < len(columns) or any(span > 1 for span in lower.spans.values()):
        return
    places = [upper.extents[head] for head in heads]
    best: tuple[float, list[int]] | None = None
    for skipped in range(min(2, len(columns) - len(heads)) + 1):
        shared = columns[skipped:]
        for cuts in itertools.combinations(range(1, len(shared)), len(heads) - 1):
            edges = [0, *cuts, len(shared)]
            groups = [shared[low:high] for low, high in itertools.pairwise(edges)]
            centred = sum(
                abs(bounds[group[0]][0] + bounds[group[-1]][1] - start - end) / 2
                for group, (start, end) in zip(groups, places, strict=True)
            )
            leading = sum(abs(bounds[group[0]][0] - place[0]) for group, place in zip(groups, places, strict=True))
            cost = min(centred, leading)
            if best is None or cost < best[0]:
                best = (cost, [skipped, *edges])
        if len(shared) > _MOST_SHARED:
            break
    pitches = sorted(bounds[after][0] - bounds[before][0] for before, after in itertools.pairwise(columns))
    if best is None or best[0] > _FIT * pitches[len(pitches) // 2] * len(heads):
        return
    skipped, *edges = best[1]
    shared = columns[skipped:]
    texts = [upper.texts[head] for head in heads]
    starts = [shared[low] for low in edges[:-1]]
    upper.texts = dict(zip(starts, texts, strict=True))
    upper.spans = {start: shared[high - 1] - start + 1 for start, high in zip(starts, edges[1:], strict=True)}
    upper.extents = dict(zip(starts, places, strict=True))


def _pitch(rows: Sequence[_Row]) -> float:
    """The usual distance from one row with figures to the next."""
    tops = [row.top for row in rows if row.has_values()]
    gaps = sorted(after - before for before, after in itertools.pairwise(tops) if after > before)
    return gaps[(len(gaps) - 1) // 2] if gaps else 0.0


def _merge_heads(rows: list[_Row]) -> list[_Row]:
    """Merges the lines of a column head printed over two or three lines ('Almere' / 'Data Centre')."""
    first_data = next((number for number, row in enumerate(rows) if row.has_values()), 0)
    heads = rows[:first_data]
    merged: list[_Row] = []
    for row in heads:
        last = merged[-1] if merged else None
        if last is not None and not row.ruled_above and _same_heads(last, row):
            for column, text in row.texts.items():
                last.texts[column] = f"{last.texts[column]} {text}" if column in last.texts else text
                last.spans.setdefault(column, row.spans[column])
            last.bottom = row.bottom
        else:
            merged.append(row)
    return merged + rows[first_data:]


def _same_heads(above: _Row, below: _Row) -> bool:
    if any(span > 1 for span in [*above.spans.values(), *below.spans.values()]):
        return False
    value_columns_above = {column for column in above.texts if column > 0}
    value_columns_below = {column for column in below.texts if column > 0}
    if not value_columns_above or not value_columns_below:
        return False
    shared = value_columns_above & value_columns_below
    return len(shared) >= 0.6 * max(len(value_columns_above), len(value_columns_below))


def _merge_labels(rows: list[_Row]) -> list[_Row]:
    """Merges a row label printed over two lines with the line that holds its figures."""
    pitch = _pitch(rows)
    merged: list[_Row] = []
    for row in rows:
        last = merged[-1] if merged else None
        if last is None or row.ruled_above or 0 not in last.texts or last.spans[0] > 1:
            merged.append(row)
            continue
        close = pitch > 0 and row.top - last.bottom < 0.8 * pitch
        label = row.texts.get(0, "")
        runs_on = (
            label[:1].islower()
            or label[:1] in "(&/"
            or bool(re.search(r"(?:[,(/–-]|\b(?:of|and|per|the|in))$", last.texts[0]))
        )
        begins = last.label_only() and (row.has_values() or row.label_only())
        ends = row.label_only() and last.has_values()
        if (begins and (runs_on or (close and not row.label_only()))) or (ends and (runs_on or close)):
            _absorb(last, row)
        else:
            merged.append(row)
    return merged


def _absorb(last: _Row, row: _Row) -> None:
    for column, text in row.texts.items():
        last.texts[column] = f"{last.texts[column]} {text}" if column in last.texts else text
        last.spans.setdefault(column, row.spans[column])
    last.bottom = row.bottom
