"""The command line: what goes wrong is a sentence and an exit code, never a traceback; and start-up stays light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.commands.console import text_of


def colocast(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert "Traceback" not in result.output
    return result


def test_help_names_every_command_of_the_contract():
    text = colocast("--help").stdout
    for command in ("run", "read", "fetch", "forecast", "sql", "export", "status", "rebuild", "ui"):
        assert command in text


def test_nothing_heavy_is_imported_for_help():
    heavy = "{'dagster', 'pandas', 'duckdb', 'great_expectations', 'prophet'}"
    code = f"import sys, pipelines.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_version_is_that_of_the_project():
    assert colocast("--version").stdout.startswith("colocast 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--as-of", "31.12.2025"), "expected a date such as 2026-06-30"),
        (("run", "--inbox", "/nowhere/at/all"), "does not exist"),
        (("read", "/nowhere.pdf"), "no such file"),
        (("read", "."), "a folder"),
        (("forecast", "/nowhere.parquet", "--horizon", "8", "--out", "x.parquet"), "no such file"),
        (("forecast", "x.parquet", "--horizon", "0", "--out", "x.parquet"), "greater than or equal to 1"),
        (("read",), "Missing argument"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_expected(arguments: tuple[str, ...], words: str):
    result = colocast(*arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


@pytest.mark.parametrize("command", [("status",), ("sql", "SELECT 1"), ("export", "--out", "x")])
def test_commands_that_look_say_that_there_is_nothing_yet(command: tuple[str, ...]):
    result = colocast(*command)
    assert result.exit_code == 1
    assert "Run `colocast run` first" in " ".join(result.output.split())


def test_a_panel_with_other_columns_is_named_with_what_is_expected(tmp_path: Path):
    panel = tmp_path / "panel.parquet"
    pd.DataFrame({"series": ["a"], "ds": ["2025-12-31"], "y": [1.0]}).to_parquet(panel)
    result = colocast("forecast", panel, "--horizon", "4", "--out", tmp_path / "out.parquet")
    assert result.exit_code == 2
    words = " ".join(result.output.split())
    assert "unique_id are missing" in words
    assert "found series, ds, y" in words
    assert not (tmp_path / "out.parquet").exists()


def test_a_panel_with_a_bad_date_or_number_names_the_row(tmp_path: Path):
    panel = tmp_path / "panel.parquet"
    pd.DataFrame({"unique_id": ["a", "a"], "ds": ["2025-09-30", "soon"], "y": [1.0, 2.0]}).to_parquet(panel)
    assert "row 2: ds is 'soon'" in colocast("forecast", panel, "--horizon", "4", "--out", tmp_path / "o").output
    pd.DataFrame({"unique_id": ["a"], "ds": ["2025-09-30"], "y": ["much"]}).to_parquet(panel)
    assert "row 1: y is 'much'" in colocast("forecast", panel, "--horizon", "4", "--out", tmp_path / "o").output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tmp_path.chmod(0o500)
    monkeypatch.setenv("COLOCAST_HOME", str(tmp_path / "home"))
    result = colocast("run")
    assert result.exit_code == 1
    assert "cannot be used" in result.output


def test_a_home_that_is_a_file_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("COLOCAST_HOME", str(tmp_path / "home"))
    result = colocast("run")
    assert result.exit_code == 1
    assert "COLOCAST_HOME" in result.output


def test_numbers_are_printed_as_they_are():
    assert [text_of(value) for value in (92.5, 756992.0, None, float("nan"), True)] == [
        "92.5",
        "756992",
        "",
        "",
        "true",
    ]
