"""Alerts: what the rules find in the finished tables, into the table `alerts`. Telling people is alert_sensor.py's."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pipelines import versions
from pipelines.steps.mending import mended
from pipelines.steps.tables import describe_tables
from pipelines.steps.warehouse import due_rows
from pipelines.steps.work import Outcome, StageError, Work, log, need, utc

ALERT_TABLES = ("alerts",)
SHOWN = ("severity", "kind", "message", "raised_at", "delivered_at", "runbook")


@mended
def alerts(work: Work) -> Outcome:
    """Judge every rule. Summary: counts, what was passed over and why, the open alerts, and the table. Raises
    StageError for a rules file or an outbox that cannot be used.
    """
    memory = work.memory()
    delivered = _delivered(work)
    own = work.home.alert_rules
    mark = versions.fingerprint(
        need(memory, "track_record"),
        work.vintage,
        work.as_of,
        versions.version_of(versions.ALERTS),
        versions.hash_files([work.settings.alert_rules, own], own.parent),
        sorted(delivered.items()),
    )
    summary = memory.recall("alerts", mark)
    if summary is not None:
        return Outcome("alerts", False, summary)
    from assets.delivery.alerts.raising import record
    from assets.delivery.alerts.reading import alert_sql, judge_rules
    from assets.delivery.alerts.rules import RulesError, load_rules
    from assets.warehouse.database import connect
    from pipelines.findings import plain

    try:
        rules = load_rules(work.settings.alert_rules, own)
    except RulesError as error:
        raise StageError(str(error)) from error
    log.info("Judging %d rules of alerts", len(rules.rules))
    due = due_rows(work, memory.stages["judge"]["summary"]["last_periods"])
    memory.forget("alerts")
    with connect(work.home.warehouse) as connection:
        judged = judge_rules(connection, rules.rules, due, work.vintage, work.as_of)
        said = record(connection, judged, utc(work.started_at), work.vintage, delivered)
        cursor = connection.execute(alert_sql("open_alerts"))
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        tables = describe_tables(connection, ALERT_TABLES)
    notes = [note for one in judged.values() for note in one.notes]
    for note in notes:
        log.warning("%s", note)
    summary = {
        **plain(asdict(said)),
        "rules": len(rules.rules),
        "notes": notes,
        "open_alerts": [plain({name: row[name] for name in SHOWN}) for row in rows],
        "vintage": work.vintage.isoformat(),
        "tables": tables,
        "fingerprint": mark,
    }
    memory.store("alerts", mark, summary)
    return Outcome("alerts", True, summary)


def open_by_severity(summary: dict[str, Any]) -> dict[str, int]:
    """'open critical', 'open warning', 'open info' -> alerts."""
    found = [row["severity"] for row in summary["open_alerts"]]
    return {f"open {severity}": found.count(severity) for severity in ("critical", "warning", "info")}


def passed_over_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a rule and reason: facts that the rule found and did not tell."""
    return [
        {"rule": rule, "reason": reason, "facts": count}
        for rule, reasons in sorted(summary["passed_over"].items())
        for reason, count in sorted(reasons.items())
    ]


def _delivered(work: Work) -> dict[str, datetime]:
    from assets.delivery.alerts.outbox import OutboxDamagedError, open_outbox

    if not work.home.outbox.is_file():
        return {}
    try:
        with open_outbox(work.home.outbox) as outbox:
            return outbox.delivered_times()
    except OutboxDamagedError as error:
        # Damaged since this run began. Who was told stands in the publication as well.
        log.warning("%s", error)
        return {}
