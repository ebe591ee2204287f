"""Opening the warehouse: open late, close early, bounded memory and threads.

Belongs here: the one connection helper and the reading of the .sql files. What is written stands in the modules beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pandas as pd

SQL_FOLDER = Path(__file__).parent / "sql"
MEMORY_LIMIT = "512MB"
THREADS = 2


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


class WarehouseDamagedError(RuntimeError):
    """The file is no readable DuckDB database; the message names the remedy."""


def sql_text(name: str) -> str:
    """The text of sql/NAME.sql."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def connect(
    path: Path, read_only: bool = False, memory_limit: str = MEMORY_LIMIT, threads: int = THREADS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file at `path`, closed at the end of the block whatever happens.

    Raises FileNotFoundError (read_only, no file), WarehouseLockedError, WarehouseDamagedError, each with its remedy.
    Extensions are neither loaded nor installed: nothing here needs one, and nothing may come over a network.
    """
    if read_only and not path.exists():
        raise FileNotFoundError(
            f"{path}: no such database. Run `colocast run` first, or point COLOCAST_HOME at its folder."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=_config(memory_limit, threads))
    except duckdb.IOException as error:
        raise _explained(path, error) from error
    except (duckdb.SerializationException, duckdb.InternalException, duckdb.CatalogException) as error:
        raise WarehouseDamagedError(_damaged(path, str(error))) from error
    try:
        yield connection
    finally:
        connection.close()


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
        _check_version(connection)
        connection.execute(sql_text("schema"))
        describe(connection)


def describe(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the views and comment every table, view and column; a view's column means what its table's does."""
    connection.execute(sql_text("comments"))
    connection.execute(sql_text("views"))
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


_COLUMNS = (
    "SELECT schema_name || '.' || table_name, list((column_name, data_type) ORDER BY column_index)"
    " FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()"
    " AND table_name IN (SELECT table_name FROM duckdb_tables()) GROUP BY ALL"
)


def _check_version(connection: duckdb.DuckDBPyConnection) -> None:
    found = dict(connection.execute(_COLUMNS).fetchall())
    if not found:
        return
    with connect_nowhere() as empty:
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
    if "lock" in text.lower():
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
        who = f"process {holder.group(2)} ({holder.group(1)})" if holder else "another process"
        return WarehouseLockedError(
            f"{path}: held for writing by {who}. Wait for that run to end, or end that process, then try again;"
            " readers use published/occupancy.duckdb, which is never locked by a run."
        )
    return WarehouseDamagedError(_damaged(path, text))


def _damaged(path: Path, text: str) -> str:
    first_line = text.strip().splitlines()[0] if text.strip() else "no message"
    return (
        f"{path}: cannot be opened as a DuckDB database ({first_line}). Nothing is lost: run `colocast rebuild`,"
        " which makes it again from the archive."
    )
