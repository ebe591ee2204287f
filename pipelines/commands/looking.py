"""`colocast sql`, `export` and `status`: looking at what has been published. Nothing here writes into COLOCAST_HOME."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.markup import escape

from pipelines.commands.console import OK, USAGE, RefusedError, err, out, print_table, write_csv, write_json
from pipelines.settings import Settings

# What a screen takes: a table is laid out as a whole, so its width and length are bounded before.
_TABLE_COLUMNS = 200
_TABLE_BYTES = 1_000_000


def _published(settings: Settings) -> Path:
    path = settings.layout.published
    if not path.is_file():
        raise RefusedError(f"{path}: nothing has been published yet. Run `colocast run` first.")
    return path


@contextmanager
def _publication(settings: Settings, at: str | None, copied: bool = False) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The database to read, and the files it may read in turn: the published file (an earlier one of `at`), or a
    snapshot of the lake where COLOCAST_LAKE names one.
    """
    address = settings.lake.get_secret_value()
    if not address:
        yield (_of_vintage(settings, at) if at else _published(settings)), ()
        return
    from assets.warehouse.lake import parse_address, snapshot_file

    with (
        tempfile.TemporaryDirectory(prefix="colocast-lake-") as folder,
        snapshot_file(parse_address(address), Path(folder), at, copied) as file,
    ):
        yield file.path, file.files


def _of_vintage(settings: Settings, at: str) -> Path:
    """The last kept publication of a vintage; the name of each begins with its number and vintage."""
    from assets.warehouse.mending import copies

    kept = copies(settings.layout.published)
    found = [path for path in kept if path.name.split("_")[1] == at or path.stem == at]
    if not found:
        vintages = ", ".join(sorted({path.stem.split("_")[1] for path in kept})) or "none yet"
        raise RefusedError(
            f"--at {at}: {settings.layout.history} has no publication of it. Expected a vintage ({vintages}); how many"
            " are kept says COLOCAST_KEEP_PUBLISHED.",
            USAGE,
        )
    return found[0]


def query_published(query: str, form: str, timeout: float | None, at: str | None = None) -> int:
    """Run one query and print its rows; returns the exit code. `at`: as published at this vintage."""
    from assets.warehouse.query import run_query

    settings = Settings()
    with _publication(settings, at) as (database, files):
        result = run_query(
            database,
            query,
            timeout_s=timeout or settings.sql_timeout_s,
            memory_limit_mb=settings.sql_memory_mib,
            max_rows=settings.sql_max_rows,
            files=files,
            **({"max_bytes": _TABLE_BYTES} if form == "table" else {}),
        )
    if form == "csv":
        write_csv(result.columns, _harmless(result.rows))
    elif form == "json":
        write_json(dict(zip(result.columns, row, strict=True)) for row in result.rows)
    elif len(result.columns) > _TABLE_COLUMNS:
        raise RefusedError(
            f"{len(result.columns)} columns; a table on the screen has at most {_TABLE_COLUMNS}. Select fewer, or take"
            " --format csv or json.",
            USAGE,
        )
    else:
        print_table(result.columns, result.rows)
    if result.truncated:
        more = "; --format csv and json hold more" if form == "table" and "bytes" in result.truncated else ""
        err.print(escape(f"{result.truncated}{more} (COLOCAST_SQL_MAX_ROWS is {settings.sql_max_rows})"))
    return OK


def _harmless(rows: list[tuple[Any, ...]]) -> list[Sequence[Any]]:
    """Rows for a spreadsheet: texts that it would run get an apostrophe in front, as in exports; JSON stays exact."""
    from assets.delivery.exporting import RUNS_AS_FORMULA

    # Python's \s has the spaces of \p{Z} already.
    runs = re.compile(RUNS_AS_FORMULA.replace(r"\p{Z}", ""))
    return [["'" + one if isinstance(one, str) and runs.search(one) else one for one in row] for row in rows]


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
    with (
        _publication(Settings(), None, copied=True) as (database, _),
        Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bars,
    ):
        task = bars.add_task("tables", total=0)
        export(
            database,
            form,
            folder,
            lambda table, done, total: bars.update(task, description=table, completed=done, total=total),
        )
    err.print(f"Written to {folder}")
    return OK


def _show_lake(settings: Settings) -> None:
    """The newest publication of every writer of the lake, or why it cannot be told."""
    from assets.warehouse.lake import LakeError, list_snapshots, parse_address

    try:
        address = parse_address(settings.lake.get_secret_value())
        newest = {one.writer: one for one in reversed(list_snapshots(address))}
    except LakeError as problem:
        err.print(f"[red]{escape(str(problem))}[/red]")
        return
    for writer, one in sorted(newest.items()):
        when = f"{one.made_at:%Y-%m-%d %H:%M} UTC, snapshot {one.number}, vintage {one.vintage or 'none'}"
        out.print(f"{'lake':<12} {escape(f'{address.shown}: writer {writer}, {when}')}")


def _print_room(settings: Settings) -> None:
    """What the disk has left, how large the home is by part, and what the last cleaning took away."""
    from pipelines import disk
    from pipelines.steps import housekeeping

    room = disk.look(settings)
    colour = {disk.OK: "", disk.WARN: "[yellow]", disk.FULL: "[red]"}[room.level]
    out.print(f"{'disk':<12} {colour}{escape(room.words)}{'[/]' if colour else ''}")
    parts = housekeeping.sizes(settings.layout)
    shown = ", ".join(f"{name} {size / 2**20:,.0f}" for name, size in parts.items() if size >= 2**19)
    out.print(f"{'home':<12} {sum(parts.values()) / 2**20:,.0f} MiB: {shown}")
    cleaned = housekeeping.remembered(settings.layout)
    if cleaned:
        gone = "; ".join(f"{one['what']} {one['count']}" for one in cleaned["removed"]) or "nothing was past its bound"
        freed = sum(one["bytes"] for one in cleaned["removed"]) / 2**20
        out.print(f"{'cleaned':<12} {cleaned['at'][:16].replace('T', ' ')} UTC, {freed:,.1f} MiB: {escape(gone)}")


def _damage_of_publication(published: Path) -> list[str]:
    from assets.warehouse.mending import trouble_of

    reason = trouble_of(published) if published.exists() else ""
    return [reason] if reason else []


def show_status() -> int:
    """Print last run, documents by status, operators overdue, newest vintage, open alerts; returns the exit code."""
    from pipelines.locking import describe_holder, is_held
    from pipelines.summary import summarise

    settings = Settings()
    home = settings.layout
    if settings.lake.get_secret_value():
        _show_lake(settings)
        if not home.warehouse.is_file():
            return OK
    if not home.warehouse.exists() and not home.published.is_file():
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
    _print_room(settings)
    out.print()
    if damage := [*seen.damage, *_damage_of_publication(home.published)]:
        print_table(["damaged"], [(sentence,) for sentence in damage])
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
