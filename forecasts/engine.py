"""The one function behind `colocast forecast`: any panel, any horizon, every series answered with calibrated bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.forecaster import NAIVE, Forecaster, learn
from forecasts.members import MEMBERS
from forecasts.panel import Panel, panel_from_frame, quarter_ends
from forecasts.parallel import FanOut, Progress, threads
from forecasts.rolling import WIDTH_MEMBERS, Said, ask, roll

AUTO = "auto"
LEVELS = (0.025, 0.1, 0.9, 0.975)
OUTPUT_COLUMNS = ("unique_id", "ds", "model", "yhat", "lo-80", "hi-80", "lo-95", "hi-95")
CHOICE_COLUMNS = ("unique_id", "member", "weight", "backtest_error", "reason")


@dataclass(frozen=True)
class Result:
    """forecast: OUTPUT_COLUMNS; choice: why this model for this series, CHOICE_COLUMNS; evidence: of the panel."""

    forecast: pd.DataFrame
    choice: pd.DataFrame
    evidence: dict[str, object]


def check_model(model: str) -> None:
    """Raise ValueError, listing what is allowed, for a name that is no model."""
    if model != AUTO and model not in MEMBERS:
        allowed = ", ".join([AUTO, *MEMBERS])
        raise ValueError(f"Unknown model {model!r}; allowed: {allowed}.")


def forecast(
    panel: pd.DataFrame,
    horizon: int,
    model: str = AUTO,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Quarterly forecasts with calibrated bands: explained(...).forecast, with its evidence as attrs["evidence"]."""
    result = explained(panel, horizon, model, seed, jobs, progress)
    result.forecast.attrs["evidence"] = result.evidence
    return result.forecast


def explained(
    panel: pd.DataFrame,
    horizon: int,
    model: str = AUTO,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
    fan_out: FanOut | None = None,
) -> Result:
    """Quarterly forecasts with calibrated bands, and why they are what they are.

    panel: unique_id, ds (quarter end), y, optional cap in the unit of y (see forecasts.panel). horizon: quarters, >= 1,
    counted from each series' last figure. model: auto (the combination, or the last value at horizons where the
    combination does not beat it) or a member's name. jobs: threads; fan_out: who answers the parts instead of threads;
    the answer is the same bits whatever it is.
    progress(done, total) is called as members answer.

    forecast: unique_id, ds (quarter end), model (what answered), yhat (median), lo-80, hi-80, lo-95, hi-95, in the
    order in which series first appear; never NaN, lo-95 <= lo-80 <= yhat <= hi-80 <= hi-95, within [0, cap] where
    there is a cap. choice: one row a series and member, its weight, its mean absolute error at earlier origins of the
    panel in scales of the series, and why it fell back on the last value where it did. Raises PanelError for a panel
    that cannot be read, ValueError for other arguments.
    """
    check_model(model)
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise ValueError(f"horizon: found {horizon!r}; expected a whole number of quarters of at least 1.")
    if jobs < 1:
        raise ValueError(f"jobs: found {jobs!r}; expected at least 1.")
    horizon = int(horizon)
    series = panel_from_frame(panel)
    names = tuple(MEMBERS) if model == AUTO else tuple(dict.fromkeys((NAIVE, model, *WIDTH_MEMBERS)))
    spread = fan_out or threads(jobs)
    learnt = learn(
        roll(series, horizon, names, seed, spread, _half(progress, 0)), only=None if model == AUTO else model
    )  # fmt: skip
    said = ask(series, horizon, names, seed, spread, _half(progress, 1))
    middle, quantiles, weights = learnt.answer(series, said, LEVELS)
    return Result(
        _frame(series, horizon, learnt.labels(said), middle, quantiles),
        _choice(series, said, learnt, weights),
        evidence_of(learnt),
    )


def _half(progress: Progress | None, half: int) -> Progress | None:
    """Progress of one of two equal halves."""
    if progress is None:
        return None

    def told(done: int, total: int) -> None:
        progress(half * total + done, 2 * total)

    return told


def _frame(panel: Panel, horizon: int, labels: np.ndarray, median: np.ndarray, quantiles: np.ndarray) -> pd.DataFrame:
    steps = np.arange(1, horizon + 1)
    ordinals = np.concatenate([one.last + steps for one in panel])
    ids = pd.Series([one.unique_id for one in panel]).repeat(horizon).reset_index(drop=True)
    low95, low80, high80, high95 = quantiles.reshape(-1, len(LEVELS)).T
    columns = (ids, quarter_ends(ordinals), labels.reshape(-1), median.reshape(-1), low80, high80, low95, high95)
    return pd.DataFrame(dict(zip(OUTPUT_COLUMNS, columns, strict=True)))


def _choice(panel: Panel, said: Said, learnt: Forecaster, weights: np.ndarray) -> pd.DataFrame:
    members = len(said.names)
    ids = pd.Series([one.unique_id for one in panel]).repeat(members).reset_index(drop=True)
    error = [learnt.evidence.member(name) for name in said.names]
    reasons = [reason for each in said.reasons for reason in each]
    columns = (ids, list(said.names) * len(panel), weights.reshape(-1), error * len(panel), reasons)
    return pd.DataFrame(dict(zip(CHOICE_COLUMNS, columns, strict=True)))


def evidence_of(learnt: Forecaster) -> dict[str, object]:
    """Plain numbers of what the panel's past showed: errors by horizon, where the last value stands and why."""
    found = learnt.evidence

    def plain(values: np.ndarray) -> list[float | None]:
        return [None if not np.isfinite(value) else round(float(value), 6) for value in values]

    stands = [int(step) + 1 for step in np.flatnonzero(learnt.last_value)]
    return {
        "origins": found.origins,
        "pairs": [int(count) for count in found.pairs],
        "error_combination": plain(found.combination),
        "error_naive": plain(found.naive),
        "error_members": {name: plain(error) for name, error in found.members.items()},
        "gain": plain(found.gain),
        "standard_error": plain(found.error),
        "last_value_at": stands,
        "reason": _reason(learnt, stands),
    }


def _reason(learnt: Forecaster, stands: list[int]) -> str:
    if learnt.weights.only is not None:
        return "asked for"
    if not learnt.evidence.origins:
        return "no series is long enough to compare models; the last value stands"
    if not stands:
        return "the combination beats the last value at every horizon"
    return (
        f"the combination does not beat the last value by more than chance at horizons {stands}: the last value stands"
    )
