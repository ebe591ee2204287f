"""The archive of received documents: bytes first, named by content hash, never overwritten.

Belongs here: taking a file into archive/, and reading back what was received. Not here: reading a document's content.

Layout: archive/ab/abcdef....bin holds the bytes (ab = first two digits of their SHA-256); beside it abcdef....json, the
receipt, has one entry a name under which the content arrived. The bytes are synced to disk before their receipt is
written, so that a receipt always has its document. A document is archived when both stand. Where the bytes of one that
nobody could read were dropped for want of room (drop_bytes), its receipt says so, with what was found instead.

Every receipt stands once more in archive/receipts.jsonl, the newest of a document last: who sent a document when cannot
be told from its bytes. Receipts and copies carry a checksum of their own. A document whose bytes are gone or rotten
stays in the list, with what is wrong with it; it is put right when the same content arrives again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assets.warehouse.aside import set_aside
from assets.warehouse.durable import sync

# Far above any report; a larger file is a mistake, and would fill the disk of a small machine.
MAX_BYTES = 512 * 1024 * 1024
_CHUNK = 1024 * 1024
# Of receipts, written into each; those without a number are of the first.
RECEIPT_FORMAT = 1
RECEIPTS_COPY = "receipts.jsonl"
# What a damaged receipt makes Python say.
_ILLEGIBLE = (ValueError, KeyError, TypeError, AttributeError)


class NotArchivedError(Exception):
    """A file that was not taken in; the message says why and what to do. Nothing was written."""


class ArchiveTooNewError(RuntimeError):
    """A receipt was written by a newer version; the message names both formats and the remedy. Nothing was changed."""


@dataclass(frozen=True)
class Arrival:
    """One name under which a content arrived. `received_at` is ISO text, UTC; `inbox` the folder it came from."""

    file_name: str
    received_at: str
    inbox: str


@dataclass(frozen=True)
class Dropped:
    """What is left of bytes that were dropped: when (ISO text, UTC), and how their reading had ended."""

    at: str
    media_type: str
    status: str
    reason: str


@dataclass(frozen=True)
class Archived:
    """A document in the archive. `file_name` is the name it first arrived under; `is_new` False for known content.

    `dropped` is None while the bytes are here; else what the readers had said of them. `problem` says in words that the
    bytes are missing, '' otherwise; whether they are sound, problem_of() tells.
    """

    document_id: str
    sha256: str
    path: Path
    file_name: str
    bytes: int
    received_at: datetime
    arrivals: tuple[Arrival, ...]
    is_new: bool = False
    dropped: Dropped | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Receipt:
    size: int
    arrivals: tuple[Arrival, ...]
    dropped: Dropped | None = None


def archive(source: Path, folder: Path, received_at: datetime, inbox: str = "") -> Archived:
    """Take the file at `source` into the archive at `folder`; the source stays where it is.

    The same bytes again are the same document: another name is added to the receipt, the same name changes nothing.
    Bytes that were dropped are taken in again when they come under another name.
    `received_at` is UTC (naive or aware). Raises NotArchivedError for what is no ordinary file (link, folder, pipe,
    device), for a file that vanished, changed while it was read, may not be read, or exceeds MAX_BYTES.
    """
    name = _printable(source.name)
    temporary, sha256, size = _copy_in(source, folder, name)
    try:
        target = stored_path(folder, sha256)
        arrival = Arrival(name, _utc_text(received_at), inbox or _printable(str(source.parent)))
        path = target.with_suffix(".json")
        known = _read_receipt(path)
        if known is None:
            if path.exists():
                set_aside(path)
            known = _copied_receipts(folder, sha256).get(sha256)
        arrivals = list(known.arrivals if known is not None else ())
        again = any((a.file_name, a.inbox) == (arrival.file_name, arrival.inbox) for a in arrivals)
        if again and known is not None and known.dropped is not None and not target.exists():
            return _archived(target, sha256, size, arrivals, False, known.dropped)
        is_new = _settle(temporary, target, sha256)
    finally:
        temporary.unlink(missing_ok=True)
    if not again:
        arrivals.append(arrival)
    if not again or not path.exists():
        _write_receipt(path, sha256, _Receipt(size, tuple(arrivals)))
    return _archived(target, sha256, size, arrivals, is_new or known is None)


def stored_path(folder: Path, sha256: str) -> Path:
    """Where the bytes of a document lie, by their hash."""
    return folder / sha256[:2] / f"{sha256}.bin"


def documents(folder: Path) -> list[Archived]:
    """Everything in the archive, in order of first receipt, then document_id.

    Bytes whose receipt was never written (the machine stopped in between) are documents too, under their hash as name
    and the time they were written; so are bytes whose receipt is damaged and stands in no copy. A document whose bytes
    are gone without having been dropped has a problem.
    """
    copied = _copied_receipts(folder)
    stems = {path.stem for kind in ("bin", "json") for path in folder.glob(f"??/*.{kind}")} | set(copied)
    found = []
    for sha256 in sorted(stems):
        path = stored_path(folder, sha256)
        receipt = _read_receipt(path.with_suffix(".json")) or copied.get(sha256)
        stored = path.is_file()
        if receipt is None:
            # Without bytes, that there was a document is all that is left of it.
            beside = path if stored else path.with_suffix(".json")
            receipt = _Receipt(path.stat().st_size if stored else 0, (_arrival_of_orphan(beside),))
        size = path.stat().st_size if stored else receipt.size
        dropped = None if stored else receipt.dropped
        item = _archived(path, sha256, size, list(receipt.arrivals), False, dropped)
        if not stored and dropped is None:
            item = replace(item, problem=_bring_back(item, "its bytes are missing"))
        found.append(item)
    return sorted(found, key=lambda item: (item.received_at, item.document_id))


def problem_of(item: Archived) -> str:
    """What is wrong with a document's bytes, in words; '' where they have the hash they are named by. Reads them."""
    if item.problem or item.dropped is not None:
        return item.problem
    total = hashlib.sha256()
    try:
        with item.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                total.update(chunk)
    except OSError as error:
        return _bring_back(item, f"its bytes cannot be read ({error.strerror or error})")
    actual = total.hexdigest()
    if actual == item.sha256:
        return ""
    return _bring_back(item, f"its content has SHA-256 {actual[:16]}..., expected {item.sha256[:16]}...")


def damaged(folder: Path) -> list[str]:
    """One sentence a document whose bytes are gone or not those that were received; reads the whole archive."""
    return [problem for item in documents(folder) if (problem := problem_of(item))]


def mend_receipts(folder: Path) -> list[str]:
    """Write damaged and missing receipts again from their copies, and copies from receipts; returns what was mended.

    A damaged receipt is set aside. For the holder of the run lock.
    """
    copied, said = _copied_receipts(folder), []
    stems = {path.stem for kind in ("bin", "json") for path in folder.glob(f"??/*.{kind}")}
    for sha256 in sorted(stems | set(copied)):
        path = stored_path(folder, sha256).with_suffix(".json")
        receipt, copy = _read_receipt(path), copied.get(sha256)
        if receipt is not None:
            if receipt != copy:
                _copy_receipt(folder, sha256, receipt)
            continue
        existed = path.exists()
        if existed:
            set_aside(path)
        if copy is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_receipt(path, sha256, copy)
            said.append(
                f"{path}: the receipt of {copy.arrivals[0].file_name} was {'damaged' if existed else 'missing'};"
                f" written again from {RECEIPTS_COPY}"
            )
        elif existed:
            said.append(f"{path}: the receipt is damaged and stands in no copy; its document goes by its hash")
    return said


def _bring_back(item: Archived, what: str) -> str:
    return (
        f"{item.path}: {what}. Put {item.file_name!r} into the inbox again, or restore it from a backup; its figures"
        " stay as they were read"
    )


def drop_bytes(item: Archived, media_type: str, status: str, reason: str, at: datetime) -> int:
    """Remove the bytes of a document whose reading had ended with this status and reason; returns how many.

    Hash, names, size, status and reason stay in its receipt, so that a rebuild gives the same row of `documents`. For
    what could not be read alone: nothing was ever made from its bytes. The receipt is on the disk before they go.
    """
    told = _Receipt(item.bytes, item.arrivals, Dropped(_utc_text(at), media_type, status, reason))
    _write_receipt(item.path.with_suffix(".json"), item.sha256, told)
    item.path.unlink(missing_ok=True)
    sync(item.path.parent)
    return item.bytes


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
        if not target.is_file() or hashlib.sha256(target.read_bytes()).hexdigest() != sha256:
            # The bytes under this name rotted; the sound ones take their place and the damaged ones are kept.
            set_aside(target)
            os.link(temporary, target)
            sync(target.parent)
        return False


def _sealed(sha256: str, receipt: _Receipt) -> dict[str, object]:
    """A receipt as it is written: what it says, and a checksum of that."""
    said: dict[str, object] = {
        "format": RECEIPT_FORMAT,
        "sha256": sha256,
        "bytes": receipt.size,
        "arrivals": [asdict(arrival) for arrival in receipt.arrivals],
    }
    if receipt.dropped is not None:
        said["dropped"] = asdict(receipt.dropped)
    return {**said, "check": _check(said)}


def _check(said: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def _unsealed(text: str) -> tuple[str, _Receipt]:
    """Hash and receipt from a text. Raises ValueError, KeyError, TypeError or AttributeError for one that is damaged,
    ArchiveTooNewError for one of a newer version.

    One without a checksum was written by an earlier version, and is taken.
    """
    said = dict(json.loads(text))
    check = said.pop("check", None)
    if check is not None and check != _check(said):
        raise ValueError("the checksum does not fit")
    if int(said.get("format", RECEIPT_FORMAT)) > RECEIPT_FORMAT:
        raise ArchiveTooNewError(
            f"the receipt of document {str(said.get('sha256'))[:16]} in the archive is of format {said['format']}, this"
            f" version of Colocast knows up to {RECEIPT_FORMAT}. Nothing was changed. Install the version that wrote"
            " it."
        )
    arrivals = tuple(Arrival(**arrival) for arrival in said["arrivals"])
    if not arrivals:
        raise ValueError("no arrival")
    for arrival in arrivals:
        datetime.fromisoformat(arrival.received_at)
    dropped = said.get("dropped")
    return str(said["sha256"]), _Receipt(int(said["bytes"]), arrivals, Dropped(**dropped) if dropped else None)


def _read_receipt(path: Path) -> _Receipt | None:
    """The receipt at `path`; None where it is missing, damaged or another document's."""
    try:
        sha256, receipt = _unsealed(path.read_text(encoding="utf-8"))
    except (OSError, *_ILLEGIBLE):
        return None
    return receipt if sha256 == path.stem else None


def _copied_receipts(folder: Path, wanted: str = "") -> dict[str, _Receipt]:
    """The copies of receipts by hash, those of `wanted` alone where it is given; lines that cannot be read
    (half-written, damaged) are passed over.
    """
    try:
        copies = (folder / RECEIPTS_COPY).read_bytes()
    except OSError:
        return {}
    found, sought = {}, wanted.encode()
    # Every new document asks for itself: reading all lines each time would take the square of a delivery's documents.
    for line in copies.split(b"\n") if sought in copies else ():
        if sought not in line:
            continue
        with contextlib.suppress(*_ILLEGIBLE):
            sha256, receipt = _unsealed(line.decode("utf-8"))
            found[sha256] = receipt
    return found


def _copy_receipt(folder: Path, sha256: str, receipt: _Receipt) -> None:
    path = folder / RECEIPTS_COPY
    if path.is_dir():
        set_aside(path)
    # A line feed in front as well: a half-written line before this one spoils itself alone.
    text = "\n" + json.dumps(_sealed(sha256, receipt), ensure_ascii=False) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        data = text.encode("utf-8")
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_receipt(path: Path, sha256: str, receipt: _Receipt) -> None:
    text = json.dumps(_sealed(sha256, receipt), ensure_ascii=False, indent=1)
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
    _copy_receipt(path.parents[1], sha256, receipt)


def _archived(
    path: Path, sha256: str, size: int, arrivals: list[Arrival], is_new: bool, dropped: Dropped | None = None
) -> Archived:
    first = arrivals[0]
    received_at = datetime.fromisoformat(first.received_at).replace(tzinfo=None)
    return Archived(sha256[:16], sha256, path, first.file_name, size, received_at, tuple(arrivals), is_new, dropped)


def _utc_text(moment: datetime) -> str:
    if moment.tzinfo is not None:
        offset = moment.utcoffset()
        moment = (moment - offset if offset else moment).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "+00:00"


def _printable(text: str) -> str:
    # Names may hold bytes that are no UTF-8, line breaks or control characters; receipts and tables hold readable text.
    decoded = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in decoded)
