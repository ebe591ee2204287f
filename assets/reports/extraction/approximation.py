"""The range an approximate figure of a table or a template may lie in, by the widths prose uses."""

from __future__ import annotations

from assets.reports.extraction.quantities import hedge_range

_SIDES = {"": (-1.0, 1.0), "low": (0.0, 1.0), "high": (-1.0, 0.0)}


def widen(value: float, unit: str, bound: str = "") -> tuple[float, float]:
    """Low and high end for a hedged value; `bound` is 'low' (more than), 'high' (nearly) or '' (about)."""
    return hedge_range(value, unit, _SIDES[bound])
