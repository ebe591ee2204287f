"""The house rules that no tool checks: each test keeps one promise that a newcomer or an operator relies on."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

FIXED_TOP_LEVEL = ["pipelines", "assets", "forecasts", "expectations", "tests", "workspace.yaml", "pyproject.toml"]
TEXT_SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".sql", ".sh"}
LOCKS = ["core.txt", "dev.txt", "scale.txt", "uv.txt"]


def tracked_files(repository: Path) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    return [repository / name for name in listing.split("\0") if name]


@pytest.mark.parametrize("name", FIXED_TOP_LEVEL)
def test_fixed_top_level_names_are_there(repository: Path, name: str) -> None:
    """Other programs find the code location and the packages by these names."""
    assert (repository / name).exists()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_a_hash(repository: Path, lock: str) -> None:
    """A requirement without a hash could be swapped on the way; a lock with an address ties set-up to one host."""
    text = (repository / "requirements" / lock).read_text(encoding="utf-8")
    requirements = re.findall(
        r"^([A-Za-z0-9_.\-\[\]]+)==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n?)+)", text, re.M
    )
    pinned = re.findall(r"^[A-Za-z0-9_.\-\[\]]+==", text, re.M)
    assert pinned
    assert len(requirements) == len(pinned)
    assert not re.search(r"https?://|--index-url|--find-links", text)


def test_readme_shows_the_two_commands(repository: Path) -> None:
    """A newcomer needs `make run` and `make test` and nothing else."""
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert "make run" in readme
    assert "make test" in readme


def test_pyproject_leaves_the_code_location_to_workspace_yaml(repository: Path) -> None:
    """`dagster dev` ignores workspace.yaml as soon as pyproject.toml has a [tool.dagster] or [tool.dg] table."""
    tools = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "dagster" not in tools
    assert "dg" not in tools


def test_no_file_speaks_of_one_machine(repository: Path) -> None:
    """A path of one person's machine in a tracked file breaks on every other."""
    pattern = re.compile(r"(^|[^\w.])/(home|root|Users)/[a-z]", re.M)
    texts = (path for path in tracked_files(repository) if path.suffix in TEXT_SUFFIXES and path.is_file())
    offenders = [
        str(path.relative_to(repository))
        for path in texts
        if path != Path(__file__) and pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert offenders == []


def test_bundled_reports_cover_every_format(bundled_reports: Path) -> None:
    """The main job must show each reader at work out of the box."""
    assert {path.suffix for path in bundled_reports.iterdir()} >= {".html", ".txt", ".pdf", ".xlsx", ".csv"}
