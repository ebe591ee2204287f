"""Paths: what is used never exceeds what is in service, shocks are shared by quarter, and bits repeat."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts.aggregation import GRID, Outlook, Shocks, Sum, draw, quantiles
from forecasts.calibration import Calibration
from forecasts.rates import from_scale, to_scale

HORIZON = 4
NORMAL = Calibration(GRID, np.tile(np.linspace(-2.5, 2.5, len(GRID)), (HORIZON, 1)), np.full(HORIZON, 100.0))


def outlook(name: str, last: int = 10, rate: float = 0.9) -> Outlook:
    return Outlook(name, last, np.full(HORIZON, rate), 0.6, np.full(HORIZON, 100.0), 0.05)


def test_used_stays_within_service_and_clipping_is_counted() -> None:
    paths = draw(outlook("a", rate=0.99), Shocks(11, 30, 1), NORMAL, NORMAL, -0.2)
    assert paths.used is not None
    assert paths.in_service is not None
    assert (paths.used <= paths.in_service).all()
    assert 0 < paths.clipped < paths.draws
    assert np.median(paths.rate) == pytest.approx(0.99, abs=0.005)


def test_the_same_seed_gives_the_same_paths_whatever_comes_before() -> None:
    one = draw(outlook("a"), Shocks(11, 30, 5), NORMAL, NORMAL, 0.1)
    shocks = Shocks(11, 30, 5)
    draw(outlook("b"), shocks, NORMAL, NORMAL, 0.1)
    two = draw(outlook("a"), shocks, NORMAL, NORMAL, 0.1)
    assert (one.rate == two.rate).all()


def test_series_share_the_shocks_of_a_quarter_also_from_different_origins() -> None:
    def correlation(share: float) -> float:
        shocks = Shocks(9, 30, 2)
        early = draw(outlook("a", 8), shocks, NORMAL, NORMAL, 0.0, share).rate[:, 3]
        late = draw(outlook("b", 10), shocks, NORMAL, NORMAL, 0.0, share).rate[:, 1]
        return float(np.corrcoef(early, late)[0, 1])

    assert abs(correlation(0.0)) < 0.1
    assert correlation(0.9) > 0.4


def test_a_sum_divides_per_path_and_stays_a_rate() -> None:
    total = Sum(1000, 3)
    shocks = Shocks(9, 30, 3)
    total.add(draw(outlook("a", 10, 0.5), shocks, NORMAL, NORMAL, 0.0), 0, 1.0)
    total.add(draw(outlook("b", 9, 0.9), shocks, NORMAL, NORMAL, 0.0), 1, 0.25)
    band = quantiles(total.rate, (0.05, 0.5, 0.95))
    assert (np.diff(band, axis=1) >= 0).all()
    assert band[0, 1] == pytest.approx((0.5 + 0.25 * 0.9) / 1.25, abs=0.02)


def test_the_bounded_scale_is_its_own_inverse_also_at_both_ends() -> None:
    rates = np.array([0.0, 0.001, 0.5, 0.999, 1.0])
    np.testing.assert_allclose(from_scale(to_scale(rates)), rates, atol=1e-12)
    assert from_scale(np.array([-1e9, 1e9])).tolist() == [0.0, 1.0]
