"""Words of headers and codes made comparable, and the loading of the two data files.

Belongs here: folding of text. Not here: what a header or a code means (kinds.py, codes.py).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_SIGNS = (("hk$", " hkd "), ("%", " pct "), ("p.c.m.", " pcm "), ("p.c.m", " pcm "), ("p.a.", " pa "), ("p.a", " pa "))
_BLANKS = re.compile(r"[\s_\-–—/\\.,:;()\[\]&'’\"*†‡#]+")


@cache
def folded(text: str) -> str:
    """Text without case, width and punctuation: 'Lease_To (HK$)' -> 'lease to hkd'; '-' and '?' stay themselves."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    if plain in ("-", "--", "–", "—", "?"):
        return plain
    for sign, word in _SIGNS:
        plain = plain.replace(sign, word)
    return _BLANKS.sub(" ", plain).strip()


@cache
def data_file(name: str) -> Any:
    """The content of a YAML file beside this module."""
    return yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))


def blank(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN or white space."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def shown(value: object) -> str:
    """A cell as text: dates as ISO, whole numbers without a point."""
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value.strip()
    if hasattr(value, "isoformat"):
        text: str = value.isoformat()
        return text.removesuffix("T00:00:00")
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)
