"""The table of alerts: each fact once, ever; and the queries find in real tables what the kinds look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.delivery.alerts.kinds import Fact, Judged
from assets.delivery.alerts.raising import Raised, alert_id, record
from assets.delivery.alerts.reading import judge_rules
from assets.delivery.alerts.rules import Rule, load_rules
from assets.warehouse.database import connect, create_schema
from assets.warehouse.rebuilding import FROZEN_TABLES

BUNDLED = Path(__file__).resolve().parents[3] / "data" / "alerts" / "rules.yaml"
RULE = Rule("r", "report_late", "warning", 90, "docs/runbook.md#alert-report-late", {})
NOW, VINTAGE = datetime(2026, 11, 20, 6, 30), date(2026, 9, 30)


def fact(subject: str = "A", name: str = "3Q26", recent: bool = True) -> Fact:
    return Fact(RULE, subject, name, date(2026, 11, 8), f"{subject} is late", 12.0, 7.0, "days", recent=recent)


def run(
    connection: duckdb.DuckDBPyConnection, *facts: Fact, day: int = 0, delivered: dict[str, datetime] | None = None
) -> Raised:
    return record(connection, {"r": Judged(facts)}, NOW + timedelta(days=day), VINTAGE, delivered or {})


def rows(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT * FROM alerts ORDER BY ALL").fetchall()


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "warehouse.duckdb") as connection:
        create_schema(connection)
        yield connection


def test_the_same_fact_raises_once_over_any_number_of_runs(warehouse: duckdb.DuckDBPyConnection):
    """A second run with nothing new must leave the published tables as they were, raised_at included."""
    assert run(warehouse, fact(), fact("B")).raised == 2
    before = rows(warehouse)
    assert run(warehouse, fact("B"), fact(), day=1) == Raised(0, 0, 0, 2, 2, {})
    assert rows(warehouse) == before


def test_a_fact_that_goes_away_resolves_and_one_that_returns_is_no_new_alert(warehouse: duckdb.DuckDBPyConnection):
    """A probability that wavers round its limit must not be told again each time it passes it."""
    run(warehouse, fact())
    assert run(warehouse, day=1).resolved == 1
    assert warehouse.execute("SELECT resolved_at FROM alerts").fetchall() == [(NOW + timedelta(days=1),)]
    again = run(warehouse, fact(), day=2)
    assert (again.raised, again.reopened, again.open) == (0, 1, 1)
    assert warehouse.execute("SELECT raised_at, resolved_at FROM alerts").fetchall() == [(NOW, None)]
    assert run(warehouse, fact(name="4Q26"), day=3).raised == 1


def test_old_facts_raise_nothing_but_keep_open_what_was_raised(warehouse: duckdb.DuckDBPyConnection):
    """A first run over years of history is silent; an alert that is not mended does not vanish by age."""
    assert run(warehouse, fact(recent=False)).passed_over == {"r": {"older": 1}}
    assert rows(warehouse) == []
    run(warehouse, fact())
    later = run(warehouse, fact(recent=False), day=200)
    assert (later.open, later.resolved, later.passed_over) == (1, 0, {})


def test_delivery_is_written_once_and_never_moves(warehouse: duckdb.DuckDBPyConnection):
    """delivered_at is when somebody was first told; a second address later must not change a published row."""
    run(warehouse, fact(), fact("B"))
    name = alert_id(fact())
    told = NOW + timedelta(minutes=5)
    assert run(warehouse, fact(), fact("B"), day=1, delivered={name: told, "of another home": told}).undelivered == 1
    run(warehouse, fact(), fact("B"), day=2, delivered={name: told + timedelta(days=1)})
    found = dict(warehouse.execute("SELECT alert_id, delivered_at FROM alerts").fetchall())
    assert found == {name: told, alert_id(fact("B")): None}


def test_two_homes_give_one_fact_one_id(tmp_path: Path, warehouse: duckdb.DuckDBPyConnection):
    """Two machines, or a rebuild, must agree on what has been told."""
    run(warehouse, fact(), fact("B"))
    with connect(tmp_path / "other.duckdb") as other:
        create_schema(other)
        run(other, fact("B"), fact(), day=9)
        same = "SELECT alert_id, subject FROM alerts ORDER BY ALL"
        assert other.execute(same).fetchall() == warehouse.execute(same).fetchall()
    assert "alerts" in FROZEN_TABLES


@pytest.fixture(scope="module")
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_schema(connection)
        yield connection


@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(6)))
def test_facts_in_any_order_give_the_same_rows(scratch: duckdb.DuckDBPyConnection, order: list[int]):
    """The table must not depend on the order in which rules and rows come."""
    tables = []
    for sequence in (range(6), order):
        scratch.execute("DELETE FROM alerts")
        run(scratch, *(fact(f"S{number}") for number in sequence))
        tables.append(rows(scratch))
    assert tables[0] == tables[1]


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables in which each bundled rule finds exactly one thing."""
    connection.execute("""
        INSERT INTO occupancy_history BY NAME
        SELECT 'operator' AS level, 'a/group/mw' AS series_id, 'A, group' AS series_name,
               DATE '2026-09-30' AS quarter_end, 'mw' AS unit,
               0.85 AS occupancy, 1.0 AS observed_share, 0.0 AS estimated_share, 0.0 AS assumed_share,
               DATE '2026-11-01' AS known_at, 1 AS members;
        INSERT INTO portfolios VALUES ('p', DATE '2026-09-30', true, 1, 1, 'd9');
        INSERT INTO facilities (facility_id, operator, name, market, provenance)
            VALUES ('p/H1', 'Op One', 'Hall 1', 'Hong Kong', 'assumed');
        INSERT INTO portfolio_history VALUES ('p', 'p/H1', DATE '2026-09-30', 10, 9, NULL, 'd9', 'row 2');
        INSERT INTO breach_probability BY NAME
        SELECT * FROM (VALUES
            (DATE '2026-09-30', 'base', 'operator', 'a/group/mw', DATE '2026-12-31', 1, 0.8, 0.9, NULL),
            (DATE '2026-09-30', 'base', 'operator', 'a/group/mw', DATE '2026-09-30', 1, 0.7, 0.9, NULL),
            (DATE '2026-06-30', 'base', 'operator', 'a/group/mw', DATE '2026-09-30', 1, 0.7, 0.9, NULL),
            (DATE '2026-09-30', 'base', 'facility', 'p/H1', DATE '2027-03-31', 2, 0.7, 0.3, 'p'),
            (DATE '2026-09-30', 'base', 'operator', 'p/op-one', DATE '2027-03-31', 2, 0.8, 0.1, 'p'),
            (DATE '2026-09-30', 'base', 'market', 'p/hong-kong', DATE '2027-03-31', 2, 0.8, 0.1, 'p'),
            (DATE '2026-09-30', 'base', 'total', 'p/total', DATE '2027-03-31', 2, 0.8, 0.1, 'p')
        ) AS t(vintage, scenario, level, series_id, quarter_end, horizon, threshold, probability, portfolio);
        INSERT INTO documents VALUES ('d1', 'x.csv', 'text/csv', 's', 1, 'A', NULL, TIMESTAMP '2026-11-15 10:00:00',
            'quarantined', 'R05: 174 %', NULL, 0, 1),
            ('d2', 'y.html', 'text/html', 's', 1, 'A', NULL, TIMESTAMP '2026-11-15 10:00:00', 'accepted', NULL, NULL,
            1, 0);
        INSERT INTO internal.operators VALUES ('A', 'a', 'operator', 'group', NULL, 40);
        INSERT INTO observations BY NAME
        SELECT * FROM (VALUES
            ('o1', 'd2', 100.0, DATE '2026-08-01', 'o2'), ('o2', 'd2', 120.0, DATE '2026-11-01', NULL)
        ) AS t(observation_id, document_id, value, known_at, superseded_by)
        CROSS JOIN (SELECT 'A' AS operator, 'portfolio' AS scope, 'portfolio' AS scope_level,
            DATE '2026-06-30' AS period_end, 'capacity_in_service' AS metric, 'mw' AS unit, 'as_reported' AS basis,
            '' AS perimeter, 1.0 AS trust, 'block 1' AS locator, 'q' AS quote, 'company' AS tier, 0.0 AS rounding,
            false AS known_at_estimated);
        INSERT INTO forecast_scores BY NAME
        SELECT DATE '2026-06-30' AS vintage, 'operator' AS level, 's' || i AS series_id, 'unknown' AS stack,
               'mw' AS unit, DATE '2026-09-30' AS quarter_end, 1 AS horizon,
               0.5 AS occupancy, DATE '2026-11-10' AS known_at,
               0.6 AS occupancy_p10, 0.7 AS occupancy_p50, 0.8 AS occupancy_p90, 20.0 AS error_pp, false AS inside_80,
               'ets' AS model
        FROM range(30) AS r(i);
        INSERT INTO source_disagreements BY NAME
        SELECT 'Hong Kong' AS market, 'vacancy_rate' AS metric, DATE '2026-06-30' AS period_end, 'B1' AS source_a,
               0.3 AS value_a, 'x' AS definition_a, 'B2' AS source_b, 0.1 AS value_b, 'y' AS definition_b,
               DATE '2026-06-30' AS period_end_b, 'o1' AS observation_id_a, 'o2' AS observation_id_b;
    """)


DUE = [
    {
        "operator": "A", "label": "3Q26", "last_period": "2026-06-30", "next_period": "2026-09-30",
        "due_on": "2026-11-08", "days_late": 12, "periods_missing": 1, "state": "late", "cadence": "quarterly",
    }
]  # fmt: skip


def test_each_bundled_rule_finds_its_fact_in_the_tables(warehouse: duckdb.DuckDBPyConnection):
    """The queries and the kinds have to fit each other and the schema."""
    fill(warehouse)
    rules = load_rules(BUNDLED).rules
    judged = judge_rules(warehouse, rules, DUE, VINTAGE, NOW.date())
    assert {name: len(one.facts) for name, one in judged.items()} == dict.fromkeys((rule.id for rule in rules), 1)
    assert [one.notes for one in judged.values() if one.notes] == []
    facts = {name: one.facts[0] for name, one in judged.items()}
    assert facts["occupancy-below-80"].series_id == "a/group/mw"
    assert "now 90.0% (2026-09-30)" in facts["occupancy-below-70"].message
    assert "Hall 1 (MW)" in facts["occupancy-below-70"].message
    assert facts["level-restated"].series_id == "a/group/mw"
    assert facts["level-restated"].document_id == "d2"
    assert facts["sources-disagree"].document_id == "d2"
    said = record(warehouse, judged, NOW, VINTAGE, {})
    assert (said.raised, said.open) == (7, 7)
    again = judge_rules(warehouse, rules, DUE, VINTAGE, NOW.date())
    assert record(warehouse, again, NOW + timedelta(days=1), VINTAGE, {}).raised == 0


def test_what_was_not_known_on_the_day_raises_nothing(warehouse: duckdb.DuckDBPyConnection):
    """A run that pretends an earlier day may not alert to what came after it."""
    fill(warehouse)
    rules = [rule for rule in load_rules(BUNDLED).rules if rule.kind in ("restatement", "coverage", "threshold_breach")]
    judged = judge_rules(warehouse, rules, [], date(2026, 3, 31), date(2026, 4, 30))
    assert [fact for one in judged.values() for fact in one.facts] == []


def test_empty_tables_raise_nothing(warehouse: duckdb.DuckDBPyConnection):
    """The first run of a home that has read nothing yet must get through."""
    judged = judge_rules(warehouse, load_rules(BUNDLED).rules, [], VINTAGE, NOW.date())
    assert record(warehouse, judged, NOW, VINTAGE, {}) == Raised(0, 0, 0, 0, 0, {})


def test_levels_of_portfolios_today_are_found_at_every_level(warehouse: duckdb.DuckDBPyConnection):
    """A level that is not known today cannot be said to be crossed; a wrong key would hide that in silence."""
    from assets.delivery.alerts.reading import alert_sql
    from assets.warehouse.database import sql_text

    fill(warehouse)
    warehouse.execute("SET VARIABLE vintage = DATE '2026-09-30'")
    warehouse.execute(sql_text("macros"))
    found = warehouse.execute(alert_sql("threshold_breach")).df()
    assert dict(zip(found["series_id"], found["last_value"].round(2), strict=True)) == {
        "a/group/mw": 0.85,
        "p/H1": 0.9,
        "p/op-one": 0.9,
        "p/hong-kong": 0.9,
        "p/total": 0.9,
    }
