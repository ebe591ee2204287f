"""A ZIP container's directory, checked before any part of it is unpacked: bombs, hostile names, damage, encryption."""

from __future__ import annotations

import io
import itertools
import zipfile
import zlib
from collections import Counter

from assets.reports.document import Unreadable
from assets.reports.formats.limits import Limits

_SMALL = 1024 * 1024


class Archive:
    """Members of a checked container; `read` never hands out more than was declared and allowed."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.limits = limits
        self._taken = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, OSError, NotImplementedError) as error:
            raise Unreadable(
                "rejected", f"the archive inside the file is damaged or cut ({error}); fetch it again"
            ) from error
        self._check(len(data))
        self.names = {info.filename: info for info in self._zip.infolist()}

    def _check(self, size: int) -> None:
        entries = self._zip.infolist()
        if len(entries) > self.limits.archive_entries:
            raise Unreadable(
                "quarantined",
                f"the archive has {len(entries):,} entries; at most {self.limits.archive_entries:,} are opened",
            )
        total = sum(entry.file_size for entry in entries)
        if total > self.limits.unpacked_bytes:
            raise Unreadable(
                "quarantined",
                f"an archive bomb or a very large workbook: {total:,} bytes unpacked, at most "
                f"{self.limits.unpacked_bytes:,} are opened",
            )
        if total > 16 * _SMALL and total > self.limits.unpacked_ratio * max(1, size):
            raise Unreadable("quarantined", f"an archive bomb: {size:,} bytes would unpack to {total:,}")
        twice = [name for name, count in Counter(entry.filename for entry in entries).items() if count > 1]
        if twice:
            raise Unreadable(
                "quarantined",
                f"a hostile archive: its entry '{twice[0][:80]}' stands in it twice, so that programs differ in which "
                "they show",
            )
        placed = sorted((entry.header_offset, entry.compress_size) for entry in entries)
        if any(start + packed > after for (start, packed), (after, _next) in itertools.pairwise(placed)):
            raise Unreadable("quarantined", "an archive bomb: its entries overlap")
        for entry in entries:
            if entry.flag_bits & 1:
                raise Unreadable("quarantined", "the archive is encrypted; it cannot be read without a password")
            parts = entry.filename.replace("\\", "/").split("/")
            if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in parts[0]:
                raise Unreadable(
                    "quarantined", f"a hostile archive: its entry '{entry.filename[:80]}' points outside it"
                )

    def read(self, name: str) -> bytes:
        """The content of a member; b'' where there is none. Raises Unreadable for damage and for lying sizes."""
        info = self.names.get(name)
        if info is None:
            return b""
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise Unreadable("rejected", f"the workbook is damaged in {name} ({error}); fetch it again") from error
        self._taken += len(content)
        if len(content) > info.file_size or self._taken > self.limits.unpacked_bytes:
            raise Unreadable("quarantined", f"an archive bomb: {name} unpacks to more than its directory declares")
        return content
