"""A run says what is damaged, puts right what it can, and never goes on silently with less than it had."""

from __future__ import annotations

import json
import logging
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from assets.reports import reading
from assets.reports.reading import read_here
from assets.warehouse.archive import documents
from assets.warehouse.database import WarehouseDamagedError, connect, create_schema
from assets.warehouse.durable import is_disk_full
from pipelines.commands.console import friendly
from pipelines.memory import Memory
from pipelines.settings import Settings
from pipelines.steps import intake, mending
from pipelines.steps.work import Outcome, Work, mapping_of

REPORT = """operator,facility,period_end,metric,value,unit
Example Data Centres Ltd,,2025-03-31,capacity_in_service,{},mw
"""


class HerePool:
    """Reads in this process: starting a reader costs seconds, and no document here is hostile."""

    def __init__(self, limits: Any) -> None:
        self.limits = limits

    def __enter__(self) -> HerePool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, path: Path, name: str) -> reading.ReadResult:
        return read_here(path.read_bytes(), name, self.limits)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number, name in enumerate(("a.csv", "b.csv")):
        (folder / name).write_text(REPORT.format(12.5 + number))
    return folder


@pytest.fixture
def work(own_home: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A home in which both reports were received and read."""
    monkeypatch.setattr(reading, "ReaderPool", HerePool)
    settings = Settings(home=own_home)
    settings.layout.make()
    one = Work(settings, "r1", datetime(2026, 6, 30, tzinfo=UTC), inbox=inbox)
    intake.receive(one)
    intake.read(one)
    return one


def reading_file(work: Work, name: str) -> Path:
    (one,) = [one for one in documents(work.home.archive) if one.file_name == name]
    return work.home.readings / f"{one.document_id}.{mapping_of(work.settings)}.json"


def stored_bytes(work: Work, name: str) -> Path:
    return next(one.path for one in documents(work.home.archive) if one.file_name == name)


def values(work: Work) -> dict[str, list[float]]:
    found = intake.readings(work, documents(work.home.archive))
    return {
        one.file_name: [figure.value for figure in one.extraction.candidates] if one.extraction else [] for one in found
    }


@pytest.mark.parametrize("harm", ["another digit", "cut", "folder", "gone"])
def test_a_damaged_reading_is_made_again(work: Work, harm: str, caplog: pytest.LogCaptureFixture) -> None:
    """A digit that has changed in a stored reading would pass for another figure."""
    path, before = reading_file(work, "a.csv"), values(work)
    text = path.read_text()
    path.unlink()
    if harm == "folder":
        path.mkdir()
    elif harm != "gone":
        path.write_text(text.replace("12.5", "72.5") if harm == "another digit" else text[: len(text) // 2])
    with caplog.at_level(logging.WARNING):
        outcome = intake.read(work)
    assert outcome.summary["read_now"] == 1
    assert values(work) == before
    assert harm == "gone" or str(path) in caplog.text


@pytest.mark.parametrize("harm", ["rot", "gone", "folder"])
def test_a_rotten_document_is_named_and_keeps_its_figures(work: Work, inbox: Path, harm: str) -> None:
    """One rotten document may neither stop the service nor take its figures along, whatever version reads now."""
    before, path = values(work), stored_bytes(work, "a.csv")
    path.unlink()
    if harm == "folder":
        path.mkdir()
    elif harm == "rot":
        path.write_bytes(b"rotten")
    report = (inbox / "a.csv").read_text()
    (inbox / "a.csv").unlink()
    old = reading_file(work, "a.csv")
    old.rename(old.with_name(old.name.replace(mapping_of(work.settings), "0123456789abcdef")))
    for _ in range(2):
        found = intake.receive(work).summary
        assert [str(path) in one and "'a.csv'" in one for one in found["damaged"]] == [True]
        intake.read(work)
        assert values(work) == before
        assert mending.known_damage(work.settings) == found["damaged"]
    (inbox / "a.csv").write_text(report)
    intake.receive(work)
    assert intake.read(work).summary["read_now"] == 1
    assert intake.receive(work).summary["damaged"] == []
    assert mending.known_damage(work.settings) == []
    assert values(work) == before


def test_a_rotten_document_that_was_never_read_is_rejected_with_the_reason(work: Work, inbox: Path) -> None:
    stored_bytes(work, "a.csv").write_bytes(b"rotten")
    (inbox / "a.csv").unlink()
    reading_file(work, "a.csv").unlink()
    unread = intake.read(work).summary["unread"]
    assert [(one["file"], one["status"]) for one in unread] == [("a.csv", "rejected")]
    assert "damaged in the archive" in unread[0]["reason"]
    assert "inbox" in unread[0]["reason"]


def test_a_rebuild_keeps_the_readings_of_rotten_documents_alone(work: Work, inbox: Path) -> None:
    before = values(work)
    stored_bytes(work, "a.csv").write_bytes(b"rotten")
    (inbox / "a.csv").unlink()
    kept, dropped = reading_file(work, "a.csv"), reading_file(work, "b.csv")
    again = Work(work.settings, "r2", work.started_at, rebuild=True)
    intake.receive(again)
    assert kept.is_file()
    assert not dropped.exists()
    intake.read(again)
    assert values(again) == before


def test_what_is_damaged_beside_the_archive_is_set_aside_and_said(work: Work) -> None:
    home = work.home
    for path in (home.outbox, home.state / "stages.json", home.warehouse, home.history / "000001_x.duckdb"):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"rubbish" * 900)
    said = mending.look_over(work)["mended"]
    for name in ("alerts.sqlite", "stages.json", "warehouse.duckdb", "000001_x.duckdb"):
        assert sum(f"/{name}" in one for one in said) == 1, name
        assert [path.name for path in home.root.rglob(f"{name}.damaged-*")] != []
        assert not list(home.root.rglob(name))
    assert mending.look_over(work)["mended"] == []


def test_a_log_without_its_warehouse_is_set_aside(work: Work) -> None:
    """DuckDB would open it for the new file, or refuse the new file for its sake."""
    path = work.home.warehouse.with_name("warehouse.duckdb.wal")
    path.write_bytes(b"x" * 100)
    mending.look_over(work)
    assert not path.exists()


def test_a_step_that_meets_damage_is_done_once_more_after_those_before_it(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(mending, "_steps_before", lambda name: [lambda _: done.append(f"before {name}")])
    with connect(work.home.warehouse) as connection:
        create_schema(connection)

    @mending.mended
    def outlook(one: Work) -> Outcome:
        done.append("outlook")
        if done.count("outlook") == 1:
            raise WarehouseDamagedError(f"{one.home.warehouse}: is damaged", one.home.warehouse)
        return Outcome("outlook", True)

    assert outlook(work).fresh
    assert done == ["outlook", "before outlook", "outlook"]
    assert len(list(work.home.root.glob("warehouse.duckdb.damaged-*"))) == 1


def test_damage_that_comes_back_at_once_fails_the_run(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that rots what is written must not keep a run going round for ever."""
    monkeypatch.setattr(mending, "_steps_before", lambda name: [])
    tried = []

    @mending.mended
    def history(one: Work) -> Outcome:
        tried.append(1)
        raise WarehouseDamagedError("damaged", one.home.warehouse)

    with pytest.raises(WarehouseDamagedError):
        history(work)
    assert len(tried) == 2


def test_every_step_of_the_job_is_mended_and_in_order() -> None:
    assert [step.__name__ for step in mending._steps_before("page")] == [
        *("read", "judge", "history", "outlook", "leases", "track_record", "alerts", "publish")
    ]
    assert [step.__name__ for step in mending._steps_before("freeze")] == ["read", "judge", "history"]


def test_a_changed_bit_in_what_is_remembered_voids_it(tmp_path: Path) -> None:
    """A remembered date in which a bit has changed would make an operator late that is not."""
    warehouse, path = tmp_path / "warehouse.duckdb", tmp_path / "stages.json"
    warehouse.write_bytes(b"x")
    Memory(path, warehouse).store("judge", "mark", {"last_periods": {"a": "2026-03-31"}, "pair": (1, 2)})
    assert Memory.load(path, warehouse).fingerprint_of("judge") == "mark"
    path.write_text(path.read_text().replace("2026-03-31", "2024-03-31"))
    assert json.loads(path.read_text())
    assert Memory.load(path, warehouse).fingerprint_of("judge") == ""


def test_what_sqlite_says_of_a_full_disk_counts_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says "disk I/O error" where it cannot grow its index; with room on the disk that is another trouble."""
    problem = RuntimeError("(sqlite3.OperationalError) disk I/O error")
    assert not is_disk_full(problem, tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: namedtuple("usage", "total free")(10**9, 4096))
    assert is_disk_full(problem, tmp_path)
    assert not is_disk_full(RuntimeError("a rule is wrong"), tmp_path)


@pytest.mark.parametrize(
    "problem",
    [
        OSError(28, "No space left on device"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
        RuntimeError("IO Error: Could not write file: No space left on device"),
    ],
)
def test_a_full_disk_is_told_as_such_whoever_met_it(
    problem: Exception, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as end, friendly(False):
        raise problem
    said = capsys.readouterr().err.replace("\n", " ")
    assert end.value.exit_code == 1
    assert "disk is full" in said
    assert str(own_home) in said
    assert "Free space" in said
    assert "Errno" not in said
