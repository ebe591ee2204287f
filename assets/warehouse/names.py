"""Readable keys: the slugs that series, facilities and operators are known by.

The SQL macro `slug` (sql/macros.sql) follows the same rule; a test holds the two together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection


def slug(text: str) -> str:
    """Lower case, no accents, every run of other than letters and digits one hyphen: 'VNET Group (21Vianet)' ->
    'vnet-group-21vianet'. Letters of any script stay, so that a Chinese name keeps a key.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def operator_slug(operator: str) -> str:
    """An operator's key. The mark '(market ...)' that tells market sources from operators is no part of a name."""
    return slug(re.sub(r"\s*\(market[^)]*\)", "", operator))


def facility_key(operator: str, name: str) -> str:
    """operator/facility. A place in parentheses after the name ('DC1 (Singapore)') is no part of the name."""
    bare = re.sub(r"\s*\([^)]*\)$", "", name)
    return f"{operator_slug(operator)}/{slug(bare) or slug(name)}"


def portfolio_name(place: str, operators: Collection[str] = ()) -> str:
    """The portfolio of a rent roll's file: the last folder of the place it came from ('inbox/harbour' -> 'harbour');
    'rent-roll' at the top of the inbox. Keys of sites begin with it, so that one named like a reported operator's key
    (of operators) gets '-rent-roll' behind it.
    """
    parts = [part for part in place.split("/") if part]
    name = slug(parts[-1]) if len(parts) > 1 or (parts and parts[0] != "inbox") else "rent-roll"
    return f"{name}-rent-roll" if name in operators else name
