"""Opening the warehouse: open late, close early, bounded memory and threads.

Belongs here: the one connection helper and the reading of the .sql files. What is written stands in the modules beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SQL_FOLDER = Path(__file__).parent / "sql"
MEMORY_LIMIT = "512MB"
THREADS = 2


class WarehouseLockedError(RuntimeError):
    """Another process holds the file for writing; the message names it and what to do."""


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
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.IOException as error:
        raise _explained(path, error) from error
    except (duckdb.SerializationException, duckdb.InternalException, duckdb.CatalogException) as error:
        raise WarehouseDamagedError(_damaged(path, str(error))) from error
    try:
        yield connection
    finally:
        connection.close()


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of tables, comments and views; repeatable, and nothing is dropped."""
    for name in ("schema", "comments", "views"):
        connection.execute(sql_text(name))


def published_tables(connection: duckdb.DuckDBPyConnection, catalog: str | None = None) -> list[str]:
    """Names of the tables of schema main, in order of name; these and the views are what readers get."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables()"
        " WHERE schema_name = 'main' AND NOT internal AND database_name = coalesce(?, current_database())"
        " ORDER BY table_name",
        [catalog],
    ).fetchall()
    return [row[0] for row in rows]


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
