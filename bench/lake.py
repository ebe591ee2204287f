"""The lake's promises with real processes: writers at once without loss, no torn reader, kills, time travel, answers.

`python -m bench.lake [--publications N] [--kills N] [--published FILE]` prints one table and ends with 1 where
something was lost. It starts a Postgres of its own. FILE, a published occupancy.duckdb, adds every documented question
asked of the file and of the lake, with bytes and seconds of both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.warehouse.lake import LakeAddress, list_snapshots, parse_address, publish_to_lake, snapshot_file
from assets.warehouse.lake.connecting import open_lake
from assets.warehouse.lake.keeping import tidy
from bench.lake_cases import OPEN, state_of, write_state
from bench.readme_answers import PAGES, answer, questions

REPOSITORY = Path(__file__).resolve().parents[1]
WRITERS = ("apac", "emea")
_WAIT_S = 600.0


@dataclass(frozen=True)
class Row:
    """A promise, what was done to it, how often, and how often it did not hold."""

    promise: str
    fault: str
    tried: int
    lost: int
    remark: str = ""


def two_writers(address: str, folder: Path, publications: int, readers: int = 1) -> list[Row]:
    """Two processes publish `publications` states each, at the same time, while readers look; what each must find."""
    began = time.monotonic()
    writers = [_start("write", address, folder, name, str(publications)) for name in WRITERS]
    looking = [_start("look", address, folder, str(number), "") for number in range(readers)]
    sent = [json.loads(process.communicate(timeout=_WAIT_S)[0] or "{}") for process in writers]
    (folder / "enough").touch()
    seen = [json.loads(process.communicate(timeout=_WAIT_S)[0]) for process in looking]
    (folder / "enough").unlink()
    seconds = time.monotonic() - began
    lake = parse_address(address)
    by_run = {one.run_id: one for one in list_snapshots(lake)}
    expected = [(name, state) for name in WRITERS for state in range(1, publications + 1)]
    lost = sum(f"{name}-{state}" not in by_run for name, state in expected)
    wrong = 0
    with open_lake(lake) as connection:
        for name, state in expected:
            if one := by_run.get(f"{name}-{state}"):
                wrong += _documents(connection, name, one.number) != state
        connection.execute("USE lake")
        missing = 2 * publications - int(
            connection.execute("SELECT count(DISTINCT document_id) FROM main.documents").fetchall()[0][0]
        )
    failed = sum(one.get("failed", publications) for one in sent)
    reads, torn, back = (sum(one[key] for one in seen) for key in ("reads", "torn", "back"))
    return [
        Row(
            "two writers at once", f"{publications} publications each", len(expected), lost + failed, f"{seconds:.0f} s"
        ),
        Row("rows of both at the end", "the same", 2 * publications, missing),
        Row("time travel", "every publication, by its snapshot", len(expected), wrong + lost),
        Row("no torn reader", "reading meanwhile", reads, torn + back, f"{torn} torn, {back} back in time"),
    ]


def kills(address: str, folder: Path, count: int, seed: int = 0) -> list[Row]:
    """Kill -9 a writer at `count` random moments of a publication; what readers and the next writer find."""
    chance = random.Random(seed)
    lake = parse_address(address)
    publish_to_lake(write_state(folder / "k.duckdb", "k", 1), lake, "k", "k", OPEN, "k-1")
    began = time.monotonic()
    _start("write-one", address, folder, "k", "2").communicate(timeout=_WAIT_S)
    typical = time.monotonic() - began
    state, torn, committed = 2, 0, 0
    for _ in range(count):
        process = _start("write-one", address, folder, "k", str(state + 1))
        time.sleep(chance.uniform(0.2, 1.0) * typical)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.communicate()
        try:
            found = read_state(lake, folder, "k")
        except ValueError:
            torn += 1
            continue
        torn += found not in (state, state + 1)
        committed += found == state + 1
        state = found
    publish_to_lake(write_state(folder / "k.duckdb", "k", state + 1), lake, "k", "k", OPEN, f"k-{state + 1}")
    after = int(read_state(lake, folder, "k") != state + 1)
    left = _orphans(lake)
    return [
        Row("nothing torn", "kill -9 of a writer", count, torn, f"{committed} of {count} had committed"),
        Row("the next writer goes on", "the same", 1, after),
        Row("no file left over", "the same, after tidying", 1, left),
    ]


def same_answers(address: str, folder: Path, published: Path) -> list[Row]:
    """Ask every documented question of the published file and of the lake; bytes and seconds of both."""
    lake = parse_address(address)
    began = time.monotonic()
    publish_to_lake(published, lake, "bench", vintage=OPEN, run_id="bench")
    to_publish = time.monotonic() - began
    began = time.monotonic()
    publish_to_lake(published, lake, "bench", vintage=OPEN, run_id="bench")
    again = time.monotonic() - began
    differing: list[str] = []
    seconds = {"file": 0.0, "lake": 0.0}
    asked = [question for page in PAGES for question in questions(page.read_text(encoding="utf-8"))]
    began = time.monotonic()
    with snapshot_file(lake, folder) as file:
        to_open = time.monotonic() - began
        stored = sum(Path(path).stat().st_size for path in file.files)
        for question in asked:
            answers = []
            for name, database in (("file", published), ("lake", file.path)):
                began = time.monotonic()
                answers.append(answer(database, question.sql))
                seconds[name] += time.monotonic() - began
            if answers[0] != answers[1]:
                differing.append(question.title)
    remark = f"file {seconds['file']:.1f} s, lake {seconds['lake']:.1f} s and {to_open:.1f} s to find the snapshot"
    sizes = f"file {published.stat().st_size / 1e6:.1f} MB, lake {stored / 1e6:.1f} MB"
    return [
        Row("documented questions", "file against lake", len(asked), len(differing), "; ".join([remark, *differing])),
        Row(
            "publishing the bundled data",
            "all new, then unchanged",
            2,
            0,
            f"{to_publish:.1f} s, {again:.1f} s; {sizes}",
        ),
    ]


def read_state(lake: LakeAddress, folder: Path, writer: str) -> int:
    """The state that a reader finds now. Raises ValueError for a torn one."""
    with snapshot_file(lake, folder) as file, duckdb.connect(str(file.path), read_only=True) as connection:
        return state_of(connection, writer)


def _documents(connection: duckdb.DuckDBPyConnection, writer: str, snapshot: int) -> int:
    query = f"SELECT count(*) FROM lake.writer_{writer}.documents AT (VERSION => {snapshot})"
    return int(connection.execute(query).fetchall()[0][0])


def _orphans(lake: LakeAddress) -> int:
    """Tidy without grace, and count files that stand in the folder and not in the catalogue."""
    from datetime import timedelta

    from assets.warehouse.lake.connecting import data_path, metadata
    from assets.warehouse.lake.locking import open_to_write

    with open_to_write(lake, _WAIT_S) as (connection, _):
        tidy(connection, lake, 1000, timedelta(0))
        known = connection.execute(f"SELECT count(*) FROM {metadata('ducklake_data_file')}").fetchall()[0][0]
        return sum(1 for _ in Path(data_path(connection)).rglob("*.parquet")) - int(known)


def _start(part: str, address: str, folder: Path, name: str, number: str) -> subprocess.Popen[bytes]:
    """A process of this module. The address goes by the environment: a list of processes shows no password."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.lake", "--part", part, str(folder), name, number],
        cwd=REPOSITORY,
        env={**os.environ, "COLOCAST_LAKE": address},
        stdout=subprocess.PIPE,
    )


def _part(part: str, folder: Path, name: str, number: str) -> None:
    lake = parse_address(os.environ["COLOCAST_LAKE"])
    if part == "look":
        print(json.dumps(_look(lake, folder, name)))
        return
    first = int(number) if part == "write-one" else 1
    failed = 0
    for state in range(first, int(number) + 1):
        published = write_state(folder / f"{name}.duckdb", name, state)
        try:
            publish_to_lake(published, lake, name, name, OPEN, f"{name}-{state}", keep=1000, wait_s=_WAIT_S)
        except RuntimeError as error:
            failed += 1
            print(error, file=sys.stderr)
    print(json.dumps({"failed": failed}))


def _look(lake: LakeAddress, folder: Path, name: str) -> dict[str, int]:
    own = folder / f"reader {name}"
    own.mkdir(exist_ok=True)
    last = dict.fromkeys(WRITERS, 0)
    found = {"reads": 0, "torn": 0, "back": 0}
    while not (folder / "enough").exists():
        try:
            with snapshot_file(lake, own) as file, duckdb.connect(str(file.path), read_only=True) as connection:
                for writer in WRITERS:
                    state = state_of(connection, writer)
                    found["back"] += state < last[writer]
                    last[writer] = state
        except ValueError as error:
            found["torn"] += 1
            print(error, file=sys.stderr)
        except RuntimeError:
            # Before the first publication there is nothing to read.
            if any(last.values()):
                raise
            continue
        found["reads"] += 1
    return found


def main() -> None:
    """Run everything and print one table."""
    from rich.console import Console
    from rich.table import Table

    from bench.postgres_server import missing_postgres, postgres_server

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publications", type=int, default=20)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--published", type=Path, help="a published occupancy.duckdb")
    parser.add_argument("--part", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        part, folder, name, number = options.part
        _part(part, Path(folder), name, number)
        return
    if reason := missing_postgres():
        sys.exit(reason)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as made, postgres_server(Path(made) / "postgres") as server:
        folder = Path(made)
        rows += two_writers(f"{server}#{folder}/lake", folder, options.publications)
        rows += kills(f"{server}#{folder}/lake", folder, options.kills)
        if options.published:
            rows += same_answers(f"{folder}/small.ducklake", folder, options.published)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("promise", "fault", "tried", "lost", ""):
        table.add_column(name, justify="right" if name in ("tried", "lost") else "left")
    for row in rows:
        table.add_row(row.promise, row.fault, str(row.tried), str(row.lost), row.remark)
    Console(width=150).print(table)
    sys.exit(1 if any(row.lost for row in rows) else 0)


if __name__ == "__main__":
    main()
