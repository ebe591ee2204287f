"""How the main job grows: `python -m bench.scale [--axis NAME]... [--largest N] [--limit-seconds S] [--docs]`.

Axes, each at 1, 10, 100 and 1,000 times about what is bundled, in a home of its own a point:

    documents   25 reports (scale_inputs.documents), each of a company of its own
    series      12 operators with 5 sites each, 16 quarters (scale_inputs.series_documents)
    leases      a rent roll of 400 leases (scale_inputs.write_rent_roll)
    vintages    4 past vintages of the smallest point of `series`; the times are 1, 2, 4 and 8

Every step of the job is a child process of its own, as its state lies in the home: its peak is its own, and its seconds
hold what starting costs. Slopes are of the logarithms between a point and the one before it (1: proportional to size);
that of time is taken from processor seconds (the step's children too), which other work on the machine disturbs least.
A point that would take longer than the limit, by the slopes so far, is not run, and one that does is stopped; both are
said. Exit code 1 where a step failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import scale_inputs

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "scale.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
AS_OF = date(2026, 6, 30)
RUN_ID = "scale000"
STEPS = (
    "receive", "read", "judge", "history", "outlook", "leases", "track_record", "alerts", "publish", "page",
)  # fmt: skip
TIMES = (1, 10, 100, 1_000)
# Anything steeper is fixed or explained in docs/scale.md.
STEEP = 1.1
# Below, a step is mostly the start of a process, and a slope says nothing.
LEAST_SECONDS, LEAST_MIB = 3.0, 300.0


class StepFailedError(RuntimeError):
    """A step of the job ended badly; the message has its words."""


@dataclass(frozen=True)
class Axis:
    """What grows: things at 1 time, the steps that are shown, the times measured, and what is counted in the end."""

    name: str
    one: int
    thing: str
    steps: tuple[str, ...] = STEPS
    times: tuple[int, ...] = TIMES


VINTAGE_STEPS = ("outlook", "leases", "track_record", "alerts", "publish", "page")
AXES = {
    axis.name: axis
    for axis in (
        Axis("documents", 25, "documents"),
        Axis("series", 12, "operators"),
        Axis("leases", 400, "leases"),
        Axis("vintages", 4, "past vintages", VINTAGE_STEPS, (1, 2, 4, 8)),
    )
}


@dataclass(frozen=True)
class Cost:
    """One step at one size. seconds: wall clock; processor_s: of the step and its children; peak_mib: the most that
    either held. home_mib: disk that the home takes after the step; note: what the point came to.
    """

    axis: str
    times: int
    things: int
    step: str
    seconds: float
    processor_s: float
    peak_mib: float
    home_mib: float
    note: str = ""


def step_here(name: str, home: Path, inbox: Path, past_vintages: int) -> None:
    """Run a step of the main job in this process and print what it took as JSON."""
    # Made rent rolls and documents only: nothing bundled, and no other setting of whoever runs this.
    for key in [key for key in os.environ if key.startswith("COLOCAST_")]:
        del os.environ[key]
    os.environ |= {"COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    started = time.perf_counter()
    from pipelines.settings import Settings
    from pipelines.steps import alerts, delivery, intake, leases, outlook, track_record, warehouse
    from pipelines.steps.work import Work

    run: dict[str, Callable[[Work], Any]] = {
        "receive": intake.receive, "read": intake.read, "judge": warehouse.judge, "history": warehouse.history,
        "outlook": outlook.outlook, "leases": leases.leases, "track_record": track_record.track_record,
        "alerts": alerts.alerts, "publish": delivery.publish, "page": delivery.page,
    }  # fmt: skip
    settings = Settings(home=home, as_of=AS_OF, past_vintages=past_vintages)
    settings.layout.make()
    outcome = run[name](Work(settings, RUN_ID, datetime.now(UTC), inbox))
    if not outcome.fresh:
        raise RuntimeError(f"{name}: had nothing to do, so nothing was measured")
    seconds = time.perf_counter() - started
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "processor_s": own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime,
                "peak_mib": max(own.ru_maxrss, below.ru_maxrss) / 2**10,
            }
        )
    )


def make_inbox(axis: Axis, things: int, folder: Path) -> None:
    """Write the inputs of a point. Raises ValueError for an axis that has none of its own."""
    if axis.name == "leases":
        scale_inputs.write_rent_roll(folder / "made", things)
        return
    makers = {"documents": scale_inputs.documents, "series": scale_inputs.series_documents}
    made = makers[axis.name](things) if axis.name in makers else scale_inputs.series_documents(AXES["series"].one)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made:
        (folder / name).write_bytes(content)


def point(axis: Axis, times: int, folder: Path, limit: float, told: Callable[[str], None], kept: list[Cost]) -> str:
    """Run every step of one point, each in a child, and tell what it cost. Returns '' or why it ended early."""
    things = axis.one * times
    home, inbox = folder / "home", folder / "inbox"
    make_inbox(axis, things, inbox)
    past = things if axis.name == "vintages" else 0
    left = limit
    for step in STEPS:
        told(f"{axis.name} x {times:,}: {step}")
        words = ["--step", step, "--home", str(home), "--inbox", str(inbox), "--past-vintages", str(past)]
        began = time.perf_counter()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench.scale", *words],
                cwd=REPOSITORY, capture_output=True, text=True, timeout=max(left, 1.0), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"{step} stopped: the point had used its {limit:,.0f} s"
        left -= time.perf_counter() - began
        if done.returncode:
            words_of_it = done.stderr[-3000:]
            raise StepFailedError(f"{axis.name} x {times}: {step} ended with {done.returncode}\n{words_of_it}")
        if step in axis.steps:
            cost = json.loads(done.stdout.strip().splitlines()[-1])
            kept.append(Cost(axis.name, times, things, step, home_mib=_mib(home), **cost))
    kept.append(_whole(axis, times, things, home, kept))
    return ""


def _whole(axis: Axis, times: int, things: int, home: Path, kept: list[Cost]) -> Cost:
    own = [cost for cost in kept if (cost.axis, cost.times) == (axis.name, times)]
    return Cost(
        axis.name, times, things, "all steps", sum(cost.seconds for cost in own), sum(cost.processor_s for cost in own),
        max(cost.peak_mib for cost in own), _mib(home), counts(home),
    )  # fmt: skip


def counts(home: Path) -> str:
    """What the point came to: rows of the published tables and bytes of the files that a reader gets, in words."""
    from assets.warehouse.database import connect

    tables = ("documents", "observations", "quarantine", "occupancy_history", "occupancy_forecast", "leases")
    published = home / "published" / "occupancy.duckdb"
    with connect(published, read_only=True) as connection:
        rows = [(name, connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]) for name in tables]
        series = connection.execute("SELECT count(DISTINCT (level, series_id)) FROM occupancy_history").fetchall()
    words = [f"{name} {count:,}" for name, count in rows if count]
    sizes = [("published", published), ("page", home / "reports" / "index.html")]
    words += [f"series {series[0][0]:,}"] + [f"{name} {path.stat().st_size / 2**20:.1f} MiB" for name, path in sizes]
    return ", ".join(words)


def _mib(folder: Path) -> float:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 2**20


def slope(more: float, less: float, times: float, least: float) -> float | None:
    """Slope of the logarithms between two points that are `times` apart; None where it would say nothing."""
    if less <= 0 or more < least or times <= 1:
        return None
    return math.log(more / less) / math.log(times)


def expected(costs: list[Cost], axis: Axis, times: int) -> float | None:
    """Seconds that a point will take by what the last two took; None before the first."""
    own = [cost for cost in costs if cost.axis == axis.name and cost.step == "all steps"]
    if not own:
        return None
    last = own[-1]
    steep = slope(last.seconds, own[-2].seconds, last.times / own[-2].times, 0.0) if len(own) > 1 else 0.7
    return float(last.seconds * (times / last.times) ** max(steep or 0.7, 0.7))


def with_slopes(costs: list[Cost]) -> list[tuple[Cost, list[float | None]]]:
    """Costs by axis, step and size, each with the slopes of time, memory and disk from the size before."""
    order = {name: at for at, name in enumerate((*AXES, *STEPS, "all steps"))}
    ordered = sorted(costs, key=lambda cost: (order[cost.axis], order[cost.step], cost.times))
    before: dict[tuple[str, str], Cost] = {}
    found = []
    for cost in ordered:
        found.append((cost, _slopes(cost, before.get((cost.axis, cost.step)))))
        before[cost.axis, cost.step] = cost
    return found


def table_of(costs: list[Cost], ended: dict[str, str]) -> Table:
    """The table; `ended` says by axis why it goes no further."""
    table = Table(title="How the main job grows", title_justify="left", box=SIMPLE_HEAD)
    measures = ("seconds", "processor s", "slope", "peak MiB", "slope", "home MiB", "slope")
    for name in ("axis", "step", "times", "things", *measures, ""):
        table.add_column(name, justify="left" if name in ("axis", "step", "") else "right", no_wrap=name != "")
    for axis in AXES:
        for cost, slopes in ((cost, slopes) for cost, slopes in with_slopes(costs) if cost.axis == axis):
            time_, memory, disk = ("" if one is None else f"{'*' if one > STEEP else ''}{one:.2f}" for one in slopes)
            table.add_row(
                axis, cost.step, f"{cost.times:,}", f"{cost.things:,}", f"{cost.seconds:.1f}",
                f"{cost.processor_s:.1f}", time_, f"{cost.peak_mib:,.0f}", memory, f"{cost.home_mib:,.1f}", disk,
                cost.note,
            )  # fmt: skip
        if axis in ended:
            table.add_row(axis, *[""] * 10, ended[axis], style="dim")
        table.add_section()
    return table


def pages(costs: list[Cost], ended: dict[str, str]) -> str:
    """The table for docs/scale.md: one an axis, a row a step, a column a size, and the slopes between neighbours."""
    parts = [f"{os.cpu_count()} cores, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB."]
    for axis in AXES.values():
        own = [(cost, slopes) for cost, slopes in with_slopes(costs) if cost.axis == axis.name]
        sizes = sorted({cost.times for cost, _ in own})
        if not own:
            continue
        heads = [f"x {times:,}: {axis.one * times:,} {axis.thing}" for times in sizes]
        lines = [f"### {axis.name}", "", "| step | " + " | ".join(heads) + " | slopes: time; memory; disk |"]
        lines.append("|---|" + "---|" * (len(sizes) + 1))
        for step in (*axis.steps, "all steps"):
            rows = {cost.times: (cost, slopes) for cost, slopes in own if cost.step == step}
            cells = [_cell(rows[times][0]) if times in rows else "" for times in sizes]
            slopes = [rows[times][1] for times in sizes[1:] if times in rows]
            told = "; ".join(", ".join(_shown(each[at]) for each in slopes) for at in range(3)) if slopes else ""
            lines.append(f"| {step} | " + " | ".join([*cells, told]) + " |")
        notes = [f"- x {cost.times:,}: {cost.note}" for cost, _ in own if cost.note]
        notes += [f"- {ended[axis.name]}"] if axis.name in ended else []
        parts.append("\n".join([*lines, "", *notes]))
    return "\n\n".join(parts) + "\n"


def _cell(cost: Cost) -> str:
    disk = f", {cost.home_mib:,.0f} MiB disk" if cost.step == "all steps" else ""
    return f"{cost.processor_s:,.0f} s ({cost.seconds:,.0f}), {cost.peak_mib:,.0f} MiB{disk}"


def _shown(one: float | None) -> str:
    return "-" if one is None else f"**{one:.2f}**" if one > STEEP else f"{one:.2f}"


def write_pages(costs: list[Cost], ended: dict[str, str], page: Path = PAGE) -> None:
    """Put the tables between the two marks of the page. Raises ValueError for a page without them."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page}: expected the lines {BEGIN} and {END}, each once")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{pages(costs, ended)}\n{END}{after}", encoding="utf-8")


def write_rows(costs: list[Cost], out: Path) -> None:
    """The rows of the table as CSV, in full precision."""
    slopes = ("slope_time", "slope_memory", "slope_disk")
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*(one.name for one in fields(Cost)), *slopes])
        writer.writeheader()
        writer.writerows({**asdict(cost), **dict(zip(slopes, own, strict=True))} for cost, own in with_slopes(costs))


def _slopes(cost: Cost, before: Cost | None) -> list[float | None]:
    if before is None:
        return [None, None, None]
    times = cost.times / before.times
    return [
        slope(cost.processor_s, before.processor_s, times, LEAST_SECONDS),
        slope(cost.peak_mib, before.peak_mib, times, LEAST_MIB),
        slope(cost.home_mib, before.home_mib, times, 1.0),
    ]


def measure(
    axes: list[Axis], largest: int, limit: float, told: Callable[[str], None], costs: list[Cost]
) -> dict[str, str]:
    """Measure every axis up to `largest` times, each point within `limit` seconds, into `costs`; says by axis why it
    ended where it did.
    """
    ended: dict[str, str] = {}
    for axis in axes:
        for times in axis.times:
            ahead = expected(costs, axis, times)
            if times > largest:
                ended[axis.name] = f"x {times:,} was not asked for"
            elif ahead is not None and ahead > limit:
                ended[axis.name] = f"x {times:,} not run: {ahead:,.0f} s by the slopes so far, limit {limit:,.0f} s"
            else:
                with tempfile.TemporaryDirectory(prefix="colocast-scale-") as folder:
                    why = point(axis, times, Path(folder), limit, told, costs)
                if why:
                    ended[axis.name] = f"x {times:,}: {why}"
            if axis.name in ended:
                break
    return ended


def main() -> int:
    """Print the table; 1 where a step failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axis", action="append", choices=list(AXES), help="this axis alone; may be repeated")
    parser.add_argument("--largest", type=int, default=100, help="most times the bundled size")
    parser.add_argument("--limit-seconds", type=float, default=600.0, help="most seconds a point may take")
    parser.add_argument("--out", type=Path, help="write the rows to this CSV file, too, after every step")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs/scale.md, too")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--inbox", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--past-vintages", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step_here(options.step, options.home, options.inbox, options.past_vintages)
        return 0
    console = Console(width=None if sys.stdout.isatty() else 200)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    costs: list[Cost] = []
    ended: dict[str, str] = {}
    failed = ""
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Starting", total=None)

        def told(words: str) -> None:
            progress.update(task, description=words)
            # At every step, so that a run that is stopped has not measured for nothing.
            if options.out:
                write_rows(costs, options.out)

        try:
            axes = [AXES[name] for name in options.axis or AXES]
            ended = measure(axes, options.largest, options.limit_seconds, told, costs)
        except StepFailedError as error:
            failed = str(error)
    console.print(table_of(costs, ended))
    console.print(
        f"slope: of the logarithms to the size before; * above {STEEP:g}. Time's is of processor seconds. Left out"
        f" below {LEAST_SECONDS:g} s and {LEAST_MIB:g} MiB, where the start of a process is most of it.",
        soft_wrap=True,
        highlight=False,
    )
    if options.out:
        write_rows(costs, options.out)
    if failed:
        console.print(failed, markup=False)
    elif options.docs:
        write_pages(costs, ended)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
