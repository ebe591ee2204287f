"""Prophet's logistic-growth posterior for quarterly series under a cap, maximised from several starts, for a panel.

Belongs here: what differs from linear growth (forecasts.members.prophet_map): the curve under the cap, its mode and the
compiled kernel around it. Prophet's logistic trend is cap / (1 + exp(-z)) with the piecewise linear
z(t) = k (t - m) + sum delta_j (t - c_j)+, its offsets gamma being what keeps z in one piece. The squared error is then
that of a nonlinear regression: each step linearises it, damped as by Levenberg and Marquardt, and solves the step with
the priors of Prophet exactly (prophet_map.mode_given). Different signs of k give different modes, so that several
starts are followed and the best end is kept; unlike for linear growth that is no proof that no better one exists.
"""

from __future__ import annotations

import math

import numpy as np

from forecasts.compiling import compiled
from forecasts.members import prophet_map
from forecasts.members.prophet_map import (
    ALL_EQUAL,
    DAMPING,
    LEVEL_PRECISION,
    MAX_CHANGEPOINTS,
    MIN_POINTS,
    NO_MODE,
    POINTS_PER_CHANGEPOINT,
    QUARTER_DAYS,
    SEASON_PRECISION,
    SMALLEST,
    TOO_FEW,
    changepoint_rows,
    design,
    is_seasonal,
    log_posterior,
    mode_given,
    quarter_end_day,
    season_row,
    smoothing,
    variance,
)

CHANGEPOINT_SHARE = 0.8
TAU = 0.05
FEW, MANY = 60, 400
# Slopes k of the starts; NaN: from the figures (see mode).
STARTS = (math.nan, math.nan, math.nan, math.nan, 0.4, -0.4, 2.0, -2.0)
TIGHT, COARSE, FINE = 1e-5, 1e-3, 1e-11
NO_CAP, BELOW_ZERO = 3, 4
REASONS = {
    **prophet_map.REASONS,
    NO_CAP: "a capacity cap of zero",
    BELOW_ZERO: "figures below zero under a capacity cap",
}


@compiled
def share_of_cap(z: float) -> float:
    """1 / (1 + exp(-z)) without overflow."""
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    small = math.exp(z)
    return small / (1 + small)


@compiled
def logit_of_share(y: float, cap: float) -> float:
    """Logit of y / cap, the share held in 0.01 to 0.99 as in Prophet's own start."""
    share = min(max(y / cap, 0.01), 0.99)
    return math.log(share / (1 - share))


@compiled
def residuals(
    x: np.ndarray, size: int, free: int, y: np.ndarray, cap: np.ndarray, theta: np.ndarray, rest: np.ndarray
) -> float:
    """y less the curve, in rest; returns its sum of squares. x: prophet_map.design, theta (k, m, season, delta)."""
    total = 0.0
    for i in range(len(y)):
        z = theta[0] * (x[0, i] - theta[1])
        for j in range(free, size):
            z += theta[j] * x[j, i]
        value = y[i] - cap[i] * share_of_cap(z)
        for j in range(2, free):
            value -= theta[j] * x[j, i]
        rest[i] = value
        total += value * value
    return total


@compiled
def linearise(
    x: np.ndarray, size: int, free: int, y: np.ndarray, cap: np.ndarray, theta: np.ndarray, slopes: np.ndarray
) -> None:
    """Derivatives of the curve by theta, in slopes (size, figures)."""
    for i in range(len(y)):
        z = theta[0] * (x[0, i] - theta[1])
        for j in range(free, size):
            z += theta[j] * x[j, i]
        share = share_of_cap(z)
        steep = cap[i] * share * (1 - share)
        slopes[0, i] = steep * (x[0, i] - theta[1])
        slopes[1, i] = -steep * theta[0]
        for j in range(2, free):
            slopes[j, i] = x[j, i]
        for j in range(free, size):
            slopes[j, i] = steep * x[j, i]


@compiled
def climb(
    x: np.ndarray,
    size: int,
    free: int,
    y: np.ndarray,
    cap: np.ndarray,
    tau: float,
    ridge: np.ndarray,
    theta: np.ndarray,
    rest: np.ndarray,
    fixed: float,
    near: float,
    steps: int,
) -> tuple[float, float]:
    """From theta to the maximum that the steps lead to, in place; returns (v, log posterior).

    fixed: v, where it is held (0: it is sought too). near: gain in the log posterior below which a step counts as
    standing still. steps: how many at most.
    """
    count = len(y)
    slopes, gram, right = np.zeros((size, count)), np.zeros((size, size)), np.zeros(size)
    sign, members = np.zeros(size, np.int64), np.zeros(size, np.int64)
    lower, vector, trial = np.zeros((size, size)), np.zeros(size), np.zeros(size)
    damped_gram, damped_right = np.zeros((size, size)), np.zeros(size)
    sse = residuals(x, size, free, y, cap, theta, rest)
    v = fixed if fixed > 0 else variance(sse, count)
    value = log_posterior(theta, size, free, ridge, tau, sse, v, count)
    damping, still = 1e-2, 0
    fresh = True
    for _ in range(steps):
        if fresh:
            linearise(x, size, free, y, cap, theta, slopes)
            gram[:] = 0.0
            right[:] = 0.0
            for i in range(count):
                target = rest[i]
                for j in range(size):
                    target += slopes[j, i] * theta[j]
                for j in range(size):
                    right[j] += slopes[j, i] * target
                    for h in range(j + 1):
                        gram[j, h] += slopes[j, i] * slopes[h, i]
            for j in range(size):
                for h in range(j):
                    gram[h, j] = gram[j, h]
        for j in range(size):
            for h in range(size):
                damped_gram[j, h] = gram[j, h]
            extra = damping * (gram[j, j] + v * ridge[j] + 1e-12 * v)
            damped_gram[j, j] += extra
            damped_right[j] = right[j] + extra * theta[j]
            trial[j] = theta[j]
            sign[j] = 0 if j < free or theta[j] == 0 else (1 if theta[j] > 0 else -1)
        mode_given(v, tau, free, size, damped_gram, damped_right, ridge, trial, sign, members, lower, vector)
        new_sse = residuals(x, size, free, y, cap, trial, rest)
        new_v = fixed if fixed > 0 else variance(new_sse, count)
        new_value = log_posterior(trial, size, free, ridge, tau, new_sse, new_v, count)
        if new_value > value:
            still = still + 1 if new_value - value < near else 0
            theta[:size] = trial
            sse, v, value = new_sse, new_v, new_value
            damping = max(damping / 5, 1e-14)
            fresh = True
        else:
            damping *= 4
            fresh = False
        if still >= 3 or damping > 1e10:
            break
    residuals(x, size, free, y, cap, theta, rest)
    return v, value


@compiled
def mode(
    y: np.ndarray,
    cap: np.ndarray,
    days: np.ndarray,
    season: bool,
    x: np.ndarray,
    theta: np.ndarray,
    rest: np.ndarray,
) -> tuple[int, int, float, float]:
    """As prophet_map.mode, under caps of the same scale as y."""
    count = len(y)
    rows = np.zeros(MAX_CHANGEPOINTS, np.int64)
    wanted = max(1, min(MAX_CHANGEPOINTS, count // POINTS_PER_CHANGEPOINT))
    changes = changepoint_rows(count, wanted, CHANGEPOINT_SHARE, rows)
    size = design(days, season, rows, changes, x)
    free = size - changes
    ridge = np.zeros(size)
    for j in range(free):
        ridge[j] = LEVEL_PRECISION if j < 2 else SEASON_PRECISION
    # The line through the logits of the shares, and the one through the first and the last (Prophet's own start).
    mean, across, power, middle = 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        middle += x[0, i] / count
    for i in range(count):
        logit = logit_of_share(y[i], cap[i])
        mean += logit / count
        across += (x[0, i] - middle) * logit
        power += (x[0, i] - middle) ** 2
    line = across / power
    first, last = logit_of_share(y[0], cap[0]), logit_of_share(y[count - 1], cap[count - 1])
    best, best_v = -np.inf, np.nan
    trial, trial_rest = np.zeros(size), np.zeros(count)
    for start in range(len(STARTS)):
        trial[:] = 0.0
        if start < 2:
            k = line if abs(line) > 0.05 else math.copysign(0.05, line)
        elif start < 4:
            k = last - first if abs(last - first) > 0.05 else math.copysign(0.05, last - first)
        else:
            k = STARTS[start]
        trial[0] = k
        trial[1] = -first / k if 2 <= start < 4 else middle - mean / k
        if start == 1 or start == 3:
            # Tight errors first: the changepoints bend before the prior can press them flat.
            climb(x, size, free, y, cap, TAU, ridge, trial, trial_rest, TIGHT, COARSE, FEW)
        v, value = climb(x, size, free, y, cap, TAU, ridge, trial, trial_rest, 0.0, COARSE, FEW)
        if value > best:
            best, best_v = value, v
            theta[:size] = trial
    best_v, best = climb(x, size, free, y, cap, TAU, ridge, theta, rest, 0.0, FINE, MANY)
    return size, changes, best_v, best


@compiled
def follow(
    y: np.ndarray,
    cap: np.ndarray,
    days: np.ndarray,
    ahead: np.ndarray,
    future_cap: np.ndarray,
    season: bool,
    path: np.ndarray,
    width: np.ndarray,
) -> bool:
    """As prophet_map.follow, under caps; False where no mode was found."""
    count = len(y)
    x = np.empty((6 + MAX_CHANGEPOINTS, count))
    theta, rest = np.zeros(6 + MAX_CHANGEPOINTS), np.zeros(count)
    size, changes, v, value = mode(y, cap, days, season, x, theta, rest)
    if not (math.isfinite(value) and v >= SMALLEST):
        return False
    free = size - changes
    level, weight, error = smoothing(rest)
    slope, shift, used = theta[0], 0.0, free
    z = theta[0] * (x[0, count - 1] - theta[1])
    for j in range(free, size):
        slope += theta[j]
        z += theta[j] * x[j, count - 1]
        shift += abs(theta[j]) / changes
        used += 1 if theta[j] != 0 else 0
    error *= count / max(count - used, 1.0)
    row = np.zeros(4)
    span = days[count - 1] - days[0]
    quarters, damped = 0.0, 1.0
    for h in range(len(ahead)):
        quarters += damped
        damped *= DAMPING
        share = share_of_cap(z + slope * QUARTER_DAYS / span * quarters)
        path[h] = level + future_cap[h] * share
        if season:
            season_row(ahead[h], row)
            for j in range(4):
                path[h] += theta[2 + j] * row[j]
        beyond = (ahead[h] - days[count - 1]) / span
        steep = future_cap[h] * share * (1 - share)
        trend = steep * steep * 2 * shift * shift * changes * beyond**3 / 3
        width[h] = math.sqrt(error * (1 + h * weight * weight) + trend)
    return True


@compiled
def kernel(
    flat: np.ndarray, offsets: np.ndarray, firsts: np.ndarray, caps: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As prophet_map.kernel. caps: one series behind the other, scaled as its figures, of the quarters of its figures
    and of the horizon: those of series i start at offsets[i] + i * horizon.
    """
    number = len(offsets) - 1
    median, deviation = np.zeros((number, horizon)), np.zeros((number, horizon))
    status = np.zeros(number, np.int64)
    ahead = np.zeros(horizon)
    for at in range(number):
        start, length = offsets[at], offsets[at + 1] - offsets[at]
        limits = caps[start + at * horizon : offsets[at + 1] + (at + 1) * horizon]
        y, cap, days = np.empty(length), np.empty(length), np.empty(length)
        count, lowest, highest, least = 0, np.inf, -np.inf, np.inf
        for i in range(length):
            if not math.isnan(flat[start + i]):
                y[count], cap[count] = flat[start + i], limits[i]
                days[count] = quarter_end_day(firsts[at] + i)
                lowest, highest = min(lowest, y[count]), max(highest, y[count])
                count += 1
        for i in range(length + horizon):
            least = min(least, limits[i])
        if count < MIN_POINTS:
            status[at] = TOO_FEW + count
        elif lowest == highest:
            status[at] = ALL_EQUAL
        elif least <= 0:
            status[at] = NO_CAP
        elif lowest < 0:
            status[at] = BELOW_ZERO
        else:
            for h in range(horizon):
                ahead[h] = quarter_end_day(firsts[at] + length + h)
            season = is_seasonal(flat[start : start + length])
            fine = follow(
                y[:count], cap[:count], days[:count], ahead, limits[length:], season, median[at], deviation[at]
            )
            for h in range(horizon):
                fine = fine and math.isfinite(median[at, h]) and math.isfinite(deviation[at, h])
            if not fine:
                status[at] = NO_MODE
    return median, deviation, status
