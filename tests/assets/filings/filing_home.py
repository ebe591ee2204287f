"""A home that collects from the local site (filing_site.py), each run with its memory opened anew, as real runs do."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from filing_site import Site

from assets.filings.client import Bounds, Client
from assets.filings.collecting import Allowance, Outcome, Place, collect
from assets.filings.memory import Memory
from assets.filings.sources import Source, load_sources
from assets.warehouse.names import operator_slug


@dataclass
class Collector:
    """A home that collects from a site. `collect` is one run with the memory opened anew, as each real run does."""

    folder: Path
    site: Site
    bounds: Bounds = field(default_factory=lambda: Bounds(request_s=5.0))
    document_bytes: int = 1_000_000

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def memory_file(self) -> Path:
        return self.folder / "state" / "filings.sqlite"

    def sources(self, *entries: dict[str, Any]) -> tuple[Source, ...]:
        """The entries as the sources file gives them; operator GDS Holdings unless they say another."""
        file = self.folder / "sources.yaml"
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = [{"name": f"s{number}", "operator": "GDS Holdings", **one} for number, one in enumerate(entries)]
        file.write_text(yaml.safe_dump({"sources": whole}), encoding="utf-8")
        return load_sources(file, lambda name: (name, operator_slug(name)))

    def collect(
        self, *entries: dict[str, Any], seconds: float = 1e6, documents: int = 1000, **how: Any
    ) -> list[Outcome]:
        """One run over the entries."""
        memory, clock = Memory(self.memory_file), self.site.clock
        try:
            until = clock.now() + seconds
            client = Client("Example x@example.com", "0", memory, clock, self.bounds, until, random.Random(0))
            place = Place(self.inbox, self.archive, self.document_bytes)
            return collect(
                self.sources(*entries),
                memory,
                client,
                place,
                Allowance(until, documents),
                chance=random.Random(0),
                **how,
            )
        finally:
            memory.close()

    def files(self) -> dict[str, bytes]:
        """Every file of the inbox, hidden ones included, by its path."""
        found = [path for path in self.inbox.rglob("*") if path.is_file()] if self.inbox.is_dir() else []
        return {path.relative_to(self.inbox).as_posix(): path.read_bytes() for path in sorted(found)}
