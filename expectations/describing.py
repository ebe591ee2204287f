"""The rules in words: the part of docs/runbook.md about rules is made here, so that it cannot say other than they do.

Run as a module it writes that part anew. Not here: what to do about alerts and checks that are no rules; people write
that, above the mark in the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from expectations.checking import CANDIDATE_RULES
from expectations.publication import TABLE_RULES, TableRule
from expectations.rent_roll import RENT_ROLL_RULES, RollRule
from expectations.report import BLOCK, QUARANTINE, QUARANTINE_DOCUMENT, WARN
from expectations.rule import Rule

EFFECTS = {
    WARN: "warns; the figure is kept and flagged",
    QUARANTINE: "holds the figure back",
    QUARANTINE_DOCUMENT: "holds back every figure of the document (in a compilation: of that operator and source)",
    BLOCK: "stops publishing; the last good publication stands",
}

MARK = "<!-- Below this line: made from the rules. After changing one, run `python -m expectations.describing`. -->\n"

FIGURES = """## Rules over figures

What must hold of a figure before it is accepted. A failing row is listed with file, place, quote, what was found, what
was expected and what to do. A rule that cannot be evaluated is reported as broken and stops publishing: nothing is
known about what it guards.

Printed numbers stand for the interval of their rounding (92.5 % is anything from 92.45 to 92.55 %), and every
comparison leaves that room. First-hand sources are the operator itself, filings, newswires and annual reports.
"""

RENT_ROLLS = """## Rules over rent rolls

A row that fails stands in `quarantine` with its file, place and all its cells, and is no part of what is simulated.
"""

TABLES = """## Rules over the tables to publish

What must hold of all tables together before readers get them. Where one fails, nothing is published.
"""

ROLL_EFFECTS = {
    WARN: "warns; the row is kept and flagged",
    QUARANTINE: "holds the row back",
    QUARANTINE_DOCUMENT: "holds the whole building back, with all its rows",
    BLOCK: "stops publishing; the last good publication stands",
}


def rules_part() -> str:
    """The part of docs/runbook.md that is about rules: one section each, as Markdown."""
    parts = [FIGURES]
    parts.extend(_entry(rule) for rule in CANDIDATE_RULES)
    parts.append(RENT_ROLLS)
    parts.extend(_entry(rule, f", {rule.table}", ROLL_EFFECTS) for rule in RENT_ROLL_RULES)
    parts.append(TABLES)
    parts.extend(_entry(rule, f", table `{rule.table}`") for rule in TABLE_RULES)
    return "\n".join(parts).rstrip() + "\n"


def with_rules(page: str) -> str:
    """The runbook with its part about rules made anew; what people wrote above the mark stays. ValueError: no mark."""
    above, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"docs/runbook.md: found no line {MARK.strip()!r}; expected it above the rules. Put it back.")
    return f"{above}{MARK}\n{rules_part()}"


def _entry(rule: Rule | TableRule | RollRule, where: str = "", effects: Mapping[str, str] = EFFECTS) -> str:
    return (
        f"### Rule {rule.id}\n\n**{rule.title}**{where}. *{effects[rule.severity]}.*\n\n"
        f"**What must hold:** {rule.means}\n\n**What it means:** {rule.why}\n\n**What to do:** {rule.remedy}\n"
    )


if __name__ == "__main__":
    runbook = Path(__file__).resolve().parents[1] / "docs" / "runbook.md"
    runbook.write_text(with_rules(runbook.read_text(encoding="utf-8")), encoding="utf-8")
