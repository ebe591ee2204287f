"""What operators see beside an asset: numbers that Dagster plots, lists to act on, and descriptions in their words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
import pytest

from assets.warehouse.database import create_schema, published_tables
from pipelines.catalogue import BY_NAME, ENTRIES
from pipelines.definitions import build_defs
from pipelines.metadata import table_metadata
from pipelines.shells import freshness_result, lateness
from pipelines.steps.tables import MEASURES, NUMBERS, describe_tables

# What the service is judged by; a number that vanished would be missed in the week it is needed.
PROMISED = {
    "documents": {"documents accepted", "documents quarantined", "documents rejected", "figures and leases accepted"},
    "quarantine": {"rows held back", "rows flagged"},
    "forecast_accuracy": {"coverage_80", "MAE, points", "skill against the last value", "outcomes scored"},
    "forecast_scores": {"coverage_80 of the last 8 vintages"},
    "alerts": {"open alerts, critical", "open alerts, warning", "open alerts, info"},
    "forecast_bridge": {"largest move, points"},
}


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse in memory."""
    with duckdb.connect() as connection:
        create_schema(connection)
        yield connection


def add(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """One row, with something of the right type in every other column that may not be null."""
    fill = {"VARCHAR": "x", "DATE": "2026-09-30", "TIMESTAMP": "2026-10-01", "BOOLEAN": True}
    columns = connection.execute(f"DESCRIBE {table}").fetchall()
    row = {name: fill.get(kind, 1) for name, kind, null, *_ in columns if null == "NO"} | values
    marks = ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    """A few rows of every table that has promised numbers."""
    add(connection, "documents", document_id="a", status="accepted", rows_accepted=7, rows_quarantined=2)
    add(connection, "documents", document_id="b", status="quarantined", reason="a scan", rows_accepted=0)
    add(connection, "quarantine", quarantine_id="1", document_id="a", rule="R05_rate_range", severity="quarantine")
    add(connection, "quarantine", quarantine_id="2", document_id="a", rule="R16_duplicate", severity="warn")
    for model, error in (("chosen", 1.5), ("naive", 2.0)):
        for horizon, n in ((1, 30), (4, 10)):
            add(
                connection, "forecast_accuracy", model=model, level="operator", horizon=horizon, n=n,
                mae_pp=error * horizon, bias_pp=0.1, coverage_80=0.9 - horizon / 10,
            )  # fmt: skip
    add(connection, "forecast_scores", level="operator", series_id="s", occupancy=0.8, error_pp=1.5, inside_80=True)
    add(connection, "forecast_scores", level="operator", series_id="t", occupancy=0.7, error_pp=-4.0, inside_80=False)
    add(connection, "alerts", alert_id="1", severity="critical")
    add(connection, "alerts", alert_id="2", severity="info", resolved_at="2026-10-02")
    for cause, moved in (("new report", 2.0), ("restatement", -0.5)):
        add(
            connection, "forecast_bridge", vintage_from="2026-06-30", scenario="base", series_id="s", cause=cause,
            delta_occupancy_pp=moved, because="document a",
        )  # fmt: skip


def measured() -> list[str]:
    return sorted({path.name.split(".")[0] for path in MEASURES.glob("*.sql")})


def test_every_measure_is_of_an_asset_that_is_described(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A file under a wrong name would never be run, and nobody would see it missing."""
    assert {entry.name for entry in ENTRIES if entry.table} >= set(measured())
    assert set(published_tables(warehouse)) >= set(measured())


@pytest.mark.parametrize("table", measured())
def test_measures_hold_on_an_empty_table(warehouse: duckdb.DuckDBPyConnection, table: str) -> None:
    """The first run of a fresh service has no outcome, no alert and no bridge, and must not fail of it."""
    (seen,) = describe_tables(warehouse, (table,)).values()
    assert all(type(number) in (int, float) for number in seen["numbers"].values())
    assert seen["lists"] == {}


@pytest.mark.parametrize("table", PROMISED)
def test_promised_numbers_are_there_as_dagster_plots_them(warehouse: duckdb.DuckDBPyConnection, table: str) -> None:
    """Dagster plots int and float alone, and refuses what numpy makes."""
    fill(warehouse)
    seen = describe_tables(warehouse, (table,))[table]
    metadata = table_metadata(BY_NAME[table], seen)
    assert PROMISED[table] <= set(metadata)
    assert all(type(metadata[name]) in (int, float) for name in PROMISED[table])
    dg.AssetMaterialization(asset_key=table, metadata=metadata)


def test_numbers_of_the_track_record_are_right(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Horizons count by their outcomes, and skill compares errors over the same outcomes."""
    fill(warehouse)
    numbers = describe_tables(warehouse, ("forecast_accuracy", "forecast_scores"))
    record = numbers["forecast_accuracy"]["numbers"]
    assert record["outcomes scored"] == 40
    assert record["coverage_80"] == pytest.approx((30 * 0.8 + 10 * 0.5) / 40)
    assert record["MAE, points"] == pytest.approx((30 * 1.5 + 10 * 6.0) / 40, abs=1e-4)
    assert record["skill against the last value"] == pytest.approx(0.25)
    assert numbers["forecast_scores"]["numbers"]["coverage_80 of the last 8 vintages"] == 0.5


def test_lists_name_what_to_act_on(warehouse: duckdb.DuckDBPyConnection) -> None:
    """An operator acts on the row, not on the count: which document, which rule, which cause, which series."""
    fill(warehouse)
    seen = describe_tables(warehouse, ("documents", "quarantine", "forecast_bridge", "forecast_scores"))
    assert [row["reason"] for row in seen["documents"]["lists"]["held back"]] == ["a scan"]
    assert [row["rule"] for row in seen["quarantine"]["lists"]["by rule"]] == ["R05_rate_range", "R16_duplicate"]
    movers = seen["forecast_bridge"]["lists"]["top movers"]
    assert [(row["cause"], row["points"], row["because"]) for row in movers] == [
        ("new report", "2.0", "document a"),
        ("restatement", "-0.5", "document a"),
    ]
    assert [row["series_id"] for row in seen["forecast_scores"]["lists"]["largest misses"]] == ["t", "s"]


def test_no_list_or_number_hides_another_entry(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Two things under one name in the metadata: the second would silently replace the first."""
    fill(warehouse)
    for table, seen in describe_tables(warehouse, tuple(measured())).items():
        fixed = table_metadata(BY_NAME[table], {**seen, "numbers": {}, "lists": {}})
        assert not set(fixed) & (set(seen["numbers"]) | set(seen["lists"])), table
        assert not set(seen["numbers"]) & set(seen["lists"]), table
    assert all(path.name.count(".") == 2 for path in MEASURES.glob("*.sql"))
    assert NUMBERS == "numbers"


def test_late_operators_are_a_number_and_a_list() -> None:
    """Lateness is plotted over time on the documents, and says whose report to fetch."""
    row = {"operator": "GDS Holdings", "label": "3Q26", "due_on": "2026-11-20", "days_late": 9, "periods_missing": 1}
    late, on_time = {**row, "state": "late", "message": "GDS Holdings 3Q26 is 9 days late"}, {**row, "state": "on_time"}
    said = lateness([late, on_time])
    assert said["operators late"] == 1
    assert [record.data["operator"] for record in said["late operators"].records] == ["GDS Holdings"]
    assert lateness([on_time]) == {"operators late": 0}
    assert not freshness_result([late]).passed


def test_every_description_is_for_people() -> None:
    """The UI is read by people who know the business and not this code."""
    for entry in ENTRIES:
        assert len(entry.description.split()) >= 8, entry.name
        assert entry.description.endswith((".", "?")), entry.name
    defs = build_defs()
    named = [*(defs.jobs or ()), *(defs.schedules or ()), *(defs.sensors or ())]
    assert len(named) > 5
    for one in named:
        assert one.description, one.name
        assert len(one.description.split()) >= 8, one.name
