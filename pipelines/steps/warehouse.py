"""Judge and history: from readings to accepted figures, quarantine and series in the warehouse."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines import reporting_calendar, versions
from pipelines.memory import Memory
from pipelines.steps.intake import archived_documents, readings, standing_in
from pipelines.steps.mending import mended
from pipelines.steps.tables import describe_tables
from pipelines.steps.work import FAILING_SHOWN, Outcome, Work, log, mapping_of, need

if TYPE_CHECKING:
    from assets.rent_roll.judging import Received
    from assets.reports.reading import ReadResult
    from assets.warehouse.archive import Archived

JUDGED_TABLES = ("documents", "observations", "quarantine", "facilities")
RENT_ROLL_TABLES = ("portfolios", "leases", "portfolio_history", "deliveries")
HISTORY_TABLES = (
    "claims",
    "assumptions",
    "stack_evidence",
    "stack_shares",
    "occupancy_history",
    "source_disagreements",
)


@mended
def judge(work: Work) -> Outcome:
    """Check every figure of every document and load the verdicts.

    Figures are dated against the day of the latest receipt, not against as_of, so that pretending an earlier day hides
    figures (as-known-at) without calling them wrong, and a rebuild judges as the first run did.
    """
    archived = archived_documents(work)
    receipts = [[one.document_id, one.file_name, one.received_at, one.arrivals[0].inbox] for one in archived]
    mark = versions.fingerprint(receipts, mapping_of(work.settings), versions.version_of(versions.JUDGING))
    mark = versions.fingerprint(mark, versions.version_of(versions.WAREHOUSE), *standing_in(work, archived))
    memory = work.memory()
    summary = memory.recall("judge", mark)
    if summary is None:
        summary = {**_judge_anew(work, archived, memory), "fingerprint": mark}
        memory.store("judge", mark, summary)
        fresh = True
    else:
        fresh = False
    return Outcome("judge", fresh, {**summary, "due": due_rows(work, summary["last_periods"])})


def _judge_anew(work: Work, archived: list[Archived], memory: Memory) -> dict[str, Any]:
    import pandas as pd

    from assets.rent_roll.judging import judge_rolls
    from assets.reports.operators import load_layouts
    from assets.reports.verdicts import judge as give_verdicts
    from assets.warehouse.database import connect, create_schema, refuse_newer
    from assets.warehouse.ledger import load_ledger
    from assets.warehouse.loading import load, load_operators
    from assets.warehouse.rebuilding import rebuild
    from assets.warehouse.rent_rolls import load_rent_rolls
    from pipelines.findings import from_report

    refuse_newer(work.home.warehouse, work.home.published)
    layouts = load_layouts()
    every = readings(work, archived)
    rolls = received_rolls(archived, every)
    results = [one for one in every if one.rent_roll is None]
    log.info("Checking the figures of %d documents", len(every))
    received = {one.document_id: one.received_at for one in archived}
    checked_on = max(received.values(), default=work.started_at).date()
    judged = give_verdicts(results, pd.DataFrame(), checked_on, layouts)
    judged_rolls = judge_rolls(rolls)
    judged = replace(
        judged,
        documents=pd.concat([judged.documents, judged_rolls.documents], ignore_index=True),
        quarantine=pd.concat([judged.quarantine, judged_rolls.quarantine], ignore_index=True),
    )
    log.info("Loading %d figures, %d rows to quarantine", len(judged.accepted), len(judged.quarantine))
    memory.stages.clear()
    memory.save()
    # A warehouse that is gone (deleted, or set aside as damaged) had what only publications still hold.
    lost = not work.home.warehouse.exists() and _was_published(work)
    outdated = not lost and _is_outdated(work)
    if work.rebuild or outdated or lost:
        # The verdicts are over all documents at once, whatever the batch: see the package's docstring.
        rebuild(
            work.home.archive,
            work.home.warehouse,
            lambda *_: judged,
            layouts,
            work.as_of,
            published=work.home.published,
            outdated=work.home.warehouse if outdated else None,
        )
    with connect(work.home.warehouse) as connection:
        create_schema(connection)
        load_operators(connection, layouts)
        load_ledger(connection, layouts)
        loaded = load(connection, judged, received, layouts)
        leases = load_rent_rolls(connection, judged_rolls.portfolios)
        last = connection.execute(
            "SELECT operator, max(period_end) FROM observations WHERE basis = 'as_reported' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        tables = describe_tables(connection, JUDGED_TABLES + RENT_ROLL_TABLES)
    return {
        "documents": loaded.documents,
        "observations": loaded.observations,
        "quarantined": loaded.quarantined,
        "superseded": loaded.superseded,
        "leases": leases,
        "tables": tables,
        "findings": from_report(judged.report, FAILING_SHOWN),
        "rent_roll_findings": from_report(judged_rolls.report, FAILING_SHOWN),
        "last_periods": {operator: day.isoformat() for operator, day in last if day is not None},
    }


def received_rolls(archived: list[Archived], results: list[ReadResult]) -> list[Received]:
    """The rent rolls among the readings, each with its portfolio, in order of receipt."""
    from assets.rent_roll.judging import Received
    from assets.rent_roll.roll import RentRoll
    from assets.warehouse.names import operator_slug, portfolio_name

    reported = [one.extraction.candidates for one in results if one.extraction is not None]
    operators = {operator_slug(figure.operator) for figures in reported for figure in figures}
    return [
        Received(
            result,
            RentRoll.from_json(result.rent_roll),
            portfolio_name(one.arrivals[0].inbox, operators),
            one.received_at,
        )
        for one, result in zip(archived, results, strict=True)
        if result.rent_roll is not None
    ]


def _was_published(work: Work) -> bool:
    return work.home.published.exists() or any(work.home.history.glob("*.duckdb"))


def _is_outdated(work: Work) -> bool:
    """Whether the warehouse was made by a version with other tables. It holds nothing that cannot be made again."""
    from assets.warehouse.database import WarehouseOutdatedError, check_version, connect

    try:
        with connect(work.home.warehouse) as connection:
            check_version(connection)
    except WarehouseOutdatedError as error:
        log.warning("Making the warehouse anew from the archive: %s", error)
        return True
    return False


def due_rows(work: Work, last_periods: dict[str, str]) -> list[dict[str, Any]]:
    """Every operator's next report as seen from as_of (reporting_calendar.Due as a dictionary, with its message)."""
    from assets.reports.operators import load_layouts
    from pipelines.findings import plain

    known = {operator: date.fromisoformat(day) for operator, day in last_periods.items()}
    rows = reporting_calendar.due_reports(load_layouts(), known, work.as_of)
    return [{**plain(asdict(row)), "message": row.message} for row in rows]


@mended
def history(work: Work) -> Outcome:
    """Ledger, stack evidence and shares, series and disagreements, as known on as_of."""
    memory = work.memory()
    mark = versions.fingerprint(need(memory, "judge"), work.as_of)
    summary = memory.recall("history", mark)
    if summary is not None:
        return Outcome("history", False, summary)
    from assets.warehouse.database import connect
    from assets.warehouse.history import build_history

    log.info("Building the series as known on %s", work.as_of)
    memory.forget("history")
    with connect(work.home.warehouse) as connection:
        rows = build_history(connection, work.as_of)
        summary = {"rows": rows, "tables": describe_tables(connection, HISTORY_TABLES), "fingerprint": mark}
    memory.store("history", mark, summary)
    return Outcome("history", True, summary)
