"""How `forecasts.forecast` grows with the number of series: `python -m bench.forecast_scale [--full]`.

Prints one table: seconds, processor and wall-clock milliseconds a series and peak memory at 1,000 to 100,000 synthetic
quarterly series of 40 quarters, beside a seasonal naive forecast of statsforecast in the same run. Each row is a child
process of its own, so that its peak is its own; what numba compiles is compiled before the clock starts. Without
--full the 100,000 are extrapolated, and called so. Goals: 100,000 series in 60 minutes on 2 cores, below 4 GiB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from forecasts import forecast
from forecasts.panel import quarter_ends
from forecasts.rolling import LEARNING_SERIES

REPOSITORY = Path(__file__).resolve().parents[1]
SEASON = 4
HORIZON = 8
QUARTERS = 40
FIRST_QUARTER = 160
SEED = 20240229
WARM_UP_SERIES = 50
PAGE_BYTES = resource.getpagesize()
OURS, NAIVE = "forecast", "seasonal naive"
# Models learn from at most LEARNING_SERIES series: above that cost is a constant and a slope, so a line needs two sizes
# above it.
SIZES = (1_000, 2_000, 10_000)
FULL = 100_000
GOAL_SECONDS, GOAL_GIB = 3600.0, 4.0


@dataclass(frozen=True)
class Cost:
    """Wall-clock and processor seconds, and resident GiB before and at the highest, of one child."""

    seconds: float
    processor_s: float
    before_gib: float
    peak_gib: float


def synthetic(series: int, seed: int = SEED) -> pd.DataFrame:
    """A long frame (unique_id, ds, y) of QUARTERS quarters a series, all figures above 0.

    y = level x (trend + season + walk + noise): level log-normal over several orders of magnitude, growth a year
    between -5 and 15 %; season in half of the series, of 2 to 30 %; random walk and noise of 0.2 to 8 % a quarter.
    """
    rng = np.random.default_rng(seed)
    time_ = np.arange(QUARTERS)
    level = 10 ** rng.uniform(0, 6, series)[:, None]
    trend = rng.uniform(-0.05, 0.15, series)[:, None] / SEASON * time_
    swing = np.where(rng.random(series) < 0.5, rng.uniform(0.02, 0.3, series), 0.0)[:, None]
    pattern = rng.standard_normal((series, SEASON))
    season = swing * (pattern - pattern.mean(axis=1, keepdims=True))[:, time_ % SEASON]
    walk = rng.uniform(0.002, 0.08, series)[:, None] * rng.standard_normal((series, QUARTERS)).cumsum(axis=1)
    noise = rng.uniform(0.002, 0.08, series)[:, None] * rng.standard_normal((series, QUARTERS))
    y = level * np.exp(trend + season + walk + noise)
    names = np.array([f"S{at:06d}" for at in range(series)], dtype=object)
    ends = quarter_ends(FIRST_QUARTER + time_)
    return pd.DataFrame(
        {"unique_id": names.repeat(QUARTERS), "ds": np.tile(ends.to_numpy(), series), "y": y.reshape(-1)}
    )


def resident_peak() -> float:
    """Highest resident memory of this process so far, GiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def resident() -> float:
    """Resident memory of this process now, GiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 2**30


def answer(what: str, frame: pd.DataFrame, jobs: int) -> pd.DataFrame:
    """The forecast of a frame by ours or by the reference."""
    if what == OURS:
        return forecast(frame, HORIZON, jobs=jobs)
    from statsforecast import StatsForecast, models

    engine = StatsForecast([models.SeasonalNaive(SEASON)], freq="QE", n_jobs=1)
    return engine.forecast(df=frame, h=HORIZON, level=[80, 95])


def child(what: str, series: int, jobs: int) -> int:
    """Measure one row and print it as JSON; the only thing on the output."""
    warnings.simplefilter("ignore")
    answer(what, synthetic(WARM_UP_SERIES, SEED + 1), jobs)
    frame = synthetic(series)
    before = resident()
    used, started = time.process_time(), time.perf_counter()
    said = answer(what, frame, jobs)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    if len(said) != series * HORIZON or said.select_dtypes("number").isna().any().any():
        raise RuntimeError(f"{what}: {len(said)} rows, or rows without a figure, for {series} series x {HORIZON}")
    print(json.dumps([seconds, processor, before, resident_peak()]))
    return 0


def measure(what: str, series: int, jobs: int) -> Cost:
    """One row, in a child process. Raises RuntimeError where the child fails, with its words."""
    command = [sys.executable, "-m", "bench.forecast_scale", "--child", what, str(series), "--jobs", str(jobs)]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if found.returncode:
        raise RuntimeError(f"{what}, {series} series, exit code {found.returncode}:\n{found.stderr.strip()}")
    return Cost(*json.loads(found.stdout))


def extrapolated(few: Cost, some: Cost, sizes: tuple[int, int], to: int) -> Cost:
    """The line through two sizes, at a third. The highest memory is what stands before plus, in proportion, what the
    larger size added: at small sizes learning holds more than the series, so a line would promise too little.
    """
    steps = (to - sizes[1]) / (sizes[1] - sizes[0])
    pairs = zip(vars(few).values(), vars(some).values(), strict=True)
    seconds, processor, before, _ = (high + max(high - low, 0.0) * steps for low, high in pairs)
    return Cost(seconds, processor, before, before + (some.peak_gib - some.before_gib) * to / sizes[1])


def cells(what: str, series: int, cost: Cost, reference: Cost | None) -> list[str]:
    """A row of the table."""
    each = [1e3 * spent / series for spent in (cost.seconds, cost.processor_s)]
    ratio = "-" if reference is None else f"{cost.seconds / reference.seconds:.1f}"
    figures = [f"{cost.seconds:.2f}", f"{each[0]:.3f}", f"{each[1]:.3f}", ratio]
    return [what, f"{series:,}", *figures, f"{cost.before_gib:.2f}", f"{cost.peak_gib:.2f}"]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help=f"measure {FULL:,} series instead of extrapolating")
    parser.add_argument("--jobs", type=int, default=2, help="threads for ours; the reference runs one job")
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "SERIES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child[0], int(options.child[1]), options.jobs)
    sizes = (*SIZES, FULL) if options.full else SIZES
    # The child that compiles holds the compiler too: it is not one of those that are measured.
    measure(OURS, WARM_UP_SERIES, options.jobs)
    costs: dict[tuple[str, int], Cost] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=2 * len(sizes))
        for series in sizes:
            for what in (NAIVE, OURS):
                progress.update(task, description=f"{what}, {series:,} series")
                costs[what, series] = measure(what, series, options.jobs)
                progress.advance(task)
    table = Table(title=f"Series of {QUARTERS} quarters, horizon {HORIZON}", title_justify="left", box=SIMPLE_HEAD)
    for at, column in enumerate(
        ("model", "series", "seconds", "ms a series", "processor ms", "x naive", "GiB before", "GiB peak")
    ):
        table.add_column(column, justify="right" if at else "left", no_wrap=True)
    for what in (OURS, NAIVE):
        for series in sizes:
            reference = costs[NAIVE, series] if what == OURS else None
            table.add_row(*cells(what, series, costs[what, series], reference))
        two = (SIZES[1], SIZES[2])
        line = extrapolated(costs[what, two[0]], costs[what, two[1]], two, FULL)
        table.add_row(*cells(f"{what}, extrapolated", FULL, line, None), style="dim")
        table.add_section()
    largest = costs.get((OURS, FULL)) or extrapolated(
        costs[OURS, SIZES[1]], costs[OURS, SIZES[2]], (SIZES[1], SIZES[2]), FULL
    )
    kind = "measured" if options.full else "an extrapolation"
    console = Console()
    console = Console(width=max(console.width, 120))
    console.print(table)
    met = largest.seconds <= GOAL_SECONDS and largest.peak_gib <= GOAL_GIB
    for line_ in (
        f"{FULL:,} series ({kind}): {largest.seconds / 60:.1f} minutes (goal {GOAL_SECONDS / 60:.0f}) and "
        f"{largest.peak_gib:.2f} GiB (goal {GOAL_GIB:.0f}): {'yes' if met else 'no'}.",
        f"1,000 series: {costs[OURS, 1_000].seconds:.1f} s with {options.jobs} threads.",
        f"Extrapolated: the line through {SIZES[1]:,} and {SIZES[2]:,} series, both above the {LEARNING_SERIES:,} that "
        "models learn from at most; peak memory in proportion to what the larger added. GiB before: interpreter, "
        "libraries and the frame.",
        "Seasonal naive: statsforecast's, levels 80 and 95, one job; x naive: ratio of seconds.",
        f"Compilation is excluded: each child has answered {WARM_UP_SERIES} series before its clock starts.",
    ):
        console.print(line_, soft_wrap=True, highlight=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
