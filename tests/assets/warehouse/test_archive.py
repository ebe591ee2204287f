"""No received byte is ever lost or overwritten, and what is no ordinary file is refused with a reason."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from assets.warehouse import archive as archive_module
from assets.warehouse.archive import (
    RECEIPTS_COPY,
    NotArchivedError,
    archive,
    damaged,
    documents,
    mend_receipts,
    problem_of,
)

MONDAY = datetime(2026, 6, 1, 8, 0)
TUESDAY = datetime(2026, 6, 2, 8, 0)


def put(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def test_bytes_are_kept_under_their_hash_with_a_receipt(tmp_path: Path) -> None:
    source = put(tmp_path / "inbox", "report.html", b"<p>92.5 %</p>")
    taken = archive(source, tmp_path / "archive", MONDAY)
    assert taken.is_new
    assert taken.path.read_bytes() == b"<p>92.5 %</p>"
    assert taken.path.stem == taken.sha256
    assert taken.document_id == taken.sha256[:16]
    assert source.exists()
    receipt = json.loads(taken.path.with_suffix(".json").read_text())
    assert receipt["arrivals"] == [
        {"file_name": "report.html", "received_at": "2026-06-01T08:00:00.000000+00:00", "inbox": str(source.parent)}
    ]
    assert sorted(path.name for path in (tmp_path / "archive").iterdir()) == sorted([taken.sha256[:2], RECEIPTS_COPY])


def test_the_same_bytes_are_one_document_and_the_second_name_is_recorded(tmp_path: Path) -> None:
    first = archive(put(tmp_path / "inbox", "a.html", b"same"), tmp_path / "archive", MONDAY)
    again = archive(put(tmp_path / "inbox", "a.html", b"same"), tmp_path / "archive", TUESDAY)
    other = archive(put(tmp_path / "inbox", "b.html", b"same"), tmp_path / "archive", TUESDAY)
    assert first.is_new
    assert not again.is_new
    assert again.arrivals == first.arrivals
    assert [arrival.file_name for arrival in other.arrivals] == ["a.html", "b.html"]
    assert (other.file_name, other.received_at) == ("a.html", MONDAY)
    assert len(documents(tmp_path / "archive")) == 1


def test_other_bytes_under_a_known_name_are_another_document(tmp_path: Path) -> None:
    archive(put(tmp_path / "inbox", "a.html", b"first"), tmp_path / "archive", MONDAY)
    archive(put(tmp_path / "inbox", "a.html", b"second"), tmp_path / "archive", TUESDAY)
    kept = documents(tmp_path / "archive")
    assert [item.path.read_bytes() for item in kept] == [b"first", b"second"]


def test_a_delivery_reads_no_receipts_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand new documents would otherwise read half a million receipts, and ten thousand take an hour."""
    read: list[str] = []
    unsealed = archive_module._unsealed
    monkeypatch.setattr(archive_module, "_unsealed", lambda text: read.append(text) or unsealed(text))
    for number in range(5):
        archive(put(tmp_path / "inbox", f"{number}.html", str(number).encode()), tmp_path / "archive", MONDAY)
    assert read == []
    (path,) = (tmp_path / "archive").glob("??/5feceb66*.json")
    path.unlink()
    archive(put(tmp_path / "inbox", "again.html", b"0"), tmp_path / "archive", TUESDAY)
    assert len(read) == 1


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "folder", "missing"])
def test_what_is_no_file_is_refused_with_a_reason_and_nothing_is_written(tmp_path: Path, kind: str) -> None:
    inbox = tmp_path / "inbox"
    target = put(inbox, "secret.txt", b"secret")
    path = inbox / "report.html"
    if kind == "link":
        path.symlink_to(target)
    elif kind == "dangling":
        path.symlink_to(inbox / "nowhere")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    reason = {
        "link": "symbolic link",
        "dangling": "symbolic link",
        "fifo": "a pipe",
        "folder": "a folder",
        "missing": "gone before it could be read",
    }[kind]
    with pytest.raises(NotArchivedError, match=reason) as caught:
        archive(path, tmp_path / "archive", MONDAY)
    assert "report.html" in str(caught.value)
    assert documents(tmp_path / "archive") == []
    assert list((tmp_path / "archive").glob("**/*")) == []


def test_odd_names_are_kept_readable_and_never_become_paths(tmp_path: Path) -> None:
    for number, raw in enumerate([b"line\nbreak.txt", b"caf\xe9.html", "报告 3Q20.html".encode(), b"-rf *;$(x).csv"]):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw))
        path.write_bytes(b"content %d" % number)
        archive(path, tmp_path / "archive", MONDAY + timedelta(seconds=number))
    names = [item.file_name for item in documents(tmp_path / "archive")]
    assert names == ["line\\nbreak.txt", "caf\\xe9.html", "报告 3Q20.html", "-rf *;$(x).csv"]


def test_an_empty_file_is_a_document_too(tmp_path: Path) -> None:
    taken = archive(put(tmp_path / "inbox", "empty.html", b""), tmp_path / "archive", MONDAY)
    assert taken.bytes == 0
    assert taken.path.exists()


def test_a_file_that_changes_while_it_is_read_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(tmp_path / "inbox", "growing.csv", b"x" * 100)
    real_read = os.read

    def read_and_grow(descriptor: int, size: int) -> bytes:
        data = real_read(descriptor, size)
        with source.open("ab") as file:
            file.write(b"more") if not data else None
        return data

    monkeypatch.setattr(archive_module.os, "read", read_and_grow)
    with pytest.raises(NotArchivedError, match="changed while it was read"):
        archive(source, tmp_path / "archive", MONDAY)
    monkeypatch.undo()
    assert documents(tmp_path / "archive") == []


def test_bytes_reach_the_disk_before_their_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = put(tmp_path / "inbox", "a.html", b"bytes")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(archive_module, "_write_receipt", fail)
    with pytest.raises(OSError, match="disk full"):
        archive(source, tmp_path / "archive", MONDAY)
    monkeypatch.undo()
    kept = list((tmp_path / "archive").glob("??/*.bin"))
    assert [path.read_bytes() for path in kept] == [b"bytes"]
    orphan = documents(tmp_path / "archive")[0]
    assert "name not recorded" in orphan.file_name
    taken = archive(source, tmp_path / "archive", TUESDAY)
    assert taken.is_new
    assert documents(tmp_path / "archive")[0].received_at == TUESDAY


def test_bytes_that_became_a_folder_come_back_when_they_arrive_again(tmp_path: Path) -> None:
    source = put(tmp_path / "inbox", "a.html", b"sound")
    taken = archive(source, tmp_path / "archive", MONDAY)
    taken.path.unlink()
    taken.path.mkdir()
    assert len(damaged(tmp_path / "archive")) == 1
    archive(source, tmp_path / "archive", TUESDAY)
    assert damaged(tmp_path / "archive") == []


def test_rot_is_found_and_the_sound_bytes_come_back_when_they_arrive_again(tmp_path: Path) -> None:
    source = put(tmp_path / "inbox", "a.html", b"sound")
    taken = archive(source, tmp_path / "archive", MONDAY)
    taken.path.write_bytes(b"r0ten")
    assert len(damaged(tmp_path / "archive")) == 1
    archive(source, tmp_path / "archive", TUESDAY)
    assert damaged(tmp_path / "archive") == []
    assert any(path.read_bytes() == b"r0ten" for path in taken.path.parent.iterdir())


def test_a_missing_document_behind_a_receipt_is_reported(tmp_path: Path) -> None:
    taken = archive(put(tmp_path / "inbox", "a.html", b"x"), tmp_path / "archive", MONDAY)
    taken.path.unlink()
    (found,) = documents(tmp_path / "archive")
    assert "missing" in found.problem
    assert "'a.html'" in found.problem
    assert problem_of(found) == found.problem
    assert archive(tmp_path / "inbox" / "a.html", tmp_path / "archive", TUESDAY).received_at == MONDAY
    assert documents(tmp_path / "archive")[0].problem == ""


@pytest.mark.parametrize("harm", ["missing", "truncated", "zeroed", "flipped", "folder", "another document's"])
def test_a_damaged_receipt_is_written_again_from_its_copy(tmp_path: Path, harm: str) -> None:
    """Who sent a document when cannot be told from its bytes: the copy is the only other place that knows."""
    other = archive(put(tmp_path / "inbox", "b.html", b"other"), tmp_path / "archive", MONDAY)
    taken = archive(put(tmp_path / "inbox", "a.html", b"x"), tmp_path / "archive", MONDAY, "north")
    archive(put(tmp_path / "inbox", "again.html", b"x"), tmp_path / "archive", TUESDAY, "north")
    before = documents(tmp_path / "archive")
    receipt = taken.path.with_suffix(".json")
    text = receipt.read_bytes()
    receipt.unlink()
    if harm == "folder":
        receipt.mkdir()
    elif harm != "missing":
        receipt.write_bytes(
            {
                "truncated": text[:40],
                "zeroed": bytes(len(text)),
                "flipped": text.replace(b"2026-06-01", b"2026-07-01"),
                "another document's": other.path.with_suffix(".json").read_bytes(),
            }[harm]
        )
    assert documents(tmp_path / "archive") == before
    said = mend_receipts(tmp_path / "archive")
    assert len(said) == 1
    assert "a.html" in said[0]
    assert receipt.read_bytes() == text
    assert mend_receipts(tmp_path / "archive") == []


def test_damaged_copies_of_receipts_are_passed_over_and_made_again(tmp_path: Path) -> None:
    taken = [archive(put(tmp_path / "inbox", f"{n}.html", b"%d" % n), tmp_path / "archive", MONDAY) for n in range(3)]
    copies = tmp_path / "archive" / RECEIPTS_COPY
    copies.write_bytes(copies.read_bytes()[:-60] + b"\xff\x00 rubbish")
    before = documents(tmp_path / "archive")
    assert mend_receipts(tmp_path / "archive") == []
    for one in taken:
        one.path.with_suffix(".json").unlink()
    assert documents(tmp_path / "archive") == before


def test_a_document_without_bytes_and_receipt_is_still_known(tmp_path: Path) -> None:
    taken = archive(put(tmp_path / "inbox", "a.html", b"x"), tmp_path / "archive", MONDAY)
    taken.path.unlink()
    taken.path.with_suffix(".json").unlink()
    assert [one.file_name for one in documents(tmp_path / "archive") if one.problem] == ["a.html"]


def test_times_are_kept_in_utc_whatever_clock_they_come_from(tmp_path: Path) -> None:
    local = MONDAY.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=8)))
    taken = archive(put(tmp_path / "inbox", "a.html", b"x"), tmp_path / "archive", local)
    received = {item.document_id: item.received_at for item in documents(tmp_path / "archive")}
    assert received == {taken.document_id: MONDAY}
