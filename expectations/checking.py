"""check(): every rule over a frame of candidate figures, in one run of the suite."""

from __future__ import annotations

import time
from datetime import date

import pandas as pd

from expectations import completeness, history, identities, ranges, sources
from expectations.figures import Figures, prepare
from expectations.report import BLOCK, Report, RuleResult, no_failing
from expectations.rule import Computed, Expectation, Rule
from expectations.suite import Outcome, column_name, run_suite

CANDIDATE_RULES: tuple[Rule, ...] = tuple(
    sorted(
        (*completeness.RULES, *ranges.RULES, *history.RULES, *identities.RULES, *sources.RULES),
        key=lambda rule: rule.id,
    )
)


def check(
    frame: pd.DataFrame, reference: pd.DataFrame, as_of: date, rules: tuple[Rule, ...] = CANDIDATE_RULES
) -> Report:
    """Check candidate figures against the rules.

    `frame`: CANDIDATE_COLUMNS with candidate_id, document_id, document (file name) and fiscal_year_end_month (1 to 12).
    `reference`: earlier accepted observations, columns as in the published table `observations` (and `tier`, where it
    is there); may be empty. `as_of`: the day of checking; reported figures cannot be dated later.
    Neither frame is changed. Never raises for what is in the frames: a rule that fails to run is reported as broken.
    """
    started = time.perf_counter()
    figures = prepare(frame, reference, as_of)
    return evaluate(figures, rules, started)


def evaluate(figures: Figures, rules: tuple[Rule, ...], started: float) -> Report:
    """Run the rules over prepared figures; `started` is a perf_counter() reading for the report's seconds."""
    tested: dict[str, Computed] = {}
    errors: dict[str, str] = {}
    columns: dict[str, pd.Series] = {}
    runnable: list[tuple[str, tuple[Expectation, ...]]] = []
    for rule in rules:
        try:
            tested[rule.id] = rule.test(figures)
        except Exception as error:  # whatever is wrong with one rule must not hide what the others say
            errors[rule.id] = f"{type(error).__name__}: {error}"
            continue
        for name in tested[rule.id].columns:
            columns[column_name(rule.id, str(name))] = tested[rule.id].columns[name]
        runnable.append((rule.id, rule.expectations))
    wide = pd.DataFrame(columns, index=figures.frame.index)
    outcomes = run_suite(wide, runnable)
    results = []
    for rule in rules:
        if rule.id in errors:
            results.append(_broken(rule, errors[rule.id]))
        else:
            results.append(_result(rule, tested[rule.id], outcomes[rule.id], figures.frame))
    return Report(results, time.perf_counter() - started)


def _result(rule: Rule, tested: Computed, outcome: Outcome, frame: pd.DataFrame) -> RuleResult:
    if outcome.error:
        return _broken(rule, outcome.error)
    try:
        failing = [_failing_row(frame, i, rule, tested) for i in sorted(outcome.failing)]
    except Exception as error:  # a rule that cannot say what it found is as broken as one that cannot look
        return _broken(rule, f"cannot explain a failing row: {type(error).__name__}: {error}")
    return RuleResult(
        rule_id=rule.id,
        title=rule.title,
        severity=rule.severity,
        passed=outcome.success,
        checked=outcome.checked,
        failing=pd.DataFrame(failing, columns=list(no_failing().columns)) if failing else no_failing(),
    )


def _failing_row(frame: pd.DataFrame, i: int, rule: Rule, tested: Computed) -> dict[str, str]:
    found, expected = tested.explain(i)
    row = {name: frame.at[i, name] for name in ("candidate_id", "document_id", "document", "locator", "quote")}
    return {name: "" if value is None else str(value) for name, value in row.items()} | {
        "found": found,
        "expected": expected,
        "remedy": rule.remedy,
    }


def _broken(rule: Rule, error: str) -> RuleResult:
    return RuleResult(
        rule_id=rule.id, title=rule.title, severity=BLOCK, passed=False, checked=0, broken=True, error=error
    )
