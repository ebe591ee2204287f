"""One writer at a time: a lock on COLOCAST_HOME/run.lock, held for the length of a run.

The kernel holds the lock (flock), so that a killed run frees it; the file's text only says who holds it. What does not
belong here: Dagster's pools, which order the runs that the daemon starts. This lock is what keeps those and the command
line from meeting in the warehouse.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

POLL_S = 0.2
_held: dict[str, int] = {}


class LockedError(Exception):
    """Another run holds the lock; the message says which and what to do."""


@contextmanager
def run_lock(path: Path, purpose: str, wait_s: float, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock at `path`, waiting up to `wait_s` seconds. Raises LockedError when it stays taken; `say` is told
    once for whom one waits.

    Within one process the lock may be taken again by whoever runs inside the holder (the command line holds it around
    the job, and the job's resource takes it as well).
    """
    key = str(path.absolute())
    if _held.get(key):
        _held[key] += 1
        try:
            yield
        finally:
            _held[key] -= 1
        return
    with path.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + wait_s
        waited = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise LockedError(
                        f"Another run is at work: {describe_holder(path)}. Waited {wait_s:.0f} s. "
                        "Wait until it has ended and try again; the last publication can be read meanwhile."
                    ) from None
                if say is not None and not waited:
                    say(f"Waiting up to {wait_s:.0f} s for another run to end: {describe_holder(path)}")
                waited = True
                time.sleep(POLL_S)
        _held[key] = 1
        try:
            file.seek(0)
            file.truncate()
            json.dump(
                {
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "purpose": purpose,
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                },
                file,
            )
            file.flush()
            yield
        finally:
            _held[key] = 0
            file.seek(0)
            file.truncate()
            file.flush()
            fcntl.flock(file, fcntl.LOCK_UN)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock right now; text left behind by a killed one does not count."""
    if not path.is_file():
        return False
    with path.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
    return False


def describe_holder(path: Path) -> str:
    """Who wrote itself into the lock file, in words."""
    # Who has just taken the lock has not yet written who it is.
    for _ in range(5):
        try:
            holder = json.loads(path.read_text(encoding="utf-8"))
            return f"`{holder['purpose']}`, process {holder['pid']} on {holder['host']}, since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.02)
    return f"unknown (nothing legible in {path})"
