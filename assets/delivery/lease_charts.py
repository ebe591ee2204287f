"""The standard pictures of a portfolio of leases: which there are, and which rows each takes.

Belongs here: choosing rows, series and scenarios from frames with the columns of the published lease tables. Does not
belong here: reading the database, drawing (charts/), the page's tables (sections/).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.charts.fans import scenario_fans
from assets.delivery.charts.flows import absorption, backlog_runoff
from assets.delivery.charts.holdings import expiries_by_quarter, expiries_by_year, stack_by_sector
from assets.delivery.charts.kit import Picture
from assets.delivery.charts.scenarios import gains_and_losses, tornado, waterfall
from assets.delivery.frames import records
from assets.delivery.words import Said, name, say, word
from assets.warehouse.names import slug
from forecasts.leases.portfolio import STACKS

# What lease_pictures reads, each cut to one portfolio: tables and views of the published file.
PICTURED_TABLES = (
    "portfolios", "facilities", "portfolio_history", "portfolio_stack_evidence", "occupancy_forecast", "lease_expiries",
    "wale", "backlog_runoff", "scenario_effects", "scenario_sensitivity",
)  # fmt: skip
BASE = "base"
# Scenarios that questions of readers name; their pictures are always drawn where they are in force.
ASKED = ("hard_ban", "gov_no_renewal")
MOST_SCENARIOS = 3
QUARTERS_AHEAD = 8
HISTORY_QUARTERS = 16


def lease_pictures(tables: Mapping[str, pd.DataFrame]) -> dict[str, Picture]:
    """The standard pictures of one portfolio by short English title; what has no rows has no picture.

    tables: PICTURED_TABLES of one portfolio with their published columns; one that is not there counts as empty. The
    newest vintage is drawn. Every note says that an illustrative portfolio is one.
    """
    held = {one: tables.get(one, pd.DataFrame()) for one in PICTURED_TABLES}
    rolls = held["portfolios"]
    mark = say("chart.illustrative") if len(rolls) and bool(rolls["illustrative"].iloc[0]) else ""
    names = series_names(held["facilities"])
    out: dict[str, Picture] = {}
    _add_fans(out, held, mark)
    _add_expiries(out, held, mark)
    flows = portfolio_flows(held["portfolio_history"])
    if len(flows) > 1:
        out["Absorption and supply"] = absorption(flows, say("chart.absorption_title"), "MW", mark)
    runoff = _of(newest(held["backlog_runoff"]), "total", scenario=BASE)
    if len(runoff) and runoff[["commencing_mw", "backlog_mw"]].to_numpy().sum() > 0:
        out["Backlog run-off"] = backlog_runoff(runoff, say("chart.backlog_title"), mark)
    effects, swings = newest(held["scenario_effects"]), newest(held["scenario_sensitivity"])
    forecast = newest(held["occupancy_forecast"])
    for scenario in shown_scenarios(effects):
        label = scenario_label(scenario)
        own = _of(effects, "total", scenario=scenario)
        out[f"Waterfall, {label}"] = waterfall(own, say("chart.waterfall_title", scenario=name(label)), mark)
        gains = change_by_operator(forecast, scenario, names)
        if len(gains):
            title = say("chart.gains_title", scenario=name(label))
            out[f"Who loses and who gains, {label}"] = gains_and_losses(gains, title, mark)
    for scenario in (BASE, *shown_scenarios(effects)):
        own = _of(swings, "total", scenario=scenario)
        if len(own) and own["swing_mw"].max() > 0:
            label = scenario_label(scenario)
            title = say("chart.tornado_title", scenario=say("chart.base") if scenario == BASE else name(label))
            out[f"Tornado, {label}"] = tornado(own, centre_mw(effects, scenario), title, mark)
    return out


def portfolio_flows(history: pd.DataFrame) -> pd.DataFrame:
    """quarter_end, absorbed, delivered (MW), vacancy (fraction) of a whole portfolio, from portfolio_history.

    Only buildings that stand in both quarters count for a change of leased MW together with those that are new; a
    building that is no longer listed makes a quarter incomparable (missing).
    """
    if history.empty:
        return pd.DataFrame(columns=["quarter_end", "absorbed", "delivered", "vacancy"])
    sums = history.groupby("quarter_end")[["in_service_mw", "leased_mw"]].sum().sort_index()
    listed = [set(column.astype(str)) for _, column in history.groupby("quarter_end", sort=True)["facility_id"]]
    lost = [False] + [bool(before - now) for before, now in pairwise(listed)]
    days = pd.to_datetime(pd.Series(sums.index))
    apart = (days.dt.year * 4 + days.dt.quarter).diff().to_numpy()
    comparable = (apart == 1) & ~pd.Series(lost).to_numpy()
    out = sums.diff().where(pd.Series(comparable, index=sums.index))
    space = sums["in_service_mw"]
    return pd.DataFrame(
        {
            "quarter_end": sums.index, "absorbed": out["leased_mw"].to_numpy(),
            "delivered": out["in_service_mw"].to_numpy(),
            "vacancy": (1 - (sums["leased_mw"] / space.where(space > 0)).clip(upper=1.0)).to_numpy(),
        }
    )  # fmt: skip


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
    joint = sides[0].join(sides[1], rsuffix="_then", how="inner")
    if joint.empty:
        return empty
    out = joint.assign(change_mw=joint["leased_p50_then"] - joint["leased_p50"]).reset_index()
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
    ranked = [str(one) for one in moved[moved > 0].sort_values(ascending=False, kind="stable").index]
    asked = [one for one in ASKED if one in moved.index]
    return [*asked, *(one for one in ranked if one not in asked)][: max(most, len(asked))]


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
        own = wording.plain(row.get("name"), 80)
        names[key] = f"{key}, {own}" if own and own != key else key
    return names


def series_label(names: Mapping[str, str], series_id: Any) -> str:
    """The name of a series of a portfolio; its key without the portfolio where no name is known."""
    key = str(series_id).split("/", 1)[-1]
    return names.get(key, wording.plain(key, 80))


def scenario_label(scenario: str) -> str:
    """hard_ban -> 'hard ban'."""
    return wording.plain(scenario, 60).replace("_", " ")


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


def _add_expiries(out: dict[str, Picture], held: Mapping[str, pd.DataFrame], mark: Said | str) -> None:
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
    out["Leased MW by stack and sector"] = stack_by_sector(expiries, say("chart.heat_title"), mark)


def _add_fans(out: dict[str, Picture], held: Mapping[str, pd.DataFrame], mark: Said | str) -> None:
    every = held["occupancy_forecast"]
    if every.empty:
        return
    forecast = newest(every)
    before = every[(every["vintage"] < every["vintage"].max()) & (every["scenario"] == BASE)]
    rolls, history = held["portfolios"], held["portfolio_history"]
    today = now_by_stack(held["portfolio_stack_evidence"])
    day = pd.Timestamp(rolls["as_of"].iloc[0]) if len(rolls) else None
    wanted = [("total", "total"), *(("stack", stack) for stack in STACKS)]
    for level, key in wanted:
        own = _of_series(forecast, level, key)
        if own.empty or own.loc[own["scenario"] == BASE, "occupancy_p50"].notna().sum() == 0:
            continue
        now = (day, today[key]) if day is not None and key in today else None
        course = _course(history) if level == "total" and len(history) else None
        if course is not None and len(course):
            now = (pd.Timestamp(course["quarter_end"].iloc[-1]), float(course["occupancy"].iloc[-1]))
        past = _of_series(before, level, key)
        words = say("lease.all_buildings") if key == "total" else word("stack", key)
        out[f"Occupancy by scenario, {words}"] = scenario_fans(
            own, say("chart.scenario_title", series=words), mark, now, course, past
        )


def _course(history: pd.DataFrame) -> pd.DataFrame:
    """quarter_end and occupancy of the whole portfolio in its latest quarters."""
    sums = history.groupby("quarter_end", as_index=False)[["in_service_mw", "leased_mw"]].sum()
    sums = sums[sums["in_service_mw"] > 0].sort_values("quarter_end").tail(HISTORY_QUARTERS)
    return sums.assign(occupancy=(sums["leased_mw"] / sums["in_service_mw"]).clip(upper=1.0))[
        ["quarter_end", "occupancy"]
    ]


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
