"""What a series looks like: values worked out by hand, no unit, no overflow, no figure that is not there."""

from __future__ import annotations

import numpy as np
import pytest

from forecasts.panel import Panel, Series
from forecasts.traits import (
    CHANGE,
    COUNT,
    DRIFT,
    LEVEL,
    RECENT_YEAR_CHANGE,
    REPEAT,
    YEAR_CHANGE,
    YEAR_REPEAT,
    describe,
)

NAN = float("nan")
IN_UNITS = [CHANGE, YEAR_CHANGE, RECENT_YEAR_CHANGE, LEVEL]
WITHOUT_UNIT = [COUNT, REPEAT, YEAR_REPEAT, DRIFT]


def look(values: list[float] | np.ndarray, signed: bool = False) -> np.ndarray:
    """Traits of one series."""
    return describe(Panel((Series("a", 100, np.array(values, dtype=float), signed=signed),)))[0]


def test_a_straight_line_is_described_as_one() -> None:
    """The definitions, by hand: steps of 2, of 8 in a year, and nothing but drift."""
    line = look(np.arange(10.0, 30.0, 2.0), signed=True)
    assert line[[COUNT, CHANGE, YEAR_CHANGE, RECENT_YEAR_CHANGE]] == pytest.approx([10, 2, 8, 8])
    assert line[LEVEL] == pytest.approx(np.arange(14.0, 30.0, 2.0).mean())
    assert line[DRIFT] == pytest.approx(1.0)
    assert line[[REPEAT, YEAR_REPEAT]] == pytest.approx([0, 0], abs=1e-9)


def test_growth_at_one_rate_is_drift_on_logarithms_alone() -> None:
    """Positive figures are looked at as logarithms, unless they stand on a transformed scale already."""
    grown = 3 * 1.5 ** np.arange(12)
    assert look(grown)[DRIFT] == pytest.approx(1.0)
    assert look(grown)[REPEAT] == pytest.approx(0.0, abs=1e-9)
    assert look(grown, signed=True)[REPEAT] > 0.3


def test_a_season_repeats_after_a_year_and_a_walk_does_not() -> None:
    """The yearly repeat is what tells seasonal members' series from others."""
    assert look(np.tile([1.0, 5.0, 2.0, 8.0], 8))[YEAR_REPEAT] > 0.8
    walk = np.cumsum(np.random.default_rng(3).normal(size=200))
    assert np.abs(look(walk)[[REPEAT, YEAR_REPEAT]]).max() < 0.2


def test_recent_years_are_the_last_two() -> None:
    """A series that has calmed down shows it there alone."""
    calm = np.concatenate([np.cumsum(np.tile([9.0, -3.0], 10)), np.full(12, 60.0)])
    assert look(calm)[RECENT_YEAR_CHANGE] == 0
    assert look(calm)[YEAR_CHANGE] > 1


def test_gaps_are_straight_lines_and_not_counted() -> None:
    """A missing quarter is no change of its own."""
    whole, holed = look(np.arange(1.0, 13.0)), look([1, 2, NAN, NAN, 5, 6, 7, NAN, 9, 10, 11, 12])
    assert holed[COUNT] == 9
    assert holed[1:] == pytest.approx(whole[1:])


@pytest.mark.parametrize(("values", "level"), [([], 0.0), ([8.0], 8.0), ([0.0], 0.0)])
def test_too_few_figures_take_what_is_usual_of_the_level(values: list[float], level: float) -> None:
    """One figure shows no change: 5 % a quarter, twice that a year (documented default)."""
    assert look(values)[IN_UNITS] == pytest.approx([0.05 * level, 0.1 * level, 0.1 * level, level])


@pytest.mark.parametrize("factor", [2.0**10, 2.0**-10, 2.0**900, 2.0**-900])
def test_a_power_of_two_changes_the_unit_and_no_bit(factor: float) -> None:
    """Weights and widths may not depend on the unit that a report happens to use."""
    y = 50 + np.cumsum(np.random.default_rng(4).normal(size=30))
    one, other = look(y), look(y * factor)
    assert (other[IN_UNITS] == one[IN_UNITS] * factor).all()
    assert (other[WITHOUT_UNIT] == one[WITHOUT_UNIT]).all()


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308] * 6, [1e300, 1e-300] * 5, [5e-324, 0.0] * 5, [-0.0] * 9])
def test_the_ends_of_the_numbers_stay_finite(values: list[float]) -> None:
    """A change between the two largest numbers overflows; NaN there became NaN weights and empty bands."""
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(look(values)).all()


def test_an_empty_panel_has_no_rows() -> None:
    """Panels without any origin are asked too."""
    assert describe(Panel(())).shape == (0, 8)
