"""Rates come by division of what members say of both operands; caps move, capacity may lag, rates may stand alone."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts import rates
from forecasts.members import MEMBERS
from forecasts.occupancy import Occupancy, bounded_rates, capacity_said, logs, rate_said, used
from forecasts.panel import Panel, Series
from forecasts.parallel import answer_in_parts
from forecasts.rolling import Said, ask

HORIZON = 4
NAMES = tuple(MEMBERS)
NAIVE = NAMES.index("naive")
# Members that fit each series alone: what they say does not depend on the company a series keeps.
SEPARATE = [MEMBERS[name].separate for name in NAMES]
QUARTERS = np.arange(24.0)


def item(
    name: str, capacity: np.ndarray | None = None, rate: np.ndarray | None = None, first: int = 100, lag: int = 0
) -> Occupancy:
    rate = 0.7 + 0.005 * QUARTERS + 0.01 * np.sin(QUARTERS) if rate is None else rate
    if capacity is None:
        return Occupancy(Series(name, first, rate))
    return Occupancy(Series(name, first, rate), Series(name, first, capacity[: len(capacity) - lag]))


def built() -> np.ndarray:
    return 100 * 1.02**QUARTERS * (1 + 0.01 * np.cos(QUARTERS))


@pytest.fixture(scope="module")
def items() -> list[Occupancy]:
    return [item("full", built()), item("alone"), item("late", built(), lag=3)]


@pytest.fixture(scope="module")
def capacity(items: list[Occupancy]) -> Said:
    return capacity_said(items, HORIZON)


@pytest.fixture(scope="module")
def said(items: list[Occupancy], capacity: Said) -> Said:
    return rate_said(items, capacity)


def test_the_rate_is_used_over_in_service_member_by_member(items: list[Occupancy], capacity: Said, said: Said) -> None:
    """Utilisation can fall while usage rises: each member's rate is its used capacity over its own in-service."""
    taken = used(items[0])
    assert taken is not None
    assert items[0].in_service is not None
    for position, name in enumerate(NAMES):
        ahead = np.exp(capacity.median[0, position])
        cap = np.concatenate([items[0].in_service.y, ahead])
        panel = Panel((Series("full", taken.first, taken.y, cap),))
        answer = answer_in_parts(name, panel, HORIZON)
        assert answer.reasons == ("",), name
        assert rates.from_scale(said.median[0, position]) == pytest.approx(
            np.clip(answer.median[0] / ahead, 0, 1), abs=1e-9
        )


def test_capacity_is_what_members_say_of_capacity(items: list[Occupancy], capacity: Said) -> None:
    """On its own scale, told as logarithms, so that it does not outgrow the used capacity it is divided by."""
    whole = items[0].in_service
    assert whole is not None
    plain = ask(Panel((whole,)), HORIZON)
    assert np.exp(capacity.median[0][SEPARATE]) == pytest.approx(plain.median[0][SEPARATE], rel=1e-12)
    assert capacity.fitted[0].all()


def test_used_never_passes_a_cap_that_moves() -> None:
    """Full and still being let: every member's used capacity stops at its own capacity to come, hence at 100 %."""
    nearly = np.minimum(0.6 + 0.02 * QUARTERS, 1.0)
    flat = [item("full", np.full(24, 100.0), nearly)]
    found = rate_said(flat, capacity_said(flat, HORIZON))
    shares = rates.from_scale(found.median[0])
    assert np.isfinite(found.median).all()
    assert shares.max() <= 1
    assert shares[NAIVE] == pytest.approx(np.ones(HORIZON))


def test_a_rate_without_capacity_is_forecast_on_the_bounded_scale(
    items: list[Occupancy], capacity: Said, said: Said
) -> None:
    """Nothing is made up for rate-only series: no capacity, and the rate itself is what members see."""
    plain = ask(Panel((bounded_rates(items[1]),)), HORIZON)
    assert said.median[1][SEPARATE] == pytest.approx(plain.median[0][SEPARATE], rel=1e-12)
    assert np.isnan(capacity.median[1]).all()
    assert not capacity.fitted[1].any()
    assert said.fitted[1].any()
    assert used(items[1]) is None
    assert not len(logs(items[1]).y)


def test_a_capacity_that_lags_is_brought_to_the_rates_quarter(items: list[Occupancy], capacity: Said) -> None:
    """Horizons count from the last rate: three quarters of the capacity's own forecast come before the first."""
    late = items[2].in_service
    assert late is not None
    assert items[2].rate.last - late.last == 3
    longer = ask(Panel((late,)), HORIZON + 3)
    assert np.exp(capacity.median[2][SEPARATE]) == pytest.approx(longer.median[0][SEPARATE][:, 3:], rel=1e-12)
    assert used(items[2]) is None


def test_a_capacity_known_further_than_the_rate_is_no_lag() -> None:
    """A capacity ahead of the rate is not divided by a used capacity of another quarter, and nothing fails."""
    rate = (0.7 + 0.01 * np.sin(QUARTERS))[:-2]
    ahead = [Occupancy(Series("a", 100, rate), Series("a", 100, built()))]
    found = capacity_said(ahead, HORIZON)
    assert used(ahead[0]) is None
    assert np.isfinite(found.median).all()
    assert np.isfinite(rate_said(ahead, found).median).all()


def test_half_yearly_figures_keep_their_gaps() -> None:
    """Used capacity is known where both operands are; a gap stays one, and the cap is the last known in between."""
    gaps = np.where(QUARTERS % 2 == 1, 1.0, np.nan)
    half = item("half", (built() * gaps)[1:], (0.8 * gaps)[1:])
    taken = used(half)
    assert taken is not None
    assert np.isnan(taken.y[1::2]).all()
    found = rate_said([half], capacity_said([half], HORIZON))
    assert np.isfinite(found.median).all()
    assert rates.from_scale(found.median[0, NAIVE]) == pytest.approx(np.full(HORIZON, 0.8), abs=1e-9)


def test_operands_that_begin_apart_meet_where_both_are_known() -> None:
    """Used capacity starts at the later of the two."""
    one = Occupancy(Series("a", 100, np.full(6, 0.5)), Series("a", 103, np.array([10.0, 20.0, 40.0])))
    taken = used(one)
    assert taken is not None
    assert (taken.first, taken.y.tolist()) == (103, [5.0, 10.0, 20.0])


def test_a_series_too_short_to_divide_still_answers() -> None:
    """Members that cannot fit say why and hold the last value: no NaN, nothing fitted that is not."""
    short = [item("short", np.array([10.0]), np.array([0.5]))]
    capacity = capacity_said(short, HORIZON)
    found = rate_said(short, capacity)
    assert np.isfinite(found.median).all()
    assert rates.from_scale(found.median[0, NAIVE]) == pytest.approx(np.full(HORIZON, 0.5))
    assert any(found.reasons[0])


def test_the_company_a_series_keeps_does_not_change_its_own_fits(items: list[Occupancy], said: Said) -> None:
    """Members that fit each series alone say the same of it in any panel, so that a backtest repeats them."""
    for at, one in enumerate(items):
        alone = rate_said([one], capacity_said([one], HORIZON))
        assert alone.median[0][SEPARATE] == pytest.approx(said.median[at][SEPARATE], rel=1e-12)
