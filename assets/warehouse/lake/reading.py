"""What a reader gets: one snapshot of the lake as a small DuckDB file of views over its Parquet files.

The catalogue is asked once, by a process that may: which snapshot, which files. The file that comes of it needs neither
the catalogue nor an extension nor a password, so that readers' SQL runs on it as on the published file (query.py), with
access to these Parquet files alone. Where the data lies in an object store, or has to be written out, the rows are
copied into the file instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from assets.warehouse.database import sql_text
from assets.warehouse.lake.address import LakeAddress, LakeError, is_remote
from assets.warehouse.lake.connecting import (
    LAKE,
    OWN_SCHEMA,
    WRITER_PREFIX,
    data_path,
    go_to_snapshot,
    metadata,
    open_lake,
    quoted,
)
from assets.warehouse.lake.keeping import about_of
from assets.warehouse.lake.locking import reader_lock
from assets.warehouse.lake.views import in_order
from assets.warehouse.publishing import STORAGE_VERSION

_CATALOGUE = {
    name: metadata(f"ducklake_{name}") for name in ("data_file", "delete_file", "table", "schema", "metadata")
}


@dataclass(frozen=True)
class LakeSnapshot:
    """A publication: its number, when (UTC), by whom, and the vintage and run it is of."""

    number: int
    made_at: datetime
    writer: str
    vintage: str
    run_id: str


@dataclass(frozen=True)
class SnapshotFile:
    """A DuckDB file with the lake's names at `snapshot`, and the Parquet files its views read (none where copied)."""

    path: Path
    snapshot: LakeSnapshot
    files: tuple[str, ...]


def list_snapshots(address: LakeAddress) -> list[LakeSnapshot]:
    """Every publication that is still open to time travel, the newest first. Raises what open_lake does."""
    with reader_lock(address), open_lake(address) as connection:
        return _snapshots(connection)


def find_snapshot(snapshots: list[LakeSnapshot], at: str | None) -> LakeSnapshot:
    """The newest publication, or that of `at`: the last of a vintage (2026-06-30) or a snapshot's number.

    Raises LakeError where there is none, with what there is.
    """
    if not snapshots:
        raise LakeError("The lake holds no publication yet. Run `colocast run` with the same COLOCAST_LAKE first.")
    if at is None:
        return snapshots[0]
    found = [one for one in snapshots if at in (one.vintage, str(one.number))]
    if not found:
        vintages = ", ".join(sorted({one.vintage for one in snapshots if one.vintage}))
        numbers = f"{snapshots[-1].number} to {snapshots[0].number}"
        raise LakeError(
            f"The lake has no publication of {at!r}. Expected a vintage ({vintages or 'none yet'}) or the number of a"
            f" snapshot that is still kept ({numbers})."
        )
    return found[0]


@contextmanager
def snapshot_file(
    address: LakeAddress, folder: Path, at: str | None = None, copied: bool = False
) -> Iterator[SnapshotFile]:
    """A file in `folder` that holds the lake at its newest publication or at `at`; gone at the end of the block.

    `copied`: with the rows, where views over the lake's files will not do. Raises LakeError for an unknown `at`, and
    what open_lake does.
    """
    path = folder / "lake.duckdb"
    try:
        with reader_lock(address), open_lake(address) as connection:
            snapshot = find_snapshot(_snapshots(connection), at)
            go_to_snapshot(connection, address, snapshot.number)
            files = _write(connection, path, snapshot.number, copied)
        yield SnapshotFile(path, snapshot, tuple(files))
    finally:
        path.unlink(missing_ok=True)


def _snapshots(connection: duckdb.DuckDBPyConnection) -> list[LakeSnapshot]:
    rows = connection.execute(
        f"SELECT snapshot_id, epoch_us(snapshot_time), commit_extra_info FROM {LAKE}.snapshots() ORDER BY 1 DESC"
    ).fetchall()
    found = []
    for number, microseconds, extra in rows:
        about = about_of(extra)
        if "writer" in about:
            made_at = datetime.fromtimestamp(microseconds / 1e6, UTC)
            words = (str(about.get(key) or "") for key in ("writer", "vintage", "run_id"))
            found.append(LakeSnapshot(int(number), made_at, *words))
    return found


def _write(connection: duckdb.DuckDBPyConnection, path: Path, snapshot: int, copied: bool) -> list[str]:
    """Write the file; returns the Parquet files that its views read."""
    path.unlink(missing_ok=True)
    copied = copied or is_remote(data_path(connection))
    columns, files = _columns(connection), _files(connection, snapshot)
    tables = {table for _, table in columns}
    views = dict(
        connection.execute(
            "SELECT view_name, sql FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main'", [LAKE]
        ).fetchall()
    )
    comments = connection.execute(f"SELECT * FROM {LAKE}.{OWN_SCHEMA}.comments ORDER BY ALL").fetchall()
    read: list[str] = []
    connection.execute(f"ATTACH {quoted(str(path))} AS snapshot (STORAGE_VERSION '{STORAGE_VERSION}')")
    connection.execute("BEGIN TRANSACTION")
    if not copied:
        for (schema, table), of_table in columns.items():
            lies_in = files.get((schema, table), [])
            read += lies_in
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS snapshot."{schema}"')
            connection.execute(f'CREATE VIEW snapshot."{schema}"."{table}" AS {_select(of_table, lies_in)}')
    connection.execute("USE snapshot.main")
    for name in in_order(views):
        if copied and name in tables:
            connection.execute(f'CREATE TABLE main."{name}" AS SELECT * FROM {LAKE}.main."{name}"')
        else:
            connection.execute(views[name])
    for table, column, comment in comments:
        kind = "TABLE" if copied and table in tables else "VIEW"
        what = f'COLUMN main."{table}"."{column}"' if column else f'{kind} main."{table}"'
        connection.execute(f"COMMENT ON {what} IS {quoted(comment)}")
    connection.execute("COMMIT")
    connection.execute("USE memory")
    connection.execute("DETACH snapshot")
    return read


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(schema, table) of every writer's tables -> (column, type)."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = ? AND starts_with(schema_name, ?) ORDER BY schema_name, table_name, column_index",
        [LAKE, WRITER_PREFIX],
    ).fetchall():
        found.setdefault((schema, table), []).append((column, kind))
    return found


def _files(connection: duckdb.DuckDBPyConnection, snapshot: int) -> dict[tuple[str, str], list[str]]:
    """(schema, table) -> its Parquet files at a snapshot, in order of their names within each.

    Raises LakeError where rows are marked as deleted inside a file: only another program does that.
    """
    rows = connection.execute(sql_text("lake_files").format(**_CATALOGUE), {"snapshot": snapshot}).fetchall()
    found: dict[tuple[str, str], list[str]] = {}
    for schema, table, path, marked in rows:
        if marked:
            raise LakeError(
                f"{schema}.{table} was changed by another program, which marked rows as deleted inside {path}."
                " CALL ducklake_rewrite_data_files(...) on the lake, with delete_threshold => 0, puts that right."
            )
        found.setdefault((schema, table), []).append(path)
    return found


def _select(columns: list[tuple[str, str]], files: list[str]) -> str:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    if not files:
        return "SELECT " + ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns) + " WHERE false"
    # The files have the part in their names as well as in their rows.
    return f"SELECT {names} FROM read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)"
