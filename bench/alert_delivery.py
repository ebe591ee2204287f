"""`python -m bench.alert_delivery`: is every alert told once where the receiver fails half the time?

Prints one table: alerts delivered to a real HTTP and a real SMTP server on the loopback address, attempts, alerts
lost and alerts doubled. The receivers fail by a seeded pattern: errors, connections that break or hang before the
message was taken, and times without any receiver. The last row kills the sender (SIGKILL) at random moments and
starts it again; there a receiver may see the one message that was under way twice, with one key. Goal: 0 lost, 0
doubled over 200.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from aiosmtpd.controller import Controller
from rich.console import Console
from rich.table import Table

from assets.warehouse.database import connect, create_schema
from pipelines.alert_sensor import look
from pipelines.settings import Settings

DELIVERIES, SEED = 200, 7
REPOSITORY = Path(__file__).resolve().parents[1]
# How a receiver refuses: a status, a broken connection, or no answer within the sender's patience.
HTTP_FAILURES = ("500", "503", "429", "breaks", "hangs")
SMTP_FAILURES = ("451 at the recipient", "452 at the data", "421 and closed")
PATIENCE_S = 0.3
MANY = "delivery: {digest_over: 1000}\n"


class Receiver(Protocol):
    """A server on the loopback address. `taken`: keys of the messages taken, in order; `refused`: how many were not."""

    taken: list[str]
    refused: int

    @property
    def url(self) -> str:
        """Its address as COLOCAST_NOTIFY takes it."""

    def start(self) -> None:
        """Listen, on the same port each time."""

    def stop(self) -> None:
        """Refuse connections."""


@dataclass
class Moods:
    """Whether the next message is taken: '' yes, else how it fails; half of them fail, by a seeded pattern."""

    failures: Sequence[str]
    seed: int = SEED
    share: float = 0.5
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next(self) -> str:
        """The next mood."""
        with self._lock:
            return self._random.choice(self.failures) if self._random.random() < self.share else ""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Webhook:
    """A webhook that keeps the Idempotency-Key of what it took."""

    def __init__(self, moods: Moods) -> None:
        self.moods, self.port = moods, free_port()
        self.taken: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.refused = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """json:// with short time-outs."""
        return f"json://user:hunter2@127.0.0.1:{self.port}/hook?cto={PATIENCE_S}&rto={PATIENCE_S}"

    def start(self) -> None:
        """Listen."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mood = receiver.moods.next()
                if mood == "hangs":
                    time.sleep(2 * PATIENCE_S)
                if mood:
                    receiver.refused += 1
                    if mood.isdigit():
                        self.send_response(int(mood))
                        self.end_headers()
                    self.close_connection = True
                    return
                receiver.taken.append(self.headers["Idempotency-Key"])
                receiver.bodies.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Mailbox:
    """A mail server that keeps the X-Message-Key of what it took."""

    def __init__(self, moods: Moods) -> None:
        self.moods, self.port = moods, free_port()
        self.taken: list[str] = []
        self.subjects: list[str] = []
        self.refused = 0
        self._mood = ""
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """mailto:// to one person."""
        return f"mailto://127.0.0.1:{self.port}?from=colocast@example.com&to=ops@example.com"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Decide here for the whole message, as servers that grey-list do."""
        self._mood = self.moods.next()
        if self._mood.startswith("451"):
            self.refused += 1
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take the message, or refuse it for now."""
        if self._mood:
            self.refused += 1
            if self._mood.startswith("421"):
                server.transport.close()
            return "452 no room, try again later"
        message = message_from_bytes(envelope.content)
        self.taken.append(str(message["X-Message-Key"]))
        self.subjects.append(str(message["Subject"]))
        return "250 taken"

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Close the port."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


@contextmanager
def listening(receiver: Receiver) -> Iterator[Receiver]:
    """A receiver that listens inside the block."""
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def publish_alerts(home: Path, count: int, own_rules: str = MANY) -> list[str]:
    """A home whose publication has `count` open alerts; returns their ids."""
    names = [f"{number:020x}" for number in range(count)]
    (home / "published").mkdir(parents=True, exist_ok=True)
    (home / "alerts.yaml").write_text(own_rules, encoding="utf-8")
    with connect(home / "published" / "occupancy.duckdb") as connection:
        create_schema(connection)
        connection.execute("DELETE FROM alerts")
        connection.executemany(
            "INSERT INTO alerts (alert_id, raised_at, vintage, kind, severity, message, rule, subject, fact, since,"
            " runbook) VALUES (?, TIMESTAMP '2026-11-20 06:30:00', DATE '2026-09-30', 'report_late', 'warning', ?,"
            " 'report-late', ?, '3Q26', DATE '2026-11-14', 'docs/runbook.md#alert-report-late')",
            [(name, f"Operator {name}: the report is late.", name) for name in names],
        )
    return names


class Leaps:
    """A clock on which every look comes an hour after the one before, so that no wait holds a bench up."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Now."""
        return self.now

    def leap(self) -> None:
        """Let the longest wait pass."""
        self.now += timedelta(hours=1, seconds=1)


def settings_for(home: Path, url: str) -> Settings:
    """Settings of a home and one address."""
    return Settings(home=home, notify=url)  # type: ignore[arg-type]


def deliver_all(home: Path, receiver: Receiver, looks: int = 500, seed: int = SEED, away: float = 0.1) -> int:
    """Look until nothing waits; the receiver is away for a part `away` of the looks. Returns the looks it took."""
    dice, clock = random.Random(seed), Leaps()
    settings = settings_for(home, receiver.url)
    for number in range(1, looks + 1):
        gone = dice.random() < away
        if gone:
            receiver.stop()
        seen = look(settings, clock=clock)
        if gone:
            receiver.start()
        if not seen.waiting:
            return number
        clock.leap()
    raise RuntimeError(f"{seen.waiting} messages still wait after {looks} looks: {seen.problems}")


def send_until_done(home: str, url: str) -> None:
    """What the killed sender runs: look until nothing waits."""
    clock = Leaps()
    # Later than every wait that an earlier sender has set.
    clock.now = datetime.now(UTC) + timedelta(days=365)
    while look(settings_for(Path(home), url), clock=clock).waiting:
        clock.leap()


def deliver_killed(home: Path, receiver: Receiver, kills: int, messages: int, seed: int = SEED) -> int:
    """Deliver with senders that are killed at random moments, then with one that may end. Returns the kills."""
    dice = random.Random(seed)
    code = "import sys; from bench.alert_delivery import send_until_done; send_until_done(sys.argv[1], sys.argv[2])"
    command = [sys.executable, "-c", code, str(home), receiver.url]
    done = 0
    for share in sorted(dice.uniform(0.02, 0.95) for _ in range(kills)):
        sender = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
        while sender.poll() is None and len(receiver.taken) < share * messages:
            time.sleep(0.001)
        # Any moment of an attempt, not only the one after the receiver's answer.
        time.sleep(dice.uniform(0, 0.5))
        if sender.poll() is None:
            os.killpg(sender.pid, signal.SIGKILL)
            done += 1
        sender.wait()
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300)
    return done


@dataclass(frozen=True)
class Result:
    """One row: what was to be told, attempts the receiver saw, alerts lost, alerts doubled, kills of the sender."""

    receiver: str
    alerts: int
    attempts: int
    lost: int
    doubled: int
    kills: int = 0


def result(name: str, wanted: Sequence[str], receiver: Receiver, kills: int = 0) -> Result:
    """Compare what a receiver took with what it should have taken, each once."""
    seen = Counter(receiver.taken)
    lost = sum(one not in seen for one in wanted)
    doubled = sum(count - 1 for count in seen.values())
    return Result(name, len(wanted), len(receiver.taken) + receiver.refused, lost, doubled, kills)


def measure(folder: Path, deliveries: int = DELIVERIES, kills: int = 10) -> list[Result]:
    """All rows."""
    rows = []
    for name, receiver in (("webhook", Webhook(Moods(HTTP_FAILURES))), ("mail", Mailbox(Moods(SMTP_FAILURES)))):
        wanted = publish_alerts(folder / name, deliveries)
        with listening(receiver):
            deliver_all(folder / name, receiver)
        rows.append(result(name, wanted, receiver))
    wanted = publish_alerts(folder / "killed", deliveries)
    receiver = Webhook(Moods(HTTP_FAILURES))
    with listening(receiver):
        done = deliver_killed(folder / "killed", receiver, kills, deliveries)
    rows.append(result("webhook, sender killed", wanted, receiver, done))
    return rows


def main() -> None:
    """Measure and print the table; exit 1 where an alert was lost, or doubled without a kill."""
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    shown = Table(title="Alerts to a receiver that fails half the time", title_justify="left")
    for column in ("receiver", "alerts", "attempts it saw", "lost", "doubled", "kills of the sender"):
        shown.add_column(column, justify="left" if column == "receiver" else "right")
    for row in rows:
        shown.add_row(row.receiver, *(str(n) for n in (row.alerts, row.attempts, row.lost, row.doubled, row.kills)))
    Console().print(shown)
    if any(row.lost or row.doubled > row.kills for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
