"""The engine never raises and passes what it cannot see: these tests hold that nothing broken or empty looks green."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from expectations import BLOCK, check
from expectations.checking import CANDIDATE_RULES
from expectations.rule import Computed, Expectation, between

AS_OF = date(2026, 6, 30)
NOTHING = pd.DataFrame()
RATE_RANGE = next(rule for rule in CANDIDATE_RULES if rule.id == "R05_rate_range")


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [{"metric": "utilisation_rate", "value": value, "unit": "pct"} for value in (70.0, 174.0)]


def test_a_rule_that_raises_is_broken_and_the_others_still_speak(frame_of: Any, rows: list[dict[str, Any]]) -> None:
    def fail(figures: object) -> Computed:
        raise ZeroDivisionError("no operands")

    report = check(frame_of(rows), NOTHING, AS_OF, (replace(RATE_RANGE, id="R98_broken", test=fail), RATE_RANGE))
    broken = report["R98_broken"]
    assert (broken.broken, broken.passed, broken.severity, broken.state) == (True, False, BLOCK, "broken")
    assert "ZeroDivisionError: no operands" in broken.error
    assert report.blocking == [broken]
    assert len(report["R05_rate_range"].failing) == 1


@pytest.mark.parametrize(
    "expectation",
    [
        between("no_such_column", high=1),
        Expectation("ExpectColumnValuesToMatchRegex", {"column": "percent", "regex": "("}),
        Expectation("ExpectColumnValuesToBeBetween", {"column": "percent"}),
        Expectation("ExpectNothingOfTheKind", {"column": "percent"}),
    ],
    ids=["missing column", "bad pattern", "missing argument", "unknown type"],
)
def test_an_expectation_the_engine_cannot_run_is_broken(
    frame_of: Any, rows: list[dict[str, Any]], expectation: Expectation
) -> None:
    report = check(frame_of(rows), NOTHING, AS_OF, (replace(RATE_RANGE, expectations=(expectation,)),))
    assert report.broken
    assert report.broken[0].error
    assert not report.passed


def test_a_rule_that_cannot_explain_itself_is_broken(frame_of: Any, rows: list[dict[str, Any]]) -> None:
    def test(figures: Any) -> Computed:
        return Computed(pd.DataFrame({"percent": figures.frame["value"]}), lambda i: {}[i])

    report = check(frame_of(rows), NOTHING, AS_OF, (replace(RATE_RANGE, test=test),))
    assert "cannot explain" in report["R05_rate_range"].error


def test_an_empty_frame_is_not_green(frame_of: Any) -> None:
    report = check(frame_of([]), NOTHING, AS_OF)
    assert not report.broken
    assert not report.passed
    assert report["R00_rows"].state == "failed"
    assert all(result.checked == 0 for result in report.results)
    assert report["R05_rate_range"].state == "nothing_to_check"


@pytest.mark.parametrize("column", ["value", "quote", "period_end", "metric", "locator"])
def test_a_column_of_nulls_is_not_green(frame_of: Any, column: str) -> None:
    frame = frame_of([{}, {}])
    frame[column] = None
    report = check(frame, NOTHING, AS_OF)
    assert not report.broken, report.summary()
    assert len(report["R01_required"].failing) == 2
    assert column in report["R01_required"].failing["found"].iloc[0]


def test_a_missing_column_is_reported_like_a_column_of_nulls(frame_of: Any) -> None:
    report = check(frame_of([{}]).drop(columns="quote"), NOTHING, AS_OF)
    assert "quote missing" in report["R01_required"].failing["found"].iloc[0]


def test_text_where_a_number_belongs_is_named(frame_of: Any) -> None:
    frame = frame_of([{}])
    frame["value"] = "n/a"
    assert "'n/a'" in check(frame, NOTHING, AS_OF)["R01_required"].failing["found"].iloc[0]


def test_failing_rows_are_those_of_the_frame_whatever_its_index(frame_of: Any, rows: list[dict[str, Any]]) -> None:
    frame = frame_of([*rows, *rows])
    frame.index = pd.Index([7, 7, 3, 0])
    report = check(frame, NOTHING, AS_OF, (RATE_RANGE,))
    assert list(report["R05_rate_range"].failing["candidate_id"]) == ["c1", "c3"]


def test_results_belong_to_their_rules_in_any_order(frame_of: Any, rows: list[dict[str, Any]]) -> None:
    frame = frame_of([*rows, {"metric": "capacity_utilised", "value": -5.0}])
    one = check(frame, NOTHING, AS_OF)
    other = check(frame, NOTHING, AS_OF, tuple(reversed(CANDIDATE_RULES)))
    assert {r.rule_id: list(r.failing["candidate_id"]) for r in one.results} == {
        r.rule_id: list(r.failing["candidate_id"]) for r in other.results
    }
    assert [r.rule_id for r in one.results] == [rule.id for rule in CANDIDATE_RULES]


def test_arguments_stay_as_they_are(frame_of: Any, rows: list[dict[str, Any]]) -> None:
    frame, reference = frame_of(rows), frame_of(rows)
    before = frame.copy(deep=True), reference.copy(deep=True)
    check(frame, reference, AS_OF)
    pd.testing.assert_frame_equal(frame, before[0])
    pd.testing.assert_frame_equal(reference, before[1])


def test_nothing_is_written_to_the_terminal(frame_of: Any, capfd: pytest.CaptureFixture[str]) -> None:
    check(frame_of([{}]), NOTHING, AS_OF)
    out = capfd.readouterr()
    assert "Metrics" not in out.out + out.err


def test_reference_of_a_database_with_real_dates_is_read(frame_of: Any) -> None:
    ends = pd.date_range("2024-03-31", periods=8, freq="QE")
    rows = [{"metric": "utilisation_rate", "unit": "pct", "value": 70.0 + i, "document_id": "d0"} for i in range(8)]
    reference = frame_of(rows).assign(period_end=ends).rename(columns={"candidate_id": "observation_id"})
    frame = frame_of([{"metric": "utilisation_rate", "unit": "pct", "value": 20.0}])
    report = check(frame, reference, AS_OF)
    assert not report.broken
    assert len(report["R15_jump"].failing) == 1


def test_summary_has_a_line_for_each_rule(frame_of: Any) -> None:
    report = check(frame_of([{}]), NOTHING, AS_OF)
    assert list(report.summary()["rule_id"]) == [rule.id for rule in CANDIDATE_RULES]
    assert np.isfinite(report.seconds)
    with pytest.raises(KeyError, match="R05_rate_range"):
        report["R99"]
