"""Fixtures that every room's tests share. No test may touch the user's own COLOCAST_HOME or the network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# First of ours: it tells numpy which arithmetic to take, as in every process of the service.
import pipelines

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
