"""Sites named in a text: an operator's known facilities and names that plainly are a site's.

Belongs here: finding facility names. Does not belong here: markets and segments (vocabulary).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assets.reports.operators import Layout

_GENERIC = re.compile(
    r"\b(?P<name>(?:(?!The\b|Our\b|Its\b|Each\b|This\b|All\b|Both\b|At\b|In\b|For\b|Of\b|On\b|New\b|A\b|"
    r"Total\b|Colo\b|And\b|As\b|About\b|By\b|From\b)[A-Z][\w'’&-]{0,60}\s){1,4}"
    r"(?:Data ?Cent(?:re|er)|Campus|DC)(?!\sREIT)(?:\s\d{1,2}\b|\s[A-Z]\b)?(?!s\b|\s(?:REIT|Holdings|Group|"
    r"Limited|Ltd|Inc|AG)))\b"
    r"|\b(?P<code>(?:Site|Building|Facility|Campus|Hall)\s(?:\d{1,2}|[A-Z])\b)(?!\s?(?:MW|sqm|%))"
    r"|(?<=\b[Aa]t\s)(?P<at>[A-Z]{2,4}\d{1,2})\b"
    r"|\b(?:[Aa]t|[Ii]ts|[Oo]ur)\s(?P<named>(?!(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|"
    r"July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?|Q|FY|H)\b)(?:[A-Z][a-z][\w-]{0,60}\s){1,3}\d{1,2}\b)(?!\s?(?:MW|sqm|%|"
    r"per|,\d|\.\d))"
)


@dataclass(frozen=True)
class SiteHit:
    """A facility named in a text: canonical `name`, its `market` where known, and the span of the mention."""

    name: str
    market: str
    start: int
    end: int
    known: bool


@lru_cache(maxsize=64)
def _known(layout: Layout) -> tuple[re.Pattern[str], dict[str, tuple[str, str]]]:
    names: dict[str, tuple[str, str]] = {}
    for name, site in layout.facilities.items():
        for printed in (name, *site.aliases):
            names[printed.casefold()] = (name, site.market)
    ordered = sorted(names, key=len, reverse=True)
    body = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in ordered)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{body})(?![A-Za-z0-9])" if body else r"(?!)", re.I), names


def find_sites(text: str, layout: Layout | None) -> list[SiteHit]:
    """The facilities named in `text`, in order of place: known ones first, then names of the form of a site's."""
    return list(_find_sites(text, layout))


@lru_cache(maxsize=256)
def _find_sites(text: str, layout: Layout | None) -> tuple[SiteHit, ...]:
    hits: list[SiteHit] = []
    if layout is not None:
        pattern, names = _known(layout)
        for match in pattern.finditer(text):
            name, market = names[re.sub(r"\s+", " ", match.group()).casefold()]
            hits.append(SiteHit(name, market, match.start(), match.end(), True))
    if layout is None or layout.kind == "operator":
        for match in _GENERIC.finditer(text):
            name = next(group for group in match.groups() if group)
            start, end = match.start(match.lastgroup or 0), match.end(match.lastgroup or 0)
            if not any(hit.start < end and start < hit.end for hit in hits):
                hits.append(SiteHit(name, "", start, end, False))
    return tuple(sorted(hits, key=lambda hit: hit.start))


def site_of_heading(text: str, layout: Layout | None) -> SiteHit | None:
    """The facility a heading names and is about: the heading is its name and little else."""
    for hit in find_sites(text, layout):
        rest = (text[: hit.start] + text[hit.end :]).strip(" ,:–—-()（）*†0123456789")
        if len(rest) <= 24:
            return hit
    return None
