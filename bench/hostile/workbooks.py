"""Sound containers with hostile XML: entities, absurd addresses, numbers that are none, formulas, number formats."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.hostile.case import Case, held, operator_of, partly
from bench.hostile.workbook_file import MAIN, PACKAGE, RELATIONS, Value, rows_xml, sheet_xml, workbook

KIND = "workbook"
_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {name} "{"&" + before + ";" * 1}{("&" + before + ";") * 9}">'
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
_OUTSIDE = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
_PARAMETER = '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'
_QUADRATIC = f'<!DOCTYPE x [<!ENTITY q "{"q" * 100_000}">]>'


def rows_of(name: str, *values: Value) -> list[list[Value]]:
    """The plain template with one figure a value, in MW."""
    head: list[Value] = ["operator", "period_end", "metric", "value", "unit"]
    return [head, *([operator_of(name), "2025-06-30", "capacity_in_service", value, "mw"] for value in values)]


def cases() -> list[Case]:
    """Every workbook whose container is sound and whose parts are not."""
    made: list[Case] = []

    def hold(name: str, make: Callable[[], bytes]) -> None:
        made.append(held(KIND, f"{name}.xlsx", make))

    for label, prologue, use in (
        ("laughs", _LAUGHS, "&j;"),
        ("outside", _OUTSIDE, "&x;"),
        ("parameter", _PARAMETER, "x"),
        ("quadratic", _QUADRATIC, "&q;" * 2_000),
    ):
        inner = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{use}</t></is></c></row>'
        hold(f"xml_{label}_in_sheet", partial(_sheet, inner, prologue))
        strings = f'{prologue}<sst xmlns="{MAIN}"><si><t>{use}</t></si></sst>'.encode()
        hold(f"xml_{label}_in_strings", partial(workbook, [["a", 1.0]], **{"xl/sharedStrings.xml": strings}))
    hold("xml_laughs_in_styles", partial(_part, "xl/styles.xml", f'{_LAUGHS}<styleSheet xmlns="{MAIN}"/>'))
    # Part of the number stands in an entity: a parser that leaves it out reads 9 for 95.
    split = '<!DOCTYPE x [<!ENTITY n "5">]>'
    rows = rows_xml(rows_of("xml_number_in_entity", 9.25)).replace("<v>9.25</v>", "<v>9&n;.25</v>")
    hold("xml_number_in_entity", partial(_sheet, rows, split))
    hold("xml_deep", lambda: _sheet("<row>" * 60_000))
    hold("xml_many_attributes", lambda: _sheet("<row " + " ".join(f'a{n}="1"' for n in range(60_000)) + "/>"))
    hold("xml_long_text", lambda: _sheet(rows_xml([["x" * 10_500_000]])))
    hold("xml_not_well_formed", lambda: _sheet('<row r="1"><c r="A1"><v>1</row>'))
    hold("xml_bad_bytes", lambda: _part("xl/worksheets/sheet1.xml", "") + b"")
    hold("xml_no_sheets", lambda: _part("xl/workbook.xml", f'<workbook xmlns="{MAIN}"/>'))
    hold("xml_many_sheets", _many_sheets)
    hold("xml_workbook_is_its_own_sheet", lambda: _related("workbook.xml"))
    hold("xml_root_is_a_row", lambda: _part("xl/worksheets/sheet1.xml", "<!-- x --><row><c><v>1</v></c></row>"))
    hold("xml_relation_outside", lambda: _related("../../../../etc/passwd"))
    for label, old, new in (
        ("row_huge", 'r="2"', 'r="999999999999"'),
        ("row_text", 'r="2"', 'r="two"'),
        ("row_minus", 'r="2"', 'r="-2"'),
        ("row_last", 'r="2"', 'r="1048576"'),
        ("column_beyond", 'r="D2"', 'r="ZZZ2"'),
        ("style_huge", 'r="D2"', 'r="D2" s="99999999999999999999"'),
        ("style_text", 'r="D2"', 'r="D2" s="x"'),
        ("string_minus", 'r="D2"', 'r="D2" t="s"'),
        ("string_beyond", 'r="D2"', 'r="D2" t="s"'),
        ("string_text", 'r="D2"', 'r="D2" t="s"'),
    ):
        name = f"cell_{label}"
        value = {"cell_string_minus": "-1", "cell_string_beyond": "5000", "cell_string_text": "one"}.get(name, "12.5")
        inner = rows_xml(rows_of(name, 12.5)).replace(old, new).replace("<v>12.5</v>", f"<v>{value}</v>")
        # A style that is nowhere or a row far down leaves the figure what it is.
        harmless = label in ("style_huge", "row_last", "column_beyond")
        make = partial(_sheet, inner)
        made.append(partly(KIND, f"{name}.xlsx", make, 12.5) if harmless else held(KIND, f"{name}.xlsx", make))
    hold(
        "cell_merged_all",
        lambda: _sheet(rows_xml([["x"]]), after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    )
    hold(
        "cell_far_apart",
        lambda: _sheet("".join(f'<row r="{n * 5_000}"><c r="A{n * 5_000}"><v>1</v></c></row>' for n in range(1, 200))),
    )
    hold(
        "cell_wide_sparse",
        lambda: _sheet("".join(f'<row r="{n}"><c r="{_letters(n * 300)}{n}"><v>1</v></c></row>' for n in range(1, 50))),
    )
    for label, stored in (
        ("nan", "NaN"),
        ("inf", "INF"),
        ("infinity", "-Infinity"),
        ("over", "1e400"),
        ("huge", "1e308"),
        ("digits", "9" * 5_000),
        ("underscore", "1_2"),
        ("arabic", "١٢"),
        ("hex", "0x10"),
        ("space", "1 2"),
        ("minus", "-12.5"),
        ("tiny", "1e-320"),
    ):
        name = f"number_{label}"
        inner = rows_xml(rows_of(name, 7.0)).replace("<v>7.0</v>", f"<v>{stored}</v>")
        hold(name, partial(_sheet, inner))
    for label, formula, stored in (
        ("webservice", 'WEBSERVICE("http://127.0.0.1:9/x")', "12.5"),
        ("hyperlink", 'HYPERLINK("http://x.invalid","12.5")', "12.5"),
        ("dde", "cmd|'/c calc'!A0", "12.5"),
        ("external", "[1]Sheet1!A1", "12.5"),
        ("lying", "1/0", "12.5"),
        ("uncomputed", "WEBSERVICE(1)", ""),
        ("long", "A1+" * 60_000 + "1", "12.5"),
    ):
        name = f"formula_{label}"
        cell = f"<f>{formula.replace('&', '&amp;')}</f>" + (f"<v>{stored}</v>" if stored else "")
        inner = rows_xml(rows_of(name, 7.0)).replace("<v>7.0</v>", cell)
        made.append(partly(KIND, f"{name}.xlsx", partial(_sheet, inner), 12.5))
    for label, code in (
        ("scaled", "#" + "," * 3_000),
        ("places", "0." + "0" * 3_000),
        ("literals", '"a"' * 400 + "0"),
        ("private", "\ue150\ue1ff0"),
        ("sections", ";" * 5_000),
        ("quote", '"' + "0" * 50),
        ("long", "#,##0" * 20_000),
        ("tiny_scale", "0,,,,,,,,,,"),
    ):
        name = f"format_{label}"
        styles = (
            f'<styleSheet xmlns="{MAIN}"><numFmts>'
            f'<numFmt numFmtId="170" formatCode="{code.replace(chr(34), "&quot;")}"/>'
            '</numFmts><cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>'
        ).encode()
        inner = rows_xml(rows_of(name, 7.5, 1e300)).replace('<c r="D', '<c s="0" r="D')
        parts = {"xl/styles.xml": styles, "xl/worksheets/sheet1.xml": sheet_xml(inner)}
        made.append(partly(KIND, f"{name}.xlsx", partial(workbook, [], **parts), 7.5))
    # The cell shows 99.5 whatever it holds: what is seen and what is stored contradict each other.
    name = "format_shows_another"
    shown = f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="&quot;99.5&quot;"/></numFmts>'
    styles = f'{shown}<cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>'.encode()
    inner = rows_xml(rows_of(name, 7.5)).replace('<c r="D', '<c s="0" r="D')
    parts = {"xl/styles.xml": styles, "xl/worksheets/sheet1.xml": sheet_xml(inner)}
    hold(name, partial(workbook, [], **parts))
    bad_styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="x" fontId="-99"/></cellXfs></styleSheet>'
    made.append(partly(KIND, "styles_text.xlsx", lambda: _part("xl/styles.xml", bad_styles)))
    for label, serial, ends in (
        ("leap_1900", 60.0, ()),
        ("minus", -5.0, ()),
        ("huge", 1e12, ()),
        ("future", 73050.0, ()),
        ("zero", 0.0, ()),
        ("fraction", 45838.99999, ("2025-06-30",)),
    ):
        made.append(
            partly(
                KIND,
                f"date_serial_{label}.xlsx",
                partial(_dated, f"date_serial_{label}", serial, ""),
                12.5,
                ends=ends or ("none",),
            )
        )
    # The same number is four years and a day later under the other calendar of workbooks.
    made.append(
        partly(
            KIND,
            "date_serial_1904.xlsx",
            partial(_dated, "date_serial_1904", 45838.0 - 1462, 'date1904="1"'),
            12.5,
            ends=("2025-06-30",),
        )
    )
    return made


def _sheet(inner: str, before: str = "", after: str = "") -> bytes:
    return _part("xl/worksheets/sheet1.xml", sheet_xml(inner, before, after).decode())


def _part(name: str, content: str) -> bytes:
    return workbook([["a", 1.0]], **{name: content.encode()})


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _many_sheets() -> bytes:
    sheets = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, 600))
    return _part(
        "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets></workbook>'
    )


def _related(target: str) -> bytes:
    """A workbook whose only sheet is said to be another part."""
    inner = f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="{target}"/>'
    return _part("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}">{inner}</Relationships>')


def _dated(name: str, serial: float, properties: str) -> bytes:
    sheets = '<sheets><sheet name="D" sheetId="1" r:id="rId1"/></sheets>'
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr {properties}/>{sheets}</workbook>'
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    inner = rows_xml(rows_of(name, 12.5)).replace(
        '<c r="B2" t="inlineStr"><is><t>2025-06-30</t></is></c>', f'<c r="B2" s="1"><v>{serial!r}</v></c>'
    )
    parts = {
        "xl/workbook.xml": book.encode(),
        "xl/styles.xml": styles.encode(),
        "xl/worksheets/sheet1.xml": sheet_xml(inner),
    }
    return workbook([], **parts)
