"""What a scenario is: shocks on hazards, demand, deliveries and rivals, each with its strength, window and basis.

Belongs here: the shape of a scenario and how strongly a shock meets a lease. Not here: the files (data/scenarios, read
by assets/outlook/scenarios.py), the arithmetic of paths (simulate.py). A shock never scales an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from forecasts.leases.features import soft_stack
from forecasts.leases.portfolio import STACKS

# What a shock may act on, and what its value means.
ACTS_ON: Mapping[str, str] = {
    "renewal_odds": "odds of renewal at expiry are multiplied by the value",
    "renewal_probability": "probability of renewal at expiry is the value",
    "early_end_rate": "rate of early ends is multiplied by the value",
    "early_end_probability": "part of the leases that ends early within the window, evenly over its quarters",
    "moves_share": "part of the MW that leaves and looks for space on `to_stack`",
    "demand": "rate of new leases is multiplied by the value",
    "rival_mw": "vacant MW outside the portfolio that compete for new leases from the window on, rising over it",
    "delivery_delay_quarters": "phases under construction come so many quarters later",
    "delivery_cancelled": "probability that a phase under construction never comes",
    "tenant_leaves": "probability that the largest tenant leaves within the window",
    "tenant_shrinks": "part of its MW that the largest tenant gives up within the window",
}
WHERE = ("sector", "sensitivity_tier", "stack", "market", "operator", "hosts", "complete_below", "largest_tenant_of")
HOSTS_SHARE = 0.3
# A phase is taken to be built over so many quarters before its planned date, evenly.
BUILD_QUARTERS = 8
MULTIPLIERS = ("lock_in", "dual_stack")


@dataclass(frozen=True)
class Shock:
    """One effect. value lies within low and high; basis is a claim's id or analyst_prior.

    where: attribute -> allowed values (any of them), empty for all; stack counts by weight (a dual lease of weight 0.4
    mainland meets a shock on the us stack with 0.6). The effect rises linearly from from_quarter to full_quarter (both
    from 1), and ends after to_quarter (None: stays). outcome: the outcome of the scenario in
    whose paths alone it acts, empty for all.
    """

    shock_id: str
    acts_on: str
    value: float
    low: float
    high: float
    basis: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    from_quarter: int = 1
    full_quarter: int = 1
    to_quarter: int | None = None
    to_stack: str = ""
    eased_by: tuple[str, ...] = ()
    note: str = ""
    outcome: str = ""

    def ramp(self, quarters: int) -> np.ndarray:
        """Strength in quarters 1 .. quarters, (quarters,), 0 to 1."""
        q = np.arange(1, quarters + 1, dtype=float)
        rise = np.clip((q - self.from_quarter + 1) / max(self.full_quarter - self.from_quarter + 1, 1), 0, 1)
        over = q > (self.to_quarter if self.to_quarter is not None else quarters)
        return np.asarray(np.where(over, 0.0, rise))


@dataclass(frozen=True)
class Scenario:
    """A named set of shocks. lock_in (claim C10) and dual_stack (C12), 0 to 1, weaken the shocks that name them: by
    lock_in a lease on the mainland stack is kept there, by dual_stack a tenant with leases on both stacks keeps what it
    has.
    """

    name: str
    title: str
    description: str
    shocks: tuple[Shock, ...] = ()
    lock_in: float = 0.0
    dual_stack: float = 0.0
    outcomes: Mapping[str, float] = field(default_factory=dict)

    def joined(self, *others: Scenario) -> Scenario:
        """This scenario and others acting together; the stronger of each multiplier holds."""
        parts = (self, *others)
        drawn = [part.outcomes for part in parts if part.outcomes]
        if len(drawn) > 1:
            raise ValueError(f"{', '.join(part.name for part in parts)}: at most one of them may have outcomes.")
        return Scenario(
            "+".join(part.name for part in parts), "; ".join(part.title for part in parts),
            " ".join(part.description for part in parts), tuple(shock for part in parts for shock in part.shocks),
            max(part.lock_in for part in parts), max(part.dual_stack for part in parts),
            drawn[0] if drawn else {},
        )  # fmt: skip

    def outcome_of(self, paths: int) -> np.ndarray:
        """Number of the outcome of each path, (paths,), in the order of `outcomes`; all 0 without. Paths take outcomes
        by a sequence of low discrepancy (multiples of the golden ratio; Kronecker), so that few paths hold the
        probabilities closely, a path has the same outcome in every run, and luck does not depend on it.
        """
        if not self.outcomes:
            return np.zeros(paths, dtype=np.int64)
        at = ((np.arange(paths) + 0.5) * 0.6180339887498949) % 1.0
        reached = np.cumsum(list(self.outcomes.values()))
        return np.minimum(np.searchsorted(reached / reached[-1], at, side="right"), len(reached) - 1)

    def with_value(self, shock_id: str, value: float) -> Scenario:
        """The scenario with another value of one shock (for a tornado)."""
        return replace(
            self, shocks=tuple(replace(s, value=value) if s.shock_id == shock_id else s for s in self.shocks)
        )

    def without(self, shock_ids: set[str]) -> Scenario:
        """The scenario without some of its shocks (for a waterfall)."""
        return replace(self, shocks=tuple(s for s in self.shocks if s.shock_id not in shock_ids))


BASE = Scenario("base", "Base", "What the portfolio's own history says, with no shock.")


def strength(shock: Shock, scenario: Scenario, leases: pd.DataFrame, hall: pd.DataFrame) -> np.ndarray:
    """How strongly a shock meets each lease, (n,), 0 to 1 in steps of 0.05.

    leases: LEASE_COLUMNS with operator, market; hall: facility_id, mainland, us, dual, unknown (P of a new lease's
    stack).
    """
    met = np.ones(len(leases))
    where = shock.where
    for name in ("sector", "sensitivity_tier", "market", "operator"):
        if name in where:
            met *= leases[name].isin(where[name]).to_numpy(dtype=float)
    soft = soft_stack(leases, hall)
    if "stack" in where:
        weight = np.zeros(len(leases))
        if "mainland" in where["stack"]:
            weight += soft[:, 0]
        if "us" in where["stack"]:
            weight += soft[:, 1]
        if "dual" in where["stack"]:
            weight = np.where(leases["stack"] == "dual", 1.0, weight)
        if "unknown" in where["stack"]:
            weight = np.where(leases["stack"] == "unknown", 1.0, weight)
        met *= np.clip(weight, 0, 1)
    if "hosts" in where:
        shares = hall.set_index("facility_id")[list(STACKS)].reindex(leases["facility_id"]).fillna(0.0)
        hosting = shares[list(where["hosts"])].sum(axis=1).to_numpy(dtype=float)
        met *= (hosting >= HOSTS_SHARE).astype(float)
    if "largest_tenant_of" in where:
        met *= largest_tenants(leases, where["largest_tenant_of"][0]).astype(float)
    if "lock_in" in shock.eased_by:
        met *= 1 - scenario.lock_in * soft[:, 0]
    if "dual_stack" in shock.eased_by:
        met *= 1 - scenario.dual_stack * has_both(leases).astype(float)
    return np.asarray(np.round(met * 20) / 20)


def largest_tenants(leases: pd.DataFrame, level: str) -> np.ndarray:
    """Whether a lease belongs to the tenant with the most MW in place, of the portfolio (`total`) or of each operator
    or market (`operator`, `market`); (n,) bool.
    """
    placed = leases[leases["in_place"]] if "in_place" in leases else leases
    keys = [level] if level in ("operator", "market") else []
    mw = placed.groupby([*keys, "tenant_id"], sort=True)["mw"].sum()
    if not len(mw):
        return np.zeros(len(leases), dtype=bool)
    if not keys:
        return np.asarray(leases["tenant_id"] == mw.idxmax())
    best = {found[0]: found[1] for found in mw.groupby(level=0).idxmax()}
    return np.asarray(leases["tenant_id"] == leases[level].map(best))


def has_both(leases: pd.DataFrame) -> np.ndarray:
    """Whether a lease's tenant holds leases on both stacks, or a dual one; (n,) bool."""
    by_tenant = (
        leases.assign(
            main=leases["stack"].eq("mainland"), other=leases["stack"].eq("us"), both=leases["stack"].eq("dual")
        )
        .groupby("tenant_id")[["main", "other", "both"]]
        .any()
    )
    held = by_tenant["both"] | (by_tenant["main"] & by_tenant["other"])
    return np.asarray(leases["tenant_id"].map(held).fillna(False), dtype=bool)
