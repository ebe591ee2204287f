"""docs/rules.md is what operators act on: it must say exactly what the rules say."""

from __future__ import annotations

from pathlib import Path

from expectations.checking import CANDIDATE_RULES
from expectations.describing import rules_page
from expectations.publication import TABLE_RULES
from expectations.report import SEVERITIES


def test_the_page_in_docs_is_made_from_the_rules(repository: Path) -> None:
    page = (repository / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == rules_page(), "run: python -m expectations.describing > docs/rules.md"


def test_every_rule_has_an_id_of_its_own_and_words_for_people() -> None:
    rules = (*CANDIDATE_RULES, *TABLE_RULES)
    assert len({rule.id for rule in rules}) == len(rules)
    assert len({rule.id.partition("_")[0] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.severity in SEVERITIES
        assert all(text.strip() for text in (rule.title, rule.means, rule.why, rule.remedy)), rule.id
