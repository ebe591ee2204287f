"""A local server that behaves like the filing sites, good and bad days included, and a clock that never waits.

Belongs here: the server, what it was asked, and the answers that EDGAR, HKEXnews, SGXNet, pages and feeds give. Paths
without an answer are 404. A behaviour is a function of the request handler, so that a test can put anything there.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PRESS_RELEASE = (
    "<html><head><title>Results</title></head><body><h1>GDS Holdings Limited reports results of {quarter}</h1>"
    "<p>Area in service was 618,060 sqm as of {day}, up 6.5% Y-o-Y.</p></body></html>"
)
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def release(quarter: str = "2Q25", day: str = "June 30, 2025") -> bytes:
    """A press release as HTML; another quarter is another content."""
    return PRESS_RELEASE.format(quarter=quarter, day=day).encode()


def pdf(mark: str) -> bytes:
    """A small PDF whose content differs with `mark`."""
    return PDF.replace(b"trailer", f"% {mark}\ntrailer".encode())


class StillClock:
    """A clock that moves only when somebody sleeps or a test moves it."""

    def __init__(self, now: float = 1_760_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Asked:
    """One request that the server got: path with query, headers, and the test clock's time."""

    path: str
    headers: dict[str, str]
    at: float


Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """The server. `pages` maps a path (without query, or with it where a query has its own answer) to a behaviour; a
    list of behaviours is used up one request after the other, the last one stays.
    """

    clock: StillClock = field(default_factory=StillClock)
    pages: dict[str, Behaviour | list[Behaviour]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append(Asked(self.path, dict(self.headers.items()), site.clock.now()))
                behaviour = site.pages.get(self.path) or site.pages.get(urlsplit(self.path).path) or status(404)
                if isinstance(behaviour, list):
                    behaviour = behaviour.pop(0) if len(behaviour) > 1 else behaviour[0]
                self.close_connection = True
                behaviour(self)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *arguments: object) -> None:
                pass  # clients that hang up early are the point of some tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def paths(self) -> list[str]:
        """The paths asked for so far, in order."""
        return [one.path for one in self.asked]

    def close(self) -> None:
        """End the server; whoever waits in `stalling` is let go."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(
    body: bytes, etag: str = "", modified: str = "", packed: bool = False, media_type: str = "text/html"
) -> Behaviour:
    """200 with the body; 304 where the request carries this ETag or date."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since")
        if (etag and known[0] == etag) or (modified and known[1] == modified):
            handler.send_response(304)
            handler.end_headers()
            return
        sent = gzip.compress(body) if packed else body
        handler.send_response(200)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(sent)))
        for name, value in (("ETag", etag), ("Last-Modified", modified), ("Content-Encoding", "gzip" * packed)):
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(sent)

    return behave


def as_json(data: object, etag: str = "") -> Behaviour:
    """200 with JSON."""
    return answer(json.dumps(data).encode(), etag=etag, media_type="application/json")


def status(code: int, **headers: str) -> Behaviour:
    """A status without a body; `Retry_After="5"` is a header."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def redirect(target: str) -> Behaviour:
    """302 to another address."""
    return status(302, Location=target)


def truncated(body: bytes, promised: int | None = None) -> Behaviour:
    """Half of a body whose full length was promised, then the end of the connection."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised or len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])

    return behave


def chunked(body: bytes, whole: bool = True) -> Behaviour:
    """A body in chunks, cut before its last chunk unless `whole`."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(body), 100):
            part = body[start : start + 100]
            handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if whole:
            handler.wfile.write(b"0\r\n\r\n")

    return behave


def unpacked_short(body: bytes) -> Behaviour:
    """A packed answer whose packing is cut, though its length is right."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        sent = gzip.compress(body)[:-12]
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    return behave


def unannounced(body: bytes) -> Behaviour:
    """A body without length or chunks: its end is the end of the connection."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def stalling(site: Site) -> Behaviour:
    """A body that drips a byte at a time and never ends, until the site is closed."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not site.released.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return behave


def stalling_headers(site: Site) -> Behaviour:
    """A header that never ends, until the site is closed."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not site.released.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return behave


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer at all."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Chunks without end, as fast as they are taken."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    part = b"x" * 65536
    end = time.monotonic() + 20
    while time.monotonic() < end:
        handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")


def edgar(
    site: Site, cik: int, filings: list[tuple[str, str, str]], exhibits: dict[str, list[tuple[str, str, bytes]]]
) -> None:
    """EDGAR: `filings` are (accession, day, form), `exhibits` the documents of an accession as (type, file, body)."""
    columns = {
        "accessionNumber": [one[0] for one in filings],
        "filingDate": [one[1] for one in filings],
        "form": [one[2] for one in filings],
        "primaryDocument": ["" for _ in filings],
    }
    listed = {"cik": str(cik), "name": "EXAMPLE", "filings": {"recent": columns, "files": []}}
    site.pages[f"/submissions/CIK{cik:010d}.json"] = as_json(listed, etag=f'"{len(filings)}"')
    for number, documents in exhibits.items():
        folder = f"/Archives/edgar/data/{cik}/{number.replace('-', '')}"
        header = "".join(
            f"&lt;DOCUMENT&gt;\n&lt;TYPE&gt;{kind}\n&lt;SEQUENCE&gt;{place}\n&lt;FILENAME&gt;{name}\n&lt;/DOCUMENT&gt;\n"
            for place, (kind, name, _) in enumerate(documents, start=1)
        )
        page = f"<html><head><title>SEC EDGAR Submission</title></head><body><pre>{header}</pre></body></html>"
        site.pages[f"{folder}/{number}-index-headers.html"] = answer(page.encode())
        for _, name, body in documents:
            site.pages[f"{folder}/{name}"] = answer(body, packed=True)


def hkex(site: Site, code: str, rows: list[dict[str, str]], more: bool = False, total: int = 0) -> None:
    """HKEXnews: the look-up of the stock and one answer of the title search."""
    stock = json.dumps({"more": "0", "stockInfo": [{"stockId": 54321, "code": code, "name": "EXAMPLE"}]})
    site.pages["/search/prefix.do"] = answer(f"callback({stock});\n".encode())
    found = {"result": json.dumps(rows), "hasNextRow": more, "rowRange": 100, "recordCnt": total or len(rows)}
    site.pages["/search/titleSearchServlet.do"] = as_json(found)


def hkex_row(title: str, link: str, day: str = "20/08/2025 17:00", info: str = "1MB") -> dict[str, str]:
    """One announcement of the title search."""
    return {"TITLE": title, "FILE_LINK": link, "DATE_TIME": day, "FILE_INFO": info, "LONG_TEXT": "Announcements"}
