"""Lease profiles: sums agree with what is in place at every level, each figure against a case worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.leases.portfolio import (
    DELIVERY_COLUMNS,
    EVIDENCE_COLUMNS,
    HISTORY_COLUMNS,
    SECTORS,
    STACKS,
    TIERS,
    Portfolio,
)
from forecasts.leases.profile import backlog, concentration, expiries, in_place, mismatched, move_in_pace, wale

AS_OF = pd.Timestamp("2024-06-30")
SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "rent_roll"


def lease(number: int, **own: object) -> dict[str, Any]:
    """A lease of 1 MW in place at AS_OF for one more year of 365 days."""
    plain: dict[str, Any] = {
        "lease_id": f"L{number}",
        "facility_id": "F1",
        "tenant_id": f"T{number}",
        "tenant_name": f"Tenant {number}",
        "sector": "banking",
        "sensitivity_tier": "internal",
        "mw": 1.0,
        "start_date": "2020-07-01",
        "end_date": "2025-06-30",
        "commencement_date": "2020-07-01",
        "commenced": True,
        "monthly_rent_hkd_per_kw": 1000.0,
        "stack": "us",
        "stack_weight_mainland": 0.0,
        "renewal_options": "",
        "renewal_of": "",
    }
    assert set(own) <= set(plain)
    return plain | own


def portfolio(*leases: dict[str, Any]) -> Portfolio:
    """Three buildings of two operators in two markets, and these leases."""
    facilities = pd.DataFrame(
        {
            "facility_id": ["F1", "F2", "F3"],
            "operator": ["A", "A", "B"],
            "name": ["One", "Two", "Three"],
            "district": "D",
            "market": ["Hong Kong", "Singapore", "Hong Kong"],
            "ready_for_service": pd.Timestamp("2015-01-01"),
            "capacity_mw": 20.0,
            "latitude": 22.3,
            "longitude": 114.2,
        }
    )
    frame = pd.DataFrame(leases)
    for column in ("start_date", "end_date", "commencement_date"):
        frame[column] = pd.to_datetime(frame[column])
    evidence, history, deliveries = (
        pd.DataFrame(columns=list(columns)) for columns in (EVIDENCE_COLUMNS, HISTORY_COLUMNS, DELIVERY_COLUMNS)
    )
    return Portfolio(facilities, frame, evidence, history, deliveries, AS_OF)


def row(frame: pd.DataFrame, level: str, series_id: str) -> dict[str, Any]:
    """The one row of a series."""
    (found,) = frame[(frame["level"] == level) & (frame["series_id"] == series_id)].to_dict("records")
    return {str(column): value for column, value in found.items()}


DAYS = st.integers(-3000, 3000)


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    """Any leases: ended, in place, overdue, to come, without rent, of one tenant or of many."""
    leases = []
    for number in range(draw(st.integers(1, 25))):
        begun = AS_OF + pd.Timedelta(days=draw(DAYS))
        own: dict[str, Any] = {
            "facility_id": draw(st.sampled_from(["F1", "F2", "F3"])),
            "tenant_id": f"T{draw(st.integers(1, 15))}",
            "sector": draw(st.sampled_from(SECTORS)),
            "sensitivity_tier": draw(st.sampled_from(TIERS)),
            "stack": draw(st.sampled_from(STACKS)),
            "mw": draw(st.integers(1, 1000)) / 100,
            "commencement_date": begun,
            "end_date": begun + pd.Timedelta(days=draw(st.integers(0, 5000))),
            "commenced": begun <= AS_OF and draw(st.integers(0, 9)) > 0,
            "monthly_rent_hkd_per_kw": draw(st.sampled_from([np.nan, 900.0, 1500.0])),
            "renewal_of": draw(st.sampled_from(["", f"L{number - 1}" if number else ""])),
        }
        leases.append(lease(number, **own))
    return portfolio(*leases)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(portfolios())
def test_expiries_add_up_to_what_is_in_place_at_every_level(held: Portfolio) -> None:
    """A lease lost or counted twice at one level would make levels disagree, and shares of a series not add up to 1."""
    chosen = held.leases[in_place(held)]
    frame = expiries(held)
    for level in ("facility", "operator", "market", "stack", "total"):
        ours = frame[frame["level"] == level]
        assert ours["mw"].sum() == pytest.approx(chosen["mw"].sum())
        assert ours["leases"].sum() == len(chosen)
    assert frame.groupby(["level", "series_id"])["share_of_leased"].sum().to_numpy() == pytest.approx(1.0)
    assert (frame["expiry_quarter"] >= AS_OF).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(portfolios())
def test_wale_lies_between_the_remaining_terms(held: Portfolio) -> None:
    """A mean of terms outside their range would weight a lease that is not in place, or count its term wrongly."""
    frame = wale(held)
    chosen = held.leases[in_place(held)]
    terms = (chosen["end_date"] - AS_OF).dt.days / 365.25
    assert set(frame.loc[frame["level"] == "facility", "series_id"]) == set(chosen["facility_id"])
    for column in ("wale_mw_years", "wale_rent_years"):
        known = frame[column].dropna()
        assert ((known >= terms.min() - 1e-9) & (known <= terms.max() + 1e-9)).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(portfolios())
def test_every_lease_is_ended_in_place_or_waiting(held: Portfolio) -> None:
    """What is signed and not in place must show up in the backlog, also when its announced day has passed."""
    leases = held.leases.assign(renewal_of="")
    held = replace(held, leases=leases)
    alive = leases[leases["end_date"] >= AS_OF]
    waiting = backlog(held)
    for level in ("facility", "operator", "market", "stack", "total"):
        ours = waiting[waiting["level"] == level]
        assert ours["leases"].sum() + in_place(held).sum() == len(alive)
        assert ours["mw"].sum() + leases["mw"][in_place(held)].sum() == pytest.approx(alive["mw"].sum())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(portfolios())
def test_tenants_are_ranked_by_what_they_hold(held: Portfolio) -> None:
    """Ranks follow MW, cumulative shares rise to at most 1, and the whole list covers all that is in place."""
    chosen = held.leases[in_place(held)]
    frame = concentration(held, top=100)
    for _, ours in frame.groupby(["level", "series_id"]):
        assert ours["rank"].tolist() == list(range(1, len(ours) + 1))
        assert (ours["mw"].diff().dropna() <= 1e-9).all()
        assert ours["cumulative_share"].to_numpy() == pytest.approx(ours["share_of_leased"].cumsum().to_numpy())
        assert ours["cumulative_share"].iloc[-1] == pytest.approx(1.0)
    total = frame[frame["level"] == "total"].set_index("tenant_id")["mw"]
    assert total.sort_index().to_dict() == pytest.approx(chosen.groupby("tenant_id")["mw"].sum().to_dict())


def test_expiries_of_a_case_by_hand() -> None:
    """Leases of one kind that end in one quarter share a row; the last day of a lease still counts as in place."""
    frame = expiries(
        portfolio(
            lease(1, mw=1.0, end_date="2025-04-01"),
            lease(2, mw=2.0, end_date="2025-06-30"),
            lease(3, mw=1.0, end_date="2024-06-30", sector="sme"),
            lease(4, mw=9.0, end_date="2024-06-29"),
            lease(5, mw=9.0, commencement_date="2024-07-01", commenced=False),
            lease(6, mw=4.0, facility_id="F3", stack="mainland"),
        )
    )
    total = frame[frame["level"] == "total"]
    assert total[["stack", "sector", "expiry_quarter", "leases", "mw", "share_of_leased"]].values.tolist() == [
        ["mainland", "banking", pd.Timestamp("2025-06-30"), 1, 4.0, 0.5],
        ["us", "banking", pd.Timestamp("2025-06-30"), 2, 3.0, 0.375],
        ["us", "sme", pd.Timestamp("2024-06-30"), 1, 1.0, 0.125],
    ]
    assert frame.loc[frame["level"] == "stack", "series_id"].tolist() == ["mainland", "us", "us"]
    assert set(frame.loc[frame["level"] == "market", "series_id"]) == {"Hong Kong"}
    assert (frame["as_of"] == AS_OF).all()


def test_wale_weighs_by_mw_and_by_rent() -> None:
    """1 MW at rent 1000 for 1 year and 3 MW at rent 3000 for 2 years: 7/4 by MW, 19/10 by rent (365.25 days a year)."""
    year = 365.25
    ends = [AS_OF + pd.Timedelta(days=day) for day in (year, 2 * year)]
    ends = [end.normalize() for end in ends]
    terms = [(end - AS_OF).days / year for end in ends]
    held = portfolio(
        lease(1, end_date=ends[0]),
        lease(2, mw=3.0, monthly_rent_hkd_per_kw=3000.0, end_date=ends[1]),
        lease(3, facility_id="F2", monthly_rent_hkd_per_kw=np.nan),
    )
    frame = wale(held)
    assert row(frame, "facility", "F1")["wale_mw_years"] == pytest.approx((terms[0] + 3 * terms[1]) / 4)
    assert row(frame, "facility", "F1")["wale_rent_years"] == pytest.approx((terms[0] + 9 * terms[1]) / 10)
    assert np.isnan(row(frame, "facility", "F2")["wale_rent_years"])
    # A lease without rent says nothing by rent, also where others have one.
    assert row(frame, "total", "total")["wale_rent_years"] == pytest.approx((terms[0] + 9 * terms[1]) / 10)


def test_wale_of_several_dates_is_that_of_each() -> None:
    """A change on last quarter is only right where each date counts its own leases."""
    held = portfolio(lease(1, end_date="2024-05-31"), lease(2, end_date="2026-06-30", commencement_date="2024-05-01"))
    dates = [pd.Timestamp("2024-03-31"), AS_OF]
    frame = wale(held, dates)
    total = frame[frame["level"] == "total"]
    assert total["as_of"].tolist() == dates
    assert total["wale_mw_years"].tolist() == pytest.approx([61 / 365.25, 730 / 365.25])
    pd.testing.assert_frame_equal(frame[frame["as_of"] == AS_OF].reset_index(drop=True), wale(held))
    with pytest.raises(ValueError, match=r"2024-09-30.*2024-06-30"):
        wale(held, pd.Timestamp("2024-09-30"))


def test_a_renewal_signed_ahead_adds_only_what_exceeds_the_lease_it_renews() -> None:
    """Counted in full, space that is let already would be let twice; overdue and undated leases wait on."""
    ahead: dict[str, Any] = {"commenced": False, "commencement_date": "2025-07-01", "end_date": "2030-06-30"}
    frame = backlog(
        portfolio(
            lease(1, mw=2.0),
            lease(2, mw=3.0, renewal_of="L1", **ahead),
            lease(3, mw=4.0),
            lease(4, mw=4.0, renewal_of="L3", **ahead),
            lease(5, mw=5.0, **(ahead | {"commencement_date": "2024-05-01"})),
            lease(6, mw=6.0, **(ahead | {"commencement_date": None})),
            lease(7, mw=7.0, renewal_of="not in the file", **ahead),
        )
    )
    total = frame[frame["level"] == "total"].sort_values("mw")
    assert total["mw"].tolist() == [1.0, 5.0, 6.0]
    assert total["leases"].tolist() == [1, 1, 1]
    assert total["commencement_quarter"].tolist()[:2] == [pd.Timestamp("2025-09-30"), pd.Timestamp("2024-06-30")]
    assert total["commencement_quarter"].isna().tolist() == [False, False, True]


def test_pace_is_a_mean_over_quarters_that_could_have_moved_in() -> None:
    """A building open for two quarters must not be given the pace of eight; renewals are no move-in."""
    held = portfolio(
        lease(1, mw=4.0, commencement_date="2024-01-01"),
        lease(2, mw=2.0, commencement_date="2024-06-30", renewal_of="L9"),
        lease(9, mw=1.5, commencement_date="2019-06-30", end_date="2024-06-29"),
        lease(3, mw=9.0, commencement_date="2022-06-30"),
        lease(4, mw=4.5, commenced=False, commencement_date="2024-12-31"),
        lease(5, mw=1.0, facility_id="F2", commenced=False, commencement_date="2024-12-31"),
    )
    long = move_in_pace(held)
    assert list(row(long, "facility", "F1").values())[2:] == pytest.approx([8, 4.5 / 8, 4.5, 8.0])
    assert np.isnan(row(long, "facility", "F2")["quarters_of_move_in"])
    assert row(long, "facility", "F3")["quarters_of_move_in"] == 0
    assert list(row(long, "total", "total").values())[2:] == pytest.approx([8, 4.5 / 8, 5.5, 5.5 / (4.5 / 8)])
    opened = held.facilities.assign(ready_for_service=pd.Timestamp("2024-01-01"))
    young = move_in_pace(replace(held, facilities=opened))
    assert row(young, "total", "total")["pace_mw"] == pytest.approx(4.5 / 2)
    with pytest.raises(ValueError, match="quarters: found 0"):
        move_in_pace(held, 0)


def test_concentration_keeps_the_largest_ten_and_their_names() -> None:
    """Top 1 and top 3 shares are read off this table by rank; a tenant goes by its largest lease."""
    many = [lease(number, mw=float(number), facility_id="F2") for number in range(1, 13)]
    frame = concentration(portfolio(*many, lease(20, mw=5.0, tenant_id="T12", tenant_name="Branch", sector="sme")))
    total = frame[frame["level"] == "total"]
    assert total["tenant_id"].tolist() == ["T12", "T11", "T10", "T9", "T8", "T7", "T6", "T5", "T4", "T3"]
    assert total.iloc[0][["tenant_name", "sector", "mw"]].tolist() == ["Tenant 12", "banking", 17.0]
    assert total["cumulative_share"].iloc[2] == pytest.approx((17 + 11 + 10) / 83)


def shares(**own: tuple[float, float, float, float]) -> pd.DataFrame:
    """stack_shares of facilities, each (mainland, us, dual, unknown)."""
    frame = pd.DataFrame.from_dict(own, orient="index", columns=["mainland", "us", "dual", "unknown"])
    return frame.rename_axis("facility_id").reset_index()


def test_a_lease_is_mismatched_where_less_than_half_of_the_known_hall_fits() -> None:
    """Too little known, or dual space enough, must not be called a mismatch."""
    held = portfolio(
        lease(1, stack="mainland"),
        lease(2, stack="us", end_date="2026-01-01"),
        lease(3, stack="dual"),
        lease(4, stack="unknown"),
        lease(5, stack="mainland", facility_id="F2"),
        lease(6, stack="mainland", facility_id="F3"),
    )
    found = mismatched(held, shares(F1=(0.1, 0.5, 0.1, 0.3), F2=(0.0, 0.25, 0.0, 0.75)))
    assert found["lease_id"].tolist() == ["L1"]
    assert found[["operator", "quarters_to_expiry"]].values.tolist() == [["A", 4]]
    assert found["fit"].tolist() == pytest.approx([0.2 / 0.7])
    assert found["known_share"].tolist() == pytest.approx([0.7])
    # Half of what is known is enough; just below is not.
    assert mismatched(held, shares(F1=(0.1, 0.35, 0.25, 0.3))).empty
    assert mismatched(held, shares(F1=(0.1, 0.36, 0.24, 0.3)))["lease_id"].tolist() == ["L1"]


@pytest.mark.parametrize(
    ("given_shares", "said"),
    [
        (shares(F1=(0.1, 0.5, 0.1, 0.1)), "F1.*'unknown': 0.1.*sum to 1"),
        (shares(F1=(-0.1, 0.5, 0.1, 0.5)), "F1.*0 to 1"),
        (shares(F9=(0.1, 0.5, 0.1, 0.3)), "F9.*not among"),
        (shares(F1=(0.1, 0.5, 0.1, 0.3)).drop(columns="dual"), "expected also .*dual"),
    ],
)
def test_shares_that_are_none_are_refused(given_shares: pd.DataFrame, said: str) -> None:
    """A share that is not one would call leases mismatched, or not, without anyone noticing."""
    with pytest.raises(ValueError, match=said):
        mismatched(portfolio(lease(1)), given_shares)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"facility_id": "F9"}, "lease 'L7', facility_id: found 'F9'"),
        ({"mw": np.nan}, "lease 'L7', mw: found nan"),
        ({"mw": -1.0}, "lease 'L7', mw: found -1"),
        ({"end_date": None}, "lease 'L7', end_date: found NaT"),
        ({"commencement_date": None}, "lease 'L7', commencement_date: found NaT"),
        ({"stack": None}, "'L7', stack: found nothing"),
        ({"stack": ""}, "'L7', stack: found nothing"),
    ],
)
def test_a_lease_that_would_be_counted_nowhere_is_an_error(own: dict[str, Any], said: str) -> None:
    """A silent drop would leave MW out of every table; the message must lead to the lease."""
    with pytest.raises(ValueError, match=said):
        expiries(portfolio(lease(1), lease(7, **own)))


def test_a_portfolio_without_leases_has_empty_tables() -> None:
    """A new operator has buildings before it has tenants: empty tables with their columns, not an error."""
    held = portfolio(lease(1))
    held = replace(held, leases=held.leases.iloc[:0])
    for frame in (expiries(held), wale(held), backlog(held), concentration(held), mismatched(held, shares())):
        assert frame.empty
        assert len(frame.columns) > 3
    assert (move_in_pace(held)["pace_mw"] == 0).all()


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample rent roll is not there")
def test_the_sample_rent_roll_gives_the_figures_of_its_readme() -> None:
    """An independent statement of WALE (4.48 years by MW) and of leased MW by building at each quarter end."""
    leases = pd.read_csv(
        SAMPLE / "leases.csv", keep_default_na=False, parse_dates=["start_date", "end_date", "commencement_date"]
    )
    leases["commenced"] = leases["commenced"] == "yes"
    facilities = pd.read_csv(SAMPLE / "facilities.csv", parse_dates=["ready_for_service"])
    history = pd.read_csv(SAMPLE / "history_quarterly.csv", parse_dates=["quarter_end"])
    as_of = pd.Timestamp("2026-06-30")
    empty = [pd.DataFrame(columns=list(columns)) for columns in (EVIDENCE_COLUMNS, DELIVERY_COLUMNS)]
    held = Portfolio(facilities, leases, empty[0], history, empty[1], as_of)
    total = wale(held).set_index("level").loc["total"]
    assert total["wale_mw_years"] == pytest.approx(4.48, abs=0.005)
    for quarter_end in pd.DatetimeIndex(history["quarter_end"].unique()):
        stated = history[history["quarter_end"] == quarter_end]
        ours = leases[in_place(held, quarter_end)].groupby("facility_id")["mw"].sum()
        expected = stated.set_index("facility_id")["leased_mw"]
        assert ours.reindex(expected.index, fill_value=0.0).to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)
