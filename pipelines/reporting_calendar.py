"""When reports are due: fiscal periods, due dates, who is late, and when a quarter's forecast can be made.

Plain dates in, plain rows out. The calendars themselves are data (assets/reports/layouts/*.yaml: cadence, fiscal year,
reporting lag). What does not belong here: reading the warehouse (steps/) and schedules (timing.py).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

STEP_MONTHS = {"quarterly": 3, "half_yearly": 6, "yearly": 12}
# An operator silent for longer than this has been bought, delisted or dropped: it is listed apart, not as late.
SILENT_AFTER_DAYS = 730


class Calendar(Protocol):
    """What is needed of a layout."""

    @property
    def operator(self) -> str:
        """Canonical name."""

    @property
    def kind(self) -> str:
        """Operator or market_source."""

    @property
    def cadence(self) -> str:
        """Quarterly, half_yearly or yearly."""

    @property
    def fiscal_year_end_month(self) -> int:
        """1 to 12."""

    @property
    def reporting_lag_days(self) -> int:
        """Days from period end to publication."""


@dataclass(frozen=True)
class Due:
    """The next report of one operator. `state` is on_time, late, silent (no longer reporting) or never (no report)."""

    operator: str
    cadence: str
    last_period: date | None
    next_period: date | None
    label: str
    due_on: date | None
    days_late: int
    periods_missing: int
    state: str

    @property
    def message(self) -> str:
        """One sentence for a person."""
        if self.state == "late":
            more = f" ({self.periods_missing} periods missing)" if self.periods_missing > 1 else ""
            days = "1 day" if self.days_late == 1 else f"{self.days_late} days"
            return f"{self.operator} {self.label} is {days} late{more}"
        if self.state == "silent":
            return f"{self.operator} has not reported since {self.last_period}"
        if self.state == "never":
            return f"{self.operator} has no reported figure yet"
        return f"{self.operator} {self.label} is due on {self.due_on}"


def month_end(year: int, month: int) -> date:
    """The last day of a month; months beyond 12 or below 1 roll into other years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def add_months(end: date, months: int) -> date:
    """The month end so many months after (or before) another."""
    return month_end(end.year, end.month + months)


def latest_quarter_end(day: date) -> date:
    """The latest calendar quarter end on or before a day: the vintage of that day."""
    this = month_end(day.year, (day.month - 1) // 3 * 3 + 3)
    return this if this <= day else add_months(this, -3)


def last_day_of_vintage(vintage: date) -> date:
    """The last day on which a vintage is the newest: the day before the next quarter ends."""
    return add_months(vintage, 3) - timedelta(days=1)


def period_label(end: date, cadence: str, fiscal_year_end_month: int) -> str:
    """'3Q26', '1H26' or 'FY26' in the operator's own fiscal calendar."""
    months = (end.month - fiscal_year_end_month - 1) % 12 + 1
    year = end.year if end.month <= fiscal_year_end_month else end.year + 1
    if cadence == "quarterly":
        return f"{-(-months // 3)}Q{year % 100:02d}"
    if cadence == "half_yearly":
        return f"{-(-months // 6)}H{year % 100:02d}"
    return f"FY{year % 100:02d}"


def period_on_or_after(day: date, cadence: str, fiscal_year_end_month: int) -> date:
    """The first period end of the operator's calendar that is not before a day."""
    step = STEP_MONTHS[cadence]
    end = month_end(day.year, day.month)
    while (end.month - fiscal_year_end_month) % step or end < day:
        end = add_months(end, 1)
    return end


def due_report(layout: Calendar, last_period: date | None, as_of: date) -> Due:
    """What an operator owes after its last reported period, seen from `as_of`."""
    cadence, lag = layout.cadence, timedelta(days=layout.reporting_lag_days)
    if last_period is None:
        return Due(layout.operator, cadence, None, None, "", None, 0, 0, "never")
    expected = period_on_or_after(last_period + timedelta(days=1), cadence, layout.fiscal_year_end_month)
    due_on = expected + lag
    late = (as_of - due_on).days
    missing, end = 0, expected
    while end + lag < as_of:
        missing, end = missing + 1, add_months(end, STEP_MONTHS[cadence])
    state = "late" if late > 0 else "on_time"
    if (as_of - last_period).days > SILENT_AFTER_DAYS:
        state = "silent"
    label = period_label(expected, cadence, layout.fiscal_year_end_month)
    return Due(layout.operator, cadence, last_period, expected, label, due_on, max(0, late), missing, state)


def due_reports(layouts: Iterable[Calendar], last_periods: dict[str, date], as_of: date) -> list[Due]:
    """One row per operator, latest first; market sources owe nothing and are left out."""
    rows = [
        due_report(layout, last_periods.get(layout.operator), as_of) for layout in layouts if layout.kind == "operator"
    ]
    order = {"late": 0, "on_time": 1, "silent": 2, "never": 3}
    return sorted(rows, key=lambda row: (order[row.state], -row.days_late, row.operator))


def forecast_days(layouts: Iterable[Calendar]) -> list[tuple[int, int]]:
    """(month, day) on which every quarterly reporter should have reported, one for each of the four quarter ends.

    The slowest quarterly operator sets the day, so that the vintage of a quarter is made with all of its reports.
    """
    lags = [
        layout.reporting_lag_days for layout in layouts if layout.kind == "operator" and layout.cadence == "quarterly"
    ]
    lag = timedelta(days=max(lags, default=60) + 1)
    # Quarters of 2022, since no leap day follows them: in leap years the day after February is one early.
    return [((end + lag).month, (end + lag).day) for end in (month_end(2022, month) for month in (3, 6, 9, 12))]
