"""Random texts against the parsers of numbers, units, dates, periods and cells: nothing raised, nothing impossible.

The same few inputs each time; `python -m bench.fuzz --reader parsers` tries others for as long as told.
"""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzzing.checks import check_cells, check_text
from bench.fuzzing.making import prose
from bench.fuzzing.patterns import exploding_patterns

ALPHABET = (
    "0123456789.,'’ \u00a0%％-–—()/+~<>£$€mMwWkKqQsStTfFtyY年月日季上下半万千一二三十〇零約约\n\t"
    "٣९０\u200b\u202e\ue000Ⅻ½²eEnaif"
)
FEW = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@FEW
@given(st.text(ALPHABET, max_size=80))
def test_any_string_of_the_alphabet(text: str) -> None:
    """Digits, signs and unit letters in any order."""
    check_text(text)


@FEW
@given(st.integers(min_value=0, max_value=2**32))
def test_any_words(seed: int) -> None:
    """Words, numbers, units and dates that the readers look for, in no sensible order."""
    check_text(prose(random.Random(seed)))


@FEW
@given(st.lists(st.one_of(st.text(ALPHABET, max_size=24), st.dates().map(str), st.floats().map(repr)), max_size=6))
def test_any_cells(cells: list[str]) -> None:
    """A column of a rent roll, and each cell as a number format."""
    check_cells(cells)


@FEW
@given(st.text(st.characters(), max_size=60))
def test_any_characters(text: str) -> None:
    """Every script, surrogates and private use included."""
    check_text(text)
    check_cells([text])


def test_no_pattern_explodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty signs in a row once took a reader longer than it may; `bench.fuzz --patterns` looks at growth."""
    assert exploding_patterns() == []
    one = ("here", re.compile(r"^(?:\s*[*#]+)+$"))
    monkeypatch.setattr("bench.fuzzing.patterns.patterns", lambda: iter([one]))
    assert exploding_patterns() == ["here: '#'"]
