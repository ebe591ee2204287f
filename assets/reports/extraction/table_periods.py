"""Reads the period a header, a label or a template cell states: dates, quarters, halves, years, expiry buckets.

Belongs here: labels that are nothing but a period, and their parts (a quarter under a year). Not here: dates inside
sentences (periods.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from assets.reports.extraction.periods import month_end
from assets.reports.extraction.table_values import fold

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = r"(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_WORDS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_ZH_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4, "上": 1, "下": 2}
_ZH_NUMERALS = dict(zip("〇零○一二三四五六七八九", "000123456789", strict=True))
_ZH_YEAR = re.compile(r"[一二][〇零○一二三四五六七八九]{3}(?=\s?年)")
_ZH_TENS = re.compile(r"(?:[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])(?=\s?[月日])")
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SHORT = r"(?P<year>(?:19|20)?\d\d)"
_ORDINAL = r"(?P<ordinal>first|second|third|fourth|1st|2nd|3rd|4th)"
_LEAD = re.compile(
    r"^(?:(?:the )?(?:(?:un)?audited|as (?:at|of|on)|at|end of|end|ended|ending|period end(?:ed|ing)?"
    r"|position at|balance (?:date|at)|on|"
    r"(?:three|six|nine|twelve) months(?: period)? (?:ended|to)|(?:3|6|9|12) months (?:ended|to)|"
    r"(?:financial |fiscal |full |calendar |half[- ]|half )?(?:year|quarter|period|half)[- ]?(?:end(?:ed"
    r"|ing)?)?(?: (?:at|to))?|year[- ]end|"
    r"截至|截止|于|於|期末)\s*[:,]?\s*)+(?=\S)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:\s*\((?:un)?audited\)|\s*(?:un)?audited|\s*[(\[](?:\d{1,2}|[a-dg-z])[)\]]|\s*[*†‡#]"
    r"|\s*\((?:restated|reported|actual|pro[- ]?forma|estimated?|forecast|as restated)\)"
    r"|\s+(?:restated|actual|pro[- ]?forma|estimated?|forecast|projected)|\s*(?:止|末|底|为止))+$",
    re.IGNORECASE,
)
_SUFFIX = r"\s?\(?(?P<suffix>[EFAP])?\)?"

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("date", r"(?P<year>(?:19|20)\d\d)[-/.](?P<mon>\d{1,2})[-/.](?P<day>\d{1,2})(?:[T ]00:00(?::00)?(?:\.0+)?)?"),
        ("date", r"(?P<year>(?:19|20)\d\d)(?P<mon>[01]\d)(?P<day>[0-3]\d)"),
        ("date", r"(?P<year>(?:19|20)\d\d)\s?年\s?(?P<mon>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号號]?"),
        ("date", rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s\-./]+{_MONTH}[\s,\-./]+'?(?P<year>(?:(?:19|20)\d\d|\d\d))"),
        ("date", rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}"),
        ("numeric", r"(?P<first>\d{1,2})[-/.](?P<second>\d{1,2})[-/.](?P<year>(?:(?:19|20)\d\d|\d\d))"),
        ("month", rf"{_MONTH}[\s,\-./]*'?(?P<year>(?:19|20)\d\d|(?<=[-'])\d\d)"),
        ("month", r"(?P<year>(?:19|20)\d\d)[-/.](?P<mon>0?[1-9]|1[0-2])"),
        ("month", r"(?P<year>(?:19|20)\d\d)\s?年\s?(?P<mon>\d{1,2})\s?月"),
        (
            "quarter",
            rf"(?:Q(?P<part>[1-4])|(?P<part2>[1-4])Q)[\s\-/.,']*(?P<fy>FY|CY)?[\s\-']*{_SHORT}(?:/\d\d)?{_SUFFIX}",
        ),
        (
            "quarter",
            rf"(?P<fy>FY|CY)?\s?'?{_SHORT}(?:/\d\d)?[\s\-/.,']*(?:Q(?P<part>[1-4])|(?P<part2>[1-4])Q){_SUFFIX}",
        ),
        ("quarter", rf"{_ORDINAL}[\s-]quarter(?: of)?,?\s+(?P<fy>FY|fiscal(?: year)?)?\s?{_YEAR}"),
        ("quarter", rf"{_YEAR},?\s+{_ORDINAL}[\s-]quarter"),
        ("quarter", r"(?P<year>(?:19|20)\d\d)\s?年?\s?第?(?P<zh>[一二三四1-4])\s?季度?"),
        ("half", rf"(?:H(?P<part>[12])|(?P<part2>[12])H)[\s\-/.,']*(?P<fy>FY|CY)?[\s\-']*{_SHORT}(?:/\d\d)?{_SUFFIX}"),
        ("half", rf"(?P<fy>FY|CY)?\s?'?{_SHORT}(?:/\d\d)?[\s\-/.,']*(?:H(?P<part>[12])|(?P<part2>[12])H){_SUFFIX}"),
        ("half", rf"{_ORDINAL}[\s-]half(?: of)?,?\s+(?P<fy>FY|fiscal(?: year)?)?\s?{_YEAR}"),
        ("half", r"(?P<year>(?:19|20)\d\d)\s?年?\s?(?P<zh>[上下])半年"),
        ("fiscal", rf"(?:FY|fiscal(?: year)?|financial year)[\s\-']*{_SHORT}(?:/(?P<second>\d\d))?{_SUFFIX}"),
        ("year", rf"(?:CY)?\s?{_YEAR}{_SUFFIX}\s?年?"),
        ("year", rf"{_YEAR}\s?年?\s?{_SUFFIX}"),
    )
)
_PARTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("quarter", r"(?:Q(?P<part>[1-4])|(?P<part2>[1-4])Q)"),
        ("quarter", rf"{_ORDINAL}[\s-]quarter"),
        ("quarter", r"第?(?P<zh>[一二三四1-4])\s?季度?"),
        ("half", r"(?:H(?P<part>[12])|(?P<part2>[12])H)"),
        ("half", rf"{_ORDINAL}[\s-]half"),
        ("half", r"(?P<zh>[上下])半年"),
        ("day", rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s\-]+{_MONTH}"),
        ("day", rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?"),
        ("day", r"(?P<mon>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号號]"),
        ("month", _MONTH),
        ("month", r"(?P<mon>\d{1,2})\s?月"),
    )
)
_BUCKET = re.compile(
    r"(?:(?P<before>≥|>=|>|beyond|after|from|later than|post|since|超过|超過)\s*)?(?:FY|CY|fiscal "
    r"|financial year |year )?\s?'?(?P<year>20\d\d|(?<=FY)\d\d|(?<=FY )\d\d|(?<=')\d\d)"
    r"(?:/\d\d)?(?:\s?(?:-|–|to|至)\s?(?:FY\s?)?(?P<last>20\d\d))?\s?年?\s*(?P<after>\+|(?:and|&) (?:beyond"
    r"|after|later|thereafter|onwards?)|onwards?|or later|or after|or beyond|及以后|及以後|及之后|及之後"
    r"|以后|以後|之后|之後|起)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PeriodLabel:
    """A stated period: its end, its kind (date, month, quarter, half, fiscal, year) and an E, F, A or P behind it."""

    period_end: date
    kind: str
    suffix: str = ""


@lru_cache(maxsize=8192)
def read_period(text: str, fiscal_year_end_month: int = 12) -> PeriodLabel | None:
    """The period a text states when it states nothing else; None otherwise, also for days that do not exist.

    Years follow the fiscal year that ends in `fiscal_year_end_month`; quarters and halves do where their mark or
    short year says so (1H26, Q1 FY2026), and the calendar with a full year (Q1 2026).
    """
    simple = _simple_period(text, fiscal_year_end_month)
    return simple or _twice_named(fold(text), fiscal_year_end_month)


_JOINTS = re.compile(r"\s*[(\[（|/,;:–—]\s*|\s+-\s+|\s+")
# A financial calendar nobody states moves a code by up to three quarters; a whole year apart is a comparative.
_FARTHEST_DAYS = 330
_LONGEST_PERIOD = 60


def _twice_named(text: str, fiscal_year_end_month: int) -> PeriodLabel | None:
    """A period named by its code and its day: '4QFY19/20 (31 Mar 2020)', 'FY2025, 31 December 2025'. The day counts.

    None where both name a day or both a code: '2Q25 (2Q24)' prints a comparative.
    """
    if len(text) > _LONGEST_PERIOD or not any(character.isdigit() for character in text):
        return None
    for joint in _JOINTS.finditer(text):
        left, right = text[: joint.start()], text[joint.end() :]
        if not left or not right or (joint.group().strip() in ("(", "[", "（") and right[-1] not in ")]）"):
            continue
        sides = [_simple_period(side, fiscal_year_end_month) for side in (left, right)]
        days = [side for side in sides if side is not None and side.kind in ("date", "month")]
        codes = [side for side in sides if side is not None and side.kind not in ("date", "month")]
        if (
            len(days) != 1
            or len(codes) != 1
            or (codes[0].kind == "year" and codes[0].period_end.year != days[0].period_end.year)
        ):
            continue
        if abs((days[0].period_end - codes[0].period_end).days) <= _FARTHEST_DAYS:
            return replace(days[0], suffix=codes[0].suffix)
    return None


def _simple_period(text: str, fiscal_year_end_month: int) -> PeriodLabel | None:
    """A period without a second name: read_period less _twice_named."""
    bare = _strip(text)
    for kind, pattern in _FORMS:
        match = pattern.fullmatch(bare)
        if match is not None:
            try:
                return _label(kind, match, fiscal_year_end_month)
            except ValueError:
                return None
    return None


def is_bare_year(text: str) -> bool:
    """True for a year alone, with or without E or F behind it."""
    label = read_period(text)
    return label is not None and label.kind == "year"


def is_period_part(text: str) -> bool:
    """True for a period that lacks its year: Q1, third quarter, 31 December, Mar."""
    bare = _strip(text)
    return any(pattern.fullmatch(bare) for _, pattern in _PARTS)


def combine_periods(texts: list[str], fiscal_year_end_month: int = 12) -> PeriodLabel | None:
    """The period of a stack of header texts, innermost last: '2019' over 'Q3', 'As at' over '31 December 2025'.

    A text that states a whole period wins, the innermost first, unless it is a year with a part below or above it.
    """
    parts = [text for text in texts if is_period_part(text)]
    wholes = [label for text in texts if (label := read_period(text, fiscal_year_end_month)) is not None]
    full = [label for label in wholes if label.kind not in ("year", "fiscal")]
    if full:
        return full[-1]
    if wholes and parts:
        year_text = next(text for text in reversed(texts) if read_period(text, fiscal_year_end_month) is not None)
        joined = _join(parts[-1], _strip(year_text), fiscal_year_end_month)
        if joined is not None:
            return joined
    if wholes:
        return wholes[-1]
    for size in range(2, len(texts) + 1):
        for start in range(len(texts) - size + 1):
            window = texts[start : start + size]
            label = read_period(" ".join(window), fiscal_year_end_month)
            if label is not None:
                return label
    return None


def read_bucket(text: str) -> str | None:
    """An expiry bucket as scope writes it: '2027' -> 2027, '≥2031', '2031 and beyond' -> >=2031, '2032+' -> 2032+.

    'beyond 2030' means later than 2030: >2030 is printed as >=2031. None for anything else.
    """
    bare = fold(text).strip(" .:*")
    match = _BUCKET.fullmatch(bare)
    if match is None:
        return None
    year = int(match.group("year"))
    year = year if year > 100 else 2000 + year
    before, after = (match.group("before") or "").casefold(), (match.group("after") or "").casefold()
    if match.group("last"):
        return f"{year}-{match.group('last')}"
    if after == "+":
        return f"{year}+"
    if before in ("≥", ">=", "from", "since") or after:
        return f">={year}"
    if before:
        return f">={year + 1}"
    return str(year)


def _strip(text: str) -> str:
    bare = _TAIL.sub("", _arabic(fold(text))).strip(" .:,;")
    return _LEAD.sub("", bare).strip(" .:,;()")


def _arabic(text: str) -> str:
    """Chinese numerals of dates as digits: 二零二零年 -> 2020年, 十二月三十一日 -> 12月31日."""
    text = _ZH_YEAR.sub(lambda hit: "".join(_ZH_NUMERALS[c] for c in hit.group()), text)
    return _ZH_TENS.sub(lambda hit: str(_tens(hit.group())), text)


def _tens(numeral: str) -> int:
    head, ten, tail = numeral.partition("十")
    units = int(_ZH_NUMERALS[tail]) if tail else 0
    return (int(_ZH_NUMERALS[head]) if head else 1) * 10 + units if ten else int(_ZH_NUMERALS[head])


def _label(kind: str, match: re.Match[str], fiscal_month: int) -> PeriodLabel:
    groups = match.groupdict()
    year = _full_year(groups["year"])
    suffix = (groups.get("suffix") or "").upper()
    if kind == "date":
        return PeriodLabel(date(year, _month(groups), int(groups["day"])), kind)
    if kind == "numeric":
        first, second = int(groups["first"]), int(groups["second"])
        if first <= 12 and second <= 12 and first != second:
            raise ValueError("day and month cannot be told apart")
        day, month = (second, first) if second > 12 else (first, second)
        return PeriodLabel(date(year, month, day), "date")
    if kind == "month":
        month = _month(groups)
        if not 1 <= month <= 12:
            raise ValueError("no such month")
        return PeriodLabel(month_end(year, month), kind)
    mark = (groups.get("fy") or "").upper()
    if kind == "fiscal":
        return PeriodLabel(month_end(year + 1 if groups.get("second") else year, fiscal_month), kind, suffix)
    if kind == "year":
        return PeriodLabel(month_end(year, fiscal_month), kind, suffix)
    part = _part(groups)
    spans_years = re.search(r"\d/\d\d", match.group()) is not None
    # As in prose: a financial year's quarter has an FY mark or a code with a short year; a full year is the calendar's.
    fiscal = mark not in ("", "CY") or spans_years or (mark == "" and len(groups["year"] or "") == 2)
    last_month = fiscal_month if fiscal else 12
    year += spans_years
    length = 3 if kind == "quarter" else 6
    return PeriodLabel(month_end(year, last_month - 12 + part * length), kind, suffix)


def _full_year(text: str) -> int:
    year = int(text)
    return year if year > 100 else 2000 + year


def _month(groups: dict[str, str | None]) -> int:
    if groups.get("mon"):
        return int(groups["mon"] or 0)
    return _MONTHS[(groups.get("month") or "").casefold().rstrip(".")]


def _part(groups: dict[str, str | None]) -> int:
    for key in ("part", "part2"):
        if groups.get(key):
            return int(groups[key] or 0)
    if groups.get("ordinal"):
        return _WORDS[(groups["ordinal"] or "").casefold()]
    return _ZH_DIGITS[groups.get("zh") or "1"]


def _join(part_text: str, year_text: str, fiscal_month: int) -> PeriodLabel | None:
    """A part and its year as one label: 'Q3' and '2019', '31 December' and '2025', '6月30日' and '2024年'."""
    part = _strip(part_text)
    year = re.search(r"(?:FY|CY)?\s?(?:19|20)\d\d(?:/\d\d)?|FY\s?\d\d(?:/\d\d)?", year_text, re.IGNORECASE)
    if year is None:
        return None
    for joined in (f"{part} {year.group()}", f"{year.group()} {part}", f"{year.group()}年{part}"):
        label = read_period(joined, fiscal_month)
        if label is not None:
            return label
    return None


def excel_date(serial: float) -> date | None:
    """The day of a spreadsheet's serial number, None outside 1990 to 2100."""
    day = date(1899, 12, 30) + timedelta(days=int(serial))
    return day if 1990 <= day.year <= 2100 else None
