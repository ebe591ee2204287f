"""The proxy before the UI, as deploy/proxy/Caddyfile configures it: Dagster itself asks nobody for a password and takes
changes over GET from any site, so each of these doors must be seen shut with the real Caddy.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CADDY = shutil.which("caddy")
CONFIG = Path(__file__).resolve().parents[2] / "deploy" / "proxy" / "Caddyfile"
pytestmark = pytest.mark.skipif(CADDY is None, reason="caddy is missing: apt-get install caddy")
# Of the words "may-change" and "may-look", cheap on purpose; real ones come from `caddy hash-password`.
USERS = """olga $2b$04$abcdefghijklmnopqrstuuahlXvQ3qjkWT0CtDJbGotSI1U9Si39W
vito $2b$04$abcdefghijklmnopqrstuupgtYhX1sd.RaJGb3NtNdjrdN.3RNuxO
"""
OPERATOR, VIEWER = ("olga", "may-change"), ("vito", "may-look")
WEBSOCKET = {
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
CHANGE = json.dumps({"query": 'mutation { deletePipelineRun(runId: "none") { __typename } }'})


class Answer(NamedTuple):
    """What came back: `server` is the stub that answered, '' where the proxy did."""

    status: int
    server: str
    body: str
    headers: dict[str, str]


def free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def stub(name: str, seen: list[dict[str, str]]) -> ThreadingHTTPServer:
    class Stub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            seen.append({"server": name, "method": self.command, "path": self.path, **dict(self.headers.items())})
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_socket = self.headers.get("Upgrade") == "websocket"
            self.send_response(101 if is_socket else 200)
            if is_socket:
                self.send_header("Connection", "Upgrade")
                self.send_header("Upgrade", "websocket")
            else:
                self.send_header("Content-Length", str(len(name)))
            self.send_header("X-Stub", name)
            self.end_headers()
            if not is_socket and self.command != "HEAD":
                self.wfile.write(name.encode())
            self.close_connection = is_socket

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Door:
    """The running proxy, and what its upstreams have seen."""

    def __init__(self, folder: Path, viewers_upstream: str = "") -> None:
        self.seen: list[dict[str, str]] = []
        self.stubs = [stub("operator's", self.seen), stub("viewers'", self.seen)]
        self.http, self.https = free_ports(2)
        users = folder / "users"
        users.write_text(USERS)
        self.authority = folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "COLOCAST_PROXY_HOST": "localhost",
            "COLOCAST_PROXY_BIND": "127.0.0.1",
            "COLOCAST_PROXY_HTTP_PORT": str(self.http),
            "COLOCAST_PROXY_HTTPS_PORT": str(self.https),
            "COLOCAST_PROXY_USERS": str(users),
            "COLOCAST_PROXY_OPERATORS": "boss olga",
            "COLOCAST_PROXY_UI": f"127.0.0.1:{self.stubs[0].server_port}",
            "COLOCAST_PROXY_VIEWERS_UI": viewers_upstream or f"127.0.0.1:{self.stubs[1].server_port}",
        }
        self.log = folder / "caddy.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [CADDY or "", "run", "--config", str(CONFIG)], env=environment, stdout=log, stderr=log
            )
        wait_for(lambda: self.authority.is_file() and self.shakes_hands(), self.process, self.log)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        for one in self.stubs:
            one.shutdown()
            one.server_close()

    def shakes_hands(self) -> bool:
        """Whether TLS works: the port answers before the host's certificate is made, with an alert."""
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
            plain = socket.create_connection(("127.0.0.1", self.https), 5)
            with plain, context.wrap_socket(plain, server_hostname="localhost"):
                return True
        except OSError:
            return False

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.https}"

    def ask(
        self,
        who: tuple[str, str] | None,
        method: str = "GET",
        path: str = "/runs",
        headers: dict[str, str] | None = None,
        body: str | None = None,
    ) -> Answer:
        """One request over TLS, checked against the proxy's own authority."""
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection("localhost", self.https, context=context, timeout=60)
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(who).encode()).decode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            text = "" if answer.status == 101 else answer.read().decode("utf-8", "replace")
            found = dict(answer.getheaders())
            return Answer(answer.status, found.get("X-Stub", ""), text, found)
        finally:
            connection.close()


def listens(port: int, host: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((host, port), 5):
            return True
    except OSError:
        return False


def wait_for(true: Any, process: subprocess.Popen[bytes], log: Path, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    one = Door(tmp_path_factory.mktemp("proxy"))
    yield one
    one.close()


@pytest.mark.parametrize("who", [None, ("olga", "may-look"), ("vito", ""), ("nobody", "may-change")])
@pytest.mark.parametrize("path", ["/", "/graphql", "/logs/x", "/report_asset_materialization/leases"])
def test_nobody_gets_in_without_the_right_password(door: Door, who: tuple[str, str] | None, path: str) -> None:
    """Neither a page nor a change is for strangers, nor for somebody with another's password."""
    before = len(door.seen)
    for method, body in (("GET", None), ("POST", CHANGE)):
        assert door.ask(who, method, path, body=body).status == 401
    assert len(door.seen) == before


def test_each_role_reaches_its_own_server_and_no_other(door: Door) -> None:
    """There is no path that leads a viewer to the server that takes changes."""
    assert door.ask(OPERATOR).server == "operator's"
    assert door.ask(OPERATOR, "POST", "/graphql", body=CHANGE).server == "operator's"
    for method, path, body in (("GET", "/", None), ("GET", "/runs/x", None), ("POST", "/graphql", "{}")):
        assert door.ask(VIEWER, method, path, body=body).server == "viewers'"
    assert door.ask(VIEWER, "GET", "/graphql", WEBSOCKET).server == "viewers'"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_viewer_sends_nothing_but_questions(door: Door, method: str) -> None:
    """Dagster takes reports of assets by POST; those are changes too."""
    answer = door.ask(VIEWER, method, "/report_asset_materialization/leases", body="{}")
    assert (answer.status, answer.server) == (403, "")
    assert door.ask(OPERATOR, method, "/report_asset_materialization/leases", body="{}").server == "operator's"


@pytest.mark.parametrize("path", ["/graphql?query=x", "/graphql/?query=x", "/GRAPHQL?query=x", "//graphql?query=x"])
def test_a_change_over_get_is_refused_even_to_the_operator(door: Door, path: str) -> None:
    """A link or a picture on any page could carry it."""
    for method in ("GET", "HEAD"):
        answer = door.ask(OPERATOR, method, path)
        assert (answer.status, answer.server) == (405, "")


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_what_another_site_makes_the_browser_send_is_refused(door: Door, headers: dict[str, str]) -> None:
    """The browser adds the password by itself; only these headers tell that the operator did not ask for it."""
    before = len(door.seen)
    assert door.ask(OPERATOR, "POST", "/graphql", headers, CHANGE).status == 403
    assert door.ask(OPERATOR, "GET", "/graphql", {**WEBSOCKET, **headers}).status == 403
    assert len(door.seen) == before


def test_the_ui_itself_and_a_followed_link_get_through(door: Door) -> None:
    """A door that lets nobody in would pass every test above."""
    own = {"Origin": door.origin, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert door.ask(OPERATOR, "POST", "/graphql", own, CHANGE).server == "operator's"
    socket_answer = door.ask(OPERATOR, "GET", "/graphql", {**WEBSOCKET, "Origin": door.origin})
    assert (socket_answer.status, socket_answer.server) == (101, "operator's")
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert door.ask(VIEWER, "GET", "/runs/1", link).server == "viewers'"
    framed = door.ask(VIEWER, "GET", "/runs/1", {**link, "Sec-Fetch-Dest": "iframe"})
    assert framed.status == 403


def test_passwords_stay_at_the_door(door: Door) -> None:
    """Neither Dagster nor a log has any use for them."""
    answer = door.ask(OPERATOR)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" in answer.headers
    assert door.seen
    assert not [one for one in door.seen if "Authorization" in one]
    log = door.log.read_text()
    assert "/runs" in log
    for user, password in (OPERATOR, VIEWER):
        assert password not in log
        assert base64.b64encode(f"{user}:{password}".encode()).decode() not in log


def test_files_of_the_server_are_not_for_reading(door: Door) -> None:
    """Dagster's viewer of notebooks opens files by their names."""
    assert door.ask(OPERATOR, "GET", "/notebook?path=/etc/passwd").status == 404


def test_plain_http_is_sent_to_tls(door: Door) -> None:
    """A password must not cross the network in clear."""
    before = len(door.seen)
    connection = http.client.HTTPConnection("localhost", door.http, timeout=60)
    connection.request("GET", "/runs")
    answer = connection.getresponse()
    assert answer.status in (301, 308)
    assert answer.getheader("Location") == "https://localhost/runs"
    connection.close()
    plain = http.client.HTTPConnection("localhost", door.https, timeout=60)
    plain.request("GET", "/runs")
    assert plain.getresponse().status == 400
    plain.close()
    assert len(door.seen) == before


def test_another_name_for_this_machine_leads_nowhere(door: Door) -> None:
    """A page whose own name is pointed at this machine (DNS rebinding) must not reach Dagster."""
    before = len(door.seen)
    assert door.ask(OPERATOR, "GET", "/runs", {"Host": "evil.example"}).server == ""
    assert len(door.seen) == before


def test_the_real_viewers_server_refuses_changes_and_listens_here_alone(tmp_path: Path) -> None:
    """What the proxy lets a viewer ask is refused by Dagster itself where it is a change."""
    (port,) = free_ports(1)
    home = tmp_path / "dagster"
    home.mkdir()
    log = tmp_path / "webserver.log"
    tool = Path(sys.executable).with_name("dagster-webserver")
    with log.open("wb") as out:
        server = subprocess.Popen(
            [str(tool), "-h", "127.0.0.1", "-p", str(port), "--empty-workspace", "--read-only"],
            env={**os.environ, "DAGSTER_HOME": str(home)},
            cwd=tmp_path,
            stdout=out,
            stderr=out,
        )
    door = None
    try:
        wait_for(lambda: listens(port), server, log)
        assert not listens(port, "127.0.0.2")
        door = Door(tmp_path, f"127.0.0.1:{port}")
        looked = door.ask(VIEWER, "POST", "/graphql", body=json.dumps({"query": "{ version }"}))
        assert json.loads(looked.body)["data"]["version"]
        changed = door.ask(VIEWER, "POST", "/graphql", body=CHANGE)
        assert "UnauthorizedError" in changed.body
    finally:
        if door is not None:
            door.close()
        server.terminate()
        server.wait(60)
