"""Plain text: hard-wrapped press releases, releases run together on one line, key-indicator boxes, typed tables."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from assets.reports.document import Cell, Place, Unreadable
from assets.reports.formats.aligned import Line, Run, is_value, to_cells
from assets.reports.formats.parts import DraftBlock, Parts
from assets.reports.formats.wording import fold, looks_like_heading, settle_marks, split_glued
from assets.reports.formats.wrapping import (
    BULLET,
    join_chunks,
    join_lines,
    paragraphs,
    strip_running_numbers,
    wrap_width,
)

_RULE = re.compile(r"(?:[-=_~*+#|:.\s]{3,}|\s*[─━═┄┅┈┉╌│┼┌┐└┘├┤┬┴]+\s*)$")
# Words one space apart: what stands between wider gaps.
_STRETCH = re.compile(r"\S+(?:\s\S+)*")
_MARKDOWN_HEADING = re.compile(r"(#{1,6})\s+(.*)$")


def read_text(text: str, parts: Parts, first_is_title: bool = True) -> None:
    """Adds the parts of a text: tables where columns plainly line up, else headings, bullets and paragraphs."""
    pages = text.replace("\r\n", "\n").replace("\r", "\n").split("\f")
    every_line = [line for page in pages for line in page.split("\n")]
    longest = max(map(len, every_line), default=0)
    if longest > parts.limits.line_characters:
        raise Unreadable(
            "quarantined",
            f"a line of {longest:,} characters; at most {parts.limits.line_characters:,} are read, none were taken",
        )
    width = wrap_width([line for chunk in _chunks(every_line) if len(chunk) > 1 for line in chunk])
    stripped, numbered = strip_running_numbers([line for line in every_line if line.strip()])
    if numbered:
        _read_numbered(stripped, numbered, parts)
        return
    before = len(parts.drafts)
    for number, page in enumerate(pages, start=1):
        place = Place(page=number if len(pages) > 1 else None)
        for chunk in _chunks(page.split("\n")):
            _read_chunk(chunk, width, parts, place)
    first = parts.drafts[before] if len(parts.drafts) > before else None
    if first_is_title and isinstance(first, DraftBlock) and first.kind != "bullet" and _reads_as_title(first.text):
        first.kind, first.level = "title", 1


def _reads_as_title(text: str) -> bool:
    return looks_like_heading(text) or (len(text) <= 120 and text[-1] not in ".;,。；，" and not text[0].isdigit())


def _chunks(lines: Sequence[str]) -> list[list[str]]:
    chunks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            chunks[-1].append(line)
        elif chunks[-1]:
            chunks.append([])
    return [chunk for chunk in chunks if chunk]


def _read_numbered(lines: Sequence[str], numbered: Sequence[int], parts: Parts) -> None:
    parts.remark("running line numbers were taken off and the cut lines joined")
    for line in lines[: numbered[0]]:
        _add_block(line, parts, Place(), alone=True)
    _add_block(join_chunks([lines[index] for index in numbered]), parts, Place(), alone=False)
    rest = lines[numbered[-1] + 1 :]
    for group in paragraphs(rest, wrap_width(rest)):
        _add_block(join_lines(group), parts, Place(), alone=False)


def _read_chunk(chunk: list[str], width: int, parts: Parts, place: Place) -> None:
    ends = _TableEnds(chunk)
    start = 0
    while start < len(chunk):
        end = ends.of(start)
        if end > start:
            _add_table(chunk[start:end], parts, place)
            start = end
            continue
        after = start + 1
        while after < len(chunk) and ends.of(after) == after:
            after += 1
        _add_paragraphs(chunk[start:after], width, parts, place)
        start = after


def _add_paragraphs(lines: list[str], width: int, parts: Parts, place: Place) -> None:
    kept: list[str] = []
    underlined: set[int] = set()
    for line in lines:
        if _RULE.match(line):
            if kept and re.match(r"\s*(?:={3,}|-{3,})\s*$", line):
                underlined.add(len(kept) - 1)
            continue
        kept.append(line)
    groups: list[tuple[list[str], bool]] = []
    position = 0
    for group in paragraphs(kept, width):
        groups.append((group, any(position + offset in underlined for offset in range(len(group)))))
        position += len(group)
    for index, (group, under) in enumerate(groups):
        short = len(group) == 1 and (index + 1 < len(groups) or len(groups) == 1)
        _add_block(join_lines(group), parts, place, alone=short or under, indent=_indent(group[0]))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _add_block(text: str, parts: Parts, place: Place, alone: bool, indent: int = 0) -> None:
    bullet = BULLET.match(text)
    if bullet:
        body, notes, lead = settle_marks(text[bullet.end() :])
        parts.block("bullet", body, indent // 3 if indent >= 3 else 0, notes, place, lead)
        return
    markdown = _MARKDOWN_HEADING.match(text)
    if markdown:
        body, notes, _lead = settle_marks(markdown[2].rstrip("#"))
        parts.block("heading", body, len(markdown[1]), notes, place)
        return
    for stretch in re.split(r"(?<=\S)(?:[ \u00a0]{4,}|\t+)(?=\S)", text):
        pieces = split_glued(fold(stretch))
        whole = len(pieces) < 2
        for piece in pieces:
            body, notes, lead = settle_marks(piece)
            heading = looks_like_heading(body) and (alone or not whole or stretch != text)
            parts.block("heading" if heading else "paragraph", body, 2 if heading else 0, notes, place, lead)


def _runs(line: str) -> list[Run]:
    expanded = line.expandtabs(8)
    runs: list[Run] = []
    for found in _STRETCH.finditer(expanded):
        tokens = list(re.finditer(r"\S+", found[0]))
        # Figures one space apart are cells of their own; words one space apart are not.
        if len(tokens) > 1 and all(is_value(token[0]) for token in tokens):
            runs += [Run(found.start() + token.start(), found.start() + token.end(), token[0]) for token in tokens]
        else:
            runs.append(Run(found.start(), found.end(), found[0]))
    return runs


def _separated(line: str) -> list[str] | None:
    """The cells of a line with pipes or tabs, else None."""
    if line.count("|") >= 1 and not re.match(r"\s*\S.*\|\s*\S.{60,}", line):
        inner = line.strip().strip("|")
        cells = [cell.strip() for cell in inner.split("|")]
        return cells if len(cells) >= 2 else None
    if "\t" in line.strip():
        return [cell.strip() for cell in line.rstrip().split("\t")]
    return None


class _TableEnds:
    """Where the table that starts at a line of a chunk would end; asked of every line, so all is counted once.

    What follows a line is told backwards, from the last line on: a chunk of many thousand lines stays linear.
    """

    def __init__(self, chunk: Sequence[str]) -> None:
        count = len(chunk)
        rules = [bool(_RULE.match(line)) for line in chunk]
        separated = [_separated(line) for line in chunk]
        runs = [_runs(line) for line in chunk]
        self._wide = [len(found) >= 2 for found in runs]
        valued = [len(found) >= 2 and is_value(found[-1].text) for found in runs]
        self._values = [0, *itertools.accumulate(valued)]
        self._rows = [0, *itertools.accumulate(not rule for rule in rules)]
        # Lines of pipes or tabs: end of the stretch, widest and narrowest row of it.
        self._stretch = [0] * count
        self._most = [0] * count
        self._least = [0] * count
        # Lines at fixed places: the last wide line before one that no table holds.
        self._last_wide = [0] * count
        stretch, most, least = count, 0, 0
        stop, last_wide = count, -1
        for at in range(count - 1, -1, -1):
            cells = separated[at]
            if cells is None and not rules[at]:
                stretch, most, least = at, 0, 0
            elif cells is not None and not rules[at]:
                most = max(most, len(cells))
                least = min(least, len(cells)) if least else len(cells)
            self._stretch[at], self._most[at], self._least[at] = (
                (stretch, most, least) if cells is not None else (at, 0, 0)
            )
            if not (self._wide[at] or rules[at] or (len(runs[at]) == 1 and len(runs[at][0].text) < 60)):
                stop, last_wide = at, -1
            elif self._wide[at] and last_wide < 0:
                last_wide = at
            self._last_wide[at] = last_wide if stop > at else -1

    def of(self, start: int) -> int:
        """The end (exclusive) of the table that starts at `start`; `start` itself where none does."""
        end = self._stretch[start]
        if self._rows[end] - self._rows[start] >= 2:
            most, least = self._most[start], self._least[start]
            if most - least <= max(2, most // 2):
                return end
        return self._fixed_width_end(start)

    def _fixed_width_end(self, start: int) -> int:
        if not self._wide[start]:
            # A caption or a single label above is no start; the first line with two columns is.
            return start
        end = self._last_wide[start] + 1
        values = self._values[end] - self._values[start]
        return end if end - start >= 2 and values >= 1 and values >= 0.4 * (end - start - 1) else start


def _add_table(lines: Sequence[str], parts: Parts, place: Place) -> None:
    body = [line for line in lines if not _RULE.match(line)]
    separated = [_separated(line) for line in body]
    if all(cells is not None for cells in separated):
        rows = [cells for cells in separated if cells is not None]
        markdown = len(lines) > 1 and bool(_RULE.match(lines[1])) and "-" in lines[1]
        cells = [
            Cell(settled, row, column, header=row == 1 and (markdown or not any(map(is_value, texts))), notes=notes)
            for row, texts in enumerate(rows, start=1)
            for column, text in enumerate(texts, start=1)
            for settled, notes, _lead in [settle_marks(text.strip("*"))]
            if settled
        ]
        parts.table(cells, len(rows), max(map(len, rows)), place=place)
        return
    found = [Line(float(top), tuple(_runs(line))) for top, line in enumerate(body)]
    cells, row_count, column_count = to_cells(found, 0.5)
    parts.table(cells, row_count, column_count, place=place)
