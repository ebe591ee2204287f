"""The small tables of a portfolio of leases: what may fall below a threshold, WALE, backlog, tenants, mismatches, what
a ban costs, estimates and shocks.

Belongs here: which rows a table has and where each number leads. Each takes rows of one portfolio and newest vintage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from assets.delivery import wording
from assets.delivery.blocks import DASH, Column, Fold, Heading, Number, Para, Row, Table
from assets.delivery.cells import MARKS
from assets.delivery.charts.scenarios import signed
from assets.delivery.frames import one_of_each, records
from assets.delivery.lease_charts import ASKED, BASE, QUARTERS_AHEAD, series_label
from assets.delivery.sections.forecasts import chance
from assets.delivery.words import Said, Text, joined, name, say, word
from forecasts.leases.portfolio import STACKS

BAN, NO_RENEWAL = ASKED
MOVED = "moved"
THRESHOLD = 0.7
BREACH_QUARTERS = 4
MOST_ROWS = 20
MOST_BREACHES = 10
METHOD, PRIORS, ESTIMATES = "lease-method", "lease-priors", "lease-estimates"


def breaches(below: pd.DataFrame, forecast: pd.DataFrame, called: Mapping[str, str]) -> list[Any]:
    """Buildings most likely below the threshold a year ahead if government leases are not renewed."""
    rows = []
    parts = {"rate": f"{THRESHOLD:.0%}", "n": BREACH_QUARTERS, "scenario": name(NO_RENEWAL)}
    none = say("lease.not_simulated", scenario=name(NO_RENEWAL))
    found = _at(below, "facility", BREACH_QUARTERS)
    found = found[np.isclose(found["threshold"].astype(float), THRESHOLD)] if len(found) else found
    if len(found) and (found["scenario"] == NO_RENEWAL).any():
        none = say("lease.no_path", rate=parts["rate"])
        chances = found.pivot_table(index="series_id", columns="scenario", values="probability")
        ahead = _at(forecast, "facility", BREACH_QUARTERS)
        ahead = ahead[ahead["scenario"] == NO_RENEWAL] if len(ahead) else ahead
        likely = chances[chances[NO_RENEWAL] > 0].sort_values(NO_RENEWAL, ascending=False, kind="stable")
        medians = {str(row["series_id"]): row for row in records(ahead)}
        for row in records(likely.head(MOST_BREACHES).reset_index()):
            key = str(row["series_id"])
            cells = (_chance(row[NO_RENEWAL]), _chance(row.get(BASE)), *_band(medians.get(key)))
            rows.append(Row((name(series_label(called, key)), *cells)))
    columns = (
        Column(say("lease.building")), Column(say("lease.under", scenario=name(NO_RENEWAL)), "r"),
        Column(say("lease.under_base"), "r"), Column(say("table.median"), "r"), Column(say("table.band_80"), "r"),
    )  # fmt: skip
    return _titled(
        say("lease.below", rate=parts["rate"]), Table(say("lease.below_caption", **parts), columns, rows, none)
    )


def stacks(evidence: pd.DataFrame, forecast: pd.DataFrame, counted: str) -> Table:
    """Occupancy by stack now and ahead, with how much of it is known."""
    rows = []
    shares = tuple(f"{kind}_share" for kind in MARKS)
    order = {stack: at for at, stack in enumerate(STACKS)}
    parts = sorted(records(evidence), key=lambda row: (order.get(str(row["stack"]), len(order)), str(row["stack"])))
    if parts:
        space = evidence["in_service_mw"].astype(float)
        whole = {"stack": "total", "in_service_mw": space.sum(), "leased_mw": evidence["leased_mw"].fillna(0).sum()}
        whole |= {one: float((evidence[one] * space).sum() / space.sum()) if space.sum() else 0.0 for one in shares}
        parts.append(whole)
    for row in parts:
        held, mw = (0.0 if wording.missing(row[one]) else float(row[one]) for one in ("leased_mw", "in_service_mw"))
        level = "total" if row["stack"] == "total" else "stack"
        ahead = _at(_series(forecast, level, str(row["stack"])), level, QUARTERS_AHEAD)
        ahead = ahead[ahead["scenario"] == BASE] if len(ahead) else ahead
        known = joined(
            [
                say("page.share_of", kind=word("class", kind), share=wording.rate(row[f"{kind}_share"]))
                for kind in MARKS
                if float(row[f"{kind}_share"]) > 0
            ],
            ", ",
        )
        rows.append(
            Row(
                (
                    say("lease.all_stacks") if level == "total" else word("stack", row["stack"]),
                    Number(wording.rate(min(held / mw, 1.0)), counted) if mw > 0 else DASH,
                    Number(wording.capacity(held, "mw"), counted), Number(wording.capacity(mw, "mw"), counted),
                    *_band(records(ahead)[0] if len(ahead) else None), Number(known, counted) if known else DASH,
                )
            )
        )  # fmt: skip
    columns = (
        Column(say("table.stack")), Column(say("table.now"), "r"), Column(say("table.leased"), "r"),
        Column(say("table.in_service"), "r"), Column(say("table.on_8_median"), "r"), Column(say("table.band_80"), "r"),
        Column(say("table.evidence"), "w"),
    )  # fmt: skip
    return Table(say("lease.stacks_caption"), columns, rows, say("lease.no_lease"))


def wale(table: pd.DataFrame, called: Mapping[str, str], counted: str) -> list[Any]:
    """WALE by MW and by rent with the change on the quarter before: operators and the total, then buildings."""
    columns = (
        Column(say("table.series")), Column(say("lease.by_mw"), "r"), Column(say("lease.change"), "r"),
        Column(say("lease.by_rent"), "r"), Column(say("lease.change"), "r"),
    )  # fmt: skip
    caption, none = say("lease.wale_caption"), say("lease.no_wale")
    last = table["as_of"].max() if len(table) else None
    main = _wale_rows(table, ("operator", "total"), last, called, counted)
    buildings = _wale_rows(table, ("facility",), last, called, counted)
    folded = Fold(say("lease.wale_buildings"), (Table(caption, columns, buildings, none),))
    return [Heading("WALE", 4), Table(caption, columns, main, none), folded]


def _wale_rows(
    table: pd.DataFrame, levels: tuple[str, ...], last: Any, called: Mapping[str, str], counted: str
) -> list[Row]:
    rows = []
    for level in levels:
        own = table[table["level"] == level] if len(table) else table
        before = {
            str(row["series_id"]): row
            for row in records(own[own["as_of"] == _quarter_before(last)] if len(own) else own)
        }
        for row in records(own[own["as_of"] == last].sort_values("series_id") if len(own) else own):
            earlier = before.get(str(row["series_id"]), {})
            words = say("lease.all_buildings") if level == "total" else name(series_label(called, row["series_id"]))
            cells: list[Any] = [words]
            for column in ("wale_mw_years", "wale_rent_years"):
                now, then = row[column], earlier.get(column)
                cells.append(_number(now, f"{_float(now):.2f}", counted))
                cells.append(_number(then, signed_years(_float(now) - _float(then)), counted, now))
            rows.append(Row(tuple(cells)))
    return rows


def backlog(runoff: pd.DataFrame, called: Mapping[str, str]) -> list[Any]:
    """What is signed and not commenced, when it begins, and what is left."""
    rows = []
    base = runoff[runoff["scenario"] == BASE] if len(runoff) else runoff
    for (level, key), group in _by_series(base.sort_values("horizon") if len(base) else base):
        opening = float(group["commencing_mw"].iloc[0] + group["backlog_mw"].iloc[0])
        if round(opening, 6) <= 0:
            continue
        year = float(group.loc[group["horizon"] <= 4, "commencing_mw"].sum())
        numbers = (_mw(mw) for mw in (opening, year, float(group["backlog_mw"].iloc[-1])))
        rows.append(Row((_operator(level, key, called), *numbers)))
    columns = (
        Column(say("filter.operator")), Column(say("lease.signed_now"), "r"), Column(say("lease.begins_4"), "r"),
        Column(say("lease.left_after", n=QUARTERS_AHEAD), "r"),
    )  # fmt: skip
    none = say("lease.no_backlog") if len(base) else say("lease.backlog_not_simulated")
    return _titled(say("lease.backlog"), Table(say("lease.backlog_caption"), columns, rows, none))


def blocks(space: pd.DataFrame, called: Mapping[str, str]) -> list[Any]:
    """Where a block of the size asked for is likeliest free: the best buildings at the last horizon under base."""
    rows = []
    base = space[space["scenario"] == BASE] if len(space) else space
    own = base[base["horizon"] == base["horizon"].max()] if len(base) else base
    if len(own):
        own = own[own["probability"] > 0].sort_values(["probability", "series_id"], ascending=[False, True])
    for row in records(own.head(MOST_BREACHES)):
        rows.append(
            Row(
                (
                    name(series_label(called, row["series_id"])), wording.day(row["quarter_end"]),
                    _mw(row["at_least_mw"]), _chance(row["probability"]), _mw(row["block_mw_p50"]),
                    Number(f"{row['block_mw_p10']:.1f}\u2013{row['block_mw_p90']:.1f} MW", METHOD),
                )
            )
        )  # fmt: skip
    columns = (
        Column(say("lease.building")), Column(say("table.quarter_end"), "q"), Column(say("lease.block_asked"), "r"),
        Column(say("lease.block_chance"), "r"), Column(say("lease.block_median"), "r"),
        Column(say("table.band_80"), "r"),
    )  # fmt: skip
    none = say("lease.no_block") if len(base) else say("lease.blocks_not_simulated")
    return _titled(say("lease.blocks"), Table(say("lease.blocks_caption"), columns, rows, none))


def tenants(held: pd.DataFrame, counted: str) -> list[Any]:
    """The ten largest tenants of the portfolio."""
    own = held[held["level"] == "total"].sort_values("rank") if len(held) else held
    rows = [
        Row(
            (
                name(row["tenant_name"] if not wording.missing(row["tenant_name"]) else row["tenant_id"], 80),
                word("sector", row["sector"]), Number(wording.capacity(row["mw"], "mw"), counted),
                Number(wording.rate(row["share_of_leased"]), counted),
                Number(wording.rate(row["cumulative_share"]), counted),
            )
        )
        for row in records(own.head(10))
    ]  # fmt: skip
    columns = (
        Column(say("lease.tenant")), Column(say("table.sector")), Column(say("table.leased"), "r"),
        Column(say("lease.share_leased"), "r"), Column(say("lease.together"), "r"),
    )  # fmt: skip
    return _titled(say("lease.tenants"), Table(say("lease.tenants_caption"), columns, rows, say("lease.no_lease")))


def mismatches(found: pd.DataFrame, called: Mapping[str, str], counted: str) -> list[Any]:
    """Leases whose stack their hall hardly hosts and that expire soon."""
    soon = found
    if len(found):
        soon = found[found["quarters_to_expiry"] <= QUARTERS_AHEAD].sort_values(["end_date", "lease_id"])
    rows = [
        Row(
            (
                name(row["lease_id"], 40), name(row["tenant_name"], 80), name(series_label(called, row["facility_id"])),
                word("stack", row["stack"]), wording.day(row["end_date"]),
                Number(wording.capacity(row["mw"], "mw"), counted), Number(wording.rate(row["fit"]), counted),
                Number(wording.rate(row["known_share"]), counted),
            )
        )
        for row in records(soon.head(MOST_ROWS))
    ]  # fmt: skip
    columns = (
        Column(say("lease.lease")), Column(say("lease.tenant")), Column(say("lease.building")),
        Column(say("table.stack")), Column(say("lease.ends"), "q"), Column("MW", "r"), Column(say("lease.fits"), "r"),
        Column(say("lease.known"), "r"),
    )  # fmt: skip
    table = Table(say("lease.mismatch_caption"), columns, rows, say("lease.no_mismatch", n=QUARTERS_AHEAD))
    out = _titled(say("lease.mismatched", n=QUARTERS_AHEAD), table)
    if len(soon) > len(rows):
        out.append(Para(say("lease.more_mismatched", n=len(soon) - len(rows)), "faint"))
    return out


def ban(effects: pd.DataFrame, called: Mapping[str, str]) -> list[Any]:
    """What a hard ban costs each operator, who gains, and how much only moves next door."""
    own = effects
    if len(effects):
        own = effects[(effects["scenario"] == BAN) & effects["level"].isin(["operator", "total"])]
    rows, note, quarter = [], None, ""
    for (level, key), group in _by_series(own):
        ends = {kind: float(group.loc[group["kind"] == kind, "delta_mw"].sum()) for kind in ("start", "end")}
        flows = group[group["kind"] == "flow"]
        comes = float(flows.loc[flows["cause"] == MOVED, "delta_mw"].sum())
        others = flows.loc[flows["cause"] != MOVED, "delta_mw"]
        lost, anew = float(others[others < 0].sum()), float(others[others > 0].sum())
        quarter = wording.day(group["quarter_end"].max())
        changes = (_signed(mw) for mw in (ends["end"] - ends["start"], lost, comes, anew))
        rows.append(Row((_operator(level, key, called), _mw(ends["start"]), *changes)))
        if level == "total" and lost < 0:
            part = wording.rate(min(max(comes / -lost, 0.0), 1.0))
            note = Para(Number(say("lease.next_door", part=part), METHOD), "faint")
    columns = (
        Column(say("filter.operator")), Column(say("chart.base"), "r"), Column(say("lease.change"), "r"),
        Column(say("lease.leaves"), "r"), Column(say("lease.moves_in"), "r"), Column(say("lease.let_anew"), "r"),
    )  # fmt: skip
    caption = say("lease.ban_caption", scenario=name(BAN), day=quarter)
    table = Table(caption, columns, rows, say("lease.not_simulated", scenario=name(BAN)))
    out = _titled(say("lease.ban"), table)
    return [*out, note] if note else out


def estimates(table: pd.DataFrame) -> Fold:
    """What the portfolio's own events say, and how many there are."""
    rows = []
    for row in records(table):
        low, high = (_number(row[one], plain_number(row[one]), ESTIMATES) for one in ("low", "high"))
        counts = (
            _number(row[one], f"{_float(row[one]):,.0f}", ESTIMATES) for one in ("events", "trials", "effective_events")
        )
        rows.append(
            Row(
                (
                    joined([word("estimate", row["estimate"]), _group(row["applies_to"])], ": "),
                    Number(plain_number(row["value"]), ESTIMATES), low, high,
                    _number(row["prior"], plain_number(row["prior"]), "assumptions"), *counts,
                    _number(row["from_data"], f"{_float(row['from_data']):.0%}", ESTIMATES),
                    "" if wording.missing(row["note"]) else name(row["note"], 160),
                )
            )
        )  # fmt: skip
    columns = (
        Column(say("lease.estimate")), Column(say("table.value"), "r"), Column(say("lease.low"), "r"),
        Column(say("lease.high"), "r"), Column(say("lease.prior"), "r"), Column(say("lease.events"), "r"),
        Column(say("lease.trials"), "r"), Column(say("lease.effective"), "r"), Column(say("lease.from_data"), "r"),
        Column(say("lease.remark"), "w"),
    )  # fmt: skip
    table_of = Table(say("lease.estimates_caption"), columns, rows, say("lease.no_estimate"))
    return Fold(say("lease.estimates"), (table_of,))


def shocks(table: pd.DataFrame, claims: set[str], scenario: str) -> Table:
    """Shocks of a scenario: what they act on, where, when, and what each value rests on."""
    rows = []
    for row in records(table):
        basis = str(row["basis"])
        anchor = f"claim-{basis}" if basis in claims else PRIORS
        rows.append(
            Row(
                (
                    name(row["shock_id"], 60), word("acts_on", row["acts_on"]), where_words(row["where_json"]),
                    _when(row),
                    *(Number(plain_number(row[one]), anchor) for one in ("value", "low", "high")),
                    Number(word("basis", basis), anchor),
                    "" if wording.missing(row["note"]) else name(row["note"], 300),
                )
            )
        )  # fmt: skip
    columns = (
        Column(say("lease.shock")), Column(say("lease.acts_on")), Column(say("lease.where")),
        Column(say("lease.quarters")),
        Column(say("table.value"), "r"), Column(say("lease.low"), "r"), Column(say("lease.high"), "r"),
        Column(say("assumptions.basis")), Column(say("lease.remark"), "w"),
    )  # fmt: skip
    return Table(say("lease.shocks_caption", scenario=name(scenario, 60)), columns, rows, say("lease.no_shock"))


def prior(value: Any) -> Number:
    """A stated judgement as a number."""
    return Number(plain_number(value), PRIORS)


def where_words(text: Any) -> Text:
    """{"sector": ["government"]} -> 'sector government'; text that is no such object stands as it is."""
    try:
        found = json.loads(str(text))
    except ValueError:
        return name(text, 200)
    if not isinstance(found, dict):
        return name(text, 200)
    parts = []
    for key, value in found.items():
        values = value if isinstance(value, list) else [value]
        group = {"sensitivity_tier": "tier"}.get(str(key), str(key))
        group = {"stack": "stack_short"}.get(group, group)
        told = [word(group, one) if group in ("sector", "tier", "stack_short") else name(one, 80) for one in values]
        parts.append(joined([word("by", key), joined(told, ", ")], " "))
    return joined(list(parts)) if parts else say("lease.everywhere")


def _when(row: Mapping[str, Any]) -> Said:
    """'1 to 4', '2 on, in full from 8'."""
    first, full = int(row["from_quarter"]), int(row["full_quarter"])
    until = (
        say("lease.on", first=first)
        if wording.missing(row["to_quarter"])
        else say("lease.until", first=first, last=int(row["to_quarter"]))
    )
    return say("lease.in_full", span=until, full=full) if full > first else until


def _titled(title: Text, table: Table) -> list[Any]:
    return [Heading(title, 4), table]


def _operator(level: str, key: str, called: Mapping[str, str]) -> Said:
    return say("lease.all_operators") if level == "total" else name(series_label(called, key))


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


def _band(row: Mapping[str, Any] | None) -> tuple[Number, Number]:
    """Median, and the 80 % band as one cell; dashes where there is no forecast."""
    if row is None or wording.missing(row["occupancy_p50"]):
        return DASH, DASH
    low, high = wording.rate(row["occupancy_p10"]), wording.rate(row["occupancy_p90"])
    return Number(wording.rate(row["occupancy_p50"]), METHOD), Number(f"{low}\u2013{high}", METHOD)


def _chance(probability: Any) -> Number:
    return DASH if wording.missing(probability) else Number(chance(float(probability)), METHOD)


def _mw(mw: float) -> Number:
    return Number(wording.capacity(round(float(mw), 6) + 0.0, "mw"), METHOD)


def _signed(mw: float) -> Number:
    return Number(f"{signed(mw)} MW", METHOD)


def signed_years(years: float) -> str:
    """-0.117 -> '\u22120.12'."""
    value = round(years, 2) + 0.0
    return f"{value:+.2f}".replace("-", "\u2212") if value else "0.00"


def _number(value: Any, text: str, anchor: str, *others: Any) -> Number:
    """The text with its anchor; a dash where the value, or another it needs, is missing."""
    return DASH if any(wording.missing(one) for one in (value, *others)) else Number(text, anchor)


def _group(applies_to: Any) -> Said:
    """sector.cloud_provider -> 'sector cloud provider'."""
    kind, _, code = str(applies_to).partition(".")
    if not code:
        return word("by", kind)
    group = {"sensitivity_tier": "tier"}.get(kind, kind)
    told = word(group, code) if group in ("sector", "tier", "stack") else name(code, 80)
    return joined([word("by", kind), told], " ")


def _float(value: Any) -> float:
    return float("nan") if wording.missing(value) else float(value)


def plain_number(value: Any) -> str:
    """Three digits that count, as people write them: 0.715, 0.000477, 60."""
    return "\u2013" if wording.missing(value) else f"{float(value):.3g}"


def _quarter_before(day: Any) -> Any:
    return pd.Timestamp(day) - pd.offsets.QuarterEnd(1)
