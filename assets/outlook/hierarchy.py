"""What adds up to what in the outlook: the sums of each unit and the series at the bottom of them.

Belongs here: the decision which members are the bottoms. An operator whose sites print as much as it does itself
becomes the sum of them; elsewhere its sites and its own figure stay apart, because what the sites leave out is not
known. Which members a market, stack or total has is decided by the warehouse (sql/sums.sql).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from assets.outlook.reading import Aggregate, Member
from forecasts.occupancy import Occupancy

# Sites add up to their operator where both differ by no more than rounding.
SAME_SHARE = 0.005
# The order of levels from the top.
TOP_DOWN = ("total", "stack", "market", "operator")


@dataclass(frozen=True)
class Node:
    """A sum: its level, series_id, the weights of its bottoms and its own history, where there is one."""

    level: str
    series_id: str
    weights: dict[str, float]
    item: Occupancy | None


@dataclass(frozen=True)
class Hierarchy:
    """One unit: sums from the top level down, and the series_id of its bottoms."""

    unit: str
    sums: tuple[Node, ...]
    bottoms: tuple[str, ...]


def hierarchies(members: list[Member], aggregates: list[Aggregate]) -> list[Hierarchy]:
    """The hierarchies of all units that have a sum, in order of unit."""
    known = {member.series_id: member for member in members}
    answer = []
    for unit in sorted({each.unit for each in aggregates if each.weights}):
        here = [each for each in aggregates if each.unit == unit and each.weights]
        named = sorted({name for each in here for name in each.weights})
        of_operator: dict[str, list[Member]] = defaultdict(list)
        for name in named:
            if known[name].level == "facility":
                of_operator[known[name].operator].append(known[name])
        sites = {
            name: _sites(known[name], of_operator.get(known[name].operator, []))
            for name in named
            if known[name].level == "operator"
        }
        parts = {name: own or {name: 1.0} for name, own in ((name, sites.get(name, {})) for name in named)}
        sums = [Node(each.level, each.series_id, _spread_out(each.weights, parts), each.item) for each in here]
        sums += [Node("operator", name, own, known[name].item) for name, own in sites.items() if own]
        bottoms = sorted({name for each in parts.values() for name in each})
        order = sorted(sums, key=lambda node: (TOP_DOWN.index(node.level), node.series_id))
        answer.append(Hierarchy(unit, tuple(order), tuple(bottoms)))
    return answer


def _sites(operator: Member, own: list[Member]) -> dict[str, float]:
    """Weights of the operator's `own` sites where they add up to it in its latest quarter; empty elsewhere."""
    sites = [site for site in own if site.unit == operator.unit]
    whole = operator.item.in_service
    if not sites or whole is None:
        return {}
    parts = [_figure(site.item, whole.last) for site in sites]
    total = float(np.nansum(parts))
    if np.isnan(parts).any() or abs(total - whole.y[-1]) > SAME_SHARE * whole.y[-1]:
        return {}
    return {site.series_id: 1.0 for site in sites}


def _figure(item: Occupancy, quarter: int) -> float:
    series = item.in_service
    place = -1 if series is None else quarter - series.first
    return float(series.y[place]) if series is not None and 0 <= place < len(series.y) else float("nan")


def _spread_out(weights: dict[str, float], parts: dict[str, dict[str, float]]) -> dict[str, float]:
    answer: dict[str, float] = {}
    for name, weight in sorted(weights.items()):
        for part, share in parts[name].items():
            answer[part] = answer.get(part, 0.0) + weight * share
    return answer
