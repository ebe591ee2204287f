"""`colocast ui`: Dagster's web server and daemon as two children that live and die together, on the loopback address.

The server has no login and takes changes over GET from any page that a browser on the machine shows, so it listens on
127.0.0.1 alone. Who needs it elsewhere puts a checking proxy before it (docs/operations.md).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from pipelines.commands.console import FAILED, OK, RefusedError, err
from pipelines.home import write_instance_config
from pipelines.settings import REPOSITORY, Settings

HOST = "127.0.0.1"
PATIENCE_S = 10.0


def serve(port: int | None) -> int:
    """Run until interrupted; returns OK after Ctrl-C or a termination signal, FAILED when a child ended by itself."""
    settings = Settings()
    chosen = port or settings.ui_port
    _require_free(chosen)
    settings.layout.make()
    write_instance_config(settings)
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        "COLOCAST_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.layout.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    workspace = str(REPOSITORY / "workspace.yaml")
    commands = [
        [str(tools / "dagster-webserver"), "-h", HOST, "-p", str(chosen), "-w", workspace],
        [str(tools / "dagster-daemon"), "run", "-w", workspace],
    ]
    # Set by hand: a process that a script starts in the background inherits an ignored SIGINT.
    previous = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    children: list[subprocess.Popen[bytes]] = []
    try:
        # A session of their own: Ctrl-C reaches us alone, and we end them in order, with everything they started.
        for command in commands:
            children.append(subprocess.Popen(command, env=environment, cwd=REPOSITORY, start_new_session=True))
        err.print(f"Dagster UI: http://{HOST}:{chosen}  (Ctrl-C ends it; state in {settings.home})")
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


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise RefusedError(
                f"{HOST}:{port} cannot be used: {error.strerror}. Another UI may be running; end it, or choose another "
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
