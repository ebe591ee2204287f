"""`python -m bench.kill_points`: is anything lost where a run is killed with SIGKILL, at whatever moment?

Three quarters of the points kill `colocast run`, one quarter a run of Dagster in a process of its own (`dagster job
execute`, as a run worker does it); half of each start from an empty home, half from one with a publication and new
documents in the inbox. One half of the moments is drawn evenly from the time that an undisturbed run takes, the other
aims at writes: the run is killed right after the N-th change below the home (inotify; Dagster's own folder is left to
the first half). The process and everything below it, readers too, get SIGKILL at once.

After each kill: does the published file open, if one stood before? Then the same kind of run again: does it end with 0,
is every document of the inbox in the archive, whole and with its receipt, and do the published tables equal those of an
undisturbed run (bench/faults.py says what is compared)? Prints one table; exit 1 where the answer is no once.

Options: --points 200, --seed 0, --jobs 2 homes side by side, --folder for the homes (default: a temporary folder),
--quick prepares the home without Dagster, --record FILE writes every point with its moment as JSON lines; points that
FILE has already, of the same seed and code, count and are not tried again, so that hours can be had in several parts.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import multiprocessing
import os
import random
import select
import struct
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import faults

EMPTY, PUBLISHED = "empty home", "publication + new documents"
AT_TIME, AT_WRITE = "a moment", "a write"
_IN_MODIFY, _IN_MOVED, _IN_CREATE, _IN_DELETE, _IN_ISDIR = 0x2, 0xC0, 0x100, 0x200, 0x40000000
_MASK = _IN_MODIFY | _IN_MOVED | _IN_CREATE | _IN_DELETE


@dataclass(frozen=True)
class Point:
    """Where a run is killed. `moment`: seconds from the start, or the number of the change after which."""

    number: int
    kind: str
    start: str
    aim: str
    moment: float


@dataclass
class Found:
    """What came of a point. `finished` False: the run was over before the kill reached it."""

    point: Point
    killed: bool = True
    closed: bool = False
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    code: int = 0
    said: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost."""
        return not (self.closed or self.missing or self.differing or self.code)


@dataclass(frozen=True)
class Ground:
    """What all points share: prepared homes, the documents, what an undisturbed run published, and how long it took.

    `spans`: (kind, start) -> (seconds, changes).
    """

    folder: Path
    homes: dict[str, Path]
    expected: dict[str, dict[str, list[Any]]]
    inboxes: dict[str, Path]
    spans: dict[tuple[str, str], tuple[float, int]]


class Watch:
    """Counts changes below a folder by inotify, folders that come later included; Dagster's folder is left out."""

    def __init__(self, root: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._paths: dict[int, Path] = {}
        self.changes = 0
        root.mkdir(parents=True, exist_ok=True)
        self._add(root, root)
        self._root = root

    def _add(self, path: Path, root: Path) -> None:
        if path.parent == root and path.name == "dagster":
            return
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), _MASK)
        if number >= 0:
            self._paths[number] = path
            for below in path.iterdir() if path.is_dir() else ():
                if below.is_dir():
                    self._add(below, root)

    def look(self, seconds: float) -> int:
        """Wait up to so long for changes; returns how many there have been so far."""
        if select.select([self._descriptor], [], [], seconds)[0]:
            data, place = os.read(self._descriptor, 1 << 16), 0
            while place < len(data):
                number, mask, _, length = struct.unpack_from("iIII", data, place)
                name = data[place + 16 : place + 16 + length].rstrip(b"\0")
                place += 16 + length
                self.changes += 1
                if mask & _IN_ISDIR and mask & (_IN_CREATE | _IN_MOVED) and number in self._paths:
                    self._add(self._paths[number] / os.fsdecode(name), self._root)
        return self.changes

    def close(self) -> None:
        """Stop."""
        os.close(self._descriptor)


def watched(home: Path, inbox: Path, log: Path, kind: str, stop_after: int | None = None) -> tuple[faults.Ended, int]:
    """A run whose changes are counted; killed after `stop_after` of them. Returns how it ended, and the changes."""
    watch, began = Watch(home), time.monotonic()
    process = faults.start(home, inbox, log, kind)
    try:
        while True:
            changes = watch.look(0.05)
            if stop_after is not None and changes >= stop_after:
                faults.kill_tree(process)
                break
            if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
        return faults.finish(process, log, began), watch.changes
    finally:
        watch.close()


def timed(home: Path, inbox: Path, log: Path, kind: str, seconds: float) -> faults.Ended:
    """A run that is killed after so many seconds, unless it has ended."""
    began = time.monotonic()
    process = faults.start(home, inbox, log, kind)
    while time.monotonic() - began < seconds:
        if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return faults.finish(process, log, began)
        time.sleep(0.002)
    faults.kill_tree(process)
    return faults.finish(process, log, began)


def killed_at(point: Point, home: Path, inbox: Path, log: Path) -> faults.Ended:
    """A run that is killed at the point, unless it has ended before."""
    if point.aim == AT_TIME:
        return timed(home, inbox, log, point.kind, point.moment)
    return watched(home, inbox, log, point.kind, int(point.moment))[0]


def prepare(folder: Path, kinds: list[tuple[str, str]], quick: bool, say: Console) -> Ground:
    """Undisturbed runs: what they publish, how long they take, how many changes they make."""
    faults.preload()
    inboxes = {EMPTY: faults.fill(folder / "second", True), PUBLISHED: folder / "second"}
    first = faults.fill(folder / "first", False)
    homes = {EMPTY: folder / "empty", PUBLISHED: folder / "published"}
    homes[EMPTY].mkdir(parents=True, exist_ok=True)
    say.print("Preparing a home with a publication ...")
    if quick:
        process = os.fork()
        if not process:
            code = 1
            try:
                faults.refresh_here(homes[PUBLISHED], first)
                code = 0
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    else:
        code = faults.run(homes[PUBLISHED], first, folder / "log").code
    if code:
        raise RuntimeError(f"the home cannot be prepared: the run ended with {code}; see {folder / 'log'}")
    expected: dict[str, dict[str, list[Any]]] = {}
    spans: dict[tuple[str, str], tuple[float, int]] = {}
    for kind, start in kinds:
        say.print(f"An undisturbed run: {kind}, {start} ...")
        home = faults.copy_home(homes[start], folder / "undisturbed")
        ended, changes = watched(home, inboxes[start], folder / "log", kind)
        if ended.code:
            raise RuntimeError(f"the undisturbed run ended with {ended.code}:\n{ended.text[-2000:]}")
        published = home / "published" / "occupancy.duckdb"
        if start in expected:
            different = faults.differing(published, expected[start])
            if different:
                raise RuntimeError(f"two undisturbed runs differ in {', '.join(different)}")
        expected[start] = faults.tables_of(published)
        spans[kind, start] = (ended.seconds, changes)
        say.print(f"  {ended.seconds:.1f} s, {changes} changes of files")
    return Ground(folder, homes, expected, inboxes, spans)


def draw(points: int, seed: int, spans: dict[tuple[str, str], tuple[float, int]]) -> list[Point]:
    """The points: three of four of the command, half of each from either home, half of each aimed at writes."""
    dice = random.Random(seed)
    drawn = []
    kinds = {kind for kind, _ in spans}
    starts = [start for start in (PUBLISHED, EMPTY) if any(one == start for _, one in spans)]
    for number in range(points):
        kind = faults.JOB if faults.JOB in kinds and number % 4 == 3 else faults.RUN
        start = starts[number // 4 % len(starts)]
        aim = (AT_TIME, AT_WRITE)[number // 8 % 2 if len(starts) > 1 else number % 2]
        seconds, changes = spans[kind, start]
        moment = dice.uniform(0.0, seconds) if aim == AT_TIME else float(dice.randint(1, max(1, changes)))
        drawn.append(Point(number, kind, start, aim, round(moment, 3)))
    return drawn


def recorded(path: Path | None, seed: int, code: str) -> list[Found]:
    """Points that an earlier part of the same trial wrote to `path`; those of another seed or code do not count."""
    if path is None or not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if told.pop("seed") == seed and told.pop("version", "") == code:
            found.append(Found(Point(**told.pop("point")), **told))
    return found


_ground: Ground | None = None


def try_point(point: Point) -> Found:
    """Kill a run at a point, look, run again, look."""
    ground = _ground
    assert ground is not None
    place = ground.folder / f"point-{point.number}"
    home = faults.copy_home(ground.homes[point.start], place)
    log, inbox = place.with_suffix(".log"), ground.inboxes[point.start]
    published, found = home / "published" / "occupancy.duckdb", Found(point)
    stood = published.is_file()
    ended = killed_at(point, home, inbox, log)
    if ended.code == 0:
        # The undisturbed run was slower, the machine being busier: once more, as far into a run of that length.
        point = replace(point, moment=round(point.moment % max(ended.seconds, 1.0), 3))
        found.point, home = point, faults.copy_home(ground.homes[point.start], place)
        ended = killed_at(point, home, inbox, log)
    found.killed = ended.code < 0
    found.closed = not faults.opens(published) if stood or published.exists() else False
    again = faults.run(home, inbox, log, point.kind, COLOCAST_LOCK_WAIT_S="60")
    found.code = again.code
    found.said = again.text[-4000:]
    found.missing = faults.missing_documents(home, inbox)
    found.closed = found.closed or not faults.opens(published)
    if not found.closed:
        found.differing = faults.differing(published, ground.expected[point.start])
    if found.sound:
        faults.remove(home)
        faults.remove(log)
    return found


def summarise(every: list[Found]) -> Table:
    """One row a kind of point, and their sum."""
    table = Table(
        *("promise 1: no report is lost", "start", "killed at", "tried", "killed"),
        *("documents missing", "runs that did not finish", "tables differing", "published file closed"),
    )
    groups = sorted({(one.point.kind, one.point.start, one.point.aim) for one in every})
    for group in [*groups, None]:
        of = [one for one in every if group in (None, (one.point.kind, one.point.start, one.point.aim))]
        counts = (
            *(len(of), sum(one.killed for one in of), sum(len(one.missing) for one in of)),
            *(sum(one.code != 0 for one in of), sum(len(one.differing) for one in of), sum(one.closed for one in of)),
        )
        table.add_row(*(group or ("all", "", "")), *map(str, counts))
    return table


def bench(options: argparse.Namespace, folder: Path, say: Console) -> list[Found]:
    """Prepare, try every point, several side by side."""
    global _ground
    starts = (PUBLISHED,) if options.points < 4 else (PUBLISHED, EMPTY)
    kinds = (faults.RUN,) if options.points < 4 else (faults.RUN, faults.JOB)
    _ground = prepare(folder, [(kind, start) for kind in kinds for start in starts], options.quick, say)
    from pipelines import versions

    code = versions.version_of(versions.EVERYTHING)
    every = recorded(options.record, options.seed, code)
    tried = {one.point.number for one in every}
    points = [one for one in draw(options.points, options.seed, _ground.spans) if one.number not in tried]
    wanted = len(points) + len(every)
    # The workers first: a fork while the progress bar's thread draws could leave them a lock that nobody holds.
    with (
        multiprocessing.get_context("fork").Pool(options.jobs) as pool,
        Progress(console=say, transient=True) as bars,
    ):
        task = bars.add_task("killing", total=wanted, completed=len(every))
        for found in pool.imap_unordered(try_point, points):
            every.append(found)
            bars.advance(task)
            point = found.point
            words = "sound" if found.sound else f"[red]LOST[/red] {found.missing} {found.differing} code {found.code}"
            say.print(
                f"{len(every)}/{wanted} point {point.number}: {point.kind}, {point.start}, {point.aim} "
                f"{point.moment:g}: {words}"
            )
            if not found.sound:
                say.print(found.said, markup=False)
            if options.record:
                with options.record.open("a", encoding="utf-8") as file:
                    line = {**asdict(found), "seed": options.seed, "version": code, "said": ""}
                    file.write(json.dumps(line) + "\n")
        # Workers end by themselves: terminating them can catch one at the lock of the queue, and waits for ever then.
        pool.close()
        pool.join()
    return every


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.kill_points")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args(arguments)
    say = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    with tempfile.TemporaryDirectory(prefix="colocast-kill-", dir=options.folder) as folder:
        every = bench(options, Path(folder), say)
    say.print(f"Seed {options.seed}, {options.jobs} homes side by side")
    say.print(summarise(every))
    return int(not all(one.sound for one in every))


if __name__ == "__main__":
    sys.exit(main())
