"""How strongly a shock meets a lease, and how it rises in time: worked by hand, and bounded whatever comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import lease, made

from forecasts.leases.events import dated
from forecasts.leases.portfolio import SECTORS, STACKS, TIERS
from forecasts.leases.scenario import BASE, Scenario, Shock, has_both, largest_tenants, strength

HALL = pd.DataFrame(
    {"facility_id": ["F1", "F2"], "mainland": [0.2, 0.6], "us": [0.6, 0.2], "dual": 0.2, "unknown": 0.0}
)


def shock(**own: object) -> Shock:
    plain: dict[str, object] = {
        "shock_id": "one", "acts_on": "renewal_odds", "value": 0.5, "low": 0.2, "high": 1.0, "basis": "C04",
    }  # fmt: skip
    return Shock(**{**plain, **own})  # type: ignore[arg-type]


def met(rows: list[dict[str, object]], one: Shock, scenario: Scenario = BASE) -> list[float]:
    portfolio = made(rows, {"F1": 50.0, "F2": 50.0})
    return [float(value) for value in strength(one, scenario, dated(portfolio).leases, HALL)]


def stacks() -> list[dict[str, object]]:
    """One lease of each stack in F1, the dual one 0.4 mainland."""
    weight = {"mainland": 1.0, "us": 0.0, "dual": 0.4, "unknown": np.nan}
    return [lease(at, stack=name, stack_weight_mainland=weight[name]) for at, name in enumerate(STACKS)]


def test_a_stack_counts_by_weight() -> None:
    """A dual lease of weight 0.4 meets a shock on the us stack with 0.6, an unknown one by what its hall lets."""
    assert met(stacks(), shock(where={"stack": ("us",)})) == [0.0, 1.0, 0.6, 0.75]
    assert met(stacks(), shock(where={"stack": ("mainland",)})) == [1.0, 0.0, 0.4, 0.25]
    assert met(stacks(), shock(where={"stack": ("us", "mainland")})) == [1.0, 1.0, 1.0, 1.0]


def test_all_attributes_have_to_agree() -> None:
    """Restricted leases of government and no others is what the tiered scenario says."""
    rows = [
        lease(0, sector="government", sensitivity_tier="restricted"),
        lease(1, sector="government", sensitivity_tier="public"),
        lease(2, sector="sme", sensitivity_tier="restricted"),
    ]
    where = {"sector": ("government", "state_linked"), "sensitivity_tier": ("restricted",)}
    assert met(rows, shock(where=where)) == [1.0, 0.0, 0.0]
    assert met(rows, shock(where={**where, "market": ("M2",)})) == [0.0, 0.0, 0.0]
    assert met(rows, shock(where={**where, "operator": ("O1",)})) == [1.0, 0.0, 0.0]


def test_hosting_is_the_halls_and_not_the_leases_stack() -> None:
    """A multinational on the us stack leaves a hall that hosts the mainland one."""
    rows = [lease(0, facility_id="F1", stack="us"), lease(1, facility_id="F2", stack="us")]
    assert met(rows, shock(where={"hosts": ("mainland",)})) == [0.0, 1.0]


def test_lock_in_keeps_what_is_on_the_mainland_stack() -> None:
    """Of a shock that names lock_in, a mainland lease feels the rest, a us one all; a shock that does not, all."""
    scenario = replace(BASE, lock_in=0.5)
    assert met(stacks(), shock(eased_by=("lock_in",)), scenario) == pytest.approx([0.5, 1.0, 0.8, 0.875], abs=0.026)
    assert met(stacks(), shock(), scenario) == [1.0, 1.0, 1.0, 1.0]


def test_dual_stack_eases_tenants_with_both() -> None:
    """A tenant with leases on both stacks counts like one with a dual lease."""
    rows = [
        lease(0, tenant_id="A", stack="mainland"), lease(1, tenant_id="A", stack="us"),
        lease(2, tenant_id="B", stack="dual", stack_weight_mainland=0.5), lease(3, tenant_id="C", stack="us"),
    ]  # fmt: skip
    assert met(rows, shock(eased_by=("dual_stack",)), replace(BASE, dual_stack=0.7)) == [0.3, 0.3, 0.3, 1.0]
    assert has_both(pd.DataFrame(rows)).tolist() == [True, True, True, False]


def test_the_largest_tenant_is_found_at_each_level() -> None:
    """An anchor is the portfolio's or each operator's, by MW in place and not by number of leases."""
    leases = pd.DataFrame(
        {
            "tenant_id": ["A", "A", "B", "C", "C"], "operator": ["X", "X", "X", "Y", "Y"], "market": "M",
            "mw": [1.0, 1.0, 5.0, 1.0, 9.0], "in_place": [True, True, True, True, False],
        }
    )  # fmt: skip
    assert largest_tenants(leases, "total").tolist() == [False, False, True, False, False]
    assert largest_tenants(leases, "operator").tolist() == [False, False, True, True, True]


def test_nobody_in_place_has_no_largest_tenant() -> None:
    """An empty building must not end in a traceback."""
    leases = pd.DataFrame({"tenant_id": ["A"], "operator": ["X"], "market": "M", "mw": [1.0], "in_place": [False]})
    assert largest_tenants(leases, "total").tolist() == [False]


@given(
    sector=st.sampled_from(SECTORS), tier=st.sampled_from(TIERS), stack=st.sampled_from(STACKS), weight=st.floats(0, 1),
    asked=st.sets(st.sampled_from(STACKS), min_size=1), lock_in=st.floats(0, 1), dual_stack=st.floats(0, 1),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_strength_stays_between_0_and_1(
    sector: str, tier: str, stack: str, weight: float, asked: set[str], lock_in: float, dual_stack: float
) -> None:
    """Outside of it a shock would turn round or be felt twice."""
    row = lease(0, sector=sector, sensitivity_tier=tier, stack=stack, stack_weight_mainland=weight)
    one = shock(where={"stack": tuple(sorted(asked))}, eased_by=("lock_in", "dual_stack"))
    eased = met([row], one, replace(BASE, lock_in=lock_in, dual_stack=dual_stack))[0]
    assert 0 <= eased <= met([row], one)[0] <= 1


def test_an_effect_rises_linearly_stays_and_ends() -> None:
    """Over 8 to 16 quarters means that the first quarter is not the last."""
    assert shock(from_quarter=2, full_quarter=5).ramp(6).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert shock(from_quarter=2, full_quarter=2, to_quarter=3).ramp(4).tolist() == [0.0, 1.0, 1.0, 0.0]
    assert shock().ramp(3).tolist() == [1.0, 1.0, 1.0]


@given(start=st.integers(1, 20), rise=st.integers(0, 20), quarters=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_a_ramp_never_falls_before_its_end(start: int, rise: int, quarters: int) -> None:
    """Without an end an effect only grows, and is whole from its full quarter."""
    ramp = shock(from_quarter=start, full_quarter=start + rise).ramp(quarters)
    assert (np.diff(ramp) >= 0).all()
    assert (ramp[: start - 1] == 0).all()
    assert ramp[start + rise - 1 :] == pytest.approx(1.0)


def test_scenarios_join_with_the_stronger_multiplier() -> None:
    """Two policies at once: all shocks of both, and no easing added up."""
    one = Scenario("a", "A", "x", (shock(),), 0.2, 0.5)
    other = Scenario("b", "B", "y", (shock(shock_id="two"),), 0.4, 0.1)
    both = one.joined(other)
    assert (both.name, both.lock_in, both.dual_stack) == ("a+b", 0.4, 0.5)
    assert [item.shock_id for item in both.shocks] == ["one", "two"]
    assert both.with_value("two", 0.9).shocks[1].value == 0.9
    assert [item.shock_id for item in both.without({"one"}).shocks] == ["two"]
