"""Random documents against every reader: an outcome with a reason whatever went in, and no figure that nothing printed.

The same few inputs each time; `python -m bench.fuzz --seconds 600` tries others for as long as told.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.reports.candidates import Candidate
from assets.reports.reading import ReaderPool
from bench.fuzz import FIGURES, Tally, failure, input_of, limits_of_fuzzing, name_of, replay, try_one
from bench.fuzzing.checks import BreachError, check_candidate
from bench.fuzzing.making import KINDS

EXAMPLES = {"csv": 50, "text": 50, "html": 50, "xlsx": 40, "pdf": 20}
SOUND = Candidate(
    operator="Example Data Centres Ltd", scope="group", scope_level="portfolio", facility="", market="",
    period_end="2025-06-30", cadence="", metric="utilisation_rate", value=87.5, unit="pct", basis="as_reported",
    locator="block 1", quote="The rate was 87.5 %",
)  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    """One limited process for all: what hangs or swells is stopped there and seen here."""
    with ReaderPool(limits_of_fuzzing(), FIGURES) as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS)
def test_any_document_has_an_outcome(pool: ReaderPool, kind: str) -> None:
    """Changed copies of sound documents and random grammar: no crash, no limit broken, every figure well-formed."""

    @settings(
        max_examples=EXAMPLES[kind],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(min_value=0, max_value=2**32))
    def reads(seed: int) -> None:
        data = input_of(kind, random.Random(seed), bundled=False)
        result = pool.read_bytes(data, name_of(kind, data))
        assert failure(result) == "", f"seed {seed}"

    reads()


def test_some_of_the_inputs_are_read(pool: ReaderPool) -> None:
    """If nothing were ever read, the checks on figures would check nothing."""
    found = 0
    for kind in KINDS:
        for seed in range(12):
            data = input_of(kind, random.Random(seed), bundled=False)
            result = pool.read_bytes(data, name_of(kind, data))
            found += bool(result.extraction and result.extraction.candidates)
    assert found >= 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": float("inf")}, "no finite number"),
        ({"unit": ""}, "without unit"),
        ({"rounding": -1.0}, "rounding"),
        ({"value_low": 90.0}, "lower bound"),
        ({"value_high": 80.0}, "upper bound"),
        ({"period_end": "2025-02-31"}, "calendar"),
        ({"locator": ""}, "without a place"),
        ({"quote": "The rate was 99.9 %"}, "does not print"),
    ],
)
def test_a_breach_is_seen(change: dict[str, object], words: str) -> None:
    """Each check on a figure must be able to fail."""
    from dataclasses import replace

    printed = "Theratewas87.5%"
    check_candidate(SOUND, printed)
    with pytest.raises(BreachError, match=words):
        check_candidate(replace(SOUND, **change), printed)  # type: ignore[arg-type]


def test_a_failing_input_is_kept_and_can_be_read_again(tmp_path: Path) -> None:
    """What a night of fuzzing finds must be there in the morning, and must no longer fail once it is mended."""
    tally = Tally("text")
    with ReaderPool(limits_of_fuzzing(), "bench.fuzzing.checks:not_there") as broken:
        try_one(broken, tally, b"The utilization rate was 87.5% as of June 30, 2025.", tmp_path)
    assert (tally.tried, tally.crashes, len(tally.failing)) == (1, 1, 1)
    path, wrong = tally.failing[0]
    assert "AttributeError" in wrong
    assert replay(path) == ""
