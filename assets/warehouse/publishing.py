"""Publishing: a file of its own for readers, put in place by rename, with the previous ones kept.

Belongs here: what readers get and how it gets there. Not here: whether it may be published (expectations).

A reader who has the old file open keeps reading it; one who opens a moment later gets the new one. No .wal stands
beside the file, and its storage version (v1.4.0) is the one that most readers open.

The file has the warehouse's columns, comments, checks and views, and no primary keys: nothing is written to it that
they could guard, and on millions of rows their indexes are larger than the rows and slow every publication. Instead the
rows lie in the order that questions ask for, so that a reader skips what it does not need.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb

from assets.warehouse.aside import set_aside
from assets.warehouse.database import (
    WarehouseDamagedError,
    connect,
    connect_nowhere,
    damaged_words,
    describe,
    is_damage,
    published_tables,
    refuse_newer,
    sql_text,
    threads_for,
    transaction,
)
from assets.warehouse.durable import DiskFullError, disk_full, is_disk_full, like_its_folder, sync
from assets.warehouse.mending import copies, same_bytes

FILE_NAME = "occupancy.duckdb"
STORAGE_VERSION = "v1.4.0"
# Which runs there were changes with every run, whether or not a figure did.
LEFT_OUT_OF_COMPARISON = {"runs"}
# Order of rows in the tables that grow without end: vintage and level first, since nearly every question names them.
# Each is a key of its table, so that equal tables lie in equal order. All others lie in order of their columns.
ROW_ORDER = {
    "occupancy_forecast": "vintage, level, scenario, series_id, quarter_end",
    "breach_probability": "vintage, level, scenario, threshold, series_id, quarter_end",
    "contiguous_space": "vintage, scenario, quarter_end, series_id",
    "forecast_bridge": "vintage_to, level, scenario, series_id, quarter_end, vintage_from, position, cause",
    "path_samples": "vintage, level, quarter_end, scenario, series_id, path",
}


@dataclass(frozen=True)
class Published:
    """What publish() did. `changed` False: the published tables were equal already and nothing was written.

    `history` is the copy that was kept now, None where there was one already. `restored` is True where the published
    file was damaged or had a stale .wal beside it.
    """

    path: Path
    changed: bool
    fingerprint: str
    history: Path | None
    restored: bool


def publish(warehouse: Path, published: Path, keep: int = 12, label: str = "") -> Published:
    """Publish the tables and views of `warehouse` as `published`/occupancy.duckdb.

    `label` (a vintage and a run, such as 2026-09-30_ab12) names the copy in `published`/history, of which the last
    `keep` stay. Nothing is written where the tables are equal to the published ones. Raises ValueError for keep below
    1, WarehouseTooNewError where the standing publication is of a newer version, and what connect() raises for the
    warehouse; until the last step the previous publication stands untouched.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; expected at least 1, the publication itself")
    target = published / FILE_NAME
    refuse_newer(target)
    (published / "history").mkdir(parents=True, exist_ok=True)
    for leftover in published.glob(f".{FILE_NAME}.*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)
    with connect(warehouse, read_only=True) as connection:
        wanted = fingerprint(connection)
    standing = published_fingerprint(target)
    stale_wal = target.with_name(target.name + ".wal")
    if standing == wanted and not stale_wal.exists():
        newest = next(iter(copies(target)), None)
        # A publication that was killed before its copy was kept, or whose copy was damaged since.
        kept = None if newest is not None and same_bytes(target, newest) else keep_copy(target, keep, label)
        return Published(target, False, wanted, kept, False)
    temporary = published / f".{FILE_NAME}.{os.getpid()}"
    try:
        _write(warehouse, temporary)
    except duckdb.Error as error:
        temporary.unlink(missing_ok=True)
        if is_disk_full(error):
            raise DiskFullError(disk_full(published)) from error
        if is_damage(error):
            # The file that is written is new; what can be damaged is what it is made from.
            raise WarehouseDamagedError(damaged_words(warehouse, str(error)), warehouse) from error
        raise
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if published_fingerprint(temporary) != wanted:
        temporary.unlink(missing_ok=True)
        raise RuntimeError(
            f"{temporary}: the copy does not equal the warehouse, so it was not published and {target} stands. Check"
            " the disk for space and faults, then run again."
        )
    existed = target.exists() or stale_wal.exists()
    # A .wal beside another file than its own blocks opening; it goes first.
    stale_wal.unlink(missing_ok=True)
    if target.is_dir():
        set_aside(target)
    like_its_folder(temporary)
    temporary.replace(target)
    sync(published)
    history = keep_copy(target, keep, label or wanted[:12])
    return Published(target, standing != wanted, wanted, history, existed and (standing is None or standing == wanted))


def fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """SHA-256 over the published tables' definitions, comments, row counts and sums of row hashes, and over the views.

    The order of rows does not count, nor what stands in `runs`. Comparable within one version of DuckDB.
    """
    digest = hashlib.sha256()
    every = connection.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
        " WHERE schema_name = 'main' AND database_name = current_database() ORDER BY table_name, column_index"
    ).fetchall()
    columns_of = {table: [row[1:] for row in rows] for table, rows in groupby(every, key=itemgetter(0))}
    for table in published_tables(connection):
        digest.update(table.encode())
        columns = columns_of[table]
        digest.update(repr(columns).encode())
        if table in LEFT_OUT_OF_COMPARISON:
            continue
        # Equal rows cancel in the xor and not in the sum.
        names = ", ".join(f'"{name}"' for name, _, _ in columns)
        rows = connection.execute(
            f'SELECT count(*), sum(hash), bit_xor(hash) FROM (SELECT hash({names}) AS hash FROM main."{table}")'
        ).fetchall()
        digest.update(repr(rows).encode())
    views = connection.execute(
        "SELECT view_name, sql, comment FROM duckdb_views()"
        " WHERE schema_name = 'main' AND NOT internal AND database_name = current_database() ORDER BY view_name"
    ).fetchall()
    digest.update(repr(views).encode())
    return digest.hexdigest()


def published_fingerprint(path: Path) -> str | None:
    """The fingerprint of a published file; None where it is missing or cannot be read."""
    if not path.is_file():
        return None
    try:
        with connect(path, read_only=True) as connection:
            return fingerprint(connection)
    except (duckdb.Error, RuntimeError, UnicodeDecodeError):
        return None


def _write(warehouse: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with connect_nowhere(threads=threads_for(warehouse)) as connection:
        # Where sorting needs more than memory, it goes beside the file: there must be room for that anyway.
        connection.execute(f"SET temp_directory = '{_quoted(target)}.sorting'")
        connection.execute(f"ATTACH '{_quoted(warehouse)}' AS source (READ_ONLY)")
        connection.execute(f"ATTACH '{_quoted(target)}' AS publication (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE publication")
        with transaction(connection):
            connection.execute(published_part(sql_text("schema")))
            for table in published_tables(connection, "source"):
                order = ROW_ORDER.get(table, "ALL")
                connection.execute(
                    f'INSERT INTO publication.main."{table}" BY NAME'
                    f' SELECT * FROM source.main."{table}" ORDER BY {order}'
                )
            describe(connection)
        connection.execute("CHECKPOINT publication")
        connection.execute("USE memory")
        connection.execute("DETACH publication")
    target.with_name(target.name + ".wal").unlink(missing_ok=True)
    sync(target)


def published_part(schema: str) -> str:
    """The statements of schema.sql that readers' tables need: without keys, and without the pipeline's own."""
    keyless = re.sub(r",\s*PRIMARY KEY \([^)]*\)", "", re.sub(r"--[^\n]*", "", schema))
    statements = [part.strip() for part in keyless.replace(" PRIMARY KEY", " NOT NULL").split(";")]
    return ";\n".join(part for part in statements if part and "internal" not in part.split("(")[0]) + ";"


def keep_copy(target: Path, keep: int, label: str = "") -> Path:
    """Keep a copy of the published file `target` in the folder history beside it, and the last `keep` of all copies."""
    history, label = target.parent / "history", label or "kept"
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", label)
    numbers = [int(match.group(1)) for path in history.glob("*.duckdb") if (match := re.match(r"(\d{6})_", path.name))]
    copy = history / f"{max(numbers, default=0) + 1:06d}_{name}.duckdb"
    # A copy and not a link: whatever happens to the file that readers open, what was published stays as it was.
    temporary = history / f".{copy.name}.{os.getpid()}"
    shutil.copyfile(target, temporary)
    like_its_folder(temporary)
    sync(temporary)
    temporary.replace(copy)
    for old in copies(target)[keep:]:
        old.unlink()
    sync(history)
    return copy


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
