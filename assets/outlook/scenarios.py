"""Scenarios as data files: reading data/scenarios/*.yaml and a user's own folder, and their rows of published tables.

Belongs here: the keys of a scenario file, what is refused and how it is said, composition by name. Not here: what a
shock does (forecasts/leases/scenario.py and simulate.py).

Every message names file, line, key, what was found and what is allowed: a scenario is written by people who do not read
this code.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pandas as pd
import yaml

from assets.plain_yaml import PlainLoader
from forecasts.leases.portfolio import SECTORS, STACKS, TIERS
from forecasts.leases.priors import PREFIX, Priors
from forecasts.leases.scenario import ACTS_ON, MULTIPLIERS, WHERE, Scenario, Shock
from forecasts.leases.sweep import OVER, PROPERTIES, Sweep

ANALYST_PRIOR = "analyst_prior"
SCENARIO_KEYS = ("name", "title", "description", "includes", "multipliers", "outcomes", "shocks", "sweep")
MULTIPLIER_KEYS = ("value", "low", "high", "basis")
SHOCK_KEYS = (
    "id", "acts_on", "value", "low", "high", "basis", "where", "from_quarter", "full_quarter", "to_quarter", "to_stack",
    "eased_by", "outcome", "note",
)  # fmt: skip
SCENARIO_COLUMNS = ("scenario", "title", "description", "includes", "lock_in", "dual_stack", "shocks", "file")
SHOCK_COLUMNS = (
    "scenario", "shock_id", "acts_on", "value", "low", "high", "basis", "where_json", "from_quarter", "full_quarter",
    "to_quarter", "to_stack", "eased_by", "note",
)  # fmt: skip
# Codes of the attributes of `where` that have a fixed list; operator and market are names of the portfolio.
CODES: Mapping[str, tuple[str, ...]] = {
    "sector": SECTORS, "sensitivity_tier": TIERS, "stack": STACKS, "hosts": STACKS,
    "largest_tenant_of": ("total", "operator", "market"),
}  # fmt: skip
_STEM = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Heeds:
    """What the simulation heeds of a shock beside its value: attributes of `where`, keys of its time, whether
    `eased_by` has an effect; needs: keys without which it means nothing; least, most: bounds of the value.
    """

    where: tuple[str, ...]
    time: tuple[str, ...]
    eased: bool
    least: float
    most: float
    needs: tuple[str, ...] = ()


_OF_LEASES = ("sector", "sensitivity_tier", "stack", "market", "operator", "hosts", "largest_tenant_of")
_OF_PHASES = ("stack", "market", "operator", "complete_below")
_RISES = ("from_quarter", "full_quarter", "to_quarter")
_WINDOW = ("from_quarter", "to_quarter")
# A key that is not heeded would be dropped in silence, so it is refused.
HEEDS: Mapping[str, Heeds] = {
    "renewal_odds": Heeds(_OF_LEASES, _RISES, True, 0.001, 1000.0),
    "renewal_probability": Heeds(_OF_LEASES, _RISES, True, 0.0, 1.0),
    "early_end_rate": Heeds(_OF_LEASES, _RISES, True, 0.0, 1000.0),
    "early_end_probability": Heeds(_OF_LEASES, _WINDOW, True, 0.0, 1.0, ("to_quarter",)),
    "moves_share": Heeds(_OF_LEASES, (), True, 0.0, 1.0, ("to_stack",)),
    "demand": Heeds(("market", "stack", "sector"), _RISES, False, 0.0, 100.0),
    "rival_mw": Heeds(("market",), _RISES, False, 0.0, 100_000.0),
    "delivery_delay_quarters": Heeds(_OF_PHASES, (), False, 0.0, 40.0),
    "delivery_cancelled": Heeds(_OF_PHASES, (), False, 0.0, 1.0),
    "tenant_leaves": Heeds(_OF_LEASES, _WINDOW, True, 0.0, 1.0, ("to_quarter", "where.largest_tenant_of")),
    "tenant_shrinks": Heeds(_OF_LEASES, _WINDOW, True, 0.0, 1.0, ("to_quarter", "where.largest_tenant_of")),
}


class ScenarioError(ValueError):
    """A scenario cannot be used as written; the message says where and what to write instead."""


@dataclass(frozen=True)
class Multiplier:
    """A bounded multiplier of a scenario, 0 <= low <= value <= high <= 1, and the claim or prior behind it."""

    value: float
    low: float
    high: float
    basis: str


@dataclass(frozen=True)
class FiledScenario(Scenario):
    """A scenario with what only its file says. includes: names, in order; multipliers: by name, those of included
    scenarios too; file: the file's name, "" for one composed by name.
    """

    includes: tuple[str, ...] = ()
    multipliers: Mapping[str, Multiplier] = field(default_factory=dict)
    sweep: Sweep | None = None
    file: str = ""


def reserved_claims(claims: pd.DataFrame) -> dict[str, str]:
    """claim_id -> default_use of the claims of grade D, which act only in a scenario that their default_use names.
    claims: claim_id, grade, default_use.
    """
    weak = claims[claims["grade"].astype(str).str.strip().str.upper() == "D"]
    return {str(row.claim_id): str(row.default_use) for row in weak.itertuples()}


def load_scenarios(
    folder: Path, claims: Collection[str], own: Path | None = None, reserved: Mapping[str, str] | None = None
) -> dict[str, FiledScenario]:
    """All scenarios of a folder (*.yaml, *.yml) by name, and of a user's `own` folder where there is one.

    claims: ids a basis may name beside analyst_prior; reserved: as reserved_claims returns. Raises ScenarioError for
    the first thing that cannot be used; a scenario of `own` may include those of `folder` but not take one's name.
    """
    files = _files(folder)
    if not files:
        raise ScenarioError(f"{folder}: found no scenario file; expected files named *.yaml there.")
    if own is not None:
        files += _files(own)
    drafts: dict[str, _Draft] = {}
    for file in files:
        draft = _read(file, set(claims), dict(reserved or {}))
        if draft.scenario.name in drafts:
            other = drafts[draft.scenario.name].place
            draft.place.refuse(
                "name", draft.scenario.name, f"a name of its own: {other.file}:{other.line} has this one already"
            )
        drafts[draft.scenario.name] = draft
    return {name: _composed(drafts, name) for name in drafts}


def chosen(scenarios: Mapping[str, FiledScenario], names: Iterable[str]) -> FiledScenario:
    """The scenario of these names, acting together where there are several ('a+b' counts as two); the stronger of each
    multiplier holds. A shock that reaches it by two ways acts once; a scenario without shocks adds nothing.

    Raises ScenarioError for no name, an unknown one, and for two different shocks of one id.
    """
    asked = list(dict.fromkeys(part.strip() for name in names for part in name.split("+")))
    known = ", ".join(sorted(scenarios))
    if not asked:
        raise ScenarioError(f"no scenario is named; known are {known}.")
    for name in asked:
        if name not in scenarios:
            raise ScenarioError(f"scenario {name!r} is not known; known are {known}.")
    found = [scenarios[name] for name in asked]
    parts = [part for part in found if part.shocks] or found[:1]
    if len(parts) == 1:
        return parts[0]
    held: dict[str, tuple[Shock, str]] = {}
    for part in parts:
        for shock in part.shocks:
            before, where = held.setdefault(shock.shock_id, (shock, part.name))
            if before != shock:
                raise ScenarioError(
                    f"scenarios {where} and {part.name} both have a shock {shock.shock_id!r}, and the two differ;"
                    " rename one of them before the scenarios are joined."
                )
    joined = parts[0].joined(*parts[1:])
    stated: dict[str, Multiplier] = {}
    for part in parts:
        stated = _stronger(stated, part.multipliers)
    return FiledScenario(
        joined.name, joined.title, joined.description, tuple(shock for shock, _ in held.values()), joined.lock_in,
        joined.dual_stack, joined.outcomes, tuple(part.name for part in parts), stated,
    )  # fmt: skip


def with_multipliers(
    scenario: FiledScenario, lock_in: float | None = None, dual_stack: float | None = None
) -> FiledScenario:
    """The scenario with a user's own multipliers, None leaves one as it is. Raises ScenarioError outside 0 to 1."""
    for name, value in (("lock_in", lock_in), ("dual_stack", dual_stack)):
        if value is not None and not 0 <= value <= 1:
            raise ScenarioError(f"{name} {value}: a multiplier lies between 0 (no effect) and 1 (holds wholly).")
    return replace(
        scenario,
        lock_in=scenario.lock_in if lock_in is None else lock_in,
        dual_stack=scenario.dual_stack if dual_stack is None else dual_stack,
    )


def unmatched_names(scenario: Scenario, operators: Collection[str], markets: Collection[str]) -> list[str]:
    """Warnings, one a shock whose `where` names only operators or markets that a portfolio does not have: it has no
    effect there, which is right for another market and wrong for a slip of spelling.
    """
    told: list[str] = []
    for shock in scenario.shocks:
        for name, known in (("operator", operators), ("market", markets)):
            asked = shock.where.get(name)
            if asked and not set(asked) & set(known):
                told.append(
                    f"scenario {scenario.name}: shock {shock.shock_id} acts where {name} is {', '.join(asked)}; this"
                    f" portfolio has only {', '.join(sorted(known)) or 'none'}, so it has no effect."
                )
    return told


def scenario_rows(scenarios: Mapping[str, FiledScenario]) -> pd.DataFrame:
    """One row a scenario, SCENARIO_COLUMNS; includes joined by commas, shocks their number with included ones."""
    rows = [
        (
            item.name, item.title, item.description, ", ".join(item.includes), item.lock_in, item.dual_stack,
            len(item.shocks), item.file,
        )
        for item in scenarios.values()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(SCENARIO_COLUMNS))


def shock_rows(scenarios: Mapping[str, Scenario]) -> pd.DataFrame:
    """One row a scenario and shock, SHOCK_COLUMNS; where_json {attribute: [values]} with sorted keys, to_quarter empty
    for an effect that stays, eased_by joined by commas.
    """
    rows = [
        (
            item.name, shock.shock_id, shock.acts_on, shock.value, shock.low, shock.high, shock.basis,
            json.dumps({key: list(values) for key, values in shock.where.items()}, sort_keys=True, ensure_ascii=False),
            shock.from_quarter, shock.full_quarter, shock.to_quarter, shock.to_stack, ", ".join(shock.eased_by),
            shock.note,
        )
        for item in scenarios.values()
        for shock in item.shocks
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(SHOCK_COLUMNS))
    return frame.astype({"to_quarter": "Int64"})


@dataclass(frozen=True)
class _Place:
    """Where something stands: the file, a line of it (from 1), and the keys above it."""

    file: Path
    line: int
    path: str = ""

    def refuse(self, key: str, found: object, expected: str) -> None:
        """Raise ScenarioError."""
        name = ".".join(part for part in (self.path, key) if part)
        raise ScenarioError(f"{self.file}:{self.line}: {name}: found {found!r}; expected {expected}.")

    def at(self, node: yaml.Node, key: str = "") -> _Place:
        """The place of a node below this one."""
        path = ".".join(part for part in (self.path, key) if part)
        return _Place(self.file, node.start_mark.line + 1, path)


@dataclass(frozen=True)
class _Draft:
    """A file's own scenario, before what it includes; the lines of its name and of `includes`."""

    scenario: FiledScenario
    place: _Place
    includes: _Place


@dataclass(frozen=True)
class _Bases:
    """What a basis may be in one scenario."""

    claims: frozenset[str]
    reserved: Mapping[str, str]
    scenario: str

    def check(self, place: _Place, basis: str) -> str:
        """The basis, or ScenarioError."""
        if basis not in self.claims and basis != ANALYST_PRIOR:
            place.refuse(
                "", basis, f"a claim's id ({', '.join(sorted(self.claims)) or 'none is known'}) or {ANALYST_PRIOR}"
            )
        use = self.reserved.get(basis)
        if use is not None and self.scenario not in re.findall(r"\w+", use):
            place.refuse(
                "", basis,
                f"a claim that may act in {self.scenario}: this one has grade D and its default use is {use!r}. Rest"
                f" the value on {ANALYST_PRIOR}, or include a scenario that the claim names",
            )  # fmt: skip
        return basis


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")
    )


def _tree(file: Path) -> tuple[yaml.Node, _Place]:
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=PlainLoader)
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{file}: byte {error.start}: not UTF-8; save the file as UTF-8 text.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ScenarioError(f"{file}:{line}: not YAML: {error.problem}; correct that line.") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{file}: not YAML: {error}") from error
    except RecursionError as error:
        raise ScenarioError(f"{file}:1: nested too deeply; a scenario has at most five levels.") from error
    place = _Place(file, 1)
    if node is None:
        raise ScenarioError(f"{file}:1: found an empty file; expected the keys {', '.join(SCENARIO_KEYS)}.")
    return node, place.at(node)


def _read(file: Path, claims: set[str], reserved: dict[str, str]) -> _Draft:
    root, top = _tree(file)
    found = _mapping(top, root, SCENARIO_KEYS, ("name", "title", "description"))
    name = _text(top.at(found["name"], "name"), found["name"])
    if not _STEM.fullmatch(name):
        top.at(found["name"]).refuse("name", name, "small letters, digits and _, beginning with a letter")
    bases = _Bases(frozenset(claims), reserved, name)
    above = top.at(found["includes"], "includes") if "includes" in found else top
    includes = _texts(above, found["includes"]) if "includes" in found else ()
    multipliers: dict[str, Multiplier] = {}
    if "multipliers" in found:
        place = top.at(found["multipliers"], "multipliers")
        for key, node in _mapping(place, found["multipliers"], MULTIPLIERS).items():
            multipliers[key] = _multiplier(place.at(node, key), node, bases)
    shocks: list[Shock] = []
    if "shocks" in found:
        place = top.at(found["shocks"], "shocks")
        for at, node in enumerate(_sequence(place, found["shocks"])):
            shock = _shock(place.at(node, str(at + 1)), node, bases)
            if any(shock.shock_id == other.shock_id for other in shocks):
                place.at(node, str(at + 1)).refuse("id", shock.shock_id, "an id that no other shock of the file has")
            shocks.append(shock)
    outcomes = _outcomes(top.at(found["outcomes"], "outcomes"), found["outcomes"]) if "outcomes" in found else {}
    for shock in shocks:
        if shock.outcome and (shock.outcome not in outcomes or not HEEDS[shock.acts_on].eased):
            top.at(found["shocks"], f"shocks.{shock.shock_id}").refuse(
                "outcome", shock.outcome, f"one of the file's outcomes ({', '.join(outcomes) or 'none'}), on leases"
            )
    sweep = _sweep(top.at(found["sweep"], "sweep"), found["sweep"], shocks) if "sweep" in found else None
    scenario = FiledScenario(
        name, _text(top.at(found["title"], "title"), found["title"]),
        " ".join(_text(top.at(found["description"], "description"), found["description"]).split()), tuple(shocks),
        outcomes=outcomes, includes=includes, multipliers=multipliers, sweep=sweep, file=file.name,
    )  # fmt: skip
    return _Draft(scenario, top.at(found["name"]), above)


def _multiplier(place: _Place, node: yaml.Node, bases: _Bases) -> Multiplier:
    found = _mapping(place, node, MULTIPLIER_KEYS, MULTIPLIER_KEYS)
    value, low, high = _range(place, found, 0.0, 1.0)
    at = place.at(found["basis"], "basis")
    return Multiplier(value, low, high, bases.check(at, _text(at, found["basis"])))


def _shock(place: _Place, node: yaml.Node, bases: _Bases) -> Shock:
    found = _mapping(place, node, SHOCK_KEYS, ("id", "acts_on", "value", "low", "high", "basis"))
    shock_id = _text(place.at(found["id"], "id"), found["id"])
    # From here on the shock's own name says more than its number.
    place = _Place(place.file, place.line, f"shocks.{shock_id}")
    at = place.at(found["acts_on"], "acts_on")
    acts_on = _code(at, found["acts_on"], tuple(ACTS_ON))
    heeds = HEEDS[acts_on]
    value, low, high = _range(place, found, heeds.least, heeds.most)
    at = place.at(found["basis"], "basis")
    basis = bases.check(at, _text(at, found["basis"]))
    where = _where(place.at(found["where"], "where"), found["where"], acts_on) if "where" in found else {}
    for key in ("from_quarter", "full_quarter", "to_quarter"):
        if key in found and key not in heeds.time:
            place.at(found[key]).refuse(
                key, found[key].value,
                f"no {key}: {acts_on} heeds {', '.join(heeds.time) or 'no time, it acts throughout'}",
            )  # fmt: skip
    if "to_stack" in found and "to_stack" not in heeds.needs:
        place.at(found["to_stack"]).refuse("to_stack", found["to_stack"].value, f"no to_stack for {acts_on}")
    if "eased_by" in found and not heeds.eased:
        place.at(found["eased_by"]).refuse("eased_by", found["eased_by"].value, f"no eased_by for {acts_on}")
    for key in heeds.needs:
        inner = key.removeprefix("where.")
        if inner not in (where if inner != key else found):
            place.refuse(key, None, f"a value: {acts_on} means nothing without it")
    start = _quarter(place, found, "from_quarter", 1)
    full = _quarter(place, found, "full_quarter", start)
    end = _quarter(place, found, "to_quarter", max(start, full)) if "to_quarter" in found else None
    eased: tuple[str, ...] = ()
    if "eased_by" in found:
        at = place.at(found["eased_by"], "eased_by")
        eased = tuple(_one_of(at, name, MULTIPLIERS) for name in _texts(at, found["eased_by"]))
    to_stack = _code(place.at(found["to_stack"], "to_stack"), found["to_stack"], STACKS) if "to_stack" in found else ""
    note = " ".join(_text(place.at(found["note"], "note"), found["note"]).split()) if "note" in found else ""
    outcome = _text(place.at(found["outcome"], "outcome"), found["outcome"]) if "outcome" in found else ""
    return Shock(shock_id, acts_on, value, low, high, basis, where, start, full, end, to_stack, eased, note, outcome)


def _where(place: _Place, node: yaml.Node, acts_on: str) -> dict[str, tuple[str, ...]]:
    allowed = HEEDS[acts_on].where
    where: dict[str, tuple[str, ...]] = {}
    for key, value in _mapping(place, node, WHERE).items():
        at = place.at(value, key)
        if key not in allowed:
            at.refuse("", [item.value for item in _items(value)], f"no {key}: {acts_on} heeds {', '.join(allowed)}")
        if key == "complete_below":
            items = _items(value)
            if len(items) != 1:
                at.refuse("", [item.value for item in items], "one number above 0, at most 1")
            share = _number(at, items[0])
            if not 0 < share <= 1:
                at.refuse("", share, "a number above 0, at most 1: the part of a phase that is built")
            where[key] = (f"{share:g}",)
            continue
        names = _texts(at, value)
        if key == "largest_tenant_of" and len(names) != 1:
            at.refuse("", list(names), f"one of {', '.join(CODES[key])}")
        where[key] = tuple(_one_of(at, name, CODES[key]) for name in names) if key in CODES else names
    return where


def _outcomes(place: _Place, node: yaml.Node) -> dict[str, float]:
    """Outcome -> probability; they sum to 1."""
    if not isinstance(node, yaml.MappingNode):
        place.refuse("", _shown(node), "names with probabilities, such as {leaves: 0.2, stays: 0.8}")
    names = [str(_shown(key)) for key, _ in node.value]
    found = _mapping(place, node, names)
    chances = {name: _number(place.at(value, name), value) for name, value in found.items()}
    if min(chances.values(), default=-1.0) < 0 or abs(sum(chances.values()) - 1) > 1e-6:
        place.refuse("", chances, "probabilities from 0 to 1 that sum to 1")
    return chances


def _sweep(place: _Place, node: yaml.Node, shocks: Sequence[Shock]) -> Sweep:
    found = _mapping(place, node, (*OVER, "values"), ("values",))
    over = [key for key in OVER if key in found]
    if len(over) != 1:
        place.refuse("", over, f"exactly one of {', '.join(OVER)}")
    own = {shock.shock_id: shock for shock in shocks}
    known = {
        "shock": tuple(own), "assumption": tuple(PREFIX + item.name for item in fields(Priors)),
        "portfolio": PROPERTIES,
    }  # fmt: skip
    name = _code(place.at(found[over[0]], over[0]), found[over[0]], known[over[0]])
    at = place.at(found["values"], "values")
    nodes = _sequence(at, found["values"])
    values = [_number(at.at(item), item) for item in nodes]
    least, most = (0.0, 1.0) if over[0] == "portfolio" else (-math.inf, math.inf)
    if over[0] == "shock":
        least, most = own[name].low, own[name].high
    for value, item in zip(values, nodes, strict=True):
        if not least <= value <= most:
            at.at(item).refuse("", value, f"a value from {least:g} to {most:g}, the range of {name}")
    if not values or len(set(values)) != len(values):
        at.refuse("", values, "one value or more, each once")
    return Sweep(over[0], name, tuple(values))


def _composed(drafts: Mapping[str, _Draft], name: str) -> FiledScenario:
    """The scenario with what it includes: their shocks first, each file once; a multiplier stated in the file itself
    holds, else the strongest of those included.
    """
    order: list[str] = []

    def visit(at: str, above: tuple[str, ...]) -> None:
        draft = drafts[at]
        for other in draft.scenario.includes:
            if other not in drafts:
                draft.includes.refuse("", other, f"one of {', '.join(sorted(drafts))}")
            if other in (*above, at):
                draft.includes.refuse("", other, f"no circle: {' includes '.join([*above, at, other])}")
            if other not in order:
                visit(other, (*above, at))
        order.append(at)

    visit(name, ())
    own = drafts[name]
    shocks: dict[str, Shock] = {}
    stated: dict[str, Multiplier] = {}
    for part in (drafts[at].scenario for at in order):
        for shock in part.shocks:
            if shock.shock_id in shocks:
                own.includes.refuse("", shock.shock_id, f"an id of its own for the shock of that id in {part.file}")
            shocks[shock.shock_id] = shock
        stated = {**stated, **part.multipliers} if part is own.scenario else _stronger(stated, part.multipliers)
    lock_in, dual_stack = (stated[key].value if key in stated else 0.0 for key in MULTIPLIERS)
    drawn = {at: drafts[at].scenario.outcomes for at in order if drafts[at].scenario.outcomes}
    if len(drawn) > 1:
        own.includes.refuse("", list(drawn), "at most one scenario with outcomes")
    return replace(
        own.scenario, shocks=tuple(shocks.values()), multipliers=stated, lock_in=lock_in, dual_stack=dual_stack,
        outcomes=next(iter(drawn.values()), {}),
    )  # fmt: skip


def _stronger(one: Mapping[str, Multiplier], other: Mapping[str, Multiplier]) -> dict[str, Multiplier]:
    both = dict(one)
    for key, found in other.items():
        if key not in both or found.value > both[key].value:
            both[key] = found
    return both


def _mapping(
    place: _Place, node: yaml.Node, allowed: Sequence[str], required: Sequence[str] = ()
) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        place.refuse("", _shown(node), f"keys with values: {', '.join(allowed)}")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        at = place.at(key)
        name = str(_shown(key))
        if name not in allowed:
            at.refuse(name, name, f"one of the keys {', '.join(allowed)}")
        if name in found:
            at.refuse(name, name, "each key once")
        found[name] = value
    for name in required:
        if name not in found:
            place.refuse(name, None, f"a value: the keys {', '.join(required)} are needed")
    return found


def _sequence(place: _Place, node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        place.refuse("", _shown(node), "a list")
    return list(node.value)


def _items(node: yaml.Node) -> list[yaml.Node]:
    """Nodes of a list; a single value counts as a list of one."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]


def _texts(place: _Place, node: yaml.Node) -> tuple[str, ...]:
    names = tuple(_text(place.at(item), item) for item in _items(node))
    if not names or len(set(names)) != len(names):
        place.refuse("", list(names), "one value or more, each once")
    return names


def _text(place: _Place, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip() or node.tag.endswith(":null"):
        place.refuse("", _shown(node), "a text")
    return str(node.value).strip()


def _code(place: _Place, node: yaml.Node, allowed: Sequence[str]) -> str:
    return _one_of(place, _text(place, node), allowed)


def _one_of(place: _Place, name: str, allowed: Sequence[str]) -> str:
    if name not in allowed:
        place.refuse("", name, f"one of {', '.join(allowed) or 'nothing: there is none'}")
    return name


def _number(place: _Place, node: yaml.Node) -> float:
    try:
        # A quoted number is a text to YAML, and 1_000 is one that Python alone would take.
        plain = isinstance(node, yaml.ScalarNode) and node.style is None and "_" not in node.value
        value = float(node.value) if plain else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        place.refuse("", _shown(node), "a number such as 0.25")
    return value


def _range(place: _Place, found: Mapping[str, yaml.Node], least: float, most: float) -> tuple[float, float, float]:
    """value, low, high; all within least to most, and in order."""
    value, low, high = (_number(place.at(found[key], key), found[key]) for key in ("value", "low", "high"))
    for key, number in (("value", value), ("low", low), ("high", high)):
        if not least <= number <= most:
            place.at(found[key]).refuse(key, number, f"a number from {least:g} to {most:g}")
    if low > high:
        place.at(found["low"]).refuse("low", low, f"a number of at most high, {high:g}")
    if not low <= value <= high:
        place.at(found["value"]).refuse("value", value, f"a number from low, {low:g}, to high, {high:g}")
    return value, low, high


def _quarter(place: _Place, found: Mapping[str, yaml.Node], key: str, least: int) -> int:
    """A whole number of quarters from `least`, which is also the default."""
    if key not in found:
        return least
    at = place.at(found[key], key)
    value = _number(at, found[key])
    if value != int(value) or value < least:
        at.refuse("", value, f"a whole number of quarters from {least}")
    return int(value)


def _shown(node: yaml.Node) -> object:
    """What a message shows of a node: its text, or what kind of thing it is."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys with values"
