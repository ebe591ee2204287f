"""`python -m bench.sql_attacks`: hostile SQL against `colocast sql` and against the recipe for other programs.

Prints one table a way: class, attacks, how many got through, ran over their limit, left a trace, left the next ordinary
query without its answer; and the most memory that any of the processes took. Exit 1 where a number is not 0.

Got through: an answer where only an error may come, or one that holds what a reader must not see (the content of a
file, a variable of the program). Trace: the published file has other bytes, something lies beside it,
a file was made elsewhere, or somebody called our web server.

`--every 5` takes each fifth attack of a class, `--json` prints the figures for programs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.sql_attack_list import ATTACKS, BOUNDED, REFUSED, Attack

REPOSITORY = Path(__file__).resolve().parents[1]
RECIPE = REPOSITORY / "docs" / "opening-the-file.md"
WAYS = ("colocast sql", "recipe")
SECRET = "5ecret-that-no-reader-may-see"
ORDINARY = "SELECT count(*) FROM claims"
# A query that is not about its cost may wait for a slow machine; one that is has the limits of the command line.
PATIENCE_S = 300.0
# Address space beside the query's own memory (docs/opening-the-file.md).
BESIDE_MB = 768


class RefusedError(Exception):
    """The way that was asked declined; the message is what a person would see."""


Ask = Callable[[str, float], str]


@dataclass
class Sum:
    """What came of the attacks of one class, each list holding the attacks' beginnings."""

    attacks: int = 0
    through: list[str] = field(default_factory=list)
    over_limit: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    silent_after: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing happened that may not."""
        return not (self.through or self.over_limit or self.unclear or self.traces or self.silent_after)


@dataclass(frozen=True)
class Field:
    """Where attacks happen: a published file, a file with a secret, a folder that must stay empty, a web server."""

    database: Path
    file: Path
    out: Path
    server: socket.socket

    def fill(self, text: str) -> str:
        """An attack's text with this place's names in it."""
        address = f"127.0.0.1:{self.server.getsockname()[1]}"
        return text.format(file=self.file, out=self.out / "x", address=address, database=self.database)

    def state(self) -> tuple[str, list[str]]:
        """The published file's hash and the names of all files near."""
        near = (*self.database.parent.rglob("*"), *self.out.rglob("*"))
        return hashlib.sha256(self.database.read_bytes()).hexdigest(), sorted(map(str, near))

    def was_called(self) -> bool:
        """Whether somebody called the web server."""
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@contextmanager
def field_of_attack() -> Iterator[Field]:
    """A small publication, and all round it what attacks aim at."""
    from assets.reports.operators import load_layouts
    from assets.warehouse.database import connect, create_schema
    from assets.warehouse.ledger import load_ledger
    from assets.warehouse.publishing import publish

    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as server:
        folder = Path(name)
        server.setblocking(False)
        with connect(folder / "warehouse.duckdb") as connection:
            create_schema(connection)
            load_ledger(connection, load_layouts())
        database = publish(folder / "warehouse.duckdb", folder / "published").path
        (folder / "out").mkdir()
        (folder / "secret.csv").write_text(f"a,b\n{SECRET},1\n")
        os.environ["COLOCAST_SECRET"] = SECRET
        yield Field(database, folder / "secret.csv", folder / "out", server)


def by_command(field: Field, megabytes: int) -> Ask:
    """Ask as `colocast sql` does."""
    from assets.warehouse.query import QueryError, run_query

    def ask(sql: str, seconds: float) -> str:
        try:
            result = run_query(field.database, sql, seconds, megabytes)
        except QueryError as error:
            raise RefusedError(str(error)) from error
        return json.dumps([result.columns, result.rows], default=str)

    return ask


def by_recipe(field: Field, megabytes: int) -> Ask:
    """Ask as the program in the documentation does, taken from there."""
    blocks = re.findall(r"```python\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.S)
    program: dict[str, Any] = {}
    exec(next(block for block in blocks if "def ask(" in block), program)

    def ask(sql: str, seconds: float) -> str:
        answer = program["ask"](field.database, sql, megabytes=megabytes, seconds=seconds)
        if "error" in answer:
            raise RefusedError(answer["error"])
        return json.dumps(answer)

    return ask


def attack(one: Attack, field: Field, ask: Ask, recipe: bool, seconds: float, grace_s: float) -> tuple[str, float]:
    """What came of one attack: '' where all is well, else 'through', 'over limit' or 'unclear'; and its seconds."""
    ends = one.ends_for(recipe)
    limit = seconds if ends == BOUNDED else PATIENCE_S
    began = time.monotonic()
    try:
        answer = ask(field.fill(one.sql), limit)
    except RefusedError as error:
        answer = None
        words = str(error)
    took = time.monotonic() - began
    if took > limit + grace_s:
        return "over limit", took
    if answer is None:
        # A refusal is for people: some words and no traceback.
        return ("" if len(words) > 10 and "Traceback" not in words else "unclear"), took
    seen = [SECRET, str(Path.home() / ".duckdb")]
    if ends == REFUSED or any(secret in answer for secret in seen):
        return "through", took
    return "", took


def run(way: str, every: int, seconds: float, megabytes: int, grace_s: float) -> tuple[dict[str, Sum], int]:
    """All attacks by one way, two at a time; the sums by class, and the most memory a process took in MiB."""
    recipe = way == WAYS[1]
    sums: dict[str, Sum] = {}
    with field_of_attack() as field, ThreadPoolExecutor(2) as pool:
        ask = (by_recipe if recipe else by_command)(field, megabytes)
        before = field.state()
        expected = ask(ORDINARY, PATIENCE_S)
        for kind in dict.fromkeys(one.kind for one in ATTACKS):
            chosen = [one for one in ATTACKS if one.kind == kind][::every]
            found = sums.setdefault(kind, Sum(len(chosen)))
            results = pool.map(lambda one: attack(one, field, ask, recipe, seconds, grace_s), chosen)
            for one, (what, _) in zip(chosen, results, strict=True):
                if what:
                    place = {"through": found.through, "over limit": found.over_limit, "unclear": found.unclear}[what]
                    place.append(one.sql[:100])
            if field.state() != before:
                found.traces.append("the published file or the folders round it")
            if field.was_called():
                found.traces.append("the web server was called")
            try:
                found.silent_after = int(ask(ORDINARY, PATIENCE_S) != expected)
            except RefusedError:
                found.silent_after = 1
    return sums, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def print_sums(way: str, sums: dict[str, Sum], peak_mb: int, bound_mb: int) -> None:
    """One table for people, and under it what went wrong."""
    names = ("attacks", "through", "over limit", "unclear", "traces", "silent after")
    table = Table("class", *names, title=f"hostile SQL, {way}", title_justify="left")
    rows = [
        (kind, one.attacks, *map(len, (one.through, one.over_limit, one.unclear, one.traces)), one.silent_after)
        for kind, one in sums.items()
    ]
    for row in (*rows, ("all", *(sum(figures) for figures in list(zip(*rows, strict=True))[1:]))):
        table.add_row(*map(str, row))
    console = Console()
    console.print(table)
    console.print(f"largest process: {peak_mb} MiB of at most {bound_mb}")
    for kind, one in sums.items():
        for name in ("through", "over_limit", "unclear", "traces"):
            for text in getattr(one, name):
                console.print(f"{kind}, {name}: {text}", markup=False)


def main() -> int:
    """Attack by both ways; 1 where something got through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS, action="append", help="one way alone")
    parser.add_argument("--every", type=int, default=1, help="take each N-th attack of a class")
    parser.add_argument("--seconds", type=float, default=5.0, help="time limit of attacks on time and memory")
    parser.add_argument("--megabytes", type=int, default=256, help="memory limit of a query")
    parser.add_argument("--grace", type=float, default=15.0, help="seconds after the limit that count as over it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    bound, sound, told = given.megabytes + BESIDE_MB, True, {}
    for way in given.way or WAYS:
        sums, peak = run(way, given.every, given.seconds, given.megabytes, given.grace)
        sound = sound and all(one.is_sound for one in sums.values()) and peak <= bound
        told[way] = {"peak_mb": peak, "bound_mb": bound, "classes": {kind: asdict(one) for kind, one in sums.items()}}
        if not given.json:
            print_sums(way, sums, peak, bound)
    if given.json:
        print(json.dumps(told))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
