"""Theta models: the line through the figures bent by theta, plus exponential smoothing of what is left.

Belongs here: the standard, optimised and dynamic optimised theta models (STM, OTM, DSTM, DOTM) and their classical
deseasonalisation. Formulas: Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), "Models for optimising the
theta method and their relationship to state space models", International Journal of Forecasting 32. Fitted by least
squares on the one-step errors from the fourth quarter on, alpha in [0.1, 0.99], theta in [1, inf).

With w = 1 - 1 / theta the one-step forecast is level + w x trend term: for a given alpha it is linear in the initial
level and in w, so both have a closed form and only alpha is searched (one dimension instead of three).

STM and DSTM are OTM and DOTM with theta = 2. Fitted exactly they never have the smaller errors, so the choice by
squared errors is between two models: `auto_theta`. `theta` is the mean of the two, `dotm` the one model. The initial
level is held within the magnitude of the figures: the errors that count hardly know it, and free it would bend the
other parameters to please a single error.
"""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled
from forecasts.members.compiled import Compiled

FEW_FIGURES = 1
REASONS = {FEW_FIGURES: "theta needs at least six figures"}

SEASON = 4
LEAST_FIGURES = 6
SKIPPED = 3  # errors of the first quarters, which the initial level decides, do not count (as in the paper's software)
PARAMETERS = 3  # initial level, alpha, theta
ALPHA_LOW, ALPHA_HIGH = 0.1, 0.99
NO_SEASON, MULTIPLICATIVE, ADDITIVE = 0, 1, 2
SEASONAL_LIMIT = 1.6448536269514722  # two-sided 90 % point of the normal distribution
SMALLEST_INDEX = 0.01  # a multiplicative index below it would blow up what is divided by it
STATIC, DYNAMIC = 0, 1
MEAN, BEST, DYNAMIC_ONLY = 0, 1, 2
HALF = 0.5  # w of theta = 2
GRID = 8
GOLDEN_STEPS = 12
GOLDEN = 0.6180339887498949


@compiled
def is_seasonal(y: np.ndarray) -> bool:
    """True where the autocorrelation of y (n,) a year apart differs from zero at 90 %; gaps (NaN) are left out."""
    n = len(y)
    total, count = 0.0, 0
    for i in range(n):
        if not np.isnan(y[i]):
            total += y[i]
            count += 1
    if count < 2 * SEASON:
        return False
    mean = total / count
    power = 0.0
    for i in range(n):
        if not np.isnan(y[i]):
            power += (y[i] - mean) ** 2
    if not power > 1e-20 * count:
        return False
    before, last = 0.0, 0.0
    for lag in range(1, SEASON + 1):
        product = 0.0
        for i in range(lag, n):
            if not (np.isnan(y[i]) or np.isnan(y[i - lag])):
                product += (y[i] - mean) * (y[i - lag] - mean)
        last = product / power
        if lag < SEASON:
            before += last * last
    return abs(last) > SEASONAL_LIMIT * np.sqrt((1.0 + 2.0 * before) / count)


@compiled
def seasonal_indices(y: np.ndarray, kind: int, index: np.ndarray) -> bool:
    """Classical decomposition of y (n,): writes index (SEASON,), of y[0]'s quarter first; False where it cannot.

    Ratios to (or differences from) the centred moving average over a year, averaged by quarter of the year and
    normed to a mean of 1 (or 0). Windows with a gap are left out; each quarter of the year needs one whole window.
    """
    n = len(y)
    count = np.zeros(SEASON)
    index[:] = 0.0
    for i in range(2, n - 2):
        trend = (0.5 * (y[i - 2] + y[i + 2]) + y[i - 1] + y[i] + y[i + 1]) / SEASON
        if np.isnan(trend) or (kind == MULTIPLICATIVE and not trend > 0.0):
            continue
        index[i % SEASON] += y[i] / trend if kind == MULTIPLICATIVE else y[i] - trend
        count[i % SEASON] += 1.0
    mean = 0.0
    for quarter in range(SEASON):
        if count[quarter] == 0.0:
            return False
        index[quarter] /= count[quarter]
        mean += index[quarter] / SEASON
    for quarter in range(SEASON):
        if kind == MULTIPLICATIVE:
            index[quarter] /= mean
            if not index[quarter] >= SMALLEST_INDEX:
                return False
        else:
            index[quarter] -= mean
    return True


@compiled
def deseasonalise(y: np.ndarray, index: np.ndarray) -> int:
    """Takes the season out of y (n,) in place where there is one; its kind, and its indices in index (SEASON,)."""
    if not is_seasonal(y):
        return NO_SEASON
    kind = MULTIPLICATIVE
    for value in y:
        if value <= 0.0:
            kind = ADDITIVE
    found = seasonal_indices(y, kind, index)
    if not found and kind == MULTIPLICATIVE:
        kind = ADDITIVE
        found = seasonal_indices(y, kind, index)
    if not found:
        return NO_SEASON
    for i in range(len(y)):
        if kind == MULTIPLICATIVE:
            y[i] /= index[i % SEASON]
        else:
            y[i] -= index[i % SEASON]
    return kind


@compiled
def running_lines(y: np.ndarray, lines: np.ndarray, moments: np.ndarray) -> None:
    """lines (2, n): intercept (at quarter 0) and slope of the least-squares line through the figures up to i.

    moments (5,): count, mean time, mean figure, sum of squares of time, sum of products, after the last figure. Time
    counts from 1. A gap leaves the line as it is.
    """
    moments[:] = 0.0
    a, b = 0.0, 0.0
    for i in range(len(y)):
        if not np.isnan(y[i]):
            a, b = add_to_line(moments, i + 1.0, y[i])
        lines[0, i], lines[1, i] = a, b


@compiled
def add_to_line(moments: np.ndarray, time: float, figure: float) -> tuple[float, float]:
    """Takes a figure into the moments (5,, see running_lines); intercept and slope of the line after it."""
    moments[0] += 1.0
    off_time = time - moments[1]
    off_figure = figure - moments[2]
    moments[1] += off_time / moments[0]
    moments[2] += off_figure / moments[0]
    moments[3] += off_time * (time - moments[1])
    moments[4] += off_time * (figure - moments[2])
    b = moments[4] / moments[3] if moments[3] > 0.0 else 0.0
    return moments[2] - b * moments[1], b


@compiled
def profile(
    y: np.ndarray, lines: np.ndarray, dynamic: int, alpha: float, fixed: float, limit: float, best: np.ndarray
) -> float:  # fmt: skip
    """Least sum of squared errors at this alpha. best (2,): the initial level and w that give it.

    lines: see running_lines. fixed: w where it is not to be fitted (theta = 2: w = 1/2), else NaN. limit: largest
    magnitude of the initial level.
    """
    n = len(y)
    keep = 1.0 - alpha
    at = 0 if dynamic else n - 1
    # one-step forecast = known + share_level x initial level + (term + carried) x w; a gap moves the level by alpha w
    # x term, which is what "carried" gathers
    known, share, carried = alpha * y[0], keep, 0.0
    power = keep
    s_pp, s_pq, s_qq, s_pr, s_qr, s_rr = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    per = 1.0 / alpha
    for i in range(1, n):
        if dynamic:
            at = i - 1
        after = power * keep
        q = lines[0, at] * power + lines[1, at] * (1.0 - after) * per + carried
        power = after
        figure = y[i]
        if np.isnan(figure):
            carried += alpha * (q - carried)
            continue
        if i >= SKIPPED:
            r = figure - known
            s_pp += share * share
            s_pq += share * q
            s_qq += q * q
            s_pr += share * r
            s_qr += q * r
            s_rr += r * r
        known = alpha * figure + keep * known
        share *= keep
        carried *= keep
    w = fixed
    if np.isnan(fixed):
        w = 0.5
        determinant = s_qq * s_pp - s_pq * s_pq
        if determinant > 1e-13 * s_qq * s_pp:
            w = min(max((s_qr * s_pp - s_pq * s_pr) / determinant, 0.0), 1.0)
    level = (s_pr - w * s_pq) / s_pp if s_pp > 0.0 else y[0]
    if not abs(level) <= limit:
        level = limit if level > 0.0 else -limit
        if np.isnan(fixed) and s_qq > 0.0:
            w = min(max((s_qr - level * s_pq) / s_qq, 0.0), 1.0)
            level = min(max((s_pr - w * s_pq) / s_pp, -limit), limit)
    best[0], best[1] = level, w
    sse = s_rr - 2.0 * (level * s_pr + w * s_qr) + level * level * s_pp + 2.0 * level * w * s_pq + w * w * s_qq
    return max(sse, 0.0)


@compiled
def fit(
    y: np.ndarray, lines: np.ndarray, dynamic: int, fixed: float, limit: float, best: np.ndarray
) -> tuple[float, float]:  # fmt: skip
    """alpha and its sum of squared errors; best (2,): see profile. A grid first, as the profile can have two dips."""
    step = (ALPHA_HIGH - ALPHA_LOW) / (GRID - 1)
    low, least = 0, np.inf
    for k in range(GRID):
        sse = profile(y, lines, dynamic, ALPHA_LOW + k * step, fixed, limit, best)
        if sse < least:
            low, least = k, sse
    chosen = ALPHA_LOW + low * step
    left = max(chosen - step, ALPHA_LOW)
    right = min(chosen + step, ALPHA_HIGH)
    a = right - GOLDEN * (right - left)
    b = left + GOLDEN * (right - left)
    at_a = profile(y, lines, dynamic, a, fixed, limit, best)
    at_b = profile(y, lines, dynamic, b, fixed, limit, best)
    for _ in range(GOLDEN_STEPS):
        if at_a < at_b:
            right, b, at_b = b, a, at_a
            a = right - GOLDEN * (right - left)
            at_a = profile(y, lines, dynamic, a, fixed, limit, best)
        else:
            left, a, at_a = a, b, at_b
            b = left + GOLDEN * (right - left)
            at_b = profile(y, lines, dynamic, b, fixed, limit, best)
    if at_a < least:
        chosen, least = a, at_a
    if at_b < least:
        chosen, least = b, at_b
    least = profile(y, lines, dynamic, chosen, fixed, limit, best)
    return chosen, least


@compiled
def extrapolate(
    y: np.ndarray, lines: np.ndarray, moments: np.ndarray, dynamic: int, alpha: float, level: float, w: float,
    path: np.ndarray, response: np.ndarray,
) -> None:  # fmt: skip
    """path (horizon,): the forecasts. response (horizon,): what an error of 1 in the first quarter ahead adds."""
    n, horizon = len(y), len(path)
    keep = 1.0 - alpha
    a, b = lines[0, n - 1], lines[1, n - 1]
    power = 1.0
    level = alpha * y[0] + keep * level
    for i in range(1, n):
        power *= keep
        if dynamic:
            a, b = lines[0, i - 1], lines[1, i - 1]
        figure = y[i]
        if np.isnan(figure):
            figure = level + w * (a * power + b * (1.0 - power * keep) / alpha)
        level = alpha * figure + keep * level
    a, b = lines[0, n - 1], lines[1, n - 1]
    sums = moments.copy()
    shocked = moments.copy()
    higher = level
    shocked_a, shocked_b = a, b
    for h in range(horizon):
        power *= keep
        growth = (1.0 - power * keep) / alpha
        path[h] = level + w * (a * power + b * growth)
        other = higher + w * (shocked_a * power + shocked_b * growth)
        if h == 0:
            other += 1.0
        response[h] = other - path[h]
        level = alpha * path[h] + keep * level
        higher = alpha * other + keep * higher
        if dynamic:
            a, b = add_to_line(sums, n + h + 1.0, path[h])
            shocked_a, shocked_b = add_to_line(shocked, n + h + 1.0, other)


@compiled
def variant(
    y: np.ndarray, lines: np.ndarray, moments: np.ndarray, figures: int, dynamic: int, fixed: float,
    limit: float, path: np.ndarray, spread: np.ndarray, best: np.ndarray,
) -> float:  # fmt: skip
    """Fits and extrapolates one model: path and spread (deviation) (horizon,); its sum of squared errors."""
    alpha, sse = fit(y, lines, dynamic, fixed, limit, best)
    extrapolate(y, lines, moments, dynamic, alpha, best[0], best[1], path, spread)
    variance = sse / max(figures - SKIPPED - PARAMETERS, 1)
    grown = 0.0
    for h in range(len(path)):
        grown += spread[h] * spread[h]
        spread[h] = np.sqrt(variance * grown)
    return sse


@compiled
def answer(
    flat: np.ndarray, offsets: np.ndarray, horizon: int, choice: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See forecasts.members.compiled. choice: MEAN, BEST or DYNAMIC_ONLY of the static and the dynamic model."""
    count = len(offsets) - 1
    median = np.full((count, horizon), np.nan)
    deviation = np.full((count, horizon), np.nan)
    status = np.zeros(count, np.int64)
    path, spread = np.zeros((2, horizon)), np.zeros((2, horizon))
    best, index, moments = np.zeros(2), np.zeros(SEASON), np.zeros(5)
    for series in range(count):
        y = flat[offsets[series] : offsets[series + 1]].copy()
        n = len(y)
        figures = 0
        for value in y:
            figures += not np.isnan(value)
        if figures < LEAST_FIGURES:
            status[series] = FEW_FIGURES
            continue
        kind = deseasonalise(y, index)
        lines = np.empty((2, n))
        running_lines(y, lines, moments)
        limit = 0.0
        for value in y:
            if abs(value) > limit:
                limit = abs(value)
        shares = (0.0, 1.0)
        if choice != DYNAMIC_ONLY:
            static = variant(y, lines, moments, figures, STATIC, np.nan, limit, path[0], spread[0], best)
        dynamic = variant(y, lines, moments, figures, DYNAMIC, np.nan, limit, path[1], spread[1], best)
        if choice == MEAN:
            shares = (0.5, 0.5)
        elif choice == BEST and static <= dynamic:
            shares = (1.0, 0.0)
        for h in range(horizon):
            middle = shares[0] * path[0, h] + shares[1] * path[1, h]
            # the two err nearly alike (same figures, same errors), so that their mean's deviation is the mean deviation
            width = shares[0] * spread[0, h] + shares[1] * spread[1, h]
            quarter = index[(n + h) % SEASON]
            if kind == MULTIPLICATIVE:
                middle *= quarter
                width *= quarter
            elif kind == ADDITIVE:
                middle += quarter
            median[series, h] = middle
            deviation[series, h] = width
    return median, deviation, status


@compiled
def mean_of_two(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel (see forecasts.members.compiled): the mean of OTM and DOTM."""
    return answer(flat, offsets, horizon, MEAN)


@compiled
def better_of_two(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel (see forecasts.members.compiled): OTM or DOTM, whichever has the smaller squared errors."""
    return answer(flat, offsets, horizon, BEST)


@compiled
def dynamic_only(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel (see forecasts.members.compiled): DOTM."""
    return answer(flat, offsets, horizon, DYNAMIC_ONLY)


THETA = Compiled("theta", mean_of_two, REASONS)
AUTO_THETA = Compiled("auto_theta", better_of_two, REASONS)
DOTM = Compiled("dotm", dynamic_only, REASONS)
