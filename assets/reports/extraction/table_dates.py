"""The period of a number in a table: from its column, its row, its section, the caption, or the document.

Belongs here: which of those is asked first, and what a bare year means in a half-year report. Not here: the forms of
dates (table_periods.py, periods.py).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from assets.reports.extraction.periods import find_dates, month_end
from assets.reports.extraction.table_frame import OTHER_STUB, PERIOD_STUB, Frame
from assets.reports.extraction.table_periods import PeriodLabel, combine_periods, is_period_part, read_period
from assets.reports.extraction.table_shapes import Slot


def period_of(frame: Frame, slot: Slot) -> PeriodLabel | None:
    """The period of a slot: column, row, section, caption, document, in that order; None where none states one."""
    month = frame.context.fiscal_year_end_month
    over = [label.text for label in slot.headers] + [label.stub for label in slot.headers if is_period_part(label.stub)]
    beside = [label.text for label in slot.labels if PERIOD_STUB.match(label.stub) or not OTHER_STUB.search(label.stub)]
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
    day = caption_period(frame) or frame.context.period_end
    return PeriodLabel(day, "date") if day is not None else None


def _dated(frame: Frame, texts: list[str]) -> PeriodLabel | None:
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


def _anchored(frame: Frame, found: PeriodLabel, texts: list[str]) -> PeriodLabel:
    """A bare year in a document of another date than the year's end: the same day of that year ('At 30 June': 2025)."""
    main = frame.context.period_end
    if found.kind != "year" or found.suffix or main is None:
        return found
    captioned = next((text for text in (*texts, *frame.around.captions) if is_period_part(text)), "")
    if captioned:
        joined = combine_periods([captioned, str(found.period_end.year)], frame.context.fiscal_year_end_month)
        return joined or found
    years = frame.once("years", lambda: _bare_years(frame))
    if max(years, default=0) == main.year and found.period_end.replace(year=main.year) > main:
        return replace(found, period_end=month_end(found.period_end.year, main.month))
    return found


def _bare_years(frame: Frame) -> set[int]:
    """The years that stand alone over or beside the numbers of a table."""
    periods = (read_period(text) for text in frame.header_texts | frame.label_texts)
    return {period.period_end.year for period in periods if period and period.kind == "year" and not period.suffix}


def caption_period(frame: Frame) -> date | None:
    """The one date the caption or the nearest heading states, None where it states none or several."""
    return frame.once("caption period", lambda: _caption_period(frame))


def _caption_period(frame: Frame) -> date | None:
    for text in (*frame.around.captions, *frame.around.headings[:1]):
        days = {hit.period_end for hit in find_dates(text, frame.context) if hit.kind != "relative"}
        if len(days) == 1:
            return days.pop()
        if days:
            return None
    return None
