"""How good forecasts were: forecasts of frozen vintages beside outcomes, errors and coverage, the members behind the
choice, and what others forecast.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.blocks import DASH, Card, Cards, Column, Fold, Heading, Number, Para, Row, Section, Table
from assets.delivery.cells import number_or_dash
from assets.delivery.charts.kit import plain_number
from assets.delivery.charts.record import (
    accuracy_by_horizon,
    coverage_by_horizon,
    coverage_by_vintage,
    forecast_against_actual,
    of_models,
    outside_dots,
)  # fmt: skip
from assets.delivery.frames import records
from assets.delivery.sections.changes import Hit
from assets.delivery.view import SCENARIO, View
from assets.delivery.words import joined, name, printed, say, word

MOST_CHARTS = 24
MOST_OUTSIDE = 40
FEWEST_SCORES = 4
LEVELS = ("stack", "total", "operator", "market", "facility")
METHOD, REPLAY, OUTSIDE = "accuracy-method", "replay-method", "outside-method"


def track_record(view: View) -> Section:
    """The section; it says what is missing while nothing has come true yet."""
    section = Section("accuracy", say("accuracy.title"))
    section.add(Para(say("accuracy.about"), anchor=METHOD))
    scores = view.reported["forecast_scores"]
    if scores.empty:
        section.add(Para(say("accuracy.no_scores"), "none"))
    else:
        section.add(*_coverage(scores), *_against_actual(view, scores))
    section.add(*_accuracy(view), *_replay(view), *_outside(view))
    return section


def _coverage(scores: pd.DataFrame) -> list[Any]:
    """Share inside the band by vintage, a chart a level."""
    pictures = []
    for level in LEVELS:
        own = scores[scores["level"] == level]
        if own["vintage"].nunique() > 1:
            title = say("accuracy.coverage_title", level=word("level", level))
            pictures.append(Card(coverage_by_vintage(own, title)))
    return [Heading(say("accuracy.strip")), Cards(pictures)] if pictures else []


def _against_actual(view: View, scores: pd.DataFrame) -> list[Any]:
    """A chart a series with enough outcomes, those with most first; the others are counted."""
    groups = {
        (str(key[0]), str(key[1])): own
        for key, own in scores.groupby(["level", "series_id"])
        if len(own) >= FEWEST_SCORES
    }
    order = sorted(groups, key=lambda key: (LEVELS.index(key[0]) if key[0] in LEVELS else 9, -len(groups[key]), key[1]))
    cards = [_score_card(view, key, groups[key]) for key in order[:MOST_CHARTS]]
    out: list[Any] = [Heading(say("accuracy.against"), anchor="forecast-against-actual")]
    out.append(Cards(cards) if cards else Para(say("accuracy.too_few", n=FEWEST_SCORES), "none"))
    if len(order) > MOST_CHARTS:
        out.append(Para(say("accuracy.further", n=len(order) - MOST_CHARTS), "faint"))
    return out


def shown_horizon(scores: pd.DataFrame) -> int:
    """Four quarters ahead where there are outcomes of it, else the horizon with most of them, the nearest first."""
    counts = scores["horizon"].value_counts()
    if counts.get(4, 0) >= 2:
        return 4
    return int(min(counts[counts == counts.max()].index))


def _score_card(view: View, key: tuple[str, str], own: pd.DataFrame) -> Card:
    level, series_id = key
    horizon = shown_horizon(own)
    picture = forecast_against_actual(own, view.history_of(level, series_id), view.label(level, series_id), horizon)
    rows = []
    for row in records(own[own["horizon"] == horizon].sort_values("quarter_end", ascending=False)):
        then = view.book.forecast(level, series_id, row["vintage"], SCENARIO)
        rows.append(
            Row(
                (
                    wording.day(row["quarter_end"]), wording.day(row["vintage"]),
                    Number(wording.rate(row["occupancy"]), view.book.history(level, series_id, row["quarter_end"])),
                    Number(wording.rate(row["occupancy_p50"]), then),
                    Number(f"{wording.rate(row['occupancy_p10'])}\u2013{wording.rate(row['occupancy_p90'])}", then),
                    DASH if wording.missing(row["last_value"]) else Number(wording.rate(row["last_value"]), then),
                    Hit(bool(row["inside_80"])),
                )
            )
        )  # fmt: skip
    columns = (
        Column(say("table.quarter_end")), Column(say("table.vintage"), "q"), Column(say("table.outcome"), "r"),
        Column(say("table.median"), "r"), Column(say("table.band_80"), "r"), Column(say("table.last_value"), "r"),
        Column(say("table.hit"), "q"),
    )  # fmt: skip
    table = Table(say("accuracy.series_caption", n=horizon), columns, rows)
    return Card(picture, view.scopes.series(level, series_id), more=(table,), more_words=say("page.numbers"))


def _accuracy(view: View) -> list[Any]:
    head = Heading(say("accuracy.errors"), anchor="accuracy-errors")
    table = view.everything["forecast_accuracy"]
    if table.empty:
        return [head, Para(say("accuracy.none"), "none")]
    return [head, *_error_cards(table), _error_table(table, say("accuracy.caption"), METHOD)]


def _replay(view: View) -> list[Any]:
    """Members replayed, and why the newest vintage publishes what it does."""
    out: list[Any] = []
    choice = view.everything["forecast_choice"]
    newest = choice[choice["vintage"] == choice["vintage"].max()]
    told = newest[["quantity", "reason"]].drop_duplicates().sort_values(["quantity", "reason"])
    for row in records(told):
        out.append(Para(joined([word("quantity", row["quantity"]), name(row["reason"], 600)], ": ")))
    table = view.everything["backtest_accuracy"]
    about = Para(say("accuracy.replay_about"), anchor=REPLAY)
    if table.empty:
        inner: list[Any] = [about, *out, Para(say("accuracy.no_replay"), "none")]
    else:
        inner = [about, *out, *_error_cards(table), _error_table(table, say("accuracy.replay_caption"), REPLAY)]
    return [Fold(say("accuracy.replay"), tuple(inner), "replay")]


def _error_cards(table: pd.DataFrame) -> list[Any]:
    cards = []
    for level in [one for one in LEVELS if (table["level"] == one).any()]:
        own = table[(table["level"] == level) & table["mae_pp"].notna()]
        if len(own):
            title = say("accuracy.error_title", level=word("level", level))
            cards.append(Card(accuracy_by_horizon(own, title)))
        published = own[own["model"] == "chosen"]
        if len(published):
            title = say("accuracy.band_title", level=word("level", level))
            cards.append(Card(coverage_by_horizon(published, title)))
    return [Cards(cards)] if cards else []


def _error_table(table: pd.DataFrame, caption: Any, anchor: str) -> Table:
    order = {model: at for at, model in enumerate(of_models(sorted(table["model"].astype(str).unique())))}
    shown = table.assign(order=table["model"].astype(str).map(order)).sort_values(["level", "horizon", "order"])
    rows = []
    for row in records(shown):
        rows.append(
            Row(
                (
                    word("model", row["model"]), word("level", row["level"]), str(int(row["horizon"])),
                    str(int(row["origins"])), str(int(row["n"])),
                    *(number_or_dash(row[one], 2, anchor) for one in ("mae_pp", "bias_pp", "mase", "swis")),
                    *(
                        DASH if wording.missing(row[one]) else Number(wording.rate(row[one]), anchor)
                        for one in ("coverage_80", "coverage_95")
                    ),
                    number_or_dash(row["skill_vs_naive"], 3, anchor),
                )
            )
        )  # fmt: skip
    columns = (
        Column(say("table.model")), Column(say("table.level")), Column(say("table.horizon"), "r"),
        Column(say("table.vintages"), "r"), Column(say("table.forecasts"), "r"), Column(say("table.mae"), "r"),
        Column(say("table.bias"), "r"), Column("MASE", "r"), Column("SWIS", "r"), Column(say("table.in_80"), "r"),
        Column(say("table.in_95"), "r"), Column(say("table.skill"), "r"),
    )  # fmt: skip
    return Table(caption, columns, rows)


def _outside(view: View) -> list[Any]:
    head = Heading(say("outside.title"), anchor="outside")
    table = view.everything["outside_forecasts"]
    out: list[Any] = [head, Para(say("outside.about"), anchor=OUTSIDE)]
    if table.empty:
        return [*out, Para(say("outside.none"), "none")]
    known = table[table["actual"].notna()]
    out += _closest(known)
    cards = []
    for (unit, metric), own in known.groupby(["unit", "metric"]):
        shown = own.sort_values(["period_end", "market", "source", "observation_id"]).tail(MOST_OUTSIDE)
        axis = joined([word("metric", metric), word("unit", unit)], ", ")
        write = (lambda value: f"{value:.4g}%") if unit == "pct" else plain_number
        cards.append(Card(outside_dots(shown, say("outside.dots", metric=word("metric", metric)), axis, write)))
    if cards:
        out.append(Cards(cards))
    rows = [_outside_row(view, row) for row in records(table.sort_values(["source", "period_end", "observation_id"]))]
    columns = (
        Column(say("table.source")), Column(say("filter.market")), Column(say("table.metric")),
        Column(say("table.period"), "q"), Column(say("outside.made"), "q"), Column(say("outside.said"), "r"),
        Column(say("table.outcome"), "r"), Column(say("table.last_value"), "r"), Column(say("outside.ours"), "r"),
    )  # fmt: skip
    return [*out, Table(say("outside.caption"), columns, rows)]


def _closest(known: pd.DataFrame) -> list[Any]:
    """Mean absolute errors of others, the last value and ourselves, per unit: where all three are known."""
    out = []
    for unit, own in known.groupby("unit"):
        for label, columns in (
            ("outside.closest", ["error", "last_value_error", "own_error"]),
            ("outside.closest_two", ["error", "last_value_error"]),
        ):
            joint = own.dropna(subset=columns)
            if len(joint):
                means = [printed(round(float(joint[column].abs().mean()), 2), str(unit)) for column in columns]
                parts = dict(zip(("theirs", "last", "ours"), means, strict=False))
                out.append(Para(say(label, n=len(joint), **parts)))
                break
    return out


def _outside_row(view: View, row: dict[str, Any]) -> Row:
    unit = str(row["unit"])
    anchor = view.book.observation(str(row["observation_id"])) or OUTSIDE
    ours = DASH
    if not wording.missing(row["own_value"]):
        series = str(row["series_id"])
        ours = Number(printed(row["own_value"], unit), view.book.forecast("market", series, row["vintage"], SCENARIO))
    return Row(
        (
            name(row["source"], 80), "\u2013" if wording.missing(row["market"]) else name(row["market"], 80),
            word("metric", row["metric"]), wording.day(row["period_end"]), wording.day(row["made_on"]),
            Number(printed(row["value"], unit), anchor),
            *(
                DASH if wording.missing(row[one]) else Number(printed(row[one], unit), OUTSIDE)
                for one in ("actual", "last_value")
            ),
            ours,
        ),
        view.scopes.market(row["market"], row["source"]),
    )  # fmt: skip
