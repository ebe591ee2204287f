"""What everybody relies on from forecast(): every series answered, bounds, order, same bits, and why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasts import PanelError, forecast, parallel
from forecasts.engine import AUTO, CHOICE_COLUMNS, explained
from forecasts.members import MEMBERS

COLUMNS = ["unique_id", "ds", "model", "yhat", "lo-80", "hi-80", "lo-95", "hi-95"]
NUMBERS = COLUMNS[3:]
ASCENDING = ["lo-95", "lo-80", "yhat", "hi-80", "hi-95"]
NAN = float("nan")


def long_frame(series: dict[str, list[float]], caps: dict[str, float] | None = None) -> pd.DataFrame:
    parts = []
    for name, values in series.items():
        ends = pd.date_range("2015-03-31", periods=len(values), freq="QE")
        part = pd.DataFrame({"unique_id": name, "ds": ends, "y": values})
        parts.append(part.assign(cap=caps.get(name, np.nan)) if caps else part)
    return pd.concat(parts, ignore_index=True)


def walks(count: int = 6, length: int = 20) -> dict[str, list[float]]:
    """Seasonal walks, so that members disagree."""
    rng = np.random.default_rng(5)
    season = np.tile([2.0, -1.0, 1.0, -2.0], length)[:length]
    return {f"s{at}": list(50 + season + np.cumsum(rng.normal(0.5, 1, length))) for at in range(count)}


def check(answer: pd.DataFrame, series: int, horizon: int) -> None:
    """Every series and horizon, finite and in order."""
    assert list(answer.columns) == COLUMNS
    assert len(answer) == series * horizon
    assert (answer.groupby("unique_id")["ds"].nunique() == horizon).all()
    numbers = answer[ASCENDING].to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.diff(numbers, axis=1) >= 0).all()
    assert answer["model"].isin([*MEMBERS, "combination"]).all()


@st.composite
def any_values(draw: st.DrawFn) -> list[float]:
    """1 to 24 figures and gaps of any magnitude; also all equal, all zero, steps and straight lines."""
    scale = draw(st.sampled_from([1.0, 100.0, 1e300, 1.7e308, 1e-300, 1e-310]))
    size = draw(st.integers(1, 24))
    kind = draw(st.sampled_from(["any", "equal", "step", "line", "season", "positive"]))
    if kind == "any":
        one = st.one_of(st.floats(-1, 1), st.just(0.0), st.just(NAN), st.sampled_from([1.0, -1.0, 1e-300]))
        return [value * scale for value in draw(st.lists(one, min_size=size, max_size=size))]
    made = {
        "equal": np.full(size, draw(st.sampled_from([0.0, 0.5, -1.0]))),
        "step": (np.arange(size) >= draw(st.integers(0, size))) * 1.0,
        "line": np.arange(size) / size,
        "season": np.tile([0.1, 0.4, 0.2, 0.9], size)[:size],
        "positive": np.random.default_rng(draw(st.integers(0, 9))).lognormal(0, 0.3, size) / 10,
    }[kind]
    made[draw(st.lists(st.integers(0, size - 1), max_size=6))] = NAN
    return list(made * scale)


any_panel = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), any_values(), min_size=1, max_size=6)
slow = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(any_panel, st.integers(1, 12))
def test_any_panel_is_answered_in_order_without_a_warning(series: dict[str, list[float]], horizon: int) -> None:
    """Overflow, underflow and 0 / 0 are where NaN weights and empty bands came from."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        result = explained(long_frame(series), horizon)
    check(result.forecast, len(series), horizon)
    weights = result.choice.groupby("unique_id")["weight"].sum()
    assert weights.to_numpy() == pytest.approx(1.0)
    assert list(result.forecast["unique_id"].unique()) == list(series)


@pytest.mark.parametrize("model", MEMBERS)
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(any_panel, st.integers(1, 12))
def test_any_panel_is_answered_by_each_member(model: str, series: dict[str, list[float]], horizon: int) -> None:
    """A member by name has bands from its own errors."""
    answer = forecast(long_frame(series), horizon, model)
    check(answer, len(series), horizon)
    assert answer["model"].isin([model, "naive"]).all()


@slow
@given(any_panel, st.data())
def test_bands_stay_between_zero_and_the_cap(series: dict[str, list[float]], data: st.DataObject) -> None:
    """Also where a cap is zero, below all figures, or given to some series alone."""
    cap = st.sampled_from([0.0, 1e-300, 0.5, 1.0, 60.0, 1.7e308, NAN])
    caps = {name: data.draw(cap) for name in series}
    answer = forecast(long_frame(series, caps), 8)
    check(answer, len(series), 8)
    capped = answer[answer["unique_id"].map(caps).notna()]
    assert (capped[NUMBERS].to_numpy() >= 0).all()
    assert (capped[NUMBERS].to_numpy() <= capped["unique_id"].map(caps).to_numpy()[:, None]).all()


@pytest.mark.parametrize("model", [AUTO, "prophet"])
def test_the_bits_do_not_depend_on_jobs_or_on_the_run(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts small enough that there are many; with series that fall back among them."""
    monkeypatch.setattr(parallel, "CHUNK", 7)
    frame = long_frame({**walks(24, 16), "short": [3.0], "still": [2.0] * 12})
    results = [explained(frame, 4, model, seed=3, jobs=jobs) for jobs in (1, 1, 2, 3)]
    monkeypatch.setattr(parallel, "CHUNK", 1000)
    results.append(explained(frame, 4, model, seed=3, jobs=2))
    check(results[0].forecast, 26, 4)
    for result in results[1:]:
        pd.testing.assert_frame_equal(result.forecast, results[0].forecast, check_exact=True)
        pd.testing.assert_frame_equal(result.choice, results[0].choice, check_exact=True)
        assert result.evidence == results[0].evidence


@pytest.mark.parametrize("model", [AUTO, "pooled_trend"])
def test_the_order_of_rows_changes_nothing_but_the_order_of_the_answer(model: str) -> None:
    """Sums over series may round differently, no more."""
    frame = long_frame(walks(12), {"s2": 90.0})
    shuffled = frame.sample(frac=1, random_state=1)
    sort = ["unique_id", "ds"]
    one, two = (forecast(rows, 5, model).sort_values(sort, ignore_index=True) for rows in (frame, shuffled))
    np.testing.assert_allclose(one[NUMBERS], two[NUMBERS], rtol=1e-5)
    assert (one["model"] == two["model"]).all()


@pytest.mark.parametrize(("factor", "tolerance"), [(1024.0, 0.0), (2.0**-40, 0.0), (1000.0, 1e-5)])
def test_another_unit_gives_the_same_forecasts_in_that_unit(factor: float, tolerance: float) -> None:
    """Kilowatts are a thousand times megawatts; a power of two changes no bit at all."""
    frame = long_frame({**walks(12), "short": [4.0, 5.0], "still": [3.0] * 12, "drawn": [-1.0, 2.0] * 8}, {"s1": 80.0})
    other = frame.assign(y=frame["y"] * factor, cap=frame["cap"] * factor)
    one, scaled = explained(frame, 8), explained(other, 8)
    np.testing.assert_allclose(scaled.forecast[NUMBERS], factor * one.forecast[NUMBERS], rtol=tolerance)
    np.testing.assert_allclose(scaled.choice["weight"], one.choice["weight"], rtol=tolerance, atol=tolerance)
    assert (scaled.forecast["model"] == one.forecast["model"]).all()


def test_naive_is_the_last_value_and_horizons_count_from_the_last_figure() -> None:
    """A trailing gap is no figure."""
    answer = forecast(long_frame({"a": [1.0, 2.0, 4.0, NAN]}), 2, "naive")
    assert list(answer["yhat"]) == [4.0, 4.0]
    assert list(answer["ds"].dt.date.astype(str)) == ["2015-12-31", "2016-03-31"]


def test_the_choice_and_its_evidence_travel_with_the_answer() -> None:
    """One row a series and member; who fell back has a reason and no weight; plain numbers, to be stored as JSON."""
    result = explained(long_frame({**walks(10, 24), "short": [3.0], "still": [2.0] * 24}), 4)
    choice = result.choice
    assert list(choice.columns) == list(CHOICE_COLUMNS)
    assert len(choice) == 12 * len(MEMBERS)
    fell_back = choice["reason"] != ""
    assert (choice.loc[fell_back, "weight"] == 0).all()
    assert (choice.loc[~fell_back, "weight"] > 0).all()
    assert choice.loc[choice["unique_id"] == "short", "weight"].tolist() == [1.0] + [0.0] * (len(MEMBERS) - 1)
    assert choice.groupby("member")["backtest_error"].nunique().eq(1).all()
    assert json.loads(json.dumps(result.evidence)) == result.evidence
    assert set(result.evidence["error_members"]) == set(MEMBERS)  # type: ignore[call-overload]
    assert forecast(long_frame(walks(10, 24)), 2).attrs["evidence"]["origins"] > 0


def test_the_last_value_and_the_combination_say_which_of_them_answers() -> None:
    """Random walks: the last value, and why. Seasons: the combination; but the last value for what nobody fitted."""
    rng = np.random.default_rng(8)
    drunk = explained(long_frame({f"w{at}": list(900 + np.cumsum(rng.normal(size=30))) for at in range(30)}), 4)
    stands = drunk.evidence["last_value_at"]
    assert isinstance(stands, list)
    assert len(stands) >= 3
    for step, rows in drunk.forecast.groupby(drunk.forecast.groupby("unique_id").cumcount() + 1):
        assert rows["model"].eq("naive" if step in stands else "combination").all()
    assert "last value stands" in str(drunk.evidence["reason"])
    # A trend too: in four quarters a season alone is back where it was.
    lively = np.tile([30.0, 10.0, 20.0, 5.0], 7) + 2 * np.arange(28)
    sober = explained(long_frame({**{f"s{at}": list(lively + rng.normal(size=28)) for at in range(12)}, "x": [1.0]}), 4)
    assert sober.evidence["last_value_at"] == []
    assert sober.forecast.loc[sober.forecast["unique_id"] != "x", "model"].eq("combination").all()
    assert sober.forecast.loc[sober.forecast["unique_id"] == "x", "model"].eq("naive").all()


@pytest.mark.parametrize("values", [[1.0, 2.0], [5.0] * 30, [0.0] * 30, [NAN, NAN], [NAN, 3.0, NAN]])
def test_where_nothing_can_be_compared_the_last_value_stands(values: list[float]) -> None:
    """Too short, never moved, no figure at all: alone and in company of the same kind."""
    for count in (1, 12):
        result = explained(long_frame({f"a{at}": values for at in range(count)}), 3)
        check(result.forecast, count, 3)
        last = [value for value in values if not np.isnan(value)] or [0.0]
        assert (result.forecast["yhat"] == last[-1]).all()
        assert result.forecast["model"].eq("naive").all()
        assert "last value stands" in str(result.evidence["reason"])


def test_public_series_are_forecast_better_than_by_the_references_and_bands_hold() -> None:
    """Train parts of 60 public series with their last two years held back: a coarse bar against decay."""
    rows = pd.read_csv(Path(__file__).parent / "members" / "public_sample.csv")[["unique_id", "ds", "y"]]
    held = rows.groupby("unique_id").tail(8)
    known = rows.drop(held.index)
    errors = {}
    for model in (AUTO, "naive", "seasonal_naive"):
        both = held.assign(ds=pd.to_datetime(held["ds"])).merge(forecast(known, 8, model), on=["unique_id", "ds"])
        assert len(both) == len(held)
        scale = known.groupby("unique_id")["y"].apply(lambda y: np.abs(y.diff(4)).mean())
        errors[model] = (np.abs(both["y"] - both["yhat"]) / both["unique_id"].map(scale)).mean()
        for band, share in (("80", 0.8), ("95", 0.95)):
            inside = both["y"].between(both[f"lo-{band}"], both[f"hi-{band}"]).mean()
            assert share - 0.1 < inside < share + 0.08, (model, band, inside)
    assert errors[AUTO] < 0.9 * min(errors["naive"], errors["seasonal_naive"])


def test_unknown_models_and_wrong_arguments_are_refused_with_what_is_allowed() -> None:
    """The message is the documentation of whoever mistypes."""
    frame = long_frame(walks(1))
    with pytest.raises(ValueError, match=r"unheard.*allowed: auto, naive, seasonal_naive, theta"):
        forecast(frame, 4, "unheard")
    for horizon in (0, -1, 2.5, True, "4"):
        with pytest.raises(ValueError, match=r"horizon: found .* at least 1"):
            forecast(frame, horizon)  # type: ignore[arg-type]
    for jobs in (0, -2):
        with pytest.raises(ValueError, match=r"jobs: found .* at least 1"):
            forecast(frame, 4, jobs=jobs)
    with pytest.raises(PanelError, match="column 'y'"):
        forecast(frame.drop(columns="y"), 4)


@pytest.mark.parametrize("model", [AUTO, "prophet"])
def test_progress_is_told_and_ends_at_the_whole(model: str) -> None:
    """Never backwards, the total the same from the first word on."""
    told: list[tuple[int, int]] = []
    forecast(long_frame(walks(3, 10)), 2, model, progress=lambda done, total: told.append((done, total)))
    done, total = zip(*told, strict=True)
    assert len(set(total)) == 1
    assert list(done) == sorted(set(done))
    assert told[-1][0] == told[-1][1] > 2
