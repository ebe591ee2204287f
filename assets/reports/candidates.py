"""The candidate figure: what extraction hands to the expectations, and the frame that carries it.

The columns are fixed here and nowhere else. Loading, checks and the command line read them by name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

AS_REPORTED = "as_reported"
PRIOR_YEAR = "prior_year_comparative"
PRIOR_QUARTER = "prior_quarter_comparative"
PRIOR_HALF = "prior_half_comparative"
RESTATED = "restated_comparative"
DERIVED = "derived"
PRO_FORMA = "pro_forma"
ESTIMATE = "estimate"
FORECAST = "forecast"

# A series is built from these alone; estimates, forecasts and pro forma figures never enter it.
REPORTED_BASES = (AS_REPORTED, PRIOR_YEAR, PRIOR_QUARTER, PRIOR_HALF, RESTATED, DERIVED)


@dataclass(frozen=True)
class Candidate:
    """One figure as taken from a document, before any check.

    Values are in `unit` (mw, kw, sqm, sqft, cabinets, pct, years, count, RMB/month ...): thousands are resolved,
    rates are per cent. `rounding` is half a unit of the last printed digit, in `unit` (81.6 % -> 0.05;
    '000 sqm 78.1 -> 50), the tolerance a recomputation may use. `trust` is 0 to 1. Dates are ISO text.
    `source` is the address or publication a row names for itself (plain templates); empty elsewhere.
    """

    operator: str
    scope: str
    scope_level: str
    facility: str
    market: str
    period_end: str
    cadence: str
    metric: str
    value: float
    unit: str
    basis: str
    locator: str
    quote: str
    value_low: float | None = None
    value_high: float | None = None
    rounding: float = 0.0
    perimeter: str = ""
    trust: float = 0.5
    tier: str = ""
    published_on: str = ""
    source: str = ""


@dataclass(frozen=True)
class Rejection:
    """A printed figure that was recognised and not taken: it becomes a quarantine row, never a silent drop."""

    rule: str
    reason: str
    locator: str
    quote: str
    metric: str = ""
    value: str = ""


@dataclass(frozen=True)
class Extraction:
    """Everything taken from one document. `layout` names the operator's data file, or `general` without one."""

    operator: str
    layout: str
    published_on: str
    period_end: str
    candidates: tuple[Candidate, ...]
    rejections: tuple[Rejection, ...] = ()
    unknown_phrases: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, as they cross the border of the reading process."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Extraction:
        """What `to_json` wrote, as objects again."""
        return Extraction(
            **{
                **data,
                "candidates": tuple(Candidate(**row) for row in data["candidates"]),
                "rejections": tuple(Rejection(**row) for row in data["rejections"]),
                "unknown_phrases": tuple(data["unknown_phrases"]),
                "remarks": tuple(data["remarks"]),
            }
        )


CANDIDATE_COLUMNS = tuple(field.name for field in fields(Candidate))


def to_frame(candidates: tuple[Candidate, ...] | list[Candidate]) -> pd.DataFrame:
    """One row a candidate, CANDIDATE_COLUMNS in order, RangeIndex; also with no rows."""
    return pd.DataFrame([asdict(row) for row in candidates], columns=list(CANDIDATE_COLUMNS))
