"""Asking over HTTP, against a server on its good and bad days: politeness, limits, and what each failure says."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from filing_site import (
    Site,
    StillClock,
    answer,
    chunked,
    endless,
    hanging_up,
    redirect,
    stalling,
    stalling_headers,
    status,
    truncated,
    unannounced,
    unpacked_short,
)

from assets.filings import client as asking
from assets.filings.client import DOCUMENT, HOST, REFUSED, AskError, Bounds, Client
from assets.filings.memory import Memory
from assets.filings.sources import Source

BODY = b"<html><body>" + b"figures " * 500 + b"</body></html>"
LARGE = 1_000_000


def source(site: Site, kind: str = "page", **more: Any) -> Source:
    return Source(
        "s", "GDS Holdings", "gds-holdings", kind, {"start": site.url}, 5.0 if kind == "edgar" else 1.0, **more
    )


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "filings.sqlite")


@pytest.fixture
def client(site: Site, memory: Memory) -> Client:
    return Client("Example x@example.com", "1.0", memory, site.clock, Bounds(request_s=5.0), chance=random.Random(0))


def failure(client: Client, one: Source, url: str, max_bytes: int = LARGE) -> AskError:
    with pytest.raises(AskError) as caught:
        client.get(one, url, max_bytes)
    assert caught.value.reason
    assert caught.value.remedy
    return caught.value


def test_every_request_says_who_asks_and_takes_packed_answers(site: Site, client: Client):
    """EDGAR refuses requests without name and mail address, and asks to be asked for gzip."""
    site.pages["/a"] = answer(BODY, packed=True)
    assert client.get(source(site), f"{site.url}/a", LARGE).body == BODY
    sent = site.asked[0].headers
    assert sent["User-Agent"] == "Example x@example.com colocast/1.0"
    assert "gzip" in sent["Accept-Encoding"]


def test_a_condition_that_holds_brings_no_body(site: Site, client: Client):
    """A list that has not changed costs its site and us next to nothing."""
    site.pages["/a"] = answer(BODY, etag='"1"', modified="Wed, 01 Oct 2025 00:00:00 GMT")
    first = client.get(source(site), f"{site.url}/a", LARGE)
    again = client.get(source(site), f"{site.url}/a", LARGE, first.etag, first.last_modified)
    assert (first.unchanged, again.unchanged, again.body) == (False, True, b"")
    assert site.asked[1].headers["If-None-Match"] == '"1"'
    assert site.asked[1].headers["If-Modified-Since"] == "Wed, 01 Oct 2025 00:00:00 GMT"


@pytest.mark.parametrize(("kind", "seconds"), [("page", 1.0), ("edgar", 0.2)])
def test_a_site_gets_its_number_of_requests_a_second(site: Site, client: Client, kind: str, seconds: float):
    """Too fast is shut out; the pause is counted by the clock that requests go by."""
    site.pages["/a"] = answer(BODY)
    for _ in range(6):
        client.get(source(site, kind), f"{site.url}/a", LARGE)
    times = [one.at for one in site.asked]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= seconds - 1e-6
    assert sum(site.clock.slept) == pytest.approx(5 * seconds)


@pytest.mark.parametrize("code", [429, 503])
def test_a_short_retry_after_is_waited_for(site: Site, client: Client, code: int):
    """A site that says when is asked again then, in the same run."""
    site.pages["/a"] = [status(code, Retry_After="7"), answer(BODY)]
    start = site.clock.now()
    assert client.get(source(site), f"{site.url}/a", LARGE).body == BODY
    assert site.asked[1].at - start >= 7


def test_a_long_retry_after_is_remembered_and_kept(site: Site, client: Client, memory: Memory):
    """Nobody waits an hour in a run; but no run before that hour asks."""
    site.pages["/a"] = status(429, Retry_After="3600")
    start = site.clock.now()
    told = failure(client, source(site), f"{site.url}/a")
    assert (told.scope, told.status) == (HOST, 429)
    assert memory.hold_of("127.0.0.1")[0] >= start + 3600
    again = failure(client, source(site), f"{site.url}/a")
    assert "left alone until" in again.reason
    assert len(site.asked) == 1
    site.pages["/a"] = answer(BODY)
    site.clock.time = start + 2 * 3600
    assert client.get(source(site), f"{site.url}/a", LARGE).body == BODY
    assert memory.hold_of("127.0.0.1") == (0.0, "", 0)


def test_a_retry_after_may_be_a_date(site: Site, client: Client, memory: Memory):
    """The header has two forms, and sites use both."""
    when = datetime.fromtimestamp(site.clock.now() + 5000, UTC)
    site.pages["/a"] = status(503, Retry_After=format_datetime(when, usegmt=True))
    failure(client, source(site), f"{site.url}/a")
    assert memory.hold_of("127.0.0.1")[0] >= when.timestamp() - 1


def test_a_retry_after_that_says_nothing_sensible_counts_as_none(site: Site, client: Client, memory: Memory):
    """Neither a year nor a word may stop us for ever."""
    for text in ("99999999999", "soon", "-5"):
        site.pages["/a"] = status(503, Retry_After=text)
        failure(client, source(site), f"{site.url}/a")
        assert memory.hold_of("127.0.0.1")[0] <= site.clock.now() + asking.LONGEST_RETRY_AFTER_S
        memory.release("127.0.0.1")


def test_a_site_that_fails_once_is_tried_again_with_growing_pauses(site: Site, client: Client):
    """A hiccup is no failure."""
    site.pages["/a"] = [status(503), hanging_up, answer(BODY)]
    assert client.get(source(site), f"{site.url}/a", LARGE).body == BODY
    pauses = [pause for pause in site.clock.slept if pause >= 1]
    assert len(pauses) == 2
    assert pauses[1] > pauses[0]


def test_a_site_that_stays_down_is_left_alone_ever_longer(site: Site, client: Client, memory: Memory):
    """Back-off grows with each failed run, has jitter, and has an end."""
    site.pages["/a"] = status(503)
    holds = []
    for _ in range(12):
        failure(client, source(site), f"{site.url}/a")
        until = memory.hold_of("127.0.0.1")[0]
        holds.append(until - site.clock.now())
        site.clock.time = until + 1
    assert 60 <= holds[0] <= 75
    assert all(later > earlier for earlier, later in pairwise(holds[:8]))
    assert asking.LONGEST_HOLD_S <= holds[-1] <= 1.25 * asking.LONGEST_HOLD_S


def test_a_hold_written_by_a_clock_that_stood_wrong_does_not_count(site: Site, client: Client, memory: Memory):
    """After the clock is put right, a hold of years must not stay."""
    memory.hold("127.0.0.1", site.clock.now() + 1e9, "written in the wrong year")
    site.pages["/a"] = answer(BODY)
    assert client.get(source(site), f"{site.url}/a", LARGE).body == BODY


def test_edgar_that_refuses_says_what_it_wants_and_is_left_alone(site: Site, client: Client, memory: Memory):
    """403 of EDGAR means no contact or too fast; asking on makes the shut-out longer."""
    site.pages["/a"] = status(403)
    told = failure(client, source(site, "edgar"), f"{site.url}/a")
    assert (told.scope, "COLOCAST_CONTACT" in told.remedy) == (HOST, True)
    assert memory.hold_of("127.0.0.1")[0] >= site.clock.now() + 600
    assert len(site.asked) == 1


def test_a_name_that_cannot_be_resolved_or_a_closed_port_is_told(client: Client, site: Site, memory: Memory):
    """No network is the most common failure; it holds the host back and says so."""
    closed = Site()
    url = closed.url
    closed.close()
    told = failure(client, source(site), f"{url}/a")
    assert (told.scope, "cannot be reached" in told.reason) == (HOST, True)
    assert memory.hold_of("127.0.0.1")[2] == 1


def test_a_chain_of_redirects_is_followed(site: Site, client: Client):
    """Sites move their files; the answer says where it came from in the end."""
    site.pages |= {"/a": redirect("/b"), "/b": redirect(f"{site.url}/c"), "/c": answer(BODY)}
    got = client.get(source(site), f"{site.url}/a", LARGE)
    assert (got.url, got.body) == (f"{site.url}/c", BODY)


def test_redirects_in_a_circle_and_without_end_are_given_up(site: Site, client: Client):
    """Neither may keep a run busy."""
    site.pages |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert "in a circle" in failure(client, source(site), f"{site.url}/a").reason
    site.pages |= {f"/{number}": redirect(f"/{number + 1}") for number in range(50)}
    before = len(site.asked)
    assert "more than 5 times" in failure(client, source(site), f"{site.url}/0").reason
    assert len(site.asked) - before == 6


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://other.example.com/x", "add `hosts: [other.example.com]`"),
        ("http://169.254.169.254/latest/meta-data", "not a host of this source"),
        ("file:///etc/passwd", "only http and https"),
        ("https://127.0.0.1:99999/", "no address"),
    ],
)
def test_a_redirect_elsewhere_is_refused_before_anything_is_sent(site: Site, client: Client, target: str, words: str):
    """A site must not be able to send us anywhere, inside our network least of all."""
    site.pages["/a"] = redirect(target)
    told = failure(client, source(site), f"{site.url}/a")
    assert told.scope == REFUSED
    assert words in told.reason


def test_a_redirect_from_https_to_http_is_refused(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch):
    """What began encrypted must not go on in the clear."""
    secure = Source("s", "GDS Holdings", "gds-holdings", "page", {"start": "https://www.example.com/"}, 1.0)

    def reply(*arguments: Any) -> asking._Reply:
        return asking._Reply(302, {"Location": "http://www.example.com/x"}, b"", True)

    monkeypatch.setattr(asking, "_exchange", reply)
    told = failure(client, secure, "https://www.example.com/a")
    assert (told.scope, "from https to http" in told.reason) == (REFUSED, True)


def test_a_host_named_in_the_entry_may_be_redirected_to_but_gets_no_token(site: Site, client: Client):
    """A token belongs to the site it was made for."""
    other = Site(site.clock)
    try:
        site.pages["/a"] = redirect(other.url.replace("127.0.0.1", "localhost") + "/b")
        other.pages["/b"] = answer(BODY)
        one = source(site, hosts=("localhost",))
        got = client.get(one, f"{site.url}/a", LARGE, headers={"authorizationToken": "secret"})
        assert got.body == BODY
        assert site.asked[0].headers["authorizationToken"] == "secret"
        assert "authorizationToken" not in other.asked[0].headers
    finally:
        other.close()


def test_a_redirect_to_nothing_sensible_is_told(site: Site, client: Client):
    """A damaged header is the site's slip, and no traceback of ours."""
    site.pages["/a"] = redirect("http://[")
    assert "no address" in failure(client, source(site), f"{site.url}/a").reason


@pytest.mark.parametrize("behaviour", [stalling, stalling_headers])
def test_an_answer_that_never_ends_is_given_up(site: Site, memory: Memory, behaviour: Any):
    """A site that drips a byte now and then defeats the time limit of a socket, and must not defeat ours."""
    site.pages["/a"] = behaviour(site)
    bounds = Bounds(request_s=0.3, tries=2)
    client = Client("Example x@example.com", "1.0", memory, site.clock, bounds, chance=random.Random(0))
    told = failure(client, source(site), f"{site.url}/a")
    assert (told.scope, "no full answer within" in told.reason) == (DOCUMENT, True)
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    "behaviour",
    [truncated(BODY), truncated(b"", 10), chunked(BODY, whole=False), unpacked_short(BODY)],
    ids=["half of the length", "nothing of the length", "last chunk missing", "packing cut"],
)
def test_a_truncated_answer_is_never_taken(site: Site, client: Client, behaviour: Any):
    """Half a report has wrong totals; it is tried again and else told."""
    site.pages["/a"] = [behaviour, answer(BODY)]
    assert client.get(source(site), f"{site.url}/a", LARGE).body == BODY
    site.pages["/a"] = behaviour
    told = failure(client, source(site), f"{site.url}/a")
    assert (told.scope, "cut off" in told.reason) == (DOCUMENT, True)


def test_whole_chunks_are_taken_and_an_end_nobody_announced_is_marked(site: Site, client: Client):
    """Without length and chunks a cut looks like the end; who keeps the document must know."""
    site.pages |= {"/a": chunked(BODY), "/b": unannounced(BODY)}
    whole = client.get(source(site), f"{site.url}/a", LARGE)
    unsure = client.get(source(site), f"{site.url}/b", LARGE)
    assert (whole.body, whole.announced) == (BODY, True)
    assert (unsure.body, unsure.announced) == (BODY, False)


@pytest.mark.parametrize(
    "behaviour",
    [answer(b"x" * 5000), truncated(b"x" * 10, 10**12), endless, answer(b"\0" * 10_000_000, packed=True)],
    ids=["announced", "announced and absurd", "without end", "packed small"],
)
def test_an_answer_above_the_limit_is_refused(site: Site, client: Client, behaviour: Any):
    """Neither disk nor memory is the site's to fill; a packed answer counts unpacked."""
    site.pages["/a"] = behaviour
    told = failure(client, source(site), f"{site.url}/a", max_bytes=4000)
    assert (told.scope, "4,000 bytes" in told.reason) == (REFUSED, True)


def test_a_packing_nobody_asked_for_is_not_taken(site: Site, client: Client):
    """Bytes we cannot unpack would be archived as a broken report."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "br")
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"abc")

    site.pages["/a"] = behave
    assert "'br'" in failure(client, source(site), f"{site.url}/a").reason


@pytest.mark.parametrize(
    ("code", "scope"), [(404, DOCUMENT), (410, DOCUMENT), (401, DOCUMENT), (204, DOCUMENT), (304, DOCUMENT)]
)
def test_other_answers_are_told_with_their_number(site: Site, client: Client, code: int, scope: str):
    """Also a 304 that nobody asked for is no document."""
    site.pages["/a"] = status(code)
    told = failure(client, source(site), f"{site.url}/a")
    assert (told.scope, told.status) == (scope, code)
    assert str(code) in told.reason


def test_an_error_of_one_address_holds_no_host_back(site: Site, client: Client, memory: Memory):
    """One broken document must not keep the others."""
    site.pages["/a"] = status(500)
    assert failure(client, source(site), f"{site.url}/a").scope == DOCUMENT
    assert memory.hold_of("127.0.0.1")[0] == 0


def test_no_request_and_no_pause_reaches_beyond_the_deadline(site: Site, memory: Memory):
    """A tick of a sensor that takes a minute is killed, with what it had in hand."""
    clock = StillClock()
    client = Client("Example x@example.com", "1.0", memory, clock, Bounds(), deadline=clock.now() + 3)
    site.pages["/a"] = status(503)
    failure(client, source(site), f"{site.url}/a")
    assert clock.now() <= client.deadline
    memory.release("127.0.0.1")
    clock.time = client.deadline + 1
    before = len(site.asked)
    assert "time of this run is over" in failure(client, source(site), f"{site.url}/a").reason
    assert len(site.asked) == before


def test_a_proxy_of_the_environment_is_used_for_other_hosts(
    site: Site, client: Client, monkeypatch: pytest.MonkeyPatch
):
    """In many companies nothing is reached without one; this machine itself is always asked directly."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, site.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site.pages["http://www.example.com/a"] = answer(BODY)
    site.pages["/b"] = answer(BODY)
    far = Source("s", "GDS Holdings", "gds-holdings", "page", {"start": "http://www.example.com/"}, 1.0)
    assert client.get(far, "http://www.example.com/a", LARGE).body == BODY
    assert client.get(source(site), f"{site.url}/b", LARGE).body == BODY
    assert site.paths() == ["http://www.example.com/a", "/b"]


def test_requests_given_up_leave_no_thread_behind(site: Site, memory: Memory):
    """A code server lives for weeks: a thread for each slow answer would end it."""
    site.pages["/a"] = stalling(site)
    client = Client("Example x@example.com", "1.0", memory, site.clock, Bounds(request_s=0.2, tries=1))
    failure(client, source(site), f"{site.url}/a")
    for thread in threading.enumerate():
        if thread.name == "filing request":
            thread.join(timeout=5)
            assert not thread.is_alive()


def test_each_judged_address_is_tried_and_the_certificate_is_held_against_the_name(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    """The connection goes to the address that was judged, so that no second look-up can lead elsewhere."""
    tried: list[tuple[str, str, str]] = []

    class Pool:
        def __init__(self, address: str, port: int, **more: Any) -> None:
            tried.append((address, more["server_hostname"], more["assert_hostname"]))

        def urlopen(self, *arguments: Any, headers: dict[str, str], **more: Any) -> None:
            assert headers["Host"] == "www.example.com"
            raise asking.ConnectTimeoutError("no route")

        def close(self) -> None:
            pass

    found = [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "8.8.4.4")]
    monkeypatch.setattr(asking.addresses.socket, "getaddrinfo", lambda *a, **k: found)
    monkeypatch.setattr(asking.urllib3, "HTTPSConnectionPool", Pool)
    monkeypatch.setattr(asking, "_proxy_for", lambda scheme, host: "")
    far = Source("s", "GDS Holdings", "gds-holdings", "page", {"start": "https://www.example.com/"}, 1.0)
    assert failure(client, far, "https://www.example.com/a").scope == HOST
    assert tried[:2] == [
        ("8.8.8.8", "www.example.com", "www.example.com"),
        ("8.8.4.4", "www.example.com", "www.example.com"),
    ]
