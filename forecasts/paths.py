"""Sample paths of capacity and occupancy of series, drawn together.

A path is one possible course of all series together. Shocks are shared: leases of one tenant, and of one government,
leave together, and operators build into the same demand; bands of a sum made of independent series would be too
narrow. Making paths add up is the subject of reconciliation.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from forecasts import rates
from forecasts.calibration import GRID, Calibration
from forecasts.rolling import Rolled

# Share of the variance of a quarter's shock that all series have in common, before there is evidence, and the pairs of
# errors that count like this prior: a dozen operators on different dates hardly show it.
SHARED_SHOCK_SHARE = 0.25
SHARED_PRIOR_PAIRS = 200
LARGEST_SHARE = 0.9
PATHS = 1000
# Pairs of errors that count like the prior of no correlation.
CORRELATION_PRIOR_PAIRS = 50

_NORMAL = NormalDist()
_GRID_NORMAL = np.array([_NORMAL.inv_cdf(level) for level in GRID])


@dataclass(frozen=True)
class Outlook:
    """What a series' paths are drawn from: medians and widths by quarter after its last figure (ordinal `last`), shape
    (reach,). rate_width stands on the bounded scale, in_service_width on the log scale; in_service is None for
    rate-only series.
    """

    unique_id: Hashable
    last: int
    rate: np.ndarray
    rate_width: np.ndarray
    in_service: np.ndarray | None = None
    in_service_width: np.ndarray | None = None


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


@dataclass(frozen=True)
class Spread:
    """Calibrations of capacity and of the rate, the correlation of their errors, and the share of shared shocks."""

    capacity: Calibration
    rate: Calibration
    correlation: float
    shared: float


class Shocks:
    """Shared shocks by calendar quarter: the same for every series, drawn once from the seed, in antithetic pairs."""

    def __init__(self, first: int, last: int, seed: int, paths: int = PATHS) -> None:
        if paths < 2 or paths % 2:
            raise ValueError(f"paths: found {paths}; expected an even number of at least 2 (antithetic pairs).")
        self.first, self.paths, self.seed = first, paths, seed
        self.shared = _antithetic(np.random.default_rng([seed, 0]), (2, paths // 2, last - first + 1))

    def own(self, name: Hashable, horizon: int) -> np.ndarray:
        """Independent standard normal shocks of a series, shape (2, paths, horizon)."""
        hashed = zlib.crc32(str(name).encode())
        return _antithetic(np.random.default_rng([self.seed, 1, hashed]), (2, self.paths // 2, horizon))

    def standard(self, name: Hashable, last: int, horizon: int, share: float) -> np.ndarray:
        """Standard normal courses, shape (2, paths, horizon), a random walk over sqrt(h): shared part and own part.

        Shared shocks are those of the calendar quarters after `last`, so that two series with different last quarters
        meet the same shock in the same quarter.
        """
        start = last + 1 - self.first
        shared = self.shared[:, :, start : start + horizon]
        mixed = np.sqrt(share) * shared + np.sqrt(1 - share) * self.own(name, horizon)
        return np.asarray(np.cumsum(mixed, axis=2) / np.sqrt(np.arange(1, horizon + 1)))


def _antithetic(generator: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    half = generator.standard_normal(shape)
    return np.concatenate([half, -half], axis=1)


def offsets_at(normal: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Calibrated offsets at standard normal values, shape (paths, horizon); offsets (horizon, GRID), ends held."""
    answer = np.empty_like(normal)
    for step in range(normal.shape[1]):
        answer[:, step] = np.interp(normal[:, step], _GRID_NORMAL, offsets[step])
    return answer


def draw(series: Outlook, shocks: Shocks, spread: Spread, lag: int, horizon: int) -> Paths:
    """Paths of a series over `horizon` quarters, the first of them lag + 1 quarters after its last figure: capacity on
    the log scale, the rate on the bounded scale, errors of both correlated; used is their product, so it never exceeds
    what is in service.
    """
    first, second = shocks.standard(series.unique_id, series.last, lag + horizon, spread.shared)[:, :, lag:]
    joined = spread.correlation * first + np.sqrt(1 - spread.correlation**2) * second
    return _at(series, spread, lag, first, joined)


def added(members: Sequence[Paths], weights: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums of members' in-service and used paths, each (paths, horizon), in the order given."""
    in_service = used = np.zeros(0)
    for at, (member, weight) in enumerate(zip(members, weights, strict=True)):
        assert member.in_service is not None
        assert member.used is not None
        in_service = weight * member.in_service if at == 0 else in_service + weight * member.in_service
        used = weight * member.used if at == 0 else used + weight * member.used
    return in_service, used


def _at(series: Outlook, spread: Spread, lag: int, first: np.ndarray, joined: np.ndarray) -> Paths:
    """Paths at standard normal courses of capacity and of the rate, (paths, horizon), lag quarters on."""
    ahead = slice(lag, lag + first.shape[1])
    wide = series.rate_width[ahead] * offsets_at(joined, spread.rate.offsets[ahead])
    wanted = rates.unclipped(rates.to_scale(series.rate[ahead]) + wide)
    held = np.clip(wanted, 0.0, 1.0)
    # A median at 0 or 1 lands on its bound up to rounding; that is no clipping.
    clipped = int((np.abs(wanted - held) > 1e-9).sum())
    if series.in_service is None or series.in_service_width is None:
        return Paths(None, None, held, clipped, held.size)
    grown = np.exp(series.in_service_width[ahead] * offsets_at(first, spread.capacity.offsets[ahead]))
    in_service = series.in_service[ahead] * grown
    return Paths(in_service, np.minimum(held * in_service, in_service), held, clipped, held.size)


def correlation_of(capacity: np.ndarray, rate: np.ndarray) -> float:
    """Rank correlation of capacity and rate errors z of the same origins and horizons, shrunk towards 0.

    capacity, rate: (cuts, horizon), NaN where there is none.
    """
    both = np.isfinite(capacity) & np.isfinite(rate)
    count = int(both.sum())
    if count < 3:
        return 0.0
    if np.ptp(capacity[both]) == 0 or np.ptp(rate[both]) == 0:
        return 0.0
    first, second = (np.argsort(np.argsort(each[both], kind="stable"), kind="stable") for each in (capacity, rate))
    found = float(np.corrcoef(np.vstack([first, second]).astype(float))[0, 1])
    return float(np.clip(found * count / (count + CORRELATION_PRIOR_PAIRS), -0.9, 0.9))


def shared_share(rolled: Rolled, z: np.ndarray, owners: np.ndarray | None = None) -> float:
    """Share of an error's variance that series have in common in the same quarters, shrunk to SHARED_SHOCK_SHARE.

    z: (cuts, horizon) errors in units of width. owners: labels (cuts,); two series of one owner are no evidence, for
    they are parts of each other (each series its own owner without them). A pair is two series of different owners with
    the same origin quarter and horizon; the share comes from the mean product of their signs (a pair h quarters ahead
    counts 1 / h, since errors overlap): for normal errors of correlation r it is 2 / pi arcsin r (Sheppard), and single
    large errors do not decide.
    """
    labels = np.unique(rolled.of if owners is None else owners.astype(str), return_inverse=True)[1]
    total = pairs = 0.0
    for quarter in np.unique(rolled.period):
        rows = rolled.period == quarter
        for step in range(z.shape[1]):
            known = np.isfinite(z[rows, step])
            own = np.bincount(labels[rows][known], weights=np.sign(z[rows, step][known]))
            size = np.bincount(labels[rows][known])
            pairs += (size.sum() ** 2 - (size**2).sum()) / 2 / (step + 1)
            total += (own.sum() ** 2 - (own**2).sum()) / 2 / (step + 1)
    found = np.sin(np.pi / 2 * total / pairs) if pairs else 0.0
    share = (pairs * found + SHARED_PRIOR_PAIRS * SHARED_SHOCK_SHARE) / (pairs + SHARED_PRIOR_PAIRS)
    return float(np.clip(share, 0, LARGEST_SHARE))


def quantiles(paths: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Quantiles over paths, shape (horizon, levels), ascending."""
    return np.asarray(np.quantile(paths, list(levels), axis=0).T)


def below(rate: np.ndarray, threshold: float) -> np.ndarray:
    """P(rate < threshold) by horizon, shape (horizon,), from paths (paths, horizon)."""
    return np.asarray((rate < threshold).mean(axis=0))
