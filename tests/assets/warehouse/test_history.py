"""Series an analyst can trust: one unit, one perimeter a quarter, reported levels only, nothing counted twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pytest
from warehouse_cases import judged_of, published_candidates, receipts_of

from assets.reports.operators import Layouts
from assets.warehouse.history import build_history
from assets.warehouse.loading import load

AS_OF = date(2026, 5, 1)


def figure(period_end: str, metric: str, value: float, unit: str = "mw", **more: Any) -> dict[str, Any]:
    return {"period_end": period_end, "metric": metric, "value": value, "unit": unit, **more}


def rows(connection: duckdb.DuckDBPyConnection, series_id: str, columns: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"SELECT {columns} FROM occupancy_history WHERE series_id = ? ORDER BY quarter_end", [series_id]
    ).fetchall()


@pytest.fixture
def built(load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection) -> Callable[..., Any]:
    def go(figures: list[dict[str, Any]], as_of: date = AS_OF) -> duckdb.DuckDBPyConnection:
        load_rows(figures)
        build_history(warehouse, as_of)
        return warehouse

    return go


def test_landlords_rate_comes_before_usage_and_the_rest_is_arithmetic(built: Callable[..., Any]) -> None:
    connection = built(
        [
            figure("2025-03-31", "capacity_in_service", 200),
            figure("2025-03-31", "occupancy_rate", 90, "pct"),
            figure("2025-03-31", "capacity_utilised", 150),
            figure("2025-06-30", "capacity_in_service", 200),
            figure("2025-06-30", "utilisation_rate", 80, "pct"),
            figure("2025-06-30", "commitment_rate", 95, "pct"),
            figure("2025-09-30", "capacity_utilised", 165),
            figure("2025-09-30", "utilisation_rate", 75, "pct"),
            figure("2025-12-31", "capacity_in_service", 230),
        ]
    )
    found = rows(connection, "alpha/group/mw", "in_service, leased, committed, utilised, occupancy, commitment_rate")
    assert found == [
        (200, 180, None, 150, 0.9, None),
        (200, 160, 190, 160, 0.8, 0.95),
        (220, 165, None, 165, 0.75, None),
        (230, None, None, None, None, None),
    ]


def test_what_is_no_reported_level_never_enters(built: Callable[..., Any]) -> None:
    base = figure("2025-03-31", "capacity_in_service", 200)
    connection = built(
        [
            base,
            figure("2025-03-31", "capacity_utilised", 150, basis="estimate"),
            figure("2025-03-31", "utilisation_rate", 80, "pct", basis="forecast"),
            figure("2025-03-31", "occupancy_rate", 100, "pct", basis="pro_forma"),
            figure("2025-06-30", "capacity_in_service", 210, value_low=200.0, value_high=220.0),
            figure("2025-05-31", "capacity_in_service", 205),
            figure("2026-03-31", "capacity_in_service", 300, published_on="2026-05-20"),
        ]
    )
    assert rows(connection, "alpha/group/mw", "quarter_end, in_service, occupancy") == [(date(2025, 3, 31), 200, None)]


def test_one_perimeter_a_quarter_and_the_latest_that_tells_occupancy(built: Callable[..., Any]) -> None:
    a, b = {"perimeter": "A", "published_on": "2020-11-01"}, {"perimeter": "B", "published_on": "2021-08-01"}
    connection = built(
        [
            figure("2020-06-30", "capacity_in_service", 110, **a),
            figure("2020-06-30", "capacity_utilised", 77, **a),
            figure("2020-06-30", "commitment_rate", 99, "pct", **b),
            figure("2020-09-30", "capacity_in_service", 100, **a),
            figure("2020-09-30", "capacity_utilised", 70, **a),
            figure("2020-09-30", "capacity_in_service", 120, **b),
            figure("2020-09-30", "capacity_utilised", 72, **b),
        ]
    )
    found = rows(connection, "alpha/group/mw", "in_service, leased, perimeter, commitment_rate")
    assert found == [(110, 77, "A", None), (120, 72, "B", None)]
    build_history(connection, date(2020, 12, 31))
    assert rows(connection, "alpha/group/mw", "in_service, perimeter")[1] == (100, "A")


def test_a_later_perimeter_begins_where_it_is_told_without_a_gap(built: Callable[..., Any]) -> None:
    """One restated comparative amid the earlier perimeter would be a step up and down that never happened."""
    a, b = {"perimeter": "A", "published_on": "2021-01-15"}, {"perimeter": "B", "published_on": "2021-11-16"}

    def level(end: str, size: float, perimeter: dict[str, str]) -> list[dict[str, Any]]:
        return [
            figure(end, "capacity_in_service", size, **perimeter),
            figure(end, "capacity_utilised", size / 2, **perimeter),
        ]

    connection = built(
        level("2020-09-30", 100, a)
        + level("2020-09-30", 140, b)
        + level("2020-12-31", 105, a)
        + level("2021-06-30", 120, a)
        + level("2021-06-30", 160, b)
        + level("2021-09-30", 170, b)
    )
    assert rows(connection, "alpha/group/mw", "in_service, perimeter") == [
        (100, "A"),
        (105, "A"),
        (160, "B"),
        (170, "B"),
    ]


def test_trusted_kind_of_source_first_then_the_latest(built: Callable[..., Any]) -> None:
    connection = built(
        [
            figure("2025-03-31", "capacity_in_service", 200, published_on="2025-05-01"),
            figure("2025-03-31", "capacity_in_service", 202, published_on="2026-04-01", document="b.html"),
            figure(
                "2025-03-31", "capacity_in_service", 250, tier="summary", published_on="2026-04-02", document="c.html"
            ),
        ]
    )
    assert rows(connection, "alpha/group/mw", "in_service, known_at") == [(202, date(2026, 4, 1))]


def test_units_are_never_mixed_and_kw_joins_mw_only_within_an_operator(built: Callable[..., Any]) -> None:
    def quarters(unit: str, value: float, **more: Any) -> list[dict[str, Any]]:
        return [
            figure(end, metric, share * value, unit, **more)
            for end in ("2025-06-30", "2025-09-30")
            for metric, share in (("capacity_in_service", 1.0), ("capacity_utilised", 0.5))
        ]

    connection = built(
        quarters("mw", 100)
        + quarters("kw", 3000, scope_level="facility", scope="S1", facility="S1", document="b.html")
        + quarters("kw", 9000, operator="Beta")
        + quarters("sqm", 5000, operator="Gamma")
        + quarters("sqft", 7000, operator="Delta")
        + quarters("cabinets", 800, operator="Delta")
    )
    assert rows(connection, "alpha/s1/mw", "in_service") == [(3,), (3,)]
    assert rows(connection, "beta/group/kw", "in_service") == [(9000,), (9000,)]
    totals = connection.execute(
        "SELECT unit, max(in_service) FROM occupancy_history WHERE level = 'total' GROUP BY unit ORDER BY unit"
    ).fetchall()
    assert totals == [("cabinets", 800), ("kw", 9000), ("mw", 100), ("sqft", 7000), ("sqm", 5000)]
    mixed = connection.execute(
        "SELECT series_id FROM occupancy_history GROUP BY series_id HAVING count(DISTINCT unit) > 1"
    ).fetchall()
    assert mixed == []


def test_parts_and_sites_are_not_counted_beside_the_whole(
    built: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute(
        "INSERT INTO internal.scope_parts VALUES ('Alpha', 'north', 'europe'), ('Alpha', 'europe', 'group')"
    )
    figures = []
    for scope, size in (("group", 100), ("europe", 60), ("north", 20)):
        for end in ("2025-09-30", "2025-12-31"):
            figures += [
                figure(end, "capacity_in_service", size, scope=scope),
                figure(end, "capacity_utilised", size / 2, scope=scope),
            ]
    for end in ("2025-09-30", "2025-12-31"):
        site = {"scope_level": "facility", "scope": "S1 (Lyon)", "facility": "S1 (Lyon)", "market": "Lyon"}
        figures += [
            figure(end, "capacity_in_service", 10, document="s.html", **site),
            figure(end, "occupancy_rate", 80, "pct", document="s.html", **site),
        ]
    connection = built(figures)
    assert rows(connection, "total/mw", "in_service, leased, members")[0] == (100, 50, 1)
    assert rows(connection, "market/lyon/mw", "in_service, leased")[0] == (10, 8)


def test_without_the_whole_the_highest_parts_are_summed_and_cohorts_stay_out(
    built: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute("INSERT INTO internal.scope_parts VALUES ('Alpha', 'w, mature', 'w'), ('Alpha', 'w', 'group')")
    figures = []
    for end in ("2025-09-30", "2025-12-31"):
        for scope, size in (("w", 60), ("r", 40), ("w, mature", 30)):
            figures += [
                figure(end, "capacity_in_service", size, scope=scope),
                figure(end, "capacity_utilised", size / 2, scope=scope),
            ]
        figures.append(figure(end, "utilisation_rate", 95, "pct", scope="ramp-up"))
    connection = built(figures)
    assert rows(connection, "total/mw", "in_service")[0] == (100,)
    assert rows(connection, "alpha/ramp-up/pct", "in_service, occupancy")[0] == (None, 0.95)


def test_gaps_are_estimated_laggards_carried_to_the_last_printed_quarter_and_the_stale_left_out(
    built: Callable[..., Any],
) -> None:
    def level(end: str, size: float, operator: str) -> list[dict[str, Any]]:
        return [
            figure(end, "capacity_in_service", size, operator=operator),
            figure(end, "capacity_utilised", size / 2, operator=operator),
        ]

    connection = built(
        level("2024-12-31", 100, "Alpha")
        + level("2025-06-30", 140, "Alpha")
        + level("2024-12-31", 50, "Beta")
        + level("2025-09-30", 50, "Beta")
        + level("2022-12-31", 900, "Gone")
        + level("2023-03-31", 900, "Gone")
        + level("2025-12-31", 700, "Single")
    )
    found = rows(connection, "total/mw", "quarter_end, in_service, observed_share, estimated_share, assumed_share")
    expected = [
        (date(2024, 12, 31), 150, 1, 0, 0),
        (date(2025, 3, 31), 170, 0, 1, 0),
        (date(2025, 6, 30), 190, 140 / 190, 50 / 190, 0),
        (date(2025, 9, 30), 190, 50 / 190, 0, 140 / 190),
    ]
    assert [row[0] for row in found] == [row[0] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        assert row[1:] == pytest.approx(wanted[1:])


def test_market_sources_stand_apart_and_vacancy_is_turned_round(built: Callable[..., Any]) -> None:
    broker = {"operator": "Broker (market)", "scope": "Hong Kong", "market": "Hong Kong", "scope_level": "market"}
    connection = built(
        [
            figure("2025-06-30", "vacancy_rate", 19, "pct", **broker),
            figure("2025-06-30", "capacity_in_service", 600, **broker),
        ]
    )
    found = rows(connection, "market/hong-kong/broker/mw", "level, market, occupancy, in_service")
    assert found == [("market", "Hong Kong", pytest.approx(0.81), 600)]
    assert connection.execute("SELECT count(*) FROM occupancy_history WHERE level <> 'market'").fetchall() == [(0,)]


def test_a_quarter_with_a_rate_alone_stands_in_the_series_of_capacities(built: Callable[..., Any]) -> None:
    connection = built(
        [
            figure("2025-06-30", "capacity_in_service", 100),
            figure("2025-06-30", "capacity_utilised", 80),
            figure("2025-09-30", "utilisation_rate", 82, "pct"),
        ]
    )
    found = rows(connection, "alpha/group/mw", "in_service, leased, occupancy, utilisation_rate")
    assert found == [(100, 80, 0.8, 0.8), (None, None, 0.82, 0.82)]
    assert rows(connection, "alpha/group/pct", "occupancy") == []


def test_every_row_names_the_figures_it_rests_on(warehouse: duckdb.DuckDBPyConnection, layouts: Layouts) -> None:
    judged = judged_of(published_candidates())
    load(warehouse, judged, receipts_of(judged), layouts)
    build_history(warehouse, AS_OF)
    named = warehouse.execute(
        "WITH named AS (SELECT series_id, quarter_end, operator, unnest(string_split(observation_ids, ' ')) AS id"
        " FROM occupancy_history WHERE level IN ('facility', 'operator') OR operator IS NOT NULL)"
        " SELECT count(*), count(o.observation_id), count(*) FILTER (WHERE o.period_end <> quarter_end"
        " OR o.operator <> named.operator) FROM named LEFT JOIN observations o ON o.observation_id = named.id"
    ).fetchall()[0]
    assert named[0] == named[1] > 500
    assert named[2] == 0
    bare = warehouse.execute(
        "SELECT series_id FROM occupancy_history WHERE operator IS NOT NULL AND coalesce(observation_ids, '') = ''"
    ).fetchall()
    assert bare == []


def test_the_whole_of_an_operator_is_one_series_whatever_a_document_calls_it(built: Callable[..., Any]) -> None:
    connection = built(
        [
            figure("2025-03-31", "capacity_in_service", 100, "cabinets"),
            figure("2025-06-30", "capacity_in_service", 110, "cabinets", scope="total (own + partnered)"),
            figure(
                "2025-09-30", "capacity_in_service", 120, "cabinets", scope="group (Europe) [perimeter B: all sites]"
            ),
        ]
    )
    assert rows(connection, "alpha/group/cabinets", "in_service") == [(100,), (110,), (120,)]


def test_a_claim_stands_in_where_no_document_states_the_figure(
    built: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    broker = {"operator": "Cushman & Wakefield (market)", "scope": "Hong Kong", "market": "Hong Kong"}
    built([figure("2025-06-30", "vacancy_rate", 19, "pct", scope_level="market", **broker)])
    found = warehouse.execute(
        "SELECT value_b, claim_id_a, claim_id_b, observation_id_a IS NULL, observation_id_b IS NULL"
        " FROM source_disagreements WHERE source_a = 'CBRE (market)' ORDER BY value_b"
    ).fetchall()
    assert found == [
        (0.19, "C19", None, True, False),
        (0.21, "C19", "C18", True, True),
        (0.35, "C19", "C18", True, True),
    ]


def test_a_long_series_of_rates_stands_beside_a_short_one_of_capacities(built: Callable[..., Any]) -> None:
    figures = [figure(f"{2018 + n // 4}-{end}", "occupancy_rate", 90 + n, "pct") for n, end in enumerate(
        ("03-31", "06-30", "09-30", "12-31", "03-31", "06-30"))]  # fmt: skip
    figures.append(figure("2019-06-30", "capacity_in_service", 1000, "sqft"))
    connection = built(figures)
    assert len(rows(connection, "alpha/group/pct", "occupancy")) == 6
    assert rows(connection, "alpha/group/sqft", "in_service, leased") == [(1000, 950)]


def test_the_same_inputs_give_equal_tables_and_a_later_day_without_news_too(
    warehouse: duckdb.DuckDBPyConnection, layouts: Layouts
) -> None:
    judged = judged_of(published_candidates())
    load(warehouse, judged, receipts_of(judged), layouts)
    tables = ("occupancy_history", "stack_shares", "source_disagreements")
    build_history(warehouse, date(2026, 10, 3))
    first = [warehouse.execute(f"SELECT * FROM {name}").fetchall() for name in tables]
    build_history(warehouse, date(2026, 10, 4))
    assert [warehouse.execute(f"SELECT * FROM {name}").fetchall() for name in tables] == first
    assert all(first)


def test_the_bundled_figures_give_the_histories_an_analyst_expects(
    warehouse: duckdb.DuckDBPyConnection, layouts: Layouts
) -> None:
    judged = judged_of(published_candidates())
    load(warehouse, judged, receipts_of(judged), layouts)
    build_history(warehouse, AS_OF)
    known = dict(warehouse.execute("SELECT series_id, count(occupancy) FROM occupancy_history GROUP BY ALL").fetchall())
    assert known["gds-holdings/group/sqm"] >= 30
    assert known["interxion/group/sqm"] >= 25
    assert known["keppel-dc-reit/portfolio/pct"] == 25
    assert known["vnet-group-21vianet/wholesale-idc/mw"] >= 7
    gds = {
        row[0].isoformat(): row[1:]
        for row in rows(warehouse, "gds-holdings/group/sqm", "quarter_end, in_service, leased, perimeter")
    }
    assert gds["2024-06-30"] == (580165, 419976, "C")
    assert gds["2021-09-30"] == (452830, 300328, "B")
    assert gds["2020-06-30"] == (266260, 193162, "A")
    both = warehouse.execute(
        "SELECT perimeter FROM observations WHERE operator = 'GDS Holdings' AND period_end = '2024-06-30'"
        " AND metric = 'capacity_utilised' ORDER BY perimeter"
    ).fetchall()
    assert both == [("B",), ("C",)]
    bad = warehouse.execute(
        "SELECT * FROM occupancy_history WHERE occupancy NOT BETWEEN 0 AND 1 OR commitment_rate NOT BETWEEN 0 AND 1"
        " OR utilisation_rate NOT BETWEEN 0 AND 1 OR leased > in_service OR isnan(occupancy)"
        " OR abs(observed_share + estimated_share + assumed_share - 1) > 1e-9"
    ).fetchall()
    assert bad == []


def test_stack_totals_sum_to_the_total_in_each_unit(warehouse: duckdb.DuckDBPyConnection, layouts: Layouts) -> None:
    judged = judged_of(published_candidates())
    load(warehouse, judged, receipts_of(judged), layouts)
    build_history(warehouse, AS_OF)
    apart = warehouse.execute(
        "SELECT unit, quarter_end, sum(in_service) FILTER (WHERE level = 'stack') AS parts, sum(in_service) FILTER"
        " (WHERE level = 'total') AS whole FROM occupancy_history WHERE level IN ('stack', 'total') GROUP BY ALL"
        " HAVING abs(parts / whole - 1) > 1e-9"
    ).fetchall()
    assert apart == []
    stacks = {r[0] for r in warehouse.execute("SELECT stack FROM occupancy_history WHERE level = 'stack'").fetchall()}
    assert {"mainland", "unknown"} <= stacks


def test_hong_kong_vacancy_is_shown_by_source_with_definitions_and_the_missing_date(
    warehouse: duckdb.DuckDBPyConnection, layouts: Layouts
) -> None:
    judged = judged_of(published_candidates())
    load(warehouse, judged, receipts_of(judged), layouts)
    build_history(warehouse, date(2026, 10, 3))
    found = warehouse.execute(
        "SELECT source_a, value_a, source_b, value_b, definition_a, definition_b, remark FROM source_disagreements"
        " WHERE market = 'Hong Kong' AND source_b LIKE 'Cushman%' ORDER BY value_b"
    ).fetchall()
    assert [(row[0], row[1], row[3]) for row in found] == [
        ("CBRE (market)", 0.3, 0.19),
        ("CBRE (market)", 0.3, 0.21),
        ("CBRE (market)", 0.3, 0.35),
    ]
    assert all("inventory" in row[4] and "colocation" in row[5] and "gives no date" in row[6] for row in found)
