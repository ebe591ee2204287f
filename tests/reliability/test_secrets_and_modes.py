"""One real run with marked secrets, a failing delivery and a failing collection: the marks must be found nowhere, and
what the run leaves must be closed to other users of the machine.
"""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
USER, PASSWORD, PLACE, CONTACT = "markeduser", "markedpassword", "markedplace", "Marked Contact marked@contact.example"
MARKS = [PASSWORD, PLACE, CONTACT, "marked@contact", base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()]
SOURCES = """sources:
  - name: nowhere
    operator: GDS Holdings
    kind: page
    url: http://127.0.0.1:1/reports.html
"""


@dataclass(frozen=True)
class Ran:
    """The home after the run, and what each command printed."""

    home: Path
    secret_file: Path
    said: dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("secrets")
    home, inbox, nothing = folder / "home", folder / "documents", folder / "nothing"
    inbox.mkdir()
    nothing.mkdir()
    shutil.copy(REPOSITORY / "data" / "reports" / "gds_2q24_ex991.html", inbox)
    secret = folder / "notify"
    secret.write_text(f"json://{USER}:{PASSWORD}@127.0.0.1:1/{PLACE}\n")
    (folder / "sources.yaml").write_text(SOURCES)
    environment = {
        **os.environ,
        "COLOCAST_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "COLOCAST_AS_OF": "2026-06-30",
        "COLOCAST_BUNDLED_REPORTS": str(inbox),
        "COLOCAST_BUNDLED_PORTFOLIOS": str(nothing),
        "COLOCAST_NOTIFY_FILE": str(secret),
        "COLOCAST_CONTACT": CONTACT,
        "COLOCAST_SOURCES": str(folder / "sources.yaml"),
        "COLOCAST_PUBLISHED_FOR": "group",
    }
    environment.pop("COLOCAST_NOTIFY", None)
    said = {
        command: subprocess.run(
            [str(Path(sys.executable).with_name("colocast")), "--debug", command],
            env=environment,
            capture_output=True,
            text=True,
            umask=0o022,
            check=False,
        )
        for command in ("run", "tell", "fetch", "status")
    }
    return Ran(home, secret, said)


def test_the_commands_did_what_this_test_is_about(ran: Ran) -> None:
    """Secrets that were never used could not have leaked."""
    codes = {name: one.returncode for name, one in ran.said.items()}
    assert codes == {"run": 0, "tell": 1, "fetch": 1, "status": 0}, ran.said
    assert "the message was not taken" in ran.said["tell"].stderr + ran.said["tell"].stdout
    assert (ran.home / "alerts.sqlite").is_file()


def places(ran: Ran, mark: str) -> list[str]:
    """Where in the home a text stands: in the bytes of a file, or in a row of DuckDB, which compresses text."""
    found = [
        str(path.relative_to(ran.home))
        for path in ran.home.rglob("*")
        if path.is_file() and mark.encode() in path.read_bytes()
    ]
    for path in (ran.home / "warehouse.duckdb", ran.home / "published" / "occupancy.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
                if mark in str(connection.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()):
                    found.append(f"{path.name}, {table}")
    return found


def test_no_secret_is_written_or_said(ran: Ran) -> None:
    """Whoever reads a log, a database or the publication must not learn a password from it."""
    assert {mark: places(ran, mark) for mark in MARKS} == {mark: [] for mark in MARKS}
    said = "".join(one.stdout + one.stderr for one in ran.said.values())
    assert [mark for mark in MARKS if mark in said] == []


def test_the_search_finds_what_is_there(ran: Ran) -> None:
    """A search that finds nothing anywhere must not pass for a service without leaks."""
    found = places(ran, "gds_2q24_ex991.html")
    assert {"occupancy.duckdb, documents", "reports/index.html"} <= set(found)
    assert any(place.startswith("dagster/") for place in places(ran, "archived_documents"))


def test_nothing_is_pickled(ran: Ran) -> None:
    """A stored pickle is read again one day."""
    started = [
        path for path in ran.home.rglob("*") if path.is_file() and path.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")
    ]
    assert started == []


def test_others_may_read_the_publication_and_nothing_else(ran: Ran) -> None:
    """Reports under embargo and rent rolls are for nobody else, whatever the umask of who started it."""
    modes = {
        str(path.relative_to(ran.home)): stat.S_IMODE(path.stat().st_mode) for path in [ran.home, *ran.home.rglob("*")]
    }
    readable = {name for name, mode in modes.items() if mode & 0o077}
    history = {name for name in modes if name.startswith("published/history/")}
    assert history
    assert readable == {
        ".", "published", "published/occupancy.duckdb", "published/history", *history, "reports", "reports/index.html",
    }  # fmt: skip
    assert modes["."] == 0o710
    assert modes["published/occupancy.duckdb"] == modes["reports/index.html"] == 0o640
    assert not [name for name, mode in modes.items() if mode & 0o007]
