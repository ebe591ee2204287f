"""Regular expressions whose work grows faster than their text: every pattern of the readers, pumped and timed at n, 2n.

Timing is noisy, so only growth by far more than twice counts, and only where the longer run takes real time.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any

PACKAGES = ("assets.reports", "assets.rent_roll", "assets.filings")
LENGTH = 6_000
LONGEST_S = 1.0
# A text of a line: work that doubles with every character shows long before its end, whatever bound a module has.
LINE = 60
# Twice the text, well over three times the work, and long enough to tell.
GROWTH, NOTICEABLE_S = 3.0, 0.03
# Modules whose texts are short, whatever the document: the bound stands in the module.
BOUNDED = ("assets.reports.extraction.boxes.", "assets.reports.extraction.labels.")
# What these see has had its white space folded to single spaces.
FOLDED = "assets.reports.extraction."
_SPECIAL = re.compile(r"\\.|\(\?[^)]{0,3}|[\[\](){}?*+|^$.]|\d+,\d*")


@dataclass(frozen=True)
class Growth:
    """A pattern with the text that makes it slow: seconds at LENGTH and at twice that."""

    where: str
    pump: str
    once_s: float
    twice_s: float


class _TooLongError(Exception):
    pass


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """(module.name, pattern) of every compiled text pattern of the readers' modules."""
    seen: set[str] = set()
    for package in PACKAGES:
        for module in _modules(importlib.import_module(package)):
            for name, value in sorted(vars(module).items()):
                for pattern in _patterns_in(value, 0):
                    if isinstance(pattern.pattern, str) and pattern.pattern not in seen:
                        seen.add(pattern.pattern)
                        yield f"{module.__name__}.{name}", pattern


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith(".child"):
            yield importlib.import_module(found.name)


def _patterns_in(value: Any, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, frozenset, set)) and depth < 3:
        for one in value:
            yield from _patterns_in(one, depth + 1)
    elif isinstance(value, dict) and depth < 3:
        for one in value.values():
            yield from _patterns_in(one, depth + 1)


def pumps(pattern: str) -> list[str]:
    """What to repeat: the pattern's own words and signs, and what many patterns are open to."""
    words = [word for word in _SPECIAL.split(pattern) if 0 < len(word.strip()) <= 30]
    own = list(dict.fromkeys([*words, *(f"{word} " for word in words)]))[:24]
    general = [
        " ",
        "a",
        "1",
        "1 ",
        "a ",
        "A",
        "Aa ",
        ",",
        ".",
        "1,",
        "1.",
        "1,111",
        "-",
        "(",
        "(a",
        "x=",
        "/",
        "一",
        "年",
        "\t",
        "#",
        '"',
        "a/",
        "@",
        "<",
        "&",
    ]
    return [*general, *own]


def slow_patterns(only: str = "") -> Iterator[tuple[int, Growth | None]]:
    """(texts tried, what was found or None) for each pattern whose name contains `only`."""
    for where, pattern in patterns():
        if only not in where or where.startswith(BOUNDED):
            continue
        tried, worst = 0, None
        for pump in pumps(pattern.pattern):
            if not pump.strip() and where.startswith(FOLDED):
                continue
            tried += 1
            found = _growth(where, pattern, pump)
            if found is not None and (worst is None or found.twice_s > worst.twice_s):
                worst = found
        yield tried, worst


def exploding_patterns() -> list[str]:
    """Patterns whose work doubles with each character or so, with what makes them: no bound on texts can save those."""
    found = []
    for where, pattern in patterns():
        for pump in pumps(pattern.pattern):
            middle = pump * (LINE // len(pump) or 1)
            if any(_seconds(pattern, lead + middle + tail) >= LONGEST_S for lead, tail in (("", "\x00"), ("1", "z%"))):
                found.append(f"{where}: {pump!r}")
                break
    return found


def _growth(where: str, pattern: re.Pattern[str], pump: str) -> Growth | None:
    for lead, tail in (("", "\x00"), ("x", "!x")):
        times = []
        for length in (LENGTH, 2 * LENGTH):
            text = lead + pump * (length // len(pump)) + tail
            times.append(_seconds(pattern, text))
            if times[-1] >= LONGEST_S:
                break
        if times[-1] >= LONGEST_S or (times[-1] > NOTICEABLE_S and times[-1] > GROWTH * max(times[0], 1e-4)):
            return Growth(where, pump, times[0], times[-1])
    return None


def _seconds(pattern: re.Pattern[str], text: str) -> float:
    """The quicker of two walks over a text; LONGEST_S where it was stopped."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    best = LONGEST_S
    try:
        for _ in range(2):
            signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
            start = time.process_time()
            for found in pattern.finditer(text):
                del found
            pattern.match(text)
            pattern.fullmatch(text)
            best = min(best, time.process_time() - start)
            if best < NOTICEABLE_S:
                break
    except _TooLongError:
        return LONGEST_S
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return best
