"""HKEXnews: the stock's number by its code, the title search, the documents.

prefix.do answers JSONP with the number that the title search wants. titleSearchServlet.do answers JSON whose `result`
is a list packed as text once more; more rows are asked for by a larger `rowRange`. An announcement of several files is
a page of links.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from assets.filings.answers import AnswerError, day_of, field, links_of, read_json, shown, since_of
from assets.filings.memory import DOCUMENT, INDEX, LIST, Item
from assets.filings.sources import Source

STOCK, SEARCH, FILES, FILING = "stock", "search", "files", "filing"
ROWS, MOST_ROWS = 100, 5000
_DAY = r"(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})"
_FILE = re.compile(r"\.(?:pdf|html?|xlsx|csv|txt)$", re.I)


def start(source: Source, today: date) -> Sequence[Item]:
    """The look-up of the stock's number. `name` carries the two days that the search is for."""
    wanted = {"callback": "callback", "lang": "EN", "type": "A", "name": source.stock_code, "market": "SEHK"}
    # Hong Kong is eight hours ahead: what is tomorrow there may be today here.
    days = f"{since_of(source, today):%Y%m%d} {today + timedelta(days=1):%Y%m%d}"
    return [Item(f"{source.addresses['site']}/search/prefix.do?{urlencode(wanted)}", LIST, STOCK, days)]


def expand(source: Source, item: Item, body: bytes) -> Sequence[Item]:
    """The search for a stock, the documents of a search, the files of an announcement. Raises AnswerError."""
    if item.role == STOCK:
        return [_search(source, item.name, _number(source, item, body), ROWS)]
    if item.role == FILES:
        files = [link for link in links_of(body, item.url, item.url) if _FILE.search(urlsplit(link.url).path)]
        return [Item(one.url, DOCUMENT, FILING, f"{item.name} {one.text}".strip(), item.published) for one in files]
    return _found(source, item, body)


def _number(source: Source, item: Item, body: bytes) -> str:
    packed = re.fullmatch(rb"\s*callback\s*\((.*)\)\s*;?\s*", body, re.S)
    if packed is None:
        raise AnswerError(f"{item.url}: found {shown(body)}; expected callback({{...}})")
    stocks = field(read_json(packed[1], item.url), "stockInfo", list, item.url)
    for stock in stocks:
        if (
            isinstance(stock, dict)
            and str(stock.get("code", "")).zfill(5) == source.stock_code
            and stock.get("stockId")
        ):
            return str(stock["stockId"])
    raise AnswerError(
        f"{item.url}: found no stock of the code {source.stock_code}; check stock_code in the sources file"
    )


def _search(source: Source, days: str, number: str, rows: int) -> Item:
    first, last = days.split(" ")
    wanted = {
        "sortDir": 0,
        "sortByOptions": "DateTime",
        "category": 0,
        "market": "SEHK",
        "stockId": number,
        "documentType": -1,
        "fromDate": first,
        "toDate": last,
        "title": "",
        "searchType": 1,
        "t1code": -2,
        "t2Gcode": -2,
        "t2code": -2,
        "rowRange": rows,
        "lang": source.language,
    }
    return Item(f"{source.addresses['site']}/search/titleSearchServlet.do?{urlencode(wanted)}", LIST, SEARCH, days)


def _found(source: Source, item: Item, body: bytes) -> list[Item]:
    data = read_json(body, item.url)
    if not isinstance(data, dict) or "result" not in data:
        raise AnswerError(f"{item.url}: found {shown(body)}; expected an object with `result`")
    rows = _rows(data["result"], item)
    found: list[Item] = []
    for row in rows:
        link, title = field(row, "FILE_LINK", str, item.url), html.unescape(field(row, "TITLE", str, item.url))
        heading = html.unescape(str(row.get("LONG_TEXT") or row.get("SHORT_TEXT") or ""))
        if not source.wants_title(re.sub(r"<[^>]*>|\s+", " ", f"{heading} {title}")):
            continue
        day = day_of(field(row, "DATE_TIME", str, item.url), _DAY, item.url).isoformat()
        several = str(row.get("FILE_INFO") or "").lower().startswith("multi")
        step, role = (INDEX, FILES) if several else (DOCUMENT, FILING)
        found.append(Item(urljoin(source.addresses["site"] + "/", link), step, role, title, day))
    asked = int(parse_qs(urlsplit(item.url).query)["rowRange"][0])
    if data.get("hasNextRow") in (True, "true"):
        total = str(data.get("recordCnt"))
        wanted = int(total) if total.isdigit() else 2 * asked
        if asked >= MOST_ROWS:
            raise AnswerError(
                f"{item.url}: found more than {MOST_ROWS} announcements; expected fewer. Set `since` to a later day"
            )
        number = parse_qs(urlsplit(item.url).query)["stockId"][0]
        found.append(_search(source, item.name, number, min(max(wanted, asked + ROWS), MOST_ROWS)))
    return found


def _rows(result: Any, item: Item) -> list[Any]:
    if isinstance(result, str):
        try:
            result = json.loads(result or "[]")
        except (ValueError, RecursionError) as error:
            raise AnswerError(f"{item.url}: found `result` = {result[:60]!r}; expected a list as JSON text") from error
    if result is None:
        return []
    if not isinstance(result, list):
        raise AnswerError(f"{item.url}: found `result` of type {type(result).__name__}; expected a list")
    return result
