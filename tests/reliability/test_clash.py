"""Runs that meet, die or were missed, with real processes: the trials of bench/clash.py, each once.

Two writers in one warehouse, a dead run that holds the queue for ever, or a day that is never caught up would all go
unnoticed until somebody asks why the figures are old.
"""

from __future__ import annotations

import pytest

from bench import clash
from bench.clash import Trials


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return Trials(tmp_path_factory.mktemp("clash") / "trials", undisturbed=False)


def wrong(trials: Trials, *names: str) -> list[str]:
    assert all(trials.counts[name].tried for name in names)
    return [f"{name}: {sentence}" for name in names for sentence in trials.counts[name].wrong]


def test_of_two_commands_one_declines_and_names_the_other(trials: Trials) -> None:
    trials.two_commands(wait_s=0.0)
    assert wrong(trials, clash.TWO_COMMANDS) == []
    assert trials.counts[clash.TWO_COMMANDS].held_back == 1


def test_runs_of_the_daemon_queue_up_and_dead_ones_are_done_again(trials: Trials) -> None:
    """One story, since each chapter costs a code server: a schedule missed for three days and a new report meet, a
    command comes in between, the run is killed; then run, code server and daemon are killed together.
    """
    if not trials.reference:
        trials.two_commands(wait_s=0.0)
    trials.with_daemon(thorough=False)
    told = (clash.CAUGHT_UP, clash.SCHEDULE_AND_SENSOR, clash.COMMAND_MEETS_RUN, clash.DEAD_WORKER, clash.DEAD_MACHINE)
    assert wrong(trials, *told) == []
