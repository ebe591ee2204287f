"""Forecasts by operator: a fan with every past vintage and its numbers for each series, and what falls below a
threshold.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.blocks import DASH, Card, Cards, Column, Number, Para, Row, Section, Table
from assets.delivery.cells import Quality, forecast_number, history_number, prevailing, series_label
from assets.delivery.charts.fans import history_with_fan
from assets.delivery.frames import one_of_each, records
from assets.delivery.sections.changes import cut_table
from assets.delivery.sections.leagues import occupancy_basis
from assets.delivery.view import SCENARIO, View, newest_vintage
from assets.delivery.words import Said, joined, say, word

# Quarters printed as numbers below a chart; the whole history stands in the database.
QUARTERS_SHOWN = 12
HORIZONS_SHOWN = (1, 4, 8)
FEWEST_CHART_POINTS = 4
MOST_CHARTS = 60
MOST_BREACHES = 25


def forecasts(view: View) -> Section:
    """A fan and its numbers for every operator's series; what has too few quarters for a chart is named."""
    section = Section("forecasts", say("forecasts.title")).add(Para(say("forecasts.about")))
    cards: list[Card] = []
    short: list[Said] = []
    ended: list[Said] = []
    for row in view.latest(("operator",)):
        series_id = str(row["series_id"])
        own, ahead = view.history_of("operator", series_id), view.ahead_of("operator", series_id)
        label = series_label(view.book.series_words("operator", series_id), str(row["unit"]))
        if ahead.empty and not view.is_recent(row["quarter_end"]):
            ended.append(label)
        elif (own["occupancy"].notna().sum() < FEWEST_CHART_POINTS and ahead.empty) or len(cards) >= MOST_CHARTS:
            short.append(label)
        else:
            cards.append(_card(view, row, own, ahead, label))
    section.add(Cards(cards) if cards else Para(say("forecasts.none"), "none"))
    if short:
        section.add(Para(say("forecasts.short", names=joined(list(short))), "faint"))
    if ended:
        section.add(Para(say("forecasts.ended", names=joined(list(ended))), "faint"))
    return section


def _card(view: View, row: dict[str, Any], own: pd.DataFrame, ahead: pd.DataFrame, label: Said) -> Card:
    series_id = str(row["series_id"])
    figures = view.book.figures_of("operator", series_id, row["quarter_end"])
    axis = say("forecasts.axis", basis=occupancy_basis(row, figures))
    picture = history_with_fan(own, ahead, label, axis, view.past_of("operator", series_id))
    numbers: list[Any] = []
    if len(ahead):
        models = joined([word("model", one) for one in sorted(ahead["model"].astype(str).unique())], ", ")
        rows = [_ahead_row(view, one) for one in records(ahead)]
        columns = (
            Column(say("table.quarter_end")), Column(say("table.median"), "r"), Column(say("table.band_80"), "r"),
            Column(say("table.band_95"), "r"), Column(say("table.leased"), "r"), Column(say("table.in_service"), "r"),
        )  # fmt: skip
        numbers.append(Table(say("forecasts.ahead_caption", models=models), columns, rows))
    else:
        numbers.append(Para(say("forecasts.no_forecast"), "none"))
    columns = (
        Column(say("table.quarter_end")), Column(say("table.occupancy"), "r"), Column(say("table.leased"), "r"),
        Column(say("table.in_service"), "r"), Column(say("table.commitment"), "r"), Column(say("table.evidence")),
    )  # fmt: skip
    history = [_history_row(view, one) for one in records(own.tail(QUARTERS_SHOWN).iloc[::-1])]
    numbers.append(Table(say("forecasts.history_caption"), columns, history))
    scope = view.scopes.series("operator", series_id)
    return Card(picture, scope, more=tuple(numbers), more_words=say("page.numbers"))


def _ahead_row(view: View, row: dict[str, Any]) -> Row:
    middle, low, high = (forecast_number(view.book, row, f"occupancy_{one}") for one in ("p50", "p10", "p90"))
    outer = ("p025", "p975")
    if wording.missing(row["occupancy_p025"]) or wording.missing(row["occupancy_p975"]):
        lowest = highest = DASH
    else:
        lowest, highest = (forecast_number(view.book, row, f"occupancy_{one}") for one in outer)
    return Row(
        (
            wording.day(row["quarter_end"]), middle, Number(f"{low.words}\u2013{high.words}", middle.anchor),
            DASH if lowest is DASH else Number(f"{lowest.words}\u2013{highest.words}", middle.anchor),
            forecast_number(view.book, row, "leased_p50"), forecast_number(view.book, row, "in_service_p50"),
        )
    )  # fmt: skip


def _history_row(view: View, row: dict[str, Any]) -> Row:
    kind = prevailing(row)
    return Row(
        (
            wording.day(row["quarter_end"]), history_number(view.book, row, "occupancy"),
            history_number(view.book, row, "leased"), history_number(view.book, row, "in_service"),
            history_number(view.book, row, "commitment_rate"), Quality(kind, word("class", kind)),
        )
    )  # fmt: skip


def breaches(view: View) -> Section:
    """Probability that occupancy stands below each threshold, per operator series and shown horizon."""
    section = Section("breach", say("breach.title")).add(Para(say("breach.about")))
    table = view.reported["breach_probability"]
    table = newest_vintage(table.loc[table["scenario"] == SCENARIO])
    table = table.loc[
        table["level"].isin(["operator", "market", "stack", "total"]) & table["horizon"].isin(HORIZONS_SHOWN)
    ]
    thresholds = sorted(table["threshold"].unique())
    rows: list[tuple[float, Row]] = []
    for (level, series_id, horizon), group in one_of_each(table, ["level", "series_id", "horizon"]):
        first = records(group)[0]
        anchor = view.book.forecast(level, series_id, first["vintage"], first["scenario"])
        chances = dict(zip(group["threshold"], group["probability"], strict=True))
        cells = [Number(chance(chances[one]), anchor) if one in chances else DASH for one in thresholds]
        row = Row(
            (view.label(level, series_id), wording.day(first["quarter_end"]), str(int(horizon)), *cells),
            view.scopes.series(level, series_id),
        )
        rows.append((max(chances.values()), row))
    if not rows:
        return section.add(Para(say("breach.none"), "none"))
    columns = (
        Column(say("table.series")), Column(say("table.quarter_end"), "q"), Column(say("table.horizon"), "r"),
        *(Column(say("breach.below", rate=f"{100 * one:g}%"), "r") for one in thresholds),
    )  # fmt: skip
    likeliest = [row for _, row in sorted(rows, key=lambda one: -one[0])]
    return section.add(*cut_table(say("breach.caption"), columns, likeliest, MOST_BREACHES))


def chance(probability: float) -> str:
    """A probability as a whole per cent; of less than one only that is said."""
    per_cent = 100 * float(probability)
    return "< 1%" if 0 < per_cent < 1 else "> 99%" if 99 < per_cent < 100 else f"{per_cent:.0f}%"
