"""Judged figures to test the warehouse with, made without the readers: the bundled figures, and small ones."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from assets.reports.candidates import CANDIDATE_COLUMNS
from assets.reports.operators import load_layouts

RECEIVED = datetime(2026, 6, 1, 8, 0)
REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Judged:
    """Stands in for the verdicts of the readers' room."""

    documents: pd.DataFrame
    accepted: pd.DataFrame
    quarantine: pd.DataFrame


def document_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def judged_of(rows: list[dict[str, Any]], names: list[str] | None = None) -> Judged:
    """Candidates as judged; `document` of a row names its document."""
    base = {
        "operator": "Alpha",
        "scope": "group",
        "scope_level": "portfolio",
        "facility": "",
        "market": "",
        "cadence": "quarterly",
        "basis": "as_reported",
        "quote": "as printed",
        "value_low": None,
        "value_high": None,
        "rounding": 0.0,
        "perimeter": "",
        "trust": 0.9,
        "tier": "company",
        "published_on": "",
        "source": "",
        "document": "a.html",
    }
    full = []
    for number, row in enumerate(rows):
        row = {**base, "locator": f"row {number + 1}", **row}
        row["document_id"] = document_id(row["document"])
        row["candidate_id"] = f"c{number}"
        row["flags"] = ""
        full.append(row)
    names = names or sorted({row["document"] for row in full})
    documents = pd.DataFrame(
        {
            "file_name": names,
            "sha256": [hashlib.sha256(name.encode()).hexdigest() for name in names],
            "media_type": "text/html",
            "bytes": 10,
            "operator": "Alpha",
            "published_on": "",
            "status": "accepted",
            "reason": "",
            "layout": "general",
            "rows_accepted": [sum(row["document"] == name for row in full) for name in names],
            "rows_quarantined": 0,
        }
    )
    columns = [*CANDIDATE_COLUMNS, "document_id", "document", "candidate_id", "flags"]
    quarantine = pd.DataFrame(
        columns=["quarantine_id", "document_id", "rule", "severity", "reason", "row_json", "locator"], dtype=object
    )
    return Judged(documents, pd.DataFrame(full, columns=columns), quarantine)


def published_candidates() -> list[dict[str, Any]]:
    """data/reports/published_figures.csv as candidates, about as a reader takes them."""
    layouts = load_layouts()
    table = pd.read_csv(REPOSITORY / "data/reports/published_figures.csv", dtype=str, keep_default_na=False)
    rows = []
    for number, row in enumerate(table.to_dict("records"), start=2):
        basis = row["basis"].split(";")[0]
        basis = {"as_printed": "as_reported"}.get(basis, basis)
        basis = "derived" if basis.startswith("derived") else basis
        basis = "as_reported" if basis.startswith(("as_", "chart")) else basis
        basis = "pro_forma" if basis.startswith("pro_forma") else basis
        layout = layouts.by_operator(row["operator"])
        named = re.search(r"\[perimeter (\w)", row["scope"])
        perimeter = named.group(1) if named else ""
        if not perimeter and layout and row["scope"].startswith("group"):
            perimeter = layout.perimeter_of(row["period_end"])
        reported = row["reported_on"]
        about = re.search(r"about|approx|nearly|over ", row["basis"]) is not None
        value = float(row["value"])
        rows.append(
            {
                **{name: row[name] for name in ("operator", "scope", "scope_level", "period_end", "metric", "unit")},
                "facility": row["scope"] if row["scope_level"] == "facility" else "",
                "market": row["scope"] if row["scope_level"] == "market" else "",
                "value": value,
                "value_low": value * 0.99 if about else None,
                "value_high": value * 1.01 if about else None,
                "basis": basis,
                "perimeter": perimeter,
                "tier": row["tier"],
                "trust": 0.8,
                "published_on": reported,
                "source": row["source_url"],
                "locator": f"table 1, row {number}",
                "quote": ",".join(row.values()),
                "document": "published_figures.csv",
            }
        )
    return rows


def receipts_of(judged: Judged) -> dict[str, datetime]:
    return {str(sha)[:16]: RECEIVED for sha in judged.documents["sha256"]}
