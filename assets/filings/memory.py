"""What collecting remembers between runs, in one SQLite file: lists, what was found on them, hosts, contents.

Belongs here: the tables and the questions asked of them. Every change is one transaction, so that a run that was killed
leaves either the state before or the state after. The file may be deleted: everything is then looked up again, and what
lies in the archive or the inbox is not written a second time (keeping.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WANTED, DONE, REFUSED = "wanted", "done", "refused"
LAYOUT = 1
_TABLES = Path(__file__).parent / "memory.sql"


@dataclass(frozen=True)
class Item:
    """Something to ask for. `step` is LIST (asked each time), INDEX (asked once, leads to more), DOCUMENT (asked once,
    kept) or WATCH (a document asked each time and kept when it changed). `role` is the kind's own name for it;
    `name` what the kept file is called, `published` an ISO date or ''.
    """

    url: str
    step: str
    role: str
    name: str = ""
    published: str = ""


LIST, INDEX, DOCUMENT, WATCH = "list", "index", "document", "watch"


@dataclass(frozen=True)
class SourceState:
    """When a source is due next (seconds since 1970), failures in a row, and the entry it was asked with."""

    due_at: float = 0.0
    failures: int = 0
    digest: str = ""
    reason: str = ""


class MemoryDamagedError(Exception):
    """The state file cannot be used; the message says what to do."""


class Memory:
    """The state file, opened by the one collection that runs (the caller holds the lock)."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file. Raises MemoryDamagedError."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, isolation_level=None)
            self._base.execute("PRAGMA synchronous = FULL")
            layout = self._base.execute("PRAGMA user_version").fetchone()[0]
            if layout not in (0, LAYOUT):
                raise MemoryDamagedError(
                    f"{path}: written by another version (layout {layout}, expected {LAYOUT}). Delete the file; what "
                    "was kept is known by its content and not written again."
                )
            if layout == 0:
                self._base.executescript(_TABLES.read_text(encoding="utf-8"))
                self._base.execute(f"PRAGMA user_version = {LAYOUT}")
        except (sqlite3.Error, OSError) as error:
            raise MemoryDamagedError(
                f"{path}: cannot be used ({error}). Delete the file, or mend its permissions; what was kept is known "
                "by its content and not written again."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def copy(self) -> Memory:
        """The same state in memory alone, for a run that must leave no trace."""
        other = object.__new__(Memory)
        other.path = Path(":memory:")
        other._base = sqlite3.connect(":memory:", isolation_level=None)
        self._base.backup(other._base)
        return other

    @contextmanager
    def together(self) -> Iterator[None]:
        """All changes inside happen, or none."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    # Sources

    def source(self, name: str) -> SourceState:
        """What is known of a source; a state that is due at once where nothing is."""
        row = self._base.execute(
            "SELECT due_at, failures, digest, reason FROM sources WHERE name = ?", (name,)
        ).fetchone()
        return SourceState(*row) if row else SourceState()

    def set_source(self, name: str, state: SourceState) -> None:
        """Write what is known of a source."""
        self._base.execute(
            "INSERT OR REPLACE INTO sources (name, due_at, failures, digest, reason) VALUES (?, ?, ?, ?, ?)",
            (name, state.due_at, state.failures, state.digest, state.reason),
        )

    # Lists and watched pages

    def validators(self, source: str, url: str, digest: str) -> tuple[str, str]:
        """(ETag, Last-Modified) of the last answer that was fully worked through with the same entry; '' without."""
        row = self._base.execute(
            "SELECT etag, last_modified FROM validators WHERE source = ? AND url = ? AND digest = ?",
            (source, url, digest),
        ).fetchone()
        return (row[0], row[1]) if row else ("", "")

    def set_validators(self, source: str, url: str, digest: str, etag: str, last_modified: str) -> None:
        """Remember what makes the next request of a list conditional."""
        self._base.execute(
            "INSERT OR REPLACE INTO validators (source, url, digest, etag, last_modified) VALUES (?, ?, ?, ?, ?)",
            (source, url, digest, etag, last_modified),
        )

    # Items

    def want(self, source: str, items: Iterable[Item]) -> int:
        """Note items to ask for; those already noted, in whatever state, stay as they are. Returns how many are new."""
        before = self._base.total_changes
        self._base.executemany(
            "INSERT OR IGNORE INTO items (source, url, step, role, name, published) VALUES (?, ?, ?, ?, ?, ?)",
            [(source, one.url, one.step, one.role, one.name, one.published) for one in items],
        )
        return self._base.total_changes - before

    def next_item(self, source: str, now: float) -> Item | None:
        """The newest item still wanted whose time has come; an index before a document of the same day."""
        row = self._base.execute(
            "SELECT url, step, role, name, published FROM items WHERE source = ? AND status = 'wanted' "
            "AND next_try <= ? AND step <> 'watch' ORDER BY published DESC, step = 'document', url LIMIT 1",
            (source, now),
        ).fetchone()
        return Item(*row) if row else None

    def waiting(self, source: str, now: float) -> tuple[int, int]:
        """(items wanted whose time has come, items wanted that wait for a later try)."""
        row = self._base.execute(
            "SELECT count(*) FILTER (WHERE next_try <= ?), count(*) FILTER (WHERE next_try > ?) FROM items "
            "WHERE source = ? AND status = 'wanted' AND step <> 'watch'",
            (now, now, source),
        ).fetchone()
        return int(row[0]), int(row[1])

    def watched(self, source: str) -> list[Item]:
        """The documents that are asked for at every look, newest first."""
        rows = self._base.execute(
            "SELECT url, step, role, name, published FROM items WHERE source = ? AND step = 'watch' "
            "ORDER BY published DESC, url",
            (source,),
        )
        return [Item(*row) for row in rows.fetchall()]

    def put_off(self, source: str, url: str, until: float, reason: str, own_fault: bool = True) -> int:
        """An item was not had: not before `until` again. Returns its failures, without those of its site."""
        self._base.execute(
            "UPDATE items SET failures = failures + ?, next_try = ?, reason = ? WHERE source = ? AND url = ?",
            (int(own_fault), until, reason, source, url),
        )
        return self.failures_of(source, url)

    def settle(self, source: str, url: str, status: str, reason: str = "") -> None:
        """An item is DONE or REFUSED and not asked for again."""
        self._base.execute(
            "UPDATE items SET status = ?, reason = ? WHERE source = ? AND url = ?", (status, reason, source, url)
        )

    def failures_of(self, source: str, url: str) -> int:
        """How often an item failed so far."""
        row = self._base.execute("SELECT failures FROM items WHERE source = ? AND url = ?", (source, url)).fetchone()
        return int(row[0]) if row else 0

    def start_over(self, source: str) -> None:
        """The entry of a source changed: its lists say anew what is wanted. Only documents that were had stay noted."""
        self._base.execute(
            "DELETE FROM items WHERE source = ? AND NOT (step = 'document' AND status = 'done')", (source,)
        )

    def had_elsewhere(self, source: str, url: str) -> bool:
        """Whether another source had the document of this address."""
        row = self._base.execute(
            "SELECT 1 FROM items WHERE url = ? AND source <> ? AND status = 'done' AND step = 'document'", (url, source)
        ).fetchone()
        return row is not None

    # Contents

    def knows_content(self, sha256: str) -> bool:
        """Whether these bytes were kept before, under whatever name."""
        return self._base.execute("SELECT 1 FROM contents WHERE sha256 = ?", (sha256,)).fetchone() is not None

    def note_content(self, sha256: str, file_name: str, url: str, at: float) -> None:
        """Remember what was kept. `at` is in seconds since 1970."""
        self._base.execute(
            "INSERT OR IGNORE INTO contents (sha256, file_name, url, kept_at) VALUES (?, ?, ?, ?)",
            (sha256, file_name, url, at),
        )

    # Hosts

    def hold_of(self, host: str) -> tuple[float, str, int]:
        """(not before this time, why, failures in a row)."""
        row = self._base.execute("SELECT hold_until, reason, failures FROM hosts WHERE name = ?", (host,)).fetchone()
        return (float(row[0]), str(row[1]), int(row[2])) if row else (0.0, "", 0)

    def hold(self, host: str, until: float, reason: str) -> None:
        """Leave a host alone until a time; counts one failure more."""
        self._base.execute(
            "INSERT INTO hosts (name, hold_until, reason, failures) VALUES (?, ?, ?, 1) ON CONFLICT (name) DO UPDATE "
            "SET hold_until = excluded.hold_until, reason = excluded.reason, failures = failures + 1",
            (host, until, reason),
        )

    def release(self, host: str) -> None:
        """The host answered: forget its failures."""
        self._base.execute("DELETE FROM hosts WHERE name = ?", (host,))
