"""The expected course of leases by arithmetic instead of by paths: what the simulation has to agree with on average.

Belongs here: expectations of what kernel.py draws, from the same tables. Not here: spreads, breaches, anything joint.

A lease's expectation needs no approximation of the events: with S(q) the probability of no early end up to quarter q,
p(q) that of renewal at an expiry in q, r the mean ratio of sizes and f(t) the chance of a term of t quarters, the MW
of a lease of 1 MW that expires in quarter l are

    B(l, h) = S(l - 1) p(l) r G(l, h) after it (h >= l) and S(h) before,
    S(q) G(q, h) = P(term > h - q) S(h) + sum over l in q + 1 .. h of f(l - q) B(l, h),  G(h, h) = 1,

which is solved backwards from h (a renewal equation; Feller 1968, ch. XIII). What is uncertain is integrated by
Gauss-Hermite: a normal for a cell's renewal logit, one for its log rate of early ends, and the leading component of the
random walk of its groups (Karhunen-Loeve); the rest of the walk enters by its variance in each quarter.

Two simplifications of the leases alone: space limits nothing, and a tenant's common decision at one expiry is
independent of that at the next. The path of halls is a mean field: it uses expected vacancy where a path has its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecasts.leases import simulate as paths
from forecasts.leases.demand import FRESH_QUARTERS, SETTLING_QUARTERS
from forecasts.leases.learning import Learnt
from forecasts.leases.scenario import BASE, Scenario

# Nodes for the leading component of the groups' walk; it is narrow beside the coefficients.
_WALK_NODES = 3
# Cells whose nodes are worked on at once: keeps memory below some 200 MB.
_CHUNK = 200
_FAR = 1e-300
# Least vacant MW that is let, and quarters over which the pre-leasing of a phase builds up: as in the kernel.
_LEAST = 0.05
_LEAD_QUARTERS = 4.0


@dataclass(frozen=True)
class _Courses:
    """Expected MW of a lease of 1 MW. standing (cells, quarters + 2, quarters + 1): in place at quarter 0, by the
    quarter of its expiry (the last: none within the horizon) and quarter. later (chosen, quarters + 1, quarters + 2,
    quarters + 1): the same for one that commences in a quarter, of the cells in `at` (cells,), -1 where not asked for.
    fresh (chosen, quarters + 1, quarters + 1): a new lease by its first quarter.
    """

    standing: np.ndarray
    later: np.ndarray
    fresh: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class _Tables:
    """The simulation's own tables, by name: leases of standing(), cells, and what acts on them."""

    leases: pd.DataFrame
    cells: paths.Cells
    hall: np.ndarray
    cell: np.ndarray
    mw: np.ndarray
    stack: np.ndarray
    sector: np.ndarray
    start: np.ndarray
    leave: np.ndarray
    settled: np.ndarray
    late: np.ndarray
    shifts: tuple[np.ndarray, ...]
    ratio: np.ndarray
    terms: np.ndarray
    new_terms: np.ndarray
    delay: np.ndarray


def expected_leases(
    learnt: Learnt, scenario: Scenario = BASE, horizon: int = 8, spread: float = 1.0, nodes: int = 9
) -> np.ndarray:
    """Expected MW of each standing lease (rows of simulate.standing) at the ends of quarters 1 .. horizon, (leases,
    quarters).

    Counts renewals with their sizes and terms, early ends, delays of commencements; expansions in full, commencements
    as if there were always room. spread: of coefficients and drift, as in simulate; nodes: Gauss-Hermite nodes of each
    of the two normals of a cell. Raises ValueError for a horizon or nodes below 1.
    """
    _check(horizon, nodes)
    mw: np.ndarray | float = 0.0
    for outcome, chance in _outcomes(scenario):
        tables = _tables(learnt, scenario, horizon, outcome)
        courses = _courses(learnt, tables, horizon, spread, nodes, np.unique(tables.cell[tables.start > 0]))
        mw = mw + chance * _by_lease(tables, courses, horizon)
    return np.asarray(mw)


def expected_path(
    learnt: Learnt, scenario: Scenario = BASE, horizon: int = 8, spread: float = 1.0, nodes: int = 9
) -> np.ndarray:
    """Expected leased MW of each hall, (halls, quarters), new leases included: standing leases exactly, new ones by the
    kernel's intensities at the expected vacancy of hall and market (mean field), within the space that is expected.

    Uncertainty of a market's rate is integrated over `nodes` Gauss-Hermite nodes. Raises ValueError as expected_leases.
    """
    _check(horizon, nodes)
    mw: np.ndarray | float = 0.0
    z, weight = _hermite(nodes if spread > 0 else 1)
    plain = expected_leases(learnt, replace(scenario, shocks=(), outcomes={}), horizon, spread, nodes)
    for outcome, chance in _outcomes(scenario):
        tables = _tables(learnt, scenario, horizon, outcome)
        asked = np.unique(np.concatenate([tables.cell[tables.start > 0], tables.cells.new_cell.ravel()]))
        courses = _courses(learnt, tables, horizon, spread, nodes, asked)
        each = _by_lease(tables, courses, horizon)
        for x, w in zip(z, weight, strict=True):
            mw = mw + chance * w * _halls_at(learnt, scenario, tables, courses, each, plain, horizon, spread * x)
    return np.asarray(mw)


def _outcomes(scenario: Scenario) -> list[tuple[str, float]]:
    """Outcomes of a scenario with their probabilities; one without a name where it has none."""
    if not scenario.outcomes:
        return [("", 1.0)]
    total = sum(scenario.outcomes.values())
    return [(name, chance / total) for name, chance in scenario.outcomes.items()]


def _check(horizon: int, nodes: int) -> None:
    if horizon < 1 or nodes < 1:
        raise ValueError(f"horizon {horizon}, nodes {nodes}: both have to be at least 1.")


def _tables(learnt: Learnt, scenario: Scenario, horizon: int, outcome: str) -> _Tables:
    leases = paths.standing(learnt)
    cells = paths.make_cells(learnt, scenario, leases)
    hall, cell, _, mw, stack, sector, start, leave, settled, late = paths._lease_tables(learnt, leases, cells)
    ratio, terms, new_terms, reached = paths._size_tables(learnt)
    delay = np.diff(reached, prepend=0.0)
    delay[-1] += 1 - reached[-1]
    shifts = paths.shifted(scenario, cells.shocks, horizon, outcome)
    return _Tables(
        leases,
        cells,
        hall,
        cell,
        mw,
        stack,
        sector,
        start,
        leave,
        settled,
        late,
        shifts,
        ratio,
        terms,
        new_terms,
        delay,
    )


def _hermite(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for a standard normal."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return z, weight / weight.sum()


def _courses(learnt: Learnt, tables: _Tables, horizon: int, spread: float, nodes: int, asked: np.ndarray) -> _Courses:
    """Courses of all cells; those that begin later than quarter 0 only of the cells asked for."""
    count = len(tables.cells.renewal)
    sector = np.zeros(count, dtype=np.int64)
    new = tables.cells.new_cell
    sector[new] = np.broadcast_to(np.arange(new.shape[1])[None, :, None], new.shape)
    sector[tables.cell] = tables.sector
    at = np.full(count, -1, dtype=np.int64)
    at[asked] = np.arange(len(asked))
    standing = np.zeros((count, horizon + 2, horizon + 1))
    later = np.zeros((len(asked), horizon + 1, horizon + 2, horizon + 1))
    fresh = np.zeros((len(asked), horizon + 1, horizon + 1))
    again, first = _term_chances(tables.terms, horizon), _term_chances(tables.new_terms, horizon)
    for low in range(0, count, _CHUNK):
        chunk = np.arange(low, min(low + _CHUNK, count))
        renew, survive, weight = _nodes(learnt, tables, chunk, horizon, spread, nodes)
        after = _after_expiry(renew, survive, again[sector[chunk]], float(tables.ratio.mean()))
        for quarter in range(horizon + 1):
            inside = np.flatnonzero(at[chunk] >= 0) if quarter else np.arange(len(chunk))
            if not len(inside):
                continue
            course = _from_quarter(survive[inside], after[inside], weight, quarter)
            if quarter == 0:
                standing[chunk] = course
                continue
            rows = at[chunk[inside]]
            later[rows, quarter] = course
            # A new lease's term is drawn like a renewal's, from a table of its own.
            chance = first[sector[chunk[inside]]]
            span = horizon + 1 - quarter
            fresh[rows, quarter] = np.einsum("ct,cth->ch", chance[:, 1 : span + 1], course[:, quarter + 1 :])
            fresh[rows, quarter] += (1 - chance[:, 1 : span + 1].sum(axis=1))[:, None] * course[:, -1]
    return _Courses(standing, later, fresh, at)


def _term_chances(terms: np.ndarray, horizon: int) -> np.ndarray:
    """P(term is t quarters), t = 0 .. horizon + 1, (sectors, horizon + 2); longer ones are the rest."""
    lengths = np.maximum(terms.astype(np.int64), 1)
    return np.stack([(lengths == t).mean(axis=1) for t in range(horizon + 2)], axis=1)


def _nodes(
    learnt: Learnt, tables: _Tables, chunk: np.ndarray, horizon: int, spread: float, nodes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Renewal probabilities and survival at each node, (cells, nodes, horizon + 1) with quarter 0 first, and the
    weights of nodes, (nodes,).
    """
    rows_r, mode_r, root_r, rows_e, mode_e, root_e, groups, drift = paths._hazard_tables(learnt, tables.cells)
    shift, keep, forced, times, more = (table[chunk] for table in tables.shifts[:5])
    x_r, x_e = rows_r[chunk], rows_e[chunk]
    (z_r, w_r), (z_e, w_e), (z_w, w_w) = (
        _hermite(number if spread > 0 else 1) for number in (nodes, nodes, _WALK_NODES)
    )
    level_r = (x_r @ mode_r)[:, None] + spread * np.linalg.norm(x_r @ root_r, axis=1)[:, None] * z_r
    level_e = (x_e @ mode_e)[:, None] + spread * np.linalg.norm(x_e @ root_e, axis=1)[:, None] * z_e
    used = groups[chunk]
    variance = spread**2 * np.where(used >= 0, drift[used] ** 2, 0.0).sum(axis=1)
    quarters = np.arange(1, horizon + 1)
    values, vectors = np.linalg.eigh(np.minimum.outer(quarters, quarters).astype(float))
    leading = vectors[:, -1] * np.sqrt(values[-1])
    rest = variance[:, None] * np.maximum(quarters - leading**2, 0.0)
    walk = np.sqrt(variance)[:, None, None] * leading[None, None, :] * z_w[None, :, None]
    logit = level_r[:, :, None, None] + (walk + shift[:, None, :])[:, None]
    inner, inner_weight = _hermite(3 if spread > 0 else 1)
    renewed = sum(
        w * 0.5 * (1 + np.tanh(0.5 * (logit + x * np.sqrt(rest)[:, None, None, :])))
        for x, w in zip(inner, inner_weight, strict=True)
    )
    renewed = keep[:, None, None, :] * renewed + forced[:, None, None, :]
    rate = np.exp(np.minimum(level_e, 2.0))[:, :, None, None]
    hazard = rate * (np.exp(-walk + 0.5 * rest[:, None, :]) * times[:, None, :])[:, None] + more[:, None, None, :]
    survive = np.exp(-np.cumsum(hazard, axis=-1))
    shape = (len(chunk), len(z_r), len(z_e), len(z_w), horizon)
    flat = (len(chunk), -1, horizon)
    renewed = np.broadcast_to(renewed[:, :, None], shape).reshape(flat)
    survive = np.broadcast_to(survive[:, None], shape).reshape(flat)
    weight = (w_r[:, None, None] * w_e[None, :, None] * w_w[None, None, :]).ravel()
    pad = ((0, 0), (0, 0), (1, 0))
    return np.pad(renewed, pad), np.maximum(np.pad(survive, pad, constant_values=1.0), _FAR), weight


def _after_expiry(renew: np.ndarray, survive: np.ndarray, chance: np.ndarray, ratio: float) -> np.ndarray:
    """B(l, h) of the module's text, (cells, nodes, quarters, quarters). chance: of terms, (cells, quarters + 1)."""
    cells, nodes, quarters = renew.shape
    after = np.zeros((cells, nodes, quarters, quarters))
    tail = 1 - np.cumsum(chance, axis=1)
    for h in range(1, quarters):
        for expiry in range(h, 0, -1):
            if expiry == h:
                grown = np.ones((cells, nodes))
            else:
                span = h - expiry
                again = np.einsum("ct,cnt->cn", chance[:, 1 : span + 1], after[:, :, expiry + 1 : h + 1, h])
                grown = (tail[:, span][:, None] * survive[:, :, h] + again) / survive[:, :, expiry]
            after[:, :, expiry, h] = survive[:, :, expiry - 1] * renew[:, :, expiry] * ratio * grown
    return after


def _from_quarter(survive: np.ndarray, after: np.ndarray, weight: np.ndarray, begin: int) -> np.ndarray:
    """Expected MW of a lease of 1 MW that is in place after quarter `begin`, (cells, horizon + 2, horizon + 1) by
    quarter of its expiry, those up to begin left at 0, and quarter.
    """
    cells, _, quarters = survive.shape
    scaled = weight[None, :] / survive[:, :, begin]
    alive = np.einsum("cn,cnh->ch", scaled, survive)
    back = np.einsum("cn,cnlh->clh", scaled, after)
    course = np.zeros((cells, quarters + 1, quarters))
    for expiry in range(begin + 1, quarters + 1):
        course[:, expiry, begin:expiry] = alive[:, begin:expiry]
        if expiry < quarters:
            course[:, expiry, expiry:] = back[:, expiry, expiry:]
    return course


def _by_lease(tables: _Tables, courses: _Courses, horizon: int) -> np.ndarray:
    """Courses of the leases themselves, (leases, quarters) MW."""
    leave = np.minimum(tables.leave, horizon + 1)
    each = courses.standing[tables.cell, leave, 1:]
    quarters = np.arange(1, horizon + 1)
    fixed = (tables.settled == 1) & (tables.start == 0)
    each[fixed] = (quarters[None, :] < tables.leave[fixed][:, None]).astype(float)
    waiting = np.flatnonzero(tables.start > 0)
    each[waiting] = 0.0
    follows = tables.settled[waiting] == 2
    known = np.minimum(tables.late[waiting], len(tables.delay) - 1)
    # A delay that has been announced already is part of the one that is drawn.
    left = np.cumsum(tables.delay[::-1])[::-1][known]
    for late in range(len(tables.delay)):
        total = known + late
        chance = np.where(total < len(tables.delay), tables.delay[np.minimum(total, len(tables.delay) - 1)], 0.0) / left
        share = np.where(follows, float(late == 0), chance)
        begin = tables.start[waiting] + late
        chosen = (begin <= horizon) & (share > 0)
        rows, first = waiting[chosen], begin[chosen]
        expiry = np.minimum(np.maximum(tables.leave[rows], first + 1), horizon + 1)
        course = courses.later[courses.at[tables.cell[rows]], first, expiry, 1:].copy()
        each[rows] += share[chosen][:, None] * course
    return np.asarray(each * tables.mw[:, None])


def _halls_at(
    learnt: Learnt,
    scenario: Scenario,
    tables: _Tables,
    courses: _Courses,
    each: np.ndarray,
    plain: np.ndarray,
    horizon: int,
    rate_z: float,
) -> np.ndarray:
    """Leased MW of halls, (halls, quarters), with markets' rates rate_z standard deviations above their mode."""
    halls = paths._halls(learnt)
    count = len(halls.market)
    open_part = paths.unsigned(learnt, halls.capacity, tables.leases, horizon)
    rates: tuple[Any, ...] = paths._demand_tables(learnt, scenario, tables.cells, horizon, open_part)
    mode, root, usual, rate_drift, times, rivals, sizes, mean_size, sector_cdf, new_cell, move_rate = rates
    capacity, coming = _phases_expected(learnt, scenario, halls.capacity, horizon)
    held = _by_hall(each, tables.hall, count)
    starts = _by_hall(each * (tables.start > 0)[:, None], tables.hall, count)
    pools = _moved(tables, each, plain, halls.market, len(usual))
    sector = np.diff(sector_cdf, axis=1, prepend=0.0)
    # Course of 1 MW let in a quarter by market and stack, over sectors.
    fresh = np.einsum("mk,mksqh->msqh", sector, courses.fresh[courses.at[new_cell]])
    markets = len(usual)
    variance = (root[:markets] ** 2).sum(axis=1)
    steepness = min(max(float(mode[markets]) + 1.0, 0.0), 1.2) - 1.0
    added = np.hstack([halls.added, np.diff(capacity, axis=1, prepend=halls.capacity[:, None])])
    new = np.zeros((count, times.shape[1], horizon + 1))
    leased = np.zeros((count, horizon))
    pool = np.zeros((len(usual), times.shape[1]))
    market, let = halls.market, halls.let
    commenced = np.diff(starts, axis=1, prepend=0.0).clip(min=0.0)
    for q in range(1, horizon + 1):
        older = np.einsum("fsq,fsq->f", new[:, :, 1:q], fresh[market][:, :, 1:q, q])
        base = np.minimum(held[:, q - 1] + older, capacity[:, q - 1])
        free = capacity[:, q - 1] - base
        vacant = np.bincount(market, weights=free, minlength=markets)
        pool += pools[:, :, q - 1]
        rate = np.exp(np.minimum(mode[:markets] + rate_z * np.sqrt(variance + rate_drift**2 * q), 3.0))
        level = rate * (np.maximum(vacant, _LEAST) / usual) ** steepness
        level = level * vacant / np.maximum(vacant + rivals[:, q - 1], _FAR)
        suited = np.zeros_like(pool)
        np.add.at(suited, market, free[:, None] * let)
        moving = move_rate * pool / np.maximum(suited, _FAR) / mean_size[:, None] * (suited > 0)
        recent = added[:, q : q + SETTLING_QUARTERS]
        fresh_mw = recent[:, -FRESH_QUARTERS:].sum(axis=1)
        lift = _lift(np.column_stack([fresh_mw, recent.sum(axis=1) - fresh_mw]), free, mode[markets + 1 :])
        ordinary = (level[market] * lift * free)[:, None] * let * times[market][:, :, q - 1]
        moved = free[:, None] * let * moving[market]
        stacks = ordinary + moved
        total = stacks.sum(axis=1)
        early = np.maximum(coming[:, q - 1] - commenced[:, q - 1], 0.0) / mean_size[market]
        amount = _mean_fitting(sizes[market], free)
        came = np.minimum((total + early) * amount, free)
        part = np.where(total[:, None] > 0, stacks / np.maximum(total, _FAR)[:, None], let)
        new[:, :, q] = came[:, None] * part
        done = np.zeros_like(pool)
        np.add.at(done, market, moved * (came / np.maximum(total + early, _FAR))[:, None])
        pool = np.maximum(pool - done, 0.0)
        leased[:, q - 1] = base + came
    return leased


def _lift(delivered: np.ndarray, free: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """How much faster (factor) halls let whose free MW were delivered lately, by delivered MW (halls, 2)."""
    share = np.minimum(delivered / np.maximum(free, _LEAST)[:, None], 1.0)
    return np.asarray(np.exp(np.minimum(share @ coefficients, 3.0)))


def _phases_expected(
    learnt: Learnt, scenario: Scenario, now: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """MW expected in service, and to be pre-let with phases that come in a quarter, both (halls, quarters)."""
    hall, quarter, mw, pre, reached = paths._phases(learnt, scenario, paths._halls(learnt))
    chance = np.diff(reached, axis=1, prepend=0.0)[:, :-1]
    added, let = np.zeros((len(now), horizon)), np.zeros((len(now), horizon))
    for late in range(chance.shape[1]):
        when = quarter + late
        inside = when <= horizon
        share = chance[inside, late] * mw[inside]
        np.add.at(added, (hall[inside], when[inside] - 1), share)
        np.add.at(
            let, (hall[inside], when[inside] - 1), share * pre[inside] * np.minimum(1.0, when[inside] / _LEAD_QUARTERS)
        )
    return now[:, None] + np.cumsum(added, axis=1), let


def _moved(tables: _Tables, each: np.ndarray, plain: np.ndarray, market: np.ndarray, markets: int) -> np.ndarray:
    """MW that shocks make leave and that look for space elsewhere, (markets, stacks, quarters): the fall of a lease's
    expectation beyond that without shocks (plain), since what leaves anyway is in the demand that history shows.
    """
    share, to = tables.shifts[5][tables.cell], tables.shifts[6][tables.cell]
    start = np.where(tables.start > 0, 0.0, tables.mw)
    falls = [np.column_stack([start, course[:, :-1]]) - course for course in (each, plain)]
    gone = np.maximum(np.maximum(falls[0], 0.0) - np.maximum(falls[1], 0.0), 0.0) * share[:, None]
    pools = np.zeros((markets, 4, each.shape[1]))
    np.add.at(pools, (market[tables.hall], to), gone)
    return pools


def _by_hall(each: np.ndarray, hall: np.ndarray, count: int) -> np.ndarray:
    sums = np.zeros((count, each.shape[1]))
    np.add.at(sums, hall, each)
    return sums


def _mean_fitting(sizes: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Mean MW of the sizes (halls, slots), ascending, that fit the free MW of a hall; 0 where none does."""
    fits = (sizes <= free[:, None] + 1e-9) & (free[:, None] >= _LEAST)
    return np.asarray((sizes * fits).sum(axis=1) / np.maximum(fits.sum(axis=1), 1))
