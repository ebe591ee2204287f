"""Calibration: bands hold what they say, lean where errors do, and neither a shock nor a freak widens all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasts.calibration import GRID, Calibration, bands, calibrate, typical

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
ORIGINS, HORIZON = 6, 8


def errors(series: int, seed: int, degrees: float = 5.0) -> np.ndarray:
    """Exchangeable errors with heavy tails, (series x ORIGINS, HORIZON)."""
    return np.random.default_rng(seed).standard_t(degrees, (series * ORIGINS, HORIZON))


def learnt(z: np.ndarray, series: int, levels: tuple[float, ...] = LEVELS, horizon: int | None = None) -> Calibration:
    """Calibration of errors whose cuts are ORIGINS a series."""
    of, back = np.repeat(np.arange(series), ORIGINS), np.tile(2 * np.arange(1, ORIGINS + 1), series)
    return calibrate(z, of, back, back, levels, horizon)


def coverage(calibration: Calibration, z: np.ndarray) -> tuple[float, float]:
    """Shares of errors in the 80 % and the 95 % band."""
    low95, low80, _, high80, high95 = calibration.offsets.T
    return float(((z >= low80) & (z <= high80)).mean()), float(((z >= low95) & (z <= high95)).mean())


@pytest.mark.parametrize(("series", "tolerance"), [(300, 0.02), (40, 0.03), (12, 0.05)])
def test_bands_hold_what_they_say_on_errors_not_seen(series: int, tolerance: float) -> None:
    """Coverage of new errors of the same kind, mean of several panels of this size."""
    held = errors(500, 99)
    found = np.mean([coverage(learnt(errors(series, seed), series), held) for seed in range(6)], axis=0)
    assert found == pytest.approx([0.8, 0.95], abs=tolerance)


def test_each_tail_is_its_own() -> None:
    """Errors that are large upwards alone need bands that reach up alone."""
    rng = np.random.default_rng(0)
    z = rng.exponential(2.0, (100 * ORIGINS, HORIZON)) - 2 * np.log(2)
    offsets = learnt(z, 100).offsets
    assert (offsets[:, 4] > 2.5 * -offsets[:, 0]).all()
    low, _, high = ((z < offsets[:, 1]).mean(), 0, (z > offsets[:, 3]).mean())
    assert (low, high) == pytest.approx((0.1, 0.1), abs=0.02)


@pytest.mark.parametrize("shape", [(0, HORIZON), (6, HORIZON)])
def test_without_errors_offsets_are_the_typical_ones(shape: tuple[int, int]) -> None:
    """No origin at all, and origins whose outcomes are all missing."""
    z = np.full(shape, np.nan)
    empty = np.zeros(shape[0], dtype=int)
    found = calibrate(z, empty, empty, empty, LEVELS, HORIZON + 3)
    usual = [0.0 if level == 0.5 else typical(level) for level in LEVELS]
    assert found.offsets == pytest.approx(np.tile(usual, (HORIZON + 3, 1)))
    assert (found.evidence == 0).all()


def test_typical_tails_are_symmetric_and_heavier_than_normal() -> None:
    """The shape that panels without evidence get."""
    assert typical(0.975) == -typical(0.025)
    assert typical(0.975) / typical(0.9) > 1.96 / 1.2816


def test_horizons_past_the_evidence_take_what_is_pooled() -> None:
    """A panel may be asked farther ahead than any of its outcomes reaches."""
    z = errors(60, 1)
    z[:, 5:] = np.nan
    found = learnt(z, 60, horizon=12)
    assert found.offsets.shape == (12, len(LEVELS))
    assert (found.offsets[5:] == found.offsets[5]).all()
    assert found.evidence[5:].tolist() == [0.0] * 7
    assert found.offsets[5] == pytest.approx(found.offsets[:5].mean(axis=0), abs=0.5)


def test_few_errors_are_drawn_towards_what_is_typical() -> None:
    """Three series of tiny errors are no proof that bands may be tiny."""
    few, many = (learnt(0.01 * errors(series, 2), series).at(0.9)[0] for series in (3, 300))
    assert many < 0.1 * typical(0.9)
    assert few > 0.3 * typical(0.9)


def test_a_tail_that_the_sample_cannot_show_is_not_read_from_it() -> None:
    """Of 9 independent errors none lies beyond 0.975: their largest is no quantile at that level."""
    z = np.tile(np.linspace(-0.1, 0.1, 9)[:, None], (1, 1))
    rows = np.arange(9)
    found = calibrate(z, rows, np.zeros(9), np.zeros(9), LEVELS)
    assert found.at(0.975) == pytest.approx(typical(0.975))
    assert found.at(0.9)[0] < typical(0.9)


def test_a_shock_that_all_series_share_does_not_widen_their_bands() -> None:
    """It says which way one quarter went, not how far series scatter; with few series it may be chance."""
    series = 100
    shock = np.tile(np.random.default_rng(5).normal(0, 4, ORIGINS), series)
    z = errors(series, 3)
    alone, shared = learnt(z, series), learnt(z + shock[:, None], series)
    assert shared.offsets == pytest.approx(alone.offsets, rel=0.35, abs=0.1)
    for few in (1, 6):
        z = errors(few, 3)
        assert learnt(z + 3.0, few).at(0.9)[0] > learnt(z, few).at(0.9)[0] + 0.5


def test_late_errors_count_more_than_early_ones() -> None:
    """A panel that has become restless shows it in its last origins."""
    series = 100
    back = np.tile(2 * np.arange(1, ORIGINS + 1), series)
    z = errors(series, 4)
    louder = 3.0
    late = learnt(np.where((back == back.min())[:, None], louder * z, z), series).at(0.9)
    early = learnt(np.where((back == back.max())[:, None], louder * z, z), series).at(0.9)
    assert (late > early).mean() > 0.8
    assert late.mean() > 1.03 * early.mean()


@pytest.mark.parametrize("freak", [1e6, 1e300, float("inf")])
def test_freak_errors_of_a_few_series_leave_all_bands_in_reach(freak: float) -> None:
    """A width near zero makes any error a freak: one series in ten made the bands of all others endless."""
    series = 40
    z = errors(series, 6)
    z[np.repeat(np.arange(series) % 10 == 0, ORIGINS), 2:] = freak
    assert np.abs(learnt(z, series).offsets).max() <= 100
    whole = np.full_like(z, -freak)
    assert np.isfinite(learnt(whole, series, GRID).offsets).all()
    assert np.abs(learnt(whole, series).offsets).max() <= 100


hard = st.one_of(st.floats(-50, 50), st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e300, 0.0, 5e-324]))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(arrays(float, (7, 3), elements=hard), arrays(int, 7, elements=st.integers(0, 3)), st.integers(1, 6))
def test_offsets_ascend_whatever_the_errors(z: np.ndarray, of: np.ndarray, horizon: int) -> None:
    """The forecast lies inside its own bands, and no quantile crosses another."""
    found = calibrate(z, of, of, 2 * of, GRID, horizon)
    assert np.isfinite(found.offsets).all()
    assert (np.diff(found.offsets, axis=1) >= 0).all()
    assert (found.offsets[:, np.array(GRID) < 0.5] <= 0).all()
    assert (found.offsets[:, np.array(GRID) > 0.5] >= 0).all()
    assert (found.at(0.5) == 0).all()


def test_the_order_of_the_cuts_does_not_matter() -> None:
    """Series come in any order."""
    z = errors(10, 7)
    of, back = np.repeat(np.arange(10), ORIGINS), np.tile(2 * np.arange(1, ORIGINS + 1), 10)
    order = np.random.default_rng(8).permutation(len(z))
    one = calibrate(z, of, back, back, LEVELS)
    other = calibrate(z[order], of[order], back[order], back[order], LEVELS)
    assert other.offsets == pytest.approx(one.offsets, rel=1e-12)


def test_a_band_is_the_forecast_plus_width_times_offset() -> None:
    """By hand, at the levels that are asked for."""
    calibration = Calibration(LEVELS, np.array([[-3.0, -1.0, 0.0, 1.0, 4.0]]), np.ones(1))
    assert bands(np.array([[10.0]]), np.array([[2.0]]), calibration, (0.025, 0.975)).tolist() == [[[4.0, 18.0]]]
