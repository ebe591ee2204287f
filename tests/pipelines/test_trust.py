"""Folders that others may write to are refused with a remedy: what lies there is published, or even runs as code."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines import trust
from pipelines.cli import app
from pipelines.home import Home, HomeUnusableError
from pipelines.settings import REPOSITORY
from pipelines.trust import UntrustedError, require_trusted_kernels, why_untrusted


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_that_every_user_may_write_to_is_refused(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(HomeUnusableError, match=r"every user may write to it \(mode 0777\).*chmod 700"):
        Home(home).make()
    assert list(home.iterdir()) == []


def test_a_home_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    owner = os.geteuid() + 1 if os.geteuid() else 65_534
    if os.geteuid() == 0:
        os.chown(tmp_path, owner, -1)
    else:
        monkeypatch.setattr(trust.os, "geteuid", lambda: owner)
    with pytest.raises(HomeUnusableError, match="belongs to"):
        Home(tmp_path).make()


def test_a_home_behind_a_link_is_looked_at_where_it_lies(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real").chmod(0o757)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(HomeUnusableError, match="every user may write"):
        Home(tmp_path / "link").make()


def test_an_old_home_is_tightened_and_the_inbox_left_as_it_is(tmp_path: Path):
    home = Home(tmp_path / "home")
    for folder in (home.root, home.inbox, home.archive, home.dagster, home.published.parent):
        folder.mkdir()
        folder.chmod(0o775)
    for path in (home.warehouse, home.published):
        path.write_text("")
        path.chmod(0o664)
    home.make()
    assert {path.name: oct(mode(path)) for path in (home.root, home.archive, home.dagster, home.history)} == {
        "home": "0o700",
        "archive": "0o700",
        "dagster": "0o700",
        "history": "0o700",
    }
    assert (mode(home.warehouse), mode(home.published)) == (0o600, 0o600)
    assert mode(home.inbox) == 0o775


def test_a_file_that_vanishes_meanwhile_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another command may be at work in the same home, and its temporary files come and go."""
    real = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: [*real(path), path / "gone"])
    assert Home(tmp_path / "home").make().warehouse.parent.is_dir()


@pytest.mark.parametrize(
    ("readers", "root", "folder", "file"), [("group", 0o710, 0o750, 0o640), ("all", 0o711, 0o755, 0o644)]
)
def test_readers_get_the_publication_and_nothing_else(tmp_path: Path, readers: str, root: int, folder: int, file: int):
    Home(tmp_path / "home").make()
    home = Home(tmp_path / "home", readers)
    for path in (home.published, home.page, home.warehouse):
        path.write_text("")
    home.make()
    assert mode(home.root) == root
    assert mode(home.published.parent) == mode(home.page.parent) == folder
    assert mode(home.published) == mode(home.page) == file
    assert mode(home.warehouse) == 0o600
    assert mode(home.archive) == mode(home.state) == mode(home.dagster) == 0o700


def test_compiled_models_that_others_could_have_put_there_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """numba reads its index as a pickle, which runs whatever it says."""
    kernels = tmp_path / "__pycache__" / "kernels-1"
    kernels.mkdir(parents=True)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for path in (tmp_path, kernels.parent, kernels):
        path.chmod(0o755)
        require_trusted_kernels(tmp_path)
        path.chmod(0o757)
        with pytest.raises(UntrustedError, match="runs as code"):
            require_trusted_kernels(tmp_path)
        path.chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(elsewhere))
    tmp_path.chmod(0o757)
    require_trusted_kernels(tmp_path)
    elsewhere.chmod(0o777)
    with pytest.raises(UntrustedError, match="NUMBA_CACHE_DIR"):
        require_trusted_kernels(tmp_path)


def test_the_command_line_looks_before_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere = tmp_path / "cache"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(elsewhere))
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 1
    assert "cannot be trusted" in result.output


def test_the_users_private_group_is_no_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Most systems give each user a group of its own and folders that it may write to."""
    tmp_path.chmod(0o775)
    monkeypatch.setattr(trust, "_group", lambda number: trust._user(os.geteuid()))
    assert why_untrusted(tmp_path, groups_too=True) == ""
    monkeypatch.setattr(trust, "_group", lambda number: "staff")
    found = tmp_path.stat()
    if found.st_gid == 0:
        os.chown(tmp_path, -1, 65_534)
    assert "the group staff may write" in why_untrusted(tmp_path, groups_too=True)


def test_this_installation_is_trusted():
    """A check that refuses the installation it ships with would stop every command."""
    require_trusted_kernels(REPOSITORY / "forecasts")
