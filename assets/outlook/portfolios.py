"""A portfolio and its scenarios into tables: what the published file and `colocast simulate` both write.

Belongs here: binding forecasts/leases to the ledger's assumptions and to the rule on stack evidence. Not here: reading
rent rolls (assets/rent_roll), writing to the warehouse (lease_tables.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assets.outlook.scenarios import FiledScenario, load_scenarios, reserved_claims
from assets.warehouse.ledger import bundled_claims
from assets.warehouse.stack import StackRules, stack_shares
from forecasts.leases import profile
from forecasts.leases.learning import Learnt, learn
from forecasts.leases.outcomes import THRESHOLDS, breach_rows, courses, forecast_rows
from forecasts.leases.portfolio import STACKS, Portfolio
from forecasts.leases.priors import Priors
from forecasts.leases.scenario import Scenario
from forecasts.leases.simulate import Simulated, simulate
from forecasts.leases.sweep import swept, with_government_share
from forecasts.parallel import FanOut, in_turn

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Simulation:
    """Tables of several scenarios: occupancy_forecast, breach_probability, lease_expiries, wale (frames by name)."""

    learnt: Learnt
    tables: dict[str, pd.DataFrame]


def scenarios_in_force(folder: Path, own: Path | None = None) -> dict[str, FiledScenario]:
    """Scenarios of a folder, and of a person's own folder where it is there, by name; base first. Raises
    ScenarioError.
    """
    claims = bundled_claims()
    beside = own if own is not None and own.is_dir() else None
    found = load_scenarios(folder, set(claims["claim_id"]), beside, reserved_claims(claims))
    return dict(sorted(found.items(), key=lambda entry: (entry[0] != "base", entry[0])))


def hall_evidence(portfolio: Portfolio, assumptions: Mapping[str, float]) -> pd.DataFrame:
    """Evidence on the halls' stack: facility_id and shares by STACKS, from statements known at as_of."""
    rules = StackRules.from_assumptions(assumptions)
    shares = stack_shares(portfolio.evidence, portfolio.facilities, portfolio.as_of.date(), rules)
    own = shares[shares["level"] == "facility"].rename(columns={f"{name}_share": name for name in STACKS})
    return own.rename(columns={"series_id": "facility_id"})[["facility_id", *STACKS]]


def learn_portfolio(portfolio: Portfolio, assumptions: Mapping[str, float]) -> Learnt:
    """Everything the simulation needs to know of a portfolio; assumptions: parameter -> value (the ledger's)."""
    return learn(portfolio, hall_evidence(portfolio, assumptions), Priors.of(assumptions))


def sweep_runs(learnt: Learnt, scenario: Scenario, assumptions: Mapping[str, float]) -> list[tuple[Learnt, Scenario]]:
    """The runs that a scenario's sweep asks for, named SCENARIO@VALUE; none without a sweep, or where a portfolio has
    nothing to vary (a share of government where every sector is known).
    """
    sweep = scenario.sweep if isinstance(scenario, FiledScenario) else None
    if sweep is None:
        return []
    runs = swept(scenario, sweep)
    if sweep.over == "shock":
        return [(learnt, run) for run in runs]
    if sweep.over == "assumption":
        return [
            (learn_portfolio(learnt.portfolio, {**assumptions, sweep.name: value}), run)
            for value, run in zip(sweep.values, runs, strict=True)
        ]
    if not learnt.portfolio.leases["sector"].isin(["unknown", ""]).any():
        return []
    return [
        (learn_portfolio(with_government_share(learnt.portfolio, value), assumptions), run)
        for value, run in zip(sweep.values, runs, strict=True)
    ]


def simulate_portfolio(
    portfolio: Portfolio,
    assumptions: Mapping[str, float],
    scenarios: Iterable[Scenario],
    horizon: int,
    paths: int,
    seed: int,
    thresholds: Sequence[float] = THRESHOLDS,
    workers: int = 2,
    progress: Progress | None = None,
    fan_out: FanOut = in_turn,
) -> Simulation:
    """Simulate every scenario, and what it sweeps, with the same luck and put the results into tables; a scenario is a
    part of the fan-out. progress(done, scenarios).
    """
    wanted = list(scenarios)
    learnt = learn_portfolio(portfolio, assumptions)
    forecasts, breaches = [], []
    asked = _Asked(learnt, assumptions, horizon, paths, seed, tuple(thresholds), workers)
    for done, frames in enumerate(fan_out(_scenario, asked, wanted)):
        for rows, below in frames:
            forecasts.append(rows)
            breaches.append(below)
        if progress is not None:
            progress(done + 1, len(wanted))
    tables = {
        "occupancy_forecast": pd.concat(forecasts, ignore_index=True),
        "breach_probability": pd.concat(breaches, ignore_index=True),
        "lease_expiries": profile.expiries(portfolio),
        "wale": profile.wale(portfolio),
    }
    return Simulation(learnt, tables)


@dataclass(frozen=True)
class _Asked:
    """What is asked of every scenario of a portfolio."""

    learnt: Learnt
    assumptions: Mapping[str, float]
    horizon: int
    paths: int
    seed: int
    thresholds: tuple[float, ...]
    workers: int


def _scenario(asked: _Asked, scenario: Scenario) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Rows of occupancy_forecast and breach_probability of a scenario and of each run that it sweeps."""
    found = []
    for known, run in [(asked.learnt, scenario), *sweep_runs(asked.learnt, scenario, asked.assumptions)]:
        simulated = simulate(known, run, asked.horizon, asked.paths, asked.seed, asked.workers)
        found.append(scenario_tables(simulated, asked.thresholds))
    return found


def scenario_tables(simulated: Simulated, thresholds: Sequence[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of occupancy_forecast and breach_probability of one scenario, all levels."""
    series = list(courses(simulated))
    return forecast_rows(simulated, series), breach_rows(simulated, thresholds, series)
