"""The catalogue of metrics: family, allowed units and bounds, read from metrics.yaml. No rule here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).with_name("metrics.yaml")


@dataclass(frozen=True)
class Metric:
    """A metric's family, units and inclusive bounds; `event` marks figures dated by an event, not by a period end."""

    name: str
    family: str
    units: tuple[str, ...]
    low: float
    high: float
    event: bool = False


@dataclass(frozen=True)
class Catalogue:
    """Metrics by name, and the highest believable level a unit."""

    metrics: dict[str, Metric]
    with_detail: dict[str, Metric]
    highest_by_unit: dict[str, float]

    def find(self, name: object) -> Metric | None:
        """The metric of that name, or of the part before a bracketed detail; None for an unknown one."""
        if not isinstance(name, str):
            return None
        if name in self.metrics:
            return self.metrics[name]
        return self.with_detail.get(str(base_name(name))) if "[" in name else None

    def bounds(self, name: object, unit: object) -> tuple[float, float]:
        """Inclusive bounds of a metric in a unit; infinite where the catalogue sets none."""
        metric = self.find(name)
        if metric is None:
            return -math.inf, math.inf
        high = metric.high
        if math.isinf(high) and metric.family in ("capacity", "flow"):
            high = self.highest_by_unit.get(str(unit), math.inf)
        low = -high if metric.family == "flow" and math.isinf(metric.low) else metric.low
        return low, high


def base_name(name: object) -> object:
    """A metric's name without a bracketed detail: pipeline_capacity[U/C-2025] -> pipeline_capacity."""
    return name.partition("[")[0] if isinstance(name, str) else name


@cache
def load_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """The bundled catalogue. Raises ValueError for a family or unit set the file does not define."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    sets: dict[str, list[str]] = data["unit_sets"]
    return Catalogue(
        metrics={name: _metric(name, entry, sets) for name, entry in data["metrics"].items()},
        with_detail={name: _metric(name, entry, sets) for name, entry in data["families_with_detail"].items()},
        highest_by_unit={unit: float(value) for unit, value in data["highest_by_unit"].items()},
    )


def _metric(name: str, entry: dict[str, Any], sets: dict[str, list[str]]) -> Metric:
    units = entry["units"]
    if isinstance(units, str):
        if units not in sets:
            raise ValueError(f"{CATALOGUE.name}: {name} names the unit set {units!r}; there are {sorted(sets)}")
        units = sets[units]
    # Capacities are levels: never below zero. Flows and changes say their own bounds.
    lowest = 0.0 if entry["family"] == "capacity" else -math.inf
    return Metric(
        name=name,
        family=entry["family"],
        units=tuple(units),
        low=float(entry.get("low", lowest)),
        high=float(entry.get("high", math.inf)),
        event=bool(entry.get("event", False)),
    )
