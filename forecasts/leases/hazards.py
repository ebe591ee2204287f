"""Renewal at expiry and early ends, learnt from a portfolio's own events and shrunk to stated priors.

Belongs here: which coefficients have which prior, and the tables of sizes, terms and delays that events draw from. Not
here: the arithmetic (pooling.py), new leases (demand.py).

Renewal is a logistic regression over expiries, early ends a Poisson regression over lease-quarters: a discrete-time
hazard with its spike at the expiry (Singer & Willett 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.events import AtRisk, Dated, expiries, exposures
from forecasts.leases.features import different, lease_features, one_hot, recency, side_by_side
from forecasts.leases.pooling import Estimate, Halved, logistic, logit, poisson
from forecasts.leases.portfolio import SECTORS
from forecasts.leases.priors import Priors

# Prior spread of a coefficient by the first words of its name, on the logit or log scale: (renewal, early ends).
SPREADS: tuple[tuple[str, float, float], ...] = (
    ("recent.public.us", 1.2, 1.5),
    ("recent.public.mainland", 0.3, 0.5),
    ("recent.private.us", 0.15, 0.2),
    ("recent", 0.15, 0.3),
    ("public.us", 0.3, 0.5),
    ("sector", 0.25, 0.4),
    ("tier", 0.15, 0.2),
    ("stack", 0.15, 0.2),
    ("match", 0.15, 0.2),
    ("size", 0.1, 0.15),
    ("is_renewal", 0.1, 0.15),
    ("has_option", 0.1, 0.15),
    ("operator", 0.2, 0.15),
    ("market", 0.2, 0.2),
)
# First words of the names of the columns of the left half of a design matrix.
LEFT = ("intercept", "sector", "tier", "stack", "public", "recent")
# Slots of the tables from which ratios of size, terms and delays are drawn.
SLOTS = 64
LONGEST_DELAY = 8


@dataclass(frozen=True)
class Hazard:
    """An estimate with the names of its coefficients."""

    names: tuple[str, ...]
    estimate: Estimate


@dataclass(frozen=True)
class Hazards:
    """renewal (logit at expiry) and early (log rate a quarter); size: ratios of MW after a renewal to before, (SLOTS,)
    ascending, each as likely; terms, new_terms: contract lengths in quarters by sector, (sectors, SLOTS); delay:
    probabilities of 0 .. LONGEST_DELAY quarters of delay of a commencement.
    """

    renewal: Hazard
    early: Hazard
    size: np.ndarray
    terms: np.ndarray
    new_terms: np.ndarray
    delay: np.ndarray


def design(
    leases: pd.DataFrame, hall: pd.DataFrame, recent: np.ndarray, operators: tuple[str, ...], markets: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """lease_features and one column an operator and a market, (n, k), with names."""
    columns = lease_features(leases, hall, recent)
    columns |= one_hot("operator", leases["operator"], operators) | one_hot("market", leases["market"], markets)
    return side_by_side(list(columns.values())), tuple(columns)


def in_halves(matrix: np.ndarray, names: tuple[str, ...], row: np.ndarray, recent: np.ndarray) -> Halved:
    """The design matrix of entries (row: of `matrix`, which holds leases with recency 1; recent: an entry's recency) as
    what few leases differ in (sector, tier, stack, with recency) and the rest: each kind of each is kept once.
    """
    left = np.array([name.startswith(LEFT) for name in names])
    ageing = np.array([name.startswith("recent") for name in names])[left]
    halves = matrix[:, left], matrix[:, ~left]
    (kind, first), (rest, first_rest) = (different(half) for half in halves)
    kinds, others = halves[0][first], halves[1][first_rest]
    ages, age = np.unique(recent, return_inverse=True)
    factor = np.where(ageing, ages[:, None], 1.0)
    both = (kinds[:, None, :] * factor[None, :, :]).reshape(-1, int(left.sum()))
    of_left = kind[row] * len(ages) + age
    return Halved(of_left.astype(np.int32), rest[row].astype(np.int32), both, others, left)


def learn_hazards(
    dates: Dated, hall: pd.DataFrame, operators: tuple[str, ...], markets: tuple[str, ...], priors: Priors
) -> Hazards:
    """Everything that is learnt of leases that are there. hall: facility_id, mainland, us, dual, unknown (let_to)."""
    came = expiries(dates)
    matrix, names = design(came, hall, np.ones(len(came)), operators, markets)
    halves = in_halves(matrix, names, np.arange(len(came)), recency(came["quarter"].to_numpy(), dates.now))
    mean, sd = _prior(names, logit(priors.renewal), priors.renewal_sd, 0)
    ones = np.ones(len(came))
    renewal = Hazard(names, logistic(halves, came["success"].to_numpy(dtype=float), ones, mean, sd))
    del matrix, halves
    risk = exposures(dates)
    if not dates.tells_early:
        risk = AtRisk(risk.row[:0], risk.exposure[:0], risk.count[:0], risk.quarter[:0])
    met, row = np.unique(risk.row, return_inverse=True)
    matrix, names = design(dates.leases.iloc[met], hall, np.ones(len(met)), operators, markets)
    halves = in_halves(matrix, names, row, recency(risk.quarter, dates.now))
    del matrix
    mean, sd = _prior(names, float(np.log(priors.early_exit)), priors.early_exit_sd, 1)
    early = Hazard(names, poisson(halves, risk.count, risk.exposure, np.ones(len(row)), mean, sd))
    leases = dates.leases
    contracts = leases[~leases["early"]]
    return Hazards(
        renewal, early, _sizes(came, priors), _terms(contracts, contracts["is_renewal"].to_numpy()),
        _terms(contracts, ~contracts["is_renewal"].to_numpy()), _delays(leases, dates, priors),
    )  # fmt: skip


def _prior(names: tuple[str, ...], mean: float, sd: float, which: int) -> tuple[np.ndarray, np.ndarray]:
    means = np.zeros(len(names))
    spreads = np.empty(len(names))
    for at, name in enumerate(names):
        if name == "intercept":
            means[at], spreads[at] = mean, sd
        else:
            spreads[at] = next(row[1 + which] for row in SPREADS if name.startswith(row[0]))
    return means, spreads


def _sizes(came: pd.DataFrame, priors: Priors) -> np.ndarray:
    """Quantiles of the ratio of sizes: the portfolio's renewals and the prior's as if they were events."""
    own = (came["mw_after"] / came["mw"])[came["renewed"]].to_numpy(dtype=float)
    weight = np.ones(len(own))
    shrunk, grown = np.linspace(0.35, 0.85, 16), np.linspace(1.05, 1.4, 16)
    same = 1 - priors.shrink - priors.expand
    believed = np.concatenate([shrunk, [1.0], grown])
    parts = np.concatenate([np.full(16, priors.shrink / 16), [same], np.full(16, priors.expand / 16)])
    return quantile_slots(np.concatenate([own, believed]), np.concatenate([weight, parts * priors.size_events]), SLOTS)


def _terms(leases: pd.DataFrame, chosen: np.ndarray) -> np.ndarray:
    """Contract lengths in quarters by sector; a sector's own count fully, those of all sectors together like ten."""
    picked = leases.loc[chosen, ["start_date", "end_date", "sector"]]
    days = (picked["end_date"] - picked["start_date"]).dt.days.to_numpy(dtype=float)
    quarters = np.maximum(np.rint(days / 91.3125), 1)
    # Sorted once: each sector's own sort then finds its order.
    order = np.argsort(quarters, kind="stable")
    quarters = quarters[order]
    sectors = pd.Index(SECTORS).get_indexer(pd.Index(picked["sector"]))[order]
    table = np.empty((len(SECTORS), SLOTS))
    for at in range(len(SECTORS)):
        own = (sectors == at).astype(float)
        weight = own + 10 / max(len(quarters), 1)
        table[at] = quantile_slots(quarters, weight, SLOTS) if len(quarters) else np.full(SLOTS, 20.0)
    return np.rint(table)


def _delays(leases: pd.DataFrame, dates: Dated, priors: Priors) -> np.ndarray:
    """Probabilities of a delay of 0 .. LONGEST_DELAY quarters: commencements against the contract's start."""
    new = leases[~leases["is_renewal"] & (leases["commence_q"] > dates.first) & ~leases["signed"]]
    late = (new["commence_q"] - new["start_q"]).clip(0, LONGEST_DELAY).to_numpy(dtype=int)
    counts = np.bincount(late, minlength=LONGEST_DELAY + 1).astype(float)
    believed = np.zeros(LONGEST_DELAY + 1)
    believed[0] = 1 - priors.delay
    believed[1:] = priors.delay * 0.5 ** np.arange(1, LONGEST_DELAY + 1)
    believed[-1] += 1 - believed.sum()
    counts += believed * priors.delay_events
    return np.asarray(counts / counts.sum())


def quantile_slots(values: np.ndarray, weight: np.ndarray, slots: int) -> np.ndarray:
    """Values at the middles of `slots` equal parts of a weighted distribution, ascending."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    wanted = (np.arange(slots) + 0.5) / slots * reached[-1]
    return np.asarray(values[order][np.minimum(np.searchsorted(reached, wanted), len(values) - 1)], dtype=float)
