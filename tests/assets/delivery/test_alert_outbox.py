"""The outbox: what is told to whom, how often it is tried, and what survives a crash or a changed address."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.delivery.alerts.delivering import Address, deliver
from assets.delivery.alerts.outbox import Outbox, OutboxDamagedError, open_outbox
from assets.delivery.alerts.rules import Delivery
from assets.delivery.alerts.wording import LISTED, Message, Told, digest, single

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HOW = Delivery(digest_over=3, first_wait_s=60, longest_wait_s=600)
A, B = ("json a", "json"), ("mailto b", "mailto")


def told(number: int, delivered_at: datetime | None = None) -> Told:
    return Told(f"alert{number}", "report_late", "warning", f"Operator {number} is late.", "docs/x", delivered_at)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "alerts.sqlite") as one:
        yield one


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def receiver(answers: Callable[[Message], str], name: tuple[str, str] = A) -> tuple[Address, list[Message]]:
    seen: list[Message] = []

    def send(message: Message) -> str:
        seen.append(message)
        return answers(message)

    return Address(name[0], name[1], send), seen


def test_each_alert_is_composed_once_for_each_address(outbox: Outbox):
    """The same publication looked at twice, or a later one that still holds the alert, adds nothing."""
    assert outbox.compose([told(1), told(2)], [A, B], 3, NOW) == 4
    assert outbox.compose([told(2), told(1)], [A, B], 3, NOW) == 0
    assert outbox.compose([told(1), told(2), told(3)], [A, B], 3, NOW) == 2


def test_many_at_once_are_one_message_and_each_is_delivered_once(outbox: Outbox):
    """Forty alerts in forty messages are read by nobody."""
    alerts = [told(number) for number in range(4)]
    assert outbox.compose(alerts, [A], 3, NOW) == 1
    address, seen = receiver(lambda _: "")
    assert deliver(outbox, [address], HOW, 10, Clock()).taken == 1
    assert "4 alerts" in seen[0].title
    assert all(alert.message in seen[0].body for alert in alerts)
    assert set(outbox.delivered_times()) == {alert.alert_id for alert in alerts}
    assert outbox.compose(alerts, [A], 3, NOW) == 0


def test_a_long_digest_is_cut_aloud_and_keeps_its_name_in_any_order():
    """What is not listed is counted; a repetition can be known whatever order the alerts came in."""
    alerts = [told(number) for number in range(LISTED + 7)]
    message = digest(alerts)
    assert "7 more" in message.body
    assert digest(alerts[::-1]).message_id == message.message_id
    assert single(alerts[0]).message_id == alerts[0].alert_id
    assert alerts[0].runbook in single(alerts[0]).body


def test_a_refused_message_waits_longer_each_time_and_is_never_given_up(outbox: Outbox):
    """A receiver that is down must not be hammered, nor an alert be lost because it was down for long."""
    outbox.compose([told(1)], [A], 3, NOW)
    clock = Clock()
    address, seen = receiver(lambda _: "no answer")
    waits = []
    for attempt in range(1, 9):
        done = deliver(outbox, [address], HOW, 10, clock)
        assert done.most_attempts == attempt
        assert deliver(outbox, [address], HOW, 10, clock).problems == []
        waiting = outbox.waiting()[0]
        assert (waiting.attempts, waiting.last_problem, waiting.alerts) == (attempt, "no answer", 1)
        waits.append((waiting.next_try_at - clock.now).total_seconds())
        clock.now = waiting.next_try_at
    assert waits == [60, 120, 240, 480, 600, 600, 600, 600]
    well, seen = receiver(lambda _: "")
    assert deliver(outbox, [well], HOW, 10, clock).taken == 1
    assert outbox.waiting() == []
    assert len({message.message_id for message in seen}) == 1


def test_one_address_that_fails_holds_up_no_other(outbox: Outbox):
    """The mail server is down; the chat must hear all the same, and only once."""
    outbox.compose([told(1), told(2)], [A, B], 3, NOW)
    down, _ = receiver(lambda _: "refused", A)
    up, seen = receiver(lambda _: "", B)
    clock = Clock()
    for _ in range(3):
        deliver(outbox, [down, up], HOW, 10, clock)
        clock.now += timedelta(hours=1)
    assert [message.message_id for message in seen] == ["alert1", "alert2"]
    assert {one.address for one in outbox.waiting()} == {A[0]}


def test_a_receiver_that_is_down_is_asked_only_a_few_times_a_look(outbox: Outbox):
    """Each attempt can take seconds until it times out; a look has to end."""
    outbox.compose([told(number) for number in range(20)], [A], 1000, NOW)
    address, seen = receiver(lambda _: "no answer")
    deliver(outbox, [address], HOW, 10, Clock())
    assert len(seen) == 3
    assert deliver(outbox, [address], HOW, 0.0, Clock()).problems == []


def test_a_sender_that_died_while_sending_sends_again_with_the_same_key(outbox: Outbox, tmp_path: Path):
    """Nobody can know whether the receiver took it: lost would be worse than told twice."""
    outbox.compose([told(1)], [A], 3, NOW)
    outbox.begin("alert1", A[0])
    with open_outbox(tmp_path / "alerts.sqlite") as after:
        address, seen = receiver(lambda _: "")
        assert deliver(after, [address], HOW, 10, Clock()).taken == 1
    assert [message.message_id for message in seen] == ["alert1"]


def test_two_senders_cannot_take_one_message(outbox: Outbox):
    """The mark is taken in one statement, so that the second finds it gone."""
    outbox.compose([told(1)], [A], 3, NOW)
    outbox.begin("alert1", A[0])
    with pytest.raises(RuntimeError, match="another sender"):
        outbox.begin("alert1", A[0])


def test_a_new_address_hears_what_nobody_was_told_and_nothing_old(outbox: Outbox):
    """Adding a chat must not repeat a year of alerts; the first address ever hears everything that is open."""
    outbox.compose([told(1)], [A], 3, NOW)
    address, _ = receiver(lambda _: "")
    deliver(outbox, [address], HOW, 10, Clock())
    published_earlier = told(2, datetime(2026, 11, 1))
    assert outbox.compose([told(1), published_earlier, told(3)], [A, B], 3, NOW) == 3
    assert [one.message_id for one in outbox.due(B[0], NOW)] == ["alert3"]


def test_a_lost_outbox_tells_nothing_again_that_the_publication_says_was_told(outbox: Outbox):
    """The file can be lost with a disk; delivered_at is published and remembers."""
    assert outbox.compose([told(1, datetime(2026, 11, 1)), told(2)], [A], 3, NOW) == 1
    assert [one.message_id for one in outbox.due(A[0], NOW)] == ["alert2"]


def test_a_mended_address_takes_over_what_waited_at_the_broken_one(outbox: Outbox):
    """A wrong password makes alerts wait; the right one makes another address, which must still be told."""
    wrong, right = ("mailto wrong", "mailto"), ("mailto right", "mailto")
    outbox.compose([told(1)], [A, wrong], 3, NOW)
    well, _ = receiver(lambda _: "", A)
    broken, _ = receiver(lambda _: "refused", wrong)
    deliver(outbox, [well, broken], HOW, 10, Clock())
    outbox.compose([told(1)], [A, right], 3, NOW)
    assert [one.message_id for one in outbox.due(right[0], NOW)] == ["alert1"]
    assert [one.address for one in outbox.waiting()] == [right[0]]
    mended, seen = receiver(lambda _: "", right)
    deliver(outbox, [well, mended], HOW, 10, Clock())
    assert len(seen) == 1
    assert outbox.waiting() == []


def test_delivery_times_are_the_first_of_all_addresses(outbox: Outbox):
    """An alert is delivered when somebody was told; that moment is published and must not move."""
    outbox.compose([told(1)], [A, B], 3, NOW)
    clock = Clock()
    first, _ = receiver(lambda _: "", B)
    late, _ = receiver(lambda _: "" if clock.now > NOW else "down", A)
    deliver(outbox, [late, first], HOW, 10, clock)
    clock.now += timedelta(hours=1)
    deliver(outbox, [late, first], HOW, 10, clock)
    assert outbox.waiting() == []
    assert outbox.delivered_times() == {"alert1": NOW.replace(tzinfo=None)}


def test_an_address_is_known_by_kind_and_a_hash_of_this_file_alone(tmp_path: Path):
    """A state file is copied into bug reports; no password may stand in it, nor be tried out against it."""
    secret = "mailto://user:hunter2@mail.example.com"
    names = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.sqlite"
        with open_outbox(path) as outbox:
            names.append(outbox.address("mailto", secret))
            assert outbox.address("mailto", secret) == names[-1]
            outbox.compose([told(1)], [(names[-1], "mailto")], 3, NOW)
        content = b"".join(file.read_bytes() for file in tmp_path.glob(f"{name}.sqlite*"))
        assert b"hunter2" not in content
        assert b"mail.example.com" not in content
    assert names[0].startswith("mailto ")
    assert names[0] != names[1]


def test_a_damaged_outbox_says_what_to_do(tmp_path: Path):
    """Alerts must not fall silent behind a traceback."""
    path = tmp_path / "alerts.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(OutboxDamagedError, match="sets it aside"), open_outbox(path):
        pass


def test_a_change_that_breaks_halfway_leaves_nothing(outbox: Outbox, monkeypatch: pytest.MonkeyPatch):
    """A message without its parts would be told for ever; parts without their message never."""

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(Outbox, "_add", broken)
    with pytest.raises(sqlite3.OperationalError):
        outbox.compose([told(1)], [A], 3, NOW)
    monkeypatch.undo()
    assert outbox.compose([told(1)], [A], 3, NOW) == 1
