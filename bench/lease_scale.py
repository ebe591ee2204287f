"""How the lease simulation grows with leases and paths: `python -m bench.lease_scale [--full]`.

Prints one table: learning and simulation (12 quarters) at 10,000 to 1,000,000 synthetic leases
(lease_portfolios.py), 200 a hall and once 15 a hall, and at 100,000 leases with 250, 500 and 1,000 paths; then the
goal. A lease is one in place or signed, which every path follows; those that ended within the history come on top and
are learnt from. Each row is a child process of its own, so that its peak is its own: the portfolio is made in another
process and read from files, and what numba compiles is compiled before the clock starts. Beside each row: how many
times as long it takes as numpy's generator for as many uniform numbers as there are lease-paths, in the same child.
Without --full the largest size runs few paths and is extrapolated, and called so.
Goal: 1,000,000 leases x 1,000 paths x 12 quarters in 90 s on 2 cores, below 6 GiB.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.lease_portfolios import AS_OF, portfolio
from forecasts.leases.learning import learn
from forecasts.leases.portfolio import Portfolio
from forecasts.leases.priors import Priors
from forecasts.leases.simulate import BLOCK_PATHS, simulate

REPOSITORY = Path(__file__).resolve().parents[1]
ASSUMPTIONS = REPOSITORY / "data" / "ledger" / "assumptions.csv"
FRAMES = ("facilities", "leases", "evidence", "history", "deliveries")
QUARTERS = 12
SEED = 20240229
A_HALL, FEW_A_HALL = 200, 15
WARM_UP_LEASES = 2_000
REFERENCE_CHUNK = 1_000_000
# Most numbers that the reference draws; beyond, its seconds are scaled up.
REFERENCE_DRAWS = 200_000_000
# Leases and paths of a row; the last of the short run is extrapolated to FULL.
SIZES = ((10_000, 1_000), (100_000, 1_000), (1_000_000, 128))
MANY_HALLS = (100_000, 250)
LINEAR = (100_000, (250, 500, 1_000))
FULL = (1_000_000, 1_000)
GOAL_SECONDS, GOAL_GIB = 90.0, 6.0


@dataclass(frozen=True)
class Case:
    """Leases in place or signed, leases a hall, paths."""

    leases: int
    a_hall: int
    paths: int


@dataclass(frozen=True)
class Cost:
    """Seconds of learning and of simulating (the first blocks of paths, tables and all, too); processor seconds of
    both, of learning and of the first blocks; resident GiB before, after learning and at most; halls, leases on file,
    GiB of the results; seconds of the reference.
    """

    learn_s: float
    simulate_s: float
    first_block_s: float
    processor_s: float
    learn_processor_s: float
    first_processor_s: float
    before_gib: float
    learnt_gib: float
    peak_gib: float
    halls: int
    on_file: int
    result_gib: float
    reference_s: float

    @property
    def seconds(self) -> float:
        """Learning and simulation."""
        return self.learn_s + self.simulate_s


def resident_peak() -> float:
    """Highest resident memory of this process so far, GiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def priors() -> Priors:
    """The repository's own. Raises KeyError naming what the ledger lacks."""
    with ASSUMPTIONS.open(encoding="utf-8", newline="") as rows:
        return Priors.of({row["parameter"]: float(row["value"]) for row in csv.DictReader(rows)})


def reference(draws: int) -> float:
    """Seconds in which numpy's default generator draws so many uniform numbers, one thread."""
    rng, room, timed = np.random.default_rng(SEED), np.empty(REFERENCE_CHUNK), min(draws, REFERENCE_DRAWS)
    rng.random(out=room)
    started, left = time.perf_counter(), timed
    while left > 0:
        rng.random(out=room[: min(left, REFERENCE_CHUNK)])
        left -= REFERENCE_CHUNK
    return (time.perf_counter() - started) * draws / timed


def make(folder: Path, leases: int, a_hall: int) -> int:
    """Write a portfolio's frames and shares as Parquet, in this process."""
    made, shares = portfolio(leases, a_hall, SEED)
    for name in FRAMES:
        getattr(made, name).to_parquet(folder / f"{name}.parquet")
    shares.to_parquet(folder / "shares.parquet")
    return 0


def read(folder: Path) -> tuple[Portfolio, pd.DataFrame]:
    """What make() wrote."""
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in (*FRAMES, "shares")}
    shares = frames.pop("shares")
    return Portfolio(**frames, as_of=AS_OF), shares


def child(folder: Path, paths: int, workers: int) -> int:
    """Measure one row and print it as JSON; the only thing on the output."""
    warnings.simplefilter("ignore")
    believed = priors()
    small, said = portfolio(WARM_UP_LEASES, A_HALL, SEED + 1)
    simulate(learn(small, said, believed), horizon=QUARTERS, paths=2 * BLOCK_PATHS, workers=workers)
    known, shares = read(folder)
    before, used, started = resident_peak(), time.process_time(), time.perf_counter()
    learnt = learn(known, shares, believed)
    learn_s, learn_used, learnt_gib = time.perf_counter() - started, time.process_time() - used, resident_peak()
    started = time.perf_counter()
    found = simulate(learnt, horizon=QUARTERS, paths=paths, seed=SEED, workers=workers)
    simulate_s, processor, peak = time.perf_counter() - started, time.process_time() - used, resident_peak()
    if found.leased.shape != (len(known.facilities), paths, QUARTERS) or not np.isfinite(found.leased).all():
        raise RuntimeError(f"results of shape {found.leased.shape}, or not all of them finite, for {paths} paths")
    held = sum(value.nbytes for value in vars(found).values() if isinstance(value, np.ndarray)) / 2**30
    del found
    used, started = time.process_time(), time.perf_counter()
    simulate(learnt, horizon=QUARTERS, paths=min(paths, workers * BLOCK_PATHS), seed=SEED, workers=workers)
    first, few = min(time.perf_counter() - started, simulate_s), time.process_time() - used
    standing = int((learnt.dates.leases["in_place"] | learnt.dates.leases["signed"]).sum())
    drawn = reference(standing * paths)
    sizes = (len(known.facilities), len(known.leases))
    print(
        json.dumps(
            [learn_s, simulate_s, first, processor, learn_used, few, before, learnt_gib, peak, *sizes, held, drawn]
        )
    )
    return 0


def called(*words: str) -> str:
    """Output of this module's child with these arguments. Raises RuntimeError where it fails, with its words."""
    command = [sys.executable, "-m", "bench.lease_scale", *words]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if found.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {found.returncode}\n{found.stderr.strip()}")
    return found.stdout


def measure_all(cases: list[Case], workers: int, told: Callable[[str], None]) -> dict[Case, Cost]:
    """Every case in a child process of its own; portfolios are kept on disk only while they are needed."""
    costs: dict[Case, Cost] = {}
    shapes = dict.fromkeys((case.leases, case.a_hall) for case in cases)
    for leases, a_hall in shapes:
        with tempfile.TemporaryDirectory(prefix="colocast-bench-") as folder:
            called("--make", folder, str(leases), str(a_hall))
            for case in (case for case in cases if (case.leases, case.a_hall) == (leases, a_hall)):
                told(f"{case.leases:,} leases x {case.paths:,} paths")
                words = called("--child", folder, str(case.paths), "--workers", str(workers))
                costs[case] = Cost(*json.loads(words))
    return costs


def extrapolated(cost: Cost, case: Case, workers: int, to: int) -> Cost:
    """A row at more paths: what each path beyond the first blocks took, and results that grow with the paths."""
    further = case.paths - min(case.paths, workers * BLOCK_PATHS)
    each = (cost.simulate_s - cost.first_block_s) / further
    busy = (cost.processor_s - cost.learn_processor_s - cost.first_processor_s) / further
    more = to - case.paths
    grown = cost.result_gib * more / case.paths
    changed = {
        "simulate_s": cost.simulate_s + max(each, 0.0) * more,
        "processor_s": cost.processor_s + max(busy, 0.0) * more,
        "peak_gib": cost.peak_gib + grown,
        "result_gib": cost.result_gib + grown,
        "reference_s": cost.reference_s * to / case.paths,
    }
    return Cost(**{field.name: changed.get(field.name, getattr(cost, field.name)) for field in fields(Cost)})


def line(case: Case, cost: Cost, note: str = "") -> list[str]:
    """A row of the tables."""
    million = case.leases * case.paths / 1e6
    return [
        f"{case.leases:,}", f"{cost.on_file:,}", f"{cost.halls:,}", f"{case.paths:,}", f"{cost.learn_s:.2f}",
        f"{cost.simulate_s:.2f}", f"{cost.seconds:.2f}", f"{cost.processor_s:.2f}", f"{cost.simulate_s / million:.4f}",
        f"{cost.simulate_s / cost.reference_s:.1f}", f"{cost.before_gib:.2f}", f"{cost.learnt_gib:.2f}",
        f"{cost.peak_gib:.2f}", note,
    ]  # fmt: skip


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help=f"measure {FULL[0]:,} leases x {FULL[1]:,} paths")
    parser.add_argument("--workers", type=int, default=2, help="threads of the simulation")
    parser.add_argument("--make", nargs=3, metavar=("FOLDER", "LEASES", "A_HALL"), help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "PATHS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make(Path(options.make[0]), int(options.make[1]), int(options.make[2]))
    if options.child:
        return child(Path(options.child[0]), int(options.child[1]), options.workers)
    # More paths than the first blocks, or there would be nothing to extrapolate from.
    largest = Case(FULL[0], A_HALL, FULL[1] if options.full else max(SIZES[-1][1], 2 * options.workers * BLOCK_PATHS))
    by_size = [*(Case(leases, A_HALL, paths) for leases, paths in SIZES[:-1]), largest]
    many = Case(MANY_HALLS[0], FEW_A_HALL, MANY_HALLS[1])
    by_paths = [Case(LINEAR[0], A_HALL, paths) for paths in LINEAR[1]]
    cases = list(dict.fromkeys([*by_size, many, *by_paths]))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("compiling", total=len(cases))
        measure_all([Case(WARM_UP_LEASES, A_HALL, 2 * BLOCK_PATHS)], options.workers, lambda words: None)

        def told(words: str) -> None:
            progress.update(task, description=words, advance=0 if progress.tasks[0].description == "compiling" else 1)

        costs = measure_all(cases, options.workers, told)
        progress.update(task, completed=len(cases))
    final = costs[largest] if options.full else extrapolated(costs[largest], largest, options.workers, FULL[1])
    table = Table(
        title=f"Leases x paths x {QUARTERS} quarters, {options.workers} threads", title_justify="left", box=SIMPLE_HEAD
    )
    for name in (
        "leases", "on file", "halls", "paths", "learn s", "simulate s", "both s", "processor s", "s a million",
        "x numpy", "GiB before", "learnt", "peak", "",
    ):  # fmt: skip
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for case in by_size:
        table.add_row(*line(case, costs[case]))
    if not options.full:
        table.add_row(*line(Case(*FULL[:1], A_HALL, FULL[1]), final, "extrapolated"), style="dim")
    table.add_section()
    table.add_row(*line(many, costs[many], f"{FEW_A_HALL} a hall"))
    table.add_section()
    for case in by_paths:
        table.add_row(*line(case, costs[case]))
    console = Console()
    console = Console(width=max(console.width, 160))
    console.print(table)
    few, some, all_ = (costs[case].simulate_s for case in by_paths)
    ten, hundred = (costs[case].simulate_s / case.leases / case.paths for case in by_size[:2])
    whole = final.simulate_s / FULL[0] / FULL[1]
    kind = "measured" if options.full else f"extrapolated from {largest.paths} paths"
    met = final.seconds <= GOAL_SECONDS and final.peak_gib <= GOAL_GIB
    for words in (
        f"{FULL[0]:,} leases x {FULL[1]:,} paths x {QUARTERS} quarters ({kind}): {final.seconds:.1f} s "
        f"(goal {GOAL_SECONDS:.0f}) and {final.peak_gib:.2f} GiB (goal {GOAL_GIB:.0f}): {'yes' if met else 'no'}.",
        f"Linear in paths: {LINEAR[1][1]:,} take {some / few:.2f} times and {LINEAR[1][2]:,} {all_ / few:.2f} times "
        f"what {LINEAR[1][0]:,} take.",
        f"Linear in leases: a lease-path at {SIZES[1][0]:,} leases costs {hundred / ten:.2f} times, at {FULL[0]:,} "
        f"{whole / ten:.2f} times what it costs at {SIZES[0][0]:,}.",
        "s a million: seconds of simulation a million lease-paths. x numpy: simulation against numpy drawing as many "
        "uniform numbers on one thread. GiB before: interpreter, libraries and frames; learnt: highest after learning.",
        "Leases: in place or signed. On file: with those that ended within 24 quarters. Compilation is excluded.",
    ):
        console.print(words, soft_wrap=True, highlight=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
