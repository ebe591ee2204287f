"""Collecting filings with the settings of this home: for the command (commands/fetching.py) and the sensor.

Belongs here: whether collecting is on, the sources with their operators, the lock, and one collection with its limits.
How sites are asked is in assets/filings. Only one collection runs at a time; it writes into the inbox alone, so that it
need not wait for a run of the pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.locking import run_lock
from pipelines.settings import MIB, Settings

if TYPE_CHECKING:
    from assets.filings.client import Clock
    from assets.filings.collecting import Outcome
    from assets.filings.memory import Memory
    from assets.filings.sources import Source

OFF = (
    "Collecting filings is off: there is no sources file {file}. Copy data/filing_sources.example.yaml there, set "
    "`enabled: true` on the sources you want, and set COLOCAST_CONTACT to a name and mail address "
    "(docs/getting-reports.md)."
)
ALL_OFF = "Collecting filings is off: every source in {file} says `enabled: false`."
_CONTACT = re.compile(r"[ -~]*[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+[ -~]*")


class ContactError(ValueError):
    """COLOCAST_CONTACT is missing or no name and mail address."""


def sources_file(settings: Settings) -> Path:
    """Where the sources stand: COLOCAST_SOURCES, else sources.yaml in the home."""
    return settings.sources or settings.home / "sources.yaml"


def memory_file(settings: Settings) -> Path:
    """What collecting remembers."""
    return settings.layout.state / "filings.sqlite"


def configured_sources(settings: Settings) -> tuple[Source, ...] | None:
    """All entries of the sources file; None where there is no file and none was asked for by COLOCAST_SOURCES.

    Raises SourcesError with file, line, entry, found, expected.
    """
    file = sources_file(settings)
    if settings.sources is None and not file.exists():
        return None
    from assets.filings.sources import load_sources
    from assets.reports.operators import load_layouts
    from assets.warehouse.names import operator_slug

    layouts = load_layouts()

    def find(name: str) -> tuple[str, str] | None:
        layout = layouts.find(name)
        return (layout.operator, operator_slug(layout.operator)) if layout is not None else None

    return load_sources(file, find)


def contact_of(settings: Settings) -> str:
    """The name and mail address that every request carries. Raises ContactError."""
    contact = " ".join(settings.contact.split())
    if not _CONTACT.fullmatch(contact):
        raise ContactError(
            f"COLOCAST_CONTACT is {contact!r}; expected a name and a mail address in plain letters, such as "
            "'Example Research reports@example.com'. Sites are told who asks; EDGAR refuses requests that do not say."
        )
    return contact


def open_memory(settings: Settings) -> Memory:
    """What collecting remembers. Raises MemoryDamagedError."""
    from assets.filings.memory import Memory

    return Memory(memory_file(settings))


def collect_filings(
    settings: Settings,
    choose: Callable[[Memory, float], Sequence[Source]],
    seconds: float,
    documents: int,
    all_lists: bool,
    trial: bool = False,
    say: Callable[[str], None] = lambda words: None,
    purpose: str = "colocast fetch",
    wait_s: float = 0.0,
    clock: Clock | None = None,
) -> tuple[list[Outcome], dict[str, int]]:
    """Ask the sources that `choose` picks (given the memory and the time); their outcomes and failures in a row.

    The collection ends after `seconds` or `documents`. Raises ContactError, MemoryDamagedError, HomeUnusableError and
    LockedError, before anybody was asked.
    """
    from importlib.metadata import version

    from assets.filings.client import Bounds, Client, Clock
    from assets.filings.collecting import Allowance, Place, collect

    contact, clock = contact_of(settings), clock or Clock()
    layout = settings.layout.make()
    with run_lock(layout.root / "fetch.lock", purpose, wait_s):
        memory = open_memory(settings)
        try:
            if trial:
                kept, memory = memory, memory.copy()
                kept.close()
            now = clock.now()
            until = now + seconds
            bounds = Bounds(request_s=min(settings.fetch_request_s, seconds), patience_s=min(20.0, seconds / 4))
            client = Client(contact, version("colocast"), memory, clock, bounds, until)
            place = Place(layout.inbox, layout.archive, settings.reader_document_mib * MIB)
            allowance = Allowance(until, documents)
            outcomes = collect(choose(memory, now), memory, client, place, allowance, trial, all_lists, say)
            return outcomes, {one.source.name: memory.source(one.source.name).failures for one in outcomes}
        finally:
            memory.close()
