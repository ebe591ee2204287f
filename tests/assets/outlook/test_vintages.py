"""Past vintages know what was known then, are made once, and are what a run at that time would have made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from outlook_cases import AS_OF, VINTAGE, fill

from assets.outlook.newest import build_outlook
from assets.outlook.vintages import backfill, following, missing_vintages, previous
from assets.warehouse.database import connect
from assets.warehouse.history import build_history

EARLIER = [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30)]


@pytest.fixture(autouse=True)
def no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison of models is most of a build's time, and nothing here is about it."""
    monkeypatch.setattr("assets.outlook.newest._accuracy", lambda *_: pd.DataFrame())


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "w.duckdb") as connection:
        fill(connection)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> pd.DataFrame:
    return connection.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY ALL").df()


def test_a_backfilled_vintage_is_what_a_run_of_that_day_would_have_made(warehouse: duckdb.DuckDBPyConnection) -> None:
    """No hindsight: the same rows, bit by bit, as a run on the last day of that vintage with the figures known then."""
    backfill(warehouse, EARLIER, AS_OF, 7, "code")
    made = rows(warehouse, "occupancy_forecast", "vintage = DATE '2025-06-30'")
    assert len(made)
    day = date(2025, 9, 30)
    warehouse.execute("DELETE FROM observations WHERE known_at > ?", [day])
    build_history(warehouse, day)
    build_outlook(warehouse, date(2025, 6, 30), day, 7, "code")
    pd.testing.assert_frame_equal(made, rows(warehouse, "occupancy_forecast", "vintage = DATE '2025-06-30'"))


def test_a_vintage_says_what_it_was_made_from(warehouse: duckdb.DuckDBPyConnection) -> None:
    """As-of day, figures, code, seed and settings: without them nobody could make a vintage again."""
    said = backfill(warehouse, EARLIER, AS_OF, 7, "code")
    build_outlook(warehouse, VINTAGE, AS_OF, 7, "later")
    table = rows(warehouse, "vintages").set_index("vintage")
    assert said["made"] == [str(day) for day in EARLIER]
    assert table["origin"].tolist() == ["backfill"] * 3 + ["run"]
    assert table["code_version"].tolist() == ["code"] * 3 + ["later"]
    assert table["known_by"].dt.date.tolist() == [*EARLIER[1:], VINTAGE, AS_OF]
    assert table["data_fingerprint"].nunique() == 4
    assert table["observations"].is_monotonic_increasing
    assert (table["settings"].str.contains('"horizon": 8')).all()
    assert (table["seed"] == 7).all()


def test_what_is_frozen_stays_and_what_is_missing_is_found(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A second backfill changes nothing; a run makes only vintages that are missing and could have known anything."""
    assert missing_vintages(warehouse, VINTAGE, 3) == EARLIER
    backfill(warehouse, EARLIER[1:2], AS_OF, 7, "code")
    before = rows(warehouse, "occupancy_forecast")
    assert missing_vintages(warehouse, VINTAGE, 3) == [EARLIER[0], EARLIER[2]]
    warehouse.execute("UPDATE observations SET value = value * 2")
    said = backfill(warehouse, EARLIER[1:2], AS_OF, 8, "other")
    assert said["kept"] == [str(EARLIER[1])]
    pd.testing.assert_frame_equal(before, rows(warehouse, "occupancy_forecast"))
    assert missing_vintages(warehouse, date(1999, 12, 31), 3) == []


def test_the_history_is_put_back(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Readers see the history as known today, whatever vintage was made."""
    before = rows(warehouse, "occupancy_history")
    backfill(warehouse, EARLIER[:1], AS_OF, 7, "code")
    pd.testing.assert_frame_equal(before, rows(warehouse, "occupancy_history"))


def test_dates_that_are_no_vintage_are_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A vintage in the future, or in the middle of a quarter, compares with nothing."""
    with pytest.raises(ValueError, match="last day of a calendar quarter"):
        backfill(warehouse, [date(2025, 5, 31)], AS_OF, 7, "code")
    with pytest.raises(ValueError, match="after as_of"):
        backfill(warehouse, [date(2026, 6, 30)], AS_OF, 7, "code")
    assert not len(rows(warehouse, "vintages"))
    assert following(previous(VINTAGE)) == VINTAGE
