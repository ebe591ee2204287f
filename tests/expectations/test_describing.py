"""The runbook is what operators act on: its part about rules must say exactly what the rules say, and miss none."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.checking import CANDIDATE_RULES
from expectations.describing import MARK, rules_part, with_rules
from expectations.publication import TABLE_RULES
from expectations.rent_roll import RENT_ROLL_RULES
from expectations.report import SEVERITIES

RULES = (*CANDIDATE_RULES, *RENT_ROLL_RULES, *TABLE_RULES)


def test_the_runbook_in_docs_is_made_from_the_rules(repository: Path) -> None:
    """A remedy that was changed in the code alone would send people to the wrong place."""
    page = (repository / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert page == with_rules(page), "run: python -m expectations.describing"


def test_every_rule_has_an_id_of_its_own_and_words_for_people() -> None:
    """Two rules of one id would share a section, a check and a place in quarantine."""
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({rule.id.partition("_")[0] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.severity in SEVERITIES
        assert all(text.strip() for text in (rule.title, rule.means, rule.why, rule.remedy)), rule.id


def test_what_people_wrote_stays_and_old_rules_go() -> None:
    """Making the part about rules anew must not cost what stands above it, nor keep a rule that is gone."""
    made = with_rules(f"# Runbook\n\nBy hand.\n\n{MARK}\n### Rule R99_gone\n")
    assert made.startswith("# Runbook\n\nBy hand.\n")
    assert "R99_gone" not in made
    assert made.endswith(rules_part())


def test_a_runbook_without_the_mark_is_refused() -> None:
    """Writing the rules over a page that lost its mark would lose what people wrote."""
    with pytest.raises(ValueError, match="Put it back"):
        with_rules("# Runbook\n")
