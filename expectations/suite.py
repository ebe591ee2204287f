"""Running expectations with Great Expectations: one ephemeral context, one suite, one validation.

The engine never raises: a rule over a missing column, or with a wrong argument, comes back as a failure without rows.
Here such a result becomes `error`, so that a broken rule can never be read as a passed or an ordinary failed one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from expectations.rule import Expectation

COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


@dataclass
class Outcome:
    """What the engine said of one rule: positions of failing rows, rows looked at, and an error where it broke."""

    failing: set[int] = field(default_factory=set)
    checked: int = 0
    success: bool = True
    error: str = ""


def run_suite(frame: pd.DataFrame, rules: Sequence[tuple[str, Sequence[Expectation]]]) -> dict[str, Outcome]:
    """Validate a frame against the expectations of rules, by rule id.

    `frame` has a RangeIndex and, for each rule, columns named by `column_name(rule id, column)`. Results are mapped by
    the rule id in each expectation's meta, since the engine gives them in an order of its own. Failing positions are
    those of the frame's index.
    """
    # Read when the library is first imported: no counting of users, no bars on the terminal.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    outcomes = {rule_id: Outcome() for rule_id, _ in rules}
    built: list[Any] = []
    for rule_id, expectations in rules:
        for position, expectation in enumerate(expectations):
            try:
                built.append(_build(great_expectations.expectations, rule_id, position, expectation))
            except Exception as error:  # the engine's own validation of arguments raises many types
                outcomes[rule_id].error = f"{expectation.kind} cannot be built: {type(error).__name__}: {error}"
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("frame")
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": frame})
    )
    validation = batch.validate(
        great_expectations.ExpectationSuite(name="rules", expectations=built),
        result_format={
            "result_format": "COMPLETE",
            "return_unexpected_index_query": False,
            "exclude_unexpected_value": True,
        },
    )
    seen: set[tuple[str, int]] = set()
    for result in validation.results:
        meta = result.expectation_config.meta
        seen.add((meta["rule"], meta["position"]))
        _add(outcomes[meta["rule"]], result, frame)
    for rule_id, expectations in rules:
        missing = [p for p in range(len(expectations)) if (rule_id, p) not in seen]
        if missing and not outcomes[rule_id].error:
            outcomes[rule_id].error = f"no result for expectation {missing[0] + 1} of {len(expectations)}"
    return outcomes


def column_name(rule_id: str, column: str) -> str:
    """The name under which a rule's column stands in the frame of all rules."""
    return f"{rule_id}:{column}"


def _build(library: Any, rule_id: str, position: int, expectation: Expectation) -> Any:
    arguments = {
        key: column_name(rule_id, value) if key in COLUMN_ARGUMENTS else value
        for key, value in expectation.arguments.items()
    }
    return getattr(library, expectation.kind)(**arguments, meta={"rule": rule_id, "position": position})


def _add(outcome: Outcome, result: Any, frame: pd.DataFrame) -> None:
    error = _exception(result.exception_info)
    if error:
        outcome.error = outcome.error or error
        return
    details = result.result or {}
    kind = result.expectation_config.type
    outcome.success = outcome.success and bool(result.success)
    if "observed_value" in details:  # an expectation about the table as a whole
        outcome.checked = max(outcome.checked, len(frame))
        return
    if "element_count" not in details or "unexpected_index_list" not in details:
        if result.success and not len(frame):
            return
        outcome.error = outcome.error or f"{kind} gave no row list (keys: {', '.join(sorted(details)) or 'none'})"
        return
    looked_at = int(details["element_count"]) - int(details.get("missing_count") or 0)
    columns = [result.expectation_config.kwargs[k] for k in COLUMN_ARGUMENTS if k in result.expectation_config.kwargs]
    applicable = len(frame) if kind.endswith("not_be_null") else int(frame[columns].notna().all(axis=1).sum())
    if looked_at != applicable:
        outcome.error = outcome.error or f"{kind} looked at {looked_at} rows where {applicable} apply"
        return
    outcome.checked = max(outcome.checked, looked_at)
    outcome.failing.update(int(i) for i in details["unexpected_index_list"])


def _exception(info: Any) -> str:
    """The message of an exception the engine swallowed, or '' where there was none.

    `info` is either one record or one record a metric that failed.
    """
    if not info:
        return ""
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if isinstance(record, dict) and record.get("raised_exception"):
            return str(record.get("exception_message") or "an exception without a message").strip()
    return ""
