"""Readers are never broken by a publication: rename, no .wal, equal tables publish nothing, damage is put right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from assets.reports.operators import Layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.ledger import load_ledger
from assets.warehouse.publishing import publish
from assets.warehouse.runs import record_run


@pytest.fixture
def path(tmp_path: Path, layouts: Layouts) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        create_schema(connection)
        load_ledger(connection, layouts)
    return path


@pytest.fixture
def change(path: Path) -> Callable[[str], None]:
    def go(note: str) -> None:
        with connect(path) as connection:
            connection.execute("UPDATE claims SET note = ? WHERE claim_id = 'C01'", [note])

    return go


def note(database: duckdb.DuckDBPyConnection) -> str:
    return str(database.execute("SELECT note FROM claims WHERE claim_id = 'C01'").fetchall()[0][0])


def test_published_tables_equal_the_warehouse_with_comments_checks_and_views(path: Path, tmp_path: Path) -> None:
    result = publish(path, tmp_path / "published", label="2026-03-31_r1")
    assert result.changed
    with connect(path, read_only=True) as inner, connect(result.path, read_only=True) as outer:
        for query in (
            "SELECT * FROM claims ORDER BY ALL",
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND NOT internal ORDER BY ALL",
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY ALL",
            "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY ALL",
            "SELECT table_name, constraint_text FROM duckdb_constraints()"
            " WHERE schema_name = 'main' AND constraint_type = 'CHECK' ORDER BY ALL",
            "SELECT table_name, column_name FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND NOT internal AND NOT is_nullable ORDER BY ALL",
        ):
            assert outer.execute(query).fetchall() == inner.execute(query).fetchall()
        assert outer.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
        ).fetchall() == [(0,)]
        assert outer.execute("SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'internal'").fetchall() == [
            (0,)
        ]
        tags = outer.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'occupancy'").fetchall()
        assert "v1.4.0" in str(tags)


def test_a_publication_has_no_keys(path: Path, tmp_path: Path) -> None:
    """On millions of rows their indexes are larger than the rows, and nothing is ever written to the file."""
    result = publish(path, tmp_path / "published")
    with connect(result.path, read_only=True) as connection:
        found = connection.execute("SELECT DISTINCT constraint_type FROM duckdb_constraints() ORDER BY ALL").fetchall()
    assert found == [("CHECK",), ("NOT NULL",)]


def test_rows_lie_in_the_order_that_questions_ask_for(path: Path, tmp_path: Path) -> None:
    """A reader skips what it does not need only where rows of a vintage and level lie together."""
    with connect(path) as connection:
        for vintage in ("2026-03-31", "2025-12-31"):
            for level, series in (("total", "total/mw"), ("operator", "b/mw"), ("operator", "a/mw")):
                connection.execute(
                    "INSERT INTO breach_probability BY NAME SELECT ?::DATE AS vintage, 'base' AS scenario, ? AS level,"
                    " ? AS series_id, DATE '2026-12-31' AS quarter_end, 3 AS horizon, 0.8 AS threshold,"
                    " 0.1 AS probability",
                    [vintage, level, series],
                )
    result = publish(path, tmp_path / "published")
    with connect(result.path, read_only=True) as connection:
        found = connection.execute("SELECT vintage::VARCHAR, level, series_id FROM breach_probability").fetchall()
    assert found == sorted(found)
    assert len(found) == 6


@pytest.mark.parametrize(
    "change_row",
    [
        "INSERT INTO deliveries VALUES ('p', 'p/x', DATE '2027-03-31', 1, 'd', 'row 1')",
        "UPDATE deliveries SET mw = 2.5 WHERE facility_id = 'p/a'",
        "UPDATE deliveries SET facility_id = if(facility_id = 'p/a', 'p/b', 'p/a')",
        "DELETE FROM deliveries WHERE mw = 3",
    ],
)
def test_any_change_of_a_row_is_published(path: Path, tmp_path: Path, change_row: str) -> None:
    """A change that the comparison misses would never reach a reader: a row twice, or values that change places."""
    with connect(path) as connection:
        connection.execute(
            "INSERT INTO deliveries VALUES ('p', 'p/a', DATE '2027-03-31', 2, 'd', 'row 1'),"
            " ('p', 'p/b', DATE '2027-03-31', 3, 'd', 'row 2'), ('p', 'p/x', DATE '2027-03-31', 1, 'd', 'row 1')"
        )
    publish(path, tmp_path / "published")
    with connect(path) as connection:
        connection.execute(change_row)
    assert publish(path, tmp_path / "published").changed


def test_what_a_killed_publication_left_is_cleared(path: Path, tmp_path: Path) -> None:
    """A folder that sorting left behind must not stop the next publication."""
    leftover = tmp_path / "published" / ".occupancy.duckdb.1.sorting"
    leftover.mkdir(parents=True)
    (leftover / "part.tmp").write_bytes(b"x")
    publish(path, tmp_path / "published")
    assert not leftover.exists()


def test_nothing_is_left_beside_the_file(path: Path, tmp_path: Path) -> None:
    publish(path, tmp_path / "published")
    assert sorted(item.name for item in (tmp_path / "published").iterdir()) == ["history", "occupancy.duckdb"]


def test_equal_tables_publish_nothing_even_after_another_run(path: Path, tmp_path: Path) -> None:
    first = publish(path, tmp_path / "published")
    stamp = first.path.stat()
    with connect(path) as connection:
        moment = datetime(2026, 6, 1)
        record_run(connection, "r2", moment, moment, "unchanged", "v", date(2026, 3, 31), 0)
    second = publish(path, tmp_path / "published")
    assert not second.changed
    assert (first.path.stat().st_ino, first.path.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    assert len(list((tmp_path / "published/history").iterdir())) == 1


def test_a_reader_keeps_the_old_file_open_and_the_next_one_sees_the_new(
    path: Path, tmp_path: Path, change: Callable[[str], None]
) -> None:
    change("old")
    result = publish(path, tmp_path / "published")
    with connect(result.path, read_only=True) as reader:
        assert note(reader) == "old"
        change("new")
        publish(path, tmp_path / "published")
        assert note(reader) == "old"
    with connect(result.path, read_only=True) as reader:
        assert note(reader) == "new"


def test_history_keeps_the_last_publications_as_they_were(
    path: Path, tmp_path: Path, change: Callable[[str], None]
) -> None:
    for number in range(4):
        change(f"version {number}")
        publish(path, tmp_path / "published", keep=2, label=f"2026-03-31 r/{number}")
    kept = sorted((tmp_path / "published/history").iterdir())
    assert [item.name for item in kept] == ["000003_2026-03-31-r-2.duckdb", "000004_2026-03-31-r-3.duckdb"]
    with connect(kept[0], read_only=True) as connection:
        assert note(connection) == "version 2"


@pytest.mark.parametrize("harm", ["missing", "garbage", "truncated", "stale wal"])
def test_a_missing_or_damaged_publication_is_put_back(path: Path, tmp_path: Path, harm: str) -> None:
    target = publish(path, tmp_path / "published").path
    if harm == "missing":
        target.unlink()
    elif harm == "garbage":
        target.write_bytes(b"garbage" * 10_000)
    elif harm == "truncated":
        target.write_bytes(target.read_bytes()[:20_000])
    else:
        target.with_name("occupancy.duckdb.wal").write_bytes(b"stale")
    result = publish(path, tmp_path / "published")
    assert result.restored or harm == "missing"
    assert not target.with_name("occupancy.duckdb.wal").exists()
    with connect(target, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM claims").fetchall()[0][0] > 0


def test_a_failing_publication_leaves_the_previous_one_standing(
    path: Path, tmp_path: Path, change: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change("old")
    target = publish(path, tmp_path / "published").path
    change("new")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("assets.warehouse.publishing._write", fail)
    with pytest.raises(OSError, match="disk full"):
        publish(path, tmp_path / "published")
    with connect(target, read_only=True) as connection:
        assert note(connection) == "old"


def test_runs_count_what_stands_and_refuse_unknown_outcomes(warehouse: duckdb.DuckDBPyConnection) -> None:
    record_run(warehouse, "r1", datetime(2026, 6, 1), None, "published", "v1", date(2026, 3, 31), 7)
    found = warehouse.execute("SELECT run_id, outcome, documents, observations, vintage, seed FROM runs").fetchall()
    assert found == [("r1", "published", 0, 0, date(2026, 3, 31), 7)]
    with pytest.raises(ValueError, match="expected one of"):
        record_run(warehouse, "r2", datetime(2026, 6, 1), None, "fine", "v1", None, None)
