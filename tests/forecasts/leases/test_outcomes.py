"""Paths into tables: every figure against paths written by hand, and what must hold of any simulation's tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import AS_OF, learnt_of, lease, made, quarter_end, standing_leases

from forecasts.leases.outcomes import (
    LEVELS,
    NAMES,
    breach_rows,
    contiguous_rows,
    courses,
    forecast_rows,
    runoff_rows,
)
from forecasts.leases.portfolio import STACKS, Portfolio
from forecasts.leases.simulate import Simulated, simulate

HALLS = {"F1": 10.0, "F2": 30.0, "F3": 20.0}
# Paths of a quarter in F1, F2 and F3; shares of F1 are 0.6, 0.7, 0.8, 0.9 and 1.
LEASED = ((6.0, 7.0, 8.0, 9.0, 10.0), (12.0, 15.0, 27.0, 30.0, 9.0), (20.0, 20.0, 10.0, 10.0, 0.0))


def owned(portfolio: Portfolio) -> Portfolio:
    """The portfolio with F3 under an operator and in a market of its own."""
    own = portfolio.facilities["facility_id"] == "F3"
    sites = portfolio.facilities.assign(
        operator=np.where(own, "O2", "O1"), market=np.where(own, "M2", portfolio.facilities["market"])
    )
    return replace(portfolio, facilities=sites)


def written(
    leased: tuple[tuple[float, ...], ...] = LEASED, in_service: dict[str, float] | None = None, quarters: int = 2
) -> Simulated:
    """A simulation whose paths are these in every quarter, whatever was drawn."""
    halls = HALLS if in_service is None else in_service
    drawn = simulate(learnt_of(owned(made([lease(1)], halls))), horizon=quarters, paths=len(leased[0]))
    table = np.array(leased, dtype=np.float32)
    return replace(drawn, leased=np.repeat(table[:, :, None], quarters, axis=2))


def drawn(seed: int, paths: int = 40, horizon: int = 4, blocks: bool = False) -> Simulated:
    """A simulation of a portfolio of all sectors and stacks, one phase of which comes in the second quarter. Halls have
    room for whatever leases the seed gives.
    """
    rows = standing_leases(seed, 40, 3, largest=1.5)
    phases = [("F2", quarter_end(1) + pd.Timedelta(days=40), 8.0)]
    learnt = learnt_of(
        owned(made(rows, dict.fromkeys(HALLS, 22.0), phases)), absorption=0.05, fresh=0.3, pre_lease_share=0.2
    )
    return simulate(learnt, horizon=horizon, paths=paths, seed=seed, blocks=blocks)


def row_of(frame: pd.DataFrame, level: str, series_id: str, horizon: int = 1) -> pd.Series:
    found = frame[(frame["level"] == level) & (frame["series_id"] == series_id) & (frame["horizon"] == horizon)]
    assert len(found) == 1
    return found.iloc[0]


def test_quantiles_are_those_of_the_paths() -> None:
    """Five paths of one hall: quantiles are read off by hand (linear between the sorted five)."""
    row = row_of(forecast_rows(written()), "facility", "F1")
    by_hand = {"p05": 6.2, "p10": 6.4, "p25": 7.0, "p50": 8.0, "p75": 9.0, "p90": 9.6, "p95": 9.8}
    assert tuple(by_hand) == NAMES
    for name, mw in by_hand.items():
        assert row[f"leased_{name}"] == pytest.approx(mw), name
        assert row[f"occupancy_{name}"] == pytest.approx(mw / 10), name
    assert row["occupancy_mean"] == pytest.approx(0.8)
    assert row["in_service_p50"] == 10.0
    assert row["unit"] == "mw"
    assert row["vintage"] == AS_OF
    assert row["quarter_end"] == quarter_end(1)


def test_an_operator_is_the_sum_of_its_halls_on_each_path() -> None:
    """A quantile of a sum is no sum of quantiles: F1 and F2 together have 18, 22, 35, 39 and 19 MW."""
    rows = forecast_rows(written())
    for level, name in (("operator", "O1"), ("market", "M1")):
        row = row_of(rows, level, name)
        assert (row["leased_p25"], row["leased_p50"], row["leased_p75"]) == (19.0, 22.0, 35.0)
        assert row["in_service_p50"] == 40.0
        assert row["occupancy_p50"] == pytest.approx(22 / 40)
    total = row_of(rows, "total", "total")
    assert total["leased_p50"] == 42.0
    assert total["in_service_p50"] == 60.0


def test_a_breach_is_the_share_of_paths_below() -> None:
    """What a lender asks is how many of the courses are below, and exactly at the threshold is not below."""
    rows = breach_rows(written(), (0.65, 0.8, 0.95))
    halls = rows[(rows["series_id"] == "F1") & (rows["horizon"] == 1)].set_index("threshold")["probability"]
    assert halls.to_dict() == {0.65: 0.2, 0.8: 0.4, 0.95: 0.8}
    assert row_of(rows[rows["threshold"] == 0.65], "operator", "O1")["probability"] == pytest.approx(3 / 5)


def test_a_hall_without_space_in_service_has_no_occupancy_and_no_breach() -> None:
    """A share of nothing is not zero: a building that is not ready must not look empty, nor raise an alarm."""
    simulated = written(((0.0,) * 5, *LEASED[1:]), {"F1": 0.0, "F2": 30.0, "F3": 20.0})
    rows = forecast_rows(simulated)
    hall = rows[rows["series_id"] == "F1"]
    assert len(hall) == 2
    assert hall.filter(like="occupancy_").isna().all(axis=None)
    assert (hall[[f"leased_{name}" for name in NAMES]] == 0.0).all(axis=None)
    assert (hall["in_service_p50"] == 0.0).all()
    breaches = breach_rows(simulated)
    assert "F1" not in set(breaches["series_id"])
    assert {"F2", "F3", "O1", "total"} <= set(breaches["series_id"])
    # The others count as ever.
    assert row_of(rows, "operator", "O1")["occupancy_p50"] == pytest.approx(15 / 30)


def test_more_let_than_in_service_counts_as_full() -> None:
    """Figures of different sources can differ by a little; an occupancy above 100 % is none."""
    row = row_of(forecast_rows(written(((10.0, 10.5, 11.0, 9.0, 10.2), *LEASED[1:]))), "facility", "F1")
    assert row["occupancy_p95"] == 1.0
    assert row["leased_p95"] == pytest.approx(10.9)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_quantiles_rise_and_levels_add_up(seed: int) -> None:
    """Of every series of any portfolio: quantiles in order, rates within 0 and 1, and sums that hold on each path."""
    simulated = drawn(seed)
    rows = forecast_rows(simulated)
    for kind in ("leased", "occupancy"):
        table = rows[[f"{kind}_{name}" for name in NAMES]].to_numpy(dtype=float)
        known = table[~np.isnan(table).any(axis=1)]
        assert (np.diff(known, axis=1) >= 0).all()
    rates = rows.filter(like="occupancy_").to_numpy(dtype=float)
    assert np.nanmin(rates) >= 0
    assert np.nanmax(rates) <= 1
    assert set(rows["quarter_end"]) == {quarter_end(step) for step in range(1, 5)}
    sums: dict[str, list[Any]] = {level: [0.0, 0.0] for level in ("facility", "operator", "market", "stack", "total")}
    for course in courses(simulated):
        sums[course.level] = [sums[course.level][0] + course.leased, sums[course.level][1] + course.in_service]
    for level, (leased, in_service) in sums.items():
        # Halls are kept in single precision: a few hundred watts over some ten MW.
        np.testing.assert_allclose(leased, sums["total"][0], atol=1e-3, err_msg=level)
        np.testing.assert_allclose(in_service, sums["total"][1], atol=1e-3, err_msg=level)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 0.99))
def test_breaches_agree_with_quantiles(seed: int, threshold: float) -> None:
    """Probability and band tell one story: where the p25 is at or above the threshold, at most a quarter is below."""
    simulated = drawn(seed)
    series = list(courses(simulated))
    rows = forecast_rows(simulated, series)
    told = breach_rows(simulated, (threshold,), series)
    keys = zip(told["level"], told["series_id"], told["horizon"], strict=True)
    below = dict(zip(keys, told["probability"], strict=True))
    for row in rows.to_dict("records"):
        key = row["level"], row["series_id"], row["horizon"]
        if np.isnan(row["occupancy_p50"]):
            assert key not in below
            continue
        for name, level in zip(NAMES, LEVELS, strict=True):
            # A path counts 1/40, so the share below may lie one path beside the quantile's level.
            if row[f"occupancy_{name}"] >= threshold:
                assert below[key] <= level + 1 / simulated.paths
            else:
                assert below[key] >= level - 1 / simulated.paths


def test_every_series_has_a_row_a_quarter_and_stacks_are_named() -> None:
    """A reader filters by level and stack; only stacks carry one."""
    rows = forecast_rows(drawn(5))
    assert not rows.duplicated(["level", "series_id", "quarter_end"]).any()
    assert rows.groupby("level")["series_id"].nunique().to_dict() == {
        "facility": 3, "operator": 2, "market": 2, "stack": 4, "total": 1
    }  # fmt: skip
    stacks = rows[rows["level"] == "stack"]
    assert set(stacks["stack"]) == set(STACKS)
    assert (stacks["stack"] == stacks["series_id"]).all()
    assert rows.loc[rows["level"] != "stack", "stack"].isna().all()


def test_backlog_runs_off_to_nothing_as_it_is_due() -> None:
    """Three signed leases without delay: 2 MW in the first quarter, 3 in the third, and then nothing is left."""
    rows = [lease(1)] + [
        lease(
            2 + at, facility_id=hall, mw=mw, start_date=quarter_end(quarter - 1) + pd.Timedelta(days=9),
            end_date=quarter_end(20),
        )
        for at, (hall, mw, quarter) in enumerate((("F1", 2.0, 1), ("F2", 1.0, 3), ("F3", 2.0, 3)))
    ]  # fmt: skip
    learnt = learnt_of(owned(made(rows, HALLS)), delay=0.0, delay_events=1e9)
    table = runoff_rows(simulate(learnt, horizon=4, paths=20))
    total = table[table["level"] == "total"]
    assert total["commencing_mw"].tolist() == pytest.approx([2.0, 0.0, 3.0, 0.0], abs=1e-6)
    assert total["backlog_mw"].tolist() == pytest.approx([3.0, 3.0, 0.0, 0.0], abs=1e-6)
    second = table[(table["level"] == "operator") & (table["series_id"] == "O2")]
    assert second["backlog_mw"].tolist() == pytest.approx([2.0, 2.0, 0.0, 0.0], abs=1e-6)


def test_a_delay_leaves_backlog_where_it_was_due() -> None:
    """Signed space that comes late is still backlog, and never more than was signed."""
    rows = [lease(1), lease(2, mw=4.0, start_date=quarter_end(0) + pd.Timedelta(days=9), end_date=quarter_end(20))]
    late = runoff_rows(simulate(learnt_of(made(rows), delay=0.5, delay_events=1e9), horizon=4, paths=400))
    total = late[late["level"] == "total"]
    assert 0.5 < total["backlog_mw"].iloc[0] < 3.5
    assert (np.diff(total["backlog_mw"]) <= 1e-9).all()
    assert total["backlog_mw"].iloc[-1] + total["commencing_mw"].sum() == pytest.approx(4.0, abs=1e-6)


def test_contiguous_space_has_to_be_followed() -> None:
    """Without blocks there is nothing to tell, and the message says what to pass."""
    with pytest.raises(ValueError, match="blocks=True"):
        contiguous_rows(written())


def test_the_largest_block_of_paths_written_by_hand() -> None:
    """Blocks of 1, 3, 5, 7 and 9 MW: three of five hold 5 MW."""
    simulated = written()
    blocks = np.zeros_like(simulated.leased)
    blocks[0] = np.array([1.0, 3.0, 5.0, 7.0, 9.0])[:, None]
    rows = contiguous_rows(replace(simulated, largest=blocks), 5.0)
    hall = rows[rows["series_id"] == "F1"].iloc[0]
    assert (hall["block_mw_p10"], hall["block_mw_p50"], hall["block_mw_p90"]) == pytest.approx((1.8, 5.0, 8.2))
    assert hall["probability"] == pytest.approx(0.6)
    assert (rows.loc[rows["series_id"] == "F2", "probability"] == 0.0).all()


def test_no_block_is_larger_than_what_is_vacant() -> None:
    """A block that holds more than the hall has free would promise space that is let."""
    simulated = drawn(3, blocks=True)
    for at, course in enumerate(courses(simulated, ("facility",))):
        vacant = np.maximum(course.in_service - course.leased, 0.0)
        assert (simulated.largest[at] <= vacant + 1e-3).all()
    rows = contiguous_rows(simulated)
    assert rows["probability"].between(0, 1).all()
    assert (rows["block_mw_p10"] <= rows["block_mw_p50"]).all()
    assert (rows["block_mw_p50"] <= rows["block_mw_p90"]).all()
