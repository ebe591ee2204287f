"""Scores against values worked out by hand, so that a formula can't drift."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts import scores

ACTUAL, MEDIAN = np.array([10.0, 12.0]), np.array([11.0, 9.0])


def test_errors_and_bias() -> None:
    assert scores.mae(ACTUAL, MEDIAN) == 2.0
    assert scores.bias(ACTUAL, MEDIAN) == -1.0
    assert scores.mase(ACTUAL, MEDIAN, np.array([1.0, 0.0])) == 1.0
    assert np.isnan(scores.mase(ACTUAL, MEDIAN, np.zeros(2)))


def test_weighted_interval_score_by_hand() -> None:
    low, high = np.array([8.0, 8.0]), np.array([12.0, 10.0])
    # First: (0.5 x 1 + 0.1 x 4) / 1.5; second: (0.5 x 3 + 0.1 x (2 + 10 x 2)) / 1.5.
    found = scores.weighted_interval_score(ACTUAL, MEDIAN, {0.8: (low, high)})
    np.testing.assert_allclose(found, [0.6, 3.7 / 1.5])
    assert scores.coverage(ACTUAL, low, high) == 0.5


def test_skill() -> None:
    assert scores.skill(1.0, 2.0) == 0.5
    assert scores.skill(0.0, 0.0) == 0.0
    assert scores.skill(1.0, 2.0) == pytest.approx(1 - 1 / 2)
