"""The outlook on a small warehouse: what is written, from what, for whom, and what a frozen vintage keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from assets.outlook import models
from assets.outlook.build import FORECAST_COLUMNS, build_outlook
from assets.outlook.reading import read_members
from assets.reports.operators import load_layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.history import build_history
from assets.warehouse.ledger import load_ledger
from assets.warehouse.loading import load_operators

VINTAGE, AS_OF = date(2025, 12, 31), date(2026, 3, 20)


def observe(
    connection: duckdb.DuckDBPyConnection, operator: str, unit: str, values: dict[str, list[tuple[str, float]]],
    perimeter: str = "",
) -> None:  # fmt: skip
    for metric, figures in values.items():
        for end, value in figures:
            known = (pd.Timestamp(end) + pd.Timedelta(days=60)).date()
            key = f"{operator}|{metric}|{unit}|{end}|{perimeter}"
            connection.execute(
                "INSERT INTO observations (observation_id, document_id, operator, scope, scope_level, period_end,"
                " cadence, metric, value, unit, basis, perimeter, trust, known_at, locator, quote, tier, rounding,"
                " known_at_estimated) VALUES (?, 'd', ?, 'group', 'portfolio', ?, 'quarterly', ?, ?, ?, 'as_reported',"
                " ?, 0.9, ?, 'p1', 'q', 'company', 0, false)",
                [key, operator, end, metric, value, unit, perimeter, known],
            )


def ends(count: int, last: str = "2025-12-31") -> list[str]:
    return [str(day.date()) for day in pd.date_range(end=last, periods=count, freq="QE")]


def capacities(count: int, start: float, rate: float, last: str = "2025-12-31") -> dict[str, list[tuple[str, float]]]:
    built = [(end, start * 1.03**at) for at, end in enumerate(ends(count, last))]
    wobble = [0.0, 0.01, -0.01, 0.02, 0.0]
    used = [(end, value * (rate + wobble[at % 5])) for at, (end, value) in enumerate(built)]
    return {"capacity_in_service": built, "capacity_utilised": used}


@pytest.fixture(autouse=True)
def few_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer fits of Prophet than in service: these tests are not about its quality."""
    monkeypatch.setattr(models, "COSTLY_ORIGINS", 2)
    monkeypatch.setattr(models, "MIN_ORIGINS", 4)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "w.duckdb") as connection:
        create_schema(connection)
        layouts = load_layouts()
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        observe(connection, "Alpha", "mw", capacities(12, 100, 0.8))
        observe(connection, "Beta", "mw", capacities(10, 300, 0.6, "2025-06-30"))
        observe(connection, "Gamma", "sqm", capacities(9, 5000, 0.9))
        observe(connection, "Ended", "mw", capacities(9, 50, 0.7, "2021-12-31"))
        observe(connection, "Short", "mw", capacities(4, 10, 0.5))
        observe(connection, "Rates", "pct", {"occupancy_rate": [(end, 96.0) for end in ends(8)]})
        build_history(connection, AS_OF)
        yield connection


def forecasts_of(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute("SELECT * FROM occupancy_forecast ORDER BY vintage, level, series_id, horizon").df()


def test_every_long_series_and_every_sum_gets_eight_ordered_bounded_quarters(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    summary = build_outlook(warehouse, VINTAGE, AS_OF, 7)
    rows = forecasts_of(warehouse)
    assert tuple(rows.columns) == FORECAST_COLUMNS
    assert summary["written"]
    assert summary["rows"] == len(rows)
    operators = rows[rows["level"] == "operator"]
    assert {name.split("/")[0] for name in operators["series_id"]} == {"alpha", "beta", "gamma", "ended", "rates"}
    assert (rows.groupby("series_id")["horizon"].agg(["min", "max", "count"]) == [1, 8, 8]).all(axis=None)
    quantiles = rows[[f"occupancy_p{p}" for p in ("05", "10", "25", "50", "75", "90", "95")]].to_numpy()
    assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()
    assert quantiles.min() >= 0
    assert quantiles.max() <= 1
    assert rows["occupancy_mean"].between(0, 1).all()
    beta = operators[operators["series_id"].str.startswith("beta")]
    assert str(beta["quarter_end"].min().date()) == "2025-09-30"
    rates = operators[operators["unit"] == "pct"]
    assert rates[["in_service_p50", "leased_p50"]].isna().all(axis=None)
    assert rates["occupancy_p50"].between(0.95, 0.97).all()


def test_sums_stay_within_a_unit_leave_ended_members_out_and_weigh_rates_by_capacity(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    build_outlook(warehouse, VINTAGE, AS_OF, 7)
    rows = forecasts_of(warehouse)
    first = rows[(rows["level"] == "total") & (rows["horizon"] == 1)].set_index("series_id")
    assert set(first.index) == {"total/mw", "total/sqm"}
    members = rows[(rows["level"] == "operator") & (rows["unit"] == "mw") & ~rows["series_id"].str.startswith("ended")]
    # Beta lags by two quarters and is bridged by its own forecast: its third quarter meets the sum's first.
    alpha = members[members["series_id"].str.startswith("alpha") & (members["horizon"] == 1)].iloc[0]
    beta = members[members["series_id"].str.startswith("beta") & (members["horizon"] == 3)].iloc[0]
    short = 10 * 1.03**3
    expected = alpha["in_service_p50"] + beta["in_service_p50"] + short
    total = first.loc["total/mw"]
    assert str(total["quarter_end"].date()) == "2026-03-31"
    assert total["in_service_p50"] == pytest.approx(expected, rel=0.03)
    assert beta["occupancy_p50"] < total["occupancy_p50"] < alpha["occupancy_p50"]
    stacks = rows[(rows["level"] == "stack") & (rows["unit"] == "mw") & (rows["horizon"] == 1)]
    assert stacks["in_service_p50"].sum() == pytest.approx(total["in_service_p50"], rel=0.02)


def test_the_same_seed_gives_the_same_rows_and_other_vintages_stay(warehouse: duckdb.DuckDBPyConnection) -> None:
    build_outlook(warehouse, date(2025, 9, 30), date(2025, 12, 15), 7)
    build_outlook(warehouse, VINTAGE, AS_OF, 7)
    before = forecasts_of(warehouse)
    build_outlook(warehouse, VINTAGE, AS_OF, 7)
    pd.testing.assert_frame_equal(before, forecasts_of(warehouse))
    assert before["vintage"].nunique() == 2


def test_a_vintage_whose_time_is_over_is_not_rewritten_unless_asked(warehouse: duckdb.DuckDBPyConnection) -> None:
    build_outlook(warehouse, VINTAGE, AS_OF, 7)
    before = forecasts_of(warehouse)
    said = build_outlook(warehouse, VINTAGE, date(2026, 7, 1), 8)
    assert not said["written"]
    assert "frozen" in said["reason"]
    pd.testing.assert_frame_equal(before, forecasts_of(warehouse))
    assert build_outlook(warehouse, VINTAGE, date(2026, 7, 1), 8, rewrite=True)["written"]


def test_figures_not_known_by_then_change_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    early = date(2025, 8, 31)
    build_outlook(warehouse, date(2025, 6, 30), early, 7)
    before = forecasts_of(warehouse)
    warehouse.execute("UPDATE observations SET value = value * 3 WHERE known_at > ?", [early])
    warehouse.execute("UPDATE occupancy_history SET occupancy = 0.01, leased = 1 WHERE known_at > ?", [early])
    build_outlook(warehouse, date(2025, 6, 30), early, 7)
    pd.testing.assert_frame_equal(before, forecasts_of(warehouse))


def test_breach_probabilities_grow_with_the_threshold_and_accuracy_names_the_models(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    build_outlook(warehouse, VINTAGE, AS_OF, 7)
    wide = warehouse.execute("SELECT * FROM breach_probability").df().pivot_table(
        index=["series_id", "horizon"], columns="threshold", values="probability"
    )  # fmt: skip
    assert (wide[0.7] <= wide[0.8]).all()
    assert (wide[0.8] <= wide[0.9]).all()
    accuracy = warehouse.execute("SELECT * FROM forecast_accuracy").df()
    assert set(accuracy["model"]) == {"naive", "prophet", "chosen"}
    assert accuracy["coverage_80"].between(0, 1).all()
    assert (accuracy.loc[accuracy["model"] == "naive", "skill_vs_naive"] == 0).all()


def test_a_change_of_perimeter_is_brought_to_one_level(warehouse: duckdb.DuckDBPyConnection) -> None:
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
    with pytest.raises(ValueError, match="last day of a calendar quarter"):
        build_outlook(warehouse, date(2025, 11, 30), AS_OF, 1)
    with pytest.raises(ValueError, match="after as_of"):
        build_outlook(warehouse, date(2026, 3, 31), AS_OF, 1)


def test_an_empty_warehouse_is_no_error(tmp_path: Path) -> None:
    with connect(tmp_path / "e.duckdb") as connection:
        create_schema(connection)
        layouts = load_layouts()
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        assert build_outlook(connection, VINTAGE, AS_OF, 1)["rows"] == 0
