"""Accepted figures into the warehouse: documents, observations, quarantine, facilities, and the operators' rules.

Belongs here: what a figure's identity is, when it was known, and which earlier figure it restates. Not here: whether a
figure may be accepted (assets/reports/verdicts.py), and what is made of the figures (history.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

import duckdb
import pandas as pd

from assets.reports.operators import Layout, Layouts
from assets.warehouse.database import sql_text, transaction
from assets.warehouse.names import facility_key, operator_slug

# Months from the date a figure holds at to the main date of the document that prints it, by basis. A restated
# comparative is the year-ago one unless the document says otherwise; a derived level is the quarter before the printed
# change.
MAIN_PERIOD_MONTHS = {
    "prior_year_comparative": 12,
    "prior_quarter_comparative": 3,
    "prior_half_comparative": 6,
    "restated_comparative": 12,
    "derived": 3,
}


class Judged(Protocol):
    """What assets.reports.verdicts.judge hands on, as far as loading reads it."""

    @property
    def documents(self) -> pd.DataFrame:
        """One row a document read."""

    @property
    def accepted(self) -> pd.DataFrame:
        """One row an accepted candidate."""

    @property
    def quarantine(self) -> pd.DataFrame:
        """One row a thing held back."""


@dataclass(frozen=True)
class Loaded:
    """Row counts after a load: `changed` is False where the same documents gave the same rows again."""

    documents: int
    observations: int
    quarantined: int
    superseded: int
    changed: bool


def load_operators(connection: duckdb.DuckDBPyConnection, layouts: Layouts) -> None:
    """Replace what SQL needs of the operators' data files: names, jurisdictions, perimeters, parts of scopes."""
    operators = [
        (item.operator, operator_slug(item.operator), item.kind, item.group_scope, item.market, item.reporting_lag_days)
        for item in layouts
    ]
    jurisdictions = [(i.operator, name, share) for i in layouts for name, share in i.jurisdictions.items() if share > 0]
    perimeters = [(i.operator, p.id, number) for i in layouts for number, p in enumerate(i.perimeters, start=1)]
    parts = [(i.operator, scope, whole) for i in layouts for scope, whole in i.part_of.items()]
    with transaction(connection):
        _replace(connection, "internal.operators", operators)
        _replace(connection, "internal.operator_jurisdictions", jurisdictions)
        _replace(connection, "internal.operator_perimeters", perimeters)
        _replace(connection, "internal.scope_parts", parts)


def load(
    connection: duckdb.DuckDBPyConnection,
    judged: Judged,
    received_at: Mapping[str, datetime],
    layouts: Layouts,
) -> Loaded:
    """Write the judged documents and what came of them; the rows of a document replace its earlier rows.

    `received_at` maps document_id to the first receipt (UTC, naive) and comes from the archive. Loading the same twice
    leaves byte-equal tables. Raises ValueError where a document has no receipt: bytes are archived before reading.
    """
    documents = documents_frame(judged.documents, received_at)
    observations, facilities = observations_frame(judged.accepted, documents, layouts)
    quarantine = quarantine_frame(judged.quarantine, documents)
    before = _fingerprint(connection)
    ids = documents[["document_id"]]
    with transaction(connection):
        for table, frame in (("documents", documents), ("observations", observations), ("quarantine", quarantine)):
            _upsert(connection, table, frame, ids)
        _upsert(connection, "internal.facility_mentions", facilities, ids)
        connection.execute(sql_text("facilities"))
        connection.execute(sql_text("macros"))
        connection.execute(sql_text("supersede"))
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM observations),"
        " (SELECT count(*) FROM quarantine), (SELECT count(superseded_by) FROM observations)"
    ).fetchone()
    assert counts is not None
    return Loaded(counts[0], counts[1], counts[2], counts[3], _fingerprint(connection) != before)


def documents_frame(documents: pd.DataFrame, received_at: Mapping[str, datetime]) -> pd.DataFrame:
    """The `documents` table's columns, one row a content; the first name wins where one content came under several."""
    frame = documents.copy()
    frame["document_id"] = [str(sha)[:16] for sha in frame["sha256"]]
    frame = frame.drop_duplicates("document_id", keep="first")
    missing = [row.file_name for row in frame.itertuples() if row.document_id not in received_at]
    if missing:
        raise ValueError(
            f"no receipt in the archive for {', '.join(map(str, missing))}: archive the bytes first (assets.warehouse."
            "archive), then load; a figure without its document could never be rebuilt"
        )
    frame["received_at"] = pd.to_datetime([received_at[key] for key in frame["document_id"]])
    frame["published_on"] = [parse_date(text) for text in frame["published_on"]]
    for name in ("media_type", "operator", "reason", "layout"):
        frame[name] = [_text(value) for value in frame[name]]
    columns = (
        "document_id file_name media_type sha256 bytes operator published_on received_at status reason layout"
        " rows_accepted rows_quarantined"
    )
    return frame[columns.split()].sort_values("document_id", ignore_index=True)


def quarantine_frame(quarantine: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """The `quarantine` table's columns. first_seen_at is the document's receipt, so that a rebuild gives it again."""
    seen = dict(zip(documents["document_id"], documents["received_at"], strict=True))
    frame = quarantine.drop_duplicates("quarantine_id", keep="first").copy()
    frame["first_seen_at"] = pd.to_datetime([seen[key] for key in frame["document_id"]])
    for name in ("row_json", "locator"):
        frame[name] = [_text(value) for value in frame[name]]
    columns = "quarantine_id document_id rule severity reason row_json locator first_seen_at"
    return frame[columns.split()].sort_values("quarantine_id", ignore_index=True)


def observations_frame(
    accepted: pd.DataFrame, documents: pd.DataFrame, layouts: Layouts
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `observations` rows (superseded_by empty yet) and the sites named, one row a document and site."""
    dated = {
        str(key): (_date_or_none(published_on), received_at.date())
        for key, published_on, received_at in zip(
            documents["document_id"], documents["published_on"], documents["received_at"], strict=True
        )
    }
    rows, facilities = [], []
    for row in accepted.to_dict("records"):
        published_on, received_on = dated[row["document_id"]]
        layout = layouts.by_operator(row["operator"])
        facility_id = None
        if row["scope_level"] == "facility":
            facility = _facility(row, layout)
            facility_id = facility["facility_id"]
            row["market"] = row["market"] or facility["market"]
            facilities.append(facility)
        period_end = parse_date(row["period_end"])
        known_at, estimated = known_date(
            period_end=period_end,
            basis=row["basis"],
            published_on=parse_date(row["published_on"]) or published_on,
            received_on=received_on,
            lag_days=(layout or Layout).reporting_lag_days,
        )
        rows.append(
            {
                **{name: row[name] for name in ("document_id", "operator", "scope", "scope_level", "metric", "unit")},
                "facility_id": facility_id,
                "market": _text(row["market"]),
                "period_end": period_end,
                "cadence": _text(row["cadence"]),
                "value": float(row["value"]),
                "value_low": _number(row["value_low"]),
                "value_high": _number(row["value_high"]),
                "basis": row["basis"],
                "perimeter": _text(row["perimeter"]) or "",
                "trust": float(row["trust"]),
                "known_at": known_at,
                "superseded_by": None,
                "locator": row["locator"],
                "quote": row["quote"],
                "tier": _text(row["tier"]) or "summary",
                "source": _text(row["source"]),
                "rounding": _number(row["rounding"]) or 0.0,
                "known_at_estimated": estimated,
            }
        )
    frame = pd.DataFrame(rows, columns=list(_OBSERVATION_COLUMNS[1:]))
    frame.insert(0, "observation_id", [_observation_id(row) for row in rows])
    frame = frame.drop_duplicates("observation_id").sort_values("observation_id", ignore_index=True)
    mentions = pd.DataFrame(facilities, columns=_FACILITY_COLUMNS).drop_duplicates(["document_id", "facility_id"])
    return frame, mentions.reset_index(drop=True)


@lru_cache(maxsize=100_000)
def known_date(
    period_end: date | None, basis: str, published_on: date | None, received_on: date, lag_days: int
) -> tuple[date, bool]:
    """(date from which the figure was public, whether that is estimated).

    Published where a date is printed. Else the main period of the document (the figure's date moved on by its basis)
    plus the operator's usual lag, never later than the day the document was in hand.
    """
    if published_on is not None:
        return published_on, False
    if period_end is None or basis in ("estimate", "forecast", "pro_forma"):
        return received_on, True
    months = MAIN_PERIOD_MONTHS.get(basis, 0)
    main = (pd.Timestamp(period_end) + pd.DateOffset(months=months) + pd.offsets.MonthEnd(0)).date()
    return min(main + timedelta(days=lag_days), received_on), True


def parse_date(text: object) -> date | None:
    """A date from ISO text. YYYY-MM and YYYY stand for their last day: nothing counts as known before it was."""
    value = _text(text)
    if value is None:
        return None
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:[T ].*)?", value)
    if not match:
        raise ValueError(f"date {value!r}: expected ISO form YYYY-MM-DD, YYYY-MM or YYYY")
    year, month, day = match.groups()
    if day:
        return date(int(year), int(month), int(day))
    return (pd.Timestamp(int(year), int(month or 12), 1) + pd.offsets.MonthEnd(0)).date()


_OBSERVATION_COLUMNS = (
    *("observation_id", "document_id", "operator", "scope", "scope_level", "facility_id", "market", "period_end"),
    *("cadence", "metric", "value", "value_low", "value_high", "unit", "basis", "perimeter", "trust", "known_at"),
    *("superseded_by", "locator", "quote", "tier", "source", "rounding", "known_at_estimated"),
)
_FACILITY_COLUMNS = ["facility_id", "operator", "name", "market", "jurisdiction", "document_id"]


def _facility(row: Mapping[Any, Any], layout: Layout | None) -> dict[str, str | None]:
    printed = str(row["facility"] or row["scope"])
    known = layout.facility(printed) or layout.facility(re.sub(r"\s*\([^)]*\)$", "", printed)) if layout else None
    return {
        "facility_id": facility_key(str(row["operator"]), known.name if known else printed),
        "operator": str(row["operator"]),
        "name": known.name if known else printed,
        "market": _text(known.market if known else row["market"]),
        "jurisdiction": _text(known.jurisdiction) if known else None,
        "document_id": str(row["document_id"]),
    }


def _observation_id(row: Mapping[Any, Any]) -> str:
    names = (
        "document_id locator operator scope scope_level facility_id market period_end metric value value_low value_high"
        " unit basis perimeter source"
    )
    text = "\x1f".join("" if row[name] is None else str(row[name]) for name in names.split())
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _upsert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, ids: pd.DataFrame) -> None:
    connection.register("reloaded", ids)
    connection.execute(f"DELETE FROM {table} WHERE document_id IN (SELECT document_id::VARCHAR FROM reloaded)")
    connection.unregister("reloaded")
    if len(frame):
        connection.register("new_rows", _with_nulls(frame))
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM new_rows")
        connection.unregister("new_rows")


def _with_nulls(frame: pd.DataFrame) -> pd.DataFrame:
    # NaN and NaT would arrive as values of their own.
    return pd.DataFrame(
        {name: pd.Series([None if pd.isna(v) else v for v in frame[name]], dtype=object) for name in frame.columns}
    )


def _replace(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    values = list(rows)
    connection.execute(f"DELETE FROM {table}")
    if values:
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)


def _fingerprint(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return [
        connection.execute(f"SELECT count(*), bit_xor(hash(t)) FROM {table} AS t").fetchall()[0]
        for table in ("documents", "observations", "quarantine", "facilities")
    ]


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NaT:
        return None
    return str(value).strip() or None


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(str(value))  # type: ignore[call-overload]


def _date_or_none(value: object) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()  # type: ignore[call-overload,arg-type]
