"""The Dagster assets: thin shells over the plain functions in steps/, one Dagster step per step of the job.

Each shell runs its step, then says what it left (row counts, schema, lineage, previews, charts) and yields its checks.
Tables that are made together are one multi-asset, so that the job is eight steps and not twenty. Nothing is handed from
step to step in memory: what a step needs lies in COLOCAST_HOME, so any step can be run alone from the UI.

Vintages. `refresh` is unpartitioned: it makes the forecast of the newest vintage, however often, until the next
quarter ends. The asset `frozen_vintage` is partitioned by quarter and stands beside it, over the same plain function: a
backfill makes past vintages with what was known on the last day on which each was the newest. Both write the same
tables by (vintage, ...), so a vintage exists once. One asset could not be both: every run of a partitioned asset needs
a partition key, and then neither the inbox nor a person could simply refresh.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from pipelines.catalogue import BY_NAME, MODELS_TEAM, OUTLOOK, Entry
from pipelines.checks import described, rule_results, rule_specs, runbook_metadata, table
from pipelines.findings import blocking
from pipelines.home import POOL
from pipelines.metadata import charts, facts, table_metadata
from pipelines.resources import Workplace
from pipelines.settings import Settings
from pipelines.steps import alerts as alerting
from pipelines.steps import delivery, housekeeping, intake, warehouse
from pipelines.steps import leases as leasing
from pipelines.steps import outlook as outlooks
from pipelines.steps import track_record as tracking
from pipelines.steps.work import Outcome
from pipelines.timing import VINTAGES, vintage_of

Result = dg.MaterializeResult[Any] | dg.AssetCheckResult
FRESHNESS = "reports_on_time"
LAYOUT_DIFF = "layout_diff"


def spec(name: str) -> dg.AssetSpec:
    """The specification of an asset from its entry in the catalogue."""
    entry = BY_NAME[name]
    return dg.AssetSpec(
        key=name,
        deps=list(entry.deps),
        description=entry.description,
        group_name=entry.group,
        kinds=set(entry.kinds),
        owners=[entry.owner],
        metadata={"dagster/table_name": f"main.{name}"} if entry.table else None,
        # Without a materialisation of its own, Dagster would record one for every output that is not skippable.
        skippable=name == "publication",
    )


def made(entry: Entry, outcome: Outcome, extra: dict[str, Any] | None = None) -> dg.MaterializeResult[Any]:
    """The materialisation of one asset from what its step says."""
    metadata: dict[str, Any] = {"changed in this run": outcome.fresh, **(extra or {})}
    seen = outcome.summary.get("tables", {}).get(entry.name)
    if seen is not None:
        metadata.update(table_metadata(entry, seen))
    version = outcome.summary.get("fingerprint")
    return dg.MaterializeResult(
        asset_key=entry.name, metadata=metadata, data_version=dg.DataVersion(version) if version else None
    )


def reports_assets() -> list[dg.AssetsDefinition]:
    """Group `reports`: receive and read."""

    @dg.multi_asset(name="receive", specs=[spec("archived_documents")], pool=POOL)
    def receive(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Archive first: bytes before anything is parsed."""
        outcome = intake.receive(workplace.work(context.run_id))
        extra = facts(outcome.summary)
        for label in ("received", "passed"):
            rows = outcome.summary[label]
            if rows:
                extra[label + " files"] = table(rows, list(rows[0]))
        for label in ("mended", "damaged"):
            if outcome.summary[label]:
                extra[label] = dg.MetadataValue.md("\n".join(f"- {one}" for one in outcome.summary[label]))
        yield made(BY_NAME["archived_documents"], outcome, extra)

    @dg.multi_asset(name="read", specs=[spec("document_readings")], pool=POOL)
    def read(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Read what has not been read under the present mapping version."""
        outcome = intake.read(workplace.work(context.run_id))
        extra = facts(outcome.summary)
        if outcome.summary["unread"]:
            extra["not read"] = table(outcome.summary["unread"], ["file", "status", "reason"])
        yield made(BY_NAME["document_readings"], outcome, extra)

    return [receive, read]


def warehouse_assets() -> list[dg.AssetsDefinition]:
    """Group `warehouse`: judge and load, then history and its neighbours."""
    from expectations.checking import CANDIDATE_RULES
    from expectations.rent_roll import RENT_ROLL_RULES

    rules = rule_specs(CANDIDATE_RULES, "observations")
    roll_rules = rule_specs(RENT_ROLL_RULES, "leases")
    layout_diff = dg.AssetCheckSpec(
        LAYOUT_DIFF,
        asset="documents",
        description=described(
            "A document of a known operator that lacks figures its predecessor had, or carries metric phrases nobody "
            "knows: the layout has drifted, or the operator has stopped saying something. Mend its layout file.",
            LAYOUT_DIFF,
            Settings().docs_url,
        ),
    )
    freshness = dg.AssetCheckSpec(
        FRESHNESS,
        asset="documents",
        description=described(
            "Every operator's next report against its own calendar (cadence and reporting_lag_days in its layout "
            "file). Late: fetch the report and put it into the inbox.",
            FRESHNESS,
            Settings().docs_url,
        ),
    )

    @dg.multi_asset(
        name="judge",
        specs=[spec(name) for name in warehouse.JUDGED_TABLES + warehouse.RENT_ROLL_TABLES],
        check_specs=[*rules, *roll_rules, layout_diff, freshness],
        pool=POOL,
    )
    def judge(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Check every figure, load what holds, keep the rest in quarantine."""
        outcome = warehouse.judge(workplace.work(context.run_id))
        for name in warehouse.JUDGED_TABLES + warehouse.RENT_ROLL_TABLES:
            extra = lateness(outcome.summary["due"]) if name == "documents" else None
            yield made(BY_NAME[name], outcome, extra)
        yield freshness_result(outcome.summary["due"])
        yield from rule_results(outcome.summary["findings"], [*rules, layout_diff])
        yield from rule_results(outcome.summary["rent_roll_findings"], roll_rules)

    @dg.multi_asset(name="history", specs=[spec(name) for name in warehouse.HISTORY_TABLES], pool=POOL)
    def history(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Series, stack shares, disagreements and the ledger, from accepted observations."""
        work = workplace.work(context.run_id)
        outcome = warehouse.history(work)
        for name in warehouse.HISTORY_TABLES:
            yield made(BY_NAME[name], outcome)

    return [judge, history]


def outlook_assets() -> list[dg.AssetsDefinition]:
    """Group `outlook`: the newest vintage, the leases, and past vintages by partition."""

    @dg.multi_asset(name="outlook", specs=[spec(name) for name in outlooks.OUTLOOK_TABLES], pool=POOL)
    def outlook(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Forecast the newest vintage."""
        work = workplace.work(context.run_id)
        outcome = outlooks.outlook(work)
        extras = {
            "occupancy_forecast": {**facts(outcome.summary), **charts(work.home.charts)},
            "backtest_accuracy": charts(work.home.accuracy_charts),
        }
        for name in outlooks.OUTLOOK_TABLES:
            yield made(BY_NAME[name], outcome, extras.get(name))

    @dg.multi_asset(name="simulate_leases", specs=[spec(name) for name in leasing.LEASE_TABLES], pool=POOL)
    def simulate_leases(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Simulate every rent roll under every scenario."""
        work = workplace.work(context.run_id)
        outcome = leasing.leases(work)
        extra = {**facts(outcome.summary), **charts(work.home.lease_charts)}
        for name in leasing.LEASE_TABLES:
            yield made(BY_NAME[name], outcome, extra if name == "scenario_effects" else None)

    @dg.asset(
        name="frozen_vintage",
        group_name=OUTLOOK,
        partitions_def=VINTAGES,
        deps=["occupancy_history", "stack_shares", "assumptions"],
        kinds={"duckdb", "python"},
        owners=[MODELS_TEAM],
        pool=POOL,
        # One run for a whole range: past quarters share what members say of them.
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="The forecast of one quarter as it could have been made then, from what was known on the last day "
        "before the next quarter ended. A partition is named by its quarter's first day. The main job makes the newest "
        "ones by itself; backfill older quarters for a longer track record, and the next refresh publishes them. A "
        "vintage that is there stays as it is.",
    )
    def frozen_vintage(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[Any]:
        """Make the vintages of the run's partitions."""
        vintages = [vintage_of(key) for key in context.partition_keys]
        outcome = outlooks.freeze(workplace.work(context.run_id), vintages)
        return dg.MaterializeResult(metadata=facts(outcome.summary))

    @dg.multi_asset(name="track_record", specs=[spec(name) for name in tracking.TRACK_TABLES], pool=POOL)
    def track_record(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Past vintages that are missing, and every vintage against what came."""
        outcome = tracking.track_record(workplace.work(context.run_id))
        extras = {
            "vintages": facts(outcome.summary),
        }
        for name in tracking.TRACK_TABLES:
            yield made(BY_NAME[name], outcome, extras.get(name))

    return [outlook, simulate_leases, track_record, frozen_vintage]


def delivery_assets() -> list[dg.AssetsDefinition]:
    """Group `delivery`: alerts, the audited publication, and the page."""
    from expectations.publication import TABLE_RULES

    rules = rule_specs(TABLE_RULES, "publication")

    @dg.multi_asset(name="alert", specs=[spec(name) for name in alerting.ALERT_TABLES], pool=POOL)
    def alert(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Judge the rules of alerts; telling people is the sensor alert_messenger's."""
        outcome = alerting.alerts(workplace.work(context.run_id))
        passed = alerting.passed_over_rows(outcome.summary)
        extra = {**facts(outcome.summary), **alerting.open_by_severity(outcome.summary)}
        extra["passed over facts"] = sum(row["facts"] for row in passed)
        if outcome.summary["open_alerts"]:
            extra["open alerts"] = table(outcome.summary["open_alerts"], list(alerting.SHOWN))
        if passed:
            extra["passed over"] = table(passed, ["rule", "reason", "facts"])
        if outcome.summary["notes"]:
            extra["notes"] = dg.MetadataValue.md("\n".join(f"- {note}" for note in outcome.summary["notes"]))
        yield made(BY_NAME["alerts"], outcome, extra)

    @dg.multi_asset(name="publish", specs=[spec("publication")], check_specs=rules, pool=POOL)
    def publish(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Write, audit, publish: without a passed audit there is no publication and no materialisation."""
        outcome = delivery.publish(workplace.work(context.run_id))
        if not blocking(outcome.summary["findings"]):
            extra = facts(outcome.summary)
            rows = outcome.summary["published"]
            extra["tables"] = table(rows, ["table", "rows"])
            extra["file, MB"] = round(workplace.work(context.run_id).home.published.stat().st_size / 1e6, 3)
            yield made(BY_NAME["publication"], outcome, extra)
        yield from rule_results(outcome.summary["findings"], rules)

    @dg.multi_asset(name="page", specs=[spec("report_page")], pool=POOL)
    def page(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Write reports/index.html from the published file."""
        work = workplace.work(context.run_id)
        outcome = delivery.page(work)
        extra = {"page": dg.MetadataValue.path(str(work.home.page)), **facts(outcome.summary)}
        yield made(BY_NAME["report_page"], outcome, extra)

    @dg.multi_asset(name="housekeeping", specs=[spec("housekeeping")], pool=POOL)
    def house(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[Result]:
        """Remove what is past its bound. It depends on nothing, so that it runs when other steps fail as well."""
        outcome = housekeeping.keep_house(workplace.work(context.run_id), context.instance)
        extra = facts(outcome.summary)
        if outcome.summary["removed"]:
            extra["removed"] = table(outcome.summary["removed"], ["what", "count", "bytes", "why"])
        yield made(BY_NAME["housekeeping"], outcome, extra)

    return [alert, publish, page, house]


def freshness_result(rows: Sequence[dict[str, Any]]) -> dg.AssetCheckResult:
    """The freshness check from the rows of steps.warehouse.due_rows: passes when nobody is late."""
    late = [row for row in rows if row["state"] == "late"]
    words = "; ".join(row["message"] for row in late[:8]) + ("; ..." if len(late) > 8 else "")
    columns = ["operator", "state", "last_period", "label", "due_on", "days_late", "periods_missing", "message"]
    return dg.AssetCheckResult(
        passed=not late,
        asset_key="documents",
        check_name=FRESHNESS,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(late)} operators late: {words}." if late else "No operator is late.",
        metadata={
            "operators": table(rows, columns),
            "late": len(late),
            "runbook": runbook_metadata(FRESHNESS, Settings().docs_url),
        },
    )


def lateness(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Operators late, as a number over time and as a list, from the rows of steps.warehouse.due_rows."""
    late = [row for row in rows if row["state"] == "late"]
    said: dict[str, Any] = {"operators late": len(late)}
    if late:
        said["late operators"] = table(late, ["operator", "label", "due_on", "days_late", "periods_missing"])
    return said
