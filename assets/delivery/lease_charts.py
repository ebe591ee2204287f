"""Pictures of a portfolio of leases: what expires, what scenarios do to it, and which assumptions an answer hangs on.

Belongs here: pictures from frames with the columns of the published lease tables, and which of them make the standard
set. Does not belong here: reading the database, the page's tables (lease_section.py), rendering (charts.py).

Colours of this module are mid tones that stand out on white and on black, since only the palette of charts.py follows a
reader's dark mode. Texts that come from files are cut and cleaned by wording.plain; altair escapes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.charts import BAND_95, FAINT, INK, LINE, dated_rows, dressed, year_axis
from assets.delivery.frames import records
from assets.warehouse.names import slug
from forecasts.leases.portfolio import SECTORS, STACKS, TIERS

# What lease_pictures reads, each cut to one portfolio: tables and views of the published file.
PICTURED_TABLES = (
    "portfolios", "facilities", "portfolio_history", "portfolio_stack_evidence", "occupancy_forecast", "lease_expiries",
    "wale", "backlog_runoff", "scenario_effects", "scenario_sensitivity",
)  # fmt: skip
BASE = "base"
# Scenarios that questions of readers name; their pictures are always drawn where they are in force.
ASKED = ("hard_ban", "gov_no_renewal")
MOST_SCENARIOS = 3
MOST_LINES = 5
MOST_PARAMETERS = 12
MOST_OPERATORS = 20
MOST_STEPS = 16
QUARTERS_AHEAD = 8
HISTORY_QUARTERS = 8
STACK_NAMES = {"mainland": "mainland stack", "us": "US stack", "dual": "dual stack", "unknown": "stack unknown"}
OCCUPANCY = "Occupancy (leased MW / in-service MW)"
EXPIRING = "Expiring MW (in place, no options)"
LEASED = "Mean leased MW (contracted and commenced)"
GAIN, LOSS, LEVEL = "#2f8f5b", "#c8553d", "#7c8a99"
_MID = (
    "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#d4a72c", "#b07aa1", "#ff9da7", "#9c755f", "#a0a6ac",
)  # fmt: skip
_DASHES = ([1, 0], [6, 2], [2, 2], [8, 3, 2, 3], [4, 4])
_CODES = {"sector": SECTORS, "sensitivity_tier": TIERS, "stack": STACKS}
_BY = {"sector": "sector", "sensitivity_tier": "tier of sensitivity", "stack": "stack"}
_WIDTH = 460


def lease_pictures(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The standard pictures of one portfolio by short title, as altair charts; what has no rows has no picture.

    tables: PICTURED_TABLES of one portfolio with their published columns; one that is not there counts as empty. The
    newest vintage is drawn. Every title says that an illustrative portfolio is one.
    """
    held = {name: tables.get(name, pd.DataFrame()) for name in PICTURED_TABLES}
    rolls = held["portfolios"]
    mark = "illustrative, not real" if len(rolls) and bool(rolls["illustrative"].iloc[0]) else ""
    names = series_names(held["facilities"])
    out: dict[str, Any] = {}
    _add_expiries(out, held, mark)
    _add_fans(out, held, mark)
    runoff = _of(newest(held["backlog_runoff"]), "total", scenario=BASE)
    if len(runoff) and runoff[["commencing_mw", "backlog_mw"]].to_numpy().sum() > 0:
        out["Backlog run-off"] = backlog_runoff(runoff, "Backlog run-off, base", mark)
    effects, swings = newest(held["scenario_effects"]), newest(held["scenario_sensitivity"])
    forecast = newest(held["occupancy_forecast"])
    for scenario in shown_scenarios(effects):
        label = scenario_label(scenario)
        own = _of(effects, "total", scenario=scenario)
        out[f"Waterfall, {label}"] = waterfall(own, f"From base to {label}, by shock", mark)
        gains = change_by_operator(forecast, scenario, names)
        if len(gains):
            out[f"Who loses and who gains, {label}"] = gains_and_losses(
                gains, f"Who loses and who gains under {label}", mark
            )
    for scenario in (BASE, *shown_scenarios(effects)):
        own = _of(swings, "total", scenario=scenario)
        if len(own) and own["swing_mw"].max() > 0:
            label = scenario_label(scenario)
            out[f"Tornado, {label}"] = tornado(
                own, centre_mw(effects, scenario), f"Which assumptions swing {label}", mark
            )
    return out


def expiries_by_year(
    expiries: pd.DataFrame, wale: pd.DataFrame, by: str = "sector", note: str = "", width: int = _WIDTH,
    height: int = 220,
) -> Any:  # fmt: skip
    """Expiring MW by calendar year, stacked by `by` (sector, sensitivity_tier or stack), WALE in the title.

    expiries: lease_expiries of one series (expiry_quarter, mw and the column `by`); wale: as_of, wale_mw_years,
    wale_rent_years of the same series, may be empty.
    """
    years = pd.to_datetime(expiries["expiry_quarter"]).dt.year.astype(str)
    title = f"Lease expiries by year and {_BY[by]}"
    return _stacked_expiries(
        expiries.assign(when=years), by, "Year in which contracts end", title, note, wale, width, height
    )


def expiries_by_quarter(
    expiries: pd.DataFrame, wale: pd.DataFrame, by: str = "sector", note: str = "", width: int = _WIDTH,
    height: int = 200, quarters: int = QUARTERS_AHEAD,
) -> Any:  # fmt: skip
    """Expiring MW of the first quarters after the leases' date, stacked by `by`; frames as expiries_by_year with as_of.

    Quarters in which nothing expires have their place on the axis. Raises ValueError where nothing expires in them.
    """
    ends = pd.to_datetime(expiries["expiry_quarter"])
    first = pd.Timestamp(pd.to_datetime(expiries["as_of"]).max())
    ahead = pd.date_range(first, periods=quarters + 1, freq="QE")[1:]
    # A contract that ends on the leases' own date is still in place: it belongs to the quarter just ended.
    within = expiries[ends.isin(ahead)]
    if within.empty:
        raise ValueError(f"no contract ends in the {quarters} quarters after {first.date()}; leave the chart out.")
    shown = within.assign(when=[quarter_label(day) for day in pd.to_datetime(within["expiry_quarter"])])
    title = f"Lease expiries by quarter and {_BY[by]}"
    order = [quarter_label(day) for day in ahead]
    return _stacked_expiries(shown, by, "Quarter in which contracts end", title, note, wale, width, height, order)


def scenario_fans(
    forecast: pd.DataFrame, title: str, note: str = "", now: tuple[Any, float] | None = None,
    history: pd.DataFrame | None = None, past: pd.DataFrame | None = None, width: int = _WIDTH, height: int = 220,
) -> Any:  # fmt: skip
    """Median occupancy of each scenario as a line with the 80 % band of base, one series.

    forecast: scenario, quarter_end, occupancy_p10, _p50, _p90 (fractions) of one vintage. The MOST_LINES scenarios that
    part most from base are drawn in colour, the others thin and grey. now: quarter end and occupancy at which all lines
    begin; history: quarter_end, occupancy before it; past: vintage, quarter_end, occupancy_p50 of earlier vintages of
    base, dotted. Raises ValueError without a row of base.
    """
    import altair as alt

    known = forecast[forecast["occupancy_p50"].notna()].sort_values("quarter_end")
    base = known[known["scenario"] == BASE]
    if base.empty:
        raise ValueError(f"Chart {title!r}: no forecast of scenario {BASE!r} with an occupancy; leave the chart out.")
    columns = ["occupancy_p10", "occupancy_p50", "occupancy_p90"]
    others = [str(name) for name in known["scenario"].unique() if name != BASE]
    if now is not None:
        start = pd.DataFrame([{"scenario": name, "quarter_end": now[0]} for name in (BASE, *others)])
        known = pd.concat([start.assign(**dict.fromkeys(columns, now[1])), known], ignore_index=True)
    ranked = _parting(known, others)
    named, faint = ranked[:MOST_LINES], ranked[MOST_LINES:]
    legend_names = [BASE + " (80 % band)", *(scenario_label(name) for name in named)]
    if faint:
        legend_names.append(f"{len(faint)} closer to base")
    labels = {BASE: legend_names[0]} | {name: scenario_label(name) for name in named}
    labels |= dict.fromkeys(faint, legend_names[-1])
    lines = known.assign(label=known["scenario"].map(labels))
    data = {"band": dated_rows(known[known["scenario"] == BASE], columns)}
    frames = [known[columns[1]], base[columns[0]], base[columns[2]]]
    # By the scenario's place among all, so that a scenario looks the same in every picture of a portfolio.
    place = {name: at for at, name in enumerate(sorted(others))}
    colours = [INK, *(_MID[place[name] % len(_MID)] for name in named), *([FAINT] if faint else [])]
    dashes = [[1, 0], *(_DASHES[place[name] % len(_DASHES)] for name in named), *([[1, 0]] if faint else [])]
    days = [pd.to_datetime(known["quarter_end"])]
    if history is not None and len(history):
        days.append(pd.to_datetime(history["quarter_end"]))
        frames.append(history["occupancy"])
    x = alt.X("quarter_end:T", title="Quarter end", axis=_quarters(pd.concat(days)))
    y_axis, scale = (
        alt.Axis(format=".0%", tickCount=5, titlePadding=12),
        alt.Scale(domain=_room(pd.concat(frames)), nice=False, clamp=True),
    )

    def y(column: str) -> Any:
        return alt.Y(f"{column}:Q", title=OCCUPANCY, axis=y_axis, scale=scale)

    legend = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=170, columnPadding=28)
    colour = alt.Color("label:N", scale=alt.Scale(domain=legend_names, range=colours), legend=legend)
    dash = alt.StrokeDash("label:N", scale=alt.Scale(domain=legend_names, range=dashes), legend=legend)
    band = alt.Chart(alt.NamedData("band")).mark_area(color=BAND_95)
    layers = [band.encode(x=x, y=y("occupancy_p10"), y2="occupancy_p90:Q")]
    if past is not None and len(past):
        data["past"] = dated_rows(past.assign(vintage=past["vintage"].astype(str)), ["vintage", "occupancy_p50"])
        thin = alt.Chart(alt.NamedData("past")).mark_line(color=FAINT, strokeWidth=0.8, strokeDash=[1, 2])
        layers.append(thin.encode(x=x, y=y("occupancy_p50"), detail="vintage:N"))
    # Base last, so that it lies on top of all it is compared with.
    for key, wanted, stroke in (("faint", faint, 0.8), ("named", named, 1.6), ("base", [BASE], 2.2)):
        if wanted:
            data[key] = dated_rows(lines[lines["scenario"].isin(wanted)], ["scenario", "label", "occupancy_p50"])
            line = alt.Chart(alt.NamedData(key)).mark_line(strokeWidth=stroke)
            layers.append(line.encode(x=x, y=y("occupancy_p50"), detail="scenario:N", color=colour, strokeDash=dash))
    if history is not None and len(history):
        data["history"] = dated_rows(history.sort_values("quarter_end"), ["occupancy"])
        course = alt.Chart(alt.NamedData("history")).mark_line(
            color=LINE, strokeWidth=1.6, point={"size": 16, "color": LINE}
        )
        layers.append(course.encode(x=x, y=y("occupancy")))
    return _titled(dressed(alt.layer(*layers), data, "", width, height), title, note)


def waterfall(effects: pd.DataFrame, title: str, note: str = "", width: int = 330) -> Any:
    """From base to scenario in leased MW, a bar a shock: what stands at the start, each step, what stands at the end.

    effects: scenario_effects of one series and scenario: position, kind (start, step, end; flows are left out), cause,
    delta_mw (MW; of start and end the level). More than MOST_STEPS steps: the smallest are summed into one bar. Raises
    ValueError without a start.
    """
    import altair as alt

    rows = effects[effects["kind"].isin(["start", "step", "end"])].sort_values("position")
    if not (rows["kind"] == "start").any():
        raise ValueError(f"Chart {title!r}: no row of kind 'start' in scenario_effects; leave the chart out.")
    bars: list[dict[str, Any]] = []
    level = 0.0
    for cause, kind, change in _steps(rows):
        if kind == "step":
            low, high, level = min(level, level + change), max(level, level + change), level + change
            text, shade = signed(change), "more" if change >= 0 else "less"
        else:
            low = high = level = change
            text, shade = f"{change:.1f}", "level"
        bars.append(
            {
                "row": len(bars),
                "cause": cause,
                "kind": kind,
                "low": low,
                "high": high,
                "at": high,
                "text": text,
                "shade": shade,
            }
        )
    order = [bar["cause"] for bar in bars]
    lowest, highest = min(bar["low"] for bar in bars), max(bar["high"] for bar in bars)
    room = max(0.5, 0.18 * (highest - lowest))
    scale = alt.Scale(domain=[lowest - room / 3, highest + room], nice=False, zero=False)
    quarter = wording.day(rows["quarter_end"].max()) if "quarter_end" in rows else ""
    axis_title = "Mean leased MW (commenced)" + (f", {quarter}" if quarter else "") + "; axis not from 0"
    x = alt.X("low:Q", title=axis_title, scale=scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("cause:N", sort=order, title="Shock", axis=_names_axis(200))
    shades = alt.Scale(domain=["more", "less", "level"], range=[GAIN, LOSS, LEVEL])
    colour = alt.Color("shade:N", scale=shades, legend=None)
    base = alt.Chart(alt.NamedData("bars"))
    steps = base.mark_bar(height=13).encode(x=x, x2="high:Q", y=y, color=colour)
    ends = alt.Chart(alt.NamedData("levels")).mark_tick(thickness=4, size=18).encode(x=x, y=y, color=colour)
    texts = base.mark_text(align="left", dx=6, fontSize=11, color=INK)
    words = texts.encode(x=alt.X("at:Q", scale=scale), y=y, text="text:N")
    data = {"bars": bars, "levels": [bar for bar in bars if bar["shade"] == "level"]}
    chart = dressed(alt.layer(steps, ends, words), data, "", width, 24 * max(4, len(bars)))
    return _titled(chart, title, note)


def tornado(swings: pd.DataFrame, centre: float | None, title: str, note: str = "", width: int = 330) -> Any:
    """Leased MW at the low and the high end of each assumption, the widest swing first; MOST_PARAMETERS of them.

    swings: scenario_sensitivity of one series and scenario: parameter, low, high (ends of its range), low_mw, high_mw,
    swing_mw, quarter_end. centre: leased MW with every assumption at its value; the middle of the ends where unknown.
    """
    import altair as alt

    shown = swings.sort_values(["swing_mw", "parameter"], ascending=[False, True]).head(MOST_PARAMETERS)
    bars = []
    for row in records(shown):
        middle = (row["low_mw"] + row["high_mw"]) / 2 if centre is None else centre
        name = f"{wording.plain(row['parameter'], 48)} ({_short(row['low'])} to {_short(row['high'])})"
        outer = max(row["low_mw"], row["high_mw"], middle)
        for end, mw in (("at its low", row["low_mw"]), ("at its high", row["high_mw"])):
            text = f"{row['swing_mw']:.1f} MW" if end == "at its low" else ""
            bars.append({"parameter": name, "end": end, "mw": mw, "middle": middle, "outer": outer, "text": text})
    order = list(dict.fromkeys(bar["parameter"] for bar in bars))
    lowest = min(min(bar["mw"], bar["middle"]) for bar in bars)
    highest = max(max(bar["mw"], bar["middle"]) for bar in bars)
    room = max(0.1, 0.2 * (highest - lowest))
    scale = alt.Scale(domain=[lowest - room / 4, highest + room], nice=False, zero=False)
    quarter = wording.day(shown["quarter_end"].max()) if "quarter_end" in shown else ""
    axis_title = LEASED + (f", {quarter}" if quarter else "")
    x = alt.X("middle:Q", title=axis_title, scale=scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("parameter:N", sort=order, title="Assumption", axis=_names_axis(260))
    ends = alt.Scale(domain=["at its low", "at its high"], range=[_MID[1], _MID[0]])
    legend = alt.Legend(title=None, orient="bottom", columnPadding=28)
    base = alt.Chart(alt.NamedData("bars"))
    sides = base.mark_bar(height=13).encode(x=x, x2="mw:Q", y=y, color=alt.Color("end:N", scale=ends, legend=legend))
    texts = base.mark_text(align="left", dx=5, fontSize=11, color=INK)
    words = texts.encode(x=alt.X("outer:Q", scale=scale), y=y, text="text:N")
    layers, data = [sides, words], {"bars": bars}
    if centre is not None:
        data["centre"] = [{"middle": centre}]
        layers.append(alt.Chart(alt.NamedData("centre")).mark_rule(color=INK).encode(x=x))
    more = len(swings) - len(shown)
    left_out = f"the {len(shown)} widest of {len(swings)}" if more > 0 else ""
    return _titled(
        dressed(alt.layer(*layers), data, "", width, 24 * max(4, len(order))),
        title,
        "; ".join(filter(None, (note, left_out))),
    )


def backlog_runoff(runoff: pd.DataFrame, title: str, note: str = "", width: int = _WIDTH, height: int = 190) -> Any:
    """MW signed and not commenced, by quarter: what begins in it and what is left at its end, as columns.

    runoff: backlog_runoff of one series and scenario: quarter_end, commencing_mw, backlog_mw (means of paths).
    """
    import altair as alt

    names = {"commencing_mw": "begins in the quarter", "backlog_mw": "left at its end"}
    rows = runoff.sort_values("quarter_end")
    when = [quarter_label(day) for day in pd.to_datetime(rows["quarter_end"])]
    long = rows.assign(when=when).melt(["when"], list(names), "part", "mw")
    long["part"] = long["part"].map(names)
    parts = list(names.values())
    axis_title = "MW signed, not commenced (mean)"
    base = alt.Chart(alt.NamedData("parts"))
    offset = alt.XOffset("part:N", sort=parts)
    x = alt.X("when:N", sort=when, title="Quarter", axis=alt.Axis(labelAngle=0))
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=parts, range=[_MID[0], _MID[9]]),
        legend=alt.Legend(title=None, orient="bottom", columnPadding=28),
    )
    columns = base.mark_bar().encode(
        x=x,
        xOffset=offset,
        y=alt.Y("mw:Q", title=axis_title, axis=alt.Axis(tickCount=5, titlePadding=10)),
        color=colour,
    )
    words = base.mark_text(dy=-6, fontSize=10, color=INK).encode(
        x=x, xOffset=offset, y="mw:Q", text=alt.Text("mw:Q", format=".1f")
    )
    data = {"parts": records(long[["when", "part", "mw"]])}
    return _titled(dressed(alt.layer(columns, words), data, "", width, height), title, note)


def stack_by_sector(expiries: pd.DataFrame, title: str, note: str = "", width: int = _WIDTH) -> Any:
    """Leased MW by stack and sector as a heat map; unknown is a stack and a sector of its own.

    expiries: lease_expiries of one series: stack, sector, mw; every lease in place has one row in it.
    """
    import altair as alt

    sums = expiries.groupby(["stack", "sector"])["mw"].sum()
    sectors = _present(expiries["sector"], SECTORS)
    strangers = sorted(set(expiries["stack"].astype(str)) - set(STACKS))
    # A class without a lease is an answer too.
    every = pd.MultiIndex.from_product([[*STACKS, *strangers], sectors], names=["stack", "sector"])
    cells = sums.reindex(every, fill_value=0.0).round(6).reset_index()
    top = float(cells["mw"].max())
    rows = [
        {
            "stack": STACK_NAMES.get(str(row["stack"]), wording.plain(row["stack"], 40)),
            "sector": code_label(row["sector"]), "mw": float(row["mw"]),
            "dark": bool(row["mw"] > 0.55 * top),
        }
        for row in records(cells)
    ]  # fmt: skip
    base = alt.Chart(alt.NamedData("cells"))
    x = alt.X(
        "stack:N", sort=[STACK_NAMES.get(name, name) for name in STACKS], title="Stack of the lease",
        axis=alt.Axis(labelAngle=0, orient="top"), scale=alt.Scale(domain=_stack_domain(cells["stack"])),
    )  # fmt: skip
    y = alt.Y(
        "sector:N",
        sort=[code_label(name) for name in sectors],
        title="Sector of the tenant",
        axis=_names_axis(160),
    )
    legend = alt.Legend(title="Leased MW (contracted and commenced)", titleLimit=300, orient="bottom")
    shade = alt.Scale(domain=[0, top or 1.0], range=["#dbe8f4", "#2a5f8f"])
    squares = base.mark_rect().encode(
        x=x, y=y,
        color=alt.Color("mw:Q", scale=shade, legend=legend),
    )  # fmt: skip
    # Fixed ink on fixed shades: the cells keep their colours in dark mode.
    ink = alt.Color("dark:N", scale=alt.Scale(domain=[False, True], range=["#10161c", "#fdfdfd"]), legend=None)
    words = base.mark_text(fontSize=11).encode(x=x, y=y, text=alt.Text("mw:Q", format=".1f"), color=ink)
    chart = alt.layer(squares, words).resolve_scale(color="independent")
    return _titled(dressed(chart, {"cells": rows}, "", width, 24 * max(2, len(sectors))), title, note)


def gains_and_losses(changes: pd.DataFrame, title: str, note: str = "", width: int = 330) -> Any:
    """Change of the median of leased MW against base by operator, losers first, as bars to both sides of 0.

    changes: what change_by_operator returns: name, change_mw, quarter_end. More than MOST_OPERATORS: those that change
    most.
    """
    import altair as alt

    shown = changes.reindex(changes["change_mw"].abs().sort_values(ascending=False, kind="stable").index)
    shown = shown.head(MOST_OPERATORS).sort_values(["change_mw", "name"])
    rows = [
        {
            "name": wording.plain(row["name"], 48), "mw": float(row["change_mw"]), "text": signed(row["change_mw"]),
            "side": "gains" if row["change_mw"] >= 0 else "loses",
        }
        for row in records(shown)
    ]  # fmt: skip
    reach = max(0.1, float(shown["change_mw"].abs().max())) * 1.3
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    quarter = wording.day(shown["quarter_end"].max())
    x = alt.X(
        "mw:Q", title=f"Change of median leased MW against base, {quarter}", scale=scale, axis=alt.Axis(tickCount=6)
    )
    y = alt.Y("name:N", sort=[row["name"] for row in rows], title="Operator", axis=_names_axis(220))
    sides = alt.Scale(domain=["gains", "loses"], range=[GAIN, LOSS])
    base = alt.Chart(alt.NamedData("changes"))
    bars = base.mark_bar(height=14).encode(x=x, y=y, color=alt.Color("side:N", scale=sides, legend=None))
    layers = [bars]
    for key, align, shift in (("gains", "left", 5), ("loses", "right", -5)):
        own = alt.Chart(alt.NamedData(key)).mark_text(align=align, dx=shift, fontSize=11, color=INK)
        layers.append(own.encode(x=alt.X("mw:Q", scale=scale), y=y, text="text:N"))
    zero = alt.Chart(alt.NamedData("zero")).mark_rule(color=INK).encode(x=x)
    data: dict[str, list[dict[str, Any]]] = {
        "changes": rows, "zero": [{"mw": 0}],
        **{key: [row for row in rows if row["side"] == key] for key in ("gains", "loses")},
    }  # fmt: skip
    more = len(changes) - len(rows)
    left_out = f"the {len(rows)} that change most of {len(changes)}" if more > 0 else ""
    chart = dressed(alt.layer(*layers, zero), data, "", width, 26 * max(4, len(rows)))
    return _titled(chart, title, "; ".join(filter(None, (note, left_out))))


def change_by_operator(forecast: pd.DataFrame, scenario: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Change of leased_p50 against base by operator: series_id, name, change_mw, quarter_end; at QUARTERS_AHEAD, or the
    longest horizon before it. forecast: occupancy_forecast of one vintage; names: series_id -> name.
    """
    empty = pd.DataFrame(columns=["series_id", "name", "change_mw", "quarter_end"])
    if forecast.empty:
        return empty
    own = forecast[(forecast["level"] == "operator") & (forecast["horizon"] <= QUARTERS_AHEAD)]
    own = own[own["horizon"] == own["horizon"].max()]
    sides = [
        own.loc[own["scenario"] == one, ["series_id", "quarter_end", "leased_p50"]].set_index("series_id")
        for one in (BASE, scenario)
    ]
    both = sides[0].join(sides[1], rsuffix="_then", how="inner")
    if both.empty:
        return empty
    out = both.assign(change_mw=both["leased_p50_then"] - both["leased_p50"]).reset_index()
    out["name"] = [series_label(names, key) for key in out["series_id"]]
    return out[["series_id", "name", "change_mw", "quarter_end"]]


def shown_scenarios(effects: pd.DataFrame, most: int = MOST_SCENARIOS) -> list[str]:
    """Scenarios to draw: those of ASKED that are in force, then those that move most MW in total, either way, to
    `most`. effects: scenario_effects of one vintage and portfolio.
    """
    steps = _of(effects, "total")
    steps = steps[steps["kind"] == "step"] if len(steps) else steps
    if steps.empty:
        return []
    moved = steps["delta_mw"].abs().groupby(steps["scenario"].astype(str)).sum()
    ranked = [str(name) for name in moved[moved > 0].sort_values(ascending=False, kind="stable").index]
    asked = [name for name in ASKED if name in moved.index]
    return [*asked, *(name for name in ranked if name not in asked)][: max(most, len(asked))]


def centre_mw(effects: pd.DataFrame, scenario: str) -> float | None:
    """Mean leased MW of a scenario in total: its end in scenario_effects; of base, the start of any scenario."""
    rows = _of(effects, "total")
    if len(rows):
        rows = rows[rows["kind"] == "start"] if scenario == BASE else _chosen(rows[rows["kind"] == "end"], scenario)
    return float(rows["delta_mw"].iloc[0]) if len(rows) else None


def newest(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest vintage; all of a frame without vintages."""
    return frame[frame["vintage"] == frame["vintage"].max()] if len(frame) and "vintage" in frame else frame


def series_names(facilities: pd.DataFrame) -> dict[str, str]:
    """Key of a series, without its portfolio -> name in words, of facilities (by id), operators and markets."""
    names: dict[str, str] = {}
    for row in records(facilities):
        for column in ("operator", "market"):
            if not wording.missing(row.get(column)):
                names.setdefault(slug(str(row[column])), wording.plain(row[column], 80))
        key = str(row["facility_id"]).split("/", 1)[-1]
        name = wording.plain(row.get("name"), 80)
        names[key] = f"{key}, {name}" if name and name != key else key
    return names


def series_label(names: Mapping[str, str], series_id: Any) -> str:
    """The name of a series of a portfolio; its key without the portfolio where no name is known."""
    key = str(series_id).split("/", 1)[-1]
    return names.get(key, wording.plain(key, 80))


def scenario_label(scenario: str) -> str:
    """hard_ban -> 'hard ban'."""
    return wording.plain(scenario, 60).replace("_", " ")


def code_label(code: Any) -> str:
    """cloud_provider -> 'cloud provider'."""
    return wording.plain(code, 40).replace("_", " ")


def quarter_label(day: Any) -> str:
    """2026-09-30 -> 'Q3 26'."""
    when = pd.Timestamp(day)
    return f"Q{when.quarter} {when.year % 100:02d}"


def signed(mw: Any) -> str:
    """-2.04 -> '\u22122.0', 0.0004 -> '0.0': one decimal, a true minus sign, a plus for more."""
    value = round(float(mw), 1) + 0.0
    return f"{value:+.1f}".replace("-", "\u2212") if value else "0.0"


def wale_words(wale: pd.DataFrame) -> str:
    """'WALE 4.5 years by MW, 4.4 by rent' of the newest date; empty where there is none."""
    if wale.empty:
        return ""
    row = records(wale.sort_values("as_of").tail(1))[0]
    if wording.missing(row["wale_mw_years"]):
        return ""
    by_rent = "" if wording.missing(row["wale_rent_years"]) else f", {float(row['wale_rent_years']):.1f} by rent"
    return f"WALE {float(row['wale_mw_years']):.1f} years by MW{by_rent}"


def now_by_stack(evidence: pd.DataFrame) -> dict[str, float]:
    """Occupancy today by stack, and `total`: leased over in service of portfolio_stack_evidence."""
    out = {}
    if len(evidence):
        space, leased = evidence["in_service_mw"].astype(float), evidence["leased_mw"].fillna(0.0).astype(float)
        for stack, mw, held in zip(evidence["stack"].astype(str), space, leased, strict=True):
            if mw > 0:
                out[stack] = min(held / mw, 1.0)
        if space.sum() > 0:
            out["total"] = min(float(leased.sum() / space.sum()), 1.0)
    return out


def _add_expiries(out: dict[str, Any], held: Mapping[str, pd.DataFrame], mark: str) -> None:
    expiries = _of(held["lease_expiries"], "total")
    if expiries.empty:
        return
    # Leases of two dates are the same leases twice.
    expiries = expiries[expiries["as_of"] == expiries["as_of"].max()]
    wale = _of(held["wale"], "total")
    out["Expiries by year and sector"] = expiries_by_year(expiries, wale, "sector", mark)
    out["Expiries by year and tier"] = expiries_by_year(expiries, wale, "sensitivity_tier", mark)
    last = pd.Timestamp(expiries["as_of"].max())
    ends = pd.to_datetime(expiries["expiry_quarter"])
    if ((ends > last) & (ends <= last + pd.offsets.QuarterEnd(QUARTERS_AHEAD))).any():
        out["Expiries by quarter and sector"] = expiries_by_quarter(expiries, wale, "sector", mark)
    out["Leased MW by stack and sector"] = stack_by_sector(expiries, "Leased MW by stack and sector", mark)


def _add_fans(out: dict[str, Any], held: Mapping[str, pd.DataFrame], mark: str) -> None:
    every = held["occupancy_forecast"]
    if every.empty:
        return
    forecast = newest(every)
    before = every[(every["vintage"] < every["vintage"].max()) & (every["scenario"] == BASE)]
    rolls, history = held["portfolios"], held["portfolio_history"]
    today = now_by_stack(held["portfolio_stack_evidence"])
    day = pd.Timestamp(rolls["as_of"].iloc[0]) if len(rolls) else None
    wanted = [("total", "total", "all buildings"), *(("stack", stack, STACK_NAMES[stack]) for stack in STACKS)]
    for level, key, name in wanted:
        own = _of_series(forecast, level, key)
        if own.empty or own.loc[own["scenario"] == BASE, "occupancy_p50"].notna().sum() == 0:
            continue
        now = (day, today[key]) if day is not None and key in today else None
        course = _course(history) if level == "total" and len(history) else None
        if course is not None and len(course):
            now = (pd.Timestamp(course["quarter_end"].iloc[-1]), float(course["occupancy"].iloc[-1]))
        past = _of_series(before, level, key)
        out[f"Occupancy by scenario, {name}"] = scenario_fans(
            own, f"Occupancy by scenario, {name}", mark, now, course, past
        )


def _course(history: pd.DataFrame) -> pd.DataFrame:
    """quarter_end and occupancy of the whole portfolio in its latest quarters."""
    sums = history.groupby("quarter_end", as_index=False)[["in_service_mw", "leased_mw"]].sum()
    sums = sums[sums["in_service_mw"] > 0].sort_values("quarter_end").tail(HISTORY_QUARTERS)
    return sums.assign(occupancy=(sums["leased_mw"] / sums["in_service_mw"]).clip(upper=1.0))[
        ["quarter_end", "occupancy"]
    ]


def _stacked_expiries(
    rows: pd.DataFrame, by: str, x_title: str, title: str, note: str, wale: pd.DataFrame, width: int, height: int,
    order: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    """Bars of MW by the column `when`, stacked by the codes of `by`, with their sums on top."""
    import altair as alt

    cells = pd.DataFrame(rows.groupby(["when", by])["mw"].sum().reset_index())
    # The order of adding must not decide how a half is printed.
    sums = pd.DataFrame(cells.groupby("when")["mw"].sum().round(6).reset_index())
    codes = _present(cells[by], _CODES[by])
    rank = {code: at for at, code in enumerate(codes)}
    places = {code: at for at, code in enumerate(_CODES[by])}
    colours = [
        _MID[-1] if code == "unknown" else _MID[places.get(code, len(places)) % (len(_MID) - 1)] for code in codes
    ]
    names = {code: wording_of(by, code) for code in codes}
    scale = alt.Scale(domain=[names[code] for code in codes], range=colours)
    domain = list(order) if order is not None else _every_year(sums["when"])
    crowded = len(domain) > 12
    x = alt.X(
        "when:N", sort=domain, title=x_title, scale=alt.Scale(domain=domain),
        axis=alt.Axis(labelAngle=-90 if crowded else 0, titlePadding=14 if crowded else 4),
    )  # fmt: skip
    y_axis = alt.Axis(tickCount=5, titlePadding=10)
    legend = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=160, columnPadding=28)
    bars = alt.Chart(alt.NamedData("cells")).mark_bar().encode(
        x=x, y=alt.Y("mw:Q", stack="zero", title=EXPIRING, axis=y_axis),
        color=alt.Color("part:N", scale=scale, legend=legend),
        order=alt.Order("rank:Q"),
    )  # fmt: skip
    words = (
        alt.Chart(alt.NamedData("sums"))
        .mark_text(dy=-6, fontSize=10, color=INK)
        .encode(x=x, y=alt.Y("mw:Q"), text=alt.Text("mw:Q", format=".1f"))
    )
    data = {
        "cells": [
            {"when": row["when"], "part": names[str(row[by])], "rank": rank[str(row[by])], "mw": float(row["mw"])}
            for row in records(cells)
        ],
        "sums": records(sums),
    }
    head = "; ".join(filter(None, (note, wale_words(wale))))
    return _titled(dressed(alt.layer(bars, words), data, "", width, height), title, head)


def wording_of(by: str, code: str) -> str:
    """A code of sector, tier or stack in words."""
    return STACK_NAMES.get(code, code_label(code)) if by == "stack" else code_label(code)


def _every_year(years: pd.Series) -> list[str]:
    """Years from the first to the last, those without an expiry too."""
    first, last = int(years.astype(int).min()), int(years.astype(int).max())
    return [str(year) for year in range(first, last + 1)]


def _present(codes: pd.Series, known: Sequence[str]) -> list[str]:
    """The codes that occur, in the vocabulary's order, unknown last, strangers before it."""
    seen = set(codes.astype(str))
    listed = [code for code in known if code in seen and code != "unknown"]
    strangers = sorted(seen - set(known) - {"unknown"})
    return [*listed, *strangers, *(["unknown"] if "unknown" in seen else [])]


def _stack_domain(stacks: pd.Series) -> list[str]:
    seen = set(stacks.astype(str))
    return [STACK_NAMES[name] for name in STACKS] + sorted(wording.plain(name, 40) for name in seen - set(STACKS))


def _steps(rows: pd.DataFrame) -> list[tuple[str, str, float]]:
    """cause, kind and MW of every bar, causes unlike each other; the smallest steps beyond MOST_STEPS as one."""
    steps = rows[rows["kind"] == "step"]
    kept = set(steps["delta_mw"].abs().sort_values(ascending=False, kind="stable").head(MOST_STEPS).index)
    bars: list[tuple[str, str, float]] = []
    rest = 0.0
    for index, row in zip(rows.index, records(rows), strict=True):
        kind, change = str(row["kind"]), float(row["delta_mw"])
        if kind == "end" and len(steps) > len(kept):
            bars.append((f"{len(steps) - len(kept)} smaller shocks", "step", rest))
        if kind == "step" and index not in kept:
            rest += change
            continue
        name = {"start": "base", "end": scenario_label(str(row.get("scenario", "scenario")))}.get(kind)
        name = name or wording.plain(row["cause"], 48)
        while name in {bar[0] for bar in bars}:
            name += " "
        bars.append((name, kind, change))
    return bars


def _parting(known: pd.DataFrame, scenarios: Sequence[str]) -> list[str]:
    """Scenarios by how far their median lies from base's, mean of all quarters, the farthest first."""
    medians = known.pivot_table(index="quarter_end", columns="scenario", values="occupancy_p50")
    apart = {name: float((medians[name] - medians[BASE]).abs().mean()) for name in scenarios}
    return sorted(scenarios, key=lambda name: (-apart[name], name))


def _of(frame: pd.DataFrame, level: str, scenario: str | None = None) -> pd.DataFrame:
    """Rows of a level, and of a scenario where one is named; an empty frame stays empty."""
    if frame.empty:
        return frame
    rows = frame[frame["level"] == level]
    return rows if scenario is None else _chosen(rows, scenario)


def _chosen(frame: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return frame[frame["scenario"] == scenario]


def _of_series(frame: pd.DataFrame, level: str, key: str) -> pd.DataFrame:
    """Rows of the series portfolio/key."""
    return frame[(frame["level"] == level) & (frame["series_id"].astype(str).str.split("/", n=1).str[-1] == key)]


def _quarters(days: pd.Series) -> Any:
    """Labels by quarter where there are few, else by year."""
    import altair as alt

    span = (days.max().year - days.min().year) * 4 + days.max().quarter - days.min().quarter + 1
    if span > 24:
        return year_axis(days)
    step = max(1, math.ceil(span / 10))
    # The date of a quarter's end names that quarter; labels between quarter ends would name none.
    ends = pd.date_range(days.min(), days.max(), freq="QE")[::-1][::step]
    return alt.Axis(
        values=[{"year": day.year, "month": day.month, "date": day.day} for day in ends],
        format="%b %y",
        labelAngle=0,
        labelFlush=False,
    )


def _room(values: pd.Series) -> list[float]:
    """From a little under the lowest to a little above the highest, never above 100 %, four points high at least."""
    low, high = float(values.min()), float(values.max())
    room = max(0.01, (0.04 - (high - low)) / 2)
    return [max(0.0, low - room), min(1.0, high + room)]


def _names_axis(limit: int) -> Any:
    """An axis of long names: its title stands above them, since a page's letters may be wider than those measured."""
    import altair as alt

    return alt.Axis(labelLimit=limit, titleAngle=0, titleAlign="right", titleX=-8, titleY=-7)


def _short(value: Any) -> str:
    """A parameter's value as people write it: 0.5, 60, 0.003."""
    return f"{float(value):.4g}"


def _titled(chart: Any, title: str, note: str) -> Any:
    """The chart with its title, and below it in smaller letters what the note says."""
    text = wording.plain(title, 120)
    chart.title = {"text": text, "subtitle": note} if note else text
    chart.padding = {"left": 26, "right": 12, "top": 4, "bottom": 4}
    return chart
