"""The tables operators print, read to figures: each case is a layout met in real reports, and the figures in it.

A wrong axis, unit or date here is a wrong number in the warehouse, so cases give every figure and allow no other.
"""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from assets.reports.candidates import Candidate, Rejection
from assets.reports.document import Block, Cell, Document, Place, Table
from assets.reports.extraction.context import Context
from assets.reports.extraction.tables import extract_tables
from assets.reports.operators import load_layouts

LAYOUTS = load_layouts()


def table(rows, caption="", headers=0, spans=None, formats=None):
    """A Table from rows of texts or numbers; `spans` maps (row, column) to a column span, `headers` marks th rows."""
    cells = []
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            if text is None:
                continue
            native = float(text) if isinstance(text, int | float) else None
            shape = (formats or {}).get(native, "") if native is not None else ""
            span = (spans or {}).get((number, column), 1)
            cells.append(Cell(str(text), number, column, 1, span, number <= headers, (), native, shape))
    width = max(len(row) for row in rows)
    return Table(tuple(cells), Place(block=9, table=1), len(rows), width, caption)


def read(*parts, operator="", period_end=date(2025, 12, 31), kind="operator"):
    """Candidates and Rejections of a document of `parts`: texts become headings."""
    blocks = tuple(
        Block("heading", part, Place(block=i), 2) if isinstance(part, str) else part for i, part in enumerate(parts)
    )
    document = Document("case.html", "text/html", "0" * 64, 1, blocks)
    layout = LAYOUTS.find(operator) if operator else None
    context = Context(
        layout=layout,
        layouts=LAYOUTS,
        operator=layout.operator if layout else operator or "Somebody (fictitious)",
        period_end=period_end,
        fiscal_year_end_month=layout.fiscal_year_end_month if layout else 12,
        cadence=layout.cadence if layout else "quarterly",
        kind=layout.kind if layout else kind,
        document=document,
    )
    return list(extract_tables(document, context))


def figures(found):
    """The figures of a result as short tuples: whom, date, metric, value, unit."""
    assert all(isinstance(item, Candidate) for item in found), [i for i in found if isinstance(i, Rejection)]
    return {(c.facility or c.scope, c.period_end, c.metric, c.value, c.unit) for c in found}


def test_quarters_under_years_with_sections_units_dashes_and_money_rows():
    found = read(
        table(
            [
                [None, "2018", None, "2019", None],
                ["", "3Q", "4Q", "1Q", "2Q"],
                ["Financial (EUR million)"],
                ["Revenue", "142.2", "", "", "150.1"],
                ["Capacity (square metres, end of quarter)"],
                ["Equipped Space", "140,300", "144,800", "–", "154,800"],
                ["Utilisation Rate", "79%", "n/a", "80%", "79%"],
            ],
            spans={(1, 2): 2, (1, 4): 2, (3, 1): 5, (5, 1): 5},
        ),
        operator="Interxion",
        period_end=date(2019, 6, 30),
    )
    assert figures(found) == {
        ("group", "2018-09-30", "capacity_in_service", 140300.0, "sqm"),
        ("group", "2018-12-31", "capacity_in_service", 144800.0, "sqm"),
        ("group", "2019-06-30", "capacity_in_service", 154800.0, "sqm"),
        ("group", "2018-09-30", "utilisation_rate", 79.0, "pct"),
        ("group", "2019-03-31", "utilisation_rate", 80.0, "pct"),
        ("group", "2019-06-30", "utilisation_rate", 79.0, "pct"),
    }
    assert {(c.period_end, c.basis) for c in found} == {
        ("2018-09-30", "prior_quarter_comparative"),
        ("2018-12-31", "prior_quarter_comparative"),
        ("2019-03-31", "prior_quarter_comparative"),
        ("2019-06-30", "as_reported"),
    }


def test_workbook_thousands_in_a_unit_column_and_fractions_shown_as_per_cent():
    found = read(
        table(
            [
                [None, None, "2013", None, "2014"],
                ["End of quarter", "Unit", "Q1", "Q2", "Q1"],
                ["Equipped Space", "'000 sqm", 78.1, 78.9, 82.9],
                ["Utilisation Rate", "%", 0.73, 0.74, "n/a"],
            ],
            spans={(1, 3): 2},
            formats={78.1: "#,##0.0", 78.9: "#,##0.0", 82.9: "#,##0.0", 0.73: "0%", 0.74: "0%"},
        ),
        operator="Interxion",
        period_end=date(2014, 3, 31),
    )
    assert ("group", "2013-03-31", "capacity_in_service", 78100.0, "sqm") in figures(found)
    assert ("group", "2013-06-30", "utilisation_rate", 74.0, "pct") in figures(found)
    assert next(c for c in found if c.value == 78100.0).rounding == 50.0
    assert len(found) == 5


def test_properties_as_columns_with_label_rows_over_value_rows():
    found = read(
        "Facilities, Sydney",
        table(
            [
                ["Gore Hill Data Centre", "Basis Bay Data Centre"],
                ["Attributable Lettable Area (sq ft)"],
                ["90,955", "48,193"],
                ["Occupancy Rate"],
                ["80.0%", "40.2%"],
            ],
            headers=1,
            spans={(2, 1): 2, (4, 1): 2},
        ),
        operator="Keppel DC REIT",
    )
    assert figures(found) == {
        ("Gore Hill Data Centre", "2025-12-31", "capacity_in_service", 90955.0, "sqft"),
        ("Basis Bay Data Centre", "2025-12-31", "capacity_in_service", 48193.0, "sqft"),
        ("Gore Hill Data Centre", "2025-12-31", "occupancy_rate", 80.0, "pct"),
        ("Basis Bay Data Centre", "2025-12-31", "occupancy_rate", 40.2, "pct"),
    }
    assert {c.scope_level for c in found} == {"facility"}


def test_properties_as_rows_with_locations_interests_valuations_regions_and_a_total():
    found = read(
        "Portfolio overview as at 30 June 2026",
        table(
            [
                ["Property", "Location", "Interest (%)", "NLA (sq ft)", "Occupancy (%)", "Valuation (S$ m)"],
                ["Europe"],
                ["Alder House", "Leeds, UK", "99", "24,972", "98.5", "33"],
                ["Birch Quay", "Hull, UK", "100", "8,000", "–", "12"],
                ["Total portfolio", "", "", "32,972", "96.1", "45"],
            ],
            headers=1,
            spans={(2, 1): 6},
        ),
        period_end=date(2026, 6, 30),
    )
    assert figures(found) == {
        ("Alder House", "2026-06-30", "capacity_in_service", 24972.0, "sqft"),
        ("Alder House", "2026-06-30", "occupancy_rate", 98.5, "pct"),
        ("Birch Quay", "2026-06-30", "capacity_in_service", 8000.0, "sqft"),
        ("group", "2026-06-30", "capacity_in_service", 32972.0, "sqft"),
        ("group", "2026-06-30", "occupancy_rate", 96.1, "pct"),
    }
    assert {c.market for c in found if c.facility} == {"Leeds", "Hull"}


def test_a_card_has_its_heading_as_subject_and_the_date_in_its_label():
    found = read(
        "Property cards",
        "Alder House",
        table(
            [
                ["Location", "Osaka, Japan"],
                ["Held", "20.0%"],
                ["IT load contracted to customers, at share held (kW)", "5,100"],
                ["Occupancy, 31 December 2025", "98.3%"],
                ["WALE weighted by annualised rent (years)", "2.7"],
            ]
        ),
    )
    assert figures(found) == {
        ("Alder House", "2025-12-31", "customer_it_load", 5100.0, "kw"),
        ("Alder House", "2025-12-31", "occupancy_rate", 98.3, "pct"),
        ("Alder House", "2025-12-31", "wale_years", 2.7, "years"),
    }


def test_a_footnote_makes_a_card_pro_forma():
    card = table([["Occupancy, 31 December 2025", "100.0%"]])
    note = Block("note", "Pro forma. A tenant has signed.", Place(block=12), 0, ("1",))
    heading = Block("heading", "8217 Linton Hall Road", Place(block=1), 4, ("1",))
    (figure,) = read(heading, card, note, operator="Digital Core REIT")
    assert (figure.basis, figure.facility) == ("pro_forma", "8217 Linton Hall Road")


@pytest.mark.parametrize(
    ("rows", "caption", "expected"),
    [
        (
            [["", "2026", "2027", "≥2028"], ["Total (%)", "7.6", "10.1", "82.3"], ["Split by type", "–", "–", "–"]],
            "Contract expiry by lettable area (%), 31 December 2025",
            {("expiring 2026", "area", 7.6), ("expiring 2027", "area", 10.1), ("expiring >=2028", "area", 82.3)},
        ),
        (
            [["Lease year end", "Share of annualised rent (%)"], ["2026", "9"], ["2027", "8"], ["2032+", "83"]],
            "",
            {("expiring 2026", "rent", 9.0), ("expiring 2027", "rent", 8.0), ("expiring 2032+", "rent", 83.0)},
        ),
        (
            [
                ["Year", "By lettable area (%)", "By rental income (%)"],
                ["FY2026", "40", "45"],
                ["2027 and beyond", "60", "55"],
                ["Total", "100", "100"],
            ],
            "Lease expiry profile",
            {
                ("expiring 2026", "area", 40.0),
                ("expiring 2026", "rent", 45.0),
                ("expiring >=2027", "area", 60.0),
                ("expiring >=2027", "rent", 55.0),
            },
        ),
        (
            [["", "2026", "2027+"], ["Fully-fitted", "3", "4"], ["Total", "30.5%", "69.5%"]],
            "Expiry of contracts by rental income",
            {("expiring 2026", "rent", 30.5), ("expiring 2027+", "rent", 69.5)},
        ),
    ],
)
def test_expiry_profiles_by_weight_bucket_and_whole(rows, caption, expected):
    found = read(table(rows, caption))
    assert {(c.scope, c.metric.rsplit("_", 1)[1], c.value) for c in found} == expected
    assert {(c.period_end, c.unit, c.scope_level) for c in found} == {("2025-12-31", "pct", "portfolio")}


def test_an_expiry_profile_without_a_weight_is_refused_and_says_why():
    found = read(table([["Year", "Share"], ["2026", "40%"], ["2027+", "60%"]], "Lease expiry profile"))
    assert {item.rule for item in found} == {"expiry_weight"}
    assert "by area or by rent" in found[0].reason


def test_market_tables_keep_estimates_and_forecasts_apart_and_take_the_market_from_the_caption():
    found = read(
        "Sydney: supply, demand, utilisation",
        table(
            [
                ["", "2024", "2025E", "2026F"],
                ["Live supply, total (MW)", "700", "821", "2097"],
                ["Take-up, total (MW)", "650", "760", "894"],
                ["Utilisation rate (%)", "92.9", "92.5", "91.3"],
            ],
            headers=1,
        ),
        operator="DC Byte",
        period_end=date(2024, 12, 31),
    )
    assert {(c.scope, c.scope_level, c.market) for c in found} == {("Sydney", "market", "Sydney")}
    assert {(c.period_end, c.basis) for c in found} == {
        ("2024-12-31", "as_reported"),
        ("2025-12-31", "estimate"),
        ("2026-12-31", "forecast"),
    }
    assert {c.value for c in found if c.metric == "capacity_in_service"} == {700.0, 821.0, 2097.0}


def test_markets_as_rows_and_measures_as_columns():
    found = read(
        table(
            [
                ["Market", "Live supply (MW)", "Under construction (MW)", "Vacancy rate", "Net absorption (MW)"],
                ["Greater Tokyo", "1,220", "310", "9.5%", "30"],
                ["Hong Kong SAR", "560", "–", "17.0%", "2"],
            ],
            headers=1,
        ),
        operator="CBRE (market)",
    )
    assert figures(found) == {
        ("Tokyo", "2025-12-31", "capacity_in_service", 1220.0, "mw"),
        ("Tokyo", "2025-12-31", "capacity_under_construction", 310.0, "mw"),
        ("Tokyo", "2025-12-31", "vacancy_rate", 9.5, "pct"),
        ("Hong Kong", "2025-12-31", "capacity_in_service", 560.0, "mw"),
        ("Hong Kong", "2025-12-31", "vacancy_rate", 17.0, "pct"),
    }


def test_regions_under_a_measure_row_and_change_columns_left_out():
    found = read(
        table(
            [
                ["", "Q3 2025", "Q3 2024", "YoY % chg"],
                ["Cabinets billing"],
                ["Americas", "98,800", "90,100", "9%"],
                ["Worldwide", "288,900", "268,100", "7%"],
                ["MRR per cabinet (US$)"],
                ["Americas", "$2,300", "$2,200", "5%"],
            ],
            spans={(2, 1): 4, (5, 1): 4},
        ),
        operator="Equinix",
        period_end=date(2025, 9, 30),
    )
    assert figures(found) == {
        ("Americas", "2025-09-30", "capacity_utilised", 98800.0, "cabinets"),
        ("Americas", "2024-09-30", "capacity_utilised", 90100.0, "cabinets"),
        ("group", "2025-09-30", "capacity_utilised", 288900.0, "cabinets"),
        ("group", "2024-09-30", "capacity_utilised", 268100.0, "cabinets"),
        ("Americas", "2025-09-30", "price_mrr_per_cabinet", 2300.0, "USD/month"),
        ("Americas", "2024-09-30", "price_mrr_per_cabinet", 2200.0, "USD/month"),
    }


def test_contracted_and_billing_utilisation_in_megawatts_are_capacities():
    found = read(
        table(
            [
                ["MW at period end"],
                ["Built capacity", "240.9MW"],
                ["Contracted utilisation", "416.6MW"],
                ["Billing utilisation", "119.8MW"],
                ["Forward order book", "296.8MW"],
            ],
            spans={(1, 1): 2},
        ),
        operator="NEXTDC",
    )
    assert {(c.metric, c.value) for c in found} == {
        ("capacity_in_service", 240.9),
        ("capacity_committed", 416.6),
        ("capacity_utilised", 119.8),
        ("capacity_committed_not_utilised", 296.8),
    }


def test_sites_the_reader_has_never_seen_under_section_rows():
    found = read(
        table(
            [
                ["", "30 Sep 2026", "30 Jun 2026"],
                ["Lagoon East"],
                ["Occupancy", "93%", "91%"],
                ["Lagoon West"],
                ["Occupancy", "71%", "75%"],
                ["Portfolio"],
                ["Occupancy", "79.6%", "81.6%"],
            ],
            spans={(2, 1): 3, (4, 1): 3, (6, 1): 3},
        ),
        period_end=date(2026, 9, 30),
    )
    now = {(c.facility or c.scope, c.value) for c in found if c.basis == "as_reported"}
    assert now == {("Lagoon East", 93.0), ("Lagoon West", 71.0), ("group", 79.6)}


def test_business_lines_and_cohorts_keep_figures_of_one_metric_apart():
    found = read(
        table(
            [
                ["Retail IDC", "4Q23", "3Q23"],
                ["Cabinets in service", "52,233", "52,500"],
                ["Utilization rate", "64.0%", "63.5%"],
                ["Of which mature utilization rate", "71.5%", "71%"],
                ["Ramp-up utilization rate", "21.5%", "21%"],
            ]
        ),
        operator="VNET",
        period_end=date(2023, 12, 31),
    )
    scopes = {c.scope: c.value for c in found if c.period_end == "2023-12-31" and c.metric == "utilisation_rate"}
    assert scopes == {"retail IDC": 64.0, "retail IDC, mature": 71.5, "retail IDC, ramp-up": 21.5}


def test_pro_forma_and_restated_columns():
    found = read(
        table(
            [
                ["", "June 30, 2026", "June 30, 2026 pro forma", "June 30, 2025 (restated)"],
                ["Capacity in service (MW)", "88.0", "101.5", "80.0"],
            ]
        ),
        period_end=date(2026, 6, 30),
    )
    assert {(c.value, c.basis) for c in found} == {
        (88.0, "as_reported"),
        (101.5, "pro_forma"),
        (80.0, "restated_comparative"),
    }


def test_bare_years_in_an_interim_report_mean_the_day_in_the_corner():
    found = read(
        table([["At 30 June", "2026", "2025"], ["Rack utilisation", "80.0%", "76.0%"]], headers=1),
        period_end=date(2026, 6, 30),
    )
    assert {c.period_end for c in found} == {"2026-06-30", "2025-06-30"}


def test_chinese_headers_decimal_commas_and_totals():
    found = read(
        table(
            [
                ["数据中心", "城市", "运营面积（平方米）", "上架率"],
                ["昆明一号", "昆明", "12.000", "80,5%"],
                ["合计", "", "20.000", "72,3%"],
            ],
            headers=1,
        )
    )
    assert figures(found) == {
        ("昆明一号", "2025-12-31", "capacity_in_service", 12000.0, "sqm"),
        ("昆明一号", "2025-12-31", "utilisation_rate", 80.5, "pct"),
        ("group", "2025-12-31", "capacity_in_service", 20000.0, "sqm"),
        ("group", "2025-12-31", "utilisation_rate", 72.3, "pct"),
    }


def test_a_capacity_without_a_unit_and_a_figure_without_a_date_are_refused():
    (no_unit,) = read(table([["", "Q4 2025"], ["Capacity in service", "118"]]))
    assert (no_unit.rule, no_unit.metric, no_unit.value) == ("unit_unknown", "capacity_in_service", "118")
    (no_date,) = read(table([["Measure", "Value"], ["Capacity in service", "118 MW"]]), period_end=None)
    assert no_date.rule == "period_unknown"


def test_every_figure_names_its_cell_and_quotes_it():
    found = read(table([["", "Q4 2025"], ["Occupancy", "~91.2%"]]))
    (figure,) = found
    assert figure.locator == "table 1, row 2, column 2"
    assert "~91.2%" in figure.quote
    assert "Occupancy" in figure.quote
    assert figure.value_low < 91.2 < figure.value_high
    assert figure.rounding == pytest.approx(0.05)


def test_a_hedge_in_words_widens_one_side():
    (figure,) = read(table([["", "Q4 2025"], ["Occupancy", "over 82%"]]))
    assert (figure.value, figure.value_low) == (82.0, 82.0)
    assert figure.value_high > 82.0


def test_tables_of_money_people_and_ownership_give_nothing():
    found = read(
        table(
            [
                ["", "2025", "2024"],
                ["Revenue (US$ million)", "412", "390"],
                ["Interest held", "90%", "90%"],
                ["Customers", "412", "400"],
                ["PUE", "1.31", "1.33"],
                ["Revenue growth", "5.6%", "4.1%"],
            ]
        )
    )
    assert found == []


@pytest.mark.parametrize(
    ("rows", "caption"),
    [
        (
            [
                ["", "2025", "2024"],
                ["(Amounts in thousands of RMB)"],
                ["Area in service, fitted out", "40,204", "39,000"],
            ],
            "Balance sheets",
        ),
        (
            [["2026", "162"], ["2027", "160"], ["Weighted average remaining lease term (years)", "12.4"]],
            "Maturities of operating lease liabilities",
        ),
        ([["Customer", "Leased area (sq ft)", "WALE (years)"], ["A software company", "300,000", "4.4"]], ""),
    ],
)
def test_accounts_lessees_and_customers_are_none_of_ours(rows, caption):
    spans = {(2, 1): 3} if len(rows[1]) == 1 else None
    assert read(table(rows, caption, spans=spans)) == []


def test_a_column_of_plus_or_minus_is_a_change():
    found = read(table([["", "4Q25", "4Q24", "+/(-) %"], ["Portfolio occupancy (%)", "95.9", "95.8", "0.1"]]))
    assert {c.value for c in found} == {95.9, 95.8}


def test_a_comparative_in_parentheses_under_a_header_printed_the_same_way():
    found = read(table([["", "4Q25 (4Q24)"], ["Area in service (sqm)", "610,000 (630,963)"]]), operator="GDS")
    assert {(c.period_end, c.value) for c in found} == {("2025-12-31", 610000.0), ("2024-12-31", 630963.0)}


def test_a_capacity_takes_the_unit_its_column_states_for_what_it_is_part_of():
    found = read(
        table([["", "4Q25"], ["Equipped space (sqm)", "104,900"], ["Revenue generating space", "82,300"]]),
        operator="Interxion",
    )
    assert {(c.metric, c.value, c.unit) for c in found} == {
        ("capacity_in_service", 104900.0, "sqm"),
        ("capacity_utilised", 82300.0, "sqm"),
    }


def test_a_footnote_digit_fused_to_a_name_is_no_part_of_it():
    note = Block("note", "Shell and core asset.", Place(block=12), 0, ("5",))
    found = read(table([["", "Alder Wharf5", "Birch Wharf"], ["Occupancy rate (%)", "100", "94.8"]]), note)
    assert {c.facility for c in found} == {"Alder Wharf", "Birch Wharf"}


def test_total_capacity_beside_space_being_built_is_the_sum_of_both():
    rows = [["MW", "4Q25"], ["Capacity in service", "639"], ["Under construction", "260"], ["Total capacity", "899"]]
    assert {(c.metric, c.value) for c in read(table(rows))} == {
        ("capacity_in_service", 639.0),
        ("capacity_under_construction", 260.0),
        ("capacity_total", 899.0),
    }


def test_an_operator_s_word_for_its_space_takes_the_status_beside_it():
    rows = [
        ["Metro", "CSF Capacity (Sq Ft)", "CSF Utilized", "CSF Leased", "Power Capacity (MW)"],
        ["Dallas", "620,000", "80%", "82%", "113"],
    ]
    assert {(c.scope, c.metric, c.value, c.unit) for c in read(table(rows), operator="CyrusOne")} == {
        ("Dallas", "capacity_in_service", 620000.0, "sqft"),
        ("Dallas", "utilisation_rate", 80.0, "pct"),
        ("Dallas", "commitment_rate", 82.0, "pct"),
        ("Dallas", "capacity_in_service", 113.0, "mw"),
    }


def test_space_under_construction_by_status_column_and_years_that_are_no_levels():
    rows = [
        ["Site", "Status", "IT power (MW)", "Sold", "Ready for service"],
        ["VLT-1 Slough", "Operational", "18", "94%", "2019"],
        ["VLT-2 Slough", "Under construction", "24", "30%", "2027"],
    ]
    assert {(c.facility, c.metric, c.value) for c in read(table(rows, headers=1))} == {
        ("VLT-1 Slough", "capacity_in_service", 18.0),
        ("VLT-1 Slough", "commitment_rate", 94.0),
        ("VLT-2 Slough", "capacity_under_construction", 24.0),
        ("VLT-2 Slough", "pre_commitment_rate", 30.0),
    }


def test_the_total_of_an_extract_is_not_the_portfolio():
    rows = [["", "Alder House", "Birch House", "Total"], ["NLA (sq ft)", "10,000", "20,000", "30,000"]]
    found = read("Singapore assets, as at 31 December 2025", table(rows))
    assert {(c.scope_level, c.scope) for c in found if c.value == 30000.0} == {("market", "Singapore")}


def test_thereafter_begins_after_the_last_year_printed():
    rows = [["Expiring in", "Annualised rent (%)"], ["2027", "8"], ["2028", "8.5"], ["Thereafter", "83.5"]]
    assert {c.scope for c in read(table(rows))} == {"expiring 2027", "expiring 2028", "expiring >=2029"}


WORDS = [
    None, "", "–", "n/a", "Q1", "2025", "2026F", "≥2031", "Total", "Alder House", "Singapore", "Occupancy (%)", "MW",
    "Capacity in service (MW)", "Lease expiry by rent", "95.8%", "1,234", "(3.2)", "1.234,5", "RMB 5", "31 May 2025",
    "2Q25 (2Q24)", "10 (12)", "Portfolio", "运营容量", "５７３", "'000 sqm", "+/(-) %", "Interest held", "*", "1e9",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_no_table_however_odd_breaks_the_reading(seed):
    random = Random(seed)
    rows = [[random.choice(WORDS) for _ in range(random.randint(1, 6))] for _ in range(random.randint(1, 8))]
    spans = {(random.randint(1, 8), 1): random.randint(1, 9)}
    operator = random.choice(["", "DC Byte", "Keppel DC REIT", "VNET"])
    found = read(table(rows, random.choice(["", "Lease expiry profile", "Tokyo"]), spans=spans), operator=operator)
    assert all(isinstance(item, Candidate | Rejection) and item.locator for item in found)
