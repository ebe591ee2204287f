"""Which files a run takes: the bundled reports and the inbox, or one folder alone.

What belongs here: walking folders, telling reports from temporary files, telling finished files from half-written ones.
Files are left where they are; the archive takes a copy (assets/warehouse/archive.py). Nothing here opens a file.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

TEMPORARY_ENDINGS = (
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".filepart",
    ".tmp",
    ".temp",
    ".swp",
    ".lock",
    "~",
)
TEMPORARY_STARTS = (".", "~$", "~")


@dataclass(frozen=True)
class Found:
    """A file to take. `name` is its path below the folder it was found in, with forward slashes."""

    path: Path
    name: str
    size: int
    changed_ns: int


@dataclass(frozen=True)
class Passed:
    """Something in the folder that is not taken. `final` is False where it may be taken later (half-written)."""

    name: str
    reason: str
    final: bool = True


@dataclass(frozen=True)
class Listing:
    """What a folder holds: files to take, things passed over, and entries that are no readable file at all."""

    found: tuple[Found, ...]
    passed: tuple[Passed, ...]
    broken: tuple[Passed, ...]


def is_temporary(name: str) -> bool:
    """Whether a file or folder name is one that programs give to unfinished or hidden things."""
    return name.startswith(TEMPORARY_STARTS) or name.lower().endswith(TEMPORARY_ENDINGS)


def list_folder(folder: Path, settle_s: float = 0.0, now_ns: int | None = None) -> Listing:
    """Walk a folder in name order, sub-folders included; symbolic links to folders are not followed.

    `settle_s` above 0 leaves files alone whose content or metadata changed within so many seconds: the change time
    (ctime) counts, since copying tools set the modification time back. Raises OSError when `folder` cannot be read.
    """
    moment = time.time_ns() if now_ns is None else now_ns
    found: list[Found] = []
    passed: list[Passed] = []
    broken: list[Passed] = []

    def refuse(error: OSError) -> None:
        if error.filename and Path(error.filename) == folder:
            raise error
        name = Path(error.filename or "?").relative_to(folder).as_posix() if error.filename else "?"
        broken.append(Passed(printable(name), f"the folder cannot be read: {error.strerror or error}"))

    for place, folders, files in os.walk(folder, onerror=refuse):
        here = Path(place)
        for name in sorted(folders):
            if is_temporary(name):
                passed.append(Passed(_name(here / name, folder), "hidden or temporary folder"))
            elif (here / name).is_symlink():
                broken.append(Passed(_name(here / name, folder), "a symbolic link to a folder; links are not followed"))
        folders[:] = sorted(name for name in folders if not is_temporary(name) and not (here / name).is_symlink())
        for name in sorted(files):
            path = here / name
            label = _name(path, folder)
            if is_temporary(name):
                passed.append(Passed(label, "hidden or temporary file"))
                continue
            try:
                info = path.stat()
            except FileNotFoundError:
                reason = "the link points to nothing" if path.is_symlink() else "the file vanished while it was listed"
                broken.append(Passed(label, reason))
                continue
            except OSError as error:
                broken.append(Passed(label, f"the file cannot be reached: {error.strerror or error}"))
                continue
            if not stat.S_ISREG(info.st_mode):
                broken.append(Passed(label, "not a regular file (a device, pipe or socket)"))
                continue
            changed = max(info.st_mtime_ns, info.st_ctime_ns)
            if settle_s > 0 and moment - changed < settle_s * 1e9:
                passed.append(
                    Passed(label, f"changed within the last {settle_s:.0f} s; may be half-written", final=False)
                )
                continue
            found.append(Found(path, label, info.st_size, changed))
    return Listing(tuple(found), tuple(passed), tuple(broken))


def printable(name: str) -> str:
    """A file name that can be stored and shown: bytes that are no UTF-8 and control characters are escaped."""
    decoded = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in decoded)


def _name(path: Path, folder: Path) -> str:
    return printable(path.relative_to(folder).as_posix())
