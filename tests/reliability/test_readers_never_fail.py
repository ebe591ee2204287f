"""Promise 2 at a small number: readers beside publications that replace each other. The bench has the full number."""

from __future__ import annotations

from pathlib import Path

from bench.readers_under_publication import HISTORY, HOLDS, OPENS, bench


def test_no_question_fails_is_torn_or_goes_back_in_time(tmp_path: Path):
    seen, _ = bench(tmp_path, 8, 500, lambda number: None)
    assert [one.reader for one in seen] == [OPENS, HOLDS, HISTORY]
    for one in seen:
        assert one.questions > 0, one
        assert (one.failed, one.torn, one.back) == (0, 0, 0), one
