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
