"""Others rely on names: commands, options, columns and tables stay what the contract says, or this fails first.

The names are written out here and not taken from the code, since a renaming there must be noticed.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.commands.running import execute, failures
from pipelines.home import write_instance_config
from pipelines.settings import REPOSITORY, Settings

OPTIONS = {
    "run": {"--inbox", "--as-of"},
    "read": {"--format"},
    "forecast": {"--horizon", "--out", "--model", "--jobs"},
    "simulate": {
        "--facilities",
        "--leases",
        "--evidence",
        "--history",
        "--deliveries",
        "--as-of",
        "--scenario",
        "--horizon",
        "--paths",
        "--seed",
        "--out",
    },
    "sql": {"--format", "--timeout"},
    "export": {"--format", "--out"},
    "status": set(),
    "rebuild": set(),
}
CHOICES = {"read": {"table", "csv", "json"}, "sql": {"table", "csv", "json"}, "export": {"csv", "parquet", "xlsx"}}
READ_COLUMNS = [
    "file",
    "operator",
    "scope",
    "scope_level",
    "facility",
    "period_end",
    "metric",
    "value",
    "value_low",
    "value_high",
    "unit",
    "basis",
    "locator",
    "quote",
    "status",
    "reason",
]
TABLES = {
    "documents": "document_id file_name media_type sha256 bytes operator published_on received_at status reason layout "
    "rows_accepted rows_quarantined",
    "observations": "observation_id document_id operator scope scope_level facility_id market period_end cadence "
    "metric value value_low value_high unit basis perimeter trust known_at superseded_by locator quote",
    "quarantine": "quarantine_id document_id rule severity reason row_json locator first_seen_at",
    "facilities": "document_id provenance",
    "stack_evidence": "document_id provenance",
    "stack_shares": "level series_id as_of mainland_share us_share dual_share unknown_share grade evidence_count",
    "occupancy_history": "level series_id series_name stack market quarter_end unit in_service leased committed "
    "utilised occupancy commitment_rate utilisation_rate observed_share estimated_share assumed_share known_at",
    "occupancy_forecast": "vintage scenario level series_id stack quarter_end horizon unit in_service_p50 leased_p05 "
    "leased_p50 leased_p95 occupancy_p05 occupancy_p10 occupancy_p25 occupancy_p50 occupancy_p75 occupancy_p90 "
    "occupancy_p95 occupancy_mean model",
    "breach_probability": "vintage scenario level series_id quarter_end horizon threshold probability",
    "forecast_accuracy": "model level horizon origins n mae_pp bias_pp mase swis coverage_80 coverage_95 "
    "skill_vs_naive",
    "forecast_bridge": "vintage_from vintage_to scenario level series_id quarter_end cause delta_leased "
    "delta_occupancy_pp",
    "source_disagreements": "market metric period_end source_a value_a definition_a source_b value_b definition_b",
    "alerts": "alert_id raised_at vintage kind severity level series_id message delivered_at",
    "claims": "claim_id",
    "assumptions": "parameter",
    "leases": "document_id provenance",
    "lease_expiries": "as_of level series_id stack sector sensitivity_tier expiry_quarter leases mw share_of_leased",
    "wale": "as_of level series_id wale_mw_years wale_rent_years",
    "scenarios": "scenario",
    "shocks": "scenario",
    "runs": "run_id started_at finished_at outcome code_version documents observations vintage seed",
}
REPORT = REPOSITORY / "data" / "reports" / "gds_2q25_wire.txt"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home after one run over one report: the names do not depend on how much was read."""
    settings = Settings(home=tmp_path_factory.mktemp("contract") / "home", as_of=date(2026, 6, 30))
    settings.layout.make()
    write_instance_config(settings)
    inbox = tmp_path_factory.mktemp("inbox")
    shutil.copy(REPORT, inbox)
    result = execute("refresh", settings, inbox)
    assert result.success, failures(result)
    return settings


@pytest.fixture
def published(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home.layout.published), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("name", OPTIONS)
def test_every_command_has_its_options(name: str) -> None:
    """Scripts of others call these; an option that vanished would break them."""
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    present = {option for parameter in command.params for option in parameter.opts}
    assert present >= OPTIONS[name]


@pytest.mark.parametrize("name", CHOICES)
def test_formats_are_those_of_the_contract(name: str) -> None:
    """A format that vanished, or another that nobody promised, changes what scripts can rely on."""
    refused = CliRunner().invoke(app, [name, "--format", "none", *(["x"] if name != "export" else [])])
    assert refused.exit_code == 2
    expected = " ".join(refused.output.replace("│", " ").split()).partition("is not one of")[2].partition(".")[0]
    assert set(re.findall(r"'(\w+)'", expected)) == CHOICES[name]


def test_read_prints_the_columns_in_order_in_every_format(tmp_path: Path) -> None:
    """Other programs read these columns by place; a rejected document still has its row and exit code 0."""
    empty = tmp_path / "empty.html"
    empty.write_bytes(b"")
    printed = {}
    for form, files in (("csv", [REPORT, empty]), ("json", [empty]), ("table", [empty])):
        done = CliRunner().invoke(app, ["read", *map(str, files), "--format", form])
        assert done.exit_code == 0, done.output
        printed[form] = done.stdout
    header, *rows = csv.reader(io.StringIO(printed["csv"]))
    assert header == READ_COLUMNS
    assert [list(row) for row in json.loads(printed["json"])] == [READ_COLUMNS]
    assert [row[header.index("status")] for row in rows if row[0] == "empty.html"] == ["rejected"]
    assert all(row[header.index("reason")] for row in rows if row[0] == "empty.html")
    assert {row[header.index("status")] for row in rows if row[0] == REPORT.name} == {"accepted"}
    for word in ("period_end", "metric", "rejected", "empty.html"):
        assert word in printed["table"]


@pytest.mark.parametrize("table", TABLES)
def test_published_tables_have_the_columns(table: str, published: duckdb.DuckDBPyConnection) -> None:
    """Queries of readers name these columns; more may stand beside them."""
    present = [row[0] for row in published.execute(f'DESCRIBE main."{table}"').fetchall()]
    assert [name for name in TABLES[table].split() if name not in present] == []


def test_every_table_and_column_says_what_it_means(published: duckdb.DuckDBPyConnection) -> None:
    """The published file is used without this repository at hand: meaning and unit travel with it."""
    silent = published.execute("""
        SELECT table_name FROM duckdb_tables() WHERE coalesce(comment, '') = ''
        UNION ALL
        SELECT table_name || '.' || column_name FROM duckdb_columns()
        WHERE NOT internal AND coalesce(comment, '') = ''
          AND table_name IN (SELECT table_name FROM duckdb_tables())
    """).fetchall()
    assert silent == []


def test_readers_of_the_storage_version_can_open_it_alone(home: Settings) -> None:
    """A reader that needs a log beside the file, or a newer DuckDB than promised, could not open it."""
    assert [path.name for path in home.layout.published.parent.iterdir() if path.is_file()] == ["occupancy.duckdb"]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{home.layout.published}' AS published (READ_ONLY)")
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'published'").fetchone()
    assert tags is not None
    assert "v1.4.0" in str(tags[0])


def test_the_home_is_laid_out_as_promised(home: Settings) -> None:
    """People and back-ups look in these places."""
    for name in ("inbox", "archive", "warehouse.duckdb", "published/history", "reports/index.html", "dagster"):
        assert (home.home / name).exists(), name
