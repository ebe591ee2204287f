"""The track record is computed from vintages and outcomes alone, by hand-checked rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from outlook_cases import AS_OF, fill

from assets.outlook.track_record import accuracy_of, score_vintages
from assets.warehouse.database import connect

FORECAST = (
    "INSERT INTO occupancy_forecast (vintage, scenario, level, series_id, stack, quarter_end, horizon, unit,"
    " occupancy_p025, occupancy_p10, occupancy_p50, occupancy_p90, occupancy_p975, last_occupancy, model)"
    " VALUES (DATE '2025-06-30', ?, ?, ?, NULL, ?, 1, ?, 0.1, 0.2, ?, 0.9, 0.95, 0.5, 'combination')"
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "w.duckdb") as connection:
        fill(connection)
        yield connection


def outcome(connection: duckdb.DuckDBPyConnection, series_id: str, end: date) -> float:
    found = connection.execute(
        "SELECT occupancy FROM occupancy_history WHERE series_id = ? AND quarter_end = ?", [series_id, end]
    ).fetchone()
    assert found is not None
    return float(found[0])


def test_a_forecast_is_scored_when_its_outcome_has_come(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Error, band and bar of one forecast by hand; what has not come, other scenarios and rent rolls have no score."""
    for scenario, end in (("base", date(2025, 9, 30)), ("base", date(2026, 3, 31)), ("hard_ban", date(2025, 9, 30))):
        warehouse.execute(FORECAST, [scenario, "operator", "alpha/group/mw", end, "mw", 0.7])
    score_vintages(warehouse, AS_OF)
    scores = warehouse.execute("SELECT * FROM forecast_scores").df()
    came = outcome(warehouse, "alpha/group/mw", date(2025, 9, 30))
    assert scores["quarter_end"].dt.date.tolist() == [date(2025, 9, 30)]
    row = scores.iloc[0]
    assert row["occupancy"] == pytest.approx(came)
    assert row["error_pp"] == pytest.approx(100 * (0.7 - came))
    assert row["last_value_error_pp"] == pytest.approx(100 * (0.5 - came))
    assert bool(row["inside_80"]) == (0.2 <= came <= 0.9)
    assert row["known_at"].date() == date(2025, 11, 29)


def test_a_quarter_that_is_carried_on_is_no_outcome(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A total that repeats last quarter because nobody has reported would flatter every forecast."""
    shares = warehouse.execute(
        "SELECT quarter_end, observed_share FROM occupancy_history WHERE series_id = 'total/mw' ORDER BY quarter_end"
    ).df()
    thin = shares.loc[shares["observed_share"] < 0.5, "quarter_end"]
    full = shares.loc[shares["observed_share"] >= 0.5, "quarter_end"]
    assert len(thin)
    assert len(full)
    for end in (thin.iloc[-1].date(), full.iloc[-1].date()):
        warehouse.execute(FORECAST, ["base", "total", "total/mw", end, "mw", 0.7])
    score_vintages(warehouse, AS_OF)
    scored = warehouse.execute("SELECT quarter_end FROM forecast_scores").fetchall()
    assert scored == [(full.iloc[-1].date(),)]


def scores_frame() -> pd.DataFrame:
    """Two forecasts of one series: one hit of the band, one miss."""
    frame = pd.DataFrame(
        {
            "vintage": pd.to_datetime(["2024-12-31", "2025-03-31"]), "level": "operator", "series_id": "a",
            "quarter_end": pd.to_datetime(["2025-03-31", "2025-06-30"]), "horizon": 1,
            "occupancy": [0.60, 0.80], "last_value": [0.56, 0.60],
            "occupancy_p025": [0.4, 0.5], "occupancy_p10": [0.5, 0.55], "occupancy_p50": [0.62, 0.7],
            "occupancy_p90": [0.7, 0.75], "occupancy_p975": [0.8, 0.85],
        }
    )  # fmt: skip
    return frame


def test_accuracy_by_hand() -> None:
    """Errors of 2 and 10 points against 4 and 20 of the last value: every number of the table worked out."""
    ends = pd.date_range("2023-03-31", "2025-06-30", freq="QE")
    history = pd.DataFrame(
        {"level": "operator", "series_id": "a", "quarter_end": ends, "occupancy": np.arange(10) / 20}
    )
    table = accuracy_of(scores_frame(), history).set_index("model")
    chosen, naive = table.loc["chosen"], table.loc["naive"]
    assert (chosen["origins"], chosen["n"]) == (2, 2)
    assert chosen["mae_pp"] == pytest.approx(6)
    assert chosen["bias_pp"] == pytest.approx(-4)
    assert naive["mae_pp"] == pytest.approx(12)
    assert chosen["skill_vs_naive"] == pytest.approx(0.5)
    assert chosen["coverage_80"] == pytest.approx(0.5)
    assert chosen["coverage_95"] == pytest.approx(1.0)
    # A year's change is 0.2 throughout.
    assert chosen["mase"] == pytest.approx(0.06 / 0.2)
    assert naive["coverage_80"] is None


def test_a_vintage_without_its_bar_is_not_scored_against_it() -> None:
    """Skill compares like with like; without any score the table is empty and not wrong."""
    frame = scores_frame()
    frame.loc[0, "last_value"] = np.nan
    none = pd.DataFrame({"level": [], "series_id": [], "quarter_end": [], "occupancy": []})
    table = accuracy_of(frame, none)
    assert table["n"].tolist() == [1, 1]
    assert not len(accuracy_of(frame.iloc[:0], none))


def said(
    connection: duckdb.DuckDBPyConnection, key: str, end: date, value: float, basis: str, known: date, metric: str,
    unit: str = "pct",
) -> None:  # fmt: skip
    connection.execute(
        "INSERT INTO observations (observation_id, document_id, operator, scope, scope_level, market, period_end,"
        " cadence, metric, value, unit, basis, perimeter, trust, known_at, locator, quote, tier, rounding,"
        " known_at_estimated) VALUES (?, 'd', 'Broker (market)', 'Harbour', 'market', 'Harbour', ?, 'annual', ?, ?, ?,"
        " ?, '', 0.9, ?, 'p1', 'q', 'broker', 0, false)",
        [key, end, metric, value, unit, basis, known],
    )


def test_others_are_scored_on_what_they_print_themselves_later(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A forecast of 2024 beside what the same source printed for 2024, and the last figure it had when it forecast."""
    metric = "utilisation_rate"
    said(warehouse, "a", date(2023, 12, 31), 80.0, "as_reported", date(2024, 2, 1), metric)
    said(warehouse, "f", date(2024, 12, 31), 90.0, "forecast", date(2024, 2, 1), metric)
    said(warehouse, "g", date(2026, 12, 31), 95.0, "forecast", date(2024, 2, 1), metric)
    said(warehouse, "e", date(2024, 12, 31), 99.0, "estimate", date(2024, 12, 1), metric)
    said(warehouse, "o", date(2024, 12, 31), 84.0, "as_reported", date(2025, 2, 1), metric)
    said(warehouse, "late", date(2024, 12, 31), 84.0, "forecast", date(2025, 3, 1), metric)
    score_vintages(warehouse, AS_OF)
    rows = warehouse.execute("SELECT * FROM outside_forecasts ORDER BY period_end").df().set_index("observation_id")
    assert rows.index.tolist() == ["f", "g"]
    assert rows.loc["f", ["value", "actual", "last_value", "error", "last_value_error"]].tolist() == [90, 84, 80, 6, -4]
    assert rows.loc["g", ["actual", "error"]].isna().all()
    assert rows["own_value"].isna().all()


def test_our_own_vintage_of_that_day_stands_beside_them(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The vintage that was the newest when they forecast, of the same source's series, and no later one."""
    said(warehouse, "f", date(2025, 12, 31), 30.0, "forecast", date(2025, 8, 1), "vacancy_rate")
    warehouse.execute(FORECAST, ["base", "market", "market/harbour/broker/pct", date(2025, 12, 31), "pct", 0.75])
    later = FORECAST.replace("2025-06-30", "2025-09-30")
    warehouse.execute(later, ["base", "market", "market/harbour/broker/pct", date(2025, 12, 31), "pct", 0.99])
    score_vintages(warehouse, AS_OF)
    row = warehouse.execute("SELECT series_id, vintage, own_value FROM outside_forecasts").fetchall()
    assert row == [("market/harbour/broker/pct", date(2025, 6, 30), pytest.approx(25.0))]
