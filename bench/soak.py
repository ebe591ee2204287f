"""`python -m bench.soak --refreshes 500`: one process that refreshes one home again and again, as a scheduler would.

Most refreshes meet nothing new; every tenth meets a new or revised document and a later day, so that vintages change,
every twenty-fifth a bad file. Bounds are small, so that cleaning acts within the soak. After each refresh it measures
resident memory, open handles, threads, children, and the size of each part of the home; over the second half all of
them have to be flat and within what docs/operations.md states. Prints one table; exit code 1 where something grew.

Runs that the Dagster daemon starts are processes of their own, so that only what they leave on the disk can grow.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

KIB, MIB = 1024, 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
KEEP_RUNS, KEEP_PUBLISHED, UNREAD_MIB, SHRINK_FROM_MIB = 20, 5, 1, 8
BOUNDS = {
    "COLOCAST_KEEP_RUNS": str(KEEP_RUNS),
    "COLOCAST_KEEP_PUBLISHED": str(KEEP_PUBLISHED),
    "COLOCAST_UNREAD_DAYS": "0",
    "COLOCAST_UNREAD_MIB": str(UNREAD_MIB),
    "COLOCAST_SHRINK_FROM_MIB": str(SHRINK_FROM_MIB),
    "COLOCAST_HOUSEKEEPING_HOURS": "0",
    "COLOCAST_PAST_VINTAGES": "0",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}
RSS_KIB_A_REFRESH = 20.0
QUARTERS_KNOWN = 12
BAD_BYTES = 400 * KIB


@dataclass(frozen=True)
class Reading:
    """What stood after one refresh. Memory and parts in bytes; `parts` as steps.housekeeping.sizes names them."""

    ok: bool
    rss: int
    handles: int
    threads: int
    children: int
    runs: int
    copies: int
    parts: dict[str, int]


@dataclass(frozen=True)
class Line:
    """One row of the table: what was measured, first, last, its slope over the second half, the bound, whether held."""

    what: str
    first: str
    last: str
    slope: str
    bound: str
    held: bool


@contextmanager
def bounds(home: Path) -> Iterator[None]:
    """The environment of the soak, put back afterwards."""
    wanted = {**BOUNDS, "COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def soak(
    home: Path,
    inbox: Path,
    refreshes: int,
    arrival_every: int = 10,
    bad_every: int = 25,
    today: date | None = None,
    done: Callable[[Reading], None] = lambda reading: None,
) -> list[Reading]:
    """Refresh `home` from `inbox` so many times, and measure after each; a refresh that fails is the last."""
    from pipelines.commands.running import execute
    from pipelines.home import write_instance_config
    from pipelines.settings import Settings

    last_day = (today or datetime.now(UTC).date()) - timedelta(days=1)
    days = 450 // max(1, refreshes // arrival_every)
    arrivals = bad = 0
    readings = []
    with bounds(home):
        for number in range(refreshes):
            if number % arrival_every == 0:
                write_report(inbox, arrivals, last_day)
                arrivals += 1
            if number % bad_every == bad_every - 1:
                write_bad(inbox, bad)
                bad += 1
            as_of = last_day - timedelta(days=max(0, days * (refreshes // arrival_every - arrivals)))
            settings = Settings(as_of=as_of)
            settings.layout.make()
            write_instance_config(settings)
            success = execute("refresh", settings, inbox).success
            readings.append(measure(settings, success))
            done(readings[-1])
            if not success:
                # Dagster turns Ctrl-C and a termination into a failed run; going on would ignore them.
                break
    return readings


def write_report(inbox: Path, number: int, last_day: date) -> None:
    """The first is a series of a fictitious operator; of those that follow, every second restates its newest quarter,
    the others bring a figure of another metric.
    """
    rows = ["operator,facility,period_end,metric,value,unit"]
    ends = _quarter_ends(last_day - timedelta(days=470), QUARTERS_KNOWN)
    if number == 0:
        for place, end in enumerate(ends):
            rows.append(f"Fictitious Soak Data Centres,,{end},capacity_in_service,{40 + place}.0,mw")
            rows.append(f"Fictitious Soak Data Centres,,{end},capacity_utilised,{28.5 + place},mw")
    elif number % 2:
        rows.append(f"Fictitious Soak Data Centres,,{ends[-1]},capacity_utilised,{38 + number % 20 / 10},mw")
    else:
        rows.append(f"Fictitious Soak Data Centres,,{ends[-1]},capacity_under_construction,{number}.0,mw")
    (inbox / f"soak_{number:04d}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_bad(inbox: Path, number: int) -> None:
    """By turns: bytes that are no report, a figure that cannot be true, an empty file."""
    if number % 3 == 0:
        noise = random.Random(number).randbytes(BAD_BYTES)
        (inbox / f"bad_{number:04d}.pdf").write_bytes(b"%PDF-1.7\n" + noise)
    elif number % 3 == 1:
        text = "operator,facility,period_end,metric,value,unit\n"
        text += f"Fictitious Impossible {number},,2025-03-31,utilisation_rate,{170 + number},pct\n"
        (inbox / f"bad_{number:04d}.csv").write_text(text, encoding="utf-8")
    else:
        (inbox / f"bad_{number:04d}.txt").write_text("\n" * number, encoding="utf-8")


def _quarter_ends(before: date, count: int) -> list[date]:
    from pipelines.reporting_calendar import add_months, latest_quarter_end, month_end

    last = latest_quarter_end(before)
    months = [add_months(last.replace(day=1), -3 * back) for back in reversed(range(count))]
    return [month_end(one.year, one.month) for one in months]


def measure(settings: object, ok: bool) -> Reading:
    """Look at this process and at the home."""
    from pipelines.settings import Settings
    from pipelines.steps.housekeeping import sizes

    assert isinstance(settings, Settings)
    home = settings.layout
    gc.collect()
    tasks = list(Path("/proc/self/task").iterdir())
    children = sum(len((task / "children").read_text().split()) for task in tasks if (task / "children").is_file())
    return Reading(
        ok=ok,
        rss=int(Path("/proc/self/statm").read_text().split()[1]) * PAGE,
        handles=len(list(Path("/proc/self/fd").iterdir())),
        threads=len(tasks),
        children=children,
        runs=len(list((home.dagster / "storage" / "history" / "runs").glob("????????-*.db"))),
        copies=len(list(home.history.glob("*.duckdb"))),
        parts=sizes(home),
    )


def slope(values: Sequence[float]) -> float:
    """Change a step of the straight line of least squares through the values."""
    count = len(values)
    if count < 2:
        return 0.0
    middle = (count - 1) / 2
    mean = sum(values) / count
    spread = sum((place - middle) ** 2 for place in range(count))
    return sum((place - middle) * (value - mean) for place, value in enumerate(values)) / spread


def judge(readings: Sequence[Reading], live: int) -> list[Line]:
    """Hold the readings against their bounds. `live`: bytes of the warehouse's blocks that hold something."""
    late = readings[len(readings) // 2 :]
    first, last = readings[0], readings[-1]
    lines = [
        Line(
            "refreshes that failed",
            "",
            str(sum(not one.ok for one in readings)),
            "",
            "0",
            all(one.ok for one in readings),
        )
    ]

    growth = slope([one.rss / KIB for one in late])
    lines.append(
        Line(
            "resident memory, MiB", _mib(first.rss), _mib(last.rss), f"{growth:+.1f} KiB",
            f"{RSS_KIB_A_REFRESH:.0f} KiB a refresh", growth < RSS_KIB_A_REFRESH,
        )
    )  # fmt: skip
    for name in ("handles", "threads", "children"):
        seen = [int(getattr(one, name)) for one in late]
        lines.append(
            Line(
                name, str(getattr(first, name)), str(seen[-1]), f"{slope(seen):+.3f}",
                "as many at the end as in the middle", seen[-1] <= seen[0],
            )
        )  # fmt: skip
    most = max(one.runs for one in late)
    lines.append(
        Line("runs that Dagster keeps", str(first.runs), str(last.runs), "", f"{KEEP_RUNS} + 1", most <= KEEP_RUNS + 1)
    )
    copies = last.copies
    lines.append(
        Line("earlier publications", str(first.copies), str(copies), "", f"{KEEP_PUBLISHED}", copies <= KEEP_PUBLISHED)
    )
    files = [one.parts["warehouse"] for one in readings]
    # Made smaller before a run works, so that what one run adds comes on top.
    half_full = max(SHRINK_FROM_MIB * MIB, 2 * live) + max([0, *(b - a for a, b in pairwise(files))])
    stated = {
        "warehouse": (half_full, f"{SHRINK_FROM_MIB} MiB or twice what it holds, and one run's more"),
        "dagster": (
            (KEEP_RUNS + 1) * 2 * _record(readings) + 2 * SHRINK_FROM_MIB * MIB,
            "what its runs hold, twice, and small files",
        ),
        "history": (
            KEEP_PUBLISHED * max(one.parts["publication"] for one in readings),
            f"{KEEP_PUBLISHED} publications",
        ),
    }
    for name, (bound, words) in stated.items():
        sizes = [one.parts[name] for one in late]
        lines.append(
            Line(
                f"{name}, MiB", _mib(first.parts[name]), _mib(max(sizes)), f"{slope(sizes) / KIB:+.1f} KiB",
                f"{_mib(bound)} ({words})", max(sizes) <= bound,
            )
        )  # fmt: skip
    for name in ("archive", "state", "page", "publication"):
        sizes = [one.parts[name] for one in late]
        lines.append(
            Line(
                f"{name}, MiB", _mib(first.parts[name]), _mib(sizes[-1]), f"{slope(sizes) / KIB:+.1f} KiB",
                "with what was received", True,
            )
        )  # fmt: skip
    return lines


def _record(readings: Sequence[Reading]) -> int:
    """Bytes that one run of Dagster takes: what the first left, which is the largest since it makes everything."""
    return readings[0].parts["dagster"]


def live_bytes(warehouse: Path) -> int:
    """Bytes of the blocks of a DuckDB file that hold something."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute("SELECT block_size, used_blocks FROM pragma_database_size()").fetchone()
    assert row is not None
    return int(row[0]) * int(row[1])


def _mib(size: float) -> str:
    return f"{size / MIB:.1f}"


def note(file: Path, reading: Reading) -> None:
    """Add one reading to a CSV file, so that a soak that is cut short leaves what it saw."""
    row = {**asdict(reading), **reading.parts}
    del row["parts"]
    text = "" if file.exists() else ",".join(row) + "\n"
    with file.open("a", encoding="utf-8") as out:
        out.write(text + ",".join(map(str, row.values())) + "\n")


def main() -> int:
    """Print the table; 1 where something failed or grew."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--refreshes", type=int, default=500)
    parser.add_argument("--arrival-every", type=int, default=10, help="refreshes from one new document to the next")
    parser.add_argument("--bad-every", type=int, default=25, help="refreshes from one bad file to the next")
    parser.add_argument("--folder", type=Path, default=None, help="where the home is made; default a temporary folder")
    parser.add_argument("--readings", type=Path, default=None, help="also write every reading as CSV")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="colocast-soak-", dir=chosen.folder) as folder,
        Progress(console=Console(stderr=True)) as bar,
    ):
        home, inbox = Path(folder) / "home", Path(folder) / "reports"
        inbox.mkdir()
        task = bar.add_task("refreshes", total=chosen.refreshes)

        def done(reading: Reading) -> None:
            bar.advance(task)
            if chosen.readings:
                note(chosen.readings, reading)

        if chosen.readings:
            chosen.readings.unlink(missing_ok=True)
        readings = soak(home, inbox, chosen.refreshes, chosen.arrival_every, chosen.bad_every, done=done)
        lines = judge(readings, live_bytes(home / "warehouse.duckdb"))
    table = Table("over refreshes", "first", "last or most", "a refresh, second half", "bound", "held")
    for line in lines:
        table.add_row(line.what, line.first, line.last, line.slope, line.bound, "yes" if line.held else "NO")
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(f"Soak: {len(readings)} refreshes of one home in one process")
    console.print(table)
    return int(not all(line.held for line in lines))


if __name__ == "__main__":
    sys.exit(main())
