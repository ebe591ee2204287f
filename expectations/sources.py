"""Rules between statements of the same figure: duplicates, conflicts, and third-hand against first-hand sources."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from expectations.figures import REPORTED, STATEMENT, THIRD_HAND_TIERS, Figures
from expectations.identities import Span, Statement, recomputed, recomputes, statements
from expectations.report import QUARANTINE, QUARANTINE_DOCUMENT, WARN
from expectations.rule import Computed, Rule, between

FIGURE = (*STATEMENT, "metric", "unit")
# What two honest sources may differ by beyond rounding: a rate by a point, a capacity by two per cent.
RATE_POINTS = 1.0
CAPACITY_SHARE = 0.02
FULL = 99.5
VALUES_SHOWN = 5


def _duplicates(figures: Figures) -> Computed:
    frame = figures.frame
    complete = frame[["document_id", "operator", "period_end", "metric", "value"]].notna().all(axis=1)
    # The basis itself is part of the figure here: a level and a comparative of one date are two statements.
    keys = [*FIGURE, "basis", "value"]
    occurrence = frame.groupby(keys, dropna=False, sort=False).cumcount() + 1

    def explain(i: int) -> tuple[str, str]:
        value = f"{frame.at[i, 'value']:,.10g} {frame.at[i, 'unit']}"
        found = f"{frame.at[i, 'metric']} {value} for {frame.at[i, 'period_end']}"
        return f"{found}, time number {occurrence[i]} in this document", "once; the first is kept"

    return Computed(pd.DataFrame({"occurrence": figures.where(complete, occurrence)}), explain)


def _conflicts(figures: Figures) -> Computed:
    frame = figures.frame
    apart = pd.Series(np.nan, index=frame.index)
    words: dict[int, tuple[str, str]] = {}
    conflicting: set[int] = set()
    usable = frame[frame["value"].notna() & frame["basis_class"].notna() & frame["period_end"].notna()]
    # A restated or derived figure may stand beside the one it replaces: the basis itself is part of the figure.
    for _, same in usable.groupby([*FIGURE, "basis"], dropna=False, sort=False):
        if len(same) < 2:
            continue
        gap = same["lower"].max() - same["upper"].min()
        apart[same.index] = max(round(gap, 9), 0.0)
        if gap <= 0:
            continue
        conflicting.update(same.index)
        distinct = sorted(set(same["value"]))
        values = ", ".join(f"{v:,.10g}" for v in distinct[:VALUES_SHOWN])
        values += f" and {len(distinct) - VALUES_SHOWN} more" if len(distinct) > VALUES_SHOWN else ""
        for row in same.index:
            figure = f"{frame['metric'][row]} for {frame['period_end'][row]} reads {values} {frame['unit'][row]}"
            words[row] = (f"{figure} in one document", "one value for one figure, or scopes that tell them apart")
    if conflicting:
        _doubt_the_rest(figures, conflicting, apart, words)
    return Computed(pd.DataFrame({"apart": apart}), lambda i: words[i])


def _doubt_the_rest(
    figures: Figures, conflicting: set[int], apart: pd.Series, words: dict[int, tuple[str, str]]
) -> None:
    """Hold the levels and rates beside a conflict, too, unless a printed rate shows that they belong together."""
    for statement in statements(figures):
        rows = [row for metric in statement.values() for row, _, _ in metric]
        cause = next((row for row in rows if row in conflicting), None)
        if cause is None or recomputes(statement):
            continue
        for row in rows:
            if row not in conflicting and figures.frame["family"][row] in ("rate", "capacity"):
                apart[row] = apart[cause]
                found, expected = words[cause]
                words[row] = (f"{figures.frame['metric'][row]} cannot be checked: beside it {found}", expected)


Key = tuple[str, str, str, str]


def _third_hand(figures: Figures) -> Computed:
    """How far a third-hand figure is from the nearest first-hand one, in units of what honest sources differ by."""
    known = figures.known
    usable = known[
        (known["basis_class"] == REPORTED)
        & known["family"].isin(["rate", "capacity"])
        & np.isfinite(known["value"])
        & known["period_end"].notna()
        & known["scope_key"].notna()
        & known["operator"].notna()
    ]
    # Figures that are impossible by themselves are no witnesses.
    possible = (usable["value"] >= 0) & ~((usable["family"] == "rate") & (usable["value"] > 100))
    witnesses = _statements_by_key(usable[usable["first_hand"] & possible])
    accused = usable[usable["candidate"] & usable["tier"].isin(THIRD_HAND_TIERS)]
    ratio = pd.Series(np.nan, index=figures.frame.index)
    words: dict[int, tuple[str, str]] = {}
    for row in accused.to_dict("records"):
        verdict = _judge(row, witnesses.get(_key(row), []))
        if verdict is not None:
            ratio[row["row"]], words[row["row"]] = verdict
    return Computed(pd.DataFrame({"times_tolerance": ratio}), lambda i: words[i])


def _key(row: dict[Hashable, Any]) -> Key:
    return (row["operator"], row["scope_key"], row["scope_level"], row["period_end"])


def _statements_by_key(rows: pd.DataFrame) -> dict[Key, list[Statement]]:
    """First-hand statements about each operator, scope, level and date."""
    out: dict[Key, dict[tuple[str, ...], Statement]] = defaultdict(dict)
    for row in rows.to_dict("records"):
        statement = out[_key(row)].setdefault((row["document_id"], row["source"], row["perimeter"]), defaultdict(list))
        place = row["document"] or row["document_id"] or "an earlier document"
        span = Span(row["lower"], row["upper"], f"{row['value']:,.10g} {row['unit']} ({place})")
        statement[row["metric"]].append((row["row"], row["unit"], span))
    return {key: list(statements.values()) for key, statements in out.items()}


def _judge(row: dict[Hashable, Any], statements: list[Statement]) -> tuple[float, tuple[str, str]] | None:
    """(distance / tolerance, (found, expected)) of a third-hand figure; None where no first-hand source speaks."""
    metric, unit, value = row["metric"], row["unit"], row["value"]
    said = Span(row["lower"], row["upper"])
    tolerance = RATE_POINTS if unit == "pct" else CAPACITY_SHARE * abs(value) or CAPACITY_SHARE
    printed = [span for s in statements for _, u, span in s.get(metric, []) if u == unit]
    spans = printed + [
        Span(span.low, span.high, f"{span.words} = {(span.low + span.high) / 2:.1f} pct")
        for s in statements
        if unit == "pct"
        for span in recomputed(metric, s)
    ]
    label = f"third-hand {metric} {value:,.10g} {unit}"
    best = min(spans, key=said.distance, default=None)
    off = said.distance(best) / tolerance if best else math.nan
    if metric == "utilisation_rate" and value < FULL and (best is None or off > 1):
        for statement in statements:
            for _, _, commitment in statement.get("commitment_rate", []):
                if said.distance(commitment) <= 0:
                    expected = (
                        f"{best.words}" if best else "the utilisation rate, which no first-hand source prints here"
                    )
                    found = f"{label} is the first-hand source's commitment rate, {commitment.words}: mislabelled"
                    return max(off, 2.0) if not math.isnan(off) else 2.0, (found, expected)
    if best is None:
        return None
    return off, (f"{label} contradicts the first-hand source", best.words)


RULES = (
    Rule(
        id="R16_duplicate",
        title="Each figure stands once in a document",
        severity=WARN,
        means="Same document, source, operator, scope, date, perimeter, basis, metric, unit and value: kept once.",
        why="A card or table emitted twice must not count twice.",
        remedy="Nothing to do: the first is kept, the others are listed.",
        test=_duplicates,
        expectations=(between("occurrence", low=1, high=1),),
    ),
    Rule(
        id="R17_conflict",
        title="A document does not say two values for one figure",
        severity=QUARANTINE,
        means="Same document, source, operator, scope, date, perimeter, basis, metric, unit: values agree to rounding. "
        "Levels and rates beside a conflict are held, too, unless a printed rate recomputes from them.",
        why="Of two values one is wrong, or they are two figures whose scope was not told apart.",
        remedy="Read both places; add the words that tell the scopes apart to the layout file, or correct one.",
        test=_conflicts,
        expectations=(between("apart", low=0, high=0),),
    ),
    Rule(
        id="R21_third_hand",
        title="Summaries do not contradict first-hand sources",
        severity=QUARANTINE_DOCUMENT,
        means=f"A summary's or press figure is within {RATE_POINTS:g} point ({CAPACITY_SHARE:.0%} for capacities) and "
        "rounding of a first-hand figure of the same operator, scope and date; one perimeter must agree.",
        why="Summary sites print the commitment rate as utilisation; third-hand text must not override a release.",
        remedy="Use the first-hand document; leave the summary in quarantine.",
        test=_third_hand,
        expectations=(between("times_tolerance", low=0, high=1),),
    ),
)
