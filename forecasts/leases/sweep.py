"""What a sweep varies, and the portfolio with a given share of government where nobody knows the tenants' sector.

Belongs here: one quantity varied over a list of values. Not here: single shocks (scenario.py), ranges of assumptions
around a result (explain.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasts.leases.portfolio import Portfolio
from forecasts.leases.scenario import Scenario

# What a sweep may vary: a shock's value, an assumption by its parameter, or a property of the portfolio.
OVER = ("shock", "assumption", "portfolio")
# Properties of a portfolio that can be varied.
PROPERTIES = ("government_share",)


@dataclass(frozen=True)
class Sweep:
    """over: one of OVER; name: a shock's id, an assumption's parameter or one of PROPERTIES; values in order."""

    over: str
    name: str
    values: tuple[float, ...]


def swept(scenario: Scenario, sweep: Sweep) -> tuple[Scenario, ...]:
    """The scenario once a value, named NAME@value. Only a sweep over a shock changes its shocks: what varies an
    assumption or a portfolio is applied by the caller before learning, here the names alone tell the runs apart.
    """
    runs: list[Scenario] = []
    for value in sweep.values:
        run = scenario.with_value(sweep.name, value) if sweep.over == "shock" else scenario
        runs.append(replace(run, name=f"{scenario.name}@{value:g}"))
    return tuple(runs)


def with_government_share(portfolio: Portfolio, share: float, seed: int = 0) -> Portfolio:
    """The portfolio with tenants of unknown sector taken for government until they hold `share` of that sector's MW.

    A tenant is relabelled with all its leases, since a sector is the tenant's. Tenants come in an order drawn from seed
    and tenant_id alone, so a larger share contains a smaller one and the order of rows does not matter; of all numbers
    of tenants the one whose MW come closest to the share is taken. Tenants with leases that run at as_of or begin later
    are weighed by those; past tenants apart, by all they held. A lease without tenant_id is a tenant of its own.
    Returns the portfolio itself where no sector is unknown. Raises ValueError for a share outside 0 to 1 or
    that is no number.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share {share}: the part of unknown MW that is government lies between 0 and 1.")
    leases = portfolio.leases
    # A sector that is missing is as unknown as one that says so.
    unknown = leases["sector"].isna() | leases["sector"].isin(["unknown", ""])
    if not unknown.any():
        return portfolio
    own = leases["lease_id"].astype(str)
    named = leases["tenant_id"].fillna("").astype(str)
    # The prefix keeps a tenant from being mistaken for a lease of the same id.
    tenant = ("t" + named).where(named != "", "l" + own)
    held = pd.DataFrame({"tenant": tenant, "mw": leases["mw"].astype(float)})[unknown]
    held["runs"] = (leases["end_date"] >= portfolio.as_of)[unknown] | leases["end_date"].isna()[unknown]
    running = held[held["runs"]].groupby("tenant")["mw"].sum()
    past = held[~held["tenant"].isin(running.index)].groupby("tenant")["mw"].sum()
    chosen = set(_first(running, share, seed)) | set(_first(past, share, seed))
    sector = leases["sector"].where(~(unknown & tenant.isin(chosen)), "government")
    return replace(portfolio, leases=leases.assign(sector=sector))


def _first(mw: pd.Series, share: float, seed: int) -> Sequence[str]:
    """Tenants (index of mw) in their drawn order, as many as hold closest to share of the sum."""
    if not len(mw):
        return ()
    drawn = sorted(mw.index, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    reached = np.append(0.0, np.cumsum(mw.reindex(drawn).to_numpy(dtype=float)))
    count = int(np.argmin(np.abs(reached - share * reached[-1])))
    return drawn[:count]
