"""XLSX reader: true addresses, values as shown, hidden parts, and archives that mean harm."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from openpyxl.styles import Font

from assets.reports.document import Block, Table, Unreadable
from assets.reports.formats import Limits, read_document
from assets.reports.formats.xlsx_numbers import show


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def data_sheet() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Data"
    sheet["B2"] = "Operator data sheet"
    sheet.merge_cells("B2:E2")
    for column, day in zip("CDE", (dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 9, 30)), strict=True):
        sheet[f"{column}4"] = day
        sheet[f"{column}4"].number_format = "mmm-yy"
        sheet[f"{column}4"].font = Font(bold=True)
        sheet[f"{column}5"] = 630963
        sheet[f"{column}5"].number_format = "#,##0"
        sheet[f"{column}6"] = 0.7333
        sheet[f"{column}6"].number_format = "0.0%"
    sheet["B5"], sheet["B6"] = "In service", "Utilisation"
    sheet["F4"], sheet["F5"] = "helper", 99
    sheet.column_dimensions["F"].hidden = True
    notes = book.create_sheet("Notes")
    notes["A1"] = "Areas are end-of-period levels."
    hidden = book.create_sheet("Workings")
    hidden["A1"] = "secret"
    hidden.sheet_state = "hidden"
    return book


def test_cells_stand_at_their_true_addresses_with_values_as_shown() -> None:
    """A leading empty column must not shift the locator; 0.7333 under '0.0%' is printed 73.3%."""
    document = read_document(saved(data_sheet()), "x.xlsx")
    table = next(part for part in document.parts if isinstance(part, Table))
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    assert table.place.sheet == "Data"
    assert (cells[5, 3].text, cells[5, 3].number) == ("630,963", 630963.0)
    assert (cells[6, 4].text, cells[6, 4].number, cells[6, 4].number_format) == ("73.3%", 0.7333, "0.0%")
    assert [cells[4, column].text for column in (3, 4, 5)] == ["2024-03-31", "2024-06-30", "2024-09-30"]
    assert cells[4, 3].header
    assert not cells[5, 3].header


def test_titles_notes_and_hidden_parts() -> None:
    """Helper columns and hidden sheets are no printed figures; that they were left out is said."""
    document = read_document(saved(data_sheet()), "x.xlsx")
    blocks = [(part.kind, part.text) for part in document.parts if isinstance(part, Block)]
    assert blocks == [("title", "Operator data sheet"), ("note", "Areas are end-of-period levels.")]
    everything = " ".join(cell.text for part in document.parts if isinstance(part, Table) for cell in part.cells)
    assert "99" not in everything
    assert any("hidden column(s) F" in remark for remark in document.remarks)
    assert any("Workings" in remark for remark in document.remarks)


def test_a_blank_row_under_the_heads_does_not_part_them_from_their_figures() -> None:
    """Sections of a data sheet stand apart by blank rows and share one head; a new head starts a new table."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["", "Q1", "Q2"],
        ["Area", 10.5, 11.5],
        [],
        ["Cabinets", 7.5, 8.5],
        [],
        ["Site", "Country", "Code"],
        ["A", "NL", "x"],
    ):
        sheet.append(row)
    tables = [part for part in read_document(saved(book), "x.xlsx").parts if isinstance(part, Table)]
    assert [sorted({cell.row for cell in table.cells}) for table in tables] == [[1, 2, 4], [6, 7]]


def test_merged_years_span_their_quarters() -> None:
    """A merged head covers its columns."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["", 2013, None, 2014])
    sheet.append(["End of quarter", "Q3", "Q4", "Q1"])
    sheet.append(["Space", 79.3, 80.1, 82.9])
    sheet.merge_cells("B1:C1")
    table = read_document(saved(book), "x.xlsx").parts[0]
    assert isinstance(table, Table)
    assert [cell.text if cell else "" for cell in table.grid()[0]] == ["", "2013", "2013", "2014"]


def test_formulas_without_a_stored_value_are_remarked() -> None:
    """A workbook written by a program and never calculated holds no figures."""
    book = data_sheet()
    book["Data"]["D5"] = "=C5+1"
    assert any("D5" in remark for remark in read_document(saved(book), "x.xlsx").remarks)


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (78.09999999999999, "General", "78.1"),
        (78.09999999999999, "#,##0.0", "78.1"),
        (0.73, "0%", "73%"),
        (1234567.0, "#,##0,", "1,235"),
        (-5.25, "0.0_);(0.0)", "(5.3)"),
        (12.6, '0.0" MW"', "12.6 MW"),
        (0.0, '0;-0;"-"', "-"),
        (45382.0, "dd/mm/yyyy", "2024-03-31"),
        (2013.0, "0", "2013"),
        (5.0, "[Red]#,##0.00", "5.00"),
    ],
)
def test_number_formats(number: float, code: str, text: str) -> None:
    """The quote must be what a person sees in the cell."""
    assert show(number, code) == text


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as members_of:
        members_of.writestr("[Content_Types].xml", "<Types/>")
        for name, content in members.items():
            members_of.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (archive(**{"xl/workbook.xml": bytes(40_000_000)}), "quarantined", "bomb"),
        (archive(**{"../evil": b"x"}), "quarantined", "outside"),
        (archive(**{"word/document.xml": b"<x/>"}), "rejected", "Word"),
        (archive(**{"xl/workbook.bin": b"x"}), "rejected", "xlsb"),
        (saved(data_sheet())[:3_000], "rejected", "damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"),
            "quarantined",
            "encrypted",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "Workbook".encode("utf-16-le"),
            "quarantined",
            "save it as .xlsx",
        ),
    ],
)
def test_archives_that_cannot_or_must_not_be_opened(data: bytes, status: str, word: str) -> None:
    """The directory is checked before anything is unpacked."""
    with pytest.raises(Unreadable) as refused:
        read_document(data, "x.xlsx")
    assert refused.value.status == status
    assert word in refused.value.reason


def test_too_many_rows() -> None:
    """A data dump is no data sheet."""
    book = openpyxl.Workbook()
    for row in range(60):
        book.active.append(["x", row])
    with pytest.raises(Unreadable) as refused:
        read_document(saved(book), "x.xlsx", Limits(table_rows=50))
    assert refused.value.status == "quarantined"
