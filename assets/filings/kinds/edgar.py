"""SEC EDGAR: the list of a company's filings, the documents of a filing by type, the documents.

The list is submissions/CIK##########.json: columns under filings.recent, and older filings in files of the same columns
that filings.files names. The types of a filing's documents stand in its SGML header (<accession>-index-headers.html);
index.json has names alone and leaves some out, and serves where there is no header.
"""

from __future__ import annotations

import fnmatch
import html
import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from assets.filings.answers import AnswerError, day_of, field, read_json, since_of
from assets.filings.memory import DOCUMENT, INDEX, LIST, Item
from assets.filings.sources import Source

SUBMISSIONS, OLDER, HEADERS, DIRECTORY, FILING = "submissions", "older", "headers", "directory", "filing"
PRIMARY = "primary"
_DAY = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)$"
_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
_BLOCK = re.compile(r"<DOCUMENT>(.*?)(?=<DOCUMENT>|\Z)", re.S)
_FIELD = r"<{}>[ \t]*([^<\r\n]+)"


def start(source: Source, today: date) -> Sequence[Item]:
    """The list of the company's filings. `published` carries the first day that is wanted."""
    url = f"{source.addresses['lists']}/submissions/CIK{source.cik}.json"
    return [Item(url, LIST, SUBMISSIONS, published=since_of(source, today).isoformat())]


def expand(source: Source, item: Item, body: bytes) -> Sequence[Item]:
    """Filings of a list, documents of a filing. Raises AnswerError."""
    if item.role == HEADERS:
        return _documents(source, item, _typed(body, item))
    if item.role == DIRECTORY:
        return _documents(source, item, _named(source, item, body))
    data = read_json(body, item.url)
    if item.role == OLDER:
        return _filings(source, item, data)
    filings = field(data, "filings", dict, item.url)
    found = _filings(source, item, field(filings, "recent", dict, item.url))
    for older in field(filings, "files", list, item.url):
        name, last = field(older, "name", str, item.url), field(older, "filingTo", str, item.url)
        if not re.fullmatch(r"CIK\d{10}-submissions-\d+\.json", name):
            raise AnswerError(f"{item.url}: found the file {name[:60]!r}; expected CIK##########-submissions-###.json")
        if last >= item.published:
            url = f"{source.addresses['lists']}/submissions/{name}"
            found.append(Item(url, LIST, OLDER, published=item.published))
    return found


def instead(source: Source, item: Item) -> Item | None:
    """The directory of a filing, where it has no header."""
    if item.role != HEADERS:
        return None
    return Item(f"{item.url.rsplit('/', 1)[0]}/index.json", INDEX, DIRECTORY, item.name, item.published)


def _filings(source: Source, item: Item, columns: dict[str, Any]) -> list[Item]:
    numbers, days, forms = (field(columns, key, list, item.url) for key in ("accessionNumber", "filingDate", "form"))
    primary = columns.get("primaryDocument", [""] * len(numbers))
    if not isinstance(primary, list) or len({len(numbers), len(days), len(forms), len(primary)}) != 1:
        raise AnswerError(f"{item.url}: found columns of different lengths; expected one value a filing in each")
    found = []
    for number, day, form, document in zip(numbers, days, forms, primary, strict=True):
        if not isinstance(number, str) or not _ACCESSION.fullmatch(number):
            raise AnswerError(f"{item.url}: found accessionNumber {str(number)[:40]!r}; expected 0000000000-00-000000")
        if day_of(str(day), _DAY, item.url).isoformat() < item.published:
            continue
        if str(form).upper().removesuffix("/A") in source.forms or str(form).upper() in source.forms:
            folder = f"{source.addresses['documents']}/Archives/edgar/data/{int(source.cik)}/{number.replace('-', '')}"
            # The form and the primary document travel in the name: the directory of a filing tells neither.
            name = f"{form}\t{document or ''}"
            found.append(Item(f"{folder}/{number}-index-headers.html", INDEX, HEADERS, name, str(day)))
    return found


def _typed(body: bytes, item: Item) -> list[tuple[str, str]]:
    """(type, file) of each document in a filing's header; the first one is the primary document."""
    text = html.unescape(body.decode("utf-8", "replace"))
    found: list[tuple[str, str]] = []
    for block in _BLOCK.findall(text):
        kind, name = (re.search(_FIELD.format(tag), block) for tag in ("TYPE", "FILENAME"))
        if kind and name:
            found.append((PRIMARY if not found else kind[1].strip().upper(), name[1].strip()))
    if not found:
        raise AnswerError(f"{item.url}: found no <DOCUMENT> with <TYPE> and <FILENAME>; expected one for each document")
    return found


def _named(source: Source, item: Item, body: bytes) -> list[tuple[str, str]]:
    """(type, file) of a filing's directory, the type by the file's name ('ex99-1.htm' and the like)."""
    primary = item.name.partition("\t")[2]
    entries = field(field(read_json(body, item.url), "directory", dict, item.url), "item", list, item.url)
    found = []
    for entry in entries:
        name = field(entry, "name", str, item.url)
        exhibit = re.search(r"(?<![a-z])(?:ex|exhibit)[-_]?(\d{1,2})(?:[-_.]?(\d{1,2}))?(?!\d)", name, re.I)
        if name == primary:
            found.append((PRIMARY, name))
        elif exhibit and re.search(r"\.(?:html?|txt|pdf|xlsx)$", name, re.I):
            found.append((f"EX-{exhibit[1]}" + (f".{exhibit[2]}" if exhibit[2] else ""), name))
    return found


def _documents(source: Source, item: Item, typed: list[tuple[str, str]]) -> list[Item]:
    form = item.name.partition("\t")[0]
    found = []
    for kind, name in typed:
        if any(fnmatch.fnmatchcase(kind.upper(), pattern.upper()) for pattern in source.documents):
            url = f"{item.url.rsplit('/', 1)[0]}/{quote(name, safe='')}"
            found.append(Item(url, DOCUMENT, FILING, f"{form} {kind} {name}", item.published))
    return found
