"""The resources of the jobs. The workplace says what a run works on, and holds the lock for as long as it runs.

With the in-process executor a resource lives as long as its run, so a run that Dagster's daemon starts and one of the
command line can never write at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from pipelines import disk
from pipelines.fan_out import fan_out
from pipelines.locking import run_lock
from pipelines.recovery import sign_of_life, who_runs
from pipelines.settings import REPOSITORY, Settings
from pipelines.steps.work import Work
from pipelines.trust import require_trusted_kernels


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
    _fan_out: Any = PrivateAttr(default=None)

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
            fan_out=self._fan_out,
        )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Workplace]:
        """Hold the lock from the first step to the last. Raises LockedError when another run does not end in time,
        UntrustedError where others could have written what would run.
        """
        require_trusted_kernels(REPOSITORY / "forecasts")
        settings = self.settings()
        home = settings.layout.make()
        run_id = context.run_id or "unknown run"
        with ExitStack() as stack:
            if context.run_id and context.instance is not None:
                # Signed before waiting for the lock: a run that is killed while it waits is noticed as well.
                stack.enter_context(sign_of_life(context.instance, run_id))
                context.instance.add_run_tags(run_id, who_runs())
            say = context.log.info if context.log is not None else None
            stack.enter_context(run_lock(home.lock, f"Dagster run {run_id[:8]}", settings.run_lock_wait_s, say))
            warn = context.log.warning if context.log is not None else disk.log.warning
            disk.require(settings, Path(self.inbox) if self.inbox else None, warn)
            self._fan_out = stack.enter_context(fan_out(settings.dask))
            yield self


class NoHandingOver(dg.IOManager):
    """In place of Dagster's default, which pickles what steps return and unpickles it again: code that whoever can
    write to the folder chooses. Steps return nothing; what they make lies in COLOCAST_HOME.
    """

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Refuse any value."""
        if obj is not None:
            raise TypeError(
                f"{context.get_identifier()} returned a {type(obj).__name__}; expected nothing: write it into the "
                "warehouse and yield a MaterializeResult."
            )

    def load_input(self, context: dg.InputContext) -> Any:
        """Refuse: nothing was stored."""
        raise TypeError(f"Input {context.name} asks for a value of another step; read it from the warehouse instead.")
