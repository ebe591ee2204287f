"""Earlier origins: nothing that came after one is known there, neither to members nor to what is learnt from them."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts import rolling
from forecasts.forecaster import learn
from forecasts.members import MEMBERS
from forecasts.panel import Panel, Series
from forecasts.rolling import Rolled, Said, ask, cuts, joined, learning_positions, roll

NAN = float("nan")
LENGTH, HORIZON = 26, 6


def values(count: int, length: int = LENGTH, seed: int = 0) -> np.ndarray:
    """Trending seasonal walks, (count, length)."""
    rng = np.random.default_rng(seed)
    season = np.tile([3.0, -1.0, 2.0, -4.0], length)[:length]
    return 100 + np.cumsum(rng.normal(0.4, 1, (count, length)), axis=1) + season * rng.uniform(0, 2, (count, 1))


def panel_of(rows: list[np.ndarray] | np.ndarray, caps: dict[int, np.ndarray] | None = None) -> Panel:
    return Panel(tuple(Series(f"s{at}", 100, np.array(y), (caps or {}).get(at)) for at, y in enumerate(rows)))


def same_said(one: Said, other: Said) -> bool:
    """True where two say the same bits, fallbacks and reasons included."""
    return bool(
        one.names == other.names
        and np.array_equal(one.median, other.median)
        and np.array_equal(one.fitted, other.fitted)
        and np.array_equal(one.deviation, other.deviation, equal_nan=True)
        and one.reasons == other.reasons
    )


def test_figures_and_caps_after_an_origin_change_nothing_said_there() -> None:
    """For every member and origin at once: members that learn from the whole panel included."""
    rows = values(8)
    rows[1, 7], rows[2, 20] = NAN, NAN
    caps = {3: np.linspace(160, 200, LENGTH + 4)}
    before = roll(panel_of(rows, caps), HORIZON)
    for back in (4, 8, 14):
        changed, later = rows.copy(), {3: caps[3].copy()}
        changed[:, -back:] = 3 * changed[:, -back:] + np.arange(back)
        later[3][-back - 4 :] *= 2
        after = roll(panel_of(changed, later), HORIZON)
        assert (before.back == after.back).all()
        earlier = before.back >= back
        assert earlier.sum() >= 8
        assert same_said(before.rows(earlier).said, after.rows(earlier).said)
        assert not np.array_equal(before.outcome[earlier], after.outcome[earlier], equal_nan=True)
        assert not np.array_equal(before.said.median[~earlier], after.said.median[~earlier])


@pytest.mark.parametrize("back", [4, 10])
def test_what_is_learnt_at_an_origin_knows_only_outcomes_that_had_come(back: int) -> None:
    """Weights, where the last value stands, widths and offsets are the same bits whatever came afterwards."""
    rows = values(10, 34)
    changed = rows.copy()
    changed[:, -back:] = 5 * changed[:, -back:] + 7
    learnt = []
    for now in (rows, changed):
        rolled = roll(panel_of(now), HORIZON)
        earlier = rolled.back >= back
        known = rolled.back[earlier][:, None] - np.arange(1, HORIZON + 1) >= back
        assert known.any()
        learnt.append(learn(rolled.rows(earlier, known)))
    one, other = learnt
    assert (one.weights.coefficients == other.weights.coefficients).all()
    assert (one.weights.centre == other.weights.centre).all()
    assert (one.weights.spread == other.weights.spread).all()
    assert (one.last_value == other.last_value).all()
    assert (one.width == other.width).all()
    assert (one.calibration.offsets == other.calibration.offsets).all()
    assert np.array_equal(one.evidence.gain, other.evidence.gain)


def test_outcomes_are_the_figures_after_the_origin() -> None:
    """A target in a gap, or after the last figure, has none."""
    rows = values(1)
    rows[0, -1 - 2] = NAN
    rolled = roll(panel_of(rows), 4, ("naive",))
    for cut, back, outcome in zip(rolled.panel, rolled.back, rolled.outcome, strict=True):
        padded = np.concatenate([rows[0], np.full(4, NAN)])
        np.testing.assert_array_equal(outcome, padded[LENGTH - back : LENGTH - back + 4])
        np.testing.assert_array_equal(cut.y, rows[0, : LENGTH - back])
    assert (rolled.said.median[:, 0, 0] == [cut.y[-1] for cut in rolled.panel]).all()


def test_an_origin_in_a_gap_moves_back_to_a_figure_and_none_is_taken_twice() -> None:
    """Half-yearly figures, and a hole of two years."""
    half = np.where(np.arange(31) % 2 == 0, 1.0 + np.arange(31), NAN)
    hole = np.arange(40.0)
    hole[28:36] = NAN
    for y in (half, half[:-1][::-1], hole):
        y = y[np.flatnonzero(~np.isnan(y))[0] : np.flatnonzero(~np.isnan(y))[-1] + 1]
        found, where = cuts(panel_of([y]), [0])
        assert all(not np.isnan(one.y[-1]) for one in found)
        assert len(set(where[:, 1])) == len(where)
        assert all(len(one.observed) >= rolling.MIN_FIGURES for one in found)
        assert [len(y) - len(one.y) for one in found] == where[:, 1].tolist()


def test_short_panels_are_content_with_less() -> None:
    """Where no series keeps 8 figures, 4 must do; where one does, the others wait."""
    short, longer = np.arange(7.0), np.arange(12.0)
    assert [len(one.y) for one in cuts(panel_of([short]), [0])[0]] == [5]
    assert {at for at, _ in cuts(panel_of([short, longer]), [0, 1])[1]} == {1}
    assert cuts(panel_of([np.arange(5.0)]), [0])[0] == []


@pytest.mark.parametrize("rows", [[], [np.empty(0)], [np.array([3.0])], [np.arange(5.0), np.empty(0)]])
def test_a_panel_without_any_origin_teaches_nothing_and_breaks_nothing(rows: list[np.ndarray]) -> None:
    """Every shape is there, with no rows; the last value stands at every horizon."""
    rolled = roll(panel_of(rows), HORIZON)
    assert rolled.outcome.shape == (0, HORIZON)
    assert rolled.said.median.shape == (0, len(MEMBERS), HORIZON)
    learnt = learn(rolled)
    assert learnt.last_value.tolist() == [True] * HORIZON
    assert learnt.evidence.origins == 0


def test_horizons_beyond_any_outcome_have_none() -> None:
    """Forty quarters ahead of a series of 20."""
    rolled = roll(panel_of(values(3, 20)), 40, ("naive", "theta"))
    assert np.isnan(rolled.outcome[:, 12:]).all()
    assert np.isfinite(rolled.outcome[:, 0]).all()


def test_series_without_figures_among_others_are_asked_and_give_no_origin() -> None:
    """Their place is kept, so that of counts the panel's own positions."""
    rows = [np.empty(0), *values(2), np.empty(0)]
    rolled = roll(panel_of(rows), 3, ("naive", "pooled_lags"))
    assert set(rolled.of) == {1, 2}
    said = ask(panel_of(rows), 3)
    assert said.median.shape == (4, len(MEMBERS), 3)
    assert not said.fitted[[0, 3]].any()
    assert all(said.reasons[0])


def test_members_that_learn_from_the_panel_learn_from_their_group_alone() -> None:
    """Series cut farther back may not see what others knew later."""
    panel = panel_of(values(9))
    groups = np.array([0, 1, 2] * 3)
    whole = ask(panel, 4, groups=groups)
    for group in range(3):
        places = np.flatnonzero(groups == group)
        alone = ask(Panel(tuple(panel.series[at] for at in places)), 4)
        assert same_said(whole.rows(places), alone)


def test_deviations_are_those_of_the_width_members_in_their_order() -> None:
    """Widths read them by position; a panel asked of other members has none."""
    panel = panel_of(values(3))
    said = ask(panel, 4, ("naive", *rolling.WIDTH_MEMBERS))
    for at, name in enumerate(rolling.WIDTH_MEMBERS):
        answer = MEMBERS[name].answer(panel, 4, (0.841344746,))
        np.testing.assert_array_equal(said.deviation[:, at], answer.quantiles[:, :, 0] - answer.median)
    assert ask(panel, 4, ("naive",)).deviation.shape == (3, 0, 4)


def test_learning_series_are_the_same_whatever_the_order() -> None:
    """A large panel is learnt from by a hash of the names."""
    rows = values(30, 4)
    names = [f"n{at}" for at in range(30)]
    order = np.random.default_rng(1).permutation(30)
    one = Panel(tuple(Series(names[at], 100, rows[at]) for at in range(30)))
    other = Panel(tuple(Series(names[at], 100, rows[at]) for at in order))
    chosen = [{panel.series[at].unique_id for at in learning_positions(panel, 12)} for panel in (one, other)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 12
    assert learning_positions(one, 12) == sorted(learning_positions(one, 12))
    assert learning_positions(one, 30) == list(range(30))


def test_rows_keep_what_belongs_together() -> None:
    """Panel, answers, reasons and outcomes of the cuts that are kept, and outcomes hidden where they are not known."""
    rolled = roll(panel_of([*values(3), np.arange(15.0)]), 3, ("naive", "seasonal_naive", "theta"))
    chosen = rolled.of >= 2
    known = np.zeros((int(chosen.sum()), 3), dtype=bool)
    known[:, 0] = True
    part = rolled.rows(chosen, known)
    places = np.flatnonzero(chosen)
    assert part.panel.series == tuple(rolled.panel.series[at] for at in places)
    assert part.said.reasons == tuple(rolled.said.reasons[at] for at in places)
    assert (part.said.median == rolled.said.median[chosen]).all()
    assert (part.of == rolled.of[chosen]).all()
    assert (part.period == rolled.period[chosen]).all()
    np.testing.assert_array_equal(part.outcome[:, 0], rolled.outcome[chosen, 0])
    assert np.isnan(part.outcome[:, 1:]).all()
    assert same_said(joined([rolled.rows(~chosen).said, part.said]).rows(np.arange(3)), rolled.said.rows(np.arange(3)))


def test_progress_ends_at_the_number_of_members() -> None:
    """One step a member, in order."""
    told: list[tuple[int, int]] = []
    roll(panel_of(values(2)), 2, ("naive", "theta"), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_empty_rolls_are_rolls() -> None:
    """Choosing nothing leaves shapes whole."""
    rolled = roll(panel_of(values(2)), 3, ("naive", "theta"))
    none = rolled.rows(np.zeros(len(rolled.of), dtype=bool))
    assert isinstance(none, Rolled)
    assert none.said.median.shape == (0, 2, 3)
    assert len(none.panel) == 0
