"""A plain web page: the documents it links, or the page itself.

With `links`, what matches in address or words is fetched; a page on which nothing matches any more is an error, since
it was changed. Without `links` the page is the document, kept whenever its visible words have changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assets.filings.answers import AnswerError, file_name_of, links_of
from assets.filings.memory import DOCUMENT, LIST, WATCH, Item
from assets.filings.sources import Source

PAGE, FILING = "page", "filing"


def start(source: Source, today: date) -> Sequence[Item]:
    """The page, as a list of links or as the document itself."""
    url = source.addresses["start"]
    return [Item(url, LIST if source.links else WATCH, PAGE, "" if source.links else source.name)]


def expand(source: Source, item: Item, body: bytes) -> Sequence[Item]:
    """The documents that a page links. Raises AnswerError where nothing matches."""
    links = links_of(body, item.url, item.url)
    wanted = [one for one in links if any(p.search(one.url) or p.search(one.text) for p in source.links)]
    if not wanted:
        asked = ", ".join(pattern.pattern for pattern in source.links)
        raise AnswerError(
            f"{item.url}: found {len(links)} links, none of which matches {asked}; expected at least one. Look at the "
            "page and correct `links`"
        )
    step = WATCH if source.watch else DOCUMENT
    return [Item(one.url, step, FILING, f"{one.text} {file_name_of(one.url)}".strip()) for one in wanted]
