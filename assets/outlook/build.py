"""The outlook of a vintage: from the warehouse's history to its forecast tables.

Belongs here: the order of the steps and the writing of occupancy_forecast, breach_probability, backtest_accuracy and
forecast_choice. Models, bands and paths live in forecasts/; what is read, in reading.py; what is learnt, in models.py;
what adds up to what, in hierarchy.py.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.outlook.hierarchy import Hierarchy, hierarchies
from assets.outlook.models import (
    CAPACITY,
    OCCUPANCY,
    Learnt,
    Progress,
    accuracy_table,
    choice_rows,
    headline,
    learn_from,
    reason_of,
)
from assets.outlook.reading import Aggregate, Member, read_aggregates, read_members, read_vintages
from assets.warehouse.database import transaction
from forecasts import rates
from forecasts.backtest import Vintage
from forecasts.coherence import Coherent, Sum, coherent
from forecasts.leases.outcomes import LEVELS, NAMES, OUTER_LEVELS, OUTER_NAMES, THRESHOLDS
from forecasts.occupancy import Occupancy, bounded_rates, capacity_said, logs, rate_said
from forecasts.panel import Panel, quarter_ends
from forecasts.paths import Outlook, Paths, Shocks, below, draw, quantiles

HORIZON = 8
MIN_POINTS = 6
# A member whose last figure lies further before a sum's origin has ended, as far as sums go.
ENDED_QUARTERS = 6
SCENARIO = "base"
SUM_MODEL = "reconciled"
# Past quarters that are backtested: older ones would cost time and say little of today.
BACKTEST_QUARTERS = 60

FORECAST_COLUMNS = (
    "vintage", "scenario", "level", "series_id", "stack", "quarter_end", "horizon", "unit", "in_service_p50",
    *(f"leased_{name}" for name in NAMES), *(f"occupancy_{name}" for name in NAMES), "occupancy_mean", "model",
    *(f"occupancy_{name}" for name in OUTER_NAMES),
)  # fmt: skip
BREACH_COLUMNS = (
    "vintage", "scenario", "level", "series_id", "quarter_end", "horizon", "threshold", "probability",
)  # fmt: skip
ACCURACY_COLUMNS = (
    "model", "level", "horizon", "origins", "n", "mae_pp", "bias_pp", "mase", "swis", "coverage_80", "coverage_95",
    "skill_vs_naive",
)  # fmt: skip
CHOICE_COLUMNS = (
    "vintage", "level", "series_id", "quantity", "member", "weight", "backtest_error", "fallback", "reason",
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
    figure, those of a sum from the latest figure in its unit. Rows of the same vintage are replaced, other vintages
    stay. Once the next quarter has ended a vintage that is there is frozen: nothing is written unless
    `rewrite`. progress(done, total) counts vintages of the backtest, each twice.

    Returns a summary: written (bool), reason, series, sums, rows, clipped and draws (draws held at 0, at what is in
    service or at 100 %), clipped_share, why_occupancy and why_capacity (what is published at which horizon, and why),
    scores (models.headline), correlation, shared_shocks, reconciled_<unit>, seconds. Raises ValueError where vintage is
    no quarter end or lies after as_of.
    """
    started = time.monotonic()
    if (vintage + timedelta(days=1)).day != 1 or vintage.month % 3:
        raise ValueError(f"vintage: found {vintage}; expected the last day of a calendar quarter, as 2025-12-31.")
    if vintage > as_of:
        raise ValueError(f"vintage: found {vintage}, after as_of {as_of}; expected a quarter that had ended by then.")
    next_end = _next_quarter_end(vintage)
    present = connection.execute(
        "SELECT count(*) FROM occupancy_forecast WHERE vintage = ?"
        " AND portfolio IS NULL",
        [vintage],
    ).fetchone()
    if present is not None and present[0] and as_of > next_end and not rewrite:
        reason = f"vintage {vintage} is frozen since {next_end}; it keeps its {present[0]} rows"
        return {"written": False, "reason": reason, "rows": int(present[0])}
    known_by = min(as_of, next_end)
    members = read_members(connection, known_by)
    aggregates = read_aggregates(connection, members, known_by)
    first = (pd.Timestamp(vintage) - pd.offsets.QuarterEnd(BACKTEST_QUARTERS)).date()
    oldest = min((quarter_ends([one.item.rate.first])[0].date() for one in members), default=vintage)
    vintages = read_vintages(connection, max(first, oldest), vintage, known_by)
    tables = _forecast(members, aggregates, vintages, vintage, seed, progress)
    _write(connection, vintage, tables)
    return {**tables["summary"], "seconds": round(time.monotonic() - started, 2)}


def _next_quarter_end(day: date) -> date:
    return (pd.Timestamp(day) + pd.offsets.QuarterEnd(1)).date()


def _forecast(
    members: list[Member],
    aggregates: list[Aggregate],
    vintages: list[Vintage],
    vintage: date,
    seed: int,
    progress: Progress | None,
) -> dict[str, Any]:
    units = hierarchies(members, aggregates)
    summed = {name for unit in units for name in unit.bottoms} | {
        node.series_id for unit in units for node in unit.sums
    }
    used = [member for member in members if member.points >= MIN_POINTS or member.series_id in summed]
    asked = [member for member in used if member.points >= MIN_POINTS]
    summary: dict[str, Any] = {"written": True, "reason": "", "series": len(asked), "sums": 0, "rows": 0}
    summary |= {"clipped": 0, "draws": 0, "clipped_share": 0.0}
    tables: dict[str, Any] = {
        "forecast": [],
        "breach": [],
        "accuracy": pd.DataFrame(),
        "choice": [],
        "summary": summary,
    }
    if not used:
        summary.update(reason="no series has a figure known by then")
        return tables
    items = [member.item for member in used]
    owners = [member.operator for member in used]
    learnt = learn_from(vintages, items, owners, HORIZON, ENDED_QUARTERS, seed, progress)
    said = _say(items, learnt, seed)
    above = [
        node for unit in units for node in unit.sums if node.item is not None and node.series_id not in said.outlook
    ]
    said_above = _say([node.item for node in above if node.item is not None], learnt, seed)
    outlooks = said.outlook | said_above.outlook
    origins = [outlook.last for outlook in outlooks.values()]
    shocks = Shocks(min(origins) + 1, max(origins) + HORIZON + ENDED_QUARTERS, seed)
    paths: dict[str, tuple[int, Paths]] = {}
    for unit in units:
        joint = _joint(unit, outlooks, learnt, shocks)
        if joint is not None:
            paths |= {str(name): (joint.origin, own) for name, own in joint.paths.items()}
            paths |= {str(name): (outlooks[str(name)].last, own) for name, own in joint.bridged.items()}
            summary["clipped"] += joint.clipped
            summary["draws"] += joint.draws
            told = [reason for reason in joint.reasons if reason]
            summary[f"reconciled_{unit.unit}"] = (
                f"{'; '.join(told) or 'minimum trace'}; medians moved by {100 * joint.moved[0]:.2f} % of capacity and"
                f" {100 * joint.moved[1]:.2f} points"
            )
    for member in asked:
        if member.series_id not in paths:
            own = draw(outlooks[member.series_id], shocks, learnt.spread, 0, HORIZON)
            paths[member.series_id] = (outlooks[member.series_id].last, own)
            summary["clipped"] += own.clipped
            summary["draws"] += own.draws
        _add_rows(tables, vintage, member, *paths[member.series_id], said.labels[member.series_id])
    for aggregate in aggregates:
        if aggregate.series_id in paths:
            summary["sums"] += 1
            _add_rows(tables, vintage, aggregate, *paths[aggregate.series_id], (SUM_MODEL,) * HORIZON)
    levels = [member.level for member in used]
    tables["accuracy"] = accuracy_table(learnt, levels, [member.unit for member in used], owners, seed)
    reasons = {OCCUPANCY: reason_of(learnt.rate, HORIZON), CAPACITY: reason_of(learnt.capacity, HORIZON)}
    tables["choice"] = [
        (vintage, member.level, *row, reasons[str(row[1])])
        for member in asked
        for row in said.choice
        if row[0] == member.series_id
    ]
    summary.update(
        rows=len(tables["forecast"]), clipped_share=round(summary["clipped"] / max(summary["draws"], 1), 5),
        why_occupancy=reasons[OCCUPANCY], why_capacity=reasons[CAPACITY], scores=headline(tables["accuracy"]),
        correlation=round(learnt.spread.correlation, 3),
        shared_shocks=round(learnt.spread.shared, 3), origins=len(learnt.origins.rate.of),
    )  # fmt: skip
    return tables


@dataclass(frozen=True)
class _Say:
    """Of each series by name: what its paths are drawn from, and what answers at each horizon; rows of the choice."""

    outlook: dict[str, Outlook]
    labels: dict[str, tuple[str, ...]]
    choice: list[tuple[object, ...]]


def _say(items: list[Occupancy], learnt: Learnt, seed: int) -> _Say:
    """Medians and widths of every series, ENDED_QUARTERS beyond the horizon so that laggards can be bridged in sums."""
    if not items:
        return _Say({}, {}, [])
    reach = HORIZON + ENDED_QUARTERS
    names = [str(item.unique_id) for item in items]
    capacity_panel = Panel(tuple(logs(item) for item in items))
    rate_panel = Panel(tuple(bounded_rates(item) for item in items))
    capacity = capacity_said(items, reach, seed)
    rate = rate_said(items, capacity, seed)
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


def _add_rows(
    tables: dict[str, Any], vintage: date, series: Member | Aggregate, origin: int, paths: Paths, models: Sequence[str]
) -> None:
    ends = quarter_ends(origin + np.arange(1, HORIZON + 1))
    rate = quantiles(paths.rate, LEVELS)
    outer = quantiles(paths.rate, OUTER_LEVELS)
    in_service = None if paths.in_service is None else quantiles(paths.in_service, (0.5,))[:, 0]
    used = None if paths.used is None else quantiles(paths.used, LEVELS)
    breach = {threshold: below(paths.rate, threshold) for threshold in THRESHOLDS}
    mean = paths.rate.mean(axis=0)
    for step, end in enumerate(ends):
        day = end.date()
        leased: Sequence[float | None] = [None] * len(LEVELS) if used is None else used[step].tolist()
        level = None if in_service is None else float(in_service[step])
        key = (vintage, SCENARIO, series.level, series.series_id)
        values = (level, *leased, *rate[step].tolist(), float(mean[step]), models[step], *outer[step].tolist())
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
            # Simulated portfolios have rows of their own in the same tables (lease_tables.py).
            connection.execute(
                f"DELETE FROM {table} WHERE vintage = ? AND scenario = ?"
                " AND portfolio IS NULL",
                [vintage, SCENARIO],
            )
            _insert(connection, table, columns, tables[name])
        connection.execute("DELETE FROM forecast_choice WHERE vintage = ?", [vintage])
        _insert(connection, "forecast_choice", CHOICE_COLUMNS, tables["choice"])
        newest = connection.execute("SELECT max(vintage) FROM occupancy_forecast").fetchone()
        if newest is None or newest[0] is None or newest[0] <= vintage:
            connection.execute("DELETE FROM backtest_accuracy")
            if len(tables["accuracy"]):
                rows = list(tables["accuracy"][list(ACCURACY_COLUMNS)].itertuples(index=False, name=None))
                _insert(connection, "backtest_accuracy", ACCURACY_COLUMNS, rows)


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
