"""Which addresses may be asked: a foreign page must not lead into our own network."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.filings import addresses
from assets.filings.addresses import LOOPBACK, OTHER, PRIVATE, PUBLIC, ForbiddenError, check_url, resolve, standing
from assets.filings.sources import Source


def source(url: str = "https://www.example.com/reports", **more: Any) -> Source:
    return Source("s", "GDS Holdings", "gds-holdings", "page", {"start": url}, 1.0, **more)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", PUBLIC),
        ("2001:4860:4860::8888", PUBLIC),
        ("127.0.0.1", LOOPBACK),
        ("::1", LOOPBACK),
        ("10.1.2.3", PRIVATE),
        ("192.168.0.1", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("fd00::1", PRIVATE),
        ("169.254.169.254", OTHER),
        ("0.0.0.0", OTHER),
        ("224.0.0.1", OTHER),
        ("fe80::1%eth0", OTHER),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("64:ff9b::a00:1", PRIVATE),
        ("2002:7f00:1::", LOOPBACK),
    ],
)
def test_an_address_has_a_standing(address: str, expected: str):
    """Loopback, private, link-local and wrapped addresses must each be told from public ones."""
    assert standing(address) == expected


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_in_another_stands_as_itself(address: ipaddress.IPv4Address):
    """No wrapping may turn an inner address into a public one."""
    assert standing(f"::ffff:{address}") == standing(str(address))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("gopher://www.example.com/", "only http and https"),
        ("https://user@www.example.com/", "user name"),
        ("https://other.example.com/x", "add `hosts: [other.example.com]`"),
        ("https://www.example.com.evil.example/x", "not a host of this source"),
        ("https://[", "no address"),
        ("https://www.example.com:99999/", "no address"),
        ("https:///x", "without a host"),
    ],
)
def test_what_may_not_be_asked_is_refused_with_its_reason(url: str, words: str):
    """Links come from pages that anybody may have written."""
    with pytest.raises(ForbiddenError, match=words.replace("[", r"\[").replace("]", r"\]")):
        check_url(source(), url)


@pytest.mark.parametrize("url", ["https://example.com/x", "http://WWW.EXAMPLE.COM/x", "https://cdn.example.net/y"])
def test_own_hosts_and_named_hosts_may_be_asked(url: str):
    """The same site without www, and hosts that the entry names, are part of the source."""
    check_url(source(hosts=("cdn.example.net",)), url)


def test_a_named_host_that_is_a_private_address_is_refused():
    """An address in `hosts` does not open the private network; `own_network` does."""
    with pytest.raises(ForbiddenError, match="private network"):
        check_url(source(hosts=("10.0.0.1",)), "http://10.0.0.1/x")
    check_url(source(hosts=("10.0.0.1",), own_network=True), "http://10.0.0.1/x")


def test_a_public_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch):
    """A name server may be anybody's: what it answers is judged before anything is sent."""
    monkeypatch.setattr(
        addresses.socket,
        "getaddrinfo",
        lambda *a, **k: [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.5", 443))],
    )
    with pytest.raises(ForbiddenError, match=r"leads to 10\.0\.0\.5.*own_network: true"):
        resolve(source(), "www.example.com", 443)
    assert resolve(source(own_network=True), "www.example.com", 443) == ["8.8.8.8", "10.0.0.5"]


def test_a_source_on_this_machine_may_ask_this_machine_and_no_other_network():
    """A source configured with a loopback address opens loopback alone."""
    local = source("http://127.0.0.1:8000/x", hosts=("10.0.0.1",))
    check_url(local, "http://127.0.0.1:9000/y")
    with pytest.raises(ForbiddenError):
        check_url(local, "http://10.0.0.1/y")
