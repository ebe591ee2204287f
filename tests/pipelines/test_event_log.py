"""A kept connection must not write into a file that is gone, nor be used by a child: its events would be lost."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import psutil

from pipelines.event_log import KEPT_CONNECTIONS, KeptEventLog


@dg.op
def look() -> None:
    pass


@dg.job
def looking() -> None:
    look()


def run(instance: dg.DagsterInstance) -> str:
    result = looking.execute_in_process(instance=instance)
    assert result.success
    return result.run_id


def events(instance: dg.DagsterInstance, run_id: str) -> int:
    return len(instance.all_logs(run_id))


def open_databases(log: KeptEventLog) -> list[str]:
    return [
        one.path
        for one in psutil.Process().open_files()
        if one.path.startswith(log._base_dir) and one.path[-3:] == ".db"
    ]


def test_the_home_uses_it_and_keeps_few_files_open(instance: dg.DagsterInstance) -> None:
    """Each run has a file of its own; a process that lives for months must not hold them all."""
    log = instance.event_log_storage
    assert isinstance(log, KeptEventLog)
    runs = [run(instance) for _ in range(KEPT_CONNECTIONS + 2)]
    assert len(open_databases(log)) <= KEPT_CONNECTIONS
    assert len({events(instance, one) for one in runs}) == 1
    assert len(open_databases(log)) <= KEPT_CONNECTIONS


def test_dagsters_own_storage_reads_what_was_written(instance: dg.DagsterInstance) -> None:
    """The files are Dagster's: a home may go back, and dagster.local.yaml may name another storage."""
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

    log = instance.event_log_storage
    assert isinstance(log, KeptEventLog)
    run_id = run(instance)
    assert len(SqliteEventLogStorage(log._base_dir).get_logs_for_run(run_id)) == events(instance, run_id) > 0


def test_a_replaced_file_is_opened_anew(instance: dg.DagsterInstance) -> None:
    """A damaged index is set aside while the UI lives on: later events go into the new file."""
    log = instance.event_log_storage
    assert isinstance(log, KeptEventLog)
    run_id = run(instance)
    assert events(instance, run_id) > 0
    for name in ("index", run_id):
        for path in Path(log._base_dir).glob(f"{name}.db*"):
            path.rename(path.with_name(f"aside-{path.name}"))
    assert events(instance, run_id) == 0
    again = run(instance)
    assert events(instance, again) > 0
    assert Path(log.path_for_shard(again)).is_file()
    assert Path(log.path_for_shard("index")).is_file()


def test_a_child_opens_its_own(instance: dg.DagsterInstance) -> None:
    """SQLite forbids to carry a connection into a child (sqlite.org/howtocorrupt.html, 2.6)."""
    log = instance.event_log_storage
    assert isinstance(log, KeptEventLog)
    run_id = run(instance)
    before = log._engine(run_id)
    child = os.fork()
    if child == 0:
        os._exit(0 if log._engine(run_id) is not before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert log._engine(run_id) is before
