"""The limited process behind reading.ReaderPool: one document in, one JSON line out, until its input ends.

Run as `python -m assets.reports.child '[limits, extractor]'`. It bounds itself before it looks at any document:
address space, processor time for each document, no core dumps, no large files, and nothing of the network, of other
processes or of writing files (confinement.py). Wall clock is the parent's matter.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import IO, Any

from assets.reports.confinement import confine

_LARGEST_FILE = 16 * 1024 * 1024


def main() -> None:
    """Serves documents from standard input until it ends."""
    settings, extractor = json.loads(sys.argv[1])
    _bound(settings["memory_bytes"])
    answers = _private_output()
    requests = os.fdopen(os.dup(0), "rb")
    from assets.reports.formats import Limits

    limits = Limits(**settings)
    _import_readers()
    confine()
    _send(answers, {"ready": True})
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["size"])
        if len(data) < request["size"]:
            return
        _allow_processor_time(limits.processor_s)
        if not _serve(answers, data, request["file_name"], limits, extractor):
            return


def _import_readers() -> None:
    """What nearly every document needs, before files can no longer be written: their compiled forms are kept."""
    import assets.rent_roll.reading
    import assets.reports.extraction
    import assets.reports.formats.csv_
    import assets.reports.formats.html
    import assets.reports.formats.pdf
    import assets.reports.formats.text
    import assets.reports.formats.xlsx  # noqa: F401


def _serve(answers: IO[bytes], data: bytes, file_name: str, limits: Any, extractor: str) -> bool:
    """Answers one request; False when the process should not serve another."""
    from assets.reports.reading import ReadResult, printable_name, read_here

    try:
        _send(answers, read_here(data, file_name, limits, extractor).to_json())
        return True
    except MemoryError:
        import hashlib

        # What filled the memory may still be referenced from somewhere: a fresh process serves the next one.
        reason = f"reading needed more than {limits.memory_bytes // (1024 * 1024):,} MiB of memory and was stopped"
        result = ReadResult(
            printable_name(file_name), hashlib.sha256(data).hexdigest(), len(data), status="quarantined", reason=reason
        )
        _send(answers, {**result.to_json(), "last": True})
        return False


def _bound(memory_bytes: int) -> None:
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
    ):
        _soft, hard = resource.getrlimit(kind)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _allow_processor_time(seconds: int) -> None:
    """Processor time for the next document, on top of what earlier ones took."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _old, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _private_output() -> IO[bytes]:
    """Standard output for answers alone; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _send(answers: IO[bytes], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode("ascii") + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
