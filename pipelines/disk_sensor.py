"""The sensor that tells a person before the disk is full: the addresses in COLOCAST_NOTIFY, once a day at most.

How room is measured and put in words is in disk.py; how a message leaves, in notifying.py. A run that no longer fits
declines by itself, and failure_messenger tells of that as well; this one speaks earlier, and also when no run starts.
"""

from __future__ import annotations

import json
import time

import dagster as dg

from pipelines import disk, notifying
from pipelines.settings import Settings

INTERVAL_S = 900
AGAIN_S = 86_400.0
_GRAVITY = {disk.OK: 0, disk.WARN: 1, disk.FULL: 2}


def disk_sensor() -> dg.SensorDefinition:
    """Warns while there is still time."""

    @dg.sensor(
        name="disk_messenger",
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Measures the free disk of COLOCAST_HOME against what a run needs and how fast it grows. Tells the "
        "addresses in COLOCAST_NOTIFY when it gets short, when it gets worse, and once a day for as long as it lasts.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        settings = Settings()
        room = disk.look(settings)
        told_level, told_at = _parse(context.cursor)
        if room.level == disk.OK:
            return dg.SensorResult(skip_reason=room.words, cursor=_text(disk.OK, 0.0))
        words = disk.sentence(settings, room)
        context.log.warning("%s", words)
        worse = _GRAVITY[room.level] > _GRAVITY[told_level]
        if not worse and time.time() - told_at < AGAIN_S:
            return dg.SensorResult(skip_reason=f"told already: {words}", cursor=_text(told_level, told_at))
        if settings.notify_urls:
            problems = notifying.send(settings.notify_urls, "Colocast: the disk gets full", words)
            if len(problems) == len(notifying.targets(settings.notify_urls)):
                raise RuntimeError("nobody could be told: " + "; ".join(problems) + ". " + words)
            for problem in problems:
                context.log.error(problem)
        return dg.SensorResult(skip_reason=words, cursor=_text(room.level, time.time()))

    return tick


def _parse(cursor: str | None) -> tuple[str, float]:
    """(level, when) of the last message; (ok, 0) before the first."""
    try:
        data = json.loads(cursor or "")
        level = str(data["level"])
        return (level, float(data["told_at"])) if level in _GRAVITY else (disk.OK, 0.0)
    except (ValueError, KeyError, TypeError):
        return disk.OK, 0.0


def _text(level: str, told_at: float) -> str:
    return json.dumps({"level": level, "told_at": told_at})
