"""New leases learnt from a history: rates by market, elasticity, sizes, tenants, and what is let before phases come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import grown, learnt_of, lease, made, quarter_end

from forecasts.leases.demand import HALF_LIVES
from forecasts.leases.learning import Learnt
from forecasts.leases.portfolio import SECTORS, Portfolio
from forecasts.leases.report import effective_events

OPEN = {"absorption": 0.1, "absorption_sd": 0.6, "market_sd": 0.4, "elasticity": 1.0, "elasticity_sd": 0.02}


def rate(learnt: Learnt, market: str = "M1") -> float:
    """New leases a vacant MW and quarter at a market's usual vacancy."""
    return float(np.exp(learnt.demand.rates.mode[learnt.demand.markets.index(market)]))


def in_markets(portfolio: Portfolio, markets: dict[str, str]) -> Portfolio:
    sites = portfolio.facilities
    return replace(portfolio, facilities=sites.assign(market=sites["facility_id"].map(markets).fillna(sites["market"])))


@given(absorption=st.floats(0.01, 0.5))
@settings(max_examples=10, deadline=None)
def test_without_a_history_the_rate_is_the_prior(absorption: float) -> None:
    """One quarter of history holds no change, so nothing can be learnt of new leases."""
    learnt = learnt_of(made([lease(1)]), **(OPEN | {"absorption": absorption}))
    assert rate(learnt) == pytest.approx(absorption)
    assert learnt.demand.rates.events == 0


@pytest.mark.parametrize("truth", [0.04, 0.2])
def test_many_quarters_bring_the_rate_to_the_truth(truth: float) -> None:
    """Absorption against a prior of 0.1, from halls with much room, so that what comes also fits."""
    learnt = learnt_of(grown(3, halls=40, quarters=30, absorption=truth, capacity=40.0, renewal=0.3), **OPEN)
    assert rate(learnt) == pytest.approx(truth, rel=0.12)


def test_few_quarters_move_the_rate_little() -> None:
    """Two quarters without a new lease do not end demand."""
    learnt = learnt_of(grown(3, halls=1, quarters=3, absorption=0.0), **OPEN)
    assert 0.05 < rate(learnt) < 0.1


def test_markets_have_rates_of_their_own() -> None:
    """A market that fills does not raise the rate of one that does not."""
    busy = grown(1, halls=12, quarters=24, absorption=0.25, renewal=0.4)
    still = grown(2, halls=12, quarters=24, absorption=0.02, renewal=0.4)
    second = {f"F{at}": f"G{at}" for at in range(1, 13)}
    parts = []
    for name in ("facilities", "leases", "history"):
        other = getattr(still, name).replace({"facility_id": second})
        if name == "leases":
            other = other.assign(
                lease_id="X" + other["lease_id"],
                renewal_of=("X" + other["renewal_of"]).where(other["renewal_of"] != "", ""),
            )
        parts.append(pd.concat([getattr(busy, name), other], ignore_index=True))
    both = replace(busy, facilities=parts[0], leases=parts[1], history=parts[2])
    learnt = learnt_of(in_markets(both, dict.fromkeys(second.values(), "M2")), **OPEN)
    assert rate(learnt, "M1") == pytest.approx(0.25, rel=0.25)
    assert rate(learnt, "M2") < 0.05


def test_renewals_are_no_new_demand() -> None:
    """A renewal begins a contract and takes no vacant space; counted as new, full halls would seem in demand."""
    learnt = learnt_of(grown(9, halls=10, quarters=24, renewal=1.0, absorption=0.0), **OPEN)
    assert learnt.demand.rates.events == 0
    assert rate(learnt) < 0.05


def test_what_came_counts_as_having_been_vacant() -> None:
    """A hall that filled in the quarter was not empty of demand: its exposure is vacancy before new leases."""
    rows = [lease(1, mw=4.0, start_date="2024-04-10", end_date="2029-04-09")]
    learnt = learnt_of(made(rows, {"F1": 4.0}, quarters=2), **OPEN)
    assert learnt.demand.rates.events == 1
    assert learnt.demand.rates.trials == pytest.approx(4.0)


def test_report_counts_new_leases_by_market() -> None:
    """Events of a market are the new leases that its history saw, and weigh in by age where the history forgets."""
    learnt = learnt_of(grown(5, halls=8, quarters=24, absorption=0.1), **OPEN)
    found = effective_events(learnt).set_index(["estimate", "group"]).loc[("absorption", "market.M1")]
    leases = learnt.dates.leases
    new = leases[~leases["is_renewal"] & (leases["commence_q"] > learnt.dates.first)]
    assert found["events"] == len(new)
    assert found["effective_events"] == pytest.approx(learnt.demand.rates.events)
    assert found["effective_events"] <= found["events"] + 1e-9
    assert found["trials"] >= learnt.demand.rates.trials - 1e-6
    assert learnt.demand.half_life in HALF_LIVES


def test_a_standstill_makes_history_forget() -> None:
    """Where demand stopped two years ago, history must choose to forget the six-year average."""
    steady = grown(6, halls=30, quarters=32, absorption=0.15, renewal=0.5)
    leases = steady.leases
    stopped = (leases["start_date"] > quarter_end(-10)) & (leases["renewal_of"] == "")
    kept = leases[~stopped]
    kept = kept[(kept["renewal_of"] == "") | kept["renewal_of"].isin(kept["lease_id"])]
    rows = kept.drop(columns=["commenced"]).to_dict("records")
    halls = dict.fromkeys(steady.facilities["facility_id"], 30.0)
    learnt = learnt_of(made(rows, halls, quarters=32), **OPEN)
    assert learnt.demand.half_life == min(HALF_LIVES)
    assert rate(learnt) < 0.05


def test_sizes_and_sectors_are_those_seen() -> None:
    """New leases are of sizes and sectors that the portfolio lets to; both are distributions."""
    demand = learnt_of(grown(5, halls=8, sectors=("banking", "sme")), **OPEN).demand
    assert set(np.unique(demand.sizes)) <= {0.5, 1.0, 2.0}
    assert (np.diff(demand.sizes, axis=1) >= 0).all()
    assert demand.sectors.sum(axis=1) == pytest.approx(1)
    assert demand.sectors[0, [SECTORS.index("banking"), SECTORS.index("sme")]].sum() == pytest.approx(1)


def test_pre_lease_is_the_part_of_a_phase_let_on_its_first_day() -> None:
    """One phase of 10 MW, 4 of them let from the day it came, against a prior of a tenth that counts as one phase."""
    portfolio = made([lease(1, mw=4.0, start_date="2024-04-01", end_date="2030-03-31")], {"F1": 20.0}, quarters=4)
    history = portfolio.history.copy()
    history.loc[history["quarter_end"] < quarter_end(0), "in_service_mw"] = 10.0
    learnt = learnt_of(replace(portfolio, history=history), **OPEN, pre_lease_share=0.1, pre_lease_events=1.0)
    assert learnt.demand.pre_lease == pytest.approx((0.4 + 0.1) / 2)
    assert learnt.demand.pre_lease_events == 1
