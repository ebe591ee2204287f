"""Exports are read by programs and opened by people: complete, typed, explained, and harmless."""

from __future__ import annotations

from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from delivery_case import HOSTILE, Published

from assets.delivery.exporting import FORMATS, ExportError, export


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_table_becomes_a_file_with_all_its_rows(published: Published, tmp_path: Path, kind: str) -> None:
    """A table left out of an export is a silent drop."""
    files = export(published.database, kind, tmp_path)
    assert [path.name for path in files] == sorted(path.name for path in tmp_path.iterdir())
    with duckdb.connect(str(published.database), read_only=True) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
            ).fetchall()
        ]
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    read = pd.read_csv if kind == "csv" else pd.read_parquet
    assert {path.stem for path in files} == {*tables, "dictionary"}
    assert {name: len(read(tmp_path / f"{name}.{kind}")) for name in tables} == counts
    meanings = pd.read_csv(tmp_path / "dictionary.csv")
    assert set(meanings["table"]) == set(tables)
    assert meanings["meaning"].notna().all()


def test_exact_words_survive(published: Published, tmp_path: Path) -> None:
    """Programs need the words of the source, not a tamed copy."""
    export(published.database, "parquet", tmp_path)
    assert HOSTILE in pd.read_parquet(tmp_path / "documents.parquet")["operator"].tolist()


def test_workbook_runs_no_formula(published: Published, tmp_path: Path) -> None:
    """A file name or a quote may start with = and must stay text, also when the cell is edited."""
    (path,) = export(published.database, "xlsx", tmp_path)
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    risky = [cell for cell in cells if cell.value.startswith(("=", "+", "-", "@"))]
    assert {cell.value for cell in risky} >= {"=cmd|calc.html", "-2+3"}
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in risky)
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_workbook_is_laid_out_for_people(published: Published, tmp_path: Path) -> None:
    """Frozen header, filters, number formats, and a dictionary of every column in front."""
    (path,) = export(published.database, "xlsx", tmp_path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "dictionary"
    assert "occupancy_history" in book.sheetnames
    sheet = book["occupancy_history"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref
    columns = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.cell(2, columns["occupancy"]).number_format == "0.0%"
    assert sheet.cell(2, columns["quarter_end"]).number_format == "yyyy-mm-dd"
    assert sheet.cell(2, columns["in_service"]).number_format.startswith("#,##0")
    dictionary = {(row[0], row[1]): row[3] for row in book["dictionary"].iter_rows(min_row=2, values_only=True)}
    assert "fraction" in dictionary["occupancy_history", "occupancy"]


def test_rows_come_in_the_same_order_every_time(published: Published, tmp_path: Path) -> None:
    """Two exports of one publication must compare equal."""
    export(published.database, "csv", tmp_path / "a")
    export(published.database, "csv", tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_empty_publication_gives_empty_tables(nothing: Published, tmp_path: Path) -> None:
    """Before the first document an export still names every table and column."""
    for kind in FORMATS:
        assert export(nothing.database, kind, tmp_path / kind)
    assert pd.read_csv(tmp_path / "csv" / "runs.csv").columns[0] == "run_id"


def test_unknown_format_and_missing_database_are_explained(published: Published, tmp_path: Path) -> None:
    """A wrong word ends in a sentence that names the right ones."""
    with pytest.raises(ExportError, match="csv, parquet, xlsx"):
        export(published.database, "ods", tmp_path)
    with pytest.raises(FileNotFoundError, match="colocast run"):
        export(tmp_path / "none.duckdb", "csv", tmp_path)
