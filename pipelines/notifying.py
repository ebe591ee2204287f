"""Telling somebody: the one way in which messages leave, through apprise, to the addresses in COLOCAST_NOTIFY.

Failed runs and alerts both go through here. What does not belong here: what is told and when it is tried again
(sensors.py, alert_sensor.py, assets/delivery/alerts). An address is a secret: nothing here returns or logs more of it
than its kind.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_NOT_UNDERSTOOD = "not an address that apprise understands; see COLOCAST_NOTIFY in docs/operations.md"
_NOT_TAKEN = "the message was not taken; check address, password and network"
_TALKATIVE = ("apprise", "urllib3")
_TYPES = {"info": "info", "warning": "warning", "critical": "failure"}


@dataclass(frozen=True)
class Target:
    """One receiver of COLOCAST_NOTIFY. An address that names several (mail to two people, two channels) is several
    targets, so that what one of them took is not sent to it again because the other refused. `secret` tells it apart.
    """

    kind: str
    secret: str = field(repr=False)
    url: str = field(repr=False)
    receivers: str = ""
    part: int = 0


def targets(urls: Sequence[str]) -> list[Target]:
    """The receivers behind addresses, each once, in the order written. An address that apprise does not understand is
    one that refuses every message.
    """
    found: dict[str, Target] = {}
    for url in urls:
        kind = kind_of(url)
        service = _service(url)
        name = _field_of_receivers(service)
        parts = len(getattr(service, name)) if name else 1
        for part in range(parts):
            secret = f"{url}\n{getattr(service, name)[part]}" if name else url
            found.setdefault(secret, Target(kind, secret, url, name, part))
    return list(found.values())


def kind_of(url: str) -> str:
    """What an address is, such as mailto or json; safe to show."""
    kind = url.split("://", 1)[0] if "://" in url else ""
    return kind if re.fullmatch(r"[a-z0-9]{1,20}", kind) else "unknown"


def send_to(target: Target, title: str, body: str, severity: str = "critical", key: str = "") -> str:
    """Send one message; returns '' once the receiver took it, else what was wrong, without any secret. `key` is the
    same whenever a message is repeated: webhooks get it as Idempotency-Key and idempotency_key, mail as X-Message-Key.
    """
    service = _service(target.url)
    if service is None:
        return _NOT_UNDERSTOOD
    if target.receivers:
        setattr(service, target.receivers, [getattr(service, target.receivers)[target.part]])
    # Who calls here tries again in its own time, and knows what it has tried.
    service.retry = 0
    if key:
        _mark(service, target.kind, key)
    with _overheard() as said:
        try:
            taken = service.notify(title=title, body=body, notify_type=_TYPES.get(severity, "info"))
        except Exception as error:
            # Of any kind, since there are a hundred services; its text could hold the address.
            return f"{_NOT_TAKEN} ({type(error).__name__})"
    return "" if taken else _NOT_TAKEN + _reason(said)


def send(urls: Sequence[str], title: str, body: str) -> list[str]:
    """Send to each address; returns a sentence for each receiver that failed, naming its kind but not its secrets."""
    problems = []
    for target in targets(urls):
        problem = send_to(target, title, body)
        if problem:
            problems.append(f"{target.kind}: {problem}")
    return problems


def _service(url: str) -> Any:
    import apprise

    with _overheard():
        return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _field_of_receivers(service: Any) -> str:
    # Services keep their receivers in a list of another name each; the one that is as long as the service counts them.
    if service is None:
        return ""
    count = len(service) // (getattr(service, "retry", 0) + 1)
    lists = [name for name, value in vars(service).items() if isinstance(value, list) and len(value) == count]
    return lists[0] if count > 1 and len(lists) == 1 else ""


def _mark(service: Any, kind: str, key: str) -> None:
    headers = getattr(service, "headers", None)
    if isinstance(headers, dict):
        headers["X-Message-Key" if kind.startswith("mailto") else "Idempotency-Key"] = key
    extras = getattr(service, "payload_extras", None)
    if isinstance(extras, dict):
        extras["idempotency_key"] = key


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What apprise and what it sends with say in their logs, kept from every other log: it could name an address."""
    listener = _Listener()
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [(one.level, one.propagate, one.handlers[:]) for one in loggers]
    for one in loggers:
        one.handlers[:] = [listener]
        one.setLevel(logging.DEBUG)
        one.propagate = False
    try:
        yield listener.said
    finally:
        for one, (level, propagate, handlers) in zip(loggers, before, strict=True):
            one.setLevel(level)
            one.propagate = propagate
            one.handlers[:] = handlers


_REASONS: Mapping[str, str] = {
    r"error=(\d{3})": "HTTP status {}",
    r"\((\d{3}), b?['\"]": "mail server's code {}",
    r"refused": "connection refused",
    r"timed? ?out": "no answer in time",
    r"Name or service not known|resolve|getaddrinfo": "the host's name is not known",
    r"certificate|SSL": "no secure connection",
    r"[Cc]onnection|disconnected": "no connection, or it broke",
}


def _reason(said: Sequence[str]) -> str:
    # Only words of this module leave, never those of the log.
    text = "\n".join(said)
    for pattern, words in _REASONS.items():
        match = re.search(pattern, text)
        if match:
            return f" ({words.format(*match.groups())})"
    return ""
