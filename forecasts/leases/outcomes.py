"""Paths into tables: quantiles, breach probabilities, contiguous space and the backlog's run-off, by level.

Belongs here: what is summed into which series, and quantiles over paths. Not here: drawing paths (simulate.py), tables
that need no model (profile.py).

Leased MW are rounded to a watt before anything is compared: a quarter in which nothing happens has exactly the figure
of the quarter before, and a band that holds it has to hold it in the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.portfolio import STACKS
from forecasts.leases.simulate import Simulated, standing

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
NAMES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")
# Ends of the 95 % band, of occupancy alone: what coverage_95 of the track record is counted by.
OUTER_LEVELS, OUTER_NAMES = (0.025, 0.975), ("p025", "p975")
THRESHOLDS = (0.9, 0.8, 0.7)
MODEL = "leases"
_DIGITS = 6


@dataclass(frozen=True)
class Course:
    """Paths of one series: leased and in_service (paths, quarters), MW; stack "" where the level is no stack."""

    level: str
    series_id: str
    stack: str | None
    leased: np.ndarray
    in_service: np.ndarray

    @property
    def occupancy(self) -> np.ndarray:
        """Leased over in service, at most 1; NaN where nothing is in service."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.minimum(self.leased / self.in_service, 1.0)
        return np.where(self.in_service > 0, share, np.nan)


def courses(
    simulated: Simulated, levels: Sequence[str] = ("facility", "operator", "market", "stack", "total")
) -> Iterator[Course]:
    """Every series of the levels asked for, in order of level and name; operators and markets are sums of their halls.

    A stack's leased MW are those of its leases; in service it has them and the vacant space that evidence gives to it.
    """
    sites = simulated.learnt.portfolio.facilities
    if "facility" in levels:
        for at, name in enumerate(sites["facility_id"]):
            yield _sum(simulated, "facility", str(name), np.array([at]))
    for level in ("operator", "market"):
        if level in levels:
            for name, rows in sites.reset_index(drop=True).groupby(
                sites[level].fillna("unknown").to_numpy(), sort=True
            ):
                yield _sum(simulated, level, str(name), rows.index.to_numpy())
    if "stack" in levels:
        for at, name in enumerate(STACKS):
            leased = np.round(simulated.stack_leased[at], _DIGITS)
            yield Course("stack", name, name, leased, np.round(leased + simulated.stack_vacant[at], _DIGITS))
    if "total" in levels:
        yield _sum(simulated, "total", "total", np.arange(len(sites)))


def forecast_rows(simulated: Simulated, series: Sequence[Course] | None = None) -> pd.DataFrame:
    """Rows of occupancy_forecast: vintage, scenario, level, series_id, stack, quarter_end, horizon, unit,
    in_service_p50, leased_p05 .. p95, occupancy_p05 .. p95, occupancy_mean, model, occupancy_p025, occupancy_p975.
    Occupancy is null where nothing is in service.
    """
    frames = [_forecast(simulated, course) for course in (courses(simulated) if series is None else series)]
    return pd.concat(frames, ignore_index=True)


def breach_rows(
    simulated: Simulated, thresholds: Sequence[float] = THRESHOLDS, series: Sequence[Course] | None = None
) -> pd.DataFrame:
    """Rows of breach_probability: P(occupancy < threshold) by series, quarter and threshold; only where space is in
    service.
    """
    frames = []
    for course in courses(simulated) if series is None else series:
        occupancy = course.occupancy
        known = ~np.isnan(occupancy).any(axis=0)
        for threshold in thresholds:
            frame = _frame(simulated, course)
            frame["threshold"] = float(threshold)
            # Exactly at the threshold is no breach, whatever a division leaves in the last digit.
            frame["probability"] = (occupancy < threshold - 1e-9).mean(axis=0)
            frames.append(frame[known])
    return pd.concat(frames, ignore_index=True)


def contiguous_rows(simulated: Simulated, at_least_mw: float = 5.0) -> pd.DataFrame:
    """Largest contiguous free block by hall and quarter: vintage, scenario, series_id, quarter_end, horizon,
    block_mw_p10, _p50, _p90, and the probability that it holds at_least_mw. Needs simulate(..., blocks=True).

    Vacant space at the start is taken as one block, a phase as one, and the space of a lease that ends as one.
    """
    if not simulated.largest.size:
        raise ValueError("contiguous_rows: the simulation did not follow blocks; pass blocks=True to simulate().")
    frames = []
    for at, name in enumerate(simulated.learnt.portfolio.facilities["facility_id"]):
        block = np.round(simulated.largest[at].astype(float), 3)
        frame = _frame(simulated, Course("facility", str(name), None, block, block))
        frame[["block_mw_p10", "block_mw_p50", "block_mw_p90"]] = np.quantile(block, (0.1, 0.5, 0.9), axis=0).T
        frame["at_least_mw"], frame["probability"] = at_least_mw, (block >= at_least_mw - 1e-6).mean(axis=0)
        frames.append(frame.drop(columns="level"))
    return pd.concat(frames, ignore_index=True)


def runoff_rows(simulated: Simulated) -> pd.DataFrame:
    """Run-off of the backlog: MW signed and not commenced at the end of each quarter, by operator and in total:
    vintage, scenario, level, series_id, quarter_end, horizon, commencing_mw (mean of the quarter), backlog_mw (left).
    """
    leases = standing(simulated.learnt)
    signed = leases[leases["signed"] & ~leases["is_renewal"]].groupby("operator")["mw"].sum()
    frames = []
    at = CAUSE_COMMENCEMENT
    for position, operator in enumerate(simulated.learnt.operators):
        coming = simulated.flows[position, at]
        frames.append(("operator", operator, float(signed.get(operator, 0.0)), coming))
    frames.append(("total", "total", float(signed.sum()), simulated.flows[:, at].sum(axis=0)))
    rows = []
    for level, name, opening, coming in frames:
        frame = _frame(simulated, Course(level, name, None, coming[None], coming[None]))
        frame["commencing_mw"], frame["backlog_mw"] = coming, np.maximum(opening - np.cumsum(coming), 0.0)
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)


CAUSE_COMMENCEMENT = 4


def _sum(simulated: Simulated, level: str, name: str, halls: np.ndarray) -> Course:
    leased = np.round(simulated.leased[halls].sum(axis=0, dtype=np.float64), _DIGITS - 2)
    capacity = np.round(simulated.capacity(halls), _DIGITS - 2)
    return Course(level, name, None, leased, np.broadcast_to(capacity, leased.shape))


def _frame(simulated: Simulated, course: Course) -> pd.DataFrame:
    quarters = simulated.quarters
    frame = pd.DataFrame({"vintage": [simulated.learnt.portfolio.as_of] * quarters})
    frame["scenario"], frame["level"], frame["series_id"] = simulated.scenario.name, course.level, course.series_id
    frame["quarter_end"], frame["horizon"] = simulated.ends, np.arange(1, quarters + 1)
    return frame


def _forecast(simulated: Simulated, course: Course) -> pd.DataFrame:
    frame = _frame(simulated, course)
    frame.insert(4, "stack", course.stack)
    frame["unit"] = "mw"
    frame["in_service_p50"] = np.median(course.in_service, axis=0)
    frame[[f"leased_{name}" for name in NAMES]] = np.quantile(course.leased, LEVELS, axis=0).T
    occupancy = course.occupancy
    frame[[f"occupancy_{name}" for name in NAMES]] = np.quantile(occupancy, LEVELS, axis=0).T
    frame["occupancy_mean"] = occupancy.mean(axis=0)
    frame["model"] = MODEL
    frame[[f"occupancy_{name}" for name in OUTER_NAMES]] = np.quantile(occupancy, OUTER_LEVELS, axis=0).T
    return frame
