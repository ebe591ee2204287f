"""Writes workbooks part by part, so that any part may be wrong: the XML of cells, and the container around it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = (
    b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/></Types>'
)
WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr/><sheets>'
    '<sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>'
).encode()

Value = str | float | None


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A container with these entries; its times are fixed, so that the bytes are the same each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, content)
    return out.getvalue()


def cell(address: str, value: Value) -> str:
    """A cell with a number or an inline text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{address}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{address}"><v>{value!r}</v></c>'


def rows_xml(rows: Sequence[Sequence[Value]]) -> str:
    """Rows from 1, columns from A (26 at most)."""
    return "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{chr(65 + at)}{number}", value) for at, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, start=1)
    )


def sheet_xml(inner: str, before: str = "", after: str = "") -> bytes:
    """A worksheet around the XML of its rows."""
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{inner}</sheetData>{after}</worksheet>'.encode()


def minimal_parts(rows: Sequence[Sequence[Value]]) -> dict[str, bytes]:
    """All parts of a sound workbook of one sheet, by entry name."""
    package = f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{RELATIONS}/{{}}" Target="{{}}"/>{{}}'
    styles = f'<Relationship Id="rId2" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    styles += f'<Relationship Id="rId3" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    return {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": package.format("officeDocument", "xl/workbook.xml", "</Relationships>").encode(),
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": package.format("worksheet", "worksheets/sheet1.xml", styles).encode(),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>'.encode(),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>'.encode(),
        "xl/worksheets/sheet1.xml": sheet_xml(rows_xml(rows)),
    }


def workbook(rows: Sequence[Sequence[Value]], **parts: bytes) -> bytes:
    """A workbook of one sheet; `parts` by entry name replace its own."""
    return zipped({**minimal_parts(rows), **parts})
