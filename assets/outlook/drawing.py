"""From what a vintage knows and what was learnt to the joint paths of every series.

Belongs here: which series are forecast, what their paths are drawn from, and how a unit's series are made to add up.
What is known is read in reading.py, what is learnt in models.py; rows of tables are made in build.py and bridge.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from assets.outlook.hierarchy import Hierarchy, hierarchies
from assets.outlook.models import CAPACITY, OCCUPANCY, Learnt, choice_rows
from assets.outlook.reading import Aggregate, Member
from forecasts import rates
from forecasts.coherence import Coherent, Sum, coherent
from forecasts.occupancy import Occupancy, bounded_rates, capacity_said, logs, rate_said
from forecasts.panel import Panel, quarter_ends
from forecasts.paths import Outlook, Paths, Shocks, draw
from forecasts.rolling import Said

HORIZON = 8
MIN_POINTS = 6
# A member whose last figure lies further before a sum's origin has ended, as far as sums go.
ENDED_QUARTERS = 6
SUM_MODEL = "reconciled"
# Two vintages and what lies between them.
ANSWERS_KEPT = 8


@dataclass(frozen=True)
class Known:
    """What a vintage knows: its series and sums, from figures public by known_by."""

    vintage: date
    known_by: date
    members: list[Member]
    aggregates: list[Aggregate]

    @property
    def units(self) -> list[Hierarchy]:
        """What adds up to what, one hierarchy a unit."""
        return hierarchies(self.members, self.aggregates)

    @property
    def used(self) -> list[Member]:
        """Series that are forecast themselves or in a sum."""
        summed = {name for unit in self.units for name in unit.bottoms}
        summed |= {node.series_id for unit in self.units for node in unit.sums}
        return [member for member in self.members if member.points >= MIN_POINTS or member.series_id in summed]

    @property
    def oldest(self) -> date:
        """Quarter end of the oldest figure; the vintage itself without any."""
        return min((quarter_ends([one.item.rate.first])[0].date() for one in self.members), default=self.vintage)


@dataclass(frozen=True)
class Course:
    """Paths of one series over HORIZON quarters after `origin` (ordinal), and what answers at each horizon."""

    series: Member | Aggregate
    origin: int
    paths: Paths
    models: tuple[str, ...]


@dataclass
class Drawn:
    """All courses of a vintage, single series first; rows of the choice of models (series_id first), and how many draws
    were held at a bound; reconciled: unit -> what reconciliation did, in words.
    """

    courses: list[Course] = field(default_factory=list)
    choice: list[tuple[object, ...]] = field(default_factory=list)
    clipped: int = 0
    draws: int = 0
    reconciled: dict[str, str] = field(default_factory=dict)


class Answers:
    """What members say of series, asked once for the same figures; a bridge draws the same series several times."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._said: dict[tuple[object, ...], tuple[Said, Said]] = {}

    def of(self, items: Sequence[Occupancy], horizon: int) -> tuple[Said, Said]:
        """What members say of capacity (logarithms) and of the rate (bounded scale)."""
        key = (horizon, *(figure for item in items for figure in _figures(item)))
        if key not in self._said:
            if len(self._said) >= ANSWERS_KEPT:
                self._said.pop(next(iter(self._said)))
            capacity = capacity_said(items, horizon, self.seed)
            self._said[key] = capacity, rate_said(items, capacity, self.seed)
        return self._said[key]


def _figures(item: Occupancy) -> Iterator[object]:
    for one in (item.rate, item.in_service):
        if one is not None:
            yield one.unique_id, one.first, one.y.tobytes()


def drawn(known: Known, learnt: Learnt, answers: Answers) -> Drawn:
    """Joint paths of every series with MIN_POINTS figures, and of every sum."""
    answer = Drawn()
    units, used = known.units, known.used
    if not used:
        return answer
    asked = [member for member in used if member.points >= MIN_POINTS]
    said = _say([member.item for member in used], learnt, answers)
    above = [
        node for unit in units for node in unit.sums if node.item is not None and node.series_id not in said.outlook
    ]
    outlooks = said.outlook | _say([node.item for node in above if node.item is not None], learnt, answers).outlook
    origins = [outlook.last for outlook in outlooks.values()]
    shocks = Shocks(min(origins) + 1, max(origins) + HORIZON + ENDED_QUARTERS, answers.seed)
    paths: dict[str, tuple[int, Paths]] = {}
    for unit in units:
        joint = _joint(unit, outlooks, learnt, shocks)
        if joint is not None:
            paths |= {str(name): (joint.origin, own) for name, own in joint.paths.items()}
            paths |= {str(name): (outlooks[str(name)].last, own) for name, own in joint.bridged.items()}
            answer.clipped += joint.clipped
            answer.draws += joint.draws
            told = [reason for reason in joint.reasons if reason]
            answer.reconciled[unit.unit] = (
                f"{'; '.join(told) or 'minimum trace'}; medians moved by {100 * joint.moved[0]:.2f} % of capacity and"
                f" {100 * joint.moved[1]:.2f} points"
            )
    for member in asked:
        if member.series_id not in paths:
            own = draw(outlooks[member.series_id], shocks, learnt.spread, 0, HORIZON)
            paths[member.series_id] = (outlooks[member.series_id].last, own)
            answer.clipped += own.clipped
            answer.draws += own.draws
        answer.courses.append(Course(member, *paths[member.series_id], said.labels[member.series_id]))
    for aggregate in known.aggregates:
        if aggregate.series_id in paths:
            answer.courses.append(Course(aggregate, *paths[aggregate.series_id], (SUM_MODEL,) * HORIZON))
    by_name: dict[object, list[tuple[object, ...]]] = {}
    for row in said.choice:
        by_name.setdefault(row[0], []).append(row)
    answer.choice = [(member.level, *row) for member in asked for row in by_name.get(member.series_id, ())]
    return answer


@dataclass(frozen=True)
class _Say:
    """Of each series by name: what its paths are drawn from, and what answers at each horizon; rows of the choice."""

    outlook: dict[str, Outlook]
    labels: dict[str, tuple[str, ...]]
    choice: list[tuple[object, ...]]


def _say(items: list[Occupancy], learnt: Learnt, answers: Answers) -> _Say:
    """Medians and widths of every series, ENDED_QUARTERS beyond the horizon so that laggards can be bridged in sums."""
    if not items:
        return _Say({}, {}, [])
    names = [str(item.unique_id) for item in items]
    capacity_panel = Panel(tuple(logs(item) for item in items))
    rate_panel = Panel(tuple(bounded_rates(item) for item in items))
    capacity, rate = answers.of(items, HORIZON + ENDED_QUARTERS)
    level = np.exp(learnt.capacity.median(capacity_panel, capacity)[0])
    level_width = learnt.capacity.widths(capacity_panel, capacity)
    share = rates.from_scale(learnt.rate.median(rate_panel, rate)[0])
    share_width = learnt.rate.widths(rate_panel, rate)
    by_rate, by_capacity = learnt.rate.labels(rate), learnt.capacity.labels(capacity)
    outlooks, labels = {}, {}
    for at, (name, item) in enumerate(zip(names, items, strict=True)):
        known = item.in_service is not None
        outlooks[name] = Outlook(
            name, item.rate.last, share[at], share_width[at],
            level[at] if known else None, level_width[at] if known else None,
        )  # fmt: skip
        own = by_rate[at]
        above = by_capacity[at] if known else own
        labels[name] = tuple(
            str(one) if one == other else f"{one} (capacity: {other})" for one, other in zip(own, above, strict=True)
        )
    choice = choice_rows(names, OCCUPANCY, learnt.rate, rate_panel, rate)
    known_at = np.array([at for at, item in enumerate(items) if item.in_service is not None], dtype=int)
    some = Panel(tuple(capacity_panel.series[at] for at in known_at))
    choice += choice_rows([names[at] for at in known_at], CAPACITY, learnt.capacity, some, capacity.rows(known_at))
    return _Say(outlooks, labels, choice)


def _joint(unit: Hierarchy, outlooks: dict[str, Outlook], learnt: Learnt, shocks: Shocks) -> Coherent | None:
    """Coherent paths of a unit; a member that has ended, ENDED_QUARTERS before the newest, is left out of its sums."""
    bottoms = [outlooks[name] for name in unit.bottoms]
    newest = max(each.last for each in bottoms)
    alive = [each for each in bottoms if newest - each.last <= ENDED_QUARTERS]
    names = {each.unique_id for each in alive}
    sums = []
    for node in unit.sums:
        weights: dict[Hashable, float] = {name: weight for name, weight in node.weights.items() if name in names}
        own = outlooks.get(node.series_id)
        if own is not None and (newest < own.last or newest - own.last > ENDED_QUARTERS):
            own = None
        if weights:
            sums.append(Sum(node.series_id, node.level, weights, own))
    return coherent(sums, alive, shocks, learnt.spread, HORIZON) if sums else None
