"""A feed (RSS 2.0, RSS 1.0 or Atom): the documents its entries link or carry as enclosures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from assets.filings.answers import AnswerError, file_name_of, shown, since_of
from assets.filings.memory import DOCUMENT, LIST, Item
from assets.filings.sources import Source

FEED, FILING = "feed", "filing"
_ROOTS = {"rss", "feed", "RDF"}


def start(source: Source, today: date) -> Sequence[Item]:
    """The feed. `published` carries the first day that is wanted."""
    return [Item(source.addresses["start"], LIST, FEED, published=since_of(source, today).isoformat())]


def expand(source: Source, item: Item, body: bytes) -> Sequence[Item]:
    """The documents of a feed's entries. Raises AnswerError for what is no feed."""
    from lxml import etree

    # Feeds are often not quite XML; entities are not expanded and nothing is loaded.
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(body.strip(), parser)
    except (etree.LxmlError, ValueError):
        root = None
    if root is None or _name(root) not in _ROOTS:
        raise AnswerError(f"{item.url}: found {shown(body)}; expected a feed (RSS or Atom)")
    found: list[Item] = []
    for entry in (one for one in root.iter() if _name(one) in ("item", "entry")):
        title, day = _text(entry, "title"), _day(entry)
        if (day and day < item.published) or not source.wants_title(title):
            continue
        for url in _addresses(entry, item.url):
            if not source.links or any(pattern.search(url) for pattern in source.links):
                found.append(Item(url, DOCUMENT, FILING, f"{title} {file_name_of(url)}".strip(), day))
    return found


def _name(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _text(entry: Any, name: str) -> str:
    for child in entry:
        if _name(child) == name:
            return " ".join("".join(child.itertext()).split())[:300]
    return ""


def _addresses(entry: Any, base: str) -> list[str]:
    """Enclosures where there are any (the report), else the entry's own page."""
    carried, linked = [], []
    for child in entry:
        name, relation = _name(child), child.get("rel") or "alternate"
        if name == "enclosure" or (name == "link" and relation == "enclosure"):
            carried.append(child.get("url") or child.get("href") or "")
        elif name == "link" and relation == "alternate":
            linked.append(child.get("href") or "".join(child.itertext()))
    found = []
    for text in carried or linked:
        try:
            url = urldefrag(urljoin(base, text.strip())).url
            sound = bool(text.strip()) and urlsplit(url).scheme in ("http", "https")
        except ValueError:
            sound = False
        if sound:
            found.append(url)
    return list(dict.fromkeys(found))


def _day(entry: Any) -> str:
    """The day of an entry as ISO text; '' where it has none that can be read."""
    for name in ("pubDate", "published", "updated", "date"):
        text = _text(entry, name)
        if not text:
            continue
        try:
            return datetime.fromisoformat(text).date().isoformat()
        except ValueError:
            pass
        try:
            return parsedate_to_datetime(text).date().isoformat()
        except (ValueError, TypeError):
            pass
    return ""
