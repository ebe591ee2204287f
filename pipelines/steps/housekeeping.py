"""Keep house: when a cleaning is due, do it, and remember what went and how large everything is.

What goes and why is in pipelines/housekeeping.py. The memory (state/housekeeping.json) also holds one size a day, from
which disk.py tells how long the disk will last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import disk, housekeeping
from pipelines.home import Home, write_atomically
from pipelines.steps.intake import readings_there
from pipelines.steps.work import Outcome, Work, log, utc

if TYPE_CHECKING:
    import dagster as dg

# Days whose sizes are remembered.
SIZES_KEPT = 400


def memory_file(home: Home) -> Path:
    """What is remembered of cleanings."""
    return home.state / "housekeeping.json"


def remembered(home: Home) -> dict[str, Any]:
    """The last cleaning (`at`, `removed`, `parts`) and one size a day (`sizes`); empty before the first."""
    try:
        return dict(json.loads(memory_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def keep_house(work: Work, instance: dg.DagsterInstance, now: datetime | None = None) -> Outcome:
    """Clean where the last cleaning is COLOCAST_HOUSEKEEPING_HOURS ago, and say what there is.

    Summary: removed (what, count, bytes, why), freed bytes, bytes by part of the home, what the disk has left. Whatever
    cannot be cleaned is said in the log and left for the next time: cleaning never fails a run.
    """
    moment = utc(now or datetime.now(UTC))
    before = remembered(work.home)
    due = not before or moment >= _when(before) + timedelta(hours=work.settings.housekeeping_hours)
    if due:
        removed = [asdict(one) for one in _clean(work, instance, moment)]
        parts = sizes(work.home)
        days = {one["day"]: one["bytes"] for one in before.get("sizes", [])}
        days[moment.date().isoformat()] = sum(parts.values())
        kept = [{"day": day, "bytes": size} for day, size in sorted(days.items())[-SIZES_KEPT:]]
        before = {"at": moment.isoformat(), "removed": removed, "parts": parts, "sizes": kept}
        write_atomically(memory_file(work.home), json.dumps(before, indent=1))
    room = disk.look(work.settings, work.inbox)
    freed = sum(one["bytes"] for one in before["removed"])
    summary = {
        "removed": before["removed"],
        "freed bytes": freed,
        "cleaned at": before["at"],
        **{f"{name}, bytes": size for name, size in before["parts"].items()},
        "free on disk, bytes": room.free,
        "needed by a run, bytes": room.needed,
        "room": room.words,
    }
    return Outcome("housekeeping", due, summary)


def sizes(home: Home) -> dict[str, int]:
    """Bytes by part of the home, without the inbox, which is a person's."""
    parts = {
        "archive": home.archive,
        "warehouse": home.warehouse,
        "publication": home.published,
        "history": home.history,
        "page": home.page.parent,
        "state": home.state,
        "dagster": home.dagster,
        "outbox": home.outbox,
    }
    return {name: housekeeping.size_of(path) for name, path in parts.items()}


def _when(memory: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(memory["at"])
    except (KeyError, TypeError, ValueError):
        return datetime.min


def _clean(work: Work, instance: dg.DagsterInstance, now: datetime) -> Iterator[housekeeping.Removed]:
    """Every bound in turn; yields those that took something away."""
    settings, home = work.settings, work.home
    bounds = housekeeping.RunBounds(
        settings.unchanged_run_days, settings.failed_run_days, settings.changed_run_days, settings.keep_runs
    )
    from_bytes = settings.shrink_from_mib * housekeeping.MIB
    cleanings = (
        lambda: housekeeping.remove_leftovers(home),
        lambda: housekeeping.remove_damaged(home, settings.damaged_days, now),
        lambda: housekeeping.bound_history(home.history, settings.history_mib),
        lambda: _drop_unread(work, now),
        lambda: housekeeping.shorten_messages(home.outbox, settings.message_days, now),
        lambda: housekeeping.remove_runs(instance, _runs_that_published(work), bounds, now),
        lambda: _shrink_warehouse(work),
        *(
            lambda path=path: housekeeping.shrink_sqlite(path, from_bytes)
            for path in (*housekeeping.dagster_databases(home.dagster), home.outbox, home.state / "filings.sqlite")
            if path.is_file()
        ),
    )
    for clean in cleanings:
        try:
            removed = clean()
        except Exception as error:  # Of any kind: what cannot be cleaned today must not keep reports from being read.
            log.warning("A part of the cleaning failed and is tried again next time: %s", error)
            continue
        if removed.count:
            log.info("Removed %s: %d, %.1f MiB (%s)", removed.what, removed.count, removed.bytes / 2**20, removed.why)
            yield removed


def _runs_that_published(work: Work) -> set[str]:
    """Ids of runs that changed the publication: those that have a row in `runs`."""
    from assets.warehouse.database import connect

    if not work.home.warehouse.is_file():
        return set()
    with connect(work.home.warehouse, read_only=True) as connection:
        return {row[0] for row in connection.execute("SELECT run_id FROM runs WHERE outcome = 'published'").fetchall()}


def _drop_unread(work: Work, now: datetime) -> housekeeping.Removed:
    settings, home = work.settings, work.home
    # Where the whole archive is within the bound, so is its unreadable part, and nothing need be opened.
    if housekeeping.size_of(home.archive) <= settings.unread_mib * housekeeping.MIB:
        return housekeeping.Removed("bytes of unreadable documents", 0, 0, f"COLOCAST_UNREAD_MIB={settings.unread_mib}")
    return housekeeping.drop_unread(
        readings_there(work), _ever_accepted(home), settings.unread_days, settings.unread_mib, now
    )


def _ever_accepted(home: Home) -> set[str]:
    """Documents that gave a figure to any publication that is still there."""
    from assets.warehouse.database import connect

    found: set[str] = set()
    for path in (home.published, *sorted(home.history.glob("*.duckdb"))):
        if path.is_file():
            with connect(path, read_only=True) as connection:
                rows = connection.execute("SELECT document_id FROM documents WHERE rows_accepted > 0").fetchall()
            found |= {row[0] for row in rows}
    return found


def _shrink_warehouse(work: Work) -> housekeeping.Removed:
    """Make the file smaller, and let the steps know that it is still the one they left."""
    memory = work.memory()
    removed = housekeeping.shrink_warehouse(work.home.warehouse, work.settings.shrink_from_mib * housekeeping.MIB)
    if removed.count and memory.stages:
        memory.save()
    return removed
