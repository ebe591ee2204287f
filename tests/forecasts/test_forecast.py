"""What everybody relies on from forecast(): every series answered, bounds, order, no look-ahead, same bits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasts import PanelError, forecast
from forecasts.engine import choose
from forecasts.panel import panel_from_frame

COLUMNS = ["unique_id", "ds", "model", "yhat", "lo-80", "hi-80", "lo-95", "hi-95"]
NUMBERS = COLUMNS[3:]


def long_frame(series: dict[str, list[float]], caps: dict[str, float] | None = None) -> pd.DataFrame:
    parts = []
    for name, values in series.items():
        ends = pd.date_range("2015-03-31", periods=len(values), freq="QE")
        part = pd.DataFrame({"unique_id": name, "ds": ends, "y": values})
        parts.append(part.assign(cap=caps.get(name, np.nan)) if caps else part)
    return pd.concat(parts, ignore_index=True)


def walks(count: int = 6, length: int = 20) -> dict[str, list[float]]:
    rng = np.random.default_rng(5)
    return {f"s{at}": list(50 + np.cumsum(rng.normal(0.5, 1, length))) for at in range(count)}


def check(answer: pd.DataFrame, series: int, horizon: int) -> None:
    assert list(answer.columns) == COLUMNS
    assert len(answer) == series * horizon
    assert np.isfinite(answer[NUMBERS].to_numpy()).all()
    for low, high in zip(["lo-95", "lo-80", "yhat", "hi-80"], ["lo-80", "yhat", "hi-80", "hi-95"], strict=True):
        assert (answer[low] <= answer[high]).all()


figure = st.one_of(st.floats(-1e12, 1e12), st.just(0.0), st.just(float("nan")), st.sampled_from([1e300, 1e-300]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.lists(figure, min_size=1, max_size=14), min_size=1),
    st.integers(1, 11),
    st.sampled_from(["naive", "seasonal_naive"]),
)
def test_any_panel_is_answered_in_order(series: dict[str, list[float]], horizon: int, model: str) -> None:
    check(forecast(long_frame(series), horizon, model), len(series), horizon)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0, 120))
def test_bands_stay_between_zero_and_the_cap(values: list[float], cap: float) -> None:
    answer = forecast(long_frame({"a": values}, {"a": cap}), 8, "naive")
    assert (answer[NUMBERS].to_numpy() >= 0).all()
    assert (answer[NUMBERS].to_numpy() <= cap).all()


@pytest.mark.parametrize("model", ["auto", "prophet"])
def test_the_bits_do_not_depend_on_jobs(model: str) -> None:
    frame = long_frame(walks(24, 12))
    one, two = forecast(frame, 4, model, seed=3, jobs=1), forecast(frame, 4, model, seed=3, jobs=2)
    check(one, 24, 4)
    assert (one[NUMBERS].to_numpy() == two[NUMBERS].to_numpy()).all()
    assert one.drop(columns=NUMBERS).equals(two.drop(columns=NUMBERS))


def test_the_order_of_rows_changes_nothing_but_the_order_of_the_answer() -> None:
    frame = long_frame(walks())
    shuffled = frame.sample(frac=1, random_state=1)
    sort = ["unique_id", "ds"]
    one = forecast(frame, 5, "naive").sort_values(sort, ignore_index=True)
    two = forecast(shuffled, 5, "naive").sort_values(sort, ignore_index=True)
    np.testing.assert_allclose(one[NUMBERS], two[NUMBERS], rtol=1e-12)


def test_naive_is_the_last_value_and_horizons_count_from_the_last_figure() -> None:
    answer = forecast(long_frame({"a": [1.0, 2.0, 4.0, float("nan")]}), 2, "naive")
    assert list(answer["yhat"]) == [4.0, 4.0]
    assert list(answer["ds"].dt.date.astype(str)) == ["2015-12-31", "2016-03-31"]


def test_the_choice_and_its_evidence_travel_with_the_answer() -> None:
    answer = forecast(long_frame({**walks(4, 16), "short": [3.0]}), 4, "auto")
    choice = answer.attrs["choice"]
    assert set(choice["errors"]) == {"naive", "seasonal_naive", "prophet"}
    assert choice["errors"][choice["model"]] == min(choice["errors"].values())
    assert answer.loc[answer["unique_id"] == "short", "model"].eq("naive").all()
    assert choice["model"] == "naive" or "short" in answer.attrs["fallbacks"]


def test_where_nothing_can_be_compared_the_last_value_stands() -> None:
    assert choose(panel_from_frame(long_frame({"a": [1.0, 2.0]})), 4).model == "naive"


def test_unknown_models_and_wrong_arguments_are_refused_with_what_is_allowed() -> None:
    frame = long_frame(walks(1))
    with pytest.raises(ValueError, match="auto, naive, seasonal_naive, prophet"):
        forecast(frame, 4, "arima")
    with pytest.raises(ValueError, match="horizon"):
        forecast(frame, 0)
    with pytest.raises(ValueError, match="jobs"):
        forecast(frame, 4, jobs=0)
    with pytest.raises(PanelError, match="y"):
        forecast(frame.drop(columns="y"), 4)


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    forecast(long_frame(walks(3, 10)), 2, "prophet", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
