"""Rules of alerts: the bundled file and a person's own, read, joined and checked before anything is judged by them.

Belongs here: which keys a kind has, what each may hold, and the sentence for a value that cannot be used. Not here:
what a rule does with its keys (kinds.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from assets.plain_yaml import PlainLoader
from expectations.metrics import load_catalogue

SEVERITIES = ("info", "warning", "critical")
LEVELS = ("facility", "operator", "market", "stack", "total")
PERIMETERS = ("label", "leave_out")
RUNBOOK = "docs/runbook.md"
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_MISSING = object()


class RulesError(ValueError):
    """A rules file cannot be used as written; the message names file, rule, key, what was found, what is expected."""


class _UnfitError(Exception):
    """A value that a key cannot hold; the message says what is expected."""


@dataclass(frozen=True)
class Rule:
    """One rule in force. `values`: the keys of its kind (KEYS). `newer_than_days`: older facts raise nothing.

    `runbook`: where it stands what to do.
    """

    id: str
    kind: str
    severity: str
    newer_than_days: int
    runbook: str
    values: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Delivery:
    """How alerts go out: more than `digest_over` at once are one message; waits between attempts in seconds."""

    digest_over: int = 5
    first_wait_s: float = 60.0
    longest_wait_s: float = 3600.0


@dataclass(frozen=True)
class Rules:
    """Rules in force in order of id, and how alerts go out."""

    rules: tuple[Rule, ...]
    delivery: Delivery


@dataclass(frozen=True)
class Key:
    """One key: how its value is read, and what holds where it is left out (nothing: it must be there)."""

    read: Callable[[Any], Any]
    default: Any = _MISSING


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise _UnfitError(f"one of {', '.join(words)}")
        return str(value)

    return read


def _texts(*known: str) -> Callable[[Any], tuple[str, ...]]:
    expected = f"a list of {', '.join(known)}" if known else "a list of at least one word"

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            raise _UnfitError(expected)
        if known and any(one not in known for one in value):
            raise _UnfitError(expected)
        return tuple(dict.fromkeys(value))

    return read


def _metrics(value: Any) -> tuple[str, ...]:
    names = _texts()(value)
    known = load_catalogue().metrics
    for name in names:
        if name not in known:
            raise _UnfitError(f"names of expectations/metrics.yaml ({name} is none)")
    return names


def _number(low: float, high: float, whole: bool = False) -> Callable[[Any], Any]:
    kind = "a whole number" if whole else "a number"
    upto = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"

    def read(value: Any) -> Any:
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            raise _UnfitError(f"{kind} {upto}")
        return value if whole else float(value)

    return read


def _fractions(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise _UnfitError("a list of fractions between 0 and 1")
    try:
        return tuple(sorted({_number(0, 1)(one) for one in value}))
    except _UnfitError:
        raise _UnfitError("a list of fractions between 0 and 1") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _UnfitError("true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _UnfitError("words")
    return value.strip()


_DAYS = _number(0, 36500, whole=True)
_COMMON: Mapping[str, Key] = {
    "severity": Key(_one_of(*SEVERITIES)),
    "newer_than_days": Key(_DAYS),
    "runbook": Key(_text, ""),
    "enabled": Key(_flag, True),
}
KEYS: Mapping[str, Mapping[str, Key]] = {
    "threshold_breach": {
        "scenarios": Key(_texts(), ("base",)),
        "levels": Key(_texts(*LEVELS), LEVELS),
        "thresholds": Key(_fractions),
        "probability_over": Key(_number(0, 1)),
        "quarters_ahead_at_most": Key(_number(1, 40, whole=True), 8),
        "only_crossing": Key(_flag, True),
    },
    "report_late": {"days_late_over": Key(_DAYS)},
    "document_quarantined": {},
    "restatement": {
        "metrics": Key(_metrics),
        "relative_over": Key(_number(0, math.inf)),
        "other_perimeter": Key(_one_of(*PERIMETERS), "label"),
    },
    "coverage": {
        "levels": Key(_texts(*LEVELS)),
        "vintages": Key(_number(1, 100, whole=True), 8),
        "low": Key(_number(0, 1)),
        "high": Key(_number(0, 1)),
        "outcomes_at_least": Key(_number(1, 1_000_000, whole=True)),
        "chance_below": Key(_number(0, 1), 0.05),
    },
    "source_disagreement": {
        "metrics": Key(_texts("vacancy_rate", "capacity_in_service")),
        "points_over": Key(_number(0, 100), None),
        "relative_over": Key(_number(0, math.inf), None),
    },
}
_DELIVERY: Mapping[str, Key] = {
    "digest_over": Key(_number(1, 1000, whole=True), Delivery.digest_over),
    "first_wait_s": Key(_number(1, 86400), Delivery.first_wait_s),
    "longest_wait_s": Key(_number(1, 7 * 86400), Delivery.longest_wait_s),
}


class _Loader(PlainLoader):
    """PlainLoader that refuses a key written twice: the second would silently replace the first."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {key.value} stands here twice", problem_mark=key.start_mark)
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@dataclass(frozen=True)
class _Written:
    """A value and the file it was written in."""

    value: Any
    file: Path


_Draft = dict[str, _Written]


def load_rules(bundled: Path, own: Path | None = None) -> Rules:
    """The rules in force: those of `bundled`, changed and added to by those of `own` where that file is there.

    Raises RulesError for the first thing that cannot be used, and where `bundled` is missing.
    """
    if not bundled.is_file():
        raise RulesError(f"{bundled}: found no such file; expected the rules of alerts there.")
    drafts: dict[str, _Draft] = {}
    delivery: _Draft = {}
    for file in (bundled, *([own] if own is not None and own.is_file() else [])):
        content = _content(file)
        delivery.update(_delivery(file, content.get("delivery") or {}))
        for name, draft in _drafts(file, content.get("rules") or []).items():
            before = drafts.get(name)
            if before is not None and "kind" in draft and draft["kind"].value != before["kind"].value:
                _refuse(file, name, "kind", draft["kind"].value, f"{before['kind'].value}, as in {before['kind'].file}")
            drafts[name] = {**(before or {}), **draft}
    rules = [rule for name, draft in sorted(drafts.items()) if (rule := _rule(name, draft)) is not None]
    chosen = {name: _value(bundled, "delivery", name, key, delivery) for name, key in _DELIVERY.items()}
    if chosen["longest_wait_s"] < chosen["first_wait_s"]:
        _refuse(
            delivery.get("longest_wait_s", _Written(None, bundled)).file, "delivery", "longest_wait_s",
            chosen["longest_wait_s"], f"at least first_wait_s, which is {chosen['first_wait_s']:g}",
        )  # fmt: skip
    return Rules(tuple(rules), Delivery(**chosen))


def _content(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise RulesError(f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8 text.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RulesError(f"{file}:{line}: not YAML: {error.problem}; correct that line.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise RulesError(f"{file}: not YAML: {error}") from error
    content = {} if content is None else content
    if not isinstance(content, dict) or not set(content) <= {"rules", "delivery"}:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise RulesError(f"{file}: found {found}; expected the keys rules (a list) and delivery at the top.")
    return content


def _delivery(file: Path, found: Any) -> _Draft:
    if not isinstance(found, dict):
        _refuse(file, "delivery", "", found, f"the keys {', '.join(_DELIVERY)}")
    for key in found:
        if key not in _DELIVERY:
            _refuse(file, "delivery", str(key), found[key], f"one of the keys {', '.join(_DELIVERY)}")
    return {str(key): _Written(value, file) for key, value in found.items()}


def _drafts(file: Path, found: Any) -> dict[str, _Draft]:
    if not isinstance(found, list):
        raise RulesError(f"{file}: rules: found {_shown(found)}; expected a list, each entry beginning with - id.")
    drafts: dict[str, _Draft] = {}
    for number, entry in enumerate(found, start=1):
        if not isinstance(entry, dict):
            raise RulesError(f"{file}: rule {number}: found {_shown(entry)}; expected keys and values, id first.")
        name = entry.get("id")
        if not isinstance(name, str) or not _ID.fullmatch(name):
            _refuse(file, str(number), "id", name, "small letters, digits and hyphens")
        if name in drafts:
            _refuse(file, name, "id", name, "an id that no other rule of the file has")
        drafts[name] = {str(key): _Written(value, file) for key, value in entry.items() if key != "id"}
    return drafts


def _rule(name: str, draft: _Draft) -> Rule | None:
    kind = draft.get("kind")
    if kind is None:
        file = next(iter(draft.values())).file if draft else Path("the rules file")
        raise RulesError(
            f"{file}: rule {name}, key kind: found nothing; expected one of {', '.join(KEYS)}, since no other rule has"
            " this id."
        )
    if kind.value not in KEYS:
        _refuse(kind.file, name, "kind", kind.value, f"one of {', '.join(KEYS)}")
    keys = {**_COMMON, **KEYS[kind.value]}
    for key, written in draft.items():
        if key != "kind" and key not in keys:
            _refuse(written.file, name, key, written.value, f"one of the keys {', '.join(['kind', *keys])}")
    values = {key: _value(kind.file, name, key, spec, draft) for key, spec in keys.items()}
    _coherent(name, kind, draft, values)
    if not values.pop("enabled"):
        return None
    runbook = values.pop("runbook") or f"{RUNBOOK}#alert-{kind.value.replace('_', '-')}"
    return Rule(name, kind.value, values.pop("severity"), values.pop("newer_than_days"), runbook, values)


def _coherent(name: str, kind: _Written, draft: _Draft, values: Mapping[str, Any]) -> None:
    # What one key alone cannot tell.
    if kind.value == "coverage" and not values["low"] < 0.8 < values["high"]:
        written = draft["low"] if values["low"] >= 0.8 else draft["high"]
        found = f"{values['low']:g} to {values['high']:g}"
        _refuse(written.file, name, "low and high", found, "a band round 0.8, the share that the 80 % band should hold")
    if kind.value == "source_disagreement":
        for metric, key in (("vacancy_rate", "points_over"), ("capacity_in_service", "relative_over")):
            if metric in values["metrics"] and values[key] is None:
                _refuse(draft["metrics"].file, name, key, None, f"a number, since metrics names {metric}")


def _value(file: Path, rule: str, key: str, spec: Key, draft: _Draft) -> Any:
    written = draft.get(key)
    if written is None:
        if spec.default is _MISSING:
            _refuse(file, rule, key, None, _expected(spec))
        return spec.default
    try:
        return spec.read(written.value)
    except _UnfitError as error:
        _refuse(written.file, rule, key, written.value, str(error))


def _expected(spec: Key) -> str:
    try:
        spec.read(None)
    except _UnfitError as error:
        return str(error)
    return "a value"


def _refuse(file: Path, rule: str, key: str, found: Any, expected: str) -> NoReturn:
    place = f"rule {rule}" if rule != "delivery" else "delivery"
    at = f", key {key}" if key else ""
    raise RulesError(f"{file}: {place}{at}: found {_shown(found)}; expected {expected}.")


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
