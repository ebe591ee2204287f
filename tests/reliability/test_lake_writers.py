"""The lake on a real Postgres: two writers at once lose nothing, a kill tears nothing, a run says what failed.

The same code runs at full size by `python -m bench.lake`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from assets.warehouse.lake import LakeError, list_snapshots, parse_address, publish_to_lake, snapshot_file
from assets.warehouse.lake.connecting import load_extension
from assets.warehouse.lake.locking import open_to_write
from bench.lake import kills, two_writers
from bench.lake_cases import OPEN, write_state
from bench.postgres_server import missing_postgres, postgres_server

pytestmark = pytest.mark.skipif(bool(missing_postgres()), reason=missing_postgres() or "Postgres is there")

REPORT = """operator,facility,period_end,metric,value,unit
Example Data Centres Ltd,,2025-03-31,capacity_in_service,12.6,mw
Example Data Centres Ltd,,2025-03-31,capacity_utilised,10.1,mw
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture(autouse=True)
def empty_catalogue(server: str) -> None:
    """Each test has a lake of its own; the catalogue remembers where the data of one lies."""
    with duckdb.connect() as connection:
        load_extension(connection, "postgres_scanner")
        connection.execute(f"ATTACH '{server}' AS server (TYPE postgres)")
        connection.execute("CALL postgres_execute('server', 'DROP SCHEMA IF EXISTS colocast_lake CASCADE')")


def test_two_writers_at_once_lose_nothing(server: str, tmp_path: Path) -> None:
    """Each publishes from a process of its own while a reader looks; every row of both and every snapshot is there."""
    rows = two_writers(f"{server}#{tmp_path}/lake", tmp_path, publications=3)
    assert [(row.promise, row.lost) for row in rows if row.lost] == []
    assert all(row.tried for row in rows)


def test_a_killed_writer_leaves_nothing_torn_and_nothing_behind(server: str, tmp_path: Path) -> None:
    rows = kills(f"{server}#{tmp_path}/lake", tmp_path, count=2)
    assert [(row.promise, row.lost) for row in rows if row.lost] == []


def test_a_lost_lock_publishes_nothing(server: str, tmp_path: Path) -> None:
    """A server that drops the connection which holds the lock has let another writer in: no commit after that."""
    lake = parse_address(f"{server}#{tmp_path}/lake")
    publish_to_lake(write_state(tmp_path / "k.duckdb", "k", 1), lake, "k", "k", OPEN, "k-1")
    with open_to_write(lake, 10) as (connection, still_mine):
        still_mine()
        connection.execute(
            "SELECT * FROM postgres_query('catalogue_lock', 'SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = ''advisory'' AND pid <> pg_backend_pid()')"
        ).fetchall()
        with pytest.raises(LakeError, match="right to write was lost"):
            still_mine()


def test_a_run_publishes_to_the_lake_and_says_when_it_cannot(server: str, tmp_path: Path, repository: Path) -> None:
    """One setting, the whole way: run and sql; a catalogue that is gone fails the run and leaves the file."""
    inbox, home = tmp_path / "inbox", tmp_path / "home"
    inbox.mkdir()
    (inbox / "report.csv").write_text(REPORT)
    lake = f"{server}#{tmp_path}/lake"
    command = str(Path(sys.executable).with_name("colocast"))

    def colocast(*words: str, lake: str = lake) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLOCAST_HOME": str(home), "COLOCAST_LAKE": lake}
        return subprocess.run(
            [command, *words], cwd=repository, env=environment, capture_output=True, text=True, check=False
        )

    password = server.split(":")[2].split("@")[0]
    closed = f"postgresql://ann:{password}@127.0.0.1:1/lake#{tmp_path}/lake"
    failed = colocast("run", "--inbox", str(inbox), "--as-of", "2025-06-30", lake=closed)
    assert failed.returncode == 1
    assert "127.0.0.1:1/lake cannot be used" in failed.stderr
    assert password not in failed.stdout + failed.stderr
    done = colocast("run", "--inbox", str(inbox), "--as-of", "2025-06-30")
    assert done.returncode == 0, done.stderr
    (one,) = list_snapshots(parse_address(lake))
    assert (one.writer, one.vintage) == ("main", "2025-06-30")
    asked = colocast("sql", "SELECT value FROM observations ORDER BY 1", "--format", "csv", "--at", "2025-06-30")
    assert asked.stdout.split() == ["value", "10.1", "12.6"], asked.stderr
    with snapshot_file(parse_address(lake), tmp_path) as file, duckdb.connect(str(file.path), read_only=True) as outer:
        published = home / "published" / "occupancy.duckdb"
        with duckdb.connect(str(published), read_only=True) as inner:
            query = "SELECT * FROM documents ORDER BY ALL"
            assert outer.execute(query).fetchall() == inner.execute(query).fetchall()
    secret = password.encode()
    kept = [path for folder in (home, tmp_path / "lake") for path in folder.rglob("*") if path.is_file()]
    assert [path for path in kept if secret in path.read_bytes()] == []
