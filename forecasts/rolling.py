"""Earlier origins of a panel: what each member would have said there, and what came. No look-ahead.

At an origin a member sees the series cut there; members that learn from the whole panel see all series cut equally far
back. Origins are figures that exist; a target in a gap, or after the last figure, has no outcome.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasts.members import MEMBERS
from forecasts.panel import Panel, Series
from forecasts.parallel import FanOut, Progress, answer_in_parts, in_turn

# Quarters back from the end at which origins stand. Even ones: with four quarters a year two phases are enough, and
# each costs one fit of every member.
STEPS = (2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32)
MIN_FIGURES = 8
# Short panels have nothing better: where no series keeps MIN_FIGURES, fewer must do.
FEWEST_FIGURES = 4
# As many series are enough to learn a few dozen numbers; more would only cost.
LEARNING_SERIES = 1500
# Members whose own deviations say how wide a series' bands are (forecasts.widths).
WIDTH_MEMBERS = ("ets_average", "arima")
_ONE_DEVIATION = 0.841344746


@dataclass(frozen=True)
class Said:
    """Members' medians (series, members, horizon), who fitted (series, members), and the deviations of WIDTH_MEMBERS
    (series, 2, horizon), in the order of `names`.
    """

    names: tuple[str, ...]
    median: np.ndarray
    fitted: np.ndarray
    deviation: np.ndarray
    reasons: tuple[tuple[str, ...], ...]

    def rows(self, places: np.ndarray) -> Said:
        """What was said of the series at `places` (positions)."""
        reasons = tuple(self.reasons[at] for at in places)
        return Said(self.names, self.median[places], self.fitted[places], self.deviation[places], reasons)


def joined(parts: Sequence[Said]) -> Said:
    """Parts of the same members one behind the other; at least one."""
    return Said(
        parts[0].names,
        np.concatenate([part.median for part in parts]),
        np.concatenate([part.fitted for part in parts]),
        np.concatenate([part.deviation for part in parts]),
        tuple(reasons for part in parts for reasons in part.reasons),
    )


@dataclass(frozen=True)
class Rolled:
    """Cuts and what came after them. of: position of the series, back: quarters before its last figure, period: cuts
    with the same label share their shocks (all shape (cuts,)); outcome: (cuts, horizon), NaN where there is none.
    """

    panel: Panel
    said: Said
    of: np.ndarray
    back: np.ndarray
    period: np.ndarray
    outcome: np.ndarray

    def rows(self, chosen: np.ndarray, known: np.ndarray | None = None) -> Rolled:
        """The cuts where `chosen` (cuts,) is True; known: (chosen cuts, horizon), False hides an outcome."""
        places = np.flatnonzero(chosen)
        outcome = self.outcome[places]
        if known is not None:
            outcome = np.where(known, outcome, np.nan)
        panel = Panel(tuple(self.panel.series[at] for at in places))
        said = self.said.rows(places)
        return Rolled(panel, said, self.of[places], self.back[places], self.period[places], outcome)


def ask(
    panel: Panel,
    horizon: int,
    names: Sequence[str] = tuple(MEMBERS),
    seed: int = 0,
    fan_out: FanOut = in_turn,
    progress: Progress | None = None,
    groups: np.ndarray | None = None,
) -> Said:
    """What the members say of every series. groups: labels (series,); a member that learns from a whole panel learns
    from each group alone.
    """
    labels = np.zeros(len(panel), dtype=int) if groups is None else groups
    medians, fitted, deviations, reasons = [], [], [], []
    for done, name in enumerate(names):
        wanted = (_ONE_DEVIATION,) if name in WIDTH_MEMBERS else ()
        median = np.empty((len(panel), horizon))
        width = np.full((len(panel), horizon), np.nan)
        said = [""] * len(panel)
        parts = [np.arange(len(panel))] if MEMBERS[name].separate else [labels == each for each in np.unique(labels)]
        for part in parts:
            places = np.arange(len(panel))[part]
            asked = panel if len(places) == len(panel) else Panel(tuple(panel.series[at] for at in places))
            answer = answer_in_parts(name, asked, horizon, wanted, seed, fan_out)
            median[places] = answer.median
            if wanted:
                width[places] = answer.quantiles[:, :, 0] - answer.median
            for at, reason in zip(places, answer.reasons, strict=True):
                said[at] = reason
        medians.append(median)
        fitted.append([not reason for reason in said])
        reasons.append(tuple(said))
        if wanted:
            deviations.append(width)
        if progress is not None:
            progress(done + 1, len(names))
    none = np.full((len(panel), 0, horizon), np.nan)
    return Said(
        tuple(names),
        np.stack(medians, axis=1),
        np.array(fitted, dtype=bool).T.reshape(len(panel), len(names)),
        np.stack(deviations, axis=1) if deviations else none,
        tuple(zip(*reasons, strict=True)) if reasons else (),
    )


def learning_positions(panel: Panel, limit: int = LEARNING_SERIES) -> list[int]:
    """Positions of the series to learn from: all, or `limit` of them by a hash of the name, whatever the order."""
    if len(panel) <= limit:
        return list(range(len(panel)))
    hashed = [(zlib.crc32(str(one.unique_id).encode()), str(one.unique_id), at) for at, one in enumerate(panel)]
    return sorted(at for _, _, at in sorted(hashed)[:limit])


def cuts(panel: Panel, positions: Sequence[int]) -> tuple[list[Series], np.ndarray]:
    """Series cut at their origins, and (position, quarters back) of each, shape (cuts, 2).

    An origin of STEPS that falls into a gap is moved back to the last figure before it, unless another has it.
    """
    for fewest in (MIN_FIGURES, FEWEST_FIGURES):
        found: list[Series] = []
        where: list[tuple[int, int]] = []
        for at in positions:
            one = panel.series[at]
            seen = one.observed
            taken = set()
            for back in STEPS:
                kept = int(np.searchsorted(seen, len(one.y) - 1 - back, side="right"))
                if kept < fewest or kept in taken:
                    continue
                taken.add(kept)
                length = int(seen[kept - 1]) + 1
                found.append(one.until(length))
                where.append((at, len(one.y) - length))
        if found:
            break
    return found, np.array(where, dtype=int).reshape(-1, 2)


def roll(
    panel: Panel,
    horizon: int,
    names: Sequence[str] = tuple(MEMBERS),
    seed: int = 0,
    fan_out: FanOut = in_turn,
    progress: Progress | None = None,
) -> Rolled:
    """The members' answers at earlier origins of the series that are learnt from, with what came."""
    found, where = cuts(panel, learning_positions(panel))
    of, back = where[:, 0], where[:, 1]
    outcome = np.full((len(found), horizon), np.nan)
    for row, (at, quarters) in enumerate(where):
        after = panel.series[at].y[len(panel.series[at].y) - quarters :][:horizon]
        outcome[row, : len(after)] = after
    cut = Panel(tuple(found))
    return Rolled(cut, ask(cut, horizon, names, seed, fan_out, progress, back), of, back, back, outcome)
