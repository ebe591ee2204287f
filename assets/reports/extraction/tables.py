"""Statistical tables to figures: periods, properties, markets and measures as rows or columns, cards, expiry profiles.

Belongs here: walking the tables of a document and putting one printed number's metric, unit, date, subject and basis
together. Not here: the shape of tables (table_shapes.py), each of those decisions (table_measures.py, table_dates.py,
table_subjects.py, table_expiry.py), the plain template (template.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assets.reports.candidates import ESTIMATE, FORECAST, Candidate, Rejection
from assets.reports.document import Document, Table
from assets.reports.extraction import entities
from assets.reports.extraction.approximation import widen
from assets.reports.extraction.context import Context
from assets.reports.extraction.labels import EXPIRY, is_lessee, read_label
from assets.reports.extraction.periods import find_dates, months_between
from assets.reports.extraction.surroundings import Surroundings, surroundings_of
from assets.reports.extraction.table_dates import period_of
from assets.reports.extraction.table_expiry import bucket_of, read_expiry
from assets.reports.extraction.table_frame import (
    Frame,
    locator_of,
    no_date,
    notes_of,
    quote_of,
    rejection,
    says_pro_forma,
)
from assets.reports.extraction.table_measures import metric_source, settle
from assets.reports.extraction.table_periods import is_bare_year, is_period_part, read_bucket, read_period
from assets.reports.extraction.table_scales import SCALED_UNITS, betrays_scale, scale_of
from assets.reports.extraction.table_shapes import Label, Oracle, Slot, read_slots
from assets.reports.extraction.table_subjects import subject_of
from assets.reports.extraction.table_values import is_money
from assets.reports.extraction.template import known_metric
from assets.reports.extraction.template_columns import find_template


def extract_tables(document: Document, context: Context) -> Iterator[Candidate | Rejection]:
    """Figures of every statistical table of `document`, in reading order; templates are left to template.py."""
    oracle = _oracle(context)
    for table, around in surroundings_of(document):
        if find_template(table.grid(), lambda text: bool(known_metric(text, context.layout))) is not None:
            continue
        slots = tuple(read_slots(table, oracle))
        if not slots:
            continue
        frame = _frame(table, around, _with_cadence(context, slots), document, slots)
        for slot in slots:
            figure = _read_slot(frame, slot)
            if figure is not None:
                yield figure


def _with_cadence(context: Context, slots: tuple[Slot, ...]) -> Context:
    """The context, half-yearly where nothing is known of the operator and every date of a table is half years apart."""
    main = context.period_end
    if context.layout is not None or main is None:
        return context
    labels = {label.text for slot in slots for label in (*slot.headers, *slot.labels)}
    days = {period.period_end for text in labels if (period := read_period(text, context.fiscal_year_end_month))}
    apart = {months_between(day, main) for day in days if day < main}
    return replace(context, cadence="half_yearly") if 6 in apart and all(gap % 6 == 0 for gap in apart) else context


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
        if entities.is_whole(text) or (layout is not None and layout.facility(text) is not None):
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


def _frame(table: Table, around: Surroundings, context: Context, document: Document, slots: tuple[Slot, ...]) -> Frame:
    layout = context.layout

    def metric(labels: tuple[Label, ...]) -> bool:
        return any(read_label(label.text, layout).metric for label in labels)

    texts = {label.text for slot in slots for label in (*slot.headers, *slot.labels, *slot.sections)}
    texts |= {label.stub for slot in slots for label in (*slot.headers, *slot.labels)}
    own_expiry = any(read_label(text, layout).metric == EXPIRY for text in texts)
    near = (*around.captions[:2], *around.headings[:1])
    expiry = own_expiry or any(read_label(text, layout).metric == EXPIRY for text in near)
    lessee = any(is_lessee(text) for text in (*texts, *near))
    return Frame(
        table=table,
        around=around,
        context=context,
        document=document,
        slots=slots,
        expiry=expiry and not lessee,
        lessee=lessee,
        row_metrics=any(metric(slot.labels) for slot in slots),
        column_metrics=any(metric(slot.headers) for slot in slots),
        section_metrics=any(metric(slot.sections) for slot in slots),
    )


def _counts_money(frame: Frame, slot: Slot) -> bool:
    """Whether a label, section or caption says that the numbers of a slot are amounts of money."""
    labels = (*slot.labels, *slot.headers, *slot.sections)
    texts = [*(label.text for label in labels), *(label.stub for label in labels), *frame.around.captions[:1]]
    return any(is_money(text) for text in texts)


def _read_slot(frame: Frame, slot: Slot) -> Candidate | Rejection | None:
    if frame.expiry and (bucket := bucket_of(frame, slot)):
        return read_expiry(frame, slot, bucket)
    return _read_figure(frame, slot)


def _slipped(frame: Frame, slot: Slot, metric: str) -> bool:
    """Whether the same measure stands a hundred times larger beside a number.

    Then one number slipped: it goes on as printed, and the checks hold back all of its document, not it alone.
    """
    for other in (*frame.rows[slot.row], *frame.columns[slot.column]):
        source = metric_source(frame, other) if other.value.value >= 100 * slot.value.value > 0 else None
        if source is not None and source[1].metric == metric and other.value.unit == slot.value.unit:
            return True
    return False


def _read_figure(frame: Frame, slot: Slot) -> Candidate | Rejection | None:
    source = metric_source(frame, slot)
    if source is None:
        return None
    metric_text, facts, origin = source
    if slot.value.money and facts.metric != "price_mrr_per_cabinet":
        return None
    metric, unit, factor = settle(frame, slot, metric_text, facts)
    if not metric:
        return None
    if metric == "wale_years" and frame.lessee:
        return None
    if not unit and (_counts_money(frame, slot) or is_bare_year(slot.value.text)):
        return None
    if not unit:
        return rejection(frame, slot, "unit_unknown", f"no label or cell states the unit of {metric}", metric)
    if unit in SCALED_UNITS and factor == 1.0 and not slot.value.unit:
        scale = scale_of(frame, slot, unit)
        if scale is None:
            return rejection(
                frame, slot, "scale_unknown", f"thousands of {unit} are stated and may not be meant", metric
            )
        factor = scale
    entity = subject_of(frame, slot, origin, metric_text)
    if entity is None:
        return None
    if metric == "wale_years":
        entity = entities.weighted(entity, " ".join([metric_text, *frame.around.captions[:1]]))
    period = period_of(frame, slot)
    if period is None:
        return no_date(frame, slot, metric)
    value, step = slot.value.value * factor, slot.value.step * factor
    if betrays_scale(value, unit, metric, entity.level, step) and not _slipped(frame, slot, metric):
        reason = f"{slot.cell.text.strip()} {unit} is no size of a data centre; thousands are stated nowhere"
        return rejection(frame, slot, "scale_unknown", reason, metric)
    low: float | None = None
    high: float | None = None
    if slot.value.approximate:
        low, high = widen(value, unit, slot.value.bound)
    labels = (*slot.labels, *slot.headers, *slot.sections)
    printed = [frame.facts(label.text) for label in labels]
    marked = printed + [frame.facts(text) for text in frame.around.captions[:1]]
    notes = " ".join(notes_of(frame, slot))
    # A caption may explain what E and F stand for: only a label makes a figure an estimate.
    outlook = ESTIMATE if any(f.estimate for f in printed) else FORECAST if any(f.forecast for f in printed) else ""
    return frame.context.candidate(
        metric=metric,
        value=round(value, 6),
        unit=unit,
        period_end=period.period_end,
        basis=frame.context.basis(
            period.period_end,
            slot.value.suffix or period.suffix,
            restated=any(f.restated for f in marked) or read_label(notes).restated,
            pro_forma=any(f.pro_forma for f in marked) or says_pro_forma(notes),
            outlook="" if period.suffix else outlook,
        ),
        locator=locator_of(frame, slot),
        quote=quote_of(slot),
        scope=entity.scope,
        scope_level=entity.level,
        facility=entity.facility,
        market=entity.market,
        value_low=low,
        value_high=high,
        rounding=step,
    )
