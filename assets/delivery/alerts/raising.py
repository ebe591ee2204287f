"""The table `alerts`: a fact raises it once, ever; one that goes away resolves it, one that comes back opens it again.

Belongs here: identity and the life of an alert. Not here: whether there is a fact (kinds.py), who was told (outbox.py).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from assets.delivery.alerts.kinds import OLDER, Fact, Judged
from assets.delivery.alerts.reading import alert_sql
from assets.warehouse.database import transaction


@dataclass(frozen=True)
class Raised:
    """What record() did: alerts by what became of them, and reason -> facts passed over, in all and by rule."""

    raised: int
    reopened: int
    resolved: int
    open: int
    undelivered: int
    passed_over: dict[str, dict[str, int]]


def alert_id(fact: Fact) -> str:
    """20 hex digits over rule, subject and fact: the same wherever and whenever it is found."""
    return hashlib.sha256(json.dumps([fact.rule.id, fact.subject, fact.fact]).encode()).hexdigest()[:20]


def record(
    connection: duckdb.DuckDBPyConnection,
    judged: Mapping[str, Judged],
    raised_at: datetime,
    vintage: date,
    delivered: Mapping[str, datetime],
) -> Raised:
    """Bring the table up to date. An alert keeps the words and values it was raised with, since these are what people
    were told; only delivered_at and resolved_at change.

    judged: rule id -> what it found; `raised_at`: moment of the run (UTC, naive); `delivered`: alert_id -> when it
    was first taken by an address (UTC, naive). Facts too old to be raised keep an alert open that was raised before.
    """
    passed_over = {rule: Counter(one.passed_over) for rule, one in judged.items()}
    facts = {alert_id(fact): fact for one in judged.values() for fact in one.facts}
    with transaction(connection):
        standing = dict(connection.execute("SELECT alert_id, resolved_at FROM alerts").fetchall())
        new = {}
        for name, fact in facts.items():
            if name not in standing and fact.recent:
                new[name] = fact
            elif name not in standing:
                passed_over[fact.rule.id][OLDER] += 1
        reopened = [name for name in facts if name in standing and standing[name] is not None]
        gone = [name for name, resolved in standing.items() if resolved is None and name not in facts]
        for name in sorted(new):
            connection.execute(alert_sql("insert"), _row(name, new[name], raised_at, vintage))
        _set(connection, "resolved_at", dict.fromkeys(reopened) | dict.fromkeys(gone, raised_at))
        known = {*standing, *new}
        told = connection.execute("SELECT alert_id, delivered_at FROM alerts WHERE delivered_at IS NOT NULL").fetchall()
        untold = known - {row[0] for row in told}
        _set(connection, "delivered_at", {name: at for name, at in delivered.items() if name in untold})
        counts = connection.execute(alert_sql("count")).fetchone()
    assert counts is not None
    return Raised(
        len(new),
        len(reopened),
        len(gone),
        int(counts[0]),
        int(counts[1]),
        {rule: dict(found) for rule, found in passed_over.items() if found},
    )


def _row(name: str, fact: Fact, raised_at: datetime, vintage: date) -> dict[str, Any]:
    return {
        "alert_id": name,
        "raised_at": raised_at,
        "vintage": vintage,
        "kind": fact.rule.kind,
        "severity": fact.rule.severity,
        "level": fact.level,
        "series_id": fact.series_id,
        "message": fact.message,
        "rule": fact.rule.id,
        "subject": fact.subject,
        "fact": fact.fact,
        "since": fact.since,
        "value": fact.value,
        "limit_value": fact.limit_value,
        "unit": fact.unit,
        "document_id": fact.document_id,
        "runbook": fact.rule.runbook,
    }


def _set(connection: duckdb.DuckDBPyConnection, column: str, values: Mapping[str, datetime | None]) -> None:
    for name, value in sorted(values.items()):
        connection.execute(f"UPDATE alerts SET {column} = ? WHERE alert_id = ?", [value, name])
