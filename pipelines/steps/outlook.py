"""Outlook: the forecast of the newest vintage, and past vintages as they could have been made then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipelines import versions
from pipelines.steps.mending import mended
from pipelines.steps.pictures import draw_accuracy, draw_charts
from pipelines.steps.tables import describe_tables
from pipelines.steps.work import Outcome, Work, log, need

OUTLOOK_TABLES = ("occupancy_forecast", "breach_probability", "backtest_accuracy", "forecast_choice")


@mended
def outlook(work: Work) -> Outcome:
    """Missing past vintages, then the forecast of the newest one. Summary: what build_outlook says, past vintages made
    now, and the tables.
    """
    memory = work.memory()
    mark = versions.fingerprint(
        need(memory, "history"),
        work.vintage,
        work.settings.seed,
        work.settings.past_vintages,
        versions.version_of(versions.OUTLOOK),
    )
    summary = memory.recall("outlook", mark)
    if summary is not None:
        return Outcome("outlook", False, summary)
    from assets.outlook.drawing import HORIZON
    from assets.outlook.newest import build_outlook
    from assets.outlook.past import Past
    from assets.outlook.unpublished import take_back
    from assets.outlook.vintages import backfill, missing_vintages
    from assets.warehouse.database import connect
    from forecasts.parallel import in_turn
    from pipelines.findings import plain

    memory.forget("outlook")
    seed, code = work.settings.seed, code_version()
    with connect(work.home.warehouse) as connection:
        if take_back(connection, work.home.published, work.vintage):
            log.info("An earlier run was not published; vintage %s starts from the publication again", work.vintage)
        past = Past(HORIZON, seed, work.fan_out or in_turn)
        missing = missing_vintages(connection, work.vintage, work.settings.past_vintages)
        if missing:
            log.info("Making %d past vintages with what was known then", len(missing))
            backfill(connection, missing, work.as_of, seed, code, _freezing, past)
        log.info("Forecasting vintage %s", work.vintage)
        said = build_outlook(connection, work.vintage, work.as_of, seed, code, _forecasting, past=past)
        said["past_vintages_made"] = len(missing)
        tables = describe_tables(connection, OUTLOOK_TABLES)
        draw_charts(work, connection)
        draw_accuracy(work, connection)
    summary = {**plain(said), "vintage": work.vintage.isoformat(), "tables": tables, "fingerprint": mark}
    memory.store("outlook", mark, summary)
    return Outcome("outlook", True, summary)


@mended
def freeze(work: Work, vintages: Sequence[date]) -> Outcome:
    """Past vintages, each from what was known on the last day on which it was the newest; one that is there is kept.

    A vintage that is still open is the newest one: it is made as `outlook` makes it. The history is put back as of
    today before this returns. If that fails halfway, the memory no longer fits the warehouse, and the next run makes
    everything after the archive anew.
    """
    from assets.outlook.drawing import HORIZON
    from assets.outlook.newest import build_outlook
    from assets.outlook.past import Past
    from assets.outlook.vintages import backfill
    from assets.warehouse.database import connect
    from forecasts.parallel import in_turn
    from pipelines.findings import plain

    memory = work.memory()
    need(memory, "history")
    is_open = work.vintage in vintages
    ended = [one for one in vintages if one != work.vintage]
    seed, code = work.settings.seed, code_version()
    past = Past(HORIZON, seed, work.fan_out or in_turn)
    with connect(work.home.warehouse) as connection:
        said = backfill(connection, ended, work.as_of, seed, code, _freezing, past) if ended else {}
        if is_open:
            said |= build_outlook(connection, work.vintage, work.as_of, seed, code, _forecasting, past=past)
    mark = versions.fingerprint(vintages, work.as_of, seed, work.run_id)
    summary = {**plain(said), "vintages": [one.isoformat() for one in vintages], "as_of": work.as_of.isoformat()}
    memory.forget("publish")
    for vintage in vintages:
        memory.store(f"vintage {vintage}", mark, summary)
    return Outcome("freeze", True, summary)


def code_version() -> str:
    """Version of the code and data files that a forecast depends on."""
    return versions.version_of((*versions.WAREHOUSE, *versions.OUTLOOK))


def _forecasting(done: int, total: int) -> None:
    if done % 25 == 0 or done == total:
        log.info("Comparing models: %d %% of the backtest", 100 * done // total)


def _freezing(done: int, total: int) -> None:
    log.info("Making past vintages: %d of %d", done, total)
