"""Fixtures of the delivery tests; what stands in them is built in delivery_case.py. Pages are made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from delivery_case import HOSTILE, Published, empty, full
from lease_case import insert, lease_tables, scenario_tables

from assets.delivery.page import write_page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The state before the first document, and its page."""
    at = empty(tmp_path_factory.mktemp("nothing"))
    write_page(at.database, at.page, at.archive)
    return at


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A published database with every kind of row, and its page."""
    at = full(tmp_path_factory.mktemp("published"))
    write_page(at.database, at.page, at.archive)
    return at


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The same with a portfolio of leases whose names are hostile, and its page."""
    at = full(tmp_path_factory.mktemp("complete"))
    insert(at.database, lease_tables(word=HOSTILE) | scenario_tables(HOSTILE))
    write_page(at.database, at.page, at.archive)
    return at


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; tests that ask for it are left out where there is none."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield running
        running.close()
