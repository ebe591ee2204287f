"""What a message says: one alert, or many in one. Plain text, the same for mail, chat and webhook."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

KIND_NAMES = {
    "threshold_breach": "forecast crosses a threshold",
    "report_late": "report late",
    "document_quarantined": "document quarantined",
    "restatement": "figure restated",
    "coverage": "coverage outside its band",
    "source_disagreement": "sources disagree",
}
# A longer list is read by nobody, and chats cut it anywhere.
LISTED = 40


@dataclass(frozen=True)
class Told:
    """An open alert as far as messages need it; severity is info, warning or critical. Times are UTC, naive."""

    alert_id: str
    kind: str
    severity: str
    message: str
    runbook: str
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class Message:
    """What goes out. `message_id` stays the same over all attempts: a receiver can know a repetition by it."""

    message_id: str
    alert_ids: tuple[str, ...]
    title: str
    body: str
    severity: str


def single(alert: Told) -> Message:
    """One alert as a message of its own."""
    title = f"Colocast, {alert.severity}: {kind_name(alert.kind)} [{alert.alert_id[:8]}]"
    last = f"Alert {alert.alert_id}; a second message with this id is a repetition."
    body = f"{alert.message}\nWhat to do: {alert.runbook}\n{last}"
    return Message(alert.alert_id, (alert.alert_id,), title, body, alert.severity)


def digest(alerts: Sequence[Told]) -> Message:
    """Many alerts as one message, in the order given; its severity is that of the first."""
    ids = tuple(alert.alert_id for alert in alerts)
    name = hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:20]
    lines = [f"{len(alerts)} alerts at once:"]
    for alert in alerts[:LISTED]:
        lines.append(f"\n- {alert.severity}, {kind_name(alert.kind)}: {alert.message}\n  What to do: {alert.runbook}")
    if len(alerts) > LISTED:
        lines.append(
            f"\n... and {len(alerts) - LISTED} more. All of them: "
            'colocast sql "SELECT severity, kind, message FROM alerts WHERE resolved_at IS NULL"'
        )
    lines.append(f"\nMessage {name}; a second message with this id is a repetition.")
    title = f"Colocast, {alerts[0].severity}: {len(alerts)} alerts [{name[:8]}]"
    return Message(name, ids, title, "\n".join(lines), alerts[0].severity)


def messages(alerts: Sequence[Told], digest_over: int) -> list[Message]:
    """One message each, or one for all where there are more than `digest_over`."""
    return [digest(alerts)] if len(alerts) > digest_over else [single(alert) for alert in alerts]


def kind_name(kind: str) -> str:
    """threshold_breach -> 'forecast crosses a threshold'."""
    return KIND_NAMES.get(kind, kind.replace("_", " "))
