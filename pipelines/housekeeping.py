"""Keeping house: whatever grows by itself in COLOCAST_HOME has its bound here, and what passes it is removed.

Belongs here: what goes, why, and how many bytes that gave back; plain functions, each for one kind of thing. Not here:
when a cleaning is due and what is remembered of it (steps/housekeeping.py), how much room a run needs (disk.py). What
is kept, and how long, stands in docs/operations.md.

Everything here runs while the caller holds run.lock, so that what a run leaves half-written belongs to a dead one.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.home import LOGGER, Home

if TYPE_CHECKING:
    import dagster as dg

    from assets.reports.reading import ReadResult
    from assets.warehouse.archive import Archived

log = logging.getLogger(LOGGER)

MIB = 1024 * 1024
# Left behind by a run that was killed. Whoever holds run.lock may remove them.
RUN_LEFTOVERS = (
    "archive/incoming-*",
    "archive/receipt-*",
    "archive/??/receipt-*",
    ".warehouse.duckdb.*",
    "warehouse.duckdb.tmp",
    "published/.occupancy.duckdb.*",
    "published/history/.[0-9]*",
    "reports/.index.html.*",
    "state/.[!.]*",
    "state/*/.[!.]*",
    "state/not-received-*",
)
# Written by others than runs as well, within seconds; older ones are left behind by a killed process.
OTHER_LEFTOVERS = ("dagster/.dagster.yaml.*", "inbox/**/.fetching-*.part")
OTHER_LEFTOVERS_S = 3600.0
# Folders in which files are set aside as damaged, each with the moment in its name (assets/warehouse/aside.py).
WITH_DAMAGED = ("", "archive/", "archive/??/", "published/", "published/history/", "state/**/", "dagster/storage/**/")
_DAMAGED_AT = re.compile(r"\.damaged-(\d{8}T\d{6})")
# Whatever their age: the last run that made every asset, and what led to it.
NEWEST_RUNS = 5
# Of a file; above, it is worth the copy that makes it smaller.
FREE_SHARE = 0.5
_RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PARTITION_TAGS = ("dagster/partition", "dagster/asset_partition_range_start")


@dataclass(frozen=True)
class Removed:
    """What one bound took away: what it is, how many of it, bytes given back to the disk, and the bound in words."""

    what: str
    count: int
    bytes: int
    why: str


@dataclass(frozen=True)
class RunBounds:
    """How long Dagster keeps finished runs, in days, and how many at most."""

    unchanged_days: int
    failed_days: int
    changed_days: int
    at_most: int


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 where there is none. Links count nothing."""
    if not path.is_dir() or path.is_symlink():
        return 0 if path.is_symlink() or not path.exists() else path.stat().st_size
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            try:
                info = (Path(place) / name).lstat()
            except OSError:
                continue
            total += info.st_size
    return total


def remove_leftovers(home: Home, now_s: float | None = None) -> Removed:
    """Remove what killed runs, and other processes that were killed, left half-written."""
    moment = time.time() if now_s is None else now_s
    found = [path for pattern in RUN_LEFTOVERS for path in home.root.glob(pattern)]
    found += [
        path
        for pattern in OTHER_LEFTOVERS
        for path in home.root.glob(pattern)
        if moment - path.lstat().st_mtime > OTHER_LEFTOVERS_S
    ]
    return Removed("leftovers of killed runs", len(found), _remove(found), "no run is at work on them")


def remove_damaged(home: Home, days: int, now: datetime) -> Removed:
    """Remove what was set aside as damaged more than `days` ago (setting aside itself keeps the newest few of each)."""
    gone = []
    for folder in WITH_DAMAGED:
        for path in home.root.glob(f"{folder}*.damaged-*"):
            at = _DAMAGED_AT.search(path.name)
            if at and datetime.strptime(at[1], "%Y%m%dT%H%M%S") < now - timedelta(days=days):
                gone.append(path)
    return Removed("damaged files set aside", len(gone), _remove(gone), f"{days} days")


def bound_history(history: Path, mib: int) -> Removed:
    """Remove the oldest earlier publications while all together take more than `mib`; the newest always stays."""
    from assets.warehouse.mending import copies_in

    copies = copies_in(history)[::-1]
    total = sum(path.stat().st_size for path in copies)
    gone: list[Path] = []
    for path in copies[:-1]:
        if total <= mib * MIB:
            break
        total -= path.stat().st_size
        gone.append(path)
    return Removed("earlier publications", len(gone), _remove(gone), f"COLOCAST_HISTORY_MIB={mib}")


def drop_unread(
    documents: Sequence[tuple[Archived, ReadResult]], accepted: set[str], days: int, mib: int, now: datetime
) -> Removed:
    """Drop the bytes of documents that nobody could read: the largest first, while all of them take more than `mib`.

    documents: each with its reading; `accepted`: document_ids that any kept publication has a figure of, which are
    never touched. None younger than `days` goes. `now` is UTC, naive.
    """
    from assets.warehouse.archive import drop_bytes

    unread = [
        (one, reading)
        for one, reading in documents
        if reading.status != "read" and one.dropped is None and one.document_id not in accepted
    ]
    total, count, freed = sum(one.bytes for one, _ in unread), 0, 0
    for one, reading in sorted(unread, key=lambda pair: (-pair[0].bytes, pair[0].received_at, pair[0].document_id)):
        if total <= mib * MIB:
            break
        if one.received_at > now - timedelta(days=days):
            continue
        log.info("Dropping the bytes of %s (%s: %s)", one.file_name, reading.status, reading.reason)
        gone = drop_bytes(one, reading.media_type, reading.status, reading.reason, now)
        total, count, freed = total - gone, count + 1, freed + gone
    return Removed("bytes of unreadable documents", count, freed, f"{days} days, COLOCAST_UNREAD_MIB={mib}")


def shorten_messages(outbox: Path, days: int, now: datetime) -> Removed:
    """Empty the texts of messages that were taken more than `days` ago; that and when they were taken stays."""
    from assets.delivery.alerts.outbox import open_outbox

    if not outbox.is_file():
        return Removed("texts of told alerts", 0, 0, f"{days} days")
    with open_outbox(outbox) as opened:
        count = opened.forget_texts(now - timedelta(days=days))
    return Removed("texts of told alerts", count, 0, f"{days} days")


def remove_runs(instance: dg.DagsterInstance, changed: set[str], bounds: RunBounds, now: datetime) -> Removed:
    """Delete finished runs of Dagster that are past their bound, with events, checks, logs and files.

    changed: ids of runs that published something. Never deleted: a run that is queued or at work, the newest few
    finished and the newest few successful ones, and runs of partitions (frozen vintages), whose events say that a
    partition is there.
    """
    import dagster as dg

    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    records = instance.get_run_records(dg.RunsFilter(statuses=finished), order_by="create_timestamp", ascending=False)
    gone = runs_past_bounds(records, changed, bounds, now)
    for run_id in gone:
        instance.delete_run(run_id)
    _forget_gone(instance)
    freed = _remove(_files_without_run(instance))
    return Removed(
        "runs of Dagster",
        len(gone),
        freed,
        f"{bounds.unchanged_days}, {bounds.failed_days}, {bounds.changed_days} days (unchanged, failed, published), "
        f"{bounds.at_most} runs",
    )


def runs_past_bounds(records: Sequence[Any], changed: set[str], bounds: RunBounds, now: datetime) -> list[str]:
    """Ids of the runs to delete, from the records of finished runs, the newest first."""
    days = {"unchanged": bounds.unchanged_days, "failed": bounds.failed_days, "changed": bounds.changed_days}
    kinds = {record.dagster_run.run_id: _kind(record.dagster_run, changed) for record in records}
    successful = [one.dagster_run.run_id for one in records if one.dagster_run.is_success]
    safe = {one.dagster_run.run_id for one in records[:NEWEST_RUNS]} | set(successful[:NEWEST_RUNS])
    safe |= {one.dagster_run.run_id for one in records if any(tag in one.dagster_run.tags for tag in _PARTITION_TAGS)}
    mortal = [one for one in records if one.dagster_run.run_id not in safe]
    gone = [
        one.dagster_run.run_id
        for one in mortal
        if _utc(one.create_timestamp) < now - timedelta(days=days[kinds[one.dagster_run.run_id]])
    ]
    kept = [one.dagster_run.run_id for one in mortal if one.dagster_run.run_id not in set(gone)]
    over = len(records) - len(gone) - bounds.at_most
    # Oldest first within a kind; what was published last of all.
    order = ("unchanged", "failed", "changed")
    ranked = [run_id for kind in order for run_id in reversed(kept) if kinds[run_id] == kind]
    return gone + ranked[: max(0, over)]


def _kind(run: Any, changed: set[str]) -> str:
    if not run.is_success:
        return "failed"
    return "changed" if run.run_id in changed else "unchanged"


def _forget_gone(instance: dg.DagsterInstance) -> None:
    """Delete rows of runs that are gone. Dagster leaves behind the results of checks always, tags where SQLite does not
    look after foreign keys, and events where it was killed in between.
    """
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
    from dagster._core.storage.runs.schema import RunTagsTable
    from sqlalchemy import select

    for storage, opened, table in (
        (instance.event_log_storage, "index_connection", SqlEventLogStorageTable),
        (instance.event_log_storage, "index_connection", AssetCheckExecutionsTable),
        (instance.run_storage, "connect", RunTagsTable),
    ):
        if not hasattr(storage, opened):
            continue
        with getattr(storage, opened)() as connection:
            named = {row[0] for row in connection.execute(select(table.c.run_id).distinct())}
        # Asked after the rows: a run that starts meanwhile is known by now.
        gone = {name for name in named if _RUN_ID.fullmatch(name or "")} - set(instance.run_storage.get_run_ids())
        for run_id in sorted(gone):
            if table is SqlEventLogStorageTable:
                instance.event_log_storage.delete_events(run_id)
            else:
                with getattr(storage, opened)() as connection:
                    connection.execute(table.delete().where(table.c.run_id == run_id))


def _files_without_run(instance: dg.DagsterInstance) -> list[Path]:
    """Files and folders that Dagster keeps for a run (SQLite: its events; output of its steps) whose run is gone."""
    storage = Path(instance.root_directory) / "storage"
    found = [
        *(path for path in (storage / "history" / "runs").glob("*.db*") if _RUN_ID.match(path.name)),
        *(path for path in storage.glob("*") if _RUN_ID.fullmatch(path.name)),
    ]
    known = set(instance.run_storage.get_run_ids()) if found else set()
    return [path for path in found if path.name[:36] not in known]


def dagster_databases(dagster_home: Path) -> Iterator[Path]:
    """The SQLite files of Dagster that all runs share; none where it keeps its events in Postgres."""
    storage = dagster_home / "storage"
    for name in ("history/runs/index.db", "history/runs.db", "schedules/schedules.db"):
        if (storage / name).is_file():
            yield storage / name


def shrink_sqlite(path: Path, from_bytes: int, share: float = FREE_SHARE) -> Removed:
    """Give the free pages of an SQLite file back to the disk where they are more than `share` of a large file.

    A file that somebody is writing is left for the next time.
    """
    gained, count, before = 0, 0, path.stat().st_size
    try:
        with closing(sqlite3.connect(path, timeout=10.0, isolation_level=None)) as connection:
            pages, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
            )
            if before >= from_bytes and free > share * pages:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                count = 1
        gained = before - path.stat().st_size if count else 0
    except sqlite3.Error as error:
        log.warning("%s was not made smaller (%s); tried again at the next cleaning", path, error)
        count = 0
    return Removed(f"free pages of {path.name}", count, gained, f"more than {share:.0%} of the file was free")


def shrink_warehouse(warehouse: Path, from_bytes: int, share: float = FREE_SHARE) -> Removed:
    """Copy the warehouse without its free blocks where they are more than `share` of a large file."""
    from assets.warehouse.compacting import compact, free_bytes

    gained = 0
    if warehouse.is_file() and warehouse.stat().st_size >= from_bytes:
        free, total = free_bytes(warehouse)
        if free > share * total:
            gained = compact(warehouse)
    return Removed(
        "free blocks of the warehouse", int(gained > 0), gained, f"more than {share:.0%} of the file was free"
    )


def _remove(paths: Iterable[Path]) -> int:
    """Remove files and whole folders; returns their bytes. What vanishes meanwhile, or cannot go, counts nothing."""
    freed = 0
    for path in paths:
        size = size_of(path)
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s cannot be removed: %s", path, error.strerror or error)
            continue
        freed += size
    return freed


def _utc(moment: datetime) -> datetime:
    """Dagster gives aware moments; here all are UTC and naive."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
