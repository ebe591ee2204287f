"""The UI's end: Ctrl-C reaches it however it was started, and nothing it started stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines.commands import serving
from pipelines.commands.console import FAILED, OK, RefusedError
from pipelines.settings import Settings

STUBBORN = "#!/bin/sh\nexec sleep 60\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_ui_and_its_children(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script's background job inherits an ignored SIGINT, which Python leaves ignored unless told otherwise."""
    for name in ("dagster-webserver", "dagster-daemon"):
        tool = tmp_path / name
        tool.write_text(STUBBORN)
        tool.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    started: list[subprocess.Popen[bytes]] = []
    both = threading.Event()
    real = subprocess.Popen

    def popen(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        child = real(*arguments, **options)  # type: ignore[call-overload]
        started.append(child)
        if len(started) == 2:
            both.set()
        return child

    monkeypatch.setattr(serving.subprocess, "Popen", popen)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    sender = threading.Thread(target=lambda: both.wait(30) and os.kill(os.getpid(), number), daemon=True)
    sender.start()
    try:
        assert serving.serve(free_port()) == OK
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    sender.join()
    assert len(started) == 2
    assert all(child.poll() is not None for child in started)


def test_the_viewers_server_is_a_third_child_and_refuses_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both servers listen on this machine alone, and only the viewers' one carries --read-only."""
    commands: list[list[str]] = []

    def popen(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        commands.append(command)
        return real(["sleep", "60"] if len(commands) < 3 else ["true"], **options)  # type: ignore[call-overload]

    real = subprocess.Popen
    monkeypatch.setattr(serving.subprocess, "Popen", popen)
    full, viewers = free_port(), free_port()
    assert serving.serve(full, viewers) == FAILED
    servers = [command for command in commands if command[0].endswith("dagster-webserver")]
    assert [command[command.index("-h") + 1] for command in servers] == ["127.0.0.1", "127.0.0.1"]
    assert {command[command.index("-p") + 1]: "--read-only" in command for command in servers} == {
        str(full): False,
        str(viewers): True,
    }
    assert len(commands) == 3


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "ui.example"])
def test_the_ui_listens_beyond_this_machine_only_on_ones_word(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no login: whoever reaches it can start and delete runs."""
    monkeypatch.setenv("COLOCAST_UI_HOST", host)
    with pytest.raises(RefusedError, match="COLOCAST_UI_BEHIND_PROXY=true"):
        serving.serve(free_port())
    assert serving._is_loopback("127.0.0.1")
    assert serving._is_loopback("::1")
    monkeypatch.setenv("COLOCAST_UI_BEHIND_PROXY", "true")
    serving._require_guarded(Settings())


def test_both_servers_on_one_port_are_refused() -> None:
    port = free_port()
    with pytest.raises(RefusedError, match="cannot share port"):
        serving.serve(port, port)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
