"""Ladders: every one agrees with what is published, they differ where nothing is, and contradictions are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecasts.leases.ladders import Typical, ladders, spread

AS_OF = pd.Timestamp("2025-12-31")
TYPICAL = Typical()


def profile(*shares: float, last_open: bool = True) -> pd.DataFrame:
    """One bucket a year, the last one open."""
    ends = [float(year + 1) for year in range(len(shares))]
    if last_open:
        ends[-1] = np.nan
    return pd.DataFrame({"year_from_years": np.arange(len(shares)), "year_to_years": ends, "share_of_leased": shares})


USUAL = profile(0.09, 0.08, 0.0, 0.15, 0.28, 0.40)


def wale_of(ladder: pd.DataFrame) -> float:
    """WALE of a ladder, in years of 365.25 days."""
    term = (ladder["end_date"] - AS_OF).dt.days / 365.25
    return float((ladder["mw"] * term).sum() / ladder["mw"].sum())


def shares_of(ladder: pd.DataFrame, starts: np.ndarray) -> np.ndarray:
    """Share of a ladder that ends in each bucket of whole years after AS_OF, which start at these years."""
    edges = [(AS_OF + pd.DateOffset(years=int(start))).to_datetime64() for start in starts]
    bucket = np.searchsorted(edges, ladder["end_date"].to_numpy(), side="left") - 1
    return np.bincount(bucket, weights=ladder["mw"] / ladder["mw"].sum(), minlength=len(starts))


@st.composite
def printed(draw: st.DrawFn) -> tuple[pd.DataFrame, float, int]:
    """A profile and WALE as printed (whole per cent or tenths) of leases that might exist, so that they do agree."""
    size = np.array(draw(st.lists(st.floats(0.05, 50.0), min_size=1, max_size=30)))
    days = np.array(draw(st.lists(st.integers(1, 7300), min_size=len(size), max_size=len(size))))
    starts = np.array(sorted(draw(st.sets(st.integers(1, 9), max_size=8)) | {0}))
    last_open = draw(st.booleans())
    decimals = draw(st.sampled_from([2, 3]))
    last = int(starts[-1]) + 3
    if not last_open:
        days = np.minimum(days, last * 365)
    ladder = pd.DataFrame({"mw": size, "end_date": AS_OF + pd.to_timedelta(days, unit="D")})
    frame = pd.DataFrame(
        {
            "year_from_years": starts,
            "year_to_years": [*starts[1:].astype(float), np.inf if last_open else float(last)],
            "share_of_leased": shares_of(ladder, starts).round(decimals),
        }
    )
    # A bucket printed as 0 that holds something is read as empty, which the other buckets may not make up for.
    assume(not ((frame["share_of_leased"] == 0) & (shares_of(ladder, starts) > 1e-9)).any())
    return frame, round(wale_of(ladder), 1), decimals


@settings(max_examples=80, deadline=None, derandomize=True)
@given(printed(), st.integers(0, 1000), st.sampled_from(["both", "profile", "wale"]))
def test_ladders_agree_with_whatever_is_published(
    figures: tuple[pd.DataFrame, float, int], seed: int, given_figures: str
) -> None:
    """The one promise of a ladder: total, shares and WALE are the published ones within their own rounding."""
    frame, wale, decimals = figures
    assume(wale > 0 or given_figures == "profile")
    known_wale = None if given_figures == "profile" else wale
    known = None if given_figures == "wale" else frame
    for ladder in ladders(80.0, AS_OF, known_wale, known, 3, seed, TYPICAL, share_rounding=0.5 * 10.0**-decimals):
        assert ladder["mw"].sum() == pytest.approx(80.0)
        assert (ladder["mw"] > 0).all()
        assert (ladder["end_date"] > AS_OF).all()
        assert ladder["lease_id"].is_unique
        if known is not None:
            off = np.abs(shares_of(ladder, frame["year_from_years"].to_numpy()) - frame["share_of_leased"])
            assert off.max() <= 0.5 * 10.0**-decimals + 1e-9
        if known_wale is not None:
            assert abs(wale_of(ladder) - wale) <= 0.05 + 1e-6


def test_a_ladder_is_the_same_whatever_the_count() -> None:
    """Asking for more ladders must not change the bands that the first ones carried."""
    few, many = (ladders(50.0, AS_OF, 4.6, USUAL, count, 11, TYPICAL) for count in (2, 5))
    for one, same in zip(few, many, strict=False):
        pd.testing.assert_frame_equal(one, same)
    other = ladders(50.0, AS_OF, 4.6, USUAL, 1, 12, TYPICAL)[0]
    assert not other["mw"].equals(few[0]["mw"])


@pytest.mark.parametrize(("wale", "known"), [(4.6, USUAL), (None, USUAL), (4.6, None)])
def test_ladders_differ_where_nothing_is_published(wale: float | None, known: pd.DataFrame | None) -> None:
    """Their spread is the point: equal ladders would pass an estimate off as knowledge."""
    made = ladders(50.0, AS_OF, wale, known, 40, 3, TYPICAL)
    frame = spread(made, pd.date_range("2026-03-31", periods=4, freq="QE"))
    assert ((frame["expiring_share_p90"] - frame["expiring_share_p10"]) > 0.02).all()
    assert len({len(ladder) for ladder in made}) > 20
    largest = [ladder.groupby("tenant_id")["mw"].sum().max() / 50.0 for ladder in made]
    assert np.quantile(largest, 0.9) > 2 * np.quantile(largest, 0.1)
    assert all((ladder["provenance"] == "estimated").all() for ladder in made)


def test_wale_lies_anywhere_inside_its_rounding() -> None:
    """Aimed at the printed figure alone, ladders would claim to know the digits that were cut off."""
    found = [wale_of(ladder) for ladder in ladders(50.0, AS_OF, 4.6, USUAL, 60, 3, TYPICAL)]
    assert min(found) < 4.57
    assert max(found) > 4.63


def test_an_open_bucket_without_wale_follows_its_prior() -> None:
    """The mean term beyond the last printed year is the prior's, not a by-product of how far the bucket reaches."""
    typical = Typical(beyond_years=(3.0, 3.0), leases=(2000, 2000), size_sigma=(0.5, 0.5))
    means = [wale_of(ladder) for ladder in ladders(50.0, AS_OF, None, profile(0.0, 1.0), 20, 3, typical)]
    assert np.mean(means) == pytest.approx(1.0 + 3.0, abs=0.1)


def test_wale_alone_reaches_no_further_than_the_prior() -> None:
    """With leases of one term signed evenly over time (reach 2) terms are flat from 0 to twice WALE."""
    typical = Typical(reach=(2.0, 2.0), leases=(4000, 4000), size_sigma=(0.3, 0.3))
    ladder = ladders(50.0, AS_OF, 5.0, None, 1, 3, typical)[0]
    assert ladder["end_date"].max() <= AS_OF + pd.DateOffset(years=10, days=2)
    year = ladder["end_date"].dt.year
    assert (ladder["mw"].groupby(year).sum() / 50.0).loc[2026:2034].to_numpy() == pytest.approx(0.1, abs=0.025)


def test_a_large_lease_stays_whole_where_a_bucket_has_room() -> None:
    """Cut at the edges of buckets, anchors would leave in slices, and the spread of a quarter would be too narrow."""
    typical = Typical(leases=(40, 40), size_sigma=(1.2, 1.2), leases_per_tenant=(1.0, 1.0))
    cut = []
    for ladder in ladders(100.0, AS_OF, 4.6, USUAL, 60, 5, typical):
        by_tenant = ladder.groupby("tenant_id")["mw"].agg(["sum", "size"])
        large = by_tenant[by_tenant["sum"] > 4.0]
        cut.append((large["size"] > 1).mean())
    assert np.mean(cut) < 0.25


def test_the_largest_lease_may_end_in_any_bucket_with_room() -> None:
    """Always put into the largest bucket, the anchor's expiry would look known."""
    made = ladders(100.0, AS_OF, 4.6, USUAL, 60, 5, Typical(leases=(100, 100), size_sigma=(0.8, 0.8)))
    years = [int(ladder["end_date"].dt.year[ladder["mw"].idxmax()]) for ladder in made]
    assert len(set(years)) >= 4
    assert 0.2 < np.mean([year > 2030 for year in years]) < 0.8


@pytest.mark.parametrize(("sigma", "share"), [(0.8, 0.07), (1.6, 0.20)])
def test_tenants_are_as_concentrated_as_the_prior_states(sigma: float, share: float) -> None:
    """The figures in the prior's own words, which a reader sets it by: the largest of 60 tenants."""
    typical = Typical(leases=(60, 60), size_sigma=(sigma, sigma), leases_per_tenant=(1.0, 1.0))
    largest = [ladder["mw"].max() for ladder in ladders(1.0, AS_OF, 4.6, None, 300, 5, typical)]
    assert np.median(largest) == pytest.approx(share, rel=0.15)


def test_years_of_the_calendar_end_on_their_last_day() -> None:
    """A leap year must not move "expiring in the third year" by a day into the fourth."""
    made = ladders(10.0, AS_OF, None, profile(0.2, 0.2, 0.2, 0.4, last_open=False), 10, 3, Typical(leases=(5000, 5000)))
    for ladder in made:
        by_year = ladder.groupby(ladder["end_date"].dt.year)["mw"].sum() / 10.0
        assert by_year.index.tolist() == [2026, 2027, 2028, 2029]
        assert by_year.to_numpy() == pytest.approx([0.2, 0.2, 0.2, 0.4], abs=0.0501)


@pytest.mark.parametrize(
    ("as_of", "years", "last"),
    [("2026-06-30", 0.5, "2026-12-31"), ("2026-02-28", 0.25, "2026-05-31"), ("2026-06-30", 0.3, "2026-10-18")],
)
def test_buckets_end_with_their_month(as_of: str, years: float, last: str) -> None:
    """Calendar years seen from mid-year start half a year off; only what is no whole month is counted in days."""
    frame = pd.DataFrame({"year_from_years": [0.0], "year_to_years": [years], "share_of_leased": [1.0]})
    ladder = ladders(10.0, pd.Timestamp(as_of), None, frame, 1, 3, Typical(leases=(5000, 5000)))[0]
    assert ladder["end_date"].min() == pd.Timestamp(as_of) + pd.Timedelta(days=1)
    assert ladder["end_date"].max() == pd.Timestamp(last)


def test_a_bucket_printed_as_zero_is_empty() -> None:
    """Reports print 0 where nothing ends; half a per cent put there would be expiries nobody announced."""
    for ladder in ladders(10.0, AS_OF, 4.6, USUAL, 20, 3, TYPICAL):
        assert not (ladder["end_date"].dt.year == 2028).any()


def test_a_unit_other_than_mw_is_not_called_mw() -> None:
    """Square metres under the name mw would be added to megawatts."""
    ladder = ladders(9000.0, AS_OF, 4.6, None, 1, 3, TYPICAL, unit="sqm", prefix="op")[0]
    assert ladder.columns.tolist() == ["lease_id", "tenant_id", "capacity", "end_date", "provenance"]
    assert ladder["capacity"].sum() == pytest.approx(9000.0)
    assert ladder["lease_id"].str.startswith("op-").all()
    assert "mw" in ladders(9.0, AS_OF, 4.6, None, 1, 3, TYPICAL)[0].columns
    assert spread([ladder], [ladder["end_date"].iloc[0]])["expiring_share_p50"].iloc[0] > 0


def test_profile_and_wale_that_contradict_each_other_are_both_named() -> None:
    """Figures by area and by rent look alike; a ladder that bent one would hide that they do not belong together."""
    closed = profile(0.5, 0.3, 0.2, last_open=False)
    with pytest.raises(
        ValueError, match=r"WALE 4\.6 .*0 to 1: 0\.5, 1 to 2: 0\.3, 2 to 3: 0\.2.* allow 0\.\d+ to 1\.7"
    ):
        ladders(50.0, AS_OF, 4.6, closed, 1, 3, TYPICAL)
    with pytest.raises(ValueError, match=r"WALE 0\.4 .*5 to open: 0\.4.*Typical\.longest_years"):
        ladders(50.0, AS_OF, 0.4, USUAL, 1, 3, TYPICAL)
    with pytest.raises(ValueError, match=r"WALE 20.*25 years"):
        ladders(50.0, AS_OF, 20.0, USUAL, 1, 3, TYPICAL)
    # Reached only with shares and WALE at the edge of their rounding, and still consistent.
    edge = ladders(50.0, AS_OF, 1.755, closed, 3, 3, TYPICAL)
    assert [wale_of(ladder) for ladder in edge] == pytest.approx([1.707] * 3, abs=0.003)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"total": 0.0}, "total: found 0"),
        ({"total": np.nan}, "total: found nan"),
        ({"wale": None, "known": None}, "found neither"),
        ({"wale": -1.0}, "wale_years: found -1"),
        ({"wale": 30.0, "known": None}, "wale_years: found 30.*longest_years"),
        ({"count": 0}, "count: found 0"),
        ({"known": profile(0.5, 0.3)}, "sums to 0.8"),
        ({"known": profile(50.0, 50.0)}, "row 0, share_of_leased: found 50"),
        ({"known": profile(0.5, np.nan, 0.5)}, "row 1, share_of_leased: found nan"),
        ({"known": USUAL.iloc[:0]}, "found 0 rows"),
        ({"known": USUAL.drop(columns="share_of_leased")}, "share_of_leased"),
        ({"known": USUAL.iloc[::-1]}, "row 1: found years"),
        ({"known": USUAL.assign(year_to_years=[1.5, 2, 3, 4, 5, np.nan])}, "row 1: found years 1.0 to 2.0"),
        ({"known": profile(0.5, 0.5).assign(year_from_years=[0, 26])}, "longest remaining term"),
    ],
)
def test_what_no_ladder_can_be_made_of_is_refused(own: dict[str, Any], said: str) -> None:
    """The message must lead to the figure that is wrong; a guess would be carried into the bands."""
    plain: dict[str, Any] = {
        "total": 50.0,
        "as_of": AS_OF,
        "wale": 4.6,
        "known": USUAL,
        "count": 1,
        "seed": 3,
        "typical": TYPICAL,
    }
    with pytest.raises(ValueError, match=said):
        ladders(*(plain | own).values())


@pytest.mark.parametrize(
    "own", [{"leases": (0, 5)}, {"size_sigma": (2.0, 1.0)}, {"reach": (1.0, 2.0)}, {"longest_years": 300.0}]
)
def test_a_prior_out_of_bounds_is_refused(own: dict[str, Any]) -> None:
    """A range the wrong way round would silently draw from nowhere."""
    with pytest.raises(ValueError, match=f"Typical, {next(iter(own))}: found"):
        Typical(**own)


def test_spread_counts_each_quarter_of_each_ladder() -> None:
    """Worked by hand: 1 of 4 and 3 of 4 expire in the first quarter, nothing in the next."""
    ends = pd.to_datetime(["2026-02-01", "2027-01-01"])
    made = [pd.DataFrame({"mw": [1.0, 3.0], "end_date": ends}), pd.DataFrame({"mw": [3.0, 1.0], "end_date": ends})]
    frame = spread(made, [pd.Timestamp("2026-03-31"), pd.Timestamp("2026-06-30")])
    assert frame["quarter_end"].tolist() == [pd.Timestamp("2026-03-31"), pd.Timestamp("2026-06-30")]
    assert frame.iloc[0, 1:].tolist() == pytest.approx([0.3, 0.5, 0.7, 0.5])
    assert frame.iloc[1, 1:].tolist() == [0.0] * 4
    with pytest.raises(ValueError, match="found none"):
        spread([], [AS_OF])
