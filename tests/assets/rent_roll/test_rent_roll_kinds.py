"""Header rows are recognised in any wording, and what is no rent roll is not."""

from __future__ import annotations

from itertools import permutations

import pytest

from assets.rent_roll.codes import code_of, options_of
from assets.rent_roll.kinds import KINDS, kind_of, power_columns, recognise, required_columns, unit_divisor
from assets.rent_roll.tables import COLUMNS
from expectations import rent_roll as rules
from forecasts.leases import portfolio


@pytest.mark.parametrize("kind", KINDS)
def test_the_portfolios_own_names_are_each_their_kind(kind: str) -> None:
    """The documented columns must read without any synonym."""
    header = recognise([COLUMNS[kind]])
    assert header is not None
    assert header.kind == kind
    assert set(header.columns) == set(COLUMNS[kind])
    assert all(
        header.columns[name].divisor == 1 for name in power_columns(kind) if name.endswith("_mw") or name == "mw"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_without_a_required_column_is_none(kind: str) -> None:
    """A report's table that lacks one column must not pass for a rent roll."""
    for group in required_columns(kind):
        assert kind_of([name for name in COLUMNS[kind] if name not in group]) != kind


def test_synonyms_of_leases_in_any_order() -> None:
    """Schedules differ in words and order; both must not matter."""
    words = ("Lessee", "Site Code", "Contracted (kW)", "From", "Expiry Date")
    for header in permutations(words):
        found = recognise([header])
        assert found is not None
        assert found.kind == "leases"
        assert {name: header[meaning.position] for name, meaning in found.columns.items()} == {
            "tenant_name": "Lessee", "facility_id": "Site Code", "mw": "Contracted (kW)", "start_date": "From",
            "end_date": "Expiry Date",
        }  # fmt: skip
        assert found.columns["mw"].divisor == 1000


def test_the_date_of_a_break_is_not_that_of_the_lease() -> None:
    """'To' below 'Break option' is another date than 'To' below 'Lease'."""
    upper = ["", "", "", "Lease", "Lease", "Break option", "Break option"]
    lower = ["Tenant", "Property code", "kW", "From", "To", "From", "To"]
    found = recognise([upper, lower])
    assert found is not None
    assert (found.columns["start_date"].position, found.columns["end_date"].position) == (3, 4)
    assert set(found.others) == {5, 6}
    assert not found.conflicts


def test_rent_start_is_the_commencement_and_lease_start_the_contract() -> None:
    """The two dates differ by the fit-out; mixing them up moves every commencement."""
    found = recognise([["Property", "Tenant", "MW", "Lease Start", "Rent Start", "Lease End"]])
    assert found is not None
    assert found.columns["start_date"].text == "Lease Start"
    assert found.columns["commencement_date"].text == "Rent Start"


def test_a_rent_per_kw_is_no_capacity() -> None:
    """'HKD / kW pcm' holds the word kW and must not be read as power."""
    found = recognise([["Property", "HKD / kW pcm", "Start", "End", "Power (MW)", "HK$ per kW p.a."]])
    assert found is not None
    assert found.columns["mw"].text == "Power (MW)"
    assert "monthly_rent_hkd_per_kw" in found.conflicts


def test_two_columns_for_one_thing_are_a_conflict() -> None:
    """Choosing one of two would be a guess."""
    found = recognise([["Property", "kW", "Start", "Lease End", "Expiry"]])
    assert found is not None
    assert {meaning.text for meaning in found.conflicts["end_date"]} == {"Lease End", "Expiry"}


def test_headers_of_reports_are_none() -> None:
    """An operator's figures must go on being read as figures."""
    for header in (
        ["operator", "facility", "market", "period_end", "metric", "value", "unit"],
        ["", "1Q26", "2Q26", "3Q26"],
        ["Data centre", "Capacity (MW)", "Utilisation rate"],
        ["Tenant", "% of rent", "Lease expiry"],
    ):
        assert kind_of(header) is None


def test_units() -> None:
    """kVA is not kW, and a header that names both tells nothing."""
    assert [unit_divisor(text) for text in ("Power (kW)", "MW", "kVA", "kW / MW", "")] == [1000, 1, None, None, None]


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("sector", "State Linked", "state_linked"),
        ("sector", "Sme", "sme"),
        ("sensitivity_tier", "RESTRICTED", "restricted"),
        ("stack", "PRC", "mainland"),
        ("stack", "n/k", "unknown"),
        ("stack", "", "unknown"),
        ("stack", "Both", "dual"),
        ("stack", "Martian", None),
        ("sector", "-", "unknown"),
    ],
)
def test_codes_of_other_lists(column: str, text: str, code: str | None) -> None:
    """Each list in use must come to the portfolio's codes, and an unlisted word to none."""
    assert code_of(column, text) == code


def test_a_legend_explains_a_code_only_where_it_is_clear() -> None:
    """The workbook's own legend may say what M means; where it could mean two things nobody knows."""
    legend = {"m": "mainland technology stack", "x": "mainland and US technology", "q": "whatever"}
    assert code_of("stack", "M", legend) == "mainland"
    assert code_of("stack", "q", legend) is None


@pytest.mark.parametrize(
    ("text", "options"),
    [("2x5y", "2x5y"), ("2 x 5 years", "2x5y"), ("5+5", "2x5y"), ("3 yrs", "1x3y"), ("-", "none"), ("None", "none"),
     ("by agreement", None), ("5+3", None), (None, None)],
)  # fmt: skip
def test_options(text: str | None, options: str | None) -> None:
    """Options are text in every schedule; what is not plainly so many of so many years is not taken."""
    assert options_of(text) == options


def test_rules_and_portfolio_have_the_same_codes() -> None:
    """expectations/ may not import the portfolio, so its codes are a copy that must stay one."""
    assert (rules.SECTORS, rules.TIERS, rules.STACKS, rules.STRENGTHS) == (
        portfolio.SECTORS, portfolio.TIERS, portfolio.STACKS, portfolio.STRENGTHS,
    )  # fmt: skip
    for column, codes in (
        ("sector", portfolio.SECTORS), ("sensitivity_tier", portfolio.TIERS), ("stack", portfolio.STACKS),
        ("strength", portfolio.STRENGTHS),
    ):  # fmt: skip
        assert [code_of(column, code) for code in codes] == list(codes)
