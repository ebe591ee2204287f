"""Pictures of what scenarios do to a portfolio: from base to shock, which assumptions swing it, who loses and gains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.charts.kit import (
    RIGHT,
    WIDTH,
    Legend,
    Picture,
    Scale,
    fitted,
    line,
    plain_number,
    rect,
    text,
    ticks,
)  # fmt: skip
from assets.delivery.frames import records
from assets.delivery.words import Said, Text, both, joined, name, say

MOST_STEPS = 16
MOST_PARAMETERS = 12
MOST_OPERATORS = 20
BAR, GAP = 13, 9
_NAMES = 178


def waterfall(effects: pd.DataFrame, title: Text, note: Text = "", width: int = WIDTH) -> Picture:
    """From base to scenario in leased MW, a bar a shock: what stands at the start, each step, what stands at the end.

    effects: scenario_effects of one series and scenario: position, kind (start, step, end; flows are left out), cause,
    delta_mw (MW; of start and end the level). More than MOST_STEPS steps: the smallest are summed into one bar. Raises
    ValueError without a start.
    """
    rows = effects[effects["kind"].isin(["start", "step", "end"])].sort_values("position")
    if not (rows["kind"] == "start").any():
        raise ValueError(f"Chart {title}: no row of kind 'start' in scenario_effects; leave the chart out.")
    bars, level = [], 0.0
    for cause, kind, change in steps(rows):
        if kind == "step":
            low, high, level = min(level, level + change), max(level, level + change), level + change
            bars.append((cause, low, high, signed(change), "up" if change >= 0 else "down"))
        else:
            level = change
            bars.append((cause, level, level, f"{level:.1f}", "lev"))
    lowest, highest = min(bar[1] for bar in bars), max(bar[2] for bar in bars)
    room = max(0.5, 0.06 * (highest - lowest))
    x = Scale(lowest - room, highest + room, _NAMES, width - RIGHT - 34)
    day = wording.day(rows["quarter_end"].max()) if "quarter_end" in rows else ""
    top = 24.0
    bottom = top + (BAR + GAP) * len(bars)
    out = [text(4, 12, say("chart.leased_from", day=day), "tf")]
    out += _grid(x, top, bottom)
    before: float | None = None
    for at, (cause, low, high, words, kind) in enumerate(bars):
        y = top + (BAR + GAP) * at + 3
        out.append(text(_NAMES - 8, y + BAR - 2, _cut(cause), "", "r"))
        if kind == "lev":
            out.append(rect(x.start, y, x(high) - x.start, BAR, "lev"))
        else:
            out.append(rect(x(low), y, x(high) - x(low), BAR, kind))
        if before is not None:
            out.append(line([(x(before), y - GAP), (x(before), y)], "a"))
        before = low if kind == "down" else high
        out.append(text(x(high) + 6, y + BAR - 2, words))
    start, end = bars[0][2], bars[-1][2]
    told = tuple((cause, words) for cause, _, _, words, _ in bars)
    summary = say("chart.waterfall", start=f"{start:.1f}", end=f"{end:.1f}", n=len(bars) - 2)
    return Picture(title, width, bottom + 20, "".join(out), note, summary, (say("chart.shock"), "MW"), told)


def tornado(swings: pd.DataFrame, centre: float | None, title: Text, note: Text = "", width: int = WIDTH) -> Picture:
    """Leased MW at the low and the high end of each assumption, the widest swing first; MOST_PARAMETERS of them.

    swings: scenario_sensitivity of one series and scenario: parameter, low, high (ends of its range), low_mw, high_mw,
    swing_mw, quarter_end. centre: leased MW with every assumption at its value; the middle of the ends where unknown.
    """
    shown = records(swings.sort_values(["swing_mw", "parameter"], ascending=[False, True]).head(MOST_PARAMETERS))
    ends = [row[column] for row in shown for column in ("low_mw", "high_mw")] + ([] if centre is None else [centre])
    room = max(0.1, 0.05 * (max(ends) - min(ends)))
    x = Scale(min(ends) - room, max(ends) + room, _NAMES, width - RIGHT - 52)
    legend = Legend()
    legend.add("k1", "box", say("chart.at_low"))
    legend.add("k0", "box", say("chart.at_high"))
    drawn, used = legend.draw(width)
    day = wording.day(swings["quarter_end"].max()) if "quarter_end" in swings else ""
    top = used + 22
    bottom = top + (BAR + GAP + 8) * len(shown)
    out = [drawn, text(4, top - 9, say("chart.leased_mean", day=day), "tf"), *_grid(x, top, bottom)]
    told = []
    for at, row in enumerate(shown):
        middle = (row["low_mw"] + row["high_mw"]) / 2 if centre is None else centre
        y = top + (BAR + GAP + 8) * at + 4
        span = f"{_short(row['low'])} \u2026 {_short(row['high'])}"
        out.append(text(_NAMES - 8, y + 7, fitted(row["parameter"], _NAMES - 12), "", "r"))
        out.append(text(_NAMES - 8, y + 19, span, "ts", "r"))
        for mw, kind in ((row["low_mw"], "k1"), (row["high_mw"], "k0")):
            low, high = sorted((x(middle), x(mw)))
            out.append(rect(low, y + 2, high - low, BAR, kind, f"{mw:.1f} MW"))
        outer = max(row["low_mw"], row["high_mw"], middle)
        out.append(text(x(outer) + 6, y + BAR, f"{row['swing_mw']:.1f} MW"))
        ends_text = (f"{row['low_mw']:.1f}", f"{row['high_mw']:.1f}", f"{row['swing_mw']:.1f}")
        told.append((name(row["parameter"], 60), span, *ends_text))
    if centre is not None:
        out.append(line([(x(centre), top - 2), (x(centre), bottom)], "ax"))
    more = len(swings) - len(shown)
    left_out = say("chart.widest", shown=len(shown), n=len(swings)) if more > 0 else ""
    head = (say("chart.assumption"), say("chart.range"), say("chart.at_low"), say("chart.at_high"), say("chart.swing"))
    summary = say("chart.tornado", n=len(shown), widest=f"{shown[0]['swing_mw']:.1f}")
    return Picture(title, width, bottom + 20, "".join(out), notes(note, left_out), summary, head, tuple(told))


def gains_and_losses(changes: pd.DataFrame, title: Text, note: Text = "", width: int = WIDTH) -> Picture:
    """Change of the median of leased MW against base by operator, losers first, as bars to both sides of 0.

    changes: name, change_mw, quarter_end. More than MOST_OPERATORS: those that change most.
    """
    order = changes["change_mw"].abs().sort_values(ascending=False, kind="stable").index
    shown = changes.reindex(order).head(MOST_OPERATORS).sort_values(["change_mw", "name"])
    reach = max(0.1, float(shown["change_mw"].abs().max()))
    x = Scale(min(0.0, -reach if (shown["change_mw"] < 0).any() else 0.0) * 1.25, reach * 1.25, _NAMES, width - RIGHT)
    top = 24.0
    bottom = top + (BAR + GAP) * len(shown)
    day = wording.day(shown["quarter_end"].max())
    out = [text(4, 12, say("chart.change_axis", day=day), "tf"), *_grid(x, top, bottom)]
    rows = []
    for at, row in enumerate(records(shown)):
        y, mw = top + (BAR + GAP) * at + 3, float(row["change_mw"])
        low, high = sorted((x(0), x(mw)))
        out.append(text(_NAMES - 8, y + BAR - 2, fitted(row["name"], _NAMES - 12), "", "r"))
        out.append(rect(low, y, high - low, BAR, "up" if mw >= 0 else "down"))
        out.append(text(high + 5 if mw >= 0 else low - 5, y + BAR - 2, signed(mw), "", "" if mw >= 0 else "r"))
        rows.append((name(row["name"], 60), signed(mw)))
    out.append(line([(x(0), top - 2), (x(0), bottom)], "ax"))
    more = len(changes) - len(shown)
    left_out = say("chart.change_most", shown=len(shown), n=len(changes)) if more > 0 else ""
    head = (say("filter.operator"), say("chart.change_mw"))
    summary = say("chart.gains", n=len(shown))
    return Picture(title, width, bottom + 20, "".join(out), notes(note, left_out), summary, head, tuple(rows))


def steps(rows: pd.DataFrame) -> list[tuple[Said, str, float]]:
    """cause, kind and MW of every bar; the smallest steps beyond MOST_STEPS as one."""
    own = rows[rows["kind"] == "step"]
    kept = set(own["delta_mw"].abs().sort_values(ascending=False, kind="stable").head(MOST_STEPS).index)
    bars: list[tuple[Said, str, float]] = []
    rest = 0.0
    for index, row in zip(rows.index, records(rows), strict=True):
        kind, change = str(row["kind"]), float(row["delta_mw"])
        if kind == "end" and len(own) > len(kept):
            bars.append((say("chart.smaller", n=len(own) - len(kept)), "step", rest))
        if kind == "step" and index not in kept:
            rest += change
            continue
        scenario = name(str(row.get("scenario", "")).replace("_", " "), 60)
        words = {"start": say("chart.base"), "end": scenario or say("chart.scenario")}.get(kind)
        bars.append((words or name(row["cause"], 48), kind, change))
    return bars


def notes(*parts: Text) -> Text:
    """Notes in a row, those that say nothing left out."""
    return joined([part for part in parts if part]) if any(parts) else ""


def signed(mw: Any) -> str:
    """-2.04 -> '\u22122.0', 0.0004 -> '0.0': one decimal, a true minus sign, a plus for more."""
    value = round(float(mw), 1) + 0.0
    return f"{value:+.1f}".replace("-", "\u2212") if value else "0.0"


def _grid(x: Scale, top: float, bottom: float) -> Sequence[str]:
    out = []
    for value in ticks(x.low, x.high, 5):
        out.append(line([(x(value), top - 2), (x(value), bottom)], "g"))
        out.append(text(x(value), bottom + 14, plain_number(value), "", "m"))
    return out


def _cut(words: Said) -> Said:
    told = both(words)
    return told if told.en != told.zh else fitted(str(told), _NAMES - 12)


def _short(value: Any) -> str:
    """A parameter's value as people write it: 0.5, 60, 0.003."""
    return f"{float(value):.4g}"
