"""What is damaged in a home, and what takes its place.

Belongs here: reading a DuckDB or SQLite file through to the last block, putting a publication back from its kept copy.
Not here: when to look and what a run does about it (pipelines/steps/mending.py), the archive's own receipts and bytes
(archive.py), what killed runs leave half-written (pipelines/housekeeping.py), renaming what is damaged (aside.py).
"""

from __future__ import annotations

import contextlib
import filecmp
import shutil
import sqlite3
from pathlib import Path

from assets.warehouse.aside import set_aside
from assets.warehouse.database import WarehouseDamagedError, WarehouseUnusableError, connect
from assets.warehouse.durable import like_its_folder, sync


def trouble_of(path: Path) -> str:
    """Why a DuckDB file cannot be read through, in words; '' where every row of every table can.

    Only what is damaged counts: raises WarehouseLockedError and what else connect() raises.
    """
    try:
        with connect(path, read_only=True) as connection:
            columns = connection.execute(
                "SELECT schema_name, table_name, string_agg('\"' || column_name || '\"', ', ' ORDER BY column_index)"
                " FROM duckdb_columns() JOIN duckdb_tables() USING (schema_name, table_name)"
                " WHERE duckdb_columns.database_name = current_database() AND NOT duckdb_tables.internal GROUP BY ALL"
            ).fetchall()
            for schema, table, names in columns:
                connection.execute(f'SELECT bit_xor(hash({names})) FROM "{schema}"."{table}"').fetchall()
    except WarehouseDamagedError as error:
        return str(error)
    return ""


def trouble_of_sqlite(path: Path) -> str:
    """Why an SQLite file cannot be used, in words; '' where it can, or where it is busy and cannot be told."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=1.0)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchall()
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except sqlite3.OperationalError as error:
        if path.is_dir():
            return f"{path}: is a folder, where a file is expected"
        return "" if "locked" in str(error) or "busy" in str(error) else f"{path}: cannot be opened ({error})"
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return f"{path}: is damaged ({error})"
    return "" if found == [("ok",)] else f"{path}: is damaged ({found[0][0] if found else 'no answer'})"


def copies(published: Path) -> list[Path]:
    """The kept copies of publications beside the file `published`, the newest first."""
    return copies_in(published.parent / "history")


def copies_in(history: Path) -> list[Path]:
    """The kept copies of publications in a folder, the newest first."""
    return sorted(history.glob("[0-9][0-9][0-9][0-9][0-9][0-9]_*.duckdb"), reverse=True)


def put_back(published: Path) -> Path | None:
    """Put the newest kept copy in the place of a damaged publication, which is set aside. Returns the copy.

    None, and nothing changed, where that copy is missing or damaged itself: an older one would take readers back in
    time, and the run publishes again anyway.
    """
    newest = next(iter(copies(published)), None)
    if newest is None or not newest.is_file() or trouble_of(newest):
        return None
    temporary = published.with_name(f".{published.name}.restored")
    shutil.copyfile(newest, temporary)
    like_its_folder(temporary)
    sync(temporary)
    set_aside(published)
    temporary.replace(published)
    sync(published.parent)
    return newest


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same; reads both."""
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def readable(path: Path) -> bool:
    """Whether a DuckDB file can be read through; False also for one that may not be opened or is not there."""
    try:
        return path.is_file() and not trouble_of(path)
    except (OSError, WarehouseUnusableError):
        return False
