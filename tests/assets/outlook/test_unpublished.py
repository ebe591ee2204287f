"""The newest vintage starts from what readers saw, not from a run that was killed before it published."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.outlook.unpublished import take_back
from assets.warehouse.database import connect, create_schema
from assets.warehouse.publishing import publish

NEWEST, BEFORE = date(2026, 6, 30), date(2026, 3, 31)


def forecast(connection: duckdb.DuckDBPyConnection, vintage: date, median: float, portfolio: str | None = None) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO occupancy_forecast BY NAME SELECT ?::DATE AS vintage, 'base' AS scenario,"
        " 'operator' AS level, ? AS series_id, DATE '2026-09-30' AS quarter_end, 1 AS horizon, 'mw' AS unit,"
        " 'chosen' AS model, ?::DOUBLE AS leased_p50, ?::VARCHAR AS portfolio",
        [vintage, portfolio or "a/mw", median, portfolio],
    )


def told(connection: duckdb.DuckDBPyConnection, moved: float) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO forecast_bridge BY NAME SELECT ?::DATE AS vintage_from, ?::DATE AS vintage_to,"
        " 'base' AS scenario, 'operator' AS level, 'a/mw' AS series_id, DATE '2026-09-30' AS quarter_end, 'mw' AS unit,"
        " 1 AS position, 'reported figure' AS cause, ?::DOUBLE AS delta_occupancy_pp, 'a.csv' AS because",
        [NEWEST, NEWEST, moved],
    )


def rows(path: Path) -> list[Any]:
    with connect(path, read_only=True) as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in ("occupancy_forecast", "forecast_bridge")
        ]


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse whose newest vintage was published, and then revised by a run that was not."""
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        create_schema(connection)
        forecast(connection, BEFORE, 10.0)
        forecast(connection, NEWEST, 11.0)
        told(connection, 0.5)
    publish(path, tmp_path / "published")
    return path


def revise(path: Path) -> None:
    with connect(path) as connection:
        forecast(connection, NEWEST, 19.0)
        told(connection, 7.0)


def test_a_revision_that_nobody_saw_is_taken_back(warehouse: Path, tmp_path: Path) -> None:
    """Told from there, the next bridge would say that nothing moved."""
    before = rows(warehouse)
    revise(warehouse)
    with connect(warehouse) as connection:
        changed = take_back(connection, tmp_path / "published" / "occupancy.duckdb", NEWEST)
    assert changed == ["occupancy_forecast", "forecast_bridge"]
    assert rows(warehouse) == before


def test_what_equals_the_publication_is_left_alone(warehouse: Path, tmp_path: Path) -> None:
    with connect(warehouse) as connection:
        assert take_back(connection, tmp_path / "published" / "occupancy.duckdb", NEWEST) == []


def test_rent_rolls_and_other_vintages_stay(warehouse: Path, tmp_path: Path) -> None:
    with connect(warehouse) as connection:
        forecast(connection, NEWEST, 3.0, "pier")
        forecast(connection, BEFORE, 12.0)
        take_back(connection, tmp_path / "published" / "occupancy.duckdb", NEWEST)
        found = connection.execute("SELECT vintage, leased_p50 FROM occupancy_forecast ORDER BY ALL").fetchall()
    assert found == [(BEFORE, 12.0), (NEWEST, 3.0), (NEWEST, 11.0)]


def test_without_any_publication_nothing_was_seen(warehouse: Path, tmp_path: Path) -> None:
    with connect(warehouse) as connection:
        assert take_back(connection, tmp_path / "elsewhere" / "occupancy.duckdb", NEWEST)
        assert connection.execute("SELECT vintage FROM occupancy_forecast").fetchall() == [(BEFORE,)]


@pytest.mark.parametrize("harm", ["gone", "rubbish"])
def test_a_publication_that_cannot_be_read_takes_nothing_back(warehouse: Path, tmp_path: Path, harm: str) -> None:
    """Nobody can tell what it said, and rows of the warehouse are all there is."""
    revise(warehouse)
    before, published = rows(warehouse), tmp_path / "published" / "occupancy.duckdb"
    published.unlink()
    if harm == "rubbish":
        published.write_bytes(b"rubbish" * 900)
    with connect(warehouse) as connection:
        assert take_back(connection, published, NEWEST) == []
    assert rows(warehouse) == before
