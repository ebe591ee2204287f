"""The sources file: which operators' filings are collected, from where, and how often.

Belongs here: reading and checking that file, and the addresses each kind of site has (endpoints.yaml). Not here: asking
anybody (collecting.py). Every value is read as the text that stands in the file, so that a CIK keeps its zeros.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from assets.plain_yaml import PlainLoader

KINDS = ("edgar", "hkex", "sgx", "page", "feed")
ENDPOINTS_FILE = Path(__file__).parent / "endpoints.yaml"
GUIDE = "docs/getting-reports.md"


class SourcesError(ValueError):
    """A sources file that cannot be used: the message has file, line, entry, value found, value expected, remedy."""


@dataclass(frozen=True)
class Source:
    """One place that is asked for one operator's filings.

    `addresses` are the base addresses of its kind by role, `rate` the requests a second it gets. `forms` and
    `documents` are EDGAR's form and document types, documents as patterns ('EX-99.*', 'primary'). `titles` and `links`
    are regular expressions, matched anywhere and in any case; empty takes everything. `since` leaves out what is older.
    `hosts` are other hosts that links and redirects may lead to. `digest` changes with any of the entry's values.
    """

    name: str
    operator: str
    slug: str
    kind: str
    addresses: Mapping[str, str]
    rate: float
    enabled: bool = True
    every_hours: float = 6.0
    since: date | None = None
    cik: str = ""
    forms: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    stock_code: str = ""
    language: str = "EN"
    issuer: str = ""
    token_variable: str = ""
    titles: tuple[re.Pattern[str], ...] = ()
    links: tuple[re.Pattern[str], ...] = ()
    watch: bool = False
    hosts: tuple[str, ...] = ()
    own_network: bool = False
    digest: str = field(default="", compare=False)

    @property
    def base_hosts(self) -> tuple[str, ...]:
        """The hosts of its addresses, in lower case."""
        return tuple(sorted({(urlsplit(url).hostname or "").lower() for url in self.addresses.values()}))

    def wants_title(self, title: str) -> bool:
        """Whether a title matches one of `titles`, or no title is asked for."""
        return not self.titles or any(pattern.search(title) for pattern in self.titles)


@dataclass(frozen=True)
class _Value:
    """A node of the YAML file with its line: text, a list of values, or a mapping of key to (line of key, value)."""

    line: int
    data: str | list[_Value] | dict[str, _Value] | None


@dataclass(frozen=True)
class _Entry:
    file: Path
    name: str
    values: Mapping[str, _Value]
    line: int

    def wrong(self, key: str, found: object, expected: str) -> SourcesError:
        line = self.values[key].line if key in self.values else self.line
        return SourcesError(
            f"{self.file}, line {line}, source '{self.name}': {key} is {found!r}; expected {expected}. "
            f"Correct the line; {GUIDE} explains the keys."
        )


_COMMON = {"name", "operator", "kind", "enabled", "every_hours", "hosts", "own_network"}
_KEYS = {
    "edgar": _COMMON | {"base_url", "since", "cik", "forms", "documents"},
    "hkex": _COMMON | {"base_url", "since", "stock_code", "language", "titles"},
    "sgx": _COMMON | {"base_url", "since", "issuer", "titles", "token_variable"},
    "page": _COMMON | {"url", "links", "watch"},
    "feed": _COMMON | {"since", "url", "titles", "links"},
}
_REQUIRED = {
    "edgar": {"cik"},
    "hkex": {"stock_code"},
    "sgx": {"issuer"},
    "page": {"url"},
    "feed": {"url"},
}
_DEFAULT_FORMS = ("6-K", "8-K", "10-Q", "10-K", "20-F")
_DEFAULT_DOCUMENTS = ("EX-99*",)


@lru_cache(maxsize=1)
def endpoints() -> dict[str, Any]:
    """Addresses and requests a second of every kind, from endpoints.yaml."""
    data: dict[str, Any] = yaml.safe_load(ENDPOINTS_FILE.read_text(encoding="utf-8"))
    return data


def load_sources(path: Path, find_operator: Callable[[str], tuple[str, str] | None]) -> tuple[Source, ...]:
    """All entries of a sources file, in its order, those that are off included.

    `find_operator` gives (canonical name, key of the operator's folder) for a printed name, or None where no layout
    file knows it. Raises SourcesError for a file that cannot be read and for the first wrong entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SourcesError(f"{path}: no such file. Write it as {GUIDE} shows, or leave collecting off.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"{path}: cannot be read ({error}); expected a YAML file in UTF-8.") from error
    try:
        root = yaml.compose(text, Loader=PlainLoader)
    except RecursionError as error:
        raise SourcesError(f"{path}: nested too deeply; expected `sources:` with a list. See {GUIDE}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise SourcesError(
            f"{path}{where}: not readable as YAML ({problem}); expected `sources:` with a list. Correct the line."
        ) from error
    if root is None:
        return ()
    top = _value(path, root)
    if not isinstance(top.data, dict) or set(top.data) != {"sources"}:
        found = ", ".join(top.data) if isinstance(top.data, dict) else "no mapping"
        raise SourcesError(
            f"{path}, line {top.line}: found {found or 'nothing'}; expected the one key `sources`, a list of entries. "
            f"{GUIDE} has an example."
        )
    listed = top.data["sources"]
    if listed.data is None:
        return ()
    if not isinstance(listed.data, list):
        raise SourcesError(f"{path}, line {listed.line}: sources is no list; expected one entry a `- name: ...`.")
    sources: dict[str, Source] = {}
    for number, item in enumerate(listed.data, start=1):
        source = _source(path, number, item, find_operator)
        if source.name in sources:
            raise SourcesError(
                f"{path}, line {item.line}: the name '{source.name}' stands twice; expected a name of its own for each "
                "source. Rename one."
            )
        sources[source.name] = source
    return tuple(sources.values())


def _value(path: Path, node: yaml.Node) -> _Value:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        nothing = node.tag == "tag:yaml.org,2002:null" and node.style is None
        return _Value(line, None if nothing else str(node.value).strip())
    if isinstance(node, yaml.SequenceNode):
        return _Value(line, [_value(path, one) for one in node.value])
    found: dict[str, _Value] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in found:
            raise SourcesError(f"{path}, line {key.start_mark.line + 1}: '{name}' stands twice here. Keep one.")
        found[name] = _Value(key.start_mark.line + 1, _value(path, value).data)
    return _Value(line, found)


def _source(path: Path, number: int, item: _Value, find_operator: Callable[[str], tuple[str, str] | None]) -> Source:
    if not isinstance(item.data, dict):
        raise SourcesError(
            f"{path}, line {item.line}: entry {number} is {item.data!r}; expected keys such as name, operator, kind."
        )
    values = item.data
    name_value = values.get("name")
    name = name_value.data if name_value is not None else None
    entry = _Entry(path, name if isinstance(name, str) else f"number {number}", values, item.line)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise entry.wrong("name", name, "a short name of letters, digits, hyphens, dots and underscores")
    kind = _text(entry, "kind") if "kind" in values else ""
    if kind not in KINDS:
        raise entry.wrong("kind", kind, "one of " + ", ".join(KINDS))
    for key in values:
        if key not in _KEYS[kind]:
            raise SourcesError(
                f"{path}, line {values[key].line}, source '{name}': unknown key '{key}'; expected for kind {kind}: "
                f"{', '.join(sorted(_KEYS[kind]))}. Correct the spelling or remove the line."
            )
    for key in sorted(_REQUIRED[kind] | {"operator"}):
        if key not in values:
            raise SourcesError(
                f"{path}, line {item.line}, source '{name}': the key '{key}' is missing; kind {kind} needs it. "
                f"Add `{key}: ...`."
            )
    operator = _text(entry, "operator")
    known = find_operator(operator)
    if known is None:
        raise SourcesError(
            f"{path}, line {values['operator'].line}, source '{name}': operator is {operator!r}; expected an operator "
            "that has a layout file, since its reports could not be read otherwise. Correct the name, or add the "
            "operator as docs/adding-an-operator.md shows."
        )
    own_network = _flag(entry, "own_network", False)
    addresses = _addresses(entry, kind)
    plain = {key: _plain(value) for key, value in values.items()}
    return Source(
        name=name,
        operator=known[0],
        slug=known[1],
        kind=kind,
        addresses=addresses,
        rate=float(endpoints()[kind]["requests_per_second"]),
        enabled=_flag(entry, "enabled", True),
        every_hours=_hours(entry),
        since=_day(entry, "since"),
        cik=_matching(entry, "cik", r"\d{1,10}", "up to ten digits, such as 0001526125").zfill(10)
        if kind == "edgar"
        else "",
        forms=tuple(one.upper() for one in _texts(entry, "forms")) or (_DEFAULT_FORMS if kind == "edgar" else ()),
        documents=tuple(_texts(entry, "documents")) or (_DEFAULT_DOCUMENTS if kind == "edgar" else ()),
        stock_code=_matching(entry, "stock_code", r"\d{1,5}", "up to five digits, such as 09698").zfill(5)
        if kind == "hkex"
        else "",
        language=_language(entry),
        issuer=_text(entry, "issuer") if "issuer" in values else "",
        token_variable=_matching(entry, "token_variable", r"[A-Z][A-Z0-9_]*", "the name of an environment variable")
        if "token_variable" in values
        else "",
        titles=_patterns(entry, "titles"),
        links=_patterns(entry, "links"),
        watch=_flag(entry, "watch", False),
        hosts=tuple(sorted(_host(entry, one) for one in _texts(entry, "hosts"))),
        own_network=own_network,
        digest=hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16],
    )


def _plain(value: _Value) -> Any:
    if isinstance(value.data, list):
        return [_plain(one) for one in value.data]
    if isinstance(value.data, dict):
        return {key: _plain(one) for key, one in value.data.items()}
    return value.data


def _text(entry: _Entry, key: str) -> str:
    data = entry.values[key].data
    if not isinstance(data, str) or not data:
        raise entry.wrong(key, data if isinstance(data, str) else _plain(entry.values[key]), "a text")
    return data


def _texts(entry: _Entry, key: str) -> list[str]:
    if key not in entry.values:
        return []
    data = entry.values[key].data
    if not isinstance(data, list) or not data:
        raise entry.wrong(key, _plain(entry.values[key]), "a list of texts, such as [6-K, 20-F]")
    texts = [one.data for one in data]
    if not all(isinstance(one, str) and one for one in texts):
        raise entry.wrong(key, _plain(entry.values[key]), "a list of texts")
    return [str(one) for one in texts]


def _matching(entry: _Entry, key: str, pattern: str, expected: str) -> str:
    text = _text(entry, key)
    if not re.fullmatch(pattern, text, re.ASCII):
        raise entry.wrong(key, text, expected)
    return text


def _flag(entry: _Entry, key: str, default: bool) -> bool:
    if key not in entry.values:
        return default
    text = _text(entry, key).lower()
    if text not in ("true", "false", "yes", "no", "on", "off"):
        raise entry.wrong(key, text, "true or false")
    return text in ("true", "yes", "on")


def _hours(entry: _Entry) -> float:
    if "every_hours" not in entry.values:
        return 6.0
    text = _text(entry, "every_hours")
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0.25 <= hours <= 24 * 366:
        raise entry.wrong("every_hours", text, "a number of hours from 0.25 to 8784")
    return hours


def _day(entry: _Entry, key: str) -> date | None:
    if key not in entry.values:
        return None
    text = _text(entry, key)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise entry.wrong(key, text, "a date such as 2024-01-01") from None


def _language(entry: _Entry) -> str:
    if "language" not in entry.values:
        return "EN"
    text = _text(entry, "language").upper()
    if text not in ("EN", "ZH"):
        raise entry.wrong("language", text, "EN or ZH")
    return text


def _patterns(entry: _Entry, key: str) -> tuple[re.Pattern[str], ...]:
    found = []
    for text in _texts(entry, key):
        try:
            found.append(re.compile(text, re.I))
        except re.error as error:
            raise entry.wrong(key, text, f"a regular expression ({error})") from None
    return tuple(found)


def _host(entry: _Entry, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text):
        raise entry.wrong("hosts", text, "names of hosts without scheme and path, such as cdn.example.com")
    return text.lower()


def _address(entry: _Entry, key: str) -> str:
    text = _text(entry, key)
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s\x00-\x1f]", text):
        raise entry.wrong(key, text, "an address that begins with https:// or http://, without a user name")
    return text


def _addresses(entry: _Entry, kind: str) -> dict[str, str]:
    if kind in ("page", "feed"):
        return {"start": _address(entry, "url")}
    roles: dict[str, str] = endpoints()[kind]["addresses"]
    if "base_url" not in entry.values:
        return dict(roles)
    base = _address(entry, "base_url").rstrip("/")
    return dict.fromkeys(roles, base)
