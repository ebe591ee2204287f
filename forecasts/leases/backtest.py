"""The lease simulation and the panel forecaster at earlier quarter ends: what each would have said, and what came.

Belongs here: a portfolio cut back to what could be known at a day, the origins, and the two forecasts beside each
outcome. Not here: what follows from the comparison (joining.py), scores of bands.

A rent roll is one snapshot, so the past has to be cut out of it, and not everything can be:

- Known at the origin: leases that had started, renewals from the day before they begin; history and evidence up to it.
- Hidden: later commencements of leases that had started (announced anew for the day after the origin), and early ends
  after it. What such a contract would have run to is not in the records: its end becomes the start plus the median of
  those terms of its sector (of all sectors where it has none) that are longer than it lasted.
- Unknown, although some of it was known then: leases signed with a start after the origin. A roll says when a lease
  starts and not when it was signed. The simulation is therefore judged without its backlog, which it has today.
- Hindsight that is left in: phases that came within PHASE_QUARTERS are planned for the quarter in which they came. What
  their announced date had been cannot be known; the simulation still lets them slip, as it does today. The panel knows
  of no phase, then or today. Leases' attributes (sector, stack, operator) are today's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecasts import engine
from forecasts.leases.demand import LEAST_MW, with_added
from forecasts.leases.events import dated
from forecasts.leases.learning import learn
from forecasts.leases.portfolio import DELIVERY_COLUMNS, Portfolio
from forecasts.leases.priors import Priors
from forecasts.leases.simulate import Simulated, simulate
from forecasts.panel import quarter_ordinals

# Quarters of history without which an origin has nothing to learn from.
LEAST_HISTORY = 12
# Quarters ahead for which phases under construction are taken to be announced.
PHASE_QUARTERS = 8
# Quarters between origins where history is long enough: neighbours share most of what comes after them.
STEP = 2
COLUMNS = ("origin", "facility_id", "horizon", "outcome", "lease", "panel", "last")
# Decimals of occupancy: differences below are those of single-precision paths.
_DIGITS = 6


def as_known(portfolio: Portfolio, origin: pd.Timestamp) -> Portfolio:
    """The portfolio as far as it could be known at an earlier quarter end (see the module for what is hindsight).

    Buildings without history, lease or phase by then are left out. At the portfolio's own date it is returned as it is.
    Raises ValueError for an origin after that date or that is no quarter end.
    """
    if origin > portfolio.as_of or not origin.is_quarter_end or origin != origin.normalize():
        raise ValueError(
            f"origin: found {origin.date()}; expected a quarter end not after {portfolio.as_of.date()}, the date of "
            "the portfolio."
        )
    if origin == portfolio.as_of:
        return portfolio
    history = portfolio.history[portfolio.history["quarter_end"] <= origin]
    evidence = portfolio.evidence[pd.to_datetime(portfolio.evidence["evidence_date"]) <= origin]
    deliveries = _phases(portfolio, origin)
    leases = _leases(portfolio, origin)
    sites = portfolio.facilities
    ids = sites["facility_id"]
    known = ids.isin(history["facility_id"]) | ids.isin(leases["facility_id"]) | ids.isin(deliveries["facility_id"])
    # A building that is not there yet consists of its phases; otherwise the rest of it would count as in service.
    coming = ids.map(deliveries.groupby("facility_id")["mw"].sum())
    unbuilt = coming.notna() & ~ids.isin(history["facility_id"])
    sites = sites.assign(capacity_mw=sites["capacity_mw"].where(~unbuilt, coming))[known]
    cut = [frame.reset_index(drop=True) for frame in (sites, leases, evidence, history, deliveries)]
    return Portfolio(cut[0], cut[1], cut[2], cut[3], cut[4], origin)


def _leases(portfolio: Portfolio, origin: pd.Timestamp) -> pd.DataFrame:
    leases = portfolio.leases.reset_index(drop=True)
    # With nothing renewed, every odd end counts as early: also that of a contract that was renewed before it ran out.
    apart = replace(portfolio, leases=leases.assign(renewal_of=""))
    cut_short = dated(apart).leases["early"].to_numpy(dtype=bool)
    hidden = cut_short & (leases["end_date"] > origin).to_numpy()
    ends = leases["end_date"].to_numpy(dtype="datetime64[ns]").copy()
    for at in np.flatnonzero(hidden).tolist():
        ends[at] = np.datetime64(_contract_end(leases, cut_short, at), "ns")
    is_renewal = leases["renewal_of"].fillna("") != ""
    signed_by = leases["start_date"] - pd.to_timedelta(is_renewal.astype(int), unit="D")
    later = leases["commencement_date"] > origin
    tomorrow = origin + pd.Timedelta(days=1)
    announced = leases["start_date"].where(leases["start_date"] >= tomorrow, tomorrow)
    known = leases.assign(
        end_date=ends,
        commencement_date=leases["commencement_date"].where(~later, announced),
        commenced=~later,
    )
    return known[signed_by <= origin]


def _contract_end(leases: pd.DataFrame, cut_short: np.ndarray, at: int) -> pd.Timestamp:
    """Where a contract would have ended that was cut short: the median term, in whole months, among those of its sector
    that are longer than it lasted, else among all; the next whole year after its end where there is none.
    """
    start, ended = leases["start_date"].iloc[at], leases["end_date"].iloc[at]
    terms = _months(leases["start_date"], leases["end_date"])
    lasted = terms[at]
    longer = ~cut_short & (terms > lasted)
    same = longer & (leases["sector"] == leases["sector"].iloc[at]).to_numpy()
    chosen = terms[same if same.any() else longer]
    months = int(np.sort(chosen)[(len(chosen) - 1) // 2]) if len(chosen) else 12 * (int(lasted) // 12 + 1)
    end = pd.Timestamp(start + pd.DateOffset(months=months)) - pd.Timedelta(days=1)
    return end if end >= ended else end + pd.DateOffset(months=1)


def _months(start: pd.Series, end: pd.Series) -> np.ndarray:
    """Whole months nearest to a term that includes its last day."""
    return np.rint(((end - start).dt.days.to_numpy() + 1) / (365.25 / 12))


def _phases(portfolio: Portfolio, origin: pd.Timestamp) -> pd.DataFrame:
    """Phases that came after the origin within PHASE_QUARTERS, and those announced today for that time."""
    until = origin + pd.offsets.QuarterEnd(PHASE_QUARTERS)
    rows = with_added(portfolio.history)
    came = rows[(rows["quarter_end"] > origin) & (rows["quarter_end"] <= until) & (rows["added_mw"] > LEAST_MW)]
    came = came.rename(columns={"quarter_end": "planned_date", "added_mw": "mw"})[list(DELIVERY_COLUMNS)]
    announced = portfolio.deliveries[pd.to_datetime(portfolio.deliveries["planned_date"]) <= until]
    frames = [frame for frame in (came, announced[list(DELIVERY_COLUMNS)]) if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else portfolio.deliveries.iloc[:0]


def origins(portfolio: Portfolio, count: int = 6, horizon: int = 8) -> tuple[pd.Timestamp, ...]:
    """The last `count` quarter ends, STEP apart where history is long enough and else consecutive, with at least
    LEAST_HISTORY quarters of history up to them and 1 to `horizon` after; ascending, fewer or none in a short history.
    """
    if count < 1 or horizon < 1:
        raise ValueError(f"count {count}, horizon {horizon}: both have to be at least 1.")
    ends = np.sort(portfolio.history["quarter_end"].unique())
    eligible = pd.DatetimeIndex(ends[LEAST_HISTORY - 1 : -1])
    step = STEP if len(eligible) >= STEP * count else 1
    # The youngest origin lies `step` before the end; with one quarter ahead only, none but the last has to be skipped.
    latest = eligible[: len(eligible) - (step - 1)] if horizon >= step else eligible
    return tuple(latest[::-step][:count][::-1])


def backtest(
    portfolio: Portfolio,
    shares_of: Callable[[Portfolio], pd.DataFrame],
    priors: Priors,
    horizon: int = 8,
    origins: Sequence[pd.Timestamp] = (),
    paths: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """Occupancy as the simulation (`lease`, median of its paths), the panel forecaster (`panel`, its median) and the
    last figure (`last`) would have told it, beside the `outcome`; one row an origin, building and horizon at which the
    outcome is known: COLUMNS, fractions, NaN where one of them says nothing (a building without history).

    shares_of: evidence on the halls' stack of a portfolio (learning.learn's `shares`). Both learn once an origin.
    """
    actual = occupancy_panel(portfolio.history)
    frames = [_at(portfolio, shares_of, priors, horizon, origin, paths, seed, actual) for origin in origins]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in COLUMNS})
    return pd.concat(frames, ignore_index=True)


def _at(
    portfolio: Portfolio,
    shares_of: Callable[[Portfolio], pd.DataFrame],
    priors: Priors,
    horizon: int,
    origin: pd.Timestamp,
    paths: int,
    seed: int,
    actual: pd.DataFrame,
) -> pd.DataFrame:
    past = as_known(portfolio, origin)
    simulated = simulate(learn(past, shares_of(past), priors), horizon=horizon, paths=paths, seed=seed)
    keys = ["facility_id", "horizon"]
    told = lease_medians(simulated).rename(columns={"occupancy": "lease"})
    told = told.merge(panel_medians(past, horizon, seed).rename(columns={"occupancy": "panel"}), on=keys, how="left")
    known = occupancy_panel(past.history).sort_values("ds").groupby("unique_id")["y"].last()
    ahead = quarter_ordinals(actual["ds"]) - quarter_ordinals(pd.Series([origin]))[0]
    came = actual.assign(horizon=ahead)[["unique_id", "horizon", "y"]]
    came = came.rename(columns={"unique_id": "facility_id", "y": "outcome"})
    rows = told.merge(came, on=keys)
    return rows.assign(origin=origin, last=rows["facility_id"].map(known))[list(COLUMNS)]


def occupancy_panel(history: pd.DataFrame) -> pd.DataFrame:
    """History as the panel forecaster reads it: unique_id (facility_id), ds, y (leased / in service, at most 1), cap
    (1); quarters with nothing in service are left out.
    """
    rows = history[history["in_service_mw"] > 0]
    share = (rows["leased_mw"] / rows["in_service_mw"]).clip(0, 1)
    return pd.DataFrame({"unique_id": rows["facility_id"], "ds": rows["quarter_end"], "y": share, "cap": 1.0})


def panel_medians(portfolio: Portfolio, horizon: int, seed: int = 0) -> pd.DataFrame:
    """Occupancy by building as the panel forecaster expects it: facility_id, horizon (quarters after as_of), occupancy
    (median). A building without history has no row; one whose history ends before as_of lacks the last horizons.
    """
    panel = occupancy_panel(portfolio.history)
    panel = panel[panel["y"].notna()]
    if panel.empty:
        return pd.DataFrame({"facility_id": [], "horizon": np.zeros(0, dtype=int), "occupancy": np.zeros(0)})
    said = engine.forecast(panel, horizon, seed=seed)
    ahead = quarter_ordinals(said["ds"]) - quarter_ordinals(pd.Series([portfolio.as_of]))[0]
    rows = pd.DataFrame({"facility_id": said["unique_id"], "horizon": ahead, "occupancy": said["yhat"]})
    return rows[rows["horizon"] >= 1].reset_index(drop=True)


def lease_medians(simulated: Simulated) -> pd.DataFrame:
    """Occupancy by building as the simulation expects it: facility_id, horizon, occupancy (median over paths; NaN where
    a path has nothing in service).
    """
    ids = simulated.learnt.portfolio.facilities["facility_id"].to_numpy()
    medians = occupancy_medians(simulated)
    steps = np.arange(1, simulated.quarters + 1)
    return pd.DataFrame(
        {
            "facility_id": np.repeat(ids, simulated.quarters), "horizon": np.tile(steps, len(ids)),
            "occupancy": medians.ravel(),
        }
    )  # fmt: skip


def occupancy_medians(simulated: Simulated) -> np.ndarray:
    """Median over paths of leased / in service, (halls, quarters); NaN where a path has nothing in service."""
    medians = np.empty((len(simulated.leased), simulated.quarters))
    for hall in range(len(medians)):
        capacity = simulated.capacity(np.array([hall]))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(capacity > 0, simulated.leased[hall] / capacity, np.nan)
        medians[hall] = np.round(np.clip(np.median(share, axis=0), 0, 1), _DIGITS)
    return medians
