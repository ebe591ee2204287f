"""Fit of one seasonal ARMA model with given orders: Levenberg-Marquardt on the exact likelihood.

Belongs here: the estimation of the coefficients. The residuals come from arima_likelihood, the orders from arima.

The exact likelihood with sigma concentrated out is a sum of squares (of residuals that carry the determinant), so that
Gauss-Newton steps damped as in Marquardt (1963) converge in a few steps where a simplex needs hundreds of evaluations.
Between two rounds of differences the Jacobian is brought up to date as in Broyden (1965), which costs no evaluation.
"""

from __future__ import annotations

import math

import numpy as np

from forecasts.compiling import compiled
from forecasts.members.arima_likelihood import Room, inside, whiten

DIFFERENCE = 1e-6
MAX_STEPS = 30
MAX_TRIES = 8
MAX_HALVINGS = 12
FIRST_DAMPING = 1e-3
# Steps taken on one Jacobian, with Broyden's corrections, before it is taken anew.
RENEWED = 3
# How many times the gain that a step promises a model may still win before it is given up as hopeless.
HOPE = 2.0
# Steps keep roots at least this far out; a model that rests within REFUSED is no candidate, as in auto.arima.
FARTHEST = 1.001
REFUSED = 1.01
MAX_REFUSED_STEPS = 3


@compiled
def solve(h: np.ndarray, g: np.ndarray, damping: float, k: int, low: np.ndarray, step: np.ndarray) -> bool:
    """step (k,) = -(h + damping diag(h))^-1 g by Cholesky, False where h is not positive definite."""
    for i in range(k):
        for j in range(i + 1):
            total = h[i, j]
            if i == j:
                total = total * (1.0 + damping) + 1e-12
            for m in range(j):
                total -= low[i, m] * low[j, m]
            if i == j:
                if not total > 0.0:
                    return False
                low[i, i] = math.sqrt(total)
            else:
                low[i, j] = total / low[j, j]
    for i in range(k):
        total = -g[i]
        for m in range(i):
            total -= low[i, m] * step[m]
        step[i] = total / low[i, i]
    for i in range(k - 1, -1, -1):
        total = step[i]
        for m in range(i + 1, k):
            total -= low[m, i] * step[m]
        step[i] = total / low[i, i]
    return True


@compiled
def slopes(w: np.ndarray, par: np.ndarray, orders: np.ndarray, constant: bool, k: int, room: Room) -> None:
    """room.jacobian (n, k): derivative of the residuals room.errors[0] at par, by forward differences."""
    jacobian, e, other = room.jacobian, room.errors[0], room.errors[1]
    for j in range(k):
        kept = par[j]
        par[j] = kept + DIFFERENCE
        whiten(w, par, orders, constant, room, other)
        par[j] = kept
        for t in range(len(w)):
            jacobian[t, j] = (other[t] - e[t]) * (1.0 / DIFFERENCE)


@compiled
def normal(jacobian: np.ndarray, e: np.ndarray, n: int, k: int, h: np.ndarray, g: np.ndarray) -> None:
    """h (lower triangle) = J'J and g = J'e of the first n rows and k columns."""
    for i in range(k):
        g[i] = 0.0
        for j in range(i + 1):
            h[i, j] = 0.0
    for t in range(n):
        for i in range(k):
            slope = jacobian[t, i]
            g[i] += slope * e[t]
            for j in range(i + 1):
                h[i, j] += slope * jacobian[t, j]


@compiled
def correct(jacobian: np.ndarray, e: np.ndarray, other: np.ndarray, step: np.ndarray, n: int, k: int) -> None:
    """Broyden's correction: after it jacobian explains the change of the residuals from e to other over step (k,)."""
    length = 0.0
    for i in range(k):
        length += step[i] * step[i]
    for t in range(n):
        missed = other[t] - e[t]
        for i in range(k):
            missed -= jacobian[t, i] * step[i]
        missed /= length
        for i in range(k):
            jacobian[t, i] += missed * step[i]


@compiled
def estimate(
    w: np.ndarray,
    par: np.ndarray,
    orders: np.ndarray,
    constant: bool,
    tolerance: float,
    hopeless: float,
    room: Room,
) -> float:
    """Move par from a stationary, invertible start to the nearest maximum of the exact likelihood.

    Returns the criterion Q there (see whiten). Stops where a step promises less than `tolerance` in log-likelihood,
    where HOPE times what it promises leaves Q above `hopeless`, or after a few steps with a root within REFUSED.
    """
    n = len(w)
    k = orders[0] + orders[1] + orders[2] + orders[3]
    work, square, jacobian = room.work, room.square, room.jacobian
    e, other = room.errors[0], room.errors[1]
    best, _, _ = whiten(w, par, orders, constant, room, e)
    if k == 0 or not best > 0.0:
        return best
    low, h, vectors = square[:k], square[k : 2 * k], square[2 * k :]
    g, step, trial = vectors[0], vectors[1], vectors[2]
    damping = FIRST_DAMPING
    refused, age = 0, 0
    for _ in range(MAX_STEPS):
        if age == 0:
            slopes(w, par, orders, constant, k, room)
        normal(jacobian, e, n, k, h, g)
        better = False
        for _ in range(MAX_TRIES):
            if not solve(h, g, damping, k, low, step):
                damping = max(10.0 * damping, FIRST_DAMPING)
                continue
            gain = 0.0
            for i in range(k):
                gain -= g[i] * step[i]
            if 0.5 * n * gain < tolerance * best or best - HOPE * gain > hopeless:
                break
            within = False
            share = 1.0
            for _ in range(MAX_HALVINGS):
                for i in range(k):
                    trial[i] = par[i] + share * step[i]
                within = inside(trial, orders, FARTHEST, work)
                if within:
                    break
                share *= 0.5
            if not within:
                break
            found, _, _ = whiten(w, trial, orders, constant, room, other)
            better = found < best
            if better:
                break
            damping = max(10.0 * damping, FIRST_DAMPING)
        if better:
            best = found
            for i in range(k):
                step[i] = trial[i] - par[i]
                par[i] = trial[i]
            age = (age + 1) % RENEWED
            if age:
                correct(jacobian, e, other, step, n, k)
            for t in range(n):
                e[t] = other[t]
            damping = max(0.1 * damping, 1e-8)
            refused = 0 if inside(par, orders, REFUSED, work) else refused + 1
            if refused == MAX_REFUSED_STEPS:
                break
        elif age:
            age, damping = 0, FIRST_DAMPING
        else:
            break
    return best
