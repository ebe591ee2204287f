"""What is past its bound goes, and nothing else: a cleaning that removes too much is worse than none."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pytest

from assets.reports.reading import ReadResult
from assets.warehouse.archive import Archived, archive, damaged, documents, drop_bytes
from assets.warehouse.compacting import compact, free_bytes
from pipelines import housekeeping
from pipelines.home import Home, write_instance_config
from pipelines.housekeeping import MIB, RunBounds
from pipelines.settings import Settings
from pipelines.steps.housekeeping import keep_house, memory_file, remembered, sizes
from pipelines.steps.intake import read as read_documents
from pipelines.steps.intake import readings, receive
from pipelines.steps.work import Work

NOW = datetime(2026, 6, 30, 12)
BOUNDS = RunBounds(unchanged_days=14, failed_days=90, changed_days=400, at_most=300)


@pytest.fixture
def home(own_home: Path) -> Home:
    """An empty home."""
    return Settings().layout.make()


def put(path: Path, text: str = "x", days_old: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = NOW.timestamp() - days_old * 86_400
    os.utime(path, (then, then))
    return path


# Leftovers and what was set aside


def test_leftovers_of_killed_runs_go_and_nothing_else(home: Home) -> None:
    """Each name is one that the code gives to what it has not finished; a person's file in the same place stays."""
    left = [
        put(home.archive / "incoming-abc"),
        put(home.archive / "ab" / "receipt-xyz"),
        put(home.root / ".warehouse.duckdb.rebuild-17"),
        put(home.root / ".warehouse.duckdb.compact-17.wal"),
        put(home.root / "warehouse.duckdb.tmp" / "duckdb_temp_storage-0.tmp"),
        put(home.published.parent / ".occupancy.duckdb.17"),
        put(home.published.parent / ".occupancy.duckdb.17.sorting" / "spill"),
        put(home.history / ".000003_2026-06-30_ab.duckdb.17"),
        put(home.page.parent / ".index.html.part"),
        put(home.state / ".stages.json.u7x"),
        put(home.readings / ".ab.json.u7x"),
        put(home.state / ".housekeeping.json.u7x"),
        put(home.state / "not-received-q" / "note"),
        put(home.inbox / "gds" / ".fetching-1.part", days_old=1),
        put(home.dagster / ".dagster.yaml.u7x", days_old=1),
    ]
    kept = [
        put(home.archive / "ab" / "ab12.bin"),
        put(home.archive / "ab" / "ab12.json"),
        put(home.warehouse),
        put(home.published),
        put(home.published.parent / ".htaccess"),
        put(home.history / "000002_2026-06-30_ab.duckdb"),
        put(home.page),
        put(home.state / "stages.json"),
        put(home.state / "filings.sqlite"),
        put(home.inbox / ".hidden"),
        put(home.inbox / "report.part"),
        put(home.dagster / "dagster.local.yaml"),
    ]
    fetching = put(home.inbox / "gds" / ".fetching-2.part")
    removed = housekeeping.remove_leftovers(home, NOW.timestamp() + 60)
    assert [path for path in left if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert fetching.exists()  # the collector may be writing it
    assert removed.count == len(left)
    assert removed.bytes == len(left)


def test_damaged_files_stay_for_a_while(home: Home) -> None:
    """They are evidence; without a bound a disk that fails every day would be filled by its own evidence. Their age is
    the moment they were set aside at, not that of the file, which may be years old.
    """
    young = put(home.archive / "ab" / f"{'ab' * 32}.bin.damaged-20260601T120000.000001", days_old=900)
    old = [
        put(home.root / "warehouse.duckdb.damaged-20260301T120000.000001"),
        put(home.archive / "ab" / f"{'ab' * 32}.json.damaged-20260301T120000.000001"),
        put(home.history / "000001_2025-12-31_ab.duckdb.damaged-20260301T120000.000001"),
        put(home.dagster / "storage" / "history" / "runs" / "index.db.damaged-20260301T120000.000001-wal"),
    ]
    removed = housekeeping.remove_damaged(home, 90, NOW)
    assert young.exists()
    assert [path for path in old if path.exists()] == []
    assert removed.count == len(old)


def test_history_is_bound_in_bytes_and_the_newest_copy_always_stays(home: Home) -> None:
    for number in range(1, 5):
        put(home.history / f"{number:06d}_2026-06-30_ab.duckdb", "x" * MIB)
    assert housekeeping.bound_history(home.history, 2).bytes == 2 * MIB
    assert [path.name[:6] for path in sorted(home.history.iterdir())] == ["000003", "000004"]
    put(home.history / "000005_2026-06-30_ab.duckdb", "x" * 3 * MIB)
    housekeeping.bound_history(home.history, 2)
    assert [path.name[:6] for path in sorted(home.history.iterdir())] == ["000005"]


# Bytes that nobody could read


def received(home: Home, folder: Path, name: str, size: int, at: datetime, status: str) -> tuple[Archived, ReadResult]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(random.Random(name).randbytes(size))
    one = archive(folder / name, home.archive, at, "inbox")
    reason = "" if status == "read" else f"{name} is no report"
    return one, ReadResult(one.file_name, one.sha256, one.bytes, "application/pdf", status, reason)


def test_unreadable_bytes_go_largest_first_and_only_above_the_bound(home: Home, tmp_path: Path) -> None:
    """A bomb goes before a scan that somebody may still read; whatever gave a figure once is never touched."""
    old, young, folder = NOW - timedelta(days=200), NOW - timedelta(days=10), tmp_path / "in"
    every = [
        received(home, folder, "bomb.pdf", 3 * MIB, old, "quarantined"),
        received(home, folder, "young.pdf", 3 * MIB, young, "rejected"),
        received(home, folder, "scan.pdf", MIB // 2, old, "rejected"),
        received(home, folder, "report.pdf", 4 * MIB, old, "read"),
        received(home, folder, "once.pdf", 4 * MIB, old, "rejected"),
    ]
    accepted = {every[4][0].document_id}
    assert housekeeping.drop_unread(every, accepted, 180, 7, NOW).count == 0
    removed = housekeeping.drop_unread(every, accepted, 180, 4, NOW)
    assert (removed.count, removed.bytes) == (1, 3 * MIB)
    assert {one.file_name for one in documents(home.archive) if one.dropped is not None} == {"bomb.pdf"}
    # Still above: the next in size that is old enough.
    removed = housekeeping.drop_unread([(one, reading) for one, reading in every[1:]], accepted, 180, 3, NOW)
    assert {one.file_name for one in documents(home.archive) if one.dropped is not None} == {"bomb.pdf", "scan.pdf"}


def test_a_dropped_document_stays_the_document_it_was(home: Home, tmp_path: Path) -> None:
    """Contract: a rebuild makes the same row of `documents`; the file that still lies in the inbox changes nothing."""
    one, reading = received(home, tmp_path / "in", "bomb.pdf", 1000, NOW, "rejected")
    freed = drop_bytes(one, reading.media_type, reading.status, reading.reason, NOW)
    assert freed == 1000
    assert not one.path.exists()
    (again,) = documents(home.archive)
    assert (again.document_id, again.bytes, again.file_name) == (one.document_id, 1000, "bomb.pdf")
    assert damaged(home.archive) == []
    same = archive(tmp_path / "in" / "bomb.pdf", home.archive, NOW, "inbox")
    assert not same.is_new
    assert not one.path.exists()
    # Under another name somebody wants it read again: the bytes come back.
    (tmp_path / "in" / "bomb.pdf").rename(tmp_path / "in" / "mended.pdf")
    back = archive(tmp_path / "in" / "mended.pdf", home.archive, NOW, "inbox")
    assert back.document_id == one.document_id
    assert one.path.stat().st_size == 1000
    (again,) = documents(home.archive)
    assert again.dropped is None
    assert [arrival.file_name for arrival in again.arrivals] == ["bomb.pdf", "mended.pdf"]


def test_bytes_that_are_gone_without_a_word_are_still_a_fault(home: Home, tmp_path: Path) -> None:
    one, _ = received(home, tmp_path / "in", "lost.pdf", 1000, NOW, "rejected")
    one.path.unlink()
    (gone,) = documents(home.archive)
    assert gone.dropped is None
    assert "missing" in gone.problem


def test_the_reading_of_a_dropped_document_is_made_from_its_receipt(home: Home, tmp_path: Path) -> None:
    """After a change of readers everything is read anew, and its bytes are gone."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "empty.csv").write_text("\n\n")
    work = Work(Settings(), "run", NOW.replace(tzinfo=UTC), inbox=folder)
    receive(work)
    read_documents(work)
    (one,) = documents(home.archive)
    (before,) = readings(work, [one])
    assert before.status == "rejected"
    drop_bytes(one, before.media_type, before.status, before.reason, NOW)
    for path in home.readings.iterdir():
        path.unlink()
    read_documents(work)
    (after,) = readings(work, documents(home.archive))
    assert (after.status, after.reason, after.media_type, after.size, after.sha256) == (
        before.status,
        before.reason,
        before.media_type,
        before.size,
        before.sha256,
    )


# Texts of messages


def test_texts_of_old_messages_go_and_nothing_is_told_twice(home: Home) -> None:
    """The text is the bulk of the outbox; that it was told must outlive it, or the next look would tell it again."""
    from assets.delivery.alerts.outbox import open_outbox
    from assets.delivery.alerts.wording import Told

    alerts = [Told(name, "breach", "critical", f"{name} is low", "docs", None) for name in ("old", "young", "waiting")]
    addresses = [("mailto 1", "mailto")]
    with open_outbox(home.outbox) as outbox:
        for age, alert in zip((100, 10, 200), alerts, strict=True):
            then = NOW.replace(tzinfo=UTC) - timedelta(days=age)
            outbox.compose([alert], addresses, 9, then)
            (message,) = outbox.due("mailto 1", NOW.replace(tzinfo=UTC))
            if alert.alert_id != "waiting":
                outbox.begin(message.message_id, "mailto 1")
                outbox.delivered(message.message_id, "mailto 1", then)
    assert housekeeping.shorten_messages(home.outbox, 90, NOW).count == 1
    with open_outbox(home.outbox) as outbox:
        bodies = [bool(row[0]) for row in outbox.connection.execute("SELECT body FROM messages ORDER BY rowid")]
        assert bodies == [False, True, True]
        assert set(outbox.delivered_times()) == {"old", "young"}
        assert outbox.compose(alerts, addresses, 9, NOW.replace(tzinfo=UTC)) == 0


# Runs of Dagster


def record(number: int, days_old: float, success: bool = True, **tags: str) -> Any:
    run = SimpleNamespace(run_id=f"run{number}", is_success=success, tags=tags)
    return SimpleNamespace(dagster_run=run, create_timestamp=(NOW - timedelta(days=days_old)).replace(tzinfo=UTC))


def test_runs_go_by_age_of_their_kind() -> None:
    records = [record(number, 1) for number in range(5)]
    records += [record(5, 15), record(6, 15, success=False), record(7, 91, success=False), record(8, 15)]
    records += [record(9, 401), record(10, 800, **{"dagster/partition": "2024-04-01"})]
    gone = housekeeping.runs_past_bounds(records, {"run8", "run9"}, BOUNDS, NOW)
    assert set(gone) == {"run5", "run7", "run9"}


def test_above_the_number_those_that_changed_nothing_go_first_and_the_oldest_of_them() -> None:
    records = [record(number, number / 100, success=number != 8) for number in range(12)]
    bounds = RunBounds(14, 90, 400, at_most=8)
    gone = housekeeping.runs_past_bounds(records, {"run9", "run11"}, bounds, NOW)
    assert gone == ["run10", "run7", "run6", "run5"][:4]
    assert housekeeping.runs_past_bounds(records, {"run9", "run11"}, RunBounds(14, 90, 400, 7), NOW)[4:] == ["run8"]


def test_the_last_success_stays_however_long_ago_it_was() -> None:
    """Without it every asset would lose its last materialisation while a check blocks for months."""
    records = [record(number, 1, success=False) for number in range(6)] + [record(6, 60)]
    assert housekeeping.runs_past_bounds(records, set(), RunBounds(14, 90, 400, 6), NOW) == ["run5"]


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="one")])
def one() -> Any:
    yield dg.MaterializeResult(asset_key="one", metadata={"size": 1})
    yield dg.AssetCheckResult(asset_key="one", check_name="holds", passed=True)


def test_a_deleted_run_leaves_nothing_and_those_at_work_stay(home: Home) -> None:
    """Dagster itself leaves results of checks, tags and files behind: they grew by a megabyte a run."""
    write_instance_config(Settings())
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        job = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("j")]).resolve_job_def("j")
        at_work = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id
        runs = [dg.materialize([one], instance=instance, tags={"number": str(number)}).run_id for number in range(6)]
        removed = housekeeping.remove_runs(instance, set(), RunBounds(14, 90, 400, at_most=5), NOW)
        left = {run.run_id for run in instance.get_runs()}
        assert left == {*runs[1:], at_work}
        assert removed.count == 1
        assert removed.bytes > 100_000
        events = home.dagster / "storage" / "history" / "runs"
        assert {path.name[:36] for path in events.glob("????????-????-*")} <= left
        with closing(sqlite3.connect(events / "index.db")) as index:
            for table in ("event_logs", "asset_check_executions"):
                assert {row[0] for row in index.execute(f"SELECT run_id FROM {table}")} <= left
        with closing(sqlite3.connect(home.dagster / "storage" / "history" / "runs.db")) as base:
            assert {row[0] for row in base.execute("SELECT run_id FROM run_tags")} <= left
        # A process that was killed while it deleted a run left the rest; the next cleaning takes it.
        instance.run_storage.delete_run(runs[1])
        assert housekeeping.remove_runs(instance, set(), RunBounds(14, 90, 400, at_most=5), NOW).bytes > 100_000
        with closing(sqlite3.connect(events / "index.db")) as index:
            for table in ("event_logs", "asset_check_executions"):
                assert {row[0] for row in index.execute(f"SELECT run_id FROM {table}")} <= left - {runs[1]}
        # What the UI shows of an asset is there.
        assert instance.get_latest_materialization_event(dg.AssetKey("one")).run_id == runs[-1]
        assert len(instance.fetch_materializations(dg.AssetKey("one"), limit=20).records) == 4


# Files that only ever grow


def test_an_sqlite_file_gives_its_free_pages_back(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE t (x)")
        base.executemany("INSERT INTO t VALUES (?)", [("y" * 1000,)] * 2000)
        base.commit()
        assert housekeeping.shrink_sqlite(path, from_bytes=MIB).count == 0
        base.execute("DELETE FROM t WHERE rowid > 100")
        base.commit()
    assert housekeeping.shrink_sqlite(path, from_bytes=MIB * 10).count == 0
    assert housekeeping.shrink_sqlite(path, from_bytes=MIB).bytes > 1_500_000
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(*) FROM t").fetchone() == (100,)
        # Held by a writer: left for the next time, and said.
        base.execute("DELETE FROM t")
        assert base.in_transaction
        with closing(sqlite3.connect(path, timeout=0)) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("VACUUM")


def test_a_warehouse_with_free_blocks_gets_smaller_and_stays_equal(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as base:
        base.execute("CREATE TABLE kept (a INTEGER PRIMARY KEY, b VARCHAR NOT NULL CHECK (b <> ''))")
        base.execute("COMMENT ON COLUMN kept.b IS 'a text'")
        base.execute("CREATE VIEW seen AS SELECT a FROM kept")
        base.execute("CREATE SCHEMA internal")
        base.execute("CREATE TABLE internal.own AS SELECT 7 AS x")
        base.execute("INSERT INTO kept SELECT i, 'text ' || i FROM range(1000) t(i)")
        base.execute("CREATE TABLE ballast AS SELECT i, md5(i::VARCHAR) AS text FROM range(200000) t(i)")
        base.execute("CHECKPOINT")
        base.execute("DROP TABLE ballast")
        base.execute("CHECKPOINT")
        rows = base.execute("SELECT * FROM kept").fetchall()
    free, total = free_bytes(path)
    assert free > total / 2
    assert housekeeping.shrink_warehouse(path, from_bytes=100 * MIB).count == 0
    before = path.stat().st_size
    removed = housekeeping.shrink_warehouse(path, from_bytes=MIB)
    assert removed.bytes == before - path.stat().st_size > MIB
    assert free_bytes(path)[0] == 0
    with duckdb.connect(str(path)) as base:
        assert base.execute("SELECT * FROM kept").fetchall() == rows
        assert base.execute("SELECT x FROM internal.own").fetchall() == [(7,)]
        assert base.execute("SELECT comment FROM duckdb_columns() WHERE column_name = 'b'").fetchall() == [("a text",)]
        with pytest.raises(duckdb.ConstraintException):
            base.execute("INSERT INTO kept VALUES (1, 'again')")
    assert [one.name for one in tmp_path.iterdir()] == ["warehouse.duckdb"]


def test_a_copy_that_differs_never_takes_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as base:
        base.execute("CREATE TABLE t AS SELECT 1 AS x")
    before = path.read_bytes()
    marks = iter(("one", "another"))
    monkeypatch.setattr("assets.warehouse.compacting.fingerprint", lambda connection: next(marks))
    with pytest.raises(RuntimeError, match="stays"):
        compact(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["warehouse.duckdb"]


# The step


def test_cleaning_is_done_when_due_and_remembers_a_size_a_day(home: Home) -> None:
    work = Work(Settings(), "run", NOW.replace(tzinfo=UTC))
    put(home.archive / "incoming-abc", "x" * 100)
    with dg.DagsterInstance.ephemeral() as instance:
        first = keep_house(work, instance, NOW.replace(tzinfo=UTC))
        assert first.fresh
        assert first.summary["freed bytes"] == 100
        put(home.archive / "incoming-abc")
        later = keep_house(work, instance, NOW.replace(tzinfo=UTC) + timedelta(hours=19))
        assert not later.fresh
        assert (home.archive / "incoming-abc").exists()
        keep_house(work, instance, NOW.replace(tzinfo=UTC) + timedelta(hours=24))
    assert not (home.archive / "incoming-abc").exists()
    assert [one["day"] for one in remembered(home)["sizes"]] == ["2026-06-30", "2026-07-01"]


def test_a_cleaning_that_fails_does_not_fail_the_run(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A locked file of Dagster must not keep a report from being read; the rest is cleaned all the same."""

    def broken(*_: Any) -> Any:
        raise OSError("disk of the log is away")

    monkeypatch.setattr(housekeeping, "remove_runs", broken)
    put(home.archive / "incoming-abc")
    with dg.DagsterInstance.ephemeral() as instance, caplog.at_level("WARNING", logger="colocast"):
        outcome = keep_house(Work(Settings(), "run", NOW.replace(tzinfo=UTC)), instance, NOW.replace(tzinfo=UTC))
    assert outcome.fresh
    assert "disk of the log is away" in caplog.text
    assert not (home.archive / "incoming-abc").exists()


def test_a_memory_that_is_damaged_means_that_cleaning_is_due(home: Home) -> None:
    memory_file(home).write_text(json.dumps({"at": "yesterday"}))
    with dg.DagsterInstance.ephemeral() as instance:
        assert keep_house(Work(Settings(), "run", NOW.replace(tzinfo=UTC)), instance).fresh
    assert sizes(home)["state"] > 0
