"""Dagster on a real Postgres: runs asked at once finish, one in the warehouse at a time, and the password stays secret.

With SQLite a second machine could not even ask for a run; with Postgres nothing but the pool keeps run workers apart.
The same code runs more runs by `python -m bench.run_workers`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.postgres_server import missing_postgres, postgres_server
from bench.run_workers import ask_at_once, most_together, places_of_secret
from pipelines.home import POSTGRES_VARIABLE, HomeUnusableError, instance_config, postgres_url, write_instance_config
from pipelines.settings import Settings

needs_postgres = pytest.mark.skipif(bool(missing_postgres()), reason=missing_postgres() or "Postgres is there")
RUNS = 2


@needs_postgres
def test_runs_asked_at_once_wait_for_the_warehouse_and_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several workers are allowed; the pool `warehouse` lets one in at a time."""
    monkeypatch.setenv(POSTGRES_VARIABLE, "")
    with postgres_server(tmp_path / "postgres") as url:
        asked = ask_at_once(tmp_path / "service", url, RUNS)
    assert asked.allowed > 1
    assert asked.succeeded == RUNS
    assert asked.processes == RUNS
    assert asked.together == 1
    assert asked.places == ()


@needs_postgres
def test_a_password_that_leaks_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of the test above is worth nothing unless it finds one, in a file and in Dagster's tables."""
    from dagster import DagsterInstance

    with postgres_server(tmp_path / "postgres") as url:
        monkeypatch.setenv("COLOCAST_POSTGRES", url)
        monkeypatch.setenv(POSTGRES_VARIABLE, "")
        settings = Settings()
        settings.layout.make()
        write_instance_config(settings)
        with DagsterInstance.from_config(str(settings.layout.dagster)) as instance:
            assert "postgres" in type(instance.run_storage).__module__
            assert "postgres" in type(instance.event_log_storage).__module__
            assert instance.schedule_storage is not None
            assert "postgres" in type(instance.schedule_storage).__module__
            assert places_of_secret(settings.home, url) == []
            run = instance.create_run_for_job(job_def=_nothing(), tags={"note": url})
            assert places_of_secret(settings.home, url) == ["table runs"]
            instance.delete_run(run.run_id)
        (settings.home / "note.txt").write_text(url)
        assert places_of_secret(settings.home, url) == ["note.txt"]


def _nothing():  # type: ignore[no-untyped-def]
    import dagster as dg

    @dg.op
    def nothing() -> None:
        pass

    @dg.job
    def idle() -> None:
        nothing()

    return idle


def test_spans_that_meet_are_counted() -> None:
    """One that begins as another ends does not meet it; three at one moment are three."""
    assert most_together([(0, 1), (1, 2), (2, 3)]) == 1
    assert most_together([(0, 2), (1, 3), (2, 4)]) == 2
    assert most_together([(0, 9), (1, 3), (2, 4)]) == 3
    assert most_together([]) == 0


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_address_names_the_driver(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy would take another driver, which is not installed, and Dagster would not start."""
    monkeypatch.setenv("COLOCAST_POSTGRES", f"{scheme}://u:p@h/b")
    assert postgres_url(Settings()) == "postgresql+psycopg2://u:p@h/b"


@pytest.mark.parametrize("address", ["mysql://u:hidden@h/b", "h:5432", "postgresql//u:hidden@h/b"])
def test_another_address_is_refused_without_saying_it(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message goes to logs; the address holds the password."""
    monkeypatch.setenv("COLOCAST_POSTGRES", address)
    with pytest.raises(HomeUnusableError, match="expected postgresql://") as problem:
        postgres_url(Settings())
    assert address not in str(problem.value)
    assert "hidden" not in str(problem.value)


def test_without_a_setting_everything_stays_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded way needs no server."""
    before = dict(os.environ)
    monkeypatch.delenv("COLOCAST_POSTGRES", raising=False)
    settings = Settings()
    settings.layout.make()
    write_instance_config(settings)
    assert list(instance_config(settings)["storage"]) == ["custom"]
    assert os.environ.get(POSTGRES_VARIABLE) == before.get(POSTGRES_VARIABLE)
