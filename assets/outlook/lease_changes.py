"""What differs between two states of a rent roll, lease by lease and building by building, in words.

Belongs here: telling changes apart, the series that each one lies in, and how a reader is told of them. Not here: what
they do to a forecast (lease_bridge.py).

Two things count as changes: what the rows say now and did not say before, and what has come to pass since, with rows as
they were: a contract that has run out, a lease that has commenced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from assets.outlook.lease_tables import series_key
from forecasts.leases.portfolio import (
    DELIVERY_COLUMNS,
    EVIDENCE_COLUMNS,
    FACILITY_COLUMNS,
    HISTORY_COLUMNS,
    LEASE_COLUMNS,
    STACKS,
    Portfolio,
)

# Level and series_id, as in occupancy_forecast.
Series = tuple[str, str]
MOST_NAMED = 10
# Columns of a lease that no chance depends on: a change of them has nothing at stake and is named last.
_FOR_READERS = {"tenant_name", "monthly_rent_hkd_per_kw"}
# Suffixes of two states side by side, and the column that says which of them has the row.
_OLD, _NEW, _SIDE = " before", " after", " side"
_ADDED, _REMOVED, _BOTH = "right_only", "left_only", "both"


@dataclass(frozen=True)
class Change:
    """One difference. series: those that it lies in; mw: what is at stake, MW; words: what a reader is told."""

    series: frozenset[Series]
    mw: float
    words: str


def same(before: Portfolio, after: Portfolio) -> bool:
    """Whether two states of a rent roll agree in every row, and in their date."""
    frames = [one.name for one in fields(Portfolio) if one.name != "as_of"]
    return before.as_of == after.as_of and all(getattr(before, name).equals(getattr(after, name)) for name in frames)


class Changes:
    """Everything that differs between two states of a portfolio, to be told series by series."""

    def __init__(self, portfolio: str, before: Portfolio, after: Portfolio) -> None:
        homes = _Homes.in_states(portfolio, before, after)
        leases = sorted(_lease_changes(before, after, homes), key=_largest_first)
        sites = sorted(_site_changes(before, after, homes), key=_largest_first)
        self._passed = ""
        if before.as_of != after.as_of:
            self._passed = f"rent roll of {_shown(before.as_of)} -> {_shown(after.as_of)}"
        self._total = self._told(leases, sites)
        self._leases, self._sites = _by_series(leases), _by_series(sites)

    def of(self, level: str, series_id: str) -> str:
        """The changes of a series: its leases with the largest first, then what else is known of its buildings. Of a
        series without any: those of the whole portfolio, which move it through what is learnt and shared.
        """
        leases, sites = self._leases.get((level, series_id), []), self._sites.get((level, series_id), [])
        if leases or sites or level == "total":
            return self._told(leases, sites)
        return f"nothing of its own, only what is learnt of and shared with the whole portfolio: {self._total}"

    def _told(self, leases: Sequence[Change], sites: Sequence[Change]) -> str:
        said = [self._passed, _listed(leases, "leases"), _listed(sites, "changes of buildings")]
        return "; ".join(part for part in said if part) or "nothing that the tables of the rent roll tell"


def _largest_first(one: Change) -> tuple[float, str]:
    return -one.mw, one.words


def _by_series(changes: Iterable[Change]) -> Mapping[Series, list[Change]]:
    answer: defaultdict[Series, list[Change]] = defaultdict(list)
    for one in changes:
        for key in one.series:
            answer[key].append(one)
    return answer


def _listed(changes: Sequence[Change], of: str) -> str:
    left = len(changes) - MOST_NAMED
    named = "; ".join(one.words for one in changes[:MOST_NAMED])
    return f"{named}; and {left} more {of}" if left > 0 else named


@dataclass(frozen=True)
class _Homes:
    """Series that a building is part of, in any of the states that are compared."""

    portfolio: str
    of_site: Mapping[str, frozenset[Series]]

    @staticmethod
    def in_states(portfolio: str, *states: Portfolio) -> _Homes:
        homes: dict[str, frozenset[Series]] = {}
        for state in states:
            sites = state.facilities
            markets = sites["market"].fillna("unknown")
            for key, operator, market in zip(sites["facility_id"], sites["operator"], markets, strict=True):
                names = (("facility", key), ("operator", operator), ("market", market))
                own = {(level, series_key(portfolio, level, str(name))) for level, name in names}
                homes[key] = homes.get(key, frozenset()) | own
        return _Homes(portfolio, homes)

    def of(self, facility: str, stacks: Iterable[str]) -> frozenset[Series]:
        """Series of a building, and those of the stacks."""
        names = [("stack", stack) for stack in stacks] + [("total", "total")]
        sums = {(level, series_key(self.portfolio, level, name)) for level, name in names}
        return self.of_site.get(facility, frozenset()) | sums

    def everywhere(self, facility: str) -> frozenset[Series]:
        """Series of a building, and every stack: each may have part of its vacant space."""
        return self.of(facility, STACKS)


def _side_by_side(before: pd.DataFrame, after: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return before.merge(after, on=keys, how="outer", suffixes=(_OLD, _NEW), indicator=_SIDE).sort_values(keys)


def _lease_changes(before: Portfolio, after: Portfolio, homes: _Homes) -> Iterable[Change]:
    pair = _side_by_side(before.leases, after.leases, ["lease_id"])
    differs = pd.Series(pair[_SIDE] != _BOTH, index=pair.index)
    for column in LEASE_COLUMNS[1:]:
        differs |= _unequal(pair[column + _OLD], pair[column + _NEW])
    # Told as well: a contract that was in force then and is not now, a commencement that has come.
    differs |= (pair["end_date" + _OLD] >= before.as_of) & (pair["end_date" + _NEW] < after.as_of)
    differs |= (pair["commencement_date" + _OLD] > before.as_of) & (pair["commencement_date" + _NEW] <= after.as_of)
    successors = [
        dict(zip(state["renewal_of"], state["lease_id"], strict=True)) for state in (before.leases, after.leases)
    ]
    for row in pair[differs].to_dict("records"):
        lease, side = str(row["lease_id"]), row[_SIDE]
        old, new = ({name: row[name + end] for name in LEASE_COLUMNS[1:]} for end in (_OLD, _NEW))
        if side == _ADDED:
            what = f"renews {new['renewal_of']}" if new["renewal_of"] else "added"
            term = f"{_shown(new['commencement_date'])} to {_shown(new['end_date'])}"
            yield Change(_places([new], homes), new["mw"], f"lease {lease} {what}: {_placed(new)}, {term}")
        elif side == _REMOVED:
            ends = "ended" if old["end_date"] < after.as_of else "ends"
            words = f"lease {lease} removed: {_placed(old)}, {ends} {_shown(old['end_date'])}"
            yield Change(_places([old], homes), old["mw"], words)
        else:
            successor = "" if lease in successors[0] else successors[1].get(lease, "")
            words, mw = _of_standing(old, new, successor, before.as_of, after.as_of)
            yield Change(_places([old, new], homes), mw, f"lease {lease} ({_placed(new)}): {words}")


def _places(states: Iterable[Mapping[str, Any]], homes: _Homes) -> frozenset[Series]:
    return frozenset[Series]().union(*(homes.of(state["facility_id"], [state["stack"]]) for state in states))


def _of_standing(
    old: Mapping[str, Any], new: Mapping[str, Any], successor: str, since: pd.Timestamp, until: pd.Timestamp
) -> tuple[str, float]:
    """Words for a lease that both states have and that differs or met its day, and the MW at stake."""
    moved = [name for name in LEASE_COLUMNS[1:] if _differ(old[name], new[name])]
    told = [f"{_named(name, old[name], new[name])} {_shown(old[name])} -> {_shown(new[name])}" for name in moved]
    came = []
    if old["commencement_date"] > since and new["commencement_date"] <= until:
        came.append(f"commenced {_shown(new['commencement_date'])}")
    if old["end_date"] >= since and new["end_date"] < until:
        came.append(f"ended {_shown(new['end_date'])}")
    if successor:
        came.append(f"renewed as {successor}")
    wholly = came or set(moved) - _FOR_READERS - {"mw"}
    return ", ".join(told + came), max(old["mw"], new["mw"]) if wholly else abs(new["mw"] - old["mw"])


def _named(column: str, old: Any, new: Any) -> str:
    """The name of a column that differs; of the two dates that space depends on, with what the difference means."""
    if pd.isna(old) or pd.isna(new):
        return column
    if column == "commencement_date":
        return "commencement slipped" if new > old else "commencement brought forward"
    if column == "end_date":
        return "extended, end" if new > old else "cut short, end"
    return column


def _placed(lease: Mapping[str, Any]) -> str:
    return f"{_shown(lease['mw'])} MW at {lease['facility_id']}"


def _site_changes(before: Portfolio, after: Portfolio, homes: _Homes) -> Iterable[Change]:
    yield from _facility_changes(before, after, homes)
    yield from _phase_changes(before, after, homes)
    yield from _history_changes(before, after, homes)
    yield from _evidence_changes(before, after, homes)


def _facility_changes(before: Portfolio, after: Portfolio, homes: _Homes) -> Iterable[Change]:
    for row in _side_by_side(before.facilities, after.facilities, ["facility_id"]).to_dict("records"):
        key, side = row["facility_id"], row[_SIDE]
        sizes = [0.0 if pd.isna(row["capacity_mw" + end]) else float(row["capacity_mw" + end]) for end in (_OLD, _NEW)]
        if side != _BOTH:
            words = f"building {key} {'added' if side == _ADDED else 'removed'}: {max(sizes):g} MW"
            yield Change(homes.everywhere(key), max(sizes), words)
        elif told := _columns_moved(row, FACILITY_COLUMNS[1:]):
            yield Change(homes.everywhere(key), abs(sizes[1] - sizes[0]), f"building {key}: {told}")


def _phase_changes(before: Portfolio, after: Portfolio, homes: _Homes) -> Iterable[Change]:
    gone, come = _only_in(before.deliveries, after.deliveries, DELIVERY_COLUMNS)
    # First phases of one size that have another date, then those of one date that have another size.
    for kept, differs, verb in ((2, 1, "moved"), (1, 2, "changed")):
        for old in list(gone):
            new = next((row for row in come if row[0] == old[0] and row[kept] == old[kept]), None)
            if new is not None:
                gone.remove(old)
                come.remove(new)
                words = f"{_phase(old)} {verb}: {_shown(old[differs])} -> {_shown(new[differs])}"
                yield Change(homes.everywhere(old[0]), max(old[2], new[2]), words)
    for rows, verb in ((gone, "no longer announced"), (come, "announced")):
        for row in rows:
            yield Change(homes.everywhere(row[0]), row[2], f"{_phase(row)} {verb}")


def _phase(row: tuple[Any, ...]) -> str:
    return f"phase of {_shown(row[2])} MW at {row[0]}, planned for {_shown(row[1])},"


def _history_changes(before: Portfolio, after: Portfolio, homes: _Homes) -> Iterable[Change]:
    pair = _side_by_side(before.history, after.history, ["facility_id", "quarter_end"])
    for facility, rows in pair.groupby("facility_id", sort=True):
        told, mw = [], 0.0
        for side, end, verb in ((_ADDED, _NEW, "added"), (_REMOVED, _OLD, "removed")):
            some = rows[rows[_SIDE] == side]
            if len(some):
                last = some.iloc[-1]
                figures = f"{last['leased_mw' + end]:g} of {last['in_service_mw' + end]:g} MW leased"
                told.append(f"quarters {verb}: {len(some)}, the last {_shown(last['quarter_end'])} ({figures})")
        both = rows[rows[_SIDE] == _BOTH]
        moved = pd.Series(False, index=both.index)
        for name in HISTORY_COLUMNS[2:]:
            moved |= _unequal(both[name + _OLD], both[name + _NEW])
        if moved.any():
            last = both[moved].iloc[-1]
            figures = _columns_moved(last.to_dict(), HISTORY_COLUMNS[2:])
            told.append(f"quarters corrected: {int(moved.sum())}, the last {_shown(last['quarter_end'])} ({figures})")
            mw = float((both["leased_mw" + _NEW] - both["leased_mw" + _OLD]).abs().max())
        if told:
            yield Change(homes.everywhere(str(facility)), mw, f"history of {facility}: {', '.join(told)}")


def _evidence_changes(before: Portfolio, after: Portfolio, homes: _Homes) -> Iterable[Change]:
    gone, come = _only_in(before.evidence, after.evidence, EVIDENCE_COLUMNS)
    for rows, verb in ((gone, "removed"), (come, "added")):
        for facility, day, points_to, strength, *_ in rows:
            words = f"evidence on {facility} {verb}: {strength}, points to {points_to}, {_shown(day)}"
            yield Change(homes.everywhere(facility), 0.0, words)


def _columns_moved(row: Mapping[Any, Any], columns: Iterable[str]) -> str:
    """Columns that differ between two states side by side, from and to; "" where none does."""
    sides = [(name, row[name + _OLD], row[name + _NEW]) for name in columns]
    return ", ".join(f"{name} {_shown(old)} -> {_shown(new)}" for name, old, new in sides if _differ(old, new))


def _only_in(
    before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[str]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows that only the one or only the other has, each as often as it has more of them, in order."""
    old, new = (Counter(frame[list(columns)].itertuples(index=False, name=None)) for frame in (before, after))
    return sorted((old - new).elements(), key=repr), sorted((new - old).elements(), key=repr)


def _unequal(old: pd.Series, new: pd.Series) -> pd.Series:
    return (old != new) & ~(old.isna() & new.isna())


def _differ(old: Any, new: Any) -> bool:
    if pd.isna(old) or pd.isna(new):
        return bool(pd.isna(old) != pd.isna(new))
    return bool(old != new)


def _shown(value: Any) -> str:
    if pd.isna(value):
        return "none"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
