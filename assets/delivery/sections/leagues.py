"""The league tables: operators, markets and sites, fullest first, with course, change and quality of data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import DASH, Column, Fold, Number, Para, Row, Section, Table
from assets.delivery.cells import MARKS, Quality, ahead_band, history_number, prevailing, series_label
from assets.delivery.charts.fans import sparkline
from assets.delivery.frames import records
from assets.delivery.view import View, same
from assets.delivery.words import Said, joined, say, word

# What a page can hold and a person can scroll; what is left out is counted and stands in the database.
MOST_SERIES = 400
FEWEST_POINTS = 3
LEAGUES = (("operators", "operator"), ("markets", "market"), ("sites", "facility"))


def leagues(view: View) -> list[Section]:
    """A section a level; series without a figure for two years stand apart."""
    return [_league(view, key, level) for key, level in LEAGUES]


def _league(view: View, key: str, level: str) -> Section:
    section = Section(key, say(f"leagues.{key}")).add(Para(say(f"leagues.{key}_about")))
    latest = view.latest((level,))
    if not latest:
        return section.add(Para(say("leagues.none"), "none"))
    legend = joined(
        [
            Markup('<span class="{}" aria-hidden="true">{}</span> {}').format(kind, mark, word("class", kind))
            for kind, mark in MARKS.items()
        ],
        ", ",
    )
    section.add(Para(say("leagues.legend", marks=legend), "faint"))
    shown = sorted(latest, key=fullest_first)[:MOST_SERIES]
    now = [row for row in shown if view.is_recent(row["quarter_end"])]
    ended = [row for row in shown if not view.is_recent(row["quarter_end"])]
    if now:
        section.add(_table(view, level, now, say("leagues.caption", title=section.title)))
    else:
        section.add(Para(say("leagues.no_recent"), "none"))
    if len(latest) > MOST_SERIES:
        section.add(Para(say("leagues.left_out", n=len(latest) - MOST_SERIES), "faint"))
    if ended:
        table = _table(view, level, ended, say("leagues.ended_caption", title=section.title))
        section.add(Fold(say("leagues.ended", n=len(ended)), (table,)))
    return section


def fullest_first(row: Mapping[str, Any]) -> tuple[float, str]:
    """Order of a league table: occupancy falling, then name."""
    return -float(row["occupancy"]), str(row["series_name"])


def _table(view: View, level: str, latest: list[dict[str, Any]], caption: Said) -> Table:
    columns = (
        Column(say("table.series")), Column(say("table.quarter_end"), "q"), Column(say("table.occupancy"), "r"),
        Column(say("table.course"), "s"), Column(say("table.on_year"), "r"), Column(say("table.on_4"), "r"),
        Column(say("table.quality")), Column(say("table.basis")), Column(say("table.in_service"), "r"),
        Column(say("table.commitment"), "r"), Column(say("table.stack")), Column(say("table.last_reported"), "q"),
    )  # fmt: skip
    return Table(caption, columns, [_row(view, level, row) for row in latest], wide=True)


def _row(view: View, level: str, row: dict[str, Any]) -> Row:
    series_id = str(row["series_id"])
    own = view.history_of(level, series_id)
    figures = view.book.figures_of(level, series_id, row["quarter_end"])
    enough = own["occupancy"].notna().sum() >= FEWEST_POINTS
    course = Markup(sparkline(own)) if enough else Markup('<span class="faint">{}</span>').format(say("leagues.short"))
    kind = prevailing(row)
    cells = (
        series_label(view.book.series_words(level, series_id), str(row["unit"])), wording.day(row["quarter_end"]),
        history_number(view.book, row, "occupancy"), course, _change(view, level, row, own),
        ahead_band(view.book, view.ahead_of(level, series_id), 4, dated=False), Quality(kind, _quality(kind, figures)),
        occupancy_basis(row, figures), history_number(view.book, row, "in_service"),
        history_number(view.book, row, "commitment_rate"),
        "\u2013" if wording.missing(row["stack"]) else word("stack", row["stack"]), _reported(row, figures),
    )  # fmt: skip
    return Row(cells, view.scopes.series(level, series_id))


def _change(view: View, level: str, row: dict[str, Any], own: pd.DataFrame) -> Number:
    """Points on the same quarter a year before; flagged where the perimeter was another one."""
    year = own.loc[own["quarter_end"] == pd.Timestamp(row["quarter_end"]) - pd.offsets.QuarterEnd(4)]
    if year.empty or wording.missing(year["occupancy"].iloc[0]):
        return DASH
    before = records(year)[0]
    return Number(
        wording.points(float(row["occupancy"]) - float(before["occupancy"])),
        view.book.history(level, str(row["series_id"]), before["quarter_end"]),
        not same(before["perimeter"], row["perimeter"]),
    )


def occupancy_basis(row: Mapping[str, Any], figures: list[dict[str, Any]]) -> Said:
    """What the occupancy of a row means, in words: the operands it was divided from or the rate that is printed."""
    metrics = {figure["metric"] for figure in figures}
    if wording.missing(row["in_service"]):
        if "vacancy_rate" in metrics:
            return say("basis_of.vacancy")
        return say("basis_of.occupancy") if "occupancy_rate" in metrics else say("basis_of.utilisation")
    if "occupancy_rate" in metrics:
        return say("basis_of.occupancy_times")
    if "vacancy_rate" in metrics:
        return say("basis_of.vacancy_times")
    if wording.missing(row["operator"]):
        return say("basis_of.sum")
    return say("basis_of.used")


def _quality(kind: str, figures: list[dict[str, Any]]) -> Said:
    """The quality of a row's data in words: its evidence class and the best kind of source."""
    if not figures:
        return word("class", kind)
    best = max(figures, key=lambda figure: float(figure["trust"]))
    return joined([word("class", kind), word("tier", best["tier"])], ", ")


def _reported(row: Mapping[str, Any], figures: list[dict[str, Any]]) -> Any:
    """When the latest figure became known; marked where only the usual lag tells."""
    known = wording.day(row["known_at"])
    estimated = any(bool(figure.get("known_at_estimated")) for figure in figures)
    return say("leagues.estimated_day", day=known) if estimated and known else known
