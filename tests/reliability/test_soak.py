"""Promise 8, nothing grows without bound: the soak of `python -m bench.soak`, at a small number of refreshes.

Memory and handles need hundreds of refreshes to tell a leak from warming up; here what is kept is held against its
bound, and the soak's own judgement is shown to see what grows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from bench import soak
from bench.soak import Reading, judge, live_bytes

REFRESHES, ARRIVAL_EVERY, BAD_EVERY = 7, 4, 3


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Reading]]:
    """A home after some refreshes with arrivals, bad files and small bounds, and what was measured."""
    folder = tmp_path_factory.mktemp("soak")
    home, inbox = folder / "home", folder / "reports"
    inbox.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KEEP_RUNS", "KEEP_PUBLISHED"):
            smaller = {"KEEP_RUNS": 5, "KEEP_PUBLISHED": 2}[name]
            patch.setattr(soak, name, smaller)
            patch.setitem(soak.BOUNDS, f"COLOCAST_{name}", str(smaller))
        readings = soak.soak(home, inbox, REFRESHES, ARRIVAL_EVERY, BAD_EVERY)
        lines = judge(readings, live_bytes(home / "warehouse.duckdb"))
        # So few refreshes are still warming up: pools of threads are made, and caches are filled.
        assert {line.what for line in lines if not line.held} <= {"resident memory, MiB", "threads"}
    return home, readings


def test_what_is_kept_stays_within_its_bound(soaked: tuple[Path, list[Reading]]) -> None:
    home, readings = soaked
    assert all(one.ok for one in readings)
    # A run is counted while it cleans; it leaves itself and the bound.
    assert [one.runs for one in readings] == [1, 2, 3, 4, 5, 6, 6]
    assert readings[-1].copies == 2
    assert {one.children for one in readings[1:]} == {readings[1].children}
    assert not list(home.glob("**/.*.part"))


def test_every_document_is_there_with_its_status(soaked: tuple[Path, list[Reading]]) -> None:
    """Bounds must not cost a document: bytes that nobody could read are dropped, their rows are not."""
    home, _ = soaked
    with duckdb.connect(str(home / "published" / "occupancy.duckdb"), read_only=True) as connection:
        rows = dict(connection.execute("SELECT file_name, status FROM documents").fetchall())
    assert {name for name in rows if name.startswith("soak")} == {"soak_0000.csv", "soak_0001.csv"}
    assert {rows[name] for name in rows if name.startswith("soak")} == {"accepted"}
    assert len(rows) == 2 + REFRESHES // BAD_EVERY
    assert "accepted" not in {rows[name] for name in rows if name.startswith("bad")}


def test_the_judgement_sees_what_grows() -> None:
    """Each reading that gets out of hand is told; a judge that never condemns proves nothing."""
    flat = Reading(
        ok=True, rss=500 * soak.MIB, handles=6, threads=7, children=0, runs=21, copies=5,
        parts={
            "archive": 1, "warehouse": 7 * soak.MIB, "publication": soak.MIB, "history": 5 * soak.MIB, "page": 1,
            "state": 1, "dagster": 3 * soak.MIB,
        },
    )  # fmt: skip

    def condemned(**grown: list[int]) -> list[str]:
        readings = []
        for number in range(10):
            change = {name: values[number] for name, values in grown.items() if name not in flat.parts}
            parts = {**flat.parts, **{name: values[number] for name, values in grown.items() if name in flat.parts}}
            readings.append(replace(flat, parts=parts, **change))
        return [line.what for line in judge(readings, 2 * soak.MIB) if not line.held]

    assert condemned() == []
    assert condemned(rss=[500 * soak.MIB + number * 50 * soak.KIB for number in range(10)]) == ["resident memory, MiB"]
    assert condemned(handles=list(range(6, 16))) == ["handles"]
    assert condemned(runs=[22 + number for number in range(10)]) == ["runs that Dagster keeps"]
    assert condemned(copies=[6] * 10) == ["earlier publications"]
    assert condemned(history=[6 * soak.MIB] * 10) == ["history, MiB"]
    assert condemned(warehouse=[9 * soak.MIB] * 10) == ["warehouse, MiB"]
    assert condemned(ok=[0] * 10) == ["refreshes that failed"]


def test_reports_of_the_soak_lie_in_the_past(tmp_path: Path) -> None:
    """A quarter that has not ended yet would be quarantined, and the soak would refresh nothing."""
    today = datetime.now(UTC).date()
    soak.write_report(tmp_path, 0, today)
    ends = [line.split(",")[2] for line in (tmp_path / "soak_0000.csv").read_text().splitlines()[1:]]
    assert len(set(ends)) == soak.QUARTERS_KNOWN
    assert max(ends) < today.isoformat()
