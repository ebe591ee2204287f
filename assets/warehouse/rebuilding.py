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
from assets.warehouse.archive import Archived, documents
from assets.warehouse.aside import set_aside
from assets.warehouse.database import connect, create_schema, is_damage, sql_text, transaction
from assets.warehouse.durable import sync
from assets.warehouse.history import build_history
from assets.warehouse.ledger import DATA_FOLDER, load_ledger
from assets.warehouse.loading import Judged, Loaded, load, load_operators
from assets.warehouse.mending import copies

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
    outdated: Path | None = None,
) -> Loaded:
    """Make `warehouse` anew beside the old one and put it in place; the old file stays until the new one is whole.

    `judge` reads and judges one batch: the documents that were received at one moment, with the observations accepted
    before them. Batches come in order of receipt, so that checks against history see what they saw then. `published` is
    the last published file, from which frozen tables are carried over, or from `outdated` where that is given: a
    warehouse of an earlier version, which may know what was never published; what cannot be read there comes from the
    newest kept copy that can, table by table. Documents whose bytes are damaged are the judge's to answer for, as all
    others are: one of them must not keep the rest away.
    """
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
                _carry_over(connection, published, outdated)
            connection.execute("CHECKPOINT")
        sync(fresh)
        # The old file's log goes first: beside the new file it would be another file's.
        _remove(warehouse.with_name(warehouse.name + ".wal"))
        if warehouse.is_dir():
            set_aside(warehouse)
        fresh.replace(warehouse)
        sync(warehouse.parent)
    finally:
        _remove(fresh)
        _remove(fresh.with_name(fresh.name + ".wal"))
    return loaded


def replay(connection: duckdb.DuckDBPyConnection, archived: list[Archived], judge: Judge, layouts: Layouts) -> Loaded:
    """Judge and load all documents, one batch a moment of receipt, in order. Needs operators and ledger loaded."""
    loaded = Loaded(0, 0, 0, 0, False)
    received: dict[str, datetime] = {item.document_id: item.received_at for item in archived}
    before: Judged | None = None
    for _, batch in groupby(archived, key=lambda item: item.received_at):
        reference = connection.execute("SELECT * FROM observations ORDER BY observation_id").df()
        judged = judge(list(batch), reference)
        # Verdicts over all documents at once are the same for every receipt: years of them must not load it all again.
        if judged is not before:
            loaded = load(connection, judged, received, layouts)
        before = judged
    return loaded


def _carry_over(connection: duckdb.DuckDBPyConnection, published: Path, outdated: Path | None) -> None:
    """Each frozen table from the first file that has it whole: the old warehouse, the publication, its kept copies.

    A table of an older file lacks what came since; the run makes the newest vintages again, and says what it lacks.
    """
    left, sources = list(FROZEN_TABLES), [*((outdated,) if outdated else ()), published, *copies(published)]
    sources = [path for path in sources if path.is_file()]
    for path in sources:
        if left:
            unread = _copy_frozen(connection, path, left)
            if unread:
                log.warning("%s is damaged: %s cannot be carried over from it", path, ", ".join(unread))
            left = unread
    if left and sources:
        log.warning("No earlier publication can be read: %s are not carried over", ", ".join(left))


def _copy_frozen(connection: duckdb.DuckDBPyConnection, source: Path, tables: list[str]) -> list[str]:
    """Carry tables over from a file; returns those that it may have and that cannot be read there."""
    try:
        # Alone first: what is wrong with a file must not reach the connection that the new warehouse is made by.
        with connect(source, read_only=True):
            pass
        connection.execute(f"ATTACH '{str(source).replace(chr(39), chr(39) * 2)}' AS published (READ_ONLY)")
    except (duckdb.Error, RuntimeError) as error:
        log.warning("%s cannot be opened (%s)", source, str(error).splitlines()[0])
        return tables
    unread = []
    try:
        for table in tables:
            # An earlier version may have had other columns; those both have are carried over.
            shared = connection.execute(
                "SELECT string_agg(DISTINCT there.column_name, ', ') FROM duckdb_columns() AS there"
                " JOIN duckdb_columns() AS here USING (table_name, column_name, schema_name)"
                " WHERE there.database_name = 'published' AND here.database_name = current_database()"
                " AND table_name = ? AND schema_name = 'main'",
                [table],
            ).fetchall()[0][0]
            if not shared:
                continue
            try:
                with transaction(connection):
                    connection.execute(f"INSERT INTO {table} BY NAME SELECT {shared} FROM published.main.{table}")
            except duckdb.Error as error:
                if not is_damage(error):
                    raise
                unread.append(table)
        try:
            connection.execute(sql_text("carried_over"))
        except duckdb.Error as error:
            if not is_damage(error):
                raise
    finally:
        connection.execute("DETACH published")
    return unread


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
