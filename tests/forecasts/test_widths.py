"""Widths: in the unit of the series, as large as its errors are, and never zero, infinite or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts import widths
from forecasts.panel import Panel, Series
from forecasts.rolling import Said, ask
from forecasts.widths import TRAITS, TYPICAL, has_moved, learn_widths, traits_of, unrest_of

HORIZON = 4


def said_of(panel: Panel, spread: float = 1.0) -> Said:
    """Two models round the last value, with random-walk deviations."""
    last = np.array([one.y[-1] if len(one.y) else 0.0 for one in panel])
    with np.errstate(over="ignore"):
        median = last[:, None, None] + spread * np.array([-1.0, 1.0])[None, :, None] * np.ones(HORIZON)
    deviation = np.tile(spread * np.sqrt(np.arange(1.0, HORIZON + 1)), (len(panel), 2, 1))
    reasons = tuple(("", "") for _ in panel)
    return Said(("one", "two"), median, np.ones((len(panel), 2), dtype=bool), deviation, reasons)


def walks(count: int, length: int = 24, seed: int = 0, factor: float = 1.0) -> Panel:
    """Random walks round 100."""
    rng = np.random.default_rng(seed)
    return Panel(
        tuple(Series(str(at), 100, factor * (100 + np.cumsum(rng.normal(size=length)))) for at in range(count))
    )


def width_of(panel: Panel, said: Said, coefficients: np.ndarray = TYPICAL) -> np.ndarray:
    """Widths (series, horizon)."""
    base, traits = traits_of(panel, said, unrest_of(panel))
    return widths.widths(base, traits, coefficients)


def test_each_trait_has_its_coefficient() -> None:
    """The columns and the typical coefficients must stay in step."""
    panel = walks(3)
    base, traits = traits_of(panel, said_of(panel), unrest_of(panel))
    assert base.shape == (3,)
    assert traits.shape == (3, HORIZON, len(TRAITS))
    assert len(TRAITS) == len(TYPICAL)


@pytest.mark.parametrize("factor", [2.0**10, 2.0**-10, 2.0**600, 2.0**-600])
def test_widths_have_the_unit_of_the_series(factor: float) -> None:
    """A power of two changes no bit of what is learnt and no bit of the width but its unit."""
    one, other = walks(5), walks(5, factor=factor)
    assert (width_of(other, said_of(other, factor)) == factor * width_of(one, said_of(one))).all()


def test_without_errors_widths_are_the_typical_ones_and_grow_with_the_horizon() -> None:
    """A panel of a few short series is not left without bands."""
    panel = walks(3)
    base, traits = traits_of(panel, said_of(panel), unrest_of(panel))
    assert (learn_widths(base, traits, np.full((3, HORIZON), np.nan), 0) == TYPICAL).all()
    assert (np.diff(width_of(panel, said_of(panel)), axis=1) > 0).all()


def test_ten_times_the_errors_are_ten_times_the_width() -> None:
    """How large errors are is what the panel alone says: nothing draws that towards what is typical."""
    panel = walks(40)
    base, traits = traits_of(panel, said_of(panel), unrest_of(panel))
    missed = np.abs(np.random.default_rng(1).standard_t(4, (40, HORIZON)))
    one, ten = (widths.widths(base, traits, learn_widths(base, traits, by * missed, 40)) for by in (1.0, 10.0))
    assert ten == pytest.approx(10 * one, rel=0.02)


def test_what_goes_with_large_errors_makes_bands_wide() -> None:
    """Series whose members contradict each other err more here: they end with wider bands than before learning."""
    panel = walks(80)
    said = said_of(panel)
    loud = np.arange(80) % 2 == 1
    said.median[loud] += 6 * np.array([-1.0, 1.0])[:, None]
    base, traits = traits_of(panel, said, unrest_of(panel))
    missed = np.abs(np.random.default_rng(2).standard_t(5, (80, HORIZON))) * np.where(loud, 20.0, 1.0)[:, None]
    before, after = (
        widths.widths(base, traits, by) for by in (TYPICAL, learn_widths(base, traits, missed, 80))
    )  # fmt: skip
    ratio_before, ratio_after = (np.median(w[loud]) / np.median(w[~loud]) for w in (before, after))
    assert ratio_after > 2 * ratio_before


def test_no_small_step_from_what_is_learnt_gains_anything() -> None:
    """The search ends at the minimum of the loss that the module documents, written down here once more."""
    panel = walks(30)
    base, traits = traits_of(panel, said_of(panel), unrest_of(panel))
    missed = np.abs(np.random.default_rng(3).standard_t(3, (30, HORIZON)))
    missed[::4, 1] = np.nan
    found = learn_widths(base, traits, missed, 30)

    def loss(coefficients: np.ndarray) -> float:
        width = np.log(widths.widths(base, traits, coefficients) / base[:, None])
        value = np.nanmean(width + 2 * np.log1p(missed / base[:, None] / np.exp(width)) + 0 * missed)
        away = (coefficients - TYPICAL)[1:]
        return float(value + widths.SHRINKAGE * (1 + widths.SHRINKAGE_SERIES / 30) * (away**2).sum())

    best = loss(found)
    assert best < loss(TYPICAL)
    for at in range(len(found)):
        for step in (-0.01, 0.01):
            moved = found.copy()
            moved[at] += step
            assert loss(moved) > best - 1e-7


def test_errors_of_nothing_leave_widths_finite() -> None:
    """Forecasts that were always right pull the width towards zero without end."""
    panel = walks(5)
    base, traits = traits_of(panel, said_of(panel), unrest_of(panel))
    found = learn_widths(base, traits, np.zeros((5, HORIZON)), 5)
    width = widths.widths(base, traits, found)
    assert np.isfinite(width).all()
    assert (width > 0).all()


@pytest.mark.parametrize(
    "values",
    [[1.7e308, -1.7e308] * 6, [1e300, 1e-300] * 5, [0.0] * 9, [5e-324] * 9, [3.0], [], [1e-300, 2e-300] * 4, [7.0] * 9],
)
@pytest.mark.parametrize("signed", [False, True])
def test_widths_are_finite_for_any_series(values: list[float], signed: bool) -> None:
    """NaN here turned a band into a point at zero, in the wrong order."""
    panel = Panel((Series("a", 100, np.array(values), signed=signed),))
    for spread in (0.0, 1e-300, 1.0, 1e307):
        said = said_of(panel, spread)
        said = Said(said.names, np.clip(said.median, -4e307, 4e307), said.fitted, said.deviation, said.reasons)
        with np.errstate(all="raise", under="ignore"):
            base, traits = traits_of(panel, said, unrest_of(panel))
            assert (base > 0).all()
            assert np.isfinite(traits).all()
            width = widths.widths(base, traits, TYPICAL)
        assert np.isfinite(width).all()
        assert (width >= 0).all()


def test_members_without_deviation_of_their_own_count_as_a_random_walk() -> None:
    """Where the members behind the widths could not fit, the series still has a width."""
    panel = walks(2)
    said = said_of(panel)
    said.deviation[0] = np.nan
    assert np.isfinite(width_of(panel, said)).all()
    assert (width_of(panel, said) > 0).all()


def test_a_series_that_is_flat_to_rounding_has_not_moved() -> None:
    """Rounding noise is no unrest; one figure has the default unrest of its level."""
    flat, noisy, moving = np.full(20, 5.0), 5 + 1e-9 * np.sin(np.arange(20)), np.linspace(5, 6, 20)
    values = [flat, noisy, moving, np.zeros(20), np.array([4.0]), np.empty(0), flat * 1e-300, moving * 1e300]
    panel = Panel(tuple(Series(str(at), 100, y) for at, y in enumerate(values)))
    assert has_moved(panel).tolist() == [False, False, True, False, True, False, False, True]


def test_the_panels_unrest_is_the_median_of_its_series_in_levels() -> None:
    """By hand: one that has not moved among three does not set it; a panel that has not moved has the default."""
    lines = [np.arange(100.0, 124.0), np.arange(100.0, 124.0), np.full(24, 7.0), np.array([3.0])]
    panel = Panel(tuple(Series(str(at), 100, y) for at, y in enumerate(lines)))
    found = unrest_of(panel)
    assert (found.quarter, found.year) == pytest.approx((1 / 119.5, 4 / 119.5))
    for still in ((lines[2],), (), (np.empty(0), np.zeros(9))):
        none = unrest_of(Panel(tuple(Series(str(at), 100, y) for at, y in enumerate(still))))
        assert (none.quarter, none.year) == pytest.approx((0.05, 0.1))


def test_a_short_calm_series_has_the_unrest_of_its_panel() -> None:
    """Five equal figures among series that move are no proof of calm; forty are a stronger one."""
    moving = walks(9).series
    wide = []
    for size in (5, 40):
        panel = Panel((*moving, Series("calm", 100, np.full(size, 100.0))))
        wide.append(width_of(panel, said_of(panel))[-1])
    assert (wide[0] > 0.2 * width_of(Panel(moving), said_of(Panel(moving))).mean(axis=0)).all()
    assert (wide[1] < wide[0]).all()


def test_members_that_meet_a_series_exactly_leave_it_a_width() -> None:
    """A short ramp is fitted without error; what comes next is not that certain."""
    panel = Panel((Series("ramp", 0, np.arange(1.0, 10.0)),))
    base, traits = traits_of(panel, ask(panel, 4), unrest_of(panel))
    assert (widths.widths(base, traits, TYPICAL) > 0.1 * base[:, None]).all()
