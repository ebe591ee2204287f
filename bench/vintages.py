"""Backfilling the track record: every vintage that the bundled history gives, through the Dagster job `vintages`.

Prints vintages, series, forecasts scored and seconds. The range is one run of the job, as a backfill over its
partitions in the UI starts it.

    python -m bench.vintages [--vintages 16]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

ASKED_S = 600


def main() -> None:
    """Run the measurement and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vintages", type=int, default=16, help="quarters before the newest")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 11, 20))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="colocast-vintages-") as folder:
        os.environ |= {"COLOCAST_HOME": folder, "DAGSTER_HOME": f"{folder}/dagster", "COLOCAST_PAST_VINTAGES": "0"}
        measure(Path(folder), asked.vintages, asked.as_of)


def measure(home: Path, count: int, as_of: date) -> None:
    """Main job without past vintages, then the backfill in one run of the job `vintages`, then the job again."""
    import pandas as pd

    from assets.warehouse.database import connect
    from pipelines.commands.running import execute, failures
    from pipelines.home import write_instance_config
    from pipelines.settings import Settings
    from pipelines.timing import partition_of

    settings = Settings(home=home, as_of=as_of, past_vintages=0)
    settings.layout.make()
    write_instance_config(settings)
    result = execute("refresh", settings, None)
    assert result.success, failures(result)
    ends = [(pd.Timestamp(as_of) - pd.offsets.QuarterEnd(back)).date() for back in (count + 1, 2)]
    started = time.monotonic()
    result = execute("vintages", settings, None, (partition_of(ends[0]), partition_of(ends[1])))
    seconds = time.monotonic() - started
    assert result.success, failures(result)
    result = execute("refresh", settings, None)
    assert result.success, failures(result)
    with connect(settings.layout.published, read_only=True) as connection:
        made, series, rows, scored, bridged = connection.execute(
            "SELECT count(*) FILTER (origin = 'backfill'), sum(series) FILTER (origin = 'backfill'),"
            " (SELECT count(*) FROM occupancy_forecast WHERE portfolio IS NULL),"
            " (SELECT count(*) FROM forecast_scores), (SELECT count(*) FROM forecast_bridge) FROM vintages"
        ).fetchall()[0]
        gap = connection.execute(BRIDGE_GAP).fetchall()[0][0]
    table = Table(title="Backfill of vintages")
    for name in (
        "vintages",
        "series x vintages",
        "forecast rows",
        "scored",
        "bridge rows",
        "largest gap",
        "seconds",
        "",
    ):
        table.add_column(name, justify="right")
    verdict = f"asked: under {ASKED_S} s"
    table.add_row(*map(str, (made, series, rows, scored, bridged)), f"{gap:.1e}", f"{seconds:.1f}", verdict)
    Console().print(table)


# Largest difference between the parts of a bridge and the change of the medians they explain, in points and units.
BRIDGE_GAP = """
WITH parts AS (
    SELECT vintage_from, vintage_to, scenario, level, series_id, quarter_end, sum(delta_leased) AS leased,
           sum(delta_occupancy_pp) AS points
    FROM forecast_bridge WHERE portfolio IS NULL AND vintage_from < vintage_to GROUP BY ALL
)
SELECT max(greatest(
    abs(points - 100 * (after.occupancy_p50 - before.occupancy_p50)),
    coalesce(abs(leased - (after.leased_p50 - before.leased_p50)), 0)
))
FROM parts
JOIN occupancy_forecast AS before
    ON (before.vintage, before.scenario, before.level, before.series_id, before.quarter_end)
       = (vintage_from, parts.scenario, parts.level, parts.series_id, parts.quarter_end)
JOIN occupancy_forecast AS after
    ON (after.vintage, after.scenario, after.level, after.series_id, after.quarter_end)
       = (vintage_to, parts.scenario, parts.level, parts.series_id, parts.quarter_end)
"""

if __name__ == "__main__":
    main()
