"""Bands from pooled rolling-origin errors: split conformal prediction by horizon, with scales and shrinkage.

An error z = (outcome - forecast) / scale of the series at its origin is comparable across series, so errors of all
series are pooled by horizon; a band is the forecast plus scale times a quantile of z, each tail for itself. No
member's own interval is used: on short series they hold far less than they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasts.members.base import DEFAULT_RELATIVE_CHANGE, bounded, mean_change, scaled
from forecasts.panel import Panel, Series

# With this many errors at a horizon its own quantile and the one pooled over horizons count alike.
SHRINKAGE_ERRORS = 20
# Below this much independent evidence a band may not narrow with the horizon.
THIN_EVIDENCE = 100
# A series' own mean change counts like this many changes of the panel.
SHRINKAGE_CHANGES = 4

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Calibration:
    """offsets: shape (horizon, levels), in units of a series' scale; evidence: independent errors behind each
    horizon.
    """

    levels: tuple[float, ...]
    offsets: np.ndarray
    evidence: np.ndarray


def panel_scales(panel: Panel, relative: bool = True) -> np.ndarray:
    """Scale of each series, shape (series,): mean absolute change a quarter, shrunk towards the panel's relative
    change.

    scale = (n own + k typical x level) / (n + k), with n changes, k = SHRINKAGE_CHANGES, level the mean magnitude and
    typical the panel's median of own / level: a series of three figures can't know its own change. Only the figures
    given count, so a panel cut at an origin has no look-ahead. relative=False: on a transformed scale (log, logit)
    changes are comparable as they are, and the level is 1.
    """
    own, level, count = np.empty(len(panel)), np.empty(len(panel)), np.empty(len(panel))
    tops = np.ones(len(panel))
    for position, series in enumerate(panel):
        unit, tops[position] = scaled(series.y)
        own[position] = mean_change(unit)
        magnitude = np.nanmean(np.abs(unit)) if len(unit) else 0.0
        level[position] = magnitude if relative else 1 / tops[position]
        count[position] = max(len(series.observed) - 1, 0)
    known = (count > 0) & (level > 0)
    typical = float(np.median(own[known] / level[known])) if known.any() else 0.0
    typical = typical if typical > 0 else DEFAULT_RELATIVE_CHANGE
    shrunk = (count * np.nan_to_num(own) + SHRINKAGE_CHANGES * typical * level) / (count + SHRINKAGE_CHANGES)
    return shrunk * tops


def calibrate(errors: pd.DataFrame, horizon: int, levels: Sequence[float]) -> Calibration:
    """Offsets from pooled errors; errors: series, horizon (1..), z (scaled outcome - forecast); may be empty.

    By horizon and level: the empirical quantile at the finite-sample corrected level (conformal_quantile), shrunk
    towards the quantile of z / sqrt(h) pooled over horizons times sqrt(h) with weight n / (n + SHRINKAGE_ERRORS).
    Overlapping origins are not independent: evidence is the larger of the number of series and n / h. Horizons
    without errors take the pooled shape; without any error at all the normal random walk in units of the scale.
    Where evidence is thin, offsets do not come back towards zero as the horizon grows. Lower levels stay at or below
    zero, upper ones at or above, so that the forecast is inside its own bands.
    """
    by_horizon = dict(iter(errors.groupby("horizon"))) if len(errors) else {}
    pooled = np.sort((errors["z"] / np.sqrt(errors["horizon"])).to_numpy(dtype=float)) if len(errors) else np.empty(0)
    pooled_evidence = _independent(errors, 1) if len(errors) else 0.0
    offsets = np.zeros((horizon, len(levels)))
    evidence = np.zeros(horizon)
    for h in range(1, horizon + 1):
        group = by_horizon.get(h)
        z = np.empty(0) if group is None else np.sort(group["z"].to_numpy(dtype=float))
        evidence[h - 1] = 0.0 if group is None else _independent(group, h)
        weight = len(z) / (len(z) + SHRINKAGE_ERRORS)
        for column, level in enumerate(levels):
            shape = conformal_quantile(pooled, level, pooled_evidence) * np.sqrt(h)
            own = conformal_quantile(z, level, evidence[h - 1]) if len(z) else 0.0
            offsets[h - 1, column] = weight * own + (1 - weight) * shape
    middle = np.asarray(levels)
    offsets = np.where(middle < 0.5, np.minimum(offsets, 0), np.where(middle > 0.5, np.maximum(offsets, 0), 0.0))
    for h in range(1, horizon):
        if evidence[h] < THIN_EVIDENCE:
            farther = np.abs(offsets[h]) < np.abs(offsets[h - 1])
            offsets[h] = np.where(farther, offsets[h - 1], offsets[h])
    return Calibration(tuple(levels), _ordered(offsets), evidence)


def conformal_quantile(ordered: np.ndarray, level: float, evidence: float) -> float:
    """Quantile of ascending errors at a level corrected for finite evidence; NORMAL random-walk quantile without
    errors.

    One tail of split conformal prediction (Vovk et al., 2005; Lei et al., 2018, Distribution-free predictive inference
    for regression): the upper level p becomes p (1 + 1 / n). Where that passes 1 the sample cannot show the
    quantile: its extreme is stretched by the ratio of normal quantiles at p and at n / (n + 1). Lower tails mirror.
    The normal case has deviation sqrt(pi / 2), that of a variable with mean absolute value 1.
    """
    if level == 0.5:
        return 0.0
    if level < 0.5:
        return -conformal_quantile(-ordered[::-1], 1 - level, evidence)
    if not len(ordered):
        return float(np.sqrt(np.pi / 2) * _NORMAL.inv_cdf(level))
    corrected = level * (1 + 1 / max(evidence, 1.0))
    if corrected <= 1:
        return float(np.quantile(ordered, corrected))
    seen = max(evidence / (evidence + 1), 0.6)
    return float(ordered[-1] * max(_NORMAL.inv_cdf(level) / _NORMAL.inv_cdf(seen), 1.0))


def _independent(errors: pd.DataFrame, horizon: int) -> float:
    return float(max(errors["series"].nunique(), len(errors) / horizon))


def _ordered(offsets: np.ndarray) -> np.ndarray:
    """Levels ascending in every row, so that bands never cross."""
    return np.sort(offsets, axis=1)


def bands(panel: Panel, median: np.ndarray, scales: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Quantiles, shape (series, horizon, levels): median + scale x offset, bounded as the members are, never
    crossing.
    """
    horizon = median.shape[1]
    answer = np.empty((*median.shape, len(calibration.levels)))
    for position, series in enumerate(panel):
        answer[position] = one_band(series, median[position], scales[position], calibration, horizon)
    return answer


def one_band(series: Series, median: np.ndarray, scale: float, calibration: Calibration, horizon: int) -> np.ndarray:
    """Quantiles of one series, shape (horizon, levels)."""
    with np.errstate(over="ignore"):
        raw = median[:, None] + scale * calibration.offsets
    return bounded(raw, series, horizon)
