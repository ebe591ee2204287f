"""Operators that publish only a total, WALE and an expiry profile: what follows for their occupancy, as bands.

Belongs here: picking the published figures that fit together out of observations and history, and binding lease ladders
to the simulation. Not here: drawing ladders (forecasts/leases/ladders.py), paths (simulate.py), writing tables.

Nothing here is observed but the published figures; leases are drawn, so every row says model `ladders (estimated)`, and
the spread between ladders is in the bands. What the figures do not say is stated instead:

- Shares and WALE have to be weighted alike. Space is what is forecast, so figures weighted by space (area, power) come
  first, figures of unstated weight next, figures by rent last, and the answer says which it rests on.
- A lease's elapsed term has the distribution of the remaining ones (both are alike in a portfolio that has reached its
  balance: Cox 1962, Renewal theory); contracts run whole years.
- The prior of new leases counts leases a vacant MW. Ladders are scaled so that their mean lease is LEASE_MW, which
  makes it a rate a lease size in any unit; today's vacancy counts as the usual one.
- No phase is known: the answer is the occupancy of what is in service at the figures' date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from assets.warehouse.names import slug
from forecasts.leases.ladders import WALE_ROUNDING, Typical, ladders
from forecasts.leases.learning import learn
from forecasts.leases.outcomes import LEVELS, NAMES
from forecasts.leases.portfolio import DELIVERY_COLUMNS, EVIDENCE_COLUMNS, LEASE_COLUMNS, STACKS, Portfolio
from forecasts.leases.priors import Priors
from forecasts.leases.simulate import simulate

MODEL = "ladders (estimated)"
WALE = "wale_years"
PROFILES = {"space": "lease_expiry_share_by_area", "rent": "lease_expiry_share_by_rent"}
# In order of preference: what is forecast is space.
WEIGHTINGS = ("space", "not stated", "rent")
# Ladders a forecast: their spread is a part of the bands, and 24 give its 10 % and 90 % quantiles to a few leases.
COUNT = 24
# MW of a mean lease that the prior of new leases (leases a vacant MW) refers to; an analyst's prior.
LEASE_MW = 1.0
LEAST_VACANT_MW = 0.05
PERCENT = 100.0
OUTLOOK_COLUMNS = (
    "quarter_end", "horizon", "unit", "in_service_p50", *(f"leased_{name}" for name in NAMES),
    *(f"occupancy_{name}" for name in NAMES), "occupancy_mean", "between_share", "model", "provenance", "level",
    "series_id", "operator", "as_of", "weighted", "rests_on", "known_at",
)  # fmt: skip
_SPACE = re.compile(r"\b(area|lettable|nrsf|nla|gfa|sq\.?\s?ft|sqm|capacity|mw|kw)\b")
_RENT = re.compile(r"\b(rent|rental|rents|income|revenue)\b")
_BUCKET = re.compile(
    r"^expir(?:ing|y)\s+(?:in\s+)?(?P<from>>=|≥|from\s+)?\s*(?P<year>\d{4})"
    r"(?:\s*(?:-|–|to)\s*(?P<to>\d{4}))?\s*(?P<open>\+|and\s+(?:beyond|after|later)|onwards?)?$"
)


@dataclass(frozen=True)
class LadderInput:
    """Published figures of one operator that fit together, at one quarter end.

    total, in_service: in `unit`, the operator's own (`pct`: the rate itself, of 100, where no capacity is published).
    wale_years, profile (columns of ladders()): None where not published with this weighting. weighted: of WEIGHTINGS.
    known_at: the day by which all of it was known.
    """

    operator: str
    series_id: str
    unit: str
    as_of: pd.Timestamp
    total: float
    in_service: float
    wale_years: float | None
    profile: pd.DataFrame | None
    weighted: str
    wale_rounding: float
    share_rounding: float | None
    known_at: pd.Timestamp


def weighting(scope: str, quote: str) -> str:
    """What a WALE is weighted by, as its scope or else its quotation says: `space`, `rent` or `not stated`.

    Links are no statement: parts of a quotation (between bars) with a slash in a word are left out.
    """
    words = [part for part in quote.split("|") if not re.search(r"\w/\w|://", part)]
    for text in (scope.lower(), " ".join(words).lower()):
        space, rent = bool(_SPACE.search(text)), bool(_RENT.search(text))
        if space != rent:
            return "space" if space else "rent"
    return "not stated"


def bucket(scope: str, as_of: pd.Timestamp) -> tuple[float, float]:
    """Years from as_of at which a bucket of an expiry profile begins and ends (infinite where open), from its scope:
    'expiring 2027', 'expiring 2027-2029', 'expiring 2031+', 'expiring >=2031', 'expiring 2031 and beyond'.

    Years are calendar years; that of as_of counts from as_of. Raises ValueError for anything else.
    """
    found = _BUCKET.match(scope.strip().lower())
    if found is None or (found["from"] and found["to"]):
        raise ValueError(
            f"expiry bucket: found {scope!r}; expected 'expiring' and a calendar year, years or 'YYYY+'. Name "
            "the years."
        )
    first, last = int(found["year"]), int(found["to"] or found["year"])
    start = max(_years_to_end_of(first - 1, as_of), 0.0)
    end = np.inf if found["from"] or found["open"] else _years_to_end_of(last, as_of)
    if end <= start:
        raise ValueError(
            f"expiry bucket: found {scope!r} at {as_of.date()}; expected years that end after that day. Check the date."
        )
    return start, end


def _years_to_end_of(year: int, as_of: pd.Timestamp) -> float:
    if as_of.is_month_end:
        return ((year - as_of.year) * 12 + 12 - as_of.month) / 12
    return (pd.Timestamp(year=year, month=12, day=31) - as_of).days / 365.25


def ladder_inputs(
    observations: pd.DataFrame, history: pd.DataFrame, known_by: date
) -> tuple[list[LadderInput], pd.DataFrame]:
    """Which operators publish enough for ladders, with the newest figures known by a day, and why others do not.

    observations: operator, scope, scope_level, period_end, metric, value, rounding, known_at, superseded_by, quote,
    trust (the warehouse's). history: level, series_id, operator, quarter_end, unit, in_service, leased, occupancy,
    known_at (occupancy_history). Of each operator the newest date at which a series of its own perimeter has a figure
    and WALE or a profile is published for the same perimeter. Second answer: operator, reason, of operators with such
    figures that cannot be used.
    """
    known = pd.Timestamp(known_by)
    rows = observations[
        observations["metric"].isin([WALE, *PROFILES.values()])
        & (observations["scope_level"] == "portfolio")
        & (pd.to_datetime(observations["known_at"]) <= known)
        & observations["superseded_by"].isna()
    ].assign(
        period_end=lambda frame: pd.to_datetime(frame["period_end"]),
        known_at=lambda frame: pd.to_datetime(frame["known_at"]),
    )
    own = history[
        (history["level"] == "operator")
        & history["occupancy"].notna()
        & (pd.to_datetime(history["known_at"]) <= known)
    ].assign(
        quarter_end=lambda frame: pd.to_datetime(frame["quarter_end"]),
        known_at=lambda frame: pd.to_datetime(frame["known_at"]),
    )  # fmt: skip
    found, reasons = [], []
    for operator, published in rows.groupby("operator", sort=True):
        try:
            found.append(_newest(str(operator), published, own[own["operator"] == operator]))
        except ValueError as error:
            reasons.append((str(operator), str(error)))
    return found, pd.DataFrame(reasons, columns=["operator", "reason"])


def _newest(operator: str, published: pd.DataFrame, own: pd.DataFrame) -> LadderInput:
    """The newest usable figures of one operator. Raises ValueError saying why there are none."""
    perimeter = own["series_id"].map(lambda key: str(key).split("/")[1] if str(key).count("/") else "")
    profile_rows = published["metric"] != WALE
    names = published["scope"].map(lambda scope: slug(re.sub(r"\s*\([^)]*\)", "", str(scope))))
    for day in sorted(published["period_end"].unique(), reverse=True):
        at = published["period_end"] == day
        here = own[(own["quarter_end"] == day)]
        shares = published[at & profile_rows]
        for place in sorted(perimeter[here.index].unique()):
            wales = published[at & ~profile_rows & (names == place)]
            # A profile's scope names the bucket: it is of the operator's whole, which has to be the only perimeter or
            # the one that WALE is published for.
            whole = len(perimeter[here.index].unique()) == 1 or len(wales)
            buckets = shares if whole else shares.iloc[:0]
            if len(wales) or len(buckets):
                series = here[perimeter[here.index] == place]
                return _input(operator, pd.Timestamp(day), series, wales, buckets)
    days = ", ".join(str(pd.Timestamp(day).date()) for day in sorted(published["period_end"].unique()))
    scopes = ", ".join(sorted({repr(str(one)) for one in published.loc[~profile_rows, "scope"]})) or "none"
    raise ValueError(
        f"WALE of {scopes}, expiry profiles or both at {days}; no series of occupancy of the same perimeter has a "
        f"figure at one of these dates (series: {', '.join(sorted(own['series_id'].unique())) or 'none'}). Publish "
        "occupancy and WALE of one perimeter at one date."
    )


def _input(
    operator: str, day: pd.Timestamp, series: pd.DataFrame, wales: pd.DataFrame, buckets: pd.DataFrame
) -> LadderInput:
    weighted = wales.assign(
        weighting=[
            weighting(str(scope), str(quote)) for scope, quote in zip(wales["scope"], wales["quote"], strict=True)
        ]
    )
    for name in WEIGHTINGS:
        wale = _best(weighted[weighted["weighting"] == name])
        shares = buckets[buckets["metric"] == PROFILES.get(name, "")]
        if not len(wale) and not len(shares):
            continue
        profile, share_rounding = _profile(shares, day) if len(shares) else (None, None)
        figure = series.assign(full=series["leased"].notna() & series["in_service"].notna())
        row = figure.sort_values(["full", "series_id"], ascending=[False, True]).iloc[0]
        total, in_service = (row["leased"], row["in_service"]) if row["full"] else (row["occupancy"] * PERCENT, PERCENT)
        return LadderInput(
            operator, str(row["series_id"]), str(row["unit"]) if row["full"] else "pct", day, float(total),
            float(in_service), float(wale["value"].iloc[0]) if len(wale) else None, profile, name,
            _half_digit(wale, WALE_ROUNDING) if len(wale) else WALE_ROUNDING, share_rounding,
            max([row["known_at"], *wale["known_at"], *shares["known_at"]]),
        )  # fmt: skip
    raise ValueError("found neither WALE nor a profile; expected at least one of them.")


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    """One row: the most trusted, of these the one known last."""
    return rows.sort_values(["trust", "known_at", "value"], ascending=[False, False, True]).head(1)


def _half_digit(rows: pd.DataFrame, otherwise: float) -> float:
    found = rows["rounding"].dropna()
    return float(found.max()) if len(found) and found.max() > 0 else otherwise


def _profile(rows: pd.DataFrame, as_of: pd.Timestamp) -> tuple[pd.DataFrame, float | None]:
    """A profile as ladders() reads it, and half of the last printed digit of its shares (fractions)."""
    lines = []
    for scope, same in rows.groupby("scope", sort=True):
        start, end = bucket(str(scope), as_of)
        lines.append((start, end, float(_best(same)["value"].iloc[0]) / PERCENT))
    profile = pd.DataFrame(lines, columns=["year_from_years", "year_to_years", "share_of_leased"])
    rounding = _half_digit(rows, 0.0) / PERCENT
    return profile.sort_values("year_from_years").reset_index(drop=True), rounding or None


def ladder_forecast(
    total: float,
    in_service: float,
    as_of: pd.Timestamp,
    wale: float | None,
    profile: pd.DataFrame | None,
    horizon: int,
    paths: int,
    seed: int,
    assumptions: Mapping[str, float],
    *,
    unit: str = "mw",
    wale_rounding: float = WALE_ROUNDING,
    share_rounding: float | None = None,
    count: int = COUNT,
    typical: Typical | None = None,
) -> pd.DataFrame:
    """Bands of occupancy over `count` ladders that agree with what is published, each simulated with the stated priors.

    total, in_service: leased and available, in one unit. wale (years), profile: as ladders() takes them. assumptions:
    parameter -> value (leases.*). paths: over all ladders together, at least one each. One row a quarter: quarter_end,
    horizon, unit, in_service_p50, leased_p05 .. p95, occupancy_p05 .. p95, occupancy_mean, between_share (part of the
    variance that lies between ladders), model, provenance (`estimated`). Raises ValueError for figures out of bounds,
    or that contradict each other.
    """
    if not 0 < total <= in_service:
        raise ValueError(
            f"total: found {total} leased of {in_service} in service; expected above 0 and at most what is in service."
        )
    if horizon < 1 or paths < 1:
        raise ValueError(f"horizon {horizon}, paths {paths}: both have to be at least 1.")
    rungs = ladders(
        total, as_of, wale, profile, count, seed, typical or Typical(), wale_rounding=wale_rounding,
        share_rounding=share_rounding,
    )  # fmt: skip
    priors = Priors.of(assumptions)
    each = max(-(-paths // count), 1)
    occupancy = np.empty((count, each, horizon))
    for number, rung in enumerate(rungs):
        luck = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        occupancy[number] = _course(rung, in_service, as_of, horizon, each, luck, priors)
    pooled = occupancy.reshape(-1, horizon)
    within = occupancy.var(axis=1).mean(axis=0)
    # Means of few paths differ by luck alone; that part is not the ladders'.
    between = np.maximum(occupancy.mean(axis=1).var(axis=0) - within / each, 0.0)
    ends = pd.date_range(as_of + pd.Timedelta(days=1), periods=horizon, freq="QE")
    frame = pd.DataFrame({"quarter_end": ends, "horizon": np.arange(1, horizon + 1)})
    frame["unit"], frame["in_service_p50"] = unit, in_service
    shares = np.quantile(pooled, LEVELS, axis=0).T
    frame[[f"leased_{name}" for name in NAMES]] = shares * in_service
    frame[[f"occupancy_{name}" for name in NAMES]] = shares
    frame["occupancy_mean"] = pooled.mean(axis=0)
    spread = between + within
    frame["between_share"] = np.where(spread > 0, between / np.where(spread > 0, spread, 1.0), 0.0)
    return frame.assign(model=MODEL, provenance="estimated")


def _course(
    rung: pd.DataFrame, in_service: float, as_of: pd.Timestamp, horizon: int, paths: int, seed: int, priors: Priors
) -> np.ndarray:
    """Occupancy of one ladder's paths, (paths, horizon)."""
    portfolio = ladder_portfolio(rung, in_service, as_of, seed)
    nothing = pd.DataFrame([("ladder", 0.0, 0.0, 0.0, 1.0)], columns=["facility_id", *STACKS])
    learnt = learn(portfolio, nothing, priors)
    row = portfolio.history.iloc[0]
    vacant = max(float(row["in_service_mw"] - row["leased_mw"]), LEAST_VACANT_MW)
    usual = np.full_like(learnt.demand.usual_mw, vacant)
    learnt = replace(learnt, demand=replace(learnt.demand, usual_mw=usual))
    simulated = simulate(learnt, horizon=horizon, paths=paths, seed=seed)
    share = simulated.leased[0].astype(float) / float(row["in_service_mw"])
    return np.asarray(np.clip(np.round(share, 6), 0.0, 1.0))


def ladder_portfolio(rung: pd.DataFrame, in_service: float, as_of: pd.Timestamp, seed: int) -> Portfolio:
    """One ladder as a portfolio of one hall, scaled to a mean lease of LEASE_MW. rung: a frame of ladders(), in the
    unit of in_service; provenance stays as a column of the leases.
    """
    size = rung["mw"].to_numpy(dtype=float)
    scale = LEASE_MW / size.mean()
    remaining = (rung["end_date"] - as_of).dt.days.to_numpy(dtype=float) / 365.25
    elapsed = np.random.default_rng([seed, len(rung)]).permutation(remaining)
    years = np.maximum(np.ceil(remaining + elapsed - 1e-9), 1).astype(int)
    after = rung["end_date"] + pd.Timedelta(days=1)
    start = pd.Series([day - pd.DateOffset(years=int(count)) for day, count in zip(after, years, strict=True)])
    start = start.where(start <= as_of, as_of)
    plain: dict[str, Any] = {
        "facility_id": "ladder", "tenant_name": "", "sector": "unknown", "sensitivity_tier": "unknown",
        "commenced": True, "monthly_rent_hkd_per_kw": np.nan, "stack": "unknown", "stack_weight_mainland": np.nan,
        "renewal_options": "none", "renewal_of": "",
    }  # fmt: skip
    leases = rung[["lease_id", "tenant_id", "end_date", "provenance"]].reset_index(drop=True)
    leases = leases.assign(mw=size * scale, start_date=start, commencement_date=start, **plain)
    room = in_service * scale
    facilities = pd.DataFrame(
        [("ladder", "ladder", "ladder", "", "unknown", pd.NaT, room, np.nan, np.nan)],
        columns=[
            "facility_id", "operator", "name", "district", "market", "ready_for_service", "capacity_mw", "latitude",
            "longitude",
        ],
    )  # fmt: skip
    history = pd.DataFrame(
        {
            "facility_id": ["ladder"], "quarter_end": [as_of], "in_service_mw": [room],
            "leased_mw": [float(leases["mw"].sum())], "utilised_mw": [np.nan],
        }
    )  # fmt: skip
    evidence = pd.DataFrame(columns=list(EVIDENCE_COLUMNS))
    none = pd.DataFrame(columns=list(DELIVERY_COLUMNS)).astype({"planned_date": "datetime64[ns]", "mw": float})
    return Portfolio(facilities, leases[[*LEASE_COLUMNS, "provenance"]], evidence, history, none, as_of)


def ladder_outlook(
    observations: pd.DataFrame,
    history: pd.DataFrame,
    known_by: date,
    horizon: int,
    paths: int,
    seed: int,
    assumptions: Mapping[str, float],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecast of every operator of ladder_inputs(), and operator, reason of those that cannot be.

    First answer, OUTLOOK_COLUMNS: those of ladder_forecast() and level (`operator`), series_id, operator, as_of (the
    figures' date), weighted (what the figures are weighted by), rests_on (`WALE`, `profile` or both), known_at; by
    series_id. An operator whose figures contradict each other, or are so old that no quarter of the horizon lies ahead,
    is among the reasons.
    """
    found, refused = ladder_inputs(observations, history, known_by)
    frames, reasons = [], [refused]
    for one in found:
        reach = one.as_of + pd.offsets.QuarterEnd(horizon)
        if reach <= pd.Timestamp(known_by):
            old = f"newest figures of {one.as_of.date()}: {horizon} quarters after them end before {known_by}."
            reasons.append(pd.DataFrame([(one.operator, old)], columns=["operator", "reason"]))
            continue
        try:
            made = ladder_forecast(
                one.total, one.in_service, one.as_of, one.wale_years, one.profile, horizon, paths, seed, assumptions,
                unit=one.unit, wale_rounding=one.wale_rounding, share_rounding=one.share_rounding,
            )  # fmt: skip
        except ValueError as error:
            reasons.append(pd.DataFrame([(one.operator, str(error))], columns=["operator", "reason"]))
            continue
        parts = [name for name, given in (("WALE", one.wale_years), ("profile", one.profile)) if given is not None]
        frames.append(
            made.assign(
                level="operator", series_id=one.series_id, operator=one.operator, as_of=one.as_of,
                weighted=one.weighted, rests_on=" and ".join(parts), known_at=one.known_at,
            )
        )  # fmt: skip
    kept = [frame for frame in reasons if len(frame)]
    why = pd.concat(kept, ignore_index=True) if kept else refused
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in OUTLOOK_COLUMNS}), why
    rows = pd.concat(frames, ignore_index=True)[list(OUTLOOK_COLUMNS)]
    return rows.sort_values(["series_id", "horizon"], ignore_index=True), why
