"""What is damaged is found wherever the bit turned, set aside and not deleted, and replaced only by something whole."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
from warehouse_cases import judged_of

from assets.reports.operators import Layouts
from assets.warehouse.aside import KEPT_ASIDE, set_aside
from assets.warehouse.database import WarehouseDamagedError, WarehouseLockedError, connect, create_schema
from assets.warehouse.mending import put_back, readable, trouble_of, trouble_of_sqlite
from assets.warehouse.publishing import publish
from assets.warehouse.query import QueryError, run_query
from assets.warehouse.rebuilding import rebuild
from assets.warehouse.runs import record_run


def filled(path: Path) -> Path:
    """A warehouse with rows in many blocks."""
    with connect(path) as connection:
        create_schema(connection)
        connection.execute(
            "INSERT INTO deliveries SELECT 'p', md5(i::VARCHAR), DATE '2027-03-31', i, md5(i::VARCHAR), md5(i::VARCHAR)"
            " FROM range(40000) AS t(i)"
        )
        connection.execute("CHECKPOINT")
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("sound") / "warehouse.duckdb")


def copy_of(sound: Path, folder: Path) -> Path:
    path = folder / "warehouse.duckdb"
    path.write_bytes(sound.read_bytes())
    return path


def turn_a_bit(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


def test_a_bit_turned_anywhere_is_found_or_changes_no_row(sound: Path, tmp_path: Path) -> None:
    """A block that is read late must not pass for sound because the file opens."""
    dice, found = random.Random(5), 0
    with connect(sound, read_only=True) as connection:
        before = connection.execute("SELECT bit_xor(hash(deliveries)), count(*) FROM deliveries").fetchall()
    for _ in range(12):
        path = copy_of(sound, tmp_path)
        turn_a_bit(path, dice.randrange(path.stat().st_size))
        if trouble_of(path):
            found += 1
            assert str(path) in trouble_of(path)
            assert "colocast run" in trouble_of(path)
            continue
        with connect(path, read_only=True) as connection:
            assert connection.execute("SELECT bit_xor(hash(deliveries)), count(*) FROM deliveries").fetchall() == before
    assert found > 3


def test_a_damaged_first_block_is_damage_and_not_a_lock(sound: Path, tmp_path: Path) -> None:
    """DuckDB says "in block": who looks for the word lock alone sends people to wait for a run that is not there."""
    path = copy_of(sound, tmp_path)
    for place in (100, 4096 + 60, 8192 + 60):
        turn_a_bit(path, place)
    with pytest.raises(WarehouseDamagedError) as caught, connect(path):
        pass
    assert caught.value.path == path


def test_a_block_that_a_query_meets_is_named_with_its_file(sound: Path, tmp_path: Path) -> None:
    path = copy_of(sound, tmp_path)
    data = bytearray(path.read_bytes())
    for place in range(12288 + 5000, len(data) - 300_000, 262_144):
        data[place] ^= 1
    path.write_bytes(data)

    def read() -> None:
        with connect(path) as connection:
            connection.execute("SELECT bit_xor(hash(deliveries)) FROM deliveries").fetchall()

    with pytest.raises(WarehouseDamagedError) as caught:
        read()
    assert caught.value.path == path


def test_a_held_file_is_not_damaged(sound: Path, tmp_path: Path) -> None:
    path = copy_of(sound, tmp_path)
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('ready', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseLockedError):
            trouble_of(path)
        holder.communicate(b"\n")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_set_aside_is_kept_in_bounded_number(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "warehouse.duckdb"
    names = []
    for number in range(KEPT_ASIDE + 2):
        if kind == "file":
            path.write_text(str(number))
            path.with_name("warehouse.duckdb.wal").write_text("log")
        else:
            path.mkdir()
            (path / "inside").write_text(str(number))
        target = set_aside(path)
        assert target is not None
        names.append(target.name)
        assert not path.exists()
    left = sorted(one.name for one in tmp_path.iterdir() if not one.name.endswith(".wal"))
    assert left == names[-KEPT_ASIDE:]
    assert not (tmp_path / "warehouse.duckdb.wal").exists()
    assert set_aside(path) is None


def test_a_damaged_publication_comes_back_from_its_newest_copy_alone(tmp_path: Path) -> None:
    """An older copy would take readers back in time."""
    warehouse, folder = filled(tmp_path / "warehouse.duckdb"), tmp_path / "published"
    target = publish(warehouse, folder).path
    before = target.read_bytes()
    target.write_bytes(b"rubbish" * 1000)
    copy = put_back(target)
    assert copy is not None
    assert target.read_bytes() == before
    with connect(warehouse) as connection:
        connection.execute("DELETE FROM deliveries WHERE mw > 100")
    second = publish(warehouse, folder)
    assert second.history is not None
    second.history.write_bytes(b"rubbish")
    target.write_bytes(b"rubbish" * 1000)
    assert put_back(target) is None
    assert target.read_bytes() == b"rubbish" * 1000
    assert publish(warehouse, folder).restored
    assert readable(target)


def test_a_publication_whose_copy_was_not_kept_gets_it_with_the_next_run(tmp_path: Path) -> None:
    """A run killed between the two would leave the newest publication without its copy for good."""
    warehouse, folder = filled(tmp_path / "warehouse.duckdb"), tmp_path / "published"
    first = publish(warehouse, folder)
    assert first.history is not None
    first.history.unlink()
    again = publish(warehouse, folder)
    assert not again.changed
    assert again.history is not None
    assert again.history.read_bytes() == first.path.read_bytes()
    assert publish(warehouse, folder).history is None


def test_frozen_tables_come_from_the_best_file_that_has_them(tmp_path: Path, layouts: Layouts) -> None:
    """One rotten block of the publication must cost neither the sound tables nor what an older copy still has."""
    warehouse, folder = tmp_path / "warehouse.duckdb", tmp_path / "published"
    with connect(warehouse) as connection:
        create_schema(connection)
        connection.execute(
            "INSERT INTO path_samples SELECT DATE '2026-03-31', 'base', 'total', md5(i::VARCHAR), DATE '2026-06-30', i,"
            " random(), random() FROM range(60000) AS t(i)"
        )
    for number in (1, 2):
        with connect(warehouse) as connection:
            record_run(connection, f"r{number}", datetime(2026, 6, number), None, "published", "v", None, 0)
            connection.execute("UPDATE path_samples SET path = -1 WHERE path = ?", [number])
        publish(warehouse, folder)
    target, newest = folder / "occupancy.duckdb", max((folder / "history").glob("*.duckdb"))
    spoil_table(target, "path_samples")
    newest.write_bytes(target.read_bytes())
    warehouse.unlink()
    rebuild(tmp_path / "archive", warehouse, lambda *_: judged_of([]), layouts, date(2026, 7, 1), target)
    with connect(warehouse, read_only=True) as connection:
        assert connection.execute("SELECT run_id FROM runs ORDER BY run_id").fetchall() == [("r1",), ("r2",)]
        assert connection.execute("SELECT count(*), count(*) FILTER (path = -1) FROM path_samples").fetchall() == [
            (60000, 1)
        ]


def test_a_reader_who_meets_a_damaged_block_is_told_what_to_do(sound: Path, tmp_path: Path) -> None:
    path = copy_of(sound, tmp_path)
    spoil_table(path, "deliveries")
    with pytest.raises(QueryError, match=r"is damaged(.|\n)*colocast run"):
        run_query(path, "SELECT bit_xor(hash(deliveries)) FROM deliveries")
    assert run_query(path, "SELECT count(*) FROM runs").rows == [(0,)]


def spoil_table(path: Path, table: str) -> None:
    """Turn a bit in a block of one table, so that all others can still be read."""
    with connect(path, read_only=True) as connection:
        (block,) = connection.execute(
            f"SELECT max(block_id) FROM pragma_storage_info('{table}') WHERE persistent AND block_id >= 0"
        ).fetchall()[0]
    turn_a_bit(path, 3 * 4096 + block * 262_144 + 100_000)
    with pytest.raises(WarehouseDamagedError), connect(path, read_only=True) as connection:
        connection.execute(f"SELECT bit_xor(hash({table})) FROM {table}").fetchall()


def test_sqlite_files_are_read_through(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t(a)")
        connection.executemany("INSERT INTO t VALUES (?)", [(f"row {number}" * 50,) for number in range(500)])
    connection.close()
    assert trouble_of_sqlite(path) == ""
    data = path.read_bytes()
    path.write_bytes(data[:8192] + bytes(4096) + data[12288:])
    assert "damaged" in trouble_of_sqlite(path)
    path.write_bytes(data[: len(data) // 2])
    assert "damaged" in trouble_of_sqlite(path)
    path.write_bytes(b"rubbish" * 500)
    assert "damaged" in trouble_of_sqlite(path)
    path.unlink()
    path.mkdir()
    assert "folder" in trouble_of_sqlite(path)
