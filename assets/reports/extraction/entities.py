"""Whom a label is about: a facility, a market, a region, a business line, or the whole.

Belongs here: telling those apart in a label that is left when metric and period are taken away. Not here: which label
of a table that is (tables.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assets.reports.extraction.table_values import fold
from assets.reports.extraction.vocabulary import find_names
from assets.reports.extraction.wording import entire, load_words, searched
from assets.reports.operators import Layout

_WORDS = load_words("places")
_WHOLE = entire(_WORDS["whole"])
_BELONGINGS = " region| portfolio| assets| properties| facilities| sites| data cent(?:re|er)s"
_REGIONS = entire(_WORDS["regions"], "the ", _BELONGINGS)
_COUNTRIES = entire(_WORDS["countries"], "the ", _BELONGINGS)
_CITIES = entire(_WORDS["cities"], "greater ", "[- ](?:dc|metro|city|bay area|area)|" + _BELONGINGS)
_FACILITY = searched(_WORDS["sites"])
_COHORT = searched(_WORDS["cohorts"])
_SEGMENTS = tuple((entire(patterns), scope) for scope, patterns in _WORDS["segments"].items())
_GENERIC = searched(_WORDS["generic"])
_SITE_WORDS = re.compile(r"\bdata ?cent(?:re|er)s?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Entity:
    """Whom a figure is about: scope text, level (portfolio, region, market, facility), facility and market names."""

    scope: str
    level: str
    facility: str = ""
    market: str = ""
    known: bool = True


def read_entity(text: str, layout: Layout | None, market_source: bool = False) -> Entity | None:
    """The entity a label names, None for a blank. `known` is False where nothing but its place says it is one.

    A market source's entities are markets and regions, an operator's unknown names are facilities.
    """
    name = _bare(text)
    if not name:
        return None
    whole = layout.group_scope if layout is not None else "group"
    known = layout.facility(name) if layout is not None else None
    if known is not None:
        return Entity(known.name, "facility", known.name, known.market)
    if layout is not None and (scope := _own_scope(name, layout)):
        if scope in ("group", "portfolio"):
            return Entity(scope, "portfolio")
        return Entity(scope, "region" if _REGIONS.match(scope) or _COUNTRIES.match(scope) else "portfolio")
    if _WHOLE.match(name):
        return Entity(whole, "portfolio")
    if _REGIONS.match(name):
        return Entity(_cased(name), "region")
    if _COUNTRIES.match(name):
        return Entity(_cased(name), "market" if market_source else "region")
    if _CITIES.match(name):
        city = _cased(name)
        return Entity(city, "market", "", city)
    if market_source:
        many = re.search(r"\+|\bmarkets\b|\btier\b|\bregion\b", name, re.IGNORECASE)
        return Entity(name, "region" if many else "market", "", "" if many else name, known=False)
    if segment := segment_scope(name):
        return Entity(segment, "portfolio")
    if _FACILITY.search(name) and not re.fullmatch(r"data ?cent(?:re|er)s?", name, re.IGNORECASE):
        plain, place = split_place(name)
        return Entity(plain, "facility", plain, place)
    if _COHORT.search(name):
        return Entity(name, "portfolio")
    plain, place = split_place(name)
    return Entity(plain, "facility", plain, place, known=False)


# What labels put behind a name that is no part of it: a footnote, a unit, a scale, a status.
_BEHIND = re.compile(
    r"\s*[(\[](?:\d{1,2}|(?:in )?(?:thousands?|millions?|['’]?000s?|mw|kw|gw|sq\.? ?(?:m|ft)|sqm|sqft|m2|cabinets|racks"
    r"|%|units?|number|no\.?|restated|(?:un)?audited|average|total)(?: of (?:sqm|sq\.? ?(?:m|ft)|cabinets))?)[)\]]$"
    r"|,? in (?:thousands|millions|['’]000s?)$",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"^(?:(?:of|out of) which:?|o/w:?|thereof:?|incl(?:uding|\.)?|其中[::]?)\s*", re.IGNORECASE)


def _bare(text: str) -> str:
    """A name without list marks, footnotes, units and 'of which'."""
    name = fold(text).strip(" :*†‡·•-–—>")
    name = _BEFORE.sub("", name) or name
    return _BEHIND.sub("", name).strip(" :*†‡")


_AROUND_CITIES = (
    "", "sar", "greater", "metro", "city", "area", "market", "metropolitan area", "assets", "properties", "facilities",
    "sites", "data centres", "data centers",
)  # fmt: skip


def _cased(name: str) -> str:
    """A place as it is usually written: a city's canonical name, capitals as a title."""
    cities = find_names(name, None, ("market",))
    if len(cities) == 1:
        rest = (name[: cities[0].start] + name[cities[0].end :]).strip(" -").casefold()
        if rest in _AROUND_CITIES:
            return cities[0].name
    return name.title() if name.isupper() and len(name) > 4 else name


def segment_scope(text: str) -> str:
    """The scope of a business line named by a general word ('Wholesale', 基地型), '' for any other text."""
    return next((scope for pattern, scope in _SEGMENTS if pattern.match(text)), "")


def split_place(name: str) -> tuple[str, str]:
    """A facility name and the place behind it in parentheses: 'Almere Data Centre (Almere)'."""
    match = re.fullmatch(r"(?P<name>.*\S)\s+\((?P<place>[^()\d]{3,40})\)", name)
    if match is None or _GENERIC.search(match.group("place")) or _COHORT.search(match.group("place")):
        return name, ""
    return match.group("name"), match.group("place").split(",")[-1].strip()


def weighted(entity: Entity, label: str) -> Entity:
    """The scope of an average term of the whole with its weight, where that is rent: 'portfolio (by rental income)'."""
    if entity.scope not in ("group", "portfolio"):
        return entity
    if re.search(r"annuali[sz]ed|年化", label, re.IGNORECASE):
        return replace(entity, scope=f"{entity.scope} (by annualised rent)")
    if re.search(r"\brent|\bincome\b|\brevenue\b|\bgri\b|租金", label, re.IGNORECASE):
        return replace(entity, scope=f"{entity.scope} (by rental income)")
    return entity


def is_generic(text: str) -> bool:
    """True for a heading that names no entity: 'Key metrics', 'Portfolio summary', 'MW at period end'."""
    return _GENERIC.search(_SITE_WORDS.sub(" ", text)) is not None


def is_place(text: str) -> bool:
    """True for the name of a region, country or city."""
    name = _bare(text)
    return any(pattern.match(name) is not None for pattern in (_REGIONS, _COUNTRIES, _CITIES))


def looks_like_facility(text: str) -> bool:
    """True for a name with the marks of a site: Data Centre, DC 3, Campus, a street address, a site code."""
    return _FACILITY.search(fold(text)) is not None and not is_place(text)


def is_cohort(text: str) -> bool:
    """True for a label that is nothing but a business line or cohort: 'Wholesale', 'Fully-fitted (Single Tenant)'."""
    name = re.sub(r"\s*\(.*?\)", "", fold(text)).strip(" :*")
    return _COHORT.fullmatch(name) is not None or bool(segment_scope(name))


def is_whole(text: str) -> bool:
    """True for a label of the whole: Total, Portfolio, Group, Average."""
    return _WHOLE.match(_bare(text)) is not None


def combine(outer: Entity, inner: Entity) -> Entity:
    """A cohort inside a business line: 'wholesale IDC' and 'mature' -> 'wholesale IDC, mature'."""
    if inner.level == "portfolio" and inner.scope in ("group", "portfolio"):
        # The total of a part is the part.
        return outer
    if outer.level == "portfolio" and inner.level == "portfolio" and outer.scope not in ("group", "portfolio"):
        if inner.scope.casefold().startswith(outer.scope.casefold()):
            return inner
        return Entity(f"{outer.scope}, {inner.scope[0].lower()}{inner.scope[1:]}", "portfolio")
    if inner.level == "facility" and outer.level in ("market", "region"):
        return Entity(inner.scope, "facility", inner.facility, inner.market or outer.market, inner.known)
    return inner


def _own_scope(name: str, layout: Layout) -> str:
    folded = name.casefold()
    return next((scope for phrase, scope in layout.scopes.items() if phrase.casefold() == folded), "")
