"""Rates of events with partial pooling: logistic and Poisson regressions with Gaussian priors, and how sure they are.

Belongs here: the arithmetic of an estimate from a design matrix. Not here: what an event is (events.py), which features
and priors are used (hazards.py, demand.py).

A coefficient with a narrow prior is drawn to it until events speak (Gelman & Hill 2007, ch. 12). The posterior is taken
as normal about its mode (Laplace's approximation), which is what paths draw from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasts.compiling import compiled

_STEPS = 60
_LARGEST_STEP = 2.0


@dataclass(frozen=True)
class Estimate:
    """Coefficients, shape (features,), and a root of their covariance: draws are mode + root @ z with z standard
    normal.

    events: weighted events behind it (successes of a logistic regression, counts of a Poisson); trials: weighted
    trials, or exposure.
    """

    mode: np.ndarray
    root: np.ndarray
    events: float
    trials: float

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariance, (features, features)."""
        return np.asarray(self.root @ self.root.T)


@dataclass(frozen=True)
class Halved:
    """A design matrix as two halves of its columns, of which each different row is kept once: entry i is
    left[of_left[i]] and right[of_right[i]]. `is_left` (features,) says which columns the left half holds, in order.
    """

    of_left: np.ndarray
    of_right: np.ndarray
    left: np.ndarray
    right: np.ndarray
    is_left: np.ndarray

    def __len__(self) -> int:
        return len(self.of_left)

    def __matmul__(self, beta: np.ndarray) -> np.ndarray:
        """Linear predictor of each entry, (n,)."""
        level = (self.left @ beta[self.is_left])[self.of_left]
        level += (self.right @ beta[~self.is_left])[self.of_right]
        return level

    def __getitem__(self, chosen: np.ndarray) -> Halved:
        """Some entries."""
        return Halved(self.of_left[chosen], self.of_right[chosen], self.left, self.right, self.is_left)

    def slope(self, score: np.ndarray) -> np.ndarray:
        """design.T @ score, (features,)."""
        found = np.empty(len(self.is_left))
        found[self.is_left] = self.left.T @ np.bincount(self.of_left, weights=score, minlength=len(self.left))
        found[~self.is_left] = self.right.T @ np.bincount(self.of_right, weights=score, minlength=len(self.right))
        return found

    def bend(self, curvature: np.ndarray) -> np.ndarray:
        """design.T @ diag(curvature) @ design, (features, features)."""
        by_left = np.bincount(self.of_left, weights=curvature, minlength=len(self.left))
        by_right = np.bincount(self.of_right, weights=curvature, minlength=len(self.right))
        across = np.zeros((len(self.left), self.right.shape[1]))
        _spread(self.of_left, self.of_right, curvature, self.right, across)
        found = np.empty((len(self.is_left), len(self.is_left)))
        found[np.ix_(self.is_left, self.is_left)] = self.left.T @ (self.left * by_left[:, None])
        found[np.ix_(~self.is_left, ~self.is_left)] = self.right.T @ (self.right * by_right[:, None])
        mixed = self.left.T @ across
        found[np.ix_(self.is_left, ~self.is_left)] = mixed
        found[np.ix_(~self.is_left, self.is_left)] = mixed.T
        return found


@compiled
def _spread(of_left, of_right, weight, right, across):  # type: ignore[no-untyped-def]
    """Add each entry's weighted right row to its left row's sum."""
    for i in range(len(of_left)):
        a, b, w = of_left[i], of_right[i], weight[i]
        for k in range(right.shape[1]):
            across[a, k] += w * right[b, k]


def logistic(
    design: np.ndarray | Halved, success: np.ndarray, weight: np.ndarray, mean: np.ndarray, sd: np.ndarray
) -> Estimate:
    """Posterior mode of a weighted logistic regression, logit p = design @ beta, beta ~ N(mean, diag(sd^2)).

    design (n, k); success (n,) in [0, 1]; weight (n,) at least 0; mean, sd (k,), sd above 0. Without rows the prior.
    """

    def derivatives(beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = expit(design @ beta)
        return weight * (success - p), weight * p * (1 - p)

    beta, root = _mode(design, derivatives, mean, sd)
    return Estimate(beta, root, float((weight * success).sum()), float(weight.sum()))


def poisson(
    design: np.ndarray | Halved,
    count: np.ndarray,
    exposure: np.ndarray,
    weight: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
) -> Estimate:
    """Posterior mode of a weighted Poisson regression, log rate = design @ beta, expected count = exposure * rate.

    count, exposure, weight (n,), each at least 0; priors as in logistic. Without rows the prior.
    """
    known = exposure > 0
    design, count, weight = design[known], count[known], weight[known]
    offset = np.log(exposure[known])

    def derivatives(beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        expected = np.exp(np.clip(design @ beta + offset, -50, 50))
        return weight * (count - expected), weight * expected

    beta, root = _mode(design, derivatives, mean, sd)
    return Estimate(beta, root, float((weight * count).sum()), float((weight * exposure[known]).sum()))


def expit(x: np.ndarray) -> np.ndarray:
    """Inverse logit, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def logit(p: float) -> float:
    """log(p / (1 - p)); p in (0, 1)."""
    return float(np.log(p / (1 - p)))


def _mode(design, derivatives, mean, sd):  # type: ignore[no-untyped-def]
    """Newton's method with a bounded step; returns (mode, root of the inverse Hessian)."""
    precision = np.diag(1 / sd**2)
    beta = mean.astype(float).copy()
    for _ in range(_STEPS):
        slope, curvature = derivatives(beta)
        gradient = _slope(design, slope) - precision @ (beta - mean)
        hessian = _bend(design, curvature) + precision
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, _LARGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    hessian = _bend(design, derivatives(beta)[1]) + precision
    lower = np.linalg.cholesky(hessian)
    return beta, np.linalg.inv(lower).T


def _slope(design: np.ndarray | Halved, score: np.ndarray) -> np.ndarray:
    return design.slope(score) if isinstance(design, Halved) else np.asarray(design.T @ score)


def _bend(design: np.ndarray | Halved, curvature: np.ndarray) -> np.ndarray:
    if isinstance(design, Halved):
        return design.bend(curvature)
    return np.asarray(design.T @ (design * curvature[:, None]))
