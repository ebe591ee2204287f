"""The names that readers ask: every published table over all writers, and the published views above them.

Each writer's tables stand whole in a schema of their own. Where writers speak of the same thing, all that one of them
says about it counts together, so that a reader never sees half of one and half of another; the writer that has been
there longer goes first. What is one thing stands in TOGETHER.
"""

from __future__ import annotations

import re

from assets.warehouse.lake.connecting import WRITER_PREFIX

# Columns that name one thing of a table; an empty tuple: the table says one thing as a whole.
TOGETHER: dict[str, tuple[str, ...]] = {
    "alerts": ("alert_id",),
    "assumptions": ("parameter",),
    "backlog_runoff": ("vintage", "level", "series_id"),
    "backtest_accuracy": (),
    "breach_probability": ("vintage", "level", "series_id"),
    "claims": ("claim_id",),
    "contiguous_space": ("vintage", "series_id"),
    "deliveries": ("portfolio",),
    "documents": ("document_id",),
    "facilities": ("facility_id",),
    "forecast_accuracy": (),
    "forecast_bridge": ("vintage_to", "level", "series_id"),
    "forecast_choice": ("vintage", "level", "series_id"),
    "forecast_scores": ("vintage", "level", "series_id"),
    "join_weights": ("vintage", "portfolio"),
    "ladder_forecast": ("vintage", "level", "series_id"),
    "lease_estimates": ("vintage", "portfolio"),
    "lease_expiries": ("as_of", "level", "series_id"),
    "leases": ("portfolio",),
    "observations": ("document_id",),
    "occupancy_forecast": ("vintage", "level", "series_id"),
    "occupancy_history": ("level", "series_id"),
    "outside_forecasts": ("observation_id",),
    "path_samples": ("vintage", "level", "series_id"),
    "portfolio_history": ("portfolio",),
    "portfolios": ("portfolio",),
    "quarantine": ("document_id",),
    "runs": ("run_id",),
    "scenario_carriers": ("vintage", "portfolio"),
    "scenario_effects": ("vintage", "level", "series_id"),
    "scenario_sensitivity": ("vintage", "level", "series_id"),
    "scenarios": ("scenario",),
    "shocks": ("scenario",),
    "source_disagreements": ("market", "metric"),
    "stack_evidence": ("evidence_id",),
    "stack_shares": ("level", "series_id"),
    "vintages": ("vintage",),
    "wale": ("as_of", "level", "series_id"),
}


def union_views(writers: dict[str, set[str]]) -> dict[str, str]:
    """Table -> SELECT over all writers that have it; `writers`: name -> tables, the one that goes first first."""
    tables = sorted({table for of_writer in writers.values() for table in of_writer})
    return {table: _union(table, [name for name in writers if table in writers[name]]) for table in tables}


def in_order(views: dict[str, str]) -> list[str]:
    """Names of views (name -> SQL), each after those that it stands on."""
    found: list[str] = []
    left = dict(sorted(views.items()))
    while left:
        ready = [
            name
            for name, text in left.items()
            if not any(other != name and re.search(rf"\b{re.escape(other)}\b", text) for other in left)
        ]
        # Names that stand in each other's text cannot all be views on each other; any order will then do.
        for name in ready or list(left):
            found.append(name)
            del left[name]
    return found


def _union(table: str, writers: list[str]) -> str:
    parts = []
    for position, writer in enumerate(writers):
        select = f'SELECT * FROM {WRITER_PREFIX}{writer}."{table}"'
        if position:
            select += " AS own WHERE " + " AND ".join(
                f'NOT EXISTS (SELECT 1 FROM {WRITER_PREFIX}{earlier}."{table}" AS earlier{_same(table)})'
                for earlier in writers[:position]
            )
        parts.append(select)
    return " UNION ALL BY NAME ".join(parts)


def _same(table: str) -> str:
    columns = TOGETHER[table]
    if not columns:
        return ""
    return " WHERE " + " AND ".join(f'earlier."{name}" IS NOT DISTINCT FROM own."{name}"' for name in columns)
