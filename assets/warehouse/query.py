"""Readers' SQL on the published file, in a child process that can neither change nor reach anything.

Belongs here: starting, feeding, bounding and ending the child (query_child.py), and what a person is told. DuckDB's own
memory limit and interrupt do not bound every query, so the bounds are those of the operating system.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Far above what a person writes; the parser needs a hundred times as much memory.
LONGEST_SQL = 1_000_000


class QueryError(Exception):
    """A query that was refused or failed. The message says what was wrong and what to write instead."""


@dataclass(frozen=True)
class QueryResult:
    """Columns, their DuckDB types, and rows: numbers, texts, booleans and None; dates and times as ISO text.

    `truncated` says in words why rows are missing, empty where none is.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: str = ""


def run_query(
    database: Path,
    sql: str,
    timeout_s: float = 30.0,
    memory_limit_mb: int = 512,
    max_rows: int = 100_000,
    max_bytes: int = 64 * 1024 * 1024,
    files: Sequence[str] = (),
) -> QueryResult:
    """Run one SELECT, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN on `database`, read-only.

    `files`: the only files beside `database` that its views may read (a snapshot of the lake names them).
    Raises QueryError for anything else, for SQL that fails, and where the wall clock (`timeout_s`, seconds) or the
    memory (`memory_limit_mb`) runs out. Rows beyond `max_rows` or `max_bytes` of JSON are left out, and the
    result says so.
    """
    if not database.is_file():
        raise QueryError(f"{database}: nothing has been published yet. Run `colocast run` first.")
    _check_text(sql)
    request = json.dumps(
        {
            "database": str(database.resolve()),
            "sql": sql,
            "memory_limit_mb": memory_limit_mb,
            "cpu_s": max(1, int(timeout_s * 2) + 1),
            "max_rows": max_rows,
            "max_bytes": max_bytes,
            "files": list(files),
        }
    )
    child = subprocess.Popen(
        # -P: nothing is imported from the working directory.
        [sys.executable, "-P", "-m", "assets.warehouse.query_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Nothing of the program's own surroundings; one time zone, so that the same query answers alike everywhere.
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONUTF8": "1",
            "TZ": "UTC",
            # Each further arena would reserve address space that counts against the limit.
            "MALLOC_ARENA_MAX": "2",
        },
        # A relative name in a query is not one of the caller's folder.
        cwd=database.resolve().parent,
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(request.encode(), timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise QueryError(
            f"the query ran longer than {timeout_s:g} s and was ended. Narrow it (WHERE, LIMIT), or allow more with"
            " --timeout."
        ) from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    return _answer(output, child.returncode, memory_limit_mb)


def _check_text(sql: str) -> None:
    if len(sql) > LONGEST_SQL:
        raise QueryError(
            f"the query has {len(sql)} characters, at most {LONGEST_SQL} are taken. Instead of a long list, join the"
            " table that holds it or name a range."
        )
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise QueryError(f"the query is no valid Unicode at character {error.start}. Write it in UTF-8.") from None
    if "\0" in sql:
        raise QueryError(f"the query holds a NUL at character {sql.index(chr(0))}. Take it out.")


def _answer(output: bytes, code: int, memory_limit_mb: int) -> QueryResult:
    try:
        answer = json.loads(output)
    except ValueError:
        if code == -signal.SIGXCPU:
            raise QueryError(
                "the query used up its processor time and was ended. Narrow it (WHERE, LIMIT), or allow more with"
                " --timeout."
            ) from None
        raise QueryError(
            f"the query was ended by the system (status {code}), most often for memory beyond {memory_limit_mb} MB or"
            " for nesting too deep. Simplify it: fewer rows before a join or sort, fewer nested parentheses."
        ) from None
    if "error" in answer:
        raise QueryError(answer["error"])
    return QueryResult(
        tuple(answer["columns"]), tuple(answer["types"]), [tuple(row) for row in answer["rows"]], answer["truncated"]
    )
