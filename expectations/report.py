"""The result of checking: one RuleResult a rule, and the Report that holds them. No rule and no engine here."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

WARN = "warn"
QUARANTINE = "quarantine"
QUARANTINE_DOCUMENT = "quarantine_document"
BLOCK = "block"

# From the mildest to the hardest; a broken rule counts as the hardest, since nothing is known about what it guards.
SEVERITIES = (WARN, QUARANTINE, QUARANTINE_DOCUMENT, BLOCK)

FAILING_COLUMNS = ("candidate_id", "document_id", "document", "locator", "quote", "found", "expected", "remedy")


def no_failing() -> pd.DataFrame:
    """An empty frame of failing rows, FAILING_COLUMNS in order."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in FAILING_COLUMNS})


@dataclass(frozen=True)
class RuleResult:
    """What one rule said.

    `checked` counts the rows the rule applied to (0: it had nothing to look at). `failing` has one row a failing row,
    FAILING_COLUMNS. `broken` means that the rule itself could not be evaluated: `error` says why, `passed` is False
    and `severity` is block, whatever the rule's own severity is.
    """

    rule_id: str
    title: str
    severity: str
    passed: bool
    checked: int
    broken: bool = False
    error: str = ""
    failing: pd.DataFrame = field(default_factory=no_failing)

    @property
    def state(self) -> str:
        """One of passed, failed, broken, nothing_to_check."""
        if self.broken:
            return "broken"
        if not self.passed:
            return "failed"
        return "passed" if self.checked else "nothing_to_check"


@dataclass(frozen=True)
class Report:
    """All results of one check() call, in the order of the rules."""

    results: list[RuleResult]
    seconds: float = 0.0

    def __getitem__(self, rule_id: str) -> RuleResult:
        """The result of a rule. Raises KeyError with the ids that exist."""
        for result in self.results:
            if result.rule_id == rule_id:
                return result
        known = ", ".join(result.rule_id for result in self.results)
        raise KeyError(f"no rule {rule_id!r} in this report; there are: {known}")

    @property
    def passed(self) -> bool:
        """True only where every rule passed, none is broken, and something was looked at at all."""
        return all(result.passed for result in self.results) and any(result.checked for result in self.results)

    @property
    def broken(self) -> list[RuleResult]:
        """Rules that could not be evaluated."""
        return [result for result in self.results if result.broken]

    @property
    def blocking(self) -> list[RuleResult]:
        """Results that must stop publishing: broken rules and failed rules of severity block."""
        return [result for result in self.results if not result.passed and result.severity == BLOCK]

    def failing(self, *severities: str) -> pd.DataFrame:
        """Failing rows of all rules with one of these severities (all severities without one).

        Columns: rule_id, severity, title, then FAILING_COLUMNS; in the order of rules, then of rows.
        """
        wanted = severities or SEVERITIES
        frames = [
            result.failing.assign(rule_id=result.rule_id, severity=result.severity, title=result.title)
            for result in self.results
            if result.severity in wanted and len(result.failing)
        ]
        columns = ["rule_id", "severity", "title", *FAILING_COLUMNS]
        if not frames:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
        return pd.concat(frames, ignore_index=True)[columns]

    def summary(self) -> pd.DataFrame:
        """One row a rule: rule_id, title, severity, state, checked, failing, error."""
        return pd.DataFrame(
            [
                {
                    "rule_id": result.rule_id,
                    "title": result.title,
                    "severity": result.severity,
                    "state": result.state,
                    "checked": result.checked,
                    "failing": len(result.failing),
                    "error": result.error,
                }
                for result in self.results
            ],
            columns=["rule_id", "title", "severity", "state", "checked", "failing", "error"],
        )
