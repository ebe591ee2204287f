"""`python -m bench.readers_under_publication`: does a reader ever fail while publications replace each other?

A warehouse changes and is published (publishing.publish, as in a run), time after time without pause. Meanwhile, each
without pause and in a process of its own: a reader that opens the published file for every question; one that keeps a
connection over many publications; one that keeps the newest earlier publication open while it is pruned away. Each
answer is put together from three tables that all carry the number of their publication. Counted: questions that failed,
answers whose parts belong to different publications (torn), answers older than one before (back in time). A held
connection must go on answering as on its first day, and must not hold up a publication.

Prints one row a reader; exit 1 where anything but 0 stands there. Options: --publications 300, --rows 5000, --folder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

OPENS, HOLDS, HISTORY = "opens for every question", "keeps its connection", "keeps an earlier publication open"
# Questions that the second reader asks before it opens anew, and publications that stay in history.
HELD_QUESTIONS, KEPT = 400, 5
QUESTION = (
    "SELECT (SELECT note FROM claims WHERE claim_id = 'C01')::INTEGER, (SELECT count(DISTINCT mw) FROM deliveries),"
    " (SELECT max(mw) FROM deliveries)::INTEGER, (SELECT count(*) FROM deliveries)"
)
OTHER = "SELECT max(note)::INTEGER FROM assumptions WHERE parameter = 'history.active_quarters'"


@dataclass
class Read:
    """What a reader met. `longest`: publications during which one connection was held."""

    reader: str
    questions: int = 0
    failed: int = 0
    torn: int = 0
    back: int = 0
    longest: int = 0
    newest: int = 0
    said: str = ""


def ask(connection: duckdb.DuckDBPyConnection, rows: int, read: Read) -> int:
    """One answer from three tables and two statements: the number of the publication; torn where they differ."""
    claim, kinds, number, count = connection.execute(QUESTION).fetchall()[0]
    (other,) = connection.execute(OTHER).fetchall()[0]
    read.questions += 1
    if not (claim == number == other and kinds == 1 and count == rows):
        read.torn += 1
        read.said = f"claims {claim}, deliveries {number} ({kinds} kinds, {count} rows), assumptions {other}"
    if number < read.newest:
        read.back += 1
    read.newest = max(read.newest, number)
    return int(number)


def _read(reader: str, published: Path, rows: int, stop: Event, answers: Any) -> None:
    read = Read(reader)
    read_once = {OPENS: _opening, HOLDS: _holding, HISTORY: _in_history}[reader]
    while not stop.is_set():
        try:
            read_once(published, rows, read, stop)
        except (duckdb.Error, OSError, IndexError) as error:
            read.failed += 1
            read.said = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    answers.put(read)


def _opening(published: Path, rows: int, read: Read, stop: Event) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        ask(connection, rows, read)


def _holding(published: Path, rows: int, read: Read, stop: Event) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        first = ask(connection, rows, read)
        for _ in range(HELD_QUESTIONS):
            if stop.is_set():
                break
            if ask(connection, rows, read) != first:
                read.torn += 1
                read.said = f"a held connection went from {first} to another publication"
    read.longest = max(read.longest, _newest_number(published) - first)


def _in_history(published: Path, rows: int, read: Read, stop: Event) -> None:
    newest = max((published.parent / "history").glob("*.duckdb"))
    # The name may go before it is opened, since only so many are kept; what is open stays readable.
    try:
        connection = duckdb.connect(str(newest), read_only=True)
    except duckdb.IOException:
        if newest.exists():
            raise
        return
    with connection:
        first = ask(connection, rows, read)
        while newest.exists() and not stop.is_set():
            time.sleep(0.05)
        if ask(connection, rows, read) != first:
            read.torn += 1
            read.said = f"an earlier publication went from {first} to another"
        read.longest = max(read.longest, KEPT)


def _newest_number(published: Path) -> int:
    with duckdb.connect(str(published), read_only=True) as connection:
        (number,) = connection.execute(OTHER).fetchall()[0]
    return int(number)


def change(warehouse: Path, number: int, rows: int) -> None:
    """Give the three tables the next number."""
    from assets.warehouse.database import connect, transaction

    with connect(warehouse) as connection, transaction(connection):
        connection.execute("UPDATE claims SET note = ? WHERE claim_id = 'C01'", [str(number)])
        connection.execute("UPDATE assumptions SET note = ? WHERE parameter = 'history.active_quarters'", [str(number)])
        connection.execute("DELETE FROM deliveries")
        connection.execute(
            "INSERT INTO deliveries SELECT 'p', 'p/' || i, DATE '2027-03-31', ?, 'd', 'row ' || i"
            " FROM range(?) AS t(i)",
            [number, rows],
        )


def bench(place: Path, publications: int, rows: int, progressed: Callable[[int], None]) -> tuple[list[Read], float]:
    """Publish so many times beside the readers; returns what they met and the longest publication in seconds."""
    from assets.reports.operators import load_layouts
    from assets.warehouse.database import connect, create_schema
    from assets.warehouse.ledger import load_ledger
    from assets.warehouse.publishing import publish

    warehouse, folder = place / "warehouse.duckdb", place / "published"
    with connect(warehouse) as connection:
        create_schema(connection)
        load_ledger(connection, load_layouts())
    change(warehouse, 1, rows)
    published = publish(warehouse, folder, KEPT).path
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    readers = [
        context.Process(target=_read, args=(one, published, rows, stop, answers)) for one in (OPENS, HOLDS, HISTORY)
    ]
    longest = 0.0
    for reader in readers:
        reader.start()
    try:
        for number in range(2, publications + 1):
            change(warehouse, number, rows)
            began = time.monotonic()
            done = publish(warehouse, folder, KEPT, label=f"p{number}")
            longest = max(longest, time.monotonic() - began)
            if not done.changed:
                raise RuntimeError(f"publication {number} changed nothing")
            progressed(number)
    finally:
        stop.set()
        seen = [answers.get(timeout=120) for _ in readers]
        for reader in readers:
            reader.join()
    return sorted(seen, key=lambda one: (OPENS, HOLDS, HISTORY).index(one.reader)), longest


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where a reader failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.readers_under_publication")
    parser.add_argument("--publications", type=int, default=300)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    say = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    with (
        tempfile.TemporaryDirectory(prefix="colocast-readers-", dir=options.folder) as place,
        Progress(console=say, transient=True) as bars,
    ):
        task = bars.add_task("publishing", total=options.publications)
        every, longest = bench(
            Path(place), options.publications, options.rows, lambda number: bars.update(task, completed=number)
        )
    table = Table(
        *("promise 2: readers never fail", "publications", "questions", "failed", "torn", "back in time"),
        "publications during which one connection was held",
    )
    for one in every:
        counts = (one.questions, one.failed, one.torn, one.back, one.longest)
        table.add_row(one.reader, str(options.publications), *map(str, counts))
        if one.said:
            say.print(f"{one.reader}: {one.said}", markup=False)
    say.print(table)
    say.print(f"Longest publication: {longest:.2f} s")
    asked = all(one.questions for one in every)
    return int(not asked or any(one.failed or one.torn or one.back for one in every))


if __name__ == "__main__":
    sys.exit(main())
