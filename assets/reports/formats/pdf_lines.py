"""Characters of a PDF page into printed lines of runs, with superscripts told from the text they stand beside.

A run ends at a gap wider than a word space; whether such a gap parts columns, cells or nothing is decided later.
Positions are points from the page's left and upper edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from assets.reports.formats.wording import MARK_CLOSE, MARK_OPEN, is_cjk

_RUN_GAP_EM = 0.75
_WORD_GAP_EM = 0.22
_USUAL_DESCENT = 0.21


@dataclass(frozen=True)
class Glyph:
    """One character as placed on the page."""

    text: str
    x0: float
    x1: float
    baseline: float
    size: float
    bold: bool


@dataclass
class PageRun:
    """Text without a wide gap; `text` keeps its spaces as printed and carries superscript marks."""

    text: str
    x0: float
    x1: float


@dataclass
class PageLine:
    """Runs on one baseline. `table` holds cells, rows and columns where a whole table stands in the line's place."""

    baseline: float
    size: float
    bold: bool
    runs: list[PageRun]
    top: float = 0.0
    table: Any = None
    glyphs: list[Glyph] = field(default_factory=list)

    @property
    def x0(self) -> float:
        """Left end."""
        return self.runs[0].x0

    @property
    def x1(self) -> float:
        """Right end."""
        return max(run.x1 for run in self.runs)

    @property
    def text(self) -> str:
        """The runs with a space between them."""
        return " ".join(run.text for run in self.runs)


@dataclass(frozen=True)
class _Character:
    """A character as the parser places it; heights count from the page's upper edge."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    matrix: tuple[float, ...]
    upright: bool
    size: float
    font: str


def page_glyphs(page: Any) -> list[Glyph]:
    """Upright characters inside the page; a character printed twice at one place (fake bold) counts once."""
    glyphs: list[Glyph] = []
    seen: set[tuple[str, int, int]] = set()
    characters = _characters(page)
    descents = _descents(page, characters)
    width, height = float(page.width), float(page.height)
    for char in characters:
        if not char.upright or char.matrix[0] < 0 or abs(char.matrix[1]) > abs(char.matrix[0]):
            continue
        if not (-1 <= char.x0 <= width + 1) or not (-1 <= char.top <= height + 1):
            continue
        key = (char.text, round(char.x0 * 2), round(char.top * 2))
        if key in seen and not char.text.isspace():
            continue
        seen.add(key)
        bold = any(word in char.font for word in ("Bold", "bold", "Black", "Heavy", "Demi"))
        size = char.size or 1.0
        baseline = char.bottom - descents.get(char.font, _USUAL_DESCENT) * size
        glyphs.append(Glyph(char.text, char.x0, char.x1, baseline, size, bold))
    return glyphs


def _characters(page: Any) -> list[_Character]:
    if page.rotation in (0, None) and tuple(page.bbox[:2]) == (0, 0) and tuple(page.mediabox) == tuple(page.bbox):
        # Half the time of pdfplumber's dictionaries, and the same places where the page starts at its corner.
        height = float(page.height)
        return [
            _Character(
                item.get_text(),
                item.x0,
                item.x1,
                height - item.y1,
                height - item.y0,
                item.matrix,
                item.upright,
                item.size,
                str(item.fontname),
            )
            for item in page_items(page)
            if hasattr(item, "upright")
        ]
    return [
        _Character(
            char["text"],
            float(char["x0"]),
            float(char["x1"]),
            float(char["top"]),
            float(char["bottom"]),
            char.get("matrix") or (1, 0, 0, 1, 0, 0),
            char.get("upright", True),
            float(char["size"]),
            str(char.get("fontname", "")),
        )
        for char in page.chars
    ]


def page_items(page: Any) -> Iterator[Any]:
    """The parser's objects on a page, those inside figures (form objects) among them."""
    waiting = [iter(page.layout)]
    while waiting:
        for item in waiting[-1]:
            if hasattr(item, "__iter__"):
                waiting.append(iter(item))
                break
            yield item
        else:
            waiting.pop()


def _descents(page: Any, characters: list[_Character]) -> dict[str, float]:
    """How far each font's boxes reach below the baseline, as a share of the size.

    Taken from the text matrix, which leaves out the rise that sets superscripts: a raised character shows as a box
    higher than its font's usual one.
    """
    if page.rotation not in (0, None):
        return {}
    height = float(page.height)
    found: dict[str, list[float]] = {}
    for char in characters:
        if char.size and not char.text.isspace():
            found.setdefault(char.font, []).append((char.bottom - height + char.matrix[5]) / char.size)
    descents: dict[str, float] = {}
    for font, shares in found.items():
        middle = sorted(shares)[len(shares) // 2]
        if 0.05 <= middle <= 0.45:
            descents[font] = middle
    return descents


def build_lines(glyphs: Iterable[Glyph]) -> list[PageLine]:
    """Lines from the top of the page down, superscripts attached to the line and place they belong to."""
    clusters = _clusters(sorted(glyphs, key=lambda glyph: (glyph.baseline, glyph.x0)))
    clusters.sort(key=lambda cluster: cluster[0].baseline)
    mains, raised = _part_superscripts(clusters)
    lines: list[PageLine] = []
    for index, cluster in enumerate(mains):
        line = _line(cluster, raised.get(index, []))
        if line is not None:
            lines.append(line)
    return lines


def _clusters(glyphs: list[Glyph]) -> list[list[Glyph]]:
    clusters: list[list[Glyph]] = []
    for glyph in glyphs:
        for cluster in reversed(clusters[-4:]):
            reference = cluster[0]
            alike = 0.75 < glyph.size / reference.size < 1.34
            if abs(glyph.baseline - reference.baseline) <= 0.2 * min(glyph.size, reference.size) and (
                alike or abs(glyph.baseline - reference.baseline) < 0.5
            ):
                cluster.append(glyph)
                break
        else:
            clusters.append([glyph])
    return clusters


def _size(cluster: list[Glyph]) -> float:
    sizes = sorted(glyph.size for glyph in cluster if not glyph.text.isspace()) or [cluster[0].size]
    return sizes[len(sizes) // 2]


def _part_superscripts(clusters: list[list[Glyph]]) -> tuple[list[list[Glyph]], dict[int, list[list[Glyph]]]]:
    """Main clusters, and by index of main cluster the raised runs that stand in it."""
    sizes = [_size(cluster) for cluster in clusters]
    is_main = [True] * len(clusters)
    owners: list[tuple[int, list[Glyph]]] = []
    for index, cluster in enumerate(clusters):
        rest: list[Glyph] = []
        for run in _touching(cluster):
            owner = _owner(run, index, clusters, sizes)
            if owner is None:
                rest.extend(run)
            else:
                owners.append((owner, run))
        clusters[index] = rest
        is_main[index] = any(not glyph.text.isspace() for glyph in rest)
    renumbered = {old: new for new, old in enumerate(index for index, main in enumerate(is_main) if main)}
    raised: dict[int, list[list[Glyph]]] = {}
    for owner, run in owners:
        if owner in renumbered:
            raised.setdefault(renumbered[owner], []).append(run)
    return [cluster for cluster, main in zip(clusters, is_main, strict=True) if main], raised


def _touching(cluster: list[Glyph]) -> list[list[Glyph]]:
    runs: list[list[Glyph]] = []
    for glyph in sorted(cluster, key=lambda glyph: glyph.x0):
        if runs and glyph.x0 - runs[-1][-1].x1 <= 0.6 * glyph.size:
            runs[-1].append(glyph)
        else:
            runs.append([glyph])
    return runs


def _owner(run: list[Glyph], index: int, clusters: list[list[Glyph]], sizes: list[float]) -> int | None:
    """The line a small raised run belongs to: larger type just below its baseline, next to it on the left or right."""
    text = "".join(glyph.text for glyph in run).strip()
    if not text or len(text) > 8:
        return None
    size = max(glyph.size for glyph in run)
    for other in range(max(0, index - 3), min(len(clusters), index + 4)):
        if other == index or not clusters[other] or size > 0.86 * sizes[other]:
            continue
        rise = clusters[other][0].baseline - run[0].baseline
        if not 0.1 * sizes[other] < rise < 0.75 * sizes[other]:
            continue
        reach = 0.5 * sizes[other]
        for glyph in clusters[other]:
            if glyph.text.isspace():
                continue
            if -0.2 * size <= run[0].x0 - glyph.x1 <= reach or -0.2 * size <= glyph.x0 - run[-1].x1 <= reach:
                return other
    return None


def _line(cluster: list[Glyph], raised: list[list[Glyph]]) -> PageLine | None:
    marks = {id(run[0]): run for run in raised}
    ordered = sorted([*cluster, *(run[0] for run in raised)], key=lambda glyph: glyph.x0)
    size = _size(cluster)
    runs: list[PageRun] = []
    pending = 0
    for glyph in ordered:
        run = marks.get(id(glyph))
        if run is None and glyph.text.isspace():
            pending += 1
            continue
        text, x1 = glyph.text, glyph.x1
        if run is not None:
            text = MARK_OPEN + "".join(member.text for member in run).strip() + MARK_CLOSE
            x1 = run[-1].x1
        gap = glyph.x0 - runs[-1].x1 if runs else 0.0
        if not runs or gap > _RUN_GAP_EM * size:
            runs.append(PageRun(" " * (pending if not runs else 0) + text, glyph.x0, x1))
        else:
            # Chinese has no spaces: a gap beside one of its characters is justification, not the end of a word.
            chinese = is_cjk(runs[-1].text[-1:]) or is_cjk(glyph.text[:1])
            if (pending or gap > _WORD_GAP_EM * size) and not chinese:
                runs[-1].text += " " * max(1, pending)
            runs[-1].text += text
            runs[-1].x1 = max(runs[-1].x1, x1)
        pending = 0
    if not runs:
        return None
    runs[-1].text += " " * min(pending, 1)
    visible = [glyph for glyph in cluster if not glyph.text.isspace()]
    bold = sum(glyph.bold for glyph in visible) > 0.9 * len(visible)
    baseline = visible[0].baseline
    return PageLine(baseline, size, bold, runs, baseline - size)
