"""Random input against every reader and parser, for as long as told, in limited processes.

Run: python -m bench.fuzz [--seconds 600] [--reader NAME ...] [--seed N] [--patterns] [--replay FILE]. Prints a
table and writes each failing input under build/fuzz/; `--replay` reads one of those again and says what becomes of it.
`--patterns` looks for regular expressions whose work grows faster than their text instead. Exit 1 on any failure.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.fuzzing.making import ENDINGS, KINDS, document, prose
from bench.hostile_input import BROKEN, MIB, STOPPED, Watch

if TYPE_CHECKING:
    from assets.reports.formats import Limits
    from assets.reports.reading import ReaderPool, ReadResult

KEPT = Path(__file__).resolve().parents[1] / "build" / "fuzz"
FIGURES, PARSERS = "bench.fuzzing.checks:figures", "bench.fuzzing.checks:parsers"
TARGETS = (*KINDS, "parsers")


@dataclass
class Tally:
    """What one target came to."""

    target: str
    tried: int = 0
    crashes: int = 0
    over_limit: int = 0
    worst_s: float = 0.0  # of the processor, since the clock also counts waiting
    worst_mib: float = 0.0
    failing: list[tuple[Path, str]] = field(default_factory=list)


def limits_of_fuzzing() -> Limits:
    """Small documents have small limits: what takes longer than this is found, not waited for."""
    from assets.reports.formats import Limits

    return Limits(memory_bytes=1_536 * MIB, processor_s=10, wall_clock_s=120.0, documents_per_child=2_000)


def input_of(target: str, random_: random.Random, bundled: bool = True) -> bytes:
    """One input for a target."""
    if target == "parsers":
        return prose(random_).encode("utf-8", "surrogatepass")
    return document(target, random_, bundled)


def name_of(target: str, data: bytes) -> str:
    """The name an input is read and kept under."""
    ending = ENDINGS.get(target, "txt")
    return f"{target}-{hashlib.sha256(data).hexdigest()[:12]}.{ending}"


def failure(result: ReadResult) -> str:
    """'' where a reading is an outcome that may be; else what is wrong with it."""
    if any(words in result.reason for words in (*BROKEN, *STOPPED)):
        return result.reason
    if result.status not in ("read", "rejected", "quarantined") or (result.status != "read" and not result.reason):
        return f"status {result.status!r} with reason {result.reason!r}"
    return ""


def extractor_of(target: str) -> str:
    """What the limited reader runs on the document of a target."""
    return PARSERS if target == "parsers" else FIGURES


def try_one(pool: ReaderPool, tally: Tally, data: bytes, kept: Path = KEPT) -> None:
    """Reads one input and counts; a failing one is written down."""
    with Watch(pool) as watch:
        result = pool.read_bytes(data, name_of(tally.target, data))
    tally.tried += 1
    tally.worst_s = max(tally.worst_s, watch.processor_s)
    tally.worst_mib = max(tally.worst_mib, watch.mib)
    wrong = failure(result)
    if not wrong:
        return
    if any(words in wrong for words in STOPPED):
        tally.over_limit += 1
    else:
        tally.crashes += 1
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / name_of(tally.target, data)
    path.write_bytes(data)
    tally.failing.append((path, wrong))


def fuzz(target: str, seconds: float, seed: int, show: bool = True) -> Tally:
    """One target for so many seconds."""
    from assets.reports.reading import ReaderPool

    random_ = random.Random(f"{target} {seed}")
    tally = Tally(target)
    end = time.monotonic() + seconds
    with ReaderPool(limits_of_fuzzing(), extractor_of(target)) as pool:
        while time.monotonic() < end:
            try_one(pool, tally, input_of(target, random_))
            if show and tally.tried % 50 == 0:
                print(
                    f"\r{target}: {tally.tried} inputs, {len(tally.failing)} failing",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
    if show:
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    return tally


def replay(path: Path) -> str:
    """What becomes of a kept input now: '' where it no longer fails."""
    from assets.reports.reading import ReaderPool

    target = path.name.split("-")[0]
    if target not in TARGETS:
        raise SystemExit(f"{path}: the name begins with {target!r}; expected one of {', '.join(TARGETS)}.")
    with ReaderPool(limits_of_fuzzing(), extractor_of(target)) as pool:
        result = pool.read_bytes(path.read_bytes(), path.name)
    return failure(result)


def _look_at_patterns() -> int:
    from bench.fuzzing.patterns import slow_patterns

    looked = tried = slow = 0
    for texts, found in slow_patterns():
        looked, tried = looked + 1, tried + texts
        if found is not None:
            slow += 1
            print(f"{found.where}: {found.pump!r} repeated: {found.once_s:.3f} s, twice as long {found.twice_s:.3f} s")
    print(f"{looked} patterns, {tried} texts, {slow} that grow faster than their text")
    return 1 if slow else 0


def _print(tallies: list[Tally]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Random input")
    for name in ("target", "inputs tried", "crashes", "over limit", "worst processor s", "worst MiB"):
        table.add_column(name, justify="left" if name == "target" else "right")
    for one in tallies:
        row = (one.target, one.tried, one.crashes, one.over_limit, f"{one.worst_s:.1f}", f"{one.worst_mib:.0f}")
        table.add_row(*map(str, row))
    Console(width=100).print(table)


def main() -> int:
    """Fuzzes, replays, or looks at patterns; 1 on any failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="in all, shared out among the targets")
    parser.add_argument(
        "--reader", action="append", choices=TARGETS, help="only this target; may be given several times"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: another one each time")
    parser.add_argument("--replay", type=Path, help="a file of build/fuzz")
    parser.add_argument("--patterns", action="store_true", help="look for regular expressions that grow too fast")
    arguments = parser.parse_args()
    if arguments.patterns:
        return _look_at_patterns()
    if arguments.replay is not None:
        said = replay(arguments.replay)
        print(said or "no longer fails")
        return 1 if said else 0
    targets = arguments.reader or list(TARGETS)
    tallies = [fuzz(target, arguments.seconds / len(targets), arguments.seed) for target in targets]
    _print(tallies)
    print(f"seed {arguments.seed}")
    for tally in tallies:
        for path, wrong in tally.failing:
            print(f"{path}: {wrong}")
    return 1 if any(tally.failing for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
