"""What each kind of site answers: what is read from it, and that a changed site is an error and never a quiet day."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from filing_site import hkex_row

from assets.filings.answers import AnswerError
from assets.filings.kinds import KINDS
from assets.filings.memory import DOCUMENT, INDEX, LIST, WATCH, Item
from assets.filings.sources import Source

TODAY = date(2025, 10, 9)
BASE = "https://site.example.com"


def source(kind: str, **more: Any) -> Source:
    roles = ("lists", "documents", "site", "start")
    fixed: dict[str, Any] = {"cik": "0001526125", "forms": ("6-K",), "documents": ("EX-99*",), "stock_code": "09698"}
    patterns = {key: tuple(re.compile(one, re.I) for one in more.pop(key, ())) for key in ("titles", "links")}
    addresses = dict.fromkeys(roles, BASE)
    return Source("s", "GDS Holdings", "gds-holdings", kind, addresses, 1.0, **{**fixed, **patterns, **more})


def expand(one: Source, item: Item, answer: object) -> list[Item]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return list(KINDS[one.kind].expand(one, item, body))


def first(one: Source) -> Item:
    return KINDS[one.kind].start(one, TODAY)[0]


# EDGAR


def columns(*rows: tuple[str, str, str]) -> dict[str, list[str]]:
    numbers, days, forms = zip(*rows, strict=True) if rows else ((), (), ())
    return {
        "accessionNumber": list(numbers),
        "filingDate": list(days),
        "form": list(forms),
        "primaryDocument": [""] * len(rows),
    }


def submissions(*rows: tuple[str, str, str], files: Any = ()) -> dict[str, Any]:
    return {"filings": {"recent": columns(*rows), "files": list(files)}}


HEADER = (
    b"<html><head><!--\n<SEC-HEADER>x\n<TYPE>6-K\n</SEC-HEADER>\n--></head><body><pre>&lt;DOCUMENT&gt;\n&lt;TYPE&gt;6-K\n"
    b'&lt;SEQUENCE&gt;1\n&lt;FILENAME&gt;tm1.htm\n<a href="tm1.htm">1</a>\n&lt;/DOCUMENT&gt;\n&lt;DOCUMENT&gt;\n'
    b"&lt;TYPE&gt;EX-99.1\n&lt;SEQUENCE&gt;2\n&lt;FILENAME&gt;tm1_ex99-1.htm\n&lt;DESCRIPTION&gt;EX-99.1\n"
    b"&lt;DOCUMENT&gt;\n&lt;TYPE&gt;EX-101.SCH\n&lt;FILENAME&gt;x.xsd\n</pre></body></html>"
)


def test_edgar_lists_the_wanted_forms_since_a_day():
    """Amendments belong to their form; other forms and older filings stay out."""
    one = source("edgar", since=date(2025, 1, 1))
    item = first(one)
    assert item.url == f"{BASE}/submissions/CIK0001526125.json"
    found = expand(
        one,
        item,
        submissions(
            ("0001104659-25-000003", "2025-08-20", "6-K"),
            ("0001104659-25-000002", "2025-05-20", "6-K/A"),
            ("0001104659-25-000001", "2025-05-19", "SC 13G"),
            ("0001104659-24-000009", "2024-12-31", "6-K"),
        ),
    )
    assert [one.published for one in found] == ["2025-08-20", "2025-05-20"]
    assert found[0].url == (
        f"{BASE}/Archives/edgar/data/1526125/000110465925000003/0001104659-25-000003-index-headers.html"
    )
    assert found[0].step == INDEX


def test_edgar_without_since_goes_five_quarters_back():
    """A first run must not fetch twenty years by itself."""
    assert first(source("edgar")).published == "2024-09-04"


def test_edgar_looks_into_older_files_that_reach_into_the_wanted_time():
    """The list holds the last thousand filings; older ones stand in files of their own."""
    one = source("edgar", since=date(2015, 1, 1))
    files = [
        {"name": "CIK0001526125-submissions-001.json", "filingFrom": "2014-01-01", "filingTo": "2016-01-01"},
        {"name": "CIK0001526125-submissions-002.json", "filingFrom": "2010-01-01", "filingTo": "2014-01-01"},
    ]
    found = expand(one, first(one), submissions(files=files))
    assert [(item.step, item.url.rsplit("/", 1)[1]) for item in found] == [(LIST, "CIK0001526125-submissions-001.json")]
    (filing,) = expand(one, found[0], columns(("0001104659-15-000001", "2015-03-01", "6-K")))
    assert filing.published == "2015-03-01"


@pytest.mark.parametrize(
    ("documents", "files"),
    [
        (("EX-99*",), ["tm1_ex99-1.htm"]),
        (("EX-99.1", "primary"), ["tm1.htm", "tm1_ex99-1.htm"]),
        (("ex-99.2",), []),
    ],
)
def test_edgar_takes_documents_of_a_filing_by_type(documents: tuple[str, ...], files: list[str]):
    """The header says which document is which exhibit; names of files need not."""
    one = source("edgar", documents=documents)
    item = Item(f"{BASE}/Archives/edgar/data/1/2/3-index-headers.html", INDEX, "headers", "6-K\t", "2025-08-20")
    found = expand(one, item, HEADER)
    assert [one.url.rsplit("/", 1)[1] for one in found] == files
    assert all(one.step == DOCUMENT and one.published == "2025-08-20" for one in found)


def test_edgar_without_a_header_goes_by_the_names_of_the_directory():
    """Some filings have no header; the directory has names alone."""
    one = source("edgar", documents=("EX-99*", "primary"))
    item = Item(
        f"{BASE}/Archives/edgar/data/1/2/3-index-headers.html", INDEX, "headers", "6-K\tform6k.htm", "2025-08-20"
    )
    other = KINDS["edgar"].instead(one, item)
    assert other is not None
    assert other.url == f"{BASE}/Archives/edgar/data/1/2/index.json"
    names = ["form6k.htm", "d1_ex99-1.htm", "exhibit992.htm", "ex101.xsd", "logo.jpg", "complex99.htm", "ex10-1.htm"]
    listing = {"directory": {"name": "x", "item": [{"name": name, "type": "text.gif", "size": ""} for name in names]}}
    found = expand(one, other, listing)
    assert [one.url.rsplit("/", 1)[1] for one in found] == ["form6k.htm", "d1_ex99-1.htm", "exhibit992.htm"]
    assert KINDS["edgar"].instead(one, other) is None


def test_edgar_keeps_a_hostile_file_name_inside_the_filing():
    """A name is one part of an address, whatever stands in it."""
    header = HEADER.replace(b"tm1_ex99-1.htm", b"../../../etc/passwd")
    item = Item(f"{BASE}/Archives/edgar/data/1/2/3-index-headers.html", INDEX, "headers", "6-K\t", "2025-08-20")
    (found,) = expand(source("edgar"), item, header)
    assert found.url == f"{BASE}/Archives/edgar/data/1/2/..%2F..%2F..%2Fetc%2Fpasswd"


# HKEXnews


def search(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"result": json.dumps(rows), "hasNextRow": False, "rowRange": 100, "recordCnt": len(rows), **more}


def stock_search(one: Source) -> Item:
    (item,) = expand(one, first(one), b'callback({"stockInfo":[{"stockId":7,"code":"09698","name":"GDS-SW"}]});\n')
    return item


def test_hkex_finds_the_stock_and_searches_its_announcements():
    """The search wants the exchange's own number of the stock."""
    one = source("hkex", since=date(2025, 1, 1), language="ZH")
    item = stock_search(one)
    assert item.step == LIST
    for part in ("stockId=7", "fromDate=20250101", "toDate=20251010", "lang=ZH", "rowRange=100"):
        assert part in item.url


def test_hkex_takes_titles_that_match_with_day_and_file():
    """Hong Kong writes the day first; a listed company files far more than reports."""
    one = source("hkex", titles=["interim results"])
    found = expand(
        one,
        stock_search(one),
        search(
            hkex_row("2025 INTERIM RESULTS &amp; MORE", "/listedco/1.pdf", "03/08/2025 17:00"),
            hkex_row("Next Day Disclosure Return", "/listedco/2.pdf"),
        ),
    )
    assert [(item.url, item.name, item.published) for item in found] == [
        (f"{BASE}/listedco/1.pdf", "2025 INTERIM RESULTS & MORE", "2025-08-03")
    ]


def test_hkex_asks_for_all_rows_when_there_are_more():
    """An answer cut at a hundred rows would hide the older ones for good."""
    one = source("hkex")
    item = stock_search(one)
    *_, more = expand(one, item, search(hkex_row("A", "/1.pdf"), hasNextRow=True, recordCnt=340))
    assert (more.step, "rowRange=340" in more.url) == (LIST, True)
    *_, most = expand(one, more, search(hkex_row("A", "/1.pdf"), hasNextRow=True, recordCnt=99999))
    with pytest.raises(AnswerError, match="Set `since` to a later day"):
        expand(one, most, search(hkex_row("A", "/1.pdf"), hasNextRow=True, recordCnt=99999))


def test_hkex_looks_into_an_announcement_of_several_files():
    """Its link is a page that links the files."""
    one = source("hkex")
    (item,) = expand(one, stock_search(one), search(hkex_row("Circular", "/listedco/3.htm", info="Multiple")))
    assert item.step == INDEX
    found = expand(one, item, b'<html><a href="a.pdf">Part 1</a><a href="b.pdf">Part 2</a><a href="/x.js">y</a></html>')
    assert [(one.url, one.name) for one in found] == [
        (f"{BASE}/listedco/a.pdf", "Circular Part 1"),
        (f"{BASE}/listedco/b.pdf", "Circular Part 2"),
    ]


# SGXNet


def announcement(title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "url": f"{BASE}/1.0.0/corporate-announcements/ABC/hash",
        "submission_date": "20250725",
        **more,
    }


def test_sgx_takes_announcements_with_the_day_in_singapore():
    """Late on one day in London is the next in Singapore."""
    one = source("sgx", issuer="KEPPEL DC REIT", titles=["financial statements"])
    item = first(one)
    assert "value=KEPPEL+DC+REIT" in item.url
    found = expand(
        one,
        item,
        b"{}&&"
        + json.dumps(
            {
                "meta": {"code": "200"},
                "data": [
                    announcement(
                        "Half Yearly", category_name="Financial Statements", broadcast_date_time=1753462800000
                    ),
                    announcement("Change of Secretary", category_name="General Announcement"),
                ],
            }
        ).encode(),
    )
    assert [(item.step, item.published) for item in found] == [(INDEX, "2025-07-26")]
    (other,) = expand(one, item, {"data": [announcement("FINANCIAL STATEMENTS")]})
    assert other.published == "2025-07-25"


def test_sgx_turns_full_pages_and_ends():
    """A page that is full has another behind it; pages without end are told."""
    one = source("sgx", issuer="X")
    item = first(one)
    for page in range(1, 50):
        item = expand(one, item, {"data": [announcement("A")] * 100})[-1]
        assert f"pagestart={page}&" in item.url
    with pytest.raises(AnswerError, match="Set `since`"):
        expand(one, item, {"data": [announcement("A")] * 100})
    assert expand(one, first(one), {"meta": {"code": "200"}, "data": None}) == []


def test_sgx_takes_attachments_of_an_announcement():
    """The page links its attachments in two ways, and much else."""
    one = source("sgx", issuer="X")
    item = Item(f"{BASE}/1.0.0/corporate-announcements/ABC/hash", INDEX, "announcement", "Results", "2025-07-25")
    page = (
        b'<a class="announcement-attachment" href="/FileOpen/KDC.ashx?App=Announcement&FileID=1">KDC.pdf</a>'
        b'<a href="/1.0.0/corporate-announcements/ABC/2_More.pdf">More.pdf</a><a href="/about">About</a>'
    )
    found = expand(one, item, page)
    assert [one.name for one in found] == ["Results KDC.pdf", "Results More.pdf"]
    assert all(one.published == "2025-07-25" for one in found)


def test_sgx_sends_the_token_that_the_environment_holds(monkeypatch: pytest.MonkeyPatch):
    """The token is a secret: it stands in the environment, and its variable's name in the file."""
    one = source("sgx", issuer="X", token_variable="SGX_TOKEN")
    monkeypatch.delenv("SGX_TOKEN", raising=False)
    assert KINDS["sgx"].headers(one) == {}
    monkeypatch.setenv("SGX_TOKEN", "abc")
    assert KINDS["sgx"].headers(one) == {"authorizationToken": "abc"}


# Pages and feeds


def test_a_page_gives_the_links_that_match_in_address_or_words():
    """Some sites name the file well, some the link."""
    one = source("page", links=[r"\.pdf$", "fact sheet"])
    page = (
        b'<base href="https://cdn.example.com/x/"><a href="a.pdf#page=2">Q1</a><a href="a.pdf">again</a>'
        b'<a href="/download?id=5">Fact  sheet</a><a href="javascript:void(0)">pdf fact sheet</a><a href="http://[">b</a>'
        b"<a>fact sheet</a>"
    )
    found = expand(one, first(one), page)
    assert [(one.url, one.step) for one in found] == [
        ("https://cdn.example.com/x/a.pdf", DOCUMENT),
        ("https://cdn.example.com/download?id=5", DOCUMENT),
    ]
    watched = expand(source("page", links=[r"\.pdf$"], watch=True), first(one), page)
    assert [one.step for one in watched] == [WATCH]


def test_a_page_without_links_is_itself_the_document():
    """A fact page has no files."""
    assert first(source("page")).step == WATCH


RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>Third quarter results</title><link>https://site.example.com/q3</link>
<pubDate>Wed, 05 Nov 2025 07:00:00 GMT</pubDate></item>
<item><title>Second quarter results</title><link>https://site.example.com/q2</link>
<enclosure url="/q2.pdf" type="application/pdf"/>
<pubDate>Wed, 06 Aug 2025 07:00:00 GMT</pubDate></item>
<item><title>Results of 2019</title><link>https://site.example.com/old</link>
<pubDate>Wed, 06 Mar 2019 07:00:00 GMT</pubDate></item>
<item><title>New chairman &nbsp; &</title><link>https://site.example.com/chair</link></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Results</title><link rel="self" href="/self"/>
<link href="https://site.example.com/r"/><updated>2025-08-06T07:00:00Z</updated></entry></feed>"""


def test_a_feed_gives_enclosures_before_pages_with_their_day():
    """The report itself is better than the page about it; feeds are seldom proper XML."""
    one = source("feed", titles=["results"])
    found = expand(one, first(one), RSS)
    assert [(one.url, one.published) for one in found] == [
        ("https://site.example.com/q3", "2025-11-05"),
        ("https://site.example.com/q2.pdf", "2025-08-06"),
    ]
    (entry,) = expand(one, first(one), ATOM)
    assert (entry.url, entry.published) == ("https://site.example.com/r", "2025-08-06")


def test_a_feed_expands_no_entity_and_loads_nothing():
    """A feed is anybody's text: it must not read our files or fill our memory."""
    hostile = (
        b'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;">]><rss><channel><item>'
        b"<title>results &a;&b;</title><link>https://site.example.com/x</link></item></channel></rss>"
    )
    (found,) = expand(source("feed"), first(source("feed")), hostile)
    assert "root:" not in found.name


# Changed sites

WRONG = [b"", b"<html>Access denied</html>", b"{", b"[]", b"null", b"{}", b"\xff\xfe\x00", b"[" * 100_000]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: body[:12].decode("latin-1") or "empty")
@pytest.mark.parametrize(
    "kind", ["edgar", "hkex", "hkex search", "sgx", "feed", "page", "edgar header", "edgar directory"]
)
def test_an_answer_of_another_shape_is_an_error_that_shows_it(kind: str, body: bytes):
    """A site that changed, or that shows an error page with 200, must not look like a day without filings."""
    one = source(kind.split(" ")[0], issuer="X", links=[r"\.pdf$"])
    item = first(one)
    if kind == "hkex search":
        item = stock_search(one)
    elif kind == "edgar header":
        item = Item(f"{BASE}/x-index-headers.html", INDEX, "headers", "6-K\t")
    elif kind == "edgar directory":
        item = Item(f"{BASE}/index.json", INDEX, "directory", "6-K\t")
    with pytest.raises(AnswerError) as caught:
        expand(one, item, body)
    assert "found" in str(caught.value)
    assert "expected" in str(caught.value) or "check" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("edgar", {"filings": {"recent": {**columns(), "form": ["6-K"]}, "files": []}}),
        ("edgar", submissions(("../../x", "2025-08-20", "6-K"))),
        ("edgar", submissions(("0001104659-25-000003", "20 Aug", "6-K"))),
        ("edgar", submissions(files=[{"name": "../x.json", "filingTo": "2025-01-01"}])),
        ("edgar", submissions(files=["x"])),
        ("sgx", {"data": [{"title": "A"}]}),
        ("sgx", {"data": ["A"]}),
        ("sgx", {"data": [announcement("A", submission_date="25 July")]}),
        ("hkex search", search({"TITLE": "A"})),
        ("hkex search", search(hkex_row("A", "/1.pdf", day="2025-08-20"))),
        ("hkex search", {"result": "not a list"}),
        ("hkex search", {"result": {"a": 1}}),
        ("hkex", b'callback({"stockInfo":[{"stockId":7,"code":"00001"}]});'),
        ("page", b"<html><a href='/a.html'>A</a></html>"),
    ],
)
def test_a_field_of_another_shape_is_an_error(kind: str, answer: Any):
    """Columns of different lengths, paths for numbers, days that are none: each would lose or invent filings."""
    one = source(kind.split(" ")[0], issuer="X", links=[r"\.pdf$"])
    item = stock_search(one) if kind == "hkex search" else first(one)
    with pytest.raises(AnswerError):
        expand(one, item, answer)
