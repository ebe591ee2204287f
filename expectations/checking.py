"""check(): every rule over a frame of candidate figures, in one run of the suite."""

from __future__ import annotations

import time
from datetime import date
from functools import partial

import pandas as pd

from expectations import completeness, history, identities, ranges, sources
from expectations.figures import Figures, prepare
from expectations.outcomes import broken_result, result_of
from expectations.report import Report
from expectations.rule import Computed, Expectation, Rule
from expectations.suite import column_name, run_suite

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
            results.append(broken_result(rule, errors[rule.id]))
        else:
            row = partial(_failing_row, figures.frame, rule, tested[rule.id])
            results.append(result_of(rule, outcomes[rule.id], row))
    return Report(results, time.perf_counter() - started)


def _failing_row(frame: pd.DataFrame, rule: Rule, tested: Computed, i: int) -> dict[str, str]:
    found, expected = tested.explain(i)
    row = {name: frame.at[i, name] for name in ("candidate_id", "document_id", "document", "locator", "quote")}
    return {name: "" if value is None else str(value) for name, value in row.items()} | {
        "found": found,
        "expected": expected,
        "remedy": rule.remedy,
    }
