"""Charts are pictures of numbers that people decide by: right axes, closed fans, and no markup from documents."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from assets.delivery import charts

HOSTILE = '<script>alert("x")</script> & "Sons"'


@pytest.fixture
def history() -> pd.DataFrame:
    quarters = pd.date_range("2024-03-31", periods=8, freq="QE")
    return pd.DataFrame(
        {
            "quarter_end": quarters,
            "occupancy": [0.70 + 0.01 * step for step in range(8)],
            "observed_share": [1.0] * 6 + [0.0, 0.0],
            "estimated_share": [0.0] * 6 + [1.0, 0.0],
            "assumed_share": [0.0] * 7 + [1.0],
        }
    )


@pytest.fixture
def forecast() -> pd.DataFrame:
    quarters = pd.date_range("2026-03-31", periods=4, freq="QE")
    spread = {"p05": -0.08, "p10": -0.06, "p50": 0.0, "p90": 0.06, "p95": 0.08}
    return pd.DataFrame(
        {"quarter_end": quarters} | {f"occupancy_{name}": [0.78 + by] * 4 for name, by in spread.items()}
    )


def test_fan_names_its_axis_and_opens_at_the_last_value(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """A fan that hangs in the air suggests a jump that nobody forecast."""
    chart = charts.history_with_fan(history, forecast, "Alpha", "Occupancy (committed MW / in-service MW)")
    svg = charts.chart_svg(chart)
    assert "Occupancy (committed MW / in-service MW)" in svg
    assert "Alpha" in svg
    first = chart.to_dict()["datasets"]["ahead"][0]
    assert first["occupancy_p05"] == first["occupancy_p95"] == pytest.approx(0.77)


def test_evidence_is_told_by_shape_as_well_as_colour(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """One reader in twelve cannot tell the colours apart."""
    svg = charts.chart_svg(charts.history_with_fan(history, forecast))
    assert all(name in svg for name in charts.EVIDENCE_CLASSES)
    assert charts.prevailing_evidence(history).tolist() == ["observed"] * 6 + ["estimated", "assumed"]


def test_history_alone_and_forecast_alone_are_drawn(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """A new series has no forecast yet; a series without rates has only one."""
    assert charts.chart_svg(charts.history_with_fan(history, forecast.head(0)))
    assert charts.chart_svg(charts.history_with_fan(history.head(0), forecast))
    with pytest.raises(ValueError, match="neither a history nor a forecast"):
        charts.history_with_fan(history.head(0), forecast.head(0))


def test_earlier_vintages_are_thin_lines(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """The track record belongs into the picture."""
    past = forecast[["quarter_end", "occupancy_p50"]].assign(vintage=pd.Timestamp("2025-06-30"))
    with_past = charts.chart_svg(charts.history_with_fan(history, forecast, past=past))
    assert with_past.count(charts.FAINT) > charts.chart_svg(charts.history_with_fan(history, forecast)).count(
        charts.FAINT
    )


def test_words_are_escaped_and_described(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Series are named after what documents print."""
    svg = charts.chart_svg(charts.history_with_fan(history, forecast, HOSTILE), HOSTILE)
    assert "<script" not in svg
    assert '"Sons"' not in svg.split(">", 1)[0].replace("&quot;", "")
    assert re.match(r'<svg role="img" aria-label="[^"]+"[^>]*><title>', svg)


def test_two_charts_in_one_page_share_no_identifier(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Equal identifiers let one chart clip the other."""
    both = [charts.chart_svg(charts.history_with_fan(history, forecast, title), title) for title in ("a", "b")]
    first, second = ({*re.findall(r'\bid="([^"]+)"', svg)} for svg in both)
    assert not first & second
    for svg in both:
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_themed_charts_follow_the_style_sheet(history: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Dark mode would otherwise show black on black; without a style sheet colours stay colours."""
    chart = charts.history_with_fan(history, forecast)
    assert not [colour for colour in charts.VARIABLES if f'"{colour}"' in charts.chart_svg(chart, themed=True)]
    assert "var(--" not in charts.chart_svg(chart)


def test_other_charts_are_drawn(history: pd.DataFrame) -> None:
    """Each kind once, since charts are drawn without validation."""
    accuracy = pd.DataFrame({"model": ["a", "a", "last"], "horizon": [1, 4, 1], "mae_pp": [1.0, 2.0, 1.5]})
    pairs = pd.DataFrame({"market": ["Hong Kong"] * 2, "source": ["A", "B"], "value": [0.21, 0.3]})
    for chart in (
        charts.evidence_share(history),
        charts.accuracy_by_horizon(accuracy),
        charts.source_dots(pairs, "Vacancy"),
    ):
        chart.to_dict(validate=True)
        assert charts.chart_svg(chart).startswith("<svg")


def test_sparkline_ends_at_the_last_value(history: pd.DataFrame) -> None:
    """Rising occupancy must rise to the right, also when rows come unsorted."""
    svg = charts.sparkline(history.sample(frac=1, random_state=1))
    points = [tuple(map(float, pair.split(","))) for pair in re.search(r'points="([^"]+)"', svg).group(1).split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[-1][1] < points[0][1]
    assert charts.sparkline(history.assign(occupancy=1.0)).count("nan") == 0
