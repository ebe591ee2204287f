"""PDF reader: reading order, joined lines and tables, on pages written for each test."""

from __future__ import annotations

import textwrap

import pytest
from paper import Sheet, pdf

from assets.reports.document import Block, Document, Table, Unreadable
from assets.reports.formats import Limits, read_document

LEFT = (
    "GDS Holdings Limited gives its unaudited numbers for the quarter that closed on September 30, 2021 and explains "
    "its measures in the first column of the page, with call details after that. Replay code 7730016 stays for a week."
)
RIGHT = (
    "Area in service rose in the quarter by 27,811 sqm to 452,830 sqm as of September 30, 2021, up 55.5% Y-o-Y ("
    "September 30, 2020 R: 291,282 sqm). The commitment rate was 95.9% and the utilization rate was 66.3% at that date."
)
THIRD = (
    "Committed area in total came to 531,760 sqm at the end of the quarter, and area under construction amounted to "
    "157,227 sqm, most of which is committed by customers under long contracts that begin in the years after this one."
)


def read(*sheets: Sheet) -> Document:
    return read_document(pdf(*sheets), "x.pdf")


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in document.parts if isinstance(part, Block)]


def grid(document: Document) -> list[list[str]]:
    table = next(part for part in document.parts if isinstance(part, Table))
    return [[cell.text if cell else "" for cell in row] for row in table.grid()]


def test_two_columns_at_equal_heights_do_not_interleave() -> None:
    """Lines of both columns share baselines; a heading stands over both, a page number below."""
    sheet = Sheet().text(60, 50, "Results of the third quarter of 2021 over both columns of this page", 14, bold=True)
    sheet.lines(60, 80, textwrap.wrap(LEFT, 46)).lines(310, 80, textwrap.wrap(RIGHT, 46)).text(280, 815, "- 3 -", 8)
    found = blocks(read(sheet))
    assert found[0] == ("title", "Results of the third quarter of 2021 over both columns of this page")
    assert [text for _kind, text in found[1:]] == [LEFT, RIGHT]


def test_three_columns() -> None:
    """The same with narrow columns."""
    sheet = Sheet()
    for x, text in ((40, LEFT), (220, RIGHT), (400, THIRD)):
        sheet.lines(x, 80, textwrap.wrap(text, 34), 8, 11)
    assert [text for _kind, text in blocks(read(sheet))] == [LEFT, RIGHT, THIRD]


@pytest.mark.parametrize("keep_spaces", [True, False])
def test_numbered_chunks_are_joined(keep_spaces: bool) -> None:
    """Running numbers go, words and numbers cut over lines are whole again, also where spaces at the cuts were lost."""
    chunks = [RIGHT[start : start + 40] for start in range(0, len(RIGHT), 40)]
    lines = [f"{number}. {chunk if keep_spaces else chunk.strip()}" for number, chunk in enumerate(chunks, start=1)]
    assert [text for _kind, text in blocks(read(Sheet().lines(50, 60, lines)))] == [RIGHT]


def test_unruled_table_with_heads_and_labels_over_two_lines() -> None:
    """Properties as columns: two-line heads, two-line labels, a superscript digit fused to a name."""
    sheet = Sheet()
    for x, upper, lower in (
        (190, "Kelsterbach", "Data Centre"),
        (290, "Keppel", "DC Dublin 1"),
        (390, "Milan", "Data Centre"),
    ):
        sheet.text(x, 100, upper, 8).text(x, 110, lower, 8)
    sheet.text(235, 110, "5", 5, rise=3)
    for label, top, values in (
        ("Attributable lettable", 130, ()),
        ("area (sq ft)", 140, ("540,869", "66,124", "165,389")),
        ("Occupancy rate (%)", 160, ("100", "98.4", "100")),
    ):
        sheet.text(60, top, label, 8)
        for x, value in zip((190, 290, 390), values, strict=False):
            sheet.text(x, top, value, 8)
    document = read(sheet)
    assert grid(document) == [
        ["", "Kelsterbach Data Centre", "Keppel DC Dublin 1", "Milan Data Centre"],
        ["Attributable lettable area (sq ft)", "540,869", "66,124", "165,389"],
        ["Occupancy rate (%)", "100", "98.4", "100"],
    ]
    table = document.parts[0]
    assert isinstance(table, Table)
    assert [cell.notes for cell in table.cells if cell.text == "Kelsterbach Data Centre"] == [("5",)]


def test_a_table_under_two_columns_of_text_stays_whole() -> None:
    """The gutter of the text runs through the table too."""
    sheet = Sheet().lines(60, 80, textwrap.wrap(LEFT, 40)).lines(320, 80, textwrap.wrap(RIGHT, 40))
    for number, row in enumerate(
        (("Measure", "2023", "2024"), ("Area (sqm)", "531,216", "630,963"), ("Rate", "72.0%", "73.3%"))
    ):
        for x, text in zip((60, 300, 420), row, strict=True):
            sheet.text(x, 220 + 15 * number, text)
    document = read(sheet)
    assert " ".join(text for _kind, text in blocks(document)) == f"{LEFT} {RIGHT}"
    assert grid(document)[1] == ["Area (sqm)", "531,216", "630,963"]


def test_cards_are_parted_by_their_headings() -> None:
    """Each property's card has a heading of its own, which is no label of a figure."""
    sheet = Sheet()
    for top, name, rate in ((80, "Digital Osaka 2", "98.3%"), (140, "44520 Hastings Drive", "100.0%")):
        sheet.text(60, top, name, 11, bold=True).text(60, top + 18, "Occupancy, 31 December 2025").text(
            300, top + 18, rate
        )
        sheet.text(60, top + 31, "WALE (years)").text(300, top + 31, "2.7")
    document = read(sheet)
    assert [text for _kind, text in blocks(document)] == ["Digital Osaka 2", "44520 Hastings Drive"]
    assert grid(document) == [["Occupancy, 31 December 2025", "98.3%"], ["WALE (years)", "2.7"]]


def test_ruled_table() -> None:
    """Rules decide over the layout: a label over two lines in one box is one label."""
    sheet = Sheet()
    for top in (90, 110, 140, 160):
        sheet.rule(50, top, 400, top)
    for x in (50, 200, 300, 400):
        sheet.rule(x, 90, x, 160)
    sheet.text(210, 104, "2023", 8).text(310, 104, "2024", 8)
    sheet.text(55, 120, "Attributable lettable", 8).text(55, 131, "area (sq ft)", 8)
    sheet.text(210, 131, "3,183,191", 8).text(310, 131, "2,721,198", 8)
    sheet.text(55, 154, "Occupancy", 8).text(210, 154, "97.2%", 8).text(310, 154, "95.8%", 8)
    assert grid(read(sheet)) == [
        ["", "2023", "2024"],
        ["Attributable lettable area (sq ft)", "3,183,191", "2,721,198"],
        ["Occupancy", "97.2%", "95.8%"],
    ]


def test_running_heads_rotated_text_and_page_numbers_are_dropped() -> None:
    """They would stand in the middle of sentences; a paragraph cut by the page end is whole again."""
    pages = []
    for number in (1, 2, 3):
        sheet = Sheet().text(60, 30, "Operator PLC interim report 2025", 8).text(500, 820, str(number), 8)
        sheet.rotated(580, 400, "99 MW")
        pages.append(sheet)
    pages[0].lines(
        60, 100, ["The utilised capacity of the halls in service was at the end of the quarter and before the"]
    )
    pages[1].lines(60, 100, ["holidays 250 MW."])
    pages[2].lines(60, 100, ["Contracted capacity was 300 MW."])
    assert [text for _kind, text in blocks(read(*pages))] == [
        "The utilised capacity of the halls in service was at the end of the quarter and before the holidays 250 MW.",
        "Contracted capacity was 300 MW.",
    ]


def test_pages_are_named() -> None:
    """A locator without its page is of no use in a report of 200."""
    document = read(Sheet().text(60, 100, "First page here."), Sheet().text(60, 100, "Second page here."))
    assert [part.place.page for part in document.parts] == [1, 2]


def test_damage_is_told() -> None:
    """Half a report must not pass as a whole one."""
    whole = pdf(Sheet().lines(60, 100, ["Area in service was 5,000 sqm."] * 20))
    start = whole.index(b"stream") + 30
    broken = whole[:start] + bytes(20) + whole[start + 20 :]
    for data in (whole[: len(whole) // 2], whole[:-30], broken):
        with pytest.raises(Unreadable) as refused:
            read_document(data, "x.pdf")
        assert refused.value.status == "rejected"
        assert "damaged" in refused.value.reason


def test_no_text_layer_and_too_many_pages() -> None:
    """A scan needs a person; a book is over the limit."""
    for data, limits, word in (
        (pdf(Sheet().rule(10, 10, 200, 200)), Limits(), "OCR"),
        (pdf(*[Sheet().text(60, 60, "Text of a page.")] * 4), Limits(pages=3), "4 pages"),
    ):
        with pytest.raises(Unreadable) as refused:
            read_document(data, "x.pdf", limits)
        assert refused.value.status == "quarantined"
        assert word in refused.value.reason
