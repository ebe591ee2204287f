"""Whom a number of a table is about: a site, a market, a region, a business line, or the whole.

Belongs here: which labels, captions and headings are asked, and how an outer and an inner name combine. Not here: what
one name is (entities.py).
"""

from __future__ import annotations

import re
from dataclasses import replace

from assets.reports.extraction import entities
from assets.reports.extraction.entities import Entity, read_entity
from assets.reports.extraction.periods import find_dates
from assets.reports.extraction.surroundings import note_text
from assets.reports.extraction.table_frame import NAME_STUB, OTHER_STUB, UNIT_STUB, Frame
from assets.reports.extraction.table_periods import is_period_part, read_bucket, read_period
from assets.reports.extraction.table_shapes import Slot
from assets.reports.extraction.table_values import fold
from assets.reports.extraction.vocabulary import find_names

_PLACE_STUB = re.compile(
    r"^(?:(?:property |site |facility )?(?:location|city(?: and country| / country)?|market|metro|country"
    r"|region|geography|state)|地[点點区區]|城市|市[场場]|[国國]家)$",
    re.IGNORECASE,
)
# Rows of customers or trades are of the operator's business, not of its sites.
_OTHERS_STUB = re.compile(
    r"^(?:top |major |largest )*(?:customer|tenant|client|lessee|trade|sector|industry|lender)", re.IGNORECASE
)
_MEASURE_STUB = re.compile(r"^(?:measure|metric|indicator|item|kpi|particulars|指[标標]|[项項]目)s?$", re.IGNORECASE)
# A comma inside a number joins: '(in 1,000 sqm)'.
_PIECES = re.compile(r"\s*(?:[;；:：/|()（）\[\]–—]|[,，](?!\d{3}(?!\d)))\s*|\s+-\s+")


def subject_of(frame: Frame, slot: Slot, origin: str, metric_text: str) -> Entity | None:
    """Whom the slot is about; None where its labels name something that cannot be told."""
    found = frame.once("outer", lambda: _outer_entity(frame))
    for label in slot.sections:
        inner = _entity_of(frame, label.text, trusted=origin == "row" and _is_one_of_several(frame, label.text))
        if inner is not None:
            found = entities.combine(found, inner)
    corner = slot.labels[0].stub if slot.labels else ""
    if corner and (inner := _segment_in(frame, corner)) is not None:
        found = entities.combine(found, inner)
    if slot.labels and _OTHERS_STUB.search(slot.labels[0].stub):
        return None
    places = [label.text for label in slot.attributes if _PLACE_STUB.match(label.stub)]
    named: list[Entity] = []
    for position, label in enumerate(slot.labels):
        if _PLACE_STUB.match(label.stub) and position:
            places.append(label.text)
            continue
        if (position and OTHER_STUB.search(label.stub)) or UNIT_STUB.match(label.stub):
            continue
        if any(known.level == "facility" for known in named):
            # A site is named: what follows can only say where it stands.
            if entities.is_place(label.text) or any(entities.is_place(piece) for piece in _PIECES.split(label.text)):
                places.append(label.text)
            continue
        trusted = origin != "row" or (label.text != metric_text and bool(NAME_STUB.search(label.stub)))
        inner = _entity_of(frame, label.text, trusted=trusted and not _MEASURE_STUB.match(label.stub))
        inner = inner or _segment_in(frame, label.text)
        if inner is not None:
            named.append(inner)
    several = frame.once("names", lambda: sum(may_name(frame, text) for text in frame.header_texts)) >= 2
    for label in slot.headers:
        if _PLACE_STUB.match(label.stub):
            places.append(label.text)
            continue
        if label.stub and OTHER_STUB.search(label.stub) and not NAME_STUB.search(label.stub):
            continue
        inner = _entity_of(frame, label.text, trusted=several and origin in ("row", "section", "caption"))
        inner = inner or _segment_in(frame, label.text)
        if inner is not None:
            named.append(inner)
    for inner in named:
        found = entities.combine(found, inner)
    if any(_is_grand_total(frame, slot, label.text) for label in (*slot.labels, *slot.headers)):
        found = Entity(frame.context.group_scope, "portfolio") if not _outer_named(found, named) else found
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


def _is_grand_total(frame: Frame, slot: Slot, text: str) -> bool:
    """Whether a total is of the whole whatever section it stands in: it says so, or it closes a table of sections."""
    if not entities.is_whole(text):
        return False
    if re.search(r"portfolio|group|overall|grand|consolidated|global|worldwide|集[团團]|整[体體]", text, re.IGNORECASE):
        return True
    parts = frame.once("section parts", lambda: _section_parts(frame))
    beside = any(label.text == text for label in slot.labels)
    return beside and parts >= 2 and slot.row == max(frame.rows)


def _outer_named(found: Entity, named: list[Entity]) -> bool:
    """Whether a slot of a total also names a part in its other labels: the part's own column or row."""
    return any(inner.scope == found.scope and inner.scope not in ("group", "portfolio") for inner in named)


def _is_one_of_several(frame: Frame, text: str) -> bool:
    """Whether a section row stands among several that can only be names: sites the reader has never seen."""
    names = frame.once("section names", lambda: _section_names(frame))
    return text in names and len(names) >= 2


def _section_parts(frame: Frame) -> int:
    """How many parts of the whole the section rows of a table name."""
    texts = {text for stack in frame.section_stacks for text in stack}
    return sum(_entity_of(frame, text, trusted=text in _section_names(frame)) is not None for text in texts)


def _section_names(frame: Frame) -> set[str]:
    texts = {text for stack in frame.section_stacks for text in stack}
    return {text for text in texts if may_name(frame, text) and not entities.is_generic(text) and not find_dates(text)}


def _segment_in(frame: Frame, text: str) -> Entity | None:
    """The business line or cohort a measure's label names: 'Ramp-up utilisation rate', 'Wholesale IDC (MW)'."""
    if frame.context.is_market_source:
        return None
    return frame.once("segment", lambda: _find_segment(frame, text), text)


def _find_segment(frame: Frame, text: str) -> Entity | None:
    found: Entity | None = None
    for hit in find_names(text, frame.context.layout, ("segment", "cohort")):
        named = read_entity(hit.name, frame.context.layout)
        inner = named if named is not None and named.level != "facility" else Entity(hit.name, "portfolio")
        found = inner if found is None else entities.combine(found, inner)
    return found


def may_name(frame: Frame, text: str) -> bool:
    """Whether a label can be a name: no measure, unit, period or bucket."""
    return frame.once("may name", lambda: _may_name(frame, text), text)


def _may_name(frame: Frame, text: str) -> bool:
    facts = frame.facts(text)
    return not (
        facts.metric
        or facts.unit
        or facts.barred
        or read_period(text)
        or is_period_part(text)
        or read_bucket(text) is not None
        or any(hit.kind != "relative" for hit in find_dates(text, frame.context))
    )


def _entity_of(frame: Frame, text: str, trusted: bool) -> Entity | None:
    """The entity a label names: the whole label, else a piece of it that is known. `trusted` labels may be unknown."""
    return frame.once(f"entity {trusted}", lambda: _find_entity(frame, text, trusted), text)


def _find_entity(frame: Frame, text: str, trusted: bool) -> Entity | None:
    layout, market_source = frame.context.layout, frame.context.is_market_source
    text = _without_mark(frame, text)
    if layout is not None and (facility := layout.facility(text)) is not None:
        return Entity(facility.name, "facility", facility.name, facility.market)
    if may_name(frame, text):
        entity = read_entity(text, layout, market_source)
        if entity is not None and (entity.known or (trusted and not entities.is_generic(text))):
            return entity
    pieces = [piece for piece in _PIECES.split(text) if piece.strip()]
    if len(pieces) > 1:
        for piece in pieces:
            if not may_name(frame, piece) or entities.is_whole(piece):
                continue
            entity = read_entity(piece, layout, market_source)
            if entity is not None and entity.known:
                return entity
    return None


def _outer_entity(frame: Frame) -> Entity:
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


def _market_of(frame: Frame, text: str) -> Entity | None:
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
    if may_name(frame, pieces[0]) and not entities.is_generic(pieces[0]) and len(pieces[0].split()) <= 4:
        return read_entity(pieces[0], frame.context.layout, True)
    return None


def _part_of(frame: Frame, text: str) -> Entity | None:
    """The part of an operator a caption names: a site, a business line, a region; a card's title is its subject."""
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
        if _is_card(frame) and may_name(frame, text) and not entities.is_generic(text):
            return read_entity(text, context.layout)
        return None
    for piece in _PIECES.split(text):
        if not piece.strip() or context.layouts.mentions(piece) or find_dates(piece) or not may_name(frame, piece):
            continue
        if piece.casefold() in context.operator.casefold():
            continue
        found = read_entity(piece, context.layout)
        if found is None or not found.known or entities.is_whole(piece):
            continue
        if entities.is_place(piece) or not entities.is_generic(piece):
            return found
    return None


def _without_mark(frame: Frame, text: str) -> str:
    """A name without the digit of a footnote that lost its rise in print: 'Kelsterbach Data Centre5'."""
    fused = re.fullmatch(r"(.*[a-z]{3})(\d{1,2})", text)
    return fused.group(1) if fused is not None and note_text(frame.document, frame.table, fused.group(2)) else text


def _is_card(frame: Frame) -> bool:
    """True for a table of labels and values, two columns wide: a card, whose heading names its subject."""
    return frame.table.columns == 2 and not frame.header_texts and all(slot.labels for slot in frame.slots)
