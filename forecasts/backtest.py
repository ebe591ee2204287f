"""Rolling origins over a panel: what each member would have said, against what came. No look-ahead.

At an origin a member sees the series cut there, and the scale of the error is taken from the same cut. Origins are
figures that exist; a target in a gap gives no error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.calibration import calibrate, panel_scales
from forecasts.panel import Panel, Series
from forecasts.parallel import Progress, answer_in_parts

MIN_FIGURES = 4
ERROR_COLUMNS = ("series", "origin", "horizon", "y", "yhat", "scale", "z")
BAND_LEVELS = (0.025, 0.1, 0.9, 0.975)


@dataclass(frozen=True)
class Cut:
    """A series cut at an origin: which series of the panel, how long it then was, and where its pooled scale stands."""

    series: int
    length: int


def cuts(panel: Panel, per_series: int, series_limit: int | None = None, min_figures: int = MIN_FIGURES) -> list[Cut]:
    """Origins for a backtest: at most `per_series` a series, spread evenly over those with `min_figures` figures
    before.

    series_limit: use that many series, spread evenly over the panel sorted by name, so that the choice does not
    depend on the order of rows. The latest usable origin (one observed quarter before the last figure) is always
    among them.
    """
    order = sorted(range(len(panel)), key=lambda position: str(panel.series[position].unique_id))
    usable = [position for position in order if len(panel.series[position].observed) > min_figures]
    if series_limit is not None and len(usable) > series_limit:
        usable = [usable[at] for at in spread(len(usable), series_limit)]
    chosen: list[Cut] = []
    for position in usable:
        ends = panel.series[position].observed[min_figures - 1 : -1] + 1
        chosen.extend(Cut(position, int(ends[at])) for at in spread(len(ends), per_series))
    return chosen


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` of the positions 0..count-1, evenly spread, the last one always among them."""
    if count <= wanted:
        return list(range(count))
    return sorted({count - 1 - int(step * count / wanted) for step in range(wanted)})


def rolling_errors(
    panel: Panel,
    origins: Sequence[Cut],
    member: str,
    horizon: int,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Errors of a member, one row an origin and horizon with an outcome: ERROR_COLUMNS.

    series: position in the panel; origin: quarter ordinal; scale: panel_scales of the panel as it was at that origin
    (every series cut at the same quarter); z = (y - yhat) / scale, 0 where scale and error both are 0.
    """
    cut_panel = Panel(tuple(panel.series[cut.series].until(cut.length) for cut in origins))
    median = answer_in_parts(member, cut_panel, horizon, (), seed, jobs, progress).median
    scale = origin_scales(panel, origins)
    rows = []
    for at, cut in enumerate(origins):
        series = panel.series[cut.series]
        outcomes = series.y[cut.length : cut.length + horizon]
        for step in np.flatnonzero(~np.isnan(outcomes)):
            origin = series.first + cut.length - 1
            rows.append((cut.series, origin, step + 1, outcomes[step], median[at, step], scale[at]))
    frame = pd.DataFrame(rows, columns=list(ERROR_COLUMNS[:-1]))
    frame["z"] = scaled_errors(frame["y"], frame["yhat"], frame["scale"])
    return frame


def scaled_errors(y: pd.Series, yhat: pd.Series, scale: pd.Series) -> np.ndarray:
    """(y - yhat) / scale; 0 where the scale is 0, which says that nothing had moved yet and no scale is known."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        z = y.to_numpy(float) / scale.to_numpy(float) - yhat.to_numpy(float) / scale.to_numpy(float)
    return np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)


def origin_scales(panel: Panel, origins: Sequence[Cut], relative: bool = True) -> np.ndarray:
    """Scale of each cut, shape (origins,), shrunk towards the panel as it stood at the quarter of that origin."""
    answer = np.empty(len(origins))
    quarters = np.array([panel.series[cut.series].first + cut.length - 1 for cut in origins])
    for quarter in np.unique(quarters):
        here = np.flatnonzero(quarters == quarter).tolist()
        positions = sorted({origins[at].series for at in here} | {cut.series for cut in origins})
        then = [_as_of(panel.series[position], int(quarter)) for position in positions]
        scale = dict(zip(positions, panel_scales(Panel(tuple(then)), relative), strict=True))
        for at in here:
            answer[at] = scale[origins[at].series]
    return answer


def _as_of(series: Series, quarter: int) -> Series:
    length = max(min(quarter - series.first + 1, len(series.y)), 0)
    seen = series.observed[series.observed < length]
    return series.until(int(seen[-1]) + 1 if len(seen) else 0)


def honest_offsets(errors: pd.DataFrame, horizon: int, levels: Sequence[float] = BAND_LEVELS) -> np.ndarray:
    """Offsets that could have been given at each origin, shape (rows of errors, levels), in units of the scale.

    At an origin only errors whose target quarter had come by then are pooled; the earliest origins therefore stand on
    the normal random walk alone.
    """
    answer = np.empty((len(errors), len(levels)))
    origin = errors["origin"].to_numpy()
    step = errors["horizon"].to_numpy(dtype=int)
    for quarter in np.unique(origin):
        here = origin == quarter
        answer[here] = calibrate(errors[origin + step <= quarter], horizon, levels).offsets[step[here] - 1]
    return answer


def pooled_error(errors: pd.DataFrame) -> float:
    """Mean absolute scaled error with every horizon counting alike: the number by which a model is chosen."""
    if not len(errors):
        return float("nan")
    return float(errors["z"].abs().groupby(errors["horizon"]).mean().mean())
