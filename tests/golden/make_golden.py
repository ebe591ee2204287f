"""A small COLOCAST_HOME as the code of one revision leaves it, packed: what later versions must open and migrate.

Run with that revision's tree as working directory; README.md beside this file has the commands. Two documents and a
small rent roll, two runs a quarter apart (so that a frozen vintage stands beside the newest one), an alert where the
revision knows alerts. Precision does not matter here, so paths are few.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from datetime import date
from pathlib import Path

DAYS = (date(2026, 6, 30), date(2026, 10, 15))
HALLS = ("HK01", "HK02")
REPORT = "template_chindata_2021_2022.csv"
KEPT = ("archive", "warehouse.duckdb", "published/occupancy.duckdb", "state/stages.json")
QUARTERS = [date(year, *end) for year in (2023, 2024, 2025) for end in ((3, 31), (6, 30), (9, 30), (12, 31))]


def steady_series() -> str:
    """Twelve quarters of an invented operator: enough points for a forecast."""
    rows = ["operator,facility,period_end,metric,value,unit"]
    for number, end in enumerate(QUARTERS):
        rows.append(f"Steady Data Centres Ltd,,{end},capacity_in_service,{40 + number}.0,mw")
        rows.append(f"Steady Data Centres Ltd,,{end},capacity_utilised,{28.5 + number},mw")
    return "\n".join(rows) + "\n"


def make_inbox(folder: Path, tree: Path) -> Path:
    """Documents of the tree's own bundle, cut down, and the invented operator."""
    import pandas as pd

    inbox, source = folder / "inbox", tree / "data" / "portfolios" / "illustrative_hong_kong"
    (inbox / "harbour").mkdir(parents=True)
    shutil.copy(tree / "data" / "reports" / REPORT, inbox)
    (inbox / "steady.csv").write_text(steady_series())
    for name in ("facilities", "leases", "history_quarterly", "stack_evidence"):
        frame = pd.read_csv(source / f"{name}.csv", dtype=str, keep_default_na=False)
        frame[frame["facility_id"].isin(HALLS)].to_csv(inbox / "harbour" / f"{name}.csv", index=False)
    return inbox


def main() -> int:
    """Make the home in a temporary folder and pack it into the file named on the command line."""
    target, tree = Path(sys.argv[1]).absolute(), Path.cwd()
    sys.path.insert(0, str(tree))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inbox, home, scenarios = make_inbox(folder, tree), folder / "home", folder / "scenarios"
        scenarios.mkdir()
        shutil.copy(tree / "data" / "scenarios" / "base.yaml", scenarios)
        os.environ |= {"COLOCAST_SCENARIOS": str(scenarios), "COLOCAST_PAST_VINTAGES": "0"}
        os.environ |= {"COLOCAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
        from assets.outlook import lease_tables
        from pipelines.commands.running import execute, failures
        from pipelines.home import write_instance_config
        from pipelines.settings import REPOSITORY, Settings

        if tree != REPOSITORY:
            raise SystemExit(f"imported {REPOSITORY}, expected {tree}: set PYTHONPATH to the tree")
        lease_tables.PATHS, lease_tables.EXPLAINING_PATHS, lease_tables.BACKTEST_PATHS = 40, 16, 16
        lease_tables.ASKED_PRIORS = ("renewal",)
        for day in DAYS:
            settings = Settings(home=home, as_of=day)
            settings.layout.make()
            write_instance_config(settings)
            result = execute("refresh", settings, inbox)
            if not result.success:
                raise SystemExit(f"the run as of {day} failed: {failures(result)}")
        with tarfile.open(target, "w:xz", preset=9) as pack:
            for kept in KEPT:
                pack.add(home / kept, kept)
    print(f"{target}: {target.stat().st_size / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
