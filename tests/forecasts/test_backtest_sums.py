"""Totals played again: who is in them, what came, and that nothing later enters."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts.backtest import Origins, Vintage, answered, origins
from forecasts.backtest_sums import SUM_COLUMNS, honest_totals
from forecasts.occupancy import Occupancy
from forecasts.panel import Series

FIRST, QUARTERS, HORIZON = 160, 24, 4


def series(name: str, capacity: float, rate: float, length: int = QUARTERS, seed: int = 0) -> Occupancy:
    rng = np.random.default_rng([seed, int(capacity)])
    rates = np.clip(rate + np.cumsum(rng.normal(0, 0.01, length)), 0.05, 0.98)
    return Occupancy(Series(name, FIRST, rates), Series(name, FIRST, capacity * 1.02 ** np.arange(length)))


def until(item: Occupancy, quarter: int) -> Occupancy:
    length = min(quarter - FIRST + 1, len(item.rate.y))
    assert item.in_service is not None
    return Occupancy(item.rate.until(length), item.in_service.until(length))


def found_of(items: list[Occupancy]) -> Origins:
    quarters = range(FIRST + 5, FIRST + QUARTERS)
    then = [Vintage(at, tuple(until(item, at) for item in items)) for at in quarters]
    return origins([answered(one, HORIZON) for one in then], items, HORIZON)


@pytest.fixture(scope="module")
def items() -> list[Occupancy]:
    return [series("a", 100, 0.9), series("b", 300, 0.6), series("ended", 1000, 0.5, 10), series("other", 50, 0.3)]


UNITS = ("mw", "mw", "mw", "sqm")
OWNERS = ("A", "B", "C", "D")


def test_what_came_is_the_members_rate_weighted_by_capacity(items: list[Occupancy]) -> None:
    """The total that came is used over in service of the same members; units are never summed across."""
    totals = honest_totals(found_of(items), UNITS, OWNERS)
    assert list(totals.columns) == list(SUM_COLUMNS)
    assert set(totals["model"]) == {"naive", "chosen"}
    late = totals[(totals["period"] == FIRST + 18) & (totals["horizon"] == 2) & (totals["model"] == "chosen")]
    at = FIRST + 20 - FIRST
    size = np.array([100.0, 300.0]) * 1.02**at
    rate = np.array([items[0].rate.y[at], items[1].rate.y[at]])
    expected = {float((size * rate).sum() / size.sum()), float(items[3].rate.y[at])}
    assert sorted(late["outcome"]) == pytest.approx(sorted(expected), abs=1e-9)


def test_a_member_that_has_ended_leaves_the_total(items: list[Occupancy]) -> None:
    """Its last figure may be bridged for two quarters, and no longer."""
    totals = honest_totals(found_of(items), UNITS, OWNERS)
    gone = totals[(totals["period"] > FIRST + 9 + 2) & (totals["model"] == "naive")]
    assert len(gone)
    assert (gone.groupby(["period", "horizon"]).size() == 2).all()
    assert gone["median"].between(0.2, 1).all()
    # With the ended half-empty thousand in it the larger total would stand near 0.55.
    largest = gone.groupby(["period", "horizon"])["median"].max()
    assert largest.min() > 0.6


def test_nothing_after_a_quarter_changes_what_was_said_of_its_total(items: list[Occupancy]) -> None:
    """No look-ahead: other figures later on leave medians and bands of earlier quarters as they were."""
    changed = [Occupancy(Series(i.rate.unique_id, FIRST, np.where(np.arange(len(i.rate.y)) > 14, 0.2, i.rate.y)),
                         i.in_service) for i in items]  # fmt: skip
    said = ["median", "low_80", "high_80", "low_95", "high_95"]
    one, two = (honest_totals(found_of(each), UNITS, OWNERS) for each in (items, changed))
    keys = ["model", "period", "horizon", "scale"]
    before = [each[each["period"] <= FIRST + 14].sort_values([*keys, "median"]) for each in (one, two)]
    assert len(before[0])
    np.testing.assert_array_equal(before[0][said].to_numpy(), before[1][said].to_numpy())


def test_bands_are_in_order_and_rates(items: list[Occupancy]) -> None:
    """What is scored is a rate with bands that do not cross."""
    totals = honest_totals(found_of(items), UNITS, OWNERS)
    band = totals[["low_95", "low_80", "median", "high_80", "high_95"]].to_numpy()
    assert (np.diff(band, axis=1) >= 0).all()
    assert band.min() >= 0
    assert band.max() <= 1
    assert honest_totals(found_of([]), (), ()).empty


def test_one_owner_counts_once_and_series_outside_totals_never(items: list[Occupancy]) -> None:
    """An operator and its own site are not added up: the larger one stands for both."""
    found = found_of(items)
    one, two = (honest_totals(found, units, ("A", "A", "C", "D")) for units in (UNITS, ("", "mw", "mw", "")))
    late = [each[(each["period"] == FIRST + 18) & (each["horizon"] == 1)] for each in (one, two)]
    assert len(late[0]) == 2 * len(late[1]) == 4
    assert set(late[1]["outcome"]) < set(late[0]["outcome"])
    assert late[1]["outcome"].iloc[0] == pytest.approx(items[1].rate.y[19])
