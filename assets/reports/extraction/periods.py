"""Dates and periods as printed, to period ends: quarters, halves, financial years, 'a year earlier', 二零二零年.

Belongs here: the forms of dates in English and Chinese, and what a financial calendar makes of them. Does not belong
here: which figure a date is of (prose, tables), or what a distance between dates means (basis).

A quarter or half with a financial-year mark (FY26, 1H26 with a June year end) follows the operator's calendar; 'second
quarter of 2024' without one follows it only where the operator's year is not the calendar year and the label is a
half or quarter code ('1H26', '3Q25').
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Protocol


class Calendar(Protocol):
    """What dates are read against: the month a financial year ends in and the document's main period end."""

    @property
    def fiscal_year_end_month(self) -> int: ...  # noqa: D102

    @property
    def period_end(self) -> date | None: ...  # noqa: D102


@dataclass(frozen=True)
class DateHit:
    """A date or period in a text. `period_end` is its last day.

    `kind`: date, month, quarter, half, year, relative. `suffix`: E, F, A, P, R (restated), + or >= as printed, else ''.
    `months_back` is set on relative hits: 12 for 'a year earlier', 0 for 'period end'.
    """

    start: int
    end: int
    period_end: date
    kind: str
    suffix: str = ""
    months_back: int | None = None


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_MONTH = r"(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_ORDINAL = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "final": 4,
    "last": 4,
}
# The months of a year to date: 'nine months of FY2025'.
_MONTHS_IN = {"three": 3, "six": 6, "nine": 9}
_CN_DIGIT = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "○": 0,
    "Ｏ": 0,
    "两": 2,
    "首": 1,
    "上": 1,
    "下": 2,
}
_Y4 = r"(?:19|20)\d{2}"
_FY = r"(?:FY\s?|fiscal(?: year)? |financial year |财年|財年)"
_YEAR_ANY = rf"(?:(?P<fy>{_FY})?['’]?(?P<y>{_Y4}|\d{{2}})(?:\s?/\s?(?P<y2>{_Y4}|\d{{2}}))?)"


def _year_for(key: str) -> str:
    """The pattern of a year with its groups named after a form of period."""
    return _YEAR_ANY.replace("?P<fy>", f"?P<{key}fy>").replace("?P<y>", f"?P<{key}y>").replace("?P<y2>", f"?P<{key}y2>")


_ENGLISH = re.compile(
    rf"(?P<iso>(?<![\d-])(?P<iy>{_Y4})[-/.](?P<im>0?[1-9]|1[0-2])[-/.](?P<id>0?[1-9]|[12]\d|3[01])(?!\d))"
    rf"|(?P<mdy>\b(?P<mm>{_MONTH})\s?(?P<md>[0-3]?\d)(?:st|nd|rd|th)?(?:\s?,\s?|\s)\s?(?P<my>{_Y4})(?!\d))"
    rf"|(?P<dmy>(?<!\d)(?P<dd>[0-3]?\d)(?:st|nd|rd|th)?[ -](?:of\s)?(?P<dm>{_MONTH}),?[ -](?P<dy>{_Y4}|"
    rf"['’]?\d{{2}})(?!\d))"
    rf"|(?P<my2>\b(?P<ym>{_MONTH})[ -](?P<yy>{_Y4}|['’]\d{{2}})(?!\d))"
    rf"|(?P<q1>(?<![A-Za-z0-9.,])(?P<q1n>[1-4])Q\s?{_year_for('q1')}(?P<q1s>[EFAPR])?(?![A-Za-z0-9]))"
    rf"|(?P<q2>(?<![A-Za-z0-9])Q(?P<q2n>[1-4])[\s'’,-]{{0,2}}(?:of\s)?{_year_for('q2')}(?P<q2s>[EFAPR])?(?![A-Za-z0-9]))"
    rf"|(?P<q3>\b(?P<q3n>first|second|third|fourth|final|last|1st|2nd|3rd|"
    rf"4th)[ -](?:fiscal )?quarter(?:\s?,\s?|\s)(?:of |to |in |for )?(?:the )?{_year_for('q3')}(?!\d))"
    rf"|(?P<n1>(?<![A-Za-z0-9.,])(?P<n1n>[369])M\s?{_year_for('n1')}(?![A-Za-z0-9]))"
    rf"|(?P<n2>\b(?P<n2n>three|six|nine)[ -]months (?:of|in) (?:the )?{_year_for('n2')}(?!\d))"
    rf"|(?P<q5>(?<![A-Za-z0-9.])(?P<q5y>{_Y4})\s?[-/ ]?(?:Q(?P<q5n>[1-4])|"
    rf"(?P<q5m>[1-4])Q)(?P<q5s>[EFAPR])?(?![A-Za-z0-9]))"
    rf"|(?P<h1>(?<![A-Za-z0-9.,])(?P<h1n>[12])H\s?{_year_for('h1')}(?P<h1s>[EFAPR])?(?![A-Za-z0-9]))"
    rf"|(?P<h2>(?<![A-Za-z0-9])H(?P<h2n>[12])[\s'’,-]{{0,2}}(?:of\s)?{_year_for('h2')}(?P<h2s>[EFAPR])?(?![A-Za-z0-9]))"
    rf"|(?P<h3>\b(?P<h3n>first|second|1st|2nd)[ -]half(?:\s?,\s?|\s)(?:of |to |in |"
    rf"for )?(?:the )?{_year_for('h3')}(?!\d))"
    rf"|(?P<fyr>(?<![A-Za-z0-9])(?:FY\s?['’]?|(?:fiscal|financial)(?: year)? )(?P<fyy>{_Y4}|"
    rf"\d{{2}})(?:\s?[/-]\s?(?P<fyy2>{_Y4}|\d{{2}}))?(?P<fys>[EFAPR])?(?![A-Za-z0-9]))"
    rf"|(?P<ye>\b(?:year[ -]?end|end[- ]of[- ]year|(?:the )?end of(?: the year)?|end[- ]|"
    rf"(?:the )?close of)\s?(?P<yey>{_Y4})(?P<yes>[EFAPR])?(?!\d))"
    rf"|(?P<mid>\bmid[- ](?P<midy>{_Y4})(?!\d))"
    rf"|(?P<q4>\b(?P<q4n>first|second|third|fourth)[ -]quarter\b(?!\s?(?:of|in|to|for)?\s?(?:the )?(?:FY|"
    rf"fiscal|financial)?\s?['’]?\d))"
    rf"|(?P<yer>(?<![A-Za-z0-9.,-])(?P<yery>{_Y4})[ -]year[ -]?end\b)"
    rf"|(?P<ys>(?<![A-Za-z0-9.,/-])(?P<ysy>{_Y4})\s?(?P<yss>[EFP])(?![A-Za-z0-9]))"
    rf"|(?P<md2>\b(?P<m2>{_MONTH})\s(?P<d2>[12]\d|3[01])(?:st|nd|rd|th)?\b(?!\s?,?\s?{_Y4})(?![,.]\d))"
    rf"|(?P<dm2>(?<![\d.,])(?P<d3>[12]\d|3[01])(?:st|nd|rd|th)?\s(?:of\s)?(?P<m3>{_MONTH})(?!\s?,?\s?{_Y4}))",
    re.I,
)
_RELATIVE: tuple[tuple[re.Pattern[str], int], ...] = (
    (
        re.compile(
            r"\b(?:(?:in |at |for |as of |on |from )?(?:the )?(?:same|corresponding|comparable|equivalent|"
            r"like|year-ago|prior[- ]year|"
            r"previous[- ]year)(?:'s)? (?:date|day|period|quarter|half(?:[- ]year)?|time|month|point|"
            r"balance date|reporting date)"
            r"(?: (?:in|of|for) (?:the )?(?:last|prior|previous|preceding)(?: financial| fiscal)? year"
            r"|,? last year|,? (?:a|one) year (?:earlier|ago|before|prior|previously)| (?:of|"
            r"in) (?P<year>(?:19|20)\d{2}))?"
            r"|(?:a|one) (?:full )?year (?:earlier|ago|before|prior|previously|back)|"
            r"twelve months (?:earlier|ago|before|previously|prior)|"
            r"12 months (?:earlier|ago|before|previously|prior)|(?:the |in the |"
            r"at the end of the )?(?:prior|previous|preceding)[- ]year"
            r"(?: (?:period|figure|level|comparative|quarter|comparable))?|last year|year[- ]ago)\b",
            re.I,
        ),
        12,
    ),
    (
        re.compile(
            r"上年同期末?|去年同期末?|去年同季末?|上年同季末?|去年底?同日|上年同日|一年前|"
            r"去年年?同时|上年同时点|上年|去年"
        ),
        12,
    ),
    (
        re.compile(
            r"\b(?:(?:in |at |at the end of |from |for )?(?:the )?(?:previous|prior|preceding|"
            r"last)[- ]quarter(?:[- ]end)?|(?:a|one) quarter (?:earlier|ago|before|prior|previously)|"
            r"three months (?:earlier|ago|before|prior|previously)|3 months (?:earlier|ago|before|prior|"
            r"previously)|the quarter before)\b",
            re.I,
        ),
        3,
    ),
    (re.compile(r"上季度?末?|上一季度?末?|前一季度?末?|三个月前|三個月前|环比期?末"), 3),
    (
        re.compile(
            r"\b(?:(?:in |at |at the end of |from )?(?:the )?(?:previous|prior|preceding|"
            r"last)[- ]half(?:[- ]year)?|six months (?:earlier|ago|before|prior|previously)|"
            r"6 months (?:earlier|ago|before|prior|previously)|(?:a )?half[- ]?(?:a )?year (?:earlier|ago|"
            r"before|previously))\b",
            re.I,
        ),
        6,
    ),
    (re.compile(r"半年前|上一半年度?末?|前一半年度?末?|六个月前|六個月前"), 6),
    (
        re.compile(
            r"\b(?:(?:at |by |as of |as at )?(?:the )?(?:(?:quarter|period|half|balance[- ]sheet|balance|"
            r"reporting|half-year)[- ](?:end|date)|end of the (?:quarter|period|half|half-year|"
            r"reporting period|(?:financial |fiscal )?year)|year[- ]end|"
            r"close of the (?:quarter|period|half)))\b",
            re.I,
        ),
        0,
    ),
    (re.compile(r"报告期末|報告期末|本期末|期末|本季末|本季度末|季末|季度末|本报告期末|截至期末"), 0),
)
_YEAR_ZH = r"(?:(?:19|20)\d{2}|[二一][〇零○一二三四五六七八九]{3})"
_CHINESE = re.compile(
    rf"(?P<y>{_YEAR_ZH})\s?(?:年|财年|財年|财政年度|財政年度)(?:度)?\s?(?:"
    r"(?P<m>\d{1,2}|十[一二]?|[一二三四五六七八九])\s?月(?:份)?\s?(?:(?P<d>\d{1,2}|[一二三]?十[一二三四五六七八九]?|"
    r"[一二三四五六七八九])\s?(?:日|号|號)|(?P<me>底|末))?"
    r"|第?(?P<q>[一二三四首1-4])\s?(?:个|個)?(?:财政|財政)?季度?(?:末|底)?"
    r"|(?P<h>上|下)半(?:年度?|财年|財年)?(?:末|底)?"
    r"|(?P<ye>年?底|年?末|度末|终)"
    r"|(?P<same>同期末?|同日|同季末?)"
    r")"
)
_CHINESE_MD = re.compile(
    r"(?<![\d年])(?P<m>\d{1,2}|十[一二]?|[一二三四五六七八九])月(?P<d>\d{1,2}|"
    r"[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])[日号號]"
)
_CHINESE_QUARTER = re.compile(r"(?<![年一二三四\d])(?<!年第)第?(?P<q>[一二三四])季(?:度)?(?:末|底)?(?!报|報)")
_CHINESE_YEAR_SPAN = re.compile(rf"{_YEAR_ZH}\s?(?:年度?|财年|財年)")
_BARE_YEAR = re.compile(
    rf"(?<![A-Za-z0-9.,$€£¥/-])(?:{_Y4})(?:\s?[-/–]\s?(?:{_Y4}|\d{{2}}))?(?![0-9A-Za-z%％]|[,.]\d|\s?(?:sqm|"
    rf"sq|MW|kW|cabinets|racks|平方|机柜|機櫃|个|%))"
)
# '(2025: 69.0 %)' and '69.0 % in 2025': the same day of that year.
_LONE_YEAR = re.compile(
    rf"(?:[(（;；]\s?(?={_Y4}\s?[:：])|(?:%|per cent|MW|sqm|cabinets|met(?:er|re)s|feet|years)\s(?:in|"
    rf"for)\s(?!{_Y4}[-/]))(?P<y>{_Y4})(?![\d年-])"
)


def month_end(year: int, month: int) -> date:
    """The last day of a month; months outside 1 to 12 run over into other years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def quarter_end(day: date) -> date:
    """The end of the calendar quarter that `day` falls in."""
    return month_end(day.year, (day.month + 2) // 3 * 3)


def is_month_end(day: date) -> bool:
    """Whether `day` is the last of its month."""
    return day == month_end(day.year, day.month)


def shift_months(day: date, months: int) -> date:
    """The month end `months` later (earlier where negative) for a month end; else the same day, clipped."""
    last = month_end(day.year, day.month + months)
    return last if is_month_end(day) else last.replace(day=min(day.day, last.day))


def months_between(earlier: date, later: date) -> int:
    """Whole months from `earlier` to `later` by year and month, days aside."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def fiscal_quarter_end(year: int, quarter: int, year_end_month: int = 12) -> date:
    """The end of quarter 1 to 4 of the financial year that ends in `year_end_month` of `year`."""
    return month_end(year, year_end_month - 12 + 3 * quarter)


def fiscal_half_end(year: int, half: int, year_end_month: int = 12) -> date:
    """The end of half 1 or 2 of the financial year that ends in `year_end_month` of `year`."""
    return month_end(year, year_end_month - 12 + 6 * half)


def date_spans(text: str) -> list[tuple[int, int]]:
    """The spans of all dates, periods and bare years in `text`: digits there are no quantities."""
    spans = [m.span() for m in _ENGLISH.finditer(text)]
    spans += [m.span() for m in _CHINESE.finditer(text)]
    spans += [m.span() for m in _CHINESE_MD.finditer(text)]
    spans += [m.span() for m in _CHINESE_YEAR_SPAN.finditer(text)]
    spans += [m.span() for m in _BARE_YEAR.finditer(text)]
    spans += [
        m.span() for pattern, _ in _RELATIVE for m in pattern.finditer(text) if any(c.isdigit() for c in m.group())
    ]
    return sorted(spans)


def find_dates(text: str, context: Calendar | None = None) -> list[DateHit]:
    """Every date in `text`, in order, overlaps resolved in favour of the longest.

    Relative hits ('a year earlier', 期末) and dates without a year need a context with a period end; without one they
    are left out.
    """
    year_end = context.fiscal_year_end_month if context else 12
    main = context.period_end if context else None
    hits = [h for m in _ENGLISH.finditer(text) if (h := _english(m, year_end, main)) is not None]
    hits += [h for m in _CHINESE.finditer(text) if (h := _chinese(m, year_end, main)) is not None]
    if main is not None:
        hits += [
            h
            for m in _CHINESE_QUARTER.finditer(text)
            if (h := _quarter_without_year(m, _chinese_number(m["q"]), main)) is not None
        ]
        hits += [
            DateHit(m.start("y"), m.end("y"), month_end(int(m["y"]), main.month), "relative", "", 12)
            for m in _LONE_YEAR.finditer(text)
            if int(m["y"]) < main.year
        ]
        hits += [h for m in _CHINESE_MD.finditer(text) if (h := _chinese_month_day(m, main)) is not None]
        for pattern, months in _RELATIVE:
            hits += [_relative(m, months, main) for m in pattern.finditer(text)]
    hits.sort(key=lambda hit: (hit.start, -(hit.end - hit.start)))
    kept: list[DateHit] = []
    for hit in hits:
        if kept and hit.start < kept[-1].end:
            if hit.end - hit.start > kept[-1].end - kept[-1].start:
                kept[-1] = hit
            continue
        kept.append(hit)
    return [_with_mark(hit, text) for hit in kept]


_MARK_AFTER = re.compile(
    r"\s?(?:\(?(?:R|restated|revised|as restated|re-presented|重列|经重述|經重列|经重列|"
    r"重述)\)?)(?=\s?[:：,，;)）]|\s|$)",
    re.I,
)


def _with_mark(hit: DateHit, text: str) -> DateHit:
    """'September 30, 2020 R:' is a restated date."""
    mark = _MARK_AFTER.match(text, hit.end)
    if mark and not hit.suffix:
        return DateHit(hit.start, hit.end, hit.period_end, hit.kind, "R", hit.months_back)
    return hit


def _year(text: str | None, second: str | None = None) -> int | None:
    """A printed year; of 'FY2024/25' the later one. Two digits mean 20xx."""
    if not text:
        return None
    year = int(re.sub(r"\D", "", text))
    year = year + 2000 if year < 100 else year
    if second:
        later = int(second)
        later = later + year // 100 * 100 if later < 100 else later
        return later if later == year + 1 else year
    return year


def _english(match: re.Match[str], year_end: int, main: date | None) -> DateHit | None:
    g = match.groupdict()
    try:
        if g["iso"]:
            return _hit(match, date(int(g["iy"]), int(g["im"]), int(g["id"])), "date")
        if g["mdy"]:
            return _hit(match, date(int(g["my"]), _month(g["mm"]), int(g["md"])), "date")
        if g["dmy"]:
            return _hit(match, date(_year(g["dy"]) or 0, _month(g["dm"]), int(g["dd"])), "date")
        if g["my2"]:
            return _hit(match, month_end(_year(g["yy"]) or 0, _month(g["ym"])), "month")
        if g["md2"] or g["dm2"]:
            return _without_year(match, _month(g["m2"] or g["m3"]), int(g["d2"] or g["d3"]), main)
        for key in ("q1", "q2", "q3"):
            if g[key]:
                number = _ORDINAL.get(g[f"{key}n"].lower()) or int(g[f"{key}n"])
                return _period(match, g, key, number, "quarter", year_end)
        for key in ("n1", "n2"):
            if g[key]:
                months = _MONTHS_IN.get(g[f"{key}n"].lower()) or int(g[f"{key}n"])
                return _period(match, g, key, months // 3, "quarter", year_end)
        if g["mid"]:
            return _hit(match, date(int(g["midy"]), 6, 30), "date")
        if g["q4"]:
            return _quarter_without_year(match, _ORDINAL[g["q4n"].lower()], main)
        if g["q5"]:
            number = int(g["q5n"] or g["q5m"])
            return _hit(match, fiscal_quarter_end(int(g["q5y"]), number), "quarter", g["q5s"] or "")
        for key in ("h1", "h2", "h3"):
            if g[key]:
                number = _ORDINAL.get(g[f"{key}n"].lower()) or int(g[f"{key}n"])
                return _period(match, g, key, number, "half", year_end)
        if g["fyr"]:
            year = _year(g["fyy"], g["fyy2"])
            return _hit(match, month_end(year or 0, year_end), "year", (g["fys"] or "").upper())
        for key in ("ye", "yer", "ys"):
            if g[key]:
                suffix = (g.get(f"{key}s") or "").upper()
                return _hit(match, date(int(g[f"{key}y"]), 12, 31), "year", suffix)
    except (ValueError, KeyError):
        return None
    return None


def _hit(match: re.Match[str], day: date, kind: str, suffix: str = "") -> DateHit | None:
    return DateHit(match.start(), match.end(), day, kind, suffix.upper()) if 1990 <= day.year <= 2060 else None


def _month(name: str) -> int:
    return _MONTHS[name.lower().rstrip(".")]


def _period(
    match: re.Match[str], g: dict[str, str | None], key: str, number: int, kind: str, year_end: int
) -> DateHit | None:
    year = _year(g[f"{key}y"], g[f"{key}y2"])
    if year is None:
        return None
    # A two-digit or FY year after a code is a financial year; words with a full year are the calendar's.
    fiscal = bool(g[f"{key}fy"] or g[f"{key}y2"]) or (key.endswith(("1", "2")) and len(g[f"{key}y"] or "") == 2)
    month = year_end if fiscal else 12
    ends = fiscal_quarter_end if kind == "quarter" else fiscal_half_end
    return _hit(match, ends(year, number, month), kind, g.get(f"{key}s") or "")


def _without_year(match: re.Match[str], month: int, day: int, main: date | None) -> DateHit | None:
    if main is None:
        return None
    last = monthrange(main.year, month)[1]
    if day > last:
        return None
    found = date(main.year, month, day)
    return _hit(
        match,
        found if found <= main else found.replace(year=main.year - 1, day=min(day, 28) if month == 2 else day),
        "date",
    )


def _quarter_without_year(match: re.Match[str], number: int, main: date | None) -> DateHit | None:
    """'the third quarter' is the last such quarter up to the main period, of a calendar year."""
    if main is None:
        return None
    end = fiscal_quarter_end(main.year, number)
    return _hit(match, end if end <= main else fiscal_quarter_end(main.year - 1, number), "quarter")


def _chinese_number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text in ("首", "上"):
        return 1
    if text == "下":
        return 2
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_CN_DIGIT[tens] if tens else 1) * 10 + (_CN_DIGIT[ones] if ones else 0)
    number = 0
    for character in text:
        number = number * 10 + _CN_DIGIT[character]
    return number


def _chinese(match: re.Match[str], year_end: int, main: date | None) -> DateHit | None:
    g = match.groupdict()
    try:
        year = _chinese_number(g["y"])
        fiscal = "财" in match.group() or "財" in match.group()
        month = year_end if fiscal else 12
        if g["m"]:
            number = _chinese_number(g["m"])
            day = date(year, number, _chinese_number(g["d"])) if g["d"] else month_end(year, number)
            return _hit(match, day, "date" if g["d"] or g["me"] else "month")
        if g["q"]:
            return _hit(match, fiscal_quarter_end(year, _chinese_number(g["q"]), month), "quarter")
        if g["h"]:
            return _hit(match, fiscal_half_end(year, _chinese_number(g["h"]), month), "half")
        if g["ye"]:
            return _hit(match, month_end(year, month), "year")
        if g["same"] and main is not None:
            return DateHit(match.start(), match.end(), month_end(year, main.month), "relative", "", 12)
    except (ValueError, KeyError):
        return None
    return None


def _chinese_month_day(match: re.Match[str], main: date) -> DateHit | None:
    try:
        return _without_year(match, _chinese_number(match["m"]), _chinese_number(match["d"]), main)
    except (ValueError, KeyError):
        return None


def _relative(match: re.Match[str], months: int, main: date) -> DateHit:
    day = shift_months(main, -months)
    year = match.groupdict().get("year")
    if year:
        day = month_end(int(year), main.month)
    return DateHit(match.start(), match.end(), day, "relative", "", months)
