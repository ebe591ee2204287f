"""Panels are regular, gaps stay gaps, errors say where; a change of perimeter is a level shift and not a shock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasts.panel import PanelError, panel_from_frame, quarter_ends, quarter_ordinals, splice_perimeters

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
def test_what_cannot_be_read_is_named_with_its_place(change: dict[str, list[object]], words: str) -> None:
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
