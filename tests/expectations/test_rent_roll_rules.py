"""Each rule over a rent roll has frames that pass it and frames that fail it, and only the rows at fault fail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations import QUARANTINE, QUARANTINE_DOCUMENT, WARN, RuleResult
from expectations.rent_roll import RENT_ROLL_RULES, TABLES, check_rent_roll

AS_OF = dt.date(2026, 6, 30)
RULES = {rule.id: rule for rule in RENT_ROLL_RULES}
Frames = dict[str, pd.DataFrame]
Change = Callable[[Frames], None]


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def sound() -> Frames:
    lease = {
        "facility_id": "F1", "tenant_id": "T1", "tenant_name": "North Bank", "sector": "banking",
        "sensitivity_tier": "internal", "mw": 2.0, "start_date": day("2024-01-01"), "end_date": day("2026-03-31"),
        "commencement_date": day("2024-01-15"), "commenced": True, "monthly_rent_hkd_per_kw": 1700.0, "stack": "us",
        "stack_weight_mainland": 0.0, "renewal_options": "1x3y", "renewal_of": "",
    }  # fmt: skip
    second = {"start_date": day("2026-04-01"), "commencement_date": day("2026-04-01"), "end_date": day("2029-03-31")}
    signed = {"start_date": day("2026-10-01"), "commencement_date": day("2026-10-01"), "end_date": day("2031-09-30")}
    return {
        "facilities": pd.DataFrame(
            {
                "facility_id": ["F1", "F2"], "operator": "A", "name": ["One", "Two"], "district": "D", "market": "M",
                "ready_for_service": day("2020-01-01"), "capacity_mw": [8.0, 4.0], "latitude": 22.3, "longitude": 114.1,
            }
        ),
        "leases": pd.DataFrame(
            [
                lease | {"lease_id": "L1"},
                lease | {"lease_id": "L2", "renewal_of": "L1", **second},
                lease | {"lease_id": "L3", "mw": 3.0, "stack": "dual", "stack_weight_mainland": 0.4,
                         "end_date": day("2028-12-31")},
                lease | {"lease_id": "L4", "mw": 1.0, "stack": "mainland", "stack_weight_mainland": 1.0,
                         "commenced": False, **signed},
            ]
        ),
        "evidence": pd.DataFrame(
            {
                "facility_id": ["F1", "F2"], "evidence_date": [day("2025-01-01"), day("2026-06-30")],
                "points_to": ["us", "dual"], "strength": ["weak", "strong"], "statement": "s", "source": "o",
            }
        ),
        "history": pd.DataFrame(
            {
                "facility_id": ["F1", "F1", "F2"],
                "quarter_end": [day("2026-03-31"), day("2026-06-30"), day("2026-06-30")],
                "in_service_mw": [6.0, 6.0, 4.0], "leased_mw": [5.0, 5.0, 3.75], "utilised_mw": [4.0, 4.5, 3.0],
            }
        ),
        "deliveries": pd.DataFrame({"facility_id": ["F1"], "planned_date": [day("2027-01-01")], "mw": [2.0]}),
    }  # fmt: skip


def put(table: str, row: int, **cells: Any) -> Change:
    def change(frames: Frames) -> None:
        for name, cell in cells.items():
            if cell is None:
                frames[table][name] = frames[table][name].astype(object)
            frames[table].at[row, name] = cell

    return change


def add(table: str, row: int, **cells: Any) -> Change:
    """A copy of a row, with changes, at the end."""

    def change(frames: Frames) -> None:
        frame = frames[table]
        frames[table] = pd.concat([frame, frame.iloc[[row]].assign(**cells)], ignore_index=True)

    return change


def judged(frames: Frames, rule_id: str) -> RuleResult:
    return check_rent_roll(frames, AS_OF, (RULES[rule_id],))[rule_id]


# rule id, a change that breaks it, the rows (from 1) that fail
CASES: list[tuple[str, Change, list[int]]] = [
    ("RR01_lease_complete", put("leases", 2, tenant_id="T", end_date=pd.NaT), [3]),
    ("RR01_lease_complete", put("leases", 2, facility_id=""), [3]),
    ("RR02_lease_once", add("leases", 2), [5]),
    ("RR02_lease_once", add("leases", 2, mw=0.5), [3, 5]),
    ("RR03_lease_one_facility", add("leases", 2, facility_id="F2"), [3, 5]),
    ("RR04_leases_facility", put("leases", 3, facility_id="F9"), [4]),
    ("RR05_lease_end", put("leases", 2, start_date=day("2029-01-01")), [3]),
    ("RR06_commencement_start", put("leases", 2, commencement_date=day("2023-12-31")), [3]),
    ("RR07_commencement_end", put("leases", 3, commencement_date=day("2031-10-01")), [4]),
    ("RR08_lease_mw", put("leases", 2, mw=0.0), [3]),
    ("RR08_lease_mw", put("leases", 2, mw=-1.0), [3]),
    ("RR09_lease_size", put("leases", 3, mw=1000.5), [4]),
    ("RR09_lease_size", put("leases", 3, mw=300.0), [4]),
    ("RR10_lease_codes", put("leases", 2, sector="circus"), [3]),
    ("RR10_lease_codes", put("leases", 1, sensitivity_tier=None), [2]),
    ("RR10_lease_codes", put("leases", 0, stack="prc"), [1]),
    ("RR11_stack_weight", put("leases", 2, stack_weight_mainland=40.0), [3]),
    ("RR11_stack_weight", put("leases", 2, stack_weight_mainland=float("nan")), [3]),
    ("RR12_stack_weight_fits", put("leases", 3, stack_weight_mainland=0.6), [4]),
    ("RR12_stack_weight_fits", put("leases", 0, stack_weight_mainland=0.5), [1]),
    ("RR13_renewal_follows", put("leases", 1, start_date=day("2026-03-31")), [2]),
    ("RR13_renewal_follows", put("leases", 2, renewal_of="L3"), [3]),
    ("RR14_commenced_date", put("leases", 3, commenced=True), [4]),
    ("RR15_rent", put("leases", 2, monthly_rent_hkd_per_kw=-1.0), [3]),
    ("RR16_facility_once", add("facilities", 1), [3]),
    ("RR16_facility_once", add("facilities", 1, capacity_mw=5.0), [2, 3]),
    ("RR17_facility_capacity", put("facilities", 1, capacity_mw=float("nan")), [2]),
    ("RR17_facility_capacity", put("facilities", 1, capacity_mw=0.0), [2]),
    ("RR17_facility_capacity", put("facilities", 1, capacity_mw=4000.0), [2]),
    ("RR18_commenced_in_service", put("leases", 2, mw=4.5), [1]),
    ("RR19_committed_in_service", put("leases", 3, mw=3.5), [1]),
    ("RR20_evidence_facility", put("evidence", 1, facility_id="F9"), [2]),
    ("RR21_evidence_date", put("evidence", 1, evidence_date=day("2026-07-01")), [2]),
    ("RR21_evidence_date", put("evidence", 1, evidence_date=pd.NaT), [2]),
    ("RR22_evidence_codes", put("evidence", 0, points_to="unknown"), [1]),
    ("RR22_evidence_codes", put("evidence", 0, strength="certain"), [1]),
    ("RR23_evidence_once", add("evidence", 0), [3]),
    ("RR24_history_facility", put("history", 2, facility_id="F9"), [3]),
    ("RR25_history_once", add("history", 2, leased_mw=3.5), [3, 4]),
    ("RR26_history_quarter_end", put("history", 0, quarter_end=day("2026-03-30")), [1]),
    ("RR27_history_date", put("history", 2, quarter_end=day("2026-09-30")), [3]),
    ("RR28_history_order", put("history", 2, utilised_mw=3.8), [3]),
    ("RR28_history_order", put("history", 2, leased_mw=4.1), [3]),
    ("RR28_history_order", put("history", 2, utilised_mw=-0.1), [3]),
    ("RR29_in_service_capacity", put("history", 2, in_service_mw=4.5), [3]),
    ("RR30_history_sum", put("history", 0, leased_mw=4.9), [1]),
    ("RR31_history_sum_now", put("leases", 2, mw=2.9), [2]),
    ("RR32_deliveries_facility", put("deliveries", 0, facility_id="F9"), [1]),
    ("RR33_delivery_size", put("deliveries", 0, mw=0.0), [1]),
    ("RR33_delivery_size", put("deliveries", 0, mw=2000.0), [1]),
    ("RR34_delivery_date", put("deliveries", 0, planned_date=day("2026-06-30")), [1]),
    ("RR35_delivery_once", add("deliveries", 0), [2]),
]


def test_a_sound_rent_roll_passes_every_rule() -> None:
    """A rule that fails here would hold back good rows; one that looks at nothing would guard nothing."""
    report = check_rent_roll(sound(), AS_OF)
    assert report.summary()["state"].tolist() == ["passed"] * len(RENT_ROLL_RULES)
    assert report.passed


@pytest.mark.parametrize(("rule_id", "change", "rows"), CASES)
def test_a_rule_fails_for_the_rows_at_fault(rule_id: str, change: Change, rows: list[int]) -> None:
    """Each rule must catch what it is for, in the rows at fault alone, and say what was found and expected."""
    frames = sound()
    change(frames)
    result = judged(frames, rule_id)
    assert result.state == "failed", result.error
    assert result.failing["locator"].tolist() == [f"table {RULES[rule_id].table}, row {row}" for row in rows]
    assert (result.failing[["found", "expected", "remedy"]] != "").all(axis=None)


def test_every_rule_has_a_failing_case() -> None:
    """A rule without one could be dead and stay green."""
    assert {rule_id for rule_id, _change, _rows in CASES} == {rule.id for rule in RENT_ROLL_RULES}


def test_ids_tables_and_severities() -> None:
    """Ids stay and are unique; sums that contradict themselves hold back the whole rent roll."""
    ids = [rule.id for rule in RENT_ROLL_RULES]
    assert len(set(ids)) == len(ids)
    assert [int(rule_id[2:4]) for rule_id in ids] == list(range(1, len(ids) + 1))
    assert {rule.table for rule in RENT_ROLL_RULES} == set(TABLES)
    hard = {rule.id for rule in RENT_ROLL_RULES if rule.severity == QUARANTINE_DOCUMENT}
    assert hard == {"RR18_commenced_in_service", "RR31_history_sum_now"}
    assert {rule.severity for rule in RENT_ROLL_RULES} == {WARN, QUARANTINE, QUARANTINE_DOCUMENT}


def test_a_slip_of_a_thousand_is_named() -> None:
    """300 MW in an 8 MW building is 300 kW; the words must say so."""
    frames = sound()
    put("leases", 2, mw=300.0)(frames)
    assert "divide by 1000" in judged(frames, "RR09_lease_size").failing["expected"].iloc[0]


def test_rounding_of_the_history_leaves_room() -> None:
    """leased_mw printed without decimals is anything within half a MW."""
    frames = sound()
    frames["history"]["leased_mw"] = [5.0, 5.0, 4.0]
    frames["leases"].at[2, "mw"] = 3.4
    assert judged(frames, "RR31_history_sum_now").passed


def test_a_renewal_signed_ahead_counts_by_what_it_grows() -> None:
    """A renewal takes the room of the lease it renews; counting both would call every renewal oversold."""
    frames = sound()
    later = {"start_date": day("2029-01-01"), "commencement_date": day("2029-01-01"), "end_date": day("2033-12-31")}
    add("leases", 2, lease_id="L5", renewal_of="L3", commenced=False, **later)(frames)
    assert judged(frames, "RR19_committed_in_service").passed


def test_an_overdue_lease_is_not_in_place() -> None:
    """Announced for a day that has passed and still not commenced: signed, not leased."""
    frames = sound()
    past = {"start_date": day("2026-05-01"), "commencement_date": day("2026-05-01")}
    put("leases", 3, **past)(frames)
    assert judged(frames, "RR31_history_sum_now").passed
    assert judged(frames, "RR19_committed_in_service").passed


def test_leases_alone_are_checked_as_far_as_they_go() -> None:
    """A tenancy schedule may come without the other tables; rules that compare with them look at nothing."""
    report = check_rent_roll({"leases": sound()["leases"]}, AS_OF)
    assert not report.broken
    assert report["RR04_leases_facility"].state == "nothing_to_check"
    assert report["RR05_lease_end"].state == "passed"


def test_empty_frames_break_nothing() -> None:
    """A portfolio without evidence or deliveries is an ordinary one."""
    frames = {name: frame.iloc[:0] for name, frame in sound().items()}
    report = check_rent_roll(frames, AS_OF)
    assert not report.broken
    assert not report.passed


def test_a_missing_column_is_a_broken_rule() -> None:
    """A rule that cannot look must never be read as one that passed."""
    frames = sound()
    frames["leases"] = frames["leases"].drop(columns="mw")
    report = check_rent_roll(frames, AS_OF)
    assert report["RR08_lease_mw"].state == "broken"
    assert "mw" in report["RR08_lease_mw"].error
    assert report["RR05_lease_end"].state == "passed"


def test_neither_frame_nor_index_is_changed() -> None:
    """The checked frames go on to be stored."""
    frames = sound()
    frames["leases"].index = pd.Index([7, 3, 9, 1])
    before = {name: frame.copy() for name, frame in frames.items()}
    check_rent_roll(frames, AS_OF)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_the_samples_pass(repository: Path) -> None:
    """The sample rent rolls are sound by construction: a failing rule would be a wrong rule."""
    folders = sorted((repository.parent / "shared" / "worlds").glob("world_*"))
    if not folders:
        pytest.skip("the shared samples are not here")
    names = {"facilities": "facilities", "leases": "leases", "evidence": "stack_evidence",
             "history": "history_quarterly", "deliveries": "deliveries"}  # fmt: skip
    dates = ("ready_for_service", "start_date", "end_date", "commencement_date", "evidence_date", "quarter_end",
             "planned_date")  # fmt: skip
    for folder in folders[:2]:
        frames = {}
        for name, stem in names.items():
            frame = pd.read_csv(folder / f"{stem}.csv")
            for column in frame.columns.intersection(list(dates)):
                frame[column] = pd.to_datetime(frame[column])
            frames[name] = frame
        frames["leases"]["commenced"] = frames["leases"]["commenced"] == "yes"
        frames["leases"]["renewal_of"] = frames["leases"]["renewal_of"].fillna("")
        report = check_rent_roll(frames, frames["history"]["quarter_end"].max().date())
        assert report.passed, report.failing()
