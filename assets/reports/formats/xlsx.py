"""XLSX workbooks: sheets in order, a table a region, notes as blocks, values as shown and as stored.

The sheet's own XML is read rather than a library's view of it, since the true address of a cell, hidden rows and
columns, merged cells, number formats and superscripts all matter here and no reader hands out all of them.
"""

from __future__ import annotations

import io
import math
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assets.reports.document import Cell, Place, Unreadable
from assets.reports.formats.archive_check import Archive
from assets.reports.formats.limits import Limits
from assets.reports.formats.parts import Parts
from assets.reports.formats.wording import MARK_CLOSE, MARK_OPEN, fold, settle_marks
from assets.reports.formats.xlsx_numbers import BUILT_IN, is_date_format, show, shows_digits_of_its_own

_ADDRESS = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_NOTES_SHEET = re.compile(r"note|definition|glossary|disclaimer|source|注|附注|附註|说明|說明|定义|定義", re.I)
_NIL = re.compile(r"[-–—]+|n\.?/?[am]\.?|nil|nm|tbc|", re.I)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_DOCUMENT_TYPES = tuple("<!DOCTYPE".encode(codec) for codec in ("ascii", "utf-16-le", "utf-16-be"))
# The last row of a sheet; addresses beyond are damage.
_LAST_ROW = 1_048_576
# A number as the format stores it; Python's own reading takes more ('1_2', '١٢', 'nan').
_STORED_NUMBER = re.compile(r"\s*[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?\s*")
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass
class _Value:
    """One cell: text as shown (marks taken out), the stored number where there is one."""

    text: str
    notes: tuple[str, ...] = ()
    number: float | None = None
    number_format: str = ""
    bold: bool = False


@dataclass
class _Sheet:
    name: str
    values: dict[tuple[int, int], _Value] = field(default_factory=dict)
    merges: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    uncomputed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class _Workbook:
    strings: list[tuple[str, tuple[str, ...]]]
    formats: list[str]
    bold: list[bool]
    date_1904: bool


def read_xlsx(data: bytes, parts: Parts, limits: Limits) -> None:
    """Adds the parts of every visible sheet."""
    archive = Archive(data, limits)
    workbook_path = _workbook_path(archive)
    root = _parse(archive.read(workbook_path), workbook_path)
    relations = _relations(archive, workbook_path)
    targets = {relation.rsplit("/", 1)[-1]: target for relation, target in relations.values()}
    shared = targets.get("sharedStrings", posixpath.join(posixpath.dirname(workbook_path), "sharedStrings.xml"))
    styles = targets.get("styles", posixpath.join(posixpath.dirname(workbook_path), "styles.xml"))
    formats, bold = _styles(archive.read(styles), styles)
    date_1904 = any(_name(node) == "workbookPr" and node.get("date1904") in ("1", "true") for node in root)
    book = _Workbook(_strings(archive.read(shared), shared), formats, bold, date_1904)
    sheets = [node for node in root.iter() if _name(node) == "sheet"]
    if not sheets:
        raise Unreadable("rejected", "the workbook has no sheets")
    if len(sheets) > limits.sheets:
        raise Unreadable("quarantined", f"the workbook has {len(sheets):,} sheets; at most {limits.sheets:,} are read")
    for node in sheets:
        name = node.get("name") or "?"
        if (node.get("state") or "visible") != "visible":
            parts.remark(f"hidden sheet '{name}' was left out")
            continue
        relation, target = relations.get(node.get(_RELATION) or node.get(_STRICT_RELATION) or "", ("", ""))
        if not target or not relation.endswith("/worksheet"):
            parts.remark(f"sheet '{name}' holds no cells (a chart or a macro sheet) and was left out")
            continue
        if target not in archive.names:
            raise Unreadable("rejected", f"the workbook is damaged: sheet '{name}' is missing", f"sheet {name}")
        sheet = _read_sheet(name, archive.read(target), book, limits)
        _add_sheet(sheet, parts)


# -- container ------------------------------------------------------------------------------------------------------


def _workbook_path(archive: Archive) -> str:
    names = archive.names
    if "[Content_Types].xml" not in names:
        if "mimetype" in names and b"opendocument" in archive.read("mimetype"):
            raise Unreadable("rejected", "an OpenDocument file; save it as XLSX or PDF")
        raise Unreadable("rejected", "a ZIP archive that is no workbook; unpack it and hand in the report itself")
    for _relation, target in _relations(archive, "").values():
        if re.search(r"(?:^|/)workbook[^/]*\.xml$", target, re.I):
            return target
    if "xl/workbook.xml" in names:
        return "xl/workbook.xml"
    if any(name.startswith("xl/") and name.endswith(".bin") for name in names):
        raise Unreadable("rejected", "a binary workbook (.xlsb); save it as .xlsx")
    if any(name.startswith("word/") for name in names):
        raise Unreadable("rejected", "a Word document; save it as PDF or HTML")
    if any(name.startswith("ppt/") for name in names):
        raise Unreadable("rejected", "a PowerPoint file; save it as PDF")
    raise Unreadable("rejected", "the workbook is damaged: it has no workbook part")


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Relation id -> (type, member name) of a part's relations."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    content = archive.read(path)
    if not content:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for node in _parse(content, path):
        target = node.get("Target") or ""
        if node.get("TargetMode") == "External":
            continue
        full = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[node.get("Id") or ""] = (node.get("Type") or "", full)
    return found


def _refuse_document_type(content: bytes, path: str) -> None:
    """The format has no document types. One that declares entities would make text differ between readers."""
    if any(mark in content for mark in _DOCUMENT_TYPES):
        raise Unreadable("quarantined", f"a hostile workbook: {path} declares a document type, which no workbook has")


def _parse(content: bytes, path: str) -> Any:
    from lxml import etree

    if not content:
        raise Unreadable("rejected", f"the workbook is damaged: {path} is missing or empty")
    _refuse_document_type(content, path)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("rejected", f"the workbook is damaged in {path} ({error.msg})") from error


def _name(node: Any) -> str:
    return node.tag.rsplit("}", 1)[-1] if isinstance(node.tag, str) else ""


def _events(content: bytes, path: str, names: tuple[str, ...]) -> Iterator[Any]:
    """Elements with one of the local names, each cleared after use so that memory stays bounded."""
    from lxml import etree

    _refuse_document_type(content, path)
    try:
        walk = etree.iterparse(
            io.BytesIO(content),
            events=("end",),
            tag=[f"{{*}}{name}" for name in names],
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
        )
        for _event, node in walk:
            yield node
            node.clear()
            parent = node.getparent()
            while parent is not None and node.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise Unreadable("rejected", f"the workbook is damaged in {path} ({error.msg})") from error


# -- shared parts ---------------------------------------------------------------------------------------------------


def _strings(content: bytes, path: str) -> list[tuple[str, tuple[str, ...]]]:
    if not content:
        return []
    return [_rich_text(node) for node in _events(content, path, ("si",))]


def _rich_text(node: Any) -> tuple[str, tuple[str, ...]]:
    """Text of a string item: superscript runs are footnote marks, phonetic guides are no text."""
    pieces: list[str] = []
    for child in node:
        name = _name(child)
        if name == "t":
            pieces.append(child.text or "")
        elif name == "r":
            raised = any(_name(inner) == "vertAlign" and inner.get("val") == "superscript" for inner in child.iter())
            text = "".join(inner.text or "" for inner in child if _name(inner) == "t")
            pieces.append(f"{MARK_OPEN}{text}{MARK_CLOSE}" if raised else text)
    text, notes, _lead = settle_marks("".join(pieces))
    return text, notes


def _styles(content: bytes, path: str) -> tuple[list[str], list[bool]]:
    """Number format code and boldness by cell style."""
    if not content:
        return [], []
    root = _parse(content, path)
    codes = dict(BUILT_IN)
    fonts: list[bool] = []
    formats: list[str] = []
    bold: list[bool] = []
    for node in root:
        if _name(node) == "numFmts":
            for entry in node:
                codes[_whole(entry.get("numFmtId"), 0, "a number format")] = entry.get("formatCode") or "General"
        elif _name(node) == "fonts":
            fonts = [
                any(_name(part) == "b" and part.get("val") not in ("0", "false") for part in font) for font in node
            ]
    for node in root:
        if _name(node) == "cellXfs":
            for style in node:
                formats.append(codes.get(_whole(style.get("numFmtId"), 0, "a number format"), "General"))
                font = _whole(style.get("fontId"), 0, "a font")
                bold.append(fonts[font] if font < len(fonts) else False)
    return formats, bold


# -- sheets ---------------------------------------------------------------------------------------------------------


def _whole(text: str | None, default: int, what: str) -> int:
    """A count or an index of the format; raises Unreadable for anything that is no whole number from 0."""
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text.strip()):
        raise Unreadable("rejected", f"the workbook is damaged: {what} is {text[:40]!r}; expected a whole number")
    return int(text)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """A column number as a sheet names it: 1 -> A, 28 -> AB."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _read_sheet(name: str, content: bytes, book: _Workbook, limits: Limits) -> _Sheet:
    sheet = _Sheet(name)
    row_number = 0
    for node in _events(content, f"sheet '{name}'", ("row", "col", "mergeCell", "sheetFormatPr")):
        tag = _name(node)
        if tag == "row":
            row_number = _whole(node.get("r"), row_number + 1, f"a row of sheet '{name}'")
            if not 1 <= row_number <= _LAST_ROW:
                raise Unreadable(
                    "rejected", f"the workbook is damaged: sheet '{name}' has a row {row_number:,} of {_LAST_ROW:,}"
                )
            if node.get("hidden") in ("1", "true") or node.get("ht") == "0":
                sheet.hidden_rows.add(row_number)
            _read_row(node, row_number, sheet, book)
            if len(sheet.values) > limits.cells:
                raise Unreadable("quarantined", f"sheet '{name}' has more than {limits.cells:,} filled cells")
        elif tag == "col":
            if node.get("hidden") in ("1", "true") or node.get("width") == "0":
                low, high = (_whole(node.get(end), 1, f"a column of sheet '{name}'") for end in ("min", "max"))
                sheet.hidden_columns.update(range(low, min(high, 16_384) + 1))
        elif tag == "mergeCell":
            corners = _ADDRESS.findall(node.get("ref") or "")
            if len(corners) == 2:
                (left, top), (right, bottom) = corners
                sheet.merges[int(top), _column_number(left)] = (int(bottom), _column_number(right))
    rows = len({row for row, _column in sheet.values})
    if rows > limits.table_rows:
        raise Unreadable(
            "quarantined",
            f"sheet '{name}' has {rows:,} filled rows; at most {limits.table_rows:,} are read, none were taken",
        )
    return sheet


def _read_row(node: Any, row: int, sheet: _Sheet, book: _Workbook) -> None:
    column = 0
    for cell in node:
        if _name(cell) != "c":
            continue
        address = _ADDRESS.fullmatch(cell.get("r") or "")
        column = _column_number(address[1]) if address else column + 1
        value = _value(cell, f"{column_letters(column)}{row}", sheet, book)
        if value is not None and (value.text or value.notes):
            sheet.values[row, column] = value


def _value(cell: Any, address: str, sheet: _Sheet, book: _Workbook) -> _Value | None:
    kind = cell.get("t") or "n"
    style = _whole(cell.get("s"), 0, f"the style of cell {address}")
    bold = book.bold[style] if style < len(book.bold) else False
    code = book.formats[style] if style < len(book.formats) else "General"
    stored = formula = inline = None
    for child in cell:
        name = _name(child)
        if name == "v":
            stored = child.text
        elif name == "f":
            formula = True
        elif name == "is":
            inline = child
    if kind == "inlineStr" and inline is not None:
        text, notes = _rich_text(inline)
        return _Value(text, notes, bold=bold)
    if stored is None or stored == "":
        if formula and kind != "str":
            sheet.uncomputed.append(address)
        return None
    if kind == "s":
        index = _whole(stored, 0, f"the text of cell {address}")
        if index >= len(book.strings):
            raise Unreadable("rejected", f"the workbook is damaged: cell {address} names a text that is not there")
        text, notes = book.strings[index]
        return _Value(text, notes, bold=bold)
    if kind in ("str", "d"):
        text, notes, _lead = settle_marks(stored)
        return _Value(text, notes, bold=bold)
    if kind == "b":
        return _Value("TRUE" if stored == "1" else "FALSE", bold=bold)
    if kind == "e":
        sheet.errors.append(f"{address} {stored}")
        return _Value(stored, bold=bold)
    number = float(stored) if _STORED_NUMBER.fullmatch(stored) else math.nan
    if not math.isfinite(number):
        return _Value(fold(stored), bold=bold)
    if shows_digits_of_its_own(code):
        sheet.errors.append(f"{address} (its number format prints digits of its own: {code[:40]})")
        return None
    text = show(number, code, book.date_1904)
    if is_date_format(code):
        return _Value(text, number_format=code, bold=bold)
    return _Value(text, number=number, number_format="" if code == "General" else code, bold=bold)


# -- regions --------------------------------------------------------------------------------------------------------


def _add_sheet(sheet: _Sheet, parts: Parts) -> None:
    _remark_left_out(sheet, parts)
    visible = {
        (row, column): value
        for (row, column), value in sheet.values.items()
        if row not in sheet.hidden_rows and column not in sheet.hidden_columns
    }
    if not visible:
        parts.remark(f"sheet '{sheet.name}' is empty")
        return
    by_row: dict[int, dict[int, _Value]] = {}
    for (row, column), value in sorted(visible.items()):
        by_row.setdefault(row, {})[column] = value
    first = True
    for region in _regions(by_row, sheet.hidden_rows):
        _add_region(region, by_row, sheet, parts, first)
        first = False


def _remark_left_out(sheet: _Sheet, parts: Parts) -> None:
    filled_rows = sorted({row for row, _column in sheet.values} & sheet.hidden_rows)
    filled_columns = sorted({column for _row, column in sheet.values} & sheet.hidden_columns)
    if filled_rows:
        parts.remark(
            f"sheet '{sheet.name}': {len(filled_rows)} hidden row(s) were left out, the first is {filled_rows[0]}"
        )
    if filled_columns:
        shown = ", ".join(column_letters(column) for column in filled_columns[:10])
        parts.remark(f"sheet '{sheet.name}': hidden column(s) {shown} were left out")
    if sheet.uncomputed:
        parts.remark(
            f"sheet '{sheet.name}': {len(sheet.uncomputed)} formula cell(s) have no stored value, the first is "
            f"{sheet.uncomputed[0]}; open the workbook in a spreadsheet program and save it"
        )
    if sheet.errors:
        parts.remark(f"sheet '{sheet.name}': {len(sheet.errors)} cell(s) hold an error, the first is {sheet.errors[0]}")


def _regions(by_row: dict[int, dict[int, _Value]], hidden: set[int]) -> list[list[int]]:
    """Rows of each region. Blank rows part regions, unless the lower one plainly goes on under the upper one's head."""
    regions: list[list[int]] = []
    for row in sorted(by_row):
        if regions and all(between in hidden for between in range(regions[-1][-1] + 1, row)):
            regions[-1].append(row)
        else:
            regions.append([row])
    merged: list[list[int]] = []
    for region in regions:
        if merged and _goes_on(merged[-1], region, by_row):
            merged[-1] += region
        else:
            merged.append(region)
    return merged


def _is_data(value: _Value) -> bool:
    if value.number is not None:
        year = value.number == int(value.number) and 1990 <= value.number <= 2100 and "," not in value.number_format
        return not (year and "%" not in value.number_format)
    return bool(_NIL.fullmatch(value.text))


def _goes_on(upper: list[int], lower: list[int], by_row: dict[int, dict[int, _Value]]) -> bool:
    if lower[0] - upper[-1] > 3:
        return False
    upper_columns = {column for row in upper if len(by_row[row]) > 1 for column in by_row[row]}
    wide = [by_row[row] for row in lower if len(by_row[row]) > 1]
    if not upper_columns or not wide:
        return False
    if not {column for row in wide for column in row} <= upper_columns | {min(upper_columns) - 1}:
        return False
    first = wide[0]
    rest = [value for column, value in first.items() if column != min(first)]
    return any(_is_data(value) for value in rest) and sum(map(_is_data, rest)) >= 0.5 * len(rest)


def _add_region(
    rows: list[int], by_row: dict[int, dict[int, _Value]], sheet: _Sheet, parts: Parts, first: bool
) -> None:
    columns_used = {column for row in rows for column in by_row[row]}
    notes_sheet = bool(_NOTES_SHEET.search(sheet.name))
    if len(columns_used) == 1 or all(len(by_row[row]) == 1 for row in rows):
        for position, row in enumerate(rows):
            _add_text_row(row, by_row[row], sheet, parts, first and position == 0, notes_sheet)
        return
    start = 0
    while start < len(rows) and len(by_row[rows[start]]) == 1:
        _add_text_row(rows[start], by_row[rows[start]], sheet, parts, first and start == 0, False)
        start += 1
    end = len(rows)
    while end > start and len(by_row[rows[end - 1]]) == 1 and len(next(iter(by_row[rows[end - 1]].values())).text) > 40:
        end -= 1
    _add_table(rows[start:end], by_row, sheet, parts)
    for row in rows[end:]:
        _add_text_row(row, by_row[row], sheet, parts, False, True)


def _add_text_row(
    row: int, values: dict[int, _Value], sheet: _Sheet, parts: Parts, may_be_title: bool, notes_sheet: bool
) -> None:
    for column, value in values.items():
        place = Place(sheet=sheet.name, row=row, column=column)
        short = len(value.text) <= 100 and value.text[-1:] not in ".;。"
        if notes_sheet:
            kind, level = "note", 0
        elif may_be_title and short:
            kind, level = "title", 1
        elif short and not re.match(r"[\d(]", value.text):
            kind, level = "heading", 2 if value.bold else 3
        else:
            kind, level = "paragraph", 0
        parts.block(kind, value.text, level, value.notes, place)


def _add_table(rows: list[int], by_row: dict[int, dict[int, _Value]], sheet: _Sheet, parts: Parts) -> None:
    """Adds a table whose rows and columns count as the sheet's own, so that a place is a cell address.

    Rows and columns before the region and hidden ones are empty in the grid.
    """
    last_column = max(column for row in rows for column in by_row[row])
    header_rows = _header_rows(rows, by_row)
    cells: list[Cell] = []
    for row in rows:
        for column, value in by_row[row].items():
            bottom, right = sheet.merges.get((row, column), (row, column))
            cells.append(
                Cell(
                    value.text,
                    row,
                    column,
                    min(bottom, rows[-1]) - row + 1,
                    min(right, last_column) - column + 1,
                    row in header_rows,
                    value.notes,
                    value.number,
                    value.number_format,
                )
            )
    parts.table(cells, rows[-1], last_column, place=Place(sheet=sheet.name))


def _header_rows(rows: list[int], by_row: dict[int, dict[int, _Value]]) -> set[int]:
    """Leading rows that hold no figures: set in bold, or words, years and quarters alone above the first figures."""
    header: set[int] = set()
    for row in rows:
        values = list(by_row[row].values())
        if header and len(values) == 1:
            break
        if all(value.bold for value in values) or not any(_is_data(value) for value in values):
            header.add(row)
        else:
            break
    return header if len(header) < len(rows) else set()
