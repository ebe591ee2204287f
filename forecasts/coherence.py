"""One unit's facilities, operators, markets, stacks and total together: joint paths that add up.

Belongs here: the order of drawing, reconciling and adding up. Drawing is in paths.py, the projection in
reconciliation.py.

What a sum's own forecast knows better than its members' moves the members' medians, by the minimum trace projection.
The paths of the bottoms are then moved to those medians - capacity in proportion, the rate on the bounded scale - and
every sum is formed from them, path by path. So each path adds up, used capacity never exceeds what is in service, each
bottom keeps the calibrated shape of its own bands, and the spread of a sum comes from how much its members' shocks are
shared, which is learnt (paths.shared_share). Projecting each path of used and of in-service capacity by itself would
tear the two apart and the rate between them with them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecasts import rates, reconciliation
from forecasts.paths import Outlook, Paths, Shocks, Spread, added, draw

# The projection of a median is held within this factor of it: a sum that contradicts its members by more is no
# knowledge of theirs.
LARGEST_MOVE = 2.0


@dataclass(frozen=True)
class Sum:
    """A node above: its level, its members' weights, and its own forecast where it has a history (None elsewhere)."""

    unique_id: Hashable
    level: str
    weights: Mapping[Hashable, float]
    outlook: Outlook | None


@dataclass(frozen=True)
class Coherent:
    """paths of each node by name, all over the same quarters after `origin` (ordinal).

    bridged: of each bottom the same, and before them the quarters since its own last figure, which a laggard has not
    told yet; clipped of draws were held at a bound; moved: mean absolute move of the bottoms' median capacity and rate
    (share, points); reasons: why some sums do not speak for themselves, "" otherwise.
    """

    origin: int
    paths: dict[Hashable, Paths]
    bridged: dict[Hashable, Paths]
    clipped: int
    draws: int
    moved: tuple[float, float]
    reasons: tuple[str, ...]


def coherent(sums: Sequence[Sum], bottoms: Sequence[Outlook], shocks: Shocks, spread: Spread, horizon: int) -> Coherent:
    """Joint coherent paths of all nodes of one unit. sums: from the top level down; bottoms: with capacity, each last
    figure at most reach - horizon quarters before the newest one, which is the origin.
    """
    origin = max(each.last for each in bottoms)
    lags = [origin - each.last for each in bottoms]
    whole_courses = [draw(each, shocks, spread, 0, lag + horizon) for each, lag in zip(bottoms, lags, strict=True)]
    drawn = [_from(each, lag) for each, lag in zip(whole_courses, lags, strict=True)]
    place = {each.unique_id: at for at, each in enumerate(bottoms)}
    # A sum without a history of its own says what its members say, and nothing else: it has no part in this.
    says = [(each, each.outlook) for each in sums if each.outlook is not None]
    names = [each.unique_id for each, _ in says] + list(place)
    s = reconciliation.summing(names, list(place), {each.unique_id: each.weights for each, _ in says})
    size = np.array([_of(each)[lag : lag + horizon] for each, lag in zip(bottoms, lags, strict=True)])
    rate = np.array([each.rate[lag : lag + horizon] for each, lag in zip(bottoms, lags, strict=True)])
    above = [draw(own, shocks, spread, origin - own.last, horizon) for _, own in says]
    joint = [*above, *drawn]
    whole = np.array([_of(own)[origin - own.last :][:horizon] for _, own in says]).reshape(-1, horizon)
    size_variance = np.array([_known(one.in_service).var(axis=0) for one in joint])
    found, reasons = reconciliation.medians(s, np.concatenate([whole, size]), size_variance)
    level = np.clip(found, size / LARGEST_MOVE, size * LARGEST_MOVE)
    # Used capacity is reconciled at reconciled capacities: where all rates agree, none of them moves.
    over = s[: len(says)] @ level
    above_used = over * np.array([own.rate[origin - own.last :][:horizon] for _, own in says]).reshape(-1, horizon)
    used_variance = np.array([_known(one.used).var(axis=0) for one in joint])
    taken, others = reconciliation.medians(s, np.concatenate([above_used, level * rate]), used_variance)
    share = np.clip(taken / level, 0.0, 1.0)
    moved = (float(np.abs(level / size - 1).mean()), float(np.abs(share - rate).mean()))
    shifted = [_moved(*each) for each in zip(drawn, level / size, rate, share, strict=True)]
    answer = dict(zip(place, shifted, strict=True))
    bridged = {
        name: _joined(each, answer[name], lag) for name, each, lag in zip(place, whole_courses, lags, strict=True)
    }
    for each in sums:
        in_service, used = added([answer[name] for name in each.weights], list(each.weights.values()))
        answer[each.unique_id] = Paths(in_service, used, reconciliation.rates(in_service, used), 0, 0)
    clipped = sum(each.clipped for each in shifted)
    draws = sum(each.draws for each in drawn)
    return Coherent(origin, answer, bridged, clipped, draws, moved, tuple(dict.fromkeys((*reasons, *others))))


def _from(paths: Paths, lag: int) -> Paths:
    """The paths from `lag` quarters on."""
    in_service, used = _known(paths.in_service), _known(paths.used)
    return Paths(in_service[:, lag:], used[:, lag:], paths.rate[:, lag:], paths.clipped, paths.draws)


def _joined(course: Paths, later: Paths, lag: int) -> Paths:
    """The first `lag` quarters of a course, then the later ones."""
    in_service, used, rate = (
        np.concatenate([_known(one)[:, :lag], _known(other)], axis=1)
        for one, other in (
            (course.in_service, later.in_service), (course.used, later.used), (course.rate, later.rate),
        )
    )  # fmt: skip
    return Paths(in_service, used, rate, course.clipped, course.draws)


def _known(paths: np.ndarray | None) -> np.ndarray:
    assert paths is not None
    return paths


def _of(outlook: Outlook) -> np.ndarray:
    assert outlook.in_service is not None
    return outlook.in_service


def _moved(paths: Paths, growth: np.ndarray, rate: np.ndarray, share: np.ndarray) -> Paths:
    """Paths of a bottom moved to other medians: capacity times growth, the rate by the step from `rate` to `share` on
    the bounded scale, all (horizon,). Draws that were held at 0 or 1 stay there.
    """
    assert paths.in_service is not None
    in_service = paths.in_service * growth
    step = rates.to_scale(share) - rates.to_scale(rate)
    own = rates.from_scale(rates.to_scale(paths.rate) + step)
    inside = (paths.rate > 0) & (paths.rate < 1)
    held = int((inside & ((own <= 0) | (own >= 1))).sum())
    own = np.where(inside, own, paths.rate)
    return Paths(in_service, own * in_service, own, paths.clipped + held, paths.draws)
