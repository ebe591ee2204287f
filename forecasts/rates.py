"""The bounded scale on which rates are compared and forecast. Nothing but the transform and its inverse."""

from __future__ import annotations

import numpy as np

# Keeps 0 % and 100 % at a finite place: a printed 100.0 % is a real figure.
MARGIN = 0.02


def to_scale(rate: np.ndarray) -> np.ndarray:
    """log((rate + m) / (1 - rate + m)) with m = MARGIN, for rates 0 to 1 (a logit that stays finite at both ends)."""
    held = np.clip(rate, 0.0, 1.0)
    return np.asarray(np.log((held + MARGIN) / (1 - held + MARGIN)))


def unclipped(value: np.ndarray) -> np.ndarray:
    """The inverse before it is held in [0, 1]: between -m and 1 + m."""
    share = 1 / (1 + np.exp(-np.clip(value, -700, 700)))
    return np.asarray(share * (1 + 2 * MARGIN) - MARGIN)


def from_scale(value: np.ndarray) -> np.ndarray:
    """The rate, held in [0, 1]."""
    return np.asarray(np.clip(unclipped(value), 0.0, 1.0))
