"""Rent rolls from files for the command line, and from documents that the limited child of the main job has read.

Belongs here: which file or document holds which tables, and the portfolio of `colocast simulate`. Not here: layouts
(schedule.py), typing (tables.py), rules (expectations/rent_roll.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from assets.rent_roll.kinds import KINDS
from assets.rent_roll.problems import RentRollError, joined, problem, problems_frame
from assets.rent_roll.roll import RentRoll, combined
from assets.rent_roll.schedule import (
    RawTable,
    certain_ids,
    expected_columns,
    legend_of,
    nearest,
    raw_table,
    valuation_date,
)
from assets.rent_roll.sheets import Sheet, sheet_of_csv, sheets_of_document
from assets.rent_roll.tables import COLUMNS, Typed, typed
from assets.reports.document import Document, Unreadable
from assets.reports.formats import Limits, read_document
from assets.reports.formats.limits import MIB
from assets.reports.formats.sniffing import CSV, XLSX
from assets.reports.reading import load_regular_file
from forecasts.leases.portfolio import Portfolio

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
# A file named on a command line is the user's own: bounds are those of one machine's memory, not of a stranger's mail.
_LIMITS = Limits(
    document_bytes=2_048 * MIB,
    unpacked_bytes=4_096 * MIB,
    table_rows=1_100_000,
    table_places=40_000_000,
    cells=40_000_000,
    parts=2_000_000,
    text_characters=4_000_000_000,
)


def read_folder_or_files(paths: Sequence[Path]) -> RentRoll:
    """Everything of a rent roll in files and folders (their .csv and .xlsx files, not deeper ones).

    Raises RentRollError for a file that was named and holds no table of a rent roll; in a folder such a file is only
    remarked on. Nothing is taken twice over: a table of a kind that stands in two files is there with both its rows.
    """
    tables: list[Typed] = []
    problems: list[pd.DataFrame] = []
    remarks: list[str] = []
    days: list[dt.date | None] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith((".", "~$")))
            for file in inside:
                if file.suffix.lower() not in SUFFIXES:
                    remarks.append(f"{file.name}: neither CSV nor XLSX, left out")
                    continue
                try:
                    part = _read_file(file)
                except RentRollError as error:
                    remarks.append(f"left out: {error}")
                    continue
                _extend(part, tables, problems, remarks, days)
        else:
            _extend(_read_file(path), tables, problems, remarks, days)
    if not tables:
        raise RentRollError(
            ", ".join(path.name for path in paths),
            "",
            "no table of a rent roll",
            f"one of {', '.join(KINDS)}",
            "Name the columns as the docs on leases say.",
        )
    return combined(tables, problems, remarks, days)


def rent_roll_of(document: Document) -> RentRoll | None:
    """The rent roll in a document, None where it is none. Raises nothing for odd content.

    Only workbooks and delimited texts can be one, and only with all the required columns of a kind. Tables that a
    report could also have (facilities, history, deliveries, evidence) must call the building's code a code.
    """
    if document.media_type not in (CSV, XLSX):
        return None
    sheets = sheets_of_document(document)
    try:
        raws = [(sheet, raw_table(sheet)) for sheet in sheets]
    except RentRollError as error:
        row = problem("", "header", error.file, error.place, "", error.found, error.expected, error.remedy)
        return RentRoll({}, problems_frame([row]), document.remarks)
    if not any(raw is not None and (raw.kind == "leases" or certain_ids(raw.header)) for _sheet, raw in raws):
        return None
    part = _of_sheets(raws, with_file=False)
    return combined(part.tables, part.problems, [*document.remarks, *part.remarks], part.days)


def load_portfolio(
    facilities: Path,
    leases: Path,
    evidence: Path | None = None,
    history: Path | None = None,
    deliveries: Path | None = None,
    as_of: dt.date | None = None,
) -> tuple[Portfolio, pd.DataFrame]:
    """The portfolio of five files and its problem rows (PROBLEM_COLUMNS).

    A path may be CSV or XLSX, also a messy tenancy schedule; several paths may name one workbook. as_of: a quarter
    end; default the last quarter_end of the history, else the valuation date a schedule states. Raises RentRollError
    where a file is not what it should be, or where no date is known. History and evidence dated after as_of were not
    known then: they are left out, each with a problem row.
    """
    wanted = {
        "facilities": facilities, "leases": leases, "evidence": evidence, "history": history, "deliveries": deliveries,
    }  # fmt: skip
    tables: list[Typed] = []
    problems: list[pd.DataFrame] = []
    remarks: list[str] = []
    days: list[dt.date | None] = []
    read: dict[Path, _Part] = {}
    for kind, path in wanted.items():
        if path is None:
            continue
        if path not in read:
            read[path] = _read_file(path, kind)
        part = read[path]
        chosen = [table for table in part.tables if table.kind == kind]
        if not chosen:
            there = ", ".join(sorted({table.kind for table in part.tables}))
            raise RentRollError(
                path.name, "", f"a table of {there}", f"a table of {kind}", f"Give this file as --{there}, or another."
            )
        tables += chosen
        problems += [frame for frame in part.problems if len(frame) and (frame["kind"] == kind).any()]
        remarks += part.remarks
        if kind in ("leases", "history", "facilities"):
            days.append(part.day)
    roll = combined(tables, problems, remarks, days)
    day = _as_of(roll, as_of, leases.name)
    frames = {kind: roll.frames.get(kind, _empty(kind)) for kind in KINDS}
    if not len(frames["facilities"]) or not len(frames["leases"]):
        kind = "facilities" if not len(frames["facilities"]) else "leases"
        first = roll.problems[roll.problems["kind"] == kind].head(1)
        why = f": {first['locator'].iloc[0]}, {first['column'].iloc[0]}: {first['found'].iloc[0]}" if len(first) else ""
        path = facilities if kind == "facilities" else leases
        raise RentRollError(
            path.name,
            "",
            f"no row that can be taken{why}",
            f"at least one row of {kind}",
            "Mend the rows and try again.",
        )
    late = [
        _drop_later(frames, kind, column, day)
        for kind, column in (("history", "quarter_end"), ("evidence", "evidence_date"))
    ]
    held = frames["leases"]
    started = held["commencement_date"] <= day
    commenced = held["commenced"].astype("boolean").fillna(started.astype("boolean")).astype(bool)
    frames["leases"] = held.assign(commenced=commenced)
    plain = {kind: frames[kind][list(COLUMNS[kind])].reset_index(drop=True) for kind in KINDS}
    return Portfolio(as_of=day, **plain), joined([roll.problems, *late])


# -- files ----------------------------------------------------------------------------------------------------------


class _Part:
    """What one file or document holds."""

    def __init__(self) -> None:
        self.tables: list[Typed] = []
        self.problems: list[pd.DataFrame] = []
        self.remarks: list[str] = []
        self.days: list[dt.date | None] = []

    @property
    def day(self) -> dt.date | None:
        """The valuation date, where the sheets state one and the same."""
        known = {day for day in self.days if day is not None}
        return known.pop() if len(known) == 1 else None


def _extend(
    part: _Part, tables: list[Typed], problems: list[pd.DataFrame], remarks: list[str], days: list[dt.date | None]
) -> None:
    tables += part.tables
    problems += part.problems
    remarks += part.remarks
    days += part.days


def _read_file(path: Path, kind: str = "") -> _Part:
    """The tables of a file; RentRollError where there is none, saying what is missing for `kind` (default: the kind
    that comes closest).
    """
    try:
        # A link on one's own command line is followed; a pipe or a device would be waited for, or read, for ever.
        data = load_regular_file(path.resolve(strict=True), _LIMITS)
    except (OSError, RuntimeError) as error:
        said = getattr(error, "strerror", None) or "its links lead in a circle"
        raise RentRollError(
            str(path), "", f"a file that cannot be read ({said})", "a CSV or XLSX file", "Check the path."
        ) from error
    except Unreadable as error:
        raise RentRollError(str(path), "", error.reason, "a CSV or XLSX file", "Check the path.") from error
    try:
        return _part_of(data, path, kind)
    except MemoryError as error:
        raise RentRollError(
            path.name, "", "more than fits into memory", "a rent roll", "Part the file, or take a larger machine."
        ) from error
    except RecursionError as error:
        raise RentRollError(path.name, "", "a file nested too deeply", "a rent roll", "Save it again.") from error


def _part_of(data: bytes, path: Path, kind: str) -> _Part:
    try:
        if data.startswith(b"PK\x03\x04"):
            document = read_document(data, path.name, _LIMITS)
            remarks, sheets = document.remarks, sheets_of_document(document)
            del document
        else:
            if not data.strip():
                raise RentRollError(path.name, "", "an empty file", "a table with a header", "Hand in the filled file.")
            sheet, remarks = sheet_of_csv(data, path.name)
            sheets = [sheet]
    except Unreadable as error:
        raise RentRollError(
            path.name,
            error.place,
            error.reason,
            "a CSV or XLSX file of a rent roll",
            "Save it again as XLSX or UTF-8 CSV.",
        ) from error
    del data
    raws = [(sheet, raw_table(sheet)) for sheet in sheets]
    if not any(raw is not None for _sheet, raw in raws):
        raise _no_table(path.name, sheets, kind)
    part = _of_sheets(raws, with_file=True)
    part.remarks = [f"{path.name}: {remark}" for remark in remarks] + part.remarks
    return part


def _of_sheets(raws: Sequence[tuple[Sheet, RawTable | None]], with_file: bool) -> _Part:
    part = _Part()
    legend: dict[str, str] = {}
    for sheet, raw in raws:
        if raw is None:
            legend |= legend_of(sheet)
    for sheet, raw in raws:
        if raw is None:
            part.days.append(valuation_date(sheet))
            part.remarks.append(f"{sheet.title}: no table of a rent roll, left out")
            continue
        table = typed(
            raw.kind,
            raw.text,
            sheet.file,
            sheet.places(raw.rows),
            divisors=raw.divisors,
            legend=legend,
            cut=raw.cut,
            per_cent=raw.per_cent,
        )
        if with_file:
            table.frame["locator"] = [f"{sheet.file}, {place}" for place in table.frame["locator"]]
        part.tables.append(table)
        part.problems.append(problems_frame(raw.problems))
        part.days.append(raw.valuation_date)
        part.remarks += [*raw.remarks, *(f"{sheet.title}: {remark}" for remark in table.remarks)]
        unused = [text for text in raw.header.others.values() if text]
        if unused:
            part.remarks.append(f"{sheet.title}: column(s) not used: {', '.join(unused)}")
    return part


def _no_table(file: str, sheets: Sequence[Sheet], kind: str) -> RentRollError:
    wanted = (kind,) if kind else KINDS
    place, missing = "", ""
    for sheet in sheets:
        for one in wanted:
            at, lacks = nearest(sheet, one)
            if at and (not place or len(lacks) < len(missing)):
                place, missing, kind = at, lacks, one
    if not place:
        words = " or ".join(f"{one} ({expected_columns(one)})" for one in wanted)
        return RentRollError(file, "", "no header of a rent roll", f"a table of {words}", "Add a header row.")
    return RentRollError(
        file, place, f"a header without {missing}", f"the columns of {kind}: {expected_columns(kind)}",
        "Name the missing column(s) so, or by a word of assets/rent_roll/headers.yaml.",
    )  # fmt: skip


# -- portfolio ------------------------------------------------------------------------------------------------------


def _as_of(roll: RentRoll, as_of: dt.date | None, file: str) -> pd.Timestamp:
    if as_of is None:
        history = roll.frames.get("history")
        last = history["quarter_end"].max() if history is not None else pd.NaT
        as_of = roll.valuation_date if pd.isna(last) else last.date()
    if as_of is None:
        raise RentRollError(
            file,
            "",
            "no date that the leases are of",
            "a history, or a valuation date above the table",
            "Give --as-of.",
        )
    day = pd.Timestamp(as_of)
    if day != day + pd.offsets.QuarterEnd(0):
        raise RentRollError(
            file, "", f"the date {as_of}", "a quarter end such as 2026-06-30", "Give --as-of a quarter end."
        )
    return day


def _drop_later(frames: dict[str, pd.DataFrame], kind: str, column: str, day: pd.Timestamp) -> pd.DataFrame:
    frame = frames[kind]
    late = frame[column] > day
    if not late.any():
        return problems_frame()
    frames[kind] = frame[~late]
    rows = frame[late]
    return problems_frame(
        problem(
            kind,
            "after_as_of",
            "",
            str(row["locator"]),
            column,
            f"{row[column].date()}",
            f"a date not after {day.date()}",
            "Nothing where the past is simulated on purpose; otherwise check --as-of.",
            row,
        )
        for row in rows.to_dict("records")
    )


def _empty(kind: str) -> pd.DataFrame:
    return typed(kind, pd.DataFrame(columns=list(COLUMNS[kind]), dtype=object), "", []).frame
