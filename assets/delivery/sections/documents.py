"""What became of every document, and what is held back by which rule."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import Column, Link, Para, Row, Section, Table
from assets.delivery.frames import records
from assets.delivery.view import View
from assets.delivery.words import name, say, word

# What a page can hold and a person can scroll; what is left out is counted and stands in the database.
MOST_DOCUMENTS = 1000
MOST_QUARANTINED = 500


def documents(view: View, needed: set[str]) -> Section:
    """Every document, those that need a look first. `needed` anchors are never left out."""
    section = Section("documents", say("documents.title"))
    table = view.everything["documents"]
    if table.empty:
        return section.add(Para(say("documents.none"), "none"))
    order = table["status"].map({"quarantined": 0, "rejected": 1, "accepted": 2})
    rows = []
    for index, row in enumerate(records(table.assign(order=order).sort_values(["order", "file_name", "document_id"]))):
        anchor = view.book.document(row["document_id"])
        if index < MOST_DOCUMENTS or anchor in needed:
            rows.append(_document(view, row, anchor))
    columns = (
        Column(say("table.document"), "w"), Column(say("filter.operator")), Column(say("table.published"), "q"),
        Column(say("table.received"), "q"), Column(say("table.status"), "q"), Column(say("table.reason"), "w"),
        Column(say("table.layout")), Column(say("table.accepted"), "r"), Column(say("table.held_back"), "r"),
    )  # fmt: skip
    section.add(Table(say("documents.caption"), columns, rows))
    if len(table) > len(rows):
        section.add(Para(say("documents.left_out", n=len(table) - len(rows)), "faint"))
    return section


def archived(href: str, file_name: Any) -> Markup:
    """A document's name as a link to its archived bytes; without them the name and a word."""
    shown = name(file_name, 160)
    if not href:
        return Markup('{} <span class="faint">{}</span>').format(shown, say("documents.not_archived"))
    return Markup('<a href="{}" download="{}" rel="noopener noreferrer">{}</a>').format(
        href, wording.plain(file_name, 160), shown
    )


def _document(view: View, row: dict[str, Any], anchor: str) -> Row:
    status = Markup('<span class="status-{}">{}</span>').format(row["status"], word("status", row["status"]))
    cells: tuple[Any, ...] = (
        archived(view.links.get(str(row["document_id"]), ""), row["file_name"]),
        "" if wording.missing(row["operator"]) else name(row["operator"], 80), wording.day(row["published_on"]),
        wording.day(row["received_at"]), status, "" if wording.missing(row["reason"]) else name(row["reason"], 600),
        "" if wording.missing(row["layout"]) else name(row["layout"], 60), str(row["rows_accepted"]),
        str(row["rows_quarantined"]),
    )  # fmt: skip
    return Row(cells, view.scopes.operator(row["operator"]), anchor)


def quarantine(view: View) -> Section:
    """Every row held back, with its document, rule and place."""
    section = Section("quarantine", say("quarantine.title")).add(Para(say("quarantine.about")))
    table = view.everything["quarantine"].sort_values(["document_id", "rule", "quarantine_id"])
    if table.empty:
        return section.add(Para(say("quarantine.none"), "none"))
    rows = []
    for row in records(table.head(MOST_QUARANTINED)):
        document = view.documents.get(str(row["document_id"]), {})
        shown = name(document.get("file_name", row["document_id"]), 160)
        figure = Markup('<span class="faint">{}</span>').format(say("quarantine.whole"))
        if not wording.missing(row["row_json"]) and str(row["row_json"]):
            figure = Markup("<details><summary>{}</summary><pre><bdi>{}</bdi></pre></details>").format(
                say("page.show"), wording.plain(row["row_json"], 600)
            )
        rows.append(
            Row(
                (
                    Link(shown, view.book.document(row["document_id"])), name(row["rule"], 60),
                    word("severity", row["severity"]), name(row["reason"], 600), name(row["locator"], 160), figure,
                ),
                view.scopes.operator(document.get("operator")),
            )
        )  # fmt: skip
    columns = (
        Column(say("table.document")), Column(say("quarantine.rule"), "q"), Column(say("changes.severity")),
        Column(say("table.reason"), "w"), Column(say("quarantine.place")), Column(say("quarantine.figure")),
    )  # fmt: skip
    section.add(Table(say("quarantine.caption"), columns, rows))
    if len(table) > len(rows):
        section.add(Para(say("quarantine.left_out", n=len(table) - len(rows)), "faint"))
    return section


def anchors(view: View) -> set[str]:
    """Anchors of documents that the quarantine and the statements about stacks lead to."""
    named = [*view.everything["quarantine"]["document_id"].head(MOST_QUARANTINED)]
    named += list(view.reported["stack_evidence"]["document_id"])
    return {anchor for anchor in map(view.book.document, named) if anchor}
