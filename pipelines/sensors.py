"""Sensors: the inbox, which starts a run when new content has fully arrived, and the messenger of failed runs.

The inbox sensor decides by content, never by the clock: its cursor (JSON) holds, for every file, size and times seen at
the last tick, and the content hash once the file has stood still for two ticks. What it has asked for is known by
content hash and mapping version, so that a renamed file or a second copy starts nothing, and a mended layout file
starts a new run. How files are listed is in inbox.py.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import inbox, notifying
from pipelines.settings import MIB, Settings
from pipelines.steps.work import mapping_of
from pipelines.timing import Job, settled_run_config
from pipelines.versions import fingerprint

INTERVAL_S = 30
CHUNK_BYTES = 1 << 20


@dataclass
class InboxCursor:
    """`files` maps a name to [size, mtime+ctime stamp in ns, content hash or '']; `asked` are hashes asked for."""

    mapping: str = ""
    files: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @staticmethod
    def parse(text: str | None) -> InboxCursor:
        """A cursor from its JSON; an empty one where there is none or it cannot be read (everything is asked again)."""
        try:
            data = json.loads(text or "")
            return InboxCursor(str(data["mapping"]), dict(data["files"]), list(data["asked"]))
        except (ValueError, KeyError, TypeError):
            return InboxCursor()

    def text(self) -> str:
        """The cursor as JSON."""
        return json.dumps(
            {"mapping": self.mapping, "files": self.files, "asked": self.asked}, ensure_ascii=False, sort_keys=True
        )


@dataclass(frozen=True)
class Tick:
    """What one look at the inbox came to: the new cursor, the hashes to ask for, and words for the log."""

    cursor: InboxCursor
    new: tuple[str, ...]
    names: tuple[str, ...]
    waiting: int
    left_for_later: int
    notes: tuple[str, ...] = ()


def look(folder: Path, before: InboxCursor, mapping: str, max_files: int, max_bytes: int) -> Tick:
    """Compare the inbox with the last tick. A file counts once it has stood still for two ticks; at most `max_files`
    and about `max_bytes` are hashed, the others wait for the next tick; deleted files are forgotten.
    """
    listing = inbox.list_folder(folder)
    same_mapping = before.mapping == mapping
    cursor = InboxCursor(mapping)
    hashed_files = hashed_bytes = waiting = later = 0
    present: dict[str, str] = {}
    for found in listing.found:
        seen = before.files.get(found.name)
        entry = [found.size, found.changed_ns, ""]
        if seen is not None and seen[:2] == entry[:2]:
            digest = str(seen[2])
            if not digest:
                over = hashed_files >= max_files or (hashed_files and hashed_bytes + found.size > max_bytes)
                if over:
                    later += 1
                else:
                    digest = _hash(found.path)
                    hashed_files += 1
                    hashed_bytes += found.size
            entry[2] = digest
            if digest:
                present.setdefault(digest, found.name)
        else:
            waiting += 1
        cursor.files[found.name] = entry
    asked = set(before.asked) if same_mapping else set()
    new = sorted(digest for digest in present if digest not in asked)
    # Hashes of deleted files are kept, so that the same content put back starts nothing; the newest 50,000 suffice.
    cursor.asked = [*(before.asked if same_mapping else []), *new][-50_000:]
    notes = tuple(f"{one.name}: {one.reason}" for one in (*listing.broken, *listing.passed))
    return Tick(cursor, tuple(new), tuple(present[digest] for digest in new), waiting, later, notes)


def _hash(path: Path) -> str:
    """SHA-256 of a file's content; '' where it vanished or cannot be read (it is looked at again at the next tick)."""
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                total.update(chunk)
    except OSError:
        return ""
    return total.hexdigest()


def inbox_sensor(job: Job) -> dg.SensorDefinition:
    """Starts `refresh` when new content lies complete in COLOCAST_HOME/inbox."""

    @dg.sensor(
        name="inbox_sensor",
        job=job,
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Watches COLOCAST_HOME/inbox. A file is taken once its size has stood still for two ticks; the "
        "same content is taken once, whatever its name; a change of layouts or readers reads everything again.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        settings = Settings()
        folder = settings.layout.inbox
        if not folder.is_dir():
            return dg.SensorResult(skip_reason=f"{folder} does not exist yet; it is made by the first run")
        mapping = mapping_of(settings)
        seen = look(
            folder,
            InboxCursor.parse(context.cursor),
            mapping,
            settings.inbox_files_per_tick,
            settings.inbox_mib_per_tick * MIB,
        )
        for note in seen.notes:
            context.log.info("Passed over %s", note)
        text = seen.cursor.text()
        if not seen.new:
            words = f"nothing new in {folder}"
            if seen.waiting or seen.left_for_later:
                words += f"; {seen.waiting} still arriving, {seen.left_for_later} left for the next tick"
            return dg.SensorResult(skip_reason=words, cursor=text)
        names = ", ".join(seen.names[:10]) + (" ..." if len(seen.names) > 10 else "")
        request = dg.RunRequest(
            run_key=fingerprint(list(seen.new), mapping),
            run_config=settled_run_config(settings),
            tags={"colocast/files": names[:240], "colocast/mapping": mapping},
        )
        return dg.SensorResult(run_requests=[request], cursor=text)

    return tick


def failure_sensor() -> dg.SensorDefinition:
    """Tells the addresses in COLOCAST_NOTIFY about every failed run."""

    @dg.run_failure_sensor(
        name="failure_messenger",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends a message to the addresses in COLOCAST_NOTIFY (mail, chat, webhook) when a run fails, a "
        "blocking check included. Without an address nothing is sent.",
    )
    def tell(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        settings = Settings()
        urls = settings.notify_urls
        if not urls:
            return dg.SkipReason("COLOCAST_NOTIFY is empty: nobody to tell")
        run = context.dagster_run
        title = f"Colocast: {run.job_name} failed"
        problems = notifying.send(urls, title, failure_text(context, settings.ui_url))
        for problem in problems:
            context.log.error(problem)
        if problems:
            raise RuntimeError("the failure could not be told to everybody: " + "; ".join(problems))
        return None

    return tell


def failure_text(context: dg.RunFailureSensorContext, ui_url: str) -> str:
    """The message: what failed, in the words of the steps, and where to look."""
    lines = [context.failure_event.message or "The run failed."]
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        cause = error.cause if error is not None and error.cause is not None else error
        lines.append(f"- {event.step_key}: {(cause.message if cause else event.message or '').strip()}")
    lines.append("The last publication stands.")
    lines.append(f"Look at {ui_url}/runs/{context.dagster_run.run_id}; what to do is in docs/operations.md.")
    return "\n".join(lines)
