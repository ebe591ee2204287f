"""check_rent_roll(): what must hold of facilities, leases, stack evidence, history and deliveries before they are used.

Belongs here: the rules over typed frames, their severities and words. Not here: reading files and typing cells
(assets/rent_roll), and what is done with a failing row. Warn keeps the row and flags it, quarantine holds the row back,
quarantine_document holds back the whole rent roll: its sums contradict themselves, so that no part can be believed.

A lease is in place at a date when commencement_date <= date <= end_date and it is not marked as not commenced.
Capacities are MW. Sums are taken for all leases at once, by sorting, so that a million leases cost seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from expectations.outcomes import broken_result, result_of
from expectations.report import QUARANTINE, QUARANTINE_DOCUMENT, WARN, Report, RuleResult
from expectations.rule import Computed, Expectation, between, in_set, not_null
from expectations.suite import column_name, run_suite

TABLES = ("facilities", "leases", "evidence", "history", "deliveries")
# As in forecasts/leases/portfolio.py, which this package does not import; a test keeps the two alike.
SECTORS = (
    "government", "state_linked", "critical_infrastructure", "banking", "insurance", "multinational", "cloud_provider",
    "telecom", "sme", "unknown",
)  # fmt: skip
TIERS = ("restricted", "confidential", "internal", "public", "unknown")
STACKS = ("mainland", "us", "dual", "unknown")
STRENGTHS = ("weak", "moderate", "strong")
# A lease or a phase above this, in MW, is kW taken for MW; the largest campuses are below it altogether.
LARGEST_MW = 1_000.0
# Sums are compared with this room in MW, besides the rounding of the printed figure.
TOLERANCE_MW = 0.005
_FLOAT = 1e-6
_KEYS = {
    "facilities": ("facility_id",),
    "leases": ("lease_id",),
    "evidence": ("facility_id", "evidence_date"),
    "history": ("facility_id", "quarter_end"),
    "deliveries": ("facility_id", "planned_date"),
}


@dataclass(frozen=True)
class Roll:
    """What the rules look at: frames by name (RangeIndex; columns of the portfolio), those that were given, the date.

    `at`: position of each row's facility in `facilities`, -1 where it is not there, by table.
    """

    frames: Mapping[str, pd.DataFrame]
    given: frozenset[str]
    as_of: pd.Timestamp
    at: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]


@dataclass(frozen=True)
class RollRule:
    """A rule over one table of a rent roll; the words are as in rule.Rule."""

    id: str
    table: str
    title: str
    severity: str
    means: str
    why: str
    remedy: str
    test: Callable[[Roll], Computed]
    expectations: tuple[Expectation, ...]


def check_rent_roll(
    portfolio_frames: Mapping[str, pd.DataFrame], as_of: date, rules: tuple[RollRule, ...] | None = None
) -> Report:
    """Check the frames of a rent roll, by name (TABLES), as known on `as_of`. Neither raises nor changes them.

    A frame that is not given makes rules that need it for comparison look at nothing. Frames may have the columns
    `locator` and `document_id`; in `failing`, candidate_id is the key of the row (lease_id, or facility_id and date)
    and document the table.
    """
    started = time.perf_counter()
    rules = RENT_ROLL_RULES if rules is None else rules
    frames = {name: portfolio_frames[name].reset_index(drop=True) for name in TABLES if name in portfolio_frames}
    results: dict[str, RuleResult] = {}
    roll = _roll(frames, pd.Timestamp(as_of))
    for name in TABLES:
        of_table = [rule for rule in rules if rule.table == name]
        if of_table:
            results.update(_check_table(roll, name, of_table))
    return Report([results[rule.id] for rule in rules], time.perf_counter() - started)


def _roll(frames: dict[str, pd.DataFrame], as_of: pd.Timestamp) -> Roll:
    known = frames["facilities"] if "facilities" in frames else pd.DataFrame({"facility_id": []})
    ids = pd.Index(known["facility_id"].drop_duplicates() if "facility_id" in known else [])
    at = {
        name: ids.get_indexer(pd.Index(frame["facility_id"])) if "facility_id" in frame else np.full(len(frame), -1)
        for name, frame in frames.items()
    }
    given = frozenset(frames)
    return Roll({name: frames.get(name, pd.DataFrame()) for name in TABLES}, given, as_of, at)


def _check_table(roll: Roll, name: str, rules: list[RollRule]) -> dict[str, RuleResult]:
    results: dict[str, RuleResult] = {}
    tested: dict[str, Computed] = {}
    columns: dict[str, pd.Series] = {}
    frame = roll[name]
    for rule in rules:
        try:
            nothing = pd.DataFrame({column: [] for e in rule.expectations for column in e.columns}, dtype=float)
            tested[rule.id] = rule.test(roll) if name in roll.given else Computed(nothing, lambda i: ("", ""))
        except KeyError as error:
            results[rule.id] = broken_result(rule, f"table {name} or one it is compared with has no column {error}")
        except Exception as error:  # whatever is wrong with one rule must not hide what the others say
            results[rule.id] = broken_result(rule, f"{type(error).__name__}: {error}")
        else:
            for column in tested[rule.id].columns:
                columns[column_name(rule.id, str(column))] = tested[rule.id].columns[column]
    runnable = [(rule.id, rule.expectations) for rule in rules if rule.id in tested]
    outcomes = run_suite(pd.DataFrame(columns, index=frame.index), runnable) if runnable else {}
    for rule in rules:
        if rule.id in tested:
            row = partial(_failing_row, frame, rule, tested[rule.id])
            results[rule.id] = result_of(rule, outcomes[rule.id], row)
    return results


def _failing_row(frame: pd.DataFrame, rule: RollRule, tested: Computed, i: int) -> dict[str, str]:
    found, expected = tested.explain(i)
    return {
        "candidate_id": " ".join(_shown(frame.at[i, name]) for name in _KEYS[rule.table] if name in frame),
        "document_id": str(frame.at[i, "document_id"]) if "document_id" in frame else "",
        "document": rule.table,
        "locator": str(frame.at[i, "locator"]) if "locator" in frame else f"table {rule.table}, row {i + 1}",
        "quote": "",
        "found": found,
        "expected": expected,
        "remedy": rule.remedy,
    }


def _shown(value: object) -> str:
    if value is None or value != value:
        return "nothing"
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)


# -- sums over leases -----------------------------------------------------------------------------------------------


class _Sums:
    """MW of leases in place, by facility and day."""

    def __init__(self, facility: pd.Series, leases: pd.DataFrame) -> None:
        self.ids = pd.Index(facility.dropna().unique())
        code = self.ids.get_indexer(pd.Index(leases["facility_id"]))
        first, last = _days(leases["commencement_date"]), _days(leases["end_date"])
        mw = leases["mw"].to_numpy(dtype=float)
        counted = (code >= 0) & (first >= 0) & (last >= first) & (mw > 0) & _may_be_in_place(leases)
        self.has_leases = np.bincount(code[code >= 0], minlength=len(self.ids)) > 0
        self._starts = _Ladder(code[counted], first[counted], mw[counted])
        self._ends = _Ladder(code[counted], last[counted] + 1, mw[counted])

    def at(self, facility: pd.Series, day: pd.Series) -> np.ndarray:
        """MW in place, NaN where no lease of the facility is known."""
        code, days = self.ids.get_indexer(pd.Index(facility)), _days(day)
        known = (code >= 0) & (days >= 0)
        total = np.full(len(facility), np.nan)
        if len(self.ids):
            known &= self.has_leases[code]
        total[known] = self._starts.until(code[known], days[known]) - self._ends.until(code[known], days[known])
        return total


class _Ladder:
    """Sums of weights by facility up to a day."""

    SPAN = 1 << 20

    def __init__(self, code: np.ndarray, day: np.ndarray, weight: np.ndarray) -> None:
        key = code.astype(np.int64) * self.SPAN + day
        order = np.argsort(key, kind="stable")
        self._keys = key[order]
        self._sums = np.concatenate([[0.0], np.cumsum(weight[order])])

    def until(self, code: np.ndarray, day: np.ndarray) -> np.ndarray:
        base = code.astype(np.int64) * self.SPAN
        high = self._sums[np.searchsorted(self._keys, base + day, side="right")]
        return np.asarray(high - self._sums[np.searchsorted(self._keys, base, side="left")])


def _days(dates: pd.Series) -> np.ndarray:
    """Days since 1900, -1 where there is no date."""
    values = pd.to_datetime(dates).to_numpy(dtype="datetime64[D]")
    days = (values - np.datetime64("1900-01-01")).astype(np.int64)
    return np.where(np.isnat(values), -1, days)


def _may_be_in_place(leases: pd.DataFrame) -> np.ndarray:
    if "commenced" not in leases:
        return np.ones(len(leases), dtype=bool)
    return np.asarray(leases["commenced"].astype("boolean").fillna(True), dtype=bool)


def _rounding(printed: pd.Series, parts: pd.Series) -> float:
    """Half a unit of the last digit of printed sums, where their parts are given with more digits; else 0.

    Typed figures have lost their zeros at the end, so a column is judged as a whole: sums of parts without finer
    digits need no room.
    """
    digits = _decimals(printed)
    return 0.5 * 10.0**-digits if _decimals(parts) > digits else 0.0


def _decimals(values: pd.Series) -> int:
    """Digits after the point that a column uses, at most three."""
    numbers = values.to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    for decimals in range(3):
        if np.allclose(np.round(numbers, decimals), numbers, rtol=0, atol=1e-9):
            return decimals
    return 3


def _in_service(roll: Roll) -> tuple[np.ndarray, np.ndarray]:
    """MW in service of each facility at as_of: the last figure of the history not after it, else the capacity; and
    whether it comes from the history.
    """
    facilities, history = roll["facilities"], roll["history"]
    capacity = facilities["capacity_mw"].to_numpy(dtype=float)
    if "history" not in roll.given or not len(history):
        return capacity, np.zeros(len(capacity), dtype=bool)
    past = history[(history["quarter_end"] <= roll.as_of) & history["in_service_mw"].notna()]
    last = past.sort_values("quarter_end", kind="stable").groupby("facility_id")["in_service_mw"].last()
    known = facilities["facility_id"].map(last).to_numpy(dtype=float)
    return np.where(np.isnan(known), capacity, known), ~np.isnan(known)


# -- tests: any table -----------------------------------------------------------------------------------------------


def _filled(table: str, *names: str) -> Callable[[Roll], Computed]:
    def test(roll: Roll) -> Computed:
        columns = roll[table][list(names)]
        blank = {name: columns[name] == "" for name in columns if columns[name].dtype == object}
        columns = columns.assign(**{str(name): columns[name].mask(blank[name]) for name in blank})
        return Computed(
            columns,
            lambda i: (
                f"no {', '.join(name for name in names if pd.isna(columns.at[i, name]))}",
                f"{', '.join(names)} filled in",
            ),
        )

    return test


def _known_facility(table: str) -> Callable[[Roll], Computed]:
    def test(roll: Roll) -> Computed:
        known = pd.Series((roll.at[table] >= 0).astype(float))
        if "facilities" not in roll.given:
            known[:] = np.nan
        return Computed(
            pd.DataFrame({"known": known}),
            lambda i: (f"facility_id {roll[table].at[i, 'facility_id']!r}", "a facility of the table facilities"),
        )

    return test


def _once(table: str, *key: str) -> Callable[[Roll], Computed]:
    """Copies are the later ones of equal rows; where rows of one key differ nobody knows which holds, so all fail."""

    def test(roll: Roll) -> Computed:
        frame = roll[table]
        twice = frame.duplicated(list(key), keep=False).to_numpy()
        copies = np.zeros(len(frame))
        if twice.any():
            rows = frame[twice]
            content = [str(name) for name in rows if name not in ("locator", "document_id")]
            plain = rows[content].astype(str)
            later = plain.duplicated()
            differ = plain.drop_duplicates().groupby(list(key)).size()
            of_key = pd.MultiIndex.from_frame(plain[list(key)]) if len(key) > 1 else pd.Index(plain[key[0]])
            contradicts = differ.reindex(of_key).to_numpy() > 1
            copies[np.flatnonzero(twice)] = (later.to_numpy() | contradicts).astype(float)
        return Computed(
            pd.DataFrame({"copies": copies}, index=frame.index),
            lambda i: (
                f"{', '.join(f'{name} {_shown(frame.at[i, name])}' for name in key)} more than once",
                f"one row for each {' and '.join(key)}",
            ),
        )

    return test


def _codes(table: str, *names: str) -> Callable[[Roll], Computed]:
    allowed = {
        "sector": SECTORS,
        "sensitivity_tier": TIERS,
        "stack": STACKS,
        "points_to": STACKS[:3],
        "strength": STRENGTHS,
    }

    def test(roll: Roll) -> Computed:
        columns = roll[table][list(names)].fillna("")

        def explain(i: int) -> tuple[str, str]:
            wrong = [name for name in names if columns.at[i, name] not in allowed[name]]
            found = ", ".join(f"{name} {columns.at[i, name]!r}" for name in wrong)
            return found, "; ".join(f"{name}: {', '.join(allowed[name])}" for name in wrong)

        return Computed(columns, explain)

    return test


# -- tests: leases --------------------------------------------------------------------------------------------------


def _one_facility(roll: Roll) -> Computed:
    leases = roll["leases"]
    count = np.ones(len(leases))
    twice = leases.duplicated("lease_id", keep=False).to_numpy()
    if twice.any():
        count[twice] = leases[twice].groupby("lease_id")["facility_id"].transform("nunique").to_numpy(dtype=float)

    def explain(i: int) -> tuple[str, str]:
        there = leases.loc[leases["lease_id"] == leases.at[i, "lease_id"], "facility_id"].unique()
        return f"lease {leases.at[i, 'lease_id']} in {', '.join(map(str, there))}", "one facility for a lease"

    return Computed(pd.DataFrame({"facilities": count}, index=leases.index), explain)


def _days_between(first: str, last: str) -> Callable[[Roll], Computed]:
    def test(roll: Roll) -> Computed:
        leases = roll["leases"]
        days = (leases[last] - leases[first]).dt.days.astype(float)
        return Computed(
            pd.DataFrame({"days": days}),
            lambda i: (
                f"{last} {_shown(leases.at[i, last])}, {first} {_shown(leases.at[i, first])}",
                f"{last} not before {first}",
            ),
        )

    return test


def _mw_positive(table: str) -> Callable[[Roll], Computed]:
    def test(roll: Roll) -> Computed:
        mw = roll[table]["mw"].astype(float)
        return Computed(pd.DataFrame({"mw": mw}), lambda i: (f"mw {mw[i]:g}", "more than 0 MW"))

    return test


def _mw_size(table: str) -> Callable[[Roll], Computed]:
    """MW as a part of what the facility can hold, and of the largest figure that can be MW at all."""

    def test(roll: Roll) -> Computed:
        frame = roll[table]
        mw = frame["mw"].astype(float)
        capacity = pd.Series(np.nan, index=frame.index)
        if "facilities" in roll.given and len(roll["facilities"]):
            of_id = roll["facilities"].drop_duplicates("facility_id")["capacity_mw"].to_numpy(dtype=float)
            at = roll.at[table]
            capacity = pd.Series(np.where(at >= 0, of_id[np.maximum(at, 0)], np.nan), index=frame.index)
        room = capacity.where(capacity > 0) + TOLERANCE_MW

        def explain(i: int) -> tuple[str, str]:
            if not mw[i] > room[i]:
                return f"mw {mw[i]:g}", f"at most {LARGEST_MW:,.0f} MW; divide by 1000 if these are kW"
            slip = "; divide by 1000 if these are kW" if mw[i] / 1000 <= room[i] else ""
            return f"mw {mw[i]:g} in a facility of {capacity[i]:g} MW", f"at most the capacity of the facility{slip}"

        return Computed(pd.DataFrame({"mw": mw, "of_capacity": mw / room}), explain)

    return test


def _weight_range(roll: Roll) -> Computed:
    weight = roll["leases"]["stack_weight_mainland"].astype(float)
    return Computed(
        pd.DataFrame({"weight": weight}), lambda i: (f"stack_weight_mainland {weight[i]:g}", "a fraction from 0 to 1")
    )


def _weight_fits(roll: Roll) -> Computed:
    leases = roll["leases"]
    weight = leases["stack_weight_mainland"].astype(float)
    wanted = leases["stack"].map({"mainland": 1.0, "us": 0.0}).astype(float)
    return Computed(
        pd.DataFrame({"off": (weight - wanted).abs().where(weight.between(0, 1))}),
        lambda i: (
            f"stack {leases.at[i, 'stack']} with stack_weight_mainland {weight[i]:g}",
            f"stack_weight_mainland {wanted[i]:g}, or stack dual",
        ),
    )


def _renewal_follows(roll: Roll) -> Computed:
    leases = roll["leases"]
    renewed = leases["renewal_of"].fillna("")
    gap = pd.Series(np.nan, index=leases.index)
    before = np.full(len(leases), -1)
    rows = np.flatnonzero(renewed.to_numpy() != "")
    if len(rows):
        ids = leases["lease_id"].drop_duplicates()
        found = pd.Index(ids).get_indexer(renewed.iloc[rows])
        before[rows] = np.where(found >= 0, ids.index.to_numpy()[np.maximum(found, 0)], -1)
        there = np.flatnonzero(before >= 0)
        start, end = _days(leases["start_date"])[there], _days(leases["end_date"])[before[there]]
        same = leases["facility_id"].to_numpy()[there] == leases["facility_id"].to_numpy()[before[there]]
        counted = same & (start >= 0) & (end >= 0)
        gap.iloc[there[counted]] = (start - end)[counted]

    def explain(i: int) -> tuple[str, str]:
        old = leases.loc[before[i]]
        return (
            f"start_date {_shown(leases.at[i, 'start_date'])}, and {old['lease_id']} that it renews ends "
            f"{_shown(old['end_date'])}",
            "a renewal that begins after the end of the lease it renews",
        )

    return Computed(pd.DataFrame({"gap": gap}), explain)


def _commenced_by(roll: Roll) -> Computed:
    leases = roll["leases"]
    late = (leases["commencement_date"] - roll.as_of) / pd.Timedelta(days=1)
    said = leases["commenced"].astype("boolean").fillna(False).astype(bool)
    return Computed(
        pd.DataFrame({"late": late.where(said)}),
        lambda i: (
            f"commenced yes, commencement_date {_shown(leases.at[i, 'commencement_date'])}",
            f"commencement_date not after {_shown(roll.as_of)}",
        ),
    )


def _rent(roll: Roll) -> Computed:
    rent = roll["leases"]["monthly_rent_hkd_per_kw"].astype(float)
    return Computed(pd.DataFrame({"rent": rent}), lambda i: (f"rent {rent[i]:g}", "a rent that is not negative"))


# -- tests: facilities ----------------------------------------------------------------------------------------------


def _capacity(roll: Roll) -> Computed:
    capacity = roll["facilities"]["capacity_mw"].astype(float)
    return Computed(
        pd.DataFrame({"capacity": capacity}),
        lambda i: (
            "no capacity_mw" if np.isnan(capacity[i]) else f"capacity_mw {capacity[i]:g}",
            f"more than 0 and at most {LARGEST_MW:,.0f} MW",
        ),
    )


def _commenced(roll: Roll) -> np.ndarray:
    """MW in place at as_of of each facility."""
    ids = roll["facilities"]["facility_id"]
    day = pd.Series(roll.as_of, index=ids.index)
    return _Sums(ids, roll["leases"]).at(ids, day)


def _commenced_fits(roll: Roll) -> Computed:
    if "leases" not in roll.given:
        return Computed(pd.DataFrame({"above": np.nan}, index=roll["facilities"].index), lambda i: ("", ""))
    in_service, _ = _in_service(roll)
    commenced = _commenced(roll)
    above = commenced - in_service - TOLERANCE_MW - _FLOAT
    return Computed(
        pd.DataFrame({"above": above}, index=roll["facilities"].index),
        lambda i: (
            f"{commenced[i]:.2f} MW of leases in place on {_shown(roll.as_of)}",
            f"at most the {in_service[i]:.2f} MW in service",
        ),
    )


def _committed_fits(roll: Roll) -> Computed:
    facilities = roll["facilities"]
    if "leases" not in roll.given:
        return Computed(pd.DataFrame({"above": np.nan}, index=facilities.index), lambda i: ("", ""))
    leases = roll["leases"]
    in_service, _ = _in_service(roll)
    commenced = _commenced(roll)
    signed_rows = ((leases["commencement_date"] > roll.as_of) | ~_may_be_in_place(leases)) & (
        leases["end_date"] >= roll.as_of
    )
    signed = leases[signed_rows]
    mw = signed["mw"].astype(float).clip(lower=0)
    # A renewal signed ahead takes the room of the lease that it renews, and more only by what it grows.
    running = leases[~signed_rows & (leases["end_date"] >= roll.as_of)].drop_duplicates("lease_id")
    held = running.set_index("lease_id")["mw"].astype(float)
    mw = (mw - signed["renewal_of"].map(held).fillna(0.0)).clip(lower=0)
    by_id = mw.groupby(signed["facility_id"]).sum()
    backlog = facilities["facility_id"].map(by_id).fillna(0.0).to_numpy(dtype=float)
    planned: np.ndarray = np.zeros(len(facilities))
    if "deliveries" in roll.given and len(roll["deliveries"]):
        by_id = roll["deliveries"].groupby("facility_id")["mw"].sum()
        planned = facilities["facility_id"].map(by_id).fillna(0.0).to_numpy(dtype=float)
    above = commenced + backlog - in_service - planned - TOLERANCE_MW - _FLOAT
    return Computed(
        pd.DataFrame({"above": above}, index=facilities.index),
        lambda i: (
            f"{commenced[i]:.2f} MW in place and {backlog[i]:.2f} MW signed",
            f"at most {in_service[i]:.2f} MW in service and {planned[i]:.2f} MW planned",
        ),
    )


# -- tests: evidence, history, deliveries ---------------------------------------------------------------------------


def _not_after(table: str, column: str) -> Callable[[Roll], Computed]:
    def test(roll: Roll) -> Computed:
        days = (roll[table][column] - roll.as_of) / pd.Timedelta(days=1)
        return Computed(
            pd.DataFrame({"late": days}),
            lambda i: (f"{column} {_shown(roll[table].at[i, column])}", f"a date not after {_shown(roll.as_of)}"),
        )

    return test


def _history_order(roll: Roll) -> Computed:
    history = roll["history"]
    in_service, leased = history["in_service_mw"].astype(float), history["leased_mw"].astype(float)
    utilised = history["utilised_mw"].astype(float)
    room = TOLERANCE_MW + _FLOAT
    columns = pd.DataFrame(
        {
            "least": pd.concat([in_service, leased, utilised], axis=1).min(axis=1),
            "leased_above": leased - in_service - room,
            "utilised_above": utilised - leased - room,
        }
    )
    return Computed(
        columns,
        lambda i: (
            f"utilised {utilised[i]:g}, leased {leased[i]:g}, in service {in_service[i]:g} MW",
            "0 <= utilised <= leased <= in service",
        ),
    )


def _quarter_end(roll: Roll) -> Computed:
    day = pd.to_datetime(roll["history"]["quarter_end"])
    return Computed(
        pd.DataFrame({"is_end": day.dt.is_quarter_end.astype(float).where(day.notna())}),
        lambda i: (f"quarter_end {_shown(day[i])}", "the last day of March, June, September or December"),
    )


def _in_service_within(roll: Roll) -> Computed:
    history = roll["history"]
    in_service = history["in_service_mw"].astype(float)
    above = pd.Series(np.nan, index=history.index)
    capacity = above.copy()
    if "facilities" in roll.given and len(roll["facilities"]):
        of_id = roll["facilities"].drop_duplicates("facility_id")["capacity_mw"].to_numpy(dtype=float)
        at = roll.at["history"]
        capacity = pd.Series(np.where(at >= 0, of_id[np.maximum(at, 0)], np.nan), index=history.index)
        above = in_service - capacity - TOLERANCE_MW - _FLOAT
    return Computed(
        pd.DataFrame({"above": above}),
        lambda i: (f"{in_service[i]:g} MW in service", f"at most the facility's capacity_mw {capacity[i]:g}"),
    )


def _lease_sums(at_as_of: bool) -> Callable[[Roll], Computed]:
    def test(roll: Roll) -> Computed:
        history = roll["history"]
        if "leases" not in roll.given:
            return Computed(pd.DataFrame({"off": np.nan}, index=history.index), lambda i: ("", ""))
        total = _Sums(history["facility_id"], roll["leases"]).at(history["facility_id"], history["quarter_end"])
        leased = history["leased_mw"].to_numpy(dtype=float)
        quarter = history["quarter_end"]
        applies = ((quarter == roll.as_of) if at_as_of else (quarter < roll.as_of)).to_numpy()
        room = TOLERANCE_MW + _rounding(history["leased_mw"], roll["leases"]["mw"]) + _FLOAT
        off = np.abs(total - leased) - room
        return Computed(
            pd.DataFrame({"off": np.where(applies, off, np.nan)}, index=history.index),
            lambda i: (
                f"{total[i]:.3f} MW of leases in place on {_shown(quarter[i])}",
                f"leased_mw {leased[i]:g} of the history",
            ),
        )

    return test


def _overdue(roll: Roll) -> Computed:
    days = (roll["deliveries"]["planned_date"] - roll.as_of) / pd.Timedelta(days=1)
    return Computed(
        pd.DataFrame({"ahead": days}),
        lambda i: (f"planned_date {_shown(roll['deliveries'].at[i, 'planned_date'])}", f"after {_shown(roll.as_of)}"),
    )


# -- rules ----------------------------------------------------------------------------------------------------------

_COPIES = (between("copies", high=0),)
_ONCE_REMEDY = "Delete the copy; where the rows differ, keep the one that holds."
_FACILITY_REMEDY = "Add the facility to the table of facilities, or correct the code."


def _facility_rule(number: int, table: str, what: str) -> RollRule:
    return RollRule(
        id=f"RR{number:02d}_{table}_facility",
        table=table,
        title=f"{what} is of a known facility",
        severity=QUARANTINE,
        means="facility_id stands in the table of facilities, where that is given.",
        why="What belongs to no building enters no sum, and so no forecast.",
        remedy=_FACILITY_REMEDY,
        test=_known_facility(table),
        expectations=(between("known", low=1),),
    )


RENT_ROLL_RULES: tuple[RollRule, ...] = (
    RollRule(
        id="RR01_lease_complete",
        table="leases",
        title="Each lease has id, facility, size and dates",
        severity=QUARANTINE,
        means="lease_id, facility_id, mw, start_date, end_date and commencement_date are filled.",
        why="A lease without one of them cannot be counted on any day.",
        remedy="Fill in the missing cell.",
        test=_filled("leases", "lease_id", "facility_id", "mw", "start_date", "end_date", "commencement_date"),
        expectations=tuple(
            not_null(n) for n in ("lease_id", "facility_id", "mw", "start_date", "end_date", "commencement_date")
        ),
    ),
    RollRule(
        id="RR02_lease_once",
        table="leases",
        title="Each lease stands once",
        severity=QUARANTINE,
        means="One row for each lease_id of a facility. Of equal rows the first is kept; where they differ none is.",
        why="A lease that stands twice counts twice.",
        remedy=_ONCE_REMEDY,
        test=_once("leases", "facility_id", "lease_id"),
        expectations=_COPIES,
    ),
    RollRule(
        id="RR03_lease_one_facility",
        table="leases",
        title="A lease is in one facility",
        severity=QUARANTINE,
        means="All rows of a lease_id name the same facility_id.",
        why="One of the two buildings would be fuller than it is.",
        remedy="Correct the facility, or give the second lease an id of its own.",
        test=_one_facility,
        expectations=(between("facilities", high=1),),
    ),
    _facility_rule(4, "leases", "Each lease"),
    RollRule(
        id="RR05_lease_end",
        table="leases",
        title="A lease ends after it starts",
        severity=QUARANTINE,
        means="end_date is not before start_date.",
        why="Such a lease is in place on no day; mostly the two dates were swapped.",
        remedy="Correct start_date or end_date.",
        test=_days_between("start_date", "end_date"),
        expectations=(between("days", low=0),),
    ),
    RollRule(
        id="RR06_commencement_start",
        table="leases",
        title="A lease commences no earlier than its start",
        severity=WARN,
        means="commencement_date is not before start_date.",
        why="Early occupation exists; more often the date is that of the lease before.",
        remedy="Confirm the commencement date, or correct it.",
        test=_days_between("start_date", "commencement_date"),
        expectations=(between("days", low=0),),
    ),
    RollRule(
        id="RR07_commencement_end",
        table="leases",
        title="A lease commences before it ends",
        severity=QUARANTINE,
        means="commencement_date is not after end_date.",
        why="Such a lease is in place on no day and would vanish from every sum.",
        remedy="Correct commencement_date or end_date; leave out a lease that never commenced.",
        test=_days_between("commencement_date", "end_date"),
        expectations=(between("days", low=0),),
    ),
    RollRule(
        id="RR08_lease_mw",
        table="leases",
        title="A lease has a size above zero",
        severity=QUARANTINE,
        means="mw is more than 0.",
        why="Negative rows are corrections of a ledger, zero rows are options; neither is a lease.",
        remedy="Book the correction on the lease itself; leave out options.",
        test=_mw_positive("leases"),
        expectations=(between("mw", low=0, strict_low=True),),
    ),
    RollRule(
        id="RR09_lease_size",
        table="leases",
        title="A lease fits its facility",
        severity=QUARANTINE,
        means=f"mw is at most {LARGEST_MW:,.0f} and at most the facility's capacity_mw.",
        why="kW taken for MW makes one lease larger than its building.",
        remedy="Divide by 1000 where the figure is in kW; otherwise correct mw or the facility's capacity_mw.",
        test=_mw_size("leases"),
        expectations=(between("mw", high=LARGEST_MW), between("of_capacity", high=1)),
    ),
    RollRule(
        id="RR10_lease_codes",
        table="leases",
        title="Sector, tier and stack are known codes",
        severity=QUARANTINE,
        means="sector, sensitivity_tier and stack are codes of the portfolio, unknown included.",
        why="A scenario acts on codes; a lease under a code of its own escapes every one.",
        remedy="Use one of the codes; unknown where it is not known.",
        test=_codes("leases", "sector", "sensitivity_tier", "stack"),
        expectations=(
            in_set("sector", list(SECTORS)),
            in_set("sensitivity_tier", list(TIERS)),
            in_set("stack", list(STACKS)),
        ),
    ),
    RollRule(
        id="RR11_stack_weight",
        table="leases",
        title="The mainland weight is a fraction",
        severity=QUARANTINE,
        means="stack_weight_mainland is filled and lies in [0, 1].",
        why="A weight in per cent counts a lease a hundred times on one stack.",
        remedy="Write the weight as a fraction: 0.4, not 40.",
        test=_weight_range,
        expectations=(not_null("weight"), between("weight", low=0, high=1)),
    ),
    RollRule(
        id="RR12_stack_weight_fits",
        table="leases",
        title="The mainland weight fits the stack",
        severity=QUARANTINE,
        means="stack_weight_mainland is 1 for mainland and 0 for us; dual and unknown are free.",
        why="The two columns would put the same lease on different stacks.",
        remedy="Correct the stack or the weight.",
        test=_weight_fits,
        expectations=(between("off", high=_FLOAT),),
    ),
    RollRule(
        id="RR13_renewal_follows",
        table="leases",
        title="A renewal begins after the lease it renews",
        severity=QUARANTINE,
        means="In one facility, start_date is after the end_date of the lease in renewal_of, where that is there.",
        why="Where the two overlap the same space counts twice.",
        remedy="End the old lease the day before the new one starts, or correct renewal_of.",
        test=_renewal_follows,
        expectations=(between("gap", low=1),),
    ),
    RollRule(
        id="RR14_commenced_date",
        table="leases",
        title="A commenced lease has commenced by now",
        severity=WARN,
        means="Where commenced is yes, commencement_date is not after the date of the rent roll.",
        why="One of the two columns is older than the other.",
        remedy="Correct commenced or commencement_date; check the date of the rent roll.",
        test=_commenced_by,
        expectations=(between("late", high=0),),
    ),
    RollRule(
        id="RR15_rent",
        table="leases",
        title="Rents are not negative",
        severity=QUARANTINE,
        means="monthly_rent_hkd_per_kw, where given, is at least 0.",
        why="A negative rent is a credit note and shortens the WALE by rent.",
        remedy="Enter the rent of the lease, or leave it blank.",
        test=_rent,
        expectations=(between("rent", low=0),),
    ),
    RollRule(
        id="RR16_facility_once",
        table="facilities",
        title="Each facility stands once",
        severity=QUARANTINE,
        means="One row for each facility_id. Of equal rows the first is kept; where they differ none is.",
        why="Its capacity would count twice.",
        remedy=_ONCE_REMEDY,
        test=_once("facilities", "facility_id"),
        expectations=_COPIES,
    ),
    RollRule(
        id="RR17_facility_capacity",
        table="facilities",
        title="Each facility has a capacity",
        severity=QUARANTINE,
        means=f"capacity_mw is filled, above 0 and at most {LARGEST_MW:,.0f}.",
        why="Without it there is no occupancy; above it the figure is kW.",
        remedy="Enter the capacity of the facility when it is complete, in MW.",
        test=_capacity,
        expectations=(not_null("capacity"), between("capacity", low=0, high=LARGEST_MW, strict_low=True)),
    ),
    RollRule(
        id="RR18_commenced_in_service",
        table="facilities",
        title="Leases in place fit the capacity in service",
        severity=QUARANTINE_DOCUMENT,
        means="MW of leases in place at the date is at most the MW in service (history; else capacity_mw).",
        why="No building is more than full: leases stand twice, have ended, or are in the wrong building.",
        remedy="Look for leases that ended or stand twice; correct the history where capacity was delivered.",
        test=_commenced_fits,
        expectations=(between("above", high=0),),
    ),
    RollRule(
        id="RR19_committed_in_service",
        table="facilities",
        title="Signed leases fit the capacity in service and planned",
        severity=WARN,
        means="MW in place and signed is at most the MW in service and the planned deliveries; a renewal signed ahead "
        "counts by what it grows.",
        why="It can be right where space is freed in time; it is overselling where not.",
        remedy="Check which leases end before the signed ones begin; add planned deliveries that are missing.",
        test=_committed_fits,
        expectations=(between("above", high=0),),
    ),
    _facility_rule(20, "evidence", "Each piece of evidence"),
    RollRule(
        id="RR21_evidence_date",
        table="evidence",
        title="Evidence is dated, and not in the future",
        severity=QUARANTINE,
        means="evidence_date is filled and not after the date of the rent roll.",
        why="Evidence without a date cannot grow old; evidence from the future was not known.",
        remedy="Correct the date, or check the date of the rent roll.",
        test=_not_after("evidence", "evidence_date"),
        expectations=(not_null("late"), between("late", high=0)),
    ),
    RollRule(
        id="RR22_evidence_codes",
        table="evidence",
        title="Evidence points to a stack with a strength",
        severity=QUARANTINE,
        means="points_to is mainland, us or dual; strength is weak, moderate or strong.",
        why="Evidence that points nowhere decides nothing and would count.",
        remedy="Use one of the codes.",
        test=_codes("evidence", "points_to", "strength"),
        expectations=(in_set("points_to", list(STACKS[:3])), in_set("strength", list(STRENGTHS))),
    ),
    RollRule(
        id="RR23_evidence_once",
        table="evidence",
        title="A piece of evidence stands once",
        severity=WARN,
        means="No two rows say the same of a facility on the same date from the same source.",
        why="Evidence that is repeated looks like more evidence.",
        remedy="Delete the copy.",
        test=_once("evidence", "facility_id", "evidence_date", "points_to", "strength", "statement", "source"),
        expectations=_COPIES,
    ),
    _facility_rule(24, "history", "Each quarter of history"),
    RollRule(
        id="RR25_history_once",
        table="history",
        title="Each quarter of a facility stands once",
        severity=QUARANTINE,
        means="One row for each facility_id and quarter_end. Of equal rows the first is kept; of others none.",
        why="A quarter with two figures has none.",
        remedy=_ONCE_REMEDY,
        test=_once("history", "facility_id", "quarter_end"),
        expectations=_COPIES,
    ),
    RollRule(
        id="RR26_history_quarter_end",
        table="history",
        title="History is dated at quarter ends",
        severity=QUARANTINE,
        means="quarter_end is filled and the last day of a calendar quarter.",
        why="Figures between quarter ends would be taken for those of the quarter.",
        remedy="Give the figures at the quarter end.",
        test=_quarter_end,
        expectations=(not_null("is_end"), between("is_end", low=1)),
    ),
    RollRule(
        id="RR27_history_date",
        table="history",
        title="History is not in the future",
        severity=WARN,
        means="quarter_end is not after the date of the rent roll.",
        why="A budget among the actuals would be learnt from as if it had happened.",
        remedy="Leave out plans; check the date of the rent roll.",
        test=_not_after("history", "quarter_end"),
        expectations=(between("late", high=0),),
    ),
    RollRule(
        id="RR28_history_order",
        table="history",
        title="Utilised fits leased, leased fits in service",
        severity=QUARANTINE,
        means=f"0 <= utilised_mw <= leased_mw <= in_service_mw, within {TOLERANCE_MW} MW.",
        why="Columns were swapped, or one of them is of another perimeter.",
        remedy="Compare the three columns with their source.",
        test=_history_order,
        expectations=(between("least", low=0), between("leased_above", high=0), between("utilised_above", high=0)),
    ),
    RollRule(
        id="RR29_in_service_capacity",
        table="history",
        title="Capacity in service fits the facility",
        severity=WARN,
        means=f"in_service_mw is at most the facility's capacity_mw, within {TOLERANCE_MW} MW.",
        why="capacity_mw is the size when complete; more in service means that one of the two is old.",
        remedy="Update capacity_mw, or correct the history.",
        test=_in_service_within,
        expectations=(between("above", high=0),),
    ),
    RollRule(
        id="RR30_history_sum",
        table="history",
        title="Leases sum to the history",
        severity=WARN,
        means=f"Before the date of the rent roll, MW of leases in place at the quarter end is leased_mw, within "
        f"{TOLERANCE_MW} MW and the rounding of leased_mw. Facilities without any lease are left out.",
        why="Hazards are learnt from this past; leases that are missing from it look like leases that never were.",
        remedy="Look for leases that are missing, held back or dated wrongly in that quarter.",
        test=_lease_sums(at_as_of=False),
        expectations=(between("off", high=0),),
    ),
    RollRule(
        id="RR31_history_sum_now",
        table="history",
        title="Leases sum to the history at the date of the rent roll",
        severity=QUARANTINE_DOCUMENT,
        means=f"At the date of the rent roll, MW of leases in place is leased_mw, within {TOLERANCE_MW} MW and the "
        "rounding of leased_mw. Facilities without any lease are left out.",
        why="A simulation that starts from another occupancy than the reported one is wrong from its first quarter.",
        remedy="Look for leases that are missing or held back; check commenced and the date of the rent roll.",
        test=_lease_sums(at_as_of=True),
        expectations=(between("off", high=0),),
    ),
    _facility_rule(32, "deliveries", "Each planned delivery"),
    RollRule(
        id="RR33_delivery_size",
        table="deliveries",
        title="A planned delivery has a size that fits its facility",
        severity=QUARANTINE,
        means=f"mw is above 0, at most {LARGEST_MW:,.0f} and at most the facility's capacity_mw.",
        why="Space that does not come would be let in the simulation.",
        remedy="Correct mw (MW, not kW), or the facility's capacity_mw.",
        test=_mw_size("deliveries"),
        expectations=(between("mw", low=0, high=LARGEST_MW, strict_low=True), between("of_capacity", high=1)),
    ),
    RollRule(
        id="RR34_delivery_date",
        table="deliveries",
        title="A planned delivery lies ahead",
        severity=WARN,
        means="planned_date is after the date of the rent roll.",
        why="It has slipped without a new date, or has come and is in service already.",
        remedy="Enter the date announced last, or leave out a phase that is in service.",
        test=_overdue,
        expectations=(between("ahead", low=1),),
    ),
    RollRule(
        id="RR35_delivery_once",
        table="deliveries",
        title="A planned delivery stands once",
        severity=WARN,
        means="One row for each facility_id, planned_date and mw.",
        why="Space that stands twice is delivered twice; two equal phases on a day are rare.",
        remedy="Delete the copy, or put the two phases into one row.",
        test=_once("deliveries", "facility_id", "planned_date", "mw"),
        expectations=_COPIES,
    ),
)
