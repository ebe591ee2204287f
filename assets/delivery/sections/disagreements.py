"""Where sources disagree: a dot plot of the rates by market, and pairs with what each source counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import Card, Cards, Column, Number, Para, Row, Section, Table
from assets.delivery.charts.record import source_dots
from assets.delivery.frames import records
from assets.delivery.view import View
from assets.delivery.words import amount, name, run, say, word


def disagreements(view: View) -> Section:
    """The section; values are shown beside each other, never averaged."""
    section = Section("disagreements", say("disagreements.title")).add(Para(say("disagreements.about")))
    table = view.everything["source_disagreements"].sort_values(["metric", "market", "period_end"], na_position="last")
    if table.empty:
        return section.add(Para(say("disagreements.none"), "none"))
    cards = []
    for metric in sorted(table["metric"].unique()):
        if str(metric).endswith("rate"):
            dots = sides(table[table["metric"] == metric])
            title = say("disagreements.dots", metric=word("metric", metric))
            scope = view.scopes.market(None)
            for market in dots["market"]:
                scope = scope | view.scopes.market(market)
            cards.append(
                Card(source_dots(dots, title, say("disagreements.axis", metric=word("metric", metric))), scope)
            )
    if cards:
        section.add(Cards(cards))
    claims = set(view.everything["claims"]["claim_id"].astype(str))
    rows = [_row(view, row, claims) for row in records(table)]
    side = (Column(say("table.value"), "r"), Column(say("table.counts"), "w"))
    columns = (
        Column(say("filter.market")), Column(say("table.metric")), Column(say("disagreements.a")), *side,
        Column(say("disagreements.b")), *side, Column(say("disagreements.remark"), "w"),
    )  # fmt: skip
    return section.add(Table(say("disagreements.caption"), columns, rows))


def sides(table: pd.DataFrame) -> pd.DataFrame:
    """market, source, value, day of both sides, each once."""
    both = [
        table[["market", "source_a", "value_a", "period_end"]],
        table[["market", "source_b", "value_b", "period_end_b"]],
    ]
    long = pd.concat([one.set_axis(["market", "source", "value", "day"], axis=1) for one in both]).drop_duplicates()
    return long.assign(market=long["market"].map(wording.plain), source=long["source"].map(wording.plain))


def source_anchor(view: View, row: Mapping[str, Any], side: str, claims: set[str]) -> str:
    """Where one side of a disagreement comes from: a printed figure, or a claim of the ledger."""
    claim = row[f"claim_id_{side}"]
    if not wording.missing(claim) and str(claim) in claims:
        return f"claim-{claim}"
    return view.book.observation(str(row[f"observation_id_{side}"]))


def _date(day: Any) -> Markup:
    return Markup('<span class="q faint">{}</span>').format(wording.day(day) or say("page.no_date"))


def _row(view: View, row: dict[str, Any], claims: set[str]) -> Row:
    is_rate = str(row["metric"]).endswith("rate")
    cells: list[Any] = [name(row["market"], 80), word("metric", row["metric"])]
    for side, day in (("a", "period_end"), ("b", "period_end_b")):
        value = row[f"value_{side}"]
        text = wording.rate(value) if is_rate else amount(value, "mw")
        source = run(name(row[f"source_{side}"], 120), Markup("<br>"), _date(row[day]))
        cells += [
            source, Number(text, source_anchor(view, row, side, claims)), name(row[f"definition_{side}"], 400),
        ]  # fmt: skip
    cells.append("" if wording.missing(row["remark"]) else name(row["remark"], 300))
    return Row(tuple(cells), view.scopes.market(row["market"], row["source_a"], row["source_b"]))
