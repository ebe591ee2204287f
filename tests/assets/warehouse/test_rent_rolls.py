"""Rent rolls in the warehouse: what goes in comes out again, under keys of its portfolio, and the views answer."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from assets.rent_roll.judging import JudgedPortfolio
from assets.rent_roll.tables import typed
from assets.warehouse.rent_rolls import load_rent_rolls, read_portfolio

AS_OF = pd.Timestamp("2025-06-30")
ROWS = {
    "facilities": [
        {"facility_id": "AA1", "operator": "Harbour Halls", "name": "North", "market": "Hong Kong",
         "capacity_mw": "10"},
        {"facility_id": "BB2", "operator": "Harbour Halls", "name": "South", "market": "Hong Kong",
         "capacity_mw": "5"},
    ],
    "leases": [
        {"lease_id": "L1", "facility_id": "AA1", "tenant_id": "T1", "tenant_name": "Bank", "sector": "banking",
         "sensitivity_tier": "internal", "mw": "6", "start_date": "2022-01-01", "end_date": "2026-12-31",
         "commencement_date": "2022-01-01", "commenced": "yes", "stack": "us"},
        {"lease_id": "L2", "facility_id": "AA1", "tenant_id": "T2", "tenant_name": "Bureau", "sector": "government",
         "sensitivity_tier": "restricted", "mw": "1", "start_date": "2021-04-01", "end_date": "2025-06-30",
         "commencement_date": "2021-04-01", "commenced": "yes", "stack": "mainland"},
        {"lease_id": "L3", "facility_id": "BB2", "tenant_id": "T1", "tenant_name": "Bank", "sector": "banking",
         "sensitivity_tier": "internal", "mw": "3", "start_date": "2020-01-01", "end_date": "2025-03-31",
         "commencement_date": "2020-01-01", "commenced": "yes", "stack": "us"},
    ],
    "evidence": [
        {"facility_id": "AA1", "evidence_date": "2025-01-31", "points_to": "mainland", "strength": "strong",
         "statement": "A notice.", "source": "a page"},
    ],
    "history": [
        {"facility_id": "AA1", "quarter_end": "2025-06-30", "in_service_mw": "10", "leased_mw": "7",
         "utilised_mw": "5"},
        {"facility_id": "BB2", "quarter_end": "2025-06-30", "in_service_mw": "5", "leased_mw": "0",
         "utilised_mw": "0"},
    ],
    "deliveries": [{"facility_id": "BB2", "planned_date": "2026-01-01", "mw": "2"}],
}  # fmt: skip


def judged(illustrative: bool = False) -> JudgedPortfolio:
    frames = {}
    for kind, rows in ROWS.items():
        places = [f"row {at}" for at in range(2, len(rows) + 2)]
        frames[kind] = typed(kind, pd.DataFrame(rows, dtype=object), "roll.csv", places).frame.assign(
            document_id="d" * 16
        )
        assert len(frames[kind]) == len(rows), kind
    return JudgedPortfolio(frames, AS_OF, illustrative)


def test_a_portfolio_comes_out_as_it_went_in(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The simulation must see what the rent roll says, under ids that begin with the portfolio."""
    assert load_rent_rolls(warehouse, {"harbour": judged()}) == 3
    found = read_portfolio(warehouse, "harbour")
    assert found.as_of == AS_OF
    assert found.facilities["facility_id"].tolist() == ["harbour/AA1", "harbour/BB2"]
    assert found.leases["mw"].tolist() == [6.0, 1.0, 3.0]
    assert found.leases["renewal_of"].tolist() == ["", "", ""]
    assert found.history["in_service_mw"].sum() == 15
    assert found.deliveries["planned_date"].tolist() == [pd.Timestamp("2026-01-01")]
    assert found.evidence["points_to"].tolist() == ["mainland"]


def test_every_column_is_read_back_equal(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A column that the warehouse forgets or bends would change the simulation without a word."""
    load_rent_rolls(warehouse, {"harbour": judged()})
    found = read_portfolio(warehouse, "harbour")
    for kind in ROWS:
        frame, given = getattr(found, kind), judged().frames[kind]
        given = given.assign(facility_id="harbour/" + given["facility_id"].astype(str))[list(frame.columns)]
        for column in frame.columns:
            ours, theirs = frame[column], given[column]
            if column == "renewal_of":
                theirs = theirs.fillna("")
            assert ours.isna().tolist() == theirs.isna().tolist(), (kind, column)
            assert ours.dropna().tolist() == theirs.dropna().tolist(), (kind, column)


def test_two_portfolios_may_have_the_same_ids_and_loading_again_changes_nothing(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Ids are a rent roll's own; a second load of the same rows leaves the same tables."""
    both = {"harbour": judged(), "other": judged(illustrative=True)}
    tables = ("portfolios", "leases", "portfolio_history", "deliveries", "facilities", "stack_evidence")
    load_rent_rolls(warehouse, both)
    before = {name: warehouse.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in tables}
    load_rent_rolls(warehouse, both)
    assert before == {name: warehouse.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in tables}
    assert warehouse.execute("SELECT DISTINCT provenance FROM leases WHERE portfolio = 'other'").fetchall() == [
        ("assumed",)
    ]
    load_rent_rolls(warehouse, {"harbour": judged()})
    assert warehouse.execute("SELECT count(*) FROM leases WHERE portfolio = 'other'").fetchall() == [(0,)]


def test_the_views_answer_from_the_leases_in_place(warehouse: duckdb.DuckDBPyConnection) -> None:
    """L3 has ended; L1 (us) stands in a hall with strong evidence for mainland and nothing else."""
    load_rent_rolls(warehouse, {"harbour": judged()})
    warehouse.execute(
        "INSERT INTO stack_shares VALUES ('facility', 'harbour/AA1', DATE '2025-06-30', 0.7, 0, 0, 0.3, 'observed', 1)"
    )
    assert warehouse.execute("SELECT lease_id FROM leases_in_place ORDER BY 1").fetchall() == [("L1",), ("L2",)]
    top = warehouse.execute(
        "SELECT tenant_id, mw, share_of_leased FROM tenant_concentration WHERE level = 'total' AND rank = 1"
    ).fetchall()
    assert top == [("T1", 6.0, pytest.approx(6 / 7))]
    assert warehouse.execute("SELECT lease_id, fit FROM stack_mismatches").fetchall() == [("L1", 0.0)]
    known = dict(warehouse.execute("SELECT stack, in_service_mw FROM portfolio_stack_evidence").fetchall())
    # AA1 has 3 MW vacant (70 % mainland by evidence), BB2 has 5 of which nothing is known.
    assert known == {"us": 6.0, "mainland": pytest.approx(1 + 2.1), "unknown": pytest.approx(0.9 + 5)}


def test_views_keep_portfolios_apart(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The same ids in two rent rolls: no lease of one may be counted in the other."""
    load_rent_rolls(warehouse, {"harbour": judged(), "other": judged(illustrative=True)})
    rows = warehouse.execute(
        "SELECT portfolio, level, rank, tenant_id, mw, cumulative_share FROM tenant_concentration ORDER BY ALL"
    ).fetchall()
    assert rows == [
        (name, level, rank, tenant, mw, pytest.approx(share))
        for name in ("harbour", "other") for level in ("operator", "total")
        for rank, tenant, mw, share in ((1, "T1", 6.0, 6 / 7), (2, "T2", 1.0, 1.0))
    ]  # fmt: skip
    marks = warehouse.execute("SELECT DISTINCT portfolio, illustrative FROM leases_in_place ORDER BY 1").fetchall()
    assert marks == [("harbour", False), ("other", True)]


def test_a_mismatch_says_how_much_is_known_and_until_when(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Of AA1 half is known, a fifth of that US or dual: L1 (us) fits badly, L2 (mainland) well."""
    load_rent_rolls(warehouse, {"harbour": judged()})
    share = "INSERT INTO stack_shares VALUES ('facility', 'harbour/AA1', DATE '2025-06-30', ?, ?, ?, ?, 'observed', 1)"
    warehouse.execute(share, [0.4, 0.05, 0.05, 0.5])
    rows = warehouse.execute("SELECT lease_id, fit, known_share, quarters_to_expiry FROM stack_mismatches").fetchall()
    # 2025-06-30 to 2026-12-31 are six quarters.
    assert rows == [("L1", pytest.approx(0.2), pytest.approx(0.5), 6)]
    warehouse.execute("DELETE FROM stack_shares")
    warehouse.execute(share, [0.2, 0.0, 0.0, 0.8])
    # Too little is known to call anything a mismatch.
    assert warehouse.execute("SELECT count(*) FROM stack_mismatches").fetchall() == [(0,)]


def test_shares_of_evidence_add_up(warehouse: duckdb.DuckDBPyConnection) -> None:
    """What is observed, estimated and assumed of a stack is all of it; mainland has 1 MW let and 2.1 by evidence."""
    load_rent_rolls(warehouse, {"harbour": judged()})
    warehouse.execute(
        "INSERT INTO stack_shares VALUES ('facility', 'harbour/AA1', DATE '2025-06-30', 0.7, 0, 0, 0.3, 'observed', 1)"
    )
    rows = warehouse.execute(
        "SELECT stack, observed_share, estimated_share, assumed_share FROM portfolio_stack_evidence ORDER BY 1"
    ).fetchall()
    assert rows == [
        ("mainland", pytest.approx(1 / 3.1), pytest.approx(2.1 / 3.1), 0.0), ("unknown", 0.0, 0.0, 1.0),
        ("us", 1.0, 0.0, 0.0),
    ]  # fmt: skip
    total = warehouse.execute("SELECT sum(in_service_mw) FROM portfolio_stack_evidence").fetchall()
    assert total == [(pytest.approx(15.0),)]


def test_an_unknown_portfolio_is_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A wrong name must not look like an empty portfolio."""
    with pytest.raises(KeyError, match="nowhere"):
        read_portfolio(warehouse, "nowhere")
