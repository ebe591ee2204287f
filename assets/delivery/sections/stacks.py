"""Occupancy by stack: figures to see at once, a fan a class with every past vintage, the shares of evidence, and the
statements that classes rest on.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import (
    Card,
    Cards,
    Column,
    Heading,
    Link,
    Number,
    Para,
    Row,
    Section,
    Table,
    Tile,
    Tiles,
)  # fmt: skip
from assets.delivery.cells import (
    MARKS,
    Quality,
    ahead_band,
    evidence_words,
    forecast_number,
    history_number,
    prevailing,
    share_bar,
)  # fmt: skip
from assets.delivery.charts.fans import evidence_share, history_with_fan
from assets.delivery.frames import records
from assets.delivery.scopes import STACKS
from assets.delivery.view import View
from assets.delivery.words import joined, name, say, word


def tiles(view: View) -> list[Tiles]:
    """Occupancy now of every stack and total, by unit, with where it is forecast to stand."""
    out = []
    rows = view.latest(("stack", "total"))
    for unit in sorted({str(row["unit"]) for row in rows}):
        found = []
        for row in [one for one in rows if one["unit"] == unit]:
            ahead = view.ahead_of(str(row["level"]), str(row["series_id"]))
            then = say("stacks.no_forecast")
            if len(ahead):
                last = records(ahead.tail(1))[0]
                then = say(
                    "stacks.then", day=wording.day(last["quarter_end"]),
                    rate=forecast_number(view.book, last, "occupancy_p50").__html__(),
                )  # fmt: skip
            beside = (
                say("page.at", day=wording.day(row["quarter_end"])),
                then,
                Quality(prevailing(row), evidence_words(row)),
            )
            scope = view.scopes.series(str(row["level"]), str(row["series_id"]))
            number = history_number(view.book, row, "occupancy")
            found.append(Tile(view.book.series_words(row["level"], row["series_id"]), number, beside, scope))
        out.append(Tiles(found, say("stacks.capacity_in", unit=word("unit", unit))))
    return out


def stacks(view: View) -> Section:
    """Per unit a row a class (one without a series says so) and a fan a class, then shares and statements."""
    section = Section("stacks", say("stacks.title")).add(Para(say("stacks.about")))
    history = view.history
    sums = history.loc[history["level"].isin(["stack", "total"])]
    section.add(*tiles(view))
    units = sorted(sums["unit"].unique())
    if not units:
        section.add(Para(say("stacks.none"), "none"))
    for unit in units:
        section.add(Heading(say("stacks.unit", unit=word("unit", unit))), *_unit(view, str(unit)))
    return section.add(*_shares(view), *_statements(view))


def _unit(view: View, unit: str) -> list[Any]:
    rows, cards = [], []
    for stack in (*STACKS, ""):
        level, series_id = ("stack", f"stack/{stack}/{unit}") if stack else ("total", f"total/{unit}")
        words = word("stack", stack) if stack else say("page.all_operators")
        own = view.history_of(level, series_id)
        if own.empty:
            gap = Markup('{}<br><span class="none">{}</span>').format(words, say("stacks.no_series"))
            rows.append(Row((gap, *("\u2013" for _ in range(9)))))
            continue
        last = records(own.tail(1))[0]
        ahead = view.ahead_of(level, series_id)
        anchor = view.book.history(level, series_id, last["quarter_end"])
        scope = view.scopes.series(level, series_id)
        shares = Markup("{} {}").format(share_bar(last), Number(evidence_words(last), anchor))
        rows.append(
            Row(
                (
                    words, wording.day(last["quarter_end"]), history_number(view.book, last, "occupancy"),
                    history_number(view.book, last, "leased"), history_number(view.book, last, "in_service"),
                    Number(str(int(last["members"])), anchor), shares, _last_observed(own),
                    ahead_band(view.book, ahead, 4), ahead_band(view.book, ahead, 8),
                ),
                scope,
            )
        )  # fmt: skip
        title = say("page.series", name=words, unit=word("unit", unit))
        fan = history_with_fan(own, ahead, title, past=view.past_of(level, series_id))
        cards.append(Card(fan, scope, _share(own)))
    columns = (
        Column(say("table.stack")), Column(say("table.quarter_end"), "q"), Column(say("table.occupancy"), "r"),
        Column(say("table.leased"), "r"), Column(say("table.in_service"), "r"), Column(say("table.members"), "r"),
        Column(say("table.evidence"), "w"), Column(say("table.observed_last"), "q"), Column(say("table.on_4"), "r"),
        Column(say("table.on_8"), "r"),
    )  # fmt: skip
    caption = say("stacks.caption", unit=word("unit", unit))
    return [Cards(cards), Table(caption, columns, rows)]


def _share(own: pd.DataFrame) -> Any:
    """The chart of shares; none where it would show one class alone, or one quarter."""
    one_class = any((own[f"{kind}_share"] > 0.9995).all() for kind in MARKS)
    return None if one_class or own["quarter_end"].nunique() < 2 else evidence_share(own, say("stacks.share_title"))


def _last_observed(own: pd.DataFrame) -> Any:
    """The latest quarter of which at least a part is observed."""
    seen = own.loc[own["observed_share"] > 0, "quarter_end"]
    return wording.day(seen.max()) if len(seen) else say("page.never")


def _shares(view: View) -> list[Any]:
    head = Heading(say("stacks.shares"), anchor="stack-shares")
    shares = view.reported["stack_shares"]
    operators = shares.loc[shares["level"] == "operator"].sort_values("series_id")
    told = operators.loc[operators["evidence_count"] > 0]
    out: list[Any] = [head]
    if told.empty:
        out.append(Para(say("stacks.no_shares"), "none"))
    else:
        rows = [
            Row(
                (
                    view.label("operator", str(row["series_id"])),
                    *(Number(wording.rate(row[f"{stack}_share"]), "stack-evidence") for stack in STACKS),
                    word("class", row["grade"]), Number(str(int(row["evidence_count"])), "stack-evidence"),
                    wording.day(row["as_of"]),
                ),
                view.scopes.series("operator", str(row["series_id"])),
            )
            for row in records(told)
        ]  # fmt: skip
        columns = (
            Column(say("table.series")), *(Column(word("stack", stack), "r") for stack in STACKS),
            Column(say("table.grade")), Column(say("table.statements"), "r"), Column(say("table.as_of"), "q"),
        )  # fmt: skip
        out.append(Table(say("stacks.shares_caption"), columns, rows))
    without = operators.loc[operators["evidence_count"] == 0, "series_id"].astype(str)
    if len(without):
        names = joined([view.label("operator", one) for one in without])
        out.append(Para(say("stacks.without", names=names), "faint"))
    return out


def _statements(view: View) -> list[Any]:
    head = Heading(say("stacks.statements"), anchor="stack-evidence")
    table = view.reported["stack_evidence"].sort_values(["evidence_date", "evidence_id"])
    if table.empty:
        return [head, Para(say("stacks.no_statement"), "none")]
    claims = set(view.everything["claims"]["claim_id"].astype(str))
    rows = []
    for row in records(table):
        about = next(
            (row[one] for one in ("facility_id", "operator", "jurisdiction") if not wording.missing(row[one])), ""
        )
        document = view.book.document(row["document_id"])
        source: Any = name(row["source"], 200)
        if document:
            source = Link(source, document)
        elif not wording.missing(row["claim_id"]) and str(row["claim_id"]) in claims:
            source = Link(source, f"claim-{row['claim_id']}")
        scope = view.scopes.operator(row["operator"]) if not wording.missing(row["operator"]) else None
        rows.append(
            Row(
                (
                    name(about, 120), wording.day(row["evidence_date"]), word("stack", row["points_to"]),
                    word("strength", row["strength"]), name(row["statement"], 600), source,
                    word("class", row["provenance"]),
                ),
                scope,
            )
        )  # fmt: skip
    columns = (
        Column(say("table.about")), Column(say("table.date"), "q"), Column(say("table.points_to")),
        Column(say("table.strength")), Column(say("table.statement"), "w"), Column(say("table.source"), "w"),
        Column(say("table.class")),
    )  # fmt: skip
    return [head, Table(say("stacks.statements_caption"), columns, rows)]
