"""`colocast simulate`: a rent roll in files, lease tables out, without a warehouse. The simulation is in
forecasts/leases.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands.console import OK, USAGE, RefusedError, err, parse_day
from pipelines.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.leases.portfolio import Portfolio

# Problem rows told on the console; all of them stand in problems.parquet.
TOLD = 5
CHECKED_LEASES = 100_000


def simulate_files(
    facilities: Path,
    leases: Path,
    evidence: Path | None,
    history: Path | None,
    deliveries: Path | None,
    as_of: str | None,
    scenarios: Sequence[str],
    thresholds: Sequence[float],
    horizon: int,
    paths: int,
    seed: int,
    jobs: int,
    out: Path,
    lock_in: float | None = None,
    dual_stack: float | None = None,
) -> int:
    """Read, simulate and write the four tables (and problems.parquet where rows were held back); returns the exit
    code.
    """
    from assets.outlook.portfolios import scenarios_in_force, simulate_portfolio
    from assets.outlook.scenarios import ScenarioError, chosen, unmatched_names, with_multipliers
    from assets.rent_roll.problems import RentRollError
    from assets.rent_roll.reading import load_portfolio
    from assets.warehouse.ledger import bundled_assumptions

    if out.exists() and not out.is_dir():
        raise RefusedError(f"--out {out} is a file; expected a folder to write to.", USAGE)
    wrong = [threshold for threshold in thresholds if not 0 < threshold < 1]
    if wrong:
        raise RefusedError(f"--threshold {wrong[0]}: expected a fraction between 0 and 1, such as 0.85.", USAGE)
    day = parse_day(as_of, "--as-of") if as_of else None
    try:
        settings = Settings()
        known = scenarios_in_force(settings.scenarios, settings.layout.scenarios)
        wanted = [
            with_multipliers(chosen(known, [name]), lock_in, dual_stack)
            for name in dict.fromkeys(scenarios or ["base"])
        ]
        portfolio, problems = load_portfolio(facilities, leases, evidence, history, deliveries, day)
    except (RentRollError, ScenarioError) as error:
        raise RefusedError(str(error), USAGE) from error
    portfolio, problems = _placed(*_with_rules(portfolio, problems))
    operators, markets = (set(portfolio.facilities[name].dropna()) for name in ("operator", "market"))
    for scenario in wanted:
        for warning in unmatched_names(scenario, operators, markets):
            err.print(warning, highlight=False, markup=False)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from forecasts.parallel import in_turn
    from pipelines.fan_out import fan_out

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} of {task.total}"))
    with (
        fan_out(settings.dask) as spread,
        Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bars,
    ):
        task = bars.add_task("Simulating scenarios", total=len(wanted))
        try:
            result = simulate_portfolio(
                portfolio, bundled_assumptions(), wanted, horizon, paths, seed, thresholds, jobs,
                lambda done, total: bars.update(task, completed=done), spread or in_turn,
            )  # fmt: skip
        except ValueError as error:
            raise RefusedError(str(error), USAGE) from error
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in result.tables.items():
        _write(frame, out / f"{name}.parquet")
    (out / "problems.parquet").unlink(missing_ok=True)
    if len(problems):
        _write(problems, out / "problems.parquet")
        err.print(f"{len(problems)} row(s) to look at, all of them in {out / 'problems.parquet'}:", highlight=False)
        for row in problems.head(TOLD).to_dict("records"):
            where = ", ".join(part for part in (row["file"], row["locator"], row["column"]) if part)
            said = f"  {where}: found {row['found']}; expected {row['expected']}. {row['remedy']}"
            err.print(said, highlight=False, markup=False)
    err.print(
        f"{len(portfolio.leases)} leases in {len(portfolio.facilities)} buildings as of {portfolio.as_of.date()}, "
        f"{len(wanted)} scenario(s), {horizon} quarters, {paths} paths: {out}",
        highlight=False,
    )
    return OK


def _placed(portfolio: Portfolio, problems: pd.DataFrame) -> tuple[Portfolio, pd.DataFrame]:
    """The portfolio without rows of buildings that are not among its facilities, each of them a problem row. Raises
    RefusedError for a building that stands twice.
    """
    import pandas as pd

    ids = portfolio.facilities["facility_id"]
    if ids.duplicated().any():
        name = ids[ids.duplicated()].iloc[0]
        raise RefusedError(
            f"--facilities: {name!r} stands twice; expected one row a building. Delete one of them.", USAGE
        )
    frames, told = {}, [problems]
    for kind in ("leases", "evidence", "history", "deliveries"):
        frame = getattr(portfolio, kind)
        strange = ~frame["facility_id"].isin(ids)
        frames[kind] = frame[~strange].reset_index(drop=True)
        if strange.any():
            rows = frame[strange]
            printed = [row.to_json(date_format="iso", force_ascii=False) for _, row in rows.iterrows()]
            told.append(
                pd.DataFrame(
                    {
                        "kind": kind, "rule": "unknown_facility", "file": "", "locator": "", "column": "facility_id",
                        "found": rows["facility_id"].to_numpy(), "expected": "a facility_id of --facilities",
                        "remedy": "Add the building to --facilities, or correct the id; the row is left out.",
                        "row_json": printed,
                    }
                )
            )  # fmt: skip
    return replace(portfolio, **frames), pd.concat(told, ignore_index=True) if len(told) > 1 else problems


def _with_rules(portfolio: Portfolio, problems: pd.DataFrame) -> tuple[Portfolio, pd.DataFrame]:
    """Problem rows and the rows that fail a rule on rent rolls. The latter are simulated as they stand: the files are
    the user's own, and what is odd in them is told. Above CHECKED_LEASES the rules would take longer than the
    simulation.
    """
    import pandas as pd

    from expectations.rent_roll import check_rent_roll

    if len(portfolio.leases) > CHECKED_LEASES:
        err.print(f"More than {CHECKED_LEASES:,} leases: the rules on rent rolls are not applied.", highlight=False)
        return portfolio, problems
    frames = {name: getattr(portfolio, name) for name in ("facilities", "leases", "evidence", "history", "deliveries")}
    report = check_rent_roll(frames, portfolio.as_of.date())
    failing = report.failing()
    told = pd.DataFrame(
        {
            "kind": failing["document"], "rule": failing["rule_id"], "file": "", "locator": failing["candidate_id"],
            "column": "", "found": failing["found"], "expected": failing["expected"], "remedy": failing["remedy"],
            "row_json": "",
        }
    )  # fmt: skip
    return portfolio, pd.concat([problems, told], ignore_index=True) if len(told) else problems


def _write(frame: pd.DataFrame, path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        frame.to_parquet(unfinished, index=False)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
