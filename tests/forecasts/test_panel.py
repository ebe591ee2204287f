"""Panels are regular, gaps stay gaps, errors say where; a change of perimeter is a level shift and not a shock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasts.panel import (
    Panel,
    PanelError,
    Series,
    panel_from_frame,
    quarter_ends,
    quarter_ordinals,
    splice_perimeters,
)

GOOD = pd.DataFrame({"unique_id": ["a", "a"], "ds": ["2020-03-31", "2020-09-30"], "y": [1.0, 2.0]})


def test_gaps_stay_gaps_and_ends_are_trimmed() -> None:
    frame = pd.concat([GOOD, pd.DataFrame({"unique_id": ["a"], "ds": ["2020-12-31"], "y": [None]})])
    series = panel_from_frame(frame).series[0]
    np.testing.assert_array_equal(series.y, [1.0, np.nan, 2.0])
    assert quarter_ends([series.last])[0] == pd.Timestamp("2020-09-30")


def test_rows_after_the_last_figure_carry_known_caps() -> None:
    frame = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": ["2020-03-31", "2020-06-30", "2020-09-30"],
            "y": [1.0, None, None],
            "cap": [5, 6, None],
        }
    )
    assert list(panel_from_frame(frame).series[0].future_cap(3)) == [6.0, 6.0, 6.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ds": ["2020-03-31", "soon"]}, "column 'ds', row 1: found 'soon'"),
        ({"ds": ["2020-03-31", "2020-02-15"]}, "Use 2020-03-31"),
        ({"ds": ["2020-03-31", "2020-03-31"]}, "a second row of 'a'"),
        ({"y": [1.0, float("inf")]}, "column 'y', row 1"),
        ({"y": [1.0, "n/a"]}, "found 'n/a'"),
        ({"unique_id": ["a", None]}, "column 'unique_id', row 1"),
        ({"cap": [1.0, -1.0]}, "column 'cap', row 1"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(change: dict[str, Any], words: str) -> None:
    with pytest.raises(PanelError) as error:
        panel_from_frame(GOOD.assign(**change))
    assert words in str(error.value)


def test_an_empty_panel_is_refused() -> None:
    with pytest.raises(PanelError, match="no rows"):
        panel_from_frame(GOOD.iloc[:0])


def test_quarter_ends_and_ordinals_are_inverse() -> None:
    ends = pd.Series(pd.date_range("1899-12-31", periods=900, freq="QE"))
    assert list(quarter_ends(quarter_ordinals(ends))) == list(ends)


def perimeters(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["ds", "perimeter", "y"])


def test_an_earlier_perimeter_is_rescaled_by_the_ratio_where_both_report() -> None:
    spliced = splice_perimeters(
        perimeters(
            [
                ("2020-03-31", "A", 80.0),
                ("2020-06-30", "A", 100.0),
                ("2020-06-30", "B", 150.0),
                ("2020-09-30", "B", 165.0),
            ]
        )
    )
    assert list(spliced["y"]) == [120.0, 150.0, 165.0]
    assert list(spliced["factor"]) == [1.5, 1.0, 1.0]
    assert spliced["linked"].all()


def test_perimeters_without_a_common_quarter_are_joined_level_and_say_so() -> None:
    spliced = splice_perimeters(perimeters([("2020-03-31", "A", 80.0), ("2020-06-30", "B", 40.0)]))
    assert list(spliced["y"]) == [40.0, 40.0]
    assert list(spliced["linked"]) == [False, True]


NAN = float("nan")


def series(values: list[float], cap: list[float] | None = None, signed: bool = False) -> Series:
    return Series("a", 100, np.array(values), None if cap is None else np.array(cap), signed)


def test_figures_are_flat_and_divided_by_their_largest_magnitude() -> None:
    """What kernels read: squares of it cannot overflow, and series without figures or all zero divide by nothing."""
    panel = Panel((series([2.0, NAN, -4.0]), series([]), series([0.0, 0.0]), series([1.7e308, 1.0]), series([5e-324])))
    flat, offsets, tops = panel.figures
    np.testing.assert_array_equal(flat, [0.5, NAN, -1.0, 0.0, 0.0, 1.0, 1 / 1.7e308, 5e-324])
    assert offsets.tolist() == [0, 3, 3, 5, 7, 8]
    assert tops.tolist() == [4.0, 1.0, 1.0, 1.7e308, 1.0]


def test_a_panel_without_series_or_figures_has_empty_figures() -> None:
    """Nothing to forecast from is a case, not an error."""
    for panel, count in ((Panel(()), 0), (Panel((series([]), series([]))), 2)):
        flat, offsets, tops = panel.figures
        assert len(flat) == 0
        assert offsets.tolist() == [0] * (count + 1)
        assert tops.tolist() == [1.0] * count
        assert panel.ceilings(3).shape == (count, 3)
        assert panel.bounded(np.zeros((count, 3))).shape == (count, 3)


def test_floors_are_zero_with_a_cap_and_for_figures_never_below_zero() -> None:
    """A transformed scale has no floor, whatever its figures."""
    rows = [
        (series([1.0, 0.0]), 0.0),
        (series([-1.0, 5.0]), -np.inf),
        (series([-1.0, 5.0], [9.0, 9.0]), 0.0),
        (series([1.0, 2.0], signed=True), -np.inf),
        (series([NAN, 2.0]), 0.0),
        (series([]), 0.0),
    ]
    assert Panel(tuple(one for one, _ in rows)).floors.tolist() == [floor for _, floor in rows]


def test_ceilings_are_the_caps_known_for_quarters_to_come() -> None:
    """The last known cap holds on."""
    panel = Panel((series([1.0, 2.0], [3.0, 4.0, 5.0]), series([1.0])))
    assert panel.ceilings(3).tolist() == [[5.0, 5.0, 5.0], [np.inf] * 3]


def test_values_are_held_between_floor_and_ceiling_and_finite() -> None:
    """Of any shape, in order, also where a cap is zero."""
    panel = Panel((series([1.0], [3.0]), series([1.0], [0.0]), series([-1.0])))
    wild = np.array([[[-np.inf, -1.0, 2.0, np.inf]]] * 3)
    held = panel.bounded(wild)
    assert held[0].tolist() == [[0.0, 0.0, 2.0, 3.0]]
    assert held[1].tolist() == [[0.0, 0.0, 0.0, 0.0]]
    assert np.isfinite(held[2]).all()
    assert held[2, 0, 1:3].tolist() == [-1.0, 2.0]
    assert (np.diff(held, axis=2) >= 0).all()
    assert (panel.bounded(wild[:, :, 2]) == held[:, :, 2]).all()
    assert np.isfinite(panel.bounded(np.full((3, 1), np.nan))).all()


def test_a_series_cut_earlier_has_lost_later_figures_and_caps() -> None:
    """What comes after an origin may not be seen through a cap either."""
    cut = series([1.0, 2.0, 3.0], [5.0, 6.0, 7.0, 8.0]).until(2)
    assert cut.y.tolist() == [1.0, 2.0]
    assert cut.future_cap(2).tolist() == [6.0, 6.0]
    assert cut.last == 101
