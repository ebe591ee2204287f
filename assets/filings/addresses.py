"""Which addresses may be asked: the source's own hosts and those its entry names, never our own network by accident.

A redirect or a link on a foreign page could point at a service inside the network that Colocast runs in. Names are
therefore resolved first, every address is judged, and the connection goes to the address that was judged. Addresses
that are not public are refused, unless the source itself was configured with one, or says `own_network: true`.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from assets.filings.sources import Source

PUBLIC, LOOPBACK, PRIVATE, OTHER = "public", "loopback", "private", "other"


class ForbiddenError(Exception):
    """An address that may not be asked; the message says why and what to do."""


def standing(address: str) -> str:
    """PUBLIC, LOOPBACK, PRIVATE or OTHER (link-local, multicast, reserved) of an IP address in text.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged as the IPv4 address it leads to.
    """
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return standing(str(inner))
    if ip.is_loopback:
        return LOOPBACK
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
        return OTHER
    if ip.is_global:
        return PUBLIC
    return PRIVATE


def literal_standing(host: str) -> str:
    """The standing of a host that is written as an address, or `localhost`; PUBLIC for any other name."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return LOOPBACK
    try:
        return standing(host)
    except ValueError:
        return PUBLIC


def allowed_standings(source: Source) -> frozenset[str]:
    """Where a source may lead: the public network, and what its own addresses or `own_network` say."""
    own = {literal_standing(host) for host in source.base_hosts}
    inside = {LOOPBACK, PRIVATE} if source.own_network else set()
    return frozenset({PUBLIC} | own | inside)


def check_url(source: Source, url: str) -> None:
    """Raises ForbiddenError unless `url` is http(s), without a user name, on a host that this source may ask."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ForbiddenError(f"{url!r} is no address; the site gave a damaged link") from None
    if parts.scheme not in ("http", "https"):
        raise ForbiddenError(f"{url!r}: only http and https are asked")
    if not host or parts.username or parts.password:
        raise ForbiddenError(f"{url!r}: an address without a host, or with a user name, is not asked")
    if _bare(host) not in {_bare(known) for known in (*source.base_hosts, *source.hosts)}:
        raise ForbiddenError(
            f"{host} is not a host of this source; add `hosts: [{host}]` to the source '{source.name}' if its reports "
            "lie there"
        )
    if literal_standing(host) not in allowed_standings(source):
        raise ForbiddenError(f"{host} is an address inside a private network, which this source may not lead to")


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def resolve(source: Source, host: str, port: int) -> list[str]:
    """The addresses of a host, in the order to try them. Raises ForbiddenError if any may not be asked, OSError when
    the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = allowed_standings(source)
    for address in addresses:
        if standing(address) not in allowed:
            raise ForbiddenError(
                f"{host} leads to {address}, which is no public address; if the site stands in your own network, add "
                f"`own_network: true` to the source '{source.name}'"
            )
    return addresses
