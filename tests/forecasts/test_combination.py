"""Weights: they sum to one, follow the evidence, shrink without it, and leave out who did not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasts import combination
from forecasts.combination import Weights, combine, discord, error_scale, learn_weights, prior, traits_of
from forecasts.panel import Panel, Series
from forecasts.rolling import Rolled, Said

NAMES = ("naive", "seasonal_naive", "good", "bad", "worse")
ORIGINS, HORIZON = 4, 3


def said_of(median: np.ndarray, names: tuple[str, ...] = NAMES, fitted: np.ndarray | None = None) -> Said:
    """What members say, without deviations; everybody fitted unless told."""
    count, members, horizon = median.shape
    known = np.ones((count, members), dtype=bool) if fitted is None else fitted
    reasons = tuple(tuple("" if yes else "no" for yes in row) for row in known)
    return Said(names, median, known, np.full((count, 0, horizon), np.nan), reasons)


def made_up(series: int, noise: tuple[float, ...] = (2.0, 2.0, 0.2, 2.0, 4.0), seed: int = 0) -> Rolled:
    """Random walks whose members miss by independent normal errors of the given deviations."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(series), ORIGINS)
    panel = Panel(tuple(Series(str(at), 100, 100 + np.cumsum(rng.normal(size=24))) for at in of))
    outcome = rng.normal(100, 5, (len(of), HORIZON))
    missed = rng.normal(size=(len(of), len(noise), HORIZON)) * np.array(noise)[:, None]
    back = np.tile(2 * np.arange(1, ORIGINS + 1), series)
    return Rolled(panel, said_of(outcome[:, None, :] + missed, NAMES[: len(noise)]), of, back, back, outcome)


def mean_weights(rolled: Rolled) -> np.ndarray:
    """Mean weight of each member after learning, (members,)."""
    learnt = learn_weights(rolled)
    return learnt.of(traits_of(rolled.panel, rolled.said), rolled.said.fitted).mean(axis=0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    arrays(float, (5, 6), elements=st.floats(-1e6, 1e6)),
    arrays(float, (7, len(NAMES)), elements=st.floats(-50, 50)),
    arrays(bool, (5, len(NAMES))),
)
def test_weights_sum_to_one_and_a_member_that_fell_back_has_none(
    traits: np.ndarray, coefficients: np.ndarray, fitted: np.ndarray
) -> None:
    """For any coefficients; where nobody fitted the first member, which is the last value, has it all."""
    weight = Weights(NAMES, coefficients, np.zeros(6), np.ones(6)).of(traits, fitted)
    assert weight.sum(axis=1) == pytest.approx(1.0)
    assert (weight >= 0).all()
    some = fitted.any(axis=1)
    assert (weight[some][~fitted[some]] == 0).all()
    assert (weight[~some] == np.eye(len(NAMES))[0]).all()


def test_without_evidence_models_weigh_alike_and_references_less() -> None:
    """Nothing known is no reason to prefer one: neither without an origin nor with every outcome hidden."""
    rolled = made_up(6)
    hidden = rolled.rows(np.ones(len(rolled.of), dtype=bool), np.zeros((len(rolled.of), HORIZON), dtype=bool))
    none = rolled.rows(np.zeros(len(rolled.of), dtype=bool))
    usual = np.exp(prior(NAMES)) / np.exp(prior(NAMES)).sum()
    assert usual[2] == usual[3] == usual[4] > usual[0] == usual[1] > 0
    for empty in (hidden, none):
        weight = learn_weights(empty).of(traits_of(rolled.panel, rolled.said), rolled.said.fitted)
        assert weight == pytest.approx(np.tile(usual, (len(weight), 1)))


def test_the_best_member_gains_and_the_worst_loses() -> None:
    """Weights follow errors, or they are decoration."""
    weight = mean_weights(made_up(150))
    usual = np.exp(prior(NAMES)) / np.exp(prior(NAMES)).sum()
    assert weight[2] > 0.7
    assert weight[4] < usual[4] / 3
    assert weight[2] == weight.max()


def test_few_series_are_shrunk_more_than_many() -> None:
    """The same evidence a series moves the weights of a small panel less."""
    usual = np.exp(prior(NAMES)) / np.exp(prior(NAMES)).sum()
    few, many = (mean_weights(made_up(series))[2] for series in (5, 150))
    assert usual[2] < few < many - 0.1


def test_the_combination_is_no_worse_than_equal_weights_on_series_it_has_not_seen() -> None:
    """What is learnt must hold on others, also where members are equally good and all differences are chance."""
    for noise, most in (((2.0, 2.0, 0.2, 2.0, 4.0), 0.5), ((2.0, 2.0, 2.0, 2.0, 2.0), 1.03)):
        learnt, new = learn_weights(made_up(40, noise)), made_up(200, noise, seed=1)
        weight = learnt.of(traits_of(new.panel, new.said), new.said.fitted)
        own = np.abs(combine(new.said, weight) - new.outcome).mean()
        equal = np.abs(new.said.median[:, 2:].mean(axis=1) - new.outcome).mean()
        assert own < most * equal


def test_one_member_alone_has_all_the_weight() -> None:
    """A model that was asked for by name is not mixed with others."""
    weight = learn_weights(made_up(5), only="bad").of(np.zeros((3, 6)), np.ones((3, len(NAMES)), dtype=bool))
    assert (weight == np.eye(len(NAMES))[[3, 3, 3]]).all()


def test_no_small_step_from_what_is_learnt_gains_anything() -> None:
    """The search ends at a minimum of the loss that the module documents, written down here once more."""
    rolled = made_up(30)
    rolled.said.fitted[::7, 2] = False
    rolled.outcome[::5, 2] = np.nan
    learnt = learn_weights(rolled)
    traits = traits_of(rolled.panel, rolled.said)
    scale = error_scale(rolled.panel)[:, None]

    def loss(coefficients: np.ndarray) -> float:
        weight = replace(learnt, coefficients=coefficients).of(traits, rolled.said.fitted)
        error = (rolled.outcome - combine(rolled.said, weight)) / scale
        smooth = np.nanmean(np.sqrt(error**2 + combination.SMOOTHED**2))
        shrinkage = combination.SHRINKAGE * (1 + combination.SHRINKAGE_SERIES / 30)
        return float(smooth + shrinkage * (coefficients**2).sum())

    best = loss(learnt.coefficients)
    for at in np.ndindex(learnt.coefficients.shape):
        for step in (-0.02, 0.02):
            moved = learnt.coefficients.copy()
            moved[at] += step
            assert loss(moved) > best - 1e-5


def test_discord_is_the_deviation_of_the_models_that_fitted() -> None:
    """By hand: the references and those that fell back say nothing of it."""
    median = np.array([[[9.0], [9.0], [1.0], [3.0], [70.0]]])
    assert discord(said_of(median, fitted=np.array([[True, True, True, True, False]]))) == pytest.approx(1.0)
    assert discord(said_of(median, fitted=np.zeros((1, 5), dtype=bool))) == pytest.approx(0.0)


@pytest.mark.parametrize("factor", [2.0**-1000, 2.0**10, 2.0**1000])
def test_discord_and_traits_have_no_unit(factor: float) -> None:
    """Squares of figures near 1e300 overflow, near 1e-300 they vanish: then every series looked alike."""
    median = np.array([[[4.0], [4.5], [1.0], [3.0], [7.0]]])
    with np.errstate(all="raise"):
        assert discord(said_of(median * factor)) == pytest.approx(discord(said_of(median)) * factor, rel=1e-15)
    y = 5 + np.sin(np.arange(20.0))
    one, other = (traits_of(Panel((Series("a", 100, y * by),)), said_of(median * by)) for by in (1.0, factor))
    assert other == pytest.approx(one, abs=1e-5)


def test_figures_of_members_that_did_not_fit_are_never_looked_at() -> None:
    """A caller may leave NaN where a member has nothing to say."""
    median, fitted = np.full((2, 5, 2), np.nan), np.zeros((2, 5), dtype=bool)
    median[0, 2:4], fitted[0, 2:4] = [[1.0, 2.0], [3.0, 2.0]], True
    assert discord(said_of(median, fitted=fitted)) == pytest.approx(np.array([[1.0, 0.0], [0.0, 0.0]]))


@pytest.mark.parametrize(
    "values", [[1.7e308, -1.7e308] * 6, [1e300, 1e-300] * 5, [0.0] * 9, [5e-324] * 9, [3.0], [], [1e-300, 2e-300] * 4]
)
def test_traits_are_finite_for_any_series(values: list[float]) -> None:
    """One NaN here made all weights of the series NaN and its band a point at zero."""
    panel = Panel((Series("a", 100, np.array(values)),))
    for extreme in (0.0, 1e-300, 4e307, -4e307):
        median = np.zeros((1, 5, 9))
        median[:, 3] = extreme
        with np.errstate(all="raise", under="ignore"):
            assert np.isfinite(traits_of(panel, said_of(median))).all()


def test_a_series_that_never_moved_says_nothing_of_members() -> None:
    """Its scale is zero: it is left out, not counted as infinitely wrong."""
    rolled = made_up(20)
    still = Panel(tuple(Series("s", 100, np.full(24, 7.0)) for _ in range(ORIGINS)))
    assert np.isnan(error_scale(still)).all()
    outcome = np.full((ORIGINS, HORIZON), 1e6)
    more = Rolled(
        Panel(rolled.panel.series + still.series),
        said_of(np.concatenate([rolled.said.median, np.zeros((ORIGINS, len(NAMES), HORIZON))])),
        np.concatenate([rolled.of, np.full(ORIGINS, 20)]),
        np.concatenate([rolled.back, rolled.back[:ORIGINS]]),
        np.concatenate([rolled.period, rolled.period[:ORIGINS]]),
        np.concatenate([rolled.outcome, outcome]),
    )
    one, other = learn_weights(rolled), learn_weights(more)
    assert (one.coefficients == other.coefficients).all()
    assert (one.centre == other.centre).all()
