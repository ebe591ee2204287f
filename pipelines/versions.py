"""Versions by content: what a stage's result depends on, as a short hash of the code and data files behind it.

A version changes when, and only when, a file that can change the result does; a new commit that touches a page does
not make forty thousand documents be read again. What does not belong here: remembering results (memory.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTENT = {".py", ".yaml", ".yml", ".sql", ".csv", ".json", ".j2", ".html", ".css", ".js", ".svg"}

READING = ("assets/reports", "assets/rent_roll")
JUDGING = (*READING, "expectations")
WAREHOUSE = (*JUDGING, "assets/warehouse", "pipelines/steps", "data/ledger", "data/stack")
OUTLOOK = ("forecasts", "assets/outlook")
DELIVERY = ("assets/delivery",)
ALERTS = ("assets/delivery/alerts", "assets/delivery/wording.py", "assets/warehouse/sql")
EVERYTHING = ("assets", "expectations", "forecasts", "pipelines")


def files_below(paths: Iterable[Path]) -> list[Path]:
    """Code and data files below the given files or folders, sorted; caches left out."""
    found: set[Path] = set()
    for path in paths:
        if path.is_file():
            found.add(path)
        elif path.is_dir():
            found.update(file for file in path.rglob("*") if file.suffix in CONTENT and file.is_file())
    return sorted(found)


def hash_files(paths: Iterable[Path], root: Path = ROOT) -> str:
    """16 hex digits over relative name and content of every file below the given paths."""
    total = hashlib.sha256()
    for file in files_below(paths):
        name = file.relative_to(root) if file.is_relative_to(root) else file
        total.update(str(name).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


@lru_cache
def version_of(parts: tuple[str, ...]) -> str:
    """The version of a stage from the parts of the repository it depends on."""
    return hash_files([ROOT / part for part in parts])


def mapping_version(settings_digest: str = "") -> str:
    """Layouts, vocabulary and readers: a document read under the same one is not read again."""
    return fingerprint(version_of(READING), settings_digest)


def fingerprint(*parts: Any) -> str:
    """16 hex digits over anything JSON can hold; dates and paths by their text."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
