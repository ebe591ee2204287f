"""Track record: every vintage against what came since."""

from __future__ import annotations

from pipelines import versions
from pipelines.steps.mending import mended
from pipelines.steps.tables import describe_tables
from pipelines.steps.work import Outcome, Work, log, need

TRACK_TABLES = ("vintages", "forecast_scores", "forecast_accuracy", "outside_forecasts", "forecast_bridge")


@mended
def track_record(work: Work) -> Outcome:
    """Score all vintages. Summary: vintages, scored (forecasts with an outcome), bridge (rows), the tables."""
    memory = work.memory()
    made = sorted((name, entry["fingerprint"]) for name, entry in memory.stages.items() if "vintage " in name)
    mark = versions.fingerprint(need(memory, "outlook"), need(memory, "leases"), made)
    summary = memory.recall("track_record", mark)
    if summary is not None:
        return Outcome("track_record", False, summary)
    from assets.outlook.track_record import score_vintages
    from assets.warehouse.database import connect
    from pipelines.findings import plain

    memory.forget("track_record")
    with connect(work.home.warehouse) as connection:
        log.info("Scoring vintages against what came")
        score_vintages(connection, work.as_of)
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM vintages), (SELECT count(*) FROM forecast_scores),"
            " (SELECT count(*) FROM forecast_bridge)"
        ).fetchall()[0]
        tables = describe_tables(connection, TRACK_TABLES)
    summary = {
        "vintages": counts[0],
        "scored": counts[1],
        "bridge": counts[2],
        "tables": tables,
        "fingerprint": mark,
    }
    memory.store("track_record", mark, plain(summary))
    return Outcome("track_record", True, plain(summary))
