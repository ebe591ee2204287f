"""Rules are worth only what they let pass: a thousand figures that were really published, and those held back by name.

The frame is built from the file itself, apart from the readers, so that a change there cannot hide a change here.
"""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations import QUARANTINE, QUARANTINE_DOCUMENT, Report, check

TRUST = {"summary": 0.3, "press": 0.5, "broker": 0.6, "transcript": 0.6, "annual_report_extracted": 0.7}
BASES = ("prior_year_comparative", "prior_quarter_comparative", "prior_half_comparative", "restated_comparative")


def basis(printed: str) -> str:
    if printed.startswith("as_printed") or printed.startswith("chart"):
        return "estimate"
    for start in (*BASES, "derived", "pro_forma", "forecast"):
        if printed.startswith(start):
            return start
    return "as_reported"


@pytest.fixture(scope="module")
def figures() -> list[dict[str, Any]]:
    path = Path(__file__).parents[2] / "data" / "reports" / "published_figures.csv"
    with path.open(encoding="utf-8") as file:
        return [
            {
                "candidate_id": str(line),
                "document_id": "published",
                "document": path.name,
                "operator": row["operator"],
                "scope": re.sub(r"\s*\[.*\]", "", row["scope"]),
                "perimeter": "".join(re.findall(r"\[perimeter (\w)", row["scope"])),
                "scope_level": row["scope_level"],
                "period_end": row["period_end"],
                "metric": row["metric"],
                "value": float(row["value"]),
                "unit": row["unit"],
                "basis": basis(row["basis"]),
                "tier": row["tier"],
                "trust": TRUST.get(row["tier"], 0.9),
                "source": row["source_url"],
                "published_on": row["reported_on"],
                "locator": f"row {line}",
                "quote": row["value"],
                "fiscal_year_end_month": 12,
            }
            for line, row in enumerate(csv.DictReader(file), start=2)
        ]


@pytest.fixture(scope="module")
def report(figures: list[dict[str, Any]]) -> Report:
    return check(pd.DataFrame(figures), pd.DataFrame(), date(2026, 6, 30))


def test_no_rule_is_broken_on_real_figures(report: Report) -> None:
    assert not report.broken


def test_more_than_a_hundred_printed_rates_recompute_to_rounding(report: Report) -> None:
    assert report["R10_rate_recomputes"].checked > 110
    assert report["R11_rate_recomputes_closely"].passed


def test_only_figures_without_a_date_or_a_meaning_are_held_back(report: Report) -> None:
    # A broker's vacancy whose survey date is not stated; a percentage in a page header without a label.
    held = report.failing(QUARANTINE, QUARANTINE_DOCUMENT)
    assert sorted(held["found"]) == ["metric 'header_pct_unlabelled'", "period_end missing"]


def test_a_thousandfold_slip_planted_anywhere_is_caught(figures: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(figures)
    series = frame[(frame["metric"] == "capacity_in_service") & (frame["operator"] == "Interxion")]
    planted = series.index[len(series) // 2]
    frame.loc[planted, "value"] *= 1000
    failing = check(frame, pd.DataFrame(), date(2026, 6, 30))["R08_unit_slip"].failing
    assert list(failing["candidate_id"]) == [frame.loc[planted, "candidate_id"]]
