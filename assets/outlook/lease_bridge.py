"""Why a forecast of a rent roll moved since the last publication, cause by cause.

Belongs here: the order in which causes are put in place, what each one's part is, and which rows stand. Not here: words
on what differs in a rent roll (lease_changes.py), the bridge of reported series (bridge.py).

The last publication keeps both ends of the way: the forecast as it was, and the rent roll, assumptions and scenarios
that it was made from. From there one thing at a time is replaced by today's, and everything is simulated anew with the
same luck; what the medians then move by is that cause's part, so that the parts add up to the change whatever they are:

1. code and seed (model or weights);
2. assumptions and the scenario's file (assumption or scenario);
3. the rent roll, with the time that has passed (lease event).

A link that replaces nothing is not simulated, so that a new rent roll alone costs one simulation more a scenario. Only
of a scenario's outcomes, and of the order of its shocks, does a publication keep nothing: they are today's throughout.

Which rows stand. With v1 the newest vintage of the last publication and v2 that of this run:

- v2 is later: (v1, v2) is written, from the last published state of v1.
- v2 = v1, and something moved: (v2, v2) becomes the step from the last publication to this run, and that step is added
  to the rows from earlier vintages to v2. Rows (v1, v2) therefore always add up to the difference of the two forecasts
  as they are published, however often v2 is revised; (v2, v2) shows the last revision alone.
- v2 = v1, and nothing moved: what the last publication says stays.

All of it starts from the publication, never from rows of a run that was not published: a repeated run counts nothing
twice. A publication that is missing, damaged or of another version gives no bridge, and the reason is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from assets.outlook.bridge import ASSUMPTION, MODEL
from assets.outlook.lease_changes import Changes, same
from assets.outlook.lease_tables import Runs
from assets.outlook.portfolios import learn_portfolio
from assets.outlook.scenarios import FiledScenario
from assets.warehouse.database import connect, insert, transaction
from assets.warehouse.ledger import assumed
from assets.warehouse.rent_rolls import read_portfolio
from forecasts.leases.portfolio import STRENGTHS, Portfolio
from forecasts.leases.priors import PREFIX, Priors
from forecasts.leases.scenario import MULTIPLIERS, Scenario, Shock

LEASE_EVENT = "lease event"
POSITION = {MODEL: 1, ASSUMPTION: 2, LEASE_EVENT: 3}
# Everything that learning from a rent roll takes from the ledger.
PARAMETERS = (
    *(PREFIX + one.name for one in fields(Priors)), *(f"stack.weight.{strength}" for strength in STRENGTHS),
    "stack.half_life_years", "stack.conflict_to_dual",
)  # fmt: skip
ROW_COLUMNS = (
    "vintage_from", "vintage_to", "scenario", "level", "series_id", "quarter_end", "unit", "position", "cause",
    "delta_leased", "delta_occupancy_pp", "because", "portfolio",
)  # fmt: skip
SINCE = "; revised since: "
# Revisions of an open vintage whose words are kept beside the first ones.
MOST_REVISIONS = 3

_SERIES = ["level", "series_id", "quarter_end"]
_MEDIANS = ["leased_p50", "occupancy_p50"]
_DELTAS = ["delta_leased", "delta_occupancy_pp"]
# Columns of `shocks` that the simulation heeds.
_HEEDED = ("acts_on", "value", "where_json", "from_quarter", "full_quarter", "to_quarter", "to_stack", "eased_by")

_Words = Callable[[str, str], str]


@dataclass(frozen=True)
class Filed:
    """A scenario as the published tables keep it. multipliers: by name; shocks: shock_id -> column -> value."""

    multipliers: Mapping[str, float]
    shocks: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Former:
    """A rent roll as the last publication has it, with what it said of it.

    vintage: the newest; forecast: scenario, _SERIES and _MEDIANS of it; code_version, seed: what it was made with, None
    where nobody kept it; told: rows of forecast_bridge that lead to it.
    """

    portfolio: Portfolio
    vintage: date
    forecast: pd.DataFrame
    code_version: str | None
    seed: int | None
    told: pd.DataFrame


@dataclass(frozen=True)
class Publication:
    """What a bridge needs of a publication. unusable: why there is nothing, "" where there is."""

    portfolios: Mapping[str, Former] = field(default_factory=dict)
    assumptions: Mapping[str, float] = field(default_factory=dict)
    scenarios: Mapping[str, Filed] = field(default_factory=dict)
    unusable: str = ""


class _NoBridgeError(Exception):
    """Two states cannot be compared; the message says why."""


def read_publication(path: Path) -> Publication:
    """The rent rolls of a published file, as they were forecast there. Never raises for what is wrong with the file."""
    if not path.exists():
        return Publication(unusable="nothing has been published yet that the forecast could be compared with")
    try:
        with connect(path, read_only=True) as connection:
            names = connection.execute("SELECT portfolio FROM portfolios ORDER BY portfolio").fetchall()
            found = {name: _former(connection, name) for (name,) in names}
            return Publication(
                {name: former for name, former in found.items() if former is not None},
                assumed(connection),
                _filed(connection),
            )
    except (duckdb.Error, LookupError, OSError, RuntimeError, ValueError) as error:
        said = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        return Publication(
            unusable=f"{path} cannot be compared with: damaged, or made by another version ({said[0]}). The next"
            " publication replaces it"
        )


def _former(connection: duckdb.DuckDBPyConnection, name: str) -> Former | None:
    newest = connection.execute("SELECT max(vintage) FROM occupancy_forecast WHERE portfolio = ?", [name]).fetchall()
    vintage = newest[0][0]
    if vintage is None:
        return None
    made = connection.execute("SELECT code_version, seed FROM vintages WHERE vintage = ?", [vintage]).fetchone()
    code_version, seed = made or (None, None)
    told = connection.execute(
        f"SELECT {', '.join(ROW_COLUMNS)} FROM forecast_bridge WHERE portfolio = ? AND vintage_to = ? ORDER BY ALL",
        [name, vintage],
    ).df()
    forecast = _forecast(connection, name, vintage)
    return Former(read_portfolio(connection, name), vintage, forecast, code_version, seed, told)


def _forecast(connection: duckdb.DuckDBPyConnection, portfolio: str, vintage: date) -> pd.DataFrame:
    """scenario, unit, _SERIES and _MEDIANS of a rent roll's forecast."""
    return connection.execute(
        f"SELECT scenario, unit, {', '.join(_SERIES + _MEDIANS)} FROM occupancy_forecast"
        " WHERE portfolio = ? AND vintage = ? ORDER BY scenario, level, series_id, quarter_end",
        [portfolio, vintage],
    ).df()


def _filed(connection: duckdb.DuckDBPyConnection) -> dict[str, Filed]:
    columns = f"scenario, {', '.join(MULTIPLIERS)}"
    rows = connection.execute(f"SELECT {columns} FROM scenarios").fetchall()
    answer = {row[0]: Filed(dict(zip(MULTIPLIERS, row[1:], strict=True)), {}) for row in rows}
    shocks: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in answer}
    for scenario, shock_id, *values in connection.execute(
        f"SELECT scenario, shock_id, {', '.join(_HEEDED)} FROM shocks ORDER BY scenario, shock_id"
    ).fetchall():
        shocks[scenario][shock_id] = dict(zip(_HEEDED, values, strict=True))
    return {name: Filed(one.multipliers, shocks[name]) for name, one in answer.items()}


def build_lease_bridge(
    connection: duckdb.DuckDBPyConnection,
    before: Publication,
    vintage: date,
    seed: int,
    code_version: str,
    scenarios: Mapping[str, FiledScenario],
) -> dict[str, Any]:
    """Write the bridge that leads to the rent rolls' forecasts of a vintage, which must have been written before
    (lease_tables.py). before: the last publication; code_version: as it goes into `vintages`.

    Returns a summary: bridged (rows), no_bridge (portfolio and reason, "" where every one has a bridge).
    """
    names = [row[0] for row in connection.execute("SELECT portfolio FROM portfolios ORDER BY portfolio").fetchall()]
    today = _Today(vintage, seed, code_version, _used(assumed(connection)), scenarios, _filed(connection))
    frames, reasons = [], []
    for name in names:
        try:
            frames.append(_bridge(connection, name, before, today))
        except _NoBridgeError as error:
            reasons.append(f"{name}: {error}")
    bridged = sum(len(frame) for frame in frames)
    with transaction(connection):
        connection.execute("DELETE FROM forecast_bridge WHERE vintage_to = ? AND portfolio IS NOT NULL", [vintage])
        for frame in frames:
            insert(connection, "forecast_bridge", frame)
    return {"bridged": bridged, "no_bridge": "; ".join(reasons)}


@dataclass(frozen=True)
class _Today:
    """What this run forecasts with."""

    vintage: date
    seed: int
    code_version: str
    assumptions: Mapping[str, float]
    scenarios: Mapping[str, FiledScenario]
    filed: Mapping[str, Filed]


@dataclass(frozen=True)
class _Link:
    """What one cause leads to: medians by _SERIES, and words for a level and series."""

    cause: str
    medians: pd.DataFrame
    words: _Words


def _used(assumptions: Mapping[str, float]) -> dict[str, float]:
    return {name: assumptions[name] for name in PARAMETERS if name in assumptions}


def _bridge(connection: duckdb.DuckDBPyConnection, name: str, before: Publication, today: _Today) -> pd.DataFrame:
    """Rows of forecast_bridge that lead to a rent roll's forecast of today. Raises _NoBridgeError."""
    if before.unusable:
        raise _NoBridgeError(before.unusable)
    former = before.portfolios.get(name)
    if former is None:
        raise _NoBridgeError("the last publication has no forecast of it")
    if former.vintage > today.vintage:
        raise _NoBridgeError(f"the last publication is of {former.vintage}, which is after {today.vintage}")
    if former.vintage < today.vintage and not former.forecast.equals(_forecast(connection, name, former.vintage)):
        raise _NoBridgeError(f"the warehouse has not the forecast of {former.vintage} that the last publication has")
    ends = _forecast(connection, name, today.vintage)
    now = read_portfolio(connection, name)
    try:
        way = _Way(name, former, now, before, today)
        frames = [_parts(way, scenario, ends) for scenario in way.shared(ends)]
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # What an earlier version took may be something that today's refuses; the forecast itself stands.
        raise _NoBridgeError(f"its earlier state cannot be simulated by this version: {error!r}") from error
    if not frames:
        raise _NoBridgeError("the last publication has no scenario of today")
    step = _stamped(pd.concat(frames, ignore_index=True), former.vintage, today.vintage, name)
    return _standing(former, step, ends, today.vintage)


class _Way:
    """From a rent roll's forecast in the last publication to that of today, scenario by scenario."""

    def __init__(self, name: str, former: Former, now: Portfolio, before: Publication, today: _Today) -> None:
        self._name, self._former, self._before, self._today = name, former, before, today
        self._same = same(former.portfolio, now)
        self._changes = None if self._same else Changes(name, former.portfolio, now)
        self._assumptions = {**today.assumptions, **_used(before.assumptions)}
        self._edited = _parameters(_used(before.assumptions), today.assumptions)
        self._model = []
        if former.code_version != today.code_version:
            self._model.append(f"code {former.code_version or 'unknown'} -> {today.code_version}")
        if former.seed is not None and former.seed != today.seed:
            self._model.append(f"seed {former.seed} -> {today.seed}")
        self._runs: dict[bool, Runs] = {}
        self._steady = False

    def shared(self, ends: pd.DataFrame) -> list[str]:
        """Scenarios that both forecasts have, base first."""
        known = set(self._former.forecast["scenario"]) & set(ends["scenario"]) & set(self._before.scenarios)
        return [name for name in self._today.scenarios if name in known]

    def start(self, scenario: str) -> pd.DataFrame:
        """Medians as published."""
        return _medians(self._former.forecast[self._former.forecast["scenario"] == scenario])

    def links(self, scenario: str, ends: pd.DataFrame) -> list[_Link]:
        """The causes of a scenario in their order; ends: medians of today."""
        present = self._today.scenarios[scenario]
        filed = self._before.scenarios[scenario]
        edited = self._edited + _edits(filed, self._today.filed[scenario])
        links = []
        if self._model and edited:
            links.append(_Link(MODEL, self._again(True, _restored(present, filed)), _always(self._model)))
        before_roll = ends if self._same else self._again(False, present)
        if edited:
            links.append(_Link(ASSUMPTION, before_roll, _always(edited)))
        elif self._model:
            links.append(_Link(MODEL, before_roll, _always(self._model)))
        else:
            links += self._unseen(present, before_roll)
        if self._changes is not None:
            links.append(_Link(LEASE_EVENT, ends, self._changes.of))
        elif not links:
            links.append(_Link(LEASE_EVENT, ends, _always(["nothing has changed"])))
        return links

    def _unseen(self, scenario: Scenario, medians: pd.DataFrame) -> list[_Link]:
        """The link of whatever moved a forecast although no difference is known; none as a rule, since nothing did."""
        start = self.start(scenario.name)
        moved = not start.equals(medians.reindex(start.index))
        if not scenario.shocks:
            self._steady = not moved
        if not moved:
            return []
        if scenario.shocks and self._steady:
            # What the base does not share can only be in the scenario's file.
            return [
                _Link(ASSUMPTION, medians, _always([f"scenario {scenario.name}: outcomes, or the order of shocks"]))
            ]
        unknown = "nothing that is kept differs; settings of the simulation, libraries or the machine may"
        return [_Link(MODEL, medians, _always([unknown]))]

    def _again(self, earlier: bool, scenario: Scenario) -> pd.DataFrame:
        """Medians of the former rent roll by the code of today, with the earlier assumptions or with those of today."""
        earlier = earlier and bool(self._edited)
        if earlier not in self._runs:
            assumptions = self._assumptions if earlier else self._today.assumptions
            learnt = learn_portfolio(self._former.portfolio, assumptions)
            self._runs[earlier] = Runs.of(learnt, assumptions, self._today.seed)
        return _medians(self._runs[earlier].forecast(scenario, self._name))


def _parts(way: _Way, scenario: str, ends: pd.DataFrame) -> pd.DataFrame:
    """Parts of every cause in the change of a scenario, one row a series, quarter that both forecast, and cause. A
    quarter in which either has no occupancy is left out.
    """
    own = ends[ends["scenario"] == scenario]
    start, end = way.start(scenario), _medians(own)
    keys = start.dropna().index.intersection(end.dropna().index)
    at = start.loc[keys]
    frames = []
    for link in way.links(scenario, end):
        # Where a link has lost the series, it leaves it where it was.
        then = link.medians.reindex(keys).fillna(at)
        moved = (then - at).rename(columns=dict(zip(_MEDIANS, _DELTAS, strict=True)))
        moved["delta_occupancy_pp"] *= 100
        words = {pair: link.words(*pair) for pair in {key[:2] for key in keys}}
        because = [words[key[:2]] for key in keys]
        frames.append(moved.assign(cause=link.cause, position=POSITION[link.cause], because=because).reset_index())
        at = then
    rows = pd.concat(frames, ignore_index=True)
    units = own.drop_duplicates(["level", "series_id"])[["level", "series_id", "unit"]]
    return rows.merge(units, on=["level", "series_id"]).assign(scenario=scenario)


def _stamped(step: pd.DataFrame, vintage_from: date, vintage_to: date, portfolio: str) -> pd.DataFrame:
    rows = step.assign(
        vintage_from=pd.Timestamp(vintage_from), vintage_to=pd.Timestamp(vintage_to), portfolio=portfolio
    )
    return _without_idle(rows[list(ROW_COLUMNS)])


def _without_idle(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without the causes that moved nothing; the last one stays where none did."""
    own = ["vintage_from", "scenario", *_SERIES]
    idle = (rows[_DELTAS] == 0).all(axis=1)
    last = rows.groupby(own)["position"].transform("max") == rows["position"]
    moved = (~idle).groupby([rows[name] for name in own]).transform("any")
    return rows[~idle | (last & ~moved)]


def _standing(former: Former, step: pd.DataFrame, ends: pd.DataFrame, vintage: date) -> pd.DataFrame:
    """Rows that stand after a step from the last publication (see the module)."""
    if former.vintage < vintage:
        return step
    told = former.told
    if not (step[_DELTAS] != 0).any(axis=None):
        # A series that is forecast no more has nothing left to be explained.
        return told.merge(ends.dropna(subset=_MEDIANS)[["scenario", *_SERIES]], on=["scenario", *_SERIES])
    earlier = told[told["vintage_from"] < pd.Timestamp(vintage)]
    return pd.concat([_carried(earlier, step), step], ignore_index=True) if len(earlier) else step


def _carried(earlier: pd.DataFrame, step: pd.DataFrame) -> pd.DataFrame:
    """Rows from earlier vintages with a revision of the vintage that they lead to added, cause by cause."""
    series = ["scenario", *_SERIES]
    both = earlier.merge(step[series].drop_duplicates(), on=series)
    pairs = both[["vintage_from", *series]].drop_duplicates()
    added = step[(step[_DELTAS] != 0).any(axis=1)].drop(columns="vintage_from").merge(pairs, on=series)
    own = ["vintage_from", "vintage_to", *series, "unit", "position", "cause", "portfolio"]
    summed = pd.concat([both, added], ignore_index=True).groupby(own, sort=True)
    rows = summed[_DELTAS].sum().join(summed["because"].agg(_revised)).reset_index()
    return _without_idle(rows[list(ROW_COLUMNS)])


def _revised(words: pd.Series) -> str:
    """The first words and the latest of those that came with revisions."""
    pieces = list(dict.fromkeys(piece for text in words for piece in text.split(SINCE)))
    if len(pieces) > MOST_REVISIONS + 1:
        pieces = [pieces[0], "earlier revisions", *pieces[-MOST_REVISIONS:]]
    return SINCE.join(pieces)


def _medians(rows: pd.DataFrame) -> pd.DataFrame:
    """_MEDIANS by _SERIES."""
    ends = pd.to_datetime(rows["quarter_end"]).astype("datetime64[ns]")
    return rows.assign(quarter_end=ends).set_index(_SERIES)[_MEDIANS].astype(float).sort_index()


def _always(words: list[str]) -> _Words:
    text = "; ".join(words)
    return lambda level, series_id: text


def _parameters(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """Words for every parameter of the ledger that differs."""
    return [
        f"{name} {_shown(before.get(name))} -> {_shown(now.get(name))}"
        for name in PARAMETERS
        if before.get(name) != now.get(name)
    ]


def _edits(before: Filed, now: Filed) -> list[str]:
    """Words for everything that differs in a scenario's file."""
    told = [
        f"{name} {_shown(before.multipliers[name])} -> {_shown(now.multipliers[name])}"
        for name in MULTIPLIERS
        if before.multipliers[name] != now.multipliers[name]
    ]
    for shock_id in sorted({*before.shocks, *now.shocks}):
        old, new = before.shocks.get(shock_id), now.shocks.get(shock_id)
        if old is None or new is None:
            verb, shock = ("removed", old) if new is None else ("added", new)
            assert shock is not None
            told.append(f"shock {shock_id} {verb} ({shock['acts_on']} {_shown(shock['value'])})")
        elif old != new:
            moved = [f"{name} {_shown(old[name])} -> {_shown(new[name])}" for name in _HEEDED if old[name] != new[name]]
            told.append(f"shock {shock_id}: {', '.join(moved)}")
    return told


def _restored(present: FiledScenario, filed: Filed) -> Scenario:
    """A scenario as it was filed; outcomes, and the order of shocks that it still has, are those of today."""
    today = {shock.shock_id: (at, shock.outcome) for at, shock in enumerate(present.shocks)}
    ids = sorted(filed.shocks, key=lambda shock_id: (today.get(shock_id, (len(today), ""))[0], shock_id))
    shocks = tuple(_shock(shock_id, filed.shocks[shock_id], today.get(shock_id, (0, ""))[1]) for shock_id in ids)
    return Scenario(
        present.name, present.title, present.description, shocks, **filed.multipliers, outcomes=present.outcomes
    )


def _shock(shock_id: str, row: Mapping[str, Any], outcome: str) -> Shock:
    value = row["value"]
    return Shock(
        shock_id, row["acts_on"], value, value, value, "",
        {name: tuple(values) for name, values in json.loads(row["where_json"]).items()},
        row["from_quarter"], row["full_quarter"], row["to_quarter"], row["to_stack"] or "",
        tuple(part for part in (row["eased_by"] or "").split(", ") if part), outcome=outcome,
    )  # fmt: skip


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
