"""What a corpus of generated bad files does to the readers: crashes, hangs, memory, statuses, and what gets accepted.

Run: python -m bench.hostile_input [--kind KIND] [--quick] [--run] [--all]. Every file of bench/hostile goes through
the limited reader and the verdicts, as `colocast read` does it, among sound reports that must read as always. Prints a
table by kind and each fault; exit 1 on any.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.hostile import Case, all_cases
from bench.hostile.case import ANY

if TYPE_CHECKING:
    from assets.reports.formats import Limits
    from assets.reports.reading import ReadResult

ROOT = Path(__file__).resolve().parents[1]
GOOD = ("gds_2q24_ex991.html", "template_chindata_2021_2022.csv", "interxion_3q19_key_metrics.html")
AS_OF = date(2026, 6, 30)
MIB = 1024 * 1024
# A parent that is scheduled late is no hang.
GRACE_S = 10.0
# What the pool says of a reader that broke; each is a fault of ours, whatever the document was.
BROKEN = ("failed on this document", "crashed on this document", "ended without an answer", "did not start")
STOPPED = ("and was stopped",)
_PERIODS = ("1990-01-01", AS_OF.isoformat())


@dataclass
class Outcome:
    """What became of one file: seconds on the clock and of the processor, peak resident memory of its reader (MiB), the
    reading, and the verdict.
    """

    case: Case
    seconds: float
    processor_s: float
    peak_mib: float
    result: ReadResult
    status: str = ""
    reason: str = ""
    accepted: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether a limit of the operating system ended the reading."""
        return any(words in self.result.reason for words in STOPPED)

    def faults(self, limits: Limits) -> list[tuple[str, str]]:
        """(column of the table, words) of everything that is not as promised."""
        found: list[tuple[str, str]] = []
        if any(words in self.result.reason for words in BROKEN):
            found.append(("crashes", self.result.reason))
        if self.seconds > limits.wall_clock_s + GRACE_S:
            found.append(("hangs", f"{self.seconds:.1f} s"))
        if self.peak_mib * MIB > limits.memory_bytes:
            found.append(("over memory", f"{self.peak_mib:,.0f} MiB"))
        if self.status not in ANY or (self.status != "accepted" and not self.reason):
            found.append(("no reason", f"status {self.status!r}, reason {self.reason!r}"))
        elif self.status not in self.case.allowed:
            found.append(("wrongly accepted", f"status {self.status}, allowed {sorted(self.case.allowed)}"))
        for figure in self.accepted:
            value, end = float(figure["value"]), str(figure["period_end"])
            told = f"{figure['operator']}: {figure['metric']} {value:g} {figure['unit']} at {end}, '{figure['quote']}'"
            if value not in self.case.true:
                found.append(("wrongly accepted", told))
            elif (self.case.ends and end not in self.case.ends) or not _PERIODS[0] <= end <= _PERIODS[1]:
                found.append(("wrongly accepted", f"the period of {told}"))
        return found


class Watch:
    """What a pool's child takes for a document, asked of the kernel: `mib` resident at most, and `processor_s`."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.mib = 0.0
        self.processor_s = 0.0
        self._before: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._reset()
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _reset(self) -> None:
        process = self.pool.process_id
        if process is not None:
            # Forgets the peak of earlier documents; a kernel without it shows a peak that is too high, never too low.
            with contextlib.suppress(OSError):
                Path(f"/proc/{process}/clear_refs").write_text("5")
            with contextlib.suppress(OSError, IndexError, ValueError):
                self._before[process] = _processor_seconds(process)

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._look()

    def _look(self) -> None:
        process = self.pool.process_id
        if process is None:
            return
        with contextlib.suppress(OSError, IndexError, ValueError):
            text = Path(f"/proc/{process}/status").read_text()
            self.mib = max(self.mib, int(text.split("VmHWM:")[1].split()[0]) / 1024)
            used = _processor_seconds(process) - self._before.get(process, 0.0)
            self.processor_s = max(self.processor_s, used)


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def small_limits() -> Limits:
    """The limits of a quick run: a bomb ends within seconds."""
    from assets.reports.formats import Limits

    return Limits(memory_bytes=1_024 * MIB, processor_s=6, wall_clock_s=90.0)


def write_corpus(cases: Sequence[Case], folder: Path) -> tuple[list[tuple[Case, Path]], list[str]]:
    """The files on disk, and the names of those that this system cannot hold (devices without privilege)."""
    made: list[tuple[Case, Path]] = []
    left_out: list[str] = []
    for case in cases:
        try:
            made.append((case, case.write(folder)))
        except (PermissionError, NotImplementedError):
            left_out.append(case.name)
    return made, left_out


def read_all(
    made: Sequence[tuple[Case, Path]],
    good: Sequence[Path],
    limits: Limits,
    told: Callable[[Outcome], None] = lambda _outcome: None,
) -> tuple[list[Outcome], list[Any]]:
    """Every file through one pool and the verdicts together; and the readings of the good files among them.

    `told` hears of each reading before the verdicts.
    """
    from assets.reports.reading import ReaderPool

    outcomes: list[Outcome] = []
    readings: list[Any] = []
    every = max(1, len(made) // max(1, len(good)))
    waiting = list(good)
    with ReaderPool(limits) as pool:
        for number, (case, path) in enumerate(made):
            start = time.monotonic()
            with Watch(pool) as watch:
                result = pool.read(path)
            outcomes.append(Outcome(case, time.monotonic() - start, watch.processor_s, watch.mib, result))
            told(outcomes[-1])
            if number % every == every // 2 and waiting:
                readings.append(pool.read(waiting.pop(0)))
        readings += [pool.read(path) for path in waiting]
    _judge(outcomes, readings)
    return outcomes, readings


def _judge(outcomes: Sequence[Outcome], readings: Sequence[Any]) -> None:
    """The verdicts of `colocast read` on all of them at once, as on one inbox."""
    import pandas as pd

    from assets.reports.operators import load_layouts
    from assets.reports.verdicts import judge

    judged = judge([*(one.result for one in outcomes), *readings], pd.DataFrame(), AS_OF, load_layouts())
    documents = {row["sha256"]: row for row in judged.documents.to_dict("records")}
    accepted: dict[str, list[dict[str, Any]]] = {}
    for row in judged.accepted.to_dict("records"):
        accepted.setdefault(row["document_id"], []).append(row)
    for one in outcomes:
        document = documents[one.result.sha256]
        one.status, one.reason = document["status"], document["reason"]
        if one.result.rent_roll is not None:
            one.status, one.reason = _rent_roll_verdict(one.result)
        one.accepted = accepted.get(document["document_id"], [])


def _rent_roll_verdict(result: ReadResult) -> tuple[str, str]:
    """A rent roll by itself is no portfolio: it stays held back with what is wrong or missing."""
    assert result.rent_roll is not None
    problems = result.rent_roll.get("problems") or []
    return "quarantined", f"a rent roll with {len(problems)} row(s) held back"


def table_of(outcomes: Sequence[Outcome], limits: Limits) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows by kind with a row for all, and one line a fault."""
    columns = ("crashes", "hangs", "over memory", "no reason", "wrongly accepted")
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    kinds = list(dict.fromkeys(one.case.kind for one in outcomes))
    for kind in [*kinds, "all"]:
        mine = [one for one in outcomes if kind in (one.case.kind, "all")]
        faults = [(one, column, words) for one in mine for column, words in one.faults(limits)]
        rows.append(
            {
                "kind": kind,
                "tried": len(mine),
                **{column: len({one.case.name for one, at, _words in faults if at == column}) for column in columns},
                "stopped at a limit": sum(one.stopped for one in mine),
                "worst s": f"{max(one.seconds for one in mine):.1f}",
                "worst processor s": f"{max(one.processor_s for one in mine):.1f}",
                "peak MiB": f"{max(one.peak_mib for one in mine):.0f}",
            }
        )
        if kind != "all":
            lines += [f"{column}: {one.case.name!r}: {words}" for one, column, words in faults]
    return rows, lines


def same_figures(readings: Sequence[Any], good: Sequence[Path], limits: Limits) -> list[str]:
    """Names of good reports whose figures among bad files differ from those that a fresh reader finds."""
    from assets.reports.reading import ReaderPool

    by_name = {reading.file_name: reading for reading in readings}
    with ReaderPool(limits) as pool:
        return [path.name for path in good if pool.read(path) != by_name.get(path.name)]


def run_inbox(
    made: Sequence[tuple[Case, Path]], good: Sequence[Path], folder: Path, home: Path, seconds: float = 180.0
) -> list[str]:
    """`colocast run --inbox` on the folder with the good reports beside; one line a promise that is not kept."""
    import duckdb

    for path in good:
        shutil.copy(path, folder)
    environment = {
        **os.environ,
        "COLOCAST_HOME": str(home),
        "COLOCAST_PAST_VINTAGES": "0",
        "COLOCAST_READER_SECONDS": str(seconds),
        "DAGSTER_HOME": str(home / "dagster"),
    }
    command = [str(Path(sys.executable).with_name("colocast")), "run", "--inbox", str(folder)]
    command += ["--as-of", AS_OF.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [f"colocast run ended with {done.returncode}: {done.stderr[-1500:]} {done.stdout[-1500:]}"]
    with duckdb.connect(str(home / "published" / "occupancy.duckdb"), read_only=True) as connection:
        documents = connection.execute("SELECT sha256, file_name, status, reason FROM documents").fetchall()
        figures = connection.execute(
            "SELECT d.sha256, o.value, o.period_end FROM observations AS o JOIN documents AS d USING (document_id)"
        ).fetchall()
    return _not_kept(made, good, documents, figures)


def _not_kept(
    made: Sequence[tuple[Case, Path]],
    good: Sequence[Path],
    documents: Sequence[tuple[str, str, str, str | None]],
    figures: Sequence[tuple[str, float, date | None]],
) -> list[str]:
    from pipelines.inbox import is_temporary, printable

    lines = [
        f"{name!r}: {status} without a reason"
        for _sha, name, status, reason in documents
        if status not in ANY or (status != "accepted" and not reason)
    ]
    by_content = {sha: status for sha, _name, status, _reason in documents}
    by_name = {name: status for _sha, name, status, _reason in documents}
    true = {}
    for case, path in made:
        content = _content(path)
        if content is None:
            # A link, a device, a folder without files: a note stands in its place, or nothing was there to take.
            if not path.is_dir() and printable(path.name) not in by_name:
                lines.append(f"{path.name!r} has no row")
            continue
        if is_temporary(path.name):
            continue
        sha = hashlib.sha256(content).hexdigest()
        true.setdefault(sha, set()).update(case.true)
        if sha not in by_content:
            lines.append(f"{path.name!r} has no row")
        elif by_content[sha] not in case.allowed:
            lines.append(f"{path.name!r}: {by_content[sha]}, allowed {sorted(case.allowed)}")
    lines += [
        f"{path.name}: a good report, {status}" for path in good if (status := by_name.get(path.name)) != "accepted"
    ]
    lines += [
        f"accepted {value} at {end} from a document that does not allow it"
        for sha, value, end in figures
        if sha in true and (value not in true[sha] or (end is not None and end > AS_OF))
    ]
    return lines


def _content(path: Path) -> bytes | None:
    """The bytes of an ordinary file; None for anything else, and for what no reader takes for its size."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 64 * MIB:
        return None
    return path.read_bytes()


def _tell(one: Outcome) -> None:
    costs = f"{one.seconds:6.2f} s {one.processor_s:6.2f} s {one.peak_mib:6.0f} MiB"
    print(f"{costs} {one.result.status:11} {one.case.name[:50]!r}: {one.result.reason[:150]}", flush=True)


def _print(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Hostile input")
    for name in rows[0]:
        table.add_column(name, justify="left" if name == "kind" else "right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=160).print(table)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        yield folder
    finally:
        for made in (folder, folder.with_name(f"{folder.name}-home")):
            shutil.rmtree(made, ignore_errors=True)


def main() -> int:
    """Makes the corpus, reads it, prints; 1 where anything was not as promised."""
    from assets.reports.formats import Limits

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", action="append", help="only this kind of file; may be given several times")
    parser.add_argument("--quick", action="store_true", help="small limits: bombs end early")
    parser.add_argument("--run", action="store_true", help="also run the whole folder as an inbox")
    parser.add_argument("--all", action="store_true", help="print each file with its status, reason, time and memory")
    arguments = parser.parse_args()
    limits = small_limits() if arguments.quick else Limits()
    cases = [case for case in all_cases() if not arguments.kind or case.kind in arguments.kind]
    good = [ROOT / "data" / "reports" / name for name in GOOD]
    with _folder() as folder:
        made, left_out = write_corpus(cases, folder)
        outcomes, readings = read_all(made, good, limits, _tell if arguments.all else lambda _outcome: None)
        kept = run_inbox(made, good, folder, folder.with_name(f"{folder.name}-home")) if arguments.run else []
    different = same_figures(readings, good, limits)
    rows, lines = table_of(outcomes, limits)
    lines += [f"colocast run: {line}" for line in kept]
    _print(rows)
    if arguments.all:
        for one in outcomes:
            print(f"{one.status:11} {one.case.name[:50]!r}: {one.reason[:150]}")
    for name in left_out:
        print(f"not made on this system: {name}")
    if arguments.run:
        print(f"colocast run --inbox: {len(made) + len(good)} files, {len(kept)} promises not kept")
    for line in lines:
        print(line)
    for name in different:
        print(f"a good report reads otherwise among bad ones: {name}")
    return 1 if lines or different else 0


if __name__ == "__main__":
    sys.exit(main())
