"""The archive alone gives the warehouse again, equal to what was there; frozen forecasts come from the publication."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from warehouse_cases import Judged, judged_of

from assets.reports.operators import Layouts
from assets.warehouse.archive import Archived, archive, documents
from assets.warehouse.database import connect, create_schema, published_tables
from assets.warehouse.history import build_history
from assets.warehouse.ledger import load_ledger
from assets.warehouse.loading import load_operators
from assets.warehouse.publishing import publish
from assets.warehouse.rebuilding import rebuild, replay
from assets.warehouse.runs import record_run

AS_OF = date(2026, 7, 1)
seen: list[tuple[list[str], int]] = []


def judge(batch: list[Archived], reference: pd.DataFrame) -> Judged:
    """A reader of one-figure JSON documents; a document that says bad is quarantined."""
    seen.append(([item.file_name for item in batch], len(reference)))
    rows, documents_read, quarantine = [], [], []
    for item in batch:
        row = json.loads(item.path.read_text())
        bad = row.pop("bad", False)
        documents_read.append({"sha256": item.sha256, "file_name": item.file_name, "bad": bad})
        if bad:
            quarantine.append((f"q-{item.document_id}", item.document_id, "range", "quarantine", "bad", "{}", "row 1"))
        else:
            rows.append({**row, "document": item.file_name})
    judged = judged_of(rows, [document["file_name"] for document in documents_read])
    judged.documents["sha256"] = [document["sha256"] for document in documents_read]
    by_name = {document["file_name"]: document["sha256"][:16] for document in documents_read}
    judged.accepted["document_id"] = [by_name[name] for name in judged.accepted["document"]]
    columns = list(judged.quarantine.columns)
    return Judged(judged.documents, judged.accepted, pd.DataFrame(quarantine, columns=columns))


@pytest.fixture
def home(tmp_path: Path, layouts: Layouts) -> Path:
    """Three batches of documents received, loaded as they came, published."""
    base = {"metric": "capacity_in_service", "unit": "mw", "published_on": "2026-05-01"}
    deliveries = [
        (datetime(2026, 6, 1), [{**base, "period_end": "2026-03-31", "value": 100.0}]),
        (datetime(2026, 6, 2), [
            {**base, "period_end": "2026-03-31", "value": 110.0, "published_on": "2026-06-01"},
            {**base, "metric": "capacity_utilised", "period_end": "2026-03-31", "value": 70.0},
        ]),
        (datetime(2026, 6, 3), [{**base, "period_end": "2025-12-31", "value": -1.0, "bad": True}]),
    ]  # fmt: skip
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with connect(tmp_path / "warehouse.duckdb") as connection:
        create_schema(connection)
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        for day, rows in deliveries:
            batch = []
            for number, row in enumerate(rows):
                path = inbox / f"{day:%d}-{number}.json"
                path.write_text(json.dumps(row))
                batch.append(archive(path, tmp_path / "archive", day))
            replay(connection, batch, judge, layouts)
        build_history(connection, AS_OF)
        record_run(connection, "r1", datetime(2026, 6, 3), None, "published", "v", date(2026, 6, 30), 0)
    publish(tmp_path / "warehouse.duckdb", tmp_path / "published")
    return tmp_path


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with connect(path, read_only=True) as connection:
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            for name in published_tables(connection)
        }


def test_the_rebuilt_warehouse_equals_the_one_that_was_lost(home: Path, layouts: Layouts) -> None:
    before = tables(home / "warehouse.duckdb")
    assert before["observations"]
    assert before["quarantine"]
    assert before["runs"]
    (home / "warehouse.duckdb").unlink()
    seen.clear()
    published = home / "published/occupancy.duckdb"
    rebuild(home / "archive", home / "warehouse.duckdb", judge, layouts, AS_OF, published)
    assert tables(home / "warehouse.duckdb") == before
    assert not publish(home / "warehouse.duckdb", home / "published").changed
    assert [reference for _, reference in seen] == [0, 1, 3]


def test_a_failing_rebuild_leaves_the_old_warehouse(home: Path, layouts: Layouts) -> None:
    before = tables(home / "warehouse.duckdb")

    def broken(batch: list[Archived], reference: pd.DataFrame) -> Judged:
        raise RuntimeError("reader fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        rebuild(home / "archive", home / "warehouse.duckdb", broken, layouts, AS_OF)
    assert tables(home / "warehouse.duckdb") == before
    assert not list(home.glob(".*rebuild*"))


def test_a_document_without_bytes_does_not_keep_the_others_away(home: Path, layouts: Layouts) -> None:
    lost = documents(home / "archive")[0]
    lost.path.unlink()

    def judge_what_is_there(batch: list[Archived], reference: pd.DataFrame) -> Judged:
        assert [item.file_name for item in batch if item.problem] in ([], [lost.file_name])
        return judge([item for item in batch if not item.problem], reference)

    rebuild(home / "archive", home / "warehouse.duckdb", judge_what_is_there, layouts, AS_OF)
    assert len(tables(home / "warehouse.duckdb")["documents"]) == 3


def test_frozen_tables_come_from_a_kept_copy_where_the_publication_is_damaged(home: Path, layouts: Layouts) -> None:
    published = home / "published/occupancy.duckdb"
    published.write_bytes(b"garbage" * 1000)
    rebuild(home / "archive", home / "warehouse.duckdb", judge, layouts, AS_OF, published)
    assert len(tables(home / "warehouse.duckdb")["runs"]) == 1
