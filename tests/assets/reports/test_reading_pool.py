"""The reader pool: one bad document must cost nothing but itself, whatever it does to the process that reads it."""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assets.reports import reading
from assets.reports.formats import Limits, read_document
from assets.reports.reading import ReaderPool, ReadResult, read_here

STUB = "reader_stub:extract"
# Long enough for a slow machine to start a child, short enough for a test that waits for it.
LIMITS = Limits(wall_clock_s=8.0, processor_s=3, memory_bytes=1_024 * 1024 * 1024)


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with ReaderPool(LIMITS, STUB) as opened:
        yield opened


def process_of(result: ReadResult) -> float:
    assert result.extraction is not None
    return result.extraction.candidates[0].value


def test_a_document_is_read_in_another_process_that_is_kept(pool: ReaderPool) -> None:
    """Starting a process costs a second; noise on its standard output must not break the protocol."""
    first = pool.read_bytes(b"<p>Area was 5 sqm.</p>", "a.html")
    second = pool.read_bytes(b"<p>Area was 6 sqm.</p>", "b.html")
    assert (first.status, first.media_type, first.file_name) == ("read", "text/html", "a.html")
    assert process_of(first) == process_of(second) != os.getpid()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"<p>please sleep now</p>", "more than 3 s"),
        (b"<p>please spin now</p>", "processor time"),
        (b"<p>please grow now</p>", "MiB of memory"),
        (b"<p>please die now</p>", "SIGABRT"),
        (b"<p>please leave now</p>", "its last words"),
    ],
)
def test_what_a_document_does_to_its_reader_is_its_own_loss(text: bytes, word: str) -> None:
    """Time, processor, memory, crash, exit: quarantined with the reason, and the next document is read."""
    limits = replace(LIMITS, wall_clock_s=3.0 if b"sleep" in text else 30.0)
    with ReaderPool(limits, STUB) as pool:
        result = pool.read_bytes(text, "bad.html")
        assert result.status == "quarantined"
        assert word in result.reason
        assert pool.read_bytes(b"<p>Area was 5 sqm.</p>", "good.html").status == "read"


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="needs the kernel filter of assets/reports/confinement.py: Linux on x86-64 or ARM64",
)
@pytest.mark.parametrize("wish", ["phone", "start", "write", "remove"])
def test_a_reader_has_no_network_no_processes_and_changes_no_file(pool: ReaderPool, wish: str) -> None:
    """Whoever takes over a reader by a flaw in a library has nothing to work with; the next document is read."""
    result = pool.read_bytes(f"<p>please {wish} now</p>".encode(), "bad.html")
    assert result.status == "quarantined"
    assert "PermissionError" in result.reason
    assert pool.read_bytes(b"<p>Area was 5 sqm.</p>", "good.html").status == "read"


def test_a_reader_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens and passwords stand in the environment of the service; a document's reader sees none of it."""
    monkeypatch.setenv("COLOCAST_SGX_TOKEN", "secret")
    with ReaderPool(LIMITS, STUB) as pool:
        result = pool.read_bytes(b"<p>please tell now</p>", "a.html")
    assert result.extraction is not None
    known = set(result.extraction.candidates[0].quote.split())
    assert "PATH" in known
    assert not {name for name in known if "COLOCAST" in name or "TOKEN" in name or name == "HOME"}


def test_an_error_in_extraction_is_a_reason_not_a_traceback(pool: ReaderPool) -> None:
    """A surprise in one document must not end the run."""
    result = pool.read_bytes(b"<p>please raise now</p>", "bad.html")
    assert result.status == "quarantined"
    assert "ValueError: nothing fits" in result.reason


def test_a_child_is_replaced_after_so_many_documents() -> None:
    """Leaks of C libraries must not add up over a year of reports."""
    with ReaderPool(replace(LIMITS, documents_per_child=1), STUB) as pool:
        first = pool.read_bytes(b"<p>Area was 5 sqm.</p>", "a.html")
        second = pool.read_bytes(b"<p>Area was 6 sqm.</p>", "b.html")
    assert process_of(first) != process_of(second)


def test_no_child_is_left_behind() -> None:
    """A closed pool has no process."""
    pool = ReaderPool(LIMITS, STUB)
    child = int(process_of(pool.read_bytes(b"<p>Area was 5 sqm.</p>", "a.html")))
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_threads_take_turns(pool: ReaderPool) -> None:
    """The orchestrator may call from several threads."""
    results: list[ReadResult] = []
    threads = [
        threading.Thread(
            target=lambda n=n: results.append(pool.read_bytes(f"<p>Area was {n} sqm.</p>".encode(), f"{n}.html"))
        )
        for n in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result.extraction and result.file_name[0] in result.extraction.candidates[0].quote for result in results)


def test_files_that_are_no_regular_files_are_refused(pool: ReaderPool, tmp_path: Path) -> None:
    """A pipe would block for ever, a link may point anywhere, a file may vanish between listing and reading."""
    (tmp_path / "real.html").write_bytes(b"<p>Area was 5 sqm.</p>")
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    os.mkfifo(tmp_path / "pipe.html")
    (tmp_path / "folder.html").mkdir()
    reasons = {name: pool.read(tmp_path / name) for name in ("link.html", "pipe.html", "folder.html", "gone.html")}
    assert {result.status for result in reasons.values()} == {"rejected"}
    assert "symbolic link" in reasons["link.html"].reason
    assert "named pipe" in reasons["pipe.html"].reason
    assert "directory" in reasons["folder.html"].reason
    assert "gone" in reasons["gone.html"].reason
    assert len({result.sha256 for result in reasons.values()}) == 4


def test_a_file_without_permission(pool: ReaderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is in the reason. Tests may run as root, who is refused nothing, so the refusal is made here."""

    def refuse(*_arguments: object, **_named: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reading.os, "open", refuse)
    result = pool.read(tmp_path / "x.html")
    assert result.status == "quarantined"
    assert "permission" in result.reason


def test_a_file_over_the_limit_keeps_its_hash(tmp_path: Path) -> None:
    """Archive and verdict must agree on which document it was."""
    import hashlib

    data = b"x" * 5_000
    (tmp_path / "x.txt").write_bytes(data)
    with ReaderPool(replace(LIMITS, document_bytes=1_000), STUB) as pool:
        result = pool.read(tmp_path / "x.txt")
    assert (result.status, result.size, result.sha256) == ("quarantined", 5_000, hashlib.sha256(data).hexdigest())
    assert "5,000 bytes" in result.reason


def test_odd_names(pool: ReaderPool, tmp_path: Path) -> None:
    """Line breaks and bytes that are no UTF-8 are legal in names and must not break a table or a protocol."""
    for name in (b"two\nlines.html", b"latin\xe9.html", b"-rf.html", "季报.html".encode()):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        path.write_bytes(b"<p>Area was 5 sqm.</p>")
        result = pool.read(path)
        assert result.status == "read"
        assert result.file_name.isprintable()
        result.file_name.encode("utf-8")


def test_results_survive_json() -> None:
    """Results cross the pipe and are stored as JSON."""
    result = read_here(b"<p>Area was 5 sqm.</p>", "a.html", extractor=STUB)
    assert ReadResult.from_json(result.to_json()) == result


def test_a_refused_document_keeps_its_media_type() -> None:
    """The documents table says what kind of file was refused."""
    result = read_here(b"%PDF-1.4\n", "a.pdf", extractor=STUB)
    assert (result.status, result.media_type) == ("rejected", "application/pdf")


def test_the_bundled_reports_are_read(repository: Path) -> None:
    """Every bundled report gives parts; a reader that lost one would only show as a missing figure much later."""
    for path in sorted((repository / "data" / "reports").iterdir()):
        assert read_document(path.read_bytes(), path.name).parts, path.name
