"""The README's ten questions return what the README prints: the first thing that a newcomer tries must hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.readme_answers import answer, questions

AS_OF = "2026-11-20"


@pytest.fixture(scope="module")
def published(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publication of a fresh main job over the bundled reports, as known on the README's day."""
    home = tmp_path_factory.mktemp("readme-home")
    command = [str(Path(sys.executable).with_name("colocast")), "run", "--as-of", AS_OF]
    environment = {**os.environ, "COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return home / "published" / "occupancy.duckdb"


def test_the_readme_names_the_day_and_asks_nineteen_questions(repository: Path) -> None:
    """The day makes the answers repeatable; nineteen questions are what the README promises."""
    text = (repository / "README.md").read_text(encoding="utf-8")
    assert f"--as-of {AS_OF}" in text
    assert len(questions(text)) == 19


def test_every_answer_is_what_the_query_returns(repository: Path, published: Path) -> None:
    """An answer that drifted from the data would be the first broken promise a reader meets."""
    for question in questions((repository / "README.md").read_text(encoding="utf-8")):
        assert answer(published, question.sql) == question.answer, question.title
