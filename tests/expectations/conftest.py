"""Candidate frames for the tests of the rules: a sound figure, and frames of variations of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

SOUND = {
    "operator": "Example Data Centres Ltd (fictitious)",
    "scope": "group",
    "scope_level": "portfolio",
    "facility": "",
    "market": "",
    "period_end": "2026-03-31",
    "cadence": "quarterly",
    "metric": "capacity_in_service",
    "value": 100.0,
    "unit": "mw",
    "basis": "as_reported",
    "locator": "table 1, row 2, column 3",
    "quote": "",
    "value_low": None,
    "value_high": None,
    "rounding": 0.0,
    "perimeter": "",
    "trust": 0.9,
    "tier": "company",
    "published_on": "2026-05-15",
    "source": "",
    "document_id": "d1",
    "document": "report.html",
    "fiscal_year_end_month": 12,
}


def build(rows: list[dict[str, Any]]) -> pd.DataFrame:
    filled = []
    for position, changes in enumerate(rows):
        row = SOUND | {"candidate_id": f"c{position}"} | changes
        if row["quote"] == "" and "quote" not in changes:
            row["quote"] = f"{row['metric']} of {row['value']} {row['unit']}"
        filled.append(row)
    return pd.DataFrame(filled, columns=[*SOUND, "candidate_id"])


@pytest.fixture
def frame_of() -> Callable[[list[dict[str, Any]]], pd.DataFrame]:
    return build
