"""What a step takes and gives: Work, Outcome, and what several steps need. No step's own work."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import reporting_calendar, versions
from pipelines.home import LOGGER, Home
from pipelines.memory import Memory
from pipelines.settings import Settings

if TYPE_CHECKING:
    from forecasts.parallel import FanOut

log = logging.getLogger(LOGGER)

# Failing rows kept per rule for display; the quarantine table has them all.
FAILING_SHOWN = 200


class StageError(Exception):
    """A step cannot do its work for a reason that a person can mend; the message says how."""


@dataclass(frozen=True)
class Work:
    """What one run works on. `inbox` replaces the bundled reports and the home's inbox by one folder.

    `settle_s` above 0 leaves files alone that changed within so many seconds. `rebuild` starts from the archive alone.
    `run_id` and `started_at` go into `runs`. `fan_out` does parts of the work elsewhere; None: this process does them.
    """

    settings: Settings
    run_id: str
    started_at: datetime
    inbox: Path | None = None
    settle_s: float = 0.0
    rebuild: bool = False
    fan_out: FanOut | None = None

    @property
    def home(self) -> Home:
        """Paths of COLOCAST_HOME."""
        return self.settings.layout

    @property
    def as_of(self) -> date:
        """The day this run takes for today."""
        return self.settings.today

    @property
    def vintage(self) -> date:
        """The latest completed quarter end on or before as_of."""
        return reporting_calendar.latest_quarter_end(self.as_of)

    def memory(self) -> Memory:
        """What earlier runs left behind, as it stands now."""
        return Memory.load(self.home.state / "stages.json", self.home.warehouse)


def mapping_of(settings: Settings) -> str:
    """The version of layouts, vocabulary, readers and reader limits: what a reading depends on."""
    return versions.mapping_version(
        f"{settings.reader_memory_mib}/{settings.reader_seconds}/{settings.reader_document_mib}"
    )


@dataclass(frozen=True)
class Outcome:
    """What a step did. `fresh` is False where nothing had changed and the summary is the remembered one."""

    stage: str
    fresh: bool
    summary: dict[str, Any] = field(default_factory=dict)


def need(memory: Memory, stage: str) -> str:
    """The fingerprint of a step that must have run before. Raises StageError where it has not."""
    mark = memory.fingerprint_of(stage)
    if not mark:
        raise StageError(
            f"The step `{stage}` has to run first (its result is missing, or the warehouse was changed from "
            "outside). Run the whole job: `colocast run`, or the job refresh in the UI."
        )
    return mark


def utc(moment: datetime) -> datetime:
    """A moment as the warehouse keeps it: UTC, naive."""
    return moment.astimezone(UTC).replace(tzinfo=None)
