"""What each kind of site answers, one module a kind: where to begin, and what an answer leads to. Nothing here asks.

Each module has `start(source, today)`, the items that are asked for at every look, and `expand(source, item, body)`,
the items that an answer leads to. `expand` raises AnswerError where the answer is not what the site is known to give: a
changed site must be noticed, and never look like a day without news.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from assets.filings.kinds import edgar, feed, hkex, page, sgx
from assets.filings.memory import Item
from assets.filings.sources import Source


def _no_other(source: Source, item: Item) -> Item | None:
    return None


def _no_headers(source: Source) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of site. `instead` gives what to ask for where an item is not there (404), `headers` what requests for
    its lists carry.
    """

    start: Callable[[Source, date], Sequence[Item]]
    expand: Callable[[Source, Item, bytes], Sequence[Item]]
    instead: Callable[[Source, Item], Item | None] = _no_other
    headers: Callable[[Source], dict[str, str]] = _no_headers


KINDS = {
    "edgar": Kind(edgar.start, edgar.expand, instead=edgar.instead),
    "hkex": Kind(hkex.start, hkex.expand),
    "sgx": Kind(sgx.start, sgx.expand, headers=sgx.headers),
    "page": Kind(page.start, page.expand),
    "feed": Kind(feed.start, feed.expand),
}
