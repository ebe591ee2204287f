"""Runs that died: how their end is noticed, and how they are closed so that their work is done again.

A killed process cannot say that its run has ended, and Dagster's default launcher never asks: after kill -9 of
everything, or a power cut, a run stays STARTED and holds the pool `warehouse` until its longest time is over. So every
run holds a lock (flock) on a file of its own, its sign of life, which the kernel frees with the process. Run monitoring
asks WatchedRunLauncher for it, every 30 seconds and at the start of the daemon; a command asks as well before it starts
a run. What does not belong here: who may write (locking.py), and how often a failed run is started again (home.py).
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import DagsterRunStatus, DefaultRunLauncher, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from pipelines.locking import is_held

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

HOST_TAG, PROCESS_TAG = "colocast/host", "colocast/process"
FOLDER = "alive"
# Between the end of a run's work and the event that says so; also how long a run may be dead before that is believed.
GRACE_S = 30.0
# From the event that a run has started to its sign of life: the time to load what the job needs.
ARRIVAL_S = 120.0
# Signs of runs that ended longer ago are swept away.
KEPT_S = 86_400.0
_held: set[str] = set()
_UNFINISHED = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.NOT_STARTED]


def sign_path(instance: DagsterInstance, run_id: str) -> Path:
    """Where a run's sign of life lies: below the instance's own folder, whatever its storage is."""
    return Path(instance.root_directory) / FOLDER / run_id


@contextmanager
def sign_of_life(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the run's sign of life. Whoever runs inside the holder, in the same process, may ask for it again."""
    path = sign_path(instance, run_id)
    key = str(path)
    if key in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)
            # From now on the run has GRACE_S seconds to say how it ended.
            os.utime(path)


def who_runs() -> dict[str, str]:
    """Tags of a run that say where its process is, for people and for `trouble`."""
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: str(os.getpid())}


def trouble(instance: DagsterInstance, run: DagsterRun) -> str:
    """Why an unfinished run can be taken for dead, as a sentence; '' where it lives, or where nobody here can tell."""
    path = sign_path(instance, run.run_id)
    who = f"process {run.tags.get(PROCESS_TAG, 'unknown')} on {run.tags.get(HOST_TAG, 'an unknown machine')}"
    try:
        silent_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        # Signed on a machine that does not share the folder (only its own launcher can tell), or not that far yet.
        if HOST_TAG in run.tags or run.status != DagsterRunStatus.STARTED:
            return ""
        record = instance.get_run_record_by_id(run.run_id)
        begun = record.start_time if record is not None else None
        if begun is None or time.time() - begun < ARRIVAL_S:
            return ""
        return f"The run has started {time.time() - begun:.0f} s ago and its process gave no sign of life."
    if is_held(path) or silent_s < GRACE_S:
        return ""
    return f"The run's process has ended without finishing it (killed, or the machine went down): {who}."


def close_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs as failed whose process has gone; returns their ids. The daemon, where one runs, starts them again."""
    closed = []
    for run in instance.get_runs(filters=RunsFilter(statuses=_UNFINISHED)):
        reason = trouble(instance, run)
        if reason:
            instance.report_run_failed(run, reason)
            closed.append(run.run_id)
    return closed


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        try:
            if time.time() - path.stat().st_mtime > KEPT_S and not is_held(path):
                path.unlink()
        except FileNotFoundError:
            continue  # swept by another run


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, which also knows whether a run's process still lives."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> WatchedRunLauncher:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks only a launcher that says so."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process lives, as its sign of life says."""
        reason = trouble(self._instance, run)
        return CheckRunHealthResult(WorkerStatus.FAILED if reason else WorkerStatus.RUNNING, reason or None)
