"""The outbox: which alert has to reach which address, and what became of each attempt. A small SQLite file.

Every change is one transaction that is on the disk before anything is sent, so that a killed process loses nothing.
Addresses are secrets: only their kind and a short hash with this file's own salt are kept. What does not belong here:
sending (delivering.py).
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assets.delivery.alerts.reading import alert_sql
from assets.delivery.alerts.wording import Message, Told, messages

BUSY_S = 30.0


class OutboxDamagedError(RuntimeError):
    """The file is no outbox; the message says what to do."""


@dataclass(frozen=True)
class Waiting:
    """A message not taken yet: alerts it tells, attempts so far, when it is tried next, what was wrong last."""

    message_id: str
    address: str
    kind: str
    attempts: int
    next_try_at: datetime
    last_problem: str
    alerts: int


@dataclass(frozen=True)
class Outbox:
    """An open outbox. Times are UTC with their zone."""

    connection: sqlite3.Connection

    def address(self, kind: str, secret: str) -> str:
        """The name of an address: its kind and 8 hex digits that only this file can make of it."""
        salt = self.connection.execute("SELECT value FROM about WHERE name = 'salt'").fetchone()[0]
        return f"{kind} {hashlib.sha256((salt + secret).encode()).hexdigest()[:8]}"

    def compose(
        self, alerts: Sequence[Told], addresses: Sequence[tuple[str, str]], digest_over: int, now: datetime
    ) -> int:
        """Make the messages that are missing; returns how many.

        alerts: those that are open, in the order to tell them; addresses: (address, kind) in use. An address seen for
        the first time is told what nobody has been told, and takes over what waits at an address of its kind that is
        gone (a mended password makes a new address); the rest it need not hear.
        """
        made = 0
        names = [name for name, _ in addresses]
        with _transaction(self.connection):
            told = {row[0] for row in self.connection.execute(alert_sql("outbox_delivered"))}
            for name, kind in addresses:
                if self.connection.execute("SELECT 1 FROM addresses WHERE address = ?", [name]).fetchone() is None:
                    self._register(name, kind, names, alerts, told, now)
                there = {
                    row[0] for row in self.connection.execute("SELECT alert_id FROM parts WHERE address = ?", [name])
                }
                for message in messages([one for one in alerts if one.alert_id not in there], digest_over):
                    self._add(message, name, now)
                    made += 1
        return made

    def _register(
        self, name: str, kind: str, names: Sequence[str], alerts: Sequence[Told], told: set[str], now: datetime
    ) -> None:
        gone = [
            row[0]
            for row in self.connection.execute("SELECT address FROM addresses WHERE kind = ? ORDER BY rowid", [kind])
            if row[0] not in names
        ]
        self.connection.execute("INSERT INTO addresses VALUES (?, ?, ?)", [name, kind, _text(now)])
        for before in gone:
            waits = self.connection.execute(
                "SELECT message_id FROM messages WHERE address = ? AND state <> 'delivered' ORDER BY rowid", [before]
            ).fetchall()
            for (message_id,) in waits:
                # What the new address has from another one already is dropped with the old row.
                for change in (
                    "UPDATE OR IGNORE parts SET address = :to WHERE message_id = :message AND address = :before",
                    "UPDATE OR IGNORE messages SET address = :to, state = 'pending', next_try_at = :now"
                    " WHERE message_id = :message AND address = :before",
                    "DELETE FROM parts WHERE message_id = :message AND address = :before",
                    "DELETE FROM messages WHERE message_id = :message AND address = :before",
                ):
                    self.connection.execute(
                        change, {"to": name, "before": before, "message": message_id, "now": _text(now)}
                    )
        for alert in alerts:
            if alert.alert_id in told or alert.delivered_at is not None:
                self.connection.execute("INSERT OR IGNORE INTO parts VALUES (?, ?, NULL)", [alert.alert_id, name])

    def _add(self, message: Message, address: str, now: datetime) -> None:
        self.connection.execute(
            "INSERT INTO messages (message_id, address, title, body, severity, composed_at, state, next_try_at)"
            " VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)",
            [message.message_id, address, message.title, message.body, message.severity, _text(now), _text(now)],
        )
        self.connection.executemany(
            "INSERT INTO parts VALUES (?, ?, ?)", [(one, address, message.message_id) for one in message.alert_ids]
        )

    def take_back(self) -> int:
        """Put messages whose sender died while sending back to pending; returns how many. For the one sender alone."""
        with _transaction(self.connection):
            changed = self.connection.execute(
                "UPDATE messages SET state = 'pending', last_problem = 'the sender ended before it had an answer'"
                " WHERE state = 'sending'"
            )
        return changed.rowcount

    def due(self, address: str, now: datetime) -> list[Message]:
        """Messages of an address whose time has come, the oldest first; their alert_ids are left empty."""
        rows = self.connection.execute(
            "SELECT message_id, title, body, severity FROM messages"
            " WHERE address = ? AND state = 'pending' AND next_try_at <= ? ORDER BY composed_at, rowid",
            [address, _text(now)],
        )
        return [Message(name, (), title, body, severity) for name, title, body, severity in rows]

    def begin(self, message_id: str, address: str) -> int:
        """Mark a message as being sent; returns the number of this attempt."""
        with _transaction(self.connection):
            row = self.connection.execute(
                "UPDATE messages SET state = 'sending', attempts = attempts + 1 WHERE message_id = ? AND address = ?"
                " AND state = 'pending' RETURNING attempts",
                [message_id, address],
            ).fetchone()
        if row is None:
            raise RuntimeError(f"message {message_id} at {address} is not pending: another sender is at work")
        return int(row[0])

    def delivered(self, message_id: str, address: str, now: datetime) -> None:
        """Mark a message as taken."""
        self._end(message_id, address, "delivered", None, now)

    def failed(self, message_id: str, address: str, problem: str, next_try: datetime) -> None:
        """Put a message back, to be tried at `next_try`."""
        self._end(message_id, address, "pending", problem, next_try)

    def _end(self, message_id: str, address: str, state: str, problem: str | None, at: datetime) -> None:
        column = "delivered_at" if state == "delivered" else "next_try_at"
        with _transaction(self.connection):
            self.connection.execute(
                f"UPDATE messages SET state = ?, last_problem = ?, {column} = ? WHERE message_id = ? AND address = ?",
                [state, problem, _text(at), message_id, address],
            )

    def forget_texts(self, before: datetime) -> int:
        """Empty title and body of messages taken before a moment (UTC, naive or aware); returns how many.

        That they were taken, when and by whom stays, so that nothing is told twice.
        """
        moment = before if before.tzinfo else before.replace(tzinfo=UTC)
        with _transaction(self.connection):
            changed = self.connection.execute(
                "UPDATE messages SET title = '', body = ''"
                " WHERE state = 'delivered' AND delivered_at < ? AND body <> ''",
                [_text(moment)],
            )
        return changed.rowcount

    def delivered_times(self) -> dict[str, datetime]:
        """alert_id -> when the first address took it (UTC, naive, as the warehouse keeps times)."""
        rows = self.connection.execute(alert_sql("outbox_delivered"))
        return {name: datetime.fromisoformat(at).astimezone(UTC).replace(tzinfo=None) for name, at in rows}

    def waiting(self) -> list[Waiting]:
        """Messages not taken yet, the oldest first."""
        return [
            Waiting(name, address, kind, attempts, datetime.fromisoformat(at), problem or "not tried yet", alerts)
            for name, address, kind, attempts, at, problem, alerts in self.connection.execute(
                alert_sql("outbox_waiting")
            )
        ]

    def remembered(self, name: str) -> str:
        """A text kept under a name; '' where there is none."""
        row = self.connection.execute("SELECT value FROM about WHERE name = ?", [name]).fetchone()
        return str(row[0]) if row else ""

    def remember(self, name: str, value: str) -> None:
        """Keep a text under a name."""
        with _transaction(self.connection):
            self.connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", [name, value])


@contextmanager
def open_outbox(path: Path) -> Iterator[Outbox]:
    """The outbox at `path`, made where there is none. Raises OutboxDamagedError."""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        # FULL: a committed change is on the disk, also after a power cut. Its log goes with the last reader.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(alert_sql("outbox"))
        connection.execute("INSERT OR IGNORE INTO about VALUES ('salt', ?)", [secrets.token_hex(16)])
        yield Outbox(connection)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise OutboxDamagedError(
            f"{path}: cannot be used as the outbox of alerts ({error}). The next look or run sets it aside and "
            "makes a new one; alerts with delivered_at in the publication are not sent again."
        ) from error
    finally:
        connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _text(moment: datetime) -> str:
    # One width, so that texts sort as times do.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
