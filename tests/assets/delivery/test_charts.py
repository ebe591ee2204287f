"""Charts are pictures of numbers that people decide by: right axes, closed fans, and no markup from documents."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.delivery import charts
from assets.delivery.charts import fans, flows, kit, record
from assets.delivery.words import Said, name, say

HOSTILE = '<script>alert("x")</script> & "Sons"'
ENDS = pd.date_range("2024-03-31", periods=8, freq="QE")


@pytest.fixture
def history() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "quarter_end": ENDS,
            "occupancy": [0.70 + 0.01 * step for step in range(8)],
            "observed_share": [1.0] * 6 + [0.0, 0.0],
            "estimated_share": [0.0] * 6 + [1.0, 0.0],
            "assumed_share": [0.0] * 7 + [1.0],
        }
    )


@pytest.fixture
def forecast() -> pd.DataFrame:
    quarters = pd.date_range("2026-03-31", periods=4, freq="QE")
    spread = {"p025": -0.10, "p05": -0.08, "p10": -0.06, "p50": 0.0, "p90": 0.06, "p95": 0.08, "p975": 0.10}
    return pd.DataFrame({"quarter_end": quarters} | {f"occupancy_{key}": [0.78 + by] * 4 for key, by in spread.items()})


def texts(picture: kit.Picture) -> list[str]:
    """Every English text of a chart."""
    root = ElementTree.fromstring(charts.chart_svg(picture))
    for parent in root.iter():
        for child in [one for one in parent if one.get("class") == "zh"]:
            parent.remove(child)
    return ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("}text")]


def test_fan_names_its_axis_and_opens_at_the_last_value(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """A fan that hangs in the air suggests a jump that nobody forecast."""
    picture = charts.history_with_fan(history, forecast, "Alpha", "Occupancy (committed MW / in-service MW)")
    assert {"Alpha", "Occupancy (committed MW / in-service MW)"} <= set(texts(picture))
    bands = fans.fan_bands(history, forecast)
    assert bands["low"].iloc[0] == bands["high"].iloc[0] == pytest.approx(0.77)
    assert bands["low"].iloc[1] == pytest.approx(0.68)


def test_the_outer_band_says_which_it_is(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Vintages of before the 2.5 % quantile was kept show a 90 % band; calling it 95 % would flatter."""
    assert "95%" in texts(charts.history_with_fan(history, forecast))
    old = forecast.assign(occupancy_p025=None, occupancy_p975=None)
    assert "90%" in texts(charts.history_with_fan(history, old))
    assert fans.fan_bands(history, old)["low"].iloc[1] == pytest.approx(0.70)


def test_evidence_is_told_by_shape_as_well_as_colour(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """One reader in twelve cannot tell the colours apart."""
    body = charts.history_with_fan(history, forecast).body
    assert re.search(r'<circle class="e-observed"', body)
    assert re.search(r'<path class="e-estimated" d="M[^"]+h[^"]+v', body)
    assert re.search(r'<path class="e-assumed"', body)
    assert fans.prevailing_evidence(history).tolist() == ["observed"] * 6 + ["estimated", "assumed"]


def test_history_alone_and_forecast_alone_are_drawn(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """A new series has no forecast yet; a series without rates has only one."""
    assert charts.history_with_fan(history, forecast.head(0)).body
    assert charts.history_with_fan(history.head(0), forecast).body
    with pytest.raises(ValueError, match="neither a history nor a forecast"):
        charts.history_with_fan(history.head(0), forecast.head(0))


def test_earlier_vintages_are_thin_lines(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """The track record belongs into the picture, as each vintage said it: today's history is no part of it."""
    past = pd.DataFrame(
        {"vintage": ENDS[3], "quarter_end": ENDS[4:6], "occupancy_p50": [0.80, 0.81]}
    )  # fmt: skip
    assert fans.earlier_courses(past) == [[(ENDS[4], 0.80), (ENDS[5], 0.81)]]
    drawn = charts.history_with_fan(history, forecast, past=past).body
    assert drawn.count('class="p"') == 2
    assert charts.history_with_fan(history, forecast).body.count('class="p"') == 0


def test_a_gap_of_years_is_bridged_by_dots(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """A straight line over ten years would be read as ten years of figures."""
    early = history.head(1).assign(quarter_end=pd.Timestamp("2014-03-31"))
    drawn = charts.history_with_fan(pd.concat([early, history]), forecast).body
    assert drawn.count('class="gap"') == 1
    assert charts.history_with_fan(history, forecast).body.count('class="gap"') == 0


def test_words_are_escaped_and_described(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Series are named after what documents print."""
    svg = charts.chart_svg(charts.history_with_fan(history, forecast, name(HOSTILE)), HOSTILE)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == HOSTILE


def test_charts_carry_classes_and_no_colours(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Dark mode and paper change the colours of a class; a colour in a mark would stay."""
    body = charts.history_with_fan(history, forecast).body
    assert not re.search(r'(fill|stroke|style)="', body)
    assert "#" not in body


def test_every_class_has_a_look(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """A mark whose class the style sheet lacks is black, or not there at all."""
    styles = (kit._STYLE).read_text(encoding="utf-8")
    scores = _scores()
    pictures = [
        charts.history_with_fan(history, forecast), charts.evidence_share(history),
        record.forecast_against_actual(scores, history, "A", 1), record.coverage_by_vintage(scores, "B"),
        flows.bridge_bars(_moves(), "C"),
    ]  # fmt: skip
    used = {
        one for picture in pictures for value in re.findall(r'class="([^"]+)"', picture.body) for one in value.split()
    }
    known = set(re.findall(r"\.([a-z][a-z0-9-]*)", styles)) | {"en", "zh", "d"}
    assert used <= known


def test_files_of_charts_are_english_and_stand_alone(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """The web UI of the pipeline shows them without the page's style sheet."""
    svg = charts.chart_svg(charts.history_with_fan(history, forecast, say("chart.absorption_title")))
    assert ".zh{display:none}" in svg
    assert "--ink:#" in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_sparkline_ends_at_the_last_value(history: pd.DataFrame) -> None:
    """Rising occupancy must rise to the right, also when rows come unsorted."""
    svg = charts.sparkline(history.sample(frac=1, random_state=1))
    points = [tuple(map(float, pair.split())) for pair in re.search(r'd="M([^"]+)"', svg).group(1).split("L")]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[-1][1] < points[0][1]
    assert charts.sparkline(history.assign(occupancy=1.0)).count("nan") == 0


def _scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "vintage": ENDS[:4], "quarter_end": ENDS[1:5], "horizon": 1, "occupancy": [0.71, 0.72, 0.73, 0.74],
            "occupancy_p10": 0.70, "occupancy_p50": 0.715, "occupancy_p90": 0.725,
            "last_value": [0.70, 0.71, 0.72, None],
            "inside_80": [True, True, False, False],
        }
    )  # fmt: skip


def _moves() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [Said("A", "甲")] * 2 + [name("B")], "cause": ["new report", "model or weights", "restatement"],
            "delta_occupancy_pp": [3.0, -1.0, 0.5],
        }
    )  # fmt: skip


def test_hits_and_misses_differ_in_shape(history: pd.DataFrame) -> None:
    """The strip tells how often the band held: a miss is crossed, not only red."""
    body = record.forecast_against_actual(_scores(), history, "A", 1).body
    # One of each in the legend, one an outcome in the chart, one a vintage in the strip.
    assert body.count('class="missbox"') == 2
    assert body.count('class="miss"') == 1 + 2 + 2
    assert body.count('class="hit"') == 1 + 2 + 2


def test_coverage_is_told_with_its_numbers() -> None:
    """Two of four inside are 50 %; each vintage has its row."""
    picture = record.coverage_by_vintage(_scores(), "B")
    assert "50.0%" in str(picture.summary)
    assert [row[2] for row in picture.rows] == ["100.0%", "100.0%", "0.0%", "0.0%"]


def test_bars_of_a_bridge_add_up_to_its_mark() -> None:
    """Causes that do not add up to the change explain nothing."""
    picture = flows.bridge_bars(_moves(), "C")
    assert {"+2.00", "+0.50", "A", "B"} <= set(texts(picture))
    assert picture.body.count("<rect") >= 3 + 3


def test_other_charts_are_drawn_with_their_numbers() -> None:
    """Each kind once: lines by model, bands by horizon, dots by source, forecasts of others."""
    accuracy = pd.DataFrame(
        {"model": ["chosen", "chosen", "naive"], "horizon": [1, 4, 1], "mae_pp": [1.0, 2.0, 1.5],
         "coverage_80": [0.8, 0.7, 0.8], "coverage_95": [0.95, None, 0.9]}
    )  # fmt: skip
    assert [row[2] for row in record.accuracy_by_horizon(accuracy).rows] == ["1", "2", "1.5"]
    assert len(record.coverage_by_horizon(accuracy[accuracy["model"] == "chosen"]).rows) == 2
    pairs = pd.DataFrame({"market": ["Hong Kong"] * 2, "source": ["A", "B"], "value": [0.21, 0.3]})
    assert "Hong Kong" in texts(record.source_dots(pairs, "Vacancy", "Vacancy"))
    outside = pd.DataFrame(
        {"source": ["A"], "market": ["Hong Kong"], "period_end": [ENDS[0]], "value": [20.0], "actual": [21.0],
         "last_value": [19.0], "own_value": [None]}
    )  # fmt: skip
    told = texts(record.outside_dots(outside, "Others", "Vacancy", lambda value: f"{value:g}%"))
    assert "Hong Kong Q1 24" in told
    assert "ours" not in told


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_are_round_and_lie_within(low: float, span: float) -> None:
    """Whatever the values: at least one tick, none outside the axis, evenly apart."""
    found = kit.ticks(low, low + span)
    assert 1 <= len(found) <= 12
    assert all(low - 1e-6 * span <= one <= low + span + 1e-6 * span for one in found)
    steps = {round((after - before) / span, 6) for before, after in pairwise(found)}
    assert len(steps) <= 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (kit.num(12.0), "12"), (kit.num(-0.04), "0"), (kit.num(3.14), "3.1"), (kit.plain_number(12_500.0), "12.5k"),
        (kit.plain_number(-2_000_000.0), "\u22122M"), (kit.plain_number(0.5), "0.5"), (kit.per_cent(0.825), "82.5%"),
        (kit.quarter_label("2026-09-30"), "Q3 26"),
    ],
)  # fmt: skip
def test_numbers_of_axes_are_short(written: str, expected: str) -> None:
    """An axis has room for a few letters."""
    assert written == expected
