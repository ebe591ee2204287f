"""Wordings that once gave a wrong figure or none, each with its siblings: what is taken, and that nothing else is."""

from __future__ import annotations

import pytest

from assets.reports.candidates import Extraction
from assets.reports.document import Block, Document, Place
from assets.reports.extraction import extract
from assets.reports.operators import load_layouts

LAYOUTS = load_layouts()
GDS = ("GDS Holdings Limited, third quarter 2022", "Shanghai, November 22, 2022. Quarter ended September 30, 2022.")
VNET = ("VNET Group, Inc., third quarter 2022", "Beijing, November 22, 2022. Quarter ended September 30, 2022.")
CHINDATA = ("Chindata Group, third quarter 2022", "Beijing, November 10, 2022. Quarter ended September 30, 2022.")
CORE = ("Digital Core REIT, FY2025", "Singapore, 6 February 2026. Year ended 31 December 2025.")
NOW, QUARTER, YEAR = "2022-09-30", "2022-06-30", "2021-09-30"


def read(title: str, *lines: str, language: str = "en") -> Extraction:
    """A document of a title and lines: '- ' bullet, '-- ' bullet within, else paragraph."""
    parts = [Block("title", title, Place(block=1), 1)]
    for number, line in enumerate(lines, start=2):
        kind, text, level = "paragraph", line, 0
        for mark, depth in (("-- ", 1), ("- ", 0)):
            if line.startswith(mark):
                kind, text, level = "bullet", line.removeprefix(mark), depth
                break
        parts.append(Block(kind, text, Place(block=number), level))
    return extract(Document("x.html", "text/html", "0" * 64, 1, tuple(parts), title, language), LAYOUTS)


def levels(document: tuple[str, ...], *lines: str) -> list[tuple[str, float, str]]:
    return [(c.metric, c.value, c.period_end) for c in read(*document, *lines).candidates]


IN_SERVICE, USED, SIGNED = ("capacity_in_service", 61.5), ("capacity_utilised", 49.2), ("capacity_committed", 49.2)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We had 61.5 MW of capacity in service, of which customers were billed for 49.2 MW.", [IN_SERVICE, USED]),
        ("We had 61.5 MW of capacity in service; of this customers were billed for 49.2 MW.", [IN_SERVICE, USED]),
        ("The group had 61.5 MW in service and utilized, or paid for, 49.2 MW.", [IN_SERVICE, USED]),
        ("The capacity in service came to 61.5 MW, of which clients paid for 49.2 MW.", [IN_SERVICE, USED]),
        ("We had 61.5 MW of capacity in service billed to customers for 49.2 MW.", []),
        ("在运营容量61.5兆瓦,当中49.2兆瓦已计费。", [IN_SERVICE, USED]),
        ("在運營容量為61.5兆瓦,其中已計費容量49.2兆瓦,計費率80.0%。", [IN_SERVICE, USED, ("utilisation_rate", 80.0)]),
    ],
)
def test_a_part_is_not_its_whole(sentence: str, expected: list[tuple[str, float]]) -> None:
    assert [row[:2] for row in levels(CHINDATA, sentence)] == expected


WITHIN = ("capacity_committed_in_service", 327.0)


@pytest.mark.parametrize(
    "sentence",
    [
        "It had 370 megawatts of capacity in service. Of that capacity 327 megawatts, or 88%, were contracted.",
        "It had 370 MW of capacity in service. Of the capacity in service 327 MW, or 88%, was contracted.",
        "It had 370 MW of capacity in service, of which 327 MW (88%) were contracted.",
        "It had 370 MW of capacity in service, of which 327 MW, i.e. 88%, had been contracted.",
    ],
)
def test_the_same_level_said_twice(sentence: str) -> None:
    found = [row[:2] for row in levels(CHINDATA, sentence)]
    assert found == [("capacity_in_service", 370.0), WITHIN, ("commitment_rate", 88.0)]


@pytest.mark.parametrize(
    "sentence",
    [
        "It signed leases for 17 megawatts in the quarter.",
        "In the quarter customers signed contracts for 47 MW.",
        "The company leased 2 MW in the quarter.",
        "It sold 12 MW during the first half.",
        "We booked new orders of about 9 MW within the period.",
        "Net additional capacity committed was 21 MW during the quarter.",
    ],
)
def test_what_was_done_in_a_period_is_no_level(sentence: str) -> None:
    assert levels(CHINDATA, sentence) == []


def test_comparatives_in_a_run_go_by_order_or_not_at_all() -> None:
    text = "Contracted capacity amounted to 533 MW and utilized capacity to 454 MW, against 360 MW and 268 MW "
    found = levels(CHINDATA, text + "a year earlier.")
    assert [(value, day) for _, value, day in found] == [(533, NOW), (454, NOW), (360, YEAR), (268, YEAR)]
    assert found[0][0] == found[2][0] != found[1][0] == found[3][0]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("签约率为94.8%,较上季度末的94.2%上升0.6个百分点。", [(94.8, NOW), (94.2, QUARTER)]),
        ("簽約率為94.8%,上年同期為93.9%。", [(94.8, NOW), (93.9, YEAR)]),
        ("The commitment rate was 94.8%, against 94.2% at June 30, 2022.", [(94.8, NOW), (94.2, QUARTER)]),
        ("The commitment rate was 94.8% (93.9% a year earlier).", [(94.8, NOW), (93.9, YEAR)]),
        ("More than 94.8% of the area in service is committed.", [(94.8, NOW)]),
        (
            "The commitment rate was 94.8% (as of June 30, 2022: 94.2%; 93.9% as of September 30, 2021).",
            [(94.8, NOW), (94.2, QUARTER), (93.9, YEAR)],
        ),
    ],
)
def test_a_date_is_of_the_number_it_is_said_of(sentence: str, expected: list[tuple[float, str]]) -> None:
    assert [row[1:] for row in levels(GDS, sentence)] == expected


def test_the_date_of_a_change_is_of_no_level() -> None:
    text = "Clients used 511 MW, 74 MW more than three months before, for a utilization rate of 75.9%."
    assert levels(VNET, text) == [("capacity_utilised", 511.0, NOW), ("utilisation_rate", 75.9, NOW)]


def test_the_sign_for_about_ends_the_words_for_contracts() -> None:
    (row,) = read(*CHINDATA, "客户已签约533兆瓦。", language="zh").candidates
    assert (row.metric, row.value, row.value_low) == ("capacity_committed", 533.0, None)
    (about,) = read(*CHINDATA, "客户已签约约533兆瓦。", language="zh").candidates
    assert about.value_low is not None


def test_a_bullet_that_is_a_unit_gives_it_to_the_bullets_under_it() -> None:
    lines = (
        "- Cabinets",
        "-- under management: 82,660 as of September 30, 2022 (80,831 as of June 30, 2022; 65,264 as of "
        "September 30, 2021)",
        "-- utilized by customers: 45,527 as of September 30, 2022",
        "- Retail IDC MRR per cabinet",
        "-- RMB9,287 in the third quarter of 2022 (RMB9,296 in the third quarter of 2021)",
    )
    assert levels(VNET, *lines) == [
        ("capacity_in_service", 82660.0, NOW),
        ("capacity_in_service", 80831.0, QUARTER),
        ("capacity_in_service", 65264.0, YEAR),
        ("capacity_utilised", 45527.0, NOW),
        ("price_mrr_per_cabinet", 9287.0, NOW),
        ("price_mrr_per_cabinet", 9296.0, YEAR),
    ]


def test_they_and_the_comparable_numbers() -> None:
    lines = (
        "- Cabinets under management numbered 86,927. On June 30, 2022 they numbered 87,310 and on "
        "September 30, 2021 80,831.",
        "- Customers made use of 51,316 cabinets. The comparable numbers were 49,316 (June 30, 2022) and "
        "44,500 (September 30, 2021).",
    )
    assert [row[1:] for row in levels(VNET, *lines)] == [
        (86927.0, NOW),
        (87310.0, QUARTER),
        (80831.0, YEAR),
        (51316.0, NOW),
        (49316.0, QUARTER),
        (44500.0, YEAR),
    ]


def test_a_paragraph_opens_with_its_segment() -> None:
    text = "Retail. 52,107 cabinets in service; utilization rate 63.5%; MRR per cabinet RMB8,915."
    assert {c.scope for c in read(*VNET, text).candidates} == {"retail IDC"}
    (rate,) = [c for c in read(*VNET, "Wholesale: 252MW utilized (75.9%).").candidates if c.unit == "pct"]
    assert (rate.metric, rate.value, rate.scope) == ("utilisation_rate", 75.9, "wholesale IDC")


@pytest.mark.parametrize(
    ("sentence", "bases"),
    [
        ("Occupancy was 81.0% with one hall vacant; without it, it would have been 98%.", ["as_reported"]),
        ("Occupancy was 81.0%, and would have been 98% without it.", ["as_reported"]),
        ("Occupancy was 98% pro forma.", ["pro_forma"]),
        ("On a pro forma basis occupancy was 98%.", ["pro_forma"]),
    ],
)
def test_only_what_is_supposed_is_pro_forma(sentence: str, bases: list[str]) -> None:
    assert [c.basis for c in read(*CORE, sentence).candidates] == bases


def test_each_place_has_its_own_figure_and_a_list_of_places_none() -> None:
    found = read(*CORE, "In Frankfurt occupancy was 93.0%, and in Osaka 98.5%.").candidates
    assert [(c.scope, c.value) for c in found] == [("Frankfurt", 93.0), ("Osaka", 98.5)]
    title = ("CBRE on colocation, first half of 2021",)
    text = "Across Tokyo, Sydney, Singapore and Hong Kong the vacancy rate went up to 14.6% in June 2021."
    assert levels(title, text) == []
    (row,) = read("CBRE on colocation in Asia Pacific, first half of 2021", text).candidates
    assert (row.scope_level, row.scope, row.value) == ("region", "Asia Pacific", 14.6)


def test_a_site_may_stand_between_a_share_and_its_word() -> None:
    text = "Utilisation of data centres in operation was 75%, and 80% of MEGA IDC Phase 1 was pre-committed."
    rows = read("SUNeVision Holdings, interim results", "Six months ended 31 December 2024.", text).candidates
    assert [(c.metric, c.value) for c in rows] == [("utilisation_rate", 75.0), ("pre_commitment_rate", 80.0)]


def test_nine_months_and_a_short_month() -> None:
    lines = ("22 October 2025", "As at Sept 30, the portfolio was 98% occupied.")
    (row,) = read("Digital Core REIT, nine months of FY2025", *lines).candidates
    assert (row.period_end, row.basis, row.scope_level) == ("2025-09-30", "as_reported", "portfolio")


def test_rows_set_with_leaders_end_with_their_number() -> None:
    text = "Contracted utilisation at year end ............ 244.8MW Billing utilisation at year end ........ 110.9MW"
    assert levels(("NEXTDC, FY25", "Year ended 30 June 2025"), text) == [
        ("capacity_committed", 244.8, "2025-06-30"),
        ("capacity_utilised", 110.9, "2025-06-30"),
    ]


@pytest.mark.parametrize(
    "name",
    ["Harbour Colo Inc.", "Harbour Colo Pte. Ltd.", "Harbour Colo N.V.", "Harbour Colo, Inc.", "Harbour Colo Co. Ltd."],
)
def test_the_full_stop_of_an_abbreviation_is_part_of_a_name(name: str) -> None:
    title = f"{name} (fictitious)"
    assert read(title, "Quarter ended June 30, 2026.", "Capacity in service was 12.5 MW.").operator == title


def test_total_capacity_of_which_a_part_is_in_service() -> None:
    text = "季末总容量945兆瓦,环比增加47兆瓦;其中在运营容量730兆瓦。"
    assert [row[:2] for row in levels(CHINDATA, text)] == [("capacity_total", 945.0), ("capacity_in_service", 730.0)]
