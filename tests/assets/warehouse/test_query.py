"""Readers' SQL can neither change nor reach nor exhaust anything, and its errors help."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.reports.operators import load_layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.ledger import load_ledger
from assets.warehouse.query import QueryError, run_query


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "occupancy.duckdb"
    with connect(path) as connection:
        create_schema(connection)
        load_ledger(connection, load_layouts())
    return path


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT claim_id FROM claims WHERE grade = 'A' ORDER BY claim_id LIMIT 2",
        "WITH a AS (SELECT claim_id FROM claims) SELECT * FROM a;",
        "-- comment\nFROM claims SELECT claim_id",
        "DESCRIBE claims",
        "SHOW TABLES",
        "SUMMARIZE claims",
        "EXPLAIN SELECT * FROM claims",
        "VALUES (1)",
    ],
)
def test_reading_is_allowed(database: Path, sql: str) -> None:
    assert run_query(database, sql).rows


def test_values_are_plain_and_typed(database: Path) -> None:
    result = run_query(database, "SELECT DATE '2026-03-31' AS d, 1.5::DECIMAL(3,1) AS x, 'nan'::DOUBLE AS n, NULL AS z")
    assert result.columns == ("d", "x", "n", "z")
    assert result.types[0] == "DATE"
    assert result.rows == [("2026-03-31", 1.5, None, None)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "COPY claims TO '/tmp/colocast-stolen.csv'",
        "EXPLAIN ANALYZE COPY claims TO '/tmp/colocast-stolen.csv'",
        "EXPORT DATABASE '/tmp/colocast-stolen'",
        "ATTACH '/tmp/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '64GB'",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "/* x */ PRAGMA table_info('claims')",
        "CALL pragma_version()",
        "DELETE FROM claims",
        "UPDATE claims SET grade = 'A'",
        "CREATE TABLE t(i INTEGER)",
        "DROP TABLE claims",
        "CHECKPOINT",
        "USE memory",
        "SELECT 1; DROP TABLE claims",
        "",
    ],
)
def test_everything_else_is_refused_with_a_remedy(database: Path, sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_query(database, sql)
    remedies = ("Write one", "Only the published tables", "DESCRIBE", "Tables and views:")
    assert any(remedy in str(caught.value) for remedy in remedies)
    assert not Path("/tmp/colocast-stolen.csv").exists()
    with connect(database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM claims").fetchall()[0][0] > 0


def test_an_endless_query_is_ended(database: Path) -> None:
    with pytest.raises(QueryError, match="longer than 1 s"):
        run_query(database, "WITH RECURSIVE r AS (SELECT 1 i UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r", 1.0)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT string_agg(repeat('x', 1000000)) FROM range(100000)",
        "SELECT list(i) FROM range(1000000000) t(i)",
        "SELECT i FROM range(100000000) t(i) ORDER BY random()",
    ],
)
def test_memory_is_bounded(database: Path, sql: str) -> None:
    with pytest.raises(QueryError, match=r"memory|needs more than 128 MB"):
        run_query(database, sql, timeout_s=60, memory_limit_mb=128)


def test_deep_nesting_kills_the_child_at_most(database: Path) -> None:
    with pytest.raises(QueryError):
        run_query(database, "SELECT " + "abs(" * 50_000 + "1" + ")" * 50_000)


def test_rows_and_bytes_are_bounded_and_the_result_says_so(database: Path) -> None:
    rows = run_query(database, "SELECT * FROM range(5000)", max_rows=10)
    assert len(rows.rows) == 10
    assert "first 10 rows" in rows.truncated
    wide = run_query(database, "SELECT repeat('x', 1000) FROM range(5000)", max_bytes=50_000)
    assert 0 < len(wide.rows) < 50
    assert "bytes" in wide.truncated


def test_slips_of_the_pen_are_answered_with_what_exists(database: Path) -> None:
    with pytest.raises(QueryError, match=r'Did you mean "claims"(.|\n)*Tables and views: .*observations'):
        run_query(database, "SELECT * FROM claim")
    with pytest.raises(QueryError, match=r"Candidate bindings(.|\n)*occupancy"):
        run_query(database, "SELECT occupency FROM occupancy_history")
    with pytest.raises(QueryError, match="nothing has been published yet"):
        run_query(database.with_name("none.duckdb"), "SELECT 1")


def test_the_child_sees_no_variables_of_the_program_nor_of_its_environment(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOCAST_SECRET", "hidden")
    for sql in ("SELECT * FROM request", "SELECT getenv('COLOCAST_SECRET')"):
        with pytest.raises(QueryError, match="does not exist"):
            run_query(database, sql)
