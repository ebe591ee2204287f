"""Bottom-up with top-down: the simulation's paths moved towards the panel forecaster as far as the backtest says.

Belongs here: the weight of each by horizon, and moving paths so that every sum still holds. Not here: the backtest
(backtest.py), either forecast.

Weights follow inverse squared errors (Bates & Granger 1969, The combination of forecasts), shrunk to a stated prior:
few origins stand behind them. The panel gets a say at a horizon only where the joined median beats the simulation's by
more than chance; combinations whose weights only fit noise are worse than the better of the two.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import t as student

from forecasts.leases.backtest import occupancy_medians
from forecasts.leases.portfolio import STACKS
from forecasts.leases.simulate import Simulated

# An analyst's prior: the leases' weight before any backtest (they know contracts, the panel what such buildings did),
# and the origins it counts like.
PRIOR_WEIGHT, PRIOR_ORIGINS = 0.75, 4.0
# Neighbouring horizons on each side that a horizon's errors are pooled with: the weight has no reason to jump.
NEIGHBOURS = 1
# One chance in twenty that the panel only seems to add; fewer origins cannot show that it does.
CHANCE, FEWEST_ORIGINS = 0.05, 3
# Squared errors below this (a hundredth of a point) count as none.
_LEAST_SQUARE = 1e-8


def weights(backtest: pd.DataFrame, horizon: int) -> np.ndarray:
    """Weight of the lease simulation at horizons 1 .. horizon, (horizon,), 0 to 1; the panel's is the rest.

    backtest: of backtest.backtest; rows in which either says nothing are left out. 1 where nothing is known, with fewer
    than FEWEST_ORIGINS origins, and where the panel does not add by more than chance. ValueError for a horizon below 1
    or missing columns.
    """
    return np.asarray(weight_table(backtest, horizon)["weight"].to_numpy(dtype=float))


def weight_table(backtest: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """What stands behind the weights, one row a horizon: horizon, pairs, origins, lease_error, panel_error (mean
    absolute errors, fractions), shrunk (weight by inverse squared errors with the prior), gain (what joining with it
    takes off the mean absolute error), standard_error (clustered by origin), weight. Errors are pooled with NEIGHBOURS.
    """
    if horizon < 1:
        raise ValueError(f"horizon {horizon}: has to be at least 1.")
    missing = [name for name in ("origin", "horizon", "outcome", "lease", "panel") if name not in backtest]
    if missing:
        raise ValueError(f"backtest: columns {missing} are missing; expected those of backtest.backtest.")
    known = backtest.dropna(subset=["outcome", "lease", "panel"])
    rows = [_at(known, step) for step in range(1, horizon + 1)]
    return pd.DataFrame(rows)


def _at(known: pd.DataFrame, step: int) -> dict[str, float]:
    near = known[(known["horizon"] - step).abs() <= NEIGHBOURS]
    lease = (near["lease"] - near["outcome"]).to_numpy(dtype=float)
    panel = (near["panel"] - near["outcome"]).to_numpy(dtype=float)
    origin = pd.factorize(near["origin"])[0]
    count = int(origin.max()) + 1 if len(origin) else 0
    row = {"horizon": step, "pairs": len(near), "origins": count}
    if not count:
        nothing = ("lease_error", "panel_error", "gain", "standard_error")
        return row | dict.fromkeys(nothing, float("nan")) | {"shrunk": PRIOR_WEIGHT, "weight": 1.0}
    ours = max(float((lease**2).mean()), _LEAST_SQUARE)
    theirs = max(float((panel**2).mean()), _LEAST_SQUARE)
    shrunk = (count * theirs / (ours + theirs) + PRIOR_ORIGINS * PRIOR_WEIGHT) / (count + PRIOR_ORIGINS)
    gain = np.abs(lease) - np.abs(shrunk * lease + (1 - shrunk) * panel)
    mean, error = _clustered(gain, origin, count)
    adds = count >= FEWEST_ORIGINS and mean > float(student.ppf(1 - CHANCE, count - 1)) * error and mean > 0
    return row | {
        "lease_error": float(np.abs(lease).mean()), "panel_error": float(np.abs(panel).mean()), "shrunk": shrunk,
        "gain": mean, "standard_error": error, "weight": shrunk if adds else 1.0,
    }  # fmt: skip


def _clustered(values: np.ndarray, cluster: np.ndarray, count: int) -> tuple[float, float]:
    """Mean and its standard error where values of one cluster move together (Liang & Zeger 1986), with the correction
    for few clusters.
    """
    mean = float(values.mean())
    if count < 2:
        return mean, float("inf")
    sums = np.bincount(cluster, weights=values - mean, minlength=count)
    return mean, float(np.sqrt((sums**2).sum() * count / (count - 1)) / len(values))


def joined(
    simulated: Simulated, panel_median: pd.DataFrame, weights: np.ndarray, base: Simulated | None = None
) -> Simulated:
    """The simulation with every path of every building moved by (1 - weight) x (panel's median - simulation's median)
    of occupancy, times what is in service in that path, held within 0 and in service.

    base: the simulation without shocks, where `simulated` is that of a scenario: the panel knows no scenario, so that
    the move is that of the base and the shocks keep their effect.

    panel_median: facility_id, horizon, occupancy (fractions), of backtest.panel_medians; a building or horizon without
    a row is not moved. weights: (quarters,), of weights(). What moves in a building moves its stacks, leased by the
    probabilities of a new lease there and vacant by the evidence on it, so that in every path buildings, stacks,
    operators, markets and the total still add up. Where every weight is 1 the same arrays come back. Flows stay those
    of the simulation: the panel knows no causes. ValueError for weights of another length or outside 0 .. 1, for two
    rows of one building and horizon, or for a base of other buildings or quarters.
    """
    share = np.asarray(weights, dtype=float)
    if share.shape != (simulated.quarters,) or not ((share >= 0) & (share <= 1)).all():
        raise ValueError(f"weights: found {share.tolist()}; expected {simulated.quarters} figures from 0 to 1.")
    if (share == 1).all():
        return simulated
    if base is not None and (base.quarters, len(base.leased)) != (simulated.quarters, len(simulated.leased)):
        raise ValueError(
            f"base: found {len(base.leased)} buildings over {base.quarters} quarters; expected those of the scenario, "
            f"{len(simulated.leased)} over {simulated.quarters}."
        )
    learnt = simulated.learnt
    pull = (1 - share) * (_table(simulated, panel_median) - occupancy_medians(base or simulated))
    pull = np.nan_to_num(pull, nan=0.0)
    leased, largest = simulated.leased.copy(), simulated.largest.copy()
    stack_leased, stack_vacant = simulated.stack_leased.copy(), simulated.stack_vacant.copy()
    vacant_share = learnt.evidence[list(STACKS)].to_numpy(dtype=float)
    for hall in np.flatnonzero((pull != 0).any(axis=1)):
        moved = pull[hall] != 0
        capacity = np.broadcast_to(simulated.capacity(np.array([hall])), leased[hall].shape)[:, moved]
        before = leased[hall][:, moved].astype(float)
        # A path that stands above what is in service is not cut by a move upwards.
        after = np.clip(before + pull[hall][moved] * capacity, 0.0, np.maximum(capacity, before)).astype(leased.dtype)
        leased[hall][:, moved] = after
        change = after.astype(float) - before
        stack_leased[:, :, moved] += learnt.hall[hall][:, None, None] * change
        stack_vacant[:, :, moved] -= vacant_share[hall][:, None, None] * change
        if len(largest):
            free = np.maximum(capacity - after, 0.0)
            largest[hall][:, moved] = np.minimum(largest[hall][:, moved], free)
    return replace(
        simulated, leased=leased, largest=largest, stack_leased=_non_negative(stack_leased),
        stack_vacant=_non_negative(stack_vacant),
    )  # fmt: skip


def _table(simulated: Simulated, panel_median: pd.DataFrame) -> np.ndarray:
    """The panel's medians in order of the halls, (halls, quarters), 0 to 1, NaN without a row."""
    if panel_median.duplicated(["facility_id", "horizon"]).any():
        row = panel_median[panel_median.duplicated(["facility_id", "horizon"])].iloc[0]
        raise ValueError(
            f"panel_median: found a second row of {row['facility_id']!r} at horizon {row['horizon']}; expected one. "
            "Remove it."
        )
    steps = np.arange(1, simulated.quarters + 1)
    wide = panel_median.pivot(index="facility_id", columns="horizon", values="occupancy")
    ids = simulated.learnt.portfolio.facilities["facility_id"]
    return np.asarray(wide.reindex(index=ids, columns=steps).clip(0, 1), dtype=float)


def _non_negative(stacks: np.ndarray) -> np.ndarray:
    """Stacks (STACKS, paths, quarters) without what falls below 0, taken from the others in proportion: same sums."""
    if not (stacks < 0).any():
        return stacks
    held = np.maximum(stacks, 0.0)
    total, kept = np.maximum(stacks.sum(axis=0), 0.0), held.sum(axis=0)
    return np.asarray(held * np.where(kept > 0, total / np.where(kept > 0, kept, 1.0), 0.0))
