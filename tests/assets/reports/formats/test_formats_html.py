"""HTML reader: the layouts that real exhibits, investor pages and annual reports use."""

from __future__ import annotations

import pytest

from assets.reports.document import Block, Document, Table, Unreadable
from assets.reports.formats import Limits, read_document


def read(body: str) -> Document:
    return read_document(f"<html><body>{body}</body></html>".encode(), "page.html")


def blocks(document: Document) -> list[tuple[str, int, str]]:
    return [(part.kind, part.level, part.text) for part in document.parts if isinstance(part, Block)]


def tables(document: Document) -> list[Table]:
    return [part for part in document.parts if isinstance(part, Table)]


def texts(table: Table) -> list[list[str]]:
    return [[cell.text if cell else "" for cell in row] for row in table.grid()]


def test_a_layout_table_with_one_bullet_is_a_bullet() -> None:
    """Exhibits set each bullet in a table of its own; as tables they would hide every sentence from the prose."""
    document = read(
        "<table><tr><td>&nbsp;</td><td><font style='font-family:Symbol'>&#183;</font></td>"
        "<td>Area in service was 630,963&nbsp;sqm.</td></tr></table>"
    )
    assert blocks(document) == [("bullet", 0, "Area in service was 630,963 sqm.")]
    assert not tables(document)


def test_nested_lists_keep_depth_and_their_own_text() -> None:
    """A bullet must not carry the figures of the bullets below it."""
    document = read("<ul><li>Utilisation 60.4%<ul><li>mature 72.3%</li></ul>tail</li><li>Next</li></ul>")
    assert blocks(document) == [
        ("bullet", 0, "Utilisation 60.4%"),
        ("bullet", 1, "mature 72.3%"),
        ("bullet", 0, "tail"),
        ("bullet", 0, "Next"),
    ]


def test_footnote_marks_leave_the_text_but_units_stay() -> None:
    """'332MW2' and '49,4336' are the classic wrong figures; 'm2' is a unit."""
    document = read(
        "<p>Capacity 332MW<sup>2</sup> on 10,000 m<sup>2</sup> and 5,000 m² for 49,433<sup>(6)</sup> at 8217 Road¹.</p>"
        "<p>Bare <span style='vertical-align:super'>3</span>mark on the 1<sup>st</sup> floor.</p>"
    )
    first, second = (part for part in document.parts if isinstance(part, Block))
    assert first.text == "Capacity 332MW on 10,000 m² and 5,000 m² for 49,433 at 8217 Road."
    assert first.notes == ("2", "6", "1")
    assert second.text == "Bare mark on the 1st floor."
    assert second.notes == ("3",)


def test_footnotes_are_split_by_mark_and_labelled() -> None:
    """A pro forma footnote must be found by its mark."""
    document = read(
        "<table><tr><td>Contracted<sup>1</sup></td><td>416MW<sup>2</sup></td></tr><tr><td>x</td><td>1</td></tr></table>"
        "<p>1 Signed contracts. 2 Rounded.</p>"
    )
    notes = [part for part in document.parts if isinstance(part, Block)]
    assert [(note.kind, note.notes, note.text) for note in notes] == [
        ("note", ("1",), "Signed contracts."),
        ("note", ("2",), "Rounded."),
    ]


def test_hidden_and_struck_text_is_not_printed() -> None:
    """Hidden helpers and corrected figures are not what the reader of a page sees; struck text is remarked."""
    document = read(
        "<style>.x{display:none}</style><p class='x'>1 MW</p><p hidden>2 MW</p><p style='display: none'>3 MW</p>"
        "<script>4</script><p><s>69.0%</s> 72.0%</p>"
    )
    assert blocks(document) == [("paragraph", 0, "72.0%")]
    assert any("69.0%" in remark for remark in document.remarks)


def test_headings_by_tag_and_by_bold_alone() -> None:
    """Press releases write headings as bold paragraphs; a bold lead-in does not make its paragraph a heading."""
    document = read(
        "<h2>Facilities</h2><p><b><u>Operating points</u></b></p><p><b>Definitions.</b> Area covers halls.</p>"
    )
    assert blocks(document) == [
        ("heading", 2, "Facilities"),
        ("heading", 4, "Operating points"),
        ("paragraph", 0, "Definitions. Area covers halls."),
    ]


def test_spans_and_head_flags() -> None:
    """Year heads span quarters; extraction needs the spans and which rows stand in the head."""
    table = tables(
        read(
            "<table><thead><tr><th rowspan=2>m</th><th colspan=2>2024</th></tr><tr><th>1Q</th><th>2Q</th></tr></thead>"
            "<tr><td>MW</td><td>1</td><td>2</td></tr></table>"
        )
    )[0]
    assert texts(table) == [["m", "2024", "2024"], ["m", "1Q", "2Q"], ["MW", "1", "2"]]
    assert [cell.header for cell in table.cells] == [True, True, True, True, False, False, False]


def test_symbol_and_spacer_columns_fold_into_their_figures() -> None:
    """Statements put '%' and ')' in columns of their own; a figure without them loses unit or sign."""
    table = tables(
        read(
            "<table><tr><td></td><td></td><td colspan=2>2023</td><td></td><td colspan=2>2024</td></tr>"
            "<tr><td>Rate</td><td></td><td>92.4</td><td>%</td><td></td><td>92.5</td><td>%</td></tr></table>"
        )
    )[0]
    assert texts(table) == [["", "2023", "2024"], ["Rate", "92.4%", "92.5%"]]


def test_a_unit_column_stays_a_column() -> None:
    """Folding symbols must not eat a column of units."""
    table = tables(
        read("<table><tr><td>Area</td><td>5</td><td>sqm</td></tr><tr><td>Rate</td><td>7</td><td>%</td></tr></table>")
    )[0]
    assert texts(table) == [["Area", "5", "sqm"], ["Rate", "7", "%"]]


def test_absurd_spans_are_clamped() -> None:
    """colspan=1000000000 must cost nothing (a trap of the design notes)."""
    table = tables(
        read("<table><tr><td colspan=1000000000 rowspan=999999999>A</td></tr><tr><td>b</td><td>5</td></tr></table>")
    )[0]
    assert (table.rows, table.columns) <= (2, 4)


def test_a_table_of_300_000_rows_is_refused_with_a_reason() -> None:
    """Hostile tables are bounded, and the reason says so."""
    body = "<table>" + "<tr><td>a</td><td>1</td></tr>" * 1_001 + "</table>"
    with pytest.raises(Unreadable) as refused:
        read_document(body.encode(), "x.html", Limits(table_rows=1_000))
    assert refused.value.status == "quarantined"
    assert "1,001 rows" in refused.value.reason


def test_deep_nesting_is_refused() -> None:
    """A page nested a hundred thousand deep must not end the process."""
    with pytest.raises(Unreadable) as refused:
        read_document(b"<div>" * 100_000 + b"5 MW", "x.html")
    assert refused.value.status == "quarantined"


def test_nested_tables_are_read_one_by_one() -> None:
    """Page furniture holds the real table; both its place and its cells must survive."""
    document = read(
        "<table><tr><td><p>Intro</p><table><tr><th>Site</th><th>MW</th></tr>"
        "<tr><td>A</td><td>5</td></tr></table></td></tr></table>"
    )
    assert blocks(document) == [("paragraph", 0, "Intro")]
    assert texts(tables(document)[0]) == [["Site", "MW"], ["A", "5"]]


@pytest.mark.parametrize(
    "card",
    [
        "<dl><dt>Occupancy</dt><dd>98.3%</dd><dt>WALE</dt><dd>2.7 years</dd></dl>",
        "<div><div><span>Occupancy</span><span>98.3%</span></div>"
        "<div><span>WALE</span><span>2.7 years</span></div></div>",
    ],
)
def test_cards_without_table_tags_become_tables(card: str) -> None:
    """A card is label and value, however it is marked up; glued text would read 'Occupancy98.3%'."""
    assert texts(tables(read(card))[0]) == [["Occupancy", "98.3%"], ["WALE", "2.7 years"]]


def test_sec_wrappers_are_no_text() -> None:
    """The submission header stands in tags that are never closed."""
    data = b"<DOCUMENT>\n<TYPE>6-K\n<SEQUENCE>1\n<FILENAME>f.htm\n<TEXT>\n"
    data += b"<HTML><BODY><P>Area was 5 sqm.</P></BODY></HTML>\n</TEXT>\n</DOCUMENT>"
    assert blocks(read_document(data, "x.htm")) == [("paragraph", 0, "Area was 5 sqm.")]


def test_line_breaks_split_unless_the_sentence_runs_on() -> None:
    """Old pages wrap paragraphs with <br>; a figure must stay in its sentence."""
    document = read("<p>Utilised area was 5 sqm as of<br>June 30, 2024.<br>Area in service was 9 sqm.</p>")
    assert [text for _kind, _level, text in blocks(document)] == [
        "Utilised area was 5 sqm as of June 30, 2024.",
        "Area in service was 9 sqm.",
    ]


def test_places_count_parts_and_tables() -> None:
    """Locators are only as good as the numbering behind them."""
    document = read("<p>a</p><table><tr><td>x</td><td>1</td></tr><tr><td>y</td><td>2</td></tr></table><p>b</p>")
    assert [part.place.block for part in document.parts] == [1, 2, 3]
    assert document.parts[1].place.table == 1
