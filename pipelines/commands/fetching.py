"""`colocast fetch`: ask the configured sources for new filings now, and say what came of each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.commands.console import FAILED, OK, USAGE, RefusedError, err, out, print_table, progress
from pipelines.filings import ALL_OFF, OFF, ContactError, collect_filings, configured_sources, sources_file
from pipelines.home import LOGGER
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.filings.collecting import Outcome
    from assets.filings.sources import Source

COLUMNS = ("source", "operator", "new", "known", "skipped", "failed", "later", "remark")


def fetch_filings(names: list[str], dry_run: bool) -> int:
    """Ask the sources of these names, or all that are on; returns the exit code.

    0: every source could be asked, or collecting is off; 1: one could not, or something failed, with reason and remedy.
    Raises RefusedError with USAGE for a wrong sources file, an unknown name or a missing contact.
    """
    from assets.filings.sources import SourcesError

    settings = Settings()
    try:
        sources = configured_sources(settings)
    except SourcesError as error:
        raise RefusedError(str(error), USAGE) from error
    if sources is None:
        err.print(escape(OFF.format(file=sources_file(settings))))
        return OK
    chosen = _chosen(sources, names, str(sources_file(settings)))
    if not chosen:
        err.print(escape(ALL_OFF.format(file=sources_file(settings))))
        return OK
    logger = logging.getLogger(LOGGER)
    try:
        with progress("Asking for new filings"):
            outcomes, _ = collect_filings(
                settings,
                lambda memory, now: chosen,
                seconds=settings.fetch_seconds,
                documents=settings.fetch_files,
                all_lists=True,
                trial=dry_run,
                say=logger.info,
                wait_s=settings.lock_wait_s,
            )
    except ContactError as error:
        raise RefusedError(str(error), USAGE) from error
    _show(outcomes, dry_run)
    return FAILED if any(one.failed or one.cut_short for one in outcomes) else OK


def _chosen(sources: tuple[Source, ...], names: list[str], file: str) -> list[Source]:
    known = {one.name: one for one in sources}
    for name in names:
        if name not in known:
            raise RefusedError(
                f"--source is {name!r}; expected one of {', '.join(known) or 'none'}, the names in {file}.", USAGE
            )
        if not known[name].enabled:
            raise RefusedError(f"--source {name}: is off in {file}; set `enabled: true` there first.", USAGE)
    return [one for one in sources if one.enabled and (not names or one.name in names)]


def _show(outcomes: list[Outcome], dry_run: bool) -> None:
    rows = [
        (
            one.source.name,
            one.source.operator,
            len(one.new),
            one.known,
            len(one.skipped) + one.empty,
            len(one.failed),
            one.left,
            _remark(one),
        )
        for one in outcomes
    ]
    numbers = ["new", "known", "skipped", "failed", "later"]
    print_table(COLUMNS, rows, title="What would come" if dry_run else "", numbers=numbers)
    new = [(one.source.name, name) for one in outcomes for name in one.new]
    if new:
        out.print()
        print_table(["source", "address" if dry_run else "file below inbox"], new, title="New")
    for title, troubles in (
        ("Skipped", [(one.source.name, trouble) for one in outcomes for trouble in one.skipped]),
        ("Failed", [(one.source.name, trouble) for one in outcomes for trouble in one.failed]),
    ):
        if troubles:
            out.print()
            print_table(["source", "reason and remedy"], [(name, one.sentence) for name, one in troubles], title=title)
    if new and not dry_run:
        err.print("The inbox sensor takes the new files by itself; without it, run `colocast run`.")


def _remark(outcome: Outcome) -> str:
    words = []
    if outcome.unchanged and not outcome.new and not outcome.failed:
        words.append("nothing changed")
    if outcome.empty:
        words.append(f"{outcome.empty} filings hold nothing asked for")
    if outcome.cut_short:
        words.append("the time or the number of files was used up first; run it again")
    elif outcome.left:
        words.append("the rest comes with the next fetch")
    return "; ".join(words)
