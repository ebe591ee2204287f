"""Synthetic portfolios of any size for the benches: halls, leases of 24 quarters, history that adds up.

Belongs here: making portfolios. Not here: measuring anything (lease_scale.py). Nothing of a portfolio made here
is real, and no estimate is to be read from it: it only has to cost what a real one costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.portfolio import EVIDENCE_COLUMNS, SECTORS, STACKS, TIERS, Portfolio

AS_OF = pd.Timestamp("2026-06-30")
QUARTERS = 24
OPERATORS, MARKETS = 12, 8
# Space that is let, of what was ever let; leases signed beside those in place are counted as leases too.
_LET = 0.9
_FIRST_MONTH = (2026 - 1970) * 12 + 6 - 3 * QUARTERS
_NOW_MONTH = _FIRST_MONTH + 3 * QUARTERS
_SIZES_MW = np.array([0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0])
_SIZE_CHANCES = np.array([0.18, 0.18, 0.14, 0.15, 0.1, 0.1, 0.06, 0.05, 0.03, 0.01])
_TERM_YEARS = np.array([2, 3, 5, 7, 10])
_TERM_CHANCES = np.array([0.05, 0.25, 0.4, 0.12, 0.18])
_SECTOR_CHANCES = np.array([0.08, 0.06, 0.06, 0.16, 0.08, 0.16, 0.14, 0.1, 0.13, 0.03])
_TIER_CHANCES = np.array([0.1, 0.25, 0.35, 0.2, 0.1])
# Stacks of the leases of a hall by what the hall mostly hosts, in order of STACKS.
_HALL_STACKS = np.array([[0.8, 0.05, 0.1, 0.05], [0.1, 0.7, 0.1, 0.1], [0.3, 0.3, 0.25, 0.15], [0.25, 0.25, 0.1, 0.4]])


@dataclass(frozen=True)
class _Spaces:
    """Spaces that are let one lease after another: hall, MW, sector, tier and stack of each, (spaces,)."""

    hall: np.ndarray
    mw: np.ndarray
    sector: np.ndarray
    tier: np.ndarray
    stack: np.ndarray
    mainland: np.ndarray


def portfolio(standing: int, leases_a_hall: int = 200, seed: int = 20240229) -> tuple[Portfolio, pd.DataFrame]:
    """A portfolio with `standing` leases in place or signed (one more where the last space holds two), and beside them
    those that ended within 24 quarters; second, the shares of evidence that learn() asks for.

    Same arguments, same portfolio. Every building's history is the exact sum of its leases. Raises ValueError below one
    lease or one lease a hall.
    """
    if standing < 1 or leases_a_hall < 1:
        raise ValueError(f"standing {standing}, leases_a_hall {leases_a_hall}: both have to be at least 1.")
    rng = np.random.default_rng(seed)
    # More spaces than leases, since some stand empty: those past the last lease wanted are dropped below.
    most = int(standing / _LET * 1.25) + 50
    a_hall = max(int(leases_a_hall / _LET), 1)
    hosts = rng.integers(0, len(_HALL_STACKS), most // a_hall + 1)
    spaces = _spaces(rng, most, a_hall, hosts)
    rows = _chains(rng, spaces)
    counted = np.bincount(rows["space"][rows["end"] >= _NOW_MONTH], minlength=most).cumsum()
    last = int(np.searchsorted(counted, standing))
    rows = rows[rows["space"] <= last].reset_index(drop=True)
    halls = int(spaces.hall[last]) + 1
    leases = _leases(rng, rows, spaces)
    history, facilities, deliveries = _halls(rng, leases, spaces, halls)
    evidence = pd.DataFrame({name: pd.Series(dtype=object) for name in EVIDENCE_COLUMNS})
    said = _HALL_STACKS[hosts[:halls]] * 0.5
    said[:, 3] += 0.5
    shares = pd.DataFrame(said, columns=list(STACKS)).assign(facility_id=facilities["facility_id"].to_numpy())
    return Portfolio(facilities, leases, evidence, history, deliveries, AS_OF), shares


def _spaces(rng: np.random.Generator, count: int, a_hall: int, hosts: np.ndarray) -> _Spaces:
    hall = np.arange(count) // a_hall
    reached = _HALL_STACKS.cumsum(axis=1)[hosts[hall]]
    stack = (rng.random(count)[:, None] > reached[:, :-1]).sum(axis=1)
    weight = np.round(rng.uniform(0.3, 0.7, count), 1)
    return _Spaces(
        hall, rng.choice(_SIZES_MW, count, p=_SIZE_CHANCES), rng.choice(len(SECTORS), count, p=_SECTOR_CHANCES),
        rng.choice(len(TIERS), count, p=_TIER_CHANCES), stack,
        np.select([stack == 0, stack == 1, stack == 2], [1.0, 0.0, weight], 0.5),
    )  # fmt: skip


def _chains(rng: np.random.Generator, spaces: _Spaces) -> pd.DataFrame:
    """Leases of each space one after another, months since 1970: space, start, contract_end and end (month after the
    last), late (months of delay), early, renewal, mw, turn. None ends before the history, none begins far after it.
    """
    space = np.arange(len(spaces.hall))
    mw = spaces.mw.copy()
    term = 12 * rng.choice(_TERM_YEARS, len(space), p=_TERM_CHANCES)
    start = _FIRST_MONTH - (rng.random(len(space)) * term).astype(np.int64) + rng.integers(0, 3, len(space))
    renewal = np.zeros(len(space), dtype=bool)
    parts: list[pd.DataFrame] = []
    turn = 0
    while len(space):
        early = (rng.random(len(space)) < 0.04) & (start + term <= _NOW_MONTH)
        end = np.where(early, start + 1 + (rng.random(len(space)) * (term - 1)).astype(np.int64), start + term)
        late = np.where(~renewal & (rng.random(len(space)) < 0.2), rng.integers(1, 7, len(space)), 0)
        late = np.minimum(late, np.maximum(end - start - 1, 0))
        parts.append(
            pd.DataFrame(
                {"space": space, "turn": turn, "start": start, "end": end, "late": late, "early": early,
                 "renewal": renewal, "mw": mw}
            )
        )  # fmt: skip
        # What begins up to half a year ahead may be signed already.
        renewal = (rng.random(len(space)) < 0.72) & ~early
        following = end + np.where(renewal, 0, rng.integers(1, 25, len(space)))
        shrunk = renewal & (rng.random(len(space)) < 0.15)
        mw = np.where(renewal, np.where(shrunk, np.round(mw * 0.75, 3), mw), spaces.mw[space])
        goes_on = (following < _NOW_MONTH) | ((following < _NOW_MONTH + 6) & (rng.random(len(space)) < 0.3))
        space, mw, renewal, start = space[goes_on], mw[goes_on], renewal[goes_on], following[goes_on]
        term = 12 * rng.choice(_TERM_YEARS, len(space), p=_TERM_CHANCES)
        turn += 1
    rows = pd.concat(parts, ignore_index=True)
    # A lease that ended before the history began is not in a rent roll; its renewal is then a first lease.
    rows = rows[rows["end"] > _FIRST_MONTH].sort_values(["space", "turn"], ignore_index=True)
    rows["renewal"] &= rows["space"].eq(rows["space"].shift())
    return rows


def _names(prefix: str, numbers: np.ndarray) -> np.ndarray:
    """Text ids, one object for each different number."""
    different, where = np.unique(numbers, return_inverse=True)
    return np.array([f"{prefix}{number:07d}" for number in different], dtype=object)[where]


def _days(months: np.ndarray) -> np.ndarray:
    return months.astype("datetime64[M]").astype("datetime64[ns]")


def _leases(rng: np.random.Generator, rows: pd.DataFrame, spaces: _Spaces) -> pd.DataFrame:
    space = rows["space"].to_numpy()
    day = np.timedelta64(1, "D")
    start, end = _days(rows["start"].to_numpy()), _days(rows["end"].to_numpy()) - day
    # An odd end is what tells an early one from a contract's.
    end = end - rows["early"].to_numpy() * rng.integers(8, 20, len(rows)) * day
    commencement = np.minimum(_days((rows["start"] + rows["late"]).to_numpy()), end)
    lease_id = np.array([f"L{number:08d}" for number in range(len(rows))], dtype=object)
    renewal_of = np.where(rows["renewal"], np.roll(lease_id, 1), "")
    # A renewal keeps the tenant; about four spaces belong to a tenant, a few tenants hold many.
    followed = (~rows["renewal"].to_numpy()).cumsum()
    drawn = (rng.random(int(followed[-1]) + 1) ** 2 * max(len(rows) // 6, 1)).astype(np.int64)
    tenant = _names("T", drawn[followed])
    return pd.DataFrame(
        {
            "lease_id": lease_id, "facility_id": _names("F", spaces.hall[space]), "tenant_id": tenant,
            "tenant_name": tenant, "sector": np.array(SECTORS, dtype=object)[spaces.sector[space]],
            "sensitivity_tier": np.array(TIERS, dtype=object)[spaces.tier[space]], "mw": rows["mw"].to_numpy(),
            "start_date": start, "end_date": end, "commencement_date": commencement,
            "commenced": commencement <= AS_OF.to_datetime64(),
            "monthly_rent_hkd_per_kw": rng.integers(900, 2000, len(rows)).astype(float),
            "stack": np.array(STACKS, dtype=object)[spaces.stack[space]],
            "stack_weight_mainland": spaces.mainland[space],
            "renewal_options": np.array(["none", "1x3y", "2x5y"], dtype=object)[rng.integers(0, 3, len(rows))],
            "renewal_of": renewal_of,
        }
    )  # fmt: skip


def _halls(
    rng: np.random.Generator, leases: pd.DataFrame, spaces: _Spaces, halls: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """History (exact sums of the leases), facilities, deliveries. A third of the halls came into service in two steps
    within the history, a tenth has a phase to come.
    """
    ends = pd.date_range(end=AS_OF, periods=QUARTERS, freq="QE")
    at = leases["facility_id"].str.slice(1).astype(int).to_numpy()
    begun, ended = leases["commencement_date"].to_numpy(), leases["end_date"].to_numpy()
    leased = np.empty((halls, QUARTERS))
    for quarter, end in enumerate(ends.to_numpy()):
        inside = (begun <= end) & (ended >= end)
        leased[:, quarter] = np.bincount(at[inside], weights=leases["mw"].to_numpy()[inside], minlength=halls)
    whole = np.maximum(leased.max(axis=1), 0.5) * rng.uniform(1.0, 1.2, halls)
    step = np.where(rng.random(halls) < 1 / 3, rng.integers(2, QUARTERS - 2, halls), 0)
    share = np.where(np.arange(QUARTERS) >= step[:, None], 1.0, 0.6)
    service = np.maximum(whole[:, None] * share, np.maximum.accumulate(leased, axis=1))
    ids = _names("F", np.arange(halls))
    history = pd.DataFrame(
        {
            "facility_id": ids.repeat(QUARTERS), "quarter_end": np.tile(ends.to_numpy(), halls),
            "in_service_mw": service.reshape(-1), "leased_mw": leased.reshape(-1),
            "utilised_mw": 0.7 * leased.reshape(-1),
        }
    )  # fmt: skip
    grows = np.flatnonzero(rng.random(halls) < 0.1)
    planned = ends[-1] + pd.to_timedelta(rng.integers(30, 700, len(grows)), unit="D")
    more = np.round(whole[grows] * 0.3, 3)
    deliveries = pd.DataFrame({"facility_id": ids[grows], "planned_date": planned, "mw": more})
    capacity = service[:, -1].copy()
    capacity[grows] += more
    facilities = pd.DataFrame(
        {
            "facility_id": ids, "operator": _names("Operator ", np.arange(halls) % OPERATORS), "name": ids,
            "district": "synthetic", "market": _names("Market ", rng.integers(0, MARKETS, halls)),
            "ready_for_service": pd.Timestamp("2018-01-01"), "capacity_mw": capacity,
            "latitude": 22.3, "longitude": 114.1,
        }
    )  # fmt: skip
    return history, facilities, deliveries
