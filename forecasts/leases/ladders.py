"""Lease ladders where an operator publishes only a total, WALE and an expiry profile: several that all agree with it.

Belongs here: drawing sizes and ends of leases that nobody has published, and the spread between such drawings. Not
here: leases that are known (profile.py), what leases will do (renewal, departure), reading figures (assets).

Every ladder adds up to the total, puts into each bucket of the profile its share to the published rounding, and has the
published WALE to its rounding. What is not published is drawn anew for each ladder from stated priors (`Typical`), so
the ladders differ, and their spread says how little the totals determine. All of it is provenance "estimated".

- Sizes: tenants are lognormal, each split over its leases at random (a flat Dirichlet).
- Ends: inside a bucket, days have the density of greatest entropy given the shares and WALE, which is exponential
  with one rate for all buckets (Jaynes 1957, Information theory and statistical mechanics): flat where WALE is not
  published. An open last bucket, and WALE alone (one open bucket), end at a multiple of their mean that each ladder
  draws: leases of one term signed evenly over time fill a bucket of twice their mean, flat; a mixture of terms reaches
  further and falls; growth rises and reaches less far (residual life in a renewal process: Cox 1962, Renewal theory).

Profile and WALE must be weighted alike: one by area beside one by rent contradict each other or, worse, nearly agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DAYS_A_YEAR = 365.25
# WALE is printed to one decimal.
WALE_ROUNDING = 0.05
PROFILE_COLUMNS = ("year_from_years", "year_to_years", "share_of_leased")
QUANTILES = (0.1, 0.5, 0.9)
# Above any lease of space; dates stay representable.
LONGEST_YEARS = 100.0
# Ends are whole days: a WALE aimed at stays this far (years, about a day) inside its rounding.
DAY_MARGIN = 0.003
# Leases above this share of the total are placed one by one, in whole where they fit; smaller ones are poured in.
LARGE_SHARE = 0.005
# Parts smaller than this share of the total are floating-point dust, not leases.
DUST = 1e-9
# Rates (1 / years) between which any mean that a bucket allows is reached to the day.
STEEPEST_RATE = 1e5
BISECTIONS = 100
# Quantiles that stand for a whole density.
GRID = (np.arange(1000) + 0.5) / 1000


@dataclass(frozen=True)
class Typical:
    """What leases are like where nothing is published: (low, high) of each parameter, an analyst's prior throughout.
    Each ladder draws its own from the range. ValueError where a range is empty or out of bounds.

    leases: number of leases (drawn evenly on the log scale; leases that are cut at the edge of a bucket add a few).
    size_sigma: standard deviation of the logarithm of tenant size; of 60 tenants the largest holds 7 % at 0.8 and 20 %
    at 1.6 (medians). leases_per_tenant: mean. beyond_years: mean remaining term beyond the start of an open last
    bucket, where WALE does not tell it. reach: end of an open bucket as a multiple of its mean (both from its start).
    longest_years: no remaining term is longer, one figure.
    """

    leases: tuple[int, int] = (30, 300)
    size_sigma: tuple[float, float] = (0.8, 1.6)
    leases_per_tenant: tuple[float, float] = (1.2, 2.5)
    beyond_years: tuple[float, float] = (1.5, 6.0)
    reach: tuple[float, float] = (1.5, 4.0)
    longest_years: float = 25.0

    def __post_init__(self) -> None:
        least = {"leases": 1.0, "size_sigma": 0.0, "leases_per_tenant": 1.0, "beyond_years": 0.1, "reach": 1.1}
        for name, bound in least.items():
            low, high = getattr(self, name)
            if not bound <= low <= high < np.inf:
                raise ValueError(
                    f"Typical, {name}: found ({low}, {high}); expected (low, high), rising, from {bound:g}. Correct "
                    "the prior."
                )
        if not 1.0 <= self.longest_years <= LONGEST_YEARS:
            raise ValueError(
                f"Typical, longest_years: found {self.longest_years}; expected 1 to {LONGEST_YEARS:g} years. Correct "
                "the prior."
            )


@dataclass(frozen=True)
class _Published:
    """What binds every ladder, buckets in order. low, high: least and greatest share. after, until: days from as_of; a
    lease of the bucket ends after the one and not after the other. open: whether `until` is the prior's longest term.
    """

    low: np.ndarray
    high: np.ndarray
    after: np.ndarray
    until: np.ndarray
    open: bool
    wale: float | None
    wale_rounding: float


def ladders(
    total: float,
    as_of: pd.Timestamp,
    wale_years: float | None,
    profile: pd.DataFrame | None,
    count: int,
    seed: int,
    typical: Typical,
    *,
    unit: str = "mw",
    prefix: str = "estimated",
    wale_rounding: float = WALE_ROUNDING,
    share_rounding: float | None = None,
) -> list[pd.DataFrame]:
    """`count` ladders of leases in place at `as_of` that agree with what is published.

    total: leased capacity in the operator's own unit. wale_years: remaining term from as_of, or None. profile:
    year_from_years, year_to_years (years from as_of; the last bucket may be open: null or infinite), share_of_leased (0
    to 1, summing to 1 within rounding), or None; one of the two must be given. wale_rounding, share_rounding: half of
    the last printed digit; the latter is read off the shares where it is not given. A share printed as 0 is 0.

    Each frame: lease_id, tenant_id (both begin with `prefix`), mw (`capacity` where the unit is another), end_date,
    provenance ("estimated"), by end_date. Ladder k depends on seed and k alone, not on count.

    ValueError where an argument is out of bounds, or where profile and WALE contradict each other beyond their
    rounding.
    """
    if count < 1:
        raise ValueError(f"count: found {count}; expected at least 1 ladder.")
    published = _published(total, as_of, wale_years, profile, typical, wale_rounding, share_rounding)
    column = "mw" if unit.lower() == "mw" else "capacity"
    frames = []
    for number in range(count):
        size, tenant, days = _ladder(published, typical, np.random.default_rng([seed, number]))
        order = np.lexsort((tenant, -size, days))
        _, tenants = np.unique(tenant, return_inverse=True)
        frame = pd.DataFrame(
            {
                "lease_id": [f"{prefix}-{number + 1}-L{position + 1:05d}" for position in range(len(order))],
                "tenant_id": [f"{prefix}-{number + 1}-T{position + 1:05d}" for position in tenants[order]],
                column: size[order] * total,
                "end_date": as_of.normalize() + pd.to_timedelta(days[order], unit="D"),
                "provenance": "estimated",
            }
        )
        frames.append(frame)
    return frames


def spread(ladders: Sequence[pd.DataFrame], quarters: Sequence[pd.Timestamp] | pd.DatetimeIndex) -> pd.DataFrame:
    """Share of the leased capacity that expires in each calendar quarter, over ladders.

    quarters: any day of each quarter. Columns: quarter_end, expiring_share_p10, expiring_share_p50, expiring_share_p90,
    expiring_share_mean (0 to 1; only the means add up over quarters). ValueError where there is no ladder.
    """
    if not ladders:
        raise ValueError("ladders: found none; expected at least one ladder to take the spread of.")
    wanted = pd.PeriodIndex(pd.DatetimeIndex(list(quarters)), freq="Q")
    shares = np.empty((len(ladders), len(wanted)))
    for row, ladder in enumerate(ladders):
        size = ladder["mw" if "mw" in ladder.columns else "capacity"]
        by_quarter = size.groupby(pd.PeriodIndex(ladder["end_date"], freq="Q")).sum() / size.sum()
        shares[row] = by_quarter.reindex(wanted, fill_value=0.0).to_numpy()
    frame = pd.DataFrame({"quarter_end": wanted.to_timestamp(how="end").normalize()})
    for probability in QUANTILES:
        frame[f"expiring_share_p{round(100 * probability)}"] = np.quantile(shares, probability, axis=0)
    frame["expiring_share_mean"] = shares.mean(axis=0)
    return frame


def _ladder(
    published: _Published, typical: Typical, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Size (share of the total), tenant and end (days from as_of) of each lease of one ladder."""
    reach = rng.uniform(*typical.reach)
    beyond = rng.uniform(*typical.beyond_years)
    aim = rng.uniform(-1, 1)
    share = _shares(published, rng)
    size, tenant = _sizes(typical, rng)
    bucket, size, tenant = _placed(size, tenant, share, rng)
    return size, tenant, _ends(published, bucket, size, reach, beyond, aim, rng)


def _published(
    total: float,
    as_of: pd.Timestamp,
    wale: float | None,
    profile: pd.DataFrame | None,
    typical: Typical,
    wale_rounding: float,
    share_rounding: float | None,
) -> _Published:
    """What is published, checked: each figure for itself, then profile and WALE against each other."""
    if not (np.isfinite(total) and total > 0):
        raise ValueError(f"total: found {total}; expected the leased capacity, above 0, in the operator's own unit.")
    if pd.isna(as_of):
        raise ValueError(f"as_of: found {as_of}; expected the date of the published figures.")
    if wale is None and profile is None:
        raise ValueError(
            "wale_years and profile: found neither; expected at least one of them. A total alone says nothing of when "
            "leases end."
        )
    if wale is not None and not (np.isfinite(wale) and wale > 0):
        raise ValueError(f"wale_years: found {wale}; expected years above 0, or None where WALE is not published.")
    reach = int(typical.longest_years * DAYS_A_YEAR)
    if profile is None:
        whole = np.ones(1)
        published = _Published(whole, whole, np.zeros(1), np.array([float(reach)]), True, wale, wale_rounding)
    else:
        low, high = _share_limits(profile, share_rounding)
        after, until, last_open = _bucket_days(profile, as_of, reach)
        published = _Published(low, high, after, until, last_open, wale, wale_rounding)
    _check_agreement(published, profile, typical)
    return published


def _share_limits(profile: pd.DataFrame, rounding: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest share of each bucket that would be printed as it is."""
    missing = [column for column in PROFILE_COLUMNS if column not in profile.columns]
    if missing or not len(profile):
        raise ValueError(
            f"profile: found {len(profile)} rows and columns {list(profile.columns)}; expected at least one row and "
            f"{list(PROFILE_COLUMNS)}."
        )
    share = profile["share_of_leased"].to_numpy(float)
    wrong = ~((share >= 0) & (share <= 1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"profile, row {row}, share_of_leased: found {share[row]}; expected a fraction 0 to 1 (20 % is 0.2)."
        )
    if rounding is None:
        decimals = next((d for d in (2, 3, 4) if np.allclose(share, share.round(d), rtol=0, atol=1e-9)), 5)
        rounding = 0.5 * 10.0**-decimals
    low = np.where(share > 0, np.maximum(share - rounding, 0.0), 0.0)
    high = np.where(share > 0, np.minimum(share + rounding, 1.0), 0.0)
    if not low.sum() - 1e-9 <= 1 <= high.sum() + 1e-9:
        raise ValueError(
            f"profile, share_of_leased: found {share.tolist()}, which sums to {share.sum():.4g}; expected 1 within a "
            f"rounding of {rounding:g} a bucket. Give shares of what is leased, all buckets, vacant space left out."
        )
    return low, high


def _bucket_days(profile: pd.DataFrame, as_of: pd.Timestamp, reach: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Days from as_of after which, and until which, the leases of each bucket end; whether the last one is open."""
    start = profile["year_from_years"].to_numpy(float)
    stop = profile["year_to_years"].to_numpy(float)
    stop = np.where(np.isnan(stop), np.inf, stop)
    last_open = bool(np.isinf(stop[-1]))
    rising = (start >= 0) & (stop > start) & (start >= np.concatenate([[0.0], stop[:-1]]) - 1e-9)
    if not rising.all():
        row = int(np.flatnonzero(~rising)[0])
        raise ValueError(
            f"profile, row {row}: found years {start[row]} to {stop[row]} after {start[:row].tolist()} to "
            f"{stop[:row].tolist()}; expected buckets in order, from 0 up, that do not overlap, only the last one open."
        )
    after = np.array([_days(as_of, years) for years in start], dtype=float)
    until = np.array([reach if np.isinf(years) else _days(as_of, years) for years in stop], dtype=float)
    short = until <= after
    if short.any():
        row = int(np.flatnonzero(short)[0])
        raise ValueError(
            f"profile, row {row}: found years {start[row]} to {stop[row]}; expected at least a day, and an open bucket "
            f"to begin before the longest remaining term of the prior ({reach / DAYS_A_YEAR:.4g} years)."
        )
    return after, until, last_open


def _days(as_of: pd.Timestamp, years: float) -> int:
    """Days from as_of to as many years later, by the calendar where that is a whole number of months (month end to
    month end), so that "expiring in the third year" ends on the day on which that year does.
    """
    months = round(years * 12)
    if abs(years * 12 - months) > 1e-6:
        return round(years * DAYS_A_YEAR)
    step = pd.offsets.MonthEnd(months) if as_of.is_month_end and months else pd.DateOffset(months=months)
    return int((as_of + step - as_of).days)


def _check_agreement(published: _Published, profile: pd.DataFrame | None, typical: Typical) -> None:
    """ValueError where no ladder can have both the profile and WALE."""
    if published.wale is None:
        return
    low, high = published.wale - published.wale_rounding, published.wale + published.wale_rounding
    least, _ = _wale_limits(published, _extreme_shares(published, later=False))
    _, greatest = _wale_limits(published, _extreme_shares(published, later=True))
    if low <= greatest and high >= least:
        return
    longest = f"with no lease longer than {typical.longest_years:g} years (Typical.longest_years)"
    if profile is None:
        raise ValueError(
            f"wale_years: found {published.wale}; expected at most {greatest:.4g} years {longest}. Correct WALE or the "
            "prior."
        )
    columns = (profile[column].to_numpy(float) for column in PROFILE_COLUMNS)
    shown = ", ".join(
        f"{start:g} to {f'{stop:g}' if stop < np.inf else 'open'}: {share:.4g}"
        for start, stop, share in zip(*columns, strict=True)
    )
    raise ValueError(
        f"wale_years and profile contradict each other: found WALE {published.wale} (within "
        f"{published.wale_rounding:g}) beside shares by years to expiry ({shown}), which allow {least:.3f} to "
        f"{greatest:.3f} years{' ' + longest if published.open else ''}; expected WALE inside. Check that both are of "
        "one date and weighted alike (both by area or both by rent), or leave one of them out."
    )


def _extreme_shares(published: _Published, later: bool) -> np.ndarray:
    """The shares within rounding that put as much as possible into the latest (or the earliest) buckets."""
    share = published.low.copy()
    left = 1.0 - share.sum()
    for bucket in reversed(range(len(share))) if later else range(len(share)):
        more = min(max(left, 0.0), published.high[bucket] - share[bucket])
        share[bucket] += more
        left -= more
    return share


def _wale_limits(published: _Published, share: np.ndarray) -> tuple[float, float]:
    """Least and greatest WALE in years with given shares: all leases on the first or the last day of their bucket."""
    return (
        float(share @ (published.after + 1)) / DAYS_A_YEAR,
        float(share @ published.until) / DAYS_A_YEAR,
    )


def _shares(published: _Published, rng: np.random.Generator) -> np.ndarray:
    """True shares behind the printed ones: drawn within rounding, summing to 1, and able to have the published WALE."""
    # Strictly inside the rounding where the sum allows, so that no share is printed otherwise by a tie.
    inset = 1e-3 * (published.high - published.low)
    low, high = published.low + inset, published.high - inset
    if not low.sum() <= 1 <= high.sum():
        low, high = published.low, published.high
    share = rng.uniform(low, high)
    missing = 1.0 - share.sum()
    room = high - share if missing > 0 else share - low
    if room.sum() > 0:
        share += np.clip(missing / room.sum(), -1, 1) * room
    if published.wale is None:
        return share
    # Where these shares cannot have WALE, go as far as needed towards those that can best.
    for later, bound in (
        (True, published.wale - published.wale_rounding),
        (False, published.wale + published.wale_rounding),
    ):
        best = _extreme_shares(published, later)
        ours, theirs = (_wale_limits(published, one)[int(later)] for one in (share, best))
        if (ours < bound) if later else (ours > bound):
            share = share + min((bound - ours) / (theirs - ours), 1.0) * (best - share)
    return share


def _sizes(typical: Typical, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Size (share of the total, largest first) and tenant of each lease."""
    low, high = typical.leases
    leases = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))
    tenants = max(round(leases / rng.uniform(*typical.leases_per_tenant)), 1)
    weight = np.exp(rng.uniform(*typical.size_sigma) * rng.standard_normal(tenants))
    tenant = np.concatenate([np.arange(tenants), rng.integers(0, tenants, leases - tenants)])
    part = rng.standard_exponential(leases)
    size = weight[tenant] * part / np.bincount(tenant, weights=part)[tenant]
    order = np.argsort(-size, kind="stable")
    return size[order] / size.sum(), tenant[order]


def _placed(
    size: np.ndarray, tenant: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bucket, size and tenant of leases placed so that each bucket holds its share exactly.

    Large leases come first, each into a bucket with room for it, more likely one with more room; one for which there is
    no room is cut, the parts staying with its tenant. The small ones are poured into what is left in random order, cut
    where a bucket is full.
    """
    room = share.copy()
    large = int(np.searchsorted(-size, -LARGE_SHARE))
    placed: list[tuple[int, float, int]] = []
    for position in range(large):
        left = float(size[position])
        while left > DUST:
            fits = np.flatnonzero(room >= left)
            bucket = int(rng.choice(fits, p=room[fits] / room[fits].sum()) if len(fits) else np.argmax(room))
            part = min(left, float(room[bucket]))
            if part <= DUST:
                break
            placed.append((bucket, part, int(tenant[position])))
            room[bucket] -= part
            left -= part
    whole = np.array([bucket for bucket, _, _ in placed], dtype=int)
    held = np.array([part for _, part, _ in placed], dtype=float)
    holder = np.array([one for _, _, one in placed], dtype=int)
    order = large + rng.permutation(len(size) - large)
    poured, parts, source = _poured(size[order], room)
    bucket_of, part_of = np.concatenate([whole, poured]), np.concatenate([held, parts])
    # Dust that found no room is made up for inside each bucket.
    filled = np.bincount(bucket_of, weights=part_of, minlength=len(share))
    part_of *= np.divide(share, filled, out=np.ones(len(share)), where=filled > 0)[bucket_of]
    return bucket_of, part_of, np.concatenate([holder, tenant[order][source]])


def _poured(size: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leases laid end to end over the room that is left: bucket, size and source of each part."""
    room = np.where(room > DUST, room, 0.0)
    if not len(size) or not room.sum():
        return np.empty(0, dtype=int), np.empty(0), np.empty(0, dtype=int)
    edges = np.cumsum(room)
    ends = np.cumsum(size) * (edges[-1] / size.sum())
    cuts = np.union1d(edges, ends)
    # A lease that ends within dust of an edge ends on it.
    near = np.searchsorted(edges, cuts)
    gap = np.minimum(
        np.abs(edges[np.minimum(near, len(edges) - 1)] - cuts), np.abs(cuts - edges[np.maximum(near - 1, 0)])
    )
    cuts = cuts[(gap == 0) | (gap > DUST)]
    parts = np.diff(cuts, prepend=0.0)
    cuts, parts = cuts[parts > 0], parts[parts > 0]
    middle = cuts - parts / 2
    source = np.minimum(np.searchsorted(ends, middle), len(size) - 1)
    return np.minimum(np.searchsorted(edges, middle), len(edges) - 1), parts, source


def _ends(
    published: _Published,
    bucket: np.ndarray,
    size: np.ndarray,
    reach: float,
    beyond: float,
    aim: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Days from as_of to the end of each lease: inside its bucket, and with the published WALE together.

    reach: end of an open bucket as a multiple of its mean; beyond: that mean in years from its start, where WALE does
    not tell it; aim: where in the rounding of WALE this ladder lies, -1 to 1.
    """
    share = np.bincount(bucket, weights=size, minlength=len(published.low))
    after, until = published.after, published.until.copy()
    base = np.zeros(len(share))
    if published.open and share[-1] > 0:
        mean = beyond
        if published.wale is not None:
            closed = share[:-1] @ (after[:-1] + until[:-1]) / 2
            mean = (published.wale - closed / DAYS_A_YEAR) / share[-1] - after[-1] / DAYS_A_YEAR
        until[-1] = min(after[-1] + np.ceil(max(reach * mean, 1.0) * DAYS_A_YEAR), until[-1])
        if published.wale is None:
            width = (until[-1] - after[-1]) / DAYS_A_YEAR
            base[-1] = _falling_to(lambda rate: _tilted(GRID, np.array(rate), np.array(width)).mean(), beyond)[0]
    quantile = np.clip(rng.random(len(size)), DUST, 1 - DUST)
    start, width, rate = after[bucket], (until - after)[bucket], base[bucket]

    def days(tilt: float) -> np.ndarray:
        inside = _tilted(quantile, rate + tilt, width / DAYS_A_YEAR) * DAYS_A_YEAR
        return np.asarray(np.clip(np.round(start + inside), start + 1, start + width))

    def wale(tilt: float) -> float:
        return float(size @ days(tilt) / size.sum()) / DAYS_A_YEAR

    if published.wale is None:
        return days(0.0)
    within = published.wale_rounding
    margin = min(DAY_MARGIN, within / 2)
    target = published.wale + aim * (within - margin)
    steep, flat = _falling_to(wale, target)
    return days(steep) if abs(wale(steep) - target) <= abs(wale(flat) - target) else days(flat)


def _falling_to(value: Callable[[float], float], target: float) -> tuple[float, float]:
    """Neighbouring rates between which a falling `value` passes `target`, the larger rate first; the steepest rate
    on either side where it does not get there.
    """
    steep, flat = STEEPEST_RATE, -STEEPEST_RATE
    for _ in range(BISECTIONS):
        middle = (steep + flat) / 2
        if middle in (steep, flat):
            break
        if value(middle) > target:
            flat = middle
        else:
            steep = middle
    return steep, flat


def _tilted(quantile: np.ndarray, rate: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Quantiles of the density proportional to exp(-rate x t) on 0 to width; flat at rate 0, late ends below it."""
    falling = np.abs(rate) * width
    steep = np.where(falling > 1e-9, falling, 1.0)
    early = np.where(rate >= 0, quantile, 1 - quantile)
    part = np.where(falling > 1e-9, -np.log1p(early * np.expm1(-steep)) / steep, early)
    return np.asarray(width * np.where(rate >= 0, part, 1 - part))
