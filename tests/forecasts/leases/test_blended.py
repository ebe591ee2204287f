"""The simulated expected path agrees with the blended one: exactly for standing leases, closely with new ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from portfolios import grown, learnt_of, lease, made, quarter_end, standing_leases, with_terms

from forecasts.leases.blended import expected_leases, expected_path
from forecasts.leases.learning import Learnt
from forecasts.leases.pooling import expit
from forecasts.leases.scenario import BASE, Scenario, Shock
from forecasts.leases.simulate import make_cells, simulate, standing

HALLS = 12
ROOM = {f"F{at + 1}": 1000.0 for at in range(HALLS)}
PATHS = 8000
# Of 96 means a normal one strays beyond this once in 1,600 tests.
FAR = 4.5


def by_hall(learnt: Learnt, each: np.ndarray) -> np.ndarray:
    """Sums over halls of the rows of standing(), (halls, quarters)."""
    ids = {name: at for at, name in enumerate(learnt.portfolio.facilities["facility_id"])}
    sums = np.zeros((len(ids), each.shape[1]))
    np.add.at(sums, standing(learnt)["facility_id"].map(ids).to_numpy(), each)
    return sums


def agree(learnt: Learnt, spread: float, together: float, scenario: Scenario = BASE) -> None:
    """z-test of halls and of the total in each quarter."""
    wanted = by_hall(learnt, expected_leases(learnt, scenario, spread=spread))
    found = simulate(learnt, scenario, paths=PATHS, seed=11, spread=spread, together=together).leased.astype(float)
    for mw, goal in ((found, wanted), (found.sum(axis=0)[None], wanted.sum(axis=0)[None])):
        error = np.maximum(mw.std(axis=1) / np.sqrt(PATHS), 1e-5)
        z = (mw.mean(axis=1) - goal) / error
        assert np.abs(z).max() < FAR, f"off by {np.abs(z).max():.1f} standard errors"


@pytest.fixture(scope="module")
def roomy() -> Learnt:
    """600 leases of all kinds, a tenth of them signed, in halls with room for anything, and no new demand."""
    return learnt_of(made(standing_leases(1, 600, HALLS), ROOM))


@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize("terms", [(20,), (1, 2, 4)])
def test_standing_leases_agree_exactly(roomy: Learnt, spread: float, terms: tuple[int, ...]) -> None:
    """The issue's test: early ends, renewals (one, or several within the horizon), sizes, delays, with and without
    spread.
    """
    agree(with_terms(roomy, *terms), spread, together=0.0)


def test_agreement_holds_under_strong_drift_and_many_early_ends() -> None:
    """Drift moves renewals and early ends of a group at once and in opposite directions, on both paths."""
    portfolio = made(standing_leases(1, 600, HALLS), ROOM)
    learnt = learnt_of(portfolio, sector_drift=0.3, stack_drift=0.2, early_exit=0.04, early_exit_sd=0.2)
    agree(with_terms(learnt, 1, 2, 4), 1.0, together=0.0)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_tenants_acting_together_leave_the_expectation_as_it_is(roomy: Learnt, spread: float) -> None:
    """Correlation widens bands and moves no mean, where each lease is renewed at most once."""
    agree(with_terms(roomy, 20), spread, together=0.5)


def test_agreement_holds_under_shocks(roomy: Learnt) -> None:
    """Every shock on hazards acts on both paths alike."""
    shocks = (
        Shock("a", "renewal_odds", 0.4, 0.2, 0.8, "analyst_prior", {"sector": ("government",)}, full_quarter=6),
        Shock("b", "early_end_rate", 6.0, 2, 9, "analyst_prior", {"stack": ("us",)}, from_quarter=3),
        Shock("c", "early_end_probability", 0.3, 0.1, 0.5, "analyst_prior", {"sector": ("sme",)}, to_quarter=5),
        Shock("d", "renewal_probability", 0.1, 0, 1, "analyst_prior", {"sector": ("telecom",)}),
    )
    agree(with_terms(roomy, 2, 5), 1.0, together=0.0, scenario=Scenario("s", "S", "", shocks))


def test_agreement_holds_over_outcomes(roomy: Learnt) -> None:
    """Where a scenario ends in one of several ways, the expectation is that of all, by their probabilities."""
    where = {"sector": ("government", "banking")}
    shocks = tuple(
        Shock(name, "renewal_odds", odds, 0.1, 4, "analyst_prior", where, outcome=name)
        for name, odds in (("bad", 0.05), ("good", 1.5))
    )
    scenario = Scenario("s", "S", "", shocks, outcomes={"bad": 0.15, "good": 0.25, "as it was": 0.6})
    agree(with_terms(roomy, 20), 1.0, together=0.0, scenario=scenario)


def test_agreement_holds_without_growth_in_halls_just_as_large_as_their_leases() -> None:
    """Where no renewal grows, space limits nothing even in full halls."""
    rows = standing_leases(4, 300, HALLS, signed=0.0)
    full = pd.DataFrame(rows).groupby("facility_id")["mw"].sum().to_dict()
    agree(with_terms(learnt_of(made(rows, full), expand=0.0), 3, 9), 1.0, together=0.0)


def test_one_lease_by_hand() -> None:
    """The figures of a lease that expires in quarter 3 and is renewed for two quarters, worked out by hand."""
    learnt = with_terms(learnt_of(made([lease(1, mw=2.0, end_date=quarter_end(2))]), shrink=0.0, expand=0.0), 2)
    rate = float(np.exp(_level(learnt, "early")))
    p, stay = float(expit(np.array(_level(learnt, "renewal")))), float(np.exp(-rate))
    wanted = [stay, stay**2, stay**2 * p, stay**3 * p, stay**3 * p**2, stay**4 * p**2]
    assert expected_leases(learnt, horizon=6, spread=0.0)[0] == pytest.approx(2.0 * np.array(wanted))


def _level(learnt: Learnt, which: str) -> float:
    """Mode of the predictor of the one lease there is, read off its cell."""
    cells = make_cells(learnt, BASE, standing(learnt))
    hazard = getattr(learnt.hazards, which)
    return float(cells.renewal[cells.of_lease[0]] @ hazard.estimate.mode)


def test_settled_and_signed_leases_by_hand() -> None:
    """A lease with a signed renewal stays to its end and no longer; its renewal follows without delay or chance."""
    rows = [
        lease(1, mw=2.0, end_date=quarter_end(2)),
        lease(2, mw=3.0, start_date=quarter_end(2) + pd.Timedelta(days=1), end_date=quarter_end(30), renewal_of="L1"),
        lease(3, mw=5.0, start_date=quarter_end(3) + pd.Timedelta(days=1), end_date=quarter_end(30)),
    ]
    learnt = learnt_of(made(rows), early_exit=1e-9, early_exit_sd=1e-3, delay=0.0)
    found = expected_leases(learnt, horizon=6, spread=0.0)
    assert found[0] == pytest.approx([2, 2, 0, 0, 0, 0])
    assert found[1] == pytest.approx([0, 0, 3, 3, 3, 3], abs=1e-5)
    assert found[2] == pytest.approx([0, 0, 0, 5, 5, 5], abs=1e-5)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_path_without_demand_is_the_sum_of_leases(roomy: Learnt, spread: float) -> None:
    """Without new leases and with room the path of halls has nothing to add."""
    found = expected_path(roomy, spread=spread)
    assert found == pytest.approx(by_hall(roomy, expected_leases(roomy, spread=spread)), abs=1e-6)


@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize("renewal", [0.4, 0.8])
def test_path_with_new_leases_agrees_within_points(spread: float, renewal: float) -> None:
    """With new leases the mean field is near: 0.7 points of capacity in the total, 2 in any hall, in every quarter."""
    portfolio = grown(5, halls=10, quarters=24, renewal=renewal, absorption=0.12, early=0.01)
    coming = pd.DataFrame({"facility_id": ["F1", "F2"], "planned_date": quarter_end(2), "mw": [8.0, 12.0]})
    learnt = learnt_of(
        replace(portfolio, deliveries=coming), absorption=0.1, absorption_sd=0.6, market_sd=0.3, fresh=0.5,
        fresh_sd=0.3, elasticity=0.9, elasticity_sd=0.1, pre_lease_share=0.15, pre_lease_events=8.0,
    )  # fmt: skip
    found = expected_path(learnt, spread=spread)
    run = simulate(learnt, paths=4000, seed=2, spread=spread, together=0.0)
    mw = run.leased.mean(axis=1, dtype=float)
    held = np.array([run.capacity(np.array([hall])).mean(axis=0) for hall in range(10)])
    assert (np.abs(found.sum(axis=0) - mw.sum(axis=0)) / held.sum(axis=0)).max() < 0.007
    assert (np.abs(found - mw) / held).max() < 0.02
    assert (found <= held + 0.3).all()


def test_more_nodes_change_nothing(roomy: Learnt) -> None:
    """Nine nodes are enough: fifteen give the same figures to three hundred-thousandths."""
    few, many = (expected_leases(with_terms(roomy, 2, 4), nodes=nodes).sum(axis=0) for nodes in (9, 15))
    assert few == pytest.approx(many, rel=3e-5)


def test_leases_alike_have_courses_alike() -> None:
    """Leases are integrated by cells; what a lease gets must not depend on which others stand beside it."""
    rows = standing_leases(3, 60, HALLS)
    alone = learnt_of(made(rows, ROOM))
    twice = [{**row, "lease_id": f"X{row['lease_id']}"} for row in rows]
    both = expected_leases(with_terms(learnt_of(made([*rows, *twice], ROOM)), 3), horizon=6)
    assert both[:60] == pytest.approx(both[60:], abs=1e-12)
    assert both[:60] == pytest.approx(expected_leases(with_terms(alone, 3), horizon=6), rel=0.02)


def test_horizon_below_one_is_refused(roomy: Learnt) -> None:
    """A horizon of nothing is a slip of the caller's."""
    with pytest.raises(ValueError, match="at least 1"):
        expected_leases(roomy, horizon=0)
    with pytest.raises(ValueError, match="at least 1"):
        expected_path(roomy, nodes=0)
