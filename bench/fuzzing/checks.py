"""What must hold of every answer, whatever went in. Run as the extractor of a limited reader; a breach raises.

Each function has the signature of extraction.extract, so that a breach becomes a reading that names it.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from assets.reports.candidates import Candidate, Extraction
from assets.reports.document import Block, Document

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)
_NOTHING = Extraction("", "general", "", "", ())


class BreachError(AssertionError):
    """An answer that no input may lead to."""


def figures(document: Document, layouts: Any) -> Extraction:
    """The figures of a document as always, each checked."""
    from assets.reports.extraction import extract

    extraction = extract(document, layouts)
    printed = _printed(document)
    for candidate in extraction.candidates:
        check_candidate(candidate, printed)
    for rejection in extraction.rejections:
        _hold(bool(rejection.reason), "a rejection without a reason", rejection)
    return extraction


def parsers(document: Document, _layouts: Any) -> Extraction:
    """The text of a document through every parser of numbers, units, dates and periods."""
    for text in _texts(document):
        check_text(text)
    return _NOTHING


def check_candidate(candidate: Candidate, printed: str) -> None:
    """Raises BreachError for a figure that no document can lead to."""
    _hold(math.isfinite(candidate.value), "a value that is no finite number", candidate)
    _hold(candidate.unit != "" and candidate.metric != "", "a figure without unit or metric", candidate)
    _hold(math.isfinite(candidate.rounding) and candidate.rounding >= 0, "a rounding below zero", candidate)
    low, high = candidate.value_low, candidate.value_high
    slack = 1e-9 * max(1.0, abs(candidate.value))
    _hold(low is None or low <= candidate.value + slack, "a value below its lower bound", candidate)
    _hold(high is None or high >= candidate.value - slack, "a value above its upper bound", candidate)
    if candidate.period_end:
        _hold(_in_calendar(candidate.period_end), "a period end outside the calendar", candidate)
    _hold(candidate.locator != "", "a figure without a place", candidate)
    for piece in candidate.quote.split(" | "):
        # A value under a heading is quoted as 'heading: value'.
        parts = [piece] if _squeezed(piece) in printed else piece.split(": ")
        known = all(_squeezed(part) in printed for part in parts)
        _hold(known, f"a quote that the document does not print: {piece!r}", candidate)


def check_text(text: str) -> None:
    """Every parser on one text. Raises BreachError, or whatever a parser should not raise."""
    from assets.reports.extraction.periods import date_spans, find_dates
    from assets.reports.extraction.quantities import find_quantities, parse_number, unit_in
    from assets.reports.extraction.table_periods import read_period
    from assets.reports.extraction.table_values import find_units, fold, is_nil, read_text_value

    end = 0
    for quantity in find_quantities(text):
        _hold(0 <= quantity.start < quantity.end <= len(text), "a quantity outside its text", quantity)
        _hold(quantity.start >= end, "quantities that overlap", quantity)
        end = quantity.end
        _hold(math.isfinite(quantity.value), "a quantity that is no finite number", quantity)
        if quantity.low is not None and quantity.high is not None:
            _hold(
                quantity.low <= quantity.value <= quantity.high or quantity.kind == "other",
                "bounds that miss the value",
                quantity,
            )
    for hit in find_dates(text):
        _hold(
            EARLIEST <= hit.period_end <= LATEST and text[hit.start : hit.end] != "", "a date outside the calendar", hit
        )
    for start, stop in date_spans(text):
        _hold(0 <= start < stop <= len(text), "a span outside its text", (start, stop))
    unit_in(text)
    number = parse_number(text)
    _hold(number is None or math.isfinite(number.value), "a number that is not finite", number)
    for line in text.split("\n")[:40]:
        folded = fold(line)
        _hold(fold(folded) == folded, "folding twice differs from folding once", line)
        value = read_text_value(folded)
        _hold(value is None or not math.isnan(value.value), "a cell that is no number", line)
        period = read_period(line)
        _hold(period is None or EARLIEST <= period.period_end <= LATEST, "a period outside the calendar", line)
        is_nil(line)
        for unit in find_units(folded):
            _hold(unit.factor > 0 and folded[unit.start : unit.end] != "", "a unit outside its text", line)
    check_cells(text.split("\n")[:40])


def check_cells(cells: list[str]) -> None:
    """Cells of one column through the parsers of rent rolls and of spreadsheet formats."""
    import numpy as np

    from assets.rent_roll.values import FIRST_DAY, LAST_DAY, parse_dates, parse_numbers
    from assets.reports.formats.xlsx_numbers import is_date_format, show

    days = parse_dates(cells)
    known = days.values[~np.isnat(days.values)]
    _hold(
        bool(((known >= np.datetime64(FIRST_DAY)) & (known <= np.datetime64(LAST_DAY))).all()),
        "a day outside the calendar",
        cells,
    )
    for power in (False, True):
        numbers = parse_numbers(cells, power=power)
        _hold(not np.isinf(numbers.values).any(), "a number that is not finite", cells)
        _hold(
            not (set(numbers.reasons) & set(np.flatnonzero(~np.isnan(numbers.values)))),
            "a number both taken and refused",
            cells,
        )
    for code in cells:
        is_date_format(code)
        for number in (0.0, -0.5, 12.5, 45_838.25, 1e300, -1e-300, 2_958_465.9999999):
            show(number, code)
            show(number, code, date_1904=True)


def _in_calendar(text: str) -> bool:
    try:
        return EARLIEST <= date.fromisoformat(text) <= LATEST
    except ValueError:
        return False


def _texts(document: Document) -> list[str]:
    texts: list[str] = []
    for part in document.parts:
        texts += [part.text] if isinstance(part, Block) else ["\n".join(cell.text for cell in part.cells[:200])]
    return texts[:60]


def _printed(document: Document) -> str:
    """Everything a document prints, without white space."""
    pieces: list[str] = [document.title]
    for part in document.parts:
        pieces += [part.text] if isinstance(part, Block) else [part.caption, *(cell.text for cell in part.cells)]
    return _squeezed("\x1f".join(pieces))


def _squeezed(text: str) -> str:
    from assets.reports.extraction.table_values import fold

    return "".join(fold(text).split())


def _hold(holds: bool, breach: str, what: object) -> None:
    if not holds:
        raise BreachError(f"{breach}: {str(what)[:300]}")
