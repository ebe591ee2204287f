"""Backtests may not look ahead, a change of perimeter is no outcome, and scores are what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasts import backtest, rates
from forecasts.backtest import (
    CHOSEN,
    SAID_COLUMNS,
    Origins,
    Vintage,
    accuracy,
    answered,
    honest,
    known_at,
    score_table,
    year_change,
)
from forecasts.forecaster import COMBINATION, NAIVE, learn
from forecasts.members import MEMBERS
from forecasts.occupancy import Occupancy
from forecasts.panel import Panel, Series
from forecasts.rolling import Rolled, Said

HORIZON, LENGTH, FIRST = 3, 16, 100
LAST = FIRST + LENGTH - 1


def course(seed: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Rate and capacity of one operator: lets up steadily, builds in steps."""
    generator = np.random.default_rng(seed)
    rate = 0.5 + slope * np.arange(LENGTH) + generator.normal(0, 0.002, LENGTH)
    return rate, 100 * np.exp(np.cumsum(generator.normal(0.03, 0.02, LENGTH)))


def known(count: int = 4, slope: float = 0.02) -> tuple[Occupancy, ...]:
    answer = []
    for seed in range(count):
        rate, capacity = course(seed, slope)
        answer.append(Occupancy(Series(f"op{seed}", FIRST, rate), Series(f"op{seed}", FIRST, capacity), "whole"))
    return tuple(answer)


def until(item: Occupancy, quarter: int) -> Occupancy:
    assert item.in_service is not None
    length = quarter - FIRST + 1
    return replace(item, rate=item.rate.until(length), in_service=item.in_service.until(length))


def vintages(items: tuple[Occupancy, ...], quarters: range = range(FIRST + 3, LAST + 1)) -> list[Vintage]:
    return [Vintage(quarter, tuple(until(item, quarter) for item in items)) for quarter in quarters]


def origins(then: Sequence[Vintage], now: Sequence[Occupancy], horizon: int) -> Origins:
    return backtest.origins([answered(one, horizon) for one in then], now, horizon)


@pytest.fixture(scope="module")
def found() -> Origins:
    return origins(vintages(known()), known(), HORIZON)


@pytest.fixture(scope="module")
def said(found: Origins) -> pd.DataFrame:
    return honest(found)


def test_origins_are_quarters_with_a_new_figure(found: Origins) -> None:
    """A quarter in which nothing came is no second origin of the same figure, and outcomes are what came after it."""
    items = known(2)
    half = [
        Vintage(quarter, (until(items[0], quarter), until(items[1], quarter - (quarter - FIRST) % 2)))
        for quarter in range(FIRST + 5, FIRST + 11)
    ]
    some = origins(half, items, HORIZON)
    of_second = some.rate.of == 1
    assert some.rate.period[some.rate.of == 0].tolist() == list(range(FIRST + 5, FIRST + 11))
    assert some.rate.period[of_second].tolist() == [FIRST + 5, FIRST + 6, FIRST + 8, FIRST + 10]
    lasts = np.array([one.last for one in some.rate.panel])[of_second]
    assert lasts.tolist() == [FIRST + 4, FIRST + 6, FIRST + 8, FIRST + 10]
    row = np.flatnonzero(of_second)[1]
    assert rates.from_scale(some.rate.outcome[row]) == pytest.approx(items[1].rate.y[7:10])
    assert np.exp(some.capacity.outcome[row]) == pytest.approx(items[1].in_service.y[7:10])  # type: ignore[union-attr]


def test_too_short_and_unknown_series_are_no_origins() -> None:
    """Fewer than MIN_FIGURES figures show nothing; a series that is not there now has no outcome."""
    items = known(2)
    early = vintages(items, range(FIRST + 1, FIRST + 5))
    some = origins(early, items[:1], HORIZON)
    assert some.rate.of.tolist() == [0, 0]
    assert some.rate.period.min() == FIRST + backtest.MIN_FIGURES - 1


def test_half_yearly_figures_have_outcomes_every_other_quarter() -> None:
    """Gaps stay gaps: nothing is compared in a quarter without a figure, and origins stand where figures do."""
    item = known(1)[0]
    assert item.in_service is not None
    gaps = np.where(np.arange(LENGTH) % 2 == 0, 1.0, np.nan)[: LENGTH - 1]
    half = Occupancy(
        Series("half", FIRST, item.rate.y[: LENGTH - 1] * gaps),
        Series("half", FIRST, item.in_service.y[: LENGTH - 1] * gaps),
    )
    then = [
        Vintage(quarter, (until(half, quarter - (quarter - FIRST) % 2),)) for quarter in range(FIRST + 6, FIRST + 12)
    ]
    some = origins(then, [half], HORIZON)
    assert some.rate.period.tolist() == [FIRST + 6, FIRST + 8, FIRST + 10]
    assert np.isfinite(some.rate.outcome).tolist() == [[False, True, False]] * 3
    assert set(honest(some)["horizon"]) == {2}
    assert some.change[0] == pytest.approx(0.08, abs=0.01)


def test_nothing_after_an_origin_changes_what_was_said_or_learnt_there(said: pd.DataFrame) -> None:
    """No look-ahead: later figures and vintages leave every earlier word as it was, bit by bit."""
    quarter = FIRST + 10

    def wild(item: Occupancy) -> Occupancy:
        assert item.in_service is not None
        after = np.arange(LENGTH) > quarter - FIRST
        shaken = np.where(after, 1 - item.rate.y, item.rate.y)
        return replace(
            item,
            rate=Series(item.unique_id, FIRST, shaken),
            in_service=Series(item.unique_id, FIRST, np.where(after, 7 * item.in_service.y, item.in_service.y)),
        )

    other = tuple(wild(item) for item in known())
    altered = origins(vintages(other), other, HORIZON)
    again = honest(altered)
    columns = [name for name in SAID_COLUMNS if name != "outcome"]
    early = altered.rate.period[said["row"].to_numpy()] <= quarter
    pd.testing.assert_frame_equal(said[early][columns], again[early][columns], check_exact=True)
    assert early.any()
    assert (said[~early]["median"].to_numpy() != again[~early]["median"].to_numpy()).mean() > 0.9


def test_a_restatement_teaches_nothing_before_it_is_made(said: pd.DataFrame) -> None:
    """What is learnt at a quarter are outcomes as known for it: figures restated today change only what is scored."""

    def restated(item: Occupancy) -> Occupancy:
        shifted = np.where(np.arange(LENGTH) == 9, item.rate.y / 2, item.rate.y)
        return replace(item, rate=Series(item.unique_id, FIRST, shifted))

    again = honest(origins(vintages(known()), tuple(restated(item) for item in known()), HORIZON))
    columns = [name for name in SAID_COLUMNS if name != "outcome"]
    pd.testing.assert_frame_equal(said[columns], again[columns], check_exact=True)
    assert (said["outcome"] != again["outcome"]).any()


def test_outcomes_of_origins_are_hidden_until_their_quarter(found: Origins) -> None:
    """At a quarter errors are known whose target is that quarter or an earlier one, of earlier origins alone."""
    past = known_at(found, FIRST + 8)[1]
    assert past.period.max() == FIRST + 7
    targets = np.array([one.last for one in past.panel])[:, None] + np.arange(1, HORIZON + 1)
    assert (np.isfinite(past.outcome) == (targets <= FIRST + 8)).all()


@pytest.fixture(scope="module")
def doubled() -> Origins:
    """The operator's perimeter doubles in its last six quarters, and its earlier figures are brought to that level; the
    rate of the larger perimeter lies higher on the bounded scale throughout.
    """
    items = known()
    step = 0.3

    def larger(item: Occupancy) -> Occupancy:
        assert item.in_service is not None
        rate = rates.from_scale(rates.to_scale(item.rate.y) + step)
        both = Series(item.unique_id, FIRST, 2 * item.in_service.y)
        return Occupancy(Series(item.unique_id, FIRST, rate), both, "larger")

    now = tuple(larger(item) for item in items)
    change = LAST - 5
    then = [
        Vintage(quarter, tuple(until(item, quarter) for item in (items if quarter < change else now)))
        for quarter in range(FIRST + 3, LAST + 1)
    ]
    return origins(then, now, HORIZON)


def test_a_change_of_perimeter_is_no_outcome(found: Origins, doubled: Origins) -> None:
    """The known step between perimeters is taken off: origins before the change see the same errors as without it."""
    before = found.rate.period < LAST - 5
    assert before.any()
    for plain, changed in ((found.rate, doubled.rate), (found.capacity, doubled.capacity)):
        wanted = plain.outcome[before][:, None] - plain.said.median[before]
        got = changed.outcome[before][:, None] - changed.said.median[before]
        assert got == pytest.approx(wanted, abs=1e-9, nan_ok=True)
    assert doubled.capacity.outcome[~before] == pytest.approx(
        found.capacity.outcome[~before] + np.log(2), abs=1e-9, nan_ok=True
    )


def test_without_the_perimeters_name_the_step_would_be_an_error(found: Origins) -> None:
    """The same doubling as a restatement is an outcome: it is the change of perimeter that excuses it."""
    items = known()
    grown = tuple(replace(one, in_service=replace(one.in_service, y=2 * one.in_service.y)) for one in items)  # type: ignore[union-attr, type-var]
    restated = origins(vintages(items), grown, HORIZON)
    assert restated.capacity.outcome == pytest.approx(found.capacity.outcome + np.log(2), nan_ok=True)


def test_chosen_is_the_last_value_where_the_combination_had_not_beaten_it(found: Origins, said: pd.DataFrame) -> None:
    """What is published must follow what had been seen by then, horizon by horizon; at first nothing had been seen."""
    wide = said.pivot_table(index=["row", "horizon"], columns="model", values="median").reset_index()
    period = found.rate.period[wide["row"].to_numpy(dtype=int)]
    states = set()
    for quarter in np.unique(period):
        stands = learn(known_at(found, int(quarter))[1]).last_value
        rows = wide[period == quarter]
        held = stands[rows["horizon"].to_numpy(dtype=int) - 1]
        expected = np.where(held, rows[NAIVE], rows[COMBINATION])
        assert rows[CHOSEN].to_numpy() == pytest.approx(expected, abs=1e-12)
        states |= set(held.tolist())
    first = wide[period == period.min()]
    assert (first[CHOSEN] == first[NAIVE]).all()
    assert (first[COMBINATION] != first[NAIVE]).any()
    # These series rise steadily: once that has been seen, the combination is published.
    assert states == {True, False}


def test_every_model_is_scored_on_the_same_pairs(said: pd.DataFrame) -> None:
    """Skill compares like with like; quantiles are ordered rates round the median."""
    assert set(said["model"]) == {*MEMBERS, COMBINATION, CHOSEN}
    pairs = [rows[["row", "horizon", "outcome"]].to_numpy() for _, rows in said.groupby("model")]
    assert all((each[np.lexsort(each.T)] == pairs[0][np.lexsort(pairs[0].T)]).all() for each in pairs)
    band = said[["low_95", "low_80", "median", "high_80", "high_95"]].to_numpy()
    assert (np.diff(band, axis=1) >= 0).all()
    assert band.min() >= 0
    assert band.max() <= 1


def test_nothing_known_is_no_error() -> None:
    """An empty warehouse and vintages without figures give empty tables."""
    none = origins([Vintage(FIRST, ()), Vintage(FIRST + 1, ())], [], HORIZON)
    frame = honest(none)
    assert list(frame.columns) == list(SAID_COLUMNS)
    assert not len(frame)
    assert not len(accuracy(frame, none, []))


def small_origins(change: np.ndarray) -> Origins:
    """Origins of two series, one row each, of which only names, quarters and scales count."""
    count = len(change)
    panel = Panel(tuple(Series(at, 0, np.zeros(4)) for at in range(count)))
    none = Said((), np.empty((count, 0, 1)), np.empty((count, 0), bool), np.empty((count, 0, 1)), ((),) * count)
    rolled = Rolled(panel, none, np.arange(count), np.zeros(count, int), np.arange(count), np.zeros((count, 1)))
    return Origins(tuple(range(count)), (), {}, rolled, rolled, change)


def test_scores_by_hand() -> None:
    """Two outcomes, 60 % and 80 %, against forecasts 65 % and 70 %: each number of forecast_accuracy worked out."""
    model = pd.DataFrame(
        {
            "model": "ours", "row": [0, 1], "horizon": 1, "outcome": [0.6, 0.8], "median": [0.65, 0.7],
            "low_95": [0.5, 0.5], "low_80": [0.62, 0.6], "high_80": [0.7, 0.9], "high_95": [0.8, 1.0],
        }
    )  # fmt: skip
    naive = model.assign(model=NAIVE, median=[0.5, 0.6])
    table = accuracy(pd.concat([model, naive]), small_origins(np.array([0.05, 0.1])), ["operator", "operator"])
    ours = table.set_index("model").loc["ours"]
    assert (ours["level"], ours["horizon"], ours["origins"], ours["n"]) == ("operator", 1, 2, 2)
    # Errors +5 and -10 points; in yearly changes of 5 and 10 points each is 1.
    assert ours["mae_pp"] == pytest.approx(7.5)
    assert ours["bias_pp"] == pytest.approx(-2.5)
    assert ours["mase"] == pytest.approx(1.0)
    assert (ours["coverage_80"], ours["coverage_95"]) == (0.5, 1.0)
    assert ours["skill_vs_naive"] == pytest.approx(1 - 7.5 / 15)
    # WIS = (|e| / 2 + 0.1 (width80 + 10 miss) + 0.025 width95) / 2.5, over the yearly change.
    first = (0.025 + 0.1 * (0.08 + 10 * 0.02) + 0.025 * 0.3) / 2.5 / 0.05
    second = (0.05 + 0.1 * 0.3 + 0.025 * 0.5) / 2.5 / 0.1
    assert ours["swis"] == pytest.approx((first + second) / 2)


def test_levels_and_horizons_are_scored_apart_and_still_series_have_no_scale() -> None:
    """A facility's error is none of the operators'; a series that never moved is left out of scaled scores alone."""
    rows = pd.DataFrame(
        {
            "model": NAIVE, "row": [0, 1, 1], "horizon": [1, 1, 2], "outcome": [0.5, 0.5, 0.5],
            "median": [0.6, 0.5, 0.7], "low_95": 0.0, "low_80": 0.0, "high_80": 1.0, "high_95": 1.0,
        }
    )  # fmt: skip
    table = accuracy(rows, small_origins(np.array([0.1, 0.0])), ["facility", "operator"])
    assert table[["level", "horizon"]].to_numpy().tolist() == [["facility", 1], ["operator", 1], ["operator", 2]]
    assert table["mae_pp"].tolist() == pytest.approx([10.0, 0.0, 20.0])
    assert table["mase"].isna().tolist() == [False, True, True]
    assert (table["skill_vs_naive"] == 0).all()


def test_yearly_change_skips_gaps() -> None:
    """Scales count figures a year apart and nothing else."""
    assert year_change(Series("a", 0, np.array([0.5, 0.6, np.nan, 0.5, 0.7, np.nan, 0.1]))) == pytest.approx(0.2)
    assert year_change(Series("a", 0, np.array([0.5, 0.6]))) == 0.0


def test_a_model_without_bands_or_bar_is_scored_as_far_as_it_goes() -> None:
    """The last value has no band: its coverage is unknown, not zero; without the last value there is no skill."""
    frame = pd.DataFrame(
        {"model": ["naive", "other"], "level": "operator", "horizon": 1, "period": 1, "outcome": 0.6, "scale": 0.1}
    ).assign(median=[0.5, 0.58], **dict.fromkeys(backtest.BANDS, np.nan))
    table = score_table(frame).set_index("model")
    assert table.loc["other", "skill_vs_naive"] == pytest.approx(0.8)
    assert np.isnan(table[["coverage_80", "coverage_95", "swis"]].to_numpy(dtype=float)).all()
    assert np.isnan(score_table(frame[frame["model"] == "other"])["skill_vs_naive"].iloc[0])


def test_what_is_said_at_a_vintage_does_not_depend_on_which_series_are_there_later(found: Origins) -> None:
    """Members that learn from the panel learn from the panel of that day, also of series that have ended since."""
    some = origins(vintages(known()), known()[:2], HORIZON)
    both = np.isin(found.rate.of, [0, 1])
    np.testing.assert_array_equal(found.rate.said.median[both], some.rate.said.median)
