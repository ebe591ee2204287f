"""The government share where sectors are unknown: MW as asked, nested, and nothing else touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import AS_OF, lease, made

from forecasts.leases.portfolio import Portfolio
from forecasts.leases.scenario import BASE, Scenario, Shock
from forecasts.leases.sweep import Sweep, swept, with_government_share

SHARES = st.floats(0, 1)


def unknown_portfolio(sizes: list[float], past: int = 0) -> Portfolio:
    """Tenants of unknown sector with these MW in one lease each, a bank beside them, and some that have left."""
    rows = [lease(at, sector="unknown", mw=mw) for at, mw in enumerate(sizes)]
    rows.append(lease(len(rows), sector="banking", mw=2.0))
    rows += [
        lease(len(rows) + at, sector="unknown", mw=1.0, end_date=AS_OF - pd.Timedelta(days=100)) for at in range(past)
    ]
    return made(rows)


def government(portfolio: Portfolio, running: bool = True) -> set[str]:
    leases = portfolio.leases
    chosen = (leases["sector"] == "government") & ((leases["end_date"] >= AS_OF) == running)
    return set(leases.loc[chosen, "lease_id"])


@given(sizes=st.lists(st.floats(0.05, 5), min_size=1, max_size=30), share=SHARES, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_mw_come_within_half_a_tenant_of_the_share(sizes: list[float], share: float, seed: int) -> None:
    """A share of leases instead of MW would be wrong wherever one tenant is large."""
    portfolio = unknown_portfolio(sizes)
    swept_one = with_government_share(portfolio, share, seed)
    mw = swept_one.leases.set_index("lease_id")["mw"]
    held = mw[list(government(swept_one))].sum()
    assert abs(held - share * sum(sizes)) <= max(sizes) / 2 + 1e-9


@given(one=SHARES, other=SHARES, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_a_larger_share_contains_a_smaller_one(one: float, other: float, seed: int) -> None:
    """Steps of a sweep differ by what is added and by no reshuffle."""
    portfolio = unknown_portfolio(list(np.linspace(0.1, 3, 25)), past=5)
    low, high = sorted((one, other))
    fewer, more = with_government_share(portfolio, low, seed), with_government_share(portfolio, high, seed)
    assert government(fewer) <= government(more)
    assert government(fewer, running=False) <= government(more, running=False)


def test_order_of_rows_and_other_leases_do_not_matter() -> None:
    """Files list leases in any order; a bank stays a bank."""
    portfolio = unknown_portfolio(list(np.linspace(0.1, 3, 25)))
    turned = replace(portfolio, leases=portfolio.leases.iloc[::-1])
    first, second = with_government_share(portfolio, 0.3, 1), with_government_share(turned, 0.3, 1)
    assert government(first) == government(second)
    pd.testing.assert_frame_equal(
        first.leases.drop(columns="sector"), portfolio.leases.drop(columns="sector"), check_dtype=True
    )
    assert (first.leases["sector"] == "banking").sum() == 1


def test_a_tenant_is_relabelled_with_all_its_leases() -> None:
    """A sector is the tenant's: one of its leases alone could not be government."""
    rows = [lease(at, sector="unknown", tenant_id=f"T{at % 3}", mw=1.0) for at in range(12)]
    leases = with_government_share(made(rows), 0.34, 3).leases
    assert leases.groupby("tenant_id")["sector"].nunique().max() == 1
    assert (leases["sector"] == "government").sum() == 4


def test_the_ends_are_nothing_and_all() -> None:
    """A share of 0 is the portfolio as it came, of 1 leaves no unknown; a missing sector is unknown."""
    portfolio = unknown_portfolio([1.0, 2.0, 0.5], past=2)
    leases = portfolio.leases.assign(sector=portfolio.leases["sector"].where(portfolio.leases["lease_id"] != "L0"))
    portfolio = replace(portfolio, leases=leases)
    pd.testing.assert_frame_equal(with_government_share(portfolio, 0.0).leases, leases)
    assert set(with_government_share(portfolio, 1.0).leases["sector"]) == {"government", "banking"}


def test_without_unknown_sectors_nothing_changes() -> None:
    """Where sectors are known there is nothing to assume."""
    portfolio = made([lease(1)])
    assert with_government_share(portfolio, 0.3) is portfolio


def test_leases_without_a_tenant_stand_for_themselves() -> None:
    """Ladders have no tenants; taken for one tenant they would all move at once."""
    leases = with_government_share(made([lease(at, sector="unknown", tenant_id="") for at in range(10)]), 0.2, 5).leases
    assert (leases["sector"] == "government").sum() == 2


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """30 for 30 % would relabel everything."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        with_government_share(made([lease(1)]), share)


def test_a_sweep_over_a_shock_changes_its_value_and_names_the_runs() -> None:
    """Runs of a sweep stand in one table and have to be told apart."""
    shock = Shock("one", "renewal_odds", 0.5, 0.2, 1.0, "C04")
    runs = swept(Scenario("s", "S", "", (shock,)), Sweep("shock", "one", (0.2, 0.6)))
    assert [(run.name, run.shocks[0].value) for run in runs] == [("s@0.2", 0.2), ("s@0.6", 0.6)]
    assert [run.name for run in swept(BASE, Sweep("portfolio", "government_share", (0.1,)))] == ["base@0.1"]
