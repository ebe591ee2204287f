"""Automatic seasonal ARIMA for short quarterly series: differencing, search over orders, forecast.

Belongs here: what is fitted and how the fits become one forecast, and the kernel. The tests behind the differencing are
in arima_differences, the likelihood in arima_likelihood, the estimation in arima_fit.

The search is that of Hyndman and Khandakar (2008, J. Statistical Software 27): differencing first, then stepwise over
(p, q)(P, Q)[4] and a constant by AICc, near-unit roots refused. It departs from auto.arima where held-back quarters of
public series were forecast better so:
- all models that the search has fitted answer together, weighted by exp(-AICc / 2) (Burnham and Anderson 2002);
- p, q, P and Q are at most 1: larger orders cost nearly twice as much and forecast no better;
- without a seasonal difference there is always one plain difference (never none, never two);
- with a season that is visible (strength from 0.4), or with too few quarters to measure it, half of the answer comes
  from models of the change against the same quarter a year ago.
"""

from __future__ import annotations

import math

import numpy as np

from forecasts.compiling import compiled
from forecasts.gaps import LONGEST_SHARE, TOO_MANY, fill
from forecasts.members.arima_differences import (
    KPSS_CRITICAL,
    SEASON,
    STRONG_SEASON,
    differenced,
    kpss,
    same,
    season_strength,
)
from forecasts.members.arima_fit import REFUSED, estimate
from forecasts.members.arima_likelihood import (
    MAX_PARAMETERS,
    PHI,
    STATE,
    THETA,
    Room,
    expand,
    inside,
    room_for,
    whiten,
)
from forecasts.members.compiled import Compiled

FEWEST = 6
FEWEST_DIFFERENCES = 4
TOO_SHORT, TOO_MANY_GAPS, CONSTANT, NOT_FINITE = 1, 2, 3, 4
REASONS = {
    TOO_SHORT: f"needs at least {FEWEST} figures",
    TOO_MANY_GAPS: TOO_MANY,
    CONSTANT: "all figures are equal",
    NOT_FINITE: "no model gave finite figures",
}

LARGEST_ORDER = 1
VISIBLE_SEASON = 0.4
# A fit ends where a further step promises less log-likelihood than this: that is 3 % of a model's weight.
TOLERANCE = 3e-2
# A model this much above the best AICc weighs less than 5 % of the best one and is left out.
SPREAD = 6.0

# p, q, P, Q of the models that the search starts from, and its moves in p, q, P, Q and the constant, in order.
STARTS = np.array([(0, 0, 0, 0), (1, 0, 1, 0), (0, 1, 0, 1), (1, 1, 1, 1)], dtype=np.int64)
_PAIRS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
MOVES = np.array(
    [*[(0, 0, a, b, 0) for a, b in _PAIRS], *[(a, b, 0, 0, 0) for a, b in _PAIRS], (0, 0, 0, 0, 1)], dtype=np.int64
)
MAX_MODELS = 2 * (LARGEST_ORDER + 1) ** 4


@compiled
def penalty(n: int, parameters: int) -> float:
    """What AICc adds to minus twice the log-likelihood; infinite with too few figures for so many parameters."""
    left = n - parameters - 1
    return 2.0 * parameters * (1.0 + (parameters + 1.0) / left) if left > 0 else math.inf


@compiled
def carry(par: np.ndarray, orders: np.ndarray, new: np.ndarray, wanted: np.ndarray) -> None:
    """new: parameters of `wanted` orders, from par (of `orders`) what both have and 0 for the others."""
    old_start, start = 0, 0
    for block in range(4):
        for j in range(wanted[block]):
            new[start + j] = par[old_start + j] if j < orders[block] else 0.0
        old_start += orders[block]
        start += wanted[block]


@compiled
def search(
    w: np.ndarray, allow_constant: bool, limits: np.ndarray, models: np.ndarray, pars: np.ndarray, scores: np.ndarray,
    room: Room,
) -> int:  # fmt: skip
    """Fit models to w (n,) until no neighbour of the best has a lower AICc; how many were fitted.

    limits: (4,) highest orders. models: (MAX_MODELS, 5) orders and constant; pars: (MAX_MODELS, MAX_PARAMETERS);
    scores: (MAX_MODELS,) AICc, infinite where refused.
    """
    n = len(w)
    count, best, move = 0, 0, -len(STARTS)
    goal = np.zeros(5, np.int64)
    while move < len(MOVES) and count < MAX_MODELS:
        valid = True
        for i in range(4):
            if move < 0:
                goal[i] = min(STARTS[move + len(STARTS), i], limits[i])
            else:
                goal[i] = models[best, i] + MOVES[move, i]
                valid = valid and 0 <= goal[i] <= limits[i]
        goal[4] = allow_constant if move < 0 else (models[best, 4] + MOVES[move, 4]) % 2
        valid = valid and (allow_constant or goal[4] == 0)
        move += 1
        for m in range(count):
            known = True
            for i in range(5):
                known = known and models[m, i] == goal[i]
            valid = valid and not known
        if not valid:
            continue
        par, orders = pars[count], models[count, :4]
        parameters = 1
        for i in range(5):
            models[count, i] = goal[i]
            parameters += goal[i]
        for i in range(MAX_PARAMETERS):
            par[i] = 0.0
        hopeless = math.inf
        extra = penalty(n, parameters)
        scores[count] = math.inf
        if count > 0:
            carry(pars[best], models[best], par, orders)
            exponent = (scores[best] + SPREAD - extra) / n
            if exponent < 600.0:
                hopeless = n * math.exp(exponent)
        if extra < math.inf:
            q = estimate(w, par, orders, goal[4] == 1, TOLERANCE, hopeless, room)
            if q > 0.0 and q < math.inf and inside(par, orders, REFUSED, room.work):
                scores[count] = n * math.log(q / n) + extra
        if count > 0 and scores[count] < scores[best]:
            best = count
            move = min(move, 0)
        count += 1
    return count


@compiled
def project(
    y: np.ndarray, w: np.ndarray, unit: float, plain: int, seasonal: int, model: np.ndarray, par: np.ndarray,
    room: Room, median: np.ndarray, deviation: np.ndarray,
) -> None:  # fmt: skip
    """median, deviation (horizon,): mean of y and standard deviation of its error under a model of w.

    w (n,): the differences of y / unit. The deviation is that of the psi weights (Box and Jenkins), with the parameters
    taken off the figures in sigma.
    """
    n, horizon = len(w), len(median)
    work, orders = room.work, model[:4]
    total, mean, scale = whiten(w, par, orders, model[4] == 1, room, room.errors[0])
    free = n - model[4]
    for i in range(4):
        free -= orders[i]
    sigma = unit * math.sqrt(max(total, 0.0) / max(free, 1)) / scale
    p, q = expand(par, orders, work)
    r = max(p, q + 1)
    # Coefficients of (1 - B)^d (1 - B^4)^D: a figure is its difference less the earlier figures times them.
    delta = np.zeros(plain + SEASON * seasonal + 1)
    delta[0] = 1.0
    for _ in range(plain):
        for j in range(len(delta) - 1, 0, -1):
            delta[j] -= delta[j - 1]
    for _ in range(seasonal):
        for j in range(len(delta) - 1, SEASON - 1, -1):
            delta[j] -= delta[j - SEASON]
    psi, psi_y = np.zeros(horizon), np.zeros(horizon)
    power = 0.0
    for h in range(horizon):
        ahead = work[STATE, 0]
        for i in range(r):
            work[STATE, i] = work[PHI, i] * ahead + work[STATE, i + 1]
        value = unit * (ahead + mean)
        weight = work[THETA, h] if h <= q else 0.0
        for j in range(min(p, h)):
            weight += work[PHI, j] * psi[h - 1 - j]
        psi[h] = weight
        for j in range(1, len(delta)):
            value -= delta[j] * (median[h - j] if h >= j else y[len(y) + h - j])
            if h >= j:
                weight -= delta[j] * psi_y[h - j]
        psi_y[h] = weight
        power += weight * weight
        median[h] = value
        deviation[h] = sigma * math.sqrt(power)


@compiled
def mix(
    y: np.ndarray, w: np.ndarray, plain: int, seasonal: int, share: float, models: np.ndarray, pars: np.ndarray,
    scores: np.ndarray, room: Room, given: float, mean: np.ndarray, variance: np.ndarray,
) -> None:  # fmt: skip
    """Search models of w, the differences of y, and take them into the mixture with mean and variance (horizon,).

    share: weight of these models together; given: weight of what is in the mixture already. w is scaled in place.
    """
    n, horizon = len(w), len(mean)
    unit = 0.0
    for t in range(n):
        unit += w[t] * w[t]
    unit = math.sqrt(unit / n)
    limits = np.zeros(4, np.int64)
    constant = plain + seasonal == 1
    if unit > 0.0:
        for t in range(n):
            w[t] /= unit
    if not same(w, n):
        for i in range(4):
            limits[i] = min(LARGEST_ORDER, n // (3 if i < 2 else 3 * SEASON))
    count = search(w, constant, limits, models, pars, scores, room)
    least, total = math.inf, 0.0
    for m in range(count):
        least = min(least, scores[m])
    if least == math.inf:
        scores[0], least = 0.0, 0.0
    for m in range(count):
        if scores[m] - least < SPREAD:
            total += math.exp(0.5 * (least - scores[m]))
    median, deviation = np.zeros(horizon), np.zeros(horizon)
    for m in range(count):
        if scores[m] - least < SPREAD:
            weight = share * math.exp(0.5 * (least - scores[m])) / total
            project(y, w, unit, plain, seasonal, models[m], pars[m], room, median, deviation)
            given += weight
            part = weight / given
            for h in range(horizon):
                apart = median[h] - mean[h]
                mean[h] += part * apart
                variance[h] += part * (deviation[h] * deviation[h] - variance[h] + (1.0 - part) * apart * apart)


@compiled
def kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See forecasts.members.compiled."""
    series = len(offsets) - 1
    longest = 1
    for at in range(series):
        longest = max(longest, offsets[at + 1] - offsets[at])
    mean, deviation = np.zeros((series, horizon)), np.zeros((series, horizon))
    status = np.zeros(series, np.int64)
    full, changes, stl = np.empty(longest), np.empty(longest), np.empty((5, longest + 2 * SEASON))
    room = room_for(longest)
    models, pars = np.zeros((MAX_MODELS, 5), np.int64), np.zeros((MAX_MODELS, MAX_PARAMETERS))
    scores = np.zeros(MAX_MODELS)
    for at in range(series):
        raw = flat[offsets[at] : offsets[at + 1]]
        n = len(raw)
        y = full[:n]
        gaps = fill(raw, y)
        if n - gaps < FEWEST:
            status[at] = TOO_SHORT
        elif gaps > LONGEST_SHARE * n:
            status[at] = TOO_MANY_GAPS
        elif same(y, n):
            status[at] = CONSTANT
        if status[at]:
            continue
        # Two years do not tell a season from noise.
        measured = n > 2 * SEASON
        strength = season_strength(y, stl) if measured else 0.0
        seasonal = 1 if strength > STRONG_SEASON else 0
        plain = 1
        if seasonal:
            left = differenced(y, 0, 1, changes)
            plain = 1 if not same(changes, left) and kpss(changes, left) > KPSS_CRITICAL else 0
        both = (plain == 1) and (strength >= VISIBLE_SEASON or not measured) and n - SEASON >= FEWEST_DIFFERENCES
        share = 0.5 if both else 1.0
        left = differenced(y, plain, seasonal, changes)
        mix(y, changes[:left], plain, seasonal, share, models, pars, scores, room, 0.0, mean[at], deviation[at])
        if both:
            left = differenced(y, 0, 1, changes)
            mix(y, changes[:left], 0, 1, share, models, pars, scores, room, 0.5, mean[at], deviation[at])
        for h in range(horizon):
            deviation[at, h] = math.sqrt(max(deviation[at, h], 0.0))
            if not (math.isfinite(mean[at, h]) and math.isfinite(deviation[at, h])):
                status[at] = NOT_FINITE
        if status[at]:
            mean[at, :] = 0.0
            deviation[at, :] = 0.0
    return mean, deviation, status


ARIMA = Compiled("arima", kernel, REASONS)
