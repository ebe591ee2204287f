"""The kernel's parts: random numbers by name, contiguous space, a lease's next event, hazards of one path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasts.leases.kernel import (
    BLOCKS,
    DRIVEN,
    EXIT,
    EXPIRY,
    STANDING,
    _free,
    _hazards,
    _let,
    _schedule,
    mixed,
    normal,
    slot_of,
    uniform,
)
from forecasts.leases.pooling import expit


def draws(things: int, stream: int = 3, draw: int = 0) -> np.ndarray:
    return np.array([uniform(np.uint64(stream), thing, draw) for thing in range(things)])


def test_a_number_depends_on_its_name_alone() -> None:
    """Luck has to be the same in every scenario: the same stream, thing and draw give the same number."""
    assert uniform(np.uint64(9), 4, 2) == uniform(np.uint64(9), 4, 2)
    assert len({uniform(np.uint64(9), thing, draw) for thing in range(100) for draw in range(20)}) == 2000


def test_numbers_are_uniform_and_unrelated() -> None:
    """A hash that is not even, or that carries over from one draw to the next, would bias every probability."""
    first, second = draws(20_000), draws(20_000, draw=1)
    other = draws(20_000, stream=4)
    assert ((first > 0) & (first < 1)).all()
    counts = np.histogram(first, 20, (0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 45
    for left, right in ((first, second), (first, other), (first[1:], first[:-1])):
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.03


def test_normal_numbers_have_the_moments_of_one() -> None:
    """Coefficients and drift are drawn from these; a wrong variance makes every band wrong."""
    z = np.array([normal(np.uint64(7), thing, 0) for thing in range(20_000)])
    assert z.mean() == pytest.approx(0, abs=0.03)
    assert z.std() == pytest.approx(1, abs=0.02)
    assert (np.abs(z) < 1.2816).mean() == pytest.approx(0.8, abs=0.01)


def test_mixer_is_splitmix64() -> None:
    """The finaliser's published first outputs of seed 1234567."""
    golden, state, found = 0x9E3779B97F4A7C15, 1234567, []
    for _ in range(3):
        found.append(int(mixed(np.uint64(state))))
        state = (state + golden) % 2**64
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(u=st.floats(0, 1), slots=st.integers(1, 64))
@settings(max_examples=50, deadline=None)
def test_slot_lies_within_the_table(u: float, slots: int) -> None:
    """An index past the end would read another table's memory."""
    assert 0 <= slot_of(u, slots) < slots


@given(moves=st.lists(st.tuples(st.booleans(), st.floats(0.01, 5)), max_size=120))
@settings(max_examples=60, deadline=None)
def test_free_blocks_add_up_to_vacancy(moves: list[tuple[bool, float]]) -> None:
    """Whatever is let and freed, blocks stay within their table, above zero, and sum to what is vacant."""
    blocks, counts = np.zeros((1, BLOCKS)), np.zeros(1, dtype=np.int64)
    vacant = 0.0
    for frees, mw in moves:
        if frees:
            _free(blocks, counts, 0, mw)
            vacant += mw
        else:
            taken = min(mw, vacant)
            _let(blocks, counts, 0, taken)
            vacant -= taken
        held = blocks[0, : counts[0]]
        assert 0 <= counts[0] <= BLOCKS
        assert (held > 0).all()
        assert held.sum() == pytest.approx(vacant, abs=1e-6)


def test_a_lease_takes_the_smallest_block_that_holds_it() -> None:
    """Large blocks are kept for large tenants; one that fits nowhere is spread over the largest."""
    blocks, counts = np.zeros((1, BLOCKS)), np.zeros(1, dtype=np.int64)
    for mw in (5.0, 2.0, 3.0):
        _free(blocks, counts, 0, mw)
    _let(blocks, counts, 0, 1.5)
    assert sorted(blocks[0, : counts[0]]) == pytest.approx([0.5, 3.0, 5.0])
    _let(blocks, counts, 0, 7.0)
    assert sorted(blocks[0, : counts[0]]) == pytest.approx([0.5, 1.0])


def next_event(
    u: float, leave: int, survive: np.ndarray, begin: int = 0, plain: np.ndarray | None = None
) -> tuple[int, int]:
    """(kind, quarter) of the one lease scheduled; quarter 0 where nothing lies within the horizon."""
    quarters = survive.shape[1] - 1
    head, following = np.full(quarters + 2, -1, dtype=np.int64), np.full(1, -1, dtype=np.int64)
    kind = np.zeros(1, dtype=np.int8)
    summed = -np.log(survive)
    without = summed if plain is None else -np.log(plain)
    nothing = np.zeros((1, quarters + 1))
    _schedule(
        0, begin, leave, 1.0, 0, 0, u, summed[None], nothing, without, quarters, head, following, kind
    )  # fmt: skip
    if kind[0] == STANDING:
        # A lease in place is found by its contract's end, in no list.
        return (EXPIRY, leave) if leave <= quarters else (0, 0)
    at = np.flatnonzero(head == 0)
    return int(kind[0]), int(at[0]) if len(at) else 0


@pytest.mark.parametrize(("begin", "leave"), [(0, 4), (0, 20), (2, 5), (3, 4)])
def test_events_come_with_the_chances_of_the_hazard(begin: int, leave: int) -> None:
    """Early ends come before the contract's end with the chances that survival gives, and the rest runs to it."""
    survive = np.exp(-np.cumsum([[0.0, 0.05, 0.3, 0.02, 0.1, 0.2, 0.15]], axis=1))
    steps = (np.arange(20_000) + 0.5) / 20_000
    found = [next_event(float(u), leave, survive, begin) for u in steps]
    last = min(leave - 1, 6)
    for quarter in range(begin + 1, last + 1):
        share = np.mean([event == (EXIT, quarter) for event in found])
        assert share == pytest.approx((survive[0, quarter - 1] - survive[0, quarter]) / survive[0, begin], abs=2e-4)
    stays = np.mean([event == ((EXPIRY, leave) if leave <= 6 else (0, 0)) for event in found])
    assert stays == pytest.approx(survive[0, last] / survive[0, begin], abs=2e-4)


def test_early_ends_that_a_shock_drives_are_told_apart() -> None:
    """With twice the hazard, ends that would not have come by that quarter are driven by the shock, and no others."""
    plain = np.exp(-0.1 * np.arange(5.0))[None, :]
    steps = (np.arange(4000) + 0.5) / 4000
    kinds = np.array([next_event(float(u), 20, plain**2, 0, plain)[0] for u in steps])
    ended = np.isin(kinds, (EXIT, DRIVEN))
    assert ended.mean() == pytest.approx(1 - np.exp(-0.8), abs=1e-3)
    # Only those of the first quarter come as soon without it: any later one would have been later still.
    assert (kinds == EXIT).mean() == pytest.approx(1 - np.exp(-0.1), abs=1e-3)
    assert set(np.unique(kinds)) == {0, EXIT, DRIVEN}


def hazards_of(spread: float, stream: int, **own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Renewal without shocks and survival of two cells over four quarters, groups 0 and 1, shocks of rows 0 and 1."""
    tables = {"exit_times": np.ones((2, 4)), "exit_more": np.zeros((2, 4))} | own
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    root_r, root_e = np.array([[0.5, 0.0], [0.1, 0.3]]), np.array([[0.4, 0.0], [0.0, 0.2]])
    groups, drift = np.array([[0, -1], [1, -1]], dtype=np.int64), np.array([0.1, 0.2])
    renew_left, rate_left, renew_right, rate_right = np.empty(2), np.empty(2), np.empty(2), np.empty(2)
    walked, plain, extra = np.zeros((2, 5)), np.zeros((2, 5)), np.zeros((2, 5))
    times = np.zeros((2, 2, 5))
    _hazards(
        np.uint64(stream), design[:, :1].copy(), design[:, 1:].copy(), np.array([0.8, -1.0]), root_r,
        np.array([-4.0, 0.5]), root_e, groups, drift, tables["exit_times"], tables["exit_more"], spread, renew_left,
        renew_right, rate_left, rate_right, walked, times, extra, plain,
    )  # fmt: skip
    cells = np.arange(2)
    logit = (renew_left + renew_right)[:, None] + walked
    survive = np.exp(-((rate_left * rate_right)[:, None] * times[cells, cells] + extra))
    return np.asarray(expit(logit)), survive


def test_without_spread_hazards_are_those_of_the_mode() -> None:
    """spread 0 is the blended path's comparison: nothing may be random in it."""
    renew, survive = hazards_of(0.0, 5)
    assert renew[:, 1:] == pytest.approx(np.tile(expit(np.array([[0.8], [-0.2]])), 4))
    assert survive == pytest.approx(np.exp(-np.exp(np.array([[-4.0], [-3.5]])) * np.arange(5)))
    assert (hazards_of(0.0, 6)[0][:, 1:] == renew[:, 1:]).all()


def test_spread_has_the_variance_of_posterior_and_drift() -> None:
    """A cell's logit varies by x' Sigma x, and by its group's drift for each quarter."""
    logits = []
    for stream in range(4000):
        p = hazards_of(1.0, stream)[0][:, 1:]
        logits.append(np.log(p / (1 - p)))
    variance = np.var(logits, axis=0)
    root = np.array([[0.5, 0.0], [0.1, 0.3]])
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    posterior = ((design @ root) ** 2).sum(axis=1)
    wanted = posterior[:, None] + np.array([[0.1], [0.2]]) ** 2 * np.arange(1, 5)
    assert variance == pytest.approx(wanted, rel=0.1)


def test_shocks_act_on_the_quarters_they_name() -> None:
    """More early ends, in their quarter and by their shock and nowhere else."""
    plain = hazards_of(1.0, 3)
    times, more = np.ones((2, 4)), np.zeros((2, 4))
    times[0, 0], more[1, 3] = 3.0, 0.5
    shocked = hazards_of(1.0, 3, exit_times=times, exit_more=more)
    assert (shocked[0] == plain[0]).all()
    hazard = [-np.diff(np.log(found[1]), axis=1) for found in (plain, shocked)]
    assert hazard[1][0, 0] == pytest.approx(3 * hazard[0][0, 0])
    assert hazard[1][1, 3] == pytest.approx(hazard[0][1, 3] + 0.5)
    assert hazard[1][0, 1:] == pytest.approx(hazard[0][0, 1:])
