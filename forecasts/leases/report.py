"""What stands behind each estimate of a portfolio: its value now, how sure it is, and how many events of its own it
has.

Belongs here: reading estimates out of Learnt for people. Not here: making them (hazards.py, demand.py).

A group's value is that of its average lease: the mean of its leases' rows of the design matrix, with today's recency.
Its prior is the same lease's before any event. What a group lacks in events of its own it borrows from the others, so
`from_data` (1 - posterior variance / prior variance, on the logit or log scale) may be high where `events` is low.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from forecasts.leases import demand, hazards
from forecasts.leases.events import at_risk, expiries
from forecasts.leases.features import PUBLIC, soft_stack
from forecasts.leases.learning import Learnt
from forecasts.leases.pooling import expit, logit
from forecasts.leases.portfolio import SECTORS, STACKS, TIERS
from forecasts.leases.simulate import standing

COLUMNS = (
    "estimate", "group", "value", "low", "high", "prior", "events", "trials", "effective_events", "from_data", "note",
)  # fmt: skip
# Standard deviations to either side that hold 80 % of a normal.
_TENTH = 1.2815515655446004
Row = tuple[str, str, float, float, float, float, float, float, float, float, str]


def effective_events(learnt: Learnt) -> pd.DataFrame:
    """One row an estimate and group, COLUMNS: value with low and high (80 % of the posterior), prior (the value before
    any event), events and trials of the group's own, effective_events (events by their weight in the estimate: a dual
    lease counts by its weights on both stacks, an old quarter of absorption less), from_data (0 to 1) and a note.

    renewal: probability at expiry; early_end: rate a quarter (trials in lease-quarters); absorption: new leases a
    vacant MW and quarter (trials in MW-quarters); size_ratio: mean MW after a renewal to before; delay: probability
    that a new lease commences late; pre_lease: part of a phase let on its first day. Groups without a lease have no
    row.
    """
    rows = [
        *_hazard_rows(learnt, "renewal"), *_hazard_rows(learnt, "early_end"), *_absorption(learnt), _size(learnt),
        _delay(learnt), _pre_lease(learnt),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _groups(leases: pd.DataFrame, hall: pd.DataFrame, learnt: Learnt) -> Iterator[tuple[str, np.ndarray]]:
    """Names of groups and each lease's weight in them, (leases,)."""
    yield "all", np.ones(len(leases))
    lists = (
        ("sector", "sector", SECTORS), ("tier", "sensitivity_tier", TIERS), ("operator", "operator", learnt.operators),
        ("market", "market", learnt.markets),
    )  # fmt: skip
    for label, column, values in lists:
        for value in values:
            yield f"{label}.{value}", (leases[column] == value).to_numpy(dtype=float)
    soft = soft_stack(leases, hall) if len(leases) else np.zeros((0, 2))
    for at, stack in enumerate(STACKS[:2]):
        yield f"stack.{stack}", soft[:, at]
    for stack in STACKS[2:]:
        yield f"stack.{stack}", (leases["stack"] == stack).to_numpy(dtype=float)
    yield "public.us", leases["sector"].isin(PUBLIC).to_numpy(dtype=float) * soft[:, 1]


def _hazard_rows(learnt: Learnt, estimate: str) -> Iterator[Row]:
    """Rows of renewal or early ends by group."""
    hall, priors = learnt.hall_frame, learnt.priors
    now = standing(learnt)
    note = ""
    if estimate == "renewal":
        hazard, events, which = learnt.hazards.renewal, expiries(learnt.dates), 0
        centre, spread, count, size = logit(priors.renewal), priors.renewal_sd, "success", None
        back: Callable[[float], float] = _probability
    else:
        hazard, events, which = learnt.hazards.early, at_risk(learnt.dates), 1
        centre, spread, count, size = float(np.log(priors.early_exit)), priors.early_exit_sd, "count", "exposure"
        back = _rate
        if not learnt.dates.tells_early:
            events, note = events.iloc[:0], "early ends cannot be told from contracts that ran out"
    mean, sd = hazards._prior(hazard.names, centre, spread, which)
    # Events of leases that are gone still show what their group is like where no lease of it is left.
    design_now, _ = hazards.design(now, hall, np.ones(len(now)), learnt.operators, learnt.markets)
    design_then, _ = hazards.design(events, hall, np.ones(len(events)), learnt.operators, learnt.markets)
    happened = events[count].to_numpy(dtype=float)
    tried = events[size].to_numpy(dtype=float) if size else np.ones(len(events))
    then = dict(_groups(events, hall, learnt))
    for group, weight in _groups(now, hall, learnt):
        past = then[group]
        if weight.sum() > 0:
            row = weight @ design_now / weight.sum()
        elif past.sum() > 0:
            row = past @ design_then / past.sum()
        elif group == "all":
            row = np.zeros(len(hazard.names))
            row[hazard.names.index("intercept")] = 1.0
        else:
            continue
        level, before = float(row @ hazard.estimate.mode), float(row @ mean)
        deviation = float(np.linalg.norm(row @ hazard.estimate.root))
        prior_variance = float((row * sd) @ (row * sd))
        member, aside = past > 0, _TENTH * deviation
        yield (
            estimate, group, back(level), back(level - aside), back(level + aside), back(before),
            float(happened[member].sum()), float(tried[member].sum()), float(past @ happened),
            float(np.clip(1 - deviation**2 / prior_variance, 0, 1)), note or ("" if weight.sum() else "no lease left"),
        )  # fmt: skip


def _probability(level: float) -> float:
    return float(expit(np.array(level)))


def _rate(level: float) -> float:
    return float(np.exp(level))


def _absorption(learnt: Learnt) -> Iterator[Row]:
    """Rows of new leases by market, at the market's usual vacancy."""
    found, priors = learnt.demand, learnt.priors
    rows = demand.absorbed(learnt.portfolio, learnt.dates, found.markets)
    weight = 0.5 ** ((learnt.dates.now - rows["quarter"].to_numpy(dtype=float)) / found.half_life)
    count, vacant = rows["count"].to_numpy(dtype=float), rows["vacant"].to_numpy(dtype=float)
    aged = found.half_life < max(demand.HALF_LIVES)
    note = "space that is not newly delivered"
    if aged:
        note += f"; events count half after {found.half_life:g} quarters"
    prior_variance = priors.absorption_sd**2 + priors.market_sd**2
    for at, market in enumerate(found.markets):
        here = (rows["market"] == at).to_numpy(dtype=bool)
        level, deviation = float(found.rates.mode[at]), float(np.linalg.norm(found.rates.root[at]))
        yield (
            "absorption", f"market.{market}", _rate(level), _rate(level - _TENTH * deviation),
            _rate(level + _TENTH * deviation), priors.absorption, float(count[here].sum()), float(vacant[here].sum()),
            float((weight * count)[here].sum()), float(np.clip(1 - deviation**2 / prior_variance, 0, 1)), note,
        )  # fmt: skip


def _size(learnt: Learnt) -> Row:
    """Mean ratio of MW after a renewal to before; events are renewals that changed size."""
    came, priors, table = expiries(learnt.dates), learnt.priors, learnt.hazards.size
    own = (came["mw_after"] / came["mw"])[came["renewed"]].to_numpy(dtype=float)
    value = float(table.mean())
    deviation = float(table.std() / np.sqrt(len(own) + priors.size_events + 1))
    before = 1 - 0.4 * priors.shrink + 0.225 * priors.expand
    changed = float((np.abs(own - 1) > 1e-9).sum())
    return (
        "size_ratio", "all", value, value - _TENTH * deviation, value + _TENTH * deviation, before, changed,
        float(len(own)), changed, _share(len(own), priors.size_events), "mean of renewals, smaller and larger",
    )  # fmt: skip


def _delay(learnt: Learnt) -> Row:
    """Probability that a new lease commences in a later quarter than contracted."""
    leases, priors = learnt.dates.leases, learnt.priors
    new = leases[~leases["is_renewal"] & (leases["commence_q"] > learnt.dates.first) & ~leases["signed"]]
    late = float((new["commence_q"] > new["start_q"]).sum())
    value = float(1 - learnt.hazards.delay[0])
    low, high = _beta(value, len(new) + priors.delay_events)
    note = "in quarters: a delay within a quarter is none"
    return (
        "delay", "all", value, low, high, priors.delay, late, float(len(new)), late,
        _share(len(new), priors.delay_events), note,
    )  # fmt: skip


def _pre_lease(learnt: Learnt) -> Row:
    """Part of a new phase that is let on its first day; events and trials are phases."""
    found, priors = learnt.demand, learnt.priors
    phases = found.pre_lease_events
    low, high = _beta(found.pre_lease, phases + priors.pre_lease_events)
    return (
        "pre_lease", "all", found.pre_lease, low, high, priors.pre_lease_share, phases, phases, phases,
        _share(phases, priors.pre_lease_events), "events are phases delivered",
    )  # fmt: skip


def _share(own: float, believed: float) -> float:
    """Part of a posterior's weight that is the portfolio's own, where the prior counts as so many events."""
    return own / (own + believed) if own + believed > 0 else 0.0


def _beta(mean: float, events: float) -> tuple[float, float]:
    """80 % of a share whose posterior is a beta of so many events, as normal on the logit scale."""
    held = min(max(mean, 1e-6), 1 - 1e-6)
    deviation = 1 / np.sqrt(held * (1 - held) * (events + 1))
    level = logit(held)
    # At the very edges, where the logit is cut off, the mean itself still lies within.
    return min(_probability(level - _TENTH * deviation), mean), max(_probability(level + _TENTH * deviation), mean)
