"""Scores of forecasts against outcomes. Arrays in, numbers out; where the pairs come from is the backtest's subject."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def mae(actual: np.ndarray, median: np.ndarray) -> float:
    """Mean absolute error, in the unit of the figures."""
    return float(np.mean(np.abs(actual - median)))


def bias(actual: np.ndarray, median: np.ndarray) -> float:
    """Mean of forecast - outcome, in the unit of the figures: above 0 the forecast was too high."""
    return float(np.mean(median - actual))


def mase(actual: np.ndarray, median: np.ndarray, scale: np.ndarray) -> float:
    """Mean of absolute errors, each divided by its own scale; pairs whose scale is 0 are left out.

    Hyndman and Koehler (2006), Another look at measures of forecast accuracy, eq. 5: scale = in-sample mean absolute
    error of the naive method. NaN where no scale is above 0.
    """
    usable = scale > 0
    return float(np.mean(np.abs(actual - median)[usable] / scale[usable])) if usable.any() else float("nan")


def weighted_interval_score(
    actual: np.ndarray, median: np.ndarray, intervals: Mapping[float, tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Weighted interval score of each pair; intervals: nominal coverage -> (low, high), shapes (n,).

    Bracher et al. (2021), Evaluating epidemic forecasts in an interval format, eq. 1, with w0 = 1/2, wk = alpha_k / 2.
    """
    total = 0.5 * np.abs(actual - median)
    for nominal, (low, high) in intervals.items():
        alpha = 1 - nominal
        outside = (low - actual) * (actual < low) + (actual - high) * (actual > high)
        total = total + alpha / 2 * ((high - low) + 2 / alpha * outside)
    return np.asarray(total / (len(intervals) + 0.5))


def scaled_wis(
    actual: np.ndarray,
    median: np.ndarray,
    intervals: Mapping[float, tuple[np.ndarray, np.ndarray]],
    scale: np.ndarray,
) -> float:
    """Mean weighted interval score, each pair divided by its scale as in MASE; NaN where no scale is above 0."""
    usable = scale > 0
    score = weighted_interval_score(actual, median, intervals)
    return float(np.mean(score[usable] / scale[usable])) if usable.any() else float("nan")


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of outcomes inside [low, high], 0 to 1."""
    return float(np.mean((actual >= low) & (actual <= high)))


def skill(score: float, reference: float) -> float:
    """1 - score / reference: above 0 better than the reference; 0 where both are 0, NaN where the reference alone
    is.
    """
    if reference == 0:
        return 0.0 if score == 0 else float("nan")
    return 1 - score / reference
