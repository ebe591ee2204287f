"""Publishing to the lake: what changed of a published file, in one transaction, which is one snapshot.

The file is the writer's own publication, checked and closed; the lake gets the same rows. Readers see the snapshot
before or the one after, whatever happens in between. Written under the writer's lock and compared with the file before
the commit; what a killed writer leaves are files that no snapshot names, which the next one clears away.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from assets.warehouse.database import sql_text, transaction
from assets.warehouse.lake import parts as lake_parts
from assets.warehouse.lake.address import LakeAddress, LakeError
from assets.warehouse.lake.connecting import LAKE, OWN_SCHEMA, WRITER_PREFIX, LakeConflictError, quoted
from assets.warehouse.lake.keeping import tidy
from assets.warehouse.lake.locking import open_to_write
from assets.warehouse.lake.parts import Publication, Table
from assets.warehouse.lake.views import TOGETHER, in_order, union_views

DEFAULT_WRITER = "main"
_ATTEMPTS = 6
# Stands for the views of schema main in colocast.parts, which belong to no one writer.
_VIEWS = ("", "(views)")


@dataclass(frozen=True)
class Sent:
    """What publish_to_lake did. `snapshot`: the snapshot that holds it; `changed`: parts replaced, by table.

    `rows` and `attempts` tell how much was written and how often another program came between.
    """

    snapshot: int
    changed: dict[str, list[str]]
    rows: int
    attempts: int


def publish_to_lake(
    published: Path,
    address: LakeAddress,
    home: str,
    writer: str = "",
    vintage: str = "",
    run_id: str = "",
    keep: int = 12,
    wait_s: float = 600.0,
    sorting: Path | None = None,
) -> Sent:
    """Bring the lake to what the file `published` holds, as writer `writer`; nothing is written where it is equal.

    `home` tells this writer's home from any other: without a `writer` the name is `main`, and it belongs to the home
    that used it first. `keep` publications of each writer and the last of each vintage stay open to time travel.
    Raises LakeError (LakeUnreachableError, LakeConflictError) with what was found; the last snapshot stands then.
    """
    who = _Who(home, _checked_name(writer), bool(writer), vintage, run_id)
    wanted = lake_parts.read_publication(published)
    attempts = 0
    while True:
        attempts += 1
        try:
            with open_to_write(address, wait_s) as (connection, still_mine), _readable_like(address.data):
                connection.execute(f"ATTACH {quoted(str(published))} AS source (READ_ONLY)")
                if sorting:
                    connection.execute(f"SET temp_directory = {quoted(str(sorting))}")
                changes, rows = _publish(connection, who, wanted, still_mine)
                if changes:
                    tidy(connection, address, keep)
                newest = connection.execute(f"SELECT max(snapshot_id) FROM {LAKE}.snapshots()").fetchall()
                return Sent(int(newest[0][0]), changes, rows, attempts)
        except LakeConflictError:
            if attempts == _ATTEMPTS:
                raise
            # Only programs that do not know the lock come here, and how long they take is theirs to say.
            time.sleep(random.uniform(0.5, 1.0) * 0.2 * 2**attempts)


@contextmanager
def _readable_like(data: str) -> Iterator[None]:
    """New files may be read by whom the lake's folder may be read by; its owner has decided that by its mode."""
    if not Path(data or "/nonexistent").is_dir():
        yield
        return
    before = os.umask(0o077 & ~Path(data).stat().st_mode)
    try:
        yield
    finally:
        os.umask(before)


def identity(path: Path) -> str:
    """What tells a home from any other, from the file at `path`, which is written where there is none."""
    if not path.is_file():
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(uuid.uuid4().hex + "\n", encoding="utf-8")
        temporary.replace(path)
    return path.read_text(encoding="utf-8").strip()


@dataclass(frozen=True)
class _Who:
    home: str
    name: str
    by_name: bool
    vintage: str
    run_id: str

    @property
    def schema(self) -> str:
        return f"{LAKE}.{WRITER_PREFIX}{self.name}"


@dataclass(frozen=True)
class _View:
    name: str
    select: str
    comment: str


def _publish(
    connection: duckdb.DuckDBPyConnection, who: _Who, wanted: Publication, still_mine: Callable[[], None]
) -> tuple[dict[str, list[str]], int]:
    _create(connection)
    _check_owner(connection, who)
    with _snapshot_transaction(connection):
        changes, rows = _write(connection, who, wanted)
        if changes:
            _sign(connection, who, changes)
            still_mine()
    return changes, rows


class _snapshot_transaction(transaction):  # noqa: N801 - reads as a verb in a with statement
    """A transaction whose ROLLBACK may find the connection gone; the first fault is the one to tell."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            super().__exit__(kind, *rest)
        except duckdb.Error:
            if kind is None:
                raise


def _checked_name(writer: str) -> str:
    name = writer or DEFAULT_WRITER
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise LakeError(
            f"COLOCAST_LAKE_WRITER is {writer!r}; expected small letters, digits and underscores, at most 40, the first"
            " a letter: apac or emea_2."
        )
    return name


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute(f"SELECT writer FROM {LAKE}.{OWN_SCHEMA}.writers LIMIT 0")
    except duckdb.CatalogException:
        connection.execute(f"CALL {LAKE}.set_option('parquet_compression', 'zstd')")
        with transaction(connection):
            connection.execute(sql_text("lake"))


def _check_owner(connection: duckdb.DuckDBPyConnection, who: _Who) -> None:
    rows = connection.execute(
        f"SELECT home, published_at FROM {LAKE}.{OWN_SCHEMA}.writers WHERE writer = ?", [who.name]
    ).fetchall()
    if rows and rows[0][0] != who.home and not who.by_name:
        raise LakeError(
            f"The lake's writer {who.name} is another COLOCAST_HOME, which last published {rows[0][1]:%Y-%m-%d %H:%M}"
            " UTC. Nothing was changed. To publish beside it, set COLOCAST_LAKE_WRITER to a name of your own (apac,"
            f" emea); to take its place for good, set COLOCAST_LAKE_WRITER={who.name}."
        )


def _write(
    connection: duckdb.DuckDBPyConnection, who: _Who, publication: Publication
) -> tuple[dict[str, list[str]], int]:
    """Replace what changed; nothing at all where no figure did. Returns the parts replaced and the rows written."""
    wanted = publication.tables
    if unknown := sorted({table.name for table in wanted} - set(TOGETHER)):
        raise LakeError(f"The tables {', '.join(unknown)} are unknown to the lake; lake/views.py must name them.")
    standing, definitions, standing_views = _standing(connection, who)
    fresh = {table.name for table in wanted if definitions.get(table.name) != _digest(table.definition)}
    gone = sorted(set(definitions) - {table.name for table in wanted})
    standing = {key: mark for key, mark in standing.items() if key[0] not in fresh}
    changes = lake_parts.changed(wanted, standing)
    changes |= {name: [lake_parts.WHOLE] for name in gone}
    writers = _writers(connection, who, {table.name for table in wanted})
    views, mark = _views(publication, writers)
    new_views = standing_views != mark
    if not new_views and not fresh and not any(lake_parts.counts_as_news(name) for name in changes):
        return {}, 0
    for name in fresh:
        changes.setdefault(name, [])
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {who.schema}")
    for name in gone:
        connection.execute(f'DROP TABLE {who.schema}."{name}"')
    rows = 0
    for table in wanted:
        if table.name in fresh:
            _recreate(connection, who, table)
        if changes.get(table.name):
            rows += _replace(connection, who, table, changes[table.name], table.name in fresh)
    if new_views:
        _replace_views(connection, views)
        changes[_VIEWS[1]] = [lake_parts.WHOLE]
    _note(connection, who, publication, mark)
    return changes, rows


def _standing(
    connection: duckdb.DuckDBPyConnection, who: _Who
) -> tuple[dict[tuple[str, str], str], dict[str, str], str]:
    """What the lake says stands there: fingerprint by (table, part), definition by table, and the mark of the views."""
    rows = connection.execute(
        f"SELECT writer, table_name, part, fingerprint, definition FROM {LAKE}.{OWN_SCHEMA}.parts"
        " WHERE writer IN (?, ?)",
        [who.name, _VIEWS[0]],
    ).fetchall()
    own = [row[1:] for row in rows if row[0] == who.name]
    marks = {(table, part): mark for table, part, mark, _ in own}
    views = "".join(definition for writer, *_, definition in rows if writer == _VIEWS[0])
    return marks, {table: definition for table, _, _, definition in own}, views


def _writers(connection: duckdb.DuckDBPyConnection, who: _Who, own: set[str]) -> dict[str, set[str]]:
    """Every writer's tables, the one that has been there longest first."""
    found: dict[str, set[str]] = {}
    for writer, table in connection.execute(
        f"SELECT writer, table_name FROM {LAKE}.{OWN_SCHEMA}.writers JOIN {LAKE}.{OWN_SCHEMA}.parts USING (writer)"
        " ORDER BY position, table_name"
    ).fetchall():
        found.setdefault(writer, set()).add(table)
    return {**found, who.name: own}


def _recreate(connection: duckdb.DuckDBPyConnection, who: _Who, table: Table) -> None:
    name = f'{who.schema}."{table.name}"'
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    columns = ", ".join(
        f'"{column.name}" {column.kind}{"" if column.nullable else " NOT NULL"}' for column in table.columns
    )
    connection.execute(f"CREATE TABLE {name} ({columns})")
    if table.part_column:
        connection.execute(f"ALTER TABLE {name} SET PARTITIONED BY ({table.part_column})")
    if table.comment:
        connection.execute(f"COMMENT ON TABLE {name} IS {quoted(table.comment)}")
    for column in table.columns:
        if column.comment:
            connection.execute(f'COMMENT ON COLUMN {name}."{column.name}" IS {quoted(column.comment)}')


def _replace(connection: duckdb.DuckDBPyConnection, who: _Who, table: Table, parts: list[str], is_new: bool) -> int:
    """Replace parts of a table, whole files against whole files, and compare what was written with the file."""
    name, source = f'{who.schema}."{table.name}"', f'source.main."{table.name}"'
    only = "true"
    if table.part_column:
        only = f"coalesce({table.part_column}::VARCHAR, '') IN ({', '.join(quoted(part) for part in parts)})"
    if not is_new:
        connection.execute(f"DELETE FROM {name} WHERE {only}")
    connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM {source} WHERE {only}")
    names = [column.name for column in table.columns]
    written = lake_parts.fingerprints(connection, name, names, table.part_column, only)
    expected = {part: table.parts[part] for part in parts if part in table.parts}
    if written != expected:
        raise LakeError(
            f"The lake's copy of {table.name} does not equal the published file, so nothing was published and the last"
            " snapshot stands. Check the lake's disk for space and faults, then run again."
        )
    return sum(rows for _, rows in expected.values())


def _views(publication: Publication, writers: dict[str, set[str]]) -> tuple[list[_View], str]:
    """Every view of schema main, in the order they build on each other, and a mark that changes when one does."""
    found = [_View(name, select, "") for name, select in union_views(writers).items()]
    order = in_order({name: select for name, (select, _) in publication.views.items()})
    found += [_View(name, *publication.views[name]) for name in order]
    return found, _digest(repr((found, publication.comments)))


def _replace_views(connection: duckdb.DuckDBPyConnection, views: list[_View]) -> None:
    standing = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main' AND NOT internal", [LAKE]
    ).fetchall()
    for (name,) in standing:
        connection.execute(f'DROP VIEW {LAKE}.main."{name}"')
    connection.execute(f"USE {LAKE}.main")
    for view in views:
        connection.execute(f'CREATE VIEW {LAKE}.main."{view.name}" AS {view.select}')
        if view.comment:
            connection.execute(f'COMMENT ON VIEW {LAKE}.main."{view.name}" IS {quoted(view.comment)}')
    connection.execute("USE memory")


def _note(connection: duckdb.DuckDBPyConnection, who: _Who, publication: Publication, views: str) -> None:
    """Write down who published what; each writer's rows lie in files of their own and are replaced whole."""
    own = f"{LAKE}.{OWN_SCHEMA}"
    position = connection.execute(
        f"SELECT coalesce(max(position) FILTER (writer = ?), max(position) + 1, 1) FROM {own}.writers", [who.name]
    ).fetchall()[0][0]
    for table in ("writers", "parts"):
        connection.execute(f"DELETE FROM {own}.{table} WHERE writer = ?", [who.name])
    connection.execute(
        f"INSERT INTO {own}.writers VALUES (?, ?, ?, ?, ?, ?)",
        [
            who.name,
            position,
            who.home,
            datetime.now(UTC).replace(tzinfo=None),
            who.vintage or None,
            who.run_id or None,
        ],
    )
    rows = [
        (who.name, table.name, part, _digest(table.definition), mark, count)
        for table in publication.tables
        for part, (mark, count) in (table.parts or {lake_parts.WHOLE: ("", 0)}).items()
    ]
    _insert(connection, f"{own}.parts", rows)
    shared = connection.execute(f"SELECT definition FROM {own}.parts WHERE writer = ?", [_VIEWS[0]]).fetchall()
    if shared != [(views,)]:
        connection.execute(f"DELETE FROM {own}.parts WHERE writer = ?", [_VIEWS[0]])
        _insert(connection, f"{own}.parts", [(*_VIEWS, lake_parts.WHOLE, views, "", 0)])
        # One file for all writers, so it goes whole.
        connection.execute(f"DELETE FROM {own}.comments")
        if publication.comments:
            _insert(connection, f"{own}.comments", publication.comments)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    places = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
    connection.execute(f"INSERT INTO {table} VALUES {places}", [value for row in rows for value in row])


def _sign(connection: duckdb.DuckDBPyConnection, who: _Who, changes: dict[str, list[str]]) -> None:
    """Write on the snapshot who made it; time travel finds a vintage by it."""
    about = {"writer": who.name, "vintage": who.vintage, "run_id": who.run_id, "changed": sorted(changes)}
    message = " ".join(word for word in ("publication", who.vintage, who.run_id[:8]) if word)
    words = f"{quoted(who.name)}, {quoted(message)}, extra_info => {quoted(json.dumps(about))}"
    connection.execute(f"CALL {LAKE}.set_commit_message({words})")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
