"""The local site of tests/assets/filings for tests of the command and the sensor, and homes configured for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.append(str(Path(__file__).resolve().parents[1] / "assets" / "filings"))

from filing_site import Site, answer, edgar, pdf, release, status

__all__ = ["Site", "answer", "configure", "edgar", "gds", "pdf", "release", "status"]

NUMBER = "0001104659-25-000001"


def gds(site: Site, filings: int = 1) -> dict[str, Any]:
    """EDGAR with so many filings of GDS, and the entry that asks for them."""
    numbers = [f"0001104659-25-{number:06d}" for number in range(1, filings + 1)]
    exhibits = {one: [("6-K", "a.htm", release("cover")), ("EX-99.1", "ex99-1.htm", release(one))] for one in numbers}
    edgar(site, 1526125, [(one, "2025-08-20", "6-K") for one in numbers], exhibits)
    fixed = {"name": "gds", "operator": "GDS", "kind": "edgar", "cik": "1526125"}
    return {**fixed, "base_url": site.url, "since": "2025-01-01"}


def configure(home: Path, *entries: dict[str, Any]) -> Path:
    """Write the sources file of a home."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "sources.yaml"
    file.write_text(yaml.safe_dump({"sources": list(entries)}), encoding="utf-8")
    return file
