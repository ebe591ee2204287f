"""The plain template in all its forms: a figure a row or a column, any order, language, separator; no row lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.reports.candidates import Candidate, Rejection
from assets.reports.document import Cell, Document, Place, Table
from assets.reports.extraction.context import Context
from assets.reports.extraction.template import extract_template
from assets.reports.formats import read_document
from assets.reports.operators import load_layouts

LAYOUTS = load_layouts()
ROOT = Path(__file__).parents[4]
HEAD = "operator,facility,period_end,metric,value,unit"


def read(*lines, separator=","):
    """What a template of `lines` (header first) gives."""
    rows = [line.split(separator) for line in lines]
    cells = tuple(Cell(text, r, c) for r, row in enumerate(rows, 1) for c, text in enumerate(row, 1))
    table = Table(cells, Place(table=1), len(rows), max(len(row) for row in rows))
    document = Document("template.csv", "text/csv", "0" * 64, 1, (table,))
    return list(extract_template(document, Context(layout=None, layouts=LAYOUTS, operator="")))


def only(*lines, **options):
    """The one thing a template of one row gives."""
    (item,) = read(*lines, **options)
    return item


def test_a_plain_row():
    row = only(HEAD, "Chindata Group,,2021-06-30,capacity_in_service,361,mw")
    assert isinstance(row, Candidate)
    assert (row.operator, row.scope, row.scope_level, row.facility) == ("Chindata Group", "group", "portfolio", "")
    assert (row.period_end, row.metric, row.value, row.unit, row.basis) == (
        "2021-06-30", "capacity_in_service", 361.0, "mw", "as_reported",
    )  # fmt: skip
    assert row.locator == "table 1, row 2, column 5"
    assert "361" in row.quote


def test_any_order_extra_columns_and_units_that_scale():
    row = only(
        "Unit;Value;Metric;As of;Site;Company;Remarks",
        "'000 sqm;12,6;Area in service;31 Mar 2026;Site 1;Nordwind (fictitious);unaudited",
        separator=";",
    )
    assert (row.facility, row.scope_level, row.value, row.unit) == ("Site 1", "facility", 12600.0, "sqm")
    assert row.rounding == pytest.approx(50.0)


def test_chinese_headers_scopes_units_decimal_commas_and_full_width_digits():
    rows = read(
        "公司;业务;截止日期;指标;数值;单位",
        "世纪互联;基地型;2025-03-31;运营容量;５７３;兆瓦",
        "世纪互联;基地型;2025年3月31日;在建容量预签约率;81,6;%",
        "世纪互联;城市型;2025-03-31;运营机柜数;51960;个",
        "世纪互联;城市型;2025-03-31;单机柜月度经常性收入;8898;元",
        separator=";",
    )
    assert [(r.scope, r.metric, r.value, r.unit) for r in rows] == [
        ("wholesale IDC", "capacity_in_service", 573.0, "mw"),
        ("wholesale IDC", "pre_commitment_rate", 81.6, "pct"),
        ("retail IDC", "capacity_in_service", 51960.0, "cabinets"),
        ("retail IDC", "price_mrr_per_cabinet", 8898.0, "RMB/month"),
    ]
    assert {r.operator for r in rows} == {"VNET Group (21Vianet)"}


def test_metrics_as_columns_with_a_blank_for_what_is_not_published():
    rows = read(
        "operator,facility,period_end,capacity_in_service_mw,Occupancy (%)",
        "Nordlys (fictitious),Oslo 1,2026-03-31,12.6,91.5",
        "Nordlys (fictitious),Oslo 2,2026-03-31,8.0,",
    )
    assert [(r.facility, r.metric, r.value, r.unit) for r in rows] == [
        ("Oslo 1", "capacity_in_service", 12.6, "mw"),
        ("Oslo 1", "occupancy_rate", 91.5, "pct"),
        ("Oslo 2", "capacity_in_service", 8.0, "mw"),
    ]


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [
        ("X (fictitious),,2026-03-31,utilisation_rate,nearly full,pct", "value", "nearly full"),
        ("X (fictitious),,2026-03-31,utilisation_rate,,pct", "value", "''"),
        ("X (fictitious),,soon,utilisation_rate,74,pct", "period_end", "soon"),
        ("X (fictitious),,03/04/2026,utilisation_rate,74,pct", "period_end", "03/04/2026"),
        ("X (fictitious),,,utilisation_rate,74,pct", "period_end", "''"),
        ("X (fictitious),,2026-03-31,capacity_in_servce,74,mw", "metric", "capacity_in_servce"),
        ("X (fictitious),,2026-03-31,capacity_in_service,74,furlongs", "unit", "furlongs"),
        ("X (fictitious),,2026-03-31,capacity_in_service,74,", "unit", "''"),
        ("X (fictitious),,2026-03-31,utilisation_rate,74,mw", "unit", "mw"),
    ],
)
def test_a_bad_cell_is_refused_with_row_column_value_and_remedy(row, column, found):
    rejection = only(HEAD, row)
    assert isinstance(rejection, Rejection)
    assert f"row 2, column {column}: found" in rejection.reason
    assert found in rejection.reason
    assert "expected" in rejection.reason
    assert rejection.reason.endswith(".")


@pytest.mark.parametrize(("metric", "value"), [("utilisation_rate", "174"), ("utilisation_rate", "-3")])
def test_values_out_of_range_are_taken_as_printed_for_the_expectations_to_judge(metric, value):
    assert only(HEAD, f"X (fictitious),,2026-03-31,{metric},{value},pct").value == float(value)


def test_fractions_are_taken_as_per_cent_only_where_the_unit_says_so():
    assert only(HEAD, "X (fictitious),,2026-03-31,utilisation_rate,0.74,fraction").value == 74.0


FULL = "operator,scope,scope_level,period_end,metric,value,unit,source_url,tier,basis,reported_on,reported_term"


@pytest.mark.parametrize(
    ("basis", "term", "expected"),
    [
        ("derived_level_minus_printed_increment;about", "", "derived"),
        ("as_printed", "total take-up (E)", "estimate"),
        ("forecast;as_printed", "total take-up (F)", "forecast"),
        ("as_stated_2025-09-09", "", "as_reported"),
        ("chart_digitised", "", "as_reported"),
        ("pro_forma_for_lease_starting_2026-12-01", "", "pro_forma"),
        ("restated_comparative", "", "restated_comparative"),
        ("prior_half_comparative", "", "prior_half_comparative"),
    ],
)
def test_basis_classes(basis, term, expected):
    line = f"DC Byte,Tokyo,market,2025-12-31,capacity_utilised,101,mw,https://a.example,broker,{basis},,{term}"
    assert only(FULL, line).basis == expected


def test_hedges_in_basis_or_term_give_bounds():
    hedged = only(FULL, 'VNET,group,portfolio,2019-12-31,utilisation_rate,82,pct,u,press,as_reported;"over 82%",,rate')
    assert hedged.value_low == 82.0
    assert hedged.value_high > 82.0
    assert only(FULL, "Equinix,global,portfolio,2021-06-30,utilisation_rate,79,pct,u,press,"
                'prior_quarter_comparative;"stable quarter-over-quarter",,rate').value_low is None  # fmt: skip


def test_perimeters_and_places_inside_scope_texts():
    perimeter = only(
        FULL,
        "GDS Holdings,group [perimeter A: as reported to 2Q21],portfolio,2020-06-30,utilisation_rate,71,pct,u,filing,"
        "as_reported,2020-08-18,rate",
    )
    assert (perimeter.scope, perimeter.perimeter, perimeter.published_on) == ("group", "A", "2020-08-18")
    site = only(FULL, "Nobody (fictitious),Alder House (Leeds),facility,2024-12-31,occupancy_rate,100,pct,u,press,,,")
    assert (site.facility, site.market, site.source, site.tier) == ("Alder House", "Leeds", "u", "press")


def test_only_a_broker_may_leave_the_date_of_a_market_out():
    line = "CBRE (market),Hong Kong,market,,vacancy_rate,30,pct,u,{},as_reported,,"
    assert only(FULL, line.format("broker")).period_end == ""
    assert isinstance(only(FULL, line.format("press")), Rejection)


def test_every_row_of_the_bundled_compilation_is_a_figure_or_a_refusal():
    path = ROOT / "data" / "reports" / "published_figures.csv"
    document = read_document(path.read_bytes(), path.name)
    items = list(extract_template(document, Context(layout=None, layouts=LAYOUTS, operator="")))
    rows = len(path.read_text(encoding="utf-8").strip().splitlines()) - 1
    assert len(items) == rows
    refused = [item for item in items if isinstance(item, Rejection)]
    assert len(refused) <= rows * 0.005
    assert {item.perimeter for item in items if isinstance(item, Candidate)} >= {"A", "B", "C"}


def test_other_tables_are_left_alone():
    assert read("Property,Occupancy", "Alder House,91%") == []


def test_period_of_a_template_is_not_taken_from_the_document():
    row = only(HEAD, "X (fictitious),,30 June 2026,capacity_in_service,5,mw")
    assert row.period_end == date(2026, 6, 30).isoformat()
