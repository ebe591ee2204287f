"""Joining leases with the panel: who gets which weight, and sums that still hold in every path."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from portfolios import learnt_of, made, quarter_end, standing_leases

from forecasts.leases.backtest import occupancy_medians
from forecasts.leases.joining import FEWEST_ORIGINS, joined, weight_table, weights
from forecasts.leases.scenario import Scenario, Shock
from forecasts.leases.simulate import Simulated, simulate

QUARTERS, HALLS = 4, 3
IDS = [f"F{at + 1}" for at in range(HALLS)]
FRACTION = st.floats(0, 1)


@lru_cache
def simulated() -> Simulated:
    """Three halls, one of which grows, with new leases; an odd number of paths, so that a median is one of them."""
    sizes = {"F1": 40.0, "F2": 40.0, "F3": 25.0}
    portfolio = made(standing_leases(1, 40, HALLS), sizes, [("F3", quarter_end(2), 10.0)], quarters=2)
    learnt = learnt_of(portfolio, absorption=0.1, absorption_sd=0.4)
    return simulate(learnt, horizon=QUARTERS, paths=41, seed=3, blocks=True)


def medians(values: np.ndarray) -> pd.DataFrame:
    """(halls, quarters) as the panel's frame."""
    return pd.DataFrame(
        {
            "facility_id": np.repeat(IDS, QUARTERS),
            "horizon": np.tile(np.arange(1, QUARTERS + 1), HALLS),
            "occupancy": values.ravel(),
        }
    )


def told(lease: np.ndarray, panel: np.ndarray, buildings: int = 10) -> pd.DataFrame:
    """A backtest with these errors, (origins, buildings), at horizon 1."""
    number = lease.shape[0]
    return pd.DataFrame(
        {
            "origin": np.repeat(pd.date_range("2020-03-31", periods=number, freq="QE"), buildings),
            "facility_id": np.tile([f"F{at}" for at in range(buildings)], number),
            "horizon": 1,
            "outcome": 0.5,
            "lease": 0.5 + lease.ravel(),
            "panel": 0.5 + panel.ravel(),
        }
    )


WEIGHTS = arrays.arrays(float, QUARTERS, elements=st.one_of(FRACTION, st.sampled_from([0.0, 1.0])))
PANELS = arrays.arrays(float, (HALLS, QUARTERS), elements=st.one_of(FRACTION, st.just(np.nan)))


@given(weight=WEIGHTS, panel=PANELS)
@settings(max_examples=80, deadline=None)
def test_sums_hold_in_every_path(weight: np.ndarray, panel: np.ndarray) -> None:
    """A stack, hall or total that disagrees with the others makes joint questions meaningless."""
    found = joined(simulated(), medians(panel), weight)
    capacity = np.stack([np.broadcast_to(found.capacity(np.array([at])), found.leased[0].shape) for at in range(HALLS)])
    assert (found.leased >= 0).all()
    assert (found.leased <= capacity * (1 + 1e-6)).all()
    assert (found.stack_leased >= 0).all()
    assert (found.stack_vacant >= 0).all()
    np.testing.assert_allclose(found.stack_leased.sum(axis=0), found.leased.sum(axis=0, dtype=float), atol=1e-4)
    vacant = (capacity - found.leased).sum(axis=0)
    np.testing.assert_allclose(found.stack_vacant.sum(axis=0), vacant, atol=1e-4)


@given(weight=WEIGHTS, panel=PANELS)
@settings(max_examples=40, deadline=None)
def test_contiguous_space_stays_within_what_is_free(weight: np.ndarray, panel: np.ndarray) -> None:
    """A block larger than the vacant space cannot be let."""
    found = joined(simulated(), medians(panel), weight)
    for at in range(HALLS):
        free = found.capacity(np.array([at])) - found.leased[at]
        before = simulated().capacity(np.array([at])) - simulated().leased[at]
        excess = np.maximum(simulated().largest[at] - before, 0)
        assert (found.largest[at] <= np.maximum(free, 0) + excess + 1e-4).all()


@given(panel=PANELS)
@settings(max_examples=20, deadline=None)
def test_weight_one_is_the_very_same_bits(panel: np.ndarray) -> None:
    """Where the panel adds nothing, nothing may change, not even by rounding."""
    assert joined(simulated(), medians(panel), np.ones(QUARTERS)) is simulated()


@given(weight=WEIGHTS, panel=PANELS)
@settings(max_examples=40, deadline=None)
def test_quarters_of_weight_one_are_untouched_among_others(weight: np.ndarray, panel: np.ndarray) -> None:
    """The weight of one horizon is no business of another."""
    found, alone = joined(simulated(), medians(panel), weight), simulated()
    still = weight == 1
    for name in ("leased", "stack_leased", "stack_vacant", "largest", "in_service"):
        np.testing.assert_array_equal(getattr(found, name)[..., still], getattr(alone, name)[..., still])


@given(weight=WEIGHTS, panel=PANELS)
@settings(max_examples=60, deadline=None)
def test_medians_become_the_weighted_ones(weight: np.ndarray, panel: np.ndarray) -> None:
    """What the backtest weighed are medians; the joined one has to lie where it says."""
    before = occupancy_medians(simulated())
    wanted = np.where(np.isnan(panel), before, weight * before + (1 - weight) * panel)
    # In F3 space differs by path, and so does the move in MW: its median is that of the occupancy all the same.
    found = occupancy_medians(joined(simulated(), medians(panel), weight))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_buildings_without_a_panel_are_not_moved() -> None:
    """A building without history is known from its leases alone."""
    panel = medians(np.full((HALLS, QUARTERS), 0.1))
    found = joined(simulated(), panel[panel["facility_id"] != "F2"], np.zeros(QUARTERS))
    np.testing.assert_array_equal(found.leased[1], simulated().leased[1])
    assert not np.array_equal(found.leased[0], simulated().leased[0])


def test_a_scenario_keeps_its_effect() -> None:
    """The panel knows no shock: pulling a scenario to it would take back what the shock did."""
    leaving = Shock("gone", "renewal_probability", 0.0, 0.0, 0.5, "analyst_prior")
    shocked = simulate(simulated().learnt, Scenario("s", "S", "", (leaving,)), QUARTERS, 41, 3, blocks=True)
    same = medians(occupancy_medians(simulated()))
    found = joined(shocked, same, np.zeros(QUARTERS), simulated())
    np.testing.assert_array_equal(found.leased, shocked.leased)
    with pytest.raises(ValueError, match="over 2 quarters; expected those of the scenario"):
        joined(shocked, same, np.zeros(QUARTERS), simulate(simulated().learnt, horizon=2, paths=3))


@pytest.mark.parametrize("weight", [np.ones(QUARTERS + 1), np.full(QUARTERS, 1.2), np.full(QUARTERS, np.nan)])
def test_wrong_weights_are_named(weight: np.ndarray) -> None:
    """A weight too many would silently be broadcast."""
    with pytest.raises(ValueError, match=f"expected {QUARTERS} figures from 0 to 1"):
        joined(simulated(), medians(np.full((HALLS, QUARTERS), 0.5)), weight)


def test_two_rows_of_one_building_are_named() -> None:
    """Which of two medians is meant is not for us to guess."""
    panel = medians(np.full((HALLS, QUARTERS), 0.5))
    with pytest.raises(ValueError, match="a second row of 'F1' at horizon 1"):
        joined(simulated(), pd.concat([panel, panel.iloc[:1]]), np.zeros(QUARTERS))


def test_a_panel_that_knows_better_gets_weight() -> None:
    """Six origins at which the panel is right and the leases are not."""
    rng = np.random.default_rng(1)
    found = weight_table(told(rng.normal(0, 0.2, (6, 10)), rng.normal(0, 0.01, (6, 10))), 1).iloc[0]
    assert found["gain"] > found["standard_error"] > 0
    assert found["weight"] == pytest.approx(4 * 0.75 / 10, abs=0.01)


def test_a_panel_that_knows_nothing_gets_none() -> None:
    """The simulation stands alone, whole."""
    rng = np.random.default_rng(2)
    assert weights(told(rng.normal(0, 0.05, (6, 10)), rng.normal(0, 0.3, (6, 10))), 1).tolist() == [1.0]


def test_one_lucky_origin_is_chance() -> None:
    """Buildings of one origin share their quarters: sixty pairs are not sixty proofs."""
    lease, panel = np.full((6, 10), 0.05), np.full((6, 10), 0.06)
    lease[0], panel[0] = 0.5, 0.0
    assert weight_table(told(lease, panel), 1)["gain"].iloc[0] > 0
    assert weights(told(lease, panel), 1).tolist() == [1.0]


def test_few_origins_show_nothing() -> None:
    """Two origins have no standard error worth its name."""
    count = FEWEST_ORIGINS - 1
    found = told(np.full((count, 10), 0.3), np.zeros((count, 10)))
    assert weights(found, 1).tolist() == [1.0]


def test_without_pairs_the_leases_stand_alone() -> None:
    """Horizons beyond the backtest, and portfolios without one."""
    found = told(np.full((6, 10), 0.3), np.zeros((6, 10)))
    assert weights(found.iloc[:0], 3).tolist() == [1.0, 1.0, 1.0]
    assert weights(found, 4)[3] == 1.0
    assert weights(found.assign(panel=np.nan), 2).tolist() == [1.0, 1.0]


@given(
    lease=arrays.arrays(float, (4, 3), elements=st.floats(-0.5, 0.5)),
    panel=arrays.arrays(float, (4, 3), elements=st.floats(-0.5, 0.5)),
)
@settings(max_examples=60, deadline=None)
def test_weights_are_fractions_and_joining_never_lost_in_the_backtest(lease: np.ndarray, panel: np.ndarray) -> None:
    """Whatever the errors, the panel only has a say where it took something off the error."""
    row = weight_table(told(lease, panel, 3), 1).iloc[0]
    assert 0 <= row["weight"] <= 1
    weight = row["weight"]
    assert np.abs(weight * lease + (1 - weight) * panel).mean() <= np.abs(lease).mean() + 1e-12


def test_missing_columns_are_named() -> None:
    """A frame of another kind must not end in a bare KeyError."""
    with pytest.raises(ValueError, match=r"\['panel'\] are missing"):
        weights(told(np.zeros((3, 10)), np.zeros((3, 10))).drop(columns="panel"), 1)
