"""Promise 1 at a small number: a killed run, a full disk and damage lose nothing. The benches have the full numbers.

The benches run in processes of their own, since they fork what they have imported, and a test process has threads.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def bench(name: str, *options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"bench.{name}", "--folder", str(folder), *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_killed_at_a_moment_and_at_a_write_loses_nothing(tmp_path: Path):
    done = bench("kill_points", "--points", "2", "--quick", "--seed", "11", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2/2" in done.stdout


def test_a_full_disk_loses_nothing_and_is_told(tmp_path: Path):
    done = bench("disk_full", "--sizes", "1", "--steps", folder=tmp_path)
    if done.returncode == 2:
        pytest.skip(f"needs root and a system that lets it mount a tmpfs: {done.stdout.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ": full, sound" in done.stdout


def test_what_is_damaged_is_said_and_put_right(tmp_path: Path):
    done = bench("damage", "--steps", "--ci", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
