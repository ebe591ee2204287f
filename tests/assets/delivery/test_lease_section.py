"""The section on leases: invented figures are marked, numbers have a target, reported sections stay their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from delivery_case import Published, empty, full
from lease_case import insert, lease_tables, scenario_tables
from lxml import html

from assets.delivery.page import write_page

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>\u202e'


def rendered(at: Published) -> html.HtmlElement:
    return html.fromstring(write_page(at.database, at.page, at.archive).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> html.HtmlElement:
    """The full page with an invented portfolio whose names are hostile."""
    at = full(tmp_path_factory.mktemp("leases"))
    insert(at.database, lease_tables(word=HOSTILE) | scenario_tables(HOSTILE))
    return rendered(at)


def words(element: html.HtmlElement) -> str:
    """The words an English reader sees."""
    copy = html.fromstring(html.tostring(element))
    for node in copy.xpath(".//x-zh | .//*[@class='zh'] | .//*[@class='q faint']"):
        node.drop_tree()
    return " ".join(copy.text_content().split())


def rows_of(page: html.HtmlElement, caption: str) -> list[list[str]]:
    """Cells of the table of the section whose caption begins so."""
    every = page.xpath("//section[@id='leases']//table[caption]")
    table = next(one for one in every if words(one.xpath("./caption")[0]).startswith(caption))
    return [[words(cell) for cell in row.xpath("./th | ./td")] for row in table.xpath("./tbody/tr")]


def test_invented_portfolios_are_marked_in_plain_words(page: html.HtmlElement) -> None:
    """An invented figure taken for a fact is never forgiven."""
    section = page.get_element_by_id("leases")
    assert "illustrative, none of these figures is real" in words(section.xpath("./h2")[0])
    assert [words(badge) for badge in section.xpath(".//*[@class='badge']")] == ["ILLUSTRATIVE"]
    assert "None of these figures is real." in words(section)


def test_real_portfolios_carry_no_such_mark(tmp_path: Path) -> None:
    """A mark on everything marks nothing; of two portfolios only the invented one has it, and real ones come first."""
    at = empty(tmp_path)
    insert(at.database, lease_tables("dock") | scenario_tables())
    insert(at.database, lease_tables("pier", illustrative=False))
    section = rendered(at).get_element_by_id("leases")
    assert words(section.xpath("./h2")[0]) == "Leases"
    assert [words(head) for head in section.xpath("./h3")][:2] == ["Portfolio pier", "Portfolio dock ILLUSTRATIVE"]


def test_every_number_leads_somewhere(page: html.HtmlElement) -> None:
    """A number without a target is a number without source; only counts and dashes may stand alone."""
    identifiers = page.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    section = page.get_element_by_id("leases")
    links = {link[1:] for link in section.xpath(".//a/@href")}
    assert links <= set(identifiers)
    assert {"lease-method", "leases-1-counted", "lease-estimates", "lease-priors", "claim-C09", "assumptions"} <= links
    for cell in section.xpath(".//td[@class='r'][not(ancestor::div[@class='card'])]"):
        assert not re.search(r"\d", "".join(cell.xpath("./text()"))), words(cell)


def test_buildings_that_may_fall_below_are_listed(page: html.HtmlElement) -> None:
    """Question 1: which buildings, and how likely, with what base says beside it."""
    rows = rows_of(page, "Probability that occupancy stands below 70%")
    assert [row[1:] for row in rows] == [
        ["34%", "4%", "70.0%", "65.0%\u201375.0%"],
        ["< 1%", "\u2013", "70.0%", "65.0%\u201375.0%"],
    ]
    assert rows[0][0].startswith("H1, Pier 1")


def test_stacks_show_now_ahead_and_what_is_known(page: html.HtmlElement) -> None:
    """Question 2: occupancy now and in 8 quarters, the band, and how much of it is observed."""
    rows = {row[0]: row[1:] for row in rows_of(page, "Leased MW / in-service MW by stack")}
    assert rows["Mainland stack"][:3] == ["73.5%", "5.0 MW", "6.8 MW"]
    assert rows["Mainland stack"][3:5] == ["75.0%", "70.0%\u201380.0%"]
    assert rows["Mainland stack"][5] == "observed 73.5%, estimated 26.5%"
    assert rows["Stack unknown"][5] == "assumed 100.0%"
    assert rows["all stacks"][:3] == ["75.0%", "15.0 MW", "20.0 MW"]


def test_wale_has_its_change_on_the_quarter(page: html.HtmlElement) -> None:
    """Question 4: by MW and by rent, and how either changed."""
    rows = {row[0]: row[1:] for row in rows_of(page, "Weighted average years")}
    assert rows["all buildings"] == ["3.25", "\u22120.25", "2.75", "\u22120.25"]


def test_backlog_tenants_and_mismatches(page: html.HtmlElement) -> None:
    """Questions 5, 10 and 11, each one look."""
    assert rows_of(page, "Signed and not commenced") == [["all operators", "4.5 MW", "2.5 MW", "1.0 MW"]]
    tenants = rows_of(page, "Tenants by leased MW")
    assert tenants[0][2:] == ["6.0 MW", "40.0%", "40.0%"]
    assert tenants[-1][0] == "T4"
    mismatched = rows_of(page, "Leases on a stack")
    assert [row[0] for row in mismatched] == ["L2"]
    assert mismatched[0][3:] == ["US stack", "2027-09-30", "3.0 MW", "0.0%", "90.0%"]


def test_ban_tells_cost_gain_and_what_moves_next_door(page: html.HtmlElement) -> None:
    """Question 15: a loss to the operator next door is no loss to the market."""
    rows = {row[0]: row[1:] for row in rows_of(page, "Leased MW under hard_ban")}
    assert rows["Harbour One (fictitious)"] == ["8.0 MW", "\u22124.0 MW", "\u22124.0 MW", "0.0 MW", "0.0 MW"]
    assert rows["Harbour Two (fictitious)"] == ["7.0 MW", "+3.0 MW", "0.0 MW", "+3.0 MW", "0.0 MW"]
    assert "75.0% only moves next door" in words(page.get_element_by_id("leases"))


def test_shocks_name_value_range_and_claim(page: html.HtmlElement) -> None:
    """An assumption sold as a fact is never forgiven: each parameter leads to its claim, or says it is a judgement."""
    rows = rows_of(page, "Shocks of hard_ban")
    assert rows[0][:8] == [
        "ban.early_ends", "early end probability", "sector government; stack US", "1 to 4", "0.8", "0.5", "0.95",
        "analyst prior",
    ]  # fmt: skip
    assert rows[1][2:8] == ["everywhere", "2 on, in full from 8", "0.85", "0.6", "1", "C09"]
    estimates = rows_of(page, "Estimates of this portfolio")
    assert estimates[0][:9] == ["renewal: sector government", "0.739", "0.573", "0.857", "0.72", "7", "9", "7", "81%"]


def test_reported_sections_hold_no_row_of_a_portfolio(tmp_path: Path) -> None:
    """An invented building among operators' reports would be read as one of them."""
    plain, mixed = full(tmp_path / "plain"), full(tmp_path / "mixed")
    insert(mixed.database, lease_tables() | scenario_tables())
    pages = [rendered(at) for at in (plain, mixed)]
    for name in ("stacks", "operators", "markets", "sites", "forecasts", "breach", "accuracy", "evidence"):
        before, after = (html.tostring(one.get_element_by_id(name)) for one in pages)
        assert before == after, name


def test_words_of_rent_rolls_never_become_markup(page: html.HtmlElement) -> None:
    """Tenants and buildings are named by whoever sends the file."""
    assert len(page.xpath("//script")) == 1
    assert not page.xpath("//img")
    section = page.get_element_by_id("leases")
    assert "<script>" in section.text_content()
    assert "\u202e" not in section.text_content()


def test_without_a_rent_roll_the_section_says_so(nothing: Published) -> None:
    """No section is silently missing."""
    page: html.HtmlElement = html.fromstring(nothing.page.read_text(encoding="utf-8"))
    section = page.get_element_by_id("leases")
    assert "No rent roll has been received" in words(section)
    assert not section.xpath(".//table | .//figure")


def test_a_rent_roll_without_a_simulation_says_what_is_missing(tmp_path: Path) -> None:
    """A run may stop between loading and simulating: what can be counted is there, what cannot is no zero."""
    at = empty(tmp_path)
    tables = lease_tables()
    insert(at.database, {name: tables[name] for name in ("portfolios", "facilities", "leases", "portfolio_history")})
    section = rendered(at).get_element_by_id("leases")
    said = [words(one) for one in section.xpath(".//*[@class='none']")]
    for sentence in (
        "Contiguous space has not been simulated.", "Scenario gov_no_renewal has not been simulated.",
        "Scenario hard_ban has not been simulated.", "The backlog has not been simulated.",
        "WALE has not been computed.", "No scenario is in force.",
    ):  # fmt: skip
        assert sentence in said
    assert section.xpath(".//table")
    assert [words(one) for one in section.xpath(".//figcaption/strong")] == ["Absorption and supply"]


def test_further_portfolios_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is said."""
    monkeypatch.setattr("assets.delivery.sections.leases.MOST_PORTFOLIOS", 1)
    at = empty(tmp_path)
    insert(at.database, lease_tables("dock") | scenario_tables())
    insert(at.database, lease_tables("pier"))
    section = rendered(at).get_element_by_id("leases")
    assert len(section.xpath(".//*[@class='badge']")) == 1
    assert "1 further portfolios" in words(section)
