"""How wide the bands of a series are, before they are calibrated: one regression over all earlier origins.

The width of an error is exp(coefficients x traits): traits are logarithms of what a series shows of its own unrest
(changes on the quarter and the year before, lately and ever, its level), the members' discord and own deviations, its
length and the horizon. The coefficients maximise a heavy-tailed likelihood over the errors of all series and are drawn
towards values that were typical of public quarterly panels, so that a panel of a few series is not left without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasts.combination import discord
from forecasts.compiling import compiled
from forecasts.linear import solve
from forecasts.members.base import DEFAULT_RELATIVE_CHANGE, LARGEST
from forecasts.panel import Panel
from forecasts.rolling import Said
from forecasts.traits import CHANGE, COUNT, LEVEL, RECENT, RECENT_YEAR_CHANGE, SEASON, YEAR_CHANGE, describe

TRAITS = ("constant", "quarter", "recent years", "level", "discord", "ets", "arima", "length", "horizon")
# Typical of the training parts of public quarterly panels (bench.forecasting prints what a panel itself gives).
TYPICAL = np.array([-0.25, 0.0, 0.05, 0.13, 0.2, 0.34, 0.12, -0.08, 0.2])
SHRINKAGE = 0.01
SHRINKAGE_SERIES = 100
SHRINKAGE_CHANGES = 4
LEVEL_SHARE = 0.05
# A log trait never counts for more than this: a series that has not moved yet is no proof that it never will.
LARGEST_TRAIT = 5.0
# Members that meet a short series exactly state no error and agree; what comes is not that certain.
LEAST_SAID = -2.0
LARGEST_ERROR = 1000.0
NEWTON_STEPS = 60
TOLERANCE = 1e-7
LEAST_BEND = 1e-6
USUAL_LENGTH = 40


def _floor(look: np.ndarray) -> np.ndarray:
    """The least base width (series,), above 0."""
    return np.asarray(1e-4 * LEVEL_SHARE * look[:, LEVEL] + np.finfo(float).tiny)


def has_moved(panel: Panel) -> np.ndarray:
    """Shape (series,): False where a series has not moved yet, so that its base width is the floor alone and says
    nothing of how far it goes when it does.
    """
    look = describe(panel)
    return np.asarray(look[:, YEAR_CHANGE] > _floor(look))


@dataclass(frozen=True)
class Unrest:
    """Typical mean absolute change of a panel's series on the quarter and on the year before, in levels of the series
    (on a transformed scale: as they are).
    """

    quarter: float
    year: float


def unrest_of(panel: Panel) -> Unrest:
    """Medians over the panel's series with at least two figures; DEFAULT_RELATIVE_CHANGE where none has moved."""
    look = describe(panel)
    level = _level(panel, look)
    usable = (look[:, COUNT] > 1) & (level > 0)
    found = []
    for column in (CHANGE, YEAR_CHANGE):
        with np.errstate(over="ignore"):
            ratio = np.minimum(look[usable, column] / level[usable], LARGEST)
        found.append(float(np.median(ratio)) if usable.any() else 0.0)
    quarter = found[0] if found[0] > 0 else DEFAULT_RELATIVE_CHANGE
    return Unrest(quarter, found[1] if found[1] > 0 else 2 * quarter)


def _level(panel: Panel, look: np.ndarray) -> np.ndarray:
    return np.where([one.signed for one in panel], 1.0, look[:, LEVEL])


def traits_of(panel: Panel, said: Said, unrest: Unrest) -> tuple[np.ndarray, np.ndarray]:
    """Base width (series,) in the unit of the series, above 0, and traits (series, horizon, 9).

    A series of a few figures can't know its own unrest: n of its changes count against SHRINKAGE_CHANGES of the panel.
    """
    look = describe(panel)
    horizon = said.median.shape[2]
    level = _level(panel, look)
    floor = _floor(look)
    quarters = np.maximum(look[:, COUNT] - 1, 0.0)
    years = np.maximum(look[:, COUNT] - SEASON, 0.0)

    def shrunk(own: np.ndarray, count: np.ndarray, typical: float) -> np.ndarray:
        with np.errstate(over="ignore"):
            sums = np.minimum(count * own + SHRINKAGE_CHANGES * typical * level, LARGEST)
        return np.asarray(sums / (count + SHRINKAGE_CHANGES))

    quarter = shrunk(look[:, CHANGE], quarters, unrest.quarter)
    year = shrunk(look[:, YEAR_CHANGE], years, unrest.year)
    recent = shrunk(look[:, RECENT_YEAR_CHANGE], np.minimum(years, RECENT), unrest.year)
    base = year + floor
    steps = np.arange(1.0, horizon + 1)
    share = np.where([one.signed for one in panel], year, LEVEL_SHARE * level)

    def against(value: np.ndarray, least: float = -LARGEST_TRAIT) -> np.ndarray:
        with np.errstate(over="ignore", divide="ignore"):
            ratio = np.log((value + floor[:, None]) / base[:, None])
        return np.clip(np.broadcast_to(ratio, (len(panel), horizon)), least, LARGEST_TRAIT)

    with np.errstate(over="ignore"):
        walk = quarter[:, None] * np.sqrt(steps)
    own = [np.where(np.isfinite(said.deviation[:, at]), said.deviation[:, at], walk) for at in range(2)]
    columns = [
        np.ones((len(panel), horizon)),
        against(quarter[:, None]),
        against(recent[:, None]),
        against(share[:, None]),
        against(discord(said), LEAST_SAID),
        *(against(np.maximum(each, 0.0), LEAST_SAID) for each in own),
        np.broadcast_to(np.log(np.maximum(look[:, COUNT, None], 1.0) / USUAL_LENGTH), (len(panel), horizon)),
        np.broadcast_to(np.log(steps), (len(panel), horizon)),
    ]
    return base, np.stack(columns, axis=2)


@compiled
def _maximised(x: np.ndarray, error: np.ndarray, start: np.ndarray, shrinkage: float) -> np.ndarray:
    """Coefficients that minimise the mean of log width + 2 log(1 + |error| / width), a likelihood with tails heavy as
    Student's with 1 degree, plus shrinkage x squared distance from `start` (the constant apart). The sum is convex in
    the coefficients, so Newton's steps, halved where they would go up, end at its one minimum.
    """
    rows, size = x.shape
    found = start.copy()
    best = np.inf
    step = np.zeros(size)
    for _ in range(NEWTON_STEPS):
        gram, slope, total = np.zeros((size, size)), np.zeros(size), 0.0
        for row in range(rows):
            width = 0.0
            for k in range(size):
                width += found[k] * x[row, k]
            ratio = error[row] * np.exp(-width)
            total += width + 2 * np.log1p(ratio)
            pull, bend = 1 - 2 * ratio / (1 + ratio), 2 * ratio / (1 + ratio) ** 2
            for k in range(size):
                slope[k] += pull * x[row, k] / rows
                for j in range(k + 1):
                    gram[k, j] += bend * x[row, k] * x[row, j] / rows
        total /= rows
        for k in range(1, size):
            total += shrinkage * (found[k] - start[k]) ** 2
            slope[k] += 2 * shrinkage * (found[k] - start[k])
            gram[k, k] += 2 * shrinkage
        gram[0, 0] += LEAST_BEND
        if total > best + TOLERANCE:
            # Too far: back half of the last step.
            step /= 2
            found -= step
            continue
        best = total
        step = -solve(gram, slope)
        if np.abs(step).max() < TOLERANCE:
            break
        longest = np.abs(step).max()
        if longest > 1:
            step /= longest
        found += step
    return found


def learn_widths(base: np.ndarray, traits: np.ndarray, missed: np.ndarray, series: int) -> np.ndarray:
    """Coefficients (9,). missed: |outcome - forecast| (cuts, horizon), NaN where none; series: how many there are."""
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.minimum(missed / base[:, None], LARGEST_ERROR)
    known = np.isfinite(error)
    if not known.any():
        return TYPICAL
    x, e = np.ascontiguousarray(traits[known]), np.ascontiguousarray(error[known])
    # The constant is free: how large errors are is what the panel itself must say.
    shrinkage = SHRINKAGE * (1 + SHRINKAGE_SERIES / max(series, 1))
    return np.asarray(_maximised(x, e, TYPICAL, shrinkage))


def widths(base: np.ndarray, traits: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Widths (series, horizon), in the unit of the series."""
    exponent = np.zeros(traits.shape[:2])
    for k in range(len(coefficients)):
        exponent += coefficients[k] * traits[:, :, k]
    with np.errstate(over="ignore"):
        return np.minimum(base[:, None] * np.exp(np.clip(exponent, -50, 50)), np.finfo(float).max / 16)
