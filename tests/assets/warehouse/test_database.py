"""The warehouse opens with clear errors, and every published column says what it means and in which unit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from assets.warehouse.database import (
    WarehouseDamagedError,
    WarehouseLockedError,
    WarehouseOutdatedError,
    connect,
    create_schema,
    published_tables,
)

CONTRACT = {
    "documents": "document_id file_name media_type sha256 bytes operator published_on received_at status reason layout"
    " rows_accepted rows_quarantined",
    "observations": "observation_id document_id operator scope scope_level facility_id market period_end cadence metric"
    " value value_low value_high unit basis perimeter trust known_at superseded_by locator quote",
    "quarantine": "quarantine_id document_id rule severity reason row_json locator first_seen_at",
    "stack_shares": "level series_id as_of mainland_share us_share dual_share unknown_share grade evidence_count",
    "occupancy_history": "level series_id series_name stack market quarter_end unit in_service leased committed"
    " utilised occupancy commitment_rate utilisation_rate observed_share estimated_share assumed_share known_at",
    "occupancy_forecast": "vintage scenario level series_id stack quarter_end horizon unit in_service_p50 leased_p05"
    " leased_p10 leased_p25 leased_p50 leased_p75 leased_p90 leased_p95 occupancy_p05 occupancy_p10 occupancy_p25"
    " occupancy_p50 occupancy_p75 occupancy_p90 occupancy_p95 occupancy_mean model",
    "breach_probability": "vintage scenario level series_id quarter_end horizon threshold probability",
    "backtest_accuracy": "model level horizon origins n mae_pp bias_pp mase swis coverage_80 coverage_95"
    " skill_vs_naive",
    "vintages": "vintage as_of known_by data_fingerprint code_version seed settings documents observations series"
    " origin",
    "forecast_scores": "vintage level series_id stack unit quarter_end horizon occupancy known_at occupancy_p025"
    " occupancy_p10 occupancy_p50 occupancy_p90 occupancy_p975 last_value error_pp last_value_error_pp inside_80"
    " inside_95 model",
    "outside_forecasts": "observation_id source market metric period_end unit made_on value actual actual_known_at"
    " last_value last_value_period series_id vintage own_value error last_value_error own_error",
    "forecast_bridge": "vintage_from vintage_to scenario level series_id quarter_end unit position cause delta_leased"
    " delta_occupancy_pp because portfolio",
    "forecast_accuracy": "model level horizon origins n mae_pp bias_pp mase swis coverage_80 coverage_95"
    " skill_vs_naive",
    "forecast_choice": "vintage level series_id quantity member weight backtest_error fallback reason",
    "source_disagreements": "market metric period_end source_a value_a definition_a source_b value_b definition_b",
    "runs": "run_id started_at finished_at outcome code_version documents observations vintage seed",
    "facilities": "facility_id document_id provenance",
    "stack_evidence": "facility_id evidence_date points_to strength statement source document_id provenance",
    "portfolios": "portfolio as_of illustrative facilities leases documents",
    "leases": "portfolio lease_id facility_id tenant_id sector sensitivity_tier mw start_date end_date"
    " commencement_date commenced monthly_rent_hkd_per_kw stack stack_weight_mainland renewal_options renewal_of"
    " document_id locator provenance",
    "portfolio_history": "portfolio facility_id quarter_end in_service_mw leased_mw utilised_mw document_id locator",
    "deliveries": "portfolio facility_id planned_date mw document_id locator",
    "lease_expiries": "as_of level series_id stack sector sensitivity_tier expiry_quarter leases mw share_of_leased",
    "wale": "as_of level series_id wale_mw_years wale_rent_years",
    "backlog_runoff": "vintage scenario level series_id quarter_end horizon commencing_mw backlog_mw",
    "contiguous_space": "vintage scenario series_id quarter_end horizon block_mw_p10 block_mw_p50 block_mw_p90"
    " at_least_mw probability",
    "path_samples": "vintage scenario level series_id quarter_end path leased_mw in_service_mw",
    "lease_estimates": "vintage portfolio estimate applies_to value low high prior events trials effective_events"
    " from_data note",
    "join_weights": "vintage portfolio horizon pairs origins lease_error panel_error shrunk gain standard_error weight",
    "ladder_forecast": "vintage level series_id operator quarter_end horizon unit in_service_p50 leased_p50"
    " occupancy_p10 occupancy_p50 occupancy_p90 occupancy_mean between_share model provenance as_of weighted rests_on"
    " known_at",
    "scenarios": "scenario title description includes lock_in dual_stack shocks file",
    "shocks": "scenario shock_id acts_on value low high basis where_json from_quarter full_quarter to_quarter to_stack"
    " eased_by note",
    "scenario_effects": "vintage scenario level series_id quarter_end position kind cause delta_mw se_mw",
    "scenario_sensitivity": "vintage scenario level series_id quarter_end parameter basis low high low_mw high_mw"
    " swing_mw swing_pp",
    "scenario_carriers": "vintage scenario portfolio lease_id facility_id tenant_id quarter_end base_mw scenario_mw"
    " delta_mw",
    "alerts": "alert_id raised_at vintage kind severity level series_id message delivered_at rule subject fact since"
    " value limit_value unit document_id runbook resolved_at",
    "claims": "claim_id grade",
    "assumptions": "parameter value low high unit basis",
}


def test_tables_have_the_columns_of_the_contract_in_its_order(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert published_tables(warehouse) == sorted(CONTRACT)
    for table, columns in CONTRACT.items():
        found = [row[0] for row in warehouse.execute(f"DESCRIBE {table}").fetchall()]
        assert [name for name in found if name in columns.split()] == columns.split(), table


def test_every_table_view_and_column_has_a_comment(warehouse: duckdb.DuckDBPyConnection) -> None:
    bare = warehouse.execute(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE schema_name = 'main' AND NOT internal AND comment IS NULL"
        " UNION ALL SELECT table_name, '' FROM duckdb_tables() WHERE schema_name = 'main' AND comment IS NULL"
        " UNION ALL SELECT view_name, '' FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
    ).fetchall()
    assert bare == []


def test_schema_can_be_created_again_over_data(warehouse: duckdb.DuckDBPyConnection) -> None:
    before = warehouse.execute("SELECT * FROM claims ORDER BY ALL").fetchall()
    create_schema(warehouse)
    assert before
    assert warehouse.execute("SELECT * FROM claims ORDER BY ALL").fetchall() == before


def test_a_locked_warehouse_names_the_process_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    code = (
        f"import duckdb, sys\nconnection = duckdb.connect({str(path)!r})\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseLockedError) as caught, connect(path):
            pass
        assert str(holder.pid) in str(caught.value)
        assert "Wait for that run to end" in str(caught.value)
    finally:
        holder.communicate("")


def test_a_damaged_warehouse_and_a_missing_one_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseDamagedError, match="colocast run"), connect(path):
        pass
    with pytest.raises(FileNotFoundError, match="colocast run"), connect(tmp_path / "none.duckdb", read_only=True):
        pass


def test_the_connection_is_closed_even_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with pytest.raises(duckdb.CatalogException), connect(path) as connection:
        connection.execute("CREATE TABLE t(i INTEGER); SELECT * FROM nothing")
    with connect(path) as again:
        assert again.execute("SELECT count(*) FROM t").fetchall() == [(0,)]


def test_tables_of_another_version_are_named_before_anything_is_written(tmp_path: Path) -> None:
    with connect(tmp_path / "warehouse.duckdb") as connection:
        create_schema(connection)
        connection.execute("DROP VIEW current_observations; DROP VIEW restatements; DROP VIEW backlog")
        connection.execute("ALTER TABLE observations DROP COLUMN rounding")
        with pytest.raises(
            WarehouseOutdatedError, match=r"main\.observations differs in rounding(.|\n)*colocast rebuild"
        ):
            create_schema(connection)
