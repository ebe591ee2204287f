"""A quote must prove its number: these are forms in which real reports print one, and quotes that do not."""

from __future__ import annotations

import pytest

from expectations.printed import shows_value

SHOWN = [
    ("Area in service was 630,963 sqm as of June 30, 2024.", 630963, 0.5, "sqm"),
    ("utilization rate of 73.3%", 73.3, 0.05, "pct"),
    ("78.1", 78100, 50, "sqm"),
    ("计费面积为26.5万平方米", 265000, 500, "sqm"),
    ("使用率为７３．３％", 73.3, 0.05, "pct"),
    ("1.244", 1244, 0.5, "mw"),
    ("437,5 MW", 437.5, 0.05, "mw"),
    ("51 960", 51960, 0.5, "cabinets"),
    ("0.784", 78.4, 0.05, "pct"),
    ("MRR1 of 8,753", 8753, 0.5, "RMB/month"),
    ("The property is fully occupied.", 100, 0.5, "pct"),
    ("二零二零年第三季度为百分之七十三", 73, 0.5, "pct"),
    ("about nine tenths of deployed capacity", 90, 0.5, "pct"),
    ("-61092", -61092, 0.5, "sqm"),
]
NOT_SHOWN = [
    ("Area in service was 630,963 sqm as of June 30, 2024.", 462673, 0.5, "sqm"),
    ("utilization rate of 73.3%", 92.5, 0.05, "pct"),
    ("Utilisation was high.", 92.5, 0.05, "pct"),
    ("12.6 MW", 12.9, 0.05, "mw"),
]


@pytest.mark.parametrize(("quote", "value", "half", "unit"), SHOWN)
def test_shown(quote: str, value: float, half: float, unit: str) -> None:
    assert shows_value(quote, value, half, unit)


@pytest.mark.parametrize(("quote", "value", "half", "unit"), NOT_SHOWN)
def test_not_shown(quote: str, value: float, half: float, unit: str) -> None:
    assert not shows_value(quote, value, half, unit)
