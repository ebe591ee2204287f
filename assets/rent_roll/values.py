"""Cells to dates and numbers, a column at a time: what is ambiguous is decided by the column's own other values.

Belongs here: distinct values of one column in, typed values and reasons out. Not here: rows and tables (tables.py).
30/06/2026 tells that a column writes the day first, and so how 05/06/2026 beside it is meant; a column where nothing
tells keeps 05/06/2026 back. The same holds of 1,200 and 1.200.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from assets.rent_roll.kinds import unit_divisor
from assets.rent_roll.words import blank, shown

FIRST_DAY, LAST_DAY = dt.date(1950, 1, 1), dt.date(2199, 12, 31)
_SERIALS = (18_264, 109_574)
_EPOCH = dt.date(1899, 12, 30)
# A year of two digits below this is of this century.
_CENTURY = 70

_YEAR_FIRST = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?")
_COMPACT = re.compile(r"((?:19|20|21)\d{2})(\d{2})(\d{2})")
_HAN = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NUMERIC = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})(?:[T ]00:00(?::00)?)?")
_DAY_MONTH = re.compile(r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})[-/., ]*(\d{4}|\d{2})")
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?[-/ ]*(\d{1,2})(?:st|nd|rd|th)?[-/, ]+(\d{4})")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip

_NUMBER = re.compile(r"[-+]?[\d.,\s'’]*\d[\d.,]*")
_MONEY = re.compile(r"^(?:hk\$|hkd|us\$|\$|usd|sgd|s\$|rmb|cny|eur|gbp|€|£|¥)\s*|\s*(?:hkd|usd|sgd|rmb|cny|eur|gbp)$")
_POWER = re.compile(r"\s*(kw|mw|kilowatts?|megawatts?|千瓦|兆瓦)$")
_NIL = ("", "-", "--", "–", "—", "n/a", "na", "n/k", "nk", "nil", "unknown", "not known", "tbc", "tba")


@dataclass
class Parsed:
    """Typed values, one for each distinct value, and reasons (found, expected) by position for those not taken.

    Blank cells and dashes are NaT or NaN without a reason.
    """

    values: np.ndarray
    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)


def parse_dates(values: Sequence[object]) -> Parsed:
    """Distinct cells of a date column as datetime64[ns] (midnight)."""
    days: list[dt.date | None] = [None] * len(values)
    reasons: dict[int, tuple[str, str]] = {}
    ambiguous: dict[int, dict[str, dt.date]] = {}
    told: set[str] = set()
    for position, value in enumerate(values):
        if _is_nil(value):
            continue
        read = _date(value)
        if isinstance(read, dt.date):
            days[position] = read
        elif read and len(set(read.values())) == 1:
            days[position] = next(iter(read.values()))
            if len(read) == 1:
                told.update(read)
        elif read:
            ambiguous[position] = read
        else:
            reasons[position] = (repr(shown(value)), "a date such as 2026-06-30, 30 Jun 2026 or 30/06/2026")
    order = told.pop() if len(told) == 1 else ""
    for position, read in ambiguous.items():
        if order in read:
            days[position] = read[order]
            continue
        either = " or ".join(day.isoformat() for day in sorted(set(read.values())))
        why = "the column writes some dates day first and some month first" if told else "no date of the column tells"
        reasons[position] = (f"{shown(values[position])!r}, which is {either}", f"a date with one meaning: {why}")
    for position, day in enumerate(days):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            reasons[position] = (repr(shown(values[position])), f"a date from {FIRST_DAY} to {LAST_DAY}")
            days[position] = None
    return Parsed(np.array(days, dtype="datetime64[D]").astype("datetime64[ns]"), reasons)


def parse_numbers(values: Sequence[object], power: bool = False, divisor: float | None = None) -> Parsed:
    """Distinct cells of a number column as float.

    power: a capacity, given in MW. A unit in the cell wins over `divisor` (1000 for a column in kW); without either
    the cell is not taken, since kW and MW look alike.
    """
    numbers = np.full(len(values), np.nan)
    reasons: dict[int, tuple[str, str]] = {}
    decimal, grouped = _separators(values)
    for position, value in enumerate(values):
        if isinstance(value, bool):
            reasons[position] = (repr(value), "a number")
            continue
        if isinstance(value, Real):
            number, unit = float(value), None
        elif _is_nil(value):
            continue
        else:
            read = _number(shown(value), decimal, grouped)
            if isinstance(read, str):
                reasons[position] = (repr(shown(value)), read)
                continue
            number, unit = read
        scale = unit or divisor
        if not np.isfinite(number):
            if number == number:
                reasons[position] = (repr(shown(value)), "a finite number")
            continue
        if power and scale is None:
            reasons[position] = (f"{shown(value)!r} without a unit", "kW or MW in the header or in the cell")
            continue
        numbers[position] = number / scale if scale else number
    return Parsed(numbers, reasons)


def parse_with(values: Sequence[object], one: Callable[[object], object], expected: str) -> Parsed:
    """Distinct cells through a function that gives None for what it cannot tell; blanks stay None without a reason."""
    found = np.empty(len(values), dtype=object)
    reasons: dict[int, tuple[str, str]] = {}
    for position, value in enumerate(values):
        found[position] = one(value)
        if found[position] is None and not _is_nil(value):
            reasons[position] = (repr(shown(value)), expected)
    return Parsed(found, reasons)


def _is_nil(value: object) -> bool:
    return blank(value) or (isinstance(value, str) and value.strip().casefold() in _NIL)


# -- dates ----------------------------------------------------------------------------------------------------------


def _date(value: object) -> dt.date | dict[str, dt.date] | None:
    """A date; the readings by order of day, month and year where digits alone are written; None where it is no date."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return _serial(float(value))
    text = " ".join(shown(value).split())
    for pattern in (_YEAR_FIRST, _HAN, _COMPACT):
        if found := pattern.fullmatch(text):
            return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMERIC.fullmatch(text):
        first, second, last = int(found[1]), int(found[3]), found[4]
        readings = {"dmy": _day(_year(last), second, first), "mdy": _day(_year(last), first, second)}
        if len(last) == 2 and found[2] == "-":
            readings["ymd"] = _day(_year(found[1]), second, int(last)) if len(found[1]) == 2 else None
        return {order: day for order, day in readings.items() if day is not None} or None
    lower = text.casefold()
    if found := _DAY_MONTH.fullmatch(lower):
        return _named(found[3], found[2], found[1])
    if found := _MONTH_DAY.fullmatch(lower):
        return _named(found[3], found[1], found[2])
    if re.fullmatch(r"\d{5}(?:\.0+)?", text):
        return _serial(float(text))
    return None


def _named(year: str, month: str, day: str) -> dt.date | None:
    months = [
        number for number, name in enumerate(_MONTHS, start=1) if name.startswith(month) or month == name[:3] + "t"
    ]
    return _day(_year(year), months[0], int(day)) if len(months) == 1 else None


def _serial(number: float) -> dt.date | None:
    """A spreadsheet's day number (1 January 1900 is 1); numbers that are no plausible day are none."""
    return _EPOCH + dt.timedelta(days=int(number)) if _SERIALS[0] <= number <= _SERIALS[1] else None


def _year(text: str) -> int:
    number = int(text)
    if len(text) == 4:
        return number
    return number + (2000 if number < _CENTURY else 1900)


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


# -- numbers --------------------------------------------------------------------------------------------------------


def _separators(values: Sequence[object]) -> tuple[str, bool]:
    """(decimal sign that the column proves or '', whether its comma groups of three are thousands)."""
    groups: set[str] = set()
    for value in values:
        if not isinstance(value, str) or "," not in value:
            continue
        digits = re.sub(r"[^\d.,]", "", value)
        if re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}", digits):
            return ".", True
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+|0,\d+", digits):
            return ",", False
        if re.fullmatch(r"\d+,(?:\d{1,2}|\d{4,})", digits):
            return ",", False
        groups.add(digits)
    # Decimals do not all have exactly three places beside numbers without any: several such values are thousands.
    return "", len(groups) > 1


def _number(text: str, decimal: str, grouped: bool) -> tuple[float, float | None] | str:
    """(number, divisor of a unit in the cell or None), or what was expected."""
    lower = text.casefold().strip()
    unit = None
    if found := _POWER.search(lower):
        unit, lower = unit_divisor(found[1]), lower[: found.start()]
    lower = _MONEY.sub("", lower).strip()
    share = lower.endswith("%")
    lower = lower.rstrip("% ")
    sign = -1.0 if re.fullmatch(r"\(.+\)", lower) else 1.0
    lower = lower.strip("()").strip()
    if not _NUMBER.fullmatch(lower):
        return "a number"
    plain = re.sub(r"[\s'’]", "", lower)
    if "," in plain:
        if decimal == ",":
            plain = plain.replace(".", "").replace(",", ".")
        elif re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain) and (decimal == "." or grouped):
            plain = plain.replace(",", "")
        else:
            return "a number with one meaning (1200 or 1.2: the column's other values do not tell)"
    elif decimal == "," and re.fullmatch(r"[-+]?\d{1,3}(?:\.\d{3})+", plain):
        plain = plain.replace(".", "")
    try:
        number = sign * float(plain)
    except ValueError:
        return "a number"
    return (number / 100 if share else number), unit
