"""All that is learnt of a portfolio, in one object, and how many events stand behind each estimate.

Belongs here: the order of learning and the report of effective events. Not here: any estimate's own arithmetic.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.demand import Demand, added_before, learn_demand
from forecasts.leases.events import Dated, dated
from forecasts.leases.halls import evidence_shares, let_to
from forecasts.leases.hazards import Hazards, learn_hazards
from forecasts.leases.portfolio import STACKS, Portfolio
from forecasts.leases.priors import Priors


@dataclass(frozen=True)
class Learnt:
    """What simulate.py needs. hall (facilities, 4): P(stack of a new lease); evidence: shares of vacant space; added
    (facilities, SETTLING_QUARTERS): MW delivered lately, oldest quarter first; all in
    order of the portfolio's facilities and of STACKS.
    """

    portfolio: Portfolio
    dates: Dated
    hazards: Hazards
    demand: Demand
    hall: np.ndarray
    evidence: pd.DataFrame
    added: np.ndarray
    operators: tuple[str, ...]
    markets: tuple[str, ...]
    priors: Priors

    @property
    def hall_frame(self) -> pd.DataFrame:
        """`hall` with facility_id, one row a facility."""
        frame = pd.DataFrame(self.hall, columns=list(STACKS))
        return frame.assign(facility_id=self.portfolio.facilities["facility_id"].to_numpy())


def learn(portfolio: Portfolio, shares: pd.DataFrame, priors: Priors) -> Learnt:
    """Learn from a portfolio's history. shares: facility_id, mainland, us, dual, unknown (evidence on a hall's
    stack).
    """
    dates = dated(portfolio)
    operators = tuple(sorted(portfolio.facilities["operator"].dropna().unique()))
    markets = tuple(sorted(portfolio.facilities["market"].fillna("unknown").unique()))
    evidence = evidence_shares(portfolio.facilities, shares)
    hall = let_to(dates, portfolio.facilities, evidence, priors)
    frame = pd.DataFrame(hall, columns=list(STACKS)).assign(facility_id=portfolio.facilities["facility_id"].to_numpy())
    # Neither needs the other; of a large portfolio both take seconds.
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(learn_demand, portfolio, dates, markets, priors)
        hazards = learn_hazards(dates, frame, operators, markets, priors)
        demand = asked.result()
    return Learnt(
        portfolio,
        dates,
        hazards,
        demand,
        hall,
        evidence,
        added_before(portfolio, dates.now),
        operators,
        markets,
        priors,
    )
