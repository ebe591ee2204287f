"""Tables of a PDF page: ruled ones by their lines, unruled ones by what stands under what."""

from __future__ import annotations

import itertools
from typing import Any

from assets.reports.document import Cell
from assets.reports.formats.aligned import Line, Run, column_bounds, is_value, to_cells
from assets.reports.formats.pdf_lines import Glyph, PageLine, PageRun, build_lines, page_items
from assets.reports.formats.wording import settle_marks
from assets.reports.formats.wrapping import join_lines

CellTable = tuple[list[Cell], int, int]
_SAME_EDGE = 2.0
_FAR_APART_EM = 3.0


def has_graphics(page: Any) -> bool:
    """Whether anything is drawn on a page but characters and pictures; without, there are no rules to look for."""
    return any(hasattr(item, "linewidth") for item in page_items(page))


def ruled_tables(page: Any, glyphs: list[Glyph]) -> list[tuple[tuple[float, float, float, float], CellTable]]:
    """(box, table) for each grid of rules with two filled rows and columns; frames around text are no tables."""
    if not has_graphics(page):
        return []
    tables: list[tuple[tuple[float, float, float, float], CellTable]] = []
    for found in page.find_tables({"snap_tolerance": 2, "intersection_tolerance": 4}):
        box = tuple(float(edge) for edge in found.bbox)
        inside = [glyph for glyph in glyphs if _within(glyph, box)]
        table = _ruled(found, inside)
        if table is not None:
            tables.append(((box[0], box[1], box[2], box[3]), table))
    return tables


def _within(glyph: Glyph, box: tuple[float, ...]) -> bool:
    x = (glyph.x0 + glyph.x1) / 2
    y = glyph.baseline - 0.3 * glyph.size
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _edges(values: list[float]) -> list[float]:
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > _SAME_EDGE:
            edges.append(value)
    return edges


def _index(edges: list[float], value: float) -> int:
    return min(range(len(edges)), key=lambda place: abs(edges[place] - value))


def _ruled(found: Any, glyphs: list[Glyph]) -> CellTable | None:
    xs = _edges([edge for cell in found.cells for edge in (float(cell[0]), float(cell[2]))])
    ys = _edges([edge for cell in found.cells for edge in (float(cell[1]), float(cell[3]))])
    cells: list[Cell] = []
    stacked = 0
    for box in sorted(found.cells, key=lambda cell: (cell[1], cell[0])):
        inside = [glyph for glyph in glyphs if _within(glyph, tuple(float(edge) for edge in box))]
        lines = build_lines(inside)
        row, column = _index(ys, float(box[1])) + 1, _index(xs, float(box[0])) + 1
        row_span = max(1, _index(ys, float(box[3])) + 1 - row)
        column_span = max(1, _index(xs, float(box[2])) + 1 - column)
        text, notes, _lead = settle_marks(join_lines([line.text for line in lines]))
        stacked += len(lines) > 1 and sum(is_value(line.text) for line in lines) > 1
        if text:
            cells.append(Cell(text, row, column, row_span, column_span, False, notes))
    if len({cell.row for cell in cells}) < 2 or len({cell.column for cell in cells}) < 2:
        return None
    if stacked >= 1:
        # Rows without rules between them: several figures stand in one ruled cell.
        rules = ys[1:-1]
        lines = build_lines(glyphs)
        return unruled(lines, rules)
    rows, columns = len(ys) - 1, len(xs) - 1
    first_data = min((cell.row for cell in cells if cell.column > 1 and is_value(cell.text)), default=1)
    headed = [
        Cell(cell.text, cell.row, cell.column, cell.row_span, cell.column_span, cell.row < first_data, cell.notes)
        if not (cell.column == 1 and cell.column_span == columns and cell.row > 1)
        else cell
        for cell in cells
    ]
    return headed, rows, columns


def unruled(lines: list[PageLine], rules: list[float]) -> CellTable:
    """The table of a stretch of lines; `rules` are heights of horizontal rules, which part rows for certain."""
    aligned: list[Line] = []
    above = float("-inf")
    for line in lines:
        runs = tuple(Run(run.x0, run.x1, run.text.strip()) for run in _merged(line.runs))
        parted = any(above < rule < line.baseline - 0.2 * line.size for rule in rules)
        aligned.append(Line(line.baseline, runs, parted))
        above = line.baseline - 0.2 * line.size
    return to_cells(aligned, 1.0)


def _merged(runs: list[PageRun]) -> list[PageRun]:
    """Currency and per-cent signs set apart from their figure go back to it."""
    merged: list[PageRun] = []
    for run in runs:
        text = run.text.strip()
        last = merged[-1].text.strip() if merged else ""
        if (text in ("%", ")", "%)") and is_value(last)) or last in ("$", "€", "£", "US$", "S$", "HK$", "RMB", "("):
            merged[-1] = PageRun(last + text, merged[-1].x0, run.x1)
        else:
            merged.append(run)
    return merged


def table_spans(lines: list[PageLine]) -> list[tuple[int, int]]:
    """Stretches of lines [start, end) that form unruled tables: figures under each other in two or more columns."""
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(lines):
        if len(lines[start].runs) < 2 or lines[start].table is not None:
            start += 1
            continue
        end = _table_end(lines, start)
        if end > start:
            spans.append((start, end))
            start = end
        else:
            start += 1
    return spans


def _table_end(lines: list[PageLine], start: int) -> int:
    end = last_multi = start
    while end < len(lines):
        line = lines[end]
        if line.table is not None or (end > start and line.baseline - lines[end - 1].baseline > 4.5 * line.size):
            break
        if len(line.runs) >= 2:
            last_multi = end
        elif end - last_multi > 2 or len(line.text.split()) > 12 or _heads_another(lines, start, end):
            break
        end += 1
    end = last_multi + 1
    # Labels run on below the last row with figures: 'area' / '(sq ft)'.
    if end < len(lines) and len(lines[end].runs) == 1 and lines[end].table is None:
        gap = lines[end].baseline - lines[end - 1].baseline
        if lines[end].text.lstrip()[:1] in "(abcdefghijklmnopqrstuvwxyz" and gap < 1.5 * lines[end].size:
            end += 1
    body = lines[start:end]
    multi = [line for line in body if len(line.runs) >= 2]
    if len(multi) < 2:
        return end if _is_lone_row(multi[0]) else start
    with_values = sum(any(is_value(run.text) for run in line.runs[1:]) for line in multi)
    values_first = sum(all(is_value(run.text) for run in line.runs) for line in multi)
    if with_values + values_first == 0 or max(with_values, values_first) < 0.4 * (len(multi) - 1):
        return start
    bounds = column_bounds(
        [Line(line.baseline, tuple(Run(r.x0, r.x1, r.text) for r in line.runs)) for line in multi], 1.0
    )
    if len(bounds) < 2:
        return start
    return end


def _is_lone_row(line: PageLine) -> bool:
    """A label and its figures far apart on one line: a card or table of a single row."""
    label, *rest = line.runs
    apart = rest[0].x0 - label.x1 > _FAR_APART_EM * line.size
    return (
        apart and not is_value(label.text) and len(label.text.split()) <= 8 and all(is_value(run.text) for run in rest)
    )


def _heads_another(lines: list[PageLine], start: int, place: int) -> bool:
    """Whether a single line inside a table is the heading of the next one: larger type, or bold after a gap."""
    line, before = lines[place], lines[place - 1]
    usual = lines[start + 1].baseline - lines[start].baseline if place > start + 1 else 1.5 * before.size
    apart = line.baseline - before.baseline > 1.5 * usual
    return line.size > 1.12 * before.size or (line.bold and not before.bold and apart)


def horizontal_rules(page: Any) -> list[float]:
    """Heights of horizontal rules at least 40 points long, thin boxes drawn as rules among them."""
    if not has_graphics(page):
        return []
    heights = [float(line["top"]) for line in page.lines if abs(line["x1"] - line["x0"]) >= 40 and line["height"] < 2]
    heights += [float(rect["top"]) for rect in page.rects if rect["height"] < 2 and rect["width"] >= 40]
    return sorted({round(height, 1) for height in heights})


def between(values: list[float], low: float, high: float) -> list[float]:
    """Values strictly between two bounds."""
    return [value for value in itertools.dropwhile(lambda value: value <= low, values) if value < high]
