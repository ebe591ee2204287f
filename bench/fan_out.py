"""`python -m bench.fan_out`: forecasts and simulations on two Dask workers against this process, and workers killed.

Prints one table: what was done, parts, seconds here and on two workers, whether the bits are the same; and of killed
workers how many were killed in the middle of a part and how many parts were lost by it. Exit 1 where bits differ or a
part was lost. On two cores the second worker competes with nothing; the first use includes the workers' start.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from bench.forecast_scale import synthetic
from forecasts.backtest import Vintage, answered_each, honest, origins
from forecasts.engine import explained
from forecasts.occupancy import Occupancy
from forecasts.panel import Series
from forecasts.parallel import FanOut, in_turn
from pipelines.fan_out import DaskFanOut, fan_out

REPOSITORY = Path(__file__).resolve().parents[1]
PORTFOLIO = REPOSITORY / "data" / "portfolios" / "illustrative_hong_kong"
SCENARIOS = REPOSITORY / "data" / "scenarios"
HORIZON = 4
SEED = 5
# The first quarter of the synthetic series, 2000.
FIRST = 120
# Two runs of the same bits whatever is drawn: small simulations show it as well as large ones.
PATHS = 96
# How long a part lasts at least while workers are killed, so that the blow falls into the middle of one.
PART_S = 1.0
WAIT_S = 1800.0


@dataclass(frozen=True)
class Work:
    """One thing done in parts: what it is, the parts, and a function of a fan-out to frames."""

    name: str
    parts: int
    run: Callable[[FanOut], list[pd.DataFrame]]


@dataclass(frozen=True)
class Killed:
    """kills: workers killed in the middle of a part; started: parts begun, also those done again; lost: parts without
    a result or with another one.
    """

    kills: int
    parts: int
    started: int
    lost: int


def occupancies(count: int, quarters: int) -> tuple[Occupancy, ...]:
    """Series of capacity and occupancy that grow with noise."""
    rng = np.random.default_rng(SEED)
    made = []
    for at in range(count):
        rate = np.clip(0.75 + np.cumsum(rng.normal(scale=0.01, size=quarters)), 0.3, 0.99)
        capacity = 20 + np.cumsum(rng.uniform(0, 2, size=quarters))
        made.append(Occupancy(Series(f"operator {at}", FIRST, rate), Series(f"operator {at}", FIRST, capacity)))
    return tuple(made)


def vintages_of(items: Sequence[Occupancy], first: int) -> list[Vintage]:
    """A vintage each quarter from `first` figures on, with the figures up to it."""
    last = len(items[0].rate.y)
    return [
        Vintage(
            FIRST + size - 1,
            tuple(Occupancy(one.rate.until(size), one.in_service.until(size)) for one in items if one.in_service),
        )
        for size in range(first, last + 1)
    ]


def works(series: int, operators: int, scenarios: int, paths: int = PATHS) -> Iterator[Work]:
    """The three kinds of parts: chunks of a panel, past quarters, scenarios of a portfolio."""
    from assets.outlook.portfolios import scenarios_in_force, simulate_portfolio
    from assets.rent_roll.reading import load_portfolio
    from assets.warehouse.ledger import bundled_assumptions
    from forecasts import parallel

    frame = synthetic(series, SEED)

    def panel(spread: FanOut) -> list[pd.DataFrame]:
        result = explained(frame, HORIZON, seed=SEED, fan_out=spread)
        return [result.forecast, result.choice]

    yield Work(f"panel of {series:,} series, by chunk", -(-series // parallel.CHUNK), panel)

    items = occupancies(operators, 24)
    vintages = vintages_of(items, 12)

    def past(spread: FanOut) -> list[pd.DataFrame]:
        answers = list(answered_each(vintages, HORIZON, SEED, spread))
        medians = [pd.DataFrame(one.rate.median.reshape(len(one.items), -1)) for one in answers]
        return [*medians, honest(origins(answers, items, HORIZON), fan_out=spread)]

    yield Work(f"{operators} operators at past quarters, by quarter", 2 * len(vintages), past)

    files = [PORTFOLIO / name for name in ("facilities.csv", "leases.csv", "stack_evidence.csv")]
    portfolio, _ = load_portfolio(*files, PORTFOLIO / "history_quarterly.csv", None, None)
    wanted = list(scenarios_in_force(SCENARIOS).values())[:scenarios]

    def leases(spread: FanOut) -> list[pd.DataFrame]:
        done = simulate_portfolio(
            portfolio, bundled_assumptions(), wanted, HORIZON, paths, SEED, workers=1, fan_out=spread
        )
        return list(done.tables.values())

    yield Work(f"{len(portfolio.leases)} leases, by scenario", len(wanted), leases)


def same_bits(one: Sequence[pd.DataFrame], other: Sequence[pd.DataFrame]) -> bool:
    """Whether two lists of frames are equal to the last bit."""
    return len(one) == len(other) and all(_same(left, right) for left, right in zip(one, other, strict=True))


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        return False
    for name in one.columns:
        left, right = one[name].to_numpy(), other[name].to_numpy()
        if left.dtype != right.dtype:
            return False
        if left.dtype.kind in "fiubM":
            if left.tobytes() != right.tobytes():
                return False
        elif not one[name].reset_index(drop=True).equals(other[name].reset_index(drop=True)):
            return False
    return True


def noted(shared: tuple[str, Callable[[Any, Any], Any], Any], part: Any) -> Any:
    """A part that says in a file that it was begun, and takes its time before it is done."""
    log, function, given = shared
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {part}\n")
    time.sleep(PART_S)
    return function(given, part)


def kill_in_the_middle(
    spread: DaskFanOut, function: Callable[[Any, Any], Any], given: Any, parts: Sequence[int], kills: int, folder: Path
) -> tuple[Killed, list[Any]]:
    """Do the parts (whole numbers) while `kills` workers are killed (SIGKILL), each in the middle of one; counts and
    results.
    """
    log = folder / f"begun-{time.monotonic_ns()}"
    log.touch()
    client, results, errors = spread.client, list[Any](), list[Exception]()
    # A part that merely waits at a worker counts as one that met its end.
    client.cluster.scheduler.allowed_failures = max(3, kills)
    workers: dict[str, int] = client.run(os.getpid)

    def work() -> None:
        try:
            results.extend(spread(noted, (str(log), function, given), parts))
        except Exception as error:  # told below: a part that is lost is what is counted
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    killed = set[int]()
    deadline = time.monotonic() + WAIT_S
    while len(killed) < kills and thread.is_alive() and time.monotonic() < deadline:
        begun = [tuple(map(int, line.split())) for line in log.read_text(encoding="utf-8").splitlines()]
        last = dict(begun)
        # A part that was begun once: Dask gives up one that has met the end of too many workers.
        first = {part for _, part in begun if sum(part == other for _, other in begun) == 1}
        at_work = {workers[where] for where, keys in client.processing().items() if keys and where in workers}
        victims = [process for process in at_work - killed if last.get(process) in first]
        if victims:
            os.kill(victims[0], signal.SIGKILL)
            killed.add(victims[0])
        elif not at_work - killed:
            workers = client.run(os.getpid, on_error="ignore")
        time.sleep(0.05)
    thread.join(WAIT_S)
    for error in errors:
        Console(stderr=True).print(f"{type(error).__name__}: {error}")
    started = len(log.read_text(encoding="utf-8").splitlines())
    return Killed(len(killed), len(parts), started, len(parts) - len(results)), results


def walk(given: int, part: int) -> np.ndarray:
    """A small part for killing: a random walk by seed and part."""
    return np.cumsum(np.random.default_rng((given, part)).normal(size=10_000))


def main() -> int:
    """Print the table; 1 where bits differ or a part was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=4_000, help="series of the panel")
    parser.add_argument("--operators", type=int, default=40, help="series at past quarters")
    parser.add_argument("--scenarios", type=int, default=11, help="scenarios of the portfolio")
    parser.add_argument("--paths", type=int, default=1_000, help="paths of a scenario")
    parser.add_argument("--kills", type=int, default=20, help="workers killed in the middle of a part")
    options = parser.parse_args()
    table = Table("work", "parts", "here, s", "first use of 2 workers, s", "2 workers, s", "same bits")
    holds = True
    with fan_out("local:2") as spread, tempfile.TemporaryDirectory(prefix="colocast-fan-out-") as name:
        assert isinstance(spread, DaskFanOut)
        for work in works(options.series, options.operators, options.scenarios, options.paths):
            here, here_s = _timed(work, in_turn)
            first, first_s = _timed(work, spread)
            again, again_s = _timed(work, spread)
            same = same_bits(here, first) and same_bits(here, again)
            holds = holds and same
            table.add_row(
                work.name, str(work.parts), f"{here_s:.1f}", f"{first_s:.1f}", f"{again_s:.1f}", "yes" if same else "NO"
            )
        parts = list(range(4 * options.kills))
        tried, results = kill_in_the_middle(spread, walk, SEED, parts, options.kills, Path(name))
    right = [np.array_equal(found, walk(SEED, part)) for part, found in zip(parts, results, strict=False)]
    lost = tried.parts - sum(right)
    console = Console(width=150)
    console.print(table)
    told = Table("promise", "fault", "tried", "lost", "parts begun for parts asked")
    told.add_row(
        "a killed worker's part is done again", "kill -9 of a worker in the middle of a part", str(tried.kills),
        str(lost), f"{tried.started} for {tried.parts}",
    )  # fmt: skip
    console.print(told)
    return 0 if holds and not lost and tried.kills == options.kills else 1


def _timed(work: Work, spread: FanOut) -> tuple[list[pd.DataFrame], float]:
    started = time.monotonic()
    return work.run(spread), time.monotonic() - started


if __name__ == "__main__":
    raise SystemExit(main())
