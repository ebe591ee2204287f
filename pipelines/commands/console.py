"""How commands speak: results on stdout, progress and problems on stderr, exit codes with a meaning.

What belongs here: consoles, exit codes, turning known exceptions into a sentence. No command's own work.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.home import LOGGER

OK, FAILED, USAGE, BLOCKED = 0, 1, 2, 3

# Into a file or a pipe there is no width to keep to; 160 characters suit most tables.
out = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, soft_wrap=True, highlight=False)


# In a JSON text these stand inside of strings alone; written as \u009b the string stays the same.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


class RefusedError(Exception):
    """A command declines: `exit_code` USAGE where the command was wrong, FAILED where the world was."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def parse_day(text: str, option: str) -> date:
    """An ISO date. Raises RefusedError naming the option, what was found and what is expected."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RefusedError(
            f"{option} is {text!r}; expected a date such as 2026-06-30 (year-month-day).", USAGE
        ) from None


def visible(text: str) -> str:
    """A text with what steers a terminal written out: control and formatting characters, but for line feeds.

    Reports are written by others. A quote of theirs must neither move the cursor, colour the screen, reverse what
    stands beside it, nor hide.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one
        if one == "\n" or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "", numbers: Sequence[str] = ()
) -> None:
    """A table for people on stdout; `numbers` are the columns to set flush right."""
    shown = Table(title=escape(title) or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in columns:
        shown.add_column(escape(visible(name)), justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(escape(visible(text_of(value))) for value in row))
    out.print(shown)


def text_of(value: Any) -> str:
    """A cell as text: '' for nothing, plain decimals for numbers, ISO for dates."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: TextIO | None = None) -> None:
    """Comma-separated rows with a header on stdout (UTF-8, one line feed a row)."""
    target = stream or sys.stdout
    if target.isatty():
        columns, rows = [visible(one) for one in columns], ([visible(text_of(one)) for one in row] for row in rows)
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([text_of(value) for value in row])


def write_json(rows: Iterable[Mapping[str, Any]], stream: TextIO | None = None) -> None:
    """A JSON list of objects on stdout."""
    from pipelines.findings import plain

    text = json.dumps([plain(row) for row in rows], ensure_ascii=False, indent=2)
    (stream or sys.stdout).write(_UNSEEN.sub(lambda one: json.dumps(one[0])[1:-1], text) + "\n")


class _StatusHandler(logging.Handler):
    """Puts the newest message of the pipeline beside a spinner, or prints lines where stderr is no terminal."""

    def __init__(self, show: Any) -> None:
        super().__init__(logging.INFO)
        self.show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show one message."""
        self.show(record)


@contextmanager
def progress(start: str) -> Iterator[None]:
    """Show what the pipeline logs while the block runs, on stderr: a spinner on a terminal, else plain lines."""
    logger = logging.getLogger(LOGGER)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        if err.is_terminal:
            with err.status(escape(start)) as status:

                def show(record: logging.LogRecord) -> None:
                    if record.levelno >= logging.WARNING:
                        err.print(f"[yellow]{escape(record.getMessage())}[/yellow]")
                    else:
                        status.update(escape(record.getMessage()))

                handler = _StatusHandler(show)
                logger.addHandler(handler)
                yield
        else:
            handler = _StatusHandler(lambda record: print(record.getMessage(), file=sys.stderr, flush=True))
            logger.addHandler(handler)
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def _told_as_full(problem: Exception) -> Exception:
    """What to say where a full disk is behind an error, whichever library met it; any other error as it is."""
    from assets.warehouse.durable import DiskFullError, disk_full, is_disk_full
    from pipelines.settings import SecretFileError, Settings

    # Where a secret cannot be had, there are no settings to ask for the home.
    if isinstance(problem, DiskFullError | SecretFileError):
        return problem
    home = Settings().home
    if not is_disk_full(problem, home):
        return problem
    return DiskFullError(disk_full(home))


@contextmanager
def friendly(debug: bool) -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code; with `debug` the traceback is shown as well."""
    import typer
    from pydantic import ValidationError

    try:
        yield
    except RefusedError as problem:
        if debug:
            err.print_exception()
        err.print(f"[red]{escape(visible(str(problem)))}[/red]")
        raise typer.Exit(problem.exit_code) from None
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except ValidationError as problem:
        for one in problem.errors():
            name = "COLOCAST_" + "_".join(str(part) for part in one["loc"]).upper()
            err.print(
                f"[red]{name} is {escape(repr(one['input']))}: {escape(one['msg'])}. See docs/operations.md.[/red]"
            )
        raise typer.Exit(USAGE) from None
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone: nothing is wrong, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(OK) from None
    except Exception as problem:
        if debug:
            err.print_exception()
        problem = _told_as_full(problem)
        words = str(problem).strip() or type(problem).__name__
        known = type(problem).__module__.startswith(("pipelines", "assets", "forecasts", "expectations"))
        if not known:
            words = f"{type(problem).__name__}: {words}"
        err.print(f"[red]{escape(visible(words))}[/red]")
        if not debug and not known:
            err.print("Repeat the command as `colocast --debug ...` for the full story.")
        raise typer.Exit(FAILED) from None
