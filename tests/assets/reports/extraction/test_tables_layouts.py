"""Layouts that siblings of known reports print: two names for one period, years as rows, scales stated afar, and so on.

Each case stands for a kind of layout; the figures are invented.
"""

from __future__ import annotations

from datetime import date

import pytest
from test_tables import figures, read, table

from assets.reports.candidates import Rejection
from assets.reports.document import Block, Place
from assets.reports.extraction.table_periods import read_period


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("4QFY19/20 (31 Mar 2020)", date(2020, 3, 31)),
        ("3QFY19/20 31 Dec 2019", date(2019, 12, 31)),
        ("FY2025 – 31 December 2025", date(2025, 12, 31)),
        ("31 Dec 2025 (FY25)", date(2025, 12, 31)),
        ("Q3 2025 (as at 30 September 2025)", date(2025, 9, 30)),
        ("Q3 FY2026 (Dec 31, 2025)", date(2025, 12, 31)),
        ("2025年第三季度(2025年9月30日)", date(2025, 9, 30)),
    ],
)
def test_a_period_named_by_code_and_by_day_is_its_day(text, day):
    # Headers of slides name a quarter twice; read as a name they made a facility of a quarter.
    assert read_period(text, 3).period_end == day


@pytest.mark.parametrize("text", ["2Q25 (2Q24)", "31 December 2025 (31 December 2024)", "2025 (31 December 2024)"])
def test_a_period_with_a_comparative_beside_it_is_none(text):
    # Two periods in one header are two columns' worth of figures, never one date.
    assert read_period(text) is None


def test_a_header_with_a_date_never_names_a_facility():
    # Whatever a header says around a date, it is not a site.
    found = read(
        table(
            [
                ["", "First quarter (at 31 March 2025)", "At 30 June 2025, unaudited"],
                ["Occupancy rate", "90.9%", "91.5%"],
            ]
        )
    )
    assert {item.facility for item in found if not isinstance(item, Rejection)} <= {""}


@pytest.mark.parametrize("stub", ["Year", "Year end", "Financial year", "As at", "Period ended"])
def test_years_as_rows_and_measures_as_columns(stub):
    # The head of the label column names the period, not an attribute of a site such as its year of building.
    grid = table([[stub, "Live supply (MW)", "Take-up (MW)"], ["2025E", "477", "377"], ["2026F", "609", "494"]])
    assert figures(read("Guangzhou", grid, kind="market_source", period_end=None)) == {
        ("Guangzhou", "2025-12-31", "capacity_in_service", 477.0, "mw"),
        ("Guangzhou", "2025-12-31", "capacity_utilised", 377.0, "mw"),
        ("Guangzhou", "2026-12-31", "capacity_in_service", 609.0, "mw"),
        ("Guangzhou", "2026-12-31", "capacity_utilised", 494.0, "mw"),
    }


PERIODS = ["", "30 June 2025", "31 December 2025"]


@pytest.mark.parametrize(
    "over",
    [
        "Key indicators (000 sqm)",
        "Key indicators (in 1,000 sqm)",
        "Space is stated in thousands of square metres",
        "Capacity ('000 sq m)",
        "Areas, thousand sqm",
    ],
)
@pytest.mark.parametrize("label", ["Equipped space", "Equipped space (sqm)"])
def test_thousands_stated_in_a_title_or_caption(over, label):
    # 79.3 accepted as square metres was the worst error met: a wrong number that looks right.
    found = read(over, table([PERIODS, [label, "79.3", "82.9"]]))
    assert figures(found) == {
        ("group", "2025-06-30", "capacity_in_service", 79300.0, "sqm"),
        ("group", "2025-12-31", "capacity_in_service", 82900.0, "sqm"),
    }


def test_thousands_stated_in_a_note_behind_the_table_or_on_another_sheet():
    # Notes sheets and lines below speak for the tables before them.
    note = Block("paragraph", "Space is stated at quarter-end, in thousands of square metres.", Place(block=30))
    found = read(table([PERIODS, ["Equipped space (sqm)", "79.3", "82.9"]]), note)
    assert {item.value for item in found} == {79300.0, 82900.0}
    found = read(table([PERIODS, ["Equipped space (sqm)", "79,300", "82,900"]]), note)
    assert {item.value for item in found} == {79300.0, 82900.0}


def test_a_sentence_with_an_amount_of_thousands_scales_nothing():
    # '12 thousand square metres were opened' is a figure of its own.
    note = Block("paragraph", "In the year 12 thousand square metres of space were opened.", Place(block=30))
    found = read(table([PERIODS, ["Equipped space (sqm)", "79,300", "82,900"]]), note)
    assert {item.value for item in found} == {79300.0, 82900.0}


@pytest.mark.parametrize("rows", [["Global (thousands)", "392.3"], ["Global, in thousands", "392.3"]])
def test_thousands_stated_in_a_row_label(rows):
    # A scale in a label is no part of the name, and Global is the whole operator.
    assert figures(read(table([["", "Cabinet capacity"], rows]))) == {
        ("group", "2025-12-31", "capacity_in_service", 392300.0, "cabinets")
    }


@pytest.mark.parametrize(
    ("label", "value"),
    [("Equipped space (sqm)", "79.3"), ("Cabinets in service", "392.3"), ("Lettable area (sq ft)", "82")],
)
def test_a_size_that_cannot_be_meant_is_held_back(label, value):
    # Where nothing states the thousands, the number is no data centre's: a person decides.
    (found,) = read(table([["", "31 December 2025"], [label, value]]))
    assert isinstance(found, Rejection)
    assert found.rule == "scale_unknown"


@pytest.mark.parametrize(
    "name", ["Americas", "EMEA", "Asia-Pacific", "Americas (thousands)", "EMEA region", "- mainland China"]
)
def test_regions_as_rows_are_regions(name):
    # A region taken for a facility would be counted as a site.
    (found,) = read(table([["", "Cabinets billing"], [name, "123.7"]], caption="Cabinets in thousands"))
    assert (found.scope_level, found.facility, found.value) == ("region", "", 123700.0)


@pytest.mark.parametrize("across", [True, False])
def test_one_number_that_slipped_by_a_thousand_is_left_to_the_checks(across):
    # Held back here, it would leave the rest of a document accepted that the checks hold back as a whole.
    grid = [["", "30 June 2025", "31 December 2025"], ["Equipped space (sqm)", "60,100", "60.4"]]
    rows = grid if across else [list(column) for column in zip(*grid, strict=True)]
    assert {item.value for item in read(table(rows))} == {60100.0, 60.4}
