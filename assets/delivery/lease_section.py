"""The page's section on leases: what a portfolio's pictures and small tables show, and where each number leads.

Belongs here: the section's context from the published lease tables, and the cut that keeps portfolios of leases out of
the sections about reporting operators. Does not belong here: pictures (lease_charts.py), markup
(templates/leases.html), reading the database (page.py).

A number counted from a rent roll leads to the paragraph that names its documents; a simulated one to the paragraph on
the simulation; a scenario's parameter to the claim it rests on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from assets.delivery import wording
from assets.delivery.charts import chart_svg
from assets.delivery.evidence import EvidenceBook
from assets.delivery.frames import one_of_each, records
from assets.delivery.lease_charts import (
    ASKED,
    BASE,
    PICTURED_TABLES,
    QUARTERS_AHEAD,
    STACK_NAMES,
    code_label,
    lease_pictures,
    newest,
    series_label,
    series_names,
    signed,
)

# Tables and views of the published file that the section reads, beside those of the rest of the page.
LEASE_TABLES = tuple(
    dict.fromkeys(
        (
            *PICTURED_TABLES, "breach_probability", "lease_estimates", "scenarios", "shocks", "tenant_concentration",
            "stack_mismatches",
        )
    )
)  # fmt: skip
# Tables of the page in which a simulated portfolio's rows stand beside reported ones, by the column that tells.
SHARED = {
    "occupancy_history": "series_id", "occupancy_forecast": "series_id", "breach_probability": "series_id",
    "stack_shares": "series_id", "stack_evidence": "facility_id", "facilities": "facility_id",
}  # fmt: skip
BAN, NO_RENEWAL = ASKED
MOVED = "moved"
THRESHOLD = 0.7
BREACH_QUARTERS = 4
MOST_PORTFOLIOS = 5
MOST_ROWS = 20
MOST_BREACHES = 10
METHOD, PRIORS, ESTIMATES = "lease-method", "lease-priors", "lease-estimates"


class Linked(NamedTuple):
    """A number as printed and the anchor it leads to; a dash has none."""

    text: str
    anchor: str = ""


Cell = Linked | str


@dataclass(frozen=True)
class Table:
    """A small table: head names each column (numbers stand right, from `words` on); the first cell of a row is its
    header. none: what is said where there is no row. folded: shown on demand.
    """

    title: str
    caption: str
    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    none: str
    words: frozenset[int] = frozenset()
    note: Cell = ""
    folded: bool = False


@dataclass
class Roll:
    """One portfolio as the template shows it. documents: name and anchor of each file."""

    key: str
    name: str
    as_of: str
    illustrative: bool
    facilities: int
    leases: int
    documents: list[tuple[str, str]]
    pictures: list[Any] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def counted(self) -> str:
        """Anchor of the paragraph that says what is counted from its rent roll."""
        return f"{self.key}-counted"


def reported_only(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables without the rows of simulated portfolios: those whose key begins with a name of `portfolios`."""
    names = set(tables["portfolios"]["portfolio"].astype(str))
    out = dict(tables)
    for name, column in SHARED.items():
        if names and name in out and len(out[name]):
            out[name] = out[name][~_portfolio_of(out[name][column]).isin(names)]
    return out


def lease_section(tables: Mapping[str, pd.DataFrame], book: EvidenceBook) -> dict[str, Any]:
    """Context of the section: rolls (Roll, real ones first), left_out (how many more there are), all_illustrative and
    scenarios. tables: LEASE_TABLES and claims as published; empty ones leave a sentence in their place.
    """
    portfolios = tables["portfolios"].sort_values(["illustrative", "portfolio"])
    rolls = []
    for number, row in enumerate(records(portfolios.head(MOST_PORTFOLIOS)), start=1):
        rolls.append(_roll(row, number, _of_portfolio(tables, str(row["portfolio"])), book))
    return {
        "rolls": rolls,
        "left_out": len(portfolios) - len(rolls),
        "all_illustrative": bool(len(portfolios)) and bool(portfolios["illustrative"].all()),
        "scenarios": scenario_list(tables) if rolls else [],
    }


def document_anchors(section: Mapping[str, Any]) -> set[str]:
    """Anchors of the documents that the section names: the page must not leave these out."""
    return {anchor for roll in section["rolls"] for _, anchor in roll.documents if anchor}


def _roll(row: Mapping[str, Any], number: int, own: Mapping[str, pd.DataFrame], book: EvidenceBook) -> Roll:
    listed = [part.strip() for part in str(row["documents"]).split(",") if part.strip()]
    names = {str(one["document_id"]): one["file_name"] for one in records(book.tables["documents"])}
    roll = Roll(
        key=f"leases-{number}",
        name=wording.plain(row["portfolio"], 80),
        as_of=wording.day(row["as_of"]),
        illustrative=bool(row["illustrative"]),
        facilities=int(row["facilities"]),
        leases=int(row["leases"]),
        documents=[(wording.plain(names.get(one, one), 120), book.document(one)) for one in listed],
    )
    words = "illustrative, not real" if roll.illustrative else ""
    roll.pictures = [_svg(chart, title, roll.name, words) for title, chart in lease_pictures(own).items()]
    called = series_names(own["facilities"])
    forecast = newest(own["occupancy_forecast"])
    roll.tables = [
        _breaches(newest(own["breach_probability"]), forecast, called),
        _stacks(own["portfolio_stack_evidence"], forecast, roll.counted),
        *_wale(own["wale"], called, roll.counted),
        _backlog(newest(own["backlog_runoff"]), called),
        _tenants(own["tenant_concentration"], roll.counted),
        _mismatches(own["stack_mismatches"], called, roll.counted),
        _ban(newest(own["scenario_effects"]), called),
        _estimates(newest(own["lease_estimates"])),
    ]
    return roll


def _svg(chart: Any, title: str, name: str, words: str) -> Any:
    from markupsafe import Markup

    description = f"{title}, portfolio {name}" + (f" ({words})" if words else "")
    return Markup(chart_svg(chart, description, themed=True))


def _breaches(below: pd.DataFrame, forecast: pd.DataFrame, called: Mapping[str, str]) -> Table:
    """Buildings most likely below the threshold a year ahead if government leases are not renewed."""
    rows: list[tuple[Cell, ...]] = []
    none = f"Scenario {NO_RENEWAL} has not been simulated."
    found = _at(below, "facility", BREACH_QUARTERS)
    found = found[np.isclose(found["threshold"].astype(float), THRESHOLD)] if len(found) else found
    if len(found) and (found["scenario"] == NO_RENEWAL).any():
        none = f"In no path does a building stand below {THRESHOLD:.0%}."
        chances = found.pivot_table(index="series_id", columns="scenario", values="probability")
        ahead = _at(forecast, "facility", BREACH_QUARTERS)
        ahead = ahead[ahead["scenario"] == NO_RENEWAL] if len(ahead) else ahead
        likely = chances[chances[NO_RENEWAL] > 0].sort_values(NO_RENEWAL, ascending=False, kind="stable")
        medians = {str(row["series_id"]): row for row in records(ahead)}
        for row in records(likely.head(MOST_BREACHES).reset_index()):
            key = str(row["series_id"])
            rows.append(
                (
                    series_label(called, key), _chance(row[NO_RENEWAL]), _chance(row.get(BASE)),
                    *_band(medians.get(key)),
                )
            )  # fmt: skip
    return Table(
        f"Below {THRESHOLD:.0%} if government leases are not renewed",
        f"Probability that occupancy stands below {THRESHOLD:.0%} {BREACH_QUARTERS} quarters ahead under"
        f" {NO_RENEWAL}, the likeliest first",
        ("Building", f"Under {NO_RENEWAL}", "Under base", "Median occupancy", "80 % band"),
        rows, none,
    )  # fmt: skip


def _stacks(evidence: pd.DataFrame, forecast: pd.DataFrame, counted: str) -> Table:
    """Occupancy by stack now and ahead, with how much of it is known."""
    rows: list[tuple[Cell, ...]] = []
    shares = ("observed_share", "estimated_share", "assumed_share")
    parts = [(_stack_name(row["stack"]), row) for row in _stack_rows(evidence)]
    if parts:
        space = evidence["in_service_mw"].astype(float)
        whole = {"stack": "total", "in_service_mw": space.sum(), "leased_mw": evidence["leased_mw"].fillna(0).sum()}
        whole |= {name: float((evidence[name] * space).sum() / space.sum()) if space.sum() else 0.0 for name in shares}
        parts.append(("all stacks", whole))
    for name, row in parts:
        held, mw = (0.0 if wording.missing(row[one]) else float(row[one]) for one in ("leased_mw", "in_service_mw"))
        level = "total" if row["stack"] == "total" else "stack"
        ahead = _at(_series(forecast, level, str(row["stack"])), level, QUARTERS_AHEAD)
        ahead = ahead[ahead["scenario"] == BASE] if len(ahead) else ahead
        known = ", ".join(
            f"{one.removesuffix('_share')} {wording.rate(row[one])}" for one in shares if float(row[one]) > 0
        )
        rows.append(
            (
                name, Linked(wording.rate(min(held / mw, 1.0)) if mw > 0 else "–", counted if mw > 0 else ""),
                Linked(wording.capacity(held, "mw"), counted), Linked(wording.capacity(mw, "mw"), counted),
                *_band(records(ahead)[0] if len(ahead) else None), Linked(known, counted) if known else "–",
            )
        )  # fmt: skip
    return Table(
        "Occupancy by stack, now and in 8 quarters",
        "Leased MW / in-service MW by stack; ahead: median and 80 % band under base",
        ("Stack", "Now", "Leased", "In service", "8 quarters on", "80 % band", "Evidence"),
        rows, "No lease is in place.", frozenset({6}),
        "Observed: recorded in leases. Estimated: vacant space that evidence on the building places. Assumed: unknown.",
    )  # fmt: skip


def _wale(wale: pd.DataFrame, called: Mapping[str, str], counted: str) -> list[Table]:
    """WALE by MW and by rent with the change on the quarter before: operators and the total, then buildings."""
    head = ("Series", "By MW", "Change", "By rent", "Change")
    caption = "Weighted average years to the contract's end, options not counted; change on the quarter before"
    last = wale["as_of"].max() if len(wale) else None
    out = []
    for title, levels, folded in (
        ("WALE", ("operator", "total"), False),
        ("WALE of buildings", ("facility",), True),
    ):
        rows: list[tuple[Cell, ...]] = []
        for level in levels:
            own = wale[wale["level"] == level] if len(wale) else wale
            before = {
                str(row["series_id"]): row
                for row in records(own[own["as_of"] == _quarter_before(last)] if len(own) else own)
            }
            for row in records(own[own["as_of"] == last].sort_values("series_id") if len(own) else own):
                earlier = before.get(str(row["series_id"]), {})
                name = "all buildings" if level == "total" else series_label(called, row["series_id"])
                cells: list[Cell] = [name]
                for column in ("wale_mw_years", "wale_rent_years"):
                    now, then = row[column], earlier.get(column)
                    cells.append(_number(now, f"{_float(now):.2f}", counted))
                    cells.append(_number(then, signed_years(_float(now) - _float(then)), counted, now))
                rows.append(tuple(cells))
        out.append(Table(title, caption, head, rows, "WALE has not been computed.", folded=folded))
    return out


def _backlog(runoff: pd.DataFrame, called: Mapping[str, str]) -> Table:
    """What is signed and not commenced, when it begins, and what is left."""
    rows: list[tuple[Cell, ...]] = []
    base = runoff[runoff["scenario"] == BASE] if len(runoff) else runoff
    for (level, key), group in _by_series(base.sort_values("horizon") if len(base) else base):
        opening = float(group["commencing_mw"].iloc[0] + group["backlog_mw"].iloc[0])
        if round(opening, 6) <= 0:
            continue
        year = float(group.loc[group["horizon"] <= 4, "commencing_mw"].sum())
        rows.append(
            (
                "all operators" if level == "total" else series_label(called, key),
                *(_mw(mw) for mw in (opening, year, float(group["backlog_mw"].iloc[-1]))),
            )
        )  # fmt: skip
    return Table(
        "Backlog", "Signed and not commenced, MW; means of paths under base",
        ("Operator", "Signed now", "Begins within 4 quarters", f"Left after {QUARTERS_AHEAD} quarters"),
        rows, "No lease is signed and not commenced." if len(base) else "The backlog has not been simulated.",
    )  # fmt: skip


def _tenants(held: pd.DataFrame, counted: str) -> Table:
    """The ten largest tenants of the portfolio."""
    own = held[held["level"] == "total"].sort_values("rank") if len(held) else held
    rows: list[tuple[Cell, ...]] = [
        (
            wording.plain(row["tenant_name"] if not wording.missing(row["tenant_name"]) else row["tenant_id"], 80),
            code_label(row["sector"]), Linked(wording.capacity(row["mw"], "mw"), counted),
            Linked(wording.rate(row["share_of_leased"]), counted),
            Linked(wording.rate(row["cumulative_share"]), counted),
        )
        for row in records(own.head(10))
    ]  # fmt: skip
    return Table(
        "Largest tenants", "Tenants by leased MW in place, the largest ten",
        ("Tenant", "Sector", "Leased", "Share of leased", "Together with those above"),
        rows, "No lease is in place.", frozenset({1}),
    )  # fmt: skip


def _mismatches(found: pd.DataFrame, called: Mapping[str, str], counted: str) -> Table:
    """Leases whose stack their hall hardly hosts and that expire soon."""
    soon = (
        found[found["quarters_to_expiry"] <= QUARTERS_AHEAD].sort_values(["end_date", "lease_id"])
        if len(found)
        else found
    )
    rows: list[tuple[Cell, ...]] = [
        (
            wording.plain(row["lease_id"], 40), wording.plain(row["tenant_name"], 80),
            series_label(called, row["facility_id"]), _stack_name(row["stack"]),
            wording.day(row["end_date"]), Linked(wording.capacity(row["mw"], "mw"), counted),
            Linked(wording.rate(row["fit"]), counted), Linked(wording.rate(row["known_share"]), counted),
        )
        for row in records(soon.head(MOST_ROWS))
    ]  # fmt: skip
    more = len(soon) - len(rows)
    note = f"{more} more stand in the view stack_mismatches of the database." if more > 0 else ""
    if len(soon):
        note = f"{len(soon)} leases. {note}".strip()
    return Table(
        f"Mismatched leases that expire within {QUARTERS_AHEAD} quarters",
        "Leases on a stack that their building hardly hosts by what is known of it, the soonest first",
        ("Lease", "Tenant", "Building", "Stack", "Contract ends", "MW", "Known space that fits", "Known at all"),
        rows, f"No lease of such a kind expires within {QUARTERS_AHEAD} quarters.", frozenset({1, 2, 3, 4}), note,
    )  # fmt: skip


def _ban(effects: pd.DataFrame, called: Mapping[str, str]) -> Table:
    """What a hard ban costs each operator, who gains, and how much only moves next door."""
    own = (
        effects[(effects["scenario"] == BAN) & effects["level"].isin(["operator", "total"])]
        if len(effects)
        else effects
    )
    rows: list[tuple[Cell, ...]] = []
    note, quarter = Linked(""), ""
    for (level, key), group in _by_series(own):
        ends = {kind: float(group.loc[group["kind"] == kind, "delta_mw"].sum()) for kind in ("start", "end")}
        flows = group[group["kind"] == "flow"]
        comes = float(flows.loc[flows["cause"] == MOVED, "delta_mw"].sum())
        others = flows.loc[flows["cause"] != MOVED, "delta_mw"]
        lost, anew = float(others[others < 0].sum()), float(others[others > 0].sum())
        quarter = wording.day(group["quarter_end"].max())
        rows.append(
            (
                "all operators" if level == "total" else series_label(called, key), _mw(ends["start"]),
                *(_signed(mw) for mw in (ends["end"] - ends["start"], lost, comes, anew)),
            )
        )  # fmt: skip
        if level == "total" and lost < 0:
            part = wording.rate(min(max(comes / -lost, 0.0), 1.0))
            note = Linked(
                f"Of what leaves in total, {part} only moves next door: to other space of this portfolio.", METHOD
            )
    return Table(
        "What a hard ban costs each operator",
        f"Leased MW under {BAN} against base, {quarter}: means of paths; what leaves, what moves in from other halls,"
        " what is let anew",
        ("Operator", "Base", "Change", "Leaves", "Moves in", "Let anew"),
        rows, f"Scenario {BAN} has not been simulated.", note=note,
    )  # fmt: skip


def _estimates(estimates: pd.DataFrame) -> Table:
    """What the portfolio's own events say, and how many there are."""
    rows: list[tuple[Cell, ...]] = []
    for row in records(estimates):
        low, high = (_number(row[one], _plain_number(row[one]), ESTIMATES) for one in ("low", "high"))
        rows.append(
            (
                f"{code_label(row['estimate'])}: {_group(row['applies_to'])}",
                Linked(_plain_number(row["value"]), ESTIMATES), low, high,
                _number(row["prior"], _plain_number(row["prior"]), "assumptions"),
                *(
                    _number(row[one], f"{_float(row[one]):,.0f}", ESTIMATES)
                    for one in ("events", "trials", "effective_events")
                ),
                _number(row["from_data"], f"{_float(row['from_data']):.0%}", ESTIMATES),
                wording.plain(row["note"], 160),
            )
        )  # fmt: skip
    return Table(
        "Estimates and the events behind them",
        "Estimates of this portfolio with their 80 % interval, what is believed without events, and the events behind"
        " them",
        (
            "Estimate: for whom", "Value", "Low", "High", "Prior", "Events", "Trials", "Effective events", "From data",
            "Remark",
        ),
        rows, "Nothing has been estimated.", frozenset({9}), folded=True,
    )  # fmt: skip


def scenario_list(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Every scenario in force with its shocks: value, range and the claim or the analyst's prior behind each."""
    claims = set(tables["claims"]["claim_id"].astype(str))
    shocks = tables["shocks"]
    out = []
    for row in records(tables["scenarios"].sort_values("scenario")):
        own = shocks[shocks["scenario"] == row["scenario"]] if len(shocks) else shocks
        included = "" if wording.missing(row["includes"]) else wording.plain(row["includes"])
        out.append(
            {
                "name": wording.plain(row["scenario"], 60),
                "title": wording.plain(row["title"], 120),
                "description": wording.plain(row["description"], 800),
                "includes": included,
                "lock_in": Linked(_plain_number(row["lock_in"]), PRIORS),
                "dual_stack": Linked(_plain_number(row["dual_stack"]), PRIORS),
                "table": _shocks(own, claims, wording.plain(row["scenario"], 60)),
            }
        )
    return out


def _shocks(shocks: pd.DataFrame, claims: set[str], scenario: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for row in records(shocks):
        basis = str(row["basis"])
        anchor = f"claim-{basis}" if basis in claims else PRIORS
        rows.append(
            (
                wording.plain(row["shock_id"], 60), code_label(row["acts_on"]), _where(row["where_json"]), _when(row),
                Linked(_plain_number(row["value"]), anchor), Linked(_plain_number(row["low"]), anchor),
                Linked(_plain_number(row["high"]), anchor), Linked(code_label(basis), anchor),
                wording.plain(row["note"], 300),
            )
        )  # fmt: skip
    return Table(
        scenario, f"Shocks of {scenario}: what they act on, where, when, and what each value rests on",
        ("Shock", "Acts on", "Where", "Quarters", "Value", "Low", "High", "Basis", "Remark"),
        rows, "No shock: what is learnt goes on.", frozenset({1, 2, 3, 7, 8}),
    )  # fmt: skip


def _where(text: Any) -> str:
    """{"sector": ["government"]} -> 'sector government'; text that is no such object stands as it is."""
    try:
        found = json.loads(str(text))
    except ValueError:
        return wording.plain(text, 200)
    if not isinstance(found, dict):
        return wording.plain(text, 200)
    parts = [
        f"{key} {' or '.join(map(str, value if isinstance(value, list) else [value]))}" for key, value in found.items()
    ]
    return wording.plain("; ".join(parts).replace("_", " "), 200) or "everywhere"


def _when(row: Mapping[str, Any]) -> str:
    """'1 to 4', '2 on, in full from 8'."""
    first, full = int(row["from_quarter"]), int(row["full_quarter"])
    until = "on" if wording.missing(row["to_quarter"]) else f"to {int(row['to_quarter'])}"
    return f"{first} {until}" + (f", in full from {full}" if full > first else "")


def _of_portfolio(tables: Mapping[str, pd.DataFrame], portfolio: str) -> dict[str, pd.DataFrame]:
    """Rows of LEASE_TABLES that belong to one portfolio, by its column or by the key they begin with."""
    out = {}
    for name in LEASE_TABLES:
        frame = tables[name]
        if "portfolio" in frame:
            frame = frame[frame["portfolio"].astype(str) == portfolio]
        else:
            key = next((column for column in ("series_id", "facility_id") if column in frame), None)
            if key is not None:
                frame = frame[_portfolio_of(frame[key]) == portfolio]
        out[name] = frame
    return out


def _portfolio_of(keys: pd.Series) -> pd.Series:
    """The part of 'portfolio/series' before the first stroke."""
    return keys.astype(str).str.split("/", n=1).str[0]


def _series(frame: pd.DataFrame, level: str, key: str) -> pd.DataFrame:
    if frame.empty:
        return frame
    return frame[(frame["level"] == level) & (frame["series_id"].astype(str).str.split("/", n=1).str[-1] == key)]


def _by_series(frame: pd.DataFrame) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    """The groups of level and series, the total last."""
    groups = one_of_each(frame, ["level", "series_id"]) if len(frame) else []
    return sorted(groups, key=lambda one: (one[0][0] == "total", one[0]))


def _at(frame: pd.DataFrame, level: str, horizon: int) -> pd.DataFrame:
    """Rows of a level at a horizon, or at the longest before it."""
    rows = frame[(frame["level"] == level) & (frame["horizon"] <= horizon)] if len(frame) else frame
    return rows[rows["horizon"] == rows["horizon"].max()] if len(rows) else rows


def _stack_name(stack: Any) -> str:
    return STACK_NAMES.get(str(stack), wording.plain(stack, 40))


def _stack_rows(evidence: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows in the vocabulary's order of stacks, unknown last."""
    order = {stack: at for at, stack in enumerate(STACK_NAMES)}
    return sorted(records(evidence), key=lambda row: (order.get(str(row["stack"]), len(order)), str(row["stack"])))


def _band(row: Mapping[str, Any] | None) -> tuple[Cell, Cell]:
    """Median, and the 80 % band as one cell; dashes where there is no forecast."""
    if row is None or wording.missing(row["occupancy_p50"]):
        return "–", "–"
    low, high = wording.rate(row["occupancy_p10"]), wording.rate(row["occupancy_p90"])
    return Linked(wording.rate(row["occupancy_p50"]), METHOD), Linked(f"{low} to {high}", METHOD)


def _chance(probability: Any) -> Cell:
    """A probability as a whole per cent; of less than one only that is said, since paths cannot tell more."""
    if wording.missing(probability):
        return "–"
    per_cent = 100 * float(probability)
    return Linked("< 1%" if 0 < per_cent < 1 else f"{per_cent:.0f}%", METHOD)


def _mw(mw: float) -> Linked:
    return Linked(wording.capacity(round(mw, 6) + 0.0, "mw"), METHOD)


def _signed(mw: float) -> Linked:
    return Linked(f"{signed(mw)} MW", METHOD)


def signed_years(years: float) -> str:
    """-0.117 -> '\u22120.12'."""
    value = round(years, 2) + 0.0
    return f"{value:+.2f}".replace("-", "\u2212") if value else "0.00"


def _number(value: Any, text: str, anchor: str, *others: Any) -> Cell:
    """The text with its anchor; a dash where the value, or another it needs, is missing."""
    return "–" if any(wording.missing(one) for one in (value, *others)) else Linked(text, anchor)


def _group(applies_to: Any) -> str:
    """sector.cloud_provider -> 'sector cloud provider'."""
    return wording.plain(applies_to, 80).replace(".", " ", 1).replace("_", " ")


def _float(value: Any) -> float:
    return float("nan") if wording.missing(value) else float(value)


def _plain_number(value: Any) -> str:
    """Three digits that count, as people write them: 0.715, 0.000477, 60."""
    return "–" if wording.missing(value) else f"{float(value):.3g}"


def _quarter_before(day: Any) -> Any:
    return pd.Timestamp(day) - pd.offsets.QuarterEnd(1)
