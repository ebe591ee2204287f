"""Each kind of alert with rows that raise it and rows that do not; and the order of rows never matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from assets.delivery.alerts.kinds import (
    KINDS,
    Judged,
    chance_of,
    coverage,
    document_quarantined,
    report_late,
    restatement,
    source_disagreement,
    threshold_breach,
)
from assets.delivery.alerts.raising import alert_id
from assets.delivery.alerts.rules import KEYS, Rule

AS_OF, VINTAGE = date(2026, 11, 20), date(2026, 9, 30)
QUARTERS = [date(2026, 12, 31), date(2027, 3, 31), date(2027, 6, 30), date(2027, 9, 30)]


def rule(kind: str, newer_than_days: int = 400, **values: Any) -> Rule:
    """A rule with the defaults of its kind and the values given."""
    defaults = {key: spec.default for key, spec in KEYS[kind].items()}
    return Rule(f"rule-{kind}", kind, "warning", newer_than_days, "docs/runbook.md#x", {**defaults, **values})


BREACH = rule("threshold_breach", thresholds=(0.8,), probability_over=0.5)
LATE = rule("report_late", newer_than_days=90, days_late_over=7)
HELD = rule("document_quarantined", newer_than_days=30)
RESTATED = rule("restatement", newer_than_days=90, metrics=("capacity_in_service",), relative_over=0.05)
COVERAGE = rule("coverage", levels=("operator",), low=0.65, high=0.95, outcomes_at_least=20)
APART = rule("source_disagreement", metrics=("vacancy_rate", "capacity_in_service"), points_over=10, relative_over=0.2)


def breach_rows(probabilities: list[float], **changes: Any) -> pd.DataFrame:
    """One series' probabilities, quarter by quarter, below 80 %."""
    row = {
        "vintage": VINTAGE, "scenario": "base", "level": "operator", "series_id": "a/group/mw", "name": "A, group",
        "unit": "mw", "threshold": 0.8, "portfolio": None, "illustrative": False, "last_quarter": date(2026, 9, 30),
        "last_value": 0.85, **changes,
    }  # fmt: skip
    rows = [
        {**row, "quarter_end": end, "quarters_ahead": number + 1, "probability": probability}
        for number, (end, probability) in enumerate(zip(QUARTERS, probabilities, strict=False))
    ]
    return pd.DataFrame(rows)


def late_rows(**changes: Any) -> pd.DataFrame:
    """One operator, 12 days late."""
    row = {
        "operator": "GDS Holdings", "label": "3Q26", "last_period": "2026-06-30", "next_period": "2026-09-30",
        "due_on": "2026-11-08", "days_late": 12, "periods_missing": 1, "state": "late", **changes,
    }  # fmt: skip
    return pd.DataFrame([row])


def held_rows(**changes: Any) -> pd.DataFrame:
    """One document held back."""
    row = {
        "document_id": "d1", "file_name": "a.csv", "operator": "A", "reason": "utilisation 174 %",
        "received_on": date(2026, 11, 19), **changes,
    }  # fmt: skip
    return pd.DataFrame([row])


def restated_rows(before: float = 100.0, after: float = 110.0, **changes: Any) -> pd.DataFrame:
    """One figure restated by 10 %."""
    row = {
        "operator": "A", "scope": "group", "metric": "capacity_in_service", "unit": "mw",
        "period_end": date(2026, 6, 30), "value_before": before, "value_after": after, "perimeter_before": "",
        "perimeter_after": "",
        "known_at_after": date(2026, 11, 1), "observation_id_before": "o1", "observation_id_after": "o2",
        "document_id": "d2", "file_name": "b.html", "locator": "block 3", "level": "operator",
        "series_id": "a/group/mw", **changes,
    }  # fmt: skip
    return pd.DataFrame([row])


def scores(inside: int, outside: int, vintage: date = VINTAGE, level: str = "operator") -> pd.DataFrame:
    """Outcomes of as many series of one vintage."""
    rows = [
        {
            "level": level, "vintage": vintage, "series_id": f"s{number}", "quarter_end": QUARTERS[0],
            "known_at": date(2026, 11, 10), "inside_80": number < inside,
        }
        for number in range(inside + outside)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["level", "vintage", "series_id", "quarter_end", "known_at", "inside_80"])


def pair_rows(value_a: float = 0.30, value_b: float = 0.19, **changes: Any) -> pd.DataFrame:
    """Two brokers on one market."""
    row = {
        "market": "Hong Kong", "metric": "vacancy_rate", "period_end": date(2026, 6, 30), "source_a": "B1 (market)",
        "value_a": value_a, "source_b": "B2 (market)", "value_b": value_b, "period_end_b": date(2026, 6, 30),
        "remark": None, "known_on": date(2026, 8, 29), "document_id": "d3", **changes,
    }  # fmt: skip
    return pd.DataFrame([row])


RAISING = {
    "threshold_breach": (BREACH, breach_rows([0.4, 0.6])),
    "report_late": (LATE, late_rows()),
    "document_quarantined": (HELD, held_rows()),
    "restatement": (RESTATED, restated_rows()),
    "coverage": (COVERAGE, scores(20, 20)),
    "source_disagreement": (APART, pair_rows()),
}
SILENT = {
    "threshold_breach": (BREACH, breach_rows([0.4, 0.5])),
    "report_late": (LATE, late_rows(days_late=7)),
    "document_quarantined": (HELD, held_rows().iloc[:0]),
    "restatement": (RESTATED, restated_rows(after=105.0)),
    "coverage": (COVERAGE, scores(32, 8)),
    "source_disagreement": (APART, pair_rows(value_a=0.29)),
}


def judged(kind: str, pair: tuple[Rule, pd.DataFrame], as_of: date = AS_OF) -> Judged:
    return KINDS[kind](pair[0], pair[1], as_of)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_rows_that_raise_it_and_rows_that_do_not(kind: str):
    """A kind that never raises, or always, would look the same as one that works."""
    found = judged(kind, RAISING[kind]).facts
    assert len(found) == 1
    assert found[0].recent
    assert judged(kind, SILENT[kind]).facts == ()
    empty = RAISING[kind][1].iloc[:0]
    assert judged(kind, (RAISING[kind][0], empty)).facts == ()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            "threshold_breach",
            ["A, group (MW)", "80.0%", "60.0%", "2027-03-31", "limit 50.0%", "now 85.0%", "2026-09-30"],
        ),
        ("report_late", ["GDS Holdings", "3Q26", "due on 2026-11-08", "12 days", "limit 7 days"]),
        ("document_quarantined", ["a.csv of A", "2026-11-19", "utilisation 174 %", "d1"]),
        ("restatement", ["A, group", "100.0 MW to 110.0 MW", "+10.0%", "limit 5.0%", "2026-11-01", "b.html, block 3"]),
        ("coverage", ["50.0%", "too few", "65.0% to 95.0%", "40 outcomes", "2026-09-30", "By luck alone"]),
        ("source_disagreement", ["Hong Kong", "30.0% (2026-06-30)", "19.0%", "11.0 points, limit 10", "2026-08-29"]),
    ],
)
def test_a_message_says_what_value_limit_since_when_and_source(kind: str, words: list[str]):
    """Whoever is told must know what to look at without opening anything."""
    message = judged(kind, RAISING[kind]).facts[0].message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "kind", ["threshold_breach", "report_late", "document_quarantined", "coverage", "source_disagreement"]
)
def test_a_fact_that_has_grown_old_is_kept_but_not_told_anew(kind: str):
    """A first run over a long history must not tell hundreds of old facts, nor may age alone resolve an open one."""
    facts = judged(kind, RAISING[kind], AS_OF + timedelta(days=500)).facts
    assert [fact.recent for fact in facts] == [False]


def test_an_old_restatement_is_no_fact_and_is_counted():
    """A restatement is an event: it cannot stand open for ever, and what is passed over is said."""
    found = judged("restatement", RAISING["restatement"], AS_OF + timedelta(days=500))
    assert (found.facts, found.passed_over) == ((), {"older": 1})


def test_a_moving_probability_is_the_same_alert_and_another_vintage_is_not():
    """A forecast made again each day must not tell the same thing each day."""
    first = threshold_breach(BREACH, breach_rows([0.4, 0.6]), AS_OF).facts[0]
    drifted = threshold_breach(BREACH, breach_rows([0.51, 0.9]), AS_OF).facts[0]
    later = threshold_breach(BREACH, breach_rows([0.4, 0.6], vintage=date(2026, 12, 31)), AS_OF).facts[0]
    assert alert_id(first) == alert_id(drifted)
    assert alert_id(first) != alert_id(later)
    assert (first.value, first.limit_value) == (0.6, 0.5)


def test_a_series_already_below_crosses_nothing_unless_the_rule_says_so():
    """A site that has been half empty for years is no news; the number passed over is said."""
    below = breach_rows([0.9, 0.9], last_value=0.7)
    found = threshold_breach(BREACH, below, AS_OF)
    assert (found.facts, found.passed_over) == ((), {"already below": 1})
    every = replace(BREACH, values={**BREACH.values, "only_crossing": False})
    assert len(threshold_breach(every, below, AS_OF).facts) == 1
    assert len(threshold_breach(BREACH, breach_rows([0.9], last_value=None), AS_OF).facts) == 1


def test_a_breach_heeds_scenario_level_threshold_and_horizon():
    """Each key of the rule takes rows away and none of them another's."""
    for changes in ({"scenario": "hard_ban"}, {"threshold": 0.7}, {"level": "facility"}):
        narrow = replace(BREACH, values={**BREACH.values, "levels": ("operator",)})
        assert threshold_breach(narrow, breach_rows([0.9], **changes), AS_OF).facts == ()
    near = replace(BREACH, values={**BREACH.values, "quarters_ahead_at_most": 1})
    assert threshold_breach(near, breach_rows([0.4, 0.9]), AS_OF).facts == ()


def test_a_rule_on_a_threshold_or_scenario_that_no_row_has_says_so():
    """It would stay silent for ever, and silence would pass for good news."""
    odd = replace(BREACH, values={**BREACH.values, "thresholds": (0.75,), "scenarios": ("none",)})
    notes = threshold_breach(odd, breach_rows([0.9]), AS_OF).notes
    assert len(notes) == 2
    assert "0.75" in " ".join(notes)


def test_invented_portfolios_are_called_invented():
    """Nobody may take the illustrative portfolio for a real one."""
    fact = threshold_breach(BREACH, breach_rows([0.9], illustrative=True, portfolio="p"), AS_OF).facts[0]
    assert "invented" in fact.message


def test_operators_on_time_silent_or_never_seen_are_not_late():
    """Only the state late is an alert; the others stand in the freshness check."""
    for state in ("on_time", "silent", "never"):
        assert report_late(LATE, late_rows(state=state), AS_OF).facts == ()
    assert alert_id(report_late(LATE, late_rows(), AS_OF).facts[0]) == alert_id(
        report_late(LATE, late_rows(days_late=40), AS_OF).facts[0]
    )


def test_one_restatement_in_two_documents_is_one_alert():
    """Operators send a release and a wire; the figure is restated once."""
    twice = pd.concat([restated_rows(), restated_rows(observation_id_before="o0", observation_id_after="o3")])
    assert len(restatement(RESTATED, twice, AS_OF).facts) == 1


def test_another_perimeter_is_labelled_or_left_out_as_the_rule_says():
    """A level that moves because sites were added is no correction."""
    rows = restated_rows(perimeter_before="A", perimeter_after="B")
    assert "Another perimeter: A before, B now" in restatement(RESTATED, rows, AS_OF).facts[0].message
    strict = replace(RESTATED, values={**RESTATED.values, "other_perimeter": "leave_out"})
    found = restatement(strict, rows, AS_OF)
    assert (found.facts, found.passed_over) == ((), {"another perimeter": 1})


@pytest.mark.parametrize(("before", "after", "raises"), [(0.0, 5.0, True), (0.0, 0.0, False), (-100.0, -94.0, True)])
def test_a_restatement_of_nothing_or_of_less_than_nothing_is_measured(before: float, after: float, raises: bool):
    """No division by zero, and the direction of a sign decides nothing."""
    assert bool(restatement(RESTATED, restated_rows(before, after), AS_OF).facts) is raises


def test_few_outcomes_do_not_cry_wolf():
    """6 of 10 inside an 80 % band happens by luck one time in eight; 24 of 40 hardly ever."""
    small = replace(COVERAGE, values={**COVERAGE.values, "outcomes_at_least": 5})
    found = coverage(small, scores(6, 4), AS_OF)
    assert found.facts == ()
    assert sum(found.passed_over.values()) == 1
    assert len(coverage(small, scores(24, 16), AS_OF).facts) == 1
    assert coverage(COVERAGE, scores(0, 19), AS_OF).facts == ()


def test_bands_that_hold_everything_are_too_wide():
    """Coverage above its band is a fault as well: such bands say nothing."""
    fact = coverage(COVERAGE, scores(60, 0), AS_OF).facts[0]
    assert "too many" in fact.message
    assert fact.limit_value == 0.95


def test_one_outcome_forecast_by_many_vintages_counts_once():
    """Eight vintages that miss the same three quarters are three outcomes, not twenty-four."""
    vintages = [date(2024 + n // 4, (n % 4) * 3 + 3, 30 if n % 4 in (1, 2) else 31) for n in range(8)]
    rows = pd.concat([scores(0, 3, vintage) for vintage in vintages])
    assert coverage(COVERAGE, rows, AS_OF).facts == ()


def test_only_the_last_vintages_count():
    """Old faults of the bands are not the present ones."""
    two = replace(COVERAGE, values={**COVERAGE.values, "vintages": 1})
    old = scores(0, 40, date(2020, 3, 31))
    assert coverage(two, pd.concat([old, scores(32, 8)]), AS_OF).facts == ()


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 60))
def test_the_chance_agrees_with_counting(outcomes: int, inside: int):
    """The binomial tail is our own code; scipy counts the same."""
    inside = min(inside, outcomes)
    share = inside / outcomes
    expected = binom.cdf(inside, outcomes, 0.8) if share < 0.8 else binom.sf(inside - 1, outcomes, 0.8)
    assert chance_of(share, outcomes) == pytest.approx(expected, abs=1e-9)


def test_only_the_newest_date_of_a_pair_of_sources_is_told():
    """Years of disagreement are one alert; which sites an operator's figure stands for makes no other pair."""
    rows = pd.concat(
        [
            pair_rows(0.5, 0.1, period_end=date(2024, 6, 30), period_end_b=date(2024, 6, 30)),
            pair_rows(0.30, 0.19, source_b="B2 (market): 2 sites, weighed by capacity"),
        ]
    )
    facts = source_disagreement(APART, rows, AS_OF).facts
    assert [fact.fact for fact in facts] == ["2026-06-30 and 2026-06-30"]


def test_capacities_differ_by_part_and_undated_figures_are_passed_over_aloud():
    """Megawatts have no points; a fact without any day can be neither new nor old."""
    assert len(source_disagreement(APART, pair_rows(100, 70, metric="capacity_in_service"), AS_OF).facts) == 1
    assert source_disagreement(APART, pair_rows(100, 90, metric="capacity_in_service"), AS_OF).facts == ()
    undated = source_disagreement(APART, pair_rows(known_on=None, period_end=None, period_end_b=None), AS_OF)
    assert (undated.facts, undated.passed_over) == ((), {"without a date": 1})


MANY = {
    "threshold_breach": pd.concat(
        [breach_rows([0.6, 0.4, 0.9], series_id=f"s{n}", last_value=0.75 + n / 20) for n in range(4)]
    ),
    "report_late": pd.concat([late_rows(operator=f"O{n}", days_late=5 + n) for n in range(6)]),
    "document_quarantined": pd.concat([held_rows(document_id=f"d{n}") for n in range(6)]),
    "restatement": pd.concat(
        [restated_rows(after=104.0 + n % 3, observation_id_before=f"o{n}", document_id=f"d{n}") for n in range(6)]
    ),
    "coverage": pd.concat([scores(20, 20), scores(3, 22, date(2026, 6, 30))]),
    "source_disagreement": pd.concat(
        [pair_rows(0.3 + n / 50, 0.1, period_end=date(2026, 3 * (n % 2) + 3, 30)) for n in range(6)]
    ),
}


@settings(deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 10_000))
def test_the_same_rows_in_any_order_give_the_same_facts(kind: str, seed: int):
    """Tables have no order; an alert that depended on one would be raised again by another run."""
    rows = MANY[kind].reset_index(drop=True)
    shuffled = rows.sample(frac=1, random_state=seed)
    assert judged(kind, (RAISING[kind][0], shuffled)) == judged(kind, (RAISING[kind][0], rows))


def test_identity_does_not_depend_on_words_values_or_severity():
    """Better words or another limit must not tell everybody everything again."""
    fact = document_quarantined(HELD, held_rows(), AS_OF).facts[0]
    other = replace(fact, message="other", value=1.0, limit_value=2.0, rule=replace(HELD, severity="critical"))
    assert alert_id(fact) == alert_id(other)
    assert alert_id(fact) != alert_id(replace(fact, subject="d9"))
