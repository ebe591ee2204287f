"""What the benches of faults share: small homes, runs in processes of their own, and what may not differ afterwards.

A run is made in a forked child of the bench, which has imported everything before: that saves the seconds of loading,
in which nothing is written. In the child the command `colocast run`, or Dagster's own `dagster job execute`, runs as
ever, with its own reader processes.

What is compared: every published table but `runs`, row by row. Left out are columns of type TIMESTAMP (when a document
was received, a figure first held back, an alert raised) and the day of receipt that an alert tells: two runs have two
clocks, and a document that came before the kill was received earlier. All other days, figures, fingerprints and
versions must be equal.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 6, 30)
QUARTERS = [date(year, *end) for year in (2023, 2024, 2025) for end in ((3, 31), (6, 30), (9, 30), (12, 31))]
# Documents of the first run, and those that arrive before the second.
FIRST = ("interxion_3q19_key_metrics.html", "template_chindata_2021_2022.csv")
SECOND = ("gds_2q24_ex991.html",)
LONGEST_S = 3600.0
# STEPS: the steps of the main job one after another, without Dagster, which saves half of the time.
RUN, JOB, STEPS = "colocast run", "dagster job", "steps"


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: by that signal), what it said, wall-clock seconds."""

    code: int
    text: str
    seconds: float


def preload() -> None:
    """Import everything that a run needs, so that a forked child starts at once."""
    for name in ("pipelines", "assets", "expectations", "forecasts"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, name + "."):
            if "child" not in module.name and "lake" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in ("great_expectations", "dagster._cli.job", "numba", "scipy.stats", "sklearn.isotonic"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    # Versions by content are told once: an edit of the code meanwhile would pass for a difference.
    from pipelines import versions

    every: tuple[tuple[str, ...], ...] = (
        *(versions.READING, versions.JUDGING, versions.WAREHOUSE, versions.OUTLOOK, versions.DELIVERY),
        *((*versions.WAREHOUSE, *versions.OUTLOOK), versions.ALERTS, versions.EVERYTHING),
    )
    for parts in every:
        versions.version_of(parts)


def fill(folder: Path, second: bool) -> Path:
    """A folder of small reports: those of the first run, or of both."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*FIRST, *(SECOND if second else ())):
        shutil.copy(REPOSITORY / "data" / "reports" / name, folder)
    (folder / "steady.csv").write_text(_series("Steady Data Centres Ltd", 40.0, QUARTERS))
    if second:
        (folder / "calm.csv").write_text(_series("Calm Data Centres Ltd", 12.0, QUARTERS[4:]))
        (folder / "impossible.csv").write_text(
            "operator,facility,period_end,metric,value,unit\n"
            "Example Data Centres Ltd,,2025-03-31,capacity_in_service,12.6,mw\n"
            "Example Data Centres Ltd,,2025-03-31,utilisation_rate,174,pct\n"
        )
    return folder


def _series(operator: str, start: float, quarters: list[date]) -> str:
    rows = ["operator,facility,period_end,metric,value,unit"]
    for number, end in enumerate(quarters):
        rows.append(f"{operator},,{end},capacity_in_service,{start + number:.1f},mw")
        rows.append(f"{operator},,{end},capacity_utilised,{0.7 * start + number:.1f},mw")
    return "\n".join(rows) + "\n"


def copy_home(source: Path, target: Path) -> Path:
    """A copy of a home with the times of its files, sharing blocks where the file system can."""
    remove(target)
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
    return target


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def start(home: Path, inbox: Path, log: Path, kind: str = RUN, **settings: str) -> int:
    """Start a run over `inbox` in a forked process; returns its id. What it says goes to `log`; `settings` are further
    variables of its environment.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setsid()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.environ.update(
            {
                "COLOCAST_HOME": str(home),
                "DAGSTER_HOME": str(home / "dagster"),
                "DAGSTER_DISABLE_TELEMETRY": "yes",
                "COLOCAST_PAST_VINTAGES": "0",
                **settings,
            }
        )
        code = {RUN: _run_here, JOB: _job_here, STEPS: _steps_here}[kind](home, inbox)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run_here(home: Path, inbox: Path) -> int:
    from pipelines.cli import app

    try:
        app(["run", "--inbox", str(inbox), "--as-of", AS_OF.isoformat()])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _job_here(home: Path, inbox: Path) -> int:
    import yaml
    from dagster._cli import create_dagster_cli

    from pipelines.home import write_instance_config
    from pipelines.settings import Settings

    settings = Settings(home=home)
    settings.layout.make()
    write_instance_config(settings)
    config = home / "dagster" / "job.yaml"
    work = {"home": str(home), "inbox": str(inbox), "as_of": AS_OF.isoformat()}
    config.write_text(yaml.safe_dump({"resources": {"workplace": {"config": work}}}))
    try:
        create_dagster_cli()(["job", "execute", "-m", "pipelines.definitions", "-j", "refresh", "-c", str(config)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _steps_here(home: Path, inbox: Path) -> int:
    import typer

    from pipelines.commands.console import friendly
    from pipelines.dagster_storage import mend_storage

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s", force=True)
    try:
        with friendly(False):
            mend_storage(home / "dagster")
            refresh_here(home, inbox)
    except typer.Exit as end:
        return end.exit_code
    return 0


def finish(process: int, log: Path, began: float) -> Ended:
    """Wait for a run to end."""
    _, status = os.waitpid(process, 0)
    seconds = time.monotonic() - began
    return Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"), seconds)


def run(home: Path, inbox: Path, log: Path, kind: str = RUN, **settings: str) -> Ended:
    """A run from start to end; one that hangs is killed after LONGEST_S, and so counts as not finished."""
    began = time.monotonic()
    process = start(home, inbox, log, kind, **settings)
    while os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() - began > LONGEST_S:
            kill_tree(process)
        time.sleep(0.05)
    return finish(process, log, began)


def kill_tree(process: int) -> None:
    """SIGKILL a process and all below it, its readers too, which have process groups of their own."""
    for one in [process, *descendants(process)]:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue


def descendants(process: int) -> list[int]:
    """Ids of the processes below one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [process]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found


def refresh_here(home: Path, inbox: Path, rebuild: bool = False) -> None:
    """The steps of the main job one after another in this process, without Dagster: what tests use to save seconds.

    Raises RuntimeError where a blocking rule fails, and whatever a step raises.
    """
    from pipelines.findings import blocking
    from pipelines.settings import Settings
    from pipelines.steps import alerts, delivery, intake, leases, outlook, track_record, warehouse
    from pipelines.steps.work import Work

    settings = Settings(home=home, as_of=AS_OF, past_vintages=0)
    settings.layout.make()
    now = datetime.now(UTC)
    work = Work(settings, run_id=f"{now:%H%M%S%f}", started_at=now, inbox=inbox, rebuild=rebuild)
    steps: tuple[Callable[[Work], Any], ...] = (
        *(intake.receive, intake.read, warehouse.judge, warehouse.history, outlook.outlook, leases.leases),
        *(track_record.track_record, alerts.alerts),
    )
    for step in steps:
        step(work)
    outcome = delivery.publish(work)
    if blocking(outcome.summary["findings"]):
        raise RuntimeError(f"a blocking rule fails: {blocking(outcome.summary['findings'])}")
    delivery.page(work)


# What an alert about a document tells of the clock: two runs may stand on either side of midnight.
_DAY_OF_RECEIPT = {
    "alerts": {
        '"message"': r"regexp_replace(message, 'received \d{4}-\d{2}-\d{2}', 'received')",
        '"since"': "CASE WHEN kind <> 'document_quarantined' THEN since END",
    }
}


def tables_of(published: Path) -> dict[str, list[Any]]:
    """Rows of every published table but `runs`, sorted, without moments and the day on which a document came."""
    from assets.warehouse.database import connect, published_tables

    found = {}
    with connect(published, read_only=True) as connection:
        for table in published_tables(connection):
            if table == "runs":
                continue
            columns = connection.execute(
                "SELECT '\"' || column_name || '\"' FROM duckdb_columns() WHERE table_name = ? AND schema_name = 'main'"
                " AND data_type <> 'TIMESTAMP' ORDER BY column_index",
                [table],
            ).fetchall()
            names = ", ".join(_DAY_OF_RECEIPT.get(table, {}).get(name, name) for (name,) in columns)
            found[table] = connection.execute(f'SELECT {names} FROM main."{table}" ORDER BY ALL').fetchall()
    return found


def differing(published: Path, expected: dict[str, list[Any]]) -> list[str]:
    """Names of the tables that differ from what an undisturbed run published."""
    found = tables_of(published)
    return sorted(name for name in found.keys() | expected.keys() if repr(found.get(name)) != repr(expected.get(name)))


def missing_documents(home: Path, inbox: Path) -> list[str]:
    """Names of the files in `inbox` whose bytes are not in the archive, whole and with a receipt."""
    from assets.warehouse.archive import documents, problem_of

    there = {one.sha256: one for one in documents(home / "archive")}
    missing = []
    for path in sorted(inbox.iterdir()):
        one = there.get(hashlib.sha256(path.read_bytes()).hexdigest())
        if one is None or problem_of(one) or all(arrival.file_name != path.name for arrival in one.arrivals):
            missing.append(path.name)
    return missing


def opens(published: Path) -> bool:
    """Whether a reader can open a published file and read every row."""
    from assets.warehouse.mending import readable

    return readable(published)


@contextmanager
def mounted(kib: int, folder: Path) -> Iterator[Path]:
    """A file system of its own, of so many KiB, at `folder`. Raises OSError where mounting is not possible."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(folder: Path, kib: int) -> None:
    """Give a mounted file system another size."""
    subprocess.run(["mount", "-o", f"remount,size={kib}k", str(folder)], check=True)
