"""Settings: each is documented, and a wrong one is named instead of a traceback."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.settings import Settings


def test_every_setting_stands_in_the_operators_guide(repository: Path):
    text = (repository / "docs" / "operations.md").read_text()
    for name, field in Settings.model_fields.items():
        assert f"`COLOCAST_{name.upper()}`" in text
        assert field.description
        assert field.description in text


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("COLOCAST_AS_OF", "2026-06-30")
    monkeypatch.setenv("COLOCAST_NOTIFY", "json://a  json://b")
    settings = Settings()
    assert settings.today == date(2026, 6, 30)
    assert settings.notify_urls == ["json://a", "json://b"]
    assert "json://a" not in repr(settings)  # addresses hold passwords


def test_a_wrong_setting_is_named_with_what_is_expected(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLOCAST_KEEP_PUBLISHED", "many")
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 2
    assert "COLOCAST_KEEP_PUBLISHED is 'many'" in result.output


def test_reader_limits_follow_the_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLOCAST_READER_SECONDS", "7")
    monkeypatch.setenv("COLOCAST_READER_MEMORY_MIB", "512")
    limits = Settings().reader_limits()
    assert (limits.wall_clock_s, limits.memory_bytes) == (7, 512 * 1024 * 1024)


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The environment is inherited by every child process, and crash reports like to print it."""
    (tmp_path / "notify").write_text("json://user:word@a\n")
    (tmp_path / "postgres").write_text("postgresql://user:word@b/base\n")
    monkeypatch.delenv("COLOCAST_NOTIFY", raising=False)
    monkeypatch.setenv("COLOCAST_NOTIFY_FILE", str(tmp_path / "notify"))
    monkeypatch.setenv("COLOCAST_POSTGRES_FILE", str(tmp_path / "postgres"))
    settings = Settings()
    assert settings.notify_urls == ["json://user:word@a"]
    assert settings.postgres.get_secret_value() == "postgresql://user:word@b/base"
    assert "word" not in repr(settings)


def test_a_file_of_a_secret_that_cannot_be_used_is_named_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "notify"
    file.write_text("json://user:word@a")
    monkeypatch.setenv("COLOCAST_NOTIFY_FILE", str(file))
    monkeypatch.setenv("COLOCAST_NOTIFY", "json://b")
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 1
    assert "COLOCAST_NOTIFY and COLOCAST_NOTIFY_FILE are both set" in result.output
    monkeypatch.delenv("COLOCAST_NOTIFY")
    file.write_bytes(b"\xff\xfeword")
    result = CliRunner().invoke(app, ["status"])
    assert f"COLOCAST_NOTIFY_FILE is {file}, which cannot be read" in " ".join(result.output.split())
    assert "word" not in result.output
    monkeypatch.setenv("COLOCAST_NOTIFY_FILE", str(tmp_path / "none"))
    assert "No such file" in CliRunner().invoke(app, ["status"]).output


def test_only_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """COLOCAST_SEED_FILE means nothing; taking it would be a second way to set everything."""
    (tmp_path / "seed").write_text("7")
    monkeypatch.setenv("COLOCAST_SEED_FILE", str(tmp_path / "seed"))
    assert Settings().seed == 0
