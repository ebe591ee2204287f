"""Rent rolls of the warehouse into its lease tables: every scenario, what explains it, and what needs no model.

Belongs here: the order of the steps and the writing. Not here: loading rent rolls (assets/warehouse/rent_rolls.py), any
number's making (forecasts/leases).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.outlook.ladder_outlook import ladder_outlook
from assets.outlook.portfolios import hall_evidence, learn_portfolio, scenario_tables, sweep_runs
from assets.outlook.reading import known_for
from assets.outlook.scenarios import FiledScenario, scenario_rows, shock_rows
from assets.warehouse.database import transaction
from assets.warehouse.ledger import assumed
from assets.warehouse.names import slug
from assets.warehouse.rent_rolls import read_portfolio
from forecasts.leases import profile
from forecasts.leases.backtest import backtest, origins, panel_medians
from forecasts.leases.explain import carriers, tornado, waterfall
from forecasts.leases.joining import joined, weight_table
from forecasts.leases.learning import Learnt
from forecasts.leases.outcomes import THRESHOLDS, contiguous_rows, courses, forecast_rows, runoff_rows
from forecasts.leases.priors import PREFIX
from forecasts.leases.report import effective_events
from forecasts.leases.scenario import BASE, Scenario
from forecasts.leases.simulate import Simulated, simulate
from forecasts.parallel import FanOut, in_turn

HORIZON = 8
PATHS = 2000
# Explaining runs a simulation a shock and a range's end; the same luck throughout makes fewer paths enough.
EXPLAINING_PATHS = 400
SAMPLED_PATHS = 100
SAMPLED_QUARTERS = (1, 2, 4, 8)
SAMPLED_LEVELS = ("facility", "operator", "stack", "total")
BACKTEST_PATHS = 400
CONTIGUOUS_MW = 5.0
# Priors whose range is asked about; a spread of a prior says little to a reader.
ASKED_PRIORS = (
    "renewal", "early_exit", "absorption", "elasticity", "fresh", "delay", "delivery_delay", "pre_lease_share",
    "tenant_together",
)  # fmt: skip
LEAST_CARRIED_MW = 0.001
# Flows stand after the steps of the waterfall.
FLOW_POSITION = 100
WALE_QUARTERS = 5
WORKERS = 2

Progress = Callable[[str, int, int], None]

# Tables of a vintage, by what their rows belong to. Reported series have rows of their own in the shared ones.
SHARED = ("occupancy_forecast", "breach_probability")
BY_SERIES = ("backlog_runoff", "contiguous_space", "path_samples", "scenario_effects", "scenario_sensitivity")
BY_PORTFOLIO = ("lease_estimates", "scenario_carriers", "join_weights")
BY_VINTAGE = ("ladder_forecast",)
OF_TODAY = ("lease_expiries", "wale")


def build_lease_tables(
    connection: duckdb.DuckDBPyConnection,
    vintage: date,
    as_of: date,
    seed: int,
    scenarios: Mapping[str, FiledScenario],
    progress: Progress | None = None,
    fan_out: FanOut = in_turn,
) -> dict[str, Any]:
    """Simulate every portfolio of the warehouse under every scenario; write the lease tables of the vintage.

    Rows of the same vintage are replaced, other vintages stay; ladders use what was known by as_of. Horizons count from
    the portfolio's own date. A scenario of a portfolio is a part of the fan-out. Returns a summary: portfolios,
    scenarios, leases, paths, seconds.
    """
    started = time.monotonic()
    names = [row[0] for row in connection.execute("SELECT portfolio FROM portfolios ORDER BY portfolio").fetchall()]
    _write_scenarios(connection, scenarios)
    summary: dict[str, Any] = {"portfolios": len(names), "scenarios": len(scenarios), "leases": 0}
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in (*SHARED, *BY_SERIES, *BY_PORTFOLIO, *OF_TODAY)}
    for name in names:
        portfolio = read_portfolio(connection, name)
        learnt = learn_portfolio(portfolio, assumed(connection))
        summary["leases"] += int(learnt.dates.leases["in_place"].sum() + learnt.dates.leases["signed"].sum())
        own = _tables_of(connection, learnt, scenarios, seed, name, progress, fan_out)
        for table, frames in own.items():
            tables[table] += [keyed(frame, name).assign(vintage=vintage) for frame in frames]
    ladders, reasons = _ladders(connection, vintage, as_of, seed)
    _write(connection, vintage, {**tables, "ladder_forecast": [ladders]})
    summary["ladders"] = int(ladders["series_id"].nunique()) if len(ladders) else 0
    summary["no_ladder"] = "; ".join(f"{row.operator}: {row.reason}" for row in reasons.itertuples())
    return {**summary, "paths": PATHS, "seconds": round(time.monotonic() - started, 2)}


def _ladders(
    connection: duckdb.DuckDBPyConnection, vintage: date, as_of: date, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of ladder_forecast, and operator and reason of those that publish too little for one."""
    observations = connection.execute("SELECT * FROM observations ORDER BY observation_id").df()
    history = connection.execute("SELECT * FROM occupancy_history ORDER BY level, series_id, quarter_end").df()
    known_by = known_for(vintage, as_of)
    rows, reasons = ladder_outlook(observations, history, known_by, HORIZON, PATHS, seed, assumed(connection))
    return rows.assign(vintage=vintage), reasons


def _tables_of(
    connection: duckdb.DuckDBPyConnection,
    learnt: Learnt,
    scenarios: Mapping[str, FiledScenario],
    seed: int,
    name: str,
    progress: Progress | None,
    fan_out: FanOut,
) -> dict[str, list[pd.DataFrame]]:
    """Frames by table; series_id as the simulation names them."""
    found: dict[str, list[pd.DataFrame]] = {table: [] for table in (*SHARED, *BY_SERIES, *BY_PORTFOLIO, *OF_TODAY)}
    wanted = list(scenarios.values())
    runs = Runs.of(learnt, assumed(connection), seed)
    found["join_weights"].append(runs.worth)
    for done, frames in enumerate(fan_out(_scenario, _Given(runs, _ranges(connection), assumed(connection)), wanted)):
        for table, frame in frames:
            found[table].append(frame)
        if progress is not None:
            progress(name, done + 1, len(wanted))
    found["lease_estimates"].append(effective_events(learnt).rename(columns={"group": "applies_to"}))
    found["lease_expiries"].append(profile.expiries(learnt.portfolio))
    ends = pd.date_range(end=learnt.portfolio.as_of, periods=WALE_QUARTERS, freq="QE")
    found["wale"].append(profile.wale(learnt.portfolio, list(ends)))
    return found


@dataclass(frozen=True)
class Runs:
    """What every scenario of a portfolio is simulated from, with the same luck. worth: rows of join_weights; panel:
    medians of the panel forecaster, None where it has no say; base: the paths without shocks, with blocks.
    """

    learnt: Learnt
    seed: int
    worth: pd.DataFrame
    panel: pd.DataFrame | None
    base: Simulated

    @staticmethod
    def of(learnt: Learnt, assumptions: Mapping[str, float], seed: int) -> Runs:
        """Weigh leases and panel at past origins, and simulate the base. assumptions: parameter -> value, those that
        `learnt` was learnt with.
        """
        worth = _join_weights(learnt, assumptions, seed)
        panel = panel_medians(learnt.portfolio, HORIZON, seed) if (worth["weight"] < 1).any() else None
        return Runs(learnt, seed, worth, panel, simulate(learnt, BASE, HORIZON, PATHS, seed, WORKERS, blocks=True))

    def under(self, scenario: Scenario) -> Simulated:
        """The paths of a scenario, moved towards the panel where that has a say."""
        simulated = self.base
        if scenario.shocks:
            simulated = simulate(self.learnt, scenario, HORIZON, PATHS, self.seed, WORKERS)
        simulated = replace(simulated, scenario=scenario)
        if self.panel is None:
            return simulated
        return joined(simulated, self.panel, self.worth["weight"].to_numpy(dtype=float), self.base)

    def forecast(self, scenario: Scenario, portfolio: str) -> pd.DataFrame:
        """Rows of occupancy_forecast of a scenario, under the keys of its portfolio, and nothing else of it."""
        return keyed(forecast_rows(self.under(scenario)), portfolio)


@dataclass(frozen=True)
class _Given:
    """What every scenario of a portfolio is told with: ranges of the stated priors (low, high, basis) and the values
    that `runs` was learnt with.
    """

    runs: Runs
    ranges: Mapping[str, tuple[float, float, str]]
    values: Mapping[str, float]


def _scenario(given: _Given, scenario: FiledScenario) -> list[tuple[str, pd.DataFrame]]:
    """Table and frame of all that is told of a scenario, in order; from frames and arrays alone, in any process."""
    runs, found = given.runs, list[tuple[str, pd.DataFrame]]()
    learnt, seed = runs.learnt, runs.seed
    simulated = runs.under(scenario)
    swept = (
        simulate(known, run, HORIZON, PATHS, seed, WORKERS) for known, run in sweep_runs(learnt, scenario, given.values)
    )
    for one in chain([simulated], swept):
        rows, below = scenario_tables(one, THRESHOLDS)
        found += [("occupancy_forecast", rows), ("breach_probability", below)]
    found += [("backlog_runoff", runoff_rows(simulated)), ("path_samples", _samples(simulated))]
    last = simulated.ends[-1]
    if scenario.name == "base":
        found.append(("contiguous_space", contiguous_rows(simulated, CONTIGUOUS_MW)))
    else:
        effects = _effects(waterfall(learnt, scenario, HORIZON, HORIZON, EXPLAINING_PATHS, seed, WORKERS))
        weights = carriers(learnt, scenario, HORIZON, HORIZON)
        weights = weights[weights["delta_mw"].abs() > LEAST_CARRIED_MW]
        found += [
            (table, frame.assign(scenario=scenario.name, quarter_end=last))
            for table, frame in (("scenario_effects", effects), ("scenario_carriers", weights))
        ]
    swings = _swings(learnt, scenario, given.ranges if scenario.name == "base" else {}, seed)
    found.append(("scenario_sensitivity", swings.assign(scenario=scenario.name, quarter_end=last)))
    return found


def _effects(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of scenario_effects from a waterfall: shocks with start and end, then what physically happens as flows."""
    shocks = found["split"] == "shock"
    kind = np.select(
        [shocks & (found["cause"] == "base"), shocks & (found["cause"] == "scenario"), shocks],
        ["start", "end", "step"],
        "flow",
    )
    flows = found.assign(kind=kind, position=found["position"] + np.where(shocks, 0, FLOW_POSITION))
    return flows[shocks | ~found["cause"].isin(["base", "scenario"])]


def _swings(
    learnt: Learnt, scenario: FiledScenario, ranges: Mapping[str, tuple[float, float, str]], seed: int
) -> pd.DataFrame:
    """Rows of scenario_sensitivity: shocks and multipliers of the scenario, and stated priors with a range."""
    bounds = {name: (low, high) for name, (low, high, _) in ranges.items()}
    bounded = {name: (one.low, one.high) for name, one in scenario.multipliers.items()} if scenario.shocks else {}
    found = tornado(learnt, scenario, HORIZON, HORIZON, EXPLAINING_PATHS, seed, WORKERS, bounds, bounded)
    basis = {shock.shock_id: shock.basis for shock in scenario.shocks}
    basis |= {name: one.basis for name, one in scenario.multipliers.items()}
    basis |= {name: behind for name, (_, _, behind) in ranges.items()}
    return found.rename(columns={"leased_low_mw": "low_mw", "leased_high_mw": "high_mw"}).assign(
        parameter=[
            PREFIX + name if kind == "prior" else name for kind, name in zip(found["kind"], found["name"], strict=True)
        ],
        basis=found["name"].map(basis),
    )


def _join_weights(learnt: Learnt, values: Mapping[str, float], seed: int) -> pd.DataFrame:
    """Rows of join_weights; with too little history for a past origin the leases stand alone."""
    past = backtest(
        learnt.portfolio, lambda known: hall_evidence(known, values), learnt.priors, HORIZON,
        origins(learnt.portfolio, horizon=HORIZON), BACKTEST_PATHS, seed,
    )  # fmt: skip
    return weight_table(past, HORIZON)


def _samples(simulated: Simulated) -> pd.DataFrame:
    frames = []
    count = min(SAMPLED_PATHS, simulated.paths)
    steps = [quarter - 1 for quarter in SAMPLED_QUARTERS if quarter <= simulated.quarters]
    for course in courses(simulated, SAMPLED_LEVELS):
        ends = simulated.ends[steps]
        frames.append(
            pd.DataFrame(
                {
                    "scenario": simulated.scenario.name, "level": course.level, "series_id": course.series_id,
                    "quarter_end": np.tile(ends, count), "path": np.repeat(np.arange(count), len(steps)),
                    "leased_mw": course.leased[:count][:, steps].ravel(),
                    "in_service_mw": course.in_service[:count][:, steps].ravel(),
                }
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def series_key(portfolio: str, level: str, series_id: str) -> str:
    """portfolio / series: facilities carry their portfolio already, other levels get it; names become readable keys."""
    return series_id if level == "facility" else f"{portfolio}/{slug(series_id)}"


def keyed(frame: pd.DataFrame, portfolio: str) -> pd.DataFrame:
    """The frame with its portfolio, and with the portfolio's keys where it has series."""
    out = frame.assign(portfolio=portfolio)
    if "series_id" in out and "level" in out:
        keys = {pair: series_key(portfolio, *pair) for pair in set(zip(out["level"], out["series_id"], strict=True))}
        out["series_id"] = [keys[pair] for pair in zip(out["level"], out["series_id"], strict=True)]
    return out


def _ranges(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, float, str]]:
    """Low, high and basis of the stated priors."""
    rows = connection.execute(
        "SELECT parameter, low, high, basis FROM assumptions"
        " WHERE starts_with(parameter, 'leases.') AND low IS NOT NULL"
    ).fetchall()
    found = {row[0].removeprefix(PREFIX): (row[1], row[2], row[3]) for row in rows}
    return {name: found[name] for name in ASKED_PRIORS if name in found}


def _write_scenarios(connection: duckdb.DuckDBPyConnection, scenarios: Mapping[str, FiledScenario]) -> None:
    with transaction(connection):
        for table, frame in (("scenarios", scenario_rows(scenarios)), ("shocks", shock_rows(scenarios))):
            connection.execute(f"DELETE FROM {table}")
            _insert(connection, table, frame)


def _write(connection: duckdb.DuckDBPyConnection, vintage: date, tables: Mapping[str, list[pd.DataFrame]]) -> None:
    with transaction(connection):
        # A portfolio that is no longer delivered goes with the rest of the open vintage.
        for table in SHARED:
            connection.execute(f"DELETE FROM {table} WHERE vintage = ? AND portfolio IS NOT NULL", [vintage])
        for table in (*BY_SERIES, *BY_PORTFOLIO, *BY_VINTAGE):
            connection.execute(f"DELETE FROM {table} WHERE vintage = ?", [vintage])
        for table in OF_TODAY:
            connection.execute(f"DELETE FROM {table}")
        for table, frames in tables.items():
            if frames:
                _insert(connection, table, pd.concat(frames, ignore_index=True))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    columns = [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND schema_name = 'main'"
            " AND database_name = current_database() ORDER BY column_index",
            [table],
        ).fetchall()
    ]
    if len(frame):
        lease_rows = frame[[name for name in columns if name in frame]]
        connection.register("lease_rows", lease_rows)
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM lease_rows")
        connection.unregister("lease_rows")
