"""Joint paths of every lease of a portfolio under a scenario: tables for the kernel, blocks of paths, results.

Belongs here: from what is learnt and a scenario to arrays, and running them. Not here: what happens within a path
(kernel.py), quantiles and tables for people (outcomes.py).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from forecasts.leases.demand import FRESH_QUARTERS
from forecasts.leases.events import quarter_of
from forecasts.leases.features import PUBLIC, different, soft_stack
from forecasts.leases.hazards import LEFT, LONGEST_DELAY, design
from forecasts.leases.kernel import CAUSES, block
from forecasts.leases.learning import Learnt
from forecasts.leases.portfolio import SECTORS, STACKS
from forecasts.leases.scenario import BASE, BUILD_QUARTERS, Scenario, Shock, strength
from forecasts.panel import quarter_ends

# Paths of a block; what a block draws does not depend on it, the sums of flows are added block by block.
BLOCK_PATHS = 32
# Sector groups whose tenants' renewals drift together.
SECTOR_GROUPS = {
    "government": 0, "state_linked": 0, "critical_infrastructure": 1, "banking": 2, "insurance": 2, "multinational": 3,
    "cloud_provider": 4, "telecom": 4, "sme": 5, "unknown": 6,
}  # fmt: skip
_GROUPS = 7
# Part of what was moved that is let in a quarter, where there is room.
MOVE_RATE = 0.5
# However much is signed, some of a quarter's new leases are signed in it.
LEAST_OPEN = 0.15


@dataclass(frozen=True)
class Simulated:
    """Paths of a scenario, MW at the ends of quarters 1 .. horizon.

    leased (halls, paths, quarters), in order of the portfolio's facilities; in_service (halls with phases, paths,
    quarters) with slot (halls,), -1 for a hall whose in_service_now (halls,) stays; stack_leased, stack_vacant (STACKS,
    paths, quarters); largest (halls, paths, quarters) largest contiguous free block, empty unless asked for; flows
    (operators, CAUSES, quarters): mean MW by cause in each quarter.
    """

    scenario: Scenario
    learnt: Learnt
    quarters: int
    paths: int
    leased: np.ndarray
    in_service: np.ndarray
    slot: np.ndarray
    in_service_now: np.ndarray
    stack_leased: np.ndarray
    stack_vacant: np.ndarray
    largest: np.ndarray
    flows: np.ndarray

    @property
    def ends(self) -> pd.DatetimeIndex:
        """Quarter ends of quarters 1 .. horizon."""
        return quarter_ends(self.learnt.dates.now + np.arange(1, self.quarters + 1))

    def capacity(self, halls: np.ndarray) -> np.ndarray:
        """In service, summed over halls (indices): (paths or 1, quarters)."""
        fixed = halls[self.slot[halls] < 0]
        moving = self.slot[halls[self.slot[halls] >= 0]]
        still = float(self.in_service_now[fixed].sum())
        if not len(moving):
            return np.full((1, self.quarters), still)
        return np.asarray(self.in_service[moving].sum(axis=0, dtype=np.float64) + still)


@dataclass(frozen=True)
class Cells:
    """Leases that no hazard can tell apart: index a lease, and of each cell its row of the design matrix, groups that
    drift, and strength of each shock.
    """

    of_lease: np.ndarray
    renewal: np.ndarray
    groups: np.ndarray
    shocks: np.ndarray
    new_cell: np.ndarray


def simulate(
    learnt: Learnt, scenario: Scenario = BASE, horizon: int = 8, paths: int = 1000, seed: int = 0, workers: int = 1,
    spread: float = 1.0, together: float | None = None, blocks: bool = False,
) -> Simulated:  # fmt: skip
    """Simulate `paths` joint courses of the portfolio. Same seed, same bits, whatever the number of workers.

    spread 0 holds every coefficient at its mode and lets nothing drift (for comparison with the blended path);
    together: part of a tenant's decisions taken for all its leases (default: the prior's). blocks: also follow
    contiguous space. Raises ValueError for a horizon or a number of paths below 1.
    """
    if horizon < 1 or paths < 1:
        raise ValueError(f"horizon {horizon}, paths {paths}: both have to be at least 1.")
    halls = _halls(learnt)
    leases = by_end(standing(learnt))
    cells = make_cells(learnt, scenario, leases)
    tables = _lease_tables(learnt, leases, cells)
    met, first = different(cells.shocks)
    hazards = _halved_tables(learnt, cells, met)
    outcome = scenario.outcome_of(paths)
    shifts = [
        (*shift[:-2], shift[-2][met], shift[-1][met])
        for shift in (shifted(scenario, cells.shocks[first], horizon, name) for name in scenario.outcomes or ("",))
    ]
    phases = _phases(learnt, scenario, halls)
    demand = _demand_tables(learnt, scenario, cells, horizon, unsigned(learnt, halls.capacity, leases, horizon))
    slots = int((halls.slot >= 0).sum())
    leased = np.empty((len(halls.market), paths, horizon), dtype=np.float32)
    in_service = np.empty((slots, paths, horizon), dtype=np.float32)
    stack_leased = np.zeros((len(STACKS), paths, horizon))
    stack_vacant = np.zeros((len(STACKS), paths, horizon))
    largest = np.empty((len(halls.market), paths, horizon) if blocks else (0, 0, 0), dtype=np.float32)
    starts = list(range(0, paths, BLOCK_PATHS))
    flows = np.zeros((len(starts), len(learnt.operators), len(CAUSES), horizon))
    share = np.full(len(cells.renewal), learnt.priors.tenant_together if together is None else together)
    # What befalls a tenant as such befalls all its leases.
    for at, shock in enumerate(scenario.shocks):
        if shock.acts_on == "tenant_leaves":
            share[cells.shocks[:, at] > 0] = 1.0

    def run(at: int) -> None:
        first = starts[at]
        chosen = outcome[first : first + BLOCK_PATHS]
        edges = np.flatnonzero(np.diff(chosen, prepend=-1, append=-1))
        for low, high in pairwise(edges):
            some(at, first + int(low), int(high - low), shifts[chosen[low]])

    def some(at: int, first: int, count: int, shift: tuple[np.ndarray, ...]) -> None:
        arguments: tuple[Any, ...] = (
            first, count, seed, horizon, spread, share, *tables, *hazards, *shift,
            *_size_tables(learnt), halls.market, halls.capacity, halls.let, halls.vacant, halls.added, *phases, *demand,
            halls.slot, halls.operator, leased, in_service, stack_leased, stack_vacant, largest, flows[at],
        )  # fmt: skip
        block(*arguments)

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, range(len(starts))))
    else:
        for at in range(len(starts)):
            run(at)
    return Simulated(
        scenario, learnt, horizon, paths, leased, in_service, halls.slot, halls.capacity, stack_leased, stack_vacant,
        largest,
        flows.sum(axis=0) / paths,
    )  # fmt: skip


@dataclass(frozen=True)
class _Halls:
    market: np.ndarray
    operator: np.ndarray
    capacity: np.ndarray
    let: np.ndarray
    vacant: np.ndarray
    slot: np.ndarray
    added: np.ndarray


def in_service_now(learnt: Learnt) -> np.ndarray:
    """MW in service at as_of by facility: the last figure of the history; without one, capacity_mw where the building
    is ready and no phase of it is under construction; (facilities,).
    """
    portfolio = learnt.portfolio
    sites = portfolio.facilities
    history = portfolio.history.sort_values("quarter_end") if len(portfolio.history) else portfolio.history
    last = history.groupby("facility_id")["in_service_mw"].last() if len(history) else pd.Series(dtype=float)
    known = sites["facility_id"].map(last)
    building = sites["facility_id"].map(portfolio.deliveries.groupby("facility_id")["mw"].sum()).fillna(0.0)
    ready = pd.to_datetime(sites["ready_for_service"]) <= portfolio.as_of
    designed = (
        (sites["capacity_mw"].astype(float) - building)
        .clip(lower=0)
        .where(ready | sites["ready_for_service"].isna(), 0.0)
    )
    return np.asarray(known.fillna(designed).fillna(0.0), dtype=float)


def _halls(learnt: Learnt) -> _Halls:
    sites = learnt.portfolio.facilities
    market = {name: at for at, name in enumerate(learnt.markets)}
    operator = {name: at for at, name in enumerate(learnt.operators)}
    growing = sites["facility_id"].isin(learnt.portfolio.deliveries["facility_id"]).to_numpy()
    slot = np.full(len(sites), -1, dtype=np.int64)
    slot[growing] = np.arange(int(growing.sum()))
    return _Halls(
        sites["market"].fillna("unknown").map(market).to_numpy(dtype=np.int64),
        sites["operator"].map(operator).to_numpy(dtype=np.int64), in_service_now(learnt), learnt.hall,
        learnt.evidence[list(STACKS)].to_numpy(dtype=float), slot, learnt.added,
    )  # fmt: skip


def standing(learnt: Learnt) -> pd.DataFrame:
    """Leases in place or signed at as_of, with `settled`: 1 where a successor is signed, so that nothing is left to
    chance; 2 for that successor, which begins when the other ends; 0 for all others.
    """
    leases = learnt.dates.leases
    chosen = leases[leases["in_place"] | leases["signed"]].reset_index(drop=True)
    leads = chosen["in_place"] & chosen["renewed"]
    follows = chosen["signed"] & chosen["is_renewal"]
    return chosen.assign(settled=np.select([leads, follows], [1, 2], 0))


def by_end(leases: pd.DataFrame) -> pd.DataFrame:
    """Leases in place in order of their contracts' ends, then signed ones: what the kernel meets in one quarter stands
    side by side in memory. leases: of standing().
    """
    order = np.lexsort((leases["leave_q"].to_numpy(), leases["signed"].to_numpy()))
    return leases.iloc[order].reset_index(drop=True)


def make_cells(learnt: Learnt, scenario: Scenario, leases: pd.DataFrame) -> Cells:
    """Cells of the leases, and of new leases by market, sector and stack. leases: of standing()."""
    new, index = _typical(learnt)
    both = pd.concat([leases[list(new.columns)], new], ignore_index=True)
    hall = learnt.hall_frame
    recent = np.ones(len(both))
    renewal, names = design(both, hall, recent, learnt.operators, learnt.markets)
    # Halls' shares enter finely graded; steps of 0.1 keep cells few.
    for name in ("match", "stack.us", "public.us", "recent.public.us", "recent.public.mainland", "recent.private.us"):
        at = names.index(name)
        renewal[:, at] = np.round(renewal[:, at] * 10) / 10
    met = [strength(shock, scenario, both, hall) for shock in scenario.shocks]
    if len(new):
        # A shock that singles out a tenant does not meet tenants yet to come.
        for column, shock in zip(met, scenario.shocks, strict=True):
            if "largest_tenant_of" in shock.where:
                column[len(leases) :] = 0.0
    shocks = np.column_stack(met) if met else np.zeros((len(both), 0))
    groups = np.column_stack(
        [both["sector"].map(SECTOR_GROUPS).fillna(6).to_numpy(dtype=float), _public_side(both, hall)]
    )
    # In order of appearance, so that leases side by side find their cells side by side.
    of_row, first = different(np.hstack([renewal, shocks, groups]))
    new_cell = np.zeros(index.shape, dtype=np.int64)
    new_cell[:] = of_row[len(leases) :][index]
    return Cells(
        of_row[: len(leases)],
        renewal[first],
        groups[first].astype(np.int64),
        shocks[first],
        new_cell,
    )


def _public_side(leases: pd.DataFrame, hall: pd.DataFrame) -> np.ndarray:
    """Group of public tenants by stack: 7 mostly mainland, 8 mostly us; -1 for others."""
    soft = soft_stack(leases, hall)
    public = leases["sector"].isin(PUBLIC).to_numpy()
    return np.asarray(np.where(public, np.where(soft[:, 1] > 0.5, _GROUPS + 1, _GROUPS), -1), dtype=float)


def _typical(learnt: Learnt) -> tuple[pd.DataFrame, np.ndarray]:
    """One lease for each market, sector and stack, standing for new ones; and their rows, (markets, sectors,
    stacks).
    """
    rows = [
        (market, sector, stack, {"mainland": 1.0, "us": 0.0}.get(stack, 0.5))
        for market in learnt.markets for sector in SECTORS for stack in STACKS
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["market", "sector", "stack", "stack_weight_mainland"])
    mean_mw = float(np.median(learnt.demand.sizes))
    frame = frame.assign(
        facility_id="", tenant_id="", operator="", sensitivity_tier="unknown", mw=mean_mw, is_renewal=False,
        renewal_options="none", in_place=False,
    )  # fmt: skip
    index = np.arange(len(frame)).reshape(len(learnt.markets), len(SECTORS), len(STACKS))
    return frame, index


def _lease_tables(learnt: Learnt, leases: pd.DataFrame, cells: Cells) -> tuple[np.ndarray, ...]:
    hall = pd.Series(np.arange(len(learnt.portfolio.facilities)), index=learnt.portfolio.facilities["facility_id"])
    now = learnt.dates.now
    start = np.where(leases["signed"], np.maximum(leases["commence_q"] - now, 1), 0)
    leave = np.clip(leases["leave_q"] - now, 1, 10_000)
    # Narrow types: every path reads all of them.
    return (
        leases["facility_id"].map(hall).to_numpy(dtype=np.int32), cells.of_lease.astype(np.int32),
        pd.factorize(leases["tenant_id"], sort=True)[0].astype(np.int32), leases["mw"].to_numpy(dtype=float),
        _codes(leases["stack"], STACKS).astype(np.int8), _codes(leases["sector"], SECTORS).astype(np.int8),
        start.astype(np.int32), np.asarray(leave, dtype=np.int32), leases["settled"].to_numpy(dtype=np.int8),
        (leases["commence_q"] - leases["start_q"]).clip(0, 100).to_numpy(dtype=np.int32),
    )  # fmt: skip


def _codes(values: pd.Series, codes: tuple[str, ...]) -> np.ndarray:
    """Positions among codes; what is not among them counts as the last, unknown."""
    known = values.map({name: at for at, name in enumerate(codes)}).fillna(len(codes) - 1)
    return np.asarray(known, dtype=np.int64)


def _hazard_tables(learnt: Learnt, cells: Cells) -> tuple[np.ndarray, ...]:
    renewal, early = learnt.hazards.renewal.estimate, learnt.hazards.early.estimate
    drift = np.append(np.full(_GROUPS, learnt.priors.sector_drift), np.full(2, learnt.priors.stack_drift))
    return (
        cells.renewal, renewal.mode, np.ascontiguousarray(renewal.root), cells.renewal, early.mode,
        np.ascontiguousarray(early.root), cells.groups, drift,
    )  # fmt: skip


def _halved_tables(learnt: Learnt, cells: Cells, met: np.ndarray) -> tuple[np.ndarray, ...]:
    """Cells as indices of the different left and right halves of their rows, pairs of groups and shocks met: these are
    few however many leases there are, so a path works out few exponentials.
    """
    _, mode_r, root_r, _, mode_e, root_e, _, drift = _hazard_tables(learnt, cells)
    left = np.array([name.startswith(LEFT) for name in learnt.hazards.renewal.names])
    order = np.concatenate([np.flatnonzero(left), np.flatnonzero(~left)])
    halves = cells.renewal[:, left], cells.renewal[:, ~left]
    (of_left, lefts), (of_right, rights) = (different(half) for half in halves)
    pair, pairs = different(cells.groups)
    return (
        *(index.astype(np.int32) for index in (of_left, of_right, pair, met)), np.ascontiguousarray(halves[0][lefts]),
        np.ascontiguousarray(halves[1][rights]), mode_r[order], np.ascontiguousarray(root_r[order]),
        mode_e[order], np.ascontiguousarray(root_e[order]), cells.groups[pairs], drift,
    )  # fmt: skip


def shifted(scenario: Scenario, met_by: np.ndarray, quarters: int, outcome: str = "") -> tuple[np.ndarray, ...]:
    """What a scenario's shocks do to cells, of which met_by (cells, shocks) says how strongly they meet each:
    renew_shift (logit); renew_keep, renew_set: a renewal's probability is renew_keep times the one that is learnt, and
    renew_set; exit_times, exit_more (hazard), each (cells, quarters); move_share, move_to (cells,).
    """
    count = len(met_by)
    renew_shift = np.zeros((count, quarters))
    renew_keep, renew_set = np.ones((count, quarters)), np.zeros((count, quarters))
    exit_times, exit_more = np.ones((count, quarters)), np.zeros((count, quarters))
    move_share, move_to = np.zeros(count), np.zeros(count, dtype=np.int64)
    for at, shock in enumerate(scenario.shocks):
        if shock.outcome not in ("", outcome):
            continue
        met = met_by[:, at][:, None]
        ramp = shock.ramp(quarters)[None, :]
        if shock.acts_on == "renewal_odds":
            renew_shift += met * ramp * np.log(max(shock.value, 1e-6))
        elif shock.acts_on == "renewal_probability":
            part = met * ramp
            renew_keep = renew_keep * (1 - part)
            renew_set = renew_set * (1 - part) + part * shock.value
        elif shock.acts_on == "early_end_rate":
            exit_times *= shock.value ** (met * ramp)
        elif shock.acts_on in ("early_end_probability", "tenant_leaves", "tenant_shrinks"):
            last = min(shock.to_quarter or quarters, quarters)
            window = np.zeros(quarters)
            window[shock.from_quarter - 1 : last] = 1.0
            whole = max((shock.to_quarter or quarters) - shock.from_quarter + 1, 1)
            hazard = -np.log(max(1 - min(shock.value, 0.999), 1e-3)) / whole
            exit_more += met * window[None, :] * hazard
        elif shock.acts_on == "moves_share":
            share = met[:, 0] * shock.value
            move_to = np.where(share > move_share, STACKS.index(shock.to_stack), move_to)
            move_share = np.maximum(move_share, share)
    return renew_shift, renew_keep, renew_set, exit_times, exit_more, move_share, move_to


def _size_tables(learnt: Learnt) -> tuple[np.ndarray, ...]:
    hazards = learnt.hazards
    return hazards.size, hazards.terms, hazards.new_terms, np.cumsum(hazards.delay)


def delivery_delays(learnt: Learnt) -> np.ndarray:
    """Probabilities of 0 .. LONGEST_DELAY quarters of delay of a phase: none with 1 - delivery_delay, else geometric
    with the mean delivery_delay_quarters.
    """
    priors = learnt.priors
    stop = 1 / max(priors.delivery_delay_quarters, 1.0)
    late = stop * (1 - stop) ** np.arange(LONGEST_DELAY)
    return np.append(1 - priors.delivery_delay, priors.delivery_delay * late / late.sum())


def _phases(learnt: Learnt, scenario: Scenario, halls: _Halls) -> tuple[np.ndarray, ...]:
    rows = learnt.portfolio.deliveries
    hall = pd.Series(np.arange(len(learnt.portfolio.facilities)), index=learnt.portfolio.facilities["facility_id"])
    at = rows["facility_id"].map(hall).to_numpy(dtype=np.int64) if len(rows) else np.zeros(0, dtype=np.int64)
    quarter = quarter_of(pd.to_datetime(rows["planned_date"])) - learnt.dates.now
    chance = np.tile(np.append(delivery_delays(learnt), 0.0), (len(rows), 1))
    complete = np.clip(1 - quarter / BUILD_QUARTERS, 0, 1)
    later = np.zeros(len(rows), dtype=np.int64)
    for shock in scenario.shocks:
        if not shock.acts_on.startswith("delivery"):
            continue
        met = _phase_met(shock, learnt, at, complete)
        if shock.acts_on == "delivery_delay_quarters":
            later += np.rint(met * shock.value).astype(np.int64)
        else:
            lost = (met * shock.value)[:, None]
            chance[:, :-1] *= 1 - lost
            chance[:, -1:] = 1 - (1 - chance[:, -1:]) * (1 - lost)
    pre = np.full(len(rows), learnt.demand.pre_lease)
    return (
        at, np.maximum(quarter, 1) + later, rows["mw"].to_numpy(dtype=float), pre,
        np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1) if len(rows) else np.ones((0, LONGEST_DELAY + 2)),
    )  # fmt: skip


def _phase_met(shock: Shock, learnt: Learnt, at: np.ndarray, complete: np.ndarray) -> np.ndarray:
    sites = learnt.portfolio.facilities.iloc[at]
    met = np.ones(len(at))
    for name in ("market", "operator"):
        if name in shock.where:
            met *= sites[name].isin(shock.where[name]).to_numpy(dtype=float)
    shares = learnt.hall[at]
    if "stack" in shock.where:
        met *= shares[:, [STACKS.index(name) for name in shock.where["stack"]]].sum(axis=1)
    if "complete_below" in shock.where:
        met *= (complete < float(shock.where["complete_below"][0])).astype(float)
    return met


def _demand_tables(
    learnt: Learnt, scenario: Scenario, cells: Cells, quarters: int, open_part: np.ndarray
) -> tuple[object, ...]:
    demand = learnt.demand
    markets = len(demand.markets)
    times = np.broadcast_to(open_part[None, None, :], (markets, len(STACKS), quarters)).copy()
    rivals = np.zeros((markets, quarters))
    for shock in scenario.shocks:
        here = np.array([name in shock.where.get("market", (name,)) for name in demand.markets], dtype=float)
        if shock.acts_on == "demand":
            stacks = shock.where.get("stack", STACKS)
            met = np.array([name in stacks for name in STACKS], dtype=float)
            sectors = np.array([name in shock.where.get("sector", SECTORS) for name in SECTORS], dtype=float)
            # Demand of some sectors moves all demand by those sectors' part of it.
            part = (demand.sectors * sectors).sum(axis=1)
            change = 1 + (shock.value - 1) * shock.ramp(quarters)[None, None, :] * part[:, None, None]
            times = np.where(here[:, None, None] * met[None, :, None] > 0, times * np.maximum(change, 0.0), times)
        elif shock.acts_on == "rival_mw":
            rivals += here[:, None] * shock.value * shock.ramp(quarters)[None, :] / max(here.sum(), 1)
    return (
        demand.rates.mode, np.ascontiguousarray(demand.rates.root), demand.usual_mw, learnt.priors.demand_drift, times,
        rivals,
        demand.sizes, demand.sizes.mean(axis=1), np.cumsum(demand.sectors, axis=1), cells.new_cell, MOVE_RATE,
    )  # fmt: skip


def unsigned(learnt: Learnt, capacity: np.ndarray, leases: pd.DataFrame, quarters: int) -> np.ndarray:
    """Part of each quarter's new leases that is not signed yet, (quarters,): history counts a new lease when it
    commences, so those that are signed already are among the expected ones and must not come twice.
    """
    demand = learnt.demand
    sites = learnt.portfolio.facilities
    placed = leases[leases["in_place"]].groupby("facility_id")["mw"].sum()
    vacant = np.maximum(capacity - sites["facility_id"].map(placed).fillna(0.0).to_numpy(dtype=float), 0.0)
    market = (
        sites["market"].fillna("unknown").map({name: at for at, name in enumerate(demand.markets)}).to_numpy(dtype=int)
    )
    by_market = np.bincount(market, weights=vacant, minlength=len(demand.markets))
    mode, markets = demand.rates.mode, len(demand.markets)
    level = np.exp(mode[:markets]) * (np.maximum(by_market, 0.05) / demand.usual_mw) ** mode[markets]
    added = learnt.added
    fresh = added[:, -FRESH_QUARTERS:].sum(axis=1)
    share = np.minimum(np.column_stack([fresh, added.sum(axis=1) - fresh]) / np.maximum(vacant, 1e-9)[:, None], 1.0)
    lift = np.exp(share @ mode[markets + 1 :])
    expected = float((level[market] * lift * vacant * demand.sizes.mean(axis=1)[market]).sum())
    new = leases[leases["signed"] & ~leases["is_renewal"]]
    quarter = np.maximum(new["commence_q"].to_numpy() - learnt.dates.now, 1)
    signed = np.zeros(quarters)
    for late, chance in enumerate(learnt.hazards.delay):
        at = quarter + late
        inside = at <= quarters
        signed += chance * np.bincount(at[inside] - 1, weights=new["mw"].to_numpy()[inside], minlength=quarters)
    return np.asarray(np.clip(1 - signed / max(expected, 1e-9), LEAST_OPEN, 1.0))
