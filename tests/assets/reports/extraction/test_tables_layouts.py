"""Layouts that siblings of known reports print: two names for one period, years as rows, scales stated afar, and so on.

Each case stands for a kind of layout; the figures are invented.
"""

from __future__ import annotations

from datetime import date

import pytest
from test_tables import figures, read, table

from assets.reports.candidates import Rejection
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
