"""What could not be taken from a rent roll: problem rows with place, value found, value expected and remedy.

Belongs here: the shape of a problem and of the error that ends a reading. Not here: who finds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from assets.rent_roll.words import shown

PROBLEM_COLUMNS = ("kind", "rule", "file", "locator", "column", "found", "expected", "remedy", "row_json")


class RentRollError(ValueError):
    """A file that is no rent roll, or not the one asked for: `file`, `place`, `found`, `expected`, `remedy`."""

    def __init__(self, file: str, place: str, found: str, expected: str, remedy: str) -> None:
        self.file, self.place, self.found, self.expected, self.remedy = file, place, found, expected, remedy
        where = f"{file}, {place}" if place else file
        super().__init__(f"{where}: found {found}; expected {expected}. {remedy}")


def problem(
    kind: str,
    rule: str,
    file: str,
    locator: str,
    column: str,
    found: str,
    expected: str,
    remedy: str,
    row: object = None,
) -> dict[str, str]:
    """One problem row. `row` is the whole row it is about, by column or header text; empty where it is about none."""
    return {
        "kind": kind,
        "rule": rule,
        "file": file,
        "locator": locator,
        "column": column,
        "found": found,
        "expected": expected,
        "remedy": remedy,
        "row_json": as_json(row) if isinstance(row, Mapping) else "",
    }


def problems_frame(rows: Iterable[Mapping[str, str]] = ()) -> pd.DataFrame:
    """Problem rows as a frame, PROBLEM_COLUMNS in order, all text."""
    found = list(rows)
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in PROBLEM_COLUMNS})
    return pd.DataFrame(found, columns=list(PROBLEM_COLUMNS))


def joined(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Problem frames one below the other."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else problems_frame()


def as_json(row: Mapping[Any, Any]) -> str:
    """A row as JSON, cells as printed and blank ones left out."""
    return json.dumps({str(key): text for key, value in row.items() if (text := shown(value))}, ensure_ascii=False)
