"""Reference members: the last value, and the value of the same quarter a year before. Nothing is fitted here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasts.members.base import Answer, collect, last_value, random_walk
from forecasts.panel import Panel, Series

SEASON = 4


class Naive:
    """The last value, with random-walk quantiles (Hyndman and Athanasopoulos, Forecasting: principles and practice,
    5.2).
    """

    name = "naive"
    separate = False

    def answer(self, panel: Panel, horizon: int, levels: Sequence[float] = (), seed: int = 0) -> Answer:
        """See forecasts.members.base.Member."""
        parts = []
        for series in panel:
            reason = "" if len(series.y) else "no figure in the series"
            parts.append((*last_value(series, horizon, levels), reason))
        return collect(parts, horizon, levels)


class SeasonalNaive:
    """The last value of the same quarter; falls back to the last value with less than a year of figures."""

    name = "seasonal_naive"
    separate = False

    def answer(self, panel: Panel, horizon: int, levels: Sequence[float] = (), seed: int = 0) -> Answer:
        """See forecasts.members.base.Member."""
        return collect([self._one(series, horizon, levels) for series in panel], horizon, levels)

    @staticmethod
    def _one(series: Series, horizon: int, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray, str]:
        n = len(series.y)
        year = np.full(SEASON, np.nan)
        for position in range(n):
            if not np.isnan(series.y[position]):
                year[(position - n) % SEASON] = series.y[position]
        if np.isnan(year).any():
            found = int((~np.isnan(year)).sum())
            return (*last_value(series, horizon, levels), f"figures in {found} of the 4 quarters of a year, 4 needed")
        median = year[np.arange(horizon) % SEASON]
        years = np.ceil(np.arange(1, horizon + 1) / SEASON)
        return (*random_walk(series, median, levels, SEASON * years), "")
