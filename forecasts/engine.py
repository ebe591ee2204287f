"""The one function behind `colocast forecast`: any panel, any horizon, every series answered with calibrated bands.

The choice of a model and the way from members to bands live here. A combination of members would take the place of
`choose` behind the same function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.backtest import cuts, pooled_error, rolling_errors
from forecasts.calibration import bands, calibrate, panel_scales
from forecasts.members import MEMBERS
from forecasts.panel import Panel, panel_from_frame, quarter_ends
from forecasts.parallel import Progress, answer_in_parts

AUTO = "auto"
LEVELS = (0.025, 0.1, 0.9, 0.975)
OUTPUT_COLUMNS = ("unique_id", "ds", "model", "yhat", "lo-80", "hi-80", "lo-95", "hi-95")

# Origins for members that cost next to nothing, and for those fitted series by series (a fit is some 50 ms).
CHEAP_ORIGINS = 24
COSTLY_ORIGINS = 3
COSTLY_SERIES = 40


@dataclass(frozen=True)
class Choice:
    """Which member was chosen and on what evidence: mean absolute scaled error of each over the same origins."""

    model: str
    errors: dict[str, float]
    origins: int
    reason: str


def choose(panel: Panel, horizon: int, seed: int = 0, jobs: int = 1, progress: Progress | None = None) -> Choice:
    """The member with the lowest pooled rolling-origin error over a subset of origins common to all members.

    Where two are equal, or nothing can be measured, the simpler one stands: the last value is the bar.
    """
    common = cuts(panel, COSTLY_ORIGINS, COSTLY_SERIES)
    if not common:
        return Choice("naive", {}, 0, "no series is long enough to compare models; the last value stands")
    errors = {
        name: pooled_error(rolling_errors(panel, common, name, horizon, seed, jobs, progress)) for name in MEMBERS
    }
    best = min(MEMBERS, key=lambda name: errors[name])
    if best == "naive":
        reason = "no model beats the last value over these origins"
    else:
        reason = f"lowest error, {1 - errors[best] / errors['naive']:.1%} below the last value's"
    return Choice(best, errors, len(common), reason)


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
    """Quarterly forecasts with calibrated bands.

    panel: unique_id, ds (quarter end), y, optional cap in the unit of y (see forecasts.panel). horizon: quarters, >= 1,
    counted from each series' last figure. model: auto or a member's name. jobs: processes; the answer is the same bits
    whatever it is. progress(done, total) is called as series are fitted.

    Returns unique_id, ds (quarter end), model (the one that answered that series), yhat (median), lo-80, hi-80, lo-95,
    hi-95, in the order in which series first appear; never NaN, lo-95 <= lo-80 <= yhat <= hi-80 <= hi-95, within
    [0, cap] where there is a cap. attrs: `choice` (model, errors, origins, reason) and `fallbacks` (series -> reason).
    Raises PanelError for a panel that cannot be read, ValueError for other arguments.
    """
    check_model(model)
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise ValueError(f"horizon: found {horizon!r}; expected a whole number of quarters of at least 1.")
    if jobs < 1:
        raise ValueError(f"jobs: found {jobs!r}; expected at least 1.")
    horizon = int(horizon)
    series = panel_from_frame(panel)
    choice = choose(series, horizon, seed, jobs, progress) if model == AUTO else Choice(model, {}, 0, "asked for")
    separate = MEMBERS[choice.model].separate
    origins = cuts(series, COSTLY_ORIGINS, COSTLY_SERIES) if separate else cuts(series, CHEAP_ORIGINS)
    errors = rolling_errors(series, origins, choice.model, horizon, seed, jobs, progress)
    answer = answer_in_parts(choice.model, series, horizon, (), seed, jobs, progress)
    quantiles = bands(series, answer.median, panel_scales(series), calibrate(errors, horizon, LEVELS))
    return _frame(series, horizon, choice, answer.median, quantiles, answer.reasons)


def _frame(
    panel: Panel, horizon: int, choice: Choice, median: np.ndarray, quantiles: np.ndarray, reasons: tuple[str, ...]
) -> pd.DataFrame:
    steps = np.arange(1, horizon + 1)
    ordinals = np.concatenate([one.last + steps for one in panel])
    ids = pd.Series([one.unique_id for one in panel]).repeat(horizon).reset_index(drop=True)
    models = np.repeat(["naive" if reason else choice.model for reason in reasons], horizon)
    low95, low80, high80, high95 = quantiles.reshape(-1, len(LEVELS)).T
    columns = (ids, quarter_ends(ordinals), models, median.reshape(-1), low80, high80, low95, high95)
    frame = pd.DataFrame(dict(zip(OUTPUT_COLUMNS, columns, strict=True)))
    frame.attrs["choice"] = {
        "model": choice.model, "errors": choice.errors, "origins": choice.origins, "reason": choice.reason,
    }  # fmt: skip
    frame.attrs["fallbacks"] = {
        str(one.unique_id): reason for one, reason in zip(panel, reasons, strict=True) if reason
    }
    return frame
