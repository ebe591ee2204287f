"""The step of alerts in its home: it remembers, a second run changes nothing, and delivered_at comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assets.warehouse.database import connect, create_schema
from assets.warehouse.publishing import fingerprint, publish
from bench.alert_delivery import Moods, Webhook, listening
from pipelines.alert_sensor import look
from pipelines.cli import app
from pipelines.metadata import facts
from pipelines.settings import Settings
from pipelines.steps.alerts import alerts, open_by_severity, passed_over_rows
from pipelines.steps.work import StageError, Work

AS_OF = date(2026, 11, 20)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home as the steps before leave it: one document held back, another one long ago."""
    settings = Settings(home=tmp_path / "home", as_of=AS_OF)
    settings.layout.make()
    with connect(settings.layout.warehouse) as connection:
        create_schema(connection)
        for name, day in (("new", "2026-11-19"), ("old", "2025-01-01")):
            connection.execute(
                "INSERT INTO documents VALUES"
                " (?, ?, 'text/csv', ?, 1, 'A', NULL, ?, 'quarantined', 'R05: 174 %', NULL, 0, 1)",
                [name, f"{name}.csv", name, datetime.fromisoformat(day)],
            )
    remember(settings)
    return settings


def remember(settings: Settings, mark: str = "tables of today") -> None:
    memory = work(settings).memory()
    memory.store("judge", "judged", {"last_periods": {}})
    memory.store("track_record", mark, {})


def work(settings: Settings, hour: int = 6) -> Work:
    return Work(settings, f"run at {hour}", datetime(2026, 11, 20, hour, tzinfo=UTC))


def rows(settings: Settings) -> list[tuple[Any, ...]]:
    with connect(settings.layout.warehouse, read_only=True) as connection:
        return connection.execute("SELECT * FROM alerts ORDER BY ALL").fetchall()


def fingerprint_of(settings: Settings) -> str:
    with connect(settings.layout.warehouse, read_only=True) as connection:
        return fingerprint(connection)


def test_the_step_raises_and_says_what_it_passed_over(settings: Settings):
    """The UI shows the open alerts, numbers to plot, and what no alert was made of."""
    outcome = alerts(work(settings))
    assert outcome.fresh
    assert facts(outcome.summary)["open"] == 1
    assert facts(outcome.summary)["raised"] == 1
    assert open_by_severity(outcome.summary) == {"open critical": 0, "open warning": 1, "open info": 0}
    assert "new.csv" in outcome.summary["open_alerts"][0]["message"]
    assert passed_over_rows(outcome.summary) == [{"rule": "document-quarantined", "reason": "older", "facts": 1}]
    assert outcome.summary["tables"]["alerts"]["rows"] == 1


def test_a_second_run_changes_nothing_even_where_it_judges_again(settings: Settings):
    """Two runs on equal inputs must publish equal tables, raised_at included."""
    alerts(work(settings))
    before, stamp = fingerprint_of(settings), settings.layout.warehouse.read_bytes()
    assert not alerts(work(settings, 7)).fresh
    assert settings.layout.warehouse.read_bytes() == stamp
    remember(settings, "tables of tomorrow")
    assert alerts(work(settings, 8)).summary["raised"] == 0
    assert fingerprint_of(settings) == before


def test_own_rules_take_effect_and_slips_in_them_stop_the_step(settings: Settings):
    """A changed rule must not wait for another report; a broken one must not pass for no alert."""
    alerts(work(settings))
    settings.layout.alert_rules.write_text("rules:\n- {id: document-quarantined, newer_than_days: 3650}\n")
    assert alerts(work(settings)).summary["raised"] == 1
    settings.layout.alert_rules.write_text("rules:\n- {id: document-quarantined, newer_than_days: -1}\n")
    with pytest.raises(StageError, match="newer_than_days: found -1; expected a whole number from 0"):
        alerts(work(settings))


def test_a_run_never_sends_and_the_next_one_carries_who_was_told(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """The network must not hold up a run; delivered_at comes with the publication after."""
    home = settings.layout
    receiver = Webhook(Moods((), share=0))
    monkeypatch.setenv("COLOCAST_HOME", str(settings.home))
    monkeypatch.setenv("COLOCAST_NOTIFY", receiver.url)
    with listening(receiver):
        alerts(work(settings))
        publish(home.warehouse, home.published.parent)
        assert receiver.taken == []
        assert look(Settings(), clock=lambda: datetime(2026, 11, 20, 6, 5, tzinfo=UTC)).taken == 1
        outcome = alerts(work(settings, 7))
        assert (outcome.fresh, outcome.summary["undelivered"], outcome.summary["raised"]) == (True, 0, 0)
        changed = publish(home.warehouse, home.published.parent)
        assert changed.changed
        assert look(Settings()).taken == 0
        assert not alerts(work(settings, 8)).fresh
    assert len(receiver.taken) == 1
    with connect(home.published, read_only=True) as connection:
        told = connection.execute("SELECT delivered_at FROM alerts").fetchall()
    assert told == [(datetime(2026, 11, 20, 6, 5),)]


def test_a_damaged_outbox_is_said_and_takes_nothing_back(settings: Settings, caplog: pytest.LogCaptureFixture):
    """A run must not end over who was told, and what the warehouse knows of it stays: nothing is told again."""
    alerts(work(settings))
    with connect(settings.layout.warehouse) as connection:
        connection.execute("UPDATE alerts SET delivered_at = TIMESTAMP '2026-11-20 06:05:00'")
    remember(settings, "other tables")
    settings.layout.outbox.write_bytes(b"no database" * 1000)
    with caplog.at_level("WARNING"):
        assert alerts(work(settings, hour=7)).fresh
    assert f"{settings.layout.outbox}: cannot be used" in caplog.text
    with connect(settings.layout.warehouse, read_only=True) as connection:
        told = connection.execute("SELECT delivered_at FROM alerts").fetchall()
    assert told == [(datetime(2026, 11, 20, 6, 5),)]


def test_the_messenger_goes_on_with_a_new_outbox_where_its_own_is_damaged(settings: Settings):
    """Alerts must not fall silent until somebody moves a file away."""
    alerts(work(settings))
    publish(settings.layout.warehouse, settings.layout.published.parent)
    settings.layout.outbox.write_bytes(b"no database" * 1000)
    with listening(Webhook(Moods((), share=0.0))) as receiver:
        seen = look(Settings(home=settings.home, as_of=AS_OF, notify=receiver.url))
        assert len(receiver.taken) == 1
    assert "cannot be used" in seen.problems[0]
    assert list(settings.home.glob("alerts.sqlite.damaged-*"))


def test_status_shows_open_alerts_and_what_was_not_taken(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """The command line is where an operator of the service looks first."""
    monkeypatch.setenv("COLOCAST_HOME", str(settings.home))
    alerts(work(settings))
    quiet = CliRunner().invoke(app, ["status"])
    assert quiet.exit_code == 0, quiet.output
    assert "nobody yet" in quiet.output
    assert "new.csv" in quiet.output
    publish(settings.layout.warehouse, settings.layout.published.parent)
    monkeypatch.setenv("COLOCAST_NOTIFY", "json://user:hunter2@127.0.0.1:1/hook")
    look(Settings())
    shown = " ".join(CliRunner().invoke(app, ["status"]).output.split())
    assert "1 alert to json " in shown
    assert "connection refused" in shown
    assert "hunter2" not in shown
    with connect(settings.layout.warehouse) as connection:
        connection.execute("DELETE FROM alerts")
    assert "No alert is open." in CliRunner().invoke(app, ["status"]).output
