"""Capacity in service and occupancy of a series together: point forecasts by a member, and rolling-origin errors.

Capacity is forecast, percentages follow by division: a member forecasts in-service capacity and used capacity
(under the forecast capacity as its cap in time), and the rate is their ratio. Where only rates are known, the
member works on the bounded scale of forecasts.rates. Errors of capacity are taken on the log scale, errors of rates
on the bounded one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts import rates, scores
from forecasts.backtest import BAND_LEVELS, ERROR_COLUMNS, Cut, honest_offsets, origin_scales
from forecasts.panel import Panel, Series
from forecasts.parallel import Progress, answer_in_parts

SEASON = 4


@dataclass(frozen=True)
class Occupancy:
    """One series: rate (0 to 1) and, where known, in_service (a unit, above 0). Both may have gaps."""

    rate: Series
    in_service: Series | None = None

    @property
    def unique_id(self) -> Hashable:
        """Name of the series."""
        return self.rate.unique_id

    def until(self, length: int) -> Occupancy:
        """The series as it was at position length - 1 of the rate."""
        rate = self.rate.until(length)
        if self.in_service is None:
            return Occupancy(rate)
        capacity = cut_after(self.in_service, rate.last)
        return Occupancy(rate, capacity if len(capacity.y) else None)


def cut_after(series: Series, quarter: int) -> Series:
    """The series with its figures up to a quarter (ordinal); empty where it begins later."""
    length = max(min(quarter - series.first + 1, len(series.y)), 0)
    seen = series.observed[series.observed < length]
    return series.until(int(seen[-1]) + 1 if len(seen) else 0)


def logs(series: Series) -> Series:
    """The series on the log scale."""
    return Series(series.unique_id, series.first, np.log(series.y), signed=True)


def rate_scale(series: Series) -> Series:
    """A series of rates on the bounded scale."""
    return Series(series.unique_id, series.first, rates.to_scale(series.y), signed=True)


def _used(item: Occupancy) -> Series | None:
    """Used capacity where both operands are known in the last quarter of the rate; None elsewhere."""
    capacity = item.in_service
    if capacity is None or capacity.last != item.rate.last:
        return None
    first = max(capacity.first, item.rate.first)
    used = item.rate.y[first - item.rate.first :] * capacity.y[first - capacity.first :]
    seen = np.flatnonzero(~np.isnan(used))
    if not len(seen):
        return None
    return Series(item.unique_id, first + int(seen[0]), used[seen[0] :])


def point_forecasts(
    member: str, items: Sequence[Occupancy], horizon: int, seed: int = 0, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Medians of in-service capacity (NaN for rate-only series) and of the rate, shapes (series, horizon), and reasons.

    Horizons count from the last rate; a capacity known less far is bridged by its own forecast.
    """
    capacity = np.full((len(items), horizon), np.nan)
    known = [at for at, item in enumerate(items) if item.in_service is not None]
    lags = {at: items[at].rate.last - _capacity(items[at]).last for at in known}
    if known:
        reach = horizon + max(max(lags.values()), 0)
        panel = Panel(tuple(_capacity(items[at]) for at in known))
        answer = answer_in_parts(member, panel, reach, (), seed)
        for row, at in enumerate(known):
            lag = lags[at]
            ahead = answer.median[row, max(lag, 0) : max(lag, 0) + horizon]
            capacity[at] = np.maximum(ahead, np.finfo(float).tiny)
    series: list[Series] = []
    divided: list[bool] = []
    for at, item in enumerate(items):
        used = _used(item)
        if used is None:
            series.append(rate_scale(item.rate))
        else:
            cap = np.concatenate([_filled_from(_capacity(item), used.first), capacity[at]])
            series.append(Series(used.unique_id, used.first, used.y, cap))
        divided.append(used is not None)
    answer = answer_in_parts(member, Panel(tuple(series)), horizon, (), seed, 1, progress)
    rate = np.where(np.array(divided)[:, None], answer.median / capacity, rates.from_scale(answer.median))
    return capacity, np.clip(rate, 0.0, 1.0), list(answer.reasons)


def _capacity(item: Occupancy) -> Series:
    assert item.in_service is not None
    return item.in_service


def _filled_from(series: Series, first: int) -> np.ndarray:
    return pd.Series(series.y).ffill().to_numpy(dtype=float)[first - series.first :]


def rolling(
    items: Sequence[Occupancy],
    origins: Sequence[Cut],
    member: str,
    horizon: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Errors of capacity (log scale) and of rates (bounded scale) over cuts of the rates; columns ERROR_COLUMNS."""
    then = [items[cut.series].until(cut.length) for cut in origins]
    capacity, rate, _ = point_forecasts(member, then, horizon, seed, progress)
    panel_rates = Panel(tuple(rate_scale(item.rate) for item in items))
    scale = origin_scales(panel_rates, origins, relative=False)
    capacity_scale = origin_scales(*_capacity_cuts(items, origins), relative=False)
    rate_rows: list[tuple[float, ...]] = []
    capacity_rows: list[tuple[float, ...]] = []
    for at, cut in enumerate(origins):
        item = items[cut.series]
        origin = item.rate.first + cut.length - 1
        outcome = panel_rates.series[cut.series].y[cut.length : cut.length + horizon]
        said = rates.to_scale(rate[at])
        for step in np.flatnonzero(~np.isnan(outcome)).tolist():
            rate_rows.append((cut.series, origin, step + 1, outcome[step], said[step], scale[at]))
        if item.in_service is None or np.isnan(capacity[at, 0]):
            continue
        for step in range(horizon):
            position = origin + step + 1 - item.in_service.first
            if 0 <= position < len(item.in_service.y) and not np.isnan(item.in_service.y[position]):
                grown = np.log(item.in_service.y[position])
                capacity_rows.append(
                    (cut.series, origin, step + 1, grown, np.log(capacity[at, step]), capacity_scale[at])
                )
    return _errors(capacity_rows), _errors(rate_rows)


def log_capacities(items: Sequence[Occupancy]) -> Panel:
    """In-service capacities on the log scale; an empty series where only rates are known."""
    empty = np.empty(0)
    return Panel(
        tuple(
            Series(item.unique_id, item.rate.first, empty) if item.in_service is None else logs(item.in_service)
            for item in items
        )
    )


def _capacity_cuts(items: Sequence[Occupancy], origins: Sequence[Cut]) -> tuple[Panel, list[Cut]]:
    """The origins of the rates as cuts of the capacities: the same quarters."""
    panel = log_capacities(items)
    quarters = [items[cut.series].rate.first + cut.length - 1 for cut in origins]
    cut_at = [
        Cut(c.series, quarter - panel.series[c.series].first + 1) for c, quarter in zip(origins, quarters, strict=True)
    ]
    return panel, cut_at


def proven_better(errors: pd.DataFrame, reference: pd.DataFrame) -> bool:
    """True where errors (absolute z) are below the reference's by more than one standard error of the paired
    difference.

    Pairs are means over horizons of one series and origin. The one-standard-error rule of Breiman et al. (1984),
    Classification and regression trees, 3.4.3: a more complex model has to show more than chance.
    """
    keys = ["series", "origin", "horizon"]
    both = errors.merge(reference, on=keys, suffixes=("", "_reference"))
    gain = (both["z_reference"].abs() - both["z"].abs()).groupby([both["series"], both["origin"]]).mean()
    return len(gain) > 1 and bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))


def _errors(rows: list[tuple[float, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(ERROR_COLUMNS[:-1]))
    frame = frame.astype({"series": int, "origin": int, "horizon": int})
    return frame.assign(z=(frame["y"] - frame["yhat"]) / frame["scale"])


def points_error(errors: pd.DataFrame) -> float:
    """Mean absolute error of the rate in percentage points, every horizon counting alike; NaN without errors."""
    if not len(errors):
        return float("nan")
    missed = np.abs(rates.from_scale(errors["y"].to_numpy()) - rates.from_scale(errors["yhat"].to_numpy()))
    return float(100 * pd.Series(missed).groupby(errors["horizon"].to_numpy()).mean().mean())


def year_change(items: Sequence[Occupancy], errors: pd.DataFrame) -> np.ndarray:
    """Mean absolute change of the rate on the year before, up to each origin, shape (rows,); 0 where none is known."""
    answer = np.zeros(len(errors))
    known: dict[tuple[int, int], float] = {}
    for row, (series, origin) in enumerate(zip(errors["series"], errors["origin"], strict=True)):
        key = (int(series), int(origin))
        if key not in known:
            y = cut_after(items[key[0]].rate, key[1]).y
            change = np.abs(y[SEASON:] - y[:-SEASON])
            change = change[~np.isnan(change)]
            known[key] = float(change.mean()) if len(change) else 0.0
        answer[row] = known[key]
    return answer


def accuracy(
    items: Sequence[Occupancy], errors: pd.DataFrame, reference: pd.DataFrame, evidence: pd.DataFrame, horizon: int
) -> pd.DataFrame:
    """Scores of the rate by horizon: horizon, origins, n, mae_pp, bias_pp, mase, swis, coverage_80, coverage_95,
    skill_vs_naive.

    errors: of the model, bounded scale. reference: the last value's over the same origins. evidence: errors that may
    calibrate the model's bands (all levels); each origin takes those whose target had come (honest_offsets). MASE and
    sWIS are scaled by the mean absolute change on the year before.
    """
    offsets = _evidence_offsets(errors, evidence, horizon)
    said = errors["yhat"].to_numpy()[:, None] + errors["scale"].to_numpy()[:, None] * offsets
    band = rates.from_scale(said)
    y, yhat = rates.from_scale(errors["y"].to_numpy()), rates.from_scale(errors["yhat"].to_numpy())
    scale = year_change(items, errors)
    other = pd.DataFrame(
        {
            "horizon": reference["horizon"],
            "missed": np.abs(
                rates.from_scale(reference["y"].to_numpy()) - rates.from_scale(reference["yhat"].to_numpy())
            ),
        }
    )
    rows = []
    for step in sorted(int(value) for value in errors["horizon"].unique()):
        here = errors["horizon"].to_numpy() == step
        low95, low80, high80, high95 = band[here].T
        intervals = {0.8: (low80, high80), 0.95: (low95, high95)}
        error = scores.mae(y[here], yhat[here])
        rows.append(
            {
                "horizon": step,
                "origins": int(errors.loc[here, "origin"].nunique()),
                "n": int(here.sum()),
                "mae_pp": 100 * error,
                "bias_pp": 100 * scores.bias(y[here], yhat[here]),
                "mase": scores.mase(y[here], yhat[here], scale[here]),
                "swis": scores.scaled_wis(y[here], yhat[here], intervals, scale[here]),
                "coverage_80": scores.coverage(y[here], low80, high80),
                "coverage_95": scores.coverage(y[here], low95, high95),
                "skill_vs_naive": scores.skill(error, float(other.loc[other["horizon"] == step, "missed"].mean())),
            }
        )
    return pd.DataFrame(rows)


def _evidence_offsets(errors: pd.DataFrame, evidence: pd.DataFrame, horizon: int) -> np.ndarray:
    together = pd.concat([errors.assign(asked=True), evidence.assign(asked=False)], ignore_index=True)
    both = together.drop_duplicates(["series", "origin", "horizon"], keep="first")
    return honest_offsets(both, horizon, BAND_LEVELS)[both["asked"].to_numpy()]
