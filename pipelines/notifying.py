"""Telling somebody: a failed run goes to the addresses in COLOCAST_NOTIFY (mail, chat, webhook), through apprise.

What does not belong here: alerts about occupancy, which are a matter of delivery. Without an address nothing is sent
and the sensor says so.
"""

from __future__ import annotations

from collections.abc import Sequence


def send(urls: Sequence[str], title: str, body: str) -> list[str]:
    """Send to each address; returns a sentence for each one that failed, naming its kind but not its secrets."""
    import apprise

    problems = []
    for url in urls:
        kind = url.split(":", 1)[0]
        messenger = apprise.Apprise()
        if not messenger.add(url):
            problems.append(
                f"{kind}: not an address that apprise understands; see COLOCAST_NOTIFY in docs/operations.md"
            )
        elif not messenger.notify(title=title, body=body):
            problems.append(f"{kind}: the message was not taken; check address, password and network")
    return problems
