"""`colocast run` and `colocast rebuild`: the main job in this process, on the home's Dagster instance, and its summary.

The run appears in the UI like any other. What the job does is in shells.py and steps/.
"""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from pipelines.commands.console import (
    BLOCKED,
    FAILED,
    OK,
    USAGE,
    RefusedError,
    err,
    out,
    parse_day,
    print_table,
    progress,
)
from pipelines.home import POOL, write_instance_config
from pipelines.locking import run_lock
from pipelines.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

# Raised by Dagster for a failed blocking check, which is told as a check and not as a broken step.
CHECK_FAILED = "DagsterAssetCheckFailedError"
HOST_TAG, PROCESS_TAG = "colocast/host", "colocast/process"
# How Dagster names the ends of a range that one run of a partitioned job makes.
RANGE_START_TAG, RANGE_END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def run_main_job(inbox: Path | None, as_of: str | None) -> int:
    """Job `refresh`; returns the exit code."""
    if inbox is not None and not inbox.is_dir():
        found = "is a file" if inbox.exists() else "does not exist"
        raise RefusedError(f"--inbox {inbox} {found}; expected a folder of reports.", USAGE)
    return _execute("refresh", "colocast run", inbox.absolute() if inbox else None, as_of)


def run_rebuild(as_of: str | None) -> int:
    """Job `rebuild`; returns the exit code."""
    return _execute("rebuild", "colocast rebuild", None, as_of)


def _execute(job: str, command: str, inbox: Path | None, as_of: str | None) -> int:
    day = parse_day(as_of, "--as-of") if as_of else None
    settings = Settings(as_of=day) if day else Settings()
    settings.layout.make()
    write_instance_config(settings)
    os.environ["DAGSTER_HOME"] = str(settings.layout.dagster)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    with run_lock(settings.layout.lock, command, settings.lock_wait_s), progress("Starting ..."):
        result = execute(job, settings, inbox)
    return report(result, settings)


def execute(
    job: str, settings: Settings, inbox: Path | None, partitions: tuple[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    """Run a job here, on the home's instance; partitions: first and last key for the job `vintages`."""
    workplace: dict[str, Any] = {"home": str(settings.home)}
    if settings.as_of:
        workplace["as_of"] = settings.as_of.isoformat()
    if inbox is not None:
        workplace["inbox"] = str(inbox)
    if job == "rebuild":
        workplace["rebuild"] = True
    with _instance(settings) as instance, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pipelines.definitions import defs

        close_abandoned(instance)
        tags = {HOST_TAG: socket.gethostname(), PROCESS_TAG: str(os.getpid())}
        if partitions is not None:
            tags |= dict(zip((RANGE_START_TAG, RANGE_END_TAG), partitions, strict=True))
        return defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            raise_on_error=False,
            tags=tags,
            run_config={
                "resources": {"workplace": {"config": workplace}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )


@contextmanager
def _instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    import dagster as dg

    with dg.DagsterInstance.from_config(str(settings.layout.dagster)) as instance:
        # The limit of dagster.yaml holds for any pool; written down by name, the UI shows it as well.
        instance.event_log_storage.set_concurrency_slots(POOL, 1)
        yield instance


def close_abandoned(instance: dg.DagsterInstance) -> None:
    """Mark runs of the command line as failed whose process has gone: a killed run cannot say so itself."""
    import dagster as dg

    here = socket.gethostname()
    running = instance.get_runs(
        filters=dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED],
            tags={HOST_TAG: here},
        )
    )
    for run in running:
        process = run.tags.get(PROCESS_TAG, "")
        if process.isdigit() and int(process) != os.getpid() and not _alive(int(process)):
            instance.report_run_failed(
                run, f"Process {process} ended without finishing the run (killed, or the machine)."
            )


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def failures(result: dg.ExecuteInProcessResult) -> tuple[list[str], list[str]]:
    """(names of checks that block, sentences of steps that broke) of a run."""
    import dagster as dg

    blocked = [
        f"{one.asset_key.to_user_string()}: {one.check_name}. {one.description or ''}".strip()
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity == dg.AssetCheckSeverity.ERROR
    ]
    broken: list[str] = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error is not None and error.cause is not None else error
            if cause is not None and cause.cls_name != CHECK_FAILED:
                broken.append(f"{event.step_key}: {_words(cause)}")
        elif event.event_type_value in {"PIPELINE_FAILURE", "RESOURCE_INIT_FAILURE"} and not broken:
            data = event.event_specific_data
            failed = getattr(data, "error", None)
            cause = failed.cause or failed if failed is not None else None
            if cause is not None and cause.cls_name != CHECK_FAILED:
                broken.append(_words(cause))
    return blocked, broken


def _words(error: Any) -> str:
    """An error's message; the class name only where it is not one of ours, whose messages speak for themselves."""
    text = str(error.message).strip()
    kind, separator, rest = text.partition(": ")
    ours = kind.startswith(("pipelines.", "assets.", "forecasts.", "expectations."))
    return rest if separator and ours else text


def report(result: dg.ExecuteInProcessResult, settings: Settings) -> int:
    """Print what the run came to; returns the exit code."""
    blocked, broken = failures(result)
    if not result.success and not blocked:
        for sentence in broken or ["The run failed; the UI has its log."]:
            err.print(f"[red]{escape(sentence)}[/red]")
        err.print(f"The last publication stands. Full log: colocast ui, run {result.run_id[:8]}.")
        return FAILED
    print_summary(settings)
    if blocked:
        stands = (
            "the previous publication stands" if settings.layout.published.is_file() else "nothing is published yet"
        )
        err.print(f"[red]Not published: a blocking check failed; {stands}.[/red]")
        for sentence in blocked:
            err.print(f"[red]- {escape(sentence)}[/red]")
        return BLOCKED
    return OK


def print_summary(settings: Settings) -> None:
    """Documents by status, what was held back and why, what there is to look at and where."""
    from pipelines.summary import summarise

    seen = summarise(settings)
    print_table(["status", "documents", "figures"], seen.by_status, numbers=["documents", "figures"])
    if seen.held_back:
        out.print()
        print_table(["file", "status", "reason"], seen.held_back, title="Not accepted")
    if seen.late:
        out.print()
        out.print("Late: " + escape("; ".join(seen.late[:6])) + (" ..." if len(seen.late) > 6 else ""))
    out.print()
    written = [("page", settings.layout.page), ("data", settings.layout.published)]
    places = [(label, path) for label, path in written if path.is_file()]
    for label, value in [*seen.counts, *places, ("UI", f"make ui, then {settings.ui_url}")]:
        out.print(f"{label:<12} {escape(str(value))}")
