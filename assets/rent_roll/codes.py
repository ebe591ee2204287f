"""Codes of sectors, tiers, stacks, strengths and renewal options, in whatever list a schedule writes them.

Belongs here: one cell to one code. Not here: which column holds codes (tables.py); other writings are in codes.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from assets.rent_roll.words import blank, data_file, folded, shown

CODED = ("sector", "sensitivity_tier", "stack", "points_to", "strength", "commenced")
# Of these a rent roll may honestly not know the code.
MAY_BE_UNKNOWN = ("sector", "sensitivity_tier", "stack")

_OPTION = re.compile(
    r"(\d{1,2})\s*(?:x|×|\*|options? (?:of|to renew for)|of)\s*(\d{1,2})\s*(?:y|yrs?|years?)?(?: each)?"
)
_YEARS_ALONE = re.compile(r"(\d{1,2})\s*(?:y|yrs?|years?)")
_PLUS = re.compile(r"\d{1,2}(?:\s*\+\s*\d{1,2})+(?:\s*(?:y|yrs?|years?))?")
_NONE = frozenset(("none", "nil", "no", "no option", "no options", "nil options", "0", "-", "--", "–", "—", "without"))


def is_unknown(value: object) -> bool:
    """Whether a cell is blank or says that a thing is not known."""
    return blank(value) or folded(shown(value)) in _unknown()


def code_of(column: str, value: object, legend: Mapping[str, str] | None = None) -> str | None:
    """The code a cell means; 'unknown' where it says so, None where nobody can tell.

    `legend` (code -> meaning) is the workbook's own; it is asked only for words that codes.yaml does not have.
    """
    if is_unknown(value):
        return "unknown"
    text = folded(shown(value))
    writings = _writings(column)
    if text in writings:
        return writings[text]
    meaning = (legend or {}).get(text, "")
    return _meant(column, meaning) if meaning else None


def allowed(column: str) -> str:
    """The codes of a column, for a person to choose from."""
    names = list(dict.fromkeys(_writings(column).values()))
    return ", ".join([*names, "unknown"] if column in MAY_BE_UNKNOWN else names)


def options_of(value: object) -> str | None:
    """Renewal options as '2x5y' (two of five years) or 'none'; None where the text is neither. Blank: None too."""
    if blank(value):
        return None
    text = " ".join(shown(value).casefold().split())
    if text in _NONE:
        return "none"
    if found := _OPTION.fullmatch(text):
        return f"{int(found[1])}x{int(found[2])}y"
    if found := _YEARS_ALONE.fullmatch(text):
        return f"1x{int(found[1])}y"
    if _PLUS.fullmatch(text):
        years = [int(number) for number in re.findall(r"\d+", text)]
        if len(set(years)) == 1:
            return f"{len(years)}x{years[0]}y"
    return None


@cache
def _unknown() -> frozenset[str]:
    return frozenset(folded(words) for words in data_file("codes.yaml")["unknown_words"])


@cache
def _writings(column: str) -> dict[str, str]:
    writings: dict[str, str] = {}
    for code, others in data_file("codes.yaml")[column].items():
        for words in (code, *others):
            if writings.setdefault(folded(words), code) != code:
                raise ValueError(
                    f"codes.yaml: {column}: {words!r} means {writings[folded(words)]} and {code}; keep one"
                )
    return writings


def _meant(column: str, meaning: str) -> str | None:
    """The one code whose words stand in a legend's explanation; None where none or several do."""
    words = f" {folded(meaning)} "
    if any(len(known) > 2 and f" {known} " in words for known in _unknown()):
        return "unknown"
    codes = {code for known, code in _writings(column).items() if len(known) > 1 and f" {known} " in words}
    return codes.pop() if len(codes) == 1 else None
