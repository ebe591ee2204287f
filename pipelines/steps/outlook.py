"""Outlook: the forecast of the newest vintage, and past vintages as they could have been made then."""

from __future__ import annotations

from datetime import date

from pipelines import reporting_calendar, versions
from pipelines.steps.pictures import draw_accuracy, draw_charts
from pipelines.steps.tables import describe_tables
from pipelines.steps.work import Outcome, Work, log, need

OUTLOOK_TABLES = ("occupancy_forecast", "breach_probability", "backtest_accuracy", "forecast_choice")


def outlook(work: Work) -> Outcome:
    """The forecast of the newest vintage. Summary: what build_outlook says, and the tables."""
    memory = work.memory()
    mark = versions.fingerprint(
        need(memory, "history"), work.vintage, work.settings.seed, versions.version_of(versions.OUTLOOK)
    )
    summary = memory.recall("outlook", mark)
    if summary is not None:
        return Outcome("outlook", False, summary)
    from assets.outlook.build import build_outlook
    from assets.warehouse.database import connect
    from pipelines.findings import plain

    log.info("Forecasting vintage %s", work.vintage)
    memory.forget("outlook")
    with connect(work.home.warehouse) as connection:
        said = build_outlook(connection, work.vintage, work.as_of, work.settings.seed, progress=_forecasting)
        tables = describe_tables(connection, OUTLOOK_TABLES)
        draw_charts(work, connection)
        draw_accuracy(work, connection)
    summary = {**plain(said), "vintage": work.vintage.isoformat(), "tables": tables, "fingerprint": mark}
    memory.store("outlook", mark, summary)
    return Outcome("outlook", True, summary)


def freeze(work: Work, vintage: date) -> Outcome:
    """The forecast of a past vintage, from what was known on the last day on which it was the newest.

    The history is put back as of today before this returns. If that fails halfway, the memory no longer fits the
    warehouse, and the next run makes everything after the archive anew.
    """
    from assets.outlook.build import build_outlook
    from assets.warehouse.database import connect
    from assets.warehouse.history import build_history
    from pipelines.findings import plain

    memory = work.memory()
    need(memory, "history")
    known_on = min(reporting_calendar.last_day_of_vintage(vintage), work.as_of)
    log.info("Forecasting vintage %s as known on %s", vintage, known_on)
    with connect(work.home.warehouse) as connection:
        build_history(connection, known_on)
        said = build_outlook(connection, vintage, known_on, work.settings.seed, progress=_forecasting)
        build_history(connection, work.as_of)
    mark = versions.fingerprint(vintage, known_on, work.settings.seed, work.run_id)
    summary = {**plain(said), "vintage": vintage.isoformat(), "as_of": known_on.isoformat()}
    memory.forget("publish")
    memory.store(f"vintage {vintage}", mark, summary)
    return Outcome("freeze", True, summary)


def _forecasting(done: int, total: int) -> None:
    if done % 20 == 0 or done == total:
        log.info("Comparing models: %d of %d steps of the backtest", done, total)
