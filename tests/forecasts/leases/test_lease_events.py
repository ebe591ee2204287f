"""Events of leases: in place to the last day, early ends apart from expiries, at risk from where the history begins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import AS_OF, grown, lease, made, placed, quarter_end

from forecasts.leases.events import at_risk, dated, expiries


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_a_lease_is_in_place_on_its_first_and_last_day() -> None:
    """The rule is commencement_date <= quarter_end <= end_date; off by a day, a quarter of MW is lost at each end."""
    rows = [
        lease(1, start_date=day("2022-06-30"), end_date=AS_OF),
        lease(2, end_date=AS_OF - pd.Timedelta(days=1)),
        lease(3, start_date=AS_OF, end_date=day("2027-06-29")),
        lease(4, start_date=AS_OF + pd.Timedelta(days=1), end_date=day("2027-06-30")),
    ]
    found = dated(made(rows)).leases
    assert found["in_place"].tolist() == [True, False, True, False]
    assert found["signed"].tolist() == [False, False, False, True]
    assert found["ended"].tolist() == [False, True, False, False]


@given(
    begin=st.dates(day("2019-01-01").date(), day("2026-12-31").date()),
    length=st.integers(1, 2500),
    back=st.integers(-8, 8),
)
@settings(max_examples=150, deadline=None)
def test_quarters_agree_with_days(begin: object, length: int, back: int) -> None:
    """commence_q and leave_q are the rule in whole quarters, for any pair of days."""
    start = pd.Timestamp(str(begin))
    row = lease(1, start_date=start, end_date=start + pd.Timedelta(days=length))
    dates = dated(made([row]))
    end = quarter_end(-back)
    one = dates.leases.iloc[0]
    there = one["commence_q"] <= dates.now - back < one["leave_q"]
    assert there == (row["commencement_date"] <= end <= row["end_date"])


def test_every_lease_is_in_place_signed_or_ended() -> None:
    """A lease that is none of the three would be lost, one that is two counted twice."""
    leases = dated(grown(3, early=0.02)).leases
    assert (leases[["in_place", "signed", "ended"]].sum(axis=1) == 1).all()


def test_expiries_are_contracts_that_ran_out_inside_the_history() -> None:
    """A renewal counts as success, an early end is no expiry, and what ended before the history is not seen."""
    gone = {"start_date": day("2020-07-01"), "end_date": day("2023-06-30")}
    rows = [
        lease(1, **gone),
        lease(2, start_date=day("2023-07-01"), end_date=day("2028-06-30"), renewal_of="L1"),
        lease(3, **gone),
        lease(4, start_date=day("2020-07-01"), end_date=day("2023-02-14")),
        lease(5, start_date=day("2012-07-01"), end_date=day("2015-06-30")),
        *(lease(6 + at) for at in range(30)),
    ]
    came = expiries(dated(made(rows, quarters=12)))
    assert dict(zip(came["lease_id"], came["success"], strict=True)) == {"L1": 1.0, "L3": 0.0}
    assert came["mw_after"].iloc[0] == 1.0


def test_an_early_end_is_one_off_a_whole_number_of_months() -> None:
    """The records do not say why a lease ended; where contracts run whole months, an odd day tells."""
    odd = lease(1, start_date=day("2020-07-01"), end_date=day("2023-02-14"))
    whole = lease(2, start_date=day("2020-07-01"), end_date=day("2023-02-28"))
    middle = lease(3, start_date=day("2020-07-16"), end_date=day("2023-02-15"))
    renewed = lease(4, start_date=day("2020-07-01"), end_date=day("2023-02-10"))
    follows = lease(5, start_date=day("2023-02-11"), end_date=day("2026-02-10"), renewal_of="L4")
    dates = dated(made([odd, whole, middle, renewed, follows, *(lease(6 + at) for at in range(30))], quarters=12))
    assert dates.tells_early
    assert dates.leases["early"].tolist()[:5] == [True, False, False, False, False]


def test_early_ends_are_not_told_where_contracts_run_any_number_of_days() -> None:
    """With odd lengths everywhere an odd end says nothing, and none is guessed."""
    odd = [lease(at, end_date=AS_OF + pd.Timedelta(days=100 + 17 * at)) for at in range(20)]
    ended = lease(50, end_date=day("2023-02-14"))
    dates = dated(made([*odd, ended], quarters=12))
    assert not dates.tells_early
    assert not dates.leases["early"].any()


def test_exposure_begins_with_the_history() -> None:
    """Left truncation: quarters that nobody watched had no chance of an early end being seen."""
    old = lease(1, start_date=day("2010-07-01"), end_date=day("2030-06-30"))
    young = lease(2, start_date=AS_OF - pd.Timedelta(days=10), end_date=day("2030-06-19"))
    dates = dated(made([old, young], quarters=12))
    exposure = at_risk(dates).groupby("lease_id")["exposure"].sum()
    # Twelve quarter ends are eleven quarters between them; in the quarter it begins a lease is not at risk yet.
    assert exposure["L1"] == 11
    assert "L2" not in exposure


def test_each_early_end_is_counted_once_and_exposure_adds_up() -> None:
    """Rows by period must neither lose nor repeat an event or a quarter."""
    dates = dated(grown(11, early=0.03, halls=8))
    risk = at_risk(dates)
    leases = dates.leases
    seen = leases[leases["early"] & (leases["leave_q"] > dates.first)]
    assert len(seen) > 20
    assert risk["count"].sum() == pytest.approx(len(leases[leases["early"] & (leases["leave_q"] >= dates.first)]))
    begin = np.maximum(leases["commence_q"], dates.first) + 1
    end = np.minimum(leases["leave_q"] + leases["early"].astype(int), dates.now + 1)
    quarters = (end - begin).clip(lower=0).sum()
    # A lease that began and ended in one quarter counts half of it.
    assert quarters <= risk["exposure"].sum() <= quarters + 0.5 * len(seen)


def test_history_repeats_its_leases() -> None:
    """The grown portfolios that other tests learn from are consistent: never above service, history is leases' sum."""
    portfolio = grown(7, early=0.02)
    history = portfolio.history
    assert (history["leased_mw"] <= history["in_service_mw"] + 1e-9).all()
    for row in history.sample(20, random_state=1).itertuples():
        assert row.leased_mw == pytest.approx(placed(portfolio.leases, row.facility_id, row.quarter_end))
