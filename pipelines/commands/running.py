"""`colocast run` and `colocast rebuild`: the main job in this process, on the home's Dagster instance, and its summary.

The run appears in the UI like any other. What the job does is in shells.py and steps/.
"""

from __future__ import annotations

import logging
import os
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from assets.warehouse.durable import disk_full, is_disk_full
from pipelines import disk
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
from pipelines.dagster_storage import mend_storage
from pipelines.home import LOGGER, write_instance_config
from pipelines.locking import run_lock
from pipelines.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

# Raised by Dagster for a failed blocking check, which is told as a check and not as a broken step.
CHECK_FAILED = "DagsterAssetCheckFailedError"
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
    if lake := settings.lake.get_secret_value():
        from assets.warehouse.lake import parse_address

        # A slip in the address is told now and not when all is done but the publishing.
        parse_address(lake)
    settings.layout.make()
    write_instance_config(settings)
    os.environ["DAGSTER_HOME"] = str(settings.layout.dagster)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    with (
        progress("Starting ..."),
        run_lock(settings.layout.lock, command, settings.lock_wait_s, logging.getLogger(LOGGER).info),
    ):
        disk.require(settings, inbox)
        mend_storage(settings.layout.dagster)
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
        from pipelines.recovery import close_dead_runs, sign_of_life, who_runs

        close_dead_runs(instance)
        tags = who_runs()
        if partitions is not None:
            tags |= dict(zip((RANGE_START_TAG, RANGE_END_TAG), partitions, strict=True))
        run_id = str(uuid.uuid4())
        with sign_of_life(instance, run_id):
            return defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_id=run_id,
                tags=tags,
                run_config={
                    "resources": {"workplace": {"config": workplace}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
            )


@contextmanager
def _instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    import dagster as dg

    from pipelines.run_queue import limit_pool

    with dg.DagsterInstance.from_config(str(settings.layout.dagster)) as instance:
        limit_pool(instance)
        yield instance


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
        if any(is_disk_full(sentence, settings.home) for sentence in broken):
            broken = [disk_full(settings.home)]
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
    if seen.damage:
        out.print()
        print_table(["damaged"], [(sentence,) for sentence in seen.damage])
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
