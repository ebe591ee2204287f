"""Complex exponential smoothing against statsforecast, its derivatives, and what gaps and odd series do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsforecast.ces import auto_ces, forecast_ces

from forecasts.members import ces

HORIZON = 8
SAMPLE = pd.read_csv(Path(__file__).with_name("public_sample.csv"))
SERIES = [group["y"].to_numpy(float)[-60:] for _, group in SAMPLE.groupby(["panel", "unique_id"])]
MEMBERS = [ces.CES, ces.CES_WEIGHTED]


def fitted(y: np.ndarray, stable: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Parameters, last states, sums of squared errors and AICc of the four models."""
    xs, states, sses, criteria = np.zeros((4, 4)), np.zeros((4, 10)), np.zeros(4), np.zeros(4)
    ces.fit_models(y, True, stable, xs, states, sses, criteria)
    return xs, states, sses, criteria


def one(member: ces.Compiled, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    median, deviation, status = member.kernel(y, np.array([0, len(y)]), HORIZON)
    return median[0], deviation[0], int(status[0])


def test_objectives_are_at_most_the_references_and_forecasts_agree_where_equal() -> None:
    """n log SSE of each model, and the least AICc, on a sample; local minima may differ on a few series."""
    gaps, chosen, apart = [], [], []
    for y in SERIES[::2]:
        n, top = len(y), np.abs(y).max()
        xs, states, sses, criteria = fitted(y / top)
        criterion = np.inf
        for kind, name in enumerate("NSPF"):
            found = auto_ces(y, 4, model=name)
            criterion = min(criterion, found["aicc"] - 2 * n * np.log(top))
            gaps.append(n * np.log(sses[kind]) + 2 * found["loglik"] + 2 * n * np.log(top))
            if abs(gaps[-1]) < 1e-3:
                path, response = np.empty(HORIZON), np.empty(HORIZON)
                ces.extrapolate(n, kind, xs[kind], states[kind], path, response)
                apart.append(np.abs(path - forecast_ces(found, HORIZON)["mean"] / top).max())
        chosen.append(criteria.min() - criterion)
    assert np.mean(np.array(gaps) < 0.01) > 0.95
    assert np.mean(np.array(chosen) < 0.01) > 0.9
    assert len(apart) > 60
    assert np.quantile(apart, 0.95) < 3e-3


@pytest.mark.parametrize("kind", range(4))
def test_derivatives_of_the_errors_are_those_of_differences(kind: int) -> None:
    """The steps stand on them; n = 21 turns the seasonal slots round by an odd number."""
    y = SERIES[0][:21] / SERIES[0][:21].max()
    first, season = np.zeros(10), np.zeros(4)
    ces.first_season(y, season)
    ces.first_state(y, kind, season, first)
    jacobian, other = np.empty((21, 4)), np.empty((21, 4))
    e = [np.empty(21) for _ in range(3)]
    x = ces.STARTS[kind]
    ces.run(y, kind, x, first.copy(), np.empty((10, 4)), e[0], jacobian)
    for place in range(ces.FIRST[kind], ces.LAST[kind] + 1):
        shift = 1e-6 * np.eye(4)[place]
        ces.run(y, kind, x + shift, first.copy(), np.empty((10, 4)), e[1], other)
        ces.run(y, kind, x - shift, first.copy(), np.empty((10, 4)), e[2], other)
        np.testing.assert_allclose(jacobian[:, place], (e[1] - e[2]) / 2e-6, atol=1e-6)


def test_a_stable_fit_forgets_an_old_error() -> None:
    """The weighted member must not rest on a path that explodes; its squared errors can only be larger."""
    for y in SERIES[::6]:
        free, held = fitted(y / np.abs(y).max()), fitted(y / np.abs(y).max(), stable=True)
        for kind in range(4):
            assert ces.is_stable(kind, held[0][kind])
            assert held[2][kind] >= free[2][kind] * 0.7  # 0.7: the free search may end in a worse dip


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_answers_do_not_depend_on_neighbours_and_scale_with_the_figures(member: ces.Compiled) -> None:
    """Bits of an answer may not change with the other series in the call."""
    units = [y / np.abs(y).max() for y in SERIES[20:32]]
    flat, offsets = np.concatenate(units), np.cumsum([0, *map(len, units)])
    median, deviation, status = member.kernel(flat, offsets, HORIZON)
    assert not status.any()
    assert np.isfinite(median).all()
    assert (np.diff(deviation, axis=1) >= -0.2 * deviation[:, 1:]).all()
    for at, unit in enumerate(units):
        alone = one(member, unit)
        assert (alone[0] == median[at]).all()
        assert (alone[1] == deviation[at]).all()
        np.testing.assert_allclose(one(member, unit / 2)[0], median[at] / 2, rtol=1e-9)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_few_gaps_are_filled_and_many_are_a_reason(member: ces.Compiled) -> None:
    """A gap on a line is filled by the line itself; half-yearly figures are not a quarterly series."""
    y = np.linspace(0.5, 1.0, 20)
    holed = y.copy()
    holed[[3, 9, 10]] = np.nan
    np.testing.assert_allclose(one(member, holed)[0], one(member, y)[0], atol=1e-9)
    assert one(member, np.where(np.arange(19) % 2, np.nan, 1.0))[2] == ces.MANY_GAPS
    assert one(member, np.ones(4))[2] == ces.FEW_FIGURES
    assert one(member, np.ones(0))[2] == ces.FEW_FIGURES


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_odd_series_end_in_finite_figures(member: ces.Compiled) -> None:
    """Nothing but finite figures may leave with status 0."""
    outlier = np.full(20, 1e-5)
    outlier[7] = 1.0
    sparse = np.tile([0.0, 1.0, 0.0, 0.0], 6)
    for y in (np.ones(5), np.ones(12), np.zeros(12), outlier, -np.linspace(0.1, 1.0, 8), sparse, np.eye(9)[4]):
        median, deviation, status = one(member, y)
        assert status == 0
        assert np.isfinite(median).all()
        assert np.isfinite(deviation).all()
    np.testing.assert_allclose(one(member, np.ones(12))[0], 1.0, atol=1e-6)


def test_the_deviation_is_that_of_simulated_paths() -> None:
    """One error of each quarter ahead, carried by the model itself, gives the variance that the responses sum to."""
    y = SERIES[1] / SERIES[1].max()
    xs, states, _, _ = fitted(y)
    for kind in range(4):
        path, response, shocked, unused = (np.empty(HORIZON) for _ in range(4))
        ces.extrapolate(len(y), kind, xs[kind], states[kind].copy(), path, response)
        state = states[kind].copy()
        slot, x = 2 + len(y) % 4, xs[kind]
        if kind != ces.SIMPLE:
            state[0], state[1], _, _ = ces.moved(
                ces.LEVEL, x[0], x[1], state[0], state[1], ces.NOUGHT, ces.NOUGHT, 1.0, ces.NOUGHT
            )
        if kind != ces.NONE:
            season = ces.PARTIAL if kind == ces.PARTIAL else ces.FULL
            state[slot], state[slot + 4], _, _ = ces.moved(
                season, x[2], x[3], state[slot], state[slot + 4], ces.NOUGHT, ces.NOUGHT, 1.0, ces.NOUGHT
            )
        ces.extrapolate(len(y) + 1, kind, x, state, shocked, unused)
        np.testing.assert_allclose(shocked[:-1] - path[1:], response[1:], atol=1e-9)
