"""Opening the warehouse: open late, close early, bounded memory and threads.

Belongs here: the one connection helper and the reading of the .sql files. What is written stands in the modules beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from assets.warehouse.durable import DiskFullError, disk_full, is_disk_full

if TYPE_CHECKING:
    import pandas as pd

SQL_FOLDER = Path(__file__).parent / "sql"
# Version of tables, views and columns. Rises with every change of them; docs/upgrading.md says what each one changed.
SCHEMA_VERSION = 3
MEMORY_LIMIT = "512MB"
THREADS = 2
# A table is shared out among threads by 122,880 rows; in a file smaller than this a second thread finds nothing to do,
# and waking it costs as much again as the query.
SMALL_BYTES = 64 * 1024 * 1024


class WarehouseLockedError(RuntimeError):
    """Another process holds the file for writing; the message names it and what to do."""


class transaction:  # noqa: N801 - reads as a verb in a with statement
    """BEGIN and COMMIT round a block; ROLLBACK where it raises."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.execute("BEGIN TRANSACTION")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.connection.execute("COMMIT" if kind is None else "ROLLBACK")


class WarehouseOutdatedError(RuntimeError):
    """The file was made by another version: its tables have other columns. The message names the remedy."""


class WarehouseTooNewError(RuntimeError):
    """The file was made by a newer version, of Colocast or of DuckDB; the message names both and the remedy."""


class WarehouseDamagedError(RuntimeError):
    """The file at `path` is no readable DuckDB database, as a whole or in a block; the message names the remedy."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


class WarehouseUnusableError(RuntimeError):
    """The file cannot be opened though nothing says that it is damaged; the message says why."""


# How DuckDB says that the bytes of a file are not those it wrote. Each block and each entry of the log has a checksum.
_DAMAGE = re.compile(
    r"corrupt|checksum|not a valid DuckDB|could not read|read enough bytes|could not read all bytes|is a directory"
    r"|deserializ|serialization|replaying WAL",
    re.I,
)


def is_damage(error: BaseException) -> bool:
    """Whether an error of DuckDB tells of damaged bytes; a lack of room, of permission or of a lock does not."""
    if not isinstance(error, duckdb.Error) or is_disk_full(error):
        return False
    if isinstance(error, duckdb.SerializationException | duckdb.InternalException | duckdb.FatalException):
        return True
    return isinstance(error, duckdb.IOException) and bool(_DAMAGE.search(str(error)))


def sql_text(name: str) -> str:
    """The text of sql/NAME.sql."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def connect(
    path: Path, read_only: bool = False, memory_limit: str = MEMORY_LIMIT, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file at `path`, closed at the end of the block whatever happens.

    `threads` are as many as the file is large enough for, unless they are told.

    Raises FileNotFoundError (read_only, no file), WarehouseLockedError, WarehouseDamagedError, DiskFullError,
    WarehouseUnusableError, each with its remedy; the second and third also out of the block, where a query meets a
    damaged block or has no room.
    Extensions are neither loaded nor installed: nothing here needs one, and nothing may come over a network.
    """
    if read_only and not path.exists():
        raise FileNotFoundError(
            f"{path}: no such database. Run `colocast run` first, or point COLOCAST_HOME at its folder."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        config = _config(memory_limit, threads or threads_for(path))
        connection = duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.IOException as error:
        raise _explained(path, error) from error
    except (duckdb.Error, UnicodeDecodeError) as error:
        if _is_of_newer_duckdb(str(error)):
            raise WarehouseTooNewError(_of_newer_duckdb(path, str(error))) from error
        # Whatever else opening fails with, the catalogue in the file makes no sense.
        raise WarehouseDamagedError(damaged_words(path, str(error)), path) from error
    try:
        yield connection
    except duckdb.Error as error:
        if is_damage(error):
            raise WarehouseDamagedError(damaged_words(path, str(error)), path) from error
        if is_disk_full(error):
            raise DiskFullError(disk_full(path.parent)) from error
        raise
    finally:
        connection.close()


class Frames(Mapping[str, "pd.DataFrame"]):
    """Published tables by name, each read when it is asked for and not kept: together they can outgrow the memory that
    the largest of them needs.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._names = tuple(published_tables(connection))

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._names:
            raise KeyError(name)
        return self._connection.execute(f'SELECT * FROM main."{name}"').df()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        counted = {
            name: self._connection.execute(f'SELECT count(*) FROM main."{name}"').fetchall()[0][0] for name in self
        }
        return {name: int(count) for name, count in counted.items()}


def threads_for(path: Path) -> int:
    """How many threads are worth their cost for questions to the file."""
    return THREADS if path.exists() and path.stat().st_size >= SMALL_BYTES else 1


@contextmanager
def connect_nowhere(memory_limit: str = MEMORY_LIMIT, threads: int = THREADS) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to no file, for work on several attached ones; bounded like connect()."""
    connection = duckdb.connect(":memory:", config=_config(memory_limit, threads))
    try:
        yield connection
    finally:
        connection.close()


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of tables, comments and views; repeatable, and nothing is dropped.

    Raises WarehouseOutdatedError where a table of another version stands in the way.
    """
    # In one transaction: outside of it every statement waits for the disk.
    with transaction(connection):
        # A wrong column would fail somewhere in the middle of a load, in words that help nobody; so before all else.
        check_version(connection)
        connection.execute(sql_text("schema"))
        describe(connection)


def describe(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the views and comment every table, view and column; a view's column means what its table's does."""
    connection.execute(sql_text("comments"))
    connection.execute(sql_text("views"))
    connection.execute(sql_text("schema_version").format(version=SCHEMA_VERSION))
    for view, column, comment in connection.execute(sql_text("view_columns")).fetchall():
        text = comment.replace("'", "''")
        connection.execute(f'COMMENT ON COLUMN "{view}"."{column}" IS \'{text}\'')


def insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    """Insert a frame's rows into the table's columns of the same names, in order of the frame's columns."""
    if len(frame):
        connection.register("rows_to_insert", frame)
        try:
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_insert ORDER BY ALL")
        finally:
            connection.unregister("rows_to_insert")


def published_tables(connection: duckdb.DuckDBPyConnection, catalog: str | None = None) -> list[str]:
    """Names of the tables of schema main, in order of name; these and the views are what readers get."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables()"
        " WHERE schema_name = 'main' AND NOT internal AND database_name = coalesce(?, current_database())"
        " ORDER BY table_name",
        [catalog],
    ).fetchall()
    return [row[0] for row in rows]


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version that the open file says it has; 0 for a file from before versions, and for an empty one."""
    known = connection.execute(
        "SELECT 1 FROM duckdb_views() WHERE view_name = 'schema_version' AND schema_name = 'main'"
        " AND database_name = current_database()"
    ).fetchone()
    found = connection.execute("SELECT version FROM main.schema_version").fetchone() if known else None
    return int(found[0]) if found else 0


def refuse_newer(*paths: Path) -> None:
    """Raise WarehouseTooNewError where one of the files was made by a newer version; nothing is changed.

    For whoever is about to replace them: a file that is missing or cannot be read is not newer.
    """
    for path in paths:
        if not path.is_file():
            continue
        try:
            with connect(path, read_only=True) as connection:
                found = schema_version(connection)
        except WarehouseTooNewError:
            raise
        except (RuntimeError, duckdb.Error):
            continue
        if found > SCHEMA_VERSION:
            raise WarehouseTooNewError(_too_new(str(path), found))


def _too_new(what: str, version: int) -> str:
    return (
        f"{what} was made by a newer version of Colocast (schema version {version}, this one knows up to"
        f" {SCHEMA_VERSION}). Nothing was changed. Install that version again, or point COLOCAST_HOME at another"
        " folder."
    )


_COLUMNS = (
    "SELECT schema_name || '.' || table_name, list((column_name, data_type) ORDER BY column_index)"
    " FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()"
    " AND table_name IN (SELECT table_name FROM duckdb_tables()) GROUP BY ALL"
)


def check_version(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise WarehouseOutdatedError or WarehouseTooNewError where the open file was made by another version; an empty
    file was not.
    """
    found = dict(connection.execute(_COLUMNS).fetchall())
    if not found:
        return
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise WarehouseTooNewError(_too_new("the warehouse", version))
    if version < SCHEMA_VERSION:
        raise WarehouseOutdatedError(
            f"the warehouse was made by an earlier version of Colocast (schema version {version or 'before 3'}, this is"
            f" {SCHEMA_VERSION}). `colocast run` makes it again from the archive, with all frozen forecasts, alerts and"
            " runs."
        )
    with connect_nowhere(threads=1) as empty:
        empty.execute(sql_text("schema"))
        expected = dict(empty.execute(_COLUMNS).fetchall())
    for table, columns in sorted(found.items()):
        if table in expected and columns != expected[table]:
            differing = sorted({name for name, _ in set(columns) ^ set(expected[table])}) or ["the order of columns"]
            raise WarehouseOutdatedError(
                f"the warehouse was made by another version of Colocast: {table} differs in {', '.join(differing)}."
                " Run `colocast rebuild`: it makes the warehouse again from the archive, and nothing is lost."
            )


def _config(memory_limit: str, threads: int) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }


def _explained(path: Path, error: duckdb.IOException) -> RuntimeError:
    text = str(error)
    # Before all else: what is said of a damaged block has the word lock in it.
    if is_damage(error):
        return WarehouseDamagedError(damaged_words(path, text), path)
    if "lock" in text.lower():
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
        who = f"process {holder.group(2)} ({holder.group(1)})" if holder else "another process"
        return WarehouseLockedError(
            f"{path}: held for writing by {who}. Wait for that run to end, or end that process, then try again;"
            " readers use published/occupancy.duckdb, which is never locked by a run."
        )
    if is_disk_full(error):
        return DiskFullError(disk_full(path.parent))
    if _is_of_newer_duckdb(text):
        return WarehouseTooNewError(_of_newer_duckdb(path, text))
    return WarehouseUnusableError(
        f"{path}: cannot be opened ({_first_line(text)}). Mend what the reason names, such as its permissions, and try"
        " again."
    )


def _is_of_newer_duckdb(text: str) -> bool:
    # Storage versions are small numbers that rise by one; another number is a damaged one.
    found = re.search(r"version number (\d+), but we can only read versions between (\d+) and (\d+)", text)
    return found is not None and int(found[3]) < int(found[1]) < int(found[3]) + 1000


def _of_newer_duckdb(path: Path, text: str) -> str:
    return (
        f"{path} was written by a newer version of DuckDB than {duckdb.__version__} ({_first_line(text)}). Nothing was"
        " changed. Install the version of Colocast that wrote it, or point COLOCAST_HOME at another folder."
    )


def damaged_words(path: Path, text: str) -> str:
    """What to tell people of a damaged file; `text` is what DuckDB said."""
    return (
        f"{path}: is damaged and cannot be read as a DuckDB database ({_first_line(text)}). Nothing is lost: the next"
        " `colocast run` makes it again from the archive and the publications."
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no message"
