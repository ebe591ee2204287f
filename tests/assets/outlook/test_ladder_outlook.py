"""Ladders of operators that publish only totals: which figures fit together, and bands that follow from them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.outlook.ladder_outlook import (
    LEASE_MW,
    MODEL,
    bucket,
    ladder_forecast,
    ladder_inputs,
    ladder_outlook,
    ladder_portfolio,
    weighting,
)
from forecasts.leases.ladders import Typical, ladders
from forecasts.leases.outcomes import NAMES
from forecasts.leases.priors import PREFIX

LEDGER = Path(__file__).parents[3] / "data" / "ledger" / "assumptions.csv"
AS_OF = pd.Timestamp("2025-12-31")
TODAY = date(2026, 6, 30)


def assumptions(**own: float) -> dict[str, float]:
    """The stated priors, with some of `leases.*` changed."""
    with LEDGER.open(encoding="utf-8") as file:
        values = {row["parameter"]: float(row["value"]) for row in csv.DictReader(file)}
    return values | {PREFIX + name: value for name, value in own.items()}


def figure(metric: str, value: float, scope: str = "portfolio", **own: object) -> dict[str, object]:
    """A published figure at AS_OF."""
    plain: dict[str, object] = {
        "operator": "Harbour REIT", "scope": scope, "scope_level": "portfolio", "period_end": AS_OF, "metric": metric,
        "value": value, "rounding": 0.05 if metric == "wale_years" else 0.5, "known_at": pd.Timestamp("2026-01-31"),
        "superseded_by": None, "quote": "", "trust": 0.9,
    }  # fmt: skip
    return plain | own


def profile_of(*shares: float, by: str = "area", **own: object) -> list[dict[str, object]]:
    """Shares of 2026, 2027, ... the last one open."""
    scopes = [f"expiring {2026 + at}" + ("+" if at == len(shares) - 1 else "") for at in range(len(shares))]
    metric = f"lease_expiry_share_by_{by}"
    return [figure(metric, share, scope, **own) for scope, share in zip(scopes, shares, strict=True)]


def point(series: str = "harbour-reit/portfolio/pct", occupancy: float = 0.9, **own: object) -> dict[str, object]:
    """A figure of occupancy_history at AS_OF."""
    plain: dict[str, object] = {
        "level": "operator", "series_id": series, "operator": "Harbour REIT", "quarter_end": AS_OF, "unit": "pct",
        "in_service": np.nan, "leased": np.nan, "occupancy": occupancy, "known_at": pd.Timestamp("2026-02-15"),
    }  # fmt: skip
    return plain | own


def profile(*shares: float) -> pd.DataFrame:
    """As ladder_forecast() takes it: yearly buckets, the last one open."""
    count = len(shares)
    stops = [*np.arange(1, count), np.inf]
    return pd.DataFrame({"year_from_years": np.arange(count), "year_to_years": stops, "share_of_leased": shares})


@pytest.mark.parametrize(
    ("scope", "quote", "wanted"),
    [
        ("portfolio (by rental income)", "", "rent"),
        ("portfolio", "WALE (lettable area) | As at | 6.3 years", "space"),
        ("portfolio", "remaining term per contracted MW", "space"),
        ("portfolio", "4.7 | https://news.example/net-income-rises | weighted average lease expiry", "not stated"),
        ("portfolio", "WALE by area and by rent", "not stated"),
        ("portfolio", "a parent company", "not stated"),
    ],
)  # fmt: skip
def test_weights_are_read_off_words(scope: str, quote: str, wanted: str) -> None:
    """A WALE by rent beside a profile by area is a contradiction nobody sees; a link is no statement."""
    assert weighting(scope, quote) == wanted


@pytest.mark.parametrize(
    ("scope", "as_of", "wanted"),
    [
        ("expiring 2026", "2025-12-31", (0.0, 1.0)),
        ("expiring 2028-2030", "2025-12-31", (2.0, 5.0)),
        ("expiring 2032+", "2025-12-31", (6.0, np.inf)),
        ("Expiring >=2031", "2025-12-31", (5.0, np.inf)),
        ("expiring 2031 and beyond", "2025-12-31", (5.0, np.inf)),
        ("expiring 2025", "2025-06-30", (0.0, 0.5)),
        ("expiring 2026", "2025-06-30", (0.5, 1.5)),
    ],
)
def test_buckets_are_counted_from_the_date(scope: str, as_of: str, wanted: tuple[float, float]) -> None:
    """A bucket a year off moves a whole year's leases."""
    assert bucket(scope, pd.Timestamp(as_of)) == pytest.approx(wanted)


@pytest.mark.parametrize("scope", ["expiring FY2027", "expiring soon", "2027", "expiring 2024", "expiring 2030-2028"])
def test_buckets_that_name_no_years_ahead_are_refused(scope: str) -> None:
    """Whose financial year it is cannot be guessed."""
    with pytest.raises(ValueError, match=f"expiry bucket: found '{scope}'"):
        bucket(scope, AS_OF)


def test_space_comes_before_rent_and_is_not_mixed_with_it() -> None:
    """Space is what is forecast; WALE by rent says nothing of a profile by area."""
    rows = [
        *profile_of(20, 30, 50),
        *profile_of(5, 10, 85, by="rent"),
        figure("wale_years", 4.6, quote="by annualised rent"),
    ]
    found, reasons = ladder_inputs(pd.DataFrame(rows), pd.DataFrame([point()]), TODAY)
    assert reasons.empty
    assert found[0].weighted == "space"
    assert found[0].wale_years is None
    assert found[0].profile is not None
    assert found[0].profile["share_of_leased"].tolist() == [0.2, 0.3, 0.5]
    assert found[0].share_rounding == 0.005


def test_rent_is_used_where_nothing_else_is_published_and_said() -> None:
    """Better than nothing, and the reader is told."""
    rows = [*profile_of(5, 10, 85, by="rent"), figure("wale_years", 4.6, quote="by annualised rent")]
    found, _ = ladder_inputs(pd.DataFrame(rows), pd.DataFrame([point()]), TODAY)
    assert (found[0].weighted, found[0].wale_years) == ("rent", 4.6)
    assert found[0].profile is not None


def test_the_operators_own_unit_comes_before_the_bare_rate() -> None:
    """Leased area is a total; a rate has none."""
    both = [point(), point("harbour-reit/portfolio/sqft", unit="sqft", in_service=1000.0, leased=900.0)]
    found, _ = ladder_inputs(pd.DataFrame([figure("wale_years", 5.0)]), pd.DataFrame(both), TODAY)
    assert (found[0].unit, found[0].total, found[0].in_service) == ("sqft", 900.0, 1000.0)
    found, _ = ladder_inputs(pd.DataFrame([figure("wale_years", 5.0)]), pd.DataFrame(both[:1]), TODAY)
    assert (found[0].unit, found[0].total, found[0].in_service) == ("pct", 90.0, 100.0)


def test_only_what_was_known_counts_and_the_newest_of_it() -> None:
    """A forecast of a past day must not read later figures, nor ones that were corrected."""
    before = pd.Timestamp("2024-12-31")
    rows = [
        figure("wale_years", 5.0),
        figure("wale_years", 6.0, period_end=before, known_at=pd.Timestamp("2025-02-01")),
        figure("wale_years", 9.0, period_end=before, known_at=pd.Timestamp("2025-02-01"), superseded_by="other"),
    ]
    points = [point(), point(occupancy=0.8, quarter_end=before, known_at=pd.Timestamp("2025-02-01"))]
    newest, _ = ladder_inputs(pd.DataFrame(rows), pd.DataFrame(points), TODAY)
    past, _ = ladder_inputs(pd.DataFrame(rows), pd.DataFrame(points), date(2025, 6, 30))
    assert (newest[0].as_of, newest[0].wale_years) == (AS_OF, 5.0)
    assert (past[0].as_of, past[0].wale_years, past[0].total) == (before, 6.0, 80.0)


def test_another_perimeter_is_a_reason() -> None:
    """WALE of a business that is mostly something else is not that of its data centres."""
    row = figure("wale_years", 4.0, "overall portfolio (industrial + data centres)")
    found, reasons = ladder_inputs(pd.DataFrame([row]), pd.DataFrame([point()]), TODAY)
    assert not found
    assert reasons["operator"].tolist() == ["Harbour REIT"]
    assert "overall portfolio (industrial + data centres)" in reasons["reason"][0]
    assert "harbour-reit/portfolio/pct" in reasons["reason"][0]


def test_contradictions_old_figures_and_odd_buckets_are_reasons() -> None:
    """One operator's bad figures must neither vanish nor stop the others."""
    ancient = pd.Timestamp("2020-12-31")
    rows = [
        *profile_of(90, 5, 5), figure("wale_years", 20.0, quote="by lettable area"),
        figure("wale_years", 5.0, operator="Old", period_end=ancient),
        figure("lease_expiry_share_by_area", 100.0, "expiring FY2027", operator="Odd"),
        figure("wale_years", 5.0, operator="Good"),
    ]  # fmt: skip
    points = [
        point(), point("old/portfolio/pct", operator="Old", quarter_end=ancient),
        point("odd/portfolio/pct", operator="Odd"), point("good/portfolio/pct", operator="Good"),
    ]  # fmt: skip
    found, reasons = ladder_outlook(pd.DataFrame(rows), pd.DataFrame(points), TODAY, 4, 48, 0, assumptions())
    why = reasons.set_index("operator")["reason"]
    assert found["operator"].unique().tolist() == ["Good"]
    assert "contradict each other" in why["Harbour REIT"]
    assert "2020-12-31" in why["Old"]
    assert "FY2027" in why["Odd"]


def test_no_operator_no_rows() -> None:
    """An empty warehouse is answered with the same columns."""
    rows = [figure("wale_years", 5.0, scope_level="facility")]
    found, reasons = ladder_outlook(pd.DataFrame(rows), pd.DataFrame([point()]), TODAY, 4, 48, 0, assumptions())
    assert found.empty
    assert {"series_id", "occupancy_p50", "model"} <= set(found.columns)
    assert reasons.empty


def test_rows_say_what_they_rest_on() -> None:
    """Nobody may take a ladder for leases that were seen."""
    rows = [*profile_of(20, 30, 50), figure("wale_years", 2.5, quote="by lettable area")]
    found, _ = ladder_outlook(pd.DataFrame(rows), pd.DataFrame([point()]), TODAY, 3, 48, 0, assumptions())
    assert found["horizon"].tolist() == [1, 2, 3]
    assert found["quarter_end"].iloc[0] == pd.Timestamp("2026-03-31")
    assert set(found["model"]) == {MODEL}
    assert set(found["provenance"]) == {"estimated"}
    assert set(found["rests_on"]) == {"WALE and profile"}
    assert set(found["known_at"]) == {pd.Timestamp("2026-02-15")}


@given(occupancy=st.floats(0.05, 1.0), wale=st.floats(1.0, 8.0), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_bands_are_ordered_and_within_bounds(occupancy: float, wale: float, seed: int) -> None:
    """Whatever is published, more than what is in service cannot be let."""
    found = ladder_forecast(100 * occupancy, 100.0, AS_OF, wale, None, 3, 12, seed, assumptions(), count=3)
    bands = found[[f"occupancy_{name}" for name in NAMES]].to_numpy()
    assert (np.diff(bands, axis=1) >= 0).all()
    assert ((bands >= 0) & (bands <= 1)).all()
    np.testing.assert_allclose(found[[f"leased_{name}" for name in NAMES]], bands * 100.0)
    assert found["between_share"].between(0, 1).all()


def test_the_unit_does_not_matter() -> None:
    """New leases are counted a lease size, not a MW: square feet would be let in a day."""
    values = assumptions()
    small = ladder_forecast(9.0, 10.0, AS_OF, 4.0, None, 4, 48, 1, values, count=4)
    large = ladder_forecast(9e5, 1e6, AS_OF, 4.0, None, 4, 48, 1, values, count=4, unit="sqft")
    np.testing.assert_allclose(small["occupancy_mean"], large["occupancy_mean"], atol=1e-4)


def test_leases_that_end_sooner_put_more_at_risk() -> None:
    """The profile has to reach the answer: with nothing let anew, what expires and does not renew is lost."""
    values = assumptions(absorption=1e-12, absorption_sd=1e-3, fresh=0.0, fresh_sd=1e-3)
    soon = ladder_forecast(90.0, 100.0, AS_OF, None, profile(0.6, 0.2, 0.2), 4, 240, 2, values, count=6)
    late = ladder_forecast(90.0, 100.0, AS_OF, None, profile(0.05, 0.2, 0.75), 4, 240, 2, values, count=6)
    lost = [0.9 - frame["occupancy_mean"].iloc[-1] for frame in (soon, late)]
    # Of 60 % of the leases about a quarter is not renewed.
    assert 0.1 < lost[0] < 0.25
    assert lost[1] < 0.5 * lost[0]


def test_the_same_seed_gives_the_same_bits() -> None:
    """A published figure has to be made again."""
    runs = [ladder_forecast(90.0, 100.0, AS_OF, 4.0, None, 2, 24, 7, assumptions(), count=2) for _ in range(2)]
    pd.testing.assert_frame_equal(runs[0], runs[1])


@pytest.mark.parametrize(("total", "horizon"), [(101.0, 4), (0.0, 4), (90.0, 0)])
def test_figures_out_of_bounds_are_named(total: float, horizon: int) -> None:
    """Committed space under construction is no part of what is in service."""
    with pytest.raises(ValueError, match=r"total: found|horizon 0"):
        ladder_forecast(total, 100.0, AS_OF, 4.0, None, horizon, 10, 0, assumptions())


def test_a_ladder_is_a_portfolio_in_place() -> None:
    """Every lease runs at the date, over whole years, and their sum is the total to scale."""
    rung = ladders(90.0, AS_OF, 4.0, None, 1, 3, Typical())[0]
    portfolio = ladder_portfolio(rung, 100.0, AS_OF, 3)
    leases, history = portfolio.leases, portfolio.history.iloc[0]
    assert (leases["start_date"] <= AS_OF).all()
    assert (leases["end_date"] > AS_OF).all()
    assert leases["mw"].mean() == pytest.approx(LEASE_MW)
    assert history["leased_mw"] / history["in_service_mw"] == pytest.approx(0.9)
    assert set(leases["provenance"]) == {"estimated"}
    inside = leases[leases["start_date"] < AS_OF]
    after = inside["end_date"] + pd.Timedelta(days=1)
    assert (after.dt.month == inside["start_date"].dt.month).all()
