"""The arima member: its likelihood, tests and forecasts against independent implementations, and what it refuses."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsforecast.arima import Arima, arima, forecast_arima, seas_heuristic
from statsmodels.tsa.stattools import kpss as reference_kpss  # type: ignore[import-untyped]

from forecasts.members import arima as module
from forecasts.members.arima import ARIMA, REASONS, kernel, project
from forecasts.members.arima_differences import differenced, kpss, season_strength
from forecasts.members.arima_fit import REFUSED, estimate
from forecasts.members.arima_likelihood import MAX_PARAMETERS, inside, room_for, whiten
from forecasts.panel import Panel, Series

NAN = float("nan")
RAMP = np.arange(1.0, 13.0) + np.tile([0.3, -0.2, 0.1, 0.0], 3)


@pytest.fixture(scope="module")
def sample() -> dict[str, list[np.ndarray]]:
    table = pd.read_csv(Path(__file__).with_name("public_sample.csv"))
    found: dict[str, list[np.ndarray]] = {}
    for (panel, _), rows in table.groupby(["panel", "unique_id"]):
        found.setdefault(str(panel), []).append(rows["y"].to_numpy(float))
    return found


def padded(values: list[float]) -> np.ndarray:
    return np.array([*values, *[0.0] * (MAX_PARAMETERS - len(values))])


def log_likelihood(criterion: float, n: int) -> float:
    return -0.5 * n * (math.log(criterion / n) + 1 + math.log(2 * math.pi))


@pytest.mark.parametrize(
    ("orders", "values"),
    [
        ((0, 0, 0, 0), []),
        ((1, 0, 0, 0), [0.95]),
        ((0, 1, 0, 1), [-0.6, -0.8]),
        ((2, 1, 1, 0), [0.5, -0.3, 0.7, 0.6]),
        ((3, 3, 2, 2), [0.4, -0.2, 0.1, 0.5, 0.2, -0.3, 0.3, 0.2, -0.4, 0.1]),
    ],
)
def test_the_likelihood_is_the_density_of_a_normal_vector(orders: tuple[int, ...], values: list[float]) -> None:
    """Definition: autocovariances from 20,000 psi weights, a dense covariance, its determinant and quadratic form."""
    n, long = 43, 20_000
    w = np.random.default_rng(1).normal(size=n)
    room, e = room_for(n), np.empty(n)
    criterion, mean, _ = whiten(w, padded(values), np.array(orders), True, room, e)
    p, q, sp, sq = orders
    ar, ma = np.r_[1, -np.array(values[:p])], np.r_[1, values[p : p + q]]
    seasonal_ar, seasonal_ma = np.zeros(4 * sp + 1), np.zeros(4 * sq + 1)
    seasonal_ar[::4] = [1, *(-v for v in values[p + q : p + q + sp])]
    seasonal_ma[::4] = [1, *values[p + q + sp :]]
    ar, ma = np.convolve(ar, seasonal_ar), np.convolve(ma, seasonal_ma)
    psi = np.zeros(long)
    for t in range(long):
        back = psi[max(0, t - len(ar) + 1) : t][::-1]
        psi[t] = (ma[t] if t < len(ma) else 0.0) - ar[1 : 1 + len(back)] @ back
    covariance = np.array([psi[: long - k] @ psi[k:] for k in range(n)])
    dense = covariance[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
    ones = np.linalg.solve(dense, np.ones(n))
    assert mean == pytest.approx(ones @ w / ones.sum())
    quadratic = (w - mean) @ np.linalg.solve(dense, w - mean)
    expected = log_likelihood(quadratic, n) - 0.5 * np.linalg.slogdet(dense)[1]
    assert log_likelihood(criterion, n) == pytest.approx(expected, abs=1e-8)
    assert criterion == pytest.approx(e @ e)


@pytest.mark.parametrize("values", [[1.2, -0.1], [0.3, 0.75], [-0.5, 0.4], [0.99, 0.0]])
@pytest.mark.parametrize("radius", [1.0, 1.01])
def test_roots_are_judged_as_numpy_finds_them(values: list[float], radius: float) -> None:
    roots = np.abs(np.roots([-values[1], -values[0], 1.0])) if values[1] else [1 / values[0]]
    assert inside(padded(values), np.array((2, 0, 0, 0)), radius, room_for(1).work) == (min(roots) > radius)
    roots4 = np.asarray(roots) ** 0.25
    assert inside(padded(values), np.array((0, 0, 2, 0)), radius, room_for(1).work) == (min(roots4) > radius)


def test_differencing_is_decided_as_by_auto_arima(sample: dict[str, list[np.ndarray]]) -> None:
    """The strength of the season is that of statsforecast's STL, the KPSS statistic that of statsmodels."""
    for y in [y for series in sample.values() for y in series[::3]]:
        unit = y / np.abs(y).max()
        assert season_strength(unit, np.empty((5, len(y) + 8))) == pytest.approx(seas_heuristic(unit, 4), abs=1e-9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = reference_kpss(unit, "c", nlags=int(3 * np.sqrt(len(y)) / 13))[0]
        assert kpss(unit, len(unit)) == pytest.approx(expected)


@pytest.mark.parametrize("orders", [(1, 0, 1, 0), (0, 1, 0, 1), (1, 1, 0, 1)])
def test_a_fit_reaches_the_maximum_of_the_likelihood(
    orders: tuple[int, ...], sample: dict[str, list[np.ndarray]]
) -> None:
    """statsforecast's maximum, of the differenced series, where a search would not refuse it, is never above."""
    compared = 0
    for y in [y for series in sample.values() for y in series[::4]]:
        w = y[4:] - y[:-4]
        w /= np.std(w)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = arima(
                    w,
                    (orders[0], 0, orders[1]),
                    {"order": (orders[2], 0, orders[3]), "period": 4},
                    include_mean=True,
                    method="CSS-ML",
                )
        except ValueError:
            continue
        room = room_for(len(w))
        if inside(padded(list(theirs["coef"].values())[:-1]), np.array(orders), REFUSED, room.work):
            criterion = estimate(w, np.zeros(MAX_PARAMETERS), np.array(orders), True, 1e-8, math.inf, room)
            assert log_likelihood(criterion, len(w)) > theirs["loglik"] - 0.05
            compared += 1
    assert compared >= 5


@pytest.mark.parametrize(
    ("plain", "seasonal", "model", "values"),
    [
        (1, 1, (1, 1, 0, 1, 0), [0.4, -0.3, -0.5]),
        (0, 1, (1, 0, 0, 1, 0), [0.6, -0.4]),
        (1, 0, (0, 1, 1, 0, 0), [-0.4, 0.5]),
    ],
)
def test_forecasts_and_deviations_are_those_of_the_kalman_filter(
    plain: int, seasonal: int, model: tuple[int, ...], values: list[float]
) -> None:
    """Undoing the differences and the psi weights, against statsforecast with the same coefficients held fixed."""
    generator = np.random.default_rng(3)
    y = np.cumsum(generator.normal(size=44)) + np.tile([0.0, 3.0, 1.0, -2.0], 11) + 40.0
    names = [
        f"{kind}{i + 1}"
        for kind, order in zip(("ar", "ma", "sar", "sma"), model[:4], strict=True)
        for i in range(order)
    ]
    fit = Arima(
        y,
        (model[0], plain, model[1]),
        {"order": (model[2], seasonal, model[3]), "period": 4},
        include_mean=False,
        fixed=dict(zip(names, values, strict=True)),
        method="ML",
    )
    expected = forecast_arima(fit, h=9, level=(80,))
    w = np.empty(44)
    w = w[: differenced(y, plain, seasonal, w)]
    median, deviation = np.empty(9), np.empty(9)
    project(y, w, 1.0, plain, seasonal, np.array(model), padded(values), room_for(44), median, deviation)
    np.testing.assert_allclose(median, expected["mean"], rtol=1e-4)
    grown = np.asarray(expected["upper"]).ravel() - np.asarray(expected["mean"])
    np.testing.assert_allclose(deviation / deviation[0], grown / grown[0], rtol=1e-3)


def test_held_back_years_of_public_series_are_forecast_better_than_by_the_seasonal_naive(
    sample: dict[str, list[np.ndarray]],
) -> None:
    """Measured on this sample: 0.68 and 0.90 of its error; the bounds leave room for other rounding."""
    for panel, limit in (("m3_quarterly", 0.75), ("tourism_quarterly", 0.95)):
        series = [y for y in sample[panel] if len(y) >= 16]
        answer = ARIMA.answer(Panel(tuple(Series(str(i), 0, y[:-8]) for i, y in enumerate(series))), 8)
        assert not any(answer.reasons)
        scales = [np.mean(np.abs(y[4:-8] - y[:-12])) for y in series]
        naive = [np.tile(y[-12:-8], 2) for y in series]
        own, bound = (
            np.mean([np.mean(np.abs(y[-8:] - m)) / s for y, m, s in zip(series, found, scales, strict=True)])
            for found in (answer.median, naive)
        )
        assert own < limit * bound


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([5.0] * 12, module.CONSTANT),
        ([0.0] * 12, module.CONSTANT),
        ([7.0, 8.0, 8.5], module.TOO_SHORT),
        ([1.0, NAN, 2.0, NAN, 3.0, NAN, 3.5, NAN, 4.0, NAN, 4.2, NAN, 5.0], module.TOO_MANY_GAPS),
        ([1.0, 2.0, NAN, 2.5, 3.5, 3.0, 4.0, NAN, 4.5, 5.5, 5.0], 0),
        (list(RAMP[:6]), 0),
        (list(RAMP[:8]), 0),
        ([*RAMP[:6], 1e6, *RAMP[7:]], 0),
        ([0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 0.0], 0),
        ([1.0 + 1e-9 * math.sin(t * t) for t in range(30)], 0),
        (list(1e-300 * RAMP), 0),
    ],
)
def test_every_series_ends_in_finite_figures_or_a_reason(values: list[float], reason: int) -> None:
    flat, offsets, _ = Panel((Series("a", 0, np.array(values)),)).figures
    median, deviation, status = kernel(flat, offsets, 9)
    assert status[0] == reason
    assert reason == 0 or REASONS[reason]
    assert np.isfinite(median).all()
    assert np.isfinite(deviation).all()
    assert (deviation >= 0).all()


def test_a_deterministic_trend_and_season_go_on() -> None:
    """Differences that are all equal leave nothing to estimate and must not end in a division by zero."""
    y = np.tile([10.0, 20.0, 30.0, 15.0], 9) + np.arange(36.0)
    answer = ARIMA.answer(Panel((Series("a", 0, y[:28]),)), 8)
    np.testing.assert_allclose(answer.median[0], y[28:], rtol=1e-6)


def test_answers_scale_with_the_series_and_do_not_depend_on_neighbours(sample: dict[str, list[np.ndarray]]) -> None:
    """Panels are split over processes: the bits may not depend on what else was in the chunk."""
    series = [Series(str(i), 0, y) for i, y in enumerate(sample["m3_quarterly"][:6])]
    whole = ARIMA.answer(Panel(tuple(series)), 8, (0.1, 0.9))
    for at, one in enumerate(series):
        alone = ARIMA.answer(Panel((one,)), 8, (0.1, 0.9))
        assert (alone.median[0] == whole.median[at]).all()
        assert (alone.quantiles[0] == whole.quantiles[at]).all()
    larger = ARIMA.answer(Panel((Series("0", 0, series[0].y * 2.0**20),)), 8)
    assert (larger.median[0] == whole.median[0] * 2.0**20).all()
