"""Fixtures that every room's tests share. No test may touch the user's own COLOCAST_HOME or the network."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

# First of ours: it tells numpy which arithmetic to take, as in every process of the service.
import pipelines
from bench.readme_answers import DAY

REPOSITORY = Path(pipelines.__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"

# Past vintages cost a second each; tests that are about them ask for them.
os.environ["COLOCAST_PAST_VINTAGES"] = "0"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a COLOCAST_HOME of its own, so that tests run in any order and never meet."""
    home = tmp_path / "colocast-home"
    monkeypatch.setenv("COLOCAST_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
    return home


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return REPOSITORY


@pytest.fixture(scope="session")
def bundled_reports() -> Path:
    """The folder of bundled reports that the main job runs on."""
    return REPOSITORY / "data" / "reports"


@pytest.fixture(scope="session")
def documented_publication(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publication of a fresh main job over the bundled reports, as known on the day of the documented answers.

    Made once, also where several workers of pytest-xdist ask: the first makes it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "documented-home"
    home.mkdir(exist_ok=True)
    published = home / "published" / "occupancy.duckdb"
    with (home / "made-once.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not published.is_file():
            command = [str(Path(sys.executable).with_name("colocast")), "run", "--as-of", DAY]
            environment = {**os.environ, "COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
            # The documented answers include past vintages.
            environment.pop("COLOCAST_PAST_VINTAGES", None)
            done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return published
