"""A home with one small rent roll that is forecast, bridged and published run by run, for tests.

Belongs here: making such runs and reading what they left. Not here: any check.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from assets.outlook.lease_bridge import build_lease_bridge, read_publication
from assets.outlook.lease_tables import Runs
from assets.outlook.portfolios import learn_portfolio, scenarios_in_force
from assets.outlook.scenarios import scenario_rows, shock_rows
from assets.rent_roll.judging import JudgedPortfolio
from assets.reports.operators import load_layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.ledger import assumed, load_ledger
from assets.warehouse.loading import load_operators
from assets.warehouse.publishing import FILE_NAME
from assets.warehouse.rent_rolls import load_rent_rolls, read_portfolio
from forecasts.leases.portfolio import Portfolio

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "forecasts" / "leases"))
from portfolios import lease, made, quarter_end, standing_leases

VINTAGE, NEXT = date(2024, 6, 30), date(2024, 9, 30)
BAN = """name: ban
title: Ban
description: Tenants leave US-stack space.
multipliers:
  dual_stack: {{value: {dual}, low: 0.0, high: 1.0, basis: C12}}
shocks:
  - {{id: ban.renewals, acts_on: renewal_probability, value: {renewal}, low: 0, high: 1, basis: analyst_prior,
     where: {{stack: [us]}}, eased_by: [dual_stack]}}
  - {{id: ban.demand, acts_on: demand, value: 0.5, low: 0, high: 1, basis: analyst_prior, where: {{stack: [us]}},
     from_quarter: 2, full_quarter: 4, to_quarter: 7}}
"""
BASE = "name: base\ntitle: Base\ndescription: What history says.\n"


def roll(count: int = 24, halls: Mapping[str, float] | None = None) -> Portfolio:
    """Three halls of 30 MW with leases of all kinds, some signed, a phase, and a statement on a hall's stack."""
    phases = [("F2", quarter_end(1) + pd.Timedelta(days=40), 6.0)]
    portfolio = made(standing_leases(1, count, 3, signed=0.3), halls or {"F1": 30.0, "F2": 30.0, "F3": 30.0}, phases)
    portfolio.evidence.loc[0] = ["F1", pd.Timestamp("2024-01-31"), "us", "strong", "Nodes of a US cloud.", "a page"]
    portfolio.evidence["evidence_date"] = pd.to_datetime(portfolio.evidence["evidence_date"])
    return portfolio


def with_lease(portfolio: Portfolio, **own: object) -> Portfolio:
    """The portfolio with one lease more (L900 unless named), 5 MW at F1 from the quarter before on."""
    fields = {"lease_id": "L900", "mw": 5.0, "start_date": quarter_end(-1), "end_date": quarter_end(20), **own}
    row = pd.DataFrame([{**lease(900), "commencement_date": fields["start_date"], **fields}])
    return replace(portfolio, leases=pd.concat([portfolio.leases, row[portfolio.leases.columns]], ignore_index=True))


def changed(portfolio: Portfolio, at: int, **fields: object) -> Portfolio:
    """The portfolio with some fields of one lease, by its place, changed."""
    leases = portfolio.leases.copy()
    for name, value in fields.items():
        leases.loc[leases.index[at], name] = value
    return replace(portfolio, leases=leases)


@dataclass(frozen=True)
class World:
    """What a run meets. values: assumptions that differ from the ledger's; renewal, dual: of the scenario ban."""

    rolls: Mapping[str, Portfolio] = field(default_factory=lambda: {"harbour": roll()})
    values: Mapping[str, float] = field(default_factory=dict)
    renewal: float = 0.05
    dual: float = 0.2
    seed: int = 3
    code: str = "code-1"
    vintage: date = VINTAGE

    def harbour(self, portfolio: Portfolio) -> World:
        """The same with another rent roll."""
        return replace(self, rolls={**self.rolls, "harbour": portfolio})


@dataclass(frozen=True)
class BridgedHome:
    """A warehouse and its publication below one folder."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.folder / "published" / FILE_NAME

    def run(self, world: World, published: bool = True) -> dict[str, Any]:
        """Forecast the world, write the bridge, and publish; the bridge's summary."""
        before = read_publication(self.published)
        files = self.folder / "scenarios"
        files.mkdir(exist_ok=True)
        (files / "base.yaml").write_text(BASE)
        (files / "ban.yaml").write_text(BAN.format(renewal=world.renewal, dual=world.dual))
        scenarios = scenarios_in_force(files)
        fresh = not self.warehouse.exists()
        with connect(self.warehouse) as connection:
            if fresh:
                create_schema(connection)
                layouts = load_layouts()
                load_operators(connection, layouts)
                load_ledger(connection, layouts)
                connection.execute("CREATE TABLE internal.stated AS SELECT parameter, value FROM assumptions")
            connection.execute(
                "UPDATE assumptions SET value = stated.value FROM internal.stated AS stated"
                " WHERE stated.parameter = assumptions.parameter"
            )
            for parameter, value in world.values.items():
                connection.execute("UPDATE assumptions SET value = ? WHERE parameter = ?", [value, parameter])
            load_rent_rolls(connection, {name: judged(one) for name, one in world.rolls.items()})
            connection.execute(
                "INSERT OR REPLACE INTO vintages VALUES (?, ?, ?, '', ?, ?, '', 0, 0, 0, 'run')",
                [world.vintage, world.vintage, world.vintage, world.code, world.seed],
            )
            values = assumed(connection)
            for table, rows in (("scenarios", scenario_rows(scenarios)), ("shocks", shock_rows(scenarios))):
                connection.execute(f"DELETE FROM {table}")
                insert(connection, table, rows)
            connection.execute("DELETE FROM occupancy_forecast WHERE vintage = ?", [world.vintage])
            for name in world.rolls:
                runs = Runs.of(learn_portfolio(read_portfolio(connection, name), values), values, world.seed)
                for scenario in scenarios.values():
                    rows = runs.forecast(scenario, name).assign(vintage=world.vintage)
                    insert(connection, "occupancy_forecast", rows)
            said = build_lease_bridge(connection, before, world.vintage, world.seed, world.code, scenarios)
        if published:
            self.published.parent.mkdir(exist_ok=True)
            shutil.copy(self.warehouse, self.published)
        return said

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query of the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def bridge(self) -> list[tuple[Any, ...]]:
        """The whole table."""
        return self.asked("SELECT * FROM forecast_bridge ORDER BY ALL")

    def causes(self, scenario: str = "base", series_id: str = "harbour/total") -> dict[str, str]:
        """Cause -> words of the causes that moved a series."""
        return dict(
            self.asked(
                "SELECT DISTINCT cause, because FROM forecast_bridge"
                " WHERE (delta_leased <> 0 OR delta_occupancy_pp <> 0)"
                f" AND scenario = '{scenario}' AND series_id = '{series_id}'"
            )
        )

    def medians(self, vintage: date = VINTAGE) -> dict[tuple[Any, ...], tuple[float, float]]:
        """Scenario, series and quarter -> medians of leased MW and occupancy, where that is known."""
        rows = self.asked(
            "SELECT scenario, level, series_id, quarter_end, leased_p50, occupancy_p50 FROM occupancy_forecast"
            f" WHERE vintage = DATE '{vintage}' AND portfolio IS NOT NULL AND NOT isnan(coalesce(occupancy_p50, 'nan'))"
        )
        return {row[:4]: row[4:] for row in rows}

    def sums(self, start: date, end: date) -> dict[tuple[Any, ...], tuple[float, float]]:
        """Scenario, series and quarter -> sums over the causes, MW and points, of the bridge between two vintages."""
        rows = self.asked(
            "SELECT scenario, level, series_id, quarter_end, sum(delta_leased), sum(delta_occupancy_pp)"
            f" FROM forecast_bridge WHERE vintage_from = DATE '{start}' AND vintage_to = DATE '{end}' GROUP BY ALL"
        )
        return {row[:4]: row[4:] for row in rows}


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    """Add rows to a table, by the names of its columns."""
    connection.register("case_rows", rows)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM case_rows")
    connection.unregister("case_rows")


def judged(portfolio: Portfolio) -> JudgedPortfolio:
    """The portfolio as if it had been read from one document."""
    frames = {}
    for kind in ("facilities", "leases", "evidence", "history", "deliveries"):
        frame = getattr(portfolio, kind)
        frames[kind] = frame.assign(document_id="d" * 16, locator=[f"{kind} {at}" for at in range(len(frame))])
    return JudgedPortfolio(frames, portfolio.as_of, illustrative=True)
