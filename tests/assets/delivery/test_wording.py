"""How numbers and foreign words are written: a slip here misleads on every line of the page."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

from assets.delivery import wording


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (wording.rate(0.77488), "77.5%"),
        (wording.rate(float("nan")), "–"),
        (wording.points(0.0507), "+5.1 pp"),
        (wording.points(-0.0139), "−1.4 pp"),
        (wording.points(-0.00001), "+0.0 pp"),
        (wording.capacity(618060.0, "sqm"), "618,060 sqm"),
        (wording.capacity(240.94, "mw"), "240.9 MW"),
        (wording.capacity(None, "mw"), "–"),
        (wording.printed_value(92.5, "pct"), "92.5%"),
        (wording.printed_value(100.0, "pct"), "100%"),
        (wording.printed_value(36_800_000.0, "sqft"), "36,800,000 sq ft"),
        (wording.printed_value(46, "count"), "46"),
        (wording.day(pd.Timestamp("2025-09-30")), "2025-09-30"),
        (wording.day(datetime.date(2025, 9, 30)), "2025-09-30"),
        (wording.day(pd.NaT), ""),
    ],
)
def test_numbers_and_dates_are_written_for_people(written: str, expected: str) -> None:
    """No digit more than is known, a true minus sign, a dash for what is missing."""
    assert written == expected


def test_disguising_characters_are_shown() -> None:
    """Marks that turn the direction of text can make a quote read the other way round."""
    assert wording.plain("a\u202eb\x00c\n  d") == "a\ufffdb\ufffdc d"
    assert wording.plain("年末 3,5 %") == "年末 3,5 %"


def test_long_words_are_cut_visibly() -> None:
    """A quote of a whole page would bury the figure."""
    assert wording.plain("x" * 500, 10) == "x" * 9 + "…"
    assert wording.plain(None) == ""
