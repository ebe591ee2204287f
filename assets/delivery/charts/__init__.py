"""Charts from frames: rows of published tables in, small SVG pictures out. Used by the page and as metadata of runs.

Belongs here: what a picture shows and how it names its axes, one subject a module. Does not belong here: reading the
database, page layout, sentences (templates/words.yaml), colours (templates/charts.css).
"""

from assets.delivery.charts.fans import evidence_share, history_with_fan, scenario_fans, sparkline
from assets.delivery.charts.kit import Picture, chart_svg
from assets.delivery.charts.record import accuracy_by_horizon, coverage_by_horizon

__all__ = [
    "Picture",
    "accuracy_by_horizon",
    "chart_svg",
    "coverage_by_horizon",
    "evidence_share",
    "history_with_fan",
    "scenario_fans",
    "sparkline",
]
