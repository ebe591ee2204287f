"""Two languages are only worth something where none is missing: every text, every blank, every visible word."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from delivery_case import Published
from lxml import html

from assets.delivery import words
from assets.delivery.words import Said, amount, joined, name, printed, run, say, word

CODE = Path(words.__file__).parent
# Codes of published tables: found by group, not by a call in the code.
VOCABULARIES = {
    "acts_on", "alert", "basis", "by", "cause", "class", "estimate", "level", "metric", "model", "quantity", "reason",
    "scenario", "sector", "severity", "stack", "stack_short", "status", "strength", "tier", "unit",
}  # fmt: skip
# What is the same in Chinese: units, names of models and measures, tables of the database.
SAME = {
    "Colocast", "WALE", "MASE", "SWIS", "UTC", "SME", "chosen", "naive", "occupancy_forecast", "breach_probability",
    "backlog_runoff", "scenario_effects", "scenario_sensitivity", "lease_estimates", "forecast_scores",
    "forecast_accuracy", "backtest_accuracy", "outside_forecasts", "occupancy_history", "stack_mismatches",
    "portfolios", "documents", "quarantine",
}  # fmt: skip


def blanks(text: str) -> set[str]:
    return {found for _, found, _, _ in Formatter().parse(text) if found}


def test_each_text_stands_in_both_languages() -> None:
    """A key without one of them would show the other, or nothing."""
    for key, (en, zh) in words.keys().items():
        assert bool(en) == bool(zh), key
        if key.split(".")[0] not in VOCABULARIES and re.search("[A-Za-z]{3}", re.sub(r"\{\w+\}", "", en)):
            assert re.search("[\u4e00-\u9fff]", zh), key


def test_both_languages_fill_the_same_blanks() -> None:
    """A number that is told in one language alone is lost in the other."""
    for key, (en, zh) in words.keys().items():
        assert blanks(en) == blanks(zh), key


def test_no_text_is_left_over() -> None:
    """What nothing says is translated for nobody."""
    code = "".join(
        path.read_text(encoding="utf-8") for pattern in ("**/*.py", "**/*.html") for path in CODE.glob(pattern)
    )
    leagues = {f"leagues.{key}{end}" for key in ("operators", "markets", "sites") for end in ("", "_about")}
    left = {
        key
        for key in list(words.keys())
        if key.split(".")[0] not in VOCABULARIES and f'"{key}"' not in code and key not in leagues
    }
    assert left == set()


def test_chinese_readers_see_no_english_sentence(complete: Published) -> None:
    """All that stays is names and quotes of documents, marked as such, and what reads the same in both."""
    page = html.fromstring(complete.page.read_text(encoding="utf-8"))
    names = "//bdi | //*[contains(@class, 'd') and local-name()='tspan']"
    known = {found for node in page.xpath(names) for found in re.findall(r"\w+", node.text_content())}
    for node in page.xpath(f"//x-en | //*[@class='en'] | //script | //style | {names}"):
        node.drop_tree()
    for node in page.xpath("//*[@data-zh]"):
        node.text = node.get("data-zh")
    assert len(page.xpath("//body//text()")) > 500
    # Choices of filters and what a mark shows on pointing at it can hold names alone.
    loose = "//option[not(@data-zh)] | //*[local-name()='title']"
    for node in page.xpath(loose):
        assert set(re.findall("[A-Za-z_]{3,}", node.text or "")) <= known | SAME, node.text
        node.text = ""
    left = {found for text in page.xpath("//body//text()") for found in re.findall("[A-Za-z_]{3,}", text)}
    assert left - SAME - {"run", "published", "abc"} == set()


def test_a_key_that_is_not_there_is_named() -> None:
    """A slip in a key ends in a sentence that says what to add."""
    with pytest.raises(KeyError, match=r"no text 'page.nothing'"):
        say("page.nothing")


def test_codes_without_a_word_stand_as_they_are() -> None:
    """A new sector is shown, marked as a word of the file, not dropped."""
    assert str(word("sector", "space_tourism")) == "space tourism"
    assert "<bdi>" in word("sector", "space_tourism").zh
    assert word("sector", "banking").zh == "银行"


def test_parts_are_escaped_and_said_in_their_language() -> None:
    """Blanks take words of documents: these are shown, never run."""
    told = say("page.series", name=name("<b>&"), unit=word("unit", "sqm"))
    assert told.en == "<bdi>&lt;b&gt;&amp;</bdi> (sqm)"
    assert told.zh == "<bdi>&lt;b&gt;&amp;</bdi>（平方米）"
    assert say("page.at", day="<i>").en == "at &lt;i&gt;"
    assert run("<", word("unit", "sqm")) == "&lt;<x-en>sqm</x-en><x-zh>平方米</x-zh>"


def test_texts_join_with_the_marks_of_their_language() -> None:
    """Full-width marks between Chinese words."""
    told = joined([Said("a", "甲"), "", Said("b", "乙")])
    assert (told.en, told.zh) == ("a; b", "甲；乙")


@pytest.mark.parametrize(
    ("written", "en", "zh"),
    [
        (amount(618060.0, "sqm"), "618,060 sqm", "618,060 平方米"),
        (amount(1500.0, "sqft"), "1,500 sq ft", "1,500 平方英尺"),
        (printed(36_800_000.0, "sqft"), "36,800,000 sq ft", "36,800,000 平方英尺"),
        (printed(6.7, "years"), "6.7 years", "6.7 年"),
    ],
)
def test_units_stand_in_both_languages(written: Said, en: str, zh: str) -> None:
    """A unit is half of a number."""
    assert (written.en, written.zh) == (en, zh)


def test_units_that_read_the_same_stand_once() -> None:
    """Ten thousand numbers need no second language for MW."""
    assert amount(240.94, "mw") == "240.9 MW"
    assert amount(None, "sqm") == "\u2013"
    assert printed(92.5, "pct") == "92.5%"


def test_charts_take_both_languages() -> None:
    """In a chart the words of files are marked by a class, since it knows no bdi."""
    told = say("page.series", name=name("A & B"), unit=word("unit", "sqm")).svg()
    assert told.count('<tspan class="d">A &amp; B</tspan>') == 2
    assert '<tspan class="zh">' in told
