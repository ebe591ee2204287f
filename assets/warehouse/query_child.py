"""The child of query.py: one request on standard input, one answer on standard output, both JSON.

Run as `python -m assets.warehouse.query_child`. Limits itself before it opens anything, and shuts the door behind the
published file: from then on the system lets this process open no other file and no connection, whatever the SQL says.
DuckDB's own settings say the same; neither is trusted alone.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import sys
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

# Address space of the interpreter and DuckDB's libraries before any query, measured with room to spare.
_OVERHEAD_MB = 1024
# What DuckDB holds beside its own memory limit, of address space: stacks of threads, tables of names, Python's rows.
_BESIDE_MB = 256
_BATCH = 1000
_MIB = 1024 * 1024
_HARDENED: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    # It would name the user's own folder in duckdb_settings().
    "secret_directory": "/nonexistent",
    "temp_directory": "",
    "max_temp_directory_size": "0B",
    "lock_configuration": True,
}
# Functions that stand as a table in FROM. Others read files, take addresses in memory, run SQL from a text, or change
# settings although they are written as a SELECT (enable_logging). A list of what may be, since every version adds some.
_TABLE_FUNCTIONS = frozenset(
    (
        *("generate_series", "range", "repeat", "repeat_row", "unnest"),
        *("histogram", "histogram_values", "json_each", "json_tree", "query_table", "summary", "test_all_types"),
        *("duckdb_columns", "duckdb_constraints", "duckdb_databases", "duckdb_functions", "duckdb_keywords"),
        *("duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views", "icu_calendar_names", "pg_timezone_names"),
        *("pragma_collations", "pragma_database_size", "pragma_show", "pragma_storage_info", "pragma_table_info"),
        "pragma_version",
    )
)
# White space and comments, matched in one way alone (no text makes it try others), and the words before the SELECT of
# an EXPLAIN. What it does not match, such as a comment in a comment, is refused.
_BLANK = r"(?>\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*+"
_EXPLAIN = re.compile(rf"{_BLANK}explain\b{_BLANK}(?:analyze\b{_BLANK})?(?:\([^)]*\){_BLANK})?", re.I | re.S)


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
    except RecursionError:
        answer = {"error": "the query is nested too deep. Write it with fewer parentheses, or in steps (WITH)."}
    except (MemoryError, duckdb.OutOfMemoryException):
        answer = {
            "error": f"the query needs more than {request['memory_limit_mb']} MB. Narrow it: WHERE before a join or"
            " sort, fewer columns, or an aggregate."
        }
    sys.stdout.write(json.dumps(answer))


def _limit(request: dict[str, Any]) -> None:
    bytes_of_memory = (request["memory_limit_mb"] + _OVERHEAD_MB) * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (bytes_of_memory, bytes_of_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_s"], request["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _shut(memory_limit_mb: int, handles: int = 0) -> None:
    """No further file, pipe or socket than `handles`, no more memory than the query's own beside what stands now."""
    try:
        standing = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        standing = 0
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    most = min(lowest_free + handles, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Where the system does not tell what stands, the bound of _limit() stays.
    if standing:
        bound = min(standing + (memory_limit_mb + _BESIDE_MB) * _MIB, resource.getrlimit(resource.RLIMIT_AS)[0])
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def _run(request: dict[str, Any]) -> dict[str, Any]:
    config = {**_HARDENED, "memory_limit": f"{request['memory_limit_mb']}MB"}
    with duckdb.connect(":memory:", config=config) as parser:
        _check(parser, request["sql"])
    files = request["files"]
    if files:
        # Which files may be read can only be said to an open database; the settings are locked right after.
        config |= {"enable_external_access": True, "lock_configuration": False}
    try:
        connection = duckdb.connect(request["database"], read_only=True, config=config)
        if files:
            connection.execute("SET allowed_paths = ?", [files])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise Refused(
            f"the published file cannot be opened ({_first_line(error)}). `colocast run` publishes it again."
        ) from error
    # What the reading of rows imports later, it imports now: afterwards no file opens.
    connection.execute("SELECT now(), uuid(), INTERVAL 1 DAY, 1.5::DECIMAL(3, 1), current_time, today()").fetchall()
    # A file of the lake is opened by each of the threads that read it.
    _shut(request["memory_limit_mb"], 2 * len(files) + 2 if files else 0)
    try:
        cursor = connection.execute(request["sql"])
        return _fetch(cursor, request["max_rows"], request["max_bytes"])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise Refused(_explained(connection, error)) from error


def _check(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Whether the text is one SELECT (or an EXPLAIN of one) whose table functions may all be used."""
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
    select = sql
    if kind == duckdb.StatementType.EXPLAIN and (explain := _EXPLAIN.match(sql)):
        select = sql[explain.end() :]
    # DuckDB's own parser writes a SELECT as a tree, and nothing else: a PRAGMA that it runs as a SELECT is none here.
    tree = str(parser.execute("SELECT json_serialize_sql(?)", [select]).fetchall()[0][0])
    if tree.startswith('{"error":true'):
        name = "EXPLAIN of something else than a SELECT" if kind == duckdb.StatementType.EXPLAIN else kind.name
        if re.match(rf"{_BLANK}pragma\b", sql, re.I | re.S):
            raise Refused("PRAGMA is not allowed here. DESCRIBE, SHOW TABLES and SUMMARIZE tell what the file holds.")
        raise Refused(
            f"{name} is not allowed here: the published file is for reading. Write one SELECT, WITH, DESCRIBE, SHOW or"
            " EXPLAIN; `colocast export` writes files."
        )
    for function in _table_functions(tree):
        if function.lower() not in _TABLE_FUNCTIONS:
            raise Refused(
                f"the table function {function} is not allowed here. Only the published tables can be read, no file,"
                f" network address or setting; functions that may stand in FROM: {', '.join(sorted(_TABLE_FUNCTIONS))}."
            )


def _table_functions(tree: str) -> Iterable[str]:
    """Names of the functions that stand as tables in a tree, and of DuckDB's own views, which call such functions.

    Nothing else of the tree is kept: a list in it may be long.
    """
    found: list[str] = []

    def seen(node: dict[str, Any]) -> Any:
        if node.get("type") == "TABLE_FUNCTION":
            found.append(str(node["function"]))
        if node.get("type") == "BASE_TABLE" and str(node["table_name"]).lower().startswith(("duckdb_", "pragma_")):
            found.append(str(node["table_name"]))
        return node.get("function_name")

    json.loads(tree, object_hook=seen)
    return found


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
            texts = sum(len(value) for value in values if isinstance(value, str))
            size += texts if texts > max_bytes else len(json.dumps(values))
            if size > max_bytes:
                truncated = (
                    f"only the first {len(rows)} rows fit into {max_bytes} bytes; select fewer or shorter columns"
                )
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
    if isinstance(error, duckdb.IOException) and re.search("corrupt|checksum|read enough bytes", text, re.I):
        return f"the published file is damaged ({_first_line(error)}). `colocast run` puts it right."
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
