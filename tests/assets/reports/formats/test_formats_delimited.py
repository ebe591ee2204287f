"""CSV reader and text encodings: separators, comments, ragged rows, and bytes that could be several things."""

from __future__ import annotations

import pytest

from assets.reports.document import Block, Document, Table, Unreadable
from assets.reports.formats import Limits, read_document
from assets.reports.formats.encodings import decode

CHINESE = "公司;指标;数值\n世纪互联;运营面积;573\n世纪互联;使用率;81,6\n"
TRADITIONAL = "公司;指標;數值\n新意網;營運面積;573\n新意網;使用率;81,6\n"
JAPANESE = "会社;指標;数値\nアイネット;稼働率;81,6\nさくらインターネット;面積;573\n"


def grid(document: Document) -> list[list[str]]:
    table = document.parts[0]
    assert isinstance(table, Table)
    return [[cell.text if cell else "" for cell in row] for row in table.grid()]


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "utf-16", "utf-16"),
        (CHINESE, "utf-16-le", "utf-16-le"),
        (CHINESE, "gb18030", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (JAPANESE, "shift_jis", "shift_jis"),
        ("Straße;Größe – m²\nKöln;5\n", "cp1252", "cp1252"),
    ],
)
def test_encodings_are_told_by_their_characters(text: str, codec: str, name: str) -> None:
    """Big5 also decodes as GB18030, and everything as windows-1252: only the characters tell."""
    decoded = decode(text.encode(codec))
    assert (decoded.encoding, decoded.text.lstrip("\ufeff")) == (name, text)


def test_an_ambiguous_encoding_is_refused() -> None:
    """Two common characters in either encoding: refuse, never guess."""
    with pytest.raises(Unreadable) as refused:
        decode(bytes([0xC4, 0xE3, 0xC4, 0xE3]) + b" 5")
    assert refused.value.status == "quarantined"
    assert "UTF-8" in refused.value.reason


def test_separator_quotes_comments_and_decimal_commas() -> None:
    """Decimal commas stay text: typing comes later, by column."""
    document = read_document(b'# made by hand\nsite;value\n"A; north";"81,6"\n# Source: x\n', "x.csv")
    assert grid(document) == [["site", "value"], ["A; north", "81,6"]]
    assert [part.text for part in document.parts if isinstance(part, Block)] == ["made by hand", "Source: x"]
    table = document.parts[0]
    assert isinstance(table, Table)
    assert all(cell.header == (cell.row == 1) for cell in table.cells)


def test_ragged_rows_are_remarked() -> None:
    """A row with a missing field is kept and named."""
    document = read_document(b"a,b,c\n1,2,3\n4,5\n6,7,8\n", "x.csv")
    assert any("row 3" in remark for remark in document.remarks)


def test_delimited_data_is_known_by_content_and_the_wrong_name_remarked() -> None:
    """The name never decides; a mismatch is said."""
    document = read_document(b"operator,period_end,metric,value\nA,2024-06-30,m,5\nB,2024-06-30,m,7\n", "x.txt")
    assert document.media_type == "text/csv"
    assert any(".txt" in remark for remark in document.remarks)


def test_prose_with_commas_is_no_csv() -> None:
    """Three sentences with two commas each are not a table."""
    text = b"The group, in Hong Kong, grew.\nIts halls, in service, are full.\nMore space, as said, will come.\n"
    assert read_document(text, "x.txt").media_type == "text/plain"


def test_too_many_rows_or_columns_are_refused() -> None:
    """300,000 rows are data, not a report."""
    for data in (b"a,b\n" + b"1,2\n" * 2_000, b",".join([b"a"] * 5_000) + b"\n" + b",".join([b"1"] * 5_000) + b"\n"):
        with pytest.raises(Unreadable) as refused:
            read_document(data, "x.csv", Limits(table_rows=1_000))
        assert refused.value.status == "quarantined"
