"""What is known of a lease, as numbers: the design matrices of the hazards.

Belongs here: which attributes enter, how they are scaled, and the spread a coefficient is expected to have before there
are events (its prior). Not here: fitting (hazards.py).

A recency feature falls by half every RECENT_HALF_LIFE quarters back from today, so that its coefficient is what is
different now: an exodus that is visible for a few quarters moves today's estimate and not the average of six years.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasts.leases.portfolio import SECTORS, TIERS

PUBLIC = ("government", "state_linked")
RECENT_HALF_LIFE = 4.0
# Sizes in MW that stand for their class; log size enters, in units of a factor e.
SIZE_EDGES = (0.3, 0.75, 1.5, 3.0)
_ROWS = 4096
_SIZE_CENTRES = np.log(np.array([0.2, 0.5, 1.0, 2.0, 5.0]))


def soft_stack(leases: pd.DataFrame, hall: pd.DataFrame) -> np.ndarray:
    """Weights on the mainland and the us stack, (n, 2): by recorded stack; of dual by stack_weight_mainland; an unknown
    one by what its hall lets (hall: facility_id, mainland, us, dual, unknown probabilities).
    """
    own = leases["stack"].to_numpy()
    weight = leases["stack_weight_mainland"].fillna(0.5).to_numpy(dtype=float)
    shares = hall.set_index("facility_id")[["mainland", "us"]].reindex(leases["facility_id"]).to_numpy(dtype=float)
    shares = np.nan_to_num(shares, nan=0.0)
    total = shares.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, shares / np.where(total > 0, total, 1), 0.5)
    mainland = np.select([own == "mainland", own == "us", own == "dual"], [1.0, 0.0, weight], default=shares[:, 0])
    return np.column_stack([mainland, 1 - mainland])


def lease_features(leases: pd.DataFrame, hall: pd.DataFrame, recency: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of the design matrix by name, each (n,); recency (n,) is 1 today and falls back in time. leases:
    LEASE_COLUMNS with operator, market, is_renewal.
    """
    stack = soft_stack(leases, hall)
    public = leases["sector"].isin(PUBLIC).to_numpy(dtype=float)
    size = _SIZE_CENTRES[np.searchsorted(SIZE_EDGES, leases["mw"].to_numpy(dtype=float), side="right")]
    columns: dict[str, np.ndarray] = {"intercept": np.ones(len(leases))}
    columns |= one_hot("sector", leases["sector"], SECTORS[:-1])
    columns |= one_hot("tier", leases["sensitivity_tier"], TIERS[:-1])
    columns["stack.us"] = stack[:, 1] - 0.5
    columns["stack.dual"] = (leases["stack"] == "dual").to_numpy(dtype=float)
    columns["match"] = _match(stack, leases, hall)
    columns["size"] = size
    columns["is_renewal"] = leases["is_renewal"].to_numpy(dtype=float)
    columns["has_option"] = (~leases["renewal_options"].fillna("none").isin(["none", ""])).to_numpy(dtype=float)
    columns["public.us"] = public * stack[:, 1]
    columns["recent"] = recency
    columns["recent.public.us"] = recency * public * stack[:, 1]
    columns["recent.public.mainland"] = recency * public * stack[:, 0]
    columns["recent.private.us"] = recency * (1 - public) * stack[:, 1]
    return columns


def one_hot(label: str, column: pd.Series, values: tuple[str, ...]) -> dict[str, np.ndarray]:
    """LABEL.VALUE -> whether a row has the value, (n,) bool, one a value; text is looked at once, not once a value."""
    codes = pd.Index(values).get_indexer(pd.Index(column))
    return {f"{label}.{value}": codes == at for at, value in enumerate(values)}


def side_by_side(columns: list[np.ndarray]) -> np.ndarray:
    """Columns as a matrix of floats, (n, k), filled some rows at a time so that they stay in the processor's cache."""
    matrix = np.empty((len(columns[0]), len(columns)))
    for first in range(0, len(matrix), _ROWS):
        for at, column in enumerate(columns):
            matrix[first : first + _ROWS, at] = column[first : first + _ROWS]
    return matrix


def _match(stack: np.ndarray, leases: pd.DataFrame, hall: pd.DataFrame) -> np.ndarray:
    """How far the hall's other space is of the lease's stack, -0.5 to 0.5."""
    shares = (
        hall.set_index("facility_id")[["mainland", "us", "dual"]].reindex(leases["facility_id"]).to_numpy(dtype=float)
    )
    shares = np.nan_to_num(shares, nan=0.0)
    total = np.maximum(shares.sum(axis=1), 1e-9)
    fit = (stack[:, 0] * (shares[:, 0] + shares[:, 2]) + stack[:, 1] * (shares[:, 1] + shares[:, 2])) / total
    return np.asarray(np.clip(fit, 0, 1) - 0.5)


def recency(quarters: np.ndarray, now: int) -> np.ndarray:
    """1 for this quarter, halved every RECENT_HALF_LIFE quarters before."""
    return np.asarray(0.5 ** (np.maximum(now - quarters, 0) / RECENT_HALF_LIFE))


def different(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of each row among the different ones, (n,), and the first row of each, in order of appearance."""
    if not matrix.shape[1]:
        return np.zeros(len(matrix), dtype=np.int64), np.zeros(1, dtype=np.int64)
    mixer = np.random.default_rng(7).standard_normal(matrix.shape[1])
    index, found = pd.factorize(np.round(matrix @ mixer, 9))
    first = np.empty(len(found), dtype=np.int64)
    first[index[::-1]] = np.arange(len(index))[::-1]
    return index.astype(np.int64), first
