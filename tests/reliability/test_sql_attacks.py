"""Promise: hostile SQL gets through neither `colocast sql` nor the recipe for other programs (bench.sql_attacks)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assets.warehouse.query import LONGEST_SQL, QueryError, QueryResult, run_query
from bench.sql_attack_list import ATTACKS, BOUNDED, REFUSED, Attack
from bench.sql_attacks import ORDINARY, SECRET, WAYS, Field, RefusedError, attack, by_command, field_of_attack
from pipelines.cli import app
from pipelines.commands.console import visible
from pipelines.settings import REPOSITORY

# The whole list both ways takes minutes and is the bench's; here each class is attacked, every third or sixth one.
EVERY = {WAYS[0]: 3, WAYS[1]: 6}


@pytest.fixture(scope="module")
def place() -> Iterator[Field]:
    with field_of_attack() as made:
        yield made


def test_there_are_enough_attacks_of_each_class() -> None:
    """The promise names at least sixty."""
    assert len(ATTACKS) >= 200
    assert (
        sum(
            len([one for one in ATTACKS if one.kind == kind][:: EVERY[WAYS[0]]])
            for kind in {one.kind for one in ATTACKS}
        )
        >= 60
    )


@pytest.mark.parametrize("way", WAYS)
def test_no_attack_gets_through(way: str) -> None:
    """In a process of its own, whose children's memory is measured; what is said of limits is for small ones."""
    command = [sys.executable, "-m", "bench.sql_attacks", "--json", "--way", way, "--every", str(EVERY[way])]
    command += ["--seconds", "2", "--megabytes", "128", "--grace", "60"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr[-2000:]
    told = json.loads(done.stdout)[way]
    for kind, sums in told["classes"].items():
        wrong = {name: sums[name] for name in ("through", "over_limit", "unclear", "traces", "silent_after")}
        assert not any(wrong.values()), f"{kind}: {wrong}"
    assert 0 < told["peak_mb"] <= told["bound_mb"]
    assert done.returncode == 0


def test_what_gets_through_is_seen(place: Field) -> None:
    """Without the checks the same harness must tell of each kind of breach."""

    def answers(sql: str, seconds: float) -> str:
        return f"{sql} {SECRET}"

    def wordless(sql: str, seconds: float) -> str:
        raise RefusedError("no")

    refused, bounded = Attack("x", "SELECT 1", REFUSED), Attack("x", "SELECT 1", BOUNDED)
    assert attack(refused, place, answers, False, 1, 60)[0] == "through"
    assert attack(bounded, place, answers, False, 1, 60)[0] == "through"
    assert attack(bounded, place, lambda *_: "42", False, 1, 60)[0] == ""
    assert attack(refused, place, wordless, False, 1, 60)[0] == "unclear"
    assert attack(bounded, place, lambda *_: "42", False, 1, -2)[0] == "over limit"
    before = place.state()
    (place.out / "stolen.csv").write_text("x")
    assert place.state() != before
    (place.out / "stolen.csv").unlink()
    assert place.state() == before


def test_a_query_cannot_open_a_file_whatever_the_database_allows(place: Field) -> None:
    """The second lock: were DuckDB's own setting to fail, the system still opens nothing."""
    program = (
        "import duckdb, sys; from assets.warehouse import query_child as child;"
        "connection = duckdb.connect(); connection.execute('SELECT now()').fetchall(); child._shut(256);"
        "print(connection.execute(\"SELECT * FROM read_text('{}')\").fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program.format(place.file)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert SECRET not in done.stdout
    assert "Too many open files" in done.stderr


def test_long_and_broken_texts_are_told_apart(place: Field) -> None:
    """Each of them once ended in words about memory."""
    for sql, words in (
        ("SELECT 1" + " " * LONGEST_SQL, r"has 1000008 characters, at most 1000000"),
        ("SELECT '\udcff'", "no valid Unicode at character 8"),
        ("SELECT '\0'", "NUL at character 8"),
        ("SELECT * FROM enable_logging()", "table function enable_logging is not allowed.*may stand in FROM: .*range"),
        ("EXPLAIN/**/ANALYZE COPY claims TO 'x'", "EXPLAIN of something else"),
    ):
        with pytest.raises(QueryError, match=words):
            run_query(place.database, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN ANALYZE SELECT * FROM claims",
        "explain -- why\n (format json) select 1",
        "SELECT * FROM claims, range(2), unnest([1])",
        "SELECT column_name FROM duckdb_columns() LIMIT 1",
        "SELECT now(), uuid(), INTERVAL 1 DAY, 1.5::DECIMAL(3, 1), TIME '10:00', [{'a': MAP {1: 'x'}}], 'x'::BLOB",
        "WITH RECURSIVE r AS (SELECT 1 i UNION ALL SELECT i + 1 FROM r WHERE i < 9) SELECT * FROM r",
    ],
)
def test_what_people_ask_is_not_taken_for_an_attack(place: Field, sql: str) -> None:
    """A lock that keeps readers out as well protects nobody."""
    assert run_query(place.database, sql).rows


def test_the_time_zone_of_the_machine_changes_no_answer(place: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same question gives the same answer everywhere."""
    monkeypatch.setenv("TZ", "Asia/Hong_Kong")
    asked = "SELECT current_setting('TimeZone'), TIMESTAMPTZ '2026-06-30 00:00:00'"
    assert run_query(place.database, asked).rows == [("UTC", "2026-06-30T00:00:00+00:00")]


EVIL = "\x1b[2J\x9b31m\x07\u202eflip\u200b"


def printed(monkeypatch: pytest.MonkeyPatch, home: Path, rows: list[tuple[Any, ...]], *options: str) -> Any:
    result = QueryResult(tuple(f"c{number}" for number in range(len(rows[0]))), ("VARCHAR",) * len(rows[0]), rows)
    monkeypatch.setattr("assets.warehouse.query.run_query", lambda *_, **__: result)
    (home / "published").mkdir(parents=True, exist_ok=True)
    (home / "published" / "occupancy.duckdb").touch()
    return CliRunner().invoke(app, ["sql", "SELECT 1", *options])


def test_a_table_on_the_screen_steers_no_terminal(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes are written by others: they may neither clear the screen nor turn what stands beside them."""
    done = printed(monkeypatch, own_home, [(EVIL, "數據中心\tA")])
    assert done.exit_code == 0
    assert not any(one in done.output for one in "\x1b\x9b\x07\u202e\u200b\t")
    assert r"\x1b[2J\x9b31m\x07\u202eflip\u200b" in done.output
    assert "數據中心" in done.output
    assert visible("two\nlines") == "two\nlines"


def test_json_is_exact_and_steers_no_terminal_either(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escapes of JSON say the same characters without sending them."""
    done = printed(monkeypatch, own_home, [(EVIL, "=1+1")], "--format", "json")
    assert json.loads(done.output) == [{"c0": EVIL, "c1": "=1+1"}]
    assert not any(one in done.output for one in "\x1b\x9b\x07\u202e\u200b")


def test_csv_runs_in_no_spreadsheet(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in exports: an apostrophe before what would run; numbers stay numbers."""
    rows = [("=cmd|'/C calc'!A0", "+1"), ("-1", "\t@x"), (-1.5, "a=1")]
    done = printed(monkeypatch, own_home, rows, "--format", "csv")
    assert done.output.splitlines()[1:] == ["'=cmd|'/C calc'!A0,'+1", "'-1,'\t@x", "-1.5,a=1"]


def test_a_table_too_wide_for_a_screen_is_declined(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laying out a hundred thousand columns would take longer than any query may."""
    done = printed(monkeypatch, own_home, [tuple(range(50_000))])
    assert done.exit_code == 2
    assert "50000 columns" in done.output
    assert "--format csv" in done.output


def test_the_next_ordinary_query_answers_after_one_that_was_ended(place: Field) -> None:
    """Each query has a process of its own: what one breaks is gone with it."""
    ask = by_command(place, 128)
    expected = ask(ORDINARY, 300)
    for sql in ("SELECT list(i) FROM range(1000000000000) t(i)", "SELECT " + "(" * 100_000 + "1" + ")" * 100_000):
        with pytest.raises(RefusedError):
            ask(sql, 300)
        assert ask(ORDINARY, 300) == expected


def test_what_lies_beside_the_published_file_is_not_run(place: Field, tmp_path: Path) -> None:
    """Whoever may write into the folder of publications must not thereby run code as whoever asks a question."""
    database = tmp_path / "occupancy.duckdb"
    database.write_bytes(place.database.read_bytes())
    for name in ("json", "duckdb", "resource", "decimal", "assets"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert run_query(database, ORDINARY).rows
    assert not (tmp_path / "ran").exists()
