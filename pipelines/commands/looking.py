"""`colocast sql`, `export` and `status`: looking at what has been published. Nothing here writes into COLOCAST_HOME."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from pipelines.commands.console import OK, USAGE, RefusedError, err, out, print_table, write_csv, write_json
from pipelines.settings import Settings


def _published(settings: Settings) -> Path:
    path = settings.layout.published
    if not path.is_file():
        raise RefusedError(f"{path}: nothing has been published yet. Run `colocast run` first.")
    return path


def query_published(query: str, form: str, timeout: float | None) -> int:
    """Run one query and print its rows; returns the exit code."""
    from assets.warehouse.query import run_query

    settings = Settings()
    result = run_query(
        _published(settings),
        query,
        timeout_s=timeout or settings.sql_timeout_s,
        memory_limit_mb=settings.sql_memory_mib,
        max_rows=settings.sql_max_rows,
    )
    if form == "csv":
        write_csv(result.columns, result.rows)
    elif form == "json":
        write_json(dict(zip(result.columns, row, strict=True)) for row in result.rows)
    else:
        print_table(result.columns, result.rows)
    if result.truncated:
        err.print(escape(f"{result.truncated} (COLOCAST_SQL_MAX_ROWS is {settings.sql_max_rows})"))
    return OK


def export_published(form: str, folder: Path) -> int:
    """Write every published table to a folder; returns the exit code."""
    from assets.delivery.exporting import export

    if folder.exists() and not folder.is_dir():
        raise RefusedError(f"--out {folder} is a file; expected the name of a folder.", USAGE)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("Writing {task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} rows"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bars:
        task = bars.add_task("tables", total=0)
        export(
            _published(Settings()),
            form,
            folder,
            lambda table, done, total: bars.update(task, description=table, completed=done, total=total),
        )
    err.print(f"Written to {folder}")
    return OK


def show_status() -> int:
    """Print last run, documents by status, operators overdue, newest vintage, open alerts; returns the exit code."""
    from pipelines.locking import describe_holder, is_held
    from pipelines.summary import summarise

    settings = Settings()
    home = settings.layout
    if not home.warehouse.is_file():
        raise RefusedError(f"{home.root}: nothing has run here yet. Run `colocast run` first.")
    if is_held(home.lock):
        err.print(f"A run is at work: {escape(describe_holder(home.lock))}.")
    seen = summarise(settings)
    run = seen.last_run
    if run:
        out.print(
            f"{'last run':<12} {run['finished_at']:%Y-%m-%d %H:%M} UTC, {run['outcome']}, run {run['run_id'][:8]}"
        )
    else:
        out.print(f"{'last run':<12} none has reached the end yet")
    for label, value in seen.counts:
        out.print(f"{label:<12} {escape(str(value))}")
    out.print(f"{'published':<12} {home.published if home.published.is_file() else 'nothing yet'}")
    out.print()
    print_table(["status", "documents", "figures"], seen.by_status, numbers=["documents", "figures"])
    if seen.held_back:
        out.print()
        print_table(["file", "status", "reason"], seen.held_back, title="Not accepted")
    out.print()
    if seen.late:
        print_table(["overdue"], [(sentence,) for sentence in seen.late])
    else:
        out.print("No operator is overdue.")
    out.print()
    if seen.alerts:
        print_table(["severity", "told", "open alert"], seen.alerts)
    else:
        out.print("No alert is open.")
    if seen.waiting:
        out.print()
        print_table(["not taken yet"], [(sentence,) for sentence in seen.waiting])
    return OK
