"""`python -m bench.published_scale [--facilities N] [--from DATABASE]`: the documented questions on a large file.

Grows a published file (that of COLOCAST_HOME; without one the main job is run in a folder of its own) by rows drawn in
published_scale.sql to 10,000 facilities x 12 quarters x 8 scenarios x 8 vintages, with breach probabilities, leases,
paths, effects and bridges in proportion. The rows go through the real schema into a warehouse and through the real
publication. Then every question of the README and docs/sql.md is asked 20 times, each time by a fresh read-only
connection with 2 threads; opening the file counts. Three tables: rows, file and publication; then the questions with
the median and the 95th percentile of their milliseconds. Goal: each at most 150 ms. Exit code 1 where one is slower.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from assets.warehouse.database import connect, create_schema, describe, published_tables
from assets.warehouse.publishing import FILE_NAME, publish
from bench.readme_answers import DAY, PAGES, questions

REPOSITORY = Path(__file__).resolve().parents[1]
COLOCAST = Path(sys.executable).parent / "colocast"
GROWING = Path(__file__).with_suffix(".sql")
GOAL_MS = 150.0
TIMES = 20
THREADS = 2
# Memory of growing and of a reader; publishing has the warehouse's own limit.
GROWING_MEMORY = "4GB"
READER_MEMORY = "1GB"
# Their keys would be larger than their rows and take most of the time; the publication has none either.
KEYLESS = ("occupancy_forecast", "breach_probability", "forecast_bridge")


@dataclass(frozen=True)
class Size:
    """What is grown: buildings of portfolios, quarters ahead, scenarios, vintages."""

    facilities: int = 10_000
    quarters: int = 12
    scenarios: int = 8
    vintages: int = 8


@dataclass(frozen=True)
class Asked:
    """One question: where it stands, its title, rows of its answer, milliseconds of each time it was asked."""

    page: str
    title: str
    rows: int
    milliseconds: list[float]


def grow(published: Path, warehouse: Path, size: Size, progress: Callable[[int, int], None] | None = None) -> None:
    """Make `warehouse` of the rows of `published` and of those that published_scale.sql draws for `size`.

    Raises what DuckDB raises where the published file is of another version of the schema.
    """
    with connect(warehouse, memory_limit=GROWING_MEMORY) as connection:
        connection.execute("SET preserve_insertion_order = false")
        create_schema(connection)
        for table in KEYLESS:
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM {table}")
        describe(connection)
        connection.execute(f"ATTACH '{_quoted(published)}' AS small (READ_ONLY)")
        for table in published_tables(connection, "small"):
            connection.execute(f'INSERT INTO main."{table}" BY NAME SELECT * FROM small.main."{table}"')
        connection.execute(
            "CREATE TEMP TABLE size AS SELECT ?::INTEGER AS facilities, ?::INTEGER AS quarters,"
            " ?::INTEGER AS scenarios, ?::INTEGER AS vintages, (SELECT max(vintage) FROM occupancy_forecast) AS newest",
            [size.facilities, size.quarters, size.scenarios, size.vintages],
        )
        statements = duckdb.extract_statements(GROWING.read_text(encoding="utf-8"))
        for done, statement in enumerate(statements, start=1):
            connection.execute(statement)
            if progress:
                progress(done, len(statements))
        connection.execute("DETACH small")
        connection.execute("CHECKPOINT")


def ask(database: Path, page: str, title: str, sql: str, times: int = TIMES) -> Asked:
    """Ask one question `times` times, each by a connection of its own, after once to fill the page cache."""
    spent, rows = [], 0
    for _ in range(times + 1):
        started = time.perf_counter()
        with connect(database, read_only=True, memory_limit=READER_MEMORY, threads=THREADS) as connection:
            rows = len(connection.execute(sql).fetchall())
        spent.append(1000 * (time.perf_counter() - started))
    return Asked(page, title, rows, spent[1:])


def parts_of_publishing(warehouse: Path, folder: Path) -> list[tuple[str, str]]:
    """Publish and say what it took: seconds of the first publication, of one with nothing new, GiB of both files."""
    started = time.perf_counter()
    result = publish(warehouse, folder, keep=1)
    first = time.perf_counter() - started
    started = time.perf_counter()
    publish(warehouse, folder, keep=1)
    again = time.perf_counter() - started
    return [
        ("published file, GiB", f"{result.path.stat().st_size / 2**30:.2f}"),
        ("warehouse, GiB", f"{warehouse.stat().st_size / 2**30:.2f}"),
        ("publishing (copy, compare, fsync, rename, kept copy), s", f"{first:.1f}"),
        ("publishing again, nothing new, s", f"{again:.1f}"),
        ("highest resident memory so far, GiB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f}"),
    ]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _published_of_home(folder: Path) -> Path:
    home = Path(os.environ.get("COLOCAST_HOME", REPOSITORY / ".colocast"))
    path = home / "published" / FILE_NAME
    if path.is_file():
        return path
    environment = {**os.environ, "COLOCAST_HOME": str(folder), "DAGSTER_HOME": str(folder / "dagster")}
    subprocess.run([str(COLOCAST), "run", "--as-of", DAY], cwd=REPOSITORY, env=environment, check=True)
    return folder / "published" / FILE_NAME


def _print_rows(console: Console, database: Path) -> None:
    table = Table("table", "rows", box=SIMPLE_HEAD)
    table.columns[1].justify = "right"
    with connect(database, read_only=True) as connection:
        counts = [
            (name, connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0])
            for name in published_tables(connection)
        ]
    for name, rows in sorted(counts, key=lambda pair: -pair[1]):
        table.add_row(name, f"{rows:,}")
    table.add_row("together", f"{sum(rows for _, rows in counts):,}")
    console.print(table)


def _print_questions(console: Console, found: list[Asked]) -> bool:
    table = Table("page", "question", "rows", "median ms", "95 % ms", f"<= {GOAL_MS:.0f}", box=SIMPLE_HEAD)
    slow = False
    for one in found:
        median, high = np.quantile(one.milliseconds, [0.5, 0.95])
        slow = slow or high > GOAL_MS
        held = "yes" if high <= GOAL_MS else "no"
        table.add_row(one.page, one.title, str(one.rows), f"{median:.0f}", f"{high:.0f}", held)
    console.print(table)
    return slow


def main() -> int:
    """Print the tables; 1 where a question is slower than the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facilities", type=int, default=Size.facilities, help="buildings in portfolios")
    parser.add_argument("--times", type=int, default=TIMES, help="how often each question is asked")
    parser.add_argument("--from", dest="source", type=Path, help="published file to grow")
    parser.add_argument("--folder", type=Path, help="keep the grown files here; asked again where they stand already")
    options = parser.parse_args()
    # Wide enough that no title is cut where the output is a file.
    console = Console(width=None if sys.stdout.isatty() else 130)
    with tempfile.TemporaryDirectory(prefix="colocast-bench-") as temporary:
        folder = options.folder or Path(temporary)
        warehouse, target = folder / "warehouse.duckdb", folder / FILE_NAME
        if not target.is_file():
            source = options.source or _published_of_home(Path(temporary) / "home")
            folder.mkdir(parents=True, exist_ok=True)
            started = time.perf_counter()
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("Growing", total=None)
                grow(
                    source,
                    warehouse,
                    Size(facilities=options.facilities),
                    lambda done, of: progress.update(task, completed=done, total=of),
                )
            grown = time.perf_counter() - started
            facts = Table("publication", "", box=SIMPLE_HEAD)
            facts.add_row("growing the warehouse, s", f"{grown:.1f}")
            for name, value in parts_of_publishing(warehouse, folder):
                facts.add_row(name, value)
            _print_rows(console, target)
            console.print(facts)
        found = [
            ask(target, page.name, question.title, question.sql, options.times)
            for page in PAGES
            for question in questions(page.read_text(encoding="utf-8"))
        ]
        slow = _print_questions(console, found)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
