"""The messenger of alerts: looks at what was published, and tells each address what it has not been told.

No run waits on a network: a run leaves alerts in the publication, and this sensor, tick by tick, sends them and sends
again what was not taken. What is open, what is due and what was taken stands in the outbox (assets/delivery/alerts);
how a message leaves is in notifying.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from pipelines import notifying
from pipelines.locking import LockedError, run_lock
from pipelines.memory import stamp
from pipelines.runbook import RUNBOOK, address
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.delivery.alerts.delivering import Address, Clock
    from assets.delivery.alerts.outbox import Outbox
    from assets.delivery.alerts.wording import Message, Told

INTERVAL_S = 30
# A tick dies after 60 s; an attempt that is under way when this ends may take some seconds more.
BUDGET_S = 25.0
# From so many attempts of one message on, the tick fails: somebody has to look at the address.
LOUD_AFTER = 5


@dataclass(frozen=True)
class Looked:
    """What one look came to. `words`: a sentence for the log; `loud`: a message was refused LOUD_AFTER times."""

    words: str
    taken: int = 0
    waiting: int = 0
    problems: tuple[str, ...] = field(default=())
    loud: bool = False


def look(settings: Settings, budget_s: float = BUDGET_S, clock: Clock | None = None) -> Looked:
    """Compose what the newest publication adds, send what is due. One look at a time in one home.

    A damaged outbox is set aside, and the look is made with a new one. Raises RulesError.
    """
    home = settings.layout
    if not settings.notify_urls:
        return Looked("COLOCAST_NOTIFY is empty: nobody to tell")
    if not home.published.is_file():
        return Looked("nothing has been published yet")
    try:
        with run_lock(home.outbox_lock, "alert messenger", 0.0):
            return _look_again(settings, budget_s, clock)
    except LockedError:
        return Looked("another messenger is at work")


def _look_again(settings: Settings, budget_s: float, clock: Clock | None) -> Looked:
    from assets.delivery.alerts.outbox import OutboxDamagedError
    from assets.warehouse.aside import set_aside

    try:
        return _look(settings, budget_s, clock)
    except OutboxDamagedError as error:
        set_aside(settings.layout.outbox)
        seen = _look(settings, budget_s, clock)
        return replace(seen, problems=(str(error), *seen.problems))


def _look(settings: Settings, budget_s: float, clock: Clock | None) -> Looked:
    from assets.delivery.alerts.delivering import deliver, utc_now
    from assets.delivery.alerts.outbox import open_outbox
    from assets.delivery.alerts.rules import load_rules

    home, clock = settings.layout, clock or utc_now
    with open_outbox(home.outbox) as outbox:
        mark = f"{stamp(home.published)} {outbox.address('all', ' '.join(settings.notify_urls))}"
        unchanged = outbox.remembered("composed from") == mark
        if unchanged and not any(one.next_try_at <= clock() for one in outbox.waiting()):
            return _said(outbox, 0, (), 0)
        how = load_rules(settings.alert_rules, home.alert_rules).delivery
        addresses = _addresses(outbox, settings.notify_urls)
        if not unchanged:
            known = [(one.name, one.kind) for one in addresses]
            alerts = [_linked(one, settings.docs_url) for one in open_alerts(home.published)]
            outbox.compose(alerts, known, how.digest_over, clock())
            outbox.remember("composed from", mark)
        done = deliver(outbox, addresses, how, budget_s, clock)
        return _said(outbox, done.taken, tuple(done.problems), done.most_attempts)


def open_alerts(published: Path) -> list[Told]:
    """The alerts of a published file that still hold, the gravest first; none in a file of a version without them."""
    from assets.delivery.alerts.reading import alert_sql
    from assets.delivery.alerts.wording import Told
    from assets.warehouse.database import connect, published_tables

    with connect(published, read_only=True) as connection:
        if "alerts" not in published_tables(connection):
            return []
        rows = connection.execute(alert_sql("open_alerts")).fetchall()
    return [Told(*row[:6]) for row in rows]


def _linked(alert: Told, docs_url: str) -> Told:
    """The alert with its section of the runbook as an address that can be opened, where the docs are served."""
    place, mark, section = alert.runbook.partition("#")
    return replace(alert, runbook=address(section, docs_url)) if mark and place == RUNBOOK else alert


def _addresses(outbox: Outbox, urls: list[str]) -> list[Address]:
    from assets.delivery.alerts.delivering import Address

    return [
        Address(outbox.address(target.kind, target.secret), target.kind, partial(_send, target))
        for target in notifying.targets(urls)
    ]


def _send(target: notifying.Target, message: Message) -> str:
    return notifying.send_to(target, message.title, message.body, message.severity, message.message_id)


def _said(outbox: Outbox, taken: int, problems: tuple[str, ...], most_attempts: int) -> Looked:
    waiting = outbox.waiting()
    words = f"{taken} messages taken" if taken or problems else "nothing to tell"
    if waiting:
        first = min(waiting, key=lambda one: one.next_try_at)
        words += f"; {len(waiting)} wait, the next is tried at {first.next_try_at:%Y-%m-%d %H:%M:%S} UTC"
    return Looked(words, taken, len(waiting), problems, most_attempts >= LOUD_AFTER)


def alert_sensor() -> dg.SensorDefinition:
    """Tells the addresses in COLOCAST_NOTIFY about open alerts, each once."""

    @dg.sensor(
        name="alert_messenger",
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends open alerts of the newest publication to the addresses in COLOCAST_NOTIFY, each once, and "
        "tries again with growing waits where a message was not taken. A message refused five times makes the tick "
        "fail.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        seen = look(Settings())
        for problem in seen.problems:
            context.log.warning("%s", problem)
        if seen.loud:
            raise RuntimeError(
                "alerts are not taken, and are tried again: " + "; ".join(seen.problems) + ". Look at COLOCAST_NOTIFY; "
                "what waits is in `colocast status`."
            )
        return dg.SkipReason(seen.words)

    return tick
