"""One contract for every registered member: it answers any series, finite and in order, and names why it fell back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasts.members import MEMBERS, Answer
from forecasts.members.base import LARGEST
from forecasts.panel import Panel, Series, panel_from_frame
from forecasts.rolling import WIDTH_MEMBERS

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
HORIZON = 9
RAMP = np.arange(1.0, 13.0) + np.tile([0.3, -0.2, 0.1, 0.0], 3)
NAN = float("nan")

CASES: dict[str, list[float]] = {
    "constant": [5.0] * 12,
    "constant with a gap": [5.0] * 6 + [NAN] + [5.0] * 6,
    "constant, then a step": [5.0] * 11 + [6.0],
    "all equal to zero": [0.0] * 12,
    "1 point": [7.0],
    "2 points": [7.0, 8.0],
    "3 points": [7.0, 8.0, 8.5],
    "9 points": list(RAMP[:9]),
    "gaps": [1.0, NAN, 2.0, NAN, NAN, 3.0, 3.5, NAN, 4.0, 4.2, NAN, 5.0],
    "missing quarters": [NAN, NAN, 1.0, 2.0, 3.0, 3.5, 4.0, 4.2, 5.0, NAN, NAN],
    "half-yearly": [1.0, NAN, 2.0, NAN, 3.0, NAN, 3.5, NAN, 4.0, NAN, 4.2, NAN, 5.0],
    "some zeros": [0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 0.0],
    "huge": list(RAMP * 1e300),
    "at the edge of the numbers": [1.7e308, 1.0e308, 1.7e308, 1.2e308, 1.7e308, 1.1e308, 1.6e308, 1.0e308],
    "tiny": list(RAMP * 1e-300),
    "tiny beside huge": [1e-300, 1e300] * 6,
    "smallest numbers": [5e-324, 0.0, 1e-323] * 4,
    "both ends of the numbers": [1.7e308, -1.7e308] * 6,
    "one outlier": [*RAMP[:6], 1e6, *RAMP[7:]],
    "negative": list(-RAMP),
    "long and seasonal": list(np.tile([10.0, 20.0, 30.0, 15.0], 8) + np.arange(32)),
    "straight line": list(np.arange(20.0)),
    "one figure, long gap, one figure": [3.0, *[NAN] * 30, 4.0],
    "no figure at all": [NAN, NAN, NAN],
}


SEPARATE = [name for name, member in MEMBERS.items() if member.separate]


def panel_of(values: list[float], cap: float | list[float] | None = None) -> Panel:
    ends = pd.date_range("2015-03-31", periods=len(values), freq="QE")
    frame = pd.DataFrame({"unique_id": "a", "ds": ends, "y": values})
    return panel_from_frame(frame if cap is None else frame.assign(cap=cap))


@pytest.mark.parametrize("cap", ["no cap", "cap", "zero cap"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_answers_every_series(name: str, case: str, cap: str) -> None:
    """Finite, in order, within bounds; a series without a figure is answered with a reason."""
    values = CASES[case]
    top = np.nanmax([*np.abs(values), 1e-320])
    caps = {"no cap": None, "cap": float(min(top * 1.02, 1.79e308)), "zero cap": 0.0}
    panel = panel_of(values, caps[cap])
    check(MEMBERS[name].answer(panel, HORIZON, LEVELS, seed=3), panel)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_answers_all_of_them_together(name: str) -> None:
    """A member that learns from the whole panel meets them side by side, and some without figures."""
    panel = Panel(tuple(panel_of(values).series[0] for values in CASES.values()))
    answer = MEMBERS[name].answer(panel, HORIZON, LEVELS, seed=3)
    check(answer, panel)
    for series, reason, median in zip(panel, answer.reasons, answer.median, strict=True):
        if reason and len(series.y):
            held = np.clip(series.y[-1], -LARGEST, LARGEST)
            assert (median == held).all(), (series, reason)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_answers_an_empty_panel_one_horizon_and_no_level(name: str) -> None:
    """Panels without any origin are asked too; medians do not depend on what else is asked."""
    answer = MEMBERS[name].answer(Panel(()), 3, LEVELS)
    assert answer.median.shape == (0, 3)
    assert answer.quantiles.shape == (0, 3, len(LEVELS))
    panel = panel_of(list(RAMP))
    whole, alone = MEMBERS[name].answer(panel, 4, LEVELS), MEMBERS[name].answer(panel, 4)
    assert alone.quantiles.shape == (1, 4, 0)
    assert (whole.median == alone.median).all()
    assert MEMBERS[name].answer(panel, 1).median.shape == (1, 1)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_member_answers_any_panel(data: st.DataObject) -> None:
    """What no list of cases thinks of."""
    panel = Panel(tuple(data.draw(st.lists(any_series(), min_size=1, max_size=4))))
    horizon = data.draw(st.integers(1, 12))
    for member in MEMBERS.values():
        check(member.answer(panel, horizon, LEVELS), panel)


def check(answer: Answer, panel: Panel) -> None:
    """The contract of forecasts.members.base."""
    horizon = answer.median.shape[1]
    assert answer.median.shape == (len(panel), horizon)
    assert answer.quantiles.shape == (len(panel), horizon, len(LEVELS))
    assert len(answer.reasons) == len(panel)
    assert np.isfinite(answer.median).all()
    assert np.isfinite(answer.quantiles).all()
    assert (np.diff(answer.quantiles, axis=2) >= 0).all()
    for at, series in enumerate(panel):
        for values in (answer.median[at], answer.quantiles[at].T):
            assert (values <= series.future_cap(horizon)).all()
            assert (values >= (0 if series.cap is not None or series.non_negative else -np.inf)).all()
        if not len(series.y):
            assert answer.reasons[at]


@st.composite
def any_series(draw: st.DrawFn) -> Series:
    """A series of 0 to 20 figures and gaps, its magnitude and its cap anything."""
    scale = draw(st.sampled_from([1.0, 1.0, 100.0, 1e300, 1e-300, 1e-310]))
    one = st.one_of(st.floats(-1, 1), st.just(0.0), st.just(NAN), st.sampled_from([1e-300, 1.0, 0.5]))
    if draw(st.booleans()):
        one = one.map(abs)
    y = np.array(draw(st.lists(one, max_size=20)), dtype=float) * scale
    seen = np.flatnonzero(~np.isnan(y))
    y = y[seen[0] : seen[-1] + 1] if len(seen) else np.empty(0)
    cap = draw(st.sampled_from([None, None, 0.0, 0.3, 1.0, 1e6]))
    caps = None if cap is None else np.full(len(y) + 2, cap * scale)
    return Series("a", draw(st.integers(-100, 300)), y, caps)


@pytest.mark.parametrize(
    ("name", "case", "word"),
    [
        ("prophet", "3 points", "needs"),
        ("prophet", "constant", "equal"),
        ("seasonal_naive", "2 points", "year"),
        ("theta", "2 points", ""),
        ("ets_average", "2 points", ""),
        ("ces_weighted", "2 points", ""),
        ("arima", "2 points", ""),
        ("pooled_trend", "3 points", "fewer"),
    ],
)
def test_a_fallback_names_its_reason_and_gives_the_last_value(name: str, case: str, word: str) -> None:
    """The reason is stored beside the choice, and read by people."""
    answer = MEMBERS[name].answer(panel_of(CASES[case]), 4)
    assert word in answer.reasons[0]
    assert answer.reasons[0]
    assert (answer.median == CASES[case][-1]).all()


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "naive"])
def test_a_long_lively_series_is_fitted_and_not_passed_over(name: str) -> None:
    """A member that always falls back would pass every other test of this contract."""
    y = 100 + 0.5 * np.arange(40) + np.tile([3.0, -2.0, 1.0, -2.0], 10) + np.random.default_rng(1).normal(size=40)
    panel = Panel(tuple(Series(str(at), 100, y * (1 + at)) for at in range(3)))
    answer = MEMBERS[name].answer(panel, 4)
    assert answer.reasons == ("", "", "")
    assert (answer.median != y[-1]).any()


@pytest.mark.parametrize("name", MEMBERS)
def test_the_unit_changes_no_bit(name: str) -> None:
    """A power of two, for exactness: quantiles too, and under a cap."""
    cases = [CASES[case] for case in ("9 points", "gaps", "half-yearly", "negative", "long and seasonal", "constant")]
    cap = {0: 20.0, 4: 60.0}
    both = [
        Panel(tuple(panel_of([v * by for v in y], cap[at] * by if at in cap else None).series[0] for at, y in rows))
        for by, rows in ((1.0, list(enumerate(cases))), (1024.0, list(enumerate(cases))))
    ]
    one, other = (MEMBERS[name].answer(panel, HORIZON, LEVELS) for panel in both)
    assert (other.median == 1024 * one.median).all()
    assert (other.quantiles == 1024 * one.quantiles).all()
    assert other.reasons == one.reasons


@pytest.mark.parametrize("name", MEMBERS)
def test_an_answer_repeats_and_the_random_generators_are_left_alone(name: str) -> None:
    """Same inputs, same bits, whatever was drawn before."""
    panel = panel_of(list(RAMP), 30.0)
    np.random.seed(1)
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    one = MEMBERS[name].answer(panel, 3, LEVELS, seed=5)
    assert (np.random.get_state(legacy=False)["state"]["key"] == before).all()
    np.random.seed(2)
    two = MEMBERS[name].answer(panel, 3, LEVELS, seed=5)
    assert (one.median == two.median).all()
    assert (one.quantiles == two.quantiles).all()


@pytest.mark.parametrize("name", SEPARATE)
def test_separate_members_do_not_care_what_else_is_in_the_panel(name: str) -> None:
    """A series' answer may not depend on its neighbours or its place: that is what makes splitting safe."""
    one, two = panel_of(list(RAMP)).series[0], panel_of(list(RAMP[::-1])).series[0]
    alone = MEMBERS[name].answer(Panel((one,)), 4, LEVELS)
    behind = MEMBERS[name].answer(Panel((two, one)), 4, LEVELS)
    assert (alone.median[0] == behind.median[1]).all()
    assert (alone.quantiles[0] == behind.quantiles[1]).all()


def test_the_registry_knows_members_by_their_names() -> None:
    """The references come first, for the first named answers where nobody fitted; width members must be there."""
    assert list(MEMBERS)[:2] == ["naive", "seasonal_naive"]
    assert all(member.name == name for name, member in MEMBERS.items())
    assert set(WIDTH_MEMBERS) <= set(MEMBERS)
    assert [name for name in MEMBERS if name not in SEPARATE] == ["pooled_trend", "pooled_lags"]
