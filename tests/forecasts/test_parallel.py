"""Parts and threads: the same bits whatever their size and number, and progress that ends at the whole."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts import parallel
from forecasts.members import MEMBERS, Answer
from forecasts.panel import Panel, Series
from forecasts.parallel import answer_in_parts, threads

COUNT = 23


def panel() -> Panel:
    """Series of several lengths, one empty and one too short to fit."""
    rng = np.random.default_rng(9)
    lengths = [0, 2, *rng.integers(5, 30, COUNT - 2)]
    return Panel(tuple(Series(str(at), 100, 50 + np.cumsum(rng.normal(size=size))) for at, size in enumerate(lengths)))


def same(one: Answer, other: Answer) -> bool:
    """True where two answers are the same bits and reasons."""
    return bool(
        (one.median == other.median).all() and (one.quantiles == other.quantiles).all() and one.reasons == other.reasons
    )


@pytest.mark.parametrize("name", MEMBERS)
def test_answers_do_not_depend_on_parts_or_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One piece, parts of 5 and parts of 4, on one to three threads."""
    whole = answer_in_parts(name, panel(), 6, (0.1, 0.9), seed=2)
    for chunk in (5, 4):
        monkeypatch.setattr(parallel, "CHUNK", chunk)
        for jobs in (1, 2, 3):
            assert same(whole, answer_in_parts(name, panel(), 6, (0.1, 0.9), seed=2, fan_out=threads(jobs)))


@pytest.mark.parametrize(("name", "expected"), [("theta", [10, 20, 23]), ("pooled_lags", [23])])
def test_progress_counts_series_up_to_all_of_them(
    name: str, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that learns from all series at once cannot be split, and says so by one step."""
    monkeypatch.setattr(parallel, "CHUNK", 10)
    told: list[tuple[int, int]] = []
    answer_in_parts(name, panel(), 2, fan_out=threads(2), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, COUNT) for done in expected]


def test_an_error_of_a_part_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that fails must not leave a hole in the answer."""

    class Broken:
        name, separate = "broken", True

        def answer(self, panel: Panel, horizon: int, levels: object = (), seed: int = 0) -> Answer:
            raise RuntimeError("broken part")

    monkeypatch.setattr(parallel, "CHUNK", 10)
    monkeypatch.setitem(MEMBERS, "theta", Broken())
    with pytest.raises(RuntimeError, match="broken part"):
        answer_in_parts("theta", panel(), 2)
