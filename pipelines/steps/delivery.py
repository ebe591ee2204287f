"""Publish and page: the audited file for readers, and the report page made from it."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from pipelines import versions
from pipelines.steps.mending import mended
from pipelines.steps.work import FAILING_SHOWN, Outcome, Work, log, need, utc


@mended
def publish(work: Work) -> Outcome:
    """Audit the tables; publish only where every blocking rule holds. The summary has the findings either way.

    A run leaves a row in `runs` when it changed something; a run with nothing new changes no table at all.
    """
    memory = work.memory()
    vintages = sorted((name, entry["fingerprint"]) for name, entry in memory.stages.items() if "vintage " in name)
    mark = versions.fingerprint(
        need(memory, "alerts"),
        vintages,
        work.settings.keep_published,
        versions.version_of(versions.WAREHOUSE),
        *_lake_in_use(work),
    )
    summary = memory.recall("publish", mark)
    if summary is not None:
        return Outcome("publish", False, summary)

    from assets.warehouse import publishing
    from assets.warehouse.database import Frames, connect
    from assets.warehouse.runs import record_run
    from expectations import check_publication
    from pipelines.findings import blocking, from_report

    log.info("Auditing the tables to publish")
    memory.forget("publish")
    with connect(work.home.warehouse) as connection:
        frames = Frames(connection)
        counts = frames.counts()
        findings = from_report(check_publication(frames), FAILING_SHOWN)
        passed = not blocking(findings)
        changed = publishing.fingerprint(connection) != publishing.published_fingerprint(work.home.published)
        if changed and not work.rebuild:
            record_run(
                connection,
                work.run_id,
                utc(work.started_at),
                utc(datetime.now(UTC)),
                "published" if passed else "blocked",
                versions.version_of(versions.EVERYTHING),
                work.vintage,
                work.settings.seed,
            )
    summary = {
        "published": [{"table": name, "rows": rows} for name, rows in counts.items()],
        "findings": findings,
        "vintage": work.vintage.isoformat(),
        "fingerprint": mark,
    }
    if not passed:
        log.warning("A blocking rule fails: the last publication stands")
        memory.store("publish", mark, summary)
        return Outcome("publish", True, summary)
    log.info("Publishing %s", work.home.published)
    began = monotonic()
    publishing.publish(
        work.home.warehouse,
        work.home.published.parent,
        work.settings.keep_published,
        label=f"{work.vintage.isoformat()}_{work.run_id[:8]}",
    )
    summary["seconds to publish"] = round(monotonic() - began, 2)
    if work.settings.lake.get_secret_value():
        summary |= _to_lake(work)
    memory.store("publish", mark, summary, (work.home.published,))
    return Outcome("publish", True, summary)


def _lake_in_use(work: Work) -> list[str]:
    """What makes it another lake or another writer there, without a secret; empty where the file is published alone."""
    text = work.settings.lake.get_secret_value()
    if not text:
        return []
    from assets.warehouse.lake import parse_address

    address = parse_address(text)
    return [address.shown, address.data, work.settings.lake_writer]


def _to_lake(work: Work) -> dict[str, Any]:
    """Bring the lake to what was just published; what it raises leaves the lake's last snapshot standing."""
    from assets.warehouse.lake import identity, parse_address, publish_to_lake

    address = parse_address(work.settings.lake.get_secret_value())
    log.info("Publishing to the lake %s", address.shown)
    began = monotonic()
    sent = publish_to_lake(
        work.home.published,
        address,
        identity(work.home.lake_identity),
        work.settings.lake_writer,
        work.vintage.isoformat(),
        work.run_id,
        keep=work.settings.keep_published,
        wait_s=work.settings.run_lock_wait_s,
        sorting=work.home.published.with_name(f".{work.home.published.name}.lake"),
    )
    return {
        "lake": address.shown,
        "lake snapshot": sent.snapshot,
        "lake rows written": sent.rows,
        "seconds to publish to the lake": round(monotonic() - began, 2),
    }


@mended
def page(work: Work) -> Outcome:
    """The report page, from the published file alone."""
    memory = work.memory()
    mark = versions.fingerprint(need(memory, "publish"), versions.version_of(versions.DELIVERY))
    summary = memory.recall("page", mark)
    if summary is not None:
        return Outcome("page", False, summary)
    from assets.delivery.page import write_page

    log.info("Writing the page")
    written = write_page(work.home.published, work.home.page, work.home.archive)
    summary = {"bytes": written.stat().st_size, "fingerprint": mark}
    memory.store("page", mark, summary, (work.home.page,))
    return Outcome("page", True, summary)
