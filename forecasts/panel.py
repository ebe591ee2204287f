"""Regular quarterly panels: what every model reads.

Here belongs the way from a long frame (unique_id, ds, y, optional cap) to series on a regular quarterly grid, its
validation, and the splicing of perimeters. Models, transforms and scores do not belong here.

A quarter is an ordinal (quarters since 1970Q1, pandas' own), so that horizons are plain sums. A quarter without a
figure is a gap (NaN) and stays one: nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

REQUIRED_COLUMNS = ("unique_id", "ds", "y")


class PanelError(ValueError):
    """A panel that cannot be read. The message names column, row, what was found, what was expected and the remedy."""

    def __init__(self, column: str, row: object, found: object, expected: str, remedy: str) -> None:
        place = f"column {column!r}" if row is None else f"column {column!r}, row {row}"
        super().__init__(f"Panel, {place}: found {found}; expected {expected}. {remedy}")


@dataclass(frozen=True)
class Series:
    """One quarterly series; y starts and ends with a figure (both ends trimmed), gaps inside are NaN.

    first: ordinal of the quarter of y[0] (of the first quarter to forecast where y is empty).
    y: shape (n,), any unit. cap: None, or shape (>= n,), same unit, without NaN: entries past n are caps known for
    quarters to come. signed: zero is no bound, because y stands on a transformed scale.
    """

    unique_id: Hashable
    first: int
    y: np.ndarray
    cap: np.ndarray | None = None
    signed: bool = False

    @property
    def last(self) -> int:
        """Ordinal of the last quarter with a figure: horizon h is quarter last + h."""
        return self.first + len(self.y) - 1

    @property
    def observed(self) -> np.ndarray:
        """Positions in y that carry a figure."""
        return np.flatnonzero(~np.isnan(self.y))

    @property
    def non_negative(self) -> bool:
        """True where no figure is below zero: such a series is not forecast below zero either."""
        return not self.signed and bool((self.y[self.observed] >= 0).all())

    def until(self, length: int) -> Series:
        """The series as it was at position length - 1: later figures and later caps are gone (no look-ahead)."""
        cap = None if self.cap is None else self.cap[:length]
        return Series(self.unique_id, self.first, self.y[:length], cap, self.signed)

    def future_cap(self, horizon: int) -> np.ndarray:
        """Caps of horizons 1..horizon, shape (horizon,); the last known cap holds on; infinite without a cap."""
        if self.cap is None:
            return np.full(horizon, np.inf)
        known = self.cap[len(self.y) : len(self.y) + horizon]
        return np.concatenate([known, np.full(horizon - len(known), self.cap[-1])])


@dataclass(frozen=True)
class Panel:
    """Series in a fixed order; members answer in the same order."""

    series: tuple[Series, ...]

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    @cached_property
    def figures(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """flat (all figures one behind the other, each divided by its series' largest magnitude), offsets (series + 1,)
        and tops (series,), that magnitude (1 where all are zero): squares of flat cannot overflow.
        """
        offsets = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum([len(one.y) for one in self.series], out=offsets[1:])
        flat = np.concatenate([one.y for one in self.series]) if self.series else np.empty(0)
        tops = np.ones(len(self))
        filled = np.flatnonzero(np.diff(offsets) > 0)
        if len(filled):
            tops[filled] = np.fmax.reduceat(np.abs(flat), offsets[filled])
        tops[~(tops > np.finfo(float).tiny)] = 1.0
        return flat / np.repeat(tops, np.diff(offsets)), offsets, tops

    @cached_property
    def firsts(self) -> np.ndarray:
        """Ordinal of each series' first quarter, shape (series,)."""
        return np.array([one.first for one in self.series], dtype=np.int64)

    @cached_property
    def floors(self) -> np.ndarray:
        """Lower bound of each series' forecast, shape (series,): 0 with a cap and for a series never below 0."""
        flat, offsets, _ = self.figures
        lowest = np.full(len(self), np.inf)
        filled = np.flatnonzero(np.diff(offsets) > 0)
        if len(filled):
            lowest[filled] = np.fmin.reduceat(flat, offsets[filled])
        capped = np.array([one.cap is not None for one in self.series], dtype=bool)
        signed = np.array([one.signed for one in self.series], dtype=bool)
        return np.where(capped | (~signed & (lowest >= 0)), 0.0, -np.inf)

    def ceilings(self, horizon: int) -> np.ndarray:
        """Upper bound of each forecast, shape (series, horizon): the cap, infinite without one."""
        answer = np.full((len(self), horizon), np.inf)
        for at, one in enumerate(self.series):
            if one.cap is not None:
                answer[at] = one.future_cap(horizon)
        return answer

    def bounded(self, values: np.ndarray) -> np.ndarray:
        """Values (series, horizon, ...) held between floors and ceilings, and finite."""
        largest = np.finfo(float).max / 4
        shape = (len(self), values.shape[1]) + (1,) * (values.ndim - 2)
        low = np.maximum(self.floors, -largest).reshape((len(self), 1) + (1,) * (values.ndim - 2))
        high = np.minimum(self.ceilings(values.shape[1]), largest).reshape(shape)
        whole = np.nan_to_num(values, nan=0.0, posinf=largest, neginf=-largest)
        return np.asarray(np.clip(whole, low, np.maximum(high, low)))


def quarter_ordinals(dates: pd.Series) -> np.ndarray:
    """Ordinals of quarter ends (or of first days of quarters). Raises PanelError for anything in between."""
    parsed = pd.to_datetime(dates, errors="coerce")
    if isinstance(parsed.dtype, pd.DatetimeTZDtype):
        parsed = parsed.dt.tz_localize(None)
    if parsed.isna().any():
        row = dates.index[parsed.isna().to_numpy()][0]
        raise PanelError("ds", row, repr(dates.loc[row]), "a date", "Write quarter ends as YYYY-MM-DD.")
    days = parsed.to_numpy().astype("datetime64[D]")
    # Months since 1970; period ordinals of pandas count quarters from there as well.
    quarters = days.astype("datetime64[M]").astype(np.int64) // 3
    starts, ends = _first_days(quarters), _first_days(quarters + 1) - np.timedelta64(1, "D")
    at_edge = (days == starts) | (days == ends)
    if not at_edge.all():
        place = int(np.flatnonzero(~at_edge)[0])
        row = dates.index[place]
        raise PanelError(
            "ds",
            row,
            str(dates.loc[row]),
            "the last or first day of a calendar quarter",
            f"Use {ends[place]} for that quarter.",
        )
    return quarters


def _first_days(quarters: np.ndarray) -> np.ndarray:
    return (quarters * 3).astype("datetime64[M]").astype("datetime64[D]")


def quarter_ends(ordinals: np.ndarray | Sequence[int]) -> pd.DatetimeIndex:
    """Quarter ends (midnight, datetime64[ns]) of quarter ordinals."""
    months = 3 * (np.asarray(ordinals, dtype="int64") + 1)
    first_day_after = months.astype("datetime64[M]").astype("datetime64[D]")
    return pd.DatetimeIndex((first_day_after - np.timedelta64(1, "D")).astype("datetime64[ns]"))


def _numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    lost = np.isnan(values) & frame[column].notna().to_numpy()
    wrong = lost | np.isinf(values)
    if wrong.any():
        row = frame.index[wrong][0]
        found = repr(frame[column].loc[row])
        raise PanelError(column, row, found, "a finite number, or empty for a gap", "Correct or empty that cell.")
    return values


def _filled(cap: np.ndarray) -> np.ndarray | None:
    """Gaps in a cap take the cap before, at the start the first known one; None where no cap is known at all."""
    known = ~np.isnan(cap)
    if not known.any():
        return None
    before = np.maximum.accumulate(np.where(known, np.arange(len(cap)), int(known.argmax())))
    return np.asarray(cap[before])


def panel_from_frame(frame: pd.DataFrame) -> Panel:
    """Panel of a long frame: unique_id, ds (quarter end), y, optional cap (same unit as y).

    Rows in any order; series keep the order in which they first appear. Rows with an empty y and a cap, after the last
    figure, carry caps known in advance. A series without any figure stays in, with empty y. Raises PanelError.
    """
    for column in REQUIRED_COLUMNS:
        if column not in frame:
            found = f"the columns {list(map(str, frame.columns))}"
            raise PanelError(column, None, found, f"the columns {list(REQUIRED_COLUMNS)} (cap optional)", "Add it.")
    if frame.empty:
        raise PanelError("unique_id", None, "no rows", "at least one row", "Give a panel with figures.")
    frame = frame.reset_index(drop=True)
    if frame["unique_id"].isna().any():
        row = frame.index[frame["unique_id"].isna().to_numpy()][0]
        raise PanelError("unique_id", row, "an empty cell", "the name of a series", "Name the series of that row.")
    quarter = quarter_ordinals(frame["ds"])
    y = _numbers(frame, "y")
    cap = _numbers(frame, "cap") if "cap" in frame else np.full(len(frame), np.nan)
    if (cap < 0).any():
        row = int(np.flatnonzero(cap < 0)[0])
        raise PanelError("cap", row, cap[row], "a capacity of at least 0", "Correct or empty that cell.")
    codes, names = pd.factorize(frame["unique_id"])
    order = np.lexsort((quarter, codes))
    codes, quarter, y, cap = codes[order], quarter[order], y[order], cap[order]
    twice = (np.diff(codes) == 0) & (np.diff(quarter) == 0)
    if twice.any():
        position = int(np.flatnonzero(twice)[0]) + 1
        end = quarter_ends([quarter[position]])[0].date().isoformat()
        raise PanelError(
            "ds", int(order[position]), f"a second row of {names[codes[position]]!r} in the quarter ending {end}",
            "one row a series and quarter", "Remove one of the two; reduce monthly figures to quarters first.",
        )  # fmt: skip
    bounds = np.flatnonzero(np.diff(codes)) + 1
    series = []
    for rows in np.split(np.arange(len(codes)), bounds):
        series.append(_one_series(names[codes[rows[0]]], quarter[rows], y[rows], cap[rows]))
    return Panel(tuple(series))


def _one_series(name: Hashable, quarter: np.ndarray, y: np.ndarray, cap: np.ndarray) -> Series:
    start = int(quarter[0])
    grid_y = np.full(int(quarter[-1]) - start + 1, np.nan)
    grid_cap = grid_y.copy()
    grid_y[quarter - start] = y
    grid_cap[quarter - start] = cap
    caps = _filled(grid_cap)
    seen = np.flatnonzero(~np.isnan(grid_y))
    if not len(seen):
        # Without a figure there is no origin to count from but the last quarter the panel names.
        return Series(name, int(quarter[-1]) + 1, np.empty(0), None if caps is None else caps[-1:])
    head, tail = int(seen[0]), int(seen[-1]) + 1
    return Series(name, start + head, grid_y[head:tail], None if caps is None else caps[head:])


def splice_perimeters(frame: pd.DataFrame) -> pd.DataFrame:
    """One comparable series from figures of several perimeters: the level of an earlier one is rescaled to the
    later one.

    frame: ds (quarter end), perimeter (any label), y; a quarter may carry a figure in more than one perimeter.
    Perimeters are ordered by their last quarter (then by their first): the last one keeps its figures as printed.
    Going back, each earlier perimeter is multiplied by the median ratio later / earlier over the quarters that both
    report, because a change of perimeter is a level shift that is known and not a shock. Where no quarter is
    reported in both, the two are joined level at the change (ratio of the nearest figures); the quarter of the
    change then shows no growth of its own.

    Returns ds, y, perimeter, factor (what the printed figure was multiplied by), linked (False where a join without
    overlap stands between this perimeter and the last), one row a quarter, in order of ds.
    """
    frame = frame.dropna(subset=["y"]).assign(quarter=lambda rows: quarter_ordinals(rows["ds"]))
    tables = {
        label: rows.set_index("quarter")["y"].sort_index() for label, rows in frame.groupby("perimeter", sort=True)
    }
    labels = sorted(tables, key=lambda label: (tables[label].index[-1], tables[label].index[0]), reverse=True)
    spliced = pd.DataFrame(columns=["y", "perimeter", "factor", "linked"])
    linked = True
    for label in labels:
        earlier = tables[label]
        factor = 1.0
        if len(spliced):
            factor, overlaps = _ratio(spliced["y"].astype(float), earlier)
            linked = linked and overlaps
        new = earlier[~earlier.index.isin(spliced.index)]
        rows = pd.DataFrame({"y": new * factor, "perimeter": label, "factor": factor, "linked": linked})
        spliced = rows if not len(spliced) else pd.concat([rows, spliced]).sort_index()
    spliced.insert(0, "ds", quarter_ends(spliced.index.to_numpy(dtype="int64")))
    return spliced.reset_index(drop=True)


def _ratio(later: pd.Series, earlier: pd.Series) -> tuple[float, bool]:
    """Ratio later / earlier at common quarters and True, else of the nearest figures and False; 1 where none is
    defined.
    """
    both = pd.concat([later, earlier], axis=1, join="inner").to_numpy(dtype=float)
    both = both[(both != 0).all(axis=1)]
    if len(both):
        return float(np.median(both[:, 0] / both[:, 1])), True
    before = earlier[earlier.index < later.index[0]]
    if len(before) and before.iloc[-1] != 0 and later.iloc[0] != 0:
        return float(later.iloc[0] / before.iloc[-1]), False
    return 1.0, False
