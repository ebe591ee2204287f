"""A disk that gets full is told in time, and a run that cannot fit declines before it has written half of anything."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipelines import disk
from pipelines.cli import app
from pipelines.definitions import build_defs
from pipelines.home import Home
from pipelines.settings import Settings

MIB = 1024 * 1024


@pytest.fixture
def home(own_home: Path) -> Home:
    """A home that has published 20 MiB from a warehouse of 30 MiB."""
    layout = Settings().layout.make()
    for path, size in ((layout.warehouse, 30), (layout.published, 20)):
        with path.open("wb") as file:
            file.truncate(size * MIB)
    (layout.state / "stages.json").write_text("{}")
    return layout


def with_free(monkeypatch: pytest.MonkeyPatch, mib: float, inodes: int = 10**6, all_inodes: int = 10**7) -> None:
    """A disk with so much left."""
    seen = SimpleNamespace(f_bavail=int(mib * 256), f_frsize=4096, f_files=all_inodes, f_favail=inodes)
    monkeypatch.setattr(os, "statvfs", lambda path: seen)


# 30 + 3 x 20 of its own, 16 for its record, 256 in reserve.
NEEDED = 362


@pytest.mark.parametrize(
    ("free", "inodes", "level"),
    [
        (NEEDED * 5, 10**6, disk.OK),
        (NEEDED * 5 - 1, 10**6, disk.WARN),
        (NEEDED, 10**6, disk.WARN),
        (NEEDED - 1, 10**6, disk.FULL),
        (NEEDED * 5, 1499, disk.WARN),
        (NEEDED * 5, 299, disk.FULL),
    ],
)
def test_what_is_free_is_held_against_what_a_run_needs(
    home: Home, monkeypatch: pytest.MonkeyPatch, free: int, inodes: int, level: str
) -> None:
    with_free(monkeypatch, free, inodes)
    room = disk.look(Settings())
    assert room.needed == NEEDED * MIB
    assert room.level == level
    assert f"a run needs {NEEDED} MiB" in room.words
    assert ("inodes" in room.words) == (inodes < 10**6)


def test_a_disk_without_inodes_is_not_full(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems (btrfs) make them as they go and say 0."""
    with_free(monkeypatch, NEEDED * 5, inodes=0, all_inodes=0)
    assert disk.look(Settings()).level == disk.OK


def test_new_reports_need_room_once_and_the_largest_once_more(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 10_000)
    for name, size in (("a.pdf", 5), ("b.pdf", 3)):
        with (home.inbox / name).open("wb") as file:
            file.truncate(size * MIB)
    assert disk.look(Settings()).needed == (NEEDED + 8 + 5) * MIB
    # Once they are in, only the copy that is hashed.
    later = (home.inbox / "a.pdf").stat().st_mtime + 10
    os.utime(home.state / "stages.json", (later, later))
    assert disk.look(Settings()).needed == (NEEDED + 5) * MIB


def test_growth_says_how_long_it_lasts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plenty today and none in two weeks is worth a word today."""
    start = date(2026, 6, 1)
    sizes = [{"day": str(start + timedelta(days=day)), "bytes": day * 100 * MIB} for day in range(10)]
    (home.state / "housekeeping.json").write_text(json.dumps({"sizes": sizes}))
    assert disk.pace_of(home.state / "housekeeping.json") == pytest.approx(100 * MIB)
    with_free(monkeypatch, NEEDED + 2900)
    room = disk.look(Settings())
    assert room.days == pytest.approx(29.0)
    assert room.level == disk.WARN
    assert "grows 100 MiB a day, which lasts 29 days" in room.words
    with_free(monkeypatch, NEEDED + 3100)
    assert disk.look(Settings()).level == disk.OK


def test_two_days_are_no_trend(home: Home) -> None:
    sizes = [{"day": "2026-06-01", "bytes": 0}, {"day": "2026-06-02", "bytes": 10**12}]
    (home.state / "housekeeping.json").write_text(json.dumps({"sizes": sizes}))
    assert disk.pace_of(home.state / "housekeeping.json") == 0.0


def test_leftovers_of_a_dead_run_go_before_a_run_declines(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What filled the disk may be the publication that a killed run had half written."""
    half = home.published.parent / ".occupancy.duckdb.17"
    half.write_text("x")
    seen = [
        SimpleNamespace(f_bavail=256 * (NEEDED if free else 1), f_frsize=4096, f_files=0, f_favail=0) for free in (0, 1)
    ]
    monkeypatch.setattr(os, "statvfs", lambda path: seen[not half.exists()])
    assert disk.require(Settings()).level == disk.WARN
    assert not half.exists()


def test_a_run_that_cannot_fit_declines_and_a_person_may_insist(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 100)
    with pytest.raises(disk.NoRoomError, match="100 MiB free, a run needs 362 MiB") as refused:
        disk.require(Settings())
    for word in (str(home.root), "COLOCAST_HISTORY_MIB", "COLOCAST_DISK_CHECK=false", "last publication stands"):
        assert word in str(refused.value)
    said: list[str] = []
    assert disk.require(Settings(disk_check=False), warn=said.append).level == disk.FULL
    assert len(said) == 1


def test_the_command_declines_with_1_and_leaves_no_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = home.published.stat().st_mtime_ns
    with_free(monkeypatch, 100)
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == 1
    assert "has no room for a run" in done.output
    assert home.published.stat().st_mtime_ns == before
    assert not (home.dagster / "storage").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_disk_that_is_really_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on a file system of its own: what the kernel says, not what a test makes up."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=500", "none", place], check=False).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        monkeypatch.setenv("COLOCAST_HOME", str(place / "home"))
        with pytest.raises(disk.NoRoomError, match="MiB free, a run needs 272 MiB"):
            disk.require(Settings())
        room = disk.look(Settings(disk_reserve_mib=0))
        assert 60 * MIB < room.free <= 64 * MIB
        assert room.level == disk.WARN  # the inodes: some 500, a run makes up to 300
        assert room.inodes is not None
        assert 300 < room.inodes <= 500
        for number in range(300):
            (place / str(number)).touch()
        assert disk.look(Settings(disk_reserve_mib=0)).level == disk.FULL
    finally:
        subprocess.run(["umount", place], check=True)


# Telling a person


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a receiver at COLOCAST_NOTIFY was sent."""
    received: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("COLOCAST_NOTIFY", f"json://127.0.0.1:{server.server_port}/hook")
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_person_is_told_once_a_day_and_when_it_gets_worse(
    home: Home, monkeypatch: pytest.MonkeyPatch, webhook: list[dict[str, Any]]
) -> None:
    defs = build_defs()
    sensor = defs.resolve_sensor_def("disk_messenger")
    clock = [1e9]
    monkeypatch.setattr("pipelines.disk_sensor.time.time", lambda: clock[0])

    def tick(free: int, cursor: str | None) -> Any:
        with_free(monkeypatch, free)
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs) as context,
        ):
            return sensor.evaluate_tick(context)

    calm = tick(NEEDED * 6, None)
    assert webhook == []
    short = tick(NEEDED * 2, calm.cursor)
    assert len(webhook) == 1
    assert "gets full" in webhook[0]["message"]
    again = tick(NEEDED * 2, short.cursor)
    assert len(webhook) == 1
    worse = tick(NEEDED // 2, again.cursor)
    assert len(webhook) == 2
    assert "no room for a run" in webhook[1]["message"]
    clock[0] += 86_400
    next_day = tick(NEEDED // 2, worse.cursor)
    assert len(webhook) == 3
    calm = tick(NEEDED * 6, next_day.cursor)
    tick(NEEDED * 2, calm.cursor)
    assert len(webhook) == 4


def test_a_message_that_nobody_took_makes_the_tick_fail(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visible in the UI, and tried again at the next tick, since the cursor stays."""
    monkeypatch.setenv("COLOCAST_NOTIFY", "json://127.0.0.1:9/hook")
    with_free(monkeypatch, NEEDED)
    defs = build_defs()
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, definitions=defs) as context,
        pytest.raises(Exception, match="nobody could be told"),
    ):
        defs.resolve_sensor_def("disk_messenger").evaluate_tick(context)
