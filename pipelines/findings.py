"""Check results as plain JSON, so that they can be remembered, shown in Dagster and printed by the command line.

A finding is one rule's result: id, title, severity, passed, broken, error, checked, failing_total, failing (rows).
What does not belong here: the rules (expectations/) and Dagster's objects (checks.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from expectations import Report

# The quote last: it is the longest, and what is cut off at the right of a screen is it.
ROW_COLUMNS = ("file", "place", "found", "expected", "remedy", "quote")
_IN_REPORT = {"file": "document", "place": "locator"}
TEXT_LIMIT = 400


def plain(value: Any) -> Any:
    """A value that JSON and Dagster's metadata take: numpy scalars become Python's, NaN and NaT None, dates text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        text = value.isoformat()
        return None if text == "NaT" else text
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(entry) for entry in value]
    if hasattr(value, "item"):
        return plain(value.item())
    text = str(value)
    return None if text in {"NaT", "<NA>"} else text


def shorten(text: Any, limit: int = TEXT_LIMIT) -> str:
    """Text of at most `limit` characters, with an ellipsis where something was cut; '' for nothing."""
    words = "" if plain(text) is None else str(plain(text))
    return words if len(words) <= limit else words[: limit - 1] + "…"


def failing_rows(frame: pd.DataFrame, limit: int) -> list[dict[str, str]]:
    """The first rows of a report's failing frame, ROW_COLUMNS, as short texts."""
    return [
        {name: shorten(row.get(_IN_REPORT.get(name, name))) for name in ROW_COLUMNS}
        for row in frame.head(limit).to_dict("records")
    ]


def from_report(report: Report, limit: int) -> list[dict[str, Any]]:
    """One finding per rule, in the order of the rules, with at most `limit` failing rows each."""
    return [
        {
            "id": str(result.rule_id),
            "title": str(result.title),
            "severity": str(result.severity),
            "passed": bool(result.passed),
            "broken": bool(result.broken),
            "error": shorten(result.error, 2000),
            "checked": int(result.checked),
            "failing_total": len(result.failing),
            "failing": failing_rows(result.failing, limit),
        }
        for result in report.results
    ]


def blocking(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings that must stop a publication: failed rules of severity block, and rules that are broken."""
    return [one for one in findings if not one["passed"] and (one["broken"] or one["severity"] == "block")]


def sentence(finding: Mapping[str, Any]) -> str:
    """One finding in words."""
    if finding["broken"]:
        return f"The rule itself could not be evaluated: {finding['error']}"
    if finding["passed"]:
        return f"Holds for all {finding['checked']} rows." if finding["checked"] else "Nothing to look at."
    total = finding["failing_total"]
    what = {
        "warn": "kept, worth a look",
        "quarantine": "held back in quarantine",
        "quarantine_document": "held back with all figures of their source",
        "block": "publishing stops",
    }.get(finding["severity"], finding["severity"])
    return f"{total} of {finding['checked']} rows fail: {what}." if total else f"Fails: {what}."
