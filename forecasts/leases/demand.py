"""New leases: how fast vacant space is let, learnt by market from a portfolio's own history.

Belongs here: the rate of new leases, its elasticity to vacancy, their sizes and tenants' sectors, and what is let
before a phase is delivered. Not here: leases that are there already (hazards.py).

The count of new leases of a hall in a quarter is Poisson with mean
    rate(market) * vacant MW of the hall * (vacant MW of the market / its usual vacant MW) ^ (elasticity - 1),
times exp(fresh * share of the vacant space that was delivered in the last year + settling * share of the year before),
so that with an elasticity below 1 halls compete for a demand that does not grow with their vacancy, and new space may
let faster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.events import Dated
from forecasts.leases.hazards import SLOTS, quantile_slots
from forecasts.leases.pooling import Estimate, poisson
from forecasts.leases.portfolio import SECTORS, Portfolio
from forecasts.leases.priors import Priors
from forecasts.panel import quarter_ordinals

# Quarters after which what a market absorbed counts half, among which history itself chooses.
HALF_LIVES = (6.0, 12.0, 24.0, 1e6)
# Quarters for which delivered space counts as fresh, then as settling.
FRESH_QUARTERS, SETTLING_QUARTERS = 4, 8
# Vacant space below this is not let: no lease is smaller.
LEAST_MW = 0.05


@dataclass(frozen=True)
class Demand:
    """Rates by market, what new leases look like, and what is let before delivery.

    markets: names, in order of the coefficients of `rates` (log leases a MW vacant and quarter; the last coefficient
    is elasticity - 1, fresh, settling). usual_mw (markets,): vacancy that the rates refer to. sizes (markets, SLOTS):
    MW of new leases, ascending; sectors (markets, sectors): probabilities of a new tenant's sector. pre_lease: mean
    part of a phase let on its first day. half_life: quarters, as history chose.
    """

    markets: tuple[str, ...]
    rates: Estimate
    usual_mw: np.ndarray
    sizes: np.ndarray
    sectors: np.ndarray
    pre_lease: float
    pre_lease_events: float
    half_life: float


def learn_demand(portfolio: Portfolio, dates: Dated, markets: tuple[str, ...], priors: Priors) -> Demand:
    """Rates, sizes and tenants of new leases by market, from quarters in which space was vacant."""
    history, begins = _grown(portfolio, dates)
    rows = _absorbed(portfolio, history, begins, dates, markets)
    usual = np.array([_usual(rows, at) for at in range(len(markets))])
    design, mean, sd = _design(rows, usual, len(markets), priors)
    age = dates.now - rows["quarter"].to_numpy(dtype=float)
    count, exposure = rows["count"].to_numpy(dtype=float), rows["vacant"].to_numpy(dtype=float)
    half_life = _half_life(design, count, exposure, age, mean, sd)
    rates = _by_market(poisson(design, count, exposure, 0.5 ** (age / half_life), mean, sd), len(markets))
    sizes, sectors = _tenants(dates, markets)
    share, events = _pre_leased(history, dates, begins, priors)
    return Demand(markets, rates, usual, sizes, sectors, share, events, half_life)


def absorbed(portfolio: Portfolio, dates: Dated, markets: tuple[str, ...]) -> pd.DataFrame:
    """What rates are learnt from, one row a hall and quarter: columns as in _absorbed."""
    return _absorbed(portfolio, *_grown(portfolio, dates), dates, markets)


def _grown(portfolio: Portfolio, dates: Dated) -> tuple[pd.DataFrame, np.ndarray]:
    """with_added of the history, and whether each lease begins with a phase, (leases,) bool."""
    if portfolio.history.empty:
        return portfolio.history, np.zeros(len(dates.leases), dtype=bool)
    history = with_added(portfolio.history)
    return history, _begins_with_a_phase(dates.leases, history)


def _absorbed(
    portfolio: Portfolio, history: pd.DataFrame, begins: np.ndarray, dates: Dated, markets: tuple[str, ...]
) -> pd.DataFrame:
    """One row a hall and quarter: quarter, vacant (MW before new leases), count of new leases, market (index),
    market_vacant, fresh and settling (shares of the vacant MW). Leases that begin with a phase are no part of it.
    """
    if history.empty:
        names = ["quarter", "vacant", "count", "market", "market_vacant", "fresh", "settling"]
        return pd.DataFrame(columns=names, dtype=float)
    new = dates.leases[~dates.leases["is_renewal"] & ~begins]
    counted = new.groupby(["facility_id", "commence_q"])["mw"].agg(["size", "sum"]).reset_index()
    counted.columns = pd.Index(["facility_id", "quarter", "count", "came"])
    rows = history[history["is_first"] == 0].merge(counted, on=["facility_id", "quarter"], how="left")
    rows = rows.fillna({"count": 0.0, "came": 0.0})
    rows["vacant"] = (rows["in_service_mw"] - rows["leased_mw"] + rows["came"]).clip(lower=0)
    index = {name: at for at, name in enumerate(markets)}
    sites = portfolio.facilities.set_index("facility_id")["market"].fillna("unknown")
    rows["market"] = rows["facility_id"].map(sites).map(index)
    rows = rows[rows["market"].notna()].astype({"market": int})
    rows["market_vacant"] = rows.groupby(["market", "quarter"])["vacant"].transform("sum")
    rows = rows[rows["vacant"] > LEAST_MW]
    for name in ("fresh", "settling"):
        rows[name] = (rows[f"{name}_mw"] / rows["vacant"]).clip(upper=1)
    return rows


def with_added(history: pd.DataFrame) -> pd.DataFrame:
    """History by facility and quarter (ordinal) with added_mw, fresh_mw (added in the last FRESH_QUARTERS, this one
    included) and settling_mw (in those before, up to SETTLING_QUARTERS). A building that appears after the history's
    first quarter is all new; of one that is there from the start nothing is known before, and is_first is 1 once each.
    """
    rows = history.assign(quarter=quarter_ordinals(history["quarter_end"])).sort_values(["facility_id", "quarter"])
    by_hall = rows.groupby("facility_id")
    rows["is_first"] = (by_hall.cumcount() == 0).astype(int)
    appears = (rows["is_first"] == 1) & (rows["quarter"] > rows["quarter"].min())
    added = by_hall["in_service_mw"].diff().fillna(0.0).clip(lower=0)
    rows["added_mw"] = added.where(~appears, rows["in_service_mw"])
    reached = rows.groupby("facility_id")["added_mw"].cumsum()
    earlier = reached.groupby(rows["facility_id"])
    fresh = reached - earlier.shift(FRESH_QUARTERS).fillna(0.0)
    both = reached - earlier.shift(SETTLING_QUARTERS).fillna(0.0)
    # What a sum up to today and a sum up to then leave of nothing is rounding.
    fresh, settling = (values.where(values > 1e-9, 0.0) for values in (fresh, both - fresh))
    return rows.assign(fresh_mw=fresh, settling_mw=settling)


def added_before(portfolio: Portfolio, now: int) -> np.ndarray:
    """MW delivered in each of the SETTLING_QUARTERS up to quarter `now`, oldest first, (facilities,
    SETTLING_QUARTERS).
    """
    sites = portfolio.facilities
    answer = np.zeros((len(sites), SETTLING_QUARTERS))
    if len(portfolio.history):
        positions = pd.Series(np.arange(len(sites)), index=sites["facility_id"])
        rows = with_added(portfolio.history)
        rows = rows.assign(back=now - rows["quarter"], at=rows["facility_id"].map(positions))
        rows = rows[(rows["back"] >= 0) & (rows["back"] < SETTLING_QUARTERS) & rows["at"].notna()]
        column = SETTLING_QUARTERS - 1 - rows["back"].to_numpy(dtype=int)
        answer[rows["at"].to_numpy(dtype=int), column] = rows["added_mw"]
    return answer


def _begins_with_a_phase(leases: pd.DataFrame, history: pd.DataFrame) -> np.ndarray:
    """Whether a lease commences on the first day of a quarter in which its hall grew, (n,) bool."""
    first_days = leases["commencement_date"].dt.to_period("Q").dt.start_time
    grown = history[history["added_mw"] > LEAST_MW]
    keys = set(zip(grown["facility_id"], grown["quarter"], strict=True))
    grew = [key in keys for key in zip(leases["facility_id"], leases["commence_q"], strict=True)]
    return np.asarray((leases["commencement_date"] == first_days).to_numpy() & np.array(grew, dtype=bool))


def _usual(rows: pd.DataFrame, market: int) -> float:
    own = rows[rows["market"] == market].drop_duplicates("quarter")["market_vacant"]
    return float(max(own.mean(), LEAST_MW)) if len(own) else 1.0


def _design(
    rows: pd.DataFrame, usual: np.ndarray, markets: int, priors: Priors
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns: all markets together, each market's own deviation, log of relative vacancy, fresh, settling."""
    own = rows["market"].to_numpy(dtype=int)
    matrix = np.zeros((len(rows), markets + 4))
    matrix[:, 0] = 1.0
    matrix[np.arange(len(rows)), 1 + own] = 1.0
    if len(rows):
        matrix[:, -3] = np.log(rows["market_vacant"].to_numpy(dtype=float) / usual[own])
        matrix[:, -2:] = rows[["fresh", "settling"]].to_numpy(dtype=float)
    mean = np.concatenate([[np.log(priors.absorption)], np.zeros(markets), [priors.elasticity - 1], [priors.fresh] * 2])
    sd = np.concatenate(
        [[priors.absorption_sd], np.full(markets, priors.market_sd), [priors.elasticity_sd], [priors.fresh_sd] * 2]
    )
    return matrix, mean, sd


def _by_market(fitted: Estimate, markets: int) -> Estimate:
    """The estimate with one coefficient a market, the common part in it."""
    turn = np.zeros((markets + 3, markets + 4))
    turn[:markets, 0] = 1.0
    turn[:, 1:] = np.eye(markets + 3)
    return Estimate(turn @ fitted.mode, turn @ fitted.root, fitted.events, fitted.trials)


def _half_life(
    design: np.ndarray, count: np.ndarray, exposure: np.ndarray, age: np.ndarray, mean: np.ndarray, sd: np.ndarray
) -> float:
    """The forgetting under which the next year was best foretold, at origins 2, 4, .. quarters back (log likelihood of
    a Poisson count); with little history, none.
    """
    longest = float(age.max()) if len(age) else 0.0
    origins = [back for back in (4, 6, 8, 10, 12) if back + 8 <= longest]
    if not origins:
        return HALF_LIVES[-1]
    score = np.zeros(len(HALF_LIVES))
    for back in origins:
        past, ahead = age >= back, (age < back) & (age >= back - 4)
        for at, half in enumerate(HALF_LIVES):
            weight = 0.5 ** ((age[past] - back) / half)
            fitted = poisson(design[past], count[past], exposure[past], weight, mean, sd)
            expected = exposure[ahead] * np.exp(design[ahead] @ fitted.mode)
            score[at] += float((count[ahead] * np.log(expected) - expected).sum())
    return HALF_LIVES[int(np.argmax(score))]


def _tenants(dates: Dated, markets: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and sectors of new leases by market; those of all markets count like ten leases."""
    new = dates.leases[~dates.leases["is_renewal"]]
    size, sector = new["mw"].to_numpy(dtype=float), new["sector"].to_numpy()
    sizes = np.full((len(markets), SLOTS), 1.0)
    sectors = np.full((len(markets), len(SECTORS)), 1 / len(SECTORS))
    for at, market in enumerate(markets):
        if not len(new):
            continue
        weight = (new["market"] == market).to_numpy(dtype=float) + 10 / len(new)
        sizes[at] = quantile_slots(size, weight, SLOTS)
        counts = np.array([weight[sector == name].sum() for name in SECTORS])
        sectors[at] = counts / counts.sum()
    return sizes, sectors


def _pre_leased(history: pd.DataFrame, dates: Dated, begins: np.ndarray, priors: Priors) -> tuple[float, float]:
    """Mean part of a new phase that is let in leases that begin with it, and the phases behind it."""
    if history.empty:
        return priors.pre_lease_share, 0.0
    phases = history[(history["added_mw"] > LEAST_MW) & (history["is_first"] == 0)]
    new = dates.leases[~dates.leases["is_renewal"] & begins]
    let = new.groupby(["facility_id", "commence_q"])["mw"].sum()
    keys = pd.MultiIndex.from_arrays([phases["facility_id"], phases["quarter"]])
    share = (let.reindex(keys).fillna(0.0).to_numpy() / phases["added_mw"].to_numpy()).clip(0, 1)
    total = share.sum() + priors.pre_lease_share * priors.pre_lease_events
    return float(total / (len(share) + priors.pre_lease_events)), float(len(share))
