"""Promise: same inputs, same bits, on any machine. A small run of bench.same_bits, and its comparison shown to see."""

from __future__ import annotations

import math
from pathlib import Path

from assets.warehouse.database import connect, create_schema
from bench.same_bits import MOMENTS, bits, compare, compared_on_two_machines


def test_two_machines_publish_the_same_bits() -> None:
    """Whoever checks our numbers on a machine of their own must find them, to the last bit."""
    found = compared_on_two_machines(small=True)
    assert [f"{one.table}: {', '.join(one.differing)}" for one in found if one.differing] == []
    rows = {one.table: one.rows for one in found}
    for table in ("observations", "occupancy_forecast", "leases", "scenario_sensitivity", "path_samples", "vintages"):
        assert rows[table] > 0, table


def table_of(path: Path, rows: list[tuple[float, int]]) -> Path:
    with connect(path) as connection:
        connection.execute("CREATE TABLE t (a DOUBLE, b INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    return path


def test_a_bit_an_order_and_a_row_that_differ_are_seen(tmp_path: Path) -> None:
    """A comparison that rounds, sorts or stops at the shorter file would find any two machines equal."""
    plain = table_of(tmp_path / "plain", [(0.1, 1), (0.2, 2)])
    for name, rows, seen in (
        ("same", [(0.1, 1), (0.2, 2)], ()),
        ("bit", [(math.nextafter(0.1, 1), 1), (0.2, 2)], ("a: 1",)),
        ("order", [(0.2, 2), (0.1, 1)], ("a: 2", "b: 2")),
        ("row", [(0.1, 1)], ("2 rows, 1 rows",)),
    ):
        assert [one.differing for one in compare(plain, table_of(tmp_path / name, rows))] == [seen], name
    assert bits(0.0) != bits(-0.0)
    assert bits(float("nan")) == bits(float("nan"))
    assert bits(1) != bits(1.0)


def test_only_moments_are_left_out_of_the_comparison(tmp_path: Path) -> None:
    """The list of exceptions stays short, and names columns that there are."""
    with connect(tmp_path / "warehouse.duckdb") as connection:
        create_schema(connection)
        kinds = connection.execute("SELECT table_name, column_name, data_type FROM duckdb_columns()").fetchall()
    moments = {(table, column) for table, column, kind in kinds if kind == "TIMESTAMP"}
    assert set(MOMENTS) <= {(table, column) for table, column, _ in kinds}
    assert set(MOMENTS) - moments == {("runs", "run_id")}
