"""The README names its day and asks its questions; test_sql_docs tells whether their answers come out."""

from __future__ import annotations

from bench.readme_answers import DAY, README, questions


def test_the_readme_names_the_day_and_asks_twenty_questions() -> None:
    """The day makes the answers repeatable; twenty questions are what the README promises."""
    text = README.read_text(encoding="utf-8")
    assert f"--as-of {DAY}" in text
    assert len(questions(text)) == 20
