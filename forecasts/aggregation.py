"""Sample paths of capacity and occupancy, and sums over series within one unit, per path.

A path is one possible course of all series together. Shocks are shared: leases of one tenant, and of one
government, leave together, and operators build into the same demand; bands of a sum made of independent series
would be too narrow. Rates of a sum are divided per path, so that a total is a capacity-weighted rate and its
quantiles stay in [0, 1].
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasts import rates
from forecasts.calibration import Calibration

# Share of the variance of a quarter's shock that all series have in common: an analyst prior, since a dozen
# operators on
# different dates can't show it.
SHARED_SHOCK_SHARE = 0.25
# Levels at which a calibrated distribution is laid down for drawing; normal in between.
GRID = tuple(np.round(np.concatenate([[0.005, 0.01, 0.025], np.arange(0.05, 0.951, 0.05), [0.975, 0.99, 0.995]]), 4))
PATHS = 1000
# Pairs of errors that count like the prior of no correlation.
CORRELATION_PRIOR_PAIRS = 50

_GRID_NORMAL = np.array([NormalDist().inv_cdf(level) for level in GRID])


@dataclass(frozen=True)
class Outlook:
    """What a series' paths are drawn from: medians by horizon, shape (horizon,), and scales; last: quarter ordinal.

    in_service is None for rate-only series. Offsets of the calibrations stand at GRID.
    """

    unique_id: Hashable
    last: int
    rate: np.ndarray
    rate_width: float
    in_service: np.ndarray | None = None
    in_service_width: float = 0.0


@dataclass(frozen=True)
class Paths:
    """in_service and used: shape (paths, horizon), one unit, used <= in_service (None for rate-only series); rate
    alike.

    clipped: draws in which the rate had to be held in [0, 1], of draws in all.
    """

    in_service: np.ndarray | None
    used: np.ndarray | None
    rate: np.ndarray
    clipped: int
    draws: int


class Shocks:
    """Shared shocks by calendar quarter: the same for every series, drawn once from the seed, in antithetic pairs."""

    def __init__(self, first: int, last: int, seed: int, paths: int = PATHS) -> None:
        if paths < 2 or paths % 2:
            raise ValueError(f"paths: found {paths}; expected an even number of at least 2 (antithetic pairs).")
        self.first, self.paths, self.seed = first, paths, seed
        self.shared = _antithetic(np.random.default_rng([seed, 0]), (2, paths // 2, last - first + 1))

    def standard(self, series: Outlook, horizon: int, share: float) -> np.ndarray:
        """Standard normal courses, shape (2, paths, horizon), a random walk over sqrt(h): shared part and own part.

        Shared shocks are those of the calendar quarters after the series' last figure, so that two series with
        different last quarters meet the same shock in the same quarter.
        """
        name = zlib.crc32(str(series.unique_id).encode())
        own = _antithetic(np.random.default_rng([self.seed, 1, name]), (2, self.paths // 2, horizon))
        start = series.last + 1 - self.first
        mixed = np.sqrt(share) * self.shared[:, :, start : start + horizon] + np.sqrt(1 - share) * own
        return np.asarray(np.cumsum(mixed, axis=2) / np.sqrt(np.arange(1, horizon + 1)))


def _antithetic(generator: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    half = generator.standard_normal(shape)
    return np.concatenate([half, -half], axis=1)


def offsets_at(normal: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Calibrated offsets at standard normal values, shape (paths, horizon); calibration at GRID, ends held."""
    answer = np.empty_like(normal)
    for step in range(normal.shape[1]):
        answer[:, step] = np.interp(normal[:, step], _GRID_NORMAL, calibration.offsets[step])
    return answer


def draw(
    series: Outlook,
    shocks: Shocks,
    capacity: Calibration,
    rate: Calibration,
    correlation: float,
    share: float = SHARED_SHOCK_SHARE,
) -> Paths:
    """Paths of a series: capacity on the log scale, the rate on the bounded scale, joined by `correlation`; used is
    their product, so it never exceeds what is in service.
    """
    horizon = len(series.rate)
    first, second = shocks.standard(series, horizon, share)
    joined = correlation * first + np.sqrt(1 - correlation**2) * second
    wanted = rates.unclipped(rates.to_scale(series.rate) + series.rate_width * offsets_at(joined, rate))
    held = np.clip(wanted, 0.0, 1.0)
    # A median at 0 or 1 lands on its bound up to rounding; that is no clipping.
    clipped = int((np.abs(wanted - held) > 1e-9).sum())
    if series.in_service is None:
        return Paths(None, None, held, clipped, held.size)
    in_service = series.in_service * np.exp(series.in_service_width * offsets_at(first, capacity))
    return Paths(in_service, np.minimum(held * in_service, in_service), held, clipped, held.size)


def correlation_of(capacity: pd.DataFrame, rate: pd.DataFrame) -> float:
    """Rank correlation of capacity and rate errors of the same series, origin and horizon, shrunk towards 0."""
    both = capacity.merge(rate, on=["series", "origin", "horizon"], suffixes=("_capacity", "_rate"))
    if len(both) < 3:
        return 0.0
    ranks = both[["z_capacity", "z_rate"]].rank()
    if (ranks.std() == 0).any():
        return 0.0
    found = float(np.corrcoef(ranks.to_numpy().T)[0, 1])
    return float(np.clip(found * len(both) / (len(both) + CORRELATION_PRIOR_PAIRS), -0.9, 0.9))


class Sum:
    """A running sum of members' paths in one unit; members are added one by one, so memory does not grow with them."""

    def __init__(self, paths: int, horizon: int) -> None:
        self.in_service = np.zeros((paths, horizon))
        self.used = np.zeros((paths, horizon))
        self.members = 0

    def add(self, member: Paths, lag: int, weight: float = 1.0) -> None:
        """Add weight x the member's paths; lag: quarters between its last figure and the sum's origin (bridged)."""
        assert member.in_service is not None
        assert member.used is not None
        ahead = slice(lag, lag + self.used.shape[1])
        self.in_service += weight * member.in_service[:, ahead]
        self.used += weight * member.used[:, ahead]
        self.members += 1

    @property
    def rate(self) -> np.ndarray:
        """Used / in service per path, 0 to 1; 0 where nothing is in service."""
        safe = np.where(self.in_service > 0, self.in_service, 1.0)
        return np.clip(np.where(self.in_service > 0, self.used / safe, 0.0), 0.0, 1.0)


def quantiles(paths: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Quantiles over paths, shape (horizon, levels), ascending."""
    return np.asarray(np.quantile(paths, list(levels), axis=0).T)


def below(rate: np.ndarray, threshold: float) -> np.ndarray:
    """P(rate < threshold) by horizon, shape (horizon,), from paths (paths, horizon)."""
    return np.asarray((rate < threshold).mean(axis=0))
