"""Making sure that what was written is on the disk, and not only on its way there; and telling a disk without room."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

# As the system, SQLite and DuckDB say it; what fails later in the same file often says only the text again.
_NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded|disk is full|max_temp_directory_size", re.I)


# What SQLite says where it cannot even grow the index of its log; on a disk with room it means something else.
_PERHAPS_NO_ROOM = re.compile(r"disk I/O error|unable to open database file", re.I)
_NEARLY_NOTHING = 16 * 1024 * 1024


class DiskFullError(RuntimeError):
    """There is no room for what had to be written; the message names the place and the remedy."""


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder (after a rename), to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def like_its_folder(path: Path) -> None:
    """Let a file be read by whoever may read its folder: a publication is written for its owner, then opened."""
    path.chmod(0o600 | path.parent.stat().st_mode & 0o044)


def is_disk_full(error: BaseException | str, folder: Path | None = None) -> bool:
    """Whether a lack of room is behind an error (or behind what it came from), or what a message tells.

    With `folder`, errors that have several causes count as well where its disk has next to no room.
    """
    if folder is not None and _PERHAPS_NO_ROOM.search(str(error)):
        try:
            if shutil.disk_usage(folder).free < _NEARLY_NOTHING:
                return True
        except OSError:
            pass
    seen: BaseException | None = error if isinstance(error, BaseException) else None
    if seen is None:
        return bool(_NO_ROOM.search(str(error)))
    while seen is not None:
        if isinstance(seen, DiskFullError):
            return True
        if isinstance(seen, OSError) and seen.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if _NO_ROOM.search(str(seen)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def disk_full(folder: Path) -> str:
    """What to tell people when there is no room on the disk that holds `folder`."""
    try:
        usage = shutil.disk_usage(folder)
        room = f"{usage.free / 1e6:,.0f} MB of {usage.total / 1e6:,.0f} MB are free"
    except OSError:
        room = "its free space cannot be told"
    return (
        f"{folder}: the disk is full ({room}). Free space there, then run again. Nothing that was received is lost, and"
        " the last publication stands."
    )
