"""One vintage: from the warehouse's history to its rows.

Belongs here: making a vintage and writing it to occupancy_forecast, breach_probability, vintages and forecast_choice.
Models, bands and paths live in forecasts/; what is read, in reading.py; what is learnt, in models.py; the paths, in
drawing.py. Which vintage is made when is decided in newest.py and vintages.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.outlook.drawing import ENDED_QUARTERS, HORIZON, MIN_POINTS, Course, Drawn, Known, drawn
from assets.outlook.models import CAPACITY, OCCUPANCY, Learnt, learn_from, reason_of
from assets.outlook.past import BACKTEST_QUARTERS, Past, Progress
from assets.outlook.reading import Aggregate, Items, known_for, read_aggregates, read_members
from assets.warehouse.database import insert, sql_text, transaction
from forecasts.leases.outcomes import LEVELS, NAMES, OUTER_LEVELS, OUTER_NAMES, THRESHOLDS
from forecasts.panel import quarter_ends
from forecasts.paths import below, quantiles

SCENARIO = "base"
# Who made a vintage: the main job while it was the newest, or a backfill from what was known then.
RUN, BACKFILL = "run", "backfill"

FORECAST_COLUMNS = (
    "vintage", "scenario", "level", "series_id", "stack", "quarter_end", "horizon", "unit", "in_service_p50",
    *(f"leased_{name}" for name in NAMES), *(f"occupancy_{name}" for name in NAMES), "occupancy_mean", "model",
    *(f"occupancy_{name}" for name in OUTER_NAMES), "last_occupancy",
)  # fmt: skip
BREACH_COLUMNS = (
    "vintage", "scenario", "level", "series_id", "quarter_end", "horizon", "threshold", "probability",
)  # fmt: skip
ACCURACY_COLUMNS = (
    "model", "level", "horizon", "origins", "n", "mae_pp", "bias_pp", "mase", "swis", "coverage_80", "coverage_95",
    "skill_vs_naive",
)  # fmt: skip
CHOICE_COLUMNS = (
    "vintage", "level", "series_id", "quantity", "member", "weight", "backtest_error", "fallback", "reason",
)  # fmt: skip
VINTAGE_COLUMNS = (
    "vintage", "as_of", "known_by", "data_fingerprint", "code_version", "seed", "settings", "documents",
    "observations", "series", "origin",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A vintage as it was made: what it knew, what it had learnt, and its joint paths."""

    known: Known
    learnt: Learnt | None
    drawn: Drawn


def check_vintage(vintage: date, as_of: date) -> None:
    """Raises ValueError where vintage is no quarter end or lies after as_of."""
    if (vintage + timedelta(days=1)).day != 1 or vintage.month % 3:
        raise ValueError(f"vintage: found {vintage}; expected the last day of a calendar quarter, as 2025-12-31.")
    if vintage > as_of:
        raise ValueError(f"vintage: found {vintage}, after as_of {as_of}; expected a quarter that had ended by then.")


def rows_of(connection: duckdb.DuckDBPyConnection, vintage: date) -> int:
    """Forecast rows of reported series that the warehouse has of a vintage."""
    found = connection.execute(
        "SELECT count(*) FROM occupancy_forecast WHERE vintage = ? AND portfolio IS NULL", [vintage]
    ).fetchone()
    return int(found[0]) if found else 0


def read_known(connection: duckdb.DuckDBPyConnection, vintage: date, as_of: date, items: Items) -> Known:
    """What a vintage knows as of a day. occupancy_history has to be as known then (build_history)."""
    known_by = known_for(vintage, as_of)
    members = read_members(connection, known_by, items)
    return Known(vintage, known_by, members, read_aggregates(connection, members, known_by, items))


def learn_known(
    connection: duckdb.DuckDBPyConnection, known: Known, past: Past, progress: Progress | None = None
) -> Learnt:
    """What a vintage has learnt from the quarters up to it. Needs read_known before (same connection)."""
    answers = past.answers(connection, known.oldest, known.vintage, known.known_by, progress)
    used = known.used
    return learn_from(answers, [one.item for one in used], [one.operator for one in used], HORIZON, ENDED_QUARTERS)


def make(connection: duckdb.DuckDBPyConnection, known: Known, past: Past, progress: Progress | None = None) -> Made:
    """The vintage from what it knows; nothing is written."""
    if not known.used:
        return Made(known, None, Drawn())
    learnt = learn_known(connection, known, past, progress)
    return Made(known, learnt, drawn(known, learnt, past.now))


def summary_of(made: Made) -> dict[str, Any]:
    """What build_outlook says of a vintage that was made, but for the time it took."""
    courses, learnt = made.drawn.courses, made.learnt
    sums = sum(isinstance(course.series, Aggregate) for course in courses)
    summary: dict[str, Any] = {
        "written": True, "reason": "", "series": len(courses) - sums, "sums": sums, "rows": len(courses) * HORIZON,
        "clipped": made.drawn.clipped, "draws": made.drawn.draws,
        "clipped_share": round(made.drawn.clipped / max(made.drawn.draws, 1), 5),
    }  # fmt: skip
    if learnt is None:
        return {**summary, "reason": "no series has a figure known by then"}
    summary |= {f"reconciled_{unit}": words for unit, words in made.drawn.reconciled.items()}
    return {
        **summary,
        "why_occupancy": reason_of(learnt.rate, HORIZON),
        "why_capacity": reason_of(learnt.capacity, HORIZON),
        "correlation": round(learnt.spread.correlation, 3),
        "shared_shocks": round(learnt.spread.shared, 3),
        "origins": len(learnt.origins.rate.of),
    }


def _rows(vintage: date, course: Course) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of occupancy_forecast and of breach_probability."""
    series, paths = course.series, course.paths
    ends = quarter_ends(course.origin + np.arange(1, HORIZON + 1))
    rate, outer = quantiles(paths.rate, LEVELS), quantiles(paths.rate, OUTER_LEVELS)
    in_service = None if paths.in_service is None else quantiles(paths.in_service, (0.5,))[:, 0]
    used = None if paths.used is None else quantiles(paths.used, LEVELS)
    breach = {threshold: below(paths.rate, threshold) for threshold in THRESHOLDS}
    mean = paths.rate.mean(axis=0)
    last = None if series.item is None else float(series.item.rate.y[-1])
    forecast, breaches = [], []
    for step, end in enumerate(ends):
        day = end.date()
        leased: Sequence[float | None] = [None] * len(LEVELS) if used is None else used[step].tolist()
        level = None if in_service is None else float(in_service[step])
        key = (vintage, SCENARIO, series.level, series.series_id)
        values = (
            level,
            *leased,
            *rate[step].tolist(),
            float(mean[step]),
            course.models[step],
            *outer[step].tolist(),
            last,
        )
        forecast.append((*key, series.stack, day, step + 1, series.unit, *values))
        for threshold in THRESHOLDS:
            breaches.append((*key, day, step + 1, threshold, float(breach[threshold][step])))
    return forecast, breaches


def write_vintage(
    connection: duckdb.DuckDBPyConnection, made: Made, as_of: date, seed: int, code_version: str, origin: str
) -> None:
    """Replace this vintage's rows of reported series, and say what it was made from (`vintages`)."""
    vintage = made.known.vintage
    forecast, breaches = [], []
    for course in made.drawn.courses:
        rows, below_threshold = _rows(vintage, course)
        forecast += rows
        breaches += below_threshold
    choice: list[tuple[Any, ...]] = []
    if made.learnt is not None:
        reasons = {
            OCCUPANCY: reason_of(made.learnt.rate, HORIZON),
            CAPACITY: reason_of(made.learnt.capacity, HORIZON),
        }
        choice = [(vintage, *row, reasons[str(row[2])]) for row in made.drawn.choice]
    with transaction(connection):
        # Simulated portfolios have rows of their own in the same tables (lease_tables.py).
        for table, columns, new in (
            ("occupancy_forecast", FORECAST_COLUMNS, forecast),
            ("breach_probability", BREACH_COLUMNS, breaches),
        ):
            connection.execute(
                f"DELETE FROM {table} WHERE vintage = ? AND scenario = ? AND portfolio IS NULL", [vintage, SCENARIO]
            )
            insert(connection, table, pd.DataFrame(new, columns=list(columns)))
        connection.execute("DELETE FROM forecast_choice WHERE vintage = ?", [vintage])
        insert(connection, "forecast_choice", pd.DataFrame(choice, columns=list(CHOICE_COLUMNS)))
        connection.execute("DELETE FROM vintages WHERE vintage = ?", [vintage])
        documents, observations, mark = data_fingerprint(connection, made.known.known_by)
        settings = {
            "backtest_quarters": BACKTEST_QUARTERS,
            "horizon": HORIZON,
            "least_points": MIN_POINTS,
            "ledger": ledger_state(connection, made.known.known_by),
        }
        row = (
            vintage, as_of, made.known.known_by, mark, code_version, seed, json.dumps(settings, sort_keys=True),
            documents, observations, len(made.drawn.courses), origin,
        )  # fmt: skip
        insert(connection, "vintages", pd.DataFrame([row], columns=list(VINTAGE_COLUMNS)))


def data_fingerprint(connection: duckdb.DuckDBPyConnection, known_by: date) -> tuple[int, int, str]:
    """Documents and figures known by a day, and a hash of what a forecast takes from them: value, period, unit, basis,
    perimeter, series and the day each was known.
    """
    rows = connection.execute(sql_text("known_figures"), [known_by]).fetchall()
    mark = hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]
    return len({row[0] for row in rows}), len(rows), mark


def ledger_state(connection: duckdb.DuckDBPyConnection, known_by: date) -> dict[str, float]:
    """Parameters, jurisdictions and stack evidence that forecasts of reported series rest on, by name."""
    return dict(connection.execute(sql_text("ledger_state"), {"known_by": known_by}).fetchall())


def write_accuracy(connection: duckdb.DuckDBPyConnection, accuracy: pd.DataFrame) -> None:
    """Replace backtest_accuracy, which belongs to the newest vintage."""
    with transaction(connection):
        connection.execute("DELETE FROM backtest_accuracy")
        if len(accuracy):
            rows = list(accuracy[list(ACCURACY_COLUMNS)].itertuples(index=False, name=None))
            insert(connection, "backtest_accuracy", pd.DataFrame(rows, columns=list(ACCURACY_COLUMNS)))
