"""Backtest of occupancy: every past quarter once more, with what was known then, against what came.

Belongs here: the origins of real series and what could have been said at them. An origin is a quarter in which a series
had a new figure, as that figure was known then. What came is the figure as known now; where it stands in another
perimeter, the known step between the two perimeters is taken off, because a change of perimeter is no outcome. At an
origin weights, widths and offsets are learnt from errors whose target quarter had come by then, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasts import rates, scores
from forecasts.forecaster import COMBINATION, NAIVE, Forecaster, learn
from forecasts.members import MEMBERS
from forecasts.occupancy import Occupancy, bounded_rates, capacity_said, logs, rate_said
from forecasts.panel import Panel, Series
from forecasts.parallel import FanOut, in_turn
from forecasts.rolling import Rolled, Said, joined

MIN_FIGURES = 4
SEASON = 4
CHOSEN = "chosen"
BAND_LEVELS = (0.025, 0.1, 0.9, 0.975)
BANDS = ("low_95", "low_80", "high_80", "high_95")
SAID_COLUMNS = ("model", "row", "horizon", "outcome", "median", *BANDS)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Vintage:
    """The series as they were known for a quarter (ordinal)."""

    quarter: int
    items: tuple[Occupancy, ...]


@dataclass(frozen=True)
class Origins:
    """Earlier origins of capacity (log scale) and of rates (bounded scale), row by row the same.

    names: of the series that Rolled.of counts; items: (rows,), the series as known at each origin; vintages: all series
    as known for each quarter; change: (rows,), mean absolute change of the rate on the year before, up to the origin (0
    where none is known).
    """

    names: tuple[Hashable, ...]
    items: tuple[Occupancy, ...]
    vintages: dict[int, dict[Hashable, Occupancy]]
    capacity: Rolled
    rate: Rolled
    change: np.ndarray


@dataclass(frozen=True)
class Answered:
    """A vintage with what members say at it: items, those of its series with figures enough; capacity (log scale) and
    rate (bounded scale), row by row theirs.
    """

    vintage: Vintage
    items: tuple[Occupancy, ...]
    capacity: Said
    rate: Said


def answered(vintage: Vintage, horizon: int, seed: int = 0) -> Answered:
    """What members say at a vintage of every series with MIN_FIGURES figures. It depends on nothing that came later, so
    that every later vintage can learn from the same answers.
    """
    return next(answered_each([vintage], horizon, seed))


def answered_each(
    vintages: Sequence[Vintage], horizon: int, seed: int = 0, fan_out: FanOut = in_turn
) -> Iterator[Answered]:
    """The same of several vintages, in their order; each is a part of the fan-out."""
    for vintage, (capacity, rate) in zip(vintages, fan_out(_said, (horizon, seed), vintages), strict=True):
        yield Answered(vintage, _long_enough(vintage), capacity, rate)


def _said(asked: tuple[int, int], vintage: Vintage) -> tuple[Said, Said]:
    """Capacity and rate, as members say them at a vintage; asked: horizon, seed."""
    horizon, seed = asked
    items = _long_enough(vintage)
    capacity = capacity_said(items, horizon, seed)
    return capacity, rate_said(items, capacity, seed)


def _long_enough(vintage: Vintage) -> tuple[Occupancy, ...]:
    return tuple(one for one in vintage.items if len(one.rate.observed) >= MIN_FIGURES)


def origins(vintages: Sequence[Answered], now: Sequence[Occupancy], horizon: int) -> Origins:
    """What members said at each vintage of each series that had a new figure, with what came.

    vintages: ascending quarters, answered at least `horizon` quarters ahead. now: the series as known now.
    """
    whole = {item.unique_id: item for item in now}
    names = tuple(whole)
    newest: dict[Hashable, int] = {}
    items: list[Occupancy] = []
    capacities: list[Said] = [capacity_said((), horizon)]
    said: list[Said] = [rate_said((), capacities[0])]
    quarters: list[int] = []
    for one in vintages:
        fresh = np.array(
            [
                at
                for at, item in enumerate(one.items)
                if item.unique_id in whole and item.rate.last > newest.get(item.unique_id, -1)
            ],
            dtype=int,
        )
        newest.update({item.unique_id: max(item.rate.last, newest.get(item.unique_id, -1)) for item in one.items})
        if len(fresh):
            capacities.append(one.capacity.rows(fresh))
            said.append(one.rate.rows(fresh))
            items.extend(one.items[at] for at in fresh)
            quarters.extend([one.vintage.quarter] * len(fresh))
    of = np.array([names.index(one.unique_id) for one in items], dtype=int)
    period = np.array(quarters, dtype=int)
    back = period.max(initial=0) - period
    capacity_came, rate_came = outcomes(items, whole, horizon)
    return Origins(
        names,
        tuple(items),
        {each.vintage.quarter: {one.unique_id: one for one in each.vintage.items} for each in vintages},
        Rolled(Panel(tuple(logs(one) for one in items)), joined(capacities), of, back, period, capacity_came),
        Rolled(Panel(tuple(bounded_rates(one) for one in items)), joined(said), of, back, period, rate_came),
        np.array([year_change(one.rate) for one in items]),
    )


def outcomes(
    items: Sequence[Occupancy], later: Mapping[Hashable, Occupancy], horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """What came after the last rate of each item by a later knowledge of the series: capacity (log scale) and rate
    (bounded scale), each (items, horizon), NaN where nothing is known.
    """
    capacity, rate = np.full((len(items), horizon), np.nan), np.full((len(items), horizon), np.nan)
    for row, one in enumerate(items):
        other = later.get(one.unique_id)
        if other is not None:
            same = one.perimeter == other.perimeter
            capacity[row] = _came(logs(one), logs(other), one.rate.last, horizon, same)
            rate[row] = _came(bounded_rates(one), bounded_rates(other), one.rate.last, horizon, same)
    return capacity, rate


def _came(then: Series, whole: Series, origin: int, horizon: int, same_perimeter: bool) -> np.ndarray:
    """Figures (horizon,) after the origin on the level on which they were known at it; NaN where there is none."""

    def at(series: Series, quarter: int) -> float:
        place = quarter - series.first
        return float(series.y[place]) if 0 <= place < len(series.y) else float("nan")

    step = 0.0 if same_perimeter else at(whole, origin) - at(then, origin)
    return np.array([at(whole, origin + ahead) - step for ahead in range(1, horizon + 1)])


def year_change(rate: Series) -> float:
    """Mean absolute change of a rate on the year before; 0 where no two figures lie a year apart."""
    change = np.abs(rate.y[SEASON:] - rate.y[:-SEASON])
    change = change[~np.isnan(change)]
    return float(change.mean()) if len(change) else 0.0


def known_at(found: Origins, quarter: int) -> tuple[Rolled, Rolled]:
    """Capacity and rate of the origins before a quarter, with the outcomes as they were known for that quarter: neither
    what came later, nor what was restated later, is in them.
    """
    before = found.rate.period < quarter
    items = [found.items[row] for row in np.flatnonzero(before)]
    capacity, rate = outcomes(items, found.vintages[quarter], found.rate.outcome.shape[1])
    return replace(found.capacity.rows(before), outcome=capacity), replace(found.rate.rows(before), outcome=rate)


def honest(found: Origins, progress: Progress | None = None, fan_out: FanOut = in_turn) -> pd.DataFrame:
    """What could have been said of the rate at each origin, with what had been learnt by then: SAID_COLUMNS, rates 0 to
    1; model: each member, the combination, and `chosen`, which is the last value at horizons where the combination had
    not been seen to beat it. row: of Origins. Only horizons with an outcome. A quarter is a part of the fan-out.
    """
    parts: list[pd.DataFrame] = []
    quarters = [int(quarter) for quarter in np.unique(found.rate.period)]
    for done, answers in enumerate(fan_out(_honest_at, found, quarters)):
        parts += answers
        if progress is not None:
            progress(done + 1, len(quarters))
    if not parts:
        return pd.DataFrame(columns=list(SAID_COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _honest_at(found: Origins, quarter: int) -> list[pd.DataFrame]:
    """Rows of honest() at one quarter, a frame a model; none where no outcome is known."""
    rolled = found.rate
    here = rolled.rows(rolled.period == quarter)
    if not np.isfinite(here.outcome).any():
        return []
    places = np.flatnonzero(rolled.period == quarter)
    past = known_at(found, quarter)[1]
    learnt = learn(past)
    answers = {CHOSEN: learnt, COMBINATION: learn(past, always=True) if learnt.last_value.any() else learnt}
    answers.update({name: learn(past, only=name) for name in MEMBERS})
    return [_answers(model, forecaster, here, places) for model, forecaster in answers.items()]


def _answers(model: str, forecaster: Forecaster, here: Rolled, places: np.ndarray) -> pd.DataFrame:
    median, quantiles = forecaster.quantiles(here.panel, here.said, BAND_LEVELS)
    rows, steps = np.nonzero(np.isfinite(here.outcome))
    frame = pd.DataFrame(
        {
            "model": model,
            "row": places[rows],
            "horizon": steps + 1,
            "outcome": rates.from_scale(here.outcome[rows, steps]),
            "median": rates.from_scale(median[rows, steps]),
        }
    )
    for at, name in enumerate(BANDS):
        frame[name] = rates.from_scale(quantiles[rows, steps, at])
    return frame


def accuracy(
    said: pd.DataFrame, found: Origins, levels: Sequence[str], totals: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Scores by model, level and horizon, columns of forecast_accuracy: model, level, horizon, origins (quarters), n,
    mae_pp, bias_pp, mase, swis, coverage_80, coverage_95, skill_vs_naive.

    said: SAID_COLUMNS; levels: of each of found.names. MASE and sWIS are scaled by the mean absolute change on the year
    before, up to the origin. Every model is scored on the same origins, so that skill compares like with like. totals:
    rows of sums (backtest_sums.SUM_COLUMNS), scored alike.
    """
    row = said["row"].to_numpy(dtype=int)
    frame = said.assign(
        level=np.array(levels, dtype=object)[found.rate.of[row]] if len(row) else [],
        period=found.rate.period[row],
        scale=found.change[row],
    )
    if totals is not None and len(totals):
        frame = pd.concat([frame, totals], ignore_index=True) if len(frame) else totals
    return score_table(frame)


def score_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores by model, level and horizon, as in accuracy(). frame: model, level, horizon, period (label of the origin),
    outcome, median (rates 0 to 1), BANDS (NaN for a model without bands), scale (0 where none is known). The bar of
    skill is the model `naive` of the same level and horizon.
    """
    rows = []
    for level, horizon in frame[["level", "horizon"]].drop_duplicates().sort_values(["level", "horizon"]).to_numpy():
        group = frame[(frame["level"] == level) & (frame["horizon"] == horizon)]
        naive = group[group["model"] == NAIVE]
        known = len(naive) > 0
        bar = scores.mae(naive["outcome"].to_numpy(), naive["median"].to_numpy()) if known else float("nan")
        for model, part in group.groupby("model", sort=True):
            rows.append({"model": model, "level": level, "horizon": int(horizon), **_scores(part, bar)})
    return pd.DataFrame(rows)


def _scores(part: pd.DataFrame, bar: float) -> dict[str, float]:
    y, median, scale = (part[name].to_numpy(dtype=float) for name in ("outcome", "median", "scale"))
    low95, low80, high80, high95 = (part[name].to_numpy(dtype=float) for name in BANDS)
    error = scores.mae(y, median)
    banded = bool(np.isfinite(low80).all() and np.isfinite(low95).all())
    bands = {0.8: (low80, high80), 0.95: (low95, high95)}
    return {
        "origins": int(part["period"].nunique()),
        "n": len(part),
        "mae_pp": 100 * error,
        "bias_pp": 100 * scores.bias(y, median),
        "mase": scores.mase(y, median, scale),
        "swis": scores.scaled_wis(y, median, bands, scale) if banded else float("nan"),
        "coverage_80": scores.coverage(y, low80, high80) if banded else float("nan"),
        "coverage_95": scores.coverage(y, low95, high95) if banded else float("nan"),
        "skill_vs_naive": scores.skill(error, bar),
    }
