"""`python -m bench.same_bits`: the main job on two machines that differ in what machines differ in, and what differs.

Prints a table: published table or view, rows, columns, figures compared, figures whose bits differ. Exit 1 for one.
Numbers are compared by their bytes, rows of tables by their place in the file, so that order counts too, and rows of
views by their place in order of all columns.

The two machines: another COLOCAST_HOME and another user's home, hash seed, time zone, language, umask; the documents
written in the other order with other times; one processor and one thread against two; and the kernels of OpenBLAS and
numpy that another processor would choose. `--kernels` compiles the models for a plain processor as well (minutes),
`--small` takes a few documents, few paths and one past vintage.
"""

from __future__ import annotations

import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.readme_answers import DAY

REPOSITORY = Path(__file__).resolve().parents[1]
HALLS = ("HK01", "HK02")
REPORTS = ("gds_2q24_ex991.html", "interxion_3q19_key_metrics.html", "template_chindata_2021_2022.csv")

# What tells of the run and not of the documents, each with the reason.
MOMENTS = {
    ("documents", "received_at"): "when the document came",
    ("quarantine", "first_seen_at"): "when the document came",
    ("alerts", "raised_at"): "when the run noticed the fact",
    ("runs", "run_id"): "drawn anew for each run",
    ("runs", "started_at"): "when the run began",
    ("runs", "finished_at"): "when the run ended",
}

# What OpenBLAS and numpy would choose on another processor, as far as this one has it.
_OTHER_PROCESSOR = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}


@dataclass(frozen=True)
class Machine:
    """One of the two; `backwards`: documents are written in the other order, with other times."""

    name: str
    environment: dict[str, str]
    umask: int
    processors: int
    backwards: bool


MACHINES = (
    Machine(
        "first",
        {
            **{"PYTHONHASHSEED": "0", "TZ": "Asia/Hong_Kong", "LANG": "C", "LC_ALL": "C"},
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
        },
        0o022,
        1,
        False,
    ),
    Machine(
        "second Rechner",
        {
            **{"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "2"),
            **_OTHER_PROCESSOR,
        },
        0o077,
        2,
        True,
    ),
)


@dataclass(frozen=True)
class Compared:
    """One published table or view. `differing` are 'column: n figures', and what else differs (rows, columns)."""

    table: str
    rows: int
    columns: int
    figures: int
    differing: tuple[str, ...]


def write_documents(folder: Path, small: bool, backwards: bool) -> None:
    """The bundled documents and rent rolls, or a few of them and two buildings, in either order."""
    source = REPOSITORY / "data"
    names = [source / "reports" / name for name in REPORTS] if small else sorted((source / "reports").iterdir())
    texts: dict[str, bytes] = {path.name: path.read_bytes() for path in names}
    if small:
        texts["invented.csv"] = _invented_series()
    for path in sorted((source / "portfolios").rglob("*.csv")):
        data = path.read_bytes()
        if small:
            head, *rows = data.splitlines(keepends=True)
            column = head.decode().split(",").index("facility_id")
            data = head + b"".join(row for row in rows if row.decode().split(",")[column] in HALLS)
        texts[str(path.relative_to(source / "portfolios"))] = data
    for number, name in enumerate(sorted(texts, reverse=backwards)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(texts[name])
        os.utime(path, (1_500_000_000 + 1000 * number,) * 2)


def _invented_series() -> bytes:
    """Three sites with enough quarters for every model; the bundled reports have long series, and cost more."""
    rows = ["operator,facility,period_end,metric,value,unit"]
    for site in range(3):
        for number in range(23):
            end = f"{2021 + number // 4}-{('03-31', '06-30', '09-30', '12-31')[number % 4]}"
            built, used = 40 + 2 * site + number // 3, 25 + site + 0.7 * number + (number * 7 + site) % 5 / 3
            rows.append(f"Steady Data Centres Ltd,S{site},{end},capacity_in_service,{built:.2f},mw")
            rows.append(f"Steady Data Centres Ltd,S{site},{end},capacity_utilised,{used:.2f},mw")
    return ("\n".join(rows) + "\n").encode()


def run(machine: Machine, folder: Path, small: bool, kernels: bool) -> Path:
    """The main job as this machine runs it; returns the published file. Raises RuntimeError with its last words."""
    home, inbox, scenarios = folder / "home of" / machine.name, folder / machine.name / "inbox", folder / "scenarios"
    (folder / machine.name / "user").mkdir(parents=True)
    write_documents(inbox, small, machine.backwards)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / machine.name / "user"),
        "COLOCAST_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        **machine.environment,
    }
    if small:
        scenarios.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "data" / "scenarios" / "base.yaml", scenarios)
        environment |= {"COLOCAST_SCENARIOS": str(scenarios), "COLOCAST_PAST_VINTAGES": "1"}
    if kernels and machine.backwards:
        environment |= {
            "NUMBA_CPU_NAME": "generic",
            "NUMBA_CPU_FEATURES": "",
            "NUMBA_CACHE_DIR": str(folder / "kernels"),
        }
    mask = os.umask(machine.umask)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.same_bits", "--as", str(inbox), *(["--small"] if small else [])],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            preexec_fn=lambda: _take_processors(machine.processors),
            check=False,
        )
    finally:
        os.umask(mask)
    if done.returncode:
        raise RuntimeError(f"{machine.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return home / "published" / "occupancy.duckdb"


def _take_processors(count: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def main_job(inbox: Path, small: bool) -> None:
    """`colocast run` in this process, with few paths where little is asked of precision."""
    from pipelines.cli import app

    if small:
        from assets.outlook import lease_tables

        lease_tables.PATHS, lease_tables.EXPLAINING_PATHS, lease_tables.BACKTEST_PATHS = 200, 32, 32
        lease_tables.ASKED_PRIORS = ("renewal",)
    app(["run", "--inbox", str(inbox), "--as-of", date.fromisoformat(DAY).isoformat()])


def compare(first: Path, second: Path) -> Iterator[Compared]:
    """Each published table and view of both files, figure by figure."""
    from assets.warehouse.database import connect

    with connect(first, read_only=True) as one, connect(second, read_only=True) as other:
        mine, theirs = (dict(file.execute(_RELATIONS).fetchall()) for file in (one, other))
        for name in sorted(mine | theirs):
            if mine.get(name) != theirs.get(name):
                yield Compared(name, 0, 0, 0, ("stands in one file alone",))
                continue
            # A view has no order of its own.
            query = f'SELECT * FROM "{name}"' + (" ORDER BY ALL" if mine[name] == "view" else "")
            answer = one.execute(query)
            columns = [column[0] for column in answer.description or []]
            yield _compared(name, mine[name] == "view", columns, answer.fetchall(), other.execute(query).fetchall())


_RELATIONS = (
    "SELECT table_name, 'table' FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal"
    " UNION ALL SELECT view_name, 'view' FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal"
)


def _compared(
    name: str, is_view: bool, columns: list[str], rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]
) -> Compared:
    differing = [] if len(rows) == len(others) else [f"{len(rows)} rows, {len(others)} rows"]
    # A view shows columns of tables under their names.
    moments = {column for table, column in MOMENTS if is_view or table == name}
    kept = [place for place, column in enumerate(columns) if column not in moments]
    for place in kept:
        wrong = sum(bits(row[place]) != bits(its[place]) for row, its in zip(rows, others, strict=False))
        if wrong:
            differing.append(f"{columns[place]}: {wrong}")
    return Compared(name, len(rows), len(columns), len(rows) * len(kept), tuple(differing))


def bits(value: Any) -> Any:
    """A value as something that is equal only where every bit is: minus nought is not nought, and NaN is itself."""
    return struct.pack("<d", value) if isinstance(value, float) else (type(value), value)


def compared_on_two_machines(small: bool, kernels: bool = False) -> list[Compared]:
    """Run the main job on both machines and compare what they published."""
    with tempfile.TemporaryDirectory(prefix="colocast-bits-") as name:
        first, second = (run(machine, Path(name), small, kernels) for machine in MACHINES)
        return list(compare(first, second))


def main() -> int:
    """Print the table; 1 where a bit differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few documents, few paths, one past vintage")
    parser.add_argument(
        "--kernels", action="store_true", help="compile the models for a plain processor, too (minutes)"
    )
    parser.add_argument("--as", dest="inbox", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inbox:
        main_job(given.inbox, given.small)
        return 0
    found = compared_on_two_machines(given.small, given.kernels)
    table = Table(
        "published table or view", "rows", "columns", "figures", "differing", title="same inputs, two machines"
    )
    for one in found:
        table.add_row(one.table, f"{one.rows:,}", str(one.columns), f"{one.figures:,}", ", ".join(one.differing) or "0")
    wrong = sum(bool(one.differing) for one in found)
    table.add_row(
        "all", f"{sum(one.rows for one in found):,}", "", f"{sum(one.figures for one in found):,}", str(wrong)
    )
    console = Console()
    console.print(table)
    for (name, column), reason in MOMENTS.items():
        console.print(f"not compared: {name}.{column}, {reason}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
