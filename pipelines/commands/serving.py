"""`colocast ui`: Dagster's web server and daemon as children that live and die together, on the loopback address; on
request a second server for viewers, which refuses every change.

The servers have no login, and take changes over GET from any page that a browser on the machine shows, so they listen
on 127.0.0.1 alone. Who needs them elsewhere puts a checking proxy before them (docs/security.md, deploy/proxy).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

from pipelines.commands.console import FAILED, OK, USAGE, RefusedError, err
from pipelines.home import GRPC_TIMEOUT, GRPC_TIMEOUT_S, write_instance_config
from pipelines.settings import REPOSITORY, Settings

PATIENCE_S = 10.0


def serve(port: int | None, viewers_port: int | None = None) -> int:
    """Run until interrupted; returns OK after Ctrl-C or a termination signal, FAILED when a child ended by itself."""
    settings = Settings()
    chosen, host = port or settings.ui_port, settings.ui_host
    viewers = viewers_port or settings.ui_viewers_port
    _require_guarded(settings)
    if viewers == chosen:
        raise RefusedError(f"The UI and the viewers' UI cannot share port {chosen}; choose another for one.", USAGE)
    for one in filter(None, (chosen, viewers)):
        _require_free(host, one)
    settings.layout.make()
    write_instance_config(settings)
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        "COLOCAST_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.layout.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        GRPC_TIMEOUT: os.environ.get(GRPC_TIMEOUT, GRPC_TIMEOUT_S),
    }
    workspace = str(REPOSITORY / "workspace.yaml")
    server = [str(tools / "dagster-webserver"), "-h", host, "-w", workspace]
    commands = [
        [*server, "-p", str(chosen)],
        [str(tools / "dagster-daemon"), "run", "-w", workspace],
    ]
    if viewers:
        commands.append([*server, "-p", str(viewers), "--read-only"])
    # Set by hand: a process that a script starts in the background inherits an ignored SIGINT.
    previous = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    children: list[subprocess.Popen[bytes]] = []
    try:
        # A session of their own: Ctrl-C reaches us alone, and we end them in order, with everything they started.
        for command in commands:
            children.append(subprocess.Popen(command, env=environment, cwd=REPOSITORY, start_new_session=True))
        err.print(f"Dagster UI: http://{host}:{chosen}  (Ctrl-C ends it; state in {settings.home})")
        if viewers:
            err.print(f"For viewers: http://{host}:{viewers}  (changes nothing; put a proxy before it)")
        if not _is_loopback(host):
            err.print("[yellow]Both listen beyond this machine and ask nobody for a password: the proxy must.[/yellow]")
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        ended = next(child for child in children if child.poll() is not None)
        err.print(f"[red]{Path(str(ended.args[0])).name} ended by itself with code {ended.returncode}.[/red]")  # type: ignore[index]
        return FAILED
    except KeyboardInterrupt:
        return OK
    finally:
        # An impatient second Ctrl-C must neither cut this short nor show a traceback.
        for number in previous:
            signal.signal(number, signal.SIG_IGN)
        _end(children)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_guarded(settings: Settings) -> None:
    if not _is_loopback(settings.ui_host) and not settings.ui_behind_proxy:
        raise RefusedError(
            f"COLOCAST_UI_HOST is {settings.ui_host}, where others reach the UI: it has no login, and whoever opens it "
            "can start and delete runs. Leave it at 127.0.0.1 and put a proxy before it (docs/security.md). Where the "
            "proxy is on another host or in another container and nobody else gets through, say so by "
            "COLOCAST_UI_BEHIND_PROXY=true.",
            USAGE,
        )


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RefusedError(
                f"{host}:{port} cannot be used: {error.strerror}. Another UI may be running; end it, or choose another "
                "port with --port or COLOCAST_UI_PORT."
            ) from error


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        alive = [child for child in children if child.poll() is None]
        for child in alive:
            os.killpg(child.pid, number)
        deadline = time.monotonic() + PATIENCE_S
        while any(child.poll() is None for child in alive) and time.monotonic() < deadline:
            time.sleep(0.1)
