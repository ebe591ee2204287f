"""Partial pooling: estimates rest on the prior without events, reach the truth with many, and know their own error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.leases.pooling import expit, logistic, logit, poisson

PROBABILITIES = st.floats(0.05, 0.95)


@given(mean=st.floats(-3, 3), sd=st.floats(0.05, 2))
@settings(max_examples=50, deadline=None)
def test_without_rows_the_prior_is_the_posterior(mean: float, sd: float) -> None:
    """An estimate without events must say what was believed and as unsurely."""
    nothing = np.zeros((0, 1)), np.zeros(0), np.zeros(0)
    for found in (
        logistic(*nothing, np.array([mean]), np.array([sd])),
        poisson(np.zeros((0, 1)), np.zeros(0), np.zeros(0), np.zeros(0), np.array([mean]), np.array([sd])),
    ):
        assert found.mode[0] == pytest.approx(mean, abs=1e-9)
        assert found.covariance[0, 0] == pytest.approx(sd**2, rel=1e-9)
        assert (found.events, found.trials) == (0.0, 0.0)


@given(truth=PROBABILITIES, believed=PROBABILITIES, rows=st.sampled_from([1, 10, 100, 1000, 10_000]))
@settings(max_examples=60, deadline=None)
def test_estimate_lies_between_prior_and_share_and_nears_it_with_events(
    truth: float, believed: float, rows: int
) -> None:
    """Shrinkage goes from what is believed to what was seen, and no further."""
    prior, sd = np.array([logit(believed)]), np.array([0.7])
    found = logistic(np.ones((1, 1)), np.array([truth]), np.array([float(rows)]), prior, sd)
    low, high = sorted((believed, truth))
    estimate = float(expit(found.mode)[0])
    assert low - 1e-7 <= estimate <= high + 1e-7
    # Newton's condition at the mode: the prior's pull is all that parts the estimate from the share.
    assert rows * (truth - estimate) == pytest.approx((found.mode[0] - prior[0]) / sd[0] ** 2, abs=1e-5)
    if rows == 10_000:
        assert estimate == pytest.approx(truth, abs=0.01)


@given(rate=st.floats(0.001, 0.5), believed=st.floats(0.001, 0.5), exposure=st.sampled_from([1.0, 100.0, 1e6]))
@settings(max_examples=60, deadline=None)
def test_rate_lies_between_prior_and_count(rate: float, believed: float, exposure: float) -> None:
    """The same holds for rates."""
    prior, sd = np.array([np.log(believed)]), np.array([0.8])
    one = np.ones(1)
    found = poisson(np.ones((1, 1)), rate * exposure * one, exposure * one, one, prior, sd)
    low, high = sorted((rate, believed))
    assert low * (1 - 1e-6) <= np.exp(found.mode[0]) <= high * (1 + 1e-6)
    if exposure == 1e6:
        assert np.exp(found.mode[0]) == pytest.approx(rate, rel=0.02)


@given(seed=st.integers(0, 1000), more=st.integers(1, 50))
@settings(max_examples=30, deadline=None)
def test_more_rows_make_no_coefficient_less_sure(seed: int, more: int) -> None:
    """Weight on a row adds information; a posterior that widened with it would be wrong."""
    rng = np.random.default_rng(seed)
    design, success = rng.standard_normal((40, 3)), rng.integers(0, 2, 40).astype(float)
    mean, sd = np.zeros(3), np.full(3, 0.5)
    before = logistic(design, success, np.zeros(40), mean, sd).covariance
    after = logistic(design, success, np.full(40, float(more)), mean, sd).covariance
    assert np.linalg.eigvalsh(before - after).min() > -1e-12


def test_root_gives_back_the_inverse_hessian() -> None:
    """Paths draw mode + root @ z; the root has to be one of the covariance, whatever the design."""
    rng = np.random.default_rng(5)
    design, success = rng.standard_normal((200, 4)), rng.integers(0, 2, 200).astype(float)
    mean, sd = np.zeros(4), np.array([0.3, 0.5, 1.0, 2.0])
    found = logistic(design, success, np.ones(200), mean, sd)
    p = expit(design @ found.mode)
    hessian = design.T @ (design * (p * (1 - p))[:, None]) + np.diag(1 / sd**2)
    assert found.covariance == pytest.approx(np.linalg.inv(hessian), rel=1e-8)


def test_many_events_recover_the_coefficients() -> None:
    """With many rows the truth is found for every coefficient, within what the posterior allows."""
    rng = np.random.default_rng(8)
    truth = np.array([0.8, -0.6, 0.4])
    design = np.column_stack([np.ones(40_000), rng.standard_normal((40_000, 2))])
    mean, sd = np.zeros(3), np.ones(3)
    success = (rng.random(40_000) < expit(design @ truth)).astype(float)
    found = logistic(design, success, np.ones(40_000), mean, sd)
    assert np.abs(found.mode - truth).max() < 4 * np.sqrt(np.diag(found.covariance)).max()
    exposure = rng.uniform(0.5, 2, 40_000)
    count = rng.poisson(exposure * np.exp(design @ truth - 2)).astype(float)
    rate = poisson(design, count, exposure, np.ones(40_000), mean, sd)
    assert rate.mode == pytest.approx(truth - np.array([2.0, 0, 0]), abs=4 * np.sqrt(np.diag(rate.covariance)).max())


def test_separated_rows_do_not_run_away() -> None:
    """Where all of a group were renewed, the likelihood alone has no mode; the prior gives one."""
    found = logistic(np.ones((30, 1)), np.ones(30), np.ones(30), np.zeros(1), np.full(1, 0.7))
    assert 0 < found.mode[0] < 4
    assert np.isfinite(found.root).all()


def test_expit_and_logit_are_inverse_without_overflow() -> None:
    """Scenarios push logits far out; probabilities must stay numbers."""
    assert expit(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
    assert float(expit(np.array(logit(0.72)))) == pytest.approx(0.72)
