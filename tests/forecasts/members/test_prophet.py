"""Prophet: our mode is the mode of Prophet's posterior, and the member around it behaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.prophet_reference import compare, figures, log_posterior, own_mode, under_a_cap
from forecasts.members import prophet_map
from forecasts.members.prophet import ProphetMember, build
from forecasts.panel import Panel, Series, panel_from_frame, quarter_ends

SAMPLE = panel_from_frame(pd.read_csv(Path(__file__).with_name("public_sample.csv"))[["unique_id", "ds", "y"]])
HORIZON = 8


def columns(series: Series, season: bool) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Scaled figures, columns, coefficients and changepoints of a series without gaps."""
    y = series.y / np.abs(series.y).max()
    days = np.array([float(prophet_map.quarter_end_day(series.first + at)) for at in range(len(y))])
    x, theta = np.empty((6 + prophet_map.MAX_CHANGEPOINTS, len(y))), np.zeros(6 + prophet_map.MAX_CHANGEPOINTS)
    size, changes, _, _ = prophet_map.mode(y, days, season, x, theta, np.zeros(len(y)))
    return y, x, size, changes


def test_quarter_ends_are_those_of_the_calendar() -> None:
    """The kernel counts days itself; Prophet's t and season stand on them."""
    ordinals = np.arange(-80, 260)
    days = (quarter_ends(ordinals) - pd.Timestamp("1970-01-01")).days
    assert [prophet_map.quarter_end_day(at) for at in ordinals] == list(days)


@pytest.mark.parametrize("season", [False, True])
@pytest.mark.parametrize("tau", [0.03, 0.5])
def test_the_mode_meets_the_conditions_of_a_maximum(season: bool, tau: float) -> None:
    """Exact means: gradient zero, or within the corner of the Laplace prior, to rounding."""
    for series in SAMPLE:
        y, x, size, changes = columns(series, season)
        theta, rest = np.zeros(size), np.zeros(len(y))
        v, _ = prophet_map.maximise(x, size, size - changes, y, tau, theta, rest)
        assert prophet_map.optimality_gap(x, size, size - changes, tau, theta, rest, v) < 1e-8


def test_no_other_stationary_point_is_better() -> None:
    """The profile in sigma may have several maxima; a fine scan of made-up series that have them finds none higher."""
    rng = np.random.default_rng(4)
    several = 0
    for _ in range(300):
        n, changes = 12, 6
        t = np.linspace(0, 1, n)
        x = np.vstack([t, np.ones(n), *(np.maximum(t - c, 0) for c in np.linspace(0.1, 0.8, changes))])
        y = np.cumsum(rng.normal(size=n) * 0.3 ** rng.integers(0, 5, n))
        y /= np.abs(y).max()
        theta, rest = np.zeros(len(x)), np.zeros(n)
        _, best = prophet_map.maximise(x, len(x), 2, y, 0.3, theta, rest)
        scores = [profile(x, y, 0.3, trial) for trial in np.geomspace(1e-7, 1, 60)]
        assert best >= max(scores) - 1e-9
        peaks = sum(b > max(a, c) for a, b, c in zip(scores, scores[1:], scores[2:], strict=False))
        several += peaks > 1
    assert several > 0


def profile(x: np.ndarray, y: np.ndarray, tau: float, v: float) -> float:
    """Log posterior at the best coefficients given v (of which the conditions of a maximum are tested above)."""
    gram, right = x @ x.T, x @ y
    ridge = np.array([0.04, 0.04] + [0.0] * (len(x) - 2))
    sign, theta = np.zeros(len(x), np.int64), np.zeros(len(x))
    members, lower, vector = np.zeros(len(x), np.int64), np.zeros(gram.shape), np.zeros(len(x))
    prophet_map.mode_given(v, tau, 2, len(x), gram, right, ridge, theta, sign, members, lower, vector)
    sse = float(np.sum((y - theta @ x) ** 2))
    return float(prophet_map.log_posterior(theta, len(x), 2, ridge, tau, sse, v, len(y)))


@pytest.mark.parametrize("logs", [False, True])
def test_the_posterior_is_stock_prophets(logs: bool) -> None:
    """What the kernel maximises is what Prophet hands to Stan: columns, scaling, changepoints and priors."""
    for series in SAMPLE.series[::6]:
        own = own_mode(series, logs)
        frame = pd.DataFrame({"ds": quarter_ends(np.arange(series.first, series.last + 1)), "y": series.y})
        frame["y"] = np.log(frame["y"]) if logs else frame["y"]
        data = build(series, logs).preprocess(frame)
        value = own.pop("value")
        assert log_posterior(data, **own) == pytest.approx(value, abs=1e-7)


def test_stock_prophet_finds_no_better_point() -> None:
    """The full comparison, on 592 public series, is bench.prophet_reference."""
    for series in (*SAMPLE.series[::15], *(under_a_cap(series) for series in SAMPLE.series[5::15])):
        found = compare(series, False)
        assert found["gap"] > -1e-6
        assert abs(found["off_stan"]) < 1e-4
        assert abs(found["off_own"]) < 1e-7


def test_an_answer_depends_on_its_own_series_and_not_on_its_unit() -> None:
    """Chunks may be cut anywhere; a power of two changes no bit."""
    flat, offsets, _ = SAMPLE.figures
    firsts = np.array([series.first for series in SAMPLE])
    median, deviation, status = prophet_map.kernel(flat, offsets, firsts, HORIZON)
    assert not status.any()
    assert (deviation > 0).all()
    for at in (0, 17, 59):
        part = flat[offsets[at] : offsets[at + 1]]
        alone = prophet_map.kernel(part, np.array([0, len(part)]), firsts[at : at + 1], HORIZON)
        assert (alone[0][0] == median[at]).all()
        assert (alone[1][0] == deviation[at]).all()
    doubled = Panel(tuple(Series(s.unique_id, s.first, s.y * 1024) for s in SAMPLE))
    one, other = (ProphetMember().answer(panel, HORIZON, (0.1, 0.9)) for panel in (SAMPLE, doubled))
    assert (one.median * 1024 == other.median).all()
    assert (one.quantiles * 1024 == other.quantiles).all()


def test_the_set_up_is_better_than_the_naive_ones() -> None:
    """Of stock Prophet no set-up was; the last 8 figures of the sample's train parts are held back."""
    errors = []
    past = Panel(tuple(series.until(len(series.y) - HORIZON) for series in SAMPLE))
    answer = ProphetMember().answer(past, HORIZON)
    for at, series in enumerate(SAMPLE):
        known, truth = past.series[at].y, series.y[-HORIZON:]
        scale = np.mean(np.abs(known[4:] - known[:-4]))
        for forecast in (answer.median[at], known[-1], np.tile(known[-4:], 2)):
            errors.append(np.mean(np.abs(truth - forecast)) / scale)
    own, naive, seasonal = np.mean(np.reshape(errors, (-1, 3)), axis=0)
    assert own < 0.95 * min(naive, seasonal)


def test_a_line_goes_on_damped() -> None:
    """Figures on a line have no mode (sigma goes to 0): the line is the answer, its slope damped."""
    answer = ProphetMember().answer(Panel((Series("a", 180, np.arange(20.0) + 3),)), 4)
    assert answer.reasons == ("",)
    assert answer.median[0] == pytest.approx(22 + np.cumsum(0.85 ** np.arange(4)), abs=0.05)


def test_missing_quarters_are_rows_that_prophet_does_not_have() -> None:
    """A season survives one missing quarter; half-yearly figures are fitted without one."""
    y = np.tile([10.0, 20.0, 30.0, 15.0], 8) + np.arange(32)
    gap = y.copy()
    gap[9] = np.nan
    whole, holed = (ProphetMember().answer(Panel((Series("a", 180, v),)), 4).median[0] for v in (y, gap))
    assert holed == pytest.approx(whole, rel=0.02)
    half = np.where(np.arange(31) % 2 == 0, y[:31], np.nan)
    assert not prophet_map.is_seasonal(half / np.nanmax(half))
    assert ProphetMember().answer(Panel((Series("a", 180, half),)), 4).reasons == ("",)


def test_a_mode_under_a_cap_is_stationary() -> None:
    """No small step of any coefficient, sigma with it, gains anything."""
    for series in SAMPLE.series[2::12]:
        capped = under_a_cap(series)
        own = own_mode(capped, False)
        best, data = own.pop("value"), build(capped).preprocess(figures(capped, False))
        for name, values in own.items():
            for at in range(np.size(values)):
                for step in (-1e-4, 1e-4):
                    moved: dict[str, Any] = {key: np.array(value, dtype=float) for key, value in own.items()}
                    moved[name].reshape(-1)[at] += step * own["sigma"]
                    assert log_posterior(data, **moved) <= best + 1e-8


def test_capped_and_uncapped_series_come_back_in_their_places() -> None:
    """They take different ways through the member."""
    y = np.linspace(3, 9, 12) + 0.1 * np.sin(np.arange(12))
    capped, free, short = (
        Series("c", 180, y, np.full(12, 10.0)),
        Series("f", 180, y[::-1].copy()),
        Series("s", 180, y[:3]),
    )
    together = ProphetMember().answer(Panel((short, capped, free)), 3, (0.1, 0.9))
    assert together.reasons == ("3 figures, prophet needs 6", "", "")
    for at, series in enumerate((short, capped, free)):
        alone = ProphetMember().answer(Panel((series,)), 3, (0.1, 0.9))
        assert (alone.median[0] == together.median[at]).all()
        assert (alone.quantiles[0] == together.quantiles[at]).all()
