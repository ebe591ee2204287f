"""Exponential smoothing against statsforecast, numerical derivatives and simulation, and on series that break fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasts.members import ets, ets_filter
from forecasts.members.compiled import Compiled
from forecasts.panel import Panel, panel_from_frame

SAMPLE = Path(__file__).parent / "public_sample.csv"
NAN = float("nan")


def sample() -> list[np.ndarray]:
    table = pd.read_csv(SAMPLE)
    return [rows["y"].to_numpy(float) for _, rows in table.groupby(["panel", "unique_id"], sort=True)]


def panel_of(*series: np.ndarray) -> Panel:
    frames = [
        pd.DataFrame({"unique_id": str(i), "ds": pd.date_range("2001-03-31", periods=len(y), freq="QE"), "y": y})
        for i, y in enumerate(series)
    ]
    return panel_from_frame(pd.concat(frames))


def seasonal(n: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, n)
    return 60.0 + 1.5 * np.arange(n) + np.resize([8.0, -3.0, -9.0, 4.0], n) + noise


def test_likelihoods_and_forecasts_are_those_of_statsforecast() -> None:
    """The faster search may not be a worse one: of all models of a class the reference's optimum is reached."""
    reference = pytest.importorskip("statsforecast.ets")
    differences, apart, chosen = [], [], []
    for raw in sample()[::3]:
        y = raw / np.abs(raw).max()
        score, _, mean, _ = ets.candidates(y, 4)
        lower, upper = np.array([1e-4, 1e-4, 1e-4, 0.8]), np.array([0.9999, 0.9999, 0.9999, 0.98])
        # In the reference's order, with one `upper` for all: it narrows it from model to model.
        order = sorted(range(ets.COUNT), key=lambda at: (ets.MODELS[at, 0], ets.MODELS[at, 1] > 0, ets.MODELS[at, 2]))
        best = np.inf
        for at in order:
            if not np.isfinite(score[at]):
                continue
            error, trend, season = ets.MODELS[at]
            fitted = reference.etsmodel(
                y, 4, "-AM"[error], "NAA"[trend], "NAM"[season], bool(trend == ets_filter.DAMPED), *[np.nan] * 4,
                lower=lower, upper=upper, opt_crit="lik", nmse=3, bounds="both",
            )  # fmt: skip
            best = min(best, fitted["aicc"])
            differences.append(score[at] - fitted["aicc"])
            if abs(differences[-1]) < 0.01 and trend != ets_filter.DAMPED:
                apart.append(np.abs(mean[at] - reference.forecast_ets(fitted, 4)["mean"]).max())
        chosen.append(score.min() - best)
    assert np.mean(np.array(differences) > 0.1) < 0.04
    assert np.mean(np.array(chosen) > 0.1) < 0.06
    assert np.quantile(apart, 0.95) < 3e-3


@pytest.mark.parametrize("name", ["AAdA", "MAdA", "MAdM"])
def test_derivatives_are_those_of_the_likelihood(name: str) -> None:
    """A wrong derivative still converges, only to a worse place: compare with differences, over a gap."""
    error, trend, season = ets.MODELS[ets.NAMES.index(name)]
    y = seasonal(25) / 110.0
    y[9] = NAN
    place, columns = np.empty(9, np.int64), np.empty(9, np.int64)
    count, _ = ets_filter.columns_of(trend, season, place, columns)
    room = np.zeros(ets_filter.ROOM)
    base = np.array([0.5, 0.01, -0.03, -0.08, 0.04, 0.3, 0.04, 0.2, 0.9])
    if season == ets_filter.MULTIPLICATIVE:
        base[2:5] += 1.0

    def objective(x: np.ndarray) -> float:
        squares, logs = ets_filter.sweep(y, error, season, x, place, count, room[4], room[0], room[3, 2])
        return float(squares * np.exp(2 * logs / 24))

    value = objective(base)
    squares = ets_filter.sweep(y, error, season, base, place, count, room[4], room[0], room[3, 2])[0]
    gradient = 2 * room[0, ets_filter.WIDTH, :count].copy() * value / squares
    for i, at in enumerate(columns[:count]):
        shift = np.zeros(9)
        shift[at] = 1e-6
        numeric = (objective(base + shift) - objective(base - shift)) / 2e-6
        assert numeric == pytest.approx(gradient[i], rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", ["AAdA", "MAA", "MAdM"])
def test_mean_and_variance_are_those_of_simulated_paths(name: str) -> None:
    """Bands rest on closed forms; the one of a multiplicative season is an approximation and gets more room."""
    model = ets.NAMES.index(name)
    error, trend, season = ets.MODELS[model]
    y = seasonal(32, seed=4) / 120.0
    x = np.array([0.5, 0.01, -0.03, -0.08, 0.04, 0.3, 0.04, 0.2, 0.9 if trend == ets_filter.DAMPED else 1.0])
    if season == ets_filter.MULTIPLICATIVE:
        x[2:5] += 1.0
    room = np.zeros(ets_filter.ROOM)
    mean, variance = np.empty(8), np.empty(8)
    ets.forecast(y, 32, model, x, mean, variance, room)
    squares, _ = ets_filter.sweep(y, error, season, x, np.full(9, -1), 0, room[4], room[0], room[3, 2])
    sigma = np.sqrt(squares / (32 - ets.parameters(model) - 1))
    level, slope, *states = (np.full(40_000, value) for value in room[3, 2, :6])
    rng = np.random.default_rng(1)
    for h in range(8):
        q, s, noise = level + x[8] * slope, states[h % 4], rng.normal(0, sigma, 40_000)
        f = q * s if season == ets_filter.MULTIPLICATIVE else q + s
        e = noise * f if error == ets_filter.MULTIPLICATIVE else noise
        u, v = (e / s, e / q) if season == ets_filter.MULTIPLICATIVE else (e, e)
        level, slope, states[h % 4] = q + x[5] * u, x[8] * slope + x[6] * u, s + x[7] * v
        assert mean[h] == pytest.approx(np.mean(f + e), rel=5e-3)
        assert variance[h] == pytest.approx(np.var(f + e), rel=0.12 if season == ets_filter.MULTIPLICATIVE else 0.04)


def test_gaps_move_the_state_and_bring_no_error() -> None:
    """A seasonal line without noise is continued exactly, whatever quarters are missing."""
    y = 20.0 + 2.0 * np.arange(28) + np.resize([3.0, 0.0, -4.0, 1.0], 28)
    holed = y.copy()
    holed[[3, 8, 9, 17]] = NAN
    expected = 20.0 + 2.0 * np.arange(28, 36) + np.resize([3.0, 0.0, -4.0, 1.0], 8)
    for series in (y, holed):
        assert ets.ETS.answer(panel_of(series), 8).median[0] == pytest.approx(expected, rel=1e-3)


def test_a_season_needs_every_quarter_twice() -> None:
    """Half-yearly figures say nothing about the other two quarters."""
    y = seasonal(30)
    y[1::2] = NAN
    score = ets.candidates(y / np.nanmax(y), 4)[0]
    assert np.isinf(score[ets.MODELS[:, 2] != ets_filter.NONE]).all()
    assert np.isfinite(score[0])


@pytest.mark.parametrize("member", [ets.ETS, ets.ETS_AVERAGE], ids=["best", "average"])
@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 12,
        [0.0] * 20,
        [1.0, 2.0, 3.0],
        list(range(1, 30)),
        [0.0, 0.0, 3.0, 0.0, 0.0, 1.0] * 4,
        [1e-5] * 10 + [1.0] + [1e-5] * 10,
        [1.0, 1.1, 1.2, 1.1] * 4 + [1e5] + [1.3, 1.2, 1.1, 1.2] * 4,
        [-3.0, 5.0, 2.0, -1.0, 4.0] * 5,
        [10.0**k for k in range(-8, 8)],
        [2.0, NAN, 2.1, NAN, 2.3, NAN, 2.2, NAN, 2.6],
    ],
)
def test_awkward_series_end_in_finite_figures_or_a_reason(member: Compiled, values: list[float]) -> None:
    """Nothing may reach a caller as NaN, and a fallback has to be named."""
    answer = member.answer(panel_of(np.array(values)), 8, (0.1, 0.9))
    assert np.isfinite(answer.median).all()
    assert np.isfinite(answer.quantiles).all()
    assert bool(answer.reasons[0]) == (len(values) < ets.LEAST_FIGURES)


def test_an_answer_does_not_depend_on_neighbours() -> None:
    """Work arrays are shared between the series of a call: nothing of one may be left for the next."""
    series = sample()[::10]
    for member in (ets.ETS, ets.ETS_AVERAGE):
        together = member.answer(panel_of(*series), 8, (0.1,))
        for i, y in enumerate(series):
            alone = member.answer(panel_of(y), 8, (0.1,))
            assert (alone.median[0] == together.median[i]).all()
            assert (alone.quantiles[0] == together.quantiles[i]).all()


def test_giving_up_early_seldom_changes_the_model() -> None:
    """Models that cannot win are left unfinished: that may not cost the best one."""
    room, lost = np.zeros(ets_filter.ROOM), []
    for raw in sample():
        y = raw / np.abs(raw).max()
        found, score = np.zeros((ets.COUNT, 9)), np.empty(ets.COUNT)
        ets.fit_all(y, ets.MARGIN_BEST, found, score, room)
        lost.append(score.min() - ets.candidates(y, 1)[0].min())
    assert np.mean(np.array(lost) > 0.1) < 0.05
