"""Exports are read by programs and opened by people: complete, typed, explained, and harmless."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from delivery_case import HOSTILE, Published

from assets.delivery import exporting, workbook
from assets.delivery.exporting import FORMATS, ExportError, export
from assets.delivery.workbook import plain_value, sheet_titles


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
    documents = pd.read_parquet(tmp_path / "documents.parquet")
    assert HOSTILE in documents["operator"].tolist()
    assert "=cmd|calc.html" in documents["file_name"].tolist()


def of_texts(folder: Path, texts: list[str]) -> Path:
    """A published file with one table of texts."""
    path = folder / "texts.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE texts (number INTEGER, words VARCHAR, change DOUBLE)")
        connection.executemany("INSERT INTO texts VALUES (?, ?, -1.5)", list(enumerate(texts)))
    return path


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1", "\u3000=1", "＝1+1", "＋1", "－1", "＠A"],
)
def test_csv_runs_no_formula_and_numbers_stay_numbers(tmp_path: Path, text: str) -> None:
    """Whoever opens a CSV by a double click must not run what a report's author wrote; -1.5 is a number and stays."""
    export(of_texts(tmp_path, [text]), "csv", tmp_path / "out")
    read = pd.read_csv(tmp_path / "out" / "texts.csv")
    assert read["words"].tolist() == ["'" + text]
    assert read["change"].tolist() == [-1.5]


@pytest.mark.parametrize("text", ["GDS", "a = b", "12 % y-o-y", "'quoted'", 'say "x", then y', "機房", "a\n=1"])
def test_csv_leaves_harmless_words_alone(tmp_path: Path, text: str) -> None:
    """An apostrophe where none is needed would falsify the words."""
    export(of_texts(tmp_path, [text]), "csv", tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "texts.csv")["words"].tolist() == [text]


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
    assert "quarter" in dictionary["occupancy_history", None]


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows past the end of a sheet would be lost; each sheet has its own header, and no row is missing or doubled."""
    monkeypatch.setattr(workbook, "ROWS_A_SHEET", 4)
    monkeypatch.setattr(workbook, "BATCH", 3)
    (path,) = export(of_texts(tmp_path, [f"row {number}" for number in range(9)]), "xlsx", tmp_path / "out")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[-3:] == ["texts", "texts 2", "texts 3"]
    rows = [list(book[name].values) for name in book.sheetnames[-3:]]
    assert {sheet[0] for sheet in rows} == {("number", "words", "change")}
    assert [row[0] for sheet in rows for row in sheet[1:]] == list(range(9))
    assert [book[name].auto_filter.ref for name in book.sheetnames[-3:]] == ["A1:C5", "A1:C5", "A1:C2"]


def test_a_table_too_long_for_a_workbook_is_refused_before_a_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits an hour for a workbook that no spreadsheet opens; the message names two ways on."""
    monkeypatch.setattr(exporting, "TOO_MANY_ROWS", 2)
    with pytest.raises(ExportError, match=r"texts has 3 rows.*parquet or csv.*colocast sql"):
        export(of_texts(tmp_path, ["a", "b", "c"]), "xlsx", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_sheet_titles_are_short_and_no_two_alike() -> None:
    """Excel repairs, and so renames, sheets with long, forbidden or equal titles."""
    long = "a" * 40
    titles = sheet_titles({"dictionary": 1, "Dictionary": 1, long: 1, long + "b": 1, "a/b": 1, "a:b": 1})
    found = [title for of_table in titles.values() for title in of_table]
    assert found == ["dictionary", "Dictionary 2", "a" * 31, "a" * 29 + " 2", "a_b", "a_b 2"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "#NUM!"),
        (float("-inf"), "#NUM!"),
        (datetime.date(1899, 12, 31), "1899-12-31"),
        (datetime.date(1900, 3, 1), datetime.date(1900, 3, 1)),
        (datetime.datetime(1850, 1, 1, 12), "1850-01-01 12:00:00"),
        (
            datetime.datetime(2026, 1, 1, 8, tzinfo=datetime.timezone(datetime.timedelta(hours=8))),
            datetime.datetime(2026, 1, 1),
        ),
        (10**16, "10000000000000000"),
        (True, True),
        ("x" * 32_768, "x" * 32_766 + "…"),
        ("a\x00b", "a\ufffdb"),
        (["a", 1], "['a', 1]"),
    ],
)
def test_what_a_cell_cannot_hold_becomes_what_it_can(tmp_path: Path, value: object, expected: object) -> None:
    """One such value would end the export, or make a file that Excel calls damaged."""
    assert plain_value(value) == expected


def test_numbers_that_are_none_are_errors_in_the_sheet(tmp_path: Path) -> None:
    """As text they would be left out of a sum without a word."""
    path = tmp_path / "numbers.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE numbers AS SELECT 'nan'::DOUBLE AS value, TIMESTAMPTZ '2026-01-01 08:00:00+08' AS at"
        )
    (book,) = export(path, "xlsx", tmp_path / "out")
    sheet = openpyxl.load_workbook(book)["numbers"]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("#NUM!", "e")
    assert sheet["B2"].value == datetime.datetime(2026, 1, 1)


@pytest.mark.parametrize("kind", FORMATS)
def test_progress_reaches_every_table(published: Published, tmp_path: Path, kind: str) -> None:
    """A long export that says nothing looks like one that hangs."""
    seen: list[tuple[str, int, int]] = []
    export(published.database, kind, tmp_path, lambda *said: seen.append(said))
    assert all(0 <= done <= total for _, done, total in seen)
    assert {"observations", "occupancy_forecast"} <= {table for table, _, _ in seen}


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
