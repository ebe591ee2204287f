"""One exponential smoothing model of quarterly figures fitted by maximum likelihood: the filter and its Gauss-Newton.

Belongs here: the recursion of a model with its exact derivatives, and the search for the parameters of one given
model. Which models there are and which one is taken is in forecasts.members.ets. Formulas: Hyndman, Koehler, Ord and
Snyder (2008), "Forecasting with Exponential Smoothing", chapters 2 and 5.

The likelihood is searched as a least squares problem. -2 log L is, up to a constant, n log(sum e^2) + 2 sum log f, with
the second sum for multiplicative errors only; that is n log(sum r^2) with r = e x (geometric mean of f). The errors
depend linearly on the initial states where the season is additive, so Gauss-Newton finds those at once, and only the
at most four smoothing parameters are damped (Levenberg-Marquardt) and held in their box.

"""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled

SEASON = 4
NONE, ADDITIVE, MULTIPLICATIVE = 0, 1, 2
DAMPED = 2  # of a trend: none, additive, additive damped

# A parameter vector holds all nine, whatever the model; `columns` says which of them a model has.
LEVEL, SLOPE, SEASON_1, ALPHA, BETA, GAMMA, PHI = 0, 1, 2, 5, 6, 7, 8
PARAMETERS = 9
STATES = 5  # of the nine: level, slope and three seasonal states; the fourth follows from their sum
WIDTH = 12  # row length of the work arrays
ROOM = (5, 20, WIDTH)  # shape of the work array that all functions share: two J'J, a factor, vectors, rows of a sweep
JACOBIAN, OTHER, FACTOR, VECTORS, ROWS = 0, 1, 2, 3, 4
TRIAL, MOVE, LAST, LOW, HIGH, START = 0, 1, 2, 3, 4, 5  # rows of VECTORS
LEAST_FORECAST = 1e-12  # figures are at most 1: a one-step forecast below it has no relative error
LEAST_MEAN_SQUARE = 1e-20  # below it an error is rounding, and models that all fit exactly are told apart by their size
MOST_STEPS = 40
MOST_TURNS = 30  # of the at most four parameters that are held in a box; Murty's rule needs fewer
TOLERANCE = 1e-3  # of -2 log L, expected of the next step
LIKELY = 10.0  # times what a step promises is the most that a search is taken to be good for


@compiled
def sweep(
    y: np.ndarray,
    error: int,
    season: int,
    x: np.ndarray,
    place: np.ndarray,
    count: int,
    work: np.ndarray,
    normal: np.ndarray,
    final: np.ndarray,
) -> tuple[float, float]:
    """Sum of squared errors and sum of log forecasts of y (n,) under the parameters x (9,), with derivatives.

    place (9,): the column of each parameter, -1 where it has none; count: the number of columns, 0 without derivatives.
    Left in normal: J'J and in its row WIDTH J'e, with J the derivative of r / (geometric mean of f). final (6,): level,
    slope and the four seasonal states after the last figure, the one of the next quarter first. Returns inf where a
    multiplicative error does not exist.
    """
    n = len(y)
    relative = error == MULTIPLICATIVE
    ratio = season == MULTIPLICATIVE
    alpha, beta, gamma, phi = x[ALPHA], x[BETA], x[GAMMA], x[PHI]
    k_alpha, k_beta, k_gamma, k_phi = place[ALPHA], place[BETA], place[GAMMA], place[PHI]
    for i in range(9):
        for k in range(count):
            work[i, k] = 0.0
    for i in range(count):
        for k in range(count):
            normal[i, k] = 0.0
    level, slope = x[LEVEL], x[SLOPE]
    damped = phi * slope
    if place[LEVEL] >= 0:
        work[0, place[LEVEL]] = 1.0
    if place[SLOPE] >= 0:
        work[1, place[SLOPE]] = phi
        if k_phi >= 0:
            work[1, k_phi] = slope
    if season != NONE:
        rest = 4.0 if ratio else 0.0
        for j in range(1, SEASON):
            final[2 + j] = x[SEASON_1 + j - 1]
            rest -= final[2 + j]
            k = place[SEASON_1 + j - 1]
            if k >= 0:
                work[2 + j, k] = 1.0
                work[2, k] = -1.0
        final[2] = rest
    else:
        for j in range(SEASON):
            final[2 + j] = 0.0
    if ratio and min(final[2], final[3], final[4], final[5]) < 0.0:
        return np.inf, 0.0
    squares, logs, product = 0.0, 0.0, 1.0
    seen = 0
    for t in range(n):
        j = 2 + t % SEASON
        s = final[j]
        q = level + damped
        if np.isnan(y[t]):
            for k in range(count):
                work[0, k] += work[1, k]
                work[1, k] *= phi
            if k_phi >= 0:
                work[1, k_phi] += damped
            level = q
            damped *= phi
            continue
        seen += 1
        if ratio:
            f = q * s
            u, v = y[t] / s - q, y[t] / q - s
            by_s, by_q = y[t] / (s * s), y[t] / (q * q)
            f_q, f_s = s, q
        else:
            f = q + s
            u = y[t] - f
            v = u
            by_s, by_q, f_q, f_s = 1.0, 1.0, 1.0, 1.0
        if relative:
            if not f > LEAST_FORECAST:
                return np.inf, 0.0
            e = y[t] / f - 1.0
            weight, inverse = y[t] / (f * f), 1.0 / f
            product *= f
            if product < 1e-100 or product > 1e100:
                logs += np.log(product)
                product = 1.0
        else:
            e, weight, inverse = u, 1.0, 0.0
        squares += e * e
        for k in range(count):
            dq = work[0, k] + work[1, k]
            ds = work[j, k]
            df = f_q * dq + f_s * ds
            du = -dq - by_s * ds
            work[0, k] = dq + alpha * du
            work[1, k] = phi * (work[1, k] + beta * du)
            work[j, k] = ds - gamma * (by_q * dq + ds)
            work[6, k] += inverse * df
            work[8, k] = -weight * df
            work[7, k] -= e * weight * df
        for i in range(count):
            for k in range(i + 1):
                normal[i, k] += work[8, i] * work[8, k]
        slope = damped + beta * u
        level = q + alpha * u
        if k_alpha >= 0:
            work[0, k_alpha] += u
        if k_beta >= 0:
            work[1, k_beta] += phi * u
        if k_phi >= 0:
            work[1, k_phi] += slope
        if season != NONE:
            final[j] = s + gamma * v
            if k_gamma >= 0:
                work[j, k_gamma] += v
        damped = phi * slope
    if relative:
        logs += np.log(product)
        for i in range(count):
            work[6, i] /= seen
        for i in range(count):
            for k in range(i + 1):
                normal[i, k] += work[6, i] * work[7, k] + work[7, i] * work[6, k] + squares * work[6, i] * work[6, k]
        for i in range(count):
            work[7, i] += squares * work[6, i]
    for i in range(count):
        normal[WIDTH, i] = work[7, i]
    turned = n % SEASON
    if season != NONE and turned:
        s0, s1, s2, s3 = final[2], final[3], final[4], final[5]
        if turned == 1:
            final[2], final[3], final[4], final[5] = s1, s2, s3, s0
        elif turned == 2:
            final[2], final[3], final[4], final[5] = s2, s3, s0, s1
        else:
            final[2], final[3], final[4], final[5] = s3, s0, s1, s2
    final[0] = level
    final[1] = damped / phi
    if not squares < np.inf:
        return np.inf, 0.0
    return squares, logs


@compiled
def step(
    x: np.ndarray,
    columns: np.ndarray,
    count: int,
    states: int,
    normal: np.ndarray,
    factor: np.ndarray,
    damping: float,
    low: np.ndarray,
    high: np.ndarray,
    move: np.ndarray,
) -> float:
    """Into move (count,): the Levenberg-Marquardt step, smoothing parameters held in [low, high] (9,). Returns the
    decrease of the sum of squares that it promises.

    normal: J'J and in its row WIDTH J'e (see sweep). columns (count,): the parameter of each column, the `states`
    initial states first; those are not damped.
    """
    for i in range(count):
        for k in range(i):
            factor[i, k] = normal[i, k]
        extra = 1e-9 if i < states else 1e-9 + damping
        factor[i, i] = normal[i, i] * (1.0 + extra) + 1e-14
        move[i] = -normal[WIDTH, i]
    # The states are eliminated first (square-root-free Cholesky); what is left is a small problem in a box.
    for p in range(states):
        inverse = 1.0 / factor[p, p]
        for i in range(p + 1, count):
            ratio = factor[i, p] * inverse
            for k in range(p + 1, i + 1):
                factor[i, k] -= ratio * factor[k, p]
            move[i] -= ratio * move[p]
    width = count - states
    small = factor[WIDTH : WIDTH + 4]
    fixed = factor[WIDTH + 4]
    for i in range(width):
        fixed[i] = 0.0
    for _ in range(MOST_TURNS):
        for i in range(width):
            for k in range(i + 1):
                small[i, k] = factor[states + i, states + k]
                small[k, i] = small[i, k]
            small[i, width] = move[states + i]
        for i in range(width):
            if fixed[i] != 0.0:
                at = columns[states + i]
                value = (low[at] if fixed[i] < 0.0 else high[at]) - x[at]
                for k in range(width):
                    small[k, width] -= small[k, i] * value
                    small[k, i] = 0.0
                    small[i, k] = 0.0
                small[i, i] = 1.0
                small[i, width] = value
        for p in range(width):
            inverse = 1.0 / small[p, p]
            for i in range(p + 1, width):
                ratio = small[i, p] * inverse
                for k in range(p + 1, width + 1):
                    small[i, k] -= ratio * small[p, k]
        for p in range(width - 1, -1, -1):
            value = small[p, width]
            for k in range(p + 1, width):
                value -= small[p, k] * small[k, width]
            small[p, width] = value / small[p, p]
        # Murty's least-index rule: of the conditions of the optimum (inside the box, gradient outward at its edge) the
        # first that fails is turned round. It ends for any positive definite matrix.
        turned = -1
        for i in range(width):
            at = columns[states + i]
            if fixed[i] == 0.0:
                value = x[at] + small[i, width]
                if value < low[at] or value > high[at]:
                    fixed[i] = -1.0 if value < low[at] else 1.0
                    turned = i
            else:
                slope = -move[states + i]
                for k in range(width):
                    slope += factor[states + max(i, k), states + min(i, k)] * small[k, width]
                if slope * fixed[i] > 0.0:
                    fixed[i] = 0.0
                    turned = i
            if turned >= 0:
                break
        if turned < 0:
            break
    for i in range(width):
        move[states + i] = small[i, width]
    for p in range(states - 1, -1, -1):
        value = move[p]
        for i in range(p + 1, count):
            value -= factor[i, p] * move[i]
        move[p] = value / factor[p, p]
    promised = 0.0
    for i in range(count):
        product = normal[i, i] * move[i]
        for k in range(i):
            product += 2.0 * normal[i, k] * move[k]
        promised -= move[i] * (2.0 * normal[WIDTH, i] + product)
    return promised


@compiled
def minus_twice_log(squares: float, logs: float, seen: int) -> float:
    """-2 log likelihood up to the constant that all models of the same `seen` figures share."""
    if not squares < np.inf:
        return np.inf
    return seen * np.log(max(squares, seen * LEAST_MEAN_SQUARE)) + 2.0 * logs


@compiled
def columns_of(trend: int, season: int, place: np.ndarray, columns: np.ndarray) -> tuple[int, int]:
    """Fills place (9,) and columns (9,) of a model; returns how many parameters it has and how many are states."""
    for i in range(PARAMETERS):
        place[i] = -1
    count = 0
    for i in range(PARAMETERS):
        if i in (LEVEL, ALPHA):
            has = True
        elif i in (SLOPE, BETA):
            has = trend != NONE
        elif i == PHI:
            has = trend == DAMPED
        else:
            has = season != NONE
        if has:
            place[i] = count
            columns[count] = i
            count += 1
    states = 1 + (trend != NONE) + (SEASON - 1) * (season != NONE)
    return count, states


@compiled
def search(
    y: np.ndarray,
    seen: int,
    error: int,
    season: int,
    x: np.ndarray,
    place: np.ndarray,
    columns: np.ndarray,
    count: int,
    states: int,
    enough: float,
    room: np.ndarray,
) -> float:
    """-2 log L (up to a constant) of one model at its optimum; x (9,) is moved there.

    Gives up early, with what it has, where no likely progress would bring -2 log L below `enough`.
    """
    work, normal, kept, factor = room[ROWS], room[JACOBIAN], room[OTHER], room[FACTOR]
    trial, move, final = room[VECTORS, TRIAL], room[VECTORS, MOVE], room[VECTORS, LAST]
    low, high = room[VECTORS, LOW], room[VECTORS, HIGH]
    squares, logs = sweep(y, error, season, x, place, count, work, kept, final)
    best = minus_twice_log(squares, logs, seen)
    if not best < np.inf:
        return np.inf
    damping = 1e-3
    for _ in range(MOST_STEPS):
        promised = step(x, columns, count, states, kept, factor, damping, low, high, move)
        gain = seen * promised / squares
        if not gain > TOLERANCE or squares <= seen * LEAST_MEAN_SQUARE:
            break
        if best - LIKELY * gain > enough:
            break
        for i in range(PARAMETERS):
            trial[i] = x[i]
        for i in range(count):
            at = columns[i]
            trial[at] += move[i]
            if at >= STATES:
                trial[at] = min(max(trial[at], low[at]), high[at])
        new_squares, new_logs = sweep(y, error, season, trial, place, count, work, normal, final)
        value = minus_twice_log(new_squares, new_logs, seen)
        if value < best:
            # A step that falls short of its promise went past the range of the linear model.
            damping = damping * 0.2 if best - value > 0.5 * min(gain, 1.0) else damping * 2.0
            best, squares = value, new_squares
            for i in range(PARAMETERS):
                x[i] = trial[i]
            normal, kept = kept, normal
        else:
            damping = max(damping, 1e-3) * 10.0
            if damping > 1e6:
                break
    return best
