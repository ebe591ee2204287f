"""Dates: every printed form gives the period end of the right calendar, and no text breaks the reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.reports.extraction.periods import (
    find_dates,
    fiscal_half_end,
    fiscal_quarter_end,
    month_end,
    quarter_end,
    shift_months,
)


@dataclass(frozen=True)
class Frame:
    """A calendar and a main period."""

    fiscal_year_end_month: int = 12
    period_end: date | None = date(2024, 6, 30)


JUNE = Frame(6, date(2025, 12, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("June 30, 2024", "2024-06-30"),
        ("30 June 2024", "2024-06-30"),
        ("June 30,2020", "2020-06-30"),
        ("Nov. 14, 2019", "2019-11-14"),
        ("2024-06-30", "2024-06-30"),
        ("2Q24", "2024-06-30"),
        ("2Q2024", "2024-06-30"),
        ("Q2 2024", "2024-06-30"),
        ("Q2'24", "2024-06-30"),
        ("second quarter of 2024", "2024-06-30"),
        ("2024Q2", "2024-06-30"),
        ("H2 2024", "2024-12-31"),
        ("second half of 2024", "2024-12-31"),
        ("end of March 2022", "2022-03-31"),
        ("year-end 2025", "2025-12-31"),
        ("2025E", "2025-12-31"),
        ("mid-2025", "2025-06-30"),
        ("2020年9月30日", "2020-09-30"),
        ("二零二零年第三季度", "2020-09-30"),
        ("二〇二五年十二月三十一日", "2025-12-31"),
        ("2024年上半年", "2024-06-30"),
        ("2023年末", "2023-12-31"),
        ("2024年二季度", "2024-06-30"),
    ],
)
def test_printed_forms(text: str, expected: str) -> None:
    (found,) = find_dates(text)
    assert found.period_end.isoformat() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1H26", "2025-12-31"),
        ("first half of FY2024/25", "2024-12-31"),
        ("FY25", "2025-06-30"),
        ("2H25", "2025-06-30"),
        ("half-year to 31 December 2025", "2025-12-31"),
    ],
)
def test_financial_years_that_end_in_june(text: str, expected: str) -> None:
    (found,) = find_dates(text, JUNE)
    assert found.period_end.isoformat() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a year earlier", "2023-06-30"),
        ("the same quarter last year", "2023-06-30"),
        ("in the same period of 2019", "2019-06-30"),
        ("上年同期", "2023-06-30"),
        ("three months before", "2024-03-31"),
        ("the previous quarter", "2024-03-31"),
        ("six months earlier", "2023-12-31"),
        ("期末", "2024-06-30"),
        ("quarter-end", "2024-06-30"),
        ("at 31 March", "2024-03-31"),
        ("the third quarter", "2023-09-30"),
        ("(2023: 5)", "2023-06-30"),
    ],
)
def test_relative_dates_hang_on_the_main_period(text: str, expected: str) -> None:
    (found,) = find_dates(text, Frame())
    assert found.period_end.isoformat() == expected
    assert find_dates("a year earlier") == []


def test_marks_stand_at_the_date() -> None:
    assert [d.suffix for d in find_dates("2025E 2026F September 30, 2020 R: 402,562 sqm")] == ["E", "F", "R"]


@given(st.integers(2005, 2040), st.integers(1, 4), st.integers(1, 12))
def test_quarters_of_any_financial_year(year: int, quarter: int, month: int) -> None:
    """Four quarters end three months apart, the last in the year's last month."""
    assert fiscal_quarter_end(year, 4, month) == month_end(year, month)
    assert shift_months(fiscal_quarter_end(year, quarter, month), 12) == fiscal_quarter_end(year + 1, quarter, month)
    assert fiscal_half_end(year, 1, month) == fiscal_quarter_end(year, 2, month)


@given(st.dates(date(2005, 1, 1), date(2039, 12, 31)))
def test_printed_dates_come_back(day: date) -> None:
    for text in (
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%B} {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        (found,) = find_dates(f"as of {text}.")
        assert found.period_end == day
    assert quarter_end(day).month % 3 == 0


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    for found in find_dates(text, Frame()):
        assert 0 <= found.start < found.end <= len(text)


@given(st.text(alphabet="0123456789年月日季上下半期末QHFYE二零一三四/-., JuneMarch", max_size=300))
def test_hostile_dates_do_not_break_it(text: str) -> None:
    hits = find_dates(text, Frame())
    assert all(a.end <= b.start for a, b in pairwise(hits))
