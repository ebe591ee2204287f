"""From what the engine said of one rule to its RuleResult, alike for figures and for tables to publish.

Belongs here: what makes a rule broken, and how failing rows are put together. What a failing row says of its place is
the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pandas as pd

from expectations.report import BLOCK, FAILING_COLUMNS, RuleResult, no_failing
from expectations.suite import Outcome


class Worded(Protocol):
    """What a result takes over from its rule."""

    @property
    def id(self) -> str:
        """The rule's lasting id."""

    @property
    def title(self) -> str:
        """What it demands, in a few words."""

    @property
    def severity(self) -> str:
        """One of report.SEVERITIES."""


def result_of(rule: Worded, outcome: Outcome, failing_row: Callable[[int], dict[str, str]]) -> RuleResult:
    """The result of a rule that ran; `failing_row(i)` gives FAILING_COLUMNS of the row at position i.

    A rule that cannot say what it found is as broken as one that cannot look.
    """
    if outcome.error:
        return broken_result(rule, outcome.error)
    try:
        failing = [failing_row(i) for i in sorted(outcome.failing)]
    except Exception as error:  # whatever a rule's words raise, the others must still speak
        return broken_result(rule, f"cannot explain a failing row: {type(error).__name__}: {error}")
    return RuleResult(
        rule_id=rule.id,
        title=rule.title,
        severity=rule.severity,
        passed=outcome.success,
        checked=outcome.checked,
        failing=pd.DataFrame(failing, columns=list(FAILING_COLUMNS)) if failing else no_failing(),
    )


def broken_result(rule: Worded, error: str) -> RuleResult:
    """The result of a rule that could not be evaluated: it blocks, since nothing is known of what it guards."""
    return RuleResult(
        rule_id=rule.id, title=rule.title, severity=BLOCK, passed=False, checked=0, broken=True, error=error
    )
