"""Whether the disk has room: what a run needs, what is free, how long that lasts at the pace so far.

Belongs here: measuring, the words of it, and declining a run that cannot fit. Not here: making room (housekeeping.py)
and telling a person (disk_sensor.py; `colocast status`).

A run writes beside what is there before anything is replaced: the publication three times (sorting, the new file, its
copy in history/), the warehouse once more at most (a rebuild, or making it smaller), and the reports that are new.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.home import LOGGER

if TYPE_CHECKING:
    from pipelines.settings import Settings

log = logging.getLogger(LOGGER)

MIB = 1024 * 1024
# Dagster's record of one run, the page, readings: measured at 3 to 6 MiB on the bundled reports.
RUN_RECORD = 16 * MIB
# Files that a run makes at most, apart from two an archived report and one a reading.
RUN_FILES = 300
OK, WARN, FULL = "ok", "warn", "full"


class NoRoomError(Exception):
    """The disk lacks what a run needs; the message says how much, and what to do. Nothing was written."""


@dataclass(frozen=True)
class Room:
    """What the disk of COLOCAST_HOME has, in bytes. `days`: until a run no longer fits at the pace so far, None where
    nothing grows or nothing is known yet; `inodes`: files that can still be made, None where the disk does not count
    them. `words` says it all to a person.
    """

    level: str
    free: int
    needed: int
    inodes: int | None
    days: float | None
    words: str


def look(settings: Settings, inbox: Path | None = None) -> Room:
    """Measure. `inbox`: the folder that the run takes its reports from, where it is not the home's."""
    home = settings.layout
    seen = os.statvfs(home.root if home.root.is_dir() else _existing(home.root))
    free = seen.f_bavail * seen.f_frsize
    inodes = int(seen.f_favail) if seen.f_files else None
    new_files, new_bytes = _new_reports(inbox or home.inbox, home.state / "stages.json")
    needed = (
        _bytes(home.warehouse) + 3 * _bytes(home.published) + new_bytes + RUN_RECORD + settings.disk_reserve_mib * MIB
    )
    needed_inodes = RUN_FILES + 3 * new_files
    pace = pace_of(home.state / "housekeeping.json")
    days = max(0.0, (free - needed) / pace) if pace > 0 else None
    short_of_inodes = inodes is not None and inodes < needed_inodes
    if free < needed or short_of_inodes:
        level = FULL
    elif (
        free < needed * settings.disk_warn_runs
        or (days is not None and days < settings.disk_warn_days)
        or (inodes is not None and inodes < needed_inodes * settings.disk_warn_runs)
    ):
        level = WARN
    else:
        level = OK
    words = f"{_mib(free)} free, a run needs {_mib(needed)}"
    if inodes is not None and (short_of_inodes or inodes < needed_inodes * settings.disk_warn_runs):
        words += f"; {inodes:,} more files can be made (inodes), a run makes up to {needed_inodes:,}"
    if days is not None:
        words += f"; grows {_mib(pace)} a day, which lasts {days:,.0f} days"
    return Room(level, free, needed, inodes, days, words)


def require(settings: Settings, inbox: Path | None = None, warn: Callable[[str], None] = log.warning) -> Room:
    """Measure before a run; a shortage is warned of. Raises NoRoomError where the run cannot fit and
    COLOCAST_DISK_CHECK is on. The caller holds run.lock: where it cannot fit, leftovers of dead runs go first.
    """
    from pipelines.housekeeping import remove_leftovers

    room = look(settings, inbox)
    if room.level == FULL and remove_leftovers(settings.layout).count:
        room = look(settings, inbox)
    if room.level == FULL and settings.disk_check:
        raise NoRoomError(sentence(settings, room))
    if room.level != OK:
        warn(sentence(settings, room))
    return room


def sentence(settings: Settings, room: Room) -> str:
    """A shortage in words: where, how much, what to do."""
    remedy = (
        "Make room on that disk, or let Colocast keep less: COLOCAST_HISTORY_MIB, COLOCAST_KEEP_PUBLISHED, "
        "COLOCAST_KEEP_RUNS (docs/operations.md, What is kept, and how long)."
    )
    if room.level == FULL:
        return (
            f"The disk of COLOCAST_HOME {settings.home} has no room for a run: {room.words}. No run was made, and the "
            f"last publication stands. {remedy} COLOCAST_DISK_CHECK=false tries all the same."
        )
    return f"The disk of COLOCAST_HOME {settings.home} gets full: {room.words}. {remedy}"


def pace_of(memory: Path, window: int = 60) -> float:
    """Bytes a day by which the home grew over the last `window` remembered days (least squares); 0 where fewer than
    three days are known.
    """
    try:
        sizes = json.loads(memory.read_text(encoding="utf-8"))["sizes"][-window:]
        points = [(date.fromisoformat(one["day"]).toordinal(), int(one["bytes"])) for one in sizes]
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
    if len(points) < 3:
        return 0.0
    mean_day = sum(day for day, _ in points) / len(points)
    mean_size = sum(size for _, size in points) / len(points)
    spread = sum((day - mean_day) ** 2 for day, _ in points)
    return sum((day - mean_day) * (size - mean_size) for day, size in points) / spread if spread else 0.0


def _new_reports(inbox: Path, last_run: Path) -> tuple[int, int]:
    """(files, bytes) that changed since the last run, and the largest file once more: each is copied to be hashed."""
    since = last_run.stat().st_mtime if last_run.is_file() else 0.0
    count = total = largest = 0
    for place, _, names in os.walk(inbox):
        for name in names:
            try:
                info = (Path(place) / name).lstat()
            except OSError:
                continue
            largest = max(largest, info.st_size)
            if max(info.st_mtime, info.st_ctime) > since:
                count, total = count + 1, total + info.st_size
    return count, total + largest


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.is_dir())


def _mib(count: float) -> str:
    return f"{count / MIB:,.0f} MiB" if count < 10_240 * MIB else f"{count / MIB / 1024:,.1f} GiB"
