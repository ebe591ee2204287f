"""Which label of a table names a number's metric, and which one its unit.

Belongs here: the order in which row, column, section and caption are asked, and what a unit makes of a metric. Not
here: what one label says (labels.py), dates and subjects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assets.reports.extraction import entities
from assets.reports.extraction.entities import read_entity
from assets.reports.extraction.labels import EXPIRY, LabelFacts
from assets.reports.extraction.metric_units import (
    CAPACITIES,
    CAPACITY_UNITS,
    UNITS_OF_METRIC,
    implied_unit,
    metric_for_unit,
)
from assets.reports.extraction.table_frame import NAME_STUB, UNIT_STUB, Frame
from assets.reports.extraction.table_periods import is_period_part, read_period
from assets.reports.extraction.table_shapes import Slot
from assets.reports.extraction.table_values import find_units, fold

_TOTAL_CAPACITY = (
    r"total (?:it |design |data cent(?:re|er) )?(?:capacity|area)(?:\s*\(.*\))?"
    r"|[总總](?:容量|面[积積])(?:[(（].*[)）])?"
)
_RATE_WORD = re.compile(r"\brates?\b|\bratio\b|percent|%|率|占比|佔比", re.IGNORECASE)
_COUNTERS = re.compile(r"[个個面台座家间間]|nos?\.?|numbers?|count|#", re.IGNORECASE)


def metric_source(frame: Frame, slot: Slot) -> tuple[str, LabelFacts, str] | None:
    """The label that names the metric, its facts, and where it stands: row, column, section or caption."""
    rows = [(label.text, frame.facts(label.text)) for label in reversed(slot.labels)]
    columns = [(label.text, frame.facts(label.text)) for label in reversed(slot.headers)]
    sections = [(label.text, frame.facts(label.text)) for label in reversed(slot.sections)]
    in_rows = next(((text, facts) for text, facts in rows if facts.metric and facts.metric != EXPIRY), None)
    in_columns = next(((text, facts) for text, facts in columns if facts.metric and facts.metric != EXPIRY), None)
    if any(facts.barred for _, facts in columns) or (any(facts.barred for _, facts in rows) and in_rows is None):
        return None
    if in_rows is not None and any(facts.barred for _, facts in rows[:1]):
        return None
    if in_rows is not None and in_columns is not None and in_rows[1].metric == "capacity_under_construction":
        let = in_columns[1].metric in ("commitment_rate", "capacity_committed", "pre_commitment_rate")
        if let and slot.value.unit in ("", "pct"):
            # What is let of the space being built is a pre-commitment.
            return in_columns[0], replace(in_columns[1], metric="pre_commitment_rate"), "row"
    if in_rows is not None and in_columns is not None:
        unit = slot.value.unit
        if frame.column_metrics and not metric_for_unit(in_rows[1].metric, unit or in_columns[1].unit):
            in_rows = None
    if in_rows is not None:
        return (*_whole_with_construction(frame, *in_rows), "row")
    if in_columns is not None:
        return (*in_columns, "column")
    if any(facts.barred for _, facts in sections):
        return None
    for text, facts in sections:
        if facts.metric and facts.metric != EXPIRY:
            return (text, facts, "section") if _rows_are_entities(frame, slot) else None
    if frame.row_metrics and not frame.column_metrics and (shared := _only_row_metric(frame, slot)) is not None:
        return (*shared, "caption")
    if not (frame.row_metrics or frame.column_metrics or frame.section_metrics):
        for text in (*frame.around.captions[:2], *frame.around.headings[:1]):
            facts = frame.facts(text)
            if facts.barred:
                return None
            if facts.metric and facts.metric != EXPIRY:
                return (text, facts, "caption") if _rows_are_entities(frame, slot) else None
    return None


def _first_labels(frame: Frame) -> dict[tuple[str, ...], set[str]]:
    """The outermost row labels under each stack of sections."""
    found: dict[tuple[str, ...], set[str]] = {}
    for slot in frame.slots:
        if slot.labels:
            found.setdefault(tuple(label.text for label in slot.sections), set()).add(slot.labels[0].text)
    return found


def _whole_with_construction(frame: Frame, text: str, facts: LabelFacts) -> tuple[str, LabelFacts]:
    """'Total capacity' beside capacity in service and under construction is their sum, not the capacity in service."""
    if facts.metric != "capacity_in_service" or not re.fullmatch(_TOTAL_CAPACITY, text.casefold()):
        return text, facts
    others = {frame.facts(other).metric for other in frame.label_texts if other != text}
    both = {"capacity_in_service", "capacity_under_construction"} <= others
    return text, replace(facts, metric="capacity_total") if both else facts


def _only_row_metric(frame: Frame, slot: Slot) -> tuple[str, LabelFacts] | None:
    """The one rate all labelled rows of a table are of, for a row that names nothing but a known part of the whole."""
    if not slot.labels or not all(
        (entity := read_entity(label.text, frame.context.layout, frame.context.is_market_source)) is not None
        and entity.known
        and entity.level in ("region", "market", "portfolio")
        for label in slot.labels
    ):
        return None
    return frame.once("only rate", lambda: _only_rate(frame))


def _only_rate(frame: Frame) -> tuple[str, LabelFacts] | None:
    named = {text: frame.facts(text) for text in frame.label_texts}
    if any(facts.barred for facts in named.values()):
        return None
    rates = {text: facts for text, facts in named.items() if facts.metric}
    if len({facts.metric for facts in rates.values()}) != 1:
        return None
    text, facts = next(iter(rates.items()))
    return (text, facts) if metric_for_unit(facts.metric, "pct") == facts.metric else None


def _rows_are_entities(frame: Frame, slot: Slot) -> bool:
    """Whether the row's own labels leave room for a metric from outside: an entity, a period, a total, or nothing.

    Several rows without a label cannot all be of the one metric a caption names.
    """
    if not slot.labels and not slot.sections and len(frame.rows) > 1:
        return False
    for label in slot.labels:
        text = label.text
        if read_period(text) is not None or is_period_part(text) or entities.is_whole(text) or frame.facts(text).unit:
            continue
        entity = read_entity(text, frame.context.layout, frame.context.is_market_source)
        if entity is None or entity.known:
            continue
        peers = frame.once("peers", lambda: _first_labels(frame))[tuple(section.text for section in slot.sections)]
        named = any(NAME_STUB.search(label.stub) for label in slot.labels)
        if not named and (
            len(peers) < 2 or any(frame.facts(peer).metric or frame.facts(peer).barred for peer in peers)
        ):
            return False
    return True


def settle(frame: Frame, slot: Slot, metric_text: str, facts: LabelFacts) -> tuple[str, str, float]:
    """Metric, unit and factor of a slot: '' as metric where the unit does not fit, '' as unit where none is stated."""
    metric = facts.metric
    if metric == "price_mrr_per_cabinet":
        currency = _currency(frame, slot, metric_text)
        return metric, f"{currency}/month" if currency else "", 1.0
    fixed_rate = _RATE_WORD.search(metric_text) is not None and bool(metric_for_unit(metric, "pct"))
    if fixed_rate:
        metric = metric_for_unit(metric, "pct")
    for unit, factor, near in _units(frame, slot, metric_text, facts):
        if unit == "count" and "cabinets" in UNITS_OF_METRIC.get(metric, ()):
            unit = "cabinets"
        if unit == "cabinets" and unit not in UNITS_OF_METRIC.get(metric, ()) and not near:
            continue
        fitting = metric_for_unit(metric, unit)
        if not fitting and (unit == slot.value.unit or (unit, factor) == (facts.unit, facts.factor)):
            return "", unit, 1.0
        if not fitting or (fitting != metric and (fixed_rate or not near)):
            continue
        return fitting, unit, factor * _fraction(frame, slot, unit)
    unit = implied_unit(metric)
    if not unit and (shared := _shared_unit(frame, slot, metric)) is not None:
        return metric, shared[0], shared[1]
    if not unit and frame.context.unit_hint and metric_for_unit(metric, frame.context.unit_hint) == metric:
        unit = frame.context.unit_hint
    return metric, unit, _fraction(frame, slot, unit)


def _shared_unit(frame: Frame, slot: Slot, metric: str) -> tuple[str, float] | None:
    """The one unit the other capacities of the column state, where the number is of their size; None otherwise.

    'Equipped space (sqm) 104,900' over 'Revenue generating space 82,300': the second is a part of the first.
    """
    stated, sizes = frame.once("stated units", lambda: _stated_units(frame, slot.column), str(slot.column))
    if metric not in CAPACITIES or len(stated) != 1 or not sizes:
        return None
    return next(iter(stated)) if min(sizes) / 20 <= slot.value.value <= max(sizes) * 3 else None


def _stated_units(frame: Frame, column: int) -> tuple[set[tuple[str, float]], list[float]]:
    """The units (with factors) the capacities of a column state in their labels, and the printed numbers."""
    stated: set[tuple[str, float]] = set()
    sizes: list[float] = []
    for slot in frame.columns[column]:
        for label in slot.labels:
            facts = frame.facts(label.text)
            if facts.metric in CAPACITIES and facts.unit in CAPACITY_UNITS and not slot.value.unit:
                stated.add((facts.unit, facts.factor))
                sizes.append(slot.value.value)
    return stated, sizes


def _units(frame: Frame, slot: Slot, metric_text: str, facts: LabelFacts) -> Iterator[tuple[str, float, bool]]:
    """Stated units, nearest first: (unit, factor, whether it stands near enough to tell a rate from a capacity)."""
    if slot.value.unit:
        yield slot.value.unit, 1.0, True
    for label in slot.labels:
        own = frame.facts(label.text)
        if UNIT_STUB.match(label.stub) and _COUNTERS.fullmatch(label.text):
            yield "count", 1.0, True
        if own.unit and (UNIT_STUB.match(label.stub) or not own.metric):
            yield own.unit, own.factor, True
    if facts.unit:
        yield facts.unit, facts.factor, True
    for label in (*reversed(slot.labels), *reversed(slot.headers)):
        own = frame.facts(label.text)
        if own.unit and label.text != metric_text:
            yield own.unit, own.factor, True
    for label in reversed(slot.sections):
        own = frame.facts(label.text)
        if own.unit:
            yield own.unit, own.factor, False
    for label in slot.labels:
        own = frame.facts(label.stub)
        if own.unit:
            yield own.unit, own.factor, False
    for text in (*frame.around.captions, *frame.around.headings):
        hits = find_units(fold(text))
        if hits:
            yield frame.facts(text).unit, frame.facts(text).factor, False


def _fraction(frame: Frame, slot: Slot, unit: str) -> float:
    """100 for a workbook's rates stored as fractions without a per cent format, else 1."""
    if unit != "pct" or slot.value.percent_format or slot.cell.number is None:
        return 1.0
    peers = [other.value for other in frame.rows[slot.row] if other.cell.number is not None]
    return 100.0 if peers and all(0 <= value.value <= 1 for value in peers) else 1.0


def _currency(frame: Frame, slot: Slot, metric_text: str) -> str:
    texts = (
        slot.cell.text,
        metric_text,
        *(label.text for label in (*slot.labels, *slot.headers, *slot.sections)),
        *frame.around.captions,
        *frame.around.headings,
    )
    return next((currency for text in texts if (currency := frame.facts(text).currency)), "")
