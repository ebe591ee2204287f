"""Members whose fits are compiled with numba: ragged arrays in, paths out, one kernel call for a whole panel.

Belongs here: the way from a panel to the arrays that a kernel reads and from its arrays to an Answer. The models are in
the modules beside this one, one family each.

A kernel is `kernel(flat, offsets, horizon) -> (median, deviation, status)`. flat: float64, the figures of all series
one behind the other, series i at flat[offsets[i]:offsets[i + 1]], each divided by its largest magnitude (so |y| <= 1),
NaN in a gap, first and last figure present, possibly empty. median, deviation: (series, horizon), deviation the
standard deviation of the error h quarters ahead (NaN where the family has none). status: (series,), 0 where the series
was fitted, else a key of the member's `reasons`. Kernels are `compiled` (forecasts.compiling), sequential and free of
global state, and but for those that learn from the whole panel treat each series alone, so the bits of an answer do not
depend on neighbours, threads or chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

import numpy as np

from forecasts.members.base import Answer, last_value, mean_change
from forecasts.panel import Panel

Kernel = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray, np.ndarray]]

NOT_FINITE = "the fit did not give finite figures"


class Compiled:
    """A member behind a kernel. reasons: status code -> why the last value stands instead."""

    def __init__(self, name: str, kernel: Kernel, reasons: Mapping[int, str], separate: bool = True) -> None:
        self.name, self.kernel, self.reasons, self.separate = name, kernel, dict(reasons), separate

    def answer(self, panel: Panel, horizon: int, levels: Sequence[float] = (), seed: int = 0) -> Answer:
        """See forecasts.members.base.Member. Quantiles are normal, with the kernel's deviation."""
        flat, offsets, tops = panel.figures
        median, deviation, status = self.kernel(flat, offsets, horizon)
        lost = (status != 0) | ~np.isfinite(median).all(axis=1)
        unknown = ~lost & ~np.isfinite(deviation).all(axis=1) if len(levels) else np.zeros(len(panel), dtype=bool)
        for at in np.flatnonzero(unknown):
            change = mean_change(flat[offsets[at] : offsets[at + 1]])
            deviation[at] = change * np.sqrt(np.pi / 2) * np.sqrt(np.arange(1.0, horizon + 1))
        normal = np.array([NormalDist().inv_cdf(level) for level in levels])
        with np.errstate(over="ignore", invalid="ignore"):
            wide = panel.bounded((median[:, :, None] + deviation[:, :, None] * normal) * tops[:, None, None])
            median = panel.bounded(median * tops[:, None])
        reasons = [""] * len(panel)
        for at in np.flatnonzero(lost):
            reasons[at] = self.reasons[int(status[at])] if status[at] else NOT_FINITE
            median[at], wide[at] = last_value(panel.series[at], horizon, levels)
        return Answer(median, wide, tuple(reasons))
