"""What the pipeline remembers between runs, so that a run with nothing new costs next to nothing.

Per stage: the fingerprint of everything that went in, and the summary that came out (check results included). A stage
whose fingerprint is remembered returns the summary without importing what it would need to work. The memory is a
convenience and never the truth: it is void as soon as the warehouse file is not the one it was written beside.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.home import write_atomically

# Of the file. One of another number is void like one of another warehouse: the stages run again.
FORMAT = 1


def stamp(path: Path) -> list[int] | None:
    """Size in bytes and modification time in ns of a file; None where there is none."""
    try:
        info = path.stat()
    except OSError:
        return None
    return [info.st_size, info.st_mtime_ns]


@dataclass
class Memory:
    """`stages` maps a stage to {fingerprint, stamps, summary}; paths in stamps are relative to the warehouse's."""

    path: Path
    warehouse: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def load(path: Path, warehouse: Path) -> Memory:
        """Read the memory; empty where it is missing, illegible or belongs to another warehouse file."""
        memory = Memory(path, warehouse)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            of_this = data["format"] == FORMAT and data["warehouse"] == stamp(warehouse)
            of_this = of_this and data["check"] == _check(data["stages"])
            if of_this and data["warehouse"] is not None:
                memory.stages = dict(data["stages"])
        except (OSError, ValueError, KeyError, TypeError):
            memory.stages = {}
        return memory

    def recall(self, stage: str, fingerprint: str) -> dict[str, Any] | None:
        """The summary of a stage that ran with this fingerprint and whose files are still as it left them."""
        entry = self.stages.get(stage)
        if entry is None or entry["fingerprint"] != fingerprint:
            return None
        if any(stamp(self.warehouse.parent / name) != seen for name, seen in entry["stamps"].items()):
            return None
        return dict(entry["summary"])

    def store(self, stage: str, fingerprint: str, summary: dict[str, Any], files: tuple[Path, ...] = ()) -> None:
        """Remember a finished stage. `files` are outputs beside the warehouse: changed or gone, it runs again."""
        self.stages[stage] = {
            "fingerprint": fingerprint,
            "stamps": {os.path.relpath(path, self.warehouse.parent): stamp(path) for path in files},
            "summary": summary,
        }
        self.save()

    def forget(self, stage: str) -> None:
        """Drop what is remembered of a stage, before it starts to change what it had left."""
        if self.stages.pop(stage, None) is not None:
            self.save()

    def fingerprint_of(self, stage: str) -> str:
        """The fingerprint a stage last finished with; empty where it has not."""
        return str(self.stages.get(stage, {}).get("fingerprint", ""))

    def save(self) -> None:
        """Write the memory beside the present state of the warehouse file."""
        stages = json.loads(json.dumps(self.stages, ensure_ascii=False))
        data = {"format": FORMAT, "warehouse": stamp(self.warehouse), "check": _check(stages), "stages": stages}
        write_atomically(self.path, json.dumps(data, ensure_ascii=False, indent=1))


def _check(stages: dict[str, Any]) -> str:
    """A checksum: a remembered date or number in which a bit has changed would pass for a true one."""
    return hashlib.sha256(json.dumps(stages, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]
