"""What adds up to what: operators become sums of sites that add up to them, and nothing is counted twice."""

from __future__ import annotations

import numpy as np
import pytest

from assets.outlook.hierarchy import SAME_SHARE, TOP_DOWN, Hierarchy, hierarchies
from assets.outlook.reading import Aggregate, Member
from forecasts.occupancy import Occupancy
from forecasts.panel import Series

LAST = 100


def member(
    operator: str, capacity: float, site: str = "", unit: str = "mw", last: int = LAST, stack: float = 1.0
) -> Member:
    name = f"{operator}{f'.{site}' if site else ''}/{unit}"
    first = last - 3
    item = Occupancy(Series(name, first, np.full(4, 0.8)), Series(name, first, np.array([1.0, 1.0, 1.0, capacity])))
    shares = {"us": stack, "mainland": 1 - stack}
    return Member("facility" if site else "operator", name, operator, None, unit, 4, item, shares)


def aggregate(level: str, name: str, weights: dict[str, float], unit: str = "mw") -> Aggregate:
    return Aggregate(level, f"{name}/{unit}", None, unit, weights)


def only(members: list[Member], aggregates: list[Aggregate]) -> Hierarchy:
    (found,) = hierarchies(members, aggregates)
    return found


def weights_of(found: Hierarchy) -> dict[str, dict[str, float]]:
    return {node.series_id: node.weights for node in found.sums}


def test_an_operator_becomes_the_sum_of_sites_that_add_up_to_it() -> None:
    """Facility, operator and total must agree: the sites are the bottoms, and the operator keeps its own history."""
    operator, first, second = member("a", 100), member("a", 60, "x"), member("a", 40, "y")
    other = member("b", 30)
    everything = [operator, first, second, other]
    found = only(
        everything,
        [
            aggregate("total", "total", {"a/mw": 1.0, "b/mw": 1.0}),
            aggregate("market", "north", {"a.x/mw": 1.0}),
            aggregate("market", "south", {"a.y/mw": 1.0, "b/mw": 1.0}),
        ],
    )
    assert found.bottoms == ("a.x/mw", "a.y/mw", "b/mw")
    assert weights_of(found) == {
        "total/mw": {"a.x/mw": 1.0, "a.y/mw": 1.0, "b/mw": 1.0},
        "north/mw": {"a.x/mw": 1.0},
        "south/mw": {"a.y/mw": 1.0, "b/mw": 1.0},
        "a/mw": {"a.x/mw": 1.0, "a.y/mw": 1.0},
    }
    node = next(node for node in found.sums if node.series_id == "a/mw")
    assert node.level == "operator"
    assert node.item is operator.item


@pytest.mark.parametrize(
    ("capacity", "last"), [(100 * (1 - 2 * SAME_SHARE), LAST), (110.0, LAST), (100.0, LAST - 1), (100.0, LAST - 9)]
)
def test_sites_that_do_not_add_up_stay_apart(capacity: float, last: int) -> None:
    """What the sites leave out is not known, and figures of different quarters are not compared."""
    members = [member("a", 100), member("a", capacity - 40, "x"), member("a", 40, "y", last=last)]
    found = only(
        members, [aggregate("total", "total", {"a/mw": 1.0}), aggregate("market", "m", {"a.x/mw": 1.0, "a.y/mw": 1.0})]
    )
    assert found.bottoms == ("a.x/mw", "a.y/mw", "a/mw")
    assert weights_of(found) == {"total/mw": {"a/mw": 1.0}, "m/mw": {"a.x/mw": 1.0, "a.y/mw": 1.0}}


def test_rounding_of_sites_is_allowed() -> None:
    """Printed megawatts are rounded: a sum within rounding of the operator's figure is that figure."""
    members = [member("a", 100), member("a", 60 + 50 * SAME_SHARE, "x"), member("a", 40, "y")]
    found = only(
        members, [aggregate("total", "t", {"a/mw": 1.0}), aggregate("market", "m", {"a.x/mw": 1.0, "a.y/mw": 1.0})]
    )
    assert found.bottoms == ("a.x/mw", "a.y/mw")


def test_sites_that_no_sum_names_leave_their_operator_a_bottom() -> None:
    """Only members that the warehouse sums are in the hierarchy: sites beside them are not looked for."""
    members = [member("a", 100), member("a", 60, "x"), member("a", 40, "y")]
    found = only(members, [aggregate("total", "t", {"a/mw": 1.0}), aggregate("market", "m", {"a.x/mw": 1.0})])
    assert found.bottoms == ("a.x/mw", "a/mw")


def test_stack_shares_reach_the_sites() -> None:
    """A stack counts a share of an operator: each of its sites gets that share, and stacks make up the total."""
    members = [member("a", 100), member("a", 60, "x"), member("a", 40, "y"), member("b", 30)]
    found = only(
        members,
        [
            aggregate("total", "total", {"a/mw": 1.0, "b/mw": 1.0}),
            aggregate("stack", "us", {"a/mw": 0.3, "b/mw": 1.0}),
            aggregate("stack", "mainland", {"a/mw": 0.7}),
            aggregate("market", "m", {"a.x/mw": 1.0, "a.y/mw": 1.0}),
        ],
    )
    weights = weights_of(found)
    assert weights["us/mw"] == {"a.x/mw": 0.3, "a.y/mw": 0.3, "b/mw": 1.0}
    assert weights["mainland/mw"] == {"a.x/mw": 0.7, "a.y/mw": 0.7}
    for bottom in found.bottoms:
        assert (
            weights["us/mw"].get(bottom, 0.0) + weights["mainland/mw"].get(bottom, 0.0) == weights["total/mw"][bottom]
        )


def test_levels_come_from_the_top_and_in_order_of_name() -> None:
    """The order of sums decides which of two with the same members has a say, so it must not depend on the input's."""
    members = [member("a", 100), member("a", 60, "x"), member("a", 40, "y"), member("b", 30)]
    sums = [
        aggregate("market", "m", {"a.x/mw": 1.0, "a.y/mw": 1.0}),
        aggregate("stack", "us", {"a/mw": 1.0}),
        aggregate("total", "total", {"a/mw": 1.0, "b/mw": 1.0}),
        aggregate("stack", "mainland", {"b/mw": 1.0}),
    ]
    found = only(members, sums)
    order = [(TOP_DOWN.index(node.level), node.series_id) for node in found.sums]
    assert order == sorted(order)
    assert [node.series_id for node in found.sums][:3] == ["total/mw", "mainland/mw", "us/mw"]
    turned = only(members[::-1], sums[::-1])
    assert turned.bottoms == found.bottoms
    assert weights_of(turned) == weights_of(found)
    assert [list(node.weights) for node in turned.sums] == [list(node.weights) for node in found.sums]


def test_units_never_meet_and_sums_without_members_are_left_out() -> None:
    """Megawatts and square metres are separate hierarchies; sites of another unit are no parts of an operator."""
    members = [member("a", 100), member("a", 100, "x", "sqm"), member("b", 5, unit="sqm")]
    found = hierarchies(
        members,
        [
            aggregate("total", "total", {"b/sqm": 1.0, "a.x/sqm": 1.0}, "sqm"),
            aggregate("total", "total", {"a/mw": 1.0}),
            aggregate("market", "empty", {}, "kw"),
        ],
    )
    assert [each.unit for each in found] == ["mw", "sqm"]
    assert found[0].bottoms == ("a/mw",)
    assert found[1].bottoms == ("a.x/sqm", "b/sqm")
    assert hierarchies(members, []) == []
