"""Backtest of totals: what the sum of a unit's series could have been said to be at each past quarter.

Belongs here: which series make a past total, and its joint paths as they would have been drawn then. The members are
those that had a figure in the quarter or in the few before, as known then, the largest of each owner, so that no
capacity counts twice; the total that came is that of the same members. Origins of single series are in backtest.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasts import rates
from forecasts.backtest import BAND_LEVELS, BANDS, CHOSEN, Origins, known_at
from forecasts.forecaster import NAIVE, Forecaster, learn
from forecasts.paths import Outlook, Shocks, Spread, added, correlation_of, draw, quantiles, shared_share

TOTAL = "total"
# A member that lags by more than this is not bridged in a past total.
BRIDGED_QUARTERS = 2
SUM_COLUMNS = ("model", "level", "period", "horizon", "outcome", "median", *BANDS, "scale")


def honest_totals(found: Origins, units: Sequence[str], owners: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """What could have been said of each unit's total rate at each quarter, SUM_COLUMNS, rates 0 to 1.

    units: of each of found.names, "" for a series that is in no total; owners: of each likewise (operators). model:
    `chosen`, the sum of what is published of the members, and the last value. scale: the members' mean absolute yearly
    change of the rate, weighted by capacity.
    """
    parts = []
    for quarter in np.unique(found.rate.period).tolist():
        groups = _groups(found, units, owners, quarter)
        if not groups:
            continue
        past_capacity, past_rate = known_at(found, quarter)
        own = np.array(owners, dtype=object)[past_rate.of]
        for model, only in ((CHOSEN, None), (NAIVE, NAIVE)):
            capacity, rate = learn(past_capacity, only=only), learn(past_rate, only=only)
            z = rate.errors(past_rate)
            spread = Spread(
                capacity.calibration, rate.calibration,
                correlation_of(capacity.errors(past_capacity), z),
                shared_share(past_rate, z, own),
            )  # fmt: skip
            for rows in groups:
                parts.append(_total(found, rows, capacity, rate, spread, seed).assign(model=model, period=quarter))
    if not parts:
        return pd.DataFrame(columns=list(SUM_COLUMNS))
    return pd.concat(parts, ignore_index=True).assign(level=TOTAL)[list(SUM_COLUMNS)]


def _groups(found: Origins, units: Sequence[str], owners: Sequence[str], quarter: int) -> list[np.ndarray]:
    """Rows that make the totals of a quarter, by unit: of each owner the newest row of its largest series."""
    period, of = found.rate.period, found.rate.of
    near = (period <= quarter) & (period >= quarter - BRIDGED_QUARTERS)
    newest: dict[int, int] = {}
    for row in np.flatnonzero(near).tolist():
        if units[of[row]] and len(found.capacity.panel.series[row].y):
            newest[int(of[row])] = row
    largest: dict[tuple[str, str], int] = {}
    for series, row in sorted(newest.items()):
        key = (units[series], owners[series])
        if key not in largest or _size(found, row) > _size(found, largest[key]):
            largest[key] = row
    answer = []
    for unit in sorted({unit for unit, _ in largest}):
        rows = np.array(sorted(row for (own, _), row in largest.items() if own == unit), dtype=int)
        if (period[rows] == quarter).any():
            answer.append(rows)
    return answer


def _size(found: Origins, row: int) -> float:
    return float(found.capacity.panel.series[row].y[-1])


def _total(
    found: Origins, rows: np.ndarray, capacity: Forecaster, rate: Forecaster, spread: Spread, seed: int
) -> pd.DataFrame:
    chosen = np.zeros(len(found.rate.of), dtype=bool)
    chosen[rows] = True
    sizes, shares = found.capacity.rows(chosen), found.rate.rows(chosen)
    horizon = shares.outcome.shape[1]
    level = np.exp(capacity.median(sizes.panel, sizes.said)[0])
    level_width = capacity.widths(sizes.panel, sizes.said)
    share = rates.from_scale(rate.median(shares.panel, shares.said)[0])
    share_width = rate.widths(shares.panel, shares.said)
    last = np.array([one.last for one in shares.panel])
    lag = int(last.max()) - last
    steps = horizon - int(lag.max())
    shocks = Shocks(int(last.min()) + 1, int(last.max()) + horizon, seed)
    drawn = []
    for at, one in enumerate(shares.panel):
        series = Outlook(one.unique_id, one.last, share[at], share_width[at], level[at], level_width[at])
        drawn.append(draw(series, shocks, spread, int(lag[at]), steps))
    in_service, used = added(drawn, [1.0] * len(drawn))
    band = quantiles(used / in_service, (BAND_LEVELS[0], BAND_LEVELS[1], 0.5, BAND_LEVELS[2], BAND_LEVELS[3]))
    ahead = lag[:, None] + np.arange(steps)
    size = np.exp(np.take_along_axis(sizes.outcome, ahead, axis=1))
    came = (size * rates.from_scale(np.take_along_axis(shares.outcome, ahead, axis=1))).sum(axis=0) / size.sum(axis=0)
    known = np.array([float(np.exp(one.y[-1])) for one in sizes.panel])
    scale = float((known * found.change[np.flatnonzero(chosen)]).sum() / known.sum())
    frame = pd.DataFrame({"horizon": np.arange(1, steps + 1), "outcome": came, "median": band[:, 2], "scale": scale})
    for name, column in zip(BANDS, (0, 1, 3, 4), strict=True):
        frame[name] = band[:, column]
    return frame[np.isfinite(came)]
