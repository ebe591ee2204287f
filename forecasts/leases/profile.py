"""What a portfolio's leases say without any model: expiries, WALE, backlog and its run-off, concentration, stack fit.

Belongs here: arithmetic on leases as they are known on a day. Not here: what leases will do (renewal, departure,
slippage), ladders where no leases are published (ladders.py), writing tables (assets/outlook).

A lease is in place at a date d, not after the portfolio's `as_of`, when commencement_date <= d <= end_date and it has
commenced. One that is overdue (announced for a day that has passed, and still not commenced) is backlog, so every lease
is exactly one of: ended, in place, signed and not commenced.

Levels and series: facility (facility_id), operator, market, stack (the stack recorded of the lease), total ("total"). A
series without leases in place has no expiries, no WALE and no tenants, hence no row there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasts.leases.portfolio import Portfolio

DAYS_A_YEAR = 365.25
TOP_TENANTS = 10
# A hall is judged only where at least this share of it is known, and a lease fits where at least this part of the known
# share can host its stack.
LEAST_KNOWN = 0.3
LEAST_FIT = 0.5
# Shares are sums of decimals: what is told apart by less than this is the same.
TOLERANCE = 1e-6
SHARES = ("mainland", "us", "dual", "unknown")


@dataclass(frozen=True)
class _Level:
    """A way to cut leases into series. of_lease: position in `ids` of each lease; of_facility: the same of each
    facility, None at level stack, which no facility decides.
    """

    name: str
    ids: np.ndarray
    of_lease: np.ndarray
    of_facility: np.ndarray | None

    def sums(self, weights: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Sum of `weights` (one a chosen lease) by series."""
        return np.bincount(self.of_lease[chosen], weights=weights, minlength=len(self.ids))


def in_place(portfolio: Portfolio, date: pd.Timestamp | None = None) -> np.ndarray:
    """Whether each lease is in place at `date` (default: the portfolio's as_of), bool of shape (leases,).

    ValueError where the date is after as_of, where mw is missing or negative, or where a date is missing without which
    the lease would be counted nowhere.
    """
    _check_leases(portfolio)
    return _in_place(portfolio, portfolio.as_of if date is None else date)


def expiries(portfolio: Portfolio) -> pd.DataFrame:
    """MW in place at as_of by the quarter in which the contract ends (options not counted).

    Columns: as_of, level, series_id, stack, sector, sensitivity_tier, expiry_quarter (quarter end), leases (count), mw,
    share_of_leased (of the series' MW in place; sums to 1 over a series). One row per combination that occurs.
    """
    levels = _levels(portfolio)
    chosen = np.flatnonzero(in_place(portfolio))
    leases = portfolio.leases
    mw = leases["mw"].to_numpy(float)[chosen]
    quarter = _quarter(leases["end_date"])[chosen]
    first, last = (int(quarter.min()), int(quarter.max())) if len(quarter) else (0, 0)
    keys, names = [], []
    for column in ("stack", "sector", "sensitivity_tier"):
        code, name = _codes(portfolio.leases, column, "lease_id", "leases")
        keys.append(code[chosen])
        names.append(name)
    frames = []
    for level in levels:
        shape = (len(level.ids), *(len(name) for name in names), last - first + 1)
        key = np.ravel_multi_index((level.of_lease[chosen], *keys, quarter - first), shape)
        cells, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
        series, stack, sector, tier, ahead = np.unravel_index(cells, shape)
        sums = np.bincount(inverse, weights=mw, minlength=len(cells))
        frame = pd.DataFrame(
            {
                "as_of": portfolio.as_of,
                "level": level.name,
                "series_id": level.ids[series],
                "stack": names[0][stack],
                "sector": names[1][sector],
                "sensitivity_tier": names[2][tier],
                "expiry_quarter": _quarter_end(ahead + first),
                "leases": count,
                "mw": sums,
                "share_of_leased": _ratio(sums, level.sums(mw, chosen)[series]),
            }
        )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def wale(
    portfolio: Portfolio, as_of: pd.Timestamp | Sequence[pd.Timestamp] | pd.DatetimeIndex | None = None
) -> pd.DataFrame:
    """Weighted average lease expiry: sum of weight x remaining term / sum of weight, over leases in place.

    as_of: one date or several, none after the portfolio's as_of (the default). The remaining term runs to end_date in
    years of 365.25 days, options not counted. Columns: as_of, level, series_id, wale_mw_years (weight MW),
    wale_rent_years (weight MW x rent, over the leases whose rent is known; null where none is).

    At an earlier date a lease that has since ended early counts to the day it ended, since its contract's end is no
    longer known: WALE of the past may lie below what was published then.
    """
    _check_leases(portfolio)
    dates = [portfolio.as_of] if as_of is None else [as_of] if isinstance(as_of, pd.Timestamp) else list(as_of)
    levels = _levels(portfolio)
    facilities = len(portfolio.facilities)
    of_facility, of_stack = levels[0].of_lease, levels[3].of_lease
    mw = portfolio.leases["mw"].to_numpy(float)
    rent = portfolio.leases["monthly_rent_hkd_per_kw"].to_numpy(float)
    income = np.where(np.isnan(rent), 0.0, mw * rent)
    end = portfolio.leases["end_date"].to_numpy("datetime64[D]")
    frames = []
    for date in dates:
        chosen = np.flatnonzero(_in_place(portfolio, date))
        term = (end[chosen] - np.datetime64(date, "D")).astype(float) / DAYS_A_YEAR
        weights = (mw[chosen], mw[chosen] * term, income[chosen], income[chosen] * term)
        by_facility = [np.bincount(of_facility[chosen], weights=w, minlength=facilities) for w in weights]
        by_stack = [np.bincount(of_stack[chosen], weights=w, minlength=len(levels[3].ids)) for w in weights]
        for level in levels:
            if level.of_facility is None:
                sums = by_stack
            else:
                sums = [np.bincount(level.of_facility, weights=w, minlength=len(level.ids)) for w in by_facility]
            let = np.flatnonzero(sums[0] > 0)
            frame = pd.DataFrame(
                {
                    "as_of": date,
                    "level": level.name,
                    "series_id": level.ids[let],
                    "wale_mw_years": sums[1][let] / sums[0][let],
                    "wale_rent_years": _ratio(sums[3][let], sums[2][let], np.nan),
                }
            )
            frames.append(frame)
    columns = ["as_of", "level", "series_id", "wale_mw_years", "wale_rent_years"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def backlog(portfolio: Portfolio) -> pd.DataFrame:
    """MW signed and not commenced at as_of, by the quarter in which commencement is announced.

    Columns: level, series_id, commencement_quarter (quarter end; in the past where overdue, null where no date is
    announced), mw, leases (count). A renewal signed ahead adds only what exceeds the lease it renews, and is not
    counted where that is nothing: its space is let already.
    """
    levels = _levels(portfolio)
    waiting, moving = _backlog(portfolio)
    quarter = _quarter_end(_quarter(portfolio.leases["commencement_date"].iloc[waiting]))
    frames = []
    for level in levels:
        frame = pd.DataFrame(
            {"series": level.of_lease[waiting], "commencement_quarter": quarter, "mw": moving, "leases": 1}
        )
        frame = frame.groupby(["series", "commencement_quarter"], dropna=False, as_index=False).sum()
        frame.insert(0, "series_id", level.ids[frame.pop("series").to_numpy(int)])
        frame.insert(0, "level", level.name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def move_in_pace(portfolio: Portfolio, quarters: int = 8) -> pd.DataFrame:
    """How fast space was taken up of late, and how long the backlog lasts at that pace.

    Columns: level, series_id, quarters (over which the mean is taken: `quarters` to as_of, fewer where the series'
    first building has been ready for service for less), pace_mw (mean MW commenced a quarter, renewals only with what
    exceeds the lease renewed), backlog_mw, quarters_of_move_in (backlog / pace; 0 without backlog, null where nothing
    moved in). One row for every series of the facilities and every stack of the leases. ValueError where quarters is
    below 1.
    """
    if quarters < 1:
        raise ValueError(f"quarters: found {quarters}; expected at least 1 quarter over which to take the mean.")
    levels = _levels(portfolio)
    waiting, moving = _backlog(portfolio)
    leases = portfolio.leases
    now = int(_quarter(pd.Series([portfolio.as_of]))[0])
    begun = leases["commencement_date"]
    recent = (
        (_quarter(begun) > now - quarters) & (begun <= portfolio.as_of).to_numpy() & leases["commenced"].to_numpy(bool)
    )
    chosen = np.flatnonzero(recent)
    moved = _move_in_mw(leases)[chosen]
    ready = portfolio.facilities["ready_for_service"]
    age = np.where(ready.isna(), quarters, np.clip(now - _quarter(ready) + 1, 1, quarters))
    frames = []
    for level in levels:
        window = np.full(len(level.ids), int(age.max(initial=1)))
        if level.of_facility is not None:
            window = np.ones(len(level.ids), dtype=int)
            np.maximum.at(window, level.of_facility, age)
        pace = level.sums(moved, chosen) / window
        ahead = level.sums(moving, waiting)
        frame = pd.DataFrame(
            {
                "level": level.name,
                "series_id": level.ids,
                "quarters": window,
                "pace_mw": pace,
                "backlog_mw": ahead,
                "quarters_of_move_in": np.where(ahead > 0, _ratio(ahead, pace, np.nan), 0.0),
            }
        )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def concentration(portfolio: Portfolio, top: int = TOP_TENANTS) -> pd.DataFrame:
    """The largest tenants in place at as_of, `top` a series, largest first (equal ones by tenant_id).

    Columns: level, series_id, rank (from 1), tenant_id, tenant_name, sector, mw, share_of_leased, cumulative_share.
    Name and sector are those of the tenant's largest lease in place, should its leases differ.
    """
    levels = _levels(portfolio)
    chosen = np.flatnonzero(in_place(portfolio))
    leases = portfolio.leases
    code, tenants = _codes(leases, "tenant_id", "lease_id", "leases")
    code = code[chosen]
    mw = leases["mw"].to_numpy(float)[chosen]
    largest = np.lexsort((chosen, -mw))
    seen, first = np.unique(code[largest], return_index=True)
    speaks = np.full(len(tenants), -1)
    speaks[seen] = chosen[largest[first]]
    name, sector = leases["tenant_name"].to_numpy(), leases["sector"].to_numpy()
    frames = []
    for level in levels:
        shape = (len(level.ids), len(tenants))
        cells, inverse = np.unique(np.ravel_multi_index((level.of_lease[chosen], code), shape), return_inverse=True)
        sums = np.bincount(inverse, weights=mw, minlength=len(cells))
        series, tenant = np.unravel_index(cells, shape)
        # Rounded, so that equal tenants are not told apart by the order in which their leases were added up.
        order = np.lexsort((tenant, -sums.round(9), series))
        series, tenant, sums = series[order], tenant[order], sums[order]
        start = np.searchsorted(series, series)
        share = _ratio(sums, level.sums(mw, chosen)[series])
        running = np.cumsum(share)
        frame = pd.DataFrame(
            {
                "level": level.name,
                "series_id": level.ids[series],
                "rank": np.arange(len(series)) - start + 1,
                "tenant_id": tenants[tenant],
                "tenant_name": name[speaks[tenant]],
                "sector": sector[speaks[tenant]],
                "mw": sums,
                "share_of_leased": share,
                "cumulative_share": running - (running - share)[start],
            }
        )
        frames.append(frame[frame["rank"] <= top])
    return pd.concat(frames, ignore_index=True)


def mismatched(portfolio: Portfolio, stack_shares: pd.DataFrame) -> pd.DataFrame:
    """Leases in place at as_of on a stack that their hall can hardly host.

    stack_shares: facility_id, mainland, us, dual, unknown: shares of the facility, each 0 to 1, summing to 1. A
    mainland lease fits the mainland and dual shares, a us lease the us and dual shares. It is mismatched where that fit
    is below half of the known share and at least 0.3 is known. Leases of stack dual or unknown, and facilities without
    shares, are never called mismatched.

    Columns: lease_id, facility_id, operator, tenant_id, tenant_name, sector, sensitivity_tier, stack, mw, end_date,
    quarters_to_expiry (0 in the quarter of as_of), fit (part of the known share, 0 to 1), known_share. Soonest expiry
    first. ValueError where shares are not shares, or a facility appears twice or is not in the portfolio.
    """
    facility = _facility_of(portfolio)
    known, fit = _fits(portfolio, stack_shares)
    leases = portfolio.leases
    stack = leases["stack"].to_numpy(object)
    ours = np.where(stack == "mainland", fit["mainland"][facility], fit["us"][facility])
    judged = ((stack == "mainland") | (stack == "us")) & (known[facility] >= LEAST_KNOWN - TOLERANCE)
    chosen = np.flatnonzero(in_place(portfolio) & judged & (ours < LEAST_FIT - TOLERANCE))
    found = leases.iloc[chosen]
    now = _quarter(pd.Series([portfolio.as_of]))[0]
    columns = ["tenant_id", "tenant_name", "sector", "sensitivity_tier", "stack", "mw", "end_date"]
    frame = found[["lease_id", "facility_id", *columns]].copy()
    frame.insert(2, "operator", portfolio.facilities["operator"].to_numpy()[facility[chosen]])
    frame["quarters_to_expiry"] = _quarter(found["end_date"]) - now
    frame["fit"] = ours[chosen]
    frame["known_share"] = known[facility[chosen]]
    return frame.sort_values(["end_date", "mw", "lease_id"], ascending=[True, False, True], ignore_index=True)


def _in_place(portfolio: Portfolio, date: pd.Timestamp) -> np.ndarray:
    leases = portfolio.leases
    if date > portfolio.as_of:
        raise ValueError(
            f"as_of: found {date.date()}, after the portfolio's own {portfolio.as_of.date()}; expected a date up to "
            "it: what is in place later is a forecast."
        )
    begun = leases["commencement_date"].to_numpy() <= date.to_datetime64()
    return np.asarray(
        begun & (leases["end_date"].to_numpy() >= date.to_datetime64()) & leases["commenced"].to_numpy(bool)
    )


def _backlog(portfolio: Portfolio) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the leases signed and not commenced that add space, and the MW that each adds."""
    settled = in_place(portfolio) | (portfolio.leases["end_date"] < portfolio.as_of).to_numpy()
    moving = _move_in_mw(portfolio.leases)
    waiting = np.flatnonzero(~settled & (moving > 0))
    return waiting, moving[waiting]


def _move_in_mw(leases: pd.DataFrame) -> np.ndarray:
    """MW that each lease adds to what its tenant had: all of it, or what exceeds the lease that it renews.

    Several leases that renew one share its MW in proportion to theirs. The size of a renewed lease that is not in the
    frame is unknown; its renewal is taken to add nothing.
    """
    mw = leases["mw"].to_numpy(float)
    renewed = leases["renewal_of"].fillna("").to_numpy(object)
    renews = np.flatnonzero(renewed != "")
    if not len(renews):
        return mw
    ids = pd.Index(leases["lease_id"])
    if not ids.is_unique:
        raise ValueError(
            f"leases, lease_id: found {ids[ids.duplicated()][0]!r} more than once; expected each id once. Give each "
            "lease an id of its own."
        )
    before = ids.get_indexer(pd.Index(renewed[renews]))
    seen = renews[before >= 0]
    before = before[before >= 0]
    together = np.bincount(before, weights=mw[seen], minlength=len(mw))
    adds = mw.copy()
    adds[renews] = 0.0
    adds[seen] = mw[seen] * np.maximum(1.0 - _ratio(mw[before], together[before], 1.0), 0.0)
    return adds


def _fits(portfolio: Portfolio, stack_shares: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Known share of each facility of the portfolio, and the part of it that fits a mainland and a us lease."""
    missing = [column for column in ("facility_id", *SHARES) if column not in stack_shares.columns]
    if missing:
        raise ValueError(
            f"stack_shares: found columns {list(stack_shares.columns)}; expected also {missing}. Add them (facility_id "
            "and shares 0 to 1)."
        )
    shares = stack_shares[list(SHARES)].to_numpy(float)
    wrong = ~((shares >= 0) & (shares <= 1)).all(axis=1) | ~(np.abs(shares.sum(axis=1) - 1) <= TOLERANCE)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"stack_shares, facility {stack_shares['facility_id'].iloc[row]!r}: found "
            f"{dict(zip(SHARES, shares[row].tolist(), strict=True))}; expected shares 0 to 1 that sum to 1. Put what "
            "is not known into unknown."
        )
    ids = pd.Index(portfolio.facilities["facility_id"])
    position = ids.get_indexer(pd.Index(stack_shares["facility_id"]))
    repeated = stack_shares["facility_id"].duplicated().to_numpy() | (position < 0)
    if repeated.any():
        raise ValueError(
            f"stack_shares, facility_id: found {stack_shares['facility_id'].to_numpy()[repeated][0]!r} twice, or not "
            f"among the portfolio's {len(ids)} facilities; expected each at most once. Correct or remove "
            "the row."
        )
    known = np.zeros(len(ids))
    known[position] = shares[:, :3].sum(axis=1)
    fit = {}
    for stack, column in (("mainland", 0), ("us", 1)):
        hosted = np.zeros(len(ids))
        hosted[position] = shares[:, column] + shares[:, 2]
        fit[stack] = _ratio(hosted, known)
    return known, fit


def _levels(portfolio: Portfolio) -> tuple[_Level, ...]:
    """Facility, operator, market, stack, total, in this order; series sorted by name."""
    facility = _facility_of(portfolio)
    facilities = portfolio.facilities
    levels = []
    for name, column in (("facility", "facility_id"), ("operator", "operator"), ("market", "market")):
        code, ids = _codes(facilities, column, "facility_id", "facilities")
        levels.append(_Level(name, ids, code[facility], code))
    # Facilities keep their own order, so that sums by facility can be taken on to the levels above.
    everywhere = np.arange(len(facilities))
    levels[0] = _Level("facility", facilities["facility_id"].to_numpy(object), facility, everywhere)
    stack, ids = _codes(portfolio.leases, "stack", "lease_id", "leases")
    levels.append(_Level("stack", ids, stack, None))
    total = np.array(["total"], dtype=object)
    levels.append(_Level("total", total, np.zeros(len(facility), dtype=int), np.zeros(len(facilities), dtype=int)))
    return tuple(levels)


def _facility_of(portfolio: Portfolio) -> np.ndarray:
    """Position among the facilities of each lease's facility. ValueError where it has none, or an id stands twice."""
    ids = pd.Index(portfolio.facilities["facility_id"])
    if not ids.is_unique:
        raise ValueError(
            f"facilities, facility_id: found {ids[ids.duplicated()][0]!r} more than once; expected one row a building. "
            "Merge the rows."
        )
    found = ids.get_indexer(pd.Index(portfolio.leases["facility_id"]))
    if (found < 0).any():
        row = portfolio.leases.iloc[int(np.flatnonzero(found < 0)[0])]
        raise ValueError(
            f"leases, lease {row['lease_id']!r}, facility_id: found {row['facility_id']!r}; expected one of the "
            f"{len(ids)} facilities. Add the building to the facilities or correct the lease."
        )
    return np.asarray(found)


def _codes(frame: pd.DataFrame, column: str, key: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes and sorted names of a column. ValueError where a value is missing or empty: it would be in no series."""
    code, found = pd.factorize(frame[column], sort=True)
    names = np.asarray(found, dtype=object)
    empty = code < 0
    if len(names) and names[0] == "":
        empty |= code == 0
    if empty.any():
        where = frame[key].iloc[int(np.flatnonzero(empty)[0])]
        raise ValueError(
            f"{name}, {key} {where!r}, {column}: found nothing; expected a value. Fill it in ('unknown' where the "
            "column has that code)."
        )
    return np.asarray(code), names


def _check_leases(portfolio: Portfolio) -> None:
    """ValueError where a lease lacks what decides whether, and with how much, it is in place."""
    leases = portfolio.leases
    mw = leases["mw"].to_numpy(float)
    tests = (
        ("mw", ~(np.isfinite(mw) & (mw >= 0)), "a capacity in MW of at least 0"),
        ("end_date", leases["end_date"].isna().to_numpy(), "the date on which the contract ends"),
        (
            "commencement_date",
            leases["commencement_date"].isna().to_numpy() & leases["commenced"].to_numpy(bool),
            "the date on which a lease that has commenced did so",
        ),
    )
    for column, wrong, expected in tests:
        if wrong.any():
            row = leases.iloc[int(np.flatnonzero(wrong)[0])]
            raise ValueError(
                f"leases, lease {row['lease_id']!r}, {column}: found {row[column]}; expected {expected}. Correct or "
                f"remove the lease ({int(wrong.sum())} like it)."
            )


def _quarter(dates: pd.Series) -> np.ndarray:
    """Number of the calendar quarter (year x 4 + quarter - 1) of each date; -1 where it is null."""
    month = dates.to_numpy("datetime64[M]")
    number = month.astype(np.int64) // 3 + 1970 * 4
    return np.where(np.isnat(month), -1, number)


def _quarter_end(number: np.ndarray) -> np.ndarray:
    """Last day of each numbered quarter, datetime64[ns]; null for -1."""
    month = ((number - 1970 * 4 + 1) * 3).astype("datetime64[M]")
    day = month.astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.where(number < 0, np.datetime64("NaT"), day).astype("datetime64[ns]")


def _ratio(over: np.ndarray, under: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    """over / under; `otherwise` where under is 0."""
    return np.divide(over, under, out=np.full(len(over), otherwise), where=under > 0)
