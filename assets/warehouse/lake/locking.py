"""One writer after the other, on however many machines: a lock in the catalogue itself.

DuckLake settles writers that meet by trying again, and on Postgres misses some conflicts (duckdb/ducklake issues 1094
and 1341). So writers queue: an advisory lock of Postgres, which ends with the connection that holds it and therefore
with the process, whatever ends that; for a catalogue in a file, a lock on a file beside it, which readers share.
"""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from assets.warehouse.lake.address import LakeAddress, LakeError
from assets.warehouse.lake.connecting import CATALOGUE_SCHEMA, SECRET, attach, explained, prepared, quoted

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0
# Advisory locks are numbers of 64 bits, one name space a database.
_CATALOGUE = "catalogue_lock"
_LOCK = int.from_bytes(hashlib.sha256(CATALOGUE_SCHEMA.encode()).digest()[:8], "big", signed=True)


@contextmanager
def open_to_write(
    address: LakeAddress, wait_s: float
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Callable[[], None]]]:
    """The lake attached as `lake`, to write, while nobody else writes; created where there is none.

    Comes with a function that raises LakeError where the right to write was lost meanwhile. Raises LakeError where
    another writer holds it for longer than `wait_s` seconds, and what open_lake does.
    """
    with prepared(address) as connection:
        lock = (
            _postgres_lock(address, connection, wait_s)
            if address.is_postgres
            else _file_lock(address, wait_s, fcntl.LOCK_EX)
        )
        with lock as still_mine:
            # Only now: what this connection sees of the lake begins here.
            attach(connection, address, read_only=False)
            yield connection, still_mine


@contextmanager
def reader_lock(address: LakeAddress, wait_s: float = 30.0) -> Iterator[None]:
    """Readers of a catalogue in a file take turns with its writer; those of Postgres need no lock."""
    if address.is_postgres or not address.file or not address.file.exists():
        yield
        return
    with _file_lock(address, wait_s, fcntl.LOCK_SH):
        yield


@contextmanager
def _postgres_lock(
    address: LakeAddress, connection: duckdb.DuckDBPyConnection, wait_s: float
) -> Iterator[Callable[[], None]]:
    """Held by a transaction of its own, beside those of the lake."""
    with connection.cursor() as cursor:
        cursor.execute(f"ATTACH {quoted(address.options)} AS {_CATALOGUE} (TYPE postgres, SECRET {SECRET}, READ_ONLY)")

        def ask(query: str) -> object:
            with explained(address):
                return cursor.execute("SELECT * FROM postgres_query(?, ?)", [_CATALOGUE, query]).fetchall()[0][0]

        cursor.execute("BEGIN TRANSACTION")
        # It waits while the publication works; a server that ends idle transactions would take the lock away.
        ask("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        _wait(address, wait_s, lambda: bool(ask(f"SELECT pg_try_advisory_xact_lock({_LOCK})")))
        try:
            yield lambda: _still_there(address, ask)
        finally:
            _end(cursor)


def _still_there(address: LakeAddress, ask: Callable[[str], object]) -> None:
    try:
        ask("SELECT 1")
    except LakeError as error:
        raise LakeError(
            f"The connection to {address.shown} that held the right to write was lost, so nothing was published and"
            f" the last publication stands; run again. ({error})"
        ) from None


def _end(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        # The connection is gone, and the lock with it.
        return


@contextmanager
def _file_lock(address: LakeAddress, wait_s: float, kind: int) -> Iterator[Callable[[], None]]:
    assert address.file is not None
    path = address.file.with_name(address.file.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A reader need not be one who may write here.
        handle = path.open("r" if kind == fcntl.LOCK_SH and path.exists() else "a+")
    except OSError as error:
        raise LakeError(
            f"{path}: {error.strerror or error}. The lake's catalogue needs a folder that may be written; COLOCAST_LAKE"
            " names it."
        ) from None
    with handle:

        def taken() -> bool:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait(address, wait_s, taken)
        yield lambda: None


def _wait(address: LakeAddress, wait_s: float, taken: Callable[[], bool]) -> None:
    until = time.monotonic() + wait_s
    pause = _FIRST_PAUSE_S
    while not taken():
        if time.monotonic() >= until:
            raise LakeError(
                f"The lake at {address.shown}: another writer has been publishing for {wait_s:g} s. Nothing was"
                " published here and the last publication stands; run again when it has ended."
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
