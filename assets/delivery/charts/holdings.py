"""Pictures of what a portfolio holds: when its leases end, and which sectors stand on which stack."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from assets.delivery import wording
from assets.delivery.charts.flows import stacked_columns
from assets.delivery.charts.kit import RIGHT, WIDTH, Picture, quarter_label, rect, text
from assets.delivery.charts.scenarios import notes
from assets.delivery.frames import records
from assets.delivery.words import Said, Text, name, say, word
from forecasts.leases.portfolio import SECTORS, STACKS, TIERS

QUARTERS_AHEAD = 8
CODES: dict[str, Sequence[str]] = {"sector": SECTORS, "sensitivity_tier": TIERS, "stack": STACKS}
_CELL, _NAMES = 26, 132


def expiries_by_year(
    expiries: pd.DataFrame, wale: pd.DataFrame, by: str = "sector", note: Text = "", width: int = WIDTH
) -> Picture:
    """Expiring MW by calendar year, stacked by `by` (sector, sensitivity_tier or stack), WALE in the note.

    expiries: lease_expiries of one series (expiry_quarter, mw and the column `by`); wale: as_of, wale_mw_years,
    wale_rent_years of the same series, may be empty.
    """
    years = pd.to_datetime(expiries["expiry_quarter"]).dt.year
    order = [str(year) for year in range(int(years.min()), int(years.max()) + 1)]
    return _expiries(
        expiries.assign(when=years.astype(str)), order, by, say("chart.year_end"),
        say("chart.expiries_year", by=word("by", by)), note, wale, width,
    )  # fmt: skip


def expiries_by_quarter(
    expiries: pd.DataFrame, wale: pd.DataFrame, by: str = "sector", note: Text = "", width: int = WIDTH,
    quarters: int = QUARTERS_AHEAD,
) -> Picture:  # fmt: skip
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
    return _expiries(
        shown, [quarter_label(day) for day in ahead], by, say("chart.quarter_contract"),
        say("chart.expiries_quarter", by=word("by", by)), note, wale, width,
    )  # fmt: skip


def stack_by_sector(expiries: pd.DataFrame, title: Text, note: Text = "", width: int = WIDTH) -> Picture:
    """Leased MW by stack and sector as a heat map; unknown is a stack and a sector of its own.

    expiries: lease_expiries of one series: stack, sector, mw; every lease in place has one row in it.
    """
    sums = expiries.groupby(["stack", "sector"])["mw"].sum().round(6)
    sectors = present(expiries["sector"], SECTORS)
    stacks = [*STACKS, *sorted(set(expiries["stack"].astype(str)) - set(STACKS))]
    top_mw = float(sums.max()) or 1.0
    wide = (width - RIGHT - _NAMES) / len(stacks)
    out = [text(4, 12, say("chart.leased_axis"), "tf")]
    for at, stack in enumerate(stacks):
        out.append(text(_NAMES + wide * (at + 0.5), 30, word("stack_short", stack), "", "m"))
    rows = []
    for row_at, sector in enumerate(sectors):
        y = 38 + _CELL * row_at
        out.append(text(_NAMES - 8, y + 17, word("sector", sector), "", "r"))
        told: list[Text] = [word("sector", sector)]
        for at, stack in enumerate(stacks):
            # A class without a lease is an answer too.
            mw = float(sums.get((stack, sector), 0.0))
            # Nine steps of shade; a strong shade takes light letters.
            shade = 0 if mw <= 0 else 1 + min(8, int(9 * mw / top_mw))
            out.append(rect(_NAMES + wide * at + 1, y + 1, wide - 2, _CELL - 2, f"h{shade}"))
            out.append(text(_NAMES + wide * (at + 0.5), y + 17, f"{mw:.1f}", "hl" if shade >= 5 else "hd", "m"))
            told.append(f"{mw:.1f}")
        rows.append(tuple(told))
    head: tuple[Text, ...] = (say("chart.sector"), *(word("stack_short", stack) for stack in stacks))
    summary = say("chart.heat", mw=f"{float(sums.sum()):.1f}", n=len(sectors))
    return Picture(title, width, 44 + _CELL * len(sectors), "".join(out), note, summary, head, tuple(rows))


def wale_words(wale: pd.DataFrame) -> Said | str:
    """'WALE 4.5 years by MW, 4.4 by rent' of the newest date; empty where there is none."""
    if wale.empty:
        return ""
    row = records(wale.sort_values("as_of").tail(1))[0]
    if wording.missing(row["wale_mw_years"]):
        return ""
    by_mw = f"{float(row['wale_mw_years']):.1f}"
    if wording.missing(row["wale_rent_years"]):
        return say("chart.wale_mw", mw=by_mw)
    return say("chart.wale", mw=by_mw, rent=f"{float(row['wale_rent_years']):.1f}")


def present(codes: pd.Series, known: Sequence[str]) -> list[str]:
    """The codes that occur, in the vocabulary's order, unknown last, strangers before it."""
    seen = set(codes.astype(str))
    listed = [code for code in known if code in seen and code != "unknown"]
    strangers = sorted(seen - set(known) - {"unknown"})
    return [*listed, *strangers, *(["unknown"] if "unknown" in seen else [])]


def _expiries(
    rows: pd.DataFrame,
    order: Sequence[str],
    by: str,
    when: Text,
    title: Text,
    note: Text,
    wale: pd.DataFrame,
    width: int,
) -> Picture:
    places = {code: at for at, code in enumerate(CODES[by])}
    parts = [
        (code, "k9" if code == "unknown" else f"k{places.get(code, len(places)) % 9}", _part(by, code))
        for code in present(rows[by], CODES[by])
    ]
    cells = rows.assign(part=rows[by].astype(str))[["when", "part", "mw"]]
    return stacked_columns(
        cells, order, parts, title, say("chart.expiring_axis"), when, notes(wale_words(wale), note), width
    )


def _part(by: str, code: str) -> Said:
    known = {"sector": "sector", "sensitivity_tier": "tier", "stack": "stack"}
    told = word(known[by], code)
    return told if told.en != told.zh else name(code.replace("_", " "), 30)
