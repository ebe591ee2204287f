"""Which of the five kinds of tables a header row belongs to, and which column is which (words: headers.yaml).

Belongs here: recognition by header words alone. Not here: finding the header row in a sheet (schedule.py), cells
(tables.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from assets.rent_roll.words import data_file, folded

KINDS = ("facilities", "leases", "evidence", "history", "deliveries")

# How surely a header means a column. Two columns that mean the same as surely are a conflict, never a choice.
OWN_NAME, NAME, WEAK, FALLBACK = 4, 3, 2, 1


# "Start (dd/mm/yyyy)" says how, not what.
_DATE_STYLE = re.compile(r"\b(?:d{1,2} m{1,4} y{2,4}|m{1,4} d{1,2} y{2,4}|y{4} m{1,4} d{1,2})\b")


@dataclass(frozen=True)
class Meaning:
    """What one header of a sheet means: `column` of the kind, how surely, what a capacity or a rent is divided by."""

    column: str
    position: int
    text: str
    certainty: int
    divisor: float | None = None


@dataclass(frozen=True)
class Header:
    """A recognised header: `columns` by name, `others` (position -> text) that mean nothing here, `conflicts` by column
    with the headers that claim it, `missing` required columns, joined by 'or' where one of several will do.
    """

    kind: str
    columns: Mapping[str, Meaning]
    others: Mapping[int, str]
    conflicts: Mapping[str, tuple[Meaning, ...]]
    missing: tuple[str, ...] = ()


def kind_of(header: Sequence[str]) -> str | None:
    """The kind of a table with this header row, None where it is none of the five."""
    found = recognise([header])
    return found.kind if found else None


def recognise(rows: Sequence[Sequence[str]]) -> Header | None:
    """The header that these rows make together, top to bottom, group headings already spread over their columns.

    None where no kind has all its required columns, or where two kinds fit alike.
    """
    found = sorted(
        (header for kind in KINDS if not (header := closest(kind, rows)).missing),
        key=lambda header: (_sureness(header), len(header.columns)),
        reverse=True,
    )
    if len(found) > 1 and (_sureness(found[0]), len(found[0].columns)) == (
        _sureness(found[1]),
        len(found[1].columns),
    ):
        return None
    return found[0] if found else None


def power_columns(kind: str) -> frozenset[str]:
    """The columns of a kind that are capacities in MW."""
    columns = data_file("headers.yaml")[kind]["columns"]
    return frozenset(name for name, words in columns.items() if (words or {}).get("power"))


def required_columns(kind: str) -> list[list[str]]:
    """Lists of columns of which at least one each must be there."""
    groups: list[list[str]] = data_file("headers.yaml")[kind]["required"]
    return groups


def anchors(kind: str) -> list[str]:
    """Columns of which a record has at least one."""
    names: list[str] = data_file("headers.yaml")[kind]["anchors"]
    return names


def unit_divisor(text: str) -> float | None:
    """What a value under this text is divided by to give MW: 1000 for kW, 1 for MW; None for no unit, or two."""
    units: dict[str, float] = data_file("headers.yaml")["units"]
    found = {float(units[word]) for word in folded(text).split() if word in units}
    return found.pop() if len(found) == 1 else None


def _sureness(header: Header) -> int:
    return sum(meaning.certainty for meaning in header.columns.values())


def closest(kind: str, rows: Sequence[Sequence[str]]) -> Header:
    """What these rows would be as a header of this kind, complete or not."""
    width = max((len(row) for row in rows), default=0)
    claims: dict[str, list[Meaning]] = {}
    others: dict[int, str] = {}
    for position in range(width):
        parts = [part for row in rows if position < len(row) and (part := row[position].strip())]
        if not parts:
            continue
        meaning = _meaning(kind, parts, position)
        if meaning is None:
            others[position] = " ".join(parts)
        else:
            claims.setdefault(meaning.column, []).append(meaning)
    columns: dict[str, Meaning] = {}
    conflicts: dict[str, tuple[Meaning, ...]] = {}
    for column, claimed in claims.items():
        best = max(meaning.certainty for meaning in claimed)
        top = [meaning for meaning in claimed if meaning.certainty == best]
        columns[column] = top[0]
        others.update({meaning.position: meaning.text for meaning in claimed if meaning is not top[0]})
        if len(top) > 1:
            conflicts[column] = tuple(top)
    missing = tuple(
        " or ".join(group) for group in required_columns(kind) if not any(name in columns for name in group)
    )
    return Header(kind, columns, others, conflicts, missing)


def _meaning(kind: str, parts: list[str], position: int) -> Meaning | None:
    """The column a header means: all its rows read together first, then its lowest rows alone."""
    text = " ".join(parts)
    vocabulary, neutral = _vocabulary(kind), _neutral()
    for start in range(len(parts)):
        above = [_unitless(folded(part)) for part in parts[:start]]
        under_neutral = all(not part or part in neutral for part in above)
        phrase = _DATE_STYLE.sub("", folded(" ".join(parts[start:]))).strip()
        for words, bare in ((phrase, False), (_unitless(phrase), True)):
            entry = vocabulary.get(words)
            if entry is None:
                continue
            column, certainty, divisor = entry
            power = column in power_columns(kind)
            # A unit is part of the words of a rent; only a capacity may be named without it.
            if (bare and words != phrase and not power) or (certainty in (WEAK, FALLBACK) and not under_neutral):
                continue
            if not under_neutral:
                # The expiry of a break option, or of a rent-free period, is not that of the lease.
                if column.endswith("_date") or column == "quarter_end":
                    continue
                certainty = FALLBACK
            return Meaning(column, position, text, certainty, unit_divisor(text) if power else divisor)
    return None


@cache
def _vocabulary(kind: str) -> dict[str, tuple[str, int, float | None]]:
    """Folded words -> (column, certainty, divisor), the surest meaning of words that stand twice."""
    vocabulary: dict[str, tuple[str, int, float | None]] = {}

    def add(words: str, column: str, certainty: int, divisor: float | None = None) -> None:
        key = folded(words)
        if key in vocabulary and vocabulary[key][0] != column:
            raise ValueError(f"headers.yaml: {kind}: {words!r} means {vocabulary[key][0]} and {column}; keep one")
        if key not in vocabulary or vocabulary[key][1] < certainty:
            vocabulary[key] = (column, certainty, divisor)

    for column, entry in data_file("headers.yaml")[kind]["columns"].items():
        add(column, column, OWN_NAME)
        for words in (entry or {}).get("names", []):
            add(words, column, NAME)
        for words in (entry or {}).get("weak", []):
            add(words, column, WEAK)
        for words in (entry or {}).get("fallback", []):
            add(words, column, FALLBACK)
        for words in (entry or {}).get("per_year", []):
            add(words, column, NAME, 12.0)
    return vocabulary


@cache
def _neutral() -> frozenset[str]:
    return frozenset(folded(words) for words in data_file("headers.yaml")["neutral_groups"])


def _unitless(phrase: str) -> str:
    units = data_file("headers.yaml")["units"]
    words = [word for word in phrase.split() if word not in units]
    if len(words) > 1 and words[-1] == "in":
        words = words[:-1]
    return " ".join(words) or phrase
