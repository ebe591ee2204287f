"""What changed since last time: alerts, new documents, why forecasts moved, restated figures, newest outcomes.

The newest row of `runs` is the last run that changed anything, since a run with nothing new leaves no row: what arrived
with it is new, and where nothing did the section says since when.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import (
    DASH,
    Card,
    Cards,
    Column,
    Fold,
    Heading,
    Items,
    Link,
    Number,
    Para,
    Row,
    Section,
    Table,
)
from assets.delivery.charts.flows import CAUSES, bridge_bars
from assets.delivery.frames import records
from assets.delivery.view import SCENARIO, View
from assets.delivery.words import Said, Text, amount, name, run, say, word

MOST_MOVED = 8
MOST_DOCUMENTS = 12
MOST_RESTATED = 10
MOST_ALERTS = 12
MOST_SCORES = 10
# A median that moved by less is as it was, as far as anybody can read it off.
LEAST_POINTS = 0.05
_DOCUMENT = re.compile(r"(?P<name>[^\s;,]+) \((?P<id>[0-9a-f]{16})\)")
SEVERITY_MARKS = {"critical": "\u25b2", "warning": "\u25c6", "info": "\u25cf"}
SEVERITIES = tuple(SEVERITY_MARKS)


def changes(view: View) -> Section:
    """The section; every part says why it is empty."""
    section = Section("changes", say("changes.title"))
    runs = view.everything["runs"].sort_values("started_at")
    run = records(runs.tail(1))[0] if len(runs) else None
    fresh = new_documents(view, run)
    moved = newest_moves(view.everything["forecast_bridge"], view.base["vintage"])
    restated = restated_by(view, fresh)
    alerts = open_alerts(view.everything["alerts"])
    scores = newest_scores(view.reported["forecast_scores"])
    section.add(_lead(view, run, fresh, moved, restated, alerts))
    section.add(*_alerts(view, alerts), *_moves(view, moved), *_scores(view, scores))
    section.add(*_documents(view, fresh, first=len(runs) == 1), *_restated(view, restated))
    return section


def new_documents(view: View, run: dict[str, Any] | None) -> pd.DataFrame:
    """Documents that arrived with the newest run; none before the first run."""
    documents = view.everything["documents"]
    if run is None or documents.empty:
        return documents.head(0)
    return documents[documents["received_at"] >= pd.Timestamp(run["started_at"])].sort_values("file_name")


def comparisons(bridge: pd.DataFrame) -> list[pd.DataFrame]:
    """The comparisons of forecast_bridge in the base scenario, the newest first: a revision of a vintage comes after
    the step from the vintage before it.
    """
    own = bridge[bridge["scenario"] == SCENARIO]
    return [
        group for _, group in sorted(own.groupby(["vintage_to", "vintage_from"]), reverse=True, key=lambda one: one[0])
    ]


def newest_moves(bridge: pd.DataFrame, vintages: pd.Series) -> pd.DataFrame:
    """The newest comparison in forecast_bridge, whether anything moved or not; empty where there is none, and where the
    newest of the vintages has no row in it: then nothing moved since the one before.
    """
    found = comparisons(bridge)
    if not found or (len(vintages) and found[0]["vintage_to"].max() < vintages.max()):
        return bridge.head(0)
    return found[0]


def largest_moves(moves: pd.DataFrame) -> pd.DataFrame:
    """Rows of each series' quarter that moved most, the series that moved most first; below LEAST_POINTS none."""
    if moves.empty:
        return moves
    keys = ["level", "series_id", "quarter_end"]
    sums = pd.DataFrame(moves.groupby(keys, as_index=False)["delta_occupancy_pp"].sum())
    sums["size"] = sums["delta_occupancy_pp"].abs().round(9)
    best = sums.sort_values(["size", "quarter_end", *keys[:2]], ascending=[False, True, True, True])
    best = best.drop_duplicates(["level", "series_id"])
    best = best[best["size"] >= LEAST_POINTS].reset_index(drop=True)
    best["order"] = best.index
    joined = moves.merge(best[[*keys, "order"]], on=keys)
    return joined.sort_values(["order", "position", "cause"])


def restated_by(view: View, fresh: pd.DataFrame) -> pd.DataFrame:
    """Restatements whose later figure stands in one of the new documents, the largest change first."""
    table = view.everything["restatements"]
    observations = view.everything["observations"]
    ids = set(observations.loc[observations["document_id"].isin(fresh["document_id"]), "observation_id"])
    own: pd.DataFrame = table[table["observation_id_after"].isin(ids)].drop_duplicates(["observation_id_before"])
    size = (own["change"] / own["value_before"].where(own["value_before"] != 0)).abs().fillna(0.0)
    return own.assign(size=size).sort_values(["size", "observation_id_before"], ascending=[False, True])


def open_alerts(alerts: pd.DataFrame) -> pd.DataFrame:
    """Alerts that nothing has resolved, the gravest and newest first."""
    own = alerts[alerts["resolved_at"].isna()]
    rank = own["severity"].map({severity: at for at, severity in enumerate(SEVERITIES)}).fillna(len(SEVERITIES))
    return own.assign(rank=rank).sort_values(["rank", "since", "alert_id"], ascending=[True, False, True])


def newest_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Of every series whose outcome became known last, the forecast of the newest vintage before it."""
    known = scores[scores["known_at"].notna()]
    if known.empty:
        return known
    last = known.sort_values(["quarter_end", "vintage"]).groupby(["level", "series_id"], sort=False).tail(1)
    return last.sort_values(["known_at", "level", "series_id"], ascending=[False, True, True])


def _lead(
    view: View, run: dict[str, Any] | None, fresh: pd.DataFrame, moved: pd.DataFrame, restated: pd.DataFrame,
    alerts: pd.DataFrame,
) -> Any:  # fmt: skip
    """In one look: how much of each."""
    if run is None:
        return Para(say("changes.no_run"), "none")
    day = f"{pd.Timestamp(run['started_at']):%Y-%m-%d %H:%M}"
    series = largest_moves(moved)[["level", "series_id"]].drop_duplicates()
    if fresh.empty and restated.empty and series.empty:
        items = [("good", say("changes.nothing", day=day))]
    else:
        items = [
            ("note" if len(fresh) else "", say("changes.documents_n", n=len(fresh), day=day)),
            ("note" if len(series) else "", say("changes.moved_n", n=len(series), points=f"{LEAST_POINTS:g}")),
            ("note" if len(restated) else "", say("changes.restated_n", n=len(restated))),
        ]
    grave = int(alerts["severity"].isin(["critical", "warning"]).sum())
    items.append(("bad" if grave else "good", say("changes.alerts_n", n=len(alerts), grave=grave)))
    return Items(items)


def _alerts(view: View, alerts: pd.DataFrame) -> list[Any]:
    head = Heading(say("changes.alerts"), anchor="alerts")
    if alerts.empty:
        return [head, Para(say("changes.no_alert"), "none")]
    rows = []
    for row in records(alerts):
        level, series_id = row["level"], row["series_id"]
        series = "" if wording.missing(series_id) else f"{series_id}"
        scope = view.scopes.series(str(level), series) if series else view.scopes.operator(row["subject"])
        document = view.book.document(row["document_id"])
        target = f"#{document}" if document else _target(view, level, series)
        message = _quoted(wording.plain(row["message"], 500))
        todo = Markup('<br><small class="faint">{} {}</small>').format(say("changes.todo"), name(row["runbook"], 120))
        if target:
            message = Markup('<a class="n" href="{}">{}</a>').format(target, message)
        rows.append(
            Row(
                (
                    Severity(str(row["severity"])), word("alert", row["kind"]), run(message, todo),
                    wording.day(row["since"]),
                ),
                scope,
            )
        )  # fmt: skip
    columns = (
        Column(say("changes.severity"), "q"), Column(say("changes.kind")), Column(say("changes.message"), "w"),
        Column(say("changes.since"), "q"),
    )  # fmt: skip
    return [head, *cut_table(say("changes.alerts_caption"), columns, rows, MOST_ALERTS)]


class Severity:
    """How grave an alert is, as a word with a mark of its own shape."""

    def __init__(self, severity: str) -> None:
        self.severity = severity

    def __html__(self) -> Markup:
        mark = SEVERITY_MARKS.get(self.severity, "")
        return Markup('<span class="sev sev-{}"><span aria-hidden="true">{}</span> {}</span>').format(
            self.severity, mark, word("severity", self.severity)
        )


def _target(view: View, level: Any, series_id: str) -> str:
    """Where an alert about a series leads: its newest forecast; nothing where the page shows none."""
    if series_id.split("/", 1)[0] in set(view.everything["portfolios"]["portfolio"].astype(str)):
        return "#leases"
    own = view.vintages_of(str(level), series_id)
    if own.empty:
        return ""
    last = records(own.tail(1))[0]
    return "#" + view.book.forecast(str(level), series_id, last["vintage"], last["scenario"])


def _moves(view: View, moved: pd.DataFrame) -> list[Any]:
    head = Heading(say("changes.moves"), anchor="moves")
    found = comparisons(view.everything["forecast_bridge"])
    if not found:
        return [head, Para(say("changes.no_bridge"), "none")]
    if len(largest_moves(moved)):
        return [head, *_comparison(view, moved)]
    about = _about(moved) if len(moved) else _newest_two(view)
    out = [head, Para(about), Para(say("changes.none_moved", points=f"{LEAST_POINTS:g}"), "none")]
    for earlier in found:
        if len(largest_moves(earlier)):
            return [*out, Fold(say("changes.last_moved"), tuple(_comparison(view, earlier)))]
    return out


def _newest_two(view: View) -> Said:
    """The two vintages that nothing moved between."""
    first, last = sorted(view.base["vintage"].unique())[-2:]
    return say("changes.compared", first=wording.day(first), last=wording.day(last))


def _about(moved: pd.DataFrame) -> Said:
    first, last = wording.day(moved["vintage_from"].max()), wording.day(moved["vintage_to"].max())
    return say("changes.revised", day=last) if first == last else say("changes.compared", first=first, last=last)


def _comparison(view: View, moved: pd.DataFrame) -> list[Any]:
    """Picture and table of one comparison, the series that moved most first."""
    largest = largest_moves(moved)
    rows, bars = [], []
    told = set(largest["cause"])
    present = [cause for cause in CAUSES if cause in told]
    for number, ((level, series_id, quarter), own) in enumerate(_series_of(largest)):
        portfolio = records(own.head(1))[0]["portfolio"]
        label = _label(view, level, series_id, portfolio)
        anchor = "lease-method"
        if wording.missing(portfolio):
            anchor = view.book.forecast(level, series_id, own["vintage_to"].max(), SCENARIO)
        by = own.groupby("cause")["delta_occupancy_pp"].sum()
        leased = own["delta_leased"].sum(min_count=1)
        unit = str(own["unit"].iloc[0])
        cells: list[Any] = [label, wording.day(quarter), Number(points(float(by.sum())), anchor)]
        cells += [Number(points(float(by[cause])), anchor) if cause in by else DASH for cause in present]
        cells.append(DASH if wording.missing(leased) else Number(signed_amount(leased, unit), anchor))
        cells.append(_because(view, own))
        rows.append(Row(tuple(cells), view.scopes.series(level, series_id)))
        if number < MOST_MOVED:
            bars.append(own.assign(name=pd.Series([label] * len(own), index=own.index, dtype=object)))
    columns = (
        Column(say("table.series")), Column(say("table.quarter_end"), "q"), Column(say("changes.whole"), "r"),
        *(Column(word("cause", cause), "r") for cause in present), Column(say("changes.leased"), "r"),
        Column(say("changes.because"), "w"),
    )  # fmt: skip
    picture = bridge_bars(pd.concat(bars), say("changes.bridge_title"))
    caption = say("changes.bridge_caption")
    return [Para(_about(moved)), Cards([Card(picture)]), *cut_table(caption, columns, rows, MOST_MOVED)]


def _series_of(rows: pd.DataFrame) -> list[tuple[tuple[str, str, Any], pd.DataFrame]]:
    groups = rows.groupby("order", sort=True)
    out = []
    for _, own in groups:
        one = records(own.head(1))[0]
        out.append(((str(one["level"]), str(one["series_id"]), one["quarter_end"]), own))
    return out


def _label(view: View, level: str, series_id: str, portfolio: Any) -> Said:
    if wording.missing(portfolio):
        return view.label(level, series_id)
    return say("changes.of_portfolio", name=name(str(series_id).split("/", 1)[-1]), portfolio=name(portfolio))


def _because(view: View, own: pd.DataFrame) -> Markup:
    """Cause and words behind it; a document, named as `file (identifier)`, leads to its row."""
    parts = []
    for row in records(own):
        if abs(float(row["delta_occupancy_pp"])) < LEAST_POINTS / 10 or not str(row["because"]).strip():
            continue
        shown, text, at = wording.plain(row["because"], 400), Markup(), 0
        for found in _DOCUMENT.finditer(shown):
            anchor = view.book.document(found["id"])
            if anchor:
                text += Markup("{}{}").format(shown[at : found.start()], Link(found["name"], anchor))
                at = found.end()
        text += shown[at:]
        parts.append(run(say("changes.cause", cause=word("cause", row["cause"])), _quoted(text)))
    return Markup("<br>").join(parts)


def _quoted(text: Any) -> Markup:
    """Words of the database, which are English."""
    return Markup('<bdi lang="en">{}</bdi>').format(text)


def _scores(view: View, scores: pd.DataFrame) -> list[Any]:
    head = Heading(say("changes.scores"), anchor="newest-outcomes")
    if scores.empty:
        return [head, Para(say("changes.no_score"), "none")]
    rows = []
    for row in records(scores):
        level, series_id = str(row["level"]), str(row["series_id"])
        then = view.book.forecast(level, series_id, row["vintage"], SCENARIO)
        closer = DASH
        if not wording.missing(row["last_value_error_pp"]):
            gain = abs(float(row["last_value_error_pp"])) - abs(float(row["error_pp"]))
            closer = Number(f"{points(gain)} pp", then)
        rows.append(
            Row(
                (
                    view.label(level, series_id), wording.day(row["quarter_end"]),
                    Number(wording.rate(row["occupancy"]), view.book.history(level, series_id, row["quarter_end"])),
                    Number(wording.rate(row["occupancy_p50"]), then),
                    Number(f"{wording.rate(row['occupancy_p10'])}\u2013{wording.rate(row['occupancy_p90'])}", then),
                    Hit(bool(row["inside_80"])), closer, wording.day(row["vintage"]), wording.day(row["known_at"]),
                ),
                view.scopes.series(level, series_id),
            )
        )  # fmt: skip
    columns = (
        Column(say("table.series")), Column(say("table.quarter_end"), "q"), Column(say("table.outcome"), "r"),
        Column(say("table.median"), "r"), Column(say("table.band_80"), "r"), Column(say("table.hit"), "q"),
        Column(say("table.closer"), "r"), Column(say("table.vintage"), "q"), Column(say("table.known"), "q"),
    )  # fmt: skip
    return [head, *cut_table(say("changes.scores_caption"), columns, rows, MOST_SCORES)]


class Hit:
    """Whether an outcome lay in its band: a word with a mark."""

    def __init__(self, inside: bool) -> None:
        self.inside = inside

    def __html__(self) -> Markup:
        kind, mark = ("good", "\u2713") if self.inside else ("bad", "\u2717")
        words = say("table.inside") if self.inside else say("table.outside")
        return Markup('<span class="{}"><span aria-hidden="true">{}</span> {}</span>').format(kind, mark, words)


def _documents(view: View, fresh: pd.DataFrame, first: bool) -> list[Any]:
    head = Heading(say("changes.documents"), anchor="new-documents")
    if fresh.empty:
        return [head, Para(say("changes.no_document"), "none")]
    rows = [
        Row(
            (
                Link(name(row["file_name"], 160), view.book.document(row["document_id"])),
                "" if wording.missing(row["operator"]) else name(row["operator"], 80),
                wording.day(row["published_on"]) or "\u2013", word("status", row["status"]),
                str(row["rows_accepted"]), str(row["rows_quarantined"]),
            ),
            view.scopes.operator(row["operator"]),
        )
        for row in records(fresh)
    ]  # fmt: skip
    columns = (
        Column(say("table.document")), Column(say("filter.operator")), Column(say("table.published"), "q"),
        Column(say("table.status"), "q"), Column(say("table.accepted"), "r"), Column(say("table.held_back"), "r"),
    )  # fmt: skip
    table = cut_table(say("changes.documents_caption"), columns, rows, MOST_DOCUMENTS)
    if first:
        return [head, Para(say("changes.first_run")), Fold(say("changes.all_new", n=len(rows)), tuple(table))]
    return [head, *table]


def _restated(view: View, restated: pd.DataFrame) -> list[Any]:
    head = Heading(say("changes.restated"), anchor="restated")
    if restated.empty:
        return [head, Para(say("changes.no_restated"), "none")]
    rows = []
    for row in records(restated):
        before, after = (view.book.observation(str(row[f"observation_id_{side}"])) for side in ("before", "after"))
        unit = str(row["unit"])
        write: Any = (
            (lambda value: f"{float(value):g}%") if unit == "pct" else (lambda value, of=unit: amount(value, of))
        )
        rows.append(
            Row(
                (
                    name(f"{row['operator']}, {row['scope']}", 120), word("metric", row["metric"]),
                    wording.day(row["period_end"]), Number(write(row["value_before"]), before),
                    Number(write(row["value_after"]), after), word("reason", row["reason"]),
                    wording.day(row["known_at_after"]),
                ),
                view.scopes.operator(row["operator"]),
            )
        )  # fmt: skip
    columns = (
        Column(say("table.series")), Column(say("table.metric")), Column(say("table.period"), "q"),
        Column(say("changes.before"), "r"), Column(say("changes.after"), "r"), Column(say("changes.reason")),
        Column(say("table.known"), "q"),
    )  # fmt: skip
    return [head, *cut_table(say("changes.restated_caption"), columns, rows, MOST_RESTATED)]


def cut_table(caption: Text, columns: tuple[Column, ...], rows: Sequence[Row], most: int) -> list[Any]:
    """The first rows at once, the others on demand: nothing is left out."""
    out: list[Any] = [Table(caption, columns, rows[:most])]
    if len(rows) > most:
        out.append(Fold(say("page.further", n=len(rows) - most), (Table(caption, columns, rows[most:]),)))
    return out


def points(value: float) -> str:
    """Percentage points, two decimals, a true minus sign: 0.254 -> '+0.25', 0.001 -> '0.00'."""
    rounded = round(value, 2) + 0.0
    return f"{rounded:+.2f}".replace("-", "\u2212") if rounded else "0.00"


def signed_amount(value: Any, unit: str) -> Text:
    """A change of capacity with its sign and unit."""
    sign = "+" if float(value) > 0 else "\u2212" if float(value) < 0 else ""
    told = amount(abs(float(value)), unit)
    return say("page.signed", sign=sign, amount=told)
