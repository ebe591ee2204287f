"""Rules on the size of a figure by itself: finite, sign, range. Bounds come from metrics.yaml."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from expectations.figures import Figures
from expectations.report import QUARANTINE, QUARANTINE_DOCUMENT
from expectations.rule import Computed, Rule, between

LARGEST_NUMBER = 1e15


def _said(figures: Figures, i: int) -> str:
    frame = figures.frame
    return f"{frame['metric'][i]} {frame['value'][i]:,g} {frame['unit'][i] or ''}".strip()


def _finite(figures: Figures) -> Computed:
    return Computed(
        pd.DataFrame({"value": figures.frame["value"]}),
        lambda i: (f"value {figures.frame.at[i, 'raw_value']}", "a finite number"),
    )


def _rate(figures: Figures) -> Computed:
    frame = figures.frame
    rates = (frame["family"] == "rate") & (frame["unit"].isna() | (frame["unit"] == "pct"))

    def explain(i: int) -> tuple[str, str]:
        found = _said(figures, i).replace(" pct", " %")
        return f"{found} is impossible", "between 0 and 100 %"

    return Computed(pd.DataFrame({"percent": figures.where(rates, frame["value"])}), explain)


def _not_negative(figures: Figures) -> Computed:
    frame = figures.frame
    unsigned = frame["family"].isin(["capacity", "term", "price", "count"])
    return Computed(
        pd.DataFrame({"value": figures.where(unsigned, frame["value"])}),
        lambda i: (f"{_said(figures, i)} is negative", "zero or more"),
    )


def _bounds(figures: Figures) -> Computed:
    frame = figures.frame
    bounds = [figures.catalogue.bounds(m, u) for m, u in zip(frame["metric"], frame["unit"], strict=True)]
    low = pd.Series([b[0] for b in bounds], index=frame.index, dtype=float)
    high = pd.Series([b[1] for b in bounds], index=frame.index, dtype=float)
    # What R05 and R06 already say is not said twice.
    beyond = (frame["value"] - high).clip(lower=0) + (low - frame["value"]).clip(lower=0)
    signed = frame["family"].isin(["flow", "change", "money"]) | (frame["value"] >= 0)
    applies = frame["family"].notna() & (frame["family"] != "rate") & signed & np.isfinite(frame["value"])

    def explain(i: int) -> tuple[str, str]:
        ends = [f"{end[i]:,g}" if math.isfinite(end[i]) else "any" for end in (low, high)]
        return _said(figures, i), f"between {ends[0]} and {ends[1]} {frame['unit'][i] or ''}".strip()

    return Computed(pd.DataFrame({"beyond": figures.where(applies, beyond)}), explain)


RULES = (
    Rule(
        id="R04_finite",
        title="The value is a finite number",
        severity=QUARANTINE,
        means="No infinity, and nothing above a million billion.",
        why="Such a value is the trace of a division by zero or of digits run together.",
        remedy="Read the place named; the number there was misread.",
        test=_finite,
        expectations=(between("value", low=-LARGEST_NUMBER, high=LARGEST_NUMBER),),
    ),
    Rule(
        id="R05_rate_range",
        title="Rates lie between 0 and 100 %",
        severity=QUARANTINE_DOCUMENT,
        means="Utilisation, occupancy, vacancy, commitment, pre-commitment, churn and shares are parts of a whole.",
        why="A rate of 174 % is a slip (74 % was probably meant); who makes one slip may have made more. No guessing.",
        remedy="Correct the figure at its source and send the document again, or enter it by hand from the original.",
        test=_rate,
        expectations=(between("percent", low=0, high=100),),
    ),
    Rule(
        id="R06_sign",
        title="Levels are not negative",
        severity=QUARANTINE_DOCUMENT,
        means="Capacities, counts, prices and lease terms are zero or more.",
        why="A negative area is a dash read as a sign, or a change read as a level.",
        remedy="Correct the figure at its source and send the document again.",
        test=_not_negative,
        expectations=(between("value", low=0),),
    ),
    Rule(
        id="R07_range",
        title="Figures lie within the catalogue's bounds",
        severity=QUARANTINE,
        means="Beyond the bounds of expectations/metrics.yaml no figure has ever been reported.",
        why="A lease term of 300 years or 10 million MW is a misread number or unit.",
        remedy="Check number and unit at the place named; widen the bound in metrics.yaml if the figure is real.",
        test=_bounds,
        expectations=(between("beyond", low=0, high=0),),
    ),
)
