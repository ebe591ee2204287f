"""Write, audit, publish: each blocking rule over the tables has tables that pass it and tables that fail it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from expectations import BLOCK, check_publication
from expectations.publication import TABLE_RULES
from expectations.rule import Computed, between

Tables = dict[str, pd.DataFrame]


def sound() -> Tables:
    ends = pd.date_range("2026-06-30", periods=8, freq="QE").date
    quantiles = {"p05": 0.6, "p10": 0.62, "p25": 0.65, "p50": 0.7, "p75": 0.74, "p90": 0.78, "p95": 0.8}
    series = {"level": "operator", "series_id": "example/group/mw", "stack": "unknown", "unit": "mw"}
    return {
        "documents": pd.DataFrame(
            {
                "document_id": ["d1", "d2"],
                "status": ["accepted", "rejected"],
                "layout": ["template", None],
                "rows_accepted": [2, 0],
            }
        ),
        "observations": pd.DataFrame(
            {
                "observation_id": ["o1", "o2"],
                "document_id": "d1",
                "metric": ["utilisation_rate", "capacity_in_service"],
                "value": [70.0, 100.0],
                "value_low": [None, None],
                "unit": ["pct", "mw"],
                "basis": "as_reported",
                "locator": "table 1, row 2",
                "quote": ["70 %", "100 MW"],
            }
        ),
        "quarantine": pd.DataFrame(
            {
                "quarantine_id": ["q1"],
                "document_id": ["d1"],
                "rule": ["R05_rate_range"],
                "reason": ["174 % is impossible"],
            }
        ),
        "occupancy_history": pd.DataFrame(
            [
                series
                | {
                    "quarter_end": ends[0],
                    "in_service": 100.0,
                    "leased": 70.0,
                    "occupancy": 0.7,
                    "utilisation_rate": 0.7,
                    "commitment_rate": None,
                    "observed_share": 0.75,
                    "estimated_share": 0.25,
                    "assumed_share": 0.0,
                }
            ]
        ),
        "stack_shares": pd.DataFrame(
            [
                {
                    "level": "operator",
                    "series_id": "example/group/mw",
                    "as_of": ends[0],
                    "mainland_share": 0.2,
                    "us_share": 0.1,
                    "dual_share": 0.0,
                    "unknown_share": 0.7,
                }
            ]
        ),
        "occupancy_forecast": pd.DataFrame(
            [
                series
                | {"vintage": ends[0], "scenario": "base", "quarter_end": end, "horizon": h, "occupancy_mean": 0.7}
                | {f"occupancy_{q}": v for q, v in quantiles.items()}
                | {f"leased_{q}": 100 * v for q, v in quantiles.items()}
                for h, end in enumerate(ends, start=1)
            ]
        ),
        "breach_probability": pd.DataFrame(
            [
                series
                | {
                    "vintage": ends[0],
                    "scenario": "base",
                    "quarter_end": ends[0],
                    "threshold": 0.7,
                    "probability": 0.5,
                }
            ]
        ),
    }


def put(table: str, column: str, value: Any, row: int = 0) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table][column] = tables[table][column].astype(object)
        tables[table].loc[row, column] = value

    return change


def twice(table: str) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table] = pd.concat([tables[table], tables[table].iloc[[0]]])

    return change


def empty(table: str) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        tables[table] = tables[table].iloc[:0]

    return change


SPOILED = {
    "P01_documents_rows": empty("documents"),
    "P02_documents_unique": twice("documents"),
    "P03_documents_status": put("documents", "status", "lost"),
    "P04_documents_figures": empty("observations"),
    "P05_observations_unique": twice("observations"),
    "P06_observations_evidence": put("observations", "quote", ""),
    "P07_observations_document": put("observations", "document_id", "d9"),
    "P08_observations_percent": put("observations", "value", 174.0),
    "P09_quarantine_unique": twice("quarantine"),
    "P10_quarantine_reason": put("quarantine", "reason", None),
    "P11_history_rows": empty("occupancy_history"),
    "P12_occupancy_history_unique": twice("occupancy_history"),
    "P13_history_rates": put("occupancy_history", "utilisation_rate", 70.0),
    "P14_history_division": put("occupancy_history", "occupancy", 0.72),
    "P15_history_evidence": put("occupancy_history", "assumed_share", 0.4),
    "P16_stack_shares_unique": twice("stack_shares"),
    "P17_stack_shares": put("stack_shares", "unknown_share", 0.0),
    "P18_occupancy_forecast_unique": twice("occupancy_forecast"),
    "P19_forecast_median": put("occupancy_forecast", "occupancy_p50", np.nan),
    "P20_forecast_rates": put("occupancy_forecast", "occupancy_p95", 1.02),
    "P21_forecast_ordered": put("occupancy_forecast", "leased_p25", 90.0, 3),
    "P22_forecast_horizons": put("occupancy_forecast", "horizon", 9, 7),
    "P23_breach_probability_unique": twice("breach_probability"),
    "P24_breach_probability": put("breach_probability", "probability", 1.2),
}


def test_sound_tables_pass_every_rule() -> None:
    report = check_publication(sound())
    assert report.summary().query("state != 'passed'").empty, report.summary()
    assert report.passed
    assert not report.blocking


def test_every_rule_has_tables_that_fail_it() -> None:
    assert sorted(SPOILED) == sorted(rule.id for rule in TABLE_RULES)


@pytest.mark.parametrize("rule_id", sorted(SPOILED))
def test_rule_blocks_spoiled_tables(rule_id: str) -> None:
    tables = sound()
    SPOILED[rule_id](tables)
    result = check_publication(tables, tuple(rule for rule in TABLE_RULES if rule.id == rule_id))[rule_id]
    assert not result.passed
    assert result.severity == BLOCK
    assert result.broken or rule_id.endswith(("_rows", "_figures")) or (result.failing["found"] != "").all()


def test_a_rent_roll_alone_is_published_and_hides_no_missing_report() -> None:
    """Who has leases and no report yet has something to publish; a report that gave nothing must not pass unseen."""

    def passes(status: list[str], layout: list[str | None], rows: list[int]) -> bool:
        documents = {"document_id": ["d1", "d2"], "status": status, "layout": layout, "rows_accepted": rows}
        tables = {**sound(), "documents": pd.DataFrame(documents), "observations": sound()["observations"].iloc[:0]}
        rules = tuple(rule for rule in TABLE_RULES if rule.id == "P04_documents_figures")
        return check_publication(tables, rules).passed

    both = ["accepted", "accepted"]
    assert passes(both, ["rent roll", "rent roll"], [8, 3])
    assert passes(["accepted", "rejected"], ["rent roll", None], [8, 0])
    assert not passes(both, ["rent roll", "template"], [8, 3])
    assert not passes(["rejected", "quarantined"], ["rent roll", "template"], [0, 0])
    assert not passes(both, ["rent roll", "rent roll"], [0, 0])


def test_a_missing_table_or_column_is_loud() -> None:
    tables = sound()
    del tables["stack_shares"]
    tables["occupancy_forecast"] = tables["occupancy_forecast"].drop(columns="occupancy_p50")
    report = check_publication(tables)
    assert "stack_shares" in report["P17_stack_shares"].error
    assert "occupancy_p50" in report["P19_forecast_median"].error
    assert {result.rule_id for result in report.blocking} >= {"P16_stack_shares_unique", "P17_stack_shares"}


def test_rate_only_series_have_neither_capacity_nor_leased_quantiles() -> None:
    tables = sound()
    for name in ("in_service", "leased"):
        tables["occupancy_history"][name] = None
    leased = [name for name in tables["occupancy_forecast"] if name.startswith("leased")]
    tables["occupancy_forecast"][leased] = np.nan
    tables["occupancy_history"]["stack"] = None
    assert not check_publication(tables).blocking


def test_no_forecast_yet_does_not_block() -> None:
    tables = sound()
    for name in ("occupancy_forecast", "breach_probability", "quarantine", "stack_shares"):
        tables[name] = tables[name].iloc[:0]
    assert not check_publication(tables).blocking


def test_a_rule_over_tables_that_cannot_explain_itself_is_broken() -> None:
    """It must block and let the others speak, as a rule over figures does; raising would hide them all."""

    def test(frame: pd.DataFrame, tables: Tables) -> Computed:
        return Computed(pd.DataFrame({"rate": frame["occupancy"] + 1}), lambda i: {}[i])

    rule = next(rule for rule in TABLE_RULES if rule.table == "occupancy_history")
    mute = replace(rule, test=test, expectations=(between("rate", high=1),))
    result = check_publication(sound(), (mute,))[rule.id]
    assert result.broken
    assert "cannot explain" in result.error
