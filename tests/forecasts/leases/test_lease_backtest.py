"""A portfolio cut back to an earlier day: nothing later may show, and what is compared is what was said and came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import AS_OF, grown, lease, made, made_priors, no_shares, quarter_end

from forecasts.leases.backtest import COLUMNS, PHASE_QUARTERS, as_known, backtest, origins
from forecasts.leases.events import dated
from forecasts.leases.learning import learn
from forecasts.leases.portfolio import EVIDENCE_COLUMNS, Portfolio
from forecasts.leases.simulate import in_service_now

ABSORBING = {"absorption": 0.1, "absorption_sd": 0.5, "market_sd": 0.1, "elasticity_sd": 0.1}


def placed_at(portfolio: Portfolio, day: pd.Timestamp) -> pd.Series:
    """MW in place by facility at a day."""
    leases = portfolio.leases
    there = (leases["commencement_date"] <= day) & (leases["end_date"] >= day)
    return leases[there].groupby("facility_id")["mw"].sum()


def test_at_its_own_date_nothing_is_hidden() -> None:
    """Today's forecast and the backtest's have to stand on the same portfolio."""
    portfolio = grown(1, halls=2, quarters=14)
    assert as_known(portfolio, AS_OF) is portfolio


@given(seed=st.integers(0, 40), back=st.integers(1, 10), early=st.sampled_from([0.0, 0.03]))
@settings(max_examples=25, deadline=None)
def test_nothing_of_the_future_shows(seed: int, back: int, early: float) -> None:
    """One later date anywhere, and the backtest measures hindsight."""
    portfolio, origin = grown(seed, halls=2, quarters=16, early=early), quarter_end(-back)
    past = as_known(portfolio, origin)
    leases = past.leases
    renewal = leases["renewal_of"] != ""
    assert (leases["start_date"] <= origin + pd.to_timedelta(renewal.astype(int), unit="D")).all()
    assert (past.history["quarter_end"] <= origin).all()
    assert past.as_of == origin
    assert (leases["commenced"] == (leases["commencement_date"] <= origin)).all()
    assert not dated(past).leases["early"][leases["end_date"] > origin].any()


@given(seed=st.integers(0, 40), back=st.integers(1, 10))
@settings(max_examples=25, deadline=None)
def test_leases_in_place_are_those_of_the_history(seed: int, back: int) -> None:
    """A lease lost or added by the cut would start the simulation beside the figure it starts from."""
    portfolio, origin = grown(seed, halls=3, quarters=16, early=0.03), quarter_end(-back)
    past = as_known(portfolio, origin)
    last = past.history[past.history["quarter_end"] == origin].set_index("facility_id")["leased_mw"]
    found = placed_at(past, origin).reindex(last.index).fillna(0.0)
    np.testing.assert_allclose(found, last, atol=1e-9)


def test_an_early_end_is_replaced_by_a_contract_end() -> None:
    """An end that nobody had announced must not be known beforehand, nor may the lease run for ever."""
    rows = [lease(at) for at in range(20)]
    rows.append(lease(20, end_date=AS_OF - pd.Timedelta(days=40)))
    past = as_known(made(rows, quarters=8), quarter_end(-4))
    assert past.leases.set_index("lease_id")["end_date"]["L20"] == pd.Timestamp("2025-06-30")


def test_an_early_end_before_the_origin_stays() -> None:
    """What had ended by then had ended: learning needs it."""
    rows = [lease(at) for at in range(20)]
    ended = AS_OF - pd.Timedelta(days=400)
    past = as_known(made([*rows, lease(20, end_date=ended)], quarters=8), quarter_end(-4))
    assert past.leases.set_index("lease_id")["end_date"]["L20"] == ended


def test_a_later_commencement_is_announced_anew() -> None:
    """A lease that had started and stood empty is signed at the origin; when it came is not known."""
    rows = [lease(0), lease(1, start_date=quarter_end(-6), commencement_date=quarter_end(-1))]
    past = as_known(made(rows, quarters=8), quarter_end(-4)).leases.set_index("lease_id")
    assert past.loc["L1", "commencement_date"] == quarter_end(-4) + pd.Timedelta(days=1)
    assert not past.loc["L1", "commenced"]


def test_a_renewal_is_known_from_the_day_before() -> None:
    """At an origin on a contract's last day its renewal is signed; a quarter earlier it is not."""
    end = quarter_end(-4)
    rows = [
        lease(0, end_date=end),
        lease(1, start_date=end + pd.Timedelta(days=1), end_date=quarter_end(8), renewal_of="L0"),
    ]
    portfolio = made(rows, quarters=10)
    assert set(as_known(portfolio, end).leases["lease_id"]) == {"L0", "L1"}
    assert set(as_known(portfolio, quarter_end(-5)).leases["lease_id"]) == {"L0"}


def test_later_phases_are_planned_and_not_in_service() -> None:
    """Growth that came is the one thing that was under construction; counted as in service it would be let early."""
    portfolio = made([lease(0)], {"F1": 10.0, "F2": 6.0}, quarters=20)
    history = portfolio.history
    grew = (history["facility_id"] == "F1") & (history["quarter_end"] < quarter_end(-2))
    history = history.assign(in_service_mw=history["in_service_mw"].where(~grew, 4.0))
    absent = (history["facility_id"] == "F2") & (history["quarter_end"] < quarter_end(-3))
    past = as_known(replace(portfolio, history=history[~absent]), quarter_end(-5))
    found = past.deliveries.set_index("facility_id")
    assert found["mw"].to_dict() == {"F1": 6.0, "F2": 6.0}
    assert found["planned_date"].to_dict() == {"F1": quarter_end(-2), "F2": quarter_end(-3)}
    assert in_service_now(learn(past, no_shares(past), made_priors())).tolist() == [4.0, 0.0]


def test_buildings_that_came_later_than_announced_phases_are_left_out() -> None:
    """A building nobody knew of can be neither forecast nor scored."""
    portfolio = made([lease(0)], {"F1": 10.0, "F2": 6.0}, quarters=20)
    history = portfolio.history
    absent = (history["facility_id"] == "F2") & (history["quarter_end"] < AS_OF)
    past = as_known(replace(portfolio, history=history[~absent]), quarter_end(-PHASE_QUARTERS - 1))
    assert past.facilities["facility_id"].tolist() == ["F1"]


def test_evidence_found_later_is_unknown() -> None:
    """A statement on a hall's stack counts from its date."""
    days = [quarter_end(-6), quarter_end(-1)]
    rows = [("F1", day, "us", "strong", "said", "source") for day in days]
    portfolio = replace(made([lease(0)], quarters=8), evidence=pd.DataFrame(rows, columns=list(EVIDENCE_COLUMNS)))
    assert as_known(portfolio, quarter_end(-4)).evidence["evidence_date"].tolist() == days[:1]


@pytest.mark.parametrize("origin", [quarter_end(1), pd.Timestamp("2023-05-31")])
def test_a_wrong_origin_is_named(origin: pd.Timestamp) -> None:
    """A day that is no quarter end would silently shift every horizon."""
    with pytest.raises(ValueError, match=rf"{origin.date()}.*expected a quarter end not after 2024-06-30"):
        as_known(grown(1, halls=1, quarters=14), origin)


@given(quarters=st.integers(1, 40), count=st.integers(1, 10), horizon=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_origins_have_history_before_and_outcomes_after(quarters: int, count: int, horizon: int) -> None:
    """An origin without either costs time and teaches nothing."""
    portfolio = made([lease(0)], quarters=quarters)
    found = origins(portfolio, count, horizon)
    ends = np.sort(portfolio.history["quarter_end"].unique())
    assert len(found) <= count
    assert len(found) == min(count, max(quarters - 12, 0)) or len(found) >= 1
    assert list(found) == sorted(set(found))
    assert all((ends <= one).sum() >= 12 and (ends > one).any() for one in found)


def test_outcomes_and_last_figures_are_the_history() -> None:
    """Rows joined at the wrong quarter would still look like a backtest."""
    portfolio = grown(3, halls=3, quarters=18)
    chosen = origins(portfolio, 2, 4)
    found = backtest(portfolio, no_shares, made_priors(**ABSORBING), 4, chosen, paths=40)
    share = (portfolio.history["leased_mw"] / portfolio.history["in_service_mw"]).rename("share")
    told = pd.concat([portfolio.history[["facility_id", "quarter_end"]], share], axis=1).set_index(
        ["facility_id", "quarter_end"]
    )["share"]
    assert tuple(found.columns) == COLUMNS
    assert set(found["origin"]) == set(chosen)
    came = [
        day + pd.offsets.QuarterEnd(int(ahead)) for day, ahead in zip(found["origin"], found["horizon"], strict=True)
    ]
    for column, days in (("outcome", came), ("last", list(found["origin"]))):
        wanted = told.reindex(pd.MultiIndex.from_arrays([found["facility_id"], days])).to_numpy()
        np.testing.assert_allclose(found[column], wanted)
    assert ((found[["lease", "panel"]] >= 0) & (found[["lease", "panel"]] <= 1)).to_numpy().all()


def test_what_is_said_does_not_depend_on_what_came() -> None:
    """The test of no look-ahead: other outcomes, same forecasts, to the last bit."""
    portfolio = grown(5, halls=3, quarters=18)
    origin = quarter_end(-4)
    later = portfolio.history["quarter_end"] > origin
    history = portfolio.history.assign(leased_mw=portfolio.history["leased_mw"].where(~later, 0.0))
    # A renewal that begins on the day after is signed at the origin.
    leases = portfolio.leases[portfolio.leases["start_date"] <= origin + pd.Timedelta(days=1)]
    other = replace(portfolio, history=history, leases=leases)
    runs = [backtest(one, no_shares, made_priors(**ABSORBING), 4, (origin,), paths=40) for one in (portfolio, other)]
    pd.testing.assert_frame_equal(runs[0][["lease", "panel", "last"]], runs[1][["lease", "panel", "last"]])
    assert (runs[1]["outcome"] == 0).all()


def test_no_origin_no_rows() -> None:
    """A portfolio with a short history is answered too."""
    assert backtest(made([lease(0)]), no_shares, made_priors(), 4, ()).empty
