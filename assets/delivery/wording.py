"""How numbers, dates and words from documents are written for people. Formatting alone; no database, no markup."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pandas as pd

UNIT_NAMES = {
    "mw": "MW",
    "kw": "kW",
    "sqm": "sqm",
    "sqft": "sq ft",
    "cabinets": "cabinets",
    "pct": "%",
    "years": "years",
    "count": "",
    "RMB/month": "RMB a month",
    "USD/month": "USD a month",
}
# Controls, and the marks that turn the direction of the text after them, could disguise what a document says.
_DISGUISING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def missing(value: Any) -> bool:
    """True for None, NaN and NaT."""
    return value is None or bool(pd.isna(value))


def plain(value: Any, longest: int = 400) -> str:
    """Words of a document on one line, disguising characters shown as U+FFFD, cut with an ellipsis at `longest`."""
    if missing(value):
        return ""
    text = " ".join(_DISGUISING.sub("\ufffd", str(value)).split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def day(value: Any) -> str:
    """An ISO date; empty where there is none."""
    if missing(value):
        return ""
    if isinstance(value, (datetime, date, pd.Timestamp)):
        return value.strftime("%Y-%m-%d")
    return str(value)[:10]


def rate(fraction: Any) -> str:
    """0.7749 -> '77.5%'; a dash where there is none."""
    return "–" if missing(fraction) else f"{100 * float(fraction):.1f}%"


def points(difference: Any) -> str:
    """0.051 -> '+5.1 pp' (percentage points), with a true minus sign."""
    if missing(difference):
        return "–"
    value = round(100 * float(difference), 1) + 0.0
    return f"{value:+.1f} pp".replace("-", "\u2212")


def capacity(value: Any, unit: str) -> str:
    """618060, 'sqm' -> '618,060 sqm'; up to one decimal for megawatts."""
    if missing(value):
        return "–"
    digits = 1 if unit in ("mw", "years") else 0
    return f"{float(value):,.{digits}f} {unit_name(unit)}".strip()


def printed_value(value: Any, unit: str) -> str:
    """A figure in the unit it was taken in, no digit more than it has: 92.5, 'pct' -> '92.5%'."""
    if missing(value):
        return "–"
    text = f"{float(value):,.4f}".rstrip("0").rstrip(".")
    return f"{text}%" if unit == "pct" else f"{text} {unit_name(unit)}".strip()


def unit_name(unit: str) -> str:
    """The unit as people write it."""
    return UNIT_NAMES.get(unit, plain(unit))


def metric_name(metric: str) -> str:
    """capacity_in_service -> 'capacity in service'."""
    return plain(metric).replace("_", " ")
