"""The lake with its catalogue in a file: the same names and answers as the file, only what changed, nothing torn.

Two writers at once, kills and a real Postgres stand in tests/reliability/test_lake_writers.py.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.delivery.exporting import export
from assets.warehouse.database import connect_nowhere, create_schema, published_tables
from assets.warehouse.lake import LakeAddress, LakeError, list_snapshots, parse_address, publish_to_lake, snapshot_file
from assets.warehouse.lake import parts as lake_parts
from assets.warehouse.lake.connecting import load_extension
from assets.warehouse.lake.keeping import snapshots_to_expire, tidy
from assets.warehouse.lake.locking import open_to_write
from assets.warehouse.lake.publishing import identity
from assets.warehouse.lake.views import TOGETHER, in_order
from assets.warehouse.query import QueryError, run_query
from bench.lake_cases import FROZEN, OPEN, state_of, write_everything, write_state
from bench.readme_answers import PAGES, answer, questions
from pipelines.commands import looking
from pipelines.commands.console import RefusedError
from pipelines.settings import Settings

SECRET = "p#ss/word@1"
POSTGRES = "postgresql://ann:p%23ss%2Fword%401@db.example:5433/lake?sslmode=require#/srv/lake"
NAMES = (
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal"
    " UNION ALL SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY ALL"
)
COLUMNS = (
    "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = 'main' ORDER BY ALL"
)


@pytest.fixture
def address(tmp_path: Path) -> LakeAddress:
    return parse_address(f"{tmp_path}/lake/catalogue.ducklake#{tmp_path}/lake/data")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LakeAddress]:
    """A publication with rows in every table, and a lake that holds it."""
    folder = tmp_path_factory.mktemp("everything")
    published = write_everything(folder / "occupancy.duckdb")
    address = parse_address(f"{folder}/catalogue.ducklake")
    publish_to_lake(published, address, "home", vintage=OPEN, run_id="r1")
    return published, address


def send(folder: Path, address: LakeAddress, state: int, writer: str = "k", vintage: str = OPEN, **more: Any) -> Any:
    published = write_state(folder / "state.duckdb", writer, state)
    return publish_to_lake(published, address, more.pop("home", writer), writer, vintage, f"{writer}-{state}", **more)


def read(address: LakeAddress, folder: Path, sql: str, at: str | None = None) -> list[Any]:
    with snapshot_file(address, folder, at) as file, duckdb.connect(str(file.path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def settled(rows: list[Any]) -> list[Any]:
    """Rows whose numbers have no more digits than a view's sum keeps, in whatever order its rows are added."""
    return [[float(f"{value:.10g}") if isinstance(value, float) else value for value in row] for row in rows]


def parquet_files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "lake" / "data").rglob("*.parquet")}


def test_one_address_names_catalogue_and_data() -> None:
    """One setting has to do; what stands in it is found again by DuckDB and libpq."""
    lake = parse_address(POSTGRES)
    assert lake.is_postgres
    assert lake.data == "/srv/lake"
    assert lake.login == {
        "HOST": "db.example", "PORT": "5433", "DATABASE": "lake", "USER": "ann", "PASSWORD": SECRET,
    }  # fmt: skip
    assert "sslmode=require" in lake.options
    assert "connect_timeout=10" in lake.options
    assert parse_address("/srv/a.ducklake").data == "/srv/a.ducklake.files"
    assert parse_address("postgres://db/lake#s3://bucket/lake/").data == "s3://bucket/lake"


def test_an_address_shows_no_password() -> None:
    lake = parse_address(POSTGRES)
    assert SECRET not in repr(lake) + lake.shown + lake.options
    assert SECRET not in lake.clean(f"could not connect with {SECRET}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mysql://ann:geheim@db/lake", "mysql://ann@db"),
        ("postgresql://ann:geheim@db:x/lake", "no address"),
        ("postgresql://ann:geheim@db", "postgresql://ann@db"),
        ("postgresql://ann:geheim@db/lake?password=geheim", "option 'password'"),
        ("postgresql://ann:geheim@db/lake#relative/folder", "absolute path"),
        ("lake.ducklake", "absolute path"),
    ],
)
def test_a_wrong_address_is_refused_with_what_is_expected(text: str, told: str) -> None:
    with pytest.raises(LakeError, match=r"expected|no absolute path") as problem:
        parse_address(text)
    assert told in str(problem.value)
    assert "geheim" not in str(problem.value)


def test_every_published_table_has_its_place_in_the_lake() -> None:
    """A new table must say which of its rows belong together, or two writers' rows would mix in it."""
    with connect_nowhere() as connection:
        create_schema(connection)
        columns: dict[str, set[str]] = {name: set() for name in published_tables(connection)}
        for table, column in connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall():
            columns.setdefault(table, set()).add(column)
        assert set(TOGETHER) == set(published_tables(connection))
    assert [name for name, together in TOGETHER.items() if not set(together) <= columns[name]] == []


def test_views_come_after_what_they_stand_on() -> None:
    views = {"a_top": "SELECT * FROM middle", "middle": "SELECT * FROM z_base", "z_base": "SELECT * FROM middlemen"}
    assert in_order(views) == ["z_base", "middle", "a_top"]


def test_file_and_lake_hold_the_same(everything: tuple[Path, LakeAddress], tmp_path: Path) -> None:
    """The same names, rows, types and comments, and the same answer to every documented question."""
    made, address = everything
    asked = [question for page in PAGES for question in questions(page.read_text(encoding="utf-8"))]
    with (
        snapshot_file(address, tmp_path) as file,
        duckdb.connect(str(file.path), read_only=True) as lake,
        duckdb.connect(str(made), read_only=True) as published,
    ):
        names = [row[0] for row in published.execute(NAMES).fetchall()]
        assert [row[0] for row in lake.execute(NAMES).fetchall()] == names
        assert lake.execute(COLUMNS).fetchall() == published.execute(COLUMNS).fetchall()
        for name in names:
            rows = f'SELECT * FROM "{name}" ORDER BY ALL'
            assert settled(lake.execute(rows).fetchall()) == settled(published.execute(rows).fetchall()), name
        lake.close()
        answers = [(answer(made, one.sql), answer(file.path, one.sql), one.title) for one in asked]
    # Made-up rows tie where real ones do not, and ties may come in another order.
    lines = [(sorted(of_file.splitlines()), sorted(of_lake.splitlines()), title) for of_file, of_lake, title in answers]
    assert [title for of_file, of_lake, title in lines if of_file != of_lake] == []
    assert sum(len(of_file) > 1 for of_file, _, _ in lines) > 20


def test_an_export_of_the_lake_equals_that_of_the_file(everything: tuple[Path, LakeAddress], tmp_path: Path) -> None:
    made, address = everything
    with snapshot_file(address, tmp_path, copied=True) as file:
        assert file.files == ()
        of_lake = export(file.path, "csv", tmp_path / "lake-export")
    of_file = export(made, "csv", tmp_path / "file-export")
    assert [path.name for path in of_lake] == [path.name for path in of_file]
    for one, other in zip(of_lake, of_file, strict=True):
        assert sorted(one.read_text().splitlines()) == sorted(other.read_text().splitlines()), one.name


def test_any_duckdb_that_attaches_the_lake_finds_the_same_names(address: LakeAddress, tmp_path: Path) -> None:
    """The names must not hang on our own reader: views resolve without USE, and at an earlier version."""
    for state in (1, 2):
        send(tmp_path, address, state)
    first = list_snapshots(address)[-1].number
    with duckdb.connect() as connection:
        load_extension(connection, "ducklake")
        connection.execute(f"ATTACH 'ducklake:{address.file}' AS anything (METADATA_SCHEMA 'colocast_lake', READ_ONLY)")
        count = "SELECT count(*) FROM anything.documents"
        assert connection.execute(count).fetchall() == [(2,)]
        assert connection.execute(f"{count} AT (VERSION => {first})").fetchall() == [(1,)]
        assert connection.execute("SELECT probability FROM anything.latest_breach").fetchall() == [(2.0,)]


def test_only_what_changed_is_written(address: LakeAddress, tmp_path: Path) -> None:
    """A frozen vintage that is written again with every publication would make the lake grow without need."""
    first = send(tmp_path, address, 1)
    before = parquet_files(tmp_path)
    published = write_state(tmp_path / "state.duckdb", "k", 1)
    with duckdb.connect(str(published)) as connection:
        # A run that changed no figure is no news.
        connection.execute("INSERT INTO runs VALUES ('another', 'unchanged')")
    again = publish_to_lake(published, address, "k", "k")
    assert (again.changed, again.snapshot, parquet_files(tmp_path)) == ({}, first.snapshot, before)
    second = send(tmp_path, address, 2)
    assert second.changed["breach_probability"] == [OPEN]
    assert FROZEN in first.changed["breach_probability"]
    assert "(views)" not in second.changed


def test_a_table_of_another_shape_replaces_the_old_one(address: LakeAddress, tmp_path: Path) -> None:
    """After an upgrade a table has another column; what was published before keeps its own."""
    send(tmp_path, address, 1)
    published = write_state(tmp_path / "state.duckdb", "k", 1)
    with duckdb.connect(str(published)) as connection:
        connection.execute("ALTER TABLE documents ADD COLUMN layout VARCHAR DEFAULT 'general'")
        connection.execute("DROP TABLE alerts")
    publish_to_lake(published, address, "k", "k", "2026-09-30", "r2")
    assert read(address, tmp_path, "SELECT * FROM documents") == [("k-1", "accepted", "general")]
    assert read(address, tmp_path, "SELECT * FROM documents", at=OPEN) == [("k-1", "accepted")]
    assert read(address, tmp_path, "SELECT count(*) FROM duckdb_views() WHERE view_name = 'alerts'") == [(0,)]


def test_a_lake_belongs_to_the_home_that_used_it_first(address: LakeAddress, tmp_path: Path) -> None:
    """Two homes under one name would undo each other's publications; a name of its own is the way, or a say-so."""
    published = write_state(tmp_path / "state.duckdb", "k", 1)
    publish_to_lake(published, address, "here")
    with pytest.raises(LakeError, match=r"another COLOCAST_HOME.*COLOCAST_LAKE_WRITER"):
        publish_to_lake(write_state(tmp_path / "state.duckdb", "k", 2), address, "there")
    assert publish_to_lake(tmp_path / "state.duckdb", address, "there", writer="main").rows > 0
    with pytest.raises(LakeError, match="small letters"):
        publish_to_lake(published, address, "there", writer='x"; DROP')


def test_a_home_keeps_its_identity(tmp_path: Path) -> None:
    assert identity(tmp_path / "a") == identity(tmp_path / "a") != identity(tmp_path / "b")


def test_two_writers_stand_side_by_side_and_nothing_is_half_of_each(address: LakeAddress, tmp_path: Path) -> None:
    """Rows of both are there; of a series that both have, all rows are the first writer's."""
    for state, writer in ((1, "apac"), (30, "emea"), (3, "apac")):
        send(tmp_path, address, state, writer)
    with snapshot_file(address, tmp_path) as file, duckdb.connect(str(file.path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchall() == [(33,)]
        assert connection.execute("SELECT series_id, leased FROM occupancy_history ORDER BY ALL").fetchall() == [
            ("apac", 3.0),
            ("emea", 30.0),
            ("total", 3.0),
        ]
        assert [state_of(connection, writer) for writer in ("apac", "emea", "nobody")] == [3, 30, 0]


def test_time_travel_goes_to_the_last_publication_of_a_vintage(address: LakeAddress, tmp_path: Path) -> None:
    numbers = [send(tmp_path, address, state, vintage=v).snapshot for state, v in ((1, FROZEN), (2, FROZEN), (3, OPEN))]
    count = "SELECT count(*) FROM documents"
    assert read(address, tmp_path, count, at=FROZEN) == [(2,)]
    assert read(address, tmp_path, count, at=str(numbers[0])) == [(1,)]
    assert read(address, tmp_path, count) == [(3,)]
    with pytest.raises(LakeError, match=rf"2020-03-31.*{FROZEN}, {OPEN}"):
        read(address, tmp_path, count, at="2020-03-31")


def test_what_is_kept_is_the_last_publications_and_one_of_each_vintage() -> None:
    def made(number: int, writer: str, vintage: str) -> tuple[int, str]:
        return number, f'{{"writer": "{writer}", "vintage": "{vintage}"}}'

    snapshots = [
        (0, None), (1, "no JSON"), made(2, "a", "Q1"), made(3, "a", "Q1"), made(4, "b", "Q1"), made(5, "a", "Q2"),
        made(6, "a", "Q2"), made(7, "a", "Q2"), (8, None), made(9, "b", "Q1"), (10, "[]"),
    ]  # fmt: skip
    assert snapshots_to_expire(snapshots, 1) == [0, 1, 2, 4, 5, 6, 8]
    assert snapshots_to_expire(snapshots, 2) == [0, 1, 2, 5, 8]


def test_the_lake_does_not_grow_without_bound(address: LakeAddress, tmp_path: Path) -> None:
    """Old publications expire with their files; a vintage's last one stays, and everything kept can still be read."""
    sizes = []
    send(tmp_path, address, 1, vintage=FROZEN)
    for state in range(2, 6):
        send(tmp_path, address, state, keep=2)
        with open_to_write(address, 10) as (connection, _):
            tidy(connection, address, 2, timedelta(0))
        sizes.append(len(parquet_files(tmp_path)))
    assert sizes[-1] == sizes[-2] == sizes[-3]
    assert [one.run_id for one in list_snapshots(address)] == ["k-5", "k-4", "k-1"]
    count = "SELECT count(*) FROM documents"
    assert [read(address, tmp_path, count, at) for at in (FROZEN, None)] == [[(1,)], [(5,)]]


def test_what_a_killed_writer_left_goes_and_what_is_young_or_in_use_stays(address: LakeAddress, tmp_path: Path) -> None:
    """DuckLake's own clearing of orphans has deleted live files (issues 815, 1105); ours must not."""
    send(tmp_path, address, 1)
    live = parquet_files(tmp_path)
    orphan = next((tmp_path / "lake/data").rglob("*.parquet")).with_name("ducklake-0000.parquet")
    orphan.write_bytes(b"half")
    note = orphan.with_name("notes.parquet")
    note.write_bytes(b"not ours")
    with open_to_write(address, 10) as (connection, _):
        tidy(connection, address, 12, timedelta(hours=1))
        assert orphan.exists()
        tidy(connection, address, 12, timedelta(0))
    assert not orphan.exists()
    assert parquet_files(tmp_path) == {*live, note.name}


def test_a_copy_that_differs_is_not_published(
    address: LakeAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk made of the rows is compared before the commit; the last snapshot stands."""
    before = send(tmp_path, address, 1)
    real = lake_parts.fingerprints

    def wrong(connection: Any, table: str, *rest: Any) -> Any:
        found = real(connection, table, *rest)
        return {part: ("0/0/0", count) for part, (_, count) in found.items()} if "writer_k" in table else found

    monkeypatch.setattr(lake_parts, "fingerprints", wrong)
    with pytest.raises(LakeError, match="does not equal"):
        send(tmp_path, address, 2)
    assert [one.number for one in list_snapshots(address)] == [before.snapshot]
    assert read(address, tmp_path, "SELECT count(*) FROM documents") == [(1,)]


def test_rows_that_another_program_marked_as_deleted_are_not_shown_again(address: LakeAddress, tmp_path: Path) -> None:
    """A reader of the bare files would see them; it is told what to do instead."""
    send(tmp_path, address, 3)
    with open_to_write(address, 10) as (connection, _):
        # Signed as a publication, so that readers go there.
        connection.execute("BEGIN TRANSACTION")
        connection.execute("DELETE FROM lake.writer_k.alerts WHERE alert_id = 'k-1'")
        connection.execute("CALL lake.set_commit_message('x', 'x', extra_info => '{\"writer\": \"k\"}')")
        connection.execute("COMMIT")
    with pytest.raises(LakeError, match=r"marked rows as deleted.*rewrite_data_files"):
        read(address, tmp_path, "SELECT 1")


def test_a_writer_waits_for_another_and_then_declines(address: LakeAddress, tmp_path: Path) -> None:
    send(tmp_path, address, 1)
    with (
        open_to_write(address, 10),
        pytest.raises(LakeError, match="another writer has been publishing"),
    ):
        send(tmp_path, address, 2, wait_s=0.1)


def test_a_lake_that_is_not_there_yet_says_so(address: LakeAddress) -> None:
    with pytest.raises(LakeError, match="nothing has been published"):
        list_snapshots(address)


def test_a_catalogue_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    closed = parse_address(f"postgresql://ann:geheim@127.0.0.1:1/lake#{tmp_path}/data")
    with pytest.raises(LakeError, match=r"127\.0\.0\.1:1/lake cannot be used") as problem:
        send(tmp_path, closed, 1)
    assert "geheim" not in str(problem.value)
    assert "stands" in str(problem.value)


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('{folder}/**')",
        "SELECT * FROM ducklake_list_files('lake', 'documents')",
        "ATTACH '{catalogue}' AS c",
        "COPY documents TO '{folder}/out.csv'",
    ],
)
def test_readers_sql_reaches_the_lakes_tables_and_nothing_else(lake_for_attacks: tuple[Any, Path], attack: str) -> None:
    """The views may open the snapshot's files; what a reader writes may not, nor any other file or the catalogue."""
    file, folder = lake_for_attacks
    words = {
        "file": file.files[0], "other": folder / "other.parquet", "folder": folder,
        "catalogue": folder / "lake/catalogue.ducklake",
    }  # fmt: skip
    with pytest.raises(QueryError, match=r"not allowed|Permission|disabled|does not exist|No file|cannot"):
        run_query(file.path, attack.format(**words), files=file.files)
    assert not (folder / "out.csv").exists()


@pytest.fixture(scope="module")
def lake_for_attacks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("attacked")
    address = parse_address(f"{folder}/lake/catalogue.ducklake#{folder}/lake/data")
    send(folder, address, 2)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'secret' AS word) TO '{folder}/other.parquet'")
    with snapshot_file(address, folder) as file:
        found = run_query(file.path, "SELECT count(*), max(leased) FROM documents, occupancy_history", files=file.files)
        assert found.rows == [(6, 2.0)] or found.rows == [(4, 2.0)]
        yield file, folder


def test_one_setting_switches_what_commands_read(
    address: LakeAddress, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """`colocast sql` asks the file, and with COLOCAST_LAKE the lake; --at goes back in both."""
    history = Settings().layout.history
    history.mkdir(parents=True)
    for number, (state, vintage) in enumerate(((1, FROZEN), (2, OPEN)), 1):
        send(tmp_path, address, 10 * state, vintage=vintage)
        write_state(history / f"{number:06d}_{vintage}_r{number}.duckdb", "k", state)
    write_state(Settings().layout.published, "k", 2)

    def count(at: str | None = None) -> int:
        looking.query_published("SELECT count(*) AS n FROM documents", "csv", None, at)
        return int(capsys.readouterr().out.split()[1])

    assert [count(), count(FROZEN)] == [2, 1]
    with pytest.raises(RefusedError, match=rf"2020-03-31.*{FROZEN}, {OPEN}"):
        count("2020-03-31")
    monkeypatch.setenv("COLOCAST_LAKE", f"{address.file}#{address.data}")
    assert [count(), count(FROZEN)] == [20, 10]
    assert looking.show_status() == 0
    assert f"writer k, {list_snapshots(address)[0].made_at:%Y-%m-%d}" in capsys.readouterr().out
    assert looking.export_published("csv", tmp_path / "out") == 0
    assert len((tmp_path / "out/documents.csv").read_text().splitlines()) == 21
