"""On a new instance Dagster lets two waiting runs of one pool out together; the pool's limit must stand before that."""

from __future__ import annotations

from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from pipelines.home import POOL
from pipelines.run_queue import OneWriterQueue, limit_pool


def test_the_limit_stands_before_the_first_run_is_in_the_queue(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    limits: list[dict[str, int]] = []

    def seen() -> dict[str, int]:
        return {one.name: one.limit for one in instance.event_log_storage.get_pool_limits()}

    monkeypatch.setattr(QueuedRunCoordinator, "submit_run", lambda queue, context: limits.append(seen()))
    queue = instance.run_coordinator
    assert isinstance(queue, OneWriterQueue)
    assert seen() == {}
    queue.submit_run(SimpleNamespace())  # type: ignore[arg-type]
    assert limits == [{POOL: 1}]
    concurrency = instance.get_concurrency_config()
    assert concurrency.run_queue_config is not None
    assert concurrency.run_queue_config.max_concurrent_runs == 4
    # Somebody who runs several homes over one database may choose otherwise.
    instance.event_log_storage.set_concurrency_slots(POOL, 2)
    limit_pool(instance)
    assert seen() == {POOL: 2}
