"""Numbers with their units, and what kind of number each is: level, rate, increment, growth, money, count.

Belongs here: reading digits, separators, multipliers and units in English and Chinese, hedges ("about 90 %"), and the
cues that make a number a change and not a level. Does not belong here: which metric a number is of (vocabulary,
prose) or its date (periods).

Every pattern is bounded, so reading stays linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assets.reports.extraction.periods import date_spans

LEVEL = "level"
RATE = "rate"
COUNT = "count"
INCREMENT = "increment"
GROWTH = "growth"
MONEY = "money"
OTHER = "other"

CAPACITY_UNITS = ("mw", "kw", "sqm", "sqft", "cabinets")

# Half-widths for figures a text hedges: rates in points, everything else relative. The text gives no width, so these
# are ours: wide enough to hold what the hedge allows, narrow enough to be of use.
_HEDGE_POINTS = 2.0
_HEDGE_SHARE = 0.025


@dataclass(frozen=True)
class Quantity:
    """One number in a text; start and end (exclusive) span the digits, the unit and a currency sign, not the hedge.

    `value` is in `unit`: contract units (mw, kw, sqm, sqft, cabinets, pct, years, count) or a currency code, '' for a
    bare number. `rounding` is half a unit of the last printed digit. `low` and `high` are set where the text hedges
    (`approximate`) or prints a range. `kind` is one of level, rate, count, increment, growth, money, other.
    """

    start: int
    end: int
    text: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    approximate: bool = False
    rounding: float = 0.0
    kind: str = LEVEL


@dataclass(frozen=True)
class Number:
    """A bare printed number: `value`, and half a unit of its last printed digit."""

    value: float
    rounding: float


_DIGITS = (
    r"(?:[0-9]{1,3}(?:[,，][0-9]{3})+(?:[.．][0-9]{1,6})?"  # 1,234.5
    r"|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,6}"  # 1.234,5
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,}"  # 1.234.567
    r"|[0-9]{1,3}(?:[ '’\u00a0\u202f][0-9]{3}(?![0-9]))+(?:\.[0-9]{1,6})?"  # 1 234
    r"|[0-9]{1,12}[.,．][0-9]{1,8}(?![0-9])"  # 12.5 or 12,5
    r"|[0-9]{1,15})"
)
_CURRENCY = (
    r"RMB|CNY|US\$|USD|HK\$|HKD|S\$|SGD|A\$|AUD|NT\$|EUR|GBP|JPY|CHF|[$€£¥￥]|人民币|人民幣|港币|港幣|"
    r"港元|美元|新元|澳元"
)
_CURRENCY_CODE = {
    "RMB": "RMB",
    "CNY": "RMB",
    "人民币": "RMB",
    "人民幣": "RMB",
    "¥": "RMB",
    "￥": "RMB",
    "元": "RMB",
    "yuan": "RMB",
    "renminbi": "RMB",
    "US$": "USD",
    "USD": "USD",
    "$": "USD",
    "美元": "USD",
    "dollars": "USD",
    "dollar": "USD",
    "HK$": "HKD",
    "HKD": "HKD",
    "港币": "HKD",
    "港幣": "HKD",
    "港元": "HKD",
    "S$": "SGD",
    "SGD": "SGD",
    "新元": "SGD",
    "A$": "AUD",
    "AUD": "AUD",
    "澳元": "AUD",
    "NT$": "TWD",
    "EUR": "EUR",
    "€": "EUR",
    "euros": "EUR",
    "euro": "EUR",
    "GBP": "GBP",
    "£": "GBP",
    "pounds": "GBP",
    "JPY": "JPY",
    "CHF": "CHF",
}
_MULTIPLIERS = {
    "thousand": 1e3,
    "'000": 1e3,
    "’000": 1e3,
    "000": 1e3,
    "k": 1e3,
    "千": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "mn": 1e6,
    "mln": 1e6,
    "m": 1e6,
    "百万": 1e6,
    "百萬": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "万": 1e4,
    "萬": 1e4,
    "十万": 1e5,
    "十萬": 1e5,
    "亿": 1e8,
    "億": 1e8,
}
# Longest first; the second item is (unit, factor).
_UNITS: tuple[tuple[str, tuple[str, float]], ...] = (
    (r"percentage[ -]points?|percent points?|pct pts?|p\.?p\.?t?s?\b\.?|bps\b|basis points?", ("points", 1)),
    (r"个?百分点|個?百分點|個?基点|个基点", ("points", 1)),
    (r"%|％|﹪|per[ -]?cent\b|pct\b|percent\b", ("pct", 1)),
    (r"sq(?:uare|\.)?[ -]?(?:feet|foot|ft)\b|sqft\b|sf\b|ft²|ft2\b|平方英尺|平方呎|平方尺", ("sqft", 1)),
    (r"sq(?:uare|\.)?[ -]?(?:met(?:er|re)s?|m)\b|sqms?\b|m²|m2\b|㎡|平方米|平方公尺|平米", ("sqm", 1)),
    (r"gigawatts?\b|GW\b|吉瓦", ("mw", 1000)),
    (r"megawatts?\b|MWs?\b|MW(?=IT)|兆瓦|百万瓦", ("mw", 1)),
    (r"kilowatts?\b|kW\b|KW\b|kw\b|千瓦", ("kw", 1)),
    (
        r"(?:cabinet|rack)(?: equivalent)?s?\b|个?(?:标准)?机柜|個?(?:標準)?機櫃|个?机架|個?機架|面机柜|架机柜",
        ("cabinets", 1),
    ),
    (r"years?\b|yrs?\b\.?", ("years", 1)),
    (r"months?\b|days?\b|hours?\b|weeks?\b|个月|個月|天|小时|times\b|倍", ("duration", 1)),
    (r"data[ -]?cent(?:re|er)s?\b|个?数据中心|個?數據中心|座数据中心|座數據中心", ("count", 1)),
    (r"(?:cross[ -]?connects?|interconnections?|operators?)\b|家运营商|家營運商", ("count", 1)),
    (
        r"(?:customers?|employees|people|countries|cities|metros|markets|shares|units?|participants)\b|名|人|股",
        ("other", 1),
    ),
    (r"MVA\b|MWh\b|kWh\b|GWh\b|acres?\b|hectares?\b|km\b|公里|英亩|英畝|公顷", ("other", 1)),
)
_UNIT_ALTERNATIVES = "|".join(f"(?P<u{i}>{pattern})" for i, (pattern, _) in enumerate(_UNITS))
_UNIT = re.compile(r"(?i:" + _UNIT_ALTERNATIVES + r")")
_UNIT_ZH_YEARS = re.compile(r"年")
_MONEY_AFTER = re.compile(
    r"\s?(?:(?P<mult>thousand|million|billion|mn|bn|万|萬|百万|百萬|亿|億)\s?)?"
    r"(?P<cur>元|人民币|人民幣|港元|港币|港幣|美元|新元|澳元|yuan|renminbi|RMB|USD|HKD|EUR|GBP|euros?|dollars?|pounds)"
)
_MULTIPLIER = re.compile(
    r"[ \u00a0-]?(?P<m>thousands?|millions?|billion|mln|mn|bn|['’]000|百万|百萬|十万|十萬|万|萬|亿|億|千(?!瓦|米)|"
    r"[kK](?![wWVA-Za-z])|m(?![²2a-zA-Z/]))"
)
# Letters and digits of other alphabets, and marks set upon a character: beside digits they hide a part of a number.
# Chinese characters stand beside numbers as words do.
_FOREIGN = r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0300-\u1fff\U0001d400-\U0001d7ff"
_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.,^{_FOREIGN}])"
    rf"(?P<sign>[-−–](?=\d))?(?P<digits>{_DIGITS})"
)
_FOREIGN_AFTER = re.compile(f"[{_FOREIGN}]")
_SIGNED_CURRENCY_NUMBER = re.compile(rf"(?:{_CURRENCY})\s?(?P<digits>{_DIGITS})")

_HEDGES: tuple[tuple[re.Pattern[str], tuple[float, float]], ...] = (
    (
        re.compile(
            r"(?:\babout|\baround|\bapproximately|\bapprox\.?|\bcirca|\bca\.|\bc\.|\broughly|\bsome|~|≈|"
            r"\bin the region of|"
            r"\bin the order of|大约|大約|左右|"
            # The sign for 'about' also ends the words for contracts and leases.
            r"(?<![签簽合订訂租契承预預条條])(?:约为|約為|约|約))\s?(?:the\s)?$",
            re.I,
        ),
        (-1, 1),
    ),
    (
        re.compile(
            r"(?:\bnearly|\balmost|\bclose to|\bjust under|\bjust below|\bslightly (?:under|below|"
            r"less than)|\bnot quite|"
            r"\bunder|\bbelow|\bless than|\bfewer than|"
            r"(?<!add )(?<!adds )(?<!added )(?<!ing )(?<!and )\bup to|\bat most|\bno more than|<|≤|接近|近|将近|"
            r"將近|不足|低于|低於|不到|至多)\s?$",
            re.I,
        ),
        (-1, 0),
    ),
    (
        re.compile(
            r"(?:\bmore than|\bover|\babove|\bexceed(?:s|ed|ing)?|\bjust over|\bslightly (?:over|above|"
            r"more than)|\bin excess of|"
            r"\bat least|\bupwards of|\bpassed|\btopped|\bsurpass(?:ed|es)|\bpast|\bnorth of|"
            r"\bno less than|\bnot less than|>|≥|超过|超過|逾|高于|高於|多于|多於|至少|不低于|不低於)\s?$",
            re.I,
        ),
        (0, 1),
    ),
)
_HEDGE_AFTER = re.compile(r"^\s?(?:左右|上下|or so\b|or thereabouts\b)")
_HEDGE_AFTER_OVER = re.compile(r"^\s?(?:以上|or more\b|plus\b(?! of)|\+)")

_CHANGE_VERB = (
    r"increas(?:e|es|ed|ing)|r(?:ose|ise|ises|isen|ising)|gr(?:ew|ow|own|ows|owing)|climb(?:ed|s|ing)?|"
    r"gain(?:ed|s|ing)?|"
    r"jump(?:ed|s)?|surg(?:ed|es)|expand(?:ed|s|ing)?|advanc(?:ed|es)|add(?:ed|s|ing)?|improv(?:ed|es|ing)|"
    r"declin(?:ed|es|ing)|decreas(?:ed|es|ing)|f(?:ell|all|alls|allen|alling)|drop(?:ped|s)?|shr(?:ank|unk|"
    r"inks)|slip(?:ped|s)?|"
    r"eas(?:ed|es)|edg(?:ed|es)|mov(?:ed|es)|widen(?:ed|s)?|narrow(?:ed|s)?|lift(?:ed|s)?|rais(?:ed|es)|"
    r"contract(?:ed)?(?= by)|"
    r"soften(?:ed|s)?|went|gone|came in|ticked|inched|were|was|is|are|stood"
)
_PURE_CHANGE = (
    r"increas(?:e|es|ed|ing)|r(?:ose|ise|ises|isen|ising)|gr(?:ew|ow|own|ows|owing)|climb(?:ed|s|ing)?|"
    r"gain(?:ed|s|ing)?|"
    r"jump(?:ed|s)?|surg(?:ed|es)|expand(?:ed|s|ing)?|advanc(?:ed|es)|add(?:ed|s|ing)?|improv(?:ed|es|ing)|"
    r"declin(?:ed|es|ing)|decreas(?:ed|es|ing)|f(?:ell|all|alls|allen|alling)|drop(?:ped|s)?|shr(?:ank|unk|"
    r"inks)|slip(?:ped|s)?|"
    r"lift(?:ed|s)?|lost|shed|deliver(?:ed|s)|brought (?:in|on|into service)|put into service|opened|handed over"
)
# A change stands right after its cue; only small words may come between.
_SMALL = (
    r"(?:\s(?:a|an|the|further|another|net|total|of|by|in total|strongly|slightly|sharply|again|some|about|nearly|"
    r"almost|approximately|around|over|more than|roughly|only|just|year[- ]on[- ]year|y-o-y|yoy|"
    r"quarter[- ]on[- ]quarter|q-o-q|qoq|sequentially|organically|annually)){0,5}"
)
_CHANGE_BEFORE = re.compile(
    rf"(?:\b(?:{_CHANGE_VERB})(?:\s(?:up|down|higher|lower|again|strongly|slightly|further|sharply|year[- ]on[- ]year|"
    r"y-o-y|yoy|quarter[- ]on[- ]quarter|q-o-q|qoq|sequentially|within the (?:quarter|period)|"
    r"in the (?:quarter|period|half))){0,3}"
    rf",?\sby{_SMALL}|\b(?:{_PURE_CHANGE}){_SMALL}"
    r"|\b(?:up|down|higher|lower|plus|minus|ahead)(?:\sby)?(?:\s(?:of|another|a further|about|some|nearly|"
    r"over|approximately)){0,2}"
    r"|\b(?:increase|rise|growth|gain|addition|additions|decline|decrease|drop|fall|reduction|jump|plus|"
    r"minus|uplift|uptick|change|"
    r"net add(?:ition)?s?|net absorption|take[- ]?up in the (?:quarter|period|half)|movement|expansion|"
    r"move[- ]?ins?|swing)"
    rf"(?:\s(?:was|were|of|came to|at|amounting to|totalling|totaling|equal to|equivalent to|in the quarter|"
    rf"in the period)){{0,3}}{_SMALL}"
    r"|\bby(?:\sa)?(?:\s(?:further|net|another|total))?(?:\sof)?"
    r"|\+)\s?$",
    re.I,
)
_GROWTH_AFTER = re.compile(
    r"^\)?\s?(?:(?:more|higher|lower|less|fewer|up|down|above|ahead|better|"
    r"below)\b(?! of)(?! and)(?! from)|,?\s?(?:y-?o-?y\b|yoy\b|q-?o-?q\b|qoq\b|h-?o-?h\b|year[- ](?:on|"
    r"over)[- ]year|quarter[- ](?:on|over)[- ]quarter|"
    r"half[- ](?:on|over)[- ]half|(?:annual |quarterly |yearly |organic |net )?(?:growth|increase|decrease|"
    r"decline|rise|gain|uplift|improvement|reduction|jump|drop)\b|"
    r"compound annual|cagr|p\.a\.|per annum|"
    # '94.2 % 上升 0.6 个百分点' is a level and then its change.
    r"(?:的)?(?:同比|环比|環比|按年|按季)?(?:增幅|升幅|跌幅|降幅|(?:增长|增長|增加|上升|下降|减少|減少)"
    r"(?!\s?(?:了|约|約|至|到|为|為)?\s?\d))))",
    re.I,
)
_INCREMENT_AFTER = re.compile(
    r"^\s?(?:of\s)?(?:(?:more|higher|lower|fewer|less)\b(?=\s(?:than|over|year|quarter|on)|[,.;]|$)|"
    r"of (?:new|additional|extra|incremental|net new|net additional)\b|"
    r"net add(?:ition)?s?\b|(?:newly )?(?:added|delivered|handed over|brought (?:into|on))\b|(?:were|was|"
    r"have been|had been|being) (?:newly )?(?:added|delivered|brought|handed over|put into|opened|moved in|"
    r"signed in|signed during)\b|"
    r"(?:increase|decrease|rise|decline|growth|gain|drop|addition|uplift)\b|"
    r"(?:的)?(?:净增|淨增|增量|增长|增長|增幅|新增))",
    re.I,
)
_INCREMENT_ADJECTIVE_AFTER = re.compile(r"^\s?(?:additional|new|extra|incremental|net new|more|further)\b", re.I)
_INCREMENT_ADJECTIVE_BEFORE = re.compile(
    r"\b(?:an? (?:additional|extra|incremental)|additional|incremental|net new|extra)\s(?:about\s|some\s|around\s)?$",
    re.I,
)
_CHANGE_BEFORE_ZH = re.compile(
    r"(?:净增加|淨增加|净增|淨增|净增长|新增|新签|新簽|增加|增长|增長|增幅|增速|提升|提高|上升|升|"
    r"增|多|高|涨|漲|减少|減少|下降|下跌|降低|降幅|降|跌|少|低|回落|扩大|擴大|"
    r"上调|下调|交付|净吸纳|净投放|投放|拉升|改善|收窄)"
    r"(?:了|出|约|約|近|超|逾|超过|超過|幅度?为?|幅達|幅达|达|達)?\s?$"
)
_TO_ZH = re.compile(r"(?:至|到|为|為|达到|達到)\s?(?:约|約|近|超过|超過|逾)?\s?$")
_POINTS_BEFORE = re.compile(r"(?:同比|环比|環比|按年|按季|同比变动|较上年同期|較上年同期|较去年同期|較去年同期)\s?$")


def parse_number(text: str, decimal_comma: bool | None = None) -> Number | None:
    """A cell's number: '1,244', '81,6', '1.234,5', '(12)', '–5', '2,587'; None where the text is no single number.

    `decimal_comma` settles '12,600': True reads 12.6, False and None read 12600. Full-width digits are folded.
    """
    folded = _to_ascii_digits(text).strip()
    negative = folded.startswith("(") and folded.endswith(")")
    folded = folded.strip("()").strip()
    match = re.fullmatch(rf"(?P<sign>[-−–+])?\s?(?P<digits>{_DIGITS})", folded)
    if match is None:
        return None
    value, rounding = _value_of(match["digits"], decimal_comma)
    return Number(-value if negative or ((match["sign"] or "") in "-−–" and match["sign"]) else value, rounding)


def unit_in(text: str) -> tuple[str, float] | None:
    """The unit a label states ('Equipped Space ('000 sqm)', 'IT load (kW)', '面积（万平方米）') and its factor.

    The factor takes a printed number to the unit: ('sqm', 1000.0) for '000 sqm. None where no unit is named.
    """
    best: tuple[int, str, float] | None = None
    for match in _UNIT.finditer(text):
        unit, factor = _unit_of(match)
        if unit in ("points", "duration", "other"):
            continue
        if unit in ("cabinets", "count", "years") and best is not None:
            continue
        before = text[max(0, match.start() - 12) : match.start()]
        scale = re.search(
            r"(['’]000s?|thousands?(?: of)?|millions?(?: of)?|mn|k|万|萬|千|百万|百萬)[ -]?$", before, re.I
        )
        multiplier = 1.0
        if scale:
            word = scale[1].lower().removesuffix(" of").rstrip("s")
            multiplier = _MULTIPLIERS.get(word, 1e3 if "000" in word else 1.0)
        rank = 0 if unit in ("pct", "mw", "kw", "sqm", "sqft") else 1
        if best is None or rank < best[0]:
            best = (rank, unit, factor * multiplier)
    return (best[1], best[2]) if best else None


def find_quantities(text: str) -> list[Quantity]:
    """Every number in `text` that is no part of a date, a name or an address, in order of place."""
    folded = _to_ascii_digits(text)
    taken = [False] * (len(folded) + 1)
    for start, end in date_spans(folded):
        taken[start:end] = [True] * (end - start)
    found: list[Quantity] = []
    position = 0
    while True:
        money = _SIGNED_CURRENCY_NUMBER.search(folded, position)
        plain = _NUMBER.search(folded, position)
        match = min((m for m in (money, plain) if m), key=lambda m: m.start(), default=None)
        if match is None:
            found += [q for q in _tenths(folded) if not any(q.start < f.end and f.start < q.end for f in found)]
            return _join_ranges(folded, sorted(found, key=lambda q: q.start))
        position = max(match.end(), position + 1)
        if any(taken[match.start("digits") : match.end("digits")]):
            continue
        quantity = _read(folded, match, is_money=match is money)
        if quantity is not None:
            found.append(_restating(folded, found, quantity))
            position = max(position, quantity.end)


_TENTHS = re.compile(
    r"(?<![一二三四五六七八九十\d])(?P<n>[一二三四五六七八九])成(?P<half>半|五)?(?!为|為|功|立|熟|本|员|員|交|果|长|長)"
)


def _tenths(text: str) -> list[Quantity]:
    """'九成' is 90 %, to the nearest ten."""
    found = []
    for match in _TENTHS.finditer(text):
        value = 10.0 * ("一二三四五六七八九".index(match["n"]) + 1) + (5.0 if match["half"] else 0.0)
        before, after = text[max(0, match.start() - 70) : match.start()], text[match.end() : match.end() + 40]
        kind = _change_kind(before, after, "pct", RATE)
        low, high = _hedge(before, after, value, "pct", kind)
        if kind == RATE and low is None:
            low, high = value - _HEDGE_POINTS, min(100.0, value + _HEDGE_POINTS)
        found.append(Quantity(match.start(), match.end(), match.group(), value, "pct", low, high, True, 5.0, kind))
    return found


def _restating(text: str, found: list[Quantity], quantity: Quantity) -> Quantity:
    """'rose by 9.2 MW, or 31 %, to ...': the second number says the same change again."""
    if not found or found[-1].kind != INCREMENT or quantity.kind != RATE:
        return quantity
    if not _APPOSITION.match(text[found[-1].end : quantity.start]):
        return quantity
    return replace(quantity, kind=GROWTH, low=None, high=None, approximate=False)


def _to_ascii_digits(text: str) -> str:
    return text.translate(_FULL_WIDTH)


_FULL_WIDTH = {0xFF10 + i: ord("0") + i for i in range(10)} | {0xFF0E: ord(".")}


def _value_of(digits: str, decimal_comma: bool | None = None) -> tuple[float, float]:
    """The value of printed digits and half a unit of the last of them."""
    text = re.sub(r"[ '’\u00a0\u202f]", "", digits).replace("，", ",").replace("．", ".")
    if "," in text and "." in text:
        text = text.replace(".", "").replace(",", ".") if text.rfind(",") > text.rfind(".") else text.replace(",", "")
    elif text.count(".") > 1:
        text = text.replace(".", "")
    elif "," in text:
        grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+", text)
        text = (
            text.replace(",", "")
            if grouped and not (decimal_comma and text.count(",") == 1)
            else text.replace(",", ".")
        )
        if text.count(".") > 1:
            text = text.replace(".", "")
    places = len(text.split(".", 1)[1]) if "." in text else 0
    return float(text), 0.5 * 10.0**-places


def _unit_of(match: re.Match[str]) -> tuple[str, float]:
    return _UNITS[int((match.lastgroup or "u0")[1:])][1]


def _read(text: str, match: re.Match[str], is_money: bool) -> Quantity | None:
    value, rounding = _value_of(match["digits"])
    if not is_money and match["sign"] and _is_dash_of_range(text, match.start()):
        sign = 1.0
    else:
        sign = -1.0 if not is_money and match["sign"] else 1.0
    start, end = (match.start() if sign < 0 or is_money else match.start("digits")), match.end()
    if _is_part_of_word(text, end):
        return None
    unit, kind = "", COUNT
    if is_money:
        code = re.match(rf"(?:{_CURRENCY})", match.group())
        unit, kind = _CURRENCY_CODE.get(code.group() if code else "", "money"), MONEY
        multiplier = _MULTIPLIER.match(text, end)
        if multiplier:
            factor = _multiplier_value(multiplier["m"])
            value, rounding, end = value * factor, rounding * factor, multiplier.end()
        trailing = _MONEY_AFTER.match(text, end)
        if trailing and trailing["cur"] in ("元", "人民币", "人民幣") and not trailing["mult"]:
            end = trailing.end()
    else:
        after_money = _MONEY_AFTER.match(text, end)
        multiplier = _MULTIPLIER.match(text, end)
        if after_money:
            factor = _multiplier_value(after_money["mult"]) if after_money["mult"] else 1.0
            value, rounding, end = value * factor, rounding * factor, after_money.end()
            unit, kind = _CURRENCY_CODE.get(after_money["cur"], "money"), MONEY
        else:
            factor = 1.0
            unit_match = _unit_at(text, end)
            if unit_match is None and multiplier:
                factor = _multiplier_value(multiplier["m"])
                end = multiplier.end()
                unit_match = _unit_at(text, end)
            value, rounding = value * factor, rounding * factor
            if unit_match is not None:
                (unit, unit_factor), end = _unit_of(unit_match), unit_match.end()
                value, rounding = value * unit_factor, rounding * unit_factor
            elif _zh_years(text, end):
                unit, end = "years", end + 1
    kind = kind if kind == MONEY else _kind_of(unit)
    before, after = text[max(0, start - 70) : start], text[end : end + 40]
    kind = _change_kind(before, after, unit, kind)
    value *= sign
    low, high = _hedge(before, after, value, unit, kind)
    return Quantity(start, end, text[start:end], value, unit, low, high, low is not None, rounding, kind)


def _multiplier_value(word: str) -> float:
    key = word.lower()
    return _MULTIPLIERS.get(key) or _MULTIPLIERS.get(key.rstrip("s")) or 1e3


def _unit_at(text: str, position: int) -> re.Match[str] | None:
    """The unit that follows at `position`, over a space, a hyphen or an opening 'of'."""
    gap = re.compile(r"\s?-?\s?(?:of\s)?").match(text, position)
    found = _UNIT.match(text, gap.end() if gap else position)
    if found is None:
        return None
    unit, _ = _unit_of(found)
    if (
        unit in ("mw", "kw", "sqm", "sqft")
        and found.group().lower() in ("sf",)
        and not text[position : position + 1].isspace()
    ):
        return None
    return found


def _zh_years(text: str, position: int) -> bool:
    """'4.6年' is a term; '2025年' is a date and was taken out before."""
    return _UNIT_ZH_YEARS.match(text, position) is not None


def _is_part_of_word(text: str, end: int) -> bool:
    """'20-F', '6-K', '3Q', '5G': digits that belong to a name, not a number with a unit."""
    tail = text[end : end + 6]
    if _FOREIGN_AFTER.match(tail):
        return True
    if re.match(r"[A-Za-z]", tail):
        known = _UNIT.match(text, end) or _MULTIPLIER.match(text, end)
        return known is None and not re.match(r"(?i:as|in|at|of|and|were|with|to)\b", tail)
    return bool(re.match(r"-[A-Z]\b|/\d", tail))


def _is_dash_of_range(text: str, sign_at: int) -> bool:
    return sign_at > 0 and (text[sign_at - 1].isdigit() or text[sign_at - 1] in "%％" or text[sign_at - 1].isalpha())


def _kind_of(unit: str) -> str:
    if unit == "pct":
        return RATE
    if unit == "points":
        return GROWTH
    if unit in ("", "count"):
        return COUNT
    return OTHER if unit in ("duration", "other") else LEVEL


def _change_kind(before: str, after: str, unit: str, kind: str) -> str:
    """A number is a change where a cue stands right before or after it; else it keeps its kind."""
    if kind in (GROWTH, OTHER):
        return kind
    changed = GROWTH if unit == "pct" else INCREMENT
    changed = MONEY if kind == MONEY else changed
    tail = _strip_hedge(before)
    if _CHANGE_BEFORE_ZH.search(tail) and not _TO_ZH.search(tail):
        return changed
    if _POINTS_BEFORE.search(tail):
        return changed
    if _GROWTH_AFTER.match(after) and unit == "pct":
        return changed
    if unit != "pct" and (_INCREMENT_AFTER.match(after) or _INCREMENT_ADJECTIVE_AFTER.match(after)):
        return changed
    if unit != "pct" and _INCREMENT_ADJECTIVE_BEFORE.search(tail):
        return changed
    if _CHANGE_BEFORE.search(tail) and not _UP_TO.search(tail) and not _PARTICLE.search(tail):
        return changed
    return kind


_PARTICLE = re.compile(
    r"\b(?:took|tak\w+|fill\w*|sign\w*|fit\w*|build\w*|built|ma[dk]e\w*|set|open\w*|us\w+|lock\w*|snapped|"
    r"soaked|ended|end|wound) up\s?$",
    re.I,
)
_UP_TO = re.compile(r"\b(?:up|down|higher|lower)\s(?:to|at)\s?$", re.I)


def _strip_hedge(before: str) -> str:
    for pattern, _ in _HEDGES:
        match = pattern.search(before)
        if match:
            return before[: match.start()].rstrip() + " "
    return before


def _hedge(before: str, after: str, value: float, unit: str, kind: str) -> tuple[float | None, float | None]:
    if kind not in (LEVEL, RATE, COUNT):
        return None, None
    direction: tuple[float, float] | None = None
    for pattern, sides in _HEDGES:
        if pattern.search(before):
            direction = sides
            break
    if direction is None and _HEDGE_AFTER.match(after):
        direction = (-1, 1)
    if direction is None and _HEDGE_AFTER_OVER.match(after):
        direction = (0, 1)
    if direction is None:
        return None, None
    return hedge_range(value, unit, direction)


def hedge_range(value: float, unit: str, sides: tuple[float, float]) -> tuple[float, float]:
    """Low and high end of a hedged value: `sides` is (-1, 1) for about, (0, 1) for over, (-1, 0) for nearly."""
    width = _HEDGE_POINTS if unit == "pct" else abs(value) * _HEDGE_SHARE
    low, high = value + sides[0] * width, value + sides[1] * width
    if unit == "pct":
        low, high = min(value, max(0.0, low)), max(value, min(100.0, high))
    return low, high


_RANGE_BEFORE = re.compile(
    r"(?:\b(?:of|at|range|between|about|around|some)\s?|[:：(]\s?|介于|介於|在|(?<![签簽合订訂租契承预預条條])约|(?<![签簽合订訂租契承预預条條])約)$",
    re.I,
)
_APPOSITION = re.compile(r"^\s?[,，(（]?\s?(?:or|i\.e\.|that is|equal to|equivalent to|or about|即|或)?\s?$", re.I)


def _join_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """'88-92 %', 'between 88 % and 92 %' become one approximate quantity at the middle. 'from X to Y' stays two."""
    joined: list[Quantity] = []
    for item in found:
        if joined and item.kind in (RATE, LEVEL):
            last = joined[-1]
            glue = text[last.end : item.start]
            dash = len(glue) <= 3 and glue.strip() in ("-", "–", "—", "~") and last.unit in ("", item.unit)
            between = glue.strip() == "and" and re.search(
                r"\bbetween\s?$", text[max(0, last.start - 12) : last.start], re.I
            )
            to = glue.strip() in ("to", "至", "到") and _RANGE_BEFORE.search(text[max(0, last.start - 16) : last.start])
            if (dash or between or to) and last.kind in (RATE, LEVEL, COUNT) and last.value < item.value:
                middle = (last.value + item.value) / 2
                joined[-1] = Quantity(
                    last.start, item.end, text[last.start : item.end], middle, item.unit, last.value, item.value, True,
                    item.rounding, item.kind,
                )  # fmt: skip
                continue
        joined.append(item)
    return joined
