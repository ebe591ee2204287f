"""Residuals and likelihood of a seasonal ARMA model of a series that has been differenced already.

Belongs here: the polynomials, their roots and the exact Gaussian likelihood. How coefficients are found is in
arima_fit, which orders are tried in arima.

The model is phi(B) Phi(B^4) (w[t] - mu) = theta(B) Theta(B^4) e[t]; AR polynomials are 1 - phi1 B - ..., MA polynomials
1 + theta1 B + .... `orders` is int64 (p, q, P, Q), `par` float64 (phi, theta, Phi, Theta) one behind the other.

The exact likelihood is the Kalman filter's in the state space form of Harvey (1989), run with the recursions of Morf,
Sidhu and Kailath (1974) as in Pearlman (1980, Biometrika 67) and Melard (1984, Applied Statistics AS 197): the change
of the covariance has rank one, so a quarter costs O(r) instead of O(r^2). sigma and mu are concentrated out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from forecasts.compiling import compiled

SEASON = 4
MAX_ORDER = 3
MAX_SEASONAL = 2
MAX_LAG = MAX_ORDER + SEASON * MAX_SEASONAL
STATES = MAX_LAG + 1
MAX_PARAMETERS = 2 * (MAX_ORDER + MAX_SEASONAL)

# Rows of the work array that whiten() writes: polynomials, state, gain, and what only its start needs.
PHI, THETA, STATE, STATE_ONE, GAIN, CHANGE, PSI, AR_COVARIANCE, COVARIANCE, MA_COVARIANCE = range(10)
WORK_ROWS = 10
WORK_COLUMNS = 2 * STATES + 2


class Room(NamedTuple):
    """Arrays that the functions of this family write into, so that no fit allocates.

    work (WORK_ROWS, WORK_COLUMNS), table (STATES, STATES), square (2 k + 3, k) with k = MAX_PARAMETERS; of the longest
    series' length: errors (3, longest), jacobian (longest, k).
    """

    work: np.ndarray
    table: np.ndarray
    square: np.ndarray
    errors: np.ndarray
    jacobian: np.ndarray


@compiled
def room_for(longest: int) -> Room:
    """Room for series of up to `longest` quarters."""
    return Room(
        np.zeros((WORK_ROWS, WORK_COLUMNS)),
        np.zeros((STATES, STATES)),
        np.zeros((2 * MAX_PARAMETERS + 3, MAX_PARAMETERS)),
        np.zeros((3, longest)),
        np.zeros((longest, MAX_PARAMETERS)),
    )


# Below this squared relative size the change of the covariance no longer moves a digit of the residuals that counts.
STEADY = 1e-14
LARGE = 1e100


@compiled
def inside(par: np.ndarray, orders: np.ndarray, radius: float, work: np.ndarray) -> bool:
    """True where every root of the four polynomials, as polynomials in B, is larger than `radius` in magnitude.

    A polynomial has its roots outside the circle where the partial autocorrelations of its coefficients, each times
    radius^lag, are below 1 in magnitude (step-down recursion of Levinson and Durbin).
    """
    a = work[PSI]
    start = 0
    for block in range(4):
        order = orders[block]
        sign = -1.0 if block % 2 else 1.0
        step = radius if block < 2 else radius**SEASON
        weight = sign
        for j in range(order):
            weight *= step
            a[j] = weight * par[start + j]
        start += order
        for m in range(order, 0, -1):
            k = a[m - 1]
            if not abs(k) < 1.0:
                return False
            scale = 1.0 / (1.0 - k * k)
            for j in range(m // 2):
                left, right = a[j], a[m - 2 - j]
                a[j] = (left + k * right) * scale
                a[m - 2 - j] = (right + k * left) * scale
    return True


@compiled
def expand(par: np.ndarray, orders: np.ndarray, work: np.ndarray) -> tuple[int, int]:
    """Multiply the polynomials out into work[PHI] (lags 1..) and work[THETA] (lags 0..); their degrees."""
    p, q, sp, sq = orders[0], orders[1], orders[2], orders[3]
    for i in range(STATES + 1):
        work[PHI, i] = 0.0
        work[THETA, i] = 0.0
    for i in range(p):
        work[PHI, i] = par[i]
    work[THETA, 0] = 1.0
    for i in range(q):
        work[THETA, i + 1] = par[p + i]
    for j in range(sp):
        lag, seasonal = SEASON * (j + 1), par[p + q + j]
        work[PHI, lag - 1] += seasonal
        for i in range(p):
            work[PHI, lag + i] -= seasonal * par[i]
    for j in range(sq):
        lag, seasonal = SEASON * (j + 1), par[p + q + sp + j]
        work[THETA, lag] += seasonal
        for i in range(q):
            work[THETA, lag + i + 1] += seasonal * par[p + i]
    return p + SEASON * sp, q + SEASON * sq


@compiled
def stationary_gain(work: np.ndarray, table: np.ndarray, p: int, q: int, r: int) -> float:
    """Variance of w (sigma = 1) and, in work[GAIN], T P Z of the stationary state; NaN outside stationarity.

    Autocovariances: those of the AR part by Levinson's recursion up from its partial autocorrelations, then the MA
    filter over them. table: (>= p + 1, >= p) scratch.
    """
    variance = 1.0
    for j in range(p):
        table[p, j] = work[PHI, j]
    for m in range(p, 0, -1):
        k = table[m, m - 1]
        left = 1.0 - k * k
        if not left > 0.0:
            return math.nan
        variance /= left
        scale = 1.0 / left
        for j in range(m - 1):
            table[m - 1, j] = (table[m, j] + k * table[m, m - 2 - j]) * scale
    work[AR_COVARIANCE, 0] = variance
    for m in range(1, p + q + 1):
        total = 0.0
        if m <= p:
            for j in range(m):
                total += table[m, j] * work[AR_COVARIANCE, m - 1 - j]
        else:
            for j in range(p):
                total += work[PHI, j] * work[AR_COVARIANCE, m - 1 - j]
        work[AR_COVARIANCE, m] = total
    for m in range(q + 1):
        total = 0.0
        for j in range(q + 1 - m):
            total += work[THETA, j] * work[THETA, j + m]
        work[MA_COVARIANCE, m] = total
        total = work[THETA, m]
        for j in range(min(m, p)):
            total += work[PHI, j] * work[PSI, m - 1 - j]
        work[PSI, m] = total
    for k in range(p + 1):
        total = work[MA_COVARIANCE, 0] * work[AR_COVARIANCE, k]
        for m in range(1, q + 1):
            total += work[MA_COVARIANCE, m] * (work[AR_COVARIANCE, k + m] + work[AR_COVARIANCE, abs(k - m)])
        work[COVARIANCE, k] = total
    first = work[COVARIANCE, 0]
    for i in range(r):
        total = work[PHI, i] * first
        for j in range(i + 1, p):
            total += work[PHI, j] * work[COVARIANCE, j - i]
        for j in range(i + 1, q + 1):
            total += work[THETA, j] * work[PSI, j - i - 1]
        work[GAIN, i] = total
    return first


@compiled
def whiten(
    w: np.ndarray,
    par: np.ndarray,
    orders: np.ndarray,
    constant: bool,
    room: Room,
    e: np.ndarray,
) -> tuple[float, float, float]:
    """Standardised residuals of w (n,) in e (>= n,), scaled so that their sum of squares is the exact criterion.

    Returns that criterion Q, the mean mu and the factor that the residuals were multiplied by. The log-likelihood at
    the best sigma is -n / 2 (log(Q / n) + 1 + log(2 pi)). room.work[STATE] is left as the state (of w - mu) one
    quarter ahead. Q is infinite where the model is not stationary.
    """
    n = len(w)
    work, one = room.work, room.errors[2]
    p, q = expand(par, orders, work)
    r = max(p, q + 1)
    variance = stationary_gain(work, room.table, p, q, r)
    if not (variance > 0.0 and variance < math.inf):
        return math.inf, 0.0, 1.0
    for i in range(r + 1):
        work[STATE, i] = 0.0
        work[STATE_ONE, i] = 0.0
        work[CHANGE, i] = work[GAIN, i] if i < r else 0.0
    middle = -1.0 / variance
    product, log_sum = 1.0, 0.0
    inverse = 1.0 / variance
    root = math.sqrt(inverse)
    moving = True
    for t in range(n):
        ahead = work[STATE, 0]
        error = w[t] - ahead
        e[t] = error * root
        error *= inverse
        for i in range(r):
            work[STATE, i] = work[PHI, i] * ahead + work[STATE, i + 1] + work[GAIN, i] * error
        if constant:
            ahead = work[STATE_ONE, 0]
            error = 1.0 - ahead
            one[t] = error * root
            error *= inverse
            for i in range(r):
                work[STATE_ONE, i] = work[PHI, i] * ahead + work[STATE_ONE, i + 1] + work[GAIN, i] * error
        product *= variance
        if product > LARGE:
            log_sum += math.log(product)
            product = 1.0
        if moving:
            first = work[CHANGE, 0]
            size = 0.0
            if first == 0.0:
                for i in range(r):
                    moved = work[CHANGE, i + 1]
                    work[CHANGE, i] = moved
                    size += moved * moved
            else:
                step = middle * first
                middle += step * step * inverse
                variance += step * first
                if not variance > 0.0:
                    return math.inf, 0.0, 1.0
                inverse = 1.0 / variance
                root = math.sqrt(inverse)
                ratio = first * inverse
                for i in range(r):
                    moved = work[PHI, i] * first + work[CHANGE, i + 1]
                    gain = work[GAIN, i] + moved * step
                    work[GAIN, i] = gain
                    moved -= gain * ratio
                    work[CHANGE, i] = moved
                    size += moved * moved
            moving = size * abs(middle) > STEADY
    log_sum += math.log(product)
    mean = 0.0
    if constant:
        cross, power = 0.0, 0.0
        for t in range(n):
            cross += e[t] * one[t]
            power += one[t] * one[t]
        mean = cross / power if power > 0.0 else 0.0
        for t in range(n):
            e[t] -= mean * one[t]
        for i in range(r):
            work[STATE, i] -= mean * work[STATE_ONE, i]
    scale = math.exp(0.5 * log_sum / n)
    total = 0.0
    for t in range(n):
        e[t] *= scale
        total += e[t] * e[t]
    return total, mean, scale
