"""Paths of a portfolio: the same bits however they are computed, space never let twice, and luck scenarios share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import AS_OF, grown, learnt_of, lease, made, quarter_end, standing_leases, with_terms

from forecasts.leases.kernel import BLOCKS
from forecasts.leases.learning import Learnt
from forecasts.leases.portfolio import STACKS
from forecasts.leases.scenario import BASE, Scenario, Shock
from forecasts.leases.simulate import Simulated, delivery_delays, simulate

OPEN = {
    "absorption": 0.15, "absorption_sd": 0.4, "market_sd": 0.3, "fresh": 0.4, "fresh_sd": 0.3,
    "elasticity": 0.9, "elasticity_sd": 0.1, "pre_lease_share": 0.2,
    "pre_lease_events": 8.0, "expand": 0.4,
}  # fmt: skip
# Nothing is left to chance: no early end, no delay; renewals as asked for.
SURE = {"early_exit": 1e-9, "early_exit_sd": 1e-3, "delay": 0.0, "delay_events": 1e6, "shrink": 0.0, "expand": 0.0}
NEXT_DAY = pd.Timedelta(days=1)
# Paths are kept as 32-bit floats.
ROUNDING = 1e-4


def tight(seed: int, count: int = 90, halls: int = 3) -> Learnt:
    """Halls just as large as the leases in place, with phases coming, signed leases waiting, growth and new demand."""
    rows = standing_leases(seed, count, halls, signed=0.25)
    frame = pd.DataFrame(rows)
    there = frame[frame["start_date"] <= AS_OF].groupby("facility_id")["mw"].sum()
    phases = [("F1", quarter_end(1), 6.0), ("F1", quarter_end(3), 4.0), ("F2", quarter_end(2), 10.0)]
    sites = {f"F{at + 1}": float(np.ceil(there.get(f"F{at + 1}", 0.0) + at)) for at in range(halls)}
    markets = {"F1": "M1", "F2": "M2", "F3": "M1"}
    return learnt_of(made(rows, sites, phases, markets=markets), **OPEN)


def arrays(run: Simulated) -> dict[str, np.ndarray]:
    names = ("leased", "in_service", "stack_leased", "stack_vacant", "largest", "flows")
    return {name: getattr(run, name) for name in names}


def in_service(run: Simulated) -> np.ndarray:
    """MW in service of each hall and path, (halls, paths, quarters)."""
    one = [np.broadcast_to(run.capacity(np.array([hall])), run.leased[hall].shape) for hall in range(len(run.leased))]
    return np.array(one)


def one_shock(acts_on: str, value: float, where: Mapping[str, tuple[str, ...]] | None = None, **own: Any) -> Scenario:
    return Scenario("s", "S", "", (Shock("a", acts_on, value, value, value, "analyst_prior", where or {}, **own),))


@pytest.mark.parametrize("workers", [2, 3])
def test_bits_do_not_depend_on_workers(workers: int) -> None:
    """The issue's rule: same seed, same bits, whatever the number of workers."""
    learnt = tight(1)
    single = arrays(simulate(learnt, paths=150, seed=4, blocks=True))
    several = arrays(simulate(learnt, paths=150, seed=4, blocks=True, workers=workers))
    for name, values in single.items():
        assert values.tobytes() == several[name].tobytes(), name


def test_same_seed_same_bits_and_another_seed_others() -> None:
    """A run can be repeated, and a seed that changes nothing would be no seed."""
    learnt = tight(2)
    first, again, other = (simulate(learnt, paths=40, seed=seed).leased for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert (first != other).any()


@pytest.mark.parametrize("fewer", [1, 31, 33, 64])
def test_paths_stay_when_more_are_asked_for(fewer: int) -> None:
    """Path k is path k, in however large a run."""
    learnt = tight(3)
    few, many = simulate(learnt, paths=fewer, blocks=True), simulate(learnt, paths=100, blocks=True)
    for name in ("leased", "in_service", "stack_leased", "stack_vacant", "largest"):
        assert (getattr(few, name) == getattr(many, name)[:, :fewer]).all(), name


def test_standing_leases_do_not_depend_on_the_horizon() -> None:
    """Looking further ahead does not change what happens before; without new leases, to the bit."""
    learnt = learnt_of(made(standing_leases(5, 60, 2), {"F1": 200.0, "F2": 200.0}))
    assert (simulate(learnt, horizon=4).leased == simulate(learnt, horizon=9).leased[:, :, :4]).all()


@given(seed=st.integers(0, 10_000), horizon=st.integers(1, 10), spread=st.sampled_from([0.0, 1.0, 2.0]))
@settings(max_examples=25, deadline=None)
def test_space_is_never_let_twice_and_sums_agree(seed: int, horizon: int, spread: float) -> None:
    """In every path, hall and quarter: 0 <= leased <= in service, halls add up to stacks, blocks to vacancy."""
    run = simulate(tight(seed), horizon=horizon, paths=40, seed=seed, spread=spread, blocks=True)
    held = in_service(run)
    assert run.leased.min() >= -ROUNDING
    assert (run.leased <= held + ROUNDING).all()
    assert run.stack_leased.min() >= -ROUNDING
    assert run.stack_leased.sum(axis=0) == pytest.approx(run.leased.sum(axis=0, dtype=float), abs=ROUNDING)
    vacancy = (held - run.leased).clip(min=0)
    assert run.stack_vacant.sum(axis=0) == pytest.approx(vacancy.sum(axis=0, dtype=float), abs=ROUNDING)
    assert (run.largest <= vacancy + ROUNDING).all()
    assert (run.largest >= vacancy / BLOCKS - ROUNDING).all()
    assert (np.diff(held, axis=2) >= -ROUNDING).all()


def test_each_stack_has_the_mw_of_its_own_leases() -> None:
    """Sums over stacks would not show MW booked on the wrong one: with a hall for each stack, stacks are halls."""
    halls = dict(zip(STACKS, ("F1", "F2", "F3", "F4"), strict=True))
    rows = [{**row, "facility_id": halls[row["stack"]]} for row in standing_leases(12, 200, 1, signed=0.2)]
    learnt = with_terms(learnt_of(made(rows, dict.fromkeys(halls.values(), 400.0)), expand=0.4), 2, 6)
    run = simulate(learnt, paths=100)
    assert run.stack_leased == pytest.approx(run.leased, abs=ROUNDING)


def test_flows_explain_every_change() -> None:
    """Causes add up to the change of leased MW in each quarter; a cause left out would vanish from the waterfall."""
    learnt = tight(6)
    run = simulate(learnt, one_shock("moves_share", 0.5, {"stack": ("us",)}, to_stack="mainland"), paths=200)
    now = float(learnt.dates.leases.loc[learnt.dates.leases["in_place"], "mw"].sum())
    total = run.leased.sum(axis=0, dtype=float).mean(axis=0)
    assert run.flows.sum(axis=(0, 1)) == pytest.approx(np.diff(total, prepend=now), abs=1e-3)
    assert (run.flows[:, :3] <= 1e-9).all()
    assert (run.flows[:, 3:] >= -1e-9).all()


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("none", "None", ""),
        one_shock("renewal_odds", 1.0),
        one_shock("early_end_rate", 1.0),
        one_shock("demand", 1.0),
        one_shock("rival_mw", 0.0),
        one_shock("delivery_delay_quarters", 0.0),
        one_shock("renewal_odds", 0.1, {"market": ("elsewhere",)}),
        one_shock("early_end_probability", 0.9, from_quarter=9, full_quarter=9),
    ],
    ids=lambda scenario: "-".join(shock.acts_on for shock in scenario.shocks) or "none",
)
def test_a_scenario_without_effect_gives_the_same_bits(scenario: Scenario) -> None:
    """A difference between scenarios has to be the scenario's and not luck's."""
    learnt = tight(7)
    base, other = simulate(learnt, paths=60), simulate(learnt, scenario, paths=60)
    for name, values in arrays(base).items():
        assert values.tobytes() == arrays(other)[name].tobytes(), name


@pytest.mark.parametrize(
    "scenario",
    [
        one_shock("renewal_odds", 0.3, {"sector": ("government", "state_linked")}),
        one_shock("renewal_probability", 0.0, {"stack": ("us",)}),
        one_shock("early_end_rate", 5.0),
        one_shock("early_end_probability", 0.5, {"sensitivity_tier": ("restricted",)}, to_quarter=4),
    ],
    ids=lambda scenario: scenario.shocks[0].acts_on,
)
def test_a_shock_that_drives_leases_out_raises_no_hall_in_any_path(scenario: Scenario) -> None:
    """A lease meets the same luck in every scenario, so with demand off and room for all nothing can gain, path by
    path.
    """
    rows = standing_leases(8, 240, 60, signed=0.1)
    learnt = with_terms(learnt_of(made(rows, {f"F{at + 1}": 500.0 for at in range(60)})), 2, 6)
    base, shocked = simulate(learnt, paths=200), simulate(learnt, scenario, paths=200)
    assert (shocked.leased <= base.leased + ROUNDING).all()
    assert shocked.leased.sum() < base.leased.sum()


def test_more_demand_brings_more_and_none_brings_none() -> None:
    """Signs: demand up, more leased; demand at nothing, no new lease."""
    learnt = learnt_of(grown(3, halls=6, absorption=0.1), **OPEN)
    none, base, more = (simulate(learnt, one_shock("demand", value), paths=300) for value in (0.0, 1.0, 2.0))
    assert none.flows[:, 6].sum() == 0
    assert none.leased.mean() < base.leased.mean() < more.leased.mean()


def test_a_lease_stays_through_its_last_day() -> None:
    """In place at a quarter end where commencement <= quarter end <= end: an end exactly on a quarter end still
    counts.
    """
    ends = [quarter_end(2), quarter_end(2) - NEXT_DAY, quarter_end(2) + NEXT_DAY, AS_OF]
    rows = [lease(at, facility_id=f"F{at + 1}", end_date=end) for at, end in enumerate(ends)]
    sites = {f"F{at + 1}": 5.0 for at in range(4)}
    learnt = learnt_of(made(rows, sites), **SURE, renewal=1e-6, renewal_sd=1e-3)
    found = simulate(learnt, horizon=4, paths=20, spread=0.0).leased
    wanted = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    assert (found == wanted[:, None, :]).all()


def test_signed_leases_commence_at_the_announced_date() -> None:
    """Without delay a signed lease is there from the first quarter end on or after its commencement."""
    starts = [AS_OF + NEXT_DAY, quarter_end(2), quarter_end(2) + NEXT_DAY]
    rows = [
        lease(at, facility_id=f"F{at + 1}", start_date=start, end_date=quarter_end(20))
        for at, start in enumerate(starts)
    ]
    learnt = learnt_of(made(rows, {f"F{at + 1}": 5.0 for at in range(3)}), **SURE)
    found = simulate(learnt, horizon=4, paths=20, spread=0.0).leased
    assert (found == np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1]])[:, None, :]).all()


def test_signed_leases_are_late_with_the_chances_learnt() -> None:
    """Each commences late with the delays' probabilities, to within 4.5 standard errors."""
    rows = [lease(1, start_date=AS_OF + NEXT_DAY, end_date=quarter_end(40))]
    learnt = learnt_of(made(rows), **SURE | {"delay": 0.4})
    found = simulate(learnt, horizon=6, paths=6000, spread=0.0).leased[0]
    wanted = np.cumsum(learnt.hazards.delay)[:6]
    error = np.sqrt(wanted * (1 - wanted) / 6000)
    assert (np.abs(found.mean(axis=0) - wanted) < 4.5 * error).all()


def test_signed_leases_wait_for_room() -> None:
    """A full hall lets a signed lease in with the phase it waits for, in each path in the quarter that brings it."""
    rows = [
        lease(1, mw=10.0, end_date=quarter_end(30)),
        lease(2, mw=5.0, start_date=AS_OF + NEXT_DAY, end_date=quarter_end(30)),
    ]
    learnt = learnt_of(made(rows, {"F1": 10.0}, [("F1", quarter_end(2), 5.0)]), **SURE, delivery_delay=0.5)
    run = simulate(learnt, horizon=8, paths=300, spread=0.0)
    assert (run.leased[0] == run.in_service[0]).all()
    assert (run.leased[0, :, 0] == 10).all()
    assert len(np.unique(run.leased[0, :, 2])) == 2


def test_a_signed_lease_takes_space_that_is_left_in_the_same_quarter() -> None:
    """Ends come before commencements, so a handover on a quarter's first day leaves no gap."""
    rows = [
        lease(1, mw=10.0, end_date=quarter_end(2)),
        lease(2, mw=10.0, start_date=quarter_end(2) + NEXT_DAY, end_date=quarter_end(30)),
    ]
    learnt = learnt_of(made(rows, {"F1": 10.0}), **SURE, renewal=1e-6, renewal_sd=1e-3)
    assert (simulate(learnt, horizon=5, paths=20, spread=0.0).leased == 10).all()


def test_growth_is_cut_to_the_space_there_is() -> None:
    """A renewal that wants a third more in a hall with a tenth to spare gets the tenth."""
    learnt = learnt_of(
        made([lease(1, mw=10.0, end_date=AS_OF)], {"F1": 11.0}), **SURE, renewal=1 - 1e-9, renewal_sd=1e-3
    )
    learnt = replace(learnt, hazards=replace(learnt.hazards, size=np.full(64, 1.35)))
    run = simulate(learnt, horizon=3, paths=20, spread=0.0, blocks=True)
    assert run.leased == pytest.approx(11.0)
    assert run.largest == pytest.approx(0.0, abs=1e-6)


def test_phases_slip_with_the_stated_probabilities() -> None:
    """A phase planned for quarter 2 comes in quarter 2 + k with the chance of k quarters of delay, and never before."""
    learnt = learnt_of(made([], {"F1": 10.0}, [("F1", quarter_end(2), 5.0)]), delivery_delay=0.4)
    run = simulate(learnt, horizon=8, paths=6000)
    wanted = np.concatenate([[0.0], np.cumsum(delivery_delays(learnt))[:7]])
    share = (run.in_service[0] == 15).mean(axis=0)
    error = np.sqrt(wanted * (1 - wanted) / 6000)
    assert delivery_delays(learnt).sum() == pytest.approx(1)
    assert (np.abs(share - wanted) <= 4.5 * error + 1e-12).all()


def test_shocks_on_deliveries_delay_and_cancel() -> None:
    """Two quarters later means just that in every path; cancelled with certainty means never."""
    learnt = learnt_of(made([], {"F1": 10.0}, [("F1", quarter_end(1), 5.0)]))
    base = simulate(learnt, paths=200).in_service[0]
    later = simulate(learnt, one_shock("delivery_delay_quarters", 2.0), paths=200).in_service[0]
    assert (later[:, 2:] == base[:, :-2]).all()
    assert (later[:, :2] == 10).all()
    assert (simulate(learnt, one_shock("delivery_cancelled", 1.0), paths=200).in_service == 10).all()


def test_a_lease_whose_renewal_is_signed_is_not_renewed_twice() -> None:
    """Its successor is in the rent roll already; drawn again, its MW would stand twice."""
    rows = [
        lease(1, mw=4.0, end_date=quarter_end(2)),
        lease(2, mw=3.0, start_date=quarter_end(2) + NEXT_DAY, end_date=quarter_end(30), renewal_of="L1"),
    ]
    learnt = learnt_of(made(rows), **SURE | {"delay": 0.9}, renewal=0.99, renewal_sd=1e-3)
    found = simulate(learnt, horizon=6, paths=200, spread=0.0).leased[0]
    assert (found == np.array([4, 4, 3, 3, 3, 3])).all()


def test_tenants_that_act_together_stay_or_go_as_one() -> None:
    """With `together` 1 a tenant's leases share one decision, with 0 each has its own; the mean is the same."""
    rows = [lease(at, tenant_id="T", end_date=AS_OF) for at in range(20)]
    learnt = learnt_of(made(rows, {"F1": 20.0}), **SURE, renewal=0.6, renewal_sd=1e-3)
    joint, apart = (
        simulate(learnt, horizon=1, paths=3000, together=part, spread=0.0).leased[0, :, 0] for part in (1.0, 0.0)
    )
    assert set(np.unique(joint)) == {0.0, 20.0}
    assert joint.mean() == pytest.approx(12, abs=0.9)
    assert apart.mean() == pytest.approx(12, abs=0.2)
    assert apart.std() == pytest.approx(np.sqrt(20 * 0.6 * 0.4), rel=0.1)


def test_new_leases_come_at_the_rate_learnt() -> None:
    """In a hall with much room, counts are Poisson at rate x vacancy: with sizes of 0.01 MW, vacancy stays as it is."""
    learnt = learnt_of(
        made([], {"F1": 20.0}),
        **OPEN | {"absorption": 0.2, "absorption_sd": 1e-6, "market_sd": 1e-6, "elasticity": 1.0},
    )
    demand = replace(learnt.demand, sizes=np.full_like(learnt.demand.sizes, 0.01))
    run = simulate(replace(learnt, demand=demand), horizon=1, paths=4000, spread=0.0)
    count = np.rint(run.leased[0, :, 0] / 0.01)
    assert count.mean() == pytest.approx(4.0, abs=4.5 * np.sqrt(4 / 4000))
    assert count.var() == pytest.approx(4.0, rel=0.12)


def test_spread_widens_bands() -> None:
    """What is not known of coefficients, and drift, has to be in the paths."""
    learnt = learnt_of(made(standing_leases(9, 400, 1, tenants=400), {"F1": 5000.0}))
    narrow, wide = (simulate(learnt, paths=600, spread=spread).leased[0, :, -1].std() for spread in (0.0, 1.0))
    assert wide > 1.5 * narrow


def test_an_empty_portfolio_has_empty_paths() -> None:
    """A hall without leases or demand stays empty and raises nothing."""
    run = simulate(learnt_of(made([])), paths=10, blocks=True)
    assert (run.leased == 0).all()
    assert (run.largest == 100).all()


@pytest.mark.parametrize(("horizon", "paths"), [(0, 10), (4, 0)])
def test_nothing_to_simulate_is_refused(horizon: int, paths: int) -> None:
    """No quarters or no paths is a slip of the caller's."""
    with pytest.raises(ValueError, match="at least 1"):
        simulate(learnt_of(made([])), BASE, horizon=horizon, paths=paths)
