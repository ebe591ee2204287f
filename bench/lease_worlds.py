"""The lease simulation against portfolios whose future is known: `python -m bench.lease_worlds [--worlds DIR]`.

Runs every world below --worlds through what `colocast simulate` runs (files in, base scenario, 8 quarters), scores the
tables with the worlds' own score_leases.py, and prints the numbers to reach against what was measured, on average and
by world, then how long the illustrative portfolio takes under every scenario. Nothing below a world's truth/ is read
here: only the scorer reads it. Exit code 1 where a number is missed; without worlds or their scorer it says so.

Belongs here: running, timing and comparing. Not here: any rule of the forecast, or of the score.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"
SCENARIOS = REPOSITORY / "data" / "scenarios"
SCORER = "score_leases.py"
TABLES = ("occupancy_forecast", "breach_probability")
HORIZON, PATHS, SEED, WORKERS = 8, 1_000, 20240630, 2
SPEED_PATHS, SPEED_GOAL_SECONDS = 5_000, 20.0
WARM_UP_PATHS = 64


@dataclass(frozen=True)
class Goal:
    """A number to reach: name in the scores, words, lowest and highest value that count as met."""

    name: str
    words: str
    least: float
    most: float
    digits: int

    def met(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.least <= value <= self.most

    @property
    def wanted(self) -> str:
        """The bounds in words."""
        most = f"{self.most:.{self.digits}f}".rstrip("0").rstrip(".")
        return f"at most {most}" if self.least == 0 else f"{self.least:.0f} to {most}"


# Means over worlds; what a world alone shows is chance in part, so worlds are shown but not held to them.
GOALS = (
    Goal("facility_mae", "facility MAE, horizons 1 to 8, points", 0, 7.9, 2),
    Goal("facility_cov80", "facility 80 % band holds, per cent", 80, 93, 1),
    Goal("facility_msis", "facility MSIS", 0, 3.9, 2),
    Goal("facility_brier", "facility Brier score of breaches", 0, 0.13, 4),
    Goal("total_mae", "total MAE, horizons 1 to 8, points", 0, 2.4, 2),
    Goal("total_cov80", "total 80 % band holds, per cent", 70, 95, 1),
)


def scorer(worlds: Path) -> ModuleType:
    """The worlds' score_leases.py: in --worlds, else beside it, else in the shared folder. Raises FileNotFoundError
    naming the places.
    """
    places = list(dict.fromkeys((worlds / SCORER, worlds.parent / SCORER, SHARED / "worlds" / SCORER)))
    for place in places:
        if place.is_file():
            spec = importlib.util.spec_from_file_location("score_leases", place)
            if spec is None or spec.loader is None:
                break
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise FileNotFoundError(f"{SCORER}: looked in vain for {', '.join(str(place) for place in places)}.")


def found_worlds(folder: Path) -> list[Path]:
    """Folders below that hold a world: leases.csv beside a truth to be scored by, by name. Raises FileNotFoundError
    where there is none.
    """
    worlds = sorted(
        (
            path.parent
            for path in folder.rglob("leases.csv")
            if (path.parent / "truth" / "truth_quarterly.csv").is_file()
        ),
        key=lambda world: world.name,
    )
    if not worlds:
        raise FileNotFoundError(f"{folder}: found no world; expected folders with leases.csv and truth/ in it.")
    return worlds


def simulated(folder: Path, scenarios: list[str], paths: int, horizon: int = HORIZON) -> dict[str, pd.DataFrame]:
    """Tables of `colocast simulate` for the files of a folder; no scenario named: every one on file."""
    from assets.outlook.portfolios import scenarios_in_force, simulate_portfolio
    from assets.rent_roll.reading import load_portfolio
    from assets.warehouse.ledger import bundled_assumptions

    known = scenarios_in_force(SCENARIOS)
    evidence, history, deliveries = (
        path if path.is_file() else None
        for path in (folder / f"{name}.csv" for name in ("stack_evidence", "history_quarterly", "deliveries"))
    )
    portfolio, _ = load_portfolio(folder / "facilities.csv", folder / "leases.csv", evidence, history, deliveries, None)
    wanted = [known[name] for name in scenarios or known]
    found = simulate_portfolio(portfolio, bundled_assumptions(), wanted, horizon, paths, SEED, workers=WORKERS)
    return found.tables


def world_table(scores: dict[str, pd.DataFrame | pd.Series]) -> tuple[Table, list[Goal]]:
    """The numbers to reach against what was measured, and the goals that are missed."""
    mean, by_world = scores["mean"], scores["worlds"]
    table = Table(title=f"{len(by_world)} worlds, {PATHS:,} paths", title_justify="left", box=SIMPLE_HEAD)
    for at, name in enumerate(("number", "to reach", "measured", "", *(str(world) for world in by_world.index))):
        table.add_column(name, justify="right" if at not in (0, 3) else "left", no_wrap=True)
    missed = []
    for goal in GOALS:
        value = float(mean[goal.name])
        if not goal.met(value):
            missed.append(goal)
        each = [f"{float(one):.{goal.digits}f}" for one in by_world[goal.name]]
        verdict = "met" if goal.met(value) else "missed"
        table.add_row(goal.words, goal.wanted, f"{value:.{goal.digits}f}", verdict, *each)
    return table, missed


def speed(console: Console, portfolio: Path) -> bool:
    """Time the portfolio under every scenario and say so; whether the goal is met, or there was nothing to time."""
    if not (portfolio / "leases.csv").is_file():
        console.print(f"Speed: skipped, {portfolio / 'leases.csv'} is not there.", soft_wrap=True)
        return True
    try:
        from assets.outlook.scenarios import load_scenarios  # noqa: F401
    except ImportError as error:
        console.print(f"Speed: skipped, scenarios cannot be read ({error}).", soft_wrap=True)
        return True
    if not any(SCENARIOS.glob("*.y*ml")):
        console.print(f"Speed: skipped, {SCENARIOS} holds no scenario.", soft_wrap=True)
        return True
    simulated(portfolio, ["base"], WARM_UP_PATHS)
    started = time.perf_counter()
    tables = simulated(portfolio, [], SPEED_PATHS)
    seconds = time.perf_counter() - started
    count = tables["occupancy_forecast"]["scenario"].nunique()
    met = seconds <= SPEED_GOAL_SECONDS
    console.print(
        f"{portfolio.name}: {count} scenarios x {SPEED_PATHS:,} paths x {HORIZON} quarters in {seconds:.1f} s with "
        f"{WORKERS} threads, files to tables (goal {SPEED_GOAL_SECONDS:.0f}): {'met' if met else 'missed'}.",
        soft_wrap=True, highlight=False,
    )  # fmt: skip
    return met


def main() -> int:
    """Print the table and the speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=Path, default=SHARED / "worlds", help="folder of worlds")
    parser.add_argument("--portfolio", type=Path, default=SHARED / "rent_roll", help="files of the speed number")
    options = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    console = Console()
    console = Console(width=max(console.width, 140))
    try:
        score, worlds = scorer(options.worlds), found_worlds(options.worlds)
    except FileNotFoundError as error:
        # A benchmark without its data says so and does not stop those after it.
        print(error, file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="colocast-bench-") as name:
        for world in track(worlds, "worlds", console=Console(stderr=True)):
            folder = Path(name) / world.name
            folder.mkdir()
            tables = simulated(world, ["base"], PATHS)
            for wanted in TABLES:
                tables[wanted].to_parquet(folder / f"{wanted}.parquet")
        table, missed = world_table(score.score(options.worlds, Path(name)))
    console.print(table)
    fast = speed(console, options.portfolio)
    return int(bool(missed) or not fast)


if __name__ == "__main__":
    raise SystemExit(main())
