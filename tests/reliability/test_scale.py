"""Promise 13: work grows with the size and not with its square, counted and not timed.

Counted are lines of our own code that run (a loop inside a loop shows, whatever the machine does), statements, and rows
that all operators of all statements hand on (a join that blows up shows). Three sizes, each twice the one before: what
comes on top the second time is twice what came on top the first time where work is linear, and four times where it is
quadratic. `python -m bench.scale` measures what these counters cannot say: seconds, memory and disk.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from assets.delivery.page import TABLES
from assets.delivery.scopes import Scopes
from assets.outlook.hierarchy import hierarchies
from assets.outlook.reading import Items, read_aggregates, read_members
from assets.reports.operators import Layouts, load_layouts
from assets.reports.reading import ReadResult, read_here
from assets.reports.verdicts import judge
from assets.warehouse.database import connect, create_schema, published_tables
from assets.warehouse.history import build_history
from assets.warehouse.ledger import load_ledger
from assets.warehouse.loading import load, load_operators
from assets.warehouse.stack import StackRules, stack_shares
from bench.scale import slope
from bench.scale_inputs import MODELS, company, documents, series_documents
from expectations.suite import Outcome

REPOSITORY = Path(__file__).resolve().parents[2]
OURS = tuple(str(REPOSITORY / name) for name in ("assets", "expectations", "forecasts", "pipelines"))
AS_OF = date(2026, 6, 30)
SIZES = (4, 8, 16)
QUARTERS = 4
# Twice is linear, four times is quadratic; sorting and fixed parts lie close to two.
MOST = 2.4


@pytest.fixture(scope="module")
def layouts() -> Layouts:
    return load_layouts()


def lines_of(work: Callable[[], Any]) -> tuple[int, Any]:
    """Lines of our own code that ran, each turn of a loop counted, and what the work returned."""
    count = 0

    def each_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return each_line

    def each_call(frame: FrameType, event: str, _: Any) -> Any:
        return each_line if frame.f_code.co_filename.startswith(OURS) else None

    before = sys.gettrace()
    sys.settrace(each_call)
    try:
        found = work()
    finally:
        sys.settrace(before)
    return count, found


class Counting:
    """A connection that counts its statements, and the rows that their operators hand on."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.statements = self.rows = 0
        self._told = True
        connection.execute("PRAGMA enable_profiling = 'no_output'")
        connection.execute("""PRAGMA custom_profiling_settings = '{"CUMULATIVE_CARDINALITY": "true"}'""")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: str, parameters: Any = None) -> Any:
        """As the connection's own, one statement after another."""
        for statement in [query] if parameters else duckdb.extract_statements(query):
            self.add_rows()
            self._connection.execute(statement, parameters) if parameters else self._connection.execute(statement)
            self.statements += 1
            self._told = False
        return self._connection

    def add_rows(self) -> None:
        """Add the rows of the last statement; a question's are known only once its answer has been fetched."""
        if not self._told:
            said = json.loads(self._connection.get_profiling_information(format="json") or "{}")
            self.rows += int(said.get("cumulative_cardinality") or 0)
            self._told = True


def grows(found: list[int]) -> float:
    """What came on top the second time, in times of what came on top the first time."""
    return (found[2] - found[1]) / (found[1] - found[0])


def test_made_documents_are_distinct_and_accepted(layouts: Layouts) -> None:
    """A measurement over documents that a rule holds back would measure something else."""
    made = list(documents(2 * len(MODELS)))
    read = [read_here(content, name, layouts=layouts) for name, content in made]
    assert len({result.sha256 for result in read}) == len(made)
    assert [(result.status, result.reason) for result in read] == [("read", "")] * len(made)
    operators = [result.extraction.operator for result in read if result.extraction]
    assert operators == [company(number) for number in range(len(made))]
    assert all(result.extraction.candidates for result in read if result.extraction)
    judged = judge(read, pd.DataFrame(), AS_OF, layouts)
    assert set(judged.documents["status"]) == {"accepted"}, judged.quarantine[["rule", "reason"]]
    assert judged.quarantine.empty
    with pytest.raises(ValueError, match="names"):
        company(21_600)


def test_work_on_the_way_to_a_page_grows_with_the_size(
    layouts: Layouts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judge, load, series, hierarchies and the page's filters, over 4, 8 and 16 operators of 5 sites each."""
    # The engine's own work is not ours to count, and takes longer than all that is.
    monkeypatch.setattr("expectations.checking.run_suite", lambda frame, rules: {rule: Outcome() for rule, _ in rules})
    read = [
        read_here(content, name, layouts=layouts) for name, content in series_documents(SIZES[-1], quarters=QUARTERS)
    ]
    # What is made once, whatever the size, is made before counting.
    judge(read[:1], pd.DataFrame(), AS_OF, layouts)
    counted = {size: _work(read[:size], layouts, tmp_path / f"{size}.duckdb") for size in SIZES}
    names = set.union(*(set(each) for each in counted.values()))
    found = {name: [counted[size][name] for size in SIZES] for name in sorted(names)}
    assert found["series"] == [size * 6 for size in SIZES]
    for name, counts in found.items():
        if name.endswith("statements"):
            assert len(set(counts)) == 1, f"{name} depend on the size: {counts}"
        elif name != "series":
            assert counts[0] < counts[1] < counts[2], f"{name} were not counted: {counts}"
            assert grows(counts) < MOST, f"{name}, {grows(counts):.2f} times (2 is linear, 4 quadratic): {counts}"


def _work(read: list[ReadResult], layouts: Layouts, warehouse: Path) -> Counter[str]:
    """Work by stage over so many readings."""
    counted: Counter[str] = Counter()

    def stage(name: str, work: Callable[[], Any]) -> Any:
        before = (counting.statements, counting.rows) if counting else (0, 0)
        counted[f"{name}: lines"], found = lines_of(work)
        if counting and counting.statements > before[0]:
            counting.add_rows()
            counted[f"{name}: statements"] = counting.statements - before[0]
            counted[f"{name}: rows"] = counting.rows - before[1]
        return found

    counting: Counting | None = None
    judged = stage("judge", lambda: judge(read, pd.DataFrame(), AS_OF, layouts))
    assert len(judged.quarantine) == 0
    received = dict.fromkeys(judged.documents["document_id"], datetime(2026, 6, 1, tzinfo=UTC).replace(tzinfo=None))
    with connect(warehouse) as connection:
        create_schema(connection)
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        counting = Counting(connection)
        stage("load", lambda: load(counting, judged, received, layouts))  # type: ignore[arg-type]
        stage("history", lambda: build_history(counting, AS_OF))  # type: ignore[arg-type]
        members = stage("members", lambda: read_members(counting, AS_OF, Items()))  # type: ignore[arg-type]
        aggregates = stage("aggregates", lambda: read_aggregates(counting, members, AS_OF, Items()))  # type: ignore[arg-type]
        counted["series"] = len(members)
        made = stage("hierarchies", lambda: hierarchies(members, aggregates))
        assert len(made[0].bottoms) == len(read) * 5
        names = [*published_tables(connection), *(name for name in TABLES if name == "restatements")]
        tables = {name: connection.execute(f'SELECT * FROM "{name}"').df() for name in names}
    history = tables["occupancy_history"]
    asked = list(dict.fromkeys(zip(history["level"], history["series_id"], strict=True)))

    def ask() -> None:
        scopes = Scopes(tables)
        for operator in history["operator"].dropna().unique():
            scopes.operator(operator)
        for level, series_id in asked:
            scopes.series(level, series_id)

    stage("filters of the page", ask)
    return counted


def test_shares_of_sites_grow_with_the_sites() -> None:
    """Two statements a site, one about its operator: no site looks through the statements about all others."""
    rules = StackRules({"weak": 0.2, "moderate": 0.5, "strong": 0.8}, 3.0, 0.5)

    def shares(sites: int) -> Any:
        keys = [f"operator-{site // 5}/site-{site}" for site in range(sites)]
        facilities = pd.DataFrame(
            {
                "facility_id": keys,
                "operator": [key.split("/")[0] for key in keys],
                "capacity": 10.0,
                "jurisdiction": "Y",
            }
        )
        evidence = pd.DataFrame(
            {
                "facility_id": keys * 2, "operator": None, "jurisdiction": None, "evidence_date": date(2025, 6, 30),
                "points_to": np.resize(["mainland", "us", "us"], 2 * sites), "strength": "moderate",
            }
        )  # fmt: skip
        return stack_shares(evidence, facilities, AS_OF, rules)

    found = [lines_of(lambda size=size: shares(size))[0] for size in (50, 100, 200)]  # type: ignore[misc]
    assert grows(found) < MOST, found


def test_a_slope_is_that_of_the_logarithms() -> None:
    """The table's slopes decide what is called worse than linear."""
    assert slope(100.0, 10.0, 10, 3.0) == pytest.approx(1.0)
    assert slope(1_000.0, 10.0, 10, 3.0) == pytest.approx(2.0)
    assert slope(1.0, 0.5, 10, 3.0) is None
