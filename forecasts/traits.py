"""What a series looks like at its end: the numbers by which weights and widths are set. Nothing is fitted here."""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled
from forecasts.gaps import fill
from forecasts.members.base import DEFAULT_RELATIVE_CHANGE, LARGEST
from forecasts.panel import Panel

SEASON = 4
RECENT = 8
# Columns of `describe`.
COUNT, CHANGE, YEAR_CHANGE, RECENT_YEAR_CHANGE, LEVEL, REPEAT, YEAR_REPEAT, DRIFT = range(8)


@compiled
def _lagged(change: np.ndarray, lag: int) -> float:
    """Autocorrelation of quarterly changes at a lag; 0 where nothing moves or too few are there."""
    n = len(change)
    if n <= lag + 1:
        return 0.0
    mean = change.mean()
    up, down = 0.0, 1e-12
    for t in range(n):
        down += (change[t] - mean) ** 2
        if t >= lag:
            up += (change[t] - mean) * (change[t - lag] - mean)
    return up / down


@compiled
def _describe(flat: np.ndarray, offsets: np.ndarray, log_allowed: np.ndarray) -> np.ndarray:
    count = len(offsets) - 1
    answer = np.zeros((count, 8))
    for i in range(count):
        raw = flat[offsets[i] : offsets[i + 1]]
        y = raw.copy()
        n = len(y)
        seen = n - fill(raw, y)
        low = np.inf
        for t in range(n):
            low = min(low, y[t])
        answer[i, COUNT] = seen
        if n == 0:
            continue
        level = 0.0
        for t in range(max(0, n - RECENT), n):
            level += abs(y[t]) / min(n, RECENT)
        change, year, recent, recent_count = 0.0, 0.0, 0.0, 0
        for t in range(1, n):
            change += abs(y[t] - y[t - 1]) / (n - 1)
        for t in range(SEASON, n):
            year += abs(y[t] - y[t - SEASON]) / (n - SEASON)
            if t >= n - RECENT:
                recent += abs(y[t] - y[t - SEASON])
                recent_count += 1
        if n < 2:
            change = DEFAULT_RELATIVE_CHANGE * level
        if n <= SEASON:
            # Independent changes add up to twice one of them over a year.
            year = 2 * change
        answer[i, CHANGE], answer[i, YEAR_CHANGE], answer[i, LEVEL] = change, year, level
        answer[i, RECENT_YEAR_CHANGE] = recent / recent_count if recent_count else year
        if n > 1:
            z = np.log(y) if log_allowed[i] and low > 0 else y
            steps = z[1:] - z[:-1]
            answer[i, REPEAT], answer[i, YEAR_REPEAT] = _lagged(steps, 1), _lagged(steps, SEASON)
            size = np.abs(steps).mean()
            answer[i, DRIFT] = abs(steps.mean()) / (size + 1e-9)
    return answer


def describe(panel: Panel) -> np.ndarray:
    """Shape (series, 8): figures seen; mean absolute change on the quarter and on the year before, the latter also over
    the last two years; mean magnitude of the last two years (all in the unit of the series, gaps filled on straight
    lines); autocorrelation of quarterly changes at lags 1 and 4 and |mean change| / mean |change| (logarithms where
    all figures are positive).
    """
    flat, offsets, tops = panel.figures
    plain = np.array([not one.signed for one in panel], dtype=np.bool_)
    answer = _describe(flat, offsets, plain)
    sizes = [CHANGE, YEAR_CHANGE, RECENT_YEAR_CHANGE, LEVEL]
    with np.errstate(over="ignore"):
        # Figures at both ends of the numbers change by more than a number can say.
        answer[:, sizes] = np.minimum(answer[:, sizes] * tops[:, None], LARGEST)
    return np.asarray(answer)
