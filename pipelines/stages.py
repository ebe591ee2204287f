"""The steps of the main job as plain functions: receive, read, judge, history, outlook, publish, page.

Each takes a Work (settings and the choices of this run), leaves its results in COLOCAST_HOME, and returns an Outcome
whose summary is plain JSON. A step whose inputs are those it last ran with returns what it remembers and imports
nothing heavy (memory.py). Dagster's assets (shells.py) and the command line call these; nothing here knows either.

The warehouse is a pure function of archive, code, mapping and as-of date: every judgement is made over all documents at
once, so that the order in which reports arrive, or a rebuild from the archive, cannot change a figure.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import inbox, reporting_calendar, versions
from pipelines.home import LOGGER, Home
from pipelines.memory import Memory
from pipelines.settings import Settings

if TYPE_CHECKING:
    pass

log = logging.getLogger(LOGGER)

# Failing rows kept per rule for display; the quarantine table has them all.
FAILING_SHOWN = 200


class StageError(Exception):
    """A step cannot do its work for a reason that a person can mend; the message says how."""


@dataclass(frozen=True)
class Work:
    """What one run works on. `inbox` replaces the bundled reports and the home's inbox by one folder.

    `settle_s` above 0 leaves files alone that changed within so many seconds. `run_id` and `started_at` go into `runs`.
    """

    settings: Settings
    run_id: str
    started_at: datetime
    inbox: Path | None = None
    settle_s: float = 0.0

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

    def seen_from(self, as_of: date) -> Work:
        """The same run, made as if on another day."""
        return replace(self, settings=self.settings.model_copy(update={"as_of": as_of}))


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


# ---------------------------------------------------------------------------------------------------------- receive


def receive(work: Work) -> Outcome:
    """Copy every new report into the archive, bytes first. Raises StageError where a folder cannot be read.

    Summary: received (new documents), known (already in the archive), passed (left alone, with the reason).
    """
    from assets.warehouse.archive import archive, archive_refusal

    folders = [work.inbox] if work.inbox else [work.settings.bundled_reports, work.home.inbox]
    received: list[str] = []
    known = 0
    passed: list[dict[str, str]] = []
    for folder in folders:
        try:
            listing = inbox.list_folder(folder, work.settle_s if folder == work.home.inbox else 0.0)
        except OSError as error:
            raise StageError(
                f"The folder of reports {folder} cannot be read: {error.strerror or error}. Name a folder that exists."
            ) from error
        for one in listing.passed:
            log.info("Left alone: %s (%s)", one.name, one.reason)
            passed.append({"file": one.name, "reason": one.reason})
        for one in listing.broken:
            archive_refusal(one.name, one.reason, work.home.archive, work.started_at)
            log.warning("Cannot be received: %s (%s)", one.name, one.reason)
        for found in listing.found:
            try:
                archived = archive(found.path, work.home.archive, work.started_at, found.name)
            except OSError as error:
                reason = f"the file could not be read: {error.strerror or error}"
                archive_refusal(found.name, reason, work.home.archive, work.started_at)
                log.warning("Cannot be received: %s (%s)", found.name, reason)
                continue
            if archived.new:
                received.append(found.name)
                log.info("Received %s (%d bytes)", found.name, archived.bytes)
            else:
                known += 1
    summary = {"received": received, "known": known, "passed": passed}
    return Outcome("receive", bool(received), summary)
