"""Who is late, in the operator's own calendar: a wrong fiscal year or lag would accuse the wrong operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from pipelines.reporting_calendar import (
    due_report,
    due_reports,
    forecast_days,
    last_day_of_vintage,
    latest_quarter_end,
    period_label,
    period_on_or_after,
)


@dataclass(frozen=True)
class Reporter:
    """A layout, as far as the calendar needs it."""

    operator: str = "GDS"
    kind: str = "operator"
    cadence: str = "quarterly"
    fiscal_year_end_month: int = 12
    reporting_lag_days: int = 51


def test_a_late_quarter_says_operator_period_and_days():
    due = due_report(Reporter(), date(2026, 6, 30), date(2026, 12, 2))
    assert due.message == "GDS 3Q26 is 12 days late"
    assert due.state == "late"


def test_on_the_due_day_nobody_is_late():
    due = due_report(Reporter(), date(2026, 6, 30), date(2026, 11, 20))
    assert (due.state, due.days_late, due.periods_missing) == ("on_time", 0, 0)


def test_several_missing_periods_are_counted_from_the_first():
    due = due_report(Reporter(), date(2025, 12, 31), date(2026, 12, 2))
    assert (due.label, due.periods_missing) == ("1Q26", 3)
    assert "3 periods missing" in due.message


def test_an_operator_silent_for_years_is_not_called_late():
    assert due_report(Reporter(), date(2019, 9, 30), date(2026, 12, 2)).state == "silent"


def test_an_operator_without_a_figure_is_listed_as_such():
    assert due_report(Reporter(), None, date(2026, 12, 2)).state == "never"


@pytest.mark.parametrize(
    ("end", "cadence", "year_end", "label"),
    [
        (date(2026, 9, 30), "quarterly", 12, "3Q26"),
        (date(2025, 12, 31), "half_yearly", 6, "1H26"),
        (date(2026, 6, 30), "half_yearly", 6, "2H26"),
        (date(2026, 6, 30), "quarterly", 3, "1Q27"),
        (date(2026, 3, 31), "yearly", 3, "FY26"),
    ],
)
def test_labels_follow_the_fiscal_year(end: date, cadence: str, year_end: int, label: str):
    assert period_label(end, cadence, year_end) == label


def test_a_half_yearly_reporter_owes_its_own_half_years():
    assert period_on_or_after(date(2026, 1, 1), "half_yearly", 6) == date(2026, 6, 30)
    assert period_on_or_after(date(2026, 1, 1), "half_yearly", 3) == date(2026, 3, 31)


def test_market_sources_owe_nothing_and_the_latest_come_first():
    rows = due_reports(
        [Reporter("A"), Reporter("B"), Reporter("C", kind="market_source")],
        {"A": date(2026, 6, 30), "B": date(2026, 3, 31)},
        date(2026, 12, 2),
    )
    assert [row.operator for row in rows] == ["B", "A"]


def test_the_vintage_of_a_day_is_the_latest_completed_quarter():
    assert latest_quarter_end(date(2026, 6, 30)) == date(2026, 6, 30)
    assert latest_quarter_end(date(2026, 6, 29)) == date(2026, 3, 31)
    assert last_day_of_vintage(date(2026, 3, 31)) == date(2026, 6, 29)


def test_the_forecast_waits_for_the_slowest_quarterly_operator():
    days = forecast_days([Reporter("A", reporting_lag_days=30), Reporter("B", reporting_lag_days=60)])
    assert days == [(5, 31), (8, 30), (11, 30), (3, 2)]
