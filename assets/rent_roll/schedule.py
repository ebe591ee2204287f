"""A sheet as people lay out tenancy schedules, to plain rows: header found, headings and subtotals taken out and named.

Belongs here: layout alone (header rows, headings, subtotals, vacant space, notes, property codes that stand once a
block, units, valuation date). Not here: typing of cells (tables.py), words (headers.yaml).

A row that is taken out is counted and named in the remarks, subtotals are checked against the rows they sum, and
whatever is not plainly one of these stays a record, so that a broken lease becomes a problem and never a heading.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assets.rent_roll.kinds import (
    KINDS,
    NAME,
    Header,
    Meaning,
    anchors,
    closest,
    power_columns,
    recognise,
    unit_divisor,
)
from assets.rent_roll.problems import RentRollError, problem
from assets.rent_roll.sheets import Sheet
from assets.rent_roll.tables import Column, column_of
from assets.rent_roll.values import parse_dates, parse_numbers
from assets.rent_roll.words import blank, folded, shown

HEADER_ROWS_SEARCHED = 60
MOST_HEADER_ROWS = 3
# A table under building headings has no column for the building; then it must be plain in all else.
LEAST_COLUMNS_UNDER_HEADINGS = 6

_TOTAL = re.compile(
    r"^(?:grand |portfolio |overall |sheet )?(?:sub[- ]?)?totals?\b|\bsub[- ]?totals?\b|"
    r"\btotals?[: ]*$|[小合總总][計计]",
    re.I,
)
_VACANT = re.compile(
    r"^\W*(?:vacant|void|vacancy|unlet|to let|available|available to let|not let|空置|未租)\b|^空置|^未租", re.I
)
_UNIT_ROW = re.compile(
    r"\(?(?:in )?(?:kw|mw|kilowatts?|megawatts?|hkd.*|hk\$.*|%|pct|d{1,2}\W?m{1,3}\W?y{2,4}|"
    r"y{4}\W?m{1,2}\W?d{1,2}|date|years?|no|ref)\)?",
    re.I,
)
_DATED = re.compile(
    r"\b(?:date of valuation|valuation(?: date)?|as at|as of|position at|position as of|cut[- ]?off(?: date)?|"
    r"report(?:ing)? date|effective(?: date)?|schedule date|balance date)\b|估值日期?|截至|^date\b",
    re.I,
)
_A_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}(?:st|nd|rd|th)?[- ]?[A-Za-z]{3,9}\.?[-, ]*\d{4}|"
    r"[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
)
_ALL_IN = re.compile(r"\b(?:all|power|capacit\w+|loads?|figures)\b.{0,40}?\bin (kw|mw)\b", re.I)
_HEADING_CODE = re.compile(r"([A-Za-z]{1,6}[-_]?\d{1,5}[A-Za-z]?)(?=\s{2,}|\s*[-–—:|,(]|\s*$)")


@dataclass(frozen=True)
class RawTable:
    """A table of one kind as plain rows: `text` named as the portfolio's columns (others by their header), `rows`
    their positions in the sheet, and what typing needs besides (see tables.typed).
    """

    kind: str
    header: Header
    text: pd.DataFrame
    rows: np.ndarray
    divisors: dict[str, float | None]
    per_cent: bool
    cut: np.ndarray | None
    problems: tuple[dict[str, str], ...]
    remarks: tuple[str, ...]
    valuation_date: dt.date | None


@dataclass(frozen=True)
class _Found:
    header: Header
    first: int
    last: int


def raw_table(sheet: Sheet) -> RawTable | None:
    """The table of a rent roll on a sheet, None where there is none.

    Raises RentRollError where two columns claim to be the same one.
    """
    found = _find_header(sheet)
    if found is None:
        return None
    header = _settled(sheet, found)
    body = np.arange(found.last + 1, len(sheet.cells))
    cells = {
        position: column_of(sheet.cells[position].iloc[found.last + 1 :]) for position in range(sheet.cells.shape[1])
    }
    remarks: list[str] = []
    problems: list[dict[str, str]] = []
    divisors = _divisors(sheet, found, header, remarks)
    kinds = _classified(sheet, found, header, cells)
    facility = _facilities(sheet, header, cells, kinds, body, remarks)
    if facility is None:
        return None
    _check_sums(sheet, header, cells, kinds, body, divisors, problems)
    _name_left_out(sheet, cells, kinds, body, remarks)
    keep = kinds == _RECORD
    text = _named(sheet, header, body[keep])
    if facility is not _AS_WRITTEN:
        text["facility_id"] = facility[keep]
    share = header.columns.get("stack_weight_mainland")
    return RawTable(
        header.kind,
        header,
        text,
        body[keep],
        divisors,
        share is not None and "pct" in folded(share.text).split(),
        _cut_rows(sheet, found, body[keep]),
        tuple(problems),
        tuple(f"{sheet.title}: {remark}" for remark in remarks),
        valuation_date(sheet, found.first),
    )


def valuation_date(sheet: Sheet, rows: int | None = None) -> dt.date | None:
    """The date that the first `rows` rows of a sheet (default: all, for a cover sheet) say the schedule is of."""
    for row in range(min(len(sheet.cells) if rows is None else rows, HEADER_ROWS_SEARCHED)):
        values = [value for value in sheet.cells.iloc[row] if not blank(value)]
        for position, value in enumerate(values):
            label = _DATED.search(value) if isinstance(value, str) else None
            if label is None or not isinstance(value, str):
                continue
            candidates: list[object] = list(_A_DATE.findall(value, label.end())[:1])
            if not candidates and not value[label.end() :].strip(" :-"):
                candidates = list(values[position + 1 : position + 2])
            days = parse_dates(candidates).values
            if len(days) and not np.isnat(days[0]):
                day: dt.date = pd.Timestamp(days[0]).date()
                return day
    return None


def legend_of(sheet: Sheet) -> dict[str, str]:
    """Codes and their meanings, folded codes first, of a sheet that explains them in two columns; else empty."""
    if len(sheet.cells) > 500:
        return {}
    filled = [[value for value in row if not blank(value)] for row in sheet.cells.itertuples(index=False)]
    filled = [row for row in filled if row]
    if not filled or sum(len(row) == 2 for row in filled) < 0.8 * len(filled):
        return {}
    return {folded(shown(row[0])): shown(row[1]) for row in filled if len(row) == 2 and isinstance(row[1], str)}


def nearest(sheet: Sheet, kind: str) -> tuple[str, str]:
    """(place, what is missing) of the row that comes closest to a header of this kind; ('', '') without any."""
    best: tuple[int, int, Header] | None = None
    for row in range(min(len(sheet.cells), HEADER_ROWS_SEARCHED)):
        header = closest(kind, [_texts(sheet, row)])
        if header.columns and (best is None or len(header.columns) > best[0]):
            best = (len(header.columns), row, header)
    if best is None:
        return "", ""
    return sheet.place(best[1]), ", ".join(best[2].missing)


# -- header ---------------------------------------------------------------------------------------------------------


def _texts(sheet: Sheet, row: int) -> list[str]:
    return [shown(value) for value in sheet.cells.iloc[row]]


def _find_header(sheet: Sheet) -> _Found | None:
    """The header rows that recognise most, surest first; the earliest of equals."""
    rows = min(len(sheet.cells), HEADER_ROWS_SEARCHED)
    texts = [_texts(sheet, row) for row in range(rows)]
    best: tuple[tuple[int, int, int, int], _Found] | None = None
    for last in range(rows):
        for count in range(1, MOST_HEADER_ROWS + 1):
            first = last - count + 1
            if first < 0 or not all(_may_be_header(texts[row]) for row in range(first, last + 1)):
                break
            block = _spread(sheet, texts, first, last)
            header = recognise(block) or _under_headings(block)
            if header is None:
                continue
            units = sum(
                header.columns[name].divisor is not None for name in power_columns(header.kind) & set(header.columns)
            )
            sure = sum(meaning.certainty for meaning in header.columns.values())
            score = (len(header.columns) - len(header.conflicts), sure, units, -count)
            if best is None or score > best[0]:
                best = (score, _Found(header, first, last))
    if best is None:
        return None
    found = best[1]
    below = found.last + 1
    if below < rows and (filled := [text for text in texts[below] if text]) and all(map(_UNIT_ROW.fullmatch, filled)):
        columns = {
            name: replace(meaning, divisor=meaning.divisor or unit_divisor(texts[below][meaning.position]))
            if name in power_columns(found.header.kind)
            else meaning
            for name, meaning in found.header.columns.items()
        }
        return _Found(replace(found.header, columns=columns), found.first, below)
    return found


def _may_be_header(texts: list[str]) -> bool:
    filled = [text for text in texts if text]
    numbers = sum(bool(re.fullmatch(r"[-\d.,/: ]+", text)) for text in filled)
    return len(filled) >= 2 and numbers <= len(filled) // 4


def _spread(sheet: Sheet, texts: list[list[str]], first: int, last: int) -> list[list[str]]:
    """Header rows with group headings over all the columns they head: by merged cells, else to the next heading."""
    block = [list(texts[row]) for row in range(first, last + 1)]
    for depth, row in enumerate(range(first, last)):
        number = int(sheet.numbers[row])
        merged = {position: end for (at, position), end in sheet.merges.items() if at == number}
        heading = ""
        until = -1
        for position, text in enumerate(texts[row]):
            if text:
                heading, until = text, merged.get(position, position) if merged else len(texts[row])
            elif position <= until and any(lower[position] for lower in block[depth + 1 :]):
                block[depth][position] = heading
    return block


def _under_headings(block: list[list[str]]) -> Header | None:
    """A header of leases without a column for the building, which then stands in headings above its leases."""
    header = closest("leases", block)
    if header.missing != ("facility_id",) or len(header.columns) < LEAST_COLUMNS_UNDER_HEADINGS:
        return None
    # The name that such a header must not lack besides: whose lease it is.
    return header if header.columns.keys() & {"tenant_name", "tenant_id", "lease_id"} else None


def _settled(sheet: Sheet, found: _Found) -> Header:
    """The header without conflicts; two columns for one thing are an error unless they hold the same."""
    columns = dict(found.header.columns)
    for name, claimed in found.header.conflicts.items():
        first, *others = claimed
        body = sheet.cells.iloc[found.last + 1 :]
        same = all(
            body[first.position].astype(object).map(shown).equals(body[other.position].astype(object).map(shown))
            for other in others
        )
        if not same:
            words = " and ".join(repr(meaning.text) for meaning in claimed)
            raise RentRollError(
                sheet.file,
                sheet.place(found.last),
                f"two columns for {name}: {words}",
                f"one column for {name}",
                "Rename or delete the one that is not meant.",
            )
        columns[name] = first
    return replace(found.header, columns=columns, conflicts={})


def _divisors(sheet: Sheet, found: _Found, header: Header, remarks: list[str]) -> dict[str, float | None]:
    divisors: dict[str, float | None] = {}
    stated = None
    for row in range(found.first):
        for text in _texts(sheet, row):
            if match := _ALL_IN.search(text):
                stated = unit_divisor(match[1])
    for name, meaning in header.columns.items():
        if name in power_columns(header.kind):
            divisors[name] = meaning.divisor or stated
            if meaning.divisor is None and stated:
                remarks.append(f"{meaning.text!r} is read in {'kW' if stated > 1 else 'MW'}, as stated above the table")
            elif divisors[name] == 1_000:
                remarks.append(f"{meaning.text!r} is in kW and was divided by 1000")
        elif meaning.divisor:
            divisors[name] = meaning.divisor
            remarks.append(f"{meaning.text!r} is a year's rent and was divided by 12")
    return divisors


# -- rows -----------------------------------------------------------------------------------------------------------

_RECORD, _BLANK, _HEADER, _HEADING, _TOTALS, _VACANCY, _NOTE = range(7)
_WORDS = {
    _HEADER: "repeated header row",
    _HEADING: "heading row",
    _TOTALS: "subtotal or total row",
    _VACANCY: "row of vacant space",
    _NOTE: "note row",
}


def _classified(sheet: Sheet, found: _Found, header: Header, cells: Mapping[int, Column]) -> np.ndarray:
    """What each row below the header is. Only rows without any anchor (a date, mostly) can be other than records."""
    rows = len(sheet.cells) - found.last - 1
    loose = np.ones(rows, dtype=bool)
    for name in anchors(header.kind):
        if name in header.columns:
            column = cells[header.columns[name].position]
            words = {folded(text) for row in range(found.first, found.last + 1) for text in _texts(sheet, row) if text}
            loose &= ~column.flags(lambda value: not blank(value) and folded(shown(value)) not in words)  # noqa: B023
    kinds = np.full(rows, _RECORD)
    header_words = {folded(text) for row in range(found.first, found.last + 1) for text in _texts(sheet, row) if text}
    known = {meaning.position: name for name, meaning in header.columns.items()}
    power = {position for position, name in known.items() if name in power_columns(header.kind)}
    for row in np.flatnonzero(loose):
        filled = {position: value for position, column in cells.items() if not blank(value := column.at(row))}
        kinds[row] = _kind_of_row(filled, header_words, known, power)
    # Single texts after the last record are notes, before it headings.
    records = np.flatnonzero(kinds == _RECORD)
    last = records[-1] if len(records) else -1
    after = np.arange(rows) > last
    kinds[after & (kinds == _HEADING)] = _NOTE
    return kinds


def _kind_of_row(filled: dict[int, object], header_words: set[str], known: dict[int, str], power: set[int]) -> int:
    if not filled:
        return _BLANK
    texts = [value for value in filled.values() if isinstance(value, str)]
    if len(texts) == len(filled) and len(filled) > 1 and all(folded(text) in header_words for text in texts):
        return _HEADER
    if any(_TOTAL.search(text.strip()) for text in texts):
        return _TOTALS
    if any(_VACANT.search(text) for text in texts):
        return _VACANCY
    if filled.keys() & power:
        # A sum below its column, with no word to it.
        return _TOTALS if not any(re.search(r"[^\W\d_]", text) for text in texts) else _RECORD
    names = {known[position] for position in filled if position in known}
    if len(filled) == 1 or names <= {"facility_id"}:
        return _HEADING
    return _RECORD


def _name_left_out(
    sheet: Sheet, cells: Mapping[int, Column], kinds: np.ndarray, body: np.ndarray, remarks: list[str]
) -> None:
    for kind, word in _WORDS.items():
        rows = np.flatnonzero(kinds == kind)
        if len(rows):
            shown_cells = [shown(column.at(rows[0])) for column in cells.values() if not blank(column.at(rows[0]))]
            listed = ", ".join(str(sheet.numbers[body[row]]) for row in rows[:40])
            more = f" and {len(rows) - 40} more" if len(rows) > 40 else ""
            first = " | ".join(shown_cells)[:120]
            remarks.append(
                f"{len(rows)} {word}{'s' if len(rows) > 1 else ''} hold no record ({sheet.word} {listed}{more}; the "
                f"first reads {first!r})"
            )


# -- property codes -------------------------------------------------------------------------------------------------

_AS_WRITTEN = np.empty(0, dtype=object)


def _facilities(
    sheet: Sheet,
    header: Header,
    cells: Mapping[int, Column],
    kinds: np.ndarray,
    body: np.ndarray,
    remarks: list[str],
) -> np.ndarray | None:
    """The building of each row where it is not simply written in each; None where it cannot be known for any.

    A code that stands only on the first row of a block holds for the block. That is taken to be meant only where no
    code ever stands on two rows of a block that follow each other; elsewhere a blank cell is a missing one.
    """
    records = kinds == _RECORD
    meaning = header.columns.get("facility_id")
    boundary = np.isin(kinds, (_HEADING, _TOTALS))
    block = np.cumsum(boundary)
    if meaning is None and not (kinds == _HEADING).any():
        return None
    if meaning is not None:
        column = cells[meaning.position]
        written = column.flags(lambda value: not blank(value))
        at = np.flatnonzero(records)
        if written[at].all():
            return _AS_WRITTEN
        follows = (block[at][1:] == block[at][:-1]) & written[at][1:] & written[at][:-1]
        if (follows & (column.codes[at][1:] == column.codes[at][:-1])).any():
            return _AS_WRITTEN
        values = np.array([column.at(row) if written[row] else None for row in range(len(kinds))], dtype=object)
    else:
        values = np.full(len(kinds), None, dtype=object)
    own = values.copy()
    for row in np.flatnonzero(kinds == _HEADING):
        texts = [shown(col.at(row)) for col in cells.values() if not blank(col.at(row))]
        in_column = shown(values[row]) if meaning is not None and len(texts) > 1 else ""
        values[row] = in_column or _heading_id(texts[0])
    values[kinds == _TOTALS] = None
    filled = pd.Series(values, dtype=object).groupby(block).ffill().to_numpy(dtype=object)
    count = int((records & pd.isna(own) & ~pd.isna(filled)).sum())
    if count:
        remarks.append(f"{count:,} row(s) take the building from the first row of their block or its heading")
    return np.asarray(filled)


def _heading_id(text: str) -> str:
    """The code a heading begins with ('HK01  Tower (Kwai Chung)'), else all of it: a building's name."""
    found = _HEADING_CODE.match(text.strip())
    return found[1] if found else text.strip()


# -- sums -----------------------------------------------------------------------------------------------------------


def _check_sums(
    sheet: Sheet,
    header: Header,
    cells: Mapping[int, Column],
    kinds: np.ndarray,
    body: np.ndarray,
    divisors: Mapping[str, float | None],
    problems: list[dict[str, str]],
) -> None:
    """A subtotal must be the sum of the rows above it, back to an earlier subtotal or heading; with or without vacant
    space.
    """
    totals = np.flatnonzero(kinds == _TOTALS)
    names = [name for name in ("mw", "capacity_mw") if name in header.columns and name in divisors]
    if not len(totals) or not names:
        return
    name = names[0]
    meaning = header.columns[name]
    column = cells[meaning.position]
    # In the sheet's own unit, which is the one a person will look for.
    parsed, at = column.parsed(lambda values: parse_numbers(values, power=True, divisor=1.0))
    figures = np.append(parsed.values, np.nan)[at]
    let = np.where(kinds == _RECORD, np.nan_to_num(figures), 0.0)
    vacant = np.where(kinds == _VACANCY, np.nan_to_num(figures), 0.0)
    starts = np.unique(np.concatenate([[0], np.flatnonzero(np.isin(kinds, (_HEADING, _TOTALS))) + 1]))
    for row in totals:
        printed = figures[row]
        if np.isnan(printed):
            continue
        tolerance = _half_unit(shown(column.at(row))) + 1e-6 * abs(printed)
        before = starts[starts <= row]
        run = np.concatenate([[0.0], np.cumsum(let)])
        with_vacant = np.concatenate([[0.0], np.cumsum(let + vacant)])
        sums = np.concatenate([run[row] - run[before], with_vacant[row] - with_vacant[before]])
        if (np.abs(sums - printed) <= tolerance).any():
            continue
        spans = [start for start in before if let[start:row].any()]
        here = run[row] - run[spans[-1]] if spans else 0.0
        whole = {_header_text(header, sheet, position): col.at(row) for position, col in cells.items()}
        problems.append(
            problem(
                header.kind,
                "subtotal",
                sheet.file,
                sheet.place(int(body[row])),
                name,
                f"{printed:g} as the sum under {meaning.text!r}",
                f"{here:g}, the sum of the rows above it",
                "Find the row that is missing, hidden or changed; the rows themselves were taken.",
                whole,
            )
        )


def _half_unit(text: str) -> float:
    decimals = len(text.split(".")[1]) if re.fullmatch(r"-?[\d,]+\.\d+", text) else 0
    return 0.5 * 10.0**-decimals


def _header_text(header: Header, sheet: Sheet, position: int) -> str:
    for meaning in header.columns.values():
        if meaning.position == position:
            return meaning.text
    return header.others.get(position, f"column {position + 1}")


# -- the plain table ------------------------------------------------------------------------------------------------


def _named(sheet: Sheet, header: Header, rows: np.ndarray) -> pd.DataFrame:
    """The records with columns named as the portfolio's; columns that mean nothing here keep their header."""
    names: dict[int, str] = {meaning.position: name for name, meaning in header.columns.items()}
    taken = set(names.values())
    for position in range(sheet.cells.shape[1]):
        if position in names:
            continue
        text = header.others.get(position, f"column {position + 1}")
        while text in taken:
            text += " "
        names[position] = text
        taken.add(text)
    if len(rows) == rows[-1] - rows[0] + 1 if len(rows) else False:
        chosen = sheet.cells.iloc[rows[0] : rows[-1] + 1]
    else:
        chosen = sheet.cells.iloc[rows]
    return chosen.rename(columns=names).reset_index(drop=True)


def _cut_rows(sheet: Sheet, found: _Found, rows: np.ndarray) -> np.ndarray | None:
    """Lines with fewer fields than the header, or with filled fields beyond it."""
    if sheet.widths is None:
        return None
    width = int(sheet.widths[found.last])
    cut = sheet.widths[rows] < width
    longer = np.flatnonzero(sheet.widths[rows] > width)
    for row in longer:
        cut[row] = any(not blank(value) for value in sheet.cells.iloc[rows[row], width:])
    return cut if cut.any() else None


def certain_ids(header: Header) -> bool:
    """Whether the column of the building's code is named so plainly that a report's table cannot be meant."""
    meaning: Meaning | None = header.columns.get("facility_id")
    return meaning is not None and meaning.certainty >= NAME


def expected_columns(kind: str) -> str:
    """The columns a header of this kind must have, in words."""
    return ", ".join(closest(kind, [[]]).missing)


def is_kind(name: str) -> bool:
    """Whether a name is one of the five kinds."""
    return name in KINDS
