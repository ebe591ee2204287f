"""Summing matrices, minimum trace against the textbook, and what it falls back on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts import reconciliation as rec

NODES = ("all", "north", "south", "a", "b", "c", "d")
WEIGHTS = {
    "all": dict.fromkeys("abcd", 1.0),
    "north": {"a": 1.0, "b": 1.0},
    "south": {"c": 1.0, "d": 1.0},
}


def tree() -> np.ndarray:
    return rec.summing(NODES, list("abcd"), WEIGHTS)


def textbook(s: np.ndarray, w: np.ndarray) -> np.ndarray:
    inverse = np.linalg.inv(w)
    return s @ np.linalg.inv(s.T @ inverse @ s) @ s.T @ inverse


def covariance(generator: np.random.Generator, nodes: int) -> np.ndarray:
    root = generator.standard_normal((nodes, 2 * nodes))
    return root @ root.T / (2 * nodes)


@st.composite
def hierarchies(draw: st.DrawFn) -> tuple[np.ndarray, np.random.Generator]:
    """S of random sums, not nested, with whole and fractional weights; and a generator for what goes with it."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    bottoms, sums = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    names = [f"b{at}" for at in range(bottoms)]
    weights = {}
    for at in range(sums):
        share = generator.random(bottoms) if draw(st.booleans()) else (generator.random(bottoms) < 0.6) * 1.0
        if not share.any():
            share[0] = 1.0
        weights[f"s{at}"] = dict(zip(names, share.tolist(), strict=True))
    return rec.summing([*weights, *names], names, weights), generator


def test_summing_holds_whole_and_fractional_weights() -> None:
    """A stack class counts a share of a member, bottoms stand for themselves."""
    s = rec.summing(["stack", "a", "b"], ["a", "b"], {"stack": {"a": 0.25, "b": 1.0}})
    assert s.tolist() == [[0.25, 1.0], [1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("nodes", "weights", "named"),
    [
        (["a", "b", "t"], {"t": {"a": 1.0}}, "expected the bottoms"),
        (["t", "a", "b"], {"t": {"x": 1.0}}, "'x'"),
        (["t", "a", "b"], {"t": {"a": -1.0}}, "-1.0"),
        (["t", "a", "b"], {"t": {"a": float("nan")}}, "nan"),
        (["t", "a", "b"], {}, "'t'"),
        (["t", "t", "a", "b"], {"t": {"a": 1.0}}, "twice"),
    ],
)
def test_summing_names_what_is_wrong(nodes: list[str], weights: dict[str, dict[str, float]], named: str) -> None:
    """A hierarchy that cannot be meant must not become sums that look right."""
    with pytest.raises(ValueError, match=named):
        rec.summing(nodes, ["a", "b"], weights)


def test_three_nodes_by_hand() -> None:
    """Total 10 against 4 + 4, variances 1, 1, 2: the gap of 2 is shared 1 : 1 : 2, giving 9.5 = 4.5 + 5."""
    s = rec.summing(["t", "a", "b"], ["a", "b"], {"t": {"a": 1.0, "b": 1.0}})
    p = rec.mint(s, np.diag([1.0, 1.0, 2.0]))
    assert p @ [10.0, 4.0, 4.0] == pytest.approx([9.5, 4.5, 5.0], rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(hierarchies())
def test_projection_is_the_textbook_one(case: tuple[np.ndarray, np.random.Generator]) -> None:
    """The form without W^-1 is minimum trace: P as printed in the paper, P S = S, P P = P."""
    s, generator = case
    w = covariance(generator, len(s))
    found = rec.projection(s, w)
    assert found.reason == ""
    assert np.allclose(found.matrix, textbook(s, w), atol=1e-6)
    assert np.allclose(found.matrix @ s, s, atol=1e-9)
    assert np.allclose(found.matrix @ found.matrix, found.matrix, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(hierarchies())
def test_no_node_gets_a_larger_variance(case: tuple[np.ndarray, np.random.Generator]) -> None:
    """Minimum trace: of the true covariance no reconciled variance exceeds the base's or bottom-up's."""
    s, generator = case
    w = covariance(generator, len(s))
    p = rec.mint(s, w)
    reconciled = np.diag(p @ w @ p.T)
    sums = len(s) - s.shape[1]
    assert (reconciled <= np.diag(w) + 1e-9).all()
    assert (reconciled <= np.diag(s @ w[sums:, sums:] @ s.T) + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(hierarchies())
def test_coherent_forecasts_stay_as_they_are(case: tuple[np.ndarray, np.random.Generator]) -> None:
    """Unbiased base forecasts stay unbiased: where nothing is to be reconciled nothing moves, and the rest adds up."""
    s, generator = case
    p = rec.mint(s, covariance(generator, len(s)))
    coherent = s @ (50 + generator.random(s.shape[1]))
    assert np.allclose(p @ coherent, coherent, rtol=1e-9)
    found = p @ generator.normal(10, 5, len(s))
    assert np.allclose(found, s @ found[len(s) - s.shape[1] :], atol=1e-9)


def test_what_the_future_does_to_all_levels_does_not_count() -> None:
    """W + S X S' gives the projection of W: why variances alone can be enough, as the module says."""
    s, generator = tree(), np.random.default_rng(6)
    w, future = covariance(generator, 7), covariance(generator, 4)
    assert np.allclose(rec.mint(s, w + s @ future @ s.T), rec.mint(s, w), atol=1e-10)


def test_uninformative_sums_leave_bottom_up() -> None:
    """Sums of enormous variance have nothing to say, so both ways must meet."""
    s = tree()
    p = rec.mint(s, np.diag([1e14, 1e14, 1e14, 1.0, 2.0, 3.0, 4.0]))
    assert np.allclose(p, np.hstack([np.zeros((7, 3)), s]), atol=1e-9)


def test_certain_nodes_keep_their_forecast() -> None:
    """A bottom without error (a site that has never changed) stays, the others close the gap."""
    s = tree()
    base = np.array([110.0, 50.0, 50.0, 20.0, 30.0, 25.0, 25.0])
    found = rec.projection(s, np.diag([1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]))
    answer = found.matrix @ base
    assert found.reason == ""
    assert answer[3] == 20.0
    assert answer[0] > 100


def test_a_certain_sum_of_certain_members_follows_them() -> None:
    """Two certainties that contradict each other have no minimum; the rest is reconciled, and it is said."""
    s = tree()
    w = np.diag([1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    found = rec.projection(s, w)
    base = np.array([110.0, 60.0, 50.0, 20.0, 30.0, 25.0, 25.0])
    assert "1 sums" in found.reason
    assert found.matrix @ base == pytest.approx(s @ (found.matrix @ base)[3:])
    assert (found.matrix @ base)[1] == 50.0
    assert (found.matrix @ base)[2] > 50.0


@pytest.mark.parametrize(
    ("w", "named"),
    [
        (np.zeros((7, 7)), "no sum"),
        (np.full((7, 7), np.nan), "finite"),
        (np.diag([-1.0, *[1.0] * 6]), "below zero"),
    ],
)
def test_falls_back_on_bottom_up_with_a_reason(w: np.ndarray, named: str) -> None:
    """Data can give any covariance; an answer comes all the same, coherent, and says why it is plain sums."""
    s = tree()
    found = rec.projection(s, w)
    assert named in found.reason
    assert np.array_equal(found.matrix, np.hstack([np.zeros((7, 3)), s]))


def test_singular_incoherence_falls_back() -> None:
    """Two sums of the same members whose errors are the same: no system to solve."""
    s = rec.summing(["t", "u", "a", "b"], ["a", "b"], {"t": {"a": 1.0, "b": 1.0}, "u": {"a": 1.0, "b": 1.0}})
    w = np.diag([1.0, 1.0, 1.0, 1.0])
    w[0, 1] = w[1, 0] = 1.0
    found = rec.projection(s, w)
    assert "singular" in found.reason
    assert np.allclose(found.matrix[:, 2:], s)


def test_magnitudes_far_apart() -> None:
    """Capacities from one rack to a continent in one unit: still a projection onto what adds up."""
    s = tree()
    scale = np.array([1e9, 1e3, 1e9, 1e3, 1e-6, 1e9, 1e2])
    w = covariance(np.random.default_rng(3), 7) * scale[:, None] * scale
    found = rec.projection(s, w)
    assert found.reason == ""
    assert np.allclose(found.matrix @ s, s, rtol=1e-6)


def test_shapes_that_do_not_fit_are_refused() -> None:
    """A matrix in another order of nodes would add up wrongly and show nothing."""
    s = tree()
    with pytest.raises(ValueError, match="summing"):
        rec.mint(s[::-1], np.eye(7))
    with pytest.raises(ValueError, match="covariance"):
        rec.mint(s, np.eye(6))


def test_bottoms_without_sums_pass() -> None:
    """A unit with a single operator has nothing to add up."""
    s = rec.summing(["a", "b"], ["a", "b"], {})
    assert np.array_equal(rec.mint(s, np.eye(2)), np.eye(2))


def test_a_repeated_sum_counts_once() -> None:
    """One operator with one site, or a stack of everything: the same forecast twice must not weigh twice."""
    s = rec.summing(
        ["t", "u", "v", "a", "b"], ["a", "b"], {"t": {"a": 1, "b": 1}, "u": {"a": 1, "b": 1}, "v": {"a": 1}}
    )
    w = rec.without_repeats(s, np.diag([1.0, 1.0, 1.0, 1.0, 2.0]))
    once = rec.summing(["t", "a", "b"], ["a", "b"], {"t": {"a": 1.0, "b": 1.0}})
    found = rec.mint(s, w) @ [10.0, 10.0, 4.0, 4.0, 4.0]
    assert found[[0, 3, 4]] == pytest.approx(rec.mint(once, np.diag([1.0, 1.0, 2.0])) @ [10.0, 4.0, 4.0], rel=1e-6)


def test_a_sum_that_is_one_bottom_has_no_say() -> None:
    """An operator with one site prints the site's figures: the site's forecast stays, and the sum follows it."""
    s = rec.summing(["t", "v", "a", "b"], ["a", "b"], {"t": {"a": 1, "b": 1}, "v": {"a": 1}})
    w = rec.without_repeats(s, np.diag([1e8, 1.0, 1.0, 1.0]))
    assert rec.mint(s, w) @ [8.0, 9.0, 4.0, 4.0] == pytest.approx([8.0, 4.0, 4.0, 4.0], abs=1e-6)


def test_medians_are_projected_horizon_by_horizon_with_their_own_variances() -> None:
    """Against the textbook: what is certain in one quarter must count in that quarter alone."""
    s, generator = tree(), np.random.default_rng(8)
    variance = np.arange(1.0, 8)[:, None] * np.array([1.0, 3.0]) ** np.arange(7)[:, None]
    base = generator.normal(100, 10, (7, 2))
    found, reasons = rec.medians(s, base, variance)
    assert reasons == ["", ""]
    for h in range(2):
        assert found[:, h] == pytest.approx((textbook(s, np.diag(variance[:, h])) @ base[:, h])[3:], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(hierarchies(), st.floats(0.01, 100))
def test_a_sum_never_moves_its_members_away_from_it(case: tuple[np.ndarray, np.random.Generator], wide: float) -> None:
    """Whatever its band: between what members say and what the sum says, never beyond either."""
    s, generator = case
    s = np.vstack([s[:1], np.eye(s.shape[1])])
    base = generator.uniform(1, 10, (len(s), 1))
    variance = generator.uniform(0.5, 2, (len(s), 1)) * np.array([wide, *[1.0] * s.shape[1]])[:, None]
    found, _ = rec.medians(s, base, variance)
    before, after, says = float(s[0] @ base[1:, 0]), float(s[0] @ found[:, 0]), float(base[0, 0])
    assert min(before, says) - 1e-9 <= after <= max(before, says) + 1e-9


def test_rates_are_held_and_defined_where_nothing_is_in_service() -> None:
    """Division per path: rounding above 1 is held, no capacity is an empty one and no error."""
    found = rec.rates(np.array([10.0, 10.0, 0.0, 3.0]), np.array([7.0, 10.0 + 1e-12, 0.0, 0.0]))
    assert found.tolist() == [0.7, 1.0, 0.0, 0.0]
