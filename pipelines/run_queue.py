"""The queue of runs: Dagster's own, with the limit of our pool written down before the first run enters.

Dagster applies the default limit of dagster.yaml to a pool that it meets for the first time only after it has let runs
of that pool out: on a new instance, two runs that wait together would start together. The run lock (locking.py) would
still keep them from writing at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from pipelines.home import POOL

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun
    from dagster._core.run_coordinator.base import SubmitRunContext


def limit_pool(instance: DagsterInstance) -> None:
    """One run at a time in the pool `warehouse`, unless a person has set another limit in the UI."""
    storage = instance.event_log_storage
    if not any(one.name == POOL for one in storage.get_pool_limits()):
        storage.set_concurrency_slots(POOL, 1)


class OneWriterQueue(QueuedRunCoordinator):
    """Dagster's queue, which knows our pool from the first run on."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Put a run into the queue."""
        limit_pool(self._instance)
        return super().submit_run(context)
