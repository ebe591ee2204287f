"""The inbox sensor: a half-written file waits, a renamed or copied one starts nothing, a mended layout starts anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.sensors import InboxCursor, Tick, look

LARGE = 10**9


def tick(folder: Path, before: Tick | None, mapping: str = "m1", files: int = 10, size: int = LARGE) -> Tick:
    # Through JSON, as Dagster keeps it between two ticks.
    cursor = InboxCursor.parse(before.cursor.text() if before else None)
    return look(folder, cursor, mapping, files, size)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_a_file_is_asked_for_once_it_stood_still_for_two_ticks(inbox: Path):
    (inbox / "a.csv").write_text("figures")
    first = tick(inbox, None)
    assert (first.new, first.waiting) == ((), 1)
    second = tick(inbox, first)
    assert second.names == ("a.csv",)
    assert tick(inbox, second).new == ()


def test_a_half_written_file_waits_until_it_is_whole(inbox: Path):
    path = inbox / "a.csv"
    path.write_text("half")
    first = tick(inbox, None)
    path.write_text("half and the rest")
    second = tick(inbox, first)
    assert (second.new, second.waiting) == ((), 1)
    assert tick(inbox, second).names == ("a.csv",)


def test_a_renamed_file_starts_nothing(inbox: Path):
    (inbox / "a.csv").write_text("figures")
    seen = tick(inbox, tick(inbox, None))
    (inbox / "a.csv").rename(inbox / "b.csv")
    after = tick(inbox, tick(inbox, seen))
    assert after.new == ()
    assert list(after.cursor.files) == ["b.csv"]


def test_the_same_content_twice_is_asked_for_once(inbox: Path):
    (inbox / "a.csv").write_text("figures")
    (inbox / "b.csv").write_text("figures")
    assert len(tick(inbox, tick(inbox, None)).new) == 1


def test_a_deleted_file_is_forgotten_and_its_return_starts_nothing(inbox: Path):
    (inbox / "a.csv").write_text("figures")
    seen = tick(inbox, tick(inbox, None))
    (inbox / "a.csv").unlink()
    gone = tick(inbox, seen)
    assert gone.cursor.files == {}
    (inbox / "a.csv").write_text("figures")
    assert tick(inbox, tick(inbox, gone)).new == ()


def test_a_change_of_mapping_asks_for_everything_again(inbox: Path):
    (inbox / "a.csv").write_text("figures")
    seen = tick(inbox, tick(inbox, None))
    assert len(tick(inbox, seen, mapping="m2").new) == 1


def test_a_tick_hashes_no_more_than_its_share(inbox: Path):
    for number in range(5):
        (inbox / f"{number}.csv").write_text(f"figures {number}")
    first = tick(inbox, None)
    second = tick(inbox, first, files=2)
    assert (len(second.new), second.left_for_later) == (2, 3)
    third = tick(inbox, second, files=2)
    assert (len(third.new), third.left_for_later) == (2, 1)
    assert set(second.new) & set(third.new) == set()


def test_a_large_file_is_hashed_alone_rather_than_never(inbox: Path):
    (inbox / "a.csv").write_text("x" * 100)
    (inbox / "b.csv").write_text("y" * 100)
    first = tick(inbox, None)
    second = tick(inbox, first, size=50)
    assert (len(second.new), second.left_for_later) == (1, 1)
    assert len(tick(inbox, second, size=50).new) == 1


def test_temporary_files_are_named_and_not_taken(inbox: Path):
    (inbox / "a.csv.part").write_text("half")
    seen = tick(inbox, tick(inbox, None))
    assert seen.new == ()
    assert "a.csv.part" in seen.notes[0]
