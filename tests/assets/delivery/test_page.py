"""The page must stand alone, lead every number to its evidence, and run nothing that a document says."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import duckdb
import pytest
from delivery_case import Published
from lxml import html

from assets.delivery.page import write_page

SECTIONS = [
    *("stacks", "operators", "markets", "sites", "forecasts", "breach", "accuracy"),
    *("disagreements", "claims", "documents", "quarantine", "evidence"),
]
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest"}
MOST_BYTES = 3_000_000
CHROMIUM = Path("/usr/bin/chromium")


def tree(at: Published) -> html.HtmlElement:
    return html.fromstring(at.page.read_text(encoding="utf-8"))


def test_every_link_inside_the_page_has_its_target(published: Published) -> None:
    """A number whose evidence is not there is a number without source."""
    page = tree(published)
    identifiers = page.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    wanted = {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")}
    assert wanted
    assert wanted - set(identifiers) == set()


def test_numbers_of_the_tables_lead_to_a_quote_and_the_archived_document(published: Published) -> None:
    """From a number to the exact words and the bytes: at most two links."""
    page = tree(published)
    cell = page.xpath("//section[@id='operators']//tr[th[contains(., 'Alpha Data')]]/td[2]/a")[0]
    row = page.get_element_by_id(cell.get("href")[1:])
    figures = [page.get_element_by_id(link.get("href")[1:]) for link in row.xpath("./a")]
    assert any("capacity utilised" in figure.text_content() and "81 MW" in figure.text_content() for figure in figures)
    archived = figures[0].xpath(".//a[@download]/@href")[0]
    assert (published.page.parent / unquote(archived)).resolve().is_file()
    assert "100 MW" in figures[0].text_content()


def test_only_dashes_and_counts_stand_without_a_link(published: Published) -> None:
    """Every rate in the league, stack and forecast tables is a link."""
    page = tree(published)
    for section in ("stacks", "operators", "markets", "sites", "forecasts", "breach", "disagreements"):
        for cell in page.xpath(f"//section[@id='{section}']//td[contains(@class, 'r')]"):
            outside = "".join(cell.xpath("./text() | ./span/text()"))
            assert not re.search(r"\d+\.\d%|\d MW", outside), (section, cell.text_content())


def test_page_loads_nothing_from_anywhere(published: Published) -> None:
    """The page is opened from disk, behind firewalls and years later."""
    page = tree(published)
    assert not page.xpath("//link | //iframe | //object | //embed | //base | //form")
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


def test_words_of_documents_never_become_markup(published: Published) -> None:
    """Documents come from anybody; their words are shown, never run."""
    text = published.page.read_text(encoding="utf-8")
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
        assert section.xpath(".//table") or section.xpath(".//*[@class='none']"), name


def test_unknown_stays_a_class(published: Published) -> None:
    """A class without a reporting operator is said to be empty, not left out."""
    page = tree(published)
    names = page.xpath("//section[@id='stacks']//table[1]//tbody/tr/th/text()")
    assert {"Mainland stack", "US stack", "Dual stack", "Stack unknown"} <= set(names)


def test_tables_and_charts_can_be_read_aloud(published: Published) -> None:
    """Headers carry a scope, tables a caption, charts a label and a title."""
    page = tree(published)
    assert not page.xpath("//th[not(@scope)]")
    assert not page.xpath("//table[not(caption)]")
    charts = page.xpath("//figure/*[local-name()='svg']")
    assert charts
    assert all(chart.get("role") == "img" and chart.get("aria-label") for chart in charts)
    assert page.get("lang") == "en-GB"


def test_axes_name_metric_and_basis(published: Published) -> None:
    """A rate without its division is the commonest misreading."""
    text = tree(published).get_element_by_id("forecasts").text_content()
    assert "Occupancy (billed or used / in service)" in text


def test_assumed_rows_say_so(published: Published) -> None:
    """An assumption sold as a fact is never forgiven."""
    row = tree(published).xpath("//section[@id='sites']//tr[th[contains(., 'Beta Site 1')]]")[0]
    assert "assumed" in row.text_content()


def test_page_is_replaced_whole_and_small(nothing: Published, published: Published, tmp_path: Path) -> None:
    """A reader sees the old page or the new one; nothing unfinished stays behind."""
    out = tmp_path / "index.html"
    out.write_text("old", encoding="utf-8")
    assert write_page(nothing.database, out, None) == out
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.glob("*index*")] == ["index.html"]
    assert published.page.stat().st_size < MOST_BYTES


def test_page_without_an_archive_says_so(published: Published, tmp_path: Path) -> None:
    """A link that leads nowhere is worse than a word."""
    page = html.fromstring(write_page(published.database, tmp_path / "p.html", None).read_text(encoding="utf-8"))
    assert not page.xpath("//a[@download]")
    assert "not in the archive folder" in page.get_element_by_id("documents").text_content()


def test_same_database_gives_the_same_page(published: Published, tmp_path: Path) -> None:
    """A page that changes by itself cannot be compared with yesterday's."""
    again = write_page(published.database, tmp_path / "reports" / "index.html", None)
    once_more = write_page(published.database, tmp_path / "reports" / "other.html", None)
    assert again.read_bytes() == once_more.read_bytes()


def test_missing_tables_are_named(tmp_path: Path) -> None:
    """A foreign database file ends in a sentence, not in a query error."""
    path = tmp_path / "other.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(KeyError, match=r"documents.*missing"):
        write_page(path, tmp_path / "index.html", None)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine")
def test_page_works_in_a_browser(published: Published) -> None:
    """Filter, links and policy in a real browser, with no request beyond the file and no message on the console."""
    from playwright.sync_api import sync_playwright

    requests: list[str] = []
    messages: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        tab = browser.new_page()
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: messages.append(message.text))
        tab.on("pageerror", lambda error: messages.append(str(error)))
        tab.goto(published.page.as_uri())
        tab.get_by_label("Filter rows of: Operators", exact=True).fill("beta")
        assert tab.locator("#operators tbody tr:visible").count() == 1
        link = tab.locator("#operators tbody tr:visible a.n").first
        target = link.get_attribute("href")
        link.click()
        assert target is not None
        assert tab.locator(target).is_visible()
        browser.close()
    assert messages == []
    assert [url for url in requests if not url.startswith(published.page.as_uri())] == []


def test_series_that_ended_stand_apart(published: Published) -> None:
    """A value of 2012 among those of today would read as today's."""
    page = tree(published)
    assert page.xpath("//section[@id='operators']/details//th[contains(., 'Beta REIT, old')]")
    assert not page.xpath("//section[@id='operators']/div//th[contains(., 'Beta REIT, old')]")


def test_sums_name_their_members_and_what_they_were_filled_from(published: Published) -> None:
    """A sum without members cannot be checked."""
    page = tree(published)
    row = page.xpath("//section[@id='stacks']//tr[th='All reporting operators']/td[2]/a/@href")[0]
    entry = page.get_element_by_id(row[1:])
    assert "assumed 100.0%" in entry.text_content()
    assert "observed in part: 2025-12-31" in entry.text_content()
    members = [link for link in entry.xpath("./a") if "Alpha Data" in link.text_content()]
    assert members
    assert "capacity utilised" in page.get_element_by_id(members[0].get("href")[1:]).text_content()


def test_sources_that_are_claims_lead_to_the_ledger(published: Published) -> None:
    """Half of what sources say about Hong Kong stands in the ledger alone."""
    links = tree(published).xpath("//section[@id='disagreements']//tbody//a/@href")
    assert "#claim-C09" in links
    assert any(link.startswith("#e-") for link in links)


def test_what_is_left_out_is_counted(published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list may be cut, never silently, and never so that evidence loses its document."""
    for name in ("MOST_SERIES", "MOST_DOCUMENTS"):
        monkeypatch.setattr(f"assets.delivery.page.{name}", 1)
    page = html.fromstring(write_page(published.database, tmp_path / "p.html", None).read_text(encoding="utf-8"))
    assert "2 further series" in page.get_element_by_id("operators").text_content()
    identifiers = set(page.xpath("//@id"))
    assert {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")} <= identifiers
