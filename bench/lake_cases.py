"""Publications made up for the lake's tests and bench: a small one in numbered states, and one with every table filled.

What belongs here: writing such files, and asking whether a state is whole. What does not: processes and tables of
results (lake.py).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from assets.warehouse.database import connect_nowhere, describe, published_tables, sql_text
from assets.warehouse.lake.connecting import quoted
from assets.warehouse.publishing import STORAGE_VERSION

FROZEN, OPEN = "2026-03-31", "2026-06-30"
# Every number of a state says the state, so that a mixture of two shows.
_STATE = """
CREATE TABLE documents AS
    SELECT '{writer}-' || number AS document_id, 'accepted' AS status FROM range(1, {state} + 1) AS of_state(number);
CREATE TABLE occupancy_history AS
    SELECT 'operator' AS level, '{writer}' AS series_id, DATE '2026-06-30' AS quarter_end, {state}::DOUBLE AS leased
    UNION ALL SELECT 'total', 'total', DATE '2026-06-30', {state}::DOUBLE;
CREATE TABLE breach_probability AS
    SELECT DATE '{frozen}' AS vintage, 'operator' AS level, '{writer}' AS series_id, 0::DOUBLE AS probability
    UNION ALL SELECT DATE '{open}', 'operator', '{writer}', {state}::DOUBLE;
CREATE TABLE alerts AS
    SELECT '{writer}-' || number AS alert_id, 'info' AS severity FROM range(1, {state} + 1) AS of_state(number);
CREATE TABLE runs AS
    SELECT '{writer}-' || number AS run_id, 'published' AS outcome FROM range(1, {state} + 1) AS of_state(number);
COMMENT ON COLUMN occupancy_history.leased IS 'The state.';
CREATE VIEW latest_breach AS
    SELECT * FROM breach_probability WHERE vintage = (SELECT max(vintage) FROM breach_probability);
"""
# What a reader must find of a writer: one state in every table, all of it.
STATES = """
SELECT
    (SELECT count(*) FROM writer_{writer}.documents),
    (SELECT count(*) FROM writer_{writer}.alerts),
    (SELECT count(*) FROM writer_{writer}.runs),
    (SELECT min(leased) FROM writer_{writer}.occupancy_history),
    (SELECT max(leased) FROM writer_{writer}.occupancy_history),
    (SELECT probability FROM writer_{writer}.breach_probability WHERE vintage = DATE '{open}'),
    (SELECT count(*) * {expected} FROM writer_{writer}.breach_probability WHERE vintage = DATE '{frozen}'),
    (SELECT count(*) FROM main.documents WHERE starts_with(document_id, '{writer}-')),
    (SELECT count(*) FROM main.alerts WHERE starts_with(alert_id, '{writer}-'))
"""
# Words that make rows of different tables meet, and that the tables' checks allow.
_WORDS = {
    "provenance": ["observed", "estimated", "assumed"], "status": ["accepted", "quarantined"], "grade": ["A", "B", "C"],
    "severity": ["info", "warning", "critical"], "points_to": ["mainland", "us", "dual"], "origin": ["run", "backfill"],
    "strength": ["weak", "moderate", "strong"], "stack": ["mainland", "us", "dual", "unknown"], "unit": ["mw", "sqm"],
    "level": ["operator", "total", "market", "stack", "facility"], "basis": ["as_reported"],
    "metric": ["capacity_committed", "capacity_utilised"], "portfolio": ["harbour", "illustrative_hong_kong"],
    "scenario": ["base", "hard_ban"], "operator": ["GDS Holdings", "NEXTDC"], "scope_level": ["portfolio"],
}  # fmt: skip


def write_state(path: Path, writer: str, state: int) -> Path:
    """A publication whose tables all say `state`; returns `path`."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(_STATE.format(writer=writer, state=state, frozen=FROZEN, open=OPEN))
    return path


def state_of(connection: duckdb.DuckDBPyConnection, writer: str) -> int:
    """The state that a snapshot shows of a writer, 0 where it has none. Raises ValueError if it is torn."""
    if not connection.execute("SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [f"writer_{writer}"]).fetchall():
        return 0
    expected = connection.execute(f"SELECT count(*) FROM writer_{writer}.documents").fetchall()[0][0]
    found = connection.execute(STATES.format(writer=writer, open=OPEN, frozen=FROZEN, expected=expected)).fetchall()[0]
    if {int(value) for value in found} != {int(expected)}:
        raise ValueError(f"writer {writer} is torn: {found}")
    return int(expected)


def write_everything(path: Path, rows: int = 40) -> Path:
    """A publication with `rows` rows in every published table, with all comments and views; returns `path`."""
    from assets.warehouse.publishing import published_part

    path.unlink(missing_ok=True)
    with connect_nowhere() as connection:
        connection.execute(f"ATTACH {quoted(str(path))} AS made (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE made")
        connection.execute("BEGIN TRANSACTION")
        connection.execute(published_part(sql_text("schema")))
        for position, table in enumerate(published_tables(connection)):
            columns = connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND database_name = 'made'"
                " ORDER BY column_index",
                [table],
            ).fetchall()
            values = ", ".join(f'{_value(name, kind)} AS "{name}"' for name, kind in columns)
            connection.execute(
                f'INSERT INTO "{table}" SELECT DISTINCT {values} FROM range({position}, {position + rows}) AS made(n)'
                " ORDER BY ALL"
            )
        describe(connection)
        connection.execute("COMMIT")
    return path


def _value(name: str, kind: str) -> str:
    if name in _WORDS:
        words = "[" + ", ".join(f"'{word}'" for word in _WORDS[name]) + "]"
        return f"{words}[n % {len(_WORDS[name])} + 1]"
    if name in ("superseded_by", "value_low", "value_high", "delivered_at", "resolved_at"):
        return f"NULL::{kind}"
    simple = {
        "VARCHAR": "'key ' || n % 7",
        "DATE": "last_day(DATE '2025-03-31' + to_months(3 * (n % 6)::INTEGER))",
        "TIMESTAMP": "TIMESTAMP '2026-01-01' + to_hours(n)",
        "BOOLEAN": "n % 2 = 0",
        "INTEGER": "(n % 5)::INTEGER",
        "BIGINT": "n",
        "DOUBLE": "n / 7",
    }
    return simple[kind]


__all__ = ["FROZEN", "OPEN", "state_of", "write_everything", "write_state"]
