"""The references are what their names say, with the bands of a random walk."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from forecasts.members.naive import NAIVE, SEASONAL_NAIVE, quarterly_deviation
from forecasts.panel import Panel, Series

NAN = float("nan")
ONE_DEVIATION = NormalDist().cdf(1.0)


def panel_of(*values: list[float]) -> Panel:
    return Panel(tuple(Series(str(at), 100, np.array(y)) for at, y in enumerate(values)))


def test_the_last_value_is_held_on_exactly() -> None:
    """Also where scaling by the largest figure could round it."""
    rng = np.random.default_rng(0)
    values = [list(rng.lognormal(0, 3, size)) for size in (1, 2, 5, 30)]
    answer = NAIVE.answer(panel_of(*values), 3)
    assert answer.median == pytest.approx(np.array([[y[-1]] * 3 for y in values]), rel=1e-15)
    assert answer.reasons == ("",) * 4


def test_the_same_quarter_of_the_year_before_is_held_on() -> None:
    """A missing quarter takes the year before that; nine horizons go round more than twice."""
    y = [1.0, 2.0, 3.0, 4.0, 5.0, NAN, 7.0]
    answer = SEASONAL_NAIVE.answer(panel_of(y), 9)
    assert answer.median[0] == pytest.approx([4.0, 5.0, 2.0, 7.0, 4.0, 5.0, 2.0, 7.0, 4.0])


@pytest.mark.parametrize(("values", "seen"), [([1.0, 2.0, 3.0], 3), ([1.0, NAN, 3.0, NAN, 5.0, NAN, 7.0], 2), ([], 0)])
def test_a_year_that_is_not_whole_is_named_and_the_last_value_stands(values: list[float], seen: int) -> None:
    """Half-yearly figures have no four quarters."""
    answer = SEASONAL_NAIVE.answer(panel_of(values), 2)
    assert answer.reasons == (f"figures in {seen} of the 4 quarters of a year, 4 needed",)
    assert answer.median.tolist() == [[values[-1] if values else 0.0] * 2]


def test_bands_grow_as_those_of_a_random_walk() -> None:
    """By hand: steps of 1 and 3; over a gap of four quarters a change counts as two of one quarter."""
    assert quarterly_deviation(np.array([0.0, 1.0, -2.0])) == pytest.approx(2 * np.sqrt(np.pi / 2))
    assert quarterly_deviation(np.array([0.0, NAN, NAN, NAN, 4.0])) == pytest.approx(2 * np.sqrt(np.pi / 2))
    answer = NAIVE.answer(panel_of([0.0, 1.0, -2.0]), 4, (ONE_DEVIATION,))
    assert answer.quantiles[0, :, 0] + 2 == pytest.approx(2 * np.sqrt(np.pi / 2) * np.sqrt(np.arange(1, 5)))
    seasonal = SEASONAL_NAIVE.answer(panel_of([0.0, -1.0] * 3), 8, (ONE_DEVIATION,))
    width = seasonal.quantiles[0, :, 0] - seasonal.median[0]
    assert width == pytest.approx(np.sqrt(np.pi / 2) * np.sqrt([4.0] * 4 + [8.0] * 4))


def test_one_figure_has_the_usual_unrest_of_its_level() -> None:
    """A single figure shows no change; a band of no width would claim that it never moves."""
    assert quarterly_deviation(np.array([-8.0])) == pytest.approx(0.4 * np.sqrt(np.pi / 2))


def test_a_series_without_figures_takes_the_middle_of_its_cap() -> None:
    """And zero where it has none; with its reason."""
    capped = Series("a", 100, np.empty(0), np.array([10.0]))
    answer = NAIVE.answer(Panel((capped, Series("b", 100, np.empty(0)))), 2)
    assert answer.median.tolist() == [[5.0, 5.0], [0.0, 0.0]]
    assert answer.reasons == ("no figure in the series",) * 2
