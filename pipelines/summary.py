"""What a person wants to know after a run, from the warehouse and what the steps remember: plain rows, no printing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.reporting_calendar import due_reports
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

STATUSES = ("accepted", "quarantined", "rejected")


@dataclass(frozen=True)
class Summary:
    """`by_status`: (status, documents, figures). `held_back`: (file, status, reason). `late`: sentences.

    `counts`: (label, value) for people. `last_run`: the newest row of `runs`, empty before. `alerts`: (severity, told,
    message) of those that are open, the gravest first; `waiting`: a sentence for each message that was not taken yet.
    `damage`: a sentence for what is damaged.
    """

    by_status: list[tuple[str, int, int]]
    held_back: list[tuple[str, str, str]]
    late: list[str]
    counts: list[tuple[str, Any]]
    last_run: dict[str, Any]
    alerts: list[tuple[str, str, str]]
    waiting: list[str]
    damage: list[str]


def remembered(settings: Settings, stage: str) -> dict[str, Any]:
    """What a step last left, whatever has happened since; empty where it has not run."""
    path = settings.layout.state / "stages.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["stages"][stage]["summary"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def late_operators(settings: Settings) -> list[str]:
    """A sentence for every operator whose report is overdue, the latest first."""
    from assets.reports.operators import load_layouts

    days = remembered(settings, "judge").get("last_periods", {})
    known = {operator: date.fromisoformat(day) for operator, day in days.items()}
    return [due.message for due in due_reports(load_layouts(), known, settings.today) if due.state == "late"]


def summarise(settings: Settings) -> Summary:
    """Read the warehouse, or what was last published while a run holds the warehouse or it is damaged or gone.

    Raises FileNotFoundError with its remedy where there is neither yet.
    """
    from assets.warehouse.database import WarehouseDamagedError, WarehouseLockedError
    from pipelines.steps.mending import known_damage

    home, damage = settings.layout, known_damage(settings)
    try:
        return _summary_of(home.warehouse, settings, damage)
    except (FileNotFoundError, WarehouseLockedError, WarehouseDamagedError) as error:
        if not home.published.is_file():
            raise
        if isinstance(error, WarehouseDamagedError):
            damage = [str(error), *damage]
        return _summary_of(home.published, settings, damage)


def _summary_of(database: Path, settings: Settings, damage: list[str]) -> Summary:
    from assets.warehouse.database import connect

    with connect(database, read_only=True) as connection:
        found = {
            row[0]: (int(row[1]), int(row[2] or 0))
            for row in connection.execute(
                "SELECT status, count(*), sum(rows_accepted) FROM documents GROUP BY status"
            ).fetchall()
        }
        held_back = connection.execute(
            "SELECT file_name, status, coalesce(reason, '') FROM documents WHERE status <> 'accepted' ORDER BY ALL"
        ).fetchall()
        figures = connection.execute("SELECT count(*) FROM observations").fetchone()
        quarantined = connection.execute("SELECT count(*) FROM quarantine").fetchone()
        series = connection.execute(
            "SELECT count(DISTINCT (level, series_id)), max(quarter_end) FROM occupancy_history"
        ).fetchone()
        vintages = connection.execute(
            "SELECT count(DISTINCT vintage), max(vintage), count(DISTINCT (level, series_id)) FROM occupancy_forecast"
        ).fetchone()
        run = connection.execute("SELECT * FROM runs ORDER BY started_at DESC, run_id LIMIT 1")
        names = [column[0] for column in run.description or ()]
        last = run.fetchone()
        alerts = _open_alerts(connection)
    told, waiting, problem = _outbox(settings)
    # An aggregate always has a row.
    assert figures is not None
    assert quarantined is not None
    assert series is not None
    assert vintages is not None
    return Summary(
        by_status=[(status, *found.get(status, (0, 0))) for status in STATUSES],
        held_back=held_back,
        late=late_operators(settings),
        counts=[
            ("figures", f"{figures[0]} accepted, {quarantined[0]} rows in quarantine"),
            ("series", f"{series[0]}, up to {series[1] or 'nothing yet'}"),
            ("forecasts", f"{vintages[2]} series, {vintages[0]} vintages, newest {vintages[1] or 'none yet'}"),
        ],
        last_run=dict(zip(names, last, strict=True)) if last else {},
        alerts=[
            (severity, _told(told.get(name, delivered_at)), message)
            for name, _, severity, message, _, delivered_at, *_ in alerts
        ],
        waiting=waiting,
        damage=[*damage, *([problem] if problem else [])],
    )


def _open_alerts(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    from assets.delivery.alerts.reading import alert_sql
    from assets.warehouse.database import published_tables

    # A publication of an earlier version may have no such table.
    if "alerts" not in published_tables(connection):
        return []
    return connection.execute(alert_sql("open_alerts")).fetchall()


def _outbox(settings: Settings) -> tuple[dict[str, datetime], list[str], str]:
    """Who was told when, as it stands now, what waits, and what is wrong with the outbox; empty before any message."""
    if not settings.layout.outbox.is_file():
        return {}, [], ""
    from assets.delivery.alerts.outbox import OutboxDamagedError, open_outbox

    try:
        with open_outbox(settings.layout.outbox) as outbox:
            waiting = [
                f"{one.alerts} alert{'' if one.alerts == 1 else 's'} to {one.address}: {one.last_problem}; "
                f"{one.attempts} attempts, next {one.next_try_at:%Y-%m-%d %H:%M} UTC"
                for one in outbox.waiting()
            ]
            return outbox.delivered_times(), waiting, ""
    except OutboxDamagedError as error:
        return {}, [], str(error)


def _told(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "nobody yet"
