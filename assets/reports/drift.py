"""Layout drift: what a document lacks against its operator's document before, what is new, moved or not understood.

Here belong finding the document before and comparing what each says and where. Warnings only: an operator may stop
publishing a figure; that it went unnoticed is what this is against.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from expectations import WARN, RuleResult
from expectations.figures import THIRD_HAND_TIERS
from expectations.report import FAILING_COLUMNS, no_failing

if TYPE_CHECKING:
    from assets.reports.reading import ReadResult

RULE_ID = "layout_diff"
TITLE = "Documents of known operators say what the one before said"
DIFF_COLUMNS = ("kind", "metric", "scope_level", "scope", "found", "expected", "locator", "quote")
REMEDIES = {
    "missing": "Open the document: if the figure is there in other words, add them to the operator's layout file.",
    "new": "Check that the new figure was read right; nothing else to do.",
    "moved": "Check the figure against the document: a layout that changed once may have changed elsewhere.",
    "unknown": "If the phrase names a metric, add it to `words` of the operator's layout file.",
}
# What a document says of its own date; comparatives come and go with the date they compare to.
OWN_BASIS = "as_reported"
GENERAL_LAYOUT = "general"
# A note with one figure has no layout that another document could lack.
LEAST_FIGURES = 3

# (metric, scope level, scope) -> (locator, quote)
Says = dict[tuple[str, str, str], tuple[str, str]]


def layout_diff(
    extraction: pd.DataFrame, predecessor: pd.DataFrame, unknown_phrases: Iterable[str] = ()
) -> pd.DataFrame:
    """Differences between what two documents of one operator say of their own date.

    Both frames have metric, scope, scope_level, basis and locator (quote where there is one). A result row has
    DIFF_COLUMNS; kind is missing, new, moved (between running text, tables and sheets) or unknown; ordered by kind,
    then by metric and scope. Without a predecessor only unknown phrases are told.
    """
    rows: list[dict[str, str]] = []
    if len(predecessor):
        now, before = _says(extraction), _says(predecessor)
        for key in sorted(before.keys() - now.keys()):
            rows.append(_row("missing", key, "not in this document", f"as in {before[key][0]}", "", before[key][1]))
        for key in sorted(now.keys() - before.keys()):
            rows.append(_row("new", key, f"in {now[key][0]}", "nothing, as in the document before", *now[key]))
        rows.extend(_moved(now, before))
    for phrase in dict.fromkeys(unknown_phrases):
        rows.append(
            _row("unknown", ("", "", ""), f"phrase {phrase!r}", "a phrase that names a known metric", "", phrase)
        )
    return pd.DataFrame(rows, columns=list(DIFF_COLUMNS))


def drift_result(readings: list[ReadResult], frame: pd.DataFrame, reference: pd.DataFrame) -> RuleResult:
    """layout_diff of every read document that has a layout, against the one before it in the batch or the reference.

    `frame` are the candidates of the batch with document_id. The rule warns and holds nothing back.
    """
    failing: list[dict[str, str]] = []
    checked = 0
    known = _known(frame, reference)
    of_operator = {str(key): rows for key, rows in known.groupby("operator", sort=False)}
    for reading in readings:
        extraction = reading.extraction
        if reading.status != "read" or extraction is None or extraction.layout in ("", GENERAL_LAYOUT):
            continue
        document = reading.sha256[:16]
        theirs = of_operator.get(extraction.operator, known.iloc[:0])
        own = theirs[theirs["document_id"] == document]
        if not len(own) and not extraction.unknown_phrases:
            continue
        checked += 1
        before = predecessor(own, theirs)
        for row in layout_diff(own, before, extraction.unknown_phrases).to_dict("records"):
            said = " ".join(part for part in (row["metric"], row["scope"]) if part)
            failing.append(
                {
                    "candidate_id": _id(document, row["kind"], said, row["found"]),
                    "document_id": document,
                    "document": reading.file_name,
                    "locator": row["locator"],
                    "quote": row["quote"],
                    "found": f"{row['kind']}: {said + ' ' if said else ''}{row['found']}",
                    "expected": row["expected"],
                    "remedy": REMEDIES[row["kind"]],
                }
            )
    return RuleResult(
        rule_id=RULE_ID,
        title=TITLE,
        severity=WARN,
        passed=not failing,
        checked=checked,
        failing=pd.DataFrame(failing, columns=list(FAILING_COLUMNS)) if failing else no_failing(),
    )


def predecessor(own: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The rows of the operator's document before: the latest earlier date whose document says the same kind of thing.

    Of one kind are documents that share cadence and scope level of their own figures, and for sites and markets at
    least one of these: an annual report's page on Europe is not the one before its page on Asia.
    """
    own = own[own["basis"] == OWN_BASIS]
    others = known[(known["basis"] == OWN_BASIS) & ~known["document_id"].isin(set(own["document_id"]))].reset_index(
        drop=True
    )
    if not len(own) or not len(others):
        return others.iloc[:0]
    date = own["period_end"].max()
    kinds = set(_kinds(own))
    others = others[[kind in kinds for kind in _kinds(others)]]
    others = others[others.groupby("document_id")["metric"].transform("size") >= LEAST_FIGURES]
    last = others.groupby("document_id")["period_end"].transform("max")
    earlier = others[last < date].assign(last=last)
    if not len(earlier):
        return earlier
    # Of several of that date, the one that shares most with this document, then the smaller id.
    latest = earlier[earlier["last"] == earlier["last"].max()]
    mine = set(_says(own))
    best = max(
        sorted(set(latest["document_id"])),
        key=lambda one: len(mine & set(_says(latest[latest["document_id"] == one]))),
    )
    return others[others["document_id"] == best]


def place_kind(locator: str) -> str:
    """Where a locator points to: a sheet by its name, a table, or running text."""
    sheet = re.search(r"\bsheet ([^,]+)", locator)
    if sheet:
        return f"sheet {sheet.group(1)}"
    return "a table" if re.search(r"\btable \d", locator) else "running text"


def _says(frame: pd.DataFrame) -> Says:
    """(metric, scope level, scope) -> (locator, quote) of a document's own figures, the first place of each."""
    own = frame[frame["basis"] == OWN_BASIS]
    if not len(own):
        return {}
    own = own[own["period_end"] == own["period_end"].max()] if "period_end" in own else own
    quotes = own["quote"] if "quote" in own else pd.Series("", index=own.index)
    out: Says = {}
    for metric, level, scope, locator, quote in zip(
        own["metric"], own["scope_level"], own["scope"], own["locator"], quotes, strict=True
    ):
        # Expiry buckets move on by a year each year.
        name = re.sub(r"(?:>=)?\b20\d\d\b\+?", "(year)", str(scope))
        out.setdefault((str(metric), str(level), name), (str(locator), str(quote)))
    return out


def _moved(now: Says, before: Says) -> list[dict[str, str]]:
    """One row a pair of places: a new layout moves everything at once, and is told once."""
    groups: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for key in sorted(now.keys() & before.keys()):
        here, there = place_kind(now[key][0]), place_kind(before[key][0])
        if here != there:
            groups.setdefault((here, there), []).append(key)
    rows = []
    for (here, there), keys in groups.items():
        metrics = ", ".join(dict.fromkeys(metric for metric, _, _ in keys))
        first = keys[0]
        key = (metrics, first[1], first[2] if len(keys) == 1 else "")
        rows.append(_row("moved", key, f"in {here} ({now[first][0]})", f"in {there}, as before", *now[first]))
    return rows


def _kinds(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    return [
        (str(cadence), str(level), "" if level == "portfolio" else str(scope))
        for cadence, level, scope in zip(frame["cadence"], frame["scope_level"], frame["scope"], strict=True)
    ]


def _known(frame: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    names = [
        "tier",
        "document_id",
        "operator",
        "metric",
        "scope",
        "scope_level",
        "cadence",
        "period_end",
        "basis",
        "locator",
        "quote",
    ]
    parts = [part.reindex(columns=names) for part in (reference, frame) if len(part)]
    if not parts:
        return pd.DataFrame(columns=names)
    known = pd.concat(parts, ignore_index=True)
    # Neither a compilation of several operators nor what others write about one has the operator's layout.
    operators = known.groupby("document_id")["operator"].transform("nunique")
    known = known[operators == 1]
    known = known[~known["tier"].isin(THIRD_HAND_TIERS)]
    # A database gives dates, candidates carry ISO text.
    return known.assign(period_end=known["period_end"].astype(str).str[:10])


def _row(kind: str, key: tuple[str, str, str], found: str, expected: str, locator: str, quote: str) -> dict[str, str]:
    metric, level, scope = key
    return {
        "kind": kind,
        "metric": metric,
        "scope_level": level,
        "scope": scope,
        "found": found,
        "expected": expected,
        "locator": locator,
        "quote": quote,
    }


def _id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
