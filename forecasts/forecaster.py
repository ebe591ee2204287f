"""What a panel's own past teaches, in one piece: weights, where the last value stands, widths and offsets of the bands.

Belongs here: the order in which the parts are learnt and put together. The parts are in combination.py, widths.py and
calibration.py; earlier origins in rolling.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasts import combination, widths
from forecasts.calibration import GRID, Calibration, bands, calibrate
from forecasts.combination import Weights, combine, error_scale, learn_weights
from forecasts.panel import Panel
from forecasts.rolling import Rolled, Said

NAIVE, COMBINATION = "naive", "combination"
# The combination has to beat the last value by this many standard errors of the paired difference: one chance in twenty
# that it only seems to.
STANDARD_ERRORS = 1.645
# Fewer series or origins cannot show that anything beats the last value.
FEWEST_PAIRS = 8


@dataclass(frozen=True)
class Evidence:
    """Mean absolute errors over all origins in scales of the series (mean change on the year before), by horizon: of
    the last value, the combination and each member; pairs: series and origins compared; gain, error: mean and standard
    error of the paired difference; whole: the same two over all horizons together.
    """

    naive: np.ndarray
    combination: np.ndarray
    members: dict[str, np.ndarray]
    pairs: np.ndarray
    gain: np.ndarray
    error: np.ndarray
    whole: tuple[float, float]
    origins: int

    def member(self, name: str) -> float:
        """Mean error of a member over all horizons; NaN where nothing is known."""
        error = self.members[name]
        return float(np.nanmean(error)) if np.isfinite(error).any() else float("nan")


@dataclass(frozen=True)
class Forecaster:
    """Learnt from a panel; answers panels of its kind. last_value: (horizon,), True where the last value stands."""

    weights: Weights
    last_value: np.ndarray
    unrest: widths.Unrest
    width: np.ndarray
    calibration: Calibration
    evidence: Evidence

    def median(self, panel: Panel, said: Said) -> tuple[np.ndarray, np.ndarray]:
        """Medians (series, horizon) and the weights (series, members) behind those that are combined."""
        own = self.weights.of(combination.traits_of(panel, said), said.fitted)
        naive = said.median[:, said.names.index(NAIVE)]
        return np.where(self.last_value[: naive.shape[1]], naive, combine(said, own)), own

    def labels(self, said: Said) -> np.ndarray:
        """What answers, (series, horizon): a series that no model fitted has the last value."""
        only, steps = self.weights.only, said.median.shape[2]
        counts = np.array([name != NAIVE if only is None else name == only for name in said.names])
        last = np.tile(self.last_value[:steps], (len(said.fitted), 1))
        last[(said.fitted & counts).sum(axis=1) == 0] = True
        return np.where(last, NAIVE, COMBINATION if only is None else only)

    def widths(self, panel: Panel, said: Said) -> np.ndarray:
        """Widths (series, horizon) of the series' errors."""
        base, traits = widths.traits_of(panel, said, self.unrest)
        return widths.widths(base, traits, self.width)

    def errors(self, rolled: Rolled) -> np.ndarray:
        """Errors at earlier origins in units of their widths, (cuts, horizon); NaN where nothing came."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            missed = rolled.outcome - self.median(rolled.panel, rolled.said)[0]
            z = missed / self.widths(rolled.panel, rolled.said)
        return np.where(np.isfinite(z), z, np.nan)

    def answer(self, panel: Panel, said: Said, levels: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Medians (series, horizon) and quantiles (series, horizon, levels), bounded as the panel's series are, and the
        weights (series, members) behind them.
        """
        median, weights = self.median(panel, said)
        middle = panel.bounded(median)
        band = bands(middle, self.widths(panel, said), self.calibration, levels)
        return middle, panel.bounded(band), weights

    def quantiles(self, panel: Panel, said: Said, levels: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The first two of `answer`."""
        return self.answer(panel, said, levels)[:2]


def learn(rolled: Rolled, beyond: int = 0, only: str | None = None, always: bool = False) -> Forecaster:
    """Learn from the errors of a panel's earlier origins. beyond: horizons to answer past those of `rolled`; only: the
    member that is to answer alone; always: the combination answers, whether it beats the last value or not.
    """
    own = learn_weights(rolled, only)
    traits = combination.traits_of(rolled.panel, rolled.said)
    combined = combine(rolled.said, own.of(traits, rolled.said.fitted))
    naive = rolled.said.median[:, rolled.said.names.index(NAIVE)]
    evidence = compare(rolled, combined, naive)
    stands = last_value_stands(evidence)
    stands &= only is None and not always
    median = np.where(stands, naive, combined)
    with np.errstate(over="ignore"):
        missed = rolled.outcome - median
    # Errors of a series that had not moved yet have no width to be measured by, and would set the widths of all others.
    missed[~widths.has_moved(rolled.panel)] = np.nan
    unrest = widths.unrest_of(rolled.panel)
    base, width_traits = widths.traits_of(rolled.panel, rolled.said, unrest)
    series = len(np.unique(rolled.of))
    width = widths.learn_widths(base, width_traits, np.abs(missed), series)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        z = missed / widths.widths(base, width_traits, width)
    steps = rolled.outcome.shape[1]
    calibration = calibrate(z, rolled.of, rolled.period, rolled.back, GRID, steps + beyond)
    last = stands[-1] if len(stands) else True
    return Forecaster(own, np.concatenate([stands, np.full(beyond, last)]), unrest, width, calibration, evidence)


def compare(rolled: Rolled, combined: np.ndarray, naive: np.ndarray) -> Evidence:
    """Errors of the combination against the last value's by horizon. A pair is a series: origins of one series overlap,
    so its errors are averaged first; where fewer than FEWEST_PAIRS series have errors each origin is a pair.
    """
    scale = error_scale(rolled.panel)[:, None] if len(rolled.panel) else np.empty((0, 1))
    steps = rolled.outcome.shape[1]

    def scaled(said: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.abs(rolled.outcome - said) / scale
        return np.where(np.isfinite(error), np.minimum(error, combination.LARGEST_ERROR), np.nan)

    ours, theirs = scaled(combined), scaled(naive)
    series = np.unique(rolled.of, return_inverse=True)[1]
    gained = theirs - ours
    pairs, gain, error = np.zeros(steps, dtype=int), np.zeros(steps), np.full(steps, np.inf)
    for h in range(steps):
        pairs[h], gain[h], error[h] = _paired(gained[:, h], series, h + 1)
    known = np.isfinite(gained)
    mean = np.where(known, gained, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    _, *whole = _paired(np.where(known.any(axis=1), mean, np.nan), series, (steps + 1) / 2)
    members = {
        name: _mean(scaled(rolled.said.median[:, at])) for at, name in enumerate(rolled.said.names)
    }  # fmt: skip
    return Evidence(_mean(theirs), _mean(ours), members, pairs, gain, error, (whole[0], whole[1]), len(rolled.of))


def _paired(gained: np.ndarray, series: np.ndarray, overlap: float) -> tuple[int, float, float]:
    """Pairs, mean gain and its standard error (infinite with fewer than two pairs). gained: (cuts,), NaN where nothing
    is known; overlap: origins of one series that see the same quarters.
    """
    known = np.isfinite(gained)
    if not known.any():
        return 0, 0.0, float("inf")
    alone = len(np.unique(series[known])) < FEWEST_PAIRS
    labels = np.arange(int(known.sum())) if alone else series[known]
    count = np.bincount(labels)
    each = np.bincount(labels, weights=gained[known])[count > 0] / count[count > 0]
    if len(each) < 2:
        return len(each), float(each.mean()), float("inf")
    # Errors h quarters ahead of neighbouring origins overlap: so many fewer of them are independent.
    independent = len(each) / overlap if alone else len(each)
    return len(each), float(each.mean()), float(each.std(ddof=1) / np.sqrt(independent))


def last_value_stands(evidence: Evidence) -> np.ndarray:
    """Horizons (horizon,) at which the last value is the forecast: those at which the combination has not been seen to
    beat it by more than chance, neither there nor, where it gains there, over all horizons together.
    """
    enough = evidence.pairs >= FEWEST_PAIRS
    there = evidence.gain > STANDARD_ERRORS * evidence.error
    whole = evidence.whole[0] > STANDARD_ERRORS * evidence.whole[1]
    return np.asarray(~(enough & (there | (whole & (evidence.gain > 0)))))


def _mean(error: np.ndarray) -> np.ndarray:
    known = np.isfinite(error)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, error, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
