"""docs/adding-an-operator.md as a newcomer follows it: its file must give the right figures of the report it names.

The operator and its report are fictitious; no layout of the repository knows it.
"""

from __future__ import annotations

import csv
import re
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from assets.reports.operators import LAYOUTS_FOLDER, Layouts, load_layouts
from assets.reports.reading import ReadResult, read_here
from assets.reports.verdicts import Judged, judge

HERE = Path(__file__).parent
REPORT = HERE / "selat_1h26.html"
NAME = "Selat Digital Parks"
Figure = tuple[str, str, str, float, str]


def layout_of_the_page(repository: Path) -> str:
    """The file that the page tells a newcomer to write."""
    page = (repository / "docs" / "adding-an-operator.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if "operator:" in block]
    assert len(blocks) == 1
    return blocks[0]


def read(layouts: Layouts) -> tuple[ReadResult, Judged]:
    result = read_here(REPORT.read_bytes(), REPORT.name, layouts=layouts)
    return result, judge([result], pd.DataFrame(), date(2026, 3, 1), layouts)


@pytest.fixture(scope="module")
def with_file(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ReadResult, Judged]:
    """The report read with the bundled layouts and the page's."""
    folder = tmp_path_factory.mktemp("newcomer") / "layouts"
    shutil.copytree(LAYOUTS_FOLDER, folder)
    (folder / "selat.yaml").write_text(layout_of_the_page(repository), encoding="utf-8")
    return read(load_layouts(folder))


def figures(judged: Judged) -> list[Figure]:
    rows = judged.accepted.to_dict("records")
    return sorted((row["facility"], row["period_end"], row["metric"], row["value"], row["unit"]) for row in rows)


def test_with_the_pages_file_every_printed_figure_is_right(with_file: tuple[ReadResult, Judged]) -> None:
    """The page promises the right figures in ten minutes; a changed word or rule must not break that unseen."""
    with REPORT.with_suffix(".expected.csv").open(encoding="utf-8") as handle:
        expected = [
            (row["facility"], row["period_end"], row["metric"], float(row["value"]), row["unit"])
            for row in csv.DictReader(handle)
        ]
    result, judged = with_file
    assert figures(judged) == sorted(expected)
    assert judged.quarantine.empty
    assert result.extraction is not None
    assert (result.extraction.operator, result.extraction.layout) == (NAME, "selat")
    assert result.extraction.published_on == "2026-02-24"


def test_without_the_file_the_page_says_what_goes_wrong() -> None:
    """Step 1 tells a newcomer what to look for; it must be there to be found."""
    assert load_layouts().find(NAME) is None
    result, judged = read(load_layouts())
    taken = {(metric, value) for _, _, metric, value, _ in figures(judged)}
    assert ("commitment_rate", 65.0) in taken
    assert not {metric for metric, _ in taken} & {"capacity_in_service", "utilisation_rate"}
    assert result.extraction is not None
    assert (result.extraction.operator, result.extraction.layout) == ("Selat Digital", "general")


def test_the_number_of_figures_on_the_page_is_right(repository: Path, with_file: tuple[ReadResult, Judged]) -> None:
    """The page names a count to compare with."""
    page = (repository / "docs" / "adding-an-operator.md").read_text(encoding="utf-8")
    assert f"{len(figures(with_file[1]))} figures, all accepted" in " ".join(page.split())
