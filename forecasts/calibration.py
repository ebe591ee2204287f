"""Bands from pooled errors at earlier origins: split conformal prediction by horizon on errors in units of width.

An error z = (outcome - forecast) / width of the series at its origin is comparable across series, so errors of all
series are pooled by horizon; a band is the forecast plus width times a quantile of z, each tail for itself. No
member's own interval is used: on short series they hold far less than they say.

Against a shift between the quarters behind the errors and those to come: errors of one origin quarter share their
shocks, and a panel has seen few quarters, so the common part of each origin is taken out before pooling (it says which
way that one quarter went, not how wide bands have to be), and older origins count less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

# Levels at which a calibrated distribution is laid down for drawing; normal in between.
GRID = tuple(
    float(level)
    for level in np.round(np.concatenate([[0.005, 0.01, 0.025], np.arange(0.05, 0.951, 0.05), [0.975, 0.99, 0.995]]), 4)
)
# With this many independent errors at a horizon its own quantile and the one pooled over horizons count alike; likewise
# the pooled one and what is typical of public panels.
SHRINKAGE_ERRORS = 20
# A year further back counts this much less.
YEAR_WEIGHT = 0.75
# The common part of an origin is taken out in full only where many series show it.
COMMON_SERIES = 20
FEWEST_COMMON = 5
# An error of more widths than this shows that its width was wrong, not how far errors go.
LARGEST_ERROR = 100.0
# Typical quantiles of z: those of a normal variable of this deviation, stretched in the tails as z itself is.
TYPICAL_DEVIATION = 1.5
TYPICAL_STRETCH = 0.12

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Calibration:
    """offsets: shape (horizon, levels), in units of a series' width; evidence: independent errors behind each
    horizon.
    """

    levels: tuple[float, ...]
    offsets: np.ndarray
    evidence: np.ndarray

    def at(self, level: float) -> np.ndarray:
        """Offsets of one level, shape (horizon,)."""
        return np.asarray(self.offsets[:, self.levels.index(level)])


def typical(level: float) -> float:
    """The quantile of z where a panel has no errors of its own: normal, with heavier tails (a stretched normal)."""
    normal = _NORMAL.inv_cdf(level)
    return TYPICAL_DEVIATION * normal * (1 + TYPICAL_STRETCH * normal * normal / 2)


def calibrate(
    z: np.ndarray,
    of: np.ndarray,
    period: np.ndarray,
    back: np.ndarray,
    levels: Sequence[float] = GRID,
    horizon: int | None = None,
) -> Calibration:
    """Offsets from errors z (cuts, steps), NaN where there is none. of: series of each cut; period: cuts with the same
    label share their shocks; back: quarters since the origin (all shape (cuts,)). horizon: how many to answer,
    steps by default; those beyond steps take what is pooled over all.

    By horizon and level: the weighted quantile of the errors, shrunk towards the quantile pooled over horizons with
    weight n / (n + SHRINKAGE_ERRORS), and that towards the typical one. Overlapping origins are not independent: n is
    the larger of the number of series and errors / h. A level in a tail that n errors cannot show is taken from what
    it is shrunk to. Lower levels stay at or below zero, upper ones at or above, so that the forecast is inside its own
    bands, and levels ascend.
    """
    steps = z.shape[1]
    horizon = steps if horizon is None else horizon
    z = np.clip(z, -LARGEST_ERROR, LARGEST_ERROR)
    centred = z.copy()
    for label in np.unique(period):
        rows = period == label
        for h in range(steps):
            own = z[rows, h]
            own = own[np.isfinite(own)]
            if len(own) >= FEWEST_COMMON:
                centred[rows, h] -= np.median(own) * len(own) / (len(own) + COMMON_SERIES)
    weight = np.repeat(YEAR_WEIGHT ** (back / 4.0), steps).reshape(z.shape)
    known = np.isfinite(centred)
    offsets = np.zeros((horizon, len(levels)))
    evidence = np.zeros(horizon)
    series = len(np.unique(of[known.any(axis=1)])) if len(z) else 0
    reach = (np.arange(steps) + 1.0)[None, :]
    whole = max(float(series), float((known / reach).sum()) / steps) if known.any() else 0.0
    pooled = np.array([typical(level) for level in levels])
    if known.any():
        pooled = _shrunk(_quantiles(centred[known], weight[known], levels, whole), pooled, whole)
    for h in range(horizon):
        here = known[:, h] if h < steps else np.zeros(len(z), dtype=bool)
        if here.any():
            evidence[h] = max(len(np.unique(of[here])), int(here.sum()) / (h + 1))
        own = _quantiles(centred[here, h], weight[here, h], levels, evidence[h]) if here.any() else pooled
        offsets[h] = _shrunk(own, pooled, evidence[h])
    middle = np.asarray(levels)
    offsets = np.where(middle < 0.5, np.minimum(offsets, 0), np.where(middle > 0.5, np.maximum(offsets, 0), 0.0))
    return Calibration(tuple(levels), np.sort(offsets, axis=1), evidence)


def _shrunk(own: np.ndarray, towards: np.ndarray, evidence: float) -> np.ndarray:
    share = evidence / (evidence + SHRINKAGE_ERRORS)
    return np.where(np.isnan(own), towards, share * np.nan_to_num(own) + (1 - share) * towards)


def _quantiles(z: np.ndarray, weight: np.ndarray, levels: Sequence[float], evidence: float) -> np.ndarray:
    """Weighted quantiles of the errors, shape (levels,); NaN where fewer than half an independent error lies beyond a
    level, 0 at the median, which is the forecast. Weights as in Barber et al. (2023), Conformal prediction beyond
    exchangeability.
    """
    order = np.lexsort((weight, z))
    ordered, held = z[order], weight[order]
    reached = (np.cumsum(held) - 0.5 * held) / held.sum()
    asked = np.asarray(levels)
    found = np.interp(asked, reached, ordered)
    found[np.minimum(asked, 1 - asked) * evidence < 0.5] = np.nan
    found[asked == 0.5] = 0.0
    return found


def bands(median: np.ndarray, width: np.ndarray, calibration: Calibration, levels: Sequence[float]) -> np.ndarray:
    """Quantiles (series, horizon, levels) before they are bounded: median + width x offset."""
    columns = [calibration.levels.index(level) for level in levels]
    with np.errstate(over="ignore"):
        return np.asarray(median[:, :, None] + width[:, :, None] * calibration.offsets[: median.shape[1], columns])
