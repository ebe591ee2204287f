"""The code location: everything Dagster loads, put together by build_defs().

workspace.yaml loads `defs` from here. What does not belong here: any work (steps/), any wording (catalogue.py).
Nothing heavy is imported at load time (no Great Expectations, no Prophet, no charts), since every tick pays for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.alert_sensor import alert_sensor
from pipelines.disk_sensor import disk_sensor
from pipelines.filing_sensor import filing_sensor
from pipelines.resources import NoHandingOver, Workplace
from pipelines.sensors import failure_sensor, inbox_sensor
from pipelines.settings import Settings
from pipelines.shells import delivery_assets, outlook_assets, reports_assets, warehouse_assets
from pipelines.timing import VINTAGES, WORKPLACE, daily_refresh, quarterly_forecast

REFRESH, REBUILD, VINTAGE = "refresh", "rebuild", "vintages"
Definable = dg.AssetsDefinition | dg.AssetSpec


def build_defs(
    resource_overrides: Mapping[str, Any] | None = None, asset_overrides: Sequence[Definable] | None = None
) -> dg.Definitions:
    """All definitions. Overrides replace a resource by key, or an asset by its keys (tests, other places to write)."""
    settings = Settings()
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *reports_assets(),
        *warehouse_assets(),
        *outlook_assets(),
        *delivery_assets(),
    ]
    for override in asset_overrides or ():
        keys = {override.key} if isinstance(override, dg.AssetSpec) else set(override.keys)
        assets = [one for one in assets if not keys & ({one.key} if isinstance(one, dg.AssetSpec) else set(one.keys))]
        assets.append(override)
    frozen = dg.AssetSelection.assets("frozen_vintage")
    # A run that is started again begins at its first step, which finds what the dead one left and mends it.
    ends_after = {"dagster/max_runtime": str(settings.max_runtime_s), "dagster/retry_strategy": "ALL_STEPS"}
    refresh = dg.define_asset_job(
        REFRESH,
        selection=dg.AssetSelection.all() - frozen,
        executor_def=dg.in_process_executor,
        tags=ends_after,
        description="The main job: receive, read, judge, load, forecast, score, find alerts, audit, publish, page. It "
        "runs daily and when a report arrives; start it by hand after mending something. With nothing new it ends "
        "within seconds and changes nothing. What to do about a failed check stands in docs/runbook.md.",
    )
    rebuild = dg.define_asset_job(
        REBUILD,
        selection=dg.AssetSelection.all() - frozen,
        executor_def=dg.in_process_executor,
        config={"resources": {WORKPLACE: {"config": {"rebuild": True}}}},
        tags=ends_after,
        description="The warehouse again, from the archive alone: drops warehouse and readings, reads every archived "
        "document anew; frozen vintages come back from the publication. Start it when the warehouse is damaged. The "
        "result equals what was there, unless code, layouts or rules have changed.",
    )
    vintages = dg.define_asset_job(
        VINTAGE,
        selection=frozen,
        partitions_def=VINTAGES,
        executor_def=dg.in_process_executor,
        tags=ends_after,
        description="The forecast of past quarters, one partition each, with what was known then. The main job makes "
        "the newest ones by itself; start this for older quarters, and the next refresh scores and publishes them.",
    )
    return dg.Definitions(
        assets=assets,
        jobs=[refresh, rebuild, vintages],
        schedules=[daily_refresh(refresh), quarterly_forecast(vintages)],
        sensors=[inbox_sensor(refresh), failure_sensor(), alert_sensor(), filing_sensor(), disk_sensor()],
        resources={WORKPLACE: Workplace(), "io_manager": NoHandingOver(), **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
