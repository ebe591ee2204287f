"""The `runs` table: one row a run of the main job."""

from __future__ import annotations

from datetime import date, datetime

import duckdb

OUTCOMES = ("published", "unchanged", "blocked", "failed")


def record_run(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    started_at: datetime,
    finished_at: datetime | None,
    outcome: str,
    code_version: str,
    vintage: date | None,
    seed: int | None,
) -> None:
    """Write (or write again) one run, with the counts of documents and observations as they now stand. Times are UTC.

    Raises ValueError for an unknown outcome.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}; expected one of {', '.join(OUTCOMES)}")
    connection.execute(
        "INSERT OR REPLACE INTO runs SELECT ?, ?, ?, ?, ?, (SELECT count(*) FROM documents),"
        " (SELECT count(*) FROM observations), ?, ?",
        [run_id, started_at, finished_at, outcome, code_version, vintage, seed],
    )
