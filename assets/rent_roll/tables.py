"""A table of raw cells to a typed frame with the portfolio's columns, and problem rows for what cannot be taken.

Belongs here: typing, defaults, and holding back. Not here: finding the table in a sheet (schedule.py), what must hold
of typed figures (expectations/rent_roll.py). Distinct values are typed once and spread over the rows, so that a
million rows cost little more than their distinct values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from assets.rent_roll.codes import CODED, MAY_BE_UNKNOWN, allowed, code_of, is_unknown, options_of
from assets.rent_roll.kinds import power_columns, required_columns
from assets.rent_roll.problems import problem, problems_frame
from assets.rent_roll.values import Parsed, parse_dates, parse_numbers, parse_with
from assets.rent_roll.words import blank, shown
from forecasts.leases.portfolio import (
    DELIVERY_COLUMNS,
    EVIDENCE_COLUMNS,
    FACILITY_COLUMNS,
    HISTORY_COLUMNS,
    LEASE_COLUMNS,
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "facilities": FACILITY_COLUMNS,
    "leases": LEASE_COLUMNS,
    "evidence": EVIDENCE_COLUMNS,
    "history": HISTORY_COLUMNS,
    "deliveries": DELIVERY_COLUMNS,
}
DATES = ("ready_for_service", "start_date", "end_date", "commencement_date", "evidence_date", "quarter_end",
         "planned_date")  # fmt: skip
NUMBERS = ("capacity_mw", "mw", "monthly_rent_hkd_per_kw", "stack_weight_mainland", "latitude", "longitude",
           "in_service_mw", "leased_mw", "utilised_mw")  # fmt: skip
# The mainland part of a lease where the roll does not give it: all, none, or half where it is dual or not known.
STACK_WEIGHT = {"mainland": 1.0, "us": 0.0, "dual": 0.5, "unknown": 0.5}
_REMEDY = {
    "missing": "Fill in the cell; without it the row cannot be counted.",
    "bad_date": "Write the date as 2026-06-30.",
    "ambiguous_date": "Write the dates of this column as 2026-06-30.",
    "bad_number": "Write the number with a point for decimals and no other sign.",
    "unit": "Name kW or MW in the header of the column.",
    "unknown_code": "Use one of these codes, or explain the code on a sheet Legend (code, meaning).",
    "bad_option": "Write options as 2x5y (two of five years each), or none.",
    "cut_row": "Look for a cut line, or a separator inside an unquoted text.",
}


# numpy takes a plain None for an argument that is left out.
_NOTHING = np.array(None, dtype=object)


@dataclass(frozen=True)
class Typed:
    """One table. `frame`: the kind's columns and `locator`, a row a record; `problems`: PROBLEM_COLUMNS, at least one
    a row held back; `remarks` for a person.
    """

    kind: str
    frame: pd.DataFrame
    problems: pd.DataFrame
    remarks: tuple[str, ...] = ()


@dataclass
class Column:
    """A raw column as distinct values and a code a row (-1: no cell)."""

    codes: np.ndarray
    values: list[object]
    used: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))
        self.used = np.flatnonzero(counts)

    def flags(self, test: Callable[[object], bool]) -> np.ndarray:
        """Whether each row's cell passes a test; False where there is no cell."""
        passed = np.zeros(len(self.values) + 1, dtype=bool)
        for position in self.used:
            passed[position] = test(self.values[position])
        return np.asarray(passed[self.codes])

    def at(self, row: int | np.integer) -> object:
        """The cell of a row."""
        code = self.codes[row]
        return self.values[code] if code >= 0 else None

    def parsed(self, parse: Callable[[Sequence[object]], Parsed]) -> tuple[Parsed, np.ndarray]:
        """What `parse` says of the distinct values in use, and the position of each row's value among them."""
        place = np.full(len(self.values) + 1, -1)
        place[self.used] = np.arange(len(self.used))
        return parse([self.values[position] for position in self.used]), place[self.codes]


def typed(
    kind: str,
    text: pd.DataFrame,
    file: str,
    places: pd.Series | Sequence[str],
    *,
    divisors: Mapping[str, float | None] | None = None,
    legend: Mapping[str, str] | None = None,
    cut: np.ndarray | None = None,
    per_cent: bool = False,
) -> Typed:
    """Type the raw cells of a table.

    text: one row a record, columns named as the portfolio's (other columns only travel in the JSON of problem rows);
    cells are text, numbers, dates or None. places: where each row stands, e.g. 'line 17'. divisors: by capacity
    column, 1000 for kW and 1 for MW, None where the header names no unit (default: the portfolio's own column names
    are in MW); by rent column 12 for a year's rent. legend: code -> meaning, folded codes. cut: rows whose line has
    another number of fields than the header. per_cent: the header of stack_weight_mainland says per cent.
    Raises ValueError where a required column is missing.
    """
    for group in required_columns(kind):
        if not any(name in text for name in group):
            raise ValueError(f"{file}: a table of {kind} needs a column {' or '.join(group)}; it has {list(text)}")
    rows = len(text)
    locators = np.asarray(places, dtype=object)
    raw = {name: column_of(text[name]) for name in COLUMNS[kind] if name in text}
    held = np.zeros(rows, dtype=bool)
    bad: list[tuple[str, str, np.ndarray, Callable[[int], tuple[str, str]]]] = []

    def hold(rule: str, column: str, where: np.ndarray, words: Callable[[int], tuple[str, str]]) -> None:
        if cut is not None and rule != "cut_row":
            # What stands under which header is not known there.
            where = where & ~cut
        if where.any():
            np.logical_or(held, where, out=held)
            bad.append((rule, column, where, words))

    if cut is not None:
        hold("cut_row", "", cut, lambda row: ("another number of fields than the header", "a field for each column"))
    data: dict[str, np.ndarray] = {}
    remarks: list[str] = []
    for name in COLUMNS[kind]:
        parse = _parser(kind, name, divisors or {}, legend)
        if name not in raw:
            data[name] = _absent(name, rows)
            continue
        parsed, at = raw[name].parsed(parse)
        data[name] = _spread(parsed.values, at, name)
        if parsed.reasons:
            flags = np.zeros(len(parsed.values) + 1, dtype=bool)
            flags[list(parsed.reasons)] = True
            by_rule: dict[str, list[int]] = {}
            for position, reason in parsed.reasons.items():
                by_rule.setdefault(_rule(name, *reason), []).append(position)
            for rule, positions in by_rule.items():
                flags[:] = False
                flags[positions] = True
                hold(rule, name, flags[at], partial(_reason, parsed, at))
    for group in required_columns(kind):
        empty = np.ones(rows, dtype=bool)
        for name in group:
            if name in raw:
                empty &= pd.isna(data[name])
        name = next((name for name in group if name in raw), group[0])
        unexplained = empty & ~_held_in(bad, group, rows)
        hold("missing", name, unexplained, partial(_missing, raw.get(name), " or ".join(group)))
    if kind == "leases":
        remarks += _complete_leases(data, raw, file, locators, per_cent)
    if kind == "facilities" and rows:
        data["market"] = np.where(pd.isna(data["market"]), "unknown", data["market"])
    frame = pd.DataFrame({name: _as_type(name, data.pop(name)) for name in COLUMNS[kind]})
    frame["locator"] = locators
    kept = frame[~held].reset_index(drop=True) if held.any() else frame
    return Typed(kind, kept, _problems(kind, file, text, locators, bad), tuple(remarks))


def column_of(series: pd.Series) -> Column:
    """A column of raw cells, categorical or not, as distinct values."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return Column(series.cat.codes.to_numpy().astype(np.int64), list(series.cat.categories))
    codes, values = pd.factorize(series.astype(object))
    return Column(codes, list(values))


def _parser(
    kind: str, name: str, divisors: Mapping[str, float | None], legend: Mapping[str, str] | None
) -> Callable[[Sequence[object]], Parsed]:
    if name in DATES:
        return parse_dates
    if name in NUMBERS:
        power = name in power_columns(kind)
        return partial(parse_numbers, power=power, divisor=divisors.get(name, 1.0 if power else None))
    if name in CODED:
        return partial(parse_with, one=partial(_code, name, legend), expected=f"one of {allowed(name)}")
    if name == "renewal_options":
        return partial(parse_with, one=options_of, expected="options such as 2x5y, or none")
    return _parse_text


def _parse_text(values: Sequence[object]) -> Parsed:
    found = np.empty(len(values), dtype=object)
    found[:] = [shown(value) or None for value in values]
    return Parsed(found)


def _code(name: str, legend: Mapping[str, str] | None, value: object) -> object:
    code = code_of(name, value, legend)
    if name in MAY_BE_UNKNOWN:
        return code
    if code == "unknown":
        return None
    return code == "yes" if name == "commenced" and code is not None else code


def _rule(name: str, found: str, expected: str) -> str:
    if name in DATES:
        return "ambiguous_date" if " or " in found and ", which is " in found else "bad_date"
    if name in NUMBERS:
        return "unit" if found.endswith("without a unit") else "bad_number"
    return "bad_option" if name == "renewal_options" else "unknown_code"


def _reason(parsed: Parsed, at: np.ndarray, row: int) -> tuple[str, str]:
    return parsed.reasons[int(at[row])]


def _missing(column: Column | None, names: str, row: int) -> tuple[str, str]:
    value = column.values[column.codes[row]] if column is not None and column.codes[row] >= 0 else None
    return ("nothing" if blank(value) else repr(shown(value))), f"a value for {names}"


def _held_in(
    bad: list[tuple[str, str, np.ndarray, Callable[[int], tuple[str, str]]]], group: list[str], rows: int
) -> np.ndarray:
    found = np.zeros(rows, dtype=bool)
    for _rule_name, column, where, _words in bad:
        if column in group:
            found |= where
    return found


def _spread(values: np.ndarray, at: np.ndarray, name: str) -> np.ndarray:
    """Values by row; the last entry of the lookup stands for rows without a cell."""
    if name in DATES:
        lookup = np.full(len(values) + 1, np.datetime64("NaT"), dtype="datetime64[ns]")
    elif name in NUMBERS:
        lookup = np.full(len(values) + 1, np.nan)
    else:
        lookup = np.full(len(values) + 1, "unknown" if name in MAY_BE_UNKNOWN else None, dtype=object)
    lookup[:-1] = values
    return np.asarray(lookup[at])


def _absent(name: str, rows: int) -> np.ndarray:
    if name in DATES:
        return np.full(rows, np.datetime64("NaT"), dtype="datetime64[ns]")
    if name in NUMBERS:
        return np.full(rows, np.nan)
    return np.full(rows, "unknown" if name in MAY_BE_UNKNOWN else None, dtype=object)


def _as_type(name: str, values: np.ndarray) -> object:
    if name in DATES:
        return values.astype("datetime64[ns]")
    if name in NUMBERS:
        return values.astype(float)
    if name == "commenced":
        return pd.Series(values, dtype=object).astype("boolean").array
    return values


def _complete_leases(
    data: dict[str, np.ndarray], raw: Mapping[str, Column], file: str, locators: np.ndarray, per_cent: bool
) -> list[str]:
    """Fill what a rent roll may leave out, in place; says how often, since a default is not an observation."""
    remarks: list[str] = []

    def note(count: int, words: str) -> None:
        if count:
            remarks.append(f"{count:,} lease(s) {words}")

    for name in ("lease_id", "facility_id", "tenant_id", "tenant_name", "renewal_of"):
        if name in raw and name != "facility_id":
            data[name] = _known_text(data[name], raw[name])
    missing = pd.isna(data["lease_id"])
    if missing.any():
        data["lease_id"] = np.where(missing, [f"{file}, {place}" for place in locators], data["lease_id"])
        note(int(missing.sum()), "without an id are named by their place")
    missing = pd.isna(data["tenant_id"])
    if missing.any():
        named = ~pd.isna(data["tenant_name"])
        # Tenants without a name are not one tenant: each stays alone.
        alone = np.array([f"unknown tenant of {lease}" for lease in data["lease_id"]], dtype=object)
        data["tenant_id"] = np.where(missing, np.where(named, data["tenant_name"], alone), data["tenant_id"])
        note(int((missing & named).sum()), "take the tenant's name as its id")
        note(int((missing & ~named).sum()), "have no tenant; each counts as a tenant of its own")
    for name, other in (("start_date", "commencement_date"), ("commencement_date", "start_date")):
        data[name] = np.where(pd.isna(data[name]), data[other], data[name])
    # A sheet may show a stored 0.4 as 40 %: only figures above 1 are per cent.
    if per_cent and (data["stack_weight_mainland"] > 1).any():
        data["stack_weight_mainland"] = data["stack_weight_mainland"] / 100
    missing = pd.isna(data["stack_weight_mainland"])
    if missing.any():
        default = pd.Series(data["stack"]).map(STACK_WEIGHT).to_numpy(dtype=float)
        data["stack_weight_mainland"] = np.where(missing, default, data["stack_weight_mainland"])
        note(int(missing.sum()), "have no mainland weight; it follows from the stack (dual and unknown: 0.5)")
    data["renewal_of"] = np.where(pd.isna(data["renewal_of"]), "", data["renewal_of"])
    return remarks


def _known_text(values: np.ndarray, column: Column) -> np.ndarray:
    """Text without the words for 'not known'."""
    unknown = np.array([is_unknown(value) for value in column.values] + [True])
    return np.where(unknown[column.codes], _NOTHING, values) if unknown[:-1].any() else values


def _problems(
    kind: str,
    file: str,
    text: pd.DataFrame,
    locators: np.ndarray,
    bad: list[tuple[str, str, np.ndarray, Callable[[int], tuple[str, str]]]],
) -> pd.DataFrame:
    if not bad:
        return problems_frame()
    rows = np.unique(np.concatenate([np.flatnonzero(where) for _rule_name, _column_name, where, _words in bad]))
    whole = dict(zip(rows, text.iloc[rows].astype(object).to_dict("records"), strict=True))
    found = []
    for rule, column, where, words in bad:
        for row in np.flatnonzero(where):
            value, expected = words(int(row))
            found.append(
                (row, problem(kind, rule, file, str(locators[row]), column, value, expected, _REMEDY[rule], whole[row]))
            )
    found.sort(key=lambda item: item[0])
    return problems_frame(item for _row, item in found)
