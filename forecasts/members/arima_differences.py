"""How often a quarterly series is differenced before an ARMA model is fitted to it.

Belongs here: the strength of the season (Wang, Smith and Hyndman 2006; Hyndman's threshold) from an STL decomposition
(Cleveland, Cleveland, McRae and Terpenning 1990, without robustness weights) and the KPSS test of level stationarity
(Kwiatkowski, Phillips, Schmidt and Shin 1992), both with the settings of auto.arima.
"""

from __future__ import annotations

import math

import numpy as np

from forecasts.compiling import compiled

SEASON = 4
STRONG_SEASON = 0.64
KPSS_CRITICAL = 0.463

SEASONAL_WINDOW = 11
TREND_WINDOW = 7
LOW_PASS_WINDOW = 5
STL_ROUNDS = 5


@compiled
def local_fit(y: np.ndarray, n: int, stride: int, start: int, at: float, window: int, degree: int) -> float:
    """Loess of y[start], y[start + stride], ... (n figures at 1..n) at `at`, degree 0 or 1, tricube weights."""
    if window >= n:
        left, right = 1, n
    else:
        left = min(max(int(at) - window // 2, 1), n - window + 1)
        right = left + window - 1
    reach = max(at - left, right - at)
    if window > n:
        reach += (window - n) // 2
    total, centre, level = 0.0, 0.0, 0.0
    spread, slope = 0.0, 0.0
    for j in range(left, right + 1):
        distance = abs(j - at)
        if distance <= 0.999 * reach:
            weight = 1.0
            if distance > 0.001 * reach:
                part = distance / reach
                part = 1.0 - part * part * part
                weight = part * part * part
            figure = y[start + (j - 1) * stride]
            total += weight
            centre += weight * j
            level += weight * figure
            spread += weight * j * j
            slope += weight * j * figure
    centre /= total
    level /= total
    if degree == 0:
        return level
    spread = spread / total - centre * centre
    if math.sqrt(max(spread, 0.0)) <= 0.001 * (n - 1):
        return level
    return level + (at - centre) * (slope / total - centre * level) / spread


@compiled
def season_strength(y: np.ndarray, room: np.ndarray) -> float:
    """1 - Var(remainder) / Var(season + remainder), at least 0.

    y: (n,), n > 8, no gaps; room: (5, >= n + 8) scratch.
    """
    n = len(y)
    trend, season, rough, cycle, smooth = room[0], room[1], room[2], room[3], room[4]
    for t in range(n):
        trend[t] = 0.0
    for _ in range(STL_ROUNDS):
        for t in range(n):
            rough[t] = y[t] - trend[t]
        for quarter in range(SEASON):
            k = (n - quarter + SEASON - 1) // SEASON
            for at in range(k + 2):
                cycle[quarter + SEASON * at] = local_fit(rough, k, SEASON, quarter, float(at), SEASONAL_WINDOW, 0)
        length = n + 2 * SEASON
        for t in range(length - 3):
            smooth[t] = (cycle[t] + cycle[t + 1] + cycle[t + 2] + cycle[t + 3]) / 4.0
        for t in range(length - 6):
            rough[t] = (smooth[t] + smooth[t + 1] + smooth[t + 2] + smooth[t + 3]) / 4.0
        for t in range(n):
            smooth[t] = (rough[t] + rough[t + 1] + rough[t + 2]) / 3.0
        for t in range(n):
            season[t] = cycle[t + SEASON] - local_fit(smooth, n, 1, 0, float(t + 1), LOW_PASS_WINDOW, 1)
        for t in range(n):
            rough[t] = y[t] - season[t]
        for t in range(n):
            trend[t] = local_fit(rough, n, 1, 0, float(t + 1), TREND_WINDOW, 1)
    mean, mean_both = 0.0, 0.0
    for t in range(n):
        mean += y[t] - trend[t] - season[t]
        mean_both += y[t] - trend[t]
    mean, mean_both = mean / n, mean_both / n
    power, power_both = 0.0, 0.0
    for t in range(n):
        power += (y[t] - trend[t] - season[t] - mean) ** 2
        power_both += (y[t] - trend[t] - mean_both) ** 2
    if not power_both > 0.0:
        return 0.0
    return min(max(1.0 - power / power_both, 0.0), 1.0)


@compiled
def kpss(w: np.ndarray, n: int) -> float:
    """Statistic of level stationarity of w[:n], with floor(3 sqrt(n) / 13) lags as auto.arima takes."""
    mean = 0.0
    for t in range(n):
        mean += w[t]
    mean /= n
    walk, walk_power, power = 0.0, 0.0, 0.0
    for t in range(n):
        walk += w[t] - mean
        walk_power += walk * walk
        power += (w[t] - mean) ** 2
    lags = int(3.0 * math.sqrt(n) / 13.0)
    for lag in range(1, lags + 1):
        total = 0.0
        for t in range(lag, n):
            total += (w[t] - mean) * (w[t - lag] - mean)
        power += 2.0 * total * (1.0 - lag / (lags + 1.0))
    return walk_power / (n * power) if power > 0.0 else 0.0


@compiled
def same(w: np.ndarray, n: int) -> bool:
    """True where w[:n] does not vary beyond rounding (figures are of the order of 1)."""
    low, high = w[0], w[0]
    for t in range(1, n):
        low = min(low, w[t])
        high = max(high, w[t])
    return high - low <= 1e-12


@compiled
def difference(w: np.ndarray, n: int, lag: int) -> int:
    """w[:n] replaced by w[t + lag] - w[t]; the length left."""
    for t in range(n - lag):
        w[t] = w[t + lag] - w[t]
    return n - lag


@compiled
def differenced(y: np.ndarray, plain: int, seasonal: int, w: np.ndarray) -> int:
    """w: y (n,) after `seasonal` differences at lag 4 and `plain` ones at lag 1; its length. w: (>= n,)."""
    n = len(y)
    for t in range(n):
        w[t] = y[t]
    for _ in range(seasonal):
        n = difference(w, n, SEASON)
    for _ in range(plain):
        n = difference(w, n, 1)
    return n
