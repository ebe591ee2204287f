"""Reading what sites answer: JSON with the fields that must be there, links of a page, dates; and how it can be wrong.

Belongs here: what several kinds share. Nothing here asks, and nothing is guessed: an answer of another shape is an
AnswerError with what was found and what was expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from assets.filings.sources import Source

# Without `since`, five quarters back: last year's report of the same quarter is still among them.
DEFAULT_DAYS = 400


class AnswerError(ValueError):
    """An answer of another shape than the site is known to give: what was found, what was expected."""


@dataclass(frozen=True)
class Link:
    """A link of a page: absolute address without its fragment, and the words a reader sees."""

    url: str
    text: str


def since_of(source: Source, today: date) -> date:
    """The first day whose filings are wanted."""
    return source.since or today - timedelta(days=DEFAULT_DAYS)


def read_json(body: bytes, what: str) -> Any:
    """The value of a JSON answer. Raises AnswerError."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"{what}: found {shown(body)}; expected JSON ({type(error).__name__})") from error


def field(data: Any, key: str, kind: type, what: str) -> Any:
    """data[key], which must be of a type. Raises AnswerError."""
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, kind):
        found = f"{key} = {str(value)[:60]!r}" if isinstance(data, Mapping) else type(data).__name__
        raise AnswerError(f"{what}: found {found}; expected {key} as {kind.__name__}")
    return value


def links_of(body: bytes, base: str, what: str) -> list[Link]:
    """All links of an HTML page in its order, each address once. Raises AnswerError for what is no page."""
    from lxml import etree, html

    try:
        root = html.document_fromstring(body, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except (etree.LxmlError, ValueError) as error:
        raise AnswerError(f"{what}: found {shown(body)}; expected an HTML page") from error
    own_base = root.find(".//base[@href]")
    if own_base is not None:
        base = urljoin(base, str(own_base.get("href") or ""))
    found: dict[str, Link] = {}
    for anchor in root.iter("a"):
        href = (anchor.get("href") or "").strip()
        try:
            url = urldefrag(urljoin(base, href)).url
            scheme = urlsplit(url).scheme
        except ValueError:
            continue
        if href and scheme in ("http", "https"):
            words = " ".join("".join(map(str, anchor.itertext())).split()) or str(anchor.get("title") or "")
            found.setdefault(url, Link(url, words[:300]))
    return list(found.values())


def file_name_of(url: str) -> str:
    """The last part of an address's path, decoded; '' where it ends in a slash."""
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])


def day_of(text: str, pattern: str, what: str) -> date:
    """A date by a pattern with the groups year, month, day. Raises AnswerError."""
    match = re.match(pattern, text.strip())
    try:
        if match is None:
            raise ValueError
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise AnswerError(f"{what}: found the date {text[:40]!r}; expected one such as {pattern}") from None


def shown(body: bytes) -> str:
    """The beginning of an answer, for a message."""
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return repr(text[:80]) if text else "nothing"
