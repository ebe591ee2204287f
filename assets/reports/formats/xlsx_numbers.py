"""Spreadsheet number formats: a stored number as a person sees it in the cell.

Covers what reports use (percentages, thousands, scaling commas, brackets for negatives, literals, dates). A format
outside that shows the plain number, never an error. Source of the codes: ECMA-376 part 1, 18.8.30 and 18.8.31.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from decimal import ROUND_HALF_UP, Context, Decimal

BUILT_IN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    49: "@",
}
_DROPPED = re.compile(r"\[(?!h|m|s)[^\]]*\]|_.|\*.", re.I)
_LITERAL = re.compile(r"\"([^\"]*)\"|\\(.)")
# Spreadsheet programs take no longer code; a longer one is no format.
_LONGEST_CODE = 255
# Enough for every digit of the largest number at the most places a code of that length can ask for.
_EVERY_DIGIT = Context(prec=2_000)
_PLACEHOLDERS = re.compile("[\ue100-\ue1ff]")
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*)?|\.[#0?]+")


@functools.lru_cache(maxsize=1024)
def is_date_format(code: str) -> bool:
    """Whether a format shows a date or a time: day, month or year letters outside literals."""
    if len(code) > _LONGEST_CODE:
        return False
    bare = _LITERAL.sub("", _DROPPED.sub("", code.split(";")[0]))
    return bool(re.search(r"[dmyhs]", bare, re.I)) and not re.search(r"[#0?]", re.sub(r"\.0+", "", bare))


_PIECES = re.compile(r"\"([^\"]*)\"|\\(.)|([#0?][#0?,]*(?:\.[#0?]*)?|\.[#0?]+)|(.)", re.S)
_OWN_DIGITS = re.compile("[0-9][.,]?\x00|\x00[.,]?[0-9]")


@functools.lru_cache(maxsize=1024)
def shows_digits_of_its_own(code: str) -> bool:
    """Whether a format prints digits as fixed text where the number stands: '"99.5"' shows 99.5 for any number."""
    if len(code) > _LONGEST_CODE or is_date_format(code) or "General" in code:
        return False
    for section in _sections(code):
        shown = ""
        for quoted, escaped, places, other in _PIECES.findall(_DROPPED.sub("", section)):
            shown += "\x00" if places else quoted or escaped or other
        if _OWN_DIGITS.search(shown) or ("\x00" not in shown and re.search("[0-9]", shown)):
            return True
    return False


def show(number: float, code: str, date_1904: bool = False) -> str:
    """The text of a number under a format code; dates as ISO (with the time where it is not midnight)."""
    if len(code) > _LONGEST_CODE:
        return _plain(number)
    if is_date_format(code):
        return _date(number, date_1904) or _plain(number)
    if code in ("", "General", "@"):
        return _plain(number)
    sections = _sections(code)
    section = sections[0]
    value = number
    if number < 0 and len(sections) > 1 and sections[1]:
        section, value = sections[1], -number
    elif number == 0 and len(sections) > 2:
        section = sections[2]
    return _apply(value, section)


def _sections(code: str) -> list[str]:
    sections = [""]
    quoted = False
    for position, character in enumerate(code):
        if character == '"':
            quoted = not quoted
        if character == ";" and not quoted and code[position - 1 : position] != "\\":
            sections.append("")
        else:
            sections[-1] += character
    return sections


def _apply(value: float, section: str) -> str:
    bare = _PLACEHOLDERS.sub("", _DROPPED.sub("", section))
    literals: list[str] = []

    def keep(found: re.Match[str]) -> str:
        literals.append(found[1] if found[1] is not None else found[2])
        return chr(0xE100 + len(literals) - 1)

    bare = _LITERAL.sub(keep, bare)
    if "General" in bare:
        shown = bare.replace("General", _plain(value))
    elif "E+" in bare or "/" in bare:
        shown = _plain(value)
    else:
        digits = _DIGITS.search(bare)
        if digits is None:
            shown = bare
        else:
            pattern = digits[0]
            scaling = len(pattern.split(".")[0]) - len(pattern.split(".")[0].rstrip(","))
            if "." in pattern:
                scaling += len(re.match(r",*", bare[digits.end() :])[0])  # type: ignore[index]
            amount = Decimal(repr(value)) / (Decimal(1000) ** scaling)
            if "%" in bare:
                amount *= 100
            shown = bare[: digits.start()] + _digits(amount, pattern) + bare[digits.end() :].lstrip(",")
    shown = _PLACEHOLDERS.sub(lambda mark: literals[ord(mark[0]) - 0xE100], shown)
    return " ".join(shown.split())


def _digits(amount: Decimal, pattern: str) -> str:
    whole, _point, fraction = pattern.partition(".")
    places = len(fraction)
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_EVERY_DIGIT)
    text = f"{rounded:,.{places}f}" if "," in whole.rstrip(",") else f"{rounded:.{places}f}"
    optional = len(fraction) - len(fraction.rstrip("#?"))
    while optional and text.endswith("0"):
        text, optional = text[:-1], optional - 1
    text = text.rstrip(".")
    least = whole.count("0")
    digits = re.sub(r"\D", "", text.split(".")[0])
    return "0" * max(0, least - len(digits)) + text if least > len(digits) else text


def _plain(number: float) -> str:
    """As the General format shows it: at most 15 significant digits, so that 78.09999999999999 reads 78.1."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    text = f"{number:.15g}"
    if "e" in text:
        return text
    shorter = f"{number:.12g}"
    return shorter if abs(float(shorter) - number) <= 1e-12 * abs(number) else text


def _date(number: float, date_1904: bool) -> str:
    """ISO date of a serial day number; '' outside the years 1900 to 9999. The 1900 system counts a 29 February 1900."""
    epoch = dt.datetime(1904, 1, 1) if date_1904 else dt.datetime(1899, 12, 30)
    if not 0 <= number < 2_958_466:
        return ""
    try:
        moment = epoch + dt.timedelta(days=number)
        moment = (moment + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    except OverflowError:
        return ""
    if number < 1:
        return moment.strftime("%H:%M:%S")
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(sep=" ")
