"""What runs by itself, tick by tick as the daemon calls it: requests, cursors, partitions and the failure message."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.notifying import send
from pipelines.resources import Workplace
from pipelines.settings import Settings
from pipelines.timing import VINTAGES, partition_of, quarterly_crons, vintage_of


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver on the loopback address, and what it was sent."""
    received: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()
    thread.join()


def tick(defs: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None) -> Any:
    sensor = defs.resolve_sensor_def("inbox_sensor")
    with dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs) as context:
        return sensor.evaluate_tick(context)


def test_the_sensor_asks_once_for_new_content_and_leaves_unsettled_files_to_later(
    defs: dg.Definitions, instance: dg.DagsterInstance
):
    inbox = Settings().layout.make().inbox
    first = tick(defs, instance, None)
    assert first.run_requests == []
    assert "nothing new" in first.skip_message
    (inbox / "report.csv").write_text("figures")
    second = tick(defs, instance, first.cursor)
    assert second.run_requests == []
    assert "1 still arriving" in second.skip_message
    third = tick(defs, instance, second.cursor)
    assert len(third.run_requests) == 1
    request = third.run_requests[0]
    assert request.run_config["resources"]["workplace"]["config"]["settle_s"] > 0
    assert json.loads(third.cursor)["files"].keys() == {"report.csv"}
    (inbox / "report.csv").rename(inbox / "renamed.csv")
    fourth = tick(defs, instance, third.cursor)
    fifth = tick(defs, instance, fourth.cursor)
    assert fourth.run_requests == fifth.run_requests == []


def test_the_same_content_has_the_same_run_key_whatever_its_name(defs: dg.Definitions, instance: dg.DagsterInstance):
    inbox = Settings().layout.make().inbox
    (inbox / "a.csv").write_text("figures")
    key = tick(defs, instance, tick(defs, instance, None).cursor).run_requests[0].run_key
    (inbox / "a.csv").rename(inbox / "b.csv")
    assert tick(defs, instance, tick(defs, instance, None).cursor).run_requests[0].run_key == key


def test_the_daily_run_is_asked_once_a_day(defs: dg.Definitions, instance: dg.DagsterInstance):
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=datetime(2026, 7, 1, 6, 30, tzinfo=UTC)
    )
    data = defs.resolve_schedule_def("daily_refresh").evaluate_tick(context)
    assert [request.run_key for request in data.run_requests] == ["daily/2026-07-01"]


def test_the_quarterly_forecast_takes_the_quarter_that_has_been_reported(
    defs: dg.Definitions, instance: dg.DagsterInstance
):
    context = dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=datetime(2026, 8, 30, 7, 0, tzinfo=UTC),
        repository_def=defs.get_repository_def(),
    )
    data = defs.resolve_schedule_def("quarterly_forecast").evaluate_tick(context)
    assert [request.partition_key for request in data.run_requests] == ["2026-04-01"]


def test_partitions_and_vintages_belong_together():
    assert vintage_of("2026-04-01") == date(2026, 6, 30)
    assert partition_of(date(2026, 6, 30)) == "2026-04-01"
    keys = VINTAGES.get_partition_keys(current_time=datetime(2026, 7, 1, tzinfo=UTC))
    assert keys[-1] == "2026-04-01"  # a vintage exists as soon as its quarter has ended
    assert len(quarterly_crons()) == 4


def failing_run(instance: dg.DagsterInstance) -> dg.RunFailureSensorContext:
    @dg.op
    def judge() -> None:
        raise ValueError("impossible.csv: utilisation 174 %")

    @dg.job
    def refresh() -> None:
        judge()

    result = refresh.execute_in_process(instance=instance, raise_on_error=False)
    return dg.build_run_status_sensor_context(
        sensor_name="failure_messenger",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()


def test_a_failure_is_told_with_step_reason_and_address(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    webhook: tuple[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
):
    url, received = webhook
    monkeypatch.setenv("COLOCAST_NOTIFY", url)
    context = failing_run(instance)
    defs.resolve_sensor_def("failure_messenger")(context)  # type: ignore[operator]
    assert len(received) == 1
    assert "refresh failed" in received[0]["title"]
    for word in ("judge", "174 %", "/runs/", "last publication stands"):
        assert word in received[0]["message"]


def test_without_an_address_nobody_is_told_and_the_tick_says_so(
    defs: dg.Definitions, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("COLOCAST_NOTIFY", raising=False)
    reason = defs.resolve_sensor_def("failure_messenger")(failing_run(instance))  # type: ignore[operator]
    assert "nobody to tell" in str(reason)


def test_an_address_that_fails_is_named_without_its_secrets():
    problems = send(["json://user:secret@127.0.0.1:1/hook", "nonsense"], "title", "body")
    assert len(problems) == 2
    assert problems[0].startswith("json: the message was not taken")
    assert "secret" not in " ".join(problems)


def test_a_workplace_takes_its_choices_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("COLOCAST_AS_OF", "2025-01-01")
    work = Workplace(home=str(tmp_path), as_of="2026-06-30").work("run")
    assert work.as_of == date(2026, 6, 30)
    assert work.vintage == date(2026, 6, 30)
    assert work.home.root == tmp_path
