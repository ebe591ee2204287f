"""Figures keep identity and history: loading twice changes nothing, restatements link, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pytest
from warehouse_cases import RECEIVED, judged_of, published_candidates, receipts_of

from assets.reports.operators import Layouts
from assets.warehouse.loading import known_date, load, parse_date
from assets.warehouse.names import facility_key, operator_slug, slug

Q2 = {"period_end": "2020-06-30", "metric": "capacity_in_service", "unit": "sqm"}


def links(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT e.value, l.value FROM observations e LEFT JOIN observations l ON l.observation_id = e.superseded_by"
        " ORDER BY e.value, e.known_at"
    ).fetchall()


def test_loading_twice_gives_byte_equal_tables(warehouse: duckdb.DuckDBPyConnection, layouts: Layouts) -> None:
    judged = judged_of(published_candidates())
    first = load(warehouse, judged, receipts_of(judged), layouts)
    tables = {
        name: warehouse.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
        for name in ("documents", "observations", "quarantine", "facilities")
    }
    second = load(warehouse, judged, receipts_of(judged), layouts)
    assert first.changed
    assert not second.changed
    assert first.observations == len(judged.accepted)
    for name, rows in tables.items():
        assert warehouse.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() == rows, name


def test_rows_of_a_document_read_anew_replace_its_earlier_rows(
    load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    load_rows([{**Q2, "value": 100.0}, {**Q2, "value": 7.0, "document": "b.html", "period_end": "2020-09-30"}])
    load_rows([{**Q2, "value": 101.0}])
    assert [row[0] for row in links(warehouse)] == [7.0, 101.0]


def test_another_perimeter_later_is_a_new_observation_and_the_earlier_links_to_it(
    load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    load_rows(
        [
            {**Q2, "value": 100.0, "perimeter": "A", "published_on": "2020-08-01"},
            {**Q2, "value": 100.0, "perimeter": "B", "published_on": "2021-08-01", "document": "b.html",
             "basis": "restated_comparative"},
        ]
    )  # fmt: skip
    assert warehouse.execute("SELECT count(*) FROM observations").fetchall() == [(2,)]
    assert warehouse.execute("SELECT reason, perimeter_before, perimeter_after FROM restatements").fetchall() == [
        ("another perimeter", "A", "B")
    ]


def test_an_equal_comparative_confirms_and_a_chain_of_changes_links_one_by_one(
    load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    load_rows(
        [
            {**Q2, "value": 100.0, "published_on": "2020-08-01"},
            {**Q2, "value": 100.4, "rounding": 0.5, "published_on": "2020-11-01", "document": "b.html"},
            {**Q2, "value": 103.0, "published_on": "2021-08-01", "document": "c.html"},
            {**Q2, "value": 104.0, "published_on": "2021-11-01", "document": "d.html"},
        ]
    )
    assert links(warehouse) == [(100.0, 103.0), (100.4, 103.0), (103.0, 104.0), (104.0, None)]


def test_a_summary_never_replaces_a_company_figure_nor_arithmetic_a_printed_level(
    load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    load_rows(
        [
            {**Q2, "value": 73.0, "published_on": "2020-08-01"},
            {**Q2, "value": 92.0, "tier": "summary", "published_on": "2020-09-01", "document": "b.html"},
            {**Q2, "value": 74.0, "basis": "derived", "published_on": "2020-10-01", "document": "c.html"},
        ]
    )
    assert (73.0, None) in links(warehouse)


def test_other_units_scopes_and_estimates_never_supersede(
    load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    later = {"published_on": "2021-08-01", "document": "b.html"}
    load_rows(
        [
            {**Q2, "value": 1.0, "published_on": "2020-08-01"},
            {**Q2, **later, "value": 2.0, "unit": "sqft"},
            {**Q2, **later, "value": 3.0, "scope": "wholesale"},
            {**Q2, **later, "value": 4.0, "basis": "estimate"},
            {**Q2, **later, "value": 5.0, "basis": "pro_forma"},
        ]
    )
    assert all(after is None for _, after in links(warehouse))


def test_a_document_without_receipt_is_refused(warehouse: duckdb.DuckDBPyConnection, layouts: Layouts) -> None:
    judged = judged_of([{**Q2, "value": 1.0}])
    with pytest.raises(ValueError, match=r"a\.html.*archive the bytes first"):
        load(warehouse, judged, {}, layouts)
    assert warehouse.execute("SELECT count(*) FROM observations").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("period_end", "basis", "published_on", "expected"),
    [
        (date(2024, 6, 30), "as_reported", date(2024, 8, 20), (date(2024, 8, 20), False)),
        (date(2024, 6, 30), "as_reported", None, (date(2024, 8, 29), True)),
        (date(2023, 6, 30), "prior_year_comparative", None, (date(2024, 8, 29), True)),
        (date(2024, 3, 31), "prior_quarter_comparative", None, (date(2024, 8, 29), True)),
        (date(2023, 12, 31), "prior_half_comparative", None, (date(2024, 8, 29), True)),
        (date(2026, 3, 31), "prior_year_comparative", None, (RECEIVED.date(), True)),
        (date(2029, 12, 31), "forecast", None, (RECEIVED.date(), True)),
        (None, "as_reported", None, (RECEIVED.date(), True)),
    ],
)
def test_known_at_is_printed_or_main_period_plus_lag_and_never_after_receipt(
    period_end: date | None, basis: str, published_on: date | None, expected: tuple[date, bool]
) -> None:
    assert known_date(period_end, basis, published_on, RECEIVED.date(), 60) == expected


def test_partial_dates_stand_for_their_last_day_and_nonsense_is_refused() -> None:
    assert parse_date("2022-11") == date(2022, 11, 30)
    assert parse_date("2022") == date(2022, 12, 31)
    assert parse_date("2022-11-03") == date(2022, 11, 3)
    assert parse_date("") is None
    with pytest.raises(ValueError, match="11/2022"):
        parse_date("11/2022")


def test_slugs_are_readable_and_the_sql_macro_agrees(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert operator_slug("VNET Group (21Vianet)") == "vnet-group-21vianet"
    assert operator_slug("Cushman & Wakefield (market)") == "cushman-wakefield"
    assert facility_key("Keppel DC REIT", "DC1 (Singapore)") == "keppel-dc-reit/dc1"
    assert slug("万国数据") == "万国数据"
    from assets.warehouse.database import sql_text

    warehouse.execute(sql_text("macros"))
    for name in ("VNET Group (21Vianet)", "DC Byte (market, in Keppel DC REIT AR2025)", "Zürich – Süd #2", "万国数据"):
        found = warehouse.execute("SELECT operator_slug(?)", [name]).fetchall()
        assert found == [(operator_slug(name),)]
