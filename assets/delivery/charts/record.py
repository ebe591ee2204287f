"""Pictures of the track record: forecasts beside outcomes, hits and misses, errors and coverage by horizon, what
sources and outside forecasters say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.charts.kit import (
    LEFT,
    RIGHT,
    ROW,
    WIDTH,
    Legend,
    Picture,
    Scale,
    day_number,
    dot,
    fitted,
    line,
    per_cent,
    plain_number,
    quarter_axis,
    quarter_end_title,
    quarter_label,
    rate_domain,
    rect,
    text,
    ticks,
    y_axis,
)  # fmt: skip
from assets.delivery.frames import records
from assets.delivery.words import Text, name, say, word

# Lines people compare; every other model is one of the members behind them.
COMPARED = ("chosen", "combination", "naive", "prophet")
SHAPES = ("circle", "square", "diamond", "triangle", "wedge")
CELL = 13


def forecast_against_actual(
    scores: pd.DataFrame, history: pd.DataFrame, title: Text, horizon: int, width: int = WIDTH, height: int = 150
) -> Picture:
    """Outcomes beside what was forecast `horizon` quarters before, and below them hit or miss of the 80 % band of every
    vintage and horizon.

    scores: forecast_scores of one series. history: quarter_end, occupancy of it. A cell of the strip: filled where the
    outcome lay in the band, crossed where it did not.
    """
    own = scores[scores["horizon"] == horizon].sort_values("quarter_end")
    first = min(pd.to_datetime(scores["vintage"]).min(), pd.to_datetime(scores["quarter_end"]).min())
    course = history[history["occupancy"].notna() & (pd.to_datetime(history["quarter_end"]) >= first)]
    course = course.sort_values("quarter_end")
    legend = Legend()
    legend.add("l", "line", say("chart.outcome"))
    legend.add("b8", "box", say("chart.band_then", n=horizon))
    legend.add("tk", "line", say("chart.median"))
    legend.add("lv", "cross", say("chart.last_value"))
    legend.add("hit", "box", say("chart.hit"))
    legend.add("miss", "cross", say("chart.miss"))
    drawn, used = legend.draw(width)
    top = used + 20
    days = pd.to_datetime(pd.concat([scores["quarter_end"], scores["vintage"], course["quarter_end"]]))
    x = Scale(day_number(days.min()), day_number(days.max()), LEFT + 12, width - RIGHT - 6)
    values = [own[column] for column in ("occupancy_p10", "occupancy_p90", "occupancy", "last_value")]
    y = Scale(*rate_domain(pd.concat([*values, course["occupancy"]]).astype(float)), top + height, top)
    out = [drawn, y_axis(y, width - RIGHT, per_cent, say("chart.occupancy_axis"), 4)]
    for row in records(own):
        at = x(day_number(row["quarter_end"]))
        high, low = y.held(row["occupancy_p90"]), y.held(row["occupancy_p10"])
        tip = (
            f"{wording.day(row['quarter_end'])}: {wording.rate(row['occupancy'])};"
            f" {wording.rate(row['occupancy_p10'])}\u2013{wording.rate(row['occupancy_p90'])}"
        )
        out.append(rect(at - 3.5, high, 7, low - high, "b8", tip))
        out.append(line([(at - 4.5, y.held(row["occupancy_p50"])), (at + 4.5, y.held(row["occupancy_p50"]))], "tk"))
        if not wording.missing(row["last_value"]):
            out.append(dot(at, y.held(row["last_value"]), "lv", "cross", size=2.4))
    if len(course):
        points = [
            (x(day_number(day)), y.held(value))
            for day, value in zip(course["quarter_end"], course["occupancy"], strict=True)
        ]
        out.append(line(points, "l"))
    for row in records(own):
        kind, shape = ("hit", "circle") if row["inside_80"] else ("miss", "cross")
        out.append(dot(x(day_number(row["quarter_end"])), y.held(row["occupancy"]), kind, shape, size=2.8))
    out.append(quarter_axis(days, x, top + height, quarter_end_title()))
    strip, low_end = _strip(scores, x, top + height + 58)
    inside = float(scores["inside_80"].astype(float).mean())
    summary = say("chart.scored", n=len(scores), rate=wording.rate(inside))
    return Picture(title, width, low_end, "".join([*out, strip]), summary=summary)


def _strip(scores: pd.DataFrame, x: Scale, top: float) -> tuple[str, float]:
    """Hits and misses: a column a vintage, a row a horizon."""
    shown = [at for at in (1, 2, 4, 8) if (scores["horizon"] == at).any()] or sorted(set(scores["horizon"]))[:4]
    out = [text(4, top - 6, say("chart.strip"), "tf")]
    for row_at, horizon in enumerate(shown):
        y = top + row_at * CELL
        out.append(text(LEFT + 2, y + CELL - 3, say("chart.ahead_short", n=horizon), "", "r"))
        for row in records(scores[scores["horizon"] == horizon]):
            at = x(day_number(row["vintage"]))
            tip = f"{wording.day(row['vintage'])} +{horizon}: {wording.rate(row['occupancy'])}"
            if row["inside_80"]:
                out.append(rect(at - 4, y + 1, 8, CELL - 3, "hit", tip))
            else:
                out.append(rect(at - 4, y + 1, 8, CELL - 3, "missbox", tip))
                out.append(dot(at, y + CELL / 2 - 0.5, "miss", "cross", size=2.6))
    return "".join(out), top + len(shown) * CELL + 6


def coverage_by_vintage(scores: pd.DataFrame, title: Text, width: int = WIDTH, height: int = 120) -> Picture:
    """Share of outcomes inside the 80 % band by vintage, all series and horizons of a level; a line at the promise.

    scores: forecast_scores of one level: vintage, inside_80.
    """
    by = scores.groupby("vintage")["inside_80"].agg(["mean", "count"]).sort_index()
    days = pd.to_datetime(pd.Series(by.index))
    top = 22.0
    x = Scale(day_number(days.min()), day_number(days.max()), LEFT + 16, width - RIGHT - 12)
    y = Scale(0.0, 1.0, top + height, top)
    wide = min(24.0, max(3.0, (x.end - x.start) / max(1, len(by) - 1) - 3)) if len(by) > 1 else 24.0
    out = [y_axis(y, width - RIGHT, per_cent, say("chart.inside_axis"), 4)]
    for vintage, row in by.iterrows():
        at = x(day_number(vintage))
        share = float(row["mean"])
        tip = f"{wording.day(vintage)}: {wording.rate(share)} ({int(row['count'])})"
        out.append(rect(at - wide / 2, y(share), wide, y(0) - y(share), "hit" if share >= 0.8 else "short", tip))
    out.append(line([(LEFT, y(0.8)), (width - RIGHT, y(0.8))], "rule"))
    out.append(quarter_axis(days, x, top + height, say("chart.vintage")))
    rows = tuple(
        (wording.day(vintage), str(int(row["count"])), wording.rate(row["mean"])) for vintage, row in by.iterrows()
    )
    summary = say("chart.scored", n=len(scores), rate=wording.rate(float(scores["inside_80"].astype(float).mean())))
    head = (say("chart.vintage"), say("chart.forecasts_scored"), say("chart.inside_axis"))
    return Picture(title, width, top + height + 36, "".join(out), summary=summary, head=head, rows=rows)


def accuracy_by_horizon(accuracy: pd.DataFrame, title: Text = "", width: int = WIDTH, height: int = 150) -> Picture:
    """Mean absolute error by horizon, one line a model; members beside those of COMPARED are drawn faintly.

    accuracy: model, horizon (quarters ahead), mae_pp (percentage points), one level.
    """
    shown = accuracy.loc[accuracy["mae_pp"].notna(), ["model", "horizon", "mae_pp"]]
    models = sorted(set(shown["model"].astype(str)))
    named = [model for model in COMPARED if model in models] or models[:6]
    legend = Legend()
    for at, model in enumerate(named):
        legend.add(f"s{at} s", "line", word("model", model))
    if len(models) > len(named):
        legend.add("p", "line", say("chart.members"))
    drawn, used = legend.draw(width)
    top = used + 20
    x, marks = _horizons(shown["horizon"], width, top + height)
    y = Scale(0.0, max(0.1, float(shown["mae_pp"].max())) * 1.05, top + height, top)
    out = [drawn, y_axis(y, width - RIGHT, plain_number, say("chart.mae_axis")), marks]
    for model in [*(one for one in models if one not in named), *named]:
        own = shown[shown["model"] == model].sort_values("horizon")
        points = [(x(one), y(value)) for one, value in zip(own["horizon"], own["mae_pp"], strict=True)]
        kind = f"s{named.index(model)} s" if model in named else "p"
        out.append(line(points, kind))
        if model in named:
            out += [dot(*point, f"k{named.index(model)}", SHAPES[named.index(model) % 5], size=2.6) for point in points]
    rows = tuple(
        (word("model", row["model"]), str(int(row["horizon"])), plain_number(row["mae_pp"])) for row in records(shown)
    )
    summary = say("chart.errors_of", n=len(models), low=plain_number(float(shown["mae_pp"].min())),
                  high=plain_number(float(shown["mae_pp"].max())))  # fmt: skip
    head = (say("chart.model"), say("chart.horizon_axis"), say("chart.mae_axis"))
    return Picture(title, width, top + height + 36, "".join(out), summary=summary, head=head, rows=rows)


def coverage_by_horizon(accuracy: pd.DataFrame, title: Text = "", width: int = WIDTH, height: int = 110) -> Picture:
    """Share of outcomes inside the published bands by horizon, with lines at what they promise.

    accuracy: horizon (quarters ahead), coverage_80, coverage_95 (fractions), one model and level.
    """
    legend = Legend()
    legend.add("s0 s", "line", say("chart.band_80"))
    legend.add("s2 s", "line", say("chart.band_95"))
    legend.add("rule", "line", say("chart.promised"))
    drawn, used = legend.draw(width)
    top = used + 20
    rows = accuracy.sort_values("horizon")
    lowest = min([0.5, *(float(rows[column].min()) for column in ("coverage_80", "coverage_95")
                         if rows[column].notna().any())])  # fmt: skip
    x, marks = _horizons(rows["horizon"], width, top + height)
    y = Scale(lowest, 1.0, top + height, top)
    out = [drawn, y_axis(y, width - RIGHT, per_cent, say("chart.inside_axis")), marks]
    for column, promised, at in (("coverage_80", 0.8, 0), ("coverage_95", 0.95, 2)):
        known = rows[rows[column].notna()]
        points = [(x(one), y(value)) for one, value in zip(known["horizon"], known[column], strict=True)]
        out.append(line([(LEFT, y(promised)), (width - RIGHT, y(promised))], "rule"))
        if points:
            out.append(line(points, f"s{at} s"))
            out += [dot(*point, f"k{at}", SHAPES[at], size=2.6) for point in points]
    told = tuple(
        (str(int(row["horizon"])), wording.rate(row["coverage_80"]), wording.rate(row["coverage_95"]))
        for row in records(rows)
    )
    head = (say("chart.horizon_axis"), say("chart.band_80"), say("chart.band_95"))
    summary = say("chart.coverage_of", n=len(rows))
    return Picture(title, width, top + height + 36, "".join(out), summary=summary, head=head, rows=told)


def _horizons(horizons: pd.Series, width: int, y: float) -> tuple[Scale, str]:
    ends = sorted({int(one) for one in horizons})
    x = Scale(ends[0] - 0.3, ends[-1] + 0.3, LEFT, width - RIGHT)
    out = [line([(x.start, y), (x.end, y)], "a")]
    out += [text(x(one), y + 16, str(one), "", "m") for one in ends]
    out.append(text(x.end, y + 31, say("chart.horizon_axis"), "tf", "r"))
    return x, "".join(out)


def source_dots(pairs: pd.DataFrame, title: Text, axis: Text, width: int = WIDTH) -> Picture:
    """What sources state for one metric, a row a market: marks for the values, a rule from the lowest to the highest.

    pairs: market, source, value (fraction), optional day (what date it is for), one metric.
    """
    sources = sorted(set(pairs["source"].astype(str)))
    legend = Legend()
    for at, source in enumerate(sources):
        legend.add(f"k{at % 10}", SHAPES[at % 5], name(source, 44))
    drawn, used = legend.draw(width)
    markets = sorted(set(pairs["market"].astype(str)))
    left, top = 96.0, used + 22
    values = pairs["value"].astype(float)
    room = max(0.02, 0.08 * float(values.max() - values.min()))
    x = Scale(max(0.0, values.min() - room), min(1.0, values.max() + room), left, width - RIGHT)
    bottom = top + 24 * len(markets)
    out = [drawn, text(4, top - 9, axis, "tf")]
    for value in ticks(x.low, x.high, 6):
        out.append(line([(x(value), top - 2), (x(value), bottom)], "g"))
        out.append(text(x(value), bottom + 14, per_cent(value), "", "m"))
    for at, market in enumerate(markets):
        y = top + 24 * at + 12
        own = pairs[pairs["market"] == market]
        ends = own["value"].astype(float)
        out.append(text(left - 8, y + 4, fitted(market, left - 12), "", "r"))
        out.append(line([(x(ends.min()), y), (x(ends.max()), y)], "a"))
        for row in records(own):
            place = sources.index(str(row["source"]))
            stated = f"{wording.rate(row['value'])} {wording.day(row.get('day'))}".strip()
            tip = f"{wording.plain(row['source'], 60)}: {stated}"
            out.append(dot(x(row["value"]), y, f"k{place % 10}", SHAPES[place % 5], tip, 4.2))
    summary = say("chart.dots", n=len(pairs), markets=len(markets))
    return Picture(title, width, bottom + 20, "".join(out), summary=summary)


def outside_dots(rows: pd.DataFrame, title: Text, axis: Text, write: Any, width: int = WIDTH) -> Picture:
    """Others' forecasts of one unit beside the outcome, the last value and our own, a row a forecast.

    rows: source, market, period_end, value, actual, last_value, own_value; write: how the axis writes a value.
    """
    marks = (
        ("value", "k1", "diamond", say("chart.theirs")),
        ("last_value", "lv", "cross", say("chart.last_value")),
        ("own_value", "k0", "square", say("chart.ours")),
        ("actual", "e-now", "circle", say("chart.outcome")),
    )
    legend = Legend()
    for column, kind, shape, words in marks:
        if rows[column].notna().any():
            legend.add(kind, shape, words)
    drawn, used = legend.draw(width)
    left, top = 170.0, used + 22
    every = pd.concat([rows[column] for column, *_ in marks]).dropna().astype(float)
    room = max(1e-9, 0.06 * float(every.max() - every.min()))
    x = Scale(every.min() - room, every.max() + room, left, width - RIGHT)
    bottom = top + ROW * 1.3 * len(rows)
    out = [drawn, text(4, top - 9, axis, "tf")]
    for value in ticks(x.low, x.high, 4):
        out.append(line([(x(value), top - 2), (x(value), bottom)], "g"))
        out.append(text(x(value), bottom + 14, write(value), "", "m"))
    for at, row in enumerate(records(rows)):
        y = top + ROW * 1.3 * (at + 0.5)
        where = wording.plain(row["market"]) or wording.plain(row["source"])
        out.append(text(left - 8, y + 4, fitted(f"{where} {quarter_label(row['period_end'])}", left - 12), "", "r"))
        known = [float(row[column]) for column, *_ in marks if not wording.missing(row[column])]
        out.append(line([(x(min(known)), y), (x(max(known)), y)], "a"))
        for column, kind, shape, _ in marks:
            if not wording.missing(row[column]):
                out.append(dot(x(row[column]), y, kind, shape, write(float(row[column])), 3.8))
    return Picture(title, width, bottom + 20, "".join(out), summary=say("chart.outside", n=len(rows)))


def of_models(models: Sequence[str]) -> list[str]:
    """Models in the order people compare them, members after them by name."""
    return sorted(models, key=lambda one: (COMPARED.index(one) if one in COMPARED else len(COMPARED), one))
