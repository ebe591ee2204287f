"""Reference members: the last value, and the value of the same quarter a year before. Nothing is fitted here."""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled
from forecasts.members.base import DEFAULT_RELATIVE_CHANGE
from forecasts.members.compiled import Compiled

SEASON = 4


@compiled
def quarterly_deviation(y: np.ndarray) -> float:
    """Standard deviation of a random walk's quarterly step: mean absolute change per sqrt(quarter) x sqrt(pi / 2).

    With fewer than two figures DEFAULT_RELATIVE_CHANGE of the level takes the place of the change.
    """
    total, count, last = 0.0, 0, -1
    for t in range(len(y)):
        if np.isnan(y[t]):
            continue
        if last >= 0:
            total += abs(y[t] - y[last]) / np.sqrt(t - last)
            count += 1
        last = t
    change = total / count if count else DEFAULT_RELATIVE_CHANGE * abs(y[last])
    return change * np.sqrt(np.pi / 2)


@compiled
def naive_kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The last value, with random-walk deviations (Hyndman and Athanasopoulos, Forecasting: principles and practice,
    5.2). See forecasts.members.compiled.
    """
    count = len(offsets) - 1
    median, deviation = np.zeros((count, horizon)), np.zeros((count, horizon))
    status = np.zeros(count, dtype=np.int64)
    for i in range(count):
        y = flat[offsets[i] : offsets[i + 1]]
        if not len(y):
            status[i] = 1
            continue
        step = quarterly_deviation(y)
        for h in range(horizon):
            median[i, h] = y[-1]
            deviation[i, h] = step * np.sqrt(h + 1.0)
    return median, deviation, status


@compiled
def seasonal_kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The last value of the same quarter; status: 1 + the quarters of a year seen, where one is missing."""
    count = len(offsets) - 1
    median, deviation = np.zeros((count, horizon)), np.zeros((count, horizon))
    status = np.zeros(count, dtype=np.int64)
    year = np.empty(SEASON)
    for i in range(count):
        y = flat[offsets[i] : offsets[i + 1]]
        n = len(y)
        year[:] = np.nan
        for t in range(n):
            if not np.isnan(y[t]):
                year[(t - n) % SEASON] = y[t]
        seen = 0
        for q in range(SEASON):
            seen += 0 if np.isnan(year[q]) else 1
        if seen < SEASON:
            status[i] = 1 + seen
            continue
        step = quarterly_deviation(y)
        for h in range(horizon):
            median[i, h] = year[h % SEASON]
            deviation[i, h] = step * np.sqrt(SEASON * (h // SEASON + 1.0))
    return median, deviation, status


NAIVE = Compiled("naive", naive_kernel, {1: "no figure in the series"})
SEASONAL_NAIVE = Compiled(
    "seasonal_naive",
    seasonal_kernel,
    {1 + seen: f"figures in {seen} of the 4 quarters of a year, 4 needed" for seen in range(SEASON)},
)
