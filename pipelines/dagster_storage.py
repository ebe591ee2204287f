"""Dagster's own databases where they are damaged: the history of runs is lost, and the service goes on.

Belongs here: finding and setting aside. Not here: how large they may grow (housekeeping.py), runs that died
(recovery.py).
"""

from __future__ import annotations

import logging
from pathlib import Path

from pipelines.home import LOGGER

log = logging.getLogger(LOGGER)

_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def mend_storage(dagster_home: Path) -> list[str]:
    """Set aside what is damaged of the SQLite files that all runs share; returns and logs a sentence for each.

    Dagster makes new ones. A database that is busy is left alone.
    """
    from assets.warehouse.aside import set_aside
    from assets.warehouse.mending import trouble_of_sqlite

    said = []
    for name in _DATABASES:
        path = dagster_home / "storage" / name
        reason = trouble_of_sqlite(path) if path.exists() else ""
        if reason:
            aside = set_aside(path)
            kept = aside.name if aside is not None else ""
            said.append(f"{reason}; the history of runs starts anew, and the file is kept as {kept}. Restart the UI.")
    for sentence in said:
        log.warning("%s", sentence)
    return said
