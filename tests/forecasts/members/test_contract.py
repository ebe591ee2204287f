"""One contract for every registered member: it answers any series, finite and in order, and names why it fell back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasts.members import MEMBERS
from forecasts.panel import Panel, panel_from_frame

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
HORIZON = 9
RAMP = np.arange(1.0, 13.0) + np.tile([0.3, -0.2, 0.1, 0.0], 3)
NAN = float("nan")

CASES: dict[str, list[float]] = {
    "constant": [5.0] * 12,
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
    "one outlier": [*RAMP[:6], 1e6, *RAMP[7:]],
    "negative": list(-RAMP),
    "long and seasonal": list(np.tile([10.0, 20.0, 30.0, 15.0], 8) + np.arange(32)),
    "no figure at all": [NAN, NAN, NAN],
}


def panel_of(values: list[float], cap: float | list[float] | None = None) -> Panel:
    ends = pd.date_range("2015-03-31", periods=len(values), freq="QE")
    frame = pd.DataFrame({"unique_id": "a", "ds": ends, "y": values})
    return panel_from_frame(frame if cap is None else frame.assign(cap=cap))


@pytest.mark.parametrize("capped", [False, True], ids=["no cap", "cap"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_answers_every_series(name: str, case: str, capped: bool) -> None:
    values = CASES[case]
    top = np.nanmax([*np.abs(values), 1e-320])
    panel = panel_of(values, float(min(top * 1.02, 1.79e308)) if capped else None)
    answer = MEMBERS[name].answer(panel, HORIZON, LEVELS, seed=3)
    assert answer.median.shape == (1, HORIZON)
    assert answer.quantiles.shape == (1, HORIZON, len(LEVELS))
    assert np.isfinite(answer.median).all()
    assert np.isfinite(answer.quantiles).all()
    assert (np.diff(answer.quantiles, axis=2) >= 0).all()
    if capped:
        for array in (answer.median, answer.quantiles):
            assert (array >= 0).all()
            assert (array <= panel.series[0].future_cap(1)[0]).all()
    if not len(panel.series[0].y):
        assert answer.reasons[0]


@pytest.mark.parametrize(
    ("name", "case", "word"),
    [("prophet", "3 points", "needs"), ("prophet", "constant", "equal"), ("seasonal_naive", "2 points", "year")],
)
def test_a_fallback_names_its_reason_and_gives_the_last_value(name: str, case: str, word: str) -> None:
    answer = MEMBERS[name].answer(panel_of(CASES[case]), 4)
    assert word in answer.reasons[0]
    assert (answer.median == CASES[case][-1]).all()


def test_prophet_fits_a_nine_point_series_and_follows_a_cap_that_moves() -> None:
    caps = [20.0] * 9
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2020-03-31", periods=13, freq="QE")})
    frame["y"] = [*np.linspace(8, 19, 9), *[NAN] * 4]
    frame["cap"] = [*caps, 15.0, 16.0, 17.0, 18.0]
    answer = MEMBERS["prophet"].answer(panel_from_frame(frame), 4)
    assert answer.reasons == ("",)
    assert (answer.median[0] <= [15.0, 16.0, 17.0, 18.0]).all()


def test_prophet_leaves_the_global_random_generator_as_it_was() -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    MEMBERS["prophet"].answer(panel_of(list(RAMP)), 3, LEVELS)
    assert (np.random.get_state()[1] == before).all()


def test_members_do_not_care_what_else_is_in_the_panel() -> None:
    """A series' answer may not depend on its neighbours or its place: that is what makes splitting safe."""
    one, two = panel_of(list(RAMP)).series[0], panel_of(list(RAMP[::-1])).series[0]
    for member in MEMBERS.values():
        alone = member.answer(Panel((one,)), 4, LEVELS)
        behind = member.answer(Panel((two, one)), 4, LEVELS)
        assert (alone.median[0] == behind.median[1]).all()
        assert (alone.quantiles[0] == behind.quantiles[1]).all()
