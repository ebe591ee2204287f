"""From readings to verdicts: which figures are accepted, which are held back and why, and each document's status.

Here a report of expectations/ becomes rows: documents, accepted figures, quarantine. Not here: reading, the rules
themselves, and loading. Everything is a function of its arguments: ids are hashes, and no clock is read.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from assets.reports.candidates import CANDIDATE_COLUMNS, Extraction, Rejection, to_frame
from assets.reports.drift import GENERAL_LAYOUT, drift_result
from expectations import QUARANTINE, QUARANTINE_DOCUMENT, WARN, Report, check

if TYPE_CHECKING:
    from assets.reports.operators import Layouts
    from assets.reports.reading import ReadResult

DOCUMENT_COLUMNS = (
    "document_id",
    "file_name",
    "sha256",
    "media_type",
    "bytes",
    "operator",
    "published_on",
    "status",
    "reason",
    "layout",
    "rows_accepted",
    "rows_quarantined",
)
ACCEPTED_COLUMNS = (*CANDIDATE_COLUMNS, "document_id", "document", "candidate_id", "flags")
QUARANTINE_COLUMNS = (
    "quarantine_id",
    "document_id",
    "rule",
    "severity",
    "reason",
    "row_json",
    "locator",
    "candidate_id",
)

ACCEPTED = "accepted"
QUARANTINED = "quarantined"
REJECTED = "rejected"

NO_FIGURE = "no operating figure recognised"
NO_FIGURE_EXPECTED = (
    "expected at least one capacity, rate or lease term with a date; remedy: open the document, and if it has one, "
    "add its words to the operator's layout file or enter the figures in the CSV template"
)
DUPLICATE_RULE = "R16_duplicate"
UNREADABLE_RULE = "unreadable"
NO_FIGURE_RULE = "no_figure"
NUMBERS = ("value", "value_low", "value_high", "rounding", "trust")
REASONS_SHOWN = 3
ID_LENGTH = 16


@dataclass(frozen=True)
class Judged:
    """The verdicts on a batch.

    documents: one row a document, DOCUMENT_COLUMNS, ordered by file name. accepted: ACCEPTED_COLUMNS, in the order of
    documents and of their figures; `flags` names the warning rules a figure fails, separated by ';'. quarantine:
    QUARANTINE_COLUMNS; candidate_id is '' where a row is about no candidate figure. report: every rule's result, with
    layout_diff last.
    """

    documents: pd.DataFrame
    accepted: pd.DataFrame
    quarantine: pd.DataFrame
    report: Report


def document_id(sha256: str) -> str:
    """The id of a document: the first 16 hexadecimal digits of its content hash."""
    return sha256[:ID_LENGTH]


def judge(results: list[ReadResult], reference: pd.DataFrame, as_of: date, layouts: Layouts) -> Judged:
    """Check the figures of a batch of readings and give each document and figure its verdict.

    `reference` are earlier accepted observations (may be empty); `as_of` is the day of checking: reported figures
    dated later are held back, so give the day of receipt, not the date of a forecast. A document received under several
    names stands once, under the first. Figures of a document that is itself in `reference` are not their own history.
    """
    readings = _one_a_document(results)
    frame = _candidates(readings, layouts)
    earlier = reference
    if len(reference) and "document_id" in reference:
        earlier = reference[~reference["document_id"].isin(set(frame["document_id"]))]
    report = check(frame, earlier, as_of)
    report = replace(report, results=[*report.results, drift_result(readings, frame, earlier)])
    held = _held_back(frame, report)
    quarantine = _quarantine(readings, frame, held)
    accepted = _accepted(frame, held, report)
    documents = _documents(readings, results, accepted, quarantine)
    return Judged(documents, accepted, quarantine, report)


def _one_a_document(results: Iterable[ReadResult]) -> list[ReadResult]:
    """Readings ordered by file name, one for each content."""
    out: dict[str, ReadResult] = {}
    for result in sorted(results, key=lambda result: (result.file_name, result.sha256)):
        out.setdefault(result.sha256, result)
    return list(out.values())


def _candidates(readings: list[ReadResult], layouts: Layouts) -> pd.DataFrame:
    """All candidates of all readings: CANDIDATE_COLUMNS, document_id, document, candidate_id, fiscal_year_end_month."""
    read = [(reading, reading.extraction) for reading in readings if reading.status == "read" and reading.extraction]
    out = to_frame([candidate for _, extraction in read for candidate in extraction.candidates])
    out[list(NUMBERS)] = out[list(NUMBERS)].astype(float)
    out["document_id"] = [document_id(r.sha256) for r, extraction in read for _ in extraction.candidates]
    out["document"] = [r.file_name for r, extraction in read for _ in extraction.candidates]
    out["candidate_id"] = _candidate_ids(out)
    year_ends = {}
    for operator in out["operator"].unique():
        layout = layouts.by_operator(operator)
        year_ends[operator] = layout.fiscal_year_end_month if layout else 12
    out["fiscal_year_end_month"] = out["operator"].map(year_ends).astype(float)
    return out


def _candidate_ids(frame: pd.DataFrame) -> list[str]:
    """Hashes of the document and the whole figure; the same figure twice in one document is told apart by a count."""
    seen: dict[str, int] = defaultdict(int)
    ids = []
    for row in frame[[*CANDIDATE_COLUMNS, "document_id"]].to_dict("records"):
        identity = _json(row)
        seen[identity] += 1
        ids.append(_hash(identity, str(seen[identity])))
    return ids


@dataclass(frozen=True)
class _Held:
    """Why a figure is held back: the rule, its severity, and the reason in words."""

    rule: str
    severity: str
    reason: str


def _held_back(frame: pd.DataFrame, report: Report) -> dict[str, list[_Held]]:
    """By candidate_id, every reason to hold the figure back; figures without one are accepted.

    A figure that fails a rule of severity quarantine_document takes the whole of its source with it: the document, or
    in a compilation that names a source a row, what that source says of the operator.
    """
    held: dict[str, list[_Held]] = defaultdict(list)
    unit_of = dict(zip(frame["candidate_id"], _units(frame), strict=True))
    members: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for candidate, unit in unit_of.items():
        members[unit].append(candidate)
    taken: dict[tuple[str, ...], _Held] = {}
    for result in report.results:
        stops = result.severity in (QUARANTINE, QUARANTINE_DOCUMENT) or result.rule_id == DUPLICATE_RULE
        if result.broken or not stops:
            continue
        for row in result.failing.to_dict("records"):
            why = _Held(result.rule_id, result.severity, reason(row["found"], row["expected"], row["remedy"]))
            held[row["candidate_id"]].append(why)
            if result.severity == QUARANTINE_DOCUMENT:
                taken.setdefault(
                    unit_of[row["candidate_id"]], replace(why, reason=f"{row['found']} ({row['locator']})")
                )
    for unit, why in taken.items():
        whole = "this source" if unit[1] else "this document"
        for candidate in members[unit]:
            if not any(one.severity == QUARANTINE_DOCUMENT for one in held[candidate]):
                words = f"held back with all figures of {whole}: {why.reason}"
                held[candidate].append(replace(why, reason=words))
    return {candidate: reasons for candidate, reasons in held.items() if reasons}


def _units(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """What falls together: (document, '', '') or, where the row names its source, (document, source, operator)."""
    return [
        (document, source, operator) if source else (document, "", "")
        for document, source, operator in zip(
            frame["document_id"], frame["source"].fillna(""), frame["operator"].fillna(""), strict=True
        )
    ]


def reason(found: str, expected: str, remedy: str) -> str:
    """One sentence for a person: what was found, what was expected, what to do."""
    return f"{found}; expected {expected}; remedy: {remedy}"


def _quarantine(readings: list[ReadResult], frame: pd.DataFrame, held: dict[str, list[_Held]]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    by_document: dict[str, list[dict[Any, Any]]] = defaultdict(list)
    for row in frame.to_dict("records"):
        by_document[row["document_id"]].append(row)
    for reading in readings:
        document = document_id(reading.sha256)
        if reading.status != "read" or reading.extraction is None:
            why = _Held(UNREADABLE_RULE, QUARANTINE_DOCUMENT, reading.reason)
            rows.append(_quarantine_row(document, why, {}, ""))
            continue
        for position, rejection in enumerate(reading.extraction.rejections):
            rows.append(_rejection_row(document, rejection, position))
        if not reading.extraction.candidates:
            why = _Held(NO_FIGURE_RULE, QUARANTINE_DOCUMENT, f"{NO_FIGURE}; {NO_FIGURE_EXPECTED}")
            rows.append(_quarantine_row(document, why, {}, ""))
        for row in by_document[document]:
            figure = {name: row[name] for name in CANDIDATE_COLUMNS}
            for why in held.get(row["candidate_id"], []):
                rows.append(_quarantine_row(document, why, figure, row["locator"], row["candidate_id"]))
    return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))


def _rejection_row(document: str, rejection: Rejection, position: int) -> dict[str, Any]:
    figure = {"metric": rejection.metric, "value": rejection.value, "quote": rejection.quote}
    why = _Held(rejection.rule, QUARANTINE, rejection.reason)
    return _quarantine_row(document, why, figure, rejection.locator, salt=str(position))


def _quarantine_row(
    document: str, why: _Held, figure: dict[str, Any], locator: str, candidate: str = "", salt: str = ""
) -> dict[str, Any]:
    row_json = _json(figure) if figure else ""
    return {
        "quarantine_id": _hash(document, why.rule, candidate, locator, row_json, salt),
        "document_id": document,
        "rule": why.rule,
        "severity": why.severity,
        "reason": why.reason,
        "row_json": row_json,
        "locator": locator,
        "candidate_id": candidate,
    }


def _accepted(frame: pd.DataFrame, held: dict[str, list[_Held]], report: Report) -> pd.DataFrame:
    flags: dict[str, list[str]] = defaultdict(list)
    for result in report.results:
        if result.severity == WARN and not result.broken:
            for candidate in result.failing["candidate_id"]:
                flags[candidate].append(result.rule_id)
    out = frame[~frame["candidate_id"].isin(set(held))].reset_index(drop=True)
    out["flags"] = [";".join(flags.get(candidate, [])) for candidate in out["candidate_id"]]
    return out[list(ACCEPTED_COLUMNS)]


def _documents(
    readings: list[ReadResult], results: list[ReadResult], accepted: pd.DataFrame, quarantine: pd.DataFrame
) -> pd.DataFrame:
    counts = accepted["document_id"].value_counts()
    held = {str(key): rows for key, rows in quarantine.groupby("document_id", sort=False)}
    names: dict[str, set[str]] = defaultdict(set)
    for result in results:
        names[result.sha256].add(result.file_name)
    rows = []
    for reading in readings:
        document = document_id(reading.sha256)
        rows_accepted = int(counts.get(document, 0))
        of_document = held.get(document, quarantine.head(0))
        status, words = _status(reading, rows_accepted, of_document)
        others = sorted(names[reading.sha256] - {reading.file_name})
        if others:
            words = "; ".join(part for part in (words, f"same content also received as {', '.join(others)}") if part)
        extraction = reading.extraction
        operator, layout = _whose(extraction) if extraction else ("", "")
        rows.append(
            {
                "document_id": document,
                "file_name": reading.file_name,
                "sha256": reading.sha256,
                "media_type": reading.media_type,
                "bytes": reading.size,
                "operator": operator,
                "published_on": extraction.published_on if extraction else "",
                "status": status,
                "reason": words,
                "layout": layout,
                "rows_accepted": rows_accepted,
                "rows_quarantined": _rows_quarantined(of_document),
            }
        )
    return pd.DataFrame(rows, columns=list(DOCUMENT_COLUMNS))


def _whose(extraction: Extraction) -> tuple[str, str]:
    """Operator and layout of a document; a compilation of several operators' figures is nobody's, and says so."""
    operators = {candidate.operator for candidate in extraction.candidates if candidate.operator}
    if len(operators) > 1:
        return f"several ({len(operators)})", GENERAL_LAYOUT
    return extraction.operator, extraction.layout


def _rows_quarantined(of_document: pd.DataFrame) -> int:
    """Figures held back, each counted once, and rejections of the reader."""
    figures = of_document[of_document["row_json"] != ""]
    candidates = figures.loc[figures["candidate_id"] != "", "candidate_id"].nunique()
    return int(candidates + (figures["candidate_id"] == "").sum())


def _status(reading: ReadResult, rows_accepted: int, of_document: pd.DataFrame) -> tuple[str, str]:
    if reading.status != "read" or reading.extraction is None:
        status = reading.status if reading.status in (REJECTED, QUARANTINED) else QUARANTINED
        return status, reading.reason or "could not be read, and the reader gave no reason"
    words = _reasons(of_document)
    if rows_accepted:
        count = _rows_quarantined(of_document)
        return ACCEPTED, f"{count} figure(s) held back: {words}" if count else ""
    if not reading.extraction.candidates and not len(reading.extraction.rejections):
        return QUARANTINED, f"{NO_FIGURE}; {NO_FIGURE_EXPECTED}"
    if not reading.extraction.candidates:
        return QUARANTINED, f"{NO_FIGURE} for certain: {words}"
    return QUARANTINED, words


def _reasons(of_document: pd.DataFrame) -> str:
    """The first reasons of a document's quarantine, the hardest first, without those that only repeat another."""
    own = of_document[~of_document["reason"].str.startswith("held back with all figures")]
    own = own[own["rule"] != NO_FIGURE_RULE]
    ordered = pd.concat([own[own["severity"] == QUARANTINE_DOCUMENT], own[own["severity"] != QUARANTINE_DOCUMENT]])
    reasons = list(dict.fromkeys(ordered["reason"]))
    more = len(reasons) - REASONS_SHOWN
    shown = " | ".join(reasons[:REASONS_SHOWN])
    return f"{shown} | and {more} more in quarantine" if more > 0 else shown


def _json(row: dict[Any, Any]) -> str:
    """A row as JSON with sorted keys; missing numbers are null."""
    clean = {str(key): None if isinstance(value, float) and pd.isna(value) else value for key, value in row.items()}
    return json.dumps(clean, sort_keys=True, ensure_ascii=False, default=str)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:ID_LENGTH]
