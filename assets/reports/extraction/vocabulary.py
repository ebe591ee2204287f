"""From words to metrics: which concepts a phrase names, and which metric they make for a unit.

Belongs here: grouping the concepts of `vocabulary.yaml` and of an operator's layout into metric phrases, in any order
("area in service", "in-service area", "space that is in operation"). Does not belong here: which number a phrase is
of (prose, tables) or what the number is (quantities).

A phrase has no metric of its own before its unit is known: 'utilisation' is a rate with %, a capacity with MW.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from assets.reports.extraction.metric_units import RATES
from assets.reports.operators import Layout

VOCABULARY_FILE = Path(__file__).parents[1] / "vocabulary.yaml"

_STATUS = ("utilised", "occupied", "leased", "committed", "precommitted", "vacancy", "not_yet", "it_load")
_DOMAIN = ("service", "construction", "planned")
_ALONE = ("wale", "mrr", "churn", "absorption", "new_supply", "data_centres", "operators", "interconnections")
_AREAS = ("mw", "kw", "sqm", "sqft", "cabinets")


@dataclass(frozen=True)
class MetricHit:
    """A metric phrase in a text. `metric` is the metric for the unit the words suggest, '' where a unit must tell.

    `scope_hint` is a segment, cohort or weight named inside the phrase. `concepts` are the words' meanings;
    `own` is a metric fixed by the operator's layout. `for_unit` gives the metric for a number's unit.
    """

    metric: str
    start: int
    end: int
    phrase: str
    scope_hint: str = ""
    concepts: frozenset[str] = frozenset()
    own: str = ""

    def for_unit(self, unit: str) -> str:
        """The metric a number in `unit` has under this phrase, '' where it has none.

        `unit` is a contract unit, a currency code (a price) or '' for a bare number; a bare number is taken for
        cabinets or a count where the phrase names them.
        """
        return _metric_of(self.concepts, self.own, unit)


@dataclass(frozen=True)
class _Token:
    concept: str
    start: int
    end: int
    own: str = ""
    extra: frozenset[str] = field(default_factory=frozenset)


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, Any]:
    """The words of `vocabulary.yaml`. Raises ValueError, naming the key, where it is not as expected."""
    data = yaml.safe_load(VOCABULARY_FILE.read_text(encoding="utf-8"))
    for key in ("concepts", "segments", "cohorts", "weights", "regions", "markets"):
        if not isinstance(data, dict) or not isinstance(data.get(key), dict):
            raise ValueError(f"{VOCABULARY_FILE}: the key '{key}' must map names to lists of patterns.")
    return dict(data)


def _bounded(pattern: str) -> str:
    """A pattern that starts and ends at word edges where it is Latin script; Chinese has none."""
    return rf"(?:(?<![A-Za-z])(?=[A-Za-z(])|(?=[^A-Za-z(]))(?:{pattern})(?:(?<=[A-Za-z])(?![A-Za-z])|(?<![A-Za-z]))"


@lru_cache(maxsize=1)
def _concept_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (concept, re.compile(_bounded("|".join(patterns)), re.I))
        for concept, patterns in vocabulary()["concepts"].items()
    )


@lru_cache(maxsize=256)
def _own_patterns(layout: Layout | None) -> tuple[tuple[str, re.Pattern[str]], ...]:
    if layout is None:
        return ()
    rows = sorted(layout.words.items(), key=lambda item: -len(item[0]))
    return tuple((metric, re.compile(_bounded(_spaced(phrase)), re.I)) for phrase, metric in rows)


def _spaced(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]")


# What may stand between two words of one phrase.
_GLUE = re.compile(
    r"(?:[\s\-–—/&'’\"“”()（）,，、:：]|的|及|和|与|與|之|已|于|於|总|總|客户|客戶|其中|中|期末|"
    r"年末|按|内|內|正在|仍|含|个|個|部分|的是|所"
    r"|\b(?:of|the|in|on|for|that|which|is|are|was|were|be|been|being|have|has|had|its|our|their|all|still|"
    r"currently|now|already|and|or|"
    r"plus|by|with|to|customers?|clients?|tenants?|tenant|net|gross|data|cent(?:re|er)s?|so|called|under|as|such|at|"
    r"within|yet|not|i\.?e\.?|over|against|relative|versus|group|company|portfolio|total|average|compound|"
    r"blended|overall|headline|"
    r"entire|whole|existing|current|new|idc|colocation|critical|it|end|this|those|these|same|of which|then|"
    r"both|each|physical|signed|"
    r"counted|including|includes?|incl|inclusive|leases?|sites?|facilities|operations?|business|segment|"
    r"retail|wholesale|ready|made|per|each|every|a|an|any|part|out|than|where|further|only|some|most|it|"
    r"what)\b\.?)*",
    re.I,
)
_JOINER = re.compile(r"\b(?:and|or|as well as|versus|against|followed by)\b|[、和及与與,，&/]", re.I)
_CABINET = re.compile(r"cabinet|rack|机柜|機櫃|机架|機架", re.I)
# A comma and a word that opens a new statement part two phrases: '... billing, for a utilisation of'.
_APART = re.compile(
    r"[,，;；–—-]\s*(?:and\s)?(?:of (?:which|that|this|these|those|them|it)\b|whereof\b|其中|[当當]中)|"
    r"[:：]\s+(?:a|an|the|for|which)\b|"
    r"[,，–—-]\s+(?:for|giving|with|at|or|a|an|which is|that is)\b|\bi\.e\.|\bthat is\b(?!\s+(?:in|under|"
    r"being|up|now|still|currently|already|live|not|ready))",
    re.I,
)
_MAX_GLUE = 40
# Words in one phrase; no report needs more, and it keeps odd text from costing the square of its length.
_LONGEST_PHRASE = 14


def find_metrics(text: str, layout: Layout | None = None) -> list[MetricHit]:
    """Every metric phrase of `text` in order of place, phrases that block a figure (revenue ...) left out."""
    return [hit for hit in find_phrases(text, layout) if not is_blocker(hit)]


def is_blocker(hit: MetricHit) -> bool:
    """Whether a phrase names something that is no operating level: money, a flow, a share of something else."""
    return "blocker" in hit.concepts or ("flow" in hit.concepts and not hit.own)


def find_phrases(text: str, layout: Layout | None = None) -> list[MetricHit]:
    """Like find_metrics, with the phrases of things that are no operating figure (see is_blocker)."""
    return list(_find_phrases(text, layout))


@lru_cache(maxsize=256)
def _find_phrases(text: str, layout: Layout | None) -> tuple[MetricHit, ...]:
    tokens = _tokens(text, layout)
    groups: list[list[_Token]] = []
    for token in tokens:
        if groups and len(groups[-1]) < _LONGEST_PHRASE and _joins(text, groups[-1], token):
            groups[-1].append(token)
        else:
            groups.append([token])
    hits: list[MetricHit] = []
    for group in groups:
        for part in _split(text, group):
            hit = _hit(text, part)
            if hit is not None:
                hits.append(hit)
    return tuple(hits)


def _tokens(text: str, layout: Layout | None) -> list[_Token]:
    """Concept matches, leftmost first; of overlapping ones the longest, the operator's own before the general."""
    found: list[tuple[int, int, int, str, str]] = []
    for metric, pattern in _own_patterns(layout):
        found += [(m.start(), m.end(), 1, "own", metric) for m in pattern.finditer(text)]
    for concept, pattern in _concept_patterns():
        found += [(m.start(), m.end(), 0, concept, "") for m in pattern.finditer(text) if m.end() > m.start()]
    found.sort(key=lambda row: (-(row[1] - row[0]) - row[2] * 3, row[0]))
    taken = bytearray(len(text) + 1)
    kept: list[_Token] = []
    for start, end, _, concept, own in found:
        if any(taken[start:end]):
            continue
        taken[start:end] = b"\x01" * (end - start)
        kept.append(_Token(concept, start, end, own))
    kept.sort(key=lambda token: token.start)
    return kept


def _joins(text: str, group: list[_Token], token: _Token) -> bool:
    gap = text[group[-1].end : token.start]
    if len(gap) > _MAX_GLUE or not _GLUE.fullmatch(gap) or _APART.search(gap):
        return False
    concepts = {item.concept for item in group}
    if re.search(r"[,，]", gap) and token.concept in _STATUS and token.concept in concepts:
        # '352,900 sqm utilised, utilisation rate 68.9 %': the word comes again because the next statement begins.
        return False
    if group[0].concept == "flow" and token.concept not in ("blocker", "flow") and "blocker" not in concepts:
        # 'net additions of area in service' is one flow.
        return bool(re.fullmatch(r"\s*(?:(?:of|in|to|for|the|our|its)\s+)*", gap))
    if token.concept in ("blocker", "flow") or concepts & {"blocker", "flow"}:
        return token.concept in ("blocker", "flow") and bool(concepts & {"blocker", "flow"}) and not gap.strip()
    return True


def _split(text: str, group: list[_Token]) -> list[list[_Token]]:
    """One group of joined words into its metrics: 'committed and utilised area' are two that share a head."""
    parts: list[list[_Token]] = [[]]
    for index, token in enumerate(group):
        if index and _starts_new(text, group, index, parts[-1]):
            parts.append([])
        parts[-1].append(token)
    if len(parts) == 1:
        return parts
    heads = [t for t in group if t.concept in ("space", "cabinets", "rate")]
    result = []
    for part in parts:
        concepts = {t.concept for t in part}
        shared = [t for t in heads if t.concept not in concepts]
        if not concepts & {"space", "cabinets", "rate"} and shared and concepts & {*_STATUS, *_DOMAIN}:
            extra = frozenset({shared[-1].concept})
            part = [*part[:-1], _Token(part[-1].concept, part[-1].start, part[-1].end, part[-1].own, extra)]
        result.append(part)
    return result


def _starts_new(text: str, group: list[_Token], index: int, part: list[_Token]) -> bool:
    token = group[index]
    gap = text[group[index - 1].end : token.start]
    have = {t.concept for t in part}
    coming = _run(text, group, index)
    if "own" in have and "own" in coming:
        return True
    if have & set(_ALONE) and coming & set(_ALONE) and not (have & coming):
        return True
    if (
        _JOINER.search(gap)
        and bool(have & set(_ALONE)) != bool(coming & set(_ALONE))
        and (have | coming) & set(_STATUS)
    ):
        return True
    if "(" in gap or "（" in gap:
        return False
    if re.search(r"\b(?:of|on|for|over|within|relative to)\b", gap) and not re.search(r"\band\b", gap):
        return False
    status, coming_status = have & set(_STATUS), coming & set(_STATUS)
    if not _JOINER.search(gap):
        # No joiner: a new phrase only where a second rate follows a finished one ("签约率95%使用率").
        return "rate" in have and "rate" in coming and bool(status) and bool(coming_status)
    if (
        {"committed", "precommitted"} >= (status | coming_status)
        and status
        and coming_status
        and have & {"rate"} == coming & {"rate"}
    ):
        return "rate" in have and "rate" in coming
    if "rate" in have and coming & set(_DOMAIN) and not coming_status and "rate" not in coming:
        return False
    if status and coming_status and status != coming_status:
        return True
    domain, coming_domain = have & set(_DOMAIN), coming & set(_DOMAIN)
    if domain and not status and coming_status and "rate" not in have:
        return True
    if not status and not coming_status and domain and coming_domain and domain != coming_domain:
        return not {"sum", "total"} & {t.concept for t in group}
    return bool((status and coming_domain and not coming_status) or (domain and not status and coming_status)) and bool(
        coming & {"space", "cabinets", "rate"} and have & {"space", "cabinets", "rate"}
    )


def _run(text: str, group: list[_Token], index: int) -> set[str]:
    """The concepts from `index` on up to the next joiner."""
    concepts = {group[index].concept}
    for before, token in zip(group[index:], group[index + 1 :], strict=False):
        if _JOINER.search(text[before.end : token.start]):
            break
        concepts.add(token.concept)
    return concepts


def _hit(text: str, part: list[_Token]) -> MetricHit | None:
    concepts = set[str]()
    own = ""
    opened = False
    previous = part[0]
    for token in part:
        gap = text[previous.end : token.start]
        opened = (opened or "(" in gap or "（" in gap) and not (")" in gap or "）" in gap)
        previous = token
        if token.concept == "interest":
            concepts.add("interest")
        gloss = opened and bool(concepts & set(_STATUS))
        if gloss and (
            token.concept not in (*_DOMAIN, "not_yet") or not concepts & {"committed", "precommitted", "leased"}
        ):
            continue
        if token.own:
            own = own or token.own
            if _CABINET.search(text[token.start : token.end]):
                concepts.add("cabinets")
        concepts.add(token.concept)
        concepts |= token.extra
    concepts.discard("own")
    meaning = frozenset(concepts)
    metric = own or _default_metric(meaning)
    useful = (
        own or {"total", "space"} <= meaning or meaning & {*_STATUS, *_DOMAIN, *_ALONE, "blocker", "flow", "expiry"}
    )
    if not useful:
        return None
    start, end = part[0].start, part[-1].end
    return MetricHit(metric, start, end, text[start:end], "", meaning, own)


def _default_metric(concepts: frozenset[str]) -> str:
    """The metric the words themselves suggest: the rate where they say rate, the capacity where they say space."""
    if concepts & {"wale"}:
        return "wale_years"
    if "rate" in concepts or concepts & {"occupied", "vacancy"}:
        return _metric_of(concepts, "", "pct")
    if concepts & {"data_centres", "operators", "interconnections"} and not concepts & {*_STATUS, *_DOMAIN}:
        return _metric_of(concepts, "", "")
    if "mrr" in concepts:
        return _metric_of(concepts, "", "RMB")
    return _metric_of(concepts, "", "mw")


def fits(metric: str, unit: str) -> bool:
    """Whether a metric can be in a unit at all ('' = a bare number, currency codes for prices)."""
    if not metric:
        return False
    if metric.endswith("_rate") or metric in RATES or metric.startswith(("churn", "commitment_rate")):
        return unit == "pct"
    if metric == "wale_years":
        return unit == "years"
    if metric.startswith("price_"):
        return unit.isupper() or "/month" in unit
    if metric in ("data_centres", "operators", "interconnections"):
        return unit in ("", "count")
    if metric == "customer_it_load":
        return unit in ("kw", "mw")
    if metric.startswith("capacity_"):
        return unit in _AREAS
    return unit in ("mw", "kw", "sqm", "sqft")


def _metric_of(concepts: frozenset[str], own: str, unit: str) -> str:
    if own:
        if fits(own, unit) or (unit == "" and "cabinets" in concepts and fits(own, "cabinets")):
            return own
        concepts = concepts | _concepts_of_metric(own)
    if concepts & {"blocker", "flow"}:
        return ""
    if unit == "pct":
        return _rate_of(concepts)
    if unit == "years":
        return "wale_years" if "wale" in concepts else ""
    if unit in _AREAS:
        return _capacity_of(concepts)
    if unit in ("", "count"):
        for name in ("interconnections", "operators", "data_centres"):
            if name in concepts and not concepts & {"utilised", "committed", "rate"}:
                return name
        return _capacity_of(concepts) if unit == "" and "cabinets" in concepts else ""
    if unit.isupper():
        return "price_mrr_per_cabinet" if "mrr" in concepts and "cabinets" in concepts else ""
    return ""


def _concepts_of_metric(metric: str) -> frozenset[str]:
    return {
        "capacity_utilised": frozenset({"utilised"}),
        "utilisation_rate": frozenset({"utilised", "rate"}),
        "capacity_committed": frozenset({"committed"}),
        "capacity_committed_in_service": frozenset({"committed", "service"}),
        "commitment_rate": frozenset({"committed", "rate"}),
        "pre_commitment_rate": frozenset({"precommitted", "rate"}),
        "capacity_in_service": frozenset({"service", "space"}),
    }.get(metric, frozenset())


def _rate_of(concepts: frozenset[str]) -> str:
    if "churn" in concepts:
        return "churn_quarter"
    if "wale" in concepts or "expiry" in concepts or concepts & {"mrr", "not_yet", "interest"}:
        return ""
    if "vacancy" in concepts:
        return "vacancy_rate"
    if "precommitted" in concepts and not ("committed" in concepts and "service" in concepts):
        return "pre_commitment_rate"
    if "construction" in concepts and concepts & {"committed", "leased"} and "service" not in concepts:
        return "pre_commitment_rate"
    if "committed" in concepts and not ("utilised" in concepts and "rate" not in concepts):
        # What is used out of what is committed is no metric of ours.
        return "commitment_rate"
    if "utilised" in concepts and "committed" not in concepts:
        return "utilisation_rate"
    if "occupied" in concepts:
        return "occupancy_rate"
    if "leased" in concepts:
        return "commitment_rate"
    return ""


def _capacity_of(concepts: frozenset[str]) -> str:
    if "rate" in concepts:
        return ""
    if "absorption" in concepts or "new_supply" in concepts:
        return "net_absorption_full_year" if "absorption" in concepts else "new_supply_full_year"
    if concepts & {"wale", "mrr", "churn", "vacancy", "expiry", "interest"}:
        return ""
    if "it_load" in concepts:
        return "customer_it_load"
    if "not_yet" in concepts:
        return "capacity_committed_not_utilised"
    if concepts & {"committed", "precommitted", "leased"}:
        if "utilised" in concepts:
            return "capacity_committed" if "committed" in concepts else "capacity_utilised"
        if concepts & {"construction", "planned"} and "service" not in concepts:
            return ""
        if "service" in concepts and not concepts & {"precommitted", "construction"}:
            return "capacity_committed_in_service"
        return "capacity_committed" if concepts & {"committed", "leased"} else ""
    if concepts & {"utilised", "occupied"}:
        return "capacity_utilised"
    if "construction" in concepts and ("service" in concepts or {"sum", "space"} <= concepts):
        return "capacity_total"
    if "construction" in concepts and "planned" in concepts:
        return "capacity_under_construction_plus_planned"
    if "construction" in concepts:
        return "capacity_under_construction"
    if "planned" in concepts:
        return "capacity_planned" if "service" not in concepts else ""
    if "service" in concepts:
        return "capacity_in_service"
    # 'Total capacity' alone; the sentence must say what it totals (see sentence.py).
    return "capacity_total" if {"total", "space"} <= concepts else ""


@lru_cache(maxsize=8)
def _names(key: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "|".join(patterns)) for name, patterns in vocabulary()[key].items())


@lru_cache(maxsize=8)
def _name_pattern(rows: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    return re.compile("|".join(_bounded(f"(?:{pattern})") for _, pattern in rows), re.I)


@dataclass(frozen=True)
class NameHit:
    """A named segment, cohort, weight or market: `kind` says which, `name` is its canonical form."""

    name: str
    kind: str
    start: int
    end: int


@lru_cache(maxsize=64)
def _scope_patterns(layout: Layout | None) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rows: list[tuple[str, str, re.Pattern[str]]] = []
    if layout is not None:
        ordered = sorted(layout.scopes.items(), key=lambda item: -len(item[0]))
        rows += [(name, "segment", re.compile(_bounded(_spaced(phrase)), re.I)) for phrase, name in ordered]
    for key, kind in (
        ("segments", "segment"),
        ("cohorts", "cohort"),
        ("weights", "weight"),
        ("regions", "region"),
        ("markets", "market"),
    ):
        rows += [(name, kind, re.compile(_bounded(pattern), re.I)) for name, pattern in _names(key)]
    return tuple(rows)


def find_names(text: str, layout: Layout | None = None, kinds: Iterable[str] = ()) -> list[NameHit]:
    """Segments, cohorts, weights and markets named in `text`, in order; the operator's own words before the general."""
    return list(_find_names(text, layout, tuple(kinds)))


@lru_cache(maxsize=256)
def _find_names(text: str, layout: Layout | None, wanted: tuple[str, ...]) -> tuple[NameHit, ...]:
    """Kept, since every figure of a sentence asks for the names in it."""
    hits: list[NameHit] = []
    for name, kind, pattern in _scope_patterns(layout):
        if wanted and kind not in wanted:
            continue
        for match in pattern.finditer(text):
            if not any(h.kind == kind and h.start < match.end() and match.start() < h.end for h in hits):
                hits.append(NameHit(name, kind, match.start(), match.end()))
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end)))
