"""The filing sensor: asks the sources that are due for new filings and puts them into the inbox.

It starts no run: the inbox sensor takes what it brings. Which source is due is known by the memory of collecting (what
was asked with which entry, what waits, who is left alone), not by the clock of the last tick; the cursor (JSON) holds
where the last tick stopped, so that every source has its turn when one tick's time does not reach them all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from pipelines import notifying
from pipelines.filings import ALL_OFF, OFF, collect_filings, configured_sources, sources_file
from pipelines.locking import LockedError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.filings.collecting import Outcome
    from assets.filings.memory import Memory
    from assets.filings.sources import Source

INTERVAL_S = 900
# A source that failed so often in a row is told to the addresses in COLOCAST_NOTIFY, once.
TELL_AFTER = 3


def filing_sensor() -> dg.SensorDefinition:
    """Collects filings from the sources of the sources file; skips with a reason where there is none."""

    @dg.sensor(
        name="filing_sensor",
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks the sources in COLOCAST_SOURCES that are due (EDGAR, HKEXnews, SGXNet, pages, feeds) for new "
        "filings and puts them into the inbox. Off, and says so, as long as there is no sources file. A source that "
        "fails is told in the log and does not stop the others; a wrong sources file fails the tick.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from assets.filings.collecting import is_due

        settings = Settings()
        sources = configured_sources(settings)
        if sources is None:
            return dg.SensorResult(skip_reason=OFF.format(file=sources_file(settings)))
        on = [one for one in sources if one.enabled]
        if not on:
            return dg.SensorResult(skip_reason=ALL_OFF.format(file=sources_file(settings)))
        after = _stopped_at(context.cursor)

        def choose(memory: Memory, now: float) -> Sequence[Source]:
            return [one for one in in_turn(on, after) if is_due(one, memory, now)]

        try:
            outcomes, failures = collect_filings(
                settings,
                choose,
                seconds=settings.fetch_seconds_per_tick,
                documents=settings.fetch_files_per_tick,
                all_lists=False,
                say=context.log.info,
                purpose="filing_sensor",
            )
        except LockedError as error:
            return dg.SensorResult(skip_reason=str(error), cursor=context.cursor)
        if not outcomes:
            return dg.SensorResult(skip_reason=f"none of {len(on)} sources is due", cursor=context.cursor)
        for outcome in outcomes:
            for trouble in outcome.failed:
                context.log.error(f"{outcome.source.name}: {trouble.sentence}")
            for trouble in outcome.skipped:
                context.log.warning(f"{outcome.source.name}: {trouble.sentence}")
        for problem in _tell(settings, outcomes, failures):
            context.log.error(problem)
        return dg.SensorResult(skip_reason=summary(outcomes), cursor=json.dumps({"after": _last(outcomes)}))

    return tick


def in_turn(sources: Sequence[Source], after: str) -> list[Source]:
    """The sources in their order, beginning behind the one of this name."""
    names = [one.name for one in sources]
    start = names.index(after) + 1 if after in names else 0
    return [*sources[start:], *sources[:start]]


def summary(outcomes: Sequence[Outcome]) -> str:
    """What came of a tick, in one line: new files, then what failed with its reason."""
    words = []
    for one in outcomes:
        if one.new:
            words.append(
                f"{one.source.name}: {len(one.new)} new ({', '.join(one.new[:3])}{', ...' * (len(one.new) > 3)})"
            )
        if one.cut_short:
            words.append(f"{one.source.name}: not reached, comes first at the next tick")
        elif one.left:
            words.append(f"{one.source.name}: {one.left} left for the next tick")
        if one.failed:
            words.append(f"{one.source.name} failed: {one.failed[0].reason}")
    return "; ".join(words)[:2000] or f"{len(outcomes)} sources asked, nothing new"


def _stopped_at(cursor: str | None) -> str:
    try:
        return str(json.loads(cursor or "{}")["after"])
    except (ValueError, KeyError, TypeError):
        return ""


def _last(outcomes: Sequence[Outcome]) -> str:
    """Where the next tick goes on: behind the last source that was asked to its end."""
    whole = [one.source.name for one in outcomes if not one.left and not one.cut_short]
    return whole[-1] if whole else outcomes[0].source.name


def _tell(settings: Settings, outcomes: Sequence[Outcome], failures: dict[str, int]) -> list[str]:
    """Tell the addresses in COLOCAST_NOTIFY of sources that have failed TELL_AFTER times in a row; what went wrong."""
    lines = [
        f"- {one.source.name} ({one.source.operator}): {one.failed[0].sentence}"
        for one in outcomes
        if one.failed and failures[one.source.name] == TELL_AFTER
    ]
    if not lines or not settings.notify_urls:
        return []
    lines.append("It is asked again by itself; docs/getting-reports.md says what can be wrong.")
    return notifying.send(settings.notify_urls, "Colocast: filings could not be collected", "\n".join(lines))
