"""Asking a site over HTTP: politely (rate, back-off, conditional requests), safely (addresses.py) and within limits.

Belongs here: one request with its redirects and tries, and what its failure means. Not here: what is asked for
(kinds/), what is remembered of it (memory.py). Time comes from a Clock, so that tests need not wait; the limit of a
single request is real time, since a site that never ends its answer is real too.
"""

from __future__ import annotations

import queue
import random
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, SSLError

from assets.filings import addresses
from assets.filings.addresses import ForbiddenError, check_url
from assets.filings.sources import Source

HOST, DOCUMENT, REFUSED = "host", "document", "refused"
MOVED = {301, 302, 303, 307, 308}
# A site that fails is left alone for a minute, then twice as long each time, up to six hours.
FIRST_HOLD_S, LONGEST_HOLD_S = 60.0, 6 * 3600.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0
# EDGAR shuts out for ten minutes who was too fast or did not say who asks.
EDGAR_SHUT_OUT_S = 660.0
_CHUNK = 1 << 16


class Clock:
    """The time of day and sleeping; tests put another in its place."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Holds(Protocol):
    """What is remembered of hosts that asked to be left alone (memory.py)."""

    def hold_of(self, host: str) -> tuple[float, str, int]:
        """(not before this time, why, failures in a row)."""

    def hold(self, host: str, until: float, reason: str) -> None:
        """Leave a host alone until a time; counts one failure more."""

    def release(self, host: str) -> None:
        """The host answered: forget its failures."""


class AskError(Exception):
    """A request without a usable answer.

    `scope` says whom it concerns: HOST (leave the site alone for a while), DOCUMENT (this address alone, later again)
    or REFUSED (asking again is no use until the configuration changes). `status` is the HTTP status, 0 without one.
    """

    def __init__(self, scope: str, reason: str, remedy: str, status: int = 0) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.scope, self.reason, self.remedy, self.status = scope, reason, remedy, status


@dataclass(frozen=True)
class Bounds:
    """Limits of a request: seconds in all, redirects, tries, and the longest pause that a run makes for a site."""

    request_s: float = 60.0
    redirects: int = 5
    tries: int = 3
    patience_s: float = 20.0


@dataclass(frozen=True)
class Answer:
    """What a site answered. `body` is empty where nothing changed (304). `announced` is False where the site said
    neither length nor end of the body, so that a cut connection looks like the end.
    """

    url: str
    status: int
    body: bytes = b""
    etag: str = ""
    last_modified: str = ""
    announced: bool = True

    @property
    def unchanged(self) -> bool:
        """Whether the site says that what we know is still what it has."""
        return self.status == 304


@dataclass
class Client:
    """Asks sites one request after the other. `contact` is the name and mail that every request carries.

    `deadline` (the clock's time) is when the run must have ended: no pause and no request reaches beyond it.
    """

    contact: str
    version: str
    holds: Holds
    clock: Clock = field(default_factory=Clock)
    bounds: Bounds = field(default_factory=Bounds)
    deadline: float = float("inf")
    chance: random.Random = field(default_factory=random.Random)
    _last: dict[str, float] = field(default_factory=dict)

    @property
    def user_agent(self) -> str:
        """As EDGAR asks for: who, with a mail address, then the program."""
        return f"{self.contact} colocast/{self.version}"

    def get(
        self,
        source: Source,
        url: str,
        max_bytes: int,
        etag: str = "",
        last_modified: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a GET, with status 200, or 304 where `etag` or `last_modified` still hold.

        `headers` go to the host of `url` alone, never to one it redirects to. Raises AskError.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        own = {name: value for name, value in {**conditions, **(headers or {})}.items() if value}
        problem: AskError | None = None
        for attempt in range(self.bounds.tries):
            try:
                return self._follow(source, url, max_bytes, own)
            except _TemporaryError as error:
                problem = error.told
                pause = max(error.wait_s, 2.0**attempt) * (1 + self.chance.random() / 2)
                last = attempt + 1 == self.bounds.tries
                if last or pause > self.bounds.patience_s or self.clock.now() + pause > self.deadline:
                    if problem.scope == HOST:
                        self._leave_alone(error.host, error.wait_s, problem.reason)
                    raise problem from error
                self.clock.sleep(pause)
        raise problem or AssertionError("at least one try is made")

    def _leave_alone(self, host: str, wait_s: float, reason: str) -> None:
        _, _, failures = self.holds.hold_of(host)
        growing = min(FIRST_HOLD_S * 2.0 ** min(failures, 20), LONGEST_HOLD_S) * (1 + self.chance.random() / 4)
        self.holds.hold(host, self.clock.now() + max(growing, wait_s), reason)

    def _follow(self, source: Source, url: str, max_bytes: int, headers: Mapping[str, str]) -> Answer:
        seen = [url]
        sent = dict(headers)
        while True:
            here = seen[-1]
            try:
                check_url(source, here)
            except ForbiddenError as error:
                raise AskError(REFUSED, str(error), "Nothing was asked there") from error
            host = _host_of(here)
            if host != _host_of(url):
                sent = {name: value for name, value in sent.items() if name.startswith("If-")}
            self._wait_for_turn(source, host)
            answer, location = self._ask_once(source, here, max_bytes, sent)
            if location is None:
                self.holds.release(host)
                return answer
            try:
                target = urljoin(here, location)
            except ValueError:
                raise AskError(
                    DOCUMENT, f"{here} redirects to {location[:80]!r}, which is no address", "Open it in a browser"
                ) from None
            if urlsplit(here).scheme == "https" and urlsplit(target).scheme == "http":
                raise AskError(
                    REFUSED,
                    f"{here} redirects from https to http ({target})",
                    "Give the address that it should lead to",
                )
            if target in seen or len(seen) > self.bounds.redirects:
                what = "in a circle" if target in seen else f"more than {self.bounds.redirects} times"
                raise AskError(DOCUMENT, f"{url} redirects {what}", "Open it in a browser and correct the address")
            seen.append(target)

    def _wait_for_turn(self, source: Source, host: str) -> None:
        until, reason, _ = self.holds.hold_of(host)
        pause = until - self.clock.now()
        # A hold is never longer than this; a longer one was written when the clock stood wrong.
        if 0 < pause <= 1.3 * LONGEST_RETRY_AFTER_S:
            if pause > self.bounds.patience_s or self.clock.now() + pause > self.deadline:
                when = datetime.fromtimestamp(until, UTC)
                raise AskError(
                    HOST,
                    f"{host} is left alone until {when:%Y-%m-%d %H:%M} UTC ({reason})",
                    "It is asked again by itself after that",
                )
            self.clock.sleep(pause)
        # EDGAR counts requests of one user over all its hosts, the others a host.
        lane = source.kind if source.kind == "edgar" else host
        pause = self._last.get(lane, float("-inf")) + 1.0 / source.rate - self.clock.now()
        # A clock that was put back must not stop us for as long as it was wrong.
        if 0 < pause <= 2.0 / source.rate:
            self.clock.sleep(pause)
        self._last[lane] = self.clock.now()

    def _ask_once(
        self, source: Source, url: str, max_bytes: int, headers: Mapping[str, str]
    ) -> tuple[Answer, str | None]:
        host = _host_of(url)
        seconds = min(self.bounds.request_s, max(self.deadline - self.clock.now(), 0.0))
        if seconds <= 0:
            raise AskError(DOCUMENT, "the time of this run is over", "It goes on at the next")
        asked = {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Encoding": "gzip", **headers}
        try:
            reply = _within(seconds, lambda stop: _exchange(source, url, asked, max_bytes, seconds, stop))
        except _SlowError:
            raise _TemporaryError(
                host,
                AskError(
                    DOCUMENT,
                    f"{url}: no full answer within {seconds:.0f} s",
                    "It is tried again; fetch it by hand if urgent",
                ),
            ) from None
        except ForbiddenError as error:
            raise AskError(REFUSED, str(error), "Nothing was asked there") from error
        except _TooLargeError as error:
            raise AskError(
                REFUSED,
                f"{url}: {error}",
                "If it is a report, fetch it by hand and raise COLOCAST_READER_DOCUMENT_MIB",
            ) from error
        except SSLError as error:
            raise AskError(
                HOST,
                f"{host}: the certificate does not hold ({_short(error)})",
                "Check the address; a certificate of your own network goes into SSL_CERT_FILE",
            ) from error
        except (_TruncatedError, zlib.error) as error:
            raise _TemporaryError(
                host, AskError(DOCUMENT, f"{url}: the answer was cut off ({error})", "It is tried again by itself")
            ) from error
        except (OSError, HTTPError, ValueError) as error:
            raise _TemporaryError(
                host,
                AskError(
                    HOST,
                    f"{host} cannot be reached ({_short(error)})",
                    "Check the network and the address; it is tried again",
                ),
            ) from error
        return self._judge(source, url, reply, conditional=any(name.startswith("If-") for name in headers))

    def _judge(self, source: Source, url: str, reply: _Reply, conditional: bool) -> tuple[Answer, str | None]:
        host, status = _host_of(url), reply.status
        answer = Answer(
            url, status, reply.body, reply.header("ETag"), reply.header("Last-Modified"), announced=reply.announced
        )
        if status == 200 or (status == 304 and conditional):
            return answer, None
        if status in MOVED and reply.header("Location"):
            return answer, reply.header("Location")
        if status in (429, 502, 503, 504):
            raise _TemporaryError(
                host,
                AskError(HOST, f"{host} answered {status} ({_STATUS[status]})", "It is asked again by itself", status),
                _retry_after(reply.header("Retry-After"), self.clock.now()),
            )
        if status >= 500:
            raise _TemporaryError(
                host, AskError(DOCUMENT, f"{url} answered {status}", "It is tried again by itself", status)
            )
        if status == 403 and source.kind == "edgar":
            self._leave_alone(host, EDGAR_SHUT_OUT_S, "EDGAR refused the request")
            raise AskError(
                HOST,
                "EDGAR refused the request (403)",
                "Check that COLOCAST_CONTACT is a name and a mail address; EDGAR lets in again after ten minutes",
                status,
            )
        if status in (401, 403):
            remedy = "The site wants a log-in or refuses programs; fetch the report by hand, or ask the site for access"
            if source.kind == "sgx":
                remedy = "SGX wants a token for its list; docs/getting-reports.md says what can be done"
            raise AskError(DOCUMENT, f"{url} answered {status} (refused)", remedy, status)
        if status in (404, 410):
            raise AskError(
                DOCUMENT, f"{url} answered {status} (not there)", "Correct the address if it has moved", status
            )
        raise AskError(DOCUMENT, f"{url} answered {status}; expected 200", "Open it in a browser", status)


_STATUS = {429: "too many requests", 502: "bad gateway", 503: "not available", 504: "gateway time-out"}


class _TemporaryError(Exception):
    """Worth another try: `told` is what to say when no try helps, `wait_s` what the site asked for."""

    def __init__(self, host: str, told: AskError, wait_s: float = 0.0) -> None:
        super().__init__(str(told))
        self.host, self.told, self.wait_s = host, told, wait_s


class _SlowError(Exception):
    pass


class _TooLargeError(Exception):
    pass


class _TruncatedError(Exception):
    pass


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    announced: bool

    def header(self, name: str) -> str:
        return str(self.headers.get(name) or "").strip()[:2000]


def _within(seconds: float, work: Callable[[threading.Event], _Reply]) -> _Reply:
    """Does `work` in a thread and gives up after some seconds: neither a name server nor a dripping header has a time
    limit of its own. The thread sees `stop` set and ends at its next chunk.
    """
    stop = threading.Event()
    box: queue.SimpleQueue[_Reply | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            box.put(work(stop))
        except BaseException as error:  # handed to whoever waits
            box.put(error)

    threading.Thread(target=run, daemon=True, name="filing request").start()
    try:
        result = box.get(timeout=seconds)
    except queue.Empty:
        stop.set()
        raise _SlowError from None
    if isinstance(result, BaseException):
        slow = isinstance(result, TimeoutError | urllib3.exceptions.TimeoutError)
        if slow and not isinstance(result, ConnectTimeoutError):
            raise _SlowError from result
        raise result
    return result


def _exchange(
    source: Source, url: str, headers: Mapping[str, str], max_bytes: int, seconds: float, stop: threading.Event
) -> _Reply:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    timeout = urllib3.Timeout(connect=min(seconds, 10.0), read=seconds)
    proxy = _proxy_for(parts.scheme, host)
    if proxy:
        manager = urllib3.ProxyManager(proxy, timeout=timeout, retries=False)
        try:
            reply = manager.urlopen(
                "GET", url, headers=dict(headers), redirect=False, preload_content=False, decode_content=False
            )
            return _read(reply, max_bytes, stop)
        finally:
            manager.clear()
    target = urllib3.util.parse_url(url).request_uri
    named = dict(headers) | {"Host": parts.netloc}
    for number, address in enumerate(found := addresses.resolve(source, host, port)):
        pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                address, port, timeout=timeout, retries=False, server_hostname=host, assert_hostname=host
            )
        else:
            pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout, retries=False)
        try:
            reply = pool.urlopen(
                "GET", target, headers=named, redirect=False, preload_content=False, decode_content=False
            )
            return _read(reply, max_bytes, stop)
        except ConnectTimeoutError:
            if number + 1 == len(found):
                raise
        finally:
            pool.close()
    raise OSError(f"{host} has no address")


def _proxy_for(scheme: str, host: str) -> str:
    """The proxy that the environment names for a host (HTTPS_PROXY, NO_PROXY); '' without one, and for ourselves."""
    if addresses.literal_standing(host) == addresses.LOOPBACK or urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(scheme, "")


def _read(reply: urllib3.BaseHTTPResponse, max_bytes: int, stop: threading.Event) -> _Reply:
    announced = reply.headers.get("Content-Length") is not None or bool(getattr(reply, "chunked", False))
    if reply.status != 200:
        # What stands on an error page is of no use; the connection is not used again.
        reply.close()
        return _Reply(reply.status, reply.headers, b"", True)
    length = reply.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > max_bytes:
        reply.close()
        raise _TooLargeError(f"{int(length):,} bytes; at most {max_bytes:,} bytes are taken")
    coding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise _TruncatedError(f"packed as {coding!r}, which was not asked for")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    body = bytearray()
    try:
        while chunk := reply.read1(_CHUNK, decode_content=False):
            if stop.is_set():
                raise _SlowError
            body += unpack.decompress(chunk, max_bytes + 1 - len(body)) if unpack else chunk
            if len(body) > max_bytes:
                raise _TooLargeError(f"more than {max_bytes:,} bytes, which is the most that is taken")
    except urllib3.exceptions.TimeoutError:
        raise
    except HTTPError as error:
        raise _TruncatedError(f"after {len(body):,} bytes") from error
    finally:
        reply.close()
    if unpack is not None and not unpack.eof:
        raise _TruncatedError(f"the packed answer ends after {len(body):,} bytes")
    return _Reply(reply.status, reply.headers, bytes(body), announced)


def _retry_after(text: str, now: float) -> float:
    """Seconds from a Retry-After header, in either of its forms; 0 where it says nothing sensible."""
    if text.isdigit() and text.isascii():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - now, 0.0), LONGEST_RETRY_AFTER_S)


def _host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:160] or type(error).__name__
