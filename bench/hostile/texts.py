"""Plain texts aimed at the patterns that look for numbers, dates, units, hedges and sentences."""

from __future__ import annotations

from functools import partial

from bench.hostile.case import Case, partly, release_of

KIND = "text"
# Each is repeated to about this many characters; how the work grows with the length is looked at by bench.fuzz.
LENGTH = 2_000
REPEATED = {
    "digits": "9",
    "spaces": "x ",
    "blanks": " ",
    "tabs": "\t1",
    "commas": ",",
    "points": ".",
    "groups": "1,111,",
    "thousands": "111 ",
    "brackets": "(",
    "brackets_square": "[1",
    "quotes": '"',
    "dashes": "-",
    "long_dashes": "1–",
    "percent": "9 % ",
    "stars": "* ",
    "up_to": "up to ",
    "about": "about ",
    "more_than": "more than ",
    "increased_by": "increased by ",
    "of_the": "of the ",
    "units": "MW ",
    "units_glued": "MWMW",
    "square": "sq ",
    "cabinets": "cabinet equivalent",
    "same_period": "the same period of the last ",
    "end_of": "the end of ",
    "quarter": "first quarter ",
    "year": "2025-",
    "fiscal": "FY",
    "fiscal_year": "fiscal year ",
    "months": "Jun ",
    "year_zh": "二零",
    "year_zh_end": "2025年",
    "month_zh": "十二月",
    "approx_zh": "约",
    "increase_zh": "增加了",
    "utilised": "utilization rate ",
    "letters": "a",
    "capitals": "Aa",
    "glued": "x.Yyy ",
    "heading": "Results The ",
    "addresses": "a/b.",
    "at": "a@",
    "slashes": "1/1/",
    "colons": "a:1 ",
    "hyphen_lines": "re-\n",
    "lines": "a\n",
    "pipes": "a | 1\n",
    "columns": "a   1   2   3\n",
    "rules": "----\n",
    "numbered": "1 a b\n",
    "bullets": "- a\n",
    "equals": "====\n",
    "respectively": "1 and 2, respectively ",
    "compared": "compared with 1 % ",
    "currency": "US$1 million ",
    "roman": "(iv) ",
    "superscript": "¹²",
}


def cases() -> list[Case]:
    """Every text: a sound sentence first, then one unit repeated."""
    return [
        partly(KIND, f"repeat_{label}.txt", partial(_repeated, f"repeat_{label}.txt", unit), 87.5)
        for label, unit in REPEATED.items()
    ]


def _repeated(name: str, unit: str) -> bytes:
    return (release_of(name) + "\n" + unit * (LENGTH // len(unit)) + "\n").encode()
