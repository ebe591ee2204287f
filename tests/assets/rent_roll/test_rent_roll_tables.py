"""Typing a table: defaults that are said, rows held back with place and remedy, nothing lost."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rent_roll.problems import PROBLEM_COLUMNS
from assets.rent_roll.tables import COLUMNS, Typed, typed

PLAIN = {
    "lease_id": "T-1", "facility_id": "AA1", "tenant_id": "N1", "tenant_name": "North Bank", "sector": "banking",
    "sensitivity_tier": "internal", "mw": "0.3", "start_date": "2022-07-13", "end_date": "2027-07-12",
    "commencement_date": "2022-08-01", "commenced": "yes", "monthly_rent_hkd_per_kw": "1770", "stack": "dual",
    "stack_weight_mainland": "0.4", "renewal_options": "1x3y", "renewal_of": "",
}  # fmt: skip


def leases(*rows: dict[str, Any], **options: Any) -> Typed:
    text = pd.DataFrame(list(rows))
    return typed("leases", text, "roll.csv", [f"line {row + 2}" for row in range(len(text))], **options)


def test_a_plain_lease_is_typed() -> None:
    """Every column has its type, and the place travels along."""
    found = leases(PLAIN)
    assert list(found.frame) == [*COLUMNS["leases"], "locator"]
    row = found.frame.iloc[0]
    assert (row["mw"], row["stack_weight_mainland"], row["commenced"]) == (0.3, 0.4, True)
    assert row["start_date"] == pd.Timestamp("2022-07-13")
    assert row["locator"] == "line 2"
    assert found.problems.empty
    assert found.remarks == ()


def test_what_may_be_absent_is_filled_and_said() -> None:
    """A default is not an observation: each one is counted in a remark."""
    required = {name: PLAIN[name] for name in ("facility_id", "mw", "commencement_date", "end_date")}
    found = leases(required | {"tenant_name": "North Bank"}, required | {"tenant_name": ""})
    first, second = found.frame.iloc[0], found.frame.iloc[1]
    assert first["lease_id"] == "roll.csv, line 2"
    assert first["tenant_id"] == "North Bank"
    assert second["tenant_id"] != first["tenant_id"]
    assert (first["sector"], first["sensitivity_tier"], first["stack"]) == ("unknown", "unknown", "unknown")
    assert first["stack_weight_mainland"] == 0.5
    assert first["start_date"] == first["commencement_date"] == pd.Timestamp("2022-08-01")
    assert pd.isna(first["commenced"])
    assert pd.isna(first["monthly_rent_hkd_per_kw"])
    assert pd.isna(first["renewal_options"])
    assert first["renewal_of"] == ""
    assert len(found.remarks) == 4


@pytest.mark.parametrize(("stack", "weight"), [("mainland", 1.0), ("us", 0.0), ("dual", 0.5), ("n/k", 0.5)])
def test_the_weight_follows_from_the_stack(stack: str, weight: float) -> None:
    """A schedule without weights still says which stack a lease is on."""
    row = {**PLAIN, "stack": stack, "stack_weight_mainland": ""}
    assert leases(row).frame["stack_weight_mainland"].tolist() == [weight]


@pytest.mark.parametrize(
    ("column", "cell", "rule", "expected"),
    [
        ("sector", "circus", "unknown_code", "government"),
        ("stack", "Martian", "unknown_code", "mainland, us, dual, unknown"),
        ("commenced", "perhaps", "unknown_code", "yes, no"),
        ("mw", "much", "bad_number", "number"),
        ("mw", "", "missing", "mw"),
        ("end_date", "-", "missing", "end_date"),
        ("end_date", "rolling", "bad_date", "2026-06-30"),
        ("start_date", "05/06/2026", "ambiguous_date", "one meaning"),
        ("renewal_options", "by agreement", "bad_option", "2x5y"),
        ("facility_id", " ", "missing", "facility_id"),
    ],
)
def test_a_row_that_cannot_be_taken(column: str, cell: str, rule: str, expected: str) -> None:
    """It is held back with place, column, what was found and expected, a remedy and the whole row; others go on."""
    found = leases({**PLAIN, column: cell}, {**PLAIN, "lease_id": "T-2"})
    assert found.frame["lease_id"].tolist() == ["T-2"]
    assert list(found.problems) == list(PROBLEM_COLUMNS)
    row = found.problems.iloc[0]
    assert (row["rule"], row["file"], row["locator"]) == (rule, "roll.csv", "line 2")
    assert column in row["column"]
    assert cell.strip() in row["found"]
    assert expected in row["expected"]
    assert row["remedy"]
    whole = json.loads(row["row_json"])
    assert whole == {name: text for name, text in {**PLAIN, column: cell.strip()}.items() if text}


def test_several_faults_of_one_row_are_each_named() -> None:
    """A person mends a row once, not once a run."""
    found = leases({**PLAIN, "mw": "much", "stack": "Martian", "end_date": ""})
    assert sorted(found.problems["column"]) == ["end_date", "mw", "stack"]


def test_a_cut_line_is_held_back() -> None:
    """The fields of a line with another count may stand under the wrong header."""
    found = leases(PLAIN, PLAIN, cut=np.array([False, True]))
    assert len(found.frame) == 1
    assert found.problems["rule"].tolist() == ["cut_row"]


def test_kw_and_yearly_rents_are_scaled() -> None:
    """What the header says of the unit holds for the column, what the cell says for the cell."""
    found = leases(
        {**PLAIN, "mw": "350", "monthly_rent_hkd_per_kw": "24000"},
        {**PLAIN, "mw": "0.5 MW", "monthly_rent_hkd_per_kw": "-"},
        divisors={"mw": 1000, "monthly_rent_hkd_per_kw": 12},
    )
    assert found.frame["mw"].tolist() == [0.35, 0.5]
    assert found.frame["monthly_rent_hkd_per_kw"].tolist()[0] == 2000


def test_a_missing_column_is_an_error_with_the_columns_there() -> None:
    """Whoever calls with the wrong table learns what it has."""
    with pytest.raises(ValueError, match="needs a column end_date"):
        leases({name: cell for name, cell in PLAIN.items() if name != "end_date"})


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "facility_id": st.sampled_from(["A", "", None]),
                "mw": st.sampled_from(["1", "x", "", "-2", None, 0.5]),
                "start_date": st.sampled_from(["2026-01-01", "01/02/2026", "13/02/2026", "", 46000]),
                "end_date": st.sampled_from(["2026-12-31", "soon", ""]),
                "stack": st.sampled_from(["us", "??", "", "PRC"]),
            }
        ),
        max_size=12,
    )
)
def test_every_row_is_taken_or_explained(rows: list[dict[str, Any]]) -> None:
    """No row is ever lost, and none is both taken and held back."""
    text = pd.DataFrame(rows, columns=["facility_id", "mw", "start_date", "end_date", "stack"], dtype=object)
    places = [f"line {row}" for row in range(len(rows))]
    found = typed("leases", text, "f.csv", places)
    taken, held = set(found.frame["locator"]), set(found.problems["locator"])
    assert taken | held == set(places)
    assert not taken & held


def test_text_and_categories_are_typed_alike() -> None:
    """Files come as categories, sheets as objects; the rows must not differ."""
    text = pd.DataFrame([PLAIN, {**PLAIN, "lease_id": "T-2", "sector": "circus"}])
    places = ["line 2", "line 3"]
    plain, categories = typed("leases", text, "f", places), typed("leases", text.astype("category"), "f", places)
    pd.testing.assert_frame_equal(plain.frame, categories.frame)
    pd.testing.assert_frame_equal(plain.problems, categories.problems)
