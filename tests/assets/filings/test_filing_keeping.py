"""Putting a document into the inbox: whole, once, under a safe name, and only if it can be a report."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest
from filing_site import pdf, release
from hypothesis import given
from hypothesis import strategies as st

from assets.filings import keeping
from assets.filings.client import Answer
from assets.filings.keeping import Kept, NotKeptError, clean_up, keep, safe_name
from assets.filings.memory import DOCUMENT, WATCH, Item, Memory
from assets.warehouse.archive import stored_path

URL = "https://site.example.com/files/report.htm"


def item(name: str = "6-K EX-99.1 report.htm", step: str = DOCUMENT, published: str = "2025-08-20") -> Item:
    return Item(URL, step, "filing", name, published)


class Home:
    """An inbox, an archive and a memory."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self.archive = folder / "inbox", folder / "archive"
        self.memory = Memory(folder / "filings.sqlite")

    def keep(self, body: bytes, one: Item | None = None, url: str = URL, announced: bool = True) -> Kept:
        answer = Answer(url, 200, body, announced=announced)
        return keep(answer, one or item(), "gds-holdings", self.inbox, self.archive, self.memory, 0.0)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.inbox.rglob("*") if path.is_file()) if self.inbox.is_dir() else []


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_document_lies_in_its_operators_folder_under_day_and_name(home: Home):
    """A person who looks into the inbox sees whose report it is, which one, and of which day."""
    kept = home.keep(release())
    assert kept == Kept("gds-holdings/2025-08-20_6-K-EX-99.1-report.html", True)
    assert (home.inbox / kept.file_name).read_bytes() == release()


@pytest.mark.parametrize(
    ("body", "ending"), [(release(), ".html"), (pdf("a"), ".pdf"), (b"Area in service was 5,000 sqm.\n" * 5, ".txt")]
)
def test_the_ending_follows_the_content(home: Home, body: bytes, ending: str):
    """Sites give documents any ending, `.ashx` and none among them."""
    assert home.keep(body, url="https://site.example.com/FileOpen/x.ashx").file_name.endswith(ending)


def test_the_same_content_is_kept_once_under_whatever_name(home: Home):
    """The same release stands on an exchange, at the regulator and on the operator's page."""
    assert home.keep(release()).is_new
    assert home.keep(release(), item("another name", published="2025-08-21")) == Kept("", False)
    assert len(home.names()) == 1


def test_content_that_the_archive_has_is_not_written(home: Home):
    """What was dropped by hand last year comes not in again."""
    stored = stored_path(home.archive, hashlib.sha256(release()).hexdigest())
    stored.parent.mkdir(parents=True)
    stored.write_bytes(release())
    assert home.keep(release()) == Kept("", False)
    assert home.names() == []


def test_content_that_lies_in_the_inbox_is_not_written(home: Home):
    """Somebody was faster; or a run was killed between writing the file and noting it."""
    (home.inbox / "by hand").mkdir(parents=True)
    (home.inbox / "by hand" / "x.htm").write_bytes(release())
    assert home.keep(release()) == Kept("", False)
    assert home.names() == ["x.htm"]


def test_what_was_kept_and_then_deleted_does_not_come_again(home: Home):
    """Who deletes a report from the inbox wants it gone."""
    kept = home.keep(release())
    (home.inbox / kept.file_name).unlink()
    assert home.keep(release()) == Kept("", False)
    assert home.names() == []


def test_another_content_under_the_same_name_stands_beside_it(home: Home):
    """Nothing in the inbox is ever overwritten."""
    first, second = home.keep(release("1Q25")), home.keep(release("2Q25"))
    assert first.file_name != second.file_name
    assert (home.inbox / first.file_name).read_bytes() == release("1Q25")
    assert (home.inbox / second.file_name).read_bytes() == release("2Q25")


def test_a_watched_page_comes_again_only_when_its_words_change(home: Home):
    """A counter in a script or another advertisement is no new report."""

    def page(counter: int) -> bytes:
        return release().replace(b"</body>", f"<script>var n={counter}</script><!-- {counter} --></body>".encode())

    assert home.keep(page(1), item(step=WATCH)).is_new
    assert not home.keep(page(2), item(step=WATCH)).is_new
    assert home.keep(release("3Q25"), item(step=WATCH)).is_new
    assert home.keep(page(3)).is_new  # a document with an address of its own is another matter


def _zip(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "words", "again"),
    [
        (b"", "no content", True),
        (b"<html><body><h1>404 Not Found</h1></body></html>", "error page", True),
        (b"<html><body>Please enable JavaScript to continue</body></html>", "error page", True),
        (b"<html><body></body></html>", "no text", True),
        (b'{"error": "x"}', "JSON", False),
        (_zip("a.docx"), "no XLSX workbook", False),
        (b"PK\x03\x04 damaged", "no XLSX workbook", False),
        (b"\x7fELF" + b"\0" * 100, "executable", False),
        (b"\x1f\x8b" + b"\x08" * 50, "gzip", False),
    ],
)
def test_what_is_no_report_is_not_kept_and_told(home: Home, body: bytes, words: str, again: bool):
    """An error page of today may be the report of tomorrow; a program never is one."""
    with pytest.raises(NotKeptError, match=words) as caught:
        home.keep(body)
    assert (caught.value.again, bool(caught.value.remedy)) == (again, True)
    assert home.names() == []


def test_a_page_in_place_of_a_pdf_is_not_kept(home: Home):
    """A log-in wall answers every address with 200."""
    with pytest.raises(NotKeptError, match="a page in place of the PDF") as caught:
        home.keep(release(), url="https://site.example.com/report.PDF")
    assert caught.value.again


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (pdf("a"), True),
        (pdf("a")[:-10], False),
        (release(), True),
        (release()[:-10], False),
        (_zip("xl/workbook.xml"), True),
        (b"Area in service was 5,000 sqm.\n" * 5, False),
    ],
)
def test_without_an_announced_end_the_document_must_show_its_own(home: Home, body: bytes, whole: bool):
    """A connection that breaks looks like the end where a site does not say how long its answer is."""
    if whole:
        assert home.keep(body, announced=False).is_new
    else:
        with pytest.raises(NotKeptError, match="where its answer ends"):
            home.keep(body, announced=False)


def test_what_a_person_can_still_do_something_with_is_kept(home: Home):
    """A scanned page is held back with its reason when it is read; here it must not get lost."""
    kept = home.keep(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), item("slide"), url="https://site.example.com/slide.png")
    assert kept.file_name.endswith(".png")


def test_a_link_in_place_of_the_operators_folder_is_not_followed(home: Home, tmp_path: Path):
    """The inbox sensor does not follow links either: the report would lie where nobody looks."""
    home.inbox.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (home.inbox / "gds-holdings").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotKeptError, match="is a link"):
        home.keep(release())
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..",
        ".hidden",
        "~$lock.xlsx",
        "C:\\Windows\\x",
        "a/b\\c\0d\n",
        "report.pdf.part",
        "x" * 500,
        "報告" * 200,
        "\u202egpj.exe",
        "",
        "...",
        "%2e%2e%2f",
        "\ud800",
    ],
)
def test_a_hostile_name_becomes_a_plain_one(home: Home, name: str):
    """Names come from the site; the file must lie in the operator's folder, where the inbox sensor takes it."""
    kept = home.keep(release(), item(name))
    path = home.inbox / kept.file_name
    assert path.parent == home.inbox / "gds-holdings"
    assert path.is_file()


@given(st.text(max_size=300), st.text(max_size=12), st.sampled_from([".pdf", ".html"]))
def test_every_name_is_safe(name: str, published: str, ending: str):
    """Whatever a site sends: one path part, printable, not hidden, not temporary, of bearable length."""
    from pipelines.inbox import is_temporary, printable

    found = safe_name(item(name, published=published), URL, ending)
    assert Path(found).name == found
    assert found.endswith(ending)
    assert printable(found) == found
    assert not is_temporary(found)
    assert len(os.fsencode(found)) <= 120


def test_a_write_that_fails_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch):
    """A full disk must not leave half a report, nor a note that it was kept."""

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        home.keep(release())
    assert home.names() == []
    monkeypatch.undo()
    assert home.keep(release()).is_new


def test_what_a_killed_run_left_is_cleaned_up_and_nothing_else(home: Home):
    """Only files of the name that unfinished ones get are removed."""
    folder = home.inbox / "gds-holdings"
    folder.mkdir(parents=True)
    for name in (".fetching-abc.part", "mine.part", ".hidden", "report.html"):
        (folder / name).write_text("x")
    assert clean_up(home.inbox) == 1
    assert home.names() == [".hidden", "mine.part", "report.html"]


def test_a_large_page_in_chinese_is_told_apart_by_its_beginning(home: Home):
    """Cutting a page inside a letter must not make its encoding unclear."""
    body = b"<html><body>" + "<p>计费面积为 618,060 平方米。</p>".encode("gb18030") * 50_000 + b"</body></html>"
    assert len(body) > 1_500_000
    assert home.keep(body).file_name.endswith(".html")
