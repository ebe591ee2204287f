"""One unit together: every path adds up, rates stay rates, and only what sums know moves their members."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.calibration import GRID, Calibration
from forecasts.coherence import LARGEST_MOVE, Coherent, Sum, coherent
from forecasts.paths import Outlook, Paths, Shocks, Spread, draw
from forecasts.rates import to_scale

REACH, HORIZON, NOW = 14, 8, 100
OFFSETS = np.array([NormalDist().inv_cdf(level) for level in GRID])
NORMAL = Calibration(GRID, np.tile(OFFSETS, (REACH, 1)), np.full(REACH, 100.0))
SPREAD = Spread(NORMAL, NORMAL, -0.2, 0.3)


def outlook(
    name: str, in_service: float, rate: float, last: int = NOW, growth: float = 0.02, wide: float = 1.0
) -> Outlook:
    steps = np.arange(1, REACH + 1)
    level, widths = in_service * (1 + growth) ** steps, wide * np.sqrt(steps)
    return Outlook(name, last, np.full(REACH, rate), 0.15 * widths, level, 0.02 * widths)


BOTTOMS = (outlook("a", 100, 0.8), outlook("b", 50, 0.97, NOW - 2), outlook("c", 300, 0.6))
EVEN: dict[Hashable, float] = dict.fromkeys("abc", 1.0)
STACK: dict[Hashable, float] = {"a": 0.3, "c": 1.0}


def together(sums: Sequence[Sum], bottoms: Sequence[Outlook] = BOTTOMS, seed: int = 3) -> Coherent:
    return coherent(sums, bottoms, Shocks(NOW - 9, NOW + REACH, seed), SPREAD, HORIZON)


def alone(series: Outlook, seed: int = 3) -> Paths:
    return draw(series, Shocks(NOW - 9, NOW + REACH, seed), SPREAD, NOW - series.last, HORIZON)


def both(paths: Paths) -> tuple[np.ndarray, np.ndarray]:
    assert paths.in_service is not None
    assert paths.used is not None
    return paths.in_service, paths.used


def check_unit(found: Coherent, sums: Sequence[Sum]) -> None:
    """What holds for every path of every unit."""
    for each in sums:
        for whole, quantity in zip(both(found.paths[each.unique_id]), (0, 1), strict=True):
            parts = [weight * both(found.paths[name])[quantity] for name, weight in each.weights.items()]
            assert np.allclose(whole, sum(parts), rtol=1e-12)
    for paths in found.paths.values():
        in_service, used = both(paths)
        assert np.isfinite(in_service).all()
        assert (in_service > 0).all()
        assert (used >= 0).all()
        assert (used <= in_service * (1 + 1e-12)).all()
        assert ((paths.rate >= 0) & (paths.rate <= 1)).all()
        assert np.allclose(paths.rate, used / in_service, atol=1e-9)


def test_every_path_adds_up_with_whole_and_fractional_weights() -> None:
    """Facility, market, stack and total agree in every path, hence in quantiles and probabilities."""
    sums = [
        Sum("total", "total", EVEN, outlook("total", 480, 0.7)),
        Sum("stack", "stack", STACK, outlook("stack", 300, 0.75)),
        Sum("rest", "stack", {"a": 0.7, "b": 1.0}, None),
    ]
    found = together(sums)
    check_unit(found, sums)
    stacks = np.add(both(found.paths["stack"]), both(found.paths["rest"]))
    assert np.allclose(stacks, both(found.paths["total"]), rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_unit_adds_up_and_stays_within_its_bounds(data: st.DataObject) -> None:
    """The rule for all inputs: levels that contradict each other, magnitudes apart, rates at both ends, any lags."""
    count = data.draw(st.integers(1, 5))
    rates = st.sampled_from([0.0, 0.01, 0.5, 0.99, 1.0])
    sizes = st.sampled_from([1e-6, 3.0, 100.0, 1e9])
    bottoms = [
        outlook(f"b{at}", data.draw(sizes), data.draw(rates), NOW - data.draw(st.integers(0, 6))) for at in range(count)
    ]
    sums = []
    for at in range(data.draw(st.integers(1, 4))):
        drawn = {one.unique_id: data.draw(st.sampled_from([0.0, 0.25, 1.0])) for one in bottoms}
        weights = {name: weight for name, weight in drawn.items() if weight}
        origin = max(one.last for one in bottoms)
        own = outlook(f"s{at}", data.draw(sizes), data.draw(rates), origin - data.draw(st.integers(0, 6)))
        if weights:
            sums.append(Sum(f"s{at}", "total", weights, own if data.draw(st.booleans()) else None))
    check_unit(together(sums, bottoms), sums)


def test_sums_without_history_change_nothing() -> None:
    """Nothing is known above: each bottom's paths are its own, up to rounding."""
    found = together([Sum("total", "total", EVEN, None), Sum("stack", "stack", STACK, None)])
    for series in BOTTOMS:
        for ours, theirs in zip(both(found.paths[series.unique_id]), both(alone(series)), strict=True):
            assert np.allclose(ours, theirs, rtol=1e-9)
    assert found.moved == pytest.approx((0.0, 0.0), abs=1e-12)
    assert found.reasons == ("",)


@pytest.mark.parametrize("wide", [0.1, 0.5, 1.0, 3.0])
def test_a_sum_with_history_pulls_its_members_its_way(wide: float) -> None:
    """A total that says more than its members say together moves their medians up, in capacity and in the rate."""
    says = sum(both(alone(one))[0][:, 0].mean() for one in BOTTOMS)
    high = outlook("total", 1.05 * says, 0.8, wide=wide)
    found = together([Sum("total", "total", EVEN, high)])
    for series in BOTTOMS:
        ours, theirs = found.paths[series.unique_id], alone(series)
        assert np.median(both(ours)[0]) > np.median(both(theirs)[0])
        assert np.median(ours.rate) > np.median(theirs.rate)
    assert 0 < min(found.moved) < max(found.moved) < 0.2
    assert found.reasons == ("",)


def test_a_sum_of_one_member_is_that_member() -> None:
    """An operator with one site: the same paths, and its figures are no second opinion on them."""
    sums = [Sum("total", "total", EVEN, outlook("total", 480, 0.7)), Sum("one", "operator", {"c": 1.0}, None)]
    beside = [sums[0], Sum("one", "operator", {"c": 1.0}, outlook("one", 900, 0.1))]
    for unit in (sums, beside):
        found = together(unit)
        assert (both(found.paths["one"])[0] == both(found.paths["c"])[0]).all()
        assert (both(found.paths["one"])[1] == both(found.paths["c"])[1]).all()
    assert np.allclose(both(together(beside).paths["c"]), both(together(sums).paths["c"]), rtol=1e-4)


def test_bands_of_the_bottoms_keep_their_width() -> None:
    """Bands are calibrated series by series: a move of the median leaves log capacity and the bounded rate as wide."""
    found = together([Sum("total", "total", EVEN, outlook("total", 600, 0.5, wide=0.5))])
    for series in BOTTOMS:
        ours, theirs = found.paths[series.unique_id], alone(series)
        assert np.median(both(ours)[0]) > 1.01 * np.median(both(theirs)[0])
        assert np.log(both(ours)[0]).std(axis=0) == pytest.approx(np.log(both(theirs)[0]).std(axis=0), rel=1e-9)
        free = (ours.rate > 0) & (ours.rate < 1) & (theirs.rate > 0) & (theirs.rate < 1)
        step = np.where(free, to_scale(ours.rate) - to_scale(theirs.rate), np.nan)
        assert np.nanstd(step, axis=0) == pytest.approx(np.zeros(HORIZON), abs=1e-9)
        assert free.mean() > 0.5


def test_laggards_meet_the_others_in_the_same_quarters() -> None:
    """A member whose last figure is two quarters old counts in the sum's first quarter with its own third, and is told
    from its own first quarter on.
    """
    doubling = replace(BOTTOMS[1], in_service=50 * 2.0 ** np.arange(REACH))
    found = together([Sum("total", "total", EVEN, None)], [BOTTOMS[0], doubling, BOTTOMS[2]])
    assert found.origin == NOW
    later, bridged = both(found.paths["b"]), both(found.bridged["b"])
    assert np.median(later[0][:, 0]) == pytest.approx(200, rel=0.02)
    own = both(draw(doubling, Shocks(NOW - 9, NOW + REACH, 3), SPREAD, 0, HORIZON + 2))
    for at in (0, 1):
        assert (bridged[at][:, 2:] == later[at]).all()
        assert (bridged[at][:, :2] == own[at][:, :2]).all()
    assert (both(found.bridged["a"])[0] == both(found.paths["a"])[0]).all()


def test_no_median_moves_further_than_allowed() -> None:
    """A total that is sure of ten times what its members say is no knowledge of theirs."""
    found = together([Sum("total", "total", EVEN, outlook("total", 4500, 0.7, wide=0.01))])
    ratios = [both(found.paths[one.unique_id])[0] / both(alone(one))[0] for one in BOTTOMS]
    assert np.max(ratios) == pytest.approx(LARGEST_MOVE)


def test_held_draws_are_counted() -> None:
    """Draws of the bottoms that were held at a bound are told, of all there are; sums add none of their own."""
    sums = [Sum("total", "total", EVEN, outlook("total", 480, 0.7))]
    found = together(sums)
    at_bounds = sum(int(((paths.rate <= 0) | (paths.rate >= 1)).sum()) for paths in found.bridged.values())
    assert found.clipped == at_bounds > 0
    assert found.draws == sum(paths.rate.size for paths in found.bridged.values())
    calm = [outlook("a", 100, 0.5), outlook("b", 100, 0.5)]
    assert together([Sum("t", "total", {"a": 1.0, "b": 1.0}, None)], calm).clipped == 0


def test_the_same_bits_twice_and_whatever_the_order() -> None:
    """Twice the same: the same bits. Another order of bottoms: equal up to the rounding of another order of addition,
    so that callers who want bits must keep an order, as hierarchies sorted by name do.
    """
    sums = [Sum("total", "total", EVEN, outlook("total", 520, 0.7)), Sum("stack", "stack", STACK, None)]
    one, two, turned = together(sums), together(sums), together(sums, BOTTOMS[::-1])
    for name, paths in one.paths.items():
        assert (paths.rate == two.paths[name].rate).all()
        assert all((ours == theirs).all() for ours, theirs in zip(both(paths), both(two.paths[name]), strict=True))
        assert np.allclose(both(paths), both(turned.paths[name]), rtol=1e-9)
    assert one.clipped == turned.clipped
