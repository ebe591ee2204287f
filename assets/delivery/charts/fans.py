"""Fans: occupancy by quarter with what was forecast, for reported series and, by scenario, for portfolios of leases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import escape

from assets.delivery import wording
from assets.delivery.charts.kit import (
    LEFT,
    RIGHT,
    WIDTH,
    Legend,
    Picture,
    Scale,
    area,
    day_number,
    dot,
    line,
    per_cent,
    quarter_axis,
    quarter_end_title,
    rate_domain,
    rect,
    y_axis,
)  # fmt: skip
from assets.delivery.frames import records
from assets.delivery.words import Said, Text, joined, name, say, word

EVIDENCE_CLASSES = ("observed", "estimated", "assumed")
SHAPES = {"observed": "circle", "estimated": "square", "assumed": "triangle"}
BASE = "base"
MOST_LINES = 6
# Days between two figures of neighbouring years, with room.
LONGEST_GAP = 380
HEIGHT = 190


def occupancy_axis() -> Said:
    """The axis of occupancy where nothing more is known of what was divided."""
    return say("chart.occupancy_axis")


def history_with_fan(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    title: Text = "",
    axis: Text = "",
    past: pd.DataFrame | None = None,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Picture:
    """Occupancy by quarter with the forecast as a fan: median, 80 % and 95 % band.

    history: quarter_end, occupancy (fraction), optional observed_share, estimated_share, assumed_share (the point's
    shape tells which prevails). forecast: quarter_end, occupancy_p10, _p50, _p90 and _p025, _p975 (where these are
    missing, _p05 and _p95 stand for them), fractions; may be empty. past: vintage, quarter_end, occupancy_p50 of
    earlier vintages, drawn as thin lines. Raises ValueError where neither history nor forecast has an occupancy.
    """
    actual = history.loc[history["occupancy"].notna()].sort_values("quarter_end")
    ahead = forecast.loc[forecast["occupancy_p50"].notna()].sort_values("quarter_end") if len(forecast) else forecast
    if actual.empty and ahead.empty:
        raise ValueError(f"Chart {title}: neither a history nor a forecast with an occupancy; leave the chart out.")
    courses = earlier_courses(past)
    bands = fan_bands(actual, ahead)
    values = [actual["occupancy"]] if len(actual) else []
    values += [bands[column] for column in ("low", "high") if len(bands)]
    values += _of_courses(courses, 1)
    frames = [frame["quarter_end"] for frame in (actual, bands) if len(frame)]
    days = pd.to_datetime(pd.concat([*frames, *_of_courses(courses, 0)]))
    legend = Legend()
    legend.add("l", "line", say("chart.reported"))
    if len(bands):
        legend.add("md", "line", say("chart.median"))
        legend.add("b8", "box", "80%")
        legend.add("b9", "box", "95%" if _has_outer(ahead) else "90%")
    if courses:
        legend.add("p", "line", say("chart.earlier", n=len(courses)))
    evidence = prevailing_evidence(actual)
    for kind in EVIDENCE_CLASSES[1:]:
        if (evidence == kind).any():
            legend.add(f"e-{kind}", SHAPES[kind], word("class", kind))
    drawn, used = legend.draw(width)
    top = used + 20
    x = Scale(day_number(days.min()), day_number(days.max()), LEFT + 6, width - RIGHT)
    y = Scale(*rate_domain(pd.concat(values)), top + height, top)
    out = [drawn, y_axis(y, width - RIGHT, per_cent, axis or occupancy_axis())]
    if len(bands):
        xs = [x(day_number(day)) for day in bands["quarter_end"]]
        for low, high, kind in (("low", "high", "b9"), ("inner_low", "inner_high", "b8")):
            out.append(area(xs, [y.held(one) for one in bands[low]], [y.held(one) for one in bands[high]], kind))
    out += [_points(x, y, course, "p") for course in courses]
    if len(bands):
        out.append(_course(x, y, bands["quarter_end"], bands["middle"], "md"))
    if len(actual):
        for points, kind in _segments(actual):
            out.append(_points(x, y, points, kind))
        for row, kind in zip(records(actual), evidence, strict=True):
            tip = f"{wording.day(row['quarter_end'])}: {wording.rate(row['occupancy'])}"
            out.append(dot(x(day_number(row["quarter_end"])), y(row["occupancy"]), f"e-{kind}", SHAPES[kind], tip, 2.4))
    out.append(quarter_axis(days, x, top + height, quarter_end_title()))
    return Picture(title, width, top + height + 36, "".join(out), summary=fan_summary(actual, ahead))


def earlier_courses(past: pd.DataFrame | None) -> list[list[tuple[Any, float]]]:
    """Quarter ends and medians of each earlier vintage as it said them. They are not joined to the history: that is
    what is known today, and a vintage may have left from other members, or from figures restated since.
    """
    if past is None or past.empty:
        return []
    by_vintage: dict[Any, list[tuple[Any, float]]] = {}
    for row in records(past[["vintage", "quarter_end", "occupancy_p50"]].sort_values(["vintage", "quarter_end"])):
        if not wording.missing(row["occupancy_p50"]):
            by_vintage.setdefault(pd.Timestamp(row["vintage"]), []).append(
                (pd.Timestamp(row["quarter_end"]), float(row["occupancy_p50"]))
            )
    return [points for points in by_vintage.values() if len(points) > 1]


def fan_bands(actual: pd.DataFrame, ahead: pd.DataFrame) -> pd.DataFrame:
    """quarter_end, low, inner_low, middle, inner_high, high (fractions): the fan opens at the last actual value before
    it instead of hanging in the air.
    """
    names = ["low", "inner_low", "middle", "inner_high", "high"]
    if ahead.empty:
        return pd.DataFrame(columns=["quarter_end", *names])
    outer = ("occupancy_p025", "occupancy_p975") if _has_outer(ahead) else ("occupancy_p05", "occupancy_p95")
    columns = [outer[0], "occupancy_p10", "occupancy_p50", "occupancy_p90", outer[1]]
    bands = ahead[["quarter_end", *columns]].set_axis(["quarter_end", *names], axis=1)
    before = actual[pd.to_datetime(actual["quarter_end"]) < pd.to_datetime(ahead["quarter_end"]).min()]
    if before.empty:
        return bands
    last = records(before.tail(1))[0]
    start = pd.DataFrame([{"quarter_end": last["quarter_end"], **dict.fromkeys(names, last["occupancy"])}])
    return pd.concat([start, bands], ignore_index=True)


def fan_summary(actual: pd.DataFrame, ahead: pd.DataFrame) -> Said:
    """What the fan shows, in a sentence."""
    parts = []
    if len(actual):
        last = records(actual.tail(1))[0]
        parts.append(
            say(
                "chart.last_known",
                n=len(actual),
                rate=wording.rate(last["occupancy"]),
                day=wording.day(last["quarter_end"]),
            )
        )
    if len(ahead):
        last = records(ahead.tail(1))[0]
        parts.append(
            say(
                "chart.ahead",
                day=wording.day(last["quarter_end"]),
                rate=wording.rate(last["occupancy_p50"]),
                low=wording.rate(last["occupancy_p10"]),
                high=wording.rate(last["occupancy_p90"]),
            )
        )
    return joined(parts, " ")


def scenario_fans(
    forecast: pd.DataFrame, title: Text, note: Text = "", now: tuple[Any, float] | None = None,
    history: pd.DataFrame | None = None, past: pd.DataFrame | None = None, width: int = WIDTH, height: int = HEIGHT,
    axis: Text = "",
) -> Picture:  # fmt: skip
    """Median occupancy of each scenario as a line with the 80 % band of base, one series; every scenario is a group of
    its own, so that a page can show one with its own band.

    forecast: scenario, quarter_end, occupancy_p10, _p50, _p90 (fractions) of one vintage. The MOST_LINES scenarios that
    part most from base are drawn in colour, the others thin and grey. now: quarter end and occupancy at which all lines
    begin; history: quarter_end, occupancy before it; past: vintage, quarter_end, occupancy_p50 of earlier vintages of
    base. Raises ValueError without a row of base.
    """
    known = forecast[forecast["occupancy_p50"].notna()].sort_values("quarter_end")
    if not (known["scenario"] == BASE).any():
        raise ValueError(f"Chart {title}: no forecast of scenario {BASE!r} with an occupancy; leave the chart out.")
    others = [str(one) for one in known["scenario"].unique() if one != BASE]
    ranked = parting(known, others)
    # By the scenario's place among all, so that a scenario looks the same in every picture of a portfolio.
    place = {one: at for at, one in enumerate(sorted(others))}
    course = history if history is not None else pd.DataFrame({"quarter_end": [], "occupancy": []})
    columns = ["occupancy_p10", "occupancy_p50", "occupancy_p90"]
    if now is not None:
        start = pd.DataFrame([{"scenario": one, "quarter_end": now[0]} for one in (BASE, *others)])
        known = pd.concat([start.assign(**dict.fromkeys(columns, now[1])), known], ignore_index=True)
    courses = earlier_courses(past)
    values = [*(known[column] for column in columns), *_of_courses(courses, 1)]
    values += [course["occupancy"]] if len(course) else []
    frames = [known["quarter_end"], *_of_courses(courses, 0)]
    days = pd.to_datetime(pd.concat([*frames, course["quarter_end"]] if len(course) else frames))
    legend = Legend()
    if len(course):
        legend.add("l", "line", say("chart.counted"))
    legend.add("sb", "line", say("chart.base_band"))
    for one in ranked[:MOST_LINES]:
        legend.add(f"s{place[one] % 9} s", "line", name(one.replace("_", " ")))
    if ranked[MOST_LINES:]:
        legend.add("p", "line", say("chart.closer", n=len(ranked) - MOST_LINES))
    if courses:
        legend.add("p v", "line", say("chart.earlier", n=len(courses)))
    drawn, used = legend.draw(width)
    top = used + 20
    x = Scale(day_number(days.min()), day_number(days.max()), LEFT + 6, width - RIGHT)
    y = Scale(*rate_domain(pd.concat(values), 0.04), top + height, top)
    out = [drawn, y_axis(y, width - RIGHT, per_cent, axis or say("chart.occupancy_mw"))]
    base = known[known["scenario"] == BASE]
    out.append(_band(x, y, base, "b9"))
    out += [_points(x, y, one, "p v") for one in courses]
    for one in [*reversed(ranked), BASE]:
        own = known[known["scenario"] == one]
        kind = "sb" if one == BASE else f"s{place[one] % 9} s" if one in ranked[:MOST_LINES] else "p"
        band = "" if one == BASE else _band(x, y, own, "bs")
        out.append(
            f'<g data-sc="{escape(one)}">{band}{_course(x, y, own["quarter_end"], own["occupancy_p50"], kind)}</g>'
        )
    if len(course):
        out.append(_course(x, y, course["quarter_end"], course["occupancy"], "l"))
        for row in records(course):
            tip = f"{wording.day(row['quarter_end'])}: {wording.rate(row['occupancy'])}"
            out.append(dot(x(day_number(row["quarter_end"])), y(row["occupancy"]), "e-observed", "circle", tip, 2.2))
    out.append(quarter_axis(days, x, top + height, quarter_end_title()))
    last = pd.Timestamp(pd.to_datetime(known["quarter_end"]).max())
    end = known[pd.to_datetime(known["quarter_end"]) == last]
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            say("chart.base") if row["scenario"] == BASE else name(str(row["scenario"]).replace("_", " ")),
            *(wording.rate(row[column]) for column in ("occupancy_p50", "occupancy_p10", "occupancy_p90")),
        )
        for row in records(end)
    )  # fmt: skip
    return Picture(
        title, width, top + height + 36, "".join(out), note,
        say("chart.scenarios_at", n=len(rows), day=wording.day(last)),
        (say("chart.scenario"), say("chart.median"), say("chart.low_80"), say("chart.high_80")), rows,
    )  # fmt: skip


def parting(known: pd.DataFrame, scenarios: Sequence[str]) -> list[str]:
    """Scenarios by how far their median lies from base's, mean of all quarters, the farthest first."""
    medians = known.pivot_table(index="quarter_end", columns="scenario", values="occupancy_p50")
    apart = {one: float((medians[one] - medians[BASE]).abs().mean()) for one in scenarios}
    return sorted(scenarios, key=lambda one: (-apart[one], one))


def evidence_share(history: pd.DataFrame, title: Text = "", width: int = WIDTH, height: int = 56) -> Picture:
    """How much of each quarter's capacity is observed, estimated and assumed, stacked to 100 %.

    history: quarter_end, observed_share, estimated_share, assumed_share (fractions that sum to 1).
    """
    rows = records(history.sort_values("quarter_end"))
    days = pd.to_datetime(history["quarter_end"])
    legend = Legend()
    for kind in EVIDENCE_CLASSES:
        legend.add(f"f-{kind}", "box", word("class", kind))
    drawn, used = legend.draw(width)
    top = used + 20
    x = Scale(day_number(days.min()), day_number(days.max()), LEFT + 8, width - RIGHT - 4)
    y = Scale(0.0, 1.0, top + height, top)
    wide = max(1.5, (x.end - x.start) / max(1, len(rows)) - 1)
    out = [drawn, y_axis(y, width - RIGHT, per_cent, say("chart.share_axis"), 2)]
    for row in rows:
        at = 0.0
        for kind in EVIDENCE_CLASSES:
            share = float(row[f"{kind}_share"])
            if share > 0:
                tip = f"{wording.day(row['quarter_end'])}: {wording.rate(share)}"
                left = x(day_number(row["quarter_end"])) - wide / 2
                out.append(rect(left, y(at + share), wide, y(at) - y(at + share), f"f-{kind}", tip))
                at += share
    out.append(quarter_axis(days, x, top + height))
    last = rows[-1]
    summary = say(
        "chart.share_last", day=wording.day(last["quarter_end"]),
        observed=wording.rate(last["observed_share"]), estimated=wording.rate(last["estimated_share"]),
        assumed=wording.rate(last["assumed_share"]),
    )  # fmt: skip
    return Picture(title, width, top + height + 22, "".join(out), summary=summary)


def prevailing_evidence(history: pd.DataFrame) -> pd.Series:
    """observed, estimated or assumed for each row: the largest share; observed where no shares are given."""
    columns = [f"{kind}_share" for kind in EVIDENCE_CLASSES]
    if not set(columns) <= set(history.columns):
        return pd.Series("observed", index=history.index, dtype=object)
    if history.empty:
        return pd.Series(dtype=object)
    return history[columns].fillna(0.0).idxmax(axis=1).str.removesuffix("_share")


def sparkline(history: pd.DataFrame, width: int = 92, height: int = 22) -> str:
    """The course of occupancy as a small SVG without axes, for a table cell beside its last value.

    history: quarter_end, occupancy (fraction), at least two rows with a value, in any order.
    """
    shown = history.loc[history["occupancy"].notna()].sort_values("quarter_end")
    days = [day_number(day) for day in shown["quarter_end"]]
    values = shown["occupancy"].astype(float).tolist()
    x = Scale(days[0], max(days[-1], days[0] + 1), 2, width - 4)
    y = Scale(min(values), max(max(values), min(values) + 1e-9), height - 3, 3)
    points = [(x(day), y(value)) for day, value in zip(days, values, strict=True)]
    return (
        f'<svg class="c" aria-hidden="true" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{line(points, 'sp')}{dot(*points[-1], 'e-now', size=2.2)}</svg>"
    )


def _has_outer(ahead: pd.DataFrame) -> bool:
    outer = [column for column in ("occupancy_p025", "occupancy_p975") if column in ahead]
    return len(outer) == 2 and bool(ahead[outer].notna().all().all())


def _segments(actual: pd.DataFrame) -> list[tuple[list[tuple[Any, float]], str]]:
    """The course in pieces: a gap of more than a year is bridged by dots, since nobody knows what lay between."""
    known = [(pd.Timestamp(row["quarter_end"]), float(row["occupancy"])) for row in records(actual)]
    out: list[tuple[list[tuple[Any, float]], str]] = [([], "l")]
    for before, point in zip([None, *known], known, strict=False):
        if before is not None and (point[0] - before[0]).days > LONGEST_GAP:
            out += [([before, point], "gap"), ([], "l")]
        out[-1][0].append(point)
    return [(points, kind) for points, kind in out if len(points) > 1]


def _of_courses(courses: Sequence[Sequence[tuple[Any, float]]], at: int) -> list[pd.Series]:
    """All days (0) or medians (1) of courses as one series, none where there is no course."""
    return [pd.Series([point[at] for course in courses for point in course])] if courses else []


def _points(x: Scale, y: Scale, course: Sequence[tuple[Any, float]], kind: str) -> str:
    return line([(x(day_number(day)), y.held(value)) for day, value in course], kind)


def _course(x: Scale, y: Scale, days: pd.Series, values: pd.Series, kind: str) -> str:
    return line(
        [(x(day_number(day)), y.held(value)) for day, value in zip(days, values, strict=True) if value == value], kind
    )


def _band(x: Scale, y: Scale, rows: pd.DataFrame, kind: str) -> str:
    xs = [x(day_number(day)) for day in rows["quarter_end"]]
    low, high = ([y.held(one) for one in rows[column]] for column in ("occupancy_p10", "occupancy_p90"))
    return area(xs, low, high, kind)
