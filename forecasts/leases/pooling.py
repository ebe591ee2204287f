"""Rates of events with partial pooling: logistic and Poisson regressions with Gaussian priors, and how sure they are.

Belongs here: the arithmetic of an estimate from a design matrix. Not here: what an event is (events.py), which features
and priors are used (hazards.py, demand.py).

A coefficient with a narrow prior is drawn to it until events speak (Gelman & Hill 2007, ch. 12). The posterior is taken
as normal about its mode (Laplace's approximation), which is what paths draw from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


def logistic(design: np.ndarray, success: np.ndarray, weight: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> Estimate:
    """Posterior mode of a weighted logistic regression, logit p = design @ beta, beta ~ N(mean, diag(sd^2)).

    design (n, k); success (n,) in [0, 1]; weight (n,) at least 0; mean, sd (k,), sd above 0. Without rows the prior.
    """

    def derivatives(beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = expit(design @ beta)
        return weight * (success - p), weight * p * (1 - p)

    beta, root = _mode(design, derivatives, mean, sd)
    return Estimate(beta, root, float((weight * success).sum()), float(weight.sum()))


def poisson(
    design: np.ndarray, count: np.ndarray, exposure: np.ndarray, weight: np.ndarray, mean: np.ndarray, sd: np.ndarray
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
        gradient = design.T @ slope - precision @ (beta - mean)
        hessian = design.T @ (design * curvature[:, None]) + precision
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, _LARGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    hessian = design.T @ (design * derivatives(beta)[1][:, None]) + precision
    lower = np.linalg.cholesky(hessian)
    return beta, np.linalg.inv(lower).T
