"""Runs that died must be told from runs that live, and must not be declared dead by mistake: a living run that is
closed is started a second time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from pipelines import recovery
from pipelines.recovery import HOST_TAG, WatchedRunLauncher, close_dead_runs, sign_of_life, sign_path, trouble

HOLD = """
import sys
from pathlib import Path
from types import SimpleNamespace
from pipelines.recovery import sign_of_life
with sign_of_life(SimpleNamespace(root_directory=sys.argv[1]), sys.argv[2]):
    print("alive", flush=True)
    sys.stdin.read()
"""


@dg.op
def nothing() -> None:
    pass


@dg.job
def work() -> None:
    nothing()


def started(instance: dg.DagsterInstance, tags: dict[str, str] | None = None) -> dg.DagsterRun:
    return instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED, tags=tags)


def age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_killed_process_is_noticed_and_a_living_one_is_left_alone(instance: dg.DagsterInstance):
    run = started(instance)
    command = [sys.executable, "-c", HOLD, instance.root_directory, run.run_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        age(sign_path(instance, run.run_id), 3600)
        assert close_dead_runs(instance) == []
        assert status(instance, run) == dg.DagsterRunStatus.STARTED
        process.kill()
    assert close_dead_runs(instance) == [run.run_id]
    assert status(instance, run) == dg.DagsterRunStatus.FAILURE


def test_a_run_that_has_just_ended_its_work_has_time_to_say_so(instance: dg.DagsterInstance):
    run = started(instance)
    with sign_of_life(instance, run.run_id):
        age(sign_path(instance, run.run_id), 3600)
    assert trouble(instance, run) == ""
    age(sign_path(instance, run.run_id), recovery.GRACE_S + 1)
    assert "process has ended" in trouble(instance, run)


def test_a_run_on_another_machine_is_left_to_its_own_watch(instance: dg.DagsterInstance):
    """Its sign lies in a folder that this machine does not see."""
    assert trouble(instance, started(instance, {HOST_TAG: "elsewhere"})) == ""


def test_a_run_whose_process_never_arrived_is_given_time_and_then_closed(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    run = started(instance)
    instance.report_dagster_event(
        dg.DagsterEvent(event_type_value=dg.DagsterEventType.RUN_START.value, job_name="work", message="started"),
        run_id=run.run_id,
    )
    assert trouble(instance, run) == ""
    monkeypatch.setattr(recovery, "ARRIVAL_S", -1.0)
    assert "no sign of life" in trouble(instance, run)


def test_a_run_that_has_not_started_is_not_taken_for_dead(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    """It may have waited in the queue for hours, and no process is its own yet."""
    monkeypatch.setattr(recovery, "ARRIVAL_S", -1.0)
    for early in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING):
        assert trouble(instance, instance.create_run_for_job(work, status=early)) == ""
    assert close_dead_runs(instance) == []


def test_whoever_runs_inside_may_sign_again_and_old_signs_are_swept(instance: dg.DagsterInstance):
    old = sign_path(instance, "long-gone")
    with sign_of_life(instance, "outer"), sign_of_life(instance, "outer"):
        old.write_text("")
        age(old, recovery.KEPT_S + 1)
    with sign_of_life(instance, "next"):
        assert not old.exists()
        assert sign_path(instance, "outer").exists()


def test_run_monitoring_asks_our_launcher(instance: dg.DagsterInstance):
    """Dagster's default launcher cannot tell, and leaves dead runs STARTED: this one must be in dagster.yaml."""
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchedRunLauncher)
    assert launcher.supports_check_run_worker_health
    run = started(instance)
    with sign_of_life(instance, run.run_id):
        assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    age(sign_path(instance, run.run_id), 3600)
    health = launcher.check_run_worker_health(run)
    assert health.status == WorkerStatus.FAILED
    assert "process has ended" in str(health)
