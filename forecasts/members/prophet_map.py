"""Prophet's linear-growth posterior for quarterly series, maximised exactly, for a whole panel at once.

Belongs here: the posterior of Prophet (Taylor and Letham, 2018, Forecasting at scale, The American Statistician 72(1);
stan file of prophet 1.5) with this project's set-up, its exact maximum, and the compiled kernel around it. The member,
its reasons and stock Prophet objects of the same set-up are in forecasts.members.prophet.

y is scaled by its largest magnitude, time runs from 0 at the first to 1 at the last figure, in days. With columns
x = (t, 1, season, hinges (t - c)+) and theta = (k, m, beta, delta) the log posterior is, up to a constant,

    -n log s - |y - x theta|^2 / (2 s^2) - 2 s^2 - (k^2 + m^2) / 50 - |beta|^2 / 200 - sum |delta| / tau,

normal priors of deviation 5 on k and m and 10 on beta, Laplace(tau) on delta, half-normal(0.5) on s; no Jacobian of
s, as in Stan's optimiser. Given v = s^2 it is a convex problem with a 1-norm, solved exactly by an active set (Lee,
Battle, Raina and Ng, 2007, Efficient sparse coding algorithms). The squared error SSE(v) of that solution increases
with v, and the profile is stationary where n v + 4 v^2 = SSE(v); v -> SSE(v) -> v is then a monotone map, so that
iterating it from below and from above ends at the smallest and the largest stationary point: where both meet it is the
only one, and otherwise every crossing found on a grid between them is looked at and the best kept.

The set-up and what is done with the curve were chosen on the last 8 figures of the train parts of the public panels:
few changepoints with a tight prior, a season only where proven, the scale (figures or their logarithms) on which the
figures are the more likely, and from the origin on the curve's season and its last slope, damped, on a level that
follows the residuals by exponential smoothing.
"""

from __future__ import annotations

import math

import numpy as np

from forecasts.compiling import compiled

MIN_POINTS = 6
POINTS_PER_CHANGEPOINT = 8
MAX_CHANGEPOINTS = 4
CHANGEPOINT_SHARE = 0.8
TAU = 0.03
MIN_POINTS_FOR_SEASON = 12
SEASON_LIMIT = 1.645
DAMPING = 0.85
MIN_POINTS_TO_SMOOTH = 12
QUARTER_DAYS = 365.25 / 4
HIGHEST_LOG = math.log(10.0)

FITTED, ALL_EQUAL, NO_MODE, TOO_FEW = 0, 1, 2, 10
REASONS = {
    ALL_EQUAL: "all figures equal",
    NO_MODE: "prophet did not fit: no finite mode",
    **{TOO_FEW + count: f"{count} figures, prophet needs {MIN_POINTS}" for count in range(MIN_POINTS)},
}

LEVEL_PRECISION = 1 / 25.0
SEASON_PRECISION = 1 / 100.0
# Smallest v: a series that the curve meets exactly has no maximum (s -> 0), 1e-9 is what Prophet gives a constant one.
SMALLEST = 1e-18
GRID = 24


@compiled
def quarter_end_day(ordinal: int) -> int:
    """Days from 1970-01-01 to the last day of a quarter (quarters counted from 1970Q1)."""
    months = 3 * (ordinal + 1)
    year = 1970 + months // 12
    month = months % 12
    past = year - 1
    leap_days = past // 4 - past // 100 + past // 400 - 477
    day = 365 * (year - 1970) + leap_days
    if month > 0:
        day += 90 if month == 3 else (181 if month == 6 else 273)
        if (year % 4 == 0 and year % 100 != 0) or year % 400 == 0:
            day += 1
    return day - 1


@compiled
def season_row(day: float, out: np.ndarray) -> None:
    """Prophet's Fourier columns of a year, order 2, on a day (days since 1970): out[0:4]."""
    angle = 2 * math.pi * day / 365.25
    out[0], out[1] = math.sin(angle), math.cos(angle)
    out[2], out[3] = math.sin(2 * angle), math.cos(2 * angle)


@compiled
def changepoint_rows(count: int, changes: int, share: float, out: np.ndarray) -> int:
    """Rows of the figures at which Prophet puts its changepoints, in out; returns how many there are."""
    history = math.floor(count * share)
    number = min(changes, history - 1)
    for at in range(number):
        out[at] = int(np.rint((at + 1) * ((history - 1) / number)))
    return number


@compiled
def design(days: np.ndarray, season: bool, rows: np.ndarray, changes: int, x: np.ndarray) -> int:
    """Columns t, 1, season, hinges of the figures on `days`, in x (columns, figures); returns how many columns."""
    count = len(days)
    span = days[count - 1] - days[0]
    free = 6 if season else 2
    for i in range(count):
        t = (days[i] - days[0]) / span
        x[0, i] = t
        x[1, i] = 1.0
        if season:
            season_row(days[i], x[2:6, i])
        for at in range(changes):
            x[free + at, i] = max(t - (days[rows[at]] - days[0]) / span, 0.0)
    return free + changes


@compiled
def _factor(gram: np.ndarray, ridge: np.ndarray, v: float, members: np.ndarray, size: int, lower: np.ndarray) -> None:
    """Cholesky factor of gram + v diag(ridge) over `members`, in lower."""
    for i in range(size):
        for j in range(i + 1):
            total = gram[members[i], members[j]]
            if i == j:
                whole = total + v * ridge[members[i]]
                total = whole
            for h in range(j):
                total -= lower[i, h] * lower[j, h]
            if i == j:
                lower[i, i] = math.sqrt(max(total, 1e-15 * whole))
            else:
                lower[i, j] = total / lower[j, j]


@compiled
def _forward(lower: np.ndarray, size: int, vector: np.ndarray) -> None:
    """vector <- lower^-1 vector."""
    for i in range(size):
        total = vector[i]
        for h in range(i):
            total -= lower[i, h] * vector[h]
        vector[i] = total / lower[i, i]


@compiled
def _backward(lower: np.ndarray, size: int, vector: np.ndarray) -> None:
    """vector <- lower'^-1 vector."""
    for i in range(size - 1, -1, -1):
        total = vector[i]
        for h in range(i + 1, size):
            total -= lower[h, i] * vector[h]
        vector[i] = total / lower[i, i]


@compiled
def mode_given(
    v: float,
    tau: float,
    free: int,
    size: int,
    gram: np.ndarray,
    right: np.ndarray,
    ridge: np.ndarray,
    theta: np.ndarray,
    sign: np.ndarray,
    members: np.ndarray,
    lower: np.ndarray,
    vector: np.ndarray,
) -> int:
    """Exact maximum over theta given v, in theta; sign (0 or +-1 for each hinge) is the start and the result. Returns
    the number of members; lower is then the factor over members.
    """
    weight = v / tau
    number = free
    for _ in range(8 * (size - free) + 8):
        number = 0
        for j in range(size):
            if j < free or sign[j] != 0:
                members[number] = j
                vector[number] = right[j] - (weight * sign[j] if j >= free else 0.0)
                number += 1
        _factor(gram, ridge, v, members, number, lower)
        _forward(lower, number, vector)
        _backward(lower, number, vector)
        # Walk to the solution only until the first hinge reaches zero: there its sign stops being right.
        step, leaving = 1.0, -1
        for i in range(free, number):
            j = members[i]
            if vector[i] * sign[j] < 0:
                way = theta[j] / (theta[j] - vector[i]) if theta[j] * sign[j] > 0 else 0.0
                if way < step or leaving < 0:
                    step, leaving = way, j
        for i in range(number):
            theta[members[i]] += step * (vector[i] - theta[members[i]])
        if leaving >= 0:
            theta[leaving] = 0.0
            sign[leaving] = 0
            continue
        worst, entering, direction = weight * (1 + 1e-12) + 1e-300, -1, 0
        for j in range(free, size):
            if sign[j] == 0:
                slope = right[j]
                for i in range(number):
                    slope -= gram[j, members[i]] * theta[members[i]]
                if abs(slope) > worst:
                    worst, entering, direction = abs(slope), j, (1 if slope > 0 else -1)
        if entering < 0:
            break
        sign[entering] = direction
    return number


@compiled
def squared_error(x: np.ndarray, size: int, y: np.ndarray, theta: np.ndarray, rest: np.ndarray) -> float:
    """Sum of squared residuals, which are left in rest."""
    count = len(y)
    for i in range(count):
        rest[i] = y[i]
    for j in range(size):
        if theta[j] != 0:
            for i in range(count):
                rest[i] -= theta[j] * x[j, i]
    total = 0.0
    for i in range(count):
        total += rest[i] * rest[i]
    return total


@compiled
def variance(sse: float, count: int) -> float:
    """v with n v + 4 v^2 = sse, at least SMALLEST (in a form that does not cancel)."""
    return max(2 * sse / (count + math.sqrt(count * count + 16 * sse)), SMALLEST)


@compiled
def log_posterior(
    theta: np.ndarray, size: int, free: int, ridge: np.ndarray, tau: float, sse: float, v: float, count: int
) -> float:
    """Log posterior as in the module's docstring."""
    value = -0.5 * count * math.log(v) - sse / (2 * v) - 2 * v
    for j in range(size):
        value -= 0.5 * ridge[j] * theta[j] * theta[j] if j < free else abs(theta[j]) / tau
    return value


@compiled
def maximise(
    x: np.ndarray, size: int, free: int, y: np.ndarray, tau: float, theta: np.ndarray, rest: np.ndarray
) -> tuple[float, float]:
    """Posterior mode for columns x (size, figures): theta and the residuals in place; returns (v, log posterior)."""
    count = len(y)
    gram, right, ridge = np.zeros((size, size)), np.zeros(size), np.zeros(size)
    for i in range(count):
        for j in range(size):
            right[j] += x[j, i] * y[i]
            for h in range(j + 1):
                gram[j, h] += x[j, i] * x[h, i]
    for j in range(size):
        for h in range(j):
            gram[h, j] = gram[j, h]
        if j < free:
            ridge[j] = LEVEL_PRECISION if j < 2 else SEASON_PRECISION
    sign, members = np.zeros(size, np.int64), np.zeros(size, np.int64)
    lower, vector = np.zeros((size, size)), np.zeros(size)
    theta[:size] = 0.0
    ends = np.zeros(2)
    power = 0.0
    for i in range(count):
        power += y[i] * y[i]
    for side in range(2):
        v = variance(power, count) if side == 0 else SMALLEST
        for _ in range(200):
            mode_given(v, tau, free, size, gram, right, ridge, theta, sign, members, lower, vector)
            new = variance(squared_error(x, size, y, theta, rest), count)
            near = abs(new - v) <= 1e-3 * v
            v = new
            if near:
                break
        # One more step of the map stays on the same side of the point it ends at; a margin covers rounding.
        ends[side] = v
    low, high = max(ends[1] * (1 - 1e-9), SMALLEST), ends[0] * (1 + 1e-9)
    parts = 1 if high < 1.05 * low else GRID
    best, best_v = -np.inf, low
    ratio = (high / low) ** (1.0 / parts)
    below, below_gap = low, -1.0
    for part in range(parts):
        above = high if part == parts - 1 else low * ratio ** (part + 1)
        above_gap = 1.0
        if part < parts - 1:
            mode_given(above, tau, free, size, gram, right, ridge, theta, sign, members, lower, vector)
            above_gap = count * above + 4 * above * above - squared_error(x, size, y, theta, rest)
        if below_gap <= 0 <= above_gap:
            left, upper = below, above
            v = math.sqrt(left * upper)
            for _ in range(100):
                number = mode_given(v, tau, free, size, gram, right, ridge, theta, sign, members, lower, vector)
                sse = squared_error(x, size, y, theta, rest)
                gap = count * v + 4 * v * v - sse
                if gap > 0:
                    upper = v
                else:
                    left = v
                # d SSE / d v = 2 v |lower^-1 (ridge theta + sign / tau)|^2 while the members stay.
                for i in range(number):
                    j = members[i]
                    vector[i] = ridge[j] * theta[j] if j < free else sign[j] / tau
                _forward(lower, number, vector)
                steep = 0.0
                for i in range(number):
                    steep += vector[i] * vector[i]
                slope = count + 8 * v - 2 * v * steep
                new = v - gap / slope if slope > 0 else left
                if not left < new < upper:
                    new = math.sqrt(left * upper)
                done = abs(new - v) <= 1e-13 * v
                v = new
                if done:
                    break
            mode_given(v, tau, free, size, gram, right, ridge, theta, sign, members, lower, vector)
            value = log_posterior(theta, size, free, ridge, tau, squared_error(x, size, y, theta, rest), v, count)
            if value > best:
                best, best_v = value, v
        below, below_gap = above, above_gap
    if parts > 1:
        mode_given(best_v, tau, free, size, gram, right, ridge, theta, sign, members, lower, vector)
        squared_error(x, size, y, theta, rest)
    return best_v, best


@compiled
def optimality_gap(
    x: np.ndarray, size: int, free: int, tau: float, theta: np.ndarray, rest: np.ndarray, v: float
) -> float:
    """Largest violation of the conditions of a maximum (Karush, Kuhn, Tucker), in standard errors of the coefficients
    (and, for v, relative to it); near 0 at a maximum. Without meaning where v stands at SMALLEST.
    """
    count = x.shape[1]
    sse = 0.0
    for i in range(count):
        sse += rest[i] * rest[i]
    gap = abs(count * v + 4 * v * v - sse) / (count * v)
    for j in range(size):
        slope, power = 0.0, 0.0
        for i in range(count):
            slope += x[j, i] * rest[i]
            power += x[j, i] * x[j, i]
        slope /= v
        if j < free:
            off = abs(slope - (LEVEL_PRECISION if j < 2 else SEASON_PRECISION) * theta[j])
        elif theta[j] != 0:
            off = abs(slope - math.copysign(1 / tau, theta[j]))
        else:
            off = max(abs(slope) - 1 / tau, 0.0)
        gap = max(gap, off * math.sqrt(v / power))
    return gap


@compiled
def is_seasonal(y: np.ndarray) -> bool:
    """True where a year's pattern is proven: lag-4 autocorrelation of the quarterly changes above the 90 % limit.

    The limit is Bartlett's, 1.645 sqrt((1 + 2 sum r_k^2) / n) with k = 1..3, the Naive2 rule of the M competitions
    (Makridakis et al., 2000) but on changes, so that a trend is not taken for a season. A change over a gap counts as
    an average one, which only ever lowers the correlation.
    """
    count, total = 0, 0.0
    for i in range(1, len(y)):
        change = y[i] - y[i - 1]
        if not math.isnan(change):
            count += 1
            total += change
    if count < MIN_POINTS_FOR_SEASON - 1:
        return False
    centred = np.zeros(len(y))
    power = 0.0
    for i in range(1, len(y)):
        change = y[i] - y[i - 1]
        if not math.isnan(change):
            centred[i] = change - total / count
            power += centred[i] * centred[i]
    if power <= 0:
        return False
    spread, r = 1.0, 0.0
    for lag in range(1, 5):
        r = 0.0
        for i in range(lag + 1, len(y)):
            r += centred[i] * centred[i - lag]
        r /= power
        if lag < 4:
            spread += 2 * r * r
    return r > SEASON_LIMIT * math.sqrt(spread / count)


@compiled
def smoothing(rest: np.ndarray) -> tuple[float, float, float]:
    """Exponential smoothing of the residuals: (level after the last, weight, mean squared error one ahead).

    The weight in 0.1, 0.2, .. 1 with the least error one figure ahead; 1 (the last residual in full) for few figures.
    """
    count = len(rest)
    best, level, weight = np.inf, rest[count - 1], 1.0
    for tenth in range(1 if count >= MIN_POINTS_TO_SMOOTH else 10, 11):
        at, total = rest[0], 0.0
        for i in range(1, count):
            error = rest[i] - at
            # The first errors stem from the start more than from the weight.
            if i > 2:
                total += error * error
            at += tenth / 10 * error
        if total <= best:
            best, level, weight = total, at, tenth / 10
    return level, weight, best / (count - 3)


@compiled
def mode(
    y: np.ndarray, days: np.ndarray, season: bool, x: np.ndarray, theta: np.ndarray, rest: np.ndarray
) -> tuple[int, int, float, float]:
    """Columns (into x, (6 + MAX_CHANGEPOINTS, n)) and posterior mode of scaled y with this project's set-up.

    theta (k, m, season, deltas) and the residuals are left in theta and rest. Returns the numbers of coefficients
    and of changepoints, v, and the log posterior.
    """
    count = len(y)
    rows = np.zeros(MAX_CHANGEPOINTS, np.int64)
    wanted = max(1, min(MAX_CHANGEPOINTS, count // POINTS_PER_CHANGEPOINT))
    changes = changepoint_rows(count, wanted, CHANGEPOINT_SHARE, rows)
    size = design(days, season, rows, changes, x)
    v, value = maximise(x, size, size - changes, y, TAU, theta, rest)
    return size, changes, v, value


@compiled
def follow(
    y: np.ndarray, days: np.ndarray, ahead: np.ndarray, season: bool, path: np.ndarray, width: np.ndarray
) -> float:
    """Fit y (scaled) on `days` and continue it on the days `ahead`: path and the deviation of its error, in place.
    Returns n log(SSE / n) of the mode, NaN where no mode was found.
    """
    count, horizon = len(y), len(ahead)
    x = np.empty((6 + MAX_CHANGEPOINTS, count))
    theta, rest = np.zeros(6 + MAX_CHANGEPOINTS), np.zeros(count)
    size, changes, v, _ = mode(y, days, season, x, theta, rest)
    free = size - changes
    if not (v <= SMALLEST or optimality_gap(x, size, free, TAU, theta, rest, v) < 1e-6):
        return np.nan
    level, weight, error = smoothing(rest)
    slope, shift, used = theta[0], 0.0, free
    for j in range(free, size):
        slope += theta[j]
        shift += abs(theta[j]) / changes
        used += 1 if theta[j] != 0 else 0
    row = np.zeros(4)
    level += y[count - 1] - rest[count - 1]
    if season:
        for j in range(4):
            level -= theta[2 + j] * x[2 + j, count - 1]
    span = days[count - 1] - days[0]
    step = QUARTER_DAYS / span
    error *= count / max(count - used, 1.0)
    sse = 0.0
    for i in range(count):
        sse += rest[i] * rest[i]
    quarters, damped = 0.0, 1.0
    for h in range(horizon):
        quarters += damped
        damped *= DAMPING
        path[h] = level + slope * step * quarters
        if season:
            season_row(ahead[h], row)
            for j in range(4):
                path[h] += theta[2 + j] * row[j]
        # Prophet expects as many changepoints per unit of t as it placed, each Laplace with the mean |delta|: a change
        # of slope at u adds its size times (t - u), hence the cube.
        beyond = (ahead[h] - days[count - 1]) / span
        trend = 2 * shift * shift * changes * beyond**3 / 3
        width[h] = math.sqrt(error * (1 + h * weight * weight) + trend)
    return count * math.log(max(sse / count, SMALLEST))


@compiled
def kernel(
    flat: np.ndarray, offsets: np.ndarray, firsts: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See forecasts.members.compiled; firsts: ordinals of the quarters of the first figures, shape (series,)."""
    number = len(offsets) - 1
    median, deviation = np.zeros((number, horizon)), np.zeros((number, horizon))
    status = np.zeros(number, np.int64)
    path, width, ahead = np.zeros(horizon), np.zeros(horizon), np.zeros(horizon)
    for at in range(number):
        start, length = offsets[at], offsets[at + 1] - offsets[at]
        y, days = np.empty(length), np.empty(length)
        count = 0
        lowest, highest = np.inf, -np.inf
        for i in range(length):
            if not math.isnan(flat[start + i]):
                y[count], days[count] = flat[start + i], quarter_end_day(firsts[at] + i)
                lowest, highest = min(lowest, y[count]), max(highest, y[count])
                count += 1
        if count < MIN_POINTS:
            status[at] = TOO_FEW + count
            continue
        if lowest == highest:
            status[at] = ALL_EQUAL
            continue
        y, days = y[:count], days[:count]
        for h in range(horizon):
            ahead[h] = quarter_end_day(firsts[at] + length + h)
        season = is_seasonal(flat[start : start + length])
        plain = follow(y, days, ahead, season, median[at], deviation[at])
        bottom = math.log(lowest) if lowest > 0 else 0.0
        reach = math.log(highest) - bottom if lowest > 0 else 0.0
        if reach > 0:
            jacobian = 2 * count * math.log(reach)
            for i in range(count):
                jacobian += 2 * math.log(y[i])
                y[i] = (math.log(y[i]) - bottom) / reach
            logged = follow(y, days, ahead, season, path, width) + jacobian
            if math.isfinite(logged) and not plain <= logged:
                plain = logged
                for h in range(horizon):
                    centre = math.exp(min(path[h] * reach + bottom, HIGHEST_LOG))
                    median[at, h], deviation[at, h] = centre, centre * min(width[h] * reach, 1.0)
        fine = math.isfinite(plain)
        for h in range(horizon):
            fine = fine and math.isfinite(median[at, h]) and math.isfinite(deviation[at, h])
        if not fine:
            status[at] = NO_MODE
    return median, deviation, status
