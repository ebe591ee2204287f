"""What earlier versions left opens and migrates without loss; what a newer one left is declined and stays as it is.

Golden homes of earlier revisions stand in tests/golden (README.md there).
"""

from __future__ import annotations

import json
import shutil
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.outlook import lease_tables
from assets.warehouse.archive import RECEIPT_FORMAT, ArchiveTooNewError, archive, documents
from assets.warehouse.database import (
    SCHEMA_VERSION,
    WarehouseOutdatedError,
    WarehouseTooNewError,
    connect,
    create_schema,
    refuse_newer,
    schema_version,
)
from assets.warehouse.publishing import FILE_NAME, publish
from assets.warehouse.query import run_query
from assets.warehouse.rebuilding import FROZEN_TABLES
from pipelines.commands.running import execute, failures
from pipelines.home import write_instance_config
from pipelines.memory import Memory
from pipelines.settings import REPOSITORY, Settings
from pipelines.steps.intake import read, receive
from pipelines.steps.warehouse import history, judge
from pipelines.steps.work import Work

GOLDEN = REPOSITORY / "tests" / "golden"
VERSIONS = (1, 2)
# Two quarters after the newest golden vintage, so that all of them are frozen.
LATER = date(2027, 1, 15)

Table = tuple[list[str], set[tuple[Any, ...]]]


@dataclass(frozen=True)
class Migrated:
    """A golden home: its tables before, and its settings after one run of today's code."""

    version: int
    before: dict[str, Table]
    settings: Settings


def unpack(version: int, folder: Path) -> Path:
    with tarfile.open(GOLDEN / f"version_{version}.tar.xz") as pack:
        pack.extractall(folder, filter="data")
    return folder


def rows_of(path: Path, columns: dict[str, list[str]] | None = None) -> dict[str, Table]:
    """Columns and rows of every published table; of the given tables and columns alone where they are given."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = columns or {
            name: json.loads(names)
            for name, names in connection.execute(
                "SELECT table_name, to_json(list(column_name ORDER BY column_index)) FROM duckdb_columns()"
                " WHERE schema_name = 'main' AND table_name IN (SELECT table_name FROM duckdb_tables()) GROUP BY ALL"
            ).fetchall()
        }
        return {
            table: (names, set(connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()))
            for table, names in found.items()
        }


@pytest.fixture(scope="module", params=VERSIONS)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    home = unpack(request.param, tmp_path_factory.mktemp(f"version {request.param}"))
    before = rows_of(home / "warehouse.duckdb")
    inbox, scenarios = home.parent / f"none {request.param}", home.parent / f"scenarios {request.param}"
    inbox.mkdir()
    scenarios.mkdir()
    shutil.copy(REPOSITORY / "data" / "scenarios" / "base.yaml", scenarios)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLOCAST_SCENARIOS", str(scenarios))
        # Precision is not looked at here.
        for name, paths in (("PATHS", 40), ("EXPLAINING_PATHS", 16), ("BACKTEST_PATHS", 16)):
            patch.setattr(lease_tables, name, paths)
        patch.setattr(lease_tables, "ASKED_PRIORS", ("renewal",))
        settings = Settings(home=home, as_of=LATER)
        settings.layout.make()
        write_instance_config(settings)
        if request.param == VERSIONS[0]:
            result = execute("refresh", settings, inbox)
            assert result.success, failures(result)
        else:
            # The steps that migrate and publish, since one run as a whole is enough and costs what it costs.
            work = Work(settings, "run", datetime(2027, 1, 15, tzinfo=UTC), inbox)
            for step in (receive, read, judge, history):
                step(work)
            publish(settings.layout.warehouse, settings.layout.published.parent)
        yield Migrated(request.param, before, settings)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_published_file_answers_as_it_is(version: int, tmp_path: Path) -> None:
    """Copies that people keep, and the file between an update and the first run."""
    published = unpack(version, tmp_path) / "published" / FILE_NAME
    before = published.read_bytes()
    assert run_query(published, "SELECT DISTINCT vintage FROM occupancy_forecast ORDER BY 1").rows == [
        ("2026-06-30",),
        ("2026-09-30",),
    ]
    assert run_query(published, "SELECT count(*) > 5 FROM lease_forecast").rows == [(True,)]
    assert published.read_bytes() == before


def test_a_run_migrates_and_loses_nothing_that_was_frozen(migrated: Migrated) -> None:
    """Vintages, bridges, alerts and runs cannot be made again; every row of theirs is there, bit for bit."""
    now = rows_of(migrated.settings.layout.warehouse, {name: names for name, (names, _) in migrated.before.items()})
    checked = 0
    for table in FROZEN_TABLES:
        if table not in migrated.before:
            continue
        _, rows = migrated.before[table]
        if table == "backtest_accuracy":
            # Of the newest vintage alone, made again with each.
            continue
        assert rows <= now[table][1], f"{table}: {len(rows - now[table][1])} of {len(rows)} rows are lost"
        checked += len(rows)
    assert checked > 500
    assert now["documents"][1] >= migrated.before["documents"][1]
    place = migrated.before["observations"][0].index("observation_id")
    assert {row[place] for row in now["observations"][1]} >= {row[place] for row in migrated.before["observations"][1]}


def test_a_migrated_home_publishes_its_version_and_knows_its_rent_rolls(migrated: Migrated) -> None:
    """Readers can ask for the version; old forecasts of leases, without a portfolio, do not pass for others."""
    published = migrated.settings.layout.published
    assert run_query(published, "SELECT version FROM schema_version").rows == [(SCHEMA_VERSION,)]
    assert run_query(published, "SELECT count(*) FROM latest_forecast WHERE series_id LIKE 'harbour/%'").rows == [(0,)]
    by_portfolio = "SELECT DISTINCT portfolio FROM occupancy_forecast WHERE series_id LIKE 'harbour/%'"
    assert run_query(published, by_portfolio).rows == [("harbour",)]
    vintages = run_query(published, "SELECT DISTINCT vintage FROM occupancy_forecast ORDER BY 1").rows
    assert vintages[:2] == [("2026-06-30",), ("2026-09-30",)]
    assert migrated.version != VERSIONS[0] or vintages[2:] == [("2026-12-31",)]


def test_the_schema_is_the_one_its_version_stands_for() -> None:
    """A change of tables or columns under the same number would leave old files as they are."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("write_schema", GOLDEN / "write_schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = (GOLDEN / "schema.txt").read_text(encoding="utf-8").splitlines()
    assert module.schema_lines() == kept, "raise SCHEMA_VERSION and follow tests/golden/README.md"
    told = (REPOSITORY / "docs" / "upgrading.md").read_text(encoding="utf-8")
    assert f"\n| {SCHEMA_VERSION} |" in told, "docs/upgrading.md does not say what this version changed"


def pretend_newer(path: Path) -> bytes:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE OR REPLACE VIEW schema_version AS SELECT {SCHEMA_VERSION + 1} AS version")
    return path.read_bytes()


def test_a_newer_file_is_declined_and_stays_as_it_is(tmp_path: Path) -> None:
    """Whoever goes back to an earlier version must not lose what the newer one wrote."""
    warehouse, published = tmp_path / "warehouse.duckdb", tmp_path / "published"
    with connect(warehouse) as connection:
        create_schema(connection)
        assert schema_version(connection) == SCHEMA_VERSION
    target = publish(warehouse, published).path
    refuse_newer(warehouse, target, tmp_path / "missing.duckdb")
    newer = pretend_newer(target)
    with connect(warehouse) as connection:
        connection.execute("INSERT INTO runs VALUES ('r', now(), NULL, 'failed', 'v', 0, 0, NULL, NULL)")
        connection.execute("INSERT INTO portfolios VALUES ('p', DATE '2026-06-30', true, 0, 0, 0)")
    with pytest.raises(
        WarehouseTooNewError, match=rf"schema version {SCHEMA_VERSION + 1}.*Nothing was changed.*Install"
    ):
        publish(warehouse, published)
    assert target.read_bytes() == newer
    newer = pretend_newer(warehouse)
    with connect(warehouse) as connection, pytest.raises(WarehouseTooNewError, match="schema version"):
        create_schema(connection)
    assert warehouse.read_bytes() == newer


@pytest.mark.parametrize("job", ["refresh", "rebuild"])
def test_no_job_works_on_a_newer_home(job: str, tmp_path: Path) -> None:
    """The run ends with the remedy before it touches a file but the archive; a rebuild would have replaced them."""
    settings = Settings(home=tmp_path / "home", as_of=LATER)
    settings.layout.make()
    write_instance_config(settings)
    with connect(settings.layout.warehouse) as connection:
        create_schema(connection)
    publish(settings.layout.warehouse, settings.layout.published.parent)
    newer = pretend_newer(settings.layout.published)
    warehouse = settings.layout.warehouse.read_bytes()
    (tmp_path / "inbox").mkdir()
    result = execute(job, settings, tmp_path / "inbox" if job == "refresh" else None)
    assert not result.success
    assert any("newer version of Colocast" in one and "Install" in one for one in failures(result)[1])
    assert settings.layout.published.read_bytes() == newer
    assert settings.layout.warehouse.read_bytes() == warehouse


def test_a_file_of_another_version_is_outdated_though_its_columns_are_the_same(tmp_path: Path) -> None:
    """What a column means may change while its name stays."""
    with connect(tmp_path / "warehouse.duckdb") as connection:
        create_schema(connection)
        connection.execute("CREATE OR REPLACE VIEW schema_version AS SELECT 2 AS version")
        with pytest.raises(WarehouseOutdatedError, match="schema version 2, this is"):
            create_schema(connection)
        connection.execute("DROP VIEW schema_version")
        with pytest.raises(WarehouseOutdatedError, match="before 3"):
            create_schema(connection)


def test_a_file_of_a_newer_duckdb_is_no_damaged_one(tmp_path: Path) -> None:
    """Taken for damaged, it would be made anew, and what the newer version had frozen would be gone."""
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    header = bytearray(path.read_bytes()[:4096])
    # Checksum, the word DUCK, and the storage version, which here rises by ten.
    struct.pack_into("<Q", header, 12, struct.unpack_from("<Q", header, 12)[0] + 10)
    words = struct.unpack("<511Q", header[8:])
    checksum = 5381
    for word in words:
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    struct.pack_into("<Q", header, 0, checksum)
    newer = bytes(header) + path.read_bytes()[4096:]
    path.write_bytes(newer)
    for read_only in (True, False):
        with pytest.raises(WarehouseTooNewError, match=r"newer version of DuckDB.*Install"), connect(path, read_only):
            pass
    with pytest.raises(WarehouseTooNewError):
        refuse_newer(path)
    assert path.read_bytes() == newer


def test_a_receipt_of_a_newer_format_is_declined_and_one_without_a_number_read(tmp_path: Path) -> None:
    """Taken for damaged, it would be written again without what the newer version had said in it."""
    (tmp_path / "report.txt").write_text("text")
    taken = archive(tmp_path / "report.txt", tmp_path / "archive", datetime(2026, 6, 1))
    receipt = taken.path.with_suffix(".json")
    told = json.loads(receipt.read_text())
    assert told["format"] == RECEIPT_FORMAT
    for copy in (tmp_path / "archive").glob("*.jsonl"):
        copy.unlink()
    receipt.write_text(json.dumps({key: told[key] for key in ("sha256", "bytes", "arrivals")}))
    assert [one.file_name for one in documents(tmp_path / "archive")] == ["report.txt"]
    newer = json.dumps({**{key: told[key] for key in ("sha256", "bytes", "arrivals")}, "format": RECEIPT_FORMAT + 1})
    receipt.write_text(newer)
    with pytest.raises(ArchiveTooNewError, match=r"format 2.*Nothing was changed.*Install"):
        documents(tmp_path / "archive")
    assert receipt.read_text() == newer


def test_a_memory_of_another_format_is_void(tmp_path: Path) -> None:
    """What another version remembered may mean something else: the stages run again."""
    warehouse, path = tmp_path / "warehouse.duckdb", tmp_path / "stages.json"
    warehouse.write_bytes(b"x")
    Memory(path, warehouse).store("judge", "mark", {"documents": 1})
    assert Memory.load(path, warehouse).recall("judge", "mark") == {"documents": 1}
    told = json.loads(path.read_text())
    for other in ({**told, "format": told["format"] + 1}, {key: told[key] for key in ("warehouse", "stages")}):
        path.write_text(json.dumps(other))
        assert Memory.load(path, warehouse).recall("judge", "mark") is None
