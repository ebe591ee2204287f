"""Schedules: the daily refresh and the quarterly forecast that follows the operators' reporting calendar.

Both are RUNNING as soon as a daemon runs; Dagster's own default would leave them stopped. What a run does is in the
jobs; when a report is due is in reporting_calendar.py. A partition is one quarter, named by its first day; its vintage
is the quarter's last day, and it exists as soon as the quarter has ended.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import dagster as dg

from pipelines.reporting_calendar import add_months, forecast_days, latest_quarter_end, month_end
from pipelines.settings import Settings

DAILY_CRON = "30 6 * * *"
QUARTERLY_TIME = "0 7"
WORKPLACE = "workplace"
Job = dg.JobDefinition | Any


VINTAGES = dg.TimeWindowPartitionsDefinition(
    start="2016-01-01", cron_schedule="0 0 1 1,4,7,10 *", fmt="%Y-%m-%d", timezone="UTC"
)


def vintage_of(partition_key: str) -> date:
    """The vintage (quarter end) of a partition, whose key is the first day of that quarter."""
    start = date.fromisoformat(partition_key)
    return month_end(start.year, start.month + 2)


def partition_of(vintage: date) -> str:
    """The partition key of a vintage (quarter end)."""
    return add_months(vintage, -2).replace(day=1).isoformat()


def settled_run_config(settings: Settings) -> dict[str, Any]:
    """Run configuration for runs nobody watches: files that may be half-written are left for the next one."""
    return {"resources": {WORKPLACE: {"config": {"settle_s": settings.inbox_settle_s}}}}


def daily_refresh(job: Job) -> dg.ScheduleDefinition:
    """Every day, whatever arrived and however late the reports are: the freshness check runs with it."""

    @dg.schedule(
        name="daily_refresh",
        job=job,
        cron_schedule=DAILY_CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads what arrived, refreshes warehouse, forecast, publication and page, and says which operators "
        "are late. A day with nothing new takes seconds.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=f"daily/{day}", run_config=settled_run_config(Settings()), tags={"day": day})

    return tick


def quarterly_crons() -> list[str]:
    """One cron line per quarter end: the day after the slowest quarterly operator should have reported."""
    from assets.reports.operators import load_layouts

    return [f"{QUARTERLY_TIME} {day} {month} *" for month, day in forecast_days(load_layouts())]


def quarterly_forecast(job: Job) -> dg.ScheduleDefinition:
    """Freezes the vintage of the quarter that has just been reported in full."""

    @dg.schedule(
        name="quarterly_forecast",
        job=job,
        cron_schedule=quarterly_crons(),
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Once a quarter, on the day after the slowest quarterly operator should have reported "
        "(reporting_lag_days in assets/reports/layouts): the forecast of that vintage with all its reports in.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.date()
        vintage = latest_quarter_end(day - timedelta(days=1))
        return dg.RunRequest(run_key=f"vintage/{vintage}", partition_key=partition_of(vintage))

    return tick
