"""Our Prophet mode against stock Prophet with the same set-up, on public series: `python -m bench.prophet_reference`.

Both answers are put into one log posterior, written here a second time from the stan file and from what stock Prophet
itself hands to Stan. Panels stand beside the repository (../shared/bench); where they are absent this says so.
"""

from __future__ import annotations

import argparse
import time
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bench.forecasting import FOLDER, HORIZON
from forecasts.members import prophet_logistic, prophet_map
from forecasts.members.base import scaled
from forecasts.members.prophet import build, linear_kernel, logistic_kernel
from forecasts.panel import Panel, Series, panel_from_frame, quarter_ends

TOLERANCE = 1e-6
LINEAR = 0


def log_posterior(data: Any, k: float, m: float, delta: np.ndarray, beta: np.ndarray, sigma: float) -> float:
    """Log posterior, up to a constant, of what Prophet.preprocess gives (ModelInputData), linear or logistic."""
    t, y, change = (np.asarray(values, dtype=float) for values in (data.t, data.y, data.t_change))
    after = t[:, None] >= change[None, :]
    rate = k + after @ delta
    if data.trend_indicator == LINEAR:
        trend = rate * t + m - after @ (change * delta)
    else:
        rates, gamma = np.concatenate([[k], k + np.cumsum(delta)]), np.zeros(len(change))
        for at in range(len(change)):
            gamma[at] = (change[at] - m - gamma.sum()) * (1 - rates[at] / rates[at + 1])
        trend = np.asarray(data.cap, dtype=float) / (1 + np.exp(-rate * (t - m - after @ gamma)))
    error = y - trend - np.asarray(data.X, dtype=float) @ beta
    value = -0.5 * (k / 5) ** 2 - 0.5 * (m / 5) ** 2 - np.abs(delta).sum() / data.tau - 0.5 * (sigma / 0.5) ** 2
    value -= 0.5 * np.sum((beta / np.asarray(data.sigmas)) ** 2)
    return float(value - len(y) * np.log(sigma) - 0.5 * np.sum((error / sigma) ** 2))


def figures(series: Series, logs: bool) -> pd.DataFrame:
    """ds, y (scaled by the largest magnitude, or its logarithm) and any cap of the observed figures."""
    y, top = scaled(series.y)
    frame = pd.DataFrame({"ds": quarter_ends(np.arange(series.first, series.last + 1)), "y": np.log(y) if logs else y})
    if series.cap is not None:
        frame["cap"] = series.cap[: len(y)] / top
    return frame.dropna()


def under_a_cap(series: Series) -> Series:
    """The series under a made-up cap, at least 2 % above all figures up to then, drawn from the series' own seed."""
    rng = np.random.default_rng(zlib.crc32(str(series.unique_id).encode()))
    unit, top = scaled(series.y)
    line = np.linspace(rng.uniform(0.7, 1.3), rng.uniform(1.0, 2.0), len(unit))
    so_far = np.fmax.accumulate(np.nan_to_num(unit)) * 1.02
    return replace(series, cap=np.maximum.accumulate(np.maximum(line, so_far)) * top)


def own_mode(series: Series, logs: bool) -> dict[str, Any]:
    """Arguments of log_posterior at our mode, and `value`, the log posterior as the kernel counts it."""
    frame = figures(series, logs)
    y = frame["y"].to_numpy()
    if logs:
        y = (y - y.min()) / (y.max() - y.min())
    days = np.array([float(prophet_map.quarter_end_day(series.first + at)) for at in series.observed])
    x, theta = np.empty((6 + prophet_map.MAX_CHANGEPOINTS, len(y))), np.zeros(6 + prophet_map.MAX_CHANGEPOINTS)
    season, rest = prophet_map.is_seasonal(scaled(series.y)[0]), np.zeros(len(y))
    if series.cap is None:
        size, changes, v, value = prophet_map.mode(y, days, season, x, theta, rest)
    else:
        size, changes, v, value = prophet_logistic.mode(y, frame["cap"].to_numpy(), days, season, x, theta, rest)
    beta = theta[2 : size - changes] if season else np.zeros(1)
    found = {"k": theta[0], "m": theta[1], "delta": theta[size - changes : size], "beta": beta, "sigma": np.sqrt(v)}
    return {**found, "value": value}


def stock_mode(series: Series, logs: bool) -> dict[str, Any]:
    """Arguments of log_posterior where stock Prophet stopped, and `value`, the log posterior that Stan reports."""
    model = build(series, logs)
    model.fit(figures(series, logs), seed=1)
    params = {name: np.ravel(values) for name, values in model.params.items()}
    value = model.stan_fit.optimized_params_dict["lp__"]
    model.stan_backend.cleanup()
    found = {name: params[name] for name in ("delta", "beta")}
    scalars = {"k": params["k"][0], "m": params["m"][0], "sigma": params["sigma_obs"][0]}
    return {**found, **scalars, "value": float(value)}


def compare(series: Series, logs: bool) -> dict[str, float]:
    """own - stock (log posteriors), both against what their solver reports, and milliseconds: of stock Prophet's fit,
    and of our whole kernel for the series (without a cap: both scales; and the path).
    """
    started = time.perf_counter()
    stock = stock_mode(series, logs)
    between = time.perf_counter()
    alone = Panel((series,))
    flat, offsets, _ = alone.figures
    kernel = linear_kernel(alone) if series.cap is None else logistic_kernel(alone)
    ready = time.process_time()
    kernel(flat, offsets, HORIZON)
    ended = time.process_time()
    own = own_mode(series, logs)
    data = build(series, logs).preprocess(figures(series, logs))
    ours, theirs = (log_posterior(data, **{n: v for n, v in each.items() if n != "value"}) for each in (own, stock))
    return {
        "gap": ours - theirs,
        "off_stan": theirs - stock["value"],
        "off_own": ours - own["value"],
        "stock_ms": 1e3 * (between - started),
        "own_ms": 1e3 * (ended - ready),
    }


def main() -> int:
    """Print one table: one row a panel and growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=300, help="series a panel (evenly spread)")
    options = parser.parse_args()
    path = FOLDER / "quarterly_public.parquet"
    if not path.exists():
        print(f"{path}: no panels here; nothing measured.")
        return 0
    table = pd.read_parquet(path)
    table = table[table["part"] == "train"]
    rows = []
    for name, part in table.groupby("panel"):
        panel = panel_from_frame(part[["unique_id", "ds", "y"]])
        chosen = [panel.series[at] for at in np.unique(np.linspace(0, len(panel) - 1, options.series).astype(int))]
        positive = [series for series in chosen if np.nanmin(series.y) > 0]
        capped = [under_a_cap(series) for series in chosen if series.non_negative]
        for first in (chosen[0], capped[0]):
            compare(first, False)
        cases = (("linear, figures", chosen), ("linear, logarithms", positive), ("logistic", capped))
        for case, group in cases:
            found = pd.DataFrame([compare(series, case == "linear, logarithms") for series in group])
            rows.append(
                {
                    "panel": name,
                    "growth": case,
                    "series": len(found),
                    "own >= stock, %": 100 * float((found["gap"] >= -TOLERANCE).mean()),
                    "gap min": found["gap"].min(),
                    "gap median": found["gap"].median(),
                    "gap 95 %": found["gap"].quantile(0.95),
                    "gap max": found["gap"].max(),
                    "off Stan's": found["off_stan"].abs().max(),
                    "off kernel's": found["off_own"].abs().max(),
                    "stock ms": found["stock_ms"].median(),
                    "own ms": found["own_ms"].median(),
                    "own ms, mean": found["own_ms"].mean(),
                }
            )
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
