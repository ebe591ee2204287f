"""Whom a label is about: a facility, a market, a region, a business line, or the whole.

Belongs here: telling those apart in a label that is left when metric and period are taken away. Not here: which label
of a table that is (tables.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assets.reports.extraction.table_values import fold
from assets.reports.extraction.vocabulary import find_names
from assets.reports.operators import Layout

_WHOLE = re.compile(
    r"^(?:(?:grand |group |portfolio |overall |sub-?)?totals?(?:\s*/\s*(?:average|weighted average))?|(?:total |overall |entire |whole |in-service |group )?portfolio|group|overall|consolidated|company|all(?: properties| facilities| sites| assets| data cent(?:re|er)s| regions)?"
    r"|sum|sub-?totals?|aggregate|gesamt|summe|insgesamt|totals? (?:of )?(?:\w+ )?(?:properties|facilities|sites|assets|data cent(?:re|er)s|portfolio)|(?:weighted |portfolio )?average|global|worldwide|as reported|合[计計]|[总總][计計]|[总總][体體]|集[团團]|整[体體]|全部|平均|(?:portfolio|group) (?:total|average|level)|total (?:portfolio|group|operating portfolio)|total,? \(?%?\)?)$",
    re.IGNORECASE,
)
_REGIONS = re.compile(
    r"^(?:the )?(?:(?:north|latin|south|central) )?(?:americas?|emea|apac|apj|asia[- ]pacific|asia(?:[- ]pacific)?(?: ex[- ]\w+)?|europe|european union|nordics?|middle east|africa|oceania|anz|mainland china|greater china|rest of (?:the )?(?:world|europe|asia)|international|domestic"
    r"|(?:(?:other|rest of) )?(?:asia pacific|europe)|france, germany,? (?:the )?netherlands(?:,? and (?:the )?uk)?|big 4|rest of europe|亚太|亞太|欧洲|歐洲|美洲|北美)(?: region| portfolio)?$",
    re.IGNORECASE,
)
_COUNTRIES = re.compile(
    r"^(?:the )?(?:australia|austria|belgium|brazil|canada|chile|china|prc|denmark|finland|france|germany|hong kong sar|india|indonesia|ireland|israel|italy|japan|(?:south )?korea|malaysia|mexico|netherlands|new zealand|norway|philippines|poland|portugal"
    r"|qatar|saudi arabia|south africa|spain|sweden|switzerland|taiwan|thailand|turkey|uae|united arab emirates|uk|united kingdom|us|usa|u\.s\.|united states|vietnam|中[国國]|日本|澳洲|澳大利[亚亞]|[马馬][来來]西[亚亞]|美[国國]|英[国國]|德[国國])(?: portfolio)?$",
    re.IGNORECASE,
)
_CITIES = re.compile(
    r"^(?:greater )?(?:amsterdam|ashburn|atlanta|auckland|bangkok|barcelona|batam|beijing|berlin|bogota|boston|brisbane|brussels|cardiff|chennai|chicago|columbus|copenhagen|cyberjaya|dallas|delhi|denver|dubai|dublin|dusseldorf|düsseldorf|frankfurt|geneva|guangzhou|guangdong|hamburg|helsinki"
    r"|ho chi minh city|hong kong|houston|hyderabad|istanbul|jakarta|johannesburg|johor(?: bahru)?|kuala lumpur|las vegas|lisbon|london|los angeles|madrid|manila|marseille|melbourne|miami|milan|montreal|mumbai|munich|new delhi|new jersey|new york|northern california|northern virginia|osaka|oslo|paris|perth|phoenix|portland|prague|queretaro"
    r"|querétaro|rio de janeiro|riyadh|rome|san francisco|santiago|são paulo|sao paulo|santa clara|seattle|seoul|shanghai|shenzhen|silicon valley|singapore|stockholm|sydney|taipei|tel aviv|tokyo|toronto|vienna|warsaw|washington|zurich|zürich|上海|北京|深圳|[广廣]州|香港|新加坡|[东東]京|悉尼|首[尔爾]|孟[买買]|雅加[达達])"
    r"(?:[- ](?:dc|metro|city|bay area|area))?(?: portfolio)?$",
    re.IGNORECASE,
)
_FACILITY = re.compile(
    r"\bdata ?cent(?:re|er)s?\b|\bdc ?\d*\b|\bidc\b(?=.*\d)|\bcampus\b|\bbuilding\b|\bphase\b|\bstreet\b|\bst\b\.?|\broad\b|\brd\b|\bdrive\b|\bavenue\b|\bave\b|\bway\b|\blane\b|\bcourt\b|\bparkway\b|\bboulevard\b|\bcircle\b|\bplace\b|\bpark\b|\bsquare\b|\btower\b|\bsite\b|\bfacility\b|\bhub\b|stra(?:ß|ss)e|\bhouse\b"
    r"|^[A-Z]{1,4}[- ]?\d{1,3}[A-Z]?(?:\.\d)?$|^\d+ [A-Z]|[数數]据中心|机房|機房|[园園][区區]|[号號][楼樓]",
    re.IGNORECASE,
)
_SEGMENTS: tuple[tuple[str, str], ...] = (
    (r"wholesale(?: idc| colocation| business)?|基地型(?:idc)?(?:[业業][务務])?|批[发發](?:型|idc)?", "wholesale IDC"),
    (r"retail(?: idc| colocation| business)?|城市型(?:idc)?(?:[业業][务務])?|零售(?:型|idc)?", "retail IDC"),
)  # fmt: skip
_COHORT = re.compile(
    r"\b(?:mature|ramp(?:ing)?[- ]?up|ramping|stabili[sz]ed|non[- ]stabili[sz]ed|self[- ]built|partnered|leased sites|owned|same[- ]store|colocation|fully[- ]fitted|shell (?:and|&) core|powered shell|turn[- ]?key|hyperscale|enterprise|single[- ]tenant|multi[- ]tenant|continuing|discontinued|joint ventures?|jvs?|unconsolidated|consolidated|industrial|segment|stabilised)\b|成熟|爬坡|自建",
    re.IGNORECASE,
)
_SITE_WORDS = re.compile(r"\bdata ?cent(?:re|er)s?\b", re.IGNORECASE)
_GENERIC = re.compile(
    r"\b(?:key|operating|operational|selected|summary|highlights?|overview|metrics?|measures?|data|statistics|performance|financial|capacity|supply|demand|utili[sz]ation|occupancy|figures?|facilities|properties|portfolio|assets|results?|update|brief|end|period|quarter|half|year|profile|indicators?|total|market|table|continued|expiry|lease|leases|other|of which|memo|notes?|definitions?|information|details|location|brief|contents|at a glance|appendix|by|split)\b"
    r"|概[览覽]|摘要|指[标標]|[数數]据|[经經][营營]|[运運][营營]|[业業][绩績]|概[况況]|合[计計]",
    re.IGNORECASE,
)


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
    name = fold(text).strip(" :*†‡·-–—")
    name = re.sub(r"\s*[(\[]\d{1,2}[)\]]$", "", name)
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
    for pattern, scope in _SEGMENTS:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return Entity(scope, "portfolio")
    if _FACILITY.search(name) and not re.fullmatch(r"data ?cent(?:re|er)s?", name, re.IGNORECASE):
        plain, place = split_place(name)
        return Entity(plain, "facility", plain, place)
    if _COHORT.search(name):
        return Entity(name, "portfolio")
    plain, place = split_place(name)
    return Entity(plain, "facility", plain, place, known=False)


def _cased(name: str) -> str:
    """A place as it is usually written: a city's canonical name, capitals as a title."""
    cities = find_names(name, None, ("market",))
    if len(cities) == 1:
        rest = (name[: cities[0].start] + name[cities[0].end :]).strip(" -").casefold()
        if rest in ("", "sar", "greater", "metro", "city", "area", "market", "metropolitan area"):
            return cities[0].name
    return name.title() if name.isupper() and len(name) > 4 else name


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
    name = fold(text).strip(" :")
    return any(pattern.match(name) is not None for pattern in (_REGIONS, _COUNTRIES, _CITIES))


def looks_like_facility(text: str) -> bool:
    """True for a name with the marks of a site: Data Centre, DC 3, Campus, a street address, a site code."""
    return _FACILITY.search(fold(text)) is not None and not is_place(text)


def is_cohort(text: str) -> bool:
    """True for a label that is nothing but a business line or cohort: 'Wholesale', 'Fully-fitted (Single Tenant)'."""
    name = re.sub(r"\s*\(.*?\)", "", fold(text)).strip(" :*")
    return _COHORT.fullmatch(name) is not None or any(re.fullmatch(p, name, re.IGNORECASE) for p, _ in _SEGMENTS)


def is_whole(text: str) -> bool:
    """True for a label of the whole: Total, Portfolio, Group, Average."""
    return _WHOLE.match(fold(text).strip(" :*")) is not None


def combine(outer: Entity, inner: Entity) -> Entity:
    """A cohort inside a business line: 'wholesale IDC' and 'mature' -> 'wholesale IDC, mature'."""
    if outer.level == "portfolio" and inner.level == "portfolio" and outer.scope not in ("group", "portfolio"):
        if inner.scope in ("group", "portfolio"):
            return outer
        return Entity(f"{outer.scope}, {inner.scope[0].lower()}{inner.scope[1:]}", "portfolio")
    if inner.level == "facility" and outer.level in ("market", "region"):
        return Entity(inner.scope, "facility", inner.facility, inner.market or outer.market or outer.scope, inner.known)
    return inner


def _own_scope(name: str, layout: Layout) -> str:
    folded = name.casefold()
    return next((scope for phrase, scope in layout.scopes.items() if phrase.casefold() == folded), "")
