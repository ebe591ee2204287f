"""What a portfolio's history says has happened to its leases, in quarters: expiries, early ends, new leases, delays.

Belongs here: telling events apart, and who was at risk of them. Not here: estimating anything (hazards.py, demand.py).

Two things the records do not say are inferred, and stated: a lease that ended, was not renewed, and did not end on a
whole number of months after its start was ended early (where most running leases run whole months); a delay is
commencement after the contract's start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.portfolio import Portfolio
from forecasts.panel import quarter_ordinals

# Share of running leases that have to run whole months before an odd end can be told from a contract's.
WHOLE_MONTHS_SHARE = 0.9
_MONTH_DAYS = 1.5


@dataclass(frozen=True)
class Dated:
    """Leases of a portfolio with quarters as ordinals (forecasts.panel): one row a lease, order as given.

    Columns beside LEASE_COLUMNS: start_q, commence_q (quarter whose end is the first with the lease in place), leave_q
    (first quarter end without it), in_place, signed (not commenced at as_of), ended (end_date before as_of), early,
    renewed, mw_after (NaN without successor), is_renewal, operator, market. now: ordinal of as_of. first:
    ordinal of the first quarter of history. tells_early: whether early ends can be told apart.
    """

    leases: pd.DataFrame
    now: int
    first: int
    tells_early: bool


def dated(portfolio: Portfolio) -> Dated:
    """Leases with their quarters and what became of them by as_of."""
    leases = portfolio.leases.reset_index(drop=True).copy()
    sites = portfolio.facilities.set_index("facility_id")
    as_of = portfolio.as_of
    leases["operator"] = leases["facility_id"].map(sites["operator"]).fillna("unknown")
    leases["market"] = leases["facility_id"].map(sites["market"]).fillna("unknown")
    leases["start_q"] = quarter_of(leases["start_date"])
    leases["commence_q"] = quarter_of(leases["commencement_date"])
    leases["leave_q"] = quarter_of(leases["end_date"] + pd.Timedelta(days=1))
    leases["signed"] = leases["commencement_date"] > as_of
    leases["ended"] = leases["end_date"] < as_of
    leases["in_place"] = ~leases["signed"] & (leases["end_date"] >= as_of)
    successor = leases.loc[leases["renewal_of"].fillna("") != "", ["renewal_of", "mw"]].drop_duplicates("renewal_of")
    leases["mw_after"] = leases["lease_id"].map(successor.set_index("renewal_of")["mw"])
    leases["renewed"] = leases["mw_after"].notna()
    leases["is_renewal"] = leases["renewal_of"].fillna("") != ""
    whole = _whole_months(leases["start_date"], leases["end_date"] + pd.Timedelta(days=1))
    running = leases["in_place"] | leases["signed"]
    tells = bool(running.any()) and float(whole[running].mean()) >= WHOLE_MONTHS_SHARE
    leases["early"] = leases["ended"] & ~leases["renewed"] & ~whole if tells else False
    now = int(quarter_ordinals(pd.Series([as_of]))[0])
    history = portfolio.history
    first = int(quarter_ordinals(history["quarter_end"]).min()) if len(history) else int(leases["commence_q"].min())
    return Dated(leases, now, min(first, now), tells)


def quarter_of(days: pd.Series) -> np.ndarray:
    """Ordinal of the quarter a day lies in; no day is a far one."""
    held = days.fillna(pd.Timestamp("2200-12-31"))
    return np.asarray((held.dt.year - 1970) * 4 + held.dt.quarter - 1, dtype=np.int64)


def _whole_months(start: pd.Series, after: pd.Series) -> np.ndarray:
    months = (after.dt.year - start.dt.year) * 12 + (after.dt.month - start.dt.month)
    length = after.dt.days_in_month
    gap = (after.dt.day - start.dt.day).abs()
    # The last day of a longer month is an anniversary of the last day of a shorter one.
    both_last = (after.dt.day == length) & (start.dt.day >= length)
    return np.asarray((months > 0) & ((gap <= _MONTH_DAYS) | both_last | (gap >= length - _MONTH_DAYS)))


def expiries(dates: Dated) -> pd.DataFrame:
    """Contracts that ran out inside the history: one row each, with `success` (renewed) and `quarter` (ordinal)."""
    leases = dates.leases
    came = leases["ended"] & ~leases["early"] & (leases["leave_q"] > dates.first) & (leases["leave_q"] <= dates.now)
    return leases[came].assign(success=leases["renewed"][came].astype(float), quarter=leases["leave_q"][came])


@dataclass(frozen=True)
class AtRisk:
    """Lease-quarters at risk of an early end, one entry a lease and period, each (n,): row (of Dated.leases), exposure
    (quarters), count (1 where the lease ended early in the period), quarter (ordinal, the last of the period).
    """

    row: np.ndarray
    exposure: np.ndarray
    count: np.ndarray
    quarter: np.ndarray


def at_risk(dates: Dated) -> pd.DataFrame:
    """`exposures` with the leases' columns beside: exposure, count, quarter; a row an entry."""
    risk = exposures(dates)
    rows = dates.leases.iloc[risk.row].reset_index(drop=True)
    return rows.assign(exposure=risk.exposure, count=risk.count, quarter=risk.quarter)


def exposures(dates: Dated) -> AtRisk:
    """Lease-quarters at risk of an early end.

    Left truncation: a lease counts from the first quarter of the history, or its commencement where that is later. A
    lease is split into the quarters of the last two years, one entry each, and one before, since estimates may differ
    by time but hardly by older quarters.
    """
    leave = dates.leases["leave_q"].to_numpy()
    early = dates.leases["early"].to_numpy(dtype=bool)
    # A lease can end early from the quarter after it began, or after the history did, up to the one before its
    # contract's end.
    begin = np.maximum(dates.leases["commence_q"].to_numpy(), dates.first) + 1
    end = np.minimum(leave + early, dates.now + 1)
    recent = dates.now - 7
    spans = [(-(10**6), recent)] + [(quarter, quarter + 1) for quarter in range(recent, dates.now + 1)]
    row, exposures, count, quarters = [], [], [], []
    for low, high in spans:
        exposure = np.clip(np.minimum(end, high) - np.maximum(begin, low), 0, None)
        died = early & (leave >= low) & (leave < high)
        chosen = np.flatnonzero((exposure > 0) | died)
        row.append(chosen.astype(np.int32))
        exposures.append(np.maximum(exposure[chosen], 0.5))
        count.append(died[chosen].astype(float))
        quarters.append(np.full(len(chosen), high - 1, dtype=np.int32))
    return AtRisk(*(np.concatenate(parts) for parts in (row, exposures, count, quarters)))
