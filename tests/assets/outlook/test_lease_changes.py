"""What differs between two rent rolls is said lease by lease, under the series that it lies in."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from bridge_case import changed, lease, made, quarter_end, with_lease
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.outlook.lease_changes import MOST_NAMED, Changes, same
from forecasts.leases.portfolio import LEASE_COLUMNS, Portfolio

TOTAL = ("total", "bay/total")
PHASES = [("F1", pd.Timestamp("2025-03-01"), 6.0), ("F2", pd.Timestamp("2025-03-01"), 4.0)]


def small(count: int = 4) -> Portfolio:
    """Leases L0 .. of 1 MW, 2 MW .. on the mainland stack, in F1 (market M1) and F2 (M2) by turns."""
    leases = [lease(at, facility_id=f"F{1 + at % 2}", mw=1.0 + at) for at in range(count)]
    return made(leases, {"F1": 60.0, "F2": 60.0}, PHASES, quarters=2, markets={"F2": "M2"})


def told(before: Portfolio, after: Portfolio, level: str = "total", series_id: str = "bay/total") -> str:
    return Changes("bay", before, after).of(level, series_id)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mw": 3.5}, "lease L1 (3.5 MW at F2): mw 2 -> 3.5"),
        ({"end_date": quarter_end(8)}, "lease L1 (2 MW at F2): extended, end 2025-06-30 -> 2026-06-30"),
        ({"end_date": quarter_end(1)}, "lease L1 (2 MW at F2): cut short, end 2025-06-30 -> 2024-09-30"),
        (
            {"commencement_date": quarter_end(2)},
            "lease L1 (2 MW at F2): commencement slipped 2020-07-01 -> 2024-12-31",
        ),
        (
            {"commencement_date": pd.Timestamp("2020-06-01")},
            "lease L1 (2 MW at F2): commencement brought forward 2020-07-01 -> 2020-06-01",
        ),
        (
            {"sector": "telecom", "facility_id": "F1"},
            "lease L1 (2 MW at F1): facility_id F2 -> F1, sector banking -> telecom",
        ),
        ({"renewal_of": "L0"}, "lease L1 (2 MW at F2): renewal_of none -> L0"),
        ({"tenant_name": None}, "lease L1 (2 MW at F2): tenant_name Tenant 1 -> none"),
    ],
)
def test_a_lease_that_changed_says_what_from_and_to(fields: dict[str, object], words: str) -> None:
    """A reader has to find the change in the rent roll without comparing two files."""
    after = changed(small(), 1, **fields)
    assert told(small(), after) == words


def test_leases_that_came_and_went_are_told_apart() -> None:
    """A renewal is no new tenant, and a lease that ran out was not taken away."""
    before = with_lease(small(), lease_id="L7", end_date=quarter_end(1) - pd.Timedelta(days=5))
    after = replace(before, as_of=quarter_end(1), leases=before.leases[before.leases["lease_id"] != "L2"])
    after = with_lease(after, lease_id="L8", mw=4.5, start_date=quarter_end(1), renewal_of="L7")
    after = with_lease(after, lease_id="L9", mw=0.5, facility_id="F2")
    assert told(before, after).split("; ") == [
        "rent roll of 2024-06-30 -> 2024-09-30",
        "lease L7 (5 MW at F1): ended 2024-09-25, renewed as L8",
        "lease L8 renews L7: 4.5 MW at F1, 2024-09-30 to 2029-06-30",
        "lease L2 removed: 3 MW at F1, ends 2025-06-30",
        "lease L9 added: 0.5 MW at F2, 2024-03-31 to 2029-06-30",
    ]


def test_a_commencement_that_came_with_time_is_told() -> None:
    """Its row is as it was; what was signed is in place now, and that moves the forecast."""
    before = with_lease(small(), start_date=quarter_end(0) + pd.Timedelta(days=20))
    words = told(before, replace(before, as_of=quarter_end(1)))
    assert words.endswith("lease L900 (5 MW at F1): commenced 2024-07-20")


def test_buildings_phases_history_and_evidence_are_told() -> None:
    """A rent roll is more than leases, and each part of it can move a forecast."""
    before = small()
    history = before.history.copy()
    history.loc[(history["facility_id"] == "F1") & (history["quarter_end"] == quarter_end(0)), "leased_mw"] += 2.0
    more = history[history["facility_id"] == "F2"].tail(1).assign(quarter_end=quarter_end(1))
    evidence = pd.DataFrame(
        [["F2", pd.Timestamp("2024-05-01"), "us", "strong", "Words.", "a page"]], columns=before.evidence.columns
    )
    after = replace(
        before,
        facilities=before.facilities.assign(capacity_mw=[66.0, 70.0]),
        deliveries=before.deliveries.assign(planned_date=[pd.Timestamp("2025-09-01"), PHASES[1][1]], mw=[6.0, 5.0]),
        history=pd.concat([history, more], ignore_index=True),
        evidence=evidence,
    )
    assert told(before, after).split("; ") == [
        "building F2: capacity_mw 64 -> 70",
        "phase of 6 MW at F1, planned for 2025-03-01, moved: 2025-03-01 -> 2025-09-01",
        "phase of 4 MW at F2, planned for 2025-03-01, changed: 4 -> 5",
        "history of F1: quarters corrected: 1, the last 2024-06-30 (leased_mw 4 -> 6)",
        "evidence on F2 added: strong, points to us, 2024-05-01",
        "history of F2: quarters added: 1, the last 2024-09-30 (6 of 60 MW leased)",
    ]
    gone = replace(after, facilities=after.facilities.iloc[:1], deliveries=after.deliveries.iloc[:0])
    words = told(after, gone)
    assert "building F2 removed: 70 MW" in words
    assert "phase of 5 MW at F2, planned for 2025-03-01, no longer announced" in words


def test_a_series_is_told_of_its_own_changes() -> None:
    """A hall's reader is not told of other halls; who has no change of its own learns whose changes it shares."""
    before = small()
    after = changed(changed(before, 0, mw=1.5), 1, stack="us", mw=2.5)
    first, second = "lease L0 (1.5 MW at F1): mw 1 -> 1.5", "lease L1 (2.5 MW at F2): mw 2 -> 2.5, stack mainland -> us"
    own = {
        ("facility", "F1"): first, ("market", "bay/m1"): first,
        ("facility", "F2"): second, ("market", "bay/m2"): second,
        ("operator", "bay/o1"): f"{second}; {first}", ("stack", "bay/us"): second,
        ("stack", "bay/mainland"): f"{second}; {first}", TOTAL: f"{second}; {first}",
    }  # fmt: skip
    changes = Changes("bay", before, after)
    assert {series: changes.of(*series) for series in own} == own
    assert changes.of("stack", "bay/dual") == (
        f"nothing of its own, only what is learnt of and shared with the whole portfolio: {second}; {first}"
    )


def test_the_largest_are_named_and_the_others_counted() -> None:
    """A page of small leases would hide the one that counts."""
    before = small(16)
    after = replace(before, leases=before.leases.assign(end_date=quarter_end(9), tenant_name="Another name"))
    parts = told(before, after).split("; ")
    assert [part.split()[1] for part in parts[:-1]] == [f"L{at}" for at in range(15, 15 - MOST_NAMED, -1)]
    assert parts[-1] == "and 6 more leases"
    renamed = replace(before, leases=before.leases.assign(tenant_name="Another name"))
    last = changed(renamed, 0, sector="telecom")
    assert told(before, last).startswith("lease L0 (1 MW at F1): ")


@settings(deadline=None)
@given(at=st.integers(0, 3), column=st.sampled_from(LEASE_COLUMNS[1:]))
def test_any_difference_is_a_difference(at: int, column: str) -> None:
    """What `same` overlooked would be laid to the model; what the words overlooked would be a change without a name."""
    others = {
        "mw": 9.5, "monthly_rent_hkd_per_kw": 1.0, "stack_weight_mainland": 0.5, "commenced": False, "facility_id": "F3"
    }  # fmt: skip
    other = others.get(column, quarter_end(-3) if column.endswith("_date") else "other")
    before = small()
    after = changed(before, at, **{column: other})
    assert same(before, small())
    assert not same(before, after)
    assert f"lease L{at} " in told(before, after)


def test_another_date_alone_is_a_difference() -> None:
    """Time that passes moves a forecast whose rows stay as they are."""
    later = replace(small(), as_of=quarter_end(1))
    assert not same(small(), later)
    assert told(small(), later) == "rent roll of 2024-06-30 -> 2024-09-30"
