"""`colocast tell`: send the open alerts that nobody was told yet, for homes whose runs no daemon follows."""

from __future__ import annotations

from rich.markup import escape

from pipelines.alert_sensor import look
from pipelines.commands.console import FAILED, OK, err, out
from pipelines.settings import Settings

BUDGET_S = 120.0


def tell() -> int:
    """One round of the messenger; returns the exit code: 1 where a message was not taken and waits."""
    seen = look(Settings(), BUDGET_S)
    for problem in seen.problems:
        err.print(f"[red]{escape(problem)}[/red]")
    out.print(escape(seen.words[:1].upper() + seen.words[1:] + "."))
    return FAILED if seen.problems else OK
