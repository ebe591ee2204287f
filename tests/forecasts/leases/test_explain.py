"""Explanations: steps add up to the difference, an inert shock explains nothing, what was shocked carries it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from portfolios import grown, learnt_of

from forecasts.leases.explain import (
    CARRIER_COLUMNS,
    TORNADO_COLUMNS,
    WATERFALL_COLUMNS,
    carriers,
    tornado,
    waterfall,
)
from forecasts.leases.kernel import CAUSES
from forecasts.leases.learning import Learnt, learn
from forecasts.leases.portfolio import STACKS
from forecasts.leases.scenario import BASE, Scenario, Shock
from forecasts.leases.simulate import simulate

HORIZON, QUARTER, PATHS = 6, 5, 96
NO_RENEWAL = Shock("no_renewal", "renewal_probability", 0.0, 0.0, 0.4, "C04", {"sector": ("government",)})
INERT = Shock("inert", "renewal_odds", 0.5, 0.2, 1.0, "C04", {"market": ("elsewhere",)})
DEMAND = Shock("demand", "demand", 1.5, 1.0, 2.0, "C06", {"stack": ("us",)})
POLICY = Scenario("policy", "Policy", "", (NO_RENEWAL, INERT, DEMAND))


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    """Two operators with three halls each and 24 quarters of history."""
    portfolio = grown(11)
    sites = portfolio.facilities.assign(operator=["A", "A", "A", "B", "B", "B"])
    return learnt_of(replace(portfolio, facilities=sites), absorption=0.1, elasticity_sd=0.1, absorption_sd=0.5)


@pytest.fixture(scope="module")
def steps(learnt: Learnt) -> pd.DataFrame:
    return waterfall(learnt, POLICY, HORIZON, QUARTER, PATHS, 3)


def test_steps_add_up_at_every_level(steps: pd.DataFrame) -> None:
    """A waterfall with a rest is no explanation."""
    assert tuple(steps.columns) == WATERFALL_COLUMNS
    for _, part in steps.groupby(["split", "level", "series_id"]):
        between = part["delta_mw"].to_numpy()
        assert part["position"].tolist() == list(range(len(part)))
        assert (part["cause"].iloc[0], part["cause"].iloc[-1]) == ("base", "scenario")
        assert between[:-1].sum() == pytest.approx(between[-1], abs=1e-9)


def test_parts_add_up_to_the_total(steps: pd.DataFrame) -> None:
    """What operators and stacks lose is what the whole loses, cause by cause."""
    for split, level in (("shock", "operator"), ("shock", "stack"), ("event", "operator")):
        own = steps[steps["split"] == split]
        whole = own[own["level"] == "total"].set_index("position")["delta_mw"]
        parts = own[own["level"] == level].groupby("position")["delta_mw"].sum()
        assert parts.to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-3)
    assert set(steps.loc[steps["level"] == "stack", "series_id"]) == set(STACKS)


def test_the_ends_are_the_simulations_own(learnt: Learnt, steps: pd.DataFrame) -> None:
    """Both splits start at the published base and end at the published scenario."""
    for cause, scenario in (("base", BASE), ("scenario", POLICY)):
        leased = simulate(learnt, scenario, HORIZON, PATHS, 3).leased[:, :, QUARTER - 1].sum(axis=0, dtype=float).mean()
        shown = steps[(steps["level"] == "total") & (steps["cause"] == cause)].set_index("split")["delta_mw"]
        assert shown["shock"] == pytest.approx(leased, abs=1e-4)
        assert shown["event"] == pytest.approx(leased, abs=1e-3)


def test_causes_keep_their_order_and_an_inert_shock_is_nothing(steps: pd.DataFrame) -> None:
    """With common random numbers a shock that meets nothing costs exactly nothing, and a real one shows."""
    total = steps[(steps["level"] == "total") & (steps["split"] == "shock")].set_index("cause")
    assert total.index.tolist() == ["base", "no_renewal", "inert", "demand", "scenario"]
    assert total.loc["inert", ["delta_mw", "se_mw"]].tolist() == [0.0, 0.0]
    assert total.loc["no_renewal", "delta_mw"] < -3 * total.loc["no_renewal", "se_mw"] < 0
    assert total.loc["demand", "delta_mw"] > 0
    events = steps[(steps["level"] == "total") & (steps["split"] == "event")].set_index("cause")["delta_mw"]
    assert events.index.tolist() == ["base", *CAUSES, "scenario"]
    assert events["expiry"] == events[list(CAUSES)].min()


def test_the_base_has_no_steps(learnt: Learnt) -> None:
    """A scenario without shocks explains no difference."""
    frame = waterfall(learnt, BASE, HORIZON, QUARTER, 8, 3)
    ends = frame[frame["split"] == "shock"].pivot(index=["level", "series_id"], columns="cause", values="delta_mw")
    assert ends["base"].to_numpy() == pytest.approx(ends["scenario"].to_numpy())
    assert (frame.loc[frame["cause"].isin(CAUSES), "delta_mw"] == 0).all()


def test_a_tornado_is_sorted_and_an_inert_number_swings_nothing(learnt: Learnt) -> None:
    """The widest bar comes first; what cannot matter has no bar."""
    frame = tornado(
        learnt, POLICY, HORIZON, QUARTER, PATHS, 3,
        priors={"leases.renewal": (0.5, 0.9), "absorption": (0.03, 0.3)}, multipliers={"lock_in": (0.0, 1.0)},
    )  # fmt: skip
    assert tuple(frame.columns) == TORNADO_COLUMNS
    assert set(frame["name"]) == {"no_renewal", "inert", "demand", "lock_in", "renewal", "absorption"}
    for _, part in frame.groupby(["level", "series_id"]):
        assert part["swing_mw"].is_monotonic_decreasing
    total = frame[frame["level"] == "total"].set_index("name")
    assert total.loc["inert", "swing_mw"] == total.loc["lock_in", "swing_mw"] == 0
    assert total.loc["no_renewal", "leased_low_mw"] == total.loc["no_renewal", "leased_mw"]
    assert total.loc["no_renewal", "leased_high_mw"] > total.loc["no_renewal", "leased_low_mw"]
    assert total.loc["absorption", "leased_high_mw"] > total.loc["absorption", "leased_low_mw"]
    assert total["swing_pp"].to_numpy() == pytest.approx(
        100 * (total["occupancy_high"] - total["occupancy_low"]).abs().to_numpy()
    )
    assert total["leased_mw"].nunique() == 1


def test_a_tornado_learns_again_what_was_learnt(learnt: Learnt) -> None:
    """A prior at its own value gives the same estimates, so that a bar shows the prior and not a detour."""
    again = learn(learnt.portfolio, learnt.evidence, learnt.priors)
    assert np.array_equal(again.hall, learnt.hall)
    assert np.array_equal(again.hazards.renewal.estimate.mode, learnt.hazards.renewal.estimate.mode)
    assert np.array_equal(again.demand.rates.mode, learnt.demand.rates.mode)


@pytest.mark.parametrize(
    ("ranges", "match"),
    [
        ({"priors": {"renewl": (0.1, 0.2)}}, "prior 'renewl' is not known; known are renewal"),
        ({"priors": {"renewal": (0.9, 0.2)}}, "low 0.9 lies above high 0.2"),
        ({"multipliers": {"lockin": (0.0, 1.0)}}, "multiplier 'lockin' is not known; known are lock_in"),
    ],
)
def test_an_unknown_number_is_told(
    learnt: Learnt, ranges: dict[str, dict[str, tuple[float, float]]], match: str
) -> None:
    """A misspelt assumption must not look like one that swings nothing."""
    with pytest.raises(ValueError, match=match):
        tornado(learnt, POLICY, HORIZON, QUARTER, 8, 3, **ranges)  # type: ignore[arg-type]


def test_carriers_are_the_leases_that_were_shocked(learnt: Learnt) -> None:
    """Whoever asks which leases to look at gets those of government that expire, and none else."""
    frame = carriers(learnt, replace(POLICY, shocks=(NO_RENEWAL,)), HORIZON, QUARTER)
    assert tuple(frame.columns) == CARRIER_COLUMNS
    assert frame["delta_mw"].to_numpy() == pytest.approx((frame["scenario_mw"] - frame["base_mw"]).to_numpy())
    carrying = frame[frame["delta_mw"].abs() > 1e-9]
    assert len(carrying)
    assert set(carrying["sector"]) == {"government"}
    assert (carrying["end_date"] < learnt.portfolio.as_of + pd.offsets.QuarterEnd(QUARTER)).all()
    assert frame["share_of_change"].sum() == pytest.approx(1.0)
    assert frame["delta_mw"].abs().is_monotonic_decreasing


def test_carriers_agree_with_the_waterfall(learnt: Learnt) -> None:
    """Two explanations of one difference: leases that leave, by arithmetic and by paths."""
    scenario = replace(POLICY, shocks=(NO_RENEWAL,))
    frame = waterfall(learnt, scenario, HORIZON, QUARTER, 1000, 5)
    events = frame[(frame["level"] == "total") & (frame["split"] == "event")].set_index("cause")["delta_mw"]
    lost = events[["expiry", "early_end", "smaller", "larger"]].sum()
    assert carriers(learnt, scenario, HORIZON, QUARTER)["delta_mw"].sum() == pytest.approx(lost, rel=0.15)


@pytest.mark.parametrize("quarter", [0, HORIZON + 1])
def test_a_quarter_outside_the_horizon_is_refused(learnt: Learnt, quarter: int) -> None:
    """Quarter 0 would silently be the last one."""
    for explain in (waterfall, tornado, carriers):
        with pytest.raises(ValueError, match="between 1 and the horizon"):
            explain(learnt, POLICY, HORIZON, quarter)
