"""Numbers: units, multipliers, separators and hedges; a change is never a level; no text breaks the reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.reports.extraction.quantities import find_quantities, parse_number, unit_in


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("637,661 sqm", 637661, "sqm"),
        ("1.2 million sq ft", 1_200_000, "sqft"),
        ("36.8 million square feet", 36_800_000, "sqft"),
        ("332MW", 332, "mw"),
        ("12.7GW", 12700, "mw"),
        ("5,100 kW", 5100, "kw"),
        ("3.5万平方米", 35000, "sqm"),
        ("12.6万千瓦", 126000, "kw"),
        ("573兆瓦", 573, "mw"),
        ("81,6 %", 81.6, "pct"),
        ("92.5 per cent", 92.5, "pct"),
        ("１２．５％", 12.5, "pct"),
        ("52,177 cabinets", 52177, "cabinets"),
        ("6.7 years", 6.7, "years"),
        ("1 234 MW", 1234, "mw"),
        ("九成", 90, "pct"),
    ],
)
def test_value_and_unit(text: str, value: float, unit: str) -> None:
    (found,) = find_quantities(text)
    assert found.value == pytest.approx(value)
    assert found.unit == unit


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("increased by 18.7% Y-o-Y to 756,992 sqm", ["growth", "level"]),
        ("was up by 46,471 sqm within the quarter to 333,461 sqm", ["increment", "level"]),
        ("a plus of 51.0%", ["growth"]),
        ("单季净增23,884平方米,期末为357,344平方米,较上年同期多47.4%", ["increment", "level", "growth"]),
        ("rose by 9.2MW, or 31%, to 39.2MW", ["increment", "growth", "level"]),
        ("slipped by 0.8 percentage points from 98.3% to 97.5%", ["growth", "rate", "rate"]),
        ("RMB2,826.4 million (US$388.9 million)", ["money", "money"]),
        ("净收入15.247亿元", ["money"]),
        ("91MW added in the quarter", ["increment"]),
        ("took up about 85% of the capacity", ["rate"]),
        ("up to 92%", ["rate"]),
        ("由70.0%升至72.0%", ["rate", "rate"]),
        ("stood at 72.5%, up from 67.4%", ["rate", "rate"]),
        ("sites add up to 192,005 sqm", ["level"]),
    ],
)
def test_a_change_is_not_a_level(text: str, kinds: list[str]) -> None:
    assert [found.kind for found in find_quantities(text)] == kinds


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("about 90%", 88, 92),
        ("nearly 90%", 88, 90),
        ("over 82%", 82, 84),
        ("more than 99%", 99, 100),
        ("超过90%", 90, 92),
        ("约90%", 88, 92),
        ("between 88% and 92%", 88, 92),
        ("88-92%", 88, 92),
        ("nearly 17,000 cabinets", 16575, 17000),
    ],
)
def test_hedged_numbers_have_bounds(text: str, low: float, high: float) -> None:
    (found,) = find_quantities(text)
    assert found.approximate
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_what_falls_is_no_range() -> None:
    """The bounds of a range enclose its middle, below zero as above."""
    assert [one.value for one in find_quantities("0 MW – -5 MW")] == [0, -5]
    (found,) = find_quantities("-5 – -2 MW")
    assert (found.low, found.value, found.high) == (-5, -3.5, -2)


@pytest.mark.parametrize(
    "text", ["June 30, 2024", "FY2024/25", "2Q24", "2020年9月30日", "form 20-F", "二零二零年第三季度"]
)
def test_dates_and_names_are_no_quantities(text: str) -> None:
    assert [q for q in find_quantities(text) if q.kind in ("level", "rate")] == []
    assert all(q.unit == "" for q in find_quantities(text))


def test_rounding_is_half_of_the_last_digit_in_the_unit() -> None:
    assert [q.rounding for q in find_quantities("92.5% 630,963 sqm 3.51万平方米 36.8 million sq ft")] == pytest.approx(
        [0.05, 0.5, 50, 50000]
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,244", 1244), ("81,6", 81.6), ("1.234,5", 1234.5), ("(12)", -12), ("–5", -5), ("12,600", 12600), ("n/a", None)],
)
def test_a_cell_is_one_number_or_none(text: str, value: float | None) -> None:
    found = parse_number(text)
    assert (found.value if found else None) == value


def test_a_decimal_comma_is_settled_by_the_caller() -> None:
    found = parse_number("12,600", decimal_comma=True)
    assert found is not None
    assert found.value == 12.6


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("Equipped Space ('000 sqm)", ("sqm", 1000.0)),
        ("IT load (kW)", ("kw", 1.0)),
        ("面积（万平方米）", ("sqm", 10000.0)),
        ("Utilisation rate (%)", ("pct", 1.0)),
        ("Live supply, total (MW)", ("mw", 1.0)),
        ("Revenue", None),
    ],
)
def test_the_unit_of_a_label(label: str, unit: tuple[str, float] | None) -> None:
    assert unit_in(label) == unit


@given(st.integers(1000, 9_999_999), st.sampled_from(["sqm", "sq ft", "MW", "kW", "cabinets", "平方米", "兆瓦"]))
def test_printed_capacities_come_back(value: int, unit: str) -> None:
    """Any grouped number with a unit reads back as what was printed."""
    (found,) = find_quantities(f"Area: {value:,} {unit}.")
    assert found.value == value
    assert found.kind == "level"


@given(st.decimals(0, 100, places=1))
def test_printed_rates_come_back(value: object) -> None:
    (found,) = find_quantities(f"the rate was {value}% at the time")
    assert found.value == pytest.approx(float(str(value)))
    assert found.kind == "rate"


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_spans_are_true(text: str) -> None:
    for found in find_quantities(text):
        assert 0 <= found.start < found.end <= len(text)
        assert found.low is None or found.low <= found.value <= (found.high or found.value)


@given(st.text(alphabet="0123456789,. %-–()年月日万亿MWsqm", max_size=400))
def test_hostile_digits_do_not_break_it(text: str) -> None:
    for found in find_quantities(text):
        assert found.end <= len(text)
