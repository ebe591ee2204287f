"""The messenger of alerts against real servers: a webhook and a mail server that fail half the time, killed senders."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.delivery.alerts.outbox import open_outbox
from bench.alert_delivery import (
    HTTP_FAILURES,
    SMTP_FAILURES,
    Leaps,
    Mailbox,
    Moods,
    Webhook,
    deliver_all,
    deliver_killed,
    listening,
    publish_alerts,
    result,
    settings_for,
)
from pipelines.alert_sensor import alert_sensor, look
from pipelines.locking import run_lock
from pipelines.notifying import send_to, targets
from pipelines.settings import Settings

# Quick failures alone: a hanging receiver costs its patience each time, and the benchmark has those.
BRISK = tuple(mood for mood in HTTP_FAILURES if mood != "hangs")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A webhook that takes everything."""
    with listening(Webhook(Moods((), share=0))) as receiver:
        assert isinstance(receiver, Webhook)
        yield receiver


def test_none_is_lost_and_none_doubled_over_200_to_a_webhook_that_fails_half_the_time(home: Path):
    """The promise: each alert once, whatever the receiver does before it takes one."""
    wanted = publish_alerts(home, 200)
    receiver = Webhook(Moods(BRISK))
    with listening(receiver):
        deliver_all(home, receiver)
    found = result("webhook", wanted, receiver)
    assert (found.lost, found.doubled) == (0, 0)
    assert receiver.refused > 100
    assert len(receiver.bodies) == 200


def test_a_receiver_that_hangs_is_asked_again_and_takes_each_alert_once(home: Path):
    """No answer in time is the failure that looks most like success."""
    wanted = publish_alerts(home, 6)
    receiver = Webhook(Moods(("hangs",)))
    with listening(receiver):
        deliver_all(home, receiver, away=0)
    assert receiver.refused
    assert sorted(receiver.taken) == wanted


def test_none_is_lost_and_none_doubled_by_mail_that_is_deferred_half_the_time(home: Path):
    """Mail servers defer at the recipient, at the data, or hang up; a real one is asked."""
    wanted = publish_alerts(home, 12)
    receiver = Mailbox(Moods(SMTP_FAILURES))
    with listening(receiver):
        deliver_all(home, receiver)
    found = result("mail", wanted, receiver)
    assert (found.lost, found.doubled) == (0, 0)
    assert receiver.refused > 3
    assert all(wanted[n][:8] in " ".join(receiver.subjects) for n in range(12))


def test_senders_killed_at_any_moment_lose_nothing(home: Path):
    """A killed sender cannot know whether its last message was taken: that one may come twice, with the same key."""
    wanted = publish_alerts(home, 30)
    receiver = Webhook(Moods(BRISK))
    with listening(receiver):
        kills = deliver_killed(home, receiver, 2, 30)
    found = result("killed", wanted, receiver)
    assert kills
    assert found.lost == 0
    assert found.doubled <= kills


def test_many_alerts_come_as_one_message_and_each_counts_as_delivered(home: Path, webhook: Webhook):
    """A first run that finds much must not send it in pieces."""
    wanted = publish_alerts(home, 9, "delivery: {digest_over: 8}\n")
    assert look(settings_for(home, webhook.url)).taken == 1
    assert "9 alerts" in webhook.bodies[0]["title"]
    assert all(f"Operator {name}" in webhook.bodies[0]["message"] for name in wanted)
    with open_outbox(home / "alerts.sqlite") as outbox:
        assert sorted(outbox.delivered_times()) == wanted


def test_a_message_carries_its_key_severity_and_what_to_do(home: Path, webhook: Webhook):
    """Programs know a repetition by the key; people by the id in the title, and find the runbook."""
    name = publish_alerts(home, 1)[0]
    look(settings_for(home, webhook.url))
    body = webhook.bodies[0]
    assert (body["idempotency_key"], body["type"]) == (name, "warning")
    assert webhook.taken == [name]
    assert name[:8] in body["title"]
    assert "docs/runbook.md#alert-report-late" in body["message"]


def test_the_runbook_is_a_link_where_the_docs_are_served(home: Path, webhook: Webhook):
    """Whoever reads the message on a telephone has no repository at hand."""
    publish_alerts(home, 1)
    settings = settings_for(home, webhook.url).model_copy(update={"docs_url": "https://docs.example.com/"})
    look(settings)
    assert "https://docs.example.com/runbook.html#alert-report-late" in webhook.bodies[0]["message"]


def test_a_look_with_nothing_new_sends_nothing_and_says_so(home: Path, webhook: Webhook):
    """The sensor looks every 30 seconds for ever."""
    publish_alerts(home, 2)
    settings = settings_for(home, webhook.url)
    assert look(settings).taken == 2
    again = look(settings)
    assert (again.taken, again.words) == (0, "nothing to tell")
    publish_alerts(home, 3)
    assert look(settings).taken == 1
    assert len(webhook.taken) == 3


def test_resolved_alerts_are_not_told(home: Path, webhook: Webhook):
    """What is mended before anybody was told is no news."""
    from assets.warehouse.database import connect

    names = publish_alerts(home, 2)
    with connect(home / "published" / "occupancy.duckdb") as connection:
        connection.execute("UPDATE alerts SET resolved_at = now()::TIMESTAMP WHERE alert_id = ?", [names[0]])
    look(settings_for(home, webhook.url))
    assert webhook.taken == [names[1]]


def test_two_mail_recipients_are_two_addresses_and_neither_hears_twice(home: Path):
    """One of two recipients refuses: sending to both again would tell the other one twice."""

    class Picky(Mailbox):
        deferred = 2

        async def handle_RCPT(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]  # noqa: N802
            if address.startswith("b@") and self.deferred:
                self.deferred -= 1
                return "451 try again later"
            return await super().handle_RCPT(server, session, envelope, address, options)

        async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]  # noqa: N802
            self.told.extend(envelope.rcpt_tos)
            return await super().handle_DATA(server, session, envelope)

    publish_alerts(home, 1)
    receiver = Picky(Moods((), share=0))
    receiver.told = []  # type: ignore[attr-defined]
    url = f"mailto://127.0.0.1:{receiver.port}?from=c@example.com&to=a@example.com,b@example.com"
    clock = Leaps()
    with listening(receiver):
        for _ in range(4):
            look(settings_for(home, url), clock=clock)
            clock.leap()
    assert sorted(receiver.told) == ["a@example.com", "b@example.com"]  # type: ignore[attr-defined]


def test_two_channels_of_one_chat_are_two_receivers():
    """The same holds for services whose receivers are called otherwise."""
    found = targets(["slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general/#other", "nonsense", "nonsense"])
    assert [one.kind for one in found] == ["slack", "slack", "unknown"]
    assert found[0].secret != found[1].secret
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in repr(found)


def test_no_secret_of_an_address_leaves(
    home: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    """COLOCAST_NOTIFY holds passwords: none in words, logs, output or files."""
    publish_alerts(home, 1)
    receiver = Webhook(Moods(("500",), share=1))
    caplog.set_level(logging.DEBUG)
    # Chats carry their password in the path.
    url = receiver.url.replace("/hook", "/s3cret/path")
    mail = "mailto://joe:hunter2@127.0.0.1:1?from=a@example.com&to=x@example.com"
    with listening(receiver):
        refused = look(settings_for(home, f"{url} {mail}"))
    gone = look(settings_for(home, url))
    problem = send_to(targets([url])[0], "title", "body")
    assert [word in " ".join(refused.problems) for word in ("HTTP status 500", "connection refused")] == [True, True]
    assert "connection refused" in problem
    said = repr((refused, gone, problem)) + "".join(capfd.readouterr())
    said += "".join(record.getMessage() for record in caplog.records if record.name != "mail.log")
    files = b"".join(path.read_bytes() for path in home.glob("alerts.*"))
    for secret in ("hunter2", "s3cret"):
        assert secret not in said
        assert secret.encode() not in files


def test_without_addresses_or_publication_nobody_is_told_and_nothing_is_made(home: Path, webhook: Webhook):
    """A home without anything to tell must not be littered."""
    assert "nobody to tell" in look(Settings(home=home)).words
    assert "nothing has been published" in look(settings_for(home, webhook.url)).words
    assert not home.exists()


def test_one_messenger_at_a_time(home: Path, webhook: Webhook):
    """Two would each take the other's messages for those of a dead sender, and tell them twice."""
    import subprocess
    import sys

    publish_alerts(home, 1)
    code = (
        "import sys; from pathlib import Path; from pipelines.locking import run_lock\n"
        "with run_lock(Path(sys.argv[1]), 'test', 0): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(home / "alerts.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert look(settings_for(home, webhook.url)).words == "another messenger is at work"
    finally:
        holder.communicate("")
    assert look(settings_for(home, webhook.url)).taken == 1
    with run_lock(home / "alerts.lock", "test", 0):
        pass


def test_the_tick_says_what_it_did_and_fails_when_an_address_fails_for_long(
    home: Path, monkeypatch: pytest.MonkeyPatch, webhook: Webhook
):
    """A wrong password must turn a tick red before anybody misses an alert."""
    publish_alerts(home, 1)
    monkeypatch.setenv("COLOCAST_HOME", str(home))
    monkeypatch.setenv("COLOCAST_NOTIFY", "json://user:hunter2@127.0.0.1:1/hook")
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance=instance) as context:
        sensor = alert_sensor()
        first = sensor.evaluate_tick(context)
        assert "1 wait" in str(first.skip_message)
        for attempt in range(2, 5):
            due_again(home)
            assert look(Settings()).problems[0].startswith("json "), attempt
        due_again(home)
        with pytest.raises(Exception, match="alerts are not taken") as caught:
            sensor.evaluate_tick(context)
        assert "hunter2" not in str(caught.value)
        monkeypatch.setenv("COLOCAST_NOTIFY", webhook.url)
        assert "1 messages taken" in str(sensor.evaluate_tick(context).skip_message)


def due_again(home: Path) -> None:
    """Let the wait of every message pass."""
    with open_outbox(home / "alerts.sqlite") as outbox:
        outbox.connection.execute(
            "UPDATE messages SET next_try_at = ?",
            [(datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="microseconds")],
        )
