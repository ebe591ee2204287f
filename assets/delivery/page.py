"""The report page: one self-contained HTML file from the published database.

Belongs here: which numbers, charts and tables the page shows. How they look stands in templates/, what a number's
source is in evidence.py, pictures in charts.py. The page loads nothing: styles, charts and the few lines of script are
inside it, and a policy in its head forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from assets.delivery import charts, wording
from assets.delivery.evidence import EvidenceBook
from assets.delivery.frames import one_of_each, records
from assets.delivery.lease_section import LEASE_TABLES, document_anchors, lease_section, reported_only
from assets.warehouse.archive import stored_path
from assets.warehouse.database import connect

TEMPLATES = Path(__file__).parent / "templates"
TABLES = (
    "documents",
    "observations",
    "quarantine",
    "facilities",
    "stack_evidence",
    "stack_shares",
    "occupancy_history",
    "occupancy_forecast",
    "breach_probability",
    "forecast_accuracy",
    "forecast_choice",
    "source_disagreements",
    "claims",
    "assumptions",
    "runs",
)
STACKS = {
    "mainland": "Mainland stack",
    "us": "US stack",
    "dual": "Dual stack",
    "unknown": "Stack unknown",
}
# Quarters printed as numbers below a chart; the whole history stands in the database.
QUARTERS_SHOWN = 12
HORIZONS_SHOWN = (1, 4, 8)
FEWEST_CHART_POINTS = 4
# A series without a figure for two years stands apart: its last value says nothing about now.
RECENT_QUARTERS = 8
MOST_CHARTS = 60
# What a page can hold and a person can scroll; what is left out is counted and stands in the database.
MOST_SERIES = 400
MOST_DOCUMENTS = 1000
MOST_QUARANTINED = 500
SCENARIO = "base"
MARKS = {"observed": "●", "estimated": "◐", "assumed": "○"}


@dataclass(frozen=True)
class Number:
    """A number as printed and the anchor of its evidence; `anchor` is empty only for dashes."""

    text: str
    anchor: str = ""
    remark: str = ""


def write_page(database: Path, out: Path, archive: Path | None = None) -> Path:
    """Write the page for the database at `database` to `out` and return `out`.

    archive: the folder of archived documents; links to them are relative to the page. Without it, or for a document
    not found in it, the page says so instead of linking. The file is replaced at once: a reader sees the old page or
    the new one. Raises FileNotFoundError where there is no database, KeyError where it lacks a table.
    """
    tables = read_tables(database)
    links = archive_links(tables["documents"], archive, out.parent)
    text = render(tables, links)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.part")
    with unfinished.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    unfinished.replace(out)
    return out


def read_tables(database: Path) -> dict[str, pd.DataFrame]:
    """Every table and view the page needs, by name."""
    with connect(database, read_only=True) as connection:
        present = {
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        }
        needed = list(dict.fromkeys((*TABLES, *LEASE_TABLES)))
        lacking = [name for name in needed if name not in present]
        if lacking:
            raise KeyError(
                f"{database}: tables {', '.join(lacking)} are missing, expected {len(needed)};"
                " publish again with `colocast run`."
            )
        return {name: connection.execute(f'SELECT * FROM main."{name}"').df() for name in needed}


def archive_links(documents: pd.DataFrame, archive: Path | None, page_folder: Path) -> dict[str, str]:
    """document_id -> link from the page's folder to the archived bytes where they are present."""
    if archive is None:
        return {}
    links = {}
    for document in records(documents):
        stored = stored_path(archive, document["sha256"])
        if stored.is_file():
            relative = os.path.relpath(stored.resolve(), page_folder.resolve())
            links[document["document_id"]] = quote(relative.replace(os.sep, "/"))
    return links


def render(tables: Mapping[str, pd.DataFrame], links: Mapping[str, str]) -> str:
    """The whole page as text. Everything that comes from a document is escaped by the template."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    everything, tables = tables, reported_only(tables)
    book = EvidenceBook(tables, links)
    leases = lease_section(everything, book)
    forecast = newest_vintage(tables["occupancy_forecast"])
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    sections: dict[str, Any] = {
        "summary": summary(tables, forecast, book),
        "stacks": stack_section(tables, forecast, book),
        "leagues": leagues(tables, forecast, book),
        "fans": fans(tables, forecast, book),
        "breaches": breaches(tables, book),
        "quarantine": quarantine(tables, book),
        "disagreements": disagreements(tables, book),
        "claims": [clean(row) for row in records(tables["claims"].sort_values("claim_id"))],
        "assumptions": [clean(row) for row in records(tables["assumptions"].sort_values("parameter"))],
        "accuracy": accuracy(tables["forecast_accuracy"], tables["forecast_choice"]),
        "stack_evidence": stack_evidence(tables["stack_evidence"], book),
        "leases": leases,
    }
    entries = book.entries()
    needed = {entry.document_anchor for entry in entries}
    needed |= {row["anchor"] for name in ("quarantine", "stack_evidence") for row in sections[name]}
    needed |= document_anchors(leases)
    received = documents(tables, book, links, needed)
    return environment.get_template("page.html").render(
        **sections,
        entries=entries,
        documents=received,
        documents_left_out=len(tables["documents"]) - len(received),
        quarantine_left_out=len(tables["quarantine"]) - len(sections["quarantine"]),
        unmatched=sorted(set(book.unmatched)),
        style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        marks=MARKS,
        stack_names=STACKS,
    )


def newest_vintage(forecast: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest vintage of the base scenario."""
    base = forecast.loc[forecast["scenario"] == SCENARIO]
    return base.loc[base["vintage"] == base["vintage"].max()] if len(base) else base


def clean(row: dict[str, Any]) -> dict[str, str]:
    """A row with every cell as plain words."""
    return {
        str(name): wording.day(value) if isinstance(value, pd.Timestamp) else wording.plain(value, 600)
        for name, value in row.items()
    }


def summary(tables: Mapping[str, pd.DataFrame], forecast: pd.DataFrame, book: EvidenceBook) -> dict[str, Any]:
    """What stands in the head of the page: dates, counts and the latest run."""
    statuses = tables["documents"]["status"].value_counts()
    runs = tables["runs"].sort_values("started_at")
    history = tables["occupancy_history"]
    tiles = []
    for row in latest_rows(history, ("stack", "total")):
        tiles.append(
            {
                "name": wording.plain(row["series_name"]),
                "unit": wording.unit_name(row["unit"]),
                "number": history_number(book, row, "occupancy"),
                "quarter": wording.day(row["quarter_end"]),
                "kind": prevailing(row),
                "shares": evidence_words(row),
            }
        )
    return {
        "vintage": wording.day(forecast["vintage"].max()) if len(forecast) else "",
        "known": wording.day(history["known_at"].max()) if len(history) else "",
        "documents": {name: int(statuses.get(name, 0)) for name in ("accepted", "quarantined", "rejected")},
        "observations": len(tables["observations"]),
        "series": int(history.groupby(["level", "series_id"]).ngroups) if len(history) else 0,
        "run": clean(records(runs.tail(1))[0]) if len(runs) else {},
        "tiles": tiles,
    }


def latest_rows(history: pd.DataFrame, levels: tuple[str, ...]) -> list[dict[str, Any]]:
    """The latest quarter with an occupancy of every series of `levels`, in order of level, unit and name."""
    shown = history.loc[history["level"].isin(levels) & history["occupancy"].notna()]
    latest = shown.sort_values("quarter_end").groupby(["level", "series_id"], sort=False).tail(1)
    return records(latest.sort_values(["level", "unit", "series_name", "series_id"]))


def evidence_words(row: Mapping[str, Any]) -> str:
    """The shares of evidence of a row, those of zero left out."""
    return ", ".join(
        f"{kind} {wording.rate(row[f'{kind}_share'])}" for kind in MARKS if float(row[f"{kind}_share"]) > 0
    )


def history_number(book: EvidenceBook, row: Mapping[str, Any], column: str) -> Number:
    """A cell of occupancy_history with its anchor."""
    value = row[column]
    if wording.missing(value):
        return Number("–")
    is_capacity = column in ("in_service", "leased", "committed", "utilised")
    text = wording.capacity(value, row["unit"]) if is_capacity else wording.rate(value)
    return Number(text, book.history(row["level"], row["series_id"], row["quarter_end"]))


def forecast_number(book: EvidenceBook, row: Mapping[str, Any], column: str) -> Number:
    """A cell of occupancy_forecast with its anchor."""
    value = row[column]
    if wording.missing(value):
        return Number("–")
    text = wording.rate(value) if column.startswith("occupancy") else wording.capacity(value, row["unit"])
    return Number(text, book.forecast(row["level"], row["series_id"], row["vintage"], row["scenario"]))


def stack_section(tables: Mapping[str, pd.DataFrame], forecast: pd.DataFrame, book: EvidenceBook) -> dict[str, Any]:
    """Occupancy by stack: per unit a chart and a row a class (one without a series says so), and the total."""
    history = tables["occupancy_history"]
    sums = history.loc[history["level"].isin(["stack", "total"])]
    units = []
    for unit in sorted(sums["unit"].unique()):
        rows: list[dict[str, Any]] = []
        pictures = []
        for stack, name in [*STACKS.items(), ("", "All reporting operators")]:
            level, series_id = ("stack", f"stack/{stack}/{unit}") if stack else ("total", f"total/{unit}")
            own = sums.loc[(sums["level"] == level) & (sums["series_id"] == series_id)].sort_values("quarter_end")
            ahead = of_series(forecast, level, series_id)
            if own.empty:
                rows.append({"name": name, "empty": True})
                continue
            last = records(own.tail(1))[0]
            rows.append(
                {
                    "name": name,
                    "empty": False,
                    "quarter": wording.day(last["quarter_end"]),
                    "seen": last_observed(own),
                    "occupancy": history_number(book, last, "occupancy"),
                    "leased": history_number(book, last, "leased"),
                    "in_service": history_number(book, last, "in_service"),
                    "members": int(last["members"]),
                    "shares": [
                        (kind, wording.rate(last[f"{kind}_share"]), float(last[f"{kind}_share"])) for kind in MARKS
                    ],
                    "anchor": book.history(level, series_id, last["quarter_end"]),
                    "ahead": [ahead_cell(book, ahead, horizon) for horizon in (4, 8)],
                }
            )
            title = f"{name}, {wording.unit_name(unit)}"
            past = of_series(tables["occupancy_forecast"], level, series_id)
            pictures.append(
                {
                    "fan": fan_svg(own, ahead, past, title),
                    "share": share_svg(own, f"Share of evidence: {title}"),
                }
            )
        units.append({"unit": wording.unit_name(unit), "rows": rows, "pictures": pictures})
    shares = tables["stack_shares"]
    operators = shares.loc[shares["level"] == "operator"].sort_values("series_id")
    names = {
        series_id: wording.series_label(book.series_name("operator", series_id), series_id.rsplit("/", 1)[-1])
        for series_id in operators["series_id"].astype(str)
    }
    return {
        "units": units,
        "shares": [
            {
                "name": names[row["series_id"]],
                "cells": [wording.rate(row[f"{stack}_share"]) for stack in STACKS],
                "grade": wording.plain(row["grade"]),
                "count": int(row["evidence_count"]),
                "as_of": wording.day(row["as_of"]),
            }
            for row in records(operators.loc[operators["evidence_count"] > 0])
        ],
        "without": [names[series_id] for series_id in operators.loc[operators["evidence_count"] == 0, "series_id"]],
    }


def last_observed(history: pd.DataFrame) -> str:
    """The latest quarter of which at least a part is observed."""
    seen = history.loc[history["observed_share"] > 0, "quarter_end"]
    return wording.day(seen.max()) if len(seen) else "never"


def of_series(table: pd.DataFrame, level: str, series_id: str) -> pd.DataFrame:
    """The rows of one series, in order of quarter."""
    return table.loc[(table["level"] == level) & (table["series_id"] == series_id)].sort_values("quarter_end")


def ahead_cell(book: EvidenceBook, ahead: pd.DataFrame, horizon: int) -> dict[str, Any]:
    """Median and 80 % band at a horizon; dashes where there is no forecast."""
    rows = ahead.loc[ahead["horizon"] == horizon]
    if rows.empty:
        return {"middle": Number("–"), "low": Number("–"), "high": Number("–"), "quarter": ""}
    row = records(rows.tail(1))[0]
    return {
        "middle": forecast_number(book, row, "occupancy_p50"),
        "low": forecast_number(book, row, "occupancy_p10"),
        "high": forecast_number(book, row, "occupancy_p90"),
        "quarter": wording.day(row["quarter_end"]),
    }


def fan_svg(history: pd.DataFrame, ahead: pd.DataFrame, every_vintage: pd.DataFrame, title: str, axis: str = "") -> Any:
    """The fan chart of one series as safe markup; earlier vintages as thin lines."""
    from markupsafe import Markup

    newest = ahead["vintage"].max() if len(ahead) else None
    past = every_vintage.loc[(every_vintage["vintage"] != newest) & (every_vintage["scenario"] == SCENARIO)]
    last = history.loc[history["occupancy"].notna()].sort_values("quarter_end").tail(1)
    description = f"{title}: occupancy by quarter"
    if len(last):
        description += f", last {wording.rate(last['occupancy'].iloc[0])} at {wording.day(last['quarter_end'].iloc[0])}"
    if len(ahead):
        description += f", forecast to {wording.day(ahead['quarter_end'].max())} with 80 % and 95 % bands"
    picture = charts.history_with_fan(history, ahead, title, axis or charts.OCCUPANCY_AXIS, past)
    return Markup(charts.chart_svg(picture, description, themed=True))


def share_svg(history: pd.DataFrame, title: str) -> Any:
    """The chart of the share of evidence as safe markup; empty where it would show one class alone, or one quarter."""
    from markupsafe import Markup

    one_class = any((history[f"{kind}_share"] > 0.9995).all() for kind in MARKS)
    if one_class or history["quarter_end"].nunique() < 2:
        return ""
    return Markup(charts.chart_svg(charts.evidence_share(history, title), title, themed=True))


LEAGUES = (
    (
        "operators",
        "operator",
        "Operators",
        "One row a series an operator reports: whole group, or the part it reports apart.",
    ),
    ("markets", "market", "Markets", "What market sources state, and sums over reporting operators in one market."),
    ("sites", "facility", "Sites", "Data centres of which a figure is printed."),
)


def leagues(tables: Mapping[str, pd.DataFrame], forecast: pd.DataFrame, book: EvidenceBook) -> list[dict[str, Any]]:
    """The league tables: operators, markets and sites, fullest first."""
    from markupsafe import Markup

    history = tables["occupancy_history"]
    out = []
    for key, level, title, words in LEAGUES:
        rows = []
        latest = latest_rows(history, (level,))
        for row in sorted(latest, key=fullest_first)[:MOST_SERIES]:
            own = of_series(history, level, row["series_id"])
            year = own.loc[own["quarter_end"] == year_before(row["quarter_end"])]
            change = Number("–")
            if len(year) and not wording.missing(year["occupancy"].iloc[0]):
                before = records(year)[0]
                remark = "" if same(before["perimeter"], row["perimeter"]) else "another perimeter a year ago"
                change = Number(
                    wording.points(float(row["occupancy"]) - float(before["occupancy"])),
                    book.history(level, row["series_id"], before["quarter_end"]),
                    remark,
                )
            figures = book.figures_of(level, row["series_id"], row["quarter_end"])
            kind = prevailing(row)
            enough = own["occupancy"].notna().sum() >= 3
            rows.append(
                {
                    "name": wording.series_label(row["series_name"], row["unit"]),
                    "stack": STACKS.get(str(row["stack"]), "–"),
                    "quarter": wording.day(row["quarter_end"]),
                    "occupancy": history_number(book, row, "occupancy"),
                    "in_service": history_number(book, row, "in_service"),
                    "commitment": history_number(book, row, "commitment_rate"),
                    "basis": occupancy_basis(row, figures),
                    "change": change,
                    "spark": Markup(charts.sparkline(own)) if enough else "",
                    "quality": kind,
                    "trust": quality_words(kind, figures),
                    "reported": last_reported(row, figures),
                    "ahead": ahead_cell(book, of_series(forecast, level, row["series_id"]), 4),
                }
            )
        is_current = [is_recent(row["quarter"], history) for row in rows]
        out.append(
            {
                "key": key,
                "title": title,
                "words": words,
                "left_out": max(0, len(latest) - MOST_SERIES),
                "rows": [row for row, current in zip(rows, is_current, strict=True) if current],
                "ended": [row for row, current in zip(rows, is_current, strict=True) if not current],
            }
        )
    return out


def fullest_first(row: Mapping[str, Any]) -> tuple[float, str]:
    """Order of a league table: occupancy falling, then name."""
    return -float(row["occupancy"]), str(row["series_name"])


def is_recent(quarter_end: Any, history: pd.DataFrame) -> bool:
    """Does a series' last quarter lie within RECENT_QUARTERS of the newest quarter of any series?"""
    oldest = pd.Timestamp(history["quarter_end"].max()) - pd.offsets.QuarterEnd(RECENT_QUARTERS)
    return bool(pd.Timestamp(quarter_end) >= oldest)


def prevailing(row: Mapping[str, Any]) -> str:
    """The evidence class with the largest share of the row."""
    shares = {kind: float(row[f"{kind}_share"]) for kind in MARKS}
    return max(shares, key=shares.__getitem__)


def year_before(quarter_end: Any) -> pd.Timestamp:
    """The same quarter end one year earlier."""
    return pd.Timestamp(quarter_end) - pd.offsets.QuarterEnd(4)


def same(one: Any, other: Any) -> bool:
    """Equal, with missing equal to missing."""
    return one == other or (wording.missing(one) and wording.missing(other))


def occupancy_basis(row: Mapping[str, Any], figures: list[dict[str, Any]]) -> str:
    """What the occupancy of a row means, in words: the operands it was divided from or the rate that is printed."""
    metrics = {figure["metric"] for figure in figures}
    if wording.missing(row["in_service"]):
        if "vacancy_rate" in metrics:
            return "1 − vacancy as printed"
        return "occupancy as printed" if "occupancy_rate" in metrics else "utilisation as printed"
    if "occupancy_rate" in metrics:
        return "occupancy as printed × in service"
    if "vacancy_rate" in metrics:
        return "(1 − vacancy as printed) × in service"
    if wording.missing(row["operator"]):
        return "sum of leased / sum of in service"
    return "billed or used / in service"


def quality_words(kind: str, figures: list[dict[str, Any]]) -> str:
    """The quality of a row's data in words: its evidence class and the best kind of source."""
    if not figures:
        return kind
    best = max(figures, key=lambda figure: float(figure["trust"]))
    return f"{kind}, {wording.plain(best['tier']).replace('_', ' ')}"


def last_reported(row: Mapping[str, Any], figures: list[dict[str, Any]]) -> str:
    """When the latest figure became known; marked where only the usual lag tells."""
    known = wording.day(row["known_at"])
    estimated = any(bool(figure.get("known_at_estimated")) for figure in figures)
    return f"{known} (est.)" if estimated and known else known


def fans(tables: Mapping[str, pd.DataFrame], forecast: pd.DataFrame, book: EvidenceBook) -> dict[str, Any]:
    """A fan and its numbers for every operator's series; what has too few quarters for a chart is named."""
    history = tables["occupancy_history"]
    every_vintage = tables["occupancy_forecast"]
    items: list[dict[str, Any]] = []
    short: list[str] = []
    ended: list[str] = []
    for row in latest_rows(history, ("operator",)):
        own = of_series(history, "operator", row["series_id"])
        ahead = of_series(forecast, "operator", row["series_id"])
        name = wording.series_label(row["series_name"], row["unit"])
        if ahead.empty and not is_recent(row["quarter_end"], history):
            ended.append(name)
            continue
        if (own["occupancy"].notna().sum() < FEWEST_CHART_POINTS and ahead.empty) or len(items) >= MOST_CHARTS:
            short.append(name)
            continue
        figures = book.figures_of("operator", row["series_id"], row["quarter_end"])
        axis = f"Occupancy ({occupancy_basis(row, figures)})"
        past = of_series(every_vintage, "operator", row["series_id"])
        items.append(
            {
                "name": name,
                "svg": fan_svg(own, ahead, past, name, axis),
                "model": ", ".join(sorted(ahead["model"].astype(str).unique())),
                "history": [
                    {
                        "quarter": wording.day(one["quarter_end"]),
                        "occupancy": history_number(book, one, "occupancy"),
                        "leased": history_number(book, one, "leased"),
                        "in_service": history_number(book, one, "in_service"),
                        "commitment": history_number(book, one, "commitment_rate"),
                        "kind": prevailing(one),
                    }
                    for one in records(own.tail(QUARTERS_SHOWN).iloc[::-1])
                ],
                "ahead": [
                    {
                        "quarter": wording.day(one["quarter_end"]),
                        "horizon": int(one["horizon"]),
                        "middle": forecast_number(book, one, "occupancy_p50"),
                        "low": forecast_number(book, one, "occupancy_p10"),
                        "high": forecast_number(book, one, "occupancy_p90"),
                        "lowest": forecast_number(book, one, "occupancy_p05"),
                        "highest": forecast_number(book, one, "occupancy_p95"),
                        "leased": forecast_number(book, one, "leased_p50"),
                        "in_service": forecast_number(book, one, "in_service_p50"),
                    }
                    for one in records(ahead)
                ],
            }
        )
    return {"items": items, "short": short, "ended": ended}


def breaches(tables: Mapping[str, pd.DataFrame], book: EvidenceBook) -> dict[str, Any]:
    """Probability that occupancy stands below each threshold, per operator series and shown horizon."""
    table = newest_vintage(tables["breach_probability"])
    table = table.loc[table["level"].isin(["operator", "stack", "total"]) & table["horizon"].isin(HORIZONS_SHOWN)]
    thresholds = sorted(table["threshold"].unique())
    rows = []
    for (level, series_id, horizon), group in one_of_each(table, ["level", "series_id", "horizon"]):
        first = records(group)[0]
        anchor = book.forecast(level, series_id, first["vintage"], first["scenario"])
        chances = dict(zip(group["threshold"], group["probability"], strict=True))
        rows.append(
            {
                "name": wording.series_label(book.series_name(level, series_id), series_id.rsplit("/", 1)[-1]),
                "quarter": wording.day(first["quarter_end"]),
                "horizon": int(horizon),
                "cells": [
                    Number(f"{100 * chances[threshold]:.0f}%", anchor) if threshold in chances else Number("–")
                    for threshold in thresholds
                ],
            }
        )
    return {"thresholds": [wording.rate(threshold) for threshold in thresholds], "rows": rows}


def documents(
    tables: Mapping[str, pd.DataFrame], book: EvidenceBook, links: Mapping[str, str], needed: set[str]
) -> list[dict[str, Any]]:
    """What became of every document and why; those that need a look first. `needed` anchors are never left out."""
    order = {"quarantined": 0, "rejected": 1, "accepted": 2}
    shown = tables["documents"].assign(_order=tables["documents"]["status"].map(order))
    rows = [
        {
            **clean(row),
            "anchor": book.document(row["document_id"]),
            "href": links.get(row["document_id"], ""),
            "received": wording.day(row["received_at"]),
        }
        for row in records(shown.sort_values(["_order", "file_name"]))
    ]
    return [row for index, row in enumerate(rows) if index < MOST_DOCUMENTS or row["anchor"] in needed]


def quarantine(tables: Mapping[str, pd.DataFrame], book: EvidenceBook) -> list[dict[str, Any]]:
    """Every row held back, with its document."""
    names = dict(zip(tables["documents"]["document_id"], tables["documents"]["file_name"], strict=True))
    return [
        {
            **clean(row),
            "file_name": wording.plain(names.get(row["document_id"], row["document_id"]), 160),
            "anchor": book.document(row["document_id"]),
        }
        for row in records(
            tables["quarantine"].sort_values(["document_id", "rule", "quarantine_id"]).head(MOST_QUARANTINED)
        )
    ]


def disagreements(tables: Mapping[str, pd.DataFrame], book: EvidenceBook) -> dict[str, Any]:
    """Where sources disagree: pairs with what each counts, and a dot plot of the rates."""
    from markupsafe import Markup

    table = tables["source_disagreements"].sort_values(["metric", "market", "period_end"], na_position="last")
    claims = set(tables["claims"]["claim_id"])
    rows = []
    for row in records(table):
        write = wording.rate if str(row["metric"]).endswith("rate") else (lambda value: wording.capacity(value, "mw"))
        rows.append(
            {
                **clean(row),
                "metric": wording.metric_name(row["metric"]),
                "a": Number(write(row["value_a"]), source_anchor(row, "a", claims, book)),
                "b": Number(write(row["value_b"]), source_anchor(row, "b", claims, book)),
            }
        )
    vacancies = table.loc[table["metric"] == "vacancy_rate"]
    svg = ""
    if len(vacancies):
        sides = [
            vacancies[["market", f"source_{side}", f"value_{side}"]].set_axis(["market", "source", "value"], axis=1)
            for side in "ab"
        ]
        dots = pd.concat(sides).drop_duplicates()
        dots["market"] = dots["market"].map(wording.plain)
        dots["source"] = dots["source"].map(wording.plain)
        title = "Vacancy (each source's own definition)"
        svg = Markup(charts.chart_svg(charts.source_dots(dots, title), f"{title} by market and source", themed=True))
    return {"rows": rows, "svg": svg}


def source_anchor(row: Mapping[str, Any], side: str, claims: set[str], book: EvidenceBook) -> str:
    """Where one side of a disagreement comes from: a printed figure, or a claim of the ledger."""
    claim = row[f"claim_id_{side}"]
    if not wording.missing(claim) and claim in claims:
        return f"claim-{claim}"
    return book.observation(str(row[f"observation_id_{side}"]))


def stack_evidence(table: pd.DataFrame, book: EvidenceBook) -> list[dict[str, Any]]:
    """The dated statements behind the stack classes."""
    return [
        {
            **clean(row),
            "about": wording.plain(
                next(
                    (
                        row[name]
                        for name in ("facility_id", "operator", "jurisdiction")
                        if not wording.missing(row[name])
                    ),
                    "",
                )
            ),
            "anchor": book.document(row["document_id"]),
        }
        for row in records(table.sort_values(["evidence_date", "evidence_id"]))
    ]


def accuracy(table: pd.DataFrame, choice: pd.DataFrame) -> dict[str, Any]:
    """How forecasts did: rows by level, horizon and model, two charts a level, and why the newest vintage publishes the
    combination or the last value.
    """
    from markupsafe import Markup

    rows = [
        {
            "model": wording.plain(row["model"]),
            "level": wording.plain(row["level"]),
            "horizon": int(row["horizon"]),
            "origins": int(row["origins"]),
            "n": int(row["n"]),
            "mae": number_or_dash(row["mae_pp"], 2),
            "bias": number_or_dash(row["bias_pp"], 2),
            "mase": number_or_dash(row["mase"], 2),
            "swis": number_or_dash(row["swis"], 2),
            "coverage_80": wording.rate(row["coverage_80"]),
            "coverage_95": wording.rate(row["coverage_95"]),
            "skill": number_or_dash(row["skill_vs_naive"], 3),
            "beats": not wording.missing(row["skill_vs_naive"]) and float(row["skill_vs_naive"]) > 0,
        }
        for row in records(table.sort_values(["level", "horizon", "model"]))
    ]
    pictures = []
    for level in sorted(table["level"].unique()):
        own = table.loc[(table["level"] == level) & table["mae_pp"].notna()]
        if len(own):
            title = f"Error by horizon, level {wording.plain(level)}"
            pictures.append(Markup(charts.chart_svg(charts.accuracy_by_horizon(own, title), title, themed=True)))
        published = own[own["model"] == "chosen"]
        if len(published):
            title = f"Outcomes inside the published bands, level {wording.plain(level)}"
            pictures.append(Markup(charts.chart_svg(charts.coverage_by_horizon(published, title), title, themed=True)))
    newest = choice[choice["vintage"] == choice["vintage"].max()]
    told = newest[["quantity", "reason"]].drop_duplicates().sort_values("quantity")
    return {"rows": rows, "pictures": pictures, "reasons": records(told)}


def number_or_dash(value: Any, digits: int) -> str:
    """Fixed decimals with a true minus sign, or a dash."""
    return "–" if wording.missing(value) else f"{float(value):.{digits}f}".replace("-", "\u2212")
