"""Reading order of a page: finds newspaper columns by the white gutter between them, and the lines across both.

A table also has gutters. Columns of running text have many words a line that fill their width; cells do not.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from assets.reports.formats.pdf_lines import PageLine, PageRun
from assets.reports.formats.pdf_tables import table_spans

_BIN = 2.0
_MOST_CROSSING = 0.25
_FEWEST_LINES = 3


def reading_order(lines: list[PageLine]) -> list[list[PageLine]]:
    """Regions of single-column lines in reading order, top to bottom and column by column."""
    lines = sorted(lines, key=lambda line: (line.baseline, line.x0))
    if len(lines) < 2 * _FEWEST_LINES - 1:
        return [lines] if lines else []
    for gutter in _gutters(lines):
        regions = _split_at(lines, gutter)
        if regions is not None:
            return regions
    return [lines]


def _gutters(lines: list[PageLine]) -> list[float]:
    """Middles of the white stripes few lines cross, the least crossed and widest first."""
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    count = int((right - left) / _BIN) + 1
    ink = [0] * count
    for line in lines:
        covered: set[int] = set()
        for run in line.runs:
            covered.update(range(int((run.x0 - left) / _BIN), min(count, int((run.x1 - left) / _BIN) + 1)))
        for place in covered:
            ink[place] += 1
    size = sorted(line.size for line in lines)[len(lines) // 2]
    allowed = _MOST_CROSSING * len(lines)
    stripes: list[tuple[int, int, float]] = []
    # Stripes at each level of crossing: a narrow clean stripe inside a wide sparse one is the better cut.
    for level in sorted({value for value in ink if value <= allowed}):
        start = None
        for place in range(count + 1):
            low = place < count and ink[place] <= level
            if low and start is None:
                start = place
            elif not low and start is not None:
                width = (place - start) * _BIN
                if width >= max(6.0, 0.7 * size) and start > 0 and place < count:
                    stripes.append((level, -(place - start), left + (start + place) * _BIN / 2))
                start = None
    stripes.sort()
    return [middle for _level, _width, middle in stripes[:24]]


def _split_at(lines: list[PageLine], gutter: float) -> list[list[PageLine]] | None:
    """Regions where the gutter parts columns of text; None where it parts cells or nothing."""
    in_table = _table_lines(lines)
    bands: list[tuple[bool, list[PageLine]]] = []
    for place, line in enumerate(lines):
        crosses = place in in_table or any(run.x0 < gutter < run.x1 for run in line.runs)
        if bands and bands[-1][0] == crosses:
            bands[-1][1].append(line)
        else:
            bands.append((crosses, [line]))
    regions: list[list[PageLine]] = []
    found = False
    for crosses, band in bands:
        if crosses:
            regions.append(band)
            continue
        left, right = _halves(band, gutter)
        if _are_columns(left, right):
            found = True
            regions += reading_order(left)
            regions += reading_order(right)
        else:
            regions.append(band)
    if not found:
        return None
    return _joined(regions)


def _table_lines(lines: list[PageLine]) -> set[int]:
    """Lines of tables that stand apart from the text above and below by white space over the whole width.

    Such a table below two columns of text belongs to neither of them.
    """
    gaps = sorted(after.baseline - before.baseline for before, after in itertools.pairwise(lines))
    usual = gaps[len(gaps) // 2] if gaps else 0.0
    found: set[int] = set()
    start = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines) and lines[place].baseline - lines[place - 1].baseline <= 1.6 * usual:
            continue
        stretch = lines[start:place]
        covered = sum(end - first for first, end in table_spans(stretch))
        if len(stretch) >= 2 and covered >= 0.8 * len(stretch):
            found.update(range(start, place))
        start = place
    return found


def _halves(band: list[PageLine], gutter: float) -> tuple[list[PageLine], list[PageLine]]:
    left: list[PageLine] = []
    right: list[PageLine] = []
    for line in band:
        for side, runs in (
            (left, [run for run in line.runs if run.x1 <= gutter]),
            (right, [run for run in line.runs if run.x0 >= gutter]),
        ):
            if runs:
                side.append(replace(line, runs=runs))
    return left, right


def _are_columns(left: list[PageLine], right: list[PageLine]) -> bool:
    if len(left) < _FEWEST_LINES or len(right) < _FEWEST_LINES:
        return False
    strong_left, strong_right = _is_running_text(left), _is_running_text(right)
    if strong_left and strong_right:
        return True
    if strong_left or strong_right:
        other = right if strong_left else left
        strong = left if strong_left else right
        if strong_right and _labels(left):
            return False
        baselines = [line.baseline for line in strong]
        aligned = sum(any(abs(line.baseline - place) < 1.0 for place in baselines) for line in other)
        return strong_left or aligned < 0.6 * len(other)
    return False


def _labels(lines: list[PageLine]) -> bool:
    return all(len(line.text.split()) <= 6 for line in lines)


def _is_running_text(lines: list[PageLine]) -> bool:
    """Whether lines read as prose that fills a column: four words or more, most lines near the full width."""
    lines = [line for line in lines if line.table is None]
    if len(lines) < _FEWEST_LINES:
        return False
    words = sorted(len(re.findall(r"[A-Za-z\u3400-\u9fff][\w'’-]*", line.text)) for line in lines)
    han = sum(len(re.findall("[\u3400-\u9fff]", line.text)) for line in lines)
    width = max(line.x1 for line in lines) - min(line.x0 for line in lines)
    filled = sum(_ink(line.runs) for line in lines) / (len(lines) * max(width, 1.0))
    many_words = words[len(words) // 2] >= 4 or han > 8 * len(lines)
    return many_words and filled >= 0.5


def _ink(runs: list[PageRun]) -> float:
    return sum(run.x1 - run.x0 for run in runs)


def _joined(regions: list[list[PageLine]]) -> list[list[PageLine]]:
    return [region for region in regions if region]
