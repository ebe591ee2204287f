"""Nothing that is put into the inbox may crash, hang or swell a reader, or be believed where it cannot be true.

The corpus is generated (bench/hostile) and wholly read here; `python -m bench.hostile_input --run` does the same at the
service's own limits and then runs the whole folder as an inbox.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from assets.reports.formats import Limits
from assets.reports.reading import ReaderPool, load_regular_file
from bench import hostile_input
from bench.hostile import Case, all_cases
from bench.hostile.pages import page, sentence
from bench.hostile_input import GOOD, Outcome, read_all, run_inbox, same_figures, small_limits, table_of, write_corpus

REPORTS = Path(__file__).resolve().parents[2] / "data" / "reports"
# Of each kind every so many go through a whole run as well; all of kind `file`, which are about folders.
SAMPLED = 30


@pytest.fixture(scope="module")
def corpus() -> list[Case]:
    return all_cases()


@pytest.fixture(scope="module")
def read(corpus: list[Case], tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Outcome], list[object]]:
    """Every file read once, with sound reports among them."""
    made, _left_out = write_corpus(corpus, tmp_path_factory.mktemp("corpus"))
    return read_all(made, [REPORTS / name for name in GOOD], small_limits())


def test_the_corpus_is_as_large_and_as_mixed_as_promised(corpus: list[Case]) -> None:
    """The promise names 150 files of every format; the same ones each time, under names that do not clash."""
    assert len(corpus) >= 150
    assert len({case.name for case in corpus}) == len(corpus)
    kinds = Counter(case.kind for case in corpus)
    assert set(kinds) == {
        "archive", "workbook", "page", "pdf", "delimited", "text", "figure", "encoding", "file"
    }  # fmt: skip
    assert min(kinds.values()) >= 20
    again = {case.name: case for case in all_cases()}
    sample = [case for case in corpus if case.make is not None][:: SAMPLED * 3]
    assert all(case.make() == again[case.name].make() for case in sample if case.make and again[case.name].make)  # type: ignore[misc]


def test_no_file_crashes_hangs_swells_or_is_believed(read: tuple[list[Outcome], list[object]]) -> None:
    """0 crashes, 0 hangs, memory kept, a status and a reason for each, nothing accepted that cannot be true."""
    rows, lines = table_of(read[0], small_limits())
    assert not lines, "\n".join(lines)
    total = rows[-1]
    assert total["tried"] >= 500
    assert float(total["peak MiB"]) > 0, "the memory of the readers was not seen"


def test_sound_reports_among_them_read_as_always(read: tuple[list[Outcome], list[object]]) -> None:
    """A reader that has met hostile files must not carry anything of them over to the next report."""
    readings = read[1]
    assert len(readings) == len(GOOD)
    assert all(reading.extraction and reading.extraction.candidates for reading in readings)  # type: ignore[attr-defined]
    assert same_figures(readings, [REPORTS / name for name in GOOD], small_limits()) == []


def test_a_wrong_outcome_would_be_seen(tmp_path: Path) -> None:
    """The table must be able to fail: a case that forbids a true figure, and a limit that a sound file breaks."""
    name = "sound.html"
    case = Case("page", name, lambda: page(sentence(name)))
    made, _left_out = write_corpus([case], tmp_path)
    outcomes, _readings = read_all(made, [], small_limits())
    assert [column for column, _words in outcomes[0].faults(small_limits())] == ["wrongly accepted"] * 2
    tight = replace(small_limits(), memory_bytes=1, wall_clock_s=-hostile_input.GRACE_S)
    assert {"hangs", "over memory"} <= {column for column, _words in outcomes[0].faults(tight)}
    broken = replace(outcomes[0], result=replace(outcomes[0].result, reason="the reader crashed on this document"))
    assert "crashes" in {column for column, _words in broken.faults(small_limits())}
    assert "no reason" in {
        column for column, _words in replace(outcomes[0], status="quarantined").faults(small_limits())
    }


def test_an_inbox_of_them_runs_through(corpus: list[Case], tmp_path: Path) -> None:
    """The whole service on such a folder: it ends well, each file has a row with status and reason, good ones count."""
    sample = [case for number, case in enumerate(corpus) if case.kind == "file" or number % SAMPLED == 0]
    folder = tmp_path / "inbox"
    folder.mkdir()
    made, _left_out = write_corpus(sample, folder)
    assert run_inbox(made, [REPORTS / name for name in GOOD], folder, tmp_path / "home", seconds=60.0) == []


@pytest.mark.parametrize("change", ["grow", "cut", "remove", "rewrite"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a report must not pass as a whole one: what changed between the first look and the last is held back."""
    path = tmp_path / "report.html"
    path.write_bytes(page(sentence("report.html")))
    real = os.fdopen

    def changing(handle: int, mode: str) -> object:
        if change == "grow":
            with path.open("ab") as file:
                file.write(b"<p>more</p>")
        elif change == "cut":
            os.truncate(path, 20)
        elif change == "remove":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes().replace(b"87.5", b"12.5"))
            os.utime(path, ns=(1, 1))
        return real(handle, mode)

    monkeypatch.setattr(os, "fdopen", changing)
    with pytest.MonkeyPatch.context(), ReaderPool(small_limits()) as pool:
        result = pool.read(path)
    if change == "remove":
        # The open file stays whole when its name goes: it is read to the end.
        assert result.status == "read"
        return
    assert result.status == "quarantined"
    assert "changed while it was read" in result.reason


def test_a_file_that_never_comes_to_rest(tmp_path: Path) -> None:
    """A thread cuts, removes and grows the file all the while: every reading of it is whole or says why not."""
    from assets.reports.document import Unreadable

    path = tmp_path / "report.csv"
    whole = b"x" * 500_000
    over = threading.Event()

    def trouble() -> None:
        while not over.is_set():
            path.write_bytes(whole)
            time.sleep(0.0002)
            os.truncate(path, 1_000)
            time.sleep(0.0002)
            path.unlink()

    thread = threading.Thread(target=trouble)
    thread.start()
    seen: Counter[str] = Counter()
    try:
        for attempt in range(50_000):
            # On a busy machine the two may not meet for a while.
            if attempt >= 100 and len(seen) > 1:
                break
            try:
                data = load_regular_file(path, Limits())
            except Unreadable as refused:
                seen[f"refused {bool(refused.reason)} {refused.status}"] += 1
            else:
                assert len(data) in (0, 1_000, len(whole)) or whole.startswith(data)
                seen["read"] += 1
    finally:
        over.set()
        thread.join()
    assert set(seen) <= {"read", "refused True rejected", "refused True quarantined"}
    assert len(seen) > 1, "the file never changed under the reader's hands"


LAUGHS = "sources: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"), [(LAUGHS, "alias"), ("sources: &s [*s]\n", "alias"), ("sources: " + "[" * 20_000, "deep")]
)
def test_operators_own_files_cannot_swell(tmp_path: Path, text: str, words: str) -> None:
    """A few lines of YAML can stand for billions of values; sources, rules and scenarios refuse them, by file."""
    from assets.delivery.alerts.rules import RulesError, load_rules
    from assets.filings.sources import SourcesError, load_sources
    from assets.outlook.portfolios import scenarios_in_force
    from assets.outlook.scenarios import ScenarioError

    own = tmp_path / "own"
    own.mkdir()
    file = own / "bomb.yaml"
    file.write_text(text)
    with pytest.raises(SourcesError, match=rf"bomb\.yaml.*{words}"):
        load_sources(file, lambda _name: None)
    with pytest.raises(RulesError, match=r"bomb\.yaml"):
        load_rules(file)
    with pytest.raises(ScenarioError, match=rf"bomb\.yaml.*{words}"):
        scenarios_in_force(own, own)


@pytest.mark.parametrize("what", ["pipe", "device", "circle", "gone", "folder"])
def test_a_rent_roll_on_the_command_line_is_a_file(tmp_path: Path, what: str) -> None:
    """`colocast simulate` must neither wait for a pipe nor read a device for ever."""
    from assets.rent_roll.problems import RentRollError
    from assets.rent_roll.reading import load_portfolio

    path = tmp_path / "leases.csv"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "circle":
        path.symlink_to(path.name)
    elif what == "folder":
        path.mkdir()
    with pytest.raises(RentRollError, match=r"leases\.csv"):
        load_portfolio(path, path)


def test_damaged_panels_are_refused_in_words(tmp_path: Path) -> None:
    """`colocast forecast` takes a stranger's Parquet file: bytes changed anywhere give figures or a sentence."""
    import random

    import pandas as pd

    from pipelines.commands.console import RefusedError
    from pipelines.commands.forecasting import read_panel

    days = pd.date_range("2022-03-31", periods=8, freq="QE")
    sound = tmp_path / "sound.parquet"
    pd.DataFrame({"unique_id": ["a"] * 8, "ds": days, "y": range(8)}).to_parquet(sound)
    assert len(read_panel(sound)) == 8
    lists = tmp_path / "lists.parquet"
    pd.DataFrame({"unique_id": [["a"]] * 8, "ds": days, "y": range(8)}).to_parquet(lists)
    with pytest.raises(RefusedError, match="unique_id"):
        read_panel(lists)
    random_ = random.Random(4)
    refused = 0
    for _ in range(40):
        data = bytearray(sound.read_bytes())
        for _ in range(5):
            data[random_.randrange(len(data))] = random_.randrange(256)
        damaged = tmp_path / "damaged.parquet"
        damaged.write_bytes(data if random_.random() < 0.8 else data[: len(data) // 2])
        try:
            read_panel(damaged)
        except RefusedError as error:
            refused += "damaged.parquet" in str(error)
    assert refused > 20
