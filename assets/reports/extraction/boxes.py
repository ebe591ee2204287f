"""Key-indicator boxes: large numbers with short labels before, behind, above or below them.

Belongs here: pairing the numbers of a box with its labels ('21 / 46' with 'Operators / Data Centres', '581MW' over
'In Operation'), whatever map labels stand between, and the market and date the page is of. Not here: sentences
(prose.py) and tables with a grid (tables.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from assets.reports.candidates import Candidate, Rejection
from assets.reports.document import Block, Document, Place, Table
from assets.reports.extraction import entities
from assets.reports.extraction.approximation import widen
from assets.reports.extraction.context import Context
from assets.reports.extraction.entities import Entity, read_entity
from assets.reports.extraction.labels import EXPIRY, LabelFacts, read_label
from assets.reports.extraction.metric_units import implied_unit, metric_for_unit
from assets.reports.extraction.periods import find_dates
from assets.reports.extraction.table_periods import read_period
from assets.reports.extraction.table_values import CellValue, fold, read_text_value
from assets.reports.extraction.vocabulary import find_names

_LONGEST = 110
_UNIT = (
    r"(?i:GW|MW|kW|%|per ?cent|sq\.? ?(?:ft|m)|sqm|sqft|m2|years?|yrs?|cabinets|racks|兆瓦|平方米|年|家|座|个"
    r"|個)(?![a-z])"
)
_VALUE = (
    r"(?:[~≈<>≥≤c]\.?\s?|(?i:about|approx\.?|over|nearly|almost|around)\s)?\d[\d,]*(?:\.\d+)?\+?"
    rf"(?:\s?(?i:million|thousand|m|k)(?=\s))?(?:\s?{_UNIT})?"
)
_SEPARATOR = r"\s*[/|·•,;&]\s*|\s+and\s+|\s+"
_VALUES = re.compile(rf"{_VALUE}(?:(?:{_SEPARATOR}){_VALUE})*+")
_ONE_VALUE = re.compile(_VALUE)
# Short labels of boxes, for labels that run into each other on one line.
_LABELS = re.compile(
    r"(?:total |live |it |colo(?:cation)? )?(?:capacity )?(?:in operation|operational|in service)(?: capacity)?"
    r"|(?:under construction|u/?c)\s*(?:\+|&|and|plus)\s*planned|under construction|under development|u/c"
    r"|uc\b|planned(?: capacity)?"
    r"|(?:colo(?:cation)? )?vacancy(?: rate)?|vacant|(?:colo(?:cation)? )?operators|data ?cent(?:re|er)s?"
    r"|(?:live |total )?supply|take-?up|utili[sz]ation(?: rate)?"
    r"|occupancy(?: rate)?|pre-?commit(?:ment|ted)(?: rate)?|pipeline|(?:net )?absorption|wale|运营中"
    r"|運營中|營運中|在建|规划|規劃|空置率|运营商|營運商|数据中心|數據中心",
    re.IGNORECASE,
)
_SLASH = re.compile(r"\s*[/|·•]\s*")
_SENTENCE = re.compile(
    r"[.。!?]\s|[.。]$|\b(?:was|were|is|are|has|have|fell|rose|grew|reached|stood|total+ed)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class _Line:
    """One short text with its place: its printed values, and its labels where every other word is one."""

    text: str
    place: Place
    values: tuple[tuple[CellValue, str], ...]
    labels: tuple[str, ...]
    heading: bool


@dataclass
class _Page:
    """What the lines read so far say about the page: the market or whole it is about, and the date."""

    entity: Entity | None = None
    period: date | None = None
    unit: str = ""


def extract_boxes(document: Document, context: Context) -> Iterator[Candidate | Rejection]:
    """Figures of key-indicator boxes in reading order.

    A page needs two such figures to count as one with a box; a large average term alone says enough.
    """
    found = list(_read_boxes(document, context))
    alone = all(isinstance(item, Candidate) and item.metric == "wale_years" for item in found)
    if len(found) >= 2 or (found and (context.is_market_source or alone)):
        yield from found


def _read_boxes(document: Document, context: Context) -> Iterator[Candidate | Rejection]:
    page = _Page()
    waiting: _Line | None = None
    for line in _lines(document):
        if line.values and line.labels:
            yield from _pair(line, line.labels, line.text, page, context)
            waiting = None
        elif line.values and waiting is not None and waiting.labels:
            yield from _pair(line, waiting.labels, f"{waiting.text} | {line.text}", page, context)
            waiting = None
        elif line.labels and waiting is not None and waiting.values:
            yield from _pair(waiting, line.labels, f"{waiting.text} | {line.text}", page, context)
            waiting = None
        elif line.values or line.labels:
            waiting = line
        else:
            # Map labels and legends stand between the lines of a box: they end nothing, a longer text does.
            waiting = waiting if len(line.text) <= 30 else None
        _note_page(line, page, context)


def _lines(document: Document) -> Iterator[_Line]:
    for part in document.parts:
        if isinstance(part, Block):
            if part.kind != "note":
                yield _line(part.text, part.place, part.kind in ("heading", "title"))
        elif isinstance(part, Table) and len(part.cells) <= 24:
            for cell in part.cells:
                line = _line(cell.text, replace(part.place, block=None, row=cell.row, column=cell.column), False)
                if line.values and line.labels:
                    yield line


def _line(text: str, place: Place, heading: bool) -> _Line:
    folded = fold(text)
    blank = _Line(folded, place, (), (), heading)
    if not folded or len(folded) > _LONGEST or _SENTENCE.search(folded) or read_period(folded) is not None:
        return blank
    match = _VALUES.match(folded) or _VALUES.search(folded)
    if match is None:
        return replace(blank, labels=_split_labels(folded, None))
    before, after = folded[: match.start()].strip(" :–—-|"), folded[match.end() :].strip(" :–—-|")
    if before and after:
        return blank
    values = _values(match.group())
    if values is None:
        return blank
    rest = before or after
    if not rest:
        return replace(blank, values=values)
    labels = _split_labels(rest, len(values))
    return replace(blank, values=values, labels=labels) if labels else blank


def _values(text: str) -> tuple[tuple[CellValue, str], ...] | None:
    found = []
    for match in _ONE_VALUE.finditer(text):
        value = read_text_value(match.group().strip())
        if value is None:
            return None
        found.append((value, match.group().strip()))
    return tuple(found)


def _split_labels(text: str, count: int | None) -> tuple[str, ...]:
    """The labels of a text, `count` of them where given; empty where the text says anything else."""
    protected = re.sub(r"\bu/c\b", "UC", text, flags=re.IGNORECASE)
    parts = tuple(part for part in _SLASH.split(protected) if part)
    if len(parts) > 1 and (count is None or len(parts) == count) and all(_is_label(part) for part in parts):
        return parts
    if count in (None, 1) and _is_label(protected) and not _several(protected):
        return (protected,)
    matches = list(_LABELS.finditer(protected))
    left = _LABELS.sub("", protected)
    if matches and not re.search(r"\w", left) and (count is None or len(matches) == count):
        return tuple(match.group() for match in matches)
    return ()


def _several(text: str) -> bool:
    return len(list(_LABELS.finditer(text))) > 1


def _is_label(text: str) -> bool:
    facts = read_label(text)
    return bool(facts.metric or facts.barred) and len(text) <= 70 and not any(c.isdigit() for c in text)


def _pair(
    values: _Line, labels: tuple[str, ...], quote: str, page: _Page, context: Context
) -> Iterator[Candidate | Rejection]:
    if len(values.values) != len(labels):
        return
    for (value, printed), label in zip(values.values, labels, strict=True):
        figure = _figure(value, printed, label, values.place, quote, page, context)
        if figure is not None:
            yield figure


def _figure(
    value: CellValue, printed: str, label: str, place: Place, quote: str, page: _Page, context: Context
) -> Candidate | Rejection | None:
    facts = read_label(label, context.layout)
    if not facts.metric or facts.metric == EXPIRY or facts.barred or value.money:
        return None
    unit, factor = _unit(value, facts, page, context)
    metric = metric_for_unit(facts.metric, unit)
    locator = str(place)
    if not metric:
        return None
    if not unit:
        reason = f"no label states the unit of {metric}. Name it beside the number"
        return Rejection("unit_unknown", reason, locator, quote, metric, printed)
    period = page.period or context.period_end
    entity = page.entity or (None if context.is_market_source else Entity(context.group_scope, "portfolio"))
    if period is None or entity is None:
        lacks = "period" if period is None else "market"
        return Rejection(
            f"{lacks}_unknown", f"no heading of the page names its {lacks}. Add it", locator, quote, metric, printed
        )
    if metric == "wale_years":
        entity = entities.weighted(entity, label)
    amount, step = value.value * factor, value.step * factor
    low, high = widen(amount, unit, value.bound) if value.approximate else (None, None)
    return context.candidate(
        metric=metric,
        value=round(amount, 6),
        unit=unit,
        period_end=period,
        basis=context.basis(period, value.suffix, restated=facts.restated, pro_forma=facts.pro_forma),
        locator=locator,
        quote=quote,
        scope=entity.scope,
        scope_level=entity.level,
        facility=entity.facility,
        market=entity.market,
        value_low=low,
        value_high=high,
        rounding=step,
    )


def _unit(value: CellValue, facts: LabelFacts, page: _Page, context: Context) -> tuple[str, float]:
    if value.unit and value.unit != "count":
        return value.unit, 1.0
    unit = implied_unit(facts.metric)
    if unit:
        return unit, 1.0
    return (facts.unit, facts.factor) if facts.unit else (page.unit or context.unit_hint, 1.0)


def _note_page(line: _Line, page: _Page, context: Context) -> None:
    """Takes market, date and unit from a line that stands over a box."""
    if line.values and line.labels:
        return
    if line.heading or (len(line.text) <= 60 and not _SENTENCE.search(line.text)):
        entity = _page_entity(line, context)
        if entity is not None or (line.heading and not context.is_market_source):
            page.entity = entity
        days = {
            hit.period_end for hit in find_dates(line.text, context) if hit.kind in ("half", "quarter", "year", "date")
        }
        if len(days) == 1:
            page.period = days.pop()
        unit = read_label(line.text).unit
        if unit in ("mw", "kw", "sqm", "sqft") and not line.values:
            page.unit = unit


def _page_entity(line: _Line, context: Context) -> Entity | None:
    if not context.is_market_source:
        facility = context.layout.facility(line.text) if context.layout is not None else None
        return Entity(facility.name, "facility", facility.name, facility.market) if facility is not None else None
    if line.text.casefold().startswith(("legend", "publisher", "source")):
        return None
    names = {hit.name for hit in find_names(line.text, None, ("market",))}
    if len(names) == 1:
        name = names.pop()
        return Entity(name, "market", "", name)
    bare = re.split(r"\s*[|:,–—]\s*", line.text)[0]
    if entities.is_place(bare) and line.heading:
        return read_entity(bare.title() if bare.isupper() else bare, context.layout, True)
    return None
