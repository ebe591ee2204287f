"""Delivering: what waits in the outbox goes to each address, and what was not taken is tried again later.

A message is marked as being sent before it leaves and as delivered after it was taken. A receiver that refuses, breaks
or does not answer gets it again; a sender killed between the two marks cannot know, so it sends again: a receiver may
then see one message twice, both with one id. How a message travels is the caller's (`Send`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assets.delivery.alerts.outbox import Outbox
from assets.delivery.alerts.rules import Delivery
from assets.delivery.alerts.wording import Message

# A receiver that fails so often in a row is left alone until the next look.
FAILURES_IN_A_ROW = 3

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Address:
    """Where messages go. `name` is safe to show (outbox.Outbox.address); `send` returns '' or what was wrong, without
    any secret.
    """

    name: str
    kind: str
    send: Callable[[Message], str]


@dataclass
class Delivered:
    """What one look at the outbox came to: messages taken, and a sentence for each attempt that failed."""

    taken: int = 0
    problems: list[str] = field(default_factory=list)
    most_attempts: int = 0


def utc_now() -> datetime:
    """Now, UTC with its zone."""
    return datetime.now(UTC)


def deliver(
    outbox: Outbox, addresses: Sequence[Address], how: Delivery, budget_s: float, clock: Clock = utc_now
) -> Delivered:
    """Send what is due at each address, for about `budget_s` seconds. The caller makes sure that it is the only one.

    The n-th failure of a message makes it wait first_wait_s x 2^(n-1) seconds, longest_wait_s at most; nothing is given
    up. An attempt under way is not cut off when the budget ends.
    """
    outbox.take_back()
    done = Delivered()
    ends = time.monotonic() + budget_s
    for address in addresses:
        in_a_row = 0
        for message in outbox.due(address.name, clock()):
            if in_a_row >= FAILURES_IN_A_ROW or time.monotonic() >= ends:
                break
            attempt = outbox.begin(message.message_id, address.name)
            problem = address.send(message)
            if not problem:
                outbox.delivered(message.message_id, address.name, clock())
                done.taken += 1
                in_a_row = 0
                continue
            wait = min(how.first_wait_s * 2 ** min(attempt - 1, 30), how.longest_wait_s)
            outbox.failed(message.message_id, address.name, problem, clock() + timedelta(seconds=wait))
            done.problems.append(f"{address.name}: {problem}; attempt {attempt}, next in {wait:.0f} s")
            done.most_attempts = max(done.most_attempts, attempt)
            in_a_row += 1
    return done
