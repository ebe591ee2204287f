"""One collection from end to end against the local site: what comes, what comes never twice, what failures cost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from filing_home import Collector
from filing_site import (
    Site,
    answer,
    as_json,
    edgar,
    hkex,
    hkex_row,
    pdf,
    redirect,
    release,
    stalling,
    status,
    truncated,
)
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from assets.filings import collecting, keeping
from assets.filings.client import Bounds
from assets.filings.collecting import is_due
from assets.filings.memory import Memory, MemoryDamagedError

CIK = 1526125
FIRST, SECOND = "0001104659-25-000001", "0001104659-25-000002"
FOLDER = f"/Archives/edgar/data/{CIK}/{FIRST.replace('-', '')}"


def gds(site: Site, **more: Any) -> dict[str, Any]:
    return {"kind": "edgar", "cik": str(CIK), "base_url": site.url, "since": "2025-01-01", **more}


def two_filings(site: Site) -> None:
    edgar(
        site,
        CIK,
        [(SECOND, "2025-08-20", "6-K"), (FIRST, "2025-05-20", "6-K"), ("0001104659-24-000001", "2024-05-20", "6-K")],
        {
            FIRST: [("6-K", "a.htm", release("cover")), ("EX-99.1", "ex99-1.htm", release("1Q25"))],
            SECOND: [("6-K", "b.htm", release("cover 2")), ("EX-99.1", "ex99-1.htm", release("2Q25"))],
        },
    )


# What comes


def test_edgar_exhibits_come_newest_first_and_never_twice(collector: Collector, site: Site):
    """The whole way: list, header of each filing, its press release; a second run asks for the list alone."""
    two_filings(site)
    (first,) = collector.collect(gds(site))
    assert first.new == [
        "gds-holdings/2025-08-20_6-K-EX-99.1-ex99-1.html",
        "gds-holdings/2025-05-20_6-K-EX-99.1-ex99-1.html",
    ]
    assert collector.files()[first.new[0]] == release("2Q25")
    before = len(site.asked)
    (second,) = collector.collect(gds(site))
    assert (second.new, second.known, second.failed, second.unchanged) == ([], 0, [], True)
    assert site.paths()[before:] == [f"/submissions/CIK{CIK:010d}.json"]
    assert site.asked[-1].headers["If-None-Match"] == '"3"'


def test_edgar_without_a_header_is_looked_up_in_its_directory(collector: Collector, site: Site):
    """A filing whose header is missing still has its exhibits in the directory."""
    two_filings(site)
    del site.pages[f"{FOLDER}/{FIRST}-index-headers.html"]
    site.pages[f"{FOLDER}/index.json"] = as_json({"directory": {"item": [{"name": "a.htm"}, {"name": "ex99-1.htm"}]}})
    (outcome,) = collector.collect(gds(site))
    assert len(outcome.new) == 2
    assert outcome.failed == []


def test_filings_without_a_document_asked_for_are_counted(collector: Collector, site: Site):
    """Nothing found must not look like nothing looked at."""
    two_filings(site)
    (outcome,) = collector.collect(gds(site, documents=["EX-15*"]))
    assert (outcome.new, outcome.empty) == ([], 2)


def test_hkex_documents_come(collector: Collector, site: Site):
    """Look-up of the stock, search, document."""
    hkex(
        site,
        "09698",
        [hkex_row("2025 INTERIM RESULTS", "/listedco/1.pdf"), hkex_row("Monthly Return", "/listedco/2.pdf")],
    )
    site.pages["/listedco/1.pdf"] = answer(pdf("interim"))
    (outcome,) = collector.collect({"kind": "hkex", "stock_code": "9698", "titles": ["results"], "base_url": site.url})
    assert outcome.new == ["gds-holdings/2025-08-20_2025-INTERIM-RESULTS.pdf"]
    assert "/listedco/2.pdf" not in site.paths()


def test_sgx_attachments_come_and_a_missing_token_is_told(
    collector: Collector, site: Site, monkeypatch: pytest.MonkeyPatch
):
    """List, announcement, attachment; a list without a token is refused, which the outcome explains."""
    entry = {"kind": "sgx", "issuer": "KEPPEL DC REIT", "base_url": site.url, "token_variable": "SGX_TOKEN"}
    page = "/1.0.0/corporate-announcements/ABC/hash"
    listing = as_json({"data": [{"title": "Results", "url": site.url + page, "submission_date": "20250725"}]})

    def guarded(handler: Any) -> None:
        (listing if handler.headers.get("authorizationToken") == "abc" else status(401))(handler)

    site.pages["/announcements/v1.1/company"] = guarded
    site.pages[page] = answer(b'<html><a href="/FileOpen/KDC.ashx?App=A&FileID=1">KDC.pdf</a></html>')
    site.pages["/FileOpen/KDC.ashx"] = answer(pdf("kdc"))
    monkeypatch.delenv("SGX_TOKEN", raising=False)
    (refused,) = collector.collect(entry)
    assert "401" in refused.failed[0].reason
    assert "token" in refused.failed[0].remedy
    monkeypatch.setenv("SGX_TOKEN", "abc")
    (outcome,) = collector.collect(entry)
    assert outcome.new == ["gds-holdings/2025-07-25_Results-KDC.pdf"]
    assert "authorizationToken" not in site.asked[-1].headers


def test_pages_and_feeds_come(collector: Collector, site: Site):
    """A page of links, a page that is the report, a feed."""
    site.pages["/ir"] = answer(b'<html><a href="/q1.pdf">Q1</a><a href="/q2.pdf">Q2</a><a href="/x">About</a></html>')
    site.pages |= {"/q1.pdf": answer(pdf("1")), "/q2.pdf": answer(pdf("2")), "/facts": answer(release("facts"))}
    feed = f"<rss><channel><item><title>3Q results</title><link>{site.url}/news/3q</link></item></channel></rss>"
    site.pages |= {"/rss": answer(feed.encode()), "/news/3q": answer(release("3Q25"))}
    pages, facts, news = collector.collect(
        {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]},
        {"kind": "page", "url": f"{site.url}/facts"},
        {"kind": "feed", "url": f"{site.url}/rss"},
    )
    assert pages.new == ["gds-holdings/Q1-q1.pdf", "gds-holdings/Q2-q2.pdf"]
    assert (len(facts.new), len(news.new)) == (1, 1)


def test_a_watched_file_is_asked_conditionally_and_comes_when_it_was_replaced(collector: Collector, site: Site):
    """Some sites put each new fact sheet under the old address."""
    entry = {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"], "watch": True}
    site.pages["/ir"] = answer(b'<html><a href="/sheet.pdf">Sheet</a></html>', etag='"p"')
    site.pages["/sheet.pdf"] = answer(pdf("1"), etag='"1"')
    assert [len(collector.collect(entry)[0].new) for _ in range(2)] == [1, 0]
    assert site.asked[-1].headers["If-None-Match"] == '"1"'
    site.pages["/sheet.pdf"] = answer(pdf("2"), etag='"2"')
    (outcome,) = collector.collect(entry)
    assert outcome.new == [outcome.new[0]]
    assert sorted(collector.files().values()) == sorted([pdf("1"), pdf("2")])


# Never twice


def test_the_same_content_under_two_addresses_comes_once(collector: Collector, site: Site):
    """Exhibits are filed again with amendments, and stand on several pages."""
    site.pages["/ir"] = answer(b'<html><a href="/a.pdf">A</a><a href="/b.pdf">B</a></html>')
    site.pages |= {"/a.pdf": answer(pdf("same")), "/b.pdf": answer(pdf("same"))}
    (outcome,) = collector.collect({"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]})
    assert (len(outcome.new), outcome.known) == (1, 1)


def test_an_address_that_another_source_had_is_not_asked_again(collector: Collector, site: Site):
    """Two pages of one operator link the same file."""
    site.pages |= {
        "/a": answer(b'<html><a href="/x.pdf">A</a></html>'),
        "/b": answer(b'<html><a href="/x.pdf">B</a></html>'),
    }
    site.pages["/x.pdf"] = answer(pdf("x"))
    entries = [{"kind": "page", "url": f"{site.url}/{name}", "links": [r"\.pdf$"]} for name in "ab"]
    first, second = collector.collect(*entries)
    assert (len(first.new), second.new, second.known) == (1, [], 1)
    assert site.paths().count("/x.pdf") == 1


def test_a_lost_memory_costs_requests_and_no_second_copy(collector: Collector, site: Site):
    """The state folder may be deleted at any time."""
    two_filings(site)
    collector.collect(gds(site))
    before = collector.files()
    collector.memory_file.unlink()
    (outcome,) = collector.collect(gds(site))
    assert (outcome.new, outcome.known) == ([], 2)
    assert collector.files() == before


def test_a_changed_entry_is_worked_through_anew(collector: Collector, site: Site):
    """Who adds a form or a document type wants it from old filings too, though the list has not changed."""
    two_filings(site)
    collector.collect(gds(site))
    (outcome,) = collector.collect(gds(site, documents=["EX-99*", "primary"]))
    assert len(outcome.new) == 2
    assert len(collector.files()) == 4


def test_a_narrowed_entry_drops_what_waits(collector: Collector, site: Site):
    """Five hundred announcements noted by mistake must not come after the mistake was mended."""
    two_filings(site)
    (wide,) = collector.collect(gds(site), documents=1)
    assert wide.left == 1
    (narrow,) = collector.collect(gds(site, since="2025-07-01"))
    assert (narrow.new, narrow.left) == ([], 0)


# Limits of a run


def test_a_run_ends_at_its_limits_and_the_next_goes_on(collector: Collector, site: Site):
    """A tick has few seconds; whatever it does not reach must come with the next, each document once."""
    site.pages["/ir"] = answer(b"".join(b'<a href="/%d.pdf">R</a>' % number for number in range(7)), etag='"1"')
    site.pages |= {f"/{number}.pdf": answer(pdf(str(number))) for number in range(7)}
    entry = {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]}
    runs = [collector.collect(entry, documents=3)[0] for _ in range(4)]
    assert [(len(one.new), one.left) for one in runs] == [(3, 4), (3, 1), (1, 0), (0, 0)]
    (slow,) = Collector(collector.folder / "other", site).collect(entry, seconds=3.5)
    assert 0 < len(slow.new) < 7
    assert slow.failed == []
    assert len(slow.new) + slow.left == 7


def test_waiting_documents_are_due_without_asking_the_list_again(collector: Collector, site: Site):
    """A long backlog over many ticks must not ask the list each time."""
    site.pages["/ir"] = answer(b'<a href="/1.pdf">R</a><a href="/2.pdf">R</a>')
    site.pages |= {"/1.pdf": answer(pdf("1")), "/2.pdf": answer(pdf("2"))}
    entry = {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]}
    for _ in range(2):
        collector.collect(entry, documents=1, all_lists=False)
    assert len(collector.files()) == 2
    assert site.paths().count("/ir") == 1


def test_a_source_is_due_after_its_hours_and_not_before(collector: Collector, site: Site):
    """The interval is the operator's choice; a clock that stood wrong must not silence a source for years."""
    site.pages["/facts"] = answer(release())
    entry = {"kind": "page", "url": f"{site.url}/facts", "every_hours": 2}

    def due() -> bool:
        memory = Memory(collector.memory_file)
        try:
            return is_due(collector.sources(entry)[0], memory, site.clock.now())
        finally:
            memory.close()

    assert due()
    collector.collect(entry)
    assert not due()
    site.clock.time += 2 * 3600 - 60
    assert not due()
    site.clock.time += 120
    assert due()
    collector.collect(entry)
    site.clock.time -= 1e8
    assert due()


def test_a_trial_fetches_writes_and_remembers_nothing(collector: Collector, site: Site):
    """A dry run shows what would come, and changes nothing."""
    two_filings(site)
    kept = Memory(collector.memory_file)
    state = collector.memory_file.read_bytes()
    memory = kept.copy()
    kept.close()
    client = collecting.Client("Example x@example.com", "0", memory, site.clock, collector.bounds)
    place = collecting.Place(collector.inbox, collector.archive, 10**6)
    allowance = collecting.Allowance(float("inf"), 10)
    (outcome,) = collecting.collect(collector.sources(gds(site)), memory, client, place, allowance, trial=True)
    assert [one.rsplit("/", 1)[1] for one in outcome.new] == ["ex99-1.htm", "ex99-1.htm"]
    assert not any(path.endswith("ex99-1.htm") for path in site.paths())
    assert collector.files() == {}
    assert collector.memory_file.read_bytes() == state


# Failures


def test_one_source_that_fails_costs_the_others_nothing(collector: Collector, site: Site):
    """Each failure is told with reason and remedy; the rest comes."""
    two_filings(site)
    site.pages["/broken"] = answer(b"<html>no links</html>")
    broken, missing, sound = collector.collect(
        {"kind": "page", "url": f"{site.url}/broken", "links": [r"\.pdf$"]},
        {"kind": "feed", "url": f"{site.url}/gone"},
        gds(site),
    )
    assert "none of which matches" in broken.failed[0].reason
    assert "404" in missing.failed[0].reason
    assert all(one.remedy for outcome in (broken, missing) for one in outcome.failed)
    assert len(sound.new) == 2


def test_a_surprise_in_one_source_costs_the_others_nothing(
    collector: Collector, site: Site, monkeypatch: pytest.MonkeyPatch
):
    """A slip of ours in one kind must not silence the rest."""

    def broken(*arguments: object) -> None:
        raise KeyError("a slip")

    two_filings(site)
    site.pages["/rss"] = answer(b"<rss/>")
    monkeypatch.setitem(collecting.KINDS, "feed", collecting.Kind(collecting.KINDS["feed"].start, broken))
    failed, sound = collector.collect({"kind": "feed", "url": f"{site.url}/rss"}, gds(site))
    assert "unexpected KeyError" in failed.failed[0].reason
    assert len(sound.new) == 2


def test_a_site_that_fails_is_left_alone_and_asked_again_later(collector: Collector, site: Site):
    """A host that asks for an hour gets it, and what was not had comes afterwards."""
    two_filings(site)
    good = site.pages[f"{FOLDER}/ex99-1.htm"]
    site.pages[f"{FOLDER}/ex99-1.htm"] = status(503, Retry_After="3600")
    (first,) = collector.collect(gds(site))
    assert (len(first.new), "503" in first.failed[0].reason) == (1, True)
    before = len(site.asked)
    (second,) = collector.collect(gds(site))
    assert "left alone until" in second.failed[0].reason
    assert len(site.asked) == before
    site.pages[f"{FOLDER}/ex99-1.htm"] = good
    site.clock.time += 2 * 3600
    (third,) = collector.collect(gds(site))
    assert (len(third.new), third.failed) == (1, [])


def test_a_document_that_its_site_cannot_bear_does_not_keep_the_others(collector: Collector, site: Site):
    """Some sites answer 503 for one broken file, for ever: it goes to the end of the row."""
    site.pages["/ir"] = answer(b'<a href="/a.pdf">R</a><a href="/b.pdf">R</a><a href="/c.pdf">R</a>')
    site.pages |= {"/a.pdf": status(503), "/b.pdf": answer(pdf("b")), "/c.pdf": answer(pdf("c"))}
    entry = {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]}
    (first,) = collector.collect(entry)
    assert (first.new, len(first.failed)) == ([], 1)
    site.clock.time += 900
    (second,) = collector.collect(entry)
    assert (len(second.new), second.failed) == (2, [])


def test_a_list_that_was_not_worked_through_is_asked_in_full_again(collector: Collector, site: Site):
    """If the second part of a list fails, the first must not be "unchanged" next time: the second would be lost."""
    two_filings(site)
    recent = {"accessionNumber": [], "filingDate": [], "form": [], "primaryDocument": []}
    older = {"accessionNumber": [FIRST], "filingDate": ["2025-05-20"], "form": ["6-K"], "primaryDocument": [""]}
    files = [{"name": f"CIK{CIK:010d}-submissions-001.json", "filingTo": "2025-06-01"}]
    site.pages[f"/submissions/CIK{CIK:010d}.json"] = as_json(
        {"filings": {"recent": recent, "files": files}}, etag='"1"'
    )
    part = f"/submissions/CIK{CIK:010d}-submissions-001.json"
    site.pages[part] = status(404)
    (first,) = collector.collect(gds(site))
    assert len(first.failed) == 1
    site.pages[part] = as_json(older)
    (second,) = collector.collect(gds(site))
    assert (len(second.new), second.failed) == (1, [])


def test_a_failed_source_waits_ever_longer_up_to_its_interval(collector: Collector, site: Site):
    """A source that is down for days is not asked every quarter of an hour."""
    entry = {"kind": "feed", "url": f"{site.url}/gone", "every_hours": 3}
    waits = []
    for _ in range(6):
        collector.collect(entry)
        memory = Memory(collector.memory_file)
        waits.append(memory.source("s0").due_at - site.clock.now())
        memory.close()
        site.clock.time += 4 * 3600
    assert 900 <= waits[0] <= 990
    assert all(later > earlier * 1.2 for earlier, later in pairwise(waits[:4]))
    assert max(waits) <= 1.1 * 3 * 3600


def test_a_document_that_never_comes_is_given_up_with_a_word(collector: Collector, site: Site):
    """Not for ever, not silently, and without keeping the others."""
    site.pages["/ir"] = answer(b'<a href="/gone.pdf">R</a><a href="/here.pdf">R</a>')
    site.pages["/here.pdf"] = answer(pdf("here"))
    entry = {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]}
    reasons = []
    for _ in range(12):
        (outcome,) = collector.collect(entry)
        reasons += [one.reason for one in outcome.failed]
        site.clock.time += 30 * 24 * 3600
    assert len(collector.files()) == 1
    assert len(reasons) == collecting.MOST_FAILURES
    assert "given up after 8 tries" in reasons[-1]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (truncated(pdf("x") * 20), "cut off"),
        (answer(b"<html><body>Access denied</body></html>"), "a page in place of the PDF"),
        (redirect("http://10.0.0.1/x.pdf"), "not a host of this source"),
        (answer(b"%PDF-" + b"x" * 2_000_000), "at most 1,000,000 bytes"),
        (answer(b""), "no content"),
    ],
    ids=["truncated", "error page", "redirect elsewhere", "too large", "empty"],
)
def test_a_bad_answer_is_never_kept(collector: Collector, site: Site, behaviour: Any, words: str):
    """Nothing of it reaches the inbox, and the outcome says why; the good answer comes when there is one."""
    site.pages |= {"/ir": answer(b'<a href="/r.pdf">R</a>'), "/r.pdf": behaviour}
    entry = {"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]}
    (outcome,) = collector.collect(entry)
    assert words in [*outcome.failed, *outcome.skipped][0].reason
    assert collector.files() == {}
    site.pages["/r.pdf"] = answer(pdf("good"))
    site.clock.time += 24 * 3600
    (after,) = collector.collect(entry)
    assert len(after.new) == (1 if outcome.failed else 0)


def test_a_slow_answer_costs_its_time_and_no_more(collector: Collector, site: Site):
    """One site that drips must not hold up a whole run."""
    collector.bounds = Bounds(request_s=0.2, tries=1)
    site.pages |= {"/ir": answer(b'<a href="/slow.pdf">R</a><a href="/z.pdf">R</a>'), "/slow.pdf": stalling(site)}
    site.pages["/z.pdf"] = answer(pdf("z"))
    (outcome,) = collector.collect({"kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]})
    assert len(outcome.new) == 1
    assert "no full answer within" in outcome.failed[0].reason


def test_an_inbox_that_cannot_be_written_is_told(collector: Collector, site: Site, monkeypatch: pytest.MonkeyPatch):
    """A full disk is the person's to mend; nothing is marked as had."""

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    two_filings(site)
    monkeypatch.setattr(keeping.os, "fsync", full)
    (outcome,) = collector.collect(gds(site))
    assert "No space left" in outcome.failed[0].reason
    monkeypatch.undo()
    (after,) = collector.collect(gds(site))
    assert len(after.new) == 2


def test_a_damaged_memory_is_named_with_what_to_do(collector: Collector):
    """It may be deleted, and the message says so."""
    collector.memory_file.parent.mkdir(parents=True)
    collector.memory_file.write_bytes(b"no database" * 100)
    with pytest.raises(MemoryDamagedError, match="Delete the file"):
        Memory(collector.memory_file)


# Killed

KILLED = """
import os, sys, time, json
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from assets.filings import keeping, collecting
from assets.filings.memory import Memory
from assets.filings.client import Client, Clock
from assets.filings.sources import load_sources
folder, moment = Path(sys.argv[2]), sys.argv[3]
def stop(*a, **k):
    print("here", flush=True)
    time.sleep(60)
if moment == "writing":
    os.link = stop
else:
    Memory.note_content = stop
memory = Memory(folder / "state" / "filings.sqlite")
sources = load_sources(folder / "sources.yaml", lambda name: (name, "gds-holdings"))
client = Client("Example x@example.com", "0", memory, Clock())
place = collecting.Place(folder / "inbox", folder / "archive", 10**6)
collecting.collect(sources, memory, client, place, collecting.Allowance(float("inf"), 10))
"""


@pytest.mark.parametrize("moment", ["writing", "noting"])
def test_a_killed_run_leaves_no_half_file_and_no_second_copy(
    collector: Collector, site: Site, repository: Path, moment: str
):
    """Killed while writing: nothing to be seen in the inbox. Killed before noting: the file is known by its content."""
    site.pages |= {"/facts": answer(release())}
    entry = {"kind": "page", "url": f"{site.url}/facts"}
    collector.sources(entry)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(repository), str(collector.folder), moment],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    visible = [name for name in collector.files() if not Path(name).name.startswith(".")]
    assert len(visible) == (0 if moment == "writing" else 1)
    (outcome,) = collector.collect(entry)
    assert outcome.failed == []
    assert list(collector.files().values()) == [release()]


# Never twice, whatever happens


class NeverTwice(RuleBasedStateMachine):
    """Documents appear, sites fail, runs stop short, people delete: each content comes once at most, whole, and in the
    end every one that is there comes.
    """

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.site = Site()
        self.home = Collector(Path(self.folder.name) / "home", self.site)
        self.links: dict[str, int] = {}
        self.ever: list[bytes] = []
        self.seen: set[str] = set()
        self._list()

    def _list(self) -> None:
        page = "".join(f'<a href="{url}">R</a>' for url in ["/0.pdf", *self.links])
        self.site.pages["/ir"] = answer(page.encode(), etag=f'"{len(self.links)}"')
        self.site.pages.setdefault("/0.pdf", answer(pdf("0")))

    @rule(content=st.integers(0, 5))
    def publish(self, content: int) -> None:
        url = f"/{len(self.links) + 1}.pdf"
        self.links[url] = content
        self.site.pages[url] = answer(pdf(str(content)))
        self._list()

    @rule(code=st.sampled_from([404, 500, 503]))
    def break_newest(self, code: int) -> None:
        if self.links:
            url = list(self.links)[-1]
            self.site.pages[url] = [status(code)] * 3 + [answer(pdf(str(self.links[url])))]

    @rule()
    def cut_newest(self) -> None:
        if self.links:
            url = list(self.links)[-1]
            whole = pdf(str(self.links[url]))
            self.site.pages[url] = [truncated(whole)] * 3 + [answer(whole)]

    @rule()
    def lose_memory(self) -> None:
        self.home.memory_file.unlink(missing_ok=True)

    @rule(documents=st.integers(1, 3), hours=st.integers(0, 100))
    def run(self, documents: int, hours: int) -> None:
        self._collect(documents, hours)

    def _collect(self, documents: int, hours: int) -> None:
        self.site.clock.time += hours * 3600
        entry = {"kind": "page", "url": f"{self.site.url}/ir", "links": [r"\.pdf$"]}
        (outcome,) = self.home.collect(entry, documents=documents)
        assert not self.seen & set(outcome.new)
        self.seen |= set(outcome.new)

    @invariant()
    def each_content_once_and_whole(self) -> None:
        found = list(self.home.files().values()) if hasattr(self, "home") else []
        assert len(found) == len(set(found))
        assert all(body in [pdf(str(number)) for number in range(6)] for body in found)

    def teardown(self) -> None:
        if hasattr(self, "home"):
            for _ in range(4):
                self._collect(100, 24 * 30)
            wanted = {pdf("0"), *(pdf(str(number)) for number in self.links.values())}
            assert set(self.home.files().values()) == wanted
            self.site.close()
            self.folder.cleanup()


TestNeverTwice = NeverTwice.TestCase
TestNeverTwice.settings = hypothesis_settings(max_examples=15, stateful_step_count=12, deadline=None)


def test_requests_go_one_after_the_other(collector: Collector, site: Site):
    """A site never sees two of ours at once."""
    running, most = [0], [0]
    lock = threading.Lock()

    def counted(behaviour: Any) -> Any:
        def behave(handler: Any) -> None:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            behaviour(handler)
            with lock:
                running[0] -= 1

        return behave

    two_filings(site)
    site.pages = {path: counted(behaviour) for path, behaviour in site.pages.items()}
    collector.collect(gds(site))
    assert (most[0], len(site.asked)) == (1, 5)
