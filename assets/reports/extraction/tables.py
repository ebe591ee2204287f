"""Statistical tables to figures: periods, properties, markets and measures as rows or columns, cards, expiry profiles.

Belongs here: deciding, for one printed number, its metric, unit, date, whom it is about and its basis, from the labels
over and beside it. Not here: the shape of tables (table_shapes.py), the meaning of single labels (labels.py,
entities.py, table_periods.py), the plain template (template.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from assets.reports.candidates import ESTIMATE, FORECAST, Candidate, Rejection
from assets.reports.document import Document, Table
from assets.reports.extraction import entities
from assets.reports.extraction.approximation import widen
from assets.reports.extraction.context import Context
from assets.reports.extraction.entities import Entity, read_entity
from assets.reports.extraction.labels import EXPIRY, LabelFacts, read_label
from assets.reports.extraction.metric_units import UNITS_OF_METRIC, implied_unit, metric_for_unit
from assets.reports.extraction.periods import find_dates, month_end
from assets.reports.extraction.surroundings import Surroundings, note_text, surroundings_of
from assets.reports.extraction.table_periods import (
    PeriodLabel,
    combine_periods,
    is_bare_year,
    is_period_part,
    read_bucket,
    read_period,
)
from assets.reports.extraction.table_shapes import Label, Oracle, Slot, read_slots
from assets.reports.extraction.table_values import find_units, fold
from assets.reports.extraction.template import known_metric
from assets.reports.extraction.template_columns import find_template
from assets.reports.extraction.vocabulary import find_names

_RATE_WORD = re.compile(r"\brates?\b|\bratio\b|percent|%|率|占比|佔比", re.IGNORECASE)
_PLACE_STUB = re.compile(
    r"^(?:(?:property |site |facility )?(?:location|city(?: and country| / country)?|market|metro|country|region|geography|state)|地[点點区區]|城市|市[场場]|[国國]家)$",
    re.IGNORECASE,
)
_UNIT_STUB = re.compile(r"^(?:units?|uom|unit of measure|[单單]位)$", re.IGNORECASE)
_COUNTERS = re.compile(r"[个個面台座家间間]|nos?\.?|numbers?|count|#", re.IGNORECASE)
_OTHER_STUB = re.compile(
    r"tenure|title|ownership|interest|\btype|built|opened|acquired|contract|tenant|client|customer|complet|year|address|grade|tier|note|ref|operator|status|description|valuer|use",
    re.IGNORECASE,
)
_NAME_STUB = re.compile(
    r"propert|facilit|data ?cent|site|asset|building|campus|name|segment|market|region|location|[设設]施|[数數]据中心|物[业業]|[项項]目",
    re.IGNORECASE,
)
_MEASURE_STUB = re.compile(r"^(?:measure|metric|indicator|item|kpi|particulars|指[标標]|[项項]目)s?$", re.IGNORECASE)
_PIECES = re.compile(r"\s*[,，;；:：/|()（）\[\]–—]\s*|\s+-\s+")


@dataclass(frozen=True)
class _Frame:
    """One table with what every number of it shares."""

    table: Table
    around: Surroundings
    context: Context
    document: Document
    slots: tuple[Slot, ...]
    expiry: bool
    row_metrics: bool
    column_metrics: bool
    section_metrics: bool

    def facts(self, text: str) -> LabelFacts:
        facts = read_label(text, self.context.layout)
        # 'Total operating properties' and 'Fully-fitted' name whom a figure is of, whatever their words mean elsewhere.
        named = facts.metric and (entities.is_whole(text) or entities.is_cohort(text))
        return replace(facts, metric="") if named else facts


def extract_tables(document: Document, context: Context) -> Iterator[Candidate | Rejection]:
    """Figures of every statistical table of `document`, in reading order; templates are left to template.py."""
    oracle = _oracle(context)
    for table, around in surroundings_of(document):
        if find_template(table.grid(), lambda text: bool(known_metric(text, context.layout))) is not None:
            continue
        slots = tuple(read_slots(table, oracle))
        if not slots:
            continue
        frame = _frame(table, around, context, document, slots)
        for slot in slots:
            figure = _read_slot(frame, slot)
            if figure is not None:
                yield figure


def _oracle(context: Context) -> Oracle:
    layout = context.layout

    def is_period(text: str) -> bool:
        return (
            read_period(text, context.fiscal_year_end_month) is not None
            or is_period_part(text)
            or (read_bucket(text) is not None)
        )

    def is_metric(text: str) -> bool:
        facts = read_label(text, layout)
        return bool(facts.metric or facts.unit or facts.barred)

    def section_kind(text: str) -> str:
        if layout is not None and layout.facility(text) is not None:
            return "entity"
        if is_metric(text):
            return "measure"
        if is_period(text) or re.sub(r"\W", "", text) == "":
            return "period"
        if find_dates(text) and not entities.looks_like_facility(text):
            return "period"
        if entities.is_place(text) or entities.looks_like_facility(text):
            return "entity"
        return "measure" if entities.is_generic(text) else "entity"

    return Oracle(is_period, is_bare_year, is_metric, section_kind)


def _frame(table: Table, around: Surroundings, context: Context, document: Document, slots: tuple[Slot, ...]) -> _Frame:
    layout = context.layout

    def metric(labels: tuple[Label, ...]) -> bool:
        return any(read_label(label.text, layout).metric for label in labels)

    texts = {label.text for slot in slots for label in (*slot.headers, *slot.labels, *slot.sections)}
    texts |= {label.stub for slot in slots for label in (*slot.headers, *slot.labels)}
    own_expiry = any(read_label(text, layout).metric == EXPIRY for text in texts)
    near = (*around.captions[:2], *around.headings[:1])
    expiry = own_expiry or any(read_label(text, layout).metric == EXPIRY for text in near)
    return _Frame(
        table=table,
        around=around,
        context=context,
        document=document,
        slots=slots,
        expiry=expiry,
        row_metrics=any(metric(slot.labels) for slot in slots),
        column_metrics=any(metric(slot.headers) for slot in slots),
        section_metrics=any(metric(slot.sections) for slot in slots),
    )


def _read_slot(frame: _Frame, slot: Slot) -> Candidate | Rejection | None:
    if frame.expiry and (bucket := _bucket(frame, slot)):
        return _read_expiry(frame, slot, bucket)
    return _read_figure(frame, slot)


# ---------------------------------------------------------------- lease expiry


def _bucket(frame: _Frame, slot: Slot) -> str:
    """The expiry bucket of a slot, '' where it stands under none or under a metric that is no expiry share."""
    own = [label.text for label in (*slot.labels, *slot.headers)]
    for text in own:
        metric = frame.facts(text).metric
        if metric and metric != EXPIRY and not _only_weight(text):
            return ""
    for text in own:
        bucket = read_bucket(text)
        if bucket is not None:
            return bucket
        if frame.facts(text).metric == EXPIRY:
            inside = re.search(r"(?:in|year|FY)\s*(20\d\d)\s*(\+|and beyond|onwards)?$", text, re.IGNORECASE)
            if inside is not None:
                return read_bucket("".join(part or "" for part in inside.groups())) or ""
    return ""


def _only_weight(text: str) -> bool:
    """True for 'By lettable area', 'NLA (%)', 'Share of rental income': a weight's name, though an area has a metric."""
    return (
        re.search(r"\bby\b|%|share|proportion|percent", text, re.IGNORECASE) is not None
        or read_label(text).weight != ""
    )


def _read_expiry(frame: _Frame, slot: Slot, bucket: str) -> Candidate | Rejection | None:
    own = [label.text for label in (*reversed(slot.labels), *reversed(slot.headers), *reversed(slot.sections))]
    stubs = [label.stub for label in (*slot.labels, *slot.headers) if label.stub]
    unit = slot.value.unit or next((facts.unit for text in own if (facts := frame.facts(text)).unit), "")
    if (unit and unit != "pct") or slot.value.money:
        return None
    if any(re.search(r"number of|\bno\.? of|count|\bleases\b$|cumulative", text, re.IGNORECASE) for text in own):
        return None
    if any(frame.facts(text).currency and not frame.facts(text).metric for text in own if "%" not in text):
        return None
    if _names_part(frame, slot):
        return None
    texts = [*own, *stubs, *frame.around.captions, *frame.around.headings]
    weight = next((facts.weight for text in texts if (facts := frame.facts(text)).weight), "")
    if not weight:
        return _rejection(
            frame,
            slot,
            "expiry_weight",
            "the share is by area or by rent, and no label says which",
            "lease_expiry_share",
        )
    period = _caption_period(frame) or frame.context.period_end
    if period is None:
        return _no_date(frame, slot, f"lease_expiry_share_by_{weight}")
    value = slot.value
    if value.whole is False and value.unit == "" and value.value <= 1 and slot.cell.number is not None:
        value = replace(value, value=round(value.value * 100, 6), step=value.step * 100)
    return frame.context.candidate(
        metric=f"lease_expiry_share_by_{weight}",
        value=value.value,
        unit="pct",
        period_end=period,
        basis=frame.context.basis(period),
        locator=_locator(frame, slot),
        quote=_quote(slot),
        scope=f"expiring {bucket}",
        rounding=value.step,
    )


def _names_part(frame: _Frame, slot: Slot) -> bool:
    """True where a label of the slot names a part of the whole (a contract type, a property) beside the bucket."""
    for label in (*slot.labels, *slot.headers):
        text = label.text
        facts = frame.facts(text)
        if read_bucket(text) is not None or facts.metric or facts.weight or facts.unit or is_period_part(text):
            continue
        if entities.is_whole(text) or read_period(text) is not None:
            continue
        entity = read_entity(text, frame.context.layout)
        if (
            entity is not None
            and (entity.known or not entities.is_generic(text))
            and entity.scope not in ("group", "portfolio")
        ):
            return True
    return False


# ---------------------------------------------------------------- figures


def _read_figure(frame: _Frame, slot: Slot) -> Candidate | Rejection | None:
    source = _metric_source(frame, slot)
    if source is None:
        return None
    metric_text, facts, origin = source
    if slot.value.money and facts.metric != "price_mrr_per_cabinet":
        return None
    metric, unit, factor = _settle(frame, slot, metric_text, facts)
    if not metric:
        return None
    if not unit:
        return _rejection(frame, slot, "unit_unknown", f"no label or cell states the unit of {metric}", metric)
    entity = _entity(frame, slot, origin, metric_text)
    if entity is None:
        return None
    if metric == "wale_years":
        entity = entities.weighted(entity, " ".join([metric_text, *frame.around.captions[:1]]))
    period = _period(frame, slot)
    if period is None:
        return _no_date(frame, slot, metric)
    value, step = slot.value.value * factor, slot.value.step * factor
    low: float | None = None
    high: float | None = None
    if slot.value.approximate:
        low, high = widen(value, unit, slot.value.bound)
    labels = (*slot.labels, *slot.headers, *slot.sections)
    marked = [frame.facts(label.text) for label in labels] + [frame.facts(text) for text in frame.around.captions[:1]]
    notes = " ".join(_notes(frame, slot))
    outlook = ESTIMATE if any(f.estimate for f in marked) else FORECAST if any(f.forecast for f in marked) else ""
    return frame.context.candidate(
        metric=metric,
        value=round(value, 6),
        unit=unit,
        period_end=period.period_end,
        basis=frame.context.basis(
            period.period_end,
            slot.value.suffix or period.suffix,
            restated=any(f.restated for f in marked) or read_label(notes).restated,
            pro_forma=any(f.pro_forma for f in marked) or _says_pro_forma(notes),
            outlook="" if period.suffix else outlook,
        ),
        locator=_locator(frame, slot),
        quote=_quote(slot),
        scope=entity.scope,
        scope_level=entity.level,
        facility=entity.facility,
        market=entity.market,
        value_low=low,
        value_high=high,
        rounding=step,
    )


def _metric_source(frame: _Frame, slot: Slot) -> tuple[str, LabelFacts, str] | None:
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
        if in_columns[1].metric in ("commitment_rate", "capacity_committed", "pre_commitment_rate"):
            # What is let of the space being built is a pre-commitment.
            pre_committed = replace(in_columns[1], metric="pre_commitment_rate")
            return (in_columns[0], pre_committed, "row") if slot.value.unit in ("", "pct") else None
    if in_rows is not None and in_columns is not None:
        unit = slot.value.unit
        if frame.column_metrics and not metric_for_unit(in_rows[1].metric, unit or in_columns[1].unit):
            in_rows = None
    if in_rows is not None:
        return (*in_rows, "row")
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


def _only_row_metric(frame: _Frame, slot: Slot) -> tuple[str, LabelFacts] | None:
    """The one rate all labelled rows of a table are of, for a row that names nothing but a known part of the whole."""
    if not slot.labels or not all(
        (entity := read_entity(label.text, frame.context.layout, frame.context.is_market_source)) is not None
        and entity.known
        and entity.level in ("region", "market", "portfolio")
        for label in slot.labels
    ):
        return None
    named = {label.text: frame.facts(label.text) for other in frame.slots for label in other.labels}
    if any(facts.barred for facts in named.values()):
        return None
    rates = {text: facts for text, facts in named.items() if facts.metric}
    if len({facts.metric for facts in rates.values()}) != 1:
        return None
    text, facts = next(iter(rates.items()))
    return (text, facts) if metric_for_unit(facts.metric, "pct") == facts.metric else None


def _rows_are_entities(frame: _Frame, slot: Slot) -> bool:
    """Whether the row's own labels leave room for a metric from outside: an entity, a period, a total, or nothing.

    Several rows without a label cannot all be of the one metric a caption names.
    """
    if not slot.labels and not slot.sections and len({other.row for other in frame.slots}) > 1:
        return False
    for label in slot.labels:
        text = label.text
        if read_period(text) is not None or is_period_part(text) or entities.is_whole(text) or frame.facts(text).unit:
            continue
        entity = read_entity(text, frame.context.layout, frame.context.is_market_source)
        if entity is None or entity.known:
            continue
        peers = {
            other.labels[0].text
            for other in frame.slots
            if other.labels and [s.text for s in other.sections] == [s.text for s in slot.sections]
        }
        named = any(_NAME_STUB.search(label.stub) for label in slot.labels)
        if not named and (
            len(peers) < 2 or any(frame.facts(peer).metric or frame.facts(peer).barred for peer in peers)
        ):
            return False
    return True


def _settle(frame: _Frame, slot: Slot, metric_text: str, facts: LabelFacts) -> tuple[str, str, float]:
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
    if not unit and frame.context.unit_hint and metric_for_unit(metric, frame.context.unit_hint) == metric:
        unit = frame.context.unit_hint
    return metric, unit, _fraction(frame, slot, unit)


def _units(frame: _Frame, slot: Slot, metric_text: str, facts: LabelFacts) -> Iterator[tuple[str, float, bool]]:
    """Stated units, nearest first: (unit, factor, whether it stands near enough to decide between rate and capacity)."""
    if slot.value.unit:
        yield slot.value.unit, 1.0, True
    for label in slot.labels:
        own = frame.facts(label.text)
        if _UNIT_STUB.match(label.stub) and _COUNTERS.fullmatch(label.text):
            yield "count", 1.0, True
        if own.unit and (_UNIT_STUB.match(label.stub) or not own.metric):
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


def _fraction(frame: _Frame, slot: Slot, unit: str) -> float:
    """100 for a workbook's rates stored as fractions without a per cent format, else 1."""
    if unit != "pct" or slot.value.percent_format or slot.cell.number is None:
        return 1.0
    peers = [other.value for other in frame.slots if other.row == slot.row and other.cell.number is not None]
    return 100.0 if peers and all(0 <= value.value <= 1 for value in peers) else 1.0


def _currency(frame: _Frame, slot: Slot, metric_text: str) -> str:
    texts = (
        slot.cell.text,
        metric_text,
        *(label.text for label in (*slot.labels, *slot.headers, *slot.sections)),
        *frame.around.captions,
        *frame.around.headings,
    )
    return next((currency for text in texts if (currency := frame.facts(text).currency)), "")


# ---------------------------------------------------------------- period


def _period(frame: _Frame, slot: Slot) -> PeriodLabel | None:
    month = frame.context.fiscal_year_end_month
    over = [label.text for label in slot.headers] + [label.stub for label in slot.headers if is_period_part(label.stub)]
    beside = [label.text for label in slot.labels if not _OTHER_STUB.search(label.stub)]
    for texts in (over, beside):
        found = combine_periods(texts, month) or _dated(frame, texts)
        if found is not None:
            return _anchored(frame, found, [*over, *beside])
    both = combine_periods([*beside, *over], month)
    if both is not None:
        return _anchored(frame, both, [*over, *beside])
    inner = [label.text for label in reversed(slot.sections)]
    for text in (*inner, *(label.text for label in slot.attributes)):
        found = read_period(text, month) or _dated(frame, [text])
        if found is not None:
            return _anchored(frame, found, [text])
    day = _caption_period(frame) or frame.context.period_end
    return PeriodLabel(day, "date") if day is not None else None


def _dated(frame: _Frame, texts: list[str]) -> PeriodLabel | None:
    """A date inside a label that says more: 'Occupancy, 31 December 2025', '31 Dec 2024 (restated)'."""
    for text in texts:
        hits = [hit for hit in find_dates(text, frame.context) if hit.kind != "relative"]
        if len({hit.period_end for hit in hits}) == 1:
            return PeriodLabel(hits[0].period_end, hits[0].kind, hits[0].suffix)
        year = re.fullmatch(r".*?[\s(,:]((?:19|20)\d\d)\s?([EFP])?\)?", text)
        if not hits and year is not None:
            return read_period("".join(part or "" for part in year.groups()), frame.context.fiscal_year_end_month)
    relative = [hit for text in texts for hit in find_dates(text, frame.context) if hit.kind == "relative"]
    if len(relative) == 1:
        return PeriodLabel(relative[0].period_end, "date")
    return None


def _anchored(frame: _Frame, found: PeriodLabel, texts: list[str]) -> PeriodLabel:
    """A bare year in a document of another date than the year's end: the same day of that year ('At 30 June': 2025)."""
    main = frame.context.period_end
    if found.kind != "year" or found.suffix or main is None:
        return found
    captioned = next((text for text in (*texts, *frame.around.captions) if is_period_part(text)), "")
    if captioned:
        joined = combine_periods([captioned, str(found.period_end.year)], frame.context.fiscal_year_end_month)
        return joined or found
    years = {
        period.period_end.year
        for slot in frame.slots
        for label in (*slot.headers, *slot.labels)
        if (period := read_period(label.text)) is not None and period.kind == "year" and not period.suffix
    }
    if max(years, default=0) == main.year and found.period_end.replace(year=main.year) > main:
        return replace(found, period_end=month_end(found.period_end.year, main.month))
    return found


def _caption_period(frame: _Frame) -> date | None:
    """The one date the caption or the nearest heading states, None where it states none or several."""
    for text in (*frame.around.captions, *frame.around.headings[:1]):
        days = {hit.period_end for hit in find_dates(text, frame.context) if hit.kind != "relative"}
        if len(days) == 1:
            return days.pop()
        if days:
            return None
    return None


# ---------------------------------------------------------------- whom it is about


def _entity(frame: _Frame, slot: Slot, origin: str, metric_text: str) -> Entity | None:
    """Whom the slot is about; None where its labels name something that cannot be told."""
    found = _outer_entity(frame)
    for label in slot.sections:
        inner = _entity_of(frame, label.text, trusted=False)
        if inner is not None:
            found = entities.combine(found, inner)
    places = [label.text for label in slot.attributes if _PLACE_STUB.match(label.stub)]
    named: list[Entity] = []
    for position, label in enumerate(slot.labels):
        if _PLACE_STUB.match(label.stub) and position:
            places.append(label.text)
            continue
        if (position and _OTHER_STUB.search(label.stub)) or _UNIT_STUB.match(label.stub):
            continue
        if any(known.level == "facility" for known in named):
            # A site is named: what follows can only say where it stands.
            if entities.is_place(label.text) or any(entities.is_place(piece) for piece in _PIECES.split(label.text)):
                places.append(label.text)
            continue
        trusted = origin != "row" or (label.text != metric_text and bool(_NAME_STUB.search(label.stub)))
        inner = _entity_of(frame, label.text, trusted=trusted and not _MEASURE_STUB.match(label.stub))
        if inner is not None:
            named.append(inner)
    columns = {label.text for other in frame.slots for label in other.headers}
    for label in slot.headers:
        if _PLACE_STUB.match(label.stub):
            places.append(label.text)
            continue
        if label.stub and _OTHER_STUB.search(label.stub) and not _NAME_STUB.search(label.stub):
            continue
        several = sum(1 for text in columns if _may_name(frame, text)) >= 2
        inner = _entity_of(frame, label.text, trusted=several and origin in ("row", "section", "caption"))
        if inner is not None:
            named.append(inner)
    for inner in named:
        found = entities.combine(found, inner)
    if found.level == "facility" and not found.market and places:
        found = replace(found, market=re.split(r"[,，(]", places[0])[0].strip())
    elif (
        found.level == "portfolio"
        and found.scope in ("group", "portfolio")
        and places
        and frame.context.is_market_source
    ):
        found = read_entity(places[0], frame.context.layout, True) or found
    if frame.context.is_market_source and found.scope in ("group", "portfolio"):
        return None
    return found


def _may_name(frame: _Frame, text: str) -> bool:
    facts = frame.facts(text)
    return not (
        facts.metric
        or facts.unit
        or facts.barred
        or read_period(text)
        or is_period_part(text)
        or read_bucket(text) is not None
    )


def _entity_of(frame: _Frame, text: str, trusted: bool) -> Entity | None:
    """The entity a label names: the whole label, else a piece of it that is known. `trusted` labels may be unknown."""
    layout, market_source = frame.context.layout, frame.context.is_market_source
    if layout is not None and (facility := layout.facility(text)) is not None:
        return Entity(facility.name, "facility", facility.name, facility.market)
    if _may_name(frame, text):
        entity = read_entity(text, layout, market_source)
        if entity is not None and (entity.known or (trusted and not entities.is_generic(text))):
            if entity.known and entity.level == "portfolio" and entity.scope in ("group", "portfolio"):
                return entity
            return entity
    pieces = [piece for piece in _PIECES.split(text) if piece.strip()]
    if len(pieces) > 1:
        for piece in pieces:
            if not _may_name(frame, piece) or entities.is_whole(piece):
                continue
            entity = read_entity(piece, layout, market_source)
            if entity is not None and entity.known:
                return entity
    return None


def _outer_entity(frame: _Frame) -> Entity:
    """Whom the caption or heading of a table is about; the whole operator where they name nobody."""
    context = frame.context
    whole = Entity(context.group_scope, "portfolio")
    over = frame.around.headings if context.is_market_source else frame.around.headings[:1]
    for text in dict.fromkeys([*frame.around.captions[:3], *over]):
        if context.is_market_source:
            found = _market_of(frame, text)
        elif re.search(r"\bportfolio\b|\bgroup\b|\bconsolidated\b", text, re.IGNORECASE):
            return whole
        else:
            found = _part_of(frame, text)
        if found is not None:
            return found
    return whole


def _market_of(frame: _Frame, text: str) -> Entity | None:
    """The market a caption of a market source names: a known one anywhere in it, else its first words."""
    found = _entity_of(frame, text, trusted=False)
    if found is not None:
        return found
    names = {hit.name for hit in find_names(text, None, ("market",))}
    if len(names) == 1:
        name = names.pop()
        return Entity(name, "market", "", name)
    pieces = [piece for piece in _PIECES.split(text) if piece.strip()]
    if names or not pieces or frame.context.layouts.mentions(text) or find_dates(pieces[0]):
        return None
    if _may_name(frame, pieces[0]) and not entities.is_generic(pieces[0]) and len(pieces[0].split()) <= 4:
        return read_entity(pieces[0], frame.context.layout, True)
    return None


def _part_of(frame: _Frame, text: str) -> Entity | None:
    """The part of an operator a caption names: a site, a business line, a region; the title of a card is its subject."""
    context = frame.context
    name = fold(context.operator.replace("(fictitious)", "")).casefold()
    titled = bool(context.layouts.mentions(text)) or (bool(name) and name in text.casefold())
    facility = context.layout.facility(text) if context.layout is not None else None
    if facility is not None:
        return Entity(facility.name, "facility", facility.name, facility.market)
    if not titled and not find_dates(text):
        found = _entity_of(frame, text, trusted=False)
        if found is not None and not (found.level == "facility" and entities.is_generic(found.scope)):
            return found
        if _is_card(frame) and _may_name(frame, text) and not entities.is_generic(text):
            return read_entity(text, context.layout)
        return None
    for piece in _PIECES.split(text):
        if not piece.strip() or context.layouts.mentions(piece) or find_dates(piece) or not _may_name(frame, piece):
            continue
        if piece.casefold() in context.operator.casefold():
            continue
        found = read_entity(piece, context.layout)
        if found is not None and found.known and not entities.is_whole(piece) and not entities.is_generic(piece):
            return found
    return None


def _is_card(frame: _Frame) -> bool:
    """True for a table of labels and values, two columns wide: a card, whose heading names its subject."""
    return frame.table.columns == 2 and all(not slot.headers and slot.labels for slot in frame.slots)


# ---------------------------------------------------------------- evidence


def _notes(frame: _Frame, slot: Slot) -> list[str]:
    marks = [
        *slot.cell.notes,
        *(mark for label in (*slot.labels, *slot.headers, *slot.sections) for mark in label.notes),
    ]
    marks += frame.around.marks
    return [note_text(frame.document, frame.table, mark) for mark in dict.fromkeys(marks)]


def _says_pro_forma(text: str) -> bool:
    match = re.search(r"(?:\b(\w+)\s+)?pro[- ]?forma", text, re.IGNORECASE)
    return match is not None and (match.group(1) or "").casefold() not in ("excluding", "excludes", "no", "not")


def _locator(frame: _Frame, slot: Slot) -> str:
    return str(replace(frame.table.place, block=None, row=slot.row, column=slot.column))


def _quote(slot: Slot) -> str:
    parts = [*(label.text for label in slot.sections[-1:]), *(label.text for label in slot.labels)]
    parts += [label.text for label in slot.headers]
    return " | ".join([*dict.fromkeys(part for part in parts if part), slot.cell.text.strip()])


def _rejection(frame: _Frame, slot: Slot, rule: str, reason: str, metric: str) -> Rejection:
    remedy = "Name it in the label, the caption or the operator's layout."
    return Rejection(rule, f"{reason}. {remedy}", _locator(frame, slot), _quote(slot), metric, slot.cell.text.strip())


def _no_date(frame: _Frame, slot: Slot, metric: str) -> Rejection:
    reason = "no label, caption or date line tells the period of the figure"
    return _rejection(frame, slot, "period_unknown", reason, metric)
