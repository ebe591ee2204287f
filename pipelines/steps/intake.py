"""Receive and read: from files in a folder to readings of archived documents. Nothing here judges a figure."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import inbox
from pipelines.home import write_atomically
from pipelines.steps.mending import look_over, mended
from pipelines.steps.work import Outcome, StageError, Work, log, mapping_of

if TYPE_CHECKING:
    from assets.reports.reading import ReadResult
    from assets.warehouse.archive import Archived

# Begins the note that stands in the archive for a file that could not be received (see _note_refusal).
REFUSAL_MARK = b'{"colocast_not_received": '
REFUSAL_TYPE = "application/x-colocast-not-received"


def receive(work: Work) -> Outcome:
    """Copy every new report into the archive, bytes first. Raises StageError where a folder cannot be read.

    Summary: received (file, document), known (count already in the archive), passed (file, reason: left for later or
    never taken), mended and damaged (sentences of look_over). What is there and cannot be received (a link, a device,
    a file nobody may read) becomes a rejected document. A rebuild receives nothing: it forgets the readings, but for
    those of documents whose bytes are damaged, and works from the archive.
    """
    found = look_over(work)
    if work.rebuild:
        log.info("Forgetting what was read; the archive stays")
        _forget_state(work)
        return Outcome("receive", True, {"received": [], "known": 0, "passed": [], **found})
    summary: dict[str, Any] = {"received": [], "known": 0, "passed": [], **found}
    if work.inbox:
        _receive_folder(work, work.inbox, work.inbox.name, 0.0, summary)
    else:
        _receive_folder(work, work.settings.bundled_reports, "bundled", 0.0, summary)
        if work.settings.bundled_portfolios.is_dir():
            _receive_folder(work, work.settings.bundled_portfolios, "portfolios", 0.0, summary)
        _receive_folder(work, work.home.inbox, "inbox", work.settle_s, summary)
    return Outcome("receive", bool(summary["received"]), summary)


def _forget_state(work: Work) -> None:
    from assets.warehouse.archive import problem_of

    unreadable = {one.document_id for one in archived_documents(work) if problem_of(one)}
    for path in work.home.state.iterdir():
        if path == work.home.readings and path.is_dir():
            for reading in path.iterdir():
                if reading.name.partition(".")[0] not in unreadable:
                    _remove(reading)
        else:
            _remove(path)
    work.home.make()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _receive_folder(work: Work, folder: Path, label: str, settle_s: float, summary: dict[str, Any]) -> None:
    from assets.warehouse.archive import NotArchivedError, archive

    try:
        listing = inbox.list_folder(folder, settle_s)
    except OSError as error:
        raise StageError(
            f"The folder of reports {folder} cannot be read: {error.strerror or error}. Name a folder that exists."
        ) from error
    for one in listing.passed:
        log.info("Left alone: %s (%s)", one.name, one.reason)
        summary["passed"].append({"file": one.name, "reason": one.reason})
    refused = [(one.name, f"{one.reason}; put the report itself into the inbox") for one in listing.broken]
    for found in listing.found:
        try:
            archived = archive(found.path, work.home.archive, work.started_at, _place(label, found.name))
        except NotArchivedError as error:
            if _may_come_to_rest(found.path):
                log.warning("%s", error)
                summary["passed"].append({"file": found.name, "reason": str(error)})
            else:
                refused.append((found.name, str(error)))
            continue
        if archived.is_new:
            log.info("Received %s", found.name)
            summary["received"].append({"file": found.name, "document": archived.document_id})
        else:
            summary["known"] += 1
    for name, reason in refused:
        if _note_refusal(work, name, reason, _place(label, name)):
            log.warning("Cannot be received: %s", reason if reason.startswith(name) else f"{name}: {reason}")
            summary["received"].append({"file": name, "document": "not received"})


def _place(label: str, name: str) -> str:
    """Where a file lay, without the machine's own paths: the folder's label and the sub-folder."""
    parent = Path(name).parent.as_posix()
    return label if parent == "." else f"{label}/{parent}"


def _may_come_to_rest(path: Path) -> bool:
    """Whether a file that could not be archived is an ordinary one that was merely being written."""
    from assets.warehouse.archive import MAX_BYTES

    try:
        return not path.is_symlink() and path.stat().st_size <= MAX_BYTES and os.access(path, os.R_OK)
    except OSError:
        return False


def _note_refusal(work: Work, name: str, reason: str, place: str) -> bool:
    """Archive a note in place of what could not be received, so that it has a document row, also after a rebuild.

    True where the note is new; the same thing found again in a later run adds nothing.
    """
    from assets.warehouse.archive import archive

    base = Path(name).name
    with tempfile.TemporaryDirectory(prefix="not-received-", dir=work.home.state) as folder:
        note = Path(folder) / base
        reason = reason.removeprefix(f"{base}: ")
        note.write_bytes(REFUSAL_MARK + json.dumps({"file": name, "reason": reason}).encode() + b"}\n")
        return archive(note, work.home.archive, work.started_at, place).is_new


def _refusal(one: Archived) -> ReadResult | None:
    """The reading of a note left by _note_refusal, or of bytes that were dropped; None for an ordinary document."""
    from assets.reports.reading import ReadResult

    if one.dropped is not None:
        told = one.dropped
        return ReadResult(one.file_name, one.sha256, one.bytes, told.media_type, told.status, told.reason)
    with one.path.open("rb") as file:
        if file.read(len(REFUSAL_MARK)) != REFUSAL_MARK:
            return None
        file.seek(0)
        try:
            reason = json.load(file)["colocast_not_received"]["reason"]
        except (ValueError, KeyError, TypeError):
            return None
    return ReadResult(
        file_name=one.file_name,
        sha256=one.sha256,
        size=one.bytes,
        media_type=REFUSAL_TYPE,
        status="rejected",
        reason=f"could not be received: {reason}",
    )


@mended
def read(work: Work) -> Outcome:
    """Read every archived document that has not been read under the present mapping version.

    A reading that is damaged is made again. A document whose bytes are damaged keeps its reading, of whatever version
    (see readings). Summary: documents, read_now, unread (file, status, reason of those no figure came from).
    """
    from assets.warehouse.archive import problem_of
    from assets.warehouse.aside import set_aside

    mapping = mapping_of(work.settings)
    archived = archived_documents(work)
    todo = []
    for one in archived:
        path = _reading_file(work, one.document_id, mapping)
        if _stored(path) is not None:
            continue
        if set_aside(path) is not None:
            log.warning("%s: its reading %s is damaged; the document is read again", one.file_name, path)
        problem = problem_of(one)
        if problem:
            log.warning("%s", problem)
        else:
            todo.append(one)
    if todo:
        from assets.reports.reading import ReaderPool

        with ReaderPool(work.settings.reader_limits()) as pool:
            for number, one in enumerate(todo, start=1):
                log.info("Reading %d of %d: %s", number, len(todo), one.file_name)
                result = _refusal(one) or pool.read(one.path, one.file_name)
                if result.status != "read":
                    log.warning("%s: %s (%s)", one.file_name, result.status, result.reason)
                write_atomically(_reading_file(work, one.document_id, mapping), _sealed(result.to_json()))
        _drop_old_readings(work, mapping)
    unread = [
        {"file": one.file_name, "status": one.status, "reason": one.reason}
        for one in readings(work, archived)
        if one.status != "read"
    ]
    return Outcome("read", bool(todo), {"documents": len(archived), "read_now": len(todo), "unread": unread})


def archived_documents(work: Work) -> list[Archived]:
    """Everything in the archive, in order of first receipt, then of document_id."""
    from assets.warehouse.archive import documents

    return documents(work.home.archive)


def readings(work: Work, archived: list[Archived]) -> list[ReadResult]:
    """The stored readings of these documents. Raises StageError for one that is missing (run `read` first).

    A document whose bytes are damaged cannot be read again: its last reading under another mapping version answers for
    it, and without one it is rejected with the reason.
    """
    mapping = mapping_of(work.settings)
    results = []
    for one in archived:
        path = _reading_file(work, one.document_id, mapping)
        result = _stored(path) or _reading_of_damaged(work, one)
        if result is None:
            raise StageError(
                f"{one.file_name}: its reading {path} is missing or damaged. Run the whole job, which reads the "
                "document again: `colocast run`, or the job refresh in the UI."
            )
        results.append(result)
    return results


def standing_in(work: Work, archived: list[Archived]) -> list[str]:
    """Of these documents those that have no reading under the present mapping version: others answer for them."""
    mapping = mapping_of(work.settings)
    return [one.document_id for one in archived if not _reading_file(work, one.document_id, mapping).is_file()]


def _reading_of_damaged(work: Work, one: Archived) -> ReadResult | None:
    """What answers for a document whose bytes are damaged; None for one whose bytes are sound."""
    from assets.reports.reading import ReadResult
    from assets.warehouse.archive import problem_of

    problem = problem_of(one)
    if not problem:
        return None
    others = sorted(work.home.readings.glob(f"{one.document_id}.*.json"), key=lambda path: path.stat().st_mtime)
    for path in reversed(others):
        result = _stored(path)
        if result is not None:
            return result
    return ReadResult(
        one.file_name, one.sha256, one.bytes, status="rejected", reason=f"damaged in the archive: {problem}"
    )


def _sealed(reading: dict[str, Any]) -> str:
    """A reading as it is stored: with a checksum, since a digit that has changed would pass for another figure."""
    return json.dumps({"check": _check(reading), "reading": reading}, ensure_ascii=False)


def _check(reading: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(reading, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _stored(path: Path) -> ReadResult | None:
    """A stored reading; None where there is none, or where it is damaged."""
    from assets.reports.reading import ReadResult

    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["check"] != _check(stored["reading"]):
            return None
        return ReadResult.from_json(stored["reading"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def readings_there(work: Work) -> list[tuple[Archived, ReadResult]]:
    """The archived documents that have been read under the present mapping version, each with its reading."""
    mapping = mapping_of(work.settings)
    there = [one for one in archived_documents(work) if _reading_file(work, one.document_id, mapping).is_file()]
    return list(zip(there, readings(work, there), strict=True))


def _reading_file(work: Work, document_id: str, mapping: str) -> Path:
    return work.home.readings / f"{document_id}.{mapping}.json"


def _drop_old_readings(work: Work, mapping: str) -> None:
    for path in work.home.readings.glob("*.json"):
        # What cannot be read again is kept.
        newer = path.with_name(f"{path.name.partition('.')[0]}.{mapping}.json")
        if path != newer and newer.is_file():
            path.unlink(missing_ok=True)
