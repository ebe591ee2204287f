"""`python -m bench.main_job`: the main job twice in an empty COLOCAST_HOME, and what it cost.

Prints one table: wall-clock seconds of the first run, of a second run with nothing new, and the highest resident memory
of each, summed over the command and its children (sampled ten times a second). Goals for 2 cores: below 60 s, 12 s and
1.5 GiB. The first run includes reading every bundled report; modules are compiled and in the page cache beforehand.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[1]
COLOCAST = Path(sys.executable).parent / "colocast"
SAMPLE_S = 0.1
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
GOALS = {"first run": (60.0, 1.5), "second run, nothing new": (12.0, 1.5)}


@dataclass(frozen=True)
class Cost:
    """Wall-clock and processor seconds, highest resident memory in GiB over the whole process tree, exit code."""

    seconds: float
    processor_s: float
    peak_gib: float
    exit_code: int


def tree_bytes(root: int) -> int:
    """Resident bytes of a process and everything below it, 0 once it has gone. Shared pages count in each process."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    total, todo = 0, [root]
    while todo:
        process = todo.pop()
        todo += parents.get(process, [])
        try:
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            continue
    return total


def processor_seconds() -> float:
    """Processor seconds of all children that have ended: what the run costs whoever else uses the machine."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(home: Path) -> Cost:
    """Run `colocast run` in a home and watch it."""
    environment = {**os.environ, "COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    started, used = time.perf_counter(), processor_seconds()
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen([str(COLOCAST), "run"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log) as process,
    ):
        peak = 0
        while process.poll() is None:
            peak = max(peak, tree_bytes(process.pid))
            time.sleep(SAMPLE_S)
        seconds = time.perf_counter() - started
        if process.returncode:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
    return Cost(seconds, processor_seconds() - used, peak / 2**30, process.returncode)


def main() -> int:
    """Print the table; 1 where a run failed."""
    subprocess.run([str(COLOCAST), "--help"], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)
    table = Table("main job", "seconds", "goal s", "processor s", "peak GiB", "goal GiB", "exit code")
    failed = False
    with tempfile.TemporaryDirectory(prefix="colocast-bench-") as folder:
        for name, (goal_s, goal_gib) in GOALS.items():
            cost = measure(Path(folder))
            failed = failed or cost.exit_code != 0
            table.add_row(
                name,
                f"{cost.seconds:.1f}",
                f"{goal_s:.0f}",
                f"{cost.processor_s:.1f}",
                f"{cost.peak_gib:.2f}",
                f"{goal_gib}",
                str(cost.exit_code),
            )
    Console().print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
