"""Backtests may not look ahead, and bands must hold what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasts.backtest import Cut, cuts, honest_offsets, rolling_errors, spread
from forecasts.calibration import bands, calibrate, conformal_quantile, panel_scales
from forecasts.panel import Panel, Series


def walk(name: str, length: int = 40, seed: int = 0, drift: float = 0.0) -> Series:
    rng = np.random.default_rng(seed)
    return Series(name, 100, 1000 + np.cumsum(rng.normal(drift, 1, length)))


@pytest.mark.parametrize("member", ["naive", "seasonal_naive", "prophet"])
def test_figures_after_the_origin_change_no_forecast_and_no_scale(member: str) -> None:
    before = Panel((walk("a", 20), walk("b", 20, 1)))
    changed = Panel(tuple(Series(s.unique_id, s.first, np.concatenate([s.y[:12], s.y[12:] * 7])) for s in before))
    origins = [Cut(0, 12), Cut(1, 12)]
    one, two = (rolling_errors(panel, origins, member, 4) for panel in (before, changed))
    assert (one[["yhat", "scale"]].to_numpy() == two[["yhat", "scale"]].to_numpy()).all()
    assert (one["y"].to_numpy() != two["y"].to_numpy()).all()


def test_bands_at_an_origin_know_only_targets_that_had_come() -> None:
    panel = Panel(tuple(walk(str(seed), 30, seed) for seed in range(5)))
    errors = rolling_errors(panel, cuts(panel, 20), "naive", 4)
    early = errors["origin"] <= 115
    altered = errors.assign(z=np.where(errors["origin"] + errors["horizon"] > 115, errors["z"] * 50, errors["z"]))
    one, two = honest_offsets(errors, 4), honest_offsets(altered, 4)
    assert (one[early] == two[early]).all()
    assert (one[~early] != two[~early]).any()


def test_bands_cover_what_they_say_on_new_random_walks() -> None:
    history = Panel(tuple(walk(str(seed), 40, seed) for seed in range(60)))
    cut = Panel(tuple(series.until(32) for series in history))
    errors = rolling_errors(cut, cuts(cut, 12), "naive", 8)
    median = np.array([np.full(8, series.y[-1]) for series in cut])
    band = bands(cut, median, panel_scales(cut), calibrate(errors, 8, (0.025, 0.1, 0.9, 0.975)))
    outcome = np.array([series.y[32:] for series in history])
    inside = {0.95: (band[..., 0], band[..., 3]), 0.8: (band[..., 1], band[..., 2])}
    for nominal, (low, high) in inside.items():
        share = ((outcome >= low) & (outcome <= high)).mean()
        assert nominal - 0.08 < share < min(nominal + 0.1, 0.999)


def test_offsets_are_asymmetric_where_errors_are_ordered_and_never_narrow_on_thin_evidence() -> None:
    panel = Panel(tuple(walk(str(seed), 24, seed, drift=2.0) for seed in range(4)))
    errors = rolling_errors(panel, cuts(panel, 8), "naive", 8)
    offsets = calibrate(errors, 12, (0.05, 0.5, 0.95)).offsets
    assert offsets.shape == (12, 3)
    assert (np.diff(offsets, axis=1) >= 0).all()
    assert (offsets[:, 1] == 0).all()
    assert (offsets[:, 2] > -offsets[:, 0]).all()
    assert (np.diff(offsets[:, 2]) >= 0).all()


def test_without_any_error_the_band_is_the_normal_random_walk() -> None:
    nothing = pd.DataFrame({"series": [], "horizon": [], "z": []})
    offsets = calibrate(nothing, 4, (0.1, 0.9)).offsets
    assert offsets[3, 1] == pytest.approx(2 * offsets[0, 1])
    assert offsets[0, 1] == pytest.approx(1.2816 * np.sqrt(np.pi / 2), rel=1e-3)


def test_a_level_that_the_sample_cannot_show_is_stretched_beyond_its_extreme() -> None:
    assert conformal_quantile(np.array([1.0, 2.0, 3.0]), 0.975, 3) > 3.0
    assert conformal_quantile(np.arange(100.0), 0.9, 100) == pytest.approx(np.quantile(np.arange(100.0), 0.909))


def test_origins_are_spread_and_the_latest_is_among_them() -> None:
    assert spread(3, 5) == [0, 1, 2]
    assert spread(10, 2) == [4, 9]
    panel = Panel((walk("a", 20), walk("b", 4), walk("c", 12)))
    chosen = cuts(panel, 3)
    assert {cut.series for cut in chosen} == {0, 2}
    assert Cut(0, 19) in chosen
