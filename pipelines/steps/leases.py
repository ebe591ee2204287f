"""Leases: every rent roll under every scenario, into the lease tables of the newest vintage."""

from __future__ import annotations

from pipelines import versions
from pipelines.steps.mending import mended
from pipelines.steps.outlook import code_version
from pipelines.steps.pictures import draw_leases
from pipelines.steps.tables import describe_tables
from pipelines.steps.work import Outcome, StageError, Work, log, need

LEASE_TABLES = (
    "lease_expiries", "wale", "backlog_runoff", "contiguous_space", "path_samples", "lease_estimates", "join_weights",
    "ladder_forecast", "scenarios",
    "shocks",
    "scenario_effects", "scenario_sensitivity", "scenario_carriers",
)  # fmt: skip


@mended
def leases(work: Work) -> Outcome:
    """Simulate the rent rolls. Summary: what build_lease_tables says, and the tables. Raises StageError for a scenario
    file that cannot be used.
    """
    memory = work.memory()
    scenario_files = versions.hash_files([work.settings.scenarios, work.home.scenarios], work.settings.scenarios)
    mark = versions.fingerprint(
        need(memory, "outlook"),
        work.vintage,
        work.settings.seed,
        versions.version_of(versions.OUTLOOK),
        scenario_files,
    )
    summary = memory.recall("leases", mark)
    if summary is not None:
        return Outcome("leases", False, summary)
    from assets.outlook.lease_bridge import build_lease_bridge, read_publication
    from assets.outlook.lease_tables import build_lease_tables
    from assets.outlook.portfolios import scenarios_in_force
    from assets.outlook.scenarios import ScenarioError
    from assets.warehouse.database import connect
    from forecasts.parallel import in_turn
    from pipelines.findings import plain

    try:
        scenarios = scenarios_in_force(work.settings.scenarios, work.home.scenarios)
    except ScenarioError as error:
        raise StageError(str(error)) from error
    log.info("Simulating leases under %d scenarios", len(scenarios))
    memory.forget("leases")
    before = read_publication(work.home.published)
    vintage, seed = work.vintage, work.settings.seed
    with connect(work.home.warehouse) as connection:
        fan_out = work.fan_out or in_turn
        said = build_lease_tables(connection, vintage, work.as_of, seed, scenarios, _simulating, fan_out)
        said |= build_lease_bridge(connection, before, vintage, seed, code_version(), scenarios)
        if said["no_bridge"]:
            log.info("Why the forecast of leases moved is not told: %s", said["no_bridge"])
        tables = describe_tables(connection, LEASE_TABLES)
        draw_leases(work, connection)
    summary = {**plain(said), "vintage": work.vintage.isoformat(), "tables": tables, "fingerprint": mark}
    memory.store("leases", mark, summary)
    return Outcome("leases", True, summary)


def _simulating(portfolio: str, done: int, total: int) -> None:
    log.info("Leases of %s: %d of %d scenarios", portfolio, done, total)
