"""The corpus examines the readers; these tests examine the corpus, since a wrong expected file condemns right code."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent
CORPUS = TOOLS.parent / "corpus"
sys.path.insert(0, str(TOOLS))

from check_corpus import missing_values, printed_text  # noqa: E402
from corpus_writing import BASES, EXPECTED_COLUMNS, METRICS  # noqa: E402


def manifest() -> list[dict[str, str]]:
    with (CORPUS / "MANIFEST.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("line", manifest(), ids=lambda line: line["file"])
def test_manifest_line_agrees_with_its_files(line: dict[str, str]) -> None:
    """A count that disagrees hides a document that was changed on one side only."""
    with (CORPUS / line["file"]).with_suffix("").with_suffix(".expected.csv").open(encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    assert reader.fieldnames == EXPECTED_COLUMNS
    assert len(rows) == int(line["expected_rows"])
    assert (line["expected_outcome"] == "accept") == bool(rows)
    assert bool(line["reason"]) == (line["expected_outcome"] != "accept")
    assert {row["metric"] for row in rows} <= {metric for metric, _ in METRICS.values()}
    assert {row["basis"] for row in rows} <= set(BASES.values())


@pytest.mark.parametrize(
    "name", [line["file"] for line in manifest() if line["expected_outcome"] == "accept"], ids=lambda name: name
)
def test_every_expected_value_is_printed(name: str) -> None:
    """No figure may be expected that is not printed in the document."""
    path = CORPUS / name
    assert missing_values(path, printed_text(path)) == []


def test_every_document_is_in_the_manifest() -> None:
    """A document outside the manifest would never be examined."""
    listed = {line["file"] for line in manifest()}
    present = {path.name for path in CORPUS.iterdir() if not path.name.endswith(".expected.csv")} - {"MANIFEST.csv"}
    assert present == listed
