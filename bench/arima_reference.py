"""The arima member against statsforecast: same likelihood, same optimum, better forecasts?

Run: python -m bench.arima_reference [--every N | --all]. First table: seasonal ARMA models of fixed orders on the
differenced series of the public panels (standardised). "at its estimates": the largest difference of the two exact
log-likelihoods at statsforecast's coefficients. "gap": own log-likelihood at the own optimum (of six starts) less
statsforecast's at its own, where a search would admit statsforecast's (roots from 1.01). "forecast": largest difference
over 8 quarters, in standard deviations of the differenced series. statsforecast is given the differenced series: with d
or D above 0 its maximum likelihood mostly stays at the conditional start (2.1.1: the diffuse covariance is not set
again between evaluations). Second table: mean MASE over the last 8 quarters of the train part, held back, and cost in
processor time. Panels stand beside the repository (../shared/bench); where they are absent this says so.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from forecasts.members.arima import ARIMA, project
from forecasts.members.arima_differences import SEASON
from forecasts.members.arima_fit import REFUSED, estimate
from forecasts.members.arima_likelihood import MAX_PARAMETERS, inside, room_for, whiten
from forecasts.panel import Panel, Series

PANELS = Path(__file__).resolve().parents[2] / "shared" / "bench" / "quarterly_public.parquet"
HORIZON = 8
ORDERS = (
    (1, 0, 0, 0),
    (0, 1, 0, 0),
    (1, 1, 0, 0),
    (0, 1, 0, 1),
    (1, 0, 1, 0),
    (1, 1, 0, 1),
    (1, 1, 1, 1),
    (2, 2, 0, 1),
)
# First coefficients phi, theta, Phi, Theta, the others 0.
STARTS = (
    (0, 0, 0, 0),
    (0.6, -0.2, 0, 0),
    (0, 0, 0.5, -0.2),
    (0.6, -0.2, 0.5, -0.2),
    (-0.4, 0.1, -0.4, 0.1),
    (0.9, -0.5, 0, -0.5),
)


def histories(every: int) -> dict[str, list[np.ndarray]]:
    """Panel -> train parts of every n-th series, float64."""
    table = pd.read_parquet(PANELS)
    table = table[table["part"] == "train"].sort_values(["panel", "unique_id", "ds"])
    found: dict[str, list[np.ndarray]] = {}
    for (panel, _), rows in table.groupby(["panel", "unique_id"]):
        found.setdefault(str(panel), []).append(rows["y"].to_numpy(float))
    return {panel: series[::every] for panel, series in found.items()}


def log_likelihood(criterion: float, n: int) -> float:
    """Gaussian log-likelihood at the best sigma of a criterion value of whiten()."""
    return -0.5 * n * (math.log(criterion / n) + 1.0 + math.log(2.0 * math.pi))


def best_fit(w: np.ndarray, orders: tuple[int, ...], constant: bool) -> tuple[float, np.ndarray]:
    """Highest log-likelihood of the own fits to w (n,) from STARTS, and its coefficients (MAX_PARAMETERS,)."""
    room, best, found = room_for(len(w)), math.inf, np.zeros(MAX_PARAMETERS)
    present = np.array(orders) > 0
    for start in STARTS:
        par = np.zeros(MAX_PARAMETERS)
        par[np.cumsum([0, *orders[:3]])[present]] = np.array(start)[present]
        criterion = estimate(w, par, np.array(orders), constant, 1e-8, math.inf, room)
        if criterion < best:
            best, found = criterion, par
    return log_likelihood(best, len(w)), found


def reference(w: np.ndarray, orders: tuple[int, ...], constant: bool) -> Any | None:
    """statsforecast's maximum likelihood fit of the same model; None where it gives up."""
    from statsforecast.arima import arima

    p, q, sp, sq = orders
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = arima(w, (p, 0, q), {"order": (sp, 0, sq), "period": SEASON}, include_mean=constant, method="CSS-ML")
        except (ValueError, np.linalg.LinAlgError):
            return None
    return fit if np.isfinite(fit["loglik"]) else None


def compare(w: np.ndarray, orders: tuple[int, ...]) -> tuple[float, float, float] | None:
    """Difference of the likelihoods at statsforecast's estimates, gap of the optima, difference of forecasts.

    None where statsforecast has no estimates or such as a search refuses.
    """
    from statsforecast.arima import predict_arima

    theirs = reference(w, orders, True)
    if theirs is None:
        return None
    par, room = np.zeros(MAX_PARAMETERS), room_for(len(w))
    *coefficients, mean = theirs["coef"].values()
    par[: sum(orders)] = coefficients
    if not inside(par, np.array(orders), REFUSED, room.work):
        return None
    criterion, _, _ = whiten(w - mean, par, np.array(orders), False, room, np.empty(len(w)))
    highest, own = best_fit(w, orders, True)
    median, deviation = np.empty(HORIZON), np.empty(HORIZON)
    project(w, w, 1.0, 0, 0, np.array([*orders, 1]), own, room, median, deviation)
    apart = np.max(np.abs(median - predict_arima(theirs, HORIZON, se_fit=False)))
    return log_likelihood(criterion, len(w)) - theirs["loglik"], highest - theirs["loglik"], float(apart)


def likelihoods(series: list[np.ndarray]) -> Table:
    """First table, all panels together."""
    table = Table(title="fixed orders (p, q, P, Q) on differenced series, against statsforecast's maximum likelihood")
    for column in (
        "orders",
        "fits",
        "at its estimates",
        "gap 5 %",
        "median",
        "95 %",
        "|gap| < 0.5",
        "< 2",
        "own >= -0.01",
        "forecast 50 %",
        "95 %",
    ):
        table.add_column(column, justify="right")
    for orders in ORDERS:
        found = []
        for y in series:
            seasonal = orders[2] + orders[3] > 0
            w = y[SEASON:] - y[:-SEASON] if seasonal else np.diff(y)
            if len(w) > sum(orders) + SEASON * (orders[2] + orders[3]) + 6 and np.ptp(w) > 0:
                pair = compare(w / np.std(w), orders)
                if pair is not None:
                    found.append(pair)
        at, gap, apart = np.array(found).T
        low, middle, high = np.quantile(gap, [0.05, 0.5, 0.95])
        shares = [np.mean(np.abs(gap) < 0.5), np.mean(np.abs(gap) < 2), np.mean(gap > -0.01)]
        table.add_row(
            str(orders), str(len(gap)), f"{np.max(np.abs(at)):.0e}", f"{low:.3f}", f"{middle:.4f}", f"{high:.2f}",
            *(f"{100 * share:.0f} %" for share in shares), f"{np.median(apart):.0e}", f"{np.quantile(apart, 0.95):.2f}",
        )  # fmt: skip
    return table


def mase(y: np.ndarray, median: np.ndarray) -> float:
    """Mean absolute error over the last HORIZON quarters of y, in mean seasonal changes before; NaN without any."""
    history = y[:-HORIZON]
    scale = np.mean(np.abs(history[SEASON:] - history[:-SEASON]))
    return float(np.mean(np.abs(y[-HORIZON:] - median)) / scale) if scale > 0 else math.nan


def own_forecasts(series: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Medians (series, HORIZON) of the member and processor milliseconds a series, compiled beforehand, best of 3."""
    panel = Panel(tuple(Series(str(at), 0, y[:-HORIZON]) for at, y in enumerate(series)))
    answer = ARIMA.answer(panel, HORIZON)
    arrays = panel.figures
    costs = []
    for _ in range(3):
        began = time.process_time()
        ARIMA.kernel(arrays[0], arrays[1], HORIZON)
        costs.append(time.process_time() - began)
    return answer.median, 1000 * min(costs) / len(series)


def auto_forecasts(series: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """The same of statsforecast's AutoARIMA."""
    from statsforecast.models import AutoARIMA

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.process_time()
        found = [AutoARIMA(season_length=SEASON).forecast(y=y[:-HORIZON], h=HORIZON)["mean"] for y in series]
    return np.array(found), 1000 * (time.process_time() - began) / len(series)


def forecasts(panels: dict[str, list[np.ndarray]]) -> Table:
    """Second table."""
    table = Table(title="last 8 quarters of the train part held back")
    for column in ("panel", "series", "MASE own", "AutoARIMA", "seasonal naive", "ms own", "AutoARIMA"):
        table.add_column(column, justify="right")
    for panel, whole in panels.items():
        series = [y for y in whole if len(y) >= 2 * HORIZON]
        own, own_ms = own_forecasts(series)
        auto, auto_ms = auto_forecasts(series)
        naive = [np.tile(y[-HORIZON - SEASON : -HORIZON], 2) for y in series]
        scores = [
            np.nanmean([mase(y, median) for y, median in zip(series, found, strict=True)])
            for found in (own, auto, naive)
        ]
        table.add_row(panel, str(len(series)), *(f"{score:.4f}" for score in scores), f"{own_ms:.3f}", f"{auto_ms:.0f}")
    return table


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=20, help="use every n-th series of a panel")
    parser.add_argument("--all", action="store_true", help="use all series: about 7 minutes")
    options = parser.parse_args()
    if not PANELS.exists():
        print(f"{PANELS} is not there: the public panels are not bundled.")
        return 1
    panels = histories(1 if options.all else options.every)
    console = Console(width=140)
    console.print(likelihoods([y for series in panels.values() for y in series]))
    console.print(forecasts(panels))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
