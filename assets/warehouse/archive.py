"""The archive of received documents: bytes first, named by content hash, never overwritten.

Belongs here: taking a file into archive/, and reading back what was received. Not here: reading a document's content.

Layout: archive/ab/abcdef....bin holds the bytes (ab = first two digits of their SHA-256); beside it abcdef....json, the
receipt, has one entry a name under which the content arrived. The bytes are synced to disk before their receipt is
written, so that a receipt always has its document. A document is archived when both stand.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from assets.warehouse.durable import sync

# Far above any report; a larger file is a mistake, and would fill the disk of a small machine.
MAX_BYTES = 512 * 1024 * 1024
_CHUNK = 1024 * 1024


class NotArchivedError(Exception):
    """A file that was not taken in; the message says why and what to do. Nothing was written."""


@dataclass(frozen=True)
class Arrival:
    """One name under which a content arrived. `received_at` is ISO text, UTC; `inbox` the folder it came from."""

    file_name: str
    received_at: str
    inbox: str


@dataclass(frozen=True)
class Archived:
    """A document in the archive. `file_name` is the name it first arrived under; `is_new` False for known content."""

    document_id: str
    sha256: str
    path: Path
    file_name: str
    bytes: int
    received_at: datetime
    arrivals: tuple[Arrival, ...]
    is_new: bool = False


def archive(source: Path, folder: Path, received_at: datetime, inbox: str = "") -> Archived:
    """Take the file at `source` into the archive at `folder`; the source stays where it is.

    The same bytes again are the same document: another name is added to the receipt, the same name changes nothing.
    `received_at` is UTC (naive or aware). Raises NotArchivedError for what is no ordinary file (link, folder, pipe,
    device), for a file that vanished, changed while it was read, may not be read, or exceeds MAX_BYTES.
    """
    name = _printable(source.name)
    temporary, sha256, size = _copy_in(source, folder, name)
    try:
        target = stored_path(folder, sha256)
        arrival = Arrival(name, _utc_text(received_at), inbox or _printable(str(source.parent)))
        is_new = _settle(temporary, target, sha256)
    finally:
        temporary.unlink(missing_ok=True)
    known = _receipt_or_none(target.with_suffix(".json"))
    arrivals = list(known or ())
    if all((a.file_name, a.inbox) != (arrival.file_name, arrival.inbox) for a in arrivals):
        arrivals.append(arrival)
        _write_receipt(target.with_suffix(".json"), sha256, size, arrivals)
    return _archived(target, sha256, size, arrivals, is_new or known is None)


def stored_path(folder: Path, sha256: str) -> Path:
    """Where the bytes of a document lie, by their hash."""
    return folder / sha256[:2] / f"{sha256}.bin"


def documents(folder: Path) -> list[Archived]:
    """Everything in the archive, in order of first receipt, then document_id.

    Bytes whose receipt was never written (the machine stopped in between) are documents too, under their hash as name
    and the time they were written. Raises NotArchivedError for a receipt that cannot be read or whose bytes are gone.
    """
    found = [
        _archived(path, path.stem, path.stat().st_size, [_arrival_of_orphan(path)], False)
        for path in (sorted(folder.glob("??/*.bin")) if folder.is_dir() else [])
        if not path.with_suffix(".json").exists()
    ]
    for path in sorted(folder.glob("??/*.json")) if folder.is_dir() else []:
        arrivals = _receipt_or_none(path)
        data = path.with_suffix(".bin")
        if not arrivals or not data.is_file():
            raise NotArchivedError(
                f"{path}: {'the receipt is empty' if not arrivals else f'its document {data.name} is missing'}."
                " Restore the archive from a backup; nothing else holds the document."
            )
        found.append(_archived(data, path.stem, data.stat().st_size, arrivals, False))
    return sorted(found, key=lambda item: (item.received_at, item.document_id))


def damaged(folder: Path) -> list[str]:
    """One sentence a document whose bytes no longer have the hash they are named by; reads the whole archive."""
    problems = []
    for item in documents(folder):
        actual = hashlib.sha256(item.path.read_bytes()).hexdigest()
        if actual != item.sha256:
            problems.append(
                f"{item.path}: content has SHA-256 {actual[:16]}..., expected {item.sha256[:16]}...; restore"
                f" '{item.file_name}' from a backup or from its source"
            )
    return problems


def _arrival_of_orphan(path: Path) -> Arrival:
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Arrival(f"{path.stem[:16]} (name not recorded)", _utc_text(written), "")


def _copy_in(source: Path, folder: Path, name: str) -> tuple[Path, str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with _opened(source, name) as (descriptor, before):
        handle, temporary_name = tempfile.mkstemp(prefix="incoming-", dir=folder)
        temporary = Path(temporary_name)
        try:
            with os.fdopen(handle, "wb") as out:
                while chunk := os.read(descriptor, _CHUNK):
                    size += len(chunk)
                    if size > MAX_BYTES:
                        raise NotArchivedError(
                            f"{name}: larger than {MAX_BYTES >> 20} MiB; split it or send the report alone."
                        )
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            after = os.fstat(descriptor)
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
                raise NotArchivedError(f"{name}: changed while it was read; it is taken when it has come to rest.")
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return temporary, digest.hexdigest(), size


@contextlib.contextmanager
def _opened(source: Path, name: str) -> Iterator[tuple[int, os.stat_result]]:
    try:
        # Without following a link, and without waiting for the other end of a pipe.
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotArchivedError(f"{name}: gone before it could be read; put it into the inbox again.") from error
    except OSError as error:
        if source.is_symlink():
            reason = "is a symbolic link, and only files themselves are taken; copy the report into the inbox"
        else:
            reason = f"cannot be opened ({error.strerror}); make it readable for this user"
        raise NotArchivedError(f"{name}: {reason}.") from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe, socket or device"
            raise NotArchivedError(f"{name}: is {kind}, not a file; put the report itself into the inbox.")
        yield descriptor, info
    finally:
        os.close(descriptor)


def _settle(temporary: Path, target: Path, sha256: str) -> bool:
    target.parent.mkdir(exist_ok=True)
    try:
        # A hard link fails where the name exists: nothing is ever overwritten, whoever comes second.
        os.link(temporary, target)
        sync(target.parent)
        sync(target.parent.parent)
        return True
    except FileExistsError:
        if hashlib.sha256(target.read_bytes()).hexdigest() != sha256:
            # The bytes under this name rotted; the sound copy stands beside them and the damaged one is kept.
            target.rename(target.with_suffix(f".damaged-{os.getpid()}"))
            os.link(temporary, target)
            sync(target.parent)
        return False


def _write_receipt(path: Path, sha256: str, size: int, arrivals: list[Arrival]) -> None:
    text = json.dumps(
        {"sha256": sha256, "bytes": size, "arrivals": [asdict(arrival) for arrival in arrivals]},
        ensure_ascii=False,
        indent=1,
    )
    handle, name = tempfile.mkstemp(prefix="receipt-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync(path.parent)


def _receipt_or_none(path: Path) -> list[Arrival] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return [Arrival(**arrival) for arrival in json.loads(text)["arrivals"]]
    except (ValueError, KeyError, TypeError) as error:
        raise NotArchivedError(f"{path}: the receipt cannot be read ({error}). Restore it from a backup.") from error


def _archived(path: Path, sha256: str, size: int, arrivals: list[Arrival], is_new: bool) -> Archived:
    first = arrivals[0]
    received_at = datetime.fromisoformat(first.received_at).replace(tzinfo=None)
    return Archived(sha256[:16], sha256, path, first.file_name, size, received_at, tuple(arrivals), is_new)


def _utc_text(moment: datetime) -> str:
    if moment.tzinfo is not None:
        offset = moment.utcoffset()
        moment = (moment - offset if offset else moment).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "+00:00"


def _printable(text: str) -> str:
    # Names may hold bytes that are no UTF-8, line breaks or control characters; receipts and tables hold readable text.
    decoded = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in decoded)
