"""Pictures of change: why forecasts moved, what was absorbed and delivered, what begins and what is left."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from assets.delivery import wording
from assets.delivery.charts.kit import (
    LEFT,
    RIGHT,
    WIDTH,
    Legend,
    Picture,
    Scale,
    day_number,
    dot,
    letters,
    line,
    per_cent,
    plain_number,
    quarter_axis,
    quarter_end_title,
    quarter_label,
    rect,
    text,
    ticks,
    y_axis,
)  # fmt: skip
from assets.delivery.frames import records
from assets.delivery.words import Text, say, word

# As the table forecast_bridge orders them.
CAUSES = ("restatement", "new report", "lease event", "assumption or scenario", "model or weights")
_CAUSE_CLASS = {cause: f"k{at}" for at, cause in enumerate(CAUSES)}
BAR = 15


def bridge_bars(changes: pd.DataFrame, title: Text, width: int = WIDTH) -> Picture:
    """Why forecasts moved: a row a series, its change in points by cause to both sides of 0, the sum as a mark.

    changes: name (a Said), cause, delta_occupancy_pp; rows of one series and quarter add up.
    """
    series = list(dict.fromkeys(changes["name"]))
    sums = changes.groupby(["name", "cause"], sort=False)["delta_occupancy_pp"].sum().unstack("cause").fillna(0.0)
    up, down = sums.clip(lower=0).sum(axis=1), sums.clip(upper=0).sum(axis=1)
    legend = Legend()
    known = {str(cause) for cause in sums.columns}
    present = [cause for cause in CAUSES if cause in known] + sorted(known - set(CAUSES))
    for cause in present:
        legend.add(_CAUSE_CLASS.get(cause, "k9"), "box", word("cause", cause))
    legend.add("e-now", "diamond", say("chart.whole_change"))
    drawn, used = legend.draw(width)
    # The name of a series stands above its bar: names are long, and phones are narrow.
    step, top = BAR + 20, used + 22
    reach = max(0.05, float(up.max()), float(-down.min()))
    x = Scale(min(0.0, float(down.min())) - 0.06 * reach, max(0.0, float(up.max())) + 0.06 * reach, 8.0, width - 44)
    bottom = top + step * len(series)
    out = [drawn, text(4, top - 9, say("chart.points_axis"), "tf")]
    for value in ticks(x.low, x.high, 5):
        out.append(line([(x(value), top - 2), (x(value), bottom)], "g"))
        out.append(text(x(value), bottom + 14, _signed(value), "", "m"))
    out.append(line([(x(0), top - 2), (x(0), bottom)], "ax"))
    for at, one in enumerate(series):
        y = top + step * at + 16
        out.append(text(8, y - 4, one))
        right_end, left_end = 0.0, 0.0
        for cause in present:
            change = float(sums.loc[one, cause])
            if abs(change) < 1e-9:
                continue
            begin = right_end if change > 0 else left_end
            low, high = sorted((x(begin), x(begin + change)))
            out.append(rect(low, y, high - low, BAR, _CAUSE_CLASS.get(cause, "k9"), f"{_signed(change)} pp"))
            right_end, left_end = (begin + change, left_end) if change > 0 else (right_end, begin + change)
        whole = float(sums.loc[one].sum())
        out.append(dot(x(whole), y + BAR / 2, "e-now", "diamond", f"{_signed(whole)} pp", 4))
        out.append(text(x(right_end) + 8, y + BAR - 3, _signed(whole)))
    return Picture(title, width, bottom + 20, "".join(out), summary=say("chart.moved", n=len(series)))


def absorption(
    flows: pd.DataFrame, title: Text, unit: Text, note: Text = "", width: int = WIDTH, height: int = 150
) -> Picture:
    """Net absorption beside deliveries as columns, and the vacancy as a line above them.

    flows: quarter_end, absorbed, delivered (change of leased and of in-service capacity over the quarter; missing where
    two quarters cannot be compared), vacancy (fraction).
    """
    rows = flows.sort_values("quarter_end")
    days = pd.to_datetime(rows["quarter_end"])
    legend = Legend()
    legend.add("k2", "box", say("chart.absorbed"))
    legend.add("k9", "box", say("chart.delivered"))
    legend.add("s3 s", "line", say("chart.vacancy"))
    drawn, used = legend.draw(width)
    top = used + 20
    x = Scale(day_number(days.min()), day_number(days.max()), LEFT + 14, width - RIGHT - 8)
    vacancy = rows["vacancy"].astype(float)
    above = Scale(0.0, max(0.05, float(vacancy.max()) * 1.15), top + 58, top)
    out = [drawn, y_axis(above, width - RIGHT, per_cent, say("chart.vacancy_axis"), 3)]
    points = [(x(day_number(day)), above(value)) for day, value in zip(days, vacancy, strict=True) if value == value]
    out.append(line(points, "s3 s"))
    for row in records(rows):
        if not wording.missing(row["vacancy"]):
            tip = f"{wording.day(row['quarter_end'])}: {wording.rate(row['vacancy'])}"
            out.append(dot(x(day_number(row["quarter_end"])), above(row["vacancy"]), "k3", "circle", tip, 2.2))
    low_top = top + 58 + 34
    moved = pd.concat([rows["absorbed"], rows["delivered"]]).astype(float).dropna()
    ends = (min(0.0, float(moved.min())), max(0.0, float(moved.max()))) if len(moved) else (0.0, 1.0)
    y = Scale(ends[0], ends[1] if ends[1] > ends[0] else ends[0] + 1.0, low_top + height, low_top)
    out.append(y_axis(y, width - RIGHT, plain_number, say("chart.flow_axis", unit=unit), 4))
    wide = min(9.0, max(1.2, (x.end - x.start) / max(1, len(rows)) * 0.36))
    for row in records(rows):
        at = x(day_number(row["quarter_end"]))
        for column, kind, shift in (("absorbed", "k2", -wide), ("delivered", "k9", 0.4)):
            if wording.missing(row[column]):
                continue
            value = float(row[column])
            tip = f"{wording.day(row['quarter_end'])}: {plain_number(value)}"
            out.append(rect(at + shift, min(y(0), y(value)), wide, abs(y(value) - y(0)), kind, tip))
    out.append(line([(LEFT, y(0)), (width - RIGHT, y(0))], "a"))
    out.append(quarter_axis(days, x, low_top + height, quarter_end_title()))
    last = records(rows.tail(1))[0]
    summary = say("chart.vacancy_last", rate=wording.rate(last["vacancy"]), day=wording.day(last["quarter_end"]))
    return Picture(title, width, low_top + height + 36, "".join(out), note, summary)


def backlog_runoff(
    runoff: pd.DataFrame, title: Text, note: Text = "", width: int = WIDTH, height: int = 150
) -> Picture:
    """MW signed and not commenced, by quarter: what begins in it and what is left at its end, as columns.

    runoff: backlog_runoff of one series and scenario: quarter_end, commencing_mw, backlog_mw (means of paths).
    """
    rows = records(runoff.sort_values("quarter_end"))
    legend = Legend()
    legend.add("k0", "box", say("chart.begins"))
    legend.add("k9", "box", say("chart.left"))
    drawn, used = legend.draw(width)
    top = used + 26
    highest = max(max(row["commencing_mw"], row["backlog_mw"]) for row in rows)
    y = Scale(0.0, max(0.1, float(highest)) * 1.08, top + height, top)
    step = (width - RIGHT - LEFT) / len(rows)
    wide = min(16.0, step * 0.38)
    out = [drawn, y_axis(y, width - RIGHT, plain_number, say("chart.backlog_axis"))]
    for at, row in enumerate(rows):
        middle = LEFT + step * (at + 0.5)
        for column, kind, shift in (("commencing_mw", "k0", -wide), ("backlog_mw", "k9", 1)):
            value = float(row[column])
            out.append(rect(middle + shift, y(value), wide, y(0) - y(value), kind))
            out.append(text(middle + shift + wide / 2, y(value) - 4, f"{value:.1f}", "ts", "m"))
        out.append(text(middle, top + height + 16, quarter_label(row["quarter_end"]), "", "m"))
    out.append(line([(LEFT, y(0)), (width - RIGHT, y(0))], "a"))
    told = tuple(
        (quarter_label(row["quarter_end"]), f"{row['commencing_mw']:.1f}", f"{row['backlog_mw']:.1f}") for row in rows
    )
    head = (say("chart.quarter"), say("chart.begins"), say("chart.left"))
    summary = say("chart.runoff", first=f"{rows[0]['commencing_mw'] + rows[0]['backlog_mw']:.1f}",
                  last=f"{rows[-1]['backlog_mw']:.1f}")  # fmt: skip
    return Picture(title, width, top + height + 24, "".join(out), note, summary, head, told)


def stacked_columns(
    cells: pd.DataFrame, order: Sequence[str], parts: Sequence[tuple[str, str, Text]], title: Text, axis: Text,
    when: Text, note: Text = "", width: int = WIDTH, height: int = 170,
) -> Picture:  # fmt: skip
    """Columns of MW in the order given, stacked by part, with their sums on top.

    cells: when, part (code), mw. parts: code, class and words of each part, from the bottom.
    """
    table = cells.pivot_table(index="when", columns="part", values="mw", aggfunc="sum").reindex(list(order)).fillna(0.0)
    codes = [code for code, _, _ in parts]
    held = {
        label: dict(zip(codes, row, strict=True))
        for label, row in zip(
            order, table.reindex(columns=codes).fillna(0.0).to_numpy(dtype=float).tolist(), strict=True
        )
    }
    legend = Legend()
    for _, kind, words in parts:
        legend.add(kind, "box", words)
    drawn, used = legend.draw(width)
    top = used + 28
    sums = table.sum(axis=1).round(6)
    y = Scale(0.0, max(0.1, float(sums.max())) * 1.04, top + height, top)
    step = (width - RIGHT - LEFT) / len(order)
    wide = min(34.0, step * 0.74)
    out = [drawn, y_axis(y, width - RIGHT, plain_number, axis)]
    every = max(1, -(-int(max(letters(label) for label in order) + 6) // int(max(1.0, step))))
    for at, label in enumerate(order):
        middle, base = LEFT + step * (at + 0.5), 0.0
        for code, kind, _ in parts:
            value = held[label][code]
            if value > 0:
                tip = f"{label}: {value:.1f} MW"
                out.append(rect(middle - wide / 2, y(base + value), wide, y(base) - y(base + value), kind, tip))
                base += value
        if base > 0 and step >= 20:
            out.append(text(middle, y(base) - 4, f"{sums[label]:.1f}", "ts", "m"))
        if at % every == 0:
            out.append(text(middle, top + height + 16, label, "", "m"))
    out.append(line([(LEFT, y(0)), (width - RIGHT, y(0))], "a"))
    out.append(text(width - RIGHT, top + height + 31, when, "tf", "r"))
    rows = tuple((label, *(f"{held[label][code]:.1f}" for code in codes), f"{sums[label]:.1f}") for label in order)
    head: tuple[Text, ...] = (when, *(words for _, _, words in parts), say("chart.sum"))
    summary = say("chart.columns", n=len(order), mw=f"{sums.sum():.1f}")
    return Picture(title, width, top + height + 36, "".join(out), note, summary, head, rows)


def _signed(value: float) -> str:
    """0.5 -> '+0.50', with a true minus sign; 0 bare."""
    rounded = round(value, 2) + 0.0
    return f"{rounded:+.2f}".replace("-", "\u2212") if rounded else "0"
