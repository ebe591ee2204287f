"""Putting a fetched document into the inbox: whole, once, under a safe name, and only if it can be a report.

Belongs here: what a fetched body must be to be kept, its name, and writing it so that the inbox never shows half a
file. Not here: reading it (assets/reports), which happens after it was archived like any other file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assets.filings.answers import file_name_of
from assets.filings.client import Answer
from assets.filings.memory import WATCH, Item, Memory
from assets.reports.document import Unreadable
from assets.reports.formats import sniffing
from assets.warehouse.archive import stored_path
from assets.warehouse.durable import sync

UNFINISHED = ".fetching-"
_ENDINGS = {
    sniffing.PDF: ".pdf",
    sniffing.XLSX: ".xlsx",
    sniffing.HTML: ".html",
    sniffing.CSV: ".csv",
    sniffing.TEXT: ".txt",
}
# An error page is short; longer pages are judged when they are read, in a process with limits.
_ERROR_PAGE_BYTES = 256 * 1024
_LONGEST_NAME = 120


class NotKeptError(Exception):
    """A body that is not kept: why, what to do, and whether another try may help (`again`)."""

    def __init__(self, reason: str, remedy: str, again: bool) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason, self.remedy, self.again = reason, remedy, again


@dataclass(frozen=True)
class Kept:
    """What became of a body: the name of its file below the inbox, '' where the same content was there already."""

    file_name: str
    is_new: bool


def keep(answer: Answer, item: Item, slug: str, inbox: Path, archive: Path, memory: Memory, at: float) -> Kept:
    """Write a body to inbox/slug/, unless the same content was kept, archived or dropped into the inbox before.

    For a page that is watched, content is its visible words: a new advertisement makes no new report. `at` is the time,
    seconds since 1970. Raises NotKeptError, and OSError where the inbox cannot be written.
    """
    ending, media_type = _ending(answer)
    marks = [hashlib.sha256(answer.body).hexdigest()]
    if item.step == WATCH and media_type == sniffing.HTML:
        marks.append(_mark_of_words(answer.body))
    folder = inbox / slug
    if (
        any(memory.knows_content(mark) for mark in marks)
        or stored_path(archive, marks[0]).is_file()
        or _lies_in(inbox, answer.body, marks[0])
    ):
        with memory.together():
            for mark in marks:
                memory.note_content(mark, "", answer.url, at)
        return Kept("", False)
    if folder.is_symlink():
        raise NotKeptError(f"{folder} is a link", "Replace it by a folder; links in the inbox are not followed", True)
    folder.mkdir(parents=True, exist_ok=True)
    name = _write(folder, safe_name(item, answer.url, ending), marks[0], answer.body)
    # The file first, then the note: a run killed in between finds the file in the inbox and writes no second one.
    with memory.together():
        for mark in marks:
            memory.note_content(mark, f"{slug}/{name}", answer.url, at)
    return Kept(f"{slug}/{name}", True)


def clean_up(inbox: Path) -> int:
    """Remove what a killed collection left unfinished; returns how many files. Only for the holder of the lock."""
    left = list(inbox.glob(f"*/{UNFINISHED}*")) if inbox.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def safe_name(item: Item, url: str, ending: str) -> str:
    """A file name from the item's own name (else the address's), its day in front: letters, digits, '-', '_' and '.'.

    Whatever a site sends, the result has no separator, no control character, no leading dot, and at most 120 bytes.
    """
    text = unicodedata.normalize("NFKC", item.name or file_name_of(url))
    text = re.sub(r"\.(?:html?|pdf|xlsx?|csv|txt|ashx|aspx?|php)$", "", text.strip(), flags=re.I)
    text = re.sub(r"[^\w.-]+", "-", text)
    text = re.sub(r"\.{2,}", ".", re.sub(r"-{2,}", "-", text)).strip("-._")
    day = f"{item.published}_" if re.fullmatch(r"\d{4}-\d\d-\d\d", item.published) else ""
    room = _LONGEST_NAME - len(day) - len(ending)
    short = text.encode("utf-8", "ignore")[:room].decode("utf-8", "ignore").strip("-._")
    return f"{day}{short or 'document'}{ending}"


def _ending(answer: Answer) -> tuple[str, str]:
    """(file ending, media type) by content. Raises NotKeptError for what is no report or not whole."""
    body, name = answer.body, file_name_of(answer.url)
    try:
        sniffed = sniffing.sniff_binary(body, name)
        if sniffed is None:
            from assets.reports.formats.encodings import decode

            sniffed = sniffing.sniff_text(decode(_beginning(body)).text, name)
    except Unreadable as error:
        if error.status != "quarantined":
            again = not body.strip()
            raise NotKeptError(error.reason, "Look at the address; it leads to no report", again) from error
        # A person can still do something with it: it goes the way of every report, and is held back with its reason.
        found = re.search(r"\.[a-z0-9]{1,5}$", name.lower())
        return (found[0] if found else ".bin"), ""
    media_type = sniffed.media_type
    if media_type == sniffing.XLSX and not _is_workbook(body):
        raise NotKeptError("a ZIP file that is no XLSX workbook", "Unpack it and drop the report itself", False)
    promised = re.search(r"\.(pdf|xlsx)$", urlsplit(answer.url).path, re.I)
    if promised and media_type not in (sniffing.PDF, sniffing.XLSX):
        raise NotKeptError(f"a page in place of the {promised[1].upper()} file", "Open the address in a browser", True)
    if not answer.announced and not _shows_its_end(body, media_type):
        raise NotKeptError(
            "the site does not say where its answer ends, and the document does not show it either",
            "It may be cut off; it is tried again, else fetch it by hand",
            True,
        )
    if media_type in (sniffing.HTML, sniffing.TEXT) and len(body) <= _ERROR_PAGE_BYTES:
        _refuse_no_report(body, name)
    return _ENDINGS[media_type], media_type


def _beginning(body: bytes) -> bytes:
    """Enough of a text to tell what it is; the detection of an encoding takes long on a large one."""
    if len(body) <= 4 * _ERROR_PAGE_BYTES:
        return body
    head = body[:_ERROR_PAGE_BYTES]
    end = max(head.rfind(b"\n"), head.rfind(b">"))
    return head[: end + 1] if end > 0 else body


def _refuse_no_report(body: bytes, name: str) -> None:
    from assets.reports.formats import read_document

    try:
        read_document(body, name)
    except Unreadable as error:
        if error.status == "rejected":
            raise NotKeptError(error.reason, "It is tried again; else open the address in a browser", True) from error
    except Exception:
        # A reader's surprise is told when the archived document is read; it is no reason to lose the document.
        return


def _is_workbook(body: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            return any(name.lower().startswith("xl/") for name in packed.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def _shows_its_end(body: bytes, media_type: str) -> bool:
    if media_type == sniffing.PDF:
        return b"%%EOF" in body[-2048:]
    if media_type == sniffing.XLSX:
        return True  # _is_workbook has read the directory, which stands at the end
    return media_type == sniffing.HTML and b"</html" in body[-2048:].lower()


def _mark_of_words(body: bytes) -> str:
    """A hash of a page's visible words, told apart from hashes of bytes."""
    from lxml import etree, html

    root = html.document_fromstring(body, parser=html.HTMLParser(no_network=True, huge_tree=False))
    etree.strip_elements(root, etree.Comment, "script", "style", "noscript", "template", with_tail=False)
    words = " ".join(etree.tostring(root, method="text", encoding="unicode").split())
    return "words " + hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def _lies_in(inbox: Path, body: bytes, sha256: str) -> bool:
    """Whether a file of the inbox has this content; only files of the same length are read."""
    if not inbox.is_dir():
        return False
    for place, folders, files in os.walk(inbox):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(place) / name
            try:
                if name.startswith(".") or path.is_symlink() or path.stat().st_size != len(body):
                    continue
                if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                    return True
            except OSError:
                continue  # gone or not readable: then it is not this one
    return False


def _write(folder: Path, name: str, sha256: str, body: bytes) -> str:
    handle, temporary = tempfile.mkstemp(prefix=UNFINISHED, suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        stem, ending = Path(name).stem, Path(name).suffix
        for candidate in (name, f"{stem}-{sha256[:8]}{ending}", f"{stem}-{sha256}{ending}"):
            try:
                # A link fails where the name exists: no file of the inbox is ever overwritten.
                os.link(temporary, folder / candidate)
            except FileExistsError:
                continue
            sync(folder)
            return candidate
        raise FileExistsError(f"{folder / name}: the name is taken; remove or rename the file")
    finally:
        Path(temporary).unlink(missing_ok=True)
