"""Thousands stated away from the number: in a row or column label, a caption, a sheet's title or a note.

Belongs here: which factor the texts around a table put on its areas and cabinets, and sizes that betray a factor that
is stated nowhere. Not here: the unit itself (table_measures.py) and a scale printed beside it (table_values.py).
"""

from __future__ import annotations

import re

from assets.reports.document import Block, Document
from assets.reports.extraction.table_frame import Frame
from assets.reports.extraction.table_shapes import Slot
from assets.reports.extraction.table_values import find_scale, find_units, fold, is_money

SCALED_UNITS = ("sqm", "sqft", "cabinets")
"""Units that reports print in thousands."""

_SCALE_WORDS = re.compile(
    r"(?:['’]?\s?(?:(?<![\d.,])1[,. ]?)?000s?|thousands?|millions?|\bk|\bth|[千万萬])(?:\s+of)?$", re.IGNORECASE
)
_STATED = re.compile(r"\b(?:in|shown|stated|expressed|unit|units)\b|^[^\d]*\(|[:：,]", re.IGNORECASE)
# Under this a label's plain unit and thousands stated elsewhere cannot both be true; over it the number speaks.
_SMALL, _LARGE = 1_000.0, 10_000.0
# Whole operators, regions and markets of less are unheard of: a factor went missing.
_LEAST_OF_MANY = {"sqm": 1_000.0, "sqft": 5_000.0}
_WHOLE_SIZES = ("capacity_in_service", "capacity_utilised", "capacity_committed", "capacity_total")


def scale_of(frame: Frame, slot: Slot, unit: str) -> float | None:
    """The factor on a number whose unit is stated plainly; None where thousands are stated and may not be meant."""
    for label in (*slot.labels, *slot.headers, *slot.sections):
        for text in (label.text, label.stub):
            facts = frame.facts(text)
            if not facts.unit and facts.factor != 1.0 and not is_money(text):
                return facts.factor
    factor = frame.once("stated scale", lambda: _stated_scale(frame, unit), unit)
    if factor == 1.0:
        return 1.0
    size = max(other.value.value for other in frame.rows[slot.row] if other.value.unit == slot.value.unit)
    if size >= _LARGE:
        return 1.0
    return factor if size < _SMALL else None


def betrays_scale(value: float, unit: str, metric: str, level: str, step: float) -> bool:
    """Whether a size cannot be meant as printed: a fraction of a cabinet, 79.3 sq m, a whole operator of 82 sq m."""
    if unit not in SCALED_UNITS:
        return False
    if unit == "cabinets":
        return value != round(value)
    if step < 0.5 and value < _SMALL:
        return True
    return level != "facility" and metric in _WHOLE_SIZES and 0 < value < _LEAST_OF_MANY[unit]


def _stated_scale(frame: Frame, unit: str) -> float:
    """The factor a caption, a heading, a title or a note states for `unit`; 1 where none does."""
    near = (*frame.around.captions, *frame.around.headings, frame.document.title)
    for text in near:
        if (factor := _scale_in(fold(text), unit)) != 1.0:
            return factor
    notes = {factor for text in _notes(frame.document) if (factor := _scale_in(fold(text), unit)) != 1.0}
    return notes.pop() if len(notes) == 1 else 1.0


def _scale_in(text: str, unit: str) -> float:
    """The factor a text states for all numbers in `unit`, 1 for none: '(000 sqm)', not '12 thousand sqm'."""
    for hit in find_units(text):
        scale = hit.factor
        if hit.unit != unit or scale in (0.0, 1.0) or not _STATED.search(text):
            continue
        before = _SCALE_WORDS.sub("", text[: hit.start].rstrip()).rstrip()
        if not before[-1:].isdigit():
            return scale
    bare = re.search(
        r"\b(?:areas?|space|cabinets?|racks?|sizes?)\b[^.;]*\bin (?:thousands|'000s?)\b", text, re.IGNORECASE
    )
    if bare is not None and not is_money(text):
        counted = re.search(r"cabinet|rack", bare.group(), re.IGNORECASE) is not None
        return find_scale(bare.group()) if counted == (unit == "cabinets") else 1.0
    return 1.0


def _notes(document: Document) -> list[str]:
    """Every short text of a document that may speak for its tables, sheets of notes included."""
    blocks = [part.text for part in document.parts if isinstance(part, Block)]
    cells = [
        cell.text for part in document.parts if not isinstance(part, Block) and part.columns <= 2 for cell in part.cells
    ]
    return [text for text in (*blocks, *cells) if len(text) <= 400]
