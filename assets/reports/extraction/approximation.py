"""The range an approximate figure of a table may lie in, by the widths prose uses."""

from __future__ import annotations

from assets.reports.extraction.quantities import find_quantities

_SPOKEN = {"pct": "%", "mw": " MW", "kw": " kW", "sqm": " sqm", "sqft": " sq ft", "cabinets": " cabinets"}
_WORDS = {"low": "more than", "high": "nearly"}


def widen(value: float, unit: str, bound: str = "") -> tuple[float | None, float | None]:
    """Low and high end for a hedged value; `bound` is 'low' (more than), 'high' (nearly) or '' (about)."""
    for quantity in find_quantities(f"It was {_WORDS.get(bound, 'about')} {value:.6f}{_SPOKEN.get(unit, '')}"):
        if quantity.low is not None:
            return quantity.low, quantity.high
    return None, None
