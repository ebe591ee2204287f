"""Which files a run takes: a half-written or hidden file waits, an odd one is named, none stops the walk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.inbox import is_temporary, list_folder, printable


def write(path: Path, text: str = "figures") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_sub_folders_are_walked_in_name_order(tmp_path: Path):
    for name in ("b.csv", "a/2.csv", "a/1.csv"):
        write(tmp_path / name)
    assert [found.name for found in list_folder(tmp_path).found] == ["b.csv", "a/1.csv", "a/2.csv"]


@pytest.mark.parametrize("name", [".hidden", "x.part", "x.crdownload", "~$x.xlsx", "x.csv~", "x.tmp"])
def test_temporary_names_are_passed_over_with_a_note(tmp_path: Path, name: str):
    write(tmp_path / name)
    listing = list_folder(tmp_path)
    assert listing.found == ()
    assert [(one.name, one.final) for one in listing.passed] == [(name, True)]
    assert is_temporary(name)


def test_a_file_still_changing_waits_and_is_taken_later(tmp_path: Path):
    write(tmp_path / "x.csv")
    now = time.time_ns()
    early = list_folder(tmp_path, settle_s=20, now_ns=now)
    assert early.found == ()
    assert early.passed[0].final is False
    assert len(list_folder(tmp_path, settle_s=20, now_ns=now + 30 * 10**9).found) == 1


def test_a_modification_time_set_back_does_not_make_a_file_look_settled(tmp_path: Path):
    path = write(tmp_path / "x.csv")
    os.utime(path, (0, 0))
    assert list_folder(tmp_path, settle_s=20).found == ()


def test_a_dangling_link_and_a_pipe_are_broken_not_fatal(tmp_path: Path):
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    write(tmp_path / "fine.csv")
    listing = list_folder(tmp_path)
    assert [found.name for found in listing.found] == ["fine.csv"]
    assert {one.name for one in listing.broken} == {"gone.csv", "pipe.csv"}


def test_a_linked_folder_is_not_followed(tmp_path: Path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "loop").symlink_to(inbox)
    listing = list_folder(inbox)
    assert listing.found == ()
    assert listing.broken[0].name == "loop"


def test_a_missing_folder_is_an_error_of_its_own(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        list_folder(tmp_path / "nowhere")


def test_names_that_are_no_text_can_still_be_shown(tmp_path: Path):
    assert printable("a\nb") == "a\\nb"
    assert printable(os.fsdecode(b"\xff.csv")) == "\\xff.csv"
