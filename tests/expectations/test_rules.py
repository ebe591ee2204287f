"""A rule that cannot fail guards nothing: each rule has a frame that passes it and one that fails it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
import pytest

from expectations import check
from expectations.checking import CANDIDATE_RULES

AS_OF = date(2026, 6, 30)
BY_ID = {rule.id: rule for rule in CANDIDATE_RULES}


@dataclass(frozen=True)
class Case:
    """Rows that pass, rows that fail, how many of them, and words that the finding must show."""

    passes: list[dict[str, Any]]
    fails: list[dict[str, Any]]
    count: int = 1
    words: str = ""
    reference: list[dict[str, Any]] = field(default_factory=list)


def rate(metric: str, value: float, **more: Any) -> dict[str, Any]:
    return {"metric": metric, "value": value, "unit": "pct"} | more


def area(metric: str, value: float, unit: str = "sqm", **more: Any) -> dict[str, Any]:
    return {"metric": metric, "value": value, "unit": unit} | more


def series(values: list[float], metric: str = "utilisation_rate", unit: str = "pct") -> list[dict[str, Any]]:
    ends = pd.date_range("2023-03-31", periods=len(values), freq="QE")
    return [
        {"metric": metric, "value": value, "unit": unit, "period_end": end.strftime("%Y-%m-%d")}
        for value, end in zip(values, ends, strict=True)
    ]


SUMMARY = {"tier": "summary", "trust": 0.3, "document_id": "d2", "document": "digest.html"}
STEADY = [70.0, 70.5, 71.2, 71.0, 72.0, 72.4, 72.1]

CASES = {
    "R00_rows": Case([{}], [], count=0),
    "R01_required": Case([{}], [{"quote": None}, {"period_end": ""}, {}], count=2, words="quote missing"),
    "R02_metric_known": Case(
        [{}, {"metric": "pipeline_capacity[U/C-2025]"}], [{"metric": "header_pct_unlabelled"}], words="header_pct"
    ),
    "R03_unit_fits": Case(
        [{}, rate("utilisation_rate", 70)],
        [rate("utilisation_rate", 70, unit="mw"), area("capacity_utilised", 70, unit="pct")],
        count=2,
        words="utilisation_rate in mw",
    ),
    "R04_finite": Case([{}], [{"value": float("inf")}], words="inf"),
    "R05_rate_range": Case(
        [rate("utilisation_rate", 100), rate("vacancy_rate", 0)],
        [rate("utilisation_rate", 174), rate("commitment_rate_incl_ioi", 101), rate("occupancy_rate", -1)],
        count=3,
        words="utilisation_rate 174 % is impossible",
    ),
    "R06_sign": Case(
        [{}, rate("portfolio_reversion", -3), area("net_absorption_full_year", -5, "mw")],
        [area("capacity_in_service", -61092)],
        words="negative",
    ),
    "R07_range": Case(
        [{"metric": "wale_years", "value": 7.5, "unit": "years"}],
        [{"metric": "wale_years", "value": 300, "unit": "years"}, area("capacity_in_service", 1e9, "mw")],
        count=2,
        words="wale_years 300",
    ),
    "R08_unit_slip": Case(
        series([12.1, 12.1, 12.4, 12.6, 14.0], "capacity_in_service", "mw"),
        series([12.1, 12.1, 12.4, 12.6, 12600], "capacity_in_service", "mw"),
        words="unit slip",
    ),
    "R09_rate_as_fraction": Case(series([1.2, 0.9, 0.4]), series([92.0, 92.5, 0.91]), words="0.91 %"),
    "R10_rate_recomputes": Case(
        [area("capacity_in_service", 60000), area("capacity_utilised", 43440), rate("utilisation_rate", 72.4)],
        [area("capacity_in_service", 60000), area("capacity_utilised", 43440), rate("utilisation_rate", 82.4)],
        words="printed utilisation_rate 82.4 % but 43,440 / 60,000 = 72.4 %",
    ),
    "R11_rate_recomputes_closely": Case(
        [area("capacity_in_service", 60000), area("capacity_utilised", 43440), rate("utilisation_rate", 72.4)],
        [area("capacity_in_service", 60000), area("capacity_utilised", 43440), rate("utilisation_rate", 73.9)],
        words="73.9",
    ),
    "R12_committed_within": Case(
        [area("capacity_in_service", 100), area("capacity_under_construction", 30), area("capacity_committed", 120)],
        [area("capacity_in_service", 100), area("capacity_committed_in_service", 120)],
        words="above 100 sqm",
    ),
    "R13_utilised_within": Case(
        [area("capacity_in_service", 78100, rounding=50), area("capacity_utilised", 78130)],
        [area("capacity_in_service", 78100, rounding=50), area("capacity_utilised", 79130)],
        words="79,130 sqm above 78,100 sqm",
    ),
    "R14_sums": Case(
        [
            area("capacity_in_service", 579, "mw"),
            area("capacity_under_construction", 242, "mw"),
            area("capacity_total", 821, "mw"),
        ],
        [
            area("capacity_in_service", 579, "mw"),
            area("capacity_under_construction", 242, "mw"),
            area("capacity_total", 921, "mw"),
        ],
        words="capacity_total 921",
    ),
    "R15_jump": Case(series([*STEADY, 73.0]), series([*STEADY, 31.0]), words="from 72.1 to 31"),
    "R16_duplicate": Case([{}, {"value": 101.0}], [{}, {}], words="time number 2"),
    "R17_conflict": Case(
        # 95 and 95.4 can be one number printed twice with different care.
        [rate("commitment_rate", 95, rounding=0.5), rate("commitment_rate", 95.4)],
        [rate("commitment_rate", 95), rate("commitment_rate", 91)],
        count=2,
        words="reads 91, 95 pct in one document",
    ),
    "R18_future": Case(
        [{"published_on": "2026-03"}, {"period_end": "2027-12-31", "basis": "forecast"}],
        [{"period_end": "2026-12-31"}, {"published_on": "2026-02-28"}],
        count=2,
        words="days after",
    ),
    "R19_quarter_end": Case(
        [{}, {"period_end": "2026-01-31", "fiscal_year_end_month": 10}],
        [{"period_end": "2026-03-30"}, {"period_end": "2026-04-30"}],
        count=2,
        words="2026-03-30",
    ),
    "R20_quarter_end_pro_forma": Case(
        [{"basis": "pro_forma"}], [{"basis": "pro_forma", "period_end": "2026-04-30"}], words="2026-04-30"
    ),
    "R21_third_hand": Case(
        [rate("utilisation_rate", 73.3), rate("utilisation_rate", 73, **SUMMARY)],
        [rate("utilisation_rate", 73.3), rate("utilisation_rate", 78, **SUMMARY)],
        words="contradicts the first-hand source",
    ),
    "R22_interval": Case(
        [rate("utilisation_rate", 90, value_low=88, value_high=92), rate("utilisation_rate", 90, value_low=90)],
        [rate("utilisation_rate", 90, value_low=91, value_high=92), rate("utilisation_rate", 90, value_high=89)],
        count=2,
        words="value_low 91",
    ),
    "R23_iso_dates": Case(
        [{}, {"published_on": "2026-05"}, {"published_on": ""}],
        [{"period_end": "31/03/2026"}, {"period_end": "2026-02-30"}, {"published_on": "May 2026"}],
        count=3,
        words="31/03/2026",
    ),
    "R24_quote_shows_value": Case(
        [{"quote": "100 MW"}, {"quote": "about a hundred", "basis": "derived", "value": 99.0}],
        [{"quote": "in service: 89 MW"}],
        words="89 MW",
    ),
    "R25_scope_level": Case([{}], [{"scope_level": "company"}], words="company"),
    "R27_zero": Case(series([81.5, 82.0, 82.6, 83.1]), series([81.5, 82.0, 82.6, 0.0]), words="missing value"),
    "R28_occupancy_and_vacancy": Case(
        [rate("occupancy_rate", 94.1), rate("vacancy_rate", 5.9), rate("vacancy_rate", 7, scope="Tokyo")],
        [rate("occupancy_rate", 94.1), rate("vacancy_rate", 7.4)],
        count=2,
        words="occupancy_rate 94.1 % beside vacancy_rate 7.4 %",
    ),
    "R26_basis": Case([{}], [{"basis": "guess"}], words="guess"),
}


def test_every_rule_has_a_case_that_passes_and_one_that_fails() -> None:
    assert sorted(CASES) == sorted(BY_ID)


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_rule_passes_a_sound_frame(rule_id: str, frame_of: Any) -> None:
    result = check(frame_of(CASES[rule_id].passes), pd.DataFrame(), AS_OF, (BY_ID[rule_id],))[rule_id]
    assert result.error == ""
    assert result.passed
    assert result.checked > 0


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_rule_fails_a_bad_frame_and_says_where_and_why(rule_id: str, frame_of: Any) -> None:
    case = CASES[rule_id]
    result = check(frame_of(case.fails), pd.DataFrame(), AS_OF, (BY_ID[rule_id],))[rule_id]
    assert result.error == ""
    assert not result.passed
    assert len(result.failing) == case.count
    if case.count:
        assert case.words in " ".join(result.failing["found"])
        assert (result.failing[["document", "locator", "expected", "remedy"]] != "").all(axis=None)


def run(rule_id: str, frame: pd.DataFrame, reference: pd.DataFrame | None = None) -> pd.DataFrame:
    return check(frame, pd.DataFrame() if reference is None else reference, AS_OF, (BY_ID[rule_id],))[rule_id].failing


def test_unit_slip_is_seen_against_earlier_observations_alone(frame_of: Any) -> None:
    reference = frame_of(series([12.1, 12.4, 12.6], "capacity_in_service", "mw"))
    reference = reference.rename(columns={"candidate_id": "observation_id", "facility": "facility_id"})
    failing = run("R08_unit_slip", frame_of([area("capacity_in_service", 12600, "mw", document_id="d9")]), reference)
    assert list(failing["document_id"]) == ["d9"]


def test_a_summary_s_slip_does_not_speak_against_the_operator(frame_of: Any) -> None:
    good = series([12.1], "capacity_in_service", "mw")
    bad = [row | SUMMARY for row in series([12100, 12200], "capacity_in_service", "mw")]
    assert set(run("R08_unit_slip", frame_of(good + bad))["document_id"]) == {"d2"}


def test_commitment_is_not_compared_with_a_total_that_may_include_pre_commitments(frame_of: Any) -> None:
    rows = [
        area("capacity_in_service", 630963),
        area("capacity_committed", 756992),
        area("capacity_under_construction", 226272),
        rate("commitment_rate", 92.5),
    ]
    assert run("R10_rate_recomputes", frame_of(rows)).empty
    # With the pre-commitment rate printed, the total says what the commitment is.
    assert run("R10_rate_recomputes", frame_of([*rows, rate("pre_commitment_rate", 76.6)])).empty
    rows[-1] = rate("commitment_rate", 72.5)
    assert len(run("R10_rate_recomputes", frame_of([*rows, rate("pre_commitment_rate", 76.6)]))) == 1


def test_occupancy_and_vacancy_are_recomputed_too(frame_of: Any) -> None:
    areas = [area("capacity_in_service", 60000), area("capacity_utilised", 43440)]
    assert len(run("R10_rate_recomputes", frame_of([*areas, rate("occupancy_rate", 82.4)]))) == 1
    assert run("R10_rate_recomputes", frame_of([*areas, rate("vacancy_rate", 27.6)])).empty


def test_rates_are_recomputed_from_their_own_statement_alone(frame_of: Any) -> None:
    areas = [area("capacity_in_service", 60000), area("capacity_utilised", 43440)]
    for other in ({"perimeter": "B"}, {"source": "https://example.org"}, {"document_id": "d2"}, {"scope": "retail"}):
        assert run("R10_rate_recomputes", frame_of([*areas, rate("utilisation_rate", 82.4, **other)])).empty


def test_rounding_of_the_operands_is_the_tolerance(frame_of: Any) -> None:
    rows = [area("capacity_in_service", 10, "mw"), area("capacity_utilised", 7, "mw"), rate("utilisation_rate", 73)]
    assert run("R11_rate_recomputes_closely", frame_of(rows)).empty


def test_a_summary_that_prints_the_commitment_rate_as_utilisation_is_named_so(frame_of: Any) -> None:
    first_hand = [
        area("capacity_in_service", 630963),
        area("capacity_utilised", 462673),
        rate("commitment_rate", 92.5),
    ]
    failing = run("R21_third_hand", frame_of([*first_hand, rate("utilisation_rate", 92.5, **SUMMARY)]))
    assert "commitment rate" in failing["found"].iloc[0]
    assert "mislabelled" in failing["found"].iloc[0]
    assert "73.3" in failing["expected"].iloc[0]


def test_a_summary_may_agree_with_any_perimeter_the_operator_printed(frame_of: Any) -> None:
    rows = [
        area("capacity_in_service", 500000, perimeter="A"),
        area("capacity_in_service", 620000, perimeter="B", document_id="d3"),
        area("capacity_in_service", 620000, **SUMMARY),
    ]
    assert run("R21_third_hand", frame_of(rows)).empty


def test_first_hand_references_without_a_tier_are_known_by_their_trust(frame_of: Any) -> None:
    reference = frame_of([rate("utilisation_rate", 73.3)]).drop(columns="tier")
    frame = frame_of([rate("utilisation_rate", 92.5, **SUMMARY)])
    assert len(run("R21_third_hand", frame, reference)) == 1


def test_figures_beside_a_conflict_are_held_unless_a_rate_ties_them_together(frame_of: Any) -> None:
    rows = [area("capacity_in_service", 30), area("capacity_in_service", 33), area("capacity_utilised", 21)]
    assert len(run("R17_conflict", frame_of(rows))) == 3
    assert len(run("R17_conflict", frame_of([*rows, rate("utilisation_rate", 70)]))) == 2
    assert len(run("R17_conflict", frame_of([*rows[:2], rows[2] | {"period_end": "2025-12-31"}]))) == 2


def test_restatements_in_one_document_are_no_conflict(frame_of: Any) -> None:
    rows = [rate("utilisation_rate", 70), rate("utilisation_rate", 75, basis="restated_comparative", perimeter="B")]
    assert run("R17_conflict", frame_of(rows)).empty
