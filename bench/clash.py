"""Two runs at once, runs that die, schedules that were missed: how often anything is lost or garbled.

`python -m bench.clash --times N` tries every pairing N times and prints one table; tests/reliability/test_clash.py runs
the same trials once. Commands, run workers and the code server are real processes; what Dagster's daemon does in its
loops (sensors, schedules, queue, monitoring, retries) is called here, tick by tick, so that no trial waits for a clock.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import SensorInstigatorData
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.faults import tables_of
from pipelines.home import write_instance_config
from pipelines.locking import is_held
from pipelines.recovery import PROCESS_TAG, sign_path
from pipelines.settings import REPOSITORY, Settings

AS_OF = "2026-06-30"
PATIENCE_S = 600.0
BUSY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
LOG = logging.getLogger("bench.clash")


def make_documents(folder: Path) -> Path:
    """A folder with three small documents, one of which is held back."""
    folder.mkdir(parents=True)
    for name in ("template_chindata_2021_2022.csv", "interxion_3q19_key_metrics.html"):
        shutil.copy(REPOSITORY / "data" / "reports" / name, folder)
    (folder / "impossible.csv").write_text(
        "operator,facility,period_end,metric,value,unit\nExample Centres Ltd,,2025-03-31,utilisation_rate,174,pct\n"
    )
    return folder


@contextmanager
def environment(home: Path, documents: Path, **more: str) -> Iterator[dict[str, str]]:
    """The environment of one home with these documents, for this process and its children."""
    nothing = home.parent / "nothing"
    nothing.mkdir(exist_ok=True)
    chosen = {
        "COLOCAST_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "COLOCAST_AS_OF": AS_OF,
        "COLOCAST_BUNDLED_REPORTS": str(documents),
        "COLOCAST_BUNDLED_PORTFOLIOS": str(nothing),
        "COLOCAST_PAST_VINTAGES": "0",
        "COLOCAST_INBOX_SETTLE_S": "0",
        **more,
    }
    before = {name: os.environ.get(name) for name in chosen}
    os.environ.update(chosen)
    try:
        yield dict(os.environ)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def start_command(*arguments: str, wait_s: float = 0.0) -> subprocess.Popen[str]:
    """`colocast ...` as a process of its own, which waits so long for another run before it declines."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("colocast")), *arguments],
        env={**os.environ, "COLOCAST_LOCK_WAIT_S": str(wait_s)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Daemon:
    """Dagster's daemon for one home: its code server is a process, its loops are called one tick at a time."""

    def __init__(self, stack: ExitStack) -> None:
        settings = Settings()
        settings.layout.make()
        write_instance_config(settings)
        self.instance = stack.enter_context(dg.DagsterInstance.from_config(str(settings.layout.dagster)))
        self.workspace = stack.enter_context(
            WorkspaceProcessContext(self.instance, WorkspaceFileTarget([str(REPOSITORY / "workspace.yaml")]))
        )
        self._queue = stack.enter_context(QueuedRunCoordinatorDaemon(interval_seconds=1))
        self._retries = stack.enter_context(EventLogConsumerDaemon(interval_seconds=1))
        self._threads = stack.enter_context(ThreadPoolExecutor(2))
        self.retry_failed()  # from now on it sees what fails

    def look_at_inbox(self) -> None:
        """Sensors that are due have a tick."""
        futures: dict[str, Any] = {}
        list(execute_sensor_iteration(self.workspace, LOG, self._threads, None, futures))
        for one in futures.values():
            one.result(PATIENCE_S)

    def look_at_calendar(self, now: datetime) -> None:
        """Schedules have a tick, as if it were `now` (UTC)."""
        list(launch_scheduled_runs(self.workspace, LOG, now, {}))

    def forget_last_look(self) -> None:
        """Sensors are due again: their least interval is taken as over."""
        for state in self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
            data = state.instigator_data
            if isinstance(data, SensorInstigatorData):
                again = data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)
                self.instance.update_instigator_state(state.with_data(again))

    def launch(self) -> None:
        """The queue starts what may start."""
        list(self._queue.run_iteration(self.workspace))

    def monitor(self) -> None:
        """Runs are looked after."""
        list(execute_run_monitoring_iteration(self.workspace, LOG))

    def retry_failed(self) -> None:
        """Failed runs that may be started again are put into the queue."""
        list(self._retries.run_iteration(self.workspace))

    def runs(self, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
        """Runs of these statuses, the newest first; without any: all."""
        return list(self.instance.get_runs(dg.RunsFilter(statuses=list(statuses)) if statuses else None))

    def until(self, done: Callable[[], Any], step: Callable[[], None] | None = None) -> Any:
        """Wait until `done` answers something true, calling `step` now and then; returns the answer."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := done()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {PATIENCE_S:.0f} s; runs: {[(r.run_id, r.status) for r in self.runs()]}")
            if step is not None:
                step()
            # The daemon's own loops rest for seconds; turning them faster only takes time from the runs.
            time.sleep(0.2 if step is None else 1.0)
        return found

    def drain(self) -> None:
        """Let the daemon work until no run is left that is not finished; at most one may be busy at a time."""

        def step() -> None:
            self.retry_failed()
            self.launch()
            if len(self.runs(*BUSY)) > 1:
                raise AssertionError(f"two runs at once: {[one.run_id for one in self.runs(*BUSY)]}")

        self.until(lambda: all(one.status in ENDED for one in self.runs()) and not self.pending_retries(), step)

    def pending_retries(self) -> list[str]:
        """Failed runs that will be started again and have not been yet. A run of a command is not among them: no code
        server knows it, and Dagster leaves it to the next run of the schedule.
        """
        return [
            one.run_id
            for one in self.runs(dg.DagsterRunStatus.FAILURE)
            if one.remote_job_origin is not None
            and one.tags.get("dagster/will_retry") == "true"
            and "dagster/auto_retry_run_id" not in one.tags
        ]

    def worker(self) -> tuple[dg.DagsterRun, psutil.Process]:
        """The one busy run and its process, as soon as it has signed."""
        newest = self.runs()[0].run_id

        def signed() -> dg.DagsterRun | None:
            if all(one.status in ENDED for one in self.runs() if one.run_id == newest):
                raise RuntimeError(f"run {newest} ended before it began: {self.why_failed(newest)}")
            return next((one for one in self.runs(*BUSY) if PROCESS_TAG in one.tags), None)

        run = self.until(signed)
        return run, psutil.Process(int(run.tags[PROCESS_TAG]))

    def why_failed(self, run_id: str) -> str:
        """The last messages of a run."""
        records = self.instance.get_records_for_run(run_id, limit=4, ascending=False).records
        return " | ".join(one.event_log_entry.user_message or str(one.event_log_entry.message) for one in records)[
            :2000
        ]


@dataclass
class Count:
    """What came of one kind of trial; `wrong` holds a sentence for each that went wrong."""

    tried: int = 0
    held_back: int = 0
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, sentence: str) -> None:
        """Write down what does not hold."""
        if not holds:
            self.wrong.append(sentence)


TWO_COMMANDS = "command and command: one declines, or waits where it may"
COMMAND_MEETS_RUN = "command meets a Dagster run: it declines and names it"
RUN_MEETS_COMMAND = "Dagster run meets a command: it waits in the queue"
SCHEDULE_AND_SENSOR = "schedule and sensor at once: one after the other"
CAUGHT_UP = "schedule missed for three days: one run asked for"
DEAD_WORKER = "kill -9 of a run's process: noticed, started again"
DEAD_MACHINE = "kill -9 of run, code server and daemon: closed at the next start, started again"
DEAD_COMMAND = "kill -9 of a command: closed, the queue goes on"


class Trials:
    """Trials over the same documents, each against the tables of one undisturbed run.

    `undisturbed` False saves that run: the tables of the first trial then stand for it.
    """

    def __init__(self, folder: Path, seed: int = 0, undisturbed: bool = True) -> None:
        self.folder = folder
        self.documents = make_documents(folder / "documents")
        self.random = random.Random(seed)
        self.counts: dict[str, Count] = {}
        self.reference: dict[str, list[Any]] = {}
        if not undisturbed:
            return
        with self.home("reference") as home:
            done = start_command("run")
            output = done.communicate(timeout=PATIENCE_S)
            if done.returncode:
                raise RuntimeError(f"the undisturbed run failed: {output}")
            self.reference = tables_of(home / "published" / "occupancy.duckdb")

    def count(self, name: str) -> Count:
        """The count of one kind of trial, one trial more."""
        one = self.counts.setdefault(name, Count())
        one.tried += 1
        return one

    @contextmanager
    def home(self, name: str) -> Iterator[Path]:
        """A home with one report in its inbox, and its environment."""
        home = self.folder / name
        (home / "inbox").mkdir(parents=True)
        (home / "inbox" / "late.csv").write_text(
            "operator,facility,period_end,metric,value,unit\n"
            "Late Data Centres Ltd,,2024-06-30,capacity_in_service,12.0,mw\n"
        )
        with environment(home, self.documents):
            yield home

    def compare(self, home: Path, count: Count) -> None:
        """The published tables equal those of the undisturbed run."""
        found = tables_of(home / "published" / "occupancy.duckdb")
        self.reference = self.reference or found
        unequal = [name for name in self.reference if found.get(name) != self.reference[name]]
        count.expect(not unequal and found.keys() == self.reference.keys(), f"tables differ: {unequal}")

    def two_commands(self, wait_s: float) -> None:
        """Two commands start at once in an empty home."""
        count = self.count(TWO_COMMANDS)
        with self.home(f"commands-{count.tried}") as home:
            pair = [start_command("run", wait_s=wait_s) for _ in range(2)]
            output = [one.communicate(timeout=PATIENCE_S)[1] for one in pair]
            codes = [one.returncode for one in pair]
            for number in (0, 1):
                if codes[number]:
                    named = f"`colocast run`, process {pair[1 - number].pid} on" in output[number]
                    count.expect(named, f"declined without naming the other: {output[number]}")
            count.expect(0 in codes, f"no run went through: {codes}")
            count.expect(not wait_s or codes == [0, 0], f"one did not wait: {codes}")
            count.held_back += sum(code != 0 for code in codes) or sum("Waiting up to" in one for one in output)
            self.compare(home, count)

    def with_daemon(self, thorough: bool = True) -> None:
        """Everything that needs the daemon, in one home; not `thorough`: no command comes first or dies."""
        number = self.counts.get(DEAD_MACHINE, Count()).tried + 1
        with self.home(f"daemon-{number}") as home:
            start = datetime(2026, 6, 1, 7, tzinfo=UTC)
            with ExitStack() as stack:
                daemon = Daemon(stack)
                self._schedule_and_sensor(daemon, home, start)
            with ExitStack() as stack:
                daemon = Daemon(stack)
                self._dead_machine_before(daemon, home, start + timedelta(days=4))
            with ExitStack() as stack:
                daemon = Daemon(stack)
                self._dead_machine_after(daemon, home)
                if thorough:
                    self._run_meets_command(daemon, home, start + timedelta(days=5))
                    self._dead_command(daemon, home, start + timedelta(days=6))

    def _schedule_and_sensor(self, daemon: Daemon, home: Path, start: datetime) -> None:
        missed, both, dead = self.count(CAUGHT_UP), self.count(SCHEDULE_AND_SENSOR), self.count(DEAD_WORKER)
        daemon.look_at_calendar(start)
        missed.expect(not daemon.runs(), "a run was asked for before the schedule had begun")
        daemon.look_at_calendar(start + timedelta(days=3))
        asked = [one.tags.get("day") for one in daemon.runs()]
        missed.expect(asked == ["2026-06-04"], f"asked for {asked} after three days, expected the last day alone")
        daemon.look_at_inbox()
        daemon.forget_last_look()
        daemon.look_at_inbox()
        both.expect(len(daemon.runs()) == 2, f"{len(daemon.runs())} runs asked for, expected two")
        daemon.launch()
        run, process = daemon.worker()
        both.expect(len(daemon.runs(*BUSY)) == 1, "two runs were started at once")
        both.held_back += 1
        self._command_declines(daemon, home, run)
        time.sleep(self.random.uniform(0.0, 3.0))
        process.kill()
        daemon.until(lambda: daemon.instance.get_run_by_id(run.run_id).status in ENDED)
        status = daemon.instance.get_run_by_id(run.run_id).status
        dead.expect(status == dg.DagsterRunStatus.FAILURE, f"the killed run is {status}")
        daemon.drain()
        self._finished(daemon, dead, run.run_id)
        self.compare(home, both)
        self.compare(home, dead)

    def _command_declines(self, daemon: Daemon, home: Path, run: dg.DagsterRun) -> None:
        count = self.count(COMMAND_MEETS_RUN)
        daemon.until(lambda: is_held(home / "run.lock"))
        command = start_command("run")
        said = command.communicate(timeout=PATIENCE_S)[1]
        count.expect(command.returncode == 1, f"exit code {command.returncode}, expected 1: {said}")
        count.expect(f"`Dagster run {run.run_id[:8]}`" in said, f"the run is not named: {said}")
        count.held_back += command.returncode == 1

    def _dead_machine_before(self, daemon: Daemon, home: Path, now: datetime) -> None:
        count = self.count(DEAD_MACHINE)
        empty(home)
        daemon.look_at_calendar(now)
        daemon.launch()
        run, process = daemon.worker()
        time.sleep(self.random.uniform(0.0, 3.0))
        server = process.parent()
        count.expect(server is not None and "grpc" in " ".join(server.cmdline()), "the code server was not found")
        if server is not None:
            server.kill()
        process.kill()
        process.wait(PATIENCE_S)
        self._last = run.run_id
        age(daemon.instance, run.run_id)

    def _dead_machine_after(self, daemon: Daemon, home: Path) -> None:
        count = self.counts[DEAD_MACHINE]
        before = daemon.instance.get_run_by_id(self._last).status
        count.expect(before == dg.DagsterRunStatus.STARTED, f"the killed run is {before}; nothing was to be noticed")
        daemon.monitor()
        after = daemon.instance.get_run_by_id(self._last).status
        count.expect(after == dg.DagsterRunStatus.FAILURE, f"the killed run is {after} after one look")
        daemon.drain()
        self._finished(daemon, count, self._last)
        self.compare(home, count)

    def _run_meets_command(self, daemon: Daemon, home: Path, now: datetime) -> None:
        count = self.count(RUN_MEETS_COMMAND)
        empty(home)
        command = start_command("run")
        daemon.until(lambda: daemon.runs(dg.DagsterRunStatus.STARTED))
        daemon.look_at_calendar(now)
        daemon.launch()
        count.held_back += len(daemon.runs(dg.DagsterRunStatus.QUEUED))
        said = command.communicate(timeout=PATIENCE_S)[1]
        count.expect(command.returncode == 0, f"the command failed: {said}")
        daemon.drain()
        newest = daemon.runs()[0].status
        count.expect(newest == dg.DagsterRunStatus.SUCCESS, f"the run that waited is {newest}")
        self.compare(home, count)

    def _dead_command(self, daemon: Daemon, home: Path, now: datetime) -> None:
        count = self.count(DEAD_COMMAND)
        empty(home)
        command = start_command("run")
        run = daemon.until(lambda: next(iter(daemon.runs(dg.DagsterRunStatus.STARTED)), None))
        time.sleep(self.random.uniform(0.0, 3.0))
        command.kill()
        command.communicate(timeout=PATIENCE_S)
        daemon.look_at_calendar(now)
        age(daemon.instance, run.run_id)
        daemon.monitor()
        after = daemon.instance.get_run_by_id(run.run_id).status
        count.expect(after == dg.DagsterRunStatus.FAILURE, f"the killed command's run is {after} after one look")
        daemon.drain()
        newest = daemon.runs()[0].status
        count.expect(newest == dg.DagsterRunStatus.SUCCESS, f"the next run is {newest}")
        self.compare(home, count)

    def _finished(self, daemon: Daemon, count: Count, dead: str) -> None:
        successor = daemon.instance.get_run_by_id(dead).tags.get("dagster/auto_retry_run_id")
        again = daemon.instance.get_run_by_id(successor) if successor else None
        count.expect(
            again is not None and again.status == dg.DagsterRunStatus.SUCCESS,
            f"run {dead[:8]} was not done again: {again.status if again is not None else 'no other run'}",
        )


def empty(home: Path) -> None:
    """Take everything away but the inbox and Dagster's own, so that the next run has all its work to do."""
    for name in ("archive", "state", "published", "reports"):
        shutil.rmtree(home / name)
    (home / "warehouse.duckdb").unlink()


def age(instance: dg.DagsterInstance, run_id: str) -> None:
    """Let the last sign of a run lie an hour back, instead of waiting until it is believed to be dead."""
    hour_ago = time.time() - 3600
    os.utime(sign_path(instance, run_id), (hour_ago, hour_ago))


@contextmanager
def _only_we_speak(log: Path) -> Iterator[tuple[Console, Console]]:
    """Consoles on the real stdout and stderr; what code servers and run workers say there goes to a log meanwhile."""
    kept = [os.fdopen(os.dup(number), "w") for number in (1, 2)]
    with log.open("w") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield Console(file=kept[0]), Console(file=kept[1])
        finally:
            for number, one in zip((1, 2), kept, strict=True):
                one.flush()
                os.dup2(one.fileno(), number)


def main() -> int:
    """Try, print the table; returns 1 where something was lost or garbled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each pairing and fault is tried")
    times = parser.parse_args().times
    logging.disable(logging.WARNING)
    with (
        tempfile.TemporaryDirectory() as scratch,
        _only_we_speak(Path(scratch) / "said.log") as (out, err),
        Progress(console=err, transient=True) as bars,
    ):
        trials = Trials(Path(scratch) / "trials")
        for number in bars.track(range(times), description="Clashing"):
            trials.two_commands(wait_s=0.0 if number % 2 == 0 else PATIENCE_S)
            trials.with_daemon()
        table = Table(title="Runs don't clash", title_justify="left")
        for heading in ("pairing or fault", "tried", "declined or waited", "lost or garbled"):
            table.add_column(heading, justify="left" if heading.startswith("pairing") else "right")
        for name, count in trials.counts.items():
            table.add_row(
                name, str(count.tried), str(count.held_back) if count.held_back else "-", str(len(count.wrong))
            )
        out.print(table)
        wrong = [f"{name}: {sentence}" for name, count in trials.counts.items() for sentence in count.wrong]
        for sentence in wrong:
            err.print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
