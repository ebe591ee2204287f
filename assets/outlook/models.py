"""Which model forecasts which level, and on what evidence. Belongs here: the backtest of the warehouse's own series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.backtest import Cut, cuts
from forecasts.occupancy import Occupancy, accuracy, points_error, proven_better, rolling
from forecasts.panel import Panel

Progress = Callable[[int, int], None]

NAIVE, PROPHET, CHOSEN = "naive", "prophet", "chosen"
# Rolling origins a series: of the last value (free), and of models whose fits cost some 50 ms each.
ORIGINS = 24
COSTLY_ORIGINS = 4
COSTLY_SERIES = 24
MIN_ORIGINS = 8


@dataclass(frozen=True)
class Evidence:
    """Rolling-origin errors of one model; rates on the bounded scale, capacities on the log scale."""

    capacity: pd.DataFrame
    rate: pd.DataFrame


@dataclass(frozen=True)
class Comparison:
    """Errors of each model over common origins, the last value's over all, and the model chosen for each level."""

    common: dict[str, Evidence]
    naive: Evidence
    rate_model: dict[str, str]
    capacity_model: str
    reasons: dict[str, str]

    def evidence(self, model: str) -> Evidence:
        """What bands of the model are calibrated on."""
        return self.naive if model == NAIVE else self.common[model]


def compare(
    items: list[Occupancy], levels: list[str], horizon: int, seed: int, progress: Progress | None = None
) -> Comparison:
    """Backtest the last value and Prophet over the items; levels: one a item.

    Per level the model with the lower pooled error of the rate (percentage points) is chosen; where Prophet does not
    beat the last value by more than chance (proven_better), or fewer than MIN_ORIGINS origins compare them, the
    last value stands. Capacity in service is chosen once, over all levels, by its error on the log scale.
    """
    panel = Panel(tuple(item.rate for item in items))
    every = cuts(panel, ORIGINS)
    naive = Evidence(*rolling(items, every, NAIVE, horizon, seed))
    subset = cuts(panel, COSTLY_ORIGINS, COSTLY_SERIES)
    common = {NAIVE: Evidence(*rolling(items, subset, NAIVE, horizon, seed))}
    common[PROPHET] = _in_steps(items, subset, horizon, seed, progress)
    rate_model: dict[str, str] = {}
    errors: dict[str, dict[str, float]] = {}
    reasons: dict[str, str] = {}
    for level in sorted(set(levels)):
        inside = {at for at, name in enumerate(levels) if name == level}
        found = {name: _inside(evidence.rate, inside) for name, evidence in common.items()}
        errors[level] = {name: points_error(rows) for name, rows in found.items()}
        count = len(found[NAIVE][["series", "origin"]].drop_duplicates())
        better = errors[level][PROPHET] < errors[level][NAIVE] and proven_better(found[PROPHET], found[NAIVE])
        rate_model[level] = PROPHET if count >= MIN_ORIGINS and better else NAIVE
        reasons[level] = _reason(rate_model[level], errors[level], count)
    enough = len(common[NAIVE].capacity[["series", "origin"]].drop_duplicates()) >= MIN_ORIGINS
    capacity_model = NAIVE
    if enough and proven_better(common[PROPHET].capacity, common[NAIVE].capacity):
        capacity_model = PROPHET
    return Comparison(common, naive, rate_model, capacity_model, reasons)


def _in_steps(
    items: list[Occupancy], subset: list[Cut], horizon: int, seed: int, progress: Progress | None
) -> Evidence:
    """Prophet's errors, told as they are made: capacity and used capacity of each origin are two fits."""

    def told(done: int, _total: int) -> None:
        if progress is not None:
            progress(done, len(subset))

    return Evidence(*rolling(items, subset, PROPHET, horizon, seed, told))


def _inside(errors: pd.DataFrame, series: set[int]) -> pd.DataFrame:
    return errors[errors["series"].isin(series)]


def _reason(model: str, errors: dict[str, float], origins: int) -> str:
    said = (
        f"{PROPHET} {errors[PROPHET]:.2f} against {errors[NAIVE]:.2f} points of the last value over {origins} origins"
    )
    if origins < MIN_ORIGINS:
        return f"only {origins} origins compare models, {MIN_ORIGINS} needed: the last value is published"
    if model == PROPHET:
        return f"{said}: prophet is published"
    return f"{said}: prophet does not beat it by more than chance, the last value is published"


def accuracy_table(items: list[Occupancy], levels: list[str], comparison: Comparison, horizon: int) -> pd.DataFrame:
    """Rows of forecast_accuracy: naive over all origins, prophet over the common ones, and the chosen model."""
    parts = []
    for level in sorted(set(levels)):
        inside = {at for at, name in enumerate(levels) if name == level}
        for label in (NAIVE, PROPHET, CHOSEN):
            model = comparison.rate_model[level] if label == CHOSEN else label
            evidence = comparison.evidence(model).rate
            reference = (comparison.naive if model == NAIVE else comparison.common[NAIVE]).rate
            errors = _inside(evidence, inside)
            if len(errors):
                table = accuracy(items, errors, _inside(reference, inside), evidence, horizon)
                parts.append(table.assign(model=label, level=level))
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, ignore_index=True).replace({np.nan: None})
