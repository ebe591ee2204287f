"""The child of query.py: one request on standard input, one answer on standard output, both JSON.

Run as `python -m assets.warehouse.query_child`. Limits itself before it opens anything.
"""

from __future__ import annotations

import json
import math
import re
import resource
import sys
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

# Address space of the interpreter and DuckDB's libraries before any query, measured with room to spare.
_OVERHEAD_MB = 1024
_ALLOWED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
_BATCH = 1000
# White space and comments before the first word.
_BLANK = r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"


class Refused(Exception):  # noqa: N818 - what happened, not an error of the program
    """A query that may not or cannot run; the message is for the person who wrote it."""


def main() -> None:
    """Answer one request; every failure becomes an answer."""
    request = json.load(sys.stdin)
    try:
        _limit(request)
        answer = _run(request)
    except Refused as error:
        answer = {"error": str(error)}
    except (MemoryError, duckdb.OutOfMemoryException):
        answer = {
            "error": f"the query needs more than {request['memory_limit_mb']} MB. Narrow it: WHERE before a join or"
            " sort, fewer columns, or an aggregate."
        }
    json.dump(answer, sys.stdout)


def _limit(request: dict[str, Any]) -> None:
    bytes_of_memory = (request["memory_limit_mb"] + _OVERHEAD_MB) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (bytes_of_memory, bytes_of_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_s"], request["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(request: dict[str, Any]) -> dict[str, Any]:
    _check(request["sql"])
    try:
        connection = duckdb.connect(
            request["database"],
            read_only=True,
            config={
                "memory_limit": f"{request['memory_limit_mb']}MB",
                "threads": 2,
                "enable_external_access": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "python_enable_replacements": False,
                "temp_directory": "",
                "max_temp_directory_size": "0B",
                "lock_configuration": True,
            },
        )
    except duckdb.Error as error:
        raise Refused(
            f"the published file cannot be opened ({_first_line(error)}). `colocast run` publishes it again."
        ) from error
    try:
        cursor = connection.execute(request["sql"])
        return _fetch(cursor, request["max_rows"], request["max_bytes"])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise Refused(_explained(connection, error)) from error


def _check(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(
            f"{_message(error)}\nCheck the spelling; keywords and names as in docs, texts in 'single quotes'."
        ) from error
    if len(statements) != 1:
        raise Refused(
            f"found {len(statements)} statements, expected one. Write one SELECT and nothing after its semicolon."
        )
    kind = statements[0].type
    # DuckDB turns some PRAGMA into a SELECT; they are settings and stay out all the same.
    first_word = re.match(_BLANK + r"(\w*)", sql, re.S)
    if kind == duckdb.StatementType.SELECT and first_word and first_word.group(1).lower() == "pragma":
        raise Refused("PRAGMA is not allowed here. DESCRIBE, SHOW TABLES and SUMMARIZE tell what the file holds.")
    inner = re.match(_BLANK + r"explain\s+(?:analyze\s+)?(?:\([^)]*\)\s*)?", sql, re.I | re.S)
    if kind == duckdb.StatementType.EXPLAIN and inner:
        kinds = [statement.type for statement in duckdb.extract_statements(sql[inner.end() :])]
        kind = kinds[0] if kinds == [duckdb.StatementType.SELECT] else None
    if kind not in _ALLOWED:
        name = statements[0].type.name if kind is not None else "EXPLAIN of something else than a SELECT"
        raise Refused(
            f"{name} is not allowed here: the published file is for reading. Write one SELECT, WITH, DESCRIBE, SHOW or"
            " EXPLAIN; `colocast export` writes files."
        )


def _fetch(cursor: duckdb.DuckDBPyConnection, max_rows: int, max_bytes: int) -> dict[str, Any]:
    description = cursor.description or []
    rows: list[list[Any]] = []
    size = 0
    truncated = ""
    while not truncated and (batch := cursor.fetchmany(_BATCH)):
        for row in batch:
            if len(rows) >= max_rows:
                truncated = f"only the first {max_rows} rows are shown; add LIMIT or WHERE"
                break
            values = [_plain(value) for value in row]
            size += len(json.dumps(values))
            if size > max_bytes:
                truncated = f"only the first {len(rows)} rows fit into {max_bytes} bytes; select fewer columns or rows"
                break
            rows.append(values)
    return {
        "columns": [column[0] for column in description],
        "types": [str(column[1]) for column in description],
        "rows": rows,
        "truncated": truncated,
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)


def _explained(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> str:
    text = _message(error)
    if isinstance(error, duckdb.CatalogException) and "Table" in text:
        names = connection.execute(
            "SELECT string_agg(name, ', ' ORDER BY name) FROM ("
            "SELECT table_name AS name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal"
            " UNION ALL SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal)"
        ).fetchall()[0][0]
        return f"{text}\nTables and views: {names}."
    if isinstance(error, duckdb.PermissionException):
        return f"{text}\nOnly the published tables can be read here, no file, network address or setting."
    return text


def _message(error: duckdb.Error) -> str:
    # Without the stack trace that some errors carry.
    return str(error).split("\n\nStack Trace")[0].strip()


def _first_line(error: duckdb.Error) -> str:
    return _message(error).splitlines()[0]


if __name__ == "__main__":
    main()
