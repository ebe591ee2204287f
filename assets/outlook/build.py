"""The outlook of a vintage: from the warehouse's history to its forecast tables.

Belongs here: the order of the steps and the writing of occupancy_forecast, breach_probability and forecast_accuracy.
Models, bands and paths live in forecasts/; what is read, in reading.py; which model, in models.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.outlook.models import Comparison, Progress, accuracy_table, compare
from assets.outlook.reading import Aggregate, Member, read_aggregates, read_members
from assets.warehouse.database import transaction
from forecasts import aggregation, rates
from forecasts.aggregation import GRID, Outlook, Paths, Shocks, Sum, below, correlation_of, draw, quantiles
from forecasts.calibration import Calibration, calibrate, panel_scales
from forecasts.occupancy import log_capacities, point_forecasts, rate_scale
from forecasts.panel import Panel, quarter_ends

HORIZON = 8
MIN_POINTS = 6
# A member whose last figure lies further before a sum's origin has ended, as far as sums go.
ENDED_QUARTERS = 6
SCENARIO = "base"
LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
THRESHOLDS = (0.9, 0.8, 0.7)
SUM_MODEL = "sum of members"

_PERCENTS = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")
FORECAST_COLUMNS = (
    "vintage", "scenario", "level", "series_id", "stack", "quarter_end", "horizon", "unit", "in_service_p50",
    *(f"leased_{name}" for name in _PERCENTS), *(f"occupancy_{name}" for name in _PERCENTS), "occupancy_mean", "model",
)  # fmt: skip
BREACH_COLUMNS = (
    "vintage", "scenario", "level", "series_id", "quarter_end", "horizon", "threshold", "probability",
)  # fmt: skip
ACCURACY_COLUMNS = (
    "model", "level", "horizon", "origins", "n", "mae_pp", "bias_pp", "mase", "swis", "coverage_80", "coverage_95",
    "skill_vs_naive",
)  # fmt: skip


def build_outlook(
    connection: duckdb.DuckDBPyConnection,
    vintage: date,
    as_of: date,
    seed: int,
    progress: Progress | None = None,
    rewrite: bool = False,
) -> dict[str, Any]:
    """Forecast every series with at least MIN_POINTS figures, and the sums, HORIZON quarters ahead; write the tables.

    vintage: quarter end on or before as_of. Used are figures known by as_of, and at the latest by the end of the
    quarter after the vintage: a vintage knows nothing that came after its time. Horizons count from a series' last
    figure, those of a sum from the latest figure of its members. Rows of the same vintage are replaced, other
    vintages stay. Once the next quarter has ended a vintage that is there is frozen: nothing is written unless
    `rewrite`. progress(done, total) counts origins of the backtest.

    Returns a summary: written (bool), reason, series, sums, rows, clipped_share, models (level -> reason),
    capacity_model, seconds. Raises ValueError where vintage is no quarter end or lies after as_of.
    """
    started = time.monotonic()
    if (vintage + timedelta(days=1)).day != 1 or vintage.month % 3:
        raise ValueError(f"vintage: found {vintage}; expected the last day of a calendar quarter, as 2025-12-31.")
    if vintage > as_of:
        raise ValueError(f"vintage: found {vintage}, after as_of {as_of}; expected a quarter that had ended by then.")
    next_end = _next_quarter_end(vintage)
    present = connection.execute("SELECT count(*) FROM occupancy_forecast WHERE vintage = ?", [vintage]).fetchone()
    if present is not None and present[0] and as_of > next_end and not rewrite:
        reason = f"vintage {vintage} is frozen since {next_end}; it keeps its {present[0]} rows"
        return {"written": False, "reason": reason, "rows": int(present[0])}
    known_by = min(as_of, next_end)
    members = read_members(connection, known_by)
    tables = _forecast(members, read_aggregates(connection, members, known_by), vintage, seed, progress)
    _write(connection, vintage, tables)
    return {**tables["summary"], "seconds": round(time.monotonic() - started, 2)}


def _next_quarter_end(day: date) -> date:
    return (pd.Timestamp(day) + pd.offsets.QuarterEnd(1)).date()


def _forecast(
    members: list[Member], aggregates: list[Aggregate], vintage: date, seed: int, progress: Progress | None
) -> dict[str, Any]:
    asked = [member for member in members if member.points >= MIN_POINTS]
    summed = {name for aggregate in aggregates for name in aggregate.weights}
    used = [member for member in members if member.points >= MIN_POINTS or member.series_id in summed]
    tables: dict[str, Any] = {"forecast": [], "breach": [], "accuracy": pd.DataFrame()}
    summary: dict[str, Any] = {
        "written": True,
        "reason": "",
        "series": len(asked),
        "sums": 0,
        "rows": 0,
        "clipped_share": 0.0,
    }
    tables["summary"] = summary
    if not used:
        summary.update(written=True, reason="no series has a figure known by then", models={}, capacity_model="")
        return tables
    items, levels = [member.item for member in used], [member.level for member in used]
    comparison = compare(items, levels, HORIZON, seed, progress)
    outlooks, labels = _outlooks(used, comparison, seed)
    bands = {name: _calibrations(comparison, name) for name in sorted(set(comparison.rate_model.values()))}
    evidence = comparison.evidence(comparison.capacity_model).capacity
    capacity = calibrate(evidence, HORIZON + ENDED_QUARTERS, GRID)
    origins = [outlook.last for outlook in outlooks]
    shocks = Shocks(min(origins) + 1, max(origins) + HORIZON + ENDED_QUARTERS, seed)
    correlation = {
        name: correlation_of(comparison.naive.capacity, comparison.naive.rate)
        if name == "naive"
        else correlation_of(comparison.common[name].capacity, comparison.common[name].rate)
        for name in bands
    }
    last = {member.series_id: outlook.last for member, outlook in zip(used, outlooks, strict=True)}
    sums, origin = _empty_sums(aggregates, last)
    clipped = draws = 0
    for member, outlook, label in zip(used, outlooks, labels, strict=True):
        model = comparison.rate_model[member.level]
        paths = draw(outlook, shocks, capacity, bands[model], correlation[model])
        clipped, draws = clipped + paths.clipped, draws + paths.draws
        if member.points >= MIN_POINTS:
            _add_member(tables, vintage, member, outlook, paths, bands[model], label)
        for aggregate in aggregates:
            lag = origin.get(aggregate.series_id, 0) - outlook.last
            if aggregate.weights.get(member.series_id, 0) > 0 and lag <= ENDED_QUARTERS:
                sums[aggregate.series_id].add(paths, lag, aggregate.weights[member.series_id])
    for aggregate in aggregates:
        total = sums.get(aggregate.series_id)
        if total is not None and total.members:
            summary["sums"] += 1
            ends = quarter_ends(origin[aggregate.series_id] + np.arange(1, HORIZON + 1))
            level = quantiles(total.in_service, (0.5,))[:, 0]
            whole = Paths(total.in_service, total.used, total.rate, 0, 0)
            rate = quantiles(total.rate, LEVELS)
            _add_rows(tables, vintage, aggregate, ends, level, rate, whole, SUM_MODEL)
    tables["accuracy"] = accuracy_table(items, levels, comparison, HORIZON)
    summary.update(
        rows=len(tables["forecast"]), clipped_share=round(clipped / draws, 5), models=comparison.reasons,
        capacity_model=comparison.capacity_model,
        correlation={name: round(value, 3) for name, value in correlation.items()},
    )  # fmt: skip
    return tables


def _calibrations(comparison: Comparison, model: str) -> Calibration:
    return calibrate(comparison.evidence(model).rate, HORIZON + ENDED_QUARTERS, GRID)


def _outlooks(used: list[Member], comparison: Comparison, seed: int) -> tuple[list[Outlook], list[str]]:
    """Medians and widths of every member, ENDED_QUARTERS beyond the horizon so that laggards can be bridged in sums."""
    reach = HORIZON + ENDED_QUARTERS
    items = [member.item for member in used]
    widths = panel_scales(Panel(tuple(rate_scale(item.rate) for item in items)), relative=False)
    capacity_widths = panel_scales(log_capacities(items), relative=False)
    names = sorted({comparison.capacity_model, *comparison.rate_model.values()})
    said = {name: point_forecasts(name, items, reach, seed) for name in names}
    capacity = said[comparison.capacity_model][0]
    outlooks, labels = [], []
    for at, member in enumerate(used):
        model = comparison.rate_model[member.level]
        known = None if member.item.in_service is None else capacity[at]
        last = member.item.rate.last
        outlooks.append(
            Outlook(member.series_id, last, said[model][1][at], float(widths[at]), known, float(capacity_widths[at]))
        )
        label = "naive" if said[model][2][at] else model
        apart = known is not None and comparison.capacity_model != label
        labels.append(f"{label} (capacity: {comparison.capacity_model})" if apart else label)
    return outlooks, labels


def _empty_sums(aggregates: list[Aggregate], last: dict[str, int]) -> tuple[dict[str, Sum], dict[str, int]]:
    """A running sum and its origin, the latest figure of its members, for every aggregate with members."""
    alive = [aggregate for aggregate in aggregates if aggregate.weights]
    origin = {each.series_id: max(last[name] for name in each.weights) for each in alive}
    return {each.series_id: Sum(aggregation.PATHS, HORIZON) for each in alive}, origin


def _add_member(
    tables: dict[str, Any],
    vintage: date,
    member: Member,
    outlook: Outlook,
    paths: Paths,
    band: Calibration,
    label: str,
) -> None:
    """Rows of a series: the rate's quantiles straight from its calibration (exact), used capacity's from the paths."""
    ends = quarter_ends(outlook.last + np.arange(1, HORIZON + 1))
    columns = [GRID.index(level) for level in LEVELS]
    centre = rates.to_scale(outlook.rate[:HORIZON])[:, None]
    rate = rates.from_scale(centre + outlook.rate_width * band.offsets[:HORIZON, columns])
    cut = Paths(
        None if paths.in_service is None else paths.in_service[:, :HORIZON],
        None if paths.used is None else paths.used[:, :HORIZON],
        paths.rate[:, :HORIZON],
        paths.clipped,
        paths.draws,
    )
    level = None if outlook.in_service is None else outlook.in_service[:HORIZON]
    _add_rows(tables, vintage, member, ends, level, rate, cut, label)


def _add_rows(
    tables: dict[str, Any],
    vintage: date,
    series: Member | Aggregate,
    ends: pd.DatetimeIndex,
    in_service: np.ndarray | None,
    rate: np.ndarray,
    paths: Paths,
    model: str,
) -> None:
    used = None if paths.used is None else quantiles(paths.used, LEVELS)
    breach = {threshold: below(paths.rate, threshold) for threshold in THRESHOLDS}
    mean = paths.rate.mean(axis=0)
    for step, end in enumerate(ends):
        day = end.date()
        leased: Sequence[float | None] = [None] * len(LEVELS) if used is None else used[step].tolist()
        level = None if in_service is None else float(in_service[step])
        key = (vintage, SCENARIO, series.level, series.series_id)
        values = (level, *leased, *rate[step].tolist(), float(mean[step]), model)
        tables["forecast"].append((*key, series.stack, day, step + 1, series.unit, *values))
        for threshold in THRESHOLDS:
            tables["breach"].append((*key, day, step + 1, threshold, float(breach[threshold][step])))


def _write(connection: duckdb.DuckDBPyConnection, vintage: date, tables: dict[str, Any]) -> None:
    """Replace this vintage's rows; the accuracy table belongs to the newest vintage and is replaced as a whole by
    it.
    """
    with transaction(connection):
        for table, columns, name in (
            ("occupancy_forecast", FORECAST_COLUMNS, "forecast"),
            ("breach_probability", BREACH_COLUMNS, "breach"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE vintage = ? AND scenario = ?", [vintage, SCENARIO])
            _insert(connection, table, columns, tables[name])
        newest = connection.execute("SELECT max(vintage) FROM occupancy_forecast").fetchone()
        if newest is None or newest[0] is None or newest[0] <= vintage:
            connection.execute("DELETE FROM forecast_accuracy")
            if len(tables["accuracy"]):
                rows = list(tables["accuracy"][list(ACCURACY_COLUMNS)].itertuples(index=False, name=None))
                _insert(connection, "forecast_accuracy", ACCURACY_COLUMNS, rows)


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    if rows:
        outlook_rows = pd.DataFrame(rows, columns=list(columns))
        connection.register("outlook_rows", outlook_rows)
        try:
            connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM outlook_rows ORDER BY ALL")
        finally:
            connection.unregister("outlook_rows")
