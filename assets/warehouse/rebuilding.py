"""The warehouse again, from the archive alone.

Belongs here: replaying receipts and bytes, and carrying over from the last publication what no document holds (frozen
forecasts, runs). Not here: how a document is read and judged; that comes as a callable.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import duckdb
import pandas as pd

from assets.reports.operators import Layouts
from assets.warehouse.archive import Archived, damaged, documents
from assets.warehouse.database import connect, create_schema
from assets.warehouse.history import build_history
from assets.warehouse.ledger import DATA_FOLDER, load_ledger
from assets.warehouse.loading import Judged, Loaded, load, load_operators
from assets.warehouse.publishing import published_fingerprint

log = logging.getLogger(__name__)

# Made by earlier runs from what was known then; a rebuild must not make them anew with hindsight.
FROZEN_TABLES = (
    *("occupancy_forecast", "breach_probability", "backtest_accuracy", "forecast_choice", "backlog_runoff"),
    *("vintages", "forecast_bridge"),
    *("contiguous_space", "path_samples", "lease_estimates", "scenario_effects", "scenario_sensitivity"),
    *("scenario_carriers", "join_weights", "ladder_forecast", "alerts", "runs"),
)

Judge = Callable[[list[Archived], pd.DataFrame], Judged]


def rebuild(
    archive_folder: Path,
    warehouse: Path,
    judge: Judge,
    layouts: Layouts,
    as_of: date,
    published: Path | None = None,
    data: Path = DATA_FOLDER,
) -> Loaded:
    """Make `warehouse` anew beside the old one and put it in place; the old file stays until the new one is whole.

    `judge` reads and judges one batch: the documents that were received at one moment, with the observations accepted
    before them. Batches come in order of receipt, so that checks against history see what they saw then. `published` is
    the last published file, from which frozen tables are carried over. Raises ValueError for a damaged archive.
    """
    problems = damaged(archive_folder)
    if problems:
        raise ValueError("the archive is damaged, so nothing was rebuilt:\n" + "\n".join(problems))
    fresh = warehouse.with_name(f".{warehouse.name}.rebuild-{os.getpid()}")
    for leftover in warehouse.parent.glob(f".{warehouse.name}.rebuild-*"):
        _remove(leftover)
    try:
        with connect(fresh) as connection:
            create_schema(connection)
            load_operators(connection, layouts)
            load_ledger(connection, layouts, data)
            loaded = replay(connection, documents(archive_folder), judge, layouts)
            build_history(connection, as_of)
            if published is not None:
                _carry_over(connection, published)
            connection.execute("CHECKPOINT")
        fresh.replace(warehouse)
        _remove(warehouse.with_name(warehouse.name + ".wal"))
    finally:
        _remove(fresh)
        _remove(fresh.with_name(fresh.name + ".wal"))
    return loaded


def replay(connection: duckdb.DuckDBPyConnection, archived: list[Archived], judge: Judge, layouts: Layouts) -> Loaded:
    """Judge and load all documents, one batch a moment of receipt, in order. Needs operators and ledger loaded."""
    loaded = Loaded(0, 0, 0, 0, False)
    received: dict[str, datetime] = {item.document_id: item.received_at for item in archived}
    for _, batch in groupby(archived, key=lambda item: item.received_at):
        reference = connection.execute("SELECT * FROM observations ORDER BY observation_id").df()
        loaded = load(connection, judge(list(batch), reference), received, layouts)
    return loaded


def _carry_over(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    # The publication, or the newest kept copy that can still be read.
    copies = sorted((published.parent / "history").glob("*.duckdb"), reverse=True)
    for path in (published, *copies):
        if published_fingerprint(path) is not None:
            _copy_frozen(connection, path)
            return
    log.warning(
        "%s and its copies in history/ cannot be read: earlier forecasts and runs are not carried over", published
    )


def _copy_frozen(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    connection.execute(f"ATTACH '{str(published).replace(chr(39), chr(39) * 2)}' AS published (READ_ONLY)")
    try:
        for table in FROZEN_TABLES:
            # An earlier version may have had other columns; those both have are carried over.
            shared = connection.execute(
                "SELECT string_agg(DISTINCT there.column_name, ', ') FROM duckdb_columns() AS there"
                " JOIN duckdb_columns() AS here USING (table_name, column_name, schema_name)"
                " WHERE there.database_name = 'published' AND here.database_name = current_database()"
                " AND table_name = ? AND schema_name = 'main'",
                [table],
            ).fetchall()[0][0]
            if shared:
                connection.execute(f"INSERT INTO {table} BY NAME SELECT {shared} FROM published.main.{table}")
    finally:
        connection.execute("DETACH published")


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
