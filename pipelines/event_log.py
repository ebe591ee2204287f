"""Dagster's SQLite storage with connections that stay open from event to event.

Dagster opens a new SQLAlchemy engine for each of the some thousand accesses of a run, and SQLite folds its write-ahead
log into the file whenever the last connection closes: most of a run that has nothing to do. Belongs here: which
connections are kept and when they are given up; the files and their tables stay Dagster's. Not here: what is set aside
as damaged (dagster_storage.py), what is removed (housekeeping.py).
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

# The index of all runs, and the run at work.
KEPT_CONNECTIONS = 2
_WAIT = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}


@dataclass(frozen=True)
class _Kept:
    engine: Engine
    process: int
    file: tuple[int, int] | None

    def close(self) -> None:
        # A parent's connection is left alone: to close it here would drop the parent's locks.
        self.engine.dispose(close=self.process == os.getpid())


class KeptEventLog(SqliteEventLogStorage):
    """The event log of SQLite; each of at most KEPT_CONNECTIONS files has one open connection.

    A file that was removed or replaced meanwhile is opened anew, and a connection is never used in a child process.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def has_table(self, table_name: str) -> bool:
        """As Dagster's, which is asked before every result of a check; a table that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _engine(self, shard: str) -> Engine:
        kept, file = self._kept.pop(shard, None), self._file(shard)
        if kept is not None and (kept.process != os.getpid() or kept.file != file):
            kept.close()
            kept, file = None, None
        if kept is None:
            if file is None or shard not in self._initialized_dbs:
                # Makes several connections at once, which a pool of one does not have.
                self._initdb(create_engine(self.conn_string_for_shard(shard), poolclass=NullPool, connect_args=_WAIT))
                self._initialized_dbs.add(shard)
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={**_WAIT, "check_same_thread": False},
            )
            event.listen(engine, "connect", _no_wait_for_the_disk)
            kept = _Kept(engine, os.getpid(), self._file(shard))
        self._kept[shard] = kept
        while len(self._kept) > KEPT_CONNECTIONS:
            self._kept.popitem(last=False)[1].close()
        return kept.engine

    def _file(self, shard: str) -> tuple[int, int] | None:
        """Which file a shard's name means now; None where there is none."""
        try:
            found = Path(self.path_for_shard(shard)).stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def dispose(self) -> None:
        """Close what is open; a later use opens it again."""
        with self._db_lock:
            for kept in self._kept.values():
                kept.close()
            self._kept.clear()
        super().dispose()


def _no_wait_for_the_disk(connection: Any, _: Any) -> None:
    """Dagster's files are in WAL mode, in which this loses at most the last events when the power fails, and never
    damages the file (sqlite.org/pragma.html#pragma_synchronous)."""
    connection.execute("PRAGMA synchronous=NORMAL")


class KeptStorage(DagsterSqliteStorage):
    """What dagster.yaml names: Dagster's own storage but for the event log."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = KeptEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> KeptStorage:
        """What Dagster calls with the config of dagster.yaml."""
        return cls.from_local(inst_data=inst_data, **config_value)
