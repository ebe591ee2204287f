"""`colocast tell` serves homes without a daemon: one round, each alert once, and an exit code that cron can act on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.alert_delivery import Moods, Webhook, listening, publish_alerts
from pipelines.cli import app


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with listening(Webhook(Moods((), share=0))) as receiver:
        assert isinstance(receiver, Webhook)
        yield receiver


def test_alerts_go_out_once(own_home: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call from cron must not tell again."""
    monkeypatch.setenv("COLOCAST_NOTIFY", webhook.url)
    wanted = publish_alerts(own_home, 2)
    for expected in ("2 messages taken", "Nothing to tell"):
        done = CliRunner().invoke(app, ["tell"])
        assert done.exit_code == 0, done.output
        assert expected in done.output
    assert sorted(webhook.taken) == sorted(wanted)


def test_a_message_that_is_not_taken_is_an_error_for_cron(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence here would be an alert that nobody ever gets."""
    with listening(Webhook(Moods((), share=0))) as receiver:
        assert isinstance(receiver, Webhook)
        url = receiver.url
    monkeypatch.setenv("COLOCAST_NOTIFY", url)
    publish_alerts(own_home, 1)
    done = CliRunner().invoke(app, ["tell"])
    assert done.exit_code == 1, done.output
    assert "wait" in done.output
