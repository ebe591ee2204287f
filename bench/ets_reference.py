"""Exponential smoothing beside statsforecast: AICc of each model, the chosen model, forecasts, accuracy and time.

Run: .venv/bin/python -m bench.ets_reference [every]. Reads the train parts of ../shared/bench/quarterly_public.parquet
alone; the last eight figures of each are held back as validation. every: only every n-th series.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pandas as pd
from statsforecast.ets import ets_f, etsmodel, forecast_ets

from forecasts.members import ets
from forecasts.members.compiled import Kernel

PUBLIC = Path(__file__).resolve().parents[2] / "shared" / "bench" / "quarterly_public.parquet"
HORIZON = 8
CLOSE = 0.01  # of AICc: the same optimum
REPEATS = 3


def read(every: int) -> dict[Hashable, np.ndarray]:
    """Train part of each series with at least 21 figures, divided by its largest magnitude before the held-back end."""
    table = pd.read_parquet(PUBLIC)
    groups = table[table["part"] == "train"].sort_values("ds").groupby(["panel", "unique_id"])
    series = {key: rows["y"].to_numpy(float) for key, rows in groups}
    return {key: y / np.abs(y[:-HORIZON]).max() for key, y in list(series.items())[::every] if len(y) >= 13 + HORIZON}


def reference_models(y: np.ndarray) -> dict[int, dict]:
    """statsforecast's fit of each model, in its own order: it narrows `upper` from model to model."""
    lower, upper = np.array([1e-4, 1e-4, 1e-4, 0.8]), np.array([0.9999, 0.9999, 0.9999, 0.98])
    fits = {}
    order = [(e, t, s, d) for e in "AM" for t in "NA" for s in "NAM" for d in (True, False) if t != "N" or not d]
    for error, trend, season, damped in order:
        name = error + trend + "d" * damped + season
        if name not in ets.NAMES or (error == "M" and y.min() <= 0):
            continue
        fit = etsmodel(
            y, 4, error, trend, season, damped, np.nan, np.nan, np.nan, np.nan,
            lower=lower, upper=upper, opt_crit="lik", nmse=3, bounds="both",
        )  # fmt: skip
        if np.isfinite(fit["aicc"]):
            fits[ets.NAMES.index(name)] = fit
    return fits


def mase(y: np.ndarray, mean: np.ndarray) -> float:
    """Mean absolute error of mean (8,) over the held-back end, relative to the seasonal naive errors before it."""
    seen = y[:-HORIZON]
    scale = np.mean(np.abs(seen[4:] - seen[:-4]))
    return float(np.mean(np.abs(y[-HORIZON:] - mean)) / scale) if scale > 0 else float("nan")


def panel_of(key: Hashable) -> str:
    """Panel of a (panel, unique_id) key."""
    return str(key[0]) if isinstance(key, tuple) else ""


def milliseconds(kernel: Kernel, flat: np.ndarray, offsets: np.ndarray) -> float:
    """Least processor time a series of REPEATS calls."""
    best = np.inf
    for _ in range(REPEATS):
        start = time.process_time()
        kernel(flat, offsets, HORIZON)
        best = min(best, time.process_time() - start)
    return 1e3 * best / (len(offsets) - 1)


def main() -> None:
    """Prints the tables."""
    warnings.filterwarnings("ignore")
    series = read(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    by_model: dict[int, list[tuple[float, float, float]]] = {at: [] for at in range(ets.COUNT)}
    chosen, same = [], []
    errors: list[tuple[str, float]] = []
    seconds = 0.0
    for key, y in series.items():
        seen = y[:-HORIZON]
        score, _, mean, _ = ets.candidates(seen, HORIZON)
        for at, fit in reference_models(seen).items():
            other = forecast_ets(fit, HORIZON)["mean"]
            near = np.abs(mean[at] - other)
            by_model[at].append((score[at] - fit["aicc"], near[0], near[-1]))
        start = time.process_time()
        auto = ets_f(seen, 4, "ZZZ")
        auto_mean = forecast_ets(auto, HORIZON)["mean"]
        seconds += time.process_time() - start
        chosen.append(score.min() - auto["aicc"])
        name = auto["method"].removeprefix("ETS(").removesuffix(")").replace(",", "")
        same.append(ets.NAMES[int(score.argmin())] == name)
        errors.append((panel_of(key), mase(y, auto_mean)))
    print_models(by_model)
    difference = np.array(chosen)
    low, middle, high, top = np.quantile(difference, [0.01, 0.5, 0.99, 1.0])
    print(
        f"\nchosen model, AICc less AutoETS's: 1 % {low:.3f}, median {middle:.3f}, 99 % {high:.3f}, largest {top:.3f}; "
        f"worse by > 0.1: {np.mean(difference > 0.1):.1%}, better by > 0.1: {np.mean(difference < -0.1):.1%}; "
        f"same model {np.mean(same):.1%}"
    )
    print_accuracy(series, errors, 1e3 * seconds / len(series))


def print_models(by_model: dict[int, list[tuple[float, float, float]]]) -> None:
    """AICc less the reference's, and how far forecasts are apart where it is the same (figures are at most 1)."""
    print(f"{'model':6s}{'series':>7s}{'worse >.1':>10s}{'better >.1':>11s}{'median':>8s}{'99 %':>8s}", end="")
    print(f"{'h1 apart (95 %)':>17s}{'h8 apart (95 %)':>17s}")
    for at, rows in by_model.items():
        table = np.array(rows)
        difference = table[:, 0]
        close = table[np.abs(difference) < CLOSE]
        middle, high = np.quantile(difference, [0.5, 0.99], method="nearest")
        first, last = np.quantile(close[:, 1:], 0.95, axis=0)
        print(f"{ets.NAMES[at]:6s}{len(table):7d}{np.mean(difference > 0.1):10.1%}", end="")
        print(f"{np.mean(difference < -0.1):11.1%}{middle:8.3f}{high:8.3f}{first:17.5f}{last:17.5f}")


def print_accuracy(series: dict, errors: list[tuple[str, float]], reference_ms: float) -> None:
    """Validation MASE of each panel and processor time a fit."""
    parts = [y[:-HORIZON] for y in series.values()]
    flat, offsets = np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    rows = {"AutoETS": (errors, reference_ms)}
    for name, kernel in (("ets", ets.kernel), ("ets_average", ets.average_kernel)):
        median = kernel(flat, offsets, HORIZON)[0]
        own = [(panel_of(key), mase(y, mean)) for (key, y), mean in zip(series.items(), median, strict=True)]
        rows[name] = own, milliseconds(kernel, flat, offsets)
    print(
        f"\nvalidation MASE and ms a fit, {len(series)} series, median {np.median([len(p) for p in parts]):.0f} figures"
    )
    for name, (values, spent) in rows.items():
        means = pd.DataFrame(values, columns=["panel", "mase"]).groupby("panel")["mase"].mean()
        print(f"{name:12s}", *(f"{panel} {value:.4f}" for panel, value in means.items()), f"{spent:.3f} ms")


if __name__ == "__main__":
    main()
