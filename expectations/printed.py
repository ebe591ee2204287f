"""Does a quote show a number? Reads digits in the forms reports print them. It judges, it does not extract."""

from __future__ import annotations

import re
import unicodedata

# How a printed number may be scaled against the value taken from it: as is, thousands ('000 sqm, kilo), ten
# thousands (万), millions, hundred millions (亿), a fraction shown as per cent, and MW against kW.
SCALES = (1.0, 1e3, 1e4, 1e6, 1e8, 1e2, 1e-3)
NUMBER = re.compile(r"\d+(?:[ ,.'’\u00a0\u202f]\d{3})*(?:[.,]\d+)?|\.\d+")
# Full occupancy is often said in words, and Chinese texts write numbers in characters.
WORDS_FOR_FULL = re.compile(r"full|entire|100|sold out|leased out|满|滿|全部", re.IGNORECASE)
CHINESE_DIGITS = re.compile(r"[〇零一二三四五六七八九十百千]")
NUMBER_WORDS = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    r"ninety|hundred|half|quarter|third|nil|none|no|zero)\b|[-–—]",
    re.IGNORECASE,
)


def shows_value(quote: str, value: float, half: float, unit: str) -> bool:
    """Whether a number in the quote stands for `value`, `half` being half a unit of its last digit.

    Words count where digits cannot be expected: "fully occupied" for 100 pct, Chinese numerals, number words and a
    dash for nil where the quote has no digits at all.
    """
    text = unicodedata.normalize("NFKC", quote)
    tolerance = max(half, abs(value) * 1e-9) * 1.0001
    for number in printed_numbers(text):
        if any(abs(number * scale - abs(value)) <= tolerance for scale in SCALES):
            return True
    if unit == "pct" and value >= 99 and WORDS_FOR_FULL.search(text):
        return True
    if CHINESE_DIGITS.search(text):
        return True
    return not re.search(r"\d", text) and NUMBER_WORDS.search(text) is not None


def printed_numbers(text: str) -> list[float]:
    """Every number a text may show; a separator that can be read two ways gives both readings."""
    numbers: list[float] = []
    for match in NUMBER.finditer(text):
        token = re.sub(r"[ '’\u00a0\u202f]", "", match.group())
        for reading in {token.replace(",", ""), token.replace(".", "").replace(",", "."), token.replace(",", ".")}:
            if reading.count(".") <= 1:
                numbers.append(float(reading))
        # Footnote digits and words fused by a text layer: also read each run of digits alone.
        numbers.extend(float(part) for part in re.findall(r"\d+", match.group()))
    return numbers
