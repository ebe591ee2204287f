"""RentRoll: what files of a rent roll hold, typed, and its way through JSON from a limited child process.

Belongs here: the container alone. Not here: reading (reading.py).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from assets.rent_roll.kinds import KINDS
from assets.rent_roll.problems import joined, problems_frame
from assets.rent_roll.tables import COLUMNS, DATES, NUMBERS, Typed


@dataclass(frozen=True)
class RentRoll:
    """Typed frames by kind (kinds that are there; columns of the portfolio and `locator`), problem rows, remarks for a
    person, and the valuation date a schedule states.
    """

    frames: dict[str, pd.DataFrame]
    problems: pd.DataFrame = field(default_factory=problems_frame)
    remarks: tuple[str, ...] = ()
    valuation_date: dt.date | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; `from_json` is its inverse."""
        return {
            "frames": {kind: _columns(frame) for kind, frame in self.frames.items()},
            "problems": self.problems.to_dict("list"),
            "remarks": list(self.remarks),
            "valuation_date": self.valuation_date.isoformat() if self.valuation_date else None,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> RentRoll:
        """A rent roll from `to_json` data."""
        problems = pd.DataFrame(data["problems"])
        return RentRoll(
            {kind: _frame(kind, columns) for kind, columns in data["frames"].items()},
            problems if len(problems) else problems_frame(),
            tuple(data["remarks"]),
            dt.date.fromisoformat(data["valuation_date"]) if data["valuation_date"] else None,
        )


def combined(
    tables: Iterable[Typed],
    problems: Iterable[pd.DataFrame],
    remarks: Iterable[str],
    valuation_dates: Iterable[dt.date | None],
) -> RentRoll:
    """One rent roll of several tables. Tables of one kind stand one below the other. Where files state different
    valuation dates none holds, and a remark says so.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    said = list(remarks)
    held = list(problems)
    for table in tables:
        found.setdefault(table.kind, []).append(table.frame)
        held.append(table.problems)
    frames = {
        kind: found[kind][0] if len(found[kind]) == 1 else pd.concat(found[kind], ignore_index=True)
        for kind in KINDS
        if kind in found
    }
    days = sorted({day for day in valuation_dates if day is not None})
    if len(days) > 1:
        said.append(f"valuation dates differ ({', '.join(map(str, days))}): none is used")
    return _by_name(RentRoll(frames, joined(held), tuple(said), days[0] if len(days) == 1 else None))


def _by_name(roll: RentRoll) -> RentRoll:
    """Buildings that other tables call by their name get their id, where the facilities know exactly one."""
    facilities = roll.frames.get("facilities")
    if facilities is None:
        return roll
    ids = set(facilities["facility_id"])
    named = facilities.dropna(subset=["name"])
    folded = named["name"].str.casefold().str.strip()
    single = ~folded.duplicated(keep=False)
    known = dict(zip(folded[single], named.loc[single, "facility_id"], strict=True))
    frames, remarks = dict(roll.frames), list(roll.remarks)
    for kind, frame in roll.frames.items():
        if kind == "facilities" or not len(frame):
            continue
        written = pd.Series(frame["facility_id"].unique())
        renamed = {
            name: known[name.casefold().strip()]
            for name in written
            if name not in ids and name.casefold().strip() in known
        }
        if renamed:
            frames[kind] = frame.assign(facility_id=frame["facility_id"].replace(renamed))
            remarks.append(f"{kind}: {len(renamed)} building(s) called by name got their facility_id")
    return RentRoll(frames, roll.problems, tuple(remarks), roll.valuation_date)


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for name in frame:
        values = frame[name]
        if str(name) in DATES:
            columns[str(name)] = [None if day is pd.NaT else day.date().isoformat() for day in values]
        elif str(name) in NUMBERS:
            columns[str(name)] = [None if np.isnan(number) else float(number) for number in values]
        else:
            columns[str(name)] = [None if pd.isna(value) else value for value in values.astype(object)]
    # Only what JSON can carry may leave a child.
    json.dumps(columns)
    return columns


def _frame(kind: str, columns: dict[str, list[Any]]) -> pd.DataFrame:
    typed: dict[str, Any] = {}
    for name in (*COLUMNS[kind], "locator"):
        if name in DATES:
            typed[name] = pd.to_datetime(pd.Series(columns[name], dtype=object)).astype("datetime64[ns]")
        elif name in NUMBERS:
            typed[name] = pd.Series(columns[name], dtype=float)
        elif name == "commenced":
            typed[name] = pd.array(columns[name], dtype="boolean")
        else:
            typed[name] = pd.Series(columns[name], dtype=object)
    return pd.DataFrame(typed)
