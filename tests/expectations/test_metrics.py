"""The catalogue must know every metric the ledger names, with units that can be checked."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from expectations.metrics import load_catalogue


def test_every_metric_of_the_ledger_is_known(repository: Path) -> None:
    catalogue = load_catalogue()
    with (repository / "data" / "ledger" / "metrics.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            metric = catalogue.find(row["metric"])
            assert metric is not None, row["metric"]
            if row["unit"] != "same":
                assert set(row["unit"].split("|")) <= set(metric.units)


@pytest.mark.parametrize(
    ("metric", "unit", "bounds"),
    [
        ("utilisation_rate", "pct", (0, 100)),
        ("capacity_in_service", "mw", (0, 200000)),
        ("pipeline_capacity[U/C-2025]", "mw", (0, 200000)),
        ("net_absorption_full_year", "mw", (-200000, 200000)),
        ("renewal_rent_change_cash_full_year", "pct", (-100, 500)),
        ("no_such_metric", "mw", (-math.inf, math.inf)),
    ],
)
def test_bounds(metric: str, unit: str, bounds: tuple[float, float]) -> None:
    assert load_catalogue().bounds(metric, unit) == bounds


def test_a_unit_set_that_is_not_defined_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.yaml"
    path.write_text(
        "highest_by_unit: {mw: 1}\nunit_sets: {percent: [pct]}\nfamilies_with_detail: {}\n"
        "metrics: {speed: {family: rate, units: knots}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="speed names the unit set 'knots'"):
        load_catalogue(path)
