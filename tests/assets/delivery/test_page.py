"""The page must stand alone, lead every number to its evidence, and run nothing that a document says."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse

import duckdb
import pytest
from delivery_case import Published
from lxml import html

from assets.delivery.page import write_page

SECTIONS = [
    *("changes", "stacks", "leases", "absorption", "operators", "markets", "sites", "forecasts", "breach", "accuracy"),
    *("disagreements", "claims", "documents", "quarantine", "evidence"),
]
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest"}
MOST_BYTES = 3_000_000


def tree(at: Published) -> html.HtmlElement:
    return html.fromstring(at.page.read_text(encoding="utf-8"))


def english(element: html.HtmlElement) -> str:
    """The words an English reader sees."""
    copy = html.fromstring(html.tostring(element))
    for node in copy.xpath(".//x-zh | .//*[@class='zh']"):
        node.drop_tree()
    return " ".join(" ".join(copy.itertext()).split())


def test_every_link_inside_the_page_has_its_target(complete: Published) -> None:
    """A number whose evidence is not there is a number without source."""
    page = tree(complete)
    identifiers = page.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    wanted = {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")}
    assert len(wanted) > 50
    assert wanted - set(identifiers) == set()


def test_every_reference_of_a_label_has_its_target(complete: Published) -> None:
    """A chart labelled by nothing is read aloud as nothing."""
    page = tree(complete)
    identifiers = set(page.xpath("//@id"))
    named = " ".join(page.xpath("//@aria-labelledby | //@aria-describedby | //label/@for")).split()
    assert named
    assert set(named) <= identifiers


def test_numbers_of_the_tables_lead_to_a_quote_and_the_archived_document(published: Published) -> None:
    """From a number to the exact words, and on to the bytes."""
    page = tree(published)
    cell = page.xpath("//section[@id='operators']//tr[th[contains(., 'Alpha Data')]]/td[2]/a")[0]
    row = page.get_element_by_id(cell.get("href")[1:])
    figures = [page.get_element_by_id(link.get("href")[1:]) for link in row.xpath(".//span[@class='to']/a")]
    assert any("capacity utilised" in figure.text_content() and "81 MW" in figure.text_content() for figure in figures)
    assert "100 MW" in figures[0].text_content()
    document = page.get_element_by_id(figures[0].xpath(".//span[@class='src']/a/@href")[0][1:])
    archived = document.xpath(".//a[@download]/@href")[0]
    assert (published.page.parent / unquote(archived)).resolve().is_file()


def test_only_dashes_and_counts_stand_without_a_link(complete: Published) -> None:
    """Every rate and capacity in a table of numbers is a link."""
    page = tree(complete)
    looked = 0
    for section in SECTIONS[:11]:
        for table in page.xpath(f"//section[@id='{section}']//table[not(ancestor::div[@class='card'])]"):
            for cell in table.xpath(".//td[contains(@class, 'r')]"):
                looked += 1
                outside = "".join(cell.xpath("./text() | ./span/text()"))
                assert not re.search(r"\d+\.\d%|\d MW", outside), (section, cell.text_content())
    assert looked > 100


def test_page_loads_nothing_from_anywhere(complete: Published) -> None:
    """The page is opened from disk, behind firewalls and years later."""
    page = tree(complete)
    assert not page.xpath("//link | //iframe | //object | //embed | //base")
    assert not [
        name for element in page.iter() if isinstance(element.tag, str) for name in element.attrib if name in LOADING
    ]
    links = {urlparse(link).scheme for link in page.xpath("//a/@href")}
    assert links == {""}
    styles = " ".join(page.xpath("//style/text()"))
    assert "url(" not in styles
    assert "@import" not in styles
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert "default-src 'none'" in policy
    assert "form-action 'none'" in policy


def test_words_of_documents_never_become_markup(complete: Published) -> None:
    """Documents and rent rolls come from anybody; their words are shown, never run."""
    text = complete.page.read_text(encoding="utf-8")
    page = html.fromstring(text)
    assert len(page.xpath("//script")) == 1
    assert not page.xpath("//img")
    assert not [
        name
        for element in page.iter()
        if isinstance(element.tag, str)
        for name in element.attrib
        if name.startswith("on")
    ]
    assert "\u202e" not in text
    assert "&lt;script&gt;" in text


def test_no_section_is_silently_missing(nothing: Published) -> None:
    """Before the first document each section says that and why it is empty."""
    page = tree(nothing)
    for name in SECTIONS:
        section = page.get_element_by_id(name)
        assert section.xpath(".//table | .//*[@class='none']"), name


def test_unknown_stays_a_class(published: Published) -> None:
    """A class without a reporting operator is said to be empty, not left out."""
    names = [english(cell) for cell in tree(published).xpath("(//section[@id='stacks']//table)[1]//tbody/tr/th")]
    assert names[0] == "Mainland stack"
    assert names[1].startswith("US stack no series")
    assert names[3].startswith("Stack unknown no series")


def test_tables_and_charts_can_be_read_aloud(complete: Published) -> None:
    """Headers carry a scope, tables a caption, charts a caption, and their numbers stand beside them or near."""
    page = tree(complete)
    assert not page.xpath("//th[not(@scope)]")
    assert not page.xpath("//table[not(caption)]")
    charts = page.xpath("//figure/*[local-name()='svg']")
    assert len(charts) > 15
    assert all(chart.get("role") == "img" and chart.get("aria-labelledby") for chart in charts)
    assert all(chart.get("aria-describedby") or chart.xpath("ancestor::div[@class='card']//table") for chart in charts)
    assert page.get("lang") == "en"


def test_headings_go_down_one_level_at_a_time(complete: Published) -> None:
    """Who reads by headings loses the way where a level is left out."""
    levels = [
        int(node.tag[1]) for node in tree(complete).xpath("//header//h1 | //main//*[self::h2 or self::h3 or self::h4]")
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_axes_name_metric_and_basis(published: Published) -> None:
    """A rate without its division is the commonest misreading."""
    assert "Occupancy (billed or used / in service)" in english(tree(published).get_element_by_id("forecasts"))


def test_assumed_rows_say_so(published: Published) -> None:
    """An assumption sold as a fact is never forgiven."""
    row = tree(published).xpath("//section[@id='sites']//tr[th[contains(., 'Beta Site 1')]]")[0]
    assert "assumed" in english(row)


def test_page_is_replaced_whole_and_small(nothing: Published, complete: Published, tmp_path: Path) -> None:
    """A reader sees the old page or the new one; nothing unfinished stays behind."""
    out = tmp_path / "index.html"
    out.write_text("old", encoding="utf-8")
    assert write_page(nothing.database, out, None) == out
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.glob("*index*")] == ["index.html"]
    assert complete.page.stat().st_size < MOST_BYTES


def test_page_without_an_archive_says_so(published: Published, tmp_path: Path) -> None:
    """A link that leads nowhere is worse than a word."""
    page = html.fromstring(write_page(published.database, tmp_path / "p.html", None).read_text(encoding="utf-8"))
    assert not page.xpath("//a[@download]")
    assert "not in the archive folder" in page.get_element_by_id("documents").text_content()


def test_same_database_gives_the_same_page(complete: Published, tmp_path: Path) -> None:
    """A page that changes by itself cannot be compared with yesterday's."""
    again = write_page(complete.database, tmp_path / "reports" / "index.html", None)
    once_more = write_page(complete.database, tmp_path / "reports" / "other.html", None)
    assert again.read_bytes() == once_more.read_bytes()


def test_missing_tables_are_named(tmp_path: Path) -> None:
    """A foreign database file ends in a sentence, not in a query error."""
    path = tmp_path / "other.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(KeyError, match=r"documents.*missing"):
        write_page(path, tmp_path / "index.html", None)


def test_series_that_ended_stand_apart(published: Published) -> None:
    """A value of 2012 among those of today would read as today's."""
    page = tree(published)
    assert page.xpath("//section[@id='operators']/details//th[contains(., 'Beta REIT, old')]")
    assert not page.xpath("//section[@id='operators']/div//th[contains(., 'Beta REIT, old')]")


def test_sums_name_their_members_and_what_they_were_filled_from(published: Published) -> None:
    """A sum without members cannot be checked."""
    page = tree(published)
    row = page.xpath("//section[@id='stacks']//tr[th[contains(., 'All reporting operators')]]/td[2]/a/@href")[0]
    entry = page.get_element_by_id(row[1:])
    assert "assumed 100.0%" in english(entry)
    assert "observed in part: 2025-12-31" in english(entry)
    members = [link for link in entry.xpath(".//a") if "Alpha Data" in link.text_content()]
    assert members
    assert "capacity utilised" in page.get_element_by_id(members[0].get("href")[1:]).text_content()


def test_sources_that_are_claims_lead_to_the_ledger(published: Published) -> None:
    """Half of what sources say about Hong Kong stands in the ledger alone."""
    links = tree(published).xpath("//section[@id='disagreements']//tbody//a/@href")
    assert "#claim-C09" in links
    assert any(link.startswith("#e-") for link in links)


def test_what_is_left_out_is_counted(published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list may be cut, never silently, and never so that evidence loses its document."""
    monkeypatch.setattr("assets.delivery.sections.leagues.MOST_SERIES", 1)
    monkeypatch.setattr("assets.delivery.sections.documents.MOST_DOCUMENTS", 1)
    page = html.fromstring(write_page(published.database, tmp_path / "p.html", None).read_text(encoding="utf-8"))
    assert "2 further series" in page.get_element_by_id("operators").text_content()
    identifiers = set(page.xpath("//@id"))
    assert {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")} <= identifiers


def test_rows_and_charts_say_what_they_are_about(complete: Published) -> None:
    """Filters go by these; a row without them would stay whatever is chosen."""
    page = tree(complete)
    row = page.xpath("//section[@id='operators']//tr[th[contains(., 'Alpha Data')]]")[0]
    assert (row.get("data-o"), row.get("data-s")) == ("alpha-data-fictitious", "mainland unknown")
    cards = page.xpath("//section[@id='forecasts' or @id='stacks']//div[@class='card']")
    assert cards
    assert all(card.get("data-o") for card in cards)
    offered = page.xpath("//select[@id='f-o']/option/@value")
    assert "alpha-data-fictitious" in offered
    used = {one for value in page.xpath("//@data-o") for one in value.split()}
    assert used <= set(offered)
