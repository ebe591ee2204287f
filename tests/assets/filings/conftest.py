"""Fixtures of the filings' tests: a local site, and a home that collects from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filing_home import Collector
from filing_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.close()


@pytest.fixture
def collector(tmp_path: Path, site: Site) -> Collector:
    return Collector(tmp_path / "home", site)
