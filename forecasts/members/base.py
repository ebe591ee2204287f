"""The contract of a member model, and what all members share.

A member fits on a panel and returns the median and quantiles for each series and each horizon. It never returns NaN,
never raises for data, and where it cannot fit a series it answers with the last value and names the reason.
tests/forecasts/members/test_contract.py holds every registered member to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np

from forecasts.panel import Panel, Series

LARGEST = np.finfo(float).max / 4

# Mean absolute change a quarter relative to the level, where a series is too short to show its own: the order of
# magnitude of operators' in-service capacity (3 to 6 % a quarter). It only ever widens a band.
DEFAULT_RELATIVE_CHANGE = 0.05


@dataclass(frozen=True)
class Answer:
    """median: shape (series, horizon); quantiles: (series, horizon, levels); reasons: one a series, '' where it
    fitted.
    """

    median: np.ndarray
    quantiles: np.ndarray
    reasons: tuple[str, ...]


class Member(Protocol):
    """A model that can answer a whole panel. `separate`: each series is fitted alone, so a panel may be split."""

    name: str
    separate: bool

    def answer(self, panel: Panel, horizon: int, levels: Sequence[float] = (), seed: int = 0) -> Answer:
        """Median and the quantiles at `levels` (probabilities, ascending) for each series and horizon 1..horizon."""
        ...


def scaled(y: np.ndarray) -> tuple[np.ndarray, float]:
    """y divided by its largest magnitude (1 where all are zero), and that magnitude: squares can then not overflow."""
    top = float(np.nanmax(np.abs(y))) if np.isfinite(y).any() else 0.0
    top = top if top > np.finfo(float).tiny else 1.0
    return y / top, top


def mean_change(y: np.ndarray) -> float:
    """Mean absolute change per sqrt(quarter) over observed figures; NaN with fewer than two of them.

    Over a gap of g quarters a change counts as sqrt(g) changes of one quarter (random-walk scaling).
    """
    seen = np.flatnonzero(~np.isnan(y))
    if len(seen) < 2:
        return float("nan")
    return float(np.mean(np.abs(np.diff(y[seen])) / np.sqrt(np.diff(seen))))


def last_value(series: Series, horizon: int, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The last value held on (horizon,), and normal random-walk quantiles (horizon, levels) round it, both bounded; the
    middle of [0, cap], or 0, for a series without any figure.

    The deviation of one quarter's change is the mean absolute change x sqrt(pi / 2) (normal errors); with fewer than
    two figures DEFAULT_RELATIVE_CHANGE of the level.
    """
    middle = 0.0 if series.cap is None else float(series.cap[-1]) / 2
    median = np.full(horizon, float(series.y[-1]) if len(series.y) else middle)
    unit, top = scaled(series.y if len(series.y) else np.zeros(1))
    change = mean_change(unit)
    if np.isnan(change):
        change = DEFAULT_RELATIVE_CHANGE * float(np.nanmax(np.abs(unit)))
    deviation = change * np.sqrt(np.pi / 2) * np.sqrt(np.arange(1.0, horizon + 1))
    normal = np.array([NormalDist().inv_cdf(level) for level in levels])
    quantiles = (median / top)[:, None] + deviation[:, None] * normal[None, :]
    with np.errstate(over="ignore"):
        quantiles = quantiles * top
    alone = Panel((series,))
    return alone.bounded(median[None])[0], alone.bounded(quantiles[None])[0]
