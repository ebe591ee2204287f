"""A bridge adds up to the change whatever moved, and gives each part to what really moved it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from outlook_cases import AS_OF, VINTAGE, capacities, ends, fill, observe

from assets.outlook.bridge import ASSUMPTION, MODEL, NEW_REPORT, RESTATEMENT
from assets.outlook.newest import build_outlook
from assets.outlook.vintages import backfill
from assets.warehouse.database import connect
from assets.warehouse.history import build_history

KEYS = ["vintage_from", "vintage_to", "level", "series_id", "quarter_end"]


@pytest.fixture(autouse=True, scope="module")
def no_comparison() -> Iterator[None]:
    """The comparison of models is most of a build's time, and nothing here is about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assets.outlook.newest._accuracy", lambda *_: pd.DataFrame())
        yield


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bridged") / "filled.duckdb"
    with connect(path) as connection:
        fill(connection)
        connection.execute(
            "INSERT INTO documents (document_id, file_name, media_type, sha256, bytes, received_at, status, reason,"
            " rows_accepted, rows_quarantined) VALUES ('d', 'alpha_4q25.html', 'text/html', 'x', 1,"
            " TIMESTAMP '2026-03-01', 'accepted', '', 1, 0)"
        )
    return path


@pytest.fixture(scope="module")
def forecast(filled: Path) -> Path:
    """The newest vintage built once, for tests of what revises it."""
    path = Path(shutil.copy(filled, filled.with_name("forecast.duckdb")))
    with connect(path) as connection:
        build_outlook(connection, VINTAGE, AS_OF, 7, "code")
    return path


@pytest.fixture
def warehouse(filled: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Path(shutil.copy(filled, tmp_path / "w.duckdb"))) as connection:
        yield connection


@pytest.fixture
def revised(forecast: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Path(shutil.copy(forecast, tmp_path / "w.duckdb"))) as connection:
        yield connection


def bridge_of(connection: duckdb.DuckDBPyConnection, revision: bool) -> pd.DataFrame:
    test = "=" if revision else "<"
    return connection.execute(f"SELECT * FROM forecast_bridge WHERE vintage_from {test} vintage_to ORDER BY ALL").df()


def medians(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute(
        "SELECT vintage, level, series_id, quarter_end, leased_p50, 100 * occupancy_p50 AS occupancy_pp"
        " FROM occupancy_forecast ORDER BY ALL"
    ).df()


def assert_adds_up(bridge: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> int:
    """Parts against the change of stored medians, for every series and quarter that both forecast; returns how many."""
    on = ["level", "series_id", "quarter_end"]
    both = before.merge(after, on=on, suffixes=("_from", "_to"))
    parts = bridge.groupby(on, as_index=False)[["delta_leased", "delta_occupancy_pp"]].sum()
    joined = both.merge(parts, on=on, how="left").fillna({"delta_leased": 0.0, "delta_occupancy_pp": 0.0})
    change = joined["occupancy_pp_to"] - joined["occupancy_pp_from"]
    assert (change - joined["delta_occupancy_pp"]).abs().max() < 1e-9
    known = joined["leased_p50_from"].notna() & joined["leased_p50_to"].notna()
    moved = (joined["leased_p50_to"] - joined["leased_p50_from"])[known]
    assert (moved - joined.loc[known, "delta_leased"]).abs().max() < 1e-9
    return len(joined)


def test_parts_add_up_between_all_neighbouring_vintages(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The promise of the table: nothing of a change is left over, at any level, for any quarter that both forecast."""
    backfill(warehouse, [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30)], AS_OF, 7, "code")
    build_outlook(warehouse, VINTAGE, AS_OF, 7, "code")
    said, bridge = medians(warehouse), bridge_of(warehouse, revision=False)
    pairs = bridge[["vintage_from", "vintage_to"]].drop_duplicates()
    assert len(pairs) == 3
    for start, end in pairs.itertuples(index=False):
        own = bridge[(bridge["vintage_from"] == start) & (bridge["vintage_to"] == end)]
        assert assert_adds_up(own, said[said["vintage"] == start], said[said["vintage"] == end]) >= 7 * 4
    assert not bridge.duplicated([*KEYS, "cause"]).any()
    assert bridge.loc[bridge["cause"] == NEW_REPORT, "because"].str.contains("alpha_4q25.html").any()


def revise(connection: duckdb.DuckDBPyConnection, seed: int = 7, code: str = "code") -> tuple[pd.DataFrame, ...]:
    """The newest vintage made again: medians before and after, and the bridge of the revision."""
    before = medians(connection)
    build_history(connection, AS_OF)
    build_outlook(connection, VINTAGE, AS_OF, seed, code)
    return before, medians(connection), bridge_of(connection, revision=True)


def test_a_revision_on_equal_inputs_moves_nothing_and_keeps_the_last_reason(
    revised: duckdb.DuckDBPyConnection,
) -> None:
    """A run with nothing new must not wipe the explanation of what moved before."""
    assert not len(revise(revised)[2])
    observe(revised, "Beta", "mw", capacities(1, 500, 0.7, "2025-09-30"))
    moved = revise(revised)[2]
    assert len(moved)
    pd.testing.assert_frame_equal(moved, revise(revised)[2])


def test_a_late_report_is_a_new_report_though_it_is_dated_earlier(revised: duckdb.DuckDBPyConnection) -> None:
    """What arrives late was not known, whatever its date: its part is a new report that names the document."""
    revised.execute("UPDATE documents SET received_at = TIMESTAMP '2026-03-25'")
    observe(revised, "Beta", "mw", capacities(1, 500, 0.9, "2025-09-30"))
    before, after, bridge = revise(revised)
    own = bridge[bridge["series_id"].str.startswith("beta")]
    assert assert_adds_up(bridge, before, after)
    largest = own.loc[own["delta_leased"].abs().idxmax()]
    assert largest["cause"] == NEW_REPORT
    assert "alpha_4q25.html (d)" in largest["because"]


def test_a_restated_figure_is_a_restatement(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The same quarters with other values: no new quarter was told, so the whole move is the restatement's."""
    backfill(warehouse, [date(2025, 9, 30)], AS_OF, 7, "code")
    for metric in ("capacity_in_service", "capacity_utilised"):
        key = f"Gamma|{metric}|sqm|2025-09-30|"
        warehouse.execute("DELETE FROM observations WHERE operator = 'Gamma' AND period_end > DATE '2025-09-30'")
        warehouse.execute(
            "INSERT INTO observations BY NAME SELECT * REPLACE ('restated ' || observation_id AS observation_id,"
            " value * 0.8 AS value, DATE '2026-02-01' AS known_at) FROM observations WHERE observation_id = ?",
            [key],
        )
        warehouse.execute(
            "UPDATE observations SET superseded_by = 'restated ' || observation_id WHERE observation_id = ?", [key]
        )
    build_history(warehouse, AS_OF)
    build_outlook(warehouse, VINTAGE, AS_OF, 7, "code")
    bridge = bridge_of(warehouse, revision=False)
    gamma = bridge[bridge["series_id"] == "gamma/group/sqm"]
    by_cause = gamma.groupby("cause")["delta_leased"].apply(lambda parts: parts.abs().max())
    assert by_cause.idxmax() == RESTATEMENT
    assert by_cause[RESTATEMENT] > 10 * by_cause.drop(RESTATEMENT).max()
    assert "capacity_in_service 2025-09-30" in gamma.loc[gamma["cause"] == RESTATEMENT, "because"].iloc[0]


def test_another_seed_and_other_code_are_the_models_part(revised: duckdb.DuckDBPyConnection) -> None:
    """Nothing was reported, so nothing may be put on a report."""
    before, after, bridge = revise(revised, seed=8, code="newer")
    assert set(bridge["cause"]) == {MODEL}
    assert assert_adds_up(bridge, before, after)
    assert bridge["because"].str.contains("seed 7 -> 8").all()
    assert bridge["because"].str.contains("code code -> newer").all()


def test_another_stack_share_is_an_assumptions_part(warehouse: duckdb.DuckDBPyConnection) -> None:
    """What moved with the classes and not with any figure is told apart and names the share. Reconciliation carries a
    little of it to operators and totals.
    """
    place = "INSERT INTO internal.jurisdiction_estimates VALUES ('Alpha', '', ?, ?, 'assumed', 'test')"
    for jurisdiction, share in (("mainland", 0.5), ("us", 0.5)):
        warehouse.execute(place, [jurisdiction, share])
    build_history(warehouse, AS_OF)
    build_outlook(warehouse, VINTAGE, AS_OF, 7, "code")
    warehouse.execute("UPDATE internal.jurisdiction_estimates SET share = 0.75 WHERE jurisdiction = 'mainland'")
    warehouse.execute("UPDATE internal.jurisdiction_estimates SET share = 0.25 WHERE jurisdiction = 'us'")
    before, after, bridge = revise(warehouse)
    assert assert_adds_up(bridge, before, after)
    assert set(bridge["cause"]) == {ASSUMPTION}
    assert bridge.loc[bridge["delta_leased"].abs().idxmax(), "level"] == "stack"
    assert bridge["because"].str.contains("jurisdiction of Alpha mainland: 0.5 -> 0.75").all()


def test_series_of_rates_have_no_capacity_part(revised: duckdb.DuckDBPyConnection) -> None:
    """Nothing is made up where only a rate is printed."""
    observe(revised, "Rates", "pct", {"occupancy_rate": [(ends(9)[0], 80.0)]})
    revised.execute("UPDATE observations SET value = 91 WHERE operator = 'Rates' AND period_end = DATE '2025-12-31'")
    bridge = revise(revised)[2]
    own = bridge[bridge["unit"] == "pct"]
    assert len(own)
    assert own["delta_leased"].isna().all()
    assert ASSUMPTION not in set(own["cause"])
