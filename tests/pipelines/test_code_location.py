"""The code location as the web server and the daemon load it: from workspace.yaml, in a process of its own.

`dagster dev` can silently load another location than the one in workspace.yaml, and schedules start stopped.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from pipelines.catalogue import ENTRIES
from pipelines.home import POOL, write_instance_config
from pipelines.settings import Settings


@pytest.fixture
def repository_as_loaded(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[dg.DagsterInstance, Any]]:
    monkeypatch.chdir(tmp_path)  # the location must not depend on where the server is started
    settings = Settings()
    settings.layout.make()
    write_instance_config(settings)
    with (
        dg.DagsterInstance.from_config(str(settings.layout.dagster)) as instance,
        WorkspaceProcessContext(instance, WorkspaceFileTarget([str(repository / "workspace.yaml")])) as context,
    ):
        request = context.create_request_context()
        assert request.code_location_names == ["colocast"]
        assert not request.code_location_errors()
        yield instance, request.get_code_location("colocast").get_repository("__repository__")


def test_the_location_of_the_workspace_file_loads_and_runs_by_default(
    repository_as_loaded: tuple[dg.DagsterInstance, Any],
):
    instance, loaded = repository_as_loaded
    assert {job.name for job in loaded.get_all_jobs()} >= {"refresh", "rebuild", "vintages"}
    started = {one.name: one.default_status.value for one in (*loaded.get_schedules(), *loaded.get_sensors())}
    assert started == dict.fromkeys(
        (
            "daily_refresh",
            "quarterly_forecast",
            "inbox_sensor",
            "failure_messenger",
            "alert_messenger",
            "filing_sensor",
            "disk_messenger",
        ),
        "RUNNING",
    )
    nodes = {node.asset_key.to_user_string(): node for node in loaded.get_asset_node_snaps()}
    assert set(nodes) == {entry.name for entry in ENTRIES} | {"frozen_vintage"}
    for name, node in nodes.items():
        assert node.group_name in {"reports", "warehouse", "outlook", "delivery"}, name
        assert node.owners, name
        assert node.description, name
        assert node.pools == {POOL}, name
    assert nodes["frozen_vintage"].partitions is not None
    assert instance.telemetry_enabled is False
    assert instance.nux_enabled is False
    assert instance.run_monitoring_enabled is True
    assert instance.get_concurrency_config().pool_config.default_pool_limit == 1


def test_nothing_in_the_project_file_can_shadow_the_workspace(repository: Path):
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    assert not {"dagster", "dg"} & set(project["tool"])


def test_the_instance_file_keeps_state_in_the_home_and_takes_local_settings(own_home: Path):
    settings = Settings()
    settings.layout.make()
    (settings.layout.dagster / "dagster.local.yaml").write_text("run_retries: {enabled: false}\n")
    config = yaml.safe_load(write_instance_config(settings).read_text())
    assert config["storage"]["custom"]["config"]["base_dir"].startswith(str(own_home))
    assert config["telemetry"] == config["nux"] == {"enabled": False}
    assert config["run_retries"] == {"enabled": False}
