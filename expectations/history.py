"""Rules against a series' own history: slips of unit, rates printed as fractions, jumps.

A series is operator, scope, scope level, metric and unit (figures.SERIES). Its history are the other figures of the
batch and of the reference that are trusted at least as much: a summary's slip never speaks against a filing.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

from expectations.figures import REPORTED, SERIES, THIRD_HAND_TIERS, Figures
from expectations.report import QUARANTINE, QUARANTINE_DOCUMENT, WARN
from expectations.rule import Computed, Rule, between

SLIP_RATIO = 300.0
FRACTION_RATIO = 30.0
SCALED_FAMILIES = ("capacity", "price", "count")

NEVER_ZERO = ("utilisation_rate", "commitment_rate", "capacity_in_service", "capacity_utilised")
LEAST_FIGURES_BESIDE_ZERO = 3

# Below these, a quarter's change is never a jump: openings and deconsolidations are part of the business.
LEAST_JUMP_POINTS = 15.0
LEAST_JUMP_LOG = float(np.log(1.35))
LEAST_CHANGES = 5
# A century: longer "series" are no quarters, and other rules say so.
MOST_QUARTERS = 400
ROBUST_DEVIATIONS = 6.0
MAD_TO_SIGMA = 1.4826


def _ratio_to_history(figures: Figures, families: tuple[str, ...]) -> tuple[pd.Series, pd.Series]:
    """For each candidate: value / median of its history, and that median; NaN where there is none above zero."""
    known = figures.known
    usable = known[known["family"].isin(families) & (known["value"] > 0) & np.isfinite(known["value"])]
    ratio = pd.Series(np.nan, index=figures.frame.index)
    median = pd.Series(np.nan, index=figures.frame.index)
    for _, series in usable.groupby(list(SERIES), sort=False):
        if len(series) < 2 or not series["candidate"].any():
            continue
        values = series["value"].to_numpy(dtype=float)
        trust = series["trust"].fillna(0.5).to_numpy(dtype=float).round(6)
        candidate = series["candidate"].to_numpy(dtype=bool)
        rows = series["row"].to_numpy(dtype=int)
        for level in np.unique(trust[candidate]):
            own = candidate & (trust == level)
            usual = _usual(values, trust, candidate, own, float(level))
            median[rows[own]] = usual
            ratio[rows[own]] = values[own] / usual
    return ratio, median


def _usual(values: np.ndarray, trust: np.ndarray, candidate: np.ndarray, own: np.ndarray, level: float) -> np.ndarray:
    """The median of the history of each figure in `own` (all of trust `level`); NaN where there is none.

    The history is the first group that has any: accepted observations, figures of the batch that are trusted more,
    all other figures that are trusted as much.
    """
    for group in (values[~candidate & (trust >= level)], values[candidate & (trust > level)]):
        if len(group):
            return np.full(int(own.sum()), float(np.median(group)))
    ordered = np.sort(values[own])
    left = len(ordered) - 1
    if not left:
        return np.array([np.nan])
    # The median without a figure itself: ranks from its own on move up by one.
    rank = np.searchsorted(ordered, values[own])
    low, high = (left - 1) // 2, left // 2
    return np.asarray((ordered[low + (rank <= low)] + ordered[high + (rank <= high)]) / 2)


def _unit_slip(figures: Figures) -> Computed:
    ratio, median = _ratio_to_history(figures, SCALED_FAMILIES)

    def explain(i: int) -> tuple[str, str]:
        frame = figures.frame
        unit = frame.at[i, "unit"]
        factor = ratio[i] if ratio[i] >= 1 else 1 / ratio[i]
        side = "times" if ratio[i] >= 1 else "times below"
        found = (
            f"{frame.at[i, 'metric']} {frame.at[i, 'value']:,.10g} {unit} is {factor:,.0f} {side} the "
            f"{median[i]:,.10g} {unit} of the series' other figures: unit slip"
        )
        return found, f"a figure of the order of {median[i]:,.10g} {unit}"

    return Computed(pd.DataFrame({"ratio": ratio}), explain)


def _fraction(figures: Figures) -> Computed:
    ratio, median = _ratio_to_history(figures, ("rate",))
    applies = figures.frame["value"].between(0, 1, inclusive="right")

    def explain(i: int) -> tuple[str, str]:
        frame = figures.frame
        found = f"{frame.at[i, 'metric']} {frame.at[i, 'value']:g} % where the series has {median[i]:g} %"
        return found, "per cent, not a fraction of 1"

    return Computed(pd.DataFrame({"ratio": ratio.where(applies)}), explain)


def _zero(figures: Figures) -> Computed:
    known = figures.known
    usable = known[np.isfinite(known["value"]) & (known["basis_class"] == REPORTED)]
    whole = usable["metric"].isin(NEVER_ZERO)
    # One tenant's building can stand empty; a whole portfolio cannot.
    whole |= (usable["metric"] == "occupancy_rate") & (usable["scope_level"] == "portfolio")
    usable = usable[whole]
    above = usable["value"].where(usable["value"] > 0)
    groups = above.groupby([usable[name] for name in SERIES], sort=False)
    usable = usable.assign(usual=groups.transform("median"), above=groups.transform("count"))
    usable = usable[usable["candidate"] & (usable["above"] >= LEAST_FIGURES_BESIDE_ZERO)].set_index("row")
    usual = usable["usual"].reindex(figures.frame.index)
    share = (usable["value"] / usable["usual"]).reindex(figures.frame.index)

    def explain(i: int) -> tuple[str, str]:
        metric, unit = figures.frame["metric"][i], figures.frame["unit"][i]
        found = f"{metric} 0 {unit} for {figures.frame['period_end'][i]} where the series has {usual[i]:,.10g} {unit}"
        return f"{found}: a missing value written as zero", "a value above zero, or none"

    return Computed(pd.DataFrame({"share_of_usual": share}), explain)


def _jumps(figures: Figures) -> Computed:
    known = figures.known
    usable = known[
        known["family"].isin(["rate", "capacity"])
        & (known["basis_class"] == REPORTED)
        & known["period"].notna()
        & np.isfinite(known["value"])
        & ~known["tier"].isin(THIRD_HAND_TIERS)
    ]
    beyond = pd.Series(np.nan, index=figures.frame.index)
    words: dict[int, tuple[str, str]] = {}
    for _, series in usable.groupby([*SERIES, "perimeter"], sort=False):
        if len(series) <= LEAST_CHANGES or not series["candidate"].any():
            continue
        _jumps_of(series, beyond, words)
    return Computed(pd.DataFrame({"beyond_bounds": beyond}), lambda i: words[i])


def _jumps_of(series: pd.DataFrame, beyond: pd.Series, words: dict[int, tuple[str, str]]) -> None:
    """Fill `beyond` and `words` for the candidates of one series: by how much a change leaves the series' bounds."""
    # One value a date: the most trusted, then the median of those.
    best = series[series["trust"].fillna(0.5) >= series.groupby("period")["trust"].transform("max").fillna(0.5) - 1e-9]
    levels = best.groupby("period")["value"].median().sort_index()
    rate = series["family"].iloc[0] == "rate"
    if not LEAST_CHANGES + 1 < len(levels) <= MOST_QUARTERS or (not rate and (levels <= 0).any()):
        return
    quarters = np.maximum(np.round(np.diff(levels.index.to_numpy()).astype("timedelta64[D]").astype(float) / 91.3), 1)
    changes = np.diff(levels.to_numpy() if rate else np.log(levels.to_numpy())) / quarters
    candidates = series[series["candidate"]]
    rows_by_date: dict[pd.Timestamp, list[int]] = defaultdict(list)
    for day, row in zip(candidates["period"], candidates["row"], strict=True):
        rows_by_date[day].append(int(row))
    for position in range(1, len(levels)):
        others = np.delete(changes, position - 1)
        centre = float(np.median(others))
        sigma = MAD_TO_SIGMA * float(np.median(np.abs(others - centre)))
        room = max(ROBUST_DEVIATIONS * sigma, LEAST_JUMP_POINTS if rate else LEAST_JUMP_LOG)
        excess = max(abs(changes[position - 1] - centre) - room, 0.0)
        for row in rows_by_date.get(levels.index[position], []):
            beyond[row] = excess
            if excess:
                before, now = levels.iloc[position - 1], levels.iloc[position]
                unit = series["unit"].iloc[0]
                low, high = (centre - room) * quarters[position - 1], (centre + room) * quarters[position - 1]
                bounds = (before + low, before + high) if rate else (before * np.exp(low), before * np.exp(high))
                words[row] = (
                    f"{series['metric'].iloc[0]} from {before:,.10g} to {now:,.10g} {unit} in "
                    f"{quarters[position - 1]:.0f} quarter(s)",
                    f"between {bounds[0]:,.4g} and {bounds[1]:,.4g} {unit} by the series' own changes",
                )


RULES = (
    Rule(
        id="R08_unit_slip",
        title="No figure is off by a thousand against its own history",
        severity=QUARANTINE_DOCUMENT,
        means=f"A capacity, price or count is within a factor of {SLIP_RATIO:g} of the median of its series.",
        why="12,600 MW after 12.6 MW is kW labelled MW. Other labels of such a document may be wrong too.",
        remedy="Check the unit at the place named; correct the label, never the number by guess; send it again.",
        test=_unit_slip,
        expectations=(between("ratio", low=1 / SLIP_RATIO, high=SLIP_RATIO),),
    ),
    Rule(
        id="R09_rate_as_fraction",
        title="Rates are per cent, not fractions",
        severity=QUARANTINE,
        means=f"A rate of at most 1 % whose series runs {FRACTION_RATIO:g} times higher is taken for a fraction.",
        why="0.925 labelled per cent would enter the series as an empty building.",
        remedy="Write the rate as per cent at its source, or format the column as a percentage.",
        test=_fraction,
        expectations=(between("ratio", low=1 / FRACTION_RATIO),),
    ),
    Rule(
        id="R15_jump",
        title="Changes stay within the series' own bounds",
        severity=WARN,
        means=f"A change a quarter is within {ROBUST_DEVIATIONS:g} robust deviations of the series' other changes.",
        why="A jump is an acquisition, a change of perimeter, or a misread number.",
        remedy="Read the report's notes for a change of perimeter; if there is one, add it to the layout file.",
        test=_jumps,
        expectations=(between("beyond_bounds", low=0, high=0),),
    ),
    Rule(
        id="R27_zero",
        title="No running series drops to nothing",
        severity=QUARANTINE_DOCUMENT,
        means="A used or built capacity, a utilisation or a portfolio's occupancy is not exactly zero where at least "
        f"{LEAST_FIGURES_BESIDE_ZERO} other figures of the series are above it.",
        why="A zero after 83 % is an empty cell that a spreadsheet filled in. A site's occupancy is exempt: a single "
        "tenant can leave.",
        remedy="Leave the cell empty if the value is not known; a closed site is left out of the report.",
        test=_zero,
        expectations=(between("share_of_usual", low=0, strict_low=True),),
    ),
)
