"""The main job on an inbox with a rent roll: read, judged, simulated, published, and nothing made anew without news."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from assets.outlook import lease_tables
from pipelines.commands.running import execute, failures
from pipelines.home import write_instance_config
from pipelines.settings import REPOSITORY, Settings

SOURCE = REPOSITORY / "data" / "portfolios" / "illustrative_hong_kong"
HALLS = ("HK01", "HK02", "HK03")
SCENARIO = """name: small_ban
title: Small ban
description: Government leases are hardly renewed.
shocks:
  - {id: ban.renewals, acts_on: renewal_probability, value: 0.05, low: 0, high: 0.2, basis: analyst_prior,
     where: {sector: [government]}}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Path, dg.ExecuteInProcessResult]]:
    """One run on a report, a small portfolio with one impossible lease, and two scenarios."""
    folder = tmp_path_factory.mktemp("rent roll")
    inbox, scenarios = folder / "inbox", folder / "scenarios"
    (inbox / "harbour").mkdir(parents=True)
    scenarios.mkdir()
    shutil.copy(REPOSITORY / "data" / "scenarios" / "base.yaml", scenarios)
    (scenarios / "small_ban.yaml").write_text(SCENARIO)
    shutil.copy(REPOSITORY / "data" / "reports" / "interxion_3q19_key_metrics.html", inbox)
    for name in ("facilities", "leases", "history_quarterly", "stack_evidence"):
        frame = pd.read_csv(SOURCE / f"{name}.csv", dtype=str, keep_default_na=False)
        frame = frame[frame["facility_id"].isin(HALLS)]
        if name == "leases":
            # Ended long ago, so that taking it away leaves the sums of today as they are.
            frame.loc[frame.index[0], "end_date"] = "2010-01-01"
        frame.to_csv(inbox / "harbour" / f"{name}.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        # A run takes its settings from the environment; the bundled scenarios would only cost time.
        patch.setenv("COLOCAST_SCENARIOS", str(scenarios))
        # Neither precision nor every prior's range is looked at here.
        patch.setattr(lease_tables, "PATHS", 200)
        patch.setattr(lease_tables, "EXPLAINING_PATHS", 32)
        patch.setattr(lease_tables, "BACKTEST_PATHS", 32)
        patch.setattr(lease_tables, "ASKED_PRIORS", ("renewal",))
        settings = Settings(home=folder / "home", as_of=date(2026, 9, 15))
        settings.layout.make()
        write_instance_config(settings)
        yield settings, inbox, execute("refresh", settings, inbox)


def asked(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.layout.published), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_portfolio_is_published_under_its_folders_name(
    ran: tuple[Settings, Path, dg.ExecuteInProcessResult],
) -> None:
    """Leases, expiries, WALE and every scenario's forecast stand in the file for readers."""
    settings, _, result = ran
    assert result.success, failures(result)
    assert asked(settings, "SELECT portfolio, illustrative, facilities FROM portfolios") == [("harbour", True, 3)]
    assert asked(settings, "SELECT scenario FROM scenarios ORDER BY 1") == [("base",), ("small_ban",)]
    rows = asked(settings, "SELECT DISTINCT scenario, series_id FROM lease_forecast WHERE level = 'total' ORDER BY ALL")
    assert rows == [("base", "harbour/total"), ("small_ban", "harbour/total")]
    for table in ("lease_expiries", "wale", "backlog_runoff", "path_samples", "scenario_effects", "join_weights"):
        assert asked(settings, f"SELECT count(*) FROM {table}")[0][0] > 0, table
    assert asked(settings, "SELECT count(*) FROM latest_forecast WHERE series_id LIKE 'harbour/%'") == [(0,)]


def test_the_impossible_lease_is_in_quarantine_and_its_document_says_so(
    ran: tuple[Settings, Path, dg.ExecuteInProcessResult],
) -> None:
    """A lease that ends before it starts is held back with its cells; the others of the file count."""
    settings = ran[0]
    held = asked(settings, "SELECT rule, row_json, locator FROM quarantine WHERE row_json LIKE '%2010-01-01%'")
    assert "RR05_lease_end" in {rule for rule, _, _ in held}
    assert all(locator for _, _, locator in held)
    documents = dict(asked(settings, "SELECT file_name, status FROM documents"))
    assert documents["leases.csv"] == "accepted"
    assert asked(settings, "SELECT count(*) FROM leases WHERE end_date = DATE '2010-01-01'") == [(0,)]


def test_a_run_without_news_makes_nothing_anew(ran: tuple[Settings, Path, dg.ExecuteInProcessResult]) -> None:
    """Same files, same day: the published file stays as it is, to the byte."""
    settings, inbox, _ = ran
    before = settings.layout.published.stat()
    result = execute("refresh", settings, inbox)
    assert result.success, failures(result)
    after = settings.layout.published.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
