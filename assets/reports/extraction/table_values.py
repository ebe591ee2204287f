"""Reads one printed number of a table cell: value, unit, precision, approximation.

Belongs here: number conventions (thousands, decimal comma, fractions shown as per cent), unit words and their
factors, footnote marks behind a number, the many ways to print "nothing". Not here: what the number means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from assets.reports.document import Cell

# Marks of notes; circled and bracketed numbers too, which would fold to digits behind the number they stand at.
_SUPERSCRIPTS = dict.fromkeys([*map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁽⁾ᵃᵇᶜᵈᵉ"), *range(0x2460, 0x2488)], None)
_DASHES = "-‐‑‒–—―−－﹣"
# What reports print where there is no figure.
_NIL = re.compile(
    rf"^(?:[{_DASHES}.…·*/\s]*|n\.?\s?/?\s?[amapdr]\.?|not (?:shown|given|stated|printed|provided|recorded)"
    rf"|withheld|confidential|n\.m\.?|nil|none|not (?:available|applicable|disclosed|meaningful|published"
    rf"|reported)"
    r"|undisclosed|tbc|tbd|无|無|不适用|不適用|未披露|暂无|暫無|null|nan|#n/a|\?|x)$",
    re.IGNORECASE,
)

# Unit word -> (unit, factor). Order matters: the longer word first.
_UNITS: tuple[tuple[str, str, float], ...] = (
    (r"gigawatts?|gw(?![a-z])|吉瓦", "mw", 1000.0),
    (r"mega\s?watts?|mw(?:p|e)?(?![a-z])|兆瓦", "mw", 1.0),
    (r"kilo\s?watts?|kw(?![a-z])|千瓦", "kw", 1.0),
    (
        r"square\s+met(?:er|re)s?|sq\.?\s?met(?:er|re)s?|sq\.?\s?mtrs?|sq\.?\s?m\b\.?|sqms?\b|m2\b|㎡"
        r"|平方米|平米|平方公尺",
        "sqm",
        1.0,
    ),
    (
        r"square\s+f(?:ee|oo)t|sq\.?\s?f(?:ee|oo)?t\b\.?|sqft\b|ft2\b|psf\b|[nc]rsf\b|nrsf\b|sf\b|平方呎"
        r"|平方英尺|平方尺",
        "sqft",
        1.0,
    ),
    (
        r"cabinet\s+equivalents?|cabinets?|racks?|机柜|機櫃|机架|機架|个机柜|個機櫃",
        "cabinets",
        1.0,
    ),
    (r"%|％|per\s?cent\b|percent(?:age)?\b|pct\b|百分比|百分之", "pct", 1.0),
    (r"years?\b|yrs?\b|年", "years", 1.0),
)
_UNIT = re.compile("|".join(f"(?P<u{index}>{pattern})" for index, (pattern, _, _) in enumerate(_UNITS)), re.IGNORECASE)
_SCALES: tuple[tuple[str, float], ...] = (
    # '(000 sqm)' and '(in 1,000 sqm)' say thousands as "'000 sqm" does; '12,000 sqm' is a number.
    (
        r"['’‘`´′]\s?000s?|(?<![\d.,])000s?\b|(?:\bin|[x×*(\[])\s?1[,. ]?000s?(?!\d)"
        r"|\bthousands?\b|\bth\b|\bk\b(?!w)|千(?!瓦)",
        1e3,
    ),
    (r"\bmillions?\b|\bmn\b|\bmm\b|\bmil\b\.?|百万|百萬", 1e6),
    (r"万|萬", 1e4),
    (r"亿|億", 1e8),
)
_MONEY = re.compile(
    r"(?:US|S|A|HK|AU|SG|NZ|NT|C)\$|\$|€|£|¥|￥|\b(?:USD|EUR|GBP|SGD|AUD|HKD|JPY|CNY|RMB|US dollars?|euros?"
    r"|dollars?|cents?)\b"
    r"|人民币|人民幣|港元|港币|港幣|美元|欧元|歐元|日圆|元",
    re.IGNORECASE,
)
_APPROXIMATE = (
    r"approximately|approx\.?|circa|ca\.|c\.|about|around|nearly|almost|over|more than|above|at least"
    r"|less than|below|under|up to"
    r"|close to|some|roughly|[~≈≃∼>≥<≤]|约|約|近|超过|超過|逾|大约|大約"
)
_LOWER_BOUND = re.compile(r"^(?:over|more than|above|at least|[>≥]|超过|超過|逾)$", re.IGNORECASE)
_UPPER_BOUND = re.compile(r"^(?:less than|below|under|up to|nearly|almost|close to|[<≤]|近)$", re.IGNORECASE)
_NUMBER = r"[0-9]{1,3}(?:[  '’  ][0-9]{3})+(?:[.,][0-9]+)?|[0-9][0-9.,]*[0-9]|[0-9]|\.[0-9]+"
_CELL = re.compile(
    rf"^(?P<approx>{_APPROXIMATE})?\s*(?P<money>(?:US|S|A|HK|C|NZ)?[$€£¥￥]|USD|EUR|SGD|AUD|HKD|RMB|CNY"
    rf"|人民币|人民幣)?\s*"
    rf"(?P<sign>[{_DASHES}+])?\s*(?P<number>{_NUMBER})(?P<rest>.*)$",
    re.IGNORECASE,
)
_MARKS = re.compile(r"^(?:\(?(?:\d{1,2}|[a-z]|note \d+)\)|\[(?:\d{1,2}|[a-z])\]|[*†‡§#^])+$", re.IGNORECASE)
_SUFFIX = re.compile(r"^\(?(?P<suffix>[EFP])\)?$")


@dataclass(frozen=True)
class UnitHit:
    """A unit word with the factor that turns the printed number into the unit."""

    unit: str
    factor: float
    start: int
    end: int


@dataclass(frozen=True)
class CellValue:
    """A printed number. `value` counts in `unit` where the cell names one, else in what its labels say.

    `step` is half a unit of the last printed digit, scaled like `value`. `factor` tells the scale already applied.
    `bound` is '' | 'low' (over 82 %) | 'high' (nearly 17,000); `suffix` is E or F behind the number.
    """

    value: float
    unit: str
    step: float
    text: str
    approximate: bool = False
    bound: str = ""
    suffix: str = ""
    money: bool = False
    percent_format: bool = False
    whole: bool = False


@lru_cache(maxsize=32768)
def fold(text: str) -> str:
    """Full-width forms and superscripts folded, white space single; square metres keep their power."""
    text = re.sub(r"(?<=[mM])²|㎡", lambda hit: "2" if hit.group() == "²" else "sqm", text)
    text = re.sub(r"(?<=\bft)²", "2", text)
    text = text.translate(_SUPERSCRIPTS)
    text = unicodedata.normalize("NFKC", text).replace("\u200b", "").replace("\xad", "")
    return re.sub(r"\s+", " ", text).strip()


def is_nil(text: str) -> bool:
    """True where a cell prints nothing: blank, a dash, n/a, nil, not disclosed."""
    return _NIL.match(fold(text)) is not None


def is_money(text: str) -> bool:
    """True where a text names a currency."""
    return _MONEY.search(fold(text)) is not None


def find_scale(text: str) -> float:
    """The factor a text states for its numbers ('000 -> 1000, million -> 1e6); 1 where it states none."""
    for pattern, factor in _SCALES:
        if re.search(pattern, text, re.IGNORECASE):
            return factor
    return 1.0


def find_units(text: str) -> list[UnitHit]:
    """Unit words of a folded text in order, each with the scale printed directly before or after it."""
    hits = []
    for match in _UNIT.finditer(text):
        if (
            match.start()
            and text[match.start() - 1].isalpha()
            and match.group()[0].isascii()
            and match.group()[0].isalpha()
            and text[match.start() - 1].isascii()
        ):
            continue
        index = int((match.lastgroup or "u0")[1:])
        _, unit, factor = _UNITS[index]
        around = text[max(0, match.start() - 16) : match.start()] + " " + text[match.end() : match.end() + 12]
        scale = 1.0 if unit in ("pct", "years") else find_scale(around)
        if unit == "years" and match.group() == "年" and match.start() and text[match.start() - 1].isdigit():
            previous = re.search(r"\d+$", text[max(0, match.start() - 8) : match.start()])
            if previous is not None and len(previous.group()) == 4:
                continue
        hits.append(UnitHit(unit, factor * scale, match.start(), match.end()))
    return hits


def uses_decimal_comma(texts: Iterable[str]) -> bool:
    """True where the numbers of one table or file print decimals with a comma (81,6 or 1.234,5).

    One number with a decimal point and fewer than three digits behind it decides against.
    """
    comma = False
    for text in texts:
        for number in re.findall(r"\d[\d.,]*\d", fold(text)):
            if re.fullmatch(r"\d+(?:,\d{3})*\.\d{1,2}|\d+(?:,\d{3})*\.\d{4,}", number) and not re.fullmatch(
                r"\d{1,3}(?:\.\d{3})+", number
            ):
                return False
            if re.fullmatch(r"\d{1,3}(?:\.\d{3})*,(?:\d{1,2}|\d{4,})|\d{4,},\d+", number):
                comma = True
    return comma


def parse_number(text: str, decimal_comma: bool = False) -> tuple[float, int] | None:
    """A printed number and its count of decimals; None where the separators contradict each other."""
    text = re.sub(r"[\s '’]", "", text)
    if decimal_comma:
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?", text):
            text = text.replace(".", "").replace(",", ".")
        elif not re.fullmatch(r"\d+(?:\.\d+)?", text):
            return None
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text) or re.fullmatch(r"\d{1,3}(?:,\d{2})+,\d{3}", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", text):
        text = text.replace(".", "")
    elif re.fullmatch(r"\d+,\d{1,2}", text):
        text = text.replace(",", ".")
    elif not re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", text):
        return None
    return float(text), len(text.partition(".")[2])


def read_value(cell: Cell | None, decimal_comma: bool = False) -> CellValue | None:
    """The number a cell prints, None where it prints none (blank, dash, words, a date, several numbers)."""
    if cell is None:
        return None
    text = fold(cell.text)
    if cell.number is not None and not isinstance(cell.number, bool):
        return _native_value(cell, text)
    return read_text_value(text, decimal_comma)


def _native_value(cell: Cell, text: str) -> CellValue | None:
    """A workbook's own number: a per cent format shows 0.73 as 73, the format's decimals are the printed ones."""
    value = float(cell.number or 0.0)
    number_format = cell.number_format
    if re.search(r"(?<![\\\"\[])[ymd]{2,}|yy|mmm", re.sub(r'"[^"]*"|\[[^\]]*\]', "", number_format), re.IGNORECASE):
        return None
    plain = re.sub(r"\[[^\]]*\]", "", number_format.split(";")[0])
    unit, factor = "", 1.0
    quoted = " ".join(re.findall(r'"([^"]*)"', plain)) or " ".join(re.findall(r"\\(.)", plain))
    percent = "%" in plain
    if percent:
        unit, factor = "pct", 100.0
    elif quoted and (hits := find_units(fold(quoted))):
        unit, factor = hits[0].unit, hits[0].factor
    places = re.search(r"[0#]\.([0#]+)", plain)
    value = round(value * factor, 9)
    if places is not None:
        step = 0.5 * 10.0 ** -len(places.group(1)) * (1.0 if percent else factor)
        value = round(value, 6)
    elif percent or re.search(r"[0#]", plain):
        step = 0.5 * (1.0 if percent else factor)
        # A display format may hide decimals that are there: the stored value is the published one, to 4 digits.
        value = round(value, 4)
    else:
        decimals = len(repr(float(cell.number or 0.0)).partition(".")[2].rstrip("0"))
        step = 0.5 * 10.0**-decimals * factor
    money = is_money(quoted) or re.search(r"[$€£¥]", number_format) is not None
    return CellValue(
        value, unit, step, text, money=money, percent_format=percent, whole=value == int(value) and places is None
    )


def read_text_value(text: str, decimal_comma: bool = False) -> CellValue | None:
    """The number a folded text prints alone, with an optional unit, bound, suffix or footnote mark."""
    if not text or is_nil(text):
        return None
    negative = False
    inner = re.fullmatch(r"\((\s*[\d.,]+\s*%?\s*)\)%?", text)
    if inner is not None:
        text_body, negative = inner.group(1).strip(), True
    else:
        text_body = text
    match = _CELL.match(text_body)
    if match is None:
        return None
    printed = match.group("number")
    parsed = parse_number(printed, decimal_comma)
    if parsed is None:
        return None
    number, decimals = parsed
    rest = match.group("rest").strip()
    unit, factor, suffix, plus = "", 1.0, "", False
    if rest.startswith("+"):
        rest, plus = rest[1:].strip(), True
    scale = re.match(
        r"(?:million|mn|mm|m(?=\s+sq)|k(?=\s|$)|thousand|bn|billion|万|萬|亿|億|百万|百萬|千(?!瓦))\.?\s*",
        rest,
        re.IGNORECASE,
    )
    if scale is not None:
        word = scale.group().strip().rstrip(".").lower()
        factor = {
            "k": 1e3,
            "thousand": 1e3,
            "千": 1e3,
            "万": 1e4,
            "萬": 1e4,
            "亿": 1e8,
            "億": 1e8,
            "bn": 1e9,
            "billion": 1e9,
        }.get(word, 1e6)
        rest = rest[scale.end() :]
    money = match.group("money") is not None
    hits = find_units(rest)
    if hits and hits[0].start <= 1 and not rest[: hits[0].start].strip("(个個 "):
        unit = hits[0].unit
        factor *= hits[0].factor
        rest = re.sub(r"^[)）]", "", rest[hits[0].end :]).strip()
    elif re.match(r"(?:元|人民币|港元|美元|RMB|USD|US\$)", rest, re.IGNORECASE):
        money, rest = True, ""
    elif re.match(r"[个個座家間间](?!月)", rest):
        unit, rest = "count", rest[1:].strip()
    rest = re.sub(r"^\((?![^)]*\d{3,})[^)]*[A-Za-z][^)]*\)$", "", rest).strip()
    rest = re.sub(
        r"^(?:of|utili[sz]ed|leased|occupied|vacan(?:t|cy)|committed|contracted)\b.*$", "", rest, flags=re.I
    ).strip()
    if rest and (tail := _SUFFIX.match(rest)) is not None:
        suffix, rest = tail.group("suffix").upper(), ""
    if rest and not _MARKS.match(rest.replace(" ", "")):
        return None
    approximate_word = (match.group("approx") or "").strip()
    bound = ""
    if plus or (approximate_word and _LOWER_BOUND.match(approximate_word)):
        bound = "low"
    elif approximate_word and _UPPER_BOUND.match(approximate_word):
        bound = "high"
    sign = -1.0 if negative or (match.group("sign") or "+") != "+" else 1.0
    return CellValue(
        value=round(sign * number * factor, 6),
        unit=unit,
        step=0.5 * 10.0**-decimals * factor,
        text=text,
        approximate=bool(approximate_word) or plus,
        bound=bound,
        suffix=suffix,
        money=money,
        whole=decimals == 0,
    )
