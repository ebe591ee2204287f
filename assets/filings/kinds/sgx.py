"""SGXNet: the announcements of an issuer, the attachments of an announcement, the documents.

The list answers JSON with `data`, a hundred announcements a page; each has the address of its page, which links the
attachments. SGX hands out the list to holders of a token alone; the token comes from the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from assets.filings.answers import AnswerError, day_of, field, file_name_of, links_of, read_json, since_of
from assets.filings.memory import DOCUMENT, INDEX, LIST, Item
from assets.filings.sources import Source

ANNOUNCEMENTS, ANNOUNCEMENT, FILING = "announcements", "announcement", "filing"
PAGE_SIZE, MOST_PAGES = 100, 50
_DAY = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)$"
_ATTACHMENT = re.compile(r"/FileOpen/|/corporate-announcements/[^?]*\.(?:pdf|xlsx|html?|csv|txt)$", re.I)


def start(source: Source, today: date) -> Sequence[Item]:
    """The first page of the issuer's announcements."""
    # A day in Singapore begins at 16:00 UTC of the day before.
    first, last = since_of(source, today) - timedelta(days=1), today + timedelta(days=1)
    wanted = {
        "periodstart": f"{first:%Y%m%d}_160000",
        "periodend": f"{last:%Y%m%d}_155959",
        "value": source.issuer,
        "exactsearch": "true",
        "pagestart": 0,
        "pagesize": PAGE_SIZE,
    }
    return [Item(_page_url(source, wanted), LIST, ANNOUNCEMENTS)]


def headers(source: Source) -> dict[str, str]:
    """The token for the list, from the environment variable that the entry names."""
    token = os.environ.get(source.token_variable, "") if source.token_variable else ""
    return {"authorizationToken": token} if token else {}


def expand(source: Source, item: Item, body: bytes) -> Sequence[Item]:
    """Announcements and the next page of a list; attachments of an announcement. Raises AnswerError."""
    if item.role == ANNOUNCEMENT:
        links = [link for link in links_of(body, item.url, item.url) if _ATTACHMENT.search(urlsplit(link.url).path)]
        return [
            Item(one.url, DOCUMENT, FILING, f"{item.name} {one.text or file_name_of(one.url)}", item.published)
            for one in links
        ]
    data = read_json(body.removeprefix(b"{}&&"), item.url)
    if isinstance(data, dict) and data.get("data") is None and isinstance(data.get("meta"), dict):
        return []
    rows = field(data, "data", list, item.url)
    found: list[Item] = []
    for row in rows:
        url, title = field(row, "url", str, item.url), field(row, "title", str, item.url)
        if source.wants_title(f"{row.get('category_name') or ''} {title}"):
            found.append(Item(url, INDEX, ANNOUNCEMENT, title, _day(row, item)))
    if len(rows) >= PAGE_SIZE:
        wanted = {key: values[0] for key, values in parse_qs(urlsplit(item.url).query).items()}
        page = int(wanted["pagestart"]) + 1
        if page >= MOST_PAGES:
            raise AnswerError(
                f"{item.url}: found more than {MOST_PAGES} pages; expected fewer. Set `since` to a later day"
            )
        found.append(Item(_page_url(source, {**wanted, "pagestart": page}), LIST, ANNOUNCEMENTS))
    return found


def _page_url(source: Source, wanted: dict[str, Any]) -> str:
    return f"{source.addresses['lists']}/announcements/v1.1/company?{urlencode(wanted)}"


def _day(row: dict[str, Any], item: Item) -> str:
    moment = row.get("broadcast_date_time")
    if isinstance(moment, int) and 0 < moment < 1e14:
        return (datetime.fromtimestamp(moment / 1000, UTC) + timedelta(hours=8)).date().isoformat()
    return day_of(field(row, "submission_date", str, item.url), _DAY, item.url).isoformat()
