"""What the lake keeps: which snapshots stay open to time travel, and the files that none of them names.

Runs under the writer's lock, after a publication. A publication stands whatever fails here; that is told in the log.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from assets.warehouse.lake.address import LakeAddress, is_remote
from assets.warehouse.lake.connecting import LAKE, data_path, explained, metadata

# A reader who has begun needs its files for as long as a query may take; a day is more than any limit allows.
GRACE = timedelta(days=1)

log = logging.getLogger("colocast")


def tidy(connection: duckdb.DuckDBPyConnection, address: LakeAddress, keep: int, grace: timedelta = GRACE) -> None:
    """Expire snapshots beyond `keep` publications a writer (the last of each vintage stays), and delete files that no
    snapshot has named for `grace`. Never raises for a fault of the lake.
    """
    try:
        with explained(address):
            _expire(connection, keep)
            older = f"older_than => now() - INTERVAL '{int(grace.total_seconds())} seconds'"
            connection.execute(f"CALL ducklake_cleanup_old_files('{LAKE}', {older})")
            _delete_orphans(connection, older, grace)
    except (RuntimeError, OSError) as error:
        log.warning("The lake was published to, and not tidied: %s", error)


def snapshots_to_expire(snapshots: Iterable[tuple[int, str | None]], keep: int) -> list[int]:
    """Of all snapshots (id, extra_info as JSON), those that may go: every one but the newest, the last `keep` of each
    writer and the last of each writer's vintages.
    """
    newest_first = sorted(snapshots, key=lambda one: -one[0])
    kept: set[int] = {number for number, _ in newest_first[:1]}
    count: dict[str, int] = {}
    vintages: set[tuple[str, str]] = set()
    for number, extra in newest_first:
        about = about_of(extra)
        writer, vintage = str(about.get("writer", "")), str(about.get("vintage", ""))
        if not writer:
            continue
        count[writer] = count.get(writer, 0) + 1
        if count[writer] <= keep or (vintage and (writer, vintage) not in vintages):
            kept.add(number)
        vintages.add((writer, vintage))
    return sorted(number for number, _ in newest_first if number not in kept)


def about_of(extra: str | None) -> dict[str, Any]:
    """What a snapshot says of itself; empty where another program made it."""
    try:
        found = json.loads(extra or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _expire(connection: duckdb.DuckDBPyConnection, keep: int) -> None:
    snapshots = connection.execute(f"SELECT snapshot_id, commit_extra_info FROM {LAKE}.snapshots()").fetchall()
    if numbers := snapshots_to_expire(snapshots, keep):
        connection.execute(f"CALL ducklake_expire_snapshots('{LAKE}', versions => {numbers})")


def _delete_orphans(connection: duckdb.DuckDBPyConnection, older: str, grace: timedelta) -> None:
    """Delete what a killed writer left behind.

    ducklake_delete_orphaned_files has taken live files for orphans where two spellings of a place met (duckdb/ducklake
    issues 815 and 1105). Names are random, so a name that the catalogue knows is never deleted, wherever it lies; in a
    folder the files are found and deleted here.
    """
    known = {
        str(path).rsplit("/", 1)[-1]
        for (path,) in connection.execute(
            f"SELECT path FROM {metadata('ducklake_data_file')} UNION ALL"
            f" SELECT path FROM {metadata('ducklake_delete_file')} UNION ALL"
            f" SELECT path FROM {metadata('ducklake_files_scheduled_for_deletion')}"
        ).fetchall()
    }
    data = data_path(connection)
    if is_remote(data):
        found = connection.execute(
            f"CALL ducklake_delete_orphaned_files('{LAKE}', {older}, dry_run => true)"
        ).fetchall()
        if live := [row[0] for row in found if str(row[0]).rsplit("/", 1)[-1] in known]:
            log.warning("Files in use look like leftovers in %s (such as %s): none was deleted", data, live[0])
        elif found:
            connection.execute(f"CALL ducklake_delete_orphaned_files('{LAKE}', {older})")
        return
    now = datetime.now().timestamp()
    for path in Path(data).rglob("ducklake-*.parquet"):
        if path.name not in known and now - path.stat().st_mtime >= grace.total_seconds():
            path.unlink(missing_ok=True)
            _remove_if_empty(path.parent, Path(data))


def _remove_if_empty(folder: Path, top: Path) -> None:
    while folder != top and not any(os.scandir(folder)):
        folder.rmdir()
        folder = folder.parent
