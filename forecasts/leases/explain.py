"""Why a scenario differs from the base, and which assumption an answer hangs on: waterfall, tornado, carrying leases.

Belongs here: differences between runs with common random numbers. Not here: running paths (simulate.py), pictures.

Runs share their seed, so that a lease meets the same luck in each: a difference is what the change does, with little
noise of its own (common random numbers, Glasserman and Yao 1992). Where noise is left, its standard error stands beside
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from forecasts.leases.blended import expected_leases
from forecasts.leases.kernel import CAUSES
from forecasts.leases.learning import Learnt, learn
from forecasts.leases.portfolio import STACKS
from forecasts.leases.priors import PREFIX, Priors
from forecasts.leases.scenario import MULTIPLIERS, Scenario
from forecasts.leases.simulate import Simulated, simulate, standing

WATERFALL_COLUMNS = ("split", "level", "series_id", "position", "cause", "delta_mw", "se_mw")
TORNADO_COLUMNS = (
    "level", "series_id", "kind", "name", "low", "value", "high", "leased_low_mw", "leased_mw", "leased_high_mw",
    "swing_mw", "occupancy_low", "occupancy", "occupancy_high", "swing_pp",
)  # fmt: skip
CARRIER_COLUMNS = (
    "lease_id", "facility_id", "operator", "tenant_id", "sector", "sensitivity_tier", "stack", "end_date", "mw",
    "base_mw", "scenario_mw", "delta_mw", "share_of_change",
)  # fmt: skip


def waterfall(
    learnt: Learnt, scenario: Scenario, horizon: int, quarter: int, paths: int = 1000, seed: int = 0, workers: int = 1
) -> pd.DataFrame:
    """From base to scenario in leased MW at the end of a quarter (1 .. horizon), WATERFALL_COLUMNS.

    split `shock`, at total, operator and stack: the shocks of the scenario added one at a time in their order, position
    1 and on; delta_mw of a shock depends on those before it, se_mw is the standard error of its mean over paths. split
    `event`, at total and operator: the same difference by what happens to leases (kernel.CAUSES), summed up to the
    quarter; se_mw empty. In both, the first row (cause `base`, position 0) and the last (`scenario`) hold MW leased,
    and the steps between add up to their difference. Raises ValueError for a quarter outside 1 .. horizon.
    """
    _check(horizon, quarter)
    bare = replace(scenario, shocks=())
    first = simulate(learnt, bare, horizon, paths, seed, workers)
    reached = _levels(first, quarter)
    marks: list[dict[tuple[str, str], np.ndarray]] = [reached]
    last = first
    for count in range(1, len(scenario.shocks) + 1):
        last = simulate(learnt, replace(scenario, shocks=scenario.shocks[:count]), horizon, paths, seed, workers)
        marks.append(_levels(last, quarter))
    rows: list[tuple[object, ...]] = []
    for level, name in reached:
        course = [mark[level, name] for mark in marks]
        rows.append(("shock", level, name, 0, "base", float(course[0].mean()), np.nan))
        for at, shock in enumerate(scenario.shocks, start=1):
            step = course[at] - course[at - 1]
            rows.append(("shock", level, name, at, shock.shock_id, float(step.mean()), _error(step)))
        rows.append(("shock", level, name, len(course), "scenario", float(course[-1].mean()), np.nan))
    change = (last.flows - first.flows)[:, :, :quarter].sum(axis=2)
    by_event = {("total", "total"): change.sum(axis=0)}
    by_event |= {("operator", name): change[at] for at, name in enumerate(learnt.operators)}
    for (level, name), steps in by_event.items():
        start = float(reached[level, name].mean())
        rows.append(("event", level, name, 0, "base", start, np.nan))
        rows += [("event", level, name, at, CAUSES[at - 1], float(steps[at - 1]), np.nan) for at in _positions()]
        rows.append(("event", level, name, len(CAUSES) + 1, "scenario", start + float(steps.sum()), np.nan))
    return pd.DataFrame(rows, columns=list(WATERFALL_COLUMNS))


def tornado(
    learnt: Learnt, scenario: Scenario, horizon: int, quarter: int, paths: int = 500, seed: int = 0, workers: int = 1,
    priors: Mapping[str, tuple[float, float]] | None = None,
    multipliers: Mapping[str, tuple[float, float]] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """How far each number swings leased MW and occupancy at the end of a quarter, TORNADO_COLUMNS, at total and by
    stack, the widest swing first.

    Varied one at a time: the value of each shock between its low and high (kind `shock`), `multipliers` (lock_in,
    dual_stack) and `priors` (fields of Priors, also as leases.FIELD) between the low and high given for them; a prior
    is changed before learning, so that a portfolio with many events of its own moves little. leased_mw and occupancy
    (fraction) are means over paths, swing_mw and swing_pp (points) the distance between low's and high's. Occupancy of
    a stack counts vacant space by the evidence on its hall. Raises ValueError for a quarter outside 1 .. horizon, and
    for an unknown name or a low above high, naming it.
    """
    _check(horizon, quarter)
    ranges = {name.removeprefix(PREFIX): bounds for name, bounds in (priors or {}).items()}
    _known(ranges, tuple(item.name for item in fields(Priors)), "prior")
    _known(multipliers or {}, MULTIPLIERS, "multiplier")

    def measured(what: Learnt, under: Scenario) -> dict[tuple[str, str], tuple[float, float]]:
        return _rates(simulate(what, under, horizon, paths, seed, workers), quarter)

    middle = measured(learnt, scenario)
    rows: list[tuple[object, ...]] = []
    for kind, name, low, value, high in _varied(learnt, scenario, ranges, multipliers or {}):
        ends = [middle if to == value else measured(*_with(learnt, scenario, kind, name, to)) for to in (low, high)]
        for key, (mw, occupancy) in middle.items():
            (low_mw, low_rate), (high_mw, high_rate) = ends[0][key], ends[1][key]
            rows.append(
                (
                    *key, kind, name, low, value, high, low_mw, mw, high_mw, abs(high_mw - low_mw), low_rate, occupancy,
                    high_rate, 100 * abs(high_rate - low_rate),
                )
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(TORNADO_COLUMNS))
    order = {key: at for at, key in enumerate(middle)}
    rank = pd.Series([order[level, name] for level, name in zip(frame["level"], frame["series_id"], strict=True)])
    frame = frame.assign(rank=rank.to_numpy(dtype=int)).sort_values(
        ["rank", "swing_mw", "kind", "name"], ascending=[True, False, True, True]
    )
    return frame.drop(columns="rank").reset_index(drop=True)


def carriers(learnt: Learnt, scenario: Scenario, horizon: int, quarter: int) -> pd.DataFrame:
    """Which standing leases carry the difference from base to scenario at the end of a quarter, CARRIER_COLUMNS, the
    largest change first: MW today, MW expected under each (renewals and early ends counted), delta_mw their difference
    and share_of_change its part of all changes (absolute). Raises ValueError for a quarter outside 1 .. horizon.
    """
    _check(horizon, quarter)
    leases = standing(learnt)
    base = expected_leases(learnt, replace(scenario, shocks=()), horizon)[:, quarter - 1]
    under = expected_leases(learnt, scenario, horizon)[:, quarter - 1]
    delta = under - base
    whole = float(np.abs(delta).sum())
    frame = leases.assign(
        base_mw=base, scenario_mw=under, delta_mw=delta, share_of_change=np.abs(delta) / whole if whole > 0 else 0.0
    )
    order = np.lexsort((frame["lease_id"].astype(str).to_numpy(), -np.abs(delta)))
    return frame.iloc[order][list(CARRIER_COLUMNS)].reset_index(drop=True)


def _check(horizon: int, quarter: int) -> None:
    if not 1 <= quarter <= horizon:
        raise ValueError(f"quarter {quarter}: it has to lie between 1 and the horizon, {horizon}.")


def _positions() -> range:
    return range(1, len(CAUSES) + 1)


def _error(step: np.ndarray) -> float:
    """Standard error of a mean over paths; one path has none."""
    return float(step.std(ddof=1) / np.sqrt(len(step))) if len(step) > 1 else float("nan")


def _levels(run: Simulated, quarter: int) -> dict[tuple[str, str], np.ndarray]:
    """Leased MW by path at total, operator and stack, {(level, series_id): (paths,)}."""
    halls = run.leased[:, :, quarter - 1].astype(float)
    operator = run.learnt.portfolio.facilities["operator"].to_numpy()
    found = {("total", "total"): halls.sum(axis=0)}
    found |= {("operator", name): halls[operator == name].sum(axis=0) for name in run.learnt.operators}
    found |= {("stack", name): run.stack_leased[at, :, quarter - 1] for at, name in enumerate(STACKS)}
    return found


def _rates(run: Simulated, quarter: int) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean leased MW and mean occupancy at total and by stack; occupancy is NaN where there is no space."""
    at = quarter - 1
    leased = run.leased[:, :, at].sum(axis=0, dtype=float)
    space = np.broadcast_to(run.capacity(np.arange(len(run.leased)))[:, at], leased.shape)
    found = {("total", "total"): (float(leased.mean()), _occupancy(leased, space))}
    for index, name in enumerate(STACKS):
        own, vacant = run.stack_leased[index, :, at], run.stack_vacant[index, :, at]
        found["stack", name] = (float(own.mean()), _occupancy(own, own + vacant))
    return found


def _occupancy(leased: np.ndarray, space: np.ndarray) -> float:
    held = space > 0
    return float(np.clip(leased[held] / space[held], 0, 1).mean()) if held.any() else float("nan")


def _known(given: Mapping[str, tuple[float, float]], allowed: tuple[str, ...], what: str) -> None:
    for name, (low, high) in given.items():
        if name not in allowed:
            raise ValueError(f"{what} {name!r} is not known; known are {', '.join(allowed)}.")
        if low > high:
            raise ValueError(f"{what} {name}: low {low} lies above high {high}.")


def _varied(
    learnt: Learnt,
    scenario: Scenario,
    priors: Mapping[str, tuple[float, float]],
    multipliers: Mapping[str, tuple[float, float]],
) -> Iterator[tuple[str, str, float, float, float]]:
    """kind, name, low, value, high of all that a tornado varies."""
    for shock in scenario.shocks:
        yield "shock", shock.shock_id, shock.low, shock.value, shock.high
    for name, (low, high) in multipliers.items():
        yield "multiplier", name, low, float(getattr(scenario, name)), high
    for name, (low, high) in priors.items():
        yield "prior", name, low, float(getattr(learnt.priors, name)), high


def _with(learnt: Learnt, scenario: Scenario, kind: str, name: str, value: float) -> tuple[Learnt, Scenario]:
    """What is learnt and the scenario with one number changed."""
    if kind == "shock":
        return learnt, scenario.with_value(name, value)
    if kind == "multiplier":
        changed = {key: value if key == name else float(getattr(scenario, key)) for key in MULTIPLIERS}
        return learnt, replace(scenario, lock_in=changed["lock_in"], dual_stack=changed["dual_stack"])
    changed_priors = Priors.of(
        {PREFIX + item.name: float(getattr(learnt.priors, item.name)) for item in fields(Priors)}
        | {PREFIX + name: value}
    )
    return learn(learnt.portfolio, learnt.evidence, changed_priors), scenario
