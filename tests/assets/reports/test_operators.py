"""Layout files: every bundled one loads, names are found in any script, and a wrong key is answered with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.reports.operators import LayoutError, Layouts, load_layouts

GOOD = """
operator: "Harbour Halls"
slug: harbour
kind: operator
aliases: ["Harbour Halls Ltd", "HHL"]
fiscal_year_end_month: 3
facilities:
  "Pier 1": {market: "Hong Kong", jurisdiction: "hong kong", aliases: ["Pier One"]}
perimeters:
  - {id: "A", last_period: "2020-12-31", description: "before the merger"}
  - {id: "B", first_period: "2021-03-31", description: "after the merger"}
"""


@pytest.fixture(scope="module")
def layouts() -> Layouts:
    return load_layouts()


def write(folder: Path, text: str, name: str = "harbour.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_bundled_layouts_cover_the_published_figures(layouts: Layouts) -> None:
    """Each of the 23 operators and market sources has its file."""
    assert len(layouts.items) == 23
    assert sum(item.kind == "market_source" for item in layouts) == 5


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("万国数据", "GDS Holdings"),
        ("萬國數據", "GDS Holdings"),
        ("GDS Holdings Limited", "GDS Holdings"),
        ("世纪互联", "VNET Group (21Vianet)"),
        ("世紀互聯", "VNET Group (21Vianet)"),
        ("21Vianet Group, Inc.", "VNET Group (21Vianet)"),
        ("新意網", "SUNeVision"),
        ("cushman and wakefield", "Cushman & Wakefield (market)"),
        ("KEPPEL DC REIT", "Keppel DC REIT"),
    ],
)
def test_names_in_any_script_and_case_are_found(layouts: Layouts, name: str, operator: str) -> None:
    found = layouts.find(name)
    assert found is not None
    assert found.operator == operator


def test_a_short_ticker_counts_only_in_capitals(layouts: Layouts) -> None:
    """'mit' is a German word and MIT a trust."""
    assert [layout.operator for *_, layout in layouts.mentions("MIT said")] == ["Mapletree Industrial Trust"]
    assert layouts.mentions("das geht mit allen") == []


def test_perimeter_of_a_date(layouts: Layouts) -> None:
    """GDS figures of one date exist in several perimeters; the dates of each are data."""
    gds = layouts.by_operator("GDS Holdings")
    assert gds is not None
    assert [gds.perimeter_of(day) for day in ("2021-06-30", "2021-09-30", "2024-09-30", "2024-12-31")] == list("ABBC")
    assert all(len(perimeter.description) > 40 for perimeter in gds.perimeters)


def test_facility_is_found_without_accents_and_footnote_marks(layouts: Layouts) -> None:
    reit = layouts.by_operator("Digital Core REIT")
    assert reit is not None
    site = reit.facility("Wilhelm-Fay Straße 15 and 24¹")
    assert site is not None
    assert site.jurisdiction == "germany"


def test_a_new_file_is_a_new_operator(tmp_path: Path) -> None:
    loaded = load_layouts(write(tmp_path, GOOD))
    layout = loaded.find("HHL")
    assert layout is not None
    assert layout.fiscal_year_end_month == 3
    assert layout.perimeter_of("2020-12-31") == "A"
    site = layout.facility("pier one")
    assert site is not None
    assert site.market == "Hong Kong"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cadense: quarterly", "unknown key 'cadense'"),
        ("cadence: weekly", "half_yearly"),
        ("fiscal_year_end_month: 13", "from 1 to 12"),
        ("reporting_lag_days: -1", "0 or more"),
        ("words: [a, b]", "map texts to texts"),
        ("jurisdictions: {us: 0.5}", "sum to 0.5"),
        ("group_scope: all", "portfolio"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_allowed(tmp_path: Path, line: str, expected: str) -> None:
    text = "operator: X\nslug: x\nkind: operator\naliases: [X]\n" + line + "\n"
    with pytest.raises(LayoutError, match=expected) as caught:
        load_layouts(write(tmp_path, text))
    assert "harbour.yaml" in str(caught.value)


def test_unreadable_yaml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"harbour\.yaml, line 2"):
        load_layouts(write(tmp_path, "operator: X\n  - : ]["))


def test_a_missing_key_and_a_second_file_of_one_operator_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="'aliases'"):
        load_layouts(write(tmp_path, "operator: X\nslug: x\nkind: operator\n"))
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "second.yaml")
    with pytest.raises(LayoutError, match="already described"):
        load_layouts(tmp_path)
