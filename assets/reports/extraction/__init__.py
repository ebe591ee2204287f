"""A document to candidate figures: who, when, and then every extractor over its parts.

Belongs here: the order of the extractors and what the document settles for all its figures (operator, cadence,
perimeter, market, tier, trust), and the removal of figures printed twice. Does not belong here: any recognition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from assets.reports.candidates import AS_REPORTED, REPORTED_BASES, RESTATED, Candidate, Extraction, Rejection
from assets.reports.document import Document
from assets.reports.extraction.basis import basis_of
from assets.reports.extraction.boxes import extract_boxes
from assets.reports.extraction.context import Context
from assets.reports.extraction.identity import identify
from assets.reports.extraction.prose import extract_prose
from assets.reports.extraction.tables import extract_tables
from assets.reports.extraction.template import extract_template
from assets.reports.operators import Layout, Layouts

# How far a source of each tier is believed, 0 to 1. First-hand sources above all others (shared figures, README).
TRUST = {
    "company": 0.95,
    "filing": 0.95,
    "newswire": 0.92,
    "annual_report": 0.92,
    "annual_report_extracted": 0.8,
    "broker": 0.75,
    "transcript": 0.7,
    "press": 0.6,
    "summary": 0.25,
}
# An operator without a layout is read by general rules alone.
_GENERAL_FACTOR = 0.8


def extract(document: Document, layouts: Layouts) -> Extraction:
    """Every figure of a document, with what was recognised and refused. Raises nothing for odd content."""
    context = identify(document, layouts)
    rejections: list[Rejection] = []
    unknown: list[str] = []
    template = _collect(extract_template(document, context), rejections)
    found = list(template)
    if not template:
        boxes = _collect(extract_boxes(document, context), rejections)
        tables = _collect(extract_tables(document, context), rejections)
        context, tables = _settle_period(context, tables, boxes)
        found = [*boxes, *tables]
        skip = frozenset(n for row in boxes if (n := _block_number(row.locator)))
        for item in extract_prose(document, context, found, skip):
            if isinstance(item, Candidate):
                found.append(item)
            elif isinstance(item, Rejection):
                rejections.append(item)
            else:
                unknown.append(item)
    finished = [_finish(row, context) for row in _named_in_one_alphabet(found, rejections)]
    candidates = _ordered(_without_repeats(finished))
    operator = context.operator or next((row.operator for row in candidates), "")
    layout = context.layout or layouts.by_operator(operator)
    return Extraction(
        operator=operator,
        layout=layout.slug if layout else "general",
        published_on=context.published_on.isoformat() if context.published_on else "",
        period_end=context.period_end.isoformat() if context.period_end else "",
        candidates=tuple(candidates),
        rejections=tuple(rejections),
        unknown_phrases=tuple(dict.fromkeys(unknown)),
        remarks=document.remarks,
    )


def _collect(items: Iterable[Candidate | Rejection], rejections: list[Rejection]) -> list[Candidate]:
    found = []
    for item in items:
        if isinstance(item, Candidate):
            found.append(item)
        else:
            rejections.append(item)
    return found


_LATIN = re.compile("[A-Za-z]")
# Greek, Cyrillic and Armenian, whose letters are drawn like Latin ones; Chinese beside Latin is usual.
_ALIKE = re.compile("[\u0370-\u058f]")


def _named_in_one_alphabet(rows: list[Candidate], rejections: list[Rejection]) -> list[Candidate]:
    """Rows whose names are what they look like. A word of two alphabets is no name but looks like another's."""
    kept = []
    for row in rows:
        names = (row.operator, row.facility, row.scope, row.market)
        word = next(
            (one for name in names for one in name.split() if _LATIN.search(one) and _ALIKE.search(one)),
            "",
        )
        if not word:
            kept.append(row)
            continue
        strange = ", ".join(f"U+{ord(mark):04X}" for mark in dict.fromkeys(_ALIKE.findall(word)))
        rejections.append(
            Rejection(
                rule="mixed_alphabets",
                reason=f"the name {word[:60]!r} has letters of two alphabets in one word ({strange}); expected one "
                "alphabet. Correct the name; figures under a name that only looks like an operator's are not taken",
                locator=row.locator,
                quote=row.quote,
                metric=row.metric,
                value=f"{row.value:g}",
            )
        )
    return kept


def _settle_period(
    context: Context, tables: list[Candidate], boxes: list[Candidate]
) -> tuple[Context, list[Candidate]]:
    """Where no text names the main period, the latest reported date of the tables is it."""
    if context.period_end is not None:
        return context, tables
    days = [date.fromisoformat(row.period_end) for row in [*tables, *boxes] if row.basis in REPORTED_BASES]
    if not days:
        return context, tables
    main = max(days)
    settled = replace(context, period_end=main)
    return settled, [
        replace(row, basis=basis_of(date.fromisoformat(row.period_end), main, cadence=context.cadence))
        if row.basis == AS_REPORTED
        else row
        for row in tables
    ]


def _block_number(locator: str) -> int:
    match = re.search(r"\bblock (\d+)", locator)
    return int(match[1]) if match else 0


def _finish(row: Candidate, context: Context) -> Candidate:
    """Fill in what the document and the operator settle; what the extractor set stays."""
    layout = context.layout if row.operator == context.operator else context.layouts.by_operator(row.operator)
    tier = row.tier or context.tier
    trust = TRUST.get(tier, 0.5) * (1.0 if layout else _GENERAL_FACTOR)
    perimeter, basis = row.perimeter, row.basis
    if layout is not None and not perimeter and row.scope in ("", "group", "portfolio"):
        first = layout.perimeter_of(row.period_end)
        main = context.period_end.isoformat() if context.period_end and not row.source else row.period_end
        perimeter = layout.perimeter_of(max(main, row.period_end))
        if perimeter != first and basis in REPORTED_BASES and basis != AS_REPORTED:
            # The same date was first printed for another perimeter: the figure is a restatement, marked or not.
            basis = RESTATED
    return replace(
        row,
        cadence=row.cadence or (layout.cadence if layout else context.cadence),
        market=row.market or _market(row, layout),
        perimeter=perimeter,
        basis=basis,
        tier=tier,
        trust=row.trust if row.tier and row.trust != Candidate.trust else round(trust, 3),
        published_on=row.published_on or (context.published_on.isoformat() if context.published_on else ""),
    )


def _market(row: Candidate, layout: Layout | None) -> str:
    if row.scope_level in ("market", "region"):
        return row.scope if row.scope_level == "market" else ""
    if layout is None:
        return ""
    if row.facility:
        site = layout.facility(row.facility)
        return site.market if site else layout.market
    return layout.market


def _without_repeats(rows: list[Candidate]) -> list[Candidate]:
    """Each figure once for each source: the first print stays; a rounder or hedged print of the same figure goes.

    A compilation names several sources: that two of them print a figure alike is a finding, not a repetition.
    """
    kept: list[Candidate] = []
    index: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        key = (
            row.operator,
            row.scope_level,
            row.facility or row.scope,
            row.period_end,
            row.metric,
            row.unit,
            _group(row.basis),
            row.source,
            row.tier,
        )
        same = next((i for i in index.get(key, []) if _same(kept[i], row)), None)
        if same is None:
            index.setdefault(key, []).append(len(kept))
            kept.append(row)
        else:
            kept[same] = _better(kept[same], row)
    return kept


def _group(basis: str) -> str:
    return "reported" if basis in REPORTED_BASES else basis


def _same(first: Candidate, second: Candidate) -> bool:
    """Equal, or equal as far as the rounder of the two is printed; or one within the other's hedge."""
    difference = abs(first.value - second.value)
    if difference <= 1e-9 * max(1.0, abs(first.value)):
        return True
    if abs(first.rounding - second.rounding) > 1e-12 and difference <= max(first.rounding, second.rounding) * 1.0001:
        return True
    for hedged, exact in ((first, second), (second, first)):
        if hedged.value_low is None or hedged.value_high is None or exact.value_low is not None:
            continue
        if hedged.value_low <= exact.value <= hedged.value_high:
            return True
    return False


def _better(first: Candidate, second: Candidate) -> Candidate:
    """Of two prints of one figure: the exact before the hedged, the finer before the rounder, else the first.

    Where a text hedges a figure and prints the same number elsewhere ('effectively full ... 100 per cent'), the
    bounds stay with it.
    """
    if (first.value_low is None) != (second.value_low is None):
        exact, hedged = (first, second) if first.value_low is None else (second, first)
        if abs(exact.value - hedged.value) < 1e-9 and hedged.rounding:
            return replace(exact, value_low=hedged.value_low, value_high=hedged.value_high)
        return exact
    return second if second.rounding < first.rounding and first.rounding else first


def _ordered(rows: list[Candidate]) -> list[Candidate]:
    """By place in the document: page first, then as found."""

    def page(row: Candidate) -> int:
        match = re.search(r"\bpage (\d+)", row.locator)
        return int(match[1]) if match else 0

    return sorted(rows, key=page)
