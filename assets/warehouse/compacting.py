"""Making the warehouse file small again: DuckDB uses freed blocks again, and never gives them back to the disk.

Belongs here: how much of a file is free, and a copy without it put in place by rename. Not here: when that is worth it
(pipelines/housekeeping.py).
"""

from __future__ import annotations

import os
from pathlib import Path

from assets.warehouse.database import connect, connect_nowhere
from assets.warehouse.durable import sync
from assets.warehouse.publishing import fingerprint


def free_bytes(database: Path) -> tuple[int, int]:
    """(bytes of blocks that hold nothing, bytes of all blocks) of a closed DuckDB file."""
    with connect(database, read_only=True) as connection:
        row = connection.execute("SELECT block_size, free_blocks, total_blocks FROM pragma_database_size()").fetchone()
    assert row is not None
    return int(row[0]) * int(row[1]), int(row[0]) * int(row[2])


def compact(database: Path) -> int:
    """Copy a closed DuckDB file without its free blocks and put the copy in place; returns the bytes gained.

    Needs room for the copy, and nobody else who writes. Raises RuntimeError where the copy does not equal the file,
    which then stays; the copy is on the disk before it takes its place.
    """
    fresh = database.with_name(f".{database.name}.compact-{os.getpid()}")
    before = database.stat().st_size
    try:
        with connect_nowhere() as connection:
            connection.execute(f"ATTACH '{_quoted(database)}' AS crowded (READ_ONLY)")
            connection.execute(f"ATTACH '{_quoted(fresh)}' AS fresh")
            connection.execute("COPY FROM DATABASE crowded TO fresh")
            connection.execute("CHECKPOINT fresh")
        with connect(database, read_only=True) as old, connect(fresh, read_only=True) as new:
            if fingerprint(old) != fingerprint(new):
                raise RuntimeError(f"{fresh}: the copy does not equal {database}, which stays as it is.")
        sync(fresh)
        fresh.chmod(database.stat().st_mode & 0o777)
        fresh.replace(database)
        database.with_name(database.name + ".wal").unlink(missing_ok=True)
        sync(database.parent)
    finally:
        fresh.unlink(missing_ok=True)
        fresh.with_name(fresh.name + ".wal").unlink(missing_ok=True)
    return before - database.stat().st_size


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
