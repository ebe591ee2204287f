"""The rules in words: docs/rules.md is made by rules_page(), so that it cannot say other than the rules do."""

from __future__ import annotations

from collections.abc import Mapping

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

INTRODUCTION = """# Rules

What must hold of a figure before it is accepted, and of the tables before they are published. Made from the rules
themselves; after changing one, run `python -m expectations.describing > docs/rules.md`.

A failing row is listed with file, place, quote, what was found, what was expected and what to do. Figures held back
stand in the table `quarantine`, with the figure as JSON. A rule that cannot be evaluated is reported as broken and
stops publishing: nothing is known about what it guards.

Printed numbers stand for the interval of their rounding (92.5 % is anything from 92.45 to 92.55 %), and every
comparison leaves that room. First-hand sources are the operator itself, filings, newswires and annual reports.
"""

OUTSIDE = """## Verdicts that are no rules over figures

### unreadable

The document could not be read: empty, cut, encrypted, a scan, an error page, too large. The reason says which. It is
kept in the archive.

**What to do:** get the document again from its source; enter a scan by hand in the CSV template; ask for the password
of a locked file and save it without one.

### no_figure

The document was read and no operating figure was recognised in it.

**What to do:** open it. If it has figures, add their words to the operator's layout file
(`assets/reports/layouts/`), or enter them in the CSV template.

### layout_diff

*warns.* A document of a known operator lacks figures that the one before it had, has new ones, prints them elsewhere
(table, running text, sheet), or uses phrases nobody knows.

**Why:** an operator that renames a line is read as one that stopped printing it; unnoticed, the series simply ends.

**What to do:** look for the missing figures in the document; if they are there in other words, add the words to the
operator's layout file.

Rules that the reader itself applies (a number without a date, a figure of unclear metric) stand in `quarantine` under
their own names, with the sentence they were found in.
"""


RENT_ROLLS = """## Rules over rent rolls

A row that fails stands in `quarantine` with its file, place and all its cells, and is no part of what is simulated.
"""

ROLL_EFFECTS = {
    WARN: "warns; the row is kept and flagged",
    QUARANTINE: "holds the row back",
    QUARANTINE_DOCUMENT: "holds the whole building back, with all its rows",
    BLOCK: "stops publishing; the last good publication stands",
}


def rules_page() -> str:
    """docs/rules.md as Markdown."""
    parts = [INTRODUCTION, "## Rules over figures\n"]
    parts.extend(_entry(rule) for rule in CANDIDATE_RULES)
    parts.append(OUTSIDE)
    parts.append(RENT_ROLLS)
    parts.extend(_entry(rule, f", {rule.table}", ROLL_EFFECTS) for rule in RENT_ROLL_RULES)
    parts.append("## Rules over the tables to publish\n")
    parts.extend(_entry(rule, f", table `{rule.table}`") for rule in TABLE_RULES)
    return "\n".join(parts).rstrip() + "\n"


def _entry(rule: Rule | TableRule | RollRule, where: str = "", effects: Mapping[str, str] = EFFECTS) -> str:
    return (
        f"### {rule.id}\n\n**{rule.title}**{where}. *{effects[rule.severity]}.*\n\n{rule.means}\n\n"
        f"**Why:** {rule.why}\n\n**What to do:** {rule.remedy}\n"
    )


if __name__ == "__main__":
    print(rules_page(), end="")
