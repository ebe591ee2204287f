"""Plain text reader: hard wraps, glued sentences, key-indicator boxes and typed tables."""

from __future__ import annotations

from assets.reports.document import Block, Document, Table
from assets.reports.formats import read_document
from assets.reports.formats.wording import looks_like_heading, restore_spaces, split_glued
from assets.reports.formats.wrapping import join_lines


def read(text: str) -> Document:
    return read_document(text.encode(), "release.txt")


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in document.parts if isinstance(part, Block)]


def grid(document: Document) -> list[list[str]]:
    table = next(part for part in document.parts if isinstance(part, Table))
    return [[cell.text if cell else "" for cell in row] for row in table.grid()]


WIRE = """GDS Holdings Limited: figures for the quarter to June 30,
2025
SHANGHAI, August 20, 2025 -- GDS Holdings Limited (NASDAQ:
GDS; HKEX: 9698) has released unaudited numbers.

Operating lines (1)

- Committed area increased by 8.1% Y-o-Y to 663,959 sqm as
of June 30, 2025 (June 30, 2024: 614,094 sqm)
- The utilization rate was 77.5% (June 30, 2024:
72.4%).
(1) Figures at June 30, 2024 have been restated: they
leave out the former segment.
"""


def test_hard_wrapped_release() -> None:
    """Wraps inside brackets, a bullet without full stop, a heading with a mark, and its footnote."""
    document = read(WIRE)
    assert blocks(document) == [
        ("title", "GDS Holdings Limited: figures for the quarter to June 30, 2025"),
        (
            "paragraph",
            "SHANGHAI, August 20, 2025 -- GDS Holdings Limited (NASDAQ: GDS; HKEX: 9698) has released unaudited "
            "numbers.",
        ),
        ("heading", "Operating lines"),
        (
            "bullet",
            "Committed area increased by 8.1% Y-o-Y to 663,959 sqm as of June 30, 2025 (June 30, 2024: 614,094 sqm)",
        ),
        ("bullet", "The utilization rate was 77.5% (June 30, 2024: 72.4%)."),
        ("note", "Figures at June 30, 2024 have been restated: they leave out the former segment."),
    ]
    assert document.parts[2].notes == ("1",)  # type: ignore[union-attr]


def test_hyphens_at_line_ends() -> None:
    """'commit-ment' was one word before it was wrapped, 'pre-committed' keeps its hyphen."""
    assert join_lines(["the commit-", "ment of pre-", "committed space"]) == "the commitment of pre-committed space"


def test_glued_sentences_are_parted() -> None:
    """Web copies lose the breaks between bullets."""
    text = (
        "Published today. Financial HighlightsNet revenue grew (3Q2018: RMB762.8 million).Utilized area rose to 5 sqm "
        "(2018: 4 sqm).About GDSThe company develops data centers."
    )
    assert split_glued(text) == [
        "Published today.",
        "Financial Highlights",
        "Net revenue grew (3Q2018: RMB762.8 million).",
        "Utilized area rose to 5 sqm (2018: 4 sqm).",
        "About GDS",
        "The company develops data centers.",
    ]


def test_names_with_inner_capitals_stay_whole() -> None:
    """DayOne, CyrusOne and EBITDA are no glued sentences."""
    for name in (
        "DayOne leaves the group",
        "CyrusOne and SUNeVision",
        "Adjusted EBITDA margin",
        "MEGA Gateway",
        "SHA TIN",
    ):
        assert split_glued(name) == [name]


def test_lost_spaces_come_back_but_numbers_keep_their_commas() -> None:
    """'June 30,2020,a plus' is two boundaries; '333,461' is none; addresses are left alone."""
    assert (
        restore_spaces(
            "to 333,461 sqm as of June 30,2020,a plus of 51.0% Y-o-Y(June 30,2019:220,818 sqm).In 72.5%as of"
        )
        == "to 333,461 sqm as of June 30, 2020, a plus of 51.0% Y-o-Y (June 30, 2019: 220,818 sqm). In 72.5% as of"
    )
    assert restore_spaces("see https://a.b/c,d:e(f)") == "see https://a.b/c,d:e(f)"


def test_headings() -> None:
    """A building named by its address is a heading, a box line with a count is none."""
    assert looks_like_heading("44520 Hastings Drive")
    assert not looks_like_heading("46 Data Centres")
    assert not looks_like_heading("Area in service was 5 sqm.")


def test_box_lines_stay_lines() -> None:
    """A broker box prints one value and label a line; joined they cannot be told apart."""
    found = blocks(
        read("HONG KONG\n\nKEY INDICATORS\n581MW In Operation\n21% Colo Vacancy\n21 / 46 Operators / Data Centres\n")
    )
    assert [text for _kind, text in found][2:] == [
        "581MW In Operation",
        "21% Colo Vacancy",
        "21 / 46 Operators / Data Centres",
    ]


def test_fixed_width_table_with_years_over_quarters() -> None:
    """Columns are told by what stands under what, and a centred year covers its quarters."""
    document = read(
        "                            2023               2024\n"
        "                         3Q      4Q       1Q      2Q      3Q\n"
        "Equipped space       140,300 144,800  148,300 154,800 159,800\n"
        "Utilisation rate         79%     79%      80%     79%     77%\n"
    )
    assert grid(document) == [
        ["", "2023", "2023", "2024", "2024", "2024"],
        ["", "3Q", "4Q", "1Q", "2Q", "3Q"],
        ["Equipped space", "140,300", "144,800", "148,300", "154,800", "159,800"],
        ["Utilisation rate", "79%", "79%", "80%", "79%", "77%"],
    ]


def test_pipe_and_tab_tables() -> None:
    """Pasted tables come with pipes or tabs."""
    assert grid(read("Results\n\n| Metric | 2024 |\n|---|---|\n| Used | 10 |\n")) == [
        ["Metric", "2024"],
        ["Used", "10"],
    ]
    assert grid(read("Results\n\nSite\tMW\nA\t5\nB\t7\n")) == [["Site", "MW"], ["A", "5"], ["B", "7"]]


def test_running_numbers_are_taken_off_and_cut_words_joined() -> None:
    """Chunks cut words and numbers at arbitrary places; a numbered list is left alone."""
    sentence = (
        "Area in service was up by 36,274 sqm to 266,260 sqm as of June 30, 2020. The utilization rate was 72.5% then."
    )
    chunks = [sentence[start : start + 17] for start in range(0, len(sentence), 17)]
    assert sentence in " ".join(
        text for _kind, text in blocks(read("\n".join(f"{n}. {c}" for n, c in enumerate(chunks, 1))))
    )
    listed = read("1. First item here.\n2. Second item here.\n3. Third item here.\n4. Fourth item here.\n")
    assert len(listed.parts) == 4


def test_hard_wrapped_chinese_joins_without_spaces() -> None:
    """Chinese lines break anywhere; a space inside a word or number would hide it."""
    text = "第三季度数字一览\n\n运营面积单季净增13,358平方米,期末为279,\n618平方米,较上年同期多41.2%(二零一九年九\n"
    text += "月三十日:198,097平方米)。\n期末在建面积135,871平方米。\n"
    found = [body for _kind, body in blocks(read(text))]
    assert found[1:] == [
        "运营面积单季净增13,358平方米,期末为279,618平方米,较上年同期多41.2%(二零一九年九月三十日:198,097平方米)。",
        "期末在建面积135,871平方米。",
    ]
