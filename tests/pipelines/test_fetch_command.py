"""`colocast fetch`: off unless configured, exit codes with a meaning, and every failure with reason and remedy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filing_sites import Site, answer, configure, gds, pdf, status
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.locking import run_lock


@pytest.fixture(autouse=True)
def contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOCAST_CONTACT", "Example Research reports@example.com")


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.close()


def fetch(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["fetch", *arguments])
    assert "Traceback" not in result.output
    return result


def words(result: Result) -> str:
    return " ".join(result.output.split())


def files(home: Path) -> list[str]:
    inbox = home / "inbox"
    return sorted(path.relative_to(inbox).as_posix() for path in inbox.rglob("*") if path.is_file())


def test_without_a_sources_file_it_is_off_and_says_how_to_turn_it_on(own_home: Path):
    """Nobody is asked for anything until a person has said so."""
    result = fetch()
    assert result.exit_code == 0
    for part in ("is off", str(own_home / "sources.yaml"), "filing_sources.example.yaml", "COLOCAST_CONTACT"):
        assert part in words(result)
    assert not own_home.exists()


def test_sources_that_are_all_off_are_not_asked(own_home: Path, site: Site):
    """The example can be copied as it is."""
    configure(own_home, {**gds(site), "enabled": False})
    result = fetch()
    assert (result.exit_code, site.asked) == (0, [])
    assert "every source" in words(result)


def test_new_filings_land_in_the_inbox_and_are_shown_once(own_home: Path, site: Site):
    """The table says what came; the second time there is nothing to say."""
    configure(own_home, gds(site, filings=2))
    result = fetch()
    assert result.exit_code == 0, result.output
    assert len(files(own_home)) == 2
    assert all(name in result.stdout for name in files(own_home))
    assert site.asked[0].headers["User-Agent"].startswith("Example Research reports@example.com colocast/")
    again = fetch()
    assert again.exit_code == 0
    assert "nothing changed" in words(again)
    assert len(files(own_home)) == 2


def test_a_trial_shows_what_would_come_and_leaves_no_trace(own_home: Path, site: Site):
    """--dry-run fetches, writes and remembers nothing; the run after it brings everything."""
    configure(own_home, gds(site))
    result = fetch("--dry-run")
    assert result.exit_code == 0, result.output
    assert "What would come" in result.stdout
    assert f"{site.url}/Archives/edgar/data/1526125/000110465925000001/ex99-1.htm" in result.stdout
    assert files(own_home) == []
    assert fetch().exit_code == 0
    assert len(files(own_home)) == 1


def test_one_source_that_fails_is_told_and_the_others_come(own_home: Path, site: Site):
    """Exit 1 with reason and remedy, and what could be had is there."""
    site.pages["/gone"] = status(404)
    broken = {"name": "gone", "operator": "NEXTDC", "kind": "feed", "url": f"{site.url}/gone"}
    configure(own_home, broken, gds(site))
    result = fetch()
    assert result.exit_code == 1
    assert "404 (not there)" in words(result)
    assert "Correct the address if it has moved" in words(result)
    assert len(files(own_home)) == 1


def test_a_source_that_was_not_reached_is_no_success(own_home: Path, site: Site, monkeypatch: pytest.MonkeyPatch):
    """Exit 0 says that all were asked; a run that used up its files before the last source must not say so."""
    monkeypatch.setenv("COLOCAST_FETCH_FILES", "1")
    configure(own_home, gds(site), {**gds(site), "name": "again", "documents": ["primary"]})
    result = fetch()
    assert result.exit_code == 1
    assert "used up first; run it again" in words(result)
    assert fetch().exit_code == 0
    assert len(files(own_home)) == 2


def test_one_source_can_be_asked_alone(own_home: Path, site: Site):
    """--source names it; the others are left alone."""
    site.pages |= {"/ir": answer(b'<a href="/r.pdf">R</a>'), "/r.pdf": answer(pdf("r"))}
    page = {"name": "page", "operator": "NEXTDC", "kind": "page", "url": f"{site.url}/ir", "links": [r"\.pdf$"]}
    configure(own_home, page, gds(site))
    assert fetch("--source", "page").exit_code == 0
    assert files(own_home) == ["nextdc/R-r.pdf"]
    assert all("edgar" not in path for path in site.paths())


@pytest.mark.parametrize(
    ("entry", "arguments", "expected"),
    [
        ({"kind": "sec"}, (), "line 3, source 'gds': kind is 'sec'"),
        ({"operator": "Nobody"}, (), "operator is 'Nobody'; expected an operator that has a layout file"),
        ({}, ("--source", "gsd"), "--source is 'gsd'; expected one of gds"),
        ({"enabled": False}, ("--source", "gds"), "set `enabled: true`"),
    ],
)
def test_wrong_configuration_exits_2_and_names_the_place(
    own_home: Path, site: Site, entry: dict[str, object], arguments: tuple[str, ...], expected: str
):
    """The person who wrote the file must find the place; nobody is asked before it is right."""
    whole = {"name": "gds", "kind": "edgar", **gds(site), **entry}
    configure(own_home, {key: whole[key] for key in ("name", "kind", *sorted(set(whole) - {"name", "kind"}))})
    text = (own_home / "sources.yaml").read_text().splitlines()
    line = next((number for number, one in enumerate(text, start=1) if "kind:" in one), 0)
    result = fetch(*arguments)
    assert result.exit_code == 2
    assert expected.replace("line 3", f"line {line}") in words(result)
    assert site.asked == []


@pytest.mark.parametrize("contact", ["", "Example Research", "mail@", "a@b.c\u4e2d", "x\ny"])
def test_a_missing_contact_exits_2_before_anybody_is_asked(
    own_home: Path, site: Site, monkeypatch: pytest.MonkeyPatch, contact: str
):
    """EDGAR shuts out who does not say who asks; a header is plain text on one line."""
    monkeypatch.setenv("COLOCAST_CONTACT", contact)
    configure(own_home, gds(site))
    result = fetch()
    assert (result.exit_code, site.asked) == (2, [])
    assert "expected a name and a mail address" in words(result)


def test_a_sources_file_that_was_asked_for_and_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch):
    """A slip in COLOCAST_SOURCES must not look like collecting being off."""
    monkeypatch.setenv("COLOCAST_SOURCES", "/nowhere/sources.yaml")
    result = fetch()
    assert result.exit_code == 2
    assert "/nowhere/sources.yaml: no such file" in words(result)


def test_two_collections_never_meet(own_home: Path, site: Site, monkeypatch: pytest.MonkeyPatch):
    """The sensor may be at work: the command says so instead of asking everybody twice."""
    monkeypatch.setenv("COLOCAST_LOCK_WAIT_S", "0")
    configure(own_home, gds(site))
    lock = own_home / "fetch.lock"
    code = "import sys, time; from pathlib import Path; from pipelines.locking import run_lock\n"
    code += "with run_lock(Path(sys.argv[1]), 'filing_sensor', 0): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = fetch()
        assert (result.exit_code, site.asked) == (1, [])
        assert "`filing_sensor`, process" in words(result)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with run_lock(lock, "test", 0):
        pass
    assert fetch().exit_code == 0


def test_what_was_fetched_is_what_a_run_takes(own_home: Path, site: Site):
    """Under the name and folder it gets, the inbox counts it as a finished report."""
    from pipelines.inbox import list_folder

    configure(own_home, gds(site))
    fetch()
    listing = list_folder(own_home / "inbox")
    assert [one.name for one in listing.found] == files(own_home)
    assert (listing.passed, listing.broken) == ((), ())
