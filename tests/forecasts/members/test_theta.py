"""Theta models against the published recursions as statsforecast implements them, and what gaps and season do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsforecast.theta import auto_theta, forecast_theta

from forecasts.members import theta

HORIZON = 8
SAMPLE = pd.read_csv(Path(__file__).with_name("public_sample.csv"))
SERIES = [group["y"].to_numpy(float)[-60:] for _, group in SAMPLE.groupby(["panel", "unique_id"])]
MODELS = [
    ("STM", theta.STATIC, theta.HALF),
    ("OTM", theta.STATIC, np.nan),
    ("DSTM", theta.DYNAMIC, theta.HALF),
    ("DOTM", theta.DYNAMIC, np.nan),
]
MEMBERS = [theta.THETA, theta.AUTO_THETA, theta.DOTM]


def one(member: theta.Compiled, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    median, deviation, status = member.kernel(y, np.array([0, len(y)]), HORIZON)
    return median[0], deviation[0], int(status[0])


@pytest.mark.parametrize(("name", "dynamic", "fixed"), MODELS)
def test_squared_errors_are_never_above_the_references_and_forecasts_agree_where_equal(
    name: str, dynamic: int, fixed: float
) -> None:
    """The profile over alpha must find the minimum that a search in three dimensions finds, on every series."""
    equal = 0
    for y in SERIES:
        top = np.abs(y).max()
        adjusted, index, moments, best = y / top, np.zeros(4), np.zeros(5), np.zeros(2)
        kind = theta.deseasonalise(adjusted, index)
        lines, path, spread = np.empty((2, len(y))), np.empty(HORIZON), np.empty(HORIZON)
        theta.running_lines(adjusted, lines, moments)
        sse = theta.variant(adjusted, lines, moments, len(y), dynamic, fixed, np.inf, path, spread, best)
        found = auto_theta(y, 4, model=name)
        assert ["", "multiplicative", "additive"][kind] == found.get("decomposition_type", "")
        reference = found["mse"] * np.abs(adjusted).mean() / top
        assert sse <= reference * 1.0005
        if sse > reference * 0.9999:
            equal += 1
            season = index[(len(y) + np.arange(HORIZON)) % 4]
            path = path * season if kind == theta.MULTIPLICATIVE else path + season if kind else path
            np.testing.assert_allclose(path, forecast_theta(found, HORIZON)["mean"] / top, atol=4e-3)
    assert equal >= 20


def test_seasonal_indices_are_those_of_classical_decomposition() -> None:
    """A pure season has to come out exactly, whichever way it is composed."""
    index = np.zeros(4)
    multiplied = np.tile([0.8, 1.2, 1.1, 0.9], 8)
    assert theta.seasonal_indices(multiplied, theta.MULTIPLICATIVE, index)
    np.testing.assert_allclose(index, [0.8, 1.2, 1.1, 0.9])
    assert theta.seasonal_indices(np.tile([-3.0, 1.0, 2.0, 0.0], 8) + np.arange(32.0), theta.ADDITIVE, index)
    np.testing.assert_allclose(index, [-3.0, 1.0, 2.0, 0.0])


def test_running_lines_are_least_squares_lines_of_the_figures_so_far() -> None:
    """The recursion replaces a regression a quarter; a gap must leave the line where it was."""
    y = np.array([1.0, 3.0, np.nan, 2.0, 5.0, 4.0])
    lines = np.empty((2, 6))
    theta.running_lines(y, lines, np.empty(5))
    for last in (3, 4, 5):
        seen = np.flatnonzero(~np.isnan(y[: last + 1]))
        slope, intercept = np.polyfit(seen + 1.0, y[seen], 1)
        np.testing.assert_allclose(lines[:, last], [intercept, slope])
    assert (lines[:, 2] == lines[:, 1]).all()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_gap_on_a_line_changes_nothing_of_the_forecast(member: theta.Compiled) -> None:
    """A missing quarter brings no error and the state moves on: a straight line stays one."""
    y = np.linspace(0.5, 1.0, 24)
    holed = y.copy()
    holed[[5, 11, 12, 20]] = np.nan
    whole, width, _ = one(member, y)
    np.testing.assert_allclose(one(member, holed)[0], whole, atol=2e-3)
    assert (np.diff(width) >= 0).all()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_answers_are_equivariant_and_do_not_depend_on_neighbours(member: theta.Compiled) -> None:
    """Bits of an answer may not change with the other series in the call; half the figures give half the forecast."""
    units = [y / np.abs(y).max() for y in SERIES[:12]]
    flat, offsets = np.concatenate(units), np.cumsum([0, *map(len, units)])
    median, deviation, status = member.kernel(flat, offsets, HORIZON)
    assert not status.any()
    assert np.isfinite(median).all()
    assert np.isfinite(deviation).all()
    for at, unit in enumerate(units):
        alone = one(member, unit)
        assert (alone[0] == median[at]).all()
        assert (alone[1] == deviation[at]).all()
        np.testing.assert_allclose(one(member, unit / 2)[0], median[at] / 2, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_odd_series_end_in_an_answer_or_a_reason(member: theta.Compiled) -> None:
    """Nothing but finite figures may leave with status 0."""
    outlier = np.full(20, 1e-5)
    outlier[7] = 1.0
    halves = np.where(np.arange(19) % 2, np.nan, np.linspace(0.4, 1.0, 19))
    for y in (np.ones(12), np.zeros(12), outlier, halves, -np.linspace(0.1, 1.0, 9), np.tile([0.0, 1.0, 0.0, 0.0], 6)):
        median, deviation, status = one(member, y)
        assert status == 0
        assert np.isfinite(median).all()
        assert np.isfinite(deviation).all()
    np.testing.assert_allclose(one(member, np.ones(12))[0], 1.0)
    assert one(member, np.ones(5))[2] == theta.FEW_FIGURES
    assert one(member, np.ones(0))[2] == theta.FEW_FIGURES


def test_the_deviation_of_a_random_walk_grows_as_its_own() -> None:
    """With alpha at its upper bound the error h quarters ahead has h times the variance (the impulse response)."""
    steps = np.random.default_rng(2).normal(size=400)
    y = np.cumsum(steps)
    width = one(theta.THETA, y / np.abs(y).max())[1] * np.abs(y).max()
    np.testing.assert_allclose(width, np.sqrt(np.arange(1, HORIZON + 1)), rtol=0.15)
