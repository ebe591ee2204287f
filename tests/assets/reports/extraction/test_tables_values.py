"""Printed numbers, periods and buckets of cells: one slipped separator or quarter is a figure off by a thousand."""

from __future__ import annotations

from datetime import date

import pytest

from assets.reports.document import Cell
from assets.reports.extraction.table_periods import combine_periods, read_bucket, read_period
from assets.reports.extraction.table_values import (
    find_units,
    fold,
    is_nil,
    parse_number,
    read_text_value,
    read_value,
    uses_decimal_comma,
)


@pytest.mark.parametrize(
    ("text", "value", "unit", "step"),
    [
        ("109,721", 109721, "", 0.5),
        ("2587", 2587, "", 0.5),
        ("416.6MW²", 416.6, "mw", 0.05),
        ("98.3%", 98.3, "pct", 0.05),
        ("2,721,198 sq ft", 2721198, "sqft", 0.5),
        ("49,433(6)", 49433, "", 0.5),
        ("77.0 %(5)", 77.0, "pct", 0.05),
        ("12.1 MW (IT load)", 12.1, "mw", 0.05),
        ("1.2 million sq ft", 1_200_000, "sqft", 50_000),
        ("52 177", 52177, "", 0.5),
        ("57.3万平方米", 573_000, "sqm", 500),
        ("1.5GW", 1500, "mw", 50),
        ("１２３．４", 123.4, "", 0.05),
        ("1,234.5 m²", 1234.5, "sqm", 0.05),
        ("(3.2)", -3.2, "", 0.05),
    ],
)
def test_numbers_as_cells_print_them(text, value, unit, step):
    read = read_text_value(fold(text))
    assert read is not None
    assert (read.value, read.unit) == (pytest.approx(value), unit)
    assert read.step == pytest.approx(step)


@pytest.mark.parametrize(
    "text", ["Osaka, Japan", "31 December 2025", "21 / 46", "3011 Lafayette Street", "3Q19", "–", ""]
)
def test_words_dates_and_blanks_are_no_numbers(text):
    assert read_text_value(fold(text)) is None


@pytest.mark.parametrize("text", ["", "–", "n/a", "nil", "N.M.", "not disclosed", "n/p", "無", "..."])
def test_many_ways_to_print_nothing(text):
    assert is_nil(text)


def test_decimal_commas_are_settled_for_a_whole_table():
    assert uses_decimal_comma(["4.500", "81,6 %"])
    assert not uses_decimal_comma(["4,500", "81.6 %"])
    assert not uses_decimal_comma(["4,500", "12,600"])
    assert parse_number("12.600", decimal_comma=True) == (12600.0, 0)
    assert parse_number("12,600") == (12600.0, 0)


def test_a_per_cent_format_shows_a_fraction_as_per_cent():
    read = read_value(Cell("0.73", 1, 1, number=0.73, number_format="0%"))
    assert read is not None
    assert (read.value, read.unit, read.step) == (73.0, "pct", 0.5)
    assert read_value(Cell("45747", 1, 1, number=45747.0, number_format="yyyy-mm-dd")) is None


@pytest.mark.parametrize(
    ("label", "unit", "factor"),
    [
        ("Capacity ('000 sqm)", "sqm", 1000.0),
        ("Live supply, total (MW)", "mw", 1.0),
        ("NLA (million sq ft)", "sqft", 1e6),
        ("面积（万平方米）", "sqm", 1e4),
        ("Number of cabinets", "cabinets", 1.0),
    ],
)
def test_units_in_labels(label, unit, factor):
    (hit,) = find_units(fold(label))
    assert (hit.unit, hit.factor) == (unit, factor)


@pytest.mark.parametrize(
    ("text", "month", "expected"),
    [
        ("As at 31 December 2025", 12, date(2025, 12, 31)),
        ("31/12/2025", 12, date(2025, 12, 31)),
        ("2025-03", 12, date(2025, 3, 31)),
        ("3Q19 (restated)", 12, date(2019, 9, 30)),
        ("Dec-25", 12, date(2025, 12, 31)),
        ("1H26", 6, date(2025, 12, 31)),
        ("1QFY21/22", 3, date(2021, 6, 30)),
        ("FY25", 6, date(2025, 6, 30)),
        ("2026F", 12, date(2026, 12, 31)),
        ("二零二零年九月三十日", 12, date(2020, 9, 30)),
        ("2020年第三季度", 12, date(2020, 9, 30)),
    ],
)
def test_labels_that_are_nothing_but_a_period(text, month, expected):
    label = read_period(text, month)
    assert label is not None
    assert label.period_end == expected


@pytest.mark.parametrize("text", ["03/04/2025", "31/02/2025", "Maybe 24", "2,587", "1234", "Occupancy 2025"])
def test_what_is_no_certain_period_is_none(text):
    assert read_period(text) is None


def test_a_quarter_takes_its_year_from_the_row_above():
    for texts in (["2018", "3Q"], ["Three months ended", "Sep 30,", "2018"], ["September 30,", "2018"]):
        label = combine_periods(texts)
        assert label is not None
        assert label.period_end == date(2018, 9, 30)


@pytest.mark.parametrize(
    ("text", "bucket"),
    [
        ("2027", "2027"),
        ("FY2027", "2027"),
        ("≥ 2031", ">=2031"),
        ("2032+", "2032+"),
        ("2031 and beyond", ">=2031"),
        ("Beyond 2030", ">=2031"),
        ("2030年及以后", ">=2030"),
        ("2026-2028", "2026-2028"),
        ("Total", None),
        ("26", None),
    ],
)
def test_expiry_buckets(text, bucket):
    assert read_bucket(text) == bucket
