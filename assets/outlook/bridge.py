"""Why a forecast of reported series moved: from what one vintage knew to what the next one knew, cause by cause.

Belongs here: the order in which causes are put in place, and the words behind each. The chain runs from the frozen
medians of the vintage before to those of the vintage after. At each link one thing is replaced and everything is drawn
anew with the same luck; what the medians then move by is that cause's part, so the parts add up to the change whatever
they are:

1. the vintage before, made again today. It moves by what its record no longer fits: figures that arrived later though
   dated earlier (new report), a ledger with other parameters, jurisdictions or evidence (assumption or scenario), else
   code or seed (model or weights);
2. the same quarters with the values known now (restatement);
3. the quarters told since (new report);
4. the stack shares of today (assumption or scenario);
5. the weights and widths learnt by now (model or weights).

The bridge of rent rolls is in lease_bridge.py.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import duckdb
import numpy as np
import pandas as pd

from assets.outlook.build import SCENARIO, Made, data_fingerprint, learn_known, ledger_state, read_known
from assets.outlook.drawing import HORIZON, Drawn, Known, drawn
from assets.outlook.models import Learnt
from assets.outlook.past import Past
from assets.outlook.reading import Aggregate, Member
from assets.warehouse.database import insert, sql_text, transaction
from assets.warehouse.history import build_history
from forecasts.occupancy import Occupancy
from forecasts.panel import Series, quarter_ends
from forecasts.paths import quantiles

RESTATEMENT, NEW_REPORT, ASSUMPTION, MODEL = "restatement", "new report", "assumption or scenario", "model or weights"
POSITION = {RESTATEMENT: 1, NEW_REPORT: 2, ASSUMPTION: 3, MODEL: 4}
MOST_NAMED = 10
BRIDGE_COLUMNS = (
    "vintage_from", "vintage_to", "scenario", "level", "series_id", "quarter_end", "unit", "position", "cause",
    "delta_leased", "delta_occupancy_pp", "because",
)  # fmt: skip

# Series and quarter.
Key = tuple[str, str, date]
# Medians of leased capacity (None for rate-only series) and of occupancy.
Medians = dict[Key, tuple[float | None, float]]


@dataclass(frozen=True)
class State:
    """A vintage as it stands in the warehouse, and what it takes to make it again.

    fingerprint: of the figures that it was made from; ledger: parameters, jurisdictions and stack evidence in force
    then (build.ledger_state); both as `vintages` keeps them.
    """

    vintage: date
    known: Known
    learnt: Learnt | None
    medians: Medians
    as_of: date
    code_version: str
    seed: int
    fingerprint: str
    ledger: Mapping[str, float]
    backfilled: bool

    @staticmethod
    def of(connection: duckdb.DuckDBPyConnection, made: Made) -> State:
        """The state of a vintage that has just been written."""
        return _state(connection, made.known, made.learnt)


def state_before(connection: duckdb.DuckDBPyConnection, vintage: date, past: Past) -> State | None:
    """The state of a vintage of the warehouse; None where it is not there. Leaves the history as known to that vintage.

    What it learnt is learnt again from the same quarters, with the code of today.
    """
    found = connection.execute("SELECT known_by FROM vintages WHERE vintage = ?", [vintage]).fetchone()
    if found is None:
        return None
    build_history(connection, found[0])
    known = read_known(connection, vintage, found[0], past.items)
    learnt = learn_known(connection, known, past) if known.used else None
    return _state(connection, known, learnt)


def _state(connection: duckdb.DuckDBPyConnection, known: Known, learnt: Learnt | None) -> State:
    as_of, code, seed, mark, settings, origin = connection.execute(
        "SELECT as_of, code_version, seed, data_fingerprint, settings, origin FROM vintages WHERE vintage = ?",
        [known.vintage],
    ).fetchall()[0]
    ledger = json.loads(settings).get("ledger", {})
    medians = frozen_medians(connection, known.vintage)
    return State(known.vintage, known, learnt, medians, as_of, code, seed, mark, ledger, origin == "backfill")


def frozen_medians(connection: duckdb.DuckDBPyConnection, vintage: date) -> Medians:
    """Medians of a vintage's reported series as they stand in occupancy_forecast."""
    rows = connection.execute(
        "SELECT level, series_id, quarter_end, leased_p50, occupancy_p50 FROM occupancy_forecast"
        " WHERE vintage = ? AND scenario = ? AND portfolio IS NULL",
        [vintage, SCENARIO],
    ).fetchall()
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


def bridge(
    connection: duckdb.DuckDBPyConnection, before: State, after: Made, past: Past, code_version: str
) -> pd.DataFrame:
    """Rows of forecast_bridge from a vintage to the next one, or to its own revision: BRIDGE_COLUMNS, one a series,
    quarter that both forecast and cause that moved it. Parts of a series and quarter add up to the change between the
    two frozen medians. `after` has been written before. past: of
    this run; its seed is that of `after`.
    """
    ends = frozen_medians(connection, after.known.vintage)
    shared = sorted(set(before.medians) & set(ends))
    if not shared or before.learnt is None or after.learnt is None:
        return pd.DataFrame(columns=list(BRIDGE_COLUMNS))
    late = data_fingerprint(connection, before.known.known_by)[2] != before.fingerprint
    edits = _edits(before.ledger, ledger_state(connection, before.known.known_by))
    same_model = before.code_version == code_version and before.seed == past.seed
    with_restated, with_reports = restated(before.known, after.known), with_shares(after.known, before.known)
    chain: list[tuple[str, Medians]] = [
        ("", medians_of(drawn(before.known, before.learnt, past.now))),
        (RESTATEMENT, medians_of(drawn(with_restated, before.learnt, past.now))),
        (NEW_REPORT, medians_of(drawn(with_reports, before.learnt, past.now))),
        (ASSUMPTION, medians_of(drawn(after.known, before.learnt, past.now))),
        (MODEL, ends),
    ]
    words = _Words(connection, before, after, past.seed, code_version, edits)
    series = {course.series.series_id: course.series for course in after.drawn.courses}
    rows = []
    for key in (key for key in shared if key[1] in series):
        level, series_id, end = key
        # Shares of classes rest on the ledger alone; other series do where code and seed are the same.
        again = NEW_REPORT if late else ASSUMPTION if edits and (same_model or level == "stack") else MODEL
        parts = _parts(key, before.medians[key], [(again, chain[0][1]), *chain[1:]])
        for cause, (leased, occupancy) in sorted(parts.items(), key=lambda part: POSITION[part[0]]):
            if occupancy or leased:
                rows.append(
                    (
                        before.vintage, after.known.vintage, SCENARIO, level, series_id, end, series[series_id].unit,
                        POSITION[cause], cause, leased, 100 * occupancy, words.of(cause, series[series_id]),
                    )
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(BRIDGE_COLUMNS))


def _parts(
    key: Key, start: tuple[float | None, float], chain: Iterable[tuple[str, Medians]]
) -> dict[str, tuple[float | None, float]]:
    """Change of leased capacity and occupancy by cause. A link that lost the series leaves it where it was."""
    parts: dict[str, tuple[float | None, float]] = {}
    at = start
    for cause, medians in chain:
        leased, occupancy = medians.get(key, at)
        known = parts.get(cause, (0.0, 0.0))
        moved = None if leased is None or at[0] is None or known[0] is None else known[0] + (leased - at[0])
        parts[cause] = (moved, known[1] + (occupancy - at[1]))
        at = (leased, occupancy)
    if at[0] is None or start[0] is None:
        return {cause: (None, occupancy) for cause, (_, occupancy) in parts.items()}
    return parts


def medians_of(courses: Drawn) -> Medians:
    """Medians of every course by level, series and quarter end."""
    answer: Medians = {}
    for course in courses.courses:
        rate = quantiles(course.paths.rate, (0.5,))[:, 0]
        used = None if course.paths.used is None else quantiles(course.paths.used, (0.5,))[:, 0]
        for step, end in enumerate(quarter_ends(course.origin + np.arange(1, HORIZON + 1))):
            leased = None if used is None else float(used[step])
            answer[course.series.level, course.series.series_id, end.date()] = (leased, float(rate[step]))
    return answer


def restated(before: Known, after: Known) -> Known:
    """What the vintage before knew, its figures with the values that are known now; no quarter is added."""
    members = {one.series_id: one for one in after.members}
    sums = {(one.level, one.series_id): one for one in after.aggregates}
    return replace(
        before,
        members=[
            replace(one, item=_restated(one.item, members[one.series_id].item)) if one.series_id in members else one
            for one in before.members
        ],
        aggregates=[_restated_sum(one, sums.get((one.level, one.series_id))) for one in before.aggregates],
    )


def _restated_sum(then: Aggregate, now: Aggregate | None) -> Aggregate:
    if now is None or now.item is None or then.item is None:
        return then
    return replace(then, item=_restated(then.item, now.item))


def _restated(then: Occupancy, now: Occupancy) -> Occupancy:
    in_service = then.in_service
    if in_service is not None and now.in_service is not None:
        in_service = _values_of(in_service, now.in_service)
    return Occupancy(_values_of(then.rate, now.rate), in_service, now.perimeter)


def _values_of(then: Series, now: Series) -> Series:
    """The series `then` with the values of `now` in the quarters that both have."""
    y = then.y.copy()
    for at in then.observed.tolist():
        place = then.first + at - now.first
        if 0 <= place < len(now.y) and not np.isnan(now.y[place]):
            y[at] = now.y[place]
    return replace(then, y=y)


def with_shares(after: Known, before: Known) -> Known:
    """What is known now, with the stack shares that the vintage before had; what is new keeps its own."""
    known = {one.series_id for one in before.members}
    weights = {(one.level, one.series_id): one.weights for one in before.aggregates}

    def earlier(one: Aggregate) -> Aggregate:
        own = weights.get((one.level, one.series_id))
        if one.level != "stack" or own is None:
            return one
        kept = {name: own.get(name, 0.0) if name in known else share for name, share in one.weights.items()}
        return replace(one, weights={name: share for name, share in kept.items() if share > 0})

    return replace(after, aggregates=[earlier(one) for one in after.aggregates])


def write_bridge(connection: duckdb.DuckDBPyConnection, rows: pd.DataFrame, before: date, after: date) -> None:
    """Replace the bridge of reported series between two vintages; a revision that moved nothing keeps what is there."""
    if before == after and not len(rows):
        return
    with transaction(connection):
        connection.execute(
            "DELETE FROM forecast_bridge WHERE vintage_from = ? AND vintage_to = ? AND portfolio IS NULL",
            [before, after],
        )
        insert(connection, "forecast_bridge", rows)


class _Words:
    """What stands behind each cause of a series, in words that name documents and parameters."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: State,
        after: Made,
        seed: int,
        code_version: str,
        edits: list[str],
    ) -> None:
        self._edits = edits
        self._of_unit: dict[tuple[str, str], str] = {}
        every = (*before.known.members, *after.known.members)
        self._owner = {one.series_id: one.operator for one in every}
        self._beside: dict[str, set[str]] = defaultdict(set)
        for one in every:
            self._beside[one.unit].add(one.operator)
        dates = {"before": before.known.known_by, "now": after.known.known_by}
        received_after = None if before.backfilled else before.as_of
        self._documents: dict[str, list[str]] = defaultdict(list)
        for operator, name, document, _ in connection.execute(
            sql_text("bridge_documents"), {**dates, "received_after": received_after}
        ).fetchall():
            self._documents[operator].append(f"{name} ({document})")
        self._restated: dict[str, list[str]] = defaultdict(list)
        for operator, metric, end, old, new, unit, name, document in connection.execute(
            sql_text("bridge_restatements"), dates
        ).fetchall():
            words = f"{metric} {end}: {old:g} -> {new:g} {unit}, {name} ({document})"
            self._restated[operator].append(words)
        self._shares = _changed_shares(before.known.members, after.known.members)
        assert before.learnt is not None
        assert after.learnt is not None
        counts = len(before.learnt.origins.rate.of), len(after.learnt.origins.rate.of)
        self._model = f"weights and widths learnt from {counts[0]} -> {counts[1]} past forecasts"
        if before.code_version != code_version:
            self._model += f"; code {before.code_version} -> {code_version}"
        if before.seed != seed:
            self._model += f"; seed {before.seed} -> {seed}"

    def of(self, cause: str, series: Member | Aggregate) -> str:
        """The documents, figures or parameters behind a cause of a series; of a sum those of its members."""
        if cause == MODEL:
            return self._model
        names = [series.series_id] if isinstance(series, Member) else sorted(series.weights)
        if cause == ASSUMPTION:
            moved = [*self._edits, *(self._shares[name] for name in names if name in self._shares)]
            return _listed(moved) or "stack shares moved with the capacities behind them"
        owners = sorted({self._owner[name] for name in names if name in self._owner})
        own = self._told(cause, owners)
        if own:
            return _listed(own)
        # Sums of a unit are reconciled: a report of one operator moves the others through them.
        others = self._beside_told(cause, series.unit)
        if others:
            return "through sums of the unit: " + others
        return "time passed: a series without a new report is carried on, or leaves its sum"

    def _beside_told(self, cause: str, unit: str) -> str:
        """What is told of all operators of a unit, worked out once: asked for owners of whom nothing is told."""
        if (cause, unit) not in self._of_unit:
            self._of_unit[cause, unit] = _listed(self._told(cause, sorted(self._beside.get(unit, set()))))
        return self._of_unit[cause, unit]

    def _told(self, cause: str, owners: list[str]) -> list[str]:
        """Restated figures or new documents of operators; documents also where a restatement has no pair of figures."""
        figures = [words for owner in owners for words in self._restated.get(owner, ())]
        if cause == RESTATEMENT and figures:
            return figures
        return list(dict.fromkeys(words for owner in owners for words in self._documents.get(owner, ())))


def _edits(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """What differs between two states of the ledger, in words; nothing where a vintage kept none."""
    if not before:
        return []
    words = []
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            old, new = (f"{one[name]:g}" if name in one else "none" for one in (before, now))
            words.append(f"{name}: {old} -> {new}")
    return words


def _changed_shares(before: Iterable[Member], after: Iterable[Member]) -> Mapping[str, str]:
    """series_id -> words for every series whose stack shares are no longer those of the vintage before."""
    old = {one.series_id: one.shares for one in before}
    answer = {}
    for one in after:
        then = old.get(one.series_id)
        if then is not None and then != one.shares:
            moved = [
                f"{name} {then.get(name, 0.0):.2f} -> {one.shares.get(name, 0.0):.2f}"
                for name in sorted({*then, *one.shares})
                if then.get(name, 0.0) != one.shares.get(name, 0.0)
            ]
            answer[one.series_id] = f"stack share of {one.series_id}: {', '.join(moved)}"
    return answer


def _listed(words: list[str]) -> str:
    left = len(words) - MOST_NAMED
    return "; ".join(words[:MOST_NAMED]) + (f"; and {left} more" if left > 0 else "")
