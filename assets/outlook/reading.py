"""What the outlook reads from the warehouse: series as known at a date, what may be summed, and stack shares.

Belongs here: every SELECT of the outlook, and the splicing of perimeters. Which figure enters a series, and which
series enter a sum, is decided by the warehouse's own SQL (points.sql, sums.sql), run here for the same date.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import duckdb
import numpy as np
import pandas as pd

from assets.warehouse.history import know, prepare
from forecasts.backtest import MIN_FIGURES, Vintage
from forecasts.leases.portfolio import STACKS
from forecasts.occupancy import Occupancy
from forecasts.panel import Series, quarter_ordinals, splice_perimeters

Rows = tuple[tuple[object, ...], ...]
FIGURES = ("level", "series_id", "quarter_end", "in_service", "occupancy", "perimeter")
BESIDE = ("level", "series_id", "ds", "perimeter", "metric", "y")
# In-service and utilised capacity in every perimeter of a quarter: what the levels of two perimeters are compared by.
_OTHER_PERIMETERS = (
    "SELECT level, entity_id || '/' || unit AS series_id, period_end AS ds, perimeter, metric,"
    " arg_max(value, (known_at, observation_id)) AS y FROM keyed"
    " WHERE metric IN ('capacity_in_service', 'capacity_utilised') AND perimeter <> ''"
    " GROUP BY ALL ORDER BY ALL"
)


@dataclass(frozen=True)
class Member:
    """A series of one operator or source; points: quarters with an occupancy. shares: stack class -> share of
    capacity.
    """

    level: str
    series_id: str
    operator: str
    stack: str | None
    unit: str
    points: int
    item: Occupancy
    shares: dict[str, float]


@dataclass(frozen=True)
class Aggregate:
    """A market, stack or total in one unit, as occupancy_history names it; weights: member's series_id -> share of
    it; item: its own history, None without one.
    """

    level: str
    series_id: str
    stack: str | None
    unit: str
    weights: dict[str, float]
    item: Occupancy | None = None


class Items:
    """Series from their figures, each made once however many vintages have the same figures of it."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Occupancy] = {}

    def of(self, name: str, figures: Rows, beside: Rows) -> Occupancy:
        """The series of FIGURES rows; beside: rows of its figures in other perimeters (BESIDE)."""
        key = (figures, beside)
        if key not in self._made:
            self._made[key] = _item(
                name,
                pd.DataFrame(figures, columns=list(FIGURES)).astype({"in_service": float, "occupancy": float}),
                pd.DataFrame(beside, columns=list(BESIDE)).astype({"y": float}),
            )
        return self._made[key]


def read_members(connection: duckdb.DuckDBPyConnection, known_by: date, items: Items | None = None) -> list[Member]:
    """Every series of one operator or source with figures known by the date, ordered by level and series_id."""
    prepare(connection, known_by)
    items = items or Items()
    rows = connection.execute(
        "SELECT level, series_id, quarter_end, in_service, occupancy, perimeter, operator, stack, unit"
        " FROM occupancy_history WHERE operator IS NOT NULL AND occupancy IS NOT NULL"
        " AND known_at <= ? AND quarter_end <= ? ORDER BY level, series_id, quarter_end",
        [known_by, known_by],
    ).fetchall()
    other = _other_perimeters(connection)
    shares = _stack_shares(connection, known_by)
    members = []
    for (level, name), found in groupby(rows, key=lambda row: (row[0], row[1])):
        own = tuple(found)
        operator, stack, unit = own[-1][len(FIGURES) :]
        item = items.of(name, tuple(row[: len(FIGURES)] for row in own), tuple(other.get((level, name), ())))
        share = shares.get((level, name), {"unknown": 1.0})
        members.append(Member(level, name, operator, stack, unit, len(own), item, share))
    return members


def read_vintage(connection: duckdb.DuckDBPyConnection, end: date, known_by: date, items: Items) -> Vintage:
    """Series of one operator or source, with figures enough for an origin, as they were known for a quarter end: its
    vintage knows what had been printed by the end of the quarter after it, and no more than what is known_by.

    Needs read_members before (same connection), and leaves the temporary tables as known for that vintage.
    """
    know(connection, known_for(end, known_by))
    rows = connection.execute(
        "SELECT series.level, series.entity_id || '/' || unit AS series_id, quarter_end, in_service, occupancy,"
        " perimeter FROM series_rows AS series LEFT JOIN chosen_perimeter ON chosen_perimeter.level = series.level"
        " AND chosen_perimeter.entity_id = series.entity_id AND period_end = quarter_end"
        " WHERE occupancy IS NOT NULL AND quarter_end <= ? ORDER BY ALL",
        [end],
    ).fetchall()
    other = _other_perimeters(connection)
    found = []
    for (level, name), figures in groupby(rows, key=lambda row: (row[0], row[1])):
        own = tuple(figures)
        if len(own) >= MIN_FIGURES:
            found.append(items.of(name, own, tuple(other.get((level, name), ()))))
    return Vintage(int(quarter_ordinals(pd.Series([pd.Timestamp(end)]))[0]), tuple(found))


def known_for(end: date, known_by: date) -> date:
    """The last day on which the vintage of a quarter end was open: the end of the next quarter, or known_by before."""
    return min((pd.Timestamp(end) + pd.offsets.QuarterEnd(1)).date(), known_by)


def read_aggregates(
    connection: duckdb.DuckDBPyConnection, members: list[Member], known_by: date, items: Items | None = None
) -> list[Aggregate]:
    """Markets, stacks and totals of occupancy_history with the members the warehouse sums into them.

    A stack counts each member of the total with its share of that class. Needs read_members before (same connection).
    """
    named = connection.execute(
        "SELECT DISTINCT level, series_id, stack, market, unit FROM occupancy_history"
        " WHERE operator IS NULL AND level IN ('market', 'stack', 'total') AND known_at <= ? ORDER BY ALL",
        [known_by],
    ).fetchall()
    summed = connection.execute(
        "SELECT sum_level, place, entity_id || '/' || unit AS series_id, unit FROM members ORDER BY ALL"
    ).fetchall()
    known = {member.series_id: member for member in members if member.item.in_service is not None}
    items = items or Items()
    history = connection.execute(
        "SELECT level, series_id, quarter_end, in_service, occupancy, perimeter FROM occupancy_history"
        " WHERE operator IS NULL AND level IN ('market', 'stack', 'total') AND known_at <= ? AND quarter_end <= ?"
        " AND occupancy IS NOT NULL ORDER BY ALL",
        [known_by, known_by],
    ).fetchall()
    own = {key: items.of(key[1], tuple(rows), ()) for key, rows in groupby(history, key=lambda row: (row[0], row[1]))}
    aggregates = []
    for level, series_id, stack, market, unit in named:
        kind, place = ("market", market) if level == "market" else ("total", "")
        names = [row[2] for row in summed if row[0] == kind and row[1] == place and row[3] == unit and row[2] in known]
        weights = {name: known[name].shares.get(stack, 0.0) if level == "stack" else 1.0 for name in names}
        weights = {name: weight for name, weight in weights.items() if weight > 0}
        aggregates.append(Aggregate(level, series_id, stack, unit, weights, own.get((level, series_id))))
    return aggregates


def _other_perimeters(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[tuple[object, ...]]]:
    """BESIDE rows by level and series."""
    found: dict[tuple[str, str], list[tuple[object, ...]]] = defaultdict(list)
    for row in connection.execute(_OTHER_PERIMETERS).fetchall():
        found[row[0], row[1]].append(row)
    return found


def _stack_shares(connection: duckdb.DuckDBPyConnection, known_by: date) -> dict[tuple[str, str], dict[str, float]]:
    rows = connection.execute(
        "SELECT level, series_id, mainland_share, us_share, dual_share, unknown_share FROM stack_shares"
        " WHERE as_of <= ? QUALIFY row_number() OVER (PARTITION BY level, series_id ORDER BY as_of DESC) = 1",
        [known_by],
    ).fetchall()
    return {(row[0], row[1]): dict(zip(STACKS, map(float, row[2:]), strict=True)) for row in rows}


def _item(series_id: str, figures: pd.DataFrame, beside: pd.DataFrame) -> Occupancy:
    """Rate and capacity on the quarterly grid, earlier perimeters brought to the level of the last one."""
    frame = figures.assign(ds=pd.to_datetime(figures["quarter_end"]), perimeter=figures["perimeter"].fillna(""))
    capacity = frame["in_service"].where(frame["in_service"] > 0)
    used = frame["occupancy"] * capacity
    if frame["perimeter"].nunique() > 1 and capacity.notna().any():
        level = _spliced(frame.assign(y=capacity), beside[beside["metric"] == "capacity_in_service"])
        taken = _spliced(frame.assign(y=used), beside[beside["metric"] == "capacity_utilised"])
        rate = (taken / level).reindex(quarter_ordinals(frame["ds"].reset_index(drop=True)))
        printed = pd.Series(frame["occupancy"].to_numpy(dtype=float), index=rate.index)
        perimeter = str(frame["perimeter"].iloc[-1])
        return Occupancy(_grid(series_id, rate.clip(0, 1).fillna(printed)), _grid(series_id, level), perimeter)
    index = quarter_ordinals(frame["ds"].reset_index(drop=True))
    rate = pd.Series(frame["occupancy"].clip(0, 1).to_numpy(dtype=float), index=index)
    in_service = pd.Series(capacity.to_numpy(dtype=float), index=index).dropna()
    perimeter = str(frame["perimeter"].iloc[-1])
    return Occupancy(_grid(series_id, rate), _grid(series_id, in_service) if len(in_service) else None, perimeter)


def _spliced(own: pd.DataFrame, beside: pd.DataFrame) -> pd.Series:
    """Figures of the series on the level of its last perimeter, by quarter ordinal; `beside` only lends overlaps."""
    columns = ["ds", "perimeter", "y"]
    own = own[columns].dropna(subset=["y"])
    beside = beside[beside["perimeter"].isin(own["perimeter"])]
    both = pd.concat([own, beside[columns].assign(ds=lambda rows: pd.to_datetime(rows["ds"]))], ignore_index=True)
    both = both.drop_duplicates(["ds", "perimeter"], keep="first")
    spliced = splice_perimeters(both)
    values = pd.Series(spliced["y"].to_numpy(dtype=float), index=quarter_ordinals(spliced["ds"]))
    return values[values.index.isin(quarter_ordinals(own["ds"].reset_index(drop=True)))]


def _grid(series_id: str, values: pd.Series) -> Series:
    first = int(values.index.min())
    y = np.full(int(values.index.max()) - first + 1, np.nan)
    y[values.index.to_numpy(dtype=int) - first] = values.to_numpy(dtype=float)
    return Series(series_id, first, y)
