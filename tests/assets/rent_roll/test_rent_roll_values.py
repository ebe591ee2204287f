"""Dates and numbers are typed by what their column proves, and held back where it proves nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rent_roll.values import parse_dates, parse_numbers

DAYS = st.dates(dt.date(1960, 1, 1), dt.date(2190, 12, 31))


def dates(*cells: object) -> list[str | None]:
    found = parse_dates(cells)
    return [None if np.isnat(day) else str(day)[:10] for day in found.values]


@pytest.mark.parametrize(
    "cell",
    ["2026-06-30", "2026/06/30", "30 Jun 2026", "30-Jun-2026", "30 June 2026", "30th June 2026", "Jun 30, 2026",
     "30/06/2026", "30.06.2026", "06/30/2026", "20260630", "2026年6月30日", "2026-06-30T00:00:00", "46203", 46203,
     dt.datetime(2026, 6, 30), dt.date(2026, 6, 30), "30-Jun-26", "30/06/26", "30 Sept 2026"],
)  # fmt: skip
def test_every_style_of_a_date(cell: object) -> None:
    """Each of these stands in some schedule for the same day."""
    wanted = "2026-09-30" if cell == "30 Sept 2026" else "2026-06-30"
    assert dates(cell) == [wanted]


def test_the_column_decides_between_day_and_month() -> None:
    """05/06/2026 is June beside 30/06/2026, May beside 06/30/2026."""
    assert dates("05/06/2026", "30/06/2026")[0] == "2026-06-05"
    assert dates("05/06/2026", "06/30/2026")[0] == "2026-05-06"


@pytest.mark.parametrize("others", [(), ("04/04/2026",), ("2026-06-30",), ("30/06/2026", "06/30/2026")])
def test_a_date_with_two_meanings_is_held_back(others: tuple[str, ...]) -> None:
    """Without proof, or with proof of both orders, any choice would be a guess."""
    found = parse_dates(["05/06/2026", *others])
    assert np.isnat(found.values[0])
    assert "2026-05-06 or 2026-06-05" in found.reasons[0][0]
    assert not np.isnat(found.values[1:]).any()


@pytest.mark.parametrize("cell", ["31/02/2026", "soon", "holding over", "#REF!", "9999-12-31", 300, "1.5", True])
def test_what_is_no_date_is_held_back(cell: object) -> None:
    """A lease with such an end would be counted on the wrong days or on none."""
    found = parse_dates([cell])
    assert np.isnat(found.values[0])
    assert 0 in found.reasons


def test_blanks_and_dashes_are_no_reason() -> None:
    """A column that may be empty must not hold its rows back."""
    assert parse_dates([None, "", "-", "n/k", float("nan")]).reasons == {}


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_no_date_is_ever_read_in_the_wrong_order(days: list[dt.date], style: str) -> None:
    """Whatever the column, a cell is read as it was written or held back, never as another day."""
    found = parse_dates([day.strftime(style) for day in days])
    for position, day in enumerate(days):
        if position not in found.reasons:
            assert str(found.values[position])[:10] == day.isoformat()


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(["%Y-%m-%d", "%d %b %Y", "%d-%B-%Y", "%B %d, %Y"]))
def test_plain_dates_always_read(days: list[dt.date], style: str) -> None:
    """Styles with one meaning need no proof."""
    found = parse_dates([day.strftime(style) for day in days])
    assert found.reasons == {}
    assert [str(day)[:10] for day in found.values] == [day.isoformat() for day in days]


def test_numbers_with_units_signs_and_separators() -> None:
    """The same 1.2 MW in the ways schedules write it."""
    cells = ["1.2 MW", "1200 kW", "1,200.0 kW", "1 200 kW"]
    assert parse_numbers(cells, power=True).values == pytest.approx([1.2, 1.2, 1.2, 1.2])
    assert parse_numbers(["HK$ 1,234.50", "(5.25)", "40%"]).values == pytest.approx([1234.5, -5.25, 0.4])


def test_a_capacity_without_a_unit_is_not_taken() -> None:
    """kW and MW look alike; a factor of 1000 must not depend on luck."""
    found = parse_numbers(["300"], power=True)
    assert np.isnan(found.values[0])
    assert "without a unit" in found.reasons[0][0]
    assert parse_numbers(["300"], power=True, divisor=1000).values[0] == pytest.approx(0.3)


def test_comma_and_point_are_decided_by_the_column() -> None:
    """1,200 is 1200 or 1.2; the column's other values tell, or nobody does."""
    assert parse_numbers(["1,200", "2,450"]).values == pytest.approx([1200, 2450])
    assert parse_numbers(["1,200", "0,35"]).values == pytest.approx([1.2, 0.35])
    assert parse_numbers(["1.200", "0,35"]).values == pytest.approx([1200, 0.35])
    assert 0 in parse_numbers(["1,200", "300"]).reasons


@given(st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=20))
def test_plain_numbers_come_back(numbers: list[float]) -> None:
    """A number written with a point is that number."""
    assert parse_numbers([repr(number) for number in numbers if "e" not in repr(number)]).reasons == {}
    assert list(parse_numbers(numbers).values) == numbers
