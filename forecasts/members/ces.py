"""Complex exponential smoothing (CES): a level and its information potential, without and with a season.

Belongs here: the four models N (no season), S (simple), P (partial) and F (full), their fit and the choice among them
by AICc. Formulas: Svetunkov, Kourentzes and Ord (2022), "Complex exponential smoothing", Naval Research Logistics 69.

With a smoothing parameter a0 + i a1, level l, potential c and one-step error e (written for a block of lag 1 or 4):
    l' = l - (1 - a1) c + (a0 - a1) e,    c' = l + (1 - a0) c + (a0 + a1) e.
N has such a block of lag 1, S one of lag 4, F one of each; P has one of lag 1 and a season s' = s + b0 e. As in the
reference software (statsforecast) the first state is made to fit by running through the series forwards, backwards and
forwards again, and the squared errors of the last run are minimised over a box. Here that is done by damped
Gauss-Newton steps, with the exact derivatives of the errors carried through all three runs, not by a direct search.

Two members: `ces` is the reference's definition, one model chosen by AICc. `ces_weighted` averages the models by Akaike
weight and keeps to smoothing parameters under which an old error fades (the stability condition of the paper, which the
reference software leaves out: outside it the three runs can fit the past with a path that explodes).
"""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled
from forecasts.gaps import LONGEST_SHARE, TOO_MANY, fill
from forecasts.members.compiled import Compiled

FEW_FIGURES, MANY_GAPS = 1, 2
REASONS = {
    FEW_FIGURES: "complex exponential smoothing needs at least five figures",
    MANY_GAPS: TOO_MANY,
}

SEASON = 4
LEAST_FIGURES = 5
NONE, SIMPLE, PARTIAL, FULL = 0, 1, 2, 3
KINDS = 4
LEVEL = -1
Four = tuple[float, float, float, float]
NOUGHT = (0.0, 0.0, 0.0, 0.0)
# Parameters stand in fixed places: 0, 1 of the block of lag 1, 2, 3 of the seasonal one. First and last place in use:
FIRST = np.array([0, 2, 0, 0])
LAST = np.array([1, 3, 2, 3])
# Where the searches set out: the model, then its parameters. The squared errors have several dips, so a thorough
# search sets out more than once; the first KINDS rows are the reference software's.
START_KINDS = np.array([NONE, SIMPLE, PARTIAL, FULL, NONE, PARTIAL, FULL])
STARTS = np.array(
    [
        [1.3, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.3, 1.0],
        [1.3, 1.0, 0.1, 0.0],
        [1.3, 1.0, 1.3, 1.0],
        [1.0, 1.3, 0.0, 0.0],
        [1.3, 1.0, 0.3, 0.0],
        [1.6, 0.8, 1.3, 1.0],
    ]
)
LOW = 0.01
HIGH = np.array([[1.8, 1.9, 0.0, 0.0], [0.0, 0.0, 1.8, 1.9], [1.8, 1.9, 1.5, 0.0], [1.8, 1.9, 1.5, 1.5]])
COUNTED = np.array([3, 3, 4, 5])  # parameters that AICc counts, as in the reference software
MOST_STEPS = 60
LONGEST_MOVE = 0.3  # a longer first move lands on the box's edge, from where it seldom finds back
ENOUGH = 1e-6  # relative fall of the squared errors at which the search ends
NOTHING = 1e-28  # squared errors below it are rounding (figures are at most 1)


@compiled
def first_season(y: np.ndarray, season: np.ndarray) -> None:
    """season (SEASON,): additive indices of y (n >= 8,) by classical decomposition, of y[0]'s quarter first."""
    count = np.zeros(SEASON)
    season[:] = 0.0
    for i in range(2, len(y) - 2):
        season[i % SEASON] += y[i] - (0.5 * (y[i - 2] + y[i + 2]) + y[i - 1] + y[i] + y[i + 1]) / SEASON
        count[i % SEASON] += 1.0
    season /= count
    season -= season.mean()


@compiled
def first_state(y: np.ndarray, kind: int, season: np.ndarray, state: np.ndarray) -> None:
    """state (10,): level, potential, SEASON seasonal levels, SEASON seasonal potentials; season: see first_season."""
    state[:] = 0.0
    if kind == SIMPLE:
        for j in range(SEASON):
            state[2 + j] = y[j]
            state[6 + j] = y[j] / 1.1
        return
    state[0] = y[: min(10 if kind == NONE else SEASON, len(y))].mean()
    state[1] = state[0] / 1.1
    if kind >= PARTIAL:
        for j in range(SEASON):
            state[2 + j] = season[j]
            state[6 + j] = season[j] / 1.1 if kind == FULL else 0.0


@compiled
def combined(one: Four, other: Four, weight: float, third: Four, gain: float) -> Four:
    """one + weight x other + gain x third, place by place. Tuples, not arrays: these stay in registers."""
    return (
        one[0] + weight * other[0] + gain * third[0],
        one[1] + weight * other[1] + gain * third[1],
        one[2] + weight * other[2] + gain * third[2],
        one[3] + weight * other[3] + gain * third[3],
    )


@compiled
def row(array: np.ndarray, at: int) -> Four:
    """array[at] (4,) as a tuple."""
    return array[at, 0], array[at, 1], array[at, 2], array[at, 3]


@compiled
def put(array: np.ndarray, at: int, values: Four) -> None:
    """Writes a tuple to array[at] (4,)."""
    array[at, 0], array[at, 1], array[at, 2], array[at, 3] = values


@compiled
def moved(
    kind: int, a0: float, a1: float, s: float, c: float, ds: Four, dc: Four, error: float, de: Four
) -> tuple[float, float, Four, Four]:
    """A block one lag on: s, c and their derivatives by the parameters; de: those of the error.

    kind: LEVEL (parameters in places 0 and 1), PARTIAL or FULL (places 2 and 3).
    """
    if kind == PARTIAL:
        up = combined(ds, de, a0, NOUGHT, 0.0)
        return s + a0 * error, c, (up[0], up[1], up[2] + error, up[3]), dc
    up = combined(ds, dc, a1 - 1.0, de, a0 - a1)
    on = combined(ds, dc, 1.0 - a0, de, a0 + a1)
    if kind == LEVEL:
        up = (up[0] + error, up[1] + (c - error), up[2], up[3])
        on = (on[0] + (error - c), on[1] + error, on[2], on[3])
    else:
        up = (up[0], up[1], up[2] + error, up[3] + (c - error))
        on = (on[0], on[1], on[2] + (error - c), on[3] + error)
    return s + (a1 - 1.0) * c + (a0 - a1) * error, s + (1.0 - a0) * c + (a0 + a1) * error, up, on


@compiled
def run(
    y: np.ndarray, kind: int, x: np.ndarray, state: np.ndarray, slopes: np.ndarray, e: np.ndarray, jacobian: np.ndarray
) -> float:
    """Runs forwards, backwards, forwards; the sum of squared errors of the last run.

    x (4,): parameters. state (10,): first state in, last state out. slopes (10, 4): work, derivatives of the state.
    e (n,), jacobian (n, 4): errors of the last run and their derivatives by x.
    """
    n = len(y)
    slopes[:] = 0.0
    a0, a1, b0, b1 = x[0], x[1], x[2], x[3]
    season = PARTIAL if kind == PARTIAL else FULL
    s, c, ds, dc = state[0], state[1], NOUGHT, NOUGHT
    total = 0.0
    for turn in range(3):
        total = 0.0
        at = 2
        for t in range(n):
            i = n - 1 - t if turn == 1 else t
            error = y[i] - s
            de = combined(NOUGHT, ds, -1.0, NOUGHT, 0.0)
            if kind != NONE:
                q, p, dq, dp = state[at], state[at + 4], row(slopes, at), row(slopes, at + 4)
                error -= q
                de = combined(de, dq, -1.0, NOUGHT, 0.0)
                q, p, dq, dp = moved(season, b0, b1, q, p, dq, dp, error, de)
                state[at], state[at + 4] = q, p
                put(slopes, at, dq)
                put(slopes, at + 4, dp)
                at = at + 1 if at < 5 else 2
            if kind != SIMPLE:
                s, c, ds, dc = moved(LEVEL, a0, a1, s, c, ds, dc, error, de)
            total += error * error
            if turn == 2:
                e[i] = error
                put(jacobian, i, de)
        if turn < 2:
            # from the last state of a run to the first of the opposite one: one step without error, slots in reverse
            if kind != SIMPLE:
                s, c, ds, dc = moved(LEVEL, a0, a1, s, c, ds, dc, 0.0, NOUGHT)
            if kind != NONE:
                for at in range(2, 6):
                    q, p, dq, dp = state[at], state[at + 4], row(slopes, at), row(slopes, at + 4)
                    q, p, dq, dp = moved(season, b0, b1, q, p, dq, dp, 0.0, NOUGHT)
                    state[at], state[at + 4] = q, p
                    put(slopes, at, dq)
                    put(slopes, at + 4, dp)
                reverse_season(n, state, slopes)
    state[0], state[1] = s, c
    return total


@compiled
def reverse_season(n: int, state: np.ndarray, slopes: np.ndarray) -> None:
    """Slots count from where a run starts: the slot of quarter n - 1 becomes slot 0."""
    for block in (2, 6):
        for j in range(SEASON):
            other = (n - 1 - j) % SEASON
            if j < other:
                state[block + j], state[block + other] = state[block + other], state[block + j]
                held = row(slopes, block + j)
                put(slopes, block + j, row(slopes, block + other))
                put(slopes, block + other, held)


@compiled
def is_stable(kind: int, x: np.ndarray) -> bool:
    """True where both roots of each complex block of x (4,) lie inside the unit circle: an old error fades."""
    for place in (0, 2):
        if (place == 0 and kind == SIMPLE) or (place == 2 and kind != SIMPLE and kind != FULL):
            continue
        a0, a1 = x[place], x[place + 1]
        trace = 2.0 - 2.0 * a0 + a1
        determinant = (1.0 - a0 + a1) * (1.0 - a0) + (1.0 - a1) * (1.0 - a0 - a1)
        if not (determinant < 1.0 and abs(trace) < 1.0 + determinant):
            return False
    return True


@compiled
def solved(matrix: np.ndarray, right: np.ndarray, free: np.ndarray, damping: float, move: np.ndarray) -> None:
    """move (4,): solves (matrix + damping x its diagonal) move = right over the free places, 0 elsewhere."""
    work = np.zeros((4, 5))
    for a in range(4):
        for b in range(4):
            work[a, b] = matrix[a, b] if free[a] and free[b] else 0.0
        if free[a]:
            work[a, a] = work[a, a] * (1.0 + damping) + 1e-300
            work[a, 4] = right[a]
        else:
            work[a, a] = 1.0
    # positive definite: elimination needs no pivoting, but rounding may leave a nought
    for a in range(4):
        if work[a, a] == 0.0:
            continue
        for b in range(a + 1, 4):
            factor = work[b, a] / work[a, a]
            for k in range(a, 5):
                work[b, k] -= factor * work[a, k]
    for a in range(3, -1, -1):
        rest = work[a, 4]
        for k in range(a + 1, 4):
            rest -= work[a, k] * move[k]
        move[a] = rest / work[a, a] if work[a, a] != 0.0 else 0.0


@compiled
def fit(
    y: np.ndarray, kind: int, first: np.ndarray, x: np.ndarray, state: np.ndarray, e: np.ndarray, jacobian: np.ndarray,
    slopes: np.ndarray, stable: bool,
) -> float:  # fmt: skip
    """Least sum of squared errors from x (4,) on; x and the last state (10,) that give it. stable: see is_stable."""
    n = len(y)
    low, high = FIRST[kind], LAST[kind]
    matrix, right, move = np.zeros((4, 4)), np.zeros(4), np.zeros(4)
    free = np.zeros(4, np.bool_)
    trial, trial_state = x.copy(), first.copy()
    least = run(y, kind, x, trial_state, slopes, e, jacobian)
    state[:] = trial_state
    damping, fresh = 1e-2, True
    for _ in range(MOST_STEPS):
        if fresh:
            matrix[:] = 0.0
            right[:] = 0.0
            for i in range(n):
                for a in range(low, high + 1):
                    right[a] -= jacobian[i, a] * e[i]
                    for b in range(low, a + 1):
                        matrix[a, b] += jacobian[i, a] * jacobian[i, b]
            for a in range(low, high + 1):
                for b in range(low, a):
                    matrix[b, a] = matrix[a, b]
            for a in range(low, high + 1):
                at_low = x[a] <= LOW and right[a] < 0.0
                at_high = x[a] >= HIGH[kind, a] and right[a] > 0.0
                free[a] = not (at_low or at_high) and matrix[a, a] > 0.0
        solved(matrix, right, free, damping, move)
        longest, farthest = LONGEST_MOVE, 0.0
        for a in range(low, high + 1):
            longest = max(longest, abs(move[a]))
        for a in range(low, high + 1):
            trial[a] = min(max(x[a] + move[a] * (LONGEST_MOVE / longest), LOW), HIGH[kind, a])
            farthest = max(farthest, abs(trial[a] - x[a]))
        if not farthest > 1e-9:
            break
        trial_state[:] = first
        sse = np.inf
        if not stable or is_stable(kind, trial):
            sse = run(y, kind, trial, trial_state, slopes, e, jacobian)
        fresh = sse < least
        if fresh:
            fall = least - sse
            least = sse
            x[:] = trial
            state[:] = trial_state
            damping = max(damping * 0.25, 1e-7)
            if fall < ENOUGH * least and damping < 1e-2:
                break
        else:
            damping *= 5.0
            if damping > 1e8:
                break
    return least


@compiled
def extrapolate(n: int, kind: int, x: np.ndarray, state: np.ndarray, path: np.ndarray, response: np.ndarray) -> None:
    """path (horizon,): the forecasts. response (horizon,): what an error of 1 in the first quarter ahead adds."""
    shock = np.zeros(10)
    season = PARTIAL if kind == PARTIAL else FULL
    for h in range(len(path)):
        slot = 2 + (n + h) % SEASON
        path[h] = state[0] + state[slot]
        response[h] = 1.0 if h == 0 else shock[0] + shock[slot]
        for block, error in ((state, 0.0), (shock, 1.0 if h == 0 else 0.0)):
            if kind != SIMPLE:
                block[0], block[1], _, _ = moved(LEVEL, x[0], x[1], block[0], block[1], NOUGHT, NOUGHT, error, NOUGHT)
            if kind != NONE:
                block[slot], block[slot + 4], _, _ = moved(
                    season, x[2], x[3], block[slot], block[slot + 4], NOUGHT, NOUGHT, error, NOUGHT
                )


@compiled
def fit_models(
    y: np.ndarray, thorough: bool, stable: bool,
    xs: np.ndarray, states: np.ndarray, sses: np.ndarray, criteria: np.ndarray,
) -> None:  # fmt: skip
    """Fits the four models to y (n,), without gaps; a model that y is too short for keeps an infinite criterion.

    xs (4, 4): parameters, states (4, 10): last states, sses (4,): sums of squared errors, criteria (4,): AICc less what
    all models have in common; one row a model. thorough: from all STARTS. stable: see is_stable.
    """
    n = len(y)
    season, slopes, first, state = np.zeros(SEASON), np.zeros((10, 4)), np.zeros(10), np.zeros(10)
    e, jacobian, x = np.zeros(n), np.zeros((n, 4)), np.zeros(4)
    sses[:] = np.inf
    criteria[:] = np.inf
    if n >= 2 * SEASON:
        first_season(y, season)
    for start in range(len(START_KINDS) if thorough else KINDS):
        kind = START_KINDS[start]
        spare = n - COUNTED[kind] - 1
        if spare <= 0 or (kind != NONE and n < 2 * SEASON):
            continue
        first_state(y, kind, season, first)
        x[:] = STARTS[start]
        sse = fit(y, kind, first, x, state, e, jacobian, slopes, stable)
        if sse < sses[kind]:
            k = float(COUNTED[kind])
            sses[kind] = sse
            criteria[kind] = n * np.log(max(sse, NOTHING)) + 2.0 * k + 2.0 * k * (k + 1.0) / spare
            xs[kind] = x
            states[kind] = state


@compiled
def answer(
    flat: np.ndarray, offsets: np.ndarray, horizon: int, averaged: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See forecasts.members.compiled. averaged: the stable models' mean by Akaike weight, else the model of least
    AICc.
    """
    count = len(offsets) - 1
    median = np.full((count, horizon), np.nan)
    deviation = np.full((count, horizon), np.nan)
    status = np.zeros(count, np.int64)
    xs, states = np.zeros((KINDS, 4)), np.zeros((KINDS, 10))
    sses, criteria, weights = np.zeros(KINDS), np.zeros(KINDS), np.zeros(KINDS)
    paths, responses = np.zeros((KINDS, horizon)), np.zeros((KINDS, horizon))
    for series in range(count):
        raw = flat[offsets[series] : offsets[series + 1]]
        n = len(raw)
        y = np.empty(n)
        gaps = fill(raw, y)
        if n - gaps < LEAST_FIGURES:
            status[series] = FEW_FIGURES
            continue
        if gaps > LONGEST_SHARE * n:
            status[series] = MANY_GAPS
            continue
        fit_models(y, not averaged, averaged, xs, states, sses, criteria)
        best = 0
        for kind in range(1, KINDS):
            if criteria[kind] < criteria[best]:
                best = kind
        total = 0.0
        for kind in range(KINDS):
            if averaged:
                weights[kind] = np.exp(-0.5 * (criteria[kind] - criteria[best]))
            else:
                weights[kind] = 1.0 if kind == best else 0.0
            total += weights[kind]
        median[series] = 0.0
        deviation[series] = 0.0
        for kind in range(KINDS):
            if weights[kind] > 0.0:
                extrapolate(n, kind, xs[kind], states[kind], paths[kind], responses[kind])
                for h in range(horizon):
                    median[series, h] += weights[kind] / total * paths[kind, h]
        for kind in range(KINDS):
            if weights[kind] > 0.0:
                variance, grown = sses[kind] / max(n - COUNTED[kind] - 1, 1), 0.0
                for h in range(horizon):
                    grown += responses[kind, h] ** 2
                    apart = paths[kind, h] - median[series, h]
                    deviation[series, h] += weights[kind] / total * (variance * grown + apart * apart)
        for h in range(horizon):
            deviation[series, h] = np.sqrt(deviation[series, h])
    return median, deviation, status


@compiled
def selected(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel (see forecasts.members.compiled): the model of least AICc."""
    return answer(flat, offsets, horizon, False)


@compiled
def weighted(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel (see forecasts.members.compiled): the mean of the four models by Akaike weight, stable ones only."""
    return answer(flat, offsets, horizon, True)


CES = Compiled("ces", selected, REASONS)
CES_WEIGHTED = Compiled("ces_weighted", weighted, REASONS)
