"""Fixtures of the delivery tests; what stands in them is built in delivery_case.py. Pages are made once a session."""

from __future__ import annotations

import pytest
from delivery_case import Published, empty, full

from assets.delivery.page import write_page


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
