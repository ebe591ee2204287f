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

from assets.delivery import wording
from assets.delivery.frames import records

MOST_MEMBERS = 60
# A member is carried on past its last figure for two quarters at most (occupancy_history.assumed_share).
MOST_QUARTERS_CARRIED = 2


@dataclass(frozen=True)
class Entry:
    """One entry of the evidence list. `links` are (words, anchor) pairs within the page."""

    anchor: str
    kind: str
    title: str
    text: str = ""
    value: str = ""
    document: str = ""
    document_anchor: str = ""
    href: str = ""
    place: str = ""
    quote: str = ""
    known: str = ""
    tier: str = ""
    source: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass
class EvidenceBook:
    """Gives anchors and keeps what must be explained.

    tables: the published tables by name. archived: document_id -> link to the archived document (absent: not archived).
    """

    tables: Mapping[str, pd.DataFrame]
    archived: Mapping[str, str]
    unmatched: list[str] = field(default_factory=list)
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
        known = wording.day(figure["known_at"])
        if known and bool(figure.get("known_at_estimated", False)):
            known += " (estimated from the usual reporting lag)"
        text = wording.basis_name(figure["basis"])
        if not wording.missing(figure["value_low"]):
            low, high = (wording.printed_value(figure[name], figure["unit"]) for name in ("value_low", "value_high"))
            text += f"; approximate, {low} to {high}"
        if not wording.missing(figure["perimeter"]) and figure["perimeter"]:
            text += f"; perimeter {wording.plain(figure['perimeter'])}"
        links: tuple[tuple[str, str], ...] = ()
        later = figure["superseded_by"]
        if not wording.missing(later) and later in self._observations:
            links = (("replaced by a later figure", self.observation(str(later))),)
        return Entry(
            anchor=anchor,
            kind="figure",
            title=f"{wording.plain(figure['operator'])}, {wording.plain(figure['scope'])}: "
            f"{wording.metric_name(figure['metric'])}, {wording.day(figure['period_end']) or 'no date given'}",
            text=text,
            value=wording.printed_value(figure["value"], figure["unit"]),
            document=self._document_name(document_id),
            document_anchor=self.document(document_id),
            href=self.archived.get(str(document_id), ""),
            place=wording.plain(figure["locator"], 160),
            quote=wording.plain(figure["quote"], 300),
            known=known,
            tier=wording.plain(figure.get("tier", "")).replace("_", " "),
            source=wording.plain(figure.get("source", ""), 200),
            links=links,
        )

    def _row_entry(self, anchor: str, key: tuple[str, str, str]) -> Entry:
        row = self._rows[key]
        unit = row["unit"]
        parts = [f"occupancy {wording.rate(row['occupancy'])}"]
        if not wording.missing(row["in_service"]):
            parts.append(
                f"leased {wording.capacity(row['leased'], unit)}"
                f" of {wording.capacity(row['in_service'], unit)} in service"
            )
        shares = ", ".join(
            f"{name} {wording.rate(row[f'{name}_share'])}"
            for name in ("observed", "estimated", "assumed")
            if row[f"{name}_share"] > 0
        )
        text = f"{'; '.join(parts)}. Evidence: {shares}."
        links: list[tuple[str, str]] = []
        if _is_sum(row):
            count = int(row["members"])
            text += f" Sum over {count} reporting operator{'' if count == 1 else 's'}; the rows it can hold are linked."
            links = [
                (f"{wording.plain(member['series_name'])}, {wording.day(member['quarter_end'])}", self._of(member))
                for member in self._members(row)
            ]
            if len(links) > MOST_MEMBERS:
                text += f" The largest {MOST_MEMBERS} of {len(links)} are linked."
                links = links[:MOST_MEMBERS]
            if row["observed_share"] < 1:
                text += " What has no figure of that date is filled in from the quarters before and after."
                links += self._neighbours(row)
            if row["level"] == "stack":
                links.append(("statements about stacks", "stack-evidence"))
            if not links:
                self.unmatched.append(f"{wording.plain(row['series_name'])}, {key[2]}")
        else:
            figures = self._figures(row)
            links = [
                (
                    f"{wording.metric_name(figure['metric'])} {wording.printed_value(figure['value'], figure['unit'])}",
                    self.observation(figure["observation_id"]),
                )
                for figure in figures
            ]
            if not figures:
                self.unmatched.append(f"{wording.plain(row['series_name'])}, {key[2]}")
                text += " The row names no printed figure."
        return Entry(
            anchor=anchor,
            kind="derived",
            title=f"{wording.plain(row['series_name'])}, {key[2]} ({wording.unit_name(unit)})",
            text=text,
            known=wording.day(row["known_at"]),
            links=tuple(links),
        )

    def _forecast_entry(self, anchor: str, key: tuple[str, str, str, str]) -> Entry:
        level, series_id, vintage, scenario = key
        rows = self._forecasts.get(key, [])
        actual = self._quarters.get((level, series_id), [])
        links = []
        if actual:
            links.append((f"last quarter known: {actual[-1]}", self.history(level, series_id, actual[-1])))
        links.append(("how forecasts did so far", "accuracy"))
        models = ", ".join(sorted({str(row["model"]) for row in rows})) or "none"
        return Entry(
            anchor=anchor,
            kind="forecast",
            title=f"Forecast: {self.series_name(level, series_id)}",
            text=f"Vintage {vintage}, scenario {wording.plain(scenario)}, model {wording.plain(models)},"
            f" {len(rows)} quarters ahead, "
            f"from {len(actual)} quarters of history. Capacity is forecast, rates follow by division.",
            known=vintage,
            links=tuple(links),
        )

    def series_name(self, level: str, series_id: str) -> str:
        """The name people know a series by; its key where the history lacks it."""
        quarters = self._quarters.get((level, series_id), [])
        return wording.plain(self._rows[level, series_id, quarters[-1]]["series_name"] if quarters else series_id)

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

    def _neighbours(self, row: dict[str, Any]) -> list[tuple[str, str]]:
        date = wording.day(row["quarter_end"])
        series = (row["level"], row["series_id"])
        observed = [
            day for day in self._quarters[series] if day != date and self._rows[*series, day]["observed_share"] > 0
        ]
        before = [day for day in observed if day < date][-1:]
        after = [day for day in observed if day > date][:1]
        return [(f"observed in part: {day}", self.history(*series, day)) for day in before + after]


def _is_sum(row: dict[str, Any]) -> bool:
    """Sums over operators: stacks, totals, and markets made of operators (market/place/unit)."""
    return row["level"] in ("stack", "total") or (row["level"] == "market" and wording.missing(row["operator"]))


def _quarters_between(one: str, other: str) -> int:
    """Quarters from one ISO quarter end to a later one."""
    return (int(other[:4]) - int(one[:4])) * 4 + (int(other[5:7]) - int(one[5:7])) // 3
