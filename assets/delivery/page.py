"""The report page: one self-contained HTML file from the published database.

Belongs here: reading the tables, the order of sections, putting the file in place. What a section shows stands in
sections/, a number's source in evidence.py, pictures in charts/, sentences and looks in templates/.
The page loads nothing: styles, charts and the script are inside it, and a policy in its head forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from assets.delivery import wording
from assets.delivery.blocks import Section
from assets.delivery.evidence import EvidenceBook
from assets.delivery.frames import records
from assets.delivery.scopes import STACKS, Scopes
from assets.delivery.sections import documents as received
from assets.delivery.sections.absorption import absorption
from assets.delivery.sections.changes import changes
from assets.delivery.sections.disagreements import disagreements
from assets.delivery.sections.forecasts import breaches, forecasts
from assets.delivery.sections.leagues import leagues
from assets.delivery.sections.leases import LEASE_TABLES, document_anchors, leases, reported_only
from assets.delivery.sections.ledger import ledger
from assets.delivery.sections.stacks import stacks
from assets.delivery.sections.track_record import track_record
from assets.delivery.view import View
from assets.delivery.words import Said, say, word
from assets.warehouse.archive import stored_path
from assets.warehouse.database import connect
from assets.warehouse.durable import like_its_folder

TEMPLATES = Path(__file__).parent / "templates"
TABLES = (
    "alerts",
    "assumptions",
    "backtest_accuracy",
    "breach_probability",
    "claims",
    "documents",
    "facilities",
    "forecast_accuracy",
    "forecast_bridge",
    "forecast_choice",
    "forecast_scores",
    "observations",
    "occupancy_forecast",
    "occupancy_history",
    "outside_forecasts",
    "quarantine",
    "restatements",
    "runs",
    "source_disagreements",
    "stack_evidence",
    "stack_shares",
)
# What the script says by itself, in both languages.
SPOKEN = (
    "script.shown", "script.all_shown", "script.sort", "script.dark", "script.light",
    "script.close", "script.back", "script.in_list", "script.evidence", "script.original",
)  # fmt: skip


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
    like_its_folder(unfinished)
    unfinished.replace(out)
    return out


def read_tables(database: Path) -> dict[str, pd.DataFrame]:
    """Every table and view the page needs, by name, in a fixed order of rows."""
    with connect(database, read_only=True) as connection:
        present = {
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        }
        needed = list(dict.fromkeys((*TABLES, *LEASE_TABLES)))
        lacking = [one for one in needed if one not in present]
        if lacking:
            raise KeyError(
                f"{database}: tables {', '.join(lacking)} are missing, expected {len(needed)};"
                " publish again with `colocast run`."
            )
        return {one: connection.execute(f'SELECT * FROM main."{one}" ORDER BY ALL').df() for one in needed}


def archive_links(documents: pd.DataFrame, archive: Path | None, page_folder: Path) -> dict[str, str]:
    """document_id -> link from the page's folder to the archived bytes where they are present."""
    if archive is None:
        return {}
    links = {}
    for document in records(documents):
        stored = stored_path(archive, document["sha256"])
        if stored.is_file():
            relative = os.path.relpath(stored.resolve(), page_folder.resolve())
            links[str(document["document_id"])] = quote(relative.replace(os.sep, "/"))
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
    reported = reported_only(tables)
    book = EvidenceBook(reported, links)
    view = View(tables, reported, book, Scopes(tables), links)
    shown = sections(view)
    # Asked last, so that every section has asked for its anchors.
    entries = book.entries()
    needed = {entry.document_anchor for entry in entries} | received.anchors(view) | document_anchors(view)
    shown += [received.documents(view, needed), received.quarantine(view)]
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8").replace("__WORDS__", spoken())
    text = environment.get_template("page.html").render(
        say=say,
        head=head(view),
        sections=shown,
        entries=entries,
        unmatched=list(dict.fromkeys(book.unmatched)),
        choices=choices(view.scopes),
        style="".join((TEMPLATES / one).read_text(encoding="utf-8") for one in ("page.css", "charts.css")),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return str(text)


def sections(view: View) -> list[Section]:
    """The sections in reading order; documents, quarantine and evidence follow them."""
    return [
        changes(view),
        stacks(view),
        leases(view),
        absorption(view),
        *leagues(view),
        forecasts(view),
        breaches(view),
        track_record(view),
        disagreements(view),
        ledger(view),
    ]


def head(view: View) -> dict[str, Any]:
    """What stands in the head of the page: dates, counts and the latest run."""
    statuses = view.everything["documents"]["status"].value_counts()
    runs = view.everything["runs"].sort_values("started_at")
    forecast, history = view.forecast, view.history
    return {
        "vintage": wording.day(forecast["vintage"].max()) if len(forecast) else "",
        "known": wording.day(history["known_at"].max()) if len(history) else "",
        "documents": {one: int(statuses.get(one, 0)) for one in ("accepted", "quarantined", "rejected")},
        "observations": len(view.everything["observations"]),
        "series": int(history.groupby(["level", "series_id"]).ngroups) if len(history) else 0,
        "vintages": int(view.base["vintage"].nunique()),
        "run": {key: wording.plain(value, 80) for key, value in records(runs.tail(1))[0].items()} if len(runs) else {},
    }


def choices(scopes: Scopes) -> dict[str, list[tuple[str, Said]]]:
    """What filters offer: slug and words, in order of the words."""
    named = {"m": scopes.markets, "o": scopes.operators}
    out = {
        letter: [
            (key, Said(text, text)) for key, text in sorted(found.items(), key=lambda one: (one[1].lower(), one[0]))
        ]
        for letter, found in named.items()
    }
    return out | {"s": [(stack, word("stack", stack)) for stack in STACKS]}


def spoken() -> str:
    """The words of the script as JSON that is safe inside a script element."""
    words = {
        key.split(".", 1)[1]: [str(getattr(say(key), language).unescape()) for language in ("en", "zh")]
        for key in SPOKEN
    }
    return json.dumps(words, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
