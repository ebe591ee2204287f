"""`python -m bench.damage`: does the service notice what is damaged, say so, and put it right by itself?

A home with a publication is copied, one thing in it is damaged (cut off, a bit turned, zeros, rubbish, a folder in its
place, gone, another file's log beside it), and the next run is made. Looked at: does the run end with 0, does it name
the damaged file, do the published tables equal what they were, does the published file open, is every document in the
archive. Where only a person can bring something back (archived bytes, and the report is not in the inbox any more), the
run must name the document, keep its figures, and `colocast status` must go on naming it.

Prints one row a damaged thing; exit 1 where something was lost. Options: --seed 0, --flips 6 (bits turned in so many
copies of each DuckDB file), --only WORD and --harm WORD (things and harms whose name has it), --steps (without Dagster,
which is faster), --ci (the few that tests try), --folder for the homes.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import faults

# A report that is in the archive and not in the inbox any more.
GONE = "calm.csv"
Harm = Callable[[Path, random.Random], None]


def cut(path: Path, dice: random.Random) -> None:
    """Half of the file is missing."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def flip(path: Path, dice: random.Random) -> None:
    """One bit is another."""
    place = dice.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << dice.randrange(8)]))


def zero(path: Path, dice: random.Random) -> None:
    """As long as before, all zeros: what a power cut leaves on some file systems."""
    path.write_bytes(bytes(path.stat().st_size))


def rubbish(path: Path, dice: random.Random) -> None:
    """Random bytes."""
    path.write_bytes(dice.randbytes(min(path.stat().st_size, 200_000)))


def folder(path: Path, dice: random.Random) -> None:
    """A folder of that name."""
    faults.remove(path)
    path.mkdir()


def gone(path: Path, dice: random.Random) -> None:
    """Nothing there."""
    faults.remove(path)


HARMS: dict[str, Harm] = {
    "cut": cut, "bit turned": flip, "zeros": zero, "rubbish": rubbish, "folder": folder, "gone": gone,
}  # fmt: skip


# What tests try: each that needs a rebuild costs a whole run.
CHOSEN_FOR_CI = {
    ("warehouse, publication, newest copy", "cut"),
    ("publication", "bit turned"),
    ("a receipt", "zeros"),
    ("archived bytes, report gone", "rubbish"),
}


@dataclass(frozen=True)
class Case:
    """`thing` and `harm` for people; `targets` finds the files in a home. `silent`: nothing need be said (a log that
    DuckDB drops, a file that is simply made again). `apart`: the document is not in the inbox any more.
    """

    thing: str
    harm: str
    targets: Callable[[Path], list[Path]]
    number: int = 0
    silent: bool = False
    apart: bool = False


@dataclass
class Found:
    """What came of a case."""

    case: Case
    code: int = 0
    unsaid: bool = False
    differing: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    closed: bool = False
    text: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and all was said."""
        return not (self.code or self.unsaid or self.differing or self.missing or self.closed)


def cases(flips: int) -> list[Case]:
    """Everything that is damaged, and how."""
    warehouse = _one("warehouse.duckdb")
    published = _one("published/occupancy.duckdb")
    both = _all(warehouse, published)
    databases: list[tuple[str, Callable[[Path], list[Path]]]] = [
        ("warehouse", warehouse), ("publication", published), ("warehouse and publication", both),
        ("newest earlier publication", _copies(1)), ("all earlier publications", _copies(99)),
        ("warehouse, publication, newest copy", _all(both, _copies(1))),
    ]  # fmt: skip
    every = [
        Case(name, harm, targets, number)
        for name, targets in databases
        for harm in ("cut", "bit turned", "zeros", "rubbish", "folder")
        for number in range(flips if harm == "bit turned" else 1)
        if not (harm == "folder" and "publications" in name)
    ]
    every += [Case("warehouse", "gone", warehouse, silent=True), Case("publication", "gone", published, silent=True)]
    every += [
        Case("log beside the warehouse", harm, _log("warehouse.duckdb"), silent=True) for harm in ("rubbish", "zeros")
    ]
    every += [Case("log beside the publication", "rubbish", _log("published/occupancy.duckdb"), silent=True)]
    small: list[tuple[str, Callable[[Path], list[Path]], tuple[str, ...]]] = [
        ("what the steps remember", _one("state/stages.json"), ("cut", "zeros", "rubbish", "folder")),
        ("a reading", _first("state/readings/*.json"), ("cut", "bit turned", "zeros", "rubbish", "folder")),
        ("outbox of alerts", _one("alerts.sqlite"), ("cut", "zeros", "rubbish", "folder")),
        ("Dagster's runs", _one("dagster/storage/history/runs.db"), ("zeros", "rubbish", "folder")),
        ("Dagster's events", _one("dagster/storage/history/runs/index.db"), ("zeros", "rubbish", "folder")),
        ("Dagster's schedules", _one("dagster/storage/schedules/schedules.db"), ("zeros", "rubbish")),
        ("a receipt", _first("archive/??/*.json"), ("cut", "bit turned", "zeros", "rubbish", "folder", "gone")),
    ]
    every += [Case(name, harm, targets) for name, targets, harms in small for harm in harms]
    every += [
        Case("copies of receipts", harm, _one("archive/receipts.jsonl"), silent=True)
        for harm in ("cut", "rubbish", "folder", "gone")
    ]
    for harm in ("cut", "bit turned", "zeros", "rubbish", "folder", "gone"):
        every.append(Case("archived bytes, report in the inbox", harm, _bytes_of(GONE)))
        every.append(Case("archived bytes, report gone", harm, _bytes_of(GONE), apart=True))
    return every


def _one(name: str) -> Callable[[Path], list[Path]]:
    return lambda home: [home / name]


def _all(*parts: Callable[[Path], list[Path]]) -> Callable[[Path], list[Path]]:
    return lambda home: [path for part in parts for path in part(home)]


def _first(pattern: str) -> Callable[[Path], list[Path]]:
    return lambda home: sorted(home.glob(pattern))[:1]


def _copies(count: int) -> Callable[[Path], list[Path]]:
    return lambda home: sorted((home / "published" / "history").glob("*.duckdb"), reverse=True)[:count]


def _log(name: str) -> Callable[[Path], list[Path]]:
    def make(home: Path) -> list[Path]:
        path = home / f"{name}.wal"
        path.write_bytes(b"x" * 5000)
        return [path]

    return make


def _bytes_of(name: str) -> Callable[[Path], list[Path]]:
    def find(home: Path) -> list[Path]:
        from assets.warehouse.archive import documents

        return [one.path for one in documents(home / "archive") if one.file_name == name]

    return find


@dataclass(frozen=True)
class Ground:
    """A home with two publications, its documents, and what it publishes."""

    home: Path
    inbox: Path
    without: Path
    expected: dict[str, list[Any]]


def prepare(place: Path, kind: str, runs: int) -> Ground:
    """One run or two, the second with more documents; an outbox; a folder of reports that lacks one of them."""
    from assets.delivery.alerts.outbox import open_outbox

    first, second = faults.fill(place / "first", False), faults.fill(place / "second", True)
    home, log = place / "home", place / "log"
    for inbox in (first, second)[-runs:]:
        ended = faults.run(home, inbox, log, kind)
        if ended.code:
            raise RuntimeError(f"the home cannot be prepared: {ended.text[-3000:]}")
    with open_outbox(home / "alerts.sqlite") as outbox:
        outbox.remember("note", "prepared")
    without = place / "without"
    shutil.copytree(second, without)
    (without / GONE).unlink()
    return Ground(home, second, without, faults.tables_of(home / "published" / "occupancy.duckdb"))


def try_case(ground: Ground, case: Case, place: Path, kind: str, seed: int) -> Found:
    """Damage a copy, run, look."""
    from assets.warehouse.mending import trouble_of
    from pipelines.settings import Settings
    from pipelines.steps.mending import known_damage

    home = faults.copy_home(ground.home, place)
    dice = random.Random(f"{seed} {case.thing} {case.harm} {case.number}")
    targets = case.targets(home)
    for target in targets:
        HARMS[case.harm](target, dice)
    inbox = ground.without if case.apart else ground.inbox
    ended = faults.run(home, inbox, place.with_suffix(".log"), kind)
    published, found = home / "published" / "occupancy.duckdb", Found(case, ended.code, text=ended.text)
    # A bit in a part of the file that holds nothing does no harm, and nothing need be said.
    harmless = case.harm == "bit turned" and all(
        target.suffix == ".duckdb" and target.exists() and not trouble_of(target) for target in targets
    )
    if not case.silent and not harmless:
        found.unsaid = not any(str(target) in ended.text for target in targets)
    if case.apart:
        found.unsaid = found.unsaid or not any(GONE in one for one in known_damage(Settings(home=home)))
    else:
        found.missing = tuple(faults.missing_documents(home, inbox))
    found.closed = not faults.opens(published)
    if not found.closed:
        found.differing = tuple(faults.differing(published, ground.expected))
    return found


def summarise(every: list[Found]) -> Table:
    """One row a damaged thing."""
    table = Table(
        *("promise 1: damage is put right", "harms", "tried", "not said", "runs that failed", "tables differing"),
        *("documents lost", "published file closed"),
    )
    things = list(dict.fromkeys(one.case.thing for one in every))
    for thing in [*things, None]:
        of = [one for one in every if thing in (None, one.case.thing)]
        harms = ", ".join(dict.fromkeys(one.case.harm for one in of)) if thing else ""
        counts = (
            *(len(of), sum(one.unsaid for one in of), sum(one.code != 0 for one in of)),
            *(
                sum(len(one.differing) for one in of),
                sum(len(one.missing) for one in of),
                sum(one.closed for one in of),
            ),
        )
        table.add_row(thing or "all", harms, *map(str, counts))
    return table


def bench(place: Path, kind: str, chosen: list[Case], seed: int, say: Console, runs: int = 2) -> list[Found]:
    """Try every case."""
    faults.preload()
    ground, every = prepare(place, kind, runs), []
    with Progress(console=say, transient=True) as bars:
        task = bars.add_task("damaging", total=len(chosen))
        for number, case in enumerate(chosen):
            found = try_case(ground, case, place / f"case-{number}", kind, seed)
            every.append(found)
            bars.advance(task)
            if not found.sound:
                say.print(
                    f"[red]{case.thing}, {case.harm} {case.number}[/red]: code {found.code}, unsaid {found.unsaid}, "
                    f"differing {found.differing}, missing {found.missing}, closed {found.closed}"
                )
                say.print(found.text[-3000:], markup=False)
            else:
                faults.remove(place / f"case-{number}")
    return every


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.damage")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flips", type=int, default=6)
    parser.add_argument("--only", default="")
    parser.add_argument("--harm", default="")
    parser.add_argument("--ci", action="store_true")
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    say = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    chosen = [one for one in cases(options.flips) if options.only in one.thing and options.harm in one.harm]
    if options.ci:
        chosen = [one for one in chosen if (one.thing, one.harm) in CHOSEN_FOR_CI and one.number == 0]
    if options.steps:
        chosen = [one for one in chosen if "Dagster" not in one.thing]
    with tempfile.TemporaryDirectory(prefix="colocast-damage-", dir=options.folder) as place:
        kind, runs = faults.STEPS if options.steps else faults.RUN, 1 if options.ci else 2
        every = bench(Path(place), kind, chosen, options.seed, say, runs)
    say.print(summarise(every))
    return int(not all(one.sound for one in every))


if __name__ == "__main__":
    sys.exit(main())
