"""The filing sensor, tick by tick: off unless configured, due sources only, failures told and never raised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from filing_sites import Site, answer, configure, gds, pdf, status

from assets.filings.sources import SourcesError
from pipelines import filing_sensor as sensing
from pipelines import filings
from pipelines.definitions import build_defs
from pipelines.filing_sensor import in_turn
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOCAST_CONTACT", "Example Research reports@example.com")


def tick(defs: dg.Definitions, cursor: str | None = None) -> Any:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs) as context,
    ):
        return defs.resolve_sensor_def("filing_sensor").evaluate_tick(context)


def page(site: Site, name: str, documents: int = 1) -> dict[str, Any]:
    links = "".join(f'<a href="/{name}/{number}.pdf">R</a>' for number in range(documents))
    site.pages[f"/{name}"] = answer(links.encode(), etag='"1"')
    site.pages |= {f"/{name}/{number}.pdf": answer(pdf(f"{name} {number}")) for number in range(documents)}
    return {"name": name, "operator": "GDS", "kind": "page", "url": f"{site.url}/{name}", "links": [r"\.pdf$"]}


def files(home: Path) -> int:
    return sum(1 for path in (home / "inbox").rglob("*") if path.is_file())


def test_it_runs_by_default_every_quarter_of_an_hour(defs: dg.Definitions):
    """A sensor that has to be switched on is forgotten; this one is switched on by the sources file."""
    sensor = defs.resolve_sensor_def("filing_sensor")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 900


def test_without_configuration_it_skips_and_says_how_to_turn_it_on(defs: dg.Definitions, own_home: Path):
    """Off must be a sentence, not an empty green row."""
    result = tick(defs)
    assert "is off" in result.skip_message
    assert str(own_home / "sources.yaml") in result.skip_message
    assert result.run_requests == []


def test_sources_that_are_all_off_are_not_asked(defs: dg.Definitions, own_home: Path, site: Site):
    """Nobody is asked by copying the example."""
    configure(own_home, {**page(site, "a"), "enabled": False})
    assert "enabled: false" in tick(defs).skip_message
    assert site.asked == []


def test_due_sources_bring_files_and_the_next_tick_asks_nobody(defs: dg.Definitions, own_home: Path, site: Site):
    """A tick brings what is new; until the source's hours are over, ticks pass without a request."""
    configure(own_home, gds(site))
    first = tick(defs)
    assert "gds: 1 new (gds-holdings/" in first.skip_message
    assert files(own_home) == 1
    before = len(site.asked)
    second = tick(defs, first.cursor)
    assert "none of 1 sources is due" in second.skip_message
    assert len(site.asked) == before


def test_a_failure_is_told_and_does_not_stop_the_others(defs: dg.Definitions, own_home: Path, site: Site):
    """A tick that raises would be retried at once, and would hide what came."""
    site.pages["/gone"] = status(404)
    broken = {"name": "gone", "operator": "NEXTDC", "kind": "feed", "url": f"{site.url}/gone"}
    configure(own_home, broken, gds(site))
    result = tick(defs)
    assert "gone failed: " in result.skip_message
    assert "404" in result.skip_message
    assert "gds: 1 new" in result.skip_message


def test_a_wrong_sources_file_fails_the_tick(defs: dg.Definitions, own_home: Path):
    """Green with nothing collected is the one thing that nobody forgives."""
    own_home.mkdir()
    (own_home / "sources.yaml").write_text("sources:\n  - name: x\n    kind: sec\n")
    with pytest.raises(SourcesError, match="line 3, source 'x': kind is 'sec'"):
        tick(defs)


def test_a_tick_keeps_to_its_files_and_the_next_one_goes_on(
    defs: dg.Definitions, own_home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
):
    """The backlog comes tick by tick, without asking the list again."""
    monkeypatch.setenv("COLOCAST_FETCH_FILES_PER_TICK", "2")
    configure(own_home, gds(site, filings=3))
    first = tick(defs)
    assert "left for the next tick" in first.skip_message
    assert files(own_home) == 2
    second = tick(defs, first.cursor)
    assert files(own_home) == 3
    assert site.paths().count("/submissions/CIK0001526125.json") == 1
    assert "none of 1" in tick(defs, second.cursor).skip_message


def test_every_source_has_its_turn_when_a_tick_does_not_reach_all(
    defs: dg.Definitions, own_home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
):
    """The next tick begins behind the last source that was done, or the last in the file would never be asked."""
    monkeypatch.setenv("COLOCAST_FETCH_FILES_PER_TICK", "1")
    configure(own_home, page(site, "a"), page(site, "b"))
    first = tick(defs)
    assert json.loads(first.cursor) == {"after": "a"}
    assert "b: not reached" in first.skip_message
    assert "/b" not in site.paths()
    tick(defs, first.cursor)
    assert "/b/0.pdf" in site.paths()


def test_the_turn_begins_behind_a_name_and_survives_a_changed_file(own_home: Path, site: Site):
    """A name that is no longer there, or a cursor that cannot be read, begins at the top."""
    configure(own_home, page(site, "a"), page(site, "b"), page(site, "c"))
    sources = filings.configured_sources(Settings()) or ()
    assert [one.name for one in in_turn(sources, "a")] == ["b", "c", "a"]
    assert [one.name for one in in_turn(sources, "gone")] == ["a", "b", "c"]
    assert [sensing._stopped_at(text) for text in (None, "", "{", "[]", '{"after": "b"}')] == ["", "", "", "", "b"]


def test_a_source_that_keeps_failing_is_told_once(
    defs: dg.Definitions, own_home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
):
    """One bad night is no message; three failures in a row are one, and not one each tick."""
    sent: list[str] = []

    def send(urls: list[str], title: str, body: str) -> list[str]:
        sent.append(body)
        return []

    monkeypatch.setattr(sensing.notifying, "send", send)
    monkeypatch.setenv("COLOCAST_NOTIFY", "json://127.0.0.1:9/x")
    configure(own_home, {"name": "gone", "operator": "NEXTDC", "kind": "feed", "url": f"{site.url}/gone"})
    counts = []
    for _ in range(5):
        tick(defs)
        counts.append(len(sent))
        memory = filings.open_memory(Settings())
        state = memory.source("gone")
        memory.set_source("gone", type(state)(0.0, state.failures, state.digest, state.reason))
        memory.close()
    assert counts == [0, 0, 1, 1, 1]
    assert "gone (NEXTDC)" in sent[0]
    assert "404" in sent[0]
