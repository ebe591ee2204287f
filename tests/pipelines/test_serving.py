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
from pipelines.commands.console import OK

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


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
