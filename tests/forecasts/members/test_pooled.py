"""Shared regressions: what one series cannot show alone is learnt from all, and from nothing outside the panel."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts.members import pooled
from forecasts.members.compiled import Compiled
from forecasts.members.pooled import POOLED_LAGS, POOLED_TREND, SEASON, regress, season
from forecasts.panel import Panel, Series

BOTH = pytest.mark.parametrize("member", [POOLED_TREND, POOLED_LAGS], ids=lambda member: member.name)
NAN = float("nan")


def panel_of(rows: np.ndarray) -> Panel:
    return Panel(tuple(Series(str(at), 100, y) for at, y in enumerate(rows)))


def momentum(count: int, length: int, repeat: float, seed: int = 0) -> np.ndarray:
    """Series whose quarterly changes repeat themselves by a share, (count, length)."""
    rng = np.random.default_rng(seed)
    change = rng.normal(size=(count, length))
    for t in range(1, length):
        change[:, t] += repeat * change[:, t - 1]
    return 100 + np.cumsum(change, axis=1)


@BOTH
@pytest.mark.parametrize(("repeat", "most"), [(0.8, 0.75), (-0.7, 0.93), (0.0, 1.03)])
def test_what_all_series_do_is_followed(member: Compiled, repeat: float, most: float) -> None:
    """Momentum and reversal beat the last value by far; of random walks nothing is learnt that hurts."""
    whole = momentum(80, 26, repeat)
    said = member.answer(panel_of(whole[:, :24]), 2).median
    own, last = (np.abs(whole[:, 24:] - other).mean() for other in (said, whole[:, 23:24]))
    assert own < most * last


@BOTH
def test_a_short_series_learns_from_its_neighbours(member: Compiled) -> None:
    """Six figures alone show a jump that was taken back; among others that have momentum it goes on."""
    whole = momentum(60, 24, 0.8)
    short = Series("short", 100, np.array([10.0, 10.1, 10.0, 10.1, 10.0, 11.5]))
    alone = member.answer(Panel((short,)), 1).median[0, 0]
    among = member.answer(Panel((*panel_of(whole).series, short)), 1).median[-1, 0]
    assert alone < 11.5
    assert among > 11.7


@BOTH
def test_a_season_is_taken_out_and_put_back(member: Compiled) -> None:
    """Strong fixed seasons go on; the phase is that of the quarter."""
    rng = np.random.default_rng(1)
    pattern = np.tile([0.0, 10.0, -5.0, -5.0], 8)
    rows = 100 + pattern + np.cumsum(0.2 * rng.normal(size=(20, 32)), axis=1)
    said = member.answer(panel_of(rows[:, :27]), 5).median
    assert np.abs(said - rows[:, 27:]).mean() < 1.5


def test_seasonal_indices_are_found_and_noise_is_not_taken_for_one() -> None:
    """Shrunk by their own noise: a pattern no larger than it vanishes. Indices sum to zero."""
    index = np.empty(SEASON)
    season(np.tile([1.0, 2.0, 6.0, -1.0], 6), index)
    assert index == pytest.approx([-1.0, 0.0, 4.0, -3.0])
    noise = np.random.default_rng(3).normal(size=(40, 24))
    sizes = []
    for row in noise:
        season(row, index)
        assert index.sum() == pytest.approx(0.0, abs=1e-12)
        sizes.append(np.abs(index).max())
    assert np.median(sizes) < 0.35
    season(np.arange(8.0), index)
    assert (index == 0).all()


def test_the_regression_finds_the_line_through_outliers() -> None:
    """Least absolute errors: one target in ten that is wild moves nothing; missing targets are left out."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 3))
    y = x @ np.array([2.0, -1.0, 0.5]) + 0.01 * rng.normal(size=400)
    y[::10] += 15
    y[5::10] = np.nan
    assert regress(x, y, np.ones(400), 1e-6, 0.3) == pytest.approx([2.0, -1.0, 0.5], abs=0.1)
    assert (regress(x, np.full(400, np.nan), np.ones(400), 1.0, 0.3) == 0).all()


@BOTH
def test_neither_the_unit_nor_the_order_of_the_series_matters(member: Compiled) -> None:
    """A power of two changes no bit, also series by series; another order sums in another order only."""
    rows = momentum(15, 20, 0.5)
    one = member.answer(panel_of(rows), 4).median
    factors = 2.0 ** np.random.default_rng(5).integers(-30, 30, len(rows))[:, None]
    assert (member.answer(panel_of(rows * factors), 4).median == one * factors).all()
    order = np.random.default_rng(6).permutation(len(rows))
    assert member.answer(panel_of(rows[order]), 4).median == pytest.approx(one[order], rel=1e-9)


@BOTH
@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([1.0, 2.0, 3.0, 4.0], "fewer than 5"),
        ([1.0, NAN, NAN, 4.0, 5.0, 6.0], "missing"),
        ([3.0] * 12, "equal"),
        ([], "fewer than 5"),
    ],
)
def test_what_cannot_be_learnt_from_is_named_and_leaves_the_others_alone(
    member: Compiled, values: list[float], word: str
) -> None:
    """A series that falls back gives no window, so neighbours do not notice it."""
    rows = momentum(8, 20, 0.5)
    one = member.answer(panel_of(rows), 3)
    more = member.answer(Panel((Series("x", 100, np.array(values)), *panel_of(rows).series)), 3)
    assert word in more.reasons[0]
    assert (more.median[0] == (values[-1] if values else 0.0)).all()
    assert (more.median[1:] == one.median).all()


@BOTH
def test_a_forecast_stays_within_what_a_series_has_covered(member: Compiled) -> None:
    """Neighbours that explode may not carry a calm series beyond its own range and one change."""
    explosive = 2.0 ** np.arange(16) * np.linspace(1, 3, 12)[:, None]
    calm = Series("calm", 100, np.array([10.0, 10.2, 10.1, 10.3, 10.2, 10.4, 10.5, 10.7]))
    said = member.answer(Panel((*panel_of(explosive).series, calm)), 8).median[-1]
    assert (said < 10.7 * 1.1).all()
    assert (said > 9.5).all()


def test_thinned_windows_of_a_large_panel_teach_what_all_of_them_do() -> None:
    """Above MOST_WINDOWS every second, third ... is taken, with the weight of those left out."""
    rows = momentum(60, 24, 0.7)
    times = pooled.MOST_WINDOWS // (60 * (24 - pooled.MIN_POINTS)) + 2
    one = POOLED_LAGS.answer(panel_of(rows), 2).median
    many = POOLED_LAGS.answer(panel_of(np.tile(rows, (times, 1))), 2).median[:60]
    last = rows[:, -1:]
    assert np.corrcoef((one - last).ravel(), (many - last).ravel())[0, 1] > 0.99
