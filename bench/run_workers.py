"""`python -m bench.run_workers`: several runs asked at once of a service whose Dagster stands on Postgres.

A real Postgres, the web server and the daemon as `colocast ui` starts them, and run workers, one process a run. Prints
one table: runs asked, finished, the most that were in the warehouse at the same time, processes, seconds. Exit 1 where
a run was lost, two met in the warehouse, or the password of Postgres stands where it does not belong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bench import faults
from bench.postgres_server import missing_postgres, postgres_server
from pipelines.home import POSTGRES_SCHEME, POSTGRES_VARIABLE
from pipelines.recovery import PROCESS_TAG

REPOSITORY = Path(__file__).resolve().parents[1]
COLOCAST = Path(sys.executable).parent / "colocast"
REPORT = REPOSITORY / "data" / "reports" / "template_chindata_2021_2022.csv"
AS_OF = "2026-06-30"
WAIT_S = 1800.0
# The queue is looked at every 5 s otherwise, which makes the wait of a small run.
QUICK_QUEUE = """run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1
"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass(frozen=True)
class Asked:
    """What became of runs asked at once. together: the most between start and end at one moment; places: where the
    password of Postgres was found (files of the home, Dagster's events).
    """

    runs: int
    succeeded: int
    together: int
    processes: int
    allowed: int
    places: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Every run finished, none met another, each had a process of its own, and the secret stayed one."""
        return self.succeeded == self.runs == self.processes and self.together == 1 and not self.places


def most_together(spans: list[tuple[float, float]]) -> int:
    """The most of the (start, end) spans that hold one moment; one that begins as another ends does not meet it."""
    moments = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    count = most = 0
    for _, step in moments:
        count += step
        most = max(most, count)
    return most


@contextmanager
def service(folder: Path, url: str) -> Iterator[tuple[Path, int]]:
    """A small home on this Postgres with `colocast ui` running; yields the home and the port of the UI."""
    home, reports, none = folder / "home", folder / "reports", folder / "none"
    for path in (home / "dagster", reports, none):
        path.mkdir(parents=True)
    shutil.copy(REPORT, reports)
    (home / "dagster" / "dagster.local.yaml").write_text(QUICK_QUEUE, encoding="utf-8")
    environment = {
        **os.environ,
        "COLOCAST_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "COLOCAST_POSTGRES": url,
        "COLOCAST_BUNDLED_REPORTS": str(reports),
        "COLOCAST_BUNDLED_PORTFOLIOS": str(none),
        "COLOCAST_PAST_VINTAGES": "0",
        "COLOCAST_AS_OF": AS_OF,
    }
    port = _free_port()
    with (folder / "ui.log").open("wb") as log:
        command = [str(COLOCAST), "ui", "--port", str(port)]
        ui = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=log, stderr=log)
    try:
        _wait_for_server(port, ui, folder / "ui.log")
        yield home, port
    finally:
        below = faults.descendants(ui.pid)
        ui.terminate()
        ui.wait(60)
        # A code server that finds its Postgres gone may outlive those who used it.
        for process in below:
            faults.kill_tree(process)


def ask_at_once(folder: Path, url: str, runs: int) -> Asked:
    """Ask for `runs` runs of the main job at once, wait for all of them, and look at when each ran."""
    from dagster import DagsterInstance
    from dagster_graphql import DagsterGraphQLClient

    started = time.monotonic()
    with service(folder, url) as (home, port):
        client = DagsterGraphQLClient("127.0.0.1", port_number=port)
        asked = [client.submit_job_execution("refresh") for _ in range(runs)]
        os.environ[POSTGRES_VARIABLE] = url.replace("postgresql", POSTGRES_SCHEME, 1)
        with DagsterInstance.from_config(str(home / "dagster")) as instance:
            records = _ended(instance, asked)
            queue = instance.get_concurrency_config().run_queue_config
    workers = {process for one in records if (process := one.dagster_run.tags.get(PROCESS_TAG))}
    spans = [(one.start_time, one.end_time) for one in records if one.start_time and one.end_time]
    return Asked(
        runs,
        sum(one.dagster_run.status.value == "SUCCESS" for one in records),
        most_together(spans),
        len(workers),
        queue.max_concurrent_runs if queue else 1,
        tuple(places_of_secret(home, url)),
        time.monotonic() - started,
    )


def places_of_secret(home: Path, url: str) -> list[str]:
    """Where the password of the address stands: files of the home, and tables of Dagster with runs and events."""
    import psycopg2

    password = urlsplit(url).password or ""
    found = [
        str(path.relative_to(home))
        for path in sorted(home.rglob("*"))
        if path.is_file() and password.encode() in path.read_bytes()
    ]
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        for table, column in (("event_logs", "event"), ("runs", "run_body"), ("instigators", "instigator_body")):
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} LIKE %s", [f"%{password}%"])
            if cursor.fetchall()[0][0]:
                found.append(f"table {table}")
    connection.close()
    return found


def _ended(instance: Any, asked: list[str]) -> list[Any]:
    from dagster import RunsFilter

    deadline = time.monotonic() + WAIT_S
    while True:
        records = list(instance.get_run_records(RunsFilter(run_ids=asked)))
        if len(records) == len(asked) and all(one.dagster_run.status.value in ENDED for one in records):
            return records
        if time.monotonic() > deadline:
            return records
        time.sleep(0.5)


def _wait_for_server(port: int, ui: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and ui.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"the UI did not answer: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Print the table; 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="runs asked at once")
    wanted = parser.parse_args().runs
    reason = missing_postgres()
    if reason:
        Console(stderr=True).print(reason)
        return 1
    with tempfile.TemporaryDirectory(prefix="colocast-run-workers-") as name:
        folder = Path(name)
        with postgres_server(folder / "postgres") as url:
            asked = ask_at_once(folder / "service", url, wanted)
    table = Table("promise", "fault", "tried", "lost", "most in the warehouse at once", "workers allowed", "seconds")
    lost = asked.runs - asked.succeeded
    table.add_row(
        "Dagster on Postgres: runs wait for the warehouse", "runs asked at once", str(asked.runs), str(lost),
        str(asked.together), str(asked.allowed), f"{asked.seconds:.0f}",
    )  # fmt: skip
    Console(width=150).print(table)
    for place in asked.places:
        Console().print(f"The password of Postgres stands in {place}.")
    return 0 if asked.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
