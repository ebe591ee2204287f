"""`python -m bench.disk_full`: is anything lost where the disk is full, whatever its size?

For each size a file system of its own (tmpfs, mounted as root) holds the home: half of the sizes start from an empty
home, half from one with a publication and new documents. The sizes are spread evenly from what the home takes already
to what an undisturbed run needs, so that a run meets the end of the disk in another place each time; Colocast's own
look at the disk before a run is switched off (COLOCAST_DISK_CHECK), since it would decline most of them. Looked at:
does the run end with a sentence that says that the disk is full, where, and what to do, and without a traceback; does
the published file that stood still open. Then the file system gets room: does the next run end with 0, is every
document in the archive, and do the published tables equal those of an undisturbed run.

Prints one row a start; exit 1 where something was lost. Options: --sizes 20, --steps (without Dagster, faster),
--folder to mount below. Where nothing can be mounted it says so and exits with 2.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import faults

EMPTY, PUBLISHED = "empty home", "publication + new documents"
ROOMY_KIB = 512 * 1024
SETTINGS = {"COLOCAST_DISK_CHECK": "false"}


@dataclass
class Found:
    """What came of a size in KiB. `full`: whether the run met the end of the disk."""

    start: str
    kib: int
    full: bool = False
    unsaid: bool = False
    traceback: bool = False
    closed: bool = False
    code: int = 0
    missing: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    text: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and all was said."""
        return not (self.unsaid or self.traceback or self.closed or self.code or self.missing or self.differing)


@dataclass(frozen=True)
class Ground:
    """Prepared homes, documents, what undisturbed runs publish, and KiB that a home takes before and after."""

    homes: dict[str, Path]
    inbox: Path
    expected: dict[str, dict[str, list[Any]]]
    takes: dict[str, tuple[int, int]]


def kib_of(folder: Path) -> int:
    """KiB of blocks below a folder, as a file system of 4 KiB blocks counts them."""
    total = 0
    for place, folders, names in os.walk(folder):
        total += 4 * len(folders)
        total += sum(-(-(Path(place) / name).lstat().st_size // 4096) * 4 for name in names)
    return total


def prepare(place: Path, kind: str, starts: tuple[str, ...]) -> Ground:
    """Undisturbed runs."""
    first, second = faults.fill(place / "first", False), faults.fill(place / "second", True)
    homes = {EMPTY: place / "empty", PUBLISHED: place / "published"}
    homes[EMPTY].mkdir()
    if PUBLISHED in starts:
        _must(faults.run(homes[PUBLISHED], first, place / "log", kind))
    expected, takes = {}, {}
    for start in starts:
        home = faults.copy_home(homes[start], place / "undisturbed")
        _must(faults.run(home, second, place / "log", kind))
        expected[start] = faults.tables_of(home / "published" / "occupancy.duckdb")
        takes[start] = (kib_of(homes[start]), kib_of(home))
    return Ground(homes, second, expected, takes)


def _must(ended: faults.Ended) -> None:
    if ended.code:
        raise RuntimeError(f"an undisturbed run ended with {ended.code}:\n{ended.text[-3000:]}")


def try_size(ground: Ground, start: str, kib: int, mount: Path, kind: str) -> Found:
    """A run on a disk of so many KiB, then one with room."""
    found = Found(start, kib)
    with faults.mounted(kib, mount):
        home = faults.copy_home(ground.homes[start], mount / "home")
        published = home / "published" / "occupancy.duckdb"
        stood, log = published.exists(), mount.with_suffix(".log")
        ended = faults.run(home, ground.inbox, log, kind, **SETTINGS)
        found.full, found.text = ended.code != 0, ended.text
        if ended.code:
            found.unsaid = not ("disk is full" in ended.text and str(home) in ended.text and "Free space" in ended.text)
            found.traceback = "Traceback (most recent call last)" in ended.text
        found.closed = (stood or published.exists()) and not faults.opens(published)
        faults.resize(mount, ROOMY_KIB)
        again = faults.run(home, ground.inbox, log, kind, **SETTINGS)
        found.code = again.code
        if again.code:
            found.text += "\n--- with room ---\n" + again.text
        found.missing = tuple(faults.missing_documents(home, ground.inbox))
        found.closed = found.closed or not faults.opens(published)
        if not found.closed:
            found.differing = tuple(faults.differing(published, ground.expected[start]))
    return found


def sizes_of(ground: Ground, start: str, count: int) -> list[int]:
    """Sizes in KiB, from what the home takes (and a little for its folders) to just under what a run needs."""
    before, after = ground.takes[start]
    # A run needs more than what it leaves: the publication is written beside the one that stands.
    low, high = before + 300, round(before + 1.1 * (after - before))
    return [round(low + (high - low) * (number + 0.5) / count) for number in range(count)]


def summarise(every: list[Found]) -> Table:
    """One row a start."""
    table = Table(
        *("promise 1: disk full", "tried", "met the end", "not said", "tracebacks", "documents missing"),
        *("next runs that failed", "tables differing", "published file closed"),
    )
    for start in (EMPTY, PUBLISHED, "all"):
        of = [one for one in every if start in ("all", one.start)]
        counts = (
            *(len(of), sum(one.full for one in of), sum(one.unsaid for one in of), sum(one.traceback for one in of)),
            *(sum(len(one.missing) for one in of), sum(one.code != 0 for one in of)),
            *(sum(len(one.differing) for one in of), sum(one.closed for one in of)),
        )
        table.add_row(start, *map(str, counts))
    return table


def bench(place: Path, kind: str, sizes: int, say: Console) -> list[Found]:
    """Try every size. Raises OSError where nothing can be mounted."""
    with faults.mounted(1024, place / "probe"):
        pass
    faults.preload()
    starts = (PUBLISHED, EMPTY) if sizes > 3 else (EMPTY,)
    ground, every = prepare(place, kind, starts), []
    counts = {start: sizes // len(starts) + (sizes % len(starts) if start == starts[0] else 0) for start in starts}
    chosen = [(start, kib) for start in starts for kib in sizes_of(ground, start, counts[start])]
    with Progress(console=say, transient=True) as bars:
        task = bars.add_task("filling", total=len(chosen))
        for number, (start, kib) in enumerate(chosen):
            found = try_size(ground, start, kib, place / f"disk-{number}", kind)
            every.append(found)
            bars.advance(task)
            words = "sound" if found.sound else "[red]LOST[/red]"
            say.print(f"{len(every)}/{len(chosen)} {start}, {kib} KiB: {'full' if found.full else 'fits'}, {words}")
            if not found.sound:
                say.print(found.text[-4000:], markup=False)
    return every


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where something was lost, 2 where nothing can be mounted."""
    parser = argparse.ArgumentParser(prog="python -m bench.disk_full")
    parser.add_argument("--sizes", type=int, default=20)
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    say = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    with tempfile.TemporaryDirectory(prefix="colocast-disk-", dir=options.folder) as place:
        try:
            every = bench(Path(place), faults.STEPS if options.steps else faults.RUN, options.sizes, say)
        except OSError as error:
            if "mounted" not in str(error):
                raise
            say.print(f"Not tried: {error}. Run it as root, or in a container that may mount.")
            return 2
    say.print(summarise(every))
    return int(not all(one.sound for one in every))


if __name__ == "__main__":
    sys.exit(main())
