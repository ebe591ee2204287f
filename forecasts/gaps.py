"""Gaps in a series, filled for models that cannot leave a quarter out. Only kernels fill; panels keep their gaps."""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled

# With more of its quarters missing a series is not filled: the line would be most of what is fitted.
LONGEST_SHARE = 0.2
TOO_MANY = "more than a fifth of the quarters are missing"


@compiled
def fill(y: np.ndarray, out: np.ndarray) -> int:
    """y (n,), first and last figure present, into out (n,) with gaps on straight lines; returns the number of gaps."""
    gaps, last = 0, 0
    for t in range(len(y)):
        out[t] = y[t]
        if np.isnan(y[t]):
            gaps += 1
            continue
        for between in range(last + 1, t):
            out[between] = y[last] + (y[t] - y[last]) * (between - last) / (t - last)
        last = t
    return gaps
