"""The README's questions return what the README prints: the first thing that a newcomer tries must hold."""

from __future__ import annotations

from pathlib import Path

from bench.readme_answers import DAY, README, answer, questions


def test_the_readme_names_the_day_and_asks_twenty_questions() -> None:
    """The day makes the answers repeatable; twenty questions are what the README promises."""
    text = README.read_text(encoding="utf-8")
    assert f"--as-of {DAY}" in text
    assert len(questions(text)) == 20


def test_every_answer_of_the_readme_is_what_the_query_returns(documented_publication: Path) -> None:
    """An answer that drifted from the data would be the first broken promise a reader meets."""
    for question in questions(README.read_text(encoding="utf-8")):
        assert answer(documented_publication, question.sql) == question.answer, question.title
