"""Where every number of the page comes from: anchors for numbers, and the entries those anchors lead to.

A number asks for an anchor (`history`, `observation`, `forecast`); `entries` then gives one entry for everything asked
for and for everything those entries name in turn, so that no link of the page ends in nothing.
Knows frames alone: no database, no markup.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.frames import records
from assets.delivery.words import Said, Text, amount, joined, name, printed, run, say, word

MOST_MEMBERS = 60
# A member is carried on past its last figure for two quarters at most (occupancy_history.assumed_share).
MOST_QUARTERS_CARRIED = 2


@dataclass(frozen=True)
class Entry:
    """One entry of the evidence list. `links` are (words, anchor) pairs within the page."""

    anchor: str
    kind: str
    title: Markup
    text: Any = ""
    value: Text = ""
    document: str = ""
    document_anchor: str = ""
    place: str = ""
    quote: str = ""
    known: Text = ""
    source: str = ""
    links: tuple[tuple[Any, str], ...] = ()


@dataclass
class EvidenceBook:
    """Gives anchors and keeps what must be explained.

    tables: the published tables by name. archived: document_id -> link to the archived document (absent: not archived).
    """

    tables: Mapping[str, pd.DataFrame]
    archived: Mapping[str, str]
    unmatched: list[Markup] = field(default_factory=list)
    _asked: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._observations = {row["observation_id"]: row for row in records(self.tables["observations"])}
        self._documents = {row["document_id"]: row for row in records(self.tables["documents"])}
        history = self.tables["occupancy_history"]
        self._rows = {
            (row["level"], row["series_id"], wording.day(row["quarter_end"])): row for row in records(history)
        }
        self._quarters: dict[tuple[str, str], list[str]] = {}
        for level, series_id, quarter in sorted(self._rows):
            self._quarters.setdefault((level, series_id), []).append(quarter)
        self._forecasts: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
        for row in records(self.tables["occupancy_forecast"]):
            series = (row["level"], row["series_id"], wording.day(row["vintage"]), row["scenario"])
            self._forecasts.setdefault(series, []).append(row)
        self._shares = {
            (row["level"], row["series_id"]): row for row in records(self.tables["stack_shares"].sort_values("as_of"))
        }

    def history(self, level: str, series_id: str, quarter_end: Any) -> str:
        """Anchor of one row of occupancy_history; empty where there is no such row."""
        key = (level, series_id, wording.day(quarter_end))
        return self._ask("row", key) if key in self._rows else ""

    def observation(self, observation_id: str) -> str:
        """Anchor of one figure; empty where it is not in observations."""
        return self._ask("figure", observation_id) if observation_id in self._observations else ""

    def forecast(self, level: str, series_id: str, vintage: Any, scenario: str) -> str:
        """Anchor of one series' forecast of one vintage."""
        return self._ask("forecast", (level, series_id, wording.day(vintage), scenario))

    def document(self, document_id: Any) -> str:
        """Anchor of a document in the table of documents; empty where it is unknown."""
        known = not wording.missing(document_id) and document_id in self._documents
        return "doc-" + re.sub(r"[^0-9A-Za-z]", "", str(document_id)) if known else ""

    def figures_of(self, level: str, series_id: str, quarter_end: Any) -> list[dict[str, Any]]:
        """The observations behind one row of occupancy_history; empty for sums."""
        row = self._rows.get((level, series_id, wording.day(quarter_end)))
        return self._figures(row) if row is not None else []

    def entries(self) -> list[Entry]:
        """An entry for every anchor given, in the order asked; asking goes on until nothing new is named."""
        writers: dict[str, Callable[[str, Any], Entry]] = {
            "row": self._row_entry,
            "figure": self._figure_entry,
            "forecast": self._forecast_entry,
        }
        done: dict[str, Entry] = {}
        while len(done) < len(self._asked):
            for anchor, (kind, key) in list(self._asked.items()):
                if anchor not in done:
                    done[anchor] = writers[kind](anchor, key)
        return list(done.values())

    def _ask(self, kind: str, key: Any) -> str:
        anchor = "e-" + hashlib.sha256(repr((kind, key)).encode()).hexdigest()[:12]
        self._asked.setdefault(anchor, (kind, key))
        return anchor

    def _figure_entry(self, anchor: str, observation_id: str) -> Entry:
        figure = self._observations[observation_id]
        document_id = figure["document_id"]
        known: Text = wording.day(figure["known_at"])
        if known and bool(figure.get("known_at_estimated", False)):
            known = say("evidence.usual_lag", day=known)
        parts = [word("basis", figure["basis"])]
        if not wording.missing(figure["value_low"]):
            low, high = (printed(figure[column], figure["unit"]) for column in ("value_low", "value_high"))
            parts.append(say("evidence.approximate", low=low, high=high))
        if not wording.missing(figure["perimeter"]) and figure["perimeter"]:
            parts.append(say("evidence.perimeter", name=name(figure["perimeter"])))
        links: tuple[tuple[Text, str], ...] = ()
        later = figure["superseded_by"]
        if not wording.missing(later) and later in self._observations:
            links = ((say("evidence.replaced"), self.observation(str(later))),)
        return Entry(
            anchor=anchor,
            kind="figure",
            title=run(
                name(f"{wording.plain(figure['operator'])}, {wording.plain(figure['scope'])}"),
                ", ",
                word("metric", figure["metric"]),
                ", ",
                wording.day(figure["period_end"]) or say("page.no_date"),
            ),
            text=joined(parts),
            value=printed(figure["value"], figure["unit"]),
            document=self._document_name(document_id),
            document_anchor=self.document(document_id),
            place=wording.plain(figure["locator"], 160),
            quote=wording.plain(figure["quote"], 300),
            known=say("evidence.known_tier", day=known, tier=word("tier", figure["tier"])) if known else "",
            source=wording.plain(figure.get("source", ""), 200),
            links=links,
        )

    def _row_entry(self, anchor: str, key: tuple[str, str, str]) -> Entry:
        row = self._rows[key]
        unit = row["unit"]
        rate = wording.rate(row["occupancy"])
        parts: list[Any] = [rate, ". "]
        if not wording.missing(row["in_service"]):
            parts = [rate, " = ", amount(row["leased"], unit), " / ", amount(row["in_service"], unit), ". "]
        for kind in ("observed", "estimated", "assumed"):
            if row[f"{kind}_share"] > 0:
                parts += [word("class", kind), f" {wording.rate(row[f'{kind}_share'])} "]
        told: list[Any] = [run(*parts)]
        links: list[tuple[Any, str]] = []
        title = run(self._name_of(row), f", {key[2]} (", word("unit", unit), ")")
        if _is_sum(row):
            told.append(say("evidence.sum", n=int(row["members"])))
            links = [
                (run(self._name_of(member), f", {wording.day(member['quarter_end'])}"), self._of(member))
                for member in self._members(row)
            ]
            if len(links) > MOST_MEMBERS:
                told.append(say("evidence.largest", n=MOST_MEMBERS, all=len(links)))
                links = links[:MOST_MEMBERS]
            if row["observed_share"] < 1:
                told.append(say("evidence.filled"))
                links += self._neighbours(row)
            if row["level"] == "stack":
                links.append((say("evidence.statements"), "stack-evidence"))
            if not links:
                self.unmatched.append(title)
        else:
            figures = self._figures(row)
            links = [
                (
                    run(word("metric", figure["metric"]), " ", printed(figure["value"], figure["unit"])),
                    self.observation(figure["observation_id"]),
                )
                for figure in figures
            ]
            if not figures:
                self.unmatched.append(title)
                told.append(say("evidence.no_figure"))
        return Entry(
            anchor=anchor,
            kind="derived",
            title=title,
            text=Markup(" ").join(told),
            known=say("evidence.known", day=wording.day(row["known_at"])),
            links=tuple(links),
        )

    def _forecast_entry(self, anchor: str, key: tuple[str, str, str, str]) -> Entry:
        level, series_id, vintage, scenario = key
        rows = self._forecasts.get(key, [])
        actual = [day for day in self._quarters.get((level, series_id), []) if day <= vintage]
        links: list[tuple[Text, str]] = []
        if actual:
            links.append((say("evidence.last_quarter", day=actual[-1]), self.history(level, series_id, actual[-1])))
        links.append((say("evidence.how_good"), "accuracy"))
        models = joined([word("model", one) for one in sorted({str(row["model"]) for row in rows})], ", ")
        return Entry(
            anchor=anchor,
            kind="forecast",
            title=run(say("evidence.forecast"), " ", self.series_words(level, series_id)),
            text=say(
                "evidence.forecast_text",
                vintage=vintage,
                scenario=word("scenario", scenario),
                models=models or say("evidence.no_model"),
                n=len(rows),
                past=len(actual),
            ),
            links=tuple(links),
        )

    def series_words(self, level: str, series_id: str) -> Said:
        """The name people know a series by, in both languages where it is one of ours."""
        quarters = self._quarters.get((level, series_id), [])
        return self._name_of(self._rows[level, series_id, quarters[-1]]) if quarters else name(series_id)

    def _name_of(self, row: Mapping[str, Any]) -> Said:
        """Sums are named by us, all other series after what documents print."""
        if row["level"] == "total":
            return say("page.all_operators")
        if row["level"] == "stack":
            return word("stack", row["stack"])
        if row["level"] == "market" and _is_sum(dict(row)):
            return say("page.reporting", market=name(row["market"]))
        return name(row["series_name"])

    def _document_name(self, document_id: Any) -> str:
        if document_id in self._documents:
            return wording.plain(self._documents[document_id]["file_name"], 160)
        return ""

    def _members(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows a sum can hold, largest first: each member's row of that date, else those it was filled in from."""
        date = wording.day(row["quarter_end"])
        members = []
        for (level, series_id), quarters in self._quarters.items():
            last = self._rows[level, series_id, quarters[-1]]
            if (
                level not in ("operator", "facility")
                or last["unit"] != row["unit"]
                or wording.missing(last["in_service"])
                or (row["level"] == "market" and last["market"] != row["market"])
                or (row["level"] == "stack" and self._share(last, str(row["stack"])) <= 0)
            ):
                continue
            before = [quarter for quarter in quarters if quarter <= date][-1:]
            after = [quarter for quarter in quarters if quarter > date][:1]
            carried = before and _quarters_between(before[0], date) <= MOST_QUARTERS_CARRIED
            chosen = (
                before if before == [date] or (carried and not after) else before + after if before and after else []
            )
            members += [self._rows[level, series_id, quarter] for quarter in chosen]
        return sorted(members, key=lambda member: -float(member["in_service"] or 0))

    def _of(self, row: dict[str, Any]) -> str:
        return self.history(row["level"], row["series_id"], row["quarter_end"])

    def _share(self, row: dict[str, Any], stack: str) -> float:
        shares = self._shares.get((row["level"], row["series_id"]))
        return float(shares[f"{stack}_share"]) if shares is not None else float(stack == "unknown")

    def _figures(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The observations a row names; empty for sums, whose members' rows name theirs."""
        named = "" if wording.missing(row["observation_ids"]) else str(row["observation_ids"])
        return [self._observations[name] for name in dict.fromkeys(named.split()) if name in self._observations]

    def _neighbours(self, row: dict[str, Any]) -> list[tuple[Text, str]]:
        date = wording.day(row["quarter_end"])
        series = (row["level"], row["series_id"])
        observed = [
            day for day in self._quarters[series] if day != date and self._rows[*series, day]["observed_share"] > 0
        ]
        before = [day for day in observed if day < date][-1:]
        after = [day for day in observed if day > date][:1]
        return [(say("evidence.in_part", day=day), self.history(*series, day)) for day in before + after]


def _is_sum(row: dict[str, Any]) -> bool:
    """Sums over operators: stacks, totals, and markets made of operators (market/place/unit)."""
    return row["level"] in ("stack", "total") or (row["level"] == "market" and wording.missing(row["operator"]))


def _quarters_between(one: str, other: str) -> int:
    """Quarters from one ISO quarter end to a later one."""
    return (int(other[:4]) - int(one[:4])) * 4 + (int(other[5:7]) - int(one[5:7])) // 3
