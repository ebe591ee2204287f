"""Opening the lake: DuckDB's extensions from their Python packages, the catalogue, and faults in words.

Extensions are loaded from the files that pip installed, each by its path, and DuckDB checks their signatures; nothing
is installed or fetched over a network. Passwords go into a secret of the connection, which no error repeats.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from assets.warehouse.database import MEMORY_LIMIT, THREADS, connect_nowhere
from assets.warehouse.lake.address import LakeAddress, LakeError, is_remote

# Name under which the lake is attached, and the schema of the catalogue's database that holds it.
LAKE = "lake"
CATALOGUE_SCHEMA = "colocast_lake"
# Schema of the lake with what the writers tell each other; what precedes a writer's name in the schema of its tables.
OWN_SCHEMA = "colocast"
WRITER_PREFIX = "writer_"
SECRET = "lake_catalogue"
_OBJECT_STORE_SECRET = "lake_data"


class LakeUnreachableError(LakeError):
    """The catalogue or the data cannot be reached; what was published before stands."""


class LakeConflictError(LakeError):
    """Another program wrote to the lake at the same moment; nothing of ours was kept, so that trying again is safe."""


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def open_lake(address: LakeAddress) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the lake attached as `lake`, read-only, at its newest snapshot; closed at the end.

    Raises LakeUnreachableError, LakeConflictError or LakeError, also for what fails inside the block.
    """
    with prepared(address) as connection:
        attach(connection, address)
        yield connection


@contextmanager
def prepared(
    address: LakeAddress, memory_limit: str = MEMORY_LIMIT, threads: int = THREADS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the extensions and secrets of the lake, and not yet the lake. Raises what open_lake does."""
    with connect_nowhere(memory_limit, threads) as connection, explained(address):
        load_extension(connection, "ducklake")
        if address.is_postgres:
            load_extension(connection, "postgres_scanner")
            connection.execute(f"CREATE TEMPORARY SECRET {SECRET} (TYPE postgres{_login(address)})")
        if address.data and is_remote(address.data):
            _prepare_object_store(connection)
        # Conflicts are ours to settle: DuckLake's own retries miss some on Postgres (duckdb/ducklake issue 1094).
        connection.execute("SET ducklake_max_retry_count = 0")
        yield connection


def go_to_snapshot(connection: duckdb.DuckDBPyConnection, address: LakeAddress, snapshot: int) -> None:
    """Attach the lake anew as it stood at `snapshot`, read-only, in a connection of open_lake."""
    connection.execute(f"DETACH {LAKE}")
    attach(connection, address, snapshot=snapshot)


def attach(
    connection: duckdb.DuckDBPyConnection, address: LakeAddress, read_only: bool = True, snapshot: int | None = None
) -> None:
    """Attach the lake in a connection of prepared(); read_only False creates it where there is none."""
    # Rows in the catalogue instead of in Parquet would be out of reach of readers that only have the files.
    options = ["DATA_INLINING_ROW_LIMIT 0", f"METADATA_SCHEMA '{CATALOGUE_SCHEMA}'"]
    if address.is_postgres:
        options.append(f"META_SECRET {SECRET}")
    if address.data:
        options.append(f"DATA_PATH {quoted(address.data)}")
    if read_only:
        options.append("READ_ONLY")
    if snapshot is not None:
        options.append(f"SNAPSHOT_VERSION {snapshot}")
    where = f"ducklake:postgres:{address.options}" if address.is_postgres else f"ducklake:{address.file}"
    connection.execute(f"ATTACH {quoted(where)} AS {LAKE} ({', '.join(options)})")


def metadata(table: str) -> str:
    """A table of the lake's catalogue (the DuckLake specification names them), as it stands in SQL."""
    return f"__ducklake_metadata_{LAKE}.{CATALOGUE_SCHEMA}.{table}"


def data_path(connection: duckdb.DuckDBPyConnection) -> str:
    """The folder or bucket that holds the lake's files, as the catalogue has it."""
    rows = connection.execute(
        f"SELECT value FROM {metadata('ducklake_metadata')} WHERE key = 'data_path' AND scope IS NULL"
    ).fetchall()
    return str(rows[0][0])


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """LOAD an extension of DuckDB from its Python package. Raises LakeError where the package is not installed."""
    path = extension_path(name)
    if path is None:
        package = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
        raise LakeError(
            f"The lake needs DuckDB's extension {name}, which is not installed. Install {package} (the extra `scale`"
            " has those of the lake itself: requirements/scale.txt), or empty COLOCAST_LAKE to publish the file alone."
        )
    connection.execute(f"LOAD {quoted(str(path))}")


def extension_path(name: str) -> Path | None:
    """The file of an extension for this version of DuckDB; None where its package is not installed."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    path = folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return path if path.is_file() else None


@contextmanager
def explained(address: LakeAddress) -> Iterator[None]:
    """What DuckDB raises in the block, in words and without a password."""
    try:
        yield
    except duckdb.Error as error:
        raise _explanation(address, error) from None


def _explanation(address: LakeAddress, error: duckdb.Error) -> LakeError:
    text = address.clean(str(error)).strip().split("\n\nStack Trace")[0]
    low = text.lower()
    first = " ".join(text.split())[:300]
    if "data_path" in low and "does not match" in low:
        return LakeError(
            f"The lake at {address.shown} keeps its data elsewhere than COLOCAST_LAKE says ({first}). Write behind the"
            " # what the catalogue says, or nothing."
        )
    if "conflict" in low or "exceeded the maximum retry count" in low or "duplicate key" in low:
        return LakeConflictError(
            f"The lake at {address.shown}: another program changed it at the same moment ({first}). Nothing of this"
            " publication was kept; run again."
        )
    if "does not exist" in low and ("metadata" in low or "ducklake" in low):
        return LakeError(
            f"The lake at {address.shown}: nothing has been published there yet. Run `colocast run` with the same"
            " COLOCAST_LAKE first."
        )
    return LakeUnreachableError(
        f"The lake at {address.shown} cannot be used: {first}. What was published there before stands. Check that the"
        " catalogue answers, that user and password hold, and that the data can be read and written; then run again."
    )


def _login(address: LakeAddress) -> str:
    return "".join(f", {key} {quoted(value)}" for key, value in address.login.items())


def _prepare_object_store(connection: duckdb.DuckDBPyConnection) -> None:
    """Access to s3:// with the names of the environment that every tool for it knows."""
    load_extension(connection, "httpfs")
    names = {
        "KEY_ID": "AWS_ACCESS_KEY_ID",
        "SECRET": "AWS_SECRET_ACCESS_KEY",
        "SESSION_TOKEN": "AWS_SESSION_TOKEN",
        "REGION": "AWS_REGION",
    }
    given = {key: os.environ[name] for key, name in names.items() if os.environ.get(name)}
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint:
        scheme, _, host = endpoint.partition("://")
        given |= {"ENDPOINT": host.rstrip("/"), "URL_STYLE": "path", "USE_SSL": "false" if scheme == "http" else "true"}
    words = "".join(f", {key} {quoted(value)}" for key, value in given.items())
    connection.execute(f"CREATE TEMPORARY SECRET {_OBJECT_STORE_SECRET} (TYPE s3{words})")
