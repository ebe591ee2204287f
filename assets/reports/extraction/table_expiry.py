"""Lease-expiry profiles: the share of area or rent that ends in a year or later.

Belongs here: buckets, weights, and which rows are parts of the whole. Not here: any other figure of a table.
"""

from __future__ import annotations

import re
from dataclasses import replace

from assets.reports.candidates import Candidate, Rejection
from assets.reports.extraction import entities
from assets.reports.extraction.entities import read_entity
from assets.reports.extraction.labels import EXPIRY, read_label
from assets.reports.extraction.table_dates import caption_period
from assets.reports.extraction.table_frame import Frame, locator_of, no_date, quote_of, rejection
from assets.reports.extraction.table_periods import is_period_part, read_bucket, read_period
from assets.reports.extraction.table_shapes import Slot

_THEREAFTER = re.compile(r"thereafter|beyond|later(?: years)?|afterwards|其后|其後|之后|之後", re.IGNORECASE)


def bucket_of(frame: Frame, slot: Slot) -> str:
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
        if _THEREAFTER.fullmatch(text) and (last := frame.once("last year", lambda: _last_year(frame))):
            return f">={last + 1}"
        if frame.facts(text).metric == EXPIRY:
            inside = re.search(r"(?:in|year|FY)\s*(20\d\d)\s*(\+|and beyond|onwards)?$", text, re.IGNORECASE)
            if inside is not None:
                return read_bucket("".join(part or "" for part in inside.groups())) or ""
    return ""


def _last_year(frame: Frame) -> int:
    """The last single year among the buckets of a table, 0 without one: 'Thereafter' begins after it."""
    buckets = (read_bucket(text) for text in frame.header_texts | frame.label_texts)
    return max((int(bucket) for bucket in buckets if bucket is not None and bucket.isdigit()), default=0)


def _only_weight(text: str) -> bool:
    """True for 'By lettable area' or 'NLA (%)': the name of a weight, though an area alone would be a metric."""
    return (
        re.search(r"\bby\b|%|share|proportion|percent", text, re.IGNORECASE) is not None
        or read_label(text).weight != ""
    )


def read_expiry(frame: Frame, slot: Slot, bucket: str) -> Candidate | Rejection | None:
    """The share of a slot in `bucket`; a rejection where no label tells area from rent; None for another number."""
    own = [label.text for label in (*reversed(slot.labels), *reversed(slot.headers), *reversed(slot.sections))]
    stubs = [label.stub for label in (*slot.labels, *slot.headers) if label.stub]
    units = [facts.unit for text in own if (facts := frame.facts(text)).unit]
    unit = slot.value.unit or ("pct" if "pct" in units else next(iter(units), ""))
    if (unit and unit != "pct") or slot.value.money:
        return None
    if any(re.search(r"number of|\bno\.? of|count|\bleases\b$|cumulative", text, re.IGNORECASE) for text in own):
        return None
    if any(frame.facts(text).currency and not frame.facts(text).metric for text in own if "%" not in text):
        return None
    if _names_part(frame, slot) or (not unit and slot.value.value > 100):
        return None
    texts = [*own, *stubs, *frame.around.captions, *frame.around.headings]
    weight = next((facts.weight for text in texts if (facts := frame.facts(text)).weight), "")
    if not weight:
        return rejection(
            frame,
            slot,
            "expiry_weight",
            "the share is by area or by rent, and no label says which",
            "lease_expiry_share",
        )
    period = caption_period(frame) or frame.context.period_end
    if period is None:
        return no_date(frame, slot, f"lease_expiry_share_by_{weight}")
    value = slot.value
    if value.whole is False and value.unit == "" and value.value <= 1 and slot.cell.number is not None:
        value = replace(value, value=round(value.value * 100, 6), step=value.step * 100)
    return frame.context.candidate(
        metric=f"lease_expiry_share_by_{weight}",
        value=value.value,
        unit="pct",
        period_end=period,
        basis=frame.context.basis(period),
        locator=locator_of(frame, slot),
        quote=quote_of(slot),
        scope=f"expiring {bucket}",
        rounding=value.step,
    )


def _names_part(frame: Frame, slot: Slot) -> bool:
    """True where a label of the slot names a part of the whole (a contract type, a property) beside the bucket."""
    for label in (*slot.labels, *slot.headers):
        text = label.text
        facts = frame.facts(text)
        if read_bucket(text) is not None or facts.metric or facts.weight or facts.unit or is_period_part(text):
            continue
        if entities.is_whole(text) or read_period(text) is not None:
            continue
        entity = read_entity(text, frame.context.layout)
        if entity is not None and (entity.known or (not entities.is_generic(text) and _is_one_of_several(frame, text))):
            return True
    return False


def _is_one_of_several(frame: Frame, text: str) -> bool:
    """Whether an unknown name stands beside others of its kind, and so names a part and not the column."""
    texts = frame.header_texts if text in frame.header_texts else frame.label_texts
    return sum(read_bucket(other) is None for other in texts) >= 2
