"""Where the runbook says what to do about a check: one section for each rule.

Belongs here: the names of the sections, and how they are shown to a person. Not here: their words (docs/runbook.md),
and the sections of alerts, which a rule of alerts names itself (data/alerts/rules.yaml).
"""

from __future__ import annotations

RUNBOOK = "docs/runbook.md"


def rule_section(rule_id: str) -> str:
    """The anchor of a rule's section."""
    return f"rule-{rule_id.lower()}"


def address(section: str, docs_url: str = "") -> str:
    """The section's address on the built site at `docs_url`; without one, its place in the repository."""
    return f"{docs_url.rstrip('/')}/runbook.html#{section}" if docs_url else f"{RUNBOOK}#{section}"
