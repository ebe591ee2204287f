"""Which stack a hall lets to: its own leases, the evidence on it, and its market's mix, in that order of weight.

Belongs here: probabilities of the stack of a new lease, and of vacant space. Not here: how statements are weighed (they
arrive as shares).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasts.leases.events import Dated
from forecasts.leases.portfolio import STACKS
from forecasts.leases.priors import Priors


def evidence_shares(facilities: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """One row a facility in the order given: facility_id, mainland, us, dual, unknown (fractions, sum 1). Facilities
    without a row in shares are unknown.
    """
    found = shares.set_index("facility_id")[list(STACKS)].reindex(facilities["facility_id"])
    missing = found.isna().all(axis=1)
    found = found.fillna(0.0)
    found.loc[missing, "unknown"] = 1.0
    return found.reset_index()


def let_to(dates: Dated, facilities: pd.DataFrame, evidence: pd.DataFrame, priors: Priors) -> np.ndarray:
    """P(stack of a new lease), (facilities, 4) in order of STACKS: MW in place by recorded stack, plus the evidence
    with priors.hall_weight_mw, plus the market's mix with priors.market_weight_mw.
    """
    leases = dates.leases[dates.leases["in_place"] | dates.leases["signed"]]
    ids = facilities["facility_id"]
    table = leases.pivot_table(index="facility_id", columns="stack", values="mw", aggfunc="sum", fill_value=0.0)
    own = table.reindex(index=ids, columns=list(STACKS)).fillna(0.0).to_numpy(dtype=float)
    markets = facilities["market"].to_numpy()
    mix = np.zeros_like(own)
    everywhere = own.sum(axis=0) + 1.0
    for market in pd.unique(markets):
        here = markets == market
        total = own[here].sum(axis=0) + everywhere / everywhere.sum()
        mix[here] = total / total.sum()
    said = evidence[list(STACKS)].to_numpy(dtype=float)
    # What evidence leaves unknown is no evidence for a lease of unknown stack: the market's mix stands there.
    said = said * np.array([1, 1, 1, 0]) + said[:, 3:] * mix
    weighed = own + priors.hall_weight_mw * said + priors.market_weight_mw * mix
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))
