"""Weights of the members: one softmax over a few traits of a series, learnt from all earlier origins and shrunk.

Short series cannot choose alone. A member's weight is softmax(prior + coefficients x traits), fitted to the absolute
errors of the combination at earlier origins of all series together and drawn towards equal weights, for equal weights
are hard to beat (Timmermann, 2006, Forecast combinations); traits as in Montero-Manso et al. (2020), FFORMA, but few
and linear. The references (last value, same quarter last year) start with a small weight: they are there for series
that nothing else describes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from forecasts.compiling import compiled
from forecasts.panel import Panel
from forecasts.rolling import Rolled, Said
from forecasts.traits import CHANGE, COUNT, DRIFT, LEVEL, REPEAT, YEAR_CHANGE, YEAR_REPEAT, describe

REFERENCES = ("naive", "seasonal_naive")
REFERENCE_PRIOR = -2.0
# Weight of the squared coefficients against the mean absolute scaled error, and the number of series at which it has
# doubled: fewer series are shrunk more.
SHRINKAGE = 0.02
SHRINKAGE_SERIES = 100
LARGEST_ERROR = 30.0
LARGEST_TRAIT = 2.5
# Errors below this many scales count squared, so that the search has a slope everywhere.
SMOOTHED = 0.05


@dataclass(frozen=True)
class Weights:
    """coefficients: (traits, members); centre, spread: (traits - 1,) of the panel learnt from; names: of the members.
    only: the one member that was asked for, which then has all the weight.
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    only: str | None = None

    def of(self, traits: np.ndarray, fitted: np.ndarray) -> np.ndarray:
        """Weights (series, members), each row summing to 1; members that did not fit have none. A series that none
        fitted takes the first member's answer, which then is the last value.
        """
        if self.only is not None:
            return np.repeat(np.array([[name == self.only for name in self.names]], dtype=float), len(traits), axis=0)
        held = np.clip((traits - self.centre) / self.spread, -LARGEST_TRAIT, LARGEST_TRAIT)
        logit = prior(self.names) + np.column_stack([np.ones(len(held)), held]) @ self.coefficients
        logit = np.where(fitted, logit, -np.inf)
        logit[~fitted.any(axis=1), 0] = 0.0
        weight = np.exp(logit - logit.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def prior(names: tuple[str, ...]) -> np.ndarray:
    """Logits before any evidence, shape (members,)."""
    return np.array([REFERENCE_PRIOR if name in REFERENCES else 0.0 for name in names])


def discord(said: Said) -> np.ndarray:
    """Standard deviation of the fitted members' medians, references apart, (series, horizon)."""
    models = np.array([name not in REFERENCES for name in said.names])
    counted = (said.fitted & models)[:, :, None]
    number = np.maximum(counted.sum(axis=1), 1)
    # Squares neither overflow nor vanish when the medians are near 1; a power of two rounds nothing.
    exponent = np.frexp(np.where(counted, np.abs(said.median), 0.0).max(axis=(1, 2), initial=0.0))[1]
    median = np.ldexp(said.median, -exponent[:, None, None])
    mean = np.where(counted, median, 0.0).sum(axis=1) / number
    square = (np.where(counted, median - mean[:, None], 0.0) ** 2).sum(axis=1) / number
    return np.asarray(np.ldexp(np.sqrt(square), exponent[:, None]))


def traits_of(panel: Panel, said: Said) -> np.ndarray:
    """Traits by which weights are set, shape (series, 6), without unit."""
    look = describe(panel)
    year = np.maximum(look[:, YEAR_CHANGE], 1e-6 * look[:, LEVEL] + np.finfo(float).tiny)
    change = np.maximum(look[:, CHANGE], 1e-6 * look[:, LEVEL] + np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        spread = discord(said).mean(axis=1) / year
    return np.column_stack(
        [
            np.log(np.maximum(look[:, COUNT], 1.0)),
            np.log(year / change),
            look[:, YEAR_REPEAT],
            look[:, REPEAT],
            np.log(np.clip(spread, 0.0, 1e3) + 1e-3),
            look[:, DRIFT],
        ]
    )


def error_scale(panel: Panel) -> np.ndarray:
    """Mean absolute change on the year before, by which errors of different series are compared (as in MASE); NaN
    where nothing has moved, which leaves the series out.
    """
    year = describe(panel)[:, YEAR_CHANGE]
    return np.where(year > 0, year, np.nan)


@compiled
def _loss(
    flat: np.ndarray, z: np.ndarray, start: np.ndarray, error: np.ndarray, fitted: np.ndarray
) -> tuple[float, np.ndarray]:
    """Mean smoothed absolute error of the combination, and its gradient; flat: coefficients, row by row."""
    rows, members, horizon = error.shape
    size = z.shape[1]
    slope = np.zeros(size * members)
    total, count = 0.0, 0
    weight, pull = np.empty(members), np.empty(members)
    for row in range(rows):
        top = -np.inf
        for m in range(members):
            weight[m] = -np.inf
            if fitted[row, m]:
                weight[m] = start[m]
                for k in range(size):
                    weight[m] += z[row, k] * flat[k * members + m]
                top = max(top, weight[m])
        if top == -np.inf:
            continue
        whole = 0.0
        for m in range(members):
            weight[m] = np.exp(weight[m] - top)
            whole += weight[m]
        pull[:] = 0.0
        for m in range(members):
            weight[m] /= whole
        seen = False
        for h in range(horizon):
            if np.isnan(error[row, 0, h]):
                continue
            missed = 0.0
            for m in range(members):
                missed += weight[m] * error[row, m, h]
            size_of = np.sqrt(missed * missed + SMOOTHED * SMOOTHED)
            total += size_of
            count += 1
            seen = True
            for m in range(members):
                pull[m] += missed / size_of * error[row, m, h]
        if not seen:
            continue
        mean = 0.0
        for m in range(members):
            mean += weight[m] * pull[m]
        for m in range(members):
            change = weight[m] * (pull[m] - mean)
            for k in range(size):
                slope[k * members + m] += z[row, k] * change
    return total / max(count, 1), slope / max(count, 1)


def learn_weights(rolled: Rolled, only: str | None = None) -> Weights:
    """Weights from all errors of the origins; without any origin equal ones. only: no weights, this member alone."""
    names = rolled.said.names
    traits = traits_of(rolled.panel, rolled.said)
    scale = error_scale(rolled.panel) if len(rolled.panel) else np.empty(0)
    with np.errstate(over="ignore", invalid="ignore"):
        error = (rolled.outcome[:, None, :] - rolled.said.median) / scale[:, None, None]
    error = np.clip(error, -LARGEST_ERROR, LARGEST_ERROR)
    usable = np.isfinite(error).any(axis=(1, 2))
    centre, spread = np.zeros(traits.shape[1]), np.ones(traits.shape[1])
    none = np.zeros((traits.shape[1] + 1, len(names)))
    if only is not None or not usable.any():
        return Weights(names, none, centre, spread, only)
    centre, spread = traits[usable].mean(axis=0), np.maximum(traits[usable].std(axis=0), 1e-9)
    held = np.clip((traits - centre) / spread, -LARGEST_TRAIT, LARGEST_TRAIT)
    z = np.column_stack([np.ones(len(held)), held])[usable]
    shrinkage = SHRINKAGE * (1 + SHRINKAGE_SERIES / len(np.unique(rolled.of[usable])))
    arrays = (np.ascontiguousarray(z), prior(names), np.ascontiguousarray(error[usable]), rolled.said.fitted[usable])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _loss(flat, *arrays)
        return value + shrinkage * float(flat @ flat), slope + 2 * shrinkage * flat

    found = minimize(loss, none.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 100, "ftol": 1e-8})
    return Weights(names, found.x.reshape(none.shape), centre, spread)


def combine(said: Said, weights: np.ndarray) -> np.ndarray:
    """Weighted medians, (series, horizon)."""
    return np.asarray((said.median * weights[:, :, None]).sum(axis=1))
