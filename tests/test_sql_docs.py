"""README and docs/sql.md: every question is one SELECT that returns what is printed, and every name in it exists."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from assets.warehouse.database import create_schema
from bench.readme_answers import DAY, PAGES, README, SQL_GUIDE, Question, answer, questions

GUIDE = SQL_GUIDE.read_text(encoding="utf-8")
# Questions that the hardened reader answers as well: a join, a window, a CTE, an aggregate with FILTER.
BY_COMMAND = ("1.", "5.", "12.", "17.", "34.")


@pytest.fixture(scope="module")
def documented_publication(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publication of a fresh main job over the bundled reports, as known on the day of the documented answers."""
    home = tmp_path_factory.mktemp("documented") / "home"
    command = [str(Path(sys.executable).with_name("colocast")), "run", "--as-of", DAY]
    environment = {**os.environ, "COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    # The documented answers include past vintages.
    environment.pop("COLOCAST_PAST_VINTAGES", None)
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return home / "published" / "occupancy.duckdb"


def test_the_guide_names_the_day_and_numbers_its_questions() -> None:
    """The day makes the answers repeatable; numbers that jump make a question hard to point at."""
    found = questions(GUIDE)
    assert f"--as-of {DAY}" in GUIDE
    assert len(found) >= 25
    assert [question.title.split(".")[0] for question in found] == [str(n) for n in range(1, len(found) + 1)]
    assert len(found) == GUIDE.count("```sql")


@pytest.mark.parametrize(
    "question", [*questions(GUIDE), *questions(README.read_text(encoding="utf-8"))], ids=lambda q: q.title
)
def test_every_question_is_one_select(question: Question) -> None:
    """One SELECT is what `colocast sql`, Metabase and a read-only connection take."""
    statements = duckdb.extract_statements(question.sql)
    assert [statement.type for statement in statements] == [duckdb.StatementType.SELECT]


def test_every_query_fits_the_schema() -> None:
    """A renamed column breaks the guide here, in seconds, and not only after a whole run."""
    with duckdb.connect() as connection:
        create_schema(connection)
        for question in questions(GUIDE):
            connection.execute(question.sql).fetchall()


def test_rows_are_in_a_fixed_order() -> None:
    """Without ORDER BY an answer of several rows may differ from run to run."""
    for question in questions(GUIDE):
        one_row = "GROUP BY" not in question.sql or question.answer.count("\n") <= 2
        assert "ORDER BY" in question.sql or one_row, question.title


def test_every_table_and_view_that_the_guide_names_exists() -> None:
    """The table of where to look must not send anybody to a name that is gone."""
    with duckdb.connect() as connection:
        create_schema(connection)
        known = {
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()"
            ).fetchall()
        }
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+`) \|$", GUIDE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert len(named) > 30
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_answer_is_what_the_query_returns(documented_publication: Path, page: Path) -> None:
    """The first thing that a newcomer tries, and what analysts copy: an answer that drifted is a broken promise."""
    for question in questions(page.read_text(encoding="utf-8")):
        assert answer(documented_publication, question.sql) == question.answer, question.title


def test_every_question_has_an_answer() -> None:
    """A query without a row shows nothing, and proves nothing."""
    empty = [question.title for question in questions(GUIDE) if question.answer.count("\n") < 2]
    assert empty == []


@pytest.mark.parametrize("number", BY_COMMAND)
def test_the_hardened_reader_answers_too(documented_publication: Path, repository: Path, number: str) -> None:
    """What stands in the guide must not need more rights than `colocast sql` has."""
    (question,) = [one for one in questions(GUIDE) if one.title.startswith(number)]
    home = documented_publication.parents[1]
    command = [str(Path(sys.executable).with_name("colocast")), "sql", question.sql, "--format", "json"]
    done = subprocess.run(
        command,
        cwd=repository,
        env={**os.environ, "COLOCAST_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    with duckdb.connect(str(documented_publication), read_only=True) as connection:
        cursor = connection.execute(question.sql)
        assert list(rows[0]) == [column[0] for column in cursor.description]
        assert len(rows) == len(cursor.fetchall())
