"""Small portfolios made for tests: by hand, lease by lease, or grown over a history with known parameters.

Belongs here: making portfolios, priors and what is learnt of them. Not here: any check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecasts.leases.learning import Learnt, learn
from forecasts.leases.portfolio import (
    DELIVERY_COLUMNS,
    EVIDENCE_COLUMNS,
    HISTORY_COLUMNS,
    SECTORS,
    STACKS,
    TIERS,
    Portfolio,
)
from forecasts.leases.priors import Priors

AS_OF = pd.Timestamp("2024-06-30")
# Values with no claim to be right; demand is all but off, so that standing leases can be looked at alone.
PLAIN = {
    "renewal": 0.7, "renewal_sd": 0.7, "early_exit": 0.004, "early_exit_sd": 0.8, "shrink": 0.15, "expand": 0.1,
    "size_events": 20.0, "absorption": 1e-12, "absorption_sd": 1e-3, "market_sd": 1e-3,
    "fresh": 0.0, "fresh_sd": 1e-3, "elasticity": 1.0, "elasticity_sd": 1e-3,
    "pre_lease_share": 0.0, "pre_lease_events": 1e6, "delay": 0.2, "delay_events": 20.0, "delivery_delay": 0.3,
    "delivery_delay_quarters": 2.0, "tenant_together": 0.3, "sector_drift": 0.12, "stack_drift": 0.1,
    "demand_drift": 0.1, "hall_weight_mw": 3.0, "market_weight_mw": 3.0,
}  # fmt: skip


def made_priors(**own: float) -> Priors:
    """PLAIN with some values changed."""
    return Priors(**{**PLAIN, **own})


def quarter_end(quarters: int, as_of: pd.Timestamp = AS_OF) -> pd.Timestamp:
    """The quarter end so many quarters after as_of (negative: before)."""
    return as_of + pd.offsets.QuarterEnd(quarters) if quarters else as_of


def lease(number: int, **own: object) -> dict[str, Any]:
    """A lease of 1 MW of a bank, in place for four years before AS_OF and one after, with some fields changed. A start
    moves the commencement with it unless that is given.
    """
    plain: dict[str, Any] = {
        "lease_id": f"L{number}", "facility_id": "F1", "tenant_id": f"T{number}", "tenant_name": f"Tenant {number}",
        "sector": "banking", "sensitivity_tier": "internal", "mw": 1.0, "start_date": pd.Timestamp("2020-07-01"),
        "end_date": pd.Timestamp("2025-06-30"), "commenced": True, "monthly_rent_hkd_per_kw": 900.0,
        "stack": "mainland", "stack_weight_mainland": 1.0, "renewal_options": "none", "renewal_of": "",
    }  # fmt: skip
    plain |= own
    plain.setdefault("commencement_date", plain["start_date"])
    return plain


def made(
    leases: Sequence[Mapping[str, Any]],
    halls: Mapping[str, float] | None = None,
    deliveries: Sequence[tuple[str, pd.Timestamp, float]] = (),
    quarters: int = 1,
    markets: Mapping[str, str] | None = None,
) -> Portfolio:
    """A portfolio of leases. halls: facility_id -> MW in service (one of 100 MW by default) over the last `quarters`
    quarters, which the history repeats with the MW that the leases then had; markets: facility_id -> market (else M1).
    """
    sites = dict(halls) if halls is not None else {"F1": 100.0}
    frame = pd.DataFrame(list(leases)) if leases else pd.DataFrame([lease(0)]).iloc[:0]
    for column in ("start_date", "end_date", "commencement_date"):
        frame[column] = pd.to_datetime(frame[column])
    frame["commenced"] = frame["commencement_date"] <= AS_OF
    facilities = pd.DataFrame(
        {
            "facility_id": list(sites),
            "operator": "O1",
            "name": list(sites),
            "district": "D1",
            "market": [(markets or {}).get(name, "M1") for name in sites],
            "ready_for_service": pd.Timestamp("2015-01-01"),
            "capacity_mw": [mw + sum(row[2] for row in deliveries if row[0] == name) for name, mw in sites.items()],
            "latitude": np.nan,
            "longitude": np.nan,
        }
    )
    ends = [quarter_end(-back) for back in range(quarters - 1, -1, -1)]
    history = pd.DataFrame(
        [(name, end, mw, placed(frame, name, end), np.nan) for name, mw in sites.items() for end in ends],
        columns=list(HISTORY_COLUMNS),
    )
    evidence = pd.DataFrame(columns=list(EVIDENCE_COLUMNS))
    coming = pd.DataFrame(list(deliveries), columns=list(DELIVERY_COLUMNS))
    coming["planned_date"] = pd.to_datetime(coming["planned_date"])
    return Portfolio(facilities, frame, evidence, history, coming.astype({"mw": float}), AS_OF)


def placed(leases: pd.DataFrame, facility_id: str, end: pd.Timestamp) -> float:
    """MW of a hall's leases in place at a quarter end, which a lease's last day still is."""
    there = (leases["facility_id"] == facility_id) & (leases["commencement_date"] <= end) & (leases["end_date"] >= end)
    return float(leases.loc[there, "mw"].sum())


def no_shares(portfolio: Portfolio) -> pd.DataFrame:
    """Evidence on stacks that says nothing."""
    frame = pd.DataFrame(0.0, index=portfolio.facilities.index, columns=list(STACKS)).assign(unknown=1.0)
    return frame.assign(facility_id=portfolio.facilities["facility_id"])


def learnt_of(portfolio: Portfolio, **own: float) -> Learnt:
    """What is learnt of a portfolio with made_priors(**own) and no evidence on stacks."""
    return learn(portfolio, no_shares(portfolio), made_priors(**own))


def with_terms(learnt: Learnt, *quarters: int) -> Learnt:
    """The same with contracts of these lengths, each as likely, for renewals and new leases."""
    hazards = learnt.hazards
    slots = hazards.terms.shape[1]
    row = np.sort(np.resize(np.array(quarters, dtype=float), slots))
    table = np.tile(row, (len(SECTORS), 1))
    return replace(learnt, hazards=replace(hazards, terms=table, new_terms=table.copy()))


def standing_leases(
    seed: int, count: int, halls: int, signed: float = 0.1, tenants: int = 40, largest: float = 3.0
) -> list[dict[str, Any]]:
    """Leases of all sectors, tiers and stacks in F1 .. Fn that expire in the next 12 quarters; a part of them is
    signed and commences in quarters 1 to 4.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        waits = rng.random() < signed
        begin = quarter_end(int(rng.integers(0, 4))) + pd.Timedelta(days=1) if waits else pd.Timestamp("2019-07-01")
        stack = str(rng.choice(STACKS))
        rows.append(
            lease(
                number,
                facility_id=f"F{1 + number % halls}",
                tenant_id=f"T{rng.integers(tenants)}",
                sector=str(rng.choice(SECTORS)),
                sensitivity_tier=str(rng.choice(TIERS)),
                mw=float(np.round(rng.uniform(0.2, largest), 2)),
                start_date=begin,
                end_date=quarter_end(int(rng.integers(5, 13)) if waits else int(rng.integers(0, 12))),
                stack=stack,
                stack_weight_mainland={"mainland": 1.0, "us": 0.0, "dual": 0.4}.get(stack, np.nan),
            )
        )
    return rows


def grown(
    seed: int,
    halls: int = 6,
    quarters: int = 24,
    renewal: Mapping[str, float] | float = 0.7,
    early: float = 0.0,
    absorption: float = 0.1,
    capacity: float = 30.0,
    sectors: Sequence[str] = ("banking", "government", "sme"),
    stacks: Sequence[str] = ("mainland", "us"),
    exodus: tuple[str, str, int] | None = None,
) -> Portfolio:
    """A portfolio with a history of `quarters` quarters in which things happened with the chances given.

    renewal: probability at each expiry, by sector or for all; early: probability of an early end in a quarter;
    absorption: new leases a vacant MW and quarter. Contracts run 8, 12 or 16 quarters from the first day of one;
    renewals keep their size. exodus (sector, stack, n): nothing of these is renewed in the last n quarters.
    """
    rng = np.random.default_rng(seed)
    chance = renewal if isinstance(renewal, Mapping) else dict.fromkeys(sectors, renewal)
    sites = {f"F{at + 1}": capacity for at in range(halls)}
    rows: list[dict[str, Any]] = []
    running: list[int] = []

    def begin(hall: str, first: int, sector: str, stack: str, mw: float, of: str = "") -> None:
        start = quarter_end(first - 1) + pd.Timedelta(days=1)
        last = first + int(rng.choice([8, 12, 16])) - 1
        weight = 1.0 if stack == "mainland" else 0.0
        rows.append(
            lease(
                len(rows), facility_id=hall, sector=sector, stack=stack, stack_weight_mainland=weight, mw=mw,
                start_date=start, end_date=quarter_end(last), renewal_of=of, leaves=last + 1,
            )
        )  # fmt: skip
        running.append(len(rows) - 1)

    def fill(hall: str, first: int, free: float) -> float:
        mw = float(rng.choice([0.5, 1.0, 2.0]))
        if mw <= free:
            begin(hall, first, str(rng.choice(sectors)), str(rng.choice(stacks)), mw)
            return mw
        return 0.0

    for hall in sites:
        used = 0.0
        while used < 0.8 * capacity:
            used += fill(hall, 1 - quarters - int(rng.integers(0, 8)), capacity - used)
    for quarter in range(2 - quarters, 1):
        for at in list(running):
            row = rows[at]
            if row["leaves"] == quarter:
                running.remove(at)
                fled = exodus is not None and (row["sector"], row["stack"]) == exodus[:2] and quarter > -exodus[2]
                if not fled and rng.random() < chance[row["sector"]]:
                    begin(row["facility_id"], quarter, row["sector"], row["stack"], row["mw"], row["lease_id"])
            elif row["leaves"] > quarter and rng.random() < early and row["start_date"] < quarter_end(quarter - 1):
                running.remove(at)
                row["end_date"] = quarter_end(quarter - 1) + pd.Timedelta(days=int(rng.integers(8, 24)))
                row["leaves"] = quarter
        for hall in sites:
            free = capacity - sum(rows[at]["mw"] for at in running if rows[at]["facility_id"] == hall)
            for _ in range(rng.poisson(absorption * free)):
                free -= fill(hall, quarter, free)
    for row in rows:
        del row["leaves"]
    return made(rows, sites, quarters=quarters)
