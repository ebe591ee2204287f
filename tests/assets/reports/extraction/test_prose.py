"""Sentences in wordings of many kinds: each says which figures must come out, and nothing else may."""

from __future__ import annotations

import pytest

from assets.reports.candidates import Extraction
from assets.reports.document import Block, Document, Place
from assets.reports.extraction import extract
from assets.reports.operators import load_layouts


def read(title: str, *lines: str, language: str = "en") -> Extraction:
    """A document of a title and lines: '## ' heading, '- ' bullet, '-- ' bullet within, else paragraph."""
    parts = [Block("title", title, Place(block=1), 1)]
    for number, line in enumerate(lines, start=2):
        kind, text, level = "paragraph", line, 0
        for mark, found, depth in (("## ", "heading", 2), ("-- ", "bullet", 1), ("- ", "bullet", 0)):
            if line.startswith(mark):
                kind, text, level = found, line.removeprefix(mark), depth
                break
        parts.append(Block(kind, text, Place(block=number), level))
    return extract(Document("x.html", "text/html", "0" * 64, 1, tuple(parts), title, language), load_layouts())


def figures(extraction: Extraction) -> list[tuple[str, float, str, str]]:
    return [(c.metric, c.value, c.period_end, c.basis.removesuffix("_comparative")) for c in extraction.candidates]


GDS = ("GDS Holdings Limited, third quarter 2022", "Shanghai, November 22, 2022. Quarter ended September 30, 2022.")
NOW, YEAR, QUARTER = "2022-09-30", "2021-09-30", "2022-06-30"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "The company had 500,123 sqm in operation, against 452,830 sqm a year earlier; "
            "346,000 sqm of this was billing.",
            [
                ("capacity_in_service", 500123, NOW, "as_reported"),
                ("capacity_in_service", 452830, YEAR, "prior_year"),
                ("capacity_utilised", 346000, NOW, "as_reported"),
            ],
        ),
        (
            "94.7% of the area in service was under contract.",
            [("commitment_rate", 94.7, NOW, "as_reported")],
        ),
        (
            "The utilisation rate slipped to 69.2% from 70.3% at the end of June 2022.",
            [("utilisation_rate", 69.2, NOW, "as_reported"), ("utilisation_rate", 70.3, QUARTER, "prior_quarter")],
        ),
        (
            "150,500 sqm is still being built, 62.3% of which has been pre-committed.",
            [
                ("capacity_under_construction", 150500, NOW, "as_reported"),
                ("pre_commitment_rate", 62.3, NOW, "as_reported"),
            ],
        ),
        (
            "Area in service, area utilised and area under construction were 500,123 sqm, 346,000 sqm and 150,500 sqm, "
            "respectively.",
            [
                ("capacity_in_service", 500123, NOW, "as_reported"),
                ("capacity_utilised", 346000, NOW, "as_reported"),
                ("capacity_under_construction", 150500, NOW, "as_reported"),
            ],
        ),
        ("Net additional area committed was 12,345 sqm; net revenue rose 7.2% to RMB2,408.9 million.", []),
        ("Adjusted EBITDA margin reached 45.4%, and 98% of electricity was renewable.", []),
        ("Utilisation rose from 65.0% to 69.2%.", [("utilisation_rate", 69.2, NOW, "as_reported")]),
        (
            "We expect area in service to reach 540,000 sqm by December 31, 2023.",
            [("capacity_in_service", 540000, "2023-12-31", "forecast")],
        ),
    ],
)
def test_wordings(sentence: str, expected: list[tuple[str, float, str, str]]) -> None:
    assert figures(read(*GDS, sentence)) == expected


def test_an_undated_comparative_is_refused_aloud() -> None:
    rejections = read(*GDS, "Utilisation rose from 65.0% to 69.2%.").rejections
    assert [(r.rule, r.value) for r in rejections] == [("undated_comparative", "65.0%")]


def test_scope_comes_from_headings_and_bullets() -> None:
    found = read(
        "VNET Group, second quarter of 2024",
        "## Wholesale IDC",
        "- Customers utilized 252MW. Utilization rate: 75.9%.",
        "-- mature capacity 94.9%",
        "## Retail IDC",
        "- 52,177 cabinets were in service and 33,253 of them utilized; MRR per cabinet: RMB8,753.",
    )
    assert [(c.scope, c.metric, c.value, c.unit) for c in found.candidates] == [
        ("wholesale IDC", "capacity_utilised", 252, "mw"),
        ("wholesale IDC", "utilisation_rate", 75.9, "pct"),
        ("wholesale IDC, mature", "utilisation_rate", 94.9, "pct"),
        ("retail IDC", "capacity_in_service", 52177, "cabinets"),
        ("retail IDC", "capacity_utilised", 33253, "cabinets"),
        ("retail IDC", "price_mrr_per_cabinet", 8753, "RMB/month"),
    ]


def test_chinese_levels_comparatives_and_changes() -> None:
    found = read(
        "萬國數據二零二二年第三季度",
        "- 計費面積由2021年9月30日的300,328平方米增至346,000平方米。",
        "- 運營面積簽約率為94.7%,上年同期為95.9%。",
        language="zh-hant",
    )
    assert found.operator == "GDS Holdings"
    assert figures(found) == [
        ("capacity_utilised", 300328, YEAR, "prior_year"),
        ("capacity_utilised", 346000, NOW, "as_reported"),
        ("commitment_rate", 94.7, NOW, "as_reported"),
        ("commitment_rate", 95.9, YEAR, "prior_year"),
    ]


def test_hedges_and_sites_and_pro_forma() -> None:
    found = read(
        "SUNeVision, half-year to 31 December 2024",
        "At MEGA Gateway customers now use about 90% of deployed capacity.",
        "Including contracts announced up to 31 March 2025, capacity in service would be 300MW, pro forma.",
    )
    first, second = found.candidates
    assert (first.facility, first.metric, first.value_low, first.value_high) == (
        "MEGA Gateway",
        "utilisation_rate",
        88,
        92,
    )
    assert (second.period_end, second.basis) == ("2025-03-31", "pro_forma")


def test_a_digest_by_others_is_hardly_trusted() -> None:
    """A third party's label must not stand against the first-hand release."""
    lines = ("Quarter ended June 30, 2024. Utilization rate: 75.0%.",)
    digest = read("GDS, Q2 2024", "AI digest of filings, not produced by the company", *lines).candidates[0]
    first_hand = read("GDS, Q2 2024", *lines).candidates[0]
    assert (digest.tier, first_hand.tier) == ("summary", "company")
    assert digest.trust < 0.5 < first_hand.trust


def test_an_operator_without_layout_is_read_at_lower_trust() -> None:
    found = read("Nordic Server Halls AB: quarter ended 30 June 2026", "64.2 MW was ready for customers.")
    assert (found.operator, found.layout) == ("Nordic Server Halls AB", "general")
    assert figures(found) == [("capacity_in_service", 64.2, "2026-06-30", "as_reported")]
    assert found.candidates[0].trust < 0.9


def test_a_figure_printed_twice_is_one_and_its_quote_is_exact() -> None:
    sentence = "Area in service was 500,123 sqm."
    found = read(*GDS, sentence, "Space in operation: 500,123 sqm")
    assert len(found.candidates) == 1
    assert found.candidates[0].quote == sentence
    assert found.candidates[0].locator == "block 3, characters 20-31"


def test_a_quote_holds_the_addresses_that_reading_leaves_out() -> None:
    """Whoever looks the quote up in the document must find it, letter by letter."""
    sentence = "Area in service was 500,123 sqm, see https://example.com/a?b=12%25 for details."
    assert [one.quote for one in read(*GDS, sentence).candidates] == [sentence]


@pytest.mark.parametrize(
    "text", ["(" * 4000, "area in service " * 400, "1 sqm in service " * 400, "面积" * 3000, "net " * 2000]
)
def test_hostile_text_is_read_to_its_end(text: str) -> None:
    """No pattern may take the square of a text's length; this ends at once or not within the suite's patience."""
    assert read("GDS 2Q24", text).operator == "GDS Holdings"
