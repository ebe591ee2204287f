"""The frame all rules look at: candidate figures with what several rules need worked out once.

Here belong normalising (dates, scopes, classes of basis, intervals of rounding) and the series a figure is part of.
What is compared with what is each rule's own business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from expectations.metrics import Catalogue, load_catalogue

REPORTED = "reported"
CLASS_BY_BASIS = {
    "as_reported": REPORTED,
    "prior_year_comparative": REPORTED,
    "prior_quarter_comparative": REPORTED,
    "prior_half_comparative": REPORTED,
    "restated_comparative": REPORTED,
    "derived": REPORTED,
    "pro_forma": "pro_forma",
    "estimate": "estimate",
    "forecast": "forecast",
}
SCOPE_LEVELS = ("portfolio", "region", "market", "facility")

# Tiers of data/reports/published_figures.csv: the operator's own words against those of others about it.
FIRST_HAND_TIERS = ("company", "filing", "newswire", "annual_report")
THIRD_HAND_TIERS = ("summary", "press")
# Where a reference carries no tier, its trust stands in; first-hand sources are trusted from here up.
FIRST_HAND_TRUST = 0.9

TEXT_COLUMNS = (
    "candidate_id",
    "document_id",
    "document",
    "operator",
    "scope",
    "scope_level",
    "facility",
    "market",
    "period_end",
    "cadence",
    "metric",
    "unit",
    "basis",
    "locator",
    "quote",
    "perimeter",
    "tier",
    "published_on",
    "source",
)
NUMBER_COLUMNS = ("value", "value_low", "value_high", "rounding", "trust", "fiscal_year_end_month")

# Within one document a figure belongs to one statement of one source about one date, perimeter and basis class.
STATEMENT = (
    "document_id",
    "source",
    "operator",
    "scope_key",
    "scope_level",
    "facility",
    "period_end",
    "perimeter",
    "basis_class",
)
SERIES = ("operator", "scope_key", "scope_level", "metric", "unit")


@dataclass(frozen=True)
class Figures:
    """Normalised candidates (`frame`), normalised reference, the date of checking and the catalogue.

    `frame` has a RangeIndex and the columns of the input, text stripped and '' replaced by None, and besides:
    raw_value (as given), period, published (timestamps or NaT; a published month counts to its last day), scope_key,
    basis_class, half (half a unit of the last digit), lower and upper (the interval a printed value stands for),
    family, first_hand (bool). `reference` has the same columns, candidate_id being its observation_id.
    """

    frame: pd.DataFrame
    reference: pd.DataFrame
    as_of: date
    catalogue: Catalogue

    @cached_property
    def known(self) -> pd.DataFrame:
        """Frame and reference under each other; `candidate` says which, `row` is the position in the frame or -1."""
        frame = self.frame.assign(candidate=True, row=self.frame.index)
        reference = self.reference.assign(candidate=False, row=-1)
        if not len(reference):
            return frame
        return pd.concat([frame, reference], ignore_index=True)

    def where(self, mask: pd.Series, values: Any) -> pd.Series:
        """`values` where the mask holds, null elsewhere: how a rule says which rows it applies to."""
        return pd.Series(values, index=self.frame.index).where(mask.astype(bool))


def prepare(frame: pd.DataFrame, reference: pd.DataFrame, as_of: date) -> Figures:
    """Normalise candidates and reference; neither argument is changed. Missing columns become null columns."""
    catalogue = load_catalogue()
    reference = reference.rename(columns={"observation_id": "candidate_id", "facility_id": "facility"})
    return Figures(_normalise(frame, catalogue), _normalise(reference, catalogue), as_of, catalogue)


def _normalise(frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    out = frame.reset_index(drop=True).copy()
    for name in TEXT_COLUMNS:
        out[name] = out[name].map(_text).astype(object) if name in out else pd.Series([None] * len(out), dtype=object)
    out["raw_value"] = out["value"].astype(object) if "value" in out else None
    for name in NUMBER_COLUMNS:
        out[name] = pd.to_numeric(out[name], errors="coerce").astype(float) if name in out else np.nan
    for name in ("facility", "perimeter", "source", "tier"):
        out[name] = out[name].fillna("")
    out["period"] = pd.to_datetime(out["period_end"], format="%Y-%m-%d", errors="coerce")
    out["published"] = pd.to_datetime(out["published_on"].map(_last_day), format="%Y-%m-%d", errors="coerce")
    out["scope_key"] = out["scope"].map(scope_key)
    out["basis_class"] = out["basis"].map(CLASS_BY_BASIS).astype(object)
    rounding = out["rounding"].where(out["rounding"] > 0)
    out["half"] = rounding.fillna(
        pd.Series([half_of_last_digit(v) for v in out["value"]], index=out.index, dtype=float)
    )
    out["lower"] = out["value_low"].fillna(out["value"] - out["half"])
    out["upper"] = out["value_high"].fillna(out["value"] + out["half"])
    metrics = [catalogue.find(name) for name in out["metric"]]
    out["family"] = pd.Series([m.family if m else None for m in metrics], index=out.index, dtype=object)
    by_trust = out["trust"].fillna(0) >= FIRST_HAND_TRUST
    out["first_hand"] = out["tier"].isin(FIRST_HAND_TIERS) | ((out["tier"] == "") & by_trust)
    return out


def half_of_last_digit(value: float) -> float:
    """Half a unit of the last decimal a value is written with: 92.5 -> 0.05, 361 -> 0.5; 0.5 for what is no number."""
    if not np.isfinite(value):
        return 0.5
    _, point, decimals = f"{value:.6f}".rstrip("0").partition(".")
    return 0.5 * 10.0 ** -len(decimals) if point else 0.5


def scope_key(scope: object) -> str | None:
    """A scope for comparing: case folded; `group` and `portfolio` both mean the whole operator."""
    if not isinstance(scope, str):
        return None
    key = re.sub(r"\s+", " ", scope).strip().casefold()
    return "group" if key == "portfolio" else key


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return None
    if isinstance(value, date):  # timestamps too: a database gives days where candidates carry ISO text
        return value.isoformat()[:10]
    text = str(value).strip()
    return text or None


def _last_day(text: str | None) -> str | None:
    """The last day a publication date can mean: a month or a year alone counts to its end."""
    if text is None:
        return None
    if re.fullmatch(r"\d{4}", text):
        return f"{text}-12-31"
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        return (pd.Timestamp(f"{text}-01") + pd.offsets.MonthEnd(0)).strftime("%Y-%m-%d")
    return text[:10]
