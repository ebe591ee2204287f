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


def test_an_unknown_portfolio_is_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A wrong name must not look like an empty portfolio."""
    with pytest.raises(KeyError, match="nowhere"):
        read_portfolio(warehouse, "nowhere")
