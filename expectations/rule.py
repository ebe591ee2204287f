"""What a rule is: its words for people, the columns it computes, and the expectations that hold over them.

A rule computes columns with meaning (a printed rate less the recomputed one, the ratio to the series' own history)
and hands them to expectation types of Great Expectations by name; nothing here imports the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from expectations.figures import Figures


@dataclass(frozen=True)
class Expectation:
    """A Great Expectations type by name, e.g. ExpectColumnValuesToBeBetween, and its arguments.

    Column arguments (column, column_A, column_B) name columns of the rule's own `Computed.columns`.
    A null in them means that the rule does not apply to the row.
    """

    kind: str
    arguments: dict[str, Any]

    @property
    def columns(self) -> list[str]:
        """The columns the expectation reads; empty for one about the table as a whole."""
        return [self.arguments[key] for key in ("column", "column_A", "column_B") if key in self.arguments]


@dataclass(frozen=True)
class Computed:
    """What a rule computed: columns by name, on the index of the checked frame, and words for a failing row.

    `explain(i)` gives (found, expected) for the row at index i; it is called for failing rows alone.
    """

    columns: pd.DataFrame
    explain: Callable[[int], tuple[str, str]]


@dataclass(frozen=True)
class Rule:
    """A rule with an id that stays, a severity (report.SEVERITIES), and what a person should know and do."""

    id: str
    title: str
    severity: str
    means: str
    why: str
    remedy: str
    test: Callable[[Figures], Computed]
    expectations: tuple[Expectation, ...]


def between(column: str, low: float | None = None, high: float | None = None, strict_low: bool = False) -> Expectation:
    """Values of a column lie in [low, high]; with strict_low in (low, high]."""
    arguments: dict[str, Any] = {"column": column}
    if low is not None:
        arguments["min_value"] = low
    if high is not None:
        arguments["max_value"] = high
    if strict_low:
        arguments["strict_min"] = True
    return Expectation("ExpectColumnValuesToBeBetween", arguments)


def not_null(column: str) -> Expectation:
    """A column has no null."""
    return Expectation("ExpectColumnValuesToNotBeNull", {"column": column})


def in_set(column: str, values: list[str]) -> Expectation:
    """Values of a column are among these."""
    return Expectation("ExpectColumnValuesToBeInSet", {"column": column, "value_set": values})


def matches(column: str, regex: str) -> Expectation:
    """Values of a column match a regular expression from their start."""
    return Expectation("ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex})


def at_least(greater: str, lesser: str) -> Expectation:
    """In each row the first column is not below the second; rows with a null in either are left out."""
    return Expectation(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": greater, "column_B": lesser, "or_equal": True, "ignore_row_if": "either_value_is_missing"},
    )


def pairs_in_set(first: str, second: str, pairs: list[tuple[str, str]]) -> Expectation:
    """The two columns' values are, together, among these pairs; rows with a null in either are left out."""
    return Expectation(
        "ExpectColumnPairValuesToBeInSet",
        {"column_A": first, "column_B": second, "value_pairs_set": pairs, "ignore_row_if": "either_value_is_missing"},
    )
