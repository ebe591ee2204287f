"""What a panel's past teaches, put together: the last value where nothing beats it, bands that hold, no contagion."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts.forecaster import FEWEST_PAIRS, Evidence, compare, last_value_stands, learn
from forecasts.panel import Panel, Series
from forecasts.rolling import Rolled, Said, ask, roll

HORIZON = 8
LEVELS = (0.025, 0.1, 0.9, 0.975)
FEW = ("naive", "seasonal_naive", "theta", "ets_average", "arima")


def panel_of(rows: np.ndarray) -> Panel:
    return Panel(tuple(Series(f"s{at}", 100, y) for at, y in enumerate(rows)))


def walks(count: int, length: int, seed: int) -> np.ndarray:
    """Pure random walks far from zero, (count, length)."""
    return 1000 + np.cumsum(np.random.default_rng(seed).normal(size=(count, length)), axis=1)


def lively(count: int, length: int, seed: int = 0) -> np.ndarray:
    """Trends with a season each, (count, length)."""
    rng = np.random.default_rng(seed)
    season = np.array([10.0, -6.0, 4.0, -8.0])[np.arange(length) % 4] * rng.uniform(0.5, 2, (count, 1))
    noise = rng.normal(size=(count, length))
    return 200 + rng.uniform(0, 2, (count, 1)) * np.arange(length) + season + np.cumsum(0.5 * noise, axis=1) + noise


def answered(rows: np.ndarray, names: tuple[str, ...] = FEW) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Medians, quantiles, outcomes and last values where the last HORIZON figures are held back."""
    panel = panel_of(rows[:, :-HORIZON])
    median, quantiles = learn(roll(panel, HORIZON, names)).quantiles(panel, ask(panel, HORIZON, names), LEVELS)
    return median, quantiles, rows[:, -HORIZON:], rows[:, [-HORIZON - 1]]


@pytest.mark.parametrize("seed", [0, 1])
def test_on_random_walks_the_last_value_stands(seed: int) -> None:
    """Nothing can beat it there: whoever answers otherwise has taken chance for skill."""
    rows = walks(40, 48, seed)
    learnt = learn(roll(panel_of(rows[:, :40]), HORIZON))
    assert learnt.last_value.sum() >= HORIZON - 1
    median, _, outcome, last = answered(rows)
    assert np.abs(outcome - median).mean() <= 1.01 * np.abs(outcome - last).mean()


def test_on_trends_and_seasons_the_combination_answers_and_is_better() -> None:
    """Where there is something to know, the last value gives way at every horizon."""
    rows = lively(40, 40)
    learnt = learn(roll(panel_of(rows[:, :-HORIZON]), HORIZON))
    assert not learnt.last_value.any()
    assert (learnt.evidence.combination < learnt.evidence.naive).all()
    median, _, outcome, last = answered(rows)
    assert np.abs(outcome - median).mean() < 0.4 * np.abs(outcome - last).mean()


def test_bands_hold_what_they_say() -> None:
    """Coverage of figures held back, over panels of different kinds together."""
    inside = {0.8: [0.0], 0.95: [0.0]}
    for rows in (walks(60, 44, 5), lively(60, 44, 6), 50 * np.exp(walks(60, 44, 7) / 30 - 1000 / 30)):
        _, band, outcome, _ = answered(rows)
        inside[0.8].append(float(((outcome >= band[..., 1]) & (outcome <= band[..., 2])).mean()))
        inside[0.95].append(float(((outcome >= band[..., 0]) & (outcome <= band[..., 3])).mean()))
    assert np.mean(inside[0.8][1:]) == pytest.approx(0.8, abs=0.06)
    assert np.mean(inside[0.95][1:]) == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("jump", [0.0, 10.0, 1e6])
def test_series_that_stood_still_do_not_set_the_bands_of_others(jump: float) -> None:
    """A tenth of the panel flat for years, then flat on or a step: bands of the others had grown up to 1e8 times.

    A series that has not moved yet has no width of its own to measure its first step by.
    """
    rows = walks(40, 40, 3)
    still = np.full((4, 40), 100.0)
    still[:, 35:] += jump
    panels = [panel_of(rows), panel_of(np.concatenate([rows, still]))]
    wide = []
    for panel in panels:
        learnt = learn(roll(panel, HORIZON, FEW))
        quantiles = learnt.quantiles(panel, ask(panel, HORIZON, FEW), LEVELS)[1][:40]
        wide.append((quantiles[..., 3] - quantiles[..., 0]).mean(axis=0))
    assert wide[1] == pytest.approx(wide[0], rel=0.35)


def said_of(missed: np.ndarray, outcome: np.ndarray) -> Said:
    """Two members that miss by (cuts, 2, horizon)."""
    count, members, horizon = missed.shape
    nothing = np.full((count, 2, horizon), np.nan)
    reasons = (("",) * members,) * count
    return Said(
        ("naive", "model"), outcome[:, None] - missed, np.ones((count, members), dtype=bool), nothing, reasons
    )  # fmt: skip


def rolled_of(missed: np.ndarray, of: np.ndarray) -> Rolled:
    """Cuts of straight lines that rise by 1 a quarter: scale 4."""
    outcome = np.zeros((len(of), missed.shape[2]))
    panel = Panel(tuple(Series(str(at), 100, np.arange(12.0)) for at in of))
    back = np.tile([2, 4], len(of))[: len(of)]
    return Rolled(panel, said_of(missed, outcome), of, back, back, outcome)


def test_evidence_is_the_mean_error_in_scales_and_pairs_are_series() -> None:
    """By hand: errors of 8 and 4 at a yearly change of 4, two origins of each of ten series."""
    missed = np.zeros((20, 2, 2))
    missed[:, 0], missed[:, 1] = 8.0, 4.0
    missed[:, 1, 0] += np.tile([2.0, -2.0], 10)
    rolled = rolled_of(missed, np.repeat(np.arange(10), 2))
    rolled.outcome[3, 1] = np.nan
    found = compare(rolled, rolled.said.median[:, 1], rolled.said.median[:, 0])
    assert found.naive == pytest.approx([2.0, 2.0])
    assert found.combination == pytest.approx([1.0, 1.0])
    assert found.members["model"] == pytest.approx([1.0, 1.0])
    assert found.pairs.tolist() == [10, 10]
    assert found.gain == pytest.approx([1.0, 1.0])
    assert found.error == pytest.approx([0.0, 0.0])
    assert found.origins == 20


def test_few_pairs_and_gains_within_chance_leave_the_last_value() -> None:
    """One series short of enough; and a gain that half of the series contradict."""
    clear = np.zeros((FEWEST_PAIRS, 2, 1))
    clear[:, 0], clear[:, 1] = 8.0, 1.0
    assert not learn(rolled_of(clear, np.arange(FEWEST_PAIRS))).last_value.any()
    assert learn(rolled_of(clear[1:], np.arange(FEWEST_PAIRS - 1))).last_value.all()
    assert not learn(rolled_of(clear[1:], np.arange(FEWEST_PAIRS - 1)), always=True).last_value.any()
    chance = np.full((20, 2, 1), 4.0)
    chance[::2, 1], chance[1::2, 1] = 0.0, 7.9
    assert learn(rolled_of(chance, np.arange(20))).last_value.all()


def test_a_member_asked_for_answers_also_where_the_last_value_is_better() -> None:
    """Who asks for a model gets it, with bands of its own errors."""
    missed = np.zeros((30, 2, 2))
    missed[:, 1] = 5 * np.random.default_rng(0).normal(size=(30, 2))
    rolled = rolled_of(missed, np.arange(30))
    learnt = learn(rolled, only="model")
    assert not learnt.last_value.any()
    median, weight = learnt.median(rolled.panel, rolled.said)
    assert (median == rolled.said.median[:, 1]).all()
    assert (weight == [0.0, 1.0]).all()
    assert learn(rolled).last_value.all()


def test_horizons_beyond_the_origins_are_answered_like_the_last() -> None:
    """A forecaster learnt for 4 quarters may be asked for 7."""
    panel = panel_of(lively(12, 30))
    learnt = learn(roll(panel, 4, FEW), beyond=3)
    median, quantiles = learnt.quantiles(panel, ask(panel, 7, FEW), LEVELS)
    assert median.shape == (12, 7)
    assert (learnt.last_value[4:] == learnt.last_value[3]).all()
    assert (np.diff(np.insert(quantiles, 2, median, axis=2), axis=2) >= 0).all()


def test_bands_reach_farther_the_farther_ahead() -> None:
    """On random walks the eighth quarter is less certain than the first, by about the root of eight."""
    _, band, _, _ = answered(walks(60, 48, 11))
    wide = (band[..., 2] - band[..., 1]).mean(axis=0)
    assert 2.0 < wide[-1] / wide[0] < 4.0


def evidence_with(gain: list[float], error: float, whole: tuple[float, float], pairs: int = 20) -> Evidence:
    """Evidence of which only gains count."""
    count, none = len(gain), np.full(len(gain), np.nan)
    return Evidence(
        none, none, {}, np.full(count, pairs), np.array(gain), np.full(count, error), whole, count * pairs
    )  # fmt: skip


def test_the_last_value_gives_way_where_it_is_beaten_or_where_it_loses_over_all_horizons_together() -> None:
    """One horizon may lack the power to show what all show together; one that loses keeps the last value."""
    shown = evidence_with([3.0, 0.5, -0.1], 1.0, (0.1, 1.0))
    assert last_value_stands(shown).tolist() == [False, True, True]
    together = evidence_with([3.0, 0.5, -0.1], 1.0, (1.2, 0.5))
    assert last_value_stands(together).tolist() == [False, False, True]
    few = evidence_with([3.0, 3.0], 1.0, (3.0, 1.0), pairs=7)
    assert last_value_stands(few).all()
