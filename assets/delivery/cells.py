"""Cells of tables: rates, capacities and bands of history and forecasts, each with the anchor of its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import DASH, Number
from assets.delivery.evidence import EvidenceBook
from assets.delivery.frames import records
from assets.delivery.words import Said, amount, both, joined, say, word

MARKS = {"observed": "\u25cf", "estimated": "\u25d0", "assumed": "\u25cb"}


@dataclass(frozen=True)
class Band:
    """A median with its 80 % band and the quarter it is for."""

    middle: Number
    low: Number
    high: Number
    quarter: str = ""

    def __html__(self) -> Markup:
        if not self.middle.anchor:
            return Markup("\u2013")
        head = Markup('<span class="q faint">{}</span> ').format(self.quarter) if self.quarter else ""
        return Markup('{}<span class="q">{} <span class="faint">({}\u2013{})</span></span>').format(
            head, self.middle, self.low, self.high
        )


@dataclass(frozen=True)
class Quality:
    """A dot for the class of evidence, told by shape as well as colour, and the words beside it."""

    kind: str
    words: Any

    def __html__(self) -> Markup:
        return Markup('<span class="{}" aria-hidden="true">{}</span> {}').format(
            self.kind, MARKS[self.kind], self.words
        )


def history_number(book: EvidenceBook, row: Mapping[str, Any], column: str) -> Number:
    """A cell of occupancy_history with its anchor."""
    value = row[column]
    if wording.missing(value):
        return DASH
    is_capacity = column in ("in_service", "leased", "committed", "utilised")
    text = amount(value, row["unit"]) if is_capacity else wording.rate(value)
    return Number(text, book.history(row["level"], row["series_id"], row["quarter_end"]))


def forecast_number(book: EvidenceBook, row: Mapping[str, Any], column: str) -> Number:
    """A cell of occupancy_forecast with its anchor."""
    value = row[column]
    if wording.missing(value):
        return DASH
    text = wording.rate(value) if column.startswith("occupancy") else amount(value, row["unit"])
    return Number(text, book.forecast(row["level"], row["series_id"], row["vintage"], row["scenario"]))


def ahead_band(book: EvidenceBook, ahead: pd.DataFrame, horizon: int, dated: bool = True) -> Band:
    """Median and 80 % band at a horizon, with its quarter where `dated`; dashes where there is no forecast."""
    rows = ahead.loc[ahead["horizon"] == horizon]
    if rows.empty:
        return Band(DASH, DASH, DASH)
    row = records(rows.tail(1))[0]
    middle, low, high = (forecast_number(book, row, f"occupancy_{one}") for one in ("p50", "p10", "p90"))
    return Band(middle, low, high, wording.day(row["quarter_end"]) if dated else "")


def prevailing(row: Mapping[str, Any]) -> str:
    """The evidence class with the largest share of the row."""
    shares = {kind: float(row[f"{kind}_share"]) for kind in MARKS}
    return max(shares, key=shares.__getitem__)


def evidence_words(row: Mapping[str, Any]) -> Said:
    """The shares of evidence of a row, those of zero left out."""
    return joined(
        [
            say("page.share_of", kind=word("class", kind), share=wording.rate(row[f"{kind}_share"]))
            for kind in MARKS
            if float(row[f"{kind}_share"]) > 0
        ],
        ", ",
    )


def share_bar(row: Mapping[str, Any]) -> Markup:
    """The shares of evidence as a small bar; its words stand beside it."""
    parts = Markup("").join(
        Markup('<i class="{}" style="width:{:.1f}%"></i>').format(kind, 100 * float(row[f"{kind}_share"]))
        for kind in MARKS
        if float(row[f"{kind}_share"]) > 0
    )
    return Markup('<span class="bar" aria-hidden="true">{}</span>').format(parts)


def number_or_dash(value: Any, digits: int, anchor: str) -> Number:
    """Fixed decimals with a true minus sign, or a dash."""
    if wording.missing(value):
        return DASH
    return Number(f"{float(value) + 0.0:.{digits}f}".replace("-", "\u2212"), anchor)


def series_label(name: Any, unit: str) -> Said:
    """A series' name with what it is counted in: 'Alpha, group (MW)', 'Beta, portfolio (rate only)'."""
    counted = say("page.rate_only") if unit == "pct" else word("unit", unit)
    return say("page.series", name=both(name), unit=counted)
