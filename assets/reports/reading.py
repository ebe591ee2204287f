"""Reads documents without trusting them: file checks here, parsing and extraction in a limited child process.

A hostile or broken document may exhaust memory, spin, or crash a C library; it then costs the child and becomes a
quarantined result, and the run goes on. Storing results is the warehouse's matter, judging figures verdicts.py's.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import io
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from assets.reports.candidates import Extraction
from assets.reports.document import Document, Unreadable
from assets.reports.formats import Limits, read_document

EXTRACTOR = "assets.reports.extraction:extract"
_START_S = 60.0
_CHUNK = 1 << 16
_LONGEST_ANSWER = 256 * 1024 * 1024
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ReadResult:
    """What became of one document: `status` is read, rejected or quarantined; `reason` is empty when read.

    `sha256` is that of the content; of the name where there is no content to hash (a file gone or refused unopened),
    so that two such files stay two documents. `size` is in bytes. `rent_roll` is what a rent roll holds
    (RentRoll.to_json), None for every other document.
    """

    file_name: str
    sha256: str
    size: int
    media_type: str = ""
    status: str = "read"
    reason: str = ""
    extraction: Extraction | None = None
    rent_roll: dict[str, Any] | None = None
    language: str = ""
    encoding: str = ""
    remarks: tuple[str, ...] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; `from_json` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> ReadResult:
        """A result from `to_json` data."""
        extraction = data["extraction"]
        return ReadResult(
            **{
                **data,
                "extraction": Extraction.from_json(extraction) if extraction is not None else None,
                "remarks": tuple(data["remarks"]),
            }
        )


def read_here(
    data: bytes, file_name: str, limits: Limits | None = None, extractor: str = EXTRACTOR, layouts: Any = None
) -> ReadResult:
    """Reads and extracts in this process: no bound on time or memory, and a crash of a C library is a crash here.

    `extractor` names a function `module:name` with the signature of extraction.extract. `layouts` (default: the
    bundled ones) is handed to it. Never raises for a bad document: errors of any kind become a quarantined result.
    """
    result = ReadResult(printable_name(file_name), hashlib.sha256(data).hexdigest(), len(data))
    try:
        document = read_document(data, result.file_name, limits or Limits())
    except Unreadable as error:
        media_type = error.details.get("media_type", "")
        return replace(result, media_type=media_type, status=error.status, reason=error.reason)
    except MemoryError:
        raise
    except RecursionError:
        return replace(result, status="quarantined", reason="the document is nested too deeply to be read")
    except Exception as error:  # A reader's bug must cost one document, not the run; the trace goes to the log.
        traceback.print_exc(file=sys.stderr)
        return replace(result, status="quarantined", reason=_failed("the reader", error))
    result = replace(
        result,
        media_type=document.media_type,
        language=document.language,
        encoding=document.encoding,
        remarks=document.remarks,
    )
    try:
        roll = _rent_roll_of(document)
        if roll is not None:
            return replace(result, rent_roll=roll)
        return replace(result, extraction=_extractor(extractor)(document, layouts or _bundled_layouts()))
    except MemoryError:
        raise
    except Exception as error:  # As above: one document's surprise is its own.
        traceback.print_exc(file=sys.stderr)
        return replace(result, status="quarantined", reason=_failed("the extraction of figures", error))


def _rent_roll_of(document: Document) -> dict[str, Any] | None:
    from assets.rent_roll.reading import rent_roll_of

    roll = rent_roll_of(document)
    return None if roll is None else roll.to_json()


def _failed(what: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:200]
    return f"{what} failed on this document ({type(error).__name__}: {said}); please report it with the document"


def _extractor(name: str) -> Callable[[Document, Any], Extraction]:
    module, _colon, function = name.partition(":")
    found: Callable[[Document, Any], Extraction] = getattr(importlib.import_module(module), function)
    return found


_layouts: Any = None


def _bundled_layouts() -> Any:
    """The bundled layouts, loaded once a process."""
    global _layouts
    if _layouts is None:
        from assets.reports.operators import load_layouts

        _layouts = load_layouts()
    return _layouts


def printable_name(file_name: str) -> str:
    """A file name fit for a table: bytes that are no UTF-8 and control characters become U+FFFD."""
    text = file_name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def load_regular_file(path: Path, limits: Limits) -> bytes:
    """The bytes of a regular file within the size limit; raises Unreadable. Links and pipes are never opened."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags)
    except ValueError as error:
        raise Unreadable("rejected", f"no such file can exist: its name holds a zero byte ({error})") from error
    except OSError as error:
        raise _not_opened(error) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("rejected", f"not a regular file but {_kind(status.st_mode)}")
        if status.st_size > limits.document_bytes:
            raise Unreadable(
                "quarantined",
                f"the file has {status.st_size:,} bytes; at most {limits.document_bytes:,} are read",
                details={"size": str(status.st_size), "sha256": _hash_of(handle)},
            )
        with os.fdopen(os.dup(handle), "rb") as file:
            data = file.read(limits.document_bytes + 1)
        after = os.fstat(handle)
    except OSError as error:
        raise Unreadable("quarantined", f"the file cannot be read ({error.strerror or error})") from error
    finally:
        os.close(handle)
    if len(data) != status.st_size or (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
        raise Unreadable("quarantined", "the file changed while it was read; hand it in again when it is complete")
    return data


def _not_opened(error: OSError) -> Unreadable:
    if error.errno == errno.ELOOP:
        return Unreadable("rejected", "not a regular file but a symbolic link; hand in the file itself")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Unreadable("rejected", "the file is gone: it was removed or renamed before it could be read")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unreadable(
            "quarantined", "there is no permission to read the file; change its mode and hand it in again"
        )
    if error.errno == errno.ENXIO:
        return Unreadable("rejected", "not a regular file but a socket or device")
    return Unreadable("quarantined", f"the file cannot be opened ({error.strerror or error})")


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "something else"


def _hash_of(handle: int) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.dup(handle), "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class ReaderPool:
    """Reads documents one after another in a limited child process that is replaced when it fails or grows old.

    Use as a context manager. The child is started by the first document; its limits on memory, processor time and
    wall clock come from Limits. Safe to call from several threads, which then take turns.
    """

    def __init__(self, limits: Limits | None = None, extractor: str = EXTRACTOR) -> None:
        self.limits = limits or Limits()
        self.extractor = extractor
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._served = 0
        self._lock = threading.Lock()

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child, if there is one."""
        with self._lock:
            self._stop()

    @property
    def process_id(self) -> int | None:
        """The child's process id while there is one."""
        child = self._child
        return child.pid if child is not None else None

    def read(self, path: Path, file_name: str | None = None) -> ReadResult:
        """Reads one file; `file_name` (default: the path's own) is what results and media type remarks call it."""
        name = printable_name(file_name if file_name is not None else Path(path).name)
        try:
            data = load_regular_file(Path(path), self.limits)
        except Unreadable as error:
            digest = error.details.get("sha256") or hashlib.sha256(b"no content: " + os.fsencode(path)).hexdigest()
            size = int(error.details.get("size", "0"))
            return ReadResult(name, digest, size, status=error.status, reason=error.reason)
        return self.read_bytes(data, name)

    def read_bytes(self, data: bytes, file_name: str) -> ReadResult:
        """Reads one document given as bytes."""
        with self._lock:
            blank = ReadResult(printable_name(file_name), hashlib.sha256(data).hexdigest(), len(data))
            try:
                child = self._running()
            except _ChildError as failure:
                return replace(blank, status="quarantined", reason=str(failure))
            request = json.dumps({"file_name": file_name, "size": len(data)}).encode("ascii") + b"\n"
            try:
                answer = _exchange(child, request + data, self.limits.wall_clock_s)
            except _ChildError as failure:
                reason = self._explain(child, failure)
                self._stop()
                return replace(blank, status="quarantined", reason=reason)
            self._served += 1
            if answer.pop("last", False) or self._served >= self.limits.documents_per_child:
                self._stop()
            return ReadResult.from_json(answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._stop()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._child = subprocess.Popen(
            [sys.executable, "-m", "assets.reports.child", json.dumps([asdict(self.limits), self.extractor])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            cwd="/",
            start_new_session=True,
        )
        self._served = 0
        try:
            _exchange(self._child, b"", max(_START_S, self.limits.wall_clock_s))
        except _ChildError as failure:
            said = self._last_words()
            self._stop()
            raise _ChildError(f"the reader process did not start ({said or failure})") from failure
        return self._child

    def _explain(self, child: subprocess.Popen[bytes], failure: _ChildError) -> str:
        if failure.timed_out:
            return f"reading took more than {self.limits.wall_clock_s:g} s and was stopped"
        code = _wait(child)
        if code == -signal.SIGXCPU:
            return f"reading took more than {self.limits.processor_s:,} s of processor time and was stopped"
        said = self._last_words()
        if "MemoryError" in said or "bad_alloc" in said or "annot allocate memory" in said or code == -signal.SIGKILL:
            return (
                f"reading needed more than {self.limits.memory_bytes // (1024 * 1024):,} MiB of memory and was stopped"
            )
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return f"the reader crashed on this document ({name}{': ' + said if said else ''})"
        return f"the reader ended without an answer ({said or failure})"

    def _last_words(self) -> str:
        """The last line the child wrote to its standard error."""
        if self._errors is None:
            return ""
        self._errors.flush()
        size = self._errors.seek(0, io.SEEK_END)
        self._errors.seek(max(0, size - 4096))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else ""

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None


class _ChildError(Exception):
    """The child ended or did not answer in time."""

    def __init__(self, message: str, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


def _environment() -> dict[str, str]:
    """A small environment: hostile documents meet no secrets of the parent, numeric libraries start no threads."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV") if name in os.environ
    }
    paths = [str(_ROOT), *(path for path in sys.path if path)]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
    }


def _exchange(child: subprocess.Popen[bytes], message: bytes, seconds: float) -> dict[str, Any]:
    """Sends a message and returns the JSON line that answers it; raises _ChildError after `seconds`.

    Neither side of the pipes may block the parent: a child that hangs without reading must still be stopped.
    """
    assert child.stdin is not None
    assert child.stdout is not None
    deadline = time.monotonic() + seconds
    outgoing, incoming = memoryview(message), bytearray()
    os.set_blocking(child.stdin.fileno(), False)
    os.set_blocking(child.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        if outgoing:
            selector.register(child.stdin, selectors.EVENT_WRITE)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _ChildError("no answer in time", timed_out=True)
            for key, _events in selector.select(left):
                if key.fileobj is child.stdin:
                    try:
                        sent = os.write(child.stdin.fileno(), outgoing[:_CHUNK])
                    except BlockingIOError:
                        continue
                    except OSError as error:
                        raise _ChildError("it ended while the document was handed over") from error
                    outgoing = outgoing[sent:]
                    if not outgoing:
                        selector.unregister(child.stdin)
                    continue
                chunk = os.read(child.stdout.fileno(), _CHUNK)
                if not chunk:
                    raise _ChildError("it ended")
                incoming += chunk
                if len(incoming) > _LONGEST_ANSWER:
                    raise _ChildError("its answer is too long")
                if chunk.endswith(b"\n"):
                    answer: dict[str, Any] = json.loads(bytes(incoming))
                    return answer


def _wait(child: subprocess.Popen[bytes]) -> int | None:
    """The exit code of a child whose output has ended; None where it does not exit by itself soon."""
    try:
        return child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return None
