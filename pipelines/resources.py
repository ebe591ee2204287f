"""The one resource of the job: the workplace. It says what a run works on, and holds the lock for as long as it runs.

With the in-process executor a resource lives as long as its run, so a run that Dagster's daemon starts and one of the
command line can never write at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from pipelines.locking import run_lock
from pipelines.settings import Settings
from pipelines.steps.work import Work


class Workplace(dg.ConfigurableResource):
    """Choices of one run; everything left empty comes from the COLOCAST_ environment (settings.py)."""

    home: str = Field(default="", description="COLOCAST_HOME for this run; empty: the environment's.")
    inbox: str = Field(default="", description="Take reports from this folder alone; empty: bundled reports and inbox.")
    as_of: str = Field(default="", description="Pretend that today is this ISO date; empty: the real day.")
    settle_s: float = Field(
        default=0.0,
        ge=0,
        description="Leave files alone that changed within so many seconds: they may be half-written.",
    )

    rebuild: bool = Field(default=False, description="Forget warehouse and readings first; take the archive alone.")

    _started_at: datetime = PrivateAttr(default_factory=lambda: datetime.now(UTC))

    def settings(self) -> Settings:
        """The environment's settings with this run's choices on top."""
        chosen: dict[str, Any] = {}
        if self.home:
            chosen["home"] = Path(self.home)
        if self.as_of:
            chosen["as_of"] = date.fromisoformat(self.as_of)
        return Settings(**chosen)

    def work(self, run_id: str) -> Work:
        """What the steps take."""
        return Work(
            settings=self.settings(),
            run_id=run_id,
            started_at=self._started_at,
            inbox=Path(self.inbox) if self.inbox else None,
            settle_s=self.settle_s,
            rebuild=self.rebuild,
        )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Workplace]:
        """Hold the lock from the first step to the last. Raises LockedError when another run does not end in time."""
        settings = self.settings()
        home = settings.layout.make()
        run_id = context.run_id or "unknown run"
        with run_lock(home.lock, f"Dagster run {run_id[:8]}", settings.run_lock_wait_s):
            yield self
