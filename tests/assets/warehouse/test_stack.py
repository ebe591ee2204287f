"""Stack shares follow dated evidence by a fixed rule: they sum to 1, no order matters, unknown is a class."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_cases import REPOSITORY

from assets.reports.operators import Layouts
from assets.warehouse.history import build_history
from assets.warehouse.ledger import LedgerError, assumed, load_ledger
from assets.warehouse.stack import CLASSES, STRENGTHS, StackRules, stack_shares

RULES = StackRules({"weak": 0.2, "moderate": 0.6, "strong": 0.85}, 4.0, 0.5)
AS_OF = date(2026, 6, 30)
SITE = pd.DataFrame([{"facility_id": "HK01", "operator": "Alpha", "capacity_mw": 10.0, "jurisdiction": ""}])


def statement(points_to: str, strength: str = "moderate", when: date = AS_OF, **about: Any) -> dict[str, Any]:
    return {"facility_id": "HK01", "evidence_date": when, "points_to": points_to, "strength": strength, **about}


def shares(rows: list[dict[str, Any]], facilities: pd.DataFrame = SITE, **more: Any) -> dict[str, dict[str, Any]]:
    columns = ["facility_id", "evidence_date", "points_to", "strength"]
    frame = stack_shares(pd.DataFrame(rows, columns=None if rows else columns), facilities, AS_OF, RULES, **more)
    return {f"{row['level']}:{row['series_id']}": row for row in frame.to_dict("records")}


def four(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(round(row[f"{name}_share"], 9) for name in (*CLASSES, "unknown"))


evidence = st.lists(
    st.builds(
        statement,
        st.sampled_from(CLASSES),
        st.sampled_from(STRENGTHS),
        st.dates(date(2019, 1, 1), date(2027, 12, 31)),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(evidence, st.randoms(use_true_random=False))
def test_shares_sum_to_one_lie_between_and_do_not_depend_on_order(rows: list[dict[str, Any]], random: Any) -> None:
    first = shares(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert shares(shuffled) == first
    for row in first.values():
        parts = [row[f"{name}_share"] for name in (*CLASSES, "unknown")]
        assert sum(parts) == pytest.approx(1, abs=1e-12)
        assert all(0 <= part <= 1 for part in parts)
        assert row["evidence_count"] == sum(item["evidence_date"] <= AS_OF for item in rows)


def test_without_evidence_everything_is_unknown() -> None:
    found = shares([])
    assert four(found["facility:HK01"]) == (0, 0, 0, 1)
    assert found["facility:HK01"]["grade"] == "none"


def test_evidence_of_tomorrow_does_not_count() -> None:
    assert four(shares([statement("us", when=AS_OF + timedelta(days=1))])["facility:HK01"]) == (0, 0, 0, 1)


def test_stronger_repeated_and_recent_statements_weigh_more() -> None:
    def us(rows: list[dict[str, Any]]) -> float:
        return float(shares(rows)["facility:HK01"]["us_share"])

    assert us([statement("us", "weak")]) < us([statement("us")]) < us([statement("us", "strong")])
    assert us([statement("us")]) < us([statement("us"), statement("us", when=AS_OF - timedelta(days=9))])
    old = AS_OF - timedelta(days=1461)
    assert us([statement("us", when=old)]) == pytest.approx(0.3, abs=1e-3)


def test_conflict_goes_to_dual_and_unknown_and_never_to_a_side() -> None:
    found = shares([statement("us"), statement("mainland")])["facility:HK01"]
    assert four(found) == (0.24, 0.24, 0.18, 0.34)


def test_hong_kong_alone_decides_nothing_and_neither_does_an_owner(warehouse: duckdb.DuckDBPyConnection) -> None:
    bundled = warehouse.execute("SELECT * FROM stack_evidence").df()
    sites = pd.DataFrame(
        [
            {"facility_id": "a", "operator": "China Mainland Telecom", "jurisdiction": "hong kong", "capacity": 1.0},
            {"facility_id": "b", "operator": "American Data", "jurisdiction": "hong kong", "capacity": 1.0},
            {"facility_id": "c", "operator": "American Data", "jurisdiction": "mainland", "capacity": 1.0},
            {"facility_id": "d", "operator": "China Mainland Telecom", "jurisdiction": "us", "capacity": 1.0},
            {"facility_id": "e", "operator": "China Mainland Telecom", "jurisdiction": "singapore", "capacity": 1.0},
        ]
    )
    frame = stack_shares(bundled, sites, AS_OF, StackRules.from_assumptions(assumed(warehouse)))
    by_id = {row["series_id"]: row for row in frame[frame["level"] == "facility"].to_dict("records")}
    assert four(by_id["a"]) == four(by_id["b"]) == four(by_id["e"]) == (0, 0, 0, 1)
    assert by_id["c"]["mainland_share"] >= 0.5
    assert by_id["c"]["grade"] == "estimated"
    assert four(by_id["d"]) == (0, 0.5, 0, 0.5)


def test_rules_of_a_jurisdiction_do_not_fade_and_statements_about_sites_do() -> None:
    old = date(2020, 12, 23)
    rule = {"facility_id": None, "jurisdiction": "mainland"}
    site = pd.DataFrame([{"facility_id": "x", "operator": "A", "jurisdiction": "mainland", "capacity": 1.0}])
    assert four(shares([statement("mainland", when=old, **rule)], site)["facility:x"])[0] == 0.6


def test_an_operator_is_the_capacity_weighted_mean_and_what_sites_do_not_cover_stays_unknown() -> None:
    sites = pd.DataFrame(
        [
            {"facility_id": "x", "operator": "A", "jurisdiction": "us", "capacity": 30.0},
            {"facility_id": "y", "operator": "A", "jurisdiction": "", "capacity": 10.0},
        ]
    )
    rows = [statement("us", facility_id=None, jurisdiction="us")]
    assert four(shares(rows, sites)["operator:a"]) == (0, 0.45, 0, 0.55)
    assert four(shares(rows, sites, portfolios={"A": 80.0})["operator:a"]) == (0, 0.225, 0, 0.775)
    mapped = shares(rows, sites.head(0), jurisdictions={"A": {"us": 0.5, "singapore": 0.5}})
    assert four(mapped["operator:a"]) == (0, 0.3, 0, 0.7)
    as_assumed = shares(rows, sites.head(0), jurisdictions={"A": {"us": 1.0}}, mapped_provenance={"A": "assumed"})
    assert as_assumed["operator:a"]["grade"] == "assumed"


def test_an_unknown_class_or_strength_is_refused_with_its_row() -> None:
    with pytest.raises(ValueError, match="row 2: points_to 'chinese'"):
        shares([statement("us"), statement("chinese")])


@pytest.mark.parametrize("folder", ["rent_roll", "worlds/world_01", "worlds/world_04"])
def test_delivered_files_of_a_rent_roll_work_as_they_are(folder: str) -> None:
    path = REPOSITORY / ".." / "shared" / folder
    if not path.exists():
        pytest.skip("the delivered sample files are not here")
    facilities = pd.read_csv(path / "facilities.csv")
    frame = stack_shares(pd.read_csv(path / "stack_evidence.csv"), facilities, AS_OF, RULES)
    parts = frame[[f"{name}_share" for name in (*CLASSES, "unknown")]]
    assert (parts.sum(axis=1) - 1).abs().max() < 1e-12
    assert (frame["level"] == "facility").sum() == len(facilities)
    assert frame.loc[frame["level"] == "facility", "unknown_share"].between(0.02, 1).all()


def test_bundled_evidence_names_real_claims_and_a_wrong_one_is_refused(
    warehouse: duckdb.DuckDBPyConnection, layouts: Layouts, tmp_path: Path
) -> None:
    orphans = warehouse.execute(
        "SELECT claim_id FROM stack_evidence WHERE claim_id NOT IN (SELECT claim_id FROM claims)"
        " UNION ALL SELECT basis FROM assumptions WHERE basis NOT IN ('design', 'analyst_prior')"
        " AND basis NOT IN (SELECT claim_id FROM claims)"
    ).fetchall()
    assert orphans == []
    for name in ("ledger", "stack"):
        (tmp_path / name).mkdir()
        for source in (REPOSITORY / "data" / name).glob("*.csv"):
            (tmp_path / name / source.name).write_bytes(source.read_bytes())
    evidence_file = tmp_path / "stack" / "stack_evidence.csv"
    evidence_file.write_text(evidence_file.read_text().replace(",C17,", ",C99,"))
    with pytest.raises(LedgerError, match=r"C99.*not in claims\.csv"):
        load_ledger(warehouse, layouts, tmp_path)


def test_the_jurisdiction_rows_of_the_ledger_say_what_the_rule_does(warehouse: duckdb.DuckDBPyConnection) -> None:
    values = assumed(warehouse)
    assert values["stack.jurisdiction.mainland"] == values["stack.jurisdiction.us"] == values["stack.weight.moderate"]
    strengths = dict(
        warehouse.execute("SELECT jurisdiction, max(strength) FROM stack_evidence WHERE claim_id IN ('C06', 'C08')"
                          " GROUP BY jurisdiction").fetchall()
    )  # fmt: skip
    assert strengths == {"mainland": "moderate", "us": "moderate"}
    assert "hong kong" not in strengths


def test_a_segment_abroad_does_not_inherit_the_class_of_its_group(
    load_rows: Callable[..., Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    row = {"operator": "GDS Holdings", "period_end": "2025-06-30", "metric": "capacity_in_service", "unit": "sqm"}
    load_rows(
        [
            {**row, "value": 600_000.0},
            {**row, "value": 50_000.0, "scope": "International segment (GDSI / DayOne)"},
        ]
    )
    build_history(warehouse, AS_OF)
    found = dict(
        warehouse.execute("SELECT series_id, stack FROM occupancy_history WHERE level = 'operator'").fetchall()
    )
    assert found == {
        "gds-holdings/group/sqm": "mainland",
        "gds-holdings/international-segment-gdsi-dayone/sqm": "unknown",
    }
