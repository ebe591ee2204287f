"""Key-indicator boxes in the typesettings brokers use: few numbers, all large, and a swapped pair is a wrong market."""

from __future__ import annotations

from datetime import date

import pytest

from assets.reports.candidates import Candidate
from assets.reports.document import Block, Document, Place
from assets.reports.extraction.boxes import extract_boxes
from assets.reports.extraction.context import Context
from assets.reports.operators import load_layouts

LAYOUTS = load_layouts()


def read(*lines, operator="Cushman & Wakefield", period_end=date(2024, 12, 31)):
    """Figures of a page of short lines; lines in capitals are headings."""
    blocks = tuple(
        Block("heading" if line.isupper() else "paragraph", line, Place(block=i), 2) for i, line in enumerate(lines, 1)
    )
    layout = LAYOUTS.find(operator)
    assert layout is not None
    context = Context(layout, LAYOUTS, layout.operator, period_end, kind=layout.kind, cadence=layout.cadence)
    return list(extract_boxes(Document("page.txt", "text/plain", "0" * 64, 1, blocks), context))


EXPECTED = {
    ("capacity_in_service", 581.0, "mw"),
    ("operators", 21.0, "count"),
    ("data_centres", 46.0, "count"),
    ("capacity_under_construction", 208.0, "mw"),
    ("capacity_planned", 490.0, "mw"),
    ("vacancy_rate", 21.0, "pct"),
}


@pytest.mark.parametrize(
    "lines",
    [
        ("581MW In Operation", "21 / 46 Operators / Data Centres", "208MW / 490MW UC / Planned",
         "21% Colo Vacancy"),
        ("581MWIn Operation", "21/46Operators / Data Centres", "208MW | 490MWU/C | Planned",
         "21%Colo Vacancy"),
        ("In operation: 581 MW", "Operators / Data centres: 21 / 46", "U/C / Planned 208MW / 490MW",
         "Colo vacancy 21%"),
        ("581MW", "In Operation", "21 46", "Operators Data Centres", "208MW", "FANLING", "UC", "490MW", "Planned",
         "21%", "Colo Vacancy"),
        ("581MW 208MW 490MW", "In Operation Under Construction Planned", "21% 21 46",
         "Colo Vacancy Operators Data Centres"),
    ],
)  # fmt: skip
def test_values_before_behind_above_and_below_their_labels(lines):
    found = read("HONG KONG", "FANLING", "KEY INDICATORS", *lines, "Legend: Colo / Cloud / Telco")
    assert all(isinstance(item, Candidate) for item in found)
    assert {(c.metric, c.value, c.unit) for c in found} == EXPECTED
    assert {(c.scope, c.scope_level, c.market) for c in found} == {("Hong Kong", "market", "Hong Kong")}
    assert {(c.period_end, c.basis) for c in found} == {("2024-12-31", "as_reported")}


def test_the_quote_holds_the_printed_value_and_the_locator_its_block():
    first, *_ = read("HONG KONG", "581MW In Operation", "21% Colo Vacancy")
    assert first.locator == "block 2"
    assert first.quote == "581MW In Operation"


def test_each_market_of_a_page_has_its_own_figures_and_date():
    found = read("TOKYO", "H1 2024", "900MW In Operation", "SYDNEY | H2 2024", "700MW In Operation")
    assert {(c.scope, c.value, c.period_end) for c in found} == {
        ("Tokyo", 900.0, "2024-06-30"),
        ("Sydney", 700.0, "2024-12-31"),
    }


def test_the_sum_of_two_stages_is_one_figure():
    found = read("SINGAPORE", "876MW", "In Operation", "170MW", "U/C + Planned")
    assert ("capacity_under_construction_plus_planned", 170.0) in {(c.metric, c.value) for c in found}


def test_sentences_and_lone_numbers_are_no_box():
    assert read("HONG KONG", "Vacancy fell from 12% as large users took space.", "2024", "44 pages") == []


def test_a_number_without_a_unit_is_refused():
    found = read("HONG KONG", "581 In Operation", "21% Colo Vacancy")
    assert [type(item).__name__ for item in found] == ["Rejection", "Candidate"]


def test_a_landlord_s_own_headline_numbers_are_of_its_portfolio():
    found = read("4.6 YEARS", "Weighted average lease expiry (annualised rent)", operator="Digital Core REIT")
    (figure,) = found
    assert (figure.metric, figure.value, figure.scope) == ("wale_years", 4.6, "portfolio (by annualised rent)")
