"""The outlook on a small warehouse: what is written, from what, for whom, and what a frozen vintage keeps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from outlook_cases import AS_OF, VINTAGE, capacities, fill, observe

from assets.outlook.build import CHOICE_COLUMNS, FORECAST_COLUMNS
from assets.outlook.newest import build_outlook
from assets.outlook.reading import Items, read_members, read_vintage
from assets.reports.operators import load_layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.history import build_history
from assets.warehouse.ledger import load_ledger
from assets.warehouse.loading import load_operators
from forecasts.members import MEMBERS
from forecasts.paths import PATHS


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "w.duckdb") as connection:
        fill(connection)
        yield connection


@dataclass(frozen=True)
class Built:
    """What one build wrote, for tests that change nothing; those that do work on a copy of the file."""

    file: Path
    summary: dict[str, Any]
    forecast: pd.DataFrame
    breach: pd.DataFrame
    accuracy: pd.DataFrame
    choice: pd.DataFrame


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    file = tmp_path_factory.mktemp("built") / "w.duckdb"
    with connect(file) as connection:
        fill(connection)
        summary = build_outlook(connection, VINTAGE, AS_OF, 7)
        tables = ("breach_probability", "backtest_accuracy", "forecast_choice")
        frames = [connection.execute(f"SELECT * FROM {name}").df() for name in tables]
        return Built(file, summary, forecasts_of(connection), *frames)


@pytest.fixture
def again(built: Built, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse after that build."""
    with connect(Path(shutil.copy(built.file, tmp_path / "again.duckdb"))) as connection:
        yield connection


def forecasts_of(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute("SELECT * FROM occupancy_forecast ORDER BY vintage, level, series_id, horizon").df()


PERCENTS = ("05", "10", "25", "50", "75", "90", "95")


def test_every_long_series_and_every_sum_gets_eight_ordered_bounded_quarters(built: Built) -> None:
    """What readers rely on: eight quarters each, quantiles that never cross, rates between 0 and 1."""
    rows = built.forecast
    assert tuple(rows.columns) == (*FORECAST_COLUMNS, "portfolio")
    assert built.summary["written"]
    assert built.summary["rows"] == len(rows)
    operators = rows[rows["level"] == "operator"]
    assert {name.split("/")[0] for name in operators["series_id"]} == {"alpha", "beta", "gamma", "ended", "rates"}
    assert (rows.groupby("series_id")["horizon"].agg(["min", "max", "count"]) == [1, 8, 8]).all(axis=None)
    occupancy = rows[[f"occupancy_p{p}" for p in PERCENTS]].to_numpy()
    assert (np.diff(occupancy, axis=1) >= 0).all()
    assert occupancy.min() >= 0
    assert occupancy.max() <= 1
    assert rows["occupancy_mean"].between(0, 1).all()
    known = rows[rows["unit"] != "pct"]
    assert (np.diff(known[[f"leased_p{p}" for p in PERCENTS]].to_numpy(dtype=float), axis=1) >= 0).all()
    rates = operators[operators["unit"] == "pct"]
    assert rates[["in_service_p50", "leased_p50"]].isna().all(axis=None)
    assert rates["occupancy_p50"].between(0.95, 0.97).all()
    # Horizons count from each series' own last figure, also where it lags or has ended.
    begins = operators.groupby("series_id")["quarter_end"].min()
    first = {str(name).split("/")[0]: str(day.date()) for name, day in begins.items()}
    assert first["alpha"] == "2026-03-31"
    assert first["beta"] == "2025-09-30"
    assert first["ended"] == "2022-03-31"


def test_sums_stay_within_a_unit_leave_ended_members_out_and_agree_with_their_members(built: Built) -> None:
    """Total and members agree in the same quarter, also where a member lags, and rates are weighed by capacity."""
    rows = built.forecast
    totals = rows[rows["level"] == "total"]
    assert set(totals["series_id"]) == {"total/mw", "total/sqm"}
    assert str(totals["quarter_end"].min().date()) == "2026-03-31"
    first = rows[rows["quarter_end"] == "2026-03-31"].set_index("series_id")
    total = first.loc["total/mw"]
    # Beta lags by two quarters and is bridged by its own forecast; Short is too short to be published.
    members = [first[first.index.str.startswith(name)].iloc[0] for name in ("alpha", "beta")]
    assert total["in_service_p50"] == pytest.approx(sum(one["in_service_p50"] for one in members) + 11, rel=0.03)
    assert total["leased_p50"] == pytest.approx(sum(one["leased_p50"] for one in members) + 5.5, rel=0.03)
    assert members[1]["occupancy_p50"] < total["occupancy_p50"] < members[0]["occupancy_p50"]
    assert 300 * 1.03**9 < members[1]["in_service_p50"] < 300 * 1.03**14
    assert (totals["model"] == "reconciled").all()


def test_stacks_add_up_to_the_total(built: Built) -> None:
    """Shares of classes sum to one a member, so the stacks' medians meet the total's but for medians not adding up."""
    rows = built.forecast
    for column in ("in_service_p50", "leased_p50"):
        stacks = rows[rows["level"] == "stack"].groupby(["unit", "horizon"])[column].sum()
        totals = rows[rows["level"] == "total"].set_index(["unit", "horizon"])[column]
        assert stacks.to_numpy() == pytest.approx(totals.loc[stacks.index].to_numpy(), rel=0.02)


def test_a_sum_of_one_member_is_that_member_in_every_quantile(built: Built) -> None:
    """Quantiles of sums come from the members' own paths: the only operator in square metres is its total."""
    wide = built.forecast[built.forecast["unit"] == "sqm"].sort_values("horizon")
    numbers = [name for name in FORECAST_COLUMNS if name.startswith(("in_service", "leased", "occupancy"))]
    one, whole = (wide[wide["level"] == level][numbers].to_numpy() for level in ("operator", "total"))
    assert whole == pytest.approx(one, rel=1e-12)


def test_clipped_draws_are_counted_and_reasons_told(built: Built) -> None:
    """The page shows how many draws were held and how each unit was reconciled."""
    summary = built.summary
    # Alpha, Beta (with the two quarters it lags), Short and Gamma in their units, Ended and Rates alone.
    assert summary["draws"] == (6 * 8 + 2) * PATHS
    assert 0 <= summary["clipped"] <= summary["draws"]
    assert summary["clipped_share"] == round(summary["clipped"] / summary["draws"], 5)
    assert summary["reconciled_mw"]
    assert summary["reconciled_sqm"]


def test_the_choice_is_told_for_every_published_series(built: Built) -> None:
    """Why this model for this series: weights of all members that add up to one, what they erred by, and a reason."""
    members = built.forecast[built.forecast["level"] == "operator"]
    choice = built.choice
    assert tuple(choice.columns) == CHOICE_COLUMNS
    expected = {(name, "occupancy") for name in members["series_id"]}
    expected |= {(name, "capacity") for name in members.loc[members["unit"] != "pct", "series_id"]}
    groups = choice.groupby(["series_id", "quantity"])
    assert set(groups.groups) == expected
    assert (groups["member"].agg(set).map(lambda names: names == set(MEMBERS))).all()
    assert groups["weight"].sum().to_numpy() == pytest.approx(np.ones(len(expected)), abs=1e-9)
    assert choice["weight"].between(0, 1).all()
    assert (choice["reason"].str.len() > 20).all()
    assert choice.loc[choice["fallback"] != "", "weight"].sum() == pytest.approx(0.0)
    assert (choice["vintage"] == pd.Timestamp(VINTAGE)).all()
    assert choice["backtest_error"].notna().all()


def test_the_same_seed_gives_the_same_rows_and_other_vintages_stay(again: duckdb.DuckDBPyConnection) -> None:
    """A vintage is repeatable to the bit, and no other vintage is touched by it."""
    build_outlook(again, date(2025, 9, 30), date(2025, 12, 15), 7)
    before = forecasts_of(again)
    build_outlook(again, VINTAGE, AS_OF, 7)
    pd.testing.assert_frame_equal(before, forecasts_of(again))
    assert before["vintage"].nunique() == 2


def test_a_vintage_whose_time_is_over_is_not_rewritten_unless_asked(again: duckdb.DuckDBPyConnection) -> None:
    """The track record is computed from vintages as they were published."""
    before = forecasts_of(again)
    said = build_outlook(again, VINTAGE, date(2026, 7, 1), 8)
    assert not said["written"]
    assert "frozen" in said["reason"]
    pd.testing.assert_frame_equal(before, forecasts_of(again))
    assert build_outlook(again, VINTAGE, date(2026, 7, 1), 8, rewrite=True)["written"]


def test_figures_not_known_by_then_change_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A vintage knows what had been printed by its time and nothing else."""
    early = date(2025, 8, 31)
    build_outlook(warehouse, date(2025, 6, 30), early, 7)
    before = forecasts_of(warehouse)
    warehouse.execute("UPDATE observations SET value = value * 3 WHERE known_at > ?", [early])
    warehouse.execute("UPDATE occupancy_history SET occupancy = 0.01, leased = 1 WHERE known_at > ?", [early])
    build_outlook(warehouse, date(2025, 6, 30), early, 7)
    pd.testing.assert_frame_equal(before, forecasts_of(warehouse))


def test_the_newest_vintage_of_a_backtest_knows_no_more_than_its_day(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Before the next quarter has ended, what is printed after the day of the forecast is not known to any vintage."""
    day, end = date(2025, 8, 15), date(2025, 6, 30)
    read_members(warehouse, day)
    newest = read_vintage(warehouse, end, day, Items())
    later = read_vintage(warehouse, end, date(2025, 9, 30), Items())
    assert max(item.rate.last for item in later.items) == later.quarter
    assert max(item.rate.last for item in newest.items) == newest.quarter - 1


def test_breach_probabilities_grow_with_the_threshold(built: Built) -> None:
    """To fall below 70 % is to fall below 80 %; and a breach is what its own quantiles say."""
    wide = built.breach.pivot_table(index=["series_id", "horizon"], columns="threshold", values="probability")
    assert (wide[0.7] <= wide[0.8]).all()
    assert (wide[0.8] <= wide[0.9]).all()
    rows = built.forecast.set_index(["series_id", "horizon"]).loc[wide.index]
    assert (wide[0.8][rows["occupancy_p25"] > 0.8] <= 0.26).all()
    assert (wide[0.8][rows["occupancy_p75"] < 0.8] >= 0.74).all()


def test_accuracy_compares_every_model_with_the_last_value(built: Built) -> None:
    """Members, the combination and what is published are scored on the same pairs; totals by what is published."""
    accuracy = built.accuracy
    operators = accuracy[accuracy["level"] == "operator"]
    assert set(operators["model"]) == {*MEMBERS, "combination", "chosen"}
    assert set(accuracy.loc[accuracy["level"] == "total", "model"]) == {"chosen", "naive"}
    assert (operators.groupby("horizon")["n"].nunique() == 1).all()
    assert set(operators["horizon"]) == set(range(1, 9))
    assert accuracy["coverage_80"].between(0, 1).all()
    assert (accuracy.loc[accuracy["model"] == "naive", "skill_vs_naive"] == 0).all()


def test_a_change_of_perimeter_is_brought_to_one_level(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A change of perimeter is a level shift that is known, and no shock."""
    old = capacities(8, 100, 0.8, "2024-12-31")
    doubled = {
        metric: [(end, 2 * value) for end, value in figures[-1:]] for metric, figures in old.items()
    }  # fmt: skip
    later = capacities(4, 2 * 100 * 1.03**8, 0.8)
    observe(warehouse, "Delta", "mw", old, "A")
    observe(warehouse, "Delta", "mw", {metric: doubled[metric] + later[metric] for metric in old}, "B")
    build_history(warehouse, AS_OF)
    member = next(one for one in read_members(warehouse, AS_OF) if one.series_id.startswith("delta"))
    assert member.item.in_service is not None
    assert member.item.in_service.y[0] == pytest.approx(200)
    assert (member.item.in_service.y[1:] / member.item.in_service.y[:-1]).max() < 1.1


def test_wrong_vintages_are_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A date that is no quarter's end would become a vintage that nothing compares with."""
    with pytest.raises(ValueError, match="last day of a calendar quarter"):
        build_outlook(warehouse, date(2025, 11, 30), AS_OF, 1)
    with pytest.raises(ValueError, match="after as_of"):
        build_outlook(warehouse, date(2026, 3, 31), AS_OF, 1)


def test_an_empty_warehouse_is_no_error(tmp_path: Path) -> None:
    """The first run of a new home has nothing to forecast."""
    with connect(tmp_path / "e.duckdb") as connection:
        create_schema(connection)
        layouts = load_layouts()
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        assert build_outlook(connection, VINTAGE, AS_OF, 1)["rows"] == 0
