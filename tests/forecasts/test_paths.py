"""Paths: what is used never exceeds what is in service, shocks are shared by quarter, and bits repeat."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.calibration import GRID, Calibration
from forecasts.panel import Panel, Series
from forecasts.paths import (
    CORRELATION_PRIOR_PAIRS,
    SHARED_PRIOR_PAIRS,
    SHARED_SHOCK_SHARE,
    Outlook,
    Paths,
    Shocks,
    Spread,
    added,
    below,
    correlation_of,
    draw,
    offsets_at,
    quantiles,
    shared_share,
)
from forecasts.rates import from_scale, to_scale
from forecasts.rolling import Rolled, Said

REACH, HORIZON = 8, 4
OFFSETS = np.array([NormalDist().inv_cdf(level) for level in GRID])
NORMAL = Calibration(GRID, np.tile(OFFSETS, (REACH, 1)), np.full(REACH, 100.0))


def outlook(name: str, last: int = 10, rate: float = 0.9, in_service: float = 100.0) -> Outlook:
    steps = np.sqrt(np.arange(1, REACH + 1))
    return Outlook(name, last, np.full(REACH, rate), 0.3 * steps, np.full(REACH, in_service), 0.03 * steps)


def spread(correlation: float = 0.0, shared: float = 0.25) -> Spread:
    return Spread(NORMAL, NORMAL, correlation, shared)


def drawn(series: Outlook, seed: int = 1, lag: int = 0, own: Spread | None = None) -> Paths:
    return draw(series, Shocks(0, 40, seed), own or spread(), lag, HORIZON)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.floats(-0.9, 0.9), st.floats(0, 0.9), st.integers(0, 3))
def test_used_stays_within_service(rate: float, correlation: float, shared: float, lag: int) -> None:
    """The rule itself, for any median, correlation and lag: 0 <= used <= in service, and the rate is their ratio."""
    paths = drawn(outlook("a", rate=rate), lag=lag, own=spread(correlation, shared))
    assert paths.used is not None
    assert paths.in_service is not None
    assert (paths.used >= 0).all()
    assert (paths.used <= paths.in_service).all()
    assert np.allclose(paths.used / paths.in_service, paths.rate, atol=1e-12)


def test_clipping_is_counted_and_the_median_stays() -> None:
    """Draws held at 100 % are told, and do not move the middle; far from the bounds there are none."""
    paths = drawn(outlook("a", rate=0.99))
    assert paths.draws == paths.rate.size
    assert paths.clipped == (paths.rate == 1).sum() > 0
    assert np.median(paths.rate, axis=0) == pytest.approx(np.full(HORIZON, 0.99), abs=0.003)
    assert drawn(outlook("a", rate=0.5)).clipped == 0


def test_a_certain_full_series_is_not_clipped() -> None:
    """A median at 100 % without width lands on its bound: that is a figure, no draw that had to be held."""
    certain = replace(outlook("a", rate=1.0), rate_width=np.zeros(REACH))
    paths = drawn(certain)
    assert (paths.rate == 1).all()
    assert paths.clipped == 0


def test_rate_only_series_have_no_capacity() -> None:
    """Nothing is made up for a series of rates alone, and its rate is drawn as with capacity."""
    alone = replace(outlook("a"), in_service=None, in_service_width=None)
    paths = drawn(alone)
    assert paths.in_service is None
    assert paths.used is None
    assert (paths.rate == drawn(outlook("a")).rate).all()


def test_the_same_seed_gives_the_same_paths_whatever_comes_before() -> None:
    """Bits depend on seed and name alone, so that order and jobs cannot matter; another seed gives others."""
    shocks = Shocks(0, 40, 5)
    draw(outlook("b"), shocks, spread(), 0, HORIZON)
    two = draw(outlook("a"), shocks, spread(), 0, HORIZON)
    assert (drawn(outlook("a"), 5).rate == two.rate).all()
    assert (drawn(outlook("a"), 6).rate != two.rate).any()
    assert (drawn(outlook("b"), 5).rate != two.rate).any()


def test_series_share_the_shocks_of_a_quarter_also_from_different_origins() -> None:
    """Leases of one tenant leave in the same quarter, however old each operator's last figure is."""

    def correlation(share: float) -> float:
        shocks = Shocks(0, 40, 2)
        early = draw(outlook("a", 8), shocks, spread(shared=share), 2, HORIZON).rate[:, 1]
        late = draw(outlook("b", 10), shocks, spread(shared=share), 0, HORIZON).rate[:, 1]
        return float(np.corrcoef(early, late)[0, 1])

    assert abs(correlation(0.0)) < 0.1
    assert correlation(0.9) > 0.5


def test_a_series_that_lags_is_read_further_on() -> None:
    """With a lag of 2 the first quarter is the third after the last figure: its median and its width."""
    growing = replace(outlook("a"), in_service=100.0 * 2.0 ** np.arange(REACH))
    now, later = drawn(growing), drawn(growing, lag=2)
    assert now.in_service is not None
    assert later.in_service is not None
    assert np.median(later.in_service[:, 0]) == pytest.approx(400, rel=0.02)
    assert np.log(later.in_service[:, 0]).std() == pytest.approx(np.log(now.in_service[:, 2]).std(), rel=0.1)


def test_capacity_and_rate_err_together_as_asked() -> None:
    """Newly delivered space is empty at first: a negative correlation must reach the paths."""
    paths = drawn(outlook("a", rate=0.5), own=spread(correlation=-0.8))
    assert paths.in_service is not None
    assert np.corrcoef(np.log(paths.in_service[:, 1]), paths.rate[:, 1])[0, 1] == pytest.approx(-0.8, abs=0.05)


def test_widths_and_offsets_make_the_bands() -> None:
    """The quantiles of the paths are median + width x calibrated offset, by horizon."""
    paths = drawn(outlook("a", rate=0.5))
    found = to_scale(np.quantile(paths.rate, 0.9, axis=0))
    offset = NORMAL.at(0.9)[:HORIZON]
    assert found == pytest.approx(to_scale(np.array(0.5)) + outlook("a").rate_width[:HORIZON] * offset, rel=0.06)


def test_offsets_end_where_the_grid_ends() -> None:
    """Beyond the last calibrated level nothing is extrapolated."""
    found = offsets_at(np.array([[-9.0], [0.0], [9.0]]), NORMAL.offsets[:1])
    assert found[:, 0].tolist() == pytest.approx([OFFSETS[0], 0.0, OFFSETS[-1]], abs=1e-12)


def test_sums_are_weighted_and_keep_the_order_given() -> None:
    """A stack counts a share of a member; used within in service holds for the sum by itself."""
    one, two = drawn(outlook("a", rate=0.5)), drawn(outlook("b", rate=0.99))
    in_service, used = added([one, two], [1.0, 0.25])
    assert one.in_service is not None
    assert two.in_service is not None
    assert (in_service == one.in_service + 0.25 * two.in_service).all()
    assert (used <= in_service).all()
    alone, _ = added([one], [1.0])
    assert (alone == one.in_service).all()


def test_an_odd_number_of_paths_is_refused() -> None:
    """Shocks come in antithetic pairs, so that medians do not wander with the seed."""
    with pytest.raises(ValueError, match="even"):
        Shocks(0, 4, 1, 3)
    shocks = Shocks(0, 4, 1, 10)
    assert (shocks.shared[:, :5] == -shocks.shared[:, 5:]).all()


def rolled(period: np.ndarray) -> Rolled:
    """Origins of which only the quarter counts."""
    count = len(period)
    panel = Panel(tuple(Series(at, 0, np.ones(4)) for at in range(count)))
    said = Said((), np.empty((count, 0, 1)), np.empty((count, 0), bool), np.empty((count, 0, 1)), ((),) * count)
    return Rolled(panel, said, np.arange(count), np.zeros(count, int), period, np.ones((count, 1)))


def test_the_share_of_shared_shocks_is_learnt_and_shrunk() -> None:
    """No pair: the prior. Many pairs of known correlation: that correlation. Outliers decide nothing."""
    assert shared_share(rolled(np.arange(30)), np.ones((30, 1))) == pytest.approx(SHARED_SHOCK_SHARE)
    generator = np.random.default_rng(3)
    period = np.repeat(np.arange(400), 12)
    common = generator.standard_normal((400, 1))[period]
    z = np.sqrt(0.5) * common + np.sqrt(0.5) * generator.standard_normal((len(period), 1))
    found = shared_share(rolled(period), z)
    assert found == pytest.approx(0.5, abs=0.06)
    z[0] = 1e9 * np.sign(z[0])
    assert shared_share(rolled(period), z) == found
    pairs = 3.0
    same = shared_share(rolled(np.zeros(3, int)), np.ones((3, 1)))
    assert same == pytest.approx((pairs + SHARED_PRIOR_PAIRS * SHARED_SHOCK_SHARE) / (pairs + SHARED_PRIOR_PAIRS))


def test_errors_further_ahead_count_less_as_pairs() -> None:
    """Errors h quarters ahead overlap: opposite pairs eight quarters ahead move the share less than at one."""
    near = np.array([[1.0, np.nan], [-1.0, np.nan]])
    far = near[:, ::-1]
    quarters = np.zeros(2, int)
    assert shared_share(rolled(quarters), near) < shared_share(rolled(quarters), far) < SHARED_SHOCK_SHARE


def test_correlation_of_errors_is_shrunk_and_robust() -> None:
    """Ranks, shrunk by the number of pairs; nothing to correlate is no correlation."""
    capacity = np.arange(50.0).reshape(25, 2)
    wild = capacity.copy()
    wild[-1, -1] = 1e12
    expected = 50 / (50 + CORRELATION_PRIOR_PAIRS)
    assert correlation_of(capacity, -capacity) == pytest.approx(-expected)
    assert correlation_of(wild, capacity) == pytest.approx(expected)
    assert correlation_of(capacity, np.full((25, 2), np.nan)) == 0.0
    assert correlation_of(capacity, np.ones((25, 2))) == 0.0


def test_quantiles_ascend_and_probabilities_count_paths() -> None:
    """What is published of paths."""
    paths = drawn(outlook("a", rate=0.8))
    assert (np.diff(quantiles(paths.rate, (0.05, 0.5, 0.95)), axis=1) >= 0).all()
    assert below(np.array([[0.1], [0.2], [0.3], [0.4]]), 0.3).tolist() == [0.5]


def test_the_bounded_scale_is_its_own_inverse_also_at_both_ends() -> None:
    """0 % and 100 % are printed figures and must come back."""
    rates = np.array([0.0, 0.001, 0.5, 0.999, 1.0])
    np.testing.assert_allclose(from_scale(to_scale(rates)), rates, atol=1e-12)
    assert from_scale(np.array([-1e9, 1e9])).tolist() == [0.0, 1.0]
