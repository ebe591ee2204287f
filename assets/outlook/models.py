"""What the warehouse's own series teach: the backtest over past vintages, and the forecasters learnt from it.

Belongs here: which quarters are backtested, and the tables that tell how good each model was and why one was chosen.
Models, origins and scores live in forecasts/.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts import backtest
from forecasts.backtest import Answered, Origins
from forecasts.backtest_sums import honest_totals
from forecasts.forecaster import Forecaster, learn
from forecasts.occupancy import Occupancy
from forecasts.panel import Panel
from forecasts.parallel import FanOut, in_turn
from forecasts.paths import Spread, correlation_of, shared_share
from forecasts.rolling import Said

Progress = Callable[[int, int], None]

OCCUPANCY, CAPACITY = "occupancy", "capacity"


@dataclass(frozen=True)
class Learnt:
    """Forecasters of capacity (log scale) and of the rate (bounded scale), what their paths are drawn with, and the
    origins behind them.
    """

    capacity: Forecaster
    rate: Forecaster
    spread: Spread
    origins: Origins


def learn_from(
    answers: Sequence[Answered], now: Sequence[Occupancy], owners: Sequence[str], horizon: int, beyond: int
) -> Learnt:
    """Learn from what members said at past vintages and what came.

    owners: operator of each of `now`; beyond: quarters past the horizon for series that lag.
    """
    found = backtest.origins(answers, now, horizon)
    capacity, rate = learn(found.capacity, beyond), learn(found.rate, beyond)
    z_capacity, z_rate = capacity.errors(found.capacity), rate.errors(found.rate)
    shared = shared_share(found.rate, z_rate, np.array(owners, dtype=object)[found.rate.of])
    spread = Spread(capacity.calibration, rate.calibration, correlation_of(z_capacity, z_rate), shared)
    return Learnt(capacity, rate, spread, found)


def accuracy_table(
    learnt: Learnt,
    levels: Sequence[str],
    units: Sequence[str],
    owners: Sequence[str],
    seed: int,
    progress: Progress | None = None,
    fan_out: FanOut = in_turn,
) -> pd.DataFrame:
    """Rows of backtest_accuracy: every member, the combination and what would have been published (`chosen`); of totals
    of operators, the sum of what is published and the last value. levels, units, owners: of each series.
    progress(done, total) counts quarters.
    """
    said = backtest.honest(learnt.origins, progress, fan_out)
    summed = [unit if level == "operator" else "" for level, unit in zip(levels, units, strict=True)]
    totals = honest_totals(learnt.origins, summed, owners, seed)
    table = backtest.accuracy(said, learnt.origins, levels, totals)
    return table.replace({np.nan: None}) if len(table) else table


def choice_rows(
    names: Sequence[str], quantity: str, forecaster: Forecaster, panel: Panel, said: Said
) -> list[tuple[object, ...]]:
    """Why these models for these series: series_id, quantity, member, weight in the combination, mean absolute error at
    all origins in yearly changes of the series, and why the member fell back on the last value where it did.

    names: series_id of each series of the panel, of which said is what members say now.
    """
    weights = forecaster.median(panel, said)[1]
    found = [forecaster.evidence.member(member) for member in said.names]
    errors = [None if np.isnan(error) else error for error in found]
    return [
        (name, quantity, member, float(weights[at, position]), errors[position], said.reasons[at][position])
        for at, name in enumerate(names)
        for position, member in enumerate(said.names)
    ]


def reason_of(forecaster: Forecaster, horizon: int) -> str:
    """Why the last value or the combination is published, in one sentence with its numbers."""
    stands = [step + 1 for step in range(horizon) if forecaster.last_value[step]]
    evidence = forecaster.evidence
    if not evidence.origins:
        return "no origin compares models: the last value is published"
    told = ", ".join(
        f"{step + 1}: {_number(evidence.gain[step])} ± {_number(evidence.error[step])}"
        for step in range(min(horizon, len(evidence.gain)))
    )
    where = (
        "the combination is published at every horizon"
        if not stands
        else f"the last value is published at horizons {', '.join(map(str, stands))}"
    )
    return f"{where}; gain of the combination over it by horizon, in yearly changes, with its standard error: {told}"


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "unknown"
