"""Rent rolls that were read into portfolios, with a verdict for each document and a quarantine row for what is held
back.

Belongs here: which documents make one portfolio, which row stands where two documents have the same, and what the
rules' results do to rows. Not here: reading (reading.py), the rules (expectations/rent_roll.py), the warehouse.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assets.rent_roll.kinds import KINDS
from assets.rent_roll.roll import RentRoll
from assets.rent_roll.tables import COLUMNS, typed
from assets.reports.verdicts import DOCUMENT_COLUMNS, QUARANTINE_COLUMNS, document_id, reason
from expectations import QUARANTINE, QUARANTINE_DOCUMENT, Report
from expectations.publication import RENT_ROLL
from expectations.rent_roll import RENT_ROLL_RULES, check_rent_roll

if TYPE_CHECKING:
    from assets.reports.reading import ReadResult

# What names a row of a kind: where two documents have the same, the one received later stands.
KEYS: Mapping[str, tuple[str, ...]] = {
    "facilities": ("facility_id",),
    "leases": ("lease_id",),
    "evidence": ("facility_id", "evidence_date", "points_to", "strength", "statement", "source"),
    "history": ("facility_id", "quarter_end"),
    "deliveries": ("facility_id", "planned_date"),
}
_INVENTED = re.compile(r"\b(?:fictitious|illustrative|synthetic|invented)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Received:
    """A document that is a rent roll: its reading, the portfolio whose folder it lay in, and when it came."""

    result: ReadResult
    roll: RentRoll
    portfolio: str
    received_at: datetime


@dataclass(frozen=True)
class JudgedPortfolio:
    """Accepted rows by kind (portfolio columns, document_id, locator), the quarter end they are of, and whether the
    files call themselves invented.
    """

    frames: dict[str, pd.DataFrame]
    as_of: pd.Timestamp
    illustrative: bool


@dataclass(frozen=True)
class JudgedRolls:
    """portfolios by name; documents: DOCUMENT_COLUMNS; quarantine: QUARANTINE_COLUMNS; report: every rule's result over
    all portfolios.
    """

    portfolios: dict[str, JudgedPortfolio]
    documents: pd.DataFrame
    quarantine: pd.DataFrame
    report: Report


def judge_rolls(received: Iterable[Received]) -> JudgedRolls:
    """Judge all rent rolls at once. A document that has no row left is quarantined; a portfolio without buildings,
    leases or a date is not there, and its documents say why.
    """
    documents = sorted(received, key=lambda one: (one.received_at, one.result.file_name, one.result.sha256))
    by_name: dict[str, list[Received]] = defaultdict(list)
    for one in documents:
        by_name[one.portfolio].append(one)
    held: list[dict[str, Any]] = []
    for one in documents:
        held += [_problem_row(one, row) for row in one.roll.problems.to_dict("records")]
    portfolios: dict[str, JudgedPortfolio] = {}
    whole: dict[str, str] = {}
    reports: list[Report] = []
    for name, own in sorted(by_name.items()):
        frames = {kind: _stacked(kind, own) for kind in KINDS}
        as_of = _as_of(frames, own)
        lacks = _lacks(frames, as_of)
        if lacks or as_of is None:
            for one in own:
                whole[one.result.sha256] = lacks
            continue
        report = check_rent_roll({kind: frames[kind] for kind in KINDS}, as_of.date())
        reports.append(report)
        frames, rows = _without_failing(frames, report)
        held += rows
        if not len(frames["facilities"]) or not len(frames["leases"]):
            # What held the rows back stands in quarantine beside this.
            for one in own:
                whole[one.result.sha256] = reason(
                    "no building or no lease of the rent roll is left", "at least one of each that breaks no rule",
                    "see the other rows of this document in quarantine",
                )  # fmt: skip
            continue
        frames["leases"] = _commenced(frames["leases"], as_of)
        words = " ".join(str(value) for value in frames["facilities"]["name"].dropna())
        invented = bool(_INVENTED.search(words)) or any(
            _INVENTED.search(remark) for one in own for remark in one.roll.remarks
        )
        portfolios[name] = JudgedPortfolio(frames, as_of, invented)
    quarantine = pd.DataFrame(held, columns=list(QUARANTINE_COLUMNS)).drop_duplicates("quarantine_id")
    verdicts = [_verdict(one, portfolios, quarantine, whole) for one in documents]
    extra = [_whole_row(one, whole[one.result.sha256]) for one in documents if one.result.sha256 in whole]
    quarantine = pd.concat([quarantine, pd.DataFrame(extra, columns=list(QUARANTINE_COLUMNS))], ignore_index=True)
    return JudgedRolls(portfolios, pd.DataFrame(verdicts, columns=list(DOCUMENT_COLUMNS)), quarantine, _joined(reports))


def _stacked(kind: str, own: Sequence[Received]) -> pd.DataFrame:
    """Rows of a kind from all documents of a portfolio, with document_id; of the same row the later one stands."""
    frames = [
        one.roll.frames[kind].assign(document_id=document_id(one.result.sha256))
        for one in own
        if kind in one.roll.frames and len(one.roll.frames[kind])
    ]
    if not frames:
        empty = typed(kind, pd.DataFrame(columns=list(COLUMNS[kind]), dtype=object), "", []).frame
        return empty.assign(document_id=pd.Series(dtype=object))
    both = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    keys = list(KEYS[kind])
    # Within one document a key that stands twice is for the rules to judge.
    newest = both.groupby(keys, dropna=False)["document_id"].transform("last")
    return both[both["document_id"] == newest].reset_index(drop=True)


def _as_of(frames: Mapping[str, pd.DataFrame], own: Sequence[Received]) -> pd.Timestamp | None:
    if len(frames["history"]):
        return pd.Timestamp(frames["history"]["quarter_end"].max())
    days = [one.roll.valuation_date for one in own if one.roll.valuation_date is not None]
    if not days:
        return None
    day = pd.Timestamp(max(days))
    return day if day == day + pd.offsets.QuarterEnd(0) else None


def _lacks(frames: Mapping[str, pd.DataFrame], as_of: pd.Timestamp | None) -> str:
    if not len(frames["facilities"]):
        return reason(
            "no table of facilities beside it", "facility_id, operator, market and capacity_mw of its buildings",
            "put the file of facilities into the same folder",
        )  # fmt: skip
    if not len(frames["leases"]):
        return reason("no table of leases beside it", "one row a lease", "put the file of leases into the same folder")
    if as_of is None:
        return reason(
            "no date that the leases are of", "a history by quarter, or a valuation date that is a quarter end",
            "put the history into the same folder",
        )  # fmt: skip
    return ""


def _commenced(leases: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    started = (leases["commencement_date"] <= as_of).astype("boolean")
    return leases.assign(commenced=leases["commenced"].astype("boolean").fillna(started).astype(bool))


def _without_failing(
    frames: dict[str, pd.DataFrame], report: Report
) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """Rows that fail a rule which holds rows back are taken out, each with its quarantine row; with a building go all
    its rows, since its leases cannot be counted without it.
    """
    failing = report.failing(QUARANTINE, QUARANTINE_DOCUMENT)
    rows: list[dict[str, Any]] = []
    dropped: dict[str, set[tuple[str, str]]] = defaultdict(set)
    buildings: dict[str, tuple[str, str, str]] = {}
    for row in failing.to_dict("records"):
        place = (str(row["document_id"]), str(row["locator"]))
        words = reason(str(row["found"]), str(row["expected"]), str(row["remedy"]))
        found: dict[str, str | None] = {}
        for kind, frame in frames.items():
            match = frame[_is_at(frame, {place})]
            if len(match):
                dropped[kind].add(place)
                found = _printed(match.iloc[0])
                if kind == "facilities" or row["severity"] == QUARANTINE_DOCUMENT:
                    name = str(match["facility_id"].iloc[0])
                    buildings.setdefault(name, (str(row["rule_id"]), str(row["severity"]), words))
        printed = json.dumps(found, ensure_ascii=False) if found else ""
        rows.append(_row(place[0], str(row["rule_id"]), str(row["severity"]), words, printed, place[1]))
    out = {kind: frame[~_is_at(frame, dropped[kind])].reset_index(drop=True) for kind, frame in frames.items()}
    for kind, frame in out.items():
        without = frame["facility_id"].isin(buildings)
        for record in frame[without].to_dict("records"):
            rule, severity, words = buildings[str(record["facility_id"])]
            words = f"held back with its building {record['facility_id']}: {words}"
            printed = json.dumps(_printed(pd.Series(record)), ensure_ascii=False)
            rows.append(_row(str(record["document_id"]), rule, severity, words, printed, str(record["locator"])))
        out[kind] = frame[~without].reset_index(drop=True)
    return out, rows


def _is_at(frame: pd.DataFrame, places: set[tuple[str, str]]) -> np.ndarray:
    keys = zip(frame["document_id"].astype(str), frame["locator"].astype(str), strict=True)
    return np.array([key in places for key in keys], dtype=bool)


def _printed(row: pd.Series) -> dict[str, str | None]:
    return {str(key): None if pd.isna(value) else str(value) for key, value in row.items()}


def _problem_row(one: Received, row: Mapping[Any, Any]) -> dict[str, Any]:
    column = f"{row['column']}: " if row["column"] else ""
    words = reason(f"{column}{row['found']}", str(row["expected"]), str(row["remedy"]))
    return _row(
        document_id(one.result.sha256), f"rent_roll_{row['rule']}", QUARANTINE, words, str(row["row_json"] or ""),
        str(row["locator"]),
    )  # fmt: skip


def _whole_row(one: Received, words: str) -> dict[str, Any]:
    return _row(document_id(one.result.sha256), "rent_roll_incomplete", QUARANTINE_DOCUMENT, words, "", "")


def _row(document: str, rule: str, severity: str, words: str, row_json: str, locator: str) -> dict[str, Any]:
    parts = "\x1f".join((document, rule, locator, row_json, words))
    return {
        "quarantine_id": hashlib.sha256(parts.encode()).hexdigest()[:16], "document_id": document, "rule": rule,
        "severity": severity, "reason": words, "row_json": row_json, "locator": locator, "candidate_id": "",
    }  # fmt: skip


def _verdict(
    one: Received, portfolios: Mapping[str, JudgedPortfolio], quarantine: pd.DataFrame, whole: Mapping[str, str]
) -> dict[str, Any]:
    document = document_id(one.result.sha256)
    portfolio = portfolios.get(one.portfolio)
    accepted = 0
    if portfolio is not None:
        accepted = sum(int((frame["document_id"] == document).sum()) for frame in portfolio.frames.values())
    held = quarantine[quarantine["document_id"] == document]
    if one.result.sha256 in whole:
        status, words = "quarantined", whole[one.result.sha256]
    elif accepted:
        status = "accepted"
        words = f"{len(held)} row(s) held back: {held['reason'].iloc[0]}" if len(held) else ""
    elif len(held):
        status, words = "quarantined", str(held["reason"].iloc[0])
    else:
        status, words = "accepted", "every row stands in a document received later"
    return {
        "document_id": document, "file_name": one.result.file_name, "sha256": one.result.sha256,
        "media_type": one.result.media_type, "bytes": one.result.size, "operator": "", "published_on": "",
        "status": status, "reason": words, "layout": RENT_ROLL, "rows_accepted": accepted,
        "rows_quarantined": len(held),
    }  # fmt: skip


def _joined(reports: Sequence[Report]) -> Report:
    """One result a rule over all portfolios; without a portfolio every rule had nothing to check."""
    if not reports:
        from expectations.report import RuleResult

        return Report([RuleResult(rule.id, rule.title, rule.severity, True, 0) for rule in RENT_ROLL_RULES])
    results = []
    for position, first in enumerate(reports[0].results):
        same = [report.results[position] for report in reports]
        results.append(
            replace(
                first, passed=all(one.passed for one in same), checked=sum(one.checked for one in same),
                broken=any(one.broken for one in same), error="; ".join(one.error for one in same if one.error),
                failing=pd.concat([one.failing for one in same], ignore_index=True),
                severity=max((one.severity for one in same), key=_hardness),
            )
        )  # fmt: skip
    return Report(results, sum(report.seconds for report in reports))


def _hardness(severity: str) -> int:
    from expectations.report import SEVERITIES

    return SEVERITIES.index(severity)
