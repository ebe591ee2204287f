"""Which technology stack a site or an operator stands on: dated evidence into shares that sum to 1, unknown included.

Belongs here: the rule that combines statements (data/stack/README.md says it in words; its numbers are rows of
`assumptions`). Not here: where statements come from (ledger.py loads the bundled file), and stack totals
(sql/history.sql).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from assets.warehouse.database import sql_text
from assets.warehouse.names import operator_slug

CLASSES = ("mainland", "us", "dual")
STRENGTHS = ("weak", "moderate", "strong")
SHARE_COLUMNS = (
    "level",
    "series_id",
    "as_of",
    "mainland_share",
    "us_share",
    "dual_share",
    "unknown_share",
    "grade",
    "evidence_count",
)
# From the firmest to the weakest; a chain of statements is as firm as its weakest link.
PROVENANCES = ("observed", "estimated", "assumed")


@dataclass(frozen=True)
class StackRules:
    """The numbers of the rule, from `assumptions` (parameters `stack.*`); weights and conflict_to_dual are 0 to 1."""

    weights: Mapping[str, float]
    half_life_years: float
    conflict_to_dual: float

    @staticmethod
    def from_assumptions(values: Mapping[str, float]) -> StackRules:
        """Pick the rule's numbers out of parameter -> value. Raises KeyError naming the parameter that is missing."""
        return StackRules(
            weights={strength: values[f"stack.weight.{strength}"] for strength in STRENGTHS},
            half_life_years=values["stack.half_life_years"],
            conflict_to_dual=values["stack.conflict_to_dual"],
        )


@dataclass(frozen=True)
class Shares:
    """Shares of one site or operator; they sum to 1. `grade` is observed, estimated, assumed or none."""

    mainland: float
    us: float
    dual: float
    unknown: float
    grade: str
    evidence_count: int


UNKNOWN = Shares(0.0, 0.0, 0.0, 1.0, "none", 0)


def stack_shares(
    evidence: pd.DataFrame,
    facilities: pd.DataFrame,
    as_of: date,
    rules: StackRules,
    jurisdictions: Mapping[str, Mapping[str, float]] | None = None,
    portfolios: Mapping[str, float] | None = None,
    mapped_provenance: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Shares per facility and per operator, SHARE_COLUMNS, sorted by level and series_id; independent of row order.

    evidence: evidence_date, points_to, strength, and facility_id and / or operator and / or jurisdiction (optional:
    provenance, taken as observed). facilities: facility_id, operator (optional: jurisdiction, and capacity or
    capacity_mw, the weight in one unit an operator). `jurisdictions` maps operator -> jurisdiction -> share,
    `mapped_provenance` operator -> how firm that is, `portfolios` operator -> capacity of the whole in the facilities'
    unit, where known. Only evidence dated on or before `as_of` counts. Raises ValueError for an unknown class or
    strength, with the row.
    """
    known = _checked(evidence, as_of)
    jurisdictions = jurisdictions or {}
    sites = _sites(facilities)
    listed = {site["facility_id"] for site in sites}
    of_site: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in known:
        if row["facility_id"] is not None:
            of_site[row["facility_id"]].append(row)
    # Statements about operators and jurisdictions are few; those about single sites grow with the sites.
    general = [row for row in known if row["facility_id"] is None]
    by_facility: dict[str, Shares] = {}
    for site in sites:
        rows = [row for row in general if row["jurisdiction"] and row["jurisdiction"] == site["jurisdiction"]]
        by_facility[site["facility_id"]] = combine([*of_site.get(site["facility_id"], ()), *rows], as_of, rules)
    for key in of_site:
        if key not in listed:
            by_facility[key] = combine(of_site[key], as_of, rules)
    sites_of: dict[str, list[tuple[Shares, float]]] = defaultdict(list)
    for site in sites:
        sites_of[site["operator"]].append((by_facility[site["facility_id"]], site["capacity"]))
    operators = sorted(set(sites_of) | set(jurisdictions) | {row["operator"] for row in general if row["operator"]})
    by_operator = {
        operator: _operator_shares(
            operator,
            sites_of.get(operator, []),
            general,
            as_of,
            rules,
            jurisdictions.get(operator, {}),
            (portfolios or {}).get(operator),
            (mapped_provenance or {}).get(operator, "observed"),
        )
        for operator in operators
    }
    rows_out = [_row("facility", key, as_of, shares) for key, shares in sorted(by_facility.items())]
    rows_out += [
        _row("operator", key, as_of, shares)
        for key, shares in sorted((operator_slug(name), shares) for name, shares in by_operator.items())
    ]
    return pd.DataFrame(rows_out, columns=list(SHARE_COLUMNS))


def combine(rows: list[dict[str, Any]], as_of: date, rules: StackRules) -> Shares:
    """Shares from the statements about one subject (data/stack/README.md, points 2 to 4)."""
    if not rows:
        return UNKNOWN
    # Sorted, so that rounding does not depend on the order in which statements arrived.
    weighed = sorted((row["points_to"], _weight(row, as_of, rules), row["provenance"]) for row in rows)
    support = {
        kind: 1 - math.prod(1 - weight for points_to, weight, _ in weighed if points_to == kind) for kind in CLASSES
    }
    mainland, us, dual = support["mainland"], support["us"], support["dual"]
    rest = 1 - dual
    conflict = mainland * us
    by_provenance = {name: sum(weight for _, weight, how in weighed if how == name) for name in PROVENANCES}
    shares = {
        "mainland": rest * (mainland - conflict),
        "us": rest * (us - conflict),
        "dual": dual + rest * conflict * rules.conflict_to_dual,
    }
    return Shares(
        **shares,
        unknown=max(0.0, 1 - math.fsum(shares.values())),
        grade=max(PROVENANCES, key=lambda name: by_provenance[name]),
        evidence_count=len(rows),
    )


def build_entity_shares(connection: duckdb.DuckDBPyConnection, as_of: date, assumptions: Mapping[str, float]) -> date:
    """Fill internal.entity_stack_shares from evidence, facilities and the temporary `points`.

    Returns the date the shares are for: the last completed quarter end, or the newest counted statement where that is
    later. Between two such dates nothing about the shares changes, so a daily run without news publishes nothing.
    """
    evidence = connection.execute("SELECT * FROM stack_evidence ORDER BY evidence_id").df()
    quarter = (pd.Timestamp(as_of) + pd.Timedelta(days=1) - pd.offsets.QuarterEnd(1)).date()
    dates = [pd.Timestamp(value).date() for value in evidence["evidence_date"]]
    as_of = max([quarter, *(dated for dated in dates if dated <= as_of)])
    facilities = connection.execute(sql_text("stack_facilities")).df()
    portfolios = dict(connection.execute(sql_text("stack_portfolios")).fetchall())
    jurisdictions: dict[str, dict[str, float]] = {}
    provenance: dict[str, str] = {}
    for operator, jurisdiction, share, how in connection.execute(sql_text("stack_jurisdictions")).fetchall():
        jurisdictions.setdefault(operator, {})[jurisdiction] = share
        provenance[operator] = how
    shares = stack_shares(
        evidence,
        facilities,
        as_of,
        StackRules.from_assumptions(assumptions),
        jurisdictions,
        portfolios,
        provenance,
    )
    connection.execute("DELETE FROM internal.entity_stack_shares")
    if len(shares):
        connection.register("new_shares", shares.rename(columns={"series_id": "entity_id"}).drop(columns="as_of"))
        connection.execute("INSERT INTO internal.entity_stack_shares BY NAME SELECT * FROM new_shares")
        connection.unregister("new_shares")
    return as_of


def _operator_shares(
    operator: str,
    sites: list[tuple[Shares, float]],
    general: list[dict[str, Any]],
    as_of: date,
    rules: StackRules,
    jurisdictions: Mapping[str, float],
    portfolio: float | None,
    mapped_provenance: str,
) -> Shares:
    own = [row for row in general if row["operator"] == operator]
    total = math.fsum(capacity for _, capacity in sites)
    parts: list[tuple[float, Shares]] = []
    covered = 0.0
    if total > 0:
        covered = min(1.0, total / portfolio) if portfolio else 1.0
        parts += [(covered * capacity / total, shares) for shares, capacity in sites if capacity > 0]
    mapped = jurisdictions or {"": 1.0}
    whole = math.fsum(mapped.values())
    for jurisdiction, share in sorted(mapped.items()):
        rows = own + [row for row in general if jurisdiction and row["jurisdiction"] == jurisdiction]
        shares = combine(
            [{**row, "provenance": _weaker(row["provenance"], mapped_provenance)} for row in rows], as_of, rules
        )
        parts.append(((1 - covered) * share / whole, shares))
    parts = [(weight, shares) for weight, shares in parts if weight > 1e-12]
    mean = {name: math.fsum(w * getattr(shares, name) for w, shares in parts) for name in CLASSES}
    carried = {
        name: math.fsum(w * (1 - shares.unknown) for w, shares in parts if shares.grade == name) for name in PROVENANCES
    }
    return Shares(
        **mean,
        unknown=max(0.0, 1 - math.fsum(mean.values())),
        grade=max(PROVENANCES, key=lambda name: carried[name]) if any(carried.values()) else "none",
        evidence_count=_count(operator, sites, general, parts, jurisdictions),
    )


def _count(
    operator: str,
    sites: list[tuple[Shares, float]],
    general: list[dict[str, Any]],
    parts: list[tuple[float, Shares]],
    jurisdictions: Mapping[str, float],
) -> int:
    # Each statement once, however many sites or jurisdictions it speaks for.
    from_sites = max((shares.evidence_count for shares, capacity in sites if capacity > 0), default=0)
    from_whole = sum(1 for row in general if row["operator"] == operator or row["jurisdiction"] in jurisdictions)
    return max(from_sites, from_whole) if parts else 0


def _weight(row: Mapping[str, Any], as_of: date, rules: StackRules) -> float:
    weight = rules.weights[row["strength"]]
    if row["facility_id"] is None and row["jurisdiction"]:
        return weight
    years = (as_of - row["evidence_date"]).days / 365.25
    return weight * 0.5 ** (years / rules.half_life_years)


def _weaker(first: str, second: str) -> str:
    return max(first, second, key=PROVENANCES.index)


def _checked(evidence: pd.DataFrame, as_of: date) -> list[dict[str, Any]]:
    rows = []
    for number, row in enumerate(evidence.to_dict("records"), start=1):
        if row["points_to"] not in CLASSES or row["strength"] not in STRENGTHS:
            raise ValueError(
                f"stack evidence, row {number}: points_to {row['points_to']!r}, strength {row['strength']!r}; expected"
                f" one of {', '.join(CLASSES)} and one of {', '.join(STRENGTHS)}. Correct the file."
            )
        dated = pd.Timestamp(row["evidence_date"]).date()
        if dated > as_of:
            continue
        rows.append(
            {
                "facility_id": _name(row.get("facility_id")),
                "operator": _name(row.get("operator")),
                "jurisdiction": _name(row.get("jurisdiction")),
                "evidence_date": dated,
                "points_to": row["points_to"],
                "strength": row["strength"],
                "provenance": _name(row.get("provenance")) or "observed",
            }
        )
    return rows


def _sites(facilities: pd.DataFrame) -> list[dict[str, Any]]:
    weight = "capacity" if "capacity" in facilities else "capacity_mw"
    return [
        {
            "facility_id": str(row["facility_id"]),
            "operator": str(row["operator"]),
            "jurisdiction": _name(row.get("jurisdiction")),
            "capacity": 0.0 if pd.isna(row.get(weight)) else float(row[weight]),
        }
        for row in sorted(facilities.to_dict("records"), key=lambda row: str(row["facility_id"]))
    ]


def _name(value: object) -> str | None:
    return None if value is None or pd.isna(value) else (str(value).strip() or None)  # type: ignore[call-overload]


def _row(level: str, key: str, as_of: date, shares: Shares) -> tuple[object, ...]:
    return (
        level,
        key,
        as_of,
        shares.mainland,
        shares.us,
        shares.dual,
        shares.unknown,
        shares.grade,
        shares.evidence_count,
    )
