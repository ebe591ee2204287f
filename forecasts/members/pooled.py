"""Linear regressions that all series of a panel share: what short series cannot learn alone they learn together.

Belongs here: the features of a window, the regression and its members. A window ends at some quarter of a series; its
features are changes up to that quarter and its targets the changes after it, both on the deseasonalised (log where all
figures are positive) scale and divided by the mean absolute quarterly change up to then, so that windows of different
series are comparable. Global linear models of this kind: Montero-Manso and Hyndman (2021), Principles and algorithms
for forecasting groups of time series. Every window lies in the panel that is given, so a panel cut at an origin learns
nothing of what came after.
"""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled
from forecasts.gaps import LONGEST_SHARE, TOO_MANY, fill
from forecasts.linear import solve
from forecasts.members.compiled import Compiled

SEASON = 4
LAGS = 6
# Smoothing constants and window lengths (quarters, 0: the whole history) of the further features.
SMOOTHING = np.array([0.1, 0.3, 0.6])
SLOPES = np.array([4, 8, 16, 0])
MIN_POINTS = 5
MOST_WINDOWS = 12_000
PASSES = 6
LARGEST_FEATURE = 10.0
LARGEST_TARGET = 20.0
# Errors below this many changes (x sqrt of the horizon) count squared, larger ones by magnitude.
SQUARED_BELOW = 0.3
# A year less of seasonal evidence counts this much less.
SEASON_DECAY = 0.9

REASONS = {
    1: f"fewer than {MIN_POINTS} quarters",
    2: TOO_MANY,
    3: "all figures equal",
}


@compiled
def season(z: np.ndarray, index: np.ndarray) -> None:
    """Additive seasonal indices by position modulo 4: mean deviations from a centred year, shrunk by their own noise.

    The shrinkage is that of James and Stein as Miller and Williams (2003), Shrinkage estimators of time series
    seasonal factors, use it: a pattern no larger than its noise vanishes.
    """
    n = len(z)
    index[:] = 0.0
    if n < 2 * SEASON + 1:
        return
    total, weight = np.zeros(SEASON), np.zeros(SEASON)
    rest = np.empty(n - SEASON)
    squares = 0.0
    for t in range(2, n - 2):
        centre = (0.5 * z[t - 2] + z[t - 1] + z[t] + z[t + 1] + 0.5 * z[t + 2]) / SEASON
        rest[t - 2] = z[t] - centre
        w = SEASON_DECAY ** ((n - 3 - t) / SEASON)
        total[t % SEASON] += w * rest[t - 2]
        weight[t % SEASON] += w
        squares += w * w
    mean = 0.0
    for q in range(SEASON):
        index[q] = total[q] / weight[q]
        mean += index[q] / SEASON
    noise, power = 0.0, 0.0
    for q in range(SEASON):
        index[q] -= mean
        power += index[q] ** 2 / (SEASON - 1)
    for t in range(2, n - 2):
        noise += (rest[t - 2] - index[t % SEASON]) ** 2
    noise /= max(len(rest) - SEASON, 1)
    spread = noise / (weight.sum() ** 2 / squares / SEASON)
    kept = max(0.0, 1.0 - spread / power) if power > 0 else 0.0
    for q in range(SEASON):
        index[q] *= kept


@compiled
def features(s: np.ndarray, end: int, rich: bool, out: np.ndarray) -> float:
    """Features of the window ending at s[end] into out, in mean absolute changes; returns that change."""
    change = 0.0
    for t in range(1, end + 1):
        change += abs(s[t] - s[t - 1])
    change = change / max(end, 1) + 1e-9
    last = s[end]
    at = 0
    for lag in range(LAGS - 1, 0, -1):
        out[at] = (s[max(end - lag, 0)] - last) / change
        at += 1
    if rich:
        for constant in SMOOTHING:
            level = s[0]
            for t in range(1, end + 1):
                level += constant * (s[t] - level)
            out[at] = (level - last) / change
            at += 1
        for length in SLOPES:
            size = end + 1 if length == 0 else min(length, end + 1)
            middle = (size - 1) / 2
            up, down = 0.0, 0.0
            for t in range(size):
                up += (t - middle) * s[end - size + 1 + t]
                down += (t - middle) ** 2
            out[at] = up / down / change if down > 0 else 0.0
            at += 1
    for feature in range(at):
        out[feature] = min(max(out[feature], -LARGEST_FEATURE), LARGEST_FEATURE)
    return change


@compiled
def regress(x: np.ndarray, y: np.ndarray, weight: np.ndarray, ridge: float, squared_below: float) -> np.ndarray:
    """Coefficients (features,) of y on x with weights, least absolute errors by reweighting, ridge on features scaled
    to unit power; rows with NaN in y are left out.
    """
    count, size = x.shape
    power = np.zeros(size)
    for row in range(count):
        for i in range(size):
            power[i] += x[row, i] ** 2
    for i in range(size):
        power[i] = np.sqrt(power[i] / max(count, 1)) + 1e-9
    answer = np.zeros(size)
    for _ in range(PASSES):
        gram, right = np.zeros((size, size)), np.zeros(size)
        for row in range(count):
            if np.isnan(y[row]):
                continue
            said = 0.0
            for i in range(size):
                said += x[row, i] / power[i] * answer[i]
            w = weight[row] / max(abs(y[row] - said), squared_below)
            for i in range(size):
                part = w * x[row, i] / power[i]
                right[i] += part * y[row]
                for j in range(i + 1):
                    gram[i, j] += part * x[row, j] / power[j]
        for i in range(size):
            gram[i, i] += ridge
        answer = solve(gram, right)
    return answer / power


@compiled
def fit_and_follow(
    flat: np.ndarray, offsets: np.ndarray, horizon: int, rich: bool, ridge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See forecasts.members.compiled: one regression a horizon over windows of all series, then each one's last."""
    count = len(offsets) - 1
    size = LAGS - 1 + (len(SMOOTHING) + len(SLOPES) if rich else 0)
    s = np.zeros(len(flat))
    index = np.zeros((count, SEASON))
    logs = np.zeros(count, dtype=np.bool_)
    status = np.zeros(count, dtype=np.int64)
    total = 0
    for i in range(count):
        y = flat[offsets[i] : offsets[i + 1]]
        own = s[offsets[i] : offsets[i + 1]]
        n = len(y)
        if n < MIN_POINTS:
            status[i] = 1
            continue
        if fill(y, own) > LONGEST_SHARE * n:
            status[i] = 2
            continue
        low, high = own.min(), own.max()
        if low == high:
            status[i] = 3
            continue
        logs[i] = low > 0
        if logs[i]:
            for t in range(n):
                own[t] = np.log(own[t])
        season(own, index[i])
        for t in range(n):
            own[t] -= index[i, t % SEASON]
        total += n - MIN_POINTS
    stride = max(1, -(-total // MOST_WINDOWS))
    kept = total // stride + 1
    x = np.empty((kept, size))
    y_ahead = np.full((kept, horizon), np.nan)
    weight = np.empty(kept)
    rows, seen = 0, 0
    for i in range(count):
        if status[i] != 0:
            continue
        own = s[offsets[i] : offsets[i + 1]]
        n = len(own)
        for end in range(MIN_POINTS - 1, n - 1):
            seen += 1
            if seen % stride:
                continue
            change = features(own, end, rich, x[rows])
            for h in range(min(horizon, n - 1 - end)):
                target = (own[end + 1 + h] - own[end]) / change
                y_ahead[rows, h] = min(max(target, -LARGEST_TARGET), LARGEST_TARGET)
            weight[rows] = 1.0 / (n - MIN_POINTS)
            rows += 1
    median = np.zeros((count, horizon))
    deviation = np.full((count, horizon), np.nan)
    coefficients = np.zeros((horizon, size))
    if rows:
        mean = weight[:rows].mean()
        for row in range(rows):
            weight[row] *= stride / mean
        for h in range(horizon):
            coefficients[h] = regress(
                x[:rows], y_ahead[:rows, h], weight[:rows], ridge, SQUARED_BELOW * np.sqrt(h + 1.0)
            )
    window = np.empty(size)
    for i in range(count):
        if status[i] != 0:
            continue
        own = s[offsets[i] : offsets[i + 1]]
        n = len(own)
        change = features(own, n - 1, rich, window)
        reach = own.max() - own.min()
        for h in range(horizon):
            ahead = 0.0
            for feature in range(size):
                ahead += window[feature] * coefficients[h, feature]
            # A straight line learnt from others may not carry a series beyond what it has ever covered.
            ahead = min(max(ahead * change, -reach - change), reach + change)
            figure = own[n - 1] + ahead + index[i, (n + h) % SEASON]
            median[i, h] = np.exp(figure) if logs[i] else figure
    return median, deviation, status


@compiled
def trend_kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel with lags, smoothed levels and slopes."""
    return fit_and_follow(flat, offsets, horizon, True, 300.0)


@compiled
def lags_kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel with lags alone."""
    return fit_and_follow(flat, offsets, horizon, False, 30.0)


POOLED_TREND = Compiled("pooled_trend", trend_kernel, REASONS, separate=False)
POOLED_LAGS = Compiled("pooled_lags", lags_kernel, REASONS, separate=False)
