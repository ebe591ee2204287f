"""Fixtures of the warehouse's tests: an empty warehouse with ledger and operators, and a short way to load figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse_cases import judged_of, receipts_of

from assets.reports.operators import Layouts, load_layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.ledger import load_ledger
from assets.warehouse.loading import load, load_operators


@pytest.fixture(scope="session")
def layouts() -> Layouts:
    return load_layouts()


@pytest.fixture
def warehouse(tmp_path: Path, layouts: Layouts) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse with ledger and operators in it."""
    with connect(tmp_path / "warehouse.duckdb") as connection:
        create_schema(connection)
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        yield connection


@pytest.fixture
def load_rows(warehouse: duckdb.DuckDBPyConnection, layouts: Layouts) -> Callable[..., Any]:
    """Load candidates given as dicts into the empty warehouse."""

    def go(rows: list[dict[str, Any]], names: list[str] | None = None) -> Any:
        judged = judged_of(rows, names)
        return load(warehouse, judged, receipts_of(judged), layouts)

    return go
