"""Past vintages: forecasts as they could have been made then, frozen and never made anew.

Belongs here: which quarters are made, in which order, with which history. How a vintage is made is in build.py, why it
differs from the one before in bridge.py, how good it was in track_record.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from assets.outlook.bridge import State, bridge, state_before, write_bridge
from assets.outlook.build import BACKFILL, check_vintage, make, read_known, rows_of, summary_of, write_vintage
from assets.outlook.drawing import HORIZON
from assets.outlook.past import Past, Progress
from assets.outlook.reading import known_for
from assets.warehouse.history import build_history


def missing_vintages(connection: duckdb.DuckDBPyConnection, newest: date, count: int) -> list[date]:
    """Of the `count` quarter ends before `newest` those that have no forecast though figures were known then."""
    ends = [(pd.Timestamp(newest) - pd.offsets.QuarterEnd(back)).date() for back in range(count, 0, -1)]
    return [end for end in ends if not rows_of(connection, end) and _knows_anything(connection, known_for(end, newest))]


def _knows_anything(connection: duckdb.DuckDBPyConnection, known_by: date) -> bool:
    found = connection.execute("SELECT 1 FROM observations WHERE known_at <= ? LIMIT 1", [known_by]).fetchone()
    return found is not None


def backfill(
    connection: duckdb.DuckDBPyConnection,
    vintages: Sequence[date],
    as_of: date,
    seed: int,
    code_version: str,
    progress: Progress | None = None,
    past: Past | None = None,
) -> dict[str, Any]:
    """Make past vintages, each with what was known on the last day before the next quarter ended, and the bridges from
    each one's predecessor and to its successor. A vintage that is there is kept. The history is put back as known on
    as_of.

    progress(done, total) counts vintages; past: answers shared with other vintages of this run. Returns a summary: made
    and kept (quarter ends), seconds; of a single vintage also what build_outlook says. Raises ValueError for a vintage
    that is no quarter end or after as_of.
    """
    started = time.monotonic()
    for vintage in vintages:
        check_vintage(vintage, as_of)
    past = past or Past(HORIZON, seed)
    before: State | None = None
    made_now: list[date] = []
    said: dict[str, Any] = {}
    wanted = [one for one in sorted(set(vintages)) if not rows_of(connection, one)]
    try:
        for done, vintage in enumerate(wanted, start=1):
            known_on = known_for(vintage, as_of)
            if before is None or before.vintage != previous(vintage):
                before = state_before(connection, previous(vintage), past)
            build_history(connection, known_on)
            made = make(connection, read_known(connection, vintage, known_on, past.items), past)
            write_vintage(connection, made, known_on, seed, code_version, BACKFILL)
            if before is not None:
                rows = bridge(connection, before, made, past, code_version)
                write_bridge(connection, rows, before.vintage, vintage)
            before = State.of(connection, made)
            if following(vintage) not in wanted:
                _bridge_to_next(connection, before, past, code_version)
            made_now.append(vintage)
            said = summary_of(made)
            if progress is not None:
                progress(done, len(wanted))
    finally:
        if wanted:
            build_history(connection, as_of)
    kept = sorted(set(vintages) - set(made_now))
    summary = {
        "made": [one.isoformat() for one in made_now],
        "kept": [one.isoformat() for one in kept],
        "seconds": round(time.monotonic() - started, 2),
    }
    return {**said, **summary} if len(vintages) == 1 else summary


def _bridge_to_next(connection: duckdb.DuckDBPyConnection, before: State, past: Past, code_version: str) -> None:
    """The bridge from a vintage that has just been made to one that was there before it."""
    found = connection.execute(
        "SELECT known_by FROM vintages WHERE vintage = ?", [following(before.vintage)]
    ).fetchone()
    if found is None:
        return
    build_history(connection, found[0])
    made = make(connection, read_known(connection, following(before.vintage), found[0], past.items), past)
    write_bridge(
        connection, bridge(connection, before, made, past, code_version), before.vintage, following(before.vintage)
    )


def following(vintage: date) -> date:
    """The quarter end after."""
    return (pd.Timestamp(vintage) + pd.offsets.QuarterEnd(1)).date()


def previous(vintage: date) -> date:
    """The quarter end before."""
    return (pd.Timestamp(vintage) - pd.offsets.QuarterEnd(1)).date()
