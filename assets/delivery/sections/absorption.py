"""Absorption against supply: what was let and what was delivered by quarter, and how long empty space would last.

Two quarters are compared only where they are neighbours of one perimeter with the same number of members: a series that
begins to count another operator has absorbed nothing.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.blocks import DASH, Card, Cards, Column, Number, Para, Row, Section, Table
from assets.delivery.charts.flows import absorption as picture
from assets.delivery.frames import records
from assets.delivery.sections.changes import signed_amount
from assets.delivery.view import View
from assets.delivery.words import amount, say, word

FEWEST_QUARTERS = 5
MOST_CHARTS = 12
QUARTERS_SHOWN = 24
YEAR = 4


def absorption(view: View) -> Section:
    """Charts of totals and of operators that print capacity in service and in use, and a row a series."""
    section = Section("absorption", say("absorption.title")).add(Para(say("absorption.about")))
    cards: list[Card] = []
    rows: list[Row] = []
    for level in ("total", "operator"):
        for row in view.latest((level,)):
            series_id = str(row["series_id"])
            flows = reported_flows(view.history_of(level, series_id))
            if (
                len(flows) < FEWEST_QUARTERS
                or flows["absorbed"].notna().sum() < 2
                or not view.is_recent(row["quarter_end"])
            ):
                continue
            scope = view.scopes.series(level, series_id)
            unit = str(row["unit"])
            if len(cards) < MOST_CHARTS:
                cards.append(
                    Card(picture(flows.tail(QUARTERS_SHOWN), view.label(level, series_id), word("unit", unit)), scope)
                )
            rows.append(Row(_cells(view, level, series_id, unit, flows), scope))
    if not rows:
        return section.add(Para(say("absorption.none"), "none"))
    columns = (
        Column(say("table.series")), Column(say("table.quarter_end"), "q"), Column(say("absorption.absorbed"), "r"),
        Column(say("absorption.delivered"), "r"), Column(say("absorption.vacant"), "r"),
        Column(say("absorption.vacancy"), "r"), Column(say("absorption.supply"), "r"),
    )  # fmt: skip
    return section.add(Cards(cards), Table(say("absorption.caption"), columns, rows))


def reported_flows(history: pd.DataFrame) -> pd.DataFrame:
    """quarter_end, absorbed, delivered (in the series' unit; missing where two quarters cannot be compared), vacancy
    (fraction), vacant (in the unit). history: occupancy_history of one series.
    """
    own = history[history["in_service"].notna() & history["leased"].notna()].sort_values("quarter_end")
    days = pd.to_datetime(own["quarter_end"])
    near = (days.dt.year * 4 + days.dt.quarter).diff() == 1
    alike = (own["members"] == own["members"].shift()) & (
        own["perimeter"].fillna("") == own["perimeter"].fillna("").shift()
    )
    comparable = near & alike
    return pd.DataFrame(
        {
            "quarter_end": own["quarter_end"],
            "absorbed": own["leased"].diff().where(comparable),
            "delivered": own["in_service"].diff().where(comparable),
            "vacancy": 1 - own["leased"] / own["in_service"].where(own["in_service"] > 0),
            "vacant": own["in_service"] - own["leased"],
        }
    ).reset_index(drop=True)


def quarters_of_supply(flows: pd.DataFrame) -> float | None:
    """Vacant capacity over the mean absorption of the last YEAR quarters; None where that is unknown or not above 0."""
    last = flows["absorbed"].tail(YEAR)
    pace = float(last.mean()) if last.notna().all() and len(last) == YEAR else 0.0
    return float(flows["vacant"].iloc[-1]) / pace if pace > 0 else None


def _cells(view: View, level: str, series_id: str, unit: str, flows: pd.DataFrame) -> tuple[Any, ...]:
    last = records(flows.tail(1))[0]
    anchor = view.book.history(level, series_id, last["quarter_end"])
    cells: list[Any] = [view.label(level, series_id), wording.day(last["quarter_end"])]
    for column in ("absorbed", "delivered"):
        year = flows[column].tail(YEAR)
        whole = year.notna().all() and len(year) == YEAR
        cells.append(Number(signed_amount(year.sum(), unit), anchor) if whole else DASH)
    cells += [Number(amount(last["vacant"], unit), anchor), Number(wording.rate(last["vacancy"]), anchor)]
    supply = quarters_of_supply(flows)
    cells.append(DASH if supply is None else Number(f"{supply:.1f}", anchor))
    return tuple(cells)
