"""Two runs must never write at once, and the one that waits must say for whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.locking import LockedError, run_lock

HOLD = """
import sys
from pathlib import Path
from pipelines.locking import run_lock
with run_lock(Path(sys.argv[1]), "colocast run", 0):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_declines_and_names_the_holder(tmp_path: Path):
    lock = tmp_path / "run.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"colocast run.*process {holder.pid}"), run_lock(lock, "other", 0.1):
            pass
        holder.kill()
    # The kernel frees the lock of a killed process.
    with run_lock(lock, "other", 5):
        pass


def test_the_holder_may_take_it_again_inside(tmp_path: Path):
    lock = tmp_path / "run.lock"
    with run_lock(lock, "outer", 0), run_lock(lock, "inner", 0):
        pass
    with run_lock(lock, "later", 0):
        pass


def test_an_error_inside_frees_the_lock(tmp_path: Path):
    lock = tmp_path / "run.lock"
    with pytest.raises(ValueError, match="inside"), run_lock(lock, "first", 0):
        raise ValueError("inside")
    with run_lock(lock, "second", 0):
        pass
