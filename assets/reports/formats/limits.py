"""How much one document may cost: every bound a reader or the child process keeps, in one place.

Bounds on operating-system resources (memory, processor time, wall clock) are set by reading.py and child.py;
bounds on what a document may hold are kept by the readers themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds on one document. Sizes in bytes, times in seconds, the rest counts.

    A document over a bound is quarantined with the bound in the reason; nothing is cut off in silence.
    """

    document_bytes: int = 64 * MIB
    unpacked_bytes: int = 256 * MIB
    unpacked_ratio: int = 200
    archive_entries: int = 5_000
    pages: int = 800
    page_bytes: int = 32 * MIB
    sheets: int = 200
    parts: int = 100_000
    table_rows: int = 50_000
    table_columns: int = 1_000
    table_places: int = 2_000_000
    cells: int = 1_000_000
    text_characters: int = 30_000_000
    line_characters: int = 200_000
    nesting: int = 180
    memory_bytes: int = 2_048 * MIB
    processor_s: int = 150
    wall_clock_s: float = 180.0
    documents_per_child: int = 200
