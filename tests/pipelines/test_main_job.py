"""The main job as people run it: on real reports and a bad one, twice, with a broken rule, and again from the archive.

Everything here shares one home, since a run costs seconds; tests that change it work on a copy.
"""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

import expectations
from expectations import BLOCK, Report, RuleResult
from pipelines.cli import app
from pipelines.commands.running import execute, failures
from pipelines.home import write_instance_config
from pipelines.memory import Memory
from pipelines.settings import REPOSITORY, Settings

REPORTS = ("gds_2q24_ex991.html", "interxion_3q19_key_metrics.html", "template_chindata_2021_2022.csv")
IMPOSSIBLE = """operator,facility,period_end,metric,value,unit
Example Data Centres Ltd,,2025-03-31,capacity_in_service,12.6,mw
Example Data Centres Ltd,,2025-03-31,utilisation_rate,174,pct
"""
AS_OF = date(2026, 6, 30)
QUARTERS = [date(year, *end) for year in (2023, 2024, 2025) for end in ((3, 31), (6, 30), (9, 30), (12, 31))]


def steady_series() -> str:
    """Twelve quarters of an operator that no layout knows: enough points for a forecast."""
    rows = ["operator,facility,period_end,metric,value,unit"]
    for number, end in enumerate(QUARTERS):
        rows.append(f"Steady Data Centres Ltd,,{end},capacity_in_service,{40 + number}.0,mw")
        rows.append(f"Steady Data Centres Ltd,,{end},capacity_utilised,{28.5 + number},mw")
    return "\n".join(rows) + "\n"


def settings_of(home: Path) -> Settings:
    settings = Settings(home=home, as_of=AS_OF)
    settings.layout.make()
    write_instance_config(settings)
    return settings


def tables_of(path: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
            ).fetchall()
        ]
        return {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall() for name in names}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    for name in REPORTS:
        shutil.copy(REPOSITORY / "data" / "reports" / name, folder)
    (folder / "impossible.csv").write_text(IMPOSSIBLE)
    (folder / "steady.csv").write_text(steady_series())
    (folder / "scan.pdf.part").write_text("half")
    (folder / "linked.html").symlink_to(folder / REPORTS[0])
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, inbox: Path) -> tuple[Settings, dg.ExecuteInProcessResult]:
    settings = settings_of(tmp_path_factory.mktemp("state") / "home")
    return settings, execute("refresh", settings, inbox)


@pytest.fixture
def copied(first: tuple[Settings, dg.ExecuteInProcessResult], tmp_path: Path) -> Settings:
    """A home of its own, as the first run left it; file times kept, so that what is remembered still holds."""
    settings = settings_of(tmp_path / "copy")
    shutil.rmtree(settings.home)
    shutil.copytree(first[0].home, settings.home, symlinks=True)
    shutil.rmtree(settings.layout.dagster)
    return settings_of(settings.home)


def check(result: dg.ExecuteInProcessResult, name: str) -> Any:
    return next(one for one in result.get_asset_check_evaluations() if one.check_name == name)


def test_a_run_publishes_and_leaves_nothing_behind(first: tuple[Settings, dg.ExecuteInProcessResult]):
    settings, result = first
    assert result.success, failures(result)
    home = settings.layout
    assert home.published.is_file()
    assert home.page.is_file()
    assert len(list(home.history.glob("*.duckdb"))) == 1
    assert not list(home.root.glob("**/*.wal"))


def test_every_document_has_a_row_with_a_reason(first: tuple[Settings, dg.ExecuteInProcessResult]):
    with duckdb.connect(str(first[0].layout.published), read_only=True) as connection:
        rows = connection.execute("SELECT file_name, status, reason FROM documents").fetchall()
    found = {name: (status, reason) for name, status, reason in rows}
    assert set(found) == {*REPORTS, "impossible.csv", "steady.csv", "linked.html"}
    assert found["impossible.csv"][0] == "quarantined"
    assert "174" in found["impossible.csv"][1]
    assert found["linked.html"][0] == "rejected"
    assert "symbolic link" in found["linked.html"][1]


def test_a_failing_rule_shows_its_rows_with_place_and_quote(first: tuple[Settings, dg.ExecuteInProcessResult]):
    failing = [
        one for one in first[1].get_asset_check_evaluations() if not one.passed and "failing rows" in one.metadata
    ]
    rows = [
        {key: str(value) for key, value in record.data.items()}
        for one in failing
        for record in one.metadata["failing rows"].records
    ]
    wrong = next(row for row in rows if "174" in row["found"])
    assert wrong["file"] == "impossible.csv"
    assert wrong["place"]
    assert wrong["quote"]
    assert wrong["expected"]
    assert wrong["remedy"]


def test_no_rule_is_silently_left_out(first: tuple[Settings, dg.ExecuteInProcessResult]):
    from expectations.checking import CANDIDATE_RULES
    from expectations.publication import TABLE_RULES

    names = {one.check_name for one in first[1].get_asset_check_evaluations()}
    assert names >= {rule.id for rule in (*CANDIDATE_RULES, *TABLE_RULES)} | {"layout_diff", "reports_on_time"}


def test_assets_say_rows_columns_and_where_columns_come_from(first: tuple[Settings, dg.ExecuteInProcessResult]):
    seen = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in first[1].get_asset_materialization_events()
    }
    history = seen["occupancy_history"]
    assert history["dagster/row_count"].value > 0
    columns = {column.name: column for column in history["dagster/column_schema"].schema.columns}
    assert columns["occupancy"].description
    assert "occupancy" in history["dagster/column_lineage"].lineage.deps_by_column


def test_a_second_run_does_nothing_and_changes_nothing(copied: Settings, inbox: Path):
    before, warehouse = copied.layout.published.read_bytes(), copied.layout.warehouse.read_bytes()
    result = execute("refresh", copied, inbox)
    assert result.success, failures(result)
    changed = {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.materialization.metadata["changed in this run"].value
    }
    assert changed == set()
    assert copied.layout.published.read_bytes() == before
    assert copied.layout.warehouse.read_bytes() == warehouse
    # The findings stand in the UI of the second run as well.
    assert len(list(result.get_asset_check_evaluations())) > 10


def test_a_blocking_rule_stops_publication_and_the_last_one_stands(
    copied: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
):
    before, page = copied.layout.published.read_bytes(), copied.layout.page.read_bytes()
    Memory.load(copied.layout.state / "stages.json", copied.layout.warehouse).forget("publish")

    def fail(tables: Any) -> Report:
        from expectations.publication import TABLE_RULES

        return Report(
            [
                RuleResult(rule.id, rule.title, BLOCK, passed=number > 0, checked=1)
                for number, rule in enumerate(TABLE_RULES)
            ]
        )

    monkeypatch.setattr(expectations, "check_publication", fail)
    result = execute("refresh", copied, inbox)
    blocked, broken = failures(result)
    assert not result.success
    assert len(blocked) == 1
    assert broken == []
    assert copied.layout.published.read_bytes() == before
    assert copied.layout.page.read_bytes() == page
    materialised = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert not {"publication", "report_page"} & materialised


def test_a_rule_that_itself_breaks_blocks(copied: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch):
    from expectations import checking

    def broken(figures: Any) -> Any:
        raise RuntimeError("the rule is wrong")

    first_rule, *others = checking.CANDIDATE_RULES
    changed = (type(first_rule)(**{**first_rule.__dict__, "test": broken}), *others)
    monkeypatch.setattr(checking.check, "__defaults__", (changed,))
    (copied.layout.state / "stages.json").unlink()
    result = execute("refresh", copied, inbox)
    blocked, _ = failures(result)
    assert len(blocked) == 1
    assert "the rule is wrong" in blocked[0]


def test_a_rebuild_gives_the_same_tables(copied: Settings):
    before = tables_of(copied.layout.warehouse)
    result = execute("rebuild", copied, None)
    assert result.success, failures(result)
    after = tables_of(copied.layout.warehouse)
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] != after[name]] == []


def test_a_deleted_publication_is_put_back(copied: Settings, inbox: Path):
    before = tables_of(copied.layout.published)
    copied.layout.published.unlink()
    assert execute("refresh", copied, inbox).success
    after = tables_of(copied.layout.published)
    assert [name for name in before if name != "runs" and before[name] != after[name]] == []


def test_a_past_vintage_is_frozen_and_published_with_the_next_refresh(copied: Settings, inbox: Path):
    vintage = execute("vintages", copied, None, ("2024-04-01", "2024-07-01"))
    assert vintage.success, failures(vintage)
    assert execute("refresh", copied, inbox).success
    with duckdb.connect(str(copied.layout.published), read_only=True) as connection:
        vintages = connection.execute("SELECT DISTINCT vintage FROM vintages ORDER BY 1").fetchall()
        known = connection.execute("SELECT max(quarter_end) FROM occupancy_history").fetchone()
    assert {date(2024, 6, 30), date(2024, 9, 30)} < {row[0] for row in vintages}
    assert known is not None
    assert known[0] <= AS_OF


def test_the_command_line_says_what_there_is_to_look_at(copied: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLOCAST_HOME", str(copied.home))
    run = CliRunner().invoke(app, ["run", "--inbox", str(inbox), "--as-of", AS_OF.isoformat()])
    assert run.exit_code == 0, run.output
    for word in ("impossible.csv", "174", str(copied.layout.page), str(copied.layout.published)):
        assert word in run.output
    status = CliRunner().invoke(app, ["status"])
    assert status.exit_code == 0, status.output
    assert "published" in status.output
    # What the disk has left, and what the cleaning before the first run found.
    assert "a run needs" in status.output
    assert "nothing was past its bound" in status.output
    rows = CliRunner().invoke(app, ["sql", "SELECT count(*) AS n FROM documents", "--format", "json"])
    assert json.loads(rows.stdout) == [{"n": 6}]


def test_reading_leaves_no_state(inbox: Path, own_home: Path):
    done = CliRunner().invoke(app, ["read", str(inbox / "impossible.csv"), str(inbox / REPORTS[0]), "--format", "csv"])
    assert done.exit_code == 0, done.output
    header, *rows = done.stdout.splitlines()
    assert header == (
        "file,operator,scope,scope_level,facility,period_end,metric,value,value_low,value_high,unit,basis,locator,quote,"
        "status,reason"
    )
    assert sum("quarantined" in row for row in rows) == 2
    assert not own_home.exists()
