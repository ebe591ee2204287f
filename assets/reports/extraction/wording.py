"""Loads the word lists of labels, places and template columns, and compiles them once.

Belongs here: reading `labels.yaml`, `places.yaml` and `template.yaml` and saying what is wrong with one. Not here: the
words themselves, or what is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parents[1]


@lru_cache(maxsize=8)
def load_words(name: str) -> dict[str, Any]:
    """The content of `NAME.yaml` beside the layouts. Raises ValueError, naming the file, where it is no mapping."""
    path = _FOLDER / f"{name}.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected keys with lists of patterns, found {type(data).__name__}. See its head.")
    return data


def searched(patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern that finds any of `patterns`, case aside."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def entire(patterns: Iterable[str], before: str = "", after: str = "") -> re.Pattern[str]:
    """One pattern that matches a text that is any of `patterns` and nothing else, but for `before` and `after`."""
    return re.compile(f"^(?:{before})?(?:{'|'.join(patterns)})(?:{after})?$", re.IGNORECASE)
