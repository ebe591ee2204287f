"""Renewal and early ends learnt from a history: the prior without events, the truth with many, and what changed
lately.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import AS_OF, grown, learnt_of, lease, made, quarter_end

from forecasts.leases.events import expiries
from forecasts.leases.hazards import LONGEST_DELAY, quantile_slots
from forecasts.leases.learning import Learnt
from forecasts.leases.report import COLUMNS, effective_events


def row(learnt: Learnt, estimate: str, group: str) -> pd.Series:
    """The line of the report on an estimate of a group."""
    found = effective_events(learnt).set_index(["estimate", "group"])
    return found.loc[(estimate, group)]


@given(renewal=st.floats(0.3, 0.95), early=st.floats(0.001, 0.05))
@settings(max_examples=10, deadline=None)
def test_without_events_every_group_rests_on_the_prior(renewal: float, early: float) -> None:
    """A portfolio that has seen nothing must say of every group what is believed, with nothing behind it."""
    learnt = learnt_of(made([lease(1), lease(2, sector="government", stack="us")]), renewal=renewal, early_exit=early)
    found = effective_events(learnt)
    at_expiry = found[found["estimate"] == "renewal"]
    assert at_expiry["value"].to_numpy() == pytest.approx(renewal)
    assert at_expiry[["events", "trials", "effective_events"]].to_numpy().sum() == 0
    assert at_expiry["from_data"].to_numpy() == pytest.approx(0, abs=1e-9)
    rate = found[(found["estimate"] == "early_end") & (found["group"] == "all")].iloc[0]
    # One quarter of two leases in which nothing ended says little, and only that the rate is not higher.
    assert 0.75 * early < rate["value"] <= early * (1 + 1e-9)


def test_many_expiries_bring_each_sector_to_its_own_probability() -> None:
    """Partial pooling must let go where events are many: three sectors, three truths, one prior of 0.7."""
    truth = {"banking": 0.9, "government": 0.4, "sme": 0.65}
    learnt = learnt_of(grown(2, halls=60, quarters=40, renewal=truth, early=0.0, absorption=0.1))
    for sector, chance in truth.items():
        assert row(learnt, "renewal", f"sector.{sector}")["value"] == pytest.approx(chance, abs=0.05)


def test_few_expiries_move_the_estimate_little() -> None:
    """With a handful of expiries the estimate stays nearer what is believed than what was seen."""
    learnt = learnt_of(grown(2, halls=1, quarters=3, renewal=0.0, absorption=0.0), renewal=0.8, renewal_sd=0.4)
    seen = row(learnt, "renewal", "all")
    assert 1 <= seen["trials"] <= 6
    assert seen["events"] == 0
    assert 0.4 < seen["value"] < 0.8


def test_many_lease_quarters_bring_the_early_rate_to_the_truth() -> None:
    """Early ends as counted in lease-quarters: 2 % a quarter against a prior of 0.4 %."""
    learnt = learnt_of(grown(2, halls=40, quarters=40, renewal=0.7, early=0.02, absorption=0.1))
    rate = row(learnt, "early_end", "all")
    assert rate["value"] == pytest.approx(0.02, rel=0.2)
    assert rate["low"] < rate["value"] < rate["high"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_exodus_moves_its_group_today_and_hardly_the_banks(seed: int) -> None:
    """Four quarters in which no public tenant on the us stack renews must show in today's estimate of just these."""
    calm = learnt_of(grown(seed, halls=25, renewal=0.8))
    fled = learnt_of(grown(seed, halls=25, renewal=0.8, exodus=("government", "us", 4)))
    public = [row(learnt, "renewal", "public.us")["value"] for learnt in (calm, fled)]
    banks = [row(learnt, "renewal", "sector.banking")["value"] for learnt in (calm, fled)]
    assert public[0] > 0.7
    assert public[1] < 0.3
    assert abs(banks[0] - banks[1]) < 0.08


def test_an_exodus_long_over_no_longer_stands_in_todays_estimate() -> None:
    """What moves for what is recent must come back after it: the same exodus, seen eight years later, weighs less."""
    lately = learnt_of(grown(4, halls=25, quarters=24, renewal=0.8, exodus=("government", "us", 4)))
    portfolio = lately.portfolio
    later = portfolio.history.copy()
    later["quarter_end"] = later["quarter_end"] + pd.offsets.QuarterEnd(32)
    history = pd.concat([portfolio.history, later], ignore_index=True)
    aged = learnt_of(replace(portfolio, history=history, as_of=quarter_end(32)))
    names = lately.hazards.renewal.names
    at = names.index("recent.public.us")
    assert lately.hazards.renewal.estimate.mode[at] < -1
    assert abs(aged.hazards.renewal.estimate.mode[at]) < 0.5 * abs(lately.hazards.renewal.estimate.mode[at])


def test_effective_events_are_those_counted() -> None:
    """The report's events are counts of the history's own expiries, by sector, and dual leases by weight on a stack."""
    learnt = learnt_of(grown(5, halls=8, renewal=0.7, early=0.02))
    came = expiries(learnt.dates)
    for sector in ("banking", "government", "sme"):
        own = came[came["sector"] == sector]
        found = row(learnt, "renewal", f"sector.{sector}")
        assert (found["events"], found["trials"]) == (own["success"].sum(), len(own))
    assert row(learnt, "renewal", "all")["events"] == learnt.hazards.renewal.estimate.events
    assert row(learnt, "early_end", "all")["events"] == learnt.hazards.early.estimate.events
    assert row(learnt, "early_end", "all")["trials"] == learnt.hazards.early.estimate.trials
    gone = {"start_date": "2020-07-01", "end_date": "2023-06-30", "stack": "dual", "stack_weight_mainland": 0.4}
    rows = [lease(1, **gone), lease(2, start_date="2023-07-01", renewal_of="L1"), *(lease(9 + at) for at in range(9))]
    dual = learnt_of(made(rows, quarters=12))
    assert row(dual, "renewal", "stack.us")["effective_events"] == pytest.approx(0.6)
    assert row(dual, "renewal", "stack.mainland")["effective_events"] == pytest.approx(0.4)


def test_report_has_ordered_bounds_and_grows_surer_with_events() -> None:
    """Every line can be read: low <= value <= high, from_data within 0 and 1, and larger with the longer history."""
    short, long = (learnt_of(grown(6, halls=6, quarters=quarters, early=0.02)) for quarters in (6, 30))
    for learnt in (short, long):
        found = effective_events(learnt)
        assert tuple(found.columns) == COLUMNS
        assert not found.drop(columns="note").isna().any().any()
        assert (found["low"] <= found["value"] + 1e-12).all()
        assert (found["value"] <= found["high"] + 1e-12).all()
        assert found["from_data"].between(0, 1).all()
        assert not found.duplicated(["estimate", "group"]).any()
    for estimate in ("renewal", "early_end"):
        assert row(short, estimate, "all")["from_data"] < row(long, estimate, "all")["from_data"]


def test_report_of_a_portfolio_without_leases_is_the_prior() -> None:
    """An empty building is a portfolio too."""
    found = effective_events(learnt_of(made([])))
    assert found.loc[found["estimate"] == "renewal", "value"].tolist() == pytest.approx([0.7])


def test_early_ends_are_not_learnt_where_they_cannot_be_told() -> None:
    """Where contracts run any number of days the rate stays the prior's, and the report says why."""
    rows = [lease(at, end_date=AS_OF + pd.Timedelta(days=100 + 17 * at)) for at in range(20)]
    found = row(learnt_of(made([*rows, lease(50, end_date="2023-02-14")], quarters=12)), "early_end", "all")
    assert found["value"] == pytest.approx(0.004)
    assert found["trials"] == 0
    assert "cannot be told" in found["note"]


def test_delays_are_shrunk_to_the_prior_and_sum_to_one() -> None:
    """Ten commencements, five of them two quarters late, against a prior that counts as ten on time."""
    late = {"start_date": "2022-01-01", "commencement_date": "2022-08-01", "end_date": "2027-12-31"}
    rows = [lease(at, **(late if at < 5 else {"start_date": "2022-01-01"})) for at in range(10)]
    delay = learnt_of(made(rows, quarters=20), delay=0.0, delay_events=10.0).hazards.delay
    assert delay.shape == (LONGEST_DELAY + 1,)
    assert delay.sum() == pytest.approx(1)
    assert delay[2] == pytest.approx(5 / 20)
    assert delay[0] == pytest.approx(15 / 20)


@given(
    values=st.lists(st.floats(0.1, 9), min_size=1, max_size=40), slots=st.sampled_from([4, 64]), seed=st.integers(0, 99)
)
@settings(max_examples=60, deadline=None)
def test_slots_hold_the_weighted_distribution(values: list[float], slots: int, seed: int) -> None:
    """A table of equally likely slots is ascending, made of the values, and gives each its weight within a slot."""
    sizes = np.array(values)
    weight = np.random.default_rng(seed).uniform(0.1, 1, len(sizes))
    table = quantile_slots(sizes, weight, slots)
    assert (np.diff(table) >= 0).all()
    for value in np.unique(sizes):
        share = weight[sizes <= value].sum() / weight.sum()
        assert abs((table <= value).mean() - share) <= 0.5 / slots + 1e-9
